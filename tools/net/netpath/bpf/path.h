/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NETPATH_BPF_PATH_H
#define NETPATH_BPF_PATH_H

/* What the programs in the kernel and netpath both know */

#define PATH_DELAYS 32

/**
 * struct drop_key - a way in which an skb was dropped
 * @place: address of the instruction after the call that freed it
 * @reason: number of the reason, which differs from kernel to kernel
 * @netns: inode of the network namespace, 0 if it cannot be told
 */
struct drop_key {
	unsigned long long place;
	unsigned int reason;
	unsigned int netns;
};

#endif
