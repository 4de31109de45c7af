// SPDX-License-Identifier: GPL-2.0
/* The knobs that ethtool has no word for: /sys/class/net/<if>/tgbe/, see
 * Documentation/ABI/testing/sysfs-class-net-tgbe.
 */
#include <linux/capability.h>
#include <linux/rtnetlink.h>
#include <net/net_namespace.h>

#include "tgbe.h"

/* A knob is a u32 of struct tgbe_config; its attribute knows where */
static u32 *tgbe_knob_of(struct tgbe_config *config, struct device_attribute *attr)
{
	struct dev_ext_attribute *knob =
		container_of(attr, struct dev_ext_attribute, attr);

	return (void *)config + (uintptr_t)knob->var;
}

static ssize_t tgbe_show_knob(struct device *d, struct device_attribute *attr,
			      char *buf)
{
	struct tgbe_device *dev = netdev_priv(to_net_dev(d));

	return sysfs_emit(buf, "%u\n", READ_ONCE(*tgbe_knob_of(&dev->config, attr)));
}

/* Changed like everything else: the whole configuration is checked and applied */
static ssize_t tgbe_store_knob(struct device *d, struct device_attribute *attr,
			       const char *buf, size_t len)
{
	struct tgbe_device *dev = netdev_priv(to_net_dev(d));
	struct tgbe_config want;
	u32 value;
	int err;

	if (!ns_capable(dev_net(dev->netdev)->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	err = kstrtou32(buf, 0, &value);
	if (err)
		return err;
	/* an unregistering port waits for us with the lock held */
	if (!rtnl_trylock())
		return restart_syscall();
	want = dev->config;
	*tgbe_knob_of(&want, attr) = value;
	err = tgbe_config_apply(dev, &want, NULL);
	rtnl_unlock();
	return err ?: len;
}

#define TGBE_KNOB(_name, _member)					\
static struct dev_ext_attribute knob_##_name = {			\
	__ATTR(_name, 0644, tgbe_show_knob, tgbe_store_knob),		\
	(void *)offsetof(struct tgbe_config, _member),			\
}

TGBE_KNOB(rx_poll_batch, rx_batch);
TGBE_KNOB(tx_clean_batch, tx_batch);
TGBE_KNOB(rx_refill_batch, refill_batch);

static struct attribute *attrs[] = {
	&knob_rx_poll_batch.attr.attr,
	&knob_tx_clean_batch.attr.attr,
	&knob_rx_refill_batch.attr.attr,
	NULL
};

const struct attribute_group tgbe_sysfs_group = {
	.name = "tgbe",
	.attrs = attrs,
};
