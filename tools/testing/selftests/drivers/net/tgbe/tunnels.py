#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
What goes through tunnels, and UDP in segments: right with the features that the driver
chose after its trial of the card, and described to the card as its datasheet has it
where a user switches the rest on.
"""

import os
import socket

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_is, ksft_true, ksft_variants
from lib.py import cmd, exchange, settled
from lib.py import Bulk, snmp, TgbeEnv, tx_descriptors, UdpPair

MIB = 1 << 20
ETH_HEADER = 14
UDP_SEGMENT = 103

# The second half of a transmit descriptor: that of a context; about TCP
TXD_TYPE, TXD_DEXT = 0xf << 20, 1 << 29
TXD_CONTEXT = {"igb": 2 << 20, "e1000e": 0}
TXC_TCP = {"igb": 1 << 11, "e1000e": 1 << 24}


def _cuts(cfg):
    """
    What the contexts of transmit ring 0 say about frames that are to be cut: the set of
    (start of the IP header, start of the L4 header, is it TCP, MSS)
    """
    found = set()
    for low, high in tx_descriptors(cfg.pci):
        mss = high >> 48
        if not mss or not high & TXD_DEXT or high & TXD_TYPE != TXD_CONTEXT[cfg.chip]:
            continue
        if cfg.chip == "igb":
            start = low >> 9 & 0x7f
            where = (start, start + (low & 0x1ff))
        else:
            where = (low & 0xff, low >> 32 & 0xff)
        found.add((*where, bool(high & TXC_TCP[cfg.chip]), mss))
    return found


def _tunnel_state(cfg, features, text):
    """The card did it right in the trial at probe, or it is off and the log says so"""
    known = cfg.dut.features()
    told = cmd(f"dmesg | grep -F 'tgbe {cfg.pci}: ' | grep -F '{text}'", shell=True,
               fail=False).ret == 0
    for name in features:
        ksft_true(not known[name]["fixed"], f"{name} cannot be had")
        ksft_is(known[name]["active"], not told, name)


TUNNELS = {
    # kind: type, its arguments, IP version outside, headers in front of the inner IP
    # header, feature
    "vxlan": ("vxlan", "id 7 dstport 4789 noudpcsum", "4", 64,
              "tx-udp_tnl-segmentation"),
    "vxlan_csum": ("vxlan", "id 7 dstport 4789 udpcsum", "4", 64,
                   "tx-udp_tnl-csum-segmentation"),
    "vxlan6": ("vxlan", "id 7 dstport 4789 udp6zerocsumtx udp6zerocsumrx", "6", 84,
               "tx-udp_tnl-segmentation"),
    "gre": ("gre", "", "4", 38, "tx-gre-segmentation"),
    "gre_csum": ("gre", "csum", "4", 42, "tx-gre-csum-segmentation"),
    "ipip": ("ipip", "", "4", 34, "tx-ipxip4-segmentation"),
    "ip6tnl": ("ip6tnl", "mode any encaplimit none", "6", 54, "tx-ipxip6-segmentation"),
}


@ksft_variants(list(TUNNELS))
def tunnel(cfg, kind) -> None:
    """ What goes through a tunnel is right, whoever sums and cuts it """
    name, args, outer, _, feature = TUNNELS[kind]
    one, other = cfg.tunnel(name, args, outer)
    _tunnel_state(cfg, [feature], "tunnel segmentation off")
    cfg.peer.set_feature("rx-checksumming", False)
    before = snmp(cfg.peer)
    for ipver in "4" if name in ("ipip", "gre") else "46":
        one.ping(other, ipver)
        exchange(one, other, ipver, cfg.data)
        pair = UdpPair(one, other, ipver)
        for size in (1, 99, 1000, 5000):
            pair.send(cfg.data[:size])
            ksft_eq(pair.rx.recv(65536), cfg.data[:size])
        pair.close()
    after = snmp(cfg.peer)
    for row in ("Tcp:InCsumErrors", "Udp:InCsumErrors", "Tcp:InErrs"):
        ksft_eq(after[row], before[row], row)


@ksft_variants(list(TUNNELS))
def tunnel_segments(cfg, kind) -> None:
    """
    The card is told to cut what goes through a tunnel if that is on, with the outer IP
    header and the inner TCP header where they are, and else not
    """
    name, args, outer, headers, feature = TUNNELS[kind]
    one, other = cfg.tunnel(name, args, outer)
    # a ring in which nothing stands yet
    cfg.one_queue()
    cfg.dut.ip(f"link set dev {cfg.ifname} down")
    cfg.dut.ip(f"link set dev {cfg.ifname} up")
    cfg.wait_link()
    one.ping(other, "4")
    cfg.dut.set_feature("tx-tcp-mangleid-segmentation", True)
    for active in (False, True):
        cfg.dut.set_feature(feature, active)
        # a card that cuts it wrong never lets the stream end
        with Bulk(one, other, 1) as bulk:
            if not active:
                bulk.progress(MIB)
            settled(lambda: bool(_cuts(cfg)), active, deadline=10)
            found = _cuts(cfg)
        ksft_pr(f"{feature} {active}: {sorted(found)}")
        ksft_eq({cut[:3] for cut in found},
                {(ETH_HEADER, headers + 20, True)} if active else set())


def udp_segments(cfg) -> None:
    """ Datagrams cut by the stack are right; the card is told to cut them if that is on """
    name = "tx-udp-segmentation"
    if cfg.chip != "igb":
        ksft_true(cfg.dut.features()[name]["fixed"], "the 82574L cuts UDP")
        return
    _tunnel_state(cfg, [name], "UDP segmentation off")
    cfg.one_queue()
    for active in (False, True):
        cfg.dut.set_feature(name, active)
        for ipver in "46":
            pair = UdpPair(*cfg.ends, ipver)
            pair.tx.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000 + int(ipver))
            pair.send(cfg.data[:4500])
            if not active:
                got = b"".join(pair.rx.recv(65536) for _ in range(5))
                ksft_true(got == cfg.data[:4500], "datagrams differ")
            pair.close()
        want = {(14, 34, False, 1004), (14, 54, False, 1006)} if active else set()
        ksft_eq({cut for cut in _cuts(cfg) if not cut[2]}, want)


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        cfg.data = os.urandom(MIB)
        ksft_run([tunnel, tunnel_segments, udp_segments], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
