// SPDX-License-Identifier: GPL-2.0
/* The link work: what is agreed with the partner is read anew after each loss of the
 * link, also after one that was over before the work ran. Registers and bits are those
 * of IEEE 802.3 clause 22 and of the datasheets.
 */
#include <linux/mii.h>

#include "fake.h"
#include "tgbe_chip.h"

/* STATUS: link up, full duplex, and the speed */
#define UP_100		0x43
#define UP_1000		0x83
#define DOWN		0x00
/* CTRL: PAUSE frames are received, are sent */
#define CTRL_PAUSE	0x18000000u
/* registers 4 and 5: PAUSE is offered */
#define PAUSE		0x0400
/* register 10: the partner's receiver is ready */
#define READY		0x1000

struct link_test {
	struct fake *fake;
	work_func_t look;
};

static void nothing(struct work_struct *work)
{
}

static void end_work(void *work)
{
	cancel_delayed_work_sync(work);
}

static void look(struct link_test *t)
{
	t->look(&t->fake->dev->link_work.work);
}

static void set_status(struct link_test *t, u32 status)
{
	fake_set(t->fake, 0x8, status);
}

static u32 pause_of(struct link_test *t)
{
	return fake_get(t->fake, 0x0) & CTRL_PAUSE;
}

/* The link goes and comes back before the work runs */
static void flap(struct link_test *t, u32 status, u16 partner)
{
	t->fake->phy_lost_link = true;
	t->fake->phy[5] = partner;
	set_status(t, status);
}

static struct link_test *start(struct kunit *test, const struct tgbe_chip *chip)
{
	struct link_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct tgbe_device *dev;

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->fake = fake_create(test, chip);
	dev = t->fake->dev;
	tgbe_link_init(dev);
	/* the test runs the work itself */
	t->look = dev->link_work.work.func;
	dev->link_work.work.func = nothing;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, end_work,
							   &dev->link_work));
	t->fake->phy[0] = 0x1000;
	t->fake->phy[1] = 0x796d;
	t->fake->phy[4] = PAUSE;
	t->fake->phy[10] = READY;
	flap(t, UP_100, 0);
	look(t);
	KUNIT_ASSERT_TRUE(test, dev->link.up);
	KUNIT_ASSERT_EQ(test, dev->link.speed, 100);
	KUNIT_ASSERT_EQ(test, pause_of(t), 0);
	return t;
}

/* The partner's receiver is awaited in between */
static void other_speed_unseen(struct kunit *test)
{
	struct link_test *t = start(test, &tgbe_chip_82576);
	struct tgbe_device *dev = t->fake->dev;

	t->fake->phy[10] = 0;
	flap(t, UP_1000, PAUSE);
	look(t);
	KUNIT_EXPECT_FALSE(test, dev->link.up);
	KUNIT_EXPECT_EQ(test, dev->link.speed, SPEED_UNKNOWN);
	t->fake->phy[10] = READY;
	look(t);
	KUNIT_EXPECT_TRUE(test, dev->link.up);
	KUNIT_EXPECT_EQ(test, dev->link.speed, 1000);
	KUNIT_EXPECT_EQ(test, pause_of(t), CTRL_PAUSE);
}

/* The speed alone tells of it, as for a PHY that does not keep the loss */
static void other_speed_untold(struct kunit *test)
{
	struct link_test *t = start(test, &tgbe_chip_82574);

	flap(t, UP_1000, PAUSE);
	t->fake->phy_lost_link = false;
	t->fake->phy[10] = 0;
	look(t);
	KUNIT_EXPECT_FALSE(test, t->fake->dev->link.up);
	t->fake->phy[10] = READY;
	look(t);
	KUNIT_EXPECT_EQ(test, pause_of(t), CTRL_PAUSE);
}

static void same_speed_unseen(struct kunit *test)
{
	struct link_test *t = start(test, &tgbe_chip_82574);

	flap(t, UP_100, PAUSE);
	look(t);
	KUNIT_EXPECT_TRUE(test, t->fake->dev->link.up);
	KUNIT_EXPECT_EQ(test, pause_of(t), CTRL_PAUSE);
	flap(t, UP_100, 0);
	look(t);
	KUNIT_EXPECT_EQ(test, pause_of(t), 0);
}

/* A user who reads register 1 takes the news away from the work, unless it is told */
static void user_reads_first(struct kunit *test)
{
	struct link_test *t = start(test, &tgbe_chip_82576);
	struct ifreq ifr = {};
	struct mii_ioctl_data *mii = if_mii(&ifr);

	flap(t, UP_100, PAUSE);
	mii->phy_id = 1;
	mii->reg_num = 1;
	KUNIT_EXPECT_EQ(test, 0, tgbe_link_ioctl(t->fake->dev->netdev, &ifr,
						 SIOCGMIIREG));
	KUNIT_EXPECT_EQ(test, mii->val_out, 0x7969);
	KUNIT_EXPECT_FALSE(test, t->fake->phy_lost_link);
	look(t);
	KUNIT_EXPECT_EQ(test, pause_of(t), CTRL_PAUSE);
}

/* Negotiated anew, but the MAC has not noticed when the work runs */
static void restart_unseen(struct kunit *test)
{
	struct link_test *t = start(test, &tgbe_chip_82576);

	KUNIT_EXPECT_EQ(test, 0, tgbe_phy_start(t->fake->dev));
	t->fake->phy[5] = PAUSE;
	look(t);
	KUNIT_EXPECT_EQ(test, pause_of(t), CTRL_PAUSE);
}

/* Nothing is written while nothing happens, also with a PHY that never says "link" */
static void nothing_happened(struct kunit *test)
{
	struct link_test *t = start(test, &tgbe_chip_82576);

	t->fake->phy[5] = PAUSE;
	look(t);
	KUNIT_EXPECT_EQ(test, pause_of(t), 0);
	t->fake->phy[1] &= ~BIT(2);
	for (int i = 0; i < 3; i++)
		look(t);
	KUNIT_EXPECT_TRUE(test, t->fake->dev->link.up);
	KUNIT_EXPECT_EQ(test, pause_of(t), 0);
}

/* The PHY has no link, of which the MAC knows nothing yet when the work runs */
static void mac_notices_late(struct kunit *test)
{
	struct link_test *t = start(test, &tgbe_chip_82574);

	t->fake->phy_lost_link = true;
	t->fake->phy[1] &= ~BIT(2);
	look(t);
	t->fake->phy[1] |= BIT(2);
	t->fake->phy[5] = PAUSE;
	look(t);
	KUNIT_EXPECT_TRUE(test, t->fake->dev->link.up);
	KUNIT_EXPECT_EQ(test, pause_of(t), CTRL_PAUSE);
}

/* Seen down, and the PHY tells of the loss when it is up again: that ends nothing */
static void down_and_up(struct kunit *test)
{
	struct link_test *t = start(test, &tgbe_chip_82576);

	t->fake->phy[1] &= ~BIT(2);
	set_status(t, DOWN);
	look(t);
	KUNIT_EXPECT_FALSE(test, t->fake->dev->link.up);
	t->fake->phy[1] |= BIT(2);
	flap(t, UP_1000, PAUSE);
	look(t);
	KUNIT_EXPECT_TRUE(test, t->fake->dev->link.up);
	KUNIT_EXPECT_EQ(test, pause_of(t), CTRL_PAUSE);
	look(t);
	KUNIT_EXPECT_TRUE(test, t->fake->dev->link.up);
}

/* 20 times 100 ms for a partner that never says it is ready, anew for each link */
static void receiver_awaited(struct kunit *test)
{
	struct link_test *t = start(test, &tgbe_chip_82576);
	struct tgbe_device *dev = t->fake->dev;

	t->fake->phy[10] = 0;
	for (int round = 0; round < 2; round++) {
		flap(t, UP_1000, PAUSE);
		for (int i = 0; i < 20; i++) {
			look(t);
			KUNIT_EXPECT_FALSE(test, dev->link.up);
		}
		look(t);
		KUNIT_EXPECT_TRUE(test, dev->link.up);
	}
}

/* PAUSE is not agreed upon while negotiation is off, whoever switched it off */
static void forced_by_the_user(struct kunit *test)
{
	struct link_test *t = start(test, &tgbe_chip_82576);

	t->fake->phy[0] = 0x2100;
	flap(t, UP_100, PAUSE);
	look(t);
	KUNIT_EXPECT_TRUE(test, t->fake->dev->link.up);
	KUNIT_EXPECT_EQ(test, pause_of(t), 0);
}

static void check_found(struct kunit *test, const struct tgbe_chip *chip,
			u8 crossed_reg, u16 crossed, u8 slower_reg, u16 slower)
{
	struct link_test *t = start(test, chip);
	struct tgbe_link *link = &t->fake->dev->link;

	KUNIT_EXPECT_EQ(test, link->mdix_found, ETH_TP_MDI);
	KUNIT_EXPECT_EQ(test, atomic64_read(&link->downshifts), 0);
	t->fake->phy[crossed_reg] |= crossed;
	flap(t, UP_100, 0);
	look(t);
	KUNIT_EXPECT_EQ(test, link->mdix_found, ETH_TP_MDI_X);
	KUNIT_EXPECT_EQ(test, atomic64_read(&link->downshifts), 0);
	t->fake->phy[slower_reg] |= slower;
	for (int i = 0; i < 2; i++)
		look(t);
	KUNIT_EXPECT_EQ(test, atomic64_read(&link->downshifts), 0);
	flap(t, UP_100, 0);
	for (int i = 0; i < 2; i++)
		look(t);
	KUNIT_EXPECT_EQ(test, atomic64_read(&link->downshifts), 1);
	set_status(t, DOWN);
	look(t);
	KUNIT_EXPECT_EQ(test, link->mdix_found, ETH_TP_MDI_INVALID);
}

/* Crossover and downshift: registers 17 and 19 of the one, 17 of the other */
static void found_82576(struct kunit *test)
{
	check_found(test, &tgbe_chip_82576, 17, 0x0800, 19, 0x8000);
}

static void found_82574(struct kunit *test)
{
	check_found(test, &tgbe_chip_82574, 17, 0x0040, 17, 0x0020);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(other_speed_unseen),
	KUNIT_CASE(other_speed_untold),
	KUNIT_CASE(same_speed_unseen),
	KUNIT_CASE(user_reads_first),
	KUNIT_CASE(restart_unseen),
	KUNIT_CASE(nothing_happened),
	KUNIT_CASE(mac_notices_late),
	KUNIT_CASE(down_and_up),
	KUNIT_CASE(receiver_awaited),
	KUNIT_CASE(forced_by_the_user),
	KUNIT_CASE(found_82576),
	KUNIT_CASE(found_82574),
	{}
};

static struct kunit_suite suite = {
	.name = "tgbe_link",
	.test_cases = cases,
};

kunit_test_suite(suite);
