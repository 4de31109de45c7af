// SPDX-License-Identifier: GPL-2.0
/* Rules that choose a receive queue: those of ethtool -N, and the flows that the
 * stack steers to the CPU of their reader (accelerated RFS).
 *
 * The 82576 has filters for both; the 82574L has none, and neither have emulated
 * cards: whether a card keeps what is written to its filters is looked at once, at
 * probe.
 */
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <net/flow_dissector.h>
#include <net/rps.h>

#include "tgbe.h"
#include "tgbe_chip.h"

/**
 * tgbe_flow_init() - once, at probe: are there filters?
 * @dev: port whose chip was reset
 */
void tgbe_flow_init(struct tgbe_device *dev)
{
	spin_lock_init(&dev->flow.lock);
	dev->flow.avoid = -1;
	if (!dev->chip->flow_present)
		return;
	dev->flow.usable = dev->chip->flow_present(dev);
	if (!dev->flow.usable)
		dev_info(&dev->pdev->dev,
			 "no receive filters, as in emulated cards: no ntuple rules\n");
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_flow_init);

/* Tell the chip about a location's rule, or that there is none */
static void tgbe_flow_write(struct tgbe_device *dev, unsigned int loc)
{
	const struct tgbe_flow_rule *rule = &dev->flow.rule[loc];
	const struct tgbe_flow_match *match = &rule->match;
	unsigned int entry = loc % TGBE_FLOW_KIND;

	lockdep_assert_held(&dev->flow.lock);
	if (rule->owner == TGBE_FLOW_FREE || rule->queue == dev->flow.avoid)
		match = NULL;
	entry += entry >= TGBE_FLOW_STAMPS;
	if (loc < TGBE_FLOW_TUPLES)
		dev->chip->flow_type(dev, entry, match, rule->queue);
	else
		dev->chip->flow_tuple(dev, entry, match, rule->queue);
}

static void tgbe_flow_write_all(struct tgbe_device *dev, int avoid)
{
	if (!dev->flow.usable)
		return;
	spin_lock_bh(&dev->flow.lock);
	dev->flow.avoid = avoid;
	for (unsigned int loc = 0; loc < TGBE_FLOW_RULES; loc++)
		tgbe_flow_write(dev, loc);
	spin_unlock_bh(&dev->flow.lock);
}

/* A port that is closed is told when it opens */
static void tgbe_flow_tell(struct tgbe_device *dev, unsigned int loc)
{
	if (netif_running(dev->netdev))
		tgbe_flow_write(dev, loc);
}

static void tgbe_flow_forget(struct tgbe_device *dev, unsigned int loc)
{
	dev->flow.rule[loc].owner = TGBE_FLOW_FREE;
	tgbe_flow_tell(dev, loc);
}

/**
 * tgbe_flow_avoid() - keep the rules' frames from a queue
 * @dev: running port
 * @avoid: queue that shall get nothing for now, or -1
 *
 * What a rule would send there goes where it would go without the rule.
 *
 * Context: process, RTNL.
 */
void tgbe_flow_avoid(struct tgbe_device *dev, int avoid)
{
	tgbe_flow_write_all(dev, avoid);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_flow_avoid);

/* Fields are compared whole or not at all */
static int tgbe_flow_take(struct tgbe_flow_match *match, u8 field, u32 mask, u32 full,
			  struct netlink_ext_ack *extack)
{
	if (mask && mask != full) {
		NL_SET_ERR_MSG_MOD(extack, "fields are compared whole or not at all");
		return -EOPNOTSUPP;
	}
	if (mask)
		match->compare |= field;
	return 0;
}

static int tgbe_flow_parse_type(const struct ethtool_rx_flow_spec *spec,
				struct tgbe_flow_match *match,
				struct netlink_ext_ack *extack)
{
	const struct ethhdr *val = &spec->h_u.ether_spec;
	const struct ethhdr *mask = &spec->m_u.ether_spec;
	int err;

	if (!is_zero_ether_addr(mask->h_source) ||
	    !is_zero_ether_addr(mask->h_dest)) {
		NL_SET_ERR_MSG_MOD(extack, "ether rules compare the type, no addresses");
		return -EOPNOTSUPP;
	}
	match->type = val->h_proto;
	err = tgbe_flow_take(match, TGBE_FLOW_TYPE, be16_to_cpu(mask->h_proto),
			     0xffff, extack);
	if (err)
		return err;
	switch (be16_to_cpu(val->h_proto)) {
	case ETH_P_IP:
	case ETH_P_IPV6:
		NL_SET_ERR_MSG_MOD(extack, "a type of IP would end checksums and RSS");
		return -EOPNOTSUPP;
	case ETH_P_1588:
		NL_SET_ERR_MSG_MOD(extack, "EtherType 0x88f7 belongs to time stamping");
		return -EBUSY;
	default:
		return 0;
	}
}

static int tgbe_flow_parse_ports(const struct ethtool_rx_flow_spec *spec,
				 struct tgbe_flow_match *match, u8 proto,
				 struct netlink_ext_ack *extack)
{
	const struct ethtool_tcpip4_spec *val = &spec->h_u.tcp_ip4_spec;
	const struct ethtool_tcpip4_spec *mask = &spec->m_u.tcp_ip4_spec;

	if (mask->tos) {
		NL_SET_ERR_MSG_MOD(extack, "the filters do not look at the TOS byte");
		return -EOPNOTSUPP;
	}
	match->compare = TGBE_FLOW_PROTO;
	match->proto = proto;
	match->src = val->ip4src;
	match->dst = val->ip4dst;
	match->sport = val->psrc;
	match->dport = val->pdst;
	return tgbe_flow_take(match, TGBE_FLOW_SRC, be32_to_cpu(mask->ip4src),
			      0xffffffff, extack) ?:
	       tgbe_flow_take(match, TGBE_FLOW_DST, be32_to_cpu(mask->ip4dst),
			      0xffffffff, extack) ?:
	       tgbe_flow_take(match, TGBE_FLOW_SPORT, be16_to_cpu(mask->psrc),
			      0xffff, extack) ?:
	       tgbe_flow_take(match, TGBE_FLOW_DPORT, be16_to_cpu(mask->pdst),
			      0xffff, extack);
}

static int tgbe_flow_parse_ip(const struct ethtool_rx_flow_spec *spec,
			      struct tgbe_flow_match *match,
			      struct netlink_ext_ack *extack)
{
	const struct ethtool_usrip4_spec *val = &spec->h_u.usr_ip4_spec;
	const struct ethtool_usrip4_spec *mask = &spec->m_u.usr_ip4_spec;

	if (val->ip_ver != ETH_RX_NFC_IP4 || mask->tos || mask->l4_4_bytes) {
		NL_SET_ERR_MSG_MOD(extack, "ip4 rules compare addresses and protocol");
		return -EOPNOTSUPP;
	}
	match->src = val->ip4src;
	match->dst = val->ip4dst;
	match->proto = val->proto;
	return tgbe_flow_take(match, TGBE_FLOW_SRC, be32_to_cpu(mask->ip4src),
			      0xffffffff, extack) ?:
	       tgbe_flow_take(match, TGBE_FLOW_DST, be32_to_cpu(mask->ip4dst),
			      0xffffffff, extack) ?:
	       tgbe_flow_take(match, TGBE_FLOW_PROTO, mask->proto, 0xff, extack);
}

/* From the user's words to what the filters compare */
static int tgbe_flow_parse(const struct ethtool_rx_flow_spec *spec,
			   struct tgbe_flow_match *match,
			   struct netlink_ext_ack *extack)
{
	int err;

	memset(match, 0, sizeof(*match));
	switch (spec->flow_type) {
	case ETHER_FLOW:
		err = tgbe_flow_parse_type(spec, match, extack);
		break;
	case TCP_V4_FLOW:
		err = tgbe_flow_parse_ports(spec, match, IPPROTO_TCP, extack);
		break;
	case UDP_V4_FLOW:
		err = tgbe_flow_parse_ports(spec, match, IPPROTO_UDP, extack);
		break;
	case IPV4_USER_FLOW:
		err = tgbe_flow_parse_ip(spec, match, extack);
		break;
	default:
		NL_SET_ERR_MSG_MOD(extack, "rules are plain ether, tcp4, udp4 or ip4");
		return -EOPNOTSUPP;
	}
	if (!err && !match->compare) {
		NL_SET_ERR_MSG_MOD(extack, "a rule has to compare something");
		err = -EINVAL;
	}
	return err;
}

static int tgbe_flow_parse_queue(const struct tgbe_device *dev, u64 cookie,
				 struct netlink_ext_ack *extack)
{
	if (cookie == RX_CLS_FLOW_DISC || cookie == RX_CLS_FLOW_WAKE ||
	    ethtool_get_flow_spec_ring_vf(cookie)) {
		NL_SET_ERR_MSG_MOD(extack, "the filters choose a queue, nothing else");
		return -EOPNOTSUPP;
	}
	if (ethtool_get_flow_spec_ring(cookie) < dev->config.queues)
		return ethtool_get_flow_spec_ring(cookie);
	NL_SET_ERR_MSG_FMT_MOD(extack, "queue must be 0..%u",
			       dev->config.queues - 1);
	return -EINVAL;
}

/* Where a rule of the user may go without asking him: a free filter, or else one
 * that the stack can do without
 */
static int tgbe_flow_find(const struct tgbe_device *dev, unsigned int first,
			  struct netlink_ext_ack *extack)
{
	static const enum tgbe_flow_owner choice[] = {
		TGBE_FLOW_FREE, TGBE_FLOW_STACK,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(choice); i++)
		for (unsigned int n = 0; n < TGBE_FLOW_KIND; n++)
			if (dev->flow.rule[first + n].owner == choice[i])
				return first + n;
	NL_SET_ERR_MSG_FMT_MOD(extack, "all %u filters for such rules are in use",
			       TGBE_FLOW_KIND);
	return -ENOSPC;
}

static int tgbe_flow_place(const struct tgbe_device *dev, u32 wanted,
			   const struct tgbe_flow_match *match,
			   struct netlink_ext_ack *extack)
{
	unsigned int first = match->compare & TGBE_FLOW_TYPE ? 0 : TGBE_FLOW_TUPLES;

	if (wanted == RX_CLS_LOC_ANY)
		return tgbe_flow_find(dev, first, extack);
	if (wanted >= first && wanted < first + TGBE_FLOW_KIND)
		return wanted;
	NL_SET_ERR_MSG_FMT_MOD(extack, "the location of such a rule must be %u..%u",
			       first, first + TGBE_FLOW_KIND - 1);
	return -EINVAL;
}

/* The chip does not say which of two would be obeyed */
static int tgbe_flow_check_type(const struct tgbe_device *dev, unsigned int loc,
				const struct tgbe_flow_match *match,
				struct netlink_ext_ack *extack)
{
	if (!(match->compare & TGBE_FLOW_TYPE))
		return 0;
	for (unsigned int i = 0; i < TGBE_FLOW_TUPLES; i++) {
		const struct tgbe_flow_rule *rule = &dev->flow.rule[i];

		if (i == loc || rule->owner == TGBE_FLOW_FREE ||
		    rule->match.type != match->type)
			continue;
		NL_SET_ERR_MSG_FMT_MOD(extack, "the rule at location %u is for this EtherType",
				       i);
		return -EEXIST;
	}
	return 0;
}

static int tgbe_flow_check_usable(const struct tgbe_device *dev,
				  struct netlink_ext_ack *extack)
{
	if (!dev->chip->flow_present)
		NL_SET_ERR_MSG_MOD(extack, "this chip has no receive filters");
	else if (!dev->flow.usable)
		NL_SET_ERR_MSG_MOD(extack, "this card has no working receive filters");
	else if (!(dev->netdev->features & NETIF_F_NTUPLE))
		NL_SET_ERR_MSG_MOD(extack, "rules are off (ethtool -K ... ntuple on)");
	else
		return 0;
	return -EOPNOTSUPP;
}

/**
 * tgbe_flow_insert() - make a rule, or put one in another's place
 * @dev: port
 * @spec: the user's words; told the location if the choice was left to the driver
 * @extack: says why not
 *
 * Context: process, RTNL.
 * Return: 0; -EOPNOTSUPP for a port without filters or a rule that they cannot
 * express; -EINVAL for a queue or location that is not there; -ENOSPC for one
 * rule too many; -EEXIST or -EBUSY for an EtherType that is taken.
 */
int tgbe_flow_insert(struct tgbe_device *dev, struct ethtool_rx_flow_spec *spec,
		     struct netlink_ext_ack *extack)
{
	struct tgbe_flow_match match;
	struct tgbe_flow_rule *rule;
	int err, queue, loc;

	err = tgbe_flow_check_usable(dev, extack) ?:
	      tgbe_flow_parse(spec, &match, extack);
	if (err)
		return err;
	queue = tgbe_flow_parse_queue(dev, spec->ring_cookie, extack);
	if (queue < 0)
		return queue;

	spin_lock_bh(&dev->flow.lock);
	loc = tgbe_flow_place(dev, spec->location, &match, extack);
	err = loc < 0 ? loc : tgbe_flow_check_type(dev, loc, &match, extack);
	if (!err) {
		spec->location = loc;
		rule = &dev->flow.rule[loc];
		rule->owner = TGBE_FLOW_USER;
		rule->queue = queue;
		rule->match = match;
		rule->spec = *spec;
		tgbe_flow_tell(dev, loc);
	}
	spin_unlock_bh(&dev->flow.lock);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_flow_insert);

static const struct tgbe_flow_rule *tgbe_flow_user(const struct tgbe_device *dev,
						   u32 loc)
{
	if (loc >= TGBE_FLOW_RULES ||
	    dev->flow.rule[loc].owner != TGBE_FLOW_USER)
		return NULL;
	return &dev->flow.rule[loc];
}

/**
 * tgbe_flow_delete() - take a user's rule away
 * @dev: port
 * @loc: its location
 * @extack: says why not
 *
 * Context: process, RTNL.
 * Return: 0, or -ENOENT if there is none.
 */
int tgbe_flow_delete(struct tgbe_device *dev, u32 loc,
		     struct netlink_ext_ack *extack)
{
	if (!tgbe_flow_user(dev, loc)) {
		NL_SET_ERR_MSG_FMT_MOD(extack, "no rule at location %u", loc);
		return -ENOENT;
	}
	spin_lock_bh(&dev->flow.lock);
	tgbe_flow_forget(dev, loc);
	spin_unlock_bh(&dev->flow.lock);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_flow_delete);

/**
 * tgbe_flow_get() - a user's rule in his words
 * @dev: port
 * @spec: filled in from its location
 *
 * Context: process, RTNL.
 * Return: 0, or -ENOENT if there is none.
 */
int tgbe_flow_get(const struct tgbe_device *dev, struct ethtool_rx_flow_spec *spec)
{
	const struct tgbe_flow_rule *rule = tgbe_flow_user(dev, spec->location);

	if (!rule)
		return -ENOENT;
	*spec = rule->spec;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_flow_get);

/**
 * tgbe_flow_list() - where the users' rules are
 * @dev: port
 * @locs: filled with their locations, or NULL to count only
 * @room: of @locs
 *
 * Context: process, RTNL.
 * Return: number of rules, or -EMSGSIZE for more than there is room.
 */
int tgbe_flow_list(const struct tgbe_device *dev, u32 *locs, unsigned int room)
{
	unsigned int n = 0;

	for (unsigned int loc = 0; loc < TGBE_FLOW_RULES; loc++) {
		if (!tgbe_flow_user(dev, loc))
			continue;
		if (locs && n == room)
			return -EMSGSIZE;
		if (locs)
			locs[n] = loc;
		n++;
	}
	return n;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_flow_list);

/**
 * tgbe_flow_check() - would the users' rules have their queues?
 * @dev: port
 * @queues: queue pairs that there would be
 * @extack: names the rule that would not
 *
 * Context: process, RTNL.
 * Return: 0 or -EINVAL.
 */
int tgbe_flow_check(const struct tgbe_device *dev, unsigned int queues,
		    struct netlink_ext_ack *extack)
{
	for (unsigned int loc = 0; loc < TGBE_FLOW_RULES; loc++) {
		const struct tgbe_flow_rule *rule = tgbe_flow_user(dev, loc);

		if (!rule || rule->queue < queues)
			continue;
		NL_SET_ERR_MSG_FMT_MOD(extack, "rule %u uses queue %u: delete it first",
				       loc, rule->queue);
		return -EINVAL;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_flow_check);

static void tgbe_flow_forget_if(struct tgbe_device *dev, enum tgbe_flow_owner owner,
				unsigned int first_queue)
{
	spin_lock_bh(&dev->flow.lock);
	for (unsigned int loc = 0; loc < TGBE_FLOW_RULES; loc++)
		if (dev->flow.rule[loc].owner == owner &&
		    dev->flow.rule[loc].queue >= first_queue)
			tgbe_flow_forget(dev, loc);
	spin_unlock_bh(&dev->flow.lock);
}

/**
 * tgbe_flow_clear() - rules were switched off: take them all away
 * @dev: port
 *
 * Context: process, RTNL.
 */
void tgbe_flow_clear(struct tgbe_device *dev)
{
	tgbe_flow_forget_if(dev, TGBE_FLOW_USER, 0);
	tgbe_flow_forget_if(dev, TGBE_FLOW_STACK, 0);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_flow_clear);

/**
 * tgbe_flow_leave() - let no rule of the stack point at queues that go
 * @dev: running port whose users' rules do not
 * @queues: queue pairs that stay; the configuration in force says so already
 *
 * Context: process, RTNL.
 */
void tgbe_flow_leave(struct tgbe_device *dev, unsigned int queues)
{
	tgbe_flow_forget_if(dev, TGBE_FLOW_STACK, queues);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_flow_leave);

#ifdef CONFIG_RFS_ACCEL
/* Only whole IPv4 datagrams of the protocols that have ports where the chip looks */
static int tgbe_flow_of_frame(const struct sk_buff *skb,
			      struct tgbe_flow_match *match)
{
	struct flow_keys keys;

	if (!skb_flow_dissect_flow_keys(skb, &keys, 0) ||
	    keys.basic.n_proto != htons(ETH_P_IP) ||
	    (keys.basic.ip_proto != IPPROTO_TCP &&
	     keys.basic.ip_proto != IPPROTO_UDP) ||
	    keys.control.flags & (FLOW_DIS_IS_FRAGMENT | FLOW_DIS_ENCAPSULATION))
		return -EPROTONOSUPPORT;
	*match = (struct tgbe_flow_match){
		.compare = TGBE_FLOW_PROTO | TGBE_FLOW_SRC | TGBE_FLOW_DST |
			   TGBE_FLOW_SPORT | TGBE_FLOW_DPORT,
		.proto = keys.basic.ip_proto,
		.src = keys.addrs.v4addrs.src,
		.dst = keys.addrs.v4addrs.dst,
		.sport = keys.ports.src,
		.dport = keys.ports.dst,
	};
	return 0;
}

static bool tgbe_flow_same(const struct tgbe_flow_match *a,
			   const struct tgbe_flow_match *b)
{
	return a->compare == b->compare && a->proto == b->proto &&
	       a->src == b->src && a->dst == b->dst && a->sport == b->sport &&
	       a->dport == b->dport;
}

/* The filter that the flow has already, or a free one from the end, where users'
 * rules come last
 */
static int tgbe_flow_place_stack(const struct tgbe_device *dev,
				 const struct tgbe_flow_match *match)
{
	int found = -ENOSPC;

	for (int loc = TGBE_FLOW_TUPLES; loc < TGBE_FLOW_RULES; loc++) {
		const struct tgbe_flow_rule *rule = &dev->flow.rule[loc];

		if (rule->owner == TGBE_FLOW_FREE)
			found = loc;
		else if (rule->owner == TGBE_FLOW_STACK &&
			 tgbe_flow_same(&rule->match, match))
			return loc;
	}
	return found;
}

/**
 * tgbe_flow_steer() - ndo_rx_flow_steer
 * @netdev: port
 * @skb: frame of the flow
 * @queue: where the flow's reader is
 * @flow_id: the stack's name for it
 *
 * Context: softirq.
 * Return: the filter, for rps_may_expire_flow(); -EPROTONOSUPPORT for what the
 * filters cannot express; -ENOSPC if all are in use; -EINVAL for a queue that is
 * not in use.
 */
int tgbe_flow_steer(struct net_device *netdev, const struct sk_buff *skb, u16 queue,
		    u32 flow_id)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	struct tgbe_flow_match match;
	struct tgbe_flow_rule *rule;
	bool known;
	int loc;

	loc = tgbe_flow_of_frame(skb, &match);
	if (loc)
		return loc;
	spin_lock_bh(&dev->flow.lock);
	/* under the lock, so that tgbe_flow_leave() finds what is made here */
	if (queue >= READ_ONCE(dev->config.queues)) {
		loc = -EINVAL;
		goto out;
	}
	loc = tgbe_flow_place_stack(dev, &match);
	if (loc < 0)
		goto out;
	rule = &dev->flow.rule[loc];
	/* Frames on their way to the old queue each bring us here again: to write
	 * the filter anew would switch it off for a moment, and send more there.
	 */
	known = rule->owner == TGBE_FLOW_STACK && rule->queue == queue;
	rule->owner = TGBE_FLOW_STACK;
	rule->queue = queue;
	rule->match = match;
	rule->flow_id = flow_id;
	if (!known)
		tgbe_flow_tell(dev, loc);
out:
	spin_unlock_bh(&dev->flow.lock);
	return loc;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_flow_steer);

/**
 * tgbe_flow_expire() - free the filters of flows that have ended
 * @dev: running port
 *
 * Context: process.
 */
void tgbe_flow_expire(struct tgbe_device *dev)
{
	spin_lock_bh(&dev->flow.lock);
	for (unsigned int loc = TGBE_FLOW_TUPLES; loc < TGBE_FLOW_RULES; loc++) {
		const struct tgbe_flow_rule *rule = &dev->flow.rule[loc];

		if (rule->owner == TGBE_FLOW_STACK &&
		    rps_may_expire_flow(dev->netdev, rule->queue, rule->flow_id,
					loc))
			tgbe_flow_forget(dev, loc);
	}
	spin_unlock_bh(&dev->flow.lock);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_flow_expire);
#endif /* CONFIG_RFS_ACCEL */

/**
 * tgbe_flow_start() - write the rules to a chip that was reset
 * @dev: port being started, its interrupts requested, its polls disabled
 *
 * Context: process, RTNL.
 */
void tgbe_flow_start(struct tgbe_device *dev)
{
	tgbe_flow_write_all(dev, -1);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_flow_start);

/**
 * tgbe_flow_stop() - no flows to steer any more; users' rules stay
 * @dev: port being stopped, its polls disabled, its interrupts still requested
 *
 * Context: process, RTNL.
 */
void tgbe_flow_stop(struct tgbe_device *dev)
{
	tgbe_flow_forget_if(dev, TGBE_FLOW_STACK, 0);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_flow_stop);
