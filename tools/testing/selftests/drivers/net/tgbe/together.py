#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
Two knobs turned at once, each from a process of its own, under UDP: neither change is
refused, lost or undone by the other one.
"""

import multiprocessing
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge
from lib.py import KsftFailEx, KsftSkipEx
from lib.py import CHANNELS, IoctlCard, RINGS, TgbeEnv, UdpFlow, defer

CHANGES = 200
# Datagrams between two changes of one knob
PACE = 5

# Where the words of a table hold a setting
RX_SIZE, COMBINED = 4, 7


class _Knob:
    """How a setting is made and read, and the values that it takes in turn"""

    def __init__(self, make, read, *values):
        self._make = make
        self._read = read
        self.values = values
        defer(make, read())

    def _turn(self, flow):
        for i in range(CHANGES):
            value = self.values[i % len(self.values)]
            self._make(value)
            if self._read() != value:
                raise KsftFailEx(f"set to {value}, shown as {self._read()} (change {i})")
            flow.progress(PACE)

    def process(self, flow):
        """Turn it in a process, which fails with the first change that does"""
        proc = multiprocessing.get_context("fork").Process(target=self._turn, args=(flow, ),
                                                           daemon=True)
        proc.start()
        return proc

    def ends_right(self):
        """The last value is in force"""
        ksft_eq(self._read(), self.values[(CHANGES - 1) % len(self.values)])


def _word(card, kind, index, *values):
    """A knob among the words of a table, the others left as they are now"""
    words = card.table(kind)

    def make(value):
        card.set_table(kind, [*words[:index], value, *words[index + 1:]])
    return _Knob(make, lambda: card.table(kind)[index], *values)


def _card(cfg):
    card = IoctlCard(cfg.ifname)
    defer(card.close)
    return card


def _turn_both(cfg, knobs, alone=False):
    cfg.pin_neighbours()
    lost = cfg.link_lost()
    with UdpFlow(*reversed(cfg.ends)) as flow:
        procs = [knob.process(flow) for knob in knobs]
        for proc in procs:
            proc.join()
    ksft_eq([proc.exitcode for proc in procs], [0, 0], "a change failed: see the text above")
    for knob in knobs:
        knob.ends_right()
    ksft_eq(lost(), 0, "carrier moved")
    ksft_pr(flow.tally)
    ksft_ge(cfg.may_lose(flow.tally, alone), flow.tally.lost, "packets lost")
    ksft_eq((flow.tally.doubled, flow.tally.spoilt), (0, 0))


def ring_and_batch(cfg) -> None:
    """ The size of rings by ethtool and the refill batch by sysfs """
    batch = Path(f"/sys/class/net/{cfg.ifname}/tgbe/rx_refill_batch")
    _turn_both(cfg, [
        _word(_card(cfg), RINGS, RX_SIZE, 512, 256),
        _Knob(lambda value: batch.write_text(f"{value}\n", encoding="ascii"),
              lambda: int(batch.read_text("ascii")), 32, 8, 17)])


def queues_and_mtu(cfg) -> None:
    """ The number of queues and the MTU, which both swap rings """
    most = cfg.dut.queues()
    if most < 2:
        raise KsftSkipEx("one queue")
    card = _card(cfg)
    fewer = most // 2
    _turn_both(cfg, [_word(card, CHANNELS, COMBINED, fewer, most),
                     _Knob(card.set_mtu, card.mtu, 1500, 2000, 4000)], alone=fewer == 1)


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        ksft_run([ring_and_batch, queues_and_mtu], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
