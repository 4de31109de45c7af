// SPDX-License-Identifier: GPL-2.0
/*
 * Every way to lose a packet that netpath knows, with its cure. An event goes to the
 * first row that takes it, so narrow patterns stand before wide ones.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "loss.h"

#define QDISC_LOST "qdisc-root/drops - qdisc-sum/aqm"
#define HEADER_ERRORS "nstat/IpInHdrErrors - nstat/IpExtInCsumErrors"
#define ALLOC_FAIL "qstats/rx-alloc-fail | driver/rx_queue_*_alloc_failed"
#define NOBODYS " - drop/UNHANDLED_PROTO@*"
#define DROPPED_UNSAID "dev/rx_dropped - softnet/dropped - " ALLOC_FAIL NOBODYS
#define CARRIER_ERRORS "dev/tx_aborted_errors + dev/tx_carrier_errors"
#define SEND_ERRORS CARRIER_ERRORS " + dev/tx_fifo_errors + dev/tx_window_errors"

/* Sockets that are closed with packets in them; and who frees packets of its own */
#define CLOSED_INET "NOT_SPECIFIED@*destruct* NOT_SPECIFIED@inet_sock* NOT_SPECIFIED@__sk_queue*"
#define CLOSED_OTHER "NOT_SPECIFIED@netlink_* NOT_SPECIFIED@unix_* NOT_SPECIFIED@packet_release*"
#define CLOSED_SAID "SOCKET_CLOSE@* UNIX_*@* QUEUE_PURGE@* NOT_SPECIFIED@pktgen_*"
#define CLOSED_EVENTS CLOSED_SAID " " CLOSED_INET " " CLOSED_OTHER

/* 6.12 frees it one function later than 7.3 */
#define PING_CLONES "NO_SOCKET@ping_rcv* NO_SOCKET@icmp_rcv* NO_SOCKET@icmpv6_rcv*"

/* What TCP throws away by its rules */
#define TCP_OLD "TCP_OLD_*@* TCP_TOO_OLD_ACK@* TCP_OFOMERGE@* TCP_RFC7323_*@* TCP_OVERWINDOW@*"
#define TCP_INVALID "TCP_INVALID_*@* TCP_FLAGS@* TCP_ACK_UNSENT_DATA@* TCP_FASTOPEN@*"
#define TCP_CLOSED "TCP_RESET@* TCP_CLOSE@* TCP_ABORT_ON_DATA@* CONSUMED@*"
/* of a connection in TIME_WAIT */
#define TCP_LATE "NOT_SPECIFIED@tcp_v4_rcv* NOT_SPECIFIED@tcp_v6_rcv*"
#define TCP_STATE_EVENTS TCP_OLD " " TCP_INVALID " " TCP_CLOSED " " TCP_LATE

const struct loss losses[] = {
	/* the card and its driver */
	{ .name = "rx_fifo_errors", .station = CARD, .who = QUEUES, .row = "R2",
	  .count = "dev/rx_fifo_errors + dev/rx_missed_errors + dev/rx_over_errors",
	  .means = { "The receive ring was full: no CPU emptied it in time.",
		"接收环已满：没有 CPU 及时取走报文。" },
	  .cure = { "A longer ring, more queues, or interrupts spread over more CPUs.",
		"加长接收环，增加队列，或把中断分散到更多 CPU。" },
	  .knobs = { "rx ring", "queues", "adaptive-rx" } },
	{ .name = "rx_crc_errors", .station = CARD, .row = "R3", .count = "dev/rx_crc_errors",
	  .means = { "Frames arrived damaged: cable, connector or the partner's card.",
		"收到的帧已损坏：网线、接头或对端网卡有问题。" },
	  .cure = { "Exchange the cable, then the port of the switch.",
		"先换网线，再换交换机端口。" } },
	{ .name = "rx_length_errors", .station = CARD, .row = "R3",
	  .count = "dev/rx_length_errors",
	  .means = { "Frames are longer than this device takes: the MTU of both ends differs.",
		"帧的长度超过本设备的限制：两端 MTU 不一致。" },
	  .cure = { "One MTU on both ends.", "两端使用相同的 MTU。" } },
	{ .name = "rx_frame_errors", .station = CARD, .row = "R3",
	  .count = "dev/rx_frame_errors",
	  .means = { "Frames do not end at a byte: a damaged link.",
		"帧没有在字节边界结束：链路损坏。" },
	  .cure = { "Exchange the cable.", "更换网线。" } },
	{ .name = "rx_alloc_fail", .station = CARD, .who = QUEUES, .row = "R4",
	  .count = ALLOC_FAIL,
	  .means = { "The driver got no memory for a receive buffer.",
		"驱动没有为接收缓冲区申请到内存。" },
	  .cure = { "Keep more memory free for what may not wait.",
		"为不能等待的申请保留更多空闲内存。" },
	  .knobs = { "vm.min_free_kbytes" } },
	{ .name = "rx_nohandler", .station = CARD, .count = "dev/rx_nohandler", .row = "V2",
	  .means = { "Frames came in on an inactive port of a bond or team.",
		"帧到达了 bond 或 team 的非活动端口。" },
	  .cure = { "Wanted, as long as another port is the active one.",
		"只要另一个端口处于活动状态，这是正常现象。" } },
	{ .name = "rx_dropped", .station = CARD, .row = "R4",
	  .count = DROPPED_UNSAID,
	  .means = { "Driver or stack dropped frames: mostly an EtherType nobody speaks.",
		"驱动或协议栈丢弃了帧：多为无人处理的 EtherType。" },
	  .cure = { "The driver's own counters (ethtool -S) may say why.",
		"驱动自己的计数器（ethtool -S）可能说明原因。" } },
	/* softirq */
	{ .name = "CPU_BACKLOG", .station = BACKLOG, .who = CPUS, .row = "R8",
	  .count = "softnet/dropped", .events = "CPU_BACKLOG@*",
	  .means = { "A CPU's backlog was full: RPS, lo and veth queue there.",
		"某个 CPU 的 backlog 队列已满：RPS、lo 和 veth 都在此排队。" },
	  .cure = { "A longer backlog, or more CPUs in rps_cpus.",
		"加长 backlog，或在 rps_cpus 中增加 CPU。" },
	  .knobs = { "net.core.netdev_max_backlog" } },
	{ .name = "flow_limit", .station = BACKLOG, .who = CPUS, .row = "R8",
	  .count = "softnet/flow_limit",
	  .means = { "One flow took more than half of a long backlog.",
		"单个流占用了 backlog 一半以上。" },
	  .cure = { "No flow limit, or several flows instead of one.",
		"关闭流限制，或拆成多个流。" },
	  .knobs = { "net.core.flow_limit_cpu_bitmap" } },
	/* hooks before IP */
	{ .name = "XDP", .station = HOOKS, .row = "P2",
	  .events = "XDP@* NOT_SPECIFIED@do_xdp_generic*",
	  .means = { "An XDP program in generic mode dropped it.",
		"通用模式的 XDP 程序丢弃了报文。" },
	  .cure = { "The program's owner; or take the program off.",
		"询问程序的所有者；或卸载该程序。" },
	  .knobs = { "xdp" } },
	{ .name = "TC_INGRESS", .station = HOOKS, .who = QDISCS, .row = "P2",
	  .events = "TC_INGRESS@*", .count = "qdisc-ingress/drops",
	  .means = { "A filter or policer of tc dropped it on the way in.",
		"tc 的过滤器或限速器在入口丢弃了报文。" },
	  .cure = { "The filter with a rising count is the one.",
		"计数增长的过滤器就是原因。" },
	  .knobs = { "tc filters" } },
	{ .name = "UNHANDLED_PROTO", .station = HOOKS, .who = PLACES, .row = "P4",
	  .events = "UNHANDLED_PROTO@*",
	  .means = { "Nobody here speaks this EtherType, such as LLDP.",
		"本机没有处理该 EtherType 的协议（例如 LLDP）。" },
	  .cure = { "Load the protocol's module, or ignore it.",
		"加载协议模块，或忽略。" } },
	{ .name = "PACKET_SOCK_ERROR", .station = HOOKS, .events = "PACKET_SOCK_ERROR@*",
	  .row = "P1",
	  .means = { "A capture (tcpdump) was too slow; the traffic itself goes on.",
		"抓包程序（tcpdump）太慢；流量本身不受影响。" },
	  .cure = { "tcpdump -B with a larger buffer, or a narrower filter.",
		"用 tcpdump -B 加大缓冲区，或收窄过滤条件。" } },
	{ .name = "BRIDGE_INGRESS_STP_STATE", .station = BRIDGE, .row = "L4",
	  .events = "BRIDGE_INGRESS_STP_STATE@* NOT_SPECIFIED@br_handle_frame*",
	  .means = { "The port of the bridge does not forward.",
		"网桥端口不处于转发状态。" },
	  .cure = { "Wait for spanning tree, or set the port's state.",
		"等待生成树收敛，或设置端口状态。" },
	  .knobs = { "port state" } },
	/* netfilter */
	{ .name = "conntrack_full", .station = NETFILTER, .row = "P2",
	  .count = "conntrack/drop",
	  .events = "NETFILTER_DROP@nf_hook_slow*", .when = "conntrack/drop",
	  .means = { "The table of connections is full.", "连接跟踪表已满。" },
	  .cure = { "A larger table, or notrack for what needs no state.",
		"增大连接跟踪表，或对无需状态的流量使用 notrack。" },
	  .knobs = { "net.netfilter.nf_conntrack_max" } },
	{ .name = "NETFILTER_DROP", .station = NETFILTER, .who = PLACES, .row = "P2",
	  .events = "NETFILTER_DROP@*",
	  .means = { "A rule of nftables or iptables dropped it.",
		"nftables 或 iptables 的规则丢弃了报文。" },
	  .cure = { "Give the rules counters; nft monitor trace shows the one.",
		"给规则加计数器；用 nft monitor trace 找到该规则。" },
	  .knobs = { "nft rules" } },
	/* IP */
	{ .name = "OTHERHOST", .station = IP, .row = "P4",
	  .count = "dev/rx_otherhost_dropped", .events = "OTHERHOST@*",
	  .means = { "Frames for another MAC came up: promiscuous, or a flooding switch.",
		"收到发往其他 MAC 的帧：混杂模式，或交换机泛洪。" },
	  .cure = { "Leave promiscuous mode; else look at the switch's table.",
		"退出混杂模式；否则检查交换机的转发表。" },
	  .knobs = { "promisc" } },
	{ .name = "IP_RPFILTER", .station = IP, .row = "P4",
	  .count = "nstat/TcpExtIPReversePathFilter", .events = "IP_RPFILTER@*",
	  .means = { "The answer to this source would leave by another device.",
		"回复该源地址的报文会从其他设备发出（反向路径过滤）。" },
	  .cure = { "A route to the source, or the loose mode (2).",
		"为源地址添加路由，或改用宽松模式（2）。" },
	  .knobs = { "rp_filter", "net.ipv4.conf.all.rp_filter", "routes" } },
	{ .name = "IP_INADDRERRORS", .station = IP, .row = "P3",
	  .count = "nstat/IpInAddrErrors", .events = "IP_INADDRERRORS@*",
	  .means = { "The destination is not ours, and we do not forward.",
		"目的地址不是本机，且未开启转发。" },
	  .cure = { "Forward, or give the device this address.",
		"开启转发，或为设备配置该地址。" },
	  .knobs = { "net.ipv4.ip_forward" } },
	{ .name = "IP_INNOROUTES", .station = IP, .row = "P4",
	  .count = "nstat/IpExtInNoRoutes + nstat/Ip6InNoRoutes", .events = "IP_INNOROUTES@*",
	  .means = { "There is no route to forward it along.",
		"没有可用于转发的路由。" },
	  .cure = { "Add the route.", "添加路由。" }, .knobs = { "routes" } },
	{ .name = "IP_LOCALNET", .station = IP, .row = "P4",
	  .events = "IP_LOCALNET@* IP_INVALID_SOURCE@* IP_LOCAL_SOURCE@* IP_INVALID_DEST@*",
	  .means = { "The source or destination cannot be on a wire (martian).",
		"源或目的地址不应出现在网线上（martian）。" },
	  .cure = { "The sender; sysctl net.ipv4.conf.all.log_martians=1 names it.",
		"检查发送方；log_martians=1 可记录其地址。" } },
	{ .name = "IP_CSUM", .station = IP, .row = "P4",
	  .count = "nstat/IpExtInCsumErrors", .events = "IP_CSUM@*",
	  .means = { "The checksum of the IP header is wrong.", "IP 头校验和错误。" },
	  .cure = { "A device on the way damages packets.",
		"途中的某个设备损坏了报文。" } },
	{ .name = "TTL", .station = IP, .row = "P6", .count = HEADER_ERRORS,
	  .events = "IP_INHDR@ip_forward*", .when = "nstat/IcmpOutTimeExcds",
	  .means = { "The time to live ran out here: a routing loop, or a traceroute.",
		"TTL 在本机耗尽：路由环路，或有人在 traceroute。" },
	  .cure = { "tracepath to the destination shows the loop.",
		"对目的地址 tracepath 可看到环路。" },
	  .knobs = { "routes" } },
	{ .name = "IP_INHDR", .station = IP, .count = HEADER_ERRORS, .events = "IP_INHDR@*",
	  .unless = "nstat/IcmpOutTimeExcds", .row = "P4",
	  .means = { "The IP header is malformed.", "IP 头格式错误。" },
	  .cure = { "The sender.", "检查发送方。" } },
	{ .name = "IP_NOPROTO", .station = IP, .count = "nstat/IpInUnknownProtos", .row = "P4",
	  .events = "IP_NOPROTO@*",
	  .means = { "Nobody here speaks this protocol of IP.",
		"本机没有处理该 IP 协议的模块。" },
	  .cure = { "Load its module (sctp, gre), or stop the sender.",
		"加载相应模块（sctp、gre），或停止发送方。" } },
	{ .name = "PKT_TOO_SMALL", .station = IP,
	  .count = "nstat/IpExtInTruncatedPkts + nstat/Ip6InTruncatedPkts",
	  .events = "PKT_TOO_SMALL@*", .row = "P4",
	  .means = { "The packet is shorter than its header says.",
		"报文比其头部声明的长度短。" },
	  .cure = { "The sender.", "检查发送方。" } },
	{ .name = "FRAG_REASM_TIMEOUT", .station = IP, .row = "P4",
	  .count = "nstat/IpReasmTimeout + nstat/Ip6ReasmTimeout",
	  .events = "FRAG_REASM_TIMEOUT@*",
	  .means = { "A fragment never came, and the others were thrown away.",
		"有一个分片始终未到，其余分片被丢弃。" },
	  .cure = { "Do not fragment: smaller datagrams, path MTU.",
		"避免分片：更小的数据报，或路径 MTU 发现。" } },
	{ .name = "IpReasmFails", .station = IP, .row = "P4",
	  .count = "nstat/IpReasmFails - nstat/IpReasmTimeout",
	  .events = "NOT_SPECIFIED@ip_defrag* NOT_SPECIFIED@inet_frag*",
	  .means = { "The memory for fragments is used up.", "分片重组的内存用尽。" },
	  .cure = { "More of it, or smaller datagrams.",
		"增加该内存，或使用更小的数据报。" },
	  .knobs = { "net.ipv4.ipfrag_high_thresh" } },
	{ .name = "DUP_FRAG", .station = IP, .events = "DUP_FRAG@* FRAG_TOO_FAR@*", .row = "P4",
	  .means = { "A fragment came twice or much too late.",
		"分片重复，或到达过晚。" },
	  .cure = { "The way doubles packets.", "链路上有设备复制了报文。" } },
	/* neighbours */
	{ .name = "NEIGH_CREATEFAIL", .station = NEIGH, .row = "P4",
	  .count = "neigh/table_fulls", .events = "NEIGH_CREATEFAIL@*",
	  .means = { "The table of neighbours is full.", "邻居表已满。" },
	  .cure = { "A larger table, or smaller subnets.", "增大邻居表，或缩小子网。" },
	  .knobs = { "net.ipv4.neigh.default.gc_thresh3" } },
	{ .name = "NEIGH_QUEUEFULL", .station = NEIGH, .row = "P4",
	  .count = "neigh/unresolved_discards", .events = "NEIGH_QUEUEFULL@*",
	  .means = { "More was sent to a neighbour than may wait for its address.",
		"等待邻居地址解析的报文过多。" },
	  .cure = { "A longer queue; or the neighbour does not answer at all.",
		"加长等待队列；或邻居根本没有应答。" },
	  .knobs = { "unres_qlen_bytes", "neighbours" } },
	{ .name = "NEIGH_FAILED", .station = NEIGH, .row = "P4",
	  .events = "NEIGH_FAILED@* NEIGH_DEAD@*",
	  .means = { "The neighbour does not answer ARP or NDP.",
		"邻居没有应答 ARP 或 NDP。" },
	  .cure = { "Is it up? Is it on this wire, in this VLAN?",
		"对方是否在线？是否在同一链路和 VLAN 中？" },
	  .knobs = { "neighbours" } },
	/* transport */
	{ .name = "PING_CLONE", .station = L4, .harmless = true, .events = PING_CLONES,
	  .row = "P5",
	  .means = { "A ping as root has its own clone of the reply; no loss.",
		"root 的 ping 已得到回复的副本；不是丢包。" },
	  .cure = { "Nothing to do.", "无需处理。" } },
	{ .name = "TCP_NO_SOCKET", .station = L4, .row = "P4",
	  .events = "NO_SOCKET@tcp_v4_rcv* NO_SOCKET@tcp_v6_rcv*",
	  .means = { "Nobody listens on this TCP port; the answer is a reset.",
		"没有进程监听该 TCP 端口；内核以 RST 回应。" },
	  .cure = { "Start the server, or tell the client the right port.",
		"启动服务，或告诉客户端正确的端口。" },
	  .knobs = { "tcp listeners" } },
	{ .name = "NO_SOCKET", .station = L4, .row = "P4",
	  .count = "nstat/UdpNoPorts + nstat/Udp6NoPorts", .events = "NO_SOCKET@*",
	  .means = { "Nobody has this UDP port open; the answer is port unreachable.",
		"没有进程打开该 UDP 端口；内核回应端口不可达。" },
	  .cure = { "Start the reader, or tell the sender the right port.",
		"启动接收程序，或告诉发送方正确的端口。" },
	  .knobs = { "udp listeners" } },
	{ .name = "UDP_CSUM", .station = L4, .row = "P4",
	  .count = "nstat/UdpInCsumErrors + nstat/Udp6InCsumErrors", .events = "UDP_CSUM@*",
	  .means = { "The checksum of a UDP datagram is wrong.", "UDP 校验和错误。" },
	  .cure = { "Without the card's check it shows whether the card is wrong.",
		"关闭网卡校验即可判断是否为网卡的问题。" },
	  .knobs = { "rx-checksum" } },
	{ .name = "TCP_CSUM", .station = L4, .row = "P4", .count = "nstat/TcpInCsumErrors",
	  .events = "TCP_CSUM@*",
	  .means = { "The checksum of a TCP segment is wrong.", "TCP 校验和错误。" },
	  .cure = { "Without the card's check it shows whether the card is wrong.",
		"关闭网卡校验即可判断是否为网卡的问题。" },
	  .knobs = { "rx-checksum" } },
	/* listeners */
	{ .name = "TCP_LISTEN_OVERFLOW", .station = LISTENER, .who = LISTENERS, .row = "C1",
	  .events = "TCP_LISTEN_OVERFLOW@*",
	  .means = { "The last ACK of a handshake found the accept queue full.",
		"握手的最后一个 ACK 到达时，全连接队列已满。" },
	  .cure = { "accept() faster, or a larger backlog in listen() below somaxconn.",
		"更快地 accept()，或增大 listen() 的 backlog（不超过 somaxconn）。" },
	  .knobs = { "net.core.somaxconn", "tcp listeners" } },
	{ .name = "ListenOverflows", .station = LISTENER, .who = LISTENERS, .row = "C1",
	  .count = "nstat/TcpExtListenOverflows",
	  .means = { "An accept queue was full, and connection requests were dropped.",
		"全连接队列已满，连接请求被丢弃。" },
	  .cure = { "accept() faster, or a larger backlog in listen() below somaxconn.",
		"更快地 accept()，或增大 listen() 的 backlog（不超过 somaxconn）。" },
	  .knobs = { "net.core.somaxconn", "tcp listeners" } },
	{ .name = "ListenDrops", .station = LISTENER, .who = LISTENERS, .row = "C2",
	  .count = "nstat/TcpExtListenDrops - nstat/TcpExtListenOverflows",
	  .means = { "The SYN queue was full, and SYN cookies are off.",
		"半连接队列已满，且未启用 SYN cookie。" },
	  .cure = { "SYN cookies lose nothing; or a larger backlog.",
		"启用 SYN cookie 即不再丢弃；或增大 backlog。" },
	  .knobs = { "net.ipv4.tcp_syncookies", "net.ipv4.tcp_max_syn_backlog" } },
	{ .name = "TCPReqQFullDoCookies", .station = LISTENER, .harmless = true, .row = "C2",
	  .count = "nstat/TcpExtTCPReqQFullDoCookies", .who = LISTENERS,
	  .means = { "The SYN queue was full, and cookies answered: a flood, handled.",
		"半连接队列已满，由 SYN cookie 应答：洪泛已被处理。" },
	  .cure = { "A larger backlog if the clients are wanted.",
		"若客户端是正常的，增大 backlog。" } },
	{ .name = "TCPTimeWaitOverflow", .station = LISTENER, .row = "C4",
	  .count = "nstat/TcpExtTCPTimeWaitOverflow",
	  .means = { "More connections in TIME_WAIT than allowed; these end at once.",
		"TIME_WAIT 连接超过上限，超出的被立即结束。" },
	  .cure = { "A larger limit, or connections that are kept.",
		"提高上限，或保持长连接。" },
	  .knobs = { "net.ipv4.tcp_max_tw_buckets" } },
	{ .name = "TCPAbortOnMemory", .station = LISTENER, .row = "C4",
	  .count = "nstat/TcpExtTCPAbortOnMemory",
	  .means = { "A connection was ended for want of memory, or as one orphan too many.",
		"因内存不足或孤儿连接过多而终止了连接。" },
	  .cure = { "Larger limits.", "提高上限。" },
	  .knobs = { "net.ipv4.tcp_max_orphans", "net.ipv4.tcp_mem" } },
	/* sockets */
	{ .name = "SOCKET_RCVBUFF", .station = SOCKET, .who = UDP_SOCKETS, .row = "R17",
	  .count = "nstat/UdpRcvbufErrors + nstat/Udp6RcvbufErrors",
	  .events = "SOCKET_RCVBUFF@*",
	  .means = { "A socket's buffer was full: its reader is slower than the sender.",
		"套接字缓冲区已满：读取速度慢于发送速度。" },
	  .cure = { "A faster reader, or a larger buffer; restart it after the change.",
		"加快读取，或增大缓冲区；修改后需重启该程序。" },
	  .knobs = { "net.core.rmem_default", "net.core.rmem_max" } },
	{ .name = "PROTO_MEM", .station = SOCKET, .who = UDP_SOCKETS, .row = "R17",
	  .count = "nstat/UdpMemErrors + nstat/Udp6MemErrors", .events = "PROTO_MEM@*",
	  .means = { "All UDP sockets together hold more memory than allowed.",
		"所有 UDP 套接字占用的内存超过上限。" },
	  .cure = { "A higher limit, or the reader that does not read.",
		"提高上限，或找出不读取数据的程序。" },
	  .knobs = { "net.ipv4.udp_mem" } },
	{ .name = "SOCKET_BACKLOG", .station = SOCKET, .row = "R17",
	  .count = "nstat/TcpExtTCPBacklogDrop", .events = "SOCKET_BACKLOG@*",
	  .means = { "Packets waited for a socket whose owner held it too long.",
		"套接字被其所有者长时间占用，等待的报文溢出。" },
	  .cure = { "A larger receive buffer.", "增大接收缓冲区。" },
	  .knobs = { "net.ipv4.tcp_rmem" } },
	{ .name = "TCP_ZEROWINDOW", .station = SOCKET, .row = "R17",
	  .count = "nstat/TcpExtTCPZeroWindowDrop", .events = "TCP_ZEROWINDOW@*",
	  .means = { "Data came beyond a closed window: the reader does not read.",
		"窗口已关闭仍收到数据：程序没有读取。" },
	  .cure = { "A faster reader, or a larger buffer.",
		"加快读取，或增大缓冲区。" },
	  .knobs = { "net.ipv4.tcp_rmem" } },
	{ .name = "TCP_OFO_QUEUE_PRUNE", .station = SOCKET, .row = "R17",
	  .count = "nstat/TcpExtOfoPruned + nstat/TcpExtRcvPruned + nstat/TcpExtTCPOFODrop",
	  .events = "TCP_OFO_QUEUE_PRUNE@* TCP_OFO_DROP@*",
	  .means = { "No memory for segments that came before a lost one.",
		"乱序段占满内存：前面有段丢失。" },
	  .cure = { "End the loss on the way; or a larger buffer.",
		"先消除链路丢包；或增大缓冲区。" },
	  .knobs = { "net.ipv4.tcp_rmem" } },
	{ .name = "TCPRcvQDrop", .station = SOCKET, .count = "nstat/TcpExtTCPRcvQDrop",
	  .row = "R17",
	  .means = { "TCP's memory is used up: segments of full sockets are dropped.",
		"TCP 内存用尽：丢弃了已满套接字的段。" },
	  .cure = { "A higher limit, or readers that read.", "提高上限，或加快读取。" },
	  .knobs = { "net.ipv4.tcp_mem" } },
	{ .name = "SOCKET_FILTER", .station = SOCKET, .events = "SOCKET_FILTER@*", .row = "P2",
	  .means = { "A filter that the program put on its socket dropped it.",
		"程序在套接字上设置的过滤器丢弃了报文。" },
	  .cure = { "The program wants it so.", "这是程序的意图。" } },
	{ .name = "SOCKET_CLOSE", .station = SOCKET, .harmless = true, .row = "R17",
	  .events = CLOSED_EVENTS,
	  .means = { "A socket was closed with packets in it that nobody had read.",
		"套接字关闭时仍有未读报文。" },
	  .cure = { "Nothing to do.", "无需处理。" } },
	{ .name = "MULTICAST", .station = IP, .harmless = true, .row = "P4",
	  .events = "NOT_SPECIFIED@ip6_mc_input*",
	  .means = { "A multicast packet of a group that nobody here has joined.",
		"多播报文，本机没有加入该组。" },
	  .cure = { "Nothing to do.", "无需处理。" } },
	{ .name = "TCP_STATE", .station = L4, .harmless = true, .row = "C6",
	  .events = TCP_STATE_EVENTS,
	  .means = { "A segment that TCP has already, or that a closed connection ignores.",
		"TCP 已收到过的段，或已关闭连接不再需要的段。" },
	  .cure = { "Nothing to do here; repeats tell of a loss elsewhere.",
		"此处无需处理；重传说明别处有丢包。" } },
	/* out */
	{ .name = "icmp_ratelimit", .station = IP_OUT, .row = "P4",
	  .count = "nstat/IcmpOutRateLimitGlobal + nstat/IcmpOutRateLimitHost",
	  .harmless = true,
	  .means = { "Errors of ICMP were held back: so many to one host, or in all.",
		"ICMP 差错报文被限速。" },
	  .cure = { "Wanted; icmp_ratelimit and icmp_msgs_per_sec set the limits.",
		"正常现象；由 icmp_ratelimit 和 icmp_msgs_per_sec 控制。" } },
	{ .name = "IP_OUTNOROUTES", .station = IP_OUT, .row = "P4",
	  .count = "nstat/IpOutNoRoutes + nstat/Ip6OutNoRoutes", .events = "IP_OUTNOROUTES@*",
	  .means = { "There is no route to where a program sends.",
		"程序发送的目的地没有路由。" },
	  .cure = { "Add the route.", "添加路由。" }, .knobs = { "routes" } },
	{ .name = "PKT_TOO_BIG", .station = IP_OUT, .row = "P4",
	  .count = "nstat/IpFragFails + nstat/Ip6FragFails", .events = "PKT_TOO_BIG@*",
	  .means = { "Larger than the MTU, and it may not be fragmented.",
		"报文大于 MTU，且不允许分片。" },
	  .cure = { "Smaller packets, or the larger MTU along the whole way.",
		"减小报文，或在整条路径上使用更大的 MTU。" } },
	{ .name = "SndbufErrors", .station = SEND, .row = "X10",
	  .count = "nstat/UdpSndbufErrors + nstat/Udp6SndbufErrors - nstat/IpOutDiscards",
	  .unless = "qdisc-root/drops",
	  .means = { "A program sends faster than its socket's buffer empties.",
		"程序发送速度超过套接字发送缓冲区的排空速度。" },
	  .cure = { "It should wait (poll), or have a larger SO_SNDBUF.",
		"程序应等待（poll），或增大 SO_SNDBUF。" },
	  .knobs = { "net.core.wmem_default" } },
	{ .name = "TC_EGRESS", .station = QDISC, .who = QDISCS, .row = "P2",
	  .events = "TC_EGRESS@*",
	  .means = { "A filter of tc dropped it on the way out.",
		"tc 的过滤器在出口丢弃了报文。" },
	  .cure = { "The filter with a rising count is the one.",
		"计数增长的过滤器就是原因。" },
	  .knobs = { "tc egress filters" } },
	{ .name = "QDISC_CONGESTED", .station = QDISC, .harmless = true, .row = "X12",
	  .count = "qdisc-sum/aqm", .events = "QDISC_DROP_CONGESTED@* QDISC_DROP_L4S*@*",
	  .means = { "The queue's AQM told a sender to slow down, as it should.",
		"队列的 AQM 提示发送方降速，属正常工作。" },
	  .cure = { "ECN on both ends spares the drops.", "两端启用 ECN 可避免丢包。" } },
	{ .name = "QDISC_DROP", .station = QDISC, .who = QDISCS, .row = "X1",
	  .count = QDISC_LOST, .events = "QDISC_DROP*@*",
	  .means = { "A queueing discipline was full: more is sent than leaves.",
		"排队规则已满：发送快于发出。" },
	  .cure = { "A slower sender, a faster class, or a longer queue.",
		"降低发送速度，提高类别速率，或加长队列。" },
	  .knobs = { "qdisc limit", "txqueuelen", "qdisc" } },
	{ .name = "QDISC_BURST_DROP", .station = QDISC, .events = "QDISC_BURST_DROP@*",
	  .row = "X14",
	  .means = { "Too many senders wait for one queueing discipline.",
		"等待同一排队规则的发送者过多。" },
	  .cure = { "A larger burst, or more transmit queues.",
		"增大允许的突发，或增加发送队列。" },
	  .knobs = { "net.core.qdisc_max_burst" } },
	{ .name = "FULL_RING", .station = DRIVER, .row = "L5",
	  .events = "FULL_RING@*", .count = "tun/tx_dropped",
	  .means = { "Nobody reads the file of a tun or tap device in time.",
		"没有程序及时读取 tun/tap 设备。" },
	  .cure = { "A faster reader, or a longer queue.", "加快读取，或加长队列。" },
	  .knobs = { "txqueuelen" } },
	{ .name = "tx_dropped", .station = DRIVER, .row = "X5", .count = "dev/tx_dropped",
	  .unless = "tun/tx_dropped",
	  .means = { "The driver dropped packets that it should have sent.",
		"驱动丢弃了本应发送的报文。" },
	  .cure = { "The driver's own counters (ethtool -S) may say why.",
		"驱动自己的计数器（ethtool -S）可能说明原因。" } },
	{ .name = "tx_errors", .station = DRIVER, .row = "X5",
	  .count = SEND_ERRORS,
	  .means = { "The card could not send: no carrier, collisions or an underrun.",
		"网卡无法发送：无载波、冲突或下溢。" },
	  .cure = { "Check cable and duplex.", "检查网线和双工设置。" } },
	{ .name = "DEV_READY", .station = DRIVER, .row = "",
	  .events = "DEV_READY@* DEV_HDR@* NO_TX_TARGET@*",
	  .means = { "The device is down or going down.", "设备已关闭或正在关闭。" },
	  .cure = { "Set it up.", "启用设备。" } },
	{ .name = "NOMEM", .station = DRIVER, .row = "R4", .events = "NOMEM@* PFMEMALLOC@*",
	  .means = { "There was no memory.", "内存不足。" },
	  .cure = { "Keep more memory free.", "保留更多空闲内存。" },
	  .knobs = { "vm.min_free_kbytes" } },
	{ .name = "SKB_UCOPY_FAULT", .station = PROCESS, .row = "", .events = "SKB_UCOPY_FAULT@*",
	  .means = { "The program handed over an address that is not its own.",
		"程序传入了无效的内存地址。" },
	  .cure = { "A fault in the program.", "程序有缺陷。" } },
};

const size_t n_losses = sizeof(losses) / sizeof(*losses);

int loss_language(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return !strncmp(value, "zh", 2);
	}
	return 0;
}

const struct loss *loss_find(const char *name)
{
	size_t i;

	for (i = 0; i < n_losses; i++) {
		if (!strcasecmp(losses[i].name, name))
			return &losses[i];
	}
	return NULL;
}

static bool takes(const struct loss *loss, const char *event)
{
	const char *p = loss->events;
	char pattern[64];

	while (p && *p) {
		size_t len = strcspn(p, " ");

		snprintf(pattern, sizeof(pattern), "%.*s", (int)len, p);
		p += len + strspn(p + len, " ");
		if (!fnmatch(pattern, event, 0))
			return true;
	}
	return false;
}

bool loss_applies(const struct loss *loss, const struct sight *s)
{
	if (loss->when && !sight_sum(s, loss->when))
		return false;
	return !loss->unless || !sight_sum(s, loss->unless);
}

const struct loss *loss_of_event(const char *event, const struct sight *s)
{
	size_t i;

	for (i = 0; i < n_losses; i++) {
		if (takes(&losses[i], event) && loss_applies(&losses[i], s))
			return &losses[i];
	}
	return NULL;
}
