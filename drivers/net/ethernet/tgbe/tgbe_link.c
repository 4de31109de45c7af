// SPDX-License-Identifier: GPL-2.0
/* Link state: read at each link interrupt, and again by the service work, since an
 * interrupt can be lost around a reset.
 */
#include <linux/bitfield.h>
#include <linux/mii.h>

#include "tgbe.h"
#include "tgbe_chip.h"

#define MII_REGISTERS		32

/* At 1000 Mb/s the partner's receiver may take this many reads to be ready */
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

static int tgbe_speed_of(u32 status)
{
	static const int speeds[] = {
		SPEED_10, SPEED_100, SPEED_1000, SPEED_1000,
	};

	return speeds[FIELD_GET(TGBE_STATUS_SPEED, status)];
}

static u8 tgbe_duplex_of(u32 status)
{
	return status & TGBE_STATUS_FD ? DUPLEX_FULL : DUPLEX_HALF;
}

/* The MAC does not resolve PAUSE by itself */
static u8 tgbe_resolve_pause(struct tgbe_device *dev)
{
	u16 bmcr, local, partner;

	if (dev->link.duplex != DUPLEX_FULL)
		return 0;
	if (!dev->link.pause_autoneg)
		return dev->link.pause;
	/* a user may have switched negotiation off in the PHY itself */
	if (tgbe_phy_read(dev, MII_BMCR, &bmcr) || !(bmcr & BMCR_ANENABLE) ||
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
static bool tgbe_receiver_ready(struct tgbe_device *dev, u32 status)
{
	u16 stat1000;

	if (tgbe_speed_of(status) != SPEED_1000 || dev->link.forced_speed ||
	    dev->link.loopback)
		return true;
	if (tgbe_phy_read(dev, MII_STAT1000, &stat1000))
		return true;
	return stat1000 & LPA_1000REMRXOK ||
	       ++dev->link.receiver_waits > RECEIVER_WAITS;
}

/* The PHY keeps the bit clear from the loss of a link to the next read, so that the
 * first read tells of a loss and the second of the link as it is. A loss counts when
 * the link is back: a PHY that never reports one does not end the MAC's.
 */
static bool tgbe_phy_lost_link(struct tgbe_device *dev)
{
	struct tgbe_link *link = &dev->link;
	u16 bmsr;

	/* without a partner the bit says nothing about the MAC's link */
	if (link->loopback || tgbe_phy_read(dev, MII_BMSR, &bmsr))
		return false;
	if (!(bmsr & BMSR_LSTATUS)) {
		link->phy_lost = true;
		if (tgbe_phy_read(dev, MII_BMSR, &bmsr))
			return false;
	}
	if (!(bmsr & BMSR_LSTATUS) || !link->phy_lost)
		return false;
	link->phy_lost = false;
	return true;
}

/* What only the PHY knows of a link that has just come up */
static void tgbe_link_inspect(struct tgbe_device *dev)
{
	struct tgbe_link *link = &dev->link;
	bool crossed, slower;

	if (link->loopback || tgbe_phy_inspect(dev, &crossed, &slower))
		return;
	WRITE_ONCE(link->mdix_found, crossed ? ETH_TP_MDI_X : ETH_TP_MDI);
	if (!slower)
		return;
	atomic64_inc(&link->downshifts);
	if (netif_msg_link(dev))
		netdev_warn(dev->netdev,
			    "the PHY fell back to %d Mb/s, check the cable's pairs\n",
			    link->speed);
}

static void tgbe_link_up(struct tgbe_device *dev, u32 status)
{
	dev->link.speed = tgbe_speed_of(status);
	dev->link.duplex = tgbe_duplex_of(status);
	WRITE_ONCE(dev->link.pause_changed, false);
	tgbe_apply_pause(dev);
	dev->link.up = true;
	if (netif_msg_link(dev))
		netdev_info(dev->netdev, "link up, %d Mb/s %s duplex\n",
			    dev->link.speed,
			    dev->link.duplex == DUPLEX_FULL ? "full" : "half");
	tgbe_link_inspect(dev);
	netif_carrier_on(dev->netdev);
}

static void tgbe_link_down(struct tgbe_device *dev)
{
	dev->link.up = false;
	dev->link.receiver_waits = 0;
	dev->link.speed = SPEED_UNKNOWN;
	dev->link.duplex = DUPLEX_UNKNOWN;
	dev->link.mdix_found = ETH_TP_MDI_INVALID;
	netif_carrier_off(dev->netdev);
	if (netif_msg_link(dev))
		netdev_info(dev->netdev, "link down\n");
}

static bool tgbe_link_is_same(const struct tgbe_link *link, u32 status)
{
	return status & TGBE_STATUS_LU && link->speed == tgbe_speed_of(status) &&
	       link->duplex == tgbe_duplex_of(status);
}

/* Everything that is agreed with the partner is read anew after each loss of the link,
 * also after one that was over before this ran. The losses are read first: one that
 * comes later is found by the next run.
 */
static void tgbe_link_work(struct work_struct *work)
{
	struct tgbe_device *dev = container_of(to_delayed_work(work),
					       struct tgbe_device, link_work);
	bool lost = xchg(&dev->link.lost, false);
	u32 status;

	lost |= tgbe_phy_lost_link(dev);
	status = tgbe_rd(dev, TGBE_STATUS);
	/* all ones from a card that is gone are no link */
	if (!READ_ONCE(dev->regs))
		return;
	if (dev->link.up && (lost || !tgbe_link_is_same(&dev->link, status)))
		tgbe_link_down(dev);
	if (lost || !(status & TGBE_STATUS_LU))
		dev->link.receiver_waits = 0;
	if (!(status & TGBE_STATUS_LU))
		return;
	if (dev->link.up) {
		if (xchg(&dev->link.pause_changed, false))
			tgbe_apply_pause(dev);
		return;
	}
	if (tgbe_receiver_ready(dev, status))
		tgbe_link_up(dev, status);
	else
		mod_delayed_work(system_percpu_wq, &dev->link_work,
				 RECEIVER_WAIT_PERIOD);
}

/**
 * tgbe_link_check() - have the link read soon
 * @dev: running port
 *
 * Context: any.
 */
void tgbe_link_check(struct tgbe_device *dev)
{
	mod_delayed_work(system_percpu_wq, &dev->link_work, 0);
}

/**
 * tgbe_link_lost() - note a loss of the link that the link work may not see
 * @dev: port
 *
 * What was agreed with the partner is read anew.
 *
 * Context: any.
 */
void tgbe_link_lost(struct tgbe_device *dev)
{
	WRITE_ONCE(dev->link.lost, true);
	if (netif_running(dev->netdev))
		tgbe_link_check(dev);
}

/* IEEE 802.3 annex 28B: what is offered for what is requested */
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
	dev->link.mdix = ETH_TP_MDI_AUTO;
	dev->link.mdix_found = ETH_TP_MDI_INVALID;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_link_init);

/**
 * tgbe_link_start() - begin to bring the link up and to watch it
 * @dev: port whose interrupts are enabled
 *
 * A PHY that cannot be reached is reported, and the port stays without carrier
 * instead of failing to open: the MAC may still see a link.
 */
void tgbe_link_start(struct tgbe_device *dev)
{
	int err;

	dev->link.receiver_waits = 0;
	dev->link.loopback = dev->netdev->features & NETIF_F_LOOPBACK;
	err = tgbe_phy_start(dev);
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
	ks->base.eth_tp_mdix = READ_ONCE(dev->link.mdix_found);
	ks->base.eth_tp_mdix_ctrl = dev->link.mdix;
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
	if (ks->base.port == PORT_TP && ks->base.phy_address == TGBE_PHY_ADDR)
		return 0;
	NL_SET_ERR_MSG_FMT_MOD(extack, "port is tp, and phyad is %u",
			       TGBE_PHY_ADDR);
	return -EOPNOTSUPP;
}

/* The PHYs find the pairs by themselves only while they negotiate: a forced speed goes
 * with MDI (82576 3.5, 82574 3.2). A caller that knows nothing of it hands in 0.
 */
static int tgbe_check_mdix(const struct ethtool_link_ksettings *ks,
			   struct netlink_ext_ack *extack)
{
	if (ks->base.eth_tp_mdix_ctrl > ETH_TP_MDI_AUTO) {
		NL_SET_ERR_MSG_MOD(extack, "mdix must be auto, on or off");
		return -EINVAL;
	}
	if (ks->base.autoneg != AUTONEG_ENABLE &&
	    ks->base.eth_tp_mdix_ctrl == ETH_TP_MDI_X) {
		NL_SET_ERR_MSG_MOD(extack,
				   "without autoneg mdix must be auto or off");
		return -EINVAL;
	}
	return 0;
}

static void tgbe_link_restore(struct tgbe_link *link, const struct tgbe_link *old)
{
	linkmode_copy(link->advertising, old->advertising);
	link->forced_speed = old->forced_speed;
	link->forced_duplex = old->forced_duplex;
	link->mdix = old->mdix;
	link->pause_autoneg = old->pause_autoneg;
	link->pause = old->pause;
}

/**
 * tgbe_link_set() - change what is asked of the link
 * @dev: port
 * @ks: modes to advertise, or a speed and duplex to force; and the crossover
 * @extack: why it was refused
 *
 * The link goes down and comes back with the new settings.
 *
 * Context: process, RTNL.
 * Return: 0; -EOPNOTSUPP for another connector or PHY; -EINVAL for no mode the port
 * can offer, for a forced speed other than 10 and 100 Mb/s, since 1000BASE-T needs
 * autonegotiation, or for a forced crossover with it; or the error of the PHY.
 */
int tgbe_link_set(struct tgbe_device *dev,
		  const struct ethtool_link_ksettings *ks,
		  struct netlink_ext_ack *extack)
{
	__ETHTOOL_DECLARE_LINK_MODE_MASK(offered) = {};
	struct tgbe_link old = dev->link;
	int err;

	err = tgbe_check_fixed(ks, extack) ?: tgbe_check_mdix(ks, extack);
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
	if (ks->base.eth_tp_mdix_ctrl != ETH_TP_MDI_INVALID)
		dev->link.mdix = ks->base.eth_tp_mdix_ctrl;
	if (!netif_running(dev->netdev))
		return 0;
	err = tgbe_phy_start(dev);
	if (err)
		tgbe_link_restore(&dev->link, &old);
	return err;
}

/**
 * tgbe_link_set_loopback() - let the port receive what it sends, or end that
 * @dev: started port
 * @on: which
 * @extack: why it was refused
 *
 * It is the PHY that loops back, as both chips want it for copper. The link goes and
 * comes back without a partner, or is negotiated anew.
 *
 * Context: process, RTNL.
 * Return: 0, -EBUSY if the management keeps the PHY, or the error of the PHY.
 */
int tgbe_link_set_loopback(struct tgbe_device *dev, bool on,
			   struct netlink_ext_ack *extack)
{
	bool was = dev->link.loopback;
	int err;

	if (on == was)
		return 0;
	if (on && tgbe_phy_is_kept(dev)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "no loopback while the management keeps the PHY");
		return -EBUSY;
	}
	dev->link.loopback = on;
	/* nothing else takes all of it back */
	err = on ? 0 : tgbe_phy_reset(dev);
	err = err ?: tgbe_phy_start(dev);
	if (err)
		dev->link.loopback = was;
	tgbe_link_lost(dev);
	return err;
}

/**
 * tgbe_link_get_pause() - what is requested of PAUSE frames
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
		if (err)
			tgbe_link_restore(link, &old);
		return err;
	}
	/* only the link work writes to the MAC */
	WRITE_ONCE(link->pause_changed, true);
	tgbe_link_check(dev);
	flush_delayed_work(&dev->link_work);
	return 0;
}

/* The driver's own accesses rely on page 0 */
static int tgbe_check_mii(struct tgbe_device *dev, const struct mii_ioctl_data *mii,
			  bool write, struct netlink_ext_ack *extack)
{
	if (mii->phy_id != TGBE_PHY_ADDR) {
		NL_SET_ERR_MSG_FMT_MOD(extack, "the only PHY has address %u",
				       TGBE_PHY_ADDR);
		return -ENODEV;
	}
	if (mii->reg_num >= MII_REGISTERS) {
		NL_SET_ERR_MSG_FMT_MOD(extack, "register must be 0..%u",
				       MII_REGISTERS - 1);
		return -EINVAL;
	}
	if (write && mii->reg_num == dev->chip->phy_page) {
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "register %u selects the page, which stays 0",
				       dev->chip->phy_page);
		return -EPERM;
	}
	return 0;
}

static int tgbe_read_mii(struct tgbe_device *dev, struct mii_ioctl_data *mii)
{
	int err = tgbe_phy_read(dev, mii->reg_num, &mii->val_out);

	/* this read took the bit that tells the link work */
	if (!err && mii->reg_num == MII_BMSR && !(mii->val_out & BMSR_LSTATUS))
		tgbe_link_lost(dev);
	return err;
}

static int tgbe_write_mii(struct tgbe_device *dev, struct mii_ioctl_data *mii)
{
	int err = tgbe_phy_write(dev, mii->reg_num, mii->val_in);

	if (mii->reg_num == MII_BMCR)
		tgbe_link_lost(dev);
	return err;
}

/**
 * tgbe_link_ioctl() - registers of the PHY for mii-tool and its kind
 * @netdev: port's face
 * @ifr: the request
 * @cmd: SIOCGMIIPHY, SIOCGMIIREG or SIOCSMIIREG
 *
 * What is written stays until the driver writes the same register: when the link is
 * set or restarted, or the port closed, opened or reset.
 *
 * Context: process, RTNL, the caller has CAP_NET_ADMIN and the port is present.
 * Return: 0, -EOPNOTSUPP for another request, -ENODEV for another PHY, -EINVAL for a
 * register that is not there, -EPERM to select a page, or the error of the PHY.
 */
int tgbe_link_ioctl(struct net_device *netdev, struct ifreq *ifr, int cmd)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	struct mii_ioctl_data *mii = if_mii(ifr);
	struct netlink_ext_ack extack = {};
	int err;

	switch (cmd) {
	case SIOCGMIIPHY:
		mii->phy_id = TGBE_PHY_ADDR;
		return 0;
	case SIOCGMIIREG:
		err = tgbe_check_mii(dev, mii, false, &extack) ?:
		      tgbe_read_mii(dev, mii);
		break;
	case SIOCSMIIREG:
		err = tgbe_check_mii(dev, mii, true, &extack) ?:
		      tgbe_write_mii(dev, mii);
		break;
	default:
		return -EOPNOTSUPP;
	}
	tgbe_log_refusal(dev, &extack);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_link_ioctl);
