// SPDX-License-Identifier: GPL-2.0
/* Interrupt moderation: how long a vector waits between two interrupts.
 *
 * The chips have one interval timer a vector and nothing that counts frames.
 * Every wish is therefore turned into an interval, at the end of the polls that
 * an interrupt led to:
 *
 * - microseconds are the interval;
 * - a number of frames is met by correcting the interval by what the last one
 *   brought, within the microseconds. It needs no idea of the rate, nor of how
 *   exact the timer is;
 * - the -irq values take the others' place when one poll was not enough;
 * - adaptive leaves it to the kernel's dynamic interrupt moderation.
 *
 * Receive and transmit share the vector: the shorter interval of the directions
 * that had work counts. Only the poll writes the timer, and only if it changes.
 */
#include "tgbe.h"
#include "tgbe_chip.h"
#include "tgbe_ring.h"

/* Intervals of a pacer are kept in this part of a microsecond */
#define FINE	16

/* Interrupts between two corrections. One may bring the first frame after a pause
 * and the next all that waited for it (an emulated card begins every other interval
 * only with a frame): together they tell.
 */
#define LOOKS	4

/* Longest wait for a number of frames without microseconds beside it. A ring of
 * the default size holds what comes in twice that time at 1 Gbit/s, if the frames
 * are not short.
 */
#define FRAMES_ONLY_USECS	1000

/* Of the vector for link and other causes, which overruns raise as well */
#define OTHER_USECS	100

/* 100 us: at most 10,000 interrupts a second on a vector, about the time that
 * eight full frames take on the wire. A lone frame interrupts at once.
 */
const struct tgbe_moderation tgbe_moderation_default = {
	.rx = { .usecs = 100 },
	.tx = { .usecs = 100 },
};

static void tgbe_take_profile(struct dim *dim,
			      struct dim_cq_moder (*profile)(u8 mode, int index))
{
	struct tgbe_pacer *pace = container_of(dim, struct tgbe_pacer, dim);

	WRITE_ONCE(pace->adaptive_usecs,
		   profile(dim->mode, dim->profile_ix).usec);
	dim->state = DIM_START_MEASURE;
}

static void tgbe_rx_adapt(struct work_struct *work)
{
	tgbe_take_profile(container_of(work, struct dim, work),
			  net_dim_get_rx_moderation);
}

static void tgbe_tx_adapt(struct work_struct *work)
{
	tgbe_take_profile(container_of(work, struct dim, work),
			  net_dim_get_tx_moderation);
}

/**
 * tgbe_moderation_init() - once, at probe
 * @vector: new vector
 */
void tgbe_moderation_init(struct tgbe_vector *vector)
{
	struct dim *rx = &vector->rx_pace.dim, *tx = &vector->tx_pace.dim;

	rx->mode = DIM_CQ_PERIOD_MODE_START_FROM_EQE;
	tx->mode = DIM_CQ_PERIOD_MODE_START_FROM_EQE;
	vector->rx_pace.adaptive_usecs =
		net_dim_get_def_rx_moderation(rx->mode).usec;
	vector->tx_pace.adaptive_usecs =
		net_dim_get_def_tx_moderation(tx->mode).usec;
	INIT_WORK(&rx->work, tgbe_rx_adapt);
	INIT_WORK(&tx->work, tgbe_tx_adapt);
}

/* What counts now, of the microseconds and of the frames */
static unsigned int tgbe_wished_usecs(const struct tgbe_vector *vector,
				      const struct tgbe_coalesce *wish,
				      const struct tgbe_pacer *pace)
{
	unsigned int busy = READ_ONCE(wish->usecs_irq);

	if (READ_ONCE(wish->adaptive))
		return READ_ONCE(pace->adaptive_usecs);
	return busy && vector->polls > 1 ? busy : READ_ONCE(wish->usecs);
}

static unsigned int tgbe_wished_frames(const struct tgbe_vector *vector,
				       const struct tgbe_coalesce *wish)
{
	unsigned int busy = READ_ONCE(wish->frames_irq);

	if (READ_ONCE(wish->adaptive))
		return 0;
	return busy && vector->polls > 1 ? busy : READ_ONCE(wish->frames);
}

/* Half way to the interval that would have brought @frames, so that one odd look is
 * no trend. While the other direction has a shorter one, too few frames are no reason
 * to wait longer.
 */
static void tgbe_correct(struct tgbe_pacer *pace, unsigned int frames,
			 unsigned int limit)
{
	u32 now = pace->interval;
	u32 want = now * frames / max(pace->seen / LOOKS, 1u);

	want = clamp(want, now / 2, pace->cut ? now : now * 2);
	pace->interval = clamp((now + want + 1) / 2, FINE, limit * FINE);
}

static unsigned int tgbe_pace(const struct tgbe_vector *vector,
			      struct tgbe_pacer *pace, unsigned int frames,
			      unsigned int limit)
{
	pace->seen += pace->frames;
	pace->cut |= vector->throttle < pace->interval / FINE;
	if (++pace->looks == LOOKS) {
		tgbe_correct(pace, frames, limit);
		pace->looks = 0;
		pace->seen = 0;
		pace->cut = false;
	}
	/* the limit may be another than last time */
	return min(pace->interval / FINE, limit);
}

/* An interrupt that brought nothing at all counts as well; the next that brings
 * something decides
 */
static void tgbe_look_in_vain(struct tgbe_pacer *pace)
{
	if (pace->looks < LOOKS - 1)
		pace->looks++;
}

/* The interval one direction wishes, in microseconds */
static unsigned int tgbe_wish_interval(struct tgbe_vector *vector,
				       const struct tgbe_coalesce *wish,
				       struct tgbe_pacer *pace)
{
	unsigned int frames = tgbe_wished_frames(vector, wish);
	unsigned int usecs = tgbe_wished_usecs(vector, wish, pace);

	if (!frames)
		return usecs;
	if (frames == 1)
		return 0;
	return tgbe_pace(vector, pace, frames, usecs ?: FRAMES_ONLY_USECS);
}

static void tgbe_set_throttle(struct tgbe_vector *vector, unsigned int usecs)
{
	if (usecs == vector->throttle)
		return;
	vector->throttle = usecs;
	vector->dev->chip->irq_throttle(vector->dev, vector->index, usecs);
}

static void tgbe_reset_pacer(struct tgbe_pacer *pace,
			     const struct tgbe_coalesce *wish)
{
	unsigned int usecs = READ_ONCE(wish->usecs) ?:
			     tgbe_moderation_default.rx.usecs;

	pace->interval = usecs * FINE;
	pace->frames = 0;
	pace->seen = 0;
	pace->looks = 0;
	pace->cut = false;
}

/* After a change: what the user said, until frames tell more */
static void tgbe_begin_anew(struct tgbe_vector *vector)
{
	const struct tgbe_moderation *wish =
		&vector->dev->config.moderation[vector->index];

	tgbe_reset_pacer(&vector->rx_pace, &wish->rx);
	tgbe_reset_pacer(&vector->tx_pace, &wish->tx);
	vector->polls = 0;
	tgbe_set_throttle(vector,
			  min(tgbe_wished_usecs(vector, &wish->rx, &vector->rx_pace),
			      tgbe_wished_usecs(vector, &wish->tx, &vector->tx_pace)));
}

static void tgbe_adapt(struct tgbe_vector *vector, struct tgbe_pacer *pace,
		       u64 packets, u64 bytes)
{
	struct dim_sample sample = {};

	dim_update_sample(vector->interrupts, packets, bytes, &sample);
	tgbe_net_dim(&pace->dim, &sample);
}

/**
 * tgbe_moderation_polled() - account for a poll and, after the last one that an
 *			      interrupt led to, set the next interval
 * @vector: vector that was polled
 * @received: frames received
 * @sent: frames taken back after transmission
 * @done: the poll is about to let the vector interrupt again
 *
 * Context: NAPI poll.
 */
void tgbe_moderation_polled(struct tgbe_vector *vector, unsigned int received,
			    unsigned int sent, bool done)
{
	const struct tgbe_moderation *wish =
		&vector->dev->config.moderation[vector->index];
	struct tgbe_pacer *rx = &vector->rx_pace, *tx = &vector->tx_pace;
	unsigned int usecs = UINT_MAX;

	vector->polls++;
	rx->frames += received;
	tx->frames += sent;
	if (!done)
		return;

	if (READ_ONCE(vector->renew)) {
		WRITE_ONCE(vector->renew, false);
		tgbe_begin_anew(vector);
		return;
	}
	if (READ_ONCE(wish->rx.adaptive) && vector->rx)
		tgbe_adapt(vector, rx, vector->rx->stats.rx.packets,
			   vector->rx->stats.rx.bytes);
	if (READ_ONCE(wish->tx.adaptive) && vector->tx)
		tgbe_adapt(vector, tx, vector->tx->stats.tx.packets,
			   vector->tx->stats.tx.bytes);
	if (!rx->frames && !tx->frames) {
		tgbe_look_in_vain(rx);
		tgbe_look_in_vain(tx);
	}
	if (rx->frames)
		usecs = tgbe_wish_interval(vector, &wish->rx, rx);
	if (tx->frames)
		usecs = min(usecs, tgbe_wish_interval(vector, &wish->tx, tx));
	if (usecs != UINT_MAX)
		tgbe_set_throttle(vector, usecs);
	vector->polls = 0;
	rx->frames = 0;
	tx->frames = 0;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_moderation_polled);

/**
 * tgbe_moderation_renew() - let a changed configuration take effect
 * @vector: vector of a running port
 *
 * Context: process, RTNL, the new wishes in place.
 */
void tgbe_moderation_renew(struct tgbe_vector *vector)
{
	WRITE_ONCE(vector->renew, true);
	vector->dev->chip->irq_kick(vector);
}

/**
 * tgbe_moderation_forget() - begin to judge the load anew
 * @vector: vector with a new ring, whose counters begin at 0
 *
 * Context: owner of the NAPI poll.
 */
void tgbe_moderation_forget(struct tgbe_vector *vector)
{
	vector->rx_pace.dim.state = DIM_START_MEASURE;
	vector->tx_pace.dim.state = DIM_START_MEASURE;
}

/**
 * tgbe_moderation_start() - write every vector's first interval to the chip
 * @dev: port being opened, its interrupt routing set up
 */
void tgbe_moderation_start(struct tgbe_device *dev)
{
	for (unsigned int v = 0; v < dev->queues_max; v++) {
		struct tgbe_vector *vector = dev->vector[v];

		/* the reset took the interval away */
		vector->throttle = UINT_MAX;
		vector->renew = false;
		tgbe_moderation_forget(vector);
		tgbe_begin_anew(vector);
	}
	if (dev->irq_mode == TGBE_IRQ_MSIX)
		dev->chip->irq_throttle(dev, dev->queues_max, OTHER_USECS);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_moderation_start);

/**
 * tgbe_moderation_stop() - end what goes on beside the polls
 * @dev: port whose polls are disabled
 */
void tgbe_moderation_stop(struct tgbe_device *dev)
{
	for (unsigned int v = 0; v < dev->queues_max; v++) {
		cancel_work_sync(&dev->vector[v]->rx_pace.dim.work);
		cancel_work_sync(&dev->vector[v]->tx_pace.dim.work);
	}
}
