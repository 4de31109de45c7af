// SPDX-License-Identifier: GPL-2.0
/*
 * What was read, as a set of names with a number or a text each, and what changed
 * between two such sets.
 */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"

#define TERM 128

void *must(void *memory)
{
	if (!memory) {
		fputs("netpath: no memory\n", stderr);
		exit(1);
	}
	return memory;
}

static struct fact *facts_new(struct facts *f, const char *fmt, va_list args)
{
	struct fact *new;

	if (f->n == f->room) {
		f->room = f->room ? 2 * f->room : 1024;
		f->fact = must(realloc(f->fact, f->room * sizeof(*f->fact)));
	}
	new = &f->fact[f->n];
	memset(new, 0, sizeof(*new));
	if (vasprintf(&new->name, fmt, args) < 0)
		must(NULL);
	f->n++;
	return new;
}

void facts_add(struct facts *f, uint64_t value, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	facts_new(f, fmt, args)->value = value;
	va_end(args);
}

void facts_text(struct facts *f, const char *text, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	facts_new(f, fmt, args)->text = must(strdup(text));
	va_end(args);
}

static int by_name(const void *a, const void *b)
{
	const struct fact *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void fact_free(struct fact *fact)
{
	free(fact->name);
	free(fact->text);
}

void facts_sort(struct facts *f)
{
	size_t i, to = 0;

	if (!f->n)
		return;
	qsort(f->fact, f->n, sizeof(*f->fact), by_name);
	for (i = 1; i < f->n; i++) {
		if (strcmp(f->fact[i].name, f->fact[to].name)) {
			f->fact[++to] = f->fact[i];
			continue;
		}
		f->fact[to].value += f->fact[i].value;
		fact_free(&f->fact[i]);
	}
	f->n = to + 1;
}

void facts_free(struct facts *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		fact_free(&f->fact[i]);
	free(f->fact);
	memset(f, 0, sizeof(*f));
}

/* The first fact that is not before @name */
static size_t lower_bound(const struct facts *f, const char *name)
{
	size_t low = 0, high = f->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (strcmp(f->fact[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct fact *facts_find(const struct facts *f, const char *name)
{
	size_t i = lower_bound(f, name);

	if (i == f->n || strcmp(f->fact[i].name, name))
		return NULL;
	return &f->fact[i];
}

uint64_t facts_value(const struct facts *f, const char *name)
{
	const struct fact *fact = facts_find(f, name);

	return fact ? fact->value : 0;
}

const char *facts_string(const struct facts *f, const char *name)
{
	const struct fact *fact = facts_find(f, name);

	return fact && fact->text ? fact->text : "";
}

bool facts_is(const struct facts *f, size_t i, const char *prefix)
{
	return i < f->n && !strncmp(f->fact[i].name, prefix, strlen(prefix));
}

size_t facts_first(const struct facts *f, const char *prefix)
{
	size_t i = lower_bound(f, prefix);

	return facts_is(f, i, prefix) ? i : f->n;
}

/* A counter that went back was made anew, as that of a replaced qdisc is. */
static uint64_t grown(uint64_t before, uint64_t after)
{
	return after < before ? after : after - before;
}

uint64_t sight_delta(const struct sight *s, const char *name)
{
	return grown(facts_value(s->before, name), facts_value(s->after, name));
}

/* How many facts of @after match @term; *@sum gets what they grew by since @before. */
static int term_sum(const struct facts *before, const struct facts *after, const char *term,
		    uint64_t *sum)
{
	static const struct facts none;
	const struct fact *fact;
	char prefix[TERM];
	int n = 0;
	size_t i;

	*sum = 0;
	if (!before)
		before = &none;
	if (!strchr(term, '*')) {
		fact = facts_find(after, term);
		if (fact)
			*sum = grown(facts_value(before, term), fact->value);
		return !!fact;
	}
	snprintf(prefix, sizeof(prefix), "%.*s", (int)strcspn(term, "*"), term);
	for (i = facts_first(after, prefix); facts_is(after, i, prefix); i++) {
		fact = &after->fact[i];
		if (fnmatch(term, fact->name, FNM_PATHNAME))
			continue;
		*sum += grown(facts_value(before, fact->name), fact->value);
		n++;
	}
	return n;
}

static int expr_sum(const struct facts *before, const struct facts *after, const char *expr,
		    uint64_t *sum)
{
	int64_t total = 0;
	char term[TERM];
	uint64_t value;
	int sign = 1, found = 0, n = 0;
	bool instead = false;

	while (*expr) {
		size_t len = strcspn(expr, " ");

		snprintf(term, sizeof(term), "%.*s", (int)len, expr);
		expr += len + strspn(expr + len, " ");
		if (!strcmp(term, "+") || !strcmp(term, "-")) {
			sign = *term == '+' ? 1 : -1;
			continue;
		}
		if (!strcmp(term, "|")) {
			instead = true;
			continue;
		}
		if (!instead || !found) {
			found = term_sum(before, after, term, &value);
			total += sign * (int64_t)value;
			n += found;
		}
		instead = false;
	}
	*sum = total > 0 ? (uint64_t)total : 0;
	return n;
}

uint64_t sight_sum(const struct sight *s, const char *expr)
{
	uint64_t sum;

	expr_sum(s->before, s->after, expr, &sum);
	return sum;
}

uint64_t facts_sum(const struct facts *f, const char *expr)
{
	uint64_t sum;

	expr_sum(NULL, f, expr, &sum);
	return sum;
}

bool facts_any(const struct facts *f, const char *expr)
{
	uint64_t sum;

	return expr_sum(NULL, f, expr, &sum) > 0;
}

void facts_record(const struct facts *f, FILE *to)
{
	size_t i;

	fprintf(to, "at %.6f\n", f->when);
	for (i = 0; i < f->n; i++) {
		if (f->fact[i].text)
			fprintf(to, "%s = %s\n", f->fact[i].name, f->fact[i].text);
		else
			fprintf(to, "%s %" PRIu64 "\n", f->fact[i].name, f->fact[i].value);
	}
	fputs("end\n", to);
}

static bool replay_line(struct facts *f, char *line)
{
	char *equals = strstr(line, " = ");
	char *space, *end;
	uint64_t value;

	if (equals) {
		*equals = '\0';
		facts_text(f, equals + 3, "%s", line);
		return true;
	}
	space = strrchr(line, ' ');
	if (!space || space == line)
		return false;
	value = strtoull(space + 1, &end, 10);
	if (end == space + 1 || *end)
		return false;
	*space = '\0';
	facts_add(f, value, "%s", line);
	return true;
}

int facts_replay(struct facts *f, FILE *from, int *line)
{
	char *text = NULL;
	size_t room = 0;
	bool inside = false;
	int done = 0;

	while (!done && getline(&text, &room, from) > 0) {
		++*line;
		text[strcspn(text, "\n")] = '\0';
		if (!*text || *text == '#')
			continue;
		if (!inside)
			inside = sscanf(text, "at %lf", &f->when) == 1;
		else if (!strcmp(text, "end"))
			done = 1;
		else if (!replay_line(f, text))
			inside = false;
		if (!inside)
			done = -1;
	}
	if (inside && !done)
		done = -1;
	free(text);
	facts_sort(f);
	return done;
}
