/* SPDX-License-Identifier: GPL-2.0 */
/* Every difference between the supported kernels (6.12 and later), and
 * nothing else. The Makefile looks for the symbols in the kernel's headers, so
 * a kernel that took one over from a newer version is treated as it is.
 */
#ifndef _TGBE_COMPAT_H_
#define _TGBE_COMPAT_H_

#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/workqueue.h>
#include <net/page_pool/types.h>

/* Before 6.14 there is no lock of a port's own, and nobody touches its NAPIs without
 * RTNL. A NAPI has no settings that outlive it there: the index is unused.
 */
#ifndef HAVE_NAPI_DISABLE_LOCKED
static inline void netdev_lock(struct net_device *netdev)
{
}

static inline void netdev_unlock(struct net_device *netdev)
{
}

static inline void netif_napi_add_config_locked(struct net_device *netdev,
						struct napi_struct *napi,
						int (*poll)(struct napi_struct *, int),
						int index)
{
	netif_napi_add(netdev, napi, poll);
}

static inline void netif_napi_set_irq_locked(struct napi_struct *napi, int irq)
{
	netif_napi_set_irq(napi, irq);
}

static inline void __netif_napi_del_locked(struct napi_struct *napi)
{
	__netif_napi_del(napi);
}

static inline void napi_disable_locked(struct napi_struct *napi)
{
	napi_disable(napi);
}

static inline void napi_enable_locked(struct napi_struct *napi)
{
	napi_enable(napi);
}
#endif

#ifndef HAVE_PAGE_POOL_ENABLE_DIRECT_RECYCLING
/* Older kernels let a driver name the NAPI only when it makes the pool, but
 * want the two unlinked while it is disabled: link late, as newer ones do.
 */
static inline void page_pool_enable_direct_recycling(struct page_pool *pool,
						     struct napi_struct *napi)
{
	WRITE_ONCE(pool->p.napi, napi);
}
#endif

/* Before 6.14 there was no threshold for header split: every frame is above it */
#ifdef HAVE_HDS_THRESH
#define TGBE_RING_USE_HDS_THRESH	ETHTOOL_RING_USE_HDS_THRS
#else
#define TGBE_RING_USE_HDS_THRESH	0
#endif

static inline void tgbe_put_hds_thresh(struct kernel_ethtool_ringparam *kernel_ring,
				       u32 thresh, u32 max)
{
#ifdef HAVE_HDS_THRESH
	kernel_ring->hds_thresh = thresh;
	kernel_ring->hds_thresh_max = max;
#endif
}

static inline u32 tgbe_get_hds_thresh(const struct kernel_ethtool_ringparam *kernel_ring)
{
#ifdef HAVE_HDS_THRESH
	return kernel_ring->hds_thresh;
#else
	return 0;
#endif
}

/* Before 6.19 the number of receive rings was a case of get_rxnfc() */
#ifdef HAVE_GET_RX_RING_COUNT
#define TGBE_RX_RING_COUNT_OP(func)	.get_rx_ring_count = (func),
#else
#define TGBE_RX_RING_COUNT_OP(func)
#endif

#ifndef HAVE_SYSTEM_PERCPU_WQ
#define system_percpu_wq	system_wq
#endif

#endif /* _TGBE_COMPAT_H_ */
