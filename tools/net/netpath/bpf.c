// SPDX-License-Identifier: GPL-2.0
/*
 * Loads the programs of bpf/path.bpf.c, gives their numbers names, and goes on with what
 * works where some of it does not.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "bpf.h"
#include "path.h"
#include "path.skel.h"

#define PROGRAMS 3
#define SUBSYSTEM_SHIFT 16

/* Names of functions, ordered by address */
static struct symbol {
	uint64_t address;
	char *name;
} *symbols;
static size_t n_symbols;

/* The kernel's own type information, and that of each module that was asked for */
static struct btf *vmlinux;

/* libbpf says what went wrong, but in ten lines of its own */
static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	if (getenv("NETPATH_DEBUG"))
		return vfprintf(stderr, fmt, args);
	(void)level;
	return 0;
}

static void each_program(const struct path_bpf *skel, struct bpf_program **to)
{
	to[0] = skel->progs.on_drop;
	to[1] = skel->progs.on_queue;
	to[2] = skel->progs.on_xmit;
}

/* Return: the skeleton with those programs loaded that @wanted has a bit for, or NULL */
static struct path_bpf *load(const struct watch *w, unsigned int wanted)
{
	struct path_bpf *skel = path_bpf__open();
	struct bpf_program *all[PROGRAMS];
	int i;

	if (!skel)
		return NULL;
	skel->bss->device = w->ifindex;
	each_program(skel, all);
	for (i = 0; i < PROGRAMS; i++)
		bpf_program__set_autoload(all[i], wanted & 1 << i);
	if (path_bpf__load(skel)) {
		int error = errno;

		path_bpf__destroy(skel);
		errno = error;
		return NULL;
	}
	return skel;
}

/* Leaves out, one by one, what this kernel does not take. */
static struct path_bpf *load_what_works(struct probes *p, const struct watch *w)
{
	unsigned int works = 0, i;
	struct path_bpf *skel;

	skel = load(w, (1 << PROGRAMS) - 1);
	if (skel)
		return skel;
	for (i = 0; i < PROGRAMS; i++) {
		skel = load(w, 1 << i);
		if (skel) {
			works |= 1 << i;
			path_bpf__destroy(skel);
		}
	}
	if (!works) {
		snprintf(p->why, sizeof(p->why), "the kernel takes no BPF programs: %s",
			 strerror(errno));
		return NULL;
	}
	return load(w, works);
}

static void attach(struct probes *p)
{
	static const char *const what[PROGRAMS] = { "drop reasons", "qdisc delay", "qdisc delay" };
	struct bpf_program *all[PROGRAMS];
	struct bpf_link **links[PROGRAMS] = {
		&p->skel->links.on_drop, &p->skel->links.on_queue, &p->skel->links.on_xmit
	};
	int i;

	each_program(p->skel, all);
	for (i = 0; i < PROGRAMS; i++) {
		*links[i] = bpf_program__attach(all[i]);
		if (*links[i] || strstr(p->failed, what[i]))
			continue;
		snprintf(p->failed + strlen(p->failed), sizeof(p->failed) - strlen(p->failed),
			 "%s%s", *p->failed ? ", " : "", what[i]);
	}
}

void probes_open(struct probes *p, const struct watch *w)
{
	libbpf_set_print(quiet);
	if (access("/sys/kernel/btf/vmlinux", R_OK)) {
		snprintf(p->why, sizeof(p->why), "this kernel has no BTF");
		return;
	}
	if (geteuid()) {
		snprintf(p->why, sizeof(p->why), "only root may attach BPF programs");
		return;
	}
	p->skel = load_what_works(p, w);
	if (!p->skel)
		return;
	attach(p);
	vmlinux = btf__load_vmlinux_btf();
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/* Read when the first drop has to be named, and not before */
static void read_symbols(void)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	size_t room = 0;
	char line[512], name[256], type;
	uint64_t address;

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%" SCNx64 " %c %255s", &address, &type, name) != 3 ||
		    !strchr("tTwW", type) || !address)
			continue;
		if (n_symbols == room) {
			room = room ? 2 * room : 1 << 16;
			symbols = must(realloc(symbols, room * sizeof(*symbols)));
		}
		symbols[n_symbols].address = address;
		symbols[n_symbols++].name = must(strdup(name));
	}
	fclose(file);
	qsort(symbols, n_symbols, sizeof(*symbols), by_address);
}

/* The function that holds @address, without what the compiler added to its name */
static void place_name(uint64_t address, char *to, size_t room)
{
	size_t low = 0, high;

	if (!symbols)
		read_symbols();
	high = n_symbols;
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (symbols[mid].address <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (low)
		snprintf(to, room, "%.*s", (int)strcspn(symbols[low - 1].name, "."),
			 symbols[low - 1].name);
	else
		snprintf(to, room, "0x%" PRIx64, address);
}

/* Looks for an enumerator with this value among those whose name has this prefix. */
static const char *enumerator(const struct btf *btf, const char *type, uint32_t value)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_ENUM), i;
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, id) : NULL;
	const struct btf_enum *e = t ? btf_enum(t) : NULL;

	for (i = 0; e && i < btf_vlen(t); i++) {
		if ((uint32_t)e[i].val == value)
			return btf__name_by_offset(btf, e[i].name_off);
	}
	return NULL;
}

static const char *module_enumerator(const char *module, const char *type, uint32_t value)
{
	/* kept: the name lies in it */
	static struct btf *of_module[4];
	static const char *names[4];
	size_t i;

	for (i = 0; i < 4; i++) {
		if (!names[i]) {
			names[i] = module;
			of_module[i] = btf__load_module_btf(module, vmlinux);
		}
		if (!strcmp(names[i], module))
			return of_module[i] ? enumerator(of_module[i], type, value) : NULL;
	}
	return NULL;
}

/* The reason by the running kernel's own names */
static void reason_name(uint32_t reason, char *to, size_t room)
{
	static const struct {
		const char *module, *type;
	} others[] = {
		{ NULL, "qdisc_drop_reason" },
		{ "mac80211", "mac80211_drop_reason" },
		{ "openvswitch", "ovs_drop_reason" },
	};
	static const char *const prefixes[] = { "SKB_DROP_REASON_", "SKB_" };
	const char *name = NULL;
	size_t i;

	if (vmlinux && !(reason >> SUBSYSTEM_SHIFT))
		name = enumerator(vmlinux, "skb_drop_reason", reason);
	for (i = 0; vmlinux && !name && reason >> SUBSYSTEM_SHIFT &&
	     i < sizeof(others) / sizeof(*others); i++)
		name = others[i].module ?
			module_enumerator(others[i].module, others[i].type, reason) :
			enumerator(vmlinux, others[i].type, reason);
	for (i = 0; name && i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			name += strlen(prefixes[i]);
	}
	if (name)
		snprintf(to, room, "%s", name);
	else
		snprintf(to, room, "REASON_%u_%u", reason >> SUBSYSTEM_SHIFT,
			 reason & ((1 << SUBSYSTEM_SHIFT) - 1));
}

static void read_drops(const struct probes *p, struct facts *f)
{
	int map = bpf_map__fd(p->skel->maps.drops);
	struct drop_key key, next;
	struct stat ns;
	uint64_t count;
	bool more;

	if (stat("/proc/thread-self/ns/net", &ns))
		ns.st_ino = 0;
	for (more = !bpf_map_get_next_key(map, NULL, &next); more;
	     more = !bpf_map_get_next_key(map, &key, &next)) {
		char reason[48], place[64];

		key = next;
		if (key.netns && key.netns != ns.st_ino)
			continue;
		if (bpf_map_lookup_elem(map, &key, &count))
			continue;
		reason_name(key.reason, reason, sizeof(reason));
		place_name(key.place, place, sizeof(place));
		facts_add(f, count, "drop/%s@%s", reason, place);
	}
	if (p->skel->bss->drops_missed)
		facts_add(f, p->skel->bss->drops_missed, "drop/TABLE_FULL@netpath");
}

static void time_text(double us, char *to, size_t room)
{
	if (us < 1000)
		snprintf(to, room, "%.0f us", us);
	else
		snprintf(to, room, "%.0f ms", us / 1000);
}

/* Upper ends of the slots that hold the median and the 99th in a hundred */
static void read_delays(const struct probes *p, struct facts *f)
{
	int cpus = libbpf_num_possible_cpus(), map = bpf_map__fd(p->skel->maps.delays), cpu;
	uint64_t *values, slots[PATH_DELAYS] = { 0 }, all = 0, seen = 0, half = 0, most = 0;
	char p50[24], p99[24], text[72];
	uint32_t slot;

	if (cpus <= 0)
		return;
	values = must(calloc(cpus, sizeof(*values)));
	for (slot = 0; slot < PATH_DELAYS; slot++) {
		if (bpf_map_lookup_elem(map, &slot, values))
			continue;
		for (cpu = 0; cpu < cpus; cpu++)
			slots[slot] += values[cpu];
		all += slots[slot];
	}
	free(values);
	if (!all)
		return;
	for (slot = 0; slot < PATH_DELAYS; slot++) {
		seen += slots[slot];
		if (!half && 2 * seen >= all)
			half = 1ULL << slot;
		if (!most && 100 * seen >= 99 * all)
			most = 1ULL << slot;
	}
	time_text(half, p50, sizeof(p50));
	time_text(most, p99, sizeof(p99));
	snprintf(text, sizeof(text), "p50 < %s, p99 < %s", p50, p99);
	facts_text(f, text, "delay/qdisc");
	facts_add(f, half, "delay/qdisc-p50-us");
	facts_add(f, most, "delay/qdisc-p99-us");
}

void probes_read(const struct probes *p, struct facts *f)
{
	if (!p->skel) {
		facts_text(f, p->why, "blind/events");
		return;
	}
	if (*p->failed)
		facts_text(f, p->failed, "blind/events");
	read_drops(p, f);
	read_delays(p, f);
}

void probes_close(struct probes *p)
{
	if (p->skel)
		path_bpf__destroy(p->skel);
	while (n_symbols)
		free(symbols[--n_symbols].name);
	free(symbols);
	btf__free(vmlinux);
}
