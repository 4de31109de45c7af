// SPDX-License-Identifier: GPL-2.0
/* The configuration: its defaults, its limits, and how a change of it is applied.
 * The queues of a running port are changed in tgbe_queues.c.
 */
#include "tgbe.h"
#include "tgbe_chip.h"
#include "tgbe_ring.h"

/**
 * tgbe_config_default() - settings of a port nobody has tuned
 * @dev: port being probed, its vectors known
 */
void tgbe_config_default(struct tgbe_device *dev)
{
	dev->config = (struct tgbe_config){
		.rx_size = TGBE_RING_DEFAULT,
		.tx_size = TGBE_RING_DEFAULT,
		.queues = dev->queues_max,
		.mtu = ETH_DATA_LEN,
		.rx_batch = NAPI_POLL_WEIGHT,
		.tx_batch = 256,
		/* a tail write costs as much as many descriptors, on an
		 * emulated card even more so
		 */
		.refill_batch = 32,
		/* short frames are not worth a mapping */
		.tx_copybreak = TGBE_TX_COPYBREAK_MAX,
	};
	/* Larger buffers: as much memory for all of them, and none is given away for a
	 * short frame
	 */
	if (tgbe_config_buffer(dev, &dev->config) > SZ_2K) {
		dev->config.rx_size = TGBE_RING_DEFAULT / 2;
		dev->config.rx_copybreak = 256;
	}
	for (unsigned int q = 0; q < TGBE_MAX_QUEUES; q++)
		dev->config.moderation[q] = tgbe_moderation_default;
}

/**
 * tgbe_config_frame() - largest frame that a configuration lets in
 * @config: settings
 *
 * Return: bytes with Ethernet header, two VLAN tags and FCS.
 */
unsigned int tgbe_config_frame(const struct tgbe_config *config)
{
	unsigned int mtu = config->rx_all ? TGBE_MTU_MAX : config->mtu;

	return mtu + TGBE_FRAME_OVERHEAD;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_config_frame);

/**
 * tgbe_config_buffer() - memory that a receive buffer takes
 * @dev: port
 * @config: settings, in force or not
 *
 * Return: bytes.
 */
unsigned int tgbe_config_buffer(struct tgbe_device *dev,
				const struct tgbe_config *config)
{
	return dev->chip->rx_geometry(config).truesize;
}

static int tgbe_check_size(const char *which, unsigned int size,
			   struct netlink_ext_ack *extack)
{
	if (size >= TGBE_RING_MIN && size <= TGBE_RING_MAX &&
	    size % TGBE_RING_STEP == 0)
		return 0;
	NL_SET_ERR_MSG_FMT_MOD(extack, "%s ring size must be %u..%u in steps of %u",
			       which, TGBE_RING_MIN, TGBE_RING_MAX,
			       TGBE_RING_STEP);
	return -EINVAL;
}

static int tgbe_check_range(const char *what, u32 value, u32 min, u32 max,
			    struct netlink_ext_ack *extack)
{
	if (value >= min && value <= max)
		return 0;
	NL_SET_ERR_MSG_FMT_MOD(extack, "%s must be %u..%u", what, min, max);
	return -ERANGE;
}

static int tgbe_check_coalesce(struct tgbe_device *dev, bool is_rx,
			       const struct tgbe_coalesce *c,
			       struct netlink_ext_ack *extack)
{
	u32 usecs_max = dev->chip->usecs_max;
	int err;

	err = tgbe_check_range(is_rx ? "rx-usecs" : "tx-usecs", c->usecs, 0,
			       usecs_max, extack);
	if (!err)
		err = tgbe_check_range(is_rx ? "rx-usecs-irq" : "tx-usecs-irq",
				       c->usecs_irq, 0, usecs_max, extack);
	/* more frames than the largest ring holds never come together */
	if (!err)
		err = tgbe_check_range(is_rx ? "rx-frames" : "tx-frames", c->frames,
				       0, TGBE_RING_MAX, extack);
	if (!err)
		err = tgbe_check_range(is_rx ? "rx-frames-irq" : "tx-frames-irq",
				       c->frames_irq, 0, TGBE_RING_MAX, extack);
	return err;
}

static int tgbe_check_shares(const struct tgbe_config *want,
			     struct netlink_ext_ack *extack)
{
	int err;

	err = tgbe_check_range("rx_poll_batch", want->rx_batch, 1, TGBE_BATCH_MAX,
			       extack);
	if (!err)
		err = tgbe_check_range("tx_clean_batch", want->tx_batch, 1,
				       TGBE_BATCH_MAX, extack);
	if (!err)
		err = tgbe_check_range("rx_refill_batch", want->refill_batch, 1,
				       TGBE_BATCH_MAX, extack);
	if (!err)
		err = tgbe_check_range("rx-copybreak", want->rx_copybreak, 0,
				       TGBE_RX_COPYBREAK_MAX, extack);
	if (!err)
		err = tgbe_check_range("tx-copybreak", want->tx_copybreak, 0,
				       TGBE_TX_COPYBREAK_MAX, extack);
	return err;
}

static int tgbe_check_split(struct tgbe_device *dev, const struct tgbe_config *want,
			    struct netlink_ext_ack *extack)
{
	if (want->split && !dev->chip->splits) {
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "tcp-data-split must be off: no header buffers on the %s",
				       dev->chip->name);
		return -EOPNOTSUPP;
	}
	return tgbe_check_range("hds-thresh", want->unsplit, 0,
				TGBE_RX_COPYBREAK_MAX, extack);
}

/* A table that the user made is not changed behind his back. The core refuses such
 * a change of channels before it comes here.
 */
static int tgbe_check_table(struct tgbe_device *dev, const struct tgbe_config *want,
			    struct netlink_ext_ack *extack)
{
	u8 last = 0;

	if (!netif_is_rxfh_configured(dev->netdev))
		return 0;
	for (unsigned int i = 0; i < TGBE_RETA_ENTRIES; i++)
		last = max(last, dev->rss_table[i]);
	if (last < want->queues)
		return 0;
	NL_SET_ERR_MSG_FMT_MOD(extack, "the RSS table uses queue %u: change it first (ethtool -X)",
			       last);
	return -EINVAL;
}

static int tgbe_validate(struct tgbe_device *dev, const struct tgbe_config *want,
			 struct netlink_ext_ack *extack)
{
	int err;

	err = tgbe_check_size("rx", want->rx_size, extack);
	if (err)
		return err;
	err = tgbe_check_size("tx", want->tx_size, extack);
	if (err)
		return err;
	err = tgbe_check_range("queue pairs", want->queues, 1, dev->queues_max,
			       extack);
	if (err)
		return err;
	err = tgbe_check_table(dev, want, extack) ?:
	      tgbe_flow_check(dev, want->queues, extack) ?:
	      tgbe_check_shares(want, extack) ?:
	      tgbe_check_split(dev, want, extack);
	for (unsigned int q = 0; q < dev->queues_max && !err; q++) {
		const struct tgbe_moderation *m = &want->moderation[q];

		err = tgbe_check_coalesce(dev, true, &m->rx, extack) ?:
		      tgbe_check_coalesce(dev, false, &m->tx, extack);
	}
	return err;
}

/* What the polls read anew each time */
static void tgbe_set_shares(struct tgbe_device *dev, const struct tgbe_config *want)
{
	for (unsigned int q = 0; q < dev->queues_max; q++) {
		struct tgbe_vector *vector = dev->vector[q];

		WRITE_ONCE(vector->napi.weight, want->rx_batch);
		if (!vector->rx)
			continue;
		WRITE_ONCE(vector->rx->batch, want->refill_batch);
		WRITE_ONCE(vector->rx->copybreak, want->rx_copybreak);
		WRITE_ONCE(vector->rx->unsplit, want->unsplit);
		WRITE_ONCE(vector->tx->batch, want->tx_batch);
		WRITE_ONCE(vector->tx->copybreak, want->tx_copybreak);
	}
}

static void tgbe_renew_moderation(struct tgbe_device *dev,
				  const struct tgbe_config *want)
{
	for (unsigned int q = 0; q < dev->queues_max; q++) {
		struct tgbe_moderation *old = &dev->config.moderation[q];

		if (!memcmp(old, &want->moderation[q], sizeof(*old)))
			continue;
		*old = want->moderation[q];
		if (netif_running(dev->netdev))
			tgbe_moderation_renew(dev->vector[q]);
	}
}

static int tgbe_change_closed(struct tgbe_device *dev,
			      const struct tgbe_config *want)
{
	int err;

	err = netif_set_real_num_queues(dev->netdev, want->queues,
					want->queues);
	if (!err && want->queues != dev->config.queues)
		tgbe_rss_spread(dev, want->queues);
	return err;
}

static int tgbe_try_config(struct tgbe_device *dev, const struct tgbe_config *want,
			   struct netlink_ext_ack *extack)
{
	unsigned int old_queues = dev->config.queues;
	int err;

	/* ethtool is turned away before it comes here, sysfs and features are not */
	if (dev->halted) {
		NL_SET_ERR_MSG_MOD(extack, "the port is being reset, or does not come back");
		return -ENODEV;
	}
	/* queues that did not stop still have the rings that they are to lose */
	if (dev->restart_why) {
		NL_SET_ERR_MSG_MOD(extack, "the port is about to be restarted, try again");
		return -EBUSY;
	}
	err = tgbe_validate(dev, want, extack);
	if (err)
		return err;
	if (netif_running(dev->netdev))
		err = tgbe_queues_change(dev, want);
	else
		err = tgbe_change_closed(dev, want);
	if (err) {
		NL_SET_ERR_MSG_MOD(extack,
				   "the change failed, everything stays as it was");
		return err;
	}

	tgbe_set_shares(dev, want);
	tgbe_renew_moderation(dev, want);
	dev->config = *want;
	if (want->queues > old_queues)
		tgbe_netdev_xps(dev, old_queues);
	return 0;
}

/**
 * tgbe_config_apply() - change the configuration, running or not
 * @dev: port
 * @want: the whole new configuration
 * @extack: where a refusal says which limit was passed; NULL if the user's call has
 *	    no room for a text, which is logged then
 *
 * Context: process, RTNL.
 * Return: 0, -EINVAL or -ERANGE, -ENOMEM, -ENODEV while the port is halted, or -EBUSY
 * before a restart; after an error everything is as before.
 */
int tgbe_config_apply(struct tgbe_device *dev, const struct tgbe_config *want,
		      struct netlink_ext_ack *extack)
{
	struct netlink_ext_ack text = {};
	int err = tgbe_try_config(dev, want, extack ?: &text);

	tgbe_log_refusal(dev, &text);
	return err;
}
