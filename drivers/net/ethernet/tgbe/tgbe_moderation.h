/* SPDX-License-Identifier: GPL-2.0 */
/* How often a vector may interrupt */
#ifndef _TGBE_MODERATION_H_
#define _TGBE_MODERATION_H_

#include <linux/types.h>

struct tgbe_device;
struct tgbe_vector;

/**
 * struct tgbe_coalesce - what a user requests of one direction's interrupts
 * @usecs: microseconds between interrupts; 0: as soon as there is work
 * @frames: frames that an interrupt shall report, if they come within @usecs;
 *	    0: no request
 * @usecs_irq: the same as @usecs while polls follow each other; 0: as @usecs
 * @frames_irq: the same as @frames while polls follow each other; 0: as @frames
 * @adaptive: choose the interval by load and let the other members be
 */
struct tgbe_coalesce {
	u32 usecs;
	u32 frames;
	u32 usecs_irq;
	u32 frames_irq;
	bool adaptive;
};

/**
 * struct tgbe_moderation - the requests for one vector
 * @rx: receive
 * @tx: transmit completion
 */
struct tgbe_moderation {
	struct tgbe_coalesce rx;
	struct tgbe_coalesce tx;
};

/**
 * struct tgbe_pacer - how one direction's requests are met; the poll's
 * @frames: taken since the last interrupt
 * @interval: that would have collected the wanted frames, in 1/16 us
 * @seen: frames since the interval was corrected
 * @samples: interrupts that brought them
 * @cut: one of those came early, for the other direction
 */
struct tgbe_pacer {
	u32 frames;
	u32 interval;
	u32 seen;
	u8 samples;
	bool cut;
};

/**
 * struct tgbe_load - what a vector carries, for adaptive moderation; the poll's
 * @since: when it was judged last, in nanoseconds
 * @received: frames since
 * @sent: the same
 * @samples: interrupts that brought them
 * @usecs: interval that suits the load
 */
struct tgbe_load {
	u64 since;
	u32 received;
	u32 sent;
	u32 samples;
	u32 usecs;
};

extern const struct tgbe_moderation tgbe_moderation_default;
void tgbe_moderation_start(struct tgbe_device *dev);
void tgbe_moderation_renew(struct tgbe_vector *vector);
void tgbe_moderation_polled(struct tgbe_vector *vector, unsigned int received,
			    unsigned int sent, bool done);

#endif /* _TGBE_MODERATION_H_ */
