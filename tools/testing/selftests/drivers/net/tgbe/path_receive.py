#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
Rows R of the packet's path: from the interrupt to the socket.
"""

import os
import re
import socket
import struct
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from lib.py import row, run_rows
from lib.py import defer, wait_until

FRAMES = 3000
MANY_FLOWS = (1000, 5000)
SO_BUSY_POLL = 46


def _affinities(x):
    """The CPUs of the queues' interrupts, as irqbalance and the user have set them"""
    return [Path(f"/proc/irq/{irq}/smp_affinity_list").read_text("ascii").strip()
            for irq in x.interrupts()]


def _restore(files):
    for path, was in files.items():
        try:
            path.write_text(was, encoding="ascii")
        except OSError:
            # some interrupts cannot be moved, and were not
            pass


def _keep_all_affinities():
    """irqbalance moves the interrupts of everybody"""
    files = {path: path.read_text("ascii") for path in
             Path("/proc/irq").glob("[0-9]*/smp_affinity_list")}
    defer(_restore, files)


def _balance(x, words=""):
    """What irqbalance makes of interrupts that all go to CPU 3 and come often"""
    for irq in x.interrupts():
        x.run(f"echo 3 > /proc/irq/{irq}/smp_affinity_list")
    # it compares two looks, ten seconds apart
    proc = x.start(f"irqbalance --foreground --oneshot {words}".strip())
    while proc.poll() is None:
        x.burst(1000, gap_us=1000, sports=MANY_FLOWS)
    now = _affinities(x)
    x.say(f"    the queues' interrupts went to CPU 3, and go to {', '.join(now)} now")
    return now


@row("R5",
     "Which CPU does the work of receiving, and who decides that?",
     "The softirq runs on the CPU that was interrupted: /proc/irq/N/smp_affinity_list "
     "moves both. The driver keeps what is written there over -G, -L, down and up. "
     "irqbalance does not, unless it is told to leave the interrupt alone: --banirq.",
     cpus=4, tools=("irqbalance",))
def r5_affinity(x):
    """The softirq runs where the interrupt goes; irqbalance moves it"""
    _keep_all_affinities()
    x.moderation(0)
    x.sink()
    for end in (x.partner, x.nic):
        for irq in x.interrupts(end):
            x.set(f"echo 0 > /proc/irq/{irq}/smp_affinity_list")
    x.say("The partner's card, in the same machine, interrupts CPU 0 all the time.")
    for cpu in (2, 3):
        for irq in x.interrupts():
            x.turn(f"echo {cpu} > /proc/irq/{irq}/smp_affinity_list")
        x.warm()
        with x.watch(f"irq.{x.nic}-TxRx-*", "softirq.NET_RX") as seen:
            x.burst(300, gap_us=1000, sports=MANY_FLOWS, cpu=0)
        irqs, softirqs = seen[f"irq.{x.nic}-TxRx-*"], seen["softirq.NET_RX"]
        x.holds(irqs[cpu] > 0.9 * sum(irqs),
                f"CPU {cpu} took {irqs[cpu]} of {sum(irqs)} interrupts")
        x.holds(softirqs[cpu] > 0.8 * sum(softirqs[1:]),
                f"it ran {softirqs[cpu]} of the {sum(softirqs[1:])} NET_RX softirqs that "
                "are not the partner's")
    for command in (f"ethtool -G {x.nic} rx 1024", f"ethtool -L {x.nic} combined 2",
                    f"ethtool -L {x.nic} combined 4"):
        x.set(command)
    x.run(f"ip link set dev {x.nic} down")
    x.run(f"ip link set dev {x.nic} up")
    x.run("grep NET_RX /proc/softirqs")
    x.run(f"cat /proc/irq/{x.interrupts()[0]}/smp_affinity_list")
    x.holds(set(_affinities(x)) == {"3"},
            f"after -G, -L, down and up they still go to CPU {set(_affinities(x))}")
    wait_until(x.cfg.dut.carrier, "no carrier")
    x.holds(set(_balance(x)) != {"3"}, "irqbalance has moved some")
    ban = " ".join(f"--banirq={irq}" for irq in x.interrupts())
    x.holds(set(_balance(x, x.turned(ban, ""))) == {"3"}, f"with {ban} it has moved none")


def _spread(x, sock, mask, backlog):
    """Turn rps_cpus and the limit of the backlog; what became of a burst of many flows"""
    x.drain(sock)
    x.turn(f"echo {mask} > /sys/class/net/{x.nic}/queues/rx-0/rps_cpus")
    x.turn(f"sysctl -w net.core.netdev_max_backlog={backlog}")
    with x.drops() as drops, \
            x.watch("softnet.processed", "softnet.received_rps", "softnet.dropped",
                    f"dev.{x.nic}.rx_drop", f"dev.{x.nic}.rx_fifo") as seen:
        sent = x.burst(FRAMES, sports=MANY_FLOWS)
        x.wait(lambda: sum(seen["softnet.processed"]) + sum(seen["softnet.dropped"]) +
               seen[f"dev.{x.nic}.rx_fifo"] >= sent)
    ring, backlog = seen[f"dev.{x.nic}.rx_fifo"], sum(seen["softnet.dropped"])
    x.accounts(sent, x.collect(sock, sent - ring - backlog), ring=ring, backlog=backlog)
    return seen, drops.count("CPU_BACKLOG", "enqueue_to_backlog")


@row("R8",
     "One queue, so one CPU is interrupted. Can others do the stack's work?",
     "rps_cpus spreads the flows of a queue over the CPUs of its mask, by an interrupt "
     "from CPU to CPU. What waits for them is the backlog, netdev_max_backlog packets a "
     "CPU; what finds it full is lost. softnet_stat counts that as dropped, and so does "
     "the interface's drop: neither the ring nor the socket has seen it.",
     cpus=4)
def r8_rps(x):
    """RPS spreads one queue's packets, and its backlog can overflow"""
    x.one_queue()
    sock = x.sink()
    x.run(f"cat /sys/class/net/{x.nic}/queues/rx-0/rps_cpus")
    x.run("cat /proc/net/softnet_stat")
    alone, _ = _spread(x, sock, "0", 4000)
    alone = alone["softnet.processed"]
    x.holds(alone[0] > 0.9 * sum(alone),
            f"rps_cpus 0: CPU 0, which is interrupted, handed {alone[0]} of {sum(alone)} "
            "packets to the stack")
    seen, lost = _spread(x, sock, "6", 4000)
    shared, asked = seen["softnet.processed"], seen["softnet.received_rps"]
    x.holds(min(shared[1:3]) > FRAMES / 4 and shared[0] + shared[3] < FRAMES / 10,
            f"rps_cpus 6 (CPUs 1 and 2): {shared[1]} and {shared[2]}, the others "
            f"{shared[0]} and {shared[3]}")
    x.holds(min(asked[1:3]) > 0 and sum(asked) < sum(shared) / 2,
            f"they were woken by {asked[1]} and {asked[2]} interrupts, not by one for each "
            "packet")
    x.holds(lost == 0, "a backlog of 4000 lost none")
    seen, lost = _spread(x, sock, "2", 10)
    x.holds(lost > FRAMES / 10, f"a backlog of 10 lost {lost}, by the reason CPU_BACKLOG")
    x.holds(lost == sum(seen["softnet.dropped"]) == seen[f"dev.{x.nic}.rx_drop"],
            "softnet_stat counts just these as dropped, and /proc/net/dev as drop")


class Flow:
    """One UDP flow from the partner, and a reader on a CPU of its own"""
    PORTS = (5000, 7000)    # of the partner, and here
    DATAGRAMS = 100

    def __init__(self, x, cpu, connected):
        self._x = x
        self._sock = x.sink(self.PORTS[1])
        if connected:
            self._sock.connect((x.there, self.PORTS[0]))
        self._tx = x.socket(x.peer)
        self._tx.bind((x.there, self.PORTS[0]))
        self._tx.connect((x.here, self.PORTS[1]))
        # the reader answers each datagram, over a pipe, when it has read it
        self._done, done = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            os.sched_setaffinity(0, {cpu})
            while True:
                os.write(done, self._sock.recv(100)[:1])
        os.close(done)

    def send(self, count):
        """Send so many, each when the one before has been read"""
        for _ in range(count):
            self._tx.send(b"x")
            os.read(self._done, 1)

    def end(self):
        """The reader ends"""
        os.kill(self._pid, 9)
        os.waitpid(self._pid, 0)
        os.close(self._done)
        self._sock.close()
        self._tx.close()


def _at_home(x, what, connected=True):
    """Of the packets of a flow, those that the stack had on the CPU of their reader, for
    a reader on CPU 1, 2 and 3"""
    there = []
    for cpu in (1, 2, 3):
        flow = Flow(x, cpu, connected)
        try:
            # the first ones go where the hash says
            flow.send(20)
            before = x.counter("softnet.processed")
            flow.send(flow.DATAGRAMS)
            after = x.counter("softnet.processed")
        finally:
            flow.end()
        moved = [new - old for old, new in zip(before, after)]
        x.say(f"    {what}, reader on CPU {cpu}: by CPU {' '.join(map(str, moved))}")
        there.append(moved[cpu])
    return there


@row("R9",
     "RPS chooses the CPU of a packet by its hash, and the reader is elsewhere. Can the "
     "packet go to the reader?",
     "RFS remembers on which CPU a flow was last read, and takes its packets there. It "
     "needs both tables, not RPS, and it learns from connected sockets only: a UDP "
     "server that never calls connect() gains nothing.",
     cpus=4)
def r9_rfs(x):
    """RFS takes packets to the CPU of their reader"""
    x.one_queue()
    x.moderation(0)
    queue = f"/sys/class/net/{x.nic}/queues/rx-0"
    most = 0.9 * Flow.DATAGRAMS
    x.set(f"echo e > {queue}/rps_cpus")
    x.run("sysctl net.core.rps_sock_flow_entries")
    there = _at_home(x, "RPS alone")
    x.holds(sum(n > most for n in there) <= 1,
            f"RPS alone: the hash's CPU is the reader's at most once: {there}")
    x.turn("sysctl -w net.core.rps_sock_flow_entries=5000")
    x.turn(f"echo 5000 > {queue}/rps_flow_cnt")
    sizes = [x.sysctl("net.core.rps_sock_flow_entries"), x.run(f"cat {queue}/rps_flow_cnt")]
    x.holds([int(size) for size in sizes] == [8192, 8192],
            "both tables have been made 8192 of 5000: a power of two")
    there = _at_home(x, "RPS and RFS")
    x.holds(min(there) > most, f"RFS: on the reader's CPU {there} of {Flow.DATAGRAMS}")
    there = _at_home(x, "not connected", connected=False)
    x.holds(sum(n > most for n in there) <= 1, f"a socket that is not connected: {there}")
    x.set(f"echo 0 > {queue}/rps_cpus")
    there = _at_home(x, "RFS without RPS")
    x.holds(min(there) > most, f"with rps_cpus 0 RFS works as well: {there}")


def _squeezed(x, sock, budget, usecs):
    """Squeezes in a burst with these limits"""
    x.drain(sock)
    x.turn(f"sysctl -w net.core.netdev_budget={budget}")
    x.turn(f"sysctl -w net.core.netdev_budget_usecs={usecs}")
    with x.watch("softnet.time_squeeze", "softnet.processed",
                 f"dev.{x.nic}.rx_fifo") as seen:
        sent = x.burst(FRAMES)
        x.wait(lambda: sum(seen["softnet.processed"]) + seen[f"dev.{x.nic}.rx_fifo"] >= sent)
    ring = seen[f"dev.{x.nic}.rx_fifo"]
    x.accounts(sent, x.collect(sock, sent - ring), ring=ring)
    return sum(seen["softnet.time_squeeze"])


@row("R13",
     "time_squeeze rises. Is netdev_budget too small?",
     "A softirq ends when it has taken netdev_budget packets or netdev_budget_usecs, and "
     "counts a squeeze, even if nothing is left to do. The rest comes with the next one: "
     "a squeeze loses nothing. Ask for rx_fifo_errors beside it before turning anything, "
     "and turn both: a larger budget alone does not help where the time was up.",
     cpus=4)
def r13_budget(x):
    """netdev_budget: when a softirq gives up, and time_squeeze counts"""
    x.one_queue(1)
    x.moderation(500)
    x.run("cat /proc/net/softnet_stat")
    sock = x.sink()
    small = _squeezed(x, sock, 8, 200000)
    large = _squeezed(x, sock, 100000, 200000)
    x.holds(small > 10, f"a budget of 8: {small} squeezes")
    x.holds(large == 0, f"a budget of 100000, and 200 ms: {large} squeezes")
    short = _squeezed(x, sock, 100000, 8000)
    x.say(f"A budget of 100000, and 8 ms: {short} squeezes, more the slower the machine is.")
    x.refused("sysctl -w net.core.netdev_budget_usecs=1")
    x.say("It has to be two jiffies at least.")
    x.turn("sysctl -w net.core.netdev_budget=1")
    x.turn("sysctl -w net.core.netdev_budget_usecs=200000")
    x.drain(sock)
    sock.settimeout(20)
    tx = x.socket(x.peer)
    with x.watch("softnet.time_squeeze") as seen:
        for _ in range(50):
            tx.sendto(b"x", (x.here, 9))
            sock.recv(10)
    lonely = sum(seen["softnet.time_squeeze"])
    x.holds(lonely >= 50, f"a budget of 1: 50 packets, each alone, are {lonely} squeezes")


def _sizes(x, kind=socket.SOCK_DGRAM, ask=None):
    """The receive buffer of a new socket, after asking for a size"""
    sock = x.socket(kind=kind)
    if ask:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ask)
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)


def _unread(x, default):
    """A burst to a socket with the default buffer, which nobody reads: those that are kept
    and those that are lost"""
    x.turn(f"sysctl -w net.core.rmem_default={default}")
    sock = x.socket()
    sock.bind((x.here, 9))
    with x.watch("UdpRcvbufErrors", "UdpInErrors", "UdpInDatagrams",
                 "softnet.processed") as seen, x.drops() as drops:
        sent = x.burst(500)
        x.wait(lambda: sum(seen["softnet.processed"]) >= sent)
    lost, unread = seen["UdpRcvbufErrors"], seen["UdpInDatagrams"]
    drops_of_socket = re.search(r"\bd(\d+)\)", x.run("ss -uamn sport = :9"))
    kept = x.drain(sock)
    sock.close()
    x.accounts(sent, kept, RcvbufErrors=lost)
    x.holds(lost == seen["UdpInErrors"] == drops.count("SOCKET_RCVBUFF") ==
            int(drops_of_socket[1]),
            f"UdpRcvbufErrors, UdpInErrors, the reason SOCKET_RCVBUFF and the d of ss: {lost}")
    x.holds(unread == 0, "UdpInDatagrams counts none before they are read")
    return kept


def _fill(sender):
    """Hand over what is taken while nobody reads; how many bytes that was"""
    sender.setblocking(False)
    total, last = 0, time.monotonic()
    while time.monotonic() < last + 1:
        try:
            total += sender.send(bytes(65536))
            last = time.monotonic()
        except BlockingIOError:
            time.sleep(0.02)
    return total


def _window(x, default, most):
    """TCP, and nobody reads: bytes handed over by the partner, and then all of them read"""
    x.turn(f'sysctl -w net.ipv4.tcp_rmem="4096 {default} {most}"')
    listener = x.socket(kind=socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((x.here, 8001))
    listener.listen(1)
    sender = x.socket(x.peer, kind=socket.SOCK_STREAM)
    sender.connect((x.here, 8001))
    reader, _ = listener.accept()
    with x.watch("TcpExtTCPToZeroWindowAdv", "TcpExtTCPRcvQDrop") as seen:
        handed = _fill(sender)
        x.run("ss -tmn sport = :8001")
    sender.close()
    got = 0
    while data := reader.recv(1 << 20):
        got += len(data)
    reader.close()
    listener.close()
    x.holds(got == handed, f"{handed} bytes were taken from the sender, and {got} are read")
    x.holds(seen["TcpExtTCPToZeroWindowAdv"] > 0, "the window was closed")
    return handed


@row("R17",
     "The process does not read as fast as packets come. What becomes of them?",
     "UDP loses what its socket's buffer does not hold, and says so four times; TCP loses "
     "nothing, for its window closes and the sender waits. SO_RCVBUF is doubled, and "
     "bounded by rmem_max; what nobody asked for is rmem_default for UDP, and for TCP "
     "tcp_rmem, whose maximum rmem_max does not bound.",
     cpus=4)
def r17_rcvbuf(x):
    """Socket buffers: who is lost, and who is slowed down"""
    x.one_queue()
    x.turn("sysctl -w net.core.rmem_max=300000")
    sizes = [_sizes(x, ask=ask) for ask in (1, 4096, 100000, 50 << 20)]
    x.holds(sizes[1:] == [8192, 200000, 600000] and sizes[0] < 4096,
            f"SO_RCVBUF 1, 4096, 100000 and 50 MB, with rmem_max 300000, are {sizes}")
    small, large = _unread(x, 4608), _unread(x, 600000)
    x.holds(small < 20 and large > 20 * small,
            f"of 500 datagrams a buffer of 4608 keeps {small}, one of 600000 {large}")
    x.set("sysctl -w net.ipv4.tcp_moderate_rcvbuf=0")
    x.turn('sysctl -w net.ipv4.tcp_rmem="4096 150000 6291456"')
    udp, tcp = _sizes(x), _sizes(x, socket.SOCK_STREAM)
    x.holds((udp, tcp) == (600000, 150000),
            f"with rmem_default 600000, tcp_rmem[1] 150000 and tcp_moderate_rcvbuf 0 a new "
            f"UDP socket has {udp}, one of TCP {tcp}")
    x.set("sysctl -w net.ipv4.tcp_moderate_rcvbuf=1")
    small, large = _window(x, 16384, 16384), _window(x, 131072, 6291456)
    x.holds(large > 2 * small,
            f"nobody reads: with tcp_rmem 4096 16384 16384 the sender gets rid of {small} "
            f"bytes, with 4096 131072 6291456 of {large}")


@contextmanager
def _polls(x, what):
    """Who ran the polls of our card meanwhile: {(task, its budget): how many}"""
    found = Counter()
    with x.trace("napi:napi_poll") as events:
        yield found
    for task, _, _, _, text in events:
        if m := re.search(rf"for device {x.nic} work \d+ budget (\d+)", text):
            name = re.sub(r"/\d+$", "", task)
            found["napi thread" if name.startswith("napi/") else name, int(m[1])] += 1
    for (task, budget), count in found.most_common():
        x.say(f"    {what}: {count:5} polls by {task}, with a budget of {budget}")


def _share(found, task):
    """The part of the polls that is a task's"""
    return sum(n for (name, _), n in found.items() if name == task) / sum(found.values())


def _one_by_one(x, what, busy=0):
    """
    Who ran the polls while a reader got datagrams, each after the one before; it polls the
    card itself for so many microseconds
    """
    sock = x.sink()
    if busy:
        sock.setsockopt(socket.SOL_SOCKET, SO_BUSY_POLL, busy)
    # not settimeout(), which would have Python wait in poll()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 20, 0))
    tx = x.socket(x.peer)
    with _polls(x, what) as found:
        for _ in range(30):
            tx.sendto(b"x", (x.here, 9))
            sock.recv(10)
    sock.close()
    return found


def _own(found):
    """Polls by a reader: the kernel gives those a small budget"""
    return sum(n for (_, budget), n in found.items() if budget == 8)


@row("R19",
     "Who runs the softirq that receives?",
     "Whoever was interrupted, at the interrupt's end: the idle task when it is calm, any "
     "process otherwise, and it is the process that pays. What is left after that is "
     "ksoftirqd's, so its share rises with the load. With `threaded` each poll has a "
     "kernel thread, which can be pinned and given a priority; a busy poller polls itself.",
     cpus=4)
def r19_who(x):
    """Who runs NET_RX: interrupt's end, ksoftirqd, a NAPI thread, a busy poller"""
    x.one_queue()
    x.moderation(0)
    calm = _one_by_one(x, "one by one")
    x.turn("sysctl -w net.core.netdev_budget=8")
    with _polls(x, "flood") as flood:
        x.burst(FRAMES, cpu=2)
    x.holds(_share(flood, "ksoftirqd") > _share(calm, "ksoftirqd"),
            f"ksoftirqd ran {_share(calm, 'ksoftirqd'):.0%} of the calm polls, and "
            f"{_share(flood, 'ksoftirqd'):.0%} of those in a flood with netdev_budget 8")
    x.turn(f"echo 1 > /sys/class/net/{x.nic}/threaded")
    x.run(f"ps -e -o pid,ni,comm | grep napi/{x.nic} || true")
    with _polls(x, "threaded") as threaded:
        x.burst(FRAMES, cpu=2)
    x.holds(_share(threaded, "napi thread") == 1 and not _share(calm, "napi thread"),
            "with threaded all polls are those of the NAPI thread, without none")
    x.turn(f"echo 0 > /sys/class/net/{x.nic}/threaded")
    # an interrupt that is late, so that the reader is first
    x.moderation(2000)
    busy = _one_by_one(x, "SO_BUSY_POLL", x.turned(100000, 0))
    x.holds(_own(calm) == 0 and _own(busy) > 0,
            f"busy polling: the reader polled {_own(busy)} times itself, and {_own(calm)} times "
            "without SO_BUSY_POLL")


if __name__ == "__main__":
    run_rows(__file__)
