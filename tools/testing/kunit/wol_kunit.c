// SPDX-License-Identifier: GPL-2.0
/* Which ports can wake the machine. The function of a port is in STATUS 3:2; bit 10 of
 * NVM word 24h, for the second port of an 82576 of word 14h, says that it does so by
 * default, and on the latter also that it can.
 */
#include <linux/ethtool.h>
#include <linux/pci.h>

#include "fake.h"
#include "tgbe_chip.h"

#define APM	0x0400
#define ALL	(WAKE_PHY | WAKE_UCAST | WAKE_MCAST | WAKE_BCAST | WAKE_MAGIC)

static void ports_that_wake(struct kunit *test)
{
	static const struct {
		const struct tgbe_chip *chip;
		bool pme;
		bool port_a_only;
		unsigned int function;
		u16 word24;
		u16 word14;
		u32 supported;
		u32 now;
	} cases[] = {
		{ &tgbe_chip_82576, true, false, 0, APM, 0, ALL, WAKE_MAGIC },
		{ &tgbe_chip_82576, true, false, 0, 0, APM, ALL, 0 },
		{ &tgbe_chip_82576, true, false, 1, 0, APM, ALL, WAKE_MAGIC },
		{ &tgbe_chip_82576, true, false, 1, APM, 0, 0, 0 },
		{ &tgbe_chip_82576, true, true, 0, APM, 0, ALL, WAKE_MAGIC },
		{ &tgbe_chip_82576, true, true, 1, APM, APM, 0, 0 },
		{ &tgbe_chip_82576, false, false, 0, APM, 0, 0, 0 },
		{ &tgbe_chip_82574, true, false, 0, APM, 0, ALL, WAKE_MAGIC },
		/* these bits say something else there */
		{ &tgbe_chip_82574, true, false, 1, APM, 0, ALL, WAKE_MAGIC },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fake *fake = fake_create(test, cases[i].chip);
		struct ethtool_wolinfo wol = {};
		struct pci_dev *pdev;

		pdev = kunit_kzalloc(test, sizeof(*pdev), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, pdev);
		pdev->bus = kunit_kzalloc(test, sizeof(*pdev->bus), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, pdev->bus);
		pdev->pm_cap = 0x40;
		if (cases[i].pme)
			pdev->pme_support = BIT((__force int)PCI_D3hot);
		fake->dev->pdev = pdev;
		fake->model.wakes_on_port_a = cases[i].port_a_only;
		fake->nvm[0x24] = cases[i].word24;
		fake->nvm[0x14] = cases[i].word14;
		fake_set(fake, 0x0008, cases[i].function << 2);
		tgbe_wol_init(fake->dev);
		tgbe_wol_get(fake->dev, &wol);
		KUNIT_EXPECT_EQ_MSG(test, wol.supported, cases[i].supported, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, wol.wolopts, cases[i].now, "case %u", i);
	}
}

static struct kunit_case wol_cases[] = {
	KUNIT_CASE(ports_that_wake),
	{}
};

static struct kunit_suite wol_suite = {
	.name = "tgbe_wol",
	.test_cases = wol_cases,
};

kunit_test_suite(wol_suite);
