// SPDX-License-Identifier: GPL-2.0
/* Register access, which notices that the card is gone. */
#include <linux/iopoll.h>
#include <kunit/static_stub.h>

#include "tgbe.h"

/**
 * tgbe_rd() - read a register
 * @dev: port
 * @reg: offset
 *
 * All ones from a register and from STATUS, which always has a zero bit, mean
 * that the card was pulled: the port is detached from the stack, and the BAR is
 * not touched again.
 *
 * Context: any.
 * Return: the value; all ones from a card that is gone.
 */
u32 tgbe_rd(struct tgbe_device *dev, u32 reg)
{
	u8 __iomem *regs = READ_ONCE(dev->regs);
	u32 val;

	KUNIT_STATIC_STUB_REDIRECT(tgbe_rd, dev, reg);

	if (unlikely(!regs))
		return ~0u;
	val = readl(regs + reg);
	if (likely(val != ~0u) || readl(regs + TGBE_STATUS) != ~0u)
		return val;

	WRITE_ONCE(dev->regs, NULL);
	dev_err(&dev->pdev->dev, "card is gone (register 0x%05x reads all ones)\n",
		reg);
	netif_device_detach(dev->netdev);
	return ~0u;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_rd);

/**
 * tgbe_wait() - wait until some bits of a register have a value
 * @dev: port
 * @reg: offset
 * @mask: bits that are compared
 * @want: value that they are to have
 * @step_us: microseconds between two reads
 * @limit_us: microseconds to wait at most
 *
 * Context: process, sleeps.
 * Return: 0 or -ETIMEDOUT.
 */
int tgbe_wait(struct tgbe_device *dev, u32 reg, u32 mask, u32 want,
	      unsigned int step_us, unsigned int limit_us)
{
	u32 val;

	return read_poll_timeout(tgbe_rd, val, (val & mask) == want, step_us,
				 limit_us, false, dev, reg);
}
