// SPDX-License-Identifier: GPL-2.0
/*
 * The rules: from what two readings hold to the losses, their culprits and their cures.
 * Nothing here knows where a fact came from.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "judge.h"

static const struct loss unknown = {
	.name = "unknown", .station = IP, .who = PLACES, .row = "",
	.means = { "The kernel gives this reason, and this program has no entry for it.",
		   "内核给出了该原因，但本程序没有相应条目。" },
	.cure = { "The function named is where to read on.", "请从所列函数开始查阅。" },
};

/* Events since @before, of all losses that none of the rows takes, are told by place. */
static void lay_to(struct finding *f, uint64_t lost, const char *name)
{
	int at = f->n_who;

	if (!lost)
		return;
	while (at && f->who[at - 1].lost < lost)
		at--;
	if (at == CULPRITS)
		return;
	if (f->n_who < CULPRITS)
		f->n_who++;
	memmove(&f->who[at + 1], &f->who[at], (f->n_who - 1 - at) * sizeof(*f->who));
	snprintf(f->who[at].name, sizeof(f->who[at].name), "%s", name);
	f->who[at].lost = lost;
}

/* Value of the fact that stands beside @fact, with @field as the last part of its name */
static const struct fact *beside(const struct facts *f, const struct fact *fact,
				 const char *field)
{
	char name[160];

	snprintf(name, sizeof(name), "%.*s/%s", (int)(strrchr(fact->name, '/') - fact->name),
		 fact->name, field);
	return facts_find(f, name);
}

static uint64_t number_beside(const struct facts *f, const struct fact *fact, const char *field)
{
	const struct fact *other = beside(f, fact, field);

	return other ? other->value : 0;
}

/* PREFIX/ADDRESS:PORT/INODE/drops */
static void lay_to_socket(struct finding *f, const struct sight *s, const struct fact *fact,
			  const char *prefix, uint64_t lost)
{
	const char *address = fact->name + strlen(prefix), *inode = strchr(address, '/') + 1;
	char name[120], owner[64];
	const char *process;

	snprintf(owner, sizeof(owner), "owner/%.*s", (int)strcspn(inode, "/"), inode);
	process = facts_string(s->after, owner);
	if (strstr(prefix, "listen"))
		snprintf(name, sizeof(name), "TCP %.*s (%s), %" PRIu64 " of %" PRIu64 " wait",
			 (int)strcspn(address, "/"), address, *process ? process : "?",
			 number_beside(s->after, fact, "queued"),
			 number_beside(s->after, fact, "limit"));
	else
		snprintf(name, sizeof(name), "UDP %.*s (%s), buffer %" PRIu64,
			 (int)strcspn(address, "/"), address, *process ? process : "?",
			 number_beside(s->after, fact, "buffer"));
	lay_to(f, lost, name);
}

static void lay_to_part(struct finding *f, const struct sight *s, const struct fact *fact,
			const char *prefix, uint64_t lost)
{
	int len = strcspn(fact->name + strlen(prefix), "/");
	const char *part = fact->name + strlen(prefix);
	const struct fact *kind;
	char name[120];

	switch (f->loss->who) {
	case CPUS:
		snprintf(name, sizeof(name), "CPU %.*s", len, part);
		break;
	case QUEUES:
		snprintf(name, sizeof(name), "queue %.*s", len, part);
		break;
	default:
		kind = beside(s->after, fact, "kind");
		snprintf(name, sizeof(name), "qdisc %s %.*s", kind && kind->text ? kind->text : "",
			 len, part);
	}
	lay_to(f, lost, name);
}

/* Lays @f to each PREFIX.../FIELD that grew */
static void lay_to_all(struct finding *f, const struct sight *s, const char *prefix,
		       const char *field)
{
	bool socket = !strncmp(prefix, "sock/", 5);
	size_t i;

	for (i = facts_first(s->after, prefix); facts_is(s->after, i, prefix); i++) {
		const struct fact *fact = &s->after->fact[i];
		uint64_t lost;

		if (strcmp(strrchr(fact->name, '/') + 1, field))
			continue;
		lost = sight_delta(s, fact->name);
		if (socket)
			lay_to_socket(f, s, fact, prefix, lost);
		else
			lay_to_part(f, s, fact, prefix, lost);
	}
}

static void find_culprits(struct finding *f, const struct sight *s)
{
	switch (f->loss->who) {
	case UDP_SOCKETS:
		lay_to_all(f, s, "sock/udp/", "drops");
		break;
	case LISTENERS:
		lay_to_all(f, s, "sock/listen/", "drops");
		break;
	case QDISCS:
		lay_to_all(f, s, "qdisc/", "drops");
		break;
	case CPUS:
		lay_to_all(f, s, "softnet-cpu/",
			   strcmp(f->name, "flow_limit") ? "dropped" : "flow_limit");
		break;
	case QUEUES:
		lay_to_all(f, s, "queue/rx/", strcmp(f->name, "rx_alloc_fail") ?
			   "hw-drop-overruns" : "alloc-fail");
		break;
	case PLACES:	/* were added with the events */
	case NOBODY:
		break;
	}
}

static void find_cures(struct finding *f, const struct sight *s)
{
	int i;

	for (i = 0; i < LOSS_KNOBS && f->loss->knobs[i]; i++) {
		const struct knob *knob = knob_find(f->loss->knobs[i]);

		if (knob && knob_propose(knob, s, f->lost ? f->lost : f->total,
					 &f->cures[f->n_cures]))
			f->n_cures++;
	}
}

static struct finding *finding_of(struct finding *all, size_t *n, const struct loss *loss,
				  const char *name)
{
	struct finding *f;
	size_t i;

	for (i = 0; i < *n; i++) {
		if (all[i].loss == loss && !strcmp(all[i].name, name))
			return &all[i];
	}
	f = &all[(*n)++];
	memset(f, 0, sizeof(*f));
	f->loss = loss;
	snprintf(f->name, sizeof(f->name), "%s", name);
	return f;
}

/* Every drop event goes to one row */
static void judge_events(struct finding *all, size_t *n, const struct sight *s)
{
	static const char prefix[] = "drop/";
	size_t i;

	for (i = facts_first(s->after, prefix); facts_is(s->after, i, prefix); i++) {
		const struct fact *fact = &s->after->fact[i];
		const char *event = fact->name + strlen(prefix);
		const struct loss *loss = loss_of_event(event, s);
		char name[64];
		struct finding *f;
		uint64_t lost = sight_delta(s, fact->name);

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(event, "@"), event);
		f = finding_of(all, n, loss ? loss : &unknown, loss ? loss->name : name);
		f->lost += lost;
		f->total += fact->value;
		if (f->loss->who == PLACES)
			lay_to(f, lost, event + strcspn(event, "@") + 1);
	}
}

/* What is counted and also seen by event is one loss: the larger number holds. */
static void judge_counters(struct finding *all, size_t *n, const struct sight *s)
{
	size_t i;

	for (i = 0; i < n_losses; i++) {
		uint64_t lost, total;
		struct finding *f;

		if (!losses[i].count)
			continue;
		lost = loss_applies(&losses[i], s) ? sight_sum(s, losses[i].count) : 0;
		total = losses[i].when || losses[i].unless ? lost :
			facts_sum(s->after, losses[i].count);
		if (!total)
			continue;
		f = finding_of(all, n, &losses[i], losses[i].name);
		f->counted = lost >= f->lost;
		if (lost > f->lost)
			f->lost = lost;
		if (total > f->total)
			f->total = total;
	}
}

static int worst_first(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->lost != y->lost)
		return x->lost < y->lost ? 1 : -1;
	if (x->total != y->total)
		return x->total < y->total ? 1 : -1;
	return strcmp(x->name, y->name);
}

static bool is_one_of(const char *name, const char *const *names)
{
	while (*names && strcmp(*names, name))
		names++;
	return *names;
}

static uint64_t lost_at(const struct report *r, const char *const *names)
{
	uint64_t lost = 0;
	size_t i;

	for (i = 0; i < r->n_now; i++) {
		if (is_one_of(r->found[i].name, names))
			lost += r->found[i].lost;
	}
	return lost;
}

static void balance(struct report *r, struct balance b)
{
	uint64_t gone = b.out + b.held;

	/* what was lost later than here explains nothing of this */
	b.unexplained = b.in > gone ? b.in - gone : 0;
	if (b.lost > b.unexplained)
		b.lost = b.unexplained;
	b.unexplained -= b.lost;
	r->balance[r->n_balances++] = b;
}

/* What came in is not counted apart, so that nothing can be unexplained here. */
static void balance_card(struct report *r, const struct sight *s)
{
	static const char *const names[] = { "rx_fifo_errors", "rx_alloc_fail", NULL };
	struct balance b = { .name = "card", .out = sight_sum(s, "dev/rx_packets") };

	b.lost = lost_at(r, names);
	b.in = b.out + b.lost;
	balance(r, b);
}

static void balance_ip(struct report *r, const struct sight *s)
{
	static const char *const names[] = {
		"NETFILTER_DROP", "conntrack_full", "IP_RPFILTER", "IP_INADDRERRORS",
		"IP_INNOROUTES", "IP_LOCALNET", "IP_CSUM", "TTL", "IP_INHDR", "IP_NOPROTO",
		"PKT_TOO_SMALL", "unknown", "NOT_SPECIFIED", NULL
	};
	struct balance b = {
		.name = "IPv4",
		.in = sight_sum(s, "nstat/IpInReceives"),
		.out = sight_sum(s, "nstat/IpInDelivers + nstat/IpForwDatagrams"),
		.held = sight_sum(s, "nstat/IpReasmReqds - nstat/IpReasmOKs"),
	};

	b.lost = lost_at(r, names);
	balance(r, b);
}

void judge(struct report *r, const struct sight *s)
{
	size_t i, n = 0, events = 0, at;
	struct finding *all;

	memset(r, 0, sizeof(*r));
	for (at = facts_first(s->after, "drop/"); facts_is(s->after, at, "drop/"); at++)
		events++;
	all = must(calloc(n_losses + events, sizeof(*all)));
	r->found = must(calloc(n_losses + events, sizeof(*all)));
	r->harmless = must(calloc(n_losses, sizeof(*all)));
	judge_events(all, &n, s);
	judge_counters(all, &n, s);
	for (i = 0; i < n; i++) {
		if (all[i].loss->harmless) {
			if (all[i].lost)
				r->harmless[r->n_harmless++] = all[i];
			continue;
		}
		find_culprits(&all[i], s);
		find_cures(&all[i], s);
		r->found[r->n++] = all[i];
		r->station_lost[all[i].loss->station] += all[i].lost;
	}
	free(all);
	qsort(r->found, r->n, sizeof(*r->found), worst_first);
	qsort(r->harmless, r->n_harmless, sizeof(*r->harmless), worst_first);
	while (r->n_now < r->n && r->found[r->n_now].lost)
		r->n_now++;
	balance_card(r, s);
	balance_ip(r, s);
}

void report_free(struct report *r)
{
	free(r->found);
	free(r->harmless);
	memset(r, 0, sizeof(*r));
}
