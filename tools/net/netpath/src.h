/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NETPATH_SRC_H
#define NETPATH_SRC_H

#include <net/if.h>
#include <stdbool.h>

#include "facts.h"

struct mnl_socket;
struct nlmsghdr;

/**
 * struct watch - the device that is watched, and the ways to the kernel
 * @dev: its name
 * @netns: name of its network namespace, NULL for this one
 * @ifindex: its number
 * @route: rtnetlink
 * @generic: generic netlink
 * @diag: sock_diag; NULL where the kernel has none
 * @netdev_family: number of the netdev family, 0 if there is none
 * @ethtool_family: number of the ethtool family, 0 if there is none
 */
struct watch {
	char dev[IFNAMSIZ];
	const char *netns;
	unsigned int ifindex;
	struct mnl_socket *route, *generic, *diag;
	unsigned int netdev_family, ethtool_family;
};

/* Return: 0, or -1 with a line on stderr */
int watch_open(struct watch *w);
void watch_close(struct watch *w);

/*
 * Each adds what it can read, and a fact "blind/STATION" with the reason for what it
 * cannot. Return: 0, or -1 if the device is gone.
 */
int src_rtnl(struct facts *f, struct watch *w);
void src_genl(struct facts *f, struct watch *w);
void src_proc(struct facts *f, const struct watch *w);
void src_diag(struct facts *f, struct watch *w);
/* Names the processes that own the sockets of @f that lost something since @before */
void src_owners(struct facts *f, const struct facts *before);

/* netlink: sends @request, calls @cb for each answer. Return: 0, or a negative errno */
int nl_talk(struct mnl_socket *nl, struct nlmsghdr *request,
	    int (*cb)(const struct nlmsghdr *nlh, void *data), void *data);

#endif
