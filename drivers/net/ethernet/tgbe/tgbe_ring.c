// SPDX-License-Identifier: GPL-2.0
/* Ring memory: descriptor arrays, slots, receive buffers; and the counters. */
#include <linux/dma-mapping.h>
#include <linux/vmalloc.h>
#include <net/page_pool/helpers.h>

#include "tgbe.h"
#include "tgbe_chip.h"
#include "tgbe_ring.h"

static int tgbe_alloc_desc(struct tgbe_ring *ring)
{
	BUILD_BUG_ON(sizeof(union tgbe_rx_desc) != sizeof(union tgbe_tx_desc));

	ring->desc_bytes = ring->count * sizeof(union tgbe_rx_desc);
	ring->desc = dma_alloc_coherent(ring->dma_dev, ring->desc_bytes,
					&ring->desc_dma, GFP_KERNEL);
	return ring->desc ? 0 : -ENOMEM;
}

static int tgbe_alloc_slots(struct tgbe_ring *ring)
{
	size_t size = ring->is_rx ? sizeof(*ring->rx_slot) :
				    sizeof(*ring->tx_slot);

	ring->slot = kvcalloc(ring->count, size, GFP_KERNEL);
	return ring->slot ? 0 : -ENOMEM;
}

/* One pool a ring, so that a new ring is complete while the old one still
 * works. Its size covers what the ring can have posted.
 */
static int tgbe_alloc_pool(struct tgbe_device *dev, struct tgbe_ring *ring)
{
	struct page_pool_params params = {
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV,
		.pool_size = ring->count,
		.nid = dev_to_node(ring->dma_dev),
		.dev = ring->dma_dev,
		.netdev = dev->netdev,
		.queue_idx = ring->index,
		.dma_dir = DMA_FROM_DEVICE,
		.offset = 0,
		.max_len = PAGE_SIZE,
	};
	struct page_pool *pool;

	pool = page_pool_create(&params);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	ring->pool = pool;
	return 0;
}

/* What leaves room for the end of an skb that is built around the buffer */
static unsigned int tgbe_piece_max(const struct tgbe_rx_geometry *g)
{
	if (g->header)
		return g->room;
	return min_t(unsigned int, g->room,
		     g->truesize - g->headroom -
		     SKB_DATA_ALIGN(sizeof(struct skb_shared_info)));
}

static int tgbe_fill(struct tgbe_ring *ring)
{
	return tgbe_rx_refill(ring, ring->limit - 1, GFP_KERNEL | __GFP_NOWARN) ?
	       0 : -ENOMEM;
}

static size_t tgbe_headers_bytes(const struct tgbe_ring *ring)
{
	return (size_t)ring->count * ring->geometry.header;
}

static int tgbe_alloc_headers(struct tgbe_ring *ring)
{
	ring->headers = dma_alloc_coherent(ring->dma_dev, tgbe_headers_bytes(ring),
					   &ring->headers_dma, GFP_KERNEL);
	return ring->headers ? 0 : -ENOMEM;
}

#define COPIES_BYTES	(TGBE_TX_COPIES * TGBE_TX_COPYBREAK_MAX)

/**
 * tgbe_ring_alloc_copies() - let a transmit ring copy short frames
 * @ring: transmit ring, in use or not
 *
 * Context: process, sleeps.
 * Return: 0, also if it could already; or -ENOMEM.
 */
int tgbe_ring_alloc_copies(struct tgbe_ring *ring)
{
	void *copies;

	if (ring->copies)
		return 0;
	copies = dma_alloc_coherent(ring->dma_dev, COPIES_BYTES, &ring->copies_dma,
				    GFP_KERNEL);
	if (!copies)
		return -ENOMEM;
	/* pairs with the acquire in may_copy() */
	smp_store_release(&ring->copies, copies);
	return 0;
}

/**
 * tgbe_ring_alloc() - make a ring that is ready to be armed
 * @dev: port
 * @is_rx: receive ring, which comes filled with buffers
 * @index: queue pair it is for
 * @config: settings it is made for; those in force are not looked at
 *
 * Context: process, sleeps.
 * Return: the ring or an ERR_PTR; a failure leaves nothing behind.
 */
struct tgbe_ring *tgbe_ring_alloc(struct tgbe_device *dev, bool is_rx,
				  unsigned int index,
				  const struct tgbe_config *config)
{
	struct tgbe_ring *ring;
	int err;

	ring = kzalloc_node(sizeof(*ring), GFP_KERNEL,
			    dev_to_node(&dev->pdev->dev));
	if (!ring)
		return ERR_PTR(-ENOMEM);
	u64_stats_init(&ring->sync);
	u64_stats_init(&ring->use_sync);
	ring->dma_dev = &dev->pdev->dev;
	ring->netdev = dev->netdev;
	ring->index = index;
	ring->is_rx = is_rx;
	ring->limit = is_rx ? config->rx_size : config->tx_size;
	ring->batch = is_rx ? config->refill_batch : config->tx_batch;
	ring->copybreak = is_rx ? config->rx_copybreak : config->tx_copybreak;
	ring->count = dev->chip->fixed_arrays ? TGBE_RING_MAX : ring->limit;
	ring->unsplit = config->unsplit;
	if (is_rx) {
		ring->geometry = dev->chip->rx_geometry(config);
		ring->per_page = PAGE_SIZE / ring->geometry.truesize;
		ring->piece_max = tgbe_piece_max(&ring->geometry);
	}

	err = tgbe_alloc_desc(ring);
	if (!err)
		err = tgbe_alloc_slots(ring);
	if (!err && is_rx)
		err = tgbe_alloc_pool(dev, ring);
	if (!err && ring->geometry.header)
		err = tgbe_alloc_headers(ring);
	if (!err && is_rx)
		err = tgbe_fill(ring);
	if (!err) {
		/* without them frames are mapped */
		if (!is_rx && config->tx_copybreak)
			tgbe_ring_alloc_copies(ring);
		return ring;
	}

	tgbe_ring_free(ring);
	return ERR_PTR(err);
}

/**
 * tgbe_ring_free() - give back a ring's memory
 * @ring: quiesced ring, or one that tgbe_ring_alloc() could not finish, or NULL
 *
 * Frames still in a transmit ring must have been discarded before.
 *
 * Context: process.
 */
void tgbe_ring_free(struct tgbe_ring *ring)
{
	if (!ring)
		return;
	if (ring->is_rx && ring->slot)
		tgbe_rx_flush(ring);
	if (ring->pool)
		page_pool_destroy(ring->pool);
	if (ring->headers)
		dma_free_coherent(ring->dma_dev, tgbe_headers_bytes(ring),
				  ring->headers, ring->headers_dma);
	if (ring->copies)
		dma_free_coherent(ring->dma_dev, COPIES_BYTES, ring->copies,
				  ring->copies_dma);
	if (ring->desc)
		dma_free_coherent(ring->dma_dev, ring->desc_bytes, ring->desc,
				  ring->desc_dma);
	kvfree(ring->slot);
	kfree(ring);
}

/**
 * tgbe_ring_stats_read() - take a consistent copy of a ring's counters
 * @ring: ring of either direction
 * @stats: filled in whole
 *
 * Context: any; the caller keeps @ring from going away.
 */
void tgbe_ring_stats_read(const struct tgbe_ring *ring,
			  union tgbe_ring_stats *stats)
{
	struct tgbe_tx_stats sent;
	unsigned int start, i;

	do {
		start = u64_stats_fetch_begin(&ring->sync);
		*stats = ring->stats;
	} while (u64_stats_fetch_retry(&ring->sync, start));
	if (ring->is_rx)
		return;

	/* each counter has one writer, so the two copies add up */
	do {
		start = u64_stats_fetch_begin(&ring->use_sync);
		sent = ring->use;
	} while (u64_stats_fetch_retry(&ring->use_sync, start));
	for (i = 0; i < sizeof(sent) / sizeof(u64); i++)
		stats->raw[i] += ((u64 *)&sent)[i];
}
