#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
Rows O of the packet's path: the files one looks at, and what is there before a packet.
"""

import os
import re
import socket
from pathlib import Path

from lib.py import row, run_rows

FRAMES = 2000
NOBODYS_PROTOCOL = 0x88b5


def _burst(x, ring):
    """A burst into a ring that is not emptied at once"""
    x.turn(f"ethtool -G {x.nic} rx {ring}")
    with x.watch(f"dev.{x.nic}.rx_packets", f"dev.{x.nic}.rx_drop", f"dev.{x.nic}.rx_fifo",
                 f"ethtool.{x.nic}.rx_fifo_errors", f"irq.{x.nic}-TxRx-*", "softirq.NET_RX",
                 "softirq.NET_TX", "softnet.processed", "UdpInDatagrams", "UdpNoPorts",
                 "peer:UdpNoPorts") as seen:
        sent = x.burst(FRAMES)
        x.wait(lambda: seen[f"dev.{x.nic}.rx_packets"] >= sent, 3)
    arrived, fifo = seen[f"dev.{x.nic}.rx_packets"], seen[f"dev.{x.nic}.rx_fifo"]
    x.say(f"    {sent} sent = {arrived} arrived + {fifo} fifo + {sent - arrived - fifo} that "
          "the emulator kept from the card, whose ring was full")
    return seen


def _columns(x):
    """rx overruns of ifconfig, rx_fifo_errors of sysfs, overrun of ip"""
    ifconfig = x.run(f"ifconfig {x.nic}")
    sysfs = x.run(f"cat /sys/class/net/{x.nic}/statistics/rx_fifo_errors")
    ip = x.run(f"ip -s -s link show dev {x.nic}").splitlines()
    head = next(n for n, line in enumerate(ip) if "RX errors" in line)
    names, values = ip[head].split()[2:], ip[head + 1].split()
    return (int(re.search(r"RX errors.*overruns (\d+)", ifconfig)[1]), int(sysfs),
            int(dict(zip(names, values))["fifo"]))


@row("O2",
     "Which column of which file says that packets are lost, and what do the others say?",
     "fifo of /proc/net/dev, overruns of ifconfig and rx_fifo_errors are one counter, here "
     "that of a full ring; drop is what was lost behind the ring. softnet_stat is "
     "hexadecimal, a line for each CPU, and of the whole machine; the protocols' counters "
     "are of a namespace. Interrupts are fewer than packets, and NET_TX is not what "
     "transmits: completions are NET_RX.",
     nic="igb", cpus=4)
def o2_files(x):
    """The files one looks at, and what their columns say"""
    x.set(f"ethtool -L {x.nic} combined 1")
    x.moderation(4000)
    x.pin_interrupts(0)
    seen = _burst(x, 4096)
    x.accounts(FRAMES, seen["UdpNoPorts"], fifo=seen[f"dev.{x.nic}.rx_fifo"])
    x.holds(sum(seen[f"irq.{x.nic}-TxRx-*"]) < FRAMES / 4,
            f"{FRAMES} packets came by {sum(seen[f'irq.{x.nic}-TxRx-*'])} interrupts")
    x.holds(seen["UdpNoPorts"] == FRAMES and seen["peer:UdpNoPorts"] == 0,
            "nobody listens: UdpNoPorts counts them here, and not in the partner's namespace")
    before = _columns(x)
    seen = _burst(x, 64)
    lost = seen[f"dev.{x.nic}.rx_fifo"]
    x.holds(lost > 0, f"a ring of 64 loses {lost}")
    moved = [new - old for old, new in zip(before, _columns(x))]
    x.holds(moved == [lost] * 3 and seen[f"ethtool.{x.nic}.rx_fifo_errors"] == lost,
            f"overruns of ifconfig, sysfs, fifo of ip -s -s: {moved}, and ethtool -S agrees")
    x.holds(seen[f"dev.{x.nic}.rx_drop"] == 0, "drop did not move")
    x.holds(sum(seen["softirq.NET_TX"]) < sum(seen["softirq.NET_RX"]),
            f"softirqs: {sum(seen['softirq.NET_RX'])} NET_RX, {sum(seen['softirq.NET_TX'])} NET_TX")
    raw = x.run("cat /proc/net/softnet_stat").split()[0]
    x.holds(int(raw, 16) <= x.counter("softnet.processed")[0], f"{raw} is hexadecimal")
    _unknown_protocol(x)


def _unknown_protocol(x):
    """Frames of a protocol that nobody has are dropped behind the ring"""
    with x.drops() as drops, x.watch(f"dev.{x.nic}.rx_drop") as seen:
        sock = x.socket(x.peer, socket.SOCK_RAW, socket.AF_PACKET)
        sock.bind((x.partner, NOBODYS_PROTOCOL))
        for _ in range(5):
            sock.send(x.cfg.dut.mac() + x.cfg.peer.mac() +
                      NOBODYS_PROTOCOL.to_bytes(2, "big") + bytes(46))
        x.wait(lambda: seen[f"dev.{x.nic}.rx_drop"] >= 5)
    x.holds(seen[f"dev.{x.nic}.rx_drop"] == drops.count("UNHANDLED_PROTO") == 5,
            "five frames of an unknown EtherType are drop, for the reason UNHANDLED_PROTO")


@row("O4",
     "What has to be there before the first packet comes?",
     "A ksoftirqd for each CPU, the handlers of the softirqs, the protocols' tables, and "
     "the list of those who get each frame by its type: ip_rcv, arp_rcv, ipv6_rcv. A "
     "tcpdump adds itself to that list, as type ALL, and each of its frames is shared with it.")
def o4_before(x):
    """What is there before the first packet"""
    threads = x.run("ps -e -o pid,comm | grep ksoftirqd").splitlines()
    x.holds(len(threads) == os.cpu_count(), f"{len(threads)} ksoftirqd for {os.cpu_count()} CPUs")
    softirqs = Path("/proc/softirqs").read_text("ascii")
    x.holds("NET_TX:" in softirqs and "NET_RX:" in softirqs, "NET_TX and NET_RX are two of ten")
    types = x.run("cat /proc/net/ptype")
    x.holds(all(re.search(rf"^{number} +{handler}", types, re.M) for number, handler in
                (("0800", "ip_rcv"), ("0806", "arp_rcv"), ("86dd", "ipv6_rcv"))),
            "IP, ARP and IPv6 each have a handler")
    protocols = x.run("cat /proc/net/protocols", shown=6)
    size = int(re.search(r"^TCP +(\d+)", protocols, re.M)[1])
    x.holds(size > 2000, f"a TCP socket takes {size} bytes before it has sent one")
    x.holds(not x.tapped(x.nic), f"nobody taps {x.nic}")
    if x.turned(True, False):
        x.start(f"tcpdump -i {x.nic} -w /dev/null")
    x.wait(lambda: x.tapped(x.nic))
    x.run("cat /proc/net/ptype")
    x.holds(x.tapped(x.nic), f"tcpdump is there, as ALL of {x.nic}")
    x.holds(not x.tapped(x.partner, x.peer), "the partner's namespace has a list of its own")


if __name__ == "__main__":
    run_rows(__file__)
