#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
The module of the txpath queueing discipline: it comes when a qdisc is asked for, and
can go when the last one has gone.
"""

import os
import shutil
import tempfile
from pathlib import Path

from lib.py import ksft_run, ksft_exit
from lib.py import ksft_eq, ksft_true
from lib.py import bkg, cmd, defer, ip, join, NetNS, tc, txpath_unload, wait_until

MODULE = Path(os.environ.get("TGBE_BUILD", ".")) / "net/sched/sch_txpath.ko"
LOADED = Path("/sys/module/sch_txpath")
MODPROBE = Path("/proc/sys/kernel/modprobe")


def _install():
    """The module where the kernel's modprobe looks for modules, until the test ends"""
    where, release = Path(tempfile.mkdtemp()), os.uname().release
    defer(shutil.rmtree, where)
    there = where / "lib/modules" / release
    there.mkdir(parents=True)
    shutil.copy(MODULE, there)
    cmd(f"depmod -b {where} {release}")
    script = where / "modprobe"
    script.write_text(f'#!/bin/sh\nexec modprobe -d {where} "$@"\n', encoding="ascii")
    script.chmod(0o755)
    defer(MODPROBE.write_text, MODPROBE.read_text("ascii"), encoding="ascii")
    MODPROBE.write_text(f"{script}\n", encoding="ascii")


def alias() -> None:
    """ The kernel knows which module has the qdisc that it is asked for """
    ksft_true(not LOADED.exists(), "it is loaded already")
    _install()
    with NetNS() as here:
        tc("qdisc add dev lo root txpath", ns=here)
        defer(txpath_unload)
        ksft_true(LOADED.exists())


def _users():
    return int((LOADED / "refcnt").read_text("ascii"))


def _waiting(netns):
    return sum(qdisc["qlen"] for qdisc in tc("-s qdisc show dev eth0", json=True, ns=netns)
               if qdisc["kind"] == "txpath")


def namespace() -> None:
    """ A namespace goes with packets waiting and others on their way; nothing of it stays """
    cmd(f"insmod {MODULE}")
    defer(txpath_unload)
    with NetNS() as here, NetNS() as there:
        join(here, there)
        tc("qdisc add dev eth0 root handle 1: tbf rate 8kbit burst 2k limit 1mb", ns=there)
        tc("qdisc add dev eth0 parent 1:1 txpath", ns=there)
        ksft_eq(_users(), 1)
        # answers are the kernel's: a packet of a socket would hold the namespace
        with bkg("ping -q -f -s 800 192.0.2.2", ns=here):
            wait_until(lambda: _waiting(there) > 10, "nothing waits")
            ip(f"netns del {there}")
            there.name = None
            wait_until(lambda: not _users(), "the namespace does not go")


def main() -> None:
    """ Ksft boiler plate main """

    os.environ["TC_LIB_DIR"] = os.environ["TGBE_BUILD"]
    ksft_run([alias, namespace])
    ksft_exit()


if __name__ == "__main__":
    main()
