/* SPDX-License-Identifier: GPL-2.0 */
/* A txpath qdisc to put packets into and to take them out of by hand, below a device
 * that is never opened, with a clock of the test's own. The qdisc's source is part of
 * this, so that its functions can be called.
 */
#ifndef TXPATH_BENCH_H
#define TXPATH_BENCH_H

#include <kunit/test.h>
#include <linux/etherdevice.h>
#include <net/codel.h>

static codel_time_t ticks;

#define codel_get_time()	ticks
#include "../../../net/sched/sch_txpath.c"

#define FRAME	1000

/* Of a packet: which of its flow it is, from 1 */
#define SEQ(skb)	((skb)->mark)

struct bench {
	struct net_device *dev;
	struct Qdisc *sch;
	struct txpath *q;
	struct txpath_config config;
	unsigned int sent;
	/* of the packets that are put in */
	u8 tos;
};

/* Packets that are not freed yet */
static int alive;

static void packet_freed(struct sk_buff *skb)
{
	alive--;
}

/* Who sends what the softirq of the quota's case takes out */
static netdev_tx_t bench_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct bench **bench = netdev_priv(dev);

	(*bench)->sent++;
	consume_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops bench_ops = {
	.ndo_start_xmit = bench_xmit,
};

static void bench_end(void *data)
{
	struct bench *bench = data;

	rtnl_lock();
	if (bench->sch) {
		rcu_assign_pointer(bench->sch->dev_queue->qdisc, &noop_qdisc);
		synchronize_net();
		qdisc_put(bench->sch);
	}
	rtnl_unlock();
	unregister_netdev(bench->dev);
	free_netdev(bench->dev);
}

static struct bench *bench_create(struct kunit *test)
{
	struct bench *bench = kunit_kzalloc(test, sizeof(*bench), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bench);
	bench->dev = alloc_etherdev(sizeof(bench));
	KUNIT_ASSERT_NOT_NULL(test, bench->dev);
	*(struct bench **)netdev_priv(bench->dev) = bench;
	bench->dev->netdev_ops = &bench_ops;
	strscpy(bench->dev->name, "txpath%d");
	KUNIT_ASSERT_EQ(test, register_netdev(bench->dev), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, bench_end, bench), 0);
	ticks = 1000000;
	rtnl_lock();
	bench->sch = qdisc_create_dflt(netdev_get_tx_queue(bench->dev, 0), &txpath_ops,
				       TC_H_ROOT, NULL);
	rtnl_unlock();
	KUNIT_ASSERT_NOT_NULL(test, bench->sch);
	bench->q = qdisc_priv(bench->sch);
	bench->config = bench->q->config;
	return bench;
}

static void bench_apply(struct bench *bench)
{
	rtnl_lock();
	txpath_apply(bench->sch, &bench->config);
	rtnl_unlock();
}

/* Only a root has runs of its own, and a quota */
static void bench_apply_quota(struct bench *bench, u32 quota)
{
	bench->config.quota = quota;
	bench_apply(bench);
	rcu_assign_pointer(bench->sch->dev_queue->qdisc, bench->sch);
}

static struct sk_buff *packet(struct kunit *test, struct bench *bench, u32 flow, u32 seq,
			      unsigned int len)
{
	struct sk_buff *skb = alloc_skb(len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_put_zero(skb, len);
	skb->dev = bench->dev;
	skb->protocol = htons(ETH_P_IP);
	skb_reset_network_header(skb);
	ip_hdr(skb)->tos = bench->tos;
	skb->destructor = packet_freed;
	alive++;
	/* what the sketch takes for a flow: spread as a hash is */
	__skb_set_hash(skb, flow * GOLDEN_RATIO_32, true, true);
	SEQ(skb) = seq;
	qdisc_skb_cb(skb)->pkt_len = len;
#ifdef HAVE_QDISC_DEQUEUE_DROP
	qdisc_skb_cb(skb)->pkt_segs = 1;
#endif
	return skb;
}

/* Return: what enqueue says */
static int put(struct kunit *test, struct bench *bench, u32 priority, u32 flow, u32 seq,
	       unsigned int len)
{
	struct sk_buff *skb = packet(test, bench, flow, seq, len), *to_free = NULL;
	int rc;

	skb->priority = priority;
	local_bh_disable();
	rc = txpath_enqueue(skb, bench->sch, &to_free);
	local_bh_enable();
	kfree_skb_list(to_free);
	return rc;
}

static struct sk_buff *get(struct bench *bench)
{
	struct sk_buff *skb;

	local_bh_disable();
	skb = txpath_dequeue(bench->sch);
	local_bh_enable();
	return skb;
}

/* Take one packet out. Return: its number, 0 if there is none */
static u32 get_seq(struct bench *bench)
{
	struct sk_buff *skb = get(bench);
	u32 seq = skb ? SEQ(skb) : 0;

	kfree_skb(skb);
	return seq;
}

#endif
