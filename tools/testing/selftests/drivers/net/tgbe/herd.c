// SPDX-License-Identifier: GPL-2.0
/*
 * Several processes accept the connections of one port. How many of them wake up for
 * one connection depends on how they wait:
 *
 *   own        each has an epoll of its own on the common listener (EPOLLIN)
 *   exclusive  the same with EPOLLEXCLUSIVE
 *   accept     each blocks in accept()
 *   reuseport  each has a listener and an epoll of its own; the kernel chooses one by
 *              the hash of the connection
 *   shared     one epoll for all, level-triggered
 *   edge       one epoll for all, EPOLLET
 *
 *   herd own|exclusive|accept|reuseport|shared|edge ADDRESS PORT PROCESSES
 *
 * Each accepted connection is closed at once. The end of the standard input ends the
 * herd, and each process prints what it did: a wake-up that finds no connection shows
 * only as a switch, for epoll_wait() goes back to sleep by itself.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 64 };

/* Set by a signal; an atomic integer may be */
static int ended;

static void end(int number)
{
	(void)number;
	__atomic_store_n(&ended, 1, __ATOMIC_RELAXED);
}

static int listen_at(const char *address, const char *port, const char *how)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
	int on = 1, fd;

	/* a process that loses the race for a connection goes back to epoll_wait() */
	fd = socket(AF_INET, SOCK_STREAM | (strcmp(how, "accept") ? SOCK_NONBLOCK : 0), 0);
	if (inet_pton(AF_INET, address, &at.sin_addr) != 1)
		errx(1, "%s is no IPv4 address", address);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    (!strcmp(how, "reuseport") &&
	     setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on))) ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 128))
		err(1, "listen on %s port %s", address, port);
	return fd;
}

static int watching(int listener, unsigned int events)
{
	struct epoll_event event = { .events = events, .data.fd = listener };
	int epoll = epoll_create1(0);

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event))
		err(1, "epoll");
	return epoll;
}

/* Wait for connections; without an epoll accept() itself waits */
static void serve(int listener, int epoll)
{
	int accepted = 0, waits = 0, fd;
	struct epoll_event event;
	struct rusage usage;
	long before;

	getrusage(RUSAGE_SELF, &usage);
	before = usage.ru_nvcsw;
	while (!__atomic_load_n(&ended, __ATOMIC_RELAXED)) {
		if (epoll >= 0) {
			if (epoll_wait(epoll, &event, 1, -1) < 0)
				continue;
			waits++;
		}
		fd = accept4(listener, NULL, NULL, 0);
		if (fd >= 0) {
			accepted++;
			close(fd);
		} else if (errno != EAGAIN && errno != EINTR) {
			err(1, "accept");
		}
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("process %d: accepted %d, waits %d, switches %ld\n", getpid(), accepted,
	       waits, usage.ru_nvcsw - before);
}

static void child(const char *how, char **at, int listener, int epoll)
{
	if (!strcmp(how, "reuseport"))
		listener = listen_at(at[0], at[1], how);
	if (!strcmp(how, "own") || !strcmp(how, "reuseport"))
		epoll = watching(listener, EPOLLIN);
	else if (!strcmp(how, "exclusive"))
		epoll = watching(listener, EPOLLIN | EPOLLEXCLUSIVE);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	printf("waiting %d\n", getpid());
	fflush(stdout);
	serve(listener, epoll);
}

int main(int argc, char **argv)
{
	static const char * const ways[] = { "own", "exclusive", "accept", "reuseport",
					     "shared", "edge" };
	/* without SA_RESTART: a blocking accept() returns */
	struct sigaction action = { .sa_handler = end };
	int listener = -1, epoll = -1, known = 0, count;
	pid_t pids[MOST];

	for (size_t i = 0; argc == 5 && i < sizeof(ways) / sizeof(*ways); i++)
		known |= !strcmp(argv[1], ways[i]);
	count = known ? atoi(argv[4]) : 0;
	if (count < 1 || count > MOST)
		errx(1, "usage: herd own|exclusive|accept|reuseport|shared|edge ADDRESS PORT N");

	sigaction(SIGTERM, &action, NULL);
	if (strcmp(argv[1], "reuseport"))
		listener = listen_at(argv[2], argv[3], argv[1]);
	if (!strcmp(argv[1], "shared"))
		epoll = watching(listener, EPOLLIN);
	if (!strcmp(argv[1], "edge"))
		epoll = watching(listener, EPOLLIN | EPOLLET);
	for (int i = 0; i < count; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			err(1, "fork");
		if (!pids[i]) {
			child(argv[1], argv + 2, listener, epoll);
			return 0;
		}
	}
	while (getchar() != EOF)
		;
	/* again and again: a signal may come just before a process goes to sleep */
	for (int i = 0; i < count; i++) {
		do {
			kill(pids[i], SIGTERM);
			usleep(10000);
		} while (!waitpid(pids[i], NULL, WNOHANG));
	}
	return 0;
}
