// SPDX-License-Identifier: GPL-2.0
/*
 * Drops what comes for UDP port 7777 over IPv4, and lets the rest pass:
 *
 *   clang -O2 -g -target bpf -c xdp_drop.c -o xdp_drop.o
 *   ip link set dev eth0 xdpgeneric obj xdp_drop.o sec xdp
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int drop_7777(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);

	/* the verifier wants to see that nothing behind the frame is read */
	if ((void *)(udp + 1) > end)
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	return udp->dest == bpf_htons(7777) ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
