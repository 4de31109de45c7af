#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
ethtool -L and -X while packets flow: the link, the interrupts and the user's own
settings stay, and packets are not lost.
"""

import errno
import os
import re
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_gt, ksft_in, ksft_is, ksft_ne, ksft_true, \
    ksft_variants
from lib.py import CmdExitFailure, EthtoolFamily, KsftSkipEx, NlError
from lib.py import affinities, Bar, cmd, defer, exchange, irq_lines, keep_coalescing, knock
from lib.py import mark_log, move_vector, rss_key, rss_table, softirqs_by_cpu, TgbeEnv
from lib.py import UdpFlow, UdpPair, wait_until

# Of many flows, or a SYN each
FRAMES = 800

# Of receive queue 0 of the 82576, and 40h further of each other
SRRCTL, DROP_EN = 0xc00c, 1 << 31


def _set_queues(cfg, count):
    cfg.dut.ethtool(f"-L {cfg.ifname} combined {count}")
    ksft_eq(cfg.dut.queues(), count)


def _keep_queues(cfg):
    was = cfg.dut.queues()
    if was < 2:
        raise KsftSkipEx("one queue")
    defer(cfg.dut.ethtool, f"-L {cfg.ifname} combined {was}")
    return was


def change_under_udp(cfg) -> None:
    """ Every count and back, with 1,250 UDP packets/s in each direction """
    most = _keep_queues(cfg)
    before = affinities(cfg.ifname)
    lost = cfg.link_lost()
    with UdpFlow(*cfg.ends) as out, UdpFlow(*reversed(cfg.ends)) as back:
        for count in [*range(most, 0, -1), *range(1, most + 1), 1, most]:
            _set_queues(cfg, count)
            for flow in (out, back):
                flow.progress(300)
    ksft_eq(lost(), 0, "carrier moved")
    ksft_eq(affinities(cfg.ifname), before)
    for name, flow in (("tx", out), ("rx", back)):
        ksft_pr(f"{name}: {flow.tally}")
        # with one queue there is nowhere else to steer to
        ksft_ge(flow.tally.sent // 1000, flow.tally.lost, f"{name}: packets lost")


def late_frames(cfg) -> None:
    """ What a queue that goes still holds comes while the stack knows the queue """
    most = _keep_queues(cfg)
    if most < 3:
        # the kernel says nothing of a queue beyond the only one
        raise KsftSkipEx("two queues")
    for rps in Path(f"/sys/class/net/{cfg.ifname}/queues").glob("rx-*/rps_cpus"):
        defer(rps.write_text, rps.read_text("ascii"), encoding="ascii")
        rps.write_text("1\n", encoding="ascii")
    keep_coalescing(cfg.dut)
    cfg.dut.ethtool(f"-C {cfg.ifname} adaptive-rx off adaptive-tx off "
                    "rx-usecs 2000 tx-usecs 2000")
    if cfg.chip == "igb":
        # else one queue has them all
        defer(cfg.dut.ethtool, f"-N {cfg.ifname} rx-flow-hash udp4 sd")
        cfg.dut.ethtool(f"-N {cfg.ifname} rx-flow-hash udp4 sdfn")
    mark = mark_log()
    with UdpFlow(*reversed(cfg.ends), ipvers="4" * 16) as flow:
        for count in (2, most) * 5:
            _set_queues(cfg, count)
            flow.progress(100)
    ksft_eq([row for row in cfg.log(mark) if "received packet on queue" in row], [])


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


def _send_flows(cfg, kind):
    """Frames of many flows of udp or tcp, to us; how many at least"""
    if kind.startswith("tcp"):
        for ipver in kind[3:]:
            knock(cfg.peer, cfg.dut, ipver, FRAMES)
        return FRAMES * len(kind[3:])
    with UdpFlow(cfg.peer, cfg.dut, ipvers=kind[3:] * (16 // len(kind[3:]))) as flow:
        flow.progress(FRAMES)
    return FRAMES


def _used_queues(cfg, kind="udp46"):
    """The queues that frames of many flows arrive on"""
    def received():
        return cfg.dut.per_queue("rx", "packets")
    before = received()

    def moved():
        return {q: packets - before[q] for q, packets in received().items()}
    sent = _send_flows(cfg, kind)
    wait_until(lambda: sum(moved().values()) >= sent * 9 // 10, "frames reach no queue", 10)
    return {q: packets for q, packets in moved().items() if packets > sent // 100}


def _refused(cfg, args):
    """What ethtool says when it is refused, which is something"""
    try:
        cfg.dut.ethtool(args)
        ksft_true(False, f"{args} was accepted")
        return ""
    except CmdExitFailure as ex:
        ksft_pr(f"{args}: {ex.cmd.stderr.strip()}")
        ksft_ne(ex.cmd.stderr.strip(), "", f"{args}: refused without a word")
        return ex.cmd.stderr


def _cpus_of(ifname, queues):
    """Where the softirqs of these queues run: on the CPUs of their interrupts"""
    names = {f"{ifname}-TxRx-{queue}" for queue in queues}
    return {int(Path(f"/proc/irq/{irq}/effective_affinity_list").read_text("ascii"))
            for irq, (_, actions) in irq_lines().items() if names & set(actions)}


def each_count(cfg) -> None:
    """ With so many queues so many receive, each on its CPU, and no others """
    most = _keep_queues(cfg)
    cfg.pin_neighbours()
    # what the peer receives is softirqs as well: on one CPU then
    defer(cfg.peer.ethtool, f"-L {cfg.remote_ifname} combined {cfg.peer.queues()}")
    cfg.peer.ethtool(f"-L {cfg.remote_ifname} combined 1")
    peers = _cpus_of(cfg.remote_ifname, [0])

    def look():
        """The queues in use, their CPUs, and those that work"""
        before = softirqs_by_cpu("NET_RX")
        used = _used_queues(cfg, "tcp4")
        moved = [b - a for a, b in zip(before, softirqs_by_cpu("NET_RX"))]
        ksft_pr(f"{count} queues: {used}, NET_RX of each CPU: {moved}")
        busy = {cpu for cpu, number in enumerate(moved) if number > sum(moved) // 50}
        return used, _cpus_of(cfg.ifname, used), busy
    for count in (*range(1, most + 1), 1):
        _set_queues(cfg, count)
        # a CPU that was away for a while finds all its frames at once
        for _ in range(3):
            used, cpus, busy = look()
            if busy - peers == cpus - peers:
                break
        ksft_eq(len(cpus), min(len(used), os.cpu_count()), "CPUs of the queues")
        ksft_eq(busy - peers, cpus - peers, "CPUs at work")
        ksft_eq([q for q in used if q >= count], [], f"used of {count} queues")
        ksft_ge(len(used), min(count, 2))


def own_settings_stay(cfg) -> None:
    """ The moderation and the CPUs of a queue that stays are what the user made them """
    most = _keep_queues(cfg)
    xps = Path(f"/sys/class/net/{cfg.ifname}/queues/tx-0/xps_cpus")
    usecs = cfg.dut.ethtool(f"-c {cfg.ifname}", json=True)[0]["rx-usecs"]
    # of all queues
    defer(cfg.dut.ethtool, f"-C {cfg.ifname} rx-usecs {usecs}")
    cfg.dut.ethtool(f"-Q {cfg.ifname} queue_mask 0x1 --coalesce rx-usecs 57")
    defer(xps.write_text, xps.read_text("ascii"), encoding="ascii")
    xps.write_text(f"{1 << os.cpu_count() - 1:x}\n", encoding="ascii")

    def own():
        return (cfg.dut.ethtool(f"-Q {cfg.ifname} queue_mask 0x1 --show-coalesce").stdout,
                xps.read_text("ascii"))
    before = own()
    ksft_true(re.search(r"^rx-usecs:\s+57$", before[0], re.M), "not set")
    ksft_eq(int(before[1].replace(",", ""), 16), 1 << os.cpu_count() - 1)
    for count in (1, most, most - 1, most):
        _set_queues(cfg, count)
        ksft_eq(own(), before, f"after -L combined {count}")


def affinity_is_the_users(cfg) -> None:
    """ A vector stays on the CPU that the user chose, whatever becomes of the port """
    if os.cpu_count() < 2:
        raise KsftSkipEx("one CPU")
    name, most = cfg.ifname, cfg.dut.queues()
    defer(cfg.wait_link)
    defer(cfg.dut.ip, f"link set dev {name} up")
    defer(cfg.dut.set_rings, *cfg.dut.rings())
    before = affinities(name)
    for path in before:
        move_vector(path)
    chosen = affinities(name)
    ksft_eq([path for path in chosen if chosen[path] == before[path]], [], "not set")
    counts = [f"ethtool -L {name} combined {count}" for count in (1, most) if most > 1]
    for change in (f"ethtool -G {name} rx 256 tx 256", *counts,
                   f"ip link set dev {name} down", f"ip link set dev {name} up",
                   f"ethtool -t {name} offline", f"ethtool --reset {name} all"):
        cmd(change)
        if not change.endswith("down"):
            cfg.wait_link()
            ksft_eq(list(affinities(name)), list(chosen), f"other vectors after {change}")
        ksft_eq({path: path.read_text("ascii").strip() for path in chosen}, chosen, change)


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
        ksft_gt(used.get(target, 0), FRAMES // 2)


def table_is_the_users(cfg) -> None:
    """ A table that names a queue keeps it from going; the default follows """
    most = _keep_queues(cfg)
    defer(cfg.dut.ethtool, f"-X {cfg.ifname} default")
    cfg.dut.ethtool(f"-X {cfg.ifname} equal {most}")
    ksft_in("indirection", _refused(cfg, f"-L {cfg.ifname} combined 1"))
    ksft_eq(cfg.dut.queues(), most)
    cfg.dut.ethtool(f"-X {cfg.ifname} default")
    _set_queues(cfg, 1)
    ksft_eq(set(rss_table(cfg.dut)), {0})


def weights_share(cfg) -> None:
    """ Weights of 3 and 1: so the table, and so the flows; a weight too many is refused """
    _keep_queues(cfg)
    cfg.pin_neighbours()
    defer(cfg.dut.ethtool, f"-X {cfg.ifname} default")
    _set_queues(cfg, 2)
    cfg.dut.ethtool(f"-X {cfg.ifname} weight 3 1")
    table = rss_table(cfg.dut)
    ksft_eq(table.count(0), 3 * table.count(1))
    used = _used_queues(cfg, "tcp4")
    ksft_pr(f"weight 3 1: {used}")
    ksft_gt(used.get(0, 0), 2 * used.get(1, 0))
    ksft_gt(5 * used.get(1, 0), used.get(0, 0))
    _refused(cfg, f"-X {cfg.ifname} weight 1 2 1")
    ksft_eq(rss_table(cfg.dut), table)


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


@ksft_variants(["udp4", "udp6", "tcp4", "tcp6"])
def hash_fields(cfg, kind) -> None:
    """ sd: a pair of hosts is one queue's; sdfn: its ports are spread """
    _keep_queues(cfg)
    if cfg.chip != "igb" and kind.startswith("udp"):
        raise KsftSkipEx("the 82574L does not hash the ports of UDP")
    cfg.pin_neighbours()
    knob = f"-N {cfg.ifname} rx-flow-hash {kind}"
    # the defaults: whole datagrams and fragments of one flow stay together
    was = "sd" if kind.startswith("udp") else "sdfn"
    ksft_is("L4 bytes" in cfg.dut.ethtool(f"-n {cfg.ifname} rx-flow-hash {kind}").stdout,
            was == "sdfn")
    defer(cfg.dut.ethtool, f"{knob} {was}")
    used = {}
    for fields in ("sd", "sdfn"):
        cfg.dut.ethtool(f"{knob} {fields}")
        used[fields] = _used_queues(cfg, kind)
        ksft_pr(f"{kind} {fields}: {used[fields]}")
    ksft_eq(len(used["sd"]), 1)
    ksft_gt(len(used["sdfn"]), 1)
    shown = cfg.dut.ethtool(f"-n {cfg.ifname} rx-flow-hash {kind}").stdout
    for bad in ("s", "m", "v", "sdf", "x"):
        _refused(cfg, f"{knob} {bad}")
    ksft_eq(cfg.dut.ethtool(f"-n {cfg.ifname} rx-flow-hash {kind}").stdout, shown)


def _mixed_datagrams(cfg, pair, count=50):
    """
    One flow of large datagrams, which come as fragments, each with a small one behind it.
    The queues that they take, and how many of the small ones overtook
    """
    before = cfg.dut.per_queue("rx", "packets")
    overtook = 0
    for _ in range(count):
        pair.send(cfg.data[:4000])
        pair.send(cfg.data[:100])
        overtook += [len(pair.rx.recv(9000)) for _ in range(2)] != [4000, 100]

    def moved():
        return {q: packets - before[q] for q, packets in cfg.dut.per_queue("rx", "packets").items()}
    wait_until(lambda: sum(moved().values()) >= 4 * count, "frames are not counted")
    # a stray frame may come on any
    return [q for q, packets in moved().items() if packets >= count], overtook


@ksft_variants(["4", "6"])
def udp_order(cfg, ipver) -> None:
    """ Datagrams of a flow stay in order, whole or in fragments, unless ports are hashed """
    _keep_queues(cfg)
    cfg.pin_neighbours()
    pairs = [UdpPair(cfg.peer, cfg.dut, ipver) for _ in range(10)]
    for pair in pairs:
        defer(pair.close)
        used, overtook = _mixed_datagrams(cfg, pair)
        ksft_eq((len(used), overtook), (1, 0), f"queues {used}")
    if cfg.chip != "igb":
        return
    knob = f"-N {cfg.ifname} rx-flow-hash udp{ipver}"
    defer(cfg.dut.ethtool, f"{knob} sd")
    cfg.dut.ethtool(f"{knob} sdfn")
    # so that the above can fail: of ten flows one at least takes two queues
    seen = [_mixed_datagrams(cfg, pair) for pair in pairs]
    ksft_pr(f"with the ports hashed, (queues, overtaken): {seen}")
    ksft_gt(max(len(used) for used, _ in seen), 1)


@ksft_variants(["udp4", "tcp6"])
def hash_fields_by_netlink(cfg, kind) -> None:
    """ Fields that the chip cannot hash are refused, and the text says what it can """
    family = EthtoolFamily()
    header = {"header": {"dev-name": cfg.ifname}}
    before = family.rss_get(header)
    for bad in (["ip-src"], ["ip-src", "ip-dst", "vlan"], ["l4-b-0-1", "l4-b-2-3"]):
        try:
            family.rss_set(header | {"flow-hash": {kind: bad}})
            ksft_true(False, f"{bad} was accepted")
        except NlError as ex:
            if ex.error == errno.EOPNOTSUPP:
                raise KsftSkipEx("this kernel does not set RSS by netlink") from ex
            ksft_pr(f"{bad}: {ex}")
            ksft_in("both addresses (sd)", (ex.nl_msg.extack or {}).get("msg", ""))
    ksft_eq(family.rss_get(header), before)


def full_queue_drops(cfg) -> None:
    """
    A frame that finds its ring full is dropped where it would hold up another queue, but
    not if PAUSE frames ask for a pause: at once and with no ring swapped
    """
    if cfg.chip != "igb":
        raise KsftSkipEx("the 82574L always keeps frames back")
    most = _keep_queues(cfg)

    def back():
        cfg.dut.ethtool(f"-A {cfg.ifname} autoneg on rx on tx on")
        cfg.wait_link()
    defer(back)
    cfg.dut.ethtool(f"-A {cfg.ifname} autoneg off rx on tx on")
    cfg.wait_link()
    lost = cfg.link_lost()
    with Bar(cfg.pci) as card, UdpFlow(*reversed(cfg.ends)) as flow:
        for count in (most, 1, most):
            for pause in ("off", "on"):
                _set_queues(cfg, count)
                cfg.dut.ethtool(f"-A {cfg.ifname} tx {pause}")
                want = count > 1 and pause == "off"
                drops = [bool(card[SRRCTL + 0x40 * q] & DROP_EN) for q in range(count)]
                ksft_eq(drops, [want] * count, f"{count} queues, PAUSE {pause}")
                cfg.dut.ethtool(f"-G {cfg.ifname} rx 256")
                cfg.dut.ethtool(f"-G {cfg.ifname} rx 512")
                ksft_eq(bool(card[SRRCTL] & DROP_EN), want, "after -G")
                flow.progress(50)
        # the count comes last
        cfg.dut.ethtool(f"-A {cfg.ifname} tx off")
        for count in (1, most):
            _set_queues(cfg, count)
            ksft_eq(bool(card[SRRCTL] & DROP_EN), count > 1, f"{count} queues")
    ksft_eq(lost(), 0, "carrier moved")


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        cfg.data = bytes(range(256)) * (1 << 17)
        ksft_run([change_under_udp, late_frames, change_under_tcp, each_count, own_settings_stay,
                  affinity_is_the_users, table_steers, table_is_the_users, weights_share,
                  table_survives_resize, key_is_used, hash_fields, udp_order,
                  hash_fields_by_netlink, full_queue_drops],
                 args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
