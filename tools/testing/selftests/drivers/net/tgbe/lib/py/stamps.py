# SPDX-License-Identifier: GPL-2.0

"""
The PTP clock of a card, and sockets that learn when a frame was sent or received.
"""

import array
import ctypes
import fcntl
import os
import select
import socket
import struct
import time
from pathlib import Path

from .traffic import SO_RCVBUFFORCE

ETH_P_1588 = 0x88f7
SYNC, DELAY_REQ = 0, 1

# linux/net_tstamp.h
TX_OFF, TX_ON = 0, 1
FILTER_NONE, FILTER_ALL, FILTER_V1_L4_EVENT = 0, 1, 3
FILTER_L2_SYNC, FILTER_L2_DELAY_REQ, FILTER_EVENT = 10, 11, 12
SIOCSHWTSTAMP, SIOCGHWTSTAMP = 0x89b0, 0x89b1
SO_TIMESTAMPING = 37
TX_HARDWARE, TX_SOFTWARE, RX_HARDWARE, SOFTWARE, RAW_HARDWARE = 1, 2, 4, 16, 64

# linux/timex.h: struct timex up to time.tv_usec, then what is not looked at
TIMEX = struct.Struct("=I4x4qi4x3q2q120x")
ADJ_FREQUENCY, ADJ_SETOFFSET, ADJ_NANO = 0x2, 0x100, 0x2000

_LIBC = ctypes.CDLL(None, use_errno=True)


class Phc:
    """A PTP clock, for use in "with". Times are nanoseconds"""

    def __init__(self, index):
        self._fd = os.open(f"/dev/ptp{index}", os.O_RDWR)
        # what FD_TO_CLOCKID of the kernel's manual says
        self._id = (~self._fd << 3) | 3

    def __enter__(self):
        return self

    def __exit__(self, ex_type, ex_value, ex_tb):
        os.close(self._fd)

    def get(self):
        """What time it is"""
        return time.clock_gettime_ns(self._id)

    def set(self, now):
        """Set the time"""
        time.clock_settime_ns(self._id, now)

    def _adjust(self, modes, freq=0, sec=0, nsec=0):
        timex = ctypes.create_string_buffer(
            TIMEX.pack(modes, 0, freq, 0, 0, 0, 0, 0, 0, sec, nsec), TIMEX.size)
        if _LIBC.clock_adjtime(ctypes.c_int(self._id), timex) < 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))

    def shift(self, delta):
        """Change the time by so much"""
        sec, nsec = divmod(delta, 10**9)
        self._adjust(ADJ_SETOFFSET | ADJ_NANO, sec=sec, nsec=nsec)

    def steer(self, ppb):
        """Make it run faster by so many parts in 10^9"""
        self._adjust(ADJ_FREQUENCY, freq=ppb * 65536 // 1000)

    def _both(self):
        """The host's time and this clock's in one moment: of some looks the shortest"""
        def look():
            before, there, after = time.monotonic_ns(), self.get(), time.monotonic_ns()
            return after - before, (before + after) // 2, there
        return min(look() for _ in range(10))[1:]

    def rate(self, meanwhile=None, least=1.0):
        """
        Seconds of this clock for each of the host's while @meanwhile is done, and for
        a while at least
        """
        here, there = self._both()
        if meanwhile:
            meanwhile()
        while time.monotonic_ns() < here + least * 10**9:
            time.sleep(0.05)
        now_here, now_there = self._both()
        return (now_there - there) / (now_here - here)


def phc_index(pci):
    """The number of a card's PTP clock, or None"""
    clocks = list(Path(f"/sys/bus/pci/devices/{pci}/ptp").glob("ptp*"))
    return int(clocks[0].name[3:]) if clocks else None


def _hwtstamp(end, request, tx_type, rx_filter):
    config = array.array("i", [0, tx_type, rx_filter])
    addr, _ = config.buffer_info()
    ifreq = struct.pack("16sP16x", end.ifname.encode(), addr)
    with end.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, request, ifreq)
    return config[1], config[2]


def set_stamping(end, tx_type, rx_filter):
    """Choose what is stamped; returns what the driver made of it"""
    return _hwtstamp(end, SIOCSHWTSTAMP, tx_type, rx_filter)


def get_stamping(end):
    """What is stamped, as (tx_type, rx_filter)"""
    return _hwtstamp(end, SIOCGHWTSTAMP, 0, 0)


def _stamp_of(cmsgs):
    """Nanoseconds of the (software, hardware) stamps among control messages"""
    for level, kind, data in cmsgs:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPING:
            words = struct.unpack("=6q", data[:48])
            return tuple(words[i] * 10**9 + words[i + 1] for i in (0, 4))
    return 0, 0


class PtpSocket:
    """Sends and receives PTP version 2 messages over Ethernet, with stamps"""

    def __init__(self, end, other, flags):
        self._end, self._other = end, other
        self._sock = end.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                socket.htons(ETH_P_1588))
        self._sock.bind((end.ifname, ETH_P_1588))
        # stamps that nobody has read yet wait here
        self._sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
        self._sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, flags)
        self._head = end.mac() + struct.pack("!H", ETH_P_1588)
        self._to = other.mac()

    def close(self):
        """Close the socket"""
        self._sock.close()

    def send(self, message=SYNC, token=b"", to=None):
        """Send a message to the other end"""
        body = struct.pack("!BBH", message, 2, 44) + bytes(30) + token
        self._sock.send((to or self._to) + self._head + body.ljust(46, b"\0"))

    def sent(self, deadline=5):
        """
        The (software, hardware) stamps of the first frame in the error queue; None if
        none comes
        """
        poll = select.poll()
        poll.register(self._sock, 0)
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            poll.poll(100)
            try:
                _, cmsgs, _, _ = self._sock.recvmsg(2048, 512, socket.MSG_ERRQUEUE |
                                                    socket.MSG_DONTWAIT)
            except BlockingIOError:
                continue
            return _stamp_of(cmsgs)
        return None

    def received(self, token, deadline=20):
        """The (software, hardware) stamps of the frame with this token"""
        self._sock.settimeout(deadline)
        while True:
            frame, cmsgs, _, addr = self._sock.recvmsg(2048, 512)
            if token in frame and addr[2] != socket.PACKET_OUTGOING:
                return _stamp_of(cmsgs)
