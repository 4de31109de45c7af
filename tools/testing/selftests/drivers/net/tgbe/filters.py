#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
Which frames the card lets through: promiscuity, multicast, secondary unicast
addresses, VLANs, a new MAC address; and the bounds of the MTU.
"""

from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_is, ksft_ne, ksft_variants
from lib.py import CmdExitFailure, KsftNamedVariant, KsftSkipEx
from lib.py import Bar, cmd, defer, End, FrameTap, ip, TgbeEnv, UdpFlow, wait_until
from lib.py import ETH_P_8021AD, ETH_P_8021Q

MIN_MTU, MAX_MTU = 68, 9216

# Locally administered, and no address of the lab
STRANGER = bytes.fromhex("0200000000aa")
# A group that nothing in the lab joins; its hash bits differ from those of
# the groups the stack joins itself
GROUP = bytes.fromhex("01005e55aa5a")
VID = 100
INNER = 101
# The most that a packet socket lets out with two tags
LARGEST = MAX_MTU - 8

# What a receive buffer takes of a frame, and where headers are split off
ROOM, SPLIT_ROOM = 3072, 4096
# Without LPE the 82574L lets in packets of 1496 bytes with two tags; behind 1638 bytes
# frames of the 82576 no longer fit half a page
MTUS = (1496, 1497, 1500, 1638, 1639, 3050, LARGEST)

# Of pool 0 of the 82576: the limit of its frames and stripped FCS, and what we set
VMOLR, VMOLR_RESET = 0x5ad0, 0x80002600
VMOLR_RSSE, VMOLR_AUPE, VMOLR_BAM = 1 << 17, 1 << 24, 1 << 27


def _text(mac):
    return mac.hex(":")


def _numbered(base, count):
    return [base[:4] + (0x1000 + 77 * n).to_bytes(2, "big") for n in range(count)]


def _tap(cfg):
    tap = FrameTap(cfg.peer, cfg.dut)
    defer(tap.close)
    return tap


def own_and_broadcast(cfg) -> None:
    """ The card's own address and broadcast pass, a stranger's does not """
    tap = _tap(cfg)
    ksft_is(tap.arrives(cfg.dut.mac()), True)
    ksft_is(tap.arrives(b"\xff" * 6), True)
    ksft_is(tap.arrives(STRANGER), False)


def promiscuous(cfg) -> None:
    """ Everything passes as long as it is on, also unknown VLANs and groups """
    tap = _tap(cfg)
    off = defer(ip, f"link set dev {cfg.ifname} promisc off")
    ip(f"link set dev {cfg.ifname} promisc on")
    for want in (True, False):
        ksft_is(tap.arrives(STRANGER), want, "unicast")
        ksft_is(tap.arrives(GROUP), want, "multicast")
        ksft_is(tap.arrives(STRANGER, VID), want, "VLAN")
        if want:
            off.exec()


def multicast(cfg) -> None:
    """ A group passes while it is joined """
    tap = _tap(cfg)
    ksft_is(tap.arrives(GROUP), False, "before")
    with defer(ip, f"maddr del {_text(GROUP)} dev {cfg.ifname}"):
        ip(f"maddr add {_text(GROUP)} dev {cfg.ifname}")
        ksft_is(tap.arrives(GROUP), True, "joined")
    ksft_is(tap.arrives(GROUP), False, "left")


def all_multicast(cfg) -> None:
    """ allmulticast lets every group pass, and no stranger """
    tap = _tap(cfg)
    with defer(ip, f"link set dev {cfg.ifname} allmulticast off"):
        ip(f"link set dev {cfg.ifname} allmulticast on")
        ksft_is(tap.arrives(GROUP), True)
        ksft_is(tap.arrives(STRANGER), False)
    ksft_is(tap.arrives(GROUP), False, "off again")


def many_groups(cfg) -> None:
    """ More groups than the card has exact filters: every one passes """
    tap = _tap(cfg)
    groups = _numbered(GROUP, 60)
    for group in groups:
        defer(ip, f"maddr del {_text(group)} dev {cfg.ifname}")
        ip(f"maddr add {_text(group)} dev {cfg.ifname}")
    for group in groups:
        ksft_is(tap.arrives(group), True, _text(group))


def _add_address(cfg, mac):
    cmd(f"bridge fdb add {_text(mac)} dev {cfg.ifname} self permanent")
    return defer(cmd, f"bridge fdb del {_text(mac)} dev {cfg.ifname} self")


def secondary_unicast(cfg) -> None:
    """ A second address passes while it is there """
    tap = _tap(cfg)
    added = _add_address(cfg, STRANGER)
    ksft_is(tap.arrives(STRANGER), True, "added")
    ksft_is(tap.arrives(cfg.dut.mac()), True, "the first address")
    added.exec()
    ksft_is(tap.arrives(STRANGER), False, "removed")


def many_unicast(cfg) -> None:
    """
    More addresses than the card has slots: every one passes, and when they
    are gone strangers are kept out again
    """
    tap = _tap(cfg)
    macs = _numbered(STRANGER, 40)
    added = [_add_address(cfg, mac) for mac in macs]
    for mac in macs:
        ksft_is(tap.arrives(mac), True, _text(mac))
    for entry in added:
        entry.exec()
    for mac in (STRANGER, macs[0], macs[-1]):
        ksft_is(tap.arrives(mac), False, "after removal")


def macvlan(cfg) -> None:
    """ A macvlan on top has its own address, and answers pings to its own """
    mac, addr = "02:00:00:00:00:bb", "192.0.3.77"
    # or our ARP requests for the peer would tell it another address for this one
    cfg.pin_neighbours()
    ip(f"link add link {cfg.ifname} name tgbe-mv address {mac} type macvlan mode bridge")
    defer(ip, "link del tgbe-mv")
    # and the card itself would answer for all addresses of this host
    defer(cmd, f"sysctl -qw net.ipv4.conf.{cfg.ifname}.arp_ignore=0")
    cmd(f"sysctl -qw net.ipv4.conf.{cfg.ifname}.arp_ignore=1")
    ip(f"addr add {addr}/32 dev tgbe-mv")
    ip("link set dev tgbe-mv up")
    defer(cfg.peer.ip, f"neigh flush to {addr}")
    wait_until(lambda: cfg.peer.reachable(addr), "no answer from the macvlan")
    neigh = cfg.peer.ip(f"neigh show to {addr}", json=True)
    ksft_eq(neigh[0]["lladdr"], mac)


def vlan_filter(cfg) -> None:
    """ A tagged frame passes while its VLAN is configured, or the filter is off """
    tap = _tap(cfg)
    mac = cfg.dut.mac()
    if not cfg.dut.features()["rx-vlan-filter"]["active"]:
        raise KsftSkipEx("rx-vlan-filter is off")
    ksft_is(tap.arrives(mac, VID), False, "before")
    with defer(ip, "link del tgbe-vlan"):
        ip(f"link add link {cfg.ifname} name tgbe-vlan type vlan id {VID}")
        ip("link set dev tgbe-vlan up")
        ksft_is(tap.arrives(mac, VID), True, "configured")
        ksft_is(tap.arrives(mac, VID + 1), False, "its neighbour")
    ksft_is(tap.arrives(mac, VID), False, "removed")

    if cfg.dut.features()["rx-vlan-filter"]["fixed"]:
        ksft_pr("rx-vlan-filter is fixed")
        return
    cfg.dut.set_feature("rx-vlan-filter", False)
    ksft_is(tap.arrives(mac, VID), True, "filter off")


def vlan_while_off(cfg) -> None:
    """ What VLANs came and went while the filter was off counts when it is on again """
    if cfg.dut.features()["rx-vlan-filter"]["fixed"]:
        raise KsftSkipEx("rx-vlan-filter is fixed")
    tap = _tap(cfg)
    mac = cfg.dut.mac()
    word = "ethtool -K {} rx-vlan-filter {}"
    defer(cmd, word.format(cfg.ifname, "on"))
    with defer(ip, "link del tgbe-new"):
        with defer(ip, "link del tgbe-old"):
            ip(f"link add link {cfg.ifname} name tgbe-old type vlan id {VID}")
            cmd(word.format(cfg.ifname, "off"))
            ip(f"link add link {cfg.ifname} name tgbe-new type vlan id {VID + 1}")
        cmd(word.format(cfg.ifname, "on"))
        ksft_is(tap.arrives(mac, VID + 1), True, "came meanwhile")
        ksft_is(tap.arrives(mac, VID), False, "went meanwhile")
        cmd(word.format(cfg.ifname, "off"))
        cmd(word.format(cfg.ifname, "on"))
        ksft_is(tap.arrives(mac, VID + 1), True, "was there all the time")
    ksft_is(tap.arrives(mac, VID + 1), False, "went while the filter was on")


def _rmmod_8021q():
    if Path("/sys/module/8021q/refcnt").exists():
        cmd("rmmod 8021q")


def priority_tags(cfg) -> None:
    """ A tag of VLAN 0 is only a priority: it passes, whether 8021q is loaded or not """
    mac = cfg.dut.mac()

    def check(when):
        tap = _tap(cfg)
        for priority in (0, 5):
            ksft_is(tap.arrives(mac, priority << 13), True, f"priority {priority}, {when}")
        ksft_is(tap.arrives(mac, VID), False, f"a VLAN, {when}")
    if not cfg.dut.features()["rx-vlan-filter"]["active"]:
        raise KsftSkipEx("rx-vlan-filter is off")
    _rmmod_8021q()
    defer(cfg.dut.set_rings, *cfg.dut.rings())
    check("without 8021q")
    for args in ("-K {} rx-vlan-filter off", "-K {} rx-vlan-filter on", "-K {} rxvlan off",
                 "-K {} rxvlan on txvlan on", "-G {} rx 256", "-G {} rx 512"):
        cfg.dut.ethtool(args.format(cfg.ifname))
        if "filter off" not in args:
            check(args)
    ip(f"link set dev {cfg.ifname} down")
    ip(f"link set dev {cfg.ifname} up")
    cfg.wait_link()
    check("opened")
    with defer(ip, "link del tgbe-vlan"):
        ip(f"link add link {cfg.ifname} name tgbe-vlan type vlan id {INNER}")
        check("with 8021q")
    # which takes its VLAN 0 with it
    _rmmod_8021q()
    check("8021q gone again")


@ksft_variants([ETH_P_8021Q, ETH_P_8021AD])
def two_tags(cfg, outer) -> None:
    """
    Two tags fit beside a packet as long as the MTU, at every MTU and at each multiple of
    what a buffer holds, whether the card strips the outer one or not
    """
    cfg.vlan(VID)
    tap = _tap(cfg)
    tags = ((outer, VID), (ETH_P_8021Q, INNER))
    cfg.peer.set_mtu(MAX_MTU)
    defer(ip, f"link set dev {cfg.ifname} mtu {cfg.dut.sysfs('mtu')}")
    defer(cfg.dut.ethtool, f"-K {cfg.ifname} rxvlan on txvlan on")

    def check(sizes, words):
        lost = [size for size in sizes if not tap.keeps(tags, size)]
        ksft_eq(lost, [], words)

    def edges(room):
        # 14 bytes of header, at most 8 of tags and 4 of FCS; to either side of the edge
        return [edge - more for edge in range(room, MAX_MTU + 1, room)
                for more in range(12, 28)]
    cfg.dut.ethtool(f"-K {cfg.ifname} rxvlan off")
    for mtu in MTUS:
        ip(f"link set dev {cfg.ifname} mtu {mtu}")
        check((mtu - 1, mtu), f"MTU {mtu}")
    check(edges(ROOM), "edges of buffers")
    cfg.dut.ethtool(f"-K {cfg.ifname} rxvlan on")
    check((LARGEST, *edges(ROOM)), "edges of buffers, stripped")
    if cfg.chip == "igb":
        defer(cfg.dut.ethtool, f"-G {cfg.ifname} tcp-data-split auto")
        cfg.dut.ethtool(f"-G {cfg.ifname} tcp-data-split on")
        check(edges(SPLIT_ROOM), "edges of pages, stripped")


def equal_tags(cfg) -> None:
    """ Two tags that are the same are two tags """
    cfg.vlan(VID)
    tap = _tap(cfg)
    for strip in (True, False):
        cfg.dut.set_feature("rx-vlan-offload", strip)
        for count in range(3):
            ksft_is(tap.keeps(((ETH_P_8021Q, VID),) * count, 100), True, f"{count} tags")


def _stack_vlans(end, outer, host):
    """A VLAN device on a VLAN device of this end; returns the upper one as an end"""
    end.ip(f"link add link {end.ifname} name tgbe-out type vlan proto {outer} id {VID}")
    defer(end.ip, "link del tgbe-out")
    end.ip(f"link add link tgbe-out name tgbe-in type vlan id {INNER}")
    end.ip(f"addr add 192.0.5.{host}/24 dev tgbe-in")
    end.ip("link set dev tgbe-out up")
    end.ip("link set dev tgbe-in up")
    return End("tgbe-in", end.ns, {"4": f"192.0.5.{host}"})


@ksft_variants([KsftNamedVariant(f"{outer}_mtu{mtu}", outer, mtu)
                for outer in ("802.1Q", "802.1ad") for mtu in (1500, MAX_MTU)])
def stacked_vlans(cfg, outer, mtu) -> None:
    """ A VLAN device on another has the MTU of the card, and packets of that size pass """
    for end in cfg.ends:
        end.set_mtu(mtu)
    one, other = (_stack_vlans(end, outer, host) for host, end in enumerate(cfg.ends, 1))
    ksft_eq(int(one.sysfs("mtu")), mtu)
    for strip in (True, False):
        for end in cfg.ends:
            end.set_feature("rx-vlan-offload", strip)
        # 28 bytes of IPv4 and ICMP headers; the largest packet goes as fragments
        for size in (56, mtu - 32, mtu - 28, 2 * mtu):
            what = "-M do" if size < mtu else ""
            one.cmd(f"ping -n -c 3 -i 0.01 -W 10 {what} -s {size} {other.addr_v['4']}")


def vlan_survives(cfg) -> None:
    """ The VLAN filter is kept over promiscuity, ring resizes and down/up """
    mac = cfg.dut.mac()
    defer(ip, "link del tgbe-vlan")
    ip(f"link add link {cfg.ifname} name tgbe-vlan type vlan id {VID}")
    rings = cfg.dut.rings()
    for what in (f"ip link set dev {cfg.ifname} promisc on",
                 f"ip link set dev {cfg.ifname} promisc off",
                 f"ethtool -G {cfg.ifname} rx 512 tx 512",
                 f"ethtool -G {cfg.ifname} rx {rings[0]} tx {rings[1]}",
                 f"ip link set dev {cfg.ifname} down",
                 f"ip link set dev {cfg.ifname} up"):
        cmd(what)
        if what.endswith("down"):
            continue
        cfg.wait_link()
        tap = FrameTap(cfg.peer, cfg.dut)
        ksft_is(tap.arrives(mac, VID), True, what)
        ksft_is(tap.arrives(mac, VID + 1), what.endswith("promisc on"), what)
        tap.close()


def mac_change(cfg) -> None:
    """
    A new MAC address is in force at once, with the link up. (That the lab's own
    address is out of force cannot be seen: in the emulated card its hash is
    that of a group which IPv6 joins.)
    """
    old = cfg.dut.mac()
    first, second = _numbered(STRANGER, 2)
    lost = cfg.link_lost()
    defer(cfg.peer.ip, f"neigh flush dev {cfg.remote_ifname}")
    with defer(ip, f"link set dev {cfg.ifname} address {_text(old)}"):
        for new, gone in ((first, second), (second, first)):
            ip(f"link set dev {cfg.ifname} address {_text(new)}")
            ksft_eq(cfg.dut.mac(), new)
            tap = _tap(cfg)
            ksft_is(tap.arrives(new), True, "new address")
            ksft_is(tap.arrives(gone), False, "other address")
            for ipver, addr in cfg.dut.addr_v.items():
                cfg.peer.ip(f"neigh flush dev {cfg.remote_ifname}")
                cfg.peer.ping(cfg.dut, ipver)
                neigh = cfg.peer.ip(f"neigh show to {addr}", json=True)
                ksft_eq(neigh[0]["lladdr"], _text(new))
    tap = _tap(cfg)
    ksft_is(tap.arrives(old), True, "restored")
    ksft_is(tap.arrives(second), False, "gone")
    ksft_eq(lost(), 0, "carrier moved")
    for bad in ("01:00:5e:00:00:05", "00:00:00:00:00:00"):
        cmd(f"ip link set dev {cfg.ifname} address {bad}", fail=False, expect_fail=True)
    ksft_eq(cfg.dut.mac(), old)


@ksft_variants([MIN_MTU, MAX_MTU])
def mtu_bound(cfg, mtu) -> None:
    """ The smallest and the largest MTU are taken with the link up, and work """
    lost = cfg.link_lost()
    for end in cfg.ends:
        if mtu < 1280:
            defer(end.configure_v6)
        end.set_mtu(mtu)
        ksft_eq(int(end.sysfs("mtu")), mtu)
    for _, src, dst in cfg.ways:
        # 28 bytes of IPv4 and ICMP headers; more must not leave unfragmented
        cmd(f"ping -n -c 3 -i 0.01 -W 10 -M do -s {mtu - 28} {dst.addr_v['4']}", ns=src.ns)
        cmd(f"ping -n -c 1 -W 1 -M do -s {mtu - 27} {dst.addr_v['4']}", ns=src.ns,
            fail=False, expect_fail=True)
    ksft_eq(lost(), 0, "carrier moved")


@ksft_variants([MIN_MTU - 1, MAX_MTU + 1])
def mtu_refused(cfg, mtu) -> None:
    """ One less and one more are refused, with a text that says why """
    was = cfg.dut.sysfs("mtu")
    if mtu < 1280:
        defer(cfg.dut.configure_v6)
    defer(ip, f"link set dev {cfg.ifname} mtu {was}")
    try:
        ip(f"link set dev {cfg.ifname} mtu {mtu}")
        ksft_ne(mtu, mtu, "was accepted")
    except CmdExitFailure as ex:
        ksft_pr(ex.cmd.stderr.strip())
        ksft_ne(ex.cmd.stderr.strip(), "")
    ksft_eq(cfg.dut.sysfs("mtu"), was)


def mtu_under_traffic(cfg) -> None:
    """ The MTU goes up and down under a UDP flow each way; the link stays """
    defer(ip, f"link set dev {cfg.ifname} mtu {cfg.dut.sysfs('mtu')}")
    lost = cfg.link_lost()
    with UdpFlow(*cfg.ends) as out, UdpFlow(*reversed(cfg.ends)) as back:
        for mtu in (9000, 1500, 1280, 4000, 9216, 1500):
            ip(f"link set dev {cfg.ifname} mtu {mtu}")
            for flow in (out, back):
                flow.progress(300)
    ksft_eq(lost(), 0, "carrier moved")
    for name, flow in (("tx", out), ("rx", back)):
        ksft_pr(f"{name}: {flow.tally}")
        ksft_ge(cfg.may_lose(flow.tally), flow.tally.lost, f"{name}: packets lost")
        ksft_eq(flow.tally.spoilt, 0, f"{name}: packets changed on the way")


def pool_of_all(cfg) -> None:
    """ Pool 0 of the 82576 takes broadcast and untagged frames, and hashes """
    if cfg.chip != "igb":
        raise KsftSkipEx("the 82574L has no pools")
    with Bar(cfg.pci) as card:
        ksft_eq(card[VMOLR], VMOLR_RESET | VMOLR_RSSE | VMOLR_AUPE | VMOLR_BAM)


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        ksft_run([own_and_broadcast, promiscuous, multicast, all_multicast,
                  many_groups, secondary_unicast, many_unicast, macvlan,
                  vlan_filter, vlan_while_off, priority_tags, two_tags, equal_tags,
                  stacked_vlans, vlan_survives, mac_change, mtu_bound, mtu_refused,
                  mtu_under_traffic, pool_of_all],
                 args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
