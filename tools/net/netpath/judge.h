/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NETPATH_JUDGE_H
#define NETPATH_JUDGE_H

#include "knob.h"
#include "loss.h"

#define CULPRITS 4

/**
 * struct culprit - what a loss can be laid to
 * @name: a socket with its process, a queue, a CPU, a qdisc, a function of the kernel
 * @lost: its share
 */
struct culprit {
	char name[120];
	uint64_t lost;
};

/**
 * struct finding - a loss that happened
 * @loss: what is known about it
 * @name: its name; that of the event if the table has no row for it
 * @lost: how many, between the two readings
 * @total: how many since the counters began, or since the events were watched
 * @counted: by counters; else by events
 * @who: to whom it is laid, worst first
 * @n_who: how many they are
 * @cures: what to type
 * @n_cures: how many commands
 */
struct finding {
	const struct loss *loss;
	char name[64];
	uint64_t lost, total;
	bool counted;
	struct culprit who[CULPRITS];
	int n_who;
	struct proposal cures[LOSS_KNOBS];
	int n_cures;
};

/**
 * struct balance - what came in, and where it went
 * @name: of the station
 * @in: packets that came in
 * @out: packets that were handed on
 * @held: packets that became part of another, or wait to (fragments)
 * @lost: packets of which the loss is known
 * @unexplained: the rest
 */
struct balance {
	const char *name;
	uint64_t in, out, held, lost, unexplained;
};

#define BALANCES 3

/**
 * struct report - all that the rules say
 * @found: losses, the worst first; then those of earlier, whose @lost is 0
 * @n: number of losses in all
 * @n_now: those that happened between the two readings
 * @harmless: what looks like a loss and is none
 * @n_harmless: their number
 * @station_lost: packets lost at each station
 * @balance: the sums
 * @n_balances: their number
 */
struct report {
	struct finding *found;
	size_t n, n_now;
	struct finding *harmless;
	size_t n_harmless;
	uint64_t station_lost[STATIONS];
	struct balance balance[BALANCES];
	int n_balances;
};

void judge(struct report *r, const struct sight *s);
void report_free(struct report *r);

#endif
