/* SPDX-License-Identifier: GPL-2.0 */
/* How much each flow sent of late, in a count-min sketch: a flow has one cell in each
 * row, may share it with others, and is never thought to have sent less than it did.
 * Beside the bytes a cell counts the packets of its flows that wait in a bulk queue,
 * which tells whether a packet could overtake one of its own flow.
 */
#ifndef _TXPATH_SKETCH_H_
#define _TXPATH_SKETCH_H_

#include <linux/jhash.h>
#include <linux/minmax.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <net/codel.h>
#include <net/ip.h>
#include <net/ipv6.h>

/* Each row takes one byte of a flow's hash */
#define TXPATH_ROWS	4
#define TXPATH_CELLS	256

struct txpath_cell {
	u32 bytes;
	u32 waiting;
};

/**
 * struct txpath_sketch - the flows of a qdisc, under its lock
 * @cells: of all rows
 * @decayed: when the bytes were last halved
 */
struct txpath_sketch {
	struct txpath_cell cells[TXPATH_ROWS][TXPATH_CELLS];
	codel_time_t decayed;
};

/**
 * txpath_flow - whose packet it is
 * @skb: the packet
 * @seed: what spreads the flows
 *
 * What has a hash tells by it. Of the others those of TCP and UDP are looked into here,
 * since to dissect one takes longer than all else that is done to it.
 *
 * Return: hash of the flow.
 */
static inline u32 txpath_flow(struct sk_buff *skb, u32 seed)
{
	unsigned int at = skb_network_offset(skb), ports;
	const __be32 *address;
	u32 words;
	u8 proto;

	if (skb->l4_hash || skb->sw_hash)
		return skb->hash;
	if (skb->protocol == htons(ETH_P_IP) && at + sizeof(struct iphdr) + 4 <= skb_headlen(skb)) {
		const struct iphdr *ip = ip_hdr(skb);

		if (ip->ihl != 5 || ip_is_fragment(ip))
			return skb_get_hash(skb);
		address = &ip->saddr;
		proto = ip->protocol;
		words = 2;
	} else if (skb->protocol == htons(ETH_P_IPV6) &&
		   at + sizeof(struct ipv6hdr) + 4 <= skb_headlen(skb)) {
		const struct ipv6hdr *ip6 = ipv6_hdr(skb);

		address = ip6->saddr.s6_addr32;
		proto = ip6->nexthdr;
		words = 8;
	} else {
		return skb_get_hash(skb);
	}
	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return skb_get_hash(skb);
	/* the ports are behind the addresses */
	ports = (__force u32)address[words];
	return words == 2 ? jhash_3words((__force u32)address[0], (__force u32)address[1],
					 ports, seed) :
			    jhash2((__force const u32 *)address, words, seed ^ ports);
}

/* The cells of one flow, one in each row. Their few uses are written out: as loops the
 * compiler keeps them, and they are run for each packet that waits.
 */
struct txpath_cells {
	struct txpath_cell *row[TXPATH_ROWS];
};

static inline struct txpath_cells txpath_cells(struct txpath_sketch *sketch,
					       unsigned long hash)
{
	return (struct txpath_cells){ .row = {
		&sketch->cells[0][hash % TXPATH_CELLS],
		&sketch->cells[1][(hash >> 8) % TXPATH_CELLS],
		&sketch->cells[2][(hash >> 16) % TXPATH_CELLS],
		&sketch->cells[3][(hash >> 24) % TXPATH_CELLS],
	} };
}

/**
 * txpath_sketch_decay - halve all bytes once for each interval that has passed
 * @sketch: the flows
 * @now: the time
 * @interval: in the same units
 */
static inline void txpath_sketch_decay(struct txpath_sketch *sketch, codel_time_t now,
				       codel_time_t interval)
{
	struct txpath_cell *cell = &sketch->cells[0][0];
	u32 halvings;

	if (likely(now - sketch->decayed < interval))
		return;
	halvings = (now - sketch->decayed) / interval;
	sketch->decayed += halvings * interval;
	for (unsigned int i = 0; i < TXPATH_ROWS * TXPATH_CELLS; i++)
		cell[i].bytes >>= min(halvings, 31u);
}

/**
 * txpath_cells_add - count bytes of a flow
 * @cells: its cells
 * @len: bytes
 *
 * A cell that others have filled is left alone: it says already more than is so.
 *
 * Return: bytes that the flow has sent of late, these included, or more.
 */
static inline u32 txpath_cells_add(struct txpath_cells cells, u32 len)
{
	struct txpath_cell **row = cells.row;
	u32 sum = min(min(row[0]->bytes, row[1]->bytes), min(row[2]->bytes, row[3]->bytes));

	sum = sum > U32_MAX - len ? U32_MAX : sum + len;
	row[0]->bytes = max(row[0]->bytes, sum);
	row[1]->bytes = max(row[1]->bytes, sum);
	row[2]->bytes = max(row[2]->bytes, sum);
	row[3]->bytes = max(row[3]->bytes, sum);
	return sum;
}

/**
 * txpath_cells_wait - may a packet of the flow wait in a bulk queue?
 * @cells: its cells
 *
 * Return: true if one does, and if others fill all of its cells.
 */
static inline bool txpath_cells_wait(struct txpath_cells cells)
{
	return cells.row[0]->waiting && cells.row[1]->waiting &&
	       cells.row[2]->waiting && cells.row[3]->waiting;
}

/**
 * txpath_cells_count - a packet of the flow goes to a bulk queue, or leaves it
 * @cells: its cells
 * @by: 1 or -1
 */
static inline void txpath_cells_count(struct txpath_cells cells, int by)
{
	cells.row[0]->waiting += by;
	cells.row[1]->waiting += by;
	cells.row[2]->waiting += by;
	cells.row[3]->waiting += by;
}

#endif /* _TXPATH_SKETCH_H_ */
