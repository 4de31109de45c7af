// SPDX-License-Identifier: GPL-2.0
/*
 * A QEMU TCG plugin that counts exactly: instructions and device accesses of the guest
 * between two marks.
 *
 * A mark is an instruction that does nothing, a long nop with a number in it (meter.h).
 * Code is counted by translation block; in modules, which lie above the kernel's image,
 * by instruction, and there each access to a device is counted too. Under -icount the
 * counts repeat. Each pair of marks makes one file DIR/phase.N with lines of these forms:
 *
 *	T ADDRESS INSTRUCTIONS TIMES		a block (or an instruction) was run so often
 *	M ADDRESS r|w PHYSICAL TIMES		an instruction has accessed a device register
 *
 * Arguments: dir=DIR.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meter.h"
#include "qemu_plugin.h"

#define EXPORT	__attribute__((visibility("default")))

EXPORT int qemu_plugin_version = 7;

/* ---- counters ---- */

#define BLOCKS_MAX	1048576u
#define HASH_SIZE	(BLOCKS_MAX * 2)
#define ACCESSES_MAX	16384u

/* Where x86-64 puts modules; the kernel's image is below */
#define MODULES_START	0xffffffffc0000000ull
#define MODULES_END	0xffffffffff000000ull

static struct block {
	uint64_t vaddr;
	uint64_t before;	/* value at the first mark */
	uint32_t insns;
} blocks[BLOCKS_MAX];
static uint32_t n_blocks = 1, hash[HASH_SIZE];

static struct access {
	uint64_t pc;
	uint64_t phys;
	uint64_t times;
	bool store;
} accesses[ACCESSES_MAX];
static unsigned int n_accesses;

static struct qemu_plugin_scoreboard *score;
static char dir[256] = ".";
static unsigned int phase;
static bool counting;

static struct qemu_u64 counter(uint32_t i)
{
	return (struct qemu_u64){ score, (size_t)i * sizeof(uint64_t) };
}

/* Code that is translated anew goes on with its old counter */
static uint32_t find_block(uint64_t vaddr, uint32_t insns)
{
	uint64_t h = (vaddr * 0x9e3779b97f4a7c15ull + insns) >> 20;

	for (;; h++) {
		uint32_t *slot = &hash[h % HASH_SIZE];
		const struct block *b = &blocks[*slot];

		if (*slot && (b->vaddr != vaddr || b->insns != insns))
			continue;
		if (!*slot) {
			if (n_blocks == BLOCKS_MAX) {
				fprintf(stderr, "meter: more than %u blocks\n", BLOCKS_MAX);
				exit(1);
			}
			blocks[n_blocks] = (struct block){ .vaddr = vaddr, .insns = insns };
			*slot = n_blocks++;
		}
		return *slot;
	}
}

static void on_access(unsigned int cpu, uint32_t info, uint64_t vaddr, void *user)
{
	const struct qemu_plugin_hwaddr *hw = qemu_plugin_get_hwaddr(info, vaddr);
	struct access new = { .pc = (uintptr_t)user, .times = 1 };

	(void)cpu;
	if (!counting || !hw || !qemu_plugin_hwaddr_is_io(hw))
		return;
	new.phys = qemu_plugin_hwaddr_phys_addr(hw);
	new.store = qemu_plugin_mem_is_store(info);
	for (unsigned int i = 0; i < n_accesses; i++) {
		struct access *a = &accesses[i];

		if (a->pc == new.pc && a->phys == new.phys && a->store == new.store) {
			a->times++;
			return;
		}
	}
	if (n_accesses < ACCESSES_MAX)
		accesses[n_accesses++] = new;
}

static void write_phase(void)
{
	char name[sizeof(dir) + 32];
	FILE *f;

	snprintf(name, sizeof(name), "%s/phase.%u", dir, ++phase);
	f = fopen(name, "w");
	if (!f) {
		perror(name);
		exit(1);
	}
	for (uint32_t i = 1; i < n_blocks; i++) {
		uint64_t times = qemu_plugin_u64_sum(counter(i)) - blocks[i].before;

		if (times)
			fprintf(f, "T %" PRIx64 " %u %" PRIu64 "\n", blocks[i].vaddr,
				blocks[i].insns, times);
	}
	for (unsigned int i = 0; i < n_accesses; i++) {
		const struct access *a = &accesses[i];

		fprintf(f, "M %" PRIx64 " %c %" PRIx64 " %" PRIu64 "\n", a->pc,
			a->store ? 'w' : 'r', a->phys, a->times);
	}
	if (fclose(f)) {
		perror(name);
		exit(1);
	}
}

static void on_mark(unsigned int cpu, void *user)
{
	bool begin = (uintptr_t)user == METER_BEGIN;

	(void)cpu;
	if (begin == counting) {
		fprintf(stderr, "meter: a mark does not go with the one before it\n");
		exit(1);
	}
	counting = begin;
	if (!begin) {
		write_phase();
		return;
	}
	n_accesses = 0;
	for (uint32_t i = 1; i < n_blocks; i++)
		blocks[i].before = qemu_plugin_u64_sum(counter(i));
}

/* Returns the number in a mark, 0 for any other instruction */
static uint32_t mark_number(const struct qemu_plugin_insn *insn)
{
	uint8_t bytes[METER_NOP_LEN + sizeof(uint32_t)];
	uint32_t number;

	if (qemu_plugin_insn_data(insn, bytes, sizeof(bytes)) != sizeof(bytes) ||
	    memcmp(bytes, METER_NOP, METER_NOP_LEN))
		return 0;
	memcpy(&number, bytes + METER_NOP_LEN, sizeof(number));
	return number == METER_BEGIN || number == METER_END ? number : 0;
}

static void count_insn(struct qemu_plugin_insn *insn, uint64_t pc)
{
	qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, INLINE_ADD_U64,
							    counter(find_block(pc, 1)), 1);
	qemu_plugin_register_vcpu_mem_cb(insn, on_access, CB_NO_REGS, MEM_RW,
					 (void *)(uintptr_t)pc);
}

static void on_translation(struct qemu_plugin_tb *tb, void *user)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	uint64_t at = qemu_plugin_tb_vaddr(tb);
	bool module = at >= MODULES_START && at < MODULES_END;

	(void)user;
	if (!module)
		qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, INLINE_ADD_U64,
								  counter(find_block(at, n)), 1);
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint32_t number = mark_number(insn);

		if (module)
			count_insn(insn, qemu_plugin_insn_vaddr(insn));
		if (number)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, CB_NO_REGS,
							       (void *)(uintptr_t)number);
	}
}

EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "dir=", 4)) {
			fprintf(stderr, "meter: unknown argument '%s'\n", argv[i]);
			return -1;
		}
		snprintf(dir, sizeof(dir), "%s", argv[i] + 4);
	}
	score = qemu_plugin_scoreboard_new((size_t)BLOCKS_MAX * sizeof(uint64_t));
	qemu_plugin_register_vcpu_tb_trans_cb(id, (void *)on_translation, NULL);
	return 0;
}
