# SPDX-License-Identifier: GPL-2.0

"""
Everything that a user can set of a port, and what the card's registers make of it:
to be looked at before and after something that must leave it alone.
"""

import os
import struct
import subprocess
from pathlib import Path

from net.lib.py import cmd, defer, ethtool, ip
from net.lib.py import ksft_eq
from .cards import affinities, move_vector, settled
from .ioctl import NetlinkRings
from .knobs import advertised, message_level, rss_key

# What ethtool shows of settings
SHOWN = ("-g", "-l", "-c", "-x", "-k", "-a", "")
KNOBS = ("rx_poll_batch", "tx_clean_batch", "rx_refill_batch")
TUNABLES = ("rx-copybreak", "tx-copybreak")

# Registers that move by themselves: STATUS, EECD, MDIC, IMS, and on the 82576 EIMS
# and the intervals of moderation; on the 82574L the intervals
RESTLESS = {0x8, 0x10, 0x20, 0xd0, 0x1524, *range(0x1680, 0x16e4, 4), *range(0xe8, 0xfc, 4)}
# Rings, of which the first of each kind has settings that can be compared: those out
# of use keep what they had. It has also places: where it is, head and tail
RINGS = ((0xc000, 0xc400, 0x40), (0xe000, 0xe400, 0x40), (0x2800, 0x2a00, 0x100),
         (0x3800, 0x3a00, 0x100))
PLACES = {0x0, 0x4, 0x10, 0x18}


def _is_place(reg):
    return any(first <= reg < end and (reg >= first + step or reg - first in PLACES)
               for first, end, step in RINGS)


def dump(ifname):
    """The registers of ethtool -d, by offset"""
    raw = subprocess.run(["ethtool", "-d", ifname, "raw", "on"], check=True,
                         stdout=subprocess.PIPE).stdout
    return dict(struct.iter_unpack("=II", raw))


def registers(ifname):
    """Those of the dump that hold settings, as text that can be compared by eye"""
    return {hex(reg): hex(value) for reg, value in dump(ifname).items()
            if reg not in RESTLESS and not _is_place(reg)}


class Settings:
    """A snapshot of the settings of the port under test"""

    def __init__(self, cfg):
        self._cfg = cfg
        self._rings = NetlinkRings(cfg.ifname)
        self._shown = self._look()
        self._registers = registers(cfg.ifname)

    def _look(self):
        name = self._cfg.ifname
        shown = {what: cmd(f"ethtool {what} {name}").stdout for what in SHOWN}
        shown |= {what: cmd(f"ethtool --get-tunable {name} {what}").stdout
                  for what in TUNABLES}
        shown |= {what: Path(f"/sys/class/net/{name}/tgbe/{what}").read_text("ascii")
                  for what in KNOBS}
        shown["rings"] = self._rings.get()
        shown |= {kind: cmd(f"ethtool -n {name} rx-flow-hash {kind}").stdout
                  for kind in ("tcp4", "udp6")}
        shown["-Q"] = cmd(f"ethtool -Q {name} --show-coalesce").stdout
        shown |= {str(path): cpus for path, cpus in affinities(name).items()}
        if self._cfg.expected_queues() > 1:
            shown |= {str(path): path.read_text("ascii") for path in
                      Path(f"/sys/class/net/{name}/queues").glob("tx-*/xps_cpus")}
        link, = ip(f"-d addr show dev {name}", json=True)
        shown |= {what: link[what] for what in ("flags", "mtu", "address", "addr_info")}
        shown["routes"] = cmd(f"ip route show dev {name}").stdout
        return shown

    def compare(self):
        """Complain about what is different now"""
        now = self._look()
        for what, before in self._shown.items():
            ksft_eq(now.get(what), before, f"{what} changed")
        # negotiation has the last word about some, and it may not be over
        after = settled(lambda: registers(self._cfg.ifname), self._registers)
        changed = {reg: (value, after.get(reg)) for reg, value in self._registers.items()
                   if after.get(reg) != value}
        ksft_eq(changed, {}, "registers changed")


def _unusual_address(cfg):
    """A MAC address of the user's own, which the peer has to learn"""
    was = cfg.dut.sysfs("address")
    defer(cfg.peer.ip, f"neigh flush dev {cfg.remote_ifname}")
    defer(ip, f"link set dev {cfg.ifname} address {was}")
    ip(f"link set dev {cfg.ifname} address 02:74:67:62:65:01")
    cfg.peer.ip(f"neigh flush dev {cfg.remote_ifname}")


def _unusual_buffers(cfg):
    """Header split and larger buffers, where the card and the kernel have them"""
    rings = NetlinkRings(cfg.ifname)
    shown = rings.get()
    if "tcp-data-split" not in shown:
        return
    limit = {"hds_thresh": 0} if "hds-thresh" in shown else {}
    defer(rings.set, tcp_data_split="unknown", rx_buf_len=shown["rx-buf-len"], **limit)
    rings.set(rx_buf_len=4096)
    rings.set(tcp_data_split="enabled", **dict.fromkeys(limit, 300))


def _unusual_cpus(cfg):
    """The vector of queue 0 on another CPU, and its transmit queue for the last one"""
    if os.cpu_count() > 1:
        move_vector(next(iter(affinities(cfg.ifname))))
    if cfg.expected_queues() > 1:
        xps = Path(f"/sys/class/net/{cfg.ifname}/queues/tx-0/xps_cpus")
        defer(xps.write_text, xps.read_text("ascii"), encoding="ascii")
        xps.write_text(f"{1 << os.cpu_count() - 1:x}\n", encoding="ascii")


def unusual_settings(cfg):
    """Turn what can be turned, until the test ends; a snapshot of that"""
    name, card = cfg.ifname, cfg.dut
    key = rss_key(card)
    rings, queues = card.rings(), card.queues()
    _unusual_address(cfg)
    _unusual_buffers(cfg)
    _unusual_cpus(cfg)
    undo = [f"-G {name} rx {rings[0]} tx {rings[1]}",
            f"-C {name} rx-usecs 100 tx-usecs 100 rx-frames 0 rx-usecs-irq 0 adaptive-tx off "
            "adaptive-rx on rx-frames-irq 0 tx-frames 0 tx-usecs-irq 0 tx-frames-irq 0",
            f"-s {name} msglvl {message_level(card)}", f"-s {name} advertise {advertised(card)}",
            f"-X {name} hkey {key}", f"-L {name} combined {queues}",
            f"-X {name} default", f"-A {name} autoneg on rx on tx on",
            f"-N {name} rx-flow-hash tcp4 sdfn",
            f"--set-tunable {name} rx-copybreak {card.tunable('rx-copybreak')}",
            f"--set-tunable {name} tx-copybreak {card.tunable('tx-copybreak')}"]
    for args in undo:
        defer(ethtool, args)
    changes = [f"-G {name} rx 256 tx 128",
               f"-C {name} rx-usecs 57 tx-usecs 203 rx-frames 13 rx-usecs-irq 91 adaptive-tx on "
               "adaptive-rx off rx-frames-irq 21 tx-frames 9 tx-usecs-irq 77 tx-frames-irq 5",
               f"-s {name} msglvl 5", f"-s {name} advertise 0x02c",
               # of the last queue that stays below
               f"-Q {name} queue_mask {1 << max(queues - 2, 0):#x} --coalesce rx-usecs 61",
               f"-X {name} hkey {':'.join(['5a'] * 40)}", f"-A {name} autoneg off rx on tx off",
               f"-N {name} rx-flow-hash tcp4 sd",
               f"--set-tunable {name} rx-copybreak 99", f"--set-tunable {name} tx-copybreak 77"]
    if cfg.chip == "igb":
        defer(ethtool, f"-N {name} rx-flow-hash udp6 sd")
        changes.append(f"-N {name} rx-flow-hash udp6 sdfn")
    if queues > 1:
        changes += [f"-L {name} combined {queues - 1}", f"-X {name} equal 1"]
    for args in changes:
        ethtool(args)
    for feature, want in (("receive-hashing", False), ("tx-tcp-segmentation", False),
                          ("rx-vlan-offload", False), ("rx-fcs", True), ("rx-all", True)):
        card.set_feature(feature, want)
    for what, value in zip(KNOBS, (17, 33, 5)):
        knob = Path(f"/sys/class/net/{name}/tgbe/{what}")
        defer(knob.write_text, knob.read_text("ascii"), encoding="ascii")
        knob.write_text(f"{value}\n", encoding="ascii")
    card.set_mtu(2000)
    cfg.vlan(55)
    defer(ip, f"link set dev {name} allmulticast off")
    ip(f"link set dev {name} allmulticast on")
    cfg.wait_link()
    return Settings(cfg)
