#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
ethtool -G while packets flow: the link stays, packets are not lost, and sizes
that cannot be are refused with a text that says what can.
"""

import re
import time

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_gt, ksft_in, ksft_ne, ksft_variants
from lib.py import CmdExitFailure, KsftNamedVariant, KsftSkipEx, NlError
from lib.py import Bar, defer, exchange, NetlinkRings, sum_stats, TgbeEnv
from lib.py import UdpFlow, UdpPair, wait_until, DEBUG_KERNEL

RESIZES = 12
MIN_SIZE, MAX_SIZE = 64, 4096
SRRCTL = 0xc00c


def _keep_rings(end):
    defer(end.set_rings, *end.rings())


def _resize(end, times=RESIZES):
    """Go back and forth between two sizes, and see that each took"""
    for i in range(times):
        size = (512, 256)[i % 2]
        end.set_rings(size, size)
        ksft_eq(end.rings(), (size, size))


def _pace(flows, meanwhile):
    """Packets/s of each flow during @meanwhile and until 500 more came of each"""
    begin, before = time.monotonic(), [flow.got for flow in flows]
    meanwhile()
    for flow in flows:
        flow.progress(500)
    seconds = time.monotonic() - begin
    return [(flow.got - got) / seconds for flow, got in zip(flows, before)]


@ksft_variants([KsftNamedVariant("wrapped", 0), KsftNamedVariant("copied", 1024)])
def resize_under_udp(cfg, copybreak) -> None:
    """
    12 resizes with 1,250 UDP packets/s in each direction, or what the machine can, while
    received frames keep their buffers and while those are posted again: the best of six
    times with two of them is nearly as fast as the best between them
    """
    _keep_rings(cfg.dut)
    cfg.dut.set_tunable("rx-copybreak", copybreak)
    lost = cfg.link_lost()
    with UdpFlow(*cfg.ends) as out, UdpFlow(*reversed(cfg.ends)) as back:
        paces = [(_pace((out, back), lambda: None),
                  _pace((out, back), lambda: _resize(cfg.dut, 2)))
                 for _ in range(RESIZES // 2)]
    ksft_eq(lost(), 0, "carrier moved")
    for i, (name, flow) in enumerate((("tx", out), ("rx", back))):
        tally = flow.tally
        undisturbed, resizing = (max(pace[i] for pace in some) for some in zip(*paces))
        ksft_pr(f"{name}: {tally.sent} packets, {resizing:.0f}/s with resizes, "
                f"{undisturbed:.0f}/s without, "
                f"lost {tally.lost}, doubled {tally.doubled}, spoilt {tally.spoilt}")
        # on a debug kernel a change takes longer than the packets between two
        if not DEBUG_KERNEL:
            ksft_ge(resizing, 0.7 * undisturbed, f"{name}: packets/s")
        ksft_ge(cfg.may_lose(tally), tally.lost, f"{name}: packets lost")
        ksft_eq(tally.doubled, 0, f"{name}: packets doubled")
        ksft_eq(tally.spoilt, 0, f"{name}: packets changed on the way")


@ksft_variants(["4", "6"])
def resize_under_tcp(cfg, ipver) -> None:
    """ 12 resizes under TCP in both directions; the digests agree """
    _keep_rings(cfg.dut)
    lost = cfg.link_lost()
    exchange(*cfg.ends, ipver, cfg.data, meanwhile=lambda: _resize(cfg.dut))
    ksft_eq(lost(), 0, "carrier moved")


@ksft_variants([(which, size) for which in ("rx", "tx")
                for size in (0, 63, 65, 100, 4097, 8192)])
def refused(cfg, which, size) -> None:
    """ A size that cannot be is refused, and changes nothing """
    _keep_rings(cfg.dut)
    before = cfg.dut.rings()
    lost = cfg.link_lost()
    with UdpFlow(*cfg.ends) as flow:
        try:
            cfg.dut.ethtool(f"-G {cfg.ifname} {which} {size}")
            ksft_ne(size, size, "was accepted")
        except CmdExitFailure as ex:
            _check_text(ex.cmd.stderr, size)
        flow.progress(50)
    ksft_eq(cfg.dut.rings(), before)
    ksft_eq(lost(), 0, "carrier moved")
    ksft_eq(flow.tally.lost, 0, "packets lost")


def _check_text(text, size):
    ksft_pr(text.strip())
    if size > MAX_SIZE:
        # The core refuses these itself, in its own words
        ksft_in("exceeds", text)
        return
    numbers = [int(n) for n in re.findall(r"\d+", text)]
    ksft_in(MIN_SIZE, numbers, "the text does not name the lower limit")
    ksft_in(MAX_SIZE, numbers, "the text does not name the upper limit")


@ksft_variants([64, 72, 1000, 4096])
def accepted(cfg, size) -> None:
    """ A size that can be is taken as it is, for rx, tx and both; data flows """
    _keep_rings(cfg.dut)
    rx, tx = cfg.dut.rings()
    lost = cfg.link_lost()
    cfg.dut.ethtool(f"-G {cfg.ifname} rx {size}")
    ksft_eq(cfg.dut.rings(), (size, tx))
    cfg.dut.set_rings(rx, size)
    ksft_eq(cfg.dut.rings(), (rx, size))
    cfg.dut.set_rings(size, size)
    ksft_eq(cfg.dut.rings(), (size, size))
    exchange(*cfg.ends, "4", cfg.data[:4 << 20])
    ksft_eq(lost(), 0, "carrier moved")


def resize_when_down(cfg) -> None:
    """ A size set while the interface is down is in force when it is up again """
    _keep_rings(cfg.dut)
    defer(cfg.wait_link)
    defer(cfg.dut.ip, f"link set dev {cfg.ifname} up")
    cfg.dut.ip(f"link set dev {cfg.ifname} down")
    cfg.dut.set_rings(1024, 128)
    ksft_eq(cfg.dut.rings(), (1024, 128))
    cfg.dut.ip(f"link set dev {cfg.ifname} up")
    cfg.wait_link()
    ksft_eq(cfg.dut.rings(), (1024, 128))
    exchange(*cfg.ends, "4", cfg.data[:4 << 20])


def _rings(cfg, **want):
    """rx-buf-len, tcp-data-split, hds-thresh: set them, if any, and read all"""
    rings = NetlinkRings(cfg.ifname)
    if want:
        rings.set(**want)
    return rings.get()


def _rings_refused(cfg, part, **want):
    """What was refused changes nothing, and the text says why"""
    before = _rings(cfg)
    try:
        _rings(cfg, **want)
        ksft_eq(want, None, "was accepted")
    except NlError as ex:
        ksft_pr(ex)
        ksft_in(part, ex.nl_msg.extack.get("msg", ""))
    ksft_eq(_rings(cfg), before)


def _needs_82576(cfg, **want):
    if cfg.chip == "igb":
        return
    _rings_refused(cfg, "must be", **want)
    raise KsftSkipEx("82576 only; refused as it should be")


def _srrctl(cfg):
    """Buffer size in KB, header buffer in bytes, descriptor type of queue 0"""
    with Bar(cfg.pci) as card:
        val = card[SRRCTL]
    return val & 0x7f, (val >> 8 & 0xf) * 64, val >> 25 & 7


def _counted(cfg, what):
    return sum_stats(cfg.dut.ethtool_stats(), rf"rx_queue_\d+_{what}")


def _split(cfg):
    return _counted(cfg, "split")


@ksft_variants([1500, 9000])
def header_split(cfg, mtu) -> None:
    """ With tcp-data-split headers come apart, bytes stay what they are, live """
    _needs_82576(cfg, tcp_data_split="enabled")
    for end in cfg.ends:
        end.set_mtu(mtu)
    ksft_eq(_rings(cfg)["tcp-data-split"], "disabled")
    before = _split(cfg)
    exchange(*cfg.ends, "4", cfg.data[:2 << 20])
    ksft_eq(_split(cfg), before, "frames were split")
    defer(_rings, cfg, tcp_data_split="unknown")
    lost = cfg.link_lost()
    with UdpFlow(*reversed(cfg.ends)) as flow:
        for mode in ("enabled", "disabled") * 3 + ("enabled", ):
            ksft_eq(_rings(cfg, tcp_data_split=mode)["tcp-data-split"], mode)
            flow.progress(200)
    ksft_eq(lost(), 0, "carrier moved")
    ksft_ge(cfg.may_lose(flow.tally), flow.tally.lost, "packets lost")
    ksft_eq(_srrctl(cfg), (4, 256, 2))
    for ipver in "46":
        before = _split(cfg)
        exchange(*cfg.ends, ipver, cfg.data[:8 << 20])
        ksft_gt(_split(cfg) - before, (8 << 20) // mtu // 2, "frames split")
        cfg.dut.ping(cfg.peer, ipver, size=4000)


def split_threshold(cfg) -> None:
    """ Frames up to hds-thresh are whole, and all of them arrive as they were """
    _needs_82576(cfg, tcp_data_split="enabled")
    if "hds-thresh" not in _rings(cfg):
        raise KsftSkipEx("the kernel knows no hds-thresh")
    defer(_rings, cfg, tcp_data_split="unknown", hds_thresh=0)
    _rings(cfg, tcp_data_split="enabled")
    pair = UdpPair(*reversed(cfg.ends), "4")
    defer(pair.close)
    sizes = range(10, 1400, 70)
    for limit in (0, 500, 1024):
        ksft_eq(_rings(cfg, hds_thresh=limit)["hds-thresh"], limit)
        before = _split(cfg)
        for size in sizes:
            pair.send(cfg.data[size:2 * size])
            ksft_eq(pair.rx.recv(2000) == cfg.data[size:2 * size], True,
                    f"{size} bytes at a limit of {limit}")
        # 42 bytes of headers; frames of 60 bytes are never split. ARP and the like
        # may come along.
        want = sum(size + 42 > max(limit, 60) for size in sizes)
        ksft_ge(_split(cfg) - before, want)
        ksft_ge(want + 3, _split(cfg) - before)
    _rings_refused(cfg, "maximum", hds_thresh=1025)


def buffer_size(cfg) -> None:
    """ rx-buf-len: half pages or whole ones, where the frames leave a choice """
    _needs_82576(cfg, rx_buf_len=2048)
    ksft_eq(_rings(cfg)["rx-buf-len"], 2048)
    ksft_eq(_srrctl(cfg), (2, 0, 1))
    defer(_rings, cfg, rx_buf_len=2048)
    ksft_eq(_rings(cfg, rx_buf_len=4096)["rx-buf-len"], 4096)
    ksft_eq(_srrctl(cfg), (3, 0, 1))
    exchange(*cfg.ends, "4", cfg.data[:4 << 20])
    _rings_refused(cfg, "2048 or 4096", rx_buf_len=3000)
    ksft_eq(_rings(cfg, rx_buf_len=2048)["rx-buf-len"], 2048)
    ksft_eq(_srrctl(cfg), (2, 0, 1))
    cfg.dut.set_mtu(9000)
    ksft_eq(_rings(cfg)["rx-buf-len"], 4096)
    _rings_refused(cfg, "must be 4096", rx_buf_len=2048)
    cfg.dut.ip(f"link set dev {cfg.ifname} mtu 1500")


def _of_twenty(cfg, pair, what, size):
    """How many of 20 datagrams are counted as that after down and up. Strays may come along"""
    cfg.dut.ip(f"link set dev {cfg.ifname} down")
    cfg.dut.ip(f"link set dev {cfg.ifname} up")
    cfg.wait_link()
    before, packets = _counted(cfg, what), _counted(cfg, "packets")
    for _ in range(20):
        pair.send(cfg.data[:size])
        ksft_eq(pair.rx.recv(2000) == cfg.data[:size], True)
    # the last frame may still be under way
    wait_until(lambda: _counted(cfg, "packets") - packets >= 20, "frames are not counted")
    return _counted(cfg, what) - before


def limits_after_down(cfg) -> None:
    """ rx-copybreak and hds-thresh are in force again after the interface was down """
    defer(cfg.wait_link)
    cfg.pin_neighbours()
    pair = UdpPair(*reversed(cfg.ends), "4")
    defer(pair.close)
    for limit, copied in ((1000, True), (500, False)):
        cfg.dut.set_tunable("rx-copybreak", limit)
        ksft_eq(_of_twenty(cfg, pair, "copied", 700) >= 20, copied, f"rx-copybreak {limit}")
    if cfg.chip != "igb" or "hds-thresh" not in _rings(cfg):
        return
    defer(_rings, cfg, tcp_data_split="unknown", hds_thresh=0)
    for limit, split in ((1000, False), (500, True)):
        _rings(cfg, tcp_data_split="enabled", hds_thresh=limit)
        ksft_eq(_of_twenty(cfg, pair, "split", 700) >= 20, split, f"hds-thresh {limit}")


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        cfg.data = bytes(range(256)) * (1 << 18)
        ksft_run([resize_under_udp, resize_under_tcp, refused, accepted,
                  resize_when_down, header_split, split_threshold, buffer_size,
                  limits_after_down], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
