// SPDX-License-Identifier: GPL-2.0
/*
 * The report in the text format of Prometheus, for a file of its textfile collector.
 */
#include <inttypes.h>

#include "show.h"

static void head(FILE *to, const char *name, const char *type, const char *help)
{
	fprintf(to, "# HELP netpath_%s %s\n# TYPE netpath_%s %s\n", name, help, name, type);
}

void show_prometheus(FILE *to, const struct sight *s, const struct report *r)
{
	const char *dev = facts_string(s->after, "info/dev");
	const struct figure *f;
	size_t i;
	int id;

	head(to, "lost_total", "counter", "Packets lost since the counters began, by loss.");
	for (i = 0; i < r->n; i++)
		fprintf(to, "netpath_lost_total{device=\"%s\",station=\"%s\",loss=\"%s\"} %" PRIu64
			"\n", dev, stations[r->found[i].loss->station].name, r->found[i].name,
			r->found[i].total);
	head(to, "packets_total", "counter", "Packets that passed a station.");
	for (id = 0; id < STATIONS; id++) {
		if (stations[id].rate && facts_any(s->after, stations[id].rate))
			fprintf(to, "netpath_packets_total{device=\"%s\",station=\"%s\"} %" PRIu64
				"\n", dev, stations[id].name,
				facts_sum(s->after, stations[id].rate));
	}
	head(to, "waits", "gauge", "What waits at a station: packets, or bytes in sockets.");
	for (id = 0; id < STATIONS; id++) {
		if (stations[id].waits && facts_any(s->after, stations[id].waits))
			fprintf(to, "netpath_waits{device=\"%s\",station=\"%s\"} %" PRIu64 "\n",
				dev, stations[id].name, facts_sum(s->after, stations[id].waits));
	}
	head(to, "ratio", "gauge", "Numbers of the last interval that no counter holds.");
	for (f = figures; f->name; f++) {
		double value = figure_value(f, s);

		if (value >= 0)
			fprintf(to, "netpath_ratio{device=\"%s\",name=\"%s\"} %.4f\n", dev, f->name,
				value);
	}
	head(to, "unexplained", "gauge", "Packets of the last interval that no counter explains.");
	for (id = 0; id < r->n_balances; id++)
		fprintf(to, "netpath_unexplained{device=\"%s\",sum=\"%s\"} %" PRIu64 "\n", dev,
			r->balance[id].name, r->balance[id].unexplained);
	fflush(to);
}
