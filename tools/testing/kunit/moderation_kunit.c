// SPDX-License-Identifier: GPL-2.0
/* Moderation intervals as the registers want them: the 82576 in units of 1 us
 * in EITR 14:2, with bit 31 set so that a running interval ends; the 82574 in
 * units of 256 ns in 15:0.
 */
#include <linux/ktime.h>

#include "fake.h"
#include "tgbe_chip.h"
#include "tgbe_ring.h"

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
		/* rounded up: the shortest interval is not none */
		{ 1, 4 },
		{ 100, 391 },
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

static struct fake *moderated(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);

	for (unsigned int q = 0; q < FAKE_QUEUES; q++) {
		fake->dev->config.moderation[q].rx.usecs = 100;
		fake->dev->config.moderation[q].tx.usecs = 300;
	}
	return fake;
}

/* A poll after an interrupt */
static void polled(struct tgbe_vector *vector, unsigned int received, unsigned int sent,
		   bool done)
{
	vector->interrupts++;
	tgbe_moderation_polled(vector, received, sent, done);
}

static unsigned int usecs_of(struct fake *fake, unsigned int vector)
{
	return (fake_get(fake, 0x1680 + 4 * vector) & 0x7ffc) >> 2;
}

/* With MSI-X the vector of the other causes waits like those of the queues */
static void start_reaches_every_vector(struct kunit *test)
{
	struct fake *fake = moderated(test);
	unsigned int v;

	tgbe_moderation_start(fake->dev);
	for (v = 0; v <= FAKE_QUEUES; v++)
		KUNIT_EXPECT_EQ(test, usecs_of(fake, v), 100);
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x1680 + 4 * v), 0);
}

static void start_without_msix(struct kunit *test)
{
	struct fake *fake = moderated(test);

	fake->dev->irq_mode = TGBE_IRQ_INTX;
	fake->dev->queues_max = 1;
	tgbe_moderation_start(fake->dev);
	KUNIT_EXPECT_EQ(test, usecs_of(fake, 0), 100);
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x1684), 0);
}

/* Of two directions only one that had work has a say, and the shorter of both. Frames
 * sent alone lengthen the interval after eight interrupts without a received one.
 */
static void the_shorter_of_what_worked(struct kunit *test)
{
	struct fake *fake = moderated(test);
	struct tgbe_vector *vector = fake->dev->vector[0];

	tgbe_moderation_start(fake->dev);
	for (unsigned int i = 1; i < 8; i++) {
		polled(vector, 0, 5, true);
		KUNIT_EXPECT_EQ(test, usecs_of(fake, 0), 100);
	}
	polled(vector, 0, 5, true);
	KUNIT_EXPECT_EQ(test, usecs_of(fake, 0), 300);
	polled(vector, 0, 0, true);
	KUNIT_EXPECT_EQ(test, usecs_of(fake, 0), 300);
	polled(vector, 1, 5, true);
	KUNIT_EXPECT_EQ(test, usecs_of(fake, 0), 100);
	polled(vector, 0, 5, true);
	KUNIT_EXPECT_EQ(test, usecs_of(fake, 0), 100);
	fake->dev->config.moderation[0].tx.usecs = 30;
	polled(vector, 0, 5, true);
	KUNIT_EXPECT_EQ(test, usecs_of(fake, 0), 30);
}

/* The interval after eight interrupts that brought so many frames each within @ns */
static unsigned int adapted(struct fake *fake, unsigned int received, unsigned int sent,
			    u64 ns)
{
	struct tgbe_vector *vector = fake->dev->vector[0];

	vector->load.since = ktime_get_ns() - ns;
	for (unsigned int i = 0; i < 8; i++)
		polled(vector, received, sent, true);
	return usecs_of(fake, 0);
}

/* Adaptive: frames at a low rate interrupt at once, those at a high rate, or that come
 * four and more at once, after 100 us. Of both directions the busier one tells.
 */
static void bulk_waits(struct kunit *test)
{
	struct fake *fake = moderated(test);

	fake->dev->config.moderation[0].rx.adaptive = true;
	tgbe_moderation_start(fake->dev);
	KUNIT_EXPECT_EQ(test, usecs_of(fake, 0), 0);
	KUNIT_EXPECT_EQ(test, adapted(fake, 4, 0, NSEC_PER_SEC), 100);
	KUNIT_EXPECT_EQ(test, adapted(fake, 3, 0, NSEC_PER_SEC), 0);
	/* 24 frames in 1 ms are 24,000 a second */
	KUNIT_EXPECT_EQ(test, adapted(fake, 3, 3, NSEC_PER_MSEC), 0);
	KUNIT_EXPECT_EQ(test, adapted(fake, 1, 4, NSEC_PER_SEC), 100);
	KUNIT_EXPECT_EQ(test, adapted(fake, 1, 1, 7 * (u64)NSEC_PER_SEC), 0);
	/* they took no time but that of the calls, a hundredth of a frame's */
	KUNIT_EXPECT_EQ(test, adapted(fake, 3, 0, 0), 100);
	KUNIT_EXPECT_EQ(test, adapted(fake, 1, 0, NSEC_PER_SEC), 0);
}

/* Polls without an interrupt, as of a socket that polls by itself, tell nothing */
static void busy_polls_tell_nothing(struct kunit *test)
{
	struct fake *fake = moderated(test);
	struct tgbe_vector *vector = fake->dev->vector[0];

	tgbe_moderation_start(fake->dev);
	polled(vector, 1, 0, true);
	for (unsigned int i = 0; i < 20; i++)
		tgbe_moderation_polled(vector, 0, 1, true);
	KUNIT_EXPECT_EQ(test, usecs_of(fake, 0), 100);
	polled(vector, 0, 1, true);
	KUNIT_EXPECT_EQ(test, usecs_of(fake, 0), 100);
}

/* The -irq values hold after an interrupt that took more than one poll */
static void busy_values(struct kunit *test)
{
	struct fake *fake = moderated(test);
	struct tgbe_vector *vector = fake->dev->vector[1];

	fake->dev->config.moderation[1].rx.usecs_irq = 700;
	tgbe_moderation_start(fake->dev);
	polled(vector, 64, 0, false);
	polled(vector, 3, 0, true);
	KUNIT_EXPECT_EQ(test, usecs_of(fake, 1), 700);
	polled(vector, 3, 0, true);
	KUNIT_EXPECT_EQ(test, usecs_of(fake, 1), 100);
}

/* At a steady rate the wanted number of frames comes with each interrupt, and
 * never later than the microseconds say
 */
static void frames_are_met(struct kunit *test)
{
	static const unsigned int ns_per_frame[] = { 500, 2000, 10000, 50000 };
	struct fake *fake = moderated(test);
	struct tgbe_vector *vector = fake->dev->vector[0];

	fake->dev->config.moderation[0].rx.usecs = 1000;
	fake->dev->config.moderation[0].rx.frames = 40;
	tgbe_moderation_start(fake->dev);
	for (unsigned int r = 0; r < ARRAY_SIZE(ns_per_frame); r++) {
		unsigned int frames = 0;

		for (unsigned int i = 0; i < 200; i++) {
			frames = max(1u, usecs_of(fake, 0) * 1000 /
				     ns_per_frame[r]);
			polled(vector, frames, 0, true);
		}
		if (40 * ns_per_frame[r] < 1000 * 1000) {
			KUNIT_EXPECT_GE(test, frames, 36);
			KUNIT_EXPECT_LE(test, frames, 44);
		} else {
			KUNIT_EXPECT_EQ(test, usecs_of(fake, 0), 1000);
		}
	}
}

/* The frames of every other interrupt once 16 are wished for, where one comes each
 * 250 us and the interrupts between bring @others
 */
static unsigned int frames_by_turns(struct kunit *test, unsigned int usecs,
				    unsigned int others)
{
	struct fake *fake = moderated(test);
	struct tgbe_vector *vector = fake->dev->vector[0];
	unsigned int frames = 0;

	fake->dev->config.moderation[0].rx.usecs = usecs;
	fake->dev->config.moderation[0].rx.frames = 16;
	tgbe_moderation_start(fake->dev);
	for (unsigned int i = 0; i < 100; i++) {
		frames = usecs_of(fake, 0) / 250;
		polled(vector, frames, 0, true);
		polled(vector, others, 0, true);
	}
	return frames;
}

/* Also by a timer that begins only with a frame: every other interrupt brings one */
static void frames_are_met_by_turns(struct kunit *test)
{
	unsigned int frames = frames_by_turns(test, 8000, 1);

	KUNIT_EXPECT_GE(test, frames + 1, 2 * 14);
	KUNIT_EXPECT_LE(test, frames + 1, 2 * 18);
}

/* Also where every other interrupt brings nothing */
static void frames_are_met_in_vain(struct kunit *test)
{
	unsigned int frames = frames_by_turns(test, 16000, 0);

	KUNIT_EXPECT_GE(test, frames, 2 * 14);
	KUNIT_EXPECT_LE(test, frames, 2 * 18);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(units_82576),
	KUNIT_CASE(units_82574),
	KUNIT_CASE(start_reaches_every_vector),
	KUNIT_CASE(start_without_msix),
	KUNIT_CASE(the_shorter_of_what_worked),
	KUNIT_CASE(bulk_waits),
	KUNIT_CASE(busy_polls_tell_nothing),
	KUNIT_CASE(busy_values),
	KUNIT_CASE(frames_are_met),
	KUNIT_CASE(frames_are_met_by_turns),
	KUNIT_CASE(frames_are_met_in_vain),
	{}
};

static struct kunit_suite suite = {
	.name = "tgbe_moderation",
	.test_cases = cases,
};

kunit_test_suite(suite);
