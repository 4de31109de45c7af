// SPDX-License-Identifier: GPL-2.0
/* The configuration and its change under load.
 *
 * A change is validated, then everything it needs is allocated beside what is
 * running, and only then queue after queue is swapped. So a refused or failed
 * change leaves the port as it was, and the link, the interrupts and the other
 * queues never notice one that succeeds.
 */
#include <linux/delay.h>
#include <net/page_pool/helpers.h>

#include "tgbe.h"

/* A full ring of jumbo frames at 100 Mb/s takes about this long to leave */
#define TX_DRAIN_STEP_US	100
#define TX_DRAIN_STEPS		2000

/* Complete rings for a new configuration; NULL where the old one stays */
struct ring_set {
	struct tgbe_ring *rx[TGBE_MAX_QUEUES];
	struct tgbe_ring *tx[TGBE_MAX_QUEUES];
};

/**
 * tgbe_config_default() - settings of a port nobody has tuned
 * @dev: port being probed, its vectors known
 */
void tgbe_config_default(struct tgbe_device *dev)
{
	dev->config = (struct tgbe_config){
		.rx_size = TGBE_RING_DEFAULT,
		.tx_size = TGBE_RING_DEFAULT,
		.queues = dev->queues_max,
		.mtu = ETH_DATA_LEN,
	};
}

/**
 * tgbe_config_frame() - largest frame that a configuration lets in
 * @config: settings
 *
 * Return: bytes with Ethernet header, VLAN tag and FCS.
 */
unsigned int tgbe_config_frame(const struct tgbe_config *config)
{
	return config->mtu + TGBE_FRAME_OVERHEAD;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_config_frame);

static int check_size(const char *which, unsigned int size,
		      struct netlink_ext_ack *extack)
{
	if (size >= TGBE_RING_MIN && size <= TGBE_RING_MAX &&
	    size % TGBE_RING_STEP == 0)
		return 0;
	NL_SET_ERR_MSG_FMT_MOD(extack, "%s ring size must be %u..%u in steps of %u",
			       which, TGBE_RING_MIN, TGBE_RING_MAX,
			       TGBE_RING_STEP);
	return -EINVAL;
}

static int validate(struct tgbe_device *dev, const struct tgbe_config *want,
		    struct netlink_ext_ack *extack)
{
	int err;

	err = check_size("rx", want->rx_size, extack);
	if (err)
		return err;
	err = check_size("tx", want->tx_size, extack);
	if (err)
		return err;
	if (!want->queues || want->queues > dev->queues_max) {
		NL_SET_ERR_MSG_FMT_MOD(extack, "queue pairs must be 1..%u",
				       dev->queues_max);
		return -EINVAL;
	}
	return 0;
}

static void free_set(struct ring_set *set)
{
	for (unsigned int q = 0; q < TGBE_MAX_QUEUES; q++) {
		tgbe_ring_free(set->rx[q]);
		tgbe_ring_free(set->tx[q]);
	}
}

static int alloc_set(struct tgbe_device *dev, struct ring_set *set,
		     const struct tgbe_config *want, bool rx, bool tx)
{
	struct tgbe_ring *ring;
	unsigned int q;

	memset(set, 0, sizeof(*set));
	for (q = 0; rx && q < want->queues; q++) {
		ring = tgbe_ring_alloc(dev, true, q, want);
		if (IS_ERR(ring))
			goto undo;
		set->rx[q] = ring;
	}
	for (q = 0; tx && q < want->queues; q++) {
		ring = tgbe_ring_alloc(dev, false, q, want);
		if (IS_ERR(ring))
			goto undo;
		set->tx[q] = ring;
	}
	return 0;

undo:
	free_set(set);
	return PTR_ERR(ring);
}

/* Everything below is done by the owner of the vector's poll, that is between
 * napi_disable() and napi_enable().
 */
static void poll_once(struct tgbe_vector *vector, int budget)
{
	local_bh_disable();
	tgbe_tx_clean(vector->tx, 0);
	tgbe_rx_clean(vector, vector->rx, budget);
	local_bh_enable();
}

static int quiesce_tx(struct tgbe_device *dev, struct tgbe_vector *vector)
{
	struct tgbe_ring *ring = vector->tx;
	int err;

	tgbe_tx_freeze(ring);
	/* without carrier nothing would leave however long one waits */
	for (int i = 0; i < TX_DRAIN_STEPS && !tgbe_tx_empty(ring) &&
	     netif_carrier_ok(dev->netdev); i++) {
		if (i)
			usleep_range(TX_DRAIN_STEP_US, 2 * TX_DRAIN_STEP_US);
		poll_once(vector, NAPI_POLL_WEIGHT);
	}
	err = dev->chip->tx_quiesce(dev, ring->index);
	if (err)
		return err;
	local_bh_disable();
	tgbe_tx_discard(ring);
	local_bh_enable();
	return 0;
}

static int quiesce_rx(struct tgbe_device *dev, struct tgbe_vector *vector)
{
	struct tgbe_ring *ring = vector->rx;
	int err;

	err = dev->chip->rx_quiesce(dev, ring->index);
	if (err)
		return err;
	/* what has arrived is the stack's; nothing more is posted */
	WRITE_ONCE(ring->limit, 0);
	while (tgbe_rx_pending(ring))
		poll_once(vector, NAPI_POLL_WEIGHT);
	return 0;
}

/* Put *@ring in the place of *@slot; on return it holds what was there */
static void attach(struct tgbe_vector *vector, struct tgbe_ring **slot,
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

static void resume_poll(struct tgbe_vector *vector)
{
	napi_enable(&vector->napi);
	/* an interrupt that came meanwhile has masked itself and gone */
	local_bh_disable();
	napi_schedule(&vector->napi);
	local_bh_enable();
}

static int swap_tx(struct tgbe_device *dev, struct tgbe_vector *vector,
		   struct tgbe_ring **ring)
{
	int err = quiesce_tx(dev, vector);

	if (err)
		return err;
	attach(vector, &vector->tx, ring);
	dev->chip->tx_arm(dev, vector->tx);
	return 0;
}

static int swap_rx(struct tgbe_device *dev, struct tgbe_vector *vector,
		   struct tgbe_ring **ring)
{
	int err = quiesce_rx(dev, vector);

	if (err)
		return err;
	attach(vector, &vector->rx, ring);
	dev->chip->rx_arm(dev, vector->rx);
	return 0;
}

/* On return @rx and @tx hold the old rings. A ring that the chip does not let
 * go of stays where it is.
 */
static int swap_queue(struct tgbe_device *dev, unsigned int q,
		      struct tgbe_ring **rx, struct tgbe_ring **tx)
{
	struct tgbe_vector *vector = dev->vector[q];
	int err = 0;

	if (*rx)
		tgbe_rss_steer(dev, q);
	napi_disable(&vector->napi);
	if (*tx)
		err = swap_tx(dev, vector, tx);
	if (*rx && !err)
		err = swap_rx(dev, vector, rx);
	if (*rx)
		tgbe_rss_steer(dev, -1);
	resume_poll(vector);
	if (*tx)
		tgbe_tx_thaw(vector->tx);
	return err;
}

static bool same_geometry(struct tgbe_device *dev,
			  const struct tgbe_config *want)
{
	struct tgbe_rx_geometry a, b;

	a = dev->chip->rx_geometry(tgbe_config_frame(&dev->config));
	b = dev->chip->rx_geometry(tgbe_config_frame(want));
	return a.truesize == b.truesize && a.room == b.room &&
	       a.headroom == b.headroom;
}

/* Arrays that stay: a size is only a limit, so there is nothing to swap */
static void set_limits(struct tgbe_device *dev, const struct tgbe_config *want)
{
	for (unsigned int q = 0; q < dev->config.queues; q++) {
		WRITE_ONCE(dev->vector[q]->rx->limit, want->rx_size);
		WRITE_ONCE(dev->vector[q]->tx->limit, want->tx_size);
		/* a larger limit is to be used at once */
		dev->chip->irq_kick(dev->vector[q]);
	}
}

/* Returns whether every queue has its new rings. If one does not stop, a restart
 * of the port will give them to it.
 */
static bool swap_set(struct tgbe_device *dev, struct ring_set *set)
{
	for (unsigned int q = 0; q < dev->config.queues; q++) {
		if (!set->rx[q] && !set->tx[q])
			continue;
		if (swap_queue(dev, q, &set->rx[q], &set->tx[q])) {
			dev->unstoppable = true;
			schedule_work(&dev->timeout_work);
			return false;
		}
	}
	return true;
}

/**
 * tgbe_config_apply() - change the configuration, running or not
 * @dev: port
 * @want: the whole new configuration
 * @extack: where a refusal says which limit was passed
 *
 * Context: process, RTNL.
 * Return: 0, -EINVAL, or -ENOMEM; after an error everything is as before.
 */
int tgbe_config_apply(struct tgbe_device *dev, const struct tgbe_config *want,
		      struct netlink_ext_ack *extack)
{
	unsigned int old_frame = tgbe_config_frame(&dev->config);
	unsigned int frame = tgbe_config_frame(want);
	struct ring_set set = {};
	bool new_rx, new_tx;
	bool done = true;
	int err;

	err = validate(dev, want, extack);
	if (err)
		return err;
	if (!netif_running(dev->netdev)) {
		dev->config = *want;
		return 0;
	}

	if (!dev->chip->fixed_arrays) {
		new_rx = want->rx_size != dev->config.rx_size ||
			 !same_geometry(dev, want);
		new_tx = want->tx_size != dev->config.tx_size;
		err = alloc_set(dev, &set, want, new_rx, new_tx);
		if (err) {
			NL_SET_ERR_MSG_MOD(extack,
					   "no memory for the new rings, the old ones stay");
			return err;
		}
	}

	/* Nothing can fail past this point. No frame may be let in that is
	 * larger than the buffers of any queue.
	 */
	if (frame < old_frame) {
		dev->chip->frame_limit(dev, frame);
		/* larger ones may wait in the packet buffer: 64 KB of them
		 * are in memory well before this is over
		 */
		usleep_range(2000, 3000);
	}
	if (dev->chip->fixed_arrays)
		set_limits(dev, want);
	else
		done = swap_set(dev, &set);
	if (frame > old_frame && done)
		dev->chip->frame_limit(dev, frame);
	dev->config = *want;
	free_set(&set);
	return 0;
}

/**
 * tgbe_queue_restart_tx() - get a stuck transmit queue going again
 * @dev: running port
 * @queue: queue that the watchdog named
 * @hung: count a timeout
 *
 * Frames that it held are counted as dropped. Link and other queues go on.
 *
 * Context: process, RTNL.
 * Return: 0, or -ETIMEDOUT if the chip does not let go of the ring.
 */
int tgbe_queue_restart_tx(struct tgbe_device *dev, unsigned int queue,
			  bool hung)
{
	struct tgbe_vector *vector = dev->vector[queue];
	struct tgbe_ring *ring = vector->tx;
	int err;

	napi_disable(&vector->napi);
	tgbe_tx_freeze(ring);
	err = dev->chip->tx_quiesce(dev, queue);
	if (!err) {
		local_bh_disable();
		tgbe_tx_clean(ring, 0);
		tgbe_tx_discard(ring);
		u64_stats_update_begin(&ring->sync);
		ring->stats.tx.timeouts += hung;
		u64_stats_update_end(&ring->sync);
		local_bh_enable();
		tgbe_tx_rewind(ring);
		dev->chip->tx_arm(dev, ring);
		tgbe_set_bits(dev, TGBE_TCTL, TGBE_TCTL_EN);
	}
	resume_poll(vector);
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
	struct ring_set set;
	int err;

	err = alloc_set(dev, &set, &dev->config, true, true);
	if (err)
		return err;
	for (unsigned int q = 0; q < dev->config.queues; q++) {
		attach(dev->vector[q], &dev->vector[q]->rx, &set.rx[q]);
		attach(dev->vector[q], &dev->vector[q]->tx, &set.tx[q]);
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
	for (unsigned int q = 0; q < dev->config.queues; q++)
		dev->chip->tx_arm(dev, dev->vector[q]->tx);
	tgbe_set_bits(dev, TGBE_TCTL, TGBE_TCTL_EN);
	for (unsigned int q = 0; q < dev->config.queues; q++)
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
		attach(vector, &vector->rx, &set.rx[q]);
		attach(vector, &vector->tx, &set.tx[q]);
	}
	free_set(&set);
}
