// SPDX-License-Identifier: GPL-2.0
/*
 * Queues and interrupts from the netdev family, rings, channels, moderation and speed from
 * the ethtool family, both of generic netlink; and the driver's private counters, for
 * which there is an ioctl only.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/netdev.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src.h"

static struct nlmsghdr *request(char *buf, unsigned int family, int cmd, bool dump)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = family;
	nlh->nlmsg_flags = NLM_F_REQUEST | (dump ? NLM_F_DUMP : 0);
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = 1;
	return nlh;
}

/* Attributes that hold a number are u32 or, as "uint", u32 or u64. */
static uint64_t number(const struct nlattr *attr)
{
	switch (mnl_attr_get_payload_len(attr)) {
	case 1:
		return mnl_attr_get_u8(attr);
	case 4:
		return mnl_attr_get_u32(attr);
	case 8:
		return mnl_attr_get_u64(attr);
	}
	return 0;
}

static const struct {
	int type;
	const char *name;
} queue_stats[] = {
	{ NETDEV_A_QSTATS_RX_PACKETS, "packets" },
	{ NETDEV_A_QSTATS_TX_PACKETS, "packets" },
	{ NETDEV_A_QSTATS_RX_ALLOC_FAIL, "alloc-fail" },
	{ NETDEV_A_QSTATS_RX_HW_DROPS, "hw-drops" },
	{ NETDEV_A_QSTATS_RX_HW_DROP_OVERRUNS, "hw-drop-overruns" },
	{ NETDEV_A_QSTATS_TX_HW_DROPS, "hw-drops" },
	{ NETDEV_A_QSTATS_TX_STOP, "stop" },
	{ NETDEV_A_QSTATS_TX_WAKE, "wake" },
};

static int on_queue_stats(const struct nlmsghdr *nlh, void *data)
{
	unsigned int type = 0, id = 0;
	struct facts *f = data;
	struct nlattr *attr;
	size_t i;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == NETDEV_A_QSTATS_QUEUE_TYPE)
			type = mnl_attr_get_u32(attr);
		else if (mnl_attr_get_type(attr) == NETDEV_A_QSTATS_QUEUE_ID)
			id = mnl_attr_get_u32(attr);
	}
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		const char *way = type == NETDEV_QUEUE_TYPE_TX ? "tx" : "rx";

		for (i = 0; i < sizeof(queue_stats) / sizeof(*queue_stats); i++) {
			if (mnl_attr_get_type(attr) != queue_stats[i].type)
				continue;
			facts_add(f, number(attr), "queue/%s/%u/%s", way, id, queue_stats[i].name);
			facts_add(f, number(attr), "qstats/%s-%s", way, queue_stats[i].name);
		}
	}
	return MNL_CB_OK;
}

static int on_napi(const struct nlmsghdr *nlh, void *data)
{
	struct facts *f = data;
	struct nlattr *attr;
	uint32_t id = 0;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case NETDEV_A_NAPI_ID:
			id = mnl_attr_get_u32(attr);
			break;
		case NETDEV_A_NAPI_IRQ:
			facts_add(f, 1, "napi-irq/%u", mnl_attr_get_u32(attr));
			break;
		case NETDEV_A_NAPI_PID:
			facts_add(f, mnl_attr_get_u32(attr), "napi-pid/%u", id);
			break;
		}
	}
	return MNL_CB_OK;
}

static void netdev_facts(struct facts *f, struct watch *w)
{
	struct nlmsghdr *nlh;
	char buf[256];

	if (!w->netdev_family)
		return;
	nlh = request(buf, w->netdev_family, NETDEV_CMD_QSTATS_GET, true);
	mnl_attr_put_u32(nlh, NETDEV_A_QSTATS_IFINDEX, w->ifindex);
	/* the type "uint": as short as the number allows */
	mnl_attr_put_u32(nlh, NETDEV_A_QSTATS_SCOPE, NETDEV_QSTATS_SCOPE_QUEUE);
	nl_talk(w->generic, nlh, on_queue_stats, f);
	nlh = request(buf, w->netdev_family, NETDEV_CMD_NAPI_GET, true);
	mnl_attr_put_u32(nlh, NETDEV_A_NAPI_IFINDEX, w->ifindex);
	nl_talk(w->generic, nlh, on_napi, f);
}

struct setting {
	int type;
	const char *name;
};

struct asked {
	struct facts *f;
	const struct setting *settings;
};

static int on_settings(const struct nlmsghdr *nlh, void *data)
{
	const struct setting *set;
	struct asked *asked = data;
	struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		for (set = asked->settings; set->name; set++) {
			if (mnl_attr_get_type(attr) == set->type)
				facts_add(asked->f, number(attr), "%s", set->name);
		}
	}
	return MNL_CB_OK;
}

static const struct setting rings[] = {
	{ ETHTOOL_A_RINGS_RX, "ring/rx" }, { ETHTOOL_A_RINGS_RX_MAX, "ring/rx-max" },
	{ ETHTOOL_A_RINGS_TX, "ring/tx" }, { ETHTOOL_A_RINGS_TX_MAX, "ring/tx-max" }, { 0, NULL }
};

static const struct setting channels[] = {
	{ ETHTOOL_A_CHANNELS_COMBINED_COUNT, "channels/combined" },
	{ ETHTOOL_A_CHANNELS_COMBINED_MAX, "channels/combined-max" }, { 0, NULL }
};

static const struct setting coalesce[] = {
	{ ETHTOOL_A_COALESCE_RX_USECS, "coalesce/rx-usecs" },
	{ ETHTOOL_A_COALESCE_TX_USECS, "coalesce/tx-usecs" },
	{ ETHTOOL_A_COALESCE_USE_ADAPTIVE_RX, "coalesce/adaptive-rx" }, { 0, NULL }
};

static const struct setting linkmodes[] = {
	{ ETHTOOL_A_LINKMODES_SPEED, "info/speed" }, { 0, NULL }
};

static void ethtool_facts(struct facts *f, struct watch *w)
{
	static const struct {
		int cmd;
		const struct setting *settings;
	} questions[] = {
		{ ETHTOOL_MSG_RINGS_GET, rings }, { ETHTOOL_MSG_CHANNELS_GET, channels },
		{ ETHTOOL_MSG_COALESCE_GET, coalesce }, { ETHTOOL_MSG_LINKMODES_GET, linkmodes },
	};
	struct nlmsghdr *nlh;
	char buf[256];
	size_t i;

	for (i = 0; w->ethtool_family && i < sizeof(questions) / sizeof(*questions); i++) {
		struct asked asked = { .f = f, .settings = questions[i].settings };
		struct nlattr *header;

		nlh = request(buf, w->ethtool_family, questions[i].cmd, false);
		/* every message has its header as attribute 1 */
		header = mnl_attr_nest_start(nlh, ETHTOOL_A_RINGS_HEADER);
		mnl_attr_put_u32(nlh, ETHTOOL_A_HEADER_DEV_INDEX, w->ifindex);
		mnl_attr_nest_end(nlh, header);
		nl_talk(w->generic, nlh, on_settings, &asked);
	}
}

static int ethtool_ioctl(int fd, const struct watch *w, void *command)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	memcpy(ifr.ifr_name, w->dev, sizeof(ifr.ifr_name));
	ifr.ifr_data = command;
	return ioctl(fd, SIOCETHTOOL, &ifr);
}

static void driver_stats(struct facts *f, const struct watch *w, int fd, unsigned int n)
{
	struct ethtool_gstrings *names = must(calloc(1, sizeof(*names) + n * ETH_GSTRING_LEN));
	struct ethtool_stats *stats = must(calloc(1, sizeof(*stats) + n * sizeof(uint64_t)));

	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_STATS;
	names->len = n;
	stats->cmd = ETHTOOL_GSTATS;
	stats->n_stats = n;
	if (!ethtool_ioctl(fd, w, names) && !ethtool_ioctl(fd, w, stats)) {
		unsigned int i;

		for (i = 0; i < n && i < stats->n_stats; i++) {
			uint64_t value;

			memcpy(&value, (char *)stats->data + i * sizeof(value), sizeof(value));
			facts_add(f, value, "driver/%.*s", ETH_GSTRING_LEN,
				  (char *)names->data + i * ETH_GSTRING_LEN);
		}
	}
	free(names);
	free(stats);
}

static void driver_facts(struct facts *f, const struct watch *w)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (!ethtool_ioctl(fd, w, &info)) {
		facts_text(f, info.driver, "info/driver");
		facts_text(f, info.bus_info, "info/bus");
		if (info.n_stats)
			driver_stats(f, w, fd, info.n_stats);
	}
	close(fd);
}

void src_genl(struct facts *f, struct watch *w)
{
	netdev_facts(f, w);
	ethtool_facts(f, w);
	driver_facts(f, w);
}
