// SPDX-License-Identifier: GPL-2.0
/*
 * As long as this module is loaded, Intel 82576 and 82574L cards get no MSI-X
 * vectors, so that a driver probed meanwhile has to make do with MSI.
 *
 * The kernels under test have no function error injection; a probe at the
 * entry of the function through which every MSI-X allocation goes does the
 * same by hand.
 */

#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/ptrace.h>

#define MSIX_BLOCK_82576	0x10c9
#define MSIX_BLOCK_82574L	0x10d3

static bool msix_block_wants(const struct pci_dev *pdev)
{
	return pdev->vendor == PCI_VENDOR_ID_INTEL &&
	       (pdev->device == MSIX_BLOCK_82576 ||
		pdev->device == MSIX_BLOCK_82574L);
}

/* Runs in place of the probed function, and returns to that one's caller. */
static noinline int msix_block_refuse(void)
{
	return -ENOSPC;
}
NOKPROBE_SYMBOL(msix_block_refuse);

static int msix_block_enter(struct kprobe *probe, struct pt_regs *regs)
{
	if (!msix_block_wants((void *)regs_get_kernel_argument(regs, 0)))
		return 0;

	instruction_pointer_set(regs, (unsigned long)msix_block_refuse);
	return 1;
}
NOKPROBE_SYMBOL(msix_block_enter);

/* Not called for the calls that are diverted. Its presence keeps kprobes from
 * optimizing the probe into a jump, which would ignore the new address.
 */
static void msix_block_left(struct kprobe *probe, struct pt_regs *regs,
			    unsigned long flags)
{
}
NOKPROBE_SYMBOL(msix_block_left);

static struct kprobe msix_block_probe = {
	.symbol_name = "__pci_enable_msix_range",
	.pre_handler = msix_block_enter,
	.post_handler = msix_block_left,
};

static int __init msix_block_init(void)
{
	return register_kprobe(&msix_block_probe);
}
module_init(msix_block_init);

static void __exit msix_block_exit(void)
{
	unregister_kprobe(&msix_block_probe);
}
module_exit(msix_block_exit);

MODULE_DESCRIPTION("Refuses MSI-X to the cards of the tgbe tests");
MODULE_LICENSE("GPL");
