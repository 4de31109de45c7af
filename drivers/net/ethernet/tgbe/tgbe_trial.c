// SPDX-License-Identifier: GPL-2.0
/* A trial at probe: does the card cut UDP, and does it cut and sum where the
 * descriptor says, behind the headers of a tunnel, and not where it finds TCP itself?
 *
 * Each sample is described as any frame that is sent is, looped back by the PHY, and
 * compared with segments that software made. Nothing else of the driver is at work
 * yet, so two small rings are enough, and nobody interrupts. What is not seen to be
 * right counts as wrong.
 */
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/iopoll.h>
#include <net/vxlan.h>

#include "tgbe.h"
#include "tgbe_chip.h"
#include "tgbe_offload.h"
#include "tgbe_ring.h"
#include "tgbe_trial.h"

#define TRIAL_DESCS	8
#define TRIAL_BUFFER	SZ_4K

/* Half a second for the forced link, and that again for a busy machine */
#define LINK_STEP_US	2000
#define LINK_LIMIT_US	1000000

/* The samples take 5 us on the wire. The limit is for emulated machines, where a
 * frame is there at once or never.
 */
#define FRAME_STEP_US	200
#define FRAME_LIMIT_US	20000

/**
 * struct trial_memory - rings and buffers, all of which the chip reaches
 * @tx: transmit descriptors
 * @rx: receive descriptors
 * @frame: what is sent
 * @buffer: what is received, one a descriptor
 */
struct trial_memory {
	union tgbe_tx_desc tx[TRIAL_DESCS];
	union tgbe_rx_desc rx[TRIAL_DESCS];
	u8 frame[SZ_1K];
	u8 buffer[TRIAL_DESCS][TRIAL_BUFFER];
};

struct trial {
	struct tgbe_device *dev;
	struct trial_memory *mem;
	dma_addr_t dma;
	struct tgbe_ring tx;
	struct tgbe_ring rx;
};

static void *tgbe_put_ip(void *to, u8 protocol, unsigned int len, u16 id)
{
	struct iphdr *ip = to;

	*ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tot_len = cpu_to_be16(sizeof(*ip) + len),
		.id = cpu_to_be16(id),
		.frag_off = cpu_to_be16(IP_DF),
		.ttl = 64,
		.protocol = protocol,
		/* from and to nobody: for documentation (RFC 5737) */
		.saddr = cpu_to_be32(0xc0000201),
		.daddr = cpu_to_be32(0xc0000202),
	};
	ip->check = ip_fast_csum(ip, ip->ihl);
	return ip + 1;
}

static void *tgbe_put_udp(void *to, unsigned int len)
{
	struct udphdr *udp = to;

	*udp = (struct udphdr){
		.source = cpu_to_be16(9),
		.dest = cpu_to_be16(IANA_VXLAN_UDP_PORT),
		.len = cpu_to_be16(sizeof(*udp) + len),
	};
	return udp + 1;
}

static void *tgbe_put_tcp(void *to, u32 seq)
{
	struct tcphdr *tcp = to;

	*tcp = (struct tcphdr){
		.source = cpu_to_be16(9),
		.dest = cpu_to_be16(9),
		.seq = cpu_to_be32(seq),
		.ack_seq = cpu_to_be32(1),
		.doff = sizeof(*tcp) / 4,
		.ack = 1,
		.window = cpu_to_be16(0xffff),
	};
	return tcp + 1;
}

static void *tgbe_put_ether(void *to, const u8 *mac)
{
	struct ethhdr *ether = to;

	ether_addr_copy(ether->h_dest, mac);
	ether_addr_copy(ether->h_source, mac);
	ether->h_proto = cpu_to_be16(ETH_P_IP);
	return ether + 1;
}

/* Up to the payload. @claimed is how much of that the headers are to speak of */
static u8 *tgbe_put_headers(u8 *frame, enum tgbe_sample sample, const u8 *mac,
			    unsigned int seg, unsigned int claimed)
{
	const unsigned int inner = ETH_HLEN + sizeof(struct iphdr) +
				   sizeof(struct tcphdr) + claimed;
	u32 seq = 1 + seg * TGBE_SAMPLE_MSS;
	void *p = tgbe_put_ether(frame, mac);

	switch (sample) {
	case TGBE_SAMPLE_TCP:
		p = tgbe_put_ip(p, IPPROTO_TCP, sizeof(struct tcphdr) + claimed, 7 + seg);
		return tgbe_put_tcp(p, seq);
	case TGBE_SAMPLE_UDP:
		p = tgbe_put_ip(p, IPPROTO_UDP, sizeof(struct udphdr) + claimed, 7 + seg);
		return tgbe_put_udp(p, claimed);
	default:
		break;
	}
	p = tgbe_put_ip(p, IPPROTO_UDP, sizeof(struct udphdr) +
			sizeof(struct vxlanhdr) + inner, 7 + seg);
	p = tgbe_put_udp(p, sizeof(struct vxlanhdr) + inner);
	*(struct vxlanhdr *)p = (struct vxlanhdr){ .vx_flags = VXLAN_HF_VNI };
	p = tgbe_put_ether(p + sizeof(struct vxlanhdr), mac);
	/* its number is the same in all segments */
	p = tgbe_put_ip(p, IPPROTO_TCP, sizeof(struct tcphdr) + claimed, 77);
	return tgbe_put_tcp(p, seq);
}

static unsigned int tgbe_sample_l4_len(enum tgbe_sample sample)
{
	return sample == TGBE_SAMPLE_UDP ? sizeof(struct udphdr) : sizeof(struct tcphdr);
}

static unsigned int tgbe_put_frame(u8 *frame, enum tgbe_sample sample, const u8 *mac,
				   unsigned int seg, unsigned int len,
				   unsigned int claimed)
{
	u8 *p = tgbe_put_headers(frame, sample, mac, seg, claimed);

	for (unsigned int i = 0; i < len; i++)
		*p++ = (seg * TGBE_SAMPLE_MSS + i) * 7;
	return p - frame;
}

static __sum16 *tgbe_sample_check(u8 *l4, enum tgbe_sample sample)
{
	return sample == TGBE_SAMPLE_UDP ? &((struct udphdr *)l4)->check :
					   &((struct tcphdr *)l4)->check;
}

/* Over @len bytes of a header and its payload, or with a @sum of 0 as a beginning */
static __sum16 tgbe_sample_sum(const u8 *l4, enum tgbe_sample sample, unsigned int len,
			       __wsum sum)
{
	const struct iphdr *ip = (const struct iphdr *)l4 - 1;

	return csum_tcpudp_magic(ip->saddr, ip->daddr, len,
				 sample == TGBE_SAMPLE_UDP ? IPPROTO_UDP : IPPROTO_TCP, sum);
}

/**
 * tgbe_sample_segment() - what is to arrive
 * @sample: which
 * @mac: address of the port, from which and to which it is
 * @seg: 0 to %TGBE_SAMPLE_SEGS - 1
 * @frame: filled in; room for %TGBE_SAMPLE_BYTES
 *
 * Return: length without FCS.
 */
VISIBLE_IF_KUNIT unsigned int tgbe_sample_segment(enum tgbe_sample sample,
						  const u8 *mac, unsigned int seg,
						  u8 *frame)
{
	unsigned int len = tgbe_put_frame(frame, sample, mac, seg, TGBE_SAMPLE_MSS,
					  TGBE_SAMPLE_MSS);
	unsigned int l4_bytes = tgbe_sample_l4_len(sample) + TGBE_SAMPLE_MSS;
	u8 *l4 = frame + len - l4_bytes;

	*tgbe_sample_check(l4, sample) = tgbe_sample_sum(l4, sample, l4_bytes,
							 csum_partial(l4, l4_bytes, 0));
	return len;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_sample_segment);

/**
 * tgbe_sample_whole() - what the stack would give to the port
 * @sample: which
 * @mac: address of the port
 *
 * In a tunnel the stack has made all lengths but the outermost those of a segment.
 *
 * Return: frame to be freed by the caller, or NULL.
 */
VISIBLE_IF_KUNIT struct sk_buff *tgbe_sample_whole(enum tgbe_sample sample, const u8 *mac)
{
	const unsigned int payload = TGBE_SAMPLE_SEGS * TGBE_SAMPLE_MSS;
	unsigned int l4_bytes = tgbe_sample_l4_len(sample) + payload;
	bool tunnel = sample == TGBE_SAMPLE_VXLAN;
	struct skb_shared_info *shinfo;
	struct sk_buff *skb;
	unsigned int len;
	u8 *l4;

	skb = alloc_skb(TGBE_SAMPLE_BYTES, GFP_KERNEL);
	if (!skb)
		return NULL;
	len = tgbe_put_frame(skb->data, sample, mac, 0, payload,
			     tunnel ? TGBE_SAMPLE_MSS : payload);
	skb_put(skb, len);
	l4 = skb->data + len - l4_bytes;
	*tgbe_sample_check(l4, sample) = ~tgbe_sample_sum(l4, sample, l4_bytes, 0);

	skb->protocol = htons(ETH_P_IP);
	skb->encapsulation = tunnel;
	skb_set_network_header(skb, ETH_HLEN);
	skb_set_transport_header(skb, tunnel ? ETH_HLEN + sizeof(struct iphdr) :
					       len - l4_bytes);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_headroom(skb) + len - l4_bytes;
	skb->csum_offset = (u8 *)tgbe_sample_check(l4, sample) - l4;
	shinfo = skb_shinfo(skb);
	shinfo->gso_size = TGBE_SAMPLE_MSS;
	shinfo->gso_segs = TGBE_SAMPLE_SEGS;
	shinfo->gso_type = sample == TGBE_SAMPLE_UDP ? SKB_GSO_UDP_L4 : SKB_GSO_TCPV4;
	return skb;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_sample_whole);

static void tgbe_trial_post(struct trial *t, unsigned int i)
{
	union tgbe_rx_desc *desc = &t->mem->rx[i];

	desc->post.addr = cpu_to_le64(t->dma + offsetof(struct trial_memory, buffer) +
				      i * TRIAL_BUFFER);
	desc->post.header_addr = 0;
}

/* Put the frame of @skb into the ring and wait until the chip has sent it */
static bool tgbe_trial_send(struct trial *t, struct sk_buff *skb)
{
	const enum tgbe_format fmt = t->dev->chip->format;
	struct tgbe_tx_offload o = {};
	union tgbe_tx_desc *desc;
	__le32 status;

	if (skb->len > sizeof(t->mem->frame) || tgbe_describe(skb, &o))
		return false;
	memcpy(t->mem->frame, skb->data, skb->len);
	tgbe_txd_encode_ctx(&t->mem->tx[t->tx.next_to_use++], &o, fmt);
	desc = &t->mem->tx[t->tx.next_to_use++];
	desc->data.addr = cpu_to_le64(t->dma + offsetof(struct trial_memory, frame));
	desc->data.cmd = cpu_to_le32(tgbe_txd_cmd(&o, fmt) | TGBE_TXD_EOP | TGBE_TXD_RS |
				     FIELD_PREP(TGBE_TXD_LEN, skb->len));
	desc->data.status = cpu_to_le32(tgbe_txd_status(&o, fmt));
	writel(t->tx.next_to_use, t->tx.tail);
	return !read_poll_timeout(READ_ONCE, status,
				  status & cpu_to_le32(TGBE_TXD_STAT_DD), FRAME_STEP_US,
				  FRAME_LIMIT_US, false, desc->data.status);
}

/* The next frame received is compared, and its buffer given back */
static bool tgbe_trial_receive(struct trial *t, const u8 *want, unsigned int len)
{
	unsigned int i = t->rx.next_to_clean;
	union tgbe_rx_desc *desc = &t->mem->rx[i];
	__le32 status;
	bool right;

	if (read_poll_timeout(READ_ONCE, status, status & cpu_to_le32(TGBE_RXD_STAT_DD),
			      FRAME_STEP_US, FRAME_LIMIT_US, false, desc->done.status))
		return false;
	/* the rest of the descriptor was written before its status */
	dma_rmb();
	right = le16_to_cpu(desc->done.length) == len &&
		!memcmp(t->mem->buffer[i], want, len);
	tgbe_trial_post(t, (i + TRIAL_DESCS - 1) % TRIAL_DESCS);
	writel(i, t->rx.tail);
	t->rx.next_to_clean = (i + 1) % TRIAL_DESCS;
	return right;
}

static bool tgbe_trial_sample(struct trial *t, enum tgbe_sample sample)
{
	const u8 *mac = t->dev->netdev->dev_addr;
	u8 *want = kmalloc(TGBE_SAMPLE_BYTES, GFP_KERNEL);
	struct sk_buff *skb = tgbe_sample_whole(sample, mac);
	bool right = want && skb && tgbe_trial_send(t, skb);

	for (unsigned int seg = 0; seg < TGBE_SAMPLE_SEGS && right; seg++)
		right = tgbe_trial_receive(t, want, tgbe_sample_segment(sample, mac, seg, want));
	kfree_skb(skb);
	kfree(want);
	return right;
}

static void tgbe_trial_arm(struct trial *t)
{
	struct tgbe_device *dev = t->dev;

	for (unsigned int i = 0; i < TRIAL_DESCS; i++)
		tgbe_trial_post(t, i);
	t->rx.is_rx = true;
	t->rx.geometry.room = TRIAL_BUFFER;
	t->rx.next_to_use = TRIAL_DESCS - 1;
	t->rx.desc_dma = t->dma + offsetof(struct trial_memory, rx);
	t->rx.desc_bytes = sizeof(t->mem->rx);
	t->tx.desc_dma = t->dma + offsetof(struct trial_memory, tx);
	t->tx.desc_bytes = sizeof(t->mem->tx);

	tgbe_filter_mac(dev);
	dev->chip->frame_limit(dev, VLAN_ETH_FRAME_LEN + ETH_FCS_LEN);
	dev->chip->rx_arm(dev, &t->rx);
	dev->chip->tx_arm(dev, &t->tx);
	tgbe_set_bits(dev, TGBE_TCTL, TGBE_TCTL_EN);
	tgbe_filter_rctl(dev, 0, TGBE_RCTL_EN | TGBE_RCTL_SECRC);
}

static int tgbe_trial_run(struct trial *t)
{
	struct tgbe_device *dev = t->dev;

	tgbe_trial_arm(t);
	/* with plain TCP it is the trial itself that is tried */
	if (!tgbe_trial_sample(t, TGBE_SAMPLE_TCP))
		return -EIO;
	if (tgbe_trial_sample(t, TGBE_SAMPLE_VXLAN))
		dev->offloads_right |= TGBE_RIGHT_TUNNEL;
	/* last: of what a card makes of it instead there may be any number */
	if (dev->chip->format == TGBE_FMT_ADV && tgbe_trial_sample(t, TGBE_SAMPLE_UDP))
		dev->offloads_right |= TGBE_RIGHT_UDP;
	return 0;
}

static int tgbe_trial_with(struct trial *t)
{
	struct tgbe_device *dev = t->dev;
	int err;

	t->mem = dma_alloc_coherent(&dev->pdev->dev, sizeof(*t->mem), &t->dma, GFP_KERNEL);
	if (!t->mem)
		return -ENOMEM;
	err = tgbe_phy_loop_back(dev) ?:
	      tgbe_wait(dev, TGBE_STATUS, TGBE_STATUS_LU, TGBE_STATUS_LU, LINK_STEP_US,
			LINK_LIMIT_US);
	if (!err)
		err = tgbe_trial_run(t);
	/* the chip reaches no memory any more, whether it can be reset or not */
	dev->chip->reset(dev);
	pci_clear_master(dev->pdev);
	dma_free_coherent(&dev->pdev->dev, sizeof(*t->mem), t->mem, t->dma);
	/* messages of interrupts are requests of the bus as well */
	pci_set_master(dev->pdev);
	tgbe_phy_reset(dev);
	return err;
}

/**
 * tgbe_trial() - find out which offloads the card does as the datasheet says
 * @dev: port being probed, its chip reset and its PHY set up
 *
 * The result is @dev->offloads_right, and a line in the log if something is missing.
 * Chip and PHY are reset afterwards. A PHY that the management keeps is left alone.
 *
 * Context: process; takes half a second.
 */
void tgbe_trial(struct tgbe_device *dev)
{
	struct device *device = &dev->pdev->dev;
	struct trial *t;
	int err = -EBUSY;

	t = kzalloc_node(sizeof(*t), GFP_KERNEL, dev_to_node(device));
	if (!t)
		return;
	t->dev = dev;
	if (!tgbe_phy_is_kept(dev))
		err = tgbe_trial_with(t);
	kfree(t);
	if (err)
		dev_info(device, "tunnel and UDP segmentation off: not tried: %pe\n",
			 ERR_PTR(err));
	else if (!(dev->offloads_right & TGBE_RIGHT_TUNNEL))
		dev_info(device, "tunnel segmentation off: the card did it wrong\n");
	if (!err && dev->chip->format == TGBE_FMT_ADV &&
	    !(dev->offloads_right & TGBE_RIGHT_UDP))
		dev_info(device, "UDP segmentation off: the card did it wrong\n");
}
