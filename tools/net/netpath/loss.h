/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NETPATH_LOSS_H
#define NETPATH_LOSS_H

#include "station.h"

#define LOSS_KNOBS 3

/* Whom a loss can be laid to, and where that is read */
enum who { NOBODY, UDP_SOCKETS, LISTENERS, QDISCS, CPUS, QUEUES, PLACES };

/**
 * struct loss - a way to lose packets: how it is seen, what it means, what ends it
 * @name: drop reason or counter, the word that people search for
 * @station: where
 * @who: whom it can be laid to
 * @count: expression of counters that counts it; NULL where only events do
 * @events: patterns "REASON@place" of drop events, separated by spaces
 * @when: only if this expression grew too
 * @unless: only if this expression did not grow
 * @harmless: no loss, whatever its name; never shown as one
 * @means: one sentence: what happened. English, Chinese
 * @cure: one sentence: what ends it. English, Chinese
 * @knobs: settings to turn, the first that has something to propose first
 * @row: where the guide shows it being provoked
 *
 * The tool, --explain, the manual page's list and the guide's page come from here.
 */
struct loss {
	const char *name;
	enum station_id station;
	enum who who;
	const char *count, *events, *when, *unless;
	bool harmless;
	const char *means[2], *cure[2];
	const char *knobs[LOSS_KNOBS];
	const char *row;
};

extern const struct loss losses[];
extern const size_t n_losses;

/* 0 or 1, the column of @means that LANG asks for */
int loss_language(void);
const struct loss *loss_find(const char *name);
/* Whether @when and @unless hold */
bool loss_applies(const struct loss *loss, const struct sight *s);
/* The row that takes a drop event, NULL if none does */
const struct loss *loss_of_event(const char *event, const struct sight *s);

#endif
