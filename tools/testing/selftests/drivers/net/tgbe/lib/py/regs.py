# SPDX-License-Identifier: GPL-2.0

"""
The card's registers, mapped from user space (the guest has iomem=relaxed).
"""

import mmap
import os
from pathlib import Path

from .cards import wait_until

BAR_SIZE = 128 << 10


class Bar:
    """BAR 0 of a card, for use in "with": 32-bit registers by offset"""

    def __init__(self, pci):
        fd = os.open(f"/sys/bus/pci/devices/{pci}/resource0", os.O_RDWR | os.O_SYNC)
        self._map = mmap.mmap(fd, BAR_SIZE)
        os.close(fd)
        # A view of 32-bit words makes each access one load or store
        self._words = memoryview(self._map).cast("I")

    def __enter__(self):
        return self

    def __exit__(self, ex_type, ex_value, ex_tb):
        self._words.release()
        self._map.close()

    def __getitem__(self, offset):
        return self._words[offset // 4]

    def __setitem__(self, offset, value):
        self._words[offset // 4] = value & 0xffffffff


def tx_descriptors(pci):
    """Those of transmit ring 0, each as two words of 64 bits"""
    ring = Path(f"/sys/kernel/debug/tgbe/{pci}/tx-0").read_text("ascii")
    return [[int(word, 16) for word in row.split()[1:3]] for row in ring.splitlines()[1:]]


def _mdio(card, command):
    mdic, ready = 0x20, 1 << 28
    card[mdic] = command
    wait_until(lambda: card[mdic] & ready, "the PHY does not answer")
    return card[mdic]


def mdio_read(card, reg):
    """A register of the PHY. The driver may be there at the same time: ask again then"""
    while True:
        answer = _mdio(card, 2 << 26 | 1 << 21 | reg << 16)
        if answer >> 16 & 0x1f == reg:
            return answer & 0xffff


def mdio_write(card, reg, value):
    """Write a register of the PHY"""
    _mdio(card, 1 << 26 | 1 << 21 | reg << 16 | value)


def queue_switch(chip, queue):
    """The register and the bit that let a transmit queue run"""
    if chip == "igb":
        return 0xe028 + 0x40 * queue, 1 << 25       # TXDCTL.ENABLE
    return 0x3840 + 0x100 * queue, 1 << 10          # TARC.ENABLE
