/* SPDX-License-Identifier: GPL-2.0 */
/* The frames of the trial at probe, see tgbe_trial.c */
#ifndef _TGBE_TRIAL_H_
#define _TGBE_TRIAL_H_

#include <linux/types.h>

struct sk_buff;

/**
 * enum tgbe_sample - frames that a card is to cut in two
 * @TGBE_SAMPLE_TCP: TCP over IPv4, which every card can cut
 * @TGBE_SAMPLE_UDP: UDP over IPv4
 * @TGBE_SAMPLE_VXLAN: TCP over IPv4 in VXLAN over IPv4
 */
enum tgbe_sample {
	TGBE_SAMPLE_TCP,
	TGBE_SAMPLE_UDP,
	TGBE_SAMPLE_VXLAN,
};

#define TGBE_SAMPLE_MSS		200
#define TGBE_SAMPLE_SEGS	2
#define TGBE_SAMPLE_BYTES	1024

#if IS_ENABLED(CONFIG_KUNIT)
unsigned int tgbe_sample_segment(enum tgbe_sample sample, const u8 *mac,
				 unsigned int seg, u8 *frame);
struct sk_buff *tgbe_sample_whole(enum tgbe_sample sample, const u8 *mac);
#endif

#endif /* _TGBE_TRIAL_H_ */
