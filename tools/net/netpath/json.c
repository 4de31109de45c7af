// SPDX-License-Identifier: GPL-2.0
/*
 * The report as one line of JSON. Keys are only ever added; "version" tells of the day on
 * which one is taken away.
 */
#include <inttypes.h>
#include <string.h>

#include "show.h"

#define VERSION 1

static void string(FILE *to, const char *text)
{
	fputc('"', to);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(to, "\\%c", *text);
		else if ((unsigned char)*text < ' ')
			fprintf(to, "\\u%04x", *text);
		else
			fputc(*text, to);
	}
	fputc('"', to);
}

static void key_string(FILE *to, const char *key, const char *text)
{
	fprintf(to, "\"%s\":", key);
	string(to, text);
}

static void station(FILE *to, const struct sight *s, const struct report *r, int id)
{
	const struct station *st = &stations[id];
	char note[128] = "";

	fputc('{', to);
	key_string(to, "name", st->name);
	fprintf(to, ",\"way\":\"%s\"", st->send ? "send" : "receive");
	if (st->rate && facts_any(s->after, st->rate)) {
		uint64_t n = sight_sum(s, st->rate);

		fprintf(to, ",\"packets\":%" PRIu64 ",\"per_second\":%.1f", n,
			n / (s->seconds > 0 ? s->seconds : 1));
	}
	if (st->waits && facts_any(s->after, st->waits))
		fprintf(to, ",\"waits\":%" PRIu64, facts_sum(s->after, st->waits));
	fprintf(to, ",\"lost\":%" PRIu64 ",", r->station_lost[id]);
	if (st->note)
		st->note(s, note, sizeof(note));
	key_string(to, "note", note);
	fputc('}', to);
}

static void culprits(FILE *to, const struct finding *f)
{
	int i;

	fputs("\"who\":[", to);
	for (i = 0; i < f->n_who; i++) {
		fputs(i ? ",{" : "{", to);
		key_string(to, "name", f->who[i].name);
		fprintf(to, ",\"lost\":%" PRIu64 "}", f->who[i].lost);
	}
	fputs("],", to);
}

static void commands(FILE *to, const struct finding *f)
{
	int i;

	fputs("\"cures\":[", to);
	for (i = 0; i < f->n_cures; i++) {
		fputs(i ? ",{" : "{", to);
		key_string(to, "knob", f->cures[i].name);
		fputc(',', to);
		key_string(to, "now", f->cures[i].now);
		fputc(',', to);
		key_string(to, "then", f->cures[i].then);
		fputc(',', to);
		key_string(to, "command", f->cures[i].command);
		fputc('}', to);
	}
	fputc(']', to);
}

static void finding(FILE *to, const struct sight *s, const struct finding *f)
{
	int lang = loss_language();

	fputc('{', to);
	key_string(to, "name", f->name);
	fputc(',', to);
	key_string(to, "station", stations[f->loss->station].name);
	fprintf(to, ",\"lost\":%" PRIu64 ",\"per_second\":%.1f,\"total\":%" PRIu64
		",\"counted\":%s,", f->lost, f->lost / (s->seconds > 0 ? s->seconds : 1), f->total,
		f->counted ? "true" : "false");
	key_string(to, "means", f->loss->means[lang]);
	fputc(',', to);
	key_string(to, "cure", f->loss->cure[lang]);
	fputc(',', to);
	key_string(to, "row", f->loss->row);
	fputc(',', to);
	culprits(to, f);
	commands(to, f);
	fputc('}', to);
}

static void findings(FILE *to, const char *key, const struct sight *s, const struct finding *all,
		     size_t n)
{
	size_t i;

	fprintf(to, ",\"%s\":[", key);
	for (i = 0; i < n; i++) {
		if (i)
			fputc(',', to);
		finding(to, s, &all[i]);
	}
	fputc(']', to);
}

static void device(FILE *to, const struct sight *s)
{
	static const char *const texts[] = { "driver", "kind", "netns", "kernel" };
	static const char *const numbers[] = { "up", "carrier", "mtu", "speed", "cpus", "uid" };
	char name[32];
	size_t i;

	key_string(to, "device", facts_string(s->after, "info/dev"));
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		snprintf(name, sizeof(name), "info/%s", texts[i]);
		fputc(',', to);
		key_string(to, texts[i], facts_string(s->after, name));
	}
	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		snprintf(name, sizeof(name), "info/%s", numbers[i]);
		if (facts_find(s->after, name))
			fprintf(to, ",\"%s\":%" PRIu64, numbers[i], facts_value(s->after, name));
	}
}

static void ratios(FILE *to, const struct sight *s)
{
	const struct figure *f;
	bool first = true;

	fputs(",\"figures\":{", to);
	for (f = figures; f->name; f++) {
		double value = figure_value(f, s);

		if (value < 0)
			continue;
		fprintf(to, "%s\"%s\":%.4f", first ? "" : ",", f->name, value);
		first = false;
	}
	fputc('}', to);
}

static void balances(FILE *to, const struct report *r)
{
	int i;

	fputs(",\"sums\":[", to);
	for (i = 0; i < r->n_balances; i++) {
		const struct balance *b = &r->balance[i];

		fprintf(to, "%s{\"name\":\"%s\",\"in\":%" PRIu64 ",\"delivered\":%" PRIu64
			",\"held\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"unexplained\":%" PRIu64 "}",
			i ? "," : "", b->name, b->in, b->out, b->held, b->lost, b->unexplained);
	}
	fputc(']', to);
}

static void blind_spots(FILE *to, const struct sight *s)
{
	static const char blind[] = "blind/";
	size_t first = facts_first(s->after, blind), i;

	fputs(",\"blind\":[", to);
	for (i = first; facts_is(s->after, i, blind); i++) {
		fputs(i > first ? ",{" : "{", to);
		key_string(to, "station", s->after->fact[i].name + strlen(blind));
		fputc(',', to);
		key_string(to, "why", s->after->fact[i].text ? s->after->fact[i].text : "");
		fputc('}', to);
	}
	fputc(']', to);
}

void show_json(FILE *to, const struct sight *s, const struct report *r)
{
	int i;

	fprintf(to, "{\"version\":%d,", VERSION);
	device(to, s);
	fprintf(to, ",\"seconds\":%.3f,\"stations\":[", s->seconds);
	for (i = 0; i < STATIONS; i++) {
		if (i)
			fputc(',', to);
		station(to, s, r, i);
	}
	fputc(']', to);
	findings(to, "losses", s, r->found, r->n_now);
	findings(to, "earlier", s, r->found + r->n_now, r->n - r->n_now);
	findings(to, "harmless", s, r->harmless, r->n_harmless);
	ratios(to, s);
	balances(to, r);
	blind_spots(to, s);
	fputs("}\n", to);
	fflush(to);
}
