/* SPDX-License-Identifier: GPL-2.0 */
/* Rules that choose a receive queue, of users and of the stack */
#ifndef _TGBE_FLOW_H_
#define _TGBE_FLOW_H_

#include <linux/bits.h>
#include <linux/ethtool.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct net_device;
struct netlink_ext_ack;
struct sk_buff;
struct tgbe_device;

/* Filters of a kind that rules can have: of the chip's 8, number
 * %TGBE_FLOW_STAMPS is for frames to be time-stamped.
 */
#define TGBE_FLOW_KIND		7
#define TGBE_FLOW_STAMPS	3

/* Locations are in the order in which the chip looks: EtherType filters first, then
 * those for addresses, protocol and ports
 */
#define TGBE_FLOW_TUPLES	TGBE_FLOW_KIND
#define TGBE_FLOW_RULES		(2 * TGBE_FLOW_KIND)

/* What a rule compares */
#define TGBE_FLOW_TYPE		BIT(0)
#define TGBE_FLOW_PROTO		BIT(1)
#define TGBE_FLOW_SRC		BIT(2)
#define TGBE_FLOW_DST		BIT(3)
#define TGBE_FLOW_SPORT		BIT(4)
#define TGBE_FLOW_DPORT		BIT(5)

/**
 * struct tgbe_flow_match - the frames that a rule is for
 * @compare: TGBE_FLOW_*; the other members count only if they are named here
 * @type: EtherType
 * @src: IPv4 address
 * @dst: IPv4 address
 * @sport: port
 * @dport: port
 * @proto: IPPROTO_*
 */
struct tgbe_flow_match {
	u8 compare;
	u8 proto;
	__be16 type;
	__be32 src;
	__be32 dst;
	__be16 sport;
	__be16 dport;
};

/**
 * enum tgbe_flow_owner - who made a rule
 * @TGBE_FLOW_FREE: nobody
 * @TGBE_FLOW_USER: ethtool -N; it stays until it is deleted
 * @TGBE_FLOW_STACK: accelerated receive flow steering; it goes when the flow does,
 *		     or when a user wants the filter
 */
enum tgbe_flow_owner {
	TGBE_FLOW_FREE,
	TGBE_FLOW_USER,
	TGBE_FLOW_STACK,
};

/**
 * struct tgbe_flow_rule - one of them
 * @owner: who made it
 * @queue: where its frames go
 * @match: which frames
 * @flow_id: the stack's name for it
 * @spec: a user's words, to be shown as they were said
 */
struct tgbe_flow_rule {
	enum tgbe_flow_owner owner;
	u8 queue;
	struct tgbe_flow_match match;
	u32 flow_id;
	struct ethtool_rx_flow_spec spec;
};

/**
 * struct tgbe_flow - the rules of a port
 * @lock: protects @avoid, @rule and the filter registers
 * @usable: the card has filters; else there are no rules
 * @avoid: queue that no rule shall send to for now, or -1
 * @rule: by location
 */
struct tgbe_flow {
	spinlock_t lock;	/* avoid, rule, registers */
	bool usable;
	int avoid;
	struct tgbe_flow_rule rule[TGBE_FLOW_RULES];
};

void tgbe_flow_init(struct tgbe_device *dev);
void tgbe_flow_start(struct tgbe_device *dev);
void tgbe_flow_stop(struct tgbe_device *dev);
void tgbe_flow_avoid(struct tgbe_device *dev, int avoid);
int tgbe_flow_insert(struct tgbe_device *dev, struct ethtool_rx_flow_spec *spec,
		     struct netlink_ext_ack *extack);
int tgbe_flow_delete(struct tgbe_device *dev, u32 loc,
		     struct netlink_ext_ack *extack);
int tgbe_flow_get(const struct tgbe_device *dev, struct ethtool_rx_flow_spec *spec);
int tgbe_flow_list(const struct tgbe_device *dev, u32 *locs, unsigned int room);
int tgbe_flow_check(const struct tgbe_device *dev, unsigned int queues,
		    struct netlink_ext_ack *extack);
void tgbe_flow_clear(struct tgbe_device *dev);
void tgbe_flow_leave(struct tgbe_device *dev, unsigned int queues);
#ifdef CONFIG_RFS_ACCEL
int tgbe_flow_steer(struct net_device *netdev, const struct sk_buff *skb, u16 queue,
		    u32 flow_id);
void tgbe_flow_expire(struct tgbe_device *dev);
#else
static inline void tgbe_flow_expire(struct tgbe_device *dev)
{
}
#endif

#endif /* _TGBE_FLOW_H_ */
