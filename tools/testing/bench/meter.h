/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The marks between which the plugin meter.c counts: "nopl NUMBER(%rax,%rax,1)", at which
 * a processor does nothing, and the number of which says which mark it is.
 */
#ifndef METER_H
#define METER_H

#define METER_NOP	"\x0f\x1f\x84\x00"
#define METER_NOP_LEN	4
#define METER_BEGIN	0x7467e001u
#define METER_END	0x7467e002u

static inline void meter_begin(void)
{
	__asm__ volatile(".byte 0x0f, 0x1f, 0x84, 0x00; .long 0x7467e001" : : : "memory");
}

static inline void meter_end(void)
{
	__asm__ volatile(".byte 0x0f, 0x1f, 0x84, 0x00; .long 0x7467e002" : : : "memory");
}

#endif
