# SPDX-License-Identifier: GPL-2.0

"""
What the tgbe tests share: the kernel's driver test library, and on top of it
the two ends of the wire (cards), payload (traffic), single frames (frames), the
registers (regs), clocks and the time of frames (stamps), queueing disciplines
(qdisc), and experiments on a packet's way (path) with their connections (tcp).
"""

import sys
from pathlib import Path

KSFT_DIR = (Path(__file__).parent / "../../../../..").resolve()

try:
    sys.path.append(KSFT_DIR.as_posix())

    # drivers.net.lib.py takes these from lib.py, that is from here: they come first
    from net.lib.py import NetNS, NetNSEnter, NetdevSimDev, UserNetNS
    from net.lib.py import EthtoolFamily, NetdevFamily, NetshaperFamily, \
        NlError, RtnlFamily, DevlinkFamily, PSPFamily, Netlink
    from net.lib.py import CmdExitFailure
    from net.lib.py import bkg, cmd, bpftool, bpftrace, defer, ethtool, \
        fd_read_timeout, ip, rand_port, rand_ports, tc, wait_port_listen, \
        wait_file, tool
    from net.lib.py import bpf_map_set, bpf_map_dump, bpf_prog_map_ids
    from net.lib.py import KsftSkipEx, KsftFailEx, KsftXfailEx
    from net.lib.py import ksft_disruptive, ksft_exit, ksft_pr, ksft_run, \
        ksft_setup, ksft_variants, KsftNamedVariant
    from net.lib.py import ksft_eq, ksft_ge, ksft_in, ksft_is, ksft_lt, \
        ksft_ne, ksft_not_in, ksft_raises, ksft_true, ksft_gt, ksft_not_none
    from drivers.net.lib.py import NetDrvEpEnv
except ModuleNotFoundError as e:
    print("Failed importing the kernel's `net` selftest library")
    print(str(e))
    # the lab has it: where it is not found nothing is to be skipped
    sys.exit(1)

# pylint: disable=wrong-import-position  # they need the path that is set above
from .cards import TgbeEnv, End, wait_until, settled, expect_in_log, mark_log, irq_lines, \
    can_sleep, monitor, put_to_sleep, test_module, \
    affinities, join, keep_coalescing, move_vector, snmp, sum_stats, DEBUG_KERNEL, EXACT, SEED
from .traffic import UdpFlow, UdpPair, UdpTally, UdpFlood, Noise, Bulk, TcpStreams, Pktgen, \
    exchange, knock, queue_of_cpu, send
from .frames import FrameTap, HashedFrames, UntaggedFrames, FrameLengths, Ip4Tap, TcpSender, \
    checksum, ip4_header, pseudo_header, ETH_P_8021AD, ETH_P_8021Q, TCP_ACK, TCP_CWR
from .regs import Bar, mdio_read, mdio_write, queue_switch, tx_descriptors
from .ioctl import CHANNELS, COALESCE, IoctlCard, NetlinkRings, RINGS
from .knobs import read_knobs, rss_key, rss_table, values_of
from .stamps import Phc, PtpSocket, phc_index, get_stamping, set_stamping
from .settings import Settings, dump, unusual_settings
from .netpath import NETPATH, RawSender, Watch, cured, frames, inside, ip_packet, is_first, \
    lose_and_cure, needs_events, netpath, queued, run_cure, tcp_segment, udp_datagram, \
    udp_socket, udp_to_us, watch
from .qdisc import Qdisc, QdiscMessage, attributes, children, nla, percentile, ping_times, \
    softirqs, softirqs_by_cpu, sysctl, txpath_module, txpath_unload
from .path import row, run_rows
from .tcp import call, client_of, listen_at, reset_all, tcp_states

__all__ = ["NetNS", "NetNSEnter", "NetdevSimDev", "UserNetNS",
           "EthtoolFamily", "NetdevFamily", "NetshaperFamily",
           "NlError", "RtnlFamily", "DevlinkFamily", "PSPFamily", "Netlink",
           "CmdExitFailure",
           "bkg", "cmd", "bpftool", "bpftrace", "defer", "ethtool",
           "fd_read_timeout", "ip", "rand_port", "rand_ports", "tc",
           "wait_port_listen", "wait_file", "tool",
           "bpf_map_set", "bpf_map_dump", "bpf_prog_map_ids",
           "KsftSkipEx", "KsftFailEx", "KsftXfailEx",
           "ksft_disruptive", "ksft_exit", "ksft_pr", "ksft_run",
           "ksft_setup", "ksft_variants", "KsftNamedVariant",
           "ksft_eq", "ksft_ge", "ksft_in", "ksft_is", "ksft_lt",
           "ksft_ne", "ksft_not_in", "ksft_raises", "ksft_true", "ksft_gt",
           "ksft_not_none", "NetDrvEpEnv",
           "TgbeEnv", "End", "wait_until", "settled", "expect_in_log", "mark_log",
           "irq_lines", "monitor", "can_sleep", "put_to_sleep", "test_module", "affinities",
           "join", "keep_coalescing",
           "move_vector", "snmp", "sum_stats",
           "DEBUG_KERNEL", "EXACT", "SEED",
           "UdpFlow", "UdpPair", "UdpTally", "UdpFlood", "Noise", "Bulk", "TcpStreams",
           "Pktgen", "exchange", "knock", "queue_of_cpu", "send",
           "FrameTap", "HashedFrames", "UntaggedFrames", "FrameLengths", "Ip4Tap",
           "TcpSender", "checksum", "ip4_header", "pseudo_header", "ETH_P_8021AD",
           "ETH_P_8021Q", "TCP_ACK", "TCP_CWR",
           "Bar", "mdio_read", "mdio_write",
           "queue_switch", "tx_descriptors", "CHANNELS", "COALESCE", "IoctlCard",
           "NetlinkRings", "RINGS",
           "read_knobs", "rss_key", "rss_table", "values_of",
           "Phc", "PtpSocket", "phc_index", "get_stamping", "set_stamping",
           "Settings", "dump", "unusual_settings",
           "NETPATH", "RawSender", "Watch", "frames", "inside", "ip_packet", "is_first",
           "cured", "lose_and_cure", "needs_events", "netpath", "queued", "run_cure", "tcp_segment",
           "udp_datagram", "udp_socket", "udp_to_us", "watch",
           "Qdisc", "QdiscMessage", "attributes", "children", "nla", "percentile", "ping_times",
           "softirqs", "softirqs_by_cpu", "sysctl", "txpath_module", "txpath_unload",
           "row", "run_rows", "call", "client_of", "listen_at",
           "reset_all", "tcp_states"]
