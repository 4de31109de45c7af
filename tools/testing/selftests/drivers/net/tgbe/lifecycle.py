#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
The driver comes and goes under traffic, many times, and leaves nothing behind:
no memory, no page pool, no interrupt, no word in the kernel log.
"""

import os
import re
import time
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_true
from lib.py import NetdevFamily, NetNSEnter
from lib.py import cmd, defer, ip, irq_lines, Noise, settled, TgbeEnv

LOADS = 50
BINDS = 50
RESCANS = 20
UPDOWNS = 50

PPS = 1000      # in each direction

# Cycles before the first look at the memory: the first ones fill caches that
# stay (per-CPU lists, sysfs inodes, the module's own vmalloc area)
WARM_UP = 3

# What a leak is. The kernel's other work moves these figures a little between
# two looks; a leak of one page, or of one object of a cache, by each card in
# each cycle is several times what is tolerated.
PAGES_PER_CYCLE = 0.5
OBJECTS_PER_CYCLE = 0.5

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
    """Objects in use of every cache, after the caches gave back what they could"""
    for cache in Path("/sys/kernel/slab").iterdir():
        if not cache.is_symlink():
            (cache / "shrink").write_text("1", encoding="ascii")
    return {row.split()[0]: int(row.split()[1]) for row in
            Path("/proc/slabinfo").read_text("ascii").splitlines()[2:]}


def _page_pools(cfg):
    """Page pools that exist in the namespaces of both cards"""
    pools = NetdevFamily().page_pool_get({}, dump=True)
    with NetNSEnter(cfg.peer.ns):
        family = NetdevFamily()
    return len(pools) + len(family.page_pool_get({}, dump=True))


class _Memory:
    """Memory in use when no driver is there, to be compared to a later moment"""

    def __init__(self):
        self._pages, self._objects = self._read()

    @staticmethod
    def _read():
        Path("/proc/sys/vm/drop_caches").write_text("3", encoding="ascii")
        objects = _slab_objects()
        return _pages_unaccounted(), objects

    def check(self, cycles):
        """Is as much in use as at the start?"""
        pages, objects = self._read()
        pages -= self._pages
        grown = {name: count - self._objects.get(name, 0)
                 for name, count in objects.items() if count > self._objects.get(name, 0)}
        ksft_pr(f"after {cycles} cycles: {pages:+} pages, objects: {grown}")
        ksft_true(pages <= cycles * PAGES_PER_CYCLE, "pages are lost")
        ksft_eq({name: count for name, count in grown.items()
                 if count > cycles * OBJECTS_PER_CYCLE}, {}, "slab objects are lost")


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
    pools = None
    defer(_watch_log())
    start = time.monotonic()
    with Noise(*cfg.ends, pps=PPS) as out, Noise(*cfg.ends[::-1], pps=PPS) as inc:
        for cycle in range(WARM_UP + count):
            for flow in (out, inc):
                flow.progress(20)
            away()
            _no_interrupts(gone)
            if cycle == WARM_UP - 1:
                pools = _page_pools(cfg)
                memory = _Memory()
            if cycle == WARM_UP + count - 1:
                memory.check(count)
                ksft_eq(settled(lambda: _page_pools(cfg), pools), pools, "page pools")
            back()
            cfg.reappear(*gone)
        for flow in (out, inc):
            flow.progress(20)
    ksft_pr(f"{WARM_UP + count} cycles in {time.monotonic() - start:.0f} s")
    cfg.wait_link()


def load_unload(cfg) -> None:
    """ insmod and rmmod, both cards at once """
    module = os.environ["TGBE_KO"]
    _cycles(cfg, LOADS, lambda: cmd("rmmod tgbe"), lambda: cmd(f"insmod {module}"),
            cfg.ends)


def unbind_bind(cfg) -> None:
    """ unbind and bind of one card, while the other goes on sending to it """
    _cycles(cfg, BINDS, lambda: cfg.driver("unbind"), lambda: cfg.driver("bind"),
            [cfg.dut])


def remove_rescan(cfg) -> None:
    """ The card leaves the bus and is found again """
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
    memory = None
    with Noise(*cfg.ends, pps=PPS) as out, Noise(*cfg.ends[::-1], pps=PPS) as inc:
        for cycle in range(WARM_UP + UPDOWNS):
            ip(f"link set dev {cfg.ifname} down")
            if cycle == WARM_UP - 1:
                memory = _Memory()
            if cycle == WARM_UP + UPDOWNS - 1:
                memory.check(UPDOWNS)
            ip(f"link set dev {cfg.ifname} up")
            for flow in (out, inc):
                flow.progress(20)


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        ksft_run([load_unload, unbind_bind, remove_rescan, up_down], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
