// SPDX-License-Identifier: GPL-2.0
/* Counters: the chip's clear-on-read ones, latched into 64 bits, and the
 * rings'. One table names the hardware counters and one each the rings', and
 * strings, values and counts all walk them.
 */
#include <linux/ethtool.h>
#include <net/netdev_queues.h>

#include "tgbe.h"
#include "tgbe_chip.h"
#include "tgbe_ring.h"

/* Registers that count frames by size */
#define SIZE_CLASSES	6

enum {
	HW_CRC_ERRORS,
	HW_ALIGN_ERRORS,
	HW_SYMBOL_ERRORS,
	HW_RX_ERRORS,
	HW_RX_MISSED,
	HW_RX_NO_BUFFER,
	HW_RX_UNDERSIZE,
	HW_RX_FRAGMENTS,
	HW_RX_OVERSIZE,
	HW_RX_JABBERS,
	HW_RX_MULTICAST,
	HW_RX_BROADCAST,
	HW_RX_PACKETS,
	HW_RX_BYTES,
	HW_RX_XON,
	HW_RX_XOFF,
	HW_RX_UNSUPPORTED,
	HW_TX_PACKETS,
	HW_TX_BYTES,
	HW_TX_MULTICAST,
	HW_TX_BROADCAST,
	HW_TX_TCP_SEG,
	HW_TX_XON,
	HW_TX_XOFF,
	HW_TX_DEFERRED,
	HW_TX_SINGLE_COLL,
	HW_TX_MULTI_COLL,
	HW_TX_EXCESS_COLL,
	HW_TX_LATE_COLL,
	HW_COLLISIONS,
	HW_TX_NO_CARRIER,
	HW_CARRIER_EXT_ERRORS,
	HW_TX_DISCARDED,
	HW_RX_SIZES,
	HW_TX_SIZES = HW_RX_SIZES + SIZE_CLASSES,
	HW_COUNTERS = HW_TX_SIZES + SIZE_CLASSES,
};

static_assert(HW_COUNTERS <= TGBE_HW_COUNTERS_MAX);

/* Without a name it is shown in a standard group, or as one of the port's */
struct hw_counter {
	char name[ETH_GSTRING_LEN];
	u32 reg;
	u8 chips;
	bool wide;	/* a second register above holds the high half */
};

static const struct hw_counter hw_counters[HW_COUNTERS] = {
	[HW_CRC_ERRORS]		= { "rx_crc_errors", TGBE_CRCERRS, TGBE_ON_BOTH },
	[HW_ALIGN_ERRORS]	= { "rx_align_errors", TGBE_ALGNERRC, TGBE_ON_BOTH },
	[HW_SYMBOL_ERRORS]	= { "rx_symbol_errors", TGBE_SYMERRS, TGBE_ON_BOTH },
	[HW_RX_ERRORS]		= { "rx_phy_errors", TGBE_RXERRC, TGBE_ON_BOTH },
	[HW_RX_MISSED]		= { "rx_missed_errors", TGBE_MPC, TGBE_ON_BOTH },
	[HW_RX_NO_BUFFER]	= { "rx_no_buffer", TGBE_RNBC, TGBE_ON_BOTH },
	[HW_RX_UNDERSIZE]	= { "rx_undersize", TGBE_RUC, TGBE_ON_BOTH },
	[HW_RX_FRAGMENTS]	= { "rx_fragments", TGBE_RFC, TGBE_ON_BOTH },
	[HW_RX_OVERSIZE]	= { "rx_oversize", TGBE_ROC, TGBE_ON_BOTH },
	[HW_RX_JABBERS]		= { "rx_jabbers", TGBE_RJC, TGBE_ON_BOTH },
	[HW_RX_MULTICAST]	= { "rx_multicast", TGBE_MPRC, TGBE_ON_BOTH },
	[HW_RX_BROADCAST]	= { "rx_broadcast", TGBE_BPRC, TGBE_ON_BOTH },
	[HW_RX_PACKETS]		= { "rx_mac_packets", TGBE_GPRC, TGBE_ON_BOTH },
	[HW_RX_BYTES]		= { "rx_mac_bytes", TGBE_GORCL, TGBE_ON_BOTH, true },
	[HW_RX_XON]		= { "rx_xon", TGBE_XONRXC, TGBE_ON_BOTH },
	[HW_RX_XOFF]		= { "rx_xoff", TGBE_XOFFRXC, TGBE_ON_BOTH },
	[HW_RX_UNSUPPORTED]	= { "rx_unsupported_ctrl", TGBE_FCRUC, TGBE_ON_BOTH },
	[HW_TX_PACKETS]		= { "tx_mac_packets", TGBE_GPTC, TGBE_ON_BOTH },
	[HW_TX_BYTES]		= { "tx_mac_bytes", TGBE_GOTCL, TGBE_ON_BOTH, true },
	[HW_TX_MULTICAST]	= { "tx_multicast", TGBE_MPTC, TGBE_ON_BOTH },
	[HW_TX_BROADCAST]	= { "tx_broadcast", TGBE_BPTC, TGBE_ON_BOTH },
	[HW_TX_TCP_SEG]		= { "tx_tcp_seg_packets", TGBE_TSCTC, TGBE_ON_BOTH },
	[HW_TX_XON]		= { "tx_xon", TGBE_XONTXC, TGBE_ON_BOTH },
	[HW_TX_XOFF]		= { "tx_xoff", TGBE_XOFFTXC, TGBE_ON_BOTH },
	[HW_TX_DEFERRED]	= { "tx_deferred", TGBE_DC, TGBE_ON_BOTH },
	[HW_TX_SINGLE_COLL]	= { "tx_single_collisions", TGBE_SCC, TGBE_ON_BOTH },
	[HW_TX_MULTI_COLL]	= { "tx_multiple_collisions", TGBE_MCC, TGBE_ON_BOTH },
	[HW_TX_EXCESS_COLL]	= { "tx_excess_collisions", TGBE_ECOL, TGBE_ON_BOTH },
	[HW_TX_LATE_COLL]	= { "tx_late_collisions", TGBE_LATECOL, TGBE_ON_BOTH },
	[HW_COLLISIONS]		= { "collisions", TGBE_COLC, TGBE_ON_BOTH },
	[HW_TX_NO_CARRIER]	= { "tx_no_carrier", TGBE_82576_TNCRS, TGBE_ON_82576 },
	[HW_CARRIER_EXT_ERRORS]	= { "rx_carrier_ext_errors", TGBE_82574_CEXTERR,
				    TGBE_ON_82574 },
	[HW_TX_DISCARDED]	= { "", TGBE_82576_HTDPMC, TGBE_ON_82576 },
	[HW_RX_SIZES]		= { "", TGBE_PRC(0), TGBE_ON_BOTH },
	[HW_RX_SIZES + 1]	= { "", TGBE_PRC(1), TGBE_ON_BOTH },
	[HW_RX_SIZES + 2]	= { "", TGBE_PRC(2), TGBE_ON_BOTH },
	[HW_RX_SIZES + 3]	= { "", TGBE_PRC(3), TGBE_ON_BOTH },
	[HW_RX_SIZES + 4]	= { "", TGBE_PRC(4), TGBE_ON_BOTH },
	[HW_RX_SIZES + 5]	= { "", TGBE_PRC(5), TGBE_ON_BOTH },
	[HW_TX_SIZES]		= { "", TGBE_PTC(0), TGBE_ON_BOTH },
	[HW_TX_SIZES + 1]	= { "", TGBE_PTC(1), TGBE_ON_BOTH },
	[HW_TX_SIZES + 2]	= { "", TGBE_PTC(2), TGBE_ON_BOTH },
	[HW_TX_SIZES + 3]	= { "", TGBE_PTC(3), TGBE_ON_BOTH },
	[HW_TX_SIZES + 4]	= { "", TGBE_PTC(4), TGBE_ON_BOTH },
	[HW_TX_SIZES + 5]	= { "", TGBE_PTC(5), TGBE_ON_BOTH },
};

static const struct ethtool_rmon_hist_range size_ranges[] = {
	{ 0, 64 }, { 65, 127 }, { 128, 255 }, { 256, 511 }, { 512, 1023 },
	{ 1024, TGBE_MTU_MAX + TGBE_FRAME_OVERHEAD },
	{ }
};

static_assert(ARRAY_SIZE(size_ranges) == SIZE_CLASSES + 1);

/* Names of a ring's counters, behind "rx_queue_N_" and "tx_queue_N_", in the
 * order of the members of struct tgbe_rx_stats and struct tgbe_tx_stats
 */
static const char *const rx_names[] = {
	"packets", "bytes", "drops", "damaged", "errors", "csum_errors",
	"alloc_failed", "csum_good", "csum_none", "copied", "split", "polls",
	"doorbells",
};

static_assert(ARRAY_SIZE(rx_names) * sizeof(u64) ==
	      sizeof(struct tgbe_rx_stats));

static const char *const tx_names[] = {
	"packets", "bytes", "dropped", "stops", "restarts", "doorbells",
	"contexts", "csum", "gso_packets", "gso_bytes", "gso_wire_packets",
	"gso_wire_bytes", "copied", "timeouts",
};

static_assert(ARRAY_SIZE(tx_names) * sizeof(u64) ==
	      sizeof(struct tgbe_tx_stats));

/* What the whole port counts, whatever its chip. The 82574L has no register for
 * frames discarded on their way out: they stay at 0 there.
 */
static const char *const port_names[] = {
	"rx_fifo_errors", "tx_fifo_errors", "link_events", "link_downshifts",
	"rx_overrun_events",
};

static const char *const ptp_names[] = {
	[TGBE_PTP_RX_STAMPS]	= "rx_hwtstamps",
	[TGBE_PTP_RX_CLEARED]	= "rx_hwtstamp_cleared",
	[TGBE_PTP_TX_STAMPS]	= "tx_hwtstamps",
	[TGBE_PTP_TX_LOST]	= "tx_hwtstamp_timeouts",
	[TGBE_PTP_TX_SKIPPED]	= "tx_hwtstamp_skipped",
};

static_assert(ARRAY_SIZE(ptp_names) == TGBE_PTP_COUNTERS);

static unsigned int tgbe_ptp_counters(const struct tgbe_device *dev)
{
	return dev->chip->ptp ? TGBE_PTP_COUNTERS : 0;
}

static bool tgbe_shows_counter(const struct tgbe_device *dev,
			       const struct hw_counter *c)
{
	return c->name[0] && tgbe_is_on(dev, c->chips);
}

static u64 tgbe_read_counter(struct tgbe_device *dev, const struct hw_counter *c)
{
	u64 val = tgbe_rd(dev, c->reg);

	/* reading the high half clears both, so it comes last */
	if (c->wide)
		val |= (u64)tgbe_rd(dev, c->reg + 4) << 32;
	return val;
}

/* Where a frame that finds its ring full is kept back (no DROP_EN), the packet buffer
 * fills up behind it, and a frame that then finds no room is one of those missed
 */
static bool tgbe_full_ring_blocks(const struct tgbe_device *dev)
{
	return !dev->chip->queue_drops || !READ_ONCE(dev->drop_full);
}

/**
 * tgbe_stats_harvest() - add what the chip counted since the last time
 * @dev: port
 *
 * The registers clear when read and stick at all ones, so they are read from
 * here alone, every %TGBE_SERVICE_PERIOD and before a reset.
 *
 * Context: process.
 */
void tgbe_stats_harvest(struct tgbe_device *dev)
{
	u64 drops[TGBE_MAX_QUEUES] = {};
	u64 delta[HW_COUNTERS] = {};
	u64 dropped = 0, overruns;

	mutex_lock(&dev->hw_lock);
	for (unsigned int i = 0; i < HW_COUNTERS; i++)
		if (tgbe_is_on(dev, hw_counters[i].chips))
			delta[i] = tgbe_read_counter(dev, &hw_counters[i]);
	for (unsigned int q = 0; dev->chip->queue_drops && q < dev->queues_max;
	     q++)
		drops[q] = dev->chip->queue_drops(dev, q);
	overruns = atomic64_read(&dev->overruns);

	/* a card that is gone reads as all ones, which is no count */
	if (READ_ONCE(dev->regs)) {
		spin_lock_bh(&dev->stats_lock);
		for (unsigned int i = 0; i < HW_COUNTERS; i++)
			dev->hw[i] += delta[i];
		for (unsigned int q = 0; q < dev->queues_max; q++) {
			dev->vector[q]->drops += drops[q];
			dropped += drops[q];
		}
		if (tgbe_full_ring_blocks(dev))
			dropped += delta[HW_RX_MISSED];
		/* not every card counts the frames, but each reports the event */
		dev->fifo_errors += max(dropped, overruns - dev->overruns_seen);
		dev->overruns_seen = overruns;
		spin_unlock_bh(&dev->stats_lock);
	}
	mutex_unlock(&dev->hw_lock);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_stats_harvest);

static void tgbe_add_raw(union tgbe_ring_stats *sum,
			 const union tgbe_ring_stats *add)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(sum->raw); i++)
		sum->raw[i] += add->raw[i];
}

/**
 * tgbe_stats_retire() - keep the counters of a ring that is about to go
 * @vector: vector it belonged to
 * @ring: ring that counts no more
 *
 * Context: @vector->dev->stats_lock held, so that no reader finds the counters
 * in both places or in neither.
 */
void tgbe_stats_retire(struct tgbe_vector *vector, struct tgbe_ring *ring)
{
	union tgbe_ring_stats last;

	lockdep_assert_held(&vector->dev->stats_lock);
	tgbe_ring_stats_read(ring, &last);
	tgbe_add_raw(&vector->retired[ring->is_rx], &last);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_stats_retire);

/* Counters of a queue since probe, whichever rings it had */
static void tgbe_read_queue(struct tgbe_device *dev, unsigned int q, bool is_rx,
			    union tgbe_ring_stats *stats)
{
	struct tgbe_vector *vector = dev->vector[q];
	struct tgbe_ring *ring = is_rx ? vector->rx : vector->tx;
	union tgbe_ring_stats live;

	lockdep_assert_held(&dev->stats_lock);
	*stats = vector->retired[is_rx];
	if (!ring)
		return;
	tgbe_ring_stats_read(ring, &live);
	tgbe_add_raw(stats, &live);
}

/**
 * tgbe_stats_get64() - ndo_get_stats64
 * @netdev: port
 * @stats: to be filled in
 *
 * Context: any but hard IRQ.
 */
void tgbe_stats_get64(struct net_device *netdev,
		      struct rtnl_link_stats64 *stats)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	union tgbe_ring_stats rx = {}, tx = {}, one;

	spin_lock_bh(&dev->stats_lock);
	for (unsigned int q = 0; q < dev->queues_max; q++) {
		tgbe_read_queue(dev, q, true, &one);
		tgbe_add_raw(&rx, &one);
		tgbe_read_queue(dev, q, false, &one);
		tgbe_add_raw(&tx, &one);
	}
	stats->rx_packets = rx.rx.packets;
	stats->rx_bytes = rx.rx.bytes;
	stats->rx_dropped = rx.rx.drops;
	stats->tx_packets = tx.tx.packets;
	stats->tx_bytes = tx.tx.bytes;
	stats->tx_dropped = tx.tx.dropped;

	stats->multicast = dev->hw[HW_RX_MULTICAST];
	stats->collisions = dev->hw[HW_COLLISIONS];
	stats->rx_crc_errors = dev->hw[HW_CRC_ERRORS];
	stats->rx_frame_errors = dev->hw[HW_ALIGN_ERRORS];
	stats->rx_length_errors = dev->hw[HW_RX_UNDERSIZE] +
				  dev->hw[HW_RX_OVERSIZE];
	stats->rx_missed_errors = dev->hw[HW_RX_MISSED];
	stats->rx_fifo_errors = dev->fifo_errors;
	stats->rx_errors = rx.rx.errors + dev->hw[HW_RX_ERRORS] +
			   dev->hw[HW_CARRIER_EXT_ERRORS] +
			   stats->rx_crc_errors + stats->rx_frame_errors +
			   stats->rx_length_errors;
	stats->tx_aborted_errors = dev->hw[HW_TX_EXCESS_COLL];
	stats->tx_window_errors = dev->hw[HW_TX_LATE_COLL];
	stats->tx_fifo_errors = dev->hw[HW_TX_DISCARDED];
	stats->tx_carrier_errors = dev->hw[HW_TX_NO_CARRIER];
	stats->tx_errors = stats->tx_aborted_errors + stats->tx_window_errors;
	spin_unlock_bh(&dev->stats_lock);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_stats_get64);

/**
 * tgbe_stats_count() - number of statistics that ethtool -S shows
 * @dev: port
 *
 * Return: the same for as long as the port exists.
 */
int tgbe_stats_count(struct tgbe_device *dev)
{
	int n = ARRAY_SIZE(port_names) + tgbe_ptp_counters(dev);

	for (unsigned int i = 0; i < HW_COUNTERS; i++)
		n += tgbe_shows_counter(dev, &hw_counters[i]);
	/* and the interrupts of each queue pair */
	return n + dev->queues_max *
		   (ARRAY_SIZE(rx_names) + ARRAY_SIZE(tx_names) + 1);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_stats_count);

/**
 * tgbe_stats_strings() - their names
 * @dev: port
 * @data: %ETH_GSTRING_LEN bytes for each
 */
void tgbe_stats_strings(struct tgbe_device *dev, u8 *data)
{
	unsigned int i, q;

	for (i = 0; i < ARRAY_SIZE(port_names); i++)
		ethtool_puts(&data, port_names[i]);
	for (i = 0; i < tgbe_ptp_counters(dev); i++)
		ethtool_puts(&data, ptp_names[i]);
	for (i = 0; i < HW_COUNTERS; i++)
		if (tgbe_shows_counter(dev, &hw_counters[i]))
			ethtool_puts(&data, hw_counters[i].name);
	for (q = 0; q < dev->queues_max; q++) {
		for (i = 0; i < ARRAY_SIZE(rx_names); i++)
			ethtool_sprintf(&data, "rx_queue_%u_%s", q,
					rx_names[i]);
		for (i = 0; i < ARRAY_SIZE(tx_names); i++)
			ethtool_sprintf(&data, "tx_queue_%u_%s", q,
					tx_names[i]);
		ethtool_sprintf(&data, "queue_%u_interrupts", q);
	}
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_stats_strings);

/**
 * tgbe_stats_values() - their values, in the order of the names
 * @dev: port
 * @data: one u64 for each
 *
 * Context: process.
 */
void tgbe_stats_values(struct tgbe_device *dev, u64 *data)
{
	union tgbe_ring_stats stats;
	unsigned int i, q;

	if (netif_running(dev->netdev))
		tgbe_stats_harvest(dev);

	spin_lock_bh(&dev->stats_lock);
	*data++ = dev->fifo_errors;
	*data++ = dev->hw[HW_TX_DISCARDED];
	*data++ = atomic64_read(&dev->lsc_events);
	*data++ = atomic64_read(&dev->link.downshifts);
	*data++ = atomic64_read(&dev->overruns);
	for (i = 0; i < tgbe_ptp_counters(dev); i++)
		*data++ = atomic64_read(&dev->ptp.counter[i]);
	for (i = 0; i < HW_COUNTERS; i++)
		if (tgbe_shows_counter(dev, &hw_counters[i]))
			*data++ = dev->hw[i];
	for (q = 0; q < dev->queues_max; q++) {
		tgbe_read_queue(dev, q, true, &stats);
		for (i = 0; i < ARRAY_SIZE(rx_names); i++)
			*data++ = stats.raw[i];
		tgbe_read_queue(dev, q, false, &stats);
		for (i = 0; i < ARRAY_SIZE(tx_names); i++)
			*data++ = stats.raw[i];
		*data++ = READ_ONCE(dev->vector[q]->interrupts);
	}
	spin_unlock_bh(&dev->stats_lock);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_stats_values);

static void tgbe_harvest_if_running(struct tgbe_device *dev)
{
	if (netif_running(dev->netdev))
		tgbe_stats_harvest(dev);
}

/* A latched counter, read together with nothing else */
static u64 tgbe_hw_value(struct tgbe_device *dev, unsigned int index)
{
	u64 value;

	spin_lock_bh(&dev->stats_lock);
	value = dev->hw[index];
	spin_unlock_bh(&dev->stats_lock);
	return value;
}

/**
 * tgbe_stats_pause() - PAUSE frames, for ethtool -I -a
 * @dev: port
 * @stats: filled in
 *
 * Context: process.
 */
void tgbe_stats_pause(struct tgbe_device *dev,
		      struct ethtool_pause_stats *stats)
{
	tgbe_harvest_if_running(dev);
	stats->tx_pause_frames = tgbe_hw_value(dev, HW_TX_XON) +
				 tgbe_hw_value(dev, HW_TX_XOFF);
	stats->rx_pause_frames = tgbe_hw_value(dev, HW_RX_XON) +
				 tgbe_hw_value(dev, HW_RX_XOFF);
}

/**
 * tgbe_stats_ctrl() - control frames of the MAC, of which PAUSE is the only kind sent
 * @dev: port
 * @stats: filled in where the chip counts
 *
 * Context: process.
 */
void tgbe_stats_ctrl(struct tgbe_device *dev,
		     struct ethtool_eth_ctrl_stats *stats)
{
	struct ethtool_pause_stats pause;

	tgbe_stats_pause(dev, &pause);
	stats->MACControlFramesTransmitted = pause.tx_pause_frames;
	stats->MACControlFramesReceived = pause.rx_pause_frames +
					  tgbe_hw_value(dev, HW_RX_UNSUPPORTED);
	stats->UnsupportedOpcodesReceived = tgbe_hw_value(dev, HW_RX_UNSUPPORTED);
}

/**
 * tgbe_stats_mac() - the IEEE 802.3 counters of the MAC
 * @dev: port
 * @stats: filled in where the chip counts
 *
 * Context: process.
 */
void tgbe_stats_mac(struct tgbe_device *dev,
		    struct ethtool_eth_mac_stats *stats)
{
	tgbe_harvest_if_running(dev);
	stats->FramesTransmittedOK = tgbe_hw_value(dev, HW_TX_PACKETS);
	stats->SingleCollisionFrames = tgbe_hw_value(dev, HW_TX_SINGLE_COLL);
	stats->MultipleCollisionFrames = tgbe_hw_value(dev, HW_TX_MULTI_COLL);
	stats->FramesReceivedOK = tgbe_hw_value(dev, HW_RX_PACKETS);
	stats->FrameCheckSequenceErrors = tgbe_hw_value(dev, HW_CRC_ERRORS);
	stats->AlignmentErrors = tgbe_hw_value(dev, HW_ALIGN_ERRORS);
	stats->OctetsTransmittedOK = tgbe_hw_value(dev, HW_TX_BYTES);
	stats->FramesWithDeferredXmissions = tgbe_hw_value(dev, HW_TX_DEFERRED);
	stats->LateCollisions = tgbe_hw_value(dev, HW_TX_LATE_COLL);
	stats->FramesAbortedDueToXSColls = tgbe_hw_value(dev, HW_TX_EXCESS_COLL);
	stats->OctetsReceivedOK = tgbe_hw_value(dev, HW_RX_BYTES);
	stats->MulticastFramesXmittedOK = tgbe_hw_value(dev, HW_TX_MULTICAST);
	stats->BroadcastFramesXmittedOK = tgbe_hw_value(dev, HW_TX_BROADCAST);
	stats->MulticastFramesReceivedOK = tgbe_hw_value(dev, HW_RX_MULTICAST);
	stats->BroadcastFramesReceivedOK = tgbe_hw_value(dev, HW_RX_BROADCAST);
	stats->FrameTooLongErrors = tgbe_hw_value(dev, HW_RX_OVERSIZE);
}

/**
 * tgbe_stats_phy() - the IEEE 802.3 counters of the PHY
 * @dev: port
 * @stats: filled in
 *
 * Context: process.
 */
void tgbe_stats_phy(struct tgbe_device *dev,
		    struct ethtool_eth_phy_stats *stats)
{
	tgbe_harvest_if_running(dev);
	stats->SymbolErrorDuringCarrier = tgbe_hw_value(dev, HW_SYMBOL_ERRORS);
}

/**
 * tgbe_stats_rmon() - frames by size, RFC 2819
 * @dev: port
 * @stats: filled in
 * @ranges: the sizes, in bytes
 *
 * Context: process.
 */
void tgbe_stats_rmon(struct tgbe_device *dev, struct ethtool_rmon_stats *stats,
		     const struct ethtool_rmon_hist_range **ranges)
{
	tgbe_harvest_if_running(dev);
	stats->undersize_pkts = tgbe_hw_value(dev, HW_RX_UNDERSIZE);
	stats->oversize_pkts = tgbe_hw_value(dev, HW_RX_OVERSIZE);
	stats->fragments = tgbe_hw_value(dev, HW_RX_FRAGMENTS);
	stats->jabbers = tgbe_hw_value(dev, HW_RX_JABBERS);
	for (unsigned int i = 0; i < SIZE_CLASSES; i++) {
		stats->hist[i] = tgbe_hw_value(dev, HW_RX_SIZES + i);
		stats->hist_tx[i] = tgbe_hw_value(dev, HW_TX_SIZES + i);
	}
	*ranges = size_ranges;
}

/* What is not collected must stay as it is: 0 would say that it is */
static void tgbe_clear_rx_stats(struct tgbe_device *dev,
				struct netdev_queue_stats_rx *stats)
{
	stats->packets = 0;
	stats->bytes = 0;
	stats->alloc_fail = 0;
	stats->csum_unnecessary = 0;
	stats->csum_none = 0;
	stats->csum_bad = 0;
	if (!dev->chip->queue_drops)
		return;
	stats->hw_drops = 0;
	stats->hw_drop_overruns = 0;
}

static void tgbe_clear_tx_stats(struct netdev_queue_stats_tx *stats)
{
	stats->packets = 0;
	stats->bytes = 0;
	stats->needs_csum = 0;
	stats->hw_gso_packets = 0;
	stats->hw_gso_bytes = 0;
	stats->hw_gso_wire_packets = 0;
	stats->hw_gso_wire_bytes = 0;
	stats->stop = 0;
	stats->wake = 0;
}

static void tgbe_add_rx_stats(struct tgbe_device *dev, unsigned int q,
			      struct netdev_queue_stats_rx *out)
{
	union tgbe_ring_stats stats;

	spin_lock_bh(&dev->stats_lock);
	tgbe_read_queue(dev, q, true, &stats);
	if (dev->chip->queue_drops) {
		out->hw_drops += dev->vector[q]->drops;
		out->hw_drop_overruns += dev->vector[q]->drops;
	}
	spin_unlock_bh(&dev->stats_lock);
	out->packets += stats.rx.packets;
	out->bytes += stats.rx.bytes;
	out->alloc_fail += stats.rx.alloc_failed;
	out->csum_unnecessary += stats.rx.csum_good;
	out->csum_none += stats.rx.csum_none;
	out->csum_bad += stats.rx.csum_errors;
}

static void tgbe_add_tx_stats(struct tgbe_device *dev, unsigned int q,
			      struct netdev_queue_stats_tx *out)
{
	union tgbe_ring_stats stats;

	spin_lock_bh(&dev->stats_lock);
	tgbe_read_queue(dev, q, false, &stats);
	spin_unlock_bh(&dev->stats_lock);
	out->packets += stats.tx.packets;
	out->bytes += stats.tx.bytes;
	out->needs_csum += stats.tx.csum;
	out->hw_gso_packets += stats.tx.gso_packets;
	out->hw_gso_bytes += stats.tx.gso_bytes;
	out->hw_gso_wire_packets += stats.tx.gso_wire_packets;
	out->hw_gso_wire_bytes += stats.tx.gso_wire_bytes;
	out->stop += stats.tx.stops;
	out->wake += stats.tx.restarts;
}

static void tgbe_get_queue_stats_rx(struct net_device *netdev, int q,
				    struct netdev_queue_stats_rx *stats)
{
	tgbe_clear_rx_stats(netdev_priv(netdev), stats);
	tgbe_add_rx_stats(netdev_priv(netdev), q, stats);
}

static void tgbe_get_queue_stats_tx(struct net_device *netdev, int q,
				    struct netdev_queue_stats_tx *stats)
{
	tgbe_clear_tx_stats(stats);
	tgbe_add_tx_stats(netdev_priv(netdev), q, stats);
}

/* What queues counted that are not there now; a queue that comes back goes on
 * from where it was
 */
static void tgbe_get_base_stats(struct net_device *netdev,
				struct netdev_queue_stats_rx *rx,
				struct netdev_queue_stats_tx *tx)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	tgbe_clear_rx_stats(dev, rx);
	tgbe_clear_tx_stats(tx);
	for (unsigned int q = netdev->real_num_rx_queues; q < dev->queues_max;
	     q++) {
		tgbe_add_rx_stats(dev, q, rx);
		tgbe_add_tx_stats(dev, q, tx);
	}
}

const struct netdev_stat_ops tgbe_stat_ops = {
	.get_queue_stats_rx	= tgbe_get_queue_stats_rx,
	.get_queue_stats_tx	= tgbe_get_queue_stats_tx,
	.get_base_stats		= tgbe_get_base_stats,
};
