#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
PCIe errors (AER), which QEMU's monitor injects: the port comes through with all of its
settings, also after a sleep or a reset has used the saved configuration space.

The emulated cards send no error messages (their Device Control register has no bits for
that), so the error is one of the port above. The kernel's recovery is the same: everything
below that port is told, and for a fatal error reset.
"""

import os
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_in, ksft_true, ksft_variants
from lib.py import KsftSkipEx
from lib.py import exchange, ip, mark_log, monitor, put_to_sleep, unusual_settings, \
    wait_until, defer, cmd, phc_index, Phc, TgbeEnv

NON_FATAL, FATAL = "POISON_TLP", "SDN"


def _bridge_forwards(cfg):
    """The port above passes errors on, which firmware or hot-plug would have arranged"""
    bridge = Path(f"/sys/bus/pci/devices/{cfg.pci}").resolve().parent.name
    cmd(f"setpci -s {bridge} BRIDGE_CONTROL=2:2")
    return bridge


def _inject(cfg, error):
    """The error, and the end of the kernel's recovery"""
    bridge = _bridge_forwards(cfg)
    mark = mark_log()

    def ended():
        log = cmd("dmesg").stdout
        return [row for row in log[log.find(mark):].splitlines()
                if bridge in row and "device recovery" in row]
    ksft_in("OK id: rp1", monitor(f"pcie_aer_inject_error rp1 {error}"))
    row, = wait_until(ended, f"no recovery from {error}")
    ksft_in("device recovery successful", row)


def _sleep(cfg):
    put_to_sleep(cfg.pci).exec()
    cfg.wait_link()


def _reset(cfg):
    knob = Path(f"/sys/bus/pci/devices/{cfg.pci}/reset")
    if not knob.exists():
        raise KsftSkipEx("the PCI core knows no reset of this card")
    knob.write_text("1", encoding="ascii")
    cfg.wait_link()


def _clock_goes_on(cfg, meanwhile):
    """The card's clock, which the reset sets back and an error leaves unreadable"""
    index = phc_index(cfg.pci)
    if index is None:
        meanwhile()
        return
    with Phc(index) as clock:
        rate = clock.rate(meanwhile)
    ksft_pr(f"the clock's rate was {rate:.4f}")
    ksft_true(0.9 < rate < 1.1, "it jumped")


BEFORE = {"nothing": lambda cfg: None, "sleep": _sleep, "reset": _reset}


def non_fatal(cfg) -> None:
    """ An error that harmed nothing: nothing stops """
    before = unusual_settings(cfg)
    lost = cfg.link_lost()
    exchange(*cfg.ends, "4", cfg.data, meanwhile=lambda: _inject(cfg, NON_FATAL))
    ksft_eq(lost(), 0, "carrier moved")
    before.compare()


@ksft_variants(list(BEFORE))
def fatal(cfg, first) -> None:
    """ The card is reset; then all is as it was set, and a second time as well """
    BEFORE[first](cfg)
    before = unusual_settings(cfg)
    lost = cfg.link_lost()
    for _ in range(2):
        _clock_goes_on(cfg, lambda: _inject(cfg, FATAL))
        cfg.wait_link()
        before.compare()
        cfg.dut.ping(cfg.peer, "4")
    ksft_ge(lost(), 2, "the card was not reset")
    exchange(*cfg.ends, "4", cfg.data)


def closed_port(cfg) -> None:
    """ A port that is down stays so, and can be opened """
    with defer(ip, f"link set dev {cfg.ifname} up"):
        ip(f"link set dev {cfg.ifname} down")
        _inject(cfg, FATAL)
        flags = ip(f"link show dev {cfg.ifname}", json=True)[0]["flags"]
        ksft_eq("UP" in flags, False)
    cfg.wait_link()
    cfg.dut.ping(cfg.peer, "4")


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        cfg.data = os.urandom(4 << 20)
        ksft_run([non_fatal, fatal, closed_port], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
