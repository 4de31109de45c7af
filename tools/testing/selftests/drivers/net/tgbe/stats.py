#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
The counters are exact, agree with one another, and never go backwards.
"""

import os
import re

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_gt, ksft_true, ksft_variants
from lib.py import KsftSkipEx, NetdevFamily, NlError
from lib.py import cmd, defer, exchange, ip, knock, settled, TgbeEnv, UdpPair

ETH_HEADER = 14
HEADERS = {"4": ETH_HEADER + 20 + 8, "6": ETH_HEADER + 40 + 8}
MIN_FRAME = 60      # without FCS; shorter ones are padded
# Bytes of TCP under way that fit the default ring of either end: where frames
# are to be compared, none may be lost
WINDOW = 64 << 10
HALF_PAGE = 2048
# What a pool of pages counts
GIVEN_OUT = ("alloc-fast", "alloc-slow")
RETURNED = ("recycle-cached", "recycle-ring")


def _quiet(cfg):
    """
    Make both ends count the same frames: no ARP or neighbour discovery, and
    no frame that the other end's filters drop
    """
    cfg.pin_neighbours()
    for end in cfg.ends:
        end.ip(f"link set dev {end.ifname} allmulticast on")
        defer(end.ip, f"link set dev {end.ifname} allmulticast off")


class _Snapshot:
    """Packets and bytes of both ends, as differences to an earlier moment"""

    def __init__(self, cfg):
        self._ends = cfg.ends
        # One end is read after the other: begin when nothing is under way
        self._start = self._read()
        while (again := self._read()) != self._start:
            self._start = again

    def _read(self):
        return [end.stats() for end in self._ends]

    def moved(self):
        """[(tx of one end, rx of the other), ...], each as (packets, bytes)"""
        now = self._read()

        def delta(end, way):
            return tuple(now[end][way][key] - self._start[end][way][key]
                         for key in ("packets", "bytes"))
        return [(delta(0, "tx"), delta(1, "rx")), (delta(1, "tx"), delta(0, "rx"))]

    def check_balance(self):
        """What was sent on one end is counted on the other, sooner or later"""
        ksft_true(settled(lambda: all(tx == rx for tx, rx in self.moved()), True),
                  "one end counts otherwise than the other")
        ksft_pr("(packets, bytes) sent and received:", self.moved())
        return self.moved()


def _send(src, dst, ipver, count, size):
    pair = UdpPair(src, dst, ipver)
    for _ in range(count):
        pair.send(bytes(size))
        pair.rx.recv(size + 1)
    pair.close()


@ksft_variants(["4", "6"])
def exact(cfg, ipver) -> None:
    """
    So many datagrams of so many bytes count as so many packets and bytes, on
    both ends: Ethernet header and padding included, FCS not
    """
    count = 300
    _quiet(cfg)
    for index, (name, src, dst) in enumerate(cfg.ways):
        for size in (1, 18, 100, 1400):
            snap = _Snapshot(cfg)
            _send(src, dst, ipver, count, size)
            want = (count, count * max(MIN_FRAME, HEADERS[ipver] + size))
            got = settled(lambda s=snap, i=index: s.moved()[i], (want, want))
            ksft_eq(got, (want, want), f"{name}, {size} bytes: sent and received")


@ksft_variants(["4", "6"])
def tcp_balance(cfg, ipver) -> None:
    """
    What one end counts as sent the other counts as received, to the byte, also
    for segmented and merged packets
    """
    _quiet(cfg)
    snap = _Snapshot(cfg)
    exchange(*cfg.ends, ipver, bytes(8 << 20), window=WINDOW)
    moved = snap.check_balance()
    for tx, _ in moved:
        ksft_gt(tx[1], 8 << 20)
        ksft_gt(tx[0], (8 << 20) // 1500)


def vlan_balance(cfg) -> None:
    """ The same over a VLAN, whose tag the card inserts and strips """
    one, other = cfg.vlan(30)
    _quiet(cfg)
    exchange(one, other, "4", bytes(1 << 20), window=WINDOW)
    snap = _Snapshot(cfg)
    exchange(one, other, "4", bytes(4 << 20), window=WINDOW)
    snap.check_balance()


def balance_over_changes(cfg) -> None:
    """ Nothing is counted twice or forgotten over resizes and MTU changes """
    _quiet(cfg)
    rings, mtu = cfg.dut.rings(), cfg.dut.sysfs("mtu")
    defer(cfg.dut.set_rings, *rings)
    defer(ip, f"link set dev {cfg.ifname} mtu {mtu}")
    snap = _Snapshot(cfg)

    def changes():
        for size in (512, 128, 256):
            cfg.dut.set_rings(size, size)
        ip(f"link set dev {cfg.ifname} mtu 2000")
        ip(f"link set dev {cfg.ifname} mtu {mtu}")
    # UDP between the changes: a frame lost in one would be a real imbalance
    for ipver in "464":
        _send(*cfg.ends, ipver, 100, 300)
        _send(*cfg.ends[::-1], ipver, 100, 300)
        changes()
    for tx, _ in snap.check_balance():
        ksft_ge(tx[0], 300)


def views_agree(cfg) -> None:
    """ ip -s, /proc/net/dev, sysfs and ethtool -S (the sum of the queues) are one """
    _quiet(cfg)
    exchange(*cfg.ends, "4", bytes(2 << 20))

    def views():
        stats = cfg.dut.stats()
        with open("/proc/net/dev", encoding="ascii") as table:
            row, = (r for r in table if r.strip().startswith(cfg.ifname + ":"))
        proc = [int(n) for n in row.split(":")[1].split()]
        counters = cfg.dut.ethtool_stats()

        def ethtool(way, key):
            if key == "fifo_errors":
                return counters[f"{way}_{key}"]
            return sum(v for k, v in counters.items()
                       if re.fullmatch(rf"{way}_queue_\d+_{key}", k))
        return {(way, key): (stats[way][key],
                             proc[8 * (way == "tx") + column],
                             int(cfg.dut.sysfs(f"statistics/{way}_{key}")),
                             ethtool(way, key))
                for way in ("rx", "tx")
                for column, key in ((0, "bytes"), (1, "packets"), (4, "fifo_errors"))}

    # They are read one after the other; a stray frame may come between
    def differ():
        return {name: values for name, values in views().items() if len(set(values)) > 1}
    for name, values in settled(differ, {}).items():
        ksft_eq(len(set(values)), 1, f"{name}: ip, proc, sysfs, ethtool: {values}")


def _all_counters(cfg):
    """Those of ip -s -s, of ethtool -S and of the port's queues together"""
    flat = {f"{way} {key}": value for way, part in cfg.dut.stats().items()
            for key, value in part.items()}
    queues, = NetdevFamily().qstats_get({"ifindex": cfg.ifindex}, dump=True)
    return flat | cfg.dut.ethtool_stats() | {f"qstats {key}": value
                                             for key, value in queues.items()}


def never_backwards(cfg) -> None:
    """ No counter falls over -G, -L, MTU, --reset, self-test, down and up """
    name, rings, mtu, most = cfg.ifname, cfg.dut.rings(), cfg.dut.sysfs("mtu"), cfg.dut.queues()
    defer(cfg.dut.set_rings, *rings)
    defer(cfg.wait_link)
    defer(ip, f"link set dev {name} mtu {mtu}")
    defer(ip, f"link set dev {name} up")
    channels = [f"ethtool -L {name} combined {count}" for count in (1, most) if most > 1]
    if channels:
        defer(cmd, channels[-1])
    exchange(*cfg.ends, "4", bytes(2 << 20))
    # something on each queue, or nothing could be forgotten with it
    knock(cfg.peer, cfg.dut, "4", 200)
    before = _all_counters(cfg)
    ksft_gt(min(before["qstats rx-packets"], before["qstats tx-packets"]), 1000)
    for what in (f"ethtool -G {name} rx 512 tx 512", *channels,
                 f"ip link set dev {name} mtu 3000",
                 f"ethtool -G {name} rx 128 tx 128",
                 f"ethtool --reset {name} all",
                 f"ethtool -t {name} offline",
                 f"ip link set dev {name} down",
                 f"ethtool -G {name} rx 64 tx 64",
                 f"ip link set dev {name} up",
                 f"ip link set dev {name} mtu 1500"):
        cmd(what)
        if "reset" in what or "offline" in what:
            # the link comes back later
            cfg.wait_link()
        now = _all_counters(cfg)
        fell = {k: (v, now.get(k)) for k, v in before.items() if now.get(k, 0) < v}
        ksft_eq(fell, {}, f"after {what}")
        before = now


def page_pools(cfg) -> None:
    """ Each receive queue has a pool of pages, of its NAPI, which gives and takes back """
    family = NetdevFamily()
    napis = sorted(queue["napi-id"] for queue in
                   family.queue_get({"ifindex": cfg.ifindex}, dump=True)
                   if queue["type"] == "rx")

    pools = {pool["id"]: pool for pool in family.page_pool_get({}, dump=True)
             if pool.get("ifindex") == cfg.ifindex and "detach-time" not in pool}
    ksft_eq(len(pools), len(napis))
    # before 6.15 the kernel looks only when the pool is made, which is before its use
    if os.environ["TGBE_KERNEL"] == "7.3":
        ksft_eq(sorted(pool.get("napi-id", 0) for pool in pools.values()), napis)
    for pool in pools.values():
        # what waits for frames to come
        ksft_ge(pool["inflight-mem"], cfg.dut.rings()[0] * HALF_PAGE // 2)

    def moved():
        rows = [row for row in family.page_pool_stats_get({}, dump=True)
                if row["info"]["id"] in pools]
        return {" ".join(what): sum(row[key] for row in rows for key in what)
                for what in (GIVEN_OUT, RETURNED)}
    try:
        before = moved()
    except NlError as ex:
        raise KsftSkipEx("pools are there; this kernel does not count what they do") from ex
    exchange(*cfg.ends, "4", bytes(8 << 20))
    after = moved()
    ksft_pr(f"before {before}, after {after}")
    for what, value in before.items():
        ksft_gt(after[what] - value, 1000, what)


def error_counters_quiet(cfg) -> None:
    """ Good traffic counts no error and no drop """
    def errors():
        stats = cfg.dut.stats()
        return {(way, key): value for way in ("rx", "tx")
                for key, value in stats[way].items()
                if key not in ("packets", "bytes", "multicast")}
    before = errors()
    exchange(*cfg.ends, "4", bytes(4 << 20))
    exchange(*cfg.ends, "6", bytes(4 << 20))
    now = errors()
    moved = {k: now[k] - v for k, v in before.items() if now[k] != v}
    # A peer that outruns the emulated card's ring is no fault of the driver
    for name in ("dropped", "over_errors", "fifo_errors", "missed_errors"):
        if moved.pop(("rx", name), 0):
            ksft_pr(f"rx {name} moved: the ring was full")
    ksft_eq(moved, {})


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        ksft_run([exact, tcp_balance, vlan_balance, balance_over_changes,
                  views_agree, never_backwards, page_pools, error_counters_quiet],
                 args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
