/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NETPATH_KNOB_H
#define NETPATH_KNOB_H

#include "facts.h"

/**
 * struct knob - a setting, how it is read and what is proposed for it
 * @name: how people know it
 * @now: fact with its present value; NULL if there is none to show, or for a sysctl
 * @floor: the least that is proposed
 * @unit: of the setting, for each packet that was lost
 * @most: fact with the largest value possible; NULL if there is none
 * @cap: the most that is proposed
 * @value: proposed instead of a computed number
 * @command: %D is the device, %K the kind of its qdisc, %N the name, %V the value
 *
 * A proposal is at least twice what the setting is now. There is none if it is at its
 * most, or has @value already.
 */
struct knob {
	const char *name, *now;
	uint64_t floor, unit;
	const char *most;
	uint64_t cap;
	const char *value;
	const char *command;
};

/**
 * struct proposal - a command that may end a loss
 * @name: of the knob
 * @now: its present value, "" if it has none
 * @then: the value proposed, "" if the command has none
 * @command: to type
 */
struct proposal {
	char name[48], now[64], then[64], command[160];
};

/* Names of all knobs, for the loss table to refer to */
const struct knob *knob_find(const char *name);
/* Return: whether there is something to propose */
bool knob_propose(const struct knob *k, const struct sight *s, uint64_t lost,
		  struct proposal *p);

/*
 * The sysctls that knobs and rules read, one for each @i from 0 on; DEV in a name stands
 * for the device. Return: NULL behind the last one
 */
const char *knob_sysctl(size_t i);

#endif
