// SPDX-License-Identifier: GPL-2.0
/* Module, PCI probe and remove, and the register access that notices when the
 * card is gone.
 */
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <kunit/static_stub.h>

#include "tgbe.h"
#include "tgbe_chip.h"

#define BAR_REGS	0

/**
 * tgbe_rd() - read a register
 * @dev: port
 * @reg: offset
 *
 * All ones from a register and from STATUS, which always has a zero bit, mean
 * that the card was pulled: the port is detached from the stack and the BAR
 * not touched again.
 *
 * Context: any.
 * Return: the value; all ones from a card that is gone.
 */
u32 tgbe_rd(struct tgbe_device *dev, u32 reg)
{
	u8 __iomem *regs = READ_ONCE(dev->regs);
	u32 val;

	KUNIT_STATIC_STUB_REDIRECT(tgbe_rd, dev, reg);

	if (unlikely(!regs))
		return ~0u;
	val = readl(regs + reg);
	if (likely(val != ~0u) || readl(regs + TGBE_STATUS) != ~0u)
		return val;

	WRITE_ONCE(dev->regs, NULL);
	dev_err(&dev->pdev->dev, "card is gone (register 0x%05x reads all ones)\n",
		reg);
	netif_device_detach(dev->netdev);
	return ~0u;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_rd);

/**
 * tgbe_wait() - wait until some bits of a register have a value
 * @dev: port
 * @reg: offset
 * @mask: bits to look at
 * @want: value they shall have
 * @step_us: microseconds between two looks
 * @limit_us: microseconds to wait at most
 *
 * Context: process, sleeps.
 * Return: 0 or -ETIMEDOUT.
 */
int tgbe_wait(struct tgbe_device *dev, u32 reg, u32 mask, u32 want,
	      unsigned int step_us, unsigned int limit_us)
{
	u32 val;

	return read_poll_timeout(tgbe_rd, val, (val & mask) == want, step_us,
				 limit_us, false, dev, reg);
}

static const struct tgbe_chip *const chips[] = {
	&tgbe_chip_82576,
	&tgbe_chip_82574,
};

enum {
	CHIP_82576,
	CHIP_82574,
};

/* Copper ports only. Just the first and the last were tried, both emulated */
static const struct pci_device_id id_table[] = {
	{ PCI_VDEVICE(INTEL, 0x10c9), .driver_data = CHIP_82576 },
	{ PCI_VDEVICE(INTEL, 0x10e8), .driver_data = CHIP_82576 },
	{ PCI_VDEVICE(INTEL, 0x1526), .driver_data = CHIP_82576 },
	{ PCI_VDEVICE(INTEL, 0x150a), .driver_data = CHIP_82576 },
	{ PCI_VDEVICE(INTEL, 0x10f6), .driver_data = CHIP_82574 },
	{ PCI_VDEVICE(INTEL, 0x10d3), .driver_data = CHIP_82574 },
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

static int tgbe_enable_pci(struct pci_dev *pdev, const struct tgbe_chip *chip)
{
	int err;

	/* before the device is enabled; it may be on from the firmware */
	if (chip->aspm_off && pci_disable_link_state(pdev, chip->aspm_off))
		dev_warn(&pdev->dev, "the firmware keeps ASPM on, which this chip has errata with\n");
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
					     const struct tgbe_chip *chip)
{
	struct net_device *netdev;
	struct tgbe_device *dev;

	netdev = alloc_etherdev_mq(sizeof(*dev), chip->max_queues);
	if (!netdev)
		return NULL;
	SET_NETDEV_DEV(netdev, &pdev->dev);
	pci_set_drvdata(pdev, netdev);

	dev = netdev_priv(netdev);
	dev->netdev = netdev;
	dev->pdev = pdev;
	dev->chip = chip;
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
	const struct tgbe_chip *chip = chips[id->driver_data];
	struct tgbe_device *dev;
	int err;

	err = tgbe_enable_pci(pdev, chip);
	if (err)
		return err;
	dev = tgbe_alloc_device(pdev, chip);
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
	netdev_info(dev->netdev, "%s at %s, %pM\n", dev->chip->name,
		    pci_name(pdev), dev->netdev->dev_addr);
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

	rtnl_lock();
	tgbe_wol_disarm(dev);
	/* it was without power */
	tgbe_set_up_phy(dev);
	err = tgbe_netdev_resume(dev);
	rtnl_unlock();
	return err;
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
	/* restoring takes it away */
	pci_save_state(pdev);
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

static DEFINE_SIMPLE_DEV_PM_OPS(tgbe_pm_ops, tgbe_suspend, tgbe_resume);

static struct pci_driver tgbe_driver = {
	.name		= TGBE_DRV_NAME,
	.id_table	= id_table,
	.probe		= tgbe_probe,
	.remove		= tgbe_remove,
	.shutdown	= tgbe_shutdown,
	.err_handler	= &tgbe_error_handlers,
	.driver.pm	= pm_sleep_ptr(&tgbe_pm_ops),
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
