#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
ethtool -L and -X while packets flow: the link, the interrupts and the user's own
settings stay, and packets are not lost.
"""

import os
import re
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_gt, ksft_in, ksft_true, ksft_variants
from lib.py import CmdExitFailure, KsftSkipEx
from lib.py import defer, exchange, irq_lines, rss_key, TgbeEnv, UdpFlow

TABLE = 128


def _set_queues(cfg, count):
    cfg.dut.ethtool(f"-L {cfg.ifname} combined {count}")
    ksft_eq(cfg.dut.queues(), count)


def _keep_queues(cfg):
    was = cfg.dut.queues()
    if was < 2:
        raise KsftSkipEx("one queue")
    defer(cfg.dut.ethtool, f"-L {cfg.ifname} combined {was}")
    return was


def _affinities(cfg):
    irqs = [irq for irq, (_, names) in irq_lines().items()
            if any(n.startswith(cfg.ifname) for n in names)]
    return {irq: Path(f"/proc/irq/{irq}/smp_affinity_list").read_text("ascii").strip()
            for irq in irqs}


def change_under_udp(cfg) -> None:
    """ Every count and back, with 1,250 UDP packets/s in each direction """
    most = _keep_queues(cfg)
    affinities = _affinities(cfg)
    lost = cfg.link_lost()
    with UdpFlow(*cfg.ends) as out, UdpFlow(*reversed(cfg.ends)) as back:
        for count in [*range(most, 0, -1), *range(1, most + 1), 1, most]:
            _set_queues(cfg, count)
            for flow in (out, back):
                flow.progress(300)
    ksft_eq(lost(), 0, "carrier moved")
    ksft_eq(_affinities(cfg), affinities)
    for name, flow in (("tx", out), ("rx", back)):
        ksft_pr(f"{name}: {flow.tally}")
        # with one queue there is nowhere else to steer to
        ksft_ge(flow.tally.sent // 1000, flow.tally.lost, f"{name}: packets lost")


@ksft_variants(["4", "6"])
def change_under_tcp(cfg, ipver) -> None:
    """ The same under TCP; the digests agree """
    most = _keep_queues(cfg)
    lost = cfg.link_lost()

    def walk():
        for count in (1, most, max(1, most - 1), 1, most):
            _set_queues(cfg, count)
    exchange(*cfg.ends, ipver, cfg.data, meanwhile=walk)
    ksft_eq(lost(), 0, "carrier moved")


def _queue_packets(cfg):
    stats = cfg.dut.ethtool_stats()
    return {int(m.group(1)): v for k, v in stats.items()
            if (m := re.fullmatch(r"rx_queue_(\d+)_packets", k))}


def _used_queues(cfg, packets=2000, pairs="46" * 8):
    """The queues that frames of many flows arrive on"""
    before = _queue_packets(cfg)
    with UdpFlow(cfg.peer, cfg.dut, ipvers=pairs) as flow:
        flow.progress(packets)
    after = _queue_packets(cfg)
    return {q: after[q] - before[q] for q in after if after[q] - before[q] > packets // 100}


def table_steers(cfg) -> None:
    """ ethtool -X weight: shares follow the table """
    most = _keep_queues(cfg)
    defer(cfg.dut.ethtool, f"-X {cfg.ifname} default")
    for target in range(most):
        weights = " ".join("1" if q == target else "0" for q in range(most))
        cfg.dut.ethtool(f"-X {cfg.ifname} weight {weights}")
        used = _used_queues(cfg)
        ksft_pr(f"weight {weights}: {used}")
        ksft_eq([q for q in used if q != target and used[q] > 100], [])
        ksft_gt(used.get(target, 0), 1000)


def table_is_the_users(cfg) -> None:
    """ A table that names a queue keeps it from going; the default follows """
    most = _keep_queues(cfg)
    defer(cfg.dut.ethtool, f"-X {cfg.ifname} default")
    cfg.dut.ethtool(f"-X {cfg.ifname} equal {most}")
    try:
        cfg.dut.ethtool(f"-L {cfg.ifname} combined 1")
        ksft_true(False, "the queue of a user's table was taken away")
    except CmdExitFailure as ex:
        ksft_pr(ex.cmd.stderr.strip())
        ksft_in("indirection", ex.cmd.stderr)
    ksft_eq(cfg.dut.queues(), most)
    cfg.dut.ethtool(f"-X {cfg.ifname} default")
    _set_queues(cfg, 1)
    ksft_eq(set(cfg.dut.ethtool(f"-x {cfg.ifname}", json=True)[0]["rss-indirection-table"]), {0})


def table_survives_resize(cfg) -> None:
    """ -G and down/up leave table and key as they are, in the chip as well """
    _keep_queues(cfg)
    defer(cfg.dut.ethtool, f"-X {cfg.ifname} default")
    defer(cfg.dut.set_rings, *cfg.dut.rings())
    cfg.dut.ethtool(f"-X {cfg.ifname} weight 0 1")
    before = cfg.dut.ethtool(f"-x {cfg.ifname}", json=True)
    cfg.dut.set_rings(256, 256)
    ksft_eq(cfg.dut.ethtool(f"-x {cfg.ifname}", json=True), before)
    ksft_eq(list(_used_queues(cfg)), [1])
    cfg.dut.ip(f"link set dev {cfg.ifname} down")
    cfg.dut.ip(f"link set dev {cfg.ifname} up")
    cfg.wait_link()
    ksft_eq(cfg.dut.ethtool(f"-x {cfg.ifname}", json=True), before)
    ksft_eq(list(_used_queues(cfg)), [1])


def key_is_used(cfg) -> None:
    """ A key of zeros hashes all frames to 0, that is to one queue; others spread """
    most = _keep_queues(cfg)
    defer(cfg.dut.ethtool, f"-X {cfg.ifname} hkey {rss_key(cfg.dut)}")

    def used_with(key):
        key = ":".join(f"{byte:02x}" for byte in key)
        cfg.dut.ethtool(f"-X {cfg.ifname} hkey {key}")
        ksft_eq(rss_key(cfg.dut), key)
        used = _used_queues(cfg)
        ksft_pr(f"{key[:11]}...: {used}")
        return used
    ksft_eq(list(used_with(bytes(40))), [0])
    # The flows have two pairs of addresses: half of the keys part them, or more
    ksft_true(any(len(used_with(os.urandom(40))) > 1 for _ in range(8 * most)),
              "no key spreads the flows")
    ksft_eq(list(used_with(bytes(40))), [0])


def hash_fields(cfg) -> None:
    """ udp4 sd: a pair of hosts is one queue's; sdfn: its ports are spread """
    most = _keep_queues(cfg)
    if cfg.chip != "igb":
        raise KsftSkipEx("the 82574L does not hash the ports of UDP")
    defer(cfg.dut.ethtool, f"-N {cfg.ifname} rx-flow-hash udp4 sdfn")
    used = {}
    for fields in ("sd", "sdfn"):
        cfg.dut.ethtool(f"-N {cfg.ifname} rx-flow-hash udp4 {fields}")
        used[fields] = _used_queues(cfg, pairs="4" * 16)
        ksft_pr(f"udp4 {fields}: {used[fields]}")
    ksft_eq(len(used["sd"]), 1)
    ksft_ge(len(used["sdfn"]), min(most, 2))
    for bad in ("s", "m", "v", "sdf"):
        try:
            cfg.dut.ethtool(f"-N {cfg.ifname} rx-flow-hash tcp4 {bad}")
            ksft_true(False, f"{bad} was accepted")
        except CmdExitFailure as ex:
            ksft_pr(ex.cmd.stderr.strip())


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        cfg.data = bytes(range(256)) * (1 << 17)
        ksft_run([change_under_udp, change_under_tcp, table_steers,
                  table_is_the_users, table_survives_resize, key_is_used,
                  hash_fields],
                 args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
