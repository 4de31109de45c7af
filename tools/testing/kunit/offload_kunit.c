// SPDX-License-Identifier: GPL-2.0
/* Frames that the chip is to cut: what it makes of them by the datasheets (82576 7.2.4,
 * 82574 7.3), from the description and the headers that it is given, is right; and what
 * a card makes of them that goes by the outer headers is not.
 */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>

#include "fake.h"
#include "tgbe_chip.h"
#include "tgbe_offload.h"
#include "tgbe_trial.h"

#define MSS	200

static const u8 mac[ETH_ALEN] = { 0x52, 0x54, 0, 0, 0, 1 };

/* Offsets of the samples, counted by hand */
static const struct {
	const char *name;
	unsigned int l4;
	unsigned int headers;
	u8 l4_protocol;
} samples[] = {
	[TGBE_SAMPLE_TCP] = { "TCP", 34, 54, IPPROTO_TCP },
	[TGBE_SAMPLE_UDP] = { "UDP", 34, 42, IPPROTO_UDP },
	[TGBE_SAMPLE_VXLAN] = { "VXLAN", 84, 104, IPPROTO_TCP },
};

static u16 get16(const u8 *p)
{
	return p[0] << 8 | p[1];
}

static void put16(u8 *p, u16 val)
{
	p[0] = val >> 8;
	p[1] = val;
}

static u32 get32(const u8 *p)
{
	return (u32)get16(p) << 16 | get16(p + 2);
}

/* One's complement sum of 16-bit words, not complemented */
static u16 sum(const u8 *p, unsigned int len, u32 total)
{
	for (unsigned int i = 0; i < len; i++)
		total += i % 2 ? p[i] : p[i] << 8;
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return total;
}

static void free_frame(void *skb)
{
	kfree_skb(skb);
}

/* What the driver gives the chip for a sample */
static u8 *described(struct kunit *test, enum tgbe_sample sample,
		     struct tgbe_tx_offload *o)
{
	struct sk_buff *skb = tgbe_sample_whole(sample, mac);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_frame, skb));
	KUNIT_ASSERT_EQ(test, 0, tgbe_describe(skb, o));
	KUNIT_ASSERT_EQ(test, skb->len, samples[sample].headers + 2 * MSS);
	return skb->data;
}

/* The chip: it repeats the headers; writes length, number and sum of the IP header and
 * sequence number, length and sum of the L4 header. A sum begins with what the field
 * holds, and that of L4 gets the length of the segment.
 */
static unsigned int cut(const u8 *whole, const struct tgbe_tx_offload *o,
			unsigned int seg, u8 *to)
{
	unsigned int len = o->header_len + o->mss;
	u8 *l3 = to + o->l3_start, *l4 = to + o->l4_start;

	memcpy(to, whole, o->header_len);
	memcpy(to + o->header_len, whole + o->header_len + seg * o->mss, o->mss);
	put16(l3 + 2, len - o->l3_start);
	put16(l3 + 4, get16(l3 + 4) + seg);
	put16(l3 + 10, ~sum(l3, o->l4_start - o->l3_start, 0));
	if (o->l4 == TGBE_L4_TCP) {
		u32 seq = get32(l4 + 4) + seg * o->mss;

		put16(l4 + 4, seq >> 16);
		put16(l4 + 6, seq);
	} else {
		put16(l4 + 4, len - o->l4_start);
	}
	put16(to + o->l4_csum, ~sum(l4, len - o->l4_start, len - o->l4_start));
	return len;
}

static void right(struct kunit *test, enum tgbe_sample sample)
{
	u8 *got = kunit_kzalloc(test, TGBE_SAMPLE_BYTES, GFP_KERNEL);
	u8 *want = kunit_kzalloc(test, TGBE_SAMPLE_BYTES, GFP_KERNEL);
	struct tgbe_tx_offload o = {};
	u8 *whole = described(test, sample, &o);

	KUNIT_ASSERT_NOT_NULL(test, got);
	KUNIT_ASSERT_NOT_NULL(test, want);
	KUNIT_EXPECT_EQ(test, o.l3_start, 14);
	KUNIT_EXPECT_EQ(test, o.l4_start, samples[sample].l4);
	KUNIT_EXPECT_EQ(test, o.header_len, samples[sample].headers);
	KUNIT_EXPECT_EQ(test, o.mss, MSS);
	for (unsigned int seg = 0; seg < 2; seg++) {
		unsigned int len = tgbe_sample_segment(sample, mac, seg, want);

		KUNIT_ASSERT_EQ(test, len, samples[sample].headers + MSS);
		KUNIT_ASSERT_EQ(test, cut(whole, &o, seg, got), len);
		KUNIT_EXPECT_MEMEQ_MSG(test, got, want, len, "%s, segment %u",
				       samples[sample].name, seg);
	}
}

/* The samples are frames that any receiver would take */
static void valid(struct kunit *test)
{
	u8 *frame = kunit_kzalloc(test, TGBE_SAMPLE_BYTES, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, frame);
	for (unsigned int s = 0; s < ARRAY_SIZE(samples); s++) {
		for (unsigned int seg = 0; seg < 2; seg++) {
			unsigned int len = tgbe_sample_segment(s, mac, seg, frame);
			unsigned int l4 = samples[s].l4;
			const u8 *ip = frame + l4 - 20;

			KUNIT_EXPECT_EQ(test, get16(frame + 16), len - 14);
			KUNIT_EXPECT_EQ(test, get16(frame + 18), 7 + seg);
			KUNIT_EXPECT_EQ(test, sum(frame + 14, 20, 0), 0xffff);
			KUNIT_EXPECT_EQ(test, get16(ip + 2), len - l4 + 20);
			KUNIT_EXPECT_EQ(test, sum(ip, 20, 0), 0xffff);
			/* pseudo header: addresses, protocol, length */
			KUNIT_EXPECT_EQ(test, sum(frame + l4, len - l4,
						  sum(ip + 12, 8, samples[s].l4_protocol +
						      len - l4)), 0xffff);
			if (samples[s].l4_protocol == IPPROTO_TCP)
				KUNIT_EXPECT_EQ(test, get32(frame + l4 + 4),
						1 + seg * MSS);
		}
	}
	/* the last one's tunnel: UDP to port 4789, its length, no sum; VNI 0 */
	KUNIT_EXPECT_EQ(test, get16(frame + 36), 4789);
	KUNIT_EXPECT_EQ(test, get16(frame + 38), 8 + 8 + 14 + 20 + 20 + MSS);
	KUNIT_EXPECT_EQ(test, get16(frame + 40), 0);
	KUNIT_EXPECT_EQ(test, get32(frame + 42), 0x08000000);
}

static void tcp(struct kunit *test)
{
	right(test, TGBE_SAMPLE_TCP);
}

static void udp(struct kunit *test)
{
	right(test, TGBE_SAMPLE_UDP);
}

static void vxlan(struct kunit *test)
{
	right(test, TGBE_SAMPLE_VXLAN);
}

/* A card that finds the L4 header itself and stops at the first */
static void outer_headers(struct kunit *test)
{
	u8 *got = kunit_kzalloc(test, TGBE_SAMPLE_BYTES, GFP_KERNEL);
	u8 *want = kunit_kzalloc(test, TGBE_SAMPLE_BYTES, GFP_KERNEL);
	struct tgbe_tx_offload o = {};
	u8 *whole = described(test, TGBE_SAMPLE_VXLAN, &o);
	unsigned int len;

	KUNIT_ASSERT_NOT_NULL(test, got);
	KUNIT_ASSERT_NOT_NULL(test, want);
	o.l4 = TGBE_L4_UDP;
	o.l4_start = 34;
	o.l4_csum = 40;
	cut(whole, &o, 0, got);
	len = tgbe_sample_segment(TGBE_SAMPLE_VXLAN, mac, 0, want);
	KUNIT_EXPECT_NE(test, 0, memcmp(got, want, len));
}

/* What is left to the chip by what was seen of the card and what the user chose */
static void checked(struct kunit *test)
{
	static const struct {
		u8 right;
		netdev_features_t on;
		unsigned int gso_type;
		netdev_features_t stays;
	} cases[] = {
		/* no segments: the sum alone */
		{ TGBE_RIGHT_TUNNEL, 0, 0, NETIF_F_HW_CSUM | NETIF_F_TSO6 },
		{ 0, 0, 0, 0 },
		{ 0, NETIF_F_GSO_UDP_TUNNEL, 0, 0 },
		/* the inner IPv4 number is the same in all */
		{ TGBE_RIGHT_TUNNEL, NETIF_F_GSO_UDP_TUNNEL,
		  SKB_GSO_UDP_TUNNEL | SKB_GSO_TCPV4, NETIF_F_HW_CSUM | NETIF_F_TSO6 },
		{ TGBE_RIGHT_TUNNEL, NETIF_F_GSO_UDP_TUNNEL | NETIF_F_TSO_MANGLEID,
		  SKB_GSO_UDP_TUNNEL | SKB_GSO_TCPV4,
		  NETIF_F_HW_CSUM | NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_TSO_MANGLEID },
		/* a card that did it wrong, and somebody who wants it */
		{ 0, 0, SKB_GSO_UDP_TUNNEL | SKB_GSO_TCPV6, 0 },
		{ 0, NETIF_F_GSO_GRE, SKB_GSO_UDP_TUNNEL | SKB_GSO_TCPV6, 0 },
		{ 0, NETIF_F_GSO_UDP_TUNNEL, SKB_GSO_UDP_TUNNEL | SKB_GSO_TCPV6,
		  NETIF_F_HW_CSUM | NETIF_F_TSO6 },
	};
	struct fake *fake = fake_create(test, &tgbe_chip_82576);
	struct sk_buff *skb = tgbe_sample_whole(TGBE_SAMPLE_VXLAN, mac);
	const netdev_features_t all = NETIF_F_HW_CSUM | NETIF_F_TSO | NETIF_F_TSO6;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_frame, skb));
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		netdev_features_t mangle = cases[i].on & NETIF_F_TSO_MANGLEID;

		fake->dev->offloads_right = cases[i].right;
		fake->dev->netdev->features = all | cases[i].on;
		skb_shinfo(skb)->gso_type = cases[i].gso_type;
		skb_shinfo(skb)->gso_size = !!cases[i].gso_type * MSS;
		KUNIT_EXPECT_EQ_MSG(test, tgbe_features_check(skb, fake->dev->netdev,
							      all | mangle),
				    cases[i].stays, "case %u", i);
	}
	/* the same without a tunnel is not looked at */
	skb->encapsulation = 0;
	fake->dev->offloads_right = 0;
	KUNIT_EXPECT_EQ(test, tgbe_features_check(skb, fake->dev->netdev, all), all);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(valid),
	KUNIT_CASE(tcp),
	KUNIT_CASE(udp),
	KUNIT_CASE(vxlan),
	KUNIT_CASE(outer_headers),
	KUNIT_CASE(checked),
	{}
};

static struct kunit_suite suite = {
	.name = "tgbe_offload",
	.test_cases = cases,
};

kunit_test_suite(suite);
