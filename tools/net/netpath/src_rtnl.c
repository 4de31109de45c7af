// SPDX-License-Identifier: GPL-2.0
/*
 * The device, its counters and its queueing disciplines, from rtnetlink.
 */
#include <libmnl/libmnl.h>
#include <linux/gen_stats.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "src.h"

#define STAT(name) { #name, offsetof(struct rtnl_link_stats64, name) }
static const struct {
	const char *name;
	size_t offset;
} link_stats[] = {
	STAT(rx_packets), STAT(tx_packets), STAT(rx_bytes), STAT(tx_bytes), STAT(rx_errors),
	STAT(tx_errors), STAT(rx_dropped), STAT(tx_dropped), STAT(multicast),
	STAT(collisions), STAT(rx_length_errors), STAT(rx_over_errors), STAT(rx_crc_errors),
	STAT(rx_frame_errors), STAT(rx_fifo_errors), STAT(rx_missed_errors),
	STAT(tx_aborted_errors), STAT(tx_carrier_errors), STAT(tx_fifo_errors),
	STAT(tx_window_errors), STAT(rx_nohandler), STAT(rx_otherhost_dropped),
};

static void add_stats(struct facts *f, const struct nlattr *attr)
{
	const char *stats = mnl_attr_get_payload(attr);
	size_t i, len = mnl_attr_get_payload_len(attr);

	for (i = 0; i < sizeof(link_stats) / sizeof(*link_stats); i++) {
		uint64_t value;

		if (link_stats[i].offset + sizeof(value) > len)
			continue;
		memcpy(&value, stats + link_stats[i].offset, sizeof(value));
		facts_add(f, value, "dev/%s", link_stats[i].name);
	}
}

static void add_kind(struct facts *f, const struct nlattr *info)
{
	struct nlattr *attr;

	mnl_attr_for_each_nested(attr, info) {
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			facts_text(f, mnl_attr_get_str(attr), "info/kind");
		else if (mnl_attr_get_type(attr) == IFLA_INFO_SLAVE_KIND)
			facts_text(f, mnl_attr_get_str(attr), "info/port-of");
	}
}

static void add_xdp(struct facts *f, const struct nlattr *xdp)
{
	struct nlattr *attr;

	mnl_attr_for_each_nested(attr, xdp) {
		if (mnl_attr_get_type(attr) == IFLA_XDP_ATTACHED)
			facts_add(f, mnl_attr_get_u8(attr) == XDP_ATTACHED_SKB, "info/xdp-generic");
		else if (mnl_attr_get_type(attr) == IFLA_XDP_PROG_ID)
			facts_add(f, mnl_attr_get_u32(attr), "info/xdp-program");
	}
}

static int on_link(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(nlh);
	struct facts *f = data;
	struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	facts_add(f, !!(link->ifi_flags & IFF_UP), "info/up");
	mnl_attr_for_each(attr, nlh, sizeof(*link)) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_STATS64:
			add_stats(f, attr);
			break;
		case IFLA_MTU:
			facts_add(f, mnl_attr_get_u32(attr), "info/mtu");
			break;
		case IFLA_TXQLEN:
			facts_add(f, mnl_attr_get_u32(attr), "info/txqueuelen");
			break;
		case IFLA_PROMISCUITY:
			facts_add(f, !!mnl_attr_get_u32(attr), "info/promisc");
			break;
		case IFLA_CARRIER:
			facts_add(f, mnl_attr_get_u8(attr), "info/carrier");
			break;
		case IFLA_LINKINFO:
			add_kind(f, attr);
			break;
		case IFLA_XDP:
			add_xdp(f, attr);
			break;
		}
	}
	return MNL_CB_OK;
}

struct qdisc {
	char kind[16];
	uint64_t drops, packets, aqm, limit;
	uint32_t qlen, backlog;
	bool has_limit;
};

static void read_queue(struct qdisc *q, const struct nlattr *stats2)
{
	struct gnet_stats_queue queue;
	struct gnet_stats_basic basic;
	struct tc_fq_codel_xstats codel;
	struct nlattr *attr;

	mnl_attr_for_each_nested(attr, stats2) {
		const void *data = mnl_attr_get_payload(attr);
		size_t len = mnl_attr_get_payload_len(attr);

		switch (mnl_attr_get_type(attr)) {
		case TCA_STATS_QUEUE:
			memset(&queue, 0, sizeof(queue));
			memcpy(&queue, data, len < sizeof(queue) ? len : sizeof(queue));
			q->drops = queue.drops;
			q->qlen = queue.qlen;
			q->backlog = queue.backlog;
			break;
		case TCA_STATS_BASIC:
			memset(&basic, 0, sizeof(basic));
			memcpy(&basic, data, len < sizeof(basic) ? len : sizeof(basic));
			q->packets = basic.packets;
			break;
		case TCA_STATS_PKT64:
			memcpy(&q->packets, data, sizeof(q->packets));
			break;
		case TCA_STATS_APP:
			if (strcmp(q->kind, "fq_codel") || len < sizeof(codel))
				break;
			memcpy(&codel, data, sizeof(codel));
			q->aqm = codel.qdisc_stats.drop_overlimit;
			break;
		}
	}
	/* what CoDel itself dropped, and not the limit */
	if (!strcmp(q->kind, "fq_codel"))
		q->aqm = q->drops > q->aqm ? q->drops - q->aqm : 0;
}

static void read_limit(struct qdisc *q, const struct nlattr *options)
{
	if (!strcmp(q->kind, "pfifo") || !strcmp(q->kind, "bfifo")) {
		const struct tc_fifo_qopt *fifo = mnl_attr_get_payload(options);

		q->limit = fifo->limit;
		q->has_limit = true;
	} else if (!strcmp(q->kind, "fq_codel")) {
		const struct nlattr *attr;

		mnl_attr_for_each_nested(attr, options) {
			if (mnl_attr_get_type(attr) != TCA_FQ_CODEL_LIMIT)
				continue;
			q->limit = mnl_attr_get_u32(attr);
			q->has_limit = true;
		}
	}
}

struct qdisc_dump {
	struct facts *f;
	int ifindex;
};

static void add_qdisc(struct facts *f, const struct tcmsg *tcm, const struct qdisc *q)
{
	const char *where = NULL;
	char name[32];

	snprintf(name, sizeof(name), "%x:%x", tcm->tcm_handle >> 16, tcm->tcm_handle & 0xffff);
	if (!(tcm->tcm_handle >> 16))	/* those that the kernel made below mq */
		snprintf(name, sizeof(name), "below %x:%x", tcm->tcm_parent >> 16,
			 tcm->tcm_parent & 0xffff);
	facts_text(f, q->kind, "qdisc/%s/kind", name);
	facts_add(f, q->aqm, "qdisc-sum/aqm");
	facts_add(f, q->qlen, "qdisc/%s/qlen", name);
	if (tcm->tcm_parent == TC_H_ROOT)
		where = "root";
	else if (tcm->tcm_parent == TC_H_INGRESS)
		where = "ingress";
	/* the root counts for those below it: they are named, and not counted again */
	facts_add(f, q->drops, "qdisc/%s/drops", name);
	if (!where)
		return;
	facts_text(f, q->kind, "qdisc-%s/kind", where);
	facts_add(f, q->drops, "qdisc-%s/drops", where);
	facts_add(f, q->packets, "qdisc-%s/packets", where);
	facts_add(f, q->qlen, "qdisc-%s/qlen", where);
	facts_add(f, q->backlog, "qdisc-%s/backlog", where);
	if (q->has_limit)
		facts_add(f, q->limit, "qdisc-%s/limit", where);
}

static int on_qdisc(const struct nlmsghdr *nlh, void *data)
{
	const struct tcmsg *tcm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr, *stats = NULL, *options = NULL;
	struct qdisc_dump *dump = data;
	struct qdisc q = { .kind = "" };

	if (nlh->nlmsg_type != RTM_NEWQDISC || tcm->tcm_ifindex != dump->ifindex)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*tcm)) {
		switch (mnl_attr_get_type(attr)) {
		case TCA_KIND:
			snprintf(q.kind, sizeof(q.kind), "%s", mnl_attr_get_str(attr));
			break;
		case TCA_STATS2:
			stats = attr;
			break;
		case TCA_OPTIONS:
			options = attr;
			break;
		}
	}
	if (stats)
		read_queue(&q, stats);
	if (options)
		read_limit(&q, options);
	add_qdisc(dump->f, tcm, &q);
	return MNL_CB_OK;
}

static void add_qdiscs(struct facts *f, struct watch *w)
{
	char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct qdisc_dump dump = { .f = f, .ifindex = w->ifindex };
	struct tcmsg *tcm;

	nlh->nlmsg_type = RTM_GETQDISC;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	tcm = mnl_nlmsg_put_extra_header(nlh, sizeof(*tcm));
	tcm->tcm_family = AF_UNSPEC;
	tcm->tcm_ifindex = w->ifindex;
	if (nl_talk(w->route, nlh, on_qdisc, &dump))
		facts_text(f, "the kernel does not show its queueing disciplines", "blind/qdisc");
}

int src_rtnl(struct facts *f, struct watch *w)
{
	char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *link;

	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	link = mnl_nlmsg_put_extra_header(nlh, sizeof(*link));
	link->ifi_family = AF_UNSPEC;
	link->ifi_index = w->ifindex;
	facts_text(f, w->dev, "info/dev");
	facts_text(f, w->netns ? w->netns : "", "info/netns");
	if (nl_talk(w->route, nlh, on_link, f))
		return -1;
	add_qdiscs(f, w);
	return 0;
}
