/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NETPATH_STATION_H
#define NETPATH_STATION_H

#include "facts.h"

/* From top to bottom, as a packet meets them */
enum station_id {
	CARD, INTERRUPT, SOFTIRQ, GRO, BACKLOG, HOOKS, BRIDGE, NETFILTER, IP, L4,
	LISTENER, SOCKET, PROCESS, SEND, IP_OUT, NEIGH, QDISC, DRIVER, COMPLETION,
	STATIONS
};

/**
 * struct station - a place that packets pass
 * @name: stable key of JSON and Prometheus
 * @title: for people
 * @send: on the way out
 * @rate: what passes, an expression of facts; NULL where nothing counts it
 * @waits: what waits there, an expression of facts; may be NULL
 * @note: writes who runs it and what must be computed
 */
struct station {
	const char *name, *title;
	bool send;
	const char *rate, *waits;
	void (*note)(const struct sight *s, char *to, size_t room);
};

extern const struct station stations[STATIONS];

/**
 * struct figure - a number that has to be computed from others
 * @name: stable key of JSON and Prometheus
 * @over: numerator, an expression of facts
 * @under: denominator
 */
struct figure {
	const char *name, *over, *under;
};

extern const struct figure figures[];
/* Return: the ratio, or -1 if nothing passed */
double figure_value(const struct figure *f, const struct sight *s);

#endif
