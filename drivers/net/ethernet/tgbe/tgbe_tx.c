// SPDX-License-Identifier: GPL-2.0
/* Transmit: from the stack's frame to descriptors, and back when it is sent.
 *
 * The sender, under the netdev queue's lock, moves next_to_use; the NAPI poll
 * moves next_to_clean. Each publishes its index last.
 */
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <net/netdev_queues.h>

#include "tgbe.h"
#include "tgbe_chip.h"
#include "tgbe_offload.h"
#include "tgbe_ring.h"

/* A poll in which the stack sends rings once for so many descriptors of short frames.
 * Frames that carry bulk data never wait.
 */
#define DEFER_DESCS	16
#define DEFER_BYTES	256

/* What the in-tree drivers give these chips at least, which pad the rest (TCTL.PSP) */
#define TX_MIN		17

static union tgbe_tx_desc *tgbe_txd_at(const struct tgbe_ring *ring, u16 i)
{
	return (union tgbe_tx_desc *)ring->desc + i;
}

static struct netdev_queue *tgbe_ring_txq(const struct tgbe_ring *ring)
{
	return netdev_get_tx_queue(ring->netdev, ring->index);
}

/* Below zero after the limit of a ring in use was lowered */
static int tgbe_unused(const struct tgbe_ring *ring)
{
	return READ_ONCE(ring->limit) - 1 -
	       tgbe_ring_span(ring, READ_ONCE(ring->next_to_clean),
			      READ_ONCE(ring->next_to_use));
}

static void tgbe_count_use(struct tgbe_ring *ring, u64 *counter)
{
	u64_stats_update_begin(&ring->use_sync);
	(*counter)++;
	u64_stats_update_end(&ring->use_sync);
}

static void tgbe_ring_doorbell(struct tgbe_ring *ring)
{
	if (ring->rung == ring->next_to_use)
		return;
	WRITE_ONCE(ring->owed, false);
	tgbe_ring_tell(ring);
	tgbe_count_use(ring, &ring->use.doorbells);
}

/* May the doorbell for the frame just put into the ring wait? Only if the stack sends it
 * from within the poll of this vector: that rings before it ends. No other poll may be
 * relied on, for its CPU may be kept from it. Netpoll, which may be the kernel's last
 * word, does not wait.
 */
static __always_inline bool tgbe_defer_doorbell(struct tgbe_ring *ring, unsigned int len)
{
	if (READ_ONCE(ring->poller) != current || len > DEFER_BYTES || irqs_disabled() ||
	    tgbe_ring_span(ring, ring->rung, ring->next_to_use) >= DEFER_DESCS)
		return false;
	WRITE_ONCE(ring->owed, true);
	return true;
}

static void tgbe_unmap(struct tgbe_ring *ring, struct tgbe_tx_slot *slot)
{
	if (!slot->len)
		return;
	if (slot->is_page)
		dma_unmap_page(ring->dma_dev, slot->dma, slot->len,
			       DMA_TO_DEVICE);
	else
		dma_unmap_single(ring->dma_dev, slot->dma, slot->len,
				 DMA_TO_DEVICE);
	slot->len = 0;
}

/* Short frames are padded here, which the chips could do as well, so that both
 * ends of a link count the same bytes. The checksum comes first: an emulated
 * card takes the padding for payload. A frame that ends in its FCS has no room
 * for padding. Frees the frame when it fails.
 */
static int tgbe_pad(struct sk_buff *skb)
{
	if (skb->no_fcs)
		return skb_put_padto(skb, TX_MIN);
	if (skb->ip_summed == CHECKSUM_PARTIAL &&
	    skb_csum_hwoffload_help(skb, 0)) {
		dev_kfree_skb_any(skb);
		return -ENOMEM;
	}
	return eth_skb_pad(skb);
}

/* Put a context in front if the frame needs one. The 82576 keeps a context for
 * each queue and the frame may use it again; the 82574 has one for both queues,
 * so it is sent with every frame (82574 7.2).
 */
static __always_inline u16 tgbe_put_context(struct tgbe_ring *ring, u16 i,
					    const struct tgbe_tx_offload *o,
					    union tgbe_tx_desc *context,
					    const enum tgbe_format fmt)
{
	if (!tgbe_txd_needs_context(o, fmt))
		return i;
	tgbe_txd_encode_ctx(context, o, fmt);
	if (fmt == TGBE_FMT_ADV && !memcmp(context, &ring->context,
					   sizeof(*context)))
		return i;
	*tgbe_txd_at(ring, i) = *context;
	ring->tx_slot[i].len = 0;
	ring->tx_slot[i].skb = NULL;
	return tgbe_ring_next(ring, i);
}

static __always_inline u16 tgbe_put_desc(struct tgbe_ring *ring, u16 i, dma_addr_t dma,
					 unsigned int len, u32 cmd, u32 status)
{
	struct tgbe_tx_desc_data *data = &tgbe_txd_at(ring, i)->data;

	data->addr = cpu_to_le64(dma);
	data->cmd = cpu_to_le32(cmd | FIELD_PREP(TGBE_TXD_LEN, len));
	data->status = cpu_to_le32(status);
	ring->tx_slot[i].skb = NULL;
	return tgbe_ring_next(ring, i);
}

/* One mapping may take several descriptors; the first one's slot owns it */
static u16 tgbe_put_piece(struct tgbe_ring *ring, u16 i, dma_addr_t dma,
			  unsigned int len, bool is_page, u32 cmd, u32 status)
{
	struct tgbe_tx_slot *slot = &ring->tx_slot[i];

	slot->dma = dma;
	slot->len = len;
	slot->is_page = is_page;
	while (unlikely(len > TGBE_TX_DESC_BYTES)) {
		i = tgbe_put_desc(ring, i, dma, TGBE_TX_DESC_BYTES, cmd, status);
		ring->tx_slot[i].len = 0;
		dma += TGBE_TX_DESC_BYTES;
		len -= TGBE_TX_DESC_BYTES;
	}
	return tgbe_put_desc(ring, i, dma, len, cmd, status);
}

/* Map and describe head and fragments from slot @i on. On failure everything
 * from slot @first on is unmapped again. Returns the index behind the frame.
 */
static int tgbe_put_frame(struct tgbe_ring *ring, struct sk_buff *skb, u16 first,
			  u16 i, u32 cmd, u32 status)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	unsigned int len = skb_headlen(skb);
	dma_addr_t dma;

	dma = dma_map_single(ring->dma_dev, skb->data, len, DMA_TO_DEVICE);
	if (unlikely(dma_mapping_error(ring->dma_dev, dma)))
		goto undo;
	i = tgbe_put_piece(ring, i, dma, len, false, cmd, status);

	for (unsigned int f = 0; f < shinfo->nr_frags; f++) {
		skb_frag_t *frag = &shinfo->frags[f];

		len = skb_frag_size(frag);
		/* a descriptor of length 0 would stop the chip */
		if (unlikely(!len))
			continue;
		dma = skb_frag_dma_map(ring->dma_dev, frag, 0, len,
				       DMA_TO_DEVICE);
		if (unlikely(dma_mapping_error(ring->dma_dev, dma)))
			goto undo;
		i = tgbe_put_piece(ring, i, dma, len, true, cmd, status);
	}
	return i;

undo:
	for (u16 n = first; n != i; n = tgbe_ring_next(ring, n))
		tgbe_unmap(ring, &ring->tx_slot[n]);
	return -ENOMEM;
}

/* Copies are taken in turn and come free in turn. So the next one is free while fewer
 * descriptors are in use than there are copies.
 */
static bool tgbe_may_copy(const struct tgbe_ring *ring, unsigned int len)
{
	if (len > READ_ONCE(ring->copybreak) ||
	    tgbe_ring_span(ring, READ_ONCE(ring->next_to_clean), ring->next_to_use) >=
	    TGBE_TX_COPIES)
		return false;
	/* pairs with the release in tgbe_ring_alloc_copies() */
	return smp_load_acquire(&ring->copies);
}

/* The same for a short frame: copied, nothing to map */
static __always_inline int tgbe_put_copy(struct tgbe_ring *ring, struct sk_buff *skb, u16 i,
					 u32 cmd, u32 status)
{
	unsigned int offset = ring->next_copy * TGBE_TX_COPYBREAK_MAX;

	if (likely(!skb_is_nonlinear(skb)))
		skb_copy_from_linear_data(skb, ring->copies + offset, skb->len);
	else if (skb_copy_bits(skb, 0, ring->copies + offset, skb->len))
		return -EFAULT;
	ring->next_copy = (ring->next_copy + 1) % TGBE_TX_COPIES;
	ring->tx_slot[i].len = 0;
	tgbe_count_use(ring, &ring->use.copied);
	return tgbe_put_desc(ring, i, ring->copies_dma + offset, skb->len, cmd, status);
}

static u16 tgbe_previous(const struct tgbe_ring *ring, u16 i)
{
	return i ? i - 1 : ring->count - 1;
}

static void tgbe_remember_frame(struct tgbe_tx_slot *slot, struct sk_buff *skb,
				const struct tgbe_tx_offload *o, u16 last,
				bool stamp)
{
	u16 segs = 1;

	if (o->mss)
		segs = DIV_ROUND_UP(skb->len - o->header_len, o->mss);
	slot->skb = skb;
	slot->stamp = stamp;
	slot->last = last;
	slot->segs = segs;
	slot->wire_bytes = skb->len + (segs - 1) * o->header_len;
}

/* Was the chip to be asked when it sends the frame, and can it be? */
static __always_inline bool tgbe_wants_stamp(struct sk_buff *skb,
					     const struct tgbe_ring *ring,
					     const enum tgbe_format fmt)
{
	if (fmt != TGBE_FMT_ADV ||
	    likely(!(skb_shinfo(skb)->tx_flags & SKBTX_HW_TSTAMP)))
		return false;
	return tgbe_ptp_tx_claim(netdev_priv(ring->netdev), skb);
}

static void tgbe_count_offload(struct tgbe_ring *ring,
			       const struct tgbe_tx_slot *slot,
			       const struct tgbe_tx_offload *o, bool new_context)
{
	struct tgbe_tx_stats *use = &ring->use;

	if (o->l4 == TGBE_L4_NONE && !new_context)
		return;
	u64_stats_update_begin(&ring->use_sync);
	use->contexts += new_context;
	use->csum += o->l4 != TGBE_L4_NONE;
	if (o->mss) {
		use->gso_packets++;
		use->gso_bytes += o->frame_len;
		use->gso_wire_packets += slot->segs;
		use->gso_wire_bytes += slot->wire_bytes;
	}
	u64_stats_update_end(&ring->use_sync);
}

static __always_inline netdev_tx_t tgbe_send_frame(struct sk_buff *skb,
						   struct tgbe_ring *ring,
						   const enum tgbe_format fmt)
{
	struct netdev_queue *txq = tgbe_ring_txq(ring);
	struct tgbe_tx_offload o = {};
	union tgbe_tx_desc context;
	u16 first, start, last;
	bool flush, stamp;
	u32 cmd, status;
	int end;

	if (unlikely(!netif_txq_maybe_stop(txq, tgbe_unused(ring),
					   TGBE_TX_FRAME_DESCS,
					   TGBE_TX_WAKE_DESCS))) {
		tgbe_ring_doorbell(ring);
		return NETDEV_TX_BUSY;
	}
	/* a tag left to the chip before that no longer inserts any */
	if (skb_vlan_tag_present(skb) &&
	    unlikely(!(ring->netdev->features & NETIF_F_HW_VLAN_CTAG_TX))) {
		skb = __vlan_hwaccel_push_inside(skb);
		if (!skb)
			goto dropped;
	}
	if (unlikely(skb->len < ETH_ZLEN && tgbe_pad(skb)))
		goto dropped;
	if (unlikely(tgbe_describe(skb, &o)))
		goto drop;

	first = ring->next_to_use;
	start = tgbe_put_context(ring, first, &o, &context, fmt);
	cmd = tgbe_txd_cmd(&o, fmt);
	/* the chip writes the FCS of what it cuts in any case */
	if (unlikely(skb->no_fcs) && !o.mss)
		cmd &= ~TGBE_TXD_IFCS;
	status = tgbe_txd_status(&o, fmt);
	stamp = tgbe_wants_stamp(skb, ring, fmt);
	if (unlikely(stamp))
		cmd |= TGBE_TXD_ADV_TSTAMP;
	if (tgbe_may_copy(ring, skb->len))
		end = tgbe_put_copy(ring, skb, start, cmd, status);
	else
		end = tgbe_put_frame(ring, skb, first, start, cmd, status);
	if (unlikely(end < 0)) {
		if (stamp)
			tgbe_ptp_tx_lost(netdev_priv(ring->netdev), skb);
		goto drop;
	}

	last = tgbe_previous(ring, end);
	tgbe_txd_at(ring, last)->data.cmd |= cpu_to_le32(TGBE_TXD_EOP | TGBE_TXD_RS);
	tgbe_remember_frame(&ring->tx_slot[first], skb, &o, last, stamp);
	tgbe_count_offload(ring, &ring->tx_slot[first], &o, start != first);
	if (start != first)
		ring->context = context;
	skb_tx_timestamp(skb);
	flush = __netdev_tx_sent_queue(txq, ring->tx_slot[first].wire_bytes,
				       netdev_xmit_more());
	/* pairs with the acquire in tgbe_reclaim(): the slots come first */
	smp_store_release(&ring->next_to_use, end);

	if (!netif_txq_maybe_stop(txq, tgbe_unused(ring), TGBE_TX_STOP_DESCS,
				  TGBE_TX_WAKE_DESCS)) {
		tgbe_count_use(ring, &ring->use.stops);
		flush = true;
	}
	/* the next frame of a batch may ask for a stamp as well */
	if (stamp || (flush && (netif_xmit_stopped(txq) ||
				!tgbe_defer_doorbell(ring, o.frame_len))))
		tgbe_ring_doorbell(ring);
	return NETDEV_TX_OK;

drop:
	dev_kfree_skb_any(skb);
dropped:
	tgbe_count_use(ring, &ring->use.dropped);
	/* frames before this one may have left the bell to it */
	tgbe_ring_doorbell(ring);
	return NETDEV_TX_OK;
}

/**
 * tgbe_xmit() - ndo_start_xmit
 * @skb: frame
 * @netdev: port
 *
 * Context: bottom halves disabled, netdev queue locked.
 * Return: NETDEV_TX_OK; NETDEV_TX_BUSY only if the queue was woken wrongly.
 */
netdev_tx_t tgbe_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	struct tgbe_vector *vector = dev->vector[skb_get_queue_mapping(skb)];
	struct tgbe_ring *ring = READ_ONCE(vector->tx);

	/* senders that bypass the qdisc may have chosen their queue before it
	 * went
	 */
	if (unlikely(!ring)) {
		dev_kfree_skb_any(skb);
		dev_core_stats_tx_dropped_inc(netdev);
		return NETDEV_TX_OK;
	}
	if (dev->chip->format == TGBE_FMT_ADV)
		return tgbe_send_frame(skb, ring, TGBE_FMT_ADV);
	return tgbe_send_frame(skb, ring, TGBE_FMT_EXT);
}

static void tgbe_settle_stamp(struct tgbe_ring *ring, struct sk_buff *skb,
			      int budget, bool discard)
{
	struct tgbe_device *dev = netdev_priv(ring->netdev);

	if (discard)
		tgbe_ptp_tx_lost(dev, skb);
	else
		tgbe_ptp_tx_sent(dev, skb, budget);
}

static u16 tgbe_free_frame(struct tgbe_ring *ring, u16 i, int budget)
{
	struct tgbe_tx_slot *first = &ring->tx_slot[i];
	u16 end = tgbe_ring_next(ring, first->last);

	for (; i != end; i = tgbe_ring_next(ring, i))
		tgbe_unmap(ring, &ring->tx_slot[i]);
	napi_consume_skb(first->skb, budget);
	first->skb = NULL;
	return end;
}

/* Take back up to @share frames that the chip has sent or, with @discard, all
 * frames. Returns how many.
 */
static unsigned int tgbe_reclaim(struct tgbe_ring *ring, int budget,
				 unsigned int share, bool discard)
{
	/* pairs with the release in tgbe_send_frame() */
	u16 end = smp_load_acquire(&ring->next_to_use);
	unsigned int frames = 0, wire_bytes = 0, segs = 0;
	u16 i = ring->next_to_clean;
	int res;

	while (i != end && (discard || frames < share)) {
		struct tgbe_tx_slot *slot = &ring->tx_slot[i];
		__le32 status = READ_ONCE(tgbe_txd_at(ring, slot->last)->data.status);

		if (!discard && !(status & cpu_to_le32(TGBE_TXD_STAT_DD)))
			break;
		frames++;
		segs += slot->segs;
		wire_bytes += slot->wire_bytes;
		if (unlikely(slot->stamp))
			tgbe_settle_stamp(ring, slot->skb, budget, discard);
		i = tgbe_free_frame(ring, i, budget);
	}
	if (!frames)
		return 0;

	/* the slots must be free before the sender sees them so */
	smp_store_release(&ring->next_to_clean, i);
	res = __netif_txq_completed_wake(tgbe_ring_txq(ring), frames, wire_bytes,
					 tgbe_unused(ring), TGBE_TX_WAKE_DESCS,
					 ring->frozen);

	u64_stats_update_begin(&ring->sync);
	if (discard) {
		ring->stats.tx.dropped += segs;
	} else {
		ring->stats.tx.packets += segs;
		ring->stats.tx.bytes += wire_bytes;
	}
	/* 0 means that the queue was stopped and is awake now */
	ring->stats.tx.restarts += res == 0;
	u64_stats_update_end(&ring->sync);
	return frames;
}

/**
 * tgbe_tx_clean() - take back the frames that were sent
 * @ring: transmit ring
 * @budget: of the NAPI poll, 0 from netpoll
 * @share: frames to take back at most
 *
 * Context: NAPI poll, or its owner with bottom halves disabled.
 * Return: frames taken back; when it is @share there may be more.
 */
unsigned int tgbe_tx_clean(struct tgbe_ring *ring, int budget,
			   unsigned int share)
{
	return tgbe_reclaim(ring, budget, share, false);
}

/**
 * tgbe_tx_gather() - let the doorbells of what the stack sends in this poll wait
 * @ring: transmit ring
 *
 * Context: NAPI poll, until tgbe_tx_flush().
 */
void tgbe_tx_gather(struct tgbe_ring *ring)
{
	WRITE_ONCE(ring->poller, current);
}

/**
 * tgbe_tx_flush() - ring the doorbell if it was left to this poll
 * @ring: transmit ring
 *
 * A ring that was taken from the vector meanwhile owes nothing, see tgbe_tx_freeze().
 *
 * Context: NAPI poll.
 */
void tgbe_tx_flush(struct tgbe_ring *ring)
{
	struct netdev_queue *txq = tgbe_ring_txq(ring);

	WRITE_ONCE(ring->poller, NULL);
	if (!READ_ONCE(ring->owed))
		return;
	__netif_tx_lock(txq, smp_processor_id());
	if (ring->owed)
		tgbe_ring_doorbell(ring);
	__netif_tx_unlock(txq);
}

/**
 * tgbe_tx_discard() - drop the frames that will not be sent
 * @ring: quiesced transmit ring
 *
 * Context: owner of the NAPI poll with bottom halves disabled.
 */
void tgbe_tx_discard(struct tgbe_ring *ring)
{
	/* what was sent has not been dropped */
	tgbe_tx_clean(ring, 0, ring->count);
	tgbe_reclaim(ring, 0, 0, true);
}

/**
 * tgbe_tx_freeze() - keep senders out of a ring
 * @ring: armed transmit ring whose NAPI is disabled
 *
 * Senders find the queue stopped until tgbe_tx_thaw() wakes it, whatever
 * completions arrive meanwhile.
 *
 * Context: process.
 */
void tgbe_tx_freeze(struct tgbe_ring *ring)
{
	struct netdev_queue *txq = tgbe_ring_txq(ring);

	__netif_tx_lock_bh(txq);
	ring->frozen = true;
	netif_tx_stop_queue(txq);
	/* or the watchdog would take a queue long idle for a stuck one */
	txq_trans_cond_update(txq);
	/* A sender that was cut off in a batch has not rung the bell, nor has a poll that
	 * is in its last lines
	 */
	tgbe_ring_doorbell(ring);
	__netif_tx_unlock_bh(txq);
}

/**
 * tgbe_tx_thaw() - let senders into a ring
 * @ring: armed transmit ring
 *
 * Context: process.
 */
void tgbe_tx_thaw(struct tgbe_ring *ring)
{
	ring->frozen = false;
	netif_tx_wake_queue(tgbe_ring_txq(ring));
}

/**
 * tgbe_tx_empty() - has every frame been taken back?
 * @ring: transmit ring
 *
 * Return: true if so.
 */
bool tgbe_tx_empty(const struct tgbe_ring *ring)
{
	return READ_ONCE(ring->next_to_clean) == READ_ONCE(ring->next_to_use);
}

/**
 * tgbe_tx_rewind() - make an empty, quiesced ring as good as new
 * @ring: frozen transmit ring
 */
void tgbe_tx_rewind(struct tgbe_ring *ring)
{
	ring->next_to_use = 0;
	ring->next_to_clean = 0;
	ring->rung = 0;
	memset(&ring->context, 0, sizeof(ring->context));
}
