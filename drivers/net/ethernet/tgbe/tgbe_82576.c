// SPDX-License-Identifier: GPL-2.0
/* The 82576: queues with enables of their own, EICR vectors, IVAR bytes. */
#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/mii.h>

#include "tgbe.h"
#include "tgbe_chip.h"
#include "tgbe_ring.h"

/* Prefetch 8 descriptors once the host has 8 (receive) or 1 (transmit) ready.
 * Write-back thresholds above 1 do not go with MSI-X on this chip.
 */
#define RXDCTL_VALUE	(FIELD_PREP(TGBE_DCTL_PTHRESH, 8) | \
			 FIELD_PREP(TGBE_DCTL_HTHRESH, 8) | \
			 FIELD_PREP(TGBE_DCTL_WTHRESH, 1))
#define TXDCTL_VALUE	(FIELD_PREP(TGBE_DCTL_PTHRESH, 8) | \
			 FIELD_PREP(TGBE_DCTL_HTHRESH, 1) | \
			 FIELD_PREP(TGBE_DCTL_WTHRESH, 1))

/* A queue follows its enable bit within microseconds; 20 ms is generous */
#define QUEUE_WAIT_US	20000

static u32 tgbe_82576_rxq(unsigned int queue)
{
	return TGBE_82576_RXQ(queue);
}

static u32 tgbe_82576_txq(unsigned int queue)
{
	return TGBE_82576_TXQ(queue);
}

static unsigned int tgbe_82576_port_function(struct tgbe_device *dev)
{
	return FIELD_GET(TGBE_STATUS_FUNC, tgbe_rd(dev, TGBE_STATUS));
}

/* The chip's own completion timeout of 0.5 to 1 ms is shorter than what
 * switches need: choose the 10 ms class unless somebody chose already.
 */
static void tgbe_82576_set_completion_timeout(struct tgbe_device *dev)
{
	u32 gcr = tgbe_rd(dev, TGBE_GCR);

	if (!(gcr & TGBE_GCR_CMPL_TMOUT)) {
		if (gcr & TGBE_GCR_CAP_VER2)
			pcie_capability_clear_and_set_word(dev->pdev,
							   PCI_EXP_DEVCTL2,
							   PCI_EXP_DEVCTL2_COMP_TIMEOUT,
							   0x5);
		else
			gcr |= FIELD_PREP(TGBE_GCR_CMPL_TMOUT,
					  TGBE_GCR_CMPL_TMOUT_10MS);
	}
	tgbe_wr(dev, TGBE_GCR, gcr & ~TGBE_GCR_CMPL_RESEND);
}

static void tgbe_82576_irq_mask(struct tgbe_device *dev)
{
	tgbe_wr(dev, TGBE_IMC, TGBE_INT_ALL);
	tgbe_wr(dev, TGBE_82576_EIMC, TGBE_INT_ALL);
}

static int tgbe_82576_chip_reset(struct tgbe_device *dev)
{
	unsigned int i;

	tgbe_chip_stop_bus(dev);
	tgbe_82576_set_completion_timeout(dev);
	tgbe_82576_irq_mask(dev);
	tgbe_filter_rctl(dev, ~0u, 0);
	tgbe_wr(dev, TGBE_TCTL, TGBE_TCTL_PSP);
	tgbe_flush(dev);
	usleep_range(10000, 20000);

	tgbe_chip_ctrl(dev, 0, TGBE_CTRL_RST);
	/* registers are not to be touched for 1 ms after a reset */
	usleep_range(3000, 5000);
	if (tgbe_wait(dev, TGBE_CTRL, TGBE_CTRL_RST, 0, 1000, 20000)) {
		dev_err(&dev->pdev->dev, "reset did not finish in 20 ms\n");
		return -ETIMEDOUT;
	}
	/* Never set without an EEPROM, so a timeout is no failure */
	if (tgbe_wait(dev, TGBE_EECD, TGBE_EECD_AUTO_RD, TGBE_EECD_AUTO_RD,
		      1000, 10000))
		dev_dbg(&dev->pdev->dev, "NVM auto-read not reported done\n");
	tgbe_82576_irq_mask(dev);
	tgbe_rd(dev, TGBE_ICR);

	if (tgbe_rd(dev, TGBE_CTRL_EXT) & TGBE_CTRL_EXT_82576_LINK_MODE) {
		dev_err(&dev->pdev->dev,
			"NVM selects a SerDes or SGMII link; only copper is supported\n");
		return -ENODEV;
	}

	/* the reset leaves queue 0 of either direction enabled */
	tgbe_wr(dev, tgbe_82576_rxq(0) + TGBE_Q_CTL, 0);
	tgbe_wr(dev, tgbe_82576_txq(0) + TGBE_Q_CTL, 0);

	tgbe_chip_clear_filters(dev);
	for (i = 0; i < 8; i++)
		tgbe_wr(dev, TGBE_82576_RAL16(i) + 4, 0);
	for (i = 0; i < TGBE_82576_UTA_WORDS; i++)
		tgbe_wr(dev, TGBE_82576_UTA(i), 0);

	tgbe_chip_pause_frames(dev);
	tgbe_wr(dev, TGBE_VET, ETH_P_8021Q);
	tgbe_wr(dev, TGBE_WUC, 0);
	tgbe_wr(dev, TGBE_82576_PSRTYPE, TGBE_82576_PSRTYPE_IP_TCP_UDP);
	/* Pool 0 has all queues: it takes untagged and broadcast frames, and hashes.
	 * The pools matter with virtual functions only, but a reset leaves this pool
	 * closed.
	 */
	tgbe_set_bits(dev, TGBE_82576_VMOLR(0), TGBE_82576_VMOLR_RSSE |
		      TGBE_82576_VMOLR_AUPE | TGBE_82576_VMOLR_BAM);
	tgbe_set_bits(dev, TGBE_82576_DTXCTL, TGBE_82576_DTXCTL_VLAN_ADDED);
	tgbe_wr(dev, TGBE_RXCSUM, TGBE_RXCSUM_IPOFL | TGBE_RXCSUM_TUOFL |
		TGBE_RXCSUM_82576_CRCOFL | TGBE_RXCSUM_PCSD);
	/* parsing IPv6 extension headers is an erratum of this chip */
	tgbe_set_bits(dev, TGBE_RFCTL, TGBE_RFCTL_IPV6_EX_DIS);
	tgbe_wr(dev, TGBE_TCTL, TGBE_TCTL_PSP | TGBE_TCTL_RTLC |
		FIELD_PREP(TGBE_TCTL_CT, TGBE_TCTL_CT_DEFAULT) |
		FIELD_PREP(TGBE_TCTL_COLD, TGBE_TCTL_COLD_DEFAULT));
	tgbe_set_bits(dev, TGBE_CTRL_EXT, TGBE_CTRL_EXT_DRV_LOAD);
	return 0;
}

/* SW_FW_SYNC has a bit a resource for software, and the same one 16 higher
 * for the firmware of the management controller.
 */
static int tgbe_82576_get_resource(struct tgbe_device *dev, u32 bit)
{
	u32 taken = bit | bit << TGBE_SWFW_FW_SHIFT;

	for (int i = 0; i < 200; i++) {
		u32 sync;

		if (tgbe_chip_get_smbi(dev))
			return -EBUSY;
		sync = tgbe_rd(dev, TGBE_82576_SW_FW_SYNC);
		if (!(sync & taken)) {
			tgbe_wr(dev, TGBE_82576_SW_FW_SYNC, sync | bit);
			tgbe_chip_put_smbi(dev);
			return 0;
		}
		tgbe_chip_put_smbi(dev);
		usleep_range(5000, 6000);
	}
	return -EBUSY;
}

static void tgbe_82576_put_resource(struct tgbe_device *dev, u32 bit)
{
	/* kept, it would lock the firmware out for ever: better unguarded */
	bool guarded = !tgbe_chip_get_smbi(dev);

	tgbe_clear_bits(dev, TGBE_82576_SW_FW_SYNC, bit);
	if (guarded)
		tgbe_chip_put_smbi(dev);
}

/* Bits 1 and 2 for the PHYs of functions 0 and 1, 5 and 6 for 2 and 3 */
static u32 tgbe_82576_phy_resource(struct tgbe_device *dev)
{
	unsigned int function = tgbe_82576_port_function(dev);

	return (function < 2 ? TGBE_SWFW_PHY01 : TGBE_SWFW_PHY23) <<
	       function % 2;
}

static int tgbe_82576_phy_get(struct tgbe_device *dev)
{
	return tgbe_82576_get_resource(dev, tgbe_82576_phy_resource(dev));
}

static void tgbe_82576_phy_put(struct tgbe_device *dev)
{
	tgbe_82576_put_resource(dev, tgbe_82576_phy_resource(dev));
}

static int tgbe_82576_nvm_get(struct tgbe_device *dev)
{
	return tgbe_82576_get_resource(dev, TGBE_SWFW_NVM);
}

static void tgbe_82576_nvm_put(struct tgbe_device *dev)
{
	tgbe_82576_put_resource(dev, TGBE_SWFW_NVM);
}

static int tgbe_82576_phy_init(struct tgbe_device *dev)
{
	u32 done = TGBE_EEMNGCTL_CFG_DONE(tgbe_82576_port_function(dev));
	int err;

	/* The MAC copies settings from the NVM into the PHY after its reset.
	 * No NVM, no bit: go on after the time the datasheet grants.
	 */
	if (tgbe_wait(dev, TGBE_EEMNGCTL, done, done, 1000, 100000))
		dev_dbg(&dev->pdev->dev, "PHY configuration not reported done\n");

	/* whatever page another driver left */
	err = tgbe_phy_write(dev, TGBE_IGP_PAGE_SELECT, 0);
	if (err)
		return err;
	/* full speed in D0 */
	return tgbe_phy_modify(dev, TGBE_IGP_POWER, TGBE_IGP_D0_LPLU, 0);
}

static u32 tgbe_82576_ivar_entry(unsigned int vector)
{
	return TGBE_82576_IVAR_VALID | vector;
}

static void tgbe_82576_irq_setup(struct tgbe_device *dev)
{
	bool msix = dev->irq_mode == TGBE_IRQ_MSIX;
	u32 vectors = GENMASK(dev->queues_max, 0);
	unsigned int q;

	/* GPIE first: IVAR and EITR do not take values before it (7.3) */
	if (msix)
		tgbe_wr(dev, TGBE_82576_GPIE, TGBE_82576_GPIE_NSICR |
			TGBE_82576_GPIE_MSIX | TGBE_82576_GPIE_EIAME |
			TGBE_82576_GPIE_PBA);
	else
		tgbe_wr(dev, TGBE_82576_GPIE, 0);

	for (q = 0; q < dev->queues_max; q++) {
		u32 entry = tgbe_82576_ivar_entry(msix ? q : 0);

		/* bytes 2 and 3 belong to queues 8 to 15, which are not used */
		tgbe_wr(dev, TGBE_82576_IVAR(q),
			FIELD_PREP(TGBE_82576_IVAR_RX, entry) |
			FIELD_PREP(TGBE_82576_IVAR_TX, entry));
	}
	if (!msix) {
		/* reading ICR masks what was raised */
		tgbe_wr(dev, TGBE_IAM, TGBE_INT_ALL);
		return;
	}
	tgbe_wr(dev, TGBE_82576_IVAR_MISC,
		FIELD_PREP(TGBE_82576_IVAR_MISC_OTHER,
			   tgbe_82576_ivar_entry(dev->queues_max)));
	tgbe_wr(dev, TGBE_82576_EIAC, vectors);
	tgbe_wr(dev, TGBE_82576_EIAM, vectors);
}

static void tgbe_82576_irq_bits(struct tgbe_vector *vector)
{
	struct tgbe_device *dev = vector->dev;

	if (dev->irq_mode == TGBE_IRQ_MSIX) {
		vector->unmask = dev->mapping + TGBE_82576_EIMS;
		vector->unmask_bits = BIT(vector->index);
	} else {
		vector->unmask = dev->mapping + TGBE_IMS;
		vector->unmask_bits = dev->chip->irq_causes |
				      TGBE_OTHER_CAUSES | dev->chip->irq_lost;
	}
}

static void tgbe_82576_irq_other_enable(struct tgbe_device *dev)
{
	tgbe_wr(dev, TGBE_IMS, TGBE_OTHER_CAUSES | dev->chip->irq_lost);
	tgbe_wr(dev, TGBE_82576_EIMS, BIT(dev->queues_max));
}

static void tgbe_82576_irq_other_done(struct tgbe_device *dev, u32 causes)
{
	tgbe_wr(dev, TGBE_82576_EIMS, BIT(dev->queues_max));
}

static void tgbe_82576_irq_throttle(struct tgbe_device *dev, unsigned int vector,
				    unsigned int usecs)
{
	/* CNT_IGNR lets a running interval end instead of starting it anew */
	tgbe_wr(dev, TGBE_82576_EITR(vector),
		FIELD_PREP(TGBE_82576_EITR_USECS, usecs) |
		TGBE_82576_EITR_CNT_IGNR);
}

static void tgbe_82576_irq_kick(struct tgbe_vector *vector)
{
	struct tgbe_device *dev = vector->dev;

	if (dev->irq_mode == TGBE_IRQ_MSIX)
		tgbe_wr(dev, TGBE_82576_EICS, BIT(vector->index));
	else
		tgbe_wr(dev, TGBE_ICS, TGBE_INT_RXDW);
}

/* Frames of the standard MTU fit half a 4 KB page: RLPML keeps the chip from
 * writing more, although SRRCTL counts in whole KB. Larger ones go over
 * several page-sized buffers. With the header split off a page has nothing but
 * payload, from its beginning: only so can it be mapped by its reader.
 */
static struct tgbe_rx_geometry
tgbe_82576_rx_geometry(const struct tgbe_config *config)
{
	const unsigned int tail = SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
	/* one geometry for every MTU up to the standard one */
	unsigned int frame = max_t(unsigned int, tgbe_config_frame(config),
				   ETH_DATA_LEN + TGBE_FRAME_OVERHEAD);
	struct tgbe_rx_geometry g = {};

	if (config->split) {
		g.truesize = SZ_4K;
		g.room = SZ_4K;
		g.header = TGBE_RX_HEADER_BYTES;
	} else if (config->rx_buffer <= SZ_2K &&
		   frame + NET_SKB_PAD + tail <= SZ_2K) {
		g.truesize = SZ_2K;
		g.room = SZ_2K;
		g.headroom = round_down(SZ_2K - tail - frame, 64);
	} else {
		g.truesize = SZ_4K;
		g.room = 3 * SZ_1K;
		g.headroom = XDP_PACKET_HEADROOM;
	}
	return g;
}

static int tgbe_82576_queue_switch(struct tgbe_device *dev, u32 ctl, u32 value)
{
	tgbe_wr(dev, ctl, value);
	return tgbe_wait(dev, ctl, TGBE_DCTL_82576_ENABLE,
			 value & TGBE_DCTL_82576_ENABLE, 10, QUEUE_WAIT_US);
}

static void tgbe_82576_rx_arm(struct tgbe_device *dev, struct tgbe_ring *ring)
{
	const struct tgbe_rx_geometry *g = &ring->geometry;
	u32 base = tgbe_82576_rxq(ring->index);
	u32 srrctl;

	srrctl = FIELD_PREP(TGBE_SRRCTL_BSIZE_KB, g->room / SZ_1K) |
		 FIELD_PREP(TGBE_SRRCTL_HEADER_64B, g->header / 64) |
		 FIELD_PREP(TGBE_SRRCTL_DESCTYPE,
			    g->header ? TGBE_SRRCTL_DESCTYPE_SPLIT :
					TGBE_SRRCTL_DESCTYPE_ADV_ONE);
	tgbe_chip_program(dev, ring);
	spin_lock(&dev->ctrl_lock);
	if (dev->drop_full)
		srrctl |= TGBE_SRRCTL_DROP_EN;
	tgbe_wr(dev, base + TGBE_Q_82576_SRRCTL, srrctl);
	spin_unlock(&dev->ctrl_lock);
	if (tgbe_82576_queue_switch(dev, base + TGBE_Q_CTL,
				    RXDCTL_VALUE | TGBE_DCTL_82576_ENABLE))
		netdev_err(dev->netdev, "receive queue %u did not start\n",
			   ring->index);
	/* a tail written before the enable bit reads 1 is lost (4.5) */
	tgbe_ring_tell(ring);
}

/* The queue may run meanwhile: nothing that its posted buffers depend on changes */
static void tgbe_82576_rx_drop_full(struct tgbe_device *dev, unsigned int queue,
				    bool drop)
{
	u32 reg = tgbe_82576_rxq(queue) + TGBE_Q_82576_SRRCTL;

	if (drop)
		tgbe_set_bits(dev, reg, TGBE_SRRCTL_DROP_EN);
	else
		tgbe_clear_bits(dev, reg, TGBE_SRRCTL_DROP_EN);
}

/* The tail goes back at once. A write to it also lets in what was held back meanwhile,
 * which is lost while the queue is off: nothing was, yet.
 */
static int tgbe_82576_queue_stop(struct tgbe_device *dev, u32 base)
{
	int err = tgbe_82576_queue_switch(dev, base + TGBE_Q_CTL, 0);

	if (!err)
		tgbe_wr(dev, base + TGBE_Q_TAIL, 0);
	return err;
}

static int tgbe_82576_rx_quiesce(struct tgbe_device *dev, unsigned int queue)
{
	return tgbe_82576_queue_stop(dev, tgbe_82576_rxq(queue));
}

static void tgbe_82576_tx_arm(struct tgbe_device *dev, struct tgbe_ring *ring)
{
	tgbe_chip_program(dev, ring);
	if (tgbe_82576_queue_switch(dev, tgbe_82576_txq(ring->index) + TGBE_Q_CTL,
				    TXDCTL_VALUE | TGBE_DCTL_82576_ENABLE))
		netdev_err(dev->netdev, "transmit queue %u did not start\n",
			   ring->index);
}

static int tgbe_82576_tx_quiesce(struct tgbe_device *dev, unsigned int queue)
{
	return tgbe_82576_queue_stop(dev, tgbe_82576_txq(queue));
}

static void tgbe_82576_frame_limit(struct tgbe_device *dev, unsigned int frame)
{
	unsigned int rx_kb;
	u32 high;

	/* RLPML counts tags and FCS and acts only beside RCTL.LPE */
	tgbe_wr(dev, TGBE_82576_RLPML, frame);
	tgbe_filter_rctl(dev, 0, TGBE_RCTL_LPE);

	/* Ask the partner to pause while there is still room for a frame of
	 * ours and one jumbo of its own that is already on the wire.
	 */
	rx_kb = FIELD_GET(TGBE_82576_RXPBS_KB, tgbe_rd(dev, TGBE_82576_RXPBS));
	high = round_down(rx_kb * SZ_1K - (frame + 9728), 16);
	dev->pause_high = high;
	dev->pause_low = high - 16;
	tgbe_chip_pause_marks(dev);
}

static u8 tgbe_82576_rss_entry(unsigned int queue)
{
	return queue;
}

static u32 tgbe_82576_queue_drops(struct tgbe_device *dev, unsigned int queue)
{
	return tgbe_rd(dev, TGBE_82576_RQDPC(queue)) & GENMASK(11, 0);
}

/* Addresses are there to be written and read back as long as no filter is on */
static bool tgbe_82576_flow_present(struct tgbe_device *dev)
{
	static const u32 patterns[] = { 0x5a5a5a5a, 0xa5a5a5a5 };
	bool kept = true;

	for (unsigned int i = 0; i < ARRAY_SIZE(patterns) && kept; i++) {
		tgbe_wr(dev, TGBE_82576_SAQF(0), patterns[i]);
		tgbe_wr(dev, TGBE_82576_DAQF(0), ~patterns[i]);
		kept = tgbe_rd(dev, TGBE_82576_SAQF(0)) == patterns[i] &&
		       tgbe_rd(dev, TGBE_82576_DAQF(0)) == ~patterns[i];
	}
	tgbe_wr(dev, TGBE_82576_SAQF(0), 0);
	tgbe_wr(dev, TGBE_82576_DAQF(0), 0);
	return kept;
}

static void tgbe_82576_flow_type(struct tgbe_device *dev, unsigned int entry,
				 const struct tgbe_flow_match *match,
				 unsigned int queue)
{
	u32 etqf = 0;

	if (match)
		etqf = FIELD_PREP(TGBE_82576_ETQF_TYPE, be16_to_cpu(match->type)) |
		       FIELD_PREP(TGBE_82576_ETQF_QUEUE, queue) |
		       TGBE_82576_ETQF_EN | TGBE_82576_ETQF_QUEUE_EN;
	tgbe_wr(dev, TGBE_82576_ETQF(entry), etqf);
}

/* As a little-endian register holds two bytes in the order of the frame */
static u32 tgbe_82576_port(__be16 port)
{
	return swab16(be16_to_cpu(port));
}

static u32 tgbe_82576_address(__be32 addr)
{
	return swab32(be32_to_cpu(addr));
}

/* The filter is off while it changes, so that no mixture ever matches */
static void tgbe_82576_flow_tuple(struct tgbe_device *dev, unsigned int entry,
				  const struct tgbe_flow_match *match,
				  unsigned int queue)
{
	/* 8 entries, of which one has no rule, and priorities 7 to 1 */
	unsigned int priority = 7 - entry + (entry > TGBE_FLOW_STAMPS);
	u32 ftqf = TGBE_82576_FTQF_QUEUE_EN | TGBE_82576_FTQF_ANY_VF;
	u32 imir = FIELD_PREP(TGBE_82576_IMIR_PRIORITY, priority);

	tgbe_wr(dev, TGBE_82576_FTQF(entry), TGBE_82576_FTQF_OFF);
	if (!match)
		return;
	if (match->compare & TGBE_FLOW_PROTO)
		ftqf |= FIELD_PREP(TGBE_82576_FTQF_PROTO, match->proto);
	else
		ftqf |= TGBE_82576_FTQF_ANY_PROTO;
	if (!(match->compare & TGBE_FLOW_SRC))
		ftqf |= TGBE_82576_FTQF_ANY_SRC;
	if (!(match->compare & TGBE_FLOW_DST))
		ftqf |= TGBE_82576_FTQF_ANY_DST;
	if (!(match->compare & TGBE_FLOW_SPORT))
		ftqf |= TGBE_82576_FTQF_ANY_SPORT;
	if (match->compare & TGBE_FLOW_DPORT)
		imir |= FIELD_PREP(TGBE_82576_IMIR_DPORT,
				   tgbe_82576_port(match->dport));
	else
		imir |= TGBE_82576_IMIR_ANY_DPORT;

	tgbe_wr(dev, TGBE_82576_SAQF(entry), tgbe_82576_address(match->src));
	tgbe_wr(dev, TGBE_82576_DAQF(entry), tgbe_82576_address(match->dst));
	tgbe_wr(dev, TGBE_82576_SPQF(entry), tgbe_82576_port(match->sport));
	tgbe_wr(dev, TGBE_82576_IMIR(entry), imir);
	tgbe_wr(dev, TGBE_82576_IMIREXT(entry), TGBE_82576_IMIREXT_ANY_SIZE |
		TGBE_82576_IMIREXT_ANY_FLAGS);
	tgbe_wr(dev, TGBE_82576_FTQF(entry), ftqf |
		FIELD_PREP(TGBE_82576_FTQF_QUEUE, queue));
}

const struct tgbe_chip tgbe_chip_82576 = {
	.name			= "82576",
	.format			= TGBE_FMT_ADV,
	.max_queues		= TGBE_MAX_QUEUES,
	.usecs_max		= TGBE_82576_EITR_MAX,
	.unicast_entries	= 16,
	.irq_causes		= TGBE_INT_RXDW | TGBE_INT_TXDW |
				  TGBE_INT_RXDMT0,
	.irq_lost		= TGBE_INT_82576_DRSTA | TGBE_INT_82576_DOUTSYNC,
	.wake_ctrl		= TGBE_CTRL_ADVD3WUC,
	/* Bit 21 is TCP over IPv6; bit 18 hashes it as well, extension
	 * headers or not, on cards that ignore bit 21.
	 */
	.rss_mode		= TGBE_MRQC_82576_RSS | TGBE_MRQC_TCP4 |
				  TGBE_MRQC_IP4 | TGBE_MRQC_TCP6 |
				  TGBE_MRQC_TCP6_EX | TGBE_MRQC_IP6 |
				  TGBE_MRQC_IP6_EX,
	/* Fragments are hashed by their addresses alone: with the ports of UDP in
	 * the hash of whole datagrams one flow would arrive on two queues.
	 */
	.rss_udp		= TGBE_MRQC_82576_UDP4 | TGBE_MRQC_82576_UDP6,
	.rxq			= tgbe_82576_rxq,
	.txq			= tgbe_82576_txq,
	.reset			= tgbe_82576_chip_reset,
	.phy_init		= tgbe_82576_phy_init,
	.phy_page		= TGBE_IGP_PAGE_SELECT,
	.phy_crossover		= { TGBE_IGP_PORT_CTRL,
				    TGBE_IGP_AUTO_MDIX | TGBE_IGP_FORCE_MDIX,
				    TGBE_IGP_FORCE_MDIX, TGBE_IGP_AUTO_MDIX },
	.phy_crossed		= { TGBE_IGP_STATUS, TGBE_IGP_STATUS_MDIX },
	.phy_slower		= { TGBE_IGP_HEALTH, TGBE_IGP_DOWNSHIFT },
	.phy_get		= tgbe_82576_phy_get,
	.phy_put		= tgbe_82576_phy_put,
	.nvm_get		= tgbe_82576_nvm_get,
	.nvm_put		= tgbe_82576_nvm_put,
	.irq_setup		= tgbe_82576_irq_setup,
	.irq_mask		= tgbe_82576_irq_mask,
	.irq_bits		= tgbe_82576_irq_bits,
	.irq_other_causes	= TGBE_INT_LSC,
	.irq_other_enable	= tgbe_82576_irq_other_enable,
	.irq_other_done		= tgbe_82576_irq_other_done,
	.irq_throttle		= tgbe_82576_irq_throttle,
	.irq_kick		= tgbe_82576_irq_kick,
	.rx_geometry		= tgbe_82576_rx_geometry,
	.rx_arm			= tgbe_82576_rx_arm,
	.rx_drop_full		= tgbe_82576_rx_drop_full,
	.rx_quiesce		= tgbe_82576_rx_quiesce,
	.tx_arm			= tgbe_82576_tx_arm,
	.tx_quiesce		= tgbe_82576_tx_quiesce,
	.frame_limit		= tgbe_82576_frame_limit,
	.rss_entry		= tgbe_82576_rss_entry,
	.flow_present		= tgbe_82576_flow_present,
	.flow_type		= tgbe_82576_flow_type,
	.flow_tuple		= tgbe_82576_flow_tuple,
	.queue_drops		= tgbe_82576_queue_drops,
	.splits			= true,
	.alternate_mac		= true,
	.ptp			= true,
};
EXPORT_SYMBOL_IF_KUNIT(tgbe_chip_82576);
