// SPDX-License-Identifier: GPL-2.0
/* What errata and the datasheet of the 82574 ask for and the emulation forgives. */
#include "fake.h"
#include "tgbe_chip.h"
#include "tgbe_ring.h"

/* A nibble a cause: receive queues 0 and 1, transmit queues, the rest. Bit 31: interrupt
 * whenever a transmit descriptor is written back.
 */
static void routes_82574(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82574);

	tgbe_chip_82574.irq_setup(fake->dev);
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x00e4), 0x800a9898);
	/* its causes are cleared and masked by the message itself */
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x00dc), 0x00f00000);
}

/* LSC 2, RXO 6, MDAC 9, SRPD 16, ACK 17, MNG 18, and OTHER 24 itself */
static void every_other_cause_is_unmasked(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82574);

	tgbe_chip_82574.irq_other_enable(fake->dev);
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x00d0), 0x01070244);
}

/* EECD 16:15 is the type of the NVM, 3 a flash, and EECD 9 says that it was read.
 * CTRL_EXT 13 has it read again.
 */
static void flash_is_read_after_a_reset(struct kunit *test)
{
	static const struct {
		u32 eecd;
		u32 reload;
	} cases[] = {
		{ 0x00018300, 0x2000 },
		{ 0x00010300, 0 },
		{ 0x00008300, 0 },
		{ 0x00000300, 0 },
	};
	struct fake *fake = fake_create(test, &tgbe_chip_82574);

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_set(fake, 0x0010, cases[i].eecd);
		fake_set(fake, 0x0018, 0);
		KUNIT_EXPECT_EQ(test, tgbe_chip_82574.reset(fake->dev), 0);
		KUNIT_EXPECT_EQ(test, fake_get(fake, 0x0018) & 0x2000, cases[i].reload);
	}
}

/* Register 21 counts receive errors, 7:0 of register 10 idle errors */
static void phy_hangs_when_both_counters_end(struct kunit *test)
{
	static const struct {
		u16 errors;
		u16 status;
		bool hung;
	} cases[] = {
		{ 0xffff, 0x00ff, true },
		{ 0xffff, 0x7cff, true },
		{ 0xffff, 0x7cfe, false },
		{ 0xffff, 0x0000, false },
		{ 0xfffe, 0x7cff, false },
		{ 0x0000, 0x7cff, false },
	};
	struct fake *fake = fake_create(test, &tgbe_chip_82574);

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		fake->phy[21] = cases[i].errors;
		fake->phy[10] = cases[i].status;
		KUNIT_EXPECT_EQ(test, tgbe_chip_82574.phy_hung(fake->dev), cases[i].hung);
	}
}

static struct kunit_case chip_cases[] = {
	KUNIT_CASE(routes_82574),
	KUNIT_CASE(every_other_cause_is_unmasked),
	KUNIT_CASE(flash_is_read_after_a_reset),
	KUNIT_CASE(phy_hangs_when_both_counters_end),
	{}
};

static struct kunit_suite chip_suite = {
	.name = "tgbe_chip",
	.test_cases = chip_cases,
};

kunit_test_suite(chip_suite);
