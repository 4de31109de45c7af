#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
ethtool --reset: what is reset is really reset, what was set is set again, and what
cannot be reset is said. Likewise the reset that the driver itself resorts to.
"""

import array
import errno
import fcntl
import multiprocessing
import os
import socket
import struct
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_in, ksft_ne, ksft_variants
from lib.py import CmdExitFailure, KsftSkipEx
from lib.py import Bar, mdio_read, mdio_write, queue_switch
from lib.py import defer, exchange, ip, mark_log, put_to_sleep, test_module, \
    unusual_settings, wait_until, Noise, Settings, TgbeEnv

SIOCETHTOOL, ETHTOOL_RESET = 0x8946, 0x34
MGMT, IRQ, DMA, FILTER, OFFLOAD, MAC, PHY = (1 << n for n in range(7))
DEDICATED, ALL = 0xffff, 0xffffffff
DONE = IRQ | DMA | FILTER | OFFLOAD | MAC | PHY

LEDCTL, ICS = 0xe00, 0xc8
CTRL_EXT, DRV_LOAD = 0x18, 1 << 28
# The bits of the PHY that the driver sets once: automatic crossover
CROSSOVER = {"igb": (18, 1 << 12), "e1000e": (16, 3 << 5)}
# A pattern that no NVM asks for, and that a reset therefore ends
ODD_LEDS = 0x0e0f0e0f


def _reset(cfg, flags):
    """What is left of the flags"""
    data = array.array("I", [ETHTOOL_RESET, flags])
    req = struct.pack("16sQ16x", cfg.ifname.encode(), data.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCETHTOOL, req)
    return data[1]


@ksft_variants([IRQ, DMA, FILTER, OFFLOAD, MAC])
def parts_of_the_mac(cfg, flag) -> None:
    """ Each flag of the MAC resets it """
    with Bar(cfg.pci) as card:
        card[LEDCTL] = ODD_LEDS
        ksft_eq(_reset(cfg, flag), 0)
        ksft_ne(card[LEDCTL], ODD_LEDS, "LEDCTL survived")
    cfg.wait_link()


def phy(cfg) -> None:
    """ The PHY gets the driver's settings again """
    reg, bits = CROSSOVER[cfg.chip]
    lost = cfg.link_lost()
    ksft_eq(_reset(cfg, PHY), 0)
    cfg.wait_link()
    ksft_ge(lost(), 1, "the link did not notice")
    with Bar(cfg.pci) as card:
        value = mdio_read(card, reg)
        mdio_write(card, reg, value ^ bits)
        _reset(cfg, MAC)
        cfg.wait_link()
        if mdio_read(card, reg) != value ^ bits:
            ksft_pr("the emulated PHY does not survive a reset of the MAC, "
                    "so that its settings tell nothing")
            return
        ksft_eq(value & bits, bits)
        ksft_eq(_reset(cfg, PHY), 0)
        cfg.wait_link()
        ksft_eq(mdio_read(card, reg) & bits, bits)


@ksft_variants([ALL, DEDICATED, MGMT | MAC])
def what_is_left(cfg, flags) -> None:
    """ What the port cannot reset stays set in the flags """
    left = _reset(cfg, flags)
    ksft_pr(f"{flags:#x}: {left:#x} left")
    ksft_eq(left, flags & ~DONE)
    cfg.wait_link()


@ksft_variants([MGMT, MAC << 16, 0])
def nothing_to_reset(cfg, flags) -> None:
    """ Nothing that the port could reset: refused with a word, and nothing happens """
    lost, mark = cfg.link_lost(), mark_log()
    with Bar(cfg.pci) as card:
        was = card[LEDCTL]
        card[LEDCTL] = ODD_LEDS
        try:
            _reset(cfg, flags)
            ksft_eq(True, False, "accepted")
        except OSError as ex:
            ksft_eq(ex.errno, errno.EOPNOTSUPP)
        ksft_in("irq, dma, filter, offload, mac and phy", "\n".join(cfg.log(mark)))
        ksft_eq(card[LEDCTL], ODD_LEDS)
        card[LEDCTL] = was
    ksft_eq(lost(), 0, "carrier moved")


def _reset_by_the_bus(cfg):
    """As an administrator does, a virtual machine that takes the card, or the AER driver"""
    knob = Path(f"/sys/bus/pci/devices/{cfg.pci}/reset")
    if not knob.exists():
        raise KsftSkipEx("the PCI core knows no reset of this card")
    knob.write_text("1", encoding="ascii")


@ksft_variants(["ethtool", "bus"])
def settings_survive(cfg, way) -> None:
    """ Whatever was set is set afterwards, in the card as well """
    before = unusual_settings(cfg)
    if way == "bus":
        _reset_by_the_bus(cfg)
    else:
        _reset(cfg, ALL)
    cfg.wait_link()
    before.compare()
    cfg.dut.ping(cfg.peer, "4")


def asleep(cfg) -> None:
    """ A knob in sysfs is refused while the machine sleeps; then all is as it was set """
    before = unusual_settings(cfg)
    wake = put_to_sleep(cfg.pci)
    with Bar(cfg.pci) as card:
        ksft_eq(card[CTRL_EXT] & DRV_LOAD, 0, "the firmware is not told")
        try:
            Path(f"/sys/class/net/{cfg.ifname}/tgbe/rx_poll_batch").write_text("7\n", "ascii")
            ksft_eq(True, False, "accepted")
        except OSError as ex:
            ksft_eq(ex.errno, errno.ENODEV)
        wake.exec()
        ksft_eq(card[CTRL_EXT] & DRV_LOAD, DRV_LOAD)
    cfg.wait_link()
    before.compare()
    cfg.dut.ping(cfg.peer, "4")


def under_traffic(cfg) -> None:
    """ Flows go on after the reset, and the bytes of a stream are right """
    with Noise(*cfg.ends) as out, Noise(*reversed(cfg.ends)) as inc:
        for flags in (MAC, DEDICATED, MAC, ALL):
            _reset(cfg, flags)
            for flow in (out, inc):
                flow.progress(100)
    for ipver in "46":
        exchange(*cfg.ends, ipver, cfg.data, meanwhile=lambda: _reset(cfg, MAC))
    cfg.wait_link()


def closed_port(cfg) -> None:
    """ A port that is down is reset and stays down """
    with defer(ip, f"link set dev {cfg.ifname} up"):
        ip(f"link set dev {cfg.ifname} down")
        ksft_eq(_reset(cfg, MAC | PHY), 0)
        flags = ip(f"link show dev {cfg.ifname}", json=True)[0]["flags"]
        ksft_eq("UP" in flags, False)
    cfg.wait_link()


def _keep_on(cfg):
    """Switch transmit queue 0 on again as soon as it is off"""
    reg, bit = queue_switch(cfg.chip, 0)
    with Bar(cfg.pci) as card:
        value = card[reg] | bit
        while True:
            card[reg] = value


@contextmanager
def _unstoppable(cfg):
    """Whoever switches queue 0 off and looks may find it on; more often than not he may not"""
    fork = multiprocessing.get_context("fork")
    procs = [fork.Process(target=_keep_on, args=(cfg, ), daemon=True)
             for _ in range(os.cpu_count() - 1)]
    try:
        for proc in procs:
            proc.start()
        yield
    finally:
        for proc in procs:
            proc.kill()
            proc.join()


def queue_does_not_stop(cfg) -> None:
    """ The restart of the port after that leaves addresses, routes and settings alone """
    if cfg.chip != "igb":
        raise KsftSkipEx("the 82574L's queues have no switch that could fail")
    if os.cpu_count() == 1:
        raise KsftSkipEx("nobody can come between two instructions of the driver")
    rx, tx = cfg.dut.rings()
    defer(cfg.dut.set_rings, rx, tx)
    route = f"198.51.100.0/24 via {cfg.peer.addr_v['4']}"
    defer(ip, f"route del {route}")
    ip(f"route add {route}")
    before = Settings(cfg)
    mark, sizes = mark_log(), cycle((tx // 2, tx))

    def gives_up():
        try:
            cfg.dut.set_rings(rx, next(sizes))
        except CmdExitFailure as ex:
            ksft_in("about to be restarted", ex.cmd.stderr)
        return any("a queue does not stop" in row for row in cfg.log(mark))
    with _unstoppable(cfg):
        wait_until(gives_up, "the queue stops each time")
    cfg.wait_link()
    cfg.dut.set_rings(rx, tx)
    before.compare()
    cfg.dut.ping(cfg.peer, "4")


@ksft_variants(["DRSTA", "DOUTSYNC"])
def chip_is_lost(cfg, cause) -> None:
    """ The chip says that somebody reset it, or that its DMA is out of step: start anew """
    if cfg.chip != "igb":
        raise KsftSkipEx("the 82574L has no such interrupt")
    before = Settings(cfg)
    mark = mark_log()
    with Bar(cfg.pci) as card:
        card[LEDCTL] = ODD_LEDS
        # an emulated card has no vector for DRSTA: a change of the link comes with it
        card[ICS] = {"DRSTA": 1 << 30 | 1 << 2, "DOUTSYNC": 1 << 28}[cause]
        wait_until(lambda: any("restarting the port" in row for row in cfg.log(mark)),
                   "nobody noticed")
        wait_until(lambda: card[LEDCTL] != ODD_LEDS, "the card was not reset")
    cfg.wait_link()
    before.compare()
    cfg.dut.ping(cfg.peer, "4")


def hung_phy(cfg) -> None:
    """ The 82574L's PHY that shows the signs of a hang, twice, is reset with the port """
    if cfg.chip != "e1000e":
        raise KsftSkipEx("an erratum of the 82574L")
    before = unusual_settings(cfg)
    lost, mark = cfg.link_lost(), mark_log()
    hang = test_module("override", symbol="tgbe_82574_phy_hung", value=1)
    wait_until(lambda: any("the PHY hangs" in row for row in cfg.log(mark)),
               "the hang goes unnoticed")
    hang.exec()
    cfg.wait_link()
    ksft_ge(lost(), 1, "the link did not notice")
    before.compare()
    cfg.dut.ping(cfg.peer, "4")


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        cfg.data = os.urandom(32 << 20)
        ksft_run([parts_of_the_mac, phy, what_is_left, nothing_to_reset, settings_survive,
                  asleep, under_traffic, closed_port, queue_does_not_stop, chip_is_lost,
                  hung_phy], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
