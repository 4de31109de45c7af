// SPDX-License-Identifier: GPL-2.0
/* The self-test of ethtool -t.
 *
 * Online it looks at what traffic does not notice. Offline the port is halted
 * behind the stack's back for the tests that change registers, and started anew
 * for those that need it at work, which gives it all its settings again.
 */
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/iopoll.h>
#include <linux/netdevice.h>
#include <net/netdev_rx_queue.h>

#include "tgbe.h"
#include "tgbe_chip.h"
#include "tgbe_ring.h"

/* Words that users of ethtool know, in the order of the results */
enum {
	TEST_REGISTERS,
	TEST_NVM,
	TEST_INTERRUPTS,
	TEST_LOOPBACK,
	TEST_LINK,
	TESTS
};

static const char test_names[TESTS][ETH_GSTRING_LEN] = {
	[TEST_REGISTERS] = "Register test  (offline)",
	[TEST_NVM] = "Eeprom test    (offline)",
	[TEST_INTERRUPTS] = "Interrupt test (offline)",
	[TEST_LOOPBACK] = "Loopback test  (offline)",
	[TEST_LINK] = "Link test   (on/offline)",
};

/* What a failed loopback test says. 0 is passed, as for every test; the register
 * test says the offset of the first bad register, the interrupt test 1 + the
 * number of the vector, the EEPROM test an errno, the link test 1.
 */
enum {
	LOOPBACK_PASSED,
	LOOPBACK_NO_LINK,
	LOOPBACK_NOT_SENT,
	LOOPBACK_NOT_RECEIVED,
	LOOPBACK_CHANGED,
	LOOPBACK_NO_START,
};

/* Autonegotiation to 1000 Mb/s takes 2 to 4 seconds */
#define LINK_STEP_US	20000
#define LINK_LIMIT_US	5000000

/* Both are over at once; the limit is for emulated machines under load */
#define EVENT_STEP_US	1000
#define EVENT_LIMIT_US	3000000

/* Registers that hold what is written, of @bits at least, and that do nothing
 * while receiver and transmitter are off.
 */
struct register_test {
	u32 first;
	u16 count;
	u16 step;
	u32 bits;
	u8 chips;
};

static const struct register_test registers[] = {
	{ TGBE_FCAL, 1, 4, 0xffffffff, TGBE_ON_BOTH },
	{ TGBE_FCAH, 1, 4, 0x0000ffff, TGBE_ON_BOTH },
	{ TGBE_FCT, 1, 4, 0x0000ffff, TGBE_ON_BOTH },
	{ TGBE_FCTTV, 1, 4, 0x0000ffff, TGBE_ON_BOTH },
	{ TGBE_FCRTH, 1, 4, 0x0000fff0, TGBE_ON_BOTH },
	{ TGBE_VET, 1, 4, 0x0000ffff, TGBE_ON_BOTH },
	{ TGBE_TIPG, 1, 4, 0x3fffffff, TGBE_ON_BOTH },
	{ TGBE_82576_RXQ(0) + TGBE_Q_BAL, 16, 0x40, 0xffffff80, TGBE_ON_82576 },
	{ TGBE_82576_RXQ(0) + TGBE_Q_BAH, 16, 0x40, 0xffffffff, TGBE_ON_82576 },
	{ TGBE_82576_RXQ(0) + TGBE_Q_LEN, 16, 0x40, 0x000fff80, TGBE_ON_82576 },
	{ TGBE_82576_TXQ(0) + TGBE_Q_BAL, 16, 0x40, 0xffffff80, TGBE_ON_82576 },
	{ TGBE_82576_TXQ(0) + TGBE_Q_BAH, 16, 0x40, 0xffffffff, TGBE_ON_82576 },
	{ TGBE_82576_TXQ(0) + TGBE_Q_LEN, 16, 0x40, 0x000fff80, TGBE_ON_82576 },
	{ TGBE_82574_RXQ(0) + TGBE_Q_BAL, 2, 0x100, 0xfffffff0, TGBE_ON_82574 },
	{ TGBE_82574_RXQ(0) + TGBE_Q_BAH, 2, 0x100, 0xffffffff, TGBE_ON_82574 },
	{ TGBE_82574_RXQ(0) + TGBE_Q_LEN, 2, 0x100, 0x000fff80, TGBE_ON_82574 },
	{ TGBE_82574_TXQ(0) + TGBE_Q_BAL, 2, 0x100, 0xfffffff0, TGBE_ON_82574 },
	{ TGBE_82574_TXQ(0) + TGBE_Q_BAH, 2, 0x100, 0xffffffff, TGBE_ON_82574 },
	{ TGBE_82574_TXQ(0) + TGBE_Q_LEN, 2, 0x100, 0x000fff80, TGBE_ON_82574 },
	{ TGBE_RAL(0), 16, 8, 0xffffffff, TGBE_ON_82576 },
	{ TGBE_RAH(0), 16, 8, 0x83ffffff, TGBE_ON_82576 },
	/* the last one may belong to the management */
	{ TGBE_RAL(0), 15, 8, 0xffffffff, TGBE_ON_82574 },
	{ TGBE_RAH(0), 15, 8, 0x8003ffff, TGBE_ON_82574 },
	{ TGBE_MTA(0), TGBE_MTA_WORDS, 4, 0xffffffff, TGBE_ON_BOTH },
	{ TGBE_VFTA(0), TGBE_VFTA_WORDS, 4, 0xffffffff, TGBE_ON_BOTH },
	{ TGBE_RSSRK(0), TGBE_RSSRK_BYTES / 4, 4, 0xffffffff, TGBE_ON_BOTH },
};

/**
 * tgbe_selftest_count() - number of tests
 *
 * Return: results that tgbe_selftest() gives.
 */
int tgbe_selftest_count(void)
{
	return TESTS;
}

/**
 * tgbe_selftest_strings() - their names
 * @data: room for tgbe_selftest_count() times %ETH_GSTRING_LEN
 */
void tgbe_selftest_strings(u8 *data)
{
	memcpy(data, test_names, sizeof(test_names));
}

/* Every bit is seen as 0 and as 1, beside a neighbour of its own and of the other
 * value. The register has its old content again afterwards.
 */
static bool tgbe_register_holds(struct tgbe_device *dev, u32 reg, u32 bits)
{
	static const u32 patterns[] = { 0x5a5a5a5a, 0xa5a5a5a5, 0, 0xffffffff };
	u32 old = tgbe_rd(dev, reg), got;
	bool good = true;

	for (unsigned int i = 0; i < ARRAY_SIZE(patterns) && good; i++) {
		tgbe_wr(dev, reg, patterns[i] & bits);
		got = tgbe_rd(dev, reg);
		good = (got & bits) == (patterns[i] & bits);
		if (!good)
			netdev_err(dev->netdev, "register 0x%05x: wrote 0x%08x, read 0x%08x\n",
				   reg, patterns[i] & bits, got);
	}
	tgbe_wr(dev, reg, old);
	return good;
}

static u64 tgbe_test_registers(struct tgbe_device *dev)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(registers); i++) {
		const struct register_test *t = &registers[i];

		if (!tgbe_is_on(dev, t->chips))
			continue;
		for (u32 n = 0; n < t->count; n++)
			if (!tgbe_register_holds(dev, t->first + n * t->step,
						 t->bits))
				return t->first + n * t->step;
	}
	return 0;
}

static u64 tgbe_test_nvm(struct tgbe_device *dev)
{
	return -tgbe_nvm_check(dev);
}

/* How many there were when the port was silent. From then on any is an answer: after
 * the first, a poll that finds no end, or that napi_defer_hard_irqs has come again, may
 * keep a vector masked for long.
 */
struct tgbe_interrupts_seen {
	unsigned long vector[TGBE_MAX_QUEUES];
	s64 other;
};

static struct tgbe_interrupts_seen tgbe_interrupts_seen(struct tgbe_device *dev)
{
	struct tgbe_interrupts_seen seen = {
		.other = atomic64_read(&dev->lsc_events),
	};

	for (unsigned int v = 0; v < dev->queues_max; v++)
		seen.vector[v] = READ_ONCE(dev->vector[v]->interrupts);
	return seen;
}

static bool tgbe_vector_answers(struct tgbe_vector *vector, unsigned long before)
{
	unsigned long now;

	vector->dev->chip->irq_kick(vector);
	return !read_poll_timeout(READ_ONCE, now, now != before, EVENT_STEP_US,
				  EVENT_LIMIT_US, false, vector->interrupts);
}

/* A link change that is none: the handler counts it and has the link looked at */
static bool tgbe_other_answers(struct tgbe_device *dev, s64 before)
{
	s64 now;

	tgbe_wr(dev, TGBE_ICS, TGBE_INT_LSC);
	return !read_poll_timeout(atomic64_read, now, now != before, EVENT_STEP_US,
				  EVENT_LIMIT_US, false, &dev->lsc_events);
}

static u64 tgbe_test_interrupts(struct tgbe_device *dev,
				const struct tgbe_interrupts_seen *before)
{
	/* first: with one vector for all, it answers for both */
	bool other = tgbe_other_answers(dev, before->other);

	for (unsigned int v = 0; v < dev->queues_max; v++)
		if (!tgbe_vector_answers(dev->vector[v], before->vector[v]))
			return v + 1;
	return other ? 0 : dev->queues_max + 1;
}

static bool tgbe_link_comes(struct tgbe_device *dev, unsigned int limit_us)
{
	return !tgbe_wait(dev, TGBE_STATUS, TGBE_STATUS_LU, TGBE_STATUS_LU,
			  LINK_STEP_US, limit_us) &&
	       READ_ONCE(dev->regs);	/* what is gone reads as all ones */
}

/* Frames through each transmit queue, from the shortest to nearly the longest that
 * the MTU lets in
 */
#define LOOPBACK_FRAMES	16
#define LOOPBACK_TRIES	10
#define LOOPBACK_ALL	(LOOPBACK_FRAMES * TGBE_MAX_QUEUES)
static_assert(TGBE_RING_MIN >= 2 * LOOPBACK_FRAMES);

struct loopback_head {
	__be32 cookie;
	__be16 number;
} __packed;

/* What is seen of the frames as they go up the stack, in front of whatever else
 * might take them
 */
struct loopback {
	struct packet_type tap;
	u32 cookie;
	unsigned int step;
	bool changed;
	DECLARE_BITMAP(arrived, LOOPBACK_ALL);
};

/* Behind the Ethernet header */
static unsigned int tgbe_loopback_len(const struct loopback *lb, unsigned int number)
{
	return ETH_ZLEN - ETH_HLEN + number % LOOPBACK_FRAMES * lb->step;
}

static u8 tgbe_loopback_byte(unsigned int number, unsigned int i)
{
	return i * 7 + number * 13 + (i >> 8);
}

/* @skb begins behind the Ethernet header */
static bool tgbe_loopback_whole(const struct loopback *lb,
				const struct sk_buff *skb, unsigned int number)
{
	unsigned int len = tgbe_loopback_len(lb, number);
	u8 piece[64];

	/* the FCS may still be there */
	if (skb->len < len)
		return false;
	for (unsigned int i = sizeof(struct loopback_head); i < len;) {
		unsigned int n = min_t(unsigned int, len - i, sizeof(piece));

		if (skb_copy_bits(skb, i, piece, n))
			return false;
		for (unsigned int k = 0; k < n; k++)
			if (piece[k] != tgbe_loopback_byte(number, i + k))
				return false;
		i += n;
	}
	return true;
}

static int tgbe_loopback_receive(struct sk_buff *skb, struct net_device *netdev,
				 struct packet_type *tap, struct net_device *orig)
{
	struct loopback *lb = container_of(tap, struct loopback, tap);
	struct loopback_head head;
	unsigned int number;

	if (skb->protocol != htons(ETH_P_LOOPBACK) ||
	    skb_copy_bits(skb, 0, &head, sizeof(head)) ||
	    be32_to_cpu(head.cookie) != lb->cookie)
		goto out;
	number = be16_to_cpu(head.number);
	if (number >= LOOPBACK_ALL || !tgbe_loopback_whole(lb, skb, number))
		WRITE_ONCE(lb->changed, true);
	else
		set_bit(number, lb->arrived);
out:
	consume_skb(skb);
	return NET_RX_SUCCESS;
}

static struct sk_buff *tgbe_loopback_frame(struct tgbe_device *dev,
					   const struct loopback *lb,
					   unsigned int number)
{
	unsigned int len = tgbe_loopback_len(lb, number);
	const u8 *own = dev->netdev->dev_addr;
	struct loopback_head *head;
	struct sk_buff *skb;
	u8 *data;

	skb = netdev_alloc_skb(dev->netdev, ETH_HLEN + len);
	if (!skb)
		return NULL;
	skb_reserve(skb, ETH_HLEN);
	skb_reset_network_header(skb);
	data = skb_put(skb, len);
	head = (struct loopback_head *)data;
	head->cookie = cpu_to_be32(lb->cookie);
	head->number = cpu_to_be16(number);
	for (unsigned int i = sizeof(*head); i < len; i++)
		data[i] = tgbe_loopback_byte(number, i);
	skb->protocol = htons(ETH_P_LOOPBACK);
	eth_header(skb, dev->netdev, ETH_P_LOOPBACK, own, own, len);
	skb_reset_mac_header(skb);
	return skb;
}

/* The stack is kept out of the queue, which therefore is stopped */
static bool tgbe_loopback_send(struct tgbe_device *dev, struct sk_buff *skb,
			       unsigned int queue)
{
	struct netdev_queue *txq = netdev_get_tx_queue(dev->netdev, queue);
	netdev_tx_t sent;

	skb_set_queue_mapping(skb, queue);
	__netif_tx_lock_bh(txq);
	sent = netdev_start_xmit(skb, dev->netdev, txq, false);
	__netif_tx_unlock_bh(txq);
	if (sent != NETDEV_TX_OK)
		kfree_skb(skb);
	return sent == NETDEV_TX_OK;
}

/* Through one queue. The smallest ring has room for what is under way */
static u64 tgbe_loopback_queue(struct tgbe_device *dev, struct loopback *lb,
			       unsigned int queue)
{
	unsigned int end = (queue + 1) * LOOPBACK_FRAMES;
	bool full = false;

	/* frames that waited for the port to start may leave no room in the ring yet */
	for (int i = 0; i < LOOPBACK_TRIES && !full && !READ_ONCE(lb->changed); i++) {
		for (unsigned int n = end - LOOPBACK_FRAMES; n < end; n++) {
			struct sk_buff *skb;

			if (test_bit(n, lb->arrived))
				continue;
			skb = tgbe_loopback_frame(dev, lb, n);
			if (!skb || !tgbe_loopback_send(dev, skb, queue))
				return LOOPBACK_NOT_SENT;
		}
		read_poll_timeout(bitmap_full, full, full || READ_ONCE(lb->changed),
				  EVENT_STEP_US, EVENT_LIMIT_US / LOOPBACK_TRIES, false,
				  lb->arrived, end);
	}
	if (READ_ONCE(lb->changed))
		return LOOPBACK_CHANGED;
	return full ? LOOPBACK_PASSED : LOOPBACK_NOT_RECEIVED;
}

static u64 tgbe_loopback_run(struct tgbe_device *dev, struct loopback *lb)
{
	u64 res = LOOPBACK_PASSED;

	for (unsigned int q = 0; q < dev->config.queues && !res; q++)
		res = tgbe_loopback_queue(dev, lb, q);
	return res;
}

/* Completions must not let the stack into the queues */
static void tgbe_freeze_all(struct tgbe_device *dev, bool frozen)
{
	for (unsigned int q = 0; q < dev->queues_max; q++)
		if (dev->vector[q]->tx)
			dev->vector[q]->tx->frozen = frozen;
}

/* It needs no partner: the PHY makes the link */
static u64 tgbe_test_loopback(struct tgbe_device *dev)
{
	struct net_device *netdev = dev->netdev;
	struct loopback lb = {
		.tap = {
			.type = htons(ETH_P_ALL),
			.dev = netdev,
			.func = tgbe_loopback_receive,
			.ignore_outgoing = true,
		},
		.cookie = get_random_u32(),
		.step = (min(netdev->mtu, ETH_DATA_LEN) + ETH_HLEN - ETH_ZLEN) /
			LOOPBACK_FRAMES,
	};
	u64 res;

	tgbe_freeze_all(dev, true);
	dev_add_pack(&lb.tap);
	if (tgbe_link_set_loopback(dev, true, NULL) ||
	    !tgbe_link_comes(dev, LINK_LIMIT_US))
		res = LOOPBACK_NO_LINK;
	else
		res = tgbe_loopback_run(dev, &lb);
	tgbe_link_set_loopback(dev, netdev->features & NETIF_F_LOOPBACK, NULL);
	/* returns when nobody reads from the tap any more */
	dev_remove_pack(&lb.tap);
	tgbe_freeze_all(dev, false);
	return res;
}

/* Why the test cannot be done, or NULL. The stack takes what has a CPU chosen by RPS for
 * no port that is closed, and a program of generic XDP may drop or redirect anything.
 */
static const char *tgbe_no_loopback(struct tgbe_device *dev)
{
	if (rcu_access_pointer(dev->netdev->xdp_prog))
		return "generic XDP comes first";
	if (tgbe_phy_is_kept(dev))
		return "the management keeps the PHY";
#ifdef CONFIG_RPS
	if (netif_running(dev->netdev))
		return NULL;
	for (unsigned int q = 0; q < dev->config.queues; q++)
		if (rcu_access_pointer(dev->netdev->_rx[q].rps_map))
			return "closed, and with RPS (rps_cpus)";
#endif
	return NULL;
}

/* Of a started port from which senders are kept */
static void tgbe_test_at_work(struct tgbe_device *dev,
			      const struct tgbe_interrupts_seen *before, u64 *data)
{
	const char *reason = tgbe_no_loopback(dev);

	data[TEST_INTERRUPTS] = tgbe_test_interrupts(dev, before);
	if (reason)
		netif_info(dev, drv, dev->netdev, "no loopback test: %s\n", reason);
	else
		data[TEST_LOOPBACK] = tgbe_test_loopback(dev);
	/* after a loopback the link is negotiated anew */
	data[TEST_LINK] = !tgbe_link_comes(dev, LINK_LIMIT_US);
}

static void tgbe_test_offline(struct tgbe_device *dev, u64 *data)
{
	bool running = netif_running(dev->netdev);
	struct tgbe_interrupts_seen before;
	int err;

	tgbe_netdev_halt(dev);
	before = tgbe_interrupts_seen(dev);
	data[TEST_REGISTERS] = tgbe_test_registers(dev);
	data[TEST_NVM] = tgbe_test_nvm(dev);
	/* the reset in this puts right whatever the tests left */
	err = tgbe_port_start(dev);
	if (err) {
		data[TEST_INTERRUPTS] = -err;
		data[TEST_LOOPBACK] = LOOPBACK_NO_START;
		data[TEST_LINK] = 1;
	} else {
		tgbe_test_at_work(dev, &before, data);
		if (!running)
			tgbe_port_stop(dev);
	}
	if (!running)
		tgbe_port_release(dev);
	tgbe_netdev_attach(dev, err);
}

/* What traffic does not notice */
static void tgbe_test_online(struct tgbe_device *dev, u64 *data)
{
	data[TEST_NVM] = tgbe_test_nvm(dev);
	data[TEST_LINK] = !(tgbe_rd(dev, TGBE_STATUS) & TGBE_STATUS_LU);
}

/**
 * tgbe_selftest() - run the tests
 * @dev: port, running or not
 * @test: whether online or offline; told whether anything failed
 * @data: tgbe_selftest_count() results, 0 for a test that passed or was not to be run
 *
 * Offline takes as long as the link needs to come up and loses what is sent or
 * received meanwhile. Every setting is the same afterwards.
 *
 * Context: process, RTNL.
 */
void tgbe_selftest(struct tgbe_device *dev, struct ethtool_test *test, u64 *data)
{
	memset(data, 0, TESTS * sizeof(*data));
	if (test->flags & ETH_TEST_FL_OFFLINE)
		tgbe_test_offline(dev, data);
	else
		tgbe_test_online(dev, data);
	for (unsigned int i = 0; i < TESTS; i++)
		if (data[i])
			test->flags |= ETH_TEST_FL_FAILED;
}
