/* SPDX-License-Identifier: GPL-2.0 */
/* How much each flow sent of late, in a count-min sketch: a flow has one cell in each
 * row, may share it with others, and is never thought to have sent less than it did.
 * Beside the bytes a cell counts the packets of its flows that wait in a bulk queue,
 * which tells whether a packet could overtake one of its own flow.
 */
#ifndef _TXPATH_SKETCH_H_
#define _TXPATH_SKETCH_H_

#include <linux/minmax.h>
#include <linux/types.h>
#include <net/codel.h>

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

static inline struct txpath_cell *
txpath_cell(struct txpath_sketch *sketch, unsigned int row, u32 hash)
{
	return &sketch->cells[row][(hash >> 8 * row) % TXPATH_CELLS];
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
 * txpath_sketch_add - count bytes of a flow
 * @sketch: the flows
 * @hash: of the flow
 * @len: bytes
 * @waits: set to whether a packet of the flow may wait in a bulk queue
 *
 * A cell that others have filled is left alone: it says already more than is so.
 *
 * Return: bytes that the flow has sent of late, these included, or more.
 */
static inline u32 txpath_sketch_add(struct txpath_sketch *sketch, u32 hash, u32 len,
				    bool *waits)
{
	u32 least = U32_MAX, sum;

	*waits = true;
	for (unsigned int row = 0; row < TXPATH_ROWS; row++) {
		const struct txpath_cell *cell = txpath_cell(sketch, row, hash);

		least = min(least, cell->bytes);
		*waits &= cell->waiting != 0;
	}
	sum = least > U32_MAX - len ? U32_MAX : least + len;
	for (unsigned int row = 0; row < TXPATH_ROWS; row++) {
		struct txpath_cell *cell = txpath_cell(sketch, row, hash);

		cell->bytes = max(cell->bytes, sum);
	}
	return sum;
}

/**
 * txpath_sketch_wait - a packet goes to a bulk queue, or leaves it
 * @sketch: the flows
 * @hash: of its flow
 * @by: 1 or -1
 */
static inline void txpath_sketch_wait(struct txpath_sketch *sketch, u32 hash, int by)
{
	for (unsigned int row = 0; row < TXPATH_ROWS; row++)
		txpath_cell(sketch, row, hash)->waiting += by;
}

#endif /* _TXPATH_SKETCH_H_ */
