// SPDX-License-Identifier: GPL-2.0
/* The rings of a port: made, given to the chip, and changed under load.
 *
 * Everything that a change needs is allocated beside what is running, and only then
 * queue after queue is swapped. So a failed change leaves the port as it was, and the
 * link, the interrupts and the other queues never notice one that succeeds.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <net/page_pool/helpers.h>

#include "tgbe.h"
#include "tgbe_chip.h"
#include "tgbe_ring.h"

/* A full ring of jumbo frames at 100 Mb/s takes about this long to leave */
#define TX_DRAIN_STEP_US	100
#define TX_DRAIN_STEPS		2000

/* 64 KB that wait in the packet buffer are in memory well before this is over */
#define RX_FIFO_US		1000

/* A queue that is stuck again within this time of its restart was not cured by it */
#define TX_RELAPSE		(300 * HZ)

/* Complete rings for a new configuration; NULL where the old one stays */
struct ring_set {
	struct tgbe_ring *rx[TGBE_MAX_QUEUES];
	struct tgbe_ring *tx[TGBE_MAX_QUEUES];
};

static void tgbe_free_set(struct ring_set *set)
{
	/* a poll that has given its NAPI away may be in its last lines */
	synchronize_net();
	for (unsigned int q = 0; q < TGBE_MAX_QUEUES; q++) {
		tgbe_ring_free(set->rx[q]);
		tgbe_ring_free(set->tx[q]);
	}
}

/* Queue pairs that have rings while the port is open */
static unsigned int tgbe_armed_queues(const struct tgbe_device *dev,
				      const struct tgbe_config *config)
{
	return dev->chip->fixed_arrays ? dev->queues_max : config->queues;
}

static int tgbe_alloc_one(struct tgbe_device *dev, struct tgbe_ring **slot,
			  bool is_rx, unsigned int q,
			  const struct tgbe_config *want)
{
	struct tgbe_ring *ring = tgbe_ring_alloc(dev, is_rx, q, want);

	if (IS_ERR(ring))
		return PTR_ERR(ring);
	*slot = ring;
	return 0;
}

/* The rings for queues @rx_from and @tx_from up to those of @want. After an error
 * the caller frees what is in the set.
 */
static int tgbe_alloc_set(struct tgbe_device *dev, struct ring_set *set,
			  const struct tgbe_config *want, unsigned int rx_from,
			  unsigned int tx_from)
{
	unsigned int q, end = tgbe_armed_queues(dev, want);
	int err = 0;

	for (q = rx_from; q < end && !err; q++)
		err = tgbe_alloc_one(dev, &set->rx[q], true, q, want);
	for (q = tx_from; q < end && !err; q++)
		err = tgbe_alloc_one(dev, &set->tx[q], false, q, want);
	return err;
}

/* Everything below is done by the owner of the vector's poll, that is between
 * tgbe_poll_own() and tgbe_poll_release().
 */
static void tgbe_poll_once(struct tgbe_vector *vector, int budget)
{
	local_bh_disable();
	tgbe_tx_clean(vector->tx, 0, vector->tx->count);
	tgbe_rx_clean(vector, vector->rx, budget);
	local_bh_enable();
}

/* Keep senders out and wait until all that they have handed over has left */
static void tgbe_drain_tx(struct tgbe_device *dev, struct tgbe_vector *vector)
{
	struct tgbe_ring *ring = vector->tx;

	tgbe_tx_freeze(ring);
	/* without carrier nothing would leave however long one waits */
	for (int i = 0; i < TX_DRAIN_STEPS && !tgbe_tx_empty(ring) &&
	     netif_carrier_ok(dev->netdev); i++) {
		if (i)
			usleep_range(TX_DRAIN_STEP_US, 2 * TX_DRAIN_STEP_US);
		tgbe_poll_once(vector, NAPI_POLL_WEIGHT);
	}
}

static int tgbe_quiesce_tx(struct tgbe_device *dev, struct tgbe_vector *vector)
{
	struct tgbe_ring *ring = vector->tx;
	int err;

	tgbe_drain_tx(dev, vector);
	err = dev->chip->tx_quiesce(dev, ring->index);
	if (err)
		return err;
	local_bh_disable();
	tgbe_tx_discard(ring);
	local_bh_enable();
	return 0;
}

/* What has arrived in a ring that the chip no longer knows is the stack's; nothing more
 * is posted
 */
static void tgbe_drain_rx(struct tgbe_vector *vector)
{
	struct tgbe_ring *ring = vector->rx;

	WRITE_ONCE(ring->limit, 0);
	while (tgbe_rx_pending(ring))
		tgbe_poll_once(vector, NAPI_POLL_WEIGHT);
}

static int tgbe_quiesce_rx(struct tgbe_device *dev, struct tgbe_vector *vector)
{
	int err = dev->chip->rx_quiesce(dev, vector->index);

	if (!err)
		tgbe_drain_rx(vector);
	return err;
}

/* Put *@ring in the place of *@slot; on return it holds what was there */
static void tgbe_attach(struct tgbe_vector *vector, struct tgbe_ring **slot,
			struct tgbe_ring **ring)
{
	/* only the poll of this vector recycles pages into a pool directly */
	if (*slot && (*slot)->pool)
		page_pool_disable_direct_recycling((*slot)->pool);
	if (*ring && (*ring)->pool)
		page_pool_enable_direct_recycling((*ring)->pool, &vector->napi);

	spin_lock_bh(&vector->dev->stats_lock);
	if (*slot)
		tgbe_stats_retire(vector, *slot);
	swap(*slot, *ring);
	spin_unlock_bh(&vector->dev->stats_lock);
}

static int tgbe_swap_tx(struct tgbe_device *dev, struct tgbe_vector *vector,
			struct tgbe_ring **ring)
{
	int err = tgbe_quiesce_tx(dev, vector);

	if (err)
		return err;
	tgbe_attach(vector, &vector->tx, ring);
	dev->chip->tx_arm(dev, vector->tx);
	return 0;
}

/* What RSS does not hash has no other queue than 0, and is lost while that is off. So the
 * new ring is there before the old one is emptied.
 */
static int tgbe_swap_rx(struct tgbe_device *dev, struct tgbe_vector *vector,
			struct tgbe_ring **ring)
{
	int err = dev->chip->rx_quiesce(dev, vector->index);

	if (err)
		return err;
	dev->chip->rx_arm(dev, *ring);
	tgbe_drain_rx(vector);
	tgbe_attach(vector, &vector->rx, ring);
	return 0;
}

/* Have nothing sent to a queue for now, or with -1 to each what is its own */
static void tgbe_steer(struct tgbe_device *dev, int avoid)
{
	tgbe_flow_avoid(dev, avoid);
	tgbe_rss_steer(dev, avoid);
}

/* Wait until what the chip has let in so far is in memory */
static void tgbe_empty_fifo(void)
{
	usleep_range(RX_FIFO_US, 2 * RX_FIFO_US);
}

/* On return @rx and @tx hold the old rings. A ring that the chip does not let
 * go of stays where it is.
 */
static int tgbe_swap_queue(struct tgbe_device *dev, unsigned int q,
			   struct tgbe_ring **rx, struct tgbe_ring **tx)
{
	struct tgbe_vector *vector = dev->vector[q];
	int err = 0;

	if (*rx) {
		tgbe_steer(dev, q);
		/* some may have been sorted already */
		if (dev->config.queues > 1)
			tgbe_empty_fifo();
	}
	tgbe_poll_own(vector);
	if (*tx)
		err = tgbe_swap_tx(dev, vector, tx);
	if (*rx && !err)
		err = tgbe_swap_rx(dev, vector, rx);
	if (*rx)
		tgbe_steer(dev, -1);
	tgbe_poll_release(vector);
	if (*tx)
		tgbe_tx_thaw(vector->tx);
	return err;
}

static bool tgbe_same_geometry(struct tgbe_device *dev,
			       const struct tgbe_config *want)
{
	struct tgbe_rx_geometry a, b;

	a = dev->chip->rx_geometry(&dev->config);
	b = dev->chip->rx_geometry(want);
	return !memcmp(&a, &b, sizeof(a));
}

/* Arrays that stay: a size is only a limit, so there is nothing to swap */
static void tgbe_set_limits(struct tgbe_device *dev, const struct tgbe_config *want)
{
	for (unsigned int q = 0; q < dev->queues_max; q++) {
		WRITE_ONCE(dev->vector[q]->rx->limit, want->rx_size);
		WRITE_ONCE(dev->vector[q]->tx->limit, want->tx_size);
		/* a larger limit is to be used at once */
		dev->chip->irq_kick(dev->vector[q]);
	}
}

/* A restart of the port gives it the new settings */
static void tgbe_give_up_queue(struct tgbe_device *dev)
{
	dev->restart_why = "a queue does not stop";
	schedule_work(&dev->timeout_work);
}

/* Returns whether every queue has its new rings */
static bool tgbe_swap_set(struct tgbe_device *dev, struct ring_set *set,
			  unsigned int queues)
{
	for (unsigned int q = 0; q < queues; q++) {
		if (!set->rx[q] && !set->tx[q])
			continue;
		if (tgbe_swap_queue(dev, q, &set->rx[q], &set->tx[q])) {
			tgbe_give_up_queue(dev);
			return false;
		}
	}
	return true;
}

/* Queues the stack does not know yet get their rings */
static void tgbe_add_queues(struct tgbe_device *dev, struct ring_set *set,
			    unsigned int from, unsigned int to)
{
	for (unsigned int q = from; q < to; q++) {
		struct tgbe_vector *vector = dev->vector[q];

		tgbe_poll_own(vector);
		/* whoever finds the receive ring takes the other for granted */
		tgbe_attach(vector, &vector->tx, &set->tx[q]);
		tgbe_attach(vector, &vector->rx, &set->rx[q]);
		dev->chip->tx_arm(dev, vector->tx);
		dev->chip->rx_arm(dev, vector->rx);
		tgbe_poll_release(vector);
		tgbe_tx_thaw(vector->tx);
	}
}

/* Queues the stack no longer sends on, and to which nothing is steered, lose
 * their rings
 */
static void tgbe_remove_queues(struct tgbe_device *dev, struct ring_set *set,
			       unsigned int from, unsigned int to)
{
	for (unsigned int q = from; q < to; q++) {
		struct tgbe_vector *vector = dev->vector[q];
		int err;

		tgbe_poll_own(vector);
		err = tgbe_quiesce_tx(dev, vector) ?: tgbe_quiesce_rx(dev, vector);
		if (!err) {
			tgbe_attach(vector, &vector->rx, &set->rx[q]);
			tgbe_attach(vector, &vector->tx, &set->tx[q]);
			/* a queue left stopped would look stuck */
			tgbe_tx_thaw(set->tx[q]);
		}
		tgbe_poll_release(vector);
		if (err) {
			tgbe_give_up_queue(dev);
			return;
		}
	}
}

static void tgbe_spread(struct tgbe_device *dev, unsigned int queues)
{
	WRITE_ONCE(dev->config.queues, queues);
	tgbe_chip_full_rings(dev);
	tgbe_rss_spread(dev, queues);
	tgbe_rss_steer(dev, -1);
}

/* The hardware half comes first, so that the stack never sees a queue without
 * rings. After an error all is as before.
 */
static int tgbe_grow(struct tgbe_device *dev, struct ring_set *set,
		     unsigned int queues)
{
	unsigned int old = dev->config.queues;
	int err;

	if (!dev->chip->fixed_arrays)
		tgbe_add_queues(dev, set, old, queues);
	err = netif_set_real_num_queues(dev->netdev, queues, queues);
	if (err && !dev->chip->fixed_arrays)
		tgbe_remove_queues(dev, set, old, queues);
	if (!err)
		tgbe_netdev_link_queues(dev, old, queues, true);
	return err;
}

/* Let the stack have what these queues hold, which gets no more frames. Waiting for an
 * idle NAPI would be no way: one that a thread polls without an end is never idle.
 */
static void tgbe_drain_queues(struct tgbe_device *dev, unsigned int from, unsigned int to)
{
	unsigned int q;

	for (q = from; q < to; q++) {
		struct tgbe_vector *vector = dev->vector[q];

		tgbe_poll_own(vector);
		for (u16 n = 0; vector->rx && n < vector->rx->count &&
		     tgbe_rx_pending(vector->rx); n += NAPI_POLL_WEIGHT)
			tgbe_poll_once(vector, NAPI_POLL_WEIGHT);
		tgbe_poll_release(vector);
	}
	/* a poll releases the frames that GRO has held since an earlier tick */
	schedule_timeout_uninterruptible(2);
	for (q = from; q < to; q++) {
		tgbe_poll_soon(dev->vector[q]);
		/* that poll is over then */
		tgbe_poll_own(dev->vector[q]);
		tgbe_poll_release(dev->vector[q]);
	}
}

/* The stack's transmit half comes first, and its receive half last, for a frame of a
 * queue that it does not know would alarm it. Fewer queues need no memory and do not
 * fail.
 */
static void tgbe_shrink(struct tgbe_device *dev, struct ring_set *set,
			unsigned int queues)
{
	unsigned int old = dev->config.queues;

	tgbe_spread(dev, queues);
	tgbe_flow_leave(dev, queues);
	tgbe_netdev_link_queues(dev, queues, old, false);
	netif_set_real_num_tx_queues(dev->netdev, queues);
	tgbe_empty_fifo();
	if (!dev->chip->fixed_arrays)
		tgbe_remove_queues(dev, set, queues, old);
	tgbe_drain_queues(dev, queues, old);
	netif_set_real_num_rx_queues(dev->netdev, queues);
}

/* What a ring got here is unused until its copybreak is set, so it may stay
 * when a later step fails
 */
static int tgbe_alloc_copies(struct tgbe_device *dev, const struct tgbe_config *want)
{
	int err = 0;

	for (unsigned int q = 0; q < dev->queues_max && !err; q++)
		if (want->tx_copybreak && dev->vector[q]->tx)
			err = tgbe_ring_alloc_copies(dev->vector[q]->tx);
	return err;
}

static int tgbe_alloc_changes(struct tgbe_device *dev, struct ring_set *set,
			      const struct tgbe_config *want)
{
	const struct tgbe_config *old = &dev->config;
	unsigned int rx_from = old->queues, tx_from = old->queues;

	if (dev->chip->fixed_arrays)
		return 0;
	if (want->rx_size != old->rx_size || !tgbe_same_geometry(dev, want))
		rx_from = 0;
	if (want->tx_size != old->tx_size)
		tx_from = 0;
	return tgbe_alloc_set(dev, set, want, rx_from, tx_from);
}

/* Everything is there and nothing can fail any more. No frame may be let in
 * that is larger than the buffers of any queue.
 */
static void tgbe_commit(struct tgbe_device *dev, struct ring_set *set,
			const struct tgbe_config *want)
{
	unsigned int old_frame = tgbe_config_frame(&dev->config);
	unsigned int frame = tgbe_config_frame(want);
	unsigned int kept = min(dev->config.queues, want->queues);
	bool done = true;

	if (frame < old_frame) {
		dev->chip->frame_limit(dev, frame);
		/* larger ones may be under way */
		tgbe_empty_fifo();
	}
	/* rings are swapped while there are most queues to steer to */
	if (want->queues > dev->config.queues)
		tgbe_spread(dev, want->queues);
	if (dev->chip->fixed_arrays)
		tgbe_set_limits(dev, want);
	else
		done = tgbe_swap_set(dev, set, kept);
	if (want->queues < dev->config.queues)
		tgbe_shrink(dev, set, want->queues);
	if (frame > old_frame && done)
		dev->chip->frame_limit(dev, frame);
}

/**
 * tgbe_queues_change() - give a running port the rings of a new configuration
 * @dev: running port
 * @want: valid configuration, which the caller makes @dev->config afterwards
 *
 * Context: process, RTNL.
 * Return: 0, or -ENOMEM, after which all is as before.
 */
int tgbe_queues_change(struct tgbe_device *dev, const struct tgbe_config *want)
{
	struct ring_set set = {};
	int err;

	err = tgbe_alloc_copies(dev, want) ?: tgbe_alloc_changes(dev, &set, want);
	if (!err && want->queues > dev->config.queues)
		err = tgbe_grow(dev, &set, want->queues);
	if (!err)
		tgbe_commit(dev, &set, want);
	tgbe_free_set(&set);
	return err;
}

/**
 * tgbe_queues_drain() - let all frames leave that senders have handed over
 * @dev: port, running or not
 *
 * Senders wait meanwhile, one queue after the other. For what does not leave in
 * less than half a second, since PAUSE frames keep it, nobody waits.
 *
 * Context: process, RTNL.
 */
void tgbe_queues_drain(struct tgbe_device *dev)
{
	for (unsigned int q = 0; q < dev->config.queues; q++) {
		struct tgbe_vector *vector = dev->vector[q];

		if (!vector->tx)
			continue;
		tgbe_poll_own(vector);
		tgbe_drain_tx(dev, vector);
		tgbe_poll_release(vector);
		tgbe_tx_thaw(vector->tx);
	}
}

/**
 * tgbe_queue_stuck() - count that a transmit queue was found stuck
 * @dev: running port
 * @queue: queue that the watchdog named
 *
 * A queue is restarted alone once. If it is stuck again soon, the chip has kept something
 * of what it was doing.
 *
 * Context: process, RTNL.
 * Return: true if a restart of the queue alone may help.
 */
bool tgbe_queue_stuck(struct tgbe_device *dev, unsigned int queue)
{
	struct tgbe_vector *vector = dev->vector[queue];
	struct tgbe_ring *ring = vector->tx;
	bool again;

	tgbe_poll_own(vector);
	again = ring->restarted &&
		time_before(jiffies, ring->restarted_at + TX_RELAPSE);
	local_bh_disable();
	u64_stats_update_begin(&ring->sync);
	ring->stats.tx.timeouts++;
	u64_stats_update_end(&ring->sync);
	local_bh_enable();
	tgbe_poll_release(vector);
	return dev->chip->tx_quiesce && !again;
}

/**
 * tgbe_queue_restart_tx() - get a stuck transmit queue going again
 * @dev: running port
 * @queue: queue for which tgbe_queue_stuck() gave hope
 *
 * Frames that it held are counted as dropped. Link and other queues go on.
 *
 * Context: process, RTNL.
 * Return: 0, or -ETIMEDOUT if the chip does not let go of the ring.
 */
int tgbe_queue_restart_tx(struct tgbe_device *dev, unsigned int queue)
{
	struct tgbe_vector *vector = dev->vector[queue];
	struct tgbe_ring *ring = vector->tx;
	int err;

	tgbe_poll_own(vector);
	tgbe_tx_freeze(ring);
	err = dev->chip->tx_quiesce(dev, queue);
	if (!err) {
		local_bh_disable();
		tgbe_tx_discard(ring);
		local_bh_enable();
		tgbe_tx_rewind(ring);
		ring->restarted = true;
		ring->restarted_at = jiffies;
		dev->chip->tx_arm(dev, ring);
	}
	tgbe_poll_release(vector);
	tgbe_tx_thaw(ring);
	return err;
}

/**
 * tgbe_queues_alloc() - make the rings of a port being opened
 * @dev: port
 *
 * Context: process, RTNL.
 * Return: 0 or -ENOMEM.
 */
int tgbe_queues_alloc(struct tgbe_device *dev)
{
	struct ring_set set = {};
	int err;

	err = tgbe_alloc_set(dev, &set, &dev->config, 0, 0);
	if (err) {
		tgbe_free_set(&set);
		return err;
	}
	for (unsigned int q = 0; q < tgbe_armed_queues(dev, &dev->config); q++) {
		tgbe_attach(dev->vector[q], &dev->vector[q]->rx, &set.rx[q]);
		tgbe_attach(dev->vector[q], &dev->vector[q]->tx, &set.tx[q]);
	}
	return 0;
}

/**
 * tgbe_queues_arm() - give the rings of a reset chip to it
 * @dev: port being opened
 *
 * Context: process, RTNL.
 */
void tgbe_queues_arm(struct tgbe_device *dev)
{
	unsigned int q, end = tgbe_armed_queues(dev, &dev->config);

	for (q = 0; q < end; q++)
		dev->chip->tx_arm(dev, dev->vector[q]->tx);
	tgbe_set_bits(dev, TGBE_TCTL, TGBE_TCTL_EN);
	for (q = 0; q < end; q++)
		dev->chip->rx_arm(dev, dev->vector[q]->rx);
}

/**
 * tgbe_queues_free() - take the rings from a chip that was reset
 * @dev: port being closed
 *
 * Context: process, RTNL, NAPI disabled.
 */
void tgbe_queues_free(struct tgbe_device *dev)
{
	struct ring_set set = {};

	for (unsigned int q = 0; q < dev->queues_max; q++) {
		struct tgbe_vector *vector = dev->vector[q];

		if (!vector->tx)
			continue;
		/* what is discarded must not wake a queue without a ring */
		vector->tx->frozen = true;
		local_bh_disable();
		tgbe_tx_discard(vector->tx);
		local_bh_enable();
		tgbe_attach(vector, &vector->rx, &set.rx[q]);
		tgbe_attach(vector, &vector->tx, &set.tx[q]);
	}
	tgbe_free_set(&set);
}
