// SPDX-License-Identifier: GPL-2.0
/* The NVM: its size, and what is written to it. The first 64 words add up to BABA
 * (82576 6, 82574 6); a flash keeps what is written only when it is told to.
 */
#include "fake.h"
#include "tgbe_chip.h"

#define PRESENT		BIT(8)
#define FLASH		(3u << 15)
#define SUM		0xbaba

static void size_follows_the_chip(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);

	for (unsigned int size = 0; size < 16; size++) {
		fake_set(fake, 0x10, PRESENT | size << 11);
		/* beyond 16384 words there is no address in EERD */
		KUNIT_EXPECT_EQ(test, tgbe_nvm_words(fake->dev),
				size < 8 ? 64u << size : 16384);
	}
	fake_set(fake, 0x10, FLASH | PRESENT);
	KUNIT_EXPECT_EQ(test, tgbe_nvm_words(fake->dev), 64);
	fake_set(fake, 0x10, 2 << 11);
	KUNIT_EXPECT_EQ(test, tgbe_nvm_words(fake->dev), 0);
	fake->dev->chip = &tgbe_chip_82574;
	fake_set(fake, 0x10, PRESENT | 1 << 11);
	KUNIT_EXPECT_EQ(test, tgbe_nvm_words(fake->dev), 128);
	fake_set(fake, 0x10, FLASH | PRESENT | 1 << 11);
	KUNIT_EXPECT_EQ(test, tgbe_nvm_words(fake->dev), 2048);
}

/* A good image: word n holds 1001h times n */
static struct fake *with_image(struct kunit *test, const struct tgbe_chip *chip)
{
	struct fake *fake = fake_create(test, chip);
	u16 sum = 0;

	for (unsigned int i = 0; i < 63; i++) {
		fake->nvm[i] = 0x1001 * i;
		sum += fake->nvm[i];
	}
	fake->nvm[63] = SUM - sum;
	fake_set(fake, 0x10, PRESENT);
	fake_set(fake, 0x102c, 2);
	return fake;
}

static void expect_sum(struct kunit *test)
{
	struct fake *fake = test->priv;
	u16 sum = 0;

	for (unsigned int i = 0; i < 64; i++)
		sum += fake->nvm[i];
	KUNIT_EXPECT_EQ(test, sum, SUM);
}

/* From and to the middle of a word; the lower byte is the first */
static void bytes(struct kunit *test)
{
	static const u8 odd[] = { 0xa1, 0xa2, 0xa3, 0xa4 };
	struct fake *fake = with_image(test, &tgbe_chip_82574);
	u8 back[6];

	KUNIT_EXPECT_EQ(test, 0, tgbe_nvm_write_bytes(fake->dev, 33, 4, odd, NULL));
	KUNIT_EXPECT_EQ(test, fake->nvm[15], 0xf00f);
	KUNIT_EXPECT_EQ(test, fake->nvm[16], 0xa110);
	KUNIT_EXPECT_EQ(test, fake->nvm[17], 0xa3a2);
	KUNIT_EXPECT_EQ(test, fake->nvm[18], 0x20a4);
	KUNIT_EXPECT_EQ(test, fake->nvm[19], 0x3013);
	expect_sum(test);
	/* three words and the sum */
	KUNIT_EXPECT_EQ(test, fake->nvm_writes, 4);
	KUNIT_EXPECT_EQ(test, fake->nvm_commits, 0);
	KUNIT_EXPECT_EQ(test, 0, tgbe_nvm_read_bytes(fake->dev, 32, 6, back));
	KUNIT_EXPECT_MEMEQ(test, back, "\x10\xa1\xa2\xa3\xa4\x20", 6);
	KUNIT_EXPECT_EQ(test, 0, tgbe_nvm_read_bytes(fake->dev, 33, 2, back));
	KUNIT_EXPECT_MEMEQ(test, back, "\xa1\xa2", 2);
}

static void single_byte(struct kunit *test)
{
	struct fake *fake = with_image(test, &tgbe_chip_82574);

	KUNIT_EXPECT_EQ(test, 0, tgbe_nvm_write_bytes(fake->dev, 20, 1, "\x55", NULL));
	KUNIT_EXPECT_EQ(test, fake->nvm[10], 0xa055);
	KUNIT_EXPECT_EQ(test, fake->nvm_writes, 2);
	expect_sum(test);
	/* what is there is not written again */
	KUNIT_EXPECT_EQ(test, 0, tgbe_nvm_write_bytes(fake->dev, 20, 1, "\x55", NULL));
	KUNIT_EXPECT_EQ(test, fake->nvm_writes, 2);
}

/* EECD: bit 19 copies to the flash, bit 20 would do so at any time */
static void flash(struct kunit *test)
{
	struct fake *fake = with_image(test, &tgbe_chip_82574);

	fake_set(fake, 0x10, FLASH | PRESENT | BIT(20));
	tgbe_nvm_init(fake->dev);
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x10), FLASH | PRESENT);
	KUNIT_EXPECT_EQ(test, 0, tgbe_nvm_write_bytes(fake->dev, 0, 2, "\x12\x34", NULL));
	KUNIT_EXPECT_EQ(test, fake->nvm_commits, 1);
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x8f00), 0);
	/* with this erase opcode the firmware has to be reset first: HICR, bit 7 */
	fake_set(fake, 0x103c, 0xdb00);
	KUNIT_EXPECT_EQ(test, 0, tgbe_nvm_write_bytes(fake->dev, 0, 2, "\x34\x12", NULL));
	KUNIT_EXPECT_EQ(test, fake->nvm_commits, 2);
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x8f00), BIT(7));
	expect_sum(test);
}

/* Not there: the autonomous update is none of an EEPROM */
static void eeprom_left_alone(struct kunit *test)
{
	struct fake *fake = with_image(test, &tgbe_chip_82574);

	fake_set(fake, 0x10, PRESENT | BIT(20));
	tgbe_nvm_init(fake->dev);
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x10), PRESENT | BIT(20));
}

static void not_written_82576(struct kunit *test)
{
	struct fake *fake = with_image(test, &tgbe_chip_82576);
	struct netlink_ext_ack extack = {};

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			tgbe_nvm_write_bytes(fake->dev, 0, 2, "\x12\x34", &extack));
	KUNIT_EXPECT_NOT_NULL(test, extack._msg);
	KUNIT_EXPECT_EQ(test, fake->nvm_writes, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(size_follows_the_chip),
	KUNIT_CASE(bytes),
	KUNIT_CASE(single_byte),
	KUNIT_CASE(flash),
	KUNIT_CASE(eeprom_left_alone),
	KUNIT_CASE(not_written_82576),
	{}
};

static struct kunit_suite suite = {
	.name = "tgbe_nvm",
	.test_cases = cases,
};

kunit_test_suite(suite);
