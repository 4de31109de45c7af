// SPDX-License-Identifier: GPL-2.0
/* The clock: time as a function of a counter of nanoseconds; what the chip is told
 * to stamp (82576 7.10), and what becomes of the frames that wait for a stamp.
 */
#include <linux/in.h>
#include <linux/net.h>
#include <linux/skbuff.h>
#include <net/sock.h>

#include "fake.h"
#include "tgbe_chip.h"

/* A rate counts 2^-40 ns a cycle */
#define ONE		BIT_ULL(40)
#define YEAR_NS		(365ULL * 24 * 3600 * NSEC_PER_SEC)

#define TSYNCTXCTL	0xb614
#define TXSTMPL		0xb618
#define TXSTMPH		0xb61c
#define TSYNCRXCTL	0xb620
#define RXSTMPL		0xb624
#define RXSTMPH		0xb628
#define TSYNCRXCFG	0x5f50
#define ETQF3		0x5cbc
#define FTQF3		0x59ec
#define SPQF3		0x59cc
#define IMIR3		0x5a8c
#define IMIREXT3	0x5aac
#define VALID		BIT(0)
#define ENABLE		BIT(4)

static void rates(struct kunit *test)
{
	static const struct {
		long scaled_ppm;
		s64 change;
	} cases[] = {
		{ 0, 0 },
		/* 1 ppm is 65536 */
		{ 65536, ONE / 1000000 },
		{ -65536, -(s64)(ONE / 1000000) },
		/* 1 ppb, which the chip's own increment could not say */
		{ 66, 1107 },
		/* the ten percent that are the limit */
		{ 6553600000, ONE / 10 },
		{ -6553600000, -(s64)(ONE / 10) },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		s64 change = tgbe_clock_rate(cases[i].scaled_ppm) - ONE;

		KUNIT_EXPECT_LE_MSG(test, abs(change - cases[i].change), 1, "%ld",
				    cases[i].scaled_ppm);
	}
}

/* At its own rate a nanosecond is one, however many there were */
static void nominal(struct kunit *test)
{
	static const u64 spans[] = {
		0, 1, 1000, NSEC_PER_SEC, 3600 * NSEC_PER_SEC, YEAR_NS, 100 * YEAR_NS,
	};
	struct tgbe_clock clock = { .cycles = 5, .ns = 1000000000000, .rate = ONE };

	for (unsigned int i = 0; i < ARRAY_SIZE(spans); i++) {
		KUNIT_EXPECT_EQ(test, tgbe_clock_at(&clock, 5 + spans[i]),
				1000000000000 + (s64)spans[i]);
		/* a stamp older than the base, also across the counter's end */
		KUNIT_EXPECT_EQ(test, tgbe_clock_at(&clock, 5 - spans[i]),
				1000000000000 - (s64)spans[i]);
	}
}

static void faster(struct kunit *test)
{
	struct tgbe_clock clock = { .rate = tgbe_clock_rate(65536L * 10000) };
	s64 after;

	/* 1 %, down to the last nanosecond */
	after = tgbe_clock_at(&clock, 100 * NSEC_PER_SEC);
	KUNIT_EXPECT_LE(test, abs(after - 101 * NSEC_PER_SEC), 1);
	clock.rate = tgbe_clock_rate(-65536L * 10000);
	after = tgbe_clock_at(&clock, 100 * NSEC_PER_SEC);
	KUNIT_EXPECT_LE(test, abs(after - 99 * NSEC_PER_SEC), 1);
}

/* No jump where the rate changes, in either direction of time */
static void change_of_rate(struct kunit *test)
{
	struct tgbe_clock clock = { .cycles = 17, .ns = -3, .rate = ONE };
	u64 cycles = 17;
	s64 before;

	for (int ppm = -90000; ppm <= 90000; ppm += 45000) {
		cycles += 123456789;
		before = tgbe_clock_at(&clock, cycles);
		tgbe_clock_rebase(&clock, cycles);
		clock.rate = tgbe_clock_rate(ppm * 65536L);
		KUNIT_EXPECT_EQ(test, tgbe_clock_at(&clock, cycles), before);
		KUNIT_EXPECT_GE(test, tgbe_clock_at(&clock, cycles + 1), before);
		KUNIT_EXPECT_LE(test, tgbe_clock_at(&clock, cycles - 1), before);
	}
}

/* A servo that changes nothing a million times takes nothing from the time */
static void fractions_are_kept(struct kunit *test)
{
	struct tgbe_clock clock = { .rate = ONE + ONE / 10 };

	for (u64 cycles = 1; cycles <= 1000000; cycles++)
		tgbe_clock_rebase(&clock, cycles);
	KUNIT_EXPECT_GE(test, clock.ns, 1099999);
	KUNIT_EXPECT_LE(test, clock.ns, 1100000);
}

static long never(struct ptp_clock_info *info)
{
	return -1;
}

static int no_time(struct ptp_clock_info *info, struct timespec64 *ts)
{
	*ts = (struct timespec64){};
	return 0;
}

static int no_change(struct ptp_clock_info *info, const struct timespec64 *ts)
{
	return 0;
}

static int nothing(struct ptp_clock_info *info, struct ptp_clock_request *request,
		   int on)
{
	return -EOPNOTSUPP;
}

static void unregister(void *clock)
{
	ptp_clock_unregister(clock);
}

/* A port with a clock whose worker is run by the test alone */
static struct fake *clocked(struct kunit *test)
{
	struct fake *fake = fake_create(test, &tgbe_chip_82576);
	struct tgbe_ptp *ptp = &fake->dev->ptp;

	spin_lock_init(&ptp->lock);
	ptp->clock.rate = ONE;
	ptp->info = (struct ptp_clock_info){
		.owner		= THIS_MODULE,
		.name		= "tgbe test",
		.gettime64	= no_time,
		.settime64	= no_change,
		.enable		= nothing,
		.do_aux_work	= never,
	};
	ptp->registered = ptp_clock_register(&ptp->info, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ptp->registered);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, unregister,
							   ptp->registered));
	return fake;
}

static int set_config(struct fake *fake, int tx_type, int rx_filter, int *granted)
{
	struct kernel_hwtstamp_config config = {
		.tx_type = tx_type,
		.rx_filter = rx_filter,
	};
	int err = tgbe_ptp_hwtstamp_set(fake->dev->netdev, &config, NULL);

	*granted = config.rx_filter;
	return err;
}

static void filters(struct kunit *test)
{
	static const struct {
		int wanted;
		int granted;
		u32 type;
		u32 message;
		bool l2;
		bool l4;
	} cases[] = {
		{ HWTSTAMP_FILTER_PTP_V1_L4_SYNC, HWTSTAMP_FILTER_PTP_V1_L4_SYNC,
		  1, 0x0000, false, true },
		{ HWTSTAMP_FILTER_PTP_V1_L4_DELAY_REQ,
		  HWTSTAMP_FILTER_PTP_V1_L4_DELAY_REQ, 1, 0x0001, false, true },
		{ HWTSTAMP_FILTER_PTP_V2_L2_SYNC, HWTSTAMP_FILTER_PTP_V2_L2_SYNC,
		  0, 0x0000, true, false },
		{ HWTSTAMP_FILTER_PTP_V2_L2_DELAY_REQ,
		  HWTSTAMP_FILTER_PTP_V2_L2_DELAY_REQ, 0, 0x0100, true, false },
		{ HWTSTAMP_FILTER_PTP_V2_L4_DELAY_REQ,
		  HWTSTAMP_FILTER_PTP_V2_DELAY_REQ, 2, 0x0100, true, true },
		{ HWTSTAMP_FILTER_PTP_V2_SYNC, HWTSTAMP_FILTER_PTP_V2_SYNC,
		  2, 0x0000, true, true },
		{ HWTSTAMP_FILTER_PTP_V2_L2_EVENT, HWTSTAMP_FILTER_PTP_V2_EVENT,
		  5, 0x0000, true, true },
		{ HWTSTAMP_FILTER_PTP_V2_EVENT, HWTSTAMP_FILTER_PTP_V2_EVENT,
		  5, 0x0000, true, true },
	};
	struct fake *fake = clocked(test);
	int granted;

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		bool l2 = cases[i].l2, l4 = cases[i].l4;

		KUNIT_ASSERT_EQ(test, 0, set_config(fake, HWTSTAMP_TX_OFF,
						    cases[i].wanted, &granted));
		KUNIT_EXPECT_EQ(test, granted, cases[i].granted);
		KUNIT_EXPECT_EQ(test, fake_get(fake, TSYNCTXCTL), 0);
		KUNIT_EXPECT_EQ(test, fake_get(fake, TSYNCRXCTL),
				ENABLE | cases[i].type << 1);
		KUNIT_EXPECT_EQ(test, fake_get(fake, TSYNCRXCFG), cases[i].message);
		/* EtherType, enabled, to be stamped */
		KUNIT_EXPECT_EQ(test, fake_get(fake, ETQF3),
				l2 ? 0x440088f7 : 0);
		/* UDP in any pool, from any address to any: only protocol and
		 * source port are compared, and the destination port of IMIR
		 */
		KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF3),
				l4 ? 0x68008011 : 0xf0000000);
		if (!l4)
			continue;
		/* port 319 in network order */
		KUNIT_EXPECT_EQ(test, fake_get(fake, SPQF3), 0x3f01);
		KUNIT_EXPECT_EQ(test, fake_get(fake, IMIR3), 0xe0003f01);
		KUNIT_EXPECT_EQ(test, fake_get(fake, IMIREXT3), 0x00081000);
	}
	KUNIT_EXPECT_EQ(test, 0, set_config(fake, HWTSTAMP_TX_ON,
					    HWTSTAMP_FILTER_NONE, &granted));
	KUNIT_EXPECT_EQ(test, fake_get(fake, TSYNCTXCTL), ENABLE);
	KUNIT_EXPECT_EQ(test, fake_get(fake, TSYNCRXCTL), 0);
	KUNIT_EXPECT_EQ(test, fake_get(fake, ETQF3), 0);
	KUNIT_EXPECT_EQ(test, fake_get(fake, FTQF3), 0xf0000000);
}

/* A refusal changes nothing */
static void refused(struct kunit *test)
{
	struct fake *fake = clocked(test);
	int granted;

	set_config(fake, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_PTP_V2_SYNC, &granted);
	KUNIT_EXPECT_EQ(test, -ERANGE, set_config(fake, HWTSTAMP_TX_OFF,
						  HWTSTAMP_FILTER_ALL, &granted));
	KUNIT_EXPECT_EQ(test, -ERANGE,
			set_config(fake, HWTSTAMP_TX_OFF,
				   HWTSTAMP_FILTER_PTP_V1_L4_EVENT, &granted));
	KUNIT_EXPECT_EQ(test, -ERANGE, set_config(fake, HWTSTAMP_TX_ONESTEP_SYNC,
						  HWTSTAMP_FILTER_NONE, &granted));
	KUNIT_EXPECT_EQ(test, fake->dev->ptp.config.tx_type, HWTSTAMP_TX_ON);
	KUNIT_EXPECT_EQ(test, fake->dev->ptp.config.rx_filter,
			HWTSTAMP_FILTER_PTP_V2_SYNC);
	KUNIT_EXPECT_EQ(test, fake_get(fake, TSYNCTXCTL), ENABLE);
	KUNIT_EXPECT_EQ(test, fake_get(fake, TSYNCRXCTL), ENABLE | 2 << 1);
}

static u64 counted(struct fake *fake, enum tgbe_ptp_counter which)
{
	return atomic64_read(&fake->dev->ptp.counter[which]);
}

static void free_frame(void *skb)
{
	kfree_skb(skb);
}

static struct sk_buff *frame(struct kunit *test)
{
	struct sk_buff *skb = alloc_skb(64, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_frame, skb));
	return skb;
}

/* One frame at a time; without a request of the user none */
static void one_at_a_time(struct kunit *test)
{
	struct sk_buff *skb = frame(test);
	struct fake *fake = clocked(test);
	int granted;

	KUNIT_EXPECT_FALSE(test, tgbe_ptp_tx_claim(fake->dev, skb));
	KUNIT_EXPECT_EQ(test, counted(fake, TGBE_PTP_TX_SKIPPED), 0);
	set_config(fake, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_NONE, &granted);
	KUNIT_EXPECT_TRUE(test, tgbe_ptp_tx_claim(fake->dev, skb));
	KUNIT_EXPECT_TRUE(test, skb_shinfo(skb)->tx_flags & SKBTX_IN_PROGRESS);
	KUNIT_EXPECT_FALSE(test, tgbe_ptp_tx_claim(fake->dev, skb));
	KUNIT_EXPECT_EQ(test, counted(fake, TGBE_PTP_TX_SKIPPED), 1);
	/* the chip has it */
	fake_set(fake, TSYNCTXCTL, ENABLE | VALID);
	tgbe_ptp_tx_sent(fake->dev, skb, true);
	KUNIT_EXPECT_EQ(test, counted(fake, TGBE_PTP_TX_STAMPS), 1);
	KUNIT_EXPECT_TRUE(test, tgbe_ptp_tx_claim(fake->dev, skb));
	KUNIT_EXPECT_EQ(test, counted(fake, TGBE_PTP_TX_LOST), 0);
	/* of a frame that is dropped before it is sent nothing is awaited */
	tgbe_ptp_tx_lost(fake->dev, skb);
	KUNIT_EXPECT_EQ(test, counted(fake, TGBE_PTP_TX_LOST), 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&skb->users), 1);
}

static void release(void *sock)
{
	sock_release(sock);
}

/* Who sent a frame and gets its stamp */
static struct socket *sender(struct kunit *test)
{
	struct socket *sock;

	KUNIT_ASSERT_EQ(test, 0, sock_create_kern(&init_net, PF_INET, SOCK_DGRAM,
						  IPPROTO_UDP, &sock));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, release, sock));
	return sock;
}

/* One stamp was handed to the sender since the last look, and it is that one */
static void told(struct kunit *test, struct socket *sock, ktime_t stamp)
{
	struct sk_buff *skb = sock_dequeue_err_skb(sock->sk);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, skb_hwtstamps(skb)->hwtstamp, stamp);
	kfree_skb(skb);
	KUNIT_EXPECT_NULL(test, sock_dequeue_err_skb(sock->sk));
}

static void chip_stamps(struct fake *fake, u64 stamp)
{
	fake_set(fake, TXSTMPL, lower_32_bits(stamp));
	fake_set(fake, TXSTMPH, upper_32_bits(stamp));
	fake_set(fake, TSYNCTXCTL, ENABLE | VALID);
}

/* A port that sent a frame whose stamp is not there yet */
static struct fake *stamp_awaited(struct kunit *test, struct sk_buff *skb)
{
	struct fake *fake = clocked(test);
	int granted;

	set_config(fake, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_NONE, &granted);
	KUNIT_ASSERT_TRUE(test, tgbe_ptp_tx_claim(fake->dev, skb));
	tgbe_ptp_tx_sent(fake->dev, skb, true);
	return fake;
}

/* The sender gets the time at the chip's stamp, whether it was there at once or came
 * later
 */
static void delivered_stamp(struct kunit *test)
{
	struct socket *sock = sender(test);
	struct sk_buff *skb = frame(test);
	struct fake *fake;

	skb_set_owner_w(skb, sock->sk);
	skb_shinfo(skb)->tx_flags |= SKBTX_HW_TSTAMP;
	fake = stamp_awaited(test, skb);
	fake->dev->ptp.clock.ns = 1000;
	fake->dev->ptp.offset = 20;
	KUNIT_EXPECT_GT(test, tgbe_ptp_aux_work(&fake->dev->ptp.info), 0);
	KUNIT_EXPECT_NULL(test, sock_dequeue_err_skb(sock->sk));
	chip_stamps(fake, (3ULL << 32) + 7);
	tgbe_ptp_aux_work(&fake->dev->ptp.info);
	told(test, sock, (3LL << 32) + 1027);

	fake_set(fake, TSYNCTXCTL, ENABLE);
	KUNIT_ASSERT_TRUE(test, tgbe_ptp_tx_claim(fake->dev, skb));
	chip_stamps(fake, (4ULL << 32) + 9);
	tgbe_ptp_tx_sent(fake->dev, skb, true);
	told(test, sock, (4LL << 32) + 1029);
}

/* The next request takes the stamp of the frame before, which need not have been taken
 * back from the ring, and each stamp goes to the sender of its own frame
 */
static void stamps_in_a_row(struct kunit *test)
{
	struct socket *one = sender(test), *other = sender(test);
	struct sk_buff *first = frame(test), *second = frame(test);
	struct fake *fake = clocked(test);
	int granted;

	skb_set_owner_w(first, one->sk);
	skb_set_owner_w(second, other->sk);
	skb_shinfo(first)->tx_flags |= SKBTX_HW_TSTAMP;
	skb_shinfo(second)->tx_flags |= SKBTX_HW_TSTAMP;
	set_config(fake, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_NONE, &granted);
	KUNIT_ASSERT_TRUE(test, tgbe_ptp_tx_claim(fake->dev, first));
	chip_stamps(fake, 17);
	KUNIT_ASSERT_TRUE(test, tgbe_ptp_tx_claim(fake->dev, second));
	told(test, one, 17);
	KUNIT_EXPECT_NULL(test, sock_dequeue_err_skb(other->sk));
	/* reading the high half freed the register */
	fake_set(fake, TSYNCTXCTL, ENABLE);
	KUNIT_EXPECT_EQ(test, refcount_read(&first->users), 1);
	/* the first is taken back late, and waits for nothing */
	tgbe_ptp_tx_sent(fake->dev, first, true);
	tgbe_ptp_tx_lost(fake->dev, first);
	KUNIT_EXPECT_EQ(test, refcount_read(&first->users), 1);
	/* the worker leaves to the ring what is in the ring */
	KUNIT_EXPECT_LT(test, tgbe_ptp_aux_work(&fake->dev->ptp.info), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&second->users), 2);
	chip_stamps(fake, 18);
	tgbe_ptp_tx_sent(fake->dev, second, true);
	told(test, other, 18);
	KUNIT_EXPECT_EQ(test, counted(fake, TGBE_PTP_TX_STAMPS), 2);
	KUNIT_EXPECT_EQ(test, counted(fake, TGBE_PTP_TX_SKIPPED), 0);
	KUNIT_EXPECT_EQ(test, counted(fake, TGBE_PTP_TX_LOST), 0);
}

/* A stamp that comes late is waited for, holding the frame */
static void late_stamp(struct kunit *test)
{
	struct sk_buff *skb = frame(test);
	struct fake *fake = stamp_awaited(test, skb);

	KUNIT_EXPECT_EQ(test, refcount_read(&skb->users), 2);
	KUNIT_EXPECT_GT(test, tgbe_ptp_aux_work(&fake->dev->ptp.info), 0);
	fake_set(fake, TSYNCTXCTL, ENABLE | VALID);
	KUNIT_EXPECT_LT(test, tgbe_ptp_aux_work(&fake->dev->ptp.info), 0);
	KUNIT_EXPECT_EQ(test, counted(fake, TGBE_PTP_TX_STAMPS), 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&skb->users), 1);
}

/* One that does not come is given up, and nothing is held any more */
static void lost_stamp(struct kunit *test)
{
	struct sk_buff *skb = frame(test);
	struct fake *fake = stamp_awaited(test, skb);

	fake->dev->ptp.tx_deadline = jiffies - 1;
	KUNIT_EXPECT_LT(test, tgbe_ptp_aux_work(&fake->dev->ptp.info), 0);
	KUNIT_EXPECT_EQ(test, counted(fake, TGBE_PTP_TX_LOST), 1);
	KUNIT_EXPECT_EQ(test, counted(fake, TGBE_PTP_TX_STAMPS), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&skb->users), 1);
	KUNIT_EXPECT_TRUE(test, tgbe_ptp_tx_claim(fake->dev, skb));
	/* and a reset gives up at once */
	tgbe_ptp_tx_sent(fake->dev, skb, true);
	tgbe_ptp_hold(fake->dev);
	KUNIT_EXPECT_EQ(test, counted(fake, TGBE_PTP_TX_LOST), 2);
	KUNIT_EXPECT_EQ(test, refcount_read(&skb->users), 1);
}

/* The chip's counter begins anew, the time does not */
static void reset(struct kunit *test)
{
	struct fake *fake = clocked(test);
	struct tgbe_ptp *ptp = &fake->dev->ptp;
	u64 before = 7 * NSEC_PER_SEC;

	fake_set(fake, 0xb600, lower_32_bits(before));
	fake_set(fake, 0xb604, upper_32_bits(before));
	tgbe_ptp_hold(fake->dev);
	KUNIT_EXPECT_EQ(test, ptp->held_cycles, before);
	fake_set(fake, 0xb600, 100);
	fake_set(fake, 0xb604, 0);
	tgbe_ptp_resume(fake->dev);
	KUNIT_EXPECT_GE(test, 100 + ptp->offset, before);
	KUNIT_EXPECT_LT(test, 100 + ptp->offset, before + 100 * NSEC_PER_SEC);
	/* every 16 ns by 16 */
	KUNIT_EXPECT_EQ(test, fake_get(fake, 0xb608), 0x01000010);
}

static void received(struct kunit *test)
{
	struct sk_buff *skb = frame(test);
	struct fake *fake = clocked(test);
	int granted;

	fake->dev->ptp.clock.ns = 1000;
	set_config(fake, HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_PTP_V2_EVENT, &granted);
	tgbe_ptp_rx(fake->dev, skb);
	KUNIT_EXPECT_EQ(test, skb_hwtstamps(skb)->hwtstamp, 0);
	fake_set(fake, TSYNCRXCTL, ENABLE | VALID);
	fake_set(fake, RXSTMPL, 5);
	fake_set(fake, RXSTMPH, 1);
	tgbe_ptp_rx(fake->dev, skb);
	KUNIT_EXPECT_EQ(test, skb_hwtstamps(skb)->hwtstamp, 1005 + (1LL << 32));
	KUNIT_EXPECT_EQ(test, counted(fake, TGBE_PTP_RX_STAMPS), 1);
}

/* A stamp that nobody fetches for two periods is cleared: the chip takes no other as
 * long as it is there
 */
static void forgotten_stamp(struct kunit *test)
{
	struct fake *fake = clocked(test);
	int granted;

	set_config(fake, HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_PTP_V2_EVENT, &granted);
	tgbe_ptp_service(fake->dev);
	fake_set(fake, TSYNCRXCTL, ENABLE | VALID);
	tgbe_ptp_service(fake->dev);
	KUNIT_EXPECT_EQ(test, fake_reads(fake, RXSTMPH), 0);
	KUNIT_EXPECT_EQ(test, counted(fake, TGBE_PTP_RX_CLEARED), 0);
	tgbe_ptp_service(fake->dev);
	KUNIT_EXPECT_EQ(test, fake_reads(fake, RXSTMPH), 1);
	KUNIT_EXPECT_EQ(test, counted(fake, TGBE_PTP_RX_CLEARED), 1);
	/* the next has two periods of its own */
	tgbe_ptp_service(fake->dev);
	KUNIT_EXPECT_EQ(test, counted(fake, TGBE_PTP_RX_CLEARED), 1);
	KUNIT_EXPECT_EQ(test, counted(fake, TGBE_PTP_RX_STAMPS), 0);
}

/* One stamp after the other is there, but not the same */
static void fetched_stamps(struct kunit *test)
{
	struct sk_buff *skb = frame(test);
	struct fake *fake = clocked(test);
	int granted;
	u32 reads;

	set_config(fake, HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_PTP_V2_EVENT, &granted);
	fake_set(fake, TSYNCRXCTL, ENABLE | VALID);
	for (unsigned int i = 0; i < 4; i++) {
		tgbe_ptp_service(fake->dev);
		tgbe_ptp_rx(fake->dev, skb);
	}
	KUNIT_EXPECT_EQ(test, counted(fake, TGBE_PTP_RX_STAMPS), 4);
	KUNIT_EXPECT_EQ(test, counted(fake, TGBE_PTP_RX_CLEARED), 0);
	/* with nothing to be stamped the card is not asked */
	set_config(fake, HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_NONE, &granted);
	reads = fake_reads(fake, TSYNCRXCTL);
	tgbe_ptp_service(fake->dev);
	KUNIT_EXPECT_EQ(test, fake_reads(fake, TSYNCRXCTL), reads);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(rates),
	KUNIT_CASE(nominal),
	KUNIT_CASE(faster),
	KUNIT_CASE(change_of_rate),
	KUNIT_CASE(fractions_are_kept),
	KUNIT_CASE(filters),
	KUNIT_CASE(refused),
	KUNIT_CASE(one_at_a_time),
	KUNIT_CASE(delivered_stamp),
	KUNIT_CASE(stamps_in_a_row),
	KUNIT_CASE(late_stamp),
	KUNIT_CASE(lost_stamp),
	KUNIT_CASE(reset),
	KUNIT_CASE(received),
	KUNIT_CASE(forgotten_stamp),
	KUNIT_CASE(fetched_stamps),
	{}
};

static struct kunit_suite suite = {
	.name = "tgbe_ptp",
	.test_cases = cases,
};

kunit_test_suite(suite);
