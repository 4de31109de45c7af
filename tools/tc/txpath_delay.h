/* SPDX-License-Identifier: GPL-2.0 */
/* What the buckets of txpath's delays say */
#ifndef _TXPATH_DELAY_H_
#define _TXPATH_DELAY_H_

#include <linux/pkt_sched_txpath.h>

/**
 * tc_txpath_delay_bound - upper bound of a bucket
 * @bucket: index into @delay of struct tc_txpath_counts
 *
 * Return: us, 0 for the last bucket, which has none.
 */
static inline __u32 tc_txpath_delay_bound(unsigned int bucket)
{
	return bucket < TC_TXPATH_DELAYS - 1 ? 1u << bucket : 0;
}

/**
 * tc_txpath_percentile - bucket within which a share of the packets waited
 * @delay: the buckets
 * @percent: the share, 1 to 100
 *
 * Return: the lowest bucket up to which there are at least @percent of all packets,
 * -1 if there are no packets.
 */
static inline int tc_txpath_percentile(const __u64 *delay, unsigned int percent)
{
	__u64 total = 0, seen = 0;

	for (unsigned int i = 0; i < TC_TXPATH_DELAYS; i++)
		total += delay[i];
	if (!total)
		return -1;
	for (unsigned int i = 0; i < TC_TXPATH_DELAYS - 1; i++) {
		seen += delay[i];
		if (seen * 100 >= total * percent)
			return i;
	}
	return TC_TXPATH_DELAYS - 1;
}

#endif /* _TXPATH_DELAY_H_ */
