// SPDX-License-Identifier: GPL-2.0
/* Ring indices: they go round, and the two ends never meet by accident. */
#include <kunit/test.h>

#include "tgbe_ring.h"

/* Sizes that are legal: the limits, and one that is no power of two */
static const u16 counts[] = { 64, 72, 512, 4088, 4096 };

static void next_goes_round(struct kunit *test)
{
	struct tgbe_ring *ring = kunit_kzalloc(test, sizeof(*ring), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ring);
	for (unsigned int c = 0; c < ARRAY_SIZE(counts); c++) {
		ring->count = counts[c];
		KUNIT_EXPECT_EQ(test, tgbe_ring_next(ring, 0), 1);
		KUNIT_EXPECT_EQ(test, tgbe_ring_next(ring, counts[c] - 2),
				counts[c] - 1);
		KUNIT_EXPECT_EQ(test, tgbe_ring_next(ring, counts[c] - 1), 0);
	}
}

static void span_goes_round(struct kunit *test)
{
	static const struct {
		u16 count, from, to, span;
	} cases[] = {
		/* empty wherever the two indices meet */
		{ 64, 0, 0, 0 }, { 64, 63, 63, 0 }, { 4096, 4095, 4095, 0 },
		/* within one round */
		{ 64, 0, 63, 63 }, { 72, 10, 70, 60 }, { 4096, 0, 4095, 4095 },
		/* over the end */
		{ 64, 63, 0, 1 }, { 64, 1, 0, 63 }, { 64, 10, 9, 63 },
		{ 72, 70, 3, 5 }, { 72, 71, 70, 71 },
		{ 4096, 4095, 0, 1 }, { 4096, 1, 0, 4095 },
		{ 4096, 2048, 2047, 4095 },
	};
	struct tgbe_ring *ring = kunit_kzalloc(test, sizeof(*ring), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ring);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		ring->count = cases[i].count;
		KUNIT_EXPECT_EQ_MSG(test, cases[i].span,
				    tgbe_ring_span(ring, cases[i].from,
						   cases[i].to),
				    "count %u, from %u to %u", cases[i].count,
				    cases[i].from, cases[i].to);
	}
}

/* n steps on, n descriptors lie between, from wherever one starts */
static void span_counts_steps(struct kunit *test)
{
	struct tgbe_ring *ring = kunit_kzalloc(test, sizeof(*ring), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ring);
	ring->count = 72;
	for (u16 from = 0; from < ring->count; from++) {
		u16 to = from;

		for (u16 n = 0; n < ring->count; n++) {
			KUNIT_ASSERT_LT(test, to, ring->count);
			KUNIT_ASSERT_EQ(test, tgbe_ring_span(ring, from, to), n);
			to = tgbe_ring_next(ring, to);
		}
		KUNIT_ASSERT_EQ(test, to, from);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(next_goes_round),
	KUNIT_CASE(span_goes_round),
	KUNIT_CASE(span_counts_steps),
	{}
};

static struct kunit_suite suite = {
	.name = "tgbe_ring",
	.test_cases = cases,
};

kunit_test_suite(suite);
