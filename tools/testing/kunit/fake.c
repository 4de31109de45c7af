// SPDX-License-Identifier: GPL-2.0
/* A port without a card, see fake.h. */
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <kunit/static_stub.h>

#include "fake.h"
#include "tgbe_chip.h"
#include "tgbe_ring.h"

#define BAR_BYTES	SZ_128K

/* Octet counters have two registers: reading the high one clears both */
static bool is_low_half(u32 reg)
{
	switch (reg) {
	case 0x4088:	/* good octets received */
	case 0x4090:	/* good octets transmitted */
	case 0x40c0:	/* all octets received */
	case 0x40c8:	/* all octets transmitted */
		return true;
	default:
		return false;
	}
}

static bool is_counter(struct fake *fake, u32 reg)
{
	if (reg >= 0x4000 && reg < 0x4128)
		return true;
	/* drops of a queue, one register each 40h, on the 82576 only */
	return fake->dev->chip == &tgbe_chip_82576 &&
	       reg >= 0xc030 && reg < 0xc430 && (reg - 0xc030) % 0x40 == 0;
}

/* EERD: bit 0 starts, bits 15:2 are the word's number; bit 1 is done, 31:16 the word */
static void finish_nvm_read(struct fake *fake)
{
	u32 eerd = fake_get(fake, 0x14);
	u32 word = eerd >> 2 & 0x3fff;

	if (eerd & BIT(0) && word < FAKE_NVM_WORDS)
		fake_set(fake, 0x14, fake->nvm[word] << 16 | word << 2 | BIT(1));
}

static u32 fake_rd(struct tgbe_device *dev, u32 reg)
{
	struct kunit *test = kunit_get_current_test();
	struct fake *fake = test->priv;
	u32 val;

	KUNIT_ASSERT_PTR_EQ(test, dev, fake->dev);
	KUNIT_ASSERT_LT(test, reg, BAR_BYTES);
	if (!dev->regs)
		return ~0u;
	if (reg == fake->gone_at) {
		dev->regs = NULL;
		return ~0u;
	}
	fake->reads[reg / 4]++;
	if (reg == 0x14 && fake->nvm)
		finish_nvm_read(fake);
	val = fake_get(fake, reg);
	if (is_counter(fake, reg) && !is_low_half(reg)) {
		fake_set(fake, reg, 0);
		if (is_low_half(reg - 4))
			fake_set(fake, reg - 4, 0);
	}
	return val;
}

static void free_fake(void *netdev)
{
	free_netdev(netdev);
}

/**
 * fake_create() - make a port, and have its registers read from memory
 * @test: test whose priv it becomes
 * @chip: what kind it is
 *
 * Return: the port, with %FAKE_QUEUES queue pairs and MSI-X.
 */
struct fake *fake_create(struct kunit *test, const struct tgbe_chip *chip)
{
	struct net_device *netdev;
	struct tgbe_device *dev;
	struct fake *fake;
	void *bar;

	fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fake);
	fake->gone_at = FAKE_STAYS;
	fake->reads = kunit_kzalloc(test, BAR_BYTES, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fake->reads);
	bar = kunit_kzalloc(test, BAR_BYTES, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bar);
	netdev = alloc_etherdev(sizeof(*dev));
	KUNIT_ASSERT_NOT_NULL(test, netdev);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_fake,
							   netdev));
	dev = netdev_priv(netdev);
	dev->netdev = netdev;
	dev->chip = chip;
	dev->regs = (u8 __iomem __force *)bar;
	dev->irq_mode = TGBE_IRQ_MSIX;
	dev->queues_max = FAKE_QUEUES;
	dev->config.queues = FAKE_QUEUES;
	mutex_init(&dev->hw_lock);
	mutex_init(&dev->fw_lock);
	spin_lock_init(&dev->ctrl_lock);
	spin_lock_init(&dev->filter_lock);
	spin_lock_init(&dev->stats_lock);
	for (unsigned int q = 0; q < FAKE_QUEUES; q++) {
		dev->vector[q] = kunit_kzalloc(test, sizeof(*dev->vector[q]),
					       GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, dev->vector[q]);
		dev->vector[q]->dev = dev;
		dev->vector[q]->index = q;
	}
	fake->dev = dev;
	test->priv = fake;
	kunit_activate_static_stub(test, tgbe_rd, fake_rd);
	return fake;
}

/**
 * fake_get() - what a register holds
 * @fake: card that was not pulled
 * @reg: offset
 *
 * Return: the value; looking clears nothing.
 */
u32 fake_get(struct fake *fake, u32 reg)
{
	return readl(fake->dev->regs + reg);
}

/**
 * fake_set() - let a register hold something
 * @fake: card that was not pulled
 * @reg: offset
 * @val: value
 */
void fake_set(struct fake *fake, u32 reg, u32 val)
{
	writel(val, fake->dev->regs + reg);
}

/**
 * fake_reads() - how often the driver read a register
 * @fake: card
 * @reg: offset
 *
 * Return: number of reads since the port was made.
 */
u32 fake_reads(struct fake *fake, u32 reg)
{
	return fake->reads[reg / 4];
}

MODULE_DESCRIPTION("KUnit suites of tgbe");
MODULE_LICENSE("GPL");
/* MODULE_IMPORT_NS() takes a name before 6.13 and a string since */
MODULE_INFO(import_ns, "EXPORTED_FOR_KUNIT_TESTING");
