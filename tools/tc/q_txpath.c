// SPDX-License-Identifier: GPL-2.0
/* tc's half of the txpath queueing discipline: words to attributes and back, and the
 * statistics in words. See tc-txpath(8).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "iproute2.h"
#include "txpath_delay.h"

#define NUM(array)	(sizeof(array) / sizeof((array)[0]))

/* The attributes of one command, all of them together */
#define MESSAGE_MAX	1024

#define USAGE									\
	"Usage: ... txpath [limit PKTS] [memlimit BYTES] [bypass|nobypass] "	\
	"[quota PKTS] [bands N] [priomap B0 ... B15] [sched strict|drr] "	\
	"[weights W0 ...] [aqm none|codel] [target TIME] [interval TIME] "	\
	"[ecn|noecn] [ce_threshold TIME|off] [sparse BYTES|off]\n"

enum unit { COUNT, SIZE, TIME };

/* A word and the number after it. @off is what the word "off" stands for. */
static const struct number {
	const char *word;
	int attr;
	enum unit unit;
	__u32 min, max;
	const __u32 *off;
} numbers[] = {
	{ "limit", TCA_TXPATH_LIMIT, COUNT, TC_TXPATH_LIMIT_MIN, TC_TXPATH_LIMIT_MAX },
	{ "memlimit", TCA_TXPATH_MEMLIMIT, SIZE, TC_TXPATH_MEMLIMIT_MIN,
	  TC_TXPATH_MEMLIMIT_MAX },
	{ "quota", TCA_TXPATH_QUOTA, COUNT, 0, TC_TXPATH_QUOTA_MAX },
	{ "bands", TCA_TXPATH_BANDS, COUNT, TC_TXPATH_BANDS_MIN, TC_TXPATH_BANDS_MAX },
	{ "target", TCA_TXPATH_TARGET, TIME, TC_TXPATH_TARGET_MIN, TC_TXPATH_TARGET_MAX },
	{ "interval", TCA_TXPATH_INTERVAL, TIME, TC_TXPATH_INTERVAL_MIN,
	  TC_TXPATH_INTERVAL_MAX },
	{ "ce_threshold", TCA_TXPATH_CE_THRESHOLD, TIME, 0, TC_TXPATH_INTERVAL_MAX,
	  &(const __u32){ TC_TXPATH_OFF } },
	{ "sparse", TCA_TXPATH_SPARSE, SIZE, 0, TC_TXPATH_SPARSE_MAX, &(const __u32){ 0 } },
};

/* Words that are a setting by themselves, or with the word before them */
static const struct choice {
	const char *before, *word;
	int attr;
	__u32 value;
} choices[] = {
	{ NULL, "nobypass", TCA_TXPATH_BYPASS, 0 },
	{ NULL, "bypass", TCA_TXPATH_BYPASS, 1 },
	{ NULL, "noecn", TCA_TXPATH_ECN, 0 },
	{ NULL, "ecn", TCA_TXPATH_ECN, 1 },
	{ "sched", "strict", TCA_TXPATH_SCHED, TC_TXPATH_STRICT },
	{ "sched", "drr", TCA_TXPATH_SCHED, TC_TXPATH_DRR },
	{ "aqm", "none", TCA_TXPATH_AQM, TC_TXPATH_AQM_NONE },
	{ "aqm", "codel", TCA_TXPATH_AQM, TC_TXPATH_AQM_CODEL },
};

/* The words of a command that are still to be read, and what they said */
struct command {
	int argc;
	char **argv;
	bool given[TCA_TXPATH_MAX + 1];
	__u32 value[TCA_TXPATH_MAX + 1];
	__u8 priomap[TC_TXPATH_PRIORITIES];
	__u16 weights[TC_TXPATH_BANDS_MAX];
	unsigned int n_weights;
};

static const char *next(struct command *c)
{
	if (!c->argc)
		return NULL;
	c->argc--;
	return *c->argv++;
}

static int give(struct command *c, int attr, const char *word)
{
	if (c->given[attr]) {
		fprintf(stderr, "txpath: \"%s\" is given twice\n", word);
		return -1;
	}
	c->given[attr] = true;
	return 0;
}

/* Microseconds where there is no unit, as everywhere in tc. get_time() would wrap, and
 * take what is no number for 0.
 */
static int read_time(__u32 *us, const char *word)
{
	char *unit;
	__s64 ns;

	if (!get_u32(us, word, 10))
		return 0;
	strtod(word, &unit);
	/* nanoseconds for get_time64() */
	if (!*unit)
		return -1;
	if (get_time64(&ns, word) || ns < 0 || ns / 1000 > UINT32_MAX)
		return -1;
	*us = ns / 1000;
	return 0;
}

static int convert(enum unit unit, __u32 *value, const char *word)
{
	switch (unit) {
	case SIZE:
		return get_size(value, word);
	case TIME:
		return read_time(value, word);
	default:
		return get_u32(value, word, 10);
	}
}

static const char *limits(const struct number *number, char *text, size_t size)
{
	char min[SPRINT_BSIZE], max[SPRINT_BSIZE];

	if (number->unit == TIME)
		snprintf(text, size, "%s to %s", sprint_time(number->min, min),
			 sprint_time(number->max, max));
	else
		snprintf(text, size, "%u to %u%s", number->min, number->max,
			 number->unit == SIZE ? " bytes" : "");
	return text;
}

static int read_number(struct command *c, const struct number *number)
{
	const char *word = next(c);
	char text[2 * SPRINT_BSIZE];
	__u32 value;

	if (give(c, number->attr, number->word))
		return -1;
	if (word && number->off && !strcmp(word, "off")) {
		c->value[number->attr] = *number->off;
		return 0;
	}
	if (!word || convert(number->unit, &value, word) || value < number->min ||
	    value > number->max) {
		fprintf(stderr, "txpath: %s must be %s%s, not \"%s\"\n", number->word,
			limits(number, text, sizeof(text)), number->off ? ", or off" : "",
			word ?: "");
		return -1;
	}
	c->value[number->attr] = value;
	return 0;
}

/* A choice of two words, of which the first has been read already */
static int read_choice(struct command *c, const char *before)
{
	const char *word = next(c), *others[2] = {};
	unsigned int n = 0;

	for (unsigned int i = 0; i < NUM(choices); i++) {
		if (!choices[i].before || strcmp(choices[i].before, before))
			continue;
		if (word && !strcmp(choices[i].word, word)) {
			c->value[choices[i].attr] = choices[i].value;
			return give(c, choices[i].attr, before);
		}
		others[n++] = choices[i].word;
	}
	fprintf(stderr, "txpath: %s must be %s or %s, not \"%s\"\n", before, others[0],
		others[1], word ?: "");
	return -1;
}

static int read_priomap(struct command *c)
{
	__u32 bands = c->given[TCA_TXPATH_BANDS] ? c->value[TCA_TXPATH_BANDS] :
						    TC_TXPATH_BANDS_MAX;
	unsigned int n = 0;
	__u32 band;

	if (give(c, TCA_TXPATH_PRIOMAP, "priomap"))
		return -1;
	for (; n < TC_TXPATH_PRIORITIES && c->argc; n++) {
		if (get_u32(&band, *c->argv, 10))
			break;
		if (band >= bands) {
			fprintf(stderr, "txpath: priomap: bands are 0 to %u, not \"%s\"\n",
				bands - 1, *c->argv);
			return -1;
		}
		c->priomap[n] = band;
		next(c);
	}
	if (n < TC_TXPATH_PRIORITIES) {
		fprintf(stderr, "txpath: priomap must name %u bands, not %u\n",
			TC_TXPATH_PRIORITIES, n);
		return -1;
	}
	return 0;
}

static int read_weights(struct command *c)
{
	__u32 weight;

	if (give(c, TCA_TXPATH_WEIGHTS, "weights"))
		return -1;
	while (c->argc && !get_u32(&weight, *c->argv, 10)) {
		const char *word = next(c);

		if (c->n_weights == TC_TXPATH_BANDS_MAX || weight < TC_TXPATH_WEIGHT_MIN ||
		    weight > TC_TXPATH_WEIGHT_MAX) {
			fprintf(stderr,
				"txpath: weights must be %u to %u, one a band, not \"%s\"\n",
				TC_TXPATH_WEIGHT_MIN, TC_TXPATH_WEIGHT_MAX, word);
			return -1;
		}
		c->weights[c->n_weights++] = weight;
	}
	if (!c->n_weights) {
		fprintf(stderr, "txpath: weights must be %u to %u, one a band\n",
			TC_TXPATH_WEIGHT_MIN, TC_TXPATH_WEIGHT_MAX);
		return -1;
	}
	return 0;
}

static int read_word(struct command *c)
{
	const char *word = next(c);

	for (unsigned int i = 0; i < NUM(numbers); i++) {
		if (!strcmp(word, numbers[i].word))
			return read_number(c, &numbers[i]);
	}
	for (unsigned int i = 0; i < NUM(choices); i++) {
		if (choices[i].before && !strcmp(word, choices[i].before))
			return read_choice(c, word);
		if (!choices[i].before && !strcmp(word, choices[i].word)) {
			c->value[choices[i].attr] = choices[i].value;
			return give(c, choices[i].attr, word);
		}
	}
	if (!strcmp(word, "priomap"))
		return read_priomap(c);
	if (!strcmp(word, "weights"))
		return read_weights(c);
	if (strcmp(word, "help"))
		fprintf(stderr, "txpath: what is \"%s\"?\n", word);
	fputs(USAGE, stderr);
	return -1;
}

/* What no single word shows */
static int check(const struct command *c)
{
	char text[SPRINT_BSIZE];

	if (c->given[TCA_TXPATH_TARGET] && c->given[TCA_TXPATH_INTERVAL] &&
	    c->value[TCA_TXPATH_TARGET] >= c->value[TCA_TXPATH_INTERVAL]) {
		fprintf(stderr, "txpath: target must be below the interval, %s\n",
			sprint_time(c->value[TCA_TXPATH_INTERVAL], text));
		return -1;
	}
	if (c->given[TCA_TXPATH_BANDS] && c->n_weights &&
	    c->n_weights != c->value[TCA_TXPATH_BANDS]) {
		fprintf(stderr, "txpath: weights must be as many as bands, %u, not %u\n",
			c->value[TCA_TXPATH_BANDS], c->n_weights);
		return -1;
	}
	return 0;
}

static int txpath_parse(const struct qdisc_util *qu, int argc, char **argv,
			struct nlmsghdr *n, const char *dev)
{
	struct command c = { .argc = argc, .argv = argv };
	struct rtattr *nest;

	while (c.argc) {
		if (read_word(&c))
			return -1;
	}
	if (check(&c))
		return -1;
	nest = addattr_nest(n, MESSAGE_MAX, TCA_OPTIONS | NLA_F_NESTED);
	for (int attr = 1; attr <= TCA_TXPATH_MAX; attr++) {
		if (!c.given[attr])
			continue;
		if (attr == TCA_TXPATH_PRIOMAP)
			addattr_l(n, MESSAGE_MAX, attr, c.priomap, sizeof(c.priomap));
		else if (attr == TCA_TXPATH_WEIGHTS)
			addattr_l(n, MESSAGE_MAX, attr, c.weights,
				  c.n_weights * sizeof(c.weights[0]));
		else
			addattr32(n, MESSAGE_MAX, attr, c.value[attr]);
	}
	addattr_nest_end(n, nest);
	return 0;
}

static void print_count(const char *key, const char *fmt, __u64 value)
{
	print_color_u64(PRINT_ANY, COLOR_NONE, key, fmt, value);
}

static void print_number(const struct number *number, __u32 value)
{
	char text[SPRINT_BSIZE];

	print_color_string(PRINT_FP, COLOR_NONE, NULL, "%s ", number->word);
	if (number->off && value == *number->off) {
		print_color_string(PRINT_FP, COLOR_NONE, NULL, "%s ", "off");
		if (number->attr != TCA_TXPATH_CE_THRESHOLD)
			print_color_uint(PRINT_JSON, COLOR_NONE, number->word, NULL, value);
		return;
	}
	print_color_uint(PRINT_JSON, COLOR_NONE, number->word, NULL, value);
	switch (number->unit) {
	case SIZE:
		print_color_size(PRINT_FP, COLOR_NONE, NULL, "%s ", value);
		break;
	case TIME:
		print_color_string(PRINT_FP, COLOR_NONE, NULL, "%s ",
				   sprint_time(value, text));
		break;
	default:
		print_color_uint(PRINT_FP, COLOR_NONE, NULL,
				 number->attr == TCA_TXPATH_BANDS ? "%u " : "%up ", value);
	}
}

static void print_choice(const struct choice *choice)
{
	if (choice->before) {
		print_color_string(PRINT_FP, COLOR_NONE, NULL, "%s ", choice->before);
		print_color_string(PRINT_ANY, COLOR_NONE, choice->before, "%s ", choice->word);
		return;
	}
	print_color_string(PRINT_FP, COLOR_NONE, NULL, "%s ", choice->word);
	print_color_bool(PRINT_JSON, COLOR_NONE, choice->value ? choice->word : choice->word + 2,
			 NULL, choice->value);
}

static void open_list(const char *word)
{
	print_color_string(PRINT_FP, COLOR_NONE, NULL, "%s ", word);
	open_json_array(PRINT_JSON, word);
}

static void close_list(void)
{
	close_json_array(PRINT_JSON, NULL);
}

static void print_map(const struct rtattr *attr)
{
	const __u8 *map = RTA_DATA(attr);

	open_list("priomap");
	for (unsigned int i = 0; i < RTA_PAYLOAD(attr); i++)
		print_color_uint(PRINT_ANY, COLOR_NONE, NULL, "%u ", map[i]);
	close_list();
}

static void print_weights(const struct rtattr *attr)
{
	const __u16 *weights = RTA_DATA(attr);

	open_list("weights");
	for (unsigned int i = 0; i < RTA_PAYLOAD(attr) / sizeof(*weights); i++)
		print_color_uint(PRINT_ANY, COLOR_NONE, NULL, "%u ", weights[i]);
	close_list();
}

static void print_value(int attr, __u32 value)
{
	for (unsigned int i = 0; i < NUM(numbers); i++) {
		if (numbers[i].attr == attr)
			print_number(&numbers[i], value);
	}
	for (unsigned int i = 0; i < NUM(choices); i++) {
		if (choices[i].attr == attr && choices[i].value == value)
			print_choice(&choices[i]);
	}
}

/* In the order of the attributes, which is that of the usage */
static int txpath_print(const struct qdisc_util *qu, FILE *f, struct rtattr *opt)
{
	struct rtattr *tb[TCA_TXPATH_MAX + 1];

	if (!opt)
		return 0;
	parse_rtattr_flags(tb, TCA_TXPATH_MAX, RTA_DATA(opt), RTA_PAYLOAD(opt), NLA_F_NESTED);
	for (int attr = 1; attr <= TCA_TXPATH_MAX; attr++) {
		if (!tb[attr])
			continue;
		if (attr == TCA_TXPATH_PRIOMAP)
			print_map(tb[attr]);
		else if (attr == TCA_TXPATH_WEIGHTS)
			print_weights(tb[attr]);
		else if (RTA_PAYLOAD(tb[attr]) >= sizeof(__u32))
			print_value(attr, *(__u32 *)RTA_DATA(tb[attr]));
	}
	return 0;
}

/* A percentile is within a bucket: below its upper bound, the last one from its lower */
static void print_percentile(const __u64 *delay, unsigned int percent)
{
	int bucket = tc_txpath_percentile(delay, percent);
	char key[16], fmt[32], time[SPRINT_BSIZE];
	bool last = bucket == TC_TXPATH_DELAYS - 1;
	__u32 bound = tc_txpath_delay_bound(last ? bucket - 1 : bucket);

	snprintf(key, sizeof(key), "p%u", percent);
	snprintf(fmt, sizeof(fmt), " p%u %s%%s", percent, last ? ">=" : "<");
	print_color_uint(PRINT_JSON, COLOR_NONE, key, NULL, bound);
	print_color_string(PRINT_FP, COLOR_NONE, NULL, fmt, sprint_time(bound, time));
}

static void print_delays(const __u64 *delay)
{
	print_color_string(PRINT_FP, COLOR_NONE, NULL, "\n  %s", "delay");
	if (tc_txpath_percentile(delay, 100) < 0) {
		print_color_string(PRINT_FP, COLOR_NONE, NULL, " %s", "-");
	} else {
		if (is_json_context())
			open_json_object("delay_us");
		print_percentile(delay, 50);
		print_percentile(delay, 95);
		print_percentile(delay, 99);
		if (is_json_context())
			close_json_object();
	}
	if (!is_json_context() && !show_details)
		return;
	print_color_string(PRINT_FP, COLOR_NONE, NULL, "%s", "\n  ");
	open_list("delays");
	for (unsigned int i = 0; i < TC_TXPATH_DELAYS; i++)
		print_count(NULL, "%llu ", delay[i]);
	close_list();
}

static int txpath_print_xstats(const struct qdisc_util *qu, FILE *f, struct rtattr *xstats)
{
	struct tc_txpath_xstats x = {};
	unsigned int len;

	if (!xstats)
		return 0;
	len = RTA_PAYLOAD(xstats);
	memcpy(&x, RTA_DATA(xstats), len < sizeof(x) ? len : sizeof(x));
	print_color_string(PRINT_FP, COLOR_NONE, NULL, "%s", " ");
	if (!x.is_band) {
		print_count("bypassed", " bypassed %llu", x.bypassed);
		print_count("queued", " queued %llu", x.queued);
		print_count("runs", " runs %llu", x.runs);
		print_count("deferred", " deferred %llu", x.deferred);
		print_color_uint(PRINT_JSON, COLOR_NONE, "memory", NULL, x.memory);
		print_color_size(PRINT_FP, COLOR_NONE, NULL, " memory %s\n ", x.memory);
	}
	print_count("drops_limit", " drops limit %llu", x.counts.drops[TC_TXPATH_DROP_LIMIT]);
	print_count("drops_memory", " memory %llu", x.counts.drops[TC_TXPATH_DROP_MEMORY]);
	print_count("drops_aqm", " aqm %llu", x.counts.drops[TC_TXPATH_DROP_AQM]);
	print_count("ecn_mark", " marks ecn %llu", x.counts.ecn_mark);
	print_count("ce_mark", " ce %llu", x.counts.ce_mark);
	print_count("sparse_ahead", " sparse %llu", x.counts.sparse);
	print_delays(x.counts.delay);
	return 0;
}

struct qdisc_util txpath_qdisc_util = {
	.id		= "txpath",
	.parse_qopt	= txpath_parse,
	.print_qopt	= txpath_print,
	.print_xstats	= txpath_print_xstats,
	.print_copt	= txpath_print,
};
