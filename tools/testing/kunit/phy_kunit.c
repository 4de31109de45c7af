// SPDX-License-Identifier: GPL-2.0
/* What is written to the PHY, in which order: crossover, forced speeds, loopback, power.
 * The numbers are the datasheets' (82576: IGP03, 82574: BM).
 */
#include <linux/ethtool.h>
#include <linux/string.h>

#include "fake.h"
#include "tgbe_chip.h"

/* CTRL: speed and duplex forced, 1000 Mb/s, set link up, full duplex */
#define CTRL_LOOPBACK	0x1a41
#define CTRL_FORCED	0x1bc1
#define NEGOTIATE	0x1200
#define POWER_DOWN	0x0800

static struct fake *start(struct kunit *test, const struct tgbe_chip *chip)
{
	struct fake *fake = fake_create(test, chip);

	tgbe_link_init(fake->dev);
	fake->phy[0] = 0x1140;
	/* STATUS: full duplex */
	fake_set(fake, 0x8, 0x1);
	return fake;
}

/* All writes since the last call were these */
static void expect_writes(struct kunit *test, const struct fake_phy_write *want,
			  unsigned int count)
{
	struct fake *fake = test->priv;

	KUNIT_EXPECT_EQ(test, fake->phy_writes, count);
	for (unsigned int i = 0; i < min(count, fake->phy_writes); i++) {
		KUNIT_EXPECT_EQ_MSG(test, fake->phy_write[i].page, want[i].page, "write %u", i);
		KUNIT_EXPECT_EQ_MSG(test, fake->phy_write[i].reg, want[i].reg, "write %u", i);
		KUNIT_EXPECT_EQ_MSG(test, fake->phy_write[i].val, want[i].val, "write %u", i);
	}
	KUNIT_EXPECT_EQ(test, fake->phy_page, 0);
	fake->phy_writes = 0;
}

#define EXPECT_WRITES(test, ...) do {						\
	static const struct fake_phy_write want[] = { __VA_ARGS__ };		\
										\
	expect_writes(test, want, ARRAY_SIZE(want));				\
} while (0)

static void negotiate(struct kunit *test, struct fake *fake, u8 mdix)
{
	fake->phy_writes = 0;
	fake->dev->link.mdix = mdix;
	KUNIT_EXPECT_EQ(test, 0, tgbe_phy_start(fake->dev));
	KUNIT_EXPECT_EQ(test, fake->phy_write[fake->phy_writes - 1].reg, 0);
	KUNIT_EXPECT_EQ(test, fake->phy_write[fake->phy_writes - 1].val, NEGOTIATE);
}

/* Register 18: bit 12 finds out, bit 13 is MDI-X */
static void crossover_82576(struct kunit *test)
{
	struct fake *fake = start(test, &tgbe_chip_82576);

	fake->phy[18] = 0x0005;
	negotiate(test, fake, ETH_TP_MDI_AUTO);
	KUNIT_EXPECT_EQ(test, fake->phy[18], 0x1005);
	negotiate(test, fake, ETH_TP_MDI_X);
	KUNIT_EXPECT_EQ(test, fake->phy[18], 0x2005);
	negotiate(test, fake, ETH_TP_MDI);
	KUNIT_EXPECT_EQ(test, fake->phy[18], 0x0005);
}

/* Register 16, bits 6:5: 3 finds out, 1 is MDI-X; then a reset of the logic, once */
static void crossover_82574(struct kunit *test)
{
	struct fake *fake = start(test, &tgbe_chip_82574);

	fake->phy[16] = 0x0800;
	negotiate(test, fake, ETH_TP_MDI_AUTO);
	KUNIT_EXPECT_EQ(test, fake->phy[16], 0x0860);
	KUNIT_EXPECT_EQ(test, fake->phy_write[1].reg, 0);
	KUNIT_EXPECT_EQ(test, fake->phy_write[1].val, 0x9140);
	negotiate(test, fake, ETH_TP_MDI_X);
	KUNIT_EXPECT_EQ(test, fake->phy[16], 0x0820);
	negotiate(test, fake, ETH_TP_MDI);
	KUNIT_EXPECT_EQ(test, fake->phy[16], 0x0800);
	negotiate(test, fake, ETH_TP_MDI);
	KUNIT_EXPECT_EQ(test, fake->phy_write[0].reg, 4);
}

static void force(struct kunit *test, struct fake *fake, int speed, u8 duplex)
{
	fake->dev->link.forced_speed = speed;
	fake->dev->link.forced_duplex = duplex;
	KUNIT_EXPECT_EQ(test, 0, tgbe_phy_start(fake->dev));
}

/* MDI, then the speed */
static void forced_82576(struct kunit *test)
{
	struct fake *fake = start(test, &tgbe_chip_82576);

	fake->phy[18] = 0x1005;
	force(test, fake, 100, DUPLEX_FULL);
	EXPECT_WRITES(test, { 0, 18, 0x0005 }, { 0, 0, 0x2100 });
	force(test, fake, 10, DUPLEX_HALF);
	EXPECT_WRITES(test, { 0, 0, 0x0000 });
}

/* MDI and the speed, each of which wants a reset of the logic */
static void forced_82574(struct kunit *test)
{
	struct fake *fake = start(test, &tgbe_chip_82574);

	fake->phy[16] = 0x0860;
	force(test, fake, 100, DUPLEX_FULL);
	EXPECT_WRITES(test, { 0, 16, 0x0800 }, { 0, 0, 0x9140 },
		      { 0, 0, 0x2100 }, { 0, 0, 0xa100 });
	force(test, fake, 10, DUPLEX_FULL);
	EXPECT_WRITES(test, { 0, 0, 0x0100 }, { 0, 0, 0x8100 });
}

static void loopback_82576(struct kunit *test)
{
	struct fake *fake = start(test, &tgbe_chip_82576);

	fake->dev->link.loopback = true;
	KUNIT_EXPECT_EQ(test, 0, tgbe_phy_start(fake->dev));
	EXPECT_WRITES(test, { 0, 0, NEGOTIATE }, { 0, 0, 0x4140 });
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x0) & CTRL_FORCED, CTRL_LOOPBACK);
	fake->dev->link.loopback = false;
	KUNIT_EXPECT_EQ(test, 0, tgbe_phy_start(fake->dev));
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x0) & 0x1800, 0);
}

/* Pages 2, 769 and 776 are the MAC's side of the PHY */
static void loopback_82574(struct kunit *test)
{
	struct fake *fake = start(test, &tgbe_chip_82574);

	fake->dev->link.loopback = true;
	KUNIT_EXPECT_EQ(test, 0, tgbe_phy_start(fake->dev));
	EXPECT_WRITES(test, { 0, 0, NEGOTIATE }, { 2, 21, 6 }, { 0, 0, 0x9000 },
		      { 769, 16, 0x000c }, { 776, 16, 0x0040 }, { 769, 16, 0x0040 },
		      { 769, 20, 0x0400 }, { 0, 0, 0x4140 });
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x0) & CTRL_FORCED, CTRL_LOOPBACK);
	/* bit 7 for a MAC that does not see full duplex, and gone with the loopback */
	fake_set(fake, 0x8, 0);
	KUNIT_EXPECT_EQ(test, 0, tgbe_phy_start(fake->dev));
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x0) & BIT(7), BIT(7));
	fake->dev->link.loopback = false;
	KUNIT_EXPECT_EQ(test, 0, tgbe_phy_start(fake->dev));
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x0) & 0x1880, 0);
}

/* Register 0, bit 11. The rest of the register stays */
static void rests(struct kunit *test)
{
	struct fake *fake = start(test, &tgbe_chip_82576);

	tgbe_phy_rest(fake->dev);
	EXPECT_WRITES(test, { 0, 0, 0x1940 });
	tgbe_phy_rest(fake->dev);
	expect_writes(test, NULL, 0);
	/* power first, then the link */
	KUNIT_EXPECT_EQ(test, 0, tgbe_phy_start(fake->dev));
	KUNIT_EXPECT_EQ(test, fake->phy_write[0].val, 0x1140);
	KUNIT_EXPECT_EQ(test, fake->phy[0] & POWER_DOWN, 0);
}

/* A sleeping card that waits for frames needs its link, and gets it back */
static void wakes(struct kunit *test)
{
	struct fake *fake = start(test, &tgbe_chip_82576);

	fake->dev->wol = WAKE_MAGIC;
	tgbe_phy_rest(fake->dev);
	expect_writes(test, NULL, 0);
	fake->phy[0] |= POWER_DOWN;
	tgbe_phy_rest(fake->dev);
	KUNIT_EXPECT_EQ(test, fake->phy[0] & POWER_DOWN, 0);
	KUNIT_EXPECT_EQ(test, fake->phy_write[fake->phy_writes - 1].val, NEGOTIATE);
}

/* MANC: bit 17, frames are received for the management; bit 18, it keeps the PHY. NVM of
 * the 82574, word 0Fh, bits 14:13: how it is managed
 */
static void managed(struct kunit *test)
{
	struct fake *fake = start(test, &tgbe_chip_82574);

	for (unsigned int bit = 17; bit <= 18; bit++) {
		fake_set(fake, 0x5820, BIT(bit));
		tgbe_phy_rest(fake->dev);
		expect_writes(test, NULL, 0);
	}
	fake_set(fake, 0x5820, 0);
	for (u16 mode = 0x2000; mode <= 0x6000; mode += 0x2000) {
		fake->nvm[0x0f] = mode;
		tgbe_phy_rest(fake->dev);
		expect_writes(test, NULL, 0);
	}
	fake->nvm[0x0f] = 0x9fff;
	tgbe_phy_rest(fake->dev);
	EXPECT_WRITES(test, { 0, 0, 0x1940 });
}

static struct kunit_case cases[] = {
	KUNIT_CASE(crossover_82576),
	KUNIT_CASE(crossover_82574),
	KUNIT_CASE(forced_82576),
	KUNIT_CASE(forced_82574),
	KUNIT_CASE(loopback_82576),
	KUNIT_CASE(loopback_82574),
	KUNIT_CASE(rests),
	KUNIT_CASE(wakes),
	KUNIT_CASE(managed),
	{}
};

static struct kunit_suite suite = {
	.name = "tgbe_phy",
	.test_cases = cases,
};

kunit_test_suite(suite);
