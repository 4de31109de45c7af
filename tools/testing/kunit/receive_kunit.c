// SPDX-License-Identifier: GPL-2.0
/* Which frames come in, as registers say it: full rings, the address of the port.
 * Offsets and bits are the datasheets'.
 */
#include <linux/etherdevice.h>

#include "fake.h"
#include "tgbe_chip.h"

#define CTRL	0x0
#define TFCE	BIT(28)

/* SRRCTL of a queue: 4 KB buffers of 3 KB, one a descriptor; bit 31 is drop enable */
#define SRRCTL(queue)	(0xc00c + 0x40 * (queue))
#define UNCHANGED	(3 | 1 << 25)
#define DROP		BIT(31)

static bool drops(struct kunit *test, unsigned int queue)
{
	u32 val = fake_get(test->priv, SRRCTL(queue));

	KUNIT_EXPECT_EQ(test, val & ~DROP, UNCHANGED);
	return val & DROP;
}

/* With PAUSE frames sent (TFCE) a full ring pushes back; without them it drops where it
 * would hold up another queue. What else SRRCTL says stays.
 */
static void full_rings_82576(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);
	static const struct {
		u8 queues;
		u32 ctrl;
		bool drop;
	} cases[] = {
		{ 2, TFCE, false }, { 2, 0, true }, { 1, 0, false }, { 2, 0, true },
		/* PAUSE frames that are only obeyed */
		{ 2, BIT(27), true },
		{ 1, TFCE, false }, { 2, TFCE | BIT(27), false },
	};

	for (unsigned int q = 0; q < FAKE_QUEUES; q++)
		fake_set(fake, SRRCTL(q), UNCHANGED);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		fake->dev->config.queues = cases[i].queues;
		fake_set(fake, CTRL, cases[i].ctrl);
		tgbe_chip_full_rings(fake->dev);
		for (unsigned int q = 0; q < FAKE_QUEUES; q++)
			KUNIT_EXPECT_EQ_MSG(test, drops(test, q), cases[i].drop,
					    "case %u", i);
	}
}

/* The chip has no such bit */
static void full_rings_82574(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82574);

	tgbe_chip_full_rings(fake->dev);
	for (u32 reg = 0; reg < 0x20000; reg += 4)
		KUNIT_ASSERT_EQ_MSG(test, fake_get(fake, reg), 0, "%x", reg);
}

static const u8 factory[ETH_ALEN] = { 0x00, 0x1b, 0x21, 0x11, 0x22, 0x33 };

/* The address of the port, whose function is in bits 3:2 of STATUS (8h) */
static void address_of(struct kunit *test, const struct tgbe_chip *chip, const u16 *nvm,
		       unsigned int function, u8 *addr)
{
	struct fake *fake = fake_create(test, chip);

	memcpy(fake->nvm, nvm, sizeof(fake->nvm));
	fake_set(fake, 0x8, function << 2);
	ether_addr_copy(addr, factory);
	tgbe_nvm_alternate_mac(fake->dev, addr);
}

/* Word 37h points to three words a function, low bytes first */
static void alternate_mac(struct kunit *test)
{
	static const u8 want[][ETH_ALEN] = {
		{ 0x02, 0x00, 0x11, 0x22, 0x33, 0x44 },
		{ 0x02, 0x00, 0x11, 0x22, 0x33, 0x45 },
	};
	u16 nvm[FAKE_NVM_WORDS] = {
		[0x20] = 0x0002, 0x2211, 0x4433, 0x0002, 0x2211, 0x4533,
		/* a multicast address, and words never written */
		0x0001, 0x2211, 0x4433, 0xffff, 0xffff, 0xffff,
		[0x37] = 0x20,
	};
	u8 addr[ETH_ALEN];

	for (unsigned int function = 0; function < 4; function++) {
		address_of(test, &tgbe_chip_82576, nvm, function, addr);
		KUNIT_EXPECT_MEMEQ(test, addr, function < 2 ? want[function] : factory,
				   ETH_ALEN);
	}
	/* the 82574 has none, whatever the word says */
	address_of(test, &tgbe_chip_82574, nvm, 0, addr);
	KUNIT_EXPECT_MEMEQ(test, addr, factory, ETH_ALEN);
	nvm[0x37] = 0;
	address_of(test, &tgbe_chip_82576, nvm, 0, addr);
	KUNIT_EXPECT_MEMEQ(test, addr, factory, ETH_ALEN);
	nvm[0x37] = 0xffff;
	address_of(test, &tgbe_chip_82576, nvm, 0, addr);
	KUNIT_EXPECT_MEMEQ(test, addr, factory, ETH_ALEN);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(full_rings_82576),
	KUNIT_CASE(full_rings_82574),
	KUNIT_CASE(alternate_mac),
	{}
};

static struct kunit_suite suite = {
	.name = "tgbe_receive",
	.test_cases = cases,
};

kunit_test_suite(suite);
