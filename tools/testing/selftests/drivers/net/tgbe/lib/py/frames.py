# SPDX-License-Identifier: GPL-2.0

"""
Single Ethernet frames, sent and seen below the protocol stack.
"""

import ctypes
import os
import socket
import struct
import time

from net.lib.py import KsftFailEx

from .traffic import SO_RCVBUFFORCE

ETH_P_ALL = 3
ETH_P_IP = 0x0800
ETH_P_8021Q = 0x8100
LOCAL_TYPE = 0x88b5     # IEEE 802: local experimental

SO_ATTACH_FILTER = 26
SKF_AD_RXHASH = 0xfffff000 + 32     # a filter loads the hash of the frame from there

SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_OUTGOING = 4
TP_STATUS_VLAN_VALID = 1 << 4
# struct tpacket_auxdata: status, len, snaplen, mac, net, vlan_tci, vlan_tpid
AUXDATA = struct.Struct("=IIIHHHH")


class FrameTap:
    """
    Sends frames from one end and tells which of them the other end's card let
    through. The receiving socket sees all that the driver hands up, also what
    is addressed to others, but does not make the card promiscuous.
    """
    def __init__(self, src, dst):
        self.dst = dst
        self._tx = src.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._tx.bind((src.ifname, 0))
        self._rx = dst.socket(socket.AF_PACKET, socket.SOCK_RAW,
                              socket.htons(ETH_P_ALL))
        self._rx.bind((dst.ifname, ETH_P_ALL))
        self._rx.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self._rx.settimeout(20)
        self._src_mac = src.mac()

    def close(self):
        """Close the sockets"""
        self._tx.close()
        self._rx.close()

    def _send(self, dst_mac, token, tci):
        tag = struct.pack("!HH", ETH_P_8021Q, tci) if tci is not None else b""
        self._tx.send(dst_mac + self._src_mac + tag +
                      struct.pack("!H", LOCAL_TYPE) + token.ljust(60, b"\0"))

    def _seen(self, dst_mac, tci):
        """
        What became of a frame to this address: None, or its auxiliary data. A
        second frame that always passes (unicast to the card's own address)
        follows on its heels: when that has come, the first one will not come
        any more.
        """
        token, mark = os.urandom(16), os.urandom(16)
        self._send(dst_mac, token, tci)
        self._send(self.dst.mac(), mark, None)
        seen = None
        end = time.monotonic() + 20
        while time.monotonic() < end:
            frame, aux, _, addr = self._rx.recvmsg(65536, 64)
            if addr[2] == PACKET_OUTGOING:
                continue
            if token in frame:
                seen = AUXDATA.unpack(aux[0][2])
            if mark in frame:
                return seen
        raise KsftFailEx("The card's own frames do not arrive")

    def arrives(self, dst_mac, vid=None):
        """Is a frame to this address let through?"""
        return self._seen(dst_mac, vid) is not None

    def tag_of(self, dst_mac, tci):
        """Send a frame with this tag; the tag it arrives with, or None"""
        seen = self._seen(dst_mac, tci)
        if not seen or not seen[0] & TP_STATUS_VLAN_VALID:
            return None
        return seen[5]


class HashedFrames:
    """The IPv4 frames that come into an interface with a hash, as only a card gives it"""

    # ld rxhash; jeq #0, out; ret #-1; out: ret #0
    _FILTER = b"".join(struct.pack("HBBI", *insn) for insn in (
        (0x20, 0, 0, SKF_AD_RXHASH), (0x15, 1, 0, 0), (0x06, 0, 0, 0xffffffff),
        (0x06, 0, 0, 0)))

    def __init__(self, end):
        self._sock = end.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        code = ctypes.create_string_buffer(self._FILTER)
        self._sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack(
            "HP", len(self._FILTER) // 8, ctypes.addressof(code)))
        self._sock.bind((end.ifname, ETH_P_IP))
        self._sock.setblocking(False)

    def count(self):
        """How many since the last time"""
        number = 0
        while True:
            try:
                self._sock.recv(1)
            except BlockingIOError:
                return number
            number += 1

    def close(self):
        """Close the socket"""
        self._sock.close()


class LargestFrame:
    """The length of the largest frame that went through an interface one way"""

    def __init__(self, end, outgoing):
        self._outgoing = outgoing
        self._sock = end.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                socket.htons(ETH_P_ALL))
        self._sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 25)
        self._sock.bind((end.ifname, ETH_P_ALL))
        self._sock.setblocking(False)

    def result(self):
        """
        The length so far; closes the socket. What did not fit into its buffer
        is not seen, but a transfer has many frames of the largest size.
        """
        largest = 0
        while True:
            try:
                room = bytearray(64)
                length, addr = self._sock.recvfrom_into(room, 64, socket.MSG_TRUNC)
            except BlockingIOError:
                break
            if (addr[2] == PACKET_OUTGOING) == self._outgoing:
                largest = max(largest, length)
        self._sock.close()
        return largest
