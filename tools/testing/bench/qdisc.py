#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
What a queueing discipline costs, in instructions for each packet: qdisc.py COUNT

The machine has one CPU and a clock that counts instructions (lab vm --icount), so the
time that pktgen has taken is their number. What else the machine does meanwhile only adds
to it: the least of some runs is taken, and comes out the same each time.

pktgen sends COUNT packets through the two devices of the module standing_queue, which
says what they do. The first row of a table is no discipline at all, and what another row
takes above it is what its discipline costs:

  * While nothing waits, each packet is sent as it comes. A discipline that lets it pass
    is only asked whether there is more to send.
  * While packets of some flows wait, each one that comes goes behind them and one of them
    is sent. All have been sent at the end, so each has paid its way in and its way out.
    The queue is shorter than CoDel's target: nothing is dropped, and nobody is dropping.

pktgen's packets have no hash. Who wants to know the flow of one has to look into it, and
that is part of the cost.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

PKTGEN = Path("/proc/net/pktgen")
PARAMETERS = Path("/sys/module/standing_queue/parameters")
RUNS = 3
FLOWS = 8
# 50 of each flow, since fq_codel sends 25 of one before it turns to the next, and a flow
# that runs dry is taken off its lists. They are sent within 2 ms.
HOLD = 50 * FLOWS

NONE, PFIFO, FQ_CODEL = "noqueue", "pfifo", "fq_codel"
BYPASS, TXPATH = "txpath", "txpath nobypass"
OTHERS = (NONE, PFIFO, "pfifo_fast", FQ_CODEL, "codel", "cake")
# fq sends more of a new flow than of one it knows, and the others wait meanwhile
TABLES = {
    "nothing waits": (0, (*OTHERS, "fq", BYPASS, TXPATH)),
    f"{HOLD} packets of {FLOWS} flows wait": (
        HOLD, (*OTHERS, f"fq flow_limit {HOLD}", TXPATH, f"{TXPATH} aqm none",
               f"{TXPATH} sparse off", f"{TXPATH} aqm none sparse off")),
}
# What a row may cost at most, by table: so many times as much as another discipline, or
# so many instructions
WANTED = (
    ((BYPASS, PFIFO, 1), (TXPATH, None, 400)),
    ((TXPATH, PFIFO, 1.3), (TXPATH, FQ_CODEL, 0.75)),
)


def run(*args):
    """Run a command; its output"""
    return subprocess.run(args, check=True, text=True, capture_output=True).stdout


def tell(file, *lines):
    """Write each line for itself, as pktgen and module parameters want it"""
    for line in lines:
        file.write_text(f"{line}\n", encoding="ascii")


def prepare(count):
    """Load the modules and tell pktgen what does not change"""
    os.environ["TC_LIB_DIR"] = os.environ["TGBE_BUILD"]
    run("insmod", f"{os.environ['TGBE_BUILD']}/net/sched/sch_txpath.ko")
    run("insmod", f"{os.environ['TGBE_TEST_MODULES']}/standing_queue.ko")
    run("modprobe", "pktgen")
    # nobody else is to send anything
    tell(Path("/proc/sys/net/ipv6/conf/all/disable_ipv6"), 1)
    run("ip", "link", "set", "qfeed", "up")
    tell(PKTGEN / "kpktgend_0", "rem_device_all", "add_device qfeed")
    tell(PKTGEN / "qfeed", "xmit_mode queue_xmit", "pkt_size 60", "clone_skb 0", "burst 1",
         "delay 0", "dst 192.0.2.1", "dst_mac 02:00:00:00:00:aa", f"count {count}")


def add_qdisc(qdisc):
    """Whether the kernel has such a discipline, which then is on qsink"""
    if qdisc == NONE:
        return True
    done = subprocess.run(["tc", "qdisc", "add", "dev", "qsink", "root", *qdisc.split()],
                          check=False, text=True, capture_output=True)
    if "qdisc kind is unknown" in done.stderr:
        return False
    if done.returncode:
        raise RuntimeError(f"{qdisc}: {done.stderr.strip()}")
    return True


def expect_all_sent(qdisc, count):
    """A packet that did not go the whole way has not paid for it"""
    stats = json.loads(run("tc", "-s", "-j", "qdisc", "show", "dev", "qsink"))[0]
    if qdisc != NONE and (stats["packets"] != count or stats["drops"] or stats["qlen"]):
        raise RuntimeError(f"{qdisc}: {stats['packets']} of {count} packets sent, "
                           f"{stats['drops']} dropped, {stats['qlen']} left")


def send(count, stop):
    """Microseconds that pktgen takes for its packets"""
    # what was sent before is freed
    run("ip", "link", "set", "qsink", "down")
    run("ip", "link", "set", "qsink", "up")
    tell(PARAMETERS / "count", count if stop else 0)
    tell(PKTGEN / "pgctrl", "start")
    # "OK: 50994(c50994+d0) usec": c is what remains without pktgen's own pauses
    result = (PKTGEN / "qfeed").read_text(encoding="ascii")
    return int(result.split("(c")[1].split("+")[0])


def measure(qdisc, count, hold):
    """Instructions for each packet, None if the kernel has no such discipline"""
    run("ip", "link", "set", "qsink", "up")
    if not add_qdisc(qdisc):
        return None
    # one port after the other, the last one excluded
    tell(PKTGEN / "qfeed", "udp_src_min 1", f"udp_src_max {1 + FLOWS if hold else 1}")
    # without a discipline nothing can wait; the rest is done all the same
    tell(PARAMETERS / "hold", hold if qdisc != NONE else 0)
    usecs = min(send(count, hold) for _ in range(RUNS))
    expect_all_sent(qdisc, count * RUNS)
    run("ip", "link", "set", "qsink", "down")
    if qdisc != NONE:
        run("tc", "qdisc", "del", "dev", "qsink", "root")
    return usecs * 1000 / count


def measure_table(title, count, hold, qdiscs):
    """Print the rows as they come; {qdisc: instructions above those of none}"""
    print(f"\n{title:<34}{'instructions':>12}{'above none':>12}"
          f"{'of ' + PFIFO + ':':>12}{'of ' + FQ_CODEL + ':':>14}")
    totals, costs = {}, {}
    for qdisc in qdiscs:
        total = measure(qdisc, count, hold)
        if total is None:
            print(f"{qdisc:<34}{'not there':>12}", flush=True)
            continue
        totals[qdisc] = total
        costs[qdisc] = total - totals[NONE]
        print(f"{qdisc:<34}{total:>12.0f}{costs[qdisc]:>+12.0f}"
              + "".join(f"{costs[qdisc] / costs[other]:>{width}.2f}" if costs.get(other) else ""
                        for other, width in ((PFIFO, 12), (FQ_CODEL, 14))), flush=True)
    return costs


def complaints(title, costs, wanted):
    """A line for each limit that is not kept, or cannot be judged"""
    for qdisc, other, limit in wanted:
        if other not in (None, *costs):
            yield f"{title}: {other} is not there to be compared with"
            continue
        cost = round(costs[qdisc] / costs[other], 2) if other else round(costs[qdisc])
        if cost > limit:
            unit = f"times what {other} does" if other else "instructions"
            yield f"{title}: {qdisc} costs {cost} {unit}, and should at most {limit}"


def main():
    """Measure and judge; the figures are left in $TGBE_OUT"""
    count = int(sys.argv[1])
    prepare(count)
    figures = {}
    missed = []
    for (title, (hold, qdiscs)), wanted in zip(TABLES.items(), WANTED):
        figures[title] = measure_table(title, count, hold, qdiscs)
        missed += complaints(title, figures[title], wanted)
    Path(os.environ["TGBE_OUT"], "qdisc.json").write_text(
        json.dumps(figures, indent=1), encoding="ascii")
    print()
    for line in missed:
        print(f"bench: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
