#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
The smaller knobs, each by its effect: shares of a poll, copies, what is let in,
loopback, PAUSE; and the dumps that show the rest.
"""

import os
import re
import socket
import struct
import subprocess
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_gt, ksft_in, ksft_true, ksft_variants
from lib.py import KsftFailEx, NetdevFamily
from lib.py import Bar, cmd, defer, exchange, mark_log, mdio_read, settled, sum_stats
from lib.py import TgbeEnv, UdpFlow, UdpPair, DEBUG_KERNEL

TRACE = Path("/sys/kernel/tracing")
LOCAL_TYPE = 0x88b5     # IEEE 802: local experimental
ETH_P_ALL = 3
CTRL, RCTL = 0x0, 0x100
CTRL_PAUSE = 3 << 27
RCTL_EN, RCTL_SBP = 1 << 1, 1 << 2

# Registers of the PHY (IEEE 802.3 clause 22) and some of their bits
BMCR, ADVERTISE, CTRL1000 = 0, 4, 9
BMCR_FULL, BMCR_AUTONEG, BMCR_100 = 1 << 8, 1 << 12, 1 << 13
ADVERTISE_MODES, ADVERTISE_100FULL = 0x01e0, 0x0100
CTRL1000_FULL = 1 << 9


def _knob(cfg, name):
    return Path(f"/sys/class/net/{cfg.ifname}/tgbe/{name}")


def _set_knob(cfg, name, value):
    knob = _knob(cfg, name)
    defer(knob.write_text, knob.read_text("ascii"), encoding="ascii")
    knob.write_text(f"{value}\n", encoding="ascii")
    ksft_eq(int(knob.read_text("ascii")), value)


@ksft_variants(["rx_poll_batch", "tx_clean_batch", "rx_refill_batch"])
def shares_have_limits(cfg, name) -> None:
    """ 1 to 256; anything else is refused and changes nothing """
    for value in (1, 256, 17):
        _set_knob(cfg, name, value)
    for bad in ("0", "257", "-1", "many", "4294967297"):
        try:
            _knob(cfg, name).write_text(bad, encoding="ascii")
            ksft_true(False, f"{bad} was accepted")
        except OSError as ex:
            ksft_pr(f"{bad}: {ex.strerror}")
    ksft_eq(int(_knob(cfg, name).read_text("ascii")), 17)


def _polls(cfg):
    """(work, budget) of the polls of the card while TCP arrives"""
    if not (TRACE / "events").exists():
        cmd(f"mount -t tracefs none {TRACE}")
    event = TRACE / "events/napi/napi_poll/enable"
    (TRACE / "trace").write_text("", encoding="ascii")
    event.write_text("1", encoding="ascii")
    try:
        exchange(cfg.peer, cfg.dut, "4", cfg.data[:8 << 20])
    finally:
        event.write_text("0", encoding="ascii")
    rows = (TRACE / "trace").read_text("ascii")
    return [(int(w), int(b)) for w, b in
            re.findall(rf"device {cfg.ifname} work (\d+) budget (\d+)", rows)]


def poll_batch(cfg) -> None:
    """ No poll takes more than rx_poll_batch, and one that could, does """
    for batch in (4, 16, 200):
        _set_knob(cfg, "rx_poll_batch", batch)
        polls = _polls(cfg)
        ksft_gt(len(polls), 10)
        ksft_eq({budget for _, budget in polls if budget}, {batch})
        most = max(work for work, _ in polls)
        ksft_pr(f"batch {batch}: {len(polls)} polls, at most {most} frames")
        ksft_ge(batch, most)
        if batch < 10:
            ksft_eq(most, batch, "no poll was cut off")


def refill_batch(cfg) -> None:
    """ Fewer tail writes for the same frames with a larger batch """
    rates = []
    for batch in (1, 8, 64):
        _set_knob(cfg, "rx_refill_batch", batch)
        before = cfg.dut.ethtool_stats()
        exchange(cfg.peer, cfg.dut, "4", cfg.data[:8 << 20])
        after = cfg.dut.ethtool_stats()
        moved = {what: sum_stats(after, rf"rx_queue_\d+_{what}") -
                 sum_stats(before, rf"rx_queue_\d+_{what}")
                 for what in ("doorbells", "packets")}
        ksft_pr(f"batch {batch}: {moved}")
        rates.append(moved["doorbells"] / moved["packets"])
    ksft_gt(rates[0], rates[1])
    ksft_gt(rates[1], rates[2])


def clean_batch(cfg) -> None:
    """ No poll takes back more frames than tx_clean_batch; with more, fewer polls do """
    # a frame that the card cuts counts as many
    cfg.dut.set_feature("tx-tcp-segmentation", False)
    rates = {}
    for batch in (1, 256):
        _set_knob(cfg, "tx_clean_batch", batch)
        before = cfg.dut.ethtool_stats()
        exchange(cfg.dut, cfg.peer, "4", cfg.data[:8 << 20])
        after = cfg.dut.ethtool_stats()
        polls, packets = (sum_stats(after, pattern) - sum_stats(before, pattern)
                          for pattern in (r"rx_queue_\d+_polls", r"tx_queue_\d+_packets"))
        ksft_pr(f"batch {batch}: {polls} polls, {packets} frames")
        rates[batch] = polls / packets
        if batch == 1:
            # of each queue a poll may be under way, whose frame is counted already
            ksft_ge(polls + cfg.dut.queues(), packets)
    if not DEBUG_KERNEL:
        ksft_gt(rates[1], rates[256])


def tx_copybreak(cfg) -> None:
    """ Frames up to the limit are copied, others are not, and all are whole """
    pair = UdpPair(*cfg.ends, "4")
    defer(pair.close)

    def copied():
        return sum_stats(cfg.dut.ethtool_stats(), r"tx_queue_\d+_copied")
    for limit in (0, 128, 256):
        cfg.dut.set_tunable("tx-copybreak", limit)
        before, sizes = copied(), range(0, 400, 7)
        for size in sizes:
            pair.send(cfg.data[size:2 * size])
            ksft_true(pair.rx.recv(1000) == cfg.data[size:2 * size],
                      f"{size} bytes at a limit of {limit}")
        # 42 bytes of headers; at least 60 bytes
        want = sum(max(size + 42, 60) <= limit for size in sizes)
        ksft_ge(copied() - before, want)
        if not limit:
            ksft_eq(copied(), before)
    lost = cfg.link_lost()
    with UdpFlow(*cfg.ends) as flow:
        for limit in (0, 256) * 4:
            cfg.dut.set_tunable("tx-copybreak", limit)
            flow.progress(200)
    ksft_eq(lost(), 0, "carrier moved")
    ksft_eq(flow.tally.lost, 0, "packets lost")


class _Raw:
    """Frames of our own type from one end, and what the card under test shows of them"""

    def __init__(self, cfg, src):
        self._tx = src.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._tx.bind((src.ifname, 0))
        self._rx = cfg.dut.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(LOCAL_TYPE))
        self._rx.bind((cfg.ifname, LOCAL_TYPE))
        self._rx.settimeout(3)
        self._head = cfg.dut.mac() + src.mac() + struct.pack("!H", LOCAL_TYPE)
        defer(self._tx.close)
        defer(self._rx.close)

    def length(self, payload):
        """How long a frame with so much payload arrives; None if it does not"""
        token = os.urandom(16)
        self._tx.send(self._head + token + bytes(payload - 16))
        try:
            while True:
                frame, addr = self._rx.recvfrom(65536)
                if token in frame and addr[2] != socket.PACKET_OUTGOING:
                    return len(frame)
        except TimeoutError:
            return None


def rx_fcs(cfg) -> None:
    """ With rx-fcs the four bytes stay behind the frame """
    raw = _Raw(cfg, cfg.peer)
    ksft_eq(raw.length(500), 514)
    cfg.dut.set_feature("rx-fcs", True)
    ksft_eq(raw.length(500), 518)
    for ipver in "46":
        exchange(*cfg.ends, ipver, cfg.data[:2 << 20])
    cfg.dut.ethtool(f"-K {cfg.ifname} rx-fcs off")
    ksft_eq(raw.length(500), 514)


def _lets_damaged_in(cfg):
    with Bar(cfg.pci) as card:
        return bool(card[RCTL] & RCTL_SBP)


def rx_all(cfg) -> None:
    """ With rx-all a frame beyond the MTU or damaged is let in, live """
    cfg.peer.set_mtu(4000)
    # with a larger one the 82574L lets in frames of any length
    cfg.dut.set_mtu(1496)
    raw = _Raw(cfg, cfg.peer)
    ksft_eq((raw.length(3000), _lets_damaged_in(cfg)), (None, False))
    lost = cfg.link_lost()
    with UdpFlow(*reversed(cfg.ends)) as flow:
        cfg.dut.set_feature("rx-all", True)
        flow.progress(300)
        ksft_eq((raw.length(3000), _lets_damaged_in(cfg)), (3014, True))
        cfg.dut.ethtool(f"-K {cfg.ifname} rx-all off")
        flow.progress(300)
    ksft_eq((raw.length(3000), _lets_damaged_in(cfg)), (None, False))
    ksft_eq(raw.length(1000), 1014)
    ksft_eq(lost(), 0, "carrier moved")
    ksft_ge(cfg.may_lose(flow.tally), flow.tally.lost)


def loopback(cfg) -> None:
    """ In loopback the card receives what it sends, and the peer nothing """
    raw = _Raw(cfg, cfg.dut)
    seen = cfg.peer.stats()["rx"]["packets"]
    ksft_eq(raw.length(300), None)
    cfg.dut.set_feature("loopback", True)
    # the PHY begins anew, without a partner
    ksft_eq(settled(lambda: raw.length(300), 314), 314)
    ksft_true(not cfg.dut.reachable(cfg.peer.addr_v["4"]), "the peer answers")
    cfg.dut.ethtool(f"-K {cfg.ifname} loopback off")
    cfg.wait_link()
    ksft_eq(raw.length(300), None)
    ksft_gt(cfg.peer.stats()["rx"]["packets"], seen)


def pause(cfg) -> None:
    """ ethtool -A without autoneg does at once what it says """
    was = cfg.dut.ethtool(f"-a {cfg.ifname}", json=True)[0]
    ksft_eq((was["autonegotiate"], was["rx"], was["tx"]), (True, True, True))

    def back():
        cfg.dut.ethtool(f"-A {cfg.ifname} autoneg on rx on tx on", )
        cfg.wait_link()
    defer(back)
    cfg.dut.ethtool(f"-A {cfg.ifname} autoneg off rx off tx off")
    cfg.wait_link()
    lost = cfg.link_lost()
    with Bar(cfg.pci) as card:
        for rx, tx in ((0, 1), (1, 0), (1, 1), (0, 0)):
            words = {0: "off", 1: "on"}
            cfg.dut.ethtool(f"-A {cfg.ifname} rx {words[rx]} tx {words[tx]}")
            ksft_eq((card[CTRL] & CTRL_PAUSE) >> 27, rx | tx << 1)
    ksft_eq(lost(), 0, "carrier moved")


def link_settings(cfg) -> None:
    """ ethtool -s: what is offered, and a forced speed, as they stand in the PHY """
    def phy():
        with Bar(cfg.pci) as card:
            return {reg: mdio_read(card, reg) for reg in (BMCR, ADVERTISE, CTRL1000)}

    def back():
        cfg.dut.ethtool(f"-s {cfg.ifname} autoneg on")
        cfg.wait_link()
    before = phy()
    # while they would change something: an emulated link is of 1000 whatever is forced
    for bad, text in (("port fibre", "port is tp"), ("phyad 5", "phyad is 1"),
                      ("advertise 0", "0x02f"),
                      ("autoneg off speed 1000 duplex full", "10 or 100"),
                      ("autoneg off speed 100 duplex full mdix on", "auto or off")):
        mark = mark_log()
        cfg.dut.cmd(f"ethtool -s {cfg.ifname} {bad}", fail=False, expect_fail=True)
        ksft_in(text, "\n".join(cfg.log(mark)))
    # ethtool asks for mdix in a request of its own, which was served
    cfg.dut.ethtool(f"-s {cfg.ifname} mdix auto")
    ksft_eq(phy(), before)
    defer(back)
    cfg.dut.ethtool(f"-s {cfg.ifname} advertise 0x008")
    ksft_eq(phy()[ADVERTISE] & ADVERTISE_MODES, ADVERTISE_100FULL)
    ksft_eq(phy()[CTRL1000] & CTRL1000_FULL, 0)
    for speed, duplex, bits in ((100, "full", BMCR_100 | BMCR_FULL), (10, "half", 0)):
        cfg.dut.ethtool(f"-s {cfg.ifname} autoneg off speed {speed} duplex {duplex}")
        ksft_eq(phy()[BMCR] & (BMCR_100 | BMCR_FULL | BMCR_AUTONEG), bits)
        ksft_in("Auto-negotiation: off", cfg.dut.ethtool(cfg.ifname).stdout)
    back()
    after = phy()
    for reg, bits in ((BMCR, BMCR_AUTONEG), (ADVERTISE, ADVERTISE_MODES),
                      (CTRL1000, CTRL1000_FULL)):
        ksft_eq(after[reg] & bits, before[reg] & bits)


def link_restart(cfg) -> None:
    """ ethtool -r negotiates the link anew """
    def events():
        return cfg.dut.ethtool_stats()["link_events"]
    before = events()
    cfg.dut.ethtool(f"-r {cfg.ifname}")
    ksft_eq(settled(lambda: events() > before, True), True, "nothing happened to the link")
    cfg.wait_link()
    cfg.dut.ip(f"link set dev {cfg.ifname} down")
    defer(cfg.wait_link)
    defer(cfg.dut.ip, f"link set dev {cfg.ifname} up")
    mark = mark_log()
    cfg.dut.cmd(f"ethtool -r {cfg.ifname}", fail=False, expect_fail=True)
    ksft_in("down has no link", "\n".join(cfg.log(mark)))


def queue_not_there(cfg) -> None:
    """ ethtool -Q of a queue behind the last is refused with a word """
    mark, queues = mark_log(), cfg.dut.queues()
    cfg.dut.cmd(f"ethtool -Q {cfg.ifname} queue_mask {1 << queues:#x} "
                "--coalesce rx-usecs 10", fail=False)
    ksft_in(f"queue must be 0..{queues - 1}", "\n".join(cfg.log(mark)))


def standard_statistics(cfg) -> None:
    """ The groups and the per-queue statistics move with traffic, none backwards """
    def groups():
        out = cfg.dut.ethtool(f"-S {cfg.ifname} --groups eth-mac eth-phy eth-ctrl rmon",
                              json=True)[0]
        sizes = sum(row["val"] for row in out["rmon"]["rx-pktsNtoM"])
        return out["eth-mac"] | out["eth-ctrl"] | {"sizes": sizes}

    def queues():
        rows = NetdevFamily().qstats_get({"ifindex": cfg.ifindex, "scope": "queue"}, dump=True)
        return {way: sum(row.get(f"{way}-packets", 0) for row in rows) for way in ("rx", "tx")}
    before, queues_before = groups(), queues()
    exchange(*cfg.ends, "4", cfg.data[:4 << 20])
    after, queues_after = groups(), queues()
    for name, value in before.items():
        ksft_ge(after[name], value, name)
    for name in ("FramesTransmittedOK", "FramesReceivedOK", "OctetsReceivedOK", "sizes"):
        ksft_gt(after[name], before[name], name)
    # these stand still: emulated cards neither send nor count PAUSE
    for name in ("MACControlFramesTransmitted", "MACControlFramesReceived",
                 "UnsupportedOpcodesReceived"):
        ksft_in(name, after)
    for way in ("rx", "tx"):
        ksft_gt(queues_after[way], queues_before[way] + 1000)


def _raw_ethtool(what, *args):
    return subprocess.run(["ethtool", what, args[0], "raw", "on", *args[1:]], check=True,
                          stdout=subprocess.PIPE).stdout


def dumps(cfg) -> None:
    """ Registers, NVM and rings can be looked at """
    regs = dict(struct.iter_unpack("=II", _raw_ethtool("-d", cfg.ifname)))
    ksft_true(regs[RCTL] & RCTL_EN, "RCTL.EN is not set in the dump")
    nvm = _raw_ethtool("-e", cfg.ifname)
    ksft_eq(sum(struct.unpack_from("<64H", nvm)) & 0xffff, 0xbaba, "sum of the NVM")
    part = _raw_ethtool("-e", cfg.ifname, "offset", "2", "length", "4")
    ksft_eq(part, nvm[2:6])
    for way, size in zip(("rx", "tx"), cfg.dut.rings()):
        path = Path(f"/sys/kernel/debug/tgbe/{cfg.pci}/{way}-0")
        head, *rows = path.read_text("ascii").splitlines()
        ksft_pr(head)
        ksft_ge(len(rows), size)
        ksft_in(f"limit {size}", head)


def identify(cfg) -> None:
    """ ethtool -p makes the LED blink and leaves it as it was """
    ledctl = 0xe00
    with Bar(cfg.pci) as card:
        before = card[ledctl]
        blinking = cmd(f"ethtool -p {cfg.ifname} 2", background=True)
        # LED 0: on, and blinking
        if not settled(lambda: card[ledctl] & 0x8f == 0x8e, True):
            raise KsftFailEx(f"LEDCTL is {card[ledctl]:#x}")
        blinking.process(terminate=False, fail=True)
        ksft_eq(card[ledctl], before)


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        cfg.data = os.urandom(16 << 20)
        ksft_run([shares_have_limits, poll_batch, refill_batch, clean_batch, tx_copybreak,
                  rx_fcs, rx_all, loopback, pause, link_settings, link_restart,
                  queue_not_there, standard_statistics, dumps, identify],
                 args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
