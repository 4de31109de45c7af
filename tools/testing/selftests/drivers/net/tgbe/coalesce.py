#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
ethtool -c/-C and -Q: every field is taken and read back, limits are named, and the
interrupts and the latency follow while packets flow.
"""

import os
import re
from pathlib import Path
from statistics import median

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_gt, ksft_in, ksft_true, ksft_variants
from lib.py import CmdExitFailure, KsftSkipEx
from lib.py import defer, exchange, keep_coalescing, Pktgen, sum_stats, TgbeEnv, UdpFlow
from lib.py import DEBUG_KERNEL, EXACT

USECS_MAX = {"igb": 8191, "e1000e": 16776}
FRAMES_MAX = 4096
FIELDS = [f"{way}-{what}" for way in ("rx", "tx")
          for what in ("usecs", "frames", "usecs-irq", "frames-irq")]
ADAPTIVE = {"rx": "adaptive-rx", "tx": "adaptive-tx"}

# An interval that collects dozens of frames on either emulated card, and that
# adaptive moderation never chooses
LONG = 8000
# Microseconds over which latency is traded for interrupts, those that adaptive
# moderation is compared with, and those between two frames of the load
STEPS = (0, 50, 200, 500, 1000, 2000)
FIXED = (0, 50, 200, 1000)
GAP = 50
# Microseconds between the bursts in which an emulated machine of exact time brings the
# frames, whatever lies between them (seen with gaps of 50 and of 100): no interrupt and
# no answer comes sooner
BURSTS = 200
# Looks at each setting, of which the one in the middle counts
LOOKS = 3


def _settings(end):
    return end.ethtool(f"-c {end.ifname}", json=True)[0]


def _by_hand(cfg):
    """The settings come back when the test ends; adaptive moderation leaves them alone"""
    keep_coalescing(cfg.dut)
    _set(cfg, adaptive_rx="off", adaptive_tx="off")


def _set(cfg, **kwargs):
    words = " ".join(f"{k.replace('_', '-')} {v}" for k, v in kwargs.items())
    cfg.dut.ethtool(f"-C {cfg.ifname} {words}")


def _set_both(cfg, usecs):
    _set(cfg, rx_usecs=usecs, tx_usecs=usecs)


def _needs_moderation(cfg):
    if cfg.irqmode != "msix" and cfg.chip == "igb":
        raise KsftSkipEx("the emulated 82576 moderates MSI-X only")


def _needs_exact_time(cfg):
    """
    Where a virtual CPU may be away for milliseconds, intervals tell little. A machine
    whose time is exact says so: an emulated one that counts instructions, or a real one.
    """
    _needs_moderation(cfg)
    if not EXACT:
        raise KsftSkipEx("wants a machine whose time is exact: CONFIG=*-exact")


def _limit(cfg, field):
    return USECS_MAX[cfg.chip] if "usecs" in field else FRAMES_MAX


@ksft_variants(FIELDS)
def each_field(cfg, name) -> None:
    """ A field takes its whole range exactly, and nothing beyond it """
    _by_hand(cfg)
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


def _counts(cfg, way="rx", queue=r"\d+"):
    """Interrupts and frames of one queue, or of all"""
    stats = cfg.dut.ethtool_stats()
    return (sum_stats(stats, rf"queue_{queue}_interrupts"),
            sum_stats(stats, rf"{way}_queue_{queue}_packets"))


def _ratio(cfg, flow, packets=4000, way="rx", queue=r"\d+"):
    """Interrupts for each frame while so many packets arrive"""
    flow.progress(packets // 4)     # let the change take effect
    first = _counts(cfg, way, queue)
    flow.progress(packets)
    irqs, frames = (b - a for a, b in zip(first, _counts(cfg, way, queue)))
    ksft_pr(f"{irqs} interrupts for {frames} frames")
    ksft_gt(irqs, 0, "interrupts")
    return irqs / frames


def _one_flow(cfg, way="rx"):
    """4,000 frames a second, evenly, on one queue, so that intervals collect frames"""
    ends = cfg.ends if way == "tx" else cfg.ends[::-1]
    return Pktgen(*ends, 250)


def _fewer(less, more, comment=None, times=1):
    """ So many times fewer interrupts """
    ksft_gt(more, times * less, comment)


@ksft_variants(["rx", "tx"])
def adaptive(cfg, way) -> None:
    """ Adaptive moderation takes the place of the microseconds, and gives it back """
    _needs_exact_time(cfg)
    _by_hand(cfg)
    lost = cfg.link_lost()
    _set_both(cfg, LONG)
    ratios = []
    with _one_flow(cfg, way) as flow:
        for word, value in (("off", False), ("on", True), ("off", False)):
            cfg.dut.ethtool(f"-C {cfg.ifname} {ADAPTIVE[way]} {word}")
            ksft_eq(_settings(cfg.dut)[ADAPTIVE[way]], value)
            ksft_eq(_settings(cfg.dut)[f"{way}-usecs"], LONG)
            ratios.append(_ratio(cfg, flow, way=way))
    _fewer(ratios[0], ratios[1], "the microseconds were in force", 3)
    _fewer(ratios[2], ratios[1], "the microseconds did not come back", 3)
    ksft_eq(lost(), 0, "carrier moved")


@ksft_variants(["rx", "tx"])
def adaptive_under_load(cfg, way) -> None:
    """ It is switched without loss """
    _by_hand(cfg)
    lost = cfg.link_lost()
    with UdpFlow(*cfg.ends) as out, UdpFlow(*reversed(cfg.ends)) as back:
        for word in ("on", "off", "on"):
            cfg.dut.ethtool(f"-C {cfg.ifname} {ADAPTIVE[way]} {word}")
            for flow in (out, back):
                flow.progress(300)
    ksft_eq(lost(), 0, "carrier moved")
    for flow in (out, back):
        ksft_ge(cfg.may_lose(flow.tally), flow.tally.lost)


@ksft_variants(["rx", "tx"])
def usecs_trade(cfg, way) -> None:
    """ More microseconds, fewer interrupts for each packet """
    _needs_exact_time(cfg)
    _by_hand(cfg)
    ratios = []
    with _one_flow(cfg, way) as flow:
        # an emulated 82574L waits 128 us at least, and a frame comes every 250 us
        for usecs in (0, 1000, 3000, LONG):
            _set_both(cfg, usecs)
            ratios.append(_ratio(cfg, flow, way=way))
    for more, less in zip(ratios, ratios[1:]):
        _fewer(less, more)


@ksft_variants(["rx", "tx"])
def usecs_of_each(cfg, way) -> None:
    """ The microseconds of a direction that has nothing to do have no say """
    _needs_exact_time(cfg)
    _by_hand(cfg)
    other = {"rx": "tx", "tx": "rx"}[way]
    ratios = []
    with _one_flow(cfg, way) as flow:
        for usecs, others in ((LONG, 0), (0, LONG)):
            cfg.dut.ethtool(f"-C {cfg.ifname} {way}-usecs {usecs} {other}-usecs {others}")
            ratios.append(_ratio(cfg, flow, way=way))
    _fewer(ratios[0], ratios[1], times=3)


def _emulated(cfg, usecs):
    """The interval in microseconds that the emulated card makes of so many"""
    return 4.096 * usecs if cfg.chip == "igb" else max(128, usecs)


def _distinct_steps(cfg):
    """
    The steps that the emulation can tell apart: each interval twice as long, and of two
    gaps between frames at least, for it begins with a frame's interrupt and ends with one
    """
    steps = [STEPS[0]]
    for usecs in STEPS[1:]:
        if _emulated(cfg, usecs) >= 2 * max(_emulated(cfg, steps[-1]), GAP):
            steps.append(usecs)
    return steps


def _rtt(cfg, count, distance):
    """The median of the round trip times of so many pings, in milliseconds"""
    out = cfg.dut.cmd(f"ping -n -i {distance} -c {count} -W 5 {cfg.remote_addr_v['4']}",
                      fail=False, timeout=60).stdout
    times = [float(ms) for ms in re.findall(r"time=([\d.]+) ms", out)]
    ksft_ge(len(times), count // 2, "answers")
    return median(times)


def latency_trade(cfg) -> None:
    """
    Over rx-usecs 0 to 2000, as far as the emulation can tell them apart, interrupts per
    packet fall and the round trip under load takes longer, if the interval can delay it
    """
    _needs_exact_time(cfg)
    _by_hand(cfg)
    # Pings wait with the load, and at the peer not with what it sends
    if cfg.dut.queues() > 1:
        for end, weights in ((cfg.dut, "1 0"), (cfg.peer, "0 1")):
            defer(end.ethtool, f"-X {end.ifname} default")
            weights += " 0" * (end.queues() - 2)
            end.ethtool(f"-X {end.ifname} weight {weights}")
    looks = {usecs: [] for usecs in _distinct_steps(cfg)}
    with Pktgen(cfg.peer, cfg.dut, GAP):
        for usecs in list(looks) * LOOKS:
            _set_both(cfg, usecs)
            first = _counts(cfg)
            rtt = _rtt(cfg, 150, 0.007)
            irqs, frames = (b - a for a, b in zip(first, _counts(cfg)))
            ksft_pr(f"{usecs} us: {irqs} interrupts for {frames} frames, "
                    f"round trip {rtt:.2f} ms")
            looks[usecs].append((irqs / frames, rtt))
    steps = [[median(values) for values in zip(*look)] for look in looks.values()]
    ksft_ge(len(steps), 4, "steps")
    for usecs, (more, sooner), (less, later) in zip(list(looks)[1:], steps, steps[1:]):
        ksft_gt(more, less, "interrupts for each packet")
        # An interval of about one burst does not delay what waits for the burst
        delays = _emulated(cfg, usecs) > 2 * BURSTS
        ksft_gt(later, sooner * (1 if delays else 0.8), "round trip under load")


def adaptive_is_best(cfg) -> None:
    """
    Adaptive moderation has at least 90 % of the throughput of the best fixed
    setting and at most 1.25 times the round trip of the best one when idle
    """
    _needs_exact_time(cfg)
    _by_hand(cfg)
    choices = {str(usecs): {"rx_usecs": usecs, "tx_usecs": usecs, "adaptive_rx": "off",
                            "adaptive_tx": "off"} for usecs in FIXED}
    choices["adaptive"] = {"adaptive_rx": "on", "adaptive_tx": "on"}
    looks = {name: [] for name in choices}
    for name, words in list(choices.items()) * LOOKS:
        _set(cfg, **words)
        seconds = exchange(*cfg.ends, "4", cfg.data)
        looks[name].append((2 * len(cfg.data) / seconds / (1 << 20), _rtt(cfg, 50, 0.01)))
    for name, look in looks.items():
        ksft_pr(name + ":", ", ".join(f"{s:.0f} MiB/s {r:.2f} ms" for s, r in look))
    middle = {name: [median(values) for values in zip(*look)] for name, look in looks.items()}
    speed, rtt = middle.pop("adaptive")
    speed /= max(s for s, _ in middle.values())
    rtt /= min(r for _, r in middle.values())
    ksft_pr(f"adaptive: {speed:.2f} of the best throughput, {rtt:.2f} of the best round trip")
    ksft_ge(speed, 0.9)
    ksft_ge(1.25, rtt)


@ksft_variants(["rx", "tx"])
def frames_target(cfg, way) -> None:
    """ 16 frames wished for, about 16 come with each interrupt """
    _needs_exact_time(cfg)
    _by_hand(cfg)
    with _one_flow(cfg, way) as flow:
        _set_both(cfg, USECS_MAX[cfg.chip])
        _set(cfg, **{f"{way}_frames": 16})
        flow.progress(2000)
        frames = 1 / _ratio(cfg, flow, 4000, way)
        ksft_pr(f"{frames:.1f} frames for each interrupt")
        ksft_ge(frames, 8)
        ksft_ge(24, frames)


def _set_batch(cfg, way, batch):
    """The share of a poll: of 1, no poll is enough for what an interrupt brings"""
    name = {"rx": "rx_poll_batch", "tx": "tx_clean_batch"}[way]
    knob = Path(f"/sys/class/net/{cfg.ifname}/tgbe/{name}")
    defer(knob.write_text, knob.read_text("ascii"), encoding="ascii")
    knob.write_text(str(batch), encoding="ascii")


@ksft_variants(["rx", "tx"])
def usecs_irq(cfg, way) -> None:
    """ usecs-irq takes the place of usecs while one poll is not enough, and only then """
    _needs_exact_time(cfg)
    _by_hand(cfg)
    _set_both(cfg, 0)
    _set(cfg, **{f"{way}_usecs_irq": LONG})
    with _one_flow(cfg, way) as flow:
        enough = _ratio(cfg, flow, way=way)
        _set_batch(cfg, way, 1)
        busy = _ratio(cfg, flow, way=way)
        _set(cfg, **{f"{way}_usecs_irq": 0})
        none = _ratio(cfg, flow, way=way)
    _fewer(busy, enough, times=3)
    _fewer(busy, none, "0 is as usecs", 3)


@ksft_variants(["rx", "tx"])
def frames_irq(cfg, way) -> None:
    """ frames-irq takes the place of frames while one poll is not enough, and only then """
    _needs_exact_time(cfg)
    _by_hand(cfg)
    _set_both(cfg, LONG)
    _set(cfg, **{f"{way}_frames_irq": 2})
    # what comes in the interval is one poll's
    _set_batch(cfg, way, 256)
    with _one_flow(cfg, way) as flow:
        enough = _ratio(cfg, flow, way=way)
        _set_batch(cfg, way, 1)
        busy = _ratio(cfg, flow, way=way)
    _fewer(enough, busy, times=3)


def _set_one(cfg, queue, usecs):
    cfg.dut.ethtool(f"-Q {cfg.ifname} queue_mask {1 << queue:#x} --coalesce "
                    f"rx-usecs {usecs} tx-usecs {usecs}")


def _usecs_of(cfg, queue):
    out = cfg.dut.ethtool(f"-Q {cfg.ifname} queue_mask {1 << queue:#x} --show-coalesce").stdout
    return int(re.search(r"^rx-usecs:\s+(\d+)", out, re.M).group(1))


def per_queue(cfg) -> None:
    """ ethtool -Q: a queue of its own mind, as its interrupts tell; -C sets all again """
    if cfg.dut.queues() < 2:
        raise KsftSkipEx("one queue")
    if DEBUG_KERNEL:
        raise KsftSkipEx("a debug kernel polls without end: there are no interrupts to tell by")
    _by_hand(cfg)
    defer(cfg.dut.ethtool, f"-X {cfg.ifname} default")

    def ratios(flow):
        """Of queue 0 and of queue 1, each while all frames are its own"""
        for queue in (0, 1):
            weights = " ".join(str(int(q == queue)) for q in range(cfg.dut.queues()))
            cfg.dut.ethtool(f"-X {cfg.ifname} weight {weights}")
            yield _ratio(cfg, flow, 2000, queue=queue)

    def differ(flow, slow, words):
        """
        This queue interrupts less than the other; how often that does. Of some looks
        the best: frames of a CPU that was away come at once
        """
        looks = []
        while len(looks) < 3:
            looks.append(list(ratios(flow)))
            long, short = min(look[slow] for look in looks), max(look[1 - slow] for look in looks)
            if 3 * long <= short:
                break
        _fewer(long, short, words, 3)
        return short

    with _one_flow(cfg) as flow:
        _set_both(cfg, 0)
        _set_one(cfg, 1, LONG)
        ksft_eq([_usecs_of(cfg, 0), _usecs_of(cfg, 1)], [0, LONG])
        differ(flow, 1, "queue 1 is as the others")
        _set_one(cfg, 0, LONG)
        _set_one(cfg, 1, 0)
        short = differ(flow, 0, "queue 0 is as the others")
        # -C of what queue 0 has would change nothing, says the kernel
        _set_both(cfg, LONG - 1)
        ksft_eq([_usecs_of(cfg, 0), _usecs_of(cfg, 1)], [LONG - 1, LONG - 1])
        for ratio in ratios(flow):
            _fewer(ratio, short, "a queue kept its own", 3)


def kept_over_down(cfg) -> None:
    """ Settings are in force again after the interface was down """
    _needs_exact_time(cfg)
    _by_hand(cfg)
    defer(cfg.wait_link)

    def ratio(usecs):
        if usecs is not None:
            _set_both(cfg, usecs)
        with _one_flow(cfg) as flow:
            return _ratio(cfg, flow, 2000)
    _set(cfg, tx_frames=9)
    short, before = ratio(0), ratio(LONG)
    cfg.dut.ip(f"link set dev {cfg.ifname} down")
    cfg.dut.ip(f"link set dev {cfg.ifname} up")
    cfg.wait_link()
    now = _settings(cfg.dut)
    ksft_eq((now["rx-usecs"], now["tx-frames"]), (LONG, 9))
    _fewer(before, short, times=3)
    _fewer(ratio(None), short, "the chip was not told again", 3)


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        cfg.data = os.urandom(16 << 20)
        ksft_run([each_field, adaptive, adaptive_under_load, usecs_trade, usecs_of_each,
                  latency_trade, adaptive_is_best, frames_target, usecs_irq, frames_irq, per_queue,
                  kept_over_down],
                 args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
