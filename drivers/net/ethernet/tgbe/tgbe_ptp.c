// SPDX-License-Identifier: GPL-2.0
/* The PTP clock of the 82576 and the time stamps of frames (82576 7.10).
 *
 * The chip's counter runs free and counts nanoseconds, so its 64 bits never
 * wrap and need no looking after. Time is a function of it that is kept here:
 * the chip could be sped up and slowed down only in steps of 119 ppb, and an
 * emulated one jumps when its increment is written. That function also makes the
 * time go on over a reset, which sets the counter back.
 *
 * The chip has one register for the last stamp of either direction. A transmit
 * stamp is fetched when the next frame asks for one, or else when its own frame is
 * taken back, which moderation may put off; if it is not there by then, the clock's
 * own worker looks for it a while.
 *
 * The 82574L has such registers too, but they were never seen to stamp a frame:
 * the emulated card does not. It is left with the stamps that the stack takes.
 */
#include <linux/bitfield.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/ptp_classify.h>

#include "tgbe.h"
#include "tgbe_chip.h"

/* Nanoseconds in a tick, which is what the counter goes up by */
#define TICK_NS			16

/* No oscillator is off by ten percent */
#define MAX_PPB			100000000

/* A frame reported as sent may still be in the transmit FIFO: 40 KB take 33 ms
 * at 10 Mb/s, and as long again for each PAUSE frame of the partner.
 */
#define TX_STAMP_WAIT		(HZ / 5)

/**
 * struct ptp_filter - how the chip finds the frames of a receive filter
 * @granted: filter that it amounts to, 0 if the chip cannot do it
 * @type: TGBE_82576_TSYNC_*
 * @message: message that TSYNCRXCFG compares with
 */
struct ptp_filter {
	u8 granted;
	u8 type;
	u8 message;
};

#define V1(name, msg) \
	{ HWTSTAMP_FILTER_PTP_V1_L4_##name, TGBE_82576_TSYNC_L4_V1, msg }
#define V2(name, msg) \
	{ HWTSTAMP_FILTER_PTP_V2_##name, TGBE_82576_TSYNC_L2_L4_V2, msg }
#define V2_L2(name, msg) \
	{ HWTSTAMP_FILTER_PTP_V2_L2_##name, TGBE_82576_TSYNC_L2_V2, msg }
#define V2_EVENT \
	{ HWTSTAMP_FILTER_PTP_V2_EVENT, TGBE_82576_TSYNC_EVENT_V2, 0 }

/* The chip has no mode for UDP alone, and none for both messages of version 1 */
static const struct ptp_filter filters[__HWTSTAMP_FILTER_CNT] = {
	[HWTSTAMP_FILTER_PTP_V1_L4_SYNC]	= V1(SYNC, 0),
	[HWTSTAMP_FILTER_PTP_V1_L4_DELAY_REQ]	= V1(DELAY_REQ, 1),
	[HWTSTAMP_FILTER_PTP_V2_L4_EVENT]	= V2_EVENT,
	[HWTSTAMP_FILTER_PTP_V2_L4_SYNC]	= V2(SYNC, 0),
	[HWTSTAMP_FILTER_PTP_V2_L4_DELAY_REQ]	= V2(DELAY_REQ, 1),
	[HWTSTAMP_FILTER_PTP_V2_L2_EVENT]	= V2_EVENT,
	[HWTSTAMP_FILTER_PTP_V2_L2_SYNC]	= V2_L2(SYNC, 0),
	[HWTSTAMP_FILTER_PTP_V2_L2_DELAY_REQ]	= V2_L2(DELAY_REQ, 1),
	[HWTSTAMP_FILTER_PTP_V2_EVENT]		= V2_EVENT,
	[HWTSTAMP_FILTER_PTP_V2_SYNC]		= V2(SYNC, 0),
	[HWTSTAMP_FILTER_PTP_V2_DELAY_REQ]	= V2(DELAY_REQ, 1),
};

/* The rate at which a clock has to run that is to be faster by this much, in units
 * of 2^-16 ppm
 */
VISIBLE_IF_KUNIT u64 tgbe_clock_rate(long scaled_ppm)
{
	/* 2^40 / 2^16 times the wish */
	s64 change = (s64)scaled_ppm * (1 << (TGBE_CLOCK_RATE_BITS - 16));

	return TGBE_CLOCK_RATE_ONE + div_s64(change, 1000000);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_clock_rate);

static s64 tgbe_clock_forward(const struct tgbe_clock *clock, u64 delta, u64 *frac)
{
	u64 whole = mul_u64_u64_shr(delta, clock->rate, TGBE_CLOCK_RATE_BITS);

	/* the low bits of a product are right however long it is */
	*frac = clock->frac + (delta * clock->rate & (TGBE_CLOCK_RATE_ONE - 1));
	whole += *frac >> TGBE_CLOCK_RATE_BITS;
	*frac &= TGBE_CLOCK_RATE_ONE - 1;
	return clock->ns + whole;
}

/* The time when the counter was, or will be, at @cycles. A stamp may be older than
 * the last change of the rate.
 */
VISIBLE_IF_KUNIT s64 tgbe_clock_at(const struct tgbe_clock *clock, u64 cycles)
{
	u64 delta = cycles - clock->cycles;
	u64 frac;

	if ((s64)delta < 0)
		return clock->ns - mul_u64_u64_shr(-delta, clock->rate,
						   TGBE_CLOCK_RATE_BITS);
	return tgbe_clock_forward(clock, delta, &frac);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_clock_at);

/* Begin anew from @cycles, so that the rate can be changed from there on. Fractions
 * are kept: a servo does this many times a second.
 */
VISIBLE_IF_KUNIT void tgbe_clock_rebase(struct tgbe_clock *clock, u64 cycles)
{
	u64 frac;

	clock->ns = tgbe_clock_forward(clock, cycles - clock->cycles, &frac);
	clock->frac = frac;
	clock->cycles = cycles;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_clock_rebase);

static void tgbe_ptp_count(struct tgbe_device *dev, enum tgbe_ptp_counter which)
{
	atomic64_inc(&dev->ptp.counter[which]);
}

/* What is below up to the next such line wants ptp->lock */

/* Reading the low half latches the high one. @sts, if there, learns the host's
 * time before and after.
 */
static u64 tgbe_ptp_counter(struct tgbe_device *dev,
			    struct ptp_system_timestamp *sts)
{
	u64 low;

	ptp_read_system_prets(sts);
	low = tgbe_rd(dev, TGBE_82576_SYSTIML);
	ptp_read_system_postts(sts);
	return low | (u64)tgbe_rd(dev, TGBE_82576_SYSTIMH) << 32;
}

static u64 tgbe_ptp_cycles(struct tgbe_device *dev,
			   struct ptp_system_timestamp *sts)
{
	struct tgbe_ptp *ptp = &dev->ptp;
	u64 now;

	lockdep_assert_held(&ptp->lock);
	if (likely(!ptp->held)) {
		u64 cycles = tgbe_ptp_counter(dev, sts) + ptp->offset;

		/* no count comes from a card that an error has cut off */
		if (likely(READ_ONCE(dev->regs))) {
			ptp->held_cycles = cycles;
			ptp->held_since = ktime_get_boottime_ns();
			return cycles;
		}
	}
	ptp_read_system_prets(sts);
	now = ktime_get_boottime_ns();
	ptp_read_system_postts(sts);
	return ptp->held_cycles + (now - ptp->held_since);
}

/* Fetch a stamp, which frees the register for the next; false if there is none */
static bool tgbe_ptp_fetch(struct tgbe_device *dev, u32 ctl, u32 low, u64 *stamp)
{
	u32 val;

	lockdep_assert_held(&dev->ptp.lock);
	if (dev->ptp.held)
		return false;
	val = tgbe_rd(dev, ctl);
	/* all ones come from a card that is gone */
	if (!(val & TGBE_82576_TSYNC_VALID) || val == ~0u)
		return false;
	*stamp = tgbe_rd(dev, low);
	*stamp |= (u64)tgbe_rd(dev, low + 4) << 32;
	return true;
}

static bool tgbe_ptp_fetch_tx(struct tgbe_device *dev, u64 *stamp)
{
	return tgbe_ptp_fetch(dev, TGBE_82576_TSYNCTXCTL, TGBE_82576_TXSTMPL, stamp);
}

static bool tgbe_ptp_fetch_rx(struct tgbe_device *dev, u64 *stamp)
{
	bool there = tgbe_ptp_fetch(dev, TGBE_82576_TSYNCRXCTL,
				    TGBE_82576_RXSTMPL, stamp);

	/* the emulated card does not free it before this one was read as well */
	if (there)
		tgbe_rd(dev, TGBE_82576_RXSATRH);
	return there;
}

static ktime_t tgbe_ptp_time(struct tgbe_device *dev, u64 stamp)
{
	return ns_to_ktime(tgbe_clock_at(&dev->ptp.clock,
					 stamp + dev->ptp.offset));
}

/* Version 2 messages over Ethernet are found by their EtherType */
static void tgbe_ptp_find_l2(struct tgbe_device *dev, bool on)
{
	u32 etqf = on ? FIELD_PREP(TGBE_82576_ETQF_TYPE, ETH_P_1588) |
			TGBE_82576_ETQF_EN | TGBE_82576_ETQF_1588 : 0;

	tgbe_wr(dev, TGBE_82576_ETQF(TGBE_FLOW_STAMPS), etqf);
}

/* and those over UDP by the port, from and to, in network order */
static void tgbe_ptp_find_l4(struct tgbe_device *dev, bool on)
{
	u32 port = swab16(PTP_EV_PORT);

	if (!on) {
		tgbe_wr(dev, TGBE_82576_FTQF(TGBE_FLOW_STAMPS),
			TGBE_82576_FTQF_OFF);
		return;
	}
	/* a rule for the same frames must not take them away */
	tgbe_wr(dev, TGBE_82576_IMIR(TGBE_FLOW_STAMPS), port |
		FIELD_PREP(TGBE_82576_IMIR_PRIORITY, 7));
	tgbe_wr(dev, TGBE_82576_IMIREXT(TGBE_FLOW_STAMPS),
		TGBE_82576_IMIREXT_ANY_SIZE | TGBE_82576_IMIREXT_ANY_FLAGS);
	tgbe_wr(dev, TGBE_82576_SPQF(TGBE_FLOW_STAMPS), port);
	tgbe_wr(dev, TGBE_82576_FTQF(TGBE_FLOW_STAMPS),
		FIELD_PREP(TGBE_82576_FTQF_PROTO, IPPROTO_UDP) |
		TGBE_82576_FTQF_ANY_SRC | TGBE_82576_FTQF_ANY_DST |
		TGBE_82576_FTQF_ANY_VF | TGBE_82576_FTQF_1588);
}

/* Give the chip the settings. What it stamped before is forgotten */
static void tgbe_ptp_program(struct tgbe_device *dev)
{
	const struct kernel_hwtstamp_config *config = &dev->ptp.config;
	const struct ptp_filter *f = &filters[config->rx_filter];
	u32 message = FIELD_PREP(TGBE_82576_TSYNCRXCFG_V2, f->message);
	u64 stamp;

	if (f->type == TGBE_82576_TSYNC_L4_V1)
		message = FIELD_PREP(TGBE_82576_TSYNCRXCFG_V1, f->message);
	tgbe_wr(dev, TGBE_82576_TSYNCTXCTL,
		config->tx_type == HWTSTAMP_TX_ON ? TGBE_82576_TSYNC_ENABLE : 0);
	tgbe_wr(dev, TGBE_82576_TSYNCRXCTL, f->granted ?
		FIELD_PREP(TGBE_82576_TSYNCRXCTL_TYPE, f->type) |
		TGBE_82576_TSYNC_ENABLE : 0);
	tgbe_wr(dev, TGBE_82576_TSYNCRXCFG, message);
	tgbe_ptp_find_l2(dev, f->granted && f->type != TGBE_82576_TSYNC_L4_V1);
	tgbe_ptp_find_l4(dev, f->granted && f->type != TGBE_82576_TSYNC_L2_V2);
	tgbe_flush(dev);
	tgbe_ptp_fetch_rx(dev, &stamp);
}

/* What is below takes ptp->lock */

static struct tgbe_device *tgbe_ptp_device(struct ptp_clock_info *info)
{
	return container_of(info, struct tgbe_device, ptp.info);
}

static int tgbe_ptp_gettimex64(struct ptp_clock_info *info, struct timespec64 *ts,
			       struct ptp_system_timestamp *sts)
{
	struct tgbe_device *dev = tgbe_ptp_device(info);
	struct tgbe_ptp *ptp = &dev->ptp;
	unsigned long flags;
	s64 now;

	spin_lock_irqsave(&ptp->lock, flags);
	now = tgbe_clock_at(&ptp->clock, tgbe_ptp_cycles(dev, sts));
	spin_unlock_irqrestore(&ptp->lock, flags);
	if (!READ_ONCE(dev->regs))
		return -ENODEV;
	*ts = ns_to_timespec64(now);
	return 0;
}

static int tgbe_ptp_settime64(struct ptp_clock_info *info,
			      const struct timespec64 *ts)
{
	struct tgbe_device *dev = tgbe_ptp_device(info);
	struct tgbe_ptp *ptp = &dev->ptp;
	unsigned long flags;

	spin_lock_irqsave(&ptp->lock, flags);
	ptp->clock.cycles = tgbe_ptp_cycles(dev, NULL);
	ptp->clock.ns = timespec64_to_ns(ts);
	ptp->clock.frac = 0;
	spin_unlock_irqrestore(&ptp->lock, flags);
	return 0;
}

static int tgbe_ptp_adjtime(struct ptp_clock_info *info, s64 delta)
{
	struct tgbe_ptp *ptp = &tgbe_ptp_device(info)->ptp;
	unsigned long flags;

	spin_lock_irqsave(&ptp->lock, flags);
	ptp->clock.ns += delta;
	spin_unlock_irqrestore(&ptp->lock, flags);
	return 0;
}

static int tgbe_ptp_adjfine(struct ptp_clock_info *info, long scaled_ppm)
{
	struct tgbe_device *dev = tgbe_ptp_device(info);
	struct tgbe_ptp *ptp = &dev->ptp;
	unsigned long flags;

	spin_lock_irqsave(&ptp->lock, flags);
	tgbe_clock_rebase(&ptp->clock, tgbe_ptp_cycles(dev, NULL));
	ptp->clock.rate = tgbe_clock_rate(scaled_ppm);
	spin_unlock_irqrestore(&ptp->lock, flags);
	return 0;
}

/* The chip has no PPS, and its pins are not wired on the boards it is found on */
static int tgbe_ptp_enable(struct ptp_clock_info *info,
			   struct ptp_clock_request *request, int on)
{
	return -EOPNOTSUPP;
}

/* A frame that no longer waits, and the stamp it got */
struct settled {
	struct sk_buff *skb;
	bool stamped;
	ktime_t time;
};

/* End the wait if the stamp is there. With ptp->lock */
static bool tgbe_ptp_tx_take(struct tgbe_device *dev, struct settled *done)
{
	struct tgbe_ptp *ptp = &dev->ptp;
	u64 stamp;

	if (!ptp->tx_skb || !tgbe_ptp_fetch_tx(dev, &stamp))
		return false;
	done->skb = ptp->tx_skb;
	done->stamped = true;
	done->time = tgbe_ptp_time(dev, stamp);
	ptp->tx_skb = NULL;
	return true;
}

/* End it in any case. With ptp->lock */
static void tgbe_ptp_tx_give_up(struct tgbe_device *dev, struct settled *done)
{
	done->skb = dev->ptp.tx_skb;
	dev->ptp.tx_skb = NULL;
}

/* Count it and tell the sender. Whoever gets the stamp may send the next frame at once,
 * so this is without ptp->lock.
 */
static void tgbe_ptp_tx_settle(struct tgbe_device *dev, const struct settled *done)
{
	struct skb_shared_hwtstamps stamps = { .hwtstamp = done->time };

	if (!done->skb)
		return;
	if (done->stamped) {
		tgbe_ptp_count(dev, TGBE_PTP_TX_STAMPS);
		skb_tstamp_tx(done->skb, &stamps);
	} else {
		tgbe_ptp_count(dev, TGBE_PTP_TX_LOST);
	}
	dev_consume_skb_any(done->skb);
}

/* Look for the stamp of a frame that was taken back without */
VISIBLE_IF_KUNIT long tgbe_ptp_aux_work(struct ptp_clock_info *info)
{
	struct tgbe_device *dev = tgbe_ptp_device(info);
	struct tgbe_ptp *ptp = &dev->ptp;
	struct settled done = {};
	unsigned long flags;
	bool more = false;

	spin_lock_irqsave(&ptp->lock, flags);
	/* what is still in the ring, its poll will ask for */
	if (ptp->tx_skb && ptp->tx_sent && !tgbe_ptp_tx_take(dev, &done)) {
		more = time_before(jiffies, ptp->tx_deadline);
		if (!more)
			tgbe_ptp_tx_give_up(dev, &done);
	}
	spin_unlock_irqrestore(&ptp->lock, flags);

	tgbe_ptp_tx_settle(dev, &done);
	return more ? 1 : -1;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_ptp_aux_work);

/**
 * tgbe_ptp_tx_claim() - may the chip be asked for a frame's stamp?
 * @dev: port
 * @skb: frame whose sender wants one; it is held on to until it has it
 *
 * The chip has room for one stamp. If that of the frame before is there, it is
 * delivered now and the room is this frame's. What was claimed ends here, with
 * tgbe_ptp_tx_sent() or with tgbe_ptp_tx_lost().
 *
 * Context: bottom halves disabled, the netdev queue's lock held; not netpoll.
 * Return: true if the descriptor is to ask for it.
 */
bool tgbe_ptp_tx_claim(struct tgbe_device *dev, struct sk_buff *skb)
{
	struct tgbe_ptp *ptp = &dev->ptp;
	struct settled done = {};
	unsigned long flags;
	bool free;
	u64 stale;

	if (READ_ONCE(ptp->config.tx_type) != HWTSTAMP_TX_ON)
		return false;
	spin_lock_irqsave(&ptp->lock, flags);
	free = !ptp->tx_skb || tgbe_ptp_tx_take(dev, &done);
	if (free) {
		/* one that came after its frame was given up is not this frame's */
		tgbe_ptp_fetch_tx(dev, &stale);
		ptp->tx_skb = skb_get(skb);
		ptp->tx_sent = false;
		skb_shinfo(skb)->tx_flags |= SKBTX_IN_PROGRESS;
	}
	spin_unlock_irqrestore(&ptp->lock, flags);

	if (!free)
		tgbe_ptp_count(dev, TGBE_PTP_TX_SKIPPED);
	tgbe_ptp_tx_settle(dev, &done);
	return free;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_ptp_tx_claim);

/**
 * tgbe_ptp_tx_sent() - a frame with a request was sent
 * @dev: port
 * @skb: the frame, which may have got its stamp before
 * @may_deliver: not called by netpoll, so that sockets can be woken
 *
 * Context: any.
 */
void tgbe_ptp_tx_sent(struct tgbe_device *dev, struct sk_buff *skb, bool may_deliver)
{
	struct tgbe_ptp *ptp = &dev->ptp;
	struct settled done = {};
	unsigned long flags;
	bool waits;

	spin_lock_irqsave(&ptp->lock, flags);
	/* no other frame can be at this address: the ring has not freed it yet */
	waits = ptp->tx_skb == skb &&
		!(may_deliver && tgbe_ptp_tx_take(dev, &done));
	if (waits) {
		ptp->tx_sent = true;
		ptp->tx_deadline = jiffies + TX_STAMP_WAIT;
	}
	spin_unlock_irqrestore(&ptp->lock, flags);

	tgbe_ptp_tx_settle(dev, &done);
	if (waits)
		ptp_schedule_worker(ptp->registered, 0);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_ptp_tx_sent);

/**
 * tgbe_ptp_tx_lost() - a frame with a request will not be sent
 * @dev: port
 * @skb: the frame, which may have got its stamp before
 *
 * Context: any.
 */
void tgbe_ptp_tx_lost(struct tgbe_device *dev, struct sk_buff *skb)
{
	struct settled done = {};
	unsigned long flags;

	spin_lock_irqsave(&dev->ptp.lock, flags);
	if (dev->ptp.tx_skb == skb)
		tgbe_ptp_tx_give_up(dev, &done);
	spin_unlock_irqrestore(&dev->ptp.lock, flags);
	tgbe_ptp_tx_settle(dev, &done);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_ptp_tx_lost);

/**
 * tgbe_ptp_rx() - put the stamp to a received frame that has one
 * @dev: port
 * @skb: frame whose descriptor says so
 *
 * Context: NAPI poll.
 */
void tgbe_ptp_rx(struct tgbe_device *dev, struct sk_buff *skb)
{
	struct tgbe_ptp *ptp = &dev->ptp;
	unsigned long flags;
	u64 stamp;

	if (READ_ONCE(ptp->config.rx_filter) == HWTSTAMP_FILTER_NONE)
		return;
	spin_lock_irqsave(&ptp->lock, flags);
	if (tgbe_ptp_fetch_rx(dev, &stamp)) {
		skb_hwtstamps(skb)->hwtstamp = tgbe_ptp_time(dev, stamp);
		tgbe_ptp_count(dev, TGBE_PTP_RX_STAMPS);
	}
	spin_unlock_irqrestore(&ptp->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_ptp_rx);

/**
 * tgbe_ptp_service() - free the receive stamp of a frame that was dropped
 * @dev: running port
 *
 * As long as it is there the chip takes no other. It is given two periods of the
 * service work to be fetched.
 *
 * Context: process.
 */
void tgbe_ptp_service(struct tgbe_device *dev)
{
	struct tgbe_ptp *ptp = &dev->ptp;
	bool waits, forgotten;
	unsigned long flags;
	u64 taken, stamp;

	if (READ_ONCE(ptp->config.rx_filter) == HWTSTAMP_FILTER_NONE)
		return;
	spin_lock_irqsave(&ptp->lock, flags);
	taken = atomic64_read(&ptp->counter[TGBE_PTP_RX_STAMPS]);
	waits = tgbe_rd(dev, TGBE_82576_TSYNCRXCTL) & TGBE_82576_TSYNC_VALID;
	forgotten = waits && ptp->rx_waits && taken == ptp->rx_taken;
	if (forgotten && tgbe_ptp_fetch_rx(dev, &stamp)) {
		tgbe_ptp_count(dev, TGBE_PTP_RX_CLEARED);
		waits = false;
	}
	ptp->rx_waits = waits;
	ptp->rx_taken = taken;
	spin_unlock_irqrestore(&ptp->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_ptp_service);

/* A frame whose stamp goes with the reset */
static void tgbe_ptp_abandon(struct tgbe_device *dev)
{
	struct settled done = {};
	unsigned long flags;

	spin_lock_irqsave(&dev->ptp.lock, flags);
	if (dev->ptp.tx_skb && !tgbe_ptp_tx_take(dev, &done))
		tgbe_ptp_tx_give_up(dev, &done);
	spin_unlock_irqrestore(&dev->ptp.lock, flags);
	tgbe_ptp_tx_settle(dev, &done);
}

/**
 * tgbe_ptp_hold() - let the host's clock stand in for the chip's
 * @dev: port about to be reset or disabled, its polls disabled
 *
 * Context: process.
 */
void tgbe_ptp_hold(struct tgbe_device *dev)
{
	struct tgbe_ptp *ptp = &dev->ptp;
	unsigned long flags;
	u64 cycles;

	if (!ptp->registered)
		return;
	tgbe_ptp_abandon(dev);
	spin_lock_irqsave(&ptp->lock, flags);
	cycles = tgbe_ptp_cycles(dev, NULL);
	ptp->held_since = ktime_get_boottime_ns();
	ptp->held_cycles = cycles;
	ptp->held = true;
	spin_unlock_irqrestore(&ptp->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_ptp_hold);

static void tgbe_ptp_run(struct tgbe_device *dev)
{
	struct tgbe_ptp *ptp = &dev->ptp;
	unsigned long flags;
	u64 cycles;

	spin_lock_irqsave(&ptp->lock, flags);
	tgbe_wr(dev, TGBE_82576_TIMINCA,
		FIELD_PREP(TGBE_82576_TIMINCA_PERIOD, 1) |
		FIELD_PREP(TGBE_82576_TIMINCA_VALUE, TICK_NS));
	cycles = tgbe_ptp_cycles(dev, NULL);
	ptp->offset = cycles - tgbe_ptp_counter(dev, NULL);
	ptp->held = false;
	ptp->rx_waits = false;
	tgbe_ptp_program(dev);
	spin_unlock_irqrestore(&ptp->lock, flags);
}

/**
 * tgbe_ptp_resume() - the chip was reset: its clock and stamps go on
 * @dev: port that tgbe_ptp_hold() was called for
 *
 * Context: process.
 */
void tgbe_ptp_resume(struct tgbe_device *dev)
{
	if (dev->ptp.registered)
		tgbe_ptp_run(dev);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_ptp_resume);

/**
 * tgbe_ptp_hwtstamp_get() - ndo_hwtstamp_get
 * @netdev: port
 * @config: what is stamped
 *
 * Context: process, RTNL.
 * Return: 0, or -EOPNOTSUPP without a clock.
 */
int tgbe_ptp_hwtstamp_get(struct net_device *netdev,
			  struct kernel_hwtstamp_config *config)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	if (!dev->ptp.registered)
		return -EOPNOTSUPP;
	*config = dev->ptp.config;
	return 0;
}

/**
 * tgbe_ptp_hwtstamp_set() - ndo_hwtstamp_set
 * @netdev: port, open or not
 * @config: what is to be stamped; the filter becomes the one that is granted,
 *	    which lets in at least as much
 * @extack: where a refusal says what can be had
 *
 * Context: process, RTNL.
 * Return: 0, -EOPNOTSUPP without a clock, -ERANGE for what the chip cannot do.
 */
int tgbe_ptp_hwtstamp_set(struct net_device *netdev,
			  struct kernel_hwtstamp_config *config,
			  struct netlink_ext_ack *extack)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	struct tgbe_ptp *ptp = &dev->ptp;
	unsigned long flags;

	if (!ptp->registered) {
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "software stamps only: the %s runs without a clock",
				       dev->chip->name);
		return -EOPNOTSUPP;
	}
	if (config->tx_type != HWTSTAMP_TX_OFF && config->tx_type != HWTSTAMP_TX_ON) {
		NL_SET_ERR_MSG_MOD(extack,
				   "transmit stamps must be off or on, not in the frame");
		return -ERANGE;
	}
	if (config->rx_filter != HWTSTAMP_FILTER_NONE &&
	    !filters[config->rx_filter].granted) {
		NL_SET_ERR_MSG_MOD(extack,
				   "only PTP v2 events, or one of v1 Sync and Delay_Req");
		return -ERANGE;
	}

	config->rx_filter = filters[config->rx_filter].granted;
	spin_lock_irqsave(&ptp->lock, flags);
	WRITE_ONCE(ptp->config.tx_type, config->tx_type);
	WRITE_ONCE(ptp->config.rx_filter, config->rx_filter);
	tgbe_ptp_program(dev);
	spin_unlock_irqrestore(&ptp->lock, flags);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_ptp_hwtstamp_set);

/**
 * tgbe_ptp_ts_info() - what ethtool -T shows
 * @dev: port
 * @info: filled in
 *
 * Context: process.
 * Return: 0.
 */
int tgbe_ptp_ts_info(struct tgbe_device *dev, struct kernel_ethtool_ts_info *info)
{
	ethtool_op_get_ts_info(dev->netdev, info);
	if (!dev->ptp.registered)
		return 0;
	info->so_timestamping |= SOF_TIMESTAMPING_TX_HARDWARE |
				 SOF_TIMESTAMPING_RX_HARDWARE |
				 SOF_TIMESTAMPING_RAW_HARDWARE;
	info->phc_index = ptp_clock_index(dev->ptp.registered);
	info->tx_types = BIT(HWTSTAMP_TX_OFF) | BIT(HWTSTAMP_TX_ON);
	info->rx_filters = BIT(HWTSTAMP_FILTER_NONE);
	for (unsigned int i = 0; i < ARRAY_SIZE(filters); i++)
		if (filters[i].granted)
			info->rx_filters |= BIT(i);
	return 0;
}

/**
 * tgbe_ptp_ts_stats() - transmit stamps, for ethtool -I -T
 * @dev: port
 * @stats: filled in where there is a clock
 *
 * Context: process.
 */
void tgbe_ptp_ts_stats(struct tgbe_device *dev, struct ethtool_ts_stats *stats)
{
	const atomic64_t *counter = dev->ptp.counter;

	if (!dev->ptp.registered)
		return;
	stats->pkts = atomic64_read(&counter[TGBE_PTP_TX_STAMPS]);
	stats->lost = atomic64_read(&counter[TGBE_PTP_TX_LOST]);
	stats->err = atomic64_read(&counter[TGBE_PTP_TX_SKIPPED]);
}

/**
 * tgbe_ptp_init() - start the clock and register it
 * @dev: port being probed, its chip reset
 *
 * A clock that cannot be registered is done without.
 *
 * Context: process.
 */
void tgbe_ptp_init(struct tgbe_device *dev)
{
	struct tgbe_ptp *ptp = &dev->ptp;
	struct ptp_clock *clock;

	if (!dev->chip->ptp)
		return;
	ptp->clock.rate = TGBE_CLOCK_RATE_ONE;
	ptp->clock.ns = ktime_get_real_ns();
	/* as after a reset */
	ptp->held_since = ktime_get_boottime_ns();
	ptp->held = true;
	tgbe_ptp_run(dev);

	ptp->info = (struct ptp_clock_info){
		.owner		= THIS_MODULE,
		.max_adj	= MAX_PPB,
		.adjfine	= tgbe_ptp_adjfine,
		.adjtime	= tgbe_ptp_adjtime,
		.gettimex64	= tgbe_ptp_gettimex64,
		.settime64	= tgbe_ptp_settime64,
		.enable		= tgbe_ptp_enable,
		.do_aux_work	= tgbe_ptp_aux_work,
	};
	snprintf(ptp->info.name, sizeof(ptp->info.name), "%s %s", TGBE_DRV_NAME,
		 pci_name(dev->pdev));
	clock = ptp_clock_register(&ptp->info, &dev->pdev->dev);
	if (IS_ERR(clock)) {
		dev_warn(&dev->pdev->dev, "no PTP clock: %pe\n", clock);
		return;
	}
	ptp->registered = clock;
}

/**
 * tgbe_ptp_exit() - take the clock away
 * @dev: port whose netdev is gone
 *
 * Context: process.
 */
void tgbe_ptp_exit(struct tgbe_device *dev)
{
	if (!dev->ptp.registered)
		return;
	ptp_clock_unregister(dev->ptp.registered);
	tgbe_ptp_abandon(dev);
}
