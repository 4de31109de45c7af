// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets of netlink: opened once, one question and its answers at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/netdev.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src.h"

int nl_talk(struct mnl_socket *nl, struct nlmsghdr *request,
	    int (*cb)(const struct nlmsghdr *nlh, void *data), void *data)
{
	static char buf[64 << 10];
	static unsigned int seq;
	unsigned int portid = mnl_socket_get_portid(nl);
	bool dump = request->nlmsg_flags & NLM_F_DUMP;
	int rc = 1;

	request->nlmsg_seq = ++seq;
	if (!dump)
		request->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(nl, request, request->nlmsg_len) < 0)
		return -errno;
	while (rc > 0) {
		ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));

		if (n < 0)
			return -errno;
		rc = mnl_cb_run(buf, n, seq, portid, cb, data);
	}
	return rc < 0 ? -errno : 0;
}

static int on_family(const struct nlmsghdr *nlh, void *data)
{
	struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			*(unsigned int *)data = mnl_attr_get_u16(attr);
	}
	return MNL_CB_OK;
}

static unsigned int family(struct mnl_socket *nl, const char *name)
{
	char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;
	unsigned int id = 0;

	nlh->nlmsg_type = GENL_ID_CTRL;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = CTRL_CMD_GETFAMILY;
	genl->version = 1;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, name);
	nl_talk(nl, nlh, on_family, &id);
	return id;
}

static struct mnl_socket *open_bus(int bus)
{
	struct mnl_socket *nl = mnl_socket_open(bus);

	if (nl && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(nl);
		nl = NULL;
	}
	return nl;
}

static int enter_netns(const char *name)
{
	char path[256];
	int fd, rc;

	snprintf(path, sizeof(path), "%s%s", strchr(name, '/') ? "" : "/run/netns/", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "netpath: no network namespace '%s': %s\n", name, strerror(errno));
		return -1;
	}
	rc = setns(fd, CLONE_NEWNET);
	if (rc)
		fprintf(stderr, "netpath: cannot enter network namespace '%s': %s\n", name,
			strerror(errno));
	close(fd);
	return rc;
}

int watch_open(struct watch *w)
{
	if (w->netns && enter_netns(w->netns))
		return -1;
	w->ifindex = if_nametoindex(w->dev);
	if (!w->ifindex) {
		fprintf(stderr, "netpath: no network device '%s'%s%s\n", w->dev,
			w->netns ? " in network namespace " : "", w->netns ? w->netns : "");
		return -1;
	}
	w->route = open_bus(NETLINK_ROUTE);
	w->generic = open_bus(NETLINK_GENERIC);
	w->diag = open_bus(NETLINK_SOCK_DIAG);
	if (!w->route || !w->generic) {
		fprintf(stderr, "netpath: cannot open netlink: %s\n", strerror(errno));
		return -1;
	}
	w->netdev_family = family(w->generic, NETDEV_FAMILY_NAME);
	w->ethtool_family = family(w->generic, ETHTOOL_GENL_NAME);
	return 0;
}

void watch_close(struct watch *w)
{
	struct mnl_socket *all[] = { w->route, w->generic, w->diag };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (all[i])
			mnl_socket_close(all[i]);
	}
}
