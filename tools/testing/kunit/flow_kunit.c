// SPDX-License-Identifier: GPL-2.0
/* Rules that choose a queue, from a user's words or the stack's frames to the filter
 * registers of the 82576. No emulated card has them, so this is where they are seen.
 */
#include <linux/etherdevice.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <net/ip.h>

#include "fake.h"
#include "tgbe_chip.h"

#define SAQF(n)		(0x5980 + 4 * (n))
#define DAQF(n)		(0x59a0 + 4 * (n))
#define SPQF(n)		(0x59c0 + 4 * (n))
#define FTQF(n)		(0x59e0 + 4 * (n))
#define IMIR(n)		(0x5a80 + 4 * (n))
#define IMIREXT(n)	(0x5aa0 + 4 * (n))
#define ETQF(n)		(0x5cb0 + 4 * (n))

/* Nothing is compared, no queue is chosen */
#define FTQF_OFF	0xf0000000

#define FIRST_TUPLE	7
#define LAST		13

/* A port with filters, of which none was written yet */
static struct fake *with_filters(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);
	struct tgbe_device *dev = fake->dev;

	tgbe_flow_init(dev);
	KUNIT_ASSERT_TRUE(test, dev->flow.usable);
	/* no interrupts to map CPUs to */
	dev->irq_mode = TGBE_IRQ_INTX;
	dev->netdev->features |= NETIF_F_NTUPLE;
	set_bit(__LINK_STATE_START, &dev->netdev->state);
	return fake;
}

static struct fake *steering(struct kunit *test)
{
	struct fake *fake = with_filters(test);

	tgbe_flow_start(fake->dev);
	return fake;
}

/* tcp4 src-ip 192.0.2.1 dst-ip 198.51.100.2 src-port 4660 dst-port 80 */
static struct ethtool_rx_flow_spec tcp4(u32 loc, u64 queue)
{
	struct ethtool_rx_flow_spec spec = {
		.flow_type = TCP_V4_FLOW,
		.location = loc,
		.ring_cookie = queue,
	};

	spec.h_u.tcp_ip4_spec.ip4src = htonl(0xc0000201);
	spec.m_u.tcp_ip4_spec.ip4src = htonl(0xffffffff);
	spec.h_u.tcp_ip4_spec.ip4dst = htonl(0xc6336402);
	spec.m_u.tcp_ip4_spec.ip4dst = htonl(0xffffffff);
	spec.h_u.tcp_ip4_spec.psrc = htons(0x1234);
	spec.m_u.tcp_ip4_spec.psrc = htons(0xffff);
	spec.h_u.tcp_ip4_spec.pdst = htons(80);
	spec.m_u.tcp_ip4_spec.pdst = htons(0xffff);
	return spec;
}

static struct ethtool_rx_flow_spec ether(u32 loc, u16 type, u64 queue)
{
	struct ethtool_rx_flow_spec spec = {
		.flow_type = ETHER_FLOW,
		.location = loc,
		.ring_cookie = queue,
	};

	spec.h_u.ether_spec.h_proto = htons(type);
	spec.m_u.ether_spec.h_proto = htons(0xffff);
	return spec;
}

static void insert(struct kunit *test, struct fake *fake,
		   struct ethtool_rx_flow_spec spec)
{
	struct netlink_ext_ack extack = {};

	KUNIT_ASSERT_EQ(test, 0, tgbe_flow_insert(fake->dev, &spec, &extack));
	KUNIT_EXPECT_NULL(test, extack._msg);
}

/* The text is behind the driver's name */
static void said(struct kunit *test, const struct netlink_ext_ack *extack,
		 const char *text)
{
	KUNIT_ASSERT_NOT_NULL_MSG(test, extack->_msg, "instead of '%s'", text);
	KUNIT_ASSERT_TRUE(test, strstarts(extack->_msg, "tgbe: "));
	KUNIT_EXPECT_STREQ(test, extack->_msg + strlen("tgbe: "), text);
}

/* Nothing is half done by a refusal, and it says why */
static void refuse(struct kunit *test, struct fake *fake,
		   struct ethtool_rx_flow_spec spec, int err, const char *text)
{
	int before = tgbe_flow_list(fake->dev, NULL, 0);
	struct netlink_ext_ack extack = {};

	KUNIT_EXPECT_EQ(test, err, tgbe_flow_insert(fake->dev, &spec, &extack));
	said(test, &extack, text);
	KUNIT_EXPECT_EQ(test, before, tgbe_flow_list(fake->dev, NULL, 0));
}

/* Whatever they held: somebody else may have had the card before */
static void every_filter_begins_off(struct kunit *test)
{
	struct fake *fake = with_filters(test);

	for (unsigned int n = 0; n < 8; n++) {
		fake_set(fake, FTQF(n), 0x00018106);
		fake_set(fake, ETQF(n), 0x84019000);
	}
	tgbe_flow_start(fake->dev);
	for (unsigned int n = 0; n < 8; n++) {
		/* the fourth of either kind belongs to time stamps */
		KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(n)),
				n == 3 ? 0x00018106 : FTQF_OFF);
		KUNIT_EXPECT_EQ(test, fake_get(fake, ETQF(n)),
				n == 3 ? 0x84019000 : 0);
	}
	/* what the look for filters wrote is gone */
	KUNIT_EXPECT_EQ(test, fake_get(fake, SAQF(0)), 0);
	KUNIT_EXPECT_EQ(test, fake_get(fake, DAQF(0)), 0);
}

/* Addresses and ports as they lie in the frame, low byte first */
static void whole_tuple(struct kunit *test)
{
	struct fake *fake = steering(test);

	insert(test, fake, tcp4(FIRST_TUPLE, 1));
	KUNIT_EXPECT_EQ(test, fake_get(fake, SAQF(0)), 0x010200c0);
	KUNIT_EXPECT_EQ(test, fake_get(fake, DAQF(0)), 0x026433c6);
	KUNIT_EXPECT_EQ(test, fake_get(fake, SPQF(0)), 0x3412);
	/* protocol 6, queue 1 enabled, virtual function not compared */
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(0)), 0x00018106);
	/* highest priority, port 80 */
	KUNIT_EXPECT_EQ(test, fake_get(fake, IMIR(0)), 0xe0005000);
	/* any length, any TCP flags */
	KUNIT_EXPECT_EQ(test, fake_get(fake, IMIREXT(0)), 0x00081000);
}

/* What is not compared is let pass by its bit */
static void parts_of_a_tuple(struct kunit *test)
{
	struct ethtool_rx_flow_spec spec = {
		.flow_type = UDP_V4_FLOW,
		.location = LAST,
	};
	struct fake *fake = steering(test);

	insert(test, fake, spec);
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(7)), 0xe0008111);
	KUNIT_EXPECT_EQ(test, fake_get(fake, IMIR(7)), 0x20020000);

	spec.h_u.udp_ip4_spec.pdst = htons(0x1234);
	spec.m_u.udp_ip4_spec.pdst = htons(0xffff);
	insert(test, fake, spec);
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(7)), 0xe0008111);
	KUNIT_EXPECT_EQ(test, fake_get(fake, IMIR(7)), 0x20003412);

	spec = (struct ethtool_rx_flow_spec){
		.flow_type = IPV4_USER_FLOW,
		.location = LAST,
	};
	spec.h_u.usr_ip4_spec.ip_ver = ETH_RX_NFC_IP4;
	spec.h_u.usr_ip4_spec.ip4dst = htonl(0xc6336402);
	spec.m_u.usr_ip4_spec.ip4dst = htonl(0xffffffff);
	insert(test, fake, spec);
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(7)), 0xb0008100);
	KUNIT_EXPECT_EQ(test, fake_get(fake, DAQF(7)), 0x026433c6);

	spec.h_u.usr_ip4_spec.proto = IPPROTO_ICMP;
	spec.m_u.usr_ip4_spec.proto = 0xff;
	insert(test, fake, spec);
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(7)), 0xa0008101);
	KUNIT_EXPECT_EQ(test, tgbe_flow_list(fake->dev, NULL, 0), 1);
}

static void ether_type(struct kunit *test)
{
	struct fake *fake = steering(test);

	insert(test, fake, ether(2, 0x88cc, 1));
	KUNIT_EXPECT_EQ(test, fake_get(fake, ETQF(2)), 0x840188cc);
	KUNIT_ASSERT_EQ(test, 0, tgbe_flow_delete(fake->dev, 2, NULL));
	KUNIT_EXPECT_EQ(test, fake_get(fake, ETQF(2)), 0);
}

/* Each location has a filter of its own, the one for time stamps is never
 * touched, and priority falls from the first to the last
 */
static void locations(struct kunit *test)
{
	static const unsigned int entry[] = { 0, 1, 2, 4, 5, 6, 7 };
	struct fake *fake = steering(test);

	fake_set(fake, FTQF(3), 0x12345678);
	fake_set(fake, ETQF(3), 0x440088f7);
	for (unsigned int n = 0; n < 7; n++) {
		insert(test, fake, ether(n, 0x9000 + n, 0));
		insert(test, fake, tcp4(FIRST_TUPLE + n, n % 2));
		KUNIT_EXPECT_EQ(test, fake_get(fake, ETQF(entry[n])),
				0x84009000 + n);
		KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(entry[n])),
				0x00008106 | n % 2 << 16);
		KUNIT_EXPECT_EQ(test, fake_get(fake, IMIR(entry[n])) >> 29, 7 - n);
	}
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(3)), 0x12345678);
	KUNIT_EXPECT_EQ(test, fake_get(fake, ETQF(3)), 0x440088f7);
	refuse(test, fake, tcp4(RX_CLS_LOC_ANY, 0), -ENOSPC,
	       "all 7 filters for such rules are in use");
	refuse(test, fake, ether(RX_CLS_LOC_ANY, 0xa000, 0), -ENOSPC,
	       "all 7 filters for such rules are in use");
}

static void any_location(struct kunit *test)
{
	struct ethtool_rx_flow_spec spec = tcp4(RX_CLS_LOC_ANY, 1);
	struct fake *fake = steering(test);
	u32 locs[2];

	insert(test, fake, tcp4(FIRST_TUPLE, 0));
	KUNIT_ASSERT_EQ(test, 0, tgbe_flow_insert(fake->dev, &spec, NULL));
	KUNIT_EXPECT_EQ(test, spec.location, FIRST_TUPLE + 1);
	KUNIT_EXPECT_EQ(test, tgbe_flow_list(fake->dev, locs, 1), -EMSGSIZE);
	KUNIT_ASSERT_EQ(test, tgbe_flow_list(fake->dev, locs, 2), 2);
	KUNIT_EXPECT_EQ(test, locs[1], FIRST_TUPLE + 1);
}

/* What was said is what is shown */
static void shown_as_said(struct kunit *test)
{
	struct ethtool_rx_flow_spec spec = tcp4(9, 1), shown = { .location = 9 };
	struct fake *fake = steering(test);
	struct netlink_ext_ack extack = {};

	insert(test, fake, spec);
	KUNIT_ASSERT_EQ(test, 0, tgbe_flow_get(fake->dev, &shown));
	KUNIT_EXPECT_MEMEQ(test, &shown, &spec, sizeof(spec));
	shown.location = 10;
	KUNIT_EXPECT_EQ(test, -ENOENT, tgbe_flow_get(fake->dev, &shown));
	shown.location = 14;
	KUNIT_EXPECT_EQ(test, -ENOENT, tgbe_flow_get(fake->dev, &shown));
	KUNIT_EXPECT_EQ(test, -ENOENT, tgbe_flow_delete(fake->dev, 10, &extack));
	said(test, &extack, "no rule at location 10");
}

static void queues_refused(struct kunit *test)
{
	static const char only[] = "the filters choose a queue, nothing else";
	struct fake *fake = steering(test);

	refuse(test, fake, tcp4(FIRST_TUPLE, RX_CLS_FLOW_DISC), -EOPNOTSUPP, only);
	refuse(test, fake, tcp4(FIRST_TUPLE, RX_CLS_FLOW_WAKE), -EOPNOTSUPP, only);
	/* a virtual function */
	refuse(test, fake, tcp4(FIRST_TUPLE, 1ull << 32), -EOPNOTSUPP, only);
	refuse(test, fake, tcp4(FIRST_TUPLE, FAKE_QUEUES), -EINVAL,
	       "queue must be 0..1");
}

static void places_refused(struct kunit *test)
{
	static const char tuples[] = "the location of such a rule must be 7..13";
	struct fake *fake = steering(test);

	refuse(test, fake, tcp4(FIRST_TUPLE - 1, 0), -EINVAL, tuples);
	refuse(test, fake, tcp4(LAST + 1, 0), -EINVAL, tuples);
	refuse(test, fake, tcp4(RX_CLS_LOC_FIRST, 0), -EINVAL, tuples);
	refuse(test, fake, ether(FIRST_TUPLE, 0x88cc, 0), -EINVAL,
	       "the location of such a rule must be 0..6");
}

static void types_refused(struct kunit *test)
{
	static const char ip[] = "a type of IP would end checksums and RSS";
	struct fake *fake = steering(test);

	refuse(test, fake, ether(0, 0x0800, 0), -EOPNOTSUPP, ip);
	refuse(test, fake, ether(0, 0x86dd, 0), -EOPNOTSUPP, ip);
	refuse(test, fake, ether(0, 0x88f7, 0), -EBUSY,
	       "EtherType 0x88f7 belongs to time stamping");

	insert(test, fake, ether(3, 0x88cc, 0));
	refuse(test, fake, ether(1, 0x88cc, 1), -EEXIST,
	       "the rule at location 3 is for this EtherType");
	/* in its own place it may change */
	insert(test, fake, ether(3, 0x88cc, 1));
}

static struct ethtool_rx_flow_spec ip4(void)
{
	struct ethtool_rx_flow_spec spec = {
		.flow_type = IPV4_USER_FLOW,
		.location = FIRST_TUPLE,
	};

	spec.h_u.usr_ip4_spec.ip_ver = ETH_RX_NFC_IP4;
	spec.h_u.usr_ip4_spec.proto = IPPROTO_ICMP;
	spec.m_u.usr_ip4_spec.proto = 0xff;
	return spec;
}

/* The filters have one bit for each field */
static void masks_refused(struct kunit *test)
{
	static const char whole[] = "fields are compared whole or not at all";
	struct ethtool_rx_flow_spec spec = ether(1, 0x8100, 0);
	struct fake *fake = steering(test);

	spec.m_u.ether_spec.h_proto = htons(0xff00);
	refuse(test, fake, spec, -EOPNOTSUPP, whole);

	spec = tcp4(FIRST_TUPLE, 0);
	spec.m_u.tcp_ip4_spec.ip4src = htonl(0xffffff00);
	refuse(test, fake, spec, -EOPNOTSUPP, whole);
	spec = tcp4(FIRST_TUPLE, 0);
	spec.m_u.tcp_ip4_spec.ip4dst = htonl(0xffffff00);
	refuse(test, fake, spec, -EOPNOTSUPP, whole);
	spec = tcp4(FIRST_TUPLE, 0);
	spec.m_u.tcp_ip4_spec.psrc = htons(0xfff0);
	refuse(test, fake, spec, -EOPNOTSUPP, whole);
	spec = tcp4(FIRST_TUPLE, 0);
	spec.m_u.tcp_ip4_spec.pdst = htons(0xfff0);
	refuse(test, fake, spec, -EOPNOTSUPP, whole);

	spec = ip4();
	spec.m_u.usr_ip4_spec.ip4src = htonl(0xffffff00);
	refuse(test, fake, spec, -EOPNOTSUPP, whole);
	spec = ip4();
	spec.m_u.usr_ip4_spec.ip4dst = htonl(0xffffff00);
	refuse(test, fake, spec, -EOPNOTSUPP, whole);
	spec = ip4();
	spec.m_u.usr_ip4_spec.proto = 0xf0;
	refuse(test, fake, spec, -EOPNOTSUPP, whole);
}

static void fields_refused(struct kunit *test)
{
	static const char addresses[] = "ether rules compare the type, no addresses";
	static const char tos[] = "the filters do not look at the TOS byte";
	static const char ip4_has[] = "ip4 rules compare addresses and protocol";
	struct fake *fake = steering(test);
	struct ethtool_rx_flow_spec spec;

	spec = ether(1, 0x8100, 0);
	spec.m_u.ether_spec.h_dest[0] = 0xff;
	refuse(test, fake, spec, -EOPNOTSUPP, addresses);
	spec = ether(1, 0x8100, 0);
	spec.m_u.ether_spec.h_source[5] = 0xff;
	refuse(test, fake, spec, -EOPNOTSUPP, addresses);

	spec = tcp4(FIRST_TUPLE, 0);
	spec.m_u.tcp_ip4_spec.tos = 0xff;
	refuse(test, fake, spec, -EOPNOTSUPP, tos);
	spec.flow_type = UDP_V4_FLOW;
	refuse(test, fake, spec, -EOPNOTSUPP, tos);

	spec = ip4();
	spec.m_u.usr_ip4_spec.tos = 0xff;
	refuse(test, fake, spec, -EOPNOTSUPP, ip4_has);
	spec = ip4();
	spec.m_u.usr_ip4_spec.l4_4_bytes = htonl(0xffffffff);
	refuse(test, fake, spec, -EOPNOTSUPP, ip4_has);
	spec = ip4();
	spec.h_u.usr_ip4_spec.ip_ver = 0;
	refuse(test, fake, spec, -EOPNOTSUPP, ip4_has);
}

static void kinds_refused(struct kunit *test)
{
	static const char kinds[] = "rules are plain ether, tcp4, udp4 or ip4";
	static const char empty[] = "a rule has to compare something";
	struct fake *fake = steering(test);
	struct ethtool_rx_flow_spec spec;

	spec = tcp4(FIRST_TUPLE, 0);
	spec.flow_type = TCP_V6_FLOW;
	refuse(test, fake, spec, -EOPNOTSUPP, kinds);
	spec.flow_type = TCP_V4_FLOW | FLOW_EXT;
	refuse(test, fake, spec, -EOPNOTSUPP, kinds);

	spec = ip4();
	spec.m_u.usr_ip4_spec.proto = 0;
	refuse(test, fake, spec, -EINVAL, empty);
	spec = ether(1, 0x8100, 0);
	spec.m_u.ether_spec.h_proto = 0;
	refuse(test, fake, spec, -EINVAL, empty);
}

static void not_without_filters(struct kunit *test)
{
	struct fake *fake = steering(test);

	fake->dev->netdev->features &= ~NETIF_F_NTUPLE;
	refuse(test, fake, tcp4(FIRST_TUPLE, 0), -EOPNOTSUPP,
	       "rules are off (ethtool -K ... ntuple on)");
	fake->dev->netdev->features |= NETIF_F_NTUPLE;
	fake->dev->flow.usable = false;
	refuse(test, fake, tcp4(FIRST_TUPLE, 0), -EOPNOTSUPP,
	       "this card has no working receive filters");
	fake->dev->chip = &tgbe_chip_82574;
	refuse(test, fake, tcp4(FIRST_TUPLE, 0), -EOPNOTSUPP,
	       "this chip has no receive filters");
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(0)), FTQF_OFF);
}

/* The chip forgets, the driver does not; a closed port is told when it opens */
static void rules_survive_a_reset(struct kunit *test)
{
	struct fake *fake = steering(test);
	struct tgbe_device *dev = fake->dev;

	insert(test, fake, tcp4(FIRST_TUPLE, 1));
	insert(test, fake, ether(0, 0x88cc, 1));
	clear_bit(__LINK_STATE_START, &dev->netdev->state);
	tgbe_flow_stop(dev);
	fake_set(fake, FTQF(0), 0);
	fake_set(fake, FTQF(1), 0);
	fake_set(fake, ETQF(0), 0);
	insert(test, fake, tcp4(FIRST_TUPLE + 1, 0));
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(1)), 0);
	set_bit(__LINK_STATE_START, &dev->netdev->state);
	tgbe_flow_start(dev);
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(0)), 0x00018106);
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(1)), 0x00008106);
	KUNIT_EXPECT_EQ(test, fake_get(fake, ETQF(0)), 0x840188cc);
	tgbe_flow_clear(dev);
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(0)), FTQF_OFF);
	KUNIT_EXPECT_EQ(test, tgbe_flow_list(dev, NULL, 0), 0);
}

/* While a queue's ring is swapped its rules are off, others are not */
static void queue_avoided(struct kunit *test)
{
	struct fake *fake = steering(test);

	insert(test, fake, tcp4(FIRST_TUPLE, 1));
	insert(test, fake, tcp4(FIRST_TUPLE + 1, 0));
	tgbe_flow_avoid(fake->dev, 1);
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(0)), FTQF_OFF);
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(1)), 0x00008106);
	/* a rule that comes meanwhile as well */
	insert(test, fake, tcp4(FIRST_TUPLE + 2, 1));
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(2)), FTQF_OFF);
	tgbe_flow_avoid(fake->dev, -1);
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(0)), 0x00018106);
}

static void queues_in_use_stay(struct kunit *test)
{
	struct netlink_ext_ack extack = {};
	struct fake *fake = steering(test);

	insert(test, fake, tcp4(FIRST_TUPLE, 0));
	KUNIT_EXPECT_EQ(test, 0, tgbe_flow_check(fake->dev, 1, &extack));
	KUNIT_EXPECT_NULL(test, extack._msg);
	insert(test, fake, tcp4(LAST, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, tgbe_flow_check(fake->dev, 1, &extack));
	said(test, &extack, "rule 13 uses queue 1: delete it first");
	KUNIT_EXPECT_EQ(test, 0, tgbe_flow_check(fake->dev, 2, NULL));
}

#ifdef CONFIG_RFS_ACCEL
static struct sk_buff *frame(struct kunit *test, struct fake *fake, u8 proto,
			     __be16 frag_off)
{
	struct sk_buff *skb = netdev_alloc_skb(fake->dev->netdev, 64);
	struct iphdr *ip;
	__be16 *ports;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb->protocol = htons(ETH_P_IP);
	skb_reset_network_header(skb);
	ip = skb_put_zero(skb, sizeof(*ip));
	ip->version = 4;
	ip->ihl = 5;
	ip->tot_len = htons(sizeof(*ip) + sizeof(struct tcphdr));
	ip->ttl = 64;
	ip->protocol = proto;
	ip->frag_off = frag_off;
	ip->saddr = htonl(0xc0000201);
	ip->daddr = htonl(0xc6336402);
	ports = skb_put_zero(skb, sizeof(struct tcphdr));
	ports[0] = htons(0x1234);
	ports[1] = htons(80);
	/* the data offset of TCP, 5 words */
	((u8 *)ports)[12] = 0x50;
	return skb;
}

static int steer(struct kunit *test, struct fake *fake, u8 proto, __be16 frag_off,
		 u16 queue)
{
	struct sk_buff *skb = frame(test, fake, proto, frag_off);
	int filter;

	filter = tgbe_flow_steer(fake->dev->netdev, skb, queue, 77);
	kfree_skb(skb);
	return filter;
}

/* From the last filter on, with all of the tuple; a flow keeps its filter when its
 * reader moves
 */
static void the_stack_steers(struct kunit *test)
{
	struct fake *fake = steering(test);

	KUNIT_EXPECT_EQ(test, steer(test, fake, IPPROTO_TCP, 0, 1), LAST);
	KUNIT_EXPECT_EQ(test, fake_get(fake, SAQF(7)), 0x010200c0);
	KUNIT_EXPECT_EQ(test, fake_get(fake, DAQF(7)), 0x026433c6);
	KUNIT_EXPECT_EQ(test, fake_get(fake, SPQF(7)), 0x3412);
	KUNIT_EXPECT_EQ(test, fake_get(fake, IMIR(7)), 0x20005000);
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(7)), 0x00018106);
	/* what is steered already is not written again */
	fake_set(fake, FTQF(7), 0x12345678);
	KUNIT_EXPECT_EQ(test, steer(test, fake, IPPROTO_TCP, 0, 1), LAST);
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(7)), 0x12345678);
	KUNIT_EXPECT_EQ(test, steer(test, fake, IPPROTO_TCP, 0, 0), LAST);
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(7)), 0x00008106);
	KUNIT_EXPECT_EQ(test, steer(test, fake, IPPROTO_UDP, 0, 0), LAST - 1);
	/* not a user's rules */
	KUNIT_EXPECT_EQ(test, tgbe_flow_list(fake->dev, NULL, 0), 0);
}

static void what_cannot_be_steered(struct kunit *test)
{
	struct fake *fake = steering(test);

	KUNIT_EXPECT_EQ(test, steer(test, fake, IPPROTO_ICMP, 0, 0),
			-EPROTONOSUPPORT);
	KUNIT_EXPECT_EQ(test, steer(test, fake, IPPROTO_UDP, htons(IP_MF), 0),
			-EPROTONOSUPPORT);
	KUNIT_EXPECT_EQ(test, steer(test, fake, IPPROTO_TCP, 0, FAKE_QUEUES),
			-EINVAL);
	for (unsigned int n = 0; n < 7; n++)
		insert(test, fake, tcp4(FIRST_TUPLE + n, 1));
	KUNIT_EXPECT_EQ(test, steer(test, fake, IPPROTO_UDP, 0, 0), -ENOSPC);
}

/* A user's rule goes before the stack's, and a flow that ended frees its filter */
static void the_stack_gives_way(struct kunit *test)
{
	struct fake *fake = steering(test);

	for (unsigned int n = 0; n < 6; n++)
		insert(test, fake, tcp4(FIRST_TUPLE + n, 1));
	KUNIT_EXPECT_EQ(test, steer(test, fake, IPPROTO_UDP, 0, 0), LAST);
	insert(test, fake, tcp4(RX_CLS_LOC_ANY, 1));
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(7)), 0x00018106);
	KUNIT_ASSERT_EQ(test, 0, tgbe_flow_delete(fake->dev, LAST, NULL));

	KUNIT_EXPECT_EQ(test, steer(test, fake, IPPROTO_UDP, 0, 0), LAST);
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(7)), 0x00008111);
	/* the stack has no table, so no flow of it is alive */
	tgbe_flow_expire(fake->dev);
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(7)), FTQF_OFF);
	KUNIT_EXPECT_EQ(test, tgbe_flow_list(fake->dev, NULL, 0), 6);
}

/* Queues that go take the stack's rules along */
static void the_stack_leaves(struct kunit *test)
{
	struct fake *fake = steering(test);

	KUNIT_EXPECT_EQ(test, steer(test, fake, IPPROTO_TCP, 0, 1), LAST);
	KUNIT_EXPECT_EQ(test, steer(test, fake, IPPROTO_UDP, 0, 0), LAST - 1);
	fake->dev->config.queues = 1;
	tgbe_flow_leave(fake->dev, 1);
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(7)), FTQF_OFF);
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF(6)), 0x00008111);
	KUNIT_EXPECT_EQ(test, steer(test, fake, IPPROTO_TCP, 0, 1), -EINVAL);
}
#endif /* CONFIG_RFS_ACCEL */

static struct kunit_case cases[] = {
	KUNIT_CASE(every_filter_begins_off),
	KUNIT_CASE(whole_tuple),
	KUNIT_CASE(parts_of_a_tuple),
	KUNIT_CASE(ether_type),
	KUNIT_CASE(locations),
	KUNIT_CASE(any_location),
	KUNIT_CASE(shown_as_said),
	KUNIT_CASE(queues_refused),
	KUNIT_CASE(places_refused),
	KUNIT_CASE(types_refused),
	KUNIT_CASE(masks_refused),
	KUNIT_CASE(fields_refused),
	KUNIT_CASE(kinds_refused),
	KUNIT_CASE(not_without_filters),
	KUNIT_CASE(rules_survive_a_reset),
	KUNIT_CASE(queue_avoided),
	KUNIT_CASE(queues_in_use_stay),
#ifdef CONFIG_RFS_ACCEL
	KUNIT_CASE(the_stack_steers),
	KUNIT_CASE(what_cannot_be_steered),
	KUNIT_CASE(the_stack_gives_way),
	KUNIT_CASE(the_stack_leaves),
#endif
	{}
};

static struct kunit_suite suite = {
	.name = "tgbe_flow",
	.test_cases = cases,
};

kunit_test_suite(suite);
