// SPDX-License-Identifier: GPL-2.0
/* Latching of the chips' counters: 32 bits, cleared by reading, stuck at all
 * ones rather than wrapped; the driver makes 64-bit ones of them that never go
 * backwards. Register offsets are the datasheets'.
 */
#include "fake.h"
#include "tgbe_chip.h"
#include "tgbe_ring.h"

#define ALL_ONES	0xffffffffu

struct counter {
	const char *name;
	u32 reg;
};

static const struct counter counters[] = {
	{ "rx_crc_errors", 0x4000 },
	{ "rx_align_errors", 0x4004 },
	{ "rx_symbol_errors", 0x4008 },
	{ "rx_phy_errors", 0x400c },
	{ "rx_missed_errors", 0x4010 },
	{ "tx_single_collisions", 0x4014 },
	{ "tx_excess_collisions", 0x4018 },
	{ "tx_multiple_collisions", 0x401c },
	{ "tx_late_collisions", 0x4020 },
	{ "collisions", 0x4028 },
	{ "tx_deferred", 0x4030 },
	{ "rx_xon", 0x4048 },
	{ "tx_xon", 0x404c },
	{ "rx_xoff", 0x4050 },
	{ "tx_xoff", 0x4054 },
	{ "rx_mac_packets", 0x4074 },
	{ "rx_broadcast", 0x4078 },
	{ "rx_multicast", 0x407c },
	{ "tx_mac_packets", 0x4080 },
	{ "rx_mac_bytes", 0x4088 },
	{ "tx_mac_bytes", 0x4090 },
	{ "rx_no_buffer", 0x40a0 },
	{ "rx_undersize", 0x40a4 },
	{ "rx_fragments", 0x40a8 },
	{ "rx_oversize", 0x40ac },
	{ "rx_jabbers", 0x40b0 },
	{ "tx_multicast", 0x40f0 },
	{ "tx_broadcast", 0x40f4 },
	{ "tx_tcp_seg_packets", 0x40f8 },
};

/* The value ethtool -S shows under a name; the test ends if there is none */
static u64 value_of(struct kunit *test, const char *name)
{
	struct tgbe_device *dev = ((struct fake *)test->priv)->dev;
	int n = tgbe_stats_count(dev);
	u64 *values;
	char *names;

	names = kunit_kcalloc(test, n, ETH_GSTRING_LEN, GFP_KERNEL);
	values = kunit_kcalloc(test, n, sizeof(*values), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, names);
	KUNIT_ASSERT_NOT_NULL(test, values);
	tgbe_stats_strings(dev, names);
	tgbe_stats_values(dev, values);
	for (int i = 0; i < n; i++)
		if (!strncmp(names + i * ETH_GSTRING_LEN, name,
			     ETH_GSTRING_LEN))
			return values[i];
	KUNIT_FAIL_AND_ABORT(test, "no counter %s", name);
	return 0;
}

static bool has_name(struct kunit *test, const char *name)
{
	struct tgbe_device *dev = ((struct fake *)test->priv)->dev;
	int n = tgbe_stats_count(dev);
	char *names;

	names = kunit_kcalloc(test, n, ETH_GSTRING_LEN, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, names);
	tgbe_stats_strings(dev, names);
	for (int i = 0; i < n; i++)
		if (!strncmp(names + i * ETH_GSTRING_LEN, name,
			     ETH_GSTRING_LEN))
			return true;
	return false;
}

/* Each register ends under its own name, and is read once */
static void registers_and_names(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(counters); i++)
		fake_set(fake, counters[i].reg, 1000 + i);
	tgbe_stats_harvest(fake->dev);
	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		KUNIT_EXPECT_EQ_MSG(test, value_of(test, counters[i].name),
				    1000 + i, "%s", counters[i].name);
		KUNIT_EXPECT_EQ_MSG(test, fake_reads(fake, counters[i].reg), 1,
				    "%s", counters[i].name);
	}
}

static void harvests_add_up(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);

	fake_set(fake, 0x4010, 5);
	tgbe_stats_harvest(fake->dev);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_missed_errors"), 5);
	/* reading cleared it: nothing new, nothing added */
	tgbe_stats_harvest(fake->dev);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_missed_errors"), 5);
	fake_set(fake, 0x4010, 7);
	tgbe_stats_harvest(fake->dev);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_missed_errors"), 12);
}

/* A counter that stuck lost events, but must not take the sum back */
static void sums_pass_32_bits(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);

	for (unsigned int i = 1; i <= 3; i++) {
		fake_set(fake, 0x4074, ALL_ONES);
		tgbe_stats_harvest(fake->dev);
		KUNIT_EXPECT_EQ(test, value_of(test, "rx_mac_packets"),
				i * (u64)ALL_ONES);
	}
	fake_set(fake, 0x4074, 3);
	tgbe_stats_harvest(fake->dev);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_mac_packets"), 0x300000000ULL);
}

/* Octets have 64 bits in two registers, of which the high one clears both */
static void octets_are_wide(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);

	fake_set(fake, 0x4088, 0x89abcdef);
	fake_set(fake, 0x408c, 0x12);
	fake_set(fake, 0x4090, 0xfffffffe);
	fake_set(fake, 0x4094, 0x1);
	tgbe_stats_harvest(fake->dev);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_mac_bytes"), 0x1289abcdefULL);
	KUNIT_EXPECT_EQ(test, value_of(test, "tx_mac_bytes"), 0x1fffffffeULL);
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x4088), 0);
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0x4090), 0);

	fake_set(fake, 0x4090, 2);
	tgbe_stats_harvest(fake->dev);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_mac_bytes"), 0x1289abcdefULL);
	KUNIT_EXPECT_EQ(test, value_of(test, "tx_mac_bytes"), 0x200000000ULL);
}

/* TNCRS is valid on the 82576 only; 403Ch is CEXTERR on the 82574, and frames
 * that the MAC discarded on the 82576
 */
static void each_chip_its_own(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);

	fake_set(fake, 0x4034, 3);
	fake_set(fake, 0x403c, 4);
	tgbe_stats_harvest(fake->dev);
	KUNIT_EXPECT_EQ(test, value_of(test, "tx_no_carrier"), 3);
	KUNIT_EXPECT_EQ(test, value_of(test, "tx_fifo_errors"), 4);
	KUNIT_EXPECT_FALSE(test, has_name(test, "rx_carrier_ext_errors"));

	fake = fake_create(test, &tgbe_chip_82574);
	fake_set(fake, 0x4034, 3);
	fake_set(fake, 0x403c, 4);
	tgbe_stats_harvest(fake->dev);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_carrier_ext_errors"), 4);
	/* both names are there on both chips */
	KUNIT_EXPECT_EQ(test, value_of(test, "tx_fifo_errors"), 0);
	KUNIT_EXPECT_FALSE(test, has_name(test, "tx_no_carrier"));
	KUNIT_EXPECT_EQ(test, fake_reads(fake, 0x4034), 0);
}

/* Drops of a queue: 12 bits at C030h + 40h a queue, on the 82576 only */
static void queue_drops_are_summed(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);

	fake->dev->drop_full = true;
	fake_set(fake, 0xc030, 0xfff);
	fake_set(fake, 0xc070, 0xabcde001);
	/* a queue the port does not have */
	fake_set(fake, 0xc0b0, 100);
	tgbe_stats_harvest(fake->dev);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_fifo_errors"), 0x1000);
	fake_set(fake, 0xc030, 1);
	tgbe_stats_harvest(fake->dev);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_fifo_errors"), 0x1001);

	/* nor are frames missed those of a full ring */
	fake_set(fake, 0x4010, 9);
	tgbe_stats_harvest(fake->dev);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_fifo_errors"), 0x1001);

	fake = fake_create(test, &tgbe_chip_82574);
	fake_set(fake, 0xc030, 5);
	tgbe_stats_harvest(fake->dev);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_fifo_errors"), 0);
	KUNIT_EXPECT_EQ(test, fake_reads(fake, 0xc030), 0);
}

/* A card that only reports overruns counts one for each, and one that counts
 * frames as well does not count them twice
 */
static void overruns_count_where_frames_do_not(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);

	atomic64_set(&fake->dev->overruns, 3);
	tgbe_stats_harvest(fake->dev);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_fifo_errors"), 3);
	tgbe_stats_harvest(fake->dev);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_fifo_errors"), 3);
	atomic64_set(&fake->dev->overruns, 5);
	fake_set(fake, 0xc030, 100);
	tgbe_stats_harvest(fake->dev);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_fifo_errors"), 103);
}

/* What the handlers count goes on behind 31 bits, and behind 32 */
static void events_pass_32_bits(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);

	for (u64 events = S32_MAX; events < 1ULL << 40; events = 2 * events + 2) {
		atomic64_set(&fake->dev->lsc_events, events);
		atomic64_set(&fake->dev->overruns, events);
		tgbe_stats_harvest(fake->dev);
		KUNIT_EXPECT_EQ(test, value_of(test, "link_events"), events);
		KUNIT_EXPECT_EQ(test, value_of(test, "rx_overrun_events"), events);
		KUNIT_EXPECT_EQ(test, value_of(test, "rx_fifo_errors"), events);
	}
}

/* A queue that is alone or asks for a pause, and each of the 82574L, keeps frames back
 * until the packet buffer is full: a frame missed then found the ring full. No sum has
 * it twice
 */
static void missed_behind_a_full_ring(struct kunit *test)
{
	static const struct tgbe_chip *const chips[] = {
		&tgbe_chip_82576, &tgbe_chip_82574,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(chips); i++) {
		struct fake *fake = fake_create(test, chips[i]);
		struct rtnl_link_stats64 s = {};

		atomic64_set(&fake->dev->overruns, 2);
		fake_set(fake, 0x4010, 9);
		tgbe_stats_harvest(fake->dev);
		tgbe_stats_get64(fake->dev->netdev, &s);
		KUNIT_EXPECT_EQ(test, s.rx_fifo_errors, 9);
		KUNIT_EXPECT_EQ(test, s.rx_missed_errors, 9);
		KUNIT_EXPECT_EQ(test, s.rx_errors, 0);
	}
}

/* All ones from a card that is gone are no count, nor is what came before them
 * in the same round
 */
static void gone_card_counts_nothing(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);

	fake_set(fake, 0x4074, 10);
	tgbe_stats_harvest(fake->dev);
	fake_set(fake, 0x4000, 20);
	fake->gone_at = 0x4074;
	tgbe_stats_harvest(fake->dev);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_mac_packets"), 10);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_crc_errors"), 0);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_mac_bytes"), 0);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_fifo_errors"), 0);
}

/* A port that is down may be in a low power state */
static void only_a_running_port_is_read(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);

	fake_set(fake, 0x4000, 1);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_crc_errors"), 0);
	KUNIT_EXPECT_EQ(test, fake_reads(fake, 0x4000), 0);
	set_bit(__LINK_STATE_START, &fake->dev->netdev->state);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_crc_errors"), 1);
	clear_bit(__LINK_STATE_START, &fake->dev->netdev->state);
}

static struct tgbe_ring *ring_of(struct kunit *test, bool is_rx)
{
	struct tgbe_ring *ring = kunit_kzalloc(test, sizeof(*ring), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ring);
	u64_stats_init(&ring->sync);
	u64_stats_init(&ring->use_sync);
	ring->is_rx = is_rx;
	return ring;
}

static void retire(struct tgbe_vector *vector, struct tgbe_ring **slot,
		   struct tgbe_ring *next)
{
	spin_lock_bh(&vector->dev->stats_lock);
	tgbe_stats_retire(vector, *slot);
	*slot = next;
	spin_unlock_bh(&vector->dev->stats_lock);
}

/* A queue's counters outlive its rings, both writers' halves of them */
static void rings_go_counters_stay(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);
	struct tgbe_vector *vector = fake->dev->vector[1];
	struct rtnl_link_stats64 sum = {};

	vector->rx = ring_of(test, true);
	vector->tx = ring_of(test, false);
	vector->rx->stats.rx.packets = 0xfffffffff;
	vector->rx->stats.rx.csum_errors = 2;
	vector->tx->stats.tx.packets = 3;
	vector->tx->stats.tx.dropped = 4;
	vector->tx->use.dropped = 5;
	vector->tx->use.doorbells = 6;
	for (unsigned int round = 1; round <= 3; round++) {
		KUNIT_EXPECT_EQ(test, value_of(test, "rx_queue_1_packets"),
				0xfffffffff);
		KUNIT_EXPECT_EQ(test, value_of(test, "rx_queue_1_csum_errors"),
				2);
		KUNIT_EXPECT_EQ(test, value_of(test, "tx_queue_1_packets"), 3);
		KUNIT_EXPECT_EQ(test, value_of(test, "tx_queue_1_dropped"), 9);
		KUNIT_EXPECT_EQ(test, value_of(test, "tx_queue_1_doorbells"),
				6);
		KUNIT_EXPECT_EQ(test, value_of(test, "rx_queue_0_packets"), 0);
		retire(vector, &vector->rx, ring_of(test, true));
		retire(vector, &vector->tx, ring_of(test, false));
	}
	/* and with no ring at all, as when the port is down */
	retire(vector, &vector->rx, NULL);
	retire(vector, &vector->tx, NULL);
	tgbe_stats_get64(fake->dev->netdev, &sum);
	KUNIT_EXPECT_EQ(test, sum.rx_packets, 0xfffffffff);
	KUNIT_EXPECT_EQ(test, sum.tx_packets, 3);
	KUNIT_EXPECT_EQ(test, sum.tx_dropped, 9);
}

/* What `ip -s -s link` shows */
static void link_stats(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);
	struct rtnl_link_stats64 s = {};

	fake->dev->drop_full = true;
	fake_set(fake, 0x4000, 1);		/* CRC */
	fake_set(fake, 0x4004, 10);		/* alignment */
	fake_set(fake, 0x400c, 100);		/* PHY */
	fake_set(fake, 0x40a4, 1000);		/* undersize */
	fake_set(fake, 0x40ac, 10000);		/* oversize */
	fake_set(fake, 0x4010, 2);		/* missed */
	fake_set(fake, 0x4018, 3);		/* excessive collisions */
	fake_set(fake, 0x4020, 30);		/* late collisions */
	fake_set(fake, 0x4028, 4);		/* collisions */
	fake_set(fake, 0x4034, 5);		/* no carrier */
	fake_set(fake, 0x403c, 8);		/* discarded by the MAC */
	fake_set(fake, 0x407c, 6);		/* multicast */
	fake_set(fake, 0xc030, 7);		/* drops of a queue */
	tgbe_stats_harvest(fake->dev);
	tgbe_stats_get64(fake->dev->netdev, &s);
	KUNIT_EXPECT_EQ(test, s.rx_errors, 11111);
	KUNIT_EXPECT_EQ(test, s.rx_crc_errors, 1);
	KUNIT_EXPECT_EQ(test, s.rx_frame_errors, 10);
	KUNIT_EXPECT_EQ(test, s.rx_length_errors, 11000);
	KUNIT_EXPECT_EQ(test, s.rx_missed_errors, 2);
	KUNIT_EXPECT_EQ(test, s.rx_fifo_errors, 7);
	KUNIT_EXPECT_EQ(test, s.tx_errors, 33);
	KUNIT_EXPECT_EQ(test, s.tx_aborted_errors, 3);
	KUNIT_EXPECT_EQ(test, s.tx_window_errors, 30);
	KUNIT_EXPECT_EQ(test, s.tx_carrier_errors, 5);
	KUNIT_EXPECT_EQ(test, s.tx_fifo_errors, 8);
	KUNIT_EXPECT_EQ(test, s.collisions, 4);
	KUNIT_EXPECT_EQ(test, s.multicast, 6);
}

/* A damaged frame that is let in is found twice: by the MAC and by the ring, which may
 * be the first
 */
static void damage_counts_once(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);
	struct rtnl_link_stats64 s = {};
	struct tgbe_vector *vector = fake->dev->vector[1];

	vector->rx = ring_of(test, true);
	vector->rx->stats.rx.damaged = 3;
	vector->rx->stats.rx.errors = 10;
	tgbe_stats_get64(fake->dev->netdev, &s);
	KUNIT_EXPECT_EQ(test, s.rx_errors, 10);
	fake_set(fake, 0x4000, 3);
	tgbe_stats_harvest(fake->dev);
	tgbe_stats_get64(fake->dev->netdev, &s);
	KUNIT_EXPECT_EQ(test, s.rx_errors, 13);
	KUNIT_EXPECT_EQ(test, value_of(test, "rx_queue_1_damaged"), 3);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(registers_and_names),
	KUNIT_CASE(harvests_add_up),
	KUNIT_CASE(sums_pass_32_bits),
	KUNIT_CASE(octets_are_wide),
	KUNIT_CASE(each_chip_its_own),
	KUNIT_CASE(queue_drops_are_summed),
	KUNIT_CASE(overruns_count_where_frames_do_not),
	KUNIT_CASE(missed_behind_a_full_ring),
	KUNIT_CASE(events_pass_32_bits),
	KUNIT_CASE(gone_card_counts_nothing),
	KUNIT_CASE(only_a_running_port_is_read),
	KUNIT_CASE(rings_go_counters_stay),
	KUNIT_CASE(link_stats),
	KUNIT_CASE(damage_counts_once),
	{}
};

static struct kunit_suite suite = {
	.name = "tgbe_stats",
	.test_cases = cases,
};

kunit_test_suite(suite);
