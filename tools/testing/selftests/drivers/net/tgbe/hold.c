// SPDX-License-Identifier: GPL-2.0
/*
 * Many TCP connections, to see what one of them costs:
 *
 *   hold server ADDRESS PORT       hold client ADDRESS PORT
 *
 * Each obeys the lines of its standard input, and prints how many connections it holds
 * after each:
 *
 *   connect N   client: open so many more
 *   accept N    server: take so many out of the accept queue
 *   watch       server: register them with an epoll
 *   send N      server: send 100 bytes on the first N connections
 *   close       close all connections
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 20000 };

static struct sockaddr_in at = { .sin_family = AF_INET };
static int fds[MOST], held, listener, epoll;

static void add(int fd)
{
	if (fd < 0)
		err(1, "connection %d", held);
	fds[held++] = fd;
}

static void open_one(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	add(fd);
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)))
		err(1, "connect %d", held);
}

static void watch(int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		err(1, "epoll_ctl");
}

static void send_some(int fd)
{
	static const char bytes[100];

	if (send(fd, bytes, sizeof(bytes), 0) != sizeof(bytes))
		err(1, "send");
}

static void obey(const char *word, int count)
{
	if (count > held && !strcmp(word, "send"))
		count = held;
	if (count > MOST - held && strcmp(word, "send"))
		count = MOST - held;
	for (int i = 0; i < count; i++) {
		if (!strcmp(word, "connect"))
			open_one();
		else if (!strcmp(word, "accept"))
			add(accept(listener, NULL, NULL));
		else if (!strcmp(word, "send"))
			send_some(fds[i]);
	}
	if (!strcmp(word, "watch"))
		for (int i = 0; i < held; i++)
			watch(fds[i]);
	while (!strcmp(word, "close") && held)
		close(fds[--held]);
}

static void be_server(void)
{
	int on = 1;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 ||
	    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, MOST))
		err(1, "listen");
	epoll = epoll_create1(0);
}

int main(int argc, char **argv)
{
	struct rlimit room = { MOST + 100, MOST + 100 };
	char line[80], word[16];
	int count;

	if (argc != 4 || inet_pton(AF_INET, argv[2], &at.sin_addr) != 1)
		errx(1, "usage: hold server|client IPV4-ADDRESS PORT");
	at.sin_port = htons(atoi(argv[3]));
	if (setrlimit(RLIMIT_NOFILE, &room))
		err(1, "no room for %d descriptors", MOST + 100);
	if (!strcmp(argv[1], "server"))
		be_server();
	do {
		printf("%d\n", held);
		fflush(stdout);
		count = 0;
		if (!fgets(line, sizeof(line), stdin))
			break;
		if (sscanf(line, "%15s %d", word, &count) >= 1)
			obey(word, count);
	} while (1);
	return 0;
}
