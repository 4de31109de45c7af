// SPDX-License-Identifier: GPL-2.0
/* Moderation intervals as the registers want them: the 82576 in units of 1 us
 * in EITR 14:2, with bit 31 set so that a running interval ends; the 82574 in
 * units of 256 ns in 15:0.
 */
#include "fake.h"

static void units_82576(struct kunit *test)
{
	static const struct {
		unsigned int usecs;
		u32 eitr;
	} cases[] = {
		{ 0, 0x80000000 },
		{ 1, 0x80000004 },
		{ 100, 0x80000190 },
		{ 8191, 0x80007ffc },
	};
	struct fake *fake = fake_create(test, &tgbe_chip_82576);

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		tgbe_chip_82576.irq_throttle(fake->dev, 3, cases[i].usecs);
		KUNIT_EXPECT_EQ(test, fake_get(fake, 0x168c), cases[i].eitr);
	}
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x1688), 0);
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x1690), 0);
}

/* A register per vector with MSI-X, one for the port without */
static void units_82574(struct kunit *test)
{
	static const struct {
		unsigned int usecs;
		u32 units;
	} cases[] = {
		{ 0, 0 },
		{ 1, 3 },
		{ 100, 390 },
		{ 16000, 62500 },
		/* as long as the field can say */
		{ 20000, 0xffff },
	};
	struct fake *fake = fake_create(test, &tgbe_chip_82574);

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		fake->dev->irq_mode = TGBE_IRQ_MSIX;
		tgbe_chip_82574.irq_throttle(fake->dev, 2, cases[i].usecs);
		KUNIT_EXPECT_EQ(test, fake_get(fake, 0x00f0), cases[i].units);
		fake->dev->irq_mode = TGBE_IRQ_MSI;
		tgbe_chip_82574.irq_throttle(fake->dev, 0, cases[i].usecs);
		KUNIT_EXPECT_EQ(test, fake_get(fake, 0x00c4), cases[i].units);
	}
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x00e8), 0);
}

/* With MSI-X the vector of the other causes waits like those of the queues */
static void apply_reaches_every_vector(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);
	unsigned int v;

	tgbe_moderation_apply(fake->dev);
	for (v = 0; v <= FAKE_QUEUES; v++)
		KUNIT_EXPECT_EQ(test, fake_get(fake, 0x1680 + 4 * v),
				0x80000190);
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x1680 + 4 * v), 0);
}

static void apply_without_msix(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);

	fake->dev->irq_mode = TGBE_IRQ_INTX;
	fake->dev->queues_max = 1;
	tgbe_moderation_apply(fake->dev);
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x1680), 0x80000190);
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x1684), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(units_82576),
	KUNIT_CASE(units_82574),
	KUNIT_CASE(apply_reaches_every_vector),
	KUNIT_CASE(apply_without_msix),
	{}
};

static struct kunit_suite suite = {
	.name = "tgbe_moderation",
	.test_cases = cases,
};

kunit_test_suite(suite);
