#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
ethtool -t: passes under traffic, leaves every setting as it was, and finds a fault
where there is one.
"""

import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_in, ksft_ne, ksft_is, ksft_true, ksft_variants, KsftNamedVariant
from lib.py import KsftFailEx, KsftSkipEx
from lib.py import Bar, cmd, defer, exchange, ip, irq_lines, mark_log, mdio_read, Noise, \
    TgbeEnv, UdpFlow, unusual_settings

WORD = 0x30     # of the NVM, in the part that is added up
NAMES = {"Register", "Eeprom", "Interrupt", "Loopback", "Link"}
EEWR = 0x102c
BMCR, BMCR_LOOPBACK = 0, 1 << 14


def _self_test(cfg, mode):
    """Run it; the verdict, and the results by name"""
    out = cmd(f"ethtool -t {cfg.ifname} {mode}", fail=False, timeout=120).stdout
    verdict = re.search(r"The test result is (\w+)", out)
    if not verdict:
        raise KsftFailEx(f"no result: {out}")
    rows = re.findall(r"^(\w+) test +\([\w/]+\)\s+(\d+)$", out, re.M)
    results = {name: int(value) for name, value in rows}
    ksft_eq(set(results), NAMES)
    ksft_pr(f"{mode}: {verdict.group(1)} {results}")
    return verdict.group(1), results


def _passes(cfg, mode):
    verdict, results = _self_test(cfg, mode)
    ksft_eq(verdict, "PASS", results)
    ksft_eq(results, dict.fromkeys(NAMES, 0))


def online(cfg) -> None:
    """ Online disturbs nothing: no frame is lost and the link stays """
    lost = cfg.link_lost()
    with UdpFlow(*cfg.ends) as out, UdpFlow(*reversed(cfg.ends)) as inc:
        for _ in range(5):
            _passes(cfg, "online")
            for flow in (out, inc):
                flow.progress(100)
    ksft_eq(lost(), 0, "carrier moved")
    for flow in (out, inc):
        ksft_eq(flow.tally.lost, 0, "packets lost")


def _defer_interrupts(cfg, polls, nanoseconds):
    """Polls without work before a vector is unmasked, and the time between two"""
    for name, value in (("napi_defer_hard_irqs", polls), ("gro_flush_timeout", nanoseconds)):
        knob = Path(f"/sys/class/net/{cfg.ifname}/{name}")
        defer(knob.write_text, knob.read_text("ascii"), "ascii")
        knob.write_text(f"{value}\n", "ascii")


@ksft_variants([KsftNamedVariant("plain", 0, 0), KsftNamedVariant("deferred", 2, 200000)])
def offline_under_traffic(cfg, polls, nanoseconds) -> None:
    """ Offline passes while frames come and go, and they do so again afterwards """
    _defer_interrupts(cfg, polls, nanoseconds)
    with Noise(*cfg.ends) as out, Noise(*reversed(cfg.ends)) as inc:
        for _ in range(3):
            for flow in (out, inc):
                flow.progress(100)
            _passes(cfg, "offline")
        for flow in (out, inc):
            flow.progress(100)
    cfg.wait_link()


def stream_survives(cfg) -> None:
    """ A TCP stream goes on after the test, and its bytes are right """
    for ipver in "46":
        exchange(*cfg.ends, ipver, cfg.data, meanwhile=lambda: _passes(cfg, "offline"))


def settings_survive(cfg) -> None:
    """ Whatever was set is set afterwards, in the card as well """
    before = unusual_settings(cfg)
    _passes(cfg, "offline")
    cfg.wait_link()
    before.compare()


def loopback_stays(cfg) -> None:
    """ A port that was in loopback is so again """
    cfg.dut.set_feature("loopback", True)
    _passes(cfg, "offline")
    ksft_is(cfg.dut.features()["loopback"]["active"], True)
    with Bar(cfg.pci) as card:
        ksft_ne(mdio_read(card, BMCR) & BMCR_LOOPBACK, 0, "BMCR")
    cfg.dut.ethtool(f"-K {cfg.ifname} loopback off")
    _passes(cfg, "offline")
    with Bar(cfg.pci) as card:
        ksft_eq(mdio_read(card, BMCR) & BMCR_LOOPBACK, 0, "BMCR")
    cfg.wait_link()


def closed_port(cfg) -> None:
    """ A port that is down is tested and stays down """
    defer(cfg.wait_link)
    defer(ip, f"link set dev {cfg.ifname} up")
    ip(f"link set dev {cfg.ifname} down")
    _passes(cfg, "offline")
    # RPS has the stack drop what a closed port receives: that is no fault of the card
    rps = Path(f"/sys/class/net/{cfg.ifname}/queues/rx-0/rps_cpus")
    defer(rps.write_text, rps.read_text("ascii"), "ascii")
    rps.write_text("1", "ascii")
    _passes(cfg, "offline")
    ksft_true("UP" not in ip(f"link show dev {cfg.ifname}", json=True)[0]["flags"])
    names = [a for _, actions in irq_lines().values() for a in actions]
    ksft_eq([n for n in names if n.startswith(cfg.ifname)], [], "handlers left")


def generic_xdp(cfg) -> None:
    """ A program that drops everything is no fault of the card """
    if not shutil.which("clang"):
        raise KsftSkipEx("no clang, which makes the program")
    Path("/tmp/drop.c").write_text('__attribute__((section("xdp"))) '
                                   "int drop(void *ctx) { return 1; }\n", "ascii")
    cmd("clang -target bpf -O2 -c -o /tmp/drop.o /tmp/drop.c", timeout=300)
    defer(cfg.wait_link)
    defer(ip, f"link set dev {cfg.ifname} xdpgeneric off")
    ip(f"link set dev {cfg.ifname} xdpgeneric obj /tmp/drop.o section xdp")
    mark = mark_log()
    _passes(cfg, "offline")
    ksft_in("no loopback test: generic XDP", "\n".join(cfg.log(mark)))


def _read_nvm(cfg):
    raw = subprocess.run(["ethtool", "-e", cfg.ifname, "raw", "on"], check=True,
                         stdout=subprocess.PIPE).stdout
    return struct.unpack_from("<H", raw, 2 * WORD)[0]


def _write_nvm(cfg, value):
    """Into the emulated 82574L's volatile copy; the driver would make the sum right"""
    with Bar(cfg.pci) as card:
        card[EEWR] = value << 16 | WORD << 2 | 1


def finds_a_fault(cfg) -> None:
    """ A wrong sum of the NVM is found where it can be made, else a missing link """
    if cfg.chip == "e1000e":
        good = _read_nvm(cfg)
        with defer(_write_nvm, cfg, good):
            _write_nvm(cfg, good ^ 0x1234)
            for mode in ("online", "offline"):
                verdict, results = _self_test(cfg, mode)
                ksft_eq(verdict, "FAIL")
                ksft_eq({name for name, value in results.items() if value}, {"Eeprom"})
    else:
        with defer(ip, f"link set dev {cfg.ifname} up"):
            ip(f"link set dev {cfg.ifname} down")
            verdict, results = _self_test(cfg, "online")
            ksft_eq(verdict, "FAIL")
            ksft_eq({name for name, value in results.items() if value}, {"Link"})
        cfg.wait_link()
    _passes(cfg, "offline")
    cfg.wait_link()


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        cfg.data = os.urandom(32 << 20)
        ksft_run([online, offline_under_traffic, stream_survives, settings_survive,
                  loopback_stays, closed_port, generic_xdp, finds_a_fault], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
