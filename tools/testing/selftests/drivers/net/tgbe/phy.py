#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
The PHY and the NVM as the user meets them: power of a closed port, crossover, forced
speeds, loopback, the ioctls of mii-tool, ethtool -e and -E, and an image to flash.
"""

import errno
import fcntl
import os
import re
import socket
import struct
import subprocess

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_in, ksft_ne, ksft_variants
from lib.py import Bar, cmd, defer, ethtool, ip, mark_log, mdio_read, settled, TgbeEnv

SIOCGMIIPHY, SIOCGMIIREG, SIOCSMIIREG = 0x8947, 0x8948, 0x8949
CTRL, EECD, CTRL_EXT = 0x0, 0x10, 0x18
CTRL_FORCED, DRV_LOAD = 3 << 11, 1 << 28

# Registers of the PHY (IEEE 802.3 clause 22) and some of their bits
BMCR, BMSR, PHYSID1, ADVERTISE = 0, 1, 2, 4
POWER_DOWN, AUTONEG, LOOPBACK, LINK = 1 << 11, 1 << 12, 1 << 14, 1 << 2
PHY_ID1 = {"igb": 0x02a8, "e1000e": 0x0141}
PAGE = {"igb": 31, "e1000e": 22}
# Register, mask, and the bits for MDI, MDI-X and either
CROSSOVER = {"igb": (18, 3 << 12, 0, 1 << 13, 1 << 12),
             "e1000e": (16, 3 << 5, 0, 1 << 5, 3 << 5)}

# Words of the NVM: the 82574's management in bits 14:13, and one that nobody needs
CONTROL2, MANAGED, SPARE = 0x0f, 3 << 13, 0x30
SUM_WORDS, SUM = 0x40, 0xbaba
DEVICE = {"igb": 0x10c9, "e1000e": 0x10d3}


def _phy(cfg, reg):
    with Bar(cfg.pci) as card:
        return mdio_read(card, reg)


def _read_nvm(cfg, *args):
    return subprocess.run(["ethtool", "-e", cfg.ifname, "raw", "on", *args], check=True,
                          stdout=subprocess.PIPE).stdout


def _word(cfg, number):
    return struct.unpack("<H", _read_nvm(cfg, "offset", str(2 * number), "length", "2"))[0]


def _write_byte(cfg, offset, value, magic=None, fail=True):
    if magic is None:
        magic = DEVICE[cfg.chip] << 16 | 0x8086
    return cmd(f"ethtool -E {cfg.ifname} magic {magic:#x} offset {offset:#x} value {value:#x}",
               fail=fail)


def _write_word(cfg, number, value):
    for byte in range(2):
        _write_byte(cfg, 2 * number + byte, value >> 8 * byte & 0xff)


def _sum(image):
    return sum(struct.unpack_from(f"<{SUM_WORDS}H", image)) & 0xffff


class _Mii:
    """The ioctls of an interface"""

    def __init__(self, cfg):
        self._name = cfg.ifname.encode()
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        defer(self._sock.close)

    def __call__(self, request, phy=1, reg=0, value=0):
        """(PHY, register, value read), or the error"""
        req = bytearray(struct.pack("16sHHHH16x", self._name, phy, reg, value, 0))
        try:
            fcntl.ioctl(self._sock, request, req)
        except OSError as ex:
            return errno.errorcode[ex.errno]
        phy, reg, _, value = struct.unpack_from("HHHH", req, 16)
        return phy, reg, value


def mii_reads(cfg) -> None:
    """ The PHY, and each register that it has """
    mii = _Mii(cfg)
    ksft_eq(mii(SIOCGMIIPHY, phy=0)[0], 1)
    for reg in (BMCR, PHYSID1, ADVERTISE):
        ksft_eq(mii(SIOCGMIIREG, reg=reg), (1, reg, _phy(cfg, reg)))
    ksft_eq(mii(SIOCGMIIREG, reg=PHYSID1)[2], PHY_ID1[cfg.chip])
    ksft_eq(mii(SIOCGMIIREG, reg=BMSR)[2] & LINK, LINK)


def mii_writes(cfg) -> None:
    """ What is written is in the PHY, and the link restarts if that is what it says """
    mii = _Mii(cfg)
    was = _phy(cfg, ADVERTISE)
    defer(cfg.wait_link)
    defer(ethtool, f"-r {cfg.ifname}")
    ksft_eq(mii(SIOCSMIIREG, reg=ADVERTISE, value=was ^ 0x400)[1], ADVERTISE)
    ksft_eq(_phy(cfg, ADVERTISE), was ^ 0x400)
    lost = cfg.link_lost()
    mii(SIOCSMIIREG, reg=BMCR, value=0x1200)
    ksft_eq(settled(lambda: lost() > 0, True), True, "the link did not restart")
    cfg.wait_link()


def mii_refuses(cfg) -> None:
    """ What is not there, the page, and those who may not: an error, a word, no change """
    mii = _Mii(cfg)
    lost, mark = cfg.link_lost(), mark_log()
    for phy in (0, 2, 0x8001):
        ksft_eq(mii(SIOCGMIIREG, phy=phy), "ENODEV")
        ksft_eq(mii(SIOCSMIIREG, phy=phy, value=POWER_DOWN), "ENODEV")
    for reg in (32, 0xffff):
        ksft_eq(mii(SIOCGMIIREG, reg=reg), "EINVAL")
        ksft_eq(mii(SIOCSMIIREG, reg=reg, value=POWER_DOWN), "EINVAL")
    ksft_eq(mii(SIOCSMIIREG, reg=PAGE[cfg.chip], value=2), "EPERM")
    log = "\n".join(cfg.log(mark))
    for text in ("the only PHY has address 1", "register must be 0..31",
                 f"register {PAGE[cfg.chip]} selects the page"):
        ksft_in(text, log)
    if not os.fork():
        os.setuid(65534)
        denied = all(mii(req, reg=ADVERTISE) == "EPERM" for req in (SIOCGMIIREG, SIOCSMIIREG))
        os._exit(not denied)    # pylint: disable=protected-access
    ksft_eq(os.wait()[1], 0, "anybody may")
    ksft_eq(lost(), 0, "carrier moved")
    ksft_eq(_phy(cfg, BMCR) & POWER_DOWN, 0)


def _closed(cfg):
    defer(cfg.wait_link)
    defer(ip, f"link set dev {cfg.ifname} up")
    ip(f"link set dev {cfg.ifname} down")
    with Bar(cfg.pci) as card:
        return bool(mdio_read(card, BMCR) & POWER_DOWN), bool(card[CTRL_EXT] & DRV_LOAD)


def _unmanage(cfg):
    """Say in the 82574L's NVM that there is no management"""
    if cfg.chip == "e1000e":
        was = _word(cfg, CONTROL2)
        defer(_write_word, cfg, CONTROL2, was)
        _write_word(cfg, CONTROL2, was & ~MANAGED)


@ksft_variants(["closed", "reset", "tested"])
def power(cfg, way) -> None:
    """
    The PHY of a closed port is without power and the port the firmware's, also after a
    reset or a test; open, it is neither
    """
    _unmanage(cfg)
    with Bar(cfg.pci) as card:
        ksft_eq(mdio_read(card, BMCR) & POWER_DOWN, 0)
        ksft_eq(card[CTRL_EXT] & DRV_LOAD, DRV_LOAD)
        ksft_eq(_closed(cfg), (True, False))
        if way != "closed":
            ethtool({"reset": f"--reset {cfg.ifname} all",
                     "tested": f"-t {cfg.ifname} offline"}[way])
            ksft_ne(mdio_read(card, BMCR) & POWER_DOWN, 0)
            ksft_eq(card[CTRL_EXT] & DRV_LOAD, 0)
        ip(f"link set dev {cfg.ifname} up")
        cfg.wait_link()
        ksft_eq(mdio_read(card, BMCR) & POWER_DOWN, 0)
        ksft_eq(card[CTRL_EXT] & DRV_LOAD, DRV_LOAD)


def managed(cfg) -> None:
    """ The management of the 82574L keeps the power of a closed port's PHY """
    if cfg.chip != "e1000e":
        # here the management tells by MANC, which no reset of the emulated card leaves
        ksft_eq(_closed(cfg), (True, False))
        return
    was = _word(cfg, CONTROL2)
    defer(_write_word, cfg, CONTROL2, was)
    _write_word(cfg, CONTROL2, was & ~MANAGED | 1 << 13)
    ksft_eq(_closed(cfg), (False, False))


def _crossover(cfg):
    reg, mask, *values = CROSSOVER[cfg.chip]
    return values.index(_phy(cfg, reg) & mask)


def mdix(cfg) -> None:
    """ ethtool -s mdix: set, shown, and over down and up """
    def shown():
        return re.search(r"MDI-X: (.*)", ethtool(cfg.ifname).stdout).group(1)

    def back():
        ethtool(f"-s {cfg.ifname} mdix auto")
        cfg.wait_link()
    ksft_eq((shown(), _crossover(cfg)), ("off (auto)", 2))
    defer(back)
    for number, (word, text) in enumerate((("off", "off (forced)"), ("on", "on (forced)"))):
        lost = cfg.link_lost()
        ethtool(f"-s {cfg.ifname} mdix {word}")
        cfg.wait_link()
        ksft_ne(lost(), 0, "the link did not restart")
        ksft_eq(_crossover(cfg), number)
        ksft_eq(shown(), text)
    ip(f"link set dev {cfg.ifname} down")
    ip(f"link set dev {cfg.ifname} up")
    cfg.wait_link()
    ksft_eq(_crossover(cfg), 1)
    mark = mark_log()
    cmd(f"ethtool -s {cfg.ifname} autoneg off speed 100 duplex full", fail=False)
    ksft_in("without autoneg mdix must be auto or off", "\n".join(cfg.log(mark)))
    ksft_eq(_phy(cfg, BMCR) & AUTONEG, AUTONEG)


def forced_speed(cfg) -> None:
    """ A forced speed goes with MDI, and negotiation with what was set before """
    def back():
        ethtool(f"-s {cfg.ifname} autoneg on")
        cfg.wait_link()
    ksft_eq(_crossover(cfg), 2)
    defer(back)
    ethtool(f"-s {cfg.ifname} autoneg off speed 100 duplex full")
    ksft_eq(_crossover(cfg), 0)
    back()
    ksft_eq(_crossover(cfg), 2)


def loopback(cfg) -> None:
    """ It is the PHY's, at a forced speed, and survives the other settings of a link """
    def seen():
        with Bar(cfg.pci) as card:
            return bool(mdio_read(card, BMCR) & LOOPBACK), card[CTRL] & CTRL_FORCED
    ksft_eq(seen(), (False, 0))
    defer(cfg.wait_link)
    cfg.dut.set_feature("loopback", True)
    ksft_eq(seen(), (True, CTRL_FORCED))
    ethtool(f"-r {cfg.ifname}")
    ksft_eq(seen(), (True, CTRL_FORCED))
    ip(f"link set dev {cfg.ifname} down")
    ip(f"link set dev {cfg.ifname} up")
    ksft_eq(seen(), (True, CTRL_FORCED))
    ksft_eq(settled(cfg.dut.carrier, True), True, "no carrier in loopback")
    ethtool(f"-K {cfg.ifname} loopback off")
    ksft_eq(seen(), (False, 0))


def nvm_is_whole(cfg) -> None:
    """ ethtool -e shows as much as the card has, any part of it, and adds up """
    with Bar(cfg.pci) as card:
        size = 2 * (1 << (card[EECD] >> 11 & 0xf) + 6)
    image = _read_nvm(cfg)
    ksft_pr(f"{len(image)} bytes")
    ksft_eq(len(image), size)
    ksft_eq(_sum(image), SUM)
    ksft_eq(image[:6], cfg.dut.mac())
    for offset, length in ((0, 1), (1, 1), (1, 4), (size - 3, 3)):
        part = _read_nvm(cfg, "offset", str(offset), "length", str(length))
        ksft_eq(part, image[offset:offset + length])


def nvm_is_written(cfg) -> None:
    """
    ethtool -E changes the byte and the sum, and the card says that it is good. The
    82576's is not written: an error, and a word of why.
    """
    before = _read_nvm(cfg)
    offset = 2 * SPARE + 1
    mark = mark_log()
    if cfg.chip == "igb":
        ksft_ne(_write_byte(cfg, offset, 0x5a, fail=False).ret, 0)
        ksft_in("the NVM of an 82576 is not written", "\n".join(cfg.log(mark)))
        ksft_eq(_read_nvm(cfg), before)
        return
    defer(_write_byte, cfg, offset, before[offset])
    value = before[offset] ^ 0x5a
    _write_byte(cfg, offset, value)
    after = _read_nvm(cfg)
    ksft_eq(_sum(after), SUM)
    ksft_in("PASS", cmd(f"ethtool -t {cfg.ifname} online").stdout)
    ksft_eq({i for i, (old, new) in enumerate(zip(before, after)) if old != new} -
            {2 * SUM_WORDS - 2, 2 * SUM_WORDS - 1}, {offset})
    ksft_eq(after[offset], value)
    _write_byte(cfg, offset, before[offset])
    ksft_eq(_read_nvm(cfg), before)


def nvm_refuses(cfg) -> None:
    """ Another card's file, and what is beyond the end: an error, and no change """
    before = _read_nvm(cfg)
    mark = mark_log()
    ksft_ne(_write_byte(cfg, 0, before[0] ^ 1, magic=0x12348086, fail=False).ret, 0)
    ksft_in(f"magic must be 0x{DEVICE[cfg.chip]:04x}8086", "\n".join(cfg.log(mark)))
    ksft_ne(_write_byte(cfg, len(before), 0, fail=False).ret, 0)
    ksft_eq(_read_nvm(cfg), before)


def no_flash_image(cfg) -> None:
    """ ethtool --flash fails, and says so """
    mark = mark_log()
    res = cmd(f"ethtool --flash {cfg.ifname} no-such-image", fail=False)
    ksft_ne(res.ret, 0, "exit status")
    ksft_in("not supported", res.stderr)
    ksft_in("the driver writes no flash images", "\n".join(cfg.log(mark)))


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        ksft_run([mii_reads, mii_writes, mii_refuses, power, managed, mdix, forced_speed,
                  loopback, nvm_is_whole, nvm_is_written, nvm_refuses, no_flash_image],
                 args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
