// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets, from sock_diag: what UDP's hold and lost, and the queues of TCP's listeners.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <string.h>

#include "src.h"

struct sockets {
	struct facts *f;
	const char *what;
};

static int on_socket(const struct nlmsghdr *nlh, void *data)
{
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(nlh);
	char address[INET6_ADDRSTRLEN], name[128];
	struct sockets *sockets = data;
	struct facts *f = sockets->f;
	uint32_t mem[SK_MEMINFO_VARS];
	struct nlattr *attr;

	if (!inet_ntop(msg->idiag_family, msg->id.idiag_src, address, sizeof(address)))
		return MNL_CB_OK;
	snprintf(name, sizeof(name), "sock/%s/%s:%u/%u", sockets->what, address,
		 ntohs(msg->id.idiag_sport), msg->idiag_inode);
	memset(mem, 0, sizeof(mem));
	mnl_attr_for_each(attr, nlh, sizeof(*msg)) {
		size_t len = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) == INET_DIAG_SKMEMINFO)
			memcpy(mem, mnl_attr_get_payload(attr),
			       len < sizeof(mem) ? len : sizeof(mem));
	}
	facts_add(f, mem[SK_MEMINFO_DROPS], "%s/drops", name);
	if (!strcmp(sockets->what, "listen")) {
		facts_add(f, msg->idiag_rqueue, "%s/queued", name);
		facts_add(f, msg->idiag_wqueue, "%s/limit", name);
	} else {
		facts_add(f, mem[SK_MEMINFO_RMEM_ALLOC], "%s/waits", name);
		facts_add(f, mem[SK_MEMINFO_RCVBUF], "%s/buffer", name);
	}
	return MNL_CB_OK;
}

static int ask(struct facts *f, struct watch *w, int family, int protocol)
{
	struct sockets sockets = { .f = f, .what = protocol == IPPROTO_UDP ? "udp" : "listen" };
	char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct inet_diag_req_v2 *req;

	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	req = mnl_nlmsg_put_extra_header(nlh, sizeof(*req));
	req->sdiag_family = family;
	req->sdiag_protocol = protocol;
	req->idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1);
	req->idiag_states = protocol == IPPROTO_UDP ? ~0U : 1U << TCP_LISTEN;
	return nl_talk(w->diag, nlh, on_socket, &sockets);
}

void src_diag(struct facts *f, struct watch *w)
{
	int rc = -1;

	if (w->diag) {
		rc = ask(f, w, AF_INET, IPPROTO_UDP);
		if (!rc)
			rc = ask(f, w, AF_INET, IPPROTO_TCP);
		/* a kernel without IPv6 */
		ask(f, w, AF_INET6, IPPROTO_UDP);
		ask(f, w, AF_INET6, IPPROTO_TCP);
	}
	if (rc)
		facts_text(f, "no inet_diag: which socket loses is not known", "blind/socket");
}
