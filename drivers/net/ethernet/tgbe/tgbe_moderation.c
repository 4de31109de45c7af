// SPDX-License-Identifier: GPL-2.0
/* Interrupt moderation: how long a vector waits between two interrupts.
 *
 * The chips have one interval timer a vector and nothing that counts frames.
 * Every request is therefore turned into an interval, at the end of the polls that
 * an interrupt led to:
 *
 * - microseconds are the interval;
 * - a number of frames is met by correcting the interval by what the last one
 *   brought, within the microseconds. It needs no idea of the rate, nor of how
 *   exact the timer is;
 * - the -irq values take the others' place when one poll was not enough;
 * - adaptive tells bulk, which waits, from sparse frames, which do not.
 *
 * Receive and transmit share the vector: the shorter interval of the directions
 * that had work counts. Completions alone lengthen it only if nothing was received
 * for a while, or the answer to what was just sent would have to wait for it. Only the
 * poll writes the timer, and only if it changes.
 */
#include <linux/ktime.h>

#include "tgbe.h"
#include "tgbe_chip.h"
#include "tgbe_ring.h"

/* Intervals of a pacer are kept in this part of a microsecond */
#define FINE	16

/* Interrupts between two corrections. One may bring the first frame after a pause
 * and the next all that waited for it (an emulated card begins every other interval
 * only with a frame): together they tell.
 */
#define SAMPLES	4

/* Longest wait for a number of frames without microseconds beside it. A ring of
 * the default size holds what comes in twice that time at 1 Gbit/s, if the frames
 * are not short.
 */
#define FRAMES_ONLY_USECS	1000

/* Of the vector for link and other causes, which overruns raise as well */
#define OTHER_USECS	100

/* What tells bulk from sparse frames, for adaptive: interrupts between two judgements,
 * frames an interrupt, and frames a second
 */
#define LOAD_SAMPLES	8
#define BULK_FRAMES	4
#define BULK_RATE	60000
#define SPARSE_RATE	40000

/* Interrupts without a received frame after which a vector counts as one that only sends */
#define RX_QUIET	8

/* What is received is waited for, so its interval follows the load. Completions seldom
 * are. 100 us are about the time that eight full frames take on the wire.
 */
const struct tgbe_moderation tgbe_moderation_default = {
	.rx = { .usecs = 100, .adaptive = true },
	.tx = { .usecs = 100 },
};

/* What counts now, of the microseconds and of the frames */
static unsigned int tgbe_requested_usecs(const struct tgbe_vector *vector,
					 const struct tgbe_coalesce *request)
{
	unsigned int busy = READ_ONCE(request->usecs_irq);

	if (READ_ONCE(request->adaptive))
		return vector->load.usecs;
	return busy && vector->polls > 1 ? busy : READ_ONCE(request->usecs);
}

static unsigned int tgbe_requested_frames(const struct tgbe_vector *vector,
					  const struct tgbe_coalesce *request)
{
	unsigned int busy = READ_ONCE(request->frames_irq);

	if (READ_ONCE(request->adaptive))
		return 0;
	return busy && vector->polls > 1 ? busy : READ_ONCE(request->frames);
}

/* Half way to the interval that would have brought @frames, so that one odd sample is
 * no trend. While the other direction has a shorter one, too few frames are no reason
 * to wait longer.
 */
static void tgbe_correct(struct tgbe_pacer *pace, unsigned int frames,
			 unsigned int limit)
{
	u32 now = pace->interval;
	u32 want = now * frames / max(pace->seen / SAMPLES, 1u);

	want = clamp(want, now / 2, pace->cut ? now : now * 2);
	pace->interval = clamp((now + want + 1) / 2, FINE, limit * FINE);
}

static unsigned int tgbe_pace(const struct tgbe_vector *vector,
			      struct tgbe_pacer *pace, unsigned int frames,
			      unsigned int limit)
{
	pace->seen += pace->frames;
	pace->cut |= vector->throttle < pace->interval / FINE;
	if (++pace->samples == SAMPLES) {
		tgbe_correct(pace, frames, limit);
		pace->samples = 0;
		pace->seen = 0;
		pace->cut = false;
	}
	/* the limit may be another than last time */
	return min(pace->interval / FINE, limit);
}

/* An interrupt that brought nothing at all counts as well; the next that brings
 * something decides
 */
static void tgbe_empty_sample(struct tgbe_pacer *pace)
{
	if (pace->samples < SAMPLES - 1)
		pace->samples++;
}

/* The interval that one direction requests, in microseconds */
static unsigned int tgbe_requested_interval(struct tgbe_vector *vector,
					    const struct tgbe_coalesce *request,
					    struct tgbe_pacer *pace)
{
	unsigned int frames = tgbe_requested_frames(vector, request);
	unsigned int usecs = tgbe_requested_usecs(vector, request);

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
			     const struct tgbe_coalesce *request)
{
	unsigned int usecs = READ_ONCE(request->usecs) ?:
			     tgbe_moderation_default.rx.usecs;

	pace->interval = usecs * FINE;
	pace->frames = 0;
	pace->seen = 0;
	pace->samples = 0;
	pace->cut = false;
}

/* After a change: what the user said, until frames tell more */
static void tgbe_begin_anew(struct tgbe_vector *vector)
{
	const struct tgbe_moderation *request =
		&vector->dev->config.moderation[vector->index];

	tgbe_reset_pacer(&vector->rx_pace, &request->rx);
	tgbe_reset_pacer(&vector->tx_pace, &request->tx);
	vector->polls = 0;
	vector->rx_quiet = 0;
	memset(&vector->load, 0, sizeof(vector->load));
	tgbe_set_throttle(vector,
			  min(tgbe_requested_usecs(vector, &request->rx),
			      tgbe_requested_usecs(vector, &request->tx)));
}

static bool tgbe_at_rate(u64 frames, u64 elapsed, u64 rate)
{
	return frames * NSEC_PER_SEC >= elapsed * rate;
}

/* Once in so many interrupts: does the vector carry bulk, or frames that somebody waits
 * for? Sparse frames each interrupt at once, for their rate bounds the interrupts.
 * Interrupts that find many frames have something to gain from waiting, also where the
 * CPU is what is slow. Between the two rates it stays as it is.
 */
static void tgbe_judge_load(struct tgbe_vector *vector)
{
	struct tgbe_load *load = &vector->load;
	u64 now, elapsed, most;

	load->received += vector->rx_pace.frames;
	load->sent += vector->tx_pace.frames;
	if (++load->samples < LOAD_SAMPLES)
		return;
	now = ktime_get_ns();
	/* after a pause all rates are low */
	elapsed = min_t(u64, now - load->since, NSEC_PER_SEC);
	most = max(load->received, load->sent);
	if (most >= LOAD_SAMPLES * BULK_FRAMES || tgbe_at_rate(most, elapsed, BULK_RATE))
		load->usecs = tgbe_moderation_default.rx.usecs;
	else if (!tgbe_at_rate(most, elapsed, SPARSE_RATE))
		load->usecs = 0;
	load->since = now;
	load->received = 0;
	load->sent = 0;
	load->samples = 0;
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
	const struct tgbe_moderation *request =
		&vector->dev->config.moderation[vector->index];
	struct tgbe_pacer *rx = &vector->rx_pace, *tx = &vector->tx_pace;
	unsigned int usecs = UINT_MAX;
	unsigned long interrupts;

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
	/* a socket that polls by itself gets no interrupts: there is nothing to judge */
	interrupts = READ_ONCE(vector->interrupts);
	if (interrupts == vector->interrupts_judged)
		goto forget;
	vector->interrupts_judged = interrupts;
	if ((READ_ONCE(request->rx.adaptive) || READ_ONCE(request->tx.adaptive)) &&
	    (rx->frames || tx->frames))
		tgbe_judge_load(vector);
	if (!rx->frames && !tx->frames) {
		tgbe_empty_sample(rx);
		tgbe_empty_sample(tx);
	}
	if (rx->frames) {
		usecs = tgbe_requested_interval(vector, &request->rx, rx);
		vector->rx_quiet = 0;
	} else if (vector->rx_quiet < RX_QUIET) {
		vector->rx_quiet++;
	}
	if (tx->frames)
		usecs = min(usecs, tgbe_requested_interval(vector, &request->tx, tx));
	if (usecs != UINT_MAX &&
	    (rx->frames || usecs < vector->throttle || vector->rx_quiet == RX_QUIET))
		tgbe_set_throttle(vector, usecs);
forget:
	vector->polls = 0;
	rx->frames = 0;
	tx->frames = 0;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_moderation_polled);

/**
 * tgbe_moderation_renew() - let a changed configuration take effect
 * @vector: vector of a running port
 *
 * Context: process, RTNL, the new settings in place.
 */
void tgbe_moderation_renew(struct tgbe_vector *vector)
{
	WRITE_ONCE(vector->renew, true);
	vector->dev->chip->irq_kick(vector);
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
		tgbe_begin_anew(vector);
	}
	if (dev->irq_mode == TGBE_IRQ_MSIX)
		dev->chip->irq_throttle(dev, dev->queues_max, OTHER_USECS);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_moderation_start);
