#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
Whoever polls a NAPI - the softirq, a thread, a thread without a pause, a socket - and
whenever: every live knob can be turned meanwhile, and the mode itself can be changed
beside the knobs and on a closed port. Each command ends, and traffic goes on.
"""

import errno
import fcntl
import multiprocessing
import os
import select
import socket
import struct
import subprocess
import time
from contextlib import nullcontext
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_in, ksft_true, ksft_variants
from lib.py import KsftFailEx, KsftSkipEx, NetdevFamily
from lib.py import cmd, defer, queue_of_cpu, wait_until, DEBUG_KERNEL, TgbeEnv, UdpFlow, UdpPair

# Seconds after which a command hangs, and is not merely slow
LIMIT = 180 if DEBUG_KERNEL else 60
# Changes beside a process that switches threads on and off
CHANGES = 20

SO_BUSY_POLL, SO_PREFER_BUSY_POLL = 46, 69
EPIOCSPARAMS = 0x40088a01

_FORK = multiprocessing.get_context("fork")


def _run(comm, what):
    """Run a command that may hang, and then cannot be killed either"""
    with subprocess.Popen(comm, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          encoding="ascii") as proc:
        try:
            said, _ = proc.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            # of the shell, and of what it waits for
            kernel = cmd(f"cat /proc/{proc.pid}/stack; "
                         f"for p in $(pgrep -P {proc.pid}); do cat /proc/$p/stack; done",
                         shell=True, fail=False).stdout
            print(f"# {what}: {comm!r} hangs, in\n# " + kernel.replace("\n", "\n# "), flush=True)
            # with RTNL held for good no other test can do anything, nor clean up
            print(f"not ok 1 {what} # {comm!r} did not end within {LIMIT} s", flush=True)
            os._exit(1)
    if proc.returncode:
        raise KsftFailEx(f"{what}: {comm}: {said.strip()}")


def _set(cfg, name, value):
    Path(f"/sys/class/net/{cfg.ifname}/{name}").write_text(f"{value}\n", encoding="ascii")


def _napis(cfg):
    """The port's NAPIs as netlink has them, by their interrupt"""
    return {napi.get("irq"): napi
            for napi in NetdevFamily().napi_get({"ifindex": cfg.ifindex}, dump=True)}


def _set_napis(cfg, **settings):
    """Give each NAPI settings by netlink, until the test ends"""
    if cfg.kernel != "7.3":
        raise KsftSkipEx("this kernel's netlink sets nothing of a NAPI")
    off = {"threaded": "disabled", "irq-suspend-timeout": 0, "defer-hard-irqs": 0,
           "gro-flush-timeout": 0}
    settings = {key.replace("_", "-"): value for key, value in settings.items()}

    def apply(values):
        for napi in _napis(cfg).values():
            NetdevFamily().napi_set({"id": napi["id"], **values})
    defer(apply, {key: off[key] for key in settings})
    apply(settings)


def _set_deferral(cfg, interrupts, nanoseconds):
    for name, value in (("napi_defer_hard_irqs", interrupts),
                        ("gro_flush_timeout", nanoseconds)):
        defer(_set, cfg, name, 0)
        _set(cfg, name, value)


def _threads(cfg):
    """Processes that poll the port"""
    names = cmd("ps -e -o comm=").stdout.splitlines()
    return sum(name.startswith(f"napi/{cfg.ifname}-") for name in names)


def _busy_polled():
    rows = [row.split() for row in Path("/proc/net/netstat").read_text("ascii").splitlines()
            if row.startswith("TcpExt:")]
    return int(dict(zip(*rows))["BusyPollRxPackets"])


class _Reader:
    """A process that reads datagrams and polls the card for them, for use in "with" """

    def __init__(self, cfg, epoll):
        self._pair = UdpPair(cfg.peer, cfg.dut, "4")
        self._epoll = epoll
        self._procs = [_FORK.Process(target=f, daemon=True) for f in (self._send, self._read)]

    def _send(self):
        while True:
            self._pair.send(bytes(100))
            select.select([], [], [], 0.002)

    def _read(self):
        sock = self._pair.rx
        sock.settimeout(None)
        sock.recv(1000)
        if not self._epoll:
            sock.setsockopt(socket.SOL_SOCKET, SO_PREFER_BUSY_POLL, 1)
            sock.setsockopt(socket.SOL_SOCKET, SO_BUSY_POLL, 50000)
            while True:
                sock.recv(1000)
        with select.epoll() as poll:
            # microseconds, budget, to be preferred
            fcntl.ioctl(poll.fileno(), EPIOCSPARAMS, struct.pack("IHBB", 50000, 64, 1, 0))
            poll.register(sock, select.EPOLLIN)
            while True:
                if poll.poll(1):
                    sock.recv(1000)

    def __enter__(self):
        before = _busy_polled()
        for proc in self._procs:
            proc.start()
        wait_until(lambda: _busy_polled() > before, "the socket does not poll the card")
        return self

    def __exit__(self, ex_type, ex_value, ex_tb):
        for proc in self._procs:
            proc.kill()
            proc.join()
        self._pair.close()


def _enter_mode(cfg, mode):
    """Have the card polled so until the test ends; returns who reads meanwhile"""
    if mode.startswith("thread"):
        defer(_set, cfg, "threaded", 0)
        _set(cfg, "threaded", 1)
        ksft_eq(_threads(cfg), cfg.dut.queues(), "threads")
    if mode == "thread_busy":
        _set_napis(cfg, threaded="busy-poll")
        ksft_eq({napi["threaded"] for napi in _napis(cfg).values()}, {"busy-poll"})
    if mode == "deferred":
        _set_deferral(cfg, 100, 1000000)
    if mode == "socket":
        _set_deferral(cfg, 10, 2000000)
        return _Reader(cfg, False)
    if mode == "suspended":
        _set_napis(cfg, irq_suspend_timeout=20000000, defer_hard_irqs=10,
                   gro_flush_timeout=2000000)
        return _Reader(cfg, True)
    return nullcontext()


def _knobs(cfg):
    """Commands that turn each kind of live knob, and turn it back"""
    name, most, (rx, tx) = cfg.ifname, cfg.dut.queues(), cfg.dut.rings()
    there = [f"ethtool -G {name} rx 256 tx 256", f"ethtool -C {name} rx-usecs 50",
             f"ip link set dev {name} mtu 2000", f"ethtool -K {name} rxvlan off",
             f"ethtool -X {name} equal 1",
             f"echo 16 > /sys/class/net/{name}/tgbe/rx_poll_batch"]
    back = [f"ethtool -X {name} default",
            f"echo 64 > /sys/class/net/{name}/tgbe/rx_poll_batch",
            f"ethtool -K {name} rxvlan on txvlan on", f"ip link set dev {name} mtu 1500",
            f"ethtool -C {name} rx-usecs 100", f"ethtool -G {name} rx {rx} tx {tx}"]
    queues = [f"ethtool -L {name} combined {count}" for count in (1, most)]
    for comm in back:
        defer(cmd, comm, shell=True, fail=False)
    return there + (queues if most > 1 else []) + back


@ksft_variants(["softirq", "thread", "thread_busy", "socket", "deferred", "suspended"])
def knobs_turn(cfg, mode) -> None:
    """ All live knobs under UDP, then down and up """
    cfg.pin_neighbours()
    defer(cfg.wait_link)
    defer(cfg.dut.ip, f"link set dev {cfg.ifname} up")
    knobs = _knobs(cfg)
    lost = cfg.link_lost()
    with _enter_mode(cfg, mode):
        with UdpFlow(*cfg.ends) as out, UdpFlow(*reversed(cfg.ends)) as back:
            for comm in knobs:
                _run(comm, mode)
                for flow in (out, back):
                    flow.progress(20, deadline=LIMIT)
        ksft_eq(lost(), 0, "carrier moved")
        for name, flow in (("tx", out), ("rx", back)):
            ksft_pr(f"{name}: {flow.tally}")
            ksft_eq((flow.tally.doubled, flow.tally.spoilt), (0, 0), name)
            # one queue for a while, and threads that leave others little of a small machine
            ksft_ge(flow.tally.sent // 20, flow.tally.lost, f"{name}: packets lost")
        for state in ("down", "up"):
            _run(f"ip link set dev {cfg.ifname} {state}", mode)
        cfg.wait_link()


def threads_while_closed(cfg) -> None:
    """ Threads asked for and given up on a closed port: nobody waits, and it opens """
    threaded = f"/sys/class/net/{cfg.ifname}/threaded"
    defer(cfg.wait_link)
    defer(cfg.dut.ip, f"link set dev {cfg.ifname} up")
    defer(_set, cfg, "threaded", 0)
    cfg.dut.ip(f"link set dev {cfg.ifname} down")
    for value in (1, 0):
        # there are no NAPIs, and the kernel says so
        _run(f"echo {value} 2> /dev/null > {threaded} || true", "closed")
    _run(f"ip link set dev {cfg.ifname} up", "closed")
    cfg.wait_link()
    _run(f"echo 1 > {threaded}", "open")
    ksft_eq(_threads(cfg), cfg.dut.queues(), "threads")
    for state in ("down", "up"):
        _run(f"ip link set dev {cfg.ifname} {state}", "with threads")
    cfg.wait_link()
    ksft_eq(cfg.dut.sysfs("threaded"), "1", "after down and up")
    ksft_eq(_threads(cfg), cfg.dut.queues(), "threads after down and up")


class _Switch:
    """A process that switches the threads on and off all the time, for use in "with" """

    def __init__(self, cfg):
        self._cfg = cfg
        self._count = _FORK.Value("Q", 0, lock=False)
        self._proc = _FORK.Process(target=self._loop, daemon=True)

    def _loop(self):
        while True:
            for value in (1, 0):
                try:
                    _set(self._cfg, "threaded", value)
                    self._count.value += 1
                except OSError as ex:
                    # of a closed port
                    if ex.errno != errno.EOPNOTSUPP:
                        raise

    @property
    def count(self):
        """Times that it was switched"""
        return self._count.value

    def __enter__(self):
        self._proc.start()
        return self

    def __exit__(self, ex_type, ex_value, ex_tb):
        ksft_true(self._proc.is_alive(), "a switch was refused")
        self._proc.kill()
        self._proc.join()


def threads_beside_changes(cfg) -> None:
    """ Threads switched on and off beside changes of rings and queues """
    name, most, rings = cfg.ifname, cfg.dut.queues(), cfg.dut.rings()
    defer(cfg.wait_link)
    defer(cfg.dut.set_rings, *rings)
    defer(_set, cfg, "threaded", 0)
    defer(cfg.dut.ethtool, f"-K {name} rxvlan on txvlan on")
    with _Switch(cfg) as switch, UdpFlow(*cfg.ends) as out:
        for i in range(CHANGES):
            before = switch.count
            for comm in (f"ethtool -G {name} rx {256 << i % 2}",
                         f"ethtool -L {name} combined {1 if i % 2 else most}",
                         f"ethtool -K {name} rxvlan {'on' if i % 2 else 'off'}"):
                if most > 1 or "combined" not in comm:
                    _run(comm, "threads switched meanwhile")
            wait_until(lambda was=before: switch.count > was + 1, "the switch hangs", LIMIT)
            out.progress(5, deadline=LIMIT)
        if most > 1:
            _run(f"ethtool -L {name} combined {most}", "threads switched meanwhile")
        for state in ("down", "up"):
            _run(f"ip link set dev {name} {state}", "threads switched meanwhile")
    ksft_pr(f"{switch.count} switches")
    cfg.wait_link()


def settings_stay(cfg) -> None:
    """ What netlink has set of each NAPI is there after a change, and after down and up """
    defer(cfg.wait_link)
    defer(cfg.dut.ip, f"link set dev {cfg.ifname} up")
    defer(cfg.dut.set_rings, *cfg.dut.rings())
    want = {"threaded": "enabled", "irq-suspend-timeout": 30000000, "defer-hard-irqs": 3,
            "gro-flush-timeout": 400000}
    _set_napis(cfg, **{key.replace("-", "_"): value for key, value in want.items()})
    before = _napis(cfg)
    ksft_eq(len(before), cfg.dut.queues())
    for napi in before.values():
        ksft_eq({key: napi[key] for key in want}, want)
        ksft_in("pid", napi)

    def settings():
        return {irq: {key: napi[key] for key in (*want, "id")} for irq, napi in _napis(cfg).items()}
    then = settings()
    cfg.dut.set_rings(256, 256)
    ksft_eq(settings(), then, "after -G")
    cfg.dut.ip(f"link set dev {cfg.ifname} down")
    ksft_eq(_napis(cfg), {}, "NAPIs of a closed port")
    cfg.dut.ip(f"link set dev {cfg.ifname} up")
    cfg.wait_link()
    ksft_eq(settings(), then, "after down and up")


class _Hog:
    """A real-time task that takes a CPU for a while, for use in "with" """

    def __init__(self, cpu):
        self._cpu = cpu
        self._has = _FORK.Value("b", 0, lock=False)
        self._proc = _FORK.Process(target=self._loop, daemon=True)

    def _loop(self):
        os.sched_setaffinity(0, {self._cpu})
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
        self._has.value = 1
        # the kernel complains of a CPU that is gone for longer
        end = time.monotonic() + 15
        while time.monotonic() < end:
            pass

    def __enter__(self):
        self._proc.start()
        wait_until(lambda: self._has.value, "no real-time task")
        return self

    def __exit__(self, ex_type, ex_value, ex_tb):
        self._proc.kill()
        self._proc.join()


def _pin_poll(cfg, queue, cpu):
    """Have a queue polled by a thread on this CPU, of the lowest real-time priority"""
    def restore(pid):
        os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))
        os.sched_setaffinity(pid, range(os.cpu_count()))
    defer(_set, cfg, "threaded", 0)
    _set(cfg, "threaded", 1)
    family = NetdevFamily()
    napi = family.queue_get({"ifindex": cfg.ifindex, "type": "tx", "id": queue})["napi-id"]
    pid = family.napi_get({"id": napi})["pid"]
    defer(restore, pid)
    os.sched_setaffinity(pid, {cpu})
    os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(1))


def starved_poll(cfg) -> None:
    """ No frame waits for a poll whose CPU a real-time task has taken """
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        raise KsftSkipEx("one CPU")
    cfg.pin_neighbours()
    pair = UdpPair(*cfg.ends, "4")
    defer(pair.close)
    defer(os.sched_setaffinity, 0, cpus)
    queue = queue_of_cpu(pair, cfg.dut, cpus[0])
    # frames that were not taken back are not to stop the queue
    limit = f"queues/tx-{queue}/byte_queue_limits/limit_min"
    defer(_set, cfg, limit, cfg.dut.sysfs(limit))
    _set(cfg, limit, 100000)
    _pin_poll(cfg, queue, cpus[-1])
    pair.send(bytes(100))
    pair.rx.recv(200)
    pair.rx.settimeout(5)
    with _Hog(cpus[-1]):
        before = cfg.dut.per_queue("tx", "packets")[queue]
        for number in range(1, 5):
            pair.send(bytes(100))
            try:
                pair.rx.recv(200)
            except TimeoutError as ex:
                raise KsftFailEx(f"frame {number} waits for the poll") from ex
        ksft_eq(cfg.dut.per_queue("tx", "packets")[queue], before, "was polled all the same")


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        ksft_run([threads_while_closed, settings_stay, threads_beside_changes, starved_poll,
                  knobs_turn], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
