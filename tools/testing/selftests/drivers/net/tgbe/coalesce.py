#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
ethtool -c/-C and -Q: every field is taken and read back, limits are named, and the
interrupts follow while packets flow.
"""

import re

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_gt, ksft_in, ksft_true, ksft_variants
from lib.py import CmdExitFailure, KsftSkipEx
from lib.py import defer, sum_stats, TgbeEnv, UdpFlow

USECS_MAX = {"igb": 8191, "e1000e": 16776}
FRAMES_MAX = 4096
FIELDS = [f"{way}-{what}" for way in ("rx", "tx")
          for what in ("usecs", "frames", "usecs-irq", "frames-irq")]
ADAPTIVE = {"rx": "adaptive-rx", "tx": "adaptive-tx"}


def _settings(end):
    return end.ethtool(f"-c {end.ifname}", json=True)[0]


def _restore(cfg):
    was = _settings(cfg.dut)
    words = [f"{name} {was[name]}" for name in FIELDS]
    words += [f"{name} {'on' if was[name] else 'off'}" for name in ADAPTIVE.values()]
    defer(cfg.dut.ethtool, f"-C {cfg.ifname} " + " ".join(words))


def _set(cfg, **kwargs):
    words = " ".join(f"{k.replace('_', '-')} {v}" for k, v in kwargs.items())
    cfg.dut.ethtool(f"-C {cfg.ifname} {words}")


def _limit(cfg, field):
    return USECS_MAX[cfg.chip] if "usecs" in field else FRAMES_MAX


@ksft_variants(FIELDS)
def each_field(cfg, name) -> None:
    """ A field takes its whole range exactly, and nothing beyond it """
    _restore(cfg)
    lost = cfg.link_lost()
    limit = _limit(cfg, name)
    before = _settings(cfg.dut)
    for value in (limit, 1, 777, 0):
        cfg.dut.ethtool(f"-C {cfg.ifname} {name} {value}")
        ksft_eq(_settings(cfg.dut), before | {name: value})
    for value in (limit + 1, 1 << 31):
        try:
            cfg.dut.ethtool(f"-C {cfg.ifname} {name} {value}")
            ksft_true(False, f"{name} {value} was accepted")
        except CmdExitFailure as ex:
            ksft_in(str(limit), ex.cmd.stderr)
    ksft_eq(_settings(cfg.dut)[name], 0, "a refused value changed something")
    ksft_eq(lost(), 0, "carrier moved")


@ksft_variants(["rx", "tx"])
def adaptive(cfg, way) -> None:
    """ Adaptive moderation can be switched under load """
    _restore(cfg)
    lost = cfg.link_lost()
    with UdpFlow(*cfg.ends) as out, UdpFlow(*reversed(cfg.ends)) as back:
        for word, value in (("on", True), ("off", False), ("on", True)):
            cfg.dut.ethtool(f"-C {cfg.ifname} {ADAPTIVE[way]} {word}")
            ksft_eq(_settings(cfg.dut)[ADAPTIVE[way]], value)
            for flow in (out, back):
                flow.progress(500)
    ksft_eq(lost(), 0, "carrier moved")
    for flow in (out, back):
        ksft_ge(cfg.may_lose(flow.tally), flow.tally.lost)


def _moved(cfg, flow, packets):
    """Interrupts and frames received on all queues, while @packets arrive"""
    def counts():
        stats = cfg.dut.ethtool_stats()
        return (sum_stats(stats, r"queue_\d+_interrupts"),
                sum_stats(stats, r"rx_queue_\d+_packets"))
    flow.progress(packets // 4)     # let the change take effect
    first = counts()
    flow.progress(packets)
    last = counts()
    return last[0] - first[0], last[1] - first[1]


def usecs_trade(cfg) -> None:
    """ More microseconds, fewer interrupts for each packet """
    if cfg.irqmode != "msix" and cfg.chip == "igb":
        raise KsftSkipEx("the emulated 82576 moderates MSI-X only")
    _restore(cfg)
    ratios = []
    # one flow of one IP version: one queue, so that intervals collect frames
    with UdpFlow(cfg.peer, cfg.dut, pps=4000, ipvers="4") as flow:
        # an emulated 82574L waits 128 us at least, and a frame comes every 250 us
        for usecs in (0, 1000, 3000, 8000):
            _set(cfg, rx_usecs=usecs, tx_usecs=usecs)
            irqs, frames = _moved(cfg, flow, 4000)
            ksft_pr(f"{usecs} us: {irqs} interrupts for {frames} frames")
            ratios.append(irqs / frames)
    for more, less in zip(ratios, ratios[1:]):
        ksft_gt(more, less)


def frames_target(cfg) -> None:
    """ rx-frames 16 brings about 16 frames with each interrupt """
    if cfg.irqmode != "msix" and cfg.chip == "igb":
        raise KsftSkipEx("the emulated 82576 moderates MSI-X only")
    _restore(cfg)
    with UdpFlow(cfg.peer, cfg.dut, pps=4000, ipvers="4") as flow:
        _set(cfg, rx_usecs=USECS_MAX[cfg.chip], tx_usecs=USECS_MAX[cfg.chip], rx_frames=16)
        flow.progress(2000)
        # of several looks the one in the middle: a sender that lost its CPU makes
        # up for it in a burst
        looks = sorted(frames / irqs for irqs, frames in
                       (_moved(cfg, flow, 1000) for _ in range(9)))
        ksft_pr("frames for each interrupt:", [round(look, 1) for look in looks])
        ksft_ge(looks[4], 8)
        ksft_ge(24, looks[4])


def per_queue(cfg) -> None:
    """ ethtool -Q: a queue of its own mind; -C sets all again """
    if cfg.dut.queues() < 2:
        raise KsftSkipEx("one queue")
    _restore(cfg)
    _set(cfg, rx_usecs=50)
    cfg.dut.ethtool(f"-Q {cfg.ifname} queue_mask 0x2 --coalesce rx-usecs 300")

    def usecs(queue):
        out = cfg.dut.ethtool(f"-Q {cfg.ifname} queue_mask {1 << queue:#x} --show-coalesce").stdout
        return int(re.search(r"^rx-usecs:\s+(\d+)", out, re.M).group(1))
    ksft_eq([usecs(0), usecs(1)], [50, 300])
    _set(cfg, rx_usecs=70)
    ksft_eq([usecs(0), usecs(1)], [70, 70])


def kept_over_down(cfg) -> None:
    """ Settings are in force again after the interface was down """
    _restore(cfg)
    defer(cfg.wait_link)
    _set(cfg, rx_usecs=123, tx_frames=9)
    cfg.dut.ip(f"link set dev {cfg.ifname} down")
    cfg.dut.ip(f"link set dev {cfg.ifname} up")
    cfg.wait_link()
    now = _settings(cfg.dut)
    ksft_eq((now["rx-usecs"], now["tx-frames"]), (123, 9))


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        ksft_run([each_field, adaptive, usecs_trade, frames_target, per_queue,
                  kept_over_down], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
