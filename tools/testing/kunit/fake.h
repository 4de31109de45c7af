/* SPDX-License-Identifier: GPL-2.0 */
/* A port without a card: its registers are memory, and counters behave as the
 * datasheets say. tgbe.ko must be loaded, its cards not opened: a register
 * read in an interrupt would be taken for the test's.
 */
#ifndef _TGBE_KUNIT_FAKE_H_
#define _TGBE_KUNIT_FAKE_H_

#include <kunit/test.h>

#include "tgbe.h"
#include "tgbe_chip.h"

#define FAKE_QUEUES	2
#define FAKE_STAYS	(~0u)
#define FAKE_PHY_WRITES	32
#define FAKE_NVM_WORDS	64

/**
 * struct fake_phy_write - a write to the PHY
 * @page: page in force
 * @reg: register
 * @val: value
 */
struct fake_phy_write {
	u16 page;
	u8 reg;
	u16 val;
};

/**
 * struct fake - a port and its card
 * @dev: the port; its netdev is never registered
 * @model: its model, which a case may change
 * @reads: how often a register was read by the driver
 * @gone_at: register whose next read finds the card pulled, %FAKE_STAYS for none
 * @phy: registers of the PHY, page 0; other pages read as 0
 * @phy_page: page in force
 * @phy_lost_link: the link was lost since BMSR was read
 * @phy_write: writes to the PHY in their order, but for those that select a page
 * @phy_writes: how many
 * @nvm: words of the NVM
 * @nvm_writes: writes to it
 * @nvm_commits: times that it was copied to the flash
 */
struct fake {
	struct tgbe_device *dev;
	struct tgbe_model model;
	u32 *reads;
	u32 gone_at;
	u16 phy[32];
	u16 phy_page;
	bool phy_lost_link;
	struct fake_phy_write phy_write[FAKE_PHY_WRITES];
	unsigned int phy_writes;
	u16 nvm[FAKE_NVM_WORDS];
	unsigned int nvm_writes;
	unsigned int nvm_commits;
};

struct fake *fake_create(struct kunit *test, const struct tgbe_chip *chip);
u32 fake_get(struct fake *fake, u32 reg);
void fake_set(struct fake *fake, u32 reg, u32 val);
u32 fake_reads(struct fake *fake, u32 reg);

#endif /* _TGBE_KUNIT_FAKE_H_ */
