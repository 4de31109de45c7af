// SPDX-License-Identifier: GPL-2.0
/* Wake-on-LAN: what wakes the machine, and how the port is left for its sleep.
 *
 * Whether a card can wake at all is for its PCI power management capability to say,
 * which the NVM shapes; which of its ports can is a matter of the board. The NVM also
 * says whether a port does so by default.
 */
#include <linux/bitfield.h>
#include <linux/ethtool.h>
#include <linux/pci.h>
#include <linux/pm_wakeup.h>

#include "tgbe.h"
#include "tgbe_chip.h"

static const struct {
	u32 event;
	u32 filter;
} events[] = {
	{ WAKE_PHY, TGBE_WUFC_LNKC },
	{ WAKE_MAGIC, TGBE_WUFC_MAG },
	{ WAKE_UCAST, TGBE_WUFC_EX },
	{ WAKE_MCAST, TGBE_WUFC_MC },
	{ WAKE_BCAST, TGBE_WUFC_BC },
};

static unsigned int tgbe_wol_function(struct tgbe_device *dev)
{
	/* the 82574's one port is function 0 whatever these bits say */
	if (dev->chip->format == TGBE_FMT_EXT)
		return 0;
	return FIELD_GET(TGBE_STATUS_FUNC, tgbe_rd(dev, TGBE_STATUS));
}

static bool tgbe_apm_enabled(struct tgbe_device *dev)
{
	unsigned int func = tgbe_wol_function(dev);
	u16 word;

	return !tgbe_nvm_read(dev, TGBE_NVM_CONTROL3(func), 1, &word) &&
	       word & TGBE_NVM_CONTROL3_APM;
}

/* A switch joins the chips of the board; the first one has the lowest bus */
static bool tgbe_is_first_chip(struct pci_dev *pdev)
{
	struct pci_dev *port = pci_upstream_bridge(pdev), *other = NULL, *above;
	bool first = true;

	while ((other = pci_get_device(pdev->vendor, pdev->device, other))) {
		above = pci_upstream_bridge(other);
		if (port && above && above->bus == port->bus &&
		    other->bus->number < pdev->bus->number)
			first = false;
	}
	return first;
}

/* Auxiliary power and the wire for the wake signal do not reach every port. The second
 * one of an 82576 has them where its NVM word says so (82576 6.2).
 */
static bool tgbe_port_wakes(struct tgbe_device *dev)
{
	unsigned int func = tgbe_wol_function(dev);

	if (dev->model->wakes_on_port_a)
		return func == 0 && tgbe_is_first_chip(dev->pdev);
	return func == 0 || tgbe_apm_enabled(dev);
}

/* Not device_can_wakeup(): firmware may claim that of a card without PME */
static bool tgbe_can_wake(struct pci_dev *pdev)
{
	return pci_pme_capable(pdev, PCI_D3hot) || pci_pme_capable(pdev, PCI_D3cold);
}

static void tgbe_wol_choose(struct tgbe_device *dev, u32 wol)
{
	dev->wol = wol;
	device_set_wakeup_enable(&dev->pdev->dev, wol);
}

/**
 * tgbe_wol_init() - once, at probe: what the card can, and what the NVM says
 * @dev: port
 */
void tgbe_wol_init(struct tgbe_device *dev)
{
	if (!tgbe_can_wake(dev->pdev) || !tgbe_port_wakes(dev))
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(events); i++)
		dev->wol_supported |= events[i].event;
	tgbe_wol_choose(dev, tgbe_apm_enabled(dev) ? WAKE_MAGIC : 0);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_wol_init);

/**
 * tgbe_wol_get() - what can wake the machine and what shall
 * @dev: port
 * @wol: filled in
 */
void tgbe_wol_get(struct tgbe_device *dev, struct ethtool_wolinfo *wol)
{
	wol->supported = dev->wol_supported;
	wol->wolopts = dev->wol;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_wol_get);

/**
 * tgbe_wol_set() - choose what shall wake the machine
 * @dev: port
 * @wol: WAKE_* events
 * @extack: why it was refused
 *
 * Context: process, RTNL.
 * Return: 0, or -EOPNOTSUPP for an event that the port cannot look for.
 */
int tgbe_wol_set(struct tgbe_device *dev, const struct ethtool_wolinfo *wol,
		 struct netlink_ext_ack *extack)
{
	if (wol->wolopts & ~dev->wol_supported) {
		NL_SET_ERR_MSG_MOD(extack, "the card cannot be woken by that");
		return -EOPNOTSUPP;
	}
	tgbe_wol_choose(dev, wol->wolopts);
	return 0;
}

static u32 tgbe_wake_filters(const struct tgbe_device *dev)
{
	u32 filters = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(events); i++)
		if (dev->wol & events[i].event)
			filters |= events[i].filter;
	return filters;
}

/**
 * tgbe_wol_arm() - leave a stopped port so that it wakes the machine, or does not
 * @dev: port whose chip was reset
 *
 * Its queues are off, so that frames which pass the filters go nowhere
 * (82576 5, 82574 6).
 *
 * Context: process, RTNL.
 */
void tgbe_wol_arm(struct tgbe_device *dev)
{
	u32 filters = tgbe_wake_filters(dev);

	tgbe_phy_rest(dev);
	/* the reset stopped asking the PHY for a link */
	tgbe_chip_ctrl(dev, TGBE_CTRL_FRCSPD | TGBE_CTRL_FRCDPX, TGBE_CTRL_SLU);
	/* a link that is up may change its speed in order to save power, and that
	 * would end the sleep at once; nor is its coming back after the reset a change
	 */
	if (filters & TGBE_WUFC_LNKC &&
	    !tgbe_wait(dev, TGBE_STATUS, TGBE_STATUS_LU, TGBE_STATUS_LU, 10000, 100000))
		filters &= ~TGBE_WUFC_LNKC;
	if (!filters) {
		tgbe_wr(dev, TGBE_WUC, 0);
		tgbe_wr(dev, TGBE_WUFC, 0);
		return;
	}
	/* which addresses are ours */
	tgbe_filter_init(dev);
	tgbe_filter_rctl(dev, 0, TGBE_RCTL_EN | TGBE_RCTL_BAM |
			 (filters & TGBE_WUFC_MC ? TGBE_RCTL_MPE : 0));
	tgbe_chip_ctrl(dev, 0, dev->chip->wake_ctrl);
	tgbe_chip_stop_bus(dev);
	tgbe_wr(dev, TGBE_WUS, ~0u);
	tgbe_wr(dev, TGBE_WUC, TGBE_WUC_PME_EN);
	tgbe_wr(dev, TGBE_WUFC, filters);
	tgbe_flush(dev);
}

/**
 * tgbe_wol_disarm() - the machine is awake
 * @dev: port about to be reset
 *
 * Context: process, RTNL.
 */
void tgbe_wol_disarm(struct tgbe_device *dev)
{
	tgbe_wr(dev, TGBE_WUFC, 0);
	/* what woke it; written as ones to clear */
	tgbe_wr(dev, TGBE_WUS, ~0u);
}
