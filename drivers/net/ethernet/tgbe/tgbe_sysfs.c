// SPDX-License-Identifier: GPL-2.0
/* The knobs that ethtool has no word for: /sys/class/net/<if>/tgbe/, see
 * Documentation/ABI/testing/sysfs-class-net-tgbe.
 */
#include <linux/rtnetlink.h>

#include "tgbe.h"

static struct tgbe_device *device_of(struct device *d)
{
	return netdev_priv(to_net_dev(d));
}

/* Configuration members are changed like everywhere else, as a whole */
static ssize_t store(struct device *d, const char *buf, size_t len,
		     size_t member)
{
	struct tgbe_device *dev = device_of(d);
	struct tgbe_config want;
	u32 value;
	int err;

	err = kstrtou32(buf, 0, &value);
	if (err)
		return err;
	/* an unregistering port waits for us with the lock held */
	if (!rtnl_trylock())
		return restart_syscall();
	want = dev->config;
	*(u32 *)((char *)&want + member) = value;
	err = tgbe_config_apply(dev, &want, NULL);
	rtnl_unlock();
	return err ?: len;
}

#define TGBE_KNOB(_name, _member)					\
static ssize_t _name##_show(struct device *d,				\
			    struct device_attribute *attr, char *buf)	\
{									\
	return sysfs_emit(buf, "%u\n",					\
			  READ_ONCE(device_of(d)->config._member));	\
}									\
									\
static ssize_t _name##_store(struct device *d,				\
			     struct device_attribute *attr,		\
			     const char *buf, size_t len)		\
{									\
	return store(d, buf, len, offsetof(struct tgbe_config, _member)); \
}									\
static DEVICE_ATTR_RW(_name)

TGBE_KNOB(rx_poll_batch, rx_batch);
TGBE_KNOB(tx_clean_batch, tx_batch);
TGBE_KNOB(rx_refill_batch, refill_batch);

static struct attribute *attrs[] = {
	&dev_attr_rx_poll_batch.attr,
	&dev_attr_tx_clean_batch.attr,
	&dev_attr_rx_refill_batch.attr,
	NULL
};

const struct attribute_group tgbe_sysfs_group = {
	.name = "tgbe",
	.attrs = attrs,
};
