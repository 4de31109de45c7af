// SPDX-License-Identifier: GPL-2.0
/* The poll: what a vector's interrupt asked for. */
#include "tgbe.h"
#include "tgbe_ring.h"

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
 * tgbe_poll() - clean the transmit ring, then receive up to the budget
 * @napi: the vector's NAPI
 * @budget: frames to receive at most; 0 means netpoll, which wants transmit
 *	    completions only
 *
 * An event between the last look at a ring and the unmasking is not lost: its
 * cause stays latched in the chip and fires when it is unmasked.
 *
 * Context: NET_RX softirq, or netpoll with interrupts off.
 * Return: frames received; @budget when there is more to do.
 */
int tgbe_poll(struct napi_struct *napi, int budget)
{
	struct tgbe_vector *vector = container_of(napi, struct tgbe_vector,
						  napi);
	struct tgbe_ring *tx = vector->tx;
	unsigned int share, sent = 0;
	bool more = false;
	int work = 0;

	if (tx) {
		share = READ_ONCE(tx->batch);
		sent = tgbe_tx_clean(tx, budget, share);
		more = sent == share;
	}
	if (unlikely(!budget))
		return 0;
	if (vector->rx)
		work = tgbe_rx_clean(vector, vector->rx, budget);
	/* last, since receiving made the stack send acknowledgements */
	if (tx)
		tgbe_tx_flush(tx, vector->throttle > TGBE_TX_DEFER_USECS);
	more |= work == budget;
	/* while the NAPI is still ours */
	tgbe_moderation_polled(vector, work, sent, !more);
	if (more)
		return budget;

	if (napi_complete_done(napi, work))
		writel(vector->unmask_bits, vector->unmask);
	else if (tx)
		/* A timer or a busy poller will poll next, nobody knows when. The NAPI
		 * may be somebody else's by now and the ring detached, but it is not
		 * freed before this poll is over.
		 */
		tgbe_tx_flush(tx, true);
	return work;
}
