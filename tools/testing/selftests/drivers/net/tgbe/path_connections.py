#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
Rows C of the packet's path: connections. The server is here, its clients are on the
other end of the wire, in the partner's namespace.
"""

import errno
import os
import re
import resource
import select
import socket
import struct
import time
from pathlib import Path

from lib.py import call, checksum, client_of, listen_at, pseudo_header, reset_all, row, \
    run_rows, tcp_states

TCP = socket.SOCK_STREAM
IP_BIND_ADDRESS_NO_PORT = 24
# Requests and answers of the programs
MESSAGE = 16


def _receive(sock, size=MESSAGE):
    """All of an answer"""
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            break
        data += part
    return data



# ---- C1


def _knocks(x, port, backlog, calls=12):
    """So many clients, one after the other, of a listener that accepts nobody; how many got in"""
    listener = listen_at(x, port, backlog)
    clients = []
    with x.watch("TcpExtListenOverflows", "TcpExtListenDrops",
                 f"{x.peer}:TcpExtTCPSynRetrans") as seen:
        def inside():
            return tcp_states(port)["ESTABLISHED"]

        def turned_away():
            # each SYN, the first or one repeated
            return seen["TcpExtListenOverflows"] - seen[f"{x.peer}:TcpExtTCPSynRetrans"]
        for called in range(1, calls + 1):
            clients.append(call(x, port))
            x.wait(lambda want=called: inside() + turned_away() == want)
            if inside() < len(clients):
                # that it does not call again
                clients.pop().close()
    x.run(f"ss -ltn sport = {port}")
    x.holds(seen["TcpExtListenOverflows"] == seen["TcpExtListenDrops"],
            "each ListenOverflow is a ListenDrop")
    x.holds(inside() + turned_away() == calls,
            f"{calls} SYNs and {seen[f'{x.peer}:TcpExtTCPSynRetrans']} repeated = {inside()} "
            f"connected + {seen['TcpExtListenOverflows']} ListenOverflows")
    got_in = inside()
    reset_all(*clients)
    listener.close()
    return got_in


def _late_acks(x, port, calls=10):
    """
    The accept queue fills between a client's SYN and its last ACK: the partner does not
    see the answers until the queue is short
    """
    x.set(f'nft "add table ip late; add chain ip late i {{ type filter hook input '
          f'priority 0; }}; add rule ip late i tcp sport {port} drop"', "", ns=x.peer)
    listener = listen_at(x, port, 20)
    clients = [call(x, port) for _ in range(calls)]
    x.wait(lambda: tcp_states(port)["SYN_RECV"] == calls)
    x.say("  (listen(2) on the same socket: room for 3)")
    listener.listen(2)
    return listener, clients


@row("C1",
     "How many connections wait for accept(), and what becomes of the next one?",
     "The queue holds min(backlog of listen(), somaxconn) + 1. Any SYN that finds it full is "
     "dropped without an answer, and the client repeats it. A last ACK that finds it "
     "full is dropped as well: the client believes to be connected, unless "
     "tcp_abort_on_overflow resets it. ss -ltn shows the queue as Recv-Q and its limit "
     "as Send-Q.", tools=("nft",))
def c1_accept_queue(x):
    """The accept queue holds min(backlog, somaxconn) + 1, the rest is dropped or reset"""
    # one CPU receives: two could find the last place at the same time
    x.one_queue()
    x.say("somaxconn is " + x.sysctl("net.core.somaxconn"))
    x.holds(_knocks(x, 9100, 50) == 12, "listen(50): all of 12 connect")
    backlog = x.turned(5, 50)
    x.holds(_knocks(x, 9101, backlog) == 6, "listen(5): 6 of 12 connect")
    x.turn("sysctl -w net.core.somaxconn=3")
    x.holds(_knocks(x, 9102, 50) == 4, "listen(50) with somaxconn 3: 4 of 12 connect")
    x.run("sysctl -w net.core.somaxconn=4096")
    x.set("sysctl -w net.ipv4.tcp_abort_on_overflow=0")
    _overflow(x, 9103, 0)
    x.turn("sysctl -w net.ipv4.tcp_abort_on_overflow=1")
    _overflow(x, 9104, 7)


def _overflow(x, port, reset):
    """Ten last ACKs for three places, after which so many clients are reset"""
    listener, clients = _late_acks(x, port)
    with x.watch("TcpExtListenOverflows", f"{x.peer}:TcpEstabResets") as seen:
        x.run("nft delete table ip late", ns=x.peer)
        x.wait(lambda: seen["TcpExtListenOverflows"] >= 7 and
               tcp_states(port, x.peer)["ESTABLISHED"] == 10 - reset)
    there, here = tcp_states(port, x.peer), tcp_states(port)
    resets = seen[f"{x.peer}:TcpEstabResets"]
    x.holds((there["ESTABLISHED"], resets) == (10 - reset, reset),
            f"of 10 clients {there['ESTABLISHED']} believe to be connected, {resets} were reset")
    x.holds((here["ESTABLISHED"], here["SYN_RECV"]) == (3, 7 - reset),
            f"the server has {here['ESTABLISHED']} connections and {here['SYN_RECV']} in "
            "SYN_RECV")
    reset_all(*clients)
    listener.close()


# ---- C2


def _syns(x, count, port):
    """SYNs of so many connections from addresses that will not answer"""
    raw = x.socket(x.peer, socket.SOCK_RAW, proto=socket.IPPROTO_RAW)
    there = socket.inet_aton(x.here)
    for n in range(count):
        source = socket.inet_aton(f"198.51.100.{1 + n % 250}")
        syn = struct.pack("!HHIIBBHHHBBH", 2000 + n, port, n * 7919, 0, 0x60, 2, 64240,
                          0, 0, 2, 4, 1460)
        csum = checksum(pseudo_header(source, there, socket.IPPROTO_TCP, len(syn)) + syn)
        syn = syn[:16] + struct.pack("!H", csum) + syn[18:]
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(syn), n, 0, 64,
                           socket.IPPROTO_TCP, 0, source, there)
        raw.sendto(head + syn, (x.here, 0))
    raw.close()


def _flood(x, port, backlog, count=1100):
    """
    A flood of SYNs, and then a client: how many are in SYN_RECV, how many were answered by
    cookie, and whether the client got in
    """
    listener = listen_at(x, port, backlog)
    x.say(f"  (listen({backlog}); {count} SYNs from addresses that do not answer)")
    with x.watch("TcpExtListenDrops", "TcpExtTCPReqQFullDrop", "TcpExtTCPReqQFullDoCookies",
                 "TcpExtSyncookiesSent") as seen:
        _syns(x, count, port)

        def answered():
            return tcp_states(port)["SYN_RECV"], seen["TcpExtSyncookiesSent"]
        x.wait(lambda: sum(answered()) + seen["TcpExtListenDrops"] >= count)
    waiting, cookies = answered()
    x.holds(waiting + cookies + seen["TcpExtListenDrops"] == count,
            f"{count} SYNs = {waiting} half open + {cookies} answered by cookie + "
            f"{seen['TcpExtListenDrops']} ListenDrops")
    client = call(x, port)
    inside = x.wait(lambda: tcp_states(port, x.peer)["ESTABLISHED"], 0.8)
    x.say(f"  (a client that is real {'connects' if inside else 'gets no answer'})")
    reset_all(client)
    listener.close()
    return waiting, cookies, bool(inside)


@row("C2",
     "How many connections may be half open, and what becomes of the next SYN?",
     "With tcp_syncookies 1 as many as the accept queue's limit + 1, whatever "
     "tcp_max_syn_backlog says; a SYN above it is answered by cookie, and clients still get "
     "in. With 0 at most 3/4 of tcp_max_syn_backlog + 1 of unknown peers as well, and a SYN "
     "above it is lost: losses of the SYN queue = ListenDrops - ListenOverflows. With 2 each "
     "SYN is answered by cookie. The books' formula with its power of two is no more.")
def c2_syn_queue(x):
    """What bounds the SYN queue, and what cookies do above it"""
    x.set(f"ip route add 198.51.100.0/24 via 192.0.3.99 dev {x.nic}",
          f"ip route del 198.51.100.0/24 dev {x.nic}")
    x.set(f"ip neigh replace 192.0.3.99 lladdr 02:00:00:00:00:99 dev {x.nic} nud permanent",
          f"ip neigh del 192.0.3.99 dev {x.nic}")
    x.set("sysctl -w net.ipv4.tcp_max_syn_backlog=128")
    x.set("sysctl -w net.ipv4.tcp_syncookies=1")
    waiting, cookies, inside = _flood(x, 9200, 8)
    x.holds((waiting, inside) == (9, True) and cookies, f"tcp_syncookies 1, listen(8): {waiting} "
            f"half open, {cookies} cookies, a client gets in: {inside}")
    waiting, *_ = _flood(x, 9201, 1000)
    x.holds(waiting == 1001, f"listen(1000): {waiting}, and tcp_max_syn_backlog is 128")
    x.turn("sysctl -w net.ipv4.tcp_syncookies=0")
    waiting, cookies, inside = _flood(x, 9202, 8)
    x.holds((waiting, cookies, inside) == (9, 0, False),
            f"tcp_syncookies 0, listen(8): {waiting} half open, {cookies} cookies, a client "
            f"gets in: {inside}")
    waiting, *_ = _flood(x, 9203, 1000)
    x.holds(waiting == 128 * 3 // 4 + 1, f"listen(1000): {waiting}, 3/4 of 128 and one")
    x.turn("sysctl -w net.ipv4.tcp_max_syn_backlog=1024")
    waiting, *_ = _flood(x, 9204, 1000)
    x.holds(waiting == 1024 * 3 // 4 + 1, f"tcp_max_syn_backlog 1024: {waiting}")
    x.turn("sysctl -w net.ipv4.tcp_syncookies=2")
    waiting, cookies, _ = _flood(x, 9205, 1000)
    x.holds((waiting, cookies) == (0, 1100), f"tcp_syncookies 2: {waiting} half open, {cookies} "
            "cookies")


# ---- C3


def _until_refused(x, server, calls=12, prepare=None):
    """Connections to @server until one is refused; they, and the name of the error"""
    socks = []
    for _ in range(calls):
        sock = x.socket(x.peer, TCP)
        sock.settimeout(20)
        try:
            if prepare:
                prepare(sock)
            sock.connect(server.getsockname())
        except OSError as err:
            return socks, errno.errorcode[err.errno]
        socks.append(sock)
    return socks, "no error"


def _bound(address, no_port):
    """What binds a client's socket to an address and to any port"""
    def prepare(sock):
        sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, no_port)
        sock.bind((address, 0))
    return prepare


def _ports(socks):
    return sorted(sock.getsockname()[1] for sock in socks)


def _tuples(x, one, two):
    """Ten ports serve ten connections to each destination, from each address"""
    x.turn("sysctl -w net.ipv4.ip_local_port_range='40000 40009'", ns=x.peer)
    first, error = _until_refused(x, one)
    x.holds((len(first), error) == (10, "EADDRNOTAVAIL"),
            f"ten ports: {len(first)} connections, then {error}")
    second, error = _until_refused(x, two)
    x.holds((_ports(second), error) == (_ports(first), "EADDRNOTAVAIL"),
            f"to another port of the same host: {len(second)} more, of the same ten ports")
    x.set(f"ip address add 192.0.3.20/24 dev {x.partner}",
          f"ip address del 192.0.3.20/24 dev {x.partner}", ns=x.peer)
    third, error = _until_refused(x, one, prepare=_bound("192.0.3.20", 1))
    x.holds((_ports(third), error) == (_ports(first), "EADDRNOTAVAIL"),
            f"from another address: {len(third)} more, of the same ten ports")
    reset_all(*first, *second, *third)


def _reserved(x, one):
    """Ports that are kept for somebody"""
    x.turn("sysctl -w net.ipv4.ip_local_reserved_ports=40000-40004", ns=x.peer)
    socks, error = _until_refused(x, one)
    x.holds(_ports(socks) == list(range(40005, 40010)),
            f"five of the ten ports reserved: {len(socks)} connections, of the others, "
            f"then {error}")
    reset_all(*socks)


def _bind_first(x, one, two):
    """bind() before connect() chooses a port for all destinations"""
    x.turn("sysctl -w net.ipv4.ip_local_port_range='41000 41009'", ns=x.peer)
    for no_port, count in ((0, 10), (1, 20)):
        socks = []
        for server in (one, two):
            more, error = _until_refused(x, server, prepare=_bound(x.there, no_port))
            socks += more
        x.holds(len(socks) == count,
                f"bind(address, 0) first, IP_BIND_ADDRESS_NO_PORT {no_port}: {len(socks)} to "
                f"both ports, then {error}")
        reset_all(*socks)


def _time_wait(x, port):
    """Ports in TIME_WAIT are taken again, with tcp_tw_reuse after a second"""
    x.turn("sysctl -w net.ipv4.ip_local_port_range='42000 42009'", ns=x.peer)
    x.set("sysctl -w net.ipv4.tcp_tw_reuse=0", ns=x.peer)
    server = listen_at(x, port, 500)
    for _ in range(10):
        client = client_of(x, port)
        client.close()
        server.accept()[0].close()
    x.wait(lambda: tcp_states(port, x.peer)["TIME_WAIT"] == 10)
    time.sleep(1.2)     # tcp_tw_reuse_delay
    socks, error = _until_refused(x, server)
    x.holds((len(socks), error) == (0, "EADDRNOTAVAIL"),
            f"ten ports in TIME_WAIT, tcp_tw_reuse 0: {len(socks)} connections, then {error}")
    with x.watch(f"{x.peer}:TcpExtTWRecycled") as seen:
        x.turn("sysctl -w net.ipv4.tcp_tw_reuse=1", ns=x.peer)
        socks, error = _until_refused(x, server)
    x.holds((len(socks), seen[f"{x.peer}:TcpExtTWRecycled"]) == (10, 10),
            f"tcp_tw_reuse 1: {len(socks)} connections, "
            f"{seen[f'{x.peer}:TcpExtTWRecycled']} of them by TWRecycled")
    reset_all(*socks)


@row("C3",
     "When does a client run out of ports, and what helps?",
     "A port of ip_local_port_range serves a connection to each destination: the four numbers "
     "of a connection have to differ, not the port. EADDRNOTAVAIL says that those to one "
     "destination are used up: more ports, destinations or client addresses help. bind() "
     "before connect() takes a port for all destinations, unless with "
     "IP_BIND_ADDRESS_NO_PORT. A port in TIME_WAIT is taken again after a second with "
     "tcp_tw_reuse 1; the default, 2, allows that on lo only.")
def c3_ports(x):
    """Ports run out for each destination, and what helps"""
    one, two = listen_at(x, 9301, 500), listen_at(x, 9302, 500)
    _tuples(x, one, two)
    _reserved(x, one)
    _bind_first(x, one, two)
    _time_wait(x, 9303)


# ---- C4


class _Hold:
    """The program that holds many connections, at one end"""

    def __init__(self, x, what, port, ns=None):
        self._proc = x.talk(f"{x.program('hold')} {what} {x.here} {port}", ns)
        self._proc.ask()

    def __call__(self, line):
        return int(self._proc.ask(line))


def _slab():
    """Bytes in use in each slab cache"""
    sizes = {}
    for line in Path("/proc/slabinfo").read_text("ascii").splitlines()[2:]:
        name, used, _, size, *_ = line.split()
        sizes[name] = int(used) * int(size)
    return sizes


def _each(x, what, before, count):
    """Bytes of each of @count things, from the slabs; tells of which caches"""
    now = _slab()
    grown = {name: (size - before.get(name, 0)) / count for name, size in now.items()}
    grown = {name: each for name, each in grown.items() if each > 8}
    total = sum(grown.values())
    parts = ", ".join(f"{name} {each:.0f}" for name, each in
                      sorted(grown.items(), key=lambda item: -item[1]))
    x.say(f"    {what}: {total:.0f} bytes ({parts})")
    return total


def _memory(x, port, count):
    """Bytes of a connection, both of whose ends are in this kernel, in each state"""
    server, client = _Hold(x, "server", port), _Hold(x, "client", port, x.peer)
    x.run("sync; echo 3 > /proc/sys/vm/drop_caches")
    idle = _slab()
    client(f"connect {count}")
    x.wait(lambda: tcp_states(port)["ESTABLISHED"] == count)
    queued = _each(x, "connected and not accepted, both ends", idle, count)
    server(f"accept {count}")
    accepted = _each(x, "accepted, both ends", idle, count)
    before = _slab()
    server("watch")
    watched = _each(x, "its registration with an epoll", before, count)
    client("close")
    x.wait(lambda: tcp_states(port)["CLOSE_WAIT"] == count)
    server("close")
    x.wait(lambda: tcp_states(port, x.peer)["TIME_WAIT"] == count)
    x.run("sync; echo 3 > /proc/sys/vm/drop_caches")
    # RCU gives the sockets back in its own time
    x.wait(lambda: sum(_slab().values()) - sum(idle.values()) < count * accepted / 4)
    waiting = _each(x, "in TIME_WAIT, at the end that closed first", idle, count)
    return queued, accepted, watched, waiting


@row("C4",
     "What memory does a connection take?",
     "An established TCP connection takes 3 to 4 KB of the kernel at each end: the socket, "
     "and for the process a file. In TIME_WAIT 0.3 to 0.6 KB are left. "
     "tcp_max_tw_buckets bounds how many of those there are; one above it just closes, and "
     "counts as TCPTimeWaitOverflow. tcp_tw_recycle is gone since Linux 4.12.")
def c4_memory(x, count=10000):
    """Bytes of a connection in each state, and the bound of TIME_WAIT"""
    x.set("sysctl -w net.core.somaxconn=65535")
    x.set("sysctl -w net.ipv4.tcp_max_syn_backlog=65535")
    x.set("sysctl -w net.ipv4.tcp_max_tw_buckets=65535", ns=x.peer)
    queued, accepted, watched, waiting = _memory(x, 9400, count)
    x.holds(2500 < accepted / 2 < 5000,
            f"established and accepted: {accepted / 2:.0f} bytes an end")
    x.holds(queued < accepted, f"a connection that waits for accept() has no file yet: "
            f"{accepted - queued:.0f} bytes less")
    x.holds(100 < watched < 500, f"epoll keeps {watched:.0f} bytes for it")
    x.holds(150 < waiting < accepted / 2 / 5, f"in TIME_WAIT: {waiting:.0f} bytes")
    x.refused("cat /proc/sys/net/ipv4/tcp_tw_recycle")
    was = tcp_states(9400, x.peer)["TIME_WAIT"]
    x.turn("sysctl -w net.ipv4.tcp_max_tw_buckets=100", ns=x.peer)
    server = listen_at(x, 9401, 500)
    with x.watch(f"{x.peer}:TcpExtTCPTimeWaitOverflow") as seen:
        for _ in range(50):
            client = client_of(x, 9401)
            client.close()
            server.accept()[0].close()
        x.wait(lambda: not tcp_states(9401)["LAST_ACK"])
    x.holds(seen[f"{x.peer}:TcpExtTCPTimeWaitOverflow"] == 50 and
            not tcp_states(9401, x.peer)["TIME_WAIT"],
            f"tcp_max_tw_buckets 100, and {was} there: of 50 more none is in TIME_WAIT, "
            f"{seen[f'{x.peer}:TcpExtTCPTimeWaitOverflow']} TCPTimeWaitOverflow")


# ---- C5


def _forked(func):
    """What @func() says in a process of its own, whose limits are its own"""
    reader, writer = os.pipe()
    if not (pid := os.fork()):
        try:
            said = func()
        except (OSError, ValueError) as err:
            said = getattr(err, "errno", None) and errno.errorcode[err.errno] or str(err)
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    with open(reader, encoding="utf-8") as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return said


def _open_many(most):
    """Open sockets until that fails"""
    socks = []
    try:
        for _ in range(most):
            socks.append(socket.socket())
    except OSError as err:
        return f"{len(socks)} sockets, then {errno.errorcode[err.errno]}"
    return f"{len(socks)} sockets"


def _limit(soft, hard):
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _nobody():
    """Become a user without rights"""
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


def _nofile(x):
    """The limits of a process"""
    low = x.turned(50, 1000)

    def soft():
        _limit(low, 1000)
        return _open_many(200)

    def raised():
        _limit(low, 1000)
        _limit(1000, 1000)
        return _open_many(200)

    def above():
        _nobody()
        _limit(low, low)
        _limit(1000, 1000)
        return "raised"
    said = _forked(soft)
    x.holds(said.endswith("then EMFILE") and int(said.split()[0]) < 50,
            f"soft nofile 50: {said}")
    x.holds((said := _forked(raised)) == "200 sockets",
            f"the process raises its soft limit to the hard one: {said}")
    x.holds((said := _forked(above)) in ("not allowed to raise maximum limit", "EPERM"),
            f"nofile above its hard limit, without rights: {said}")


def _nr_open(x):
    """The largest nofile that there may be"""
    def ask():
        _limit(2000, 2000)
        return "granted"
    x.holds((said := _forked(ask)) == "granted",
            f"fs.nr_open {x.sysctl('fs.nr_open')}: root asks for nofile 2000: {said}")
    x.turn("sysctl -w fs.nr_open=1024")
    x.holds((said := _forked(ask)) in ("not allowed to raise maximum limit", "EPERM"),
            f"fs.nr_open 1024: root asks for nofile 2000: {said}; so a login with such a "
            "limit fails")
    x.refused("sysctl -w fs.nr_open=10")


def _file_max(x):
    """The files of all processes together"""
    def nobody():
        _nobody()
        return _open_many(500)
    used = int(x.sysctl("fs.file-nr").split()[0])
    x.turn(f"sysctl -w fs.file-max={used + 100}")
    said = _forked(nobody)
    x.holds(said.endswith("then ENFILE"), f"fs.file-max is 100 above what is open, a user "
            f"without rights: {said}")
    x.holds((said := _forked(lambda: _open_many(500))) == "500 sockets",
            f"root (CAP_SYS_ADMIN) is not bounded: {said}")


def _accepting(x):
    """What a server sees that has no descriptor left"""
    listener = listen_at(x, 9500, 100)
    clients = [client_of(x, 9500) for _ in range(8)]

    def serve():
        used = len(os.listdir("/proc/self/fd"))
        _limit(x.turned(used + 2, 1000), 1000)
        poll = select.epoll()
        poll.register(listener, select.EPOLLIN)
        taken, spun, last = [], 0, "no error"
        for _ in range(20):
            if not poll.poll(0):
                break
            try:
                taken.append(listener.accept()[0])
            except OSError as err:
                last, spun = errno.errorcode[err.errno], spun + 1
        return f"{len(taken)} accepted, then {last} {spun} times, {8 - len(taken)} wait"
    said = _forked(serve)
    x.holds(re.search(r"then EMFILE 1\d times, [5-8] wait", said),
            f"accept() without a free descriptor, 20 rounds of epoll: {said}, and epoll "
            "reports them again and again")
    reset_all(*clients)


@row("C5",
     "Which limit of descriptors ends in which error?",
     "EMFILE is the process's own nofile, which it may raise to its hard limit; fs.nr_open "
     "bounds that for every process, root as well. ENFILE is fs.file-max, of all processes "
     "together, and CAP_SYS_ADMIN passes it. A server without descriptors leaves its "
     "connections in the accept queue and spins on epoll.")
def c5_descriptors(x):
    """nofile, nr_open and file-max: which error each gives"""
    _nofile(x)
    _nr_open(x)
    _file_max(x)
    _accepting(x)


# ---- C6


def _fast(x, port, word):
    """Two requests by MSG_FASTOPEN; how each came to the server, as both ends see it"""
    program = x.program("fastopen")
    server = x.talk(f"{program} server {x.here} {port} 2")
    server.ask()
    said = []
    for _ in range(2):
        there = x.run(f"{program} client {x.here} {port} request", ns=x.peer)
        said.append((server.ask(), there.strip()))
    x.say(f"    the server: {said[0][0]}; {said[1][0]}")
    # the second one has the first one's cookie
    return [here == there == f"request of 7 bytes {word}" for here, there in said]


def _fastopen(x):
    """Data in the SYN"""
    bits = "net.ipv4.tcp_fastopen"
    x.set(f"sysctl -w {bits}=1")
    x.set(f"sysctl -w {bits}=1", ns=x.peer)
    # where a client keeps its cookies
    x.set("ip tcp_metrics flush all", "ip tcp_metrics flush all", ns=x.peer)
    x.holds(_fast(x, 9600, "after the handshake") == [True, True],
            "tcp_fastopen 1 (the default) at the server: both requests follow the handshake")
    x.turn(f"sysctl -w {bits}=3")
    with x.watch("TcpExtTCPFastOpenCookieReqd", "TcpExtTCPFastOpenPassive",
                 f"{x.peer}:TcpExtTCPFastOpenActive") as seen, \
            x.capture("tcp dst port 9601 and tcp[tcpflags] & tcp-syn != 0") as syns:
        first, second = _fast(x, 9601, "in the SYN")
        syns.wait(2)
    x.holds((first, second, seen["TcpExtTCPFastOpenPassive"],
             seen[f"{x.peer}:TcpExtTCPFastOpenActive"]) == (False, True, 1, 1),
            "tcp_fastopen 3: the first request fetches a cookie, the second is in the SYN")
    sizes = [int(re.search(r"length (\d+)", line)[1]) for line in syns.lines]
    x.holds(sizes == [0, 7], f"the SYNs carry {sizes} bytes")


def _syn_times(x, port, count):
    """When a SYN is sent and repeated, from the first one on"""
    with x.capture(f"tcp dst port {port}", options=" -tt") as syns:
        client = x.socket(kind=TCP)
        client.setblocking(False)
        client.connect_ex((x.there, port))
        syns.wait(count, 30)
        client.close()
    times = [float(line.split()[0]) for line in syns.lines][:count]
    return [round(time - times[0], 1) for time in times]


@row("C6",
     "How is a SYN repeated that nobody answers, and what does TCP Fast Open save?",
     "The first tcp_syn_linear_timeouts (4) repeats follow each other by a second, only "
     "then the delay doubles; it gives up after tcp_syn_retries of them. With fast open the "
     "request of the second connection to a server is in the SYN, not in the "
     "third packet: it arrives a round trip earlier. The server has to allow it: bit 1 of "
     "tcp_fastopen, and TCP_FASTOPEN on the listener.", tools=("nft",))
def c6_syn(x):
    """SYNs repeated, and data in a SYN"""
    _fastopen(x)
    x.set('nft "add table ip deaf; add chain ip deaf i { type filter hook input priority 0; }; '
          'add rule ip deaf i tcp dport 9610-9629 drop"', "nft delete table ip deaf", ns=x.peer)
    x.set("sysctl -w net.ipv4.tcp_syn_linear_timeouts=4")
    linear = _syn_times(x, 9610, 3)
    x.turn("sysctl -w net.ipv4.tcp_syn_linear_timeouts=0")
    doubling = _syn_times(x, 9611, 3)
    x.holds(linear[2] < 2.6 < doubling[2], "SYNs with tcp_syn_linear_timeouts 4 at "
            f"{linear} s, with 0 at {doubling} s")
    x.turn("sysctl -w net.ipv4.tcp_syn_retries=1")
    with x.watch("TcpExtTCPSynRetrans", "TcpExtTCPTimeouts") as seen:
        client = x.socket(kind=TCP)
        client.settimeout(20)
        try:
            client.connect((x.there, 9612))
            said = "connected"
        except OSError as err:
            said = err.errno and errno.errorcode[err.errno] or "nothing yet"
    x.holds((said, seen["TcpExtTCPSynRetrans"]) == ("ETIMEDOUT", 1),
            f"tcp_syn_retries 1: {seen['TcpExtTCPSynRetrans']} repeated, then {said}")


# ---- C10


def _keepalive(x):
    """Who finds out that the other end is gone"""
    listen_at(x, 9901, 10)
    plain, alive = client_of(x, 9901), client_of(x, 9901)
    x.set('nft "add table ip deaf; add chain ip deaf i { type filter hook input priority 0; }; '
          'add rule ip deaf i tcp dport 9901 drop"', "nft delete table ip deaf")
    with x.watch(f"{x.peer}:TcpExtTCPKeepAlive", f"{x.peer}:TcpExtTCPAbortOnTimeout") as seen:
        for sock, on in ((plain, 0), (alive, x.turned(1, 0))):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, on)
            for option, value in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1),
                                  (socket.TCP_KEEPCNT, 2)):
                sock.setsockopt(socket.IPPROTO_TCP, option, value)
        x.run("ss -tno dport = 9901", ns=x.peer)
        x.wait(lambda: seen[f"{x.peer}:TcpExtTCPAbortOnTimeout"])
    error = alive.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    x.holds(errno.errorcode.get(error) == "ETIMEDOUT" and
            seen[f"{x.peer}:TcpExtTCPKeepAlive"] >= 2,
            f"SO_KEEPALIVE: {seen[f'{x.peer}:TcpExtTCPKeepAlive']} times the timer ran, then "
            f"{errno.errorcode.get(error, 'no error')}")
    x.holds(tcp_states(9901, x.peer)["ESTABLISHED"] == 1 and
            not plain.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR),
            "the one without it still believes to be connected")


def _synacks(x):
    """A last ACK that does not come"""
    x.set('nft "add table ip deaf2; add chain ip deaf2 i { type filter hook input priority 0; '
          '}; add rule ip deaf2 i tcp dport 9902 tcp flags & (syn | ack) == ack drop"',
          "nft delete table ip deaf2")
    x.turn("sysctl -w net.ipv4.tcp_synack_retries=1")
    listen_at(x, 9902, 10)
    with x.watch("TcpExtTCPSynRetrans") as seen:
        client_of(x, 9902)
        x.wait(lambda: not tcp_states(9902)["SYN_RECV"], 6)
    there, here = tcp_states(9902, x.peer), tcp_states(9902)
    x.holds((seen["TcpExtTCPSynRetrans"], here["SYN_RECV"], there["ESTABLISHED"]) == (1, 0, 1),
            f"tcp_synack_retries 1: the SYN-ACK was repeated {seen['TcpExtTCPSynRetrans']} time, "
            f"{here['SYN_RECV']} are left in SYN_RECV, and the client believes to be connected")


def _half_closed(x):
    """A connection that one end has closed, and the other keeps"""
    left = []
    for timeout, port in ((60, 9903), (1, 9904)):
        (x.set if timeout == 60 else x.turn)(f"sysctl -w net.ipv4.tcp_fin_timeout={timeout}",
                                             ns=x.peer)
        listener = listen_at(x, port, 10)
        client = client_of(x, port)
        kept, _ = listener.accept()
        client.close()
        x.wait(lambda port=port: tcp_states(port, x.peer)["FIN_WAIT2"])
        x.wait(lambda port=port: not tcp_states(port, x.peer)["FIN_WAIT2"], 3)
        left.append(tcp_states(port, x.peer)["FIN_WAIT2"])
        kept.close()
    x.holds(left == [1, 0], "3 s after the client closed and the server did not: "
            f"FIN_WAIT2 {left[0]} with tcp_fin_timeout 60, {left[1]} with 1")


def _unread(x):
    """What close() does with data that nobody has read"""
    listener = listen_at(x, 9905, 10)
    for read in (True, x.turned(False, True)):
        client = client_of(x, 9905)
        server, _ = listener.accept()
        client.send(b"bytes")
        x.wait(lambda sock=server: select.select([sock], [], [], 0)[0])
        if read:
            server.recv(100)
        with x.watch("TcpExtTCPAbortOnClose", "TcpOutRsts") as seen:
            server.close()
            x.wait(lambda sock=client: select.select([sock], [], [], 0)[0])
        try:
            said = f"an end of data ({len(client.recv(100))} bytes)"
        except ConnectionResetError:
            said = "ECONNRESET"
        client.close()
        x.say(f"  close() {'with everything read' if read else 'with unread data'}: "
              f"the client gets {said}")
    x.holds((said, seen["TcpExtTCPAbortOnClose"]) == ("ECONNRESET", 1),
            f"with unread data it sends a reset: TCPAbortOnClose "
            f"{seen['TcpExtTCPAbortOnClose']}, {said}")
    x.holds(x.wait(lambda: tcp_states(9905)["TIME_WAIT"] == 1),
            "the other one is in TIME_WAIT")


@row("C10",
     "How does a connection end when the other end is silent, or closes in its own way?",
     "Without SO_KEEPALIVE an idle end never learns that the other one is gone. A last ACK "
     "that is lost leaves a client that believes to be connected, and a server that forgets "
     "it after tcp_synack_retries. tcp_fin_timeout bounds FIN_WAIT2 of a socket whose process "
     "is done with it. close() with unread data resets.", tools=("nft",))
def c10_ends(x):
    """Keepalive, SYN-ACKs repeated, FIN_WAIT2, and a close with unread data"""
    _keepalive(x)
    _synacks(x)
    _half_closed(x)
    _unread(x)


# ---- C11


def _who_gets(x, socks, source, port, count=10):
    """Datagrams of @source; how many each of the sockets got"""
    for _ in range(count):
        source.sendto(b"which", (x.here, port))
    got = [0] * len(socks)

    def all_here():
        for n, sock in enumerate(socks):
            got[n] += x.drain(sock)
        return sum(got) == count
    x.wait(all_here)
    return got


def _udp_sockets(x):
    """Of several UDP sockets of a port the one that fits best"""
    port = 9911
    source, other = (x.socket(x.peer) for _ in range(2))
    for sock in (source, other):
        sock.bind((x.there, 0))
    socks = [x.socket(), x.socket()]
    for sock, address in zip(socks, ("0.0.0.0", x.here)):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
    got = _who_gets(x, socks, source, port)
    x.holds(got == [0, 10], f"bound to any address, and to this one: {got} of 10 datagrams")
    if x.turned(True, False):
        socks[0].connect(source.getsockname())
    got = _who_gets(x, socks, source, port)
    x.holds(got == [10, 0], f"the first one is connected to the sender: {got}")
    got = _who_gets(x, socks, other, port)
    x.holds(got == [0, 10], f"from another port of the sender: {got}")


def _tcp_sockets(x):
    """An established connection goes before the listener, an address before none"""
    port = 9912
    any_address = x.socket(kind=TCP)
    any_address.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    any_address.bind(("0.0.0.0", port))
    any_address.listen(10)
    first = client_of(x, port)
    if x.turned(True, False):
        mine = x.socket(kind=TCP)
        mine.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        mine.bind((x.here, port))
        mine.listen(10)
    else:
        mine = any_address
    client_of(x, port)
    waiting = [len(select.select([sock], [], [], 5)[0]) for sock in (any_address, mine)]
    x.run(f"ss -ltn sport = {port}")
    queues = [int(line.split()[1]) for line in x.run(f"ss -Hltn sport = {port}",
                                                     shown=False).splitlines()]
    x.holds(sorted(queues) == [1, 1] and waiting == [1, 1],
            f"the listener of any address has 1, the later one of this address the other: {queues}")
    with x.watch("TcpExtTCPSYNChallenge", "TcpExtListenOverflows", "TcpPassiveOpens") as seen:
        _one_syn(x, first)
        x.wait(lambda: seen["TcpExtTCPSYNChallenge"])
    x.holds((seen["TcpExtTCPSYNChallenge"], seen["TcpPassiveOpens"]) == (1, 0),
            f"a SYN with the four numbers of a connection: TCPSYNChallenge "
            f"{seen['TcpExtTCPSYNChallenge']}, and no new connection")


def _one_syn(x, like):
    """A SYN with the addresses and ports of a connection of the partner"""
    raw = x.socket(x.peer, socket.SOCK_RAW, proto=socket.IPPROTO_TCP)
    (source, sport), (dest, dport) = like.getsockname(), like.getpeername()
    syn = struct.pack("!HHIIBBHHH", sport, dport, 12345, 0, 0x50, 2, 64240, 0, 0)
    csum = checksum(pseudo_header(socket.inet_aton(source), socket.inet_aton(dest),
                                  socket.IPPROTO_TCP, len(syn)) + syn)
    raw.sendto(syn[:16] + struct.pack("!H", csum) + syn[18:], (dest, 0))


@row("C11",
     "Several sockets have the same port. Which one gets a packet?",
     "The one that knows most of the packet's addresses: connected before bound to this "
     "address, before bound to any. For TCP the table of connections is searched before "
     "that of listeners, so a SYN of a known connection does not reach the listener.")
def c11_lookup(x):
    """How a packet finds its socket"""
    _udp_sockets(x)
    _tcp_sockets(x)


# ---- C12


COUNTS = ("TcpInSegs", "TcpOutSegs", "TcpPassiveOpens")


def _echo(listener, connections):
    """A server in a process of its own"""
    if not (pid := os.fork()):
        for _ in range(connections):
            conn, _ = listener.accept()
            while data := conn.recv(4096):
                conn.send(data)
            conn.close()
        os._exit(0)
    return pid


def _cost(x, where, port, requests, a_connection, at_once=1):
    """
    So many requests, some of them to a connection, some of those sent at once; segments,
    interrupts of our card, and ports in TIME_WAIT
    """
    ns = x.peer if where == "card" else None
    listener = listen_at(x, port, 100)
    pid = _echo(listener, requests // a_connection)
    with x.watch(*COUNTS, f"irq.{x.nic}-TxRx-*") as seen:
        for _ in range(requests // a_connection):
            client = x.socket(ns, TCP)
            client.settimeout(30)
            client.connect((x.here, port))
            for _ in range(a_connection // at_once):
                client.send(bytes(MESSAGE * at_once))
                _receive(client, MESSAGE * at_once)
            client.close()
        os.waitpid(pid, 0)
    listener.close()
    x.wait(lambda: tcp_states(port, ns)["TIME_WAIT"] == requests // a_connection)
    left = tcp_states(port, ns)["TIME_WAIT"]
    segments = seen["TcpInSegs"] + seen["TcpOutSegs"]
    interrupts = sum(seen[f"irq.{x.nic}-TxRx-*"])
    x.say(f"    over {where}, {a_connection} requests a connection, {at_once} at once: "
          f"{segments / requests:.1f} segments and {interrupts / requests:.2f} interrupts a "
          f"request, {left} ports in TIME_WAIT")
    return segments, interrupts, left


@row("C12",
     "What does a connection cost, and what does it save to keep it, or to stay at home?",
     "A connection for each request costs the handshake, the end, and a port for a minute: "
     "about five times the packets of a request over one that is kept. Requests that are sent "
     "together share packets. Over lo no interrupt of a card is needed; the segments are the "
     "same, and both ends' work is done here.")
def c12_cost(x, requests=60):
    """Short against kept connections, one by one against together, card against lo"""
    short = _cost(x, "card", 9920, requests, 1)
    kept = _cost(x, "card", 9921, requests, x.turned(requests, 1))
    x.holds(short[0] > 3 * kept[0] and (short[2], kept[2]) == (requests, 1),
            f"{requests} requests: {short[0]} segments and {short[2]} ports with a connection "
            f"each, {kept[0]} and {kept[2]} with one that is kept")
    merged = _cost(x, "card", 9922, requests, requests, x.turned(10, 1))
    x.holds(merged[0] < kept[0] / 2,
            f"ten requests at once: {merged[0]} segments instead of {kept[0]}")
    home = _cost(x, x.turned("lo", "card"), 9923, requests, requests)
    x.holds(home[1] < kept[1] / 5, f"over lo: {home[1]} interrupts instead of {kept[1]}")


if __name__ == "__main__":
    run_rows(__file__)
