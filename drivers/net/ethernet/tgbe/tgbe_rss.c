// SPDX-License-Identifier: GPL-2.0
/* Receive-side scaling: key, indirection table, and steering a queue's share
 * elsewhere while its ring is swapped.
 */
#include <linux/ethtool.h>

#include "tgbe.h"

/**
 * tgbe_rss_init() - once, at probe: the system's key and an even table
 * @dev: port with its queues known
 */
void tgbe_rss_init(struct tgbe_device *dev)
{
	netdev_rss_key_fill(dev->rss_key, sizeof(dev->rss_key));
	for (unsigned int i = 0; i < TGBE_RETA_ENTRIES; i++)
		dev->rss_table[i] =
			ethtool_rxfh_indir_default(i, dev->config.queues);
}

/**
 * tgbe_rss_steer() - write the indirection table
 * @dev: port
 * @avoid: queue that shall get nothing for now, or -1
 *
 * Frames that are not hashed go to queue 0 whatever the table says, and with
 * one queue there is nowhere else to go.
 *
 * Context: process, RTNL.
 */
void tgbe_rss_steer(struct tgbe_device *dev, int avoid)
{
	for (unsigned int i = 0; i < TGBE_RETA_ENTRIES; i += 4) {
		u32 word = 0;

		for (unsigned int n = 0; n < 4; n++) {
			unsigned int q = dev->rss_table[i + n];

			if (q == avoid)
				q = (q + 1) % dev->config.queues;
			word |= (u32)dev->chip->rss_entry(q) << 8 * n;
		}
		tgbe_wr(dev, TGBE_RETA(i / 4), word);
	}
	tgbe_flush(dev);
}

/**
 * tgbe_rss_enable() - write key, table and mode to a chip that was reset
 * @dev: port being opened
 *
 * With one queue this only gives frames their hash.
 *
 * Context: process, RTNL.
 */
void tgbe_rss_enable(struct tgbe_device *dev)
{
	for (unsigned int i = 0; i < TGBE_RSSRK_BYTES; i += 4)
		tgbe_wr(dev, TGBE_RSSRK(i / 4),
			get_unaligned_le32(dev->rss_key + i));
	tgbe_rss_steer(dev, -1);
	tgbe_wr(dev, TGBE_MRQC, dev->chip->rss_mode);
}
