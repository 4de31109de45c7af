// SPDX-License-Identifier: GPL-2.0
/* The poll: what a vector's interrupt asked for, and who may have it run.
 *
 * A NAPI exists only while it may run: a port has its NAPIs from start to stop, and a
 * live change owns one for a moment. The port's instance lock is held from the disabling
 * of a NAPI to its enabling. For whoever switches a NAPI's thread off waits with that lock
 * held until the NAPI is idle, which a disabled one never is.
 */
#include "tgbe.h"
#include "tgbe_ring.h"

/* Clean the transmit ring, then receive up to the budget. A budget of 0 means netpoll,
 * which wants transmit completions only. Returns the frames received, or the budget when
 * there is more to do.
 *
 * An event between the last check of a ring and the unmasking is not lost: its cause
 * stays latched in the chip and fires when it is unmasked.
 */
static int tgbe_poll(struct napi_struct *napi, int budget)
{
	struct tgbe_vector *vector = container_of(napi, struct tgbe_vector,
						  napi);
	struct tgbe_ring *tx = vector->tx;
	unsigned int share, sent = 0;
	bool more = false, done;
	int work = 0;

	if (tx) {
		share = READ_ONCE(tx->batch);
		sent = tgbe_tx_clean(tx, budget, share);
		more = sent == share;
	}
	if (unlikely(!budget))
		return 0;
	if (tx)
		tgbe_tx_gather(tx);
	if (vector->rx)
		work = tgbe_rx_clean(vector, vector->rx, budget);
	more |= work == budget;
	/* while the NAPI is still ours */
	tgbe_moderation_polled(vector, work, sent, !more);
	done = !more && napi_complete_done(napi, work);
	/* Last, since what was received made the stack send. The NAPI may be somebody
	 * else's by now and the ring detached, but it is not freed before this poll is
	 * over.
	 */
	if (tx)
		tgbe_tx_flush(tx);
	if (done)
		writel(vector->unmask_bits, vector->unmask);
	return more ? budget : work;
}

/**
 * tgbe_poll_soon() - poll a vector without an interrupt
 * @vector: vector whose NAPI is enabled
 *
 * Context: process.
 */
void tgbe_poll_soon(struct tgbe_vector *vector)
{
	/* the softirq runs when they are enabled again */
	local_bh_disable();
	napi_schedule(&vector->napi);
	local_bh_enable();
}

/**
 * tgbe_poll_own() - keep the poll of a vector from running
 * @vector: vector of a started port
 *
 * A poll that is under way, or that a thread or a socket repeats without an end, is
 * over on return. The caller may do the poll's work until tgbe_poll_release().
 *
 * Context: process, RTNL. Takes the port's instance lock.
 */
void tgbe_poll_own(struct tgbe_vector *vector)
{
	netdev_lock(vector->dev->netdev);
	napi_disable_locked(&vector->napi);
}

/**
 * tgbe_poll_release() - undo tgbe_poll_own()
 * @vector: vector whose poll the caller owns
 *
 * Context: process, RTNL. Releases the port's instance lock.
 */
void tgbe_poll_release(struct tgbe_vector *vector)
{
	napi_enable_locked(&vector->napi);
	netdev_unlock(vector->dev->netdev);
	/* an interrupt that came meanwhile has masked itself and gone */
	tgbe_poll_soon(vector);
}

/**
 * tgbe_polls_start() - make the NAPI of each vector and let it run
 * @dev: port being opened
 *
 * What a user has set of a NAPI comes back with its index.
 *
 * Context: process, RTNL.
 */
void tgbe_polls_start(struct tgbe_device *dev)
{
	netdev_lock(dev->netdev);
	for (unsigned int q = 0; q < dev->queues_max; q++) {
		struct napi_struct *napi = &dev->vector[q]->napi;

		netif_napi_add_config_locked(dev->netdev, napi, tgbe_poll, q);
		netif_napi_set_irq_locked(napi, tgbe_irq_number(dev, q));
		WRITE_ONCE(napi->weight, dev->config.rx_batch);
		napi_enable_locked(napi);
	}
	netdev_unlock(dev->netdev);
}

/**
 * tgbe_polls_stop() - undo tgbe_polls_start()
 * @dev: port being closed
 *
 * Frames that GRO holds are dropped.
 *
 * Context: process, RTNL.
 */
void tgbe_polls_stop(struct tgbe_device *dev)
{
	unsigned int q;

	netdev_lock(dev->netdev);
	for (q = 0; q < dev->queues_max; q++)
		napi_disable_locked(&dev->vector[q]->napi);
	for (q = 0; q < dev->queues_max; q++)
		__netif_napi_del_locked(&dev->vector[q]->napi);
	netdev_unlock(dev->netdev);
	/* readers of the list and of the table of ids */
	synchronize_net();
}
