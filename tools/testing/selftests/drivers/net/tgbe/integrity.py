#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
What is sent arrives, bit for bit: TCP both ways at once with a SHA-256 taken
at both ends, over IPv4 and IPv6, with TSO on and off, at three MTUs, tagged
and untagged; UDP in odd sizes; and everything again with the offloads off.

TGBE_MIB is the amount per direction of the TCP matrix, in MiB (default 64).
"""

import itertools
import os

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_variants, KsftNamedVariant
from lib.py import defer, exchange, TgbeEnv, UdpPair

MIB = 1 << 20
VID = 77

TSO = ("tx-tcp-segmentation", "tx-tcp6-segmentation")


def _matrix():
    for mtu, tagged, tso, ipver in itertools.product(
            (1280, 1500, 9000), (False, True), (True, False), ("4", "6")):
        name = f"mtu{mtu}_{'vlan' if tagged else 'plain'}_" \
               f"{'tso' if tso else 'notso'}_ipv{ipver}"
        yield KsftNamedVariant(name, mtu, tagged, tso, ipver)


@ksft_variants(_matrix())
def tcp(cfg, mtu, tagged, tso, ipver) -> None:
    """ One cell of the matrix; the MTU is changed with the link up """
    lost = cfg.link_lost()
    for end in cfg.ends:
        end.set_mtu(mtu)
        for name in TSO:
            end.set_feature(name, tso)
    one, other = cfg.vlan(VID) if tagged else cfg.ends

    seconds = exchange(one, other, ipver, cfg.data)
    ksft_pr(f"{2 * len(cfg.data) / MIB / seconds:.1f} MiB/s, both ways together")
    ksft_eq(lost(), 0, "carrier moved")


@ksft_variants(["4", "6"])
def udp_sizes(cfg, ipver) -> None:
    """
    Datagrams of 0 to 200 bytes (the short ones are padded on the wire), those
    around the MTU, and large ones that travel as fragments
    """
    sizes = [*range(201), *range(1440, 1480), 4000, 9001, 32768, 65507]
    for _, src, dst in cfg.ways:
        pair = UdpPair(src, dst, ipver)
        defer(pair.close)
        for size in sizes:
            data = cfg.data[size:2 * size]
            pair.send(data)
            if pair.rx.recv(65536) != data:
                ksft_eq(size, None, "datagram of this size came back different")


@ksft_variants(["4", "6"])
def large_pings(cfg, ipver) -> None:
    """ 65,000-byte pings both ways: 44 fragments each, at the default MTU """
    for _, src, dst in cfg.ways:
        src.ping(dst, ipver, count=20, size=65000)


@ksft_variants([
    KsftNamedVariant("tx_checksum", "tx-checksum-ip-generic", "tx-checksum-ipv4",
                     "tx-checksum-ipv6"),
    KsftNamedVariant("rx_checksum", "rx-checksumming"),
    KsftNamedVariant("scatter_gather", "tx-scatter-gather"),
    KsftNamedVariant("gro", "generic-receive-offload"),
])
def offload_off(cfg, *names) -> None:
    """ The data survives without this offload, too """
    for end in cfg.ends:
        known = end.features()
        for name in names:
            if name in known and not known[name]["fixed"]:
                end.set_feature(name, False)
    for ipver in "46":
        exchange(*cfg.ends, ipver, cfg.data[:8 * MIB])
    udp_sizes.original_func(cfg, "4")


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        cfg.data = os.urandom(int(os.environ.get("TGBE_MIB", "64")) * MIB)
        ksft_run([tcp, udp_sizes, large_pings, offload_off], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
