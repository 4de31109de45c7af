/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NETPATH_SHOW_H
#define NETPATH_SHOW_H

#include <stdio.h>

#include "judge.h"

/* The page for people, at most 80 columns wide */
void show_text(FILE *to, const struct sight *s, const struct report *r);
/* One line of JSON; schema.json describes it */
void show_json(FILE *to, const struct sight *s, const struct report *r);
/* For the textfile collector of Prometheus */
void show_prometheus(FILE *to, const struct sight *s, const struct report *r);

/* All that is known about a loss, by its name, a drop reason or a counter. Return: 0, -1 */
int explain(FILE *to, const char *name);
enum list { LIST_TEXT, LIST_MAN, LIST_RST };
/* Every row of the table: as explain() has it, for the manual page or for the guide */
void explain_all(FILE *to, enum list how);

/*
 * Writes @text with a line break where column 80 would be passed, each line after the
 * first indented by @indent.
 */
void show_wrapped(FILE *to, int column, int indent, const char *text);

#endif
