// SPDX-License-Identifier: GPL-2.0
/*
 * What the loss table knows, in words: one row for --explain, all of them for the manual
 * page and the guide.
 */
#include <string.h>
#include <strings.h>

#include "show.h"

/* Whether @name is a word of @text; words end at ' ', '/', '@' or '*'. */
static bool has_word(const char *text, const char *name)
{
	size_t len = strlen(name);

	while (text && *text) {
		size_t word = strcspn(text, " /@*");

		if (word == len && !strncasecmp(text, name, len))
			return true;
		text += word;
		text += strspn(text, " /@*");
	}
	return false;
}

static const struct loss *find(const char *name)
{
	static const char prefix[] = "SKB_DROP_REASON_";
	const struct loss *loss;
	size_t i;

	if (!strncmp(name, prefix, strlen(prefix)))
		name += strlen(prefix);
	loss = loss_find(name);
	for (i = 0; i < n_losses && !loss; i++) {
		if (has_word(losses[i].count, name) || has_word(losses[i].events, name))
			loss = &losses[i];
	}
	/* nstat's names have the group in front, those of /proc/net/netstat do not */
	for (i = 0; i < n_losses && !loss; i++) {
		const char *at = losses[i].count ? strstr(losses[i].count, name) : NULL;

		if (at && (!at[strlen(name)] || at[strlen(name)] == ' '))
			loss = &losses[i];
	}
	return loss;
}

static void line(FILE *to, const char *what, const char *text)
{
	fprintf(to, "%-9s", what);
	show_wrapped(to, 9, 9, text);
}

/* With words in place of what a machine would put in */
static void command(FILE *to, const struct knob *k)
{
	const char *c;

	for (c = k->command; *c; c++) {
		if (*c != '%') {
			fputc(*c, to);
			continue;
		}
		switch (*++c) {
		case 'D':
			fputs("DEV", to);
			break;
		case 'K':
			fputs("KIND", to);
			break;
		case 'N':
			fputs(k->name, to);
			break;
		default:
			fputs("N", to);
		}
	}
	fputc('\n', to);
}

static void explain_row(FILE *to, const struct loss *loss)
{
	int i, lang = loss_language();

	fprintf(to, "%s, at %s%s\n", loss->name, stations[loss->station].title,
		loss->harmless ? " (no loss)" : "");
	line(to, "meaning", loss->means[lang]);
	line(to, "cure", loss->cure[lang]);
	for (i = 0; i < LOSS_KNOBS && loss->knobs[i]; i++) {
		fprintf(to, "%-9s", "command");
		command(to, knob_find(loss->knobs[i]));
	}
	if (loss->count)
		line(to, "counters", loss->count);
	if (loss->events)
		line(to, "events", loss->events);
	if (loss->when)
		line(to, "only if", loss->when);
	if (loss->unless)
		line(to, "unless", loss->unless);
	if (*loss->row)
		line(to, "shown as", loss->row);
}

int explain(FILE *to, const char *name)
{
	const struct loss *loss = find(name);

	if (loss)
		explain_row(to, loss);
	return loss ? 0 : -1;
}

static void row_of_man(FILE *to, const struct loss *loss)
{
	fprintf(to, ".TP\n.B %s\n%s\n%s\n", loss->name, loss->means[0], loss->cure[0]);
}

static void row_of_guide(FILE *to, const struct loss *loss, int lang)
{
	int i;

	fprintf(to, "\n``%s``\n  %s\n  %s\n", loss->name, loss->means[lang], loss->cure[lang]);
	for (i = 0; i < LOSS_KNOBS && loss->knobs[i]; i++) {
		fputs("\n  ::\n\n    ", to);
		command(to, knob_find(loss->knobs[i]));
	}
}

void explain_all(FILE *to, enum list how)
{
	int id, lang = loss_language();
	bool man = how == LIST_MAN;
	size_t i;

	for (id = 0; id < STATIONS; id++) {
		bool first = true;

		for (i = 0; i < n_losses; i++) {
			if ((int)losses[i].station != id)
				continue;
			if (first && man)
				fprintf(to, ".SS At %s%s\n", stations[id].title,
					stations[id].send ? ", sending" : "");
			first = false;
			if (man)
				row_of_man(to, &losses[i]);
			else if (how == LIST_TEXT)
				explain_row(to, &losses[i]);
			else
				row_of_guide(to, &losses[i], lang);
		}
	}
}
