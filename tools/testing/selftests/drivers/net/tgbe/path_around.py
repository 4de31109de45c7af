#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
Rows P of the packet's path: what stands beside the protocols' handlers, and sees, stops,
cuts or answers packets.
"""

import errno
import os
import re
import socket
import struct
from pathlib import Path

from lib.py import checksum, defer, pseudo_header, row, run_rows, NetNSEnter

ICMP_ECHO = 8


def _send(x, dest, port, count, *, ns=None, size=5, source=None):
    """Datagrams, one after the other; the names of the errors that the sender got"""
    sock = x.socket(ns)
    if source:
        sock.bind((source, 0))
    errors = []
    for _ in range(count):
        try:
            sock.sendto(bytes(size), (dest, port))
        except OSError as err:
            errors.append(errno.errorcode[err.errno])
    return errors


def _nft(x, table, chain, *rules, ns=None, how=None):
    """A table with a chain of netfilter, and rules in it"""
    lines = [f"add table {table}", f"add chain {table} c {{ {chain}; }}"]
    lines += [f"add rule {table} c {rule}" for rule in rules]
    (how or x.set)(f'nft "{"; ".join(lines)}"', f"nft delete table {table}", ns=ns)


# ---- P1 and P3: who sees what is dropped


CONTROL = 7999


def _incoming(x, what, port, reason, place=""):
    """
    20 datagrams for a port that something drops on their way in, for a @reason, in a function
    with @place in its name, and one to another; how many the capture here saw
    """
    x.say(f"dropped by {what}:")
    with x.drops() as lost, x.capture(f"udp port {port} or udp port {CONTROL}") as seen:
        _send(x, x.here, port, 20, ns=x.peer)
        _send(x, x.here, CONTROL, 1, ns=x.peer)
        x.wait(lambda: any(f".{CONTROL}:" in line for line in seen.lines))
    shown = sum(f".{port}:" in line for line in seen.lines)
    gone = sum(n for (why, where), n in lost.by_place.items() if why == reason and place in where)
    x.holds(gone == 20, f"{gone} of 20 were dropped for the reason {reason}")
    return shown


def _outgoing(x, what, port):
    """The same on the way out: what the capture here saw, and the errors of the sender"""
    x.say(f"dropped by {what}:")
    with x.drops() as lost, x.capture(f"udp port {port} or udp port {CONTROL}") as seen:
        errors = _send(x, x.there, port, 20)
        _send(x, x.there, CONTROL, 1)
        x.wait(lambda: any(f".{CONTROL}:" in line for line in seen.lines))
    return sum(f".{port}:" in line for line in seen.lines), errors, lost


def _rotation(x):
    """Files of a size, of which the last few are kept"""
    x.run("rm -f /tmp/path.pcap*")
    dump = x.start(f"tcpdump -nn -i {x.nic} -Z root -w /tmp/path.pcap -C 1 -W 3 udp port 9")
    defer(x.run, "rm -f /tmp/path.pcap0 /tmp/path.pcap1 /tmp/path.pcap2", shown=False)
    files = [Path(f"/tmp/path.pcap{n}") for n in range(3)]
    x.wait(files[0].exists)
    sink = x.sink()
    for _ in range(10):
        x.burst(300, gap_us=200, words=("pkt_size 1400",))
        if x.wait(files[2].exists, 0.5):
            break
    x.end(dump)
    sink.close()
    sizes = [file.stat().st_size if file.exists() else 0 for file in files]
    x.holds(max(sizes) < 1010000 and len([s for s in sizes if s > 990000]) >= 2,
            f"-C 1 -W 3: files of {sizes} bytes, whose names are used again")


@row("P1",
     "What does tcpdump see, and what not?",
     "What is received, before netfilter and tc, so a packet in the capture may be dropped a "
     "step later. What is sent, behind netfilter, the qdisc and tc, just before the driver: "
     "what they drop is not in the capture, and its absence proves no fault of the sender. "
     "-C counts millions of bytes, and is checked after a packet; -W uses names again.",
     tools=("nft",))
def p1_taps(x):
    """tcpdump: before netfilter on the way in, behind the qdisc on the way out"""
    # in the order in which they were sent
    x.one_queue()
    _nft(x, "ip try", "type filter hook input priority 0", "udp dport 7801 drop", how=x.turn)
    _nft(x, "ip try2", "type filter hook output priority 0", "udp dport 7802 drop", how=x.turn)
    seen = _incoming(x, "a rule on input", 7801, "NETFILTER_DROP")
    x.holds(seen == 20, f"the capture has {seen} of 20: it is before netfilter")
    seen, errors, _ = _outgoing(x, "a rule on output", 7802)
    x.holds((seen, errors) == (0, ["EPERM"] * 20), f"the capture has {seen} of 20, and sendto() "
            f"failed {len(errors)} times: {set(errors)}")
    x.set(f"tc qdisc replace dev {x.nic} root handle 1: tbf rate 8kbit burst 1600 limit 4000",
          f"tc qdisc del dev {x.nic} root")
    with x.drops() as lost, x.watch(f"qdisc.{x.nic}.drops") as dropped, \
            x.capture("udp port 7803") as sent:
        _send(x, x.there, 7803, 20, size=x.turned(1000, 1))
        sent.wait(1)
    x.holds(lost.count("QDISC_DROP") == dropped[f"qdisc.{x.nic}.drops"] > 10 and
            len(sent.lines) <= 20 - lost.count("QDISC_DROP"),
            f"a qdisc that drops {lost.count('QDISC_DROP')} of 20: the capture has "
            f"{len(sent.lines)}")
    _rotation(x)


DROP_7777 = "protocol ip flower ip_proto udp dst_port 7777 action drop"


def _unfiltered(x):
    """As _incoming(), with nothing that drops"""
    with x.capture(f"udp port 7777 or udp port {CONTROL}") as seen:
        _send(x, x.here, 7777, 20, ns=x.peer)
        _send(x, x.here, CONTROL, 1, ns=x.peer)
        x.wait(lambda: any(f".{CONTROL}:" in line for line in seen.lines))
    return sum(".7777:" in line for line in seen.lines)


@row("P3",
     "XDP and tc drop packets earlier than netfilter. Who still sees them?",
     "XDP drops before the taps: no capture shows it, rx_packets counts it, and rx drop does "
     "not. tc on ingress is behind the taps, on egress before them: a capture has what "
     "ingress drops, and not what egress drops, and the sender is not told.",
     tools=("clang",))
def p3_xdp(x):
    """XDP and tc: before and behind the taps"""
    x.one_queue()
    seen = _unfiltered(x)
    x.holds(seen == 20, f"nothing drops: the capture has {seen} of 20")
    source = Path(__file__).with_name("bpf") / "xdp_drop.c"
    x.set(f"clang -O2 -g -target bpf -I /usr/include/$(uname -m)-linux-gnu -c {source} "
          "-o /tmp/xdp_drop.o", "rm /tmp/xdp_drop.o")
    x.turn(f"ip link set dev {x.nic} xdpgeneric obj /tmp/xdp_drop.o sec xdp",
           f"ip link set dev {x.nic} xdpgeneric off")
    with x.watch(f"dev.{x.nic}.rx_packets", f"dev.{x.nic}.rx_drop") as counts:
        seen = _incoming(x, "XDP, generic", 7777, "NOT_SPECIFIED", "xdp")
        # the card's counters are read at times
        x.wait(lambda: counts[f"dev.{x.nic}.rx_packets"] >= 20)
    x.holds((seen, counts[f"dev.{x.nic}.rx_drop"]) == (0, 0) and
            counts[f"dev.{x.nic}.rx_packets"] >= 20,
            f"XDP: the capture has {seen} of 20, rx_packets moved by "
            f"{counts[f'dev.{x.nic}.rx_packets']}, rx drop by {counts[f'dev.{x.nic}.rx_drop']}")
    x.run(f"ip link set dev {x.nic} xdpgeneric off")
    x.set(f"tc qdisc add dev {x.nic} clsact", f"tc qdisc del dev {x.nic} clsact")
    x.turn(f"tc filter add dev {x.nic} ingress {DROP_7777}", "")
    seen = _incoming(x, "tc on ingress", 7777, "TC_INGRESS")
    x.holds(seen == 20, f"tc ingress: the capture has {seen} of 20")
    x.turn(f"tc filter add dev {x.nic} egress {DROP_7777}", "")
    seen, errors, lost = _outgoing(x, "tc on egress", 7777)
    x.holds((seen, lost.count("TC_EGRESS"), errors) == (0, 20, []),
            f"tc egress: the capture has {seen} of 20, {lost.count('TC_EGRESS')} TC_EGRESS, "
            f"the sender got {errors[:1] or 'no error'}")


# ---- P2


HOOKS = ("prerouting", "input", "forward", "output", "postrouting")


def _hooks(x):
    """How many packets of ICMP each hook has seen"""
    shown = x.run("nft list table ip seen", shown=False)
    return [int(re.search(rf"hook {hook} .*?packets (\d+)", shown, re.S)[1]) for hook in HOOKS]


def _through(x, what, command, ns=None):
    """What each hook sees of a command"""
    before = _hooks(x)
    x.run(command, ns=ns, shown=2)
    seen = [after - earlier for after, earlier in zip(_hooks(x), before)]
    x.say(f"    {what}: " + ", ".join(f"{n} {hook}" for n, hook in zip(seen, HOOKS)))
    return seen


def _router(x):
    """A namespace whose packets to the partner we forward"""
    x.netns("r")
    x.set("ip link add vr type veth peer name vr0 netns r", "")
    x.set("ip address add 10.5.0.1/24 dev vr", "")
    x.set("ip link set dev vr up", "")
    x.set("ip address add 10.5.0.2/24 dev vr0", "", ns="r")
    x.set("ip link set dev vr0 up", "", ns="r")
    x.set("ip route add default via 10.5.0.1", "", ns="r")
    x.set("sysctl -w net.ipv4.ip_forward=1")


@row("P2",
     "Which of netfilter's hooks does a packet pass, and what do NAT and conntrack need?",
     "Received for this machine: prerouting, input; sent: output, postrouting; forwarded: "
     "prerouting, forward, postrouting. Without ip_forward a packet for somebody else is "
     "InAddrErrors. Masquerading needs no route back. A full conntrack table drops new "
     "flows with the same reason as a rule: the place tells, and the log.", tools=("nft",))
def p2_hooks(x):
    """netfilter's hooks, forwarding, NAT and conntrack"""
    _router(x)
    x.set('nft "add table ip seen' + "".join(
        f"; add chain ip seen {hook} {{ type filter hook {hook} priority 0; }}; "
        f"add rule ip seen {hook} ip protocol icmp counter" for hook in HOOKS) + '"',
        "nft delete table ip seen")
    seen = _through(x, "5 pings to the partner", f"ping -n -q -c 5 -i 0.1 {x.there}")
    x.holds(seen == [5, 5, 0, 5, 5], "sent: output, postrouting; received: prerouting, input")
    seen = _through(x, "5 pings to lo", "ping -n -q -c 5 -i 0.1 127.0.0.1")
    x.holds(seen == [10, 10, 0, 10, 10], "over lo each packet passes both")
    with x.drops() as lost, x.watch("IpInAddrErrors") as errors:
        x.turn("sysctl -w net.ipv4.ip_forward=0")
        x.attempt(f"ping -n -q -c 3 -i 0.1 -W 1 {x.there}", ns="r")
    x.holds(errors["IpInAddrErrors"] == lost.count("IP_INADDRERRORS") == 3,
            f"ip_forward 0: IpInAddrErrors {errors['IpInAddrErrors']}")
    x.run("sysctl -w net.ipv4.ip_forward=1")
    _nat(x)
    _conntrack(x)


def _nat(x):
    """The partner has no route to the namespace"""
    if not Path("/sys/module/nf_conntrack").exists():
        # a table that is deleted goes a little later, and its modules hold others
        x.set("modprobe nf_conntrack", "for n in $(seq 50); do "
              "modprobe -qr nft_masq nft_chain_nat nf_nat nf_conntrack; "
              "test ! -e /sys/module/nf_conntrack && break; sleep 0.2; done; "
              "test ! -e /sys/module/nf_conntrack")
    x.refused(f"ping -n -q -c 1 -W 1 {x.there}", ns="r")
    _nft(x, "ip nat", "type nat hook postrouting priority 100", f"oifname {x.nic} masquerade",
         how=x.turn)
    with x.watch("IpForwDatagrams") as forwarded:
        ret = x.attempt(f"ping -n -q -c 5 -i 0.1 -W 5 {x.there}", ns="r")
    x.holds(ret == 0 and forwarded["IpForwDatagrams"] == 10,
            f"with masquerade the partner answers: {forwarded['IpForwDatagrams']} forwarded")


def _conntrack(x):
    """More flows than the table has entries"""
    x.turn("sysctl -w net.netfilter.nf_conntrack_max=5")
    with x.drops() as lost:
        sender = [x.socket("r") for _ in range(20)]
        for sock in sender:
            sock.sendto(b"flow", (x.there, 9))
        x.wait(lambda: len(sender) == 20)
    count = lost.count("NETFILTER_DROP", "nf_hook_slow")
    x.holds(count >= 15, f"nf_conntrack_max 5: of 20 new flows {count} are dropped by "
            "conntrack (NETFILTER_DROP at nf_hook_slow)")
    x.holds("table full, dropping packet" in x.run("dmesg | tail -5", shown=1),
            "and the log says so")


# ---- P4


def _fragments(x):
    """Cut by the sender, put together by the receiver"""
    names = ("IpFragCreates", "IpFragOKs", "IpReasmReqds", "IpReasmOKs")
    with x.watch(*names) as seen, x.capture("icmp or ip[6:2] & 0x1fff != 0") as frames:
        x.run(f"ping -n -c 1 -s {x.turned(4000, 400)} -W 10 {x.there}", shown=2)
        frames.wait(6)
    moved = [seen[name] for name in names]
    x.holds((moved, len(frames.lines)) == ([3, 1, 3, 1], 6),
            "ping -s 4000: 3 fragments out and 3 in, made of one packet and into one")
    said = x.refused(f"ping -n -c 1 -M do -s 4000 {x.there}")
    x.holds("too long" in said, "with DF (-M do) it is EMSGSIZE, and nothing is sent")
    x.turn("sysctl -w net.ipv4.ipfrag_time=1")
    # the last fragment of each datagram is lost on the way
    _nft(x, "netdev cut", f"type filter hook ingress device {x.nic} priority 0",
         "ip frag-off & 0x2000 == 0 ip frag-off & 0x1fff != 0 drop")
    with x.watch("IpReasmTimeout", "IpReasmFails") as seen, x.drops() as lost:
        _send(x, x.here, 7100, 5, ns=x.peer, size=4000)
        x.wait(lambda: seen["IpReasmTimeout"] == 5, 5)
        x.wait(lambda: seen["IpReasmFails"] >= 5, 5)
    x.run("nft flush table netdev cut")
    x.run("sysctl -w net.ipv4.ipfrag_time=30")
    x.holds((seen["IpReasmTimeout"], lost.count("FRAG_REASM_TIMEOUT")) == (5, 10),
            f"5 datagrams whose last fragment is lost: IpReasmTimeout {seen['IpReasmTimeout']} "
            f"after ipfrag_time, {lost.count('FRAG_REASM_TIMEOUT')} fragments dropped")


def _unreachable(x):
    """Errors that come back as ICMP"""
    sink = x.sink()
    sock = x.socket(x.peer)
    sock.settimeout(5)
    sock.connect((x.here, x.turned(7300, 9)))
    said = "no error"
    with x.watch("UdpNoPorts", "IcmpOutDestUnreachs") as seen:
        sock.send(b"x")
        try:
            sock.recv(1)
        except OSError as err:
            said = errno.errorcode.get(err.errno, said)
    sink.close()
    x.holds((said, seen["UdpNoPorts"], seen["IcmpOutDestUnreachs"]) == ("ECONNREFUSED", 1, 1),
            f"a port without socket: UdpNoPorts {seen['UdpNoPorts']}, port unreachable sent "
            f"{seen['IcmpOutDestUnreachs']}, the connected sender gets {said}")


def _rp_filter(x):
    """Does the way back to the source have to be the way that the packet came?"""
    x.set("ip link add dm type dummy", "ip link del dm")
    x.set("ip address add 10.78.0.1/24 dev dm", "")
    x.set("ip link set dev dm up", "")
    x.set("ip route add 10.77.0.0/24 dev dm", "")
    for source in ("10.77.0.1", "10.99.0.1"):
        x.set(f"ip address add {source}/32 dev lo", f"ip address del {source}/32 dev lo",
              ns=x.peer)
    x.set(f"sysctl -w net.ipv4.conf.{x.nic}.rp_filter=0")
    sink = x.sink(7400)
    for value, want in ((0, (10, 10)), (2, (10, 0)), (1, (0, 0))):
        (x.turn if value else x.set)(f"sysctl -w net.ipv4.conf.all.rp_filter={value}")
        got, filtered, reasons = _from_both(x, sink, 20 - sum(want))
        x.holds((got["10.77.0.1"], got["10.99.0.1"]) == want and
                sum(got.values()) + filtered == 20 and reasons == filtered,
                f"rp_filter {value}: of 10 from a source behind another device "
                f"{got['10.77.0.1']}, of 10 from a source without a route {got['10.99.0.1']}; "
                f"IPReversePathFilter {filtered}")
    sink.close()


def _from_both(x, sink, lost):
    """Datagrams of both sources: who got through, IPReversePathFilter, and reasons IP_RPFILTER"""
    with x.watch("TcpExtIPReversePathFilter") as seen, x.drops() as drops:
        for source in ("10.77.0.1", "10.99.0.1"):
            _send(x, x.here, 7400, 10, ns=x.peer, source=source)
        x.wait(lambda: seen["TcpExtIPReversePathFilter"] >= lost, 3)
        # the last of them may be on its way to the socket
        x.wait(lambda: seen["TcpExtIPReversePathFilter"] > lost, 0.2)
        got = _by_source(sink)
    return got, seen["TcpExtIPReversePathFilter"], drops.count("IP_RPFILTER")


def _by_source(sock):
    """How many datagrams of each source wait in a socket"""
    counts = {"10.77.0.1": 0, "10.99.0.1": 0}
    sock.setblocking(False)
    try:
        while True:
            counts[sock.recvfrom(100)[1][0]] += 1
    except BlockingIOError:
        return counts


def _ttl(x):
    """Each router takes one off"""
    _router(x)
    x.set(f"ip route add 10.5.0.0/24 via {x.here}", "ip route del 10.5.0.0/24", ns=x.peer)
    with x.watch("IpInHdrErrors", "IcmpOutTimeExcds") as seen, x.drops() as lost:
        said = x.attempt(f"ping -n -c 1 -t {x.turned(1, 64)} -W 5 10.5.0.2", ns=x.peer)
    x.holds((bool(said), seen["IpInHdrErrors"], seen["IcmpOutTimeExcds"],
             lost.count("IP_INHDR")) == (True, 1, 1, 1),
            f"TTL 1 through us: InHdrErrors {seen['IpInHdrErrors']}, time exceeded sent "
            f"{seen['IcmpOutTimeExcds']}: a step of traceroute")
    said = x.run("ping -n -c 1 -t 2 -W 5 10.5.0.2", ns=x.peer, shown=5)
    x.holds("ttl=63" in said, "TTL 2 arrives, and the answer has 63 left of 64")


def _neighbours(x):
    """Who waits for an address, and who is lost meanwhile"""
    x.turn(f"sysctl -w net.ipv4.neigh.{x.nic}.unres_qlen_bytes=3000")
    with x.drops() as lost:
        _send(x, "192.0.3.77", 9, 20, size=500)
        x.wait(lambda: "FAILED" in _neighbour(x.nic), 8)
    full, failed = lost.count("NEIGH_QUEUEFULL"), lost.count("NEIGH_FAILED")
    x.holds(full + failed == 20 and 0 < failed < 6,
            f"nobody has the address: of 20 datagrams {full} NEIGH_QUEUEFULL, {failed} waited "
            "and are NEIGH_FAILED")
    for level, value in ((1, 0), (2, 1), (3, 2)):
        x.turn(f"sysctl -w net.ipv4.neigh.default.gc_thresh{level}={value}")
    with x.drops() as lost:
        for host in range(100, 130):
            _send(x, f"192.0.3.{host}", 9, 1)
    count = lost.count("NEIGH_CREATEFAIL")
    x.holds(count >= 20, f"gc_thresh3 2: of 30 new neighbours {count} NEIGH_CREATEFAIL, and "
            "sendto() says nothing")
    x.set(f"ip neigh flush dev {x.nic}", "")


def _neighbour(nic):
    """The entry of the address that nobody has"""
    return os.popen(f"ip neigh show 192.0.3.77 dev {nic}").read()


@row("P4",
     "What does IP itself do to packets: cut, answer, refuse, wait for an address?",
     "A packet is lost when one of its fragments is; what is there of it waits for "
     "ipfrag_time. Errors come back as ICMP to connected sockets. rp_filter 1 drops "
     "what would be answered by another device, 2 only what could not be answered at all; "
     "the larger of all and the device counts. Packets for an unknown address wait in a queue "
     "of unres_qlen_bytes.", tools=("nft",))
def p4_ip(x):
    """Fragments, ICMP errors, rp_filter, TTL, neighbours"""
    _fragments(x)
    _unreachable(x)
    _rp_filter(x)
    _ttl(x)
    _neighbours(x)


# ---- P5


def _as_nobody(ns, kind):
    """May a user without rights make a socket of ICMP there?"""
    if not (pid := os.fork()):
        status = 0
        try:
            os.setgroups([])
            os.setgid(65534)
            with NetNSEnter(ns):
                os.setuid(65534)
                socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP)
        except OSError as err:
            status = err.errno
        os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return errno.errorcode.get(status, "allowed")


def _echo(ident, seq=1):
    """A request of ping"""
    head = struct.pack("!BBHHH", ICMP_ECHO, 0, 0, ident, seq)
    return head[:2] + struct.pack("!H", checksum(head)) + head[4:]


def _sockets(x):
    """Who may send an echo request, and who gets the reply"""
    x.set("sysctl -w net.ipv4.ping_group_range='1 0'", ns=x.peer)
    said = [_as_nobody(x.peer, kind) for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM)]
    x.holds(said == ["EPERM", "EACCES"], f"without rights and ping_group_range '1 0': a raw "
            f"socket {said[0]}, a ping socket {said[1]}")
    x.turn("sysctl -w net.ipv4.ping_group_range='0 65534'", ns=x.peer)
    said = _as_nobody(x.peer, socket.SOCK_DGRAM)
    x.holds(said == "allowed", f"ping_group_range '0 65534': a ping socket {said}")
    x.set("sysctl -w net.ipv4.ping_group_range='0 65534'")
    raw = [x.socket(None, socket.SOCK_RAW, proto=socket.IPPROTO_ICMP) for _ in range(2)]
    ping = [x.socket(None, socket.SOCK_DGRAM, proto=socket.IPPROTO_ICMP) for _ in range(2)]
    for sock in ping:
        sock.bind((x.here, 0))
    ping[0].sendto(_echo(0), (x.there, 0))
    x.wait(lambda: _waits(ping[0]))
    got = [x.drain(sock) for sock in (*raw, *ping)]
    x.holds(got == [1, 1, 1, 0], f"one reply: {got[0]} and {got[1]} to the raw sockets, which "
            f"get a copy each, {got[2]} to the ping socket that asked, {got[3]} to the other")


def _waits(sock):
    """Is there something to read?"""
    try:
        return sock.recv(100, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None


def _answers(x):
    """Who answers, where, and when not"""
    function = f"path_{os.getpid()}/icmp_echo"
    events = "/sys/kernel/tracing/kprobe_events"
    x.set(f'echo "p:{function} icmp_echo" >> {events}', f'echo "-:{function}" >> {events}')
    with x.trace(function.replace("/", ":")) as calls:
        x.run(f"ping -n -q -c 3 -i 0.1 -W 5 {x.there}", shown=2)
    tasks = ", ".join(sorted({call[0] for call in calls}))
    x.holds(len(calls) == 3,
            f"icmp_echo ran {len(calls)} times, in the tasks that were interrupted: {tasks}")
    x.turn("sysctl -w net.ipv4.icmp_echo_ignore_all=1", ns=x.peer)
    with x.watch(f"{x.peer}:IcmpInEchos", f"{x.peer}:IcmpOutEchoReps") as seen:
        ret = x.attempt(f"ping -n -q -c 3 -i 0.1 -W 1 {x.there}")
    moved = seen[f"{x.peer}:IcmpInEchos"], seen[f"{x.peer}:IcmpOutEchoReps"]
    x.holds((ret, *moved) == (1, 3, 0), f"icmp_echo_ignore_all 1: {moved[0]} requests, "
            f"{moved[1]} replies")
    x.run("sysctl -w net.ipv4.icmp_echo_ignore_all=0", ns=x.peer)


def _limited(x):
    """Some kinds of ICMP are sent to a host a few times a second only"""
    replies = []
    for mask in (6168, 6169):
        (x.set if mask == 6168 else x.turn)(f"sysctl -w net.ipv4.icmp_ratemask={mask}", ns=x.peer)
        with x.watch(f"{x.peer}:IcmpInEchos", f"{x.peer}:IcmpOutEchoReps",
                     f"{x.peer}:IcmpOutRateLimitHost") as seen:
            x.attempt(f"ping -n -q -c 30 -i 0.01 -W 1 {x.there}")
        replies.append(seen[f"{x.peer}:IcmpOutEchoReps"])
    limited = seen[f"{x.peer}:IcmpOutRateLimitHost"]
    x.holds(replies[0] == 30 and replies[1] < 25 and replies[1] + limited == 30,
            f"30 quick pings: {replies[0]} replies; with bit 0 (echo reply) in icmp_ratemask "
            f"{replies[1]}, and IcmpOutRateLimitHost {limited}")


@row("P5",
     "How does ping itself work: who may send it, who answers, and when not?",
     "The other kernel answers, in the softirq of the request: a machine whose processes "
     "hang still answers. ping_group_range says who may ping without rights. "
     "icmp_echo_ignore_all makes a machine silent, icmp_ratemask and icmp_ratelimit bound "
     "what it sends: a loss of pings may be a limit. Each raw socket gets a copy of each "
     "reply.")
def p5_ping(x):
    """ping itself: sockets, limits, who answers"""
    _sockets(x)
    _answers(x)
    _limited(x)


# ---- P6


def _captured(x, ns, nic, port):
    """A function that returns the next frame of UDP to a port that a tap there sees"""
    tap = x.socket(ns, socket.SOCK_RAW, socket.AF_PACKET, socket.htons(3))
    tap.bind((nic, 3))
    tap.settimeout(10)

    def frame():
        while True:
            data = tap.recv(65536)
            if data[12:14] == b"\x08\x00" and data[23] == socket.IPPROTO_UDP and \
                    data[36:38] == struct.pack("!H", port):
                return data
    return frame


def _fields(frame):
    """The fields of a frame of UDP over IPv4, by name"""
    dst, src, kind = struct.unpack_from("!6s6sH", frame)
    version, tos, length, ident, off, ttl, proto, _, saddr, daddr = \
        struct.unpack_from("!BBHHHBBH4s4s", frame, 14)
    sport, dport, ulen, ucsum = struct.unpack_from("!HHHH", frame, 34)
    pseudo = pseudo_header(saddr, daddr, proto, ulen)
    return {"to": dst.hex(":"), "from": src.hex(":"), "type": f"{kind:04x}",
            "version": version >> 4, "header": 4 * (version & 15), "DSCP": tos >> 2,
            "ECN": tos & 3, "length": length, "id": ident, "DF": off >> 14 & 1, "TTL": ttl,
            "protocol": proto, "header checksum": not checksum(frame[14:34]),
            "source": socket.inet_ntoa(saddr), "destination": socket.inet_ntoa(daddr),
            "ports": (sport, dport), "UDP length": ulen, "UDP checksum": ucsum,
            "UDP sum right": not checksum(pseudo + frame[34:34 + ulen])}


def _show(x, name, fields):
    x.say(f"    {name}: " + ", ".join(f"{key} {value}" for key, value in fields.items()))


@row("P6",
     "What stands in a frame, and who writes or changes it?",
     "The sender's tap shows the checksum before the card computes it, so it is wrong "
     "there with tx checksumming on, and that is no fault. The frame is padded to "
     "60 bytes on its way. A router takes one from the TTL and writes the header checksum "
     "anew; UDP's is not touched.")
def p6_frame(x):
    """A frame, field by field, at both ends and behind a router"""
    sock = x.socket()
    sock.bind((x.here, 7600))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, x.turned(0xb8, 0))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, x.turned(33, 64))
    here, there = _captured(x, None, x.nic, 7601), _captured(x, x.peer, x.partner, 7601)
    sock.sendto(b"!", (x.there, 7601))
    out, arrived = here(), there()
    sent, got = _fields(out), _fields(arrived)
    _show(x, f"sent, {len(out)} bytes", sent)
    _show(x, f"arrived, {len(arrived)} bytes", got)
    want = {"to": x.cfg.peer.sysfs("address"), "from": x.cfg.dut.sysfs("address"),
            "type": "0800", "version": 4, "header": 20, "DSCP": 46, "ECN": 0, "length": 29,
            "TTL": 33, "protocol": 17, "header checksum": True, "source": x.here,
            "destination": x.there, "ports": (7600, 7601), "UDP length": 9,
            "UDP sum right": True}
    x.holds({key: got[key] for key in want} == want,
            "each field is what the sockets asked for: DSCP 46, TTL 33, 1 byte of payload")
    x.holds((len(out), len(arrived)) == (43, 60),
            f"43 bytes left the stack, {len(arrived)} arrived: padded to the shortest frame")
    x.holds(not sent["UDP sum right"],
            f"the capture at the sender has UDP checksum {sent['UDP checksum']:04x}, the one that "
            f"arrived {got['UDP checksum']:04x}: the card computes it")
    x.turn(f"ethtool -K {x.nic} tx off", f"ethtool -K {x.nic} tx on")
    sock.sendto(b"!", (x.there, 7601))
    sent, got = _fields(here()), _fields(there())
    x.holds(sent["UDP sum right"] and sent["UDP checksum"] == got["UDP checksum"],
            "with tx off it is right in the capture as well")
    _routed(x)


def _routed(x):
    """A frame before and behind a router, which we are"""
    _router(x)
    x.set(f"ip route add 10.5.0.0/24 via {x.here}", "ip route del 10.5.0.0/24", ns=x.peer)
    before, behind = _captured(x, None, x.nic, 7602), _captured(x, "r", "vr0", 7602)
    x.socket(x.peer).sendto(b"routed", ("10.5.0.2", 7602))
    one, two = _fields(before()), _fields(behind())
    x.holds((one["TTL"] - two["TTL"], two["header checksum"]) == (1, True) and
            one["UDP checksum"] == two["UDP checksum"] and one["id"] == two["id"] and
            one["from"] != two["from"],
            f"behind a router: TTL {one['TTL']} -> {two['TTL']}, header checksum right again, "
            f"other MAC addresses, UDP checksum {two['UDP checksum']:04x} as before")


if __name__ == "__main__":
    run_rows(__file__)
