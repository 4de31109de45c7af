#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
MSI-X, MSI and INTx: the driver uses the best the machine gives it, and traffic
flows in each. INTx needs a guest booted with pci=nomsi; for MSI alone a module
makes the MSI-X allocation fail.
"""

import errno
import os
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_gt, ksft_in, ksft_true, ksft_variants, KsftNamedVariant
from lib.py import KsftSkipEx
from lib.py import defer, exchange, irq_lines, mark_log, test_module, TgbeEnv, UdpFlow

MIB = 1 << 20


def _irqs(cfg):
    """(mode, {irq: action names}) of the card"""
    lines = irq_lines()
    messages = cfg.msi_irqs()
    if messages:
        return "+".join(sorted(set(messages.values()))), \
            {irq: lines.get(irq, (0, []))[1] for irq in messages}
    pin = int(Path(f"/sys/bus/pci/devices/{cfg.pci}/irq").read_text(encoding="ascii"))
    return "intx", {pin: lines.get(pin, (0, []))[1]}


def _check_traffic(cfg):
    """Pings and TCP both ways; the interrupts of the card really count"""
    mode, irqs = _irqs(cfg)
    lost = cfg.link_lost()
    before = irq_lines()
    for _, src, dst in cfg.ways:
        for ipver in "46":
            src.ping(dst, ipver)
    for ipver in "46":
        seconds = exchange(*cfg.ends, ipver, cfg.data)
        ksft_pr(f"{mode}, IPv{ipver}: {2 * len(cfg.data) / MIB / seconds:.1f} MiB/s")
    after = irq_lines()
    moved = {irq: after[irq][0] - before[irq][0] for irq in irqs}
    ksft_pr("interrupts:", {"/".join(irqs[irq]): n for irq, n in moved.items()})
    queue_irqs = [irq for irq, names in irqs.items()
                  if mode != "msix" or any("-TxRx-" in n for n in names)]
    ksft_gt(sum(moved[irq] for irq in queue_irqs), 20)
    ksft_eq(lost(), 0, "carrier moved")


def _check_single(cfg, mode):
    """One vector, one queue pair, and live changes work here, too"""
    have, irqs = _irqs(cfg)
    ksft_eq(have, mode)
    ksft_eq(len(irqs), 1, "one interrupt")
    for names in irqs.values():
        ksft_true(any(cfg.ifname in n for n in names), f"{names}: not named after us")
    ksft_eq(cfg.dut.queues(), 1)
    _check_traffic(cfg)
    defer(cfg.dut.set_rings, *cfg.dut.rings())
    lost = cfg.link_lost()
    with UdpFlow(*cfg.ends) as out, UdpFlow(*reversed(cfg.ends)) as back:
        for size in (512, 256) * 3:
            cfg.dut.set_rings(size, size)
            for flow in (out, back):
                flow.progress(500)
    ksft_eq(lost(), 0, "carrier moved")
    for flow in (out, back):
        ksft_pr(flow.tally)
        ksft_true(flow.tally.lost <= cfg.may_lose(flow.tally), "packets lost")


def msix(cfg) -> None:
    """ A vector for each queue pair and one more """
    if cfg.irqmode != "msix":
        raise KsftSkipEx("the guest was booted with pci=nomsi")
    mode, irqs = _irqs(cfg)
    ksft_eq(mode, "msix")
    ksft_eq(len(irqs), cfg.expected_queues() + 1)
    _check_traffic(cfg)


def intx(cfg) -> None:
    """ The shared interrupt pin """
    if cfg.irqmode != "intx":
        raise KsftSkipEx("the guest was not booted with pci=nomsi")
    _check_single(cfg, "intx")


def msi(cfg) -> None:
    """ MSI alone, then MSI-X again """
    if cfg.irqmode != "msix":
        raise KsftSkipEx("the guest was booted with pci=nomsi")
    before = _irqs(cfg)
    # Deferred first, done last: bound anew without the module
    defer(cfg.rebind)
    unload = test_module("override", symbol="__pci_enable_msix_range",
                         value=-errno.ENOSPC)
    cfg.rebind()
    _check_single(cfg, "msi")

    unload.exec()
    cfg.rebind()
    mode, irqs = _irqs(cfg)
    ksft_eq(mode, before[0])
    ksft_eq(len(irqs), len(before[1]))
    _check_traffic(cfg)


@ksft_variants([KsftNamedVariant("msix", False), KsftNamedVariant("msi", True)])
def lost_messages(cfg, everything) -> None:
    """ Where MSI-X gets lost the port uses MSI, and where that does, too, the pin """
    if cfg.irqmode != "msix":
        raise KsftSkipEx("the guest was booted with pci=nomsi")
    # Deferred first, done last: bound anew without the module
    defer(cfg.rebind)
    mark = mark_log()
    test_module("msi_astray", card=cfg.pci, msi=int(everything))
    cfg.rebind()
    ksft_in("interrupts do not arrive by MSI-X", "\n".join(cfg.log(mark)))
    _check_single(cfg, "intx" if everything else "msi")


def one_queue(cfg) -> None:
    """ The 82583V is an 82574L with one queue pair and no MSI-X """
    if cfg.chip != "e1000e" or cfg.irqmode != "msix":
        raise KsftSkipEx("to be had with MSI from the 82574L only")
    bus = Path("/sys/bus/pci/drivers/tgbe")
    defer(cfg.reappear, cfg.dut)
    defer(cfg.driver, "bind")
    # all else goes without saying: the fourth of the driver's models
    defer((bus / "remove_id").write_text, "8086 10d3", encoding="ascii")
    defer(cfg.driver, "unbind")
    cfg.driver("unbind")
    mark = mark_log()
    (bus / "new_id").write_text("8086 10d3 ffffffff ffffffff 0 0 3", encoding="ascii")
    if not (bus / cfg.pci).exists():
        cfg.driver("bind")
    cfg.reappear(cfg.dut)
    cfg.wait_link()
    ksft_in("82583V", "\n".join(cfg.log(mark)))
    _check_single(cfg, "msi")


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        cfg.data = os.urandom(8 * MIB)
        ksft_run([msix, intx, msi, lost_messages, one_queue], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
