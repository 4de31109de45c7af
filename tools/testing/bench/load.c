// SPDX-License-Identifier: GPL-2.0
/*
 * The loads that the benchmark measures, each between two marks of the meter.
 *
 *	load pktgen				the packets that pktgen was told to send
 *	load send ADDRESS PORT BYTES COUNT	datagrams
 *	load ask ADDRESS PORT COUNT		datagrams, each after the answer to the last;
 *						prints the median time in ns, and how many were lost
 *	load answer PORT			the other end: sends back what comes
 *	load tcp-send ADDRESS PORT MB		a stream
 *	load tcp-receive PORT			the other end
 *	load run COMMAND...			a command
 *
 * "load unmeasured ..." does the same without the marks, to warm up caches.
 * Who waits for the other end prints "ready" when it does.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "meter.h"

/* Until the last frames were taken back and counted */
#define SETTLE_US	20000

/* Questions and megabytes that are not measured: caches, TCP's window, neighbours */
#define WARM_UP_ASKS	20
#define WARM_UP_WRITES	32

#define ASK_BYTES	64

static char buf[128 << 10];
static bool measured = true;

static void begin(void)
{
	if (measured)
		meter_begin();
}

static void end(void)
{
	if (measured)
		meter_end();
}

static struct sockaddr_in to_sockaddr(const char *host, const char *port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };

	if (host && inet_pton(AF_INET, host, &sa.sin_addr) != 1)
		errx(2, "not an IPv4 address: %s", host);
	return sa;
}

static int open_socket(int type, const char *host, const char *port)
{
	struct sockaddr_in sa = to_sockaddr(host, port);
	int fd = socket(AF_INET, type, 0), one = 1;

	if (fd < 0)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if ((host ? connect : bind)(fd, (struct sockaddr *)&sa, sizeof(sa)))
		err(1, "port %s", port);
	return fd;
}

static void say_ready(void)
{
	puts("ready");
	fflush(stdout);
}

static void start_pktgen(void)
{
	int fd = open("/proc/net/pktgen/pgctrl", O_WRONLY);

	if (fd < 0)
		err(1, "pktgen");
	begin();
	if (write(fd, "start\n", 6) != 6)
		err(1, "pktgen");
	usleep(SETTLE_US);
	end();
}

static void send_datagrams(const char *host, const char *port, int bytes, int count)
{
	int fd = open_socket(SOCK_DGRAM, host, port), big = 64 << 20;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof(big));
	begin();
	for (int i = 0; i < count; i++)
		if (send(fd, buf, bytes, 0) != bytes)
			err(1, "send");
	usleep(SETTLE_US);
	end();
}

static int compare(const void *a, const void *b)
{
	const long *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void ask(const char *host, const char *port, int count)
{
	int fd = open_socket(SOCK_DGRAM, host, port), lost = 0;
	struct timeval limit = { .tv_sec = 1 };
	long *times = calloc(count, sizeof(*times));

	if (!times)
		err(1, "%d questions", count);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	for (int i = -WARM_UP_ASKS; i < count; i++) {
		long start = now();

		if (!i)
			begin();
		if (send(fd, buf, ASK_BYTES, 0) != ASK_BYTES)
			err(1, "send");
		if (recv(fd, buf, sizeof(buf), 0) < 0)
			lost++;
		if (i >= 0)
			times[i] = now() - start;
	}
	end();
	qsort(times, count, sizeof(*times), compare);
	printf("%ld %d\n", times[count / 2], lost);
}

static void answer(const char *port)
{
	int fd = open_socket(SOCK_DGRAM, NULL, port);

	say_ready();
	for (;;) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);

		if (n >= 0)
			sendto(fd, buf, n, 0, (struct sockaddr *)&from, len);
	}
}

static void tcp_send(const char *host, const char *port, long mb)
{
	int fd = open_socket(SOCK_STREAM, host, port);

	for (int i = 0; i < WARM_UP_WRITES; i++)
		if (send(fd, buf, sizeof(buf), 0) < 0)
			err(1, "send");
	usleep(5 * SETTLE_US);
	begin();
	for (long left = mb << 20; left > 0;) {
		ssize_t n = send(fd, buf, sizeof(buf), 0);

		if (n < 0)
			err(1, "send");
		left -= n;
	}
	/* the other end answers when it has all */
	shutdown(fd, SHUT_WR);
	recv(fd, buf, 1, 0);
	end();
}

static void tcp_receive(const char *port)
{
	int listener = open_socket(SOCK_STREAM, NULL, port), fd;

	if (listen(listener, 1))
		err(1, "listen");
	say_ready();
	fd = accept(listener, NULL, NULL);
	while (recv(fd, buf, sizeof(buf), 0) > 0)
		;
	send(fd, buf, 1, 0);
}

static int run(char **command)
{
	int status;
	pid_t pid;

	begin();
	pid = fork();
	if (!pid) {
		execvp(command[0], command);
		err(127, "%s", command[0]);
	}
	waitpid(pid, &status, 0);
	end();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	const char *what;
	int rc = 0;

	if (argc > 1 && !strcmp(argv[1], "unmeasured")) {
		measured = false;
		argc--;
		argv++;
	}
	what = argc > 1 ? argv[1] : "";
	if (!strcmp(what, "pktgen") && argc == 2)
		start_pktgen();
	else if (!strcmp(what, "send") && argc == 6)
		send_datagrams(argv[2], argv[3], atoi(argv[4]), atoi(argv[5]));
	else if (!strcmp(what, "ask") && argc == 5)
		ask(argv[2], argv[3], atoi(argv[4]));
	else if (!strcmp(what, "answer") && argc == 3)
		answer(argv[2]);
	else if (!strcmp(what, "tcp-send") && argc == 5)
		tcp_send(argv[2], argv[3], atol(argv[4]));
	else if (!strcmp(what, "tcp-receive") && argc == 3)
		tcp_receive(argv[2]);
	else if (!strcmp(what, "run") && argc > 2)
		rc = run(argv + 2);
	else
		errx(2, "pktgen | send | ask | answer | tcp-send | tcp-receive | run, see load.c");
	return rc;
}
