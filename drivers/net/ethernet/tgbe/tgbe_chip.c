// SPDX-License-Identifier: GPL-2.0
/* Register sequences that the 82576 and the 82574L have in common. */
#include <linux/bitfield.h>
#include <linux/delay.h>

#include "tgbe.h"
#include "tgbe_chip.h"
#include "tgbe_ring.h"

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
	tgbe_chip_ctrl(dev, 0, TGBE_CTRL_GIO_MASTER_DISABLE);
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
 * tgbe_chip_ctrl() - change bits of CTRL
 * @dev: port
 * @clear: bits to clear
 * @set: bits to set afterwards
 *
 * CTRL has several owners: link, VLAN stripping, reset.
 *
 * Context: process.
 */
void tgbe_chip_ctrl(struct tgbe_device *dev, u32 clear, u32 set)
{
	spin_lock(&dev->ctrl_lock);
	tgbe_wr(dev, TGBE_CTRL, (tgbe_rd(dev, TGBE_CTRL) & ~clear) | set);
	spin_unlock(&dev->ctrl_lock);
}

/**
 * tgbe_chip_pause_frames() - what a PAUSE frame looks like
 * @dev: port
 *
 * Address 01:80:C2:00:00:01, type 8808, the longest time. Wanted at every
 * set-up, pause or not (82576 8, 82574 10.2).
 */
void tgbe_chip_pause_frames(struct tgbe_device *dev)
{
	tgbe_wr(dev, TGBE_FCAL, 0x00c28001);
	tgbe_wr(dev, TGBE_FCAH, 0x0100);
	tgbe_wr(dev, TGBE_FCT, 0x8808);
	tgbe_wr(dev, TGBE_FCTTV, 0xffff);
}

/**
 * tgbe_chip_pause_marks() - when to ask the partner to pause
 * @dev: port with its marks known
 *
 * The marks must be 0 where no PAUSE frames are to be sent. Whoever changes the one or
 * the other comes here afterwards, and the last one finds both as they are to be.
 *
 * Context: process.
 */
void tgbe_chip_pause_marks(struct tgbe_device *dev)
{
	bool pause;

	spin_lock(&dev->ctrl_lock);
	pause = tgbe_rd(dev, TGBE_CTRL) & TGBE_CTRL_TFCE;
	tgbe_wr(dev, TGBE_FCRTL,
		pause ? dev->pause_low | TGBE_FCRTL_XONE : 0);
	tgbe_wr(dev, TGBE_FCRTH, pause ? dev->pause_high : 0);
	spin_unlock(&dev->ctrl_lock);
}

/**
 * tgbe_chip_full_rings() - choose what becomes of frames that find their ring full
 * @dev: port
 *
 * A frame that is kept back in the packet buffer holds up the frames of all other
 * queues behind it. With several queues it is dropped, unless the port sends PAUSE
 * frames: then the partner waits and nothing is lost. Whoever changes the number of
 * queues or CTRL.TFCE calls this afterwards. No ring is touched (82576 7.1 and 8.10).
 *
 * Context: process.
 */
void tgbe_chip_full_rings(struct tgbe_device *dev)
{
	if (!dev->chip->rx_drop_full)
		return;
	spin_lock(&dev->ctrl_lock);
	dev->drop_full = READ_ONCE(dev->config.queues) > 1 &&
			 !(tgbe_rd(dev, TGBE_CTRL) & TGBE_CTRL_TFCE);
	for (unsigned int q = 0; q < dev->queues_max; q++)
		dev->chip->rx_drop_full(dev, q, dev->drop_full);
	spin_unlock(&dev->ctrl_lock);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_chip_full_rings);

/**
 * tgbe_chip_program() - write a ring's address and size
 * @dev: port
 * @ring: ring whose queue is disabled, its tail 0 as a reset or quiescing leaves it;
 *	  empty if it is a transmit ring
 */
void tgbe_chip_program(struct tgbe_device *dev, struct tgbe_ring *ring)
{
	u32 base = ring->is_rx ? dev->chip->rxq(ring->index) :
				 dev->chip->txq(ring->index);

	tgbe_wr(dev, base + TGBE_Q_BAL, lower_32_bits(ring->desc_dma));
	tgbe_wr(dev, base + TGBE_Q_BAH, upper_32_bits(ring->desc_dma));
	tgbe_wr(dev, base + TGBE_Q_LEN, ring->desc_bytes);
	tgbe_wr(dev, base + TGBE_Q_HEAD, 0);
	ring->tail = dev->mapping + base + TGBE_Q_TAIL;
}

/**
 * tgbe_chip_latency() - limit how long the CPUs may take to wake from their sleep
 * @dev: running port
 * @usecs: microseconds, or %PM_QOS_DEFAULT_VALUE for no limit
 *
 * Context: process, RTNL.
 */
void tgbe_chip_latency(struct tgbe_device *dev, s32 usecs)
{
	bool limited = cpu_latency_qos_request_active(&dev->latency);

	if (usecs == PM_QOS_DEFAULT_VALUE) {
		if (limited)
			cpu_latency_qos_remove_request(&dev->latency);
	} else if (limited) {
		cpu_latency_qos_update_request(&dev->latency, usecs);
	} else {
		cpu_latency_qos_add_request(&dev->latency, usecs);
	}
}
