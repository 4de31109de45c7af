// SPDX-License-Identifier: GPL-2.0
/*
 * One TCP server, three ways to share its work among threads:
 *
 *   one      one thread waits, accepts, reads, handles and answers
 *   workers  one thread waits, accepts and reads; threads of a pool handle and answer
 *   subs     a main thread accepts and gives each connection to one of several
 *            sub-reactors, each of which waits, reads, handles and answers
 *
 * A message has 16 bytes and is answered by itself. One that starts with "slow" keeps
 * the thread that handles it for some time, as a query of a database would.
 *
 *   reactor one|workers|subs ADDRESS PORT [THREADS]
 *
 * The end of the standard input ends it. Then it prints what the threads did.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MESSAGE = 16, MOST_THREADS = 16, QUEUE = 1024, SLOW_US = 2000000 };

/* What a thread did; nobody else writes it */
struct account {
	long waits;		/* epoll_wait() that returned something */
	long read;		/* messages */
	long handled;		/* messages */
	long switches;		/* voluntary ones: times it went to sleep */
};

struct loop {
	struct account did;
	pthread_t thread;
	int epoll;
};

struct job {
	int fd;
	char text[MESSAGE];
};

/* The messages that wait for a worker */
static struct {
	struct job jobs[QUEUE];
	unsigned int head, tail;
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	int closed;
} queue = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.filled = PTHREAD_COND_INITIALIZER,
	.emptied = PTHREAD_COND_INITIALIZER,
};

static enum { ONE, WORKERS, SUBS } mode;
static struct loop main_loop, others[MOST_THREADS];
static int listener, threads = 1, next_sub;

static void watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		err(1, "epoll_ctl");
}

static void handle(struct account *did, const struct job *job)
{
	if (!memcmp(job->text, "slow", 4))
		usleep(SLOW_US);
	/* 16 bytes fit into the send buffer of a client that reads its answers */
	if (send(job->fd, job->text, MESSAGE, MSG_NOSIGNAL) != MESSAGE)
		warn("send");
	did->handled++;
}

static void put_job(const struct job *job)
{
	pthread_mutex_lock(&queue.lock);
	while (queue.tail - queue.head == QUEUE)
		pthread_cond_wait(&queue.emptied, &queue.lock);
	queue.jobs[queue.tail++ % QUEUE] = *job;
	pthread_cond_signal(&queue.filled);
	pthread_mutex_unlock(&queue.lock);
}

static int take_job(struct job *job)
{
	int found;

	pthread_mutex_lock(&queue.lock);
	while (queue.head == queue.tail && !queue.closed)
		pthread_cond_wait(&queue.filled, &queue.lock);
	found = queue.head != queue.tail;
	if (found) {
		*job = queue.jobs[queue.head++ % QUEUE];
		pthread_cond_signal(&queue.emptied);
	}
	pthread_mutex_unlock(&queue.lock);
	return found;
}

static void accept_one(void)
{
	int fd = accept(listener, NULL, NULL), epoll = main_loop.epoll;

	if (fd < 0)
		err(1, "accept");
	if (mode == SUBS)
		epoll = others[next_sub++ % threads].epoll;
	watch(epoll, fd);
}

static void read_one(struct account *did, int fd)
{
	struct job job = { .fd = fd };
	ssize_t got = recv(fd, job.text, MESSAGE, MSG_WAITALL);

	if (got != MESSAGE) {
		close(fd);
		return;
	}
	did->read++;
	if (mode == WORKERS)
		put_job(&job);
	else
		handle(did, &job);
}

static long sleeps(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

static void *react(void *arg)
{
	struct epoll_event events[64];
	struct loop *loop = arg;
	long before = sleeps();
	int quit = 0;

	while (!quit) {
		int count = epoll_wait(loop->epoll, events, 64, -1);

		if (count < 0 && errno != EINTR)
			err(1, "epoll_wait");
		loop->did.waits++;
		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;

			if (fd == STDIN_FILENO)
				quit = 1;
			else if (fd == listener)
				accept_one();
			else
				read_one(&loop->did, fd);
		}
	}
	loop->did.switches = sleeps() - before;
	return NULL;
}

static void *work(void *arg)
{
	struct loop *loop = arg;
	long before = sleeps();
	struct job job;

	while (take_job(&job))
		handle(&loop->did, &job);
	loop->did.switches = sleeps() - before;
	return NULL;
}

static void start(struct loop *loop, void *(*run)(void *))
{
	if (run == react) {
		loop->epoll = epoll_create1(0);
		if (loop->epoll < 0)
			err(1, "epoll_create1");
		/* its end is seen by all loops */
		watch(loop->epoll, STDIN_FILENO);
	}
	if (loop != &main_loop && pthread_create(&loop->thread, NULL, run, loop))
		errx(1, "pthread_create");
}

static void listen_at(const char *address, const char *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
	int on = 1;

	if (inet_pton(AF_INET, address, &at.sin_addr) != 1)
		errx(1, "%s is no IPv4 address", address);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 ||
	    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, 128))
		err(1, "listen on %s port %s", address, port);
	watch(main_loop.epoll, listener);
}

static void print(const char *name, const struct account *did)
{
	printf("%s: waits %ld, read %ld, handled %ld, switches %ld\n", name, did->waits,
	       did->read, did->handled, did->switches);
}

static void finish(const char *name)
{
	struct account all = main_loop.did;
	char label[32];

	pthread_mutex_lock(&queue.lock);
	queue.closed = 1;
	pthread_cond_broadcast(&queue.filled);
	pthread_mutex_unlock(&queue.lock);

	print("main", &main_loop.did);
	for (int i = 0; mode != ONE && i < threads; i++) {
		pthread_join(others[i].thread, NULL);
		snprintf(label, sizeof(label), "thread %d", i);
		print(label, &others[i].did);
		all.waits += others[i].did.waits;
		all.read += others[i].did.read;
		all.handled += others[i].did.handled;
		all.switches += others[i].did.switches;
	}
	print("all", &all);
	printf("%s: %.2f switches a message\n", name,
	       all.handled ? (double)all.switches / all.handled : 0);
}

int main(int argc, char **argv)
{
	static const char * const modes[] = { "one", "workers", "subs" };

	for (mode = ONE; argc > 3 && mode <= SUBS; mode++)
		if (!strcmp(argv[1], modes[mode]))
			break;
	if (argc > 4)
		threads = atoi(argv[4]);
	if (argc < 4 || mode > SUBS || threads < 1 || threads > MOST_THREADS)
		errx(1, "usage: reactor one|workers|subs ADDRESS PORT [THREADS, 1..%d]",
		     MOST_THREADS);

	start(&main_loop, react);
	for (int i = 0; mode != ONE && i < threads; i++)
		start(&others[i], mode == SUBS ? react : work);
	listen_at(argv[2], argv[3]);
	printf("ready\n");
	fflush(stdout);
	react(&main_loop);
	finish(modes[mode]);
	return 0;
}
