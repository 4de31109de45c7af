/* SPDX-License-Identifier: GPL-2.0 */
/* The port's clock, and the time stamps of frames */
#ifndef _TGBE_PTP_H_
#define _TGBE_PTP_H_

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/net_tstamp.h>
#include <linux/ptp_clock_kernel.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct ethtool_ts_stats;
struct kernel_ethtool_ts_info;
struct net_device;
struct netlink_ext_ack;
struct sk_buff;
struct tgbe_device;

/**
 * struct tgbe_clock - time as a function of the chip's free-running counter
 * @cycles: reading of the counter at some moment
 * @ns: the time at that moment
 * @frac: and the fraction of a nanosecond, in units of 2^-%TGBE_CLOCK_RATE_BITS ns
 * @rate: nanoseconds a cycle, in the same units
 */
struct tgbe_clock {
	u64 cycles;
	s64 ns;
	u64 frac;
	u64 rate;
};

#define TGBE_CLOCK_RATE_BITS	40
#define TGBE_CLOCK_RATE_ONE	BIT_ULL(TGBE_CLOCK_RATE_BITS)

/* What became of stamps. The names are in tgbe_stats.c */
enum tgbe_ptp_counter {
	TGBE_PTP_RX_STAMPS,
	TGBE_PTP_RX_CLEARED,	/* nobody fetched it: its frame was dropped */
	TGBE_PTP_TX_STAMPS,
	TGBE_PTP_TX_LOST,	/* never came */
	TGBE_PTP_TX_SKIPPED,	/* not asked for: another one was awaited */
	TGBE_PTP_COUNTERS,
};

/**
 * struct tgbe_ptp - the clock of the port, and the stamps that are awaited
 *
 * There from probe to remove, whether the port is open or not; all zero on a chip
 * without.
 *
 * @info: what the PTP core knows
 * @registered: the core's object; NULL on a chip without a clock
 * @lock: protects what follows up to @tx_deadline, and the registers that are read
 *	  in pairs; taken with interrupts off
 * @clock: from counter to time
 * @offset: to be added to the chip's counter, which a reset sets back
 * @held: the chip is being reset or gone: the host's clock stands in
 * @held_cycles: counter, with its offset, when that began, or when it was last read
 * @held_since: the host's clock then
 * @config: what is stamped; written with RTNL as well
 * @rx_taken: receive stamps fetched when the service work looked last
 * @rx_waits: there was one then that nobody had fetched
 * @tx_skb: frame whose stamp is awaited, from the request on
 * @tx_sent: it was taken back
 * @tx_deadline: jiffies when the wait ends that began then
 * @counter: see enum tgbe_ptp_counter
 */
struct tgbe_ptp {
	struct ptp_clock_info info;
	struct ptp_clock *registered;
	spinlock_t lock;	/* clock, stamps */
	struct tgbe_clock clock;
	u64 offset;
	bool held;
	u64 held_cycles;
	u64 held_since;
	struct kernel_hwtstamp_config config;
	u64 rx_taken;
	bool rx_waits;
	struct sk_buff *tx_skb;
	bool tx_sent;
	unsigned long tx_deadline;
	atomic64_t counter[TGBE_PTP_COUNTERS];
};

void tgbe_ptp_init(struct tgbe_device *dev);
void tgbe_ptp_exit(struct tgbe_device *dev);
void tgbe_ptp_hold(struct tgbe_device *dev);
void tgbe_ptp_resume(struct tgbe_device *dev);
void tgbe_ptp_service(struct tgbe_device *dev);
bool tgbe_ptp_tx_claim(struct tgbe_device *dev, struct sk_buff *skb);
void tgbe_ptp_tx_sent(struct tgbe_device *dev, struct sk_buff *skb, bool may_deliver);
void tgbe_ptp_tx_lost(struct tgbe_device *dev, struct sk_buff *skb);
void tgbe_ptp_rx(struct tgbe_device *dev, struct sk_buff *skb);
int tgbe_ptp_hwtstamp_get(struct net_device *netdev,
			  struct kernel_hwtstamp_config *config);
int tgbe_ptp_hwtstamp_set(struct net_device *netdev,
			  struct kernel_hwtstamp_config *config,
			  struct netlink_ext_ack *extack);
int tgbe_ptp_ts_info(struct tgbe_device *dev, struct kernel_ethtool_ts_info *info);
void tgbe_ptp_ts_stats(struct tgbe_device *dev, struct ethtool_ts_stats *stats);
#if IS_ENABLED(CONFIG_KUNIT)
u64 tgbe_clock_rate(long scaled_ppm);
s64 tgbe_clock_at(const struct tgbe_clock *clock, u64 cycles);
void tgbe_clock_rebase(struct tgbe_clock *clock, u64 cycles);
long tgbe_ptp_aux_work(struct ptp_clock_info *info);
#endif

#endif /* _TGBE_PTP_H_ */
