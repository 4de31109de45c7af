#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
netpath at the two ends of the path: sockets, listeners and ports; what programs send; and
the devices that are no card. As in netpath.py, the loss that is provoked is the first.
"""

import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

from lib.py import ksft_run, ksft_exit
from lib.py import ksft_eq, ksft_ge, ksft_gt, ksft_in, ksft_not_in
from lib.py import KsftSkipEx
from lib.py import cmd, defer, sysctl, TgbeEnv, wait_until
from lib.py import Watch, cured, frames, inside, ip_packet, is_first, lose_and_cure, \
    needs_events, NETPATH, queued, run_cure, tcp_segment, udp_socket, udp_to_us, watch

PORT = 4242
SO_RCVBUFFORCE, SO_ATTACH_FILTER = 33, 26
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454ca, 1, 0x1000


def _send(sock, cfg, number, port=PORT, size=100):
    for _ in range(number):
        sock.sendto(bytes(size), (cfg.dut.addr_v["4"], port))


def rcvbuf(cfg) -> None:
    """ SOCKET_RCVBUFF: a reader that does not read, with its process and buffer """
    cfg.pin_neighbours()
    sysctl(cfg.dut, "net.core.rmem_default", 4608)
    sender = udp_socket(cfg.peer)

    def provoke():
        sock = udp_socket(cfg.dut, PORT)
        before = cfg.dut.stats()["rx"]["packets"]
        _send(sender, cfg, 200)
        wait_until(lambda: cfg.dut.stats()["rx"]["packets"] - before >= 200, "not all came")
        provoke.sock = sock

    seen, _ = watch(cfg, provoke)
    loss = is_first(seen, "SOCKET_RCVBUFF", 200 - queued(provoke.sock))
    ksft_in(f"{cfg.dut.addr_v['4']}:{PORT}", loss["who"][0]["name"])
    ksft_in("buffer 4608", loss["who"][0]["name"])
    ksft_in("python3, pid ", loss["who"][0]["name"])
    provoke.sock.close()
    run_cure(loss)
    after, _ = watch(cfg, provoke)
    ksft_eq(after.losses, {})
    ksft_eq(queued(provoke.sock), 200)


def proto_mem(cfg) -> None:
    """ PROTO_MEM: all UDP sockets together hold too much """
    cfg.pin_neighbours()
    pages = Path("/proc/sys/net/ipv4/udp_mem").read_text("ascii")
    defer(Path("/proc/sys/net/ipv4/udp_mem").write_text, pages)
    Path("/proc/sys/net/ipv4/udp_mem").write_text("10 20 30", encoding="ascii")
    sender = udp_socket(cfg.peer)

    def provoke():
        sock = udp_socket(cfg.dut, PORT)
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 25)
        before = cfg.dut.stats()["rx"]["packets"]
        # each CPU keeps a megabyte in reserve
        _send(sender, cfg, 1200, size=1400)
        wait_until(lambda: cfg.dut.stats()["rx"]["packets"] - before >= 1200, "not all came")
        kept = queued(sock)
        sock.close()
        return 1200 - kept

    lose_and_cure(cfg, "PROTO_MEM", provoke)


def no_socket(cfg) -> None:
    """ NO_SOCKET: a port that nobody has; starting the reader ends it """
    cfg.pin_neighbours()
    sender = udp_socket(cfg.peer)

    def provoke():
        # an error of ICMP is the answer to the first, and only to some of the others
        before = cfg.dut.stats()["rx"]["packets"]
        _send(sender, cfg, 10)
        wait_until(lambda: cfg.dut.stats()["rx"]["packets"] - before >= 10, "not all came")
        return 10

    lose_and_cure(cfg, "NO_SOCKET", provoke, lambda _: udp_socket(cfg.dut, PORT))


def tcp_no_socket(cfg) -> None:
    """ TCP_NO_SOCKET: a connection to a port that nobody listens on """
    needs_events()
    cfg.pin_neighbours()

    def provoke():
        for _ in range(5):
            with inside(cfg.peer):
                client = socket.socket()
            client.settimeout(5)
            client.connect_ex((cfg.dut.addr_v["4"], PORT))
            client.close()
        return 5

    def listen(_):
        udp_socket(cfg.dut, PORT, socket.SOCK_STREAM).listen(50)

    lose_and_cure(cfg, "TCP_NO_SOCKET", provoke, listen)


def listener(cfg) -> None:
    """ ListenOverflows: an accept queue that is full, with its process and its length """
    cfg.pin_neighbours()
    sysctl(cfg.dut, "net.core.somaxconn", 5)

    def provoke():
        server = udp_socket(cfg.dut, PORT, socket.SOCK_STREAM)
        server.listen(50)
        clients = []
        for _ in range(12):
            with inside(cfg.peer):
                client = socket.socket()
            client.setblocking(False)
            client.connect_ex((cfg.dut.addr_v["4"], PORT))
            clients.append(client)
        time.sleep(0.5)
        provoke.server, provoke.clients = server, clients

    def end():
        for sock in (provoke.server, *provoke.clients):
            sock.close()

    # the first repeats are a second apart
    seen, _ = watch(cfg, provoke)
    loss = is_first(seen, "ListenOverflows")
    ksft_ge(loss["lost"], 6)
    ksft_in("6 of 5 wait", loss["who"][0]["name"])
    end()
    cured(cfg, "ListenOverflows", loss, provoke)
    end()


def socket_filter(cfg) -> None:
    """ SOCKET_FILTER: a program's own filter refuses all """
    needs_events()
    cfg.pin_neighbours()
    sock = udp_socket(cfg.dut, PORT)
    refuse = struct.pack("HBBI", 6, 0, 0, 0)
    code = bytearray(refuse)
    where = (ctypes.c_char * len(code)).from_buffer(code)
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                    struct.pack("HL", 1, ctypes.addressof(where)))
    packet = ip_packet(cfg.peer.addr_v["4"], cfg.dut.addr_v["4"], udp_to_us(cfg, PORT))
    seen, number = watch(cfg, frames(cfg, 8, packet))
    is_first(seen, "SOCKET_FILTER", number)


def out_no_route(cfg) -> None:
    """ IP_OUTNOROUTES: a program sends where no route leads, until there is one """
    sender = udp_socket(cfg.dut)

    def provoke():
        number = 0
        for _ in range(6):
            try:
                sender.sendto(b"x", ("198.51.100.7", PORT))
            except OSError:
                number += 1
        return number

    def add_route(_):
        cmd(f"ip route add 198.51.100.7 dev {cfg.ifname}")
        defer(cmd, f"ip route del 198.51.100.7 dev {cfg.ifname}")
        cmd(f"ip neigh replace 198.51.100.7 lladdr 02:00:00:00:00:07 dev {cfg.ifname}")
        defer(cmd, f"ip neigh del 198.51.100.7 dev {cfg.ifname}")

    lose_and_cure(cfg, "IP_OUTNOROUTES", provoke, add_route)


def syn_queue(cfg) -> None:
    """ ListenDrops: the SYN queue is full without cookies, which the command turns on """
    cfg.pin_neighbours()
    sysctl(cfg.dut, "net.ipv4.tcp_syncookies", 0)
    us = cfg.dut.addr_v["4"]
    # addresses that never answer, by a neighbour that is nobody
    cmd(f"ip route add 198.18.0.0/16 dev {cfg.ifname} via {cfg.peer.addr_v['4']}")
    defer(cmd, f"ip route del 198.18.0.0/16 dev {cfg.ifname}")
    cfg.peer.cmd("ip route add blackhole 198.18.0.0/16")
    defer(cfg.peer.cmd, "ip route del blackhole 198.18.0.0/16")

    def provoke():
        server = udp_socket(cfg.dut, PORT, socket.SOCK_STREAM)
        server.listen(8)
        send = frames(cfg, 1, *(ip_packet(f"198.18.1.{i}", us,
                                          tcp_segment(f"198.18.1.{i}", us, 1000 + i, PORT),
                                          proto=6) for i in range(1, 61)))
        send()
        server.close()

    seen, _ = watch(cfg, provoke)
    loss = is_first(seen, "ListenDrops")
    # the queue has one more than listen() asks for
    ksft_eq(loss["lost"], 60 - 9)
    after = cured(cfg, "ListenDrops", loss, provoke)
    ksft_in("TCPReqQFullDoCookies", [one["name"] for one in after.report["harmless"]])


def time_wait(cfg) -> None:
    """ TCPTimeWaitOverflow: more than may wait, of which the command allows more """
    cfg.pin_neighbours()
    sysctl(cfg.dut, "net.ipv4.tcp_max_tw_buckets", 1)
    server = udp_socket(cfg.peer, PORT, socket.SOCK_STREAM)
    server.listen(50)

    def provoke():
        for _ in range(12):
            with inside(cfg.dut):
                client = socket.socket()
            client.connect((cfg.peer.addr_v["4"], PORT))
            conn, _ = server.accept()
            client.close()
            wait_until(lambda conn=conn: conn.recv(1) == b"", "no end")
            conn.close()

    seen, _ = watch(cfg, provoke)
    loss = is_first(seen, "TCPTimeWaitOverflow")
    ksft_ge(loss["lost"], 10)
    cured(cfg, "TCPTimeWaitOverflow", loss, provoke)


def tun_unread(_cfg) -> None:
    """ FULL_RING: nobody reads the file of a tun, whose queue the command makes longer """
    cmd("modprobe tun", fail=False)
    if not Path("/dev/net/tun").exists():
        raise KsftSkipEx("no tun")

    def make(qlen):
        file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH", b"np1", IFF_TUN | IFF_NO_PI))
        cmd(f"ip link set dev np1 txqueuelen {qlen}")
        cmd("ip addr add 203.0.113.1/24 dev np1")
        cmd("ip link set dev np1 up")
        return file

    def provoke():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(60):
                sender.sendto(b"x", ("203.0.113.9", PORT))

    file = make(10)
    defer(os.close, file)
    with Watch("np1") as seen:
        provoke()
    loss = is_first(seen, "FULL_RING")
    ksft_ge(loss["lost"], 48)
    run_cure(loss)
    with Watch("np1") as after:
        provoke()
    ksft_not_in("FULL_RING", after.losses)


def _veth(name="np2", other="np3"):
    """A pair of devices, one end here and one in a namespace of its own"""
    cmd("ip netns add np")
    defer(cmd, "ip netns del np")
    cmd(f"ip link add {name} type veth peer name {other} netns np")
    cmd(f"ip link set dev {name} up")
    cmd("ip -n np addr add 203.0.113.2/24 dev " + other)
    cmd(f"ip -n np link set dev {other} up")


def bridge_state(_cfg) -> None:
    """ BRIDGE_INGRESS_STP_STATE: a port that does not forward, until the command """
    needs_events()
    _veth()
    cmd("ip link add np4 type bridge forward_delay 0")
    defer(cmd, "ip link del np4")
    cmd("ip addr add 203.0.113.1/24 dev np4")
    cmd("ip link set dev np2 master np4")
    cmd("ip link set dev np4 up")
    cmd("bridge link set dev np2 state 0")

    def provoke():
        cmd("ip netns exec np ping -c 1 -W 1 203.0.113.1", fail=False)

    with Watch("np2") as seen:
        provoke()
    loss = is_first(seen, "BRIDGE_INGRESS_STP_STATE")
    run_cure(loss)
    with Watch("np2") as after:
        provoke()
    ksft_not_in("BRIDGE_INGRESS_STP_STATE", after.losses)


def veth_healthy(_cfg) -> None:
    """ A ping over veth, of its two ends, loses nothing and leaves nothing unexplained """
    _veth()
    cmd("ip addr add 203.0.113.1/24 dev np2")
    for name, ns in (("np2", None), ("np3", "np")):
        with Watch(name, ns) as seen:
            cmd("ping -c 5 -i 0.2 203.0.113.2")
        ksft_eq(seen.report["losses"], [])
        ksft_eq(seen.unexplained, 0)


def namespace(_cfg) -> None:
    """ The command for a device of a namespace enters it, and a loss elsewhere is not its """
    _veth()
    cmd("ip addr add 203.0.113.1/24 dev np2")
    cmd("ip netns exec np sysctl -w net.ipv4.ip_forward=0")
    cmd("ip route add 198.51.100.0/24 via 203.0.113.2")
    defer(cmd, "ip route del 198.51.100.0/24", fail=False)

    def provoke():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(4):
                sender.sendto(b"x", ("198.51.100.1", PORT))
        time.sleep(0.2)

    cmd("ping -c 1 203.0.113.2")
    with Watch("np3", "np") as seen:
        provoke()
    loss = is_first(seen, "IP_INADDRERRORS", 4)
    ksft_in("ip netns exec np ", loss["cures"][0]["command"])
    with Watch("np2") as outside:
        provoke()
    ksft_eq(outside.losses, {})


def gone(_cfg) -> None:
    """ A device that disappears ends it, with a line and a status of its own """
    cmd("ip link add np5 type dummy")
    # pylint: disable=consider-using-with  # ends by itself
    run = subprocess.Popen([NETPATH, "-i", "0.2", "np5"], text=True, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE)
    run.stdout.readline()
    cmd("ip link del np5")
    _, said = run.communicate(timeout=120)
    ksft_eq(run.returncode, 3)
    ksft_eq(said, "netpath: np5 is gone\n")


def nothing_left(cfg) -> None:
    """ ^C ends it, and none of its programs stays in the kernel """
    needs_events()

    def programs():
        return cmd("bpftool prog show").stdout.count(" name on_")

    # pylint: disable=consider-using-with  # ends by the signal
    run = subprocess.Popen([NETPATH, "-i", "0.5", cfg.ifname], stdout=subprocess.PIPE)
    run.stdout.readline()
    ksft_gt(programs(), 0)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=120)
    ksft_eq(run.returncode, 0)
    wait_until(lambda: programs() == 0, "programs are left")


CASES = (rcvbuf, proto_mem, no_socket, tcp_no_socket, socket_filter, listener, syn_queue,
         time_wait, out_no_route, tun_unread, bridge_state, veth_healthy, namespace, gone,
         nothing_left)


def main() -> None:
    """ Ksft boiler plate main """
    with TgbeEnv(__file__) as cfg:
        if not NETPATH.exists():
            raise KsftSkipEx("netpath is not built")
        ksft_run(CASES, args=(cfg,))
    ksft_exit()


if __name__ == "__main__":
    main()
