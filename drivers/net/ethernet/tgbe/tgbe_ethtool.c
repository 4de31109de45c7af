// SPDX-License-Identifier: GPL-2.0
/* The ethtool face. It checks arguments and passes them on. */
#include <linux/ethtool.h>
#include <linux/mii.h>
#include <linux/net_tstamp.h>

#include "tgbe.h"

static void get_drvinfo(struct net_device *netdev, struct ethtool_drvinfo *info)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	strscpy(info->driver, TGBE_DRV_NAME, sizeof(info->driver));
	strscpy(info->bus_info, pci_name(dev->pdev), sizeof(info->bus_info));
	tgbe_nvm_version(dev, info->fw_version, sizeof(info->fw_version));
}

static u32 get_msglevel(struct net_device *netdev)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	return dev->msg_enable;
}

static void set_msglevel(struct net_device *netdev, u32 level)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	dev->msg_enable = level;
}

static int get_link_ksettings(struct net_device *netdev,
			      struct ethtool_link_ksettings *ks)
{
	const u32 supported = SUPPORTED_10baseT_Half | SUPPORTED_10baseT_Full |
			      SUPPORTED_100baseT_Half |
			      SUPPORTED_100baseT_Full |
			      SUPPORTED_1000baseT_Full | SUPPORTED_Autoneg |
			      SUPPORTED_Pause | SUPPORTED_TP;
	struct tgbe_device *dev = netdev_priv(netdev);
	u32 advertising = ADVERTISED_TP;

	if (!dev->link.forced_speed)
		advertising |= ADVERTISED_Autoneg | dev->link.advertising;
	ethtool_convert_legacy_u32_to_link_mode(ks->link_modes.supported,
						supported);
	ethtool_convert_legacy_u32_to_link_mode(ks->link_modes.advertising,
						advertising);
	ks->base.port = PORT_TP;
	ks->base.phy_address = TGBE_PHY_ADDR;
	ks->base.autoneg = dev->link.forced_speed ? AUTONEG_DISABLE :
						    AUTONEG_ENABLE;
	ks->base.speed = dev->link.speed;
	ks->base.duplex = dev->link.duplex;
	return 0;
}

static int set_link_ksettings(struct net_device *netdev,
			      const struct ethtool_link_ksettings *ks)
{
	const u32 offered = ADVERTISED_10baseT_Half | ADVERTISED_10baseT_Full |
			    ADVERTISED_100baseT_Half |
			    ADVERTISED_100baseT_Full |
			    ADVERTISED_1000baseT_Full;
	struct tgbe_device *dev = netdev_priv(netdev);
	struct tgbe_link want = dev->link;
	u32 asked;

	ethtool_convert_link_mode_to_legacy_u32(&asked,
						ks->link_modes.advertising);
	if (ks->base.autoneg == AUTONEG_ENABLE) {
		if (!(asked & offered))
			return -EINVAL;
		want.advertising = (asked & offered) |
				   (want.advertising & ADVERTISED_Pause);
		want.forced_speed = 0;
	} else {
		/* 1000BASE-T cannot do without autonegotiation */
		if (ks->base.speed != SPEED_10 && ks->base.speed != SPEED_100)
			return -EINVAL;
		want.forced_speed = ks->base.speed;
		want.forced_duplex = ks->base.duplex;
	}
	dev->link.advertising = want.advertising;
	dev->link.forced_speed = want.forced_speed;
	dev->link.forced_duplex = want.forced_duplex;
	return netif_running(netdev) ? tgbe_phy_start(dev) : 0;
}

static int nway_reset(struct net_device *netdev)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	if (!netif_running(netdev))
		return -ENETDOWN;
	if (dev->link.forced_speed)
		return -EINVAL;
	return tgbe_phy_start(dev);
}

static void get_ringparam(struct net_device *netdev,
			  struct ethtool_ringparam *ring,
			  struct kernel_ethtool_ringparam *kernel_ring,
			  struct netlink_ext_ack *extack)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	ring->rx_max_pending = TGBE_RING_MAX;
	ring->tx_max_pending = TGBE_RING_MAX;
	ring->rx_pending = dev->config.rx_size;
	ring->tx_pending = dev->config.tx_size;
}

static int set_ringparam(struct net_device *netdev,
			 struct ethtool_ringparam *ring,
			 struct kernel_ethtool_ringparam *kernel_ring,
			 struct netlink_ext_ack *extack)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	struct tgbe_config want = dev->config;

	want.rx_size = ring->rx_pending;
	want.tx_size = ring->tx_pending;
	return tgbe_config_apply(dev, &want, extack);
}

static void get_channels(struct net_device *netdev,
			 struct ethtool_channels *channels)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	channels->max_combined = dev->queues_max;
	channels->combined_count = dev->config.queues;
}

static int get_sset_count(struct net_device *netdev, int sset)
{
	return sset == ETH_SS_STATS ? tgbe_stats_count(netdev_priv(netdev)) :
				      -EOPNOTSUPP;
}

static void get_strings(struct net_device *netdev, u32 sset, u8 *data)
{
	if (sset == ETH_SS_STATS)
		tgbe_stats_strings(netdev_priv(netdev), data);
}

static void get_ethtool_stats(struct net_device *netdev,
			      struct ethtool_stats *stats, u64 *data)
{
	tgbe_stats_values(netdev_priv(netdev), data);
}

const struct ethtool_ops tgbe_ethtool_ops = {
	.get_drvinfo		= get_drvinfo,
	.get_msglevel		= get_msglevel,
	.set_msglevel		= set_msglevel,
	.get_link		= ethtool_op_get_link,
	.get_link_ksettings	= get_link_ksettings,
	.set_link_ksettings	= set_link_ksettings,
	.nway_reset		= nway_reset,
	.get_ringparam		= get_ringparam,
	.set_ringparam		= set_ringparam,
	.get_channels		= get_channels,
	.get_sset_count		= get_sset_count,
	.get_strings		= get_strings,
	.get_ethtool_stats	= get_ethtool_stats,
	.get_ts_info		= ethtool_op_get_ts_info,
};
