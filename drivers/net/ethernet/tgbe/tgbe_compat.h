/* SPDX-License-Identifier: GPL-2.0 */
/* Every difference between the supported kernels (6.12 and later), and
 * nothing else. A symbol is probed before a version is asked.
 */
#ifndef _TGBE_COMPAT_H_
#define _TGBE_COMPAT_H_

#include <linux/netdevice.h>
#include <linux/version.h>
#include <linux/workqueue.h>
#include <net/page_pool/types.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
/* Before 6.15 a NAPI has no settings that outlive it: the index is unused */
static inline void netif_napi_add_config(struct net_device *netdev,
					 struct napi_struct *napi,
					 int (*poll)(struct napi_struct *, int),
					 int index)
{
	netif_napi_add(netdev, napi, poll);
}

/* There a driver can only name the NAPI when it makes the pool, and the pool
 * must be unlinked from it while it is disabled: link late, as newer kernels do
 */
static inline void page_pool_enable_direct_recycling(struct page_pool *pool,
						     struct napi_struct *napi)
{
	WRITE_ONCE(pool->p.napi, napi);
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define system_percpu_wq	system_wq
#endif

#endif /* _TGBE_COMPAT_H_ */
