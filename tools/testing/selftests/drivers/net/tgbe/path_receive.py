#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
Rows R of the packet's path: from the interrupt to the socket.
"""

from lib.py import row, run_rows

FRAMES = 3000


def _spread(x, mask):
    """Turn rps_cpus; who handed how many of a burst of many flows to the stack"""
    x.turn(f"echo {mask} > /sys/class/net/{x.nic}/queues/rx-0/rps_cpus")
    with x.watch("softnet.processed", "softnet.received_rps", "UdpInDatagrams") as seen:
        x.burst(FRAMES, sports=(1000, 5000))
        x.wait(lambda: sum(seen["softnet.processed"]) >= FRAMES)
    return seen["softnet.processed"], seen["softnet.received_rps"]


@row("R8",
     "One queue, so one CPU is interrupted. Can others do the stack's work?",
     "rps_cpus spreads the flows of a queue over the CPUs of its mask, by an interrupt "
     "from CPU to CPU. What waits for them is the backlog, netdev_max_backlog packets a "
     "CPU; what finds it full is lost, and counted as dropped in softnet_stat.",
     cpus=4)
def r8_rps(x):
    """RPS spreads one queue's packets, and its backlog can overflow"""
    x.one_queue()
    x.sink()
    alone, _ = _spread(x, "0")
    x.holds(alone[0] > 0.9 * sum(alone),
            f"rps_cpus 0: CPU 0, which is interrupted, handed {alone[0]} of {sum(alone)} "
            "packets to the stack")
    shared, asked = _spread(x, "6")
    x.holds(min(shared[1:3]) > FRAMES / 4 and shared[0] + shared[3] < FRAMES / 10,
            f"rps_cpus 6 (CPUs 1 and 2): {shared[1]} and {shared[2]}, the others "
            f"{shared[0]} and {shared[3]}")
    x.holds(min(asked[1:3]) > 0, f"they were asked {asked[1]} and {asked[2]} times")


if __name__ == "__main__":
    run_rows(__file__)
