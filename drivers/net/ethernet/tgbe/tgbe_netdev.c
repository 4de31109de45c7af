// SPDX-License-Identifier: GPL-2.0
/* The net_device: open and close, features, MTU, and the periodic duties. */
#include <linux/etherdevice.h>
#include <linux/pm_runtime.h>
#include <linux/rtnetlink.h>

#include "tgbe.h"
#include "tgbe_chip.h"
#include "tgbe_offload.h"
#include "tgbe_ring.h"

/* A queue is called stuck when it made no progress for this long */
#define TX_TIMEOUT	(5 * HZ)

/**
 * tgbe_netdev_link_queues() - tell netlink which NAPI serves which queue pair
 * @dev: port
 * @from: first queue pair
 * @to: queue pair behind the last
 * @linked: false when they go
 *
 * Context: process, RTNL.
 */
void tgbe_netdev_link_queues(struct tgbe_device *dev, unsigned int from,
			     unsigned int to, bool linked)
{
	for (unsigned int q = from; q < to; q++) {
		struct napi_struct *napi = linked ? &dev->vector[q]->napi :
						    NULL;

		netif_queue_set_napi(dev->netdev, q, NETDEV_QUEUE_TYPE_RX, napi);
		netif_queue_set_napi(dev->netdev, q, NETDEV_QUEUE_TYPE_TX, napi);
	}
}

/**
 * tgbe_netdev_xps() - the map of CPUs to transmit queues until a user sets one
 * @dev: registered port
 * @first: queue to begin with; those before it keep the map they have
 *
 * A CPU sends on the queue whose interrupt it takes; CPUs beyond the queues share
 * them in turn.
 */
void tgbe_netdev_xps(struct tgbe_device *dev, unsigned int first)
{
	cpumask_var_t mask;

	if (dev->queues_max < 2 || !alloc_cpumask_var(&mask, GFP_KERNEL))
		return;
	for (unsigned int q = first; q < dev->config.queues; q++) {
		tgbe_affinity_senders(dev, q, mask);
		netif_set_xps_queue(dev->netdev, mask, q);
	}
	free_cpumask_var(mask);
}

/**
 * tgbe_reset_chip() - reset the chip, and let only the chip notice
 * @dev: port, its polls disabled
 *
 * The clock goes on as if nothing had happened.
 *
 * Context: process, RTNL.
 * Return: 0, -ENODEV for a card that is gone, or the error of the chip's reset.
 */
int tgbe_reset_chip(struct tgbe_device *dev)
{
	int err;

	tgbe_ptp_hold(dev);
	/* one that cannot be reached would only be waited for */
	err = READ_ONCE(dev->regs) ? dev->chip->reset(dev) : -ENODEV;
	tgbe_ptp_resume(dev);
	return err;
}

/* The reset is the only thing that stops the receiver of every chip */
static void tgbe_port_silence(struct tgbe_device *dev)
{
	if (tgbe_reset_chip(dev))
		pci_clear_master(dev->pdev);
	tgbe_queues_free(dev);
	tgbe_chip_latency(dev, PM_QOS_DEFAULT_VALUE);
}

/**
 * tgbe_port_start() - reset the chip and bring it to work with all its settings
 * @dev: stopped port
 *
 * Senders are not let in.
 *
 * Context: process, RTNL.
 * Return: 0, or the error of what failed, and then the port is stopped.
 */
int tgbe_port_start(struct tgbe_device *dev)
{
	struct net_device *netdev = dev->netdev;
	int err;

	pci_set_master(dev->pdev);
	err = tgbe_reset_chip(dev);
	if (err)
		return err;
	err = tgbe_queues_alloc(dev);
	if (err)
		return err;
	tgbe_filter_init(dev);
	tgbe_rss_enable(dev);
	dev->chip->frame_limit(dev, tgbe_config_frame(&dev->config));
	tgbe_queues_arm(dev);
	tgbe_polls_start(dev);
	/* after the NAPIs, for a reset may leave a message behind that is still to come */
	err = tgbe_irq_request(dev);
	if (err)
		goto stop;

	tgbe_flow_start(dev);
	tgbe_netdev_link_queues(dev, 0, dev->config.queues, true);
	tgbe_filter_features(dev, netdev->features);
	tgbe_filter_rctl(dev, 0, TGBE_RCTL_EN | TGBE_RCTL_BAM);
	tgbe_irq_enable(dev);
	tgbe_link_start(dev);
	queue_delayed_work(system_percpu_wq, &dev->service_work, TGBE_SERVICE_PERIOD);
	return 0;

stop:
	tgbe_polls_stop(dev);
	tgbe_port_silence(dev);
	return err;
}

/**
 * tgbe_port_stop() - undo tgbe_port_start()
 * @dev: started port
 *
 * The chip is reset and silent afterwards, its settings are kept by the driver.
 *
 * Context: process, RTNL.
 */
void tgbe_port_stop(struct tgbe_device *dev)
{
	cancel_delayed_work_sync(&dev->service_work);
	/* A poll that ends unmasks its vector, so polls go first. The handlers
	 * go before the link work is cancelled and before the reset, for both
	 * a shared line and the reset itself can still raise them.
	 */
	tgbe_polls_stop(dev);
	tgbe_irq_disable(dev);
	tgbe_flow_stop(dev);
	tgbe_irq_release(dev);
	tgbe_link_stop(dev);
	tgbe_netdev_link_queues(dev, 0, dev->config.queues, false);
	/* only now, when no completion can wake a queue again */
	netif_tx_disable(dev->netdev);
	tgbe_stats_harvest(dev);
	tgbe_port_silence(dev);
	/* nothing is left of what a restart was to cure */
	bitmap_zero(dev->stuck_queues, TGBE_MAX_QUEUES);
	WRITE_ONCE(dev->chip_lost, false);
	dev->restart_why = NULL;
}

/**
 * tgbe_port_release() - leave a port that does not run to itself and its firmware
 * @dev: stopped port
 *
 * A reset of the chip takes it back.
 *
 * Context: process, RTNL or not registered.
 */
void tgbe_port_release(struct tgbe_device *dev)
{
	tgbe_phy_rest(dev);
	tgbe_clear_bits(dev, TGBE_CTRL_EXT, TGBE_CTRL_EXT_DRV_LOAD);
}

/* A port that is open is not put to sleep, see tgbe_runtime_suspend() */
static int tgbe_ndo_open(struct net_device *netdev)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	struct device *device = &dev->pdev->dev;
	int err;

	err = pm_runtime_resume_and_get(device);
	if (err)
		return err;
	err = tgbe_port_start(dev);
	if (err) {
		tgbe_port_release(dev);
		pm_runtime_put_autosuspend(device);
		return err;
	}
	netif_tx_start_all_queues(netdev);
	return 0;
}

static int tgbe_ndo_stop(struct net_device *netdev)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	/* a halted port was stopped already */
	if (!dev->halted)
		tgbe_port_stop(dev);
	tgbe_port_release(dev);
	pm_runtime_mark_last_busy(&dev->pdev->dev);
	pm_runtime_put_autosuspend(&dev->pdev->dev);
	return 0;
}

static int tgbe_ndo_change_mtu(struct net_device *netdev, int mtu)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	struct tgbe_config want = dev->config;
	int err;

	want.mtu = mtu;
	err = tgbe_config_apply(dev, &want, NULL);
	if (!err)
		WRITE_ONCE(netdev->mtu, mtu);
	return err;
}

static int tgbe_ndo_set_mac_address(struct net_device *netdev, void *addr)
{
	struct sockaddr *sa = addr;

	if (!is_valid_ether_addr(sa->sa_data))
		return -EADDRNOTAVAIL;
	eth_hw_addr_set(netdev, sa->sa_data);
	tgbe_filter_mac(netdev_priv(netdev));
	return 0;
}

/* CTRL.VME strips received tags and has sent ones inserted. There is no insertion
 * without stripping.
 */
static netdev_features_t tgbe_ndo_fix_features(struct net_device *netdev,
					       netdev_features_t features)
{
	if (!(features & NETIF_F_HW_VLAN_CTAG_RX))
		features &= ~NETIF_F_HW_VLAN_CTAG_TX;
	return features;
}

/* Frames whose tags the chip is to insert must have left before it no longer does */
static void tgbe_set_vlan_offload(struct tgbe_device *dev, netdev_features_t features)
{
	if (!(features & NETIF_F_HW_VLAN_CTAG_RX)) {
		/* Senders read this before they leave a tag to the chip, and the polls
		 * before they take a tag from the descriptor.
		 */
		dev->netdev->features &= ~(NETIF_F_HW_VLAN_CTAG_TX |
					   NETIF_F_HW_VLAN_CTAG_RX);
		synchronize_net();
		tgbe_queues_drain(dev);
	}
	tgbe_filter_vlan_strip(dev, features);
}

/* Frames of any length may come only while the buffers are made for them */
static int tgbe_set_rx_all(struct tgbe_device *dev, netdev_features_t features)
{
	struct tgbe_config want = dev->config;
	int err;

	want.rx_all = !!(features & NETIF_F_RXALL);
	if (!want.rx_all)
		tgbe_filter_features(dev, dev->netdev->features &
				     ~NETIF_F_RXALL);
	err = tgbe_config_apply(dev, &want, NULL);
	if (err)
		tgbe_filter_features(dev, dev->netdev->features);
	return err;
}

/* A port that does not run, or is about to be restarted, gets it with its start */
static int tgbe_set_loopback(struct tgbe_device *dev, netdev_features_t features)
{
	struct netlink_ext_ack extack = {};
	int err;

	if (!netif_running(dev->netdev) || dev->halted || dev->restart_why)
		return 0;
	err = tgbe_link_set_loopback(dev, features & NETIF_F_LOOPBACK, &extack);
	tgbe_log_refusal(dev, &extack);
	return err;
}

static int tgbe_ndo_set_features(struct net_device *netdev,
				 netdev_features_t features)
{
	netdev_features_t changed = netdev->features ^ features;
	struct tgbe_device *dev = netdev_priv(netdev);
	int err;

	err = tgbe_set_loopback(dev, features);
	if (err)
		return err;
	if (changed & NETIF_F_RXALL) {
		err = tgbe_set_rx_all(dev, features);
		if (err) {
			tgbe_set_loopback(dev, netdev->features);
			return err;
		}
	}
	if (changed & NETIF_F_HW_VLAN_CTAG_RX)
		tgbe_set_vlan_offload(dev, features);
	if (changed & ~features & NETIF_F_NTUPLE) {
		/* the stack looks at this before it steers a flow */
		netdev->features &= ~NETIF_F_NTUPLE;
		synchronize_net();
		tgbe_flow_clear(dev);
	}
	/* a port about to be restarted gets them then */
	if (changed & (NETIF_F_RXALL | NETIF_F_RXFCS) && !dev->restart_why)
		tgbe_filter_features(dev, features);
	if (changed & NETIF_F_HW_VLAN_CTAG_FILTER)
		tgbe_filter_vlan(dev, features);
	return 0;
}

static void tgbe_ndo_tx_timeout(struct net_device *netdev, unsigned int queue)
{
	struct tgbe_device *dev = netdev_priv(netdev);

	set_bit(queue, dev->stuck_queues);
	schedule_work(&dev->timeout_work);
}

static const struct net_device_ops netdev_ops = {
	.ndo_open		= tgbe_ndo_open,
	.ndo_stop		= tgbe_ndo_stop,
	.ndo_start_xmit		= tgbe_xmit,
	.ndo_features_check	= tgbe_features_check,
	.ndo_get_stats64	= tgbe_stats_get64,
	.ndo_set_rx_mode	= tgbe_filter_rx_mode,
	.ndo_set_mac_address	= tgbe_ndo_set_mac_address,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_change_mtu		= tgbe_ndo_change_mtu,
	.ndo_vlan_rx_add_vid	= tgbe_filter_vlan_add,
	.ndo_vlan_rx_kill_vid	= tgbe_filter_vlan_kill,
	.ndo_fix_features	= tgbe_ndo_fix_features,
	.ndo_set_features	= tgbe_ndo_set_features,
	.ndo_tx_timeout		= tgbe_ndo_tx_timeout,
	.ndo_eth_ioctl		= tgbe_link_ioctl,
	.ndo_hwtstamp_get	= tgbe_ptp_hwtstamp_get,
	.ndo_hwtstamp_set	= tgbe_ptp_hwtstamp_set,
#ifdef CONFIG_RFS_ACCEL
	.ndo_rx_flow_steer	= tgbe_flow_steer,
#endif
};

/* The only thing of a port that is named like it and not renamed by the stack */
static int tgbe_netdev_event(struct notifier_block *self, unsigned long event,
			     void *info)
{
	struct net_device *netdev = netdev_notifier_info_to_dev(info);

	if (event == NETDEV_CHANGENAME && netdev->netdev_ops == &netdev_ops)
		tgbe_irq_name(netdev_priv(netdev));
	return NOTIFY_DONE;
}

struct notifier_block tgbe_netdev_notifier = {
	.notifier_call = tgbe_netdev_event,
};

/**
 * tgbe_netdev_halt() - stop a port without the stack's knowledge
 * @dev: port, running or not
 *
 * Addresses, routes and settings stay. Until tgbe_netdev_attach() nobody sends,
 * and the core refuses to change anything.
 *
 * Context: process, RTNL.
 */
void tgbe_netdev_halt(struct tgbe_device *dev)
{
	netif_device_detach(dev->netdev);
	/* an error may come while the port is halted for another */
	if (netif_running(dev->netdev) && !dev->halted)
		tgbe_port_stop(dev);
	dev->halted = true;
}

/**
 * tgbe_netdev_attach() - give a halted port back to the stack
 * @dev: port, started if it was running
 * @err: why it could not be started, or 0; after an error it is closed
 *
 * Context: process, RTNL.
 */
void tgbe_netdev_attach(struct tgbe_device *dev, int err)
{
	if (err && netif_running(dev->netdev)) {
		netdev_err(dev->netdev, "port does not come back: %pe\n",
			   ERR_PTR(err));
		dev_close(dev->netdev);
	}
	dev->halted = false;
	/* a card that is gone stays so */
	if (READ_ONCE(dev->regs))
		netif_device_attach(dev->netdev);
}

/**
 * tgbe_netdev_resume() - start a halted port again
 * @dev: port
 *
 * Context: process, RTNL.
 * Return: 0, or the error, after which the port is closed.
 */
int tgbe_netdev_resume(struct tgbe_device *dev)
{
	int err;

	if (netif_running(dev->netdev)) {
		err = tgbe_port_start(dev);
	} else {
		err = tgbe_reset_chip(dev);
		tgbe_port_release(dev);
	}
	tgbe_netdev_attach(dev, err);
	return err;
}

/* The last resort: all queues, and the link. With @phy the PHY as well, for nothing less
 * brings one of the 82574L back that hangs.
 */
static void tgbe_restart_port(struct tgbe_device *dev, bool phy)
{
	int err;

	netdev_err(dev->netdev, "%s, restarting the port\n", dev->restart_why);
	tgbe_netdev_halt(dev);
	err = phy ? tgbe_phy_reset(dev) : 0;
	if (err)
		netdev_warn(dev->netdev, "the PHY could not be reset: %pe\n",
			    ERR_PTR(err));
	tgbe_netdev_resume(dev);
}

static void tgbe_revive_queue(struct tgbe_device *dev, unsigned int queue)
{
	struct net_device *netdev = dev->netdev;

	/* No fault of the queue's: its frames cannot leave, but the chip has fetched some
	 * of them and would send those when the link comes back.
	 */
	if (!netif_carrier_ok(netdev)) {
		if (!tgbe_tx_empty(dev->vector[queue]->tx))
			dev->restart_why = "the link went before all frames had left";
		return;
	}
	if (!tgbe_queue_stuck(dev, queue)) {
		netdev_err(netdev, "transmit queue %u is stuck\n", queue);
		dev->restart_why = "that is more than a restart of the queue can cure";
		return;
	}
	netdev_warn(netdev, "transmit queue %u is stuck, restarting it\n", queue);
	if (tgbe_queue_restart_tx(dev, queue))
		dev->restart_why = "a queue does not stop";
}

static void tgbe_timeout_work(struct work_struct *work)
{
	struct tgbe_device *dev = container_of(work, struct tgbe_device,
					       timeout_work);
	bool phy_hung;

	rtnl_lock();
	phy_hung = xchg(&dev->phy_hung, false);
	if (phy_hung)
		dev->restart_why = "the PHY hangs";
	else if (READ_ONCE(dev->chip_lost))
		dev->restart_why = "the chip was reset by somebody else or lost its way";
	for (unsigned int q = 0; q < dev->queues_max; q++)
		if (test_and_clear_bit(q, dev->stuck_queues) && !dev->restart_why &&
		    netif_running(dev->netdev) && dev->vector[q]->tx)
			tgbe_revive_queue(dev, q);
	/* of a card that is gone no queue stops */
	if (dev->restart_why && netif_running(dev->netdev) &&
	    netif_device_present(dev->netdev))
		tgbe_restart_port(dev, phy_hung);
	dev->restart_why = NULL;
	rtnl_unlock();
}

/* One bit resets all of this together */
#define RESET_MAC	(ETH_RESET_IRQ | ETH_RESET_DMA | ETH_RESET_FILTER | \
			 ETH_RESET_OFFLOAD | ETH_RESET_MAC)

/**
 * tgbe_netdev_reset() - reset the chip without losing a setting
 * @dev: port, running or not
 * @flags: ETH_RESET_* that are wanted; those that were done are cleared
 * @extack: why it was refused
 *
 * Context: process, RTNL.
 * Return: 0; -EOPNOTSUPP for nothing that the port could reset; -EBUSY if all that
 * was wanted is the PHY and the firmware keeps it; or the error of the start.
 */
int tgbe_netdev_reset(struct tgbe_device *dev, u32 *flags,
		      struct netlink_ext_ack *extack)
{
	u32 mac = *flags & RESET_MAC, phy = *flags & ETH_RESET_PHY;
	int err, phy_err = 0;

	if (!mac && !phy) {
		NL_SET_ERR_MSG_MOD(extack,
				   "only irq, dma, filter, offload, mac and phy are reset");
		return -EOPNOTSUPP;
	}
	if (!mac && tgbe_phy_is_kept(dev)) {
		NL_SET_ERR_MSG_MOD(extack, "the firmware keeps the PHY");
		return -EBUSY;
	}
	tgbe_netdev_halt(dev);
	if (phy)
		phy_err = tgbe_phy_reset(dev);
	err = tgbe_netdev_resume(dev);
	if (err)
		return err;
	if (phy_err && !mac) {
		NL_SET_ERR_MSG_MOD(extack, "the PHY could not be reset");
		return phy_err;
	}
	*flags &= ~(mac | (phy_err ? 0 : phy));
	return 0;
}

/* The chip stops sending when the link goes, and never completes what it had:
 * the watchdog does not look at a port without carrier, so this does.
 */
static void tgbe_flush_without_link(struct tgbe_device *dev, unsigned int queue)
{
	if (!netif_carrier_ok(dev->netdev) &&
	    !tgbe_tx_empty(dev->vector[queue]->tx))
		tgbe_ndo_tx_timeout(dev->netdev, queue);
}

/* Without buffers nothing arrives, so no interrupt would ever refill. Where an interrupt
 * may be lost, one is made up for each period that had none.
 */
static void tgbe_kick_silent(struct tgbe_device *dev, struct tgbe_vector *vector)
{
	unsigned long now = READ_ONCE(vector->interrupts);
	bool silent = (long)(now - vector->interrupts_seen) <= 0;
	bool kick = READ_ONCE(vector->rx->starved) ||
		    (dev->chip->loses_interrupts && silent);

	vector->interrupts_seen = now + kick;
	if (kick)
		dev->chip->irq_kick(vector);
}

/* Twice in a row, for a counter may stand at its end by chance */
static void tgbe_check_phy(struct tgbe_device *dev)
{
	if (!dev->model->phy_hangs)
		return;
	if (!dev->chip->phy_hung(dev)) {
		dev->phy_hangs = 0;
		return;
	}
	if (++dev->phy_hangs < 2)
		return;
	dev->phy_hangs = 0;
	WRITE_ONCE(dev->phy_hung, true);
	schedule_work(&dev->timeout_work);
}

static void tgbe_service_work(struct work_struct *work)
{
	struct tgbe_device *dev = container_of(to_delayed_work(work),
					       struct tgbe_device,
					       service_work);

	tgbe_link_check(dev);
	tgbe_check_phy(dev);
	tgbe_stats_harvest(dev);
	tgbe_ptp_service(dev);
	tgbe_flow_expire(dev);
	/* a change of rings may be under way: the lock keeps them here */
	spin_lock_bh(&dev->stats_lock);
	for (unsigned int q = 0; q < dev->queues_max; q++) {
		if (!dev->vector[q]->rx)
			continue;
		tgbe_flush_without_link(dev, q);
		tgbe_kick_silent(dev, dev->vector[q]);
	}
	spin_unlock_bh(&dev->stats_lock);
	queue_delayed_work(system_percpu_wq, &dev->service_work, TGBE_SERVICE_PERIOD);
}

/**
 * tgbe_netdev_init() - fill in the net_device before it is registered
 * @dev: port being probed, its chip and vectors known
 */
void tgbe_netdev_init(struct tgbe_device *dev)
{
	struct net_device *netdev = dev->netdev;

	INIT_DELAYED_WORK(&dev->service_work, tgbe_service_work);
	INIT_WORK(&dev->timeout_work, tgbe_timeout_work);

	netdev->netdev_ops = &netdev_ops;
	netdev->ethtool_ops = &tgbe_ethtool_ops;
	netdev->stat_ops = &tgbe_stat_ops;
	netdev->sysfs_groups[0] = &tgbe_sysfs_group;
	netdev->watchdog_timeo = TX_TIMEOUT;
	netdev->min_mtu = ETH_MIN_MTU;
	netdev->max_mtu = TGBE_MTU_MAX;
	netdev->priv_flags |= IFF_UNICAST_FLT | IFF_SUPP_NOFCS;

	netdev->hw_features = NETIF_F_RXCSUM | NETIF_F_RXHASH |
			      NETIF_F_HW_VLAN_CTAG_RX |
			      NETIF_F_HW_VLAN_CTAG_TX |
			      NETIF_F_HW_VLAN_CTAG_FILTER;
	tgbe_offload_features(dev);
	/* there for those who want them */
	netdev->hw_features |= NETIF_F_RXALL | NETIF_F_RXFCS | NETIF_F_LOOPBACK;
	if (dev->flow.usable)
		netdev->hw_features |= NETIF_F_NTUPLE;
}
