#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
What may be asked of the txpath queueing discipline, and what it asks of the machine:
settings refused by the kernel itself, memory, changes and replacement while it works.
"""

import os
import struct
import time

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_gt, ksft_in, ksft_lt, ksft_variants
from lib.py import attributes, children, DEBUG_KERNEL, defer, nla, Pktgen, Qdisc, QdiscMessage
from lib.py import settled, sysctl, tc, TcpStreams, TgbeEnv, txpath_module, wait_until

MEMLIMIT = 1 << 20
# Of the flood: a minute on a debug kernel and in a full run, else as long as make check has
# time for
SECONDS = 60 if DEBUG_KERNEL or int(os.environ.get("TGBE_CHANGES", "200")) >= 200 else 5
SENDERS = min(4, os.cpu_count())

TCA_OPTIONS, NLA_F_NESTED = 2, 1 << 15
LIMIT, MEMORY, BYPASS, QUOTA, BANDS, PRIOMAP, SCHED, WEIGHTS, AQM, TARGET, INTERVAL, ECN, \
    CE_THRESHOLD, SPARSE, UNKNOWN = range(1, 16)

RANGES = {"limit": (LIMIT, 1, 1000000), "memlimit": (MEMORY, 4096, 0x7fffffff),
          "bypass": (BYPASS, 0, 1), "quota": (QUOTA, 0, 1000000), "bands": (BANDS, 1, 16),
          "sched": (SCHED, 0, 1), "aqm": (AQM, 0, 1), "target": (TARGET, 1, 1000000),
          "interval": (INTERVAL, 1000, 10000000), "ecn": (ECN, 0, 1),
          "ce_threshold": (CE_THRESHOLD, 0, 10000000), "sparse": (SPARSE, 0, 1000000)}


def _weights(*weights):
    return nla(WEIGHTS, struct.pack(f"={len(weights)}H", *weights))


# (options, of which the last is at fault; what the text says). There are three bands and an
# interval of 100 ms.
FAULTS = [
    *[(nla(attr, value), f"{name} must be {least} to {most}")
      for name, (attr, least, most) in RANGES.items()
      for value in (least - 1, most + 1) if 0 <= value < 1 << 32],
    (nla(CE_THRESHOLD, 0xfffffffe), "ce_threshold must be 0 to 10000000"),
    (nla(PRIOMAP, bytes(15) + b"\3"), "priomap names band 3, bands are 0 to 2"),
    (nla(BANDS, 2) + nla(PRIOMAP, bytes([2] * 16)), "priomap names band 2, bands are 0 to 1"),
    (nla(PRIOMAP, bytes(15)), "binary attribute size out of range"),
    (nla(PRIOMAP, bytes(17)), "binary attribute size out of range"),
    (_weights(1, 0, 1), "weights must be 1 to 1000"),
    (_weights(1, 1, 1001), "weights must be 1 to 1000"),
    (_weights(1, 1), "weights must be as many as bands, 3"),
    (_weights(1, 1, 1, 1), "weights must be as many as bands, 3"),
    (nla(BANDS, 4) + _weights(1, 1, 1), "weights must be as many as bands, 4"),
    (nla(WEIGHTS, bytes([1, 0, 1, 0, 1])), "weights must be as many as bands, 3"),
    (_weights(*[1] * 17), "policy validation"),
    (nla(TARGET, 100000), "target must be below the interval, 100000 us"),
    (nla(INTERVAL, 5000), "target must be below the interval, 5000 us"),
    (nla(LIMIT, b"\1\0"), "invalid attribute length"),
    (nla(LIMIT, bytes([1] + [0] * 7)), "invalid attribute length"),
    (nla(UNKNOWN, 1), "Unknown attribute type"),
    (nla(QUOTA, 1) + nla(QUOTA, 2), "attribute given twice"),
]


def refused(cfg) -> None:
    """ The kernel says what is wrong with a message that tc did not write, and heeds none """
    qdisc = Qdisc(cfg, "root", "txpath quota 7 bands 3 target 5ms interval 100ms")
    message = QdiscMessage(cfg, "txpath")
    before = qdisc.stats()["options"]
    for options, says in FAULTS:
        # a good one before it takes no effect either
        good = nla(SPARSE if options[2] != SPARSE else LIMIT, 99)
        error, text, about = message.send(good + options, TCA_OPTIONS | NLA_F_NESTED)
        ksft_lt(error, 0, says)
        ksft_in(says, text)
        *_, (last, _) = attributes(options)
        ksft_eq(about, last, says)
    for options, nested, says in ((nla(QUOTA, 1), 0, "NLA_F_NESTED is missing"),
                                  (nla(QUOTA, 1) + b"\0", NLA_F_NESTED, "bytes leftover")):
        error, text, _ = message.send(options, TCA_OPTIONS | nested)
        ksft_lt(error, 0, says)
        ksft_in(says, text)
    ksft_eq(qdisc.stats()["options"], before, "a refused message changed something")
    ksft_eq(message.send(nla(QUOTA, 1), TCA_OPTIONS | NLA_F_NESTED)[0], 0)
    ksft_eq(qdisc.stats()["options"]["quota"], 1, "one that is right is not heeded")


def memory(cfg) -> None:
    """ At no time of a flood of short packets do they occupy more memory than memlimit """
    cfg.pin_neighbours()
    bottleneck = Qdisc(cfg, "root", "tbf rate 100kbit burst 12kb limit 1gb", "1:")
    qdisc = Qdisc(cfg, "parent 1:1", f"txpath aqm none limit 1000000 memlimit {MEMLIMIT}")
    seen = []
    with Pktgen(*cfg.ends, 0, cpus=SENDERS, options=("xmit_mode queue_xmit", )):
        start = time.monotonic()
        while len(seen) < 3 or time.monotonic() < start + SECONDS:
            seen.append(qdisc.stats())
    # senders of a slow machine may pause for longer than the bottleneck
    fullest = max(seen, key=lambda sample: sample["memory"])
    ksft_pr(f"{SENDERS} senders, {SECONDS} s, {len(seen)} samples: up to {fullest['memory']} "
            f"bytes, {fullest['qlen']} packets; {seen[-1]['drops_memory']} dropped")
    ksft_ge(MEMLIMIT, fullest["memory"])
    ksft_gt(fullest["memory"], MEMLIMIT * 0.9)
    # one of 60 bytes occupies more: what the kernel knows of it, and the room around it
    ksft_gt(fullest["memory"], fullest["qlen"] * 400)
    ksft_gt(seen[-1]["drops_memory"], seen[0]["drops_memory"])
    ksft_eq((seen[-1]["drops_limit"], seen[-1]["drops_aqm"]), (0, 0))
    bottleneck.replace("tbf rate 1gbit burst 128kb limit 1gb")
    for level in (qdisc, bottleneck):
        wait_until(level.is_empty, "the queue does not empty")


CHANGES = ("limit 50", "memlimit 100kb", "nobypass", "quota 1", "bands 16", "weights " + "7 " * 16,
           "priomap " + "15 " * 16, "bands 1", "sched strict", "bands 3", "aqm none",
           "target 1ms", "interval 20ms", "aqm codel", "noecn", "ecn", "ce_threshold 1ms",
           "ce_threshold off", "sparse off", "sparse 1000", "sched drr", "bypass", "quota 0",
           "memlimit 32mb", "limit 1000")


@ksft_variants(["root", "below_tbf"])
def changes(cfg, place) -> None:
    """ TCP goes on through every change, and through other qdiscs in its place """
    levels = []
    if place == "below_tbf":
        levels.append(Qdisc(cfg, "root", "tbf rate 50mbit burst 12kb limit 10mb", "1:"))
    levels.append(Qdisc(cfg, "parent 1:1" if levels else "root", "txpath"))
    resets, lost = cfg.resets(), cfg.link_lost()
    with TcpStreams(*cfg.ends, "4") as streams:
        streams.progress(1 << 18)
        for words in CHANGES:
            levels[-1].change(f"txpath {words}")
            streams.progress(1 << 16)
        for kind in ("pfifo_fast", "txpath", "fq_codel", "txpath"):
            levels[-1].replace(kind)
            streams.progress(1 << 18)
        ksft_eq((resets(), lost()), ({}, 0), "connections reset, carrier moved")
    for level in levels:
        wait_until(level.is_empty, "the queue does not empty")


def default_qdisc(cfg) -> None:
    """ As the default it is below mq for each transmit queue there is """
    queues = cfg.dut.queues()
    defer(cfg.dut.ethtool, f"-L {cfg.ifname} combined {queues}")
    # made anew with the default there is then
    defer(tc, f"qdisc del dev {cfg.ifname} root")
    sysctl(cfg.dut, "net.core.default_qdisc", "txpath")
    tc(f"qdisc replace dev {cfg.ifname} root handle 1: mq")

    def count():
        return len(children(cfg, "txpath"))
    for combined in sorted({queues, 1, min(2, queues)}, reverse=True) + [queues]:
        cfg.dut.ethtool(f"-L {cfg.ifname} combined {combined}")
        ksft_eq(settled(count, combined), combined)
        cfg.dut.ping(cfg.peer, "4")
    defer(cfg.wait_link)
    defer(cfg.dut.ip, f"link set dev {cfg.ifname} up")
    cfg.dut.ip(f"link set dev {cfg.ifname} down")
    cfg.dut.ip(f"link set dev {cfg.ifname} up")
    cfg.wait_link()
    ksft_eq(count(), queues)


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg, txpath_module():
        ksft_run([refused, memory, changes, default_qdisc], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
