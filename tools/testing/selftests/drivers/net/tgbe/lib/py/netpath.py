# SPDX-License-Identifier: GPL-2.0

"""
netpath as the tests run it, and the ways to lose packets that they provoke.
"""

import json
import os
import socket
import struct
import subprocess
from pathlib import Path

from net.lib.py import CmdExitFailure, KsftSkipEx, cmd, defer
from net.lib.py import ksft_eq, ksft_not_in

from .cards import in_netns, wait_until

NETPATH = Path(os.environ.get("TGBE_BUILD", "/usr")) / "netpath/netpath"

# The command that is watched: it says that the first reading is done, and ends with its input
_UNTIL_TOLD = ("sh", "-c", "echo watching; read -r _")


def netpath(args, fail=True, env=None):
    """Run it; what it wrote, and its exit status"""
    run = subprocess.run([NETPATH, *args], capture_output=True, text=True, check=False,
                         timeout=120, env=os.environ | (env or {}))
    if fail and run.returncode:
        raise CmdExitFailure(f"netpath {args}: {run.stderr}", run)
    return run


class Watch:
    """
    netpath between two readings: what happens inside "with" is what it reports, in
    @report. @ns is the namespace that it is told to enter; @options more for it.
    """
    def __init__(self, ifname, ns=None, options=()):
        args = [NETPATH, "--json", *options, *(["--netns", ns] if ns else []), ifname]
        self._args = [*args, "--", *_UNTIL_TOLD]
        self.report = None
        self._run = None

    def __enter__(self):
        # pylint: disable=consider-using-with  # ends in __exit__
        self._run = subprocess.Popen(self._args, stdin=subprocess.PIPE, text=True,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        said = self._run.stderr.readline()
        if said != "watching\n":
            self._run.kill()
            raise CmdExitFailure(f"netpath: {said}{self._run.communicate()[1]}", self._run)
        return self

    def __exit__(self, ex_type, ex_value, ex_tb):
        out, err = self._run.communicate("\n", timeout=120)
        if not ex_type:
            if err:
                raise CmdExitFailure(f"netpath: {err}", self._run)
            self.report = json.loads(out)

    @property
    def losses(self):
        """{name: number}, the worst first"""
        return {loss["name"]: loss["lost"] for loss in self.report["losses"]}

    @property
    def unexplained(self):
        """Packets that no sum explains"""
        return sum(one["unexplained"] for one in self.report["sums"])


def inside(end):
    """In the namespace of an end, for use in "with" """
    return in_netns(end.ns)


def udp_socket(end, port=0, kind=socket.SOCK_DGRAM, addr=None):
    """A socket of this end, bound to its address, closed when the test ends"""
    with inside(end):
        sock = socket.socket(socket.AF_INET, kind)
    defer(sock.close)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((addr or end.addr_v["4"], port))
    return sock


def queued(sock):
    """How many datagrams wait in a socket; they are gone then"""
    sock.setblocking(False)
    number = 0
    try:
        while True:
            sock.recv(65536)
            number += 1
    except BlockingIOError:
        return number


class RawSender:
    """Frames of any content from @src to @dst's card"""
    def __init__(self, src, dst):
        with inside(src):
            self._sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        defer(self._sock.close)
        self._sock.bind((src.ifname, 0))
        self.dst_mac = bytes.fromhex(dst.sysfs("address").replace(":", ""))
        self.src_mac = bytes.fromhex(src.sysfs("address").replace(":", ""))

    def send(self, payload, ethertype=0x0800, mac=None):
        """One frame"""
        frame = (mac or self.dst_mac) + self.src_mac + struct.pack("!H", ethertype) + payload
        self._sock.send(frame.ljust(60, b"\0"))


def ones_sum(data):
    """The checksum of the Internet"""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def ip_packet(src, dst, payload, proto=17, ttl=64, ident=1, frag=0, damage=0, length=None,
              version=0x45):
    """
    An IPv4 packet. @frag is the word of flags and offset; @damage is added to the checksum
    of the header, @length stands in place of the true one.
    """
    # pylint: disable=too-many-arguments,too-many-positional-arguments  # a header has many
    def header(check):
        return struct.pack("!BBHHHBBH4s4s", version, 0, length or 20 + len(payload), ident, frag,
                           ttl, proto, check, socket.inet_aton(src), socket.inet_aton(dst))
    return header((ones_sum(header(0)) + damage) & 0xffff) + payload


def udp_datagram(src, dst, sport, dport, data=b"x", damage=0):
    """UDP with its checksum, to which @damage is added"""
    # pylint: disable=too-many-arguments,too-many-positional-arguments  # a header has many
    length = 8 + len(data)
    pseudo = socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack("!HH", 17, length)
    header = struct.pack("!HHH", sport, dport, length)
    check = ones_sum(pseudo + header + b"\0\0" + data)
    return header + struct.pack("!H", (check + damage) & 0xffff or 0xffff) + data


def tcp_segment(src, dst, sport, dport, flags=2, seq=1, damage=0):
    """A TCP header with its checksum, to which @damage is added"""
    # pylint: disable=too-many-arguments,too-many-positional-arguments  # a header has many
    pseudo = socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack("!HH", 6, 20)
    header = struct.pack("!HHIIBBH", sport, dport, seq, 0, 0x50, flags, 1024)
    check = ones_sum(pseudo + header + b"\0\0\0\0")
    return header + struct.pack("!HH", (check + damage) & 0xffff, 0)


def needs_events():
    """Skip what only drop events show"""
    if not Path("/sys/kernel/btf/vmlinux").exists():
        raise KsftSkipEx("a kernel without BTF has no drop events to attach to")


def run_cure(loss, which=0):
    """Run the command that was printed"""
    cmd(loss["cures"][which]["command"], shell=True)


def watch(cfg, provoke, **options):
    """Provoke while it watches: the report, and what provoke() returned"""
    with Watch(cfg.ifname, **options) as seen:
        number = provoke()
    return seen, number


def is_first(seen, name, number=None):
    """It is the first that is named; its number is exact where one is given"""
    ksft_eq(next(iter(seen.losses), None), name, f"of {seen.losses}")
    loss = next((one for one in seen.report["losses"] if one["name"] == name), None)
    if loss and number is not None:
        ksft_eq(loss["lost"], number)
    return loss or {"cures": [], "who": []}


def cured(cfg, name, loss, provoke, cure=run_cure):
    """After the cure of a loss nothing of the kind is lost; returns what is seen then"""
    cure(loss)
    after, _ = watch(cfg, provoke)
    ksft_not_in(name, after.losses)
    return after


def lose_and_cure(cfg, name, provoke, cure=run_cure):
    """
    The loss that provoke() makes, of which it returns the number, is the first; after its
    cure nothing of the kind is lost
    """
    seen, number = watch(cfg, provoke)
    loss = is_first(seen, name, number)
    ksft_eq(seen.unexplained, 0)
    cured(cfg, name, loss, provoke, cure)
    return loss


def frames(cfg, number, *packets, **options):
    """A function that sends the packets so often and waits until they are here"""
    raw = RawSender(cfg.peer, cfg.dut)

    def provoke():
        before = cfg.dut.stats()["rx"]["packets"]
        for _ in range(number):
            for packet in packets:
                raw.send(packet, **options)
        wait_until(lambda: cfg.dut.stats()["rx"]["packets"] - before >= number * len(packets),
                   "not all came")
        return number * len(packets)
    return provoke


def udp_to_us(cfg, port, damage=0):
    """A datagram from the peer to a port of ours"""
    return udp_datagram(cfg.peer.addr_v["4"], cfg.dut.addr_v["4"], port, port, damage=damage)
