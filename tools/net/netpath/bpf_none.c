// SPDX-License-Identifier: GPL-2.0
/*
 * In place of bpf.c where netpath is built without BPF.
 */
#include <stdio.h>

#include "bpf.h"

void probes_open(struct probes *p, const struct watch *w)
{
	(void)w;
	snprintf(p->why, sizeof(p->why), "built without BPF");
}

void probes_read(const struct probes *p, struct facts *f)
{
	facts_text(f, p->why, "blind/events");
}

void probes_close(struct probes *p)
{
	(void)p;
}
