// SPDX-License-Identifier: GPL-2.0
/* The ethtool face. It checks arguments and passes them on. */
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>

#include "tgbe.h"
#include "tgbe_chip.h"

static void tgbe_get_drvinfo(struct net_device *netdev, struct ethtool_drvinfo *info)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	strscpy(info->driver, TGBE_DRV_NAME, sizeof(info->driver));
	strscpy(info->bus_info, pci_name(dev->pdev), sizeof(info->bus_info));
	tgbe_nvm_version(dev, info->fw_version, sizeof(info->fw_version));
}

static u32 tgbe_get_msglevel(struct net_device *netdev)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	return dev->msg_enable;
}

static void tgbe_set_msglevel(struct net_device *netdev, u32 level)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	dev->msg_enable = level;
}

static int tgbe_get_link_ksettings(struct net_device *netdev,
				   struct ethtool_link_ksettings *ks)
{
	tgbe_link_get(netdev_priv(netdev), ks);
	return 0;
}

static int tgbe_set_link_ksettings(struct net_device *netdev,
				   const struct ethtool_link_ksettings *ks)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	struct netlink_ext_ack extack = {};
	int err = tgbe_link_set(dev, ks, &extack);

	tgbe_log_refusal(dev, &extack);
	return err;
}

static int tgbe_nway_reset(struct net_device *netdev)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	struct netlink_ext_ack extack = {};
	int err;

	if (!netif_running(netdev)) {
		NL_SET_ERR_MSG_MOD(&extack, "a port that is down has no link");
		err = -ENETDOWN;
	} else if (dev->link.forced_speed) {
		NL_SET_ERR_MSG_MOD(&extack, "autoneg is off, the speed is forced");
		err = -EINVAL;
	} else {
		err = tgbe_phy_start(dev);
	}
	tgbe_log_refusal(dev, &extack);
	return err;
}

static void tgbe_get_ringparam(struct net_device *netdev,
			       struct ethtool_ringparam *ring,
			       struct kernel_ethtool_ringparam *kernel_ring,
			       struct netlink_ext_ack *extack)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	ring->rx_max_pending = TGBE_RING_MAX;
	ring->tx_max_pending = TGBE_RING_MAX;
	ring->rx_pending = dev->config.rx_size;
	ring->tx_pending = dev->config.tx_size;
	kernel_ring->rx_buf_len = tgbe_config_buffer(dev, &dev->config);
	if (!dev->chip->splits)
		return;
	kernel_ring->tcp_data_split = dev->config.split ?
				      ETHTOOL_TCP_DATA_SPLIT_ENABLED :
				      ETHTOOL_TCP_DATA_SPLIT_DISABLED;
	tgbe_put_hds_thresh(kernel_ring, dev->config.unsplit,
			    TGBE_RX_COPYBREAK_MAX);
}

/* What is read back is what a buffer takes, and the core hands in what was read for
 * what the user did not name: only another value is a wish for sure
 */
static int tgbe_want_buffer(struct tgbe_device *dev, struct tgbe_config *want,
			    u32 bytes, struct netlink_ext_ack *extack)
{
	unsigned int least;

	if (bytes == tgbe_config_buffer(dev, &dev->config))
		return 0;
	if (bytes != SZ_2K && bytes != SZ_4K) {
		NL_SET_ERR_MSG_FMT_MOD(extack, "rx-buf-len must be %u or %u", SZ_2K,
				       SZ_4K);
		return -EINVAL;
	}
	want->rx_buffer = bytes;
	least = tgbe_config_buffer(dev, want);
	if (bytes >= least)
		return 0;
	NL_SET_ERR_MSG_FMT_MOD(extack,
			       "rx-buf-len must be %u: chip, MTU, rx-all or split want it",
			       least);
	return -EINVAL;
}

static int tgbe_set_ringparam(struct net_device *netdev,
			      struct ethtool_ringparam *ring,
			      struct kernel_ethtool_ringparam *kernel_ring,
			      struct netlink_ext_ack *extack)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	struct tgbe_config want = dev->config;
	int err;

	want.rx_size = ring->rx_pending;
	want.tx_size = ring->tx_pending;
	/* auto is off: whole pages for what fits a half cost more than they save */
	want.split = kernel_ring->tcp_data_split == ETHTOOL_TCP_DATA_SPLIT_ENABLED;
	want.unsplit = tgbe_get_hds_thresh(kernel_ring);
	err = tgbe_want_buffer(dev, &want, kernel_ring->rx_buf_len, extack);
	if (err)
		return err;
	return tgbe_config_apply(dev, &want, extack);
}

static void tgbe_get_channels(struct net_device *netdev,
			      struct ethtool_channels *channels)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	channels->max_combined = dev->queues_max;
	channels->combined_count = dev->config.queues;
}

static int tgbe_set_channels(struct net_device *netdev,
			     struct ethtool_channels *channels)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	struct tgbe_config want = dev->config;

	/* the core has compared each count with its maximum */
	want.queues = channels->combined_count;
	return tgbe_config_apply(dev, &want, NULL);
}

static void tgbe_show_moderation(const struct tgbe_moderation *m,
				 struct ethtool_coalesce *c)
{
	c->rx_coalesce_usecs = m->rx.usecs;
	c->rx_max_coalesced_frames = m->rx.frames;
	c->rx_coalesce_usecs_irq = m->rx.usecs_irq;
	c->rx_max_coalesced_frames_irq = m->rx.frames_irq;
	c->use_adaptive_rx_coalesce = m->rx.adaptive;
	c->tx_coalesce_usecs = m->tx.usecs;
	c->tx_max_coalesced_frames = m->tx.frames;
	c->tx_coalesce_usecs_irq = m->tx.usecs_irq;
	c->tx_max_coalesced_frames_irq = m->tx.frames_irq;
	c->use_adaptive_tx_coalesce = m->tx.adaptive;
}

static struct tgbe_moderation tgbe_wanted_moderation(const struct ethtool_coalesce *c)
{
	return (struct tgbe_moderation){
		.rx = {
			.usecs = c->rx_coalesce_usecs,
			.frames = c->rx_max_coalesced_frames,
			.usecs_irq = c->rx_coalesce_usecs_irq,
			.frames_irq = c->rx_max_coalesced_frames_irq,
			.adaptive = c->use_adaptive_rx_coalesce,
		},
		.tx = {
			.usecs = c->tx_coalesce_usecs,
			.frames = c->tx_max_coalesced_frames,
			.usecs_irq = c->tx_coalesce_usecs_irq,
			.frames_irq = c->tx_max_coalesced_frames_irq,
			.adaptive = c->use_adaptive_tx_coalesce,
		},
	};
}

/* Vectors may differ after -Q: the first one stands for all */
static int tgbe_get_coalesce(struct net_device *netdev, struct ethtool_coalesce *c,
			     struct kernel_ethtool_coalesce *kernel_c,
			     struct netlink_ext_ack *extack)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	tgbe_show_moderation(&dev->config.moderation[0], c);
	return 0;
}

static int tgbe_set_coalesce(struct net_device *netdev, struct ethtool_coalesce *c,
			     struct kernel_ethtool_coalesce *kernel_c,
			     struct netlink_ext_ack *extack)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	struct tgbe_config want = dev->config;

	for (unsigned int q = 0; q < dev->queues_max; q++)
		want.moderation[q] = tgbe_wanted_moderation(c);
	return tgbe_config_apply(dev, &want, extack);
}

static int tgbe_check_queue(struct tgbe_device *dev, u32 queue)
{
	struct netlink_ext_ack extack = {};

	if (queue < dev->config.queues)
		return 0;
	NL_SET_ERR_MSG_FMT_MOD(&extack, "queue must be 0..%u",
			       dev->config.queues - 1);
	/* everybody may ask, but not fill the log */
	if (capable(CAP_NET_ADMIN))
		tgbe_log_refusal(dev, &extack);
	return -EINVAL;
}

static int tgbe_get_per_queue_coalesce(struct net_device *netdev, u32 queue,
				       struct ethtool_coalesce *c)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	int err = tgbe_check_queue(dev, queue);

	if (!err)
		tgbe_show_moderation(&dev->config.moderation[queue], c);
	return err;
}

static int tgbe_set_per_queue_coalesce(struct net_device *netdev, u32 queue,
				       struct ethtool_coalesce *c)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	struct tgbe_config want = dev->config;
	int err = tgbe_check_queue(dev, queue);

	if (err)
		return err;
	want.moderation[queue] = tgbe_wanted_moderation(c);
	return tgbe_config_apply(dev, &want, NULL);
}

static u32 tgbe_get_rx_ring_count(struct net_device *netdev)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	return dev->config.queues;
}

static int tgbe_get_rxnfc(struct net_device *netdev, struct ethtool_rxnfc *cmd,
			  u32 *rules)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	int n;

	if (cmd->cmd == ETHTOOL_GRXRINGS) {
		cmd->data = tgbe_get_rx_ring_count(netdev);
		return 0;
	}
	if (!dev->flow.usable)
		return -EOPNOTSUPP;
	switch (cmd->cmd) {
	case ETHTOOL_GRXCLSRLCNT:
		cmd->rule_cnt = tgbe_flow_list(dev, NULL, 0);
		cmd->data = TGBE_FLOW_RULES | RX_CLS_LOC_SPECIAL;
		return 0;
	case ETHTOOL_GRXCLSRULE:
		return tgbe_flow_get(dev, &cmd->fs);
	case ETHTOOL_GRXCLSRLALL:
		n = tgbe_flow_list(dev, rules, cmd->rule_cnt);
		if (n < 0)
			return n;
		cmd->rule_cnt = n;
		cmd->data = TGBE_FLOW_RULES;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int tgbe_set_rxnfc(struct net_device *netdev, struct ethtool_rxnfc *cmd)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	struct netlink_ext_ack extack = {};
	int err;

	switch (cmd->cmd) {
	case ETHTOOL_SRXCLSRLINS:
		err = tgbe_flow_insert(dev, &cmd->fs, &extack);
		break;
	case ETHTOOL_SRXCLSRLDEL:
		err = tgbe_flow_delete(dev, cmd->fs.location, &extack);
		break;
	default:
		return -EOPNOTSUPP;
	}
	tgbe_log_refusal(dev, &extack);
	return err;
}

static u32 tgbe_get_rxfh_key_size(struct net_device *netdev)
{
	return TGBE_RSSRK_BYTES;
}

static u32 tgbe_get_rxfh_indir_size(struct net_device *netdev)
{
	return TGBE_RETA_ENTRIES;
}

static int tgbe_get_rxfh(struct net_device *netdev, struct ethtool_rxfh_param *rxfh)
{
	tgbe_rss_get(netdev_priv(netdev), rxfh);
	return 0;
}

static int tgbe_set_rxfh(struct net_device *netdev, struct ethtool_rxfh_param *rxfh,
			 struct netlink_ext_ack *extack)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	struct netlink_ext_ack text = {};
	int err = tgbe_rss_set(dev, rxfh, extack ?: &text);

	tgbe_log_refusal(dev, &text);
	return err;
}

static int tgbe_get_rxfh_fields(struct net_device *netdev,
				struct ethtool_rxfh_fields *fields)
{
	fields->data = tgbe_rss_get_fields(netdev_priv(netdev),
					   fields->flow_type);
	return 0;
}

static int tgbe_set_rxfh_fields(struct net_device *netdev,
				const struct ethtool_rxfh_fields *fields,
				struct netlink_ext_ack *extack)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	struct netlink_ext_ack text = {};
	int err = tgbe_rss_set_fields(dev, fields->flow_type, fields->data, extack ?: &text);

	tgbe_log_refusal(dev, &text);
	return err;
}

static u32 *tgbe_tunable(struct tgbe_config *config, u32 id)
{
	switch (id) {
	case ETHTOOL_RX_COPYBREAK:
		return &config->rx_copybreak;
	case ETHTOOL_TX_COPYBREAK:
		return &config->tx_copybreak;
	default:
		return NULL;
	}
}

static int tgbe_get_tunable(struct net_device *netdev,
			    const struct ethtool_tunable *tuna, void *data)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	u32 *value = tgbe_tunable(&dev->config, tuna->id);

	if (!value)
		return -EOPNOTSUPP;
	*(u32 *)data = *value;
	return 0;
}

static int tgbe_set_tunable(struct net_device *netdev,
			    const struct ethtool_tunable *tuna, const void *data)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	struct tgbe_config want = dev->config;
	u32 *value = tgbe_tunable(&want, tuna->id);

	if (!value)
		return -EOPNOTSUPP;
	*value = *(const u32 *)data;
	return tgbe_config_apply(dev, &want, NULL);
}

static int tgbe_get_sset_count(struct net_device *netdev, int sset)
{
	switch (sset) {
	case ETH_SS_STATS:
		return tgbe_stats_count(netdev_priv(netdev));
	case ETH_SS_TEST:
		return tgbe_selftest_count();
	default:
		return -EOPNOTSUPP;
	}
}

static void tgbe_get_strings(struct net_device *netdev, u32 sset, u8 *data)
{
	if (sset == ETH_SS_STATS)
		tgbe_stats_strings(netdev_priv(netdev), data);
	else if (sset == ETH_SS_TEST)
		tgbe_selftest_strings(data);
}

static void tgbe_self_test(struct net_device *netdev, struct ethtool_test *test,
			   u64 *data)
{
	tgbe_selftest(netdev_priv(netdev), test, data);
}

static int tgbe_reset(struct net_device *netdev, u32 *flags)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	struct netlink_ext_ack extack = {};
	int err = tgbe_netdev_reset(dev, flags, &extack);

	tgbe_log_refusal(dev, &extack);
	return err;
}

static void tgbe_get_wol(struct net_device *netdev, struct ethtool_wolinfo *wol)
{
	tgbe_wol_get(netdev_priv(netdev), wol);
}

static int tgbe_set_wol(struct net_device *netdev, struct ethtool_wolinfo *wol)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	struct netlink_ext_ack extack = {};
	int err = tgbe_wol_set(dev, wol, &extack);

	tgbe_log_refusal(dev, &extack);
	return err;
}

static void tgbe_get_ethtool_stats(struct net_device *netdev,
				   struct ethtool_stats *stats, u64 *data)
{
	tgbe_stats_values(netdev_priv(netdev), data);
}

static int tgbe_get_ts_info(struct net_device *netdev,
			    struct kernel_ethtool_ts_info *info)
{
	return tgbe_ptp_ts_info(netdev_priv(netdev), info);
}

static void tgbe_get_ts_stats(struct net_device *netdev,
			      struct ethtool_ts_stats *stats)
{
	tgbe_ptp_ts_stats(netdev_priv(netdev), stats);
}

static void tgbe_get_pause_stats(struct net_device *netdev,
				 struct ethtool_pause_stats *stats)
{
	tgbe_stats_pause(netdev_priv(netdev), stats);
}

static void tgbe_get_eth_mac_stats(struct net_device *netdev,
				   struct ethtool_eth_mac_stats *stats)
{
	tgbe_stats_mac(netdev_priv(netdev), stats);
}

static void tgbe_get_eth_ctrl_stats(struct net_device *netdev,
				    struct ethtool_eth_ctrl_stats *stats)
{
	tgbe_stats_ctrl(netdev_priv(netdev), stats);
}

static void tgbe_get_eth_phy_stats(struct net_device *netdev,
				   struct ethtool_eth_phy_stats *stats)
{
	tgbe_stats_phy(netdev_priv(netdev), stats);
}

static void tgbe_get_rmon_stats(struct net_device *netdev,
				struct ethtool_rmon_stats *stats,
				const struct ethtool_rmon_hist_range **ranges)
{
	tgbe_stats_rmon(netdev_priv(netdev), stats, ranges);
}

static void tgbe_get_pauseparam(struct net_device *netdev,
				struct ethtool_pauseparam *pause)
{
	tgbe_link_get_pause(netdev_priv(netdev), pause);
}

static int tgbe_set_pauseparam(struct net_device *netdev,
			       struct ethtool_pauseparam *pause)
{
	return tgbe_link_set_pause(netdev_priv(netdev), pause);
}

static int tgbe_get_regs_len(struct net_device *netdev)
{
	return tgbe_dump_len(netdev_priv(netdev));
}

static void tgbe_get_regs(struct net_device *netdev, struct ethtool_regs *regs,
			  void *data)
{
	regs->version = TGBE_DUMP_VERSION;
	tgbe_dump(netdev_priv(netdev), data);
}

static int tgbe_get_eeprom_len(struct net_device *netdev)
{
	return tgbe_nvm_words(netdev_priv(netdev)) * sizeof(u16);
}

/* Tells the user's file apart from one of another card */
static u32 tgbe_eeprom_magic(const struct tgbe_device *dev)
{
	return dev->pdev->vendor | dev->pdev->device << 16;
}

/* The core keeps offset and length within tgbe_get_eeprom_len() */
static int tgbe_get_eeprom(struct net_device *netdev, struct ethtool_eeprom *eeprom,
			   u8 *data)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	eeprom->magic = tgbe_eeprom_magic(dev);
	return tgbe_nvm_read_bytes(dev, eeprom->offset, eeprom->len, data);
}

static int tgbe_set_eeprom(struct net_device *netdev, struct ethtool_eeprom *eeprom,
			   u8 *data)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	struct netlink_ext_ack extack = {};
	int err;

	if (eeprom->magic != tgbe_eeprom_magic(dev)) {
		NL_SET_ERR_MSG_FMT_MOD(&extack, "magic must be 0x%08x",
				       tgbe_eeprom_magic(dev));
		err = -EINVAL;
	} else {
		err = tgbe_nvm_write_bytes(dev, eeprom->offset, eeprom->len, data,
					   &extack);
	}
	tgbe_log_refusal(dev, &extack);
	return err;
}

/* Without this operation and without devlink the core calls it a success */
static int tgbe_flash_device(struct net_device *netdev, struct ethtool_flash *flash)
{
	struct netlink_ext_ack extack = {};

	NL_SET_ERR_MSG_MOD(&extack, "the driver writes no flash images");
	tgbe_log_refusal(netdev_priv(netdev), &extack);
	return -EOPNOTSUPP;
}

/* The LED blinks by itself until it is told otherwise */
static int tgbe_set_phys_id(struct net_device *netdev, enum ethtool_phys_id_state state)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	switch (state) {
	case ETHTOOL_ID_ACTIVE:
		dev->led = tgbe_rd(dev, TGBE_LEDCTL);
		tgbe_wr(dev, TGBE_LEDCTL, (dev->led & ~TGBE_LEDCTL_LED0) |
			TGBE_LEDCTL_BLINK_ON);
		return 0;
	case ETHTOOL_ID_INACTIVE:
		tgbe_wr(dev, TGBE_LEDCTL, dev->led);
		return 0;
	default:
		return -EINVAL;
	}
}

const struct ethtool_ops tgbe_ethtool_ops = {
	.supported_coalesce_params = ETHTOOL_COALESCE_USECS |
				     ETHTOOL_COALESCE_MAX_FRAMES |
				     ETHTOOL_COALESCE_USECS_IRQ |
				     ETHTOOL_COALESCE_MAX_FRAMES_IRQ |
				     ETHTOOL_COALESCE_USE_ADAPTIVE,
	.supported_ring_params	= ETHTOOL_RING_USE_RX_BUF_LEN |
				  ETHTOOL_RING_USE_TCP_DATA_SPLIT |
				  TGBE_RING_USE_HDS_THRESH,
	.get_drvinfo		= tgbe_get_drvinfo,
	.get_regs_len		= tgbe_get_regs_len,
	.get_regs		= tgbe_get_regs,
	.get_eeprom_len		= tgbe_get_eeprom_len,
	.get_eeprom		= tgbe_get_eeprom,
	.set_eeprom		= tgbe_set_eeprom,
	.flash_device		= tgbe_flash_device,
	.set_phys_id		= tgbe_set_phys_id,
	.get_msglevel		= tgbe_get_msglevel,
	.set_msglevel		= tgbe_set_msglevel,
	.get_link		= ethtool_op_get_link,
	.get_link_ksettings	= tgbe_get_link_ksettings,
	.set_link_ksettings	= tgbe_set_link_ksettings,
	.nway_reset		= tgbe_nway_reset,
	.self_test		= tgbe_self_test,
	.reset			= tgbe_reset,
	.get_wol		= tgbe_get_wol,
	.set_wol		= tgbe_set_wol,
	.get_ringparam		= tgbe_get_ringparam,
	.set_ringparam		= tgbe_set_ringparam,
	.get_channels		= tgbe_get_channels,
	.set_channels		= tgbe_set_channels,
	.get_coalesce		= tgbe_get_coalesce,
	.set_coalesce		= tgbe_set_coalesce,
	.get_per_queue_coalesce	= tgbe_get_per_queue_coalesce,
	.set_per_queue_coalesce	= tgbe_set_per_queue_coalesce,
	.get_rxnfc		= tgbe_get_rxnfc,
	.set_rxnfc		= tgbe_set_rxnfc,
	TGBE_RX_RING_COUNT_OP(tgbe_get_rx_ring_count)
	.get_rxfh_key_size	= tgbe_get_rxfh_key_size,
	.get_rxfh_indir_size	= tgbe_get_rxfh_indir_size,
	.get_rxfh		= tgbe_get_rxfh,
	.set_rxfh		= tgbe_set_rxfh,
	.get_rxfh_fields	= tgbe_get_rxfh_fields,
	.set_rxfh_fields	= tgbe_set_rxfh_fields,
	.get_tunable		= tgbe_get_tunable,
	.set_tunable		= tgbe_set_tunable,
	.get_sset_count		= tgbe_get_sset_count,
	.get_strings		= tgbe_get_strings,
	.get_ethtool_stats	= tgbe_get_ethtool_stats,
	.get_ts_info		= tgbe_get_ts_info,
	.get_ts_stats		= tgbe_get_ts_stats,
	.get_pause_stats	= tgbe_get_pause_stats,
	.get_pauseparam		= tgbe_get_pauseparam,
	.set_pauseparam		= tgbe_set_pauseparam,
	.get_eth_mac_stats	= tgbe_get_eth_mac_stats,
	.get_eth_ctrl_stats	= tgbe_get_eth_ctrl_stats,
	.get_eth_phy_stats	= tgbe_get_eth_phy_stats,
	.get_rmon_stats		= tgbe_get_rmon_stats,
};
