// SPDX-License-Identifier: GPL-2.0
/* Which frames are let in: addresses, multicast hashes, VLANs, promiscuity.
 * Owner of RCTL.
 */
#include <linux/bitfield.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>

#include "tgbe.h"
#include "tgbe_chip.h"

/**
 * tgbe_filter_rctl() - change bits of RCTL
 * @dev: port
 * @clear: bits to clear
 * @set: bits to set afterwards
 *
 * Context: process or softirq.
 */
void tgbe_filter_rctl(struct tgbe_device *dev, u32 clear, u32 set)
{
	spin_lock_bh(&dev->filter_lock);
	dev->rctl = (dev->rctl & ~clear) | set;
	tgbe_wr(dev, TGBE_RCTL, dev->rctl);
	spin_unlock_bh(&dev->filter_lock);
}

/* The entry is invalid while it changes, so that no mixture ever matches; one that does
 * not change goes on letting frames in
 */
static void tgbe_write_address(struct tgbe_device *dev, unsigned int entry,
			       const u8 *addr)
{
	u32 low = get_unaligned_le32(addr);
	u32 high = TGBE_RAH_AV | FIELD_PREP(TGBE_RAH_ADDR, get_unaligned_le16(addr + 4));

	if (tgbe_rd(dev, TGBE_RAL(entry)) == low && tgbe_rd(dev, TGBE_RAH(entry)) == high)
		return;
	tgbe_wr(dev, TGBE_RAH(entry), 0);
	tgbe_wr(dev, TGBE_RAL(entry), low);
	tgbe_wr(dev, TGBE_RAH(entry), high);
}

/**
 * tgbe_filter_mac() - receive frames for the netdev's own address
 * @dev: port
 */
void tgbe_filter_mac(struct tgbe_device *dev)
{
	tgbe_write_address(dev, 0, dev->netdev->dev_addr);
}

/* Returns false when there are more addresses than entries */
static bool tgbe_write_unicast_list(struct tgbe_device *dev)
{
	struct netdev_hw_addr *ha;
	unsigned int entry = 1;

	if (netdev_uc_count(dev->netdev) > dev->chip->unicast_entries - 1)
		return false;
	netdev_for_each_uc_addr(ha, dev->netdev)
		tgbe_write_address(dev, entry++, ha->addr);
	for (unsigned int old = entry; old < dev->unicast_used; old++)
		tgbe_wr(dev, TGBE_RAH(old), 0);
	dev->unicast_used = entry;
	return true;
}

/* The chip hashes an address to its bits 47:36, with RCTL.MO = 0 */
static void tgbe_write_multicast_hashes(struct tgbe_device *dev)
{
	u32 table[TGBE_MTA_WORDS] = {};
	struct netdev_hw_addr *ha;

	netdev_for_each_mc_addr(ha, dev->netdev) {
		u16 hash = get_unaligned_le16(ha->addr + 4) >> 4;

		table[hash / 32] |= BIT(hash % 32);
	}
	/* with a thousand VLANs this is called a thousand times */
	for (unsigned int i = 0; i < TGBE_MTA_WORDS; i++) {
		if (table[i] == dev->multicast[i])
			continue;
		dev->multicast[i] = table[i];
		tgbe_wr(dev, TGBE_MTA(i), table[i]);
	}
}

/**
 * tgbe_filter_rx_mode() - ndo_set_rx_mode
 * @netdev: port
 *
 * Context: softirq, address lock held.
 */
void tgbe_filter_rx_mode(struct net_device *netdev)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	u32 mode = 0;

	tgbe_write_multicast_hashes(dev);
	if (!tgbe_write_unicast_list(dev))
		mode |= TGBE_RCTL_UPE;
	if (netdev->flags & IFF_ALLMULTI)
		mode |= TGBE_RCTL_MPE;
	if (netdev->flags & IFF_PROMISC)
		mode |= TGBE_RCTL_UPE | TGBE_RCTL_MPE;
	else if (dev->vlan_filter)
		mode |= TGBE_RCTL_VFE;
	tgbe_filter_rctl(dev, TGBE_RCTL_UPE | TGBE_RCTL_MPE | TGBE_RCTL_VFE,
			 mode);
}

/* A frame of VLAN 0 belongs to no VLAN: its tag has only a priority. Nobody adds that
 * VLAN as long as 8021q is not loaded, and the filter never keeps it out.
 */
static void tgbe_write_vlan_word(struct tgbe_device *dev, u16 vid)
{
	unsigned int word = vid / 32;

	tgbe_wr(dev, TGBE_VFTA(word), bitmap_read(dev->vlans, word * 32, 32) |
		(word == 0 ? TGBE_VFTA_PRIORITY_TAGS : 0));
}

/**
 * tgbe_filter_vlan_add() - ndo_vlan_rx_add_vid
 * @netdev: port
 * @proto: ETH_P_8021Q, the only one offered
 * @vid: VLAN id
 *
 * Context: RTNL.
 * Return: 0.
 */
int tgbe_filter_vlan_add(struct net_device *netdev, __be16 proto, u16 vid)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	set_bit(vid, dev->vlans);
	tgbe_write_vlan_word(dev, vid);
	return 0;
}

/**
 * tgbe_filter_vlan_kill() - ndo_vlan_rx_kill_vid
 * @netdev: port
 * @proto: ETH_P_8021Q
 * @vid: VLAN id
 *
 * Context: RTNL.
 * Return: 0.
 */
int tgbe_filter_vlan_kill(struct net_device *netdev, __be16 proto, u16 vid)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	clear_bit(vid, dev->vlans);
	tgbe_write_vlan_word(dev, vid);
	return 0;
}

/* @vlan is the device of that VLAN, NULL if it has none */
static int tgbe_let_vlan_in(struct net_device *vlan, int vid, void *netdev)
{
	return tgbe_filter_vlan_add(netdev, htons(ETH_P_8021Q), vid);
}

static void tgbe_set_vlan_filter(struct tgbe_device *dev, bool on)
{
	netif_addr_lock_bh(dev->netdev);
	dev->vlan_filter = on;
	tgbe_filter_rx_mode(dev->netdev);
	netif_addr_unlock_bh(dev->netdev);
}

/**
 * tgbe_filter_vlan() - let in only the VLANs that were added, or all
 * @dev: port
 * @features: those about to be in force
 *
 * The core names the VLANs only after the filter is on, and takes them back when it is
 * off: those that are there are let in before, so that none misses a frame.
 *
 * Context: process, RTNL.
 */
void tgbe_filter_vlan(struct tgbe_device *dev, netdev_features_t features)
{
	bool on = features & NETIF_F_HW_VLAN_CTAG_FILTER;

	if (on)
		vlan_for_each(dev->netdev, tgbe_let_vlan_in, dev->netdev);
	tgbe_set_vlan_filter(dev, on);
}

/**
 * tgbe_filter_vlan_strip() - take received tags out of the frame, or not
 * @dev: port
 * @features: those about to be in force
 */
void tgbe_filter_vlan_strip(struct tgbe_device *dev, netdev_features_t features)
{
	tgbe_chip_ctrl(dev, TGBE_CTRL_VME,
		       features & NETIF_F_HW_VLAN_CTAG_RX ? TGBE_CTRL_VME : 0);
}

/**
 * tgbe_filter_features() - let damaged frames in, keep the FCS
 * @dev: port
 * @features: those about to be in force
 */
void tgbe_filter_features(struct tgbe_device *dev, netdev_features_t features)
{
	tgbe_filter_rctl(dev, TGBE_RCTL_SBP | TGBE_RCTL_SECRC,
			 (features & NETIF_F_RXALL ? TGBE_RCTL_SBP : 0) |
			 (features & NETIF_F_RXFCS ? 0 : TGBE_RCTL_SECRC));
}

/**
 * tgbe_filter_init() - write all filters to a chip that was reset
 * @dev: port being opened
 *
 * Context: process, RTNL.
 */
void tgbe_filter_init(struct tgbe_device *dev)
{
	memset(dev->multicast, 0, sizeof(dev->multicast));
	dev->unicast_used = 0;
	tgbe_filter_mac(dev);
	for (unsigned int vid = 0; vid < VLAN_N_VID; vid += 32)
		tgbe_write_vlan_word(dev, vid);
	tgbe_filter_vlan_strip(dev, dev->netdev->features);
	tgbe_set_vlan_filter(dev, dev->netdev->features & NETIF_F_HW_VLAN_CTAG_FILTER);
}
