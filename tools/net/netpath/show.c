// SPDX-License-Identifier: GPL-2.0
/*
 * The page for people: the stations top to bottom, the losses worst first, the sums.
 */
#include <inttypes.h>
#include <string.h>

#include "show.h"

#define WIDTH 80
#define NOTE 33

/* Length in bytes of the character at @c; *@columns is how wide it is. */
static int character(const char *c, int *columns)
{
	unsigned char first = *c;
	int len = 1;

	*columns = 1;
	if (first >= 0xf0)
		len = 4;
	else if (first >= 0xe0)
		len = 3;
	else if (first >= 0xc0)
		len = 2;
	/* from Hangul and CJK on, as far as our texts go */
	if (first >= 0xe2)
		*columns = 2;
	return len;
}

/* The part of @text that is not to be broken: a word, or one wide character */
static int unbroken(const char *text, int *columns)
{
	int len = 0, width;

	*columns = 0;
	while (text[len] && text[len] != ' ') {
		int one = character(text + len, &width);

		if (width == 2 && len)
			break;
		len += one;
		*columns += width;
		if (width == 2)
			break;
	}
	return len;
}

void show_wrapped(FILE *to, int column, int indent, const char *text)
{
	bool space = false;

	while (*text) {
		int columns, len;

		if (*text == ' ') {
			space = true;
			text++;
			continue;
		}
		len = unbroken(text, &columns);
		if (column + space + columns > WIDTH && column > indent) {
			fprintf(to, "\n%*s", indent, "");
			column = indent;
			space = false;
		}
		column += fprintf(to, "%s%.*s", space ? " " : "", len, text) - len + columns;
		space = false;
		text += len;
	}
	fputc('\n', to);
}

/* 1234567 as 1,234,567; short of nine columns as long as it can be */
static const char *grouped(uint64_t value, char *to, size_t room)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, value), i, at = 0;

	for (i = 0; i < len && (size_t)at + 2 < room; i++) {
		if (i && (len - i) % 3 == 0)
			to[at++] = ',';
		to[at++] = digits[i];
	}
	to[at] = '\0';
	return to;
}

static void show_head(FILE *to, const struct sight *s)
{
	const struct facts *f = s->after;
	uint64_t speed = facts_value(f, "info/speed");
	const char *driver = facts_string(f, "info/driver"), *netns = facts_string(f, "info/netns");
	const char *state = "up";
	char text[256];
	int at;

	if (!facts_value(f, "info/up"))
		state = "down";
	else if (!facts_value(f, "info/carrier"))
		state = "no carrier";
	at = snprintf(text, sizeof(text), "%s%s%s: %s, %s, ", facts_string(f, "info/dev"),
		      *netns ? " in " : "", netns, *driver ? driver : facts_string(f, "info/kind"),
		      state);
	if (speed && speed < UINT32_MAX)
		at += snprintf(text + at, sizeof(text) - at, "%" PRIu64 " Mb/s, ", speed);
	snprintf(text + at, sizeof(text) - at, "kernel %s, %.1f s",
		 facts_string(f, "info/kernel"), s->seconds);
	show_wrapped(to, 0, 2, text);
}

static void show_number(FILE *to, int width, bool known, uint64_t value)
{
	char text[32];

	fprintf(to, " %*s", width, known ? grouped(value, text, sizeof(text)) : ".");
}

static void show_station(FILE *to, const struct sight *s, const struct report *r, int id)
{
	const struct station *st = &stations[id];
	bool counts = st->rate && facts_any(s->after, st->rate);
	double seconds = s->seconds > 0 ? s->seconds : 1;
	char note[128] = "";

	fprintf(to, "%-14s", st->title);
	show_number(to, 11, counts, counts ? sight_sum(s, st->rate) / seconds + 0.5 : 0);
	show_number(to, 9, st->waits && facts_any(s->after, st->waits),
		    st->waits ? facts_sum(s->after, st->waits) : 0);
	show_number(to, 8, r->station_lost[id], r->station_lost[id]);
	if (st->note)
		st->note(s, note, sizeof(note));
	fprintf(to, *note ? "  %.*s\n" : "\n", NOTE, note);
}

static void show_stations(FILE *to, const struct sight *s, const struct report *r)
{
	bool send = false;
	int i;

	fprintf(to, "%-14s %11s %9s %8s\n", "RECEIVE", "a second", "waits", "lost");
	for (i = 0; i < STATIONS; i++) {
		if (stations[i].send && !send)
			fputs("SEND\n", to);
		send = stations[i].send;
		show_station(to, s, r, i);
	}
}

/* "  who   " and the text */
static void show_line(FILE *to, const char *what, const char *text)
{
	fprintf(to, "  %-5s ", what);
	show_wrapped(to, 8, 8, text);
}

static void show_finding(FILE *to, const struct finding *f)
{
	char number[32], total[32], text[224];
	int i, lang = loss_language();

	fprintf(to, "\nLOST %s at %s: %s (%s in all)\n", grouped(f->lost, number, sizeof(number)),
		stations[f->loss->station].title, f->name,
		grouped(f->total, total, sizeof(total)));
	fputs("        ", to);
	show_wrapped(to, 8, 8, f->loss->means[lang]);
	for (i = 0; i < f->n_who; i++) {
		snprintf(text, sizeof(text), "%s: %" PRIu64, f->who[i].name, f->who[i].lost);
		show_line(to, i ? "" : "who", text);
	}
	show_line(to, "cure", f->loss->cure[lang]);
	for (i = 0; i < f->n_cures; i++) {
		if (*f->cures[i].now) {
			snprintf(text, sizeof(text), "%s = %s", f->cures[i].name, f->cures[i].now);
			show_line(to, "now", text);
		}
		fprintf(to, "  type  %s\n", f->cures[i].command);
	}
}

static void show_balance(FILE *to, const struct balance *b)
{
	char in[32], out[32], held[32], lost[32], unexplained[32], text[256];

	snprintf(text, sizeof(text), "%s: %s in = %s on + %s%s%s lost + %s unexplained", b->name,
		 grouped(b->in, in, sizeof(in)), grouped(b->out, out, sizeof(out)),
		 b->held ? grouped(b->held, held, sizeof(held)) : "",
		 b->held ? " fragments joined + " : "", grouped(b->lost, lost, sizeof(lost)),
		 grouped(b->unexplained, unexplained, sizeof(unexplained)));
	show_line(to, "sum", text);
}

static void show_list(FILE *to, const char *what, const struct finding *all, size_t n, bool total)
{
	char text[1024] = "", number[32];
	size_t i, at = 0;

	for (i = 0; i < n && at < sizeof(text); i++) {
		at += snprintf(text + at, sizeof(text) - at, "%s%s %s", i ? ", " : "", all[i].name,
			       grouped(total ? all[i].total : all[i].lost, number, sizeof(number)));
	}
	if (n) {
		fprintf(to, "  %s ", what);
		show_wrapped(to, 3 + strlen(what), 8, text);
	}
}

void show_text(FILE *to, const struct sight *s, const struct report *r)
{
	static const char blind[] = "blind/";
	char text[256];
	size_t i;

	show_head(to, s);
	fputc('\n', to);
	show_stations(to, s, r);
	for (i = 0; i < r->n_now; i++)
		show_finding(to, &r->found[i]);
	fputs(r->n_now ? "\n" : "\nNo loss.\n", to);
	for (i = 0; i < (size_t)r->n_balances; i++)
		show_balance(to, &r->balance[i]);
	show_list(to, "no loss:", r->harmless, r->n_harmless, false);
	show_list(to, "earlier:", r->found + r->n_now, r->n - r->n_now, true);
	for (i = facts_first(s->after, blind); facts_is(s->after, i, blind); i++) {
		snprintf(text, sizeof(text), "%s: %s", s->after->fact[i].name + strlen(blind),
			 s->after->fact[i].text);
		show_line(to, "blind", text);
	}
}
