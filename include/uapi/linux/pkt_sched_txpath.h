/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* What the txpath queueing discipline and its users share: the attributes inside
 * TCA_OPTIONS, and the statistics.
 */
#ifndef _UAPI_LINUX_PKT_SCHED_TXPATH_H
#define _UAPI_LINUX_PKT_SCHED_TXPATH_H

#include <linux/types.h>

/* All are u32, but for the map, u8[16], and the weights, u16 for each band */
enum {
	TCA_TXPATH_UNSPEC,
	TCA_TXPATH_LIMIT,		/* packets */
	TCA_TXPATH_MEMLIMIT,		/* bytes of memory */
	TCA_TXPATH_BYPASS,		/* 0, 1 */
	TCA_TXPATH_QUOTA,		/* packets a run; 0: the kernel's own */
	TCA_TXPATH_BANDS,
	TCA_TXPATH_PRIOMAP,		/* band of each priority */
	TCA_TXPATH_SCHED,		/* enum tc_txpath_sched */
	TCA_TXPATH_WEIGHTS,		/* share of each band in frames of the MTU */
	TCA_TXPATH_AQM,			/* enum tc_txpath_aqm */
	TCA_TXPATH_TARGET,		/* us */
	TCA_TXPATH_INTERVAL,		/* us */
	TCA_TXPATH_ECN,			/* 0, 1 */
	TCA_TXPATH_CE_THRESHOLD,	/* us, TC_TXPATH_OFF */
	TCA_TXPATH_SPARSE,		/* bytes of late; 0: off */
	__TCA_TXPATH_MAX
};

#define TCA_TXPATH_MAX	(__TCA_TXPATH_MAX - 1)

#define TC_TXPATH_OFF	0xffffffffu

enum tc_txpath_sched {
	TC_TXPATH_STRICT,
	TC_TXPATH_DRR,
	__TC_TXPATH_SCHED_MAX
};

enum tc_txpath_aqm {
	TC_TXPATH_AQM_NONE,
	TC_TXPATH_AQM_CODEL,
	__TC_TXPATH_AQM_MAX
};

/* What can be set, in the units above. tc refuses what the kernel would. */
#define TC_TXPATH_LIMIT_MIN	1u
#define TC_TXPATH_LIMIT_MAX	1000000u
#define TC_TXPATH_MEMLIMIT_MIN	4096u
#define TC_TXPATH_MEMLIMIT_MAX	0x7fffffffu
#define TC_TXPATH_QUOTA_MAX	1000000u
#define TC_TXPATH_BANDS_MIN	1u
#define TC_TXPATH_BANDS_MAX	16u
#define TC_TXPATH_PRIORITIES	16u
#define TC_TXPATH_WEIGHT_MIN	1u
#define TC_TXPATH_WEIGHT_MAX	1000u
#define TC_TXPATH_TARGET_MIN	1u
#define TC_TXPATH_TARGET_MAX	1000000u
#define TC_TXPATH_INTERVAL_MIN	1000u
#define TC_TXPATH_INTERVAL_MAX	10000000u
#define TC_TXPATH_SPARSE_MAX	1000000u

/* Why a packet was dropped */
enum tc_txpath_drop {
	TC_TXPATH_DROP_LIMIT,
	TC_TXPATH_DROP_MEMORY,
	TC_TXPATH_DROP_AQM,
	__TC_TXPATH_DROP_MAX
};

/* Bucket 0 counts packets that waited less than a microsecond, bucket i those that
 * waited 2^(i-1) us and more but less than 2^i, the last one all that waited longer.
 */
#define TC_TXPATH_DELAYS	22

/**
 * struct tc_txpath_counts - what became of packets
 * @delay: how many waited how long, in buckets
 * @sparse: how many went ahead of their band's bulk
 * @drops: by reason
 * @ecn_mark: marked by the AQM instead of dropped
 * @ce_mark: marked because they waited longer than ce_threshold
 * @pad: 0
 */
struct tc_txpath_counts {
	__u64 delay[TC_TXPATH_DELAYS];
	__u64 sparse;
	__u32 drops[__TC_TXPATH_DROP_MAX];
	__u32 ecn_mark;
	__u32 ce_mark;
	__u32 pad;
};

/**
 * struct tc_txpath_xstats - TCA_STATS_APP of the qdisc, and of each band as its class
 * @counts: of all bands, or of the one
 * @bypassed: packets that found nothing waiting and went straight to the driver
 * @queued: packets that were queued and then given to the driver
 * @runs: how often a packet that came, or the end of a quota, had the queue sent from; 0
 *	below another qdisc
 * @deferred: how often the quota ended that
 * @memory: bytes that waiting packets occupy, at most memlimit
 * @is_band: 1 for a band, which has none of the five above
 */
struct tc_txpath_xstats {
	struct tc_txpath_counts counts;
	__u64 bypassed;
	__u64 queued;
	__u64 runs;
	__u64 deferred;
	__u32 memory;
	__u32 is_band;
};

#endif
