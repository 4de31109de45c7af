/* SPDX-License-Identifier: GPL-2.0 */
/* A port without a card: its registers are memory, and counters behave as the
 * datasheets say. tgbe.ko must be loaded, its cards not opened: a register
 * read in an interrupt would be taken for the test's.
 */
#ifndef _TGBE_KUNIT_FAKE_H_
#define _TGBE_KUNIT_FAKE_H_

#include <kunit/test.h>

#include "tgbe.h"

#define FAKE_QUEUES	2
#define FAKE_STAYS	(~0u)
#define FAKE_NVM_WORDS	64

/**
 * struct fake - a port and its card
 * @dev: the port; its netdev is never registered
 * @reads: how often a register was read by the driver
 * @gone_at: register whose next read finds the card pulled, %FAKE_STAYS for none
 * @nvm: %FAKE_NVM_WORDS words behind EERD, or NULL: then no read of them ends
 */
struct fake {
	struct tgbe_device *dev;
	u32 *reads;
	u32 gone_at;
	const u16 *nvm;
};

struct fake *fake_create(struct kunit *test, const struct tgbe_chip *chip);
u32 fake_get(struct fake *fake, u32 reg);
void fake_set(struct fake *fake, u32 reg, u32 val);
u32 fake_reads(struct fake *fake, u32 reg);

#endif /* _TGBE_KUNIT_FAKE_H_ */
