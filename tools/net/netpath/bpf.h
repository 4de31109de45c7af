/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NETPATH_BPF_H
#define NETPATH_BPF_H

#include "src.h"

struct path_bpf;

/**
 * struct probes - programs in the kernel that count what no counter does
 * @skel: the programs; NULL without them
 * @why: why there are none
 * @failed: names of the programs that could not be attached
 */
struct probes {
	struct path_bpf *skel;
	char why[80];
	char failed[160];
};

/* Attaches what can be attached; the rest is told by probes_read() as blind. */
void probes_open(struct probes *p, const struct watch *w);
void probes_read(const struct probes *p, struct facts *f);
void probes_close(struct probes *p);

#endif
