// SPDX-License-Identifier: GPL-2.0
/*
 * netpath: where packets are lost on the way through this machine, and what ends it.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bpf.h"
#include "show.h"

enum { EXIT_USAGE = 2, EXIT_GONE = 3 };

/**
 * struct options - what the user asked for
 * @watch: the device and its namespace
 * @interval: seconds between two pages
 * @count: how many pages, 0 for no end
 * @show: how a page looks
 * @redraw: each page in place of the one before it
 * @bpf: attach programs to the kernel
 * @record: file that gets what was read
 * @replay: file to read instead of the kernel
 * @command: watch while it runs; NULL for none
 * @unblocked: the signals that the command finds blocked
 */
struct options {
	struct watch watch;
	double interval;
	unsigned long count;
	void (*show)(FILE *to, const struct sight *s, const struct report *r);
	bool redraw, bpf;
	const char *record, *replay;
	char **command;
	sigset_t unblocked;
};

static void usage(FILE *to)
{
	fputs("Usage: netpath [OPTIONS] DEV [-- COMMAND [ARGUMENT]...]\n"
	      "       netpath --explain NAME\n"
	      "Show where packets are lost on the way through DEV, and what ends it.\n"
	      "\n"
	      "  -1, --once           one page, then exit\n"
	      "  -i, --interval SEC   seconds between two pages (1)\n"
	      "  -c, --count N        end after N pages\n"
	      "  -n, --netns NAME     DEV is in this network namespace\n"
	      "  -j, --json           one line of JSON for each page\n"
	      "  -p, --prometheus     the format of Prometheus, once\n"
	      "  -b, --no-bpf         counters only: attach nothing to the kernel\n"
	      "      --record FILE    write what was read to FILE\n"
	      "      --replay FILE    show what was recorded, without the kernel\n"
	      "      --explain NAME   explain a loss, a drop reason or a counter\n"
	      "      --list FORM      all losses, as text, or for a man page or a guide (rst)\n"
	      "  -h, --help           this text\n"
	      "\n"
	      "With COMMAND it watches while that runs, shows one page, and exits with its\n"
	      "status. Nothing of the machine is changed.\n", to);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* What follows from other facts */
static void derive(struct facts *f)
{
	uint64_t most = facts_value(f, "channels/combined-max"), cpus = facts_value(f, "info/cpus");

	if (most)
		facts_add(f, most < cpus ? most : cpus, "channels/combined-useful");
	if (!strcmp(facts_string(f, "info/driver"), "tun"))
		facts_add(f, facts_value(f, "dev/tx_dropped"), "tun/tx_dropped");
	facts_sort(f);
}

/* Return: 0, or -1 if the device is gone */
static int collect(struct facts *f, struct watch *w, const struct probes *p)
{
	memset(f, 0, sizeof(*f));
	f->when = now();
	if (src_rtnl(f, w))
		return -1;
	src_genl(f, w);
	src_proc(f, w);
	src_diag(f, w);
	probes_read(p, f);
	facts_sort(f);
	derive(f);
	return 0;
}

static void present(const struct options *o, const struct facts *before, const struct facts *after)
{
	struct sight s = { .before = before, .after = after,
			   .seconds = after->when - before->when };
	struct report r;

	if (o->redraw)
		fputs("\033[H\033[J", stdout);
	judge(&r, &s);
	o->show(stdout, &s, &r);
	fflush(stdout);
	report_free(&r);
}

/* Return: status of the command, as a shell gives it */
static int run_command(char **command, const sigset_t *unblocked, bool quiet)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return 126;
	if (!child) {
		sigprocmask(SIG_SETMASK, unblocked, NULL);
		/* our output is for a program */
		if (quiet)
			dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(command[0], command);
		fprintf(stderr, "netpath: cannot run '%s': %s\n", command[0], strerror(errno));
		_exit(127);
	}
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return 126;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What ends netpath; blocked, so that it is noticed between two readings only */
static void enders(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
}

/* Return: whether the user wants an end */
static bool pause_for(double seconds)
{
	struct timespec ts = { .tv_sec = seconds, .tv_nsec = (seconds - (long)seconds) * 1e9 };
	sigset_t set;

	enders(&set);
	return sigtimedwait(&set, NULL, &ts) > 0;
}

static int lost_device(const struct options *o)
{
	fprintf(stderr, "netpath: %s is gone\n", o->watch.dev);
	return EXIT_GONE;
}

static int watch_loop(struct options *o, const struct probes *p, FILE *record)
{
	unsigned long n = 0;
	struct facts before, after;
	int rc = 0;

	if (collect(&before, &o->watch, p)) {
		facts_free(&before);
		return lost_device(o);
	}
	if (record)
		facts_record(&before, record);
	while (!rc && (!o->count || n < o->count)) {
		if (o->command)
			rc = run_command(o->command, &o->unblocked, o->show != show_text);
		else if (pause_for(o->interval))
			break;
		if (collect(&after, &o->watch, p)) {
			facts_free(&after);
			rc = lost_device(o);
			break;
		}
		src_owners(&after, &before);
		if (record)
			facts_record(&after, record);
		present(o, &before, &after);
		facts_free(&before);
		before = after;
		n++;
	}
	facts_free(&before);
	return rc;
}

static int watch(struct options *o)
{
	struct probes probes = { .skel = NULL };
	FILE *record = NULL;
	int rc;

	if (watch_open(&o->watch))
		return EXIT_FAILURE;
	if (o->record) {
		record = fopen(o->record, "we");
		if (!record) {
			fprintf(stderr, "netpath: cannot write '%s': %s\n", o->record,
				strerror(errno));
			watch_close(&o->watch);
			return EXIT_FAILURE;
		}
	}
	if (o->bpf)
		probes_open(&probes, &o->watch);
	else
		snprintf(probes.why, sizeof(probes.why), "told not to use BPF");
	rc = watch_loop(o, &probes, record);
	probes_close(&probes);
	if (record)
		fclose(record);
	watch_close(&o->watch);
	return rc;
}

static int replay(const struct options *o)
{
	FILE *from = fopen(o->replay, "re");
	struct facts before = { NULL }, after = { NULL };
	int line = 0, rc;

	if (!from) {
		fprintf(stderr, "netpath: cannot read '%s': %s\n", o->replay, strerror(errno));
		return EXIT_FAILURE;
	}
	rc = facts_replay(&before, from, &line);
	while (rc > 0) {
		rc = facts_replay(&after, from, &line);
		if (rc <= 0)
			break;
		present(o, &before, &after);
		facts_free(&before);
		before = after;
		memset(&after, 0, sizeof(after));
	}
	if (rc < 0)
		fprintf(stderr, "netpath: %s:%d: not a recorded fact\n", o->replay, line);
	facts_free(&before);
	facts_free(&after);
	fclose(from);
	return rc < 0 ? EXIT_FAILURE : 0;
}

static bool parse_number(const char *text, double least, double *number)
{
	char *end;

	*number = strtod(text, &end);
	return end != text && !*end && *number >= least && *number <= 86400;
}

static int bad(const char *fmt, const char *text)
{
	fputs("netpath: ", stderr);
	fprintf(stderr, fmt, text);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

static int explain_one(const char *name)
{
	if (!explain(stdout, name))
		return 0;
	fprintf(stderr, "netpath: nothing is known about '%s'; see --list text\n", name);
	return EXIT_FAILURE;
}

static int list_all(const char *how)
{
	if (!strcmp(how, "text"))
		explain_all(stdout, LIST_TEXT);
	else if (!strcmp(how, "man"))
		explain_all(stdout, LIST_MAN);
	else if (!strcmp(how, "rst"))
		explain_all(stdout, LIST_RST);
	else
		return bad("--list is 'text', 'man' or 'rst', not '%s'", how);
	return 0;
}

static const struct option long_options[] = {
	{ "once", no_argument, NULL, '1' },
	{ "interval", required_argument, NULL, 'i' },
	{ "count", required_argument, NULL, 'c' },
	{ "netns", required_argument, NULL, 'n' },
	{ "json", no_argument, NULL, 'j' },
	{ "prometheus", no_argument, NULL, 'p' },
	{ "no-bpf", no_argument, NULL, 'b' },
	{ "record", required_argument, NULL, 'R' },
	{ "replay", required_argument, NULL, 'r' },
	{ "explain", required_argument, NULL, 'e' },
	{ "list", required_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

/* Return: -1 to go on, else the exit status */
static int take_option(struct options *o, int option, const char *value)
{
	double number;

	switch (option) {
	case '1':
		o->count = 1;
		return -1;
	case 'i':
		if (!parse_number(value, 0.01, &o->interval))
			return bad("the interval must be 0.01 to 86400 seconds, not '%s'", value);
		return -1;
	case 'c':
		if (!parse_number(value, 1, &number) || number != (unsigned long)number)
			return bad("the count must be 1 to 86400, not '%s'", value);
		o->count = number;
		return -1;
	case 'n':
		o->watch.netns = value;
		return -1;
	case 'j':
		o->show = show_json;
		return -1;
	case 'p':
		o->show = show_prometheus;
		o->count = 1;
		return -1;
	case 'b':
		o->bpf = false;
		return -1;
	case 'R':
		o->record = value;
		return -1;
	case 'r':
		o->replay = value;
		return -1;
	case 'e':
		return explain_one(value);
	case 'l':
		return list_all(value);
	case 'h':
		usage(stdout);
		return 0;
	}
	fputs("Try 'netpath --help'.\n", stderr);
	return EXIT_USAGE;
}

/* @arguments: the device, and then the @n_command words of the command */
static int take_device(struct options *o, int n, int n_command, char **arguments)
{
	if (n == n_command) {
		fputs("netpath: which device? Try 'netpath --help'.\n", stderr);
		return EXIT_USAGE;
	}
	if (n > n_command + 1)
		return bad("one device only, and '--' before a command: what is '%s'?",
			   arguments[1]);
	if (strlen(arguments[0]) >= sizeof(o->watch.dev))
		return bad("'%s' is too long for the name of a network device", arguments[0]);
	snprintf(o->watch.dev, sizeof(o->watch.dev), "%s", arguments[0]);
	if (n_command) {
		o->command = arguments + 1;
		o->count = 1;
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct options o = { .interval = 1, .show = show_text, .bpf = true };
	int option, n_command, i, rc;
	sigset_t set;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		;
	n_command = i < argc ? argc - i - 1 : 0;
	enders(&set);
	sigprocmask(SIG_BLOCK, &set, &o.unblocked);
	while ((option = getopt_long(argc, argv, "1i:c:n:jpbh", long_options, NULL)) != -1) {
		rc = take_option(&o, option, optarg);
		if (rc >= 0)
			return rc;
	}
	if (o.replay)
		return replay(&o);
	rc = take_device(&o, argc - optind, n_command, argv + optind);
	if (rc >= 0)
		return rc;
	o.redraw = o.show == show_text && o.count != 1 && isatty(STDOUT_FILENO);
	return watch(&o);
}
