/* SPDX-License-Identifier: GPL-2.0 */
/* What a frame passes: slot, ring, vector */
#ifndef _TGBE_RING_H_
#define _TGBE_RING_H_

#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/netdevice.h>
#include <linux/sizes.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>

#include "tgbe_config.h"
#include "tgbe_desc.h"
#include "tgbe_moderation.h"

struct page_pool;
struct tgbe_device;

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

/* Frames that a transmit ring can hold copies of. Where more wait they are mapped. */
#define TGBE_TX_COPIES		512

/* What a header is split into: all that the field of SRRCTL can say in whole cache
 * lines and more than Ethernet, IPv6 with an extension, and TCP have
 */
#define TGBE_RX_HEADER_BYTES	256

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
 * @buffer: where it begins; headroom comes first
 */
struct tgbe_rx_slot {
	struct page *page;
	void *buffer;
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
	u64 damaged;		/* frames the chip marked so; the MAC counts them too */
	u64 errors;		/* frames the chip described wrongly */
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
 * @per_page: how many a page holds
 * @piece_max: the largest piece of a frame that one may hold
 * @batch: receive: buffers posted at once; transmit: frames taken back in one
 *	   poll at most
 * @copybreak: frames up to this many bytes are copied
 * @copies: transmit: %TGBE_TX_COPIES times %TGBE_TX_COPYBREAK_MAX bytes, mapped for
 *	    good; there once a copybreak was asked for
 * @copies_dma: bus address of @copies
 * @headers: receive: a buffer for the header a descriptor, if they are split off
 * @headers_dma: bus address of @headers
 * @unsplit: receive: frames up to this many bytes are put together again
 * @count: descriptors in the array
 * @limit: descriptors in use at most; below @count only where the chip must
 *	   not be given a new array (82574)
 * @index: queue pair
 * @is_rx: receive ring
 * @next_to_use: next descriptor to hand to the chip
 * @next_copy: which of @copies the next short frame takes
 * @rung: what @next_to_use was at the last doorbell
 * @owed: a doorbell was left to the poll
 * @context: offload context that the chip holds for the ring (82576)
 * @use_sync: of @use
 * @use: the sender's counters; those of the poll are in @stats
 * @next_to_clean: next descriptor to take back
 * @partial: received frame whose end is still to come
 * @frozen: transmit: completions do not wake the queue
 * @poller: transmit: task in whose context the vector is polled now; what it sends from
 *	    there may leave the doorbell to the poll
 * @discard: receive: drop up to the next end of a frame
 * @starved: receive: there was no memory at the last refill
 * @sync: of @stats
 * @stats: the poll's counters
 * @restarted: transmit: the queue was stuck and restarted with this ring
 * @restarted_at: when, in jiffies
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
	u16 per_page;
	u16 piece_max;
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

	/* written where descriptors are handed to the chip */
	u16 next_to_use ____cacheline_aligned;
	u16 rung;
	u16 next_copy;
	bool owed;
	union tgbe_tx_desc context;
	struct u64_stats_sync use_sync;
	struct tgbe_tx_stats use;

	/* written where descriptors are taken back */
	u16 next_to_clean ____cacheline_aligned;
	struct sk_buff *partial;
	struct task_struct *poller;
	bool frozen;
	bool discard;
	bool starved;
	struct u64_stats_sync sync;
	union tgbe_ring_stats stats;

	/* slow path */
	dma_addr_t desc_dma ____cacheline_aligned;
	size_t desc_bytes;
	unsigned long restarted_at;
	bool restarted;
};

/**
 * struct tgbe_vector - one interrupt vector with its NAPI and queue pair
 *
 * Allocated at probe for the most queues that the port can have; changing
 * rings replaces the pointers only.
 *
 * @napi: polled for both rings; there while the port is started
 * @rx: receive ring while armed, else NULL
 * @tx: transmit ring while armed, else NULL
 * @unmask: register that enables the vector's interrupt
 * @unmask_bits: value written there
 * @dev: the port
 * @index: queue pair served
 * @renew: the moderation was changed, to be seen by the next poll
 * @polls: since the last interrupt
 * @rx_quiet: interrupts since one that brought a received frame, as far as they count
 * @interrupts: number of them
 * @interrupts_judged: what that was at the last judgement of the moderation
 * @interrupts_seen: what that was when the service work last looked, and its kick
 * @throttle: interval the chip was told, in microseconds
 * @load: what adaptive moderation knows of the load
 * @rx_pace: of the receive ring
 * @tx_pace: of the transmit ring
 * @name: as it stands in /proc/interrupts
 * @home_cpu: takes the interrupts until the user chooses others
 * @cpus_wanted: @home_cpu, or what the user set; @dev->affinity_lock
 * @cpus_set: @cpus_wanted, or a stand-in while all of those are offline;
 *	      @dev->affinity_lock
 * @affinity_notify: tells what the user sets, while the port is open
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
	u8 rx_quiet;
	u32 polls;
	unsigned long interrupts;
	unsigned long interrupts_judged;
	unsigned long interrupts_seen;
	u32 throttle;
	struct tgbe_load load;
	struct tgbe_pacer rx_pace;
	struct tgbe_pacer tx_pace;
	char name[IFNAMSIZ + 16];
	u64 drops;
	union tgbe_ring_stats retired[2];
	unsigned int home_cpu;
	cpumask_t cpus_wanted;
	cpumask_t cpus_set;
	struct irq_affinity_notify affinity_notify;
};

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

/**
 * tgbe_ring_tell() - tell the chip up to where the descriptors are its own
 * @ring: armed ring
 *
 * Context: whoever may move @ring->next_to_use.
 */
static inline void tgbe_ring_tell(struct tgbe_ring *ring)
{
	ring->rung = ring->next_to_use;
	/* writel orders the descriptors before the tail */
	writel(ring->next_to_use, ring->tail);
}

/* tgbe_rx.c */
bool tgbe_rx_refill(struct tgbe_ring *ring, unsigned int wanted, gfp_t gfp);
int tgbe_rx_clean(struct tgbe_vector *vector, struct tgbe_ring *ring,
		  int budget);
void tgbe_rx_flush(struct tgbe_ring *ring);
bool tgbe_rx_pending(const struct tgbe_ring *ring);
#if IS_ENABLED(CONFIG_KUNIT)
void tgbe_rx_checksum(struct tgbe_ring *ring, struct sk_buff *skb, u32 status);
void tgbe_rx_hash(struct sk_buff *skb, const struct tgbe_rx_desc_done *done);
void tgbe_rx_vlan(struct sk_buff *skb, netdev_features_t features, u16 tci);
#endif

/* tgbe_tx.c */
netdev_tx_t tgbe_xmit(struct sk_buff *skb, struct net_device *netdev);
unsigned int tgbe_tx_clean(struct tgbe_ring *ring, int budget,
			   unsigned int share);
void tgbe_tx_gather(struct tgbe_ring *ring);
void tgbe_tx_flush(struct tgbe_ring *ring);
void tgbe_tx_discard(struct tgbe_ring *ring);
void tgbe_tx_freeze(struct tgbe_ring *ring);
void tgbe_tx_thaw(struct tgbe_ring *ring);
bool tgbe_tx_empty(const struct tgbe_ring *ring);
void tgbe_tx_rewind(struct tgbe_ring *ring);

/* tgbe_napi.c */
void tgbe_poll_soon(struct tgbe_vector *vector);
void tgbe_poll_own(struct tgbe_vector *vector);
void tgbe_poll_release(struct tgbe_vector *vector);
void tgbe_polls_start(struct tgbe_device *dev);
void tgbe_polls_stop(struct tgbe_device *dev);

#endif /* _TGBE_RING_H_ */
