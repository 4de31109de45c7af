/* SPDX-License-Identifier: GPL-2.0 */
/* Register map of the 82576 and the 82574L.
 *
 * Offsets are bytes into BAR0. A register that exists on one chip only, or
 * that moved, carries the chip in its name or in the comment beside it.
 * Chapter numbers are those of the two chips' datasheets.
 */
#ifndef _TGBE_REGS_H_
#define _TGBE_REGS_H_

#include <linux/bits.h>

/* Device control and status (82576 8, 82574 10.2) */
#define TGBE_CTRL			0x00000
#define TGBE_CTRL_FD			BIT(0)
#define TGBE_CTRL_GIO_MASTER_DISABLE	BIT(2)
#define TGBE_CTRL_SLU			BIT(6)
#define TGBE_CTRL_82574_ILOS		BIT(7)
#define TGBE_CTRL_SPD			GENMASK(9, 8)
#define TGBE_CTRL_SPD_1000		2
#define TGBE_CTRL_FRCSPD		BIT(11)
#define TGBE_CTRL_FRCDPX		BIT(12)
#define TGBE_CTRL_RST			BIT(26)
#define TGBE_CTRL_RFCE			BIT(27)
#define TGBE_CTRL_TFCE			BIT(28)
#define TGBE_CTRL_82574_RSV29		BIT(29)
#define TGBE_CTRL_VME			BIT(30)
#define TGBE_CTRL_PHY_RST		BIT(31)

#define TGBE_STATUS			0x00008
#define TGBE_STATUS_FD			BIT(0)
#define TGBE_STATUS_LU			BIT(1)
#define TGBE_STATUS_FUNC		GENMASK(3, 2)
#define TGBE_STATUS_SPEED		GENMASK(7, 6)
#define TGBE_STATUS_GIO_MASTER		BIT(19)

#define TGBE_EECD			0x00010
#define TGBE_EECD_PRES			BIT(8)
#define TGBE_EECD_AUTO_RD		BIT(9)
#define TGBE_EECD_SIZE			GENMASK(14, 11)
#define TGBE_EECD_82574_TYPE		GENMASK(16, 15)
#define TGBE_EECD_82574_FLASH		3
#define TGBE_EECD_82574_FLUPD		BIT(19)
#define TGBE_EECD_82574_AUPDEN		BIT(20)

#define TGBE_EERD			0x00014
#define TGBE_EERD_START			BIT(0)
#define TGBE_EERD_DONE			BIT(1)
#define TGBE_EERD_ADDR			GENMASK(15, 2)
#define TGBE_EERD_DATA			GENMASK(31, 16)

#define TGBE_CTRL_EXT			0x00018
#define TGBE_CTRL_EXT_82574_EE_RST	BIT(13)
#define TGBE_CTRL_EXT_82574_SET22	BIT(22)
#define TGBE_CTRL_EXT_82574_CLR23	BIT(23)
#define TGBE_CTRL_EXT_82576_LINK_MODE	GENMASK(23, 22)
#define TGBE_CTRL_EXT_82574_EIAME	BIT(24)
#define TGBE_CTRL_EXT_82574_IAME	BIT(27)
#define TGBE_CTRL_EXT_DRV_LOAD		BIT(28)
#define TGBE_CTRL_EXT_82574_PBA_CLR	BIT(31)

#define TGBE_MDIC			0x00020
#define TGBE_MDIC_DATA			GENMASK(15, 0)
#define TGBE_MDIC_REG			GENMASK(20, 16)
#define TGBE_MDIC_PHY			GENMASK(25, 21)
#define TGBE_MDIC_OP_WRITE		BIT(26)
#define TGBE_MDIC_OP_READ		BIT(27)
#define TGBE_MDIC_READY			BIT(28)
#define TGBE_MDIC_ERROR			BIT(30)

/* Flow control */
#define TGBE_FCAL			0x00028
#define TGBE_FCAH			0x0002c
#define TGBE_FCT			0x00030
#define TGBE_FCTTV			0x00170
#define TGBE_FCRTL			0x02160
#define TGBE_FCRTL_XONE			BIT(31)
#define TGBE_FCRTH			0x02168

#define TGBE_VET			0x00038

#define TGBE_LEDCTL			0x00e00
#define TGBE_LEDCTL_LED0		GENMASK(7, 0)
#define TGBE_LEDCTL_BLINK_ON		0x8e

/* Interrupts common to both chips (82576 7.3, 82574 7.4) */
#define TGBE_ICR			0x000c0
#define TGBE_82574_ITR			0x000c4
#define TGBE_ICS			0x000c8
#define TGBE_IMS			0x000d0
#define TGBE_IMC			0x000d8
#define TGBE_82574_EIAC			0x000dc
#define TGBE_IAM			0x000e0
#define TGBE_82574_IVAR			0x000e4
#define TGBE_82574_EITR(n)		(0x000e8 + 4 * (n))
#define TGBE_82574_EITR_NS		256
#define TGBE_82574_EITR_MAX		0xffff
#define TGBE_INT_TXDW			BIT(0)
#define TGBE_INT_LSC			BIT(2)
#define TGBE_INT_RXDMT0			BIT(4)
#define TGBE_INT_RXO			BIT(6)
#define TGBE_INT_RXDW			BIT(7)
#define TGBE_INT_82574_MDAC		BIT(9)
#define TGBE_INT_82574_SRPD		BIT(16)
#define TGBE_INT_82574_ACK		BIT(17)
#define TGBE_INT_82574_MNG		BIT(18)
#define TGBE_INT_82574_RXQ(n)		BIT(20 + (n))
#define TGBE_INT_82574_TXQ(n)		BIT(22 + (n))
#define TGBE_INT_82574_OTHER		BIT(24)
#define TGBE_INT_82576_DOUTSYNC		BIT(28)
#define TGBE_INT_82576_DRSTA		BIT(30)
#define TGBE_INT_ALL			0xffffffff

/* 82574 IVAR: one nibble a cause, bit 3 of the nibble makes it valid */
#define TGBE_82574_IVAR_RXQ(n)		(4 * (n))
#define TGBE_82574_IVAR_TXQ(n)		(8 + 4 * (n))
#define TGBE_82574_IVAR_OTHER		16
#define TGBE_82574_IVAR_VALID		BIT(3)
#define TGBE_82574_IVAR_EVERY_TX	BIT(31)

/* Interrupts of the 82576 (7.3) */
#define TGBE_82576_GPIE			0x01514
#define TGBE_82576_GPIE_NSICR		BIT(0)
#define TGBE_82576_GPIE_MSIX		BIT(4)
#define TGBE_82576_GPIE_EIAME		BIT(30)
#define TGBE_82576_GPIE_PBA		BIT(31)
#define TGBE_82576_EICS			0x01520
#define TGBE_82576_EIMS			0x01524
#define TGBE_82576_EIMC			0x01528
#define TGBE_82576_EIAC			0x0152c
#define TGBE_82576_EIAM			0x01530
#define TGBE_82576_EITR(n)		(0x01680 + 4 * (n))
#define TGBE_82576_EITR_USECS		GENMASK(14, 2)
#define TGBE_82576_EITR_MAX		8191
#define TGBE_82576_EITR_CNT_IGNR	BIT(31)
#define TGBE_82576_IVAR(n)		(0x01700 + 4 * (n))
#define TGBE_82576_IVAR_RX		GENMASK(7, 0)
#define TGBE_82576_IVAR_TX		GENMASK(15, 8)
#define TGBE_82576_IVAR_VALID		BIT(7)
#define TGBE_82576_IVAR_MISC		0x01740
#define TGBE_82576_IVAR_MISC_OTHER	GENMASK(15, 8)

/* Receive control (82576 8, 82574 10.2) */
#define TGBE_RCTL			0x00100
#define TGBE_RCTL_EN			BIT(1)
#define TGBE_RCTL_SBP			BIT(2)
#define TGBE_RCTL_UPE			BIT(3)
#define TGBE_RCTL_MPE			BIT(4)
#define TGBE_RCTL_LPE			BIT(5)
#define TGBE_RCTL_BAM			BIT(15)
#define TGBE_RCTL_VFE			BIT(18)
#define TGBE_RCTL_SECRC			BIT(26)
#define TGBE_RCTL_82574_FLXBUF_KB	GENMASK(30, 27)

#define TGBE_RXCSUM			0x05000
#define TGBE_RXCSUM_IPOFL		BIT(8)
#define TGBE_RXCSUM_TUOFL		BIT(9)
#define TGBE_RXCSUM_82576_CRCOFL	BIT(11)
#define TGBE_RXCSUM_PCSD		BIT(13)
#define TGBE_82576_RLPML		0x05004
#define TGBE_RFCTL			0x05008
#define TGBE_RFCTL_82574_ACK_DIS	BIT(12)
#define TGBE_RFCTL_82574_EXSTEN		BIT(15)
#define TGBE_RFCTL_IPV6_EX_DIS		BIT(16)

/* A queue's registers, relative to the base that struct tgbe_chip gives */
#define TGBE_Q_BAL			0x00
#define TGBE_Q_BAH			0x04
#define TGBE_Q_LEN			0x08
#define TGBE_Q_82576_SRRCTL		0x0c
#define TGBE_Q_HEAD			0x10
#define TGBE_Q_TAIL			0x18
#define TGBE_Q_CTL			0x28
#define TGBE_Q_82574_TARC		0x40

#define TGBE_82576_RXQ(n)		(0x0c000 + 0x40 * (n))
#define TGBE_82576_TXQ(n)		(0x0e000 + 0x40 * (n))
#define TGBE_82574_RXQ(n)		(0x02800 + 0x100 * (n))
#define TGBE_82574_TXQ(n)		(0x03800 + 0x100 * (n))

#define TGBE_SRRCTL_BSIZE_KB		GENMASK(6, 0)
#define TGBE_SRRCTL_HEADER_64B		GENMASK(11, 8)
#define TGBE_SRRCTL_DESCTYPE		GENMASK(27, 25)
#define TGBE_SRRCTL_DESCTYPE_ADV_ONE	1
#define TGBE_SRRCTL_DESCTYPE_SPLIT	2
#define TGBE_SRRCTL_DROP_EN		BIT(31)

/* RXDCTL and TXDCTL */
#define TGBE_DCTL_PTHRESH		GENMASK(4, 0)
#define TGBE_DCTL_HTHRESH		GENMASK(12, 8)
#define TGBE_DCTL_WTHRESH		GENMASK(20, 16)
#define TGBE_DCTL_82574_COUNT_DESC	BIT(22)
#define TGBE_DCTL_82574_GRAN		BIT(24)
#define TGBE_DCTL_82576_ENABLE		BIT(25)

#define TGBE_82574_RDTR			0x02820
#define TGBE_82574_RADV			0x0282c
#define TGBE_82574_TIDV			0x03820
#define TGBE_82574_TADV			0x0382c

/* TARC: compensation and multi-queue errata bits of the 82574 */
#define TGBE_82574_TARC_MQ		(BIT(7) | BIT(23) | BIT(24) | BIT(25))
#define TGBE_82574_TARC0_ERRATUM	BIT(26)
#define TGBE_82574_TARC0_CLEAR		GENMASK(30, 27)
#define TGBE_82574_TARC_ENABLE		BIT(10)

/* Transmit control (82576 8, 82574 10.2) */
#define TGBE_TCTL			0x00400
#define TGBE_TCTL_EN			BIT(1)
#define TGBE_TCTL_PSP			BIT(3)
#define TGBE_TCTL_CT			GENMASK(11, 4)
#define TGBE_TCTL_CT_DEFAULT		15
#define TGBE_TCTL_COLD			GENMASK(21, 12)
#define TGBE_TCTL_COLD_DEFAULT		63
#define TGBE_TCTL_RTLC			BIT(24)
#define TGBE_TIPG			0x00410
#define TGBE_TIPG_82574			0x00602008
#define TGBE_82576_DTXCTL		0x03590
#define TGBE_82576_DTXCTL_VLAN_ADDED	BIT(3)

/* Packet buffers */
#define TGBE_82574_PBA			0x01000
#define TGBE_82574_PBA_RX_KB		GENMASK(15, 0)
#define TGBE_82576_RXPBS		0x02404
#define TGBE_82576_RXPBS_KB		GENMASK(6, 0)

/* Filters (82576 8, 82574 10.2) */
#define TGBE_MTA(n)			(0x05200 + 4 * (n))
#define TGBE_MTA_WORDS			128
#define TGBE_RAL(n)			(0x05400 + 8 * (n))
#define TGBE_RAH(n)			(0x05404 + 8 * (n))
#define TGBE_82576_RAL16(n)		(0x054e0 + 8 * (n))
#define TGBE_RAH_ADDR			GENMASK(15, 0)
#define TGBE_RAH_AV			BIT(31)
#define TGBE_VFTA(n)			(0x05600 + 4 * (n))
#define TGBE_VFTA_WORDS			128
#define TGBE_VFTA_PRIORITY_TAGS		BIT(0)	/* VLAN 0, in word 0 */
#define TGBE_82576_UTA(n)		(0x0a000 + 4 * (n))
#define TGBE_82576_UTA_WORDS		128

/* Headers that are split off: every pair of IP with TCP, UDP or nothing known, but
 * not NFS (82576 8.10)
 */
#define TGBE_82576_PSRTYPE		0x05480
#define TGBE_82576_PSRTYPE_IP_TCP_UDP	GENMASK(9, 1)

/* Of the eight pools of virtual machines the first has the port to itself (82576 8.14) */
#define TGBE_82576_VMOLR(n)		(0x05ad0 + 4 * (n))
#define TGBE_82576_VMOLR_RSSE		BIT(17)
#define TGBE_82576_VMOLR_AUPE		BIT(24)
#define TGBE_82576_VMOLR_BAM		BIT(27)

/* Receive-side scaling (82576 7.1, 82574 7.1) */
#define TGBE_MRQC			0x05818
#define TGBE_MRQC_82576_RSS		2
#define TGBE_MRQC_82574_RSS		1
#define TGBE_MRQC_TCP4			BIT(16)
#define TGBE_MRQC_IP4			BIT(17)
#define TGBE_MRQC_TCP6_EX		BIT(18)
#define TGBE_MRQC_IP6_EX		BIT(19)
#define TGBE_MRQC_IP6			BIT(20)
#define TGBE_MRQC_TCP6			BIT(21)
#define TGBE_MRQC_82576_UDP4		BIT(22)
#define TGBE_MRQC_82576_UDP6		BIT(23)
#define TGBE_RETA(n)			(0x05c00 + 4 * (n))
#define TGBE_RETA_ENTRIES		128
#define TGBE_RSSRK(n)			(0x05c80 + 4 * (n))
#define TGBE_RSSRK_BYTES		40

/* Clock and time stamps of the 82576 (7.10, 8.16). SYSTIM counts up by
 * INCVALUE every INCPERIOD of 16 ns; reading its low half latches the high one.
 */
#define TGBE_82576_SYSTIML		0x0b600
#define TGBE_82576_SYSTIMH		0x0b604
#define TGBE_82576_TIMINCA		0x0b608
#define TGBE_82576_TIMINCA_VALUE	GENMASK(23, 0)
#define TGBE_82576_TIMINCA_PERIOD	GENMASK(31, 24)
#define TGBE_82576_TSYNCTXCTL		0x0b614
#define TGBE_82576_TXSTMPL		0x0b618
#define TGBE_82576_TXSTMPH		0x0b61c
#define TGBE_82576_TSYNCRXCTL		0x0b620
#define TGBE_82576_TSYNCRXCTL_TYPE	GENMASK(3, 1)
#define TGBE_82576_TSYNC_L2_V2		0
#define TGBE_82576_TSYNC_L4_V1		1
#define TGBE_82576_TSYNC_L2_L4_V2	2
#define TGBE_82576_TSYNC_EVENT_V2	5
#define TGBE_82576_RXSTMPL		0x0b624
#define TGBE_82576_RXSTMPH		0x0b628
#define TGBE_82576_RXSATRH		0x0b630
#define TGBE_82576_TSYNCRXCFG		0x05f50
#define TGBE_82576_TSYNCRXCFG_V1	GENMASK(7, 0)
#define TGBE_82576_TSYNCRXCFG_V2	GENMASK(15, 8)
/* both TSYNCTXCTL and TSYNCRXCTL */
#define TGBE_82576_TSYNC_VALID		BIT(0)
#define TGBE_82576_TSYNC_ENABLE		BIT(4)

/* Management, PCIe, semaphores */
#define TGBE_82574_EXTCNF_CTRL		0x00f00
#define TGBE_82574_EXTCNF_MDIO_SW	BIT(5)
#define TGBE_EEMNGCTL			0x01010
#define TGBE_82574_EEWR			0x0102c	/* as EERD */
#define TGBE_82574_FLOP			0x0103c
#define TGBE_82574_FLOP_ERASE		GENMASK(15, 8)
#define TGBE_82574_FLOP_STM		0xdb00
#define TGBE_82574_HICR			0x08f00
#define TGBE_82574_HICR_RESET_EN	BIT(6)
#define TGBE_82574_HICR_RESET		BIT(7)
#define TGBE_EEMNGCTL_CFG_DONE(func)	BIT(18 + (func))
#define TGBE_WUC			0x05800
#define TGBE_GCR			0x05b00
#define TGBE_GCR_CMPL_TMOUT		GENMASK(15, 12)
#define TGBE_GCR_CMPL_TMOUT_10MS	1
#define TGBE_GCR_CMPL_RESEND		BIT(16)
#define TGBE_GCR_CAP_VER2		BIT(18)
#define TGBE_GCR_82574_L1		(BIT(22) | BIT(27))
#define TGBE_82574_GCR2			0x05b64
#define TGBE_82574_GCR2_ERRATUM		BIT(0)
#define TGBE_SWSM			0x05b50
#define TGBE_SWSM_SMBI			BIT(0)
#define TGBE_SWSM_SWESMBI		BIT(1)
#define TGBE_82576_SW_FW_SYNC		0x05b5c
#define TGBE_SWFW_NVM			BIT(0)
#define TGBE_SWFW_PHY01			BIT(1)
#define TGBE_SWFW_PHY23			BIT(5)
#define TGBE_SWFW_FW_SHIFT		16

/* Management may receive, and keep the PHY from being reset (82576 8, 82574 10.2) */
#define TGBE_MANC			0x05820
#define TGBE_MANC_RCV_TCO_EN		BIT(17)
#define TGBE_MANC_BLK_PHY_RST		BIT(18)

/* Filters that choose a receive queue or find frames to be stamped, eight by EtherType
 * and eight by addresses, protocol and ports (82576 7.1.1, 7.10 and 8). Addresses and ports lie in
 * the registers as they do in the frame. The bits 31:28 of FTQF let pass what is not
 * compared; priority 7 of IMIR goes before 1.
 */
#define TGBE_82576_SAQF(n)		(0x05980 + 4 * (n))
#define TGBE_82576_DAQF(n)		(0x059a0 + 4 * (n))
#define TGBE_82576_SPQF(n)		(0x059c0 + 4 * (n))
#define TGBE_82576_FTQF(n)		(0x059e0 + 4 * (n))
#define TGBE_82576_FTQF_PROTO		GENMASK(7, 0)
#define TGBE_82576_FTQF_QUEUE_EN	BIT(8)
#define TGBE_82576_FTQF_ANY_VF		BIT(15)
#define TGBE_82576_FTQF_QUEUE		GENMASK(19, 16)
#define TGBE_82576_FTQF_1588		BIT(27)
#define TGBE_82576_FTQF_ANY_PROTO	BIT(28)
#define TGBE_82576_FTQF_ANY_SRC		BIT(29)
#define TGBE_82576_FTQF_ANY_DST		BIT(30)
#define TGBE_82576_FTQF_ANY_SPORT	BIT(31)
#define TGBE_82576_FTQF_OFF		GENMASK(31, 28)
#define TGBE_82576_IMIR(n)		(0x05a80 + 4 * (n))
#define TGBE_82576_IMIR_DPORT		GENMASK(15, 0)
#define TGBE_82576_IMIR_ANY_DPORT	BIT(17)
#define TGBE_82576_IMIR_PRIORITY	GENMASK(31, 29)
#define TGBE_82576_IMIREXT(n)		(0x05aa0 + 4 * (n))
#define TGBE_82576_IMIREXT_ANY_SIZE	BIT(12)
#define TGBE_82576_IMIREXT_ANY_FLAGS	BIT(19)
#define TGBE_82576_ETQF(n)		(0x05cb0 + 4 * (n))
#define TGBE_82576_ETQF_TYPE		GENMASK(15, 0)
#define TGBE_82576_ETQF_QUEUE		GENMASK(18, 16)
#define TGBE_82576_ETQF_EN		BIT(26)
#define TGBE_82576_ETQF_1588		BIT(30)
#define TGBE_82576_ETQF_QUEUE_EN	BIT(31)

/* Wake-up (82576 5 and 8, 82574 6 and 10.2) */
#define TGBE_CTRL_ADVD3WUC		BIT(20)
#define TGBE_CTRL_82574_PHY_PM		BIT(21)
#define TGBE_WUC_PME_EN			BIT(1)
#define TGBE_WUFC			0x05808
#define TGBE_WUFC_LNKC			BIT(0)
#define TGBE_WUFC_MAG			BIT(1)
#define TGBE_WUFC_EX			BIT(2)
#define TGBE_WUFC_MC			BIT(3)
#define TGBE_WUFC_BC			BIT(4)
#define TGBE_WUS			0x05810
#define TGBE_NVM_CONTROL3(func)		((func) == 1 ? 0x14 : 0x24)
#define TGBE_NVM_CONTROL3_APM		BIT(10)

/* Statistics: clear on read, saturate at all ones */
#define TGBE_CRCERRS			0x04000
#define TGBE_ALGNERRC			0x04004
#define TGBE_SYMERRS			0x04008
#define TGBE_RXERRC			0x0400c
#define TGBE_MPC			0x04010
#define TGBE_SCC			0x04014
#define TGBE_ECOL			0x04018
#define TGBE_MCC			0x0401c
#define TGBE_LATECOL			0x04020
#define TGBE_COLC			0x04028
#define TGBE_DC				0x04030
#define TGBE_82576_TNCRS		0x04034
#define TGBE_82574_CEXTERR		0x0403c
#define TGBE_82576_HTDPMC		0x0403c
#define TGBE_XONRXC			0x04048
#define TGBE_XONTXC			0x0404c
#define TGBE_XOFFRXC			0x04050
#define TGBE_XOFFTXC			0x04054
#define TGBE_FCRUC			0x04058
/* received frames by size: 64, to 127, 255, 511, 1023, and longer */
#define TGBE_PRC(n)			(0x0405c + 4 * (n))
#define TGBE_GPRC			0x04074
#define TGBE_BPRC			0x04078
#define TGBE_MPRC			0x0407c
#define TGBE_GPTC			0x04080
#define TGBE_GORCL			0x04088
#define TGBE_GOTCL			0x04090
#define TGBE_RNBC			0x040a0
#define TGBE_RUC			0x040a4
#define TGBE_RFC			0x040a8
#define TGBE_ROC			0x040ac
#define TGBE_RJC			0x040b0
#define TGBE_PTC(n)			(0x040d8 + 4 * (n))
#define TGBE_MPTC			0x040f0
#define TGBE_BPTC			0x040f4
#define TGBE_TSCTC			0x040f8
#define TGBE_82576_RQDPC(n)		(0x0c030 + 0x40 * (n))

/* PHY registers that mii.h does not name */
#define TGBE_PHY_ADDR			1
#define TGBE_IGP_STATUS			17
#define TGBE_IGP_STATUS_MDIX		BIT(11)
#define TGBE_IGP_PORT_CTRL		18
#define TGBE_IGP_AUTO_MDIX		BIT(12)
#define TGBE_IGP_FORCE_MDIX		BIT(13)
#define TGBE_IGP_HEALTH			19
#define TGBE_IGP_DOWNSHIFT		BIT(15)
#define TGBE_IGP_POWER			25
#define TGBE_IGP_D0_LPLU		BIT(1)
#define TGBE_BM_CONTROL			16
#define TGBE_BM_POLARITY		BIT(1)
#define TGBE_BM_FORCE_MDIX		BIT(5)
#define TGBE_BM_AUTO_MDIX		GENMASK(6, 5)
#define TGBE_BM_DOWNSHIFT		BIT(11)
#define TGBE_BM_STATUS			17
#define TGBE_BM_STATUS_DOWNSHIFT	BIT(5)
#define TGBE_BM_STATUS_MDIX		BIT(6)
#define TGBE_BM_RX_ERRORS		21
#define TGBE_BM_RX_ERRORS_MAX		0xffff
#define TGBE_IDLE_ERRORS		GENMASK(7, 0)	/* of MII_STAT1000 */
#define TGBE_IGP_PAGE_SELECT		31
#define TGBE_BM_PAGE_SELECT		22
#define TGBE_BM_PAGE_ADDR		29
#define TGBE_BM_PAGE_DATA		30

/* Pages of the 82574's PHY that loopback goes through (see tgbe_82574.c) */
#define TGBE_BM_PAGE_MAC		2
#define TGBE_BM_MAC_SPEED		21
#define TGBE_BM_MAC_SPEED_MASK		GENMASK(2, 0)
#define TGBE_BM_MAC_SPEED_1000		6
#define TGBE_BM_PAGE_PORT		769
#define TGBE_BM_PORT_CONTROL		16
#define TGBE_BM_PORT_FULL_DUPLEX	GENMASK(3, 2)
#define TGBE_BM_PORT_FORCE_LINK		BIT(6)
#define TGBE_BM_PORT_MISC		20
#define TGBE_BM_PORT_EARLY_LINK		BIT(10)
#define TGBE_BM_PAGE_DIAG		776
#define TGBE_BM_DIAG_LINK		16
#define TGBE_BM_DIAG_LINK_UP		BIT(6)

/* NVM words */
#define TGBE_NVM_VERSION		0x05
#define TGBE_NVM_82574_CONTROL2		0x0f
#define TGBE_NVM_82574_MANAGED		GENMASK(14, 13)
#define TGBE_NVM_CHECKSUM_WORD		0x3f
#define TGBE_NVM_ALT_MAC		0x37
#define TGBE_NVM_CHECKSUM_WORDS		0x40
#define TGBE_NVM_CHECKSUM		0xbaba

#endif /* _TGBE_REGS_H_ */
