#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
The guest's part of the benchmark: guest.py ROUNDS SECONDS

Each round loads the in-tree driver and tgbe on both cards in turn, and measures
each metric once. The ratio of a metric is the median of its rounds' ratios, so
that a disturbance of the machine that hits one round does not decide.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

SETUP = "/tgbe/tools/testing/lab/guest/setup"
PKTGEN = Path("/proc/net/pktgen")
# Nobody's address: the peer's card drops the frames, and only the sender works. The
# peer's own would measure which CPU its flow's queue falls on: pktgen's, or not.
# About 1.1 us of each frame is the emulator's, which leaves its loop for the pause
# instruction that pktgen executes between two frames, whatever the driver.
NOBODY = "02:00:00:00:00:aa"


def run(*args, **kwargs):
    """Run a command; its output"""
    return subprocess.run(args, check=True, text=True, capture_output=True, **kwargs).stdout


def load(driver):
    """Put both cards under a driver; the variables of the lab's setup"""
    run(SETUP, env=os.environ | {"DRIVER": driver})
    rows = run("bash", "-c", ". /tmp/tgbe-env; env").splitlines()
    return dict(row.split("=", 1) for row in rows if "=" in row)


def tcp(env, seconds, reverse):
    """Mbit/s of one TCP stream from the card under test to the peer, or back"""
    args = ["iperf3", "-c", env["REMOTE_V4"], "-t", str(seconds), "-J"]
    with subprocess.Popen(["ip", "netns", "exec", env["REMOTE_ARGS"], "iperf3", "-s", "-1"],
                          stdout=subprocess.DEVNULL) as server:
        end = time.monotonic() + 30
        while ":5201 " not in run("ip", "netns", "exec", env["REMOTE_ARGS"], "ss", "-Hltn"):
            if time.monotonic() > end:
                raise TimeoutError("the iperf3 server does not start")
            time.sleep(0.05)
        report = json.loads(run(*args, *(["-R"] if reverse else [])))
        server.wait(30)
    return report["end"]["sum_received"]["bits_per_second"] / 1e6


def transmit(env, seconds):
    """Thousands of 60-byte frames per second that the card under test sends"""
    def tell(file, *lines):
        for line in lines:
            (PKTGEN / file).write_text(line + "\n", encoding="ascii")

    device = f"{env['NETIF']}@0"
    tell("kpktgend_0", "rem_device_all", f"add_device {device}")
    tell(device, "pkt_size 60", "clone_skb 1000", "delay 0",
         f"dst {env['REMOTE_V4']}", f"dst_mac {NOBODY}")

    def result():
        rows = (PKTGEN / device).read_text(encoding="ascii").splitlines()
        return next((row for row in rows if "pps" in row), None)

    def frames_per_second(count):
        # Writing the count clears the last result. On a busy machine the start
        # may return before its thread has begun.
        tell(device, f"count {count}")
        tell("pgctrl", "start")
        end = time.monotonic() + 120
        while not (row := result()):
            if time.monotonic() > end:
                raise TimeoutError("pktgen gives no result")
            time.sleep(0.1)
        return int(row.split("pps")[0].split()[-1])
    # A short run tells how many frames make a long one
    rate = frames_per_second(frames_per_second(5000) * seconds)
    tell("kpktgend_0", "rem_device_all")
    return rate / 1e3


METRICS = {
    "TCP, card to peer (Mbit/s)": lambda env, seconds: tcp(env, seconds, False),
    "TCP, peer to card (Mbit/s)": lambda env, seconds: tcp(env, seconds, True),
    "60-byte transmit (kpps)": transmit,
}


def measure(rounds, seconds):
    """{metric: {driver: [value of each round]}}"""
    values = {metric: {"in-tree": [], "tgbe": []} for metric in METRICS}
    for turn in range(rounds):
        for driver in ("in-tree", "tgbe"):
            env = load(driver)
            for metric, func in METRICS.items():
                values[metric][driver].append(func(env, seconds))
            print(f"  round {turn + 1} of {rounds}, {driver}: " + ", ".join(
                f"{values[m][driver][-1]:.0f}" for m in METRICS), flush=True)
    return values


def main():
    """Measure, print the table, leave the figures in $TGBE_OUT"""
    rounds, seconds = (int(arg) for arg in sys.argv[1:3])
    run("modprobe", "pktgen")
    values = measure(rounds, seconds)
    print(f"\n{'median of ' + str(rounds) + ' rounds':<28}{'in-tree':>10}{'tgbe':>10}"
          f"{'ratio':>8}   (ratio of each round)")
    for metric, by_driver in values.items():
        ratios = [ours / theirs for theirs, ours in
                  zip(by_driver["in-tree"], by_driver["tgbe"])]
        print(f"{metric:<28}{statistics.median(by_driver['in-tree']):>10.0f}"
              f"{statistics.median(by_driver['tgbe']):>10.0f}"
              f"{statistics.median(ratios):>8.2f}   "
              + " ".join(f"{r:.2f}" for r in ratios))
    Path(os.environ["TGBE_OUT"], "bench.json").write_text(
        json.dumps(values, indent=1), encoding="ascii")


if __name__ == "__main__":
    main()
