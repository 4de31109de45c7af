// SPDX-License-Identifier: GPL-2.0
/* Receive: from a written-back descriptor to a frame in the stack.
 *
 * Both chips write the same descriptor back (see tgbe_desc.h), so there is one
 * loop. A frame may end in a later poll than it began: what is there of it
 * waits in ring->partial.
 */
#include <linux/etherdevice.h>
#include <linux/prefetch.h>
#include <net/page_pool/helpers.h>

#include "tgbe.h"
#include "tgbe_ring.h"

static union tgbe_rx_desc *tgbe_rxd_at(const struct tgbe_ring *ring, u16 i)
{
	return (union tgbe_rx_desc *)ring->desc + i;
}

static dma_addr_t tgbe_header_dma(const struct tgbe_ring *ring, u16 i)
{
	return ring->headers ? ring->headers_dma + i * ring->geometry.header : 0;
}

/**
 * tgbe_rx_refill() - post buffers, without telling the chip
 * @ring: receive ring
 * @wanted: number of buffers
 * @gfp: how hard to try for each
 *
 * Context: NAPI poll, or process before the ring is armed.
 * Return: buffers posted; fewer than @wanted when memory ran out.
 */
unsigned int tgbe_rx_refill(struct tgbe_ring *ring, unsigned int wanted,
			    gfp_t gfp)
{
	u16 i = ring->next_to_use;
	unsigned int n;

	for (n = 0; n < wanted; n++) {
		struct tgbe_rx_slot *slot = &ring->rx_slot[i];
		union tgbe_rx_desc *desc = tgbe_rxd_at(ring, i);
		unsigned int size = ring->geometry.truesize;
		dma_addr_t dma;

		slot->page = page_pool_alloc(ring->pool, &slot->offset, &size,
					     gfp);
		if (unlikely(!slot->page))
			break;
		dma = page_pool_get_dma_addr(slot->page) + slot->offset;
		desc->post.addr = cpu_to_le64(dma + ring->geometry.headroom);
		/* this also takes back the DD bit of the last time round, for
		 * header buffers begin at even addresses
		 */
		desc->post.header_addr = cpu_to_le64(tgbe_header_dma(ring, i));
		i = tgbe_ring_next(ring, i);
	}
	ring->next_to_use = i;
	return n;
}

/* Small rings refill in smaller steps: a step is room that the chip lacks */
static unsigned int tgbe_refill_batch(const struct tgbe_ring *ring)
{
	return min_t(unsigned int, READ_ONCE(ring->batch),
		     READ_ONCE(ring->limit) / 8);
}

static void tgbe_refill(struct tgbe_ring *ring, struct tgbe_rx_stats *stats)
{
	int posted = tgbe_ring_span(ring, ring->next_to_clean,
				    ring->next_to_use);
	/* below zero after the limit was lowered: let the surplus drain */
	int wanted = READ_ONCE(ring->limit) - 1 - posted;
	unsigned int got;

	if (wanted <= 0 || wanted < tgbe_refill_batch(ring))
		return;
	got = tgbe_rx_refill(ring, wanted, GFP_ATOMIC | __GFP_NOWARN);
	if (unlikely(got < wanted))
		stats->alloc_failed++;
	/* a few buffers may be too few for a frame that takes several */
	WRITE_ONCE(ring->starved, got < wanted);
	if (got) {
		writel(ring->next_to_use, ring->tail);
		stats->doorbells++;
	}
}

static void tgbe_recycle(struct tgbe_ring *ring, struct page *page)
{
	page_pool_put_full_page(ring->pool, page, true);
}

/* The largest piece that leaves room for what build_skb puts behind it */
static unsigned int tgbe_piece_limit(const struct tgbe_rx_geometry *g)
{
	if (g->header)
		return g->room;
	return min_t(unsigned int, g->room,
		     g->truesize - g->headroom -
		     SKB_DATA_ALIGN(sizeof(struct skb_shared_info)));
}

static struct sk_buff *tgbe_copy_frame(struct tgbe_vector *vector,
				       struct tgbe_ring *ring, struct page *page,
				       const void *data, unsigned int len)
{
	struct sk_buff *skb = napi_alloc_skb(&vector->napi, len);

	if (likely(skb))
		skb_put_data(skb, data, len);
	tgbe_recycle(ring, page);
	return skb;
}

static struct sk_buff *tgbe_wrap_frame(struct tgbe_ring *ring, struct page *page,
				       void *buffer, unsigned int len)
{
	struct sk_buff *skb = napi_build_skb(buffer, ring->geometry.truesize);

	if (unlikely(!skb)) {
		tgbe_recycle(ring, page);
		return NULL;
	}
	skb_mark_for_recycle(skb);
	skb_reserve(skb, ring->geometry.headroom);
	skb_put(skb, len);
	return skb;
}

/* Begin a frame of a ring with header buffers: the header is copied, from its own
 * buffer or, if it was not split, from where it is; what follows stays where it is.
 * Not so in frames of the least length, whose payload is mostly padding.
 */
static struct sk_buff *tgbe_split_frame(struct tgbe_vector *vector,
					struct tgbe_ring *ring,
					const struct tgbe_rx_slot *slot,
					struct page *page, unsigned int header,
					unsigned int len, bool eop,
					struct tgbe_rx_stats *stats)
{
	const struct tgbe_rx_geometry *g = &ring->geometry;
	void *data = page_address(page) + slot->offset;
	unsigned int pull = 0;
	struct sk_buff *skb;

	if (eop && header + len <= max_t(u16, READ_ONCE(ring->unsplit), ETH_ZLEN))
		pull = len;
	else if (!header)
		pull = eth_get_headlen(ring->netdev, data,
				       min_t(unsigned int, len, g->header));
	skb = napi_alloc_skb(&vector->napi, header + pull);
	if (unlikely(!skb)) {
		tgbe_recycle(ring, page);
		return NULL;
	}
	skb_put_data(skb, ring->headers + (slot - ring->rx_slot) * g->header,
		     header);
	skb_put_data(skb, data, pull);
	skb_mark_for_recycle(skb);
	if (pull == len) {
		tgbe_recycle(ring, page);
		return skb;
	}
	skb_add_rx_frag(skb, 0, page, slot->offset + pull, len - pull, g->truesize);
	stats->split += header > 0;
	return skb;
}

/* Give up the frame at hand, up to and including its last descriptor */
static void tgbe_give_up(struct tgbe_ring *ring)
{
	if (ring->partial)
		dev_kfree_skb_any(ring->partial);
	ring->partial = NULL;
	ring->discard = true;
}

static bool tgbe_can_begin(const struct tgbe_rx_geometry *g, unsigned int header,
			   unsigned int len)
{
	if (header)
		return header >= ETH_HLEN && header <= g->header;
	return len >= ETH_HLEN;
}

/* Add one buffer to the frame at hand. The chip's word is checked: a piece
 * must fit its buffer, the first one, or the @header bytes split off it, must hold
 * an Ethernet header, and a frame must end before it runs out of fragments.
 */
static void tgbe_take_piece(struct tgbe_vector *vector, struct tgbe_ring *ring,
			    struct tgbe_rx_slot *slot, unsigned int header,
			    unsigned int len, bool eop, struct tgbe_rx_stats *stats)
{
	const struct tgbe_rx_geometry *g = &ring->geometry;
	struct page *page = slot->page;
	void *buffer = page_address(page) + slot->offset;
	struct sk_buff *skb = ring->partial;

	slot->page = NULL;
	if (unlikely(ring->discard)) {
		tgbe_recycle(ring, page);
		return;
	}
	if (unlikely(len > tgbe_piece_limit(g) ||
		     (!skb && !tgbe_can_begin(g, header, len)) ||
		     (skb && skb_shinfo(skb)->nr_frags == MAX_SKB_FRAGS))) {
		stats->errors++;
		tgbe_recycle(ring, page);
		tgbe_give_up(ring);
		return;
	}
	/* nothing lies in the buffer of a frame that is all header */
	if (len)
		page_pool_dma_sync_for_cpu(ring->pool, page,
					   slot->offset + g->headroom, len);
	if (skb) {
		/* only the FCS lay in this buffer, and it was stripped */
		if (!len)
			tgbe_recycle(ring, page);
		else
			skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page,
					slot->offset + g->headroom, len,
					g->truesize);
		return;
	}

	prefetch(buffer + g->headroom);
	if (g->header) {
		skb = tgbe_split_frame(vector, ring, slot, page, header, len, eop,
				       stats);
	} else if (eop && len <= READ_ONCE(ring->copybreak)) {
		skb = tgbe_copy_frame(vector, ring, page, buffer + g->headroom, len);
		stats->copied += !!skb;
	} else {
		skb = tgbe_wrap_frame(ring, page, buffer, len);
	}
	if (unlikely(!skb)) {
		stats->alloc_failed++;
		stats->drops++;
		tgbe_give_up(ring);
		return;
	}
	ring->partial = skb;
}

VISIBLE_IF_KUNIT void tgbe_rx_checksum(struct sk_buff *skb, u32 status,
				       struct tgbe_rx_stats *stats)
{
	if (status & TGBE_RXD_STAT_IXSM) {
		stats->csum_none++;
		return;
	}
	/* The stack looks again at a frame the chip called bad: the 82576 is
	 * wrong about short SCTP frames.
	 */
	if (unlikely(status & (TGBE_RXD_ERR_L4E | TGBE_RXD_ERR_IPE))) {
		stats->csum_errors++;
	} else if (status & (TGBE_RXD_STAT_L4CS | TGBE_RXD_STAT_UDPCS)) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		stats->csum_good++;
	} else {
		stats->csum_none++;
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

static void tgbe_deliver(struct tgbe_vector *vector, struct tgbe_ring *ring,
			 const struct tgbe_rx_desc_done *done, u32 status,
			 struct tgbe_rx_stats *stats)
{
	struct net_device *netdev = ring->netdev;
	struct sk_buff *skb = ring->partial;

	ring->partial = NULL;
	if (unlikely(ring->discard)) {
		ring->discard = false;
		return;
	}
	if (unlikely(status & TGBE_RXD_ERR_FRAME)) {
		stats->damaged++;
		if (!(netdev->features & NETIF_F_RXALL)) {
			dev_kfree_skb_any(skb);
			return;
		}
	}
	stats->packets++;
	stats->bytes += skb->len;

	if (netdev->features & NETIF_F_RXCSUM)
		tgbe_rx_checksum(skb, status, stats);
	else
		stats->csum_none++;
	if (netdev->features & NETIF_F_RXHASH)
		tgbe_rx_hash(skb, done);
	if (status & TGBE_RXD_STAT_VP)
		tgbe_rx_vlan(skb, netdev->features, le16_to_cpu(done->vlan));
	if (unlikely(status & TGBE_RXD_STAT_82576_TS))
		tgbe_ptp_rx(netdev_priv(netdev), skb);
	skb_record_rx_queue(skb, ring->index);
	skb->protocol = eth_type_trans(skb, netdev);
	napi_gro_receive(&vector->napi, skb);
}

static void tgbe_add_stats(struct tgbe_ring *ring, const struct tgbe_rx_stats *add)
{
	const u64 *from = (const u64 *)add;

	u64_stats_update_begin(&ring->sync);
	for (unsigned int i = 0; i < sizeof(*add) / sizeof(u64); i++)
		ring->stats.raw[i] += from[i];
	u64_stats_update_end(&ring->sync);
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
	struct tgbe_rx_stats stats = { .polls = 1 };
	unsigned int header = 0;
	int work = 0;

	while (work < budget) {
		u16 i = ring->next_to_clean;
		struct tgbe_rx_slot *slot = &ring->rx_slot[i];
		union tgbe_rx_desc *desc = tgbe_rxd_at(ring, i);
		u32 status = le32_to_cpu(READ_ONCE(desc->done.status));

		/* without a page the DD bit is one of an earlier round */
		if (!(status & TGBE_RXD_STAT_DD) || unlikely(!slot->page))
			break;
		/* nothing else of the descriptor may be read before DD */
		dma_rmb();

		ring->next_to_clean = tgbe_ring_next(ring, i);
		prefetch(tgbe_rxd_at(ring, ring->next_to_clean));
		if (ring->headers)
			header = tgbe_rxd_header(&desc->done);
		tgbe_take_piece(vector, ring, slot, header,
				le16_to_cpu(desc->done.length),
				status & TGBE_RXD_STAT_EOP, &stats);
		if (status & TGBE_RXD_STAT_EOP) {
			tgbe_deliver(vector, ring, &desc->done, status, &stats);
			work++;
		}
		tgbe_refill(ring, &stats);
	}
	/* a ring that ran dry for want of memory gets its chance here */
	tgbe_refill(ring, &stats);
	tgbe_add_stats(ring, &stats);
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
