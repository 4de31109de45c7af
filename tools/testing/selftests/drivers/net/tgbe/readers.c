// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of many UDP sockets, read in four ways: a thread for each socket that blocks
 * in recv(), or one thread with select(), poll() or epoll.
 *
 *   readers threads|select|poll|epoll ADDRESS FIRST-PORT SOCKETS
 *
 * An empty message to each port ends it. Then it prints how often it went to sleep.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>

enum { MOST = 256 };

static int fds[MOST], count, open_ones;
static long messages;

/* One message; an empty one is the last of its socket */
static int take(int fd)
{
	char text[64];
	ssize_t got = recv(fd, text, sizeof(text), 0);

	if (got < 0)
		err(1, "recv");
	if (!got) {
		__atomic_fetch_sub(&open_ones, 1, __ATOMIC_RELAXED);
		return 0;
	}
	__atomic_fetch_add(&messages, 1, __ATOMIC_RELAXED);
	return 1;
}

static void *block(void *fd)
{
	while (take(*(int *)fd))
		;
	return NULL;
}

static void by_threads(void)
{
	pthread_t threads[MOST];

	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, block, &fds[i]))
			errx(1, "pthread_create");
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

/* The set is made anew for each call, and searched after it */
static void by_select(void)
{
	fd_set set;

	while (open_ones) {
		FD_ZERO(&set);
		for (int i = 0; i < count; i++)
			FD_SET(fds[i], &set);
		if (select(FD_SETSIZE, &set, NULL, NULL, NULL) < 0)
			err(1, "select");
		for (int i = 0; i < count; i++)
			if (FD_ISSET(fds[i], &set))
				take(fds[i]);
	}
}

/* The set is kept, handed over for each call, and searched after it */
static void by_poll(void)
{
	struct pollfd set[MOST];

	for (int i = 0; i < count; i++)
		set[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	while (open_ones) {
		if (poll(set, count, -1) < 0)
			err(1, "poll");
		for (int i = 0; i < count; i++)
			if (set[i].revents)
				take(fds[i]);
	}
}

/* The kernel keeps the set, and returns what is ready */
static void by_epoll(void)
{
	struct epoll_event events[64];
	int epoll = epoll_create1(0);

	for (int i = 0; i < count; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.fd = fds[i] };

		if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event))
			err(1, "epoll_ctl");
	}
	while (open_ones) {
		int got = epoll_wait(epoll, events, 64, -1);

		for (int i = 0; i < got; i++)
			take(events[i].data.fd);
	}
}

static void open_sockets(const char *address, int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	int room = 1 << 21;

	if (inet_pton(AF_INET, address, &at.sin_addr) != 1)
		errx(1, "%s is no IPv4 address", address);
	for (int i = 0; i < count; i++) {
		at.sin_port = htons(port + i);
		fds[i] = socket(AF_INET, SOCK_DGRAM, 0);
		if (fds[i] < 0 ||
		    setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) ||
		    bind(fds[i], (struct sockaddr *)&at, sizeof(at)))
			err(1, "port %d", port + i);
	}
}

/* How often this process went to sleep */
static long sleeps(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_nvcsw;
}

int main(int argc, char **argv)
{
	static void (* const readers[])(void) = { by_threads, by_select, by_poll, by_epoll };
	static const char * const names[] = { "threads", "select", "poll", "epoll" };
	long before;
	size_t way;

	for (way = 0; argc == 5 && way < 4; way++)
		if (!strcmp(argv[1], names[way]))
			break;
	if (argc == 5)
		count = atoi(argv[4]);
	if (argc != 5 || way == 4 || count < 1 || count > MOST)
		errx(1, "usage: readers threads|select|poll|epoll ADDRESS FIRST-PORT SOCKETS");
	open_ones = count;
	open_sockets(argv[2], atoi(argv[3]));
	printf("ready\n");
	fflush(stdout);
	before = sleeps();
	readers[way]();
	printf("%s: messages %ld, switches %ld\n", names[way], messages, sleeps() - before);
	return 0;
}
