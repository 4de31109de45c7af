#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
A transmit queue that gets stuck is noticed and recovered. That of an 82576 is recovered
alone: the other queues and the link do not feel it. What that does not cure, any stall of
an 82574L, and frames that the link left behind, need a reset. The stall is made by
switching the queue off in the card, behind the driver's back.
"""

import os

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_in, ksft_variants
from lib.py import KsftFailEx, KsftSkipEx
from lib.py import Bar, defer, expect_in_log, mark_log, mdio_write, queue_of_cpu, queue_switch
from lib.py import TgbeEnv, UdpFlow, UdpPair, wait_until


LEDCTL, ODD_LEDS = 0xe00, 0x0e0f0e0f
# Registers of the PHY: control; autonegotiate, from now
BMCR, RENEGOTIATE = 0, 0x1340


class _Reset:
    """Was the card reset since? A reset of the MAC ends a pattern of its LEDs"""

    def __init__(self, cfg):
        self._pci = cfg.pci
        with Bar(self._pci) as regs:
            self._was = regs[LEDCTL]
            regs[LEDCTL] = ODD_LEDS
        defer(self._restore)

    def _restore(self):
        with Bar(self._pci) as regs:
            regs[LEDCTL] = self._was

    def seen(self):
        """True if so"""
        with Bar(self._pci) as regs:
            return regs[LEDCTL] != ODD_LEDS


def _forget_stalls(cfg):
    """A queue is restarted alone once; with new rings it has no past"""
    rx, tx = cfg.dut.rings()
    for size in (tx * 2, tx):
        cfg.dut.set_rings(rx, size)


def _passes(pair):
    """Something sent now arrives; what was stuck may be gone"""
    pair.tx.settimeout(60)
    mark = os.urandom(100)

    def arrives():
        pair.send(mark)
        pair.rx.settimeout(1)
        try:
            while pair.rx.recv(2000) != mark:
                pass
        except TimeoutError:
            return False
        return True
    wait_until(arrives, "nothing gets through after the recovery")


def _fill(cfg, pair):
    """Send more than the ring holds; what finds no room is dropped"""
    pair.tx.settimeout(0)
    for _ in range(2 * cfg.dut.rings()[1]):
        try:
            pair.send(bytes(1000))
        except BlockingIOError:
            break


def _switch_off(cfg, queue):
    reg, bit = queue_switch(cfg.chip, queue)
    with Bar(cfg.pci) as regs:
        if not regs[reg] & bit:
            raise KsftFailEx(f"queue {queue} is off already")
        regs[reg] = regs[reg] & ~bit


def _pair_from(cfg, cpu):
    """A pair of sockets that send from here, and the queue that CPU's packets take"""
    defer(os.sched_setaffinity, 0, os.sched_getaffinity(0))
    pair = UdpPair(*cfg.ends, "4")
    defer(pair.close)
    return pair, queue_of_cpu(pair, cfg.dut, cpu)


def _stall(cfg, pair, queue, cure):
    """Have a queue be stuck until the driver does something about it"""
    before = cfg.dut.per_queue("tx", "timeouts")[queue]
    expect_in_log("NETDEV WATCHDOG")
    mark = mark_log()
    _switch_off(cfg, queue)
    _fill(cfg, pair)
    wait_until(lambda: cfg.dut.per_queue("tx", "timeouts")[queue] > before,
               "timeout was not noticed")
    wait_until(lambda: any(cure in row for row in cfg.log(mark)), f"not {cure}")
    ksft_in(f"transmit queue {queue} is stuck", "\n".join(cfg.log(mark)))


@ksft_variants(["first", "last"])
def one_queue_stalls(cfg, which) -> None:
    """ The stalled queue comes back, and the log names it; on an 82576 that is all """
    _forget_stalls(cfg)
    if which == "last" and cfg.dut.queues() == 1:
        raise KsftSkipEx("there is one queue only")
    cpus = sorted(os.sched_getaffinity(0))
    cpu = cpus[0] if which == "first" else cpus[-1]
    pair, queue = _pair_from(cfg, cpu)
    ksft_pr(f"queue {queue}, CPU {cpu}")
    lost = cfg.link_lost()
    before = cfg.dut.per_queue("tx", "timeouts")
    reset = _Reset(cfg)

    _stall(cfg, pair, queue, "restarting it" if cfg.chip == "igb" else "restarting the port")
    _passes(pair)
    ksft_eq(reset.seen(), cfg.chip != "igb", "the card was reset")
    reg, bit = queue_switch(cfg.chip, queue)
    with Bar(cfg.pci) as regs:
        ksft_eq(regs[reg] & bit, bit, "the queue is off")

    after = cfg.dut.per_queue("tx", "timeouts")
    ksft_eq({q: n - before[q] for q, n in after.items() if q != queue},
            {q: 0 for q in after if q != queue}, "timeouts of other queues")
    if cfg.chip == "igb":
        ksft_eq(lost(), 0, "carrier moved")
    cfg.wait_link()
    cfg.dut.ping(cfg.peer, "4")


def stalls_again(cfg) -> None:
    """ A queue that is stuck again soon after its restart is cured with the port """
    if cfg.chip != "igb":
        raise KsftSkipEx("any stall of an 82574L is")
    _forget_stalls(cfg)
    pair, queue = _pair_from(cfg, min(os.sched_getaffinity(0)))
    reset = _Reset(cfg)
    _stall(cfg, pair, queue, "restarting it")
    ksft_eq(reset.seen(), False, "the card was reset")
    _passes(pair)
    _stall(cfg, pair, queue, "restarting the port")
    wait_until(reset.seen, "the card was not reset")
    cfg.wait_link()
    _passes(pair)


def link_goes(cfg) -> None:
    """ Frames that the link left behind do not come when it is back: the card is reset """
    defer(cfg.wait_link)
    pair, queue = _pair_from(cfg, min(os.sched_getaffinity(0)))
    before = cfg.dut.per_queue("tx", "timeouts")
    reset = _Reset(cfg)
    expect_in_log("NETDEV WATCHDOG")
    mark = mark_log()
    with Bar(cfg.pci) as regs:
        # again and again, so that the link is away when the driver checks it
        mdio_write(regs, BMCR, RENEGOTIATE)
        _switch_off(cfg, queue)
        _fill(cfg, pair)

        def away():
            mdio_write(regs, BMCR, RENEGOTIATE)
            return any("restarting the port" in row for row in cfg.log(mark))
        wait_until(away, "the port is not restarted")
    wait_until(reset.seen, "the card was not reset")
    ksft_in("the link went", "\n".join(cfg.log(mark)))
    ksft_eq(cfg.dut.per_queue("tx", "timeouts"), before, "no queue was at fault")
    cfg.wait_link()
    _passes(pair)


def others_go_on(cfg) -> None:
    """ While one queue is stuck and while it recovers, another loses nothing """
    if cfg.dut.queues() < 2:
        raise KsftSkipEx("there is one queue only")
    if cfg.chip != "igb":
        raise KsftSkipEx("the port recovers as a whole")
    _forget_stalls(cfg)
    cpus = sorted(os.sched_getaffinity(0))
    pair, stuck = _pair_from(cfg, cpus[0])
    cfg.pin_neighbours()
    busy = queue_of_cpu(pair, cfg.dut, cpus[-1])
    if stuck == busy:
        raise KsftSkipEx("both CPUs use one queue")
    # The flow's processes inherit this CPU
    with UdpFlow(*cfg.ends, ipvers="4") as flow:
        os.sched_setaffinity(0, {cpus[0]})
        before = cfg.dut.per_queue("tx", "timeouts")
        expect_in_log("NETDEV WATCHDOG")
        _switch_off(cfg, stuck)
        _fill(cfg, pair)
        wait_until(lambda: cfg.dut.per_queue("tx", "timeouts")[stuck] > before[stuck],
                   "timeout was not noticed")
        flow.progress(1000)
    ksft_pr(f"queue {stuck} stuck, flow on queue {busy}: {flow.tally}")
    ksft_ge(flow.tally.sent, 1000)
    ksft_eq(flow.tally.lost, 0, "packets of the other queue lost")


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        ksft_run([one_queue_stalls, stalls_again, link_goes, others_go_on], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
