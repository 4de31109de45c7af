// SPDX-License-Identifier: GPL-2.0
/* The register dump of ethtool -d: pairs of 32-bit words, a register's offset and
 * its value, so that a reader needs no table. Registers that clear or act when
 * they are read are left out.
 */
#include "tgbe.h"
#include "tgbe_chip.h"

struct dump_range {
	u32 first;
	u16 count;	/* registers, 4 bytes apart */
	u8 chips;
};

static const struct dump_range ranges[] = {
	{ TGBE_CTRL, 1, TGBE_ON_BOTH },
	{ TGBE_STATUS, 1, TGBE_ON_BOTH },
	{ TGBE_EECD, 1, TGBE_ON_BOTH },
	{ TGBE_CTRL_EXT, 1, TGBE_ON_BOTH },
	{ TGBE_MDIC, 1, TGBE_ON_BOTH },
	{ TGBE_FCAL, 3, TGBE_ON_BOTH },
	{ TGBE_VET, 1, TGBE_ON_BOTH },
	{ TGBE_IMS, 1, TGBE_ON_BOTH },
	{ TGBE_82574_IVAR, 4, TGBE_ON_82574 },
	{ TGBE_RCTL, 1, TGBE_ON_BOTH },
	{ TGBE_FCTTV, 1, TGBE_ON_BOTH },
	{ TGBE_TCTL, 1, TGBE_ON_BOTH },
	{ TGBE_TIPG, 1, TGBE_ON_BOTH },
	{ TGBE_LEDCTL, 1, TGBE_ON_BOTH },
	{ TGBE_82574_PBA, 1, TGBE_ON_82574 },
	{ TGBE_82576_GPIE, 1, TGBE_ON_82576 },
	{ TGBE_82576_EIMS, 1, TGBE_ON_82576 },
	{ TGBE_82576_EIAC, 2, TGBE_ON_82576 },
	{ TGBE_82576_EITR(0), TGBE_MAX_QUEUES + 1, TGBE_ON_82576 },
	{ TGBE_82576_IVAR(0), 8, TGBE_ON_82576 },
	{ TGBE_82576_IVAR_MISC, 1, TGBE_ON_82576 },
	{ TGBE_FCRTL, 1, TGBE_ON_BOTH },
	{ TGBE_FCRTH, 1, TGBE_ON_BOTH },
	{ TGBE_82576_RXPBS, 1, TGBE_ON_82576 },
	{ TGBE_RXCSUM, 1, TGBE_ON_BOTH },
	{ TGBE_82576_RLPML, 1, TGBE_ON_82576 },
	{ TGBE_RFCTL, 1, TGBE_ON_BOTH },
	{ TGBE_RAL(0), 32, TGBE_ON_BOTH },
	{ TGBE_82576_PSRTYPE, 1, TGBE_ON_82576 },
	/* source, destination, port, protocol of the filters; IMIR, IMIREXT */
	{ TGBE_82576_SAQF(0), 32, TGBE_ON_82576 },
	{ TGBE_82576_IMIR(0), 16, TGBE_ON_82576 },
	{ TGBE_82576_ETQF(0), 8, TGBE_ON_82576 },
	{ TGBE_82576_VMOLR(0), 1, TGBE_ON_82576 },
	{ TGBE_WUC, 1, TGBE_ON_BOTH },
	{ TGBE_WUFC, 1, TGBE_ON_BOTH },
	{ TGBE_MRQC, 1, TGBE_ON_BOTH },
	{ TGBE_GCR, 1, TGBE_ON_BOTH },
	{ TGBE_RETA(0), TGBE_RETA_ENTRIES / 4, TGBE_ON_BOTH },
	{ TGBE_RSSRK(0), TGBE_RSSRK_BYTES / 4, TGBE_ON_BOTH },
	{ TGBE_82576_TSYNCRXCFG, 1, TGBE_ON_82576 },
	{ TGBE_82576_TIMINCA, 1, TGBE_ON_82576 },
	{ TGBE_82576_TSYNCTXCTL, 1, TGBE_ON_82576 },
	{ TGBE_82576_TSYNCRXCTL, 1, TGBE_ON_82576 },
};

/* Of each queue: base address, length, SRRCTL, head, tail, control */
static const u32 queue_regs[] = {
	TGBE_Q_BAL, TGBE_Q_BAH, TGBE_Q_LEN, TGBE_Q_82576_SRRCTL, TGBE_Q_HEAD,
	TGBE_Q_TAIL, TGBE_Q_CTL,
};

/**
 * tgbe_dump_len() - size of the dump
 * @dev: port
 *
 * Return: bytes.
 */
int tgbe_dump_len(struct tgbe_device *dev)
{
	unsigned int n = 2 * dev->queues_max * ARRAY_SIZE(queue_regs);

	for (unsigned int i = 0; i < ARRAY_SIZE(ranges); i++)
		if (tgbe_is_on(dev, ranges[i].chips))
			n += ranges[i].count;
	return n * 2 * sizeof(u32);
}

static u32 *tgbe_put(struct tgbe_device *dev, u32 *data, u32 reg)
{
	*data++ = reg;
	*data++ = tgbe_rd(dev, reg);
	return data;
}

/**
 * tgbe_dump() - read the registers
 * @dev: port
 * @data: tgbe_dump_len() bytes
 *
 * Context: process.
 */
void tgbe_dump(struct tgbe_device *dev, u32 *data)
{
	unsigned int i, q;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		if (!tgbe_is_on(dev, ranges[i].chips))
			continue;
		for (u32 n = 0; n < ranges[i].count; n++)
			data = tgbe_put(dev, data, ranges[i].first + 4 * n);
	}
	for (q = 0; q < dev->queues_max; q++) {
		for (i = 0; i < ARRAY_SIZE(queue_regs); i++)
			data = tgbe_put(dev, data, dev->chip->rxq(q) + queue_regs[i]);
		for (i = 0; i < ARRAY_SIZE(queue_regs); i++)
			data = tgbe_put(dev, data, dev->chip->txq(q) + queue_regs[i]);
	}
}
