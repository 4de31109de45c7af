// SPDX-License-Identifier: GPL-2.0
/* Ring dumps, read-only: /sys/kernel/debug/tgbe/<PCI address>/{rx,tx}-<queue>.
 * Both arrays side by side, and the indices of driver and chip.
 */
#include <linux/debugfs.h>
#include <linux/rtnetlink.h>
#include <linux/seq_file.h>

#include "tgbe.h"
#include "tgbe_chip.h"
#include "tgbe_ring.h"

static struct dentry *root;

static void tgbe_show_head(struct seq_file *m, struct tgbe_device *dev,
			   const struct tgbe_ring *ring)
{
	u32 base = ring->is_rx ? dev->chip->rxq(ring->index) :
				 dev->chip->txq(ring->index);

	seq_printf(m, "size %u limit %u next_to_use %u next_to_clean %u head %u tail %u\n",
		   ring->count, ring->limit, READ_ONCE(ring->next_to_use),
		   READ_ONCE(ring->next_to_clean),
		   tgbe_rd(dev, base + TGBE_Q_HEAD),
		   tgbe_rd(dev, base + TGBE_Q_TAIL));
}

static void tgbe_show_slot(struct seq_file *m, const struct tgbe_ring *ring,
			   unsigned int i)
{
	const __le64 *desc = (const __le64 *)ring->desc + 2 * i;

	seq_printf(m, "%4u %016llx %016llx ", i, le64_to_cpu(desc[0]),
		   le64_to_cpu(desc[1]));
	if (ring->is_rx)
		seq_printf(m, "%s offset %lu\n",
			   ring->rx_slot[i].page ? "posted" : "empty",
			   offset_in_page(ring->rx_slot[i].buffer));
	else
		seq_printf(m, "%s len %u last %u\n",
			   ring->tx_slot[i].skb ? "frame" : "-",
			   ring->tx_slot[i].len, ring->tx_slot[i].last);
}

/* The lock keeps the rings where they are. What a poll or a sender changes while
 * it is looked at is shown as it happens to be.
 */
static int tgbe_ring_show(struct seq_file *m, bool is_rx)
{
	struct tgbe_vector *vector = m->private;
	struct tgbe_ring *ring;

	rtnl_lock();
	ring = is_rx ? vector->rx : vector->tx;
	if (ring) {
		tgbe_show_head(m, vector->dev, ring);
		for (unsigned int i = 0; i < ring->count; i++)
			tgbe_show_slot(m, ring, i);
	}
	rtnl_unlock();
	return 0;
}

static int tgbe_rx_ring_show(struct seq_file *m, void *unused)
{
	return tgbe_ring_show(m, true);
}
DEFINE_SHOW_ATTRIBUTE(tgbe_rx_ring);

static int tgbe_tx_ring_show(struct seq_file *m, void *unused)
{
	return tgbe_ring_show(m, false);
}
DEFINE_SHOW_ATTRIBUTE(tgbe_tx_ring);

/**
 * tgbe_debugfs_add() - make the files of a port
 * @dev: registered port
 */
void tgbe_debugfs_add(struct tgbe_device *dev)
{
	dev->debugfs = debugfs_create_dir(pci_name(dev->pdev), root);
	for (unsigned int q = 0; q < dev->queues_max; q++) {
		char name[8];

		snprintf(name, sizeof(name), "rx-%u", q);
		debugfs_create_file(name, 0400, dev->debugfs, dev->vector[q],
				    &tgbe_rx_ring_fops);
		snprintf(name, sizeof(name), "tx-%u", q);
		debugfs_create_file(name, 0400, dev->debugfs, dev->vector[q],
				    &tgbe_tx_ring_fops);
	}
}

/**
 * tgbe_debugfs_remove() - remove them, and wait for their readers
 * @dev: port
 *
 * Context: process, without RTNL.
 */
void tgbe_debugfs_remove(struct tgbe_device *dev)
{
	debugfs_remove(dev->debugfs);
}

/**
 * tgbe_debugfs_init() - make the driver's directory
 */
void tgbe_debugfs_init(void)
{
	root = debugfs_create_dir(TGBE_DRV_NAME, NULL);
}

/**
 * tgbe_debugfs_exit() - remove it
 */
void tgbe_debugfs_exit(void)
{
	debugfs_remove(root);
}
