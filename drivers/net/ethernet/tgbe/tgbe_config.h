/* SPDX-License-Identifier: GPL-2.0 */
/* All that a user can set and that shapes the queues, with its limits */
#ifndef _TGBE_CONFIG_H_
#define _TGBE_CONFIG_H_

#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/types.h>

#include "tgbe_moderation.h"

struct netlink_ext_ack;
struct tgbe_device;

/* Queue pairs of the larger chip that this driver uses. The 82576 has 16, and
 * its 10 vectors would leave 9, but the VLAN, RSS and IVAR registers are
 * simplest for 8, which is also one a CPU on the machines it is found in.
 */
#define TGBE_MAX_QUEUES		8

/* Ring sizes in descriptors. Both chips want RDLEN/TDLEN in units of 128
 * bytes, which is 8 descriptors.
 */
#define TGBE_RING_MIN		64
#define TGBE_RING_MAX		4096
#define TGBE_RING_STEP		8
#define TGBE_RING_DEFAULT	512

/* The MTU leaves out the Ethernet header, two VLAN tags (802.1ad, or 802.1Q twice) and
 * the FCS. 9216 + 26 is below the receive limits of both chips (9728 and 16 KB).
 */
#define TGBE_FRAME_OVERHEAD	(ETH_HLEN + 2 * VLAN_HLEN + ETH_FCS_LEN)
#define TGBE_MTU_MAX		9216

/* Frames up to a copybreak of bytes are copied and not mapped or wrapped. The second is
 * the size of a transmit ring's buffers for copies.
 */
#define TGBE_RX_COPYBREAK_MAX	1024
#define TGBE_TX_COPYBREAK_MAX	256

/* The shares of a poll: frames received, frames taken back after transmission,
 * and buffers given to the chip with one tail write
 */
#define TGBE_BATCH_MAX		256

/**
 * struct tgbe_config - all that a user can set and that shapes the queues
 * @rx_size: descriptors in a receive ring
 * @tx_size: descriptors in a transmit ring
 * @queues: queue pairs
 * @mtu: bytes, as the stack counts them
 * @rx_all: damaged frames and such of any length are let in
 * @rx_batch: frames received in one poll at most
 * @tx_batch: frames taken back in one poll at most
 * @refill_batch: buffers posted with one tail write
 * @rx_buffer: bytes a receive buffer shall take at least
 * @split: headers of received frames are split off
 * @unsplit: but not those of frames up to this many bytes
 * @rx_copybreak: received frames up to this many bytes are copied
 * @tx_copybreak: the same of frames to be sent
 * @moderation: of each vector, in use or not
 */
struct tgbe_config {
	u32 rx_size;
	u32 tx_size;
	u32 queues;
	u32 mtu;
	bool rx_all;
	u32 rx_batch;
	u32 tx_batch;
	u32 refill_batch;
	u32 rx_buffer;
	bool split;
	u32 unsplit;
	u32 rx_copybreak;
	u32 tx_copybreak;
	struct tgbe_moderation moderation[TGBE_MAX_QUEUES];
};

void tgbe_config_default(struct tgbe_device *dev);
int tgbe_config_apply(struct tgbe_device *dev, const struct tgbe_config *want,
		      struct netlink_ext_ack *extack);
unsigned int tgbe_config_frame(const struct tgbe_config *config);
unsigned int tgbe_config_buffer(struct tgbe_device *dev,
				const struct tgbe_config *config);

#endif /* _TGBE_CONFIG_H_ */
