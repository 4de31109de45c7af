# SPDX-License-Identifier: GPL-2.0

"""
Queueing disciplines of the card under test: made and looked at by tc, or asked for by
a message that tc would not write; and what they do to those who wait.
"""

import math
import os
import re
import socket
import struct
from contextlib import contextmanager
from pathlib import Path

from net.lib.py import cmd, defer, tc, NetNSEnter

from .cards import wait_until

SOL_NETLINK = 270
NETLINK_CAP_ACK, NETLINK_EXT_ACK = 10, 11
RTM_NEWQDISC = 36
NLM_F_REQUEST, NLM_F_ACK = 0x1, 0x4
NLMSG_ERROR = 2
NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS = 1, 2
NLA_TYPE_MASK = 0x3fff
TCA_KIND, TCA_OPTIONS = 1, 2
TC_H_ROOT = 0xffffffff


@contextmanager
def txpath_module():
    """The module and tc's plugin of this checkout, for use in "with" """
    build = os.environ["TGBE_BUILD"]
    os.environ.setdefault("TC_LIB_DIR", build)
    cmd(f"insmod {build}/net/sched/sch_txpath.ko")
    try:
        yield
    finally:
        cmd("rmmod sch_txpath")


def txpath_unload():
    """Remove the module; the last namespaces may be going still"""
    wait_until(lambda: cmd("rmmod sch_txpath", fail=False).ret == 0,
               "the module cannot be removed")


class Qdisc:
    """
    One of the card, in place of what is there: at the "root", until the test ends, or
    at a "parent", for as long as that is there
    """
    def __init__(self, cfg, where, words, handle=""):
        self._at = f"dev {cfg.ifname} {where} {handle and 'handle ' + handle}"
        self._dev = f"dev {cfg.ifname}"
        self._place = where.split()
        if where == "root":
            defer(tc, f"qdisc del dev {cfg.ifname} root")
        self.replace(words)

    def replace(self, words):
        """Another qdisc instead, or other settings of the same"""
        tc(f"qdisc replace {self._at} {words}")

    def change(self, words):
        """Other settings of the same qdisc"""
        tc(f"qdisc change {self._at} {words}")

    def stats(self):
        """tc -s qdisc show; the settings are the "options" """
        shown, = (q for q in tc(f"-s qdisc show {self._dev}", json=True)
                  if (q.get("root") if self._place == ["root"] else
                      q.get("parent") == self._place[-1]))
        return shown

    def bands(self):
        """tc -s class show, of the bands of txpath in their order"""
        return [c for c in tc(f"-s class show {self._dev}", json=True)
                if c["class"] == "txpath"]

    def is_empty(self):
        """Does nothing wait?"""
        stats = self.stats()
        return not stats["qlen"] and not stats["backlog"] and not stats.get("memory")


def children(cfg, kind):
    """What tc -s shows of all qdiscs of a kind"""
    return [q for q in tc(f"-s qdisc show dev {cfg.ifname}", json=True) if q["kind"] == kind]


def softirqs_by_cpu(name):
    """How many there were of this name, on each CPU"""
    for row in Path("/proc/softirqs").read_text("ascii").splitlines():
        if row.strip().startswith(f"{name}:"):
            return [int(number) for number in row.split()[1:]]
    return []


def softirqs(name):
    """How many there were of this name, on all CPUs"""
    return sum(softirqs_by_cpu(name))


def sysctl(end, name, value):
    """Set one in the namespace of an end, until the test ends"""
    path = Path("/proc/sys") / name.replace(".", "/")

    def write(what):
        if end.ns:
            with NetNSEnter(end.ns):
                path.write_text(what, encoding="ascii")
        else:
            path.write_text(what, encoding="ascii")
    defer(write, end.cmd(f"cat {path}").stdout)
    write(f"{value}\n")


def percentile(values, percent):
    """The value that so many percent do not exceed"""
    return sorted(values)[-(-len(values) * percent // 100) - 1]


def ping_times(src, dst, count):
    """Milliseconds that pings of 64 bytes take, one each 20 ms; of one that is lost no end"""
    said = src.cmd(f"ping -n -i 0.02 -W 5 -c {count} -s 56 {dst.addr_v['4']}", timeout=120)
    times = [float(time) for time in re.findall(r"time=([\d.]+) ms", said.stdout)]
    return times + [math.inf] * (count - len(times))


def nla(kind, value):
    """A netlink attribute. An int is of 32 bits."""
    data = struct.pack("=I", value) if isinstance(value, int) else value
    return struct.pack("=HH", len(data) + 4, kind) + data + bytes(-len(data) % 4)


def attributes(data):
    """(type, value) of each netlink attribute"""
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        yield kind & NLA_TYPE_MASK, data[4:size]
        data = data[(size + 3) & ~3:]


class QdiscMessage:
    """Changes of the root qdisc that did not pass tc"""

    def __init__(self, cfg, kind):
        self._kind = nla(TCA_KIND, kind.encode() + b"\0")
        self._head = struct.pack("=BxxxiIII", socket.AF_UNSPEC, cfg.ifindex, 0, TC_H_ROOT, 0)
        self._sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        defer(self._sock.close)
        for option in (NETLINK_CAP_ACK, NETLINK_EXT_ACK):
            self._sock.setsockopt(SOL_NETLINK, option, 1)

    def send(self, options, options_type):
        """
        Return: the error number, negative, the text that came with it, and the type of
        the attribute that it is about, or None
        """
        body = self._head + self._kind + nla(options_type, options)
        message = struct.pack("=IHHII", 16 + len(body), RTM_NEWQDISC,
                              NLM_F_REQUEST | NLM_F_ACK, 1, 0) + body
        self._sock.send(message)
        answer = self._sock.recv(8192)
        kind, = struct.unpack_from("=H", answer, 4)
        assert kind == NLMSG_ERROR, kind
        error, = struct.unpack_from("=i", answer, 16)
        # behind it the head of our message, then attributes
        said = dict(attributes(answer[36:]))
        text = said.get(NLMSGERR_ATTR_MSG, b"").rstrip(b"\0").decode()
        about = None
        if NLMSGERR_ATTR_OFFS in said:
            offset, = struct.unpack("=I", said[NLMSGERR_ATTR_OFFS])
            about, _ = next(attributes(message[offset:]))
        return error, text, about
