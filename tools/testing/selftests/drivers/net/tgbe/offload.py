#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
The offloads do what they say: who cuts and who sums is seen from the frames,
not from the settings. Also doorbell batching, copybreak and netconsole.
"""

import ctypes
import os
import re
import socket
import struct
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_gt, ksft_is, ksft_lt, ksft_true, \
    ksft_variants
from lib.py import KsftFailEx, KsftSkipEx
from lib.py import cmd, defer, exchange, settled, wait_until
from lib.py import Bar, checksum, FrameLengths, FrameTap, HashedFrames, UntaggedFrames, \
    ip4_header, pseudo_header, snmp, sum_stats, tx_descriptors
from lib.py import TcpStreams, TgbeEnv, UdpPair

MIB = 1 << 20
ETH_HEADER = 14
MTU_FRAME = 1500 + ETH_HEADER
# Of an acknowledgement with all of TCP's options that a stream may need
ACK_FRAME = ETH_HEADER + 20 + 60
CONFIGFS = Path("/sys/kernel/config")
PORT = 6666
SO_MEMINFO = 55

CTRL, CTRL_VME = 0x0, 1 << 30
# The second half of a transmit descriptor: of data, or another; the last of a frame
TXD_DATA = {"igb": 3 << 20, "e1000e": 1 << 20}
TXD_TYPE, TXD_EOP = 0xf << 20, 1 << 24
TXD_IFCS, TXD_DEXT = 1 << 25, 1 << 29
SO_NOFCS = 43
LOCAL_TYPE = 0x88b5     # IEEE 802: local experimental
BQL_LIMIT = 3000


def _frame_lengths(cfg, ipver):
    """
    The length of the largest frame given to the card, and how many arrived of each
    length, of some TCP traffic from here. GRO would merge what arrives: it is off.
    """
    cfg.peer.set_feature("generic-receive-offload", False)
    given = FrameLengths(cfg.dut, outgoing=True)
    arrived = FrameLengths(cfg.peer, outgoing=False)
    exchange(*cfg.ends, ipver, cfg.data[:2 * MIB])
    return given.largest(), arrived.result()


@ksft_variants(["4", "6"])
def tso(cfg, ipver) -> None:
    """ With TSO the card gets more than an MTU at once, and cuts it; else not """
    name = {"4": "tx-tcp-segmentation", "6": "tx-tcp6-segmentation"}[ipver]
    for active in (True, False):
        cfg.dut.set_feature(name, active)
        given, arrived = _frame_lengths(cfg, ipver)
        largest = max(arrived)
        ksft_pr(f"TSO {active}: largest frame given {given}, arrived {largest}")
        ksft_is(given > MTU_FRAME, active, "frames above the MTU given to the card")
        ksft_eq(largest, MTU_FRAME)


@ksft_variants([1500, 9000])
def segments(cfg, mtu) -> None:
    """ TCP's segments, which the card cuts, are as large as the MTU lets them be """
    for end in cfg.ends:
        end.set_mtu(mtu)
    _, arrived = _frame_lengths(cfg, "4")
    ksft_eq(max(arrived), mtu + ETH_HEADER)
    data = sum(count for length, count in arrived.items() if length > ACK_FRAME)
    full = arrived[mtu + ETH_HEADER]
    ksft_pr(f"{full} of {data} frames with data are full")
    ksft_ge(full, data / 2)


def gso(cfg) -> None:
    """
    TCP gives IP several segments at once whether the device has GSO or not. A tap does
    not show it: the stack cuts in front of that.
    """
    def sent():
        now = snmp(cfg.dut)
        return now["Ip:OutRequests"], now["Tcp:OutSegs"]
    cfg.dut.set_feature("tx-tcp-segmentation", False)
    for active in (True, False):
        cfg.dut.set_feature("generic-segmentation-offload", active)
        before = sent()
        exchange(*cfg.ends, "4", cfg.data[:8 * MIB])
        packets, segs = (b - a for a, b in zip(before, sent()))
        ksft_pr(f"GSO {active}: {packets} packets for {segs} segments")
        ksft_lt(packets, segs)


def tso_counter(cfg) -> None:
    """ The card counts what it cuts, when it is told to """
    def segmented():
        return sum_stats(cfg.dut.ethtool_stats(), r"tx_tcp_seg_packets|tx_tcp_seg_good")

    if not any("tcp_seg" in name for name in cfg.dut.ethtool_stats()):
        raise KsftFailEx("no counter for segmented packets")
    for active in (True, False):
        for name in ("tx-tcp-segmentation", "tx-tcp6-segmentation"):
            cfg.dut.set_feature(name, active)
        before = segmented()
        exchange(*cfg.ends, "4", cfg.data[:2 * MIB])
        settled(lambda start=before: segmented() > start, active, deadline=5)
        ksft_is(segmented() > before, active)


def gro(cfg) -> None:
    """ With GRO the stack gets more than an MTU at once, else what came over the wire """
    for active in (True, False):
        cfg.dut.set_feature("generic-receive-offload", active)
        given = FrameLengths(cfg.dut, outgoing=False)
        exchange(*cfg.ends, "4", cfg.data[:2 * MIB])
        largest = given.largest()
        ksft_pr(f"GRO {active}: largest frame given to the stack {largest}")
        ksft_is(largest > MTU_FRAME, active)
        ksft_ge(largest, MTU_FRAME)


def tx_checksums(cfg) -> None:
    """
    The checksums the card writes are right: the peer's stack, told not to
    trust its card, finds none wrong. It writes them when it is told to.
    """
    def written():
        return sum_stats(cfg.dut.ethtool_stats(), r"tx_queue_\d+_csum")

    cfg.peer.set_feature("rx-checksumming", False)
    for active in (True, False):
        for name in ("tx-checksum-ip-generic", "tx-checksum-ipv4", "tx-checksum-ipv6"):
            known = cfg.dut.features()
            if name in known and not known[name]["fixed"]:
                cfg.dut.set_feature(name, active)
        before, start = snmp(cfg.peer), written()
        for ipver in "46":
            exchange(*cfg.ends, ipver, cfg.data[:2 * MIB])
            pair = UdpPair(*cfg.ends, ipver)
            for size in (1, 2, 99, 1000, 5000):
                pair.send(cfg.data[:size])
                ksft_eq(pair.rx.recv(65536), cfg.data[:size])
            pair.close()
        after = snmp(cfg.peer)
        for name in ("Tcp:InCsumErrors", "Udp:InCsumErrors", "Tcp:InErrs"):
            ksft_eq(after[name], before[name], f"{name}, checksum offload {active}")
        ksft_is(written() > start, active, "checksums of the card")


def sctp_checksum(cfg) -> None:
    """ The sums of SCTP are right, the card's and the stack's """
    if cfg.dut.features()["tx-checksum-sctp"]["fixed"]:
        raise KsftSkipEx("the 82574L does not sum SCTP")
    # a socket of its own keeps the module for good
    if cmd("modprobe sctp", fail=False).ret:
        raise KsftSkipEx("no sctp module")

    def written():
        return sum_stats(cfg.dut.ethtool_stats(), r"tx_queue_\d+_csum")

    def wrong():
        text = cfg.peer.cmd("cat /proc/net/sctp/snmp").stdout
        return int(re.search(r"SctpChecksumErrors\s+(\d+)", text).group(1))

    def transfer(size):
        kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
        with cfg.peer.socket(*kind) as listener, cfg.dut.socket(*kind) as tx:
            listener.bind((cfg.remote_addr_v["4"], 0))
            listener.listen()
            for sock in (listener, tx):
                sock.settimeout(30)
            tx.connect(listener.getsockname())
            rx, _ = listener.accept()
            with rx:
                rx.settimeout(30)
                tx.sendall(cfg.data[:size])
                with rx.makefile("rb") as file:
                    ksft_true(file.read(size) == cfg.data[:size], f"{size} bytes")

    cfg.peer.set_feature("rx-checksumming", False)
    for active in (True, False):
        cfg.dut.set_feature("tx-checksum-sctp", active)
        before, errors = written(), wrong()
        for size in (1, 99, 1000, 50000):
            transfer(size)
        ksft_is(written() > before, active, "sums of the card")
        ksft_eq(wrong(), errors, f"wrong sums, offload {active}")


def _udp4_frame(cfg, port, payload, spoil):
    """A UDP/IPv4 frame from the peer to us, whose UDP checksum may be spoilt"""
    src, dst = (socket.inet_aton(e.addr_v["4"]) for e in (cfg.peer, cfg.dut))
    udp = struct.pack("!HHHH", 5353, port, 8 + len(payload), 0) + payload
    pseudo = pseudo_header(src, dst, socket.IPPROTO_UDP, len(udp))
    value = checksum(pseudo + udp) or 0xffff
    udp = udp[:6] + struct.pack("!H", value ^ (0x1234 if spoil else 0)) + udp[8:]
    return cfg.dut.mac() + cfg.peer.mac() + b"\x08\x00" + \
        ip4_header(src, dst, socket.IPPROTO_UDP, len(udp)) + udp


@ksft_variants([True, False])
def rx_checksums(cfg, active) -> None:
    """ A datagram with a wrong checksum is not delivered, whoever checks it """
    def believed():
        return sum_stats(cfg.dut.ethtool_stats(), r"rx_queue_\d+_csum_good")

    cfg.dut.set_feature("rx-checksumming", active)
    start = believed()
    with cfg.dut.socket(socket.AF_INET, socket.SOCK_DGRAM) as rx, \
         cfg.peer.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as tx:
        rx.bind((cfg.addr_v["4"], 0))
        rx.settimeout(20)
        tx.bind((cfg.remote_ifname, 0))
        port = rx.getsockname()[1]
        before = snmp(cfg.dut)["Udp:InCsumErrors"]
        for count in range(10):
            for spoil in (True, False):
                text = f"{count} {'bad' if spoil else 'good'}".encode()
                tx.send(_udp4_frame(cfg, port, text, spoil))
            ksft_eq(rx.recv(100), f"{count} good".encode())
        ksft_eq(snmp(cfg.dut)["Udp:InCsumErrors"] - before, 10)
    # the last frame may still be under way
    ksft_is(settled(lambda: believed() > start, active), active, "checks of the card")


@ksft_variants([(True, True), (True, False), (False, False)])
def vlan_offload(cfg, rx_strip, tx_insert) -> None:
    """
    Tags survive whether the card or the stack handles them. (One switch of the
    card governs both: there is no insertion without stripping.)
    """
    one, other = cfg.vlan(55)
    cfg.dut.set_feature("rx-vlan-offload", rx_strip)
    cfg.dut.set_feature("tx-vlan-offload", tx_insert)
    with Bar(cfg.pci) as card:
        ksft_is(bool(card[CTRL] & CTRL_VME), rx_strip, "CTRL.VME")
    for ipver in "46":
        one.ping(other, ipver)
        exchange(one, other, ipver, cfg.data[:4 * MIB])
    # and untagged traffic beside it
    exchange(*cfg.ends, "4", cfg.data[:MIB])


def vlan_priority(cfg) -> None:
    """ The whole tag goes through, priority bits too """
    cfg.vlan(55)
    for strip in (True, False):
        cfg.dut.set_feature("rx-vlan-offload", strip)
        tap = FrameTap(cfg.peer, cfg.dut)
        defer(tap.close)
        for tci in (55, 55 | 3 << 13, 55 | 7 << 13):
            ksft_eq(tap.tag_of(cfg.dut.mac(), tci), tci, f"stripping {strip}")


def vlan_switched_under_traffic(cfg) -> None:
    """ No frame loses its tag while the card's part in it is switched off and on """
    one, other = cfg.vlan(55)
    tap = UntaggedFrames(cfg.peer, other.addr_v["4"])
    defer(tap.close)
    defer(cfg.dut.ethtool, f"-K {cfg.ifname} rxvlan on txvlan on")

    def switch():
        for _ in range(30):
            cfg.dut.ethtool(f"-K {cfg.ifname} rxvlan off")
            cfg.dut.ethtool(f"-K {cfg.ifname} rxvlan on txvlan on")
    exchange(one, other, "4", cfg.data, meanwhile=switch)
    ksft_eq(tap.count(), 0, "frames without their tag")
    # one that has none is seen
    with cfg.dut.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        sock.bind((cfg.ifname, 0))
        addrs = [socket.inet_aton(end.addr_v["4"]) for end in (one, other)]
        sock.send(cfg.peer.mac() + cfg.dut.mac() + b"\x08\x00" +
                  ip4_header(*addrs, socket.IPPROTO_UDP, 0).ljust(60, b"\0"))
    wait_until(lambda: tap.count() == 1, "a frame without a tag is not seen")


def rxhash(cfg) -> None:
    """ Frames have the card's hash or none; switched while data flows """
    tap = HashedFrames(cfg.dut)
    defer(tap.close)
    pair = UdpPair(*reversed(cfg.ends), "4")
    defer(pair.close)
    for active in (False, True):
        exchange(*cfg.ends, "4", cfg.data[:4 * MIB],
                 meanwhile=lambda on=active: cfg.dut.set_feature("receive-hashing", on))
        tap.count()
        # when a frame has reached its socket, those before it have reached the tap
        for _ in range(21):
            pair.send(cfg.data[:100])
            pair.rx.recv(100)
        ksft_eq(min(tap.count(), 20), 20 if active else 0, "frames with a hash")


def _memory_of(sock):
    """Bytes of memory that what waits in a socket takes"""
    return struct.unpack("9I", sock.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 36))[0]


def copybreak(cfg) -> None:
    """
    Frames up to the limit are copied and others not, by the driver's counter and
    by the memory that they take in the socket; all are whole
    """
    def moved():
        stats = cfg.dut.ethtool_stats()
        return [sum_stats(stats, rf"rx_queue_\d+_{what}") for what in ("copied", "packets")]

    cfg.pin_neighbours()
    pair = UdpPair(*cfg.ends[::-1], "4")
    defer(pair.close)
    memory = {}
    for limit in (0, 64, 256, 1024):
        cfg.dut.set_tunable("rx-copybreak", limit)
        ksft_eq(cfg.dut.tunable("rx-copybreak"), limit)
        before, sizes = moved(), [*range(0, 400, 7), 982, 983]
        for size in sizes:
            pair.send(cfg.data[size:2 * size])
            ksft_true(pair.rx.recv(1000) == cfg.data[size:2 * size],
                      f"{size} bytes at a limit of {limit}")
        # the last frame may still be under way
        wait_until(lambda start=before, count=len(sizes): moved()[1] - start[1] >= count,
                   "frames are not counted")
        copied, packets = (b - a for a, b in zip(before, moved()))
        # 42 bytes of headers; at least 60 bytes
        want = sum(max(size + 42, 60) <= limit for size in sizes)
        ksft_ge(copied, want)
        # a stray frame may be either
        ksft_ge(want + packets - len(sizes) if limit else 0, copied)
        pair.send(bytes(100))
        wait_until(lambda: _memory_of(pair.rx), "a datagram does not arrive")
        memory[limit] = _memory_of(pair.rx)
        pair.rx.recv(1000)
    ksft_pr("memory of 100 bytes by limit:", memory)
    ksft_gt(memory[64], memory[256], "a copy takes as much as a buffer")
    ksft_eq((memory[0], memory[256]), (memory[64], memory[1024]))


def doorbells(cfg) -> None:
    """
    Bulk data rings the doorbell less often than once per packet, and refills
    descriptors in batches
    """
    for name in ("tx-tcp-segmentation", "tx-tcp6-segmentation"):
        cfg.dut.set_feature(name, False)
    before = cfg.dut.ethtool_stats()
    exchange(*cfg.ends, "4", cfg.data)
    after = cfg.dut.ethtool_stats()

    def moved(pattern):
        return sum_stats(after, pattern) - sum_stats(before, pattern)
    for way in ("tx", "rx"):
        rings = moved(rf"{way}_queue_\d+_doorbells")
        packets = moved(rf"{way}_queue_\d+_packets")
        ksft_pr(f"{way}: {rings} doorbells for {packets} packets: {rings / packets:.3f}")
        ksft_gt(rings, 0)
        ksft_lt(rings, packets / 2)


def small_ring_under_load(cfg) -> None:
    """ With a ring of 64 the queue stops and wakes, and nothing is dropped """
    defer(cfg.dut.set_rings, *cfg.dut.rings())
    cfg.dut.set_rings(256, 64)
    before, drops = cfg.dut.ethtool_stats(), cfg.dut.stats()["tx"]["dropped"]
    for name in ("tx-tcp-segmentation", "tx-scatter-gather"):
        exchange(*cfg.ends, "4", cfg.data[:8 * MIB])
        cfg.dut.set_feature(name, False)
    after = cfg.dut.ethtool_stats()
    for row in ("stops", "restarts"):
        moved = sum_stats(after, rf"tx_queue_\d+_{row}") - sum_stats(before, rf"tx_queue_\d+_{row}")
        ksft_pr(f"{row}: {moved}")
        ksft_gt(moved, 0, row)
    ksft_eq(cfg.dut.stats()["tx"]["dropped"], drops)


def _continued(cfg):
    """Data descriptors of the transmit ring behind which their frame goes on"""
    return sum(word & TXD_TYPE == TXD_DATA[cfg.chip] and not word & TXD_EOP
               for _, word in tx_descriptors(cfg.pci))


def no_fcs(cfg) -> None:
    """ A frame that brings its FCS is sent as it is, and the card is told so """
    cfg.one_queue()
    with cfg.dut.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as tx, \
         cfg.peer.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(LOCAL_TYPE)) as rx:
        tx.bind((cfg.ifname, 0))
        rx.bind((cfg.remote_ifname, LOCAL_TYPE))
        rx.settimeout(20)

        def without():
            return sum(high & TXD_TYPE == TXD_DATA[cfg.chip] and high & TXD_DEXT and
                       not high & TXD_IFCS for _, high in tx_descriptors(cfg.pci))
        head = cfg.peer.mac() + cfg.dut.mac() + struct.pack("!H", LOCAL_TYPE)
        for count, size in enumerate((60, 18, 1000, 1500)):
            tx.setsockopt(socket.SOL_SOCKET, SO_NOFCS, 0)
            tx.send(head + cfg.data[:size])
            ksft_eq(rx.recv(2000)[:ETH_HEADER + size], head + cfg.data[:size])
            ksft_eq(without(), count)
            tx.setsockopt(socket.SOL_SOCKET, SO_NOFCS, 1)
            tx.send(head + cfg.data[:size] + b"FCS!")
            # an emulated card takes the FCS for data
            got = rx.recv(2000)
            ksft_eq(got[:ETH_HEADER + size], head + cfg.data[:size])
            ksft_true(got[ETH_HEADER + size:].rstrip(b"\0") in (b"", b"FCS!"))
            ksft_eq(without(), count + 1)


def scatter_gather(cfg) -> None:
    """ Without it each frame is one piece and takes one descriptor of data """
    cfg.one_queue()
    for active in (True, False):
        cfg.dut.set_feature("tx-scatter-gather", active)
        # several times through the longest ring
        exchange(*cfg.ends, "4", cfg.data[:8 * MIB])
        continued = _continued(cfg)
        ksft_pr(f"scatter-gather {active}: {continued} descriptors with more behind them")
        ksft_is(continued > 0, active)


def bql(cfg) -> None:
    """ No more bytes wait for the card than limit_max, and the frame that passes it """
    path = Path(f"/sys/class/net/{cfg.ifname}/queues/tx-0/byte_queue_limits")
    if not path.exists():
        raise KsftSkipEx("no byte queue limits in this kernel")

    def read(name):
        return int((path / name).read_text("ascii"))

    def inflight():
        # the difference of two counters, read one after the other: it may be negative
        return ctypes.c_int32(read("inflight")).value

    cfg.one_queue()
    # a frame that is still to be cut passes as a whole
    cfg.dut.set_feature("tx-tcp-segmentation", False)
    was = cfg.dut.ip(f"-d link show dev {cfg.ifname}", json=True)[0]["gso_max_segs"]
    defer(cfg.dut.ip, f"link set dev {cfg.ifname} gso_max_segs {was}")
    cfg.dut.ip(f"link set dev {cfg.ifname} gso_max_segs 1")
    limit = path / "limit_max"
    defer(limit.write_text, limit.read_text("ascii"), encoding="ascii")
    limit.write_text(f"{BQL_LIMIT}\n", encoding="ascii")
    seen = []
    with TcpStreams(*cfg.ends, "4") as streams:
        for _ in range(30):
            streams.progress(32 << 10)
            seen += [inflight() for _ in range(20)]
    ksft_pr(f"in flight: up to {max(seen)}, limit {read('limit')}")
    ksft_gt(max(seen), 0)
    ksft_ge(BQL_LIMIT + MTU_FRAME, max(seen))
    ksft_ge(BQL_LIMIT, read("limit"))


def _netconsole(cfg):
    """A netconsole target over our card; returns the peer's listening socket"""
    if cmd("modprobe netconsole", fail=False).ret:
        raise KsftSkipEx("no netconsole module")
    if not (CONFIGFS / "netconsole").exists():
        cmd(f"mount -t configfs none {CONFIGFS}")
    rx = cfg.peer.socket(socket.AF_INET, socket.SOCK_DGRAM)
    defer(rx.close)
    rx.bind((cfg.remote_addr_v["4"], PORT))
    rx.settimeout(30)
    target = CONFIGFS / "netconsole" / "tgbe"
    target.mkdir()
    defer(target.rmdir)
    for name, value in (("dev_name", cfg.ifname), ("local_ip", cfg.addr_v["4"]),
                        ("remote_ip", cfg.remote_addr_v["4"]),
                        ("remote_port", PORT),
                        ("remote_mac", cfg.peer.sysfs("address")),
                        ("enabled", 1)):
        (target / name).write_text(f"{value}\n", encoding="ascii")
    defer((target / "enabled").write_text, "0\n", encoding="ascii")
    return rx


def _log_line_arrives(rx):
    token = os.urandom(8).hex()
    with open("/dev/kmsg", "w", encoding="ascii") as log:
        log.write(f"<1>tgbe netconsole {token}\n")
    while token.encode() not in rx.recv(2000):
        pass


def netconsole(cfg) -> None:
    """ A line of the kernel log reaches the peer through netpoll """
    rx = _netconsole(cfg)
    for _ in range(20):
        _log_line_arrives(rx)


def netconsole_under_load(cfg) -> None:
    """ Also while TCP keeps a small ring full """
    defer(cfg.dut.set_rings, *cfg.dut.rings())
    cfg.dut.set_rings(256, 64)
    rx = _netconsole(cfg)
    arrived = []

    def lines():
        for _ in range(40):
            try:
                _log_line_arrives(rx)
                arrived.append(1)
            except TimeoutError:
                pass
    rx.settimeout(3)
    exchange(*cfg.ends, "4", cfg.data, meanwhile=lines)
    ksft_pr(f"{len(arrived)} of 40 lines arrived")
    # netpoll gives up on a line when the ring stays full
    ksft_ge(len(arrived), 30)
    cfg.dut.ping(cfg.peer, "4")


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        cfg.data = os.urandom(32 * MIB)
        ksft_run([tso, segments, gso, tso_counter, gro, tx_checksums, sctp_checksum,
                  rx_checksums, vlan_offload, vlan_priority,
                  vlan_switched_under_traffic, rxhash, copybreak, doorbells,
                  small_ring_under_load, scatter_gather, no_fcs, bql, netconsole,
                  netconsole_under_load],
                 args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
