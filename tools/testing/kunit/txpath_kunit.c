// SPDX-License-Identifier: GPL-2.0
/* The txpath queueing discipline with a clock of the test's own. The source is part of
 * this module, so that its functions can be called; packets are put in and taken out
 * by hand, below a device that is never opened.
 */
#include <kunit/test.h>
#include <linux/etherdevice.h>
#include <linux/prandom.h>
#include <net/codel.h>

static codel_time_t ticks;

#define codel_get_time()	ticks
#include "../../../net/sched/sch_txpath.c"
#include "../../tc/txpath_delay.h"

#define FRAME	1000

/* Of a packet: which of its flow it is, from 1 */
#define SEQ(skb)	((skb)->mark)

struct bench {
	struct net_device *dev;
	struct Qdisc *sch;
	struct txpath *q;
	struct txpath_config config;
	unsigned int sent;
};

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

static struct sk_buff *packet(struct kunit *test, struct bench *bench, u32 flow, u32 seq,
			      unsigned int len)
{
	struct sk_buff *skb = alloc_skb(len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_put_zero(skb, len);
	skb->dev = bench->dev;
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

/* Sketch */

/* 60 flows of one size, 4 that send a hundred times as much: no sum is too low, and few
 * are more than the rows' share of all bytes too high
 */
static void sketch_bound(struct kunit *test)
{
	struct txpath_sketch *sketch = kunit_kzalloc(test, sizeof(*sketch), GFP_KERNEL);
	enum { FLOWS = 64, LOUD = 4, ROUNDS = 20 };
	u32 sent[FLOWS] = {}, total = 0, high = 0;

	KUNIT_ASSERT_NOT_NULL(test, sketch);
	for (u32 i = 0; i < ROUNDS * FLOWS; i++) {
		u32 flow = i % FLOWS, len = flow < LOUD ? 10000 : 100, sum;
		struct txpath_cells cells = txpath_cells(sketch, flow * GOLDEN_RATIO_32);

		sum = txpath_cells_add(cells, len);
		KUNIT_EXPECT_FALSE(test, txpath_cells_wait(cells));
		sent[flow] += len;
		total += len;
		KUNIT_EXPECT_GE(test, sum, sent[flow]);
		/* e/256 of all is what theory bounds, in all but e^-4 of the cases */
		high += sum - sent[flow] > total * 3 / TXPATH_CELLS;
	}
	KUNIT_EXPECT_LE(test, high, ROUNDS * FLOWS / 50);
}

static void sketch_decays(struct kunit *test)
{
	struct txpath_sketch *sketch = kunit_kzalloc(test, sizeof(*sketch), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, sketch);
	txpath_cells_add(txpath_cells(sketch, 7), 8000);
	txpath_sketch_decay(sketch, 99, 100);
	KUNIT_EXPECT_EQ(test, txpath_cells_add(txpath_cells(sketch, 7), 0), 8000);
	txpath_sketch_decay(sketch, 100, 100);
	KUNIT_EXPECT_EQ(test, txpath_cells_add(txpath_cells(sketch, 7), 0), 4000);
	/* what is left of an interval counts for the next */
	txpath_sketch_decay(sketch, 399, 100);
	KUNIT_EXPECT_EQ(test, txpath_cells_add(txpath_cells(sketch, 7), 0), 1000);
	txpath_sketch_decay(sketch, 400, 100);
	KUNIT_EXPECT_EQ(test, txpath_cells_add(txpath_cells(sketch, 7), 0), 500);
	txpath_cells_count(txpath_cells(sketch, 7), 1);
	txpath_sketch_decay(sketch, 100000, 100);
	KUNIT_EXPECT_EQ(test, txpath_cells_add(txpath_cells(sketch, 7), 0), 0);
	KUNIT_EXPECT_TRUE(test, txpath_cells_wait(txpath_cells(sketch, 7)));
	txpath_cells_count(txpath_cells(sketch, 7), -1);
	KUNIT_EXPECT_FALSE(test, txpath_cells_wait(txpath_cells(sketch, 7)));
}

/* A full cell stays full */
static void sketch_saturates(struct kunit *test)
{
	struct txpath_sketch *sketch = kunit_kzalloc(test, sizeof(*sketch), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, sketch);
	txpath_cells_add(txpath_cells(sketch, 7), U32_MAX - 10);
	KUNIT_EXPECT_EQ(test, txpath_cells_add(txpath_cells(sketch, 7), 20), U32_MAX);
	KUNIT_EXPECT_EQ(test, txpath_cells_add(txpath_cells(sketch, 7), 20), U32_MAX);
}

/* Sparse and bulk */

static void sparse_goes_ahead(struct kunit *test)
{
	struct bench *bench = bench_create(test);

	for (u32 i = 1; i <= 20; i++)
		put(test, bench, 0, 1, i, FRAME);
	put(test, bench, 0, 2, 100, 64);
	/* the first of the loud flow found nothing waiting, one more was little */
	KUNIT_EXPECT_EQ(test, get_seq(bench), 1);
	KUNIT_EXPECT_EQ(test, get_seq(bench), 2);
	KUNIT_EXPECT_EQ(test, get_seq(bench), 100);
	KUNIT_EXPECT_EQ(test, get_seq(bench), 3);
	KUNIT_EXPECT_GT(test, bench->q->bands[1].counts.sparse, 0);

	bench->config.sparse = 0;
	bench_apply(bench);
	put(test, bench, 0, 3, 101, 64);
	KUNIT_EXPECT_EQ(test, get_seq(bench), 4);
}

/* Flows come and go, are loud and quiet by turns: each is sent in its order */
static void no_flow_overtakes_itself(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	enum { FLOWS = 12, PACKETS = 20000 };
	u32 came[FLOWS] = {}, left[FLOWS] = {}, total = 0;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 4711);
	bench->config.aqm = TC_TXPATH_AQM_NONE;
	bench->config.limit = TC_TXPATH_LIMIT_MAX;
	bench->config.memlimit = TC_TXPATH_MEMLIMIT_MAX;
	bench_apply(bench);
	for (u32 i = 0; i < PACKETS || bench->sch->q.qlen; i++) {
		u32 dice = prandom_u32_state(&rnd), flow = dice % FLOWS;
		struct sk_buff *skb;

		/* by phases the queue grows and shrinks */
		if (i < PACKETS && (dice >> 8) % 100 < ((i / 500) % 2 ? 65 : 30)) {
			/* the first flows rest most of the time */
			if (flow < 4 && (i / 50) % 5)
				continue;
			came[flow]++;
			put(test, bench, 0, flow, flow << 24 | came[flow],
			    64 + (dice >> 16) % 1400);
			continue;
		}
		ticks += (dice >> 16) % 1000;
		skb = get(bench);
		if (!skb)
			continue;
		flow = SEQ(skb) >> 24;
		KUNIT_EXPECT_EQ(test, SEQ(skb) & 0xffffff, ++left[flow]);
		total++;
		kfree_skb(skb);
	}
	for (u32 flow = 0; flow < FLOWS; flow++)
		KUNIT_EXPECT_EQ(test, came[flow], left[flow]);
	KUNIT_EXPECT_GT(test, bench->q->bands[1].counts.sparse, total / 50);
	KUNIT_EXPECT_LT(test, bench->q->bands[1].counts.sparse, total * 9 / 10);
	for (u32 i = 0; i < TXPATH_ROWS * TXPATH_CELLS; i++)
		KUNIT_EXPECT_EQ(test, (&bench->q->sketch->cells[0][0])[i].waiting, 0);
}

/* A flood in which each packet is a flow of its own, at twice the rate of the line:
 * what waits as bulk is overtaken by no more than a frame's worth at a time
 */
static void sparse_flood_starves_nobody(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	u32 flow = 1000, bulk = 0;

	bench->config.aqm = TC_TXPATH_AQM_NONE;
	bench_apply(bench);
	for (u32 i = 1; i <= 50; i++)
		put(test, bench, 0, 1, i, FRAME);
	while (get_seq(bench) < 10)
		;
	for (u32 i = 0; i < 200; i++) {
		u32 seq;

		ticks += 10;
		for (u32 end = flow + 2; flow < end; flow++)
			put(test, bench, 0, flow, flow, 500);
		seq = get_seq(bench);
		if (seq < 1000)
			bulk = seq;
	}
	/* all came before the flood, and the flood had its turns */
	KUNIT_EXPECT_EQ(test, bulk, 50);
	KUNIT_EXPECT_GE(test, bench->q->bands[1].counts.sparse, 40);
}

/* CoDel */

/* A queue that stands: the first drop after an interval above the target, the next
 * ones after interval / sqrt(n), which the kernel approaches in a few steps; none more
 * when the queue is short again.
 */
static void codel_law(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	const u32 interval = bench->q->codel.interval, step = interval / 100;
	struct txpath_band *band = &bench->q->bands[1];
	u32 first = 0, drops = 0, when[13] = {}, seq = 0;

	bench->config.sparse = 0;
	bench_apply(bench);
	for (u32 i = 0; i < 60; i++)
		put(test, bench, 0, 1, ++seq, FRAME);
	for (u32 i = 0; i < 1000 && drops < ARRAY_SIZE(when); i++) {
		ticks += step;
		put(test, bench, 0, 1, ++seq, FRAME);
		kfree_skb(get(bench));
		if (band->counts.drops[TC_TXPATH_DROP_AQM] > drops)
			when[drops++] = ticks;
		/* above the target when the oldest has waited for so long */
		if (!first && band->bulk.codel.first_above_time)
			first = ticks;
	}
	KUNIT_ASSERT_EQ(test, drops, ARRAY_SIZE(when));
	KUNIT_EXPECT_GE(test, when[0] - first, interval);
	KUNIT_EXPECT_LE(test, when[0] - first, interval + 2 * step);
	KUNIT_EXPECT_LE(test, abs_diff(when[1] - when[0], interval), step);
	for (u32 n = 4; n < ARRAY_SIZE(when); n++) {
		u32 gap = when[n] - when[n - 1];

		/* n gap^2 = interval^2, within a step and the approach */
		KUNIT_EXPECT_GE(test, (gap + 3 * step) / step * ((gap + 3 * step) / step) * n,
				100 * 100);
		KUNIT_EXPECT_LE(test, (gap - 3 * step) / step * ((gap - 3 * step) / step) * n,
				100 * 100);
	}

	while (bench->sch->q.qlen > 1)
		kfree_skb(get(bench));
	drops = band->counts.drops[TC_TXPATH_DROP_AQM];
	for (u32 i = 0; i < 300; i++) {
		ticks += step;
		put(test, bench, 0, 1, ++seq, FRAME);
		kfree_skb(get(bench));
	}
	KUNIT_EXPECT_EQ(test, band->counts.drops[TC_TXPATH_DROP_AQM], drops);
	KUNIT_EXPECT_EQ(test, bench->sch->qstats.drops, drops);
}

static void aqm_none_drops_nothing(struct kunit *test)
{
	struct bench *bench = bench_create(test);

	bench->config.aqm = TC_TXPATH_AQM_NONE;
	bench_apply(bench);
	for (u32 i = 0; i < 100; i++)
		put(test, bench, 0, 1, i + 1, FRAME);
	for (u32 i = 0; i < 100; i++) {
		ticks += bench->q->codel.interval;
		KUNIT_EXPECT_EQ(test, get_seq(bench), i + 1);
	}
	KUNIT_EXPECT_EQ(test, bench->sch->qstats.drops, 0);
}

/* Quota */

/* A run sends so many and leaves the rest to the softirq; whoever asks before that has
 * begun gets nothing, and nothing is left in the end.
 */
static void quota_is_strict(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	enum { QUOTA = 8, PACKETS = 50 };
	struct sk_buff *skb;
	u32 run = 0;

	bench->config.quota = QUOTA;
	bench->config.sparse = 0;
	bench_apply(bench);
	rcu_assign_pointer(bench->sch->dev_queue->qdisc, bench->sch);
	for (u32 i = 0; i < PACKETS; i++)
		put(test, bench, 0, 1, i + 1, FRAME);
	local_bh_disable();
	while ((skb = txpath_dequeue(bench->sch))) {
		run++;
		kfree_skb(skb);
	}
	KUNIT_EXPECT_EQ(test, run, QUOTA);
	KUNIT_EXPECT_TRUE(test, test_bit(__QDISC_STATE_SCHED, &bench->sch->state));
	put(test, bench, 0, 1, PACKETS + 1, FRAME);
	KUNIT_EXPECT_NULL(test, txpath_dequeue(bench->sch));
	KUNIT_EXPECT_EQ(test, bench->q->deferred, 1);
	local_bh_enable();
	/* and here the softirq runs, if not before */
	for (unsigned int i = 0; i < 1000 && READ_ONCE(bench->sch->q.qlen); i++)
		fsleep(USEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, bench->sch->q.qlen, 0);
	KUNIT_EXPECT_EQ(test, bench->sent, PACKETS + 1 - QUOTA);
	KUNIT_EXPECT_EQ(test, bench->q->deferred, PACKETS / QUOTA);
	KUNIT_EXPECT_EQ(test, bench->q->runs, DIV_ROUND_UP(PACKETS + 1, QUOTA));
}

/* Below another qdisc runs are the root's */
static void quota_is_the_roots(struct kunit *test)
{
	struct bench *bench = bench_create(test);

	bench->config.quota = 1;
	bench_apply(bench);
	for (u32 i = 0; i < 3; i++)
		put(test, bench, 0, 1, i + 1, FRAME);
	KUNIT_EXPECT_EQ(test, get_seq(bench), 1);
	KUNIT_EXPECT_EQ(test, get_seq(bench), 2);
	KUNIT_EXPECT_EQ(test, bench->q->deferred, 0);
}

/* Bands */

static void priorities_choose_bands(struct kunit *test)
{
	struct bench *bench = bench_create(test);

	bench->config.bands = TC_TXPATH_BANDS_MAX;
	for (u32 i = 0; i < TC_TXPATH_PRIORITIES; i++)
		bench->config.priomap[i] = TC_TXPATH_PRIORITIES - 1 - i;
	bench_apply(bench);
	for (u32 i = 0; i < TC_TXPATH_PRIORITIES; i++) {
		put(test, bench, i, i, i + 1, FRAME);
		KUNIT_EXPECT_EQ(test, bench->q->active, BIT(TC_TXPATH_PRIORITIES - 1 - i));
		KUNIT_EXPECT_EQ(test, get_seq(bench), i + 1);
		KUNIT_EXPECT_EQ(test, bench->q->active, 0);
	}
	/* above them only the lower bits count, as everywhere in the kernel */
	put(test, bench, 0x10003, 1, 1, FRAME);
	KUNIT_EXPECT_EQ(test, bench->q->active, BIT(TC_TXPATH_PRIORITIES - 1 - 3));
}

static void default_map_fits(struct kunit *test)
{
	struct txpath_config config;

	for (config.bands = 1; config.bands <= TC_TXPATH_BANDS_MAX; config.bands++) {
		txpath_default_bands(&config);
		for (u32 i = 0; i < TC_TXPATH_PRIORITIES; i++) {
			u8 band = config.priomap[i];

			KUNIT_EXPECT_LT(test, band, config.bands);
			KUNIT_EXPECT_TRUE(test, band == sch_default_prio2band[i] ||
					  band == config.bands - 1);
		}
	}
}

/* Keep three bands full, take @packets out. Return in @sent what each sent */
static void flood_bands(struct kunit *test, struct bench *bench, u32 packets, u32 *sent)
{
	static const u32 len[] = { 300, FRAME, 1500 };

	for (u32 i = 0; i < 3; i++)
		bench->config.priomap[i] = i;
	bench_apply(bench);
	for (u32 i = 0; i < packets; i++) {
		struct sk_buff *skb;

		for (u32 band = 0; band < 3; band++)
			while (bench->q->bands[band].bulk.qlen < 20)
				put(test, bench, band, band, band + 1, len[band]);
		skb = get(bench);
		sent[SEQ(skb) - 1] += skb->len;
		kfree_skb(skb);
	}
}

static void drr_follows_weights(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	u32 sent[3] = {}, unit;

	bench->config.sched = TC_TXPATH_DRR;
	bench->config.sparse = 0;
	bench->config.weights[0] = 1;
	bench->config.weights[1] = 2;
	bench->config.weights[2] = 5;
	flood_bands(test, bench, 4000, sent);
	unit = (sent[0] + sent[1] + sent[2]) / 8;
	for (u32 i = 0; i < 3; i++) {
		u32 want = unit * bench->config.weights[i];

		KUNIT_EXPECT_LT(test, abs((s32)(sent[i] - want)), want / 20);
	}
}

/* No MTU of a device makes turns that bring nothing */
static void any_mtu_has_turns(struct kunit *test)
{
	static const unsigned int mtus[] = { 0, 68, 1500, INT_MAX - ETH_HLEN, INT_MAX };
	struct bench *bench = bench_create(test);

	bench->config.weights[0] = TC_TXPATH_WEIGHT_MAX;
	bench->config.weights[1] = 2;
	for (u32 i = 0; i < ARRAY_SIZE(mtus); i++) {
		bench->dev->mtu = mtus[i];
		bench_apply(bench);
		for (u32 seq = 1; seq <= 10; seq++)
			put(test, bench, seq % TC_TXPATH_PRIORITIES, seq, seq, FRAME);
		for (u32 seq = 1; seq <= 10; seq++)
			KUNIT_EXPECT_NE(test, get_seq(bench), 0);
		KUNIT_EXPECT_EQ(test, bench->sch->q.qlen, 0);
	}
}

/* What a parent has looked at it gets, and until then it waits */
static void peek_takes_nothing(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	struct sk_buff *skb;

	KUNIT_EXPECT_NULL(test, txpath_peek(bench->sch));
	put(test, bench, 0, 1, 1, FRAME);
	put(test, bench, 0, 1, 2, FRAME);
	skb = txpath_peek(bench->sch);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, SEQ(skb), 1);
	KUNIT_EXPECT_PTR_EQ(test, txpath_peek(bench->sch), skb);
	KUNIT_EXPECT_EQ(test, bench->sch->q.qlen, 2);
	KUNIT_EXPECT_EQ(test, bench->sch->qstats.backlog, 2 * FRAME);
	KUNIT_EXPECT_PTR_EQ(test, qdisc_dequeue_peeked(bench->sch), skb);
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, bench->sch->q.qlen, 1);
	KUNIT_EXPECT_EQ(test, bench->sch->qstats.backlog, FRAME);
	KUNIT_EXPECT_EQ(test, get_seq(bench), 2);
}

static void strict_starves(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	u32 sent[3] = {};

	bench->config.sched = TC_TXPATH_STRICT;
	bench->config.sparse = 0;
	flood_bands(test, bench, 500, sent);
	KUNIT_EXPECT_EQ(test, sent[0], 500 * 300);
	KUNIT_EXPECT_EQ(test, sent[1] + sent[2], 0);
}

/* Fewer bands: packets of those that go are sent all the same */
static void bands_go(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	u32 seen = 0, seq;

	for (u32 i = 0; i < 3; i++)
		bench->config.priomap[i] = i;
	bench_apply(bench);
	for (u32 i = 0; i < 9; i++)
		put(test, bench, i % 3, i, i + 1, FRAME);
	bench->config.bands = 1;
	txpath_default_bands(&bench->config);
	bench_apply(bench);
	KUNIT_EXPECT_EQ(test, bench->q->active, 1);
	while ((seq = get_seq(bench)))
		seen |= BIT(seq);
	KUNIT_EXPECT_EQ(test, seen, 0x3fe);
	KUNIT_EXPECT_EQ(test, bench->sch->q.qlen, 0);
	KUNIT_EXPECT_EQ(test, bench->sch->qstats.backlog, 0);
	KUNIT_EXPECT_EQ(test, bench->q->memory, 0);
}

/* Limits */

/* The band that has most loses its oldest, and only its own senders hear of it */
static void limit_drops_from_the_longest(struct kunit *test)
{
	struct bench *bench = bench_create(test);

	bench->config.limit = 10;
	bench->config.priomap[0] = 0;
	bench->config.priomap[1] = 1;
	bench->config.sched = TC_TXPATH_STRICT;
	bench->config.sparse = 0;
	bench_apply(bench);
	for (u32 i = 1; i <= 10; i++)
		KUNIT_EXPECT_EQ(test, put(test, bench, 1, 1, i, FRAME), NET_XMIT_SUCCESS);
	KUNIT_EXPECT_EQ(test, put(test, bench, 0, 2, 50, FRAME), NET_XMIT_SUCCESS);
	KUNIT_EXPECT_EQ(test, put(test, bench, 1, 1, 11, FRAME), NET_XMIT_CN);
	KUNIT_EXPECT_EQ(test, bench->sch->q.qlen, 10);
	KUNIT_EXPECT_EQ(test, bench->sch->qstats.drops, 2);
	KUNIT_EXPECT_EQ(test, bench->sch->qstats.overlimits, 2);
	KUNIT_EXPECT_EQ(test, bench->q->bands[1].counts.drops[TC_TXPATH_DROP_LIMIT], 2);
	KUNIT_EXPECT_EQ(test, get_seq(bench), 50);
	KUNIT_EXPECT_EQ(test, get_seq(bench), 3);

	bench->config.limit = 2;
	bench_apply(bench);
	KUNIT_EXPECT_EQ(test, bench->sch->q.qlen, 2);
	KUNIT_EXPECT_EQ(test, get_seq(bench), 10);
	KUNIT_EXPECT_EQ(test, get_seq(bench), 11);
	KUNIT_EXPECT_EQ(test, get_seq(bench), 0);
}

static void memory_is_bounded(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	struct rnd_state rnd;
	u32 qlen = 0;

	prandom_seed_state(&rnd, 42);
	bench->config.memlimit = 100000;
	bench_apply(bench);
	for (u32 i = 0; i < 2000; i++) {
		u32 dice = prandom_u32_state(&rnd);

		put(test, bench, dice % 16, dice >> 28, i + 1, 64 + (dice >> 4) % 9000);
		KUNIT_EXPECT_LE(test, bench->q->memory, 100000);
		qlen = max(qlen, bench->sch->q.qlen);
		if (dice % 7 == 0)
			kfree_skb(get(bench));
	}
	KUNIT_EXPECT_GT(test, qlen, 5);
	KUNIT_EXPECT_GT(test, bench->q->bands[1].counts.drops[TC_TXPATH_DROP_MEMORY], 0);
	while (bench->sch->q.qlen)
		kfree_skb(get(bench));
	KUNIT_EXPECT_EQ(test, bench->q->memory, 0);
	KUNIT_EXPECT_EQ(test, bench->sch->qstats.backlog, 0);
}

/* One that alone is too large goes at once */
static void too_large_is_dropped(struct kunit *test)
{
	struct bench *bench = bench_create(test);

	bench->config.memlimit = TC_TXPATH_MEMLIMIT_MIN;
	bench_apply(bench);
	KUNIT_EXPECT_EQ(test, put(test, bench, 0, 1, 1, 9000), NET_XMIT_CN);
	KUNIT_EXPECT_EQ(test, bench->sch->q.qlen, 0);
	KUNIT_EXPECT_EQ(test, bench->q->active, 0);
	KUNIT_EXPECT_NULL(test, get(bench));
}

/* Delays */

static void delay_buckets(struct kunit *test)
{
	/* the clock ticks each 1.024 us */
	KUNIT_EXPECT_EQ(test, txpath_delay_bucket(0), 0);
	KUNIT_EXPECT_EQ(test, txpath_delay_bucket(1), 1);
	KUNIT_EXPECT_EQ(test, txpath_delay_bucket(2), 2);
	KUNIT_EXPECT_EQ(test, txpath_delay_bucket(3), 2);
	KUNIT_EXPECT_EQ(test, txpath_delay_bucket(4), 3);
	KUNIT_EXPECT_EQ(test, txpath_delay_bucket(1000), 11);
	KUNIT_EXPECT_EQ(test, txpath_delay_bucket(1 << 19), 20);
	KUNIT_EXPECT_EQ(test, txpath_delay_bucket(1 << 20), TC_TXPATH_DELAYS - 1);
	KUNIT_EXPECT_EQ(test, txpath_delay_bucket(S32_MAX), TC_TXPATH_DELAYS - 1);
	for (unsigned int i = 0; i < TC_TXPATH_DELAYS - 1; i++)
		KUNIT_EXPECT_EQ(test, tc_txpath_delay_bound(i), 1u << i);
	KUNIT_EXPECT_EQ(test, tc_txpath_delay_bound(TC_TXPATH_DELAYS - 1), 0);
}

static void delays_are_counted(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	u64 *delay = bench->q->bands[1].counts.delay;

	for (u32 aqm = 0; aqm < __TC_TXPATH_AQM_MAX; aqm++) {
		bench->config.aqm = aqm;
		bench_apply(bench);
		put(test, bench, 0, 1, 1, FRAME);
		ticks += 100;
		kfree_skb(get(bench));
		KUNIT_EXPECT_EQ(test, delay[7], aqm + 1);
	}
}

static void percentiles(struct kunit *test)
{
	__u64 delay[TC_TXPATH_DELAYS] = {};

	KUNIT_EXPECT_EQ(test, tc_txpath_percentile(delay, 50), -1);
	delay[3] = 1;
	KUNIT_EXPECT_EQ(test, tc_txpath_percentile(delay, 1), 3);
	KUNIT_EXPECT_EQ(test, tc_txpath_percentile(delay, 100), 3);
	delay[3] = 94;
	delay[5] = 5;
	delay[TC_TXPATH_DELAYS - 1] = 1;
	KUNIT_EXPECT_EQ(test, tc_txpath_percentile(delay, 50), 3);
	KUNIT_EXPECT_EQ(test, tc_txpath_percentile(delay, 94), 3);
	KUNIT_EXPECT_EQ(test, tc_txpath_percentile(delay, 95), 5);
	KUNIT_EXPECT_EQ(test, tc_txpath_percentile(delay, 99), 5);
	KUNIT_EXPECT_EQ(test, tc_txpath_percentile(delay, 100), TC_TXPATH_DELAYS - 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(sketch_bound),
	KUNIT_CASE(sketch_decays),
	KUNIT_CASE(sketch_saturates),
	KUNIT_CASE(sparse_goes_ahead),
	KUNIT_CASE(no_flow_overtakes_itself),
	KUNIT_CASE(sparse_flood_starves_nobody),
	KUNIT_CASE(codel_law),
	KUNIT_CASE(aqm_none_drops_nothing),
	KUNIT_CASE(quota_is_strict),
	KUNIT_CASE(quota_is_the_roots),
	KUNIT_CASE(priorities_choose_bands),
	KUNIT_CASE(default_map_fits),
	KUNIT_CASE(drr_follows_weights),
	KUNIT_CASE(any_mtu_has_turns),
	KUNIT_CASE(peek_takes_nothing),
	KUNIT_CASE(strict_starves),
	KUNIT_CASE(bands_go),
	KUNIT_CASE(limit_drops_from_the_longest),
	KUNIT_CASE(memory_is_bounded),
	KUNIT_CASE(too_large_is_dropped),
	KUNIT_CASE(delay_buckets),
	KUNIT_CASE(delays_are_counted),
	KUNIT_CASE(percentiles),
	{}
};

static struct kunit_suite suite = {
	.name = "tgbe_txpath",
	.test_cases = cases,
};

kunit_test_suite(suite);
