#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
How what is sent leaves: who cuts it and into what, at which cost, and on which queue.
"""

import math
import os
import socket
import time
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_lt, ksft_ne, ksft_true, ksft_variants
from lib.py import KsftSkipEx
from lib.py import defer, FrameLengths, Ip4Tap, Pktgen, queue_of_cpu, TcpSender
from lib.py import settled, TgbeEnv, UdpPair, wait_until, DEBUG_KERNEL, TCP_ACK, TCP_CWR

MTU_FRAME = 1514
PIECE, PIECES = 1000, 16
IP_HEADER, UDP_HEADER = 20, 8
# Locally administered, and no address of the lab
STRANGER = bytes.fromhex("0200000000aa")
# Of a measurement of time
ROUNDS = 15


def _cut_by_card(cfg):
    """Large frames that were given to the card as such"""
    return sum(cfg.dut.per_queue("tx", "gso_packets").values())


def _keep(path):
    """Have a file of sysfs or procfs written back when the test ends"""
    defer(path.write_text, path.read_text("ascii"), encoding="ascii")


def _tap_peer(cfg, *args):
    """What comes to the peer, as it was on the wire"""
    cfg.peer.set_feature("generic-receive-offload", False)
    tap = Ip4Tap(cfg.peer, *args)
    defer(tap.close)
    return tap


def _arrived(tap, size):
    """The segments, when there are so many bytes"""
    wait_until(lambda: sum(len(part.payload) for part in tap.segments()) >= size,
               "not all has arrived")
    return tap.segments()


@ksft_variants([True, False])
def ecn_segmentation(cfg, active) -> None:
    """
    A large frame with CWR, which TCP sends once after each congestion, is cut by the
    card or by the stack; the first piece alone keeps CWR
    """
    cfg.dut.set_feature("tx-tcp-ecn-segmentation", active)
    tap = _tap_peer(cfg, socket.IPPROTO_TCP)
    sender = TcpSender(cfg.dut, cfg.peer.mac())
    defer(sender.close)
    before = _cut_by_card(cfg)
    half = PIECES * PIECE
    sender.send(cfg.data[:half], 0, TCP_ACK | TCP_CWR, PIECE)
    sender.send(cfg.data[half:2 * half], half, mss=PIECE)
    parts = _arrived(tap, 2 * half)
    # without CWR the feature does not matter
    ksft_eq(_cut_by_card(cfg) - before, 2 if active else 1, "frames that the card cut")
    ksft_eq([part.seq for part in parts], [*range(0, 2 * half, PIECE)])
    ksft_eq([part.seq for part in parts if part.flags & TCP_CWR], [0], "pieces with CWR")
    ksft_true(b"".join(part.payload for part in parts) == cfg.data[:2 * half], "other bytes")


def _forward(cfg):
    """Send what comes for nobody's address back to the peer; and let GRO wait for more"""
    neighbour = f"{Pktgen.NOBODY} dev {cfg.ifname}"
    cfg.dut.ip(f"neigh replace {neighbour} lladdr {cfg.peer.sysfs('address')} nud permanent")
    defer(cfg.dut.ip, f"neigh del {neighbour}")
    for path, value in ((f"/proc/sys/net/ipv4/conf/{cfg.ifname}/forwarding", "1"),
                        (f"/sys/class/net/{cfg.ifname}/gro_flush_timeout", "20000000")):
        _keep(Path(path))
        Path(path).write_text(value, encoding="ascii")


def _sent_back(cfg, sender):
    """The frames of a burst that was merged, as they come back; None if it was not"""
    tap = _tap_peer(cfg, socket.IPPROTO_TCP)
    merged = FrameLengths(cfg.dut, outgoing=False)
    for pos in range(0, PIECES * PIECE, PIECE):
        sender.send(cfg.data[pos:pos + PIECE], pos)
    parts = _arrived(tap, PIECES * PIECE)
    return parts if merged.largest() > MTU_FRAME else None


@ksft_variants([True, False])
def mangleid_segmentation(cfg, active) -> None:
    """
    Frames of one identification, merged by GRO and forwarded, are cut again: by the
    card, which numbers them, where that is allowed; else by the stack, which does not
    """
    cfg.dut.set_feature("tx-tcp-mangleid-segmentation", active)
    _forward(cfg)
    sender = TcpSender(cfg.peer, cfg.dut.mac())
    defer(sender.close)
    before = _cut_by_card(cfg)
    parts = wait_until(lambda: _sent_back(cfg, sender), "GRO merges nothing")
    numbers = sorted({part.ident for part in parts})
    ksft_pr(f"identifications: {numbers}")
    ksft_eq(_cut_by_card(cfg) > before, active, "cut by the card")
    ksft_eq(numbers[0], sender.IDENT)
    ksft_eq(len(numbers) > 1, active, "numbered")
    parts.sort(key=lambda part: part.seq)
    ksft_true(b"".join(part.payload for part in parts) == cfg.data[:PIECES * PIECE],
              "other bytes")


def _nothing_waits(cfg):
    """Room for whatever is sent, so that the sender does all the work of sending itself"""
    rx, tx = cfg.dut.rings()
    defer(cfg.dut.set_rings, rx, tx)
    cfg.dut.set_rings(rx, 4096)
    for path in Path(f"/sys/class/net/{cfg.ifname}/queues").glob(
            "tx-*/byte_queue_limits/limit_min"):
        _keep(path)
        path.write_text(f"{1 << 20}\n", encoding="ascii")


def cpu_per_byte(cfg) -> None:
    """ To send what the card cuts takes less CPU time than to send what the stack cuts """
    if DEBUG_KERNEL:
        raise KsftSkipEx("the checks of a debug kernel take the time")
    _nothing_waits(cfg)
    # the peer's card drops what is not for it: only sending takes time
    sender = TcpSender(cfg.dut, STRANGER)
    defer(sender.close)

    def spent(active):
        """ns a byte"""
        cfg.dut.set_feature("tx-tcp-segmentation", active)
        before, start = _cut_by_card(cfg), time.thread_time_ns()
        for _ in range(60):
            sender.send(cfg.data[:60000], mss=1448)
        took = time.thread_time_ns() - start
        ksft_eq(_cut_by_card(cfg) > before, active, "cut by the card")
        return took / (60 * 60000)
    best = {True: math.inf, False: math.inf}
    # the time of a busy host's CPU is not all ours: what is dear in each round is dear
    for _ in range(ROUNDS):
        best = {active: min(spent(active), least) for active, least in best.items()}
        if best[True] < 0.9 * best[False]:
            break
    ksft_pr(f"{best[True]:.1f} ns a byte with TSO, {best[False]:.1f} without")
    ksft_lt(best[True], 0.9 * best[False])


@ksft_variants([1500, 4000, 9000])
def fragments(cfg, mtu) -> None:
    """ A datagram above the MTU is on the wire as the fewest fragments that hold it """
    for end in cfg.ends:
        end.set_mtu(mtu)
    pair = UdpPair(*cfg.ends, "4")
    defer(pair.close)
    tap = _tap_peer(cfg, socket.IPPROTO_UDP, cfg.remote_addr_v["4"])
    data = cfg.data[:20000]
    pair.send(data)
    ksft_true(pair.rx.recv(65536) == data, "other bytes in the socket")
    # where a fragment begins counts in units of 8
    full = (mtu - IP_HEADER) // 8 * 8
    count, rest = divmod(UDP_HEADER + len(data), full)
    # IP has them before the tap
    settled(lambda: len(tap.packets()), count + 1)
    parts = sorted(tap.packets(), key=lambda part: part.offset)
    ksft_eq([(part.offset, len(part.payload), part.more) for part in parts],
            [(i * full, full, True) for i in range(count)] + [(count * full, rest, False)])
    ksft_eq(len({part.ident for part in parts}), 1, "identifications")
    ksft_true(b"".join(part.payload for part in parts)[UDP_HEADER:] == data,
              "other bytes on the wire")


@ksft_variants(["default", "own"])
def xps(cfg, whose) -> None:
    """ A frame takes the queue whose map has the sender's CPU, the driver's map or the user's """
    paths = sorted(Path(f"/sys/class/net/{cfg.ifname}/queues").glob("tx-*/xps_cpus"))
    if len(paths) < 2:
        raise KsftSkipEx("one queue")
    cpus = os.sched_getaffinity(0)
    defer(os.sched_setaffinity, 0, cpus)
    cfg.pin_neighbours()
    pair = UdpPair(*cfg.ends, "4")
    defer(pair.close)
    masks = [path.read_text("ascii") for path in paths]
    if whose == "own":
        masks = masks[1:] + masks[:1]
        for path, mask in zip(paths, masks):
            _keep(path)
            path.write_text(mask, encoding="ascii")
    used = set()
    for cpu in sorted(cpus):
        queues = [queue for queue, mask in enumerate(masks)
                  if int(mask.replace(",", ""), 16) >> cpu & 1]
        took = queue_of_cpu(pair, cfg.dut, cpu)
        ksft_eq([took], queues, f"CPU {cpu}")
        used.add(took)
    ksft_pr(f"CPUs {sorted(cpus)} use the queues {sorted(used)}")
    ksft_ne(len(used), 1, "one queue for all")


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        cfg.data = os.urandom(1 << 16)
        ksft_run([ecn_segmentation, mangleid_segmentation, cpu_per_byte, fragments, xps],
                 args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
