// SPDX-License-Identifier: GPL-2.0
/* Received descriptors: what the chip wrote, as the datasheets lay it out (both
 * chips, 82576 7.1 and 82574 7.1), and what the stack is told.
 */
#include <linux/if_vlan.h>
#include <linux/skbuff.h>
#include <linux/unaligned.h>
#include <kunit/skbuff.h>
#include <kunit/test.h>

#include "tgbe_ring.h"

/* status and error bits of the third dword */
#define DD	BIT(0)
#define EOP	BIT(1)
#define IXSM	BIT(2)
#define VP	BIT(3)
#define UDPCS	BIT(4)
#define L4CS	BIT(5)
#define IPCS	BIT(6)
#define HBO	BIT(23)
#define CE	BIT(24)
#define SE	BIT(25)
#define SEQ	BIT(26)
#define L4E	BIT(29)
#define IPE	BIT(30)
#define RXE	BIT(31)

static union tgbe_rx_desc desc_of(u32 w0, u32 w1, u32 w2, u32 w3)
{
	const __le32 words[4] = { cpu_to_le32(w0), cpu_to_le32(w1),
				  cpu_to_le32(w2), cpu_to_le32(w3) };
	union tgbe_rx_desc desc;

	static_assert(sizeof(desc) == sizeof(words));
	memcpy(&desc, words, sizeof(desc));
	return desc;
}

static void done_layout(struct kunit *test)
{
	/* TCP over IPv4 (1), packet type IPv4 and TCP; length 1514, tag 0xe123 */
	union tgbe_rx_desc desc = desc_of(0x00001101, 0xdeadbeef,
					  DD | EOP | VP | L4CS | IPCS,
					  0xe12305ea);
	u32 status = le32_to_cpu(desc.done.status);
	u32 info = le32_to_cpu(desc.done.info);

	KUNIT_EXPECT_EQ(test, info & TGBE_RXD_INFO_RSS_TYPE, 1);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(desc.done.hash), 0xdeadbeef);
	KUNIT_EXPECT_EQ(test, le16_to_cpu(desc.done.length), 1514);
	KUNIT_EXPECT_EQ(test, le16_to_cpu(desc.done.vlan), 0xe123);
	KUNIT_EXPECT_TRUE(test, status & TGBE_RXD_STAT_DD);
	KUNIT_EXPECT_TRUE(test, status & TGBE_RXD_STAT_EOP);
	KUNIT_EXPECT_TRUE(test, status & TGBE_RXD_STAT_VP);
	KUNIT_EXPECT_FALSE(test, status & TGBE_RXD_ERR_FRAME);
}

/* Bit 31 says that the header was split, bits 30:21 are its length; an error bit that
 * it was too long and is not in its buffer
 */
static void split_header(struct kunit *test)
{
	union tgbe_rx_desc desc = desc_of(54 << 21 | BIT(31), 0, DD | EOP, 1460);

	KUNIT_EXPECT_EQ(test, tgbe_rxd_header(&desc.done), 54);
	desc = desc_of(1023 << 21 | BIT(31) | 0xffff, 0, DD, 0);
	KUNIT_EXPECT_EQ(test, tgbe_rxd_header(&desc.done), 1023);
	/* what a card leaves there of a frame it did not split */
	desc = desc_of(256 << 21, 0, DD | EOP, 60);
	KUNIT_EXPECT_EQ(test, tgbe_rxd_header(&desc.done), 0);
	desc = desc_of(300 << 21 | BIT(31), 0, DD | EOP | HBO, 1514);
	KUNIT_EXPECT_EQ(test, tgbe_rxd_header(&desc.done), 0);
	KUNIT_EXPECT_FALSE(test, HBO & TGBE_RXD_ERR_FRAME);
}

static void done_bits(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, TGBE_RXD_STAT_DD, DD);
	KUNIT_EXPECT_EQ(test, TGBE_RXD_STAT_EOP, EOP);
	KUNIT_EXPECT_EQ(test, TGBE_RXD_STAT_VP, VP);
	/* a wrong checksum is no damaged frame */
	KUNIT_EXPECT_EQ(test, TGBE_RXD_ERR_FRAME, CE | SE | SEQ | RXE);
}

/* The DD bit of the last round lies where the header address is posted */
static void posting_takes_dd_back(struct kunit *test)
{
	union tgbe_rx_desc desc = desc_of(1, 2, DD | EOP, 3);

	desc.post.addr = cpu_to_le64(0x0123456789abcdefULL);
	desc.post.header_addr = 0;
	KUNIT_EXPECT_FALSE(test, le32_to_cpu(desc.done.status) & DD);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(desc.done.info), 0x89abcdef);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(desc.done.hash), 0x01234567);
}

static void checksum_verdicts(struct kunit *test)
{
	static const struct {
		u32 status;
		u8 ip_summed;
		u8 errors;
	} cases[] = {
		/* not looked at: ignore what else is said */
		{ DD | EOP | IXSM, CHECKSUM_NONE, 0 },
		{ DD | EOP | IXSM | L4CS, CHECKSUM_NONE, 0 },
		{ DD | EOP | IXSM | L4CS | L4E, CHECKSUM_NONE, 0 },
		/* an IP header alone says nothing of what is in it */
		{ DD | EOP | IPCS, CHECKSUM_NONE, 0 },
		{ DD | EOP | IPCS | L4CS, CHECKSUM_UNNECESSARY, 0 },
		{ DD | EOP | L4CS, CHECKSUM_UNNECESSARY, 0 },
		{ DD | EOP | IPCS | UDPCS, CHECKSUM_UNNECESSARY, 0 },
		/* the stack looks again, so no frame is called bad */
		{ DD | EOP | IPCS | L4CS | L4E, CHECKSUM_NONE, 1 },
		{ DD | EOP | IPCS | L4CS | IPE, CHECKSUM_NONE, 1 },
		{ DD | EOP | UDPCS | L4E, CHECKSUM_NONE, 1 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sk_buff *skb = kunit_zalloc_skb(test, 64, GFP_KERNEL);
		struct tgbe_ring ring = {};
		u8 verdict;

		KUNIT_ASSERT_NOT_NULL(test, skb);
		tgbe_rx_checksum(&ring, skb, cases[i].status);
		verdict = skb->ip_summed;
		KUNIT_EXPECT_EQ_MSG(test, verdict, cases[i].ip_summed,
				    "status %08x", cases[i].status);
		KUNIT_EXPECT_EQ_MSG(test, ring.stats.rx.csum_errors, cases[i].errors,
				    "status %08x", cases[i].status);
	}
}

/* RSS types 1, 3, 6, 7, 8, 9 cover ports; 2, 4, 5 addresses only; 0 is none */
static void hash_types(struct kunit *test)
{
	static const bool ports[] = {
		[1] = true, [3] = true, [6] = true,
		[7] = true, [8] = true, [9] = true,
	};

	for (unsigned int type = 0; type < ARRAY_SIZE(ports); type++) {
		struct sk_buff *skb = kunit_zalloc_skb(test, 64, GFP_KERNEL);
		union tgbe_rx_desc desc = desc_of(0xabcd0ff0 | type, 0x1234567,
						  DD | EOP, 64);

		bool l4;

		KUNIT_ASSERT_NOT_NULL(test, skb);
		tgbe_rx_hash(skb, &desc.done);
		l4 = skb->l4_hash;
		KUNIT_EXPECT_EQ_MSG(test, skb->hash, type ? 0x1234567 : 0,
				    "type %u", type);
		KUNIT_EXPECT_EQ_MSG(test, l4, ports[type], "type %u", type);
	}
}

/* While stripping is on, the descriptor's tag is the frame's, whatever lies in the frame:
 * it may have another, even the same once more. While it is off, a frame that has the
 * tag still does not get it twice, and one from before the switch gets it.
 */
static void tags(struct kunit *test)
{
	static const struct {
		netdev_features_t features;
		u16 type, value;	/* bytes 12 to 15 of the frame */
		bool taken;
	} cases[] = {
		{ NETIF_F_HW_VLAN_CTAG_RX, 0x0800, 0x4500, true },
		{ NETIF_F_HW_VLAN_CTAG_RX, 0x8100, 0x0007, true },
		{ NETIF_F_HW_VLAN_CTAG_RX, 0x8100, 0xe123, true },
		{ 0, 0x0800, 0x4500, true },
		{ 0, 0x8100, 0x0007, true },
		{ 0, 0x88a8, 0xe123, true },
		{ 0, 0x8100, 0xe123, false },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sk_buff *skb = kunit_zalloc_skb(test, 64, GFP_KERNEL);
		bool tagged;

		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb_put(skb, 60);
		put_unaligned_be16(cases[i].type, skb->data + 12);
		put_unaligned_be16(cases[i].value, skb->data + 14);
		tgbe_rx_vlan(skb, cases[i].features, 0xe123);
		tagged = skb_vlan_tag_present(skb);
		KUNIT_EXPECT_EQ_MSG(test, tagged, cases[i].taken, "case %u", i);
		if (!tagged)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, skb_vlan_tag_get(skb), 0xe123, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, ntohs(skb->vlan_proto), 0x8100, "case %u", i);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(done_layout),
	KUNIT_CASE(done_bits),
	KUNIT_CASE(split_header),
	KUNIT_CASE(posting_takes_dd_back),
	KUNIT_CASE(checksum_verdicts),
	KUNIT_CASE(hash_types),
	KUNIT_CASE(tags),
	{}
};

static struct kunit_suite suite = {
	.name = "tgbe_rx",
	.test_cases = cases,
};

kunit_test_suite(suite);
