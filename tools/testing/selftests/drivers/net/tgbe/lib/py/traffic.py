# SPDX-License-Identifier: GPL-2.0

"""
Payload: counted UDP flows, and TCP copies with a digest taken at both ends.
"""

import hashlib
import multiprocessing
import os
import random
import select
import socket
import struct
import threading
import time
from collections import namedtuple
from pathlib import Path

from net.lib.py import cmd, KsftFailEx, KsftSkipEx

from .cards import in_netns, wait_until, DEBUG_KERNEL

SO_SNDBUFFORCE = 32
SO_RCVBUFFORCE = 33

FAMILY = {"4": socket.AF_INET, "6": socket.AF_INET6}

# Forked, so that a flow keeps its pace whatever the test does meanwhile
_FORK = multiprocessing.get_context("fork")


class UdpPair:
    """A UDP socket on each end, the sending one connected to the other"""

    def __init__(self, src, dst, ipver):
        self.rx = dst.socket(FAMILY[ipver], socket.SOCK_DGRAM)
        self.rx.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
        self.rx.bind((dst.addr_v[ipver], 0))
        self.rx.settimeout(20)
        self.dest = self.rx.getsockname()
        self.tx = src.socket(FAMILY[ipver], socket.SOCK_DGRAM)
        self.tx.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 22)

    def send(self, data):
        """Send one datagram. Not connected: the route may come and go"""
        self.tx.sendto(data, self.dest)

    def close(self):
        """Close both sockets"""
        self.rx.close()
        self.tx.close()


def queue_of_cpu(pair, src, cpu):
    """Send over @src from this CPU from now on; the queue its packets take"""
    os.sched_setaffinity(0, {cpu})
    before = src.per_queue("tx", "packets")
    for _ in range(50):
        pair.send(bytes(100))
        pair.rx.recv(200)
    after = src.per_queue("tx", "packets")
    return max(after, key=lambda queue: after[queue] - before[queue])


UdpTally = namedtuple("UdpTally", ["sent", "got", "lost", "doubled", "spoilt"])


class UdpFlow:
    """
    A steady flow of numbered datagrams between two ends, for use in "with".

    Every number that was handed to sendto() counts as sent, also if sendto()
    failed, and every number that did not come out of the receiving socket
    counts as lost, so a drop anywhere on the way shows. Several sockets of
    both IP versions take turns, so that the flow reaches more than one queue.

    No more than a window are on their way, which the rings of most tests hold: a CPU of
    the emulated machine that is away for a while is not to be taken for a driver that
    loses packets. A socket of which nothing comes holds the others back, for their queue
    may be the one that has to wait; not for long, since what was lost does not come.
    """
    HEAD = struct.Struct("!Q")
    WINDOW, PATIENCE = 100, 0.3
    # What was to be sent during an involuntary pause comes in no larger bursts
    BURST = 32

    def __init__(self, src, dst, pps=1250, size=200, ipvers="4466"):
        self._pairs = [UdpPair(src, dst, v) for v in ipvers]
        self._pps = pps
        self._body = os.urandom(2 * size)
        self._size = size - self.HEAD.size
        self._sent, self._got, self._doubled, self._spoilt = \
            (_FORK.Value("Q", 0, lock=False) for _ in range(4))
        # that arrived, of each pair
        self._newest = _FORK.Array("Q", len(self._pairs), lock=False)
        self._quit = [_FORK.Event(), _FORK.Event()]
        # Polled: setting an event would wait for a sender that has lost its CPU
        self._hold = _FORK.Value("b", 0, lock=False)
        self._procs = [_FORK.Process(target=f, daemon=True)
                       for f in (self._send_loop, self._recv_loop)]
        self.seconds = 0
        self.tally = None

    def _datagram(self, seq):
        start = seq % self._size
        return self.HEAD.pack(seq) + self._body[start:start + self._size]

    def _await_window(self, seq):
        """The number that the next burst ends before"""
        end = time.monotonic() + self.PATIENCE
        while (room := min(self._newest) + self.WINDOW) <= seq:
            if time.monotonic() > end:
                return seq + self.BURST
            time.sleep(1 / self._pps)
        return min(room, seq + self.BURST)

    def _send_loop(self):
        seq = 0
        for pair in self._pairs:
            # A full send buffer must not make the flow wait, but count as loss
            pair.tx.setblocking(False)
        start = time.monotonic()
        while not self._quit[0].is_set():
            most = self._await_window(seq)
            due = int((time.monotonic() - start) * self._pps)
            start += max(0, due - seq - self.BURST) / self._pps
            for seq in range(seq, min(due, most)):
                try:
                    self._pairs[seq % len(self._pairs)].send(self._datagram(seq))
                except OSError:
                    pass
                self._sent.value = seq + 1
            seq = self._sent.value
            time.sleep(1 / self._pps)
            while self._hold.value:
                time.sleep(0.01)

    def _recv_loop(self):
        seen = bytearray()
        poll = select.poll()
        socks = {}
        for pair in self._pairs:
            pair.rx.setblocking(False)
            poll.register(pair.rx, select.POLLIN)
            socks[pair.rx.fileno()] = pair.rx
        while not self._quit[1].is_set():
            for fd, _ in poll.poll(50):
                self._drain(socks[fd], seen)

    def _drain(self, sock, seen):
        while True:
            try:
                data = sock.recv(65536)
            except BlockingIOError:
                return
            seq, = self.HEAD.unpack_from(data)
            if data != self._datagram(seq):
                self._spoilt.value += 1
                continue
            pair = seq % len(self._newest)
            self._newest[pair] = max(self._newest[pair], seq)
            if seq >= len(seen):
                seen.extend(bytes(seq + 4096 - len(seen)))
            if seen[seq]:
                self._doubled.value += 1
                continue
            seen[seq] = 1
            self._got.value += 1

    def __enter__(self):
        for proc in self._procs:
            proc.start()
        self.seconds = -time.monotonic()
        self.progress(10)
        return self

    @property
    def got(self):
        """Datagrams that have arrived"""
        return self._got.value

    def progress(self, count, deadline=60):
        """Wait until that many more datagrams arrived"""
        goal = self._got.value + count
        end = time.monotonic() + deadline
        while self._got.value < goal:
            if time.monotonic() > end:
                raise KsftFailEx(f"UDP flow stands still at {self._got.value}")
            time.sleep(0.01)

    def __exit__(self, ex_type, ex_value, ex_tb):
        self._quit[0].set()
        self._procs[0].join()
        self.seconds += time.monotonic()
        self._settle()
        self._quit[1].set()
        self._procs[1].join()
        for pair in self._pairs:
            pair.close()
        sent, got = self._sent.value, self._got.value
        self.tally = UdpTally(sent, got, sent - got, self._doubled.value,
                              self._spoilt.value)

    def _settle(self):
        """Wait for the last datagrams, until none came for three seconds"""
        last, since = -1, 0
        while self._got.value < self._sent.value:
            if self._got.value != last:
                last, since = self._got.value, time.monotonic()
            elif time.monotonic() > since + 3:
                return
            time.sleep(0.02)


class Noise(UdpFlow):
    """
    A flow that does not wait for anything and does not count what it sends:
    traffic for tests that take the interface away under it.
    """
    WINDOW = 1 << 62

    def pause(self):
        """Send nothing until resume()"""
        self._hold.value = 1

    def resume(self):
        """Go on sending"""
        self._hold.value = 0

    def __enter__(self):
        for proc in self._procs:
            proc.start()
        return self

    def __exit__(self, ex_type, ex_value, ex_tb):
        self.resume()
        super().__exit__(ex_type, ex_value, ex_tb)

    def _settle(self):
        pass


class Pktgen:
    """
    The kernel's packet generator on the card of another namespace: short frames to
    @dst's card, one each @gap_us microseconds, for use in "with"; @count of them, or
    (0) until the end of that. Nobody has their IP address, so the receiver drops them
    behind its driver. They go to the driver past the qdisc, or through it with
    "xmit_mode queue_xmit" among the @options. Each of so many @cpus, the last ones, has
    a generator.
    """
    DIR = Path("/proc/net/pktgen")
    NOBODY = "192.0.3.99"

    def __init__(self, src, dst, gap_us, count=0, cpus=1, options=()):
        self._src, self._dst, self._count = src, dst, count
        self._setup = []
        lines = (f"count {count}", "pkt_size 60", "clone_skb 0", f"delay {gap_us * 1000}",
                 f"dst {self.NOBODY}", f"dst_mac {dst.sysfs('address')}", *options)
        for cpu in range(os.cpu_count() - cpus, os.cpu_count()):
            name = f"{src.ifname}@{cpu}"
            self._setup += [(f"kpktgend_{cpu}", f"add_device {name}"),
                            *[(name, line) for line in lines]]
        self._proc = _FORK.Process(target=self._tell, args=("pgctrl", "start"), daemon=True)

    @classmethod
    def burst(cls, src, dst, count):
        """Send so many, one behind the other, and wait until the card has sent them"""
        def sent():
            return src.stats()["tx"]["packets"]
        goal = sent() + count
        with cls(src, dst, 0, count):
            wait_until(lambda: sent() >= goal, "pktgen does not send")

    def _tell(self, file, line):
        with in_netns(self._src.ns):
            (self.DIR / file).write_text(line + "\n", encoding="ascii")

    def __enter__(self):
        if cmd("modprobe pktgen", fail=False).ret:
            raise KsftSkipEx("no pktgen module")
        try:
            for file, line in self._setup:
                self._tell(file, line)
            # does not return before the generator is stopped or done
            self._proc.start()
            if not self._count:
                self.progress(1000)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def progress(self, packets):
        """Wait until so many more have arrived"""
        goal = self._arrived() + packets
        wait_until(lambda: self._arrived() >= goal, "pktgen does not send", 120)

    def _arrived(self):
        return self._dst.stats()["rx"]["packets"]

    def __exit__(self, ex_type, ex_value, ex_tb):
        if self._proc.pid:
            self._tell("pgctrl", "stop")
            self._proc.join()
        for file in {file for file, _ in self._setup if file.startswith("kpktgend_")}:
            self._tell(file, "rem_device_all")
        cmd("rmmod pktgen")


class _Copy:
    """
    One direction of a TCP connection: sender and receiver, each a thread. The data
    is sent once or, with @enough, again and again until that is set.
    """

    def __init__(self, tx, rx, data, shift, enough=None):
        self._tx, self._rx = tx, rx
        self._enough = enough
        self.sent = self.received = 0
        view = memoryview(data)
        # Other bytes at other places each time, or stale data could look right
        self._parts = (view[shift:], view[:shift])
        self._digests = {}
        self._errors = []
        self._threads = [threading.Thread(target=self._guard, args=(f,))
                         for f in (self._send, self._recv)]

    def _guard(self, func):
        try:
            func()
        except OSError as ex:
            self._errors.append(f"{func.__name__}: {ex}")
            # Let the other thread go on to its own end
            self._tx.close()

    def _pieces(self):
        while True:
            for part in self._parts:
                for pos in range(0, len(part), 1 << 18):
                    if self._enough and self._enough.is_set():
                        return
                    yield part[pos:pos + (1 << 18)]
            if not self._enough:
                return

    def _send(self):
        digest = hashlib.sha256()
        for piece in self._pieces():
            digest.update(piece)
            self._tx.sendall(piece)
            self.sent += len(piece)
        self._digests["sent"] = digest.digest()
        self._tx.shutdown(socket.SHUT_WR)

    def _recv(self):
        digest = hashlib.sha256()
        room = memoryview(bytearray(1 << 18))
        while count := self._rx.recv_into(room):
            self.received += count
            digest.update(room[:count])
        self._digests["received"] = digest.digest()

    def start(self):
        """Start both threads"""
        for thread in self._threads:
            thread.start()

    def finish(self):
        """Wait for both threads and complain about anything that went wrong"""
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise KsftFailEx("TCP copy failed: " + "; ".join(self._errors))
        if self.sent != self.received:
            raise KsftFailEx(f"{self.received} bytes instead of {self.sent}")
        if self._digests["sent"] != self._digests["received"]:
            raise KsftFailEx("TCP copy arrived with another digest")


def send(src, dst, ipver, data):
    """Send @data over TCP one way, and compare the SHA-256 of what went in and came out"""
    tx, rx = _connect(src, dst, ipver, None)
    with tx, rx:
        copy = _Copy(tx, rx, data, 0)
        copy.start()
        copy.finish()


class TcpStreams:
    """
    TCP both ways at once for as long as the test likes, for use in "with": the
    SHA-256 of what went in and of what came out are compared at the end. A
    connection that is reset, or stalls for two minutes, fails.
    """
    def __init__(self, one, other, ipver):
        # No power of two: data that comes a round late must not look right
        data = os.urandom((4 << 20) + 4099)
        self._enough = threading.Event()
        self._socks = _connect(one, other, ipver, None) + _connect(other, one, ipver, None)
        self._copies = [_Copy(*self._socks[:2], data, 0, self._enough),
                        _Copy(*self._socks[2:], data, len(data) // 2, self._enough)]

    @property
    def received(self):
        """Bytes received so far, both ways together"""
        return sum(copy.received for copy in self._copies)

    def progress(self, count, deadline=120):
        """Wait until that many more bytes arrived"""
        goal = self.received + count
        wait_until(lambda: self.received >= goal, "TCP stands still", deadline)

    def __enter__(self):
        for copy in self._copies:
            copy.start()
        return self

    def __exit__(self, ex_type, ex_value, ex_tb):
        self._enough.set()
        try:
            for copy in self._copies:
                copy.finish()
        finally:
            for sock in self._socks:
                sock.close()


class Bulk:
    """
    So many TCP connections from @src to @dst that send all they can, for use in "with".
    What is under way when that ends is thrown away.
    """
    def __init__(self, src, dst, flows, ipver="4"):
        self._socks = [_connect(src, dst, ipver, None) for _ in range(flows)]
        self._received = _FORK.Value("Q", 0, lock=False)
        self._procs = [_FORK.Process(target=f, daemon=True) for f in (self._send, self._recv)]

    @property
    def received(self):
        """Bytes received so far, of all together"""
        return self._received.value

    def progress(self, count, deadline=120):
        """Wait until that many more bytes arrived"""
        goal = self.received + count
        wait_until(lambda: self.received >= goal, "TCP stands still", deadline)

    @staticmethod
    def _ready(socks, event):
        poll = select.poll()
        for sock in socks:
            sock.setblocking(False)
            poll.register(sock, event)
        by_fd = {sock.fileno(): sock for sock in socks}
        while True:
            yield from (by_fd[fd] for fd, _ in poll.poll())

    def _send(self):
        data = bytes(1 << 16)
        for sock in self._ready([tx for tx, _ in self._socks], select.POLLOUT):
            sock.send(data)

    def _recv(self):
        room = bytearray(1 << 18)
        for sock in self._ready([rx for _, rx in self._socks], select.POLLIN):
            self._received.value += sock.recv_into(room)

    def __enter__(self):
        for proc in self._procs:
            proc.start()
        return self

    def __exit__(self, ex_type, ex_value, ex_tb):
        for proc in self._procs:
            proc.kill()
            proc.join()
        # unread data makes a reset of it, which the sender's end believes
        for tx, rx in self._socks:
            rx.close()
            tx.close()


class UdpFlood:
    """Datagrams of a priority, as many as the sender's buffer takes, for use in "with" """

    def __init__(self, src, dst, priority, size=1000):
        self._pair = UdpPair(src, dst, "4")
        self._pair.tx.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, priority)
        self._data = bytes(size)
        self._proc = _FORK.Process(target=self._loop, daemon=True)

    def _loop(self):
        while True:
            self._pair.send(self._data)

    def __enter__(self):
        self._proc.start()
        return self

    def __exit__(self, ex_type, ex_value, ex_tb):
        self._proc.kill()
        self._proc.join()
        self._pair.close()


def _connect(src, dst, ipver, window):
    with dst.socket(FAMILY[ipver], socket.SOCK_STREAM) as listener:
        listener.settimeout(30)
        if window:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        listener.bind((dst.addr_v[ipver], 0))
        listener.listen()
        tx = src.socket(FAMILY[ipver], socket.SOCK_STREAM)
        tx.settimeout(120)
        tx.connect(listener.getsockname())
        rx, _ = listener.accept()
    rx.settimeout(120)
    return tx, rx


def knock(src, dst, ipver, count=800):
    """A SYN of each of so many flows, to ports of @dst where probably nobody listens"""
    for port in random.sample(range(1024, 65536), count):
        with src.socket(FAMILY[ipver], socket.SOCK_STREAM) as sock:
            sock.setblocking(False)
            sock.connect_ex((dst.addr_v[ipver], port))


def exchange(one, other, ipver, data, meanwhile=None, window=None):
    """
    Send @data over TCP both ways at once, compare the SHA-256 of what went in
    and of what came out, and return the seconds it took. A stall of two
    minutes fails. @meanwhile, if there, is called while the data flows.
    @window limits the bytes under way in each direction: the emulated card
    silently loses what exceeds its ring, and TCP makes up for it. What is only to flow
    meanwhile is a quarter on a debug kernel, which takes as long as all of it elsewhere.
    """
    if meanwhile and DEBUG_KERNEL:
        data = data[:len(data) // 4]
    socks = _connect(one, other, ipver, window) + _connect(other, one, ipver, window)
    shift = int.from_bytes(os.urandom(4), "little") % len(data)
    copies = [_Copy(socks[0], socks[1], data, shift),
              _Copy(socks[2], socks[3], data, len(data) - shift)]
    start = time.monotonic()
    for copy in copies:
        copy.start()
    try:
        if meanwhile:
            meanwhile()
    finally:
        for copy in copies:
            copy.finish()
        for sock in socks:
            sock.close()
    return time.monotonic() - start
