/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NETPATH_FACTS_H
#define NETPATH_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ATTRIBUTE(...) __attribute__((__VA_ARGS__))

/**
 * struct fact - one thing that was read, a number or a text
 * @name: path such as "softnet/dropped" or "sysctl/net.core.rmem_max"
 * @text: the text, NULL for a number
 * @value: the number
 */
struct fact {
	char *name;
	char *text;
	uint64_t value;
};

/**
 * struct facts - all that was read at one time
 * @fact: ordered by name once facts_sort() was called
 * @n: how many there are
 * @room: how many fit
 * @when: seconds, of a clock that does not jump
 *
 * The rules see nothing else, so that they run on recorded facts as well.
 */
struct facts {
	struct fact *fact;
	size_t n, room;
	double when;
};

/**
 * struct sight - what happened between two readings
 * @before: the older one
 * @after: the newer one
 * @seconds: time between them
 */
struct sight {
	const struct facts *before, *after;
	double seconds;
};

/* A name that was added before is added to: queues and CPUs sum up. */
ATTRIBUTE(format(printf, 3, 4))
void facts_add(struct facts *f, uint64_t value, const char *fmt, ...);
ATTRIBUTE(format(printf, 3, 4))
void facts_text(struct facts *f, const char *text, const char *fmt, ...);
void facts_sort(struct facts *f);
void facts_free(struct facts *f);

const struct fact *facts_find(const struct facts *f, const char *name);
uint64_t facts_value(const struct facts *f, const char *name);
const char *facts_string(const struct facts *f, const char *name);
/* Index of the first fact whose name begins with @prefix, or @f->n */
size_t facts_first(const struct facts *f, const char *prefix);
bool facts_is(const struct facts *f, size_t i, const char *prefix);

uint64_t sight_delta(const struct sight *s, const char *name);
/*
 * Sum of the terms of @expr, "a + b - c"; a term may hold wildcards, and "a | b" is b
 * where there is no a. Never below 0.
 */
uint64_t sight_sum(const struct sight *s, const char *expr);
uint64_t facts_sum(const struct facts *f, const char *expr);
/* Whether any of the terms of @expr was read at all */
bool facts_any(const struct facts *f, const char *expr);

void facts_record(const struct facts *f, FILE *to);
/* Return: 1 after a set of facts, 0 at the end of the file, -1 if @line is no fact */
int facts_replay(struct facts *f, FILE *from, int *line);

void *must(void *memory);

#endif
