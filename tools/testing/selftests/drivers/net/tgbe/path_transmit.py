#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
Rows X of the packet's path: from the process to the card.
"""

import errno
import hashlib
import os
import re
import socket
import struct
import tempfile
import time
from collections import Counter
from fcntl import ioctl
from pathlib import Path

from lib.py import row, run_rows
from lib.py import defer, wait_until

IP_RECVERR = 11
SO_SNDBUFFORCE = 32
SIOCOUTQ = 0x5411
TCP_INFO = 11
MIB = 1 << 20


def _slow_card(x):
    """A card with one queue that takes two frames at a time and is late to say so"""
    x.set(f"ethtool -L {x.nic} combined 1")
    x.moderation(4000, "tx")
    x.moderation(4000)
    x.set(f"echo 1514 > /sys/class/net/{x.nic}/queues/tx-0/byte_queue_limits/limit_max")


def _root(x, words):
    """
    The root qdisc of our card is this one until the row ends. To be called before the queues
    become fewer, so that it goes when they are back: mq gives the default to the queues in
    use only.
    """
    x.set(f"tc qdisc replace dev {x.nic} root {words}", f"tc qdisc del dev {x.nic} root")


def _flood(x, sink, count=300):
    """
    Datagrams one behind the other, of which none waits for its turn in the socket: how many
    the qdisc has refused
    """
    x.drain(sink)
    sock = x.socket()
    sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 26)
    sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
    errors = Counter()
    with x.watch(f"qdisc.{x.nic}.drops", "IpOutDiscards", "UdpSndbufErrors",
                 f"dev.{x.nic}.tx_drop", f"dev.{x.nic}.tx_packets") as seen, x.drops() as drops:
        for _ in range(count):
            try:
                sock.sendto(bytes(1000), (x.there, 9))
            except OSError as err:
                errors[errno.errorcode[err.errno]] += 1
        _await_empty(x)
    refused = seen["IpOutDiscards"]
    aged = seen[f"qdisc.{x.nic}.drops"] - refused
    x.accounts(count, x.collect(sink, count - refused - aged), refused=refused, aged=aged)
    x.holds(refused == seen["UdpSndbufErrors"] == errors["ENOBUFS"],
            f"{refused}: IpOutDiscards, UdpSndbufErrors, and ENOBUFS for the sender, who "
            "asked for IP_RECVERR")
    x.holds(drops.count("QDISC_DROP") == refused + aged and not seen[f"dev.{x.nic}.tx_drop"],
            "all have the reason QDISC_DROP, and none is a drop of /proc/net/dev")
    return refused, drops.by_qdisc


def _await_empty(x):
    """Until nothing waits in the qdisc"""
    wait_until(lambda: '"backlog":0' in x.quietly(f"tc -s -j qdisc show dev {x.nic}"),
               "the qdisc does not become empty")


@row("X1",
     "Packets are lost before they are sent. Does a larger txqueuelen help?",
     "Only where the qdisc uses it: pfifo_fast follows it at once, pfifo read it when it "
     "was made. fq_codel, the default nearly everywhere, has a limit of its own and never "
     "asks; what it drops has waited too long. `tc -s qdisc show` tells which one there is, "
     "and whether it drops.")
def x1_txqueuelen(x):
    """txqueuelen, and the qdiscs that do not use it"""
    x.set(f"ip link set dev {x.nic} txqueuelen 1000")
    _root(x, "pfifo_fast")
    _slow_card(x)
    sink = x.sink(ns=x.peer)
    large, _ = _flood(x, sink)
    x.turn(f"ip link set dev {x.nic} txqueuelen 10")
    small, by_qdisc = _flood(x, sink)
    x.holds(large == 0 and small > 50,
            f"pfifo_fast refuses {large} of 300 with txqueuelen 1000, and {small} with 10")
    if x.cfg.kernel != "6.12":
        x.holds(by_qdisc["pfifo_fast", "OVERLIMIT"] == small,
                f"the event qdisc:qdisc_drop says pfifo_fast and OVERLIMIT, {small} times")
    _root(x, "fq_codel")
    other, _ = _flood(x, sink)
    x.holds(other == 0, f"fq_codel, txqueuelen 10: {other} refused")
    _root(x, "pfifo")
    x.holds("limit 10p" in x.run(f"tc -s qdisc show dev {x.nic}"),
            "pfifo made with txqueuelen 10 has limit 10p")
    x.turn(f"ip link set dev {x.nic} txqueuelen 1000")
    small, _ = _flood(x, sink)
    x.holds(small > 50, f"and keeps it with txqueuelen 1000: {small} refused")


def _senders(x, number, count):
    """So many processes send so many datagrams each at once"""
    pids = []
    for _ in range(number):
        pid = os.fork()
        if not pid:
            try:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                    sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 26)
                    for _ in range(count):
                        sock.sendto(bytes(1000), (x.there, 9))
            finally:
                os._exit(0)
        pids.append(pid)
    for pid in pids:
        os.waitpid(pid, 0)


def _deferred(x, weight, sink):
    """NET_TX softirqs while three processes send"""
    x.turn(f"sysctl -w net.core.dev_weight={weight}")
    x.drain(sink)
    with x.watch("softirq.NET_TX") as seen:
        _senders(x, 3, 700)
        _await_empty(x)
    x.accounts(2100, x.collect(sink, 2100))
    return sum(seen["softirq.NET_TX"])


def _largest_polls(x, weight):
    """The most packets that a poll of CPU 3's backlog took, and one of the card"""
    x.turn(f"sysctl -w net.core.dev_weight={weight}")
    # a backlog learns of it by a poll, which has the old one still
    x.warm()
    with x.trace("napi:napi_poll") as events, x.watch("softnet.processed") as seen:
        sent = x.burst(1000, cpu=2)
        x.wait(lambda: sum(seen["softnet.processed"]) >= sent)
    most = {"(no_device)": 0, x.nic: 0}
    for _, cpu, _, _, text in events:
        m = re.search(r"for device (\S+) work (\d+) budget", text)
        if m and (cpu == 3 or m[1] == x.nic):
            most[m[1]] = max(most.get(m[1], 0), int(m[2]))
    return most["(no_device)"], most[x.nic]


@row("X3",
     "What is dev_weight the weight of?",
     "Of one run of a qdisc, whoever runs it: the sender sends dev_weight times "
     "dev_weight_tx_bias packets, also those of others, and leaves the rest to the "
     "NET_TX softirq. And of one poll of the backlog, by which RPS, lo and veth receive. "
     "A card's poll has a weight of its own, 64.",
     cpus=4)
def x3_weight(x):
    """The quota of a qdisc run; the rest is NET_TX's"""
    # one that holds all, and drops none for its age
    _root(x, "pfifo limit 3000")
    x.one_queue()
    x.moderation(500, "tx")
    sink = x.sink(ns=x.peer)
    x.set(f"echo 16000 > /sys/class/net/{x.nic}/queues/tx-0/byte_queue_limits/limit_max")
    x.run("grep NET_TX /proc/softirqs")
    small, large = _deferred(x, 1, sink), _deferred(x, 64, sink)
    x.holds(small > 2 * large, f"NET_TX softirqs of 2100 datagrams: {small} with dev_weight 1, "
            f"{large} with 64")
    x.moderation(2000)
    x.sink()
    x.set(f"echo 8 > /sys/class/net/{x.nic}/queues/rx-0/rps_cpus")
    backlog, card = _largest_polls(x, 64)
    x.holds(backlog > 5, f"dev_weight 64: a poll of the backlog took up to {backlog} packets, "
            f"one of the card up to {card}")
    backlog, card = _largest_polls(x, 5)
    x.holds(backlog == 5 and card > 5,
            f"dev_weight 5: a poll of the backlog took up to {backlog}, one of the card {card}")


class Receiver:
    """A process that takes what one TCP connection brings, for its digest"""

    def __init__(self, x, ns, address, port):
        listener = x.socket(ns, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(1)
        self._pipe, end = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            try:
                conn, _ = listener.accept()
                digest = hashlib.sha256()
                while data := conn.recv(1 << 18):
                    digest.update(data)
                os.write(end, digest.digest())
            finally:
                os._exit(0)
        os.close(end)
        listener.close()

    def digest(self):
        """Of all that came, when the sender has ended"""
        digest = os.read(self._pipe, 100)
        os.close(self._pipe)
        os.waitpid(self._pid, 0)
        return digest


def _send_file(x, method, file, want, over_lo=False):
    """Send a file by a method of ../zerocopy.c: calls, completions and those copied"""
    address = x.here if over_lo else x.there
    receiver = Receiver(x, None if over_lo else x.peer, address, 8010)
    out = x.run(f"{x.program('zerocopy')} {method} {address} 8010 {file}")
    x.holds(receiver.digest() == want, "what arrived is the file")
    return [int(n) for n in re.findall(r"\d+", out)[:3]]


@row("X9",
     "A process sends a file. Who copies it, and when is it copied all the same?",
     "send() copies from the process to the kernel, once. sendfile and MSG_ZEROCOPY make "
     "the pages themselves fragments of the packets, and with MSG_ZEROCOPY a completion "
     "says when they may be changed, and whether they were copied in the end: they are "
     "when somebody here takes the packet, a tcpdump or a receiver over lo.")
def x9_zerocopy(x):
    """sendfile and MSG_ZEROCOPY: when a copy is made all the same"""
    data = os.urandom(MIB) * 8
    want = hashlib.sha256(data).digest()
    with tempfile.NamedTemporaryFile(dir="/tmp") as file:
        file.write(data)
        file.flush()
        for method in ("read", "mmap", "sendfile"):
            _, completed, _ = _send_file(x, method, file.name, want)
            x.holds(completed == 0, f"{method} has no completions")
        method = x.turned("zerocopy", "mmap")
        calls, completed, copied = _send_file(x, method, file.name, want)
        x.holds(completed == calls > 0 and copied == 0,
                f"over the card: {calls} calls, {completed} completions, {copied} copied")
        calls, completed, copied = _send_file(x, method, file.name, want, over_lo=True)
        x.holds(completed == calls == copied > 0,
                f"over lo: {calls} calls, {completed} completions, {copied} copied")
        proc = x.start(f"tcpdump -i {x.nic} -s 96 -w /dev/null tcp port 8010")
        wait_until(lambda: x.tapped(x.nic), "tcpdump does not start")
        calls, completed, copied = _send_file(x, method, file.name, want)
        x.holds(completed == calls == copied > 0,
                f"with a tcpdump: {calls} calls, {completed} completions, {copied} copied")
        x.end(proc)


def _connect(x, port):
    """A TCP connection to the partner: our end, and the partner's, which reads nothing"""
    listener = x.socket(x.peer, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((x.there, port))
    listener.listen(1)
    sender = x.socket(kind=socket.SOCK_STREAM)
    sender.connect((x.there, port))
    reader, _ = listener.accept()
    defer(reader.close)
    listener.close()
    return sender, reader


def _until_full(sock, data):
    """Send until the socket takes no more for a second; how often it took some, and how
    many bytes"""
    sock.setblocking(False)
    times, total, last = 0, 0, time.monotonic()
    while time.monotonic() < last + 1:
        try:
            total += sock.send(data)
            times += 1
            last = time.monotonic()
        except BlockingIOError:
            if sock.type == socket.SOCK_DGRAM:
                break
            time.sleep(0.02)
    return times, total


def _tcp_takes(x, most, port):
    """Bytes taken from a process whose partner does not read"""
    x.turn(f'sysctl -w net.ipv4.tcp_wmem="4096 4096 {most}"')
    sender, reader = _connect(x, port)
    _, total = _until_full(sender, bytes(65536))
    x.run(f"ss -tmin dport = :{port}")
    sender.close()
    reader.close()
    return total


def _udp_takes(x, default):
    """Datagrams of 1000 bytes that are taken from a process, whose way is 1 Mbit/s"""
    x.turn(f"sysctl -w net.core.wmem_default={default}")
    sock = x.socket()
    sock.connect((x.there, 9))
    with x.watch("UdpSndbufErrors") as seen:
        times, _ = _until_full(sock, bytes(1000))
    x.holds(seen["UdpSndbufErrors"] == 1, "UdpSndbufErrors counts the one that was refused")
    sock.close()
    _await_empty(x)
    return times


def _send_size(x, ask=None):
    """The send buffer of a new UDP socket, after asking for a size"""
    sock = x.socket()
    if ask:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ask)
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)


@row("X10",
     "How much may a process hand over before it has to wait?",
     "As much as its socket's send buffer holds. SO_SNDBUF is doubled and bounded by "
     "wmem_max; wmem_default is not bounded by it. TCP grows its buffer up to tcp_wmem[2]. "
     "For UDP the buffer is what waits in qdisc and ring, so only a slow way ever fills it.")
def x10_sndbuf(x):
    """How much a sender may hand over"""
    x.turn("sysctl -w net.core.wmem_max=300000")
    sizes = [_send_size(x, ask) for ask in (1, 100000, 50 << 20)]
    x.holds(sizes[1:] == [200000, 600000] and sizes[0] < 8192,
            f"SO_SNDBUF 1, 100000 and 50 MB, with wmem_max 300000, are {sizes}")
    x.turn("sysctl -w net.core.wmem_default=8388608")
    x.holds(_send_size(x) == 8388608,
            f"with wmem_default 8388608 a new UDP socket has {_send_size(x)}: more than wmem_max")
    x.set('sysctl -w net.ipv4.tcp_rmem="4096 8192 8192"', ns=x.peer)
    small, large = _tcp_takes(x, 8192, 8021), _tcp_takes(x, 4 << 20, 8022)
    x.holds(large > 2 * small, f"TCP, and the partner does not read: {small} bytes are taken "
            f"with tcp_wmem[2] 8192, {large} with 4 MB")
    x.sink(ns=x.peer)
    _root(x, "handle 1: htb default 1")
    x.set(f"tc class add dev {x.nic} parent 1: classid 1:1 htb rate 1mbit burst 2k", "")
    small, large = _udp_takes(x, 4608), _udp_takes(x, 212992)
    x.holds(large > 5 * small, f"UDP behind 1 Mbit/s: {small} datagrams are taken with "
            f"wmem_default 4608, {large} with 212992")


class TcpInfo:
    """What a connection says of itself"""

    def __init__(self, sock):
        raw = sock.getsockopt(socket.IPPROTO_TCP, TCP_INFO, 256)
        self.unacked, = struct.unpack_from("I", raw, 24)
        self.data_segs_out, = struct.unpack_from("I", raw, 156)


def _most_unacked(sock, seconds=0.25):
    """The most segments that are out before the first answer can come"""
    most, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        most = max(most, TcpInfo(sock).unacked)
        time.sleep(0.01)
    return most


def _send_queue(sock):
    """Bytes that the socket holds: not sent, or not acknowledged"""
    return struct.unpack("i", ioctl(sock.fileno(), SIOCOUTQ, bytes(4)))[0]


def _ten_writes(x, port, option=None):
    """
    Ten writes of ten bytes, before an answer can come: the socket, segments sent, clones
    made, and bytes held
    """
    sender, _ = _connect(x, port)
    if option:
        sender.setsockopt(socket.IPPROTO_TCP, option, 1)
    me = Path("/proc/self/comm").read_text("ascii").strip()
    with x.trace("kprobes:path_clone") as events:
        for _ in range(10):
            sender.send(b"0123456789")
            # so that the card is done with it
            time.sleep(0.005)
        segments, held = TcpInfo(sender).data_segs_out, _send_queue(sender)
        x.wait(lambda: not _in_flight(x), 0.2)
        x.say(f"    bytes that the card is not done with: {_in_flight(x)}; Send-Q: "
              f"{_send_queue(sender)}")
    return sender, segments, sum(task == me for task, *_ in events), held


def _in_flight(x):
    """What BQL knows of the card's queues"""
    path = Path(f"/sys/class/net/{x.nic}/queues")
    return sum(int(file.read_text("ascii")) for file in
               path.glob("tx-*/byte_queue_limits/inflight"))


@row("X13",
     "send() has returned. When does TCP send, and who holds the data until then?",
     "TCP sends what the partner's window and its own cwnd allow, and with Nagle's rule no "
     "second small segment before the first is acknowledged: TCP_NODELAY ends that, "
     "TCP_CORK holds even the first back. What is sent is a clone; the data stays in the "
     "socket until the ACK, long after the card is done with it: Send-Q of ss.")
def x13_hold(x):
    """When TCP sends, and who holds the data until the ACK"""
    x.set("sysctl -w net.ipv4.tcp_autocorking=0")
    x.set("sysctl -w net.ipv4.tcp_no_metrics_save=1")
    probes = "/sys/kernel/tracing/kprobe_events"
    x.set(f"echo p:path_clone skb_clone >> {probes}", f"echo -:path_clone >> {probes}")
    x.say("The partner's answers take 500 ms:")
    x.set(f"tc qdisc replace dev {x.partner} root netem delay 500ms",
          f"tc qdisc del dev {x.partner} root", ns=x.peer)
    sender, segments, clones, held = _ten_writes(x, 8031)
    x.holds((segments, clones, held) == (1, 1, 100),
            f"ten writes: {segments} segment, {clones} clone, and {held} bytes held")
    x.run("ss -tin dport = :8031")
    drained = x.wait(lambda: _send_queue(sender) == 0)
    x.holds(drained and TcpInfo(sender).data_segs_out == 2,
            "the first ACK lets the rest go, in one segment, and its ACK empties Send-Q")
    nodelay = x.turned(socket.TCP_NODELAY, None)
    _, segments, clones, held = _ten_writes(x, 8032, nodelay)
    x.holds(segments > 5 and (clones, held) == (segments, 100),
            f"TCP_NODELAY: {segments} segments, {clones} clones, {held} bytes held")
    sender, segments, clones, held = _ten_writes(x, 8033, x.turned(socket.TCP_CORK, None))
    x.holds((segments, clones, held) == (0, 0, 100),
            f"TCP_CORK: {segments} segments, {clones} clones, {held} bytes held")
    x.run(f"cat /sys/class/net/{x.nic}/queues/tx-0/byte_queue_limits/inflight")
    sender, _ = _connect(x, 8034)
    sender.send(bytes(100000))
    first = _most_unacked(sender)
    x.turn(f"ip route add {x.there}/32 dev {x.nic} initcwnd 4",
           f"ip route del {x.there}/32 dev {x.nic}")
    sender, _ = _connect(x, 8035)
    sender.send(bytes(100000))
    second = _most_unacked(sender)
    x.holds((first, second) == (10, 4), f"100000 bytes: {first} segments are out before the "
            f"first ACK, and {second} with initcwnd 4")


if __name__ == "__main__":
    run_rows(__file__)
