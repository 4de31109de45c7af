// SPDX-License-Identifier: GPL-2.0
/* Interrupt moderation: how long a vector waits between two interrupts. */
#include "tgbe.h"

/* 100 us: at most 10,000 interrupts a second on a vector, about the time that
 * eight full frames take on the wire. A lone frame interrupts at once.
 */
#define DEFAULT_USECS	100

/**
 * tgbe_moderation_apply() - write every vector's interval to the chip
 * @dev: port whose interrupt routing is set up
 */
void tgbe_moderation_apply(struct tgbe_device *dev)
{
	unsigned int vectors = dev->queues_max;

	/* overruns interrupt as well, on the vector of the other causes */
	if (dev->irq_mode == TGBE_IRQ_MSIX)
		vectors++;
	for (unsigned int v = 0; v < vectors; v++)
		dev->chip->irq_throttle(dev, v, DEFAULT_USECS);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_moderation_apply);
