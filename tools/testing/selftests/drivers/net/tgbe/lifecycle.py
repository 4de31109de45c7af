#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
The driver comes and goes under traffic, many times, and leaves nothing behind:
no memory, no page pool, no interrupt, no word in the kernel log.

TGBE_CYCLES is the number of cycles (default 50). With few of them a leak does
not stand out, and the memory is shown but not judged.
"""

import os
import re
import socket
import time
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq
from lib.py import NetdevFamily, NetNSEnter
from lib.py import cmd, defer, ip, irq_lines, Noise, settled
from lib.py import TgbeEnv, wait_until

# How often each is done; a rescan takes longer and is done less often
CYCLES = int(os.environ.get("TGBE_CYCLES", "50"))
RESCANS = max(2, CYCLES * 2 // 5)

PPS = 1000      # in each direction

# Cycles before the first look at the memory: the first ones fill caches that
# stay (per-CPU lists, sysfs inodes, the module's own vmalloc area)
WARM_UP = 3

# What a leak is: something that grows in the first half of the cycles and again
# in the second, by more than this for each cycle. What else the kernel does moves
# the figures once or to and fro; one page or one object that a card leaves behind
# in each cycle moves them by 1 for each cycle, in both halves.
LEAK_PER_CYCLE = 0.5
ENOUGH_CYCLES = 20

# The allocator's own stock of free objects, which counts as in use: so many for
# each CPU (a sheaf of Linux 7). A kernel booted with slub_debug=U keeps none, and
# only there is a leak of single objects certain to show.
STOCK_PER_CPU = 60

BAD_WORDS = re.compile(r"WARNING:|BUG:|Call Trace|page_pool_release_retry|"
                       r"irq \d+: nobody cared|tgbe.*(fail|error|timed out)", re.I)


def _pages_unaccounted():
    """
    Pages that are neither free nor in any of the uses the kernel keeps a
    counter of: among them the rings and buffers of a driver
    """
    Path("/proc/sys/vm/stat_refresh").write_text("1", encoding="ascii")
    info = {name: int(value) for name, value in
            re.findall(r"^(\w+):\s+(\d+) kB", Path("/proc/meminfo").read_text("ascii"), re.M)}
    percpu_lists = sum(int(n) for n in
                       re.findall(r"^\s+count: +(\d+)",
                                  Path("/proc/zoneinfo").read_text("ascii"), re.M))
    known = sum(info[name] for name in ("MemFree", "Active", "Inactive", "Unevictable",
                                        "Slab", "KernelStack", "PageTables", "Percpu"))
    return (info["MemTotal"] - known) // 4 - percpu_lists


def _slab_objects():
    """
    Objects in use of every cache, after the caches gave back what they could.
    Not of those the kernel itself reclaims, and of lsm_inode_cache, which belongs
    to inodes that it reclaims: they hold what was used lately. Nor of vmap_area,
    which vfree() leaves to be purged many megabytes later, and of
    skbuff_head_cache, of which each CPU's NAPI keeps a stock: an skb that is lost
    shows by its data, or by its page pool.
    """
    reclaimed = {"lsm_inode_cache", "vmap_area", "skbuff_head_cache"}
    # Names of merged caches are links to one directory
    for cache in Path("/sys/kernel/slab").iterdir():
        if not cache.is_symlink():
            (cache / "shrink").write_text("1", encoding="ascii")
        if (cache / "reclaim_account").read_text("ascii").strip() == "1":
            reclaimed.add(cache.name)
    rows = [row.split() for row in Path("/proc/slabinfo").read_text("ascii").splitlines()[2:]]
    return {row[0]: int(row[1]) for row in rows if row[0] not in reclaimed}


def _slab_is_exact():
    return Path("/sys/kernel/slab/kmalloc-64/store_user").read_text("ascii").strip() == "1"


def _free_deferred():
    """
    A buffer that was consumed on another CPU than it came in on is freed by the
    next receive softirq of the latter, which has no card left to raise it
    """
    cpus = os.sched_getaffinity(0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for cpu in cpus:
            os.sched_setaffinity(0, {cpu})
            sock.sendto(b"x", ("127.0.0.1", 9))
    os.sched_setaffinity(0, cpus)


def _pools_left(cfg):
    """Page pools that belong to no interface any more, in both namespaces"""
    _free_deferred()
    pools = NetdevFamily().page_pool_get({}, dump=True)
    with NetNSEnter(cfg.peer.ns):
        family = NetdevFamily()
    pools += family.page_pool_get({}, dump=True)
    return [pool for pool in pools if "ifindex" not in pool or "detach-time" in pool]


def _still_damon():
    """
    The kernel's own monitor of memory use keeps an ever changing number of
    objects, in a cache that others share: off until the test ends
    """
    knob = Path("/sys/module/damon_stat/parameters/enabled")
    if knob.exists() and knob.read_text("ascii").strip() == "Y":
        defer(knob.write_text, "Y", encoding="ascii")
        knob.write_text("N", encoding="ascii")


def _processes():
    """Those of user space: kernel threads come and go and have no command line"""
    count = 0
    for path in Path("/proc").glob("[1-9]*/cmdline"):
        try:
            count += bool(path.read_bytes())
        except OSError:
            pass        # ended
    return count


class _Memory:
    """
    Memory in use while a card is away, looked at before, in the middle of and
    after the cycles. Each look waits until udev's workers, which every new
    interface wakes, have ended, and while it lasts no traffic waits in queues.
    """
    def __init__(self, cfg, cycles, flows):
        _still_damon()
        self._peer = cfg.peer
        self._flows = flows
        self._cycles = cycles
        self._processes = _processes()
        self._looks = []

    def look(self, cycle):
        """To be called in each cycle; looks when it is time to"""
        if cycle not in (WARM_UP - 1, WARM_UP + self._cycles // 2 - 1,
                         WARM_UP + self._cycles - 1):
            return
        for flow in self._flows:
            flow.pause()
        # what waits for the address of a card that is away
        self._peer.cmd("ip neigh flush all", fail=False)
        wait_until(lambda: _processes() <= self._processes + 2, "processes do not end")
        _free_deferred()
        Path("/proc/sys/vm/drop_caches").write_text("3", encoding="ascii")
        objects = _slab_objects()
        self._looks.append(objects | {"pages": _pages_unaccounted()})
        for flow in self._flows:
            flow.resume()

    def check(self):
        """Did anything grow in both halves?"""
        # three by now, which pylint does not see
        first, middle, last = self._looks   # pylint: disable=unbalanced-tuple-unpacking
        grown = {name: (middle.get(name, 0) - first.get(name, 0),
                        last[name] - middle.get(name, 0)) for name in last}
        ksft_pr(f"{self._cycles} cycles, growth in each half:",
                {name: halves for name, halves in grown.items()
                 if name == "pages" or max(halves) > 0})
        if self._cycles < ENOUGH_CYCLES:
            return
        limit = LEAK_PER_CYCLE * self._cycles / 2
        stock = 0 if _slab_is_exact() else STOCK_PER_CPU * os.cpu_count()
        ksft_eq({name: halves for name, halves in grown.items()
                 if min(halves) > limit + (stock if name != "pages" else 0)},
                {}, "memory is lost")


def _log():
    return cmd("dmesg").stdout.splitlines()


def _watch_log():
    """A check that nothing bad was logged from now on"""
    start = len(_log())
    return lambda: ksft_eq([row for row in _log()[start:] if BAD_WORDS.search(row)], [])


def _no_interrupts(ends):
    names = [a for _, actions in irq_lines().values() for a in actions]
    for end in ends:
        ksft_eq([n for n in names if n.startswith(end.ifname)], [], "handlers left")


def _cycles(cfg, count, away, back, gone):
    """
    Take the cards @gone away and bring them back, @count times, under UDP both
    ways that starts anew by itself whenever it can
    """
    defer(_watch_log())
    start = time.monotonic()
    with Noise(*cfg.ends, pps=PPS) as out, Noise(*cfg.ends[::-1], pps=PPS) as inc:
        memory = _Memory(cfg, count, (out, inc))
        for cycle in range(WARM_UP + count):
            for flow in (out, inc):
                flow.progress(20)
            away()
            try:
                _no_interrupts(gone)
                memory.look(cycle)
                if cycle == WARM_UP + count - 1:
                    ksft_eq(settled(lambda: _pools_left(cfg), []), [], "page pools left")
            finally:
                # or nothing after this case had a card
                back()
            cfg.reappear(*gone)
        for flow in (out, inc):
            flow.progress(20)
    memory.check()
    ksft_pr(f"{WARM_UP + count} cycles in {time.monotonic() - start:.0f} s")
    cfg.wait_link()


def load_unload(cfg) -> None:
    """ insmod and rmmod, both cards at once """
    module = os.environ["TGBE_KO"]
    _cycles(cfg, CYCLES, lambda: cmd("rmmod tgbe"), lambda: cmd(f"insmod {module}"),
            cfg.ends)


def unbind_bind(cfg) -> None:
    """ unbind and bind of one card, while the other goes on sending to it """
    _cycles(cfg, CYCLES, lambda: cfg.driver("unbind"), lambda: cfg.driver("bind"),
            [cfg.dut])


def remove_rescan(cfg) -> None:
    """
    The card leaves the bus under traffic and is found again. (QEMU 10.0 does not
    survive this: its TCG can misdirect what another CPU writes to a device.)
    """
    def write(path):
        Path(path).write_text("1", encoding="ascii")
    _cycles(cfg, RESCANS,
            lambda: write(f"/sys/bus/pci/devices/{cfg.pci}/remove"),
            lambda: write("/sys/bus/pci/rescan"), [cfg.dut])


def up_down(cfg) -> None:
    """ The interface goes down and up under traffic """
    defer(cfg.wait_link)
    defer(ip, f"link set dev {cfg.ifname} up")
    defer(_watch_log())
    with Noise(*cfg.ends, pps=PPS) as out, Noise(*cfg.ends[::-1], pps=PPS) as inc:
        memory = _Memory(cfg, CYCLES, (out, inc))
        for cycle in range(WARM_UP + CYCLES):
            ip(f"link set dev {cfg.ifname} down")
            memory.look(cycle)
            ip(f"link set dev {cfg.ifname} up")
            for flow in (out, inc):
                flow.progress(20)
    memory.check()


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        ksft_run([load_unload, unbind_bind, remove_rescan, up_down], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
