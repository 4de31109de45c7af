// SPDX-License-Identifier: GPL-2.0
/*
 * Counters and settings from the text files of /proc. Those of the protocols belong to the
 * network namespace of the thread; softnet_stat, softirqs and interrupts to the machine.
 */
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "knob.h"
#include "src.h"

#define LINE (64 << 10)

/* /proc/net/snmp and netstat: a line of names, then a line of numbers */
static void read_pairs(struct facts *f, const char *path)
{
	char *names = must(malloc(LINE)), *values = must(malloc(LINE));
	FILE *file = fopen(path, "re");

	while (file && fgets(names, LINE, file) && fgets(values, LINE, file)) {
		char *more_names, *more_values;
		const char *name = strtok_r(names, "\n :", &more_names), *group = name;

		strtok_r(values, "\n :", &more_values);
		while (name) {
			const char *value = strtok_r(NULL, "\n ", &more_values);

			name = strtok_r(NULL, "\n ", &more_names);
			if (!name || !value)
				break;
			facts_add(f, strtoull(value, NULL, 10), "nstat/%s%s", group, name);
		}
	}
	if (file)
		fclose(file);
	free(names);
	free(values);
}

/* A name and a number a line */
static void read_snmp6(struct facts *f)
{
	FILE *file = fopen("/proc/thread-self/net/snmp6", "re");
	uint64_t value;
	char name[64];

	while (file && fscanf(file, "%63s %" SCNu64, name, &value) == 2)
		facts_add(f, value, "nstat/%s", name);
	if (file)
		fclose(file);
}

static void read_softnet(struct facts *f)
{
	static const struct {
		int column;
		const char *name;
	} columns[] = {
		{ 0, "processed" }, { 1, "dropped" }, { 2, "time_squeeze" },
		{ 9, "received_rps" }, { 10, "flow_limit" }, { 11, "backlog" },
	};
	FILE *file = fopen("/proc/thread-self/net/softnet_stat", "re");
	unsigned int value[16], cpu = 0, i;
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		char *at = line, *end;
		int n = 0;

		while (n < 16) {
			value[n] = strtoul(at, &end, 16);
			if (end == at)
				break;
			at = end;
			n++;
		}
		if (n > 12)
			cpu = value[12];
		for (i = 0; i < sizeof(columns) / sizeof(*columns); i++) {
			if (columns[i].column >= n)
				continue;
			facts_add(f, value[columns[i].column], "softnet/%s", columns[i].name);
			facts_add(f, value[columns[i].column], "softnet-cpu/%u/%s", cpu,
				  columns[i].name);
		}
		cpu++;
	}
	if (file)
		fclose(file);
}

/* Numbers of CPUs, in the order of the columns. Return: how many */
static int read_header(char *line, int *cpus, int room)
{
	int n = 0;
	const char *word;
	char *more;

	for (word = strtok_r(line, "\n ", &more); word && n < room;
	     word = strtok_r(NULL, "\n ", &more)) {
		if (!strncmp(word, "CPU", 3))
			cpus[n++] = atoi(word + 3);
	}
	return n;
}

#define MAX_CPUS 1024

static void read_softirqs(struct facts *f)
{
	FILE *file = fopen("/proc/softirqs", "re");
	char *line = must(malloc(LINE)), *end;
	int cpus[MAX_CPUS], n = 0, i;

	if (file && fgets(line, LINE, file))
		n = read_header(line, cpus, MAX_CPUS);
	while (file && fgets(line, LINE, file)) {
		const char *name = line + strspn(line, " "), *at;

		if (strncmp(name, "NET_RX:", 7) && strncmp(name, "NET_TX:", 7))
			continue;
		at = strchr(line, ':') + 1;
		for (i = 0; i < n; i++, at = end) {
			uint64_t value = strtoull(at, &end, 10);

			if (end == at)
				break;
			facts_add(f, value, "softirq/%.6s", name);
			facts_add(f, value, "softirq-cpu/%.6s/%d", name, cpus[i]);
		}
	}
	if (file)
		fclose(file);
	free(line);
}

/* One that the netdev family named, or, without it, one that bears the device's name */
static bool irq_of_device(const struct facts *named, const struct watch *w, const char *number,
			  const char *text)
{
	char name[32];

	if (facts_first(named, "napi-irq/") < named->n) {
		snprintf(name, sizeof(name), "napi-irq/%.*s", (int)strcspn(number, ":"), number);
		return facts_find(named, name);
	}
	return strstr(text, w->dev);
}

static void read_interrupts(struct facts *f, const struct watch *w)
{
	FILE *file = fopen("/proc/interrupts", "re");
	char *line = must(malloc(LINE)), *end;
	int cpus[MAX_CPUS], n = 0, i;
	struct facts irqs = { NULL };

	facts_sort(f);
	if (file && fgets(line, LINE, file))
		n = read_header(line, cpus, MAX_CPUS);
	while (file && fgets(line, LINE, file)) {
		const char *number = line + strspn(line, " "), *at;

		at = strchr(line, ':');
		if (!isdigit(*number) || !at || !irq_of_device(f, w, number, at))
			continue;
		at++;
		for (i = 0; i < n; i++, at = end) {
			uint64_t value = strtoull(at, &end, 10);

			if (end == at)
				break;
			facts_add(&irqs, value, "irq/total");
			facts_add(&irqs, value, "irq-cpu/%d", cpus[i]);
		}
	}
	for (i = 0; i < (int)irqs.n; i++)
		facts_add(f, irqs.fact[i].value, "%s", irqs.fact[i].name);
	facts_free(&irqs);
	if (file)
		fclose(file);
	free(line);
}

/* /proc/net/stat/X: names, then a line of hexadecimal numbers for each CPU */
static void read_stat(struct facts *f, const char *path, const char *prefix)
{
	FILE *file = fopen(path, "re");
	char names[512], values[512], *more_names, *more_values;

	if (!file)
		return;
	if (fgets(names, sizeof(names), file)) {
		while (fgets(values, sizeof(values), file)) {
			char *copy = must(strdup(names));
			const char *name, *value;

			name = strtok_r(copy, "\n ", &more_names);
			value = strtok_r(values, "\n ", &more_values);
			while (name && value) {
				facts_add(f, strtoull(value, NULL, 16), "%s/%s", prefix, name);
				name = strtok_r(NULL, "\n ", &more_names);
				value = strtok_r(NULL, "\n ", &more_values);
			}
			free(copy);
		}
	}
	fclose(file);
}

/* One sysctl; DEV in the name stands for the device. */
static void read_sysctl(struct facts *f, const struct watch *w, const char *key)
{
	const char *dev = strstr(key, "DEV");
	char path[256], value[128], *end, *c;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/%.*s", (int)(dev ? dev - key : (int)strlen(key)),
		 key);
	for (c = path + strlen("/proc/sys/"); *c; c++) {
		if (*c == '.')
			*c = '/';
	}
	/* a device may have a dot in its name, as those of VLANs do */
	if (dev) {
		size_t len = strlen(path);

		snprintf(path + len, sizeof(path) - len, "%s/%s", w->dev, dev + strlen("DEV."));
	}
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(value, sizeof(value), file)) {
		uint64_t number;

		for (c = value; *c; c++) {
			if (*c == '\t')
				*c = ' ';
		}
		value[strcspn(value, "\n")] = '\0';
		number = strtoull(value, &end, 10);
		if (*value && !*end)
			facts_add(f, number, "sysctl/%s", key);
		else
			facts_text(f, value, "sysctl/%s", key);
	}
	fclose(file);
}

static void read_machine(struct facts *f)
{
	struct utsname name;
	struct stat ns;

	if (!uname(&name))
		facts_text(f, name.release, "info/kernel");
	if (!stat("/proc/thread-self/ns/net", &ns))
		facts_add(f, ns.st_ino, "info/netns-inode");
	facts_add(f, sysconf(_SC_NPROCESSORS_ONLN), "info/cpus");
	facts_add(f, sysconf(_SC_PHYS_PAGES), "info/memory-pages");
	facts_add(f, geteuid(), "info/uid");
}

void src_proc(struct facts *f, const struct watch *w)
{
	const char *key;
	size_t i;

	read_machine(f);
	read_pairs(f, "/proc/thread-self/net/snmp");
	read_pairs(f, "/proc/thread-self/net/netstat");
	read_snmp6(f);
	read_softnet(f);
	read_softirqs(f);
	read_interrupts(f, w);
	read_stat(f, "/proc/thread-self/net/stat/nf_conntrack", "conntrack");
	read_stat(f, "/proc/thread-self/net/stat/arp_cache", "neigh");
	for (i = 0; (key = knob_sysctl(i)); i++)
		read_sysctl(f, w, key);
}

/* Sockets of which the losses grew are few: only these are looked for. */
static size_t wanted_inodes(const struct facts *f, const struct facts *before, char (*inodes)[24],
			    size_t room)
{
	const struct sight s = { .before = before, .after = f };
	size_t i, n = 0;

	for (i = facts_first(f, "sock/"); facts_is(f, i, "sock/") && n < room; i++) {
		const char *name = f->fact[i].name, *last = strrchr(name, '/'), *inode;

		if (strcmp(last, "/drops") || !sight_delta(&s, name))
			continue;
		for (inode = last; inode[-1] != '/'; inode--)
			;
		snprintf(inodes[n++], sizeof(*inodes), "%.*s", (int)(last - inode), inode);
	}
	return n;
}

static void add_owner(struct facts *f, const char *pid, const char *inode)
{
	char path[288], comm[32] = "?", text[96];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "re");
	if (file) {
		if (fgets(comm, sizeof(comm), file))
			comm[strcspn(comm, "\n")] = '\0';
		fclose(file);
	}
	snprintf(text, sizeof(text), "%s, pid %.20s", comm, pid);
	facts_text(f, text, "owner/%s", inode);
}

static void owners_of(struct facts *f, const char *pid, char (*inodes)[24], size_t n)
{
	char path[288], link[64], want[400];
	const struct dirent *fd;
	size_t i;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	fds = opendir(path);
	if (!fds)
		return;
	while ((fd = readdir(fds))) {
		ssize_t len = readlinkat(dirfd(fds), fd->d_name, link, sizeof(link) - 1);

		if (len < 0)
			continue;
		link[len] = '\0';
		for (i = 0; i < n; i++) {
			snprintf(want, sizeof(want), "socket:[%s]", inodes[i]);
			if (!strcmp(link, want))
				add_owner(f, pid, inodes[i]);
		}
	}
	closedir(fds);
}

void src_owners(struct facts *f, const struct facts *before)
{
	char inodes[16][24];
	size_t n = wanted_inodes(f, before, inodes, sizeof(inodes) / sizeof(*inodes));
	const struct dirent *process;
	DIR *proc;

	if (!n)
		return;
	proc = opendir("/proc");
	if (!proc)
		return;
	while ((process = readdir(proc))) {
		if (isdigit(*process->d_name))
			owners_of(f, process->d_name, inodes, n);
	}
	closedir(proc);
	facts_sort(f);
}
