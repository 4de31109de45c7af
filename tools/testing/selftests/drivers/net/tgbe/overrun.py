#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
What a ring holds while nobody empties it: its size is what a burst finds and the last
frame waits for, and what it loses is counted, the same wherever one looks.
"""

import time
from contextlib import contextmanager
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_gt, ksft_variants
from lib.py import KsftFailEx, KsftSkipEx
from lib.py import Bar, defer, exchange, keep_coalescing, Pktgen, settled, TgbeEnv, UdpPair, \
    wait_until

BURST = 1500
SMALL, LARGE = 64, 4096
LATE = 8000     # microseconds, nearly the most that the 82576 can

# Of the 82576: the masks of the vectors, the first of which is queue 0's
EIMS, EIMC = 0x1524, 0x1528
VECTOR = 1 << 0
# Bytes of descriptors of receive queue 0, which has 16 for each
RDLEN = {"igb": 0xc008, "e1000e": 0x2808}


def _all_to_queue_0(cfg):
    """Until the test ends, which also gives the rings back their sizes"""
    defer(cfg.dut.ethtool, f"-X {cfg.ifname} default")
    cfg.dut.ethtool(f"-X {cfg.ifname} equal 1")
    defer(cfg.dut.set_rings, *cfg.dut.rings())


def _rx_ring(cfg):
    """Size, limit and indices of receive ring 0"""
    dump = Path(f"/sys/kernel/debug/tgbe/{cfg.pci}/rx-0").read_text("ascii")
    words = dump.splitlines()[0].split()
    return {name: int(value) for name, value in zip(words[::2], words[1::2])}


def _posted(cfg):
    """Buffers that the chip has"""
    ring = _rx_ring(cfg)
    return (ring["tail"] - ring["head"]) % ring["size"]


@ksft_variants([SMALL, 1000, LARGE])
def size_is_the_rings(cfg, size) -> None:
    """ ethtool -G rx is what the chip has of descriptors, or of buffers """
    _all_to_queue_0(cfg)
    cfg.dut.ethtool(f"-G {cfg.ifname} rx {size}")
    with Bar(cfg.pci) as card:
        entries = card[RDLEN[cfg.chip]] // 16
    # the array of the 82574L stays, and its size is what is posted of it
    ksft_eq(entries, size if cfg.chip == "igb" else LARGE)
    ksft_eq(_rx_ring(cfg)["limit"], size)
    # many frames, so that what was posted before is used up
    exchange(*cfg.ends, "4", cfg.data)
    # refilled in steps, of an eighth at most
    ksft_eq(settled(lambda: size * 7 // 8 - 1 <= _posted(cfg) < size, True), True,
            f"the chip has {_posted(cfg)} buffers")


@contextmanager
def _unpolled(card):
    """Queue 0 does not interrupt meanwhile, so nobody looks at it"""
    def masked():
        card[EIMC] = VECTOR
        # a poll that is under way unmasks it at its end: so many readings take longer
        return not any(card[EIMS] & VECTOR for _ in range(1000))
    wait_until(masked, "the vector cannot be masked")
    try:
        yield
        if card[EIMS] & VECTOR:
            raise KsftFailEx("the queue was polled all the same")
    finally:
        card[EIMS] = VECTOR


def _arrived(cfg):
    return cfg.dut.ethtool_stats()["rx_queue_0_packets"]


def _burst(cfg, size):
    """How many frames of a burst come through a ring of this size"""
    cfg.dut.ethtool(f"-G {cfg.ifname} rx {size}")
    before = _arrived(cfg)
    with Bar(cfg.pci) as card, _unpolled(card):
        Pktgen.burst(cfg.peer, cfg.dut, BURST)
    # an answer comes behind them
    wait_until(lambda: cfg.dut.reachable(cfg.peer.addr_v["4"]), "the queue stands still")
    settled(lambda: _arrived(cfg) - before >= BURST, size == LARGE)
    return _arrived(cfg) - before


def _needs_drops(cfg):
    if cfg.chip != "igb":
        raise KsftSkipEx("the emulated 82574L keeps frames back until there is room")
    if cfg.dut.queues() < 2:
        raise KsftSkipEx("a queue that is alone keeps frames back until there is room")
    cfg.pin_neighbours()
    _all_to_queue_0(cfg)


def burst_fits_or_not(cfg) -> None:
    """ Of a burst a ring of 64 keeps 64 at most, and one of 4096 all """
    _needs_drops(cfg)
    small, large = _burst(cfg, SMALL), _burst(cfg, LARGE)
    ksft_pr(f"of {BURST} frames: {small} with {SMALL}, {large} with {LARGE}")
    ksft_gt(small, 0)
    # and what is not of the burst, such as the ping
    ksft_ge(SMALL + 16, small)
    ksft_ge(large, BURST)


def _views(cfg):
    """Frames lost because the ring was full, everywhere where they are shown"""
    # updates what the others show
    ethtool = cfg.dut.ethtool_stats()["rx_fifo_errors"]
    row, = (r for r in Path("/proc/net/dev").read_text("ascii").splitlines()
            if r.strip().startswith(cfg.ifname + ":"))
    return {"ethtool -S": ethtool, "ip -s -s": cfg.dut.stats()["rx"]["fifo_errors"],
            "/proc/net/dev": int(row.split(":")[1].split()[4]),
            "sysfs": int(cfg.dut.sysfs("statistics/rx_fifo_errors"))}


def _other_losses(cfg):
    shown = cfg.dut.stats()["rx"]
    return {name: shown[name] for name in ("errors", "dropped", "crc_errors", "frame_errors",
                                           "length_errors")}


def loss_is_shown(cfg) -> None:
    """ What finds the ring full counts as fifo errors in each view, and as nothing else """
    _needs_drops(cfg)
    before, others = _views(cfg), _other_losses(cfg)
    _burst(cfg, SMALL)
    after = wait_until(lambda: views if len(set((views := _views(cfg)).values())) == 1
                       else None, "the views differ")
    ksft_pr("before:", before, "after:", after)
    for name, value in after.items():
        ksft_gt(value, before[name], name)
    ksft_eq(_other_losses(cfg), others)
    after = _views(cfg)
    _burst(cfg, LARGE)
    ksft_eq(_views(cfg), after, "a ring with room lost frames")


def delay_grows(cfg) -> None:
    """ What arrives last in a full ring waits for all in front: longer in a large one """
    _needs_drops(cfg)
    pair = UdpPair(*reversed(cfg.ends), "4")
    defer(pair.close)

    def delay(size):
        cfg.dut.ethtool(f"-G {cfg.ifname} rx {size}")
        with Bar(cfg.pci) as card:
            with _unpolled(card):
                # what is posted is less by a batch of the refill at most
                Pktgen.burst(cfg.peer, cfg.dut, size * 3 // 4)
                pair.send(bytes(100))
                start = time.monotonic()
            pair.rx.recv(200)
        return time.monotonic() - start
    # one may be late for another reason
    delays = {size: min(delay(size) for _ in range(3)) for size in (SMALL, LARGE)}
    ksft_pr("ms until the last one is there:", {size: 1000 * s for size, s in delays.items()})
    ksft_gt(delays[LARGE], delays[SMALL])


def burst_stops_or_not(cfg) -> None:
    """
    A burst that is completed late stops the queue of a transmit ring of 64, and not that
    of one of 4096; both send all of it
    """
    cfg.one_queue()
    defer(cfg.dut.set_rings, *cfg.dut.rings())
    keep_coalescing(cfg.dut)
    cfg.dut.ethtool(f"-C {cfg.ifname} adaptive-rx off adaptive-tx off rx-usecs {LATE} "
                    f"tx-usecs {LATE} rx-frames 0 tx-frames 0")

    def stops(size):
        cfg.dut.ethtool(f"-G {cfg.ifname} tx {size}")
        before = cfg.dut.ethtool_stats()["tx_queue_0_stops"]
        # returns when all are sent
        Pktgen.burst(cfg.dut, cfg.peer, BURST)
        return cfg.dut.ethtool_stats()["tx_queue_0_stops"] - before
    small, large = stops(SMALL), stops(LARGE)
    ksft_pr(f"of {BURST} frames: {small} stops with {SMALL}, {large} with {LARGE}")
    ksft_gt(small, 0)
    ksft_eq(large, 0)


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        cfg.data = bytes(range(256)) * (4 << 12)
        ksft_run([size_is_the_rings, burst_fits_or_not, loss_is_shown, delay_grows,
                  burst_stops_or_not], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
