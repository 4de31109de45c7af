// SPDX-License-Identifier: GPL-2.0
/* Link state: followed by interrupt, looked at again by the service work,
 * since an interrupt can be lost around a reset.
 */
#include <linux/bitfield.h>
#include <linux/mii.h>

#include "tgbe.h"
#include "tgbe_chip.h"

/* At 1000 Mb/s the partner's receiver may take this many looks to be ready */
#define RECEIVER_WAITS		20
#define RECEIVER_WAIT_PERIOD	(HZ / 10)

/* Neither PHY does 1000BASE-T half duplex */
static const int offered_modes[] = {
	ETHTOOL_LINK_MODE_10baseT_Half_BIT,
	ETHTOOL_LINK_MODE_10baseT_Full_BIT,
	ETHTOOL_LINK_MODE_100baseT_Half_BIT,
	ETHTOOL_LINK_MODE_100baseT_Full_BIT,
	ETHTOOL_LINK_MODE_1000baseT_Full_BIT,
};

/* Returns whether they are others than before */
static bool tgbe_decode_speed(struct tgbe_device *dev, u32 status)
{
	static const int speeds[] = {
		SPEED_10, SPEED_100, SPEED_1000, SPEED_1000,
	};
	int speed = speeds[FIELD_GET(TGBE_STATUS_SPEED, status)];
	u8 duplex = status & TGBE_STATUS_FD ? DUPLEX_FULL : DUPLEX_HALF;
	bool changed = speed != dev->link.speed || duplex != dev->link.duplex;

	dev->link.speed = speed;
	dev->link.duplex = duplex;
	return changed;
}

/* The MAC does not resolve PAUSE by itself */
static u8 tgbe_resolve_pause(struct tgbe_device *dev)
{
	u16 local, partner;

	if (dev->link.duplex != DUPLEX_FULL)
		return 0;
	if (!dev->link.pause_autoneg)
		return dev->link.pause;
	if (dev->link.forced_speed ||
	    tgbe_phy_read(dev, MII_ADVERTISE, &local) ||
	    tgbe_phy_read(dev, MII_LPA, &partner))
		return 0;
	return mii_resolve_flowctrl_fdx(local, partner);
}

static void tgbe_apply_pause(struct tgbe_device *dev)
{
	u8 pause = tgbe_resolve_pause(dev);

	tgbe_chip_ctrl(dev, TGBE_CTRL_RFCE | TGBE_CTRL_TFCE,
		       (pause & FLOW_CTRL_RX ? TGBE_CTRL_RFCE : 0) |
		       (pause & FLOW_CTRL_TX ? TGBE_CTRL_TFCE : 0));
	tgbe_chip_pause_marks(dev);
	tgbe_chip_full_rings(dev);
}

/* Frames sent before the partner's receiver is ready would be lost */
static bool tgbe_receiver_ready(struct tgbe_device *dev)
{
	u16 status;

	if (dev->link.speed != SPEED_1000 || dev->link.forced_speed)
		return true;
	if (tgbe_phy_read(dev, MII_STAT1000, &status))
		return true;
	return status & LPA_1000REMRXOK ||
	       ++dev->link.receiver_waits > RECEIVER_WAITS;
}

static void tgbe_link_up(struct tgbe_device *dev)
{
	tgbe_apply_pause(dev);
	dev->link.up = true;
	if (netif_msg_link(dev))
		netdev_info(dev->netdev, "link up, %d Mb/s %s duplex\n",
			    dev->link.speed,
			    dev->link.duplex == DUPLEX_FULL ? "full" : "half");
	netif_carrier_on(dev->netdev);
}

static void tgbe_link_down(struct tgbe_device *dev)
{
	dev->link.up = false;
	dev->link.speed = SPEED_UNKNOWN;
	dev->link.duplex = DUPLEX_UNKNOWN;
	netif_carrier_off(dev->netdev);
	if (netif_msg_link(dev))
		netdev_info(dev->netdev, "link down\n");
}

static void tgbe_link_work(struct work_struct *work)
{
	struct tgbe_device *dev = container_of(to_delayed_work(work),
					       struct tgbe_device, link_work);
	u32 status = tgbe_rd(dev, TGBE_STATUS);
	bool changed;

	/* all ones from a card that is gone are no link */
	if (!READ_ONCE(dev->regs))
		return;
	if (!(status & TGBE_STATUS_LU)) {
		dev->link.receiver_waits = 0;
		if (dev->link.up)
			tgbe_link_down(dev);
		return;
	}
	/* down and up again between two looks may have changed the speed, or
	 * what was agreed about PAUSE
	 */
	changed = tgbe_decode_speed(dev, status);
	if (!changed && dev->link.up) {
		if (xchg(&dev->link.restarted, false))
			tgbe_apply_pause(dev);
		return;
	}
	if (tgbe_receiver_ready(dev))
		tgbe_link_up(dev);
	else
		mod_delayed_work(system_percpu_wq, &dev->link_work,
				 RECEIVER_WAIT_PERIOD);
}

/**
 * tgbe_link_check() - have the link looked at soon
 * @dev: running port
 *
 * Context: any.
 */
void tgbe_link_check(struct tgbe_device *dev)
{
	mod_delayed_work(system_percpu_wq, &dev->link_work, 0);
}

/* IEEE 802.3 annex 28B: what is offered for what is wished */
static void tgbe_offer_pause(unsigned long *modes, u8 pause)
{
	linkmode_mod_bit(ETHTOOL_LINK_MODE_Pause_BIT, modes,
			 pause & FLOW_CTRL_RX);
	linkmode_mod_bit(ETHTOOL_LINK_MODE_Asym_Pause_BIT, modes,
			 pause == FLOW_CTRL_RX || pause == FLOW_CTRL_TX);
}

/**
 * tgbe_link_init() - once, at probe: offer everything the port can
 * @dev: port
 */
void tgbe_link_init(struct tgbe_device *dev)
{
	INIT_DELAYED_WORK(&dev->link_work, tgbe_link_work);
	linkmode_set_bit_array(offered_modes, ARRAY_SIZE(offered_modes),
			       dev->link.advertising);
	dev->link.pause_autoneg = true;
	dev->link.pause = FLOW_CTRL_RX | FLOW_CTRL_TX;
	tgbe_offer_pause(dev->link.advertising, dev->link.pause);
	dev->link.speed = SPEED_UNKNOWN;
	dev->link.duplex = DUPLEX_UNKNOWN;
}

/**
 * tgbe_link_start() - begin to bring the link up and to watch it
 * @dev: port whose interrupts are enabled
 *
 * A PHY that cannot be reached is reported, and the port stays without carrier
 * instead of failing to open: the MAC may still see a link.
 */
void tgbe_link_start(struct tgbe_device *dev)
{
	int err = tgbe_phy_start(dev);

	if (err)
		netdev_err(dev->netdev, "PHY does not answer: %pe\n",
			   ERR_PTR(err));
	tgbe_link_check(dev);
}

/**
 * tgbe_link_stop() - stop watching and report the link as down
 * @dev: port whose interrupts are disabled
 */
void tgbe_link_stop(struct tgbe_device *dev)
{
	cancel_delayed_work_sync(&dev->link_work);
	if (dev->link.up)
		tgbe_link_down(dev);
}

/**
 * tgbe_link_get() - what ethtool shows of the link
 * @dev: port
 * @ks: filled in
 *
 * Context: RTNL.
 */
void tgbe_link_get(struct tgbe_device *dev, struct ethtool_link_ksettings *ks)
{
	unsigned long *supported = ks->link_modes.supported;
	unsigned long *advertising = ks->link_modes.advertising;

	linkmode_set_bit_array(offered_modes, ARRAY_SIZE(offered_modes),
			       supported);
	linkmode_set_bit(ETHTOOL_LINK_MODE_Autoneg_BIT, supported);
	linkmode_set_bit(ETHTOOL_LINK_MODE_Pause_BIT, supported);
	linkmode_set_bit(ETHTOOL_LINK_MODE_Asym_Pause_BIT, supported);
	linkmode_set_bit(ETHTOOL_LINK_MODE_TP_BIT, supported);
	linkmode_set_bit(ETHTOOL_LINK_MODE_TP_BIT, advertising);
	ks->base.port = PORT_TP;
	ks->base.phy_address = TGBE_PHY_ADDR;
	ks->base.speed = dev->link.speed;
	ks->base.duplex = dev->link.duplex;
	if (dev->link.forced_speed) {
		ks->base.autoneg = AUTONEG_DISABLE;
		return;
	}
	ks->base.autoneg = AUTONEG_ENABLE;
	linkmode_or(advertising, advertising, dev->link.advertising);
	linkmode_set_bit(ETHTOOL_LINK_MODE_Autoneg_BIT, advertising);
}

/* Callers hand back what tgbe_link_get() said of what they do not change */
static int tgbe_check_fixed(const struct ethtool_link_ksettings *ks,
			    struct netlink_ext_ack *extack)
{
	if (ks->base.port == PORT_TP && ks->base.phy_address == TGBE_PHY_ADDR &&
	    ks->base.eth_tp_mdix_ctrl == ETH_TP_MDI_INVALID)
		return 0;
	NL_SET_ERR_MSG_FMT_MOD(extack,
			       "port is tp, phyad is %u, and mdix cannot be chosen",
			       TGBE_PHY_ADDR);
	return -EOPNOTSUPP;
}

/**
 * tgbe_link_set() - change what is asked of the link
 * @dev: port
 * @ks: modes to advertise, or a speed and duplex to force
 * @extack: why it was refused
 *
 * The link goes down and comes back with the new settings.
 *
 * Context: process, RTNL.
 * Return: 0; -EOPNOTSUPP for another connector, PHY or crossover; -EINVAL for no
 * mode the port can offer, or for a forced speed other than 10 and 100 Mb/s, since
 * 1000BASE-T needs autonegotiation; or the error of the PHY.
 */
int tgbe_link_set(struct tgbe_device *dev,
		  const struct ethtool_link_ksettings *ks,
		  struct netlink_ext_ack *extack)
{
	__ETHTOOL_DECLARE_LINK_MODE_MASK(offered) = {};
	struct tgbe_link old = dev->link;
	int err;

	err = tgbe_check_fixed(ks, extack);
	if (err)
		return err;
	if (ks->base.autoneg == AUTONEG_ENABLE) {
		linkmode_set_bit_array(offered_modes,
				       ARRAY_SIZE(offered_modes), offered);
		linkmode_and(offered, offered, ks->link_modes.advertising);
		if (linkmode_empty(offered)) {
			NL_SET_ERR_MSG_MOD(extack,
					   "none of these modes can be offered (0x02f are all)");
			return -EINVAL;
		}
		if (dev->link.pause_autoneg)
			tgbe_offer_pause(offered, dev->link.pause);
		linkmode_copy(dev->link.advertising, offered);
		dev->link.forced_speed = 0;
	} else {
		if (ks->base.speed != SPEED_10 && ks->base.speed != SPEED_100) {
			NL_SET_ERR_MSG_MOD(extack,
					   "without autoneg speed must be 10 or 100");
			return -EINVAL;
		}
		if (ks->base.duplex != DUPLEX_HALF &&
		    ks->base.duplex != DUPLEX_FULL) {
			NL_SET_ERR_MSG_MOD(extack,
					   "without autoneg duplex must be half or full");
			return -EINVAL;
		}
		dev->link.forced_speed = ks->base.speed;
		dev->link.forced_duplex = ks->base.duplex;
	}
	if (!netif_running(dev->netdev))
		return 0;
	err = tgbe_phy_start(dev);
	if (err) {
		linkmode_copy(dev->link.advertising, old.advertising);
		dev->link.forced_speed = old.forced_speed;
		dev->link.forced_duplex = old.forced_duplex;
	}
	return err;
}

/**
 * tgbe_link_get_pause() - what is wished of PAUSE frames
 * @dev: port
 * @pause: filled in
 */
void tgbe_link_get_pause(struct tgbe_device *dev,
			 struct ethtool_pauseparam *pause)
{
	pause->autoneg = dev->link.pause_autoneg;
	pause->rx_pause = !!(dev->link.pause & FLOW_CTRL_RX);
	pause->tx_pause = !!(dev->link.pause & FLOW_CTRL_TX);
}

/**
 * tgbe_link_set_pause() - choose the use of PAUSE frames
 * @dev: port
 * @pause: with autoneg what is offered, without it what is done
 *
 * The link is negotiated anew if what is offered changes, which includes that
 * nothing is offered any more. Else the change is done on return.
 *
 * Context: process, RTNL.
 * Return: 0, or the error of the PHY, and then all is as before.
 */
int tgbe_link_set_pause(struct tgbe_device *dev,
			const struct ethtool_pauseparam *pause)
{
	struct tgbe_link *link = &dev->link;
	struct tgbe_link old = dev->link;
	int err;

	link->pause_autoneg = pause->autoneg;
	link->pause = (pause->rx_pause ? FLOW_CTRL_RX : 0) |
		      (pause->tx_pause ? FLOW_CTRL_TX : 0);
	tgbe_offer_pause(link->advertising, link->pause_autoneg ? link->pause : 0);
	if (!netif_running(dev->netdev))
		return 0;
	if (!link->forced_speed &&
	    !linkmode_equal(old.advertising, link->advertising)) {
		err = tgbe_phy_start(dev);
		if (err) {
			linkmode_copy(link->advertising, old.advertising);
			link->pause_autoneg = old.pause_autoneg;
			link->pause = old.pause;
		}
		return err;
	}
	/* the link work is the one who touches the MAC */
	WRITE_ONCE(link->restarted, true);
	tgbe_link_check(dev);
	flush_delayed_work(&dev->link_work);
	return 0;
}
