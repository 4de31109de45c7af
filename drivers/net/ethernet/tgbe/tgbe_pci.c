// SPDX-License-Identifier: GPL-2.0
/* Module, PCI probe and remove, sleep, and recovery from errors of the bus. */
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/pm_runtime.h>
#include <linux/rtnetlink.h>

#include "tgbe.h"
#include "tgbe_chip.h"
#include "tgbe_offload.h"

#define BAR_REGS	0

/* How long a port is closed before it sleeps, unless power/autosuspend_delay_ms says else */
#define TGBE_IDLE_MS	5000

/* Longer than the stack takes for the rest of closing a port */
#define RTNL_LIMIT_US	100000

enum {
	MODEL_82576,
	MODEL_82576_QUAD,
	MODEL_82574,
	MODEL_82583,
};

static const struct tgbe_model models[] = {
	[MODEL_82576] = {
		.chip = &tgbe_chip_82576,
		.name = "82576",
	},
	[MODEL_82576_QUAD] = {
		.chip = &tgbe_chip_82576,
		.name = "82576",
		.wakes_on_port_a = true,
	},
	[MODEL_82574] = {
		.chip = &tgbe_chip_82574,
		.name = "82574L",
		.phy_hangs = true,
	},
	[MODEL_82583] = {
		.chip = &tgbe_chip_82574,
		.name = "82583V",
		.one_queue = true,
	},
};

/* Copper ports only. Just 10c9 and 10d3 were tried, both emulated */
static const struct pci_device_id id_table[] = {
	{ PCI_VDEVICE(INTEL, 0x10c9), .driver_data = MODEL_82576 },
	{ PCI_VDEVICE(INTEL, 0x10e8), .driver_data = MODEL_82576_QUAD },
	{ PCI_VDEVICE(INTEL, 0x1526), .driver_data = MODEL_82576_QUAD },
	{ PCI_VDEVICE(INTEL, 0x150a), .driver_data = MODEL_82576 },
	{ PCI_VDEVICE(INTEL, 0x10f6), .driver_data = MODEL_82574 },
	{ PCI_VDEVICE(INTEL, 0x10d3), .driver_data = MODEL_82574 },
	{ PCI_VDEVICE(INTEL, 0x150c), .driver_data = MODEL_82583 },
	{ }
};
MODULE_DEVICE_TABLE(pci, id_table);

/* The reset loaded the address from the NVM into receive address 0 */
static void tgbe_read_mac_address(struct tgbe_device *dev)
{
	u8 addr[ETH_ALEN];
	int err;

	err = tgbe_nvm_check(dev);
	if (err)
		dev_warn(&dev->pdev->dev, "NVM check failed: %pe\n",
			 ERR_PTR(err));
	put_unaligned_le32(tgbe_rd(dev, TGBE_RAL(0)), addr);
	put_unaligned_le16(tgbe_rd(dev, TGBE_RAH(0)), addr + 4);
	if (err != -ENODEV)
		tgbe_nvm_alternate_mac(dev, addr);
	/* a wrong sum alone takes no address away: some 82574 boards have one */
	if (err != -ENODEV && is_valid_ether_addr(addr)) {
		eth_hw_addr_set(dev->netdev, addr);
		return;
	}
	eth_hw_addr_random(dev->netdev);
	dev_warn(&dev->pdev->dev, "no valid MAC address found, using random %pM\n",
		 dev->netdev->dev_addr);
}

/* Take the link states that the chip does not survive from the card first and then from
 * the port above, as the specification wants it (PCIe 5.4.1).
 */
static void tgbe_clear_aspm(struct pci_dev *pdev, const struct tgbe_chip *chip)
{
	struct pci_dev *parent = pci_upstream_bridge(pdev);
	u16 control = 0;

	if (!chip->aspm_off)
		return;
	pcie_capability_clear_word(pdev, PCI_EXP_LNKCTL, PCI_EXP_LNKCTL_ASPMC);
	if (parent)
		pcie_capability_clear_word(parent, PCI_EXP_LNKCTL, PCI_EXP_LNKCTL_ASPMC);
	pcie_capability_read_word(pdev, PCI_EXP_LNKCTL, &control);
	if (control & PCI_EXP_LNKCTL_ASPMC && control != (u16)PCI_ERROR_RESPONSE)
		dev_warn(&pdev->dev, "ASPM stays on, which this chip has errata with\n");
}

static int tgbe_enable_pci(struct pci_dev *pdev, const struct tgbe_chip *chip)
{
	int err;

	/* before the device is enabled; it may be on from the firmware */
	if (chip->aspm_off)
		pci_disable_link_state(pdev, chip->aspm_off);
	/* the kernel may have no say in it (_OSC, pcie_aspm=off, no CONFIG_PCIEASPM) */
	tgbe_clear_aspm(pdev, chip);
	err = pci_enable_device_mem(pdev);
	if (err)
		return err;
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (err)
		err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (err) {
		dev_err(&pdev->dev, "no usable DMA addresses\n");
		goto disable;
	}
	err = pci_request_mem_regions(pdev, TGBE_DRV_NAME);
	if (err)
		goto disable;
	pci_set_master(pdev);
	return 0;

disable:
	pci_disable_device(pdev);
	return err;
}

static void tgbe_disable_pci(struct pci_dev *pdev)
{
	pci_clear_master(pdev);
	pci_release_mem_regions(pdev);
	pci_disable_device(pdev);
}

static struct tgbe_device *tgbe_alloc_device(struct pci_dev *pdev,
					     const struct tgbe_model *model)
{
	struct net_device *netdev;
	struct tgbe_device *dev;

	netdev = alloc_etherdev_mq(sizeof(*dev), model->chip->max_queues);
	if (!netdev)
		return NULL;
	SET_NETDEV_DEV(netdev, &pdev->dev);
	pci_set_drvdata(pdev, netdev);

	dev = netdev_priv(netdev);
	dev->netdev = netdev;
	dev->pdev = pdev;
	dev->chip = model->chip;
	dev->model = model;
	dev->msg_enable = NETIF_MSG_DRV | NETIF_MSG_PROBE | NETIF_MSG_LINK;
	mutex_init(&dev->fw_lock);
	mutex_init(&dev->hw_lock);
	spin_lock_init(&dev->ctrl_lock);
	spin_lock_init(&dev->filter_lock);
	spin_lock_init(&dev->stats_lock);
	spin_lock_init(&dev->ptp.lock);
	return dev;
}

/* No reason to refuse the port: the link may come up all the same */
static void tgbe_set_up_phy(struct tgbe_device *dev)
{
	int err = tgbe_phy_init(dev);

	if (err)
		dev_warn(&dev->pdev->dev, "PHY does not answer: %pe\n",
			 ERR_PTR(err));
}

/* From a mapped card to a registered net_device */
static int tgbe_bring_up(struct tgbe_device *dev)
{
	int err;

	err = dev->chip->reset(dev);
	if (err)
		return err;
	tgbe_nvm_init(dev);
	tgbe_read_mac_address(dev);
	tgbe_set_up_phy(dev);
	tgbe_trial(dev);
	err = tgbe_irq_alloc(dev);
	if (err)
		return err;

	tgbe_config_default(dev);
	tgbe_rss_init(dev);
	tgbe_link_init(dev);
	tgbe_wol_init(dev);
	tgbe_flow_init(dev);
	tgbe_netdev_init(dev);
	err = netif_set_real_num_queues(dev->netdev, dev->config.queues,
					dev->config.queues);
	if (err)
		goto free_irq;
	tgbe_ptp_init(dev);
	/* an open follows at once, which then finds carrier unknown */
	netif_carrier_off(dev->netdev);
	tgbe_port_release(dev);
	err = register_netdev(dev->netdev);
	if (err)
		goto exit_ptp;
	tgbe_netdev_xps(dev, 0);
	tgbe_debugfs_add(dev);
	return 0;

exit_ptp:
	tgbe_ptp_exit(dev);
free_irq:
	tgbe_irq_free(dev);
	return err;
}

static int tgbe_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	const struct tgbe_model *model = &models[id->driver_data];
	struct tgbe_device *dev;
	int err;

	err = tgbe_enable_pci(pdev, model->chip);
	if (err)
		return err;
	dev = tgbe_alloc_device(pdev, model);
	if (!dev) {
		err = -ENOMEM;
		goto disable;
	}
	dev->mapping = pci_ioremap_bar(pdev, BAR_REGS);
	if (!dev->mapping) {
		err = -ENOMEM;
		goto free_device;
	}
	dev->regs = dev->mapping;
	err = tgbe_bring_up(dev);
	if (err)
		goto unmap;

	/* what tgbe_slot_reset() restores */
	pci_save_state(pdev);
	netdev_info(dev->netdev, "%s at %s, %pM\n", model->name, pci_name(pdev),
		    dev->netdev->dev_addr);
	/* the PCI core keeps the card awake until somebody sets power/control to auto */
	pm_runtime_set_autosuspend_delay(&pdev->dev, TGBE_IDLE_MS);
	pm_runtime_use_autosuspend(&pdev->dev);
	pm_runtime_put_noidle(&pdev->dev);
	return 0;

unmap:
	tgbe_clear_bits(dev, TGBE_CTRL_EXT, TGBE_CTRL_EXT_DRV_LOAD);
	iounmap(dev->mapping);
free_device:
	free_netdev(dev->netdev);
disable:
	tgbe_disable_pci(pdev);
	return err;
}

static struct tgbe_device *tgbe_of(struct pci_dev *pdev)
{
	return netdev_priv(pci_get_drvdata(pdev));
}

static void tgbe_remove(struct pci_dev *pdev)
{
	struct net_device *netdev = pci_get_drvdata(pdev);
	struct tgbe_device *dev = netdev_priv(netdev);

	/* the PCI core has woken it */
	pm_runtime_get_noresume(&pdev->dev);
	pm_runtime_dont_use_autosuspend(&pdev->dev);
	tgbe_debugfs_remove(dev);
	unregister_netdev(netdev);
	cancel_work_sync(&dev->timeout_work);
	tgbe_ptp_exit(dev);
	/* back to the firmware, and to the next driver */
	tgbe_clear_bits(dev, TGBE_CTRL_EXT, TGBE_CTRL_EXT_DRV_LOAD);
	tgbe_irq_free(dev);
	iounmap(dev->mapping);
	free_netdev(netdev);
	tgbe_disable_pci(pdev);
}

static void tgbe_shutdown(struct pci_dev *pdev)
{
	struct net_device *netdev = pci_get_drvdata(pdev);
	struct tgbe_device *dev = netdev_priv(netdev);

	rtnl_lock();
	/* the VLAN code still talks to the port while it closes */
	dev_close(netdev);
	netif_device_detach(netdev);
	tgbe_wol_arm(dev);
	rtnl_unlock();
	/* its readers are still there */
	tgbe_ptp_hold(dev);
	tgbe_clear_bits(dev, TGBE_CTRL_EXT, TGBE_CTRL_EXT_DRV_LOAD);
	pci_disable_device(pdev);
	/* a restart goes on to use the card, it must stay in D0 */
	if (system_state == SYSTEM_POWER_OFF) {
		pci_wake_from_d3(pdev, dev->wol);
		pci_set_power_state(pdev, PCI_D3hot);
	}
}

/* Before a card is used again that was reset or without power. The PCI core has restored
 * the configuration space: older kernels (6.12 before its stable updates) forget by that
 * what they had saved, and tgbe_slot_reset() would have nothing to restore.
 *
 * The kernel remembers that it is not to switch ASPM on. It is not asked again, since it
 * calls tgbe_slot_reset() with the lock that this takes.
 */
static void tgbe_wake(struct tgbe_device *dev)
{
	tgbe_clear_aspm(dev->pdev, dev->chip);
	pci_save_state(dev->pdev);
}

/* The PCI core saves the configuration space and puts the card to sleep */
static int tgbe_suspend(struct device *device)
{
	struct tgbe_device *dev = tgbe_of(to_pci_dev(device));

	rtnl_lock();
	tgbe_netdev_halt(dev);
	/* the counter starts anew with the power */
	tgbe_ptp_hold(dev);
	tgbe_wol_arm(dev);
	tgbe_clear_bits(dev, TGBE_CTRL_EXT, TGBE_CTRL_EXT_DRV_LOAD);
	rtnl_unlock();
	return 0;
}

static int tgbe_resume(struct device *device)
{
	struct tgbe_device *dev = tgbe_of(to_pci_dev(device));
	int err;

	tgbe_wake(dev);
	rtnl_lock();
	tgbe_wol_disarm(dev);
	/* it was without power */
	tgbe_set_up_phy(dev);
	err = tgbe_netdev_resume(dev);
	rtnl_unlock();
	return err;
}

/* A closed port sleeps if power/control is auto. Ethtool and open wake it first, and
 * nobody else needs its registers: what writes them all the same, such as a new MAC
 * address, finds them gone, and open writes everything.
 *
 * Nobody may be in the middle of that, so RTNL is needed; but whoever has it may be
 * waiting for the end of this, as open does. So the wait is short, and the core tries
 * again after another idle time.
 */
static int tgbe_runtime_suspend(struct device *device)
{
	struct tgbe_device *dev = tgbe_of(to_pci_dev(device));
	int locked;

	if (read_poll_timeout(rtnl_trylock, locked, locked, 1000, RTNL_LIMIT_US, false)) {
		pm_runtime_mark_last_busy(device);
		return -EAGAIN;
	}
	tgbe_ptp_hold(dev);
	tgbe_wr(dev, TGBE_WUC, 0);
	tgbe_wr(dev, TGBE_WUFC, 0);
	tgbe_clear_bits(dev, TGBE_CTRL_EXT, TGBE_CTRL_EXT_DRV_LOAD);
	WRITE_ONCE(dev->regs, NULL);
	rtnl_unlock();
	return 0;
}

/* With RTNL held or not; the port is closed, and open resets it again */
static int tgbe_runtime_resume(struct device *device)
{
	struct tgbe_device *dev = tgbe_of(to_pci_dev(device));

	WRITE_ONCE(dev->regs, dev->mapping);
	tgbe_wake(dev);
	tgbe_reset_chip(dev);
	tgbe_set_up_phy(dev);
	return 0;
}

/* Somebody else resets the card: nothing of it is to be relied on until it is back */
static void tgbe_reset_prepare(struct pci_dev *pdev)
{
	struct tgbe_device *dev = tgbe_of(pdev);

	rtnl_lock();
	tgbe_netdev_halt(dev);
	tgbe_ptp_hold(dev);
	rtnl_unlock();
}

static void tgbe_reset_done(struct pci_dev *pdev)
{
	struct tgbe_device *dev = tgbe_of(pdev);

	rtnl_lock();
	/* an error that harmed nothing stopped nothing */
	if (dev->halted) {
		tgbe_wake(dev);
		tgbe_set_up_phy(dev);
		tgbe_netdev_resume(dev);
	}
	rtnl_unlock();
}

static pci_ers_result_t tgbe_error_detected(struct pci_dev *pdev,
					    pci_channel_state_t state)
{
	struct tgbe_device *dev = tgbe_of(pdev);

	if (state == pci_channel_io_normal)
		return PCI_ERS_RESULT_CAN_RECOVER;
	/* what is read now is not true, and what is written does not arrive */
	WRITE_ONCE(dev->regs, NULL);
	tgbe_reset_prepare(pdev);
	return state == pci_channel_io_perm_failure ? PCI_ERS_RESULT_DISCONNECT :
						      PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t tgbe_slot_reset(struct pci_dev *pdev)
{
	struct tgbe_device *dev = tgbe_of(pdev);

	pci_restore_state(pdev);
	tgbe_wake(dev);
	WRITE_ONCE(dev->regs, dev->mapping);
	return tgbe_rd(dev, TGBE_STATUS) == ~0u ? PCI_ERS_RESULT_DISCONNECT :
						  PCI_ERS_RESULT_RECOVERED;
}

static const struct pci_error_handlers tgbe_error_handlers = {
	.error_detected	= tgbe_error_detected,
	.slot_reset	= tgbe_slot_reset,
	.resume		= tgbe_reset_done,
	.reset_prepare	= tgbe_reset_prepare,
	.reset_done	= tgbe_reset_done,
};

static const struct dev_pm_ops tgbe_pm_ops = {
	SYSTEM_SLEEP_PM_OPS(tgbe_suspend, tgbe_resume)
	RUNTIME_PM_OPS(tgbe_runtime_suspend, tgbe_runtime_resume, NULL)
};

static struct pci_driver tgbe_driver = {
	.name		= TGBE_DRV_NAME,
	.id_table	= id_table,
	.probe		= tgbe_probe,
	.remove		= tgbe_remove,
	.shutdown	= tgbe_shutdown,
	.err_handler	= &tgbe_error_handlers,
	.driver.pm	= pm_ptr(&tgbe_pm_ops),
};

static int __init tgbe_init(void)
{
	int err;

	err = tgbe_affinity_register();
	if (err)
		return err;
	err = register_netdevice_notifier(&tgbe_netdev_notifier);
	if (err)
		goto unregister_affinity;
	tgbe_debugfs_init();
	err = pci_register_driver(&tgbe_driver);
	if (err)
		goto exit_debugfs;
	return 0;

exit_debugfs:
	tgbe_debugfs_exit();
	unregister_netdevice_notifier(&tgbe_netdev_notifier);
unregister_affinity:
	tgbe_affinity_unregister();
	return err;
}
module_init(tgbe_init);

static void __exit tgbe_exit(void)
{
	pci_unregister_driver(&tgbe_driver);
	tgbe_debugfs_exit();
	unregister_netdevice_notifier(&tgbe_netdev_notifier);
	tgbe_affinity_unregister();
}
module_exit(tgbe_exit);

MODULE_DESCRIPTION("Tunable driver for Intel 82576 and 82574L gigabit Ethernet");
MODULE_LICENSE("GPL");
