#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
The txpath queueing discipline above the card: what goes past it and what waits, how
long, in which order, and who sends it.
"""

import os
import socket
import time
from itertools import accumulate
from math import inf
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_gt, ksft_lt, ksft_variants
from lib.py import KsftSkipEx
from lib.py import Bulk, children, DEBUG_KERNEL, defer, End, EXACT, keep_coalescing, percentile
from lib.py import ping_times, Pktgen, Qdisc, send, softirqs, sysctl, TgbeEnv
from lib.py import txpath_module, UdpFlood, UdpPair, wait_until

MIB = 1 << 20
MSS = 1448

# Microseconds in which the card asks for more: the emulated 82576 makes them four times
# as long
INTERVAL = {"igb": 2000, "e1000e": 8000}
RING = 64
# Between two packets of a sender that sends more than that
GAP = 50
QUEUED = ("xmit_mode queue_xmit", )
# So many at most: what is slow in all of them is not so for the machine's sake
ROUNDS = 10

# 20 Mbit/s, in bursts of a few frames
BOTTLENECK = "tbf rate 20mbit burst 12kb limit 10mb"
BELOW = "parent 1:1"

# Of the bands that priorities have by default
PRIO_BAND_0, PRIO_BAND_2 = 6, 1


def _ping_pong(cfg, count=100):
    """Datagrams, each when the one before has arrived"""
    pair = UdpPair(*cfg.ends, "4")
    for _ in range(count):
        pair.send(bytes(100))
        pair.rx.recv(200)
    pair.close()
    return count


def _root(cfg):
    cfg.one_queue()
    return [Qdisc(cfg, "root", "txpath")]


def _below_mq(cfg):
    Qdisc(cfg, "root", "mq", "1:")
    return [Qdisc(cfg, f"parent 1:{queue}", "txpath")
            for queue in range(1, cfg.dut.queues() + 1)]


PLACES = {"root": _root, "below_mq": _below_mq}


@ksft_variants(list(PLACES))
def idle(cfg, place) -> None:
    """ Where nothing waits all goes past the queue, or none with nobypass """
    cfg.pin_neighbours()
    qdiscs = PLACES[place](cfg)

    def passed():
        shown = children(cfg, "txpath")
        return {what: sum(q[what] for q in shown) for what in ("bypassed", "queued", "packets")}
    for words, what in (("quota 0", "bypassed"), ("nobypass", "queued"), ("bypass", "bypassed")):
        for qdisc in qdiscs:
            qdisc.change(f"txpath {words}")
        # a packet that comes in the moment of a run, of whomever, is queued
        for _ in range(5):
            before = passed()
            count = _ping_pong(cfg)
            moved = {name: now - before[name] for name, now in passed().items()}
            ksft_pr(f"{words}:", moved)
            ksft_ge(moved["packets"], count)
            if moved[what] == moved["packets"]:
                break
        ksft_eq(moved[what], moved["packets"])


def _sending(cfg, packets):
    """NET_TX softirqs per packet while the card sends so many"""
    file = Path(f"/sys/class/net/{cfg.ifname}/statistics/tx_packets")

    def look():
        return int(file.read_text("ascii")), softirqs("NET_TX")
    start = look()
    wait_until(lambda: look()[0] - start[0] >= packets, "nothing is sent", 120)
    sent, irqs = (b - a for a, b in zip(start, look()))
    return irqs / sent


def _short_ring(cfg):
    """One queue with a ring that is full at times, until the test ends"""
    cfg.one_queue()
    rx, tx = cfg.dut.rings()
    defer(cfg.dut.set_rings, rx, tx)
    cfg.dut.set_rings(rx, RING)


def _slow_card(cfg):
    """The card sends a short ring in each interval of its interrupt, until the test ends"""
    if cfg.irqmode != "msix" and cfg.chip == "igb":
        raise KsftSkipEx("the emulated 82576 moderates MSI-X only")
    cfg.pin_neighbours()
    _short_ring(cfg)
    keep_coalescing(cfg.dut)
    usecs = INTERVAL[cfg.chip]
    cfg.dut.ethtool(f"-C {cfg.ifname} adaptive-rx off adaptive-tx off "
                    f"rx-usecs {usecs} tx-usecs {usecs}")


# Runs per packet that a quota ends: none sends more, and with a queue that stands many
# send as much
OFTEN = {64: 0, 8: 0.8 / 8, 1: 0.8}


def _with_quota(cfg, qdisc, count):
    """Softirqs and deferred runs per packet, while the card sends some"""
    qdisc.change(f"txpath quota {count}")
    before = qdisc.stats()
    irqs = _sending(cfg, 5000)
    after = qdisc.stats()
    deferred = (after["deferred"] - before["deferred"]) / (after["queued"] - before["queued"])
    ksft_pr(f"quota {count}: {irqs:.4f} softirqs and {deferred:.4f} deferred runs per packet, "
            f"{after['qlen']} wait")
    return irqs, deferred


def quota(cfg) -> None:
    """ The smaller it is, the more runs it ends and the softirq begins """
    _slow_card(cfg)
    qdisc = Qdisc(cfg, "root", "txpath nobypass aqm none")
    irqs, deferred = {}, {}
    with Pktgen(*cfg.ends, GAP, cpus=min(2, os.cpu_count()), options=QUEUED):
        for count in (0, *OFTEN):
            irqs[count], deferred[count] = _with_quota(cfg, qdisc, count)
        # a machine with other work is slow at times, its senders most: of each the best round
        for _ in range(0 if EXACT else ROUNDS):
            for count in (count for count, often in OFTEN.items() if deferred[count] < often):
                deferred[count] = max(deferred[count], _with_quota(cfg, qdisc, count)[1])
    ksft_eq(deferred[0], 0)
    for more, fewer in ((64, 8), (8, 1)):
        ksft_gt(deferred[fewer], deferred[more])
        ksft_gt(irqs[fewer], irqs[more])
    for count, often in OFTEN.items():
        ksft_ge(deferred[count], often)


def _tcp_with_quota(cfg, qdisc, count):
    """Bytes/s of eight connections, and whether the quota ended runs"""
    qdisc.change(f"txpath quota {count}")
    with Bulk(*cfg.ends, 8) as bulk:
        bulk.progress(MIB)
        before, first, start = qdisc.stats(), bulk.received, time.monotonic()
        bulk.progress(4 * MIB)
        rate = (bulk.received - first) / (time.monotonic() - start)
    ended = qdisc.stats()["deferred"] - before["deferred"]
    ksft_pr(f"quota {count}: {rate * 8 / 1e6:.1f} Mbit/s, {ended} deferred runs")
    return rate, ended


def quota_speed(cfg) -> None:
    """ From 8 up it costs a CPU that is busy with TCP less than a tenth of its speed """
    if not EXACT:
        raise KsftSkipEx("asks for a clock that repeats")
    _short_ring(cfg)
    for offload in ("tx-tcp-segmentation", "generic-segmentation-offload"):
        cfg.dut.set_feature(offload, False)
    qdisc = Qdisc(cfg, "root", "txpath nobypass")
    rates, ended = {}, {}
    # the better of two rounds
    for count in (0, 64, 8) * 2:
        rate, ended[count] = _tcp_with_quota(cfg, qdisc, count)
        rates[count] = max(rate, rates.get(count, 0))
    ksft_gt(ended[8], 0)
    for count in (64, 8):
        ksft_ge(rates[count], 0.9 * rates[0], f"quota {count}")


def _lan(cfg):
    """
    The end of a network from which our machine forwards: nobody but the queue holds back
    what is sent there, as with a sender elsewhere
    """
    name = "tgbe-lan"
    cfg.dut.ip(f"netns add {name}")
    defer(cfg.dut.ip, f"netns del {name}")
    cfg.dut.ip(f"link add {name} type veth peer name eth0 netns {name}")
    defer(cfg.dut.ip, f"link del {name}")
    lan = End("eth0", name, {"4": "192.0.5.2"})
    sysctl(cfg.dut, "net.ipv4.ip_forward", 1)
    cfg.dut.ip(f"addr add 192.0.5.1/24 dev {name}")
    cfg.dut.ip(f"link set dev {name} up")
    lan.ip("addr add 192.0.5.2/24 dev eth0")
    lan.ip("link set dev eth0 up")
    lan.ip("route add default via 192.0.5.1")
    # a frame is a packet
    lan.ethtool("-K eth0 tso off gso off")
    cfg.peer.ip(f"route add 192.0.5.0/24 via {cfg.addr_v['4']}")
    defer(cfg.peer.ip, "route del 192.0.5.0/24")
    wait_until(lambda: lan.reachable(cfg.remote_addr_v["4"]), "nothing is forwarded")
    return lan


def _waits(ends, qdisc, kind, pings):
    """99th percentile of ping in ms, and bytes/s of eight connections beside it"""
    qdisc.replace(kind)
    with Bulk(*ends, 8) as bulk:
        bulk.progress(4 * MIB)
        first, start = bulk.received, time.monotonic()
        times = ping_times(*ends, pings)
        rate = (bulk.received - first) / (time.monotonic() - start)
        stats = qdisc.stats()
    p99 = percentile(times, 99)
    ksft_pr(f"{kind}: {pings} pings, {times.count(inf)} lost, "
            f"p50 {percentile(times, 50)} p99 {p99} ms, {rate * 8 / 1e6:.2f} Mbit/s, "
            f"{stats['drops']} drops, own delays {stats.get('delay_us')}")
    return p99, rate


def latency(cfg) -> None:
    """ Beside bulk a ping waits as with fq_codel, and the link is as full as with a fifo """
    if DEBUG_KERNEL:
        raise KsftSkipEx("asks for speed")
    cfg.pin_neighbours()
    ends = _lan(cfg), cfg.peer
    Qdisc(cfg, "root", BOTTLENECK, "1:")
    qdisc = Qdisc(cfg, BELOW, "pfifo_fast")
    waits, rates = {}, {}
    # a handful of pings is late or not: the better of two rounds
    for kind in ("pfifo_fast", "fq_codel", "txpath") * 2:
        wait, rate = _waits(ends, qdisc, kind, 300)
        waits[kind] = min(wait, waits.get(kind, wait))
        rates[kind] = max(rate, rates.get(kind, rate))
    ksft_lt(waits["txpath"], waits["pfifo_fast"])
    if EXACT:
        ksft_ge(1.2 * waits["fq_codel"], waits["txpath"])
        ksft_ge(waits["pfifo_fast"] / 10, waits["txpath"])
        ksft_ge(rates["txpath"], 0.98 * rates["pfifo_fast"])


def _check_percentiles(shown):
    """Those that tc prints are of the histogram that it prints"""
    delays = shown["delays"]
    for name, value in shown["delay_us"].items():
        rank = -(-sum(delays) * int(name[1:]) // 100)
        bucket = next(i for i, count in enumerate(accumulate(delays)) if count >= rank)
        # it is below that; what is in the last is above its lower end
        ksft_eq(value, 1 << min(bucket, len(delays) - 2), f"{name} of {delays}")


def _sent_by_band(qdisc):
    return [band["stats"]["packets"] for band in qdisc.bands()]


@ksft_variants(["drr", "strict"])
def starvation(cfg, sched) -> None:
    """ A flood in band 0 leaves its share to band 2, unless the first band goes first """
    cfg.pin_neighbours()
    Qdisc(cfg, "root", "tbf rate 8mbit burst 12kb limit 10mb", "1:")
    qdisc = Qdisc(cfg, BELOW, f"txpath aqm none sched {sched}")
    pair = UdpPair(*cfg.ends, "4")
    pair.tx.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, PRIO_BAND_2)
    count = 100
    with UdpFlood(*cfg.ends, PRIO_BAND_0):
        wait_until(lambda: qdisc.stats()["qlen"] > 500, "no flood")
        before = _sent_by_band(qdisc)
        for _ in range(count):
            pair.send(bytes(1000))
        wait_until(lambda: _sent_by_band(qdisc)[0] - before[0] > 3 * count, "no flood")
        moved = [b - a for a, b in zip(before, _sent_by_band(qdisc))]
        ksft_pr("sent by band:", moved)
        for shown in (qdisc.stats(), qdisc.bands()[0]["stats"]):
            _check_percentiles(shown)
        ksft_eq(moved[2], count if sched == "drr" else 0)
        pair.rx.setblocking(False)
        got = 0
        try:
            while pair.rx.recv(2000):
                got += 1
        except BlockingIOError:
            pass
        ksft_eq(got, moved[2], "received")
    wait_until(qdisc.is_empty, "the queue does not empty")
    ksft_eq(_sent_by_band(qdisc)[2] - before[2], count)
    pair.close()


def _marks(cfg, qdisc, words, *what):
    """What moves, and drops of the AQM, while TCP passes with these settings"""
    before = qdisc.stats()
    qdisc.change(f"txpath {words}")
    with Bulk(*cfg.ends, 4) as bulk:
        bulk.progress(MIB)

        def moved(name):
            return qdisc.stats()[name] - before[name]
        wait_until(lambda: all(moved(name) for name in what), f"no {what} with {words}", 30)
        ksft_pr(f"{words}:", {name: moved(name) for name in ("ecn_mark", "ce_mark", "drops_aqm")})
        return moved("drops_aqm")


def ecn(cfg) -> None:
    """ What could be marked is, instead of dropped; and early with a ce_threshold """
    cfg.pin_neighbours()
    for end in cfg.ends:
        sysctl(end, "net.ipv4.tcp_ecn", 1)
    Qdisc(cfg, "root", BOTTLENECK, "1:")
    qdisc = Qdisc(cfg, BELOW, "txpath")
    # what TCP sends again after a time-out, as when a CPU was away, cannot be marked
    drops = [_marks(cfg, qdisc, "ecn", "ecn_mark")]
    while drops[-1] and len(drops) < 5:
        drops.append(_marks(cfg, qdisc, "ecn", "ecn_mark"))
    ksft_eq(drops[-1], 0, "dropped each time")
    _marks(cfg, qdisc, "noecn", "drops_aqm")
    _marks(cfg, qdisc, "ecn ce_threshold 1ms", "ce_mark")


@ksft_variants(["root", "below_tbf"])
def large_sends(cfg, place) -> None:
    """ TCP hands over many frames at once: they count as frames, and arrive whole """
    cfg.dut.set_feature("tx-tcp-segmentation", True)
    where = "root"
    if place == "below_tbf":
        Qdisc(cfg, "root", "tbf rate 50mbit burst 128kb limit 10mb", "1:")
        where = BELOW
    qdisc = Qdisc(cfg, where, "txpath nobypass quota 2")
    before = qdisc.stats()
    send(*cfg.ends, "4", cfg.data)
    after = qdisc.stats()
    frames = after["packets"] - before["packets"]
    large = sum(after["delays"]) - sum(before["delays"])
    ksft_pr(f"{len(cfg.data)} bytes: {large} packets of {frames} frames")
    ksft_ge(frames, len(cfg.data) // MSS)
    # lost ones are sent again
    ksft_lt(frames, len(cfg.data) // MSS * 1.1)
    ksft_lt(large, frames / 2)
    ksft_eq(after["queued"] - before["queued"], frames)
    wait_until(qdisc.is_empty, "the queue does not empty")


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg, txpath_module():
        cfg.data = os.urandom(8 * MIB)
        ksft_run([idle, quota, quota_speed, latency, starvation, ecn, large_sends], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
