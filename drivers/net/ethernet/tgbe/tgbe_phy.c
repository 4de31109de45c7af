// SPDX-License-Identifier: GPL-2.0
/* The copper PHY behind MDIC: register access, power, crossover, autonegotiation and
 * loopback.
 */
#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/iopoll.h>
#include <linux/mii.h>

#include "tgbe.h"
#include "tgbe_chip.h"

/* A frame on the MDIO wires takes about 64 us; the firmware may be in front */
#define MDIC_STEP_US	50
#define MDIC_LIMIT_US	96000

/* IEEE 802.3 22.2.4.1.1: a reset is over after half a second at most */
#define RESET_STEP_US	1000
#define RESET_LIMIT_US	500000

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
 * tgbe_phy_modify_paged() - change some bits of a register on another page
 * @dev: port
 * @page: the page; page 0 is in force before and after
 * @reg: register 0..31 of it
 * @mask: bits to clear
 * @set: bits to set
 *
 * Context: process, sleeps.
 * Return: as tgbe_phy_read().
 */
int tgbe_phy_modify_paged(struct tgbe_device *dev, u16 page, u8 reg, u16 mask, u16 set)
{
	int err = tgbe_phy_get(dev), back;
	u16 val;

	if (err)
		return err;
	err = tgbe_write_reg(dev, dev->chip->phy_page, page);
	if (!err)
		err = tgbe_read_reg(dev, reg, &val);
	if (!err)
		err = tgbe_write_reg(dev, reg, (val & ~mask) | set);
	back = tgbe_write_reg(dev, dev->chip->phy_page, 0);
	tgbe_phy_put(dev);
	return err ?: back;
}

/**
 * tgbe_phy_commit() - reset the logic of the PHY, so that its controls take effect
 * @dev: port
 *
 * The registers keep what was written, and the link is lost.
 *
 * Context: process, sleeps.
 * Return: as tgbe_phy_read(), or -ETIMEDOUT for a reset that does not end.
 */
int tgbe_phy_commit(struct tgbe_device *dev)
{
	int err = tgbe_phy_modify(dev, MII_BMCR, 0, BMCR_RESET), read_err;
	u16 bmcr;

	if (err)
		return err;
	err = read_poll_timeout(tgbe_phy_read, read_err,
				read_err || !(bmcr & BMCR_RESET), RESET_STEP_US,
				RESET_LIMIT_US, false, dev, MII_BMCR, &bmcr);
	return read_err ?: err;
}

static int tgbe_phy_power_up(struct tgbe_device *dev)
{
	u16 bmcr;
	int err;

	err = tgbe_phy_read(dev, MII_BMCR, &bmcr);
	if (err || !(bmcr & BMCR_PDOWN))
		return err;
	err = tgbe_phy_write(dev, MII_BMCR, bmcr & ~BMCR_PDOWN);
	usleep_range(1000, 2000);
	return err;
}

/**
 * tgbe_phy_init() - give a PHY that was reset the driver's settings
 * @dev: port
 *
 * Context: process, sleeps.
 * Return: 0 or the error of the PHY access that failed.
 */
int tgbe_phy_init(struct tgbe_device *dev)
{
	return tgbe_phy_power_up(dev) ?: dev->chip->phy_init(dev);
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
	return tgbe_phy_init(dev);
}

/* The management of the 82574 says so in the NVM (82574 6.1), that of the 82576 while
 * it receives (82576 10.6). Who cannot be asked may be at work.
 */
static bool tgbe_phy_is_managed(struct tgbe_device *dev)
{
	u16 word;

	if (tgbe_rd(dev, TGBE_MANC) & (TGBE_MANC_BLK_PHY_RST | TGBE_MANC_RCV_TCO_EN))
		return true;
	if (!tgbe_is_on(dev, TGBE_ON_82574))
		return false;
	return tgbe_nvm_read(dev, TGBE_NVM_82574_CONTROL2, 1, &word) ||
	       word & TGBE_NVM_82574_MANAGED;
}

/**
 * tgbe_phy_rest() - power of the PHY for a port that does not run
 * @dev: stopped port
 *
 * The PHY goes down unless something of the sleeping card needs a link: a wake-up
 * event or the management. Then it comes up if it was down. It keeps its settings.
 *
 * Context: process, RTNL.
 */
void tgbe_phy_rest(struct tgbe_device *dev)
{
	bool needed = dev->wol || tgbe_phy_is_managed(dev);
	u16 bmcr;

	if (tgbe_phy_read(dev, MII_BMCR, &bmcr) || needed == !(bmcr & BMCR_PDOWN))
		return;
	if (needed) {
		tgbe_phy_start(dev);
		return;
	}
	tgbe_phy_write(dev, MII_BMCR, bmcr | BMCR_PDOWN);
	usleep_range(1000, 2000);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_phy_rest);

static int tgbe_read_bit(struct tgbe_device *dev, struct tgbe_phy_bit bit, bool *set)
{
	u16 val;
	int err = tgbe_phy_read(dev, bit.reg, &val);

	if (!err)
		*set = val & bit.bit;
	return err;
}

/**
 * tgbe_phy_inspect() - what the PHY says of the link that is up
 * @dev: port
 * @crossed: whether it uses MDI-X
 * @slower: whether it gave up a better speed, since some pairs of the cable fail
 *
 * Context: process, sleeps.
 * Return: as tgbe_phy_read().
 */
int tgbe_phy_inspect(struct tgbe_device *dev, bool *crossed, bool *slower)
{
	return tgbe_read_bit(dev, dev->chip->phy_crossed, crossed) ?:
	       tgbe_read_bit(dev, dev->chip->phy_slower, slower);
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

static int tgbe_cross_over(struct tgbe_device *dev, u8 mdix)
{
	const struct tgbe_phy_crossover *c = &dev->chip->phy_crossover;
	u16 bits = mdix == ETH_TP_MDI_AUTO ? c->either :
		   mdix == ETH_TP_MDI_X ? c->mdix : 0;
	u16 val;
	int err;

	err = tgbe_phy_read(dev, c->reg, &val);
	if (err || (val & c->mask) == bits)
		return err;
	err = tgbe_phy_write(dev, c->reg, (val & ~c->mask) | bits);
	if (err || !dev->chip->phy_commits)
		return err;
	return tgbe_phy_commit(dev);
}

static int tgbe_negotiate(struct tgbe_device *dev)
{
	return tgbe_cross_over(dev, dev->link.mdix) ?: tgbe_advertise(dev) ?:
	       tgbe_phy_write(dev, MII_BMCR, BMCR_ANENABLE | BMCR_ANRESTART);
}

/* Nobody negotiates the pairs then: they are not crossed */
static int tgbe_force_speed(struct tgbe_device *dev)
{
	u16 bmcr = dev->link.forced_speed == SPEED_100 ? BMCR_SPEED100 : 0;
	int err;

	if (dev->link.forced_duplex == DUPLEX_FULL)
		bmcr |= BMCR_FULLDPLX;
	err = tgbe_cross_over(dev, ETH_TP_MDI) ?: tgbe_phy_write(dev, MII_BMCR, bmcr);
	if (err || !dev->chip->phy_commits)
		return err;
	return tgbe_phy_commit(dev);
}

/**
 * tgbe_phy_loop_back() - have the PHY return what the MAC sends
 * @dev: port
 *
 * At 1000 Mb/s, full duplex, MAC and PHY alike (82576 3.5.6, 82574 3.2, 4.6). An emulated
 * card that was reset has no link before it has negotiated one, so that comes first.
 *
 * Context: process, sleeps.
 * Return: 0 or the error of the PHY access that failed.
 */
int tgbe_phy_loop_back(struct tgbe_device *dev)
{
	u32 clear = TGBE_CTRL_SPD, set = TGBE_CTRL_FRCSPD | TGBE_CTRL_FRCDPX |
		    TGBE_CTRL_FD | TGBE_CTRL_SLU |
		    FIELD_PREP(TGBE_CTRL_SPD, TGBE_CTRL_SPD_1000);
	int err;

	err = tgbe_phy_write(dev, MII_BMCR, BMCR_ANENABLE | BMCR_ANRESTART);
	if (!err && dev->chip->phy_loopback)
		err = dev->chip->phy_loopback(dev);
	if (err)
		return err;
	msleep(50);
	err = tgbe_phy_write(dev, MII_BMCR, BMCR_LOOPBACK | BMCR_FULLDPLX |
			     BMCR_SPEED1000);
	if (err)
		return err;
	/* a MAC that does not see full duplex wants its loss of signal inverted */
	if (tgbe_is_on(dev, TGBE_ON_82574) &&
	    !(tgbe_rd(dev, TGBE_STATUS) & TGBE_STATUS_FD))
		set |= TGBE_CTRL_82574_ILOS;
	tgbe_chip_ctrl(dev, clear, set);
	return 0;
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
	int err;

	/* the MAC follows what the PHY finds out */
	tgbe_chip_ctrl(dev, TGBE_CTRL_FRCSPD | TGBE_CTRL_FRCDPX |
		       (tgbe_is_on(dev, TGBE_ON_82574) ? TGBE_CTRL_82574_ILOS : 0),
		       TGBE_CTRL_SLU);
	err = tgbe_phy_power_up(dev);
	if (err)
		return err;
	if (dev->link.loopback)
		err = tgbe_phy_loop_back(dev);
	else if (dev->link.forced_speed)
		err = tgbe_force_speed(dev);
	else
		err = tgbe_negotiate(dev);
	/* only now: what the link work saw before is not what was asked for */
	WRITE_ONCE(dev->link.lost, true);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_phy_start);
