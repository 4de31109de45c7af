// SPDX-License-Identifier: GPL-2.0
/* Interrupt moderation: how long a vector waits between two interrupts. */
#include "tgbe.h"

/* 50 us: at most 20,000 interrupts a second on a vector, and a delay below
 * what a gigabit switch adds under load.
 */
#define DEFAULT_USECS	50

/**
 * tgbe_moderation_apply() - write every vector's interval to the chip
 * @dev: port whose interrupt routing is set up
 */
void tgbe_moderation_apply(struct tgbe_device *dev)
{
	for (unsigned int q = 0; q < dev->queues_max; q++)
		dev->chip->irq_throttle(dev->vector[q], DEFAULT_USECS);
}
