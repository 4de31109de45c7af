#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
ethtool --reset: what is reset is really reset, what was set is set again, and what
cannot be reset is said.
"""

import array
import errno
import fcntl
import os
import socket
import struct

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_ne, ksft_variants
from lib.py import Bar, mdio_read, mdio_write
from lib.py import defer, exchange, ip, Noise, TgbeEnv, unusual_settings

SIOCETHTOOL, ETHTOOL_RESET = 0x8946, 0x34
MGMT, IRQ, DMA, FILTER, OFFLOAD, MAC, PHY = (1 << n for n in range(7))
DEDICATED, ALL = 0xffff, 0xffffffff
DONE = IRQ | DMA | FILTER | OFFLOAD | MAC | PHY

LEDCTL = 0xe00
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
    """ Nothing that the port could reset: refused, and nothing happens """
    lost = cfg.link_lost()
    with Bar(cfg.pci) as card:
        was = card[LEDCTL]
        card[LEDCTL] = ODD_LEDS
        try:
            _reset(cfg, flags)
            ksft_eq(True, False, "accepted")
        except OSError as ex:
            ksft_eq(ex.errno, errno.EOPNOTSUPP)
        ksft_eq(card[LEDCTL], ODD_LEDS)
        card[LEDCTL] = was
    ksft_eq(lost(), 0, "carrier moved")


def settings_survive(cfg) -> None:
    """ Whatever was set is set afterwards, in the card as well """
    before = unusual_settings(cfg)
    _reset(cfg, ALL)
    cfg.wait_link()
    before.compare()


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


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        cfg.data = os.urandom(32 << 20)
        ksft_run([parts_of_the_mac, phy, what_is_left, nothing_to_reset, settings_survive,
                  under_traffic, closed_port], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
