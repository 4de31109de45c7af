# SPDX-License-Identifier: GPL-2.0

"""
TCP connections of the experiments on a packet's path: the server is here, and its clients
are the partner's.
"""

import socket
import struct
from pathlib import Path

from .cards import in_netns

TCP = socket.SOCK_STREAM
LINGER_RESET = struct.pack("ii", 1, 0)


def listen_at(x, port, backlog, ns=None):
    """A listening socket, here unless in @ns"""
    sock = x.socket(ns, TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((x.there if ns else x.here, port))
    sock.listen(backlog)
    return sock


def client_of(x, port, timeout=20):
    """A connection from the partner"""
    sock = x.socket(x.peer, TCP)
    sock.settimeout(timeout)
    sock.connect((x.here, port))
    return sock


def call(x, port):
    """A connection from the partner that may never come to be"""
    sock = x.socket(x.peer, TCP)
    sock.setblocking(False)
    sock.connect_ex((x.here, port))
    return sock


def tcp_states(port, ns=None):
    """How many sockets of that port, of either end, are in each state"""
    with in_netns(ns):
        table = Path("/proc/thread-self/net/tcp").read_text("ascii")
    rows = [line.split() for line in table.splitlines()[1:]]
    names = ("", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",
             "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "SYN_RECV")
    counts = dict.fromkeys(names, 0)
    for _, local, remote, state, *_ in rows:
        if port in (int(local.split(":")[1], 16), int(remote.split(":")[1], 16)):
            counts[names[int(state, 16)]] += 1
    return counts


def reset_all(*socks):
    """Close connections so that nothing is left of them, not even TIME_WAIT"""
    for sock in socks:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
        sock.close()
