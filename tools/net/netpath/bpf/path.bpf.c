// SPDX-License-Identifier: GPL-2.0
/*
 * What no counter holds: the drops by reason and place, and how long packets wait between
 * dev_queue_xmit() and the driver. Nothing but the two sampled events is paid for by
 * packets that are not lost.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "path.h"

/* One skb in 64 is timed, chosen by its address; 8 bits are the same for all. */
#define SAMPLE_SHIFT 8
#define SAMPLE_MASK 63

/* Number of the device that is watched */
__u32 device;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct drop_key);
	__type(value, __u64);
} drops SEC(".maps");

/* Drops that found no room in the table */
__u64 drops_missed;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u64);
} waiting SEC(".maps");

/* By the power of two of the microseconds */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PATH_DELAYS);
	__type(key, __u32);
	__type(value, __u64);
} delays SEC(".maps");

/*
 * A socket tells its namespace for sure. The device may be overwritten: UDP and TCP use
 * the place for numbers and links of their own, and then there is none to read.
 */
static __u32 netns_of(struct sk_buff *skb, struct sock *sk)
{
	if (!sk)
		sk = BPF_CORE_READ(skb, sk);
	if (sk)
		return BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	return BPF_CORE_READ(skb, dev, nd_net.net, ns.inum);
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(on_drop, struct sk_buff *skb, void *place, enum skb_drop_reason reason,
	     struct sock *sk)
{
	struct drop_key key = { .place = (__u64)place, .reason = reason };
	__u64 one = 1, *count;

	key.netns = netns_of(skb, sk);
	count = bpf_map_lookup_elem(&drops, &key);
	if (!count) {
		if (!bpf_map_update_elem(&drops, &key, &one, BPF_NOEXIST))
			return 0;
		count = bpf_map_lookup_elem(&drops, &key);
	}
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		__sync_fetch_and_add(&drops_missed, 1);
	return 0;
}

static bool sampled(__u64 skb)
{
	return !((skb >> SAMPLE_SHIFT) & SAMPLE_MASK);
}

SEC("raw_tp/net_dev_queue")
int on_queue(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 skb = ctx->args[0], now;

	if (!sampled(skb))
		return 0;
	if (BPF_CORE_READ((struct sk_buff *)skb, dev, ifindex) != device)
		return 0;
	now = bpf_ktime_get_ns();
	bpf_map_update_elem(&waiting, &skb, &now, BPF_ANY);
	return 0;
}

SEC("raw_tp/net_dev_start_xmit")
int on_xmit(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 skb = ctx->args[0], *since, *count, waited;
	__u32 slot = 0;

	if (!sampled(skb))
		return 0;
	since = bpf_map_lookup_elem(&waiting, &skb);
	if (!since)
		return 0;
	waited = (bpf_ktime_get_ns() - *since) / 1000;
	/* the address is soon another packet's */
	bpf_map_delete_elem(&waiting, &skb);
	bpf_for(slot, 0, PATH_DELAYS - 1) {
		if (!(waited >> slot))
			break;
	}
	count = bpf_map_lookup_elem(&delays, &slot);
	if (count)
		*count += 1;
	return 0;
}

char _license[] SEC("license") = "GPL";
