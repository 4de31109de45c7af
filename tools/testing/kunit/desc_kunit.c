// SPDX-License-Identifier: GPL-2.0
/* Transmit descriptors of both formats, bit by bit as the datasheets have them
 * (82576 7.2, 82574 7.2). What is expected is written with bit positions, and
 * with none of the driver's names.
 */
#include <kunit/test.h>

#include "tgbe_desc.h"

/* value V in the field whose lowest bit is S */
#define AT(s, v)	((u32)(v) << (s))

/* DTYP, IFCS, DEXT of a data descriptor */
#define ADV_DATA	(AT(20, 3) | AT(25, 1) | AT(29, 1))
#define EXT_DATA	(AT(20, 1) | AT(25, 1) | AT(29, 1))
/* DTYP, DEXT of an 82576 context; DEXT of an 82574 one, whose DTYP is 0 */
#define ADV_CONTEXT	(AT(20, 2) | AT(29, 1))
#define EXT_CONTEXT	AT(29, 1)

/* An Ethernet frame with an IP header of 20 or 40 bytes and the L4 header H */
#define FRAME(bytes)		.frame_len = (bytes), .l3_start = 14
#define IPV4_L4(type, csum)	.l4 = (type), .ipv4 = true, .l4_start = 34, \
				.l4_csum = 34 + (csum)
#define IPV6_L4(type, csum)	.l4 = (type), .l4_start = 54, \
				.l4_csum = 54 + (csum)
#define TCP_CSUM	16
#define UDP_CSUM	6
#define SCTP_CSUM	8

struct tx_case {
	const char *name;
	struct tgbe_tx_offload offload;
	bool has_context;
	u32 context[4];
	u32 cmd;
	u32 status;
};

static const struct tx_case adv_cases[] = {
	{
		.name = "plain",
		.offload = { FRAME(60), .l4_start = 14 },
		.cmd = ADV_DATA,
		.status = AT(14, 60),
	},
	{
		.name = "TCP over IPv4",
		.offload = { FRAME(1514), IPV4_L4(TGBE_L4_TCP, TCP_CSUM) },
		.has_context = true,
		.context = { AT(0, 20) | AT(9, 14), 0,
			     ADV_CONTEXT | AT(10, 1) | AT(11, 1), 0 },
		.cmd = ADV_DATA,
		.status = AT(9, 1) | AT(14, 1514),
	},
	{
		.name = "UDP over IPv6",
		.offload = { FRAME(94), IPV6_L4(TGBE_L4_UDP, UDP_CSUM) },
		.has_context = true,
		.context = { AT(0, 40) | AT(9, 14), 0,
			     ADV_CONTEXT | AT(11, 0), 0 },
		.cmd = ADV_DATA,
		.status = AT(9, 1) | AT(14, 94),
	},
	{
		.name = "SCTP over IPv4",
		.offload = { FRAME(94), IPV4_L4(TGBE_L4_SCTP, SCTP_CSUM) },
		.has_context = true,
		.context = { AT(0, 20) | AT(9, 14), 0,
			     ADV_CONTEXT | AT(10, 1) | AT(11, 2), 0 },
		.cmd = ADV_DATA,
		.status = AT(9, 1) | AT(14, 94),
	},
	{
		/* the tag is the context's */
		.name = "VLAN alone",
		.offload = { FRAME(60), .l4_start = 14, .vlan = true,
			     .vlan_tci = 0xe123 },
		.has_context = true,
		.context = { AT(9, 14) | AT(16, 0xe123), 0, ADV_CONTEXT, 0 },
		.cmd = ADV_DATA | AT(30, 1),
		.status = AT(14, 60),
	},
	{
		/* PAYLEN without the 14 + 20 + 32 bytes of headers */
		.name = "TSO over IPv4 with VLAN",
		.offload = { FRAME(14546), IPV4_L4(TGBE_L4_TCP, TCP_CSUM),
			     .l4_len = 32, .header_len = 66, .mss = 1448,
			     .vlan = true, .vlan_tci = 0x2064 },
		.has_context = true,
		.context = { AT(0, 20) | AT(9, 14) | AT(16, 0x2064), 0,
			     ADV_CONTEXT | AT(10, 1) | AT(11, 1),
			     AT(8, 32) | AT(16, 1448) },
		.cmd = ADV_DATA | AT(30, 1) | AT(31, 1),
		.status = AT(8, 1) | AT(9, 1) | AT(14, 14480),
	},
	{
		/* there is no IPv6 header checksum to insert */
		.name = "TSO over IPv6",
		.offload = { FRAME(2954), IPV6_L4(TGBE_L4_TCP, TCP_CSUM),
			     .l4_len = 20, .header_len = 74, .mss = 1440 },
		.has_context = true,
		.context = { AT(0, 40) | AT(9, 14), 0,
			     ADV_CONTEXT | AT(11, 1),
			     AT(8, 20) | AT(16, 1440) },
		.cmd = ADV_DATA | AT(31, 1),
		.status = AT(9, 1) | AT(14, 2880),
	},
	{
		/* L4T UDP with TSE; PAYLEN without 14 + 20 + 8 bytes */
		.name = "UDP segments over IPv4",
		.offload = { FRAME(2842), IPV4_L4(TGBE_L4_UDP, UDP_CSUM),
			     .l4_len = 8, .header_len = 42, .mss = 1400 },
		.has_context = true,
		.context = { AT(0, 20) | AT(9, 14), 0,
			     ADV_CONTEXT | AT(10, 1) | AT(11, 0),
			     AT(8, 8) | AT(16, 1400) },
		.cmd = ADV_DATA | AT(31, 1),
		.status = AT(8, 1) | AT(9, 1) | AT(14, 2800),
	},
	{
		/* IPLEN up to the inner TCP header: 20 + 8 + 8 + 14 + 20; PAYLEN
		 * without 14 + 70 + 20 bytes
		 */
		.name = "TSO in VXLAN over IPv4",
		.offload = { .frame_len = 2904, .l3_start = 14, .l4_start = 84,
			     .l4_csum = 100, .l4 = TGBE_L4_TCP, .ipv4 = true,
			     .l4_len = 20, .header_len = 104, .mss = 1400 },
		.has_context = true,
		.context = { AT(0, 70) | AT(9, 14), 0,
			     ADV_CONTEXT | AT(10, 1) | AT(11, 1),
			     AT(8, 20) | AT(16, 1400) },
		.cmd = ADV_DATA | AT(31, 1),
		.status = AT(8, 1) | AT(9, 1) | AT(14, 2800),
	},
	{
		/* MACLEN 7 bits, IPLEN 9, L4LEN 8, MSS 16, PAYLEN 18 */
		.name = "every field at its longest",
		.offload = { .frame_len = 262143 + 698, .l3_start = 127,
			     .l4_start = 127 + 511, .l4 = TGBE_L4_TCP,
			     .l4_len = 60, .header_len = 698, .mss = 65535,
			     .vlan = true, .vlan_tci = 0xffff },
		.has_context = true,
		.context = { 0xffffffff, 0, ADV_CONTEXT | AT(11, 1),
			     AT(8, 60) | AT(16, 65535) },
		.cmd = ADV_DATA | AT(30, 1) | AT(31, 1),
		.status = AT(9, 1) | AT(14, 262143),
	},
};

static const struct tx_case ext_cases[] = {
	{
		.name = "plain",
		.offload = { FRAME(60), .l4_start = 14 },
		.cmd = EXT_DATA,
	},
	{
		/* IPCSS, IPCSO, IPCSE; TUCSS, TUCSO; TUCMD.TCP and IP */
		.name = "TCP over IPv4",
		.offload = { FRAME(1514), IPV4_L4(TGBE_L4_TCP, TCP_CSUM) },
		.has_context = true,
		.context = { AT(0, 14) | AT(8, 24) | AT(16, 33),
			     AT(0, 34) | AT(8, 50),
			     EXT_CONTEXT | AT(24, 1) | AT(25, 1), 0 },
		.cmd = EXT_DATA,
		.status = AT(9, 1),
	},
	{
		.name = "UDP over IPv4",
		.offload = { FRAME(94), IPV4_L4(TGBE_L4_UDP, UDP_CSUM) },
		.has_context = true,
		.context = { AT(0, 14) | AT(8, 24) | AT(16, 33),
			     AT(0, 34) | AT(8, 40),
			     EXT_CONTEXT | AT(25, 1), 0 },
		.cmd = EXT_DATA,
		.status = AT(9, 1),
	},
	{
		/* IPCSE and TUCMD.IP are 0 with IPv6 */
		.name = "UDP over IPv6",
		.offload = { FRAME(94), IPV6_L4(TGBE_L4_UDP, UDP_CSUM) },
		.has_context = true,
		.context = { AT(0, 14) | AT(8, 24),
			     AT(0, 54) | AT(8, 60), EXT_CONTEXT, 0 },
		.cmd = EXT_DATA,
		.status = AT(9, 1),
	},
	{
		/* the tag is the data descriptor's, so no context */
		.name = "VLAN alone",
		.offload = { FRAME(60), .l4_start = 14, .vlan = true,
			     .vlan_tci = 0xe123 },
		.cmd = EXT_DATA | AT(30, 1),
		.status = AT(16, 0xe123),
	},
	{
		.name = "TSO over IPv4 with VLAN",
		.offload = { FRAME(14546), IPV4_L4(TGBE_L4_TCP, TCP_CSUM),
			     .l4_len = 32, .header_len = 66, .mss = 1448,
			     .vlan = true, .vlan_tci = 0x2064 },
		.has_context = true,
		.context = { AT(0, 14) | AT(8, 24) | AT(16, 33),
			     AT(0, 34) | AT(8, 50),
			     EXT_CONTEXT | AT(0, 14480) | AT(24, 1) |
			     AT(25, 1) | AT(26, 1),
			     AT(8, 66) | AT(16, 1448) },
		.cmd = EXT_DATA | AT(26, 1) | AT(30, 1),
		.status = AT(8, 1) | AT(9, 1) | AT(16, 0x2064),
	},
	{
		.name = "TSO over IPv6",
		.offload = { FRAME(2954), IPV6_L4(TGBE_L4_TCP, TCP_CSUM),
			     .l4_len = 20, .header_len = 74, .mss = 1440 },
		.has_context = true,
		.context = { AT(0, 14) | AT(8, 24),
			     AT(0, 54) | AT(8, 70),
			     EXT_CONTEXT | AT(0, 2880) | AT(24, 1) | AT(26, 1),
			     AT(8, 74) | AT(16, 1440) },
		.cmd = EXT_DATA | AT(26, 1),
		.status = AT(9, 1),
	},
	{
		/* IPCSE in front of the inner TCP header, TUCSS at it */
		.name = "TSO in VXLAN over IPv4",
		.offload = { .frame_len = 2904, .l3_start = 14, .l4_start = 84,
			     .l4_csum = 100, .l4 = TGBE_L4_TCP, .ipv4 = true,
			     .l4_len = 20, .header_len = 104, .mss = 1400 },
		.has_context = true,
		.context = { AT(0, 14) | AT(8, 24) | AT(16, 83),
			     AT(0, 84) | AT(8, 100),
			     EXT_CONTEXT | AT(0, 2800) | AT(24, 1) | AT(25, 1) |
			     AT(26, 1),
			     AT(8, 104) | AT(16, 1400) },
		.cmd = EXT_DATA | AT(26, 1),
		.status = AT(8, 1) | AT(9, 1),
	},
	{
		/* offsets of one byte, PAYLEN 20 bits, HDRLEN 8, MSS 16 */
		.name = "every field at its longest",
		.offload = { .frame_len = 1048575 + 255, .l3_start = 245,
			     .l4_start = 255, .l4_csum = 255,
			     .l4 = TGBE_L4_TCP, .header_len = 255,
			     .mss = 65535 },
		.has_context = true,
		.context = { AT(0, 245) | AT(8, 255),
			     AT(0, 255) | AT(8, 255),
			     EXT_CONTEXT | AT(0, 1048575) | AT(24, 1) |
			     AT(26, 1),
			     AT(8, 255) | AT(16, 65535) },
		.cmd = EXT_DATA | AT(26, 1),
		.status = AT(9, 1),
	},
};

static void case_name(const struct tx_case *c, char *name)
{
	strscpy(name, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(adv, adv_cases, case_name);
KUNIT_ARRAY_PARAM(ext, ext_cases, case_name);

static void check_tx(struct kunit *test, const enum tgbe_format fmt)
{
	const struct tx_case *c = test->param_value;
	union tgbe_tx_desc desc;
	__le32 words[4];

	KUNIT_EXPECT_EQ(test, tgbe_txd_needs_context(&c->offload, fmt),
			c->has_context);
	if (c->has_context) {
		/* nothing of what was there may stay */
		memset(&desc, 0xff, sizeof(desc));
		tgbe_txd_encode_ctx(&desc, &c->offload, fmt);
		static_assert(sizeof(words) == sizeof(desc));
		memcpy(words, &desc, sizeof(words));
		for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
			KUNIT_EXPECT_EQ_MSG(test, le32_to_cpu(words[i]),
					    c->context[i], "context dword %u",
					    i);
	}
	KUNIT_EXPECT_EQ(test, tgbe_txd_cmd(&c->offload, fmt), c->cmd);
	KUNIT_EXPECT_EQ(test, tgbe_txd_status(&c->offload, fmt), c->status);
}

static void tx_82576(struct kunit *test)
{
	check_tx(test, TGBE_FMT_ADV);
}

static void tx_82574(struct kunit *test)
{
	check_tx(test, TGBE_FMT_EXT);
}

/* What the hot path adds to a data descriptor, and looks for in one */
static void tx_data_bits(struct kunit *test)
{
	union tgbe_tx_desc desc = {};
	__le32 words[4];

	KUNIT_EXPECT_EQ(test, TGBE_TXD_LEN, 0xffff);
	KUNIT_EXPECT_EQ(test, TGBE_TXD_EOP, AT(24, 1));
	KUNIT_EXPECT_EQ(test, TGBE_TXD_RS, AT(27, 1));
	KUNIT_EXPECT_EQ(test, TGBE_TXD_STAT_DD, 1);

	desc.data.addr = cpu_to_le64(0x0123456789abcdefULL);
	desc.data.cmd = cpu_to_le32(0x11111111);
	desc.data.status = cpu_to_le32(0x22222222);
	memcpy(words, &desc, sizeof(words));
	KUNIT_EXPECT_EQ(test, le32_to_cpu(words[0]), 0x89abcdef);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(words[1]), 0x01234567);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(words[2]), 0x11111111);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(words[3]), 0x22222222);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(tx_82576, adv_gen_params),
	KUNIT_CASE_PARAM(tx_82574, ext_gen_params),
	KUNIT_CASE(tx_data_bits),
	{}
};

static struct kunit_suite suite = {
	.name = "tgbe_desc",
	.test_cases = cases,
};

kunit_test_suite(suite);
