#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
Rows L of the packet's path: traffic that does not leave the machine.
"""

import fcntl
import os
import re
import socket
import struct

from lib.py import defer, row, run_rows

# include/uapi/linux/if_tun.h
TUNSETIFF = 0x400454ca
IFF_TUN, IFF_TAP, IFF_NO_PI = 1, 2, 0x1000


def _datagrams(x, sock, dest, port, count):
    """Send so many, and wait until all of them are in the socket; how many came"""
    sender = x.socket()
    got = 0
    for _ in range(count):
        sender.sendto(b"payload", (dest, port))

    def all_here():
        nonlocal got
        got += x.drain(sock)
        return got == count
    x.wait(all_here)
    return got


def _polls(x, events):
    """Polls that found packets: {device: [packets of each]}"""
    polls = {}
    for *_, event, text in events:
        if event == "napi_poll" and (m := re.search(r"for device (\S+) work (\d+)", text)):
            if int(m[2]):
                polls.setdefault(m[1], []).append(int(m[2]))
    for device, works in polls.items():
        x.say(f"    {device}: {len(works)} polls of at most {max(works)}, {sum(works)} packets")
    return polls


def _count(events, name, dev):
    """Events of that name of a device"""
    return sum(event == name and f"dev={dev} " in text for *_, event, text in events)


# ---- L1


def _way(x, dest, sock, count=50):
    """Which devices and interrupts datagrams to an address take"""
    x.run(f"ip route get {dest}")
    counters = ["dev.lo.rx_packets", f"dev.{x.nic}.tx_packets", f"irq.{x.nic}-TxRx-*"]
    with x.watch(*counters) as seen, x.trace("net:netif_rx", "napi:napi_poll") as events:
        got = _datagrams(x, sock, dest, sock.getsockname()[1], count)
        if sock.getsockname()[0] == x.there:
            # the card counts when it has sent
            x.wait(lambda: seen[counters[1]] >= count)
    x.holds(got == count, f"{count} sent = {got} arrived")
    _polls(x, events)
    return [seen["dev.lo.rx_packets"], seen[f"dev.{x.nic}.tx_packets"],
            sum(seen[f"irq.{x.nic}-TxRx-*"]), _count(events, "netif_rx", "lo")]


@row("L1",
     "Packets to 127.0.0.1 and to the machine's own address: which way do they go?",
     "Both go through lo, whatever card has the address: its route is local. A capture on the "
     "card shows nothing of it. lo has no queue of its own, an MTU of 65536 bytes, and its "
     "packets wait in the CPU's backlog for the softirq that the sender runs itself.")
def l1_lo(x, count=50):
    """One's own address is lo, as 127.0.0.1 is"""
    sinks = {}
    for dest, ns in (("127.0.0.1", None), (x.here, None), (x.there, x.peer)):
        sinks[dest] = x.socket(ns)
        sinks[dest].bind((dest, 9))
    lo, card, irqs, rx = _way(x, x.turned("127.0.0.1", x.there), sinks["127.0.0.1"]
                              if x.turned(1, 0) else sinks[x.there], count)
    x.holds(lo == rx == count and card < 5 and irqs < 10,
            f"127.0.0.1: {lo} packets of lo, each by netif_rx; {card} of the card, {irqs} "
            "interrupts")
    lo, card, irqs, rx = _way(x, x.turned(x.here, x.there), sinks[x.here]
                              if x.turned(1, 0) else sinks[x.there], count)
    x.holds(lo == rx == count and card < 5 and irqs < 10,
            f"own address: {lo} packets of lo; {card} of the card, {irqs} interrupts")
    lo, card, irqs, rx = _way(x, x.there, sinks[x.there], count)
    x.holds(lo == rx == 0 and card >= count and irqs,
            f"the partner: {lo} packets of lo; {card} of the card, {irqs} interrupts")
    with x.capture("udp port 9", "lo") as on_lo, x.capture("udp port 9") as on_card:
        _datagrams(x, sinks[x.here], x.here, 9, 5)
        # by then the card would have shown the others
        _datagrams(x, sinks[x.there], x.there, 9, 1)
        on_card.wait(1)
        on_lo.wait(5)
    x.holds((len(on_lo.lines), len(on_card.lines)) == (5, 1),
            f"tcpdump of 5 datagrams to the own address and 1 to the partner: {len(on_lo.lines)} "
            f"on lo, {len(on_card.lines)} on {x.nic}")
    shown = x.run("ip link show dev lo")
    x.holds("mtu 65536" in shown and "qdisc noqueue" in shown, "lo: MTU 65536, no queue")


# ---- L2


def _stream(x, dest, ns, megabytes=4):
    """So much over TCP: packets, interrupts of both cards, slots of our card's ring"""
    with x.socket(ns, socket.SOCK_STREAM) as listener:
        listener.bind((dest, 0))
        listener.listen()
        tx = x.socket(None, socket.SOCK_STREAM)
        tx.connect(listener.getsockname())
        rx, _ = listener.accept()
    with x.watch("dev.lo.tx_packets", f"dev.{x.nic}.tx_packets", f"dev.{x.nic}.rx_packets",
                 f"irq.{x.nic}-TxRx-*", f"irq.{x.partner}-TxRx-*", "softirq.NET_RX",
                 "TcpInSegs", f"{x.peer}:TcpInSegs") as seen:
        if not (pid := os.fork()):
            room = bytearray(1 << 18)
            while rx.recv_into(room):
                pass
            os._exit(0)
        rx.close()
        data = bytes(1 << 18)
        for _ in range(4 * megabytes):
            tx.sendall(data)
        # the other process has a copy of the descriptor
        tx.shutdown(socket.SHUT_WR)
        os.waitpid(pid, 0)
    card = seen[f"dev.{x.nic}.tx_packets"] + seen[f"dev.{x.nic}.rx_packets"]
    irqs = sum(seen[f"irq.{x.nic}-TxRx-*"]) + sum(seen[f"irq.{x.partner}-TxRx-*"])
    return {"lo": seen["dev.lo.tx_packets"], "card": card, "irqs": irqs,
            "softirqs": sum(seen["softirq.NET_RX"]),
            "segments": seen["TcpInSegs"] + seen[f"{x.peer}:TcpInSegs"]}


@row("L2",
     "What does a connection within the machine save against one over the wire?",
     "The ring, and the interrupts of transmit completion and of receive. Not the protocols: "
     "each packet passes TCP and IP twice, and a softirq between. Its packets are larger, "
     "since lo's MTU is 65536 bytes.")
def l2_saved(x):
    """What lo saves against the card, and what not"""
    wire = _stream(x, x.there, x.peer)
    home = _stream(x, *x.turned((x.here, None), (x.there, x.peer)))
    for name, one in (("over the wire", wire), ("at home", home)):
        x.say(f"    4 MiB {name}: " + ", ".join(f"{n} {what}" for what, n in one.items()))
    x.holds(home["card"] < wire["card"] / 20 and home["irqs"] < wire["irqs"] / 5,
            f"slots of the ring {home['card']} instead of {wire['card']}, interrupts "
            f"{home['irqs']} instead of {wire['irqs']}")
    x.holds(home["softirqs"] > 20 and home["segments"] > 60,
            f"not saved: {home['softirqs']} NET_RX softirqs, {home['segments']} segments "
            "through TCP")
    x.set("ip link set dev lo mtu 1500")
    small = _stream(x, x.here, None)
    x.holds(small["irqs"] < wire["irqs"] / 5 and small["lo"],
            f"with lo's MTU 1500: {small['lo']} packets, {small['irqs']} interrupts")


# ---- L3


def _pair(x, name="c1"):
    """A namespace, joined to ours by a veth pair: v0, 10.6.0.1 here, 10.6.0.2 there"""
    x.netns(name)
    x.set(f"ip link add v0 type veth peer name v1 netns {name}", "")
    x.set("ip address add 10.6.0.1/24 dev v0", "")
    x.set("ip link set dev v0 up", "")
    x.set("ip address add 10.6.0.2/24 dev v1", "", ns=name)
    x.set("ip link set dev v1 up", "", ns=name)
    x.run("ping -n -q -c 1 -W 5 10.6.0.2", shown=False)


def _same_netns(x):
    """Both ends of a pair in one namespace"""
    x.set("ip link add va type veth peer name vb", "ip link del va")
    for end, host in (("va", 1), ("vb", 2)):
        x.set(f"ip address add 10.8.0.{host}/24 dev {end}", "")
        x.set(f"ip link set dev {end} up", "")
    x.refused("ping -n -c 1 -W 1 -I va 10.8.0.2")
    for end in ("va", "vb"):
        x.turn(f"echo 1 > /proc/sys/net/ipv4/conf/{end}/accept_local", "")
        x.turn(f"echo 0 > /proc/sys/net/ipv4/conf/{end}/rp_filter", "")
    x.set("ip neigh flush dev va", "")
    ret = x.attempt("ping -n -c 1 -W 5 -I va 10.8.0.2")
    x.holds(ret == 0, "with accept_local 1 and rp_filter 0 on both it is answered")


@row("L3",
     "A veth pair joins two namespaces. Where do its packets wait, and what is separate?",
     "A veth has no queue; the other end's packets wait in the backlog of the CPU that sends, "
     "which runs the softirq itself. Each namespace has its own counters and sysctls, but "
     "softnet_stat and softirqs are of the machine. Both ends in one namespace answer "
     "each other with accept_local and without rp_filter only.")
def l3_veth(x, count=50):
    """veth and namespaces"""
    _pair(x)
    sink = x.socket("c1")
    sink.bind(("10.6.0.2", 9))
    with x.watch(f"irq.{x.nic}-TxRx-*", "UdpOutDatagrams", "c1:UdpInDatagrams",
                 "UdpInDatagrams") as seen, \
            x.trace("net:netif_rx", "napi:napi_poll") as events:
        got = _datagrams(x, sink, "10.6.0.2", 9, count)
    polls = _polls(x, events)
    x.holds(got == count == _count(events, "netif_rx", "v1"),
            f"{count} sent = {got} arrived, each by netif_rx of v1")
    x.holds(seen["c1:UdpInDatagrams"] == count and seen["UdpInDatagrams"] == 0,
            f"UdpInDatagrams: {seen['c1:UdpInDatagrams']} in c1, {seen['UdpInDatagrams']} here")
    x.holds(sum(polls.get("(no_device)", [])) >= count,
            "they were polled from the backlog, which belongs to no device")
    x.turn("sysctl -w net.core.somaxconn=77", ns="c1")
    x.holds((x.sysctl("net.core.somaxconn", "c1"), x.sysctl("net.core.somaxconn")) ==
            ("77", "4096"), f"somaxconn: {x.sysctl('net.core.somaxconn', 'c1')} in c1, "
            f"{x.sysctl('net.core.somaxconn')} here")
    x.turn("ethtool -K v1 gro on", "", ns="c1")
    # what could come as one large packet needs no GRO
    x.turn("ethtool -K v0 tso off", "")
    with x.trace("net:netif_rx", "napi:napi_poll") as events:
        got = _datagrams(x, sink, "10.6.0.2", 9, count)
    polls = _polls(x, events)
    x.holds(got == count == sum(polls.get("v1", [])), "v1 with gro on, v0 with tso off: v1 has "
            f"a poll of its own, which took {sum(polls.get('v1', []))}")
    _same_netns(x)


# ---- L4


def _bridged(x):
    """Our card and a veth in a bridge; behind the veth a namespace of the wire's network"""
    x.netns("c2")
    x.set("ip link add br0 type bridge", "ip link del br0")
    x.set("ip link add b0 type veth peer name b1 netns c2", "")
    x.set(f"ip address del {x.here}/24 dev {x.nic}", f"ip address add {x.here}/24 dev {x.nic}")
    for line in (f"ip link set dev {x.nic} master br0", "ip link set dev b0 master br0",
                 "ip link set dev b0 up", "ip link set dev br0 up",
                 f"ip address add {x.here}/24 dev br0"):
        x.set(line, "")
    x.set("ip address add 192.0.3.50/24 dev b1", "", ns="c2")
    x.set("ip link set dev b1 up", "", ns="c2")
    x.run(f"ping -n -q -c 1 -W 20 {x.there}", ns="c2", shown=False)


def _counted(x):
    """Packets that the rule has seen"""
    return int(re.search(r"packets (\d+)", x.run("nft list table ip try", shown=False))[1])


def _forwarded(x):
    """What netfilter's FORWARD counts of 5 pings through the bridge"""
    before = _counted(x)
    x.run(f"ping -n -q -c 5 -i 0.1 -W 5 {x.there}", ns="c2", shown=2)
    return _counted(x) - before


@row("L4",
     "A bridge of the card and a veth. Who takes the packets, and does netfilter see them?",
     "The bridge takes them by the card's rx_handler, before IP: what is only bridged is not "
     "seen by netfilter's IP hooks. With the module br_netfilter it is, by default: then a "
     "FORWARD policy of drop cuts off bridged machines. A port that does not forward drops "
     "with reason BRIDGE_INGRESS_STP_STATE.", tools=("nft",))
def l4_bridge(x):
    """A bridge, and netfilter on it"""
    x.module("bridge")
    _bridged(x)
    x.set('nft "add table ip try; add chain ip try f { type filter hook forward priority 0; }; '
          'add rule ip try f ip protocol icmp counter"', "nft delete table ip try")
    seen = _forwarded(x)
    x.holds(seen == 0, f"without br_netfilter FORWARD sees {seen} of 10 packets")
    # not modprobe -r, which would take the bridge along
    x.set("modprobe br_netfilter", "rmmod br_netfilter")
    x.turn("sysctl -w net.bridge.bridge-nf-call-iptables=1")
    seen = _forwarded(x)
    x.holds(seen == 10, f"with it and bridge-nf-call-iptables 1, the default: {seen}")
    x.set('nft "add rule ip try f ip daddr 192.0.3.2 counter drop"', "")
    with x.drops() as lost:
        x.refused(f"ping -n -c 2 -i 0.1 -W 1 {x.there}", ns="c2")
    x.holds(lost.count("NETFILTER_DROP") == 2, "a rule that drops there cuts it off")
    x.turn("sysctl -w net.bridge.bridge-nf-call-iptables=0")
    seen = _forwarded(x)
    x.holds(seen == 0, f"bridge-nf-call-iptables 0: FORWARD sees {seen}, and the pings pass")
    x.turn("bridge link set dev b0 state 0", "")
    with x.drops() as lost:
        ret = x.attempt(f"ping -n -c 2 -i 0.1 -W 1 {x.there}", ns="c2")
    count = sum(n for (_, place), n in lost.by_place.items() if place.startswith("br_"))
    x.holds(ret and count == 2, f"port state 0 (disabled): {count} requests are dropped by the "
            "bridge")


# ---- L5


def _open_tun(x, name, flags):
    """A device whose other side is a file of this process"""
    fd = os.open("/dev/net/tun", os.O_RDWR)
    undo = defer(os.close, fd)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
    x.set(f"sysctl -q -w net.ipv6.conf.{name}.disable_ipv6=1", "")
    x.set(f"ip address add 10.7.0.1/24 dev {name}", "")
    x.set(f"ip link set dev {name} up", "")
    if flags & IFF_TAP:
        x.set(f"ip neigh replace 10.7.0.2 lladdr 02:00:00:00:00:02 dev {name}", "")
    return fd, undo


def _read(fd):
    """The packet that carries our payload"""
    while b"payload!" not in (packet := os.read(fd, 2000)):
        pass
    return packet


def _headers(x):
    """How many bytes of each kind of device stand before the IP packet"""
    sizes = {}
    for name, flags in (("tun", IFF_TUN), ("tun, IFF_NO_PI", IFF_TUN | IFF_NO_PI),
                        ("tap", IFF_TAP), ("tap, IFF_NO_PI", IFF_TAP | IFF_NO_PI)):
        fd, undo = _open_tun(x, "t0", x.turned(flags, IFF_TUN))
        x.socket().sendto(b"payload!", ("10.7.0.2", 5555))
        packet = _read(fd)
        x.say(f"    {name}: {len(packet)} bytes: {packet[:22].hex(' ')} ...")
        sizes[name] = packet.index(b"\x45\x00\x00\x24")
        undo.exec()
    x.holds(list(sizes.values()) == [4, 0, 18, 14],
            "before the IP packet of 36 bytes: " +
            ", ".join(f"{size} ({name})" for name, size in sizes.items()))


def _answered(x, fd):
    """The process behind a tun answers as if it were a machine"""
    sock = x.socket()
    sock.settimeout(10)
    sock.sendto(b"payload!", ("10.7.0.2", 5555))
    packet = bytearray(_read(fd))
    packet[12:16], packet[16:20] = packet[16:20], packet[12:16]
    packet[20:22], packet[22:24] = packet[22:24], packet[20:22]
    packet[26:28] = bytes(2)
    os.write(fd, packet)
    x.holds(sock.recvfrom(100) == (b"payload!", ("10.7.0.2", 5555)),
            "what the process writes into tun arrives in the socket")


def _full(x, fd, length, count=700):
    """Nobody reads; packets that the device lost"""
    (x.set if length == 500 else x.turn)(f"ip link set dev t0 txqueuelen {length}")
    sender = x.socket()
    with x.watch("dev.t0.tx_drop") as seen, x.drops() as lost:
        for _ in range(count):
            sender.sendto(b"z", ("10.7.0.2", 5555))
    kept = 0
    os.set_blocking(fd, False)
    try:
        while os.read(fd, 2000):
            kept += 1
    except BlockingIOError:
        os.set_blocking(fd, True)
    x.accounts(count, kept, **{"tx drop of t0": seen["dev.t0.tx_drop"]})
    x.holds(lost.count("FULL_RING") == seen["dev.t0.tx_drop"],
            f"all of them for the reason FULL_RING: {lost.count('FULL_RING')}")
    return kept


@row("L5",
     "tun and tap: what does the process behind them read, and where do packets wait?",
     "tun gives IP packets and tap Ethernet frames, each after 4 bytes of protocol "
     "information unless IFF_NO_PI. What the process writes is received. Packets wait in a "
     "ring of txqueuelen: here it counts, although the qdisc does not use it.")
def l5_tun(x):
    """tun and tap"""
    x.module("tun")
    _headers(x)
    fd, _ = _open_tun(x, "t0", IFF_TUN | IFF_NO_PI)
    _answered(x, fd)
    kept = _full(x, fd, 500)
    x.holds(450 < kept <= 501, f"txqueuelen 500: {kept} wait")
    kept = _full(x, fd, 10)
    x.holds(8 < kept <= 11, f"txqueuelen 10: {kept} wait")


if __name__ == "__main__":
    run_rows(__file__)
