// SPDX-License-Identifier: GPL-2.0
/*
 * As long as this module is loaded a function of the kernel or of a module is not
 * executed, and its callers are given a value of the test's choice.
 *
 * The kernels under test have no function error injection; a probe at the entry of the
 * function does the same by hand.
 */

#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>

static char *symbol;
module_param(symbol, charp, 0444);
MODULE_PARM_DESC(symbol, "the function");

static long value;
module_param(value, long, 0444);
MODULE_PARM_DESC(value, "what it returns");

/* Runs in place of the probed function, and returns to that one's caller. */
static noinline long override_answer(void)
{
	return value;
}
NOKPROBE_SYMBOL(override_answer);

static int override_enter(struct kprobe *probe, struct pt_regs *regs)
{
	instruction_pointer_set(regs, (unsigned long)override_answer);
	return 1;
}
NOKPROBE_SYMBOL(override_enter);

/* Never called. Its presence keeps kprobes from optimizing the probe into a jump, which
 * would ignore the new address.
 */
static void override_left(struct kprobe *probe, struct pt_regs *regs,
			  unsigned long flags)
{
}
NOKPROBE_SYMBOL(override_left);

static struct kprobe override_probe = {
	.pre_handler = override_enter,
	.post_handler = override_left,
};

static int __init override_init(void)
{
	override_probe.symbol_name = symbol;
	return symbol ? register_kprobe(&override_probe) : -EINVAL;
}
module_init(override_init);

static void __exit override_exit(void)
{
	unregister_kprobe(&override_probe);
}
module_exit(override_exit);

MODULE_DESCRIPTION("Answers in the place of a function");
MODULE_LICENSE("GPL");
