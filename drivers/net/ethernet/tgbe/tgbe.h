/* SPDX-License-Identifier: GPL-2.0 */
/* A port, how its registers are reached, and what the rooms without a header of
 * their own offer.
 */
#ifndef _TGBE_H_
#define _TGBE_H_

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/ethtool.h>
#include <linux/if_vlan.h>
#include <linux/io.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <linux/pci.h>
#include <linux/pm_qos.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <kunit/visibility.h>

#include "tgbe_compat.h"
#include "tgbe_config.h"
#include "tgbe_flow.h"
#include "tgbe_ptp.h"
#include "tgbe_regs.h"

struct cpumask;
struct dentry;
struct tgbe_chip;
struct tgbe_model;
struct tgbe_ring;
struct tgbe_vector;

#define TGBE_DRV_NAME		"tgbe"

/* How often the service work looks at the link and harvests the statistics.
 * The chips' 32-bit octet counters cannot overflow in that time at 1 Gbit/s.
 */
#define TGBE_SERVICE_PERIOD	(2 * HZ)

/**
 * enum tgbe_irq_mode - how the port interrupts
 * @TGBE_IRQ_MSIX: a vector a queue pair, and one for everything else
 * @TGBE_IRQ_MSI: one message-signalled vector
 * @TGBE_IRQ_INTX: one shared line
 */
enum tgbe_irq_mode {
	TGBE_IRQ_MSIX,
	TGBE_IRQ_MSI,
	TGBE_IRQ_INTX,
};

/**
 * struct tgbe_link - what was asked of the link and what it is
 * @advertising: link modes offered in autonegotiation
 * @mdix: ETH_TP_MDI_* as the user wants it
 * @mdix_found: ETH_TP_MDI_* of the link that is up
 * @loopback: the PHY returns what is sent
 * @lost: the link was lost, or negotiated anew, since the link work last read it
 * @phy_lost: the PHY told the link work of a loss, and not yet of a link after it
 * @pause_changed: the user's choice of PAUSE has not reached the MAC yet
 * @pause_autoneg: PAUSE is negotiated: @pause is what is offered, not what is done
 * @pause: FLOW_CTRL_RX and FLOW_CTRL_TX as the user wants them
 * @forced_speed: SPEED_10 or SPEED_100 with autonegotiation off, else 0
 * @forced_duplex: DUPLEX_* that goes with @forced_speed
 * @up: last state reported to the stack
 * @speed: Mb/s as last found, SPEED_UNKNOWN after the link was lost
 * @duplex: DUPLEX_* as last found, DUPLEX_UNKNOWN after the link was lost
 * @receiver_waits: polls spent waiting for the partner's receiver
 * @downshifts: times that the PHY gave up the best speed for a cable
 */
struct tgbe_link {
	__ETHTOOL_DECLARE_LINK_MODE_MASK(advertising);
	u8 mdix;
	u8 mdix_found;
	bool loopback;
	bool lost;
	bool phy_lost;
	bool pause_changed;
	bool pause_autoneg;
	u8 pause;
	u16 forced_speed;
	u8 forced_duplex;
	bool up;
	int speed;
	u8 duplex;
	u8 receiver_waits;
	atomic64_t downshifts;
};

/* Index of a latched hardware counter; the table is in tgbe_stats.c */
#define TGBE_HW_COUNTERS_MAX	64

/**
 * struct tgbe_device - one port
 *
 * @netdev: its face to the stack
 * @pdev: its face to the bus
 * @mapping: BAR 0, from probe to remove
 * @regs: the same; NULL once the card is found gone
 * @chip: what kind it is
 * @model: what is special to its PCI id
 * @config: settings in force; RTNL
 * @msg_enable: NETIF_MSG_* bits
 * @irq_mode: found at probe
 * @queues_max: queue pairs that chip, CPUs and vectors allow
 * @vector: one a queue pair; more than @config.queues of them may be idle
 * @other_name: of the vector for link and other causes
 * @affinity_lock: protects the CPUs of the vectors
 * @affinity_notified: the driver is told what the user sets; @affinity_lock
 * @hotplug: hears of CPUs that come and go; with MSI-X only
 * @fw_lock: one holder at a time of what is shared with the firmware
 * @link: wanted and found; RTNL or the link work
 * @link_work: looks at the link after an interrupt
 * @service_work: periodic duties
 * @timeout_work: restarts stuck transmit queues, and the port
 * @stuck_queues: which those are
 * @chip_lost: an interrupt said that the chip no longer does what it was told
 * @restart_why: why the port is about to be restarted, or NULL; RTNL
 * @phy_hung: the PHY hangs, so the port must be restarted with it
 * @phy_hangs: times in a row that the service work found the signs of that
 * @latency: what jumbo frames ask of the CPUs' sleep, while the port is open
 * @pause_high: fill of the packet buffer at which to send XOFF, in bytes
 * @pause_low: fill at which to send XON
 * @drop_full: frames that find their receive ring full are dropped; @ctrl_lock
 * @ctrl_lock: protects read-modify-write of CTRL and SRRCTL
 * @rctl: shadow of RCTL, so that filters and limits do not undo each other
 * @filter_lock: protects @rctl; taken under netif_addr_lock
 * @multicast: hashes of the groups to be received, as the chip has them
 * @unicast_used: entries for addresses that the chip may have, the port's own included
 * @vlans: VLAN ids to be received
 * @vlan_filter: and no others; under the address lock
 * @rss_key: hash key
 * @rss_table: queue of each indirection entry, as the user sees it
 * @rss_mode: value of MRQC: which headers are hashed
 * @stats_lock: ring pointers and counters against their readers
 * @fifo_errors: frames lost to full receive rings, or at least the times that
 *		 it happened; @stats_lock
 * @hw: latched hardware counters; @stats_lock
 * @hw_lock: one reader of the clear-on-read registers at a time
 * @lsc_events: link interrupts
 * @overruns: interrupts that reported a receive overrun
 * @overruns_seen: those that @fifo_errors knows of; @hw_lock
 * @ptp: clock and time stamps
 * @debugfs: directory of the ring dumps
 * @led: LEDCTL as it was before the port was made to blink; RTNL
 * @flow: rules that choose a receive queue
 * @offloads_right: TGBE_RIGHT_* that the card showed at probe
 * @wol_supported: WAKE_* events that can wake the machine
 * @wol: those that are to; RTNL
 * @halted: stopped behind the stack's back, if it was running at all; RTNL
 */
struct tgbe_device {
	struct net_device *netdev;
	struct pci_dev *pdev;
	u8 __iomem *mapping;
	u8 __iomem *regs;
	const struct tgbe_chip *chip;
	const struct tgbe_model *model;
	struct tgbe_config config;
	u32 msg_enable;

	enum tgbe_irq_mode irq_mode;
	u8 queues_max;
	struct tgbe_vector *vector[TGBE_MAX_QUEUES];
	char other_name[IFNAMSIZ + 16];
	struct mutex affinity_lock;	/* cpus_wanted, cpus_set of the vectors */
	bool affinity_notified;
	struct hlist_node hotplug;

	struct mutex fw_lock;	/* PHY and NVM */
	struct tgbe_link link;
	struct delayed_work link_work;
	struct delayed_work service_work;
	struct work_struct timeout_work;
	DECLARE_BITMAP(stuck_queues, TGBE_MAX_QUEUES);

	bool chip_lost;
	const char *restart_why;
	bool phy_hung;
	u8 phy_hangs;
	struct pm_qos_request latency;
	u32 pause_high;
	u32 pause_low;
	bool drop_full;
	spinlock_t ctrl_lock;	/* CTRL, SRRCTL */
	spinlock_t filter_lock;	/* rctl */
	u32 rctl;
	u32 multicast[TGBE_MTA_WORDS];
	unsigned int unicast_used;
	DECLARE_BITMAP(vlans, VLAN_N_VID);
	bool vlan_filter;
	u8 rss_key[TGBE_RSSRK_BYTES];
	u8 rss_table[TGBE_RETA_ENTRIES];
	u32 rss_mode;

	spinlock_t stats_lock;	/* ring pointers, counters */
	u64 fifo_errors;
	u64 hw[TGBE_HW_COUNTERS_MAX];
	struct mutex hw_lock;	/* clear-on-read registers */
	atomic64_t lsc_events;
	atomic64_t overruns;
	u64 overruns_seen;

	struct tgbe_ptp ptp;
	struct dentry *debugfs;
	u32 led;
	struct tgbe_flow flow;
	u8 offloads_right;
	u32 wol_supported;
	u32 wol;
	bool halted;
};

/* tgbe_reg.c */
u32 tgbe_rd(struct tgbe_device *dev, u32 reg);

/**
 * tgbe_wr() - write a register
 * @dev: port
 * @reg: offset
 * @val: value
 *
 * Context: any. A port whose card is gone swallows the write.
 */
static inline void tgbe_wr(struct tgbe_device *dev, u32 reg, u32 val)
{
	u8 __iomem *regs = READ_ONCE(dev->regs);

	if (likely(regs))
		writel(val, regs + reg);
}

/**
 * tgbe_flush() - wait until earlier register writes reached the chip
 * @dev: port
 */
static inline void tgbe_flush(struct tgbe_device *dev)
{
	tgbe_rd(dev, TGBE_STATUS);
}

/**
 * tgbe_set_bits() - set bits of a register that has one writer
 * @dev: port
 * @reg: offset
 * @bits: bits to set
 */
static inline void tgbe_set_bits(struct tgbe_device *dev, u32 reg, u32 bits)
{
	tgbe_wr(dev, reg, tgbe_rd(dev, reg) | bits);
}

/**
 * tgbe_clear_bits() - clear bits of a register that has one writer
 * @dev: port
 * @reg: offset
 * @bits: bits to clear
 */
static inline void tgbe_clear_bits(struct tgbe_device *dev, u32 reg, u32 bits)
{
	tgbe_wr(dev, reg, tgbe_rd(dev, reg) & ~bits);
}

int tgbe_wait(struct tgbe_device *dev, u32 reg, u32 mask, u32 want,
	      unsigned int step_us, unsigned int limit_us);

/**
 * tgbe_log_refusal() - say why a call was refused that has no room for a text
 * @dev: port
 * @extack: what would have been said; nothing if the call was not refused
 *
 * The log is where a user who has just typed something can find out what is wrong
 * with it.
 */
static inline void tgbe_log_refusal(struct tgbe_device *dev,
				    const struct netlink_ext_ack *extack)
{
	if (extack->_msg)
		netif_info(dev, drv, dev->netdev, "refused: %s\n", extack->_msg);
}

/* tgbe_nvm.c */
void tgbe_nvm_init(struct tgbe_device *dev);
bool tgbe_nvm_is_flash(struct tgbe_device *dev);
unsigned int tgbe_nvm_words(struct tgbe_device *dev);
int tgbe_nvm_check(struct tgbe_device *dev);
int tgbe_nvm_read(struct tgbe_device *dev, u16 first, u16 count, u16 *words);
void tgbe_nvm_alternate_mac(struct tgbe_device *dev, u8 *addr);
int tgbe_nvm_read_bytes(struct tgbe_device *dev, u32 offset, u32 len, u8 *data);
int tgbe_nvm_write_bytes(struct tgbe_device *dev, u32 offset, u32 len,
			 const u8 *data, struct netlink_ext_ack *extack);
void tgbe_nvm_version(struct tgbe_device *dev, char *buf, size_t len);

/* tgbe_phy.c */
int tgbe_phy_read(struct tgbe_device *dev, u8 reg, u16 *val);
int tgbe_phy_write(struct tgbe_device *dev, u8 reg, u16 val);
int tgbe_phy_modify(struct tgbe_device *dev, u8 reg, u16 mask, u16 set);
int tgbe_phy_start(struct tgbe_device *dev);
int tgbe_phy_loop_back(struct tgbe_device *dev);
int tgbe_phy_init(struct tgbe_device *dev);
int tgbe_phy_commit(struct tgbe_device *dev);
int tgbe_phy_modify_paged(struct tgbe_device *dev, u16 page, u8 reg, u16 mask, u16 set);
int tgbe_phy_inspect(struct tgbe_device *dev, bool *crossed, bool *slower);
void tgbe_phy_rest(struct tgbe_device *dev);
bool tgbe_phy_is_kept(struct tgbe_device *dev);
int tgbe_phy_reset(struct tgbe_device *dev);

/* tgbe_link.c */
void tgbe_link_init(struct tgbe_device *dev);
void tgbe_link_start(struct tgbe_device *dev);
void tgbe_link_stop(struct tgbe_device *dev);
void tgbe_link_check(struct tgbe_device *dev);
void tgbe_link_lost(struct tgbe_device *dev);
void tgbe_link_get(struct tgbe_device *dev, struct ethtool_link_ksettings *ks);
void tgbe_link_get_pause(struct tgbe_device *dev,
			 struct ethtool_pauseparam *pause);
int tgbe_link_set_pause(struct tgbe_device *dev,
			const struct ethtool_pauseparam *pause);
int tgbe_link_set(struct tgbe_device *dev,
		  const struct ethtool_link_ksettings *ks,
		  struct netlink_ext_ack *extack);
int tgbe_link_set_loopback(struct tgbe_device *dev, bool on,
			   struct netlink_ext_ack *extack);
int tgbe_link_ioctl(struct net_device *netdev, struct ifreq *ifr, int cmd);

/* tgbe_irq_trial.c */
bool tgbe_irq_arrives(struct tgbe_device *dev);

/* tgbe_irq.c */
int tgbe_irq_alloc(struct tgbe_device *dev);
void tgbe_irq_free(struct tgbe_device *dev);
void tgbe_irq_name(struct tgbe_device *dev);
int tgbe_irq_request(struct tgbe_device *dev);
void tgbe_irq_release(struct tgbe_device *dev);
void tgbe_irq_enable(struct tgbe_device *dev);
void tgbe_irq_disable(struct tgbe_device *dev);
int tgbe_irq_number(struct tgbe_device *dev, unsigned int queue);

/* tgbe_affinity.c */
int tgbe_affinity_register(void);
void tgbe_affinity_unregister(void);
int tgbe_affinity_init(struct tgbe_device *dev);
void tgbe_affinity_exit(struct tgbe_device *dev);
void tgbe_affinity_prepare(struct tgbe_device *dev);
void tgbe_affinity_start(struct tgbe_device *dev);
void tgbe_affinity_stop(struct tgbe_device *dev);
void tgbe_affinity_settle(struct tgbe_device *dev);
void tgbe_affinity_senders(struct tgbe_device *dev, unsigned int queue,
			   struct cpumask *cpus);

/* tgbe_filter.c */
void tgbe_filter_init(struct tgbe_device *dev);
void tgbe_filter_mac(struct tgbe_device *dev);
void tgbe_filter_rx_mode(struct net_device *netdev);
int tgbe_filter_vlan_add(struct net_device *netdev, __be16 proto, u16 vid);
int tgbe_filter_vlan_kill(struct net_device *netdev, __be16 proto, u16 vid);
void tgbe_filter_vlan(struct tgbe_device *dev, netdev_features_t features);
void tgbe_filter_vlan_strip(struct tgbe_device *dev, netdev_features_t features);
void tgbe_filter_rctl(struct tgbe_device *dev, u32 clear, u32 set);
void tgbe_filter_features(struct tgbe_device *dev, netdev_features_t features);

/* tgbe_rss.c */
void tgbe_rss_init(struct tgbe_device *dev);
void tgbe_rss_spread(struct tgbe_device *dev, unsigned int queues);
void tgbe_rss_enable(struct tgbe_device *dev);
void tgbe_rss_steer(struct tgbe_device *dev, int avoid);
void tgbe_rss_get(struct tgbe_device *dev, struct ethtool_rxfh_param *rxfh);
int tgbe_rss_set(struct tgbe_device *dev, const struct ethtool_rxfh_param *rxfh,
		 struct netlink_ext_ack *extack);
u32 tgbe_rss_get_fields(struct tgbe_device *dev, u32 flow_type);
int tgbe_rss_set_fields(struct tgbe_device *dev, u32 flow_type, u32 fields,
			struct netlink_ext_ack *extack);

/* tgbe_stats.c */
void tgbe_stats_harvest(struct tgbe_device *dev);
void tgbe_stats_retire(struct tgbe_vector *vector, struct tgbe_ring *ring);
void tgbe_stats_get64(struct net_device *netdev,
		      struct rtnl_link_stats64 *stats);
int tgbe_stats_count(struct tgbe_device *dev);
void tgbe_stats_strings(struct tgbe_device *dev, u8 *data);
void tgbe_stats_values(struct tgbe_device *dev, u64 *data);
void tgbe_stats_pause(struct tgbe_device *dev,
		      struct ethtool_pause_stats *stats);
void tgbe_stats_ctrl(struct tgbe_device *dev,
		     struct ethtool_eth_ctrl_stats *stats);
void tgbe_stats_mac(struct tgbe_device *dev,
		    struct ethtool_eth_mac_stats *stats);
void tgbe_stats_phy(struct tgbe_device *dev,
		    struct ethtool_eth_phy_stats *stats);
void tgbe_stats_rmon(struct tgbe_device *dev, struct ethtool_rmon_stats *stats,
		     const struct ethtool_rmon_hist_range **ranges);
extern const struct netdev_stat_ops tgbe_stat_ops;

/* tgbe_queues.c */
int tgbe_queues_change(struct tgbe_device *dev, const struct tgbe_config *want);
int tgbe_queues_alloc(struct tgbe_device *dev);
void tgbe_queues_arm(struct tgbe_device *dev);
void tgbe_queues_free(struct tgbe_device *dev);
void tgbe_queues_drain(struct tgbe_device *dev);
bool tgbe_queue_stuck(struct tgbe_device *dev, unsigned int queue);
int tgbe_queue_restart_tx(struct tgbe_device *dev, unsigned int queue);

/* tgbe_netdev.c */
extern struct notifier_block tgbe_netdev_notifier;
void tgbe_netdev_init(struct tgbe_device *dev);
int tgbe_reset_chip(struct tgbe_device *dev);
void tgbe_netdev_xps(struct tgbe_device *dev, unsigned int first);
void tgbe_netdev_link_queues(struct tgbe_device *dev, unsigned int from,
			     unsigned int to, bool linked);
int tgbe_port_start(struct tgbe_device *dev);
void tgbe_port_stop(struct tgbe_device *dev);
void tgbe_port_release(struct tgbe_device *dev);
void tgbe_netdev_halt(struct tgbe_device *dev);
void tgbe_netdev_attach(struct tgbe_device *dev, int err);
int tgbe_netdev_resume(struct tgbe_device *dev);
int tgbe_netdev_reset(struct tgbe_device *dev, u32 *flags,
		      struct netlink_ext_ack *extack);

/* tgbe_selftest.c */
int tgbe_selftest_count(void);
void tgbe_selftest_strings(u8 *data);
void tgbe_selftest(struct tgbe_device *dev, struct ethtool_test *test, u64 *data);

/* tgbe_wol.c */
void tgbe_wol_init(struct tgbe_device *dev);
void tgbe_wol_get(struct tgbe_device *dev, struct ethtool_wolinfo *wol);
int tgbe_wol_set(struct tgbe_device *dev, const struct ethtool_wolinfo *wol,
		 struct netlink_ext_ack *extack);
void tgbe_wol_arm(struct tgbe_device *dev);
void tgbe_wol_disarm(struct tgbe_device *dev);

/* tgbe_sysfs.c */
extern const struct attribute_group tgbe_sysfs_group;

/* tgbe_debugfs.c */
void tgbe_debugfs_init(void);
void tgbe_debugfs_exit(void);
void tgbe_debugfs_add(struct tgbe_device *dev);
void tgbe_debugfs_remove(struct tgbe_device *dev);

/* tgbe_dump.c */
/* Layout of ethtool -d: pairs of offset and value */
#define TGBE_DUMP_VERSION	1
int tgbe_dump_len(struct tgbe_device *dev);
void tgbe_dump(struct tgbe_device *dev, u32 *data);

/* tgbe_ethtool.c */
extern const struct ethtool_ops tgbe_ethtool_ops;

#endif /* _TGBE_H_ */
