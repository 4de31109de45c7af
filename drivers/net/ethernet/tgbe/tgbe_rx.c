// SPDX-License-Identifier: GPL-2.0
/* Receive: from a written-back descriptor to a frame in the stack.
 *
 * Both chips write the same descriptor back (see tgbe_desc.h), so there is one
 * loop. A frame may end in a later poll than it began: what is there of it
 * waits in ring->partial.
 */
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/prefetch.h>
#include <net/page_pool/helpers.h>

#include "tgbe.h"
#include "tgbe_ring.h"

static union tgbe_rx_desc *tgbe_rxd_at(const struct tgbe_ring *ring, u16 i)
{
	return (union tgbe_rx_desc *)ring->desc + i;
}

/* A counter of the poll's */
static void tgbe_count(struct tgbe_ring *ring, u64 *counter, unsigned int by)
{
	u64_stats_update_begin(&ring->sync);
	*counter += by;
	u64_stats_update_end(&ring->sync);
}

static dma_addr_t tgbe_header_dma(const struct tgbe_ring *ring, u16 i)
{
	return ring->headers ? ring->headers_dma + i * ring->geometry.header : 0;
}

static __always_inline void tgbe_post(struct tgbe_ring *ring, u16 i, struct page *page,
				      void *buffer, dma_addr_t dma)
{
	struct tgbe_rx_slot *slot = &ring->rx_slot[i];
	union tgbe_rx_desc *desc = tgbe_rxd_at(ring, i);

	slot->page = page;
	slot->buffer = buffer;
	desc->post.addr = cpu_to_le64(dma);
	/* this also takes back the DD bit of the last time round, for header buffers
	 * begin at even addresses
	 */
	desc->post.header_addr = cpu_to_le64(tgbe_header_dma(ring, i));
}

/* Post the buffers of a page from descriptor @i on. Returns the index behind them. */
static u16 tgbe_post_page(struct tgbe_ring *ring, u16 i, struct page *page)
{
	const unsigned int size = ring->geometry.truesize;
	dma_addr_t dma = page_pool_get_dma_addr(page) + ring->geometry.headroom;
	void *buffer = page_address(page);

	for (unsigned int n = ring->per_page; n; n--) {
		tgbe_post(ring, i, page, buffer, dma);
		buffer += size;
		dma += size;
		i = tgbe_ring_next(ring, i);
	}
	return i;
}

/**
 * tgbe_rx_refill() - post buffers, without telling the chip
 * @ring: receive ring
 * @wanted: number of buffers; those of a page are posted together, so some fewer are
 *	    when it is no multiple of @ring->per_page
 * @gfp: how hard to try for each
 *
 * Context: NAPI poll, or process before the ring is armed.
 * Return: true, or false when memory ran out.
 */
bool tgbe_rx_refill(struct tgbe_ring *ring, unsigned int wanted, gfp_t gfp)
{
	const unsigned int per_page = ring->per_page;
	struct page *page;

	for (; wanted >= per_page; wanted -= per_page) {
		page = page_pool_alloc_pages(ring->pool, gfp);
		if (unlikely(!page))
			return false;
		page_pool_fragment_page(page, per_page);
		ring->next_to_use = tgbe_post_page(ring, ring->next_to_use, page);
	}
	return true;
}

/* Small rings refill in smaller steps: a step is room that the chip lacks */
static unsigned int tgbe_refill_batch(const struct tgbe_ring *ring)
{
	unsigned int most = READ_ONCE(ring->limit) / 8;

	return clamp_t(unsigned int, READ_ONCE(ring->batch), 1, max(most, 1u));
}

static void tgbe_refill(struct tgbe_ring *ring)
{
	/* below zero after the limit was lowered: let the surplus drain */
	int wanted = READ_ONCE(ring->limit) - 1 -
		     tgbe_ring_span(ring, ring->next_to_clean, ring->next_to_use);
	/* with those that were posted again */
	int news = tgbe_ring_span(ring, ring->rung, ring->next_to_use) + max(wanted, 0);
	bool filled = true;

	/* a ring that is being emptied, whose tail the chip must not be told any more */
	if (unlikely(!READ_ONCE(ring->limit)))
		return;
	if (news < (int)tgbe_refill_batch(ring))
		return;
	if (wanted > 0)
		filled = tgbe_rx_refill(ring, wanted, GFP_ATOMIC | __GFP_NOWARN);
	if (unlikely(!filled))
		tgbe_count(ring, &ring->stats.rx.alloc_failed, 1);
	/* a few buffers may be too few for a frame that takes several */
	WRITE_ONCE(ring->starved, !filled);
	if (ring->rung == ring->next_to_use)
		return;
	tgbe_ring_tell(ring);
	tgbe_count(ring, &ring->stats.rx.doorbells, 1);
}

static void tgbe_recycle(struct tgbe_ring *ring, struct page *page)
{
	page_pool_put_full_page(ring->pool, page, true);
}

/* Post the buffer of a frame that was copied again, unless there are too many since the
 * limit was lowered, or the pool would not keep its page: frames in memory from the
 * reserves are dropped by the stack
 */
static void tgbe_post_again(struct tgbe_ring *ring, struct page *page, void *buffer)
{
	dma_addr_t dma = page_pool_get_dma_addr(page) + offset_in_page(buffer) +
			 ring->geometry.headroom;
	u16 i = ring->next_to_use;

	if (unlikely(tgbe_ring_span(ring, ring->next_to_clean, i) >=
		     READ_ONCE(ring->limit) - 1 || !dev_page_is_reusable(page))) {
		tgbe_recycle(ring, page);
		return;
	}
	dma_sync_single_for_device(ring->dma_dev, dma, ring->piece_max, DMA_FROM_DEVICE);
	tgbe_post(ring, i, page, buffer, dma);
	ring->next_to_use = tgbe_ring_next(ring, i);
}

static struct sk_buff *tgbe_copy_frame(struct tgbe_vector *vector,
				       struct tgbe_ring *ring, struct page *page,
				       void *buffer, unsigned int len)
{
	struct sk_buff *skb = napi_alloc_skb(&vector->napi, len);

	if (likely(skb))
		__skb_put_data(skb, buffer + ring->geometry.headroom, len);
	tgbe_count(ring, &ring->stats.rx.copied, !!skb);
	tgbe_post_again(ring, page, buffer);
	return skb;
}

static __always_inline struct sk_buff *
tgbe_wrap_frame(struct tgbe_ring *ring, struct page *page, void *buffer, unsigned int len)
{
	struct sk_buff *skb = napi_build_skb(buffer, ring->geometry.truesize);

	if (unlikely(!skb)) {
		tgbe_recycle(ring, page);
		return NULL;
	}
	skb_mark_for_recycle(skb);
	skb_reserve(skb, ring->geometry.headroom);
	__skb_put(skb, len);
	return skb;
}

/* Begin a frame of a ring with header buffers: the header is copied, from its own
 * buffer or, if it was not split, from where it is; what follows stays where it is.
 * Not so in frames of the least length, whose payload is mostly padding.
 */
static struct sk_buff *tgbe_split_frame(struct tgbe_vector *vector,
					struct tgbe_ring *ring, struct page *page,
					void *buffer, const void *head,
					unsigned int header, unsigned int len, bool eop)
{
	const struct tgbe_rx_geometry *g = &ring->geometry;
	unsigned int pull = 0;
	struct sk_buff *skb;

	if (eop && header + len <= max_t(u16, READ_ONCE(ring->unsplit), ETH_ZLEN))
		pull = len;
	else if (!header)
		pull = eth_get_headlen(ring->netdev, buffer,
				       min_t(unsigned int, len, g->header));
	skb = napi_alloc_skb(&vector->napi, header + pull);
	if (unlikely(!skb)) {
		tgbe_recycle(ring, page);
		return NULL;
	}
	skb_put_data(skb, head, header);
	skb_put_data(skb, buffer, pull);
	skb_mark_for_recycle(skb);
	if (pull == len) {
		tgbe_post_again(ring, page, buffer);
		return skb;
	}
	skb_add_rx_frag(skb, 0, page, offset_in_page(buffer) + pull, len - pull, g->truesize);
	tgbe_count(ring, &ring->stats.rx.split, header > 0);
	return skb;
}

static bool tgbe_can_begin(const struct tgbe_rx_geometry *g, unsigned int header,
			   unsigned int len)
{
	if (header)
		return header >= ETH_HLEN && header <= g->header;
	return len >= ETH_HLEN;
}

/* The chip's word is checked: a piece must fit its buffer, the first one, or the @header
 * bytes split off it, must hold an Ethernet header, and a frame must end before it runs
 * out of fragments.
 */
static __always_inline bool tgbe_piece_is_sane(const struct tgbe_ring *ring,
					       const struct sk_buff *skb,
					       unsigned int header, unsigned int len)
{
	if (len > ring->piece_max)
		return false;
	if (unlikely(skb))
		return skb_shinfo(skb)->nr_frags < MAX_SKB_FRAGS;
	return tgbe_can_begin(&ring->geometry, header, len);
}

static __always_inline struct sk_buff *
tgbe_begin_frame(struct tgbe_vector *vector, struct tgbe_ring *ring, struct page *page,
		 void *buffer, const void *head, unsigned int header, unsigned int len,
		 bool eop)
{
	const struct tgbe_rx_geometry *g = &ring->geometry;

	prefetch(buffer + g->headroom);
	if (head)
		return tgbe_split_frame(vector, ring, page, buffer, head, header, len, eop);
	if (eop && len <= READ_ONCE(ring->copybreak))
		return tgbe_copy_frame(vector, ring, page, buffer, len);
	return tgbe_wrap_frame(ring, page, buffer, len);
}

static void tgbe_add_piece(struct tgbe_ring *ring, struct sk_buff *skb, struct page *page,
			   void *buffer, unsigned int len)
{
	const struct tgbe_rx_geometry *g = &ring->geometry;

	/* only the FCS lay in this buffer, and it was stripped */
	if (!len)
		tgbe_recycle(ring, page);
	else
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page,
				offset_in_page(buffer) + g->headroom, len, g->truesize);
}

/* Take the buffer of a descriptor and add it to the frame at hand. Returns the frame if
 * it ends there. A frame that cannot be had is dropped up to and including its last
 * descriptor.
 */
static __always_inline struct sk_buff *
tgbe_take_piece(struct tgbe_vector *vector, struct tgbe_ring *ring,
		struct tgbe_rx_slot *slot, const void *head, unsigned int header,
		unsigned int len, bool eop)
{
	struct sk_buff *skb = ring->partial;
	struct page *page = slot->page;
	void *buffer = slot->buffer;

	slot->page = NULL;
	if (unlikely(ring->discard)) {
		tgbe_recycle(ring, page);
		goto dropped;
	}
	if (unlikely(!tgbe_piece_is_sane(ring, skb, header, len))) {
		tgbe_count(ring, &ring->stats.rx.errors, 1);
		tgbe_recycle(ring, page);
		goto drop;
	}
	/* nothing lies in the buffer of a frame that is all header */
	if (unlikely(dma_dev_need_sync(ring->dma_dev)) && len)
		page_pool_dma_sync_for_cpu(ring->pool, page,
					   offset_in_page(buffer) + ring->geometry.headroom,
					   len);
	if (unlikely(skb)) {
		tgbe_add_piece(ring, skb, page, buffer, len);
		ring->partial = eop ? NULL : skb;
		return eop ? skb : NULL;
	}
	skb = tgbe_begin_frame(vector, ring, page, buffer, head, header, len, eop);
	if (unlikely(!skb)) {
		tgbe_count(ring, &ring->stats.rx.alloc_failed, 1);
		tgbe_count(ring, &ring->stats.rx.drops, 1);
		goto dropped;
	}
	if (likely(eop))
		return skb;
	ring->partial = skb;
	return NULL;

drop:
	if (skb)
		dev_kfree_skb_any(skb);
	ring->partial = NULL;
dropped:
	ring->discard = !eop;
	return NULL;
}

VISIBLE_IF_KUNIT void tgbe_rx_checksum(struct tgbe_ring *ring, struct sk_buff *skb,
				       u32 status)
{
	struct tgbe_rx_stats *stats = &ring->stats.rx;

	if (status & TGBE_RXD_STAT_IXSM) {
		tgbe_count(ring, &stats->csum_none, 1);
		return;
	}
	/* The stack checks again a frame that the chip called bad: the 82576 is
	 * wrong about short SCTP frames.
	 */
	if (unlikely(status & (TGBE_RXD_ERR_L4E | TGBE_RXD_ERR_IPE))) {
		tgbe_count(ring, &stats->csum_errors, 1);
	} else if (status & (TGBE_RXD_STAT_L4CS | TGBE_RXD_STAT_UDPCS)) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		tgbe_count(ring, &stats->csum_good, 1);
	} else {
		tgbe_count(ring, &stats->csum_none, 1);
	}
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_rx_checksum);

VISIBLE_IF_KUNIT void tgbe_rx_hash(struct sk_buff *skb,
				   const struct tgbe_rx_desc_done *done)
{
	unsigned int type = FIELD_GET(TGBE_RXD_INFO_RSS_TYPE,
				      le32_to_cpu(done->info));

	if (type != TGBE_RSS_TYPE_NONE)
		skb_set_hash(skb, le32_to_cpu(done->hash),
			     BIT(type) & TGBE_RSS_TYPES_L4 ?
			     PKT_HASH_TYPE_L4 : PKT_HASH_TYPE_L3);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_rx_hash);

/* A frame that the chip calls tagged. Its tag was taken out of it while stripping is on.
 * While that is off, only frames from before the switch are without the tag that the
 * chip names: any other frame has it still, and is not to get it twice.
 */
VISIBLE_IF_KUNIT void tgbe_rx_vlan(struct sk_buff *skb, netdev_features_t features,
				   u16 tci)
{
	const struct vlan_ethhdr *head;
	struct vlan_ethhdr room;

	if (unlikely(!(features & NETIF_F_HW_VLAN_CTAG_RX))) {
		head = skb_header_pointer(skb, 0, sizeof(room), &room);
		if (head && head->h_vlan_proto == htons(ETH_P_8021Q) &&
		    head->h_vlan_TCI == htons(tci))
			return;
	}
	__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), tci);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_rx_vlan);

#define STATUS_SPECIAL	(TGBE_RXD_ERR_FRAME | TGBE_RXD_STAT_VP | TGBE_RXD_STAT_82576_TS)

/* Damage, a tag, a stamp: most frames have none of them. Returns false for a frame that
 * goes no further.
 */
static noinline bool tgbe_rx_special(struct tgbe_ring *ring, struct sk_buff *skb,
				     const struct tgbe_rx_desc_done *done, u32 status)
{
	struct net_device *netdev = ring->netdev;

	if (status & TGBE_RXD_ERR_FRAME) {
		tgbe_count(ring, &ring->stats.rx.damaged, 1);
		if (!(netdev->features & NETIF_F_RXALL)) {
			dev_kfree_skb_any(skb);
			return false;
		}
	}
	if (status & TGBE_RXD_STAT_VP)
		tgbe_rx_vlan(skb, netdev->features, le16_to_cpu(done->vlan));
	if (status & TGBE_RXD_STAT_82576_TS)
		tgbe_ptp_rx(netdev_priv(netdev), skb);
	return true;
}

static __always_inline void tgbe_deliver(struct tgbe_vector *vector,
					 struct tgbe_ring *ring, struct sk_buff *skb,
					 const struct tgbe_rx_desc_done *done,
					 u32 status)
{
	struct net_device *netdev = ring->netdev;
	netdev_features_t features = netdev->features;

	if (unlikely(status & STATUS_SPECIAL) &&
	    !tgbe_rx_special(ring, skb, done, status))
		return;
	tgbe_count(ring, &ring->stats.rx.packets, 1);
	tgbe_count(ring, &ring->stats.rx.bytes, skb->len);
	if (features & NETIF_F_RXCSUM)
		tgbe_rx_checksum(ring, skb, status);
	else
		tgbe_count(ring, &ring->stats.rx.csum_none, 1);
	if (features & NETIF_F_RXHASH)
		tgbe_rx_hash(skb, done);
	skb_record_rx_queue(skb, ring->index);
	skb->protocol = eth_type_trans(skb, netdev);
	napi_gro_receive(&vector->napi, skb);
}

/* Two instances, with and without header buffers */
static __always_inline int tgbe_rx_loop(struct tgbe_vector *vector, struct tgbe_ring *ring,
					int budget, const bool split)
{
	/* descriptors after which it is asked what is to be posted, a power of two */
	const u16 step = rounddown_pow_of_two(tgbe_refill_batch(ring));
	unsigned int header = 0;
	const void *head = NULL;
	struct sk_buff *skb;
	int work = 0;

	while (work < budget) {
		u16 i = ring->next_to_clean;
		struct tgbe_rx_slot *slot = &ring->rx_slot[i];
		union tgbe_rx_desc *desc = tgbe_rxd_at(ring, i);
		u32 status = le32_to_cpu(READ_ONCE(desc->done.status));
		bool eop = status & TGBE_RXD_STAT_EOP;

		/* without a page the DD bit is one of an earlier round */
		if (!(status & TGBE_RXD_STAT_DD) || unlikely(!slot->page))
			break;
		/* nothing else of the descriptor may be read before DD */
		dma_rmb();

		ring->next_to_clean = tgbe_ring_next(ring, i);
		if (split) {
			header = tgbe_rxd_header(&desc->done);
			head = ring->headers + i * ring->geometry.header;
		}
		skb = tgbe_take_piece(vector, ring, slot, head, header,
				      le16_to_cpu(desc->done.length), eop);
		if (skb)
			tgbe_deliver(vector, ring, skb, &desc->done, status);
		if (eop)
			work++;
		if (!(i & (step - 1)))
			tgbe_refill(ring);
	}
	return work;
}

/**
 * tgbe_rx_clean() - take received frames and give them to the stack
 * @vector: the ring's vector
 * @ring: receive ring
 * @budget: frames to take at most
 *
 * Posts new buffers in batches as it goes.
 *
 * Context: NAPI poll, or its owner with bottom halves disabled.
 * Return: frames taken, damaged ones included.
 */
int tgbe_rx_clean(struct tgbe_vector *vector, struct tgbe_ring *ring,
		  int budget)
{
	int work = ring->headers ? tgbe_rx_loop(vector, ring, budget, true) :
				   tgbe_rx_loop(vector, ring, budget, false);

	/* a ring that ran dry for want of memory gets its chance here */
	tgbe_refill(ring);
	tgbe_count(ring, &ring->stats.rx.polls, 1);
	return work;
}

/**
 * tgbe_rx_pending() - is there a received frame that was not taken yet?
 * @ring: receive ring
 *
 * Context: owner of the NAPI poll.
 * Return: true if so.
 */
bool tgbe_rx_pending(const struct tgbe_ring *ring)
{
	union tgbe_rx_desc *desc = tgbe_rxd_at(ring, ring->next_to_clean);

	return ring->rx_slot[ring->next_to_clean].page &&
	       le32_to_cpu(READ_ONCE(desc->done.status)) & TGBE_RXD_STAT_DD;
}

/**
 * tgbe_rx_flush() - take back all buffers of a quiesced ring
 * @ring: receive ring that the chip no longer knows
 *
 * Context: process.
 */
void tgbe_rx_flush(struct tgbe_ring *ring)
{
	for (unsigned int i = 0; i < ring->count; i++) {
		struct tgbe_rx_slot *slot = &ring->rx_slot[i];

		if (slot->page)
			page_pool_put_full_page(ring->pool, slot->page, false);
		slot->page = NULL;
	}
	if (ring->partial)
		dev_kfree_skb_any(ring->partial);
	ring->partial = NULL;
}
