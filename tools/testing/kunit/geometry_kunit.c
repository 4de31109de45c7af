// SPDX-License-Identifier: GPL-2.0
/* From the MTU to receive buffers and frame limits. What the chip may write
 * into a buffer must fit it together with what the stack puts around it.
 */
#include <linux/bpf.h>

#include "fake.h"
#include "tgbe_chip.h"
#include "tgbe_ring.h"

#define MTU_MIN		68
#define MTU_MAX		9216

/* Ethernet header, two VLAN tags, FCS */
static unsigned int frame_of(unsigned int mtu)
{
	return 14 + 4 + 4 + mtu + 4;
}

static struct tgbe_rx_geometry geometry(const struct tgbe_chip *chip,
					unsigned int mtu)
{
	const struct tgbe_config config = { .mtu = mtu };

	return chip->rx_geometry(&config);
}

static void frame_counts_header_tags_fcs(struct kunit *test)
{
	struct tgbe_config config = {};

	config.mtu = 1500;
	KUNIT_EXPECT_EQ(test, tgbe_config_frame(&config), 1526);
	config.mtu = MTU_MIN;
	KUNIT_EXPECT_EQ(test, tgbe_config_frame(&config), 94);
	config.mtu = MTU_MAX;
	KUNIT_EXPECT_EQ(test, tgbe_config_frame(&config), 9242);
	/* receive limit of the 82576 */
	KUNIT_EXPECT_LE(test, tgbe_config_frame(&config), 9728);
	KUNIT_EXPECT_EQ(test, TGBE_MTU_MAX, MTU_MAX);
}

/* Whatever the chip: @written is the most it puts into one buffer */
static void check_buffer(struct kunit *test, const struct tgbe_rx_geometry *g,
			 unsigned int mtu, unsigned int written)
{
	const unsigned int tail = SKB_DATA_ALIGN(sizeof(struct skb_shared_info));

	KUNIT_EXPECT_EQ_MSG(test, g->room % 1024, 0, "mtu %u", mtu);
	KUNIT_EXPECT_GE_MSG(test, g->room, 1024, "mtu %u", mtu);
	KUNIT_EXPECT_GE_MSG(test, g->headroom, NET_SKB_PAD, "mtu %u", mtu);
	KUNIT_EXPECT_LE_MSG(test, g->truesize, PAGE_SIZE, "mtu %u", mtu);
	KUNIT_EXPECT_EQ_MSG(test, PAGE_SIZE % g->truesize, 0, "mtu %u", mtu);
	KUNIT_EXPECT_LE_MSG(test, g->headroom + written + tail, g->truesize,
			    "mtu %u", mtu);
	/* head and fragments */
	KUNIT_EXPECT_LE_MSG(test, DIV_ROUND_UP(frame_of(mtu), written),
			    1 + MAX_SKB_FRAGS, "mtu %u", mtu);
}

/* RLPML stops the chip at the frame limit, else it fills the whole room */
static void buffers_82576(struct kunit *test)
{
	for (unsigned int mtu = MTU_MIN; mtu <= MTU_MAX; mtu++) {
		struct tgbe_rx_geometry g =
			geometry(&tgbe_chip_82576, mtu);

		check_buffer(test, &g, mtu, min(frame_of(mtu), g.room));
		/* 7 bits of SRRCTL */
		KUNIT_EXPECT_LE(test, g.room / 1024, 127);
	}
}

/* Two buffers a page for the MTU that nearly everybody has, one geometry up to
 * there, and room for XDP where a frame takes several.
 */
static void sizes_82576(struct kunit *test)
{
	struct tgbe_rx_geometry small =
		geometry(&tgbe_chip_82576, MTU_MIN);
	struct tgbe_rx_geometry standard =
		geometry(&tgbe_chip_82576, 1500);
	struct tgbe_rx_geometry jumbo =
		geometry(&tgbe_chip_82576, 9000);

	KUNIT_EXPECT_EQ(test, standard.truesize, 2048);
	KUNIT_EXPECT_EQ(test, standard.room, 2048);
	KUNIT_EXPECT_EQ(test, standard.headroom % 64, 0);
	KUNIT_EXPECT_MEMEQ(test, &small, &standard, sizeof(small));
	KUNIT_EXPECT_EQ(test, jumbo.truesize, 4096);
	KUNIT_EXPECT_EQ(test, jumbo.room, 3072);
	KUNIT_EXPECT_GE(test, jumbo.headroom, XDP_PACKET_HEADROOM);
}

/* Whole pages on request; with split headers the payload has a page from its
 * beginning, and the header a buffer that SRRCTL can describe, in 64s up to 15
 */
static void wishes_82576(struct kunit *test)
{
	const struct tgbe_config large = { .mtu = 1500, .rx_buffer = 4096 };
	const struct tgbe_config split = { .mtu = 1500, .split = true };
	struct tgbe_rx_geometry g = tgbe_chip_82576.rx_geometry(&large);
	struct tgbe_rx_geometry jumbo = geometry(&tgbe_chip_82576, 9000);

	KUNIT_EXPECT_MEMEQ(test, &g, &jumbo, sizeof(g));
	KUNIT_EXPECT_EQ(test, g.header, 0);
	g = tgbe_chip_82576.rx_geometry(&split);
	KUNIT_EXPECT_EQ(test, g.truesize, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, g.room, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, g.headroom, 0);
	KUNIT_EXPECT_EQ(test, g.header % 64, 0);
	KUNIT_EXPECT_GE(test, g.header, 128);
	KUNIT_EXPECT_LE(test, g.header, 15 * 64);
}

/* The receiver must not be stopped, so nothing may change with the MTU; and no
 * register limits a frame to less than the room.
 */
static void buffers_82574(struct kunit *test)
{
	struct tgbe_rx_geometry first =
		geometry(&tgbe_chip_82574, MTU_MIN);

	KUNIT_EXPECT_EQ(test, first.room, 3072);
	for (unsigned int mtu = MTU_MIN; mtu <= MTU_MAX; mtu++) {
		struct tgbe_rx_geometry g =
			geometry(&tgbe_chip_82574, mtu);

		check_buffer(test, &g, mtu, g.room);
		KUNIT_ASSERT_MEMEQ(test, &g, &first, sizeof(g));
	}
}

/* RLPML (5004h) holds the limit and acts only beside RCTL.LPE, bit 5 of 100h */
static void limit_82576(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);

	fake_set(fake, 0x2404, 64);
	tgbe_chip_82576.frame_limit(fake->dev, 1526);
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x5004), 1526);
	KUNIT_EXPECT_TRUE(test, fake_get(fake, 0x0100) & BIT(5));
	tgbe_chip_82576.frame_limit(fake->dev, 9242);
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x5004), 9242);
	KUNIT_EXPECT_TRUE(test, fake_get(fake, 0x0100) & BIT(5));
	/* room above the mark for a frame of ours and the longest of theirs */
	KUNIT_EXPECT_LE(test, fake->dev->pause_high, 65536 - 9242 - 9728);
	KUNIT_EXPECT_GT(test, fake->dev->pause_high, fake->dev->pause_low);
	KUNIT_EXPECT_EQ(test, fake->dev->pause_high % 16, 0);
}

/* Without LPE the limit is 1522 bytes, which is too few for a packet of 1500 bytes and
 * two tags; with it that of the chip
 */
static void limit_82574(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82574);

	fake_set(fake, 0x1000, 20);
	tgbe_chip_82574.frame_limit(fake->dev, 1523);
	KUNIT_EXPECT_TRUE(test, fake_get(fake, 0x0100) & BIT(5));
	KUNIT_EXPECT_LE(test, fake->dev->pause_high, 20480 - 1523);
	tgbe_chip_82574.frame_limit(fake->dev, frame_of(1496));
	KUNIT_EXPECT_FALSE(test, fake_get(fake, 0x0100) & BIT(5));
	tgbe_chip_82574.frame_limit(fake->dev, frame_of(1497));
	KUNIT_EXPECT_TRUE(test, fake_get(fake, 0x0100) & BIT(5));
	tgbe_chip_82574.frame_limit(fake->dev, 9242);
	KUNIT_EXPECT_TRUE(test, fake_get(fake, 0x0100) & BIT(5));
	KUNIT_EXPECT_LE(test, fake->dev->pause_high, 20480 - 9242);
	KUNIT_EXPECT_GT(test, fake->dev->pause_high, fake->dev->pause_low);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(frame_counts_header_tags_fcs),
	KUNIT_CASE(buffers_82576),
	KUNIT_CASE(sizes_82576),
	KUNIT_CASE(wishes_82576),
	KUNIT_CASE(buffers_82574),
	KUNIT_CASE(limit_82576),
	KUNIT_CASE(limit_82574),
	{}
};

static struct kunit_suite suite = {
	.name = "tgbe_geometry",
	.test_cases = cases,
};

kunit_test_suite(suite);
