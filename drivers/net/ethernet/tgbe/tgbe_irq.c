// SPDX-License-Identifier: GPL-2.0
/* Interrupt vectors: found at probe, requested from open to close, and never
 * touched by a change of rings or queues, so that names and affinity stay.
 */
#include <linux/interrupt.h>

#include "tgbe.h"
#include "tgbe_chip.h"
#include "tgbe_ring.h"

static const char *const mode_name[] = {
	[TGBE_IRQ_MSIX] = "MSI-X",
	[TGBE_IRQ_MSI] = "MSI",
	[TGBE_IRQ_INTX] = "INTx",
};

static irqreturn_t tgbe_queue_interrupt(int irq, void *data)
{
	struct tgbe_vector *vector = data;

	WRITE_ONCE(vector->interrupts, vector->interrupts + 1);
	/* the chip masked this vector when it sent the message */
	napi_schedule_irqoff(&vector->napi);
	return IRQ_HANDLED;
}

static void tgbe_handle_other(struct tgbe_device *dev, u32 causes)
{
	if (causes & TGBE_INT_LSC) {
		atomic64_inc(&dev->lsc_events);
		tgbe_link_check(dev);
	}
	if (causes & TGBE_INT_RXO)
		atomic64_inc(&dev->overruns);
	if (causes & dev->chip->irq_lost) {
		WRITE_ONCE(dev->chip_lost, true);
		schedule_work(&dev->timeout_work);
	}
}

static irqreturn_t tgbe_other_interrupt(int irq, void *data)
{
	struct tgbe_device *dev = data;
	u32 causes = tgbe_rd(dev, TGBE_ICR);

	tgbe_handle_other(dev, causes);
	dev->chip->irq_other_done(dev, causes);
	return IRQ_HANDLED;
}

/* MSI and INTx: one vector for everything */
static irqreturn_t tgbe_single_interrupt(int irq, void *data)
{
	struct tgbe_vector *vector = data;
	struct tgbe_device *dev = vector->dev;
	u32 causes = tgbe_rd(dev, TGBE_ICR);

	/* On a shared line a card without a cause was not the one. A card that
	 * is gone reads as all ones.
	 */
	if (!causes || causes == TGBE_INT_ALL)
		return IRQ_NONE;

	/* Reading masks on one chip and not on the other: this serves both */
	tgbe_wr(dev, TGBE_IMC, TGBE_INT_ALL);
	WRITE_ONCE(vector->interrupts, vector->interrupts + 1);
	tgbe_handle_other(dev, causes);
	napi_schedule_irqoff(&vector->napi);
	return IRQ_HANDLED;
}

/* If not, the vectors are given back */
static bool tgbe_messages_arrive(struct tgbe_device *dev)
{
	if (tgbe_irq_arrives(dev))
		return true;
	dev_warn(&dev->pdev->dev, "interrupts do not arrive by %s, doing without it\n",
		 mode_name[dev->irq_mode]);
	pci_free_irq_vectors(dev->pdev);
	return false;
}

/* MSI-X with a vector a queue pair and one for the rest, or one of anything */
static int tgbe_alloc_irq_vectors(struct tgbe_device *dev)
{
	unsigned int wanted = min_t(unsigned int, num_online_cpus(),
				    dev->chip->max_queues);
	int n;

	n = dev->model->one_queue ? -ENOSPC :
	    pci_alloc_irq_vectors(dev->pdev, 2, wanted + 1, PCI_IRQ_MSIX);
	if (n >= 2) {
		dev->irq_mode = TGBE_IRQ_MSIX;
		dev->queues_max = n - 1;
		if (tgbe_messages_arrive(dev))
			return 0;
	}
	dev->queues_max = 1;
	n = pci_alloc_irq_vectors(dev->pdev, 1, 1, PCI_IRQ_MSI);
	if (n == 1) {
		dev->irq_mode = TGBE_IRQ_MSI;
		if (tgbe_messages_arrive(dev))
			return 0;
	}
	n = pci_alloc_irq_vectors(dev->pdev, 1, 1, PCI_IRQ_INTX);
	if (n < 0)
		return n;
	dev->irq_mode = TGBE_IRQ_INTX;
	return 0;
}

static struct tgbe_vector *tgbe_alloc_vector(struct tgbe_device *dev,
					     unsigned int index)
{
	struct tgbe_vector *vector;

	vector = kzalloc_node(sizeof(*vector), GFP_KERNEL,
			      dev_to_node(&dev->pdev->dev));
	if (!vector)
		return NULL;
	vector->dev = dev;
	vector->index = index;
	dev->chip->irq_bits(vector);
	return vector;
}

static void tgbe_free_vectors(struct tgbe_device *dev)
{
	for (unsigned int q = 0; q < dev->queues_max; q++) {
		kfree(dev->vector[q]);
		dev->vector[q] = NULL;
	}
}

/**
 * tgbe_irq_alloc() - find interrupt vectors and make an object for each queue
 * @dev: port being probed
 *
 * Sets @dev->irq_mode and @dev->queues_max.
 *
 * Return: 0, -ENOMEM, or the error of the PCI or the CPU hotplug core.
 */
int tgbe_irq_alloc(struct tgbe_device *dev)
{
	int err = tgbe_alloc_irq_vectors(dev);

	if (err)
		return err;
	for (unsigned int q = 0; q < dev->queues_max; q++) {
		dev->vector[q] = tgbe_alloc_vector(dev, q);
		if (!dev->vector[q]) {
			err = -ENOMEM;
			goto free;
		}
	}
	if (dev->irq_mode == TGBE_IRQ_MSIX) {
		err = tgbe_affinity_init(dev);
		if (err)
			goto free;
	}
	dev_dbg(&dev->pdev->dev, "%s, %u queue pairs\n",
		mode_name[dev->irq_mode], dev->queues_max);
	return 0;

free:
	tgbe_free_vectors(dev);
	pci_free_irq_vectors(dev->pdev);
	return err;
}

/**
 * tgbe_irq_free() - undo tgbe_irq_alloc()
 * @dev: closed port
 */
void tgbe_irq_free(struct tgbe_device *dev)
{
	if (dev->irq_mode == TGBE_IRQ_MSIX)
		tgbe_affinity_exit(dev);
	tgbe_free_vectors(dev);
	pci_free_irq_vectors(dev->pdev);
}

/**
 * tgbe_irq_number() - Linux interrupt number that serves a queue pair
 * @dev: port
 * @queue: queue pair, or @dev->queues_max for link and other causes
 *
 * Return: the number.
 */
int tgbe_irq_number(struct tgbe_device *dev, unsigned int queue)
{
	return pci_irq_vector(dev->pdev,
			      dev->irq_mode == TGBE_IRQ_MSIX ? queue : 0);
}

static int tgbe_request_msix(struct tgbe_device *dev)
{
	unsigned int q;
	int err;

	tgbe_affinity_prepare(dev);
	err = request_irq(tgbe_irq_number(dev, dev->queues_max),
			  tgbe_other_interrupt, 0, dev->other_name, dev);
	if (err)
		goto settle;

	for (q = 0; q < dev->queues_max; q++) {
		struct tgbe_vector *vector = dev->vector[q];

		err = request_irq(tgbe_irq_number(dev, q), tgbe_queue_interrupt, 0,
				  vector->name, vector);
		if (err)
			goto free_requested;
	}
	tgbe_affinity_start(dev);
	return 0;

free_requested:
	while (q--)
		free_irq(tgbe_irq_number(dev, q), dev->vector[q]);
	free_irq(tgbe_irq_number(dev, dev->queues_max), dev);
settle:
	tgbe_affinity_settle(dev);
	return err;
}

/**
 * tgbe_irq_name() - write the names that /proc/interrupts shows
 * @dev: port
 *
 * The kernel keeps pointers to the names, so that they may change while it is open.
 * The last byte of each buffer is always 0: a reader who comes in between finds some
 * letters of the old name.
 *
 * Context: process, RTNL.
 */
void tgbe_irq_name(struct tgbe_device *dev)
{
	const char *ifname = dev->netdev->name;

	snprintf(dev->other_name, sizeof(dev->other_name), "%s", ifname);
	for (unsigned int q = 0; q < dev->queues_max; q++)
		snprintf(dev->vector[q]->name, sizeof(dev->vector[q]->name),
			 "%s-TxRx-%u", ifname, q);
}

/**
 * tgbe_irq_request() - connect the handlers; the chip is still masked
 * @dev: port being opened
 *
 * Return: 0 or the error of request_irq().
 */
int tgbe_irq_request(struct tgbe_device *dev)
{
	struct tgbe_vector *vector = dev->vector[0];

	tgbe_irq_name(dev);
	if (dev->irq_mode == TGBE_IRQ_MSIX)
		return tgbe_request_msix(dev);
	return request_irq(tgbe_irq_number(dev, 0), tgbe_single_interrupt,
			   dev->irq_mode == TGBE_IRQ_INTX ? IRQF_SHARED : 0,
			   vector->name, vector);
}

/**
 * tgbe_irq_release() - undo tgbe_irq_request()
 * @dev: port whose interrupts are disabled
 */
void tgbe_irq_release(struct tgbe_device *dev)
{
	if (dev->irq_mode == TGBE_IRQ_MSIX)
		tgbe_affinity_stop(dev);
	for (unsigned int q = 0; q < dev->queues_max; q++)
		free_irq(tgbe_irq_number(dev, q), dev->vector[q]);
	if (dev->irq_mode == TGBE_IRQ_MSIX) {
		free_irq(tgbe_irq_number(dev, dev->queues_max), dev);
		tgbe_affinity_settle(dev);
	}
}

/**
 * tgbe_irq_enable() - let the chip interrupt
 * @dev: port with handlers connected and NAPI enabled
 */
void tgbe_irq_enable(struct tgbe_device *dev)
{
	dev->chip->irq_setup(dev);
	tgbe_moderation_start(dev);
	/* Frames may have come while there was no vector for their causes. The poll that
	 * finds no more of them unmasks.
	 */
	for (unsigned int q = 0; q < dev->queues_max; q++)
		tgbe_poll_soon(dev->vector[q]);
	if (dev->irq_mode == TGBE_IRQ_MSIX)
		dev->chip->irq_other_enable(dev);
}

/**
 * tgbe_irq_disable() - mask the chip
 * @dev: port whose polls are disabled
 */
void tgbe_irq_disable(struct tgbe_device *dev)
{
	dev->chip->irq_mask(dev);
	tgbe_flush(dev);
}
