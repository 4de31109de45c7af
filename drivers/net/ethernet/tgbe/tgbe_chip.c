// SPDX-License-Identifier: GPL-2.0
/* Register sequences that the 82576 and the 82574L have in common. */
#include <linux/bitfield.h>
#include <linux/delay.h>

#include "tgbe.h"

/**
 * tgbe_chip_stop_bus() - stop the chip from starting PCIe requests
 * @dev: port
 *
 * A reset during a transaction can hang the bus, so both datasheets ask for
 * this first (82576 4.2, 82574 4.3). A chip that does not report idle within
 * 80 ms is reset all the same, with a message.
 */
void tgbe_chip_stop_bus(struct tgbe_device *dev)
{
	tgbe_set_bits(dev, TGBE_CTRL, TGBE_CTRL_GIO_MASTER_DISABLE);
	if (tgbe_wait(dev, TGBE_STATUS, TGBE_STATUS_GIO_MASTER, 0, 100, 80000))
		dev_warn(&dev->pdev->dev,
			 "PCIe requests still pending after 80 ms, resetting anyway\n");
}

/**
 * tgbe_chip_clear_filters() - forget addresses, multicast hashes and VLANs
 * @dev: port
 *
 * Leaves receive address 0, which the reset loaded from the NVM.
 */
void tgbe_chip_clear_filters(struct tgbe_device *dev)
{
	unsigned int i;

	for (i = 1; i < 16; i++) {
		tgbe_wr(dev, TGBE_RAH(i), 0);
		tgbe_wr(dev, TGBE_RAL(i), 0);
	}
	for (i = 0; i < TGBE_MTA_WORDS; i++)
		tgbe_wr(dev, TGBE_MTA(i), 0);
	for (i = 0; i < TGBE_VFTA_WORDS; i++)
		tgbe_wr(dev, TGBE_VFTA(i), 0);
	tgbe_flush(dev);
}

/**
 * tgbe_chip_get_smbi() - take the semaphore between software and firmware
 * @dev: port
 *
 * SWSM.SMBI is taken by reading it as 0, which settles the race between two
 * drivers; SWESMBI then by writing 1 and finding it set, which settles the one
 * with the firmware.
 *
 * Context: process, sleeps.
 * Return: 0, or -EBUSY after 100 ms.
 */
int tgbe_chip_get_smbi(struct tgbe_device *dev)
{
	if (tgbe_wait(dev, TGBE_SWSM, TGBE_SWSM_SMBI, 0, 50, 50000))
		return -EBUSY;

	for (int i = 0; i < 1000; i++) {
		tgbe_set_bits(dev, TGBE_SWSM, TGBE_SWSM_SWESMBI);
		if (tgbe_rd(dev, TGBE_SWSM) & TGBE_SWSM_SWESMBI)
			return 0;
		usleep_range(50, 100);
	}
	tgbe_chip_put_smbi(dev);
	return -EBUSY;
}

/**
 * tgbe_chip_put_smbi() - release what tgbe_chip_get_smbi() took
 * @dev: port
 */
void tgbe_chip_put_smbi(struct tgbe_device *dev)
{
	tgbe_clear_bits(dev, TGBE_SWSM, TGBE_SWSM_SMBI | TGBE_SWSM_SWESMBI);
}

/**
 * tgbe_chip_rx_program() - write a receive ring's address and size
 * @dev: port
 * @ring: ring whose queue is disabled
 */
void tgbe_chip_rx_program(struct tgbe_device *dev, struct tgbe_ring *ring)
{
	u32 base = dev->chip->rxq(ring->index);

	tgbe_wr(dev, base + TGBE_RXQ_BAL, lower_32_bits(ring->desc_dma));
	tgbe_wr(dev, base + TGBE_RXQ_BAH, upper_32_bits(ring->desc_dma));
	tgbe_wr(dev, base + TGBE_RXQ_LEN, ring->desc_bytes);
	tgbe_wr(dev, base + TGBE_RXQ_HEAD, 0);
	tgbe_wr(dev, base + TGBE_RXQ_TAIL, 0);
	ring->tail = dev->mapping + base + TGBE_RXQ_TAIL;
}

/**
 * tgbe_chip_tx_program() - write a transmit ring's address and size
 * @dev: port
 * @ring: empty ring whose queue is disabled
 */
void tgbe_chip_tx_program(struct tgbe_device *dev, struct tgbe_ring *ring)
{
	u32 base = dev->chip->txq(ring->index);

	tgbe_wr(dev, base + TGBE_TXQ_BAL, lower_32_bits(ring->desc_dma));
	tgbe_wr(dev, base + TGBE_TXQ_BAH, upper_32_bits(ring->desc_dma));
	tgbe_wr(dev, base + TGBE_TXQ_LEN, ring->desc_bytes);
	tgbe_wr(dev, base + TGBE_TXQ_HEAD, 0);
	tgbe_wr(dev, base + TGBE_TXQ_TAIL, 0);
	ring->tail = dev->mapping + base + TGBE_TXQ_TAIL;
}
