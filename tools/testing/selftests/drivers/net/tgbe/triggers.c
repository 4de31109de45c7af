// SPDX-License-Identifier: GPL-2.0
/*
 * When epoll reports a socket again: level-triggered as long as there is data,
 * EPOLLET when more comes, EPOLLONESHOT when it is armed again. EPOLLRDHUP tells that
 * the other end will send no more. And what select() cannot do: a descriptor of
 * FD_SETSIZE (1024) or above does not fit into an fd_set, poll() takes it.
 */
#define _GNU_SOURCE
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ABOVE = FD_SETSIZE + 100 };

static int ready(int epoll)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, 50);
}

static void put(int fd, size_t count)
{
	if (send(fd, "12345678", count, 0) != (ssize_t)count)
		err(1, "send");
}

static void take(int fd, size_t count)
{
	char room[16];

	if (recv(fd, room, count, 0) < 0)
		err(1, "recv");
}

static void trigger(const char *name, unsigned int how)
{
	struct epoll_event event = { .events = EPOLLIN | how };
	int epoll = epoll_create1(0), pair[2], at_first, half, more, armed;

	if (epoll < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event))
		err(1, "epoll");
	put(pair[1], 8);
	at_first = ready(epoll);
	take(pair[0], 4);
	half = ready(epoll);
	put(pair[1], 1);
	more = ready(epoll);
	epoll_ctl(epoll, EPOLL_CTL_MOD, pair[0], &event);
	armed = ready(epoll);
	printf("%s: ready %d, half read %d, one more byte %d, armed again %d\n", name,
	       at_first, half, more, armed);
	close(pair[0]);
	close(pair[1]);
	close(epoll);
}

static void hang_up(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP };
	int epoll = epoll_create1(0), pair[2];

	if (epoll < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event))
		err(1, "epoll");
	put(pair[1], 8);
	epoll_wait(epoll, &event, 1, 1000);
	printf("RDHUP: with data %d", !!(event.events & EPOLLRDHUP));
	shutdown(pair[1], SHUT_WR);
	epoll_wait(epoll, &event, 1, 1000);
	printf(", after shutdown %d\n", !!(event.events & EPOLLRDHUP));
}

static void high_descriptor(void)
{
	struct rlimit room = { ABOVE + 1, ABOVE + 1 };
	struct pollfd polled = { .fd = ABOVE, .events = POLLIN };
	int pair[2];

	if (setrlimit(RLIMIT_NOFILE, &room) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) ||
	    dup2(pair[0], ABOVE) < 0)
		err(1, "descriptor %d", ABOVE);
	put(pair[1], 1);
	printf("descriptor %d: an fd_set has %zu bits, poll() %d\n", ABOVE,
	       8 * sizeof(fd_set), poll(&polled, 1, 1000));
}

int main(void)
{
	trigger("level", 0);
	trigger("edge", EPOLLET);
	trigger("oneshot", EPOLLONESHOT);
	hang_up();
	high_descriptor();
	return 0;
}
