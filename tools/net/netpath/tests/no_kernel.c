// SPDX-License-Identifier: GPL-2.0
/*
 * In place of the sources of facts, for a netpath that only replays what was recorded: the
 * rules are tested without a kernel, a card or libmnl.
 */
#include "bpf.h"
#include "src.h"

/* cppcheck-suppress constParameterPointer  # the true one fills it in */
int watch_open(struct watch *w)
{
	fprintf(stderr, "netpath: this build cannot watch '%s'\n", w->dev);
	return -1;
}

void watch_close(struct watch *w)
{
	(void)w;
}

int src_rtnl(struct facts *f, struct watch *w)
{
	(void)f;
	(void)w;
	return -1;
}

void src_genl(struct facts *f, struct watch *w)
{
	(void)f;
	(void)w;
}

void src_proc(struct facts *f, const struct watch *w)
{
	(void)f;
	(void)w;
}

void src_diag(struct facts *f, struct watch *w)
{
	(void)f;
	(void)w;
}

void src_owners(struct facts *f, const struct facts *before)
{
	(void)f;
	(void)before;
}
