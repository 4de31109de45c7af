// SPDX-License-Identifier: GPL-2.0
/* The 82574L: one cause register, no queue enables, a receiver that must not
 * be stopped outside a reset.
 *
 * Hence ring arrays of the full size for as long as the port is open, with
 * the ring size as a limit on the descriptors in use, and one buffer geometry
 * for every MTU: no knob needs the receiver to stop.
 */
#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/mii.h>

#include "tgbe.h"
#include "tgbe_chip.h"
#include "tgbe_ring.h"

/* Required by the chip: count descriptors, not cache lines, and write each
 * one back alone; WTHRESH above 1 stalls the transmitter.
 */
#define TXDCTL_VALUE	(TGBE_DCTL_82574_COUNT_DESC | TGBE_DCTL_82574_GRAN | \
			 FIELD_PREP(TGBE_DCTL_PTHRESH, 31) | \
			 FIELD_PREP(TGBE_DCTL_HTHRESH, 1) | \
			 FIELD_PREP(TGBE_DCTL_WTHRESH, 1))

#define RX_BUFFER_KB	3

/* One word of the NVM's shadow takes microseconds, a sector of flash seconds */
#define NVM_STEP_US	5
#define NVM_LIMIT_US	50000
#define FLASH_STEP_US	1000
#define FLASH_LIMIT_US	4000000

/* Half of the packet buffer: a transmit descriptor may be %TGBE_TX_DESC_BYTES.
 * Another driver may have left less, and a reset keeps that.
 */
#define RX_PACKET_KB	20

static u32 tgbe_82574_rxq(unsigned int queue)
{
	return TGBE_82574_RXQ(queue);
}

static u32 tgbe_82574_txq(unsigned int queue)
{
	return TGBE_82574_TXQ(queue);
}

/* EXTCNF_CTRL bit 5 stays clear until the firmware lets go */
static int tgbe_82574_phy_get(struct tgbe_device *dev)
{
	for (int i = 0; i < 10; i++) {
		tgbe_set_bits(dev, TGBE_82574_EXTCNF_CTRL,
			      TGBE_82574_EXTCNF_MDIO_SW);
		if (tgbe_rd(dev, TGBE_82574_EXTCNF_CTRL) &
		    TGBE_82574_EXTCNF_MDIO_SW)
			return 0;
		usleep_range(2000, 4000);
	}
	return -EBUSY;
}

static void tgbe_82574_phy_put(struct tgbe_device *dev)
{
	tgbe_clear_bits(dev, TGBE_82574_EXTCNF_CTRL, TGBE_82574_EXTCNF_MDIO_SW);
}

static void tgbe_82574_set_fixed_bits(struct tgbe_device *dev)
{
	tgbe_chip_ctrl(dev, TGBE_CTRL_82574_RSV29, 0);
	tgbe_wr(dev, TGBE_CTRL_EXT,
		(tgbe_rd(dev, TGBE_CTRL_EXT) & ~TGBE_CTRL_EXT_82574_CLR23) |
		TGBE_CTRL_EXT_82574_SET22 | TGBE_CTRL_EXT_DRV_LOAD);
	tgbe_set_bits(dev, TGBE_GCR, TGBE_GCR_82574_L1);
	/* erratum: PCIe completions are unreliable without this bit */
	tgbe_set_bits(dev, TGBE_82574_GCR2, TGBE_82574_GCR2_ERRATUM);

	/* erratum: both queues need the same thresholds, used or not */
	tgbe_wr(dev, tgbe_82574_txq(0) + TGBE_Q_CTL, TXDCTL_VALUE);
	tgbe_wr(dev, tgbe_82574_txq(1) + TGBE_Q_CTL, TXDCTL_VALUE);
	/* errata of the arbiter between two transmit queues */
	tgbe_wr(dev, tgbe_82574_txq(0) + TGBE_Q_82574_TARC,
		(tgbe_rd(dev, tgbe_82574_txq(0) + TGBE_Q_82574_TARC) &
		 ~TGBE_82574_TARC0_CLEAR) |
		TGBE_82574_TARC0_ERRATUM | TGBE_82574_TARC_MQ |
		TGBE_82574_TARC_ENABLE);
	tgbe_set_bits(dev, tgbe_82574_txq(1) + TGBE_Q_82574_TARC,
		      TGBE_82574_TARC_MQ | TGBE_82574_TARC_ENABLE);
}

static void tgbe_82574_irq_mask(struct tgbe_device *dev)
{
	tgbe_wr(dev, TGBE_IMC, TGBE_INT_ALL);
}

/* The reset alone does not make the MAC read its settings from a flash (82574 4.3) */
static void tgbe_82574_reload_flash(struct tgbe_device *dev)
{
	u32 type = FIELD_GET(TGBE_EECD_82574_TYPE, tgbe_rd(dev, TGBE_EECD));

	if (type != TGBE_EECD_82574_FLASH)
		return;
	tgbe_set_bits(dev, TGBE_CTRL_EXT, TGBE_CTRL_EXT_82574_EE_RST);
	tgbe_flush(dev);
}

static int tgbe_82574_chip_reset(struct tgbe_device *dev)
{
	bool owned;
	int err;

	tgbe_chip_stop_bus(dev);
	tgbe_82574_irq_mask(dev);
	tgbe_filter_rctl(dev, ~0u, 0);
	tgbe_wr(dev, TGBE_TCTL, TGBE_TCTL_PSP);
	tgbe_flush(dev);
	usleep_range(10000, 20000);

	tgbe_wr(dev, TGBE_82574_PBA,
		FIELD_PREP(TGBE_82574_PBA_RX_KB, RX_PACKET_KB));
	/* the firmware must not be in the PHY when the MAC goes away */
	owned = !tgbe_82574_phy_get(dev);
	tgbe_chip_ctrl(dev, 0, TGBE_CTRL_RST);
	usleep_range(3000, 5000);
	err = tgbe_wait(dev, TGBE_CTRL, TGBE_CTRL_RST, 0, 1000, 20000);
	if (owned)
		tgbe_82574_phy_put(dev);
	if (err) {
		dev_err(&dev->pdev->dev, "reset did not finish in 20 ms\n");
		return err;
	}
	tgbe_82574_reload_flash(dev);
	/* without its NVM settings the MAC is not to be used */
	if (tgbe_wait(dev, TGBE_EECD, TGBE_EECD_AUTO_RD, TGBE_EECD_AUTO_RD,
		      1000, 20000)) {
		dev_err(&dev->pdev->dev, "NVM auto-read did not finish in 20 ms\n");
		return -ETIMEDOUT;
	}
	/* the PHY begins to load its settings only now */
	msleep(25);
	tgbe_82574_irq_mask(dev);
	tgbe_rd(dev, TGBE_ICR);
	/* a boot agent, or the reset itself, may leave the semaphore taken */
	tgbe_clear_bits(dev, TGBE_SWSM, TGBE_SWSM_SMBI);

	tgbe_chip_clear_filters(dev);
	tgbe_82574_set_fixed_bits(dev);
	tgbe_chip_pause_frames(dev);
	tgbe_wr(dev, TGBE_VET, ETH_P_8021Q);
	tgbe_wr(dev, TGBE_WUC, 0);
	tgbe_wr(dev, TGBE_TIPG, TGBE_TIPG_82574);
	/* interrupt at once: throttling is the vectors' timers' work */
	tgbe_wr(dev, TGBE_82574_RDTR, 0);
	tgbe_wr(dev, TGBE_82574_RADV, 0);
	tgbe_wr(dev, TGBE_82574_TIDV, 0);
	tgbe_wr(dev, TGBE_82574_TADV, 0);
	tgbe_wr(dev, TGBE_RXCSUM, TGBE_RXCSUM_IPOFL | TGBE_RXCSUM_TUOFL |
		TGBE_RXCSUM_PCSD);
	/* ACK_DIS: TCP acknowledgements raise spurious causes with MSI-X */
	tgbe_wr(dev, TGBE_RFCTL, TGBE_RFCTL_82574_EXSTEN |
		TGBE_RFCTL_82574_ACK_DIS | TGBE_RFCTL_IPV6_EX_DIS);
	tgbe_wr(dev, TGBE_TCTL, TGBE_TCTL_PSP | TGBE_TCTL_RTLC |
		FIELD_PREP(TGBE_TCTL_CT, TGBE_TCTL_CT_DEFAULT) |
		FIELD_PREP(TGBE_TCTL_COLD, TGBE_TCTL_COLD_DEFAULT));
	/* one size for every buffer; takes effect when RCTL.EN is set */
	tgbe_filter_rctl(dev, TGBE_RCTL_82574_FLXBUF_KB,
			 FIELD_PREP(TGBE_RCTL_82574_FLXBUF_KB, RX_BUFFER_KB));
	return 0;
}

static int tgbe_82574_phy_init(struct tgbe_device *dev)
{
	u32 done = TGBE_EEMNGCTL_CFG_DONE(0);
	int err;

	/* an emulated card never says so */
	if (tgbe_wait(dev, TGBE_EEMNGCTL, done, done, 1000, 100000))
		dev_dbg(&dev->pdev->dev, "PHY configuration not reported done\n");
	/* whatever page another driver left */
	err = tgbe_phy_write(dev, TGBE_BM_PAGE_SELECT, 0);
	if (err)
		return err;
	err = tgbe_phy_modify(dev, TGBE_BM_CONTROL,
			      TGBE_BM_POLARITY | TGBE_BM_DOWNSHIFT, 0);
	if (err)
		return err;
	/* vendor sequence of the BM PHY: page 3, value 0. A PHY without the
	 * register, such as the emulated one, needs no such fix.
	 */
	err = tgbe_phy_write(dev, TGBE_BM_PAGE_ADDR, 3);
	if (!err)
		err = tgbe_phy_write(dev, TGBE_BM_PAGE_DATA, 0);
	if (err && err != -EIO)
		return err;
	/* The control register takes effect with a reset of the PHY's logic,
	 * and downshift wants one cleared and one set.
	 */
	err = tgbe_phy_commit(dev);
	if (!err)
		err = tgbe_phy_modify(dev, TGBE_BM_CONTROL, 0,
				      TGBE_BM_DOWNSHIFT);
	return err ?: tgbe_phy_commit(dev);
}

/* The MAC's side of the PHY at 1000 Mb/s, full duplex, its link forced. The emulated PHY
 * has no such pages and needs none of it.
 */
static int tgbe_82574_phy_loopback(struct tgbe_device *dev)
{
	static const struct {
		u16 page;
		u8 reg;
		u16 set;
	} steps[] = {
		{ TGBE_BM_PAGE_PORT, TGBE_BM_PORT_CONTROL, TGBE_BM_PORT_FULL_DUPLEX },
		{ TGBE_BM_PAGE_DIAG, TGBE_BM_DIAG_LINK, TGBE_BM_DIAG_LINK_UP },
		{ TGBE_BM_PAGE_PORT, TGBE_BM_PORT_CONTROL, TGBE_BM_PORT_FORCE_LINK },
		{ TGBE_BM_PAGE_PORT, TGBE_BM_PORT_MISC, TGBE_BM_PORT_EARLY_LINK },
	};
	int err;

	err = tgbe_phy_modify_paged(dev, TGBE_BM_PAGE_MAC, TGBE_BM_MAC_SPEED,
				    TGBE_BM_MAC_SPEED_MASK, TGBE_BM_MAC_SPEED_1000);
	if (err && err != -EIO)
		return err;
	err = tgbe_phy_commit(dev);
	if (err)
		return err;
	usleep_range(1000, 2000);
	for (unsigned int i = 0; i < ARRAY_SIZE(steps); i++) {
		err = tgbe_phy_modify_paged(dev, steps[i].page, steps[i].reg, 0,
					    steps[i].set);
		if (err && err != -EIO)
			return err;
	}
	return 0;
}

/* Unless this bit is clear the chip updates its flash by itself, and does it wrongly */
static void tgbe_82574_nvm_init(struct tgbe_device *dev)
{
	if (tgbe_nvm_is_flash(dev))
		tgbe_clear_bits(dev, TGBE_EECD, TGBE_EECD_82574_AUPDEN);
}

static int tgbe_82574_nvm_write(struct tgbe_device *dev, u16 word, u16 val)
{
	int err;

	/* what was written before may still be under way */
	err = tgbe_wait(dev, TGBE_82574_EEWR, TGBE_EERD_DONE, TGBE_EERD_DONE,
			NVM_STEP_US, NVM_LIMIT_US);
	if (err)
		return err;
	tgbe_wr(dev, TGBE_82574_EEWR, FIELD_PREP(TGBE_EERD_ADDR, word) |
		FIELD_PREP(TGBE_EERD_DATA, val) | TGBE_EERD_START);
	return tgbe_wait(dev, TGBE_82574_EEWR, TGBE_EERD_DONE, TGBE_EERD_DONE,
			 NVM_STEP_US, NVM_LIMIT_US);
}

static int tgbe_82574_flash_idle(struct tgbe_device *dev)
{
	return tgbe_wait(dev, TGBE_EECD, TGBE_EECD_82574_FLUPD, 0,
			 FLASH_STEP_US, FLASH_LIMIT_US);
}

/* A flash keeps what was written only after its sector is copied */
static int tgbe_82574_nvm_commit(struct tgbe_device *dev)
{
	int err;

	if (!tgbe_nvm_is_flash(dev))
		return 0;
	err = tgbe_82574_flash_idle(dev);
	if (err)
		return err;
	/* the firmware must let go of a flash with this erase command */
	if ((tgbe_rd(dev, TGBE_82574_FLOP) & TGBE_82574_FLOP_ERASE) == TGBE_82574_FLOP_STM) {
		tgbe_wr(dev, TGBE_82574_HICR, TGBE_82574_HICR_RESET_EN);
		tgbe_flush(dev);
		tgbe_wr(dev, TGBE_82574_HICR, TGBE_82574_HICR_RESET);
	}
	tgbe_set_bits(dev, TGBE_EECD, TGBE_EECD_82574_FLUPD);
	return tgbe_82574_flash_idle(dev);
}

/* Erratum: the PHY may hang, and both of these counters then stand at their end */
static bool tgbe_82574_phy_hung(struct tgbe_device *dev)
{
	u16 errors, status;

	if (tgbe_phy_read(dev, TGBE_BM_RX_ERRORS, &errors) ||
	    errors != TGBE_BM_RX_ERRORS_MAX)
		return false;
	return !tgbe_phy_read(dev, MII_STAT1000, &status) &&
	       FIELD_GET(TGBE_IDLE_ERRORS, status) == FIELD_MAX(TGBE_IDLE_ERRORS);
}

static u32 tgbe_82574_queue_causes(unsigned int queue)
{
	return TGBE_INT_82574_RXQ(queue) | TGBE_INT_82574_TXQ(queue);
}

static u32 tgbe_82574_ivar_entry(unsigned int vector, unsigned int shift)
{
	return (TGBE_82574_IVAR_VALID | vector) << shift;
}

static void tgbe_82574_irq_setup(struct tgbe_device *dev)
{
	u32 ivar = 0, eiac = 0;
	unsigned int q;

	if (dev->irq_mode != TGBE_IRQ_MSIX) {
		tgbe_wr(dev, TGBE_82574_EIAC, 0);
		tgbe_clear_bits(dev, TGBE_CTRL_EXT, TGBE_CTRL_EXT_82574_EIAME);
		return;
	}
	for (q = 0; q < dev->queues_max; q++) {
		ivar |= tgbe_82574_ivar_entry(q, TGBE_82574_IVAR_RXQ(q)) |
			tgbe_82574_ivar_entry(q, TGBE_82574_IVAR_TXQ(q));
		eiac |= tgbe_82574_queue_causes(q);
	}
	ivar |= tgbe_82574_ivar_entry(dev->queues_max, TGBE_82574_IVAR_OTHER);
	ivar |= TGBE_82574_IVAR_EVERY_TX;
	tgbe_wr(dev, TGBE_82574_IVAR, ivar);
	/* sending a queue's message clears its causes and masks them */
	tgbe_wr(dev, TGBE_82574_EIAC, eiac);
	tgbe_wr(dev, TGBE_IAM, eiac);
	tgbe_wr(dev, TGBE_CTRL_EXT,
		(tgbe_rd(dev, TGBE_CTRL_EXT) & ~TGBE_CTRL_EXT_82574_IAME) |
		TGBE_CTRL_EXT_82574_EIAME | TGBE_CTRL_EXT_82574_PBA_CLR);
}

static void tgbe_82574_irq_bits(struct tgbe_vector *vector)
{
	struct tgbe_device *dev = vector->dev;

	vector->unmask = dev->mapping + TGBE_IMS;
	if (dev->irq_mode == TGBE_IRQ_MSIX)
		vector->unmask_bits = tgbe_82574_queue_causes(vector->index);
	else
		vector->unmask_bits = dev->chip->irq_causes |
				      TGBE_OTHER_CAUSES;
}

/* Erratum 12: an interrupt may be missed after ICR was read while INT_ASSERTED was
 * clear. Every cause that leads to this vector does so masked or not, but INT_ASSERTED
 * goes with those that are not masked.
 */
static void tgbe_82574_irq_other_enable(struct tgbe_device *dev)
{
	tgbe_wr(dev, TGBE_IMS, TGBE_OTHER_CAUSES | TGBE_INT_82574_MDAC |
		TGBE_INT_82574_SRPD | TGBE_INT_82574_ACK | TGBE_INT_82574_MNG |
		TGBE_INT_82574_OTHER);
}

/* Reading ICR took the queues' causes along: raise again what was pending */
static void tgbe_82574_irq_other_done(struct tgbe_device *dev, u32 causes)
{
	u32 lost = causes & (tgbe_82574_queue_causes(0) | tgbe_82574_queue_causes(1));

	if (lost)
		tgbe_wr(dev, TGBE_ICS, lost);
}

static void tgbe_82574_irq_throttle(struct tgbe_device *dev, unsigned int vector,
				    unsigned int usecs)
{
	u32 reg = dev->irq_mode == TGBE_IRQ_MSIX ? TGBE_82574_EITR(vector) :
						   TGBE_82574_ITR;

	/* rounded up, or the shortest interval would be none */
	tgbe_wr(dev, reg, min(DIV_ROUND_UP(usecs * 1000, TGBE_82574_EITR_NS),
			      TGBE_82574_EITR_MAX));
}

static void tgbe_82574_irq_kick(struct tgbe_vector *vector)
{
	struct tgbe_device *dev = vector->dev;

	tgbe_wr(dev, TGBE_ICS, dev->irq_mode == TGBE_IRQ_MSIX ?
		TGBE_INT_82574_RXQ(vector->index) : TGBE_INT_RXDW);
}

/* The same for every frame size, see the top of this file */
static struct tgbe_rx_geometry
tgbe_82574_rx_geometry(const struct tgbe_config *config)
{
	return (struct tgbe_rx_geometry){
		.truesize = SZ_4K,
		.headroom = XDP_PACKET_HEADROOM,
		.room = RX_BUFFER_KB * SZ_1K,
	};
}

static void tgbe_82574_rx_arm(struct tgbe_device *dev, struct tgbe_ring *ring)
{
	tgbe_chip_program(dev, ring);
	tgbe_ring_tell(ring);
}

static void tgbe_82574_tx_arm(struct tgbe_device *dev, struct tgbe_ring *ring)
{
	tgbe_chip_program(dev, ring);
	tgbe_set_bits(dev, tgbe_82574_txq(ring->index) + TGBE_Q_82574_TARC,
		      TGBE_82574_TARC_ENABLE);
}

static void tgbe_82574_frame_limit(struct tgbe_device *dev, unsigned int frame)
{
	unsigned int rx_kb, bytes;
	u32 high;

	/* The chip has two limits and no other: 1522 bytes, and with LPE 16 KB. Two
	 * tags of a full-size packet need the second. The buffers are made for it.
	 */
	if (frame > VLAN_ETH_FRAME_LEN + ETH_FCS_LEN)
		tgbe_filter_rctl(dev, 0, TGBE_RCTL_LPE);
	else
		tgbe_filter_rctl(dev, TGBE_RCTL_LPE, 0);

	rx_kb = FIELD_GET(TGBE_82574_PBA_RX_KB, tgbe_rd(dev, TGBE_82574_PBA));
	bytes = rx_kb * SZ_1K;
	high = round_down(min(bytes * 9 / 10, bytes - frame), 8);
	dev->pause_high = high;
	dev->pause_low = high - 8;
	tgbe_chip_pause_marks(dev);

	/* While memory sleeps with the CPUs, as they do most deeply, frames wait in the
	 * packet buffer. Beside a jumbo frame there is room for so many microseconds of
	 * 1 Gbit/s.
	 */
	tgbe_chip_latency(dev, frame > ETH_DATA_LEN + TGBE_FRAME_OVERHEAD ?
			  (s32)((bytes - frame) * 8 / 1000) : PM_QOS_DEFAULT_VALUE);
}

static u8 tgbe_82574_rss_entry(unsigned int queue)
{
	return queue << 7;
}

const struct tgbe_chip tgbe_chip_82574 = {
	.name			= "82574L",
	.format			= TGBE_FMT_EXT,
	.max_queues		= 2,
	.usecs_max		= TGBE_82574_EITR_MAX * TGBE_82574_EITR_NS / 1000,
	.unicast_entries	= 15,	/* the last is for management */
	.fixed_arrays		= true,
	.loses_interrupts	= true,
	.aspm_off		= PCIE_LINK_STATE_L0S | PCIE_LINK_STATE_L1,
	.irq_causes		= TGBE_INT_RXDW | TGBE_INT_TXDW |
				  TGBE_INT_RXDMT0,
	.wake_ctrl		= TGBE_CTRL_ADVD3WUC | TGBE_CTRL_82574_PHY_PM,
	.rss_mode		= TGBE_MRQC_82574_RSS | TGBE_MRQC_TCP4 |
				  TGBE_MRQC_IP4 | TGBE_MRQC_TCP6_EX |
				  TGBE_MRQC_IP6_EX | TGBE_MRQC_IP6,
	.rxq			= tgbe_82574_rxq,
	.txq			= tgbe_82574_txq,
	.reset			= tgbe_82574_chip_reset,
	.phy_init		= tgbe_82574_phy_init,
	.phy_page		= TGBE_BM_PAGE_SELECT,
	.phy_commits		= true,
	.phy_crossover		= { TGBE_BM_CONTROL, TGBE_BM_AUTO_MDIX,
				    TGBE_BM_FORCE_MDIX, TGBE_BM_AUTO_MDIX },
	.phy_crossed		= { TGBE_BM_STATUS, TGBE_BM_STATUS_MDIX },
	.phy_slower		= { TGBE_BM_STATUS, TGBE_BM_STATUS_DOWNSHIFT },
	.phy_loopback		= tgbe_82574_phy_loopback,
	.phy_hung		= tgbe_82574_phy_hung,
	.phy_get		= tgbe_82574_phy_get,
	.phy_put		= tgbe_82574_phy_put,
	.nvm_get		= tgbe_82574_phy_get,
	.nvm_put		= tgbe_82574_phy_put,
	.nvm_write		= tgbe_82574_nvm_write,
	.nvm_commit		= tgbe_82574_nvm_commit,
	.nvm_init		= tgbe_82574_nvm_init,
	.irq_setup		= tgbe_82574_irq_setup,
	.irq_mask		= tgbe_82574_irq_mask,
	.irq_bits		= tgbe_82574_irq_bits,
	.irq_other_causes	= TGBE_INT_LSC | TGBE_INT_82574_OTHER,
	.irq_other_enable	= tgbe_82574_irq_other_enable,
	.irq_other_done		= tgbe_82574_irq_other_done,
	.irq_throttle		= tgbe_82574_irq_throttle,
	.irq_kick		= tgbe_82574_irq_kick,
	.rx_geometry		= tgbe_82574_rx_geometry,
	.rx_arm			= tgbe_82574_rx_arm,
	.tx_arm			= tgbe_82574_tx_arm,
	.frame_limit		= tgbe_82574_frame_limit,
	.rss_entry		= tgbe_82574_rss_entry,
};
EXPORT_SYMBOL_IF_KUNIT(tgbe_chip_82574);
