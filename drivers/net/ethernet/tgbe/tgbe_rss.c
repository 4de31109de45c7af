// SPDX-License-Identifier: GPL-2.0
/* Receive-side scaling: key, indirection table, and steering a queue's share
 * elsewhere while its ring is swapped.
 */
#include <linux/ethtool.h>

#include "tgbe.h"
#include "tgbe_chip.h"

/**
 * tgbe_rss_init() - once, at probe: the system's key and an even table
 * @dev: port with its queues known
 */
void tgbe_rss_init(struct tgbe_device *dev)
{
	netdev_rss_key_fill(dev->rss_key, sizeof(dev->rss_key));
	dev->rss_mode = dev->chip->rss_mode;
	tgbe_rss_spread(dev, dev->config.queues);
}

/**
 * tgbe_rss_spread() - an even table for so many queues, unless the user made one
 * @dev: port
 * @queues: queue pairs
 *
 * The chip is not told.
 *
 * Context: process, RTNL.
 */
void tgbe_rss_spread(struct tgbe_device *dev, unsigned int queues)
{
	if (netif_is_rxfh_configured(dev->netdev))
		return;
	for (unsigned int i = 0; i < TGBE_RETA_ENTRIES; i++)
		dev->rss_table[i] = ethtool_rxfh_indir_default(i, queues);
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

static void tgbe_write_key(struct tgbe_device *dev)
{
	for (unsigned int i = 0; i < TGBE_RSSRK_BYTES; i += 4)
		tgbe_wr(dev, TGBE_RSSRK(i / 4),
			get_unaligned_le32(dev->rss_key + i));
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
	tgbe_write_key(dev);
	tgbe_rss_steer(dev, -1);
	tgbe_wr(dev, TGBE_MRQC, dev->rss_mode);
}

/**
 * tgbe_rss_get() - the table and the key
 * @dev: port
 * @rxfh: filled in where the caller has room
 */
void tgbe_rss_get(struct tgbe_device *dev, struct ethtool_rxfh_param *rxfh)
{
	rxfh->hfunc = ETH_RSS_HASH_TOP;
	for (unsigned int i = 0; rxfh->indir && i < TGBE_RETA_ENTRIES; i++)
		rxfh->indir[i] = dev->rss_table[i];
	if (rxfh->key)
		memcpy(rxfh->key, dev->rss_key, TGBE_RSSRK_BYTES);
}

/**
 * tgbe_rss_set() - change table or key while frames are received
 * @dev: port
 * @rxfh: what is to change; the caller has checked the table's queues
 * @extack: says why not
 *
 * Context: process, RTNL.
 * Return: 0, or -EOPNOTSUPP for another hash function.
 */
int tgbe_rss_set(struct tgbe_device *dev, const struct ethtool_rxfh_param *rxfh,
		 struct netlink_ext_ack *extack)
{
	if (rxfh->hfunc != ETH_RSS_HASH_NO_CHANGE &&
	    rxfh->hfunc != ETH_RSS_HASH_TOP) {
		NL_SET_ERR_MSG_MOD(extack, "the only hash function is toeplitz");
		return -EOPNOTSUPP;
	}
	for (unsigned int i = 0; rxfh->indir && i < TGBE_RETA_ENTRIES; i++)
		dev->rss_table[i] = rxfh->indir[i];
	if (rxfh->key)
		memcpy(dev->rss_key, rxfh->key, TGBE_RSSRK_BYTES);
	if (!netif_running(dev->netdev))
		return 0;
	if (rxfh->key)
		tgbe_write_key(dev);
	if (rxfh->indir)
		tgbe_rss_steer(dev, -1);
	return 0;
}

/* The bits of MRQC that add a protocol's ports to the addresses. 0 where the
 * chips have none, so that the addresses are all that is hashed.
 */
static u32 tgbe_port_bits(const struct tgbe_device *dev, u32 flow_type)
{
	switch (flow_type) {
	case TCP_V4_FLOW:
		return TGBE_MRQC_TCP4;
	case TCP_V6_FLOW:
		return dev->chip->rss_mode & (TGBE_MRQC_TCP6 |
					      TGBE_MRQC_TCP6_EX);
	case UDP_V4_FLOW:
		return dev->chip->rss_udp & TGBE_MRQC_82576_UDP4;
	case UDP_V6_FLOW:
		return dev->chip->rss_udp & TGBE_MRQC_82576_UDP6;
	default:
		return 0;
	}
}

#define ADDRESSES	(RXH_IP_SRC | RXH_IP_DST)
#define PORTS		(RXH_L4_B_0_1 | RXH_L4_B_2_3)

/**
 * tgbe_rss_get_fields() - what is hashed of a kind of frame
 * @dev: port
 * @flow_type: TCP_V4_FLOW and the like
 *
 * Return: RXH_* bits; 0 for frames that are not IP.
 */
u32 tgbe_rss_get_fields(struct tgbe_device *dev, u32 flow_type)
{
	switch (flow_type) {
	case TCP_V4_FLOW:
	case TCP_V6_FLOW:
	case UDP_V4_FLOW:
	case UDP_V6_FLOW:
		if (dev->rss_mode & tgbe_port_bits(dev, flow_type))
			return ADDRESSES | PORTS;
		return ADDRESSES;
	case SCTP_V4_FLOW:
	case SCTP_V6_FLOW:
	case AH_V4_FLOW:
	case AH_V6_FLOW:
	case ESP_V4_FLOW:
	case ESP_V6_FLOW:
	case AH_ESP_V4_FLOW:
	case AH_ESP_V6_FLOW:
	case IPV4_FLOW:
	case IPV6_FLOW:
		return ADDRESSES;
	default:
		return 0;
	}
}

/**
 * tgbe_rss_set_fields() - choose what is hashed of a kind of frame
 * @dev: port
 * @flow_type: TCP_V4_FLOW and the like
 * @fields: RXH_* bits
 * @extack: says what the chip can
 *
 * Context: process, RTNL.
 * Return: 0 or -EINVAL.
 */
int tgbe_rss_set_fields(struct tgbe_device *dev, u32 flow_type, u32 fields,
			struct netlink_ext_ack *extack)
{
	u32 bits = tgbe_port_bits(dev, flow_type);
	u32 mode = dev->rss_mode;

	if (!tgbe_rss_get_fields(dev, flow_type)) {
		NL_SET_ERR_MSG_MOD(extack, "only IP frames are hashed");
		return -EINVAL;
	}
	if (fields == (ADDRESSES | PORTS) && bits) {
		mode |= bits;
	} else if (fields == ADDRESSES) {
		mode &= ~bits;
	} else {
		NL_SET_ERR_MSG_FMT_MOD(extack, "the chip hashes both addresses (sd)%s",
				       bits ? ", or these and both ports (sdfn)" :
					      " of such frames and nothing else");
		return -EINVAL;
	}
	dev->rss_mode = mode;
	if (netif_running(dev->netdev))
		tgbe_wr(dev, TGBE_MRQC, mode);
	return 0;
}
