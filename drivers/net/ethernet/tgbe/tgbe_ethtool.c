// SPDX-License-Identifier: GPL-2.0
/* The ethtool face. It checks arguments and passes them on. */
#include <linux/ethtool.h>
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
	tgbe_link_get(netdev_priv(netdev), ks);
	return 0;
}

static int set_link_ksettings(struct net_device *netdev,
			      const struct ethtool_link_ksettings *ks)
{
	return tgbe_link_set(netdev_priv(netdev), ks);
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
