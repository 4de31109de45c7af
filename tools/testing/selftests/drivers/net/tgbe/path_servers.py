#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
Rows C7 to C9 of the packet's path: how a process waits for its connections, and how it
wakes up. The servers are the C programs of this directory.
"""

import fcntl
import os
import re
import select
import struct
import termios
from pathlib import Path

from lib.py import client_of, row, run_rows

TRACING = Path("/sys/kernel/tracing")
MESSAGE = 16


def _receive(sock, size=MESSAGE):
    """All of an answer"""
    data = b""
    while len(data) < size and (part := sock.recv(size - len(data))):
        data += part
    return data


# ---- C7


def _asleep(pid):
    """Do all threads of a process sleep?"""
    stats = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(stat.read_text("ascii").rpartition(")")[2].split()[0] == "S" for stat in stats)


def _read_messages(x, way, port, burst, count, sockets=20):
    """
    Messages to so many sockets, so many at once; the times their reader went to sleep, for
    each message
    """
    reader = x.talk(f"{x.program('readers')} {way} {x.here} {port} {sockets}")
    reader.ask()
    sender = x.socket(x.peer)
    for n in range(count):
        if not n % burst:
            x.wait(lambda: _asleep(reader.pid))
        sender.sendto(b"message", (x.here, port + n % sockets))
    x.wait(lambda: _asleep(reader.pid))
    for n in range(sockets):
        sender.sendto(b"", (x.here, port + n))
    messages, switches = map(int, re.search(r"messages (\d+), switches (\d+)",
                                            reader.finish()).groups())
    x.holds(messages == count, f"{count} sent = {messages} read")
    return switches / messages


def _waiting(x):
    """A thread for each socket against one that waits for all"""
    busy = {way: _read_messages(x, x.turned(way, "threads"), 9700 + 50 * n, 200, 1000)
            for n, way in enumerate(("threads", "select", "poll", "epoll"))}
    x.holds(busy["epoll"] < busy["threads"] / 2, "200 messages at once: the reader went to "
            "sleep " + ", ".join(f"{each:.2f} ({way})" for way, each in busy.items()) +
            " times a message")
    calm = {way: _read_messages(x, way, 9900 + 50 * n, 1, 50)
            for n, way in enumerate(("threads", "epoll"))}
    x.holds(min(calm.values()) > 0.9, "one message at a time: " +
            ", ".join(f"{each:.2f} ({way})" for way, each in calm.items()) + ", so nothing is "
            "saved")


def _triggers(x):
    """When a socket is reported again"""
    said = x.run(f"{x.program('triggers')}")
    rows = {name: list(map(int, re.findall(r" (\d+)", rest)))
            for name, rest in re.findall(r"(\w+): (.*)", said)}
    x.holds((rows["level"], rows["edge"], rows["oneshot"]) ==
            ([1, 1, 1, 1], [1, 0, 1, 1], [1, 0, 0, 1]),
            "half read, a level-triggered socket is reported again, an edge-triggered one when "
            "more comes, a one-shot one when it is armed again")
    x.holds(rows["RDHUP"] == [0, 1], "EPOLLRDHUP comes with the other end's shutdown()")
    x.holds("has 1024 bits, poll() 1" in said, "a descriptor above 1023 fits poll(), and not "
            "select()")


def _herd(x, way, port, processes=8, calls=20):
    """Connections for several processes; times they went to sleep, and accepted by each"""
    herd = x.talk(f"{x.program('herd')} {way} {x.here} {port} {processes}")
    pids = [int(herd.ask().split()[1]) for _ in range(processes)]
    x.wait(lambda: all(map(_asleep, pids)))
    for _ in range(calls):
        client = client_of(x, port)
        client.recv(1)
        client.close()
        x.wait(lambda: all(map(_asleep, pids)))
    rows = re.findall(r"accepted (\d+), waits \d+, switches (\d+)", herd.finish())
    accepted = sorted((int(taken) for taken, _ in rows), reverse=True)
    switches = sum(int(slept) for _, slept in rows)
    x.holds(sum(accepted) == calls,
            f"{way}: {calls} connections = {' + '.join(map(str, accepted))} accepted; the "
            f"processes went to sleep {switches} times")
    return switches, accepted


@row("C7",
     "How should a server wait for many sockets, and how many processes wake up for one?",
     "One thread that waits for all sockets goes to sleep less often than a thread each, but "
     "under load only. Processes that each have an epoll of the same listener all wake up for "
     "each connection; EPOLLEXCLUSIVE wakes one, the same one again and again; SO_REUSEPORT "
     "wakes one and shares out. select() ends at descriptor 1023.")
def c7_waiting(x):
    """Threads, select, poll, epoll; its triggers; and the herd"""
    _triggers(x)
    _waiting(x)
    own, _ = _herd(x, "own", 9750)
    exclusive, takers = _herd(x, x.turned("exclusive", "own"), 9751)
    x.holds(exclusive < 60 and own > 120, "an epoll each: all 8 woke up for a connection "
            f"({own} / 20); with EPOLLEXCLUSIVE one ({exclusive} / 20)")
    blocking, shares = _herd(x, "accept", 9752)
    x.holds(blocking < 60 and shares[0] < 8, f"blocking accept(): {blocking} and each in turn")
    reuseport, shares = _herd(x, x.turned("reuseport", "exclusive"), 9753)
    x.holds(reuseport < 60 and shares[0] < 13 < takers[0],
            f"SO_REUSEPORT: {reuseport}, the most for one process {shares[0]}; with "
            f"EPOLLEXCLUSIVE that was {takers[0]}")


# ---- C8


def _probe(x, function):
    """An event at the start of a function of the kernel"""
    group = "path_" + str(os.getpid())
    x.set(f'echo "p:{group}/{function} {function}" >> {TRACING}/kprobe_events',
          f'echo "-:{group}/{function}" >> {TRACING}/kprobe_events')
    return f"{group}:{function}"


def _wake_up(x, port, polled, probes):
    """
    A datagram for a process that sleeps: what is called on the way to it, in order, and
    in which task
    """
    reader = x.talk(f"{x.program('readers')} {polled} {x.here} {port} 1")
    reader.ask()
    x.wait(lambda: _asleep(reader.pid))
    with x.trace("sock:sk_data_ready", "sched:sched_waking", "sched:sched_switch",
                 *probes) as events:
        x.socket(x.peer).sendto(b"", (x.here, port))
        reader.finish()
    # from the callback of its socket on, what is about the reader
    woken = next(n for n, event in enumerate(events)
                 if event[3] == "sched_waking" and "comm=readers" in event[4])
    start = max(n for n, event in enumerate(events[:woken]) if event[3] == "sock_def_readable")
    about = [event for event in events[start:]
             if event[3] not in ("sched_waking", "sched_switch") or
             re.search("^comm=readers|next_comm=readers", event[4])]
    end = next(n for n, event in enumerate(about) if event[3] == "sched_switch") + 1
    for task, cpu, _, event, text in about[:end]:
        x.say(f"    CPU {cpu} {task:16} {event}: {text[:60]}")
    return [event[3] for event in about[:end]], about[0]


def _objects(x, script):
    """The functions of the kernel that took memory from a cache for a script of Python"""
    proc = x.talk(f"python3 -u -c 'import os, select, socket; print(os.getpid()); os.read(0, 1); "
                  f"{script}'")
    pid = proc.ask()
    with x.trace("kmem:kmem_cache_alloc", only=f"common_pid == {pid}") as events:
        proc.finish()
    return [re.search(r"call_site=(\w+)", text)[1] for *_, text in events]


@row("C8",
     "A packet has arrived for a process that sleeps. Who wakes it up?",
     "The softirq that queued the packet calls the socket's callback; with epoll that calls "
     "epoll's, which puts the socket on the ready list; the scheduler makes the process "
     "runnable, and the next switch runs it. A socket of TCP is an inode with its socket, "
     "the protocol's part, a dentry and a file; its registration with an epoll an epitem "
     "and an entry of the socket's wait queue.")
def c8_wake_up(x):
    """The way from the socket's queue to the process, and what a socket consists of"""
    probes = [_probe(x, name) for name in ("sock_def_readable", "ep_poll_callback")]
    blocked, _ = _wake_up(x, 9800, "threads", probes)
    x.holds(blocked == ["sock_def_readable", "sk_data_ready", "sched_waking", "sched_switch"],
            "a thread in recv(): " + ", ".join(blocked))
    polled, first = _wake_up(x, 9801, x.turned("epoll", "threads"), probes)
    x.holds(polled == ["sock_def_readable", "sk_data_ready", "ep_poll_callback",
                       "sched_waking", "sched_switch"],
            "in epoll_wait(): " + ", ".join(polled))
    x.holds(first[0] != "readers", f"it began in the task that was interrupted: {first[0]}")
    sites = _objects(x, "socket.socket()")
    want = ["sock_alloc_inode", "sk_prot_alloc", "__d_alloc", "alloc_empty_file"]
    x.holds(set(want) <= set(sites), f"socket() took memory in {', '.join(sites[:6])}")
    sites = _objects(x, "s = socket.socket(); e = select.epoll(); "
                     + x.turned("e.register(s, 1)", ""))
    more = sites[sites.index("alloc_empty_file") + 1:]
    x.holds(any(re.match("ep_insert|do_epoll_ctl", site) for site in more) and
            "ep_ptable_queue_proc" in more,
            f"and epoll_create() with epoll_ctl() in {', '.join(more[:7])}")


# ---- C9


def _serve(x, mode, threads, port, clients=16, rounds=10):
    """
    Rounds of messages on each connection, then a slow one: how many messages each thread
    read and handled, switches, and the answers that came before that of the slow one
    """
    server = x.talk(f"{x.program('reactor')} {mode} {x.here} {port} {threads}")
    server.ask()
    conns = [client_of(x, port) for _ in range(clients)]
    for _ in range(rounds):
        for conn in conns:
            conn.send(bytes(4 * MESSAGE))
        for conn in conns:
            _receive(conn, 4 * MESSAGE)
    conns[0].send(b"slow".ljust(MESSAGE))
    # the server has it when it has arrived and does not wait in the socket
    x.wait(lambda: not _unsent(conns[0]) and not _unread(port))
    for conn in conns[1:]:
        conn.send(b"quick".ljust(MESSAGE))
    early = 0
    waiting = set(conns)
    while conns[0] not in (ready := select.select(waiting, [], [], 30)[0]):
        if not ready:
            raise TimeoutError(f"{len(waiting)} answers do not come")
        for conn in ready:
            _receive(conn)
            waiting.remove(conn)
            early += 1
    for conn in waiting:
        _receive(conn)
    for conn in conns:
        conn.close()
    rows = {name: list(map(int, numbers)) for name, *numbers in
            re.findall(r"(\w+(?: \d+)?): waits (\d+), read (\d+), handled (\d+), switches (\d+)",
                       server.finish())}
    sent = clients * (4 * rounds + 1)
    x.holds(rows["all"][1:3] == [sent, sent], f"{mode}: {sent} sent = {rows['all'][1]} read, "
            f"{rows['all'][2]} handled; {rows['all'][3] / sent:.2f} switches a message")
    return rows, early


def _unsent(sock):
    """Bytes that the other end has not acknowledged"""
    return struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)))[0]


def _unread(port):
    """Bytes that wait in the sockets of a port"""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
    return sum(int(cells[4].split(":")[1], 16) for cells in rows
               if int(cells[1].split(":")[1], 16) == port and cells[3] == "01")


@row("C9",
     "One thread for all connections, a pool of workers, or a reactor each: what is gained?",
     "One reactor handles a message with the fewest switches, but one that is slow holds up "
     "all others. Workers keep the rest going, and pay a switch for handing messages over. "
     "Sub-reactors hand nothing over, and a slow message holds up its own reactor's "
     "connections only.")
def c9_reactors(x):
    """One thread, workers, main and sub-reactors"""
    alone, early = _serve(x, "one", 1, 9810)
    x.holds(early == 0, f"one thread: {early} of 15 answers came before the slow one")
    workers, early = _serve(x, x.turned("workers", "one"), x.turned(4, 1), 9811)
    each = [row[2] for name, row in workers.items() if name.startswith("thread")]
    x.holds(early == 15, f"workers: {early} of 15")
    x.holds(workers["main"][2] == 0 and all(each),
            f"the one that reads handles {workers['main'][2]}, the workers {each}")
    x.holds(workers["all"][3] > 2 * alone["all"][3],
            f"switches: {workers['all'][3]} with workers, {alone['all'][3]} without")
    subs, early = _serve(x, x.turned("subs", "one"), x.turned(4, 1), 9812)
    each = [row[2] for name, row in subs.items() if name.startswith("thread")]
    x.holds(early == 12, f"4 sub-reactors: {early} of 15: the others are of the slow one's")
    x.holds(len(set(each)) == 1 and subs["main"][2] == 0 and
            subs["all"][3] < workers["all"][3],
            f"each handled {each} messages that it read itself, with {subs['all'][3]} switches")


if __name__ == "__main__":
    run_rows(__file__)
