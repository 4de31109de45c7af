#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
All live knobs, in any order and to any value, while traffic flows: the link stays,
no connection is reset, and what was sent arrives. The knobs are those that the
table in Documentation/ calls live.

TGBE_CHANGES is the number of changes under each kind of traffic (default 200): first
each knob once, or with fewer changes than knobs so many of them, then any again.
TGBE_SEED repeats a run, whose seed is printed.
"""

import os
import random

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_gt
from lib.py import CmdExitFailure, KsftFailEx
from lib.py import cmd, defer, read_knobs, rss_key, values_of
from lib.py import SEED, TcpStreams, TgbeEnv, UdpFlow

CHANGES = int(os.environ.get("TGBE_CHANGES", "200"))

# Smallest value and largest, where not all will do. IPv6 ends below an MTU of 1280,
# and the card lets in what the MTU lets out: the peer's frames are of 1500 bytes.
TCP_LIMITS = {"ip mtu": (1500, None)}
# Nothing makes up for what finds a ring full, which is no fault of a change: at
# 1,250 packets/s a ring must hold what comes in an interval (4 times as long on an
# emulated 82576), and while an emulated CPU is away
INTERVALS = {f"{tool} {way}-{what}": (0, 2000) for tool in ("-C", "-Q")
             for way in ("rx", "tx") for what in ("usecs", "usecs-irq")}
# An offload that needs another one waits for it, large frames have large buffers,
# and a rule for the filters to be on
MAY_BE_REFUSED = {"-K": "Could not change", "-G rx-buf-len": "must be 4096",
                  "-U rule": "not supported"}
UDP_LIMITS = {"ip mtu": (1280, None), "-G rx": (256, None)} | INTERVALS


class _Loop:
    """The live knobs, turned at random and put back in the end"""

    def __init__(self, cfg, limits):
        self._cfg = cfg
        self._limits = limits
        self._rng = random.Random(SEED)
        ksft_pr(f"TGBE_SEED={SEED}, {CHANGES} changes")
        self._pin_pause()
        self._knobs = [knob for knob in read_knobs()
                       if knob.live == "yes" and knob.on(cfg) and knob.name != "identify"]
        self._start = self._values()
        self._key = rss_key(cfg.dut)
        self.done, self.refused = {}, {}
        defer(self.restore)

    def _pin_pause(self):
        """Without autonegotiation PAUSE is live; that is renegotiated now and at the end"""
        cfg = self._cfg
        was = cfg.dut.ethtool(f"-a {cfg.ifname}", json=True)[0]
        word = {True: "on", False: "off"}
        defer(cfg.wait_link)
        defer(cfg.dut.ethtool, f"-A {cfg.ifname} autoneg {word[was['autonegotiate']]} "
              f"rx {word[was['rx']]} tx {word[was['tx']]}")
        cfg.dut.ethtool(f"-A {cfg.ifname} autoneg off rx on tx on")
        cfg.wait_link()

    def _values(self):
        return values_of(self._knobs, self._cfg.dut)

    def _change(self, knob):
        dut = self._cfg.dut
        if knob.key == "-L combined":
            # a table of the user's keeps its queues
            dut.ethtool(f"-X {dut.ifname} default")
        least, most = self._limits.get(knob.key, (0, None))
        value = "" if knob.is_action else knob.random(self._cfg, self._rng, least, most)
        result = self.done
        try:
            knob.run(dut, value)
        except CmdExitFailure as ex:
            said = ex.cmd.stderr + ex.cmd.stdout
            if MAY_BE_REFUSED.get(knob.key, MAY_BE_REFUSED.get(knob.tool, "\0")) not in said:
                raise KsftFailEx(f"{knob.key} {value}: {said.strip()}") from ex
            result = self.refused
        else:
            if knob.tool != "-X" and not knob.is_action:
                ksft_eq(knob.get(dut), value, knob.key)
        result[knob.key] = result.get(knob.key, 0) + 1

    def _order(self):
        """Each knob once in any order and then any of them, as many as there are changes"""
        order = self._rng.sample(self._knobs, len(self._knobs))
        tools = sorted({knob.tool for knob in self._knobs})
        while len(order) < CHANGES:
            # each tool in its turn as often as any other: most knobs are of two
            tool = self._rng.choice(tools)
            order.append(self._rng.choice([k for k in self._knobs if k.tool == tool]))
        return order[:CHANGES]

    def turn(self, wait):
        """All the changes; @wait is called after each"""
        for knob in self._order():
            self._change(knob)
            wait()
        ksft_pr("changes:", dict(sorted(self.done.items())))
        ksft_pr("refused:", dict(sorted(self.refused.items())))
        left = {knob.key for knob in self._knobs} - set(self.done) - set(self.refused)
        ksft_eq(len(left), max(0, len(self._knobs) - CHANGES), f"not turned: {sorted(left)}")
        # what others stand in the way of is seldom the case
        ksft_gt(sum(self.done.values()), CHANGES * 8 // 10, "changes that were made")

    def restore(self):
        """Everything as it was, and it shows"""
        dut = self._cfg.dut
        dut.ethtool(f"-X {dut.ifname} default")
        dut.ethtool(f"-X {dut.ifname} hkey {self._key}")
        features = " ".join(f"{key.split()[1]} {value}" for key, value in self._start.items()
                            if key.startswith("-K "))
        # says that it failed when there is nothing to change
        cmd(f"ethtool -K {dut.ifname} {features}", fail=False)
        # what one queue has of its own goes with a change of all
        usecs = int(self._values()["-C rx-usecs"]) ^ 1
        dut.ethtool(f"-C {dut.ifname} rx-usecs {usecs}")
        now = self._values()
        # what the size of buffers depends on first
        for knob in sorted(self._knobs, key=lambda knob: knob.key == "-G rx-buf-len"):
            if knob.tool not in ("-K", "-X") and now.get(knob.key) != self._start.get(knob.key):
                knob.run(dut, self._start[knob.key])
        ksft_eq(self._values(), self._start, "not as before")


def _bound(cfg, sent):
    """Of so many packets this number may be lost"""
    return 0 if cfg.chip == "igb" and cfg.expected_queues() > 1 else sent // 1000


def under_udp(cfg) -> None:
    """
    With 1,250 UDP packets/s each way. With several queues the 82576 loses none, for
    it steers to the others; elsewhere one in a thousand may be lost.
    """
    cfg.pin_neighbours()
    limits = dict(UDP_LIMITS)
    if not _bound(cfg, 1000):
        # alone, a queue has none to steer to
        limits["-L combined"] = (2, None)
    loop = _Loop(cfg, limits)
    lost = cfg.link_lost()
    with UdpFlow(*cfg.ends) as out, UdpFlow(*reversed(cfg.ends)) as back:
        def wait():
            for flow in (out, back):
                flow.progress(50)
        loop.turn(wait)
    ksft_eq(lost(), 0, "carrier moved")
    for name, flow in (("tx", out), ("rx", back)):
        tally = flow.tally
        ksft_pr(f"{name}: {tally.sent} packets at {tally.sent / flow.seconds:.0f}/s, {tally}")
        ksft_ge(_bound(cfg, tally.sent), tally.lost, f"{name}: packets lost")
        ksft_eq((tally.doubled, tally.spoilt), (0, 0), f"{name}: packets doubled, spoilt")


def under_tcp(cfg) -> None:
    """ With a TCP stream each way, of both IP versions: no reset, and the digests agree """
    loop = _Loop(cfg, TCP_LIMITS)
    lost, resets = cfg.link_lost(), cfg.resets()
    with TcpStreams(*cfg.ends, "4") as four, TcpStreams(*cfg.ends, "6") as six:
        def wait():
            for streams in (four, six):
                streams.progress(1 << 16)
        loop.turn(wait)
        # later, a segment sent twice may find its socket closed, and is answered so
        ksft_eq(resets(), {}, "connections reset")
    ksft_eq(lost(), 0, "carrier moved")
    for streams in (four, six):
        ksft_pr(f"{streams.received >> 20} MiB arrived")


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        ksft_run([under_udp, under_tcp], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
