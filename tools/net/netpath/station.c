// SPDX-License-Identifier: GPL-2.0
/*
 * The stations of the path, top to bottom, and the numbers that no counter holds.
 */
#include <inttypes.h>
#include <string.h>

#include "station.h"

/* IP counts the frames of a packet that GRO made by their ECN bits, and only there */
#define NO_ECN "nstat/IpExtInNoECTPkts"
#define ECN_PACKETS NO_ECN " + nstat/IpExtInECT1Pkts + nstat/IpExtInECT0Pkts + nstat/IpExtInCEPkts"
#define READ_DATAGRAMS "nstat/UdpInDatagrams + nstat/Udp6InDatagrams"
#define UDP_PACKETS READ_DATAGRAMS " + nstat/UdpInErrors + nstat/UdpNoPorts"
#define TRANSPORT_PACKETS "nstat/TcpInSegs + " UDP_PACKETS
#define SENT "nstat/UdpOutDatagrams + nstat/Udp6OutDatagrams + nstat/TcpOutSegs"
#define OUT_REQUESTS "nstat/IpOutRequests + nstat/Ip6OutRequests"

const struct figure figures[] = {
	{ "interrupts_per_frame", "irq/total", "dev/rx_packets + dev/tx_packets" },
	{ "frames_per_softirq", "softnet/processed", "softirq/NET_RX" },
	{ "frames_per_packet", ECN_PACKETS, "nstat/IpInReceives" },
	{ "retransmits_per_segment", "nstat/TcpRetransSegs", "nstat/TcpOutSegs" },
	{ "squeezes_per_softirq", "softnet/time_squeeze", "softirq/NET_RX" },
	{ NULL, NULL, NULL }
};

double figure_value(const struct figure *f, const struct sight *s)
{
	uint64_t under = sight_sum(s, f->under);

	return under ? (double)sight_sum(s, f->over) / (double)under : -1;
}

static int append(char *to, size_t room, int at, const char *text)
{
	if (at >= 0 && (size_t)at < room)
		at += snprintf(to + at, room - at, "%s%s", at ? ", " : "", text);
	return at;
}

/* Shares of the parts PREFIX<part>FIELD that are at least a hundredth of all */
static void shares(const struct sight *s, char *to, size_t room, const char *what,
		   const char *prefix, const char *field)
{
	uint64_t all = 0, n;
	char text[48];
	int at = 0;
	size_t i;
	int pass;

	*to = '\0';
	for (pass = 0; pass < 2; pass++) {
		for (i = facts_first(s->after, prefix); facts_is(s->after, i, prefix); i++) {
			const char *name = s->after->fact[i].name, *part = name + strlen(prefix);
			int len = strcspn(part, "/");

			if (strcmp(part + len, field))
				continue;
			n = sight_delta(s, name);
			if (!pass)
				all += n;
			if (!pass || !n || n * 100 < all)
				continue;
			snprintf(text, sizeof(text), "%s%.*s %" PRIu64 "%%", at ? "" : what, len,
				 part, (n * 100 + all / 2) / all);
			at = append(to, room, at, text);
		}
	}
}

static void note_card(const struct sight *s, char *to, size_t room)
{
	shares(s, to, room, "queue ", "queue/rx/", "/packets");
}

static void note_interrupt(const struct sight *s, char *to, size_t room)
{
	shares(s, to, room, "CPU ", "irq-cpu/", "");
}

static void note_softirq(const struct sight *s, char *to, size_t room)
{
	uint64_t squeezed = sight_delta(s, "softnet/time_squeeze");
	size_t len;

	shares(s, to, room, "CPU ", "softirq-cpu/NET_RX/", "");
	len = strlen(to);
	if (squeezed)
		snprintf(to + len, room - len, "%ssqueezed %" PRIu64 "x", len ? "; " : "",
			 squeezed);
}

static void note_backlog(const struct sight *s, char *to, size_t room)
{
	shares(s, to, room, "CPU ", "softnet-cpu/", "/processed");
}

static void note_gro(const struct sight *s, char *to, size_t room)
{
	double ratio = figure_value(&figures[2], s);

	if (ratio >= 0)
		snprintf(to, room, "%.1f frames a packet", ratio);
}

static void note_netfilter(const struct sight *s, char *to, size_t room)
{
	const struct fact *most = facts_find(s->after, "sysctl/net.netfilter.nf_conntrack_max");

	if (most)
		snprintf(to, room, "%" PRIu64 " of %" PRIu64 " connections",
			 facts_value(s->after, "sysctl/net.netfilter.nf_conntrack_count"),
			 most->value);
}

static void note_ip(const struct sight *s, char *to, size_t room)
{
	uint64_t forwarded = sight_sum(s, "nstat/IpForwDatagrams + nstat/Ip6OutForwDatagrams");

	snprintf(to, room, "%" PRIu64 " for us, %" PRIu64 " forwarded",
		 sight_sum(s, "nstat/IpInDelivers + nstat/Ip6InDelivers"), forwarded);
}

static void note_l4(const struct sight *s, char *to, size_t room)
{
	snprintf(to, room, "%" PRIu64 " segments, %" PRIu64 " sent twice",
		 sight_sum(s, "nstat/TcpInSegs"), sight_sum(s, "nstat/TcpRetransSegs"));
}

static void note_socket(const struct sight *s, char *to, size_t room)
{
	if (facts_sum(s->after, "sock/udp/*/*/waits"))
		snprintf(to, room, "bytes wait in UDP's");
}

static void note_qdisc(const struct sight *s, char *to, size_t room)
{
	const char *p50 = facts_string(s->after, "delay/qdisc");

	snprintf(to, room, "%s%s%s", facts_string(s->after, "qdisc-root/kind"),
		 *p50 ? ", wait " : "", p50);
}

static void note_driver(const struct sight *s, char *to, size_t room)
{
	uint64_t stops = sight_sum(s, "qstats/tx-stop | driver/tx_queue_*_stops");

	if (stops)
		snprintf(to, room, "queue stopped %" PRIu64 "x", stops);
}

const struct station stations[STATIONS] = {
	[CARD] = { "card", "card", false, "dev/rx_packets", NULL, note_card },
	[INTERRUPT] = { "interrupt", "interrupt", false, "irq/total", NULL, note_interrupt },
	[SOFTIRQ] = { "softirq", "softirq, poll", false, "softirq/NET_RX", NULL, note_softirq },
	[GRO] = { "gro", "GRO", false, NULL, NULL, note_gro },
	[BACKLOG] = { "backlog", "stack, backlog", false, "softnet/processed", "softnet/backlog",
		      note_backlog },
	[HOOKS] = { "hooks", "XDP, tc, taps", false, NULL, NULL, NULL },
	[BRIDGE] = { "bridge", "bridge", false, NULL, NULL, NULL },
	[NETFILTER] = { "netfilter", "netfilter", false, NULL, NULL, note_netfilter },
	[IP] = { "ip", "IP", false, "nstat/IpInReceives + nstat/Ip6InReceives", NULL, note_ip },
	[L4] = { "transport", "TCP, UDP", false, TRANSPORT_PACKETS, NULL, note_l4 },
	[LISTENER] = { "listener", "listener", false, "nstat/TcpPassiveOpens",
		       "sock/listen/*/*/queued", NULL },
	[SOCKET] = { "socket", "socket", false, NULL, "sock/udp/*/*/waits",
		     note_socket },
	[PROCESS] = { "process", "process", false, READ_DATAGRAMS, NULL, NULL },
	[SEND] = { "send", "send call", true, SENT, NULL, NULL },
	[IP_OUT] = { "ip-out", "IP", true, OUT_REQUESTS, NULL, NULL },
	[NEIGH] = { "neighbour", "neighbours", true, NULL, NULL, NULL },
	[QDISC] = { "qdisc", "qdisc", true, "qdisc-root/packets", "qdisc-root/qlen", note_qdisc },
	[DRIVER] = { "driver", "driver, ring", true, "dev/tx_packets", NULL, note_driver },
	[COMPLETION] = { "completion", "completion", true, NULL, NULL, NULL },
};
