# SPDX-License-Identifier: GPL-2.0

"""
Single Ethernet frames, sent and seen below the protocol stack.
"""

import ctypes
import os
import socket
import struct
import time
from collections import Counter, namedtuple

from net.lib.py import KsftFailEx

from .traffic import Pktgen, SO_RCVBUFFORCE

ETH_P_ALL = 3
ETH_P_IP = 0x0800
ETH_P_8021Q = 0x8100
ETH_P_8021AD = 0x88a8
LOCAL_TYPE = 0x88b5     # IEEE 802: local experimental

SO_ATTACH_FILTER = 26
# From there a filter loads the hash of the frame, and whether a tag was taken out of it
SKF_AD_RXHASH, SKF_AD_VLAN_TAG_PRESENT = 0xfffff000 + 32, 0xfffff000 + 48

SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_VNET_HDR = 15
PACKET_OUTGOING = 4
TP_STATUS_VLAN_VALID = 1 << 4
# struct tpacket_auxdata: status, len, snaplen, mac, net, vlan_tci, vlan_tpid
AUXDATA = struct.Struct("=IIIHHHH")
# struct virtio_net_hdr: flags, gso_type, hdr_len, gso_size, csum_start, csum_offset
VNET = struct.Struct("=BBHHHH")
VNET_NEEDS_CSUM, VNET_TCP4, VNET_ECN = 1, 1, 0x80

IP4 = struct.Struct("!BBHHHBBH4s4s")
IP_DF, IP_MF, IP_OFFSET = 0x4000, 0x2000, 0x1fff
TCP = struct.Struct("!HHIIBBHHH")
TCP_CSUM = 16       # where it stands in the header
TCP_ACK, TCP_CWR = 0x10, 0x80


def checksum(data):
    """That of the Internet protocols, over an even number of bytes or an odd one"""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def pseudo_header(src, dst, protocol, length):
    """What the checksum of so many bytes behind an IPv4 header covers besides them"""
    return src + dst + struct.pack("!HH", protocol, length)


def ip4_header(src, dst, protocol, length, ident=0):
    """In front of so many bytes, which are not to be fragmented"""
    head = IP4.pack(0x45, 0, IP4.size + length, ident, IP_DF, 64, protocol, 0, src, dst)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:]


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

    def _send(self, dst_mac, payload, tags=()):
        self._tx.send(dst_mac + self._src_mac +
                      b"".join(struct.pack("!HH", *tag) for tag in tags) +
                      struct.pack("!H", LOCAL_TYPE) + payload.ljust(60, b"\0"))

    def _seen(self, dst_mac, tags=(), more=b""):
        """
        What became of a frame to this address: None, or itself and its auxiliary data.
        A second frame that always passes (unicast to the card's own address)
        follows on its heels: when that has come, the first one will not come
        any more.
        """
        token, mark = os.urandom(16), os.urandom(16)
        self._send(dst_mac, token + more, tags)
        self._send(self.dst.mac(), mark)
        seen = None
        end = time.monotonic() + 20
        while time.monotonic() < end:
            frame, aux, _, addr = self._rx.recvmsg(65536, 64)
            if addr[2] == PACKET_OUTGOING:
                continue
            if token in frame:
                seen = frame, AUXDATA.unpack(aux[0][2])
            if mark in frame:
                return seen
        raise KsftFailEx("The card's own frames do not arrive")

    def arrives(self, dst_mac, vid=None):
        """Is a frame to this address let through?"""
        tags = () if vid is None else ((ETH_P_8021Q, vid),)
        return self._seen(dst_mac, tags) is not None

    def tag_of(self, dst_mac, tci):
        """Send a frame with this tag; the tag it arrives with, or None"""
        seen = self._seen(dst_mac, ((ETH_P_8021Q, tci),))
        if not seen or not seen[1][0] & TP_STATUS_VLAN_VALID:
            return None
        return seen[1][5]

    def keeps(self, tags, size):
        """
        Send a frame to the card with these tags, as (type, value), and so many bytes
        between header and FCS, the tags not counted: does it arrive, as it was sent?
        """
        more = os.urandom(size - 16)
        frame, aux = self._seen(self.dst.mac(), tags, more) or (b"", None)
        if not frame:
            return False
        seen = [aux[6:4:-1]] if aux[0] & TP_STATUS_VLAN_VALID else []
        head = 12
        while (tag := struct.unpack_from("!HH", frame, head))[0] != LOCAL_TYPE:
            seen.append(tag)
            head += 4
        return tuple(seen) == tuple(tags) and frame[head + 2 + 16:] == more


class TcpSender:
    """
    Segments of a TCP connection that nobody has, to nobody's address, in frames to
    @mac from one end; also larger than a frame, for the card or the stack to cut
    """
    PORT = 9
    IDENT = 77      # the identification of each

    def __init__(self, src, mac):
        self._sock = src.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        self._sock.bind((src.ifname, 0))
        self._ether = mac + src.mac() + struct.pack("!H", ETH_P_IP)
        self._addrs = [socket.inet_aton(addr) for addr in (src.addr_v["4"], Pktgen.NOBODY)]

    def close(self):
        """Close the socket"""
        self._sock.close()

    def send(self, payload, seq=0, flags=TCP_ACK, mss=0):
        """Send a segment, with @mss one to be cut into pieces of so many bytes"""
        to = (*self._addrs, socket.IPPROTO_TCP, TCP.size + len(payload))
        # whoever cuts or sends it adds the rest to this sum
        begun = ~checksum(pseudo_header(*to)) & 0xffff
        tcp = TCP.pack(self.PORT, self.PORT, seq, 1, TCP.size // 4 << 4, flags, 0xffff,
                       begun, 0)
        start = len(self._ether) + IP4.size
        kind = (VNET_TCP4 | (VNET_ECN if flags & TCP_CWR else 0)) if mss else 0
        vnet = VNET.pack(VNET_NEEDS_CSUM, kind, start + TCP.size, mss, start, TCP_CSUM)
        self._sock.send(vnet + self._ether + ip4_header(*to, self.IDENT) + tcp + payload)


Ip4 = namedtuple("Ip4", ["ident", "more", "offset", "payload"])
TcpSegment = namedtuple("TcpSegment", ["ident", "seq", "flags", "payload"])


class Ip4Tap:
    """
    The IPv4 packets of a protocol to one address, as they come into an interface (as
    they were on the wire, if GRO is off)
    """
    def __init__(self, end, protocol, dest=Pktgen.NOBODY):
        self._sock = end.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self._sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 25)
        self._sock.bind((end.ifname, ETH_P_IP))
        self._sock.setblocking(False)
        self._want = (protocol, socket.inet_aton(dest))
        self._seen = []

    def close(self):
        """Close the socket"""
        self._sock.close()

    def packets(self):
        """All since the beginning"""
        while True:
            try:
                data = self._sock.recv(65536)
            except BlockingIOError:
                return self._seen
            _, _, length, ident, fragment, _, protocol, _, _, dest = IP4.unpack_from(data)
            if (protocol, dest) == self._want:
                self._seen.append(Ip4(ident, bool(fragment & IP_MF),
                                      (fragment & IP_OFFSET) * 8, data[IP4.size:length]))

    def segments(self):
        """The same as TCP segments without options"""
        parts = []
        for packet in self.packets():
            _, _, seq, _, _, flags, *_ = TCP.unpack_from(packet.payload)
            parts.append(TcpSegment(packet.ident, seq, flags, packet.payload[TCP.size:]))
        return parts


class _FilteredFrames:
    """Those of an interface's frames that a classic BPF program lets through"""

    def __init__(self, end, ethertype, program):
        self._sock = end.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        insns = b"".join(struct.pack("HBBI", *insn) for insn in program)
        code = ctypes.create_string_buffer(insns)
        self._sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack(
            "HP", len(program), ctypes.addressof(code)))
        self._sock.bind((end.ifname, ethertype))
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


class HashedFrames(_FilteredFrames):
    """The IPv4 frames that come into an interface with a hash, as only a card gives it"""

    def __init__(self, end):
        # ld rxhash; jeq #0, out; ret #-1; out: ret #0
        super().__init__(end, ETH_P_IP, (
            (0x20, 0, 0, SKF_AD_RXHASH), (0x15, 1, 0, 0), (0x06, 0, 0, 0xffffffff),
            (0x06, 0, 0, 0)))


class UntaggedFrames(_FilteredFrames):
    """The IPv4 frames to an address that come into an interface without a VLAN tag"""

    def __init__(self, end, dest):
        # ld vlan_avail; jne #0, out; ldh [12]; jne #0x800, out; ld [30]; jne dest, out;
        # ret #-1; out: ret #0
        super().__init__(end, ETH_P_ALL, (
            (0x20, 0, 0, SKF_AD_VLAN_TAG_PRESENT), (0x15, 0, 5, 0), (0x28, 0, 0, 12),
            (0x15, 0, 3, ETH_P_IP), (0x20, 0, 0, 30),
            (0x15, 0, 1, int.from_bytes(socket.inet_aton(dest), "big")),
            (0x06, 0, 0, 0xffffffff), (0x06, 0, 0, 0)))


class FrameLengths:
    """The lengths of the frames that went through an interface one way"""

    def __init__(self, end, outgoing):
        self._outgoing = outgoing
        self._sock = end.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                socket.htons(ETH_P_ALL))
        self._sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 25)
        self._sock.bind((end.ifname, ETH_P_ALL))
        self._sock.setblocking(False)

    def result(self):
        """
        How many there were of each length; closes the socket. What did not fit into
        its buffer is not seen, but a transfer has many frames of the largest size.
        """
        lengths = Counter()
        while True:
            try:
                room = bytearray(64)
                length, addr = self._sock.recvfrom_into(room, 64, socket.MSG_TRUNC)
            except BlockingIOError:
                break
            if (addr[2] == PACKET_OUTGOING) == self._outgoing:
                lengths[length] += 1
        self._sock.close()
        return lengths

    def largest(self):
        """The length of the largest so far; closes the socket"""
        return max(self.result(), default=0)
