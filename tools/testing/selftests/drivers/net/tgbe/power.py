#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
Power: a closed port sleeps if it may; no link states of PCIe that the chip does not
survive; no sleep of the CPUs so deep that jumbo frames are lost; no interrupt lost for ever.
"""

import os
import re
import struct
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_lt, ksft_ne
from lib.py import KsftSkipEx
from lib.py import can_sleep, cmd, defer, dump, exchange, ip, irq_lines, put_to_sleep, \
    wait_until, Settings, TgbeEnv

TRACING = Path("/sys/kernel/tracing")
STATUS = 0x8
LNKCTL, ASPM = 0x10, 3
NO_LIMIT = 2000000000


def _power(cfg, what):
    return Path(f"/sys/bus/pci/devices/{cfg.pci}/{what}")


def _may_sleep(cfg):
    """At once, until the test ends"""
    control, delay = _power(cfg, "power/control"), _power(cfg, "power/autosuspend_delay_ms")
    ksft_eq(control.read_text("ascii").strip(), "on", "the default")
    defer(delay.write_text, delay.read_text("ascii"), encoding="ascii")
    defer(control.write_text, "on", encoding="ascii")
    delay.write_text("0", encoding="ascii")
    control.write_text("auto", encoding="ascii")


def _asleep(cfg):
    return _power(cfg, "power/runtime_status").read_text("ascii").strip() == "suspended"


def closed_port_sleeps(cfg) -> None:
    """ Ethtool and open wake it; what was set meanwhile is in force then """
    before = Settings(cfg)
    _may_sleep(cfg)
    name = cfg.ifname
    address = cfg.dut.sysfs("address")
    ksft_eq(_asleep(cfg), False, "an open port sleeps")
    with defer(ip, f"link set dev {name} up"):
        ip(f"link set dev {name} down")
        wait_until(lambda: _asleep(cfg), "the closed port does not sleep")
        ksft_eq(_power(cfg, "power_state").read_text("ascii").strip(), "D3hot")
        ksft_ne(dump(name)[STATUS], 0xffffffff, "the registers are not there")
        for what in ("-e", "-S", "-g"):
            ksft_ne(cmd(f"ethtool {what} {name}").stdout, "")
        wait_until(lambda: _asleep(cfg), "it does not sleep again")
        defer(cfg.peer.ip, f"neigh flush dev {cfg.remote_ifname}")
        defer(ip, f"link set dev {name} address {address}")
        ip(f"link set dev {name} address 02:74:67:62:65:02")
        ksft_eq(_asleep(cfg), True, "what needs no register woke it")
        cfg.peer.ip(f"neigh flush dev {cfg.remote_ifname}")
    cfg.wait_link()
    ksft_eq(_asleep(cfg), False)
    cfg.dut.ping(cfg.peer, "4")
    exchange(*cfg.ends, "4", cfg.data)
    ip(f"link set dev {name} address {address}")
    cfg.peer.ip(f"neigh flush dev {cfg.remote_ifname}")
    before.compare()


def sleeps_and_wakes_often(cfg) -> None:
    """ Opened and closed while it is about to sleep: nobody waits for ever """
    _may_sleep(cfg)
    name = cfg.ifname
    with defer(ip, f"link set dev {name} up"):
        for _ in range(10):
            ip(f"link set dev {name} down")
            cmd(f"ethtool -S {name}")
            ip(f"link set dev {name} up")
        ip(f"link set dev {name} down")
        cfg.rebind()
    cfg.wait_link()
    cfg.dut.ping(cfg.peer, "4")


class _LinkControl:
    """Devices whose ASPM bits in Link Control are cleared, as the kernel calls them"""

    def __init__(self):
        if not (TRACING / "kprobe_events").exists():
            cmd(f"mount -t tracefs tracefs {TRACING}", fail=False)
        events = TRACING / "kprobe_events"
        if not events.exists():
            raise KsftSkipEx("this kernel has no probes")
        self._tell("p:tgbe/lnkctl pcie_capability_clear_and_set_word_locked "
                   "dev=%di:x64 pos=%si:u32 clear=%dx:u16\n")
        defer(self._remove)
        self._enable("1")

    @staticmethod
    def _tell(line):
        # a file object would seek to the end, which the kernel refuses
        table = os.open(TRACING / "kprobe_events", os.O_WRONLY | os.O_APPEND)
        try:
            os.write(table, line.encode())
        finally:
            os.close(table)

    @staticmethod
    def _enable(word):
        (TRACING / "events/tgbe/lnkctl/enable").write_text(word, encoding="ascii")

    def _remove(self):
        self._enable("0")
        self._tell("-:tgbe/lnkctl\n")

    @staticmethod
    def seen():
        """Since the last time"""
        rows = re.findall(r"dev=(\w+) pos=(\d+) clear=(\d+)",
                          (TRACING / "trace").read_text("ascii"))
        (TRACING / "trace").write_text("", encoding="ascii")
        return {dev for dev, pos, clear in rows
                if int(pos) == LNKCTL and int(clear) & ASPM == ASPM}


def aspm(cfg) -> None:
    """ The 82574L's link and that of the port above lose ASPM, and after each sleep or reset """
    trace = _LinkControl()
    cfg.rebind()
    # what the kernel believes is not what the registers hold: nobody asks whether it is on
    want = 2 if cfg.chip == "e1000e" else 0
    ksft_eq(len(trace.seen()), want, "at probe")
    if can_sleep():
        put_to_sleep(cfg.pci).exec()
        ksft_eq(len(trace.seen()), want, "after a sleep")
        cfg.wait_link()
    reset = _power(cfg, "reset")
    if reset.exists():
        reset.write_text("1", encoding="ascii")
        ksft_eq(len(trace.seen()), want, "after a reset")
        cfg.wait_link()
    cfg.dut.ping(cfg.peer, "4")


def _latency():
    """Microseconds that a CPU may take to wake"""
    with open("/dev/cpu_dma_latency", "rb") as knob:
        return struct.unpack("i", knob.read(4))[0]


def jumbo_frames_limit_latency(cfg) -> None:
    """ While the 82574L is open and lets in jumbo frames, and no longer """
    ksft_eq(_latency(), NO_LIMIT)
    cfg.dut.set_mtu(9000)
    limit = _latency()
    ksft_pr(f"{limit} us")
    if cfg.chip != "e1000e":
        ksft_eq(limit, NO_LIMIT)
        return
    # 20 KB less a frame, at 1 Gbit/s
    ksft_ge(limit, (20 * 1024 - 9100) * 8 // 1000)
    ksft_lt(limit, (20 * 1024 - 9000) * 8 // 1000 + 1)
    cfg.dut.set_mtu(1500)
    ksft_eq(_latency(), NO_LIMIT)
    cfg.dut.set_mtu(4000)
    ksft_ge(_latency(), limit, "a shorter frame leaves more room")
    ksft_ne(_latency(), NO_LIMIT)
    with defer(ip, f"link set dev {cfg.ifname} up"):
        ip(f"link set dev {cfg.ifname} down")
        ksft_eq(_latency(), NO_LIMIT)
    ksft_ne(_latency(), NO_LIMIT)
    cfg.wait_link()


def silent_vector_is_kicked(cfg) -> None:
    """ The 82574L may lose an interrupt: each vector has one now and then without frames """
    if cfg.chip != "e1000e" or cfg.dut.queues() < 2:
        raise KsftSkipEx("an erratum of the 82574L, and all other frames are in queue 0")

    def count():
        return sum(n for n, names in irq_lines().values() if f"{cfg.ifname}-TxRx-1" in names)
    start = count()
    wait_until(lambda: count() >= start + 3, "nobody kicks")


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        cfg.data = os.urandom(4 << 20)
        ksft_run([closed_port_sleeps, sleeps_and_wakes_often, aspm,
                  jumbo_frames_limit_latency, silent_vector_is_kicked], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
