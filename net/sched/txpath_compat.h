/* SPDX-License-Identifier: GPL-2.0 */
/* Every difference between the supported kernels (6.12 and later) that the qdisc
 * meets, and nothing else; see Kbuild for how they are found.
 */
#ifndef _TXPATH_COMPAT_H_
#define _TXPATH_COMPAT_H_

#include <net/sch_generic.h>

#ifdef HAVE_QDISC_DEQUEUE_DROP

#define TXPATH_FLAGS	TCQ_F_DEQUEUE_DROPS

#else

/* Before 7.0 a qdisc had one reason for everything, and freed with the root locked
 * what it dropped when it dequeued.
 */
#define TXPATH_FLAGS	0

#define QDISC_DROP_OVERLIMIT		SKB_DROP_REASON_QDISC_DROP
#define QDISC_DROP_FLOOD_PROTECTION	SKB_DROP_REASON_QDISC_DROP
#define QDISC_DROP_CONGESTED		SKB_DROP_REASON_QDISC_DROP

static inline void qdisc_dequeue_drop(struct Qdisc *sch, struct sk_buff *skb,
				      enum skb_drop_reason reason)
{
	kfree_skb_reason(skb, reason);
}

static inline unsigned int qdisc_pkt_segs(const struct sk_buff *skb)
{
	return skb_is_gso(skb) ? skb_shinfo(skb)->gso_segs : 1;
}

static inline void qdisc_qlen_inc(struct Qdisc *sch)
{
	sch->q.qlen++;
}

static inline void qdisc_qlen_dec(struct Qdisc *sch)
{
	sch->q.qlen--;
}

#endif

#endif /* _TXPATH_COMPAT_H_ */
