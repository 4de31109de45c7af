// SPDX-License-Identifier: GPL-2.0
/*
 * The settings that end losses: their present value and a better one for this machine.
 * Nothing is written here: what is proposed is a command for the user to type.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "knob.h"

#define SYSCTL(key, ...) { .name = key, .command = "sysctl -w %N=%V", __VA_ARGS__ }
#define ETHTOOL(key, fact, opts, ...) { .name = key, .now = fact, \
	.command = "ethtool " opts, __VA_ARGS__ }

static const struct knob knobs[] = {
	ETHTOOL("rx ring", "ring/rx", "-G %D rx %V", .floor = 1024, .unit = 1,
		.most = "ring/rx-max"),
	ETHTOOL("tx ring", "ring/tx", "-G %D tx %V", .floor = 1024, .unit = 1,
		.most = "ring/tx-max"),
	ETHTOOL("queues", "channels/combined", "-L %D combined %V",
		.most = "channels/combined-useful"),
	ETHTOOL("adaptive-rx", "coalesce/adaptive-rx", "-C %D adaptive-rx on", .value = "1"),
	ETHTOOL("rx-checksum", NULL, "-K %D rx off"),
	ETHTOOL("tx-usecs", "coalesce/tx-usecs", "-C %D tx-usecs %V", .value = "50"),
	SYSCTL("net.core.netdev_budget", .floor = 600),
	SYSCTL("net.core.netdev_budget_usecs", .floor = 16000),
	SYSCTL("net.core.netdev_max_backlog", .floor = 1000, .unit = 1, .cap = 65536),
	SYSCTL("net.core.flow_limit_cpu_bitmap", .value = "0"),
	SYSCTL("net.core.rmem_default", .floor = 212992, .unit = 4608, .cap = 64 << 20),
	SYSCTL("net.core.rmem_max", .floor = 4194304, .unit = 4608, .cap = 64 << 20),
	SYSCTL("net.core.wmem_default", .floor = 212992, .cap = 64 << 20),
	SYSCTL("net.core.somaxconn", .floor = 4096, .cap = 65535),
	SYSCTL("net.core.qdisc_max_burst", .floor = 1000, .unit = 1, .cap = 65536),
	SYSCTL("net.core.optmem_max", .floor = 131072),
	SYSCTL("vm.min_free_kbytes", .floor = 65536, .cap = 1 << 20),
	SYSCTL("net.ipv4.udp_mem"),
	SYSCTL("net.ipv4.tcp_mem"),
	SYSCTL("net.ipv4.tcp_rmem"),
	SYSCTL("net.ipv4.ip_forward", .value = "1"),
	SYSCTL("net.ipv4.ipfrag_high_thresh", .floor = 4 << 20, .cap = 256 << 20),
	SYSCTL("net.ipv4.ipfrag_time", .floor = 30, .cap = 120),
	SYSCTL("net.ipv4.neigh.default.gc_thresh3", .floor = 1024, .unit = 2, .cap = 1 << 20),
	SYSCTL("net.ipv4.tcp_syncookies", .value = "1"),
	SYSCTL("net.ipv4.tcp_max_syn_backlog", .floor = 1024, .cap = 1 << 17),
	SYSCTL("net.ipv4.tcp_max_tw_buckets", .floor = 65536, .unit = 2, .cap = 1 << 20),
	SYSCTL("net.ipv4.tcp_max_orphans", .floor = 16384, .unit = 2, .cap = 1 << 20),
	SYSCTL("net.ipv4.icmp_msgs_per_sec", .floor = 10000, .cap = 100000),
	SYSCTL("net.netfilter.nf_conntrack_max", .floor = 65536, .unit = 2, .cap = 1 << 22),
	SYSCTL("net.ipv4.conf.all.rp_filter", .value = "2"),
	{ .name = "rp_filter", .now = "sysctl/net.ipv4.conf.DEV.rp_filter", .value = "2",
	  .command = "sysctl -w net.ipv4.conf.%D.rp_filter=2" },
	{ .name = "unres_qlen_bytes", .now = "sysctl/net.ipv4.neigh.DEV.unres_qlen_bytes",
	  .floor = 212992, .cap = 16 << 20,
	  .command = "sysctl -w net.ipv4.neigh.%D.unres_qlen_bytes=%V" },
	{ .name = "promisc", .now = "info/promisc", .value = "0",
	  .command = "ip link set dev %D promisc off" },
	{ .name = "mtu", .now = "info/mtu", .command = "ip link set dev %D mtu 1500",
	  .value = "1500" },
	{ .name = "xdp", .now = "info/xdp-generic", .value = "0",
	  .command = "ip link set dev %D xdpgeneric off" },
	{ .name = "txqueuelen", .now = "info/txqueuelen", .floor = 1000, .unit = 1, .cap = 65536,
	  .command = "ip link set dev %D txqueuelen %V" },
	{ .name = "qdisc limit", .now = "qdisc-root/limit", .floor = 1000, .unit = 1,
	  .cap = 65536, .command = "tc qdisc change dev %D root %K limit %V" },
	{ .name = "qdisc", .now = "qdisc-root/kind", .value = "fq_codel",
	  .command = "tc qdisc replace dev %D root fq_codel" },
	{ .name = "port state", .command = "bridge link set dev %D state 3" },
	{ .name = "tc filters", .command = "tc -s filter show dev %D ingress" },
	{ .name = "tc egress filters", .command = "tc -s filter show dev %D egress" },
	{ .name = "nft rules", .command = "nft list ruleset" },
	{ .name = "udp listeners", .command = "ss -lunp" },
	{ .name = "tcp listeners", .command = "ss -ltnp" },
	{ .name = "neighbours", .command = "ip neigh show dev %D" },
	{ .name = "routes", .command = "ip route show table all" },
};

/* Sysctls that a rule needs and that no knob turns */
static const char *const other_sysctls[] = {
	"net.core.wmem_max", "net.netfilter.nf_conntrack_count",
	"net.ipv4.tcp_abort_on_overflow",
};

const struct knob *knob_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(knobs) / sizeof(*knobs); i++) {
		if (!strcmp(knobs[i].name, name))
			return &knobs[i];
	}
	return NULL;
}

static bool is_sysctl(const struct knob *k)
{
	return !strncmp(k->command, "sysctl -w %N", strlen("sysctl -w %N"));
}

const char *knob_sysctl(size_t i)
{
	static const char fact[] = "sysctl/";
	const struct knob *k;

	for (k = knobs; k < knobs + sizeof(knobs) / sizeof(*knobs); k++) {
		bool other = k->now && !strncmp(k->now, fact, strlen(fact));

		if ((other || is_sysctl(k)) && !i--)
			return other ? k->now + strlen(fact) : k->name;
	}
	return i < sizeof(other_sysctls) / sizeof(*other_sysctls) ? other_sysctls[i] : NULL;
}

/* The fact with its present value, NULL if there is none */
static const struct fact *knob_now(const struct knob *k, const struct sight *s)
{
	char name[96];

	if (!is_sysctl(k))
		return k->now ? facts_find(s->after, k->now) : NULL;
	snprintf(name, sizeof(name), "sysctl/%s", k->name);
	return facts_find(s->after, name);
}

static uint64_t power_of_two(uint64_t value)
{
	uint64_t p = 1;

	while (p < value)
		p *= 2;
	return p;
}

/* Three numbers of pages that the kernel gives these by itself for this much memory */
static void propose_pages(const struct sight *s, char *to, size_t room)
{
	uint64_t pages = facts_value(s->after, "info/memory-pages");
	uint64_t limit = pages / 8 > 128 ? pages / 8 : 128;

	snprintf(to, room, "\"%" PRIu64 " %" PRIu64 " %" PRIu64 "\"", limit / 4 * 3, limit,
		 limit / 4 * 6);
}

/* "least default most", of which only the most is to grow */
static void propose_most(const char *now, char *to, size_t room)
{
	uint64_t least = 4096, usual = 131072, most = 6291456;

	if (sscanf(now, "%" SCNu64 " %" SCNu64 " %" SCNu64, &least, &usual, &most) == 3)
		most = most < 6291456 ? 6291456 : 2 * most;
	if (usual < 131072)
		usual = 131072;
	snprintf(to, room, "\"%" PRIu64 " %" PRIu64 " %" PRIu64 "\"", least, usual, most);
}

static bool propose_number(const struct knob *k, const struct sight *s, uint64_t lost,
			   struct proposal *p)
{
	const struct fact *present = knob_now(k, s);
	uint64_t now = present ? present->value : 0, then = 2 * now;
	uint64_t cap = k->cap ? k->cap : UINT64_MAX;

	if (k->most) {
		const struct fact *most = facts_find(s->after, k->most);

		if (!most)
			return false;
		cap = most->value;
	}
	if (k->unit && now + lost * k->unit > then)
		then = now + lost * k->unit;
	if (then < k->floor)
		then = k->floor;
	if (k->unit)
		then = power_of_two(then);
	if (then > cap)
		then = cap;
	snprintf(p->then, sizeof(p->then), "%" PRIu64, then);
	return then > now;
}

static const char *filling(char what, const struct sight *s, const struct proposal *p)
{
	switch (what) {
	case 'D':
		return facts_string(s->after, "info/dev");
	case 'K':
		return facts_string(s->after, "qdisc-root/kind");
	case 'N':
		return p->name;
	case 'V':
		return p->then;
	}
	return NULL;
}

/* Replaces %D, %K, %N and %V */
static void fill(const struct knob *k, const struct sight *s, struct proposal *p)
{
	const char *netns = facts_string(s->after, "info/netns"), *c;
	const char *end = p->command + sizeof(p->command);
	char *to = p->command;

	*to = '\0';
	if (*netns)
		to += snprintf(to, end - to, "ip netns exec %s ", netns);
	for (c = k->command; *c && end - to > 1; c++) {
		const char *with = *c == '%' ? filling(c[1], s, p) : NULL;

		if (with) {
			to += snprintf(to, end - to, "%s", with);
			c++;
			continue;
		}
		*to++ = *c;
		*to = '\0';
	}
}

static void present(const struct knob *k, const struct sight *s, struct proposal *p)
{
	const struct fact *now = knob_now(k, s);

	p->now[0] = '\0';
	if (now && now->text)
		snprintf(p->now, sizeof(p->now), "%s", now->text);
	else if (now)
		snprintf(p->now, sizeof(p->now), "%" PRIu64, now->value);
}

bool knob_propose(const struct knob *k, const struct sight *s, uint64_t lost,
		  struct proposal *p)
{
	const char *last = strrchr(k->name, '_');

	memset(p, 0, sizeof(*p));
	snprintf(p->name, sizeof(p->name), "%s", k->name);
	present(k, s, p);
	if ((k->now || is_sysctl(k)) && !*p->now)
		return false;
	if (k->value) {
		if (!strcmp(k->value, p->now))
			return false;
		snprintf(p->then, sizeof(p->then), "%s", k->value);
	} else if (last && !strcmp(last, "_mem")) {
		propose_pages(s, p->then, sizeof(p->then));
	} else if (last && !strcmp(last, "_rmem")) {
		propose_most(p->now, p->then, sizeof(p->then));
	} else if (strstr(k->command, "%V") && !propose_number(k, s, lost, p)) {
		return false;
	}
	fill(k, s, p);
	return true;
}
