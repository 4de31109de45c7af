// SPDX-License-Identifier: GPL-2.0
/* The CPU that takes the interrupts of a queue's vector. Each vector starts on a CPU
 * of its own. A mask that the user writes to /proc/irq takes the place of that CPU.
 * The kernel forgets a mask whose last CPU goes offline, so the driver moves the
 * vector to another CPU first, and back when one of the mask's CPUs returns.
 */
#include <linux/cpu_rmap.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/interrupt.h>
#include <linux/irq.h>

#include "tgbe.h"
#include "tgbe_ring.h"

static enum cpuhp_state hotplug_state;

/* A mask that the driver did not set is the user's */
static void tgbe_affinity_learn(struct tgbe_vector *vector, const struct cpumask *mask)
{
	if (cpumask_equal(mask, &vector->cpus_set))
		return;
	cpumask_copy(&vector->cpus_wanted, mask);
	cpumask_copy(&vector->cpus_set, mask);
}

/* Nobody is notified while the port is closed. While it is open the mask cannot be
 * read: a change may wait for the next interrupt.
 */
static void tgbe_affinity_read(struct tgbe_device *dev)
{
	lockdep_assert_held(&dev->affinity_lock);
	if (dev->affinity_notified)
		return;
	for (unsigned int q = 0; q < dev->queues_max; q++)
		tgbe_affinity_learn(dev->vector[q],
				    irq_get_affinity_mask(tgbe_irq_number(dev, q)));
}

static void tgbe_affinity_set(struct tgbe_vector *vector, const struct cpumask *mask)
{
	int irq = tgbe_irq_number(vector->dev, vector->index);

	if (cpumask_equal(mask, &vector->cpus_set))
		return;
	if (irq_set_affinity(irq, mask))
		mask = irq_get_affinity_mask(irq);
	cpumask_copy(&vector->cpus_set, mask);
}

static bool tgbe_affinity_is_online(const struct cpumask *mask, unsigned int leaving)
{
	unsigned int cpu;

	for_each_cpu_and(cpu, mask, cpu_online_mask)
		if (cpu != leaving)
			return true;
	return false;
}

/* The online CPU with the fewest of the port's vectors, those @unplaced not counted;
 * of several the nearest one
 */
static unsigned int tgbe_affinity_idlest(struct tgbe_device *dev, unsigned int leaving,
					 unsigned long unplaced)
{
	unsigned int best = 0, fewest = UINT_MAX;

	for (unsigned int i = 0; i < num_online_cpus(); i++) {
		unsigned int cpu = cpumask_local_spread(i, dev_to_node(&dev->pdev->dev));
		unsigned int vectors = 0;

		if (cpu == leaving)
			continue;
		for (unsigned int q = 0; q < dev->queues_max; q++)
			if (!(unplaced & BIT(q)))
				vectors += cpumask_test_cpu(cpu, &dev->vector[q]->cpus_set);
		if (vectors < fewest) {
			fewest = vectors;
			best = cpu;
		}
	}
	return best;
}

/* @leaving is about to go offline; nr_cpu_ids if no CPU is */
static void tgbe_affinity_spread(struct tgbe_device *dev, unsigned int leaving)
{
	unsigned long unplaced = 0;

	mutex_lock(&dev->affinity_lock);
	tgbe_affinity_read(dev);
	for (unsigned int q = 0; q < dev->queues_max; q++) {
		struct tgbe_vector *vector = dev->vector[q];

		if (tgbe_affinity_is_online(&vector->cpus_wanted, leaving))
			tgbe_affinity_set(vector, &vector->cpus_wanted);
		else
			unplaced |= BIT(q);
	}
	for (unsigned int q = 0; q < dev->queues_max; q++) {
		if (!(unplaced & BIT(q)))
			continue;
		tgbe_affinity_set(dev->vector[q],
				  cpumask_of(tgbe_affinity_idlest(dev, leaving, unplaced)));
		unplaced &= ~BIT(q);
	}
	mutex_unlock(&dev->affinity_lock);
}

static int tgbe_affinity_cpu_online(unsigned int cpu, struct hlist_node *node)
{
	tgbe_affinity_spread(hlist_entry(node, struct tgbe_device, hotplug), nr_cpu_ids);
	return 0;
}

static int tgbe_affinity_cpu_offline(unsigned int cpu, struct hlist_node *node)
{
	tgbe_affinity_spread(hlist_entry(node, struct tgbe_device, hotplug), cpu);
	return 0;
}

#ifdef CONFIG_RFS_ACCEL
static void tgbe_affinity_unmap(struct tgbe_device *dev)
{
	struct cpu_rmap *rmap = dev->netdev->rx_cpu_rmap;

	dev->netdev->rx_cpu_rmap = NULL;
	if (rmap)
		cpu_rmap_put(rmap);
}

static void tgbe_affinity_map_vector(struct tgbe_vector *vector,
				     const struct cpumask *mask)
{
	struct cpu_rmap *rmap = vector->dev->netdev->rx_cpu_rmap;

	if (rmap && cpu_rmap_update(rmap, vector->index, mask))
		netdev_dbg(vector->dev->netdev, "no memory to map CPUs to queue %u\n",
			   vector->index);
}

/* The queue whose interrupt is nearest to a CPU. Without the map flows are not steered */
static void tgbe_affinity_map(struct tgbe_device *dev)
{
	if (!dev->flow.usable)
		return;
	dev->netdev->rx_cpu_rmap = alloc_cpu_rmap(dev->queues_max, GFP_KERNEL);
	if (!dev->netdev->rx_cpu_rmap)
		return;
	for (unsigned int q = 0; q < dev->queues_max; q++) {
		cpu_rmap_add(dev->netdev->rx_cpu_rmap, dev->vector[q]);
		tgbe_affinity_map_vector(dev->vector[q], &dev->vector[q]->cpus_set);
	}
}
#else
static void tgbe_affinity_unmap(struct tgbe_device *dev)
{
}

static void tgbe_affinity_map_vector(struct tgbe_vector *vector,
				     const struct cpumask *mask)
{
}

static void tgbe_affinity_map(struct tgbe_device *dev)
{
}
#endif /* CONFIG_RFS_ACCEL */

static void tgbe_affinity_notify(struct irq_affinity_notify *notify,
				 const cpumask_t *mask)
{
	struct tgbe_vector *vector = container_of(notify, struct tgbe_vector,
						  affinity_notify);
	struct tgbe_device *dev = vector->dev;

	mutex_lock(&dev->affinity_lock);
	/* A later change brings its own notification, and @mask may be one that the
	 * driver has replaced since.
	 */
	if (!work_pending(&notify->work)) {
		tgbe_affinity_learn(vector, mask);
		tgbe_affinity_map_vector(vector, mask);
	}
	mutex_unlock(&dev->affinity_lock);
}

/* The vector outlives its notifier */
static void tgbe_affinity_release(struct kref *kref)
{
}

/**
 * tgbe_affinity_prepare() - take over what the user set while the port was closed
 * @dev: port with MSI-X, its interrupts about to be requested
 *
 * A request leaves the CPUs that are offline out of the mask, which is not the user's
 * doing.
 *
 * Context: process, RTNL.
 */
void tgbe_affinity_prepare(struct tgbe_device *dev)
{
	mutex_lock(&dev->affinity_lock);
	tgbe_affinity_read(dev);
	dev->affinity_notified = true;
	mutex_unlock(&dev->affinity_lock);
}

/**
 * tgbe_affinity_start() - give each vector its mask and follow the user's changes
 * @dev: port with MSI-X, its interrupts just requested, its polls disabled
 *
 * Context: process, RTNL.
 */
void tgbe_affinity_start(struct tgbe_device *dev)
{
	mutex_lock(&dev->affinity_lock);
	tgbe_affinity_map(dev);
	for (unsigned int q = 0; q < dev->queues_max; q++) {
		struct tgbe_vector *vector = dev->vector[q];
		int irq = tgbe_irq_number(dev, q);

		vector->affinity_notify.notify = tgbe_affinity_notify;
		vector->affinity_notify.release = tgbe_affinity_release;
		irq_set_affinity_notifier(irq, &vector->affinity_notify);
		/* Without an interrupt since, a change before the last close still waits
		 * for one, and this one replaces it
		 */
		irq_set_affinity(irq, &vector->cpus_set);
	}
	mutex_unlock(&dev->affinity_lock);
}

/**
 * tgbe_affinity_stop() - undo tgbe_affinity_start()
 * @dev: port with MSI-X, its interrupts about to be freed, its polls disabled
 *
 * Context: process, RTNL.
 */
void tgbe_affinity_stop(struct tgbe_device *dev)
{
	for (unsigned int q = 0; q < dev->queues_max; q++)
		irq_set_affinity_notifier(tgbe_irq_number(dev, q), NULL);
	tgbe_affinity_unmap(dev);
}

/**
 * tgbe_affinity_settle() - undo tgbe_affinity_prepare(); the masks stay
 * @dev: port with MSI-X, its interrupts freed
 *
 * A change that no interrupt came for is in force now.
 *
 * Context: process, RTNL.
 */
void tgbe_affinity_settle(struct tgbe_device *dev)
{
	mutex_lock(&dev->affinity_lock);
	for (unsigned int q = 0; q < dev->queues_max; q++)
		irq_set_affinity(tgbe_irq_number(dev, q), &dev->vector[q]->cpus_set);
	dev->affinity_notified = false;
	mutex_unlock(&dev->affinity_lock);
}

static int tgbe_affinity_queue_of(struct tgbe_device *dev, unsigned int cpu)
{
	for (unsigned int q = 0; q < dev->queues_max; q++)
		if (dev->vector[q]->home_cpu == cpu)
			return q;
	return -1;
}

/**
 * tgbe_affinity_senders() - the CPUs that send on a queue until the user sets a map
 * @dev: port
 * @queue: queue pair
 * @cpus: becomes the CPU that takes the queue's interrupts, and its share of the CPUs
 *	  without a queue. CPUs that are offline are among them, so that a queue has the
 *	  same CPUs whichever of them are online.
 */
void tgbe_affinity_senders(struct tgbe_device *dev, unsigned int queue,
			   struct cpumask *cpus)
{
	unsigned int cpu, others = 0;

	cpumask_clear(cpus);
	for_each_possible_cpu(cpu) {
		int owner = tgbe_affinity_queue_of(dev, cpu);

		if (owner < 0)
			owner = others++ % dev->queues_max;
		if (owner == queue)
			cpumask_set_cpu(cpu, cpus);
	}
}

/**
 * tgbe_affinity_init() - a CPU for each vector, those nearest to the card first
 * @dev: port with MSI-X and its vectors, none of them requested
 *
 * Context: process.
 * Return: 0 or the error of the CPU hotplug core.
 */
int tgbe_affinity_init(struct tgbe_device *dev)
{
	int node = dev_to_node(&dev->pdev->dev);

	mutex_init(&dev->affinity_lock);
	for (unsigned int q = 0; q < dev->queues_max; q++) {
		struct tgbe_vector *vector = dev->vector[q];

		vector->home_cpu = cpumask_local_spread(q, node);
		cpumask_copy(&vector->cpus_wanted, cpumask_of(vector->home_cpu));
		tgbe_affinity_set(vector, &vector->cpus_wanted);
	}
	return cpuhp_state_add_instance_nocalls(hotplug_state, &dev->hotplug);
}

/**
 * tgbe_affinity_exit() - undo tgbe_affinity_init()
 * @dev: closed port with MSI-X
 *
 * Context: process.
 */
void tgbe_affinity_exit(struct tgbe_device *dev)
{
	cpuhp_state_remove_instance_nocalls(hotplug_state, &dev->hotplug);
}

/**
 * tgbe_affinity_register() - hear of CPUs that come and go
 *
 * Return: 0 or the error of the CPU hotplug core.
 */
int tgbe_affinity_register(void)
{
	int state = cpuhp_setup_state_multi(CPUHP_AP_ONLINE_DYN, "net/tgbe:online",
					    tgbe_affinity_cpu_online,
					    tgbe_affinity_cpu_offline);

	if (state < 0)
		return state;
	hotplug_state = state;
	return 0;
}

/**
 * tgbe_affinity_unregister() - undo tgbe_affinity_register()
 */
void tgbe_affinity_unregister(void)
{
	cpuhp_remove_multi_state(hotplug_state);
}
