# SPDX-License-Identifier: GPL-2.0

"""
Settings by ioctl or netlink, from this very process and with no program in between:
what the kernel does for it, it does in this task. Also quick.
"""

import array
import ctypes
import fcntl
import socket
import struct

from net.lib.py import EthtoolFamily

SIOCSIFFLAGS, SIOCGIFFLAGS = 0x8914, 0x8913
SIOCGIFMTU, SIOCSIFMTU = 0x8921, 0x8922
SIOCETHTOOL = 0x8946
IFF_UP = 1

# Command to read, command to write, number of 32-bit words behind the command
COALESCE = (0x0e, 0x0f, 22)
RINGS = (0x10, 0x11, 8)
CHANNELS = (0x3c, 0x3d, 8)
GSSET_INFO, GSTRINGS, SS_FEATURES = 0x37, 0x1b, 4
GFEATURES, SFEATURES, FEATURE_BLOCKS = 0x3a, 0x3b, 2
GRSSH, SRSSH = 0x46, 0x47
GTUNABLE, STUNABLE, TX_COPYBREAK, TUNABLE_U32 = 0x48, 0x49, 2, 3


class _IfReq(ctypes.Structure):
    """struct ifreq with a pointer in its union"""
    _fields_ = [("name", ctypes.c_char * 16), ("data", ctypes.c_void_p),
                ("pad", ctypes.c_char * 16)]


class IoctlCard:
    """An interface of our namespace. What fails raises OSError."""

    def __init__(self, ifname):
        self._name = ifname.encode()
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def close(self):
        """Close the socket"""
        self._sock.close()

    def _ethtool(self, data):
        fcntl.ioctl(self._sock, SIOCETHTOOL, _IfReq(self._name, data.buffer_info()[0]))
        return data

    def _word(self, request, value=0):
        req = bytearray(struct.pack("16sI20x", self._name, value))
        fcntl.ioctl(self._sock, request, req)
        return struct.unpack_from("I", req, 16)[0]

    def table(self, kind):
        """The words of RINGS, CHANNELS or COALESCE"""
        return self._ethtool(array.array("I", [kind[0]] + [0] * kind[2])).tolist()[1:]

    def set_table(self, kind, words):
        """Set them"""
        self._ethtool(array.array("I", [kind[1], *words]))

    def mtu(self):
        """The MTU"""
        return self._word(SIOCGIFMTU)

    def set_mtu(self, mtu):
        """Change the MTU"""
        self._word(SIOCSIFMTU, mtu)

    def is_up(self):
        """Is the interface up?"""
        return bool(self._word(SIOCGIFFLAGS) & IFF_UP)

    def set_up(self, want):
        """Take the interface up or down"""
        flags = self._word(SIOCGIFFLAGS) & 0xffff
        self._word(SIOCSIFFLAGS, flags | IFF_UP if want else flags & ~IFF_UP)

    def tx_copybreak(self):
        """The tunable"""
        return self._ethtool(array.array("I", [GTUNABLE, TX_COPYBREAK, TUNABLE_U32, 4, 0]))[4]

    def set_tx_copybreak(self, size):
        """Change it"""
        self._ethtool(array.array("I", [STUNABLE, TX_COPYBREAK, TUNABLE_U32, 4, size]))

    def feature_bit(self, name):
        """The number of an offload"""
        # the number of names must be right, or none are given
        info = self._ethtool(array.array("I", [GSSET_INFO, 0, 1 << SS_FEATURES, 0, 0]))
        count = info[4]
        data = self._ethtool(array.array("I", [GSTRINGS, SS_FEATURES, count] + [0] * 8 * count))
        names = data.tobytes()[12:]
        return [names[32 * bit:32 * bit + 32].split(b"\0")[0].decode()
                for bit in range(count)].index(name)

    def features(self):
        """The active offloads, as words of bits"""
        data = array.array("I", [GFEATURES, FEATURE_BLOCKS] + [0] * 4 * FEATURE_BLOCKS)
        # a block is available, requested, active, never-changed
        return self._ethtool(data).tolist()[4::4]

    def set_feature(self, bit, on):
        """Switch an offload"""
        blocks = [0] * 2 * FEATURE_BLOCKS
        blocks[bit // 32 * 2] = 1 << bit % 32
        blocks[bit // 32 * 2 + 1] = int(on) << bit % 32
        self._ethtool(array.array("I", [SFEATURES, FEATURE_BLOCKS, *blocks]))

    def rss_table(self):
        """The indirection table"""
        data = array.array("I", [GRSSH, 0, 128, 0, 0, 0] + [0] * 128)
        return self._ethtool(data).tolist()[6:]

    def set_rss_table(self, table):
        """Change it"""
        self._ethtool(array.array("I", [SRSSH, 0, len(table), 0, 0, 0, *table]))


class NetlinkRings:
    """The rings by netlink, which alone sets tcp-data-split, hds-thresh and rx-buf-len"""

    def __init__(self, ifname):
        self._family = EthtoolFamily()
        self._header = {"header": {"dev-name": ifname}}

    def get(self):
        """All that the kernel shows"""
        return self._family.rings_get(self._header)

    def set(self, **want):
        """Change some. What is refused raises NlError."""
        self._family.rings_set(self._header |
                               {key.replace("_", "-"): value for key, value in want.items()})
