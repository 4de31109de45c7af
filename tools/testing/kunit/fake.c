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

/* The bit for the link in register 1 is low at the first read after a loss */
static u16 read_phy(struct fake *fake, u8 reg)
{
	u16 val = fake->phy_page ? 0 : fake->phy[reg];

	if (reg != 1 || fake->phy_page)
		return val;
	if (fake->phy_lost_link)
		val &= ~BIT(2);
	fake->phy_lost_link = !(fake->phy[1] & BIT(2));
	return val;
}

/* In register 0, reset and restart of negotiation are over at once */
static void write_phy(struct kunit *test, struct fake *fake, u8 reg, u16 val)
{
	if (reg == (fake->dev->chip == &tgbe_chip_82574 ? 22 : 31)) {
		fake->phy_page = val;
		return;
	}
	KUNIT_ASSERT_LT(test, fake->phy_writes, FAKE_PHY_WRITES);
	fake->phy_write[fake->phy_writes++] = (struct fake_phy_write){
		fake->phy_page, reg, val,
	};
	if (!fake->phy_page)
		fake->phy[reg] = reg ? val : val & ~(BIT(15) | BIT(9));
}

static void do_mdio(struct kunit *test, struct fake *fake, u32 reg)
{
	u32 cmd = fake_get(fake, reg);
	u8 phy_reg = cmd >> 16 & 0x1f;

	if (!(cmd & (BIT(26) | BIT(27))) || cmd & BIT(28))
		return;
	KUNIT_ASSERT_EQ(test, cmd >> 21 & 0x1f, 1);
	if (cmd & BIT(26))
		write_phy(test, fake, phy_reg, cmd & 0xffff);
	else
		cmd = (cmd & ~0xffff) | read_phy(fake, phy_reg);
	fake_set(fake, reg, cmd | BIT(28));
}

/* Reading and writing of the NVM have one layout */
static void do_nvm(struct kunit *test, struct fake *fake, u32 reg)
{
	u32 cmd = fake_get(fake, reg);
	u32 word = cmd >> 2 & 0x3fff;

	if (!(cmd & BIT(0)))
		return;
	KUNIT_ASSERT_LT(test, word, FAKE_NVM_WORDS);
	if (reg == 0x102c) {
		fake->nvm[word] = cmd >> 16;
		fake->nvm_writes++;
	}
	fake_set(fake, reg, (u32)fake->nvm[word] << 16 | BIT(1));
}

/* What a write began is done when somebody asks for it */
static void act(struct kunit *test, struct fake *fake, u32 reg)
{
	switch (reg) {
	case 0x00:
		/* a reset is over at once */
		fake_set(fake, reg, fake_get(fake, reg) & ~BIT(26));
		break;
	case 0x10:
		if (fake_get(fake, reg) & BIT(19))
			fake->nvm_commits++;
		fake_set(fake, reg, fake_get(fake, reg) & ~BIT(19));
		break;
	case 0x14:
	case 0x102c:
		do_nvm(test, fake, reg);
		break;
	case 0x20:
		do_mdio(test, fake, reg);
		break;
	}
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
	act(test, fake, reg);
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
	fake->model.chip = chip;
	dev->model = &fake->model;
	dev->regs = (u8 __iomem __force *)bar;
	dev->irq_mode = TGBE_IRQ_MSIX;
	dev->queues_max = FAKE_QUEUES;
	dev->config.queues = FAKE_QUEUES;
	mutex_init(&dev->fw_lock);
	mutex_init(&dev->hw_lock);
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
