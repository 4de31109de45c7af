/* SPDX-License-Identifier: GPL-2.0 */
/* The central objects of the driver, in the order in which data meets them:
 * slot, ring, vector, chip, configuration, device.
 */
#ifndef _TGBE_H_
#define _TGBE_H_

#include <linux/bitmap.h>
#include <linux/cache.h>
#include <linux/dim.h>
#include <linux/ethtool.h>
#include <linux/if_vlan.h>
#include <linux/net_tstamp.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/ptp_clock_kernel.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>
#include <kunit/visibility.h>

#include "tgbe_compat.h"
#include "tgbe_desc.h"
#include "tgbe_flow.h"
#include "tgbe_regs.h"

struct dentry;
struct page_pool;
struct tgbe_device;

#define TGBE_DRV_NAME		"tgbe"

/* Queue pairs of the larger chip that this driver uses. The 82576 has 16, and
 * its 10 vectors would leave 9, but the VLAN, RSS and IVAR registers are
 * simplest for 8, which is also one a CPU on the machines it is found in.
 */
#define TGBE_MAX_QUEUES		8

/* Ring sizes in descriptors. Both chips want RDLEN/TDLEN in units of 128
 * bytes, which is 8 descriptors.
 */
#define TGBE_RING_MIN		64
#define TGBE_RING_MAX		4096
#define TGBE_RING_STEP		8
#define TGBE_RING_DEFAULT	512

/* What the stack calls the MTU leaves out: Ethernet header, one VLAN tag, FCS.
 * 9216 + 22 is below the receive limits of both chips (9728 and 16 KB).
 */
#define TGBE_FRAME_OVERHEAD	(ETH_HLEN + VLAN_HLEN + ETH_FCS_LEN)
#define TGBE_MTU_MAX		9216

/* Interrupt causes other than a queue's work, as they stand in ICR */
#define TGBE_OTHER_CAUSES	(TGBE_INT_LSC | TGBE_INT_RXO)

/* Bytes in one transmit descriptor. The 82574's limit is its transmit packet
 * buffer (20 KB) less 96 bytes, the 82576's field has 16 bits; one power of
 * two below both serves the two chips.
 */
#define TGBE_TX_DESC_BYTES	SZ_16K

/* Descriptors a frame can need at worst: context, head, every fragment, and
 * one more for each time 64 KB crosses a descriptor's limit.
 */
#define TGBE_TX_FRAME_DESCS	(2 + MAX_SKB_FRAGS + SZ_64K / TGBE_TX_DESC_BYTES)
/* One slot always stays free, or a full ring would look like an empty one */
#define TGBE_TX_STOP_DESCS	(TGBE_TX_FRAME_DESCS + 1)
#define TGBE_TX_WAKE_DESCS	(TGBE_TX_STOP_DESCS + 8)
static_assert(TGBE_TX_WAKE_DESCS < TGBE_RING_MIN);

/* Frames up to a copybreak of bytes are copied and not mapped or wrapped. For
 * transmission every descriptor has such a buffer of its own.
 */
#define TGBE_RX_COPYBREAK_MAX	1024
#define TGBE_TX_COPYBREAK_MAX	256

/* What a header is split into: all that the field of SRRCTL can say in whole cache
 * lines and more than Ethernet, IPv6 with an extension, and TCP have
 */
#define TGBE_RX_HEADER_BYTES	256

/* Longest interval, in microseconds, for which a doorbell may be left to the poll:
 * settings for completions are not to delay what is sent
 */
#define TGBE_TX_DEFER_USECS	100

/* The shares of a poll: frames received, frames taken back after transmission,
 * and buffers given to the chip with one tail write
 */
#define TGBE_BATCH_MAX		256

/* How often the service work looks at the link and harvests the statistics.
 * The chips' 32-bit octet counters cannot overflow in that time at 1 Gbit/s.
 */
#define TGBE_SERVICE_PERIOD	(2 * HZ)

/**
 * struct tgbe_tx_slot - the driver's half of one transmit descriptor
 * @dma: bus address of the mapped piece
 * @len: its length in bytes; 0 when this descriptor maps nothing
 * @is_page: mapped as a page fragment rather than as the linear part
 * @stamp: in the first slot: the chip was asked when it sends the frame
 * @last: in a frame's first slot, index of the frame's last descriptor
 * @segs: in the first slot, frames on the wire
 * @wire_bytes: in the first slot, bytes on the wire without FCS
 * @skb: in the first slot, the buffer to free; NULL in all others
 */
struct tgbe_tx_slot {
	dma_addr_t dma;
	u32 len;
	bool is_page;
	bool stamp;
	u16 last;
	u16 segs;
	u32 wire_bytes;
	struct sk_buff *skb;
};

/**
 * struct tgbe_rx_slot - the driver's half of one receive descriptor
 * @page: page of the posted buffer, NULL when the descriptor is not posted
 * @offset: start of the buffer in @page; headroom comes first
 */
struct tgbe_rx_slot {
	struct page *page;
	u32 offset;
};

/**
 * struct tgbe_rx_geometry - how a receive buffer is cut
 * @truesize: bytes of memory a buffer takes
 * @headroom: bytes in front of the data
 * @room: bytes the chip may write, a multiple of 1 KB
 * @header: bytes of the buffer beside it that headers are split into, 0 for none
 *
 * @headroom + the largest piece written + skb_shared_info fit @truesize, except with
 * @header: then a buffer is never more than a fragment.
 */
struct tgbe_rx_geometry {
	u16 truesize;
	u16 headroom;
	u16 room;
	u16 header;
};

/* All members are u64, so that reading and folding are one loop */
struct tgbe_rx_stats {
	u64 packets;
	u64 bytes;
	u64 drops;		/* whole frames the driver gave up */
	u64 errors;		/* frames the chip marked damaged */
	u64 csum_errors;
	u64 alloc_failed;	/* buffers or skbs not to be had */
	u64 csum_good;		/* frames whose sums the chip checked */
	u64 csum_none;		/* frames whose sums it did not look at */
	u64 copied;		/* frames below copybreak */
	u64 split;		/* frames whose header the chip split off */
	u64 polls;
	u64 doorbells;
};

struct tgbe_tx_stats {
	u64 packets;
	u64 bytes;
	u64 dropped;
	u64 stops;
	u64 restarts;
	u64 doorbells;
	u64 contexts;
	u64 csum;		/* frames whose sum the chip filled in */
	u64 gso_packets;	/* frames it cut, before and after */
	u64 gso_bytes;
	u64 gso_wire_packets;
	u64 gso_wire_bytes;
	u64 copied;		/* frames below copybreak */
	u64 timeouts;
};

union tgbe_ring_stats {
	struct tgbe_rx_stats rx;
	struct tgbe_tx_stats tx;
	u64 raw[sizeof(struct tgbe_tx_stats) / sizeof(u64)];
};

static_assert(sizeof(struct tgbe_rx_stats) <= sizeof(struct tgbe_tx_stats));

/**
 * struct tgbe_ring - one descriptor ring and its bookkeeping
 *
 * A ring belongs to one vector from arm to quiesce. In a receive ring every
 * index is the NAPI poll's. In a transmit ring @next_to_use is the sender's
 * (under the netdev queue's lock) and @next_to_clean the NAPI poll's.
 *
 * @desc: the array shared with the chip
 * @slot: the driver's array, one entry a descriptor
 * @tx_slot: the same, of a transmit ring
 * @rx_slot: the same, of a receive ring
 * @tail: the doorbell register, cached; not guarded against removal, because
 *	  rings are quiesced before the BAR goes
 * @dma_dev: device that does the DMA
 * @netdev: port
 * @pool: receive buffers
 * @geometry: how they are cut
 * @batch: receive: buffers posted at once; transmit: frames taken back in one
 *	   poll at most
 * @copybreak: frames up to this many bytes are copied
 * @copies: transmit: %TGBE_TX_COPYBREAK_MAX bytes a descriptor, mapped for good;
 *	    there once a copybreak was asked for
 * @copies_dma: bus address of @copies
 * @headers: receive: a buffer for the header a descriptor, if they are split off
 * @headers_dma: bus address of @headers
 * @unsplit: receive: frames up to this many bytes are put together again
 * @drop_full: receive: drop what finds the ring full, so that other queues go on
 * @count: descriptors in the array
 * @limit: descriptors in use at most; below @count only where the chip must
 *	   not be given a new array (82574)
 * @index: queue pair
 * @is_rx: receive ring
 * @next_to_use: next descriptor to hand to the chip
 * @rung: what @next_to_use was at the last doorbell
 * @context: offload context that the chip holds for the ring (82576)
 * @use_sync: of @use
 * @use: the sender's counters; those of the poll are in @stats
 * @next_to_clean: next descriptor to take back
 * @partial: received frame whose end is still to come
 * @frozen: transmit: completions do not wake the queue
 * @eager: transmit: no doorbell may wait for a poll
 * @discard: receive: drop up to the next end of a frame
 * @starved: receive: there was no memory at the last refill
 * @sync: of @stats
 * @stats: the poll's counters
 * @desc_dma: bus address of @desc
 * @desc_bytes: its size
 */
struct tgbe_ring {
	/* read-mostly */
	void *desc;
	union {
		struct tgbe_tx_slot *tx_slot;
		struct tgbe_rx_slot *rx_slot;
		void *slot;
	};
	u8 __iomem *tail;
	struct device *dma_dev;
	struct net_device *netdev;
	struct page_pool *pool;
	struct tgbe_rx_geometry geometry;
	u16 count;
	u16 limit;
	u16 batch;
	u16 copybreak;
	void *copies;
	dma_addr_t copies_dma;
	void *headers;
	dma_addr_t headers_dma;
	u16 unsplit;
	u8 index;
	bool is_rx;
	bool drop_full;

	/* written where descriptors are handed to the chip */
	u16 next_to_use ____cacheline_aligned;
	u16 rung;
	union tgbe_tx_desc context;
	struct u64_stats_sync use_sync;
	struct tgbe_tx_stats use;

	/* written where descriptors are taken back */
	u16 next_to_clean ____cacheline_aligned;
	struct sk_buff *partial;
	bool frozen;
	bool eager;
	bool discard;
	bool starved;
	struct u64_stats_sync sync;
	union tgbe_ring_stats stats;

	/* slow path */
	dma_addr_t desc_dma ____cacheline_aligned;
	size_t desc_bytes;
};

/**
 * struct tgbe_coalesce - what a user wishes of one direction's interrupts
 * @usecs: microseconds between interrupts; 0: as soon as there is work
 * @frames: frames that an interrupt shall report, if they come within @usecs;
 *	    0: no wish
 * @usecs_irq: the same as @usecs while polls follow each other; 0: as @usecs
 * @frames_irq: the same as @frames while polls follow each other; 0: as @frames
 * @adaptive: choose the interval by load and let the other members be
 */
struct tgbe_coalesce {
	u32 usecs;
	u32 frames;
	u32 usecs_irq;
	u32 frames_irq;
	bool adaptive;
};

/**
 * struct tgbe_moderation - the wishes for one vector
 * @rx: receive
 * @tx: transmit completion
 */
struct tgbe_moderation {
	struct tgbe_coalesce rx;
	struct tgbe_coalesce tx;
};

/**
 * struct tgbe_pacer - how one direction's wishes are met; the poll's
 * @frames: taken since the last interrupt
 * @interval: that would have collected the wanted frames, in 1/16 us
 * @seen: frames since the interval was corrected
 * @looks: interrupts that brought them
 * @cut: one of those came early, for the other direction
 * @adaptive_usecs: what the load asks for
 * @dim: the judge of that
 */
struct tgbe_pacer {
	u32 frames;
	u32 interval;
	u32 seen;
	u8 looks;
	bool cut;
	u32 adaptive_usecs;
	struct dim dim;
};

/**
 * struct tgbe_vector - one interrupt vector with its NAPI and queue pair
 *
 * Allocated at probe for the most queues that the port can have; changing
 * rings replaces the pointers only.
 *
 * @napi: polled for both rings
 * @rx: receive ring while armed, else NULL
 * @tx: transmit ring while armed, else NULL
 * @unmask: register that enables the vector's interrupt
 * @unmask_bits: value written there
 * @dev: the port
 * @index: queue pair served
 * @renew: the moderation was changed, to be seen by the next poll
 * @polls: since the last interrupt
 * @interrupts: number of them
 * @throttle: interval the chip was told, in microseconds
 * @rx_pace: of the receive ring
 * @tx_pace: of the transmit ring
 * @name: as it stands in /proc/interrupts
 * @drops: frames that found the receive ring full; @dev->stats_lock
 * @retired: counters of rings that are gone, transmit and receive, so that
 *	     none ever goes backwards; @dev->stats_lock
 */
struct tgbe_vector {
	struct napi_struct napi;
	struct tgbe_ring *rx;
	struct tgbe_ring *tx;
	u8 __iomem *unmask;
	u32 unmask_bits;
	struct tgbe_device *dev;
	u8 index;
	bool renew;
	u32 polls;
	unsigned long interrupts;
	u32 throttle;
	struct tgbe_pacer rx_pace;
	struct tgbe_pacer tx_pace;
	char name[IFNAMSIZ + 16];
	u64 drops;
	union tgbe_ring_stats retired[2];
};

/**
 * struct tgbe_config - all that a user can set and that shapes the queues
 * @rx_size: descriptors in a receive ring
 * @tx_size: descriptors in a transmit ring
 * @queues: queue pairs
 * @mtu: bytes, as the stack counts them
 * @rx_all: damaged frames and such of any length are let in
 * @rx_batch: frames received in one poll at most
 * @tx_batch: frames taken back in one poll at most
 * @refill_batch: buffers posted with one tail write
 * @rx_buffer: bytes a receive buffer shall take at least
 * @split: headers of received frames are split off
 * @unsplit: but not those of frames up to this many bytes
 * @rx_copybreak: received frames up to this many bytes are copied
 * @tx_copybreak: the same of frames to be sent
 * @moderation: of each vector, in use or not
 */
struct tgbe_config {
	u32 rx_size;
	u32 tx_size;
	u32 queues;
	u32 mtu;
	bool rx_all;
	u32 rx_batch;
	u32 tx_batch;
	u32 refill_batch;
	u32 rx_buffer;
	bool split;
	u32 unsplit;
	u32 rx_copybreak;
	u32 tx_copybreak;
	struct tgbe_moderation moderation[TGBE_MAX_QUEUES];
};

/**
 * struct tgbe_chip - what differs between the chips, off the hot path
 *
 * The operations run in process context with RTNL held unless said otherwise.
 *
 * @name: for messages
 * @format: transmit descriptor family
 * @max_queues: queue pairs
 * @usecs_max: longest interval between interrupts, in microseconds
 * @unicast_entries: receive address registers usable by the driver
 * @fixed_arrays: ring arrays stay for as long as the port is open, and a ring
 *		  size is a limit on the descriptors in use. Set where the
 *		  receiver must not be stopped outside a reset (82574)
 * @aspm_off: PCIE_LINK_STATE_* the chip does not survive
 * @irq_causes: ICR bits that mean receive or transmit work without MSI-X
 * @rxq: first register of a receive queue
 * @txq: first register of a transmit queue
 * @reset: put the MAC into its reset state and load the fixed settings;
 *	   0 or a negative error
 * @phy_init: once, at probe: wait until the MAC has configured the PHY from the
 *	      NVM, then set the vendor registers; a MAC reset leaves them
 * @phy_get: take the PHY from the firmware; 0 or -EBUSY
 * @phy_put: give it back
 * @nvm_get: take the NVM from the firmware; 0 or -EBUSY
 * @nvm_put: give it back
 * @irq_setup: route queues to vectors and enable automatic masking
 * @irq_mask: mask every cause (any context)
 * @irq_bits: fill a vector's unmask register and bits
 * @irq_other_enable: with MSI-X, let link and other causes interrupt
 * @irq_other_done: with MSI-X, end of the handler for other causes; told what
 *		    it read from ICR (hard IRQ)
 * @irq_throttle: interval of a vector in microseconds; vector @queues_max is
 *		  that of link and other causes
 * @irq_kick: raise a vector's interrupt by software (any context)
 * @rx_geometry: buffer layout for a configuration
 * @rx_arm: give a filled receive ring to the chip
 * @rx_quiesce: stop a receive queue; 0, or -ETIMEDOUT if the chip did not.
 *		Not there with @fixed_arrays: only a reset stops the receiver
 * @tx_arm: give an empty transmit ring to the chip
 * @tx_quiesce: stop a transmit queue
 * @frame_limit: largest frame the receiver accepts, in bytes
 * @wake_ctrl: bits of CTRL to be set before the port sleeps, if it shall wake
 * @rss_mode: value of MRQC that hashes what the chip can hash well
 * @rss_entry: indirection table entry that selects a queue
 * @flow_present: does the card keep what is written to its filters? NULL where the
 *		  chip has none
 * @flow_type: set an EtherType filter, or with NULL switch it off (any context)
 * @flow_tuple: the same of a filter for addresses, protocol and ports
 * @queue_drops: frames that found a receive ring full since the last call; NULL
 *		 where the chip does not count them
 * @splits: the chip can split headers off
 * @ptp: the chip has a clock and stamps frames by it, see tgbe_ptp.c
 */
struct tgbe_chip {
	const char *name;
	enum tgbe_format format;
	u8 max_queues;
	u32 usecs_max;
	u8 unicast_entries;
	bool fixed_arrays;
	u32 aspm_off;
	u32 irq_causes;
	u32 (*rxq)(unsigned int queue);
	u32 (*txq)(unsigned int queue);
	int (*reset)(struct tgbe_device *dev);
	int (*phy_init)(struct tgbe_device *dev);
	int (*phy_get)(struct tgbe_device *dev);
	void (*phy_put)(struct tgbe_device *dev);
	int (*nvm_get)(struct tgbe_device *dev);
	void (*nvm_put)(struct tgbe_device *dev);
	void (*irq_setup)(struct tgbe_device *dev);
	void (*irq_mask)(struct tgbe_device *dev);
	void (*irq_bits)(struct tgbe_vector *vector);
	void (*irq_other_enable)(struct tgbe_device *dev);
	void (*irq_other_done)(struct tgbe_device *dev, u32 causes);
	void (*irq_throttle)(struct tgbe_device *dev, unsigned int vector,
			     unsigned int usecs);
	void (*irq_kick)(struct tgbe_vector *vector);
	struct tgbe_rx_geometry (*rx_geometry)(const struct tgbe_config *config);
	void (*rx_arm)(struct tgbe_device *dev, struct tgbe_ring *ring);
	int (*rx_quiesce)(struct tgbe_device *dev, unsigned int queue);
	void (*tx_arm)(struct tgbe_device *dev, struct tgbe_ring *ring);
	int (*tx_quiesce)(struct tgbe_device *dev, unsigned int queue);
	void (*frame_limit)(struct tgbe_device *dev, unsigned int frame);
	u32 wake_ctrl;
	u32 rss_mode;
	u8 (*rss_entry)(unsigned int queue);
	bool (*flow_present)(struct tgbe_device *dev);
	void (*flow_type)(struct tgbe_device *dev, unsigned int entry,
			  const struct tgbe_flow_match *match, unsigned int queue);
	void (*flow_tuple)(struct tgbe_device *dev, unsigned int entry,
			   const struct tgbe_flow_match *match, unsigned int queue);
	u32 (*queue_drops)(struct tgbe_device *dev, unsigned int queue);
	bool splits;
	bool ptp;
};

/**
 * enum tgbe_irq_mode - how the port interrupts
 * @TGBE_IRQ_MSIX: a vector a queue pair, and one for everything else
 * @TGBE_IRQ_MSI: one message-signalled vector
 * @TGBE_IRQ_INTX: one shared line
 */
enum tgbe_irq_mode {
	TGBE_IRQ_MSIX,
	TGBE_IRQ_MSI,
	TGBE_IRQ_INTX,
};

/**
 * struct tgbe_link - what was asked of the link and what it is
 * @advertising: link modes offered in autonegotiation
 * @restarted: negotiated anew, so that its outcome has to be looked at even if the
 *	       link was never seen down
 * @pause_autoneg: PAUSE is negotiated: @pause is what is offered, not what is done
 * @pause: FLOW_CTRL_RX and FLOW_CTRL_TX as the user wants them
 * @forced_speed: SPEED_10 or SPEED_100 with autonegotiation off, else 0
 * @forced_duplex: DUPLEX_* that goes with @forced_speed
 * @up: last state reported to the stack
 * @speed: Mb/s as last found, SPEED_UNKNOWN after the link was lost
 * @duplex: DUPLEX_* as last found, DUPLEX_UNKNOWN after the link was lost
 * @receiver_waits: polls spent waiting for the partner's receiver
 */
struct tgbe_link {
	__ETHTOOL_DECLARE_LINK_MODE_MASK(advertising);
	bool restarted;
	bool pause_autoneg;
	u8 pause;
	u16 forced_speed;
	u8 forced_duplex;
	bool up;
	int speed;
	u8 duplex;
	u8 receiver_waits;
};

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
 * @held_cycles: counter, with its offset, when that began
 * @held_since: the host's clock then
 * @config: what is stamped; written with RTNL as well
 * @rx_taken: receive stamps fetched when the service work looked last
 * @rx_waits: there was one then that nobody had fetched
 * @tx_skb: sent frame whose stamp is awaited
 * @tx_deadline: jiffies when that ends
 * @tx_busy: bit 0: a frame with a request is on its way or in @tx_skb
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
	unsigned long tx_deadline;
	unsigned long tx_busy;
	atomic64_t counter[TGBE_PTP_COUNTERS];
};

/* Index of a latched hardware counter; the table is in tgbe_stats.c */
#define TGBE_HW_COUNTERS_MAX	64

/**
 * struct tgbe_device - one port
 *
 * @netdev: its face to the stack
 * @pdev: its face to the bus
 * @mapping: BAR 0, from probe to remove
 * @regs: the same; NULL once the card is found gone
 * @chip: what kind it is
 * @config: settings in force; RTNL
 * @msg_enable: NETIF_MSG_* bits
 * @irq_mode: found at probe
 * @queues_max: queue pairs that chip, CPUs and vectors allow
 * @vector: one a queue pair; more than @config.queues of them may be idle
 * @other_name: of the vector for link and other causes
 * @fw_lock: one holder at a time of what is shared with the firmware
 * @link: wanted and found; RTNL or the link work
 * @link_work: looks at the link after an interrupt
 * @service_work: periodic duties
 * @timeout_work: restarts stuck transmit queues
 * @stuck_queues: which those are
 * @unstoppable: a queue did not stop, so the port must be restarted; RTNL
 * @pause_high: fill of the packet buffer at which to send XOFF, in bytes
 * @pause_low: fill at which to send XON
 * @ctrl_lock: protects read-modify-write of CTRL
 * @rctl: shadow of RCTL, so that filters and limits do not undo each other
 * @filter_lock: protects @rctl; taken under netif_addr_lock
 * @vlans: VLAN ids to be received
 * @rss_key: hash key
 * @rss_table: queue of each indirection entry, as the user sees it
 * @rss_mode: value of MRQC: which headers are hashed
 * @stats_lock: ring pointers and counters against their readers
 * @fifo_errors: frames lost to full receive rings, or at least the times that
 *		 it happened; @stats_lock
 * @hw: latched hardware counters; @stats_lock
 * @hw_lock: one reader of the clear-on-read registers at a time
 * @lsc_events: link interrupts
 * @overruns: interrupts that reported a receive overrun
 * @overruns_seen: those that @fifo_errors knows of; @hw_lock
 * @ptp: clock and time stamps
 * @debugfs: directory of the ring dumps
 * @led: LEDCTL as it was before the port was made to blink; RTNL
 * @flow: rules that choose a receive queue
 * @wol: WAKE_* events that shall wake the machine; RTNL
 * @halted: stopped behind the stack's back, if it was running at all; RTNL
 */
struct tgbe_device {
	struct net_device *netdev;
	struct pci_dev *pdev;
	u8 __iomem *mapping;
	u8 __iomem *regs;
	const struct tgbe_chip *chip;
	struct tgbe_config config;
	u32 msg_enable;

	enum tgbe_irq_mode irq_mode;
	u8 queues_max;
	struct tgbe_vector *vector[TGBE_MAX_QUEUES];
	char other_name[IFNAMSIZ + 16];

	struct mutex fw_lock;	/* PHY and NVM */
	struct tgbe_link link;
	struct delayed_work link_work;
	struct delayed_work service_work;
	struct work_struct timeout_work;
	DECLARE_BITMAP(stuck_queues, TGBE_MAX_QUEUES);

	bool unstoppable;
	u32 pause_high;
	u32 pause_low;
	spinlock_t ctrl_lock;	/* CTRL */
	spinlock_t filter_lock;	/* rctl */
	u32 rctl;
	DECLARE_BITMAP(vlans, VLAN_N_VID);
	u8 rss_key[TGBE_RSSRK_BYTES];
	u8 rss_table[TGBE_RETA_ENTRIES];
	u32 rss_mode;

	spinlock_t stats_lock;	/* ring pointers, counters */
	u64 fifo_errors;
	u64 hw[TGBE_HW_COUNTERS_MAX];
	struct mutex hw_lock;	/* clear-on-read registers */
	atomic_t lsc_events;
	atomic_t overruns;
	int overruns_seen;

	struct tgbe_ptp ptp;
	struct dentry *debugfs;
	u32 led;
	struct tgbe_flow flow;
	u32 wol;
	bool halted;
};

/* tgbe_pci.c */
u32 tgbe_rd(struct tgbe_device *dev, u32 reg);

/**
 * tgbe_wr() - write a register
 * @dev: port
 * @reg: offset
 * @val: value
 *
 * Context: any. A port whose card is gone swallows the write.
 */
static inline void tgbe_wr(struct tgbe_device *dev, u32 reg, u32 val)
{
	u8 __iomem *regs = READ_ONCE(dev->regs);

	if (likely(regs))
		writel(val, regs + reg);
}

/* Registers that are there on one chip only are marked with its family */
#define TGBE_ON_82576	BIT(TGBE_FMT_ADV)
#define TGBE_ON_82574	BIT(TGBE_FMT_EXT)
#define TGBE_ON_BOTH	(TGBE_ON_82576 | TGBE_ON_82574)

/**
 * tgbe_is_on() - does this port's chip have a register?
 * @dev: port
 * @chips: TGBE_ON_* of the register
 *
 * Return: true if so.
 */
static inline bool tgbe_is_on(const struct tgbe_device *dev, u8 chips)
{
	return chips & BIT(dev->chip->format);
}

/**
 * tgbe_flush() - wait until earlier register writes reached the chip
 * @dev: port
 */
static inline void tgbe_flush(struct tgbe_device *dev)
{
	tgbe_rd(dev, TGBE_STATUS);
}

/**
 * tgbe_set_bits() - set bits of a register that has one writer
 * @dev: port
 * @reg: offset
 * @bits: bits to set
 */
static inline void tgbe_set_bits(struct tgbe_device *dev, u32 reg, u32 bits)
{
	tgbe_wr(dev, reg, tgbe_rd(dev, reg) | bits);
}

/**
 * tgbe_clear_bits() - clear bits of a register that has one writer
 * @dev: port
 * @reg: offset
 * @bits: bits to clear
 */
static inline void tgbe_clear_bits(struct tgbe_device *dev, u32 reg, u32 bits)
{
	tgbe_wr(dev, reg, tgbe_rd(dev, reg) & ~bits);
}

int tgbe_wait(struct tgbe_device *dev, u32 reg, u32 mask, u32 want,
	      unsigned int step_us, unsigned int limit_us);

/* tgbe_82576.c, tgbe_82574.c, and what both share in tgbe_chip.c */
extern const struct tgbe_chip tgbe_chip_82576;
extern const struct tgbe_chip tgbe_chip_82574;
void tgbe_chip_stop_bus(struct tgbe_device *dev);
void tgbe_chip_clear_filters(struct tgbe_device *dev);
void tgbe_chip_ctrl(struct tgbe_device *dev, u32 clear, u32 set);
void tgbe_chip_pause_frames(struct tgbe_device *dev);
void tgbe_chip_pause_marks(struct tgbe_device *dev);
int tgbe_chip_get_smbi(struct tgbe_device *dev);
void tgbe_chip_put_smbi(struct tgbe_device *dev);
void tgbe_chip_program(struct tgbe_device *dev, struct tgbe_ring *ring);

/* tgbe_nvm.c */
int tgbe_nvm_check(struct tgbe_device *dev);
int tgbe_nvm_read(struct tgbe_device *dev, u16 first, u16 count, u16 *words);
void tgbe_nvm_version(struct tgbe_device *dev, char *buf, size_t len);

/* tgbe_phy.c */
int tgbe_phy_read(struct tgbe_device *dev, u8 reg, u16 *val);
int tgbe_phy_write(struct tgbe_device *dev, u8 reg, u16 val);
int tgbe_phy_modify(struct tgbe_device *dev, u8 reg, u16 mask, u16 set);
int tgbe_phy_start(struct tgbe_device *dev);
int tgbe_phy_reset(struct tgbe_device *dev);

/* tgbe_link.c */
void tgbe_link_init(struct tgbe_device *dev);
void tgbe_link_start(struct tgbe_device *dev);
void tgbe_link_stop(struct tgbe_device *dev);
void tgbe_link_check(struct tgbe_device *dev);
void tgbe_link_get(struct tgbe_device *dev, struct ethtool_link_ksettings *ks);
void tgbe_link_get_pause(struct tgbe_device *dev,
			 struct ethtool_pauseparam *pause);
int tgbe_link_set_pause(struct tgbe_device *dev,
			const struct ethtool_pauseparam *pause);
int tgbe_link_set(struct tgbe_device *dev,
		  const struct ethtool_link_ksettings *ks);

/* tgbe_irq.c */
int tgbe_irq_alloc(struct tgbe_device *dev);
void tgbe_irq_free(struct tgbe_device *dev);
int tgbe_irq_request(struct tgbe_device *dev);
void tgbe_irq_release(struct tgbe_device *dev);
void tgbe_irq_enable(struct tgbe_device *dev);
void tgbe_irq_disable(struct tgbe_device *dev);
int tgbe_irq_number(struct tgbe_device *dev, unsigned int queue);

/* tgbe_moderation.c */
extern const struct tgbe_moderation tgbe_moderation_default;
void tgbe_moderation_init(struct tgbe_vector *vector);
void tgbe_moderation_start(struct tgbe_device *dev);
void tgbe_moderation_stop(struct tgbe_device *dev);
void tgbe_moderation_renew(struct tgbe_vector *vector);
void tgbe_moderation_forget(struct tgbe_vector *vector);
void tgbe_moderation_polled(struct tgbe_vector *vector, unsigned int received,
			    unsigned int sent, bool done);

/* tgbe_ring.c */
struct tgbe_ring *tgbe_ring_alloc(struct tgbe_device *dev, bool is_rx,
				  unsigned int index,
				  const struct tgbe_config *config);
int tgbe_ring_alloc_copies(struct tgbe_ring *ring);
void tgbe_ring_free(struct tgbe_ring *ring);
void tgbe_ring_stats_read(const struct tgbe_ring *ring,
			  union tgbe_ring_stats *stats);

/**
 * tgbe_ring_span() - descriptors between two indices, going round the end
 * @ring: ring
 * @from: first index
 * @to: index behind the last
 *
 * Return: 0 to @ring->count - 1.
 */
static inline u16 tgbe_ring_span(const struct tgbe_ring *ring, u16 from, u16 to)
{
	return to >= from ? to - from : ring->count - from + to;
}

/**
 * tgbe_ring_next() - the index behind another
 * @ring: ring
 * @i: index
 *
 * Return: 0 behind the last one.
 */
static inline u16 tgbe_ring_next(const struct tgbe_ring *ring, u16 i)
{
	return likely(i + 1 < ring->count) ? i + 1 : 0;
}

/* tgbe_rx.c */
unsigned int tgbe_rx_refill(struct tgbe_ring *ring, unsigned int wanted,
			    gfp_t gfp);
int tgbe_rx_clean(struct tgbe_vector *vector, struct tgbe_ring *ring,
		  int budget);
void tgbe_rx_flush(struct tgbe_ring *ring);
bool tgbe_rx_pending(const struct tgbe_ring *ring);
#if IS_ENABLED(CONFIG_KUNIT)
void tgbe_rx_checksum(struct sk_buff *skb, u32 status,
		      struct tgbe_rx_stats *stats);
void tgbe_rx_hash(struct sk_buff *skb, const struct tgbe_rx_desc_done *done);
#endif

/* tgbe_tx.c */
netdev_tx_t tgbe_xmit(struct sk_buff *skb, struct net_device *netdev);
unsigned int tgbe_tx_clean(struct tgbe_ring *ring, int budget,
			   unsigned int share);
void tgbe_tx_flush(struct tgbe_ring *ring, bool eager);
void tgbe_tx_discard(struct tgbe_ring *ring);
void tgbe_tx_freeze(struct tgbe_ring *ring);
void tgbe_tx_thaw(struct tgbe_ring *ring);
bool tgbe_tx_empty(const struct tgbe_ring *ring);
void tgbe_tx_rewind(struct tgbe_ring *ring);
netdev_features_t tgbe_features_check(struct sk_buff *skb,
				      struct net_device *netdev,
				      netdev_features_t features);

/* tgbe_napi.c */
int tgbe_poll(struct napi_struct *napi, int budget);

/* tgbe_config.c */
void tgbe_config_default(struct tgbe_device *dev);
int tgbe_config_apply(struct tgbe_device *dev, const struct tgbe_config *want,
		      struct netlink_ext_ack *extack);
int tgbe_queues_alloc(struct tgbe_device *dev);
void tgbe_queues_arm(struct tgbe_device *dev);
void tgbe_queues_free(struct tgbe_device *dev);
int tgbe_queue_restart_tx(struct tgbe_device *dev, unsigned int queue,
			  bool hung);
unsigned int tgbe_config_frame(const struct tgbe_config *config);
unsigned int tgbe_config_buffer(struct tgbe_device *dev,
				const struct tgbe_config *config);

/* tgbe_ptp.c */
void tgbe_ptp_init(struct tgbe_device *dev);
void tgbe_ptp_exit(struct tgbe_device *dev);
void tgbe_ptp_hold(struct tgbe_device *dev);
void tgbe_ptp_resume(struct tgbe_device *dev);
void tgbe_ptp_service(struct tgbe_device *dev);
bool tgbe_ptp_tx_claim(struct tgbe_device *dev, struct sk_buff *skb);
void tgbe_ptp_tx_sent(struct tgbe_device *dev, struct sk_buff *skb, bool may_deliver);
void tgbe_ptp_tx_lost(struct tgbe_device *dev);
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

/* tgbe_filter.c */
void tgbe_filter_init(struct tgbe_device *dev);
void tgbe_filter_mac(struct tgbe_device *dev);
void tgbe_filter_rx_mode(struct net_device *netdev);
int tgbe_filter_vlan_add(struct net_device *netdev, __be16 proto, u16 vid);
int tgbe_filter_vlan_kill(struct net_device *netdev, __be16 proto, u16 vid);
void tgbe_filter_vlan_strip(struct tgbe_device *dev, netdev_features_t features);
void tgbe_filter_rctl(struct tgbe_device *dev, u32 clear, u32 set);
void tgbe_filter_features(struct tgbe_device *dev, netdev_features_t features);

/* tgbe_rss.c */
void tgbe_rss_init(struct tgbe_device *dev);
void tgbe_rss_spread(struct tgbe_device *dev, unsigned int queues);
void tgbe_rss_enable(struct tgbe_device *dev);
void tgbe_rss_steer(struct tgbe_device *dev, int avoid);
void tgbe_rss_get(struct tgbe_device *dev, struct ethtool_rxfh_param *rxfh);
int tgbe_rss_set(struct tgbe_device *dev, const struct ethtool_rxfh_param *rxfh,
		 struct netlink_ext_ack *extack);
u32 tgbe_rss_get_fields(struct tgbe_device *dev, u32 flow_type);
int tgbe_rss_set_fields(struct tgbe_device *dev, u32 flow_type, u32 fields,
			struct netlink_ext_ack *extack);

/* tgbe_stats.c */
void tgbe_stats_harvest(struct tgbe_device *dev);
void tgbe_stats_retire(struct tgbe_vector *vector, struct tgbe_ring *ring);
void tgbe_stats_get64(struct net_device *netdev,
		      struct rtnl_link_stats64 *stats);
int tgbe_stats_count(struct tgbe_device *dev);
void tgbe_stats_strings(struct tgbe_device *dev, u8 *data);
void tgbe_stats_values(struct tgbe_device *dev, u64 *data);
void tgbe_stats_pause(struct tgbe_device *dev,
		      struct ethtool_pause_stats *stats);
void tgbe_stats_ctrl(struct tgbe_device *dev,
		     struct ethtool_eth_ctrl_stats *stats);
void tgbe_stats_mac(struct tgbe_device *dev,
		    struct ethtool_eth_mac_stats *stats);
void tgbe_stats_phy(struct tgbe_device *dev,
		    struct ethtool_eth_phy_stats *stats);
void tgbe_stats_rmon(struct tgbe_device *dev, struct ethtool_rmon_stats *stats,
		     const struct ethtool_rmon_hist_range **ranges);
extern const struct netdev_stat_ops tgbe_stat_ops;

/* tgbe_netdev.c */
void tgbe_netdev_init(struct tgbe_device *dev);
int tgbe_reset_chip(struct tgbe_device *dev);
void tgbe_netdev_xps(struct tgbe_device *dev, unsigned int first);
void tgbe_netdev_link_queues(struct tgbe_device *dev, unsigned int from,
			     unsigned int to, bool linked);
int tgbe_port_start(struct tgbe_device *dev);
void tgbe_port_stop(struct tgbe_device *dev);
void tgbe_netdev_halt(struct tgbe_device *dev);
void tgbe_netdev_attach(struct tgbe_device *dev, int err);
int tgbe_netdev_resume(struct tgbe_device *dev);
int tgbe_netdev_reset(struct tgbe_device *dev, u32 *flags);

/* tgbe_selftest.c */
int tgbe_selftest_count(void);
void tgbe_selftest_strings(u8 *data);
void tgbe_selftest(struct tgbe_device *dev, struct ethtool_test *test, u64 *data);

/* tgbe_flow.c */
void tgbe_flow_init(struct tgbe_device *dev);
void tgbe_flow_start(struct tgbe_device *dev);
void tgbe_flow_stop(struct tgbe_device *dev);
void tgbe_flow_avoid(struct tgbe_device *dev, int avoid);
int tgbe_flow_insert(struct tgbe_device *dev, struct ethtool_rx_flow_spec *spec,
		     struct netlink_ext_ack *extack);
int tgbe_flow_delete(struct tgbe_device *dev, u32 loc,
		     struct netlink_ext_ack *extack);
int tgbe_flow_get(const struct tgbe_device *dev, struct ethtool_rx_flow_spec *spec);
int tgbe_flow_list(const struct tgbe_device *dev, u32 *locs, unsigned int room);
int tgbe_flow_check(const struct tgbe_device *dev, unsigned int queues,
		    struct netlink_ext_ack *extack);
void tgbe_flow_clear(struct tgbe_device *dev);
void tgbe_flow_leave(struct tgbe_device *dev, unsigned int queues);
#ifdef CONFIG_RFS_ACCEL
int tgbe_flow_steer(struct net_device *netdev, const struct sk_buff *skb, u16 queue,
		    u32 flow_id);
void tgbe_flow_expire(struct tgbe_device *dev);
#else
static inline void tgbe_flow_expire(struct tgbe_device *dev)
{
}
#endif

/* tgbe_wol.c */
void tgbe_wol_init(struct tgbe_device *dev);
void tgbe_wol_get(struct tgbe_device *dev, struct ethtool_wolinfo *wol);
int tgbe_wol_set(struct tgbe_device *dev, const struct ethtool_wolinfo *wol);
void tgbe_wol_arm(struct tgbe_device *dev);
void tgbe_wol_disarm(struct tgbe_device *dev);

/* tgbe_sysfs.c */
extern const struct attribute_group tgbe_sysfs_group;

/* tgbe_debugfs.c */
void tgbe_debugfs_init(void);
void tgbe_debugfs_exit(void);
void tgbe_debugfs_add(struct tgbe_device *dev);
void tgbe_debugfs_remove(struct tgbe_device *dev);

/* tgbe_dump.c */
/* Layout of ethtool -d: pairs of offset and value */
#define TGBE_DUMP_VERSION	1
int tgbe_dump_len(struct tgbe_device *dev);
void tgbe_dump(struct tgbe_device *dev, u32 *data);

/* tgbe_ethtool.c */
extern const struct ethtool_ops tgbe_ethtool_ops;

#endif /* _TGBE_H_ */
