// SPDX-License-Identifier: GPL-2.0
/* The copper PHY behind MDIC: register access and autonegotiation. */
#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/mii.h>

#include "tgbe.h"
#include "tgbe_chip.h"

/* A frame on the MDIO wires takes about 64 us; the firmware may be in front */
#define MDIC_STEP_US	50
#define MDIC_LIMIT_US	96000

static int tgbe_mdic(struct tgbe_device *dev, u32 cmd, u32 *result)
{
	int err;

	tgbe_wr(dev, TGBE_MDIC, cmd | FIELD_PREP(TGBE_MDIC_PHY, TGBE_PHY_ADDR));
	err = tgbe_wait(dev, TGBE_MDIC, TGBE_MDIC_READY, TGBE_MDIC_READY,
			MDIC_STEP_US, MDIC_LIMIT_US);
	if (err)
		return err;
	*result = tgbe_rd(dev, TGBE_MDIC);
	return *result & TGBE_MDIC_ERROR ? -EIO : 0;
}

static int tgbe_read_reg(struct tgbe_device *dev, u8 reg, u16 *val)
{
	u32 result;
	int err;

	err = tgbe_mdic(dev, TGBE_MDIC_OP_READ | FIELD_PREP(TGBE_MDIC_REG, reg),
			&result);
	if (!err)
		*val = FIELD_GET(TGBE_MDIC_DATA, result);
	return err;
}

static int tgbe_write_reg(struct tgbe_device *dev, u8 reg, u16 val)
{
	u32 result;

	return tgbe_mdic(dev, TGBE_MDIC_OP_WRITE | FIELD_PREP(TGBE_MDIC_REG, reg) |
			 FIELD_PREP(TGBE_MDIC_DATA, val), &result);
}

static int tgbe_phy_get(struct tgbe_device *dev)
{
	int err;

	mutex_lock(&dev->fw_lock);
	err = dev->chip->phy_get(dev);
	if (err)
		mutex_unlock(&dev->fw_lock);
	return err;
}

static void tgbe_phy_put(struct tgbe_device *dev)
{
	dev->chip->phy_put(dev);
	mutex_unlock(&dev->fw_lock);
}

/**
 * tgbe_phy_read() - read a register of the PHY
 * @dev: port
 * @reg: register 0..31 of the page in force
 * @val: where to put the value
 *
 * Context: process, sleeps.
 * Return: 0, -EBUSY if the firmware keeps the PHY, -ETIMEDOUT, or -EIO if the
 * PHY refused.
 */
int tgbe_phy_read(struct tgbe_device *dev, u8 reg, u16 *val)
{
	int err = tgbe_phy_get(dev);

	if (err)
		return err;
	err = tgbe_read_reg(dev, reg, val);
	tgbe_phy_put(dev);
	return err;
}

/**
 * tgbe_phy_write() - write a register of the PHY
 * @dev: port
 * @reg: register 0..31 of the page in force
 * @val: value
 *
 * Context: process, sleeps.
 * Return: as tgbe_phy_read().
 */
int tgbe_phy_write(struct tgbe_device *dev, u8 reg, u16 val)
{
	int err = tgbe_phy_get(dev);

	if (err)
		return err;
	err = tgbe_write_reg(dev, reg, val);
	tgbe_phy_put(dev);
	return err;
}

/**
 * tgbe_phy_modify() - change some bits of a PHY register
 * @dev: port
 * @reg: register 0..31 of the page in force
 * @mask: bits to clear
 * @set: bits to set
 *
 * Context: process, sleeps.
 * Return: as tgbe_phy_read().
 */
int tgbe_phy_modify(struct tgbe_device *dev, u8 reg, u16 mask, u16 set)
{
	int err = tgbe_phy_get(dev);
	u16 val;

	if (err)
		return err;
	err = tgbe_read_reg(dev, reg, &val);
	if (!err)
		err = tgbe_write_reg(dev, reg, (val & ~mask) | set);
	tgbe_phy_put(dev);
	return err;
}

/**
 * tgbe_phy_is_kept() - does the management forbid to reset the PHY?
 * @dev: port
 *
 * Return: true if so.
 */
bool tgbe_phy_is_kept(struct tgbe_device *dev)
{
	return tgbe_rd(dev, TGBE_MANC) & TGBE_MANC_BLK_PHY_RST;
}

/**
 * tgbe_phy_reset() - reset the PHY, and give it the driver's settings again
 * @dev: port
 *
 * The MAC loads the PHY's part of the NVM anew (82576 4.2, 82574 4.3). The link
 * goes down, and stays so until tgbe_phy_start().
 *
 * Context: process, sleeps.
 * Return: 0, -EBUSY if the management or the firmware keeps the PHY, or the error
 * of the PHY access that failed.
 */
int tgbe_phy_reset(struct tgbe_device *dev)
{
	int err;

	if (tgbe_phy_is_kept(dev))
		return -EBUSY;
	err = tgbe_phy_get(dev);
	if (err)
		return err;
	tgbe_chip_ctrl(dev, 0, TGBE_CTRL_PHY_RST);
	tgbe_flush(dev);
	usleep_range(100, 200);
	tgbe_chip_ctrl(dev, TGBE_CTRL_PHY_RST, 0);
	tgbe_flush(dev);
	usleep_range(150, 300);
	tgbe_phy_put(dev);
	return dev->chip->phy_init(dev);
}

static int tgbe_advertise(struct tgbe_device *dev)
{
	const unsigned long *adv = dev->link.advertising;
	int err;

	err = tgbe_phy_write(dev, MII_ADVERTISE,
			     ADVERTISE_CSMA | linkmode_adv_to_mii_adv_t(adv));
	if (err)
		return err;
	return tgbe_phy_modify(dev, MII_CTRL1000,
			       ADVERTISE_1000FULL | ADVERTISE_1000HALF,
			       linkmode_adv_to_mii_ctrl1000_t(adv));
}

/**
 * tgbe_phy_start() - apply the wanted link settings and begin to bring it up
 * @dev: port
 *
 * With autonegotiation the link comes up by itself and raises an interrupt.
 *
 * Context: process, sleeps.
 * Return: 0 or the error of the PHY access that failed.
 */
int tgbe_phy_start(struct tgbe_device *dev)
{
	u16 bmcr;
	int err;

	/* the MAC follows what the PHY finds out */
	tgbe_chip_ctrl(dev, TGBE_CTRL_FRCSPD | TGBE_CTRL_FRCDPX,
		       TGBE_CTRL_SLU);

	if (dev->link.forced_speed) {
		bmcr = dev->link.forced_speed == SPEED_100 ? BMCR_SPEED100 : 0;
		if (dev->link.forced_duplex == DUPLEX_FULL)
			bmcr |= BMCR_FULLDPLX;
	} else {
		err = tgbe_advertise(dev);
		if (err)
			return err;
		bmcr = BMCR_ANENABLE | BMCR_ANRESTART;
	}
	WRITE_ONCE(dev->link.restarted, true);
	return tgbe_phy_write(dev, MII_BMCR, bmcr);
}
