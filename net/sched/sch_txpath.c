// SPDX-License-Identifier: GPL-2.0
/* txpath: the steps of the transmit path as parameters of one queueing discipline.
 *
 *   bypass   a packet that finds nothing waiting may go straight to the driver
 *   bands    others wait in the band of their priority, in one of two queues: flows
 *            that sent little of late (sparse) before those that sent much (bulk)
 *   sched    the bands take turns by weight, or the first that has packets goes first
 *   aqm      CoDel for each queue: drops or marks what waits too long
 *   quota    so many packets a run; the rest is left to the NET_TX softirq
 *
 * Everything here runs under the lock of the root qdisc unless it says otherwise.
 */
#include <linux/bitops.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <net/codel.h>
#include <net/codel_impl.h>
#include <net/pkt_sched.h>
#include <net/sch_generic.h>
#include <uapi/linux/pkt_sched_txpath.h>

#include "txpath_compat.h"
#include "txpath_config.h"
#include "txpath_sketch.h"

/**
 * struct txpath_queue - packets in the order of their arrival
 * @head: the oldest
 * @tail: the newest
 * @qlen: packets
 * @bytes: of them all; CoDel wants it as u32
 * @codel: what CoDel knows of this queue
 */
struct txpath_queue {
	struct sk_buff *head;
	struct sk_buff *tail;
	u32 qlen;
	u32 bytes;
	struct codel_vars codel;
};

/**
 * struct txpath_band - the packets of some priorities
 * @sparse: those of flows that sent little of late
 * @bulk: the others
 * @bit: of this band in @active of struct txpath
 * @ahead: bytes of @sparse that may still overtake the next packet of @bulk
 * @deficit: bytes that the band may send in this turn; what it sent beyond stays its
 *	debt
 * @quantum: what is added to @deficit when its turn comes
 * @codel: what CoDel did
 * @bstats: sent, as the qdisc's own
 * @counts: for the user, but for CoDel's drops and marks, which are in @codel
 */
struct txpath_band {
	struct txpath_queue sparse;
	struct txpath_queue bulk;
	unsigned long bit;
	s32 ahead;
	s32 deficit;
	u32 quantum;
	struct codel_stats codel;
	struct gnet_stats_basic_sync bstats;
	struct tc_txpath_counts counts;
};

/**
 * struct txpath - the qdisc
 * @active: bands that have packets, and %TXPATH_DIRECT
 * @direct: packet that came when nothing waited, and leaves before anything else happens
 * @turn: the band whose turn it is
 * @memory: bytes of memory that waiting packets occupy
 * @run: packets since one last came here while nothing was being sent, or since the
 *	quota last ended a run
 * @begins: the next packet is the first of a run
 * @told: how often it was said in a row that the run is over
 * @config: the settings
 * @codel: those for CoDel
 * @mtu: of the device with its header
 * @sketch: what flows sent of late
 * @window: in which the sketch forgets half: long for a flow that sends each 20 ms, as
 *	voice does, and short for one that is back after a loss
 * @seed: of the flows' hash
 * @runs: of the root, that a packet or the quota made begin
 * @deferred: runs ended by the quota
 * @band_of: that of each priority
 * @bands: all there can be; those beyond the number in use are empty
 */
struct txpath {
	unsigned long active;
	struct txpath_band *turn;
	struct sk_buff *direct;
	u8 told;
	bool begins;
	u32 memory;
	u32 run;
	struct txpath_config config;
	struct codel_params codel;
	u32 mtu;
	struct txpath_sketch *sketch;
	codel_time_t window;
	u32 seed;
	u64 runs;
	u64 deferred;
	struct txpath_band *band_of[TC_TXPATH_PRIORITIES];
	struct txpath_band bands[TC_TXPATH_BANDS_MAX];
};

#define TXPATH_MTU_MIN	256u
#define TXPATH_MTU_MAX	1048576u

/* Beside the bits of the bands: there is a @direct packet */
#define TXPATH_DIRECT	BIT(TC_TXPATH_BANDS_MAX)

/**
 * struct txpath_cb - what a waiting packet carries
 * @time: when it came
 * @memory: what it occupies; truesize may change
 * @hash: of its flow
 * @in_sketch: it is counted as waiting there
 */
struct txpath_cb {
	codel_time_t time;
	u32 memory;
	u32 hash;
	bool in_sketch;
};

static struct txpath_cb *txpath_cb(const struct sk_buff *skb)
{
	qdisc_cb_private_validate(skb, sizeof(struct txpath_cb));
	return (struct txpath_cb *)qdisc_skb_cb(skb)->data;
}

/* A queue and its packets */

static void txpath_queue_add(struct txpath_queue *queue, struct sk_buff *skb)
{
	skb->next = NULL;
	if (queue->head)
		queue->tail->next = skb;
	else
		queue->head = skb;
	queue->tail = skb;
	queue->qlen++;
	queue->bytes += qdisc_pkt_len(skb);
}

static struct sk_buff *txpath_queue_take(struct txpath_queue *queue)
{
	struct sk_buff *skb = queue->head;

	if (!skb)
		return NULL;
	queue->head = skb->next;
	skb_mark_not_on_list(skb);
	queue->qlen--;
	queue->bytes -= qdisc_pkt_len(skb);
	return skb;
}

/* Take the oldest packet, and it off every account */
static struct sk_buff *txpath_take(struct Qdisc *sch, struct txpath_queue *queue)
{
	struct sk_buff *skb = txpath_queue_take(queue);
	struct txpath *q = qdisc_priv(sch);

	if (!skb)
		return NULL;
	if (txpath_cb(skb)->in_sketch)
		txpath_cells_count(txpath_cells(q->sketch, txpath_cb(skb)->hash), -1);
	q->memory -= txpath_cb(skb)->memory;
	qdisc_qstats_backlog_dec(sch, skb);
	qdisc_qlen_dec(sch);
	return skb;
}

static bool txpath_band_is_empty(const struct txpath_band *band)
{
	return !band->sparse.head && !band->bulk.head;
}

/* Note that a packet was taken out of the band */
static void txpath_band_settle(struct txpath *q, struct txpath_band *band)
{
	if (!txpath_band_is_empty(band))
		return;
	q->active &= ~band->bit;
	/* or a band with one large packet at a time would have a turn for each */
	band->deficit = min(band->deficit, 0);
}

/* Coming in */

/* Whether a packet goes ahead of its band's bulk. While nothing waits in the band
 * there is nothing to go ahead of, and the flow need not be known.
 */
static bool txpath_is_sparse(struct txpath *q, const struct txpath_band *band,
			     struct sk_buff *skb)
{
	struct txpath_cb *cb = txpath_cb(skb);
	struct txpath_cells cells;
	u32 sum;

	cb->in_sketch = false;
	if (!q->config.sparse)
		return false;
	if (!(q->active & band->bit))
		return true;
	cb->hash = txpath_flow(skb, q->seed);
	cells = txpath_cells(q->sketch, cb->hash);
	txpath_sketch_decay(q->sketch, cb->time, q->window);
	sum = txpath_cells_add(cells, qdisc_pkt_len(skb));
	if (sum <= q->config.sparse && !txpath_cells_wait(cells))
		return true;
	txpath_cells_count(cells, 1);
	cb->in_sketch = true;
	return false;
}

static bool txpath_is_full(const struct Qdisc *sch, const struct txpath *q)
{
	return sch->q.qlen > q->config.limit || q->memory > q->config.memlimit;
}

/* Whether something must be dropped, and can be: what the kernel has taken back from
 * the driver counts as waiting, but is out of reach
 */
static bool txpath_must_drop(const struct Qdisc *sch, const struct txpath *q)
{
	return txpath_is_full(sch, q) && q->active & ~TXPATH_DIRECT;
}

/* Drop the oldest packet of the band that has most, out of its longer queue; there is
 * a band that has packets. Return: the band.
 */
static struct txpath_band *txpath_drop(struct Qdisc *sch, struct txpath *q,
				       struct sk_buff **to_free)
{
	struct txpath_band *longest = NULL;
	struct txpath_queue *queue;
	u64 most = 0;

	for (unsigned int i = 0; i < q->config.bands; i++) {
		struct txpath_band *band = &q->bands[i];
		u64 bytes = (u64)band->sparse.bytes + band->bulk.bytes;

		if (q->active & band->bit && (!longest || bytes > most)) {
			longest = band;
			most = bytes;
		}
	}
	queue = &longest->sparse;
	if (!queue->head || (longest->bulk.head && longest->bulk.bytes >= queue->bytes))
		queue = &longest->bulk;
	if (q->memory > q->config.memlimit) {
		longest->counts.drops[TC_TXPATH_DROP_MEMORY]++;
		qdisc_drop_reason(txpath_take(sch, queue), sch, to_free,
				  QDISC_DROP_FLOOD_PROTECTION);
	} else {
		longest->counts.drops[TC_TXPATH_DROP_LIMIT]++;
		qdisc_drop_reason(txpath_take(sch, queue), sch, to_free,
				  QDISC_DROP_OVERLIMIT);
	}
	txpath_band_settle(q, longest);
	return longest;
}

/* Make room after a packet came into a band. A parent counts it as waiting unless it
 * hears of congestion.
 */
static noinline int txpath_make_room(const struct sk_buff *skb, struct Qdisc *sch,
				     struct sk_buff **to_free, const struct txpath_band *band)
{
	u32 qlen = sch->q.qlen, backlog = sch->qstats.backlog, len = qdisc_pkt_len(skb);
	struct txpath *q = qdisc_priv(sch);
	bool congested = false;

	qdisc_qstats_overlimit(sch);
	while (txpath_must_drop(sch, q))
		congested |= txpath_drop(sch, q, to_free) == band;
	qlen -= sch->q.qlen;
	backlog -= sch->qstats.backlog;
	if (!congested) {
		qdisc_tree_reduce_backlog(sch, qlen, backlog);
		return NET_XMIT_SUCCESS;
	}
	qdisc_tree_reduce_backlog(sch, qlen - 1, backlog - len);
	return NET_XMIT_CN;
}

static struct txpath_band *txpath_band_of(const struct txpath *q, const struct sk_buff *skb)
{
	return q->band_of[skb->priority & TC_PRIO_MAX];
}

static bool txpath_is_root(const struct Qdisc *sch)
{
	return rcu_access_pointer(sch->dev_queue->qdisc) == sch;
}

/* Whether a packet that comes now, while no run is on, is the first of a run that begins
 * before the lock is given up. Then it need not be known when it came and whose it is.
 * (Should the queue be stopped this very moment it waits all the same, and counts as one
 * that has not.)
 */
static bool txpath_goes_at_once(const struct Qdisc *sch)
{
	return !sch->q.qlen && txpath_is_root(sch) &&
	       !netif_xmit_frozen_or_stopped(sch->dev_queue);
}

/* Drop a packet that would not fit if nothing else waited */
static noinline int txpath_refuse(struct sk_buff *skb, struct Qdisc *sch,
				  struct sk_buff **to_free, struct txpath_band *band)
{
	qdisc_qstats_overlimit(sch);
	qdisc_qstats_backlog_dec(sch, skb);
	band->counts.drops[TC_TXPATH_DROP_MEMORY]++;
	return qdisc_drop_reason(skb, sch, to_free, QDISC_DROP_FLOOD_PROTECTION);
}

/* Let a packet wait behind those of its band */
static noinline int txpath_wait(struct sk_buff *skb, struct Qdisc *sch,
				struct sk_buff **to_free, struct txpath_band *band)
{
	struct txpath *q = qdisc_priv(sch);
	struct txpath_cb *cb = txpath_cb(skb);

	if (unlikely(skb->truesize > q->config.memlimit))
		return txpath_refuse(skb, sch, to_free, band);
	qdisc_qlen_inc(sch);
	cb->time = codel_get_time();
	cb->memory = skb->truesize;
	txpath_queue_add(txpath_is_sparse(q, band, skb) ? &band->sparse : &band->bulk, skb);
	q->active |= band->bit;
	q->memory += cb->memory;
	if (unlikely(txpath_is_full(sch, q)))
		return txpath_make_room(skb, sch, to_free, band);
	return NET_XMIT_SUCCESS;
}

static int txpath_enqueue(struct sk_buff *skb, struct Qdisc *sch, struct sk_buff **to_free)
{
	struct txpath *q = qdisc_priv(sch);

	qdisc_qstats_backlog_inc(sch, skb);
	if (!qdisc_is_running(sch)) {
		/* what the driver did not take is the first of the next run */
		q->run = sch->gso_skb.qlen;
		q->begins = true;
		if (txpath_goes_at_once(sch)) {
			q->direct = skb;
			q->active = TXPATH_DIRECT;
			qdisc_qlen_inc(sch);
			return NET_XMIT_SUCCESS;
		}
	}
	return txpath_wait(skb, sch, to_free, txpath_band_of(q, skb));
}

/* Going out */

/* Whether this run has sent its quota. The rest is then the softirq's: until it has
 * begun, whoever comes with another packet sends nothing. (Newer kernels do not schedule
 * it while others are about to come with packets, but let these begin the next run.)
 * Below another qdisc, which has runs of its own, there is no quota.
 *
 * That the softirq is no longer scheduled does not say that the run is over: it may have
 * come on another CPU, found the run on, and left. And a run that asks for packets in
 * bulk asks once more after it was told. Told twice, no run goes on. Where the run ended
 * the first time, the next one ends at once and schedules the softirq again.
 */
static bool txpath_run_is_over(struct Qdisc *sch, struct txpath *q)
{
	if (!txpath_is_root(sch))
		return false;
	if (!q->told) {
		if (q->run < q->config.quota)
			return false;
		q->deferred++;
	} else if (q->told > 1 && !test_bit(__QDISC_STATE_SCHED, &sch->state)) {
		q->told = 0;
		q->run = 0;
		q->begins = true;
		return false;
	}
	q->told = q->told ? 2 : 1;
	__netif_schedule(sch);
	return true;
}

/* The band that is to send; there is one that has packets */
static struct txpath_band *txpath_next_band(struct txpath *q)
{
	if (q->config.sched == TC_TXPATH_STRICT) {
		struct txpath_band *first = &q->bands[__ffs(q->active)];

		/* there are no turns, and no debt grows without end */
		first->deficit = 0;
		return first;
	}

	/* one that has no packets has nothing to send for */
	while (q->turn->deficit <= 0) {
		unsigned long later = q->active & -(q->turn->bit << 1);

		q->turn = &q->bands[__ffs(later ?: q->active)];
		q->turn->deficit += q->turn->quantum;
	}
	return q->turn;
}

/* The queue of a band that is to send: sparse flows first, but when they have overtaken
 * as much as they may, the packet that came first. So no packet overtakes one of its own
 * flow, for a flow that becomes bulk has only older packets among the sparse.
 */
static struct txpath_queue *txpath_next_queue(struct txpath_band *band)
{
	const struct sk_buff *sparse = band->sparse.head, *bulk = band->bulk.head;

	if (!sparse)
		return &band->bulk;
	if (!bulk || band->ahead > 0)
		return &band->sparse;
	return codel_time_before(txpath_cb(bulk)->time, txpath_cb(sparse)->time) ?
		&band->bulk : &band->sparse;
}

/* Whether the next packet of a queue came after one of the other that waits on */
static bool txpath_overtakes(const struct txpath_band *band, const struct txpath_queue *queue)
{
	const struct sk_buff *sparse = band->sparse.head, *bulk = band->bulk.head;

	return queue == &band->sparse && bulk &&
	       !codel_time_before(txpath_cb(sparse)->time, txpath_cb(bulk)->time);
}

/* Overtaking takes from what sparse flows have ahead, and what goes in its order gives it
 * back, up to a frame. So bulk waits for no more than a frame and twice what came before
 * it.
 */
static void txpath_account_ahead(const struct txpath *q, struct txpath_band *band,
				 bool overtakes, unsigned int len)
{
	if (overtakes) {
		band->ahead -= len;
		band->counts.sparse++;
	} else {
		band->ahead = min_t(s64, (s64)band->ahead + len, q->mtu);
	}
}

static u32 txpath_codel_len(const struct sk_buff *skb)
{
	return qdisc_pkt_len(skb);
}

static codel_time_t txpath_codel_time(const struct sk_buff *skb)
{
	return txpath_cb(skb)->time;
}

static void txpath_codel_drop(struct sk_buff *skb, void *ctx)
{
	struct Qdisc *sch = ctx;

	qdisc_tree_reduce_backlog(sch, 1, qdisc_pkt_len(skb));
	qdisc_qstats_drop(sch);
	qdisc_dequeue_drop(sch, skb, QDISC_DROP_CONGESTED);
}

static struct sk_buff *txpath_codel_take(struct codel_vars *vars, void *ctx)
{
	return txpath_take(ctx, container_of(vars, struct txpath_queue, codel));
}

static unsigned int txpath_delay_bucket(codel_time_t delay)
{
	return min_t(unsigned int, fls(codel_time_to_us(delay)), TC_TXPATH_DELAYS - 1);
}

/* Return: the next packet of a band that has some. CoDel leaves one: it drops nothing
 * while no more than q->codel.mtu bytes wait behind it.
 */
static struct sk_buff *txpath_band_send(struct Qdisc *sch, struct txpath *q,
					struct txpath_band *band)
{
	struct txpath_queue *queue = txpath_next_queue(band);
	bool overtakes = txpath_overtakes(band, queue);
	codel_time_t delay;
	struct sk_buff *skb;
	unsigned int len;

	if (q->config.aqm == TC_TXPATH_AQM_CODEL) {
		skb = codel_dequeue(sch, &queue->bytes, &q->codel, &queue->codel,
				    &band->codel, txpath_codel_len, txpath_codel_time,
				    txpath_codel_drop, txpath_codel_take);
		delay = queue->codel.ldelay;
	} else {
		skb = txpath_take(sch, queue);
		delay = codel_get_time() - txpath_cb(skb)->time;
	}
	len = qdisc_pkt_len(skb);
	band->deficit -= len;
	txpath_account_ahead(q, band, overtakes, len);
	band->counts.delay[txpath_delay_bucket(delay)]++;
	txpath_band_settle(q, band);
	return skb;
}

/* Count a packet that goes to the driver */
static struct sk_buff *txpath_sent(struct Qdisc *sch, struct txpath_band *band,
				   struct sk_buff *skb)
{
	unsigned int len = qdisc_pkt_len(skb), segs = qdisc_pkt_segs(skb);

	_bstats_update(&band->bstats, len, segs);
	_bstats_update(&sch->bstats, len, segs);
	return skb;
}

static noinline struct sk_buff *txpath_send_direct(struct Qdisc *sch)
{
	struct txpath *q = qdisc_priv(sch);
	struct sk_buff *skb = q->direct;
	struct txpath_band *band = txpath_band_of(q, skb);

	q->direct = NULL;
	q->active &= ~TXPATH_DIRECT;
	qdisc_qstats_backlog_dec(sch, skb);
	qdisc_qlen_dec(sch);
	band->counts.delay[0]++;
	/* it is the first of a run of the root */
	q->begins = false;
	q->run++;
	q->runs++;
	return txpath_sent(sch, band, skb);
}

/* Return: the next of the packets that wait, NULL if they have to wait on */
static noinline struct sk_buff *txpath_send(struct Qdisc *sch)
{
	struct txpath *q = qdisc_priv(sch);
	struct txpath_band *band;
	struct sk_buff *skb;

	if (q->config.quota && txpath_run_is_over(sch, q))
		return NULL;
	band = txpath_next_band(q);
	skb = txpath_band_send(sch, q, band);
	q->run++;
	if (q->begins) {
		q->begins = false;
		q->runs += txpath_is_root(sch);
	}
	return txpath_sent(sch, band, skb);
}

/* The kernel asks after each packet whether there is more: that has to be short. As
 * qdisc_dequeue_head(), which is what pfifo has here, it is not traced; what it calls
 * when something waits is.
 */
static notrace struct sk_buff *txpath_dequeue(struct Qdisc *sch)
{
	const struct txpath *q = qdisc_priv(sch);

	if (!q->active)
		return NULL;
	return q->direct ? txpath_send_direct(sch) : txpath_send(sch);
}

/* A parent's look at the next packet, which waits on until it is taken */
static struct sk_buff *txpath_peek(struct Qdisc *sch)
{
	struct sk_buff *skb = skb_peek(&sch->gso_skb);
	struct txpath *q = qdisc_priv(sch);

	if (skb || !q->active)
		return skb;
	skb = q->direct ? txpath_send_direct(sch) : txpath_send(sch);
	if (skb) {
		__skb_queue_head(&sch->gso_skb, skb);
		qdisc_qstats_backlog_inc(sch, skb);
		qdisc_qlen_inc(sch);
	}
	return skb;
}

/* Settings */

/* Let the packets of a queue wait in another, all in the order of their arrival */
static void txpath_queue_merge(struct txpath_queue *from, struct txpath_queue *to)
{
	struct txpath_queue all = { .codel = to->codel };

	/* what CoDel knew of it is out of date when the band is there again */
	codel_vars_init(&from->codel);
	if (!from->head)
		return;
	while (from->head || to->head) {
		bool is_next = from->head &&
			       (!to->head || codel_time_before(txpath_cb(from->head)->time,
							       txpath_cb(to->head)->time));

		txpath_queue_add(&all, txpath_queue_take(is_next ? from : to));
	}
	*to = all;
}

/* Let the packets of a band that is no longer there wait in another */
static void txpath_band_move(struct txpath *q, struct txpath_band *from,
			     struct txpath_band *to)
{
	txpath_queue_merge(&from->sparse, &to->sparse);
	txpath_queue_merge(&from->bulk, &to->bulk);
	if (q->active & from->bit)
		q->active |= to->bit;
	txpath_band_settle(q, from);
}

static codel_time_t txpath_codel_units(u32 us)
{
	return us == TC_TXPATH_OFF ? CODEL_DISABLED_THRESHOLD :
				     ((u64)us * NSEC_PER_USEC) >> CODEL_SHIFT;
}

/* Free what was dropped while nobody sent a packet */
static void txpath_free_dropped(struct sk_buff *list)
{
	struct sk_buff *skb, *next;

	skb_list_walk_safe(list, skb, next) {
		skb_mark_not_on_list(skb);
		kfree_skb_reason(skb, tcf_get_drop_reason(skb));
	}
}

/* Put checked settings in force. Nothing can fail. */
static void txpath_apply(struct Qdisc *sch, const struct txpath_config *config)
{
	struct txpath *q = qdisc_priv(sch);
	struct sk_buff *dropped = NULL;
	u32 qlen, backlog;

	sch_tree_lock(sch);
	q->config = *config;
	q->run = 0;
	q->told = 0;
	/* an interface may have any MTU; a turn must bring something, and fit with weights */
	q->mtu = clamp(psched_mtu(qdisc_dev(sch)), TXPATH_MTU_MIN, TXPATH_MTU_MAX);
	q->codel.target = txpath_codel_units(config->target);
	q->codel.interval = txpath_codel_units(config->interval);
	q->codel.ce_threshold = txpath_codel_units(config->ce_threshold);
	q->window = max(q->codel.interval / 4, 1u);
	q->codel.ecn = config->ecn;
	q->codel.mtu = q->mtu;
	if (config->bypass)
		sch->flags |= TCQ_F_CAN_BYPASS;
	else
		sch->flags &= ~TCQ_F_CAN_BYPASS;
	for (unsigned int i = 0; i < TC_TXPATH_PRIORITIES; i++)
		q->band_of[i] = &q->bands[config->priomap[i]];
	for (unsigned int i = 0; i < TC_TXPATH_BANDS_MAX; i++) {
		q->bands[i].quantum = config->weights[i] * q->mtu;
		q->bands[i].deficit = 0;
		q->bands[i].ahead = q->mtu;
		/* what it knew of the queue is out of date when it is turned on */
		if (config->aqm == TC_TXPATH_AQM_NONE) {
			codel_vars_init(&q->bands[i].sparse.codel);
			codel_vars_init(&q->bands[i].bulk.codel);
		}
		if (i >= config->bands)
			txpath_band_move(q, &q->bands[i], &q->bands[config->bands - 1]);
	}
	qlen = sch->q.qlen;
	backlog = sch->qstats.backlog;
	while (txpath_must_drop(sch, q))
		txpath_drop(sch, q, &dropped);
	/* when it is made its parent cannot be found yet */
	if (dropped)
		qdisc_tree_reduce_backlog(sch, qlen - sch->q.qlen,
					  backlog - sch->qstats.backlog);
	sch_tree_unlock(sch);
	txpath_free_dropped(dropped);
}

static int txpath_change(struct Qdisc *sch, struct nlattr *opt,
			 struct netlink_ext_ack *extack)
{
	struct txpath *q = qdisc_priv(sch);
	struct txpath_config config = q->config;
	int err;

	err = txpath_parse(&config, opt, extack);
	if (!err)
		txpath_apply(sch, &config);
	return err;
}

static u32 txpath_device_limit(unsigned int txqueuelen)
{
	return clamp(txqueuelen ?: DEFAULT_TX_QUEUE_LEN, TC_TXPATH_LIMIT_MIN,
		     TC_TXPATH_LIMIT_MAX);
}

static int txpath_change_tx_queue_len(struct Qdisc *sch, unsigned int txqueuelen)
{
	struct txpath *q = qdisc_priv(sch);
	struct txpath_config config = q->config;

	if (config.limit_unset) {
		config.limit = txpath_device_limit(txqueuelen);
		txpath_apply(sch, &config);
	}
	return 0;
}

static int txpath_init(struct Qdisc *sch, struct nlattr *opt, struct netlink_ext_ack *extack)
{
	struct txpath *q = qdisc_priv(sch);
	struct txpath_config config = {
		.limit = txpath_device_limit(qdisc_dev(sch)->tx_queue_len),
		.limit_unset = true,
		.memlimit = 32 << 20,
		.bypass = 1,
		.bands = 3,
		.sched = TC_TXPATH_DRR,
		.aqm = TC_TXPATH_AQM_CODEL,
		.target = 5 * USEC_PER_MSEC,
		.interval = 100 * USEC_PER_MSEC,
		.ecn = 1,
		.ce_threshold = TC_TXPATH_OFF,
		.sparse = ETH_FRAME_LEN,
	};
	int err = 0;

	txpath_default_bands(&config);
	if (opt)
		err = txpath_parse(&config, opt, extack);
	if (err)
		return err;
	q->sketch = kvcalloc(1, sizeof(*q->sketch), GFP_KERNEL);
	if (!q->sketch)
		return -ENOMEM;
	codel_params_init(&q->codel);
	q->seed = get_random_u32();
	q->turn = &q->bands[0];
	for (unsigned int i = 0; i < TC_TXPATH_BANDS_MAX; i++) {
		q->bands[i].bit = BIT(i);
		u64_stats_init(&q->bands[i].bstats.syncp);
		codel_stats_init(&q->bands[i].codel);
	}
	sch->flags |= TXPATH_FLAGS;
	txpath_apply(sch, &config);
	return 0;
}

static void txpath_queue_purge(struct txpath_queue *queue)
{
	rtnl_kfree_skbs(queue->head, queue->tail);
	memset(queue, 0, sizeof(*queue));
}

static void txpath_reset(struct Qdisc *sch)
{
	struct txpath *q = qdisc_priv(sch);

	for (unsigned int i = 0; i < TC_TXPATH_BANDS_MAX; i++) {
		txpath_queue_purge(&q->bands[i].sparse);
		txpath_queue_purge(&q->bands[i].bulk);
		txpath_band_settle(q, &q->bands[i]);
	}
	rtnl_kfree_skbs(q->direct, q->direct);
	q->direct = NULL;
	q->active = 0;
	if (q->sketch)
		memset(q->sketch, 0, sizeof(*q->sketch));
	q->memory = 0;
	q->run = 0;
	q->told = 0;
}

static void txpath_destroy(struct Qdisc *sch)
{
	struct txpath *q = qdisc_priv(sch);

	kvfree(q->sketch);
}

static int txpath_dump(struct Qdisc *sch, struct sk_buff *skb)
{
	struct txpath *q = qdisc_priv(sch);

	return txpath_config_dump(&q->config, skb);
}

/* Statistics */

static void txpath_add_counts(struct tc_txpath_counts *sum, const struct txpath_band *band)
{
	for (unsigned int i = 0; i < TC_TXPATH_DELAYS; i++)
		sum->delay[i] += band->counts.delay[i];
	for (unsigned int i = 0; i < __TC_TXPATH_DROP_MAX; i++)
		sum->drops[i] += band->counts.drops[i];
	sum->drops[TC_TXPATH_DROP_AQM] += band->codel.drop_count;
	sum->sparse += band->counts.sparse;
	sum->ecn_mark += band->codel.ecn_mark;
	sum->ce_mark += band->codel.ce_mark;
}

static int txpath_dump_stats(struct Qdisc *sch, struct gnet_dump *d)
{
	struct txpath *q = qdisc_priv(sch);
	struct tc_txpath_xstats xstats = {};

	sch_tree_lock(sch);
	xstats.runs = q->runs;
	xstats.deferred = q->deferred;
	xstats.memory = q->memory;
	for (unsigned int i = 0; i < TC_TXPATH_BANDS_MAX; i++) {
		txpath_add_counts(&xstats.counts, &q->bands[i]);
		xstats.queued += u64_stats_read(&q->bands[i].bstats.packets);
	}
	/* the kernel counts as sent what it sends past us */
	xstats.bypassed = u64_stats_read(&sch->bstats.packets) - xstats.queued;
	sch_tree_unlock(sch);
	return gnet_stats_copy_app(d, &xstats, sizeof(xstats));
}

/* Each band is shown as a class, with statistics of its own; nothing can be put
 * below it.
 */

static struct Qdisc *txpath_leaf(struct Qdisc *sch, unsigned long cl)
{
	return NULL;
}

static unsigned long txpath_find(struct Qdisc *sch, u32 classid)
{
	const struct txpath *q = qdisc_priv(sch);

	return TC_H_MIN(classid) <= q->config.bands ? TC_H_MIN(classid) : 0;
}

static void txpath_walk(struct Qdisc *sch, struct qdisc_walker *walker)
{
	const struct txpath *q = qdisc_priv(sch);

	if (walker->stop)
		return;
	for (unsigned int i = 1; i <= q->config.bands; i++) {
		if (!tc_qdisc_stats_dump(sch, i, walker))
			break;
	}
}

static int txpath_dump_class(struct Qdisc *sch, unsigned long cl, struct sk_buff *skb,
			     struct tcmsg *tcm)
{
	tcm->tcm_handle |= TC_H_MIN(cl);
	return 0;
}

static int txpath_dump_class_stats(struct Qdisc *sch, unsigned long cl, struct gnet_dump *d)
{
	struct txpath *q = qdisc_priv(sch);
	struct txpath_band *band = &q->bands[cl - 1];
	struct tc_txpath_xstats xstats = {
		.is_band = 1,
	};
	struct gnet_stats_queue qstats = {};

	sch_tree_lock(sch);
	txpath_add_counts(&xstats.counts, band);
	qstats.qlen = band->sparse.qlen + band->bulk.qlen;
	qstats.backlog = band->sparse.bytes + band->bulk.bytes;
	sch_tree_unlock(sch);
	for (unsigned int i = 0; i < __TC_TXPATH_DROP_MAX; i++)
		qstats.drops += xstats.counts.drops[i];
	if (gnet_stats_copy_basic(d, NULL, &band->bstats, true) < 0 ||
	    gnet_stats_copy_queue(d, NULL, &qstats, qstats.qlen) < 0)
		return -1;
	return gnet_stats_copy_app(d, &xstats, sizeof(xstats));
}

static const struct Qdisc_class_ops txpath_class_ops = {
	.leaf		= txpath_leaf,
	.find		= txpath_find,
	.walk		= txpath_walk,
	.dump		= txpath_dump_class,
	.dump_stats	= txpath_dump_class_stats,
};

static struct Qdisc_ops txpath_ops __read_mostly = {
	.id			= "txpath",
	.priv_size		= sizeof(struct txpath),
	.cl_ops			= &txpath_class_ops,
	.enqueue		= txpath_enqueue,
	.dequeue		= txpath_dequeue,
	.peek			= txpath_peek,
	.init			= txpath_init,
	.reset			= txpath_reset,
	.destroy		= txpath_destroy,
	.change			= txpath_change,
	.change_tx_queue_len	= txpath_change_tx_queue_len,
	.dump			= txpath_dump,
	.dump_stats		= txpath_dump_stats,
	.owner			= THIS_MODULE,
};

static int __init txpath_module_init(void)
{
	return register_qdisc(&txpath_ops);
}

static void __exit txpath_module_exit(void)
{
	unregister_qdisc(&txpath_ops);
}

module_init(txpath_module_init);
module_exit(txpath_module_exit);
MODULE_DESCRIPTION("Tunable transmit path: bypass, bands, AQM, quota");
MODULE_LICENSE("GPL");
MODULE_ALIAS_NET_SCH("txpath");
