/* SPDX-License-Identifier: GPL-2.0 */
/* Descriptor formats of the 82576 (advanced) and the 82574L (extended).
 *
 * The two chips agree more than their datasheets' chapters suggest. The
 * receive descriptor is the same 16 bytes in both directions: a buffer
 * address in, and out of the chip {info, RSS hash, status and errors, length,
 * VLAN}. In the transmit data descriptor both report "done" in bit 0 of the
 * last dword, and both take IXSM and TXSM in its bits 8 and 9. So receive and
 * transmit completion need one decoder; only encoding a frame for transmission
 * differs, and the helpers below choose the format by a constant argument.
 *
 * Nothing here knows an skb.
 */
#ifndef _TGBE_DESC_H_
#define _TGBE_DESC_H_

#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

/**
 * enum tgbe_format - transmit descriptor family of a chip
 * @TGBE_FMT_ADV: 82576 advanced descriptors (82576 7.2)
 * @TGBE_FMT_EXT: 82574 extended descriptors (82574 7.2)
 */
enum tgbe_format {
	TGBE_FMT_ADV,
	TGBE_FMT_EXT,
};

/* Receive, as the driver posts it (82576 7.1, 82574 7.1) */
struct tgbe_rx_desc_post {
	__le64 addr;
	__le64 header_addr;	/* 0: one buffer a descriptor */
};

/* Receive, as the chip writes it back (82576 7.1, 82574 7.1) */
struct tgbe_rx_desc_done {
	__le32 info;
	__le32 hash;
	__le32 status;
	__le16 length;
	__le16 vlan;
};

#define TGBE_RXD_INFO_RSS_TYPE		GENMASK(3, 0)
#define TGBE_RXD_INFO_82576_HEADER	GENMASK(30, 21)
#define TGBE_RXD_INFO_82576_SPLIT	BIT(31)
#define TGBE_RXD_STAT_DD		BIT(0)
#define TGBE_RXD_STAT_EOP		BIT(1)
#define TGBE_RXD_STAT_IXSM		BIT(2)
#define TGBE_RXD_STAT_VP		BIT(3)
#define TGBE_RXD_STAT_UDPCS		BIT(4)
#define TGBE_RXD_STAT_L4CS		BIT(5)
#define TGBE_RXD_STAT_82576_TS		BIT(16)
#define TGBE_RXD_ERR_82576_HBO		BIT(23)
#define TGBE_RXD_ERR_CE			BIT(24)
#define TGBE_RXD_ERR_SE			BIT(25)
#define TGBE_RXD_ERR_SEQ		BIT(26)
#define TGBE_RXD_ERR_L4E		BIT(29)
#define TGBE_RXD_ERR_IPE		BIT(30)
#define TGBE_RXD_ERR_RXE		BIT(31)

/* The frame itself is damaged; a checksum error is the stack's to judge */
#define TGBE_RXD_ERR_FRAME	(TGBE_RXD_ERR_CE | TGBE_RXD_ERR_SE | \
				 TGBE_RXD_ERR_SEQ | TGBE_RXD_ERR_RXE)

#define TGBE_RSS_TYPE_NONE		0
#define TGBE_RSS_TYPE_TCP4		1
#define TGBE_RSS_TYPE_TCP6		3
#define TGBE_RSS_TYPE_TCP6_EX		6
#define TGBE_RSS_TYPE_UDP4		7
#define TGBE_RSS_TYPE_UDP6		8
#define TGBE_RSS_TYPE_UDP6_EX		9

/* RSS types that cover ports as well as addresses, as a bitmap */
#define TGBE_RSS_TYPES_L4	(BIT(TGBE_RSS_TYPE_TCP4) | \
				 BIT(TGBE_RSS_TYPE_TCP6) | \
				 BIT(TGBE_RSS_TYPE_TCP6_EX) | \
				 BIT(TGBE_RSS_TYPE_UDP4) | \
				 BIT(TGBE_RSS_TYPE_UDP6) | \
				 BIT(TGBE_RSS_TYPE_UDP6_EX))

union tgbe_rx_desc {
	struct tgbe_rx_desc_post post;
	struct tgbe_rx_desc_done done;
};

static_assert(sizeof(union tgbe_rx_desc) == 16);

/**
 * tgbe_rxd_header() - how much of a frame is in the header buffer
 * @done: first descriptor of the frame, from a ring that has such buffers
 *
 * A header that the chip does not know, or that is too long for the buffer, is left
 * with the rest (82576 7.1, header split but not always).
 *
 * Return: bytes; 0 if it was not split.
 */
static inline unsigned int tgbe_rxd_header(const struct tgbe_rx_desc_done *done)
{
	u32 info = le32_to_cpu(done->info);

	if (!(info & TGBE_RXD_INFO_82576_SPLIT) ||
	    done->status & cpu_to_le32(TGBE_RXD_ERR_82576_HBO))
		return 0;
	return FIELD_GET(TGBE_RXD_INFO_82576_HEADER, info);
}

/* Transmit data, both formats (82576 7.2, 82574 7.2) */
struct tgbe_tx_desc_data {
	__le64 addr;
	__le32 cmd;
	__le32 status;
};

/* Transmit context, 82576 (7.2) */
struct tgbe_tx_desc_adv_ctx {
	__le32 lengths;
	__le32 launch;
	__le32 type;
	__le32 mss;
};

/* Transmit context, 82574 (7.2) */
struct tgbe_tx_desc_ext_ctx {
	u8 ip_start;
	u8 ip_csum;
	__le16 ip_end;
	u8 l4_start;
	u8 l4_csum;
	__le16 l4_end;
	__le32 cmd;
	u8 status;
	u8 header_len;
	__le16 mss;
};

union tgbe_tx_desc {
	struct tgbe_tx_desc_data data;
	struct tgbe_tx_desc_adv_ctx adv;
	struct tgbe_tx_desc_ext_ctx ext;
	__le64 raw[2];
};

static_assert(sizeof(union tgbe_tx_desc) == 16);

#define TGBE_TXD_STAT_DD		BIT(0)

/* cmd dword, both formats unless named */
#define TGBE_TXD_LEN			GENMASK(15, 0)
#define TGBE_TXD_ADV_TSTAMP		BIT(19)
#define TGBE_TXD_DTYP			GENMASK(23, 20)
#define TGBE_TXD_DTYP_ADV_CTX		2
#define TGBE_TXD_DTYP_ADV_DATA		3
#define TGBE_TXD_DTYP_EXT_CTX		0
#define TGBE_TXD_DTYP_EXT_DATA		1
#define TGBE_TXD_EOP			BIT(24)
#define TGBE_TXD_IFCS			BIT(25)
#define TGBE_TXD_EXT_TSE		BIT(26)
#define TGBE_TXD_RS			BIT(27)
#define TGBE_TXD_DEXT			BIT(29)
#define TGBE_TXD_VLE			BIT(30)
#define TGBE_TXD_ADV_TSE		BIT(31)

/* status dword */
#define TGBE_TXD_IXSM			BIT(8)
#define TGBE_TXD_TXSM			BIT(9)
#define TGBE_TXD_ADV_PAYLEN		GENMASK(31, 14)
#define TGBE_TXD_EXT_VLAN		GENMASK(31, 16)

/* 82576 context */
#define TGBE_TXC_ADV_IPLEN		GENMASK(8, 0)
#define TGBE_TXC_ADV_MACLEN		GENMASK(15, 9)
#define TGBE_TXC_ADV_VLAN		GENMASK(31, 16)
#define TGBE_TXC_ADV_IPV4		BIT(10)
#define TGBE_TXC_ADV_L4T		GENMASK(12, 11)
#define TGBE_TXC_ADV_L4T_UDP		0
#define TGBE_TXC_ADV_L4T_TCP		1
#define TGBE_TXC_ADV_L4T_SCTP		2
#define TGBE_TXC_ADV_L4LEN		GENMASK(15, 8)
#define TGBE_TXC_ADV_MSS		GENMASK(31, 16)

/* 82574 context */
#define TGBE_TXC_EXT_PAYLEN		GENMASK(19, 0)
#define TGBE_TXC_EXT_TCP		BIT(24)
#define TGBE_TXC_EXT_IP			BIT(25)
#define TGBE_TXC_EXT_TSE		BIT(26)

/**
 * enum tgbe_l4 - layer 4 protocol whose checksum the chip inserts
 * @TGBE_L4_NONE: no checksum offload
 * @TGBE_L4_TCP: TCP
 * @TGBE_L4_UDP: UDP
 * @TGBE_L4_SCTP: SCTP CRC32c, 82576 only
 */
enum tgbe_l4 {
	TGBE_L4_NONE,
	TGBE_L4_TCP,
	TGBE_L4_UDP,
	TGBE_L4_SCTP,
};

/**
 * struct tgbe_tx_offload - what the chip shall do to one frame
 * @frame_len: whole frame in bytes, as handed over by the stack
 * @header_len: bytes repeated in front of each segment, 0 without TSO
 * @mss: payload bytes a segment, 0 without TSO
 * @l3_start: offset of the IP header in bytes
 * @l4_start: offset of the L4 header in bytes
 * @l4_csum: offset of the L4 checksum field in bytes
 * @l4_len: length of the L4 header in bytes, used with TSO
 * @l4: protocol whose checksum is inserted
 * @ipv4: the IP header is version 4, and with TSO its checksum is inserted
 * @vlan: insert @vlan_tci
 * @vlan_tci: VLAN tag, host order
 */
struct tgbe_tx_offload {
	u32 frame_len;
	u16 header_len;
	u16 mss;
	u16 l3_start;
	u16 l4_start;
	u16 l4_csum;
	u8 l4_len;
	u8 l4;
	bool ipv4;
	bool vlan;
	u16 vlan_tci;
};

/* The 82576 takes a VLAN tag from the context, the 82574 from the data */
static __always_inline bool tgbe_txd_needs_context(const struct tgbe_tx_offload *o,
						   const enum tgbe_format fmt)
{
	return o->l4 != TGBE_L4_NONE || (fmt == TGBE_FMT_ADV && o->vlan);
}

static inline void tgbe_txd_encode_ctx_adv(union tgbe_tx_desc *d,
					   const struct tgbe_tx_offload *o)
{
	static const u8 l4t[] = {
		[TGBE_L4_NONE] = TGBE_TXC_ADV_L4T_UDP,
		[TGBE_L4_TCP] = TGBE_TXC_ADV_L4T_TCP,
		[TGBE_L4_UDP] = TGBE_TXC_ADV_L4T_UDP,
		[TGBE_L4_SCTP] = TGBE_TXC_ADV_L4T_SCTP,
	};
	u32 lengths, type, mss = 0;

	lengths = FIELD_PREP(TGBE_TXC_ADV_MACLEN, o->l3_start) |
		  FIELD_PREP(TGBE_TXC_ADV_IPLEN, o->l4_start - o->l3_start) |
		  FIELD_PREP(TGBE_TXC_ADV_VLAN, o->vlan ? o->vlan_tci : 0);
	type = TGBE_TXD_DEXT |
	       FIELD_PREP(TGBE_TXD_DTYP, TGBE_TXD_DTYP_ADV_CTX) |
	       FIELD_PREP(TGBE_TXC_ADV_L4T, l4t[o->l4]);
	if (o->ipv4)
		type |= TGBE_TXC_ADV_IPV4;
	if (o->mss)
		mss = FIELD_PREP(TGBE_TXC_ADV_MSS, o->mss) |
		      FIELD_PREP(TGBE_TXC_ADV_L4LEN, o->l4_len);

	d->adv.lengths = cpu_to_le32(lengths);
	d->adv.launch = 0;
	d->adv.type = cpu_to_le32(type);
	d->adv.mss = cpu_to_le32(mss);
}

static inline void tgbe_txd_encode_ctx_ext(union tgbe_tx_desc *d,
					   const struct tgbe_tx_offload *o)
{
	u32 cmd = TGBE_TXD_DEXT |
		  FIELD_PREP(TGBE_TXD_DTYP, TGBE_TXD_DTYP_EXT_CTX);

	if (o->l4 == TGBE_L4_TCP)
		cmd |= TGBE_TXC_EXT_TCP;
	if (o->mss)
		cmd |= TGBE_TXC_EXT_TSE |
		       FIELD_PREP(TGBE_TXC_EXT_PAYLEN,
				  o->frame_len - o->header_len);

	d->raw[0] = 0;
	d->raw[1] = 0;
	/* TSO also needs to know where an IPv6 header begins. The IPv4 checksum
	 * field lies 10 bytes into its header.
	 */
	d->ext.ip_start = o->l3_start;
	d->ext.ip_csum = o->l3_start + 10;
	if (o->ipv4) {
		cmd |= TGBE_TXC_EXT_IP;
		d->ext.ip_end = cpu_to_le16(o->l4_start - 1);
	}
	/* l4_end 0 means: up to the end of the frame */
	d->ext.l4_start = o->l4_start;
	d->ext.l4_csum = o->l4_csum;
	d->ext.cmd = cpu_to_le32(cmd);
	d->ext.header_len = o->header_len;
	d->ext.mss = cpu_to_le16(o->mss);
}

static __always_inline void tgbe_txd_encode_ctx(union tgbe_tx_desc *d,
						const struct tgbe_tx_offload *o,
						const enum tgbe_format fmt)
{
	if (fmt == TGBE_FMT_ADV)
		tgbe_txd_encode_ctx_adv(d, o);
	else
		tgbe_txd_encode_ctx_ext(d, o);
}

/* The bits that are alike in every data descriptor of a frame */
static __always_inline u32 tgbe_txd_cmd(const struct tgbe_tx_offload *o,
					const enum tgbe_format fmt)
{
	u32 cmd = TGBE_TXD_DEXT | TGBE_TXD_IFCS;

	cmd |= FIELD_PREP(TGBE_TXD_DTYP, fmt == TGBE_FMT_ADV ?
			  TGBE_TXD_DTYP_ADV_DATA : TGBE_TXD_DTYP_EXT_DATA);
	if (o->mss)
		cmd |= fmt == TGBE_FMT_ADV ? TGBE_TXD_ADV_TSE :
					     TGBE_TXD_EXT_TSE;
	if (o->vlan)
		cmd |= TGBE_TXD_VLE;
	return cmd;
}

static __always_inline u32 tgbe_txd_status(const struct tgbe_tx_offload *o,
					   const enum tgbe_format fmt)
{
	u32 status = 0;

	if (o->l4 != TGBE_L4_NONE)
		status |= TGBE_TXD_TXSM;
	if (o->mss && o->ipv4)
		status |= TGBE_TXD_IXSM;
	if (fmt == TGBE_FMT_ADV)
		/* with TSO the header is not counted (82576 7.2) */
		status |= FIELD_PREP(TGBE_TXD_ADV_PAYLEN,
				     o->frame_len - o->header_len);
	else if (o->vlan)
		status |= FIELD_PREP(TGBE_TXD_EXT_VLAN, o->vlan_tci);
	return status;
}

#endif /* _TGBE_DESC_H_ */
