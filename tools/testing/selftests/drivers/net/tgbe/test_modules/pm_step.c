// SPDX-License-Identifier: GPL-2.0
/*
 * As long as this module is loaded the driver of a card has it asleep, as it does before
 * the machine is suspended, and wakes it when the module goes. The whole machine is not
 * suspended, since the emulated one loses its console by that, and the card keeps its power.
 */

#include <linux/device.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm.h>

static char *card;
module_param(card, charp, 0444);
MODULE_PARM_DESC(card, "the PCI address");

static struct device *asleep;

static int __init pm_step_init(void)
{
	int err;

	asleep = bus_find_device_by_name(&pci_bus_type, NULL, card ?: "");
	if (!asleep)
		return -ENODEV;
	device_lock(asleep);
	err = asleep->driver ? pm_generic_suspend(asleep) : -ENODEV;
	device_unlock(asleep);
	if (err)
		put_device(asleep);
	return err;
}
module_init(pm_step_init);

static void __exit pm_step_exit(void)
{
	device_lock(asleep);
	if (pm_generic_resume(asleep))
		dev_err(asleep, "does not wake\n");
	device_unlock(asleep);
	put_device(asleep);
}
module_exit(pm_step_exit);

MODULE_DESCRIPTION("Suspends and resumes a single card");
MODULE_LICENSE("GPL");
