#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
The PTP clock of the 82576 and the stamps of frames sent and received: they are of
that clock, they survive what an administrator does, and one that never comes holds
nothing. The 82574L has the stamps of the stack alone.
"""

import errno
import os
import time

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_gt, ksft_in, ksft_lt, ksft_ne, ksft_not_in, ksft_true
from lib.py import EthtoolFamily, KsftFailEx, KsftSkipEx
from lib.py import Bar, defer, Noise, settled, TgbeEnv, wait_until
from lib.py import get_stamping, phc_index, Phc, PtpSocket, set_stamping
from lib.py import stamps

SECOND = 10**9
BURST = 300
TSYNCTXCTL, TSYNCRXCTL = 0xb614, 0xb620
ENABLE = 1 << 4


def _clock(cfg):
    """Its number"""
    index = phc_index(cfg.pci)
    if index is None:
        raise KsftSkipEx("the card has no PTP clock")
    return index


def _phc(cfg):
    return Phc(_clock(cfg))


def _stamp(cfg, tx_type, rx_filter):
    """Set what is stamped until the test ends; what was granted"""
    _clock(cfg)
    defer(set_stamping, cfg.dut, stamps.TX_OFF, stamps.FILTER_NONE)
    return set_stamping(cfg.dut, tx_type, rx_filter)


def _sender(cfg, flags=stamps.TX_HARDWARE | stamps.RAW_HARDWARE):
    sock = PtpSocket(*cfg.ends, flags)
    defer(sock.close)
    return sock


def _counters(cfg):
    return {name: value for name, value in cfg.dut.ethtool_stats().items() if "hwtstamp" in name}


def _tsinfo(cfg):
    return EthtoolFamily().tsinfo_get({"header": {"dev-name": cfg.ifname, "flags": {"stats"}}})


def _tsinfo_names(info, what):
    return {bit["name"] for bit in info.get(what, {}).get("bits", {}).get("bit", [])}


def capabilities(cfg) -> None:
    """ ethtool -T shows the clock, or that there is none; settings can be read back """
    info = _tsinfo(cfg)
    kinds = _tsinfo_names(info, "timestamping")
    for name in ("software-transmit", "software-receive", "software-system-clock"):
        ksft_in(name, kinds)
    index = phc_index(cfg.pci)
    ksft_eq(info.get("phc-index"), index)
    if cfg.chip != "igb":
        ksft_eq(index, None)
        ksft_not_in("hardware-transmit", kinds)
        try:
            set_stamping(cfg.dut, stamps.TX_ON, stamps.FILTER_NONE)
            raise KsftFailEx("a card without a clock stamps")
        except OSError as ex:
            ksft_eq(ex.errno, errno.EOPNOTSUPP)
        return
    for name in ("hardware-transmit", "hardware-receive", "hardware-raw-clock"):
        ksft_in(name, kinds)
    ksft_eq(_tsinfo_names(info, "tx-types"), {"off", "on"})
    ksft_not_in("all", _tsinfo_names(info, "rx-filters"))
    granted = _stamp(cfg, stamps.TX_ON, stamps.FILTER_L2_SYNC)
    ksft_eq(granted, (stamps.TX_ON, stamps.FILTER_L2_SYNC))
    for bad in (stamps.FILTER_ALL, stamps.FILTER_V1_L4_EVENT):
        try:
            set_stamping(cfg.dut, stamps.TX_OFF, bad)
            raise KsftFailEx(f"filter {bad} was accepted")
        except OSError as ex:
            ksft_eq(ex.errno, errno.ERANGE)
        ksft_eq(get_stamping(cfg.dut), granted)


def clock_is_set(cfg) -> None:
    """ Time can be set and shifted, and goes on from there """
    with _phc(cfg) as phc:
        defer(phc_to_host, cfg)
        phc.set(1000 * SECOND)
        now = phc.get()
        ksft_ge(now, 1000 * SECOND)
        ksft_lt(now, 1060 * SECOND)
        phc.shift(5000 * SECOND)
        now, before = phc.get(), now
        ksft_ge(now, before + 5000 * SECOND)
        ksft_lt(now, before + 5060 * SECOND)
        phc.shift(-5000 * SECOND - 1)
        ksft_lt(phc.get(), before + 60 * SECOND)


def phc_to_host(cfg):
    """Undo what a test did to the clock"""
    with _phc(cfg) as phc:
        phc.steer(0)
        phc.set(time.clock_gettime_ns(time.CLOCK_REALTIME))


def clock_is_steered(cfg) -> None:
    """ The clock follows its frequency, within the limit, and never jumps """
    with _phc(cfg) as phc:
        defer(phc_to_host, cfg)
        rates = {}
        for percent in (0, 10, -10, 5, 0):
            before = phc.get()
            phc.steer(percent * 10**7)
            after = phc.get()
            ksft_ge(after, before, "back in time")
            ksft_lt(after - before, SECOND, "a jump")
            rates[percent] = phc.rate()
        ksft_pr(f"seconds a second: {rates}")
        for percent, rate in rates.items():
            ksft_lt(abs(rate - 1 - percent / 100), 0.02, f"{percent} %")
        for ppb in (100000001, -100000001):
            try:
                phc.steer(ppb)
                raise KsftFailEx(f"{ppb} ppb were accepted")
            except OSError as ex:
                ksft_eq(ex.errno, errno.ERANGE)


def _down_and_up(cfg):
    cfg.dut.ip(f"link set dev {cfg.ifname} down")
    time.sleep(0.2)
    cfg.dut.ip(f"link set dev {cfg.ifname} up")
    cfg.wait_link()


def clock_survives(cfg) -> None:
    """ Closing and opening resets the chip, but neither time, rate nor settings """
    granted = _stamp(cfg, stamps.TX_ON, stamps.FILTER_L2_SYNC)
    with _phc(cfg) as phc:
        defer(phc_to_host, cfg)
        phc.steer(10**8)
        rate = phc.rate(lambda: _down_and_up(cfg))
        ksft_pr(f"seconds a second over down and up: {rate}")
        ksft_lt(abs(rate - 1.1), 0.02)
        ksft_lt(abs(phc.rate() - 1.1), 0.02)
    ksft_eq(get_stamping(cfg.dut), granted)
    with Bar(cfg.pci) as card:
        ksft_true(card[TSYNCTXCTL] & ENABLE, "transmit stamps are off in the chip")
        ksft_true(card[TSYNCRXCTL] & ENABLE, "receive stamps are off in the chip")
    _check_sent(cfg, 3)


def _check_sent(cfg, count):
    """Send frames one by one: their stamps are of the clock, and in order"""
    sock = _sender(cfg)
    with _phc(cfg) as phc:
        last = phc.get()
        for i in range(count):
            sock.send()
            got = sock.sent()
            ksft_true(got is not None, f"frame {i} got no stamp")
            if got is None:
                return
            ksft_gt(got[1], last)
            last = got[1]
        ksft_ge(phc.get(), last)


def sent(cfg) -> None:
    """ Each frame sent gets a stamp of the card's clock, and is counted """
    _stamp(cfg, stamps.TX_ON, stamps.FILTER_NONE)
    before, was = _counters(cfg), _tsinfo(cfg)["stats"]
    _check_sent(cfg, 20)
    after, stats = _counters(cfg), _tsinfo(cfg)["stats"]
    ksft_eq(after["tx_hwtstamps"] - before["tx_hwtstamps"], 20)
    ksft_eq(stats["tx-pkts"] - was["tx-pkts"], 20)
    ksft_eq(stats["tx-lost"], was["tx-lost"])
    ksft_eq(stats["tx-err"], was["tx-err"])
    set_stamping(cfg.dut, stamps.TX_OFF, stamps.FILTER_NONE)
    sock = _sender(cfg)
    sock.send()
    ksft_eq(sock.sent(deadline=1), None, "a stamp although they are off")


def sent_software(cfg) -> None:
    """ The stack's own stamp comes on both cards """
    sock = _sender(cfg, stamps.TX_SOFTWARE | stamps.SOFTWARE)
    before = time.clock_gettime_ns(time.CLOCK_REALTIME)
    sock.send()
    got = sock.sent()
    ksft_true(got is not None, "no stamp")
    if got:
        ksft_ge(got[0], before)
        ksft_ge(time.clock_gettime_ns(time.CLOCK_REALTIME), got[0])


def _accounted(cfg, before, count):
    """Wait until so many frames are stamped, skipped or given up; how many of each"""
    def moved():
        now = _counters(cfg)
        return {what: now[f"tx_hwtstamp{what}"] - before[f"tx_hwtstamp{what}"]
                for what in ("s", "_skipped", "_timeouts")}
    wait_until(lambda: sum(moved().values()) == count, "every frame to be counted", 20)
    ksft_pr(moved())
    return moved()


def in_a_row(cfg) -> None:
    """
    Most frames of a burst get their stamps, however late they are taken back; each of
    those has one of its own, and none is unaccounted for
    """
    _stamp(cfg, stamps.TX_ON, stamps.FILTER_NONE)
    was = cfg.dut.ethtool(f"-c {cfg.ifname}", json=True)[0]
    defer(cfg.dut.ethtool, f"-C {cfg.ifname} tx-usecs {was['tx-usecs']} "
          f"adaptive-tx {'on' if was['adaptive-tx'] else 'off'}")
    # completions come late, so that a frame is asked for while another waits
    cfg.dut.ethtool(f"-C {cfg.ifname} adaptive-tx off tx-usecs 8000")
    sock = _sender(cfg)
    before = _counters(cfg)
    for _ in range(BURST):
        sock.send()
    moved = _accounted(cfg, before, BURST)
    ksft_gt(moved["s"], BURST * 2 / 3)
    ksft_eq(moved["_timeouts"], 0)
    times = [sock.sent()[1] for _ in range(moved["s"])]
    ksft_true(all(a < b for a, b in zip(times, times[1:])), "stamps are not in order")
    ksft_eq(sock.sent(deadline=0.5), None, "more stamps than were counted")


def never_comes(cfg) -> None:
    """ A stamp that does not come is given up, and the next frame gets one """
    _stamp(cfg, stamps.TX_ON, stamps.FILTER_NONE)
    sock = _sender(cfg)
    before = _counters(cfg)
    with Bar(cfg.pci) as card:
        card[TSYNCTXCTL] = 0
        # the second one finds the first waiting
        sock.send()
        sock.send()
        moved = _accounted(cfg, before, 2)
        card[TSYNCTXCTL] = ENABLE
    ksft_eq(moved, {"s": 0, "_skipped": 1, "_timeouts": 1})
    ksft_eq(sock.sent(deadline=0.5), None, "a stamp of nothing")
    _check_sent(cfg, 2)


def _check_received(cfg, wanted, other):
    """The stamp of a wanted message is of the clock; another message has none"""
    rx = PtpSocket(cfg.dut, cfg.peer, stamps.RX_HARDWARE | stamps.RAW_HARDWARE)
    tx = PtpSocket(cfg.peer, cfg.dut, 0)
    with _phc(cfg) as phc:
        last = phc.get()
        for message in (wanted, other, wanted):
            token = os.urandom(8)
            tx.send(message, token)
            _, stamp = rx.received(token)
            if message == wanted:
                ksft_gt(stamp, last)
                ksft_ge(phc.get(), stamp)
                last = stamp
            else:
                ksft_eq(stamp, 0)
    rx.close()
    tx.close()


def received(cfg) -> None:
    """ Messages of the filter are stamped, others are not """
    _clock(cfg)
    before = _counters(cfg)["rx_hwtstamps"]
    for name, rx_filter, wanted, other in (
            ("Sync", stamps.FILTER_L2_SYNC, stamps.SYNC, stamps.DELAY_REQ),
            ("Delay_Req", stamps.FILTER_L2_DELAY_REQ, stamps.DELAY_REQ, stamps.SYNC)):
        ksft_pr(name)
        _stamp(cfg, stamps.TX_OFF, rx_filter)
        _check_received(cfg, wanted, other)
    ksft_eq(_counters(cfg)["rx_hwtstamps"] - before, 4)


def dropped(cfg) -> None:
    """ The stamp of a frame that the card let drop does not block those after it """
    _stamp(cfg, stamps.TX_OFF, stamps.FILTER_L2_SYNC)
    tx = PtpSocket(cfg.peer, cfg.dut, 0)
    defer(tx.close)
    before = _counters(cfg)["rx_hwtstamp_cleared"]
    tx.send(stamps.SYNC, to=bytes.fromhex("020000abcdef"))
    with Bar(cfg.pci) as card:
        # two seconds at least, until it is cleared
        if settled(lambda: card[TSYNCRXCTL] & 1, 1) != 1:
            raise KsftSkipEx("the card does not stamp what it drops")
    wait_until(lambda: _counters(cfg)["rx_hwtstamp_cleared"] == before + 1,
               "the stamp to be cleared", 30)
    _check_received(cfg, stamps.SYNC, stamps.DELAY_REQ)


def changes_under_stamps(cfg) -> None:
    """ Rings and channels change while stamps are awaited: none is lost for good """
    _stamp(cfg, stamps.TX_ON, stamps.FILTER_L2_SYNC)
    defer(cfg.dut.set_rings, *cfg.dut.rings())
    for size in (256, 512) * 3:
        sock = _sender(cfg)
        before = _counters(cfg)
        for _ in range(20):
            sock.send()
        cfg.dut.set_rings(size, size)
        _accounted(cfg, before, 20)
        _check_sent(cfg, 2)
        _check_received(cfg, stamps.SYNC, stamps.DELAY_REQ)


def goes_under_stamps(cfg) -> None:
    """ The card is taken away with its clock open and stamps asked for """
    _stamp(cfg, stamps.TX_ON, stamps.FILTER_L2_SYNC)
    sock = _sender(cfg)
    with Noise(*cfg.ends), Noise(*reversed(cfg.ends)), _phc(cfg) as phc:
        for _ in range(20):
            sock.send()
        cfg.rebind()
        try:
            phc.get()
            raise KsftFailEx("the clock of a card that is gone")
        except OSError as ex:
            ksft_eq(ex.errno, errno.ENODEV)
    ksft_ne(phc_index(cfg.pci), None)
    _stamp(cfg, stamps.TX_ON, stamps.FILTER_L2_SYNC)
    _check_sent(cfg, 2)


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        ksft_run([capabilities, clock_is_set, clock_is_steered, clock_survives, sent,
                  sent_software, in_a_row, never_comes, received, dropped,
                  changes_under_stamps, goes_under_stamps], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
