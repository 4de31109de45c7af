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
	for (unsigned int q = 0; q < dev->queues_max; q++)
		dev->chip->irq_throttle(dev->vector[q], DEFAULT_USECS);
}
