/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between the chips */
#ifndef _TGBE_CHIP_H_
#define _TGBE_CHIP_H_

#include <linux/bits.h>
#include <linux/types.h>

#include "tgbe.h"
#include "tgbe_desc.h"
#include "tgbe_regs.h"

struct tgbe_ring;
struct tgbe_rx_geometry;
struct tgbe_vector;

/* Interrupt causes other than a queue's work, as they stand in ICR */
#define TGBE_OTHER_CAUSES	(TGBE_INT_LSC | TGBE_INT_RXO)

/**
 * struct tgbe_phy_bit - a bit of the PHY
 * @reg: register
 * @bit: the bit
 */
struct tgbe_phy_bit {
	u8 reg;
	u16 bit;
};

/**
 * struct tgbe_phy_crossover - how the PHY is told which pairs to use
 * @reg: register
 * @mask: bits that tell it, all clear for MDI
 * @mdix: those for MDI-X
 * @either: those to find out
 */
struct tgbe_phy_crossover {
	u8 reg;
	u16 mask;
	u16 mdix;
	u16 either;
};

/**
 * struct tgbe_chip - what differs between the chips, off the hot path
 *
 * The operations run in process context with RTNL held unless said otherwise.
 *
 * @name: for messages
 * @format: transmit descriptor family
 * @max_queues: queue pairs
 * @usecs_max: longest interval between interrupts, in microseconds
 * @unicast_entries: receive address registers usable by the driver
 * @fixed_arrays: ring arrays stay for as long as the port is open, and a ring
 *		  size is a limit on the descriptors in use. Set where the
 *		  receiver must not be stopped outside a reset (82574)
 * @loses_interrupts: an interrupt may fail to come (82574 erratum 12), so that a silent
 *		      vector is kicked from time to time
 * @aspm_off: PCIE_LINK_STATE_* the chip does not survive
 * @irq_causes: ICR bits that mean receive or transmit work without MSI-X
 * @irq_lost: ICR bits that mean that the chip no longer does what it was told
 * @rxq: first register of a receive queue
 * @txq: first register of a transmit queue
 * @reset: put the MAC into its reset state and load the fixed settings;
 *	   0 or a negative error
 * @phy_init: once, at probe: wait until the MAC has configured the PHY from the
 *	      NVM, then set the vendor registers; a MAC reset leaves them
 * @phy_page: register of the PHY that selects a page
 * @phy_commits: the PHY's controls take effect with a reset of its logic (BMCR)
 * @phy_crossover: its register and bits for MDI, MDI-X or either
 * @phy_crossed: where it says that the link that is up uses MDI-X
 * @phy_slower: where it says that it fell back to a lower speed
 * @phy_loopback: what it wants before BMCR's loopback bit; NULL for nothing
 * @phy_hung: does the PHY show the signs of a hang? NULL where it does not hang
 * @phy_get: take the PHY from the firmware; 0 or -EBUSY
 * @phy_put: give it back
 * @nvm_get: take the NVM from the firmware; 0 or -EBUSY
 * @nvm_put: give it back
 * @nvm_write: write a word, holding the NVM; NULL where the driver does not
 * @nvm_commit: make permanent what was written
 * @nvm_init: once, at probe; NULL for nothing
 * @irq_setup: route queues to vectors and enable automatic masking
 * @irq_mask: mask every cause (any context)
 * @irq_bits: fill a vector's unmask register and bits
 * @irq_other_causes: with MSI-X, bits of ICS that raise the interrupt of the other
 *		      causes, as if the link had changed
 * @irq_other_enable: with MSI-X, let link and other causes interrupt
 * @irq_other_done: with MSI-X, end of the handler for other causes; told what
 *		    it read from ICR (hard IRQ)
 * @irq_throttle: interval of a vector in microseconds; vector @queues_max is
 *		  that of link and other causes
 * @irq_kick: raise a vector's interrupt by software (any context)
 * @rx_geometry: buffer layout for a configuration
 * @rx_arm: give a filled receive ring to the chip
 * @rx_drop_full: drop frames that find the ring of a receive queue full, or keep them
 *		  back in the packet buffer; @ctrl_lock held. NULL where they are
 *		  always kept back
 * @rx_quiesce: stop a receive queue; 0, or -ETIMEDOUT if the chip did not.
 *		Not there with @fixed_arrays: only a reset stops the receiver
 * @tx_arm: give an empty transmit ring to the chip
 * @tx_quiesce: stop a transmit queue; 0, or -ETIMEDOUT if the chip did not. Not there
 *		with @fixed_arrays: what the chip has prefetched goes with a reset only
 * @frame_limit: largest frame the receiver accepts, in bytes
 * @wake_ctrl: bits of CTRL to be set before the port sleeps, if it shall wake
 * @rss_mode: value of MRQC until a user chooses another
 * @rss_udp: bits of MRQC that add the ports of UDP to the hash, on request
 * @rss_entry: indirection table entry that selects a queue
 * @flow_present: does the card keep what is written to its filters? NULL where the
 *		  chip has none
 * @flow_type: set an EtherType filter, or with NULL switch it off (any context)
 * @flow_tuple: the same of a filter for addresses, protocol and ports
 * @queue_drops: frames that found a receive ring full since the last call; NULL
 *		 where the chip does not count them
 * @splits: the chip can split headers off
 * @alternate_mac: the NVM may have another MAC address than the factory's
 * @ptp: the chip has a clock and stamps frames by it, see tgbe_ptp.c
 */
struct tgbe_chip {
	const char *name;
	enum tgbe_format format;
	u8 max_queues;
	u32 usecs_max;
	u8 unicast_entries;
	bool fixed_arrays;
	bool loses_interrupts;
	u32 aspm_off;
	u32 irq_causes;
	u32 irq_lost;
	u32 (*rxq)(unsigned int queue);
	u32 (*txq)(unsigned int queue);
	int (*reset)(struct tgbe_device *dev);
	int (*phy_init)(struct tgbe_device *dev);
	u8 phy_page;
	bool phy_commits;
	struct tgbe_phy_crossover phy_crossover;
	struct tgbe_phy_bit phy_crossed;
	struct tgbe_phy_bit phy_slower;
	int (*phy_loopback)(struct tgbe_device *dev);
	bool (*phy_hung)(struct tgbe_device *dev);
	int (*phy_get)(struct tgbe_device *dev);
	void (*phy_put)(struct tgbe_device *dev);
	int (*nvm_get)(struct tgbe_device *dev);
	void (*nvm_put)(struct tgbe_device *dev);
	int (*nvm_write)(struct tgbe_device *dev, u16 word, u16 val);
	int (*nvm_commit)(struct tgbe_device *dev);
	void (*nvm_init)(struct tgbe_device *dev);
	void (*irq_setup)(struct tgbe_device *dev);
	void (*irq_mask)(struct tgbe_device *dev);
	void (*irq_bits)(struct tgbe_vector *vector);
	u32 irq_other_causes;
	void (*irq_other_enable)(struct tgbe_device *dev);
	void (*irq_other_done)(struct tgbe_device *dev, u32 causes);
	void (*irq_throttle)(struct tgbe_device *dev, unsigned int vector,
			     unsigned int usecs);
	void (*irq_kick)(struct tgbe_vector *vector);
	struct tgbe_rx_geometry (*rx_geometry)(const struct tgbe_config *config);
	void (*rx_arm)(struct tgbe_device *dev, struct tgbe_ring *ring);
	void (*rx_drop_full)(struct tgbe_device *dev, unsigned int queue, bool drop);
	int (*rx_quiesce)(struct tgbe_device *dev, unsigned int queue);
	void (*tx_arm)(struct tgbe_device *dev, struct tgbe_ring *ring);
	int (*tx_quiesce)(struct tgbe_device *dev, unsigned int queue);
	void (*frame_limit)(struct tgbe_device *dev, unsigned int frame);
	u32 wake_ctrl;
	u32 rss_mode;
	u32 rss_udp;
	u8 (*rss_entry)(unsigned int queue);
	bool (*flow_present)(struct tgbe_device *dev);
	void (*flow_type)(struct tgbe_device *dev, unsigned int entry,
			  const struct tgbe_flow_match *match, unsigned int queue);
	void (*flow_tuple)(struct tgbe_device *dev, unsigned int entry,
			   const struct tgbe_flow_match *match, unsigned int queue);
	u32 (*queue_drops)(struct tgbe_device *dev, unsigned int queue);
	bool splits;
	bool alternate_mac;
	bool ptp;
};

/**
 * struct tgbe_model - what stands behind a PCI id, beside the chip
 *
 * @chip: the chip, or the one that it is programmed like
 * @name: for messages
 * @one_queue: there is one queue pair, and no MSI-X (82583V)
 * @phy_hangs: the PHY has the erratum that @chip->phy_hung looks for
 * @wakes_on_port_a: a board of two chips, of which port A alone can wake the machine
 */
struct tgbe_model {
	const struct tgbe_chip *chip;
	const char *name;
	bool one_queue;
	bool phy_hangs;
	bool wakes_on_port_a;
};

/* Registers that are there on one chip only are marked with its family */
#define TGBE_ON_82576	BIT(TGBE_FMT_ADV)
#define TGBE_ON_82574	BIT(TGBE_FMT_EXT)
#define TGBE_ON_BOTH	(TGBE_ON_82576 | TGBE_ON_82574)

/**
 * tgbe_is_on() - does this port's chip have a register?
 * @dev: port
 * @chips: TGBE_ON_* of the register
 *
 * Return: true if so.
 */
static inline bool tgbe_is_on(const struct tgbe_device *dev, u8 chips)
{
	return chips & BIT(dev->chip->format);
}

/* tgbe_82576.c, tgbe_82574.c, and what both share in tgbe_chip.c */
extern const struct tgbe_chip tgbe_chip_82576;
extern const struct tgbe_chip tgbe_chip_82574;
void tgbe_chip_stop_bus(struct tgbe_device *dev);
void tgbe_chip_clear_filters(struct tgbe_device *dev);
void tgbe_chip_ctrl(struct tgbe_device *dev, u32 clear, u32 set);
void tgbe_chip_pause_frames(struct tgbe_device *dev);
void tgbe_chip_pause_marks(struct tgbe_device *dev);
void tgbe_chip_full_rings(struct tgbe_device *dev);
int tgbe_chip_get_smbi(struct tgbe_device *dev);
void tgbe_chip_put_smbi(struct tgbe_device *dev);
void tgbe_chip_program(struct tgbe_device *dev, struct tgbe_ring *ring);
void tgbe_chip_latency(struct tgbe_device *dev, s32 usecs);

#endif /* _TGBE_CHIP_H_ */
