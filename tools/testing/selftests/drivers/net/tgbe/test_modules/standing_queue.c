// SPDX-License-Identifier: GPL-2.0
/*
 * Two devices for measuring a queueing discipline in which packets always wait:
 * what is sent on qfeed is handed on to qsink, where the discipline is, and qsink
 * sends nowhere.
 *
 * For the next @count packets that come from qfeed, qsink stops its queue after each
 * packet that it sends, as a card does whose ring is full, and qfeed starts it again
 * for one packet as soon as @hold packets wait. So each packet that comes finds @hold
 * before it, and sends the oldest of them. With the last one the queue stays open, and
 * those that wait are sent as well: whoever sent @count packets has paid for the way
 * in and the way out of each of them. With a @count of 0 the queue is never stopped.
 *
 * What was sent from a stopped queue is freed when qsink goes down. To free packets in
 * another order than that of their arrival takes the allocator far longer, and a
 * discipline that sends flow by flow would be charged with it.
 *
 * For one sender on one CPU: nothing here is locked.
 */

#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/netdevice.h>

static unsigned int hold;
module_param(hold, uint, 0644);
MODULE_PARM_DESC(hold, "packets that wait while others come");

static unsigned int count;
module_param(count, uint, 0644);
MODULE_PARM_DESC(count, "packets to come for which the queue is stopped");

static struct net_device *qfeed, *qsink;
static struct sk_buff_head sent;
static unsigned int waiting;

static netdev_tx_t standing_queue_feed(struct sk_buff *skb, struct net_device *dev)
{
	if ((count && !--count) || waiting >= hold)
		netif_tx_start_queue(netdev_get_tx_queue(qsink, 0));
	waiting++;
	skb->dev = qsink;
	dev_queue_xmit(skb);
	return NETDEV_TX_OK;
}

static netdev_tx_t standing_queue_sink(struct sk_buff *skb, struct net_device *dev)
{
	waiting--;
	if (!count) {
		dev_kfree_skb(skb);
		return NETDEV_TX_OK;
	}
	netif_tx_stop_queue(netdev_get_tx_queue(dev, 0));
	__skb_queue_tail(&sent, skb);
	return NETDEV_TX_OK;
}

/* What the discipline lost, or threw away as it went, waits no more. */
static int standing_queue_open(struct net_device *dev)
{
	waiting = 0;
	netif_tx_start_queue(netdev_get_tx_queue(dev, 0));
	return 0;
}

static int standing_queue_stop(struct net_device *dev)
{
	__skb_queue_purge(&sent);
	return 0;
}

static const struct net_device_ops standing_queue_feed_ops = {
	.ndo_start_xmit = standing_queue_feed,
};

static const struct net_device_ops standing_queue_sink_ops = {
	.ndo_open = standing_queue_open,
	.ndo_stop = standing_queue_stop,
	.ndo_start_xmit = standing_queue_sink,
};

static struct net_device *standing_queue_create(const char *name,
						const struct net_device_ops *ops)
{
	struct net_device *dev = alloc_netdev(0, name, NET_NAME_USER, ether_setup);
	int err;

	if (!dev)
		return ERR_PTR(-ENOMEM);
	dev->netdev_ops = ops;
	dev->flags |= IFF_NOARP;
	dev->priv_flags |= IFF_NO_QUEUE;
	dev->lltx = true;
	eth_hw_addr_random(dev);
	err = register_netdev(dev);
	if (!err)
		return dev;
	free_netdev(dev);
	return ERR_PTR(err);
}

static void standing_queue_destroy(struct net_device *dev)
{
	unregister_netdev(dev);
	free_netdev(dev);
}

static int __init standing_queue_init(void)
{
	__skb_queue_head_init(&sent);
	qsink = standing_queue_create("qsink", &standing_queue_sink_ops);
	if (IS_ERR(qsink))
		return PTR_ERR(qsink);
	qfeed = standing_queue_create("qfeed", &standing_queue_feed_ops);
	if (!IS_ERR(qfeed))
		return 0;
	standing_queue_destroy(qsink);
	return PTR_ERR(qfeed);
}
module_init(standing_queue_init);

static void __exit standing_queue_exit(void)
{
	standing_queue_destroy(qfeed);
	standing_queue_destroy(qsink);
}
module_exit(standing_queue_exit);

MODULE_DESCRIPTION("A device whose transmit queue is never empty");
MODULE_LICENSE("GPL");
