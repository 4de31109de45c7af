#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
A transmit queue that gets stuck is noticed and recovered, alone: the other
queues and the link do not feel it. The stall is made by switching the queue
off in the card, behind the driver's back.
"""

import os

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_in, ksft_variants
from lib.py import KsftFailEx, KsftSkipEx
from lib.py import Bar, defer, expect_in_log, mark_log, queue_of_cpu, queue_switch
from lib.py import TgbeEnv, UdpFlow, UdpPair, wait_until


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


@ksft_variants(["first", "last"])
def one_queue_stalls(cfg, which) -> None:
    """ The stalled queue comes back, and the log names it; nothing else happens """
    cpus = sorted(os.sched_getaffinity(0))
    defer(os.sched_setaffinity, 0, cpus)
    cpu = cpus[0] if which == "first" else cpus[-1]
    if which == "last" and cfg.dut.queues() == 1:
        raise KsftSkipEx("there is one queue only")

    pair = UdpPair(*cfg.ends, "4")
    defer(pair.close)
    queue = queue_of_cpu(pair, cfg.dut, cpu)
    ksft_pr(f"queue {queue}, CPU {cpu}")
    lost = cfg.link_lost()
    before = cfg.dut.per_queue("tx", "timeouts")

    expect_in_log("NETDEV WATCHDOG")
    mark = mark_log()
    _switch_off(cfg, queue)
    _fill(cfg, pair)
    wait_until(lambda: cfg.dut.per_queue("tx", "timeouts")[queue] > before[queue],
               "timeout was not noticed")
    ksft_in(f"transmit queue {queue} is stuck, restarting it", "\n".join(cfg.log(mark)))

    # What was stuck may be gone; what is sent from now on must arrive
    pair.tx.settimeout(60)
    mark = os.urandom(100)

    def passes():
        pair.send(mark)
        pair.rx.settimeout(1)
        try:
            while pair.rx.recv(2000) != mark:
                pass
        except TimeoutError:
            return False
        return True
    wait_until(passes, "nothing gets through after the recovery")
    reg, bit = queue_switch(cfg.chip, queue)
    with Bar(cfg.pci) as regs:
        ksft_eq(regs[reg] & bit, bit, "the queue is off")

    after = cfg.dut.per_queue("tx", "timeouts")
    ksft_eq({q: n - before[q] for q, n in after.items() if q != queue},
            {q: 0 for q in after if q != queue}, "timeouts of other queues")
    ksft_eq(lost(), 0, "carrier moved")
    cfg.dut.ping(cfg.peer, "4")


def others_go_on(cfg) -> None:
    """ While one queue is stuck and while it recovers, another loses nothing """
    if cfg.dut.queues() < 2:
        raise KsftSkipEx("there is one queue only")
    cpus = sorted(os.sched_getaffinity(0))
    defer(os.sched_setaffinity, 0, cpus)
    pair = UdpPair(*cfg.ends, "4")
    defer(pair.close)
    cfg.pin_neighbours()
    stuck = queue_of_cpu(pair, cfg.dut, cpus[0])
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
        ksft_run([one_queue_stalls, others_go_on], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
