// SPDX-License-Identifier: GPL-2.0
/* What the chips can do to a frame that is sent: the features that are announced,
 * the frames for which they hold, and the description of those that are rare.
 */
#include <linux/netdevice.h>

#include "tgbe.h"
#include "tgbe_chip.h"
#include "tgbe_offload.h"
#include "tgbe_ring.h"

/* Longest headers the chips can describe (82576: MACLEN, IPLEN; 82574: byte
 * offsets), and the longest they can repeat in front of segments.
 */
#define L2_MAX		127
#define L3_MAX		511
#define EXT_CSUM_MAX	255
#define TSO_HEADER_MAX	240

/* Behind an IPv4 header that the chip takes to be longer than it is, up to the inner
 * L4 header: its sum covers all of that. What the sum field holds before is part of
 * the sum, so the complement of what is too much goes there.
 */
static void tgbe_prepare_outer(struct sk_buff *skb, struct tgbe_tx_offload *o)
{
	struct iphdr *ip = ip_hdr(skb);
	unsigned int header = ip->ihl * 4;
	u8 *behind = (u8 *)ip + header;

	ip->tot_len = 0;
	ip->check = csum_fold(csum_partial(behind, o->l4_start - o->l3_start - header, 0));
}

/**
 * tgbe_prepare_gso() - write the headers of a frame that the chip is to cut
 * @skb: encapsulated TCP, or UDP
 * @o: its description, up to what is about segments
 *
 * The length is taken out of the L4 sum, for the chip adds that of each segment. So
 * this works for whatever the sum was begun with.
 *
 * Context: any.
 * Return: 0 or -ENOMEM.
 */
int tgbe_prepare_gso(struct sk_buff *skb, struct tgbe_tx_offload *o)
{
	__wsum len = (__force __wsum)htonl(skb->len - o->l4_start);
	u8 *l4;

	if (skb_cow_head(skb, 0))
		return -ENOMEM;

	if (o->ipv4)
		tgbe_prepare_outer(skb, o);
	else
		ipv6_hdr(skb)->payload_len = 0;
	l4 = skb_checksum_start(skb);
	if (o->l4 == TGBE_L4_TCP) {
		csum_replace_by_diff(&((struct tcphdr *)l4)->check, len);
		o->l4_len = ((struct tcphdr *)l4)->doff * 4;
	} else {
		csum_replace_by_diff(&((struct udphdr *)l4)->check, len);
		o->l4_len = sizeof(struct udphdr);
	}
	o->mss = skb_shinfo(skb)->gso_size;
	o->header_len = o->l4_start + o->l4_len;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_prepare_gso);

static unsigned int tgbe_gso_header(const struct sk_buff *skb)
{
	unsigned int l4 = skb_checksum_start_offset(skb);

	if (skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4)
		return l4 + sizeof(struct udphdr);
	return l4 + ((struct tcphdr *)skb_checksum_start(skb))->doff * 4;
}

/* What is to be done by software in a tunnel. The inner IPv4 header is the same in all
 * segments, number and all. A card that goes by the outer headers is given what the
 * user switched on and no sum beside that.
 */
static netdev_features_t tgbe_tunnel_check(const struct tgbe_device *dev,
					   const struct sk_buff *skb,
					   netdev_features_t features)
{
	netdev_features_t type = (netdev_features_t)skb_shinfo(skb)->gso_type <<
				 NETIF_F_GSO_SHIFT & TGBE_TUNNELS;

	if (!(dev->offloads_right & TGBE_RIGHT_TUNNEL) &&
	    (!type || type & ~dev->netdev->features))
		return features & ~TGBE_CSUM_OFFLOADS;
	if (!(features & NETIF_F_TSO_MANGLEID))
		features &= ~NETIF_F_TSO;
	return features;
}

/**
 * tgbe_features_check() - ndo_features_check
 * @skb: frame
 * @netdev: port
 * @features: what would be offloaded
 *
 * Return: @features less what the chip cannot describe for this frame.
 */
netdev_features_t tgbe_features_check(struct sk_buff *skb,
				      struct net_device *netdev,
				      netdev_features_t features)
{
	struct tgbe_device *dev = netdev_priv(netdev);
	unsigned int l2, l3;

	features = vlan_features_check(skb, features);
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return features;

	/* a sum that starts before the IP header, which a guest may ask for,
	 * is a huge length here
	 */
	l2 = skb_network_offset(skb);
	l3 = skb_checksum_start_offset(skb) - l2;
	if (l2 > L2_MAX || l3 > L3_MAX)
		return features & ~TGBE_CSUM_OFFLOADS;
	if (dev->chip->format == TGBE_FMT_EXT &&
	    l2 + l3 + skb->csum_offset > EXT_CSUM_MAX)
		return features & ~TGBE_CSUM_OFFLOADS;
	if (skb_is_gso(skb) && tgbe_gso_header(skb) > TSO_HEADER_MAX)
		features &= ~TGBE_GSO_OFFLOADS;
	if (unlikely(skb->encapsulation))
		features = tgbe_tunnel_check(dev, skb, features);
	return features;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_features_check);

/**
 * tgbe_offload_features() - announce what the chip can do to frames that are sent
 * @dev: port being probed, its offloads tried
 *
 * Those that the card did not do right in the trial are there for whoever wants
 * them, and off.
 */
void tgbe_offload_features(struct tgbe_device *dev)
{
	struct net_device *netdev = dev->netdev;
	netdev_features_t plain, off = 0;

	plain = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO | NETIF_F_TSO6 |
		NETIF_F_TSO_ECN;
	if (dev->chip->format == TGBE_FMT_ADV)
		plain |= NETIF_F_SCTP_CRC | NETIF_F_GSO_UDP_L4;
	netdev->hw_features |= plain | NETIF_F_GSO_PARTIAL | TGBE_TUNNELS;
	netdev->gso_partial_features = TGBE_TUNNELS;

	if (!(dev->offloads_right & TGBE_RIGHT_TUNNEL))
		off |= TGBE_TUNNELS;
	if (!(dev->offloads_right & TGBE_RIGHT_UDP))
		off |= NETIF_F_GSO_UDP_L4;
	netdev->features |= (netdev->hw_features | NETIF_F_HIGHDMA) & ~off;

	/* the chips number the frames they cut, whatever numbers the stack had in mind */
	netdev->hw_features |= NETIF_F_TSO_MANGLEID;
	netdev->vlan_features = plain | NETIF_F_TSO_MANGLEID | NETIF_F_HIGHDMA |
				NETIF_F_GSO_PARTIAL | TGBE_TUNNELS;
	netdev->hw_enc_features = netdev->vlan_features;
	if (dev->offloads_right & TGBE_RIGHT_TUNNEL)
		netdev->mpls_features = NETIF_F_HW_CSUM;
}
