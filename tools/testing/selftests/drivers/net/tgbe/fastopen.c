// SPDX-License-Identifier: GPL-2.0
/*
 * TCP Fast Open: from the second connection on the request travels in the SYN, and the
 * server reads it one round trip earlier.
 *
 *   fastopen server ADDRESS PORT CONNECTIONS
 *   fastopen client ADDRESS PORT REQUEST
 *
 * The server answers each request with the same bytes. net.ipv4.tcp_fastopen must have
 * bit 0 on the client's side (the default) and bit 1 on the server's.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAITING = 16, ROOM = 1024 };

/* Did the request come, or go, in the SYN? */
static const char *with_syn(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size))
		err(1, "TCP_INFO");
	return info.tcpi_options & TCPI_OPT_SYN_DATA ? "in the SYN" : "after the handshake";
}

static void serve(struct sockaddr_in *at, int connections)
{
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1, waiting = WAITING;
	char request[ROOM];

	if (listener < 0 ||
	    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    /* so many connections that are not open yet may have sent data */
	    setsockopt(listener, IPPROTO_TCP, TCP_FASTOPEN, &waiting, sizeof(waiting)) ||
	    bind(listener, (struct sockaddr *)at, sizeof(*at)) || listen(listener, WAITING))
		err(1, "listen");
	printf("ready\n");
	fflush(stdout);
	while (connections--) {
		int fd = accept(listener, NULL, NULL);
		ssize_t got;

		if (fd < 0)
			err(1, "accept");
		got = read(fd, request, sizeof(request));
		printf("request of %zd bytes %s\n", got, with_syn(fd));
		fflush(stdout);
		if (got < 0 || write(fd, request, got) != got)
			err(1, "answer");
		close(fd);
	}
	close(listener);
}

static void ask(struct sockaddr_in *at, const char *request)
{
	ssize_t size = strlen(request);
	char answer[ROOM];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	/* connects as well; without a cookie the request follows the handshake */
	if (fd < 0 || sendto(fd, request, size, MSG_FASTOPEN, (struct sockaddr *)at,
			     sizeof(*at)) != size)
		err(1, "sendto");
	if (read(fd, answer, sizeof(answer)) != size)
		err(1, "answer");
	printf("request of %zd bytes %s\n", size, with_syn(fd));
	close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET };

	if (argc != 5 || inet_pton(AF_INET, argv[2], &at.sin_addr) != 1)
		errx(1, "usage: fastopen server|client IPV4-ADDRESS PORT CONNECTIONS|REQUEST");
	at.sin_port = htons(atoi(argv[3]));
	if (!strcmp(argv[1], "server"))
		serve(&at, atoi(argv[4]));
	else
		ask(&at, argv[4]);
	return 0;
}
