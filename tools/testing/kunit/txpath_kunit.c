// SPDX-License-Identifier: GPL-2.0
/* The txpath queueing discipline */
#include <linux/prandom.h>
#include <net/inet_ecn.h>

#include "txpath_bench.h"
#include "../../tc/txpath_delay.h"

/* Sketch */

/* 80 flows of one size, 48 that send a hundred times as much: no sum is too low, and few
 * are more than a row's share of all bytes too high. In one row alone every sixth would
 * be, for so many meet a loud one there.
 */
static void sketch_bound(struct kunit *test)
{
	struct txpath_sketch *sketch = kunit_kzalloc(test, sizeof(*sketch), GFP_KERNEL);
	enum { FLOWS = 128, LOUD = 48, ROUNDS = 20 };
	u32 sent[FLOWS] = {}, total = 0, high = 0;

	KUNIT_ASSERT_NOT_NULL(test, sketch);
	for (u32 i = 0; i < ROUNDS * FLOWS; i++) {
		u32 flow = i % FLOWS, len = flow < LOUD ? 10000 : 100, sum;
		struct txpath_cells cells = txpath_cells(sketch, jhash_1word(flow, 0));

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

/* Which bytes of a packet without a hash tell whose it is: no others than these. With the
 * bytes of @form it would be another kind of packet.
 */
static void flow_is_addresses_and_ports(struct kunit *test)
{
	enum {
		LEN = 60,
		V4_FORM = BIT(0) | BIT(6) | BIT(7) | BIT(9),
		V6_FORM = BIT(0) | BIT(6)
	};
	static const struct {
		const char *name;
		u16 protocol;
		u8 first, fragment, proto, len;
		u64 form, tells;
	} kinds[] = {
		{ "UDP", ETH_P_IP, 0x45, 0, IPPROTO_UDP, LEN, V4_FORM, GENMASK_ULL(23, 12) },
		{ "TCP", ETH_P_IP, 0x45, 0, IPPROTO_TCP, LEN, V4_FORM, GENMASK_ULL(23, 12) },
		{ "ICMP", ETH_P_IP, 0x45, 0, IPPROTO_ICMP, LEN, V4_FORM, GENMASK_ULL(19, 12) },
		{ "fragment", ETH_P_IP, 0x45, 0x20, IPPROTO_UDP, LEN, V4_FORM,
		  GENMASK_ULL(19, 12) },
		{ "options", ETH_P_IP, 0x46, 0, IPPROTO_UDP, LEN, V4_FORM,
		  GENMASK_ULL(19, 12) | GENMASK_ULL(27, 24) },
		{ "short", ETH_P_IP, 0x45, 0, IPPROTO_UDP, 23, V4_FORM, GENMASK_ULL(19, 12) },
		{ "UDP6", ETH_P_IPV6, 0x60, 0, IPPROTO_UDP, LEN, V6_FORM, GENMASK_ULL(43, 8) },
	};
	struct bench *bench = bench_create(test);

	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct sk_buff *skb = packet(test, bench, 1, 1, kinds[i].len);
		u32 hash;

		skb->protocol = htons(kinds[i].protocol);
		skb->data[0] = kinds[i].first;
		if (kinds[i].protocol == ETH_P_IP) {
			skb->data[6] = kinds[i].fragment;
			skb->data[9] = kinds[i].proto;
		} else {
			skb->data[6] = kinds[i].proto;
		}
		KUNIT_EXPECT_EQ(test, txpath_flow(skb, 1), skb->hash);
		skb_clear_hash(skb);
		hash = txpath_flow(skb, 1);
		KUNIT_EXPECT_EQ(test, txpath_flow(skb, 2) != hash, !skb->sw_hash);
		for (u32 at = 0; at < kinds[i].len; at++) {
			if (kinds[i].form & BIT_ULL(at))
				continue;
			skb->data[at] ^= 1;
			skb_clear_hash(skb);
			KUNIT_EXPECT_EQ_MSG(test, txpath_flow(skb, 1) != hash,
					    !!(kinds[i].tells & BIT_ULL(at)),
					    "%s, byte %u", kinds[i].name, at);
			skb->data[at] ^= 1;
		}
		kfree_skb(skb);
	}
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

/* Of late: of two flows that send each 20 ms, one of 400 bytes stays sparse, one of 800
 * does not
 */
static void sparse_is_of_late(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	struct txpath_band *band = &bench->q->bands[1];

	for (u32 i = 0; i < 100; i++) {
		put(test, bench, 0, 1, 1, 64);
		put(test, bench, 0, 2, 2, 400);
		put(test, bench, 0, 3, 3, 800);
		if (i > 10) {
			KUNIT_EXPECT_EQ(test, band->sparse.qlen, 2);
			KUNIT_EXPECT_EQ(test, band->bulk.qlen, 1);
		}
		while (get_seq(bench))
			;
		ticks += MS2TIME(20);
	}
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

/* Bulk of small packets has its share of the bytes, however large the sparse ones are */
static void sparse_pays_in_bytes(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	enum { SMALL = 64, BULK = 200 };
	u32 flow = 1000, large = 0, bulk;

	bench->config.aqm = TC_TXPATH_AQM_NONE;
	bench_apply(bench);
	for (u32 i = 1; i <= BULK; i++)
		put(test, bench, 0, 1, i, SMALL);
	/* as long as what was put in while the flow was sparse is not sent */
	do {
		ticks += 10;
		for (u32 end = flow + 2; flow < end; flow++)
			put(test, bench, 0, flow, flow, FRAME);
		bulk = get_seq(bench);
		large += bulk >= 1000;
	} while (bulk != BULK && flow < 10000);
	KUNIT_EXPECT_EQ(test, bulk, BULK);
	KUNIT_EXPECT_GT(test, large, 0);
	KUNIT_EXPECT_LE(test, large * FRAME, BULK * SMALL + 2 * bench->q->mtu);
}

/* CoDel */

/* A queue that stands: the first drop after an interval above the target, the next
 * ones after interval / sqrt(n), which the kernel approaches in a few steps; none more
 * when the queue is short again, in time or in bytes.
 */
static void codel_law(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	const u32 target = MS2TIME(5), interval = MS2TIME(100), step = interval / 100;
	struct txpath_band *band = &bench->q->bands[1];
	u32 start = ticks, first = 0, drops = 0, when[13] = {}, seq = 0;

	bench->config.sparse = 0;
	bench_apply(bench);
	for (u32 i = 0; i < 60; i++)
		put(test, bench, 0, 1, ++seq, FRAME);
	for (u32 i = 0; i < 1000 && drops < ARRAY_SIZE(when); i++) {
		ticks += step;
		put(test, bench, 0, 1, ++seq, FRAME);
		kfree_skb(get(bench));
		if (band->codel.drop_count > drops)
			when[drops++] = ticks;
		/* above the target when the oldest has waited for so long */
		if (!first && band->bulk.codel.first_above_time)
			first = ticks;
	}
	KUNIT_ASSERT_EQ(test, drops, ARRAY_SIZE(when));
	KUNIT_EXPECT_GE(test, first - start, target);
	KUNIT_EXPECT_LE(test, first - start, target + step);
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

	while (bench->sch->q.qlen > 3)
		kfree_skb(get(bench));
	drops = band->codel.drop_count;
	for (u32 i = 0; i < 600; i++) {
		/* three frames for less than the target, then one for longer */
		ticks += i < 300 ? step : 10 * step;
		put(test, bench, 0, 1, ++seq, FRAME);
		while (bench->sch->q.qlen > (i < 300 ? 3 : 1))
			kfree_skb(get(bench));
	}
	KUNIT_EXPECT_EQ(test, band->codel.drop_count, drops);
	KUNIT_EXPECT_EQ(test, bench->sch->qstats.drops, drops);
}

static struct tc_txpath_counts band_counts(const struct bench *bench)
{
	struct tc_txpath_counts counts = {};

	txpath_add_counts(&counts, &bench->q->bands[1]);
	return counts;
}

/* It marks instead, if the user and the packet agree */
static void codel_marks(struct kunit *test)
{
	static const struct {
		u32 ecn;
		u8 tos;
		bool marks;
	} ways[] = {
		{ 1, INET_ECN_ECT_0, true },
		{ 1, INET_ECN_NOT_ECT, false },
		{ 0, INET_ECN_ECT_0, false },
	};

	for (u32 i = 0; i < ARRAY_SIZE(ways); i++) {
		struct bench *bench = bench_create(test);
		struct tc_txpath_counts counts;

		bench->tos = ways[i].tos;
		bench->config.ecn = ways[i].ecn;
		bench->config.sparse = 0;
		bench_apply(bench);
		for (u32 seq = 1; seq <= 30; seq++)
			put(test, bench, 0, 1, seq, FRAME);
		for (u32 sent = 0; sent < 20; sent++) {
			ticks += MS2TIME(10);
			kfree_skb(get(bench));
		}
		counts = band_counts(bench);
		KUNIT_EXPECT_EQ(test, counts.ecn_mark > 0, ways[i].marks);
		KUNIT_EXPECT_EQ(test, counts.drops[TC_TXPATH_DROP_AQM] > 0, !ways[i].marks);
		KUNIT_EXPECT_EQ(test, counts.ce_mark, 0);
	}
}

static void ce_threshold_marks(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	u32 marks = 0;

	bench->tos = INET_ECN_ECT_0;
	bench->config.ecn = 0;
	bench->config.ce_threshold = 2 * USEC_PER_MSEC;
	bench_apply(bench);
	for (u32 ms = 1; ms <= 3; ms++) {
		struct sk_buff *skb;

		put(test, bench, 0, 1, 1, FRAME);
		ticks += MS2TIME(ms);
		skb = get(bench);
		marks += ms > 2;
		KUNIT_EXPECT_EQ(test, INET_ECN_is_ce(ip_hdr(skb)->tos), ms > 2);
		KUNIT_EXPECT_EQ(test, band_counts(bench).ce_mark, marks);
		kfree_skb(skb);
	}
	KUNIT_EXPECT_EQ(test, band_counts(bench).ecn_mark, 0);
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

/* The softirq runs when bottom halves are enabled, if not later. Until so many are sent. */
static void wait_until_sent(struct kunit *test, struct bench *bench, unsigned int packets)
{
	for (unsigned int i = 0; i < 1000 && READ_ONCE(bench->sent) < packets; i++)
		fsleep(USEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, bench->sent, packets);
	KUNIT_EXPECT_EQ(test, bench->sch->q.qlen, 0);
}

/* A run sends so many and leaves the rest to the softirq; whoever asks before that has
 * begun gets nothing, and nothing is left in the end.
 */
static void quota_is_strict(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	enum { QUOTA = 8, PACKETS = 50 };
	struct sk_buff *skb;
	u32 run = 0;

	bench->config.sparse = 0;
	bench_apply_quota(bench, QUOTA);
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
	wait_until_sent(test, bench, PACKETS + 1 - QUOTA);
	KUNIT_EXPECT_EQ(test, bench->q->deferred, PACKETS / QUOTA);
	KUNIT_EXPECT_EQ(test, bench->q->runs, DIV_ROUND_UP(PACKETS + 1, QUOTA));
	/* the first found nobody waiting, and none waited */
	KUNIT_EXPECT_EQ(test, bench->q->bands[1].counts.delay[0], PACKETS + 1);
}

/* The softirq that another CPU had scheduled comes while the run is on, and leaves: the
 * run ends all the same, and the next one is scheduled.
 */
static void quota_ends_a_run_that_others_want(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	unsigned long *state = &bench->sch->state;
	enum { PACKETS = 3 };

	bench_apply_quota(bench, 1);
	for (u32 i = 1; i <= PACKETS; i++)
		put(test, bench, 0, 1, i, FRAME);
	local_bh_disable();
	set_bit(__QDISC_STATE_SCHED, state);
	KUNIT_EXPECT_EQ(test, get_seq(bench), 1);
	/* asked for more in bulk, and again when these are sent */
	KUNIT_EXPECT_NULL(test, txpath_dequeue(bench->sch));
	clear_bit(__QDISC_STATE_SCHED, state);
	KUNIT_EXPECT_NULL(test, txpath_dequeue(bench->sch));
	KUNIT_EXPECT_TRUE(test, test_bit(__QDISC_STATE_SCHED, state));
	KUNIT_EXPECT_EQ(test, bench->q->deferred, 1);
	local_bh_enable();
	wait_until_sent(test, bench, PACKETS - 1);
	KUNIT_EXPECT_EQ(test, bench->q->deferred, PACKETS - 1);
	KUNIT_EXPECT_EQ(test, bench->q->runs, PACKETS);
}

/* What the driver did not take of the last run is sent by the next one before it asks */
static void quota_counts_what_came_back(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	enum { QUOTA = 3, BACK = 2 };

	bench_apply_quota(bench, QUOTA);
	for (u32 i = 1; i <= BACK; i++) {
		__skb_queue_tail(&bench->sch->gso_skb, packet(test, bench, 1, i, FRAME));
		qdisc_qlen_inc(bench->sch);
	}
	for (u32 i = 1; i <= QUOTA; i++)
		put(test, bench, 0, 1, i, FRAME);
	for (u32 i = 1; i <= BACK; i++)
		qdisc_qlen_dec(bench->sch);
	__skb_queue_purge(&bench->sch->gso_skb);
	local_bh_disable();
	for (u32 i = 1; i <= QUOTA - BACK; i++)
		KUNIT_EXPECT_EQ(test, get_seq(bench), i);
	KUNIT_EXPECT_EQ(test, bench->q->runs, 1);
	KUNIT_EXPECT_NULL(test, txpath_dequeue(bench->sch));
	local_bh_enable();
	wait_until_sent(test, bench, BACK);
	KUNIT_EXPECT_EQ(test, bench->q->runs, 2);
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
			u32 band = sch_default_prio2band[i];

			KUNIT_EXPECT_EQ(test, config.priomap[i],
					band < config.bands ? band : config.bands - 1);
		}
	}
}

/* The first three priorities have a band each */
static void apply_three_bands(struct bench *bench)
{
	for (u32 i = 0; i < 3; i++)
		bench->config.priomap[i] = i;
	bench_apply(bench);
}

/* Keep three bands full, take @packets out. Add to @sent what each sent */
static void flood_bands(struct kunit *test, struct bench *bench, u32 packets, u32 *sent)
{
	static const u32 len[] = { 300, FRAME, 1500 };

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

static void apply_weights(struct bench *bench, u16 first, u16 second, u16 third)
{
	bench->config.weights[0] = first;
	bench->config.weights[1] = second;
	bench->config.weights[2] = third;
	apply_three_bands(bench);
}

static void expect_turns(struct kunit *test, struct bench *bench)
{
	u32 sent[3] = {};

	flood_bands(test, bench, 50, sent);
	for (u32 i = 0; i < 3; i++)
		KUNIT_EXPECT_GT(test, sent[i], 0);
}

static void drr_follows_weights(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	u32 sent[3] = {}, unit;

	bench->config.sched = TC_TXPATH_DRR;
	bench->config.sparse = 0;
	apply_weights(bench, 1, 2, 5);
	flood_bands(test, bench, 4000, sent);
	unit = (sent[0] + sent[1] + sent[2]) / 8;
	for (u32 i = 0; i < 3; i++) {
		u32 want = unit * bench->config.weights[i];

		KUNIT_EXPECT_LT(test, abs((s32)(sent[i] - want)), want / 20);
	}

	/* what a band may send is not saved until it has packets again */
	for (u32 i = 0; i < 100; i++) {
		for (u32 band = 0; band < 3; band++)
			put(test, bench, band, band, band + 1, 64);
		while (get_seq(bench))
			;
	}
	expect_turns(test, bench);
	/* nor until it has another weight */
	apply_weights(bench, 1000, 1000, 1000);
	flood_bands(test, bench, 50, sent);
	apply_weights(bench, 1, 2, 5);
	expect_turns(test, bench);
}

/* One band has a large packet at a time, the other is always full: by weight all the same */
static void drr_forgives_no_debt(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	enum { LARGE = 60000 };
	u32 sent[2] = {};

	bench->config.sparse = 0;
	bench->config.memlimit = TC_TXPATH_MEMLIMIT_MAX;
	apply_weights(bench, 1, 10, 1);
	for (u32 i = 0; i < 4000; i++) {
		struct sk_buff *skb;

		if (!bench->q->bands[0].bulk.qlen)
			put(test, bench, 0, 0, 1, LARGE);
		while (bench->q->bands[1].bulk.qlen < 20)
			put(test, bench, 1, 1, 2, FRAME);
		skb = get(bench);
		sent[SEQ(skb) - 1] += skb->len;
		kfree_skb(skb);
	}
	KUNIT_EXPECT_GE(test, sent[0], LARGE);
	KUNIT_EXPECT_LE(test, sent[0], sent[1] / 10 + 2 * LARGE);
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
	apply_three_bands(bench);
	flood_bands(test, bench, 500, sent);
	KUNIT_EXPECT_EQ(test, sent[0], 500 * 300);
	KUNIT_EXPECT_EQ(test, sent[1] + sent[2], 0);
}

/* Fewer bands: packets of those that go are sent all the same, in the order of their
 * flow
 */
static void bands_go(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	u32 last[3] = {}, seq;

	apply_three_bands(bench);
	/* the first band has little, and had it last */
	for (u32 i = 0; i < 12; i++) {
		u32 band = 2 - i / 5;

		ticks++;
		put(test, bench, band, band, (i % 5 + 1) * 3 + band, FRAME);
	}
	bench->config.bands = 1;
	txpath_default_bands(&bench->config);
	bench_apply(bench);
	KUNIT_EXPECT_EQ(test, bench->q->active, 1);
	while ((seq = get_seq(bench)))
		KUNIT_EXPECT_EQ(test, seq / 3, ++last[seq % 3]);
	for (u32 i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, last[i], i ? 5 : 2);
	KUNIT_EXPECT_EQ(test, bench->sch->q.qlen, 0);
	KUNIT_EXPECT_EQ(test, bench->sch->qstats.backlog, 0);
	KUNIT_EXPECT_EQ(test, bench->q->memory, 0);
}

/* A band that goes and comes back: CoDel knows nothing of it */
static void bands_come_back(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	struct txpath_queue *queue = &bench->q->bands[2].bulk;

	apply_three_bands(bench);
	queue->codel.dropping = true;
	queue->codel.count = 100;
	queue->codel.drop_next = ticks;
	bench->config.bands = 1;
	txpath_default_bands(&bench->config);
	bench_apply(bench);
	KUNIT_EXPECT_FALSE(test, queue->codel.dropping);
	KUNIT_EXPECT_EQ(test, queue->codel.count, 0);
}

/* Limits */

/* The length of the device's queue is the limit until there is one of the user's, and
 * what waits beyond it is dropped
 */
static void limit_follows_the_device(struct kunit *test)
{
	struct bench *bench = bench_create(test);

	bench->config.sparse = 0;
	bench_apply(bench);
	for (u32 i = 1; i <= 10; i++)
		put(test, bench, 0, 1, i, FRAME);
	rtnl_lock();
	KUNIT_EXPECT_EQ(test, txpath_change_tx_queue_len(bench->sch, 4), 0);
	rtnl_unlock();
	KUNIT_EXPECT_EQ(test, bench->sch->q.qlen, 4);
	KUNIT_EXPECT_EQ(test, bench->sch->qstats.backlog, 4 * FRAME);
	KUNIT_EXPECT_EQ(test, bench->sch->qstats.drops, 6);
	KUNIT_EXPECT_EQ(test, alive, 4);
	for (u32 i = 7; i <= 10; i++)
		KUNIT_EXPECT_EQ(test, get_seq(bench), i);

	bench->config.limit_unset = false;
	bench->config.limit = 3;
	bench_apply(bench);
	rtnl_lock();
	KUNIT_EXPECT_EQ(test, txpath_change_tx_queue_len(bench->sch, 4), 0);
	rtnl_unlock();
	KUNIT_EXPECT_EQ(test, bench->q->config.limit, 3);
}

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

	/* it has most whose packets are long, not whose are many */
	bench->config.limit = 6;
	bench_apply(bench);
	for (u32 i = 51; i <= 55; i++)
		KUNIT_EXPECT_EQ(test, put(test, bench, 0, 2, i, 64), NET_XMIT_SUCCESS);
	for (u32 i = 51; i <= 55; i++)
		KUNIT_EXPECT_EQ(test, get_seq(bench), i);
	KUNIT_EXPECT_EQ(test, get_seq(bench), 11);
	KUNIT_EXPECT_EQ(test, get_seq(bench), 0);
}

static void limit_drops_from_the_longer_queue(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	struct txpath_band *band = &bench->q->bands[1];

	bench->config.limit = 5;
	bench_apply(bench);
	/* 4 and 5 are flows of their own and sparse, as are the first two of the other */
	for (u32 i = 1; i <= 6; i++)
		put(test, bench, 0, i == 4 || i == 5 ? i : 1, i, FRAME);
	KUNIT_EXPECT_EQ(test, band->sparse.qlen, 3);
	KUNIT_EXPECT_EQ(test, band->bulk.qlen, 2);
	/* the bulk is as long now, and goes first */
	put(test, bench, 0, 1, 7, FRAME);
	KUNIT_EXPECT_EQ(test, band->sparse.qlen, 3);
	KUNIT_EXPECT_EQ(test, band->bulk.qlen, 2);
}

static u32 memory_of(const struct txpath_queue *queue)
{
	u32 memory = 0;

	for (const struct sk_buff *skb = queue->head; skb; skb = skb->next)
		memory += skb->truesize;
	return memory;
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
		u32 dice = prandom_u32_state(&rnd), memory = 0;

		put(test, bench, dice % 16, dice >> 28, i + 1, 64 + (dice >> 4) % 9000);
		for (u32 band = 0; band < 3; band++)
			memory += memory_of(&bench->q->bands[band].sparse) +
				  memory_of(&bench->q->bands[band].bulk);
		KUNIT_EXPECT_EQ(test, bench->q->memory, memory);
		KUNIT_EXPECT_LE(test, memory, 100000);
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

/* One that alone is too large goes at once, and nobody for its sake */
static void too_large_is_dropped(struct kunit *test)
{
	struct bench *bench = bench_create(test);

	bench->config.memlimit = TC_TXPATH_MEMLIMIT_MIN;
	bench_apply(bench);
	KUNIT_EXPECT_EQ(test, put(test, bench, 0, 1, 1, 9000), NET_XMIT_DROP);
	KUNIT_EXPECT_EQ(test, bench->sch->q.qlen, 0);
	KUNIT_EXPECT_EQ(test, bench->q->active, 0);
	KUNIT_EXPECT_NULL(test, get(bench));
	KUNIT_EXPECT_EQ(test, put(test, bench, 0, 1, 2, FRAME), NET_XMIT_SUCCESS);
	KUNIT_EXPECT_EQ(test, put(test, bench, 0, 1, 3, 9000), NET_XMIT_DROP);
	KUNIT_EXPECT_EQ(test, bench->sch->qstats.drops, 2);
	KUNIT_EXPECT_EQ(test, bench->q->bands[1].counts.drops[TC_TXPATH_DROP_MEMORY], 2);
	KUNIT_EXPECT_EQ(test, bench->sch->qstats.backlog, FRAME);
	KUNIT_EXPECT_EQ(test, get_seq(bench), 2);
}

static void bench_reset(struct bench *bench)
{
	rtnl_lock();
	qdisc_reset(bench->sch);
	rtnl_unlock();
}

/* As a run begins and ends. The kernel's own functions for that have locks in them, of
 * which sparse cannot tell that ours takes none.
 */
static void bench_set_running(struct bench *bench, bool is_running)
{
#ifdef HAVE_QDISC_DEQUEUE_DROP
	WRITE_ONCE(bench->sch->running, is_running);
#else
	assign_bit(__QDISC_STATE2_RUNNING, &bench->sch->state2, is_running);
#endif
}

/* As new: nothing waits, no flow is known, and the quota is there again */
static void reset_forgets(struct kunit *test)
{
	struct bench *bench = bench_create(test);
	enum { QUOTA = 2 };

	bench_apply_quota(bench, QUOTA);
	alive = 0;
	put(test, bench, 0, 1, 1, FRAME);
	KUNIT_EXPECT_NOT_NULL(test, bench->q->direct);
	bench_reset(bench);
	KUNIT_EXPECT_EQ(test, alive, 0);

	/* within a run all wait, and the quota counts on */
	bench_set_running(bench, true);
	for (u32 i = 1; i <= 6; i++)
		put(test, bench, 0, 1, i, FRAME);
	for (u32 i = 1; i <= QUOTA; i++)
		KUNIT_EXPECT_EQ(test, get_seq(bench), i);
	bench_reset(bench);
	KUNIT_EXPECT_EQ(test, alive, 0);
	KUNIT_EXPECT_EQ(test, bench->q->memory, 0);
	KUNIT_EXPECT_EQ(test, bench->q->active, 0);
	put(test, bench, 0, 2, 1, FRAME);
	put(test, bench, 0, 1, 2, FRAME);
	KUNIT_EXPECT_EQ(test, bench->q->bands[1].sparse.qlen, 2);
	for (u32 i = 1; i <= QUOTA; i++)
		KUNIT_EXPECT_EQ(test, get_seq(bench), i);
	bench_set_running(bench, false);
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
	KUNIT_CASE(flow_is_addresses_and_ports),
	KUNIT_CASE(sparse_goes_ahead),
	KUNIT_CASE(sparse_is_of_late),
	KUNIT_CASE(no_flow_overtakes_itself),
	KUNIT_CASE(sparse_flood_starves_nobody),
	KUNIT_CASE(sparse_pays_in_bytes),
	KUNIT_CASE(codel_law),
	KUNIT_CASE(codel_marks),
	KUNIT_CASE(ce_threshold_marks),
	KUNIT_CASE(aqm_none_drops_nothing),
	KUNIT_CASE(quota_is_strict),
	KUNIT_CASE(quota_ends_a_run_that_others_want),
	KUNIT_CASE(quota_counts_what_came_back),
	KUNIT_CASE(quota_is_the_roots),
	KUNIT_CASE(priorities_choose_bands),
	KUNIT_CASE(default_map_fits),
	KUNIT_CASE(drr_follows_weights),
	KUNIT_CASE(drr_forgives_no_debt),
	KUNIT_CASE(any_mtu_has_turns),
	KUNIT_CASE(peek_takes_nothing),
	KUNIT_CASE(strict_starves),
	KUNIT_CASE(bands_go),
	KUNIT_CASE(bands_come_back),
	KUNIT_CASE(limit_follows_the_device),
	KUNIT_CASE(limit_drops_from_the_longest),
	KUNIT_CASE(limit_drops_from_the_longer_queue),
	KUNIT_CASE(memory_is_bounded),
	KUNIT_CASE(too_large_is_dropped),
	KUNIT_CASE(reset_forgets),
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
