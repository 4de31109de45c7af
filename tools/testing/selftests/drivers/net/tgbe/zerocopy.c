// SPDX-License-Identifier: GPL-2.0
/*
 * zerocopy METHOD ADDRESS PORT FILE: sends a file over TCP, and says how many calls that
 * took and what the kernel reports of MSG_ZEROCOPY.
 *
 *   read      read() into a buffer, send() from it: two copies by this process
 *   mmap      send() from the mapped file: one copy
 *   sendfile  none: the pages of the file become fragments of the packets
 *   zerocopy  none: the mapped pages do, and must not change until a completion comes
 */

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK	(256 << 10)
#define PATIENCE_MS	20000

static int calls, completed, copied;

static int connect_to(const char *address, const char *port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(atoi(port)),
	};
	int sock;

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		errx(2, "%s is no IPv4 address", address);
	sock = socket(AF_INET, SOCK_STREAM, 0);
	if (sock < 0 || connect(sock, (void *)&to, sizeof(to)))
		err(1, "connect");
	return sock;
}

/* A notice on the error queue is about a range of calls: ee_info to ee_data. */
static void note(const struct sock_extended_err *notice)
{
	int range = notice->ee_data - notice->ee_info + 1;

	if (notice->ee_origin != SO_EE_ORIGIN_ZEROCOPY)
		errx(1, "an error instead of a completion: %s", strerror(notice->ee_errno));
	completed += range;
	if (notice->ee_code & SO_EE_CODE_ZEROCOPY_COPIED)
		copied += range;
}

/* Returns false when there is none. */
static int read_completion(int sock)
{
	char control[128];
	struct msghdr msg = { .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg;

	if (recvmsg(sock, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
		if (errno == EAGAIN)
			return 0;
		err(1, "recvmsg");
	}
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg))
		note((void *)CMSG_DATA(cmsg));
	return 1;
}

static void await_completions(int sock)
{
	/* POLLERR comes without being asked for */
	struct pollfd fd = { .fd = sock };

	while (completed < calls) {
		if (poll(&fd, 1, PATIENCE_MS) <= 0)
			errx(1, "%d of %d calls were never completed", calls - completed, calls);
		while (read_completion(sock))
			;
	}
}

static void send_all(int sock, const char *data, size_t size, int flags)
{
	ssize_t sent;

	for (; size; data += sent, size -= sent) {
		sent = send(sock, data, size < CHUNK ? size : CHUNK, flags);
		if (sent < 0)
			err(1, "send");
		calls++;
		if (flags & MSG_ZEROCOPY)
			while (read_completion(sock))
				;
	}
}

static void by_read(int sock, int file)
{
	static char buffer[CHUNK];
	ssize_t got;

	while ((got = read(file, buffer, sizeof(buffer))) > 0)
		send_all(sock, buffer, got, 0);
	if (got < 0)
		err(1, "read");
}

static void by_sendfile(int sock, int file)
{
	ssize_t sent;

	while ((sent = sendfile(sock, file, NULL, CHUNK)) > 0)
		calls++;
	if (sent < 0)
		err(1, "sendfile");
}

static void by_mmap(int sock, int file, int flags)
{
	struct stat st;
	char *data;
	int one = 1;

	if (fstat(file, &st))
		err(1, "fstat");
	data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, file, 0);
	if (data == MAP_FAILED)
		err(1, "mmap");
	if (flags && setsockopt(sock, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)))
		err(1, "SO_ZEROCOPY");
	send_all(sock, data, st.st_size, flags);
	if (flags)
		await_completions(sock);
	munmap(data, st.st_size);
}

int main(int argc, char **argv)
{
	struct rusage usage;
	int sock, file;

	if (argc != 5)
		errx(2, "usage: zerocopy read|mmap|sendfile|zerocopy ADDRESS PORT FILE");
	file = open(argv[4], O_RDONLY);
	if (file < 0)
		err(1, "%s", argv[4]);
	sock = connect_to(argv[2], argv[3]);
	if (!strcmp(argv[1], "read"))
		by_read(sock, file);
	else if (!strcmp(argv[1], "mmap"))
		by_mmap(sock, file, 0);
	else if (!strcmp(argv[1], "sendfile"))
		by_sendfile(sock, file);
	else if (!strcmp(argv[1], "zerocopy"))
		by_mmap(sock, file, MSG_ZEROCOPY);
	else
		errx(2, "no method '%s'", argv[1]);
	close(sock);
	getrusage(RUSAGE_SELF, &usage);
	printf("%d calls, %d completions, %d copied, %ld ms of system time\n", calls, completed,
	       copied, usage.ru_stime.tv_sec * 1000L + usage.ru_stime.tv_usec / 1000);
	return 0;
}
