// SPDX-License-Identifier: GPL-2.0
/* A test of each interrupt at load: messages may be lost on their way, in the chip
 * (82574 erratum 15) or in the machine, and a port that waits for them is dead.
 */
#include <linux/completion.h>
#include <linux/interrupt.h>

#include "tgbe.h"
#include "tgbe_chip.h"
#include "tgbe_ring.h"

/* It comes at once or never; a virtual CPU may have to wait for its turn */
#define TRIAL_LIMIT	(2 * HZ)

/* A vector that nobody polls */
struct irq_trial {
	struct tgbe_vector vector;
	struct completion came;
};

static irqreturn_t tgbe_trial_interrupt(int irq, void *data)
{
	struct irq_trial *trial = data;

	complete(&trial->came);
	return IRQ_HANDLED;
}

static void tgbe_raise(struct irq_trial *trial)
{
	struct tgbe_device *dev = trial->vector.dev;

	if (trial->vector.index == dev->queues_max) {
		dev->chip->irq_other_enable(dev);
		tgbe_wr(dev, TGBE_ICS, dev->chip->irq_other_causes);
		return;
	}
	dev->chip->irq_bits(&trial->vector);
	writel(trial->vector.unmask_bits, trial->vector.unmask);
	dev->chip->irq_kick(&trial->vector);
}

/* What cannot be tried is taken for good */
static bool tgbe_vector_arrives(struct irq_trial *trial)
{
	int irq = tgbe_irq_number(trial->vector.dev, trial->vector.index);
	bool came;

	init_completion(&trial->came);
	if (request_irq(irq, tgbe_trial_interrupt, 0, TGBE_DRV_NAME, trial))
		return true;
	tgbe_raise(trial);
	came = wait_for_completion_timeout(&trial->came, TRIAL_LIMIT);
	tgbe_irq_disable(trial->vector.dev);
	free_irq(irq, trial);
	return came;
}

/**
 * tgbe_irq_arrives() - does each message-signalled interrupt reach the host?
 * @dev: port being probed, its chip reset and its vectors allocated
 *
 * Leaves the chip masked, with its interrupts routed.
 *
 * Context: process, sleeps.
 * Return: false if one was raised and did not come within 2 s.
 */
bool tgbe_irq_arrives(struct tgbe_device *dev)
{
	unsigned int end = dev->queues_max + (dev->irq_mode == TGBE_IRQ_MSIX);
	struct irq_trial *trial;
	bool came = true;

	trial = kzalloc_node(sizeof(*trial), GFP_KERNEL, dev_to_node(&dev->pdev->dev));
	if (!trial)
		return true;
	trial->vector.dev = dev;
	dev->chip->irq_setup(dev);
	for (unsigned int v = 0; v < end && came; v++) {
		trial->vector.index = v;
		came = tgbe_vector_arrives(trial);
	}
	tgbe_rd(dev, TGBE_ICR);
	kfree(trial);
	return came;
}
