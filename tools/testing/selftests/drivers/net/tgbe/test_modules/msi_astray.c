// SPDX-License-Identifier: GPL-2.0
/*
 * As long as this module is loaded, cards that are given message-signalled interrupts are
 * told to write them where nobody is: the interrupts are lost, as on a machine whose
 * bridges do not pass them on.
 */

#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/ptrace.h>

static char *card;
module_param(card, charp, 0444);
MODULE_PARM_DESC(card, "the PCI address");

static bool msi;
module_param(msi, bool, 0444);
MODULE_PARM_DESC(msi, "MSI, too, and not only MSI-X");

/* In the middle of what the processors keep for themselves: no device answers there */
#define MSI_ASTRAY_NOWHERE	0xfed45000

static int msi_astray_enter(struct kprobe *probe, struct pt_regs *regs)
{
	struct msi_desc *desc = (void *)regs_get_kernel_argument(regs, 0);
	struct msi_msg *msg = (void *)regs_get_kernel_argument(regs, 1);

	if (!strcmp(dev_name(desc->dev), card) && (msi || desc->pci.msi_attrib.is_msix)) {
		msg->address_hi = 0;
		msg->address_lo = MSI_ASTRAY_NOWHERE;
	}
	return 0;
}
NOKPROBE_SYMBOL(msi_astray_enter);

static struct kprobe msi_astray_probe = {
	.symbol_name = "__pci_write_msi_msg",
	.pre_handler = msi_astray_enter,
};

static int __init msi_astray_init(void)
{
	return card ? register_kprobe(&msi_astray_probe) : -EINVAL;
}
module_init(msi_astray_init);

static void __exit msi_astray_exit(void)
{
	unregister_kprobe(&msi_astray_probe);
}
module_exit(msi_astray_exit);

MODULE_DESCRIPTION("Lets the message-signalled interrupts of a card get lost");
MODULE_LICENSE("GPL");
