#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
The loads of the exact benchmark, in the guest: exact.py COUNT [LOAD...]

One boot, one CPU, one driver, the meter in QEMU (meter.c). For each phase that the meter
writes, one line of /out/phases says what was measured: its name, in how many units it is
to be divided, and what the interrupts and counters of the cards say of it.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

OUT = Path(os.environ["TGBE_OUT"])
LOAD = "/share/load"
SETUP = "/tgbe/tools/testing/lab/guest/setup"
PKTGEN = Path("/proc/net/pktgen")
# Nobody's address: the other card drops the frames
NOBODY = "02:00:00:00:00:aa"
CARD = "52:54:00:00:00:01"
# An address behind the card under test, for what it forwards
BEHIND = "198.51.100.7"
PEER = ["ip", "netns", "exec", "peer"]
ASKS = 2000
TCP_MB = 32


def run(*args, env=None):
    """Run a command; its output"""
    done = subprocess.run(args, check=False, text=True, capture_output=True, env=env)
    if done.returncode:
        raise RuntimeError(f"{' '.join(args)}: {done.stderr.strip()}")
    return done.stdout


def shell(commands):
    """Run a line of the shell"""
    return run("bash", "-ec", commands)


class Bench:
    """The machine, and the phases so far"""

    def __init__(self, count):
        self.count = count
        self.phases = 0
        run(SETUP)
        rows = run("bash", "-c", ". /tmp/tgbe-env; env").splitlines()
        env = dict(row.split("=", 1) for row in rows if "=" in row)
        self.card, self.peer = env["NETIF"], env["PEERIF"]
        self.local, self.remote = env["LOCAL_V4"], env["REMOTE_V4"]
        self.far = self.local.rsplit(".", 1)[0] + ".9"
        run("ip", "neigh", "replace", self.far, "lladdr", NOBODY, "dev", self.card)
        (OUT / "kallsyms").write_text(Path("/proc/kallsyms").read_text(encoding="ascii"),
                                      encoding="ascii")

    def interrupts(self):
        """Interrupts of both cards so far"""
        total = 0
        for line in Path("/proc/interrupts").read_text(encoding="ascii").splitlines():
            if self.card in line or self.peer in line:
                total += int(line.split()[1])
        return total

    def measure(self, name, units, *command, before="", peer=False):
        """One phase: what the load prints"""
        # what came before is over, also what waits for an RCU grace period
        time.sleep(0.3)
        interrupts, start = self.interrupts(), time.monotonic_ns()
        said = run(*(PEER if peer else []), LOAD, *map(str, command)).split()
        self.phases += 1
        row = {"phase": self.phases, "name": name, "units": units, "less": before,
               "ns": time.monotonic_ns() - start,
               "interrupts": self.interrupts() - interrupts, "said": said}
        with open(OUT / "phases", "a", encoding="ascii") as file:
            file.write(json.dumps(row) + "\n")
        print(f"  {name}: {said if said else 'done'}", flush=True)
        return said

    def other_end(self, *command):
        """Start what waits in the peer's namespace"""
        # pylint: disable-next=consider-using-with
        proc = subprocess.Popen([*PEER, LOAD, *map(str, command)], stdout=subprocess.PIPE,
                                text=True)
        if proc.stdout.readline() != "ready\n":
            raise RuntimeError(f"{command}: the other end does not start")
        return proc

    def pktgen(self, peer, dst_mac, **settings):
        """Tell pktgen what to send, from the card or from the peer's"""
        device = self.peer if peer else self.card
        lines = {"count": self.count, "pkt_size": 60, "clone_skb": 0, "delay": 0,
                 "dst": self.local if peer else self.far, "dst_mac": dst_mac,
                 "udp_src_min": 9, "udp_src_max": 9, "udp_dst_min": 9, "udp_dst_max": 9} | settings
        script = [f"echo rem_device_all > {PKTGEN}/kpktgend_0",
                  f"echo add_device {device} > {PKTGEN}/kpktgend_0"]
        script += [f"echo {key} {value} > {PKTGEN}/{device}" for key, value in lines.items()]
        run(*(PEER if peer else []), "bash", "-ec", "\n".join(script))

    def send_pktgen(self, name, before="", peer=False):
        """Measure what pktgen sends, the second time, with everything warm"""
        run(*(PEER if peer else []), LOAD, "unmeasured", "pktgen")
        self.measure(name, self.count, "pktgen", before=before, peer=peer)


def transmit(bench):
    """Frames of 60 bytes to nobody, single and in batches; datagrams of a process"""
    for burst in (1, 32):
        bench.pktgen(False, NOBODY, burst=burst)
        bench.send_pktgen(f"pktgen, burst {burst}")
    run("bash", "-c", f"echo rem_device_all > {PKTGEN}/kpktgend_0")
    run(LOAD, "unmeasured", "send", bench.far, "9", "64", "2000")
    bench.measure("UDP send, 64 bytes", bench.count, "send", bench.far, 9, 64, bench.count)


def from_peer(bench, burst, **settings):
    """What the sender of the next phase costs when nobody receives"""
    name = f"sender, burst {burst}"
    bench.pktgen(True, NOBODY, burst=burst, **settings)
    bench.send_pktgen(name, peer=True)
    bench.pktgen(True, CARD, burst=burst, **settings)
    return name


def receive(bench):
    """Frames that tc drops; datagrams to a port that nobody has"""
    for burst in (32, 1):
        sender = from_peer(bench, burst)
        shell(f"tc qdisc add dev {bench.card} clsact; "
              f"tc filter add dev {bench.card} ingress matchall action drop")
        bench.send_pktgen(f"receive, tc drops, burst {burst}", sender, peer=True)
        shell(f"tc qdisc del dev {bench.card} clsact")
        if burst == 32:
            bench.send_pktgen("UDP to a closed port, burst 32", sender, peer=True)


def forward(bench):
    """Frames that come in and go out on the same card"""
    shell("sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 "
          f"net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.{bench.card}.send_redirects=0 "
          f"net.ipv4.conf.{bench.card}.rp_filter=0; ip route replace {BEHIND}/32 via {bench.far}")
    sender = from_peer(bench, 32, dst=BEHIND)
    bench.send_pktgen("forward, burst 32", sender, peer=True)
    run(*PEER, "bash", "-c", f"echo rem_device_all > {PKTGEN}/kpktgend_0")


def ping_pong(bench):
    """Datagrams, each after the answer to the last"""
    other = bench.other_end("answer", 5001)
    bench.measure("ping-pong, both ends", ASKS, "ask", bench.remote, 5001, ASKS)
    other.kill()
    other.wait()


def tcp(bench):
    """A stream from the card to the peer"""
    other = bench.other_end("tcp-receive", 5002)
    bench.measure("TCP, per MB, both ends", TCP_MB, "tcp-send", bench.remote, 5002, TCP_MB)
    other.wait()


def vlans(bench):
    """VLANs by the hundred, in one call of ip"""
    def batch(line, number):
        lines = [line.replace("%", str(i)) for i in range(1, number + 1)]
        Path("/tmp/batch").write_text("\n".join(lines) + "\n", encoding="ascii")
        return "run", "ip", "-batch", "/tmp/batch"
    add = f"link add link {bench.card} name v% group 5 type vlan id %"
    bench.measure("add 250 VLANs", 250, *batch(add, 250))
    bench.measure("delete 250 VLANs", 250, *batch("link delete v%", 250))
    bench.measure("add 1000 VLANs", 1000, *batch(add, 1000))
    # one by one each waits for two grace periods of RCU
    run("ip", "link", "delete", "group", "5")


def memory(bench):
    """Kilobytes that a receive descriptor holds, and all that a port does"""
    def free():
        time.sleep(1)
        shell("sync; echo 3 > /proc/sys/vm/drop_caches; echo 1 > /proc/sys/vm/compact_memory")
        time.sleep(1)
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        return int(text.split("MemFree:")[1].split()[0])

    def closed_and_open():
        run("ip", "link", "set", bench.card, "down")
        closed = free()
        run("ip", "link", "set", bench.card, "up")
        return closed - free()
    opened = closed_and_open()
    held = []
    for size in (80, 4096):
        subprocess.run(["ethtool", "-G", bench.card, "rx", str(size)], check=False,
                       capture_output=True)
        held.append(free())
    row = {"phase": 0, "name": "memory", "open port": opened,
           "receive descriptor": (held[0] - held[1]) / (4096 - 80)}
    with open(OUT / "phases", "a", encoding="ascii") as file:
        file.write(json.dumps(row) + "\n")
    print(f"  {row}", flush=True)


LOADS = {f.__name__: f for f in (transmit, receive, forward, ping_pong, tcp, memory, vlans)}


def main():
    """All loads, or those named"""
    for module in ("pktgen", "sch_ingress", "cls_matchall", "act_gact", "8021q"):
        run("modprobe", module)
    bench = Bench(int(sys.argv[1]))
    for name in sys.argv[2:] or LOADS:
        LOADS[name](bench)
    return 0


if __name__ == "__main__":
    sys.exit(main())
