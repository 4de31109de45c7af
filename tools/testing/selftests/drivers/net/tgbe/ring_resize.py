#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
ethtool -G while packets flow: the link stays, packets are not lost, and sizes
that cannot be are refused with a text that says what can.
"""

import os
import re

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_in, ksft_ne, ksft_variants
from lib.py import CmdExitFailure
from lib.py import defer, exchange, TgbeEnv, UdpFlow, DEBUG_KERNEL

RESIZES = 12
MIN_SIZE, MAX_SIZE = 64, 4096


def _keep_rings(end):
    defer(end.set_rings, *end.rings())


def _resize(end, times=RESIZES):
    """Go back and forth between two sizes, and see that each took"""
    for i in range(times):
        size = (512, 256)[i % 2]
        end.set_rings(size, size)
        ksft_eq(end.rings(), (size, size))


def resize_under_udp(cfg) -> None:
    """ 12 resizes with 1,250 UDP packets/s in each direction """
    _keep_rings(cfg.dut)
    lost = cfg.link_lost()
    with UdpFlow(*cfg.ends) as out, UdpFlow(*reversed(cfg.ends)) as back:
        for _ in range(RESIZES // 2):
            _resize(cfg.dut, 2)
            for flow in (out, back):
                flow.progress(500)
    ksft_eq(lost(), 0, "carrier moved")
    for name, flow in (("tx", out), ("rx", back)):
        tally = flow.tally
        ksft_pr(f"{name}: {tally.sent} packets at {tally.sent / flow.seconds:.0f}/s, "
                f"lost {tally.lost}, doubled {tally.doubled}, spoilt {tally.spoilt}")
        # an emulated machine with fewer CPUs, or with a debug kernel, is too slow
        if os.cpu_count() >= 4 and not DEBUG_KERNEL:
            ksft_ge(tally.sent / flow.seconds, 1000, f"{name}: packets/s")
        ksft_ge(cfg.may_lose(tally), tally.lost, f"{name}: packets lost")
        ksft_eq(tally.doubled, 0, f"{name}: packets doubled")
        ksft_eq(tally.spoilt, 0, f"{name}: packets changed on the way")


@ksft_variants(["4", "6"])
def resize_under_tcp(cfg, ipver) -> None:
    """ 12 resizes under TCP in both directions; the digests agree """
    _keep_rings(cfg.dut)
    lost = cfg.link_lost()
    seconds = exchange(*cfg.ends, ipver, cfg.data, meanwhile=lambda: _resize(cfg.dut))
    ksft_pr(f"{2 * len(cfg.data) / seconds / (1 << 20):.1f} MiB/s with {RESIZES} resizes")
    ksft_eq(lost(), 0, "carrier moved")


@ksft_variants([(which, size) for which in ("rx", "tx")
                for size in (0, 63, 65, 100, 4097, 8192)])
def refused(cfg, which, size) -> None:
    """ A size that cannot be is refused, and changes nothing """
    _keep_rings(cfg.dut)
    before = cfg.dut.rings()
    lost = cfg.link_lost()
    with UdpFlow(*cfg.ends) as flow:
        try:
            cfg.dut.ethtool(f"-G {cfg.ifname} {which} {size}")
            ksft_ne(size, size, "was accepted")
        except CmdExitFailure as ex:
            _check_text(ex.cmd.stderr, size)
        flow.progress(50)
    ksft_eq(cfg.dut.rings(), before)
    ksft_eq(lost(), 0, "carrier moved")
    ksft_eq(flow.tally.lost, 0, "packets lost")


def _check_text(text, size):
    ksft_pr(text.strip())
    if size > MAX_SIZE:
        # The core refuses these itself, in its own words
        ksft_in("exceeds", text)
        return
    numbers = [int(n) for n in re.findall(r"\d+", text)]
    ksft_in(MIN_SIZE, numbers, "the text does not name the lower limit")
    ksft_in(MAX_SIZE, numbers, "the text does not name the upper limit")


@ksft_variants([64, 72, 1000, 4096])
def accepted(cfg, size) -> None:
    """ A size that can be is taken as it is, for rx, tx and both; data flows """
    _keep_rings(cfg.dut)
    rx, tx = cfg.dut.rings()
    lost = cfg.link_lost()
    cfg.dut.ethtool(f"-G {cfg.ifname} rx {size}")
    ksft_eq(cfg.dut.rings(), (size, tx))
    cfg.dut.set_rings(rx, size)
    ksft_eq(cfg.dut.rings(), (rx, size))
    cfg.dut.set_rings(size, size)
    ksft_eq(cfg.dut.rings(), (size, size))
    exchange(*cfg.ends, "4", cfg.data[:4 << 20])
    ksft_eq(lost(), 0, "carrier moved")


def resize_when_down(cfg) -> None:
    """ A size set while the interface is down is in force when it is up again """
    _keep_rings(cfg.dut)
    defer(cfg.wait_link)
    defer(cfg.dut.ip, f"link set dev {cfg.ifname} up")
    cfg.dut.ip(f"link set dev {cfg.ifname} down")
    cfg.dut.set_rings(1024, 128)
    ksft_eq(cfg.dut.rings(), (1024, 128))
    cfg.dut.ip(f"link set dev {cfg.ifname} up")
    cfg.wait_link()
    ksft_eq(cfg.dut.rings(), (1024, 128))
    exchange(*cfg.ends, "4", cfg.data[:4 << 20])


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        cfg.data = bytes(range(256)) * (1 << 18)
        ksft_run([resize_under_udp, resize_under_tcp, refused, accepted,
                  resize_when_down], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
