/* SPDX-License-Identifier: GPL-2.0 */
/* From a frame's headers to the description that the chip is given, inline in the
 * transmit path.
 */
#ifndef _TGBE_OFFLOAD_H_
#define _TGBE_OFFLOAD_H_

#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip6_checksum.h>

#include "tgbe_desc.h"

struct tgbe_device;

/* All that goes with a checksum, and what goes with segments */
#define TGBE_GSO_OFFLOADS	(NETIF_F_ALL_TSO | NETIF_F_GSO_UDP_L4)
#define TGBE_CSUM_OFFLOADS	(NETIF_F_CSUM_MASK | NETIF_F_SCTP_CRC | \
				 TGBE_GSO_OFFLOADS)

/* The chips repeat the headers of a tunnel and know nothing of them. So software cuts
 * off what does not fill a segment (NETIF_F_GSO_PARTIAL), and then the lengths in these
 * headers are right for every segment.
 */
#define TGBE_TUNNELS	(NETIF_F_GSO_GRE | NETIF_F_GSO_GRE_CSUM | \
			 NETIF_F_GSO_IPXIP4 | NETIF_F_GSO_IPXIP6 | \
			 NETIF_F_GSO_UDP_TUNNEL | NETIF_F_GSO_UDP_TUNNEL_CSUM)

/* What a card was seen to do as the datasheet says, see tgbe_trial.c */
#define TGBE_RIGHT_UDP		BIT(0)	/* cuts UDP */
#define TGBE_RIGHT_TUNNEL	BIT(1)	/* cuts and sums where it is told, not where it
					 * finds TCP
					 */

/* tgbe_trial.c */
void tgbe_trial(struct tgbe_device *dev);

/* tgbe_offload.c */
netdev_features_t tgbe_features_check(struct sk_buff *skb,
				      struct net_device *netdev,
				      netdev_features_t features);
void tgbe_offload_features(struct tgbe_device *dev);
int tgbe_prepare_gso(struct sk_buff *skb, struct tgbe_tx_offload *o);

static inline enum tgbe_l4 tgbe_l4_protocol(const struct sk_buff *skb)
{
	if (skb_csum_is_sctp((struct sk_buff *)skb))
		return TGBE_L4_SCTP;
	switch (skb->csum_offset) {
	case offsetof(struct tcphdr, check):
		return TGBE_L4_TCP;
	case offsetof(struct udphdr, check):
		return TGBE_L4_UDP;
	default:
		return TGBE_L4_NONE;
	}
}

/* Write the TCP and IP headers as the chip wants them before it cuts: no
 * lengths, and the pseudo header's sum without its length.
 */
static inline int tgbe_prepare_tso(struct sk_buff *skb, struct tgbe_tx_offload *o)
{
	if (unlikely(skb->encapsulation || o->l4 != TGBE_L4_TCP))
		return tgbe_prepare_gso(skb, o);
	if (skb_cow_head(skb, 0))
		return -ENOMEM;

	if (o->ipv4) {
		struct iphdr *ip = ip_hdr(skb);

		ip->tot_len = 0;
		ip->check = 0;
		tcp_hdr(skb)->check = ~csum_tcpudp_magic(ip->saddr, ip->daddr,
							 0, IPPROTO_TCP, 0);
	} else {
		tcp_v6_gso_csum_prep(skb);
	}
	o->mss = skb_shinfo(skb)->gso_size;
	o->header_len = skb_tcp_all_headers(skb);
	o->l4_len = tcp_hdrlen(skb);
	return 0;
}

/**
 * tgbe_describe() - what the chip shall do to a frame
 * @skb: frame; its headers are changed if the chip is to cut it
 * @o: description, all zero
 *
 * The L3 header is the outer one, and what stands between it and the header whose
 * sum the chip fills in counts as part of it.
 *
 * Context: any.
 * Return: 0, or the negative error of what could not be changed.
 */
static inline int tgbe_describe(struct sk_buff *skb, struct tgbe_tx_offload *o)
{
	o->frame_len = skb->len;
	o->vlan = skb_vlan_tag_present(skb);
	if (o->vlan)
		o->vlan_tci = skb_vlan_tag_get(skb);
	o->l3_start = skb_network_offset(skb);
	o->l4_start = o->l3_start;
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return 0;

	o->l4 = tgbe_l4_protocol(skb);
	if (unlikely(o->l4 == TGBE_L4_NONE))
		return skb_checksum_help(skb);
	o->ipv4 = vlan_get_protocol(skb) == htons(ETH_P_IP);
	o->l4_start = skb_checksum_start_offset(skb);
	o->l4_csum = o->l4_start + skb->csum_offset;
	return skb_is_gso(skb) ? tgbe_prepare_tso(skb, o) : 0;
}

#endif /* _TGBE_OFFLOAD_H_ */
