#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
netpath names a loss that is provoked as the first, with its number, and the command that
it prints ends it. Each row of its table that can be provoked has a case.
"""

import socket
import struct
import time
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_gt, ksft_in, ksft_ne, ksft_not_in
from lib.py import KsftSkipEx
from lib.py import cmd, defer, exchange, Pktgen, settled, sysctl, TgbeEnv, wait_until
from lib.py import RawSender, Watch, inside, ip_packet, needs_events, netpath, NETPATH, queued, \
    run_cure, tcp_segment, udp_datagram, udp_socket

PORT = 4242
# Nobody's address, and one behind us
ELSEWHERE, BEHIND_US = "198.51.100.9", "203.0.113.5"
SO_RCVBUFFORCE = 33


def _send(sock, cfg, number, port=PORT, size=100):
    for _ in range(number):
        sock.sendto(bytes(size), (cfg.dut.addr_v["4"], port))


def _watch(cfg, provoke, **options):
    """Provoke while it watches: the report, and what provoke() returned"""
    with Watch(cfg.ifname, **options) as seen:
        number = provoke()
    return seen, number


def _is_first(seen, name, number=None):
    """It is the first that is named; its number is exact where one is given"""
    ksft_eq(next(iter(seen.losses), None), name, f"of {seen.losses}")
    loss = next((one for one in seen.report["losses"] if one["name"] == name), None)
    if loss and number is not None:
        ksft_eq(loss["lost"], number)
    return loss or {"cures": [], "who": []}


def _lose_and_cure(cfg, name, provoke, cure=run_cure):
    """
    The loss that provoke() makes, of which it returns the number, is the first; after its
    cure nothing of the kind is lost
    """
    seen, number = _watch(cfg, provoke)
    loss = _is_first(seen, name, number)
    ksft_eq(seen.unexplained, 0)
    cure(loss)
    after, _ = _watch(cfg, provoke)
    ksft_not_in(name, after.losses)
    return loss


def _quiet(cfg):
    """Neighbours are known, so that none has to be asked for"""
    cfg.pin_neighbours()


def rcvbuf(cfg) -> None:
    """ SOCKET_RCVBUFF: a reader that does not read, with its process and buffer """
    _quiet(cfg)
    sysctl(cfg.dut, "net.core.rmem_default", 4608)
    sender = udp_socket(cfg.peer)

    def provoke():
        sock = udp_socket(cfg.dut, PORT)
        before = cfg.dut.stats()["rx"]["packets"]
        _send(sender, cfg, 200)
        wait_until(lambda: cfg.dut.stats()["rx"]["packets"] - before >= 200, "not all came")
        provoke.sock = sock
        return None

    seen, _ = _watch(cfg, provoke)
    loss = _is_first(seen, "SOCKET_RCVBUFF", 200 - queued(provoke.sock))
    ksft_in(f"{cfg.dut.addr_v['4']}:{PORT}", loss["who"][0]["name"])
    ksft_in("buffer 4608", loss["who"][0]["name"])
    ksft_in("python3, pid ", loss["who"][0]["name"])
    provoke.sock.close()
    run_cure(loss)
    after, _ = _watch(cfg, provoke)
    ksft_eq(after.losses, {})
    ksft_eq(queued(provoke.sock), 200)


def proto_mem(cfg) -> None:
    """ PROTO_MEM: all UDP sockets together hold too much """
    _quiet(cfg)
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

    _lose_and_cure(cfg, "PROTO_MEM", provoke)


def no_socket(cfg) -> None:
    """ NO_SOCKET: a port that nobody has; starting the reader ends it """
    _quiet(cfg)
    sender = udp_socket(cfg.peer)

    def provoke():
        # an error of ICMP is the answer to the first, and only to some of the others
        before = cfg.dut.stats()["rx"]["packets"]
        _send(sender, cfg, 10)
        wait_until(lambda: cfg.dut.stats()["rx"]["packets"] - before >= 10, "not all came")
        return 10

    _lose_and_cure(cfg, "NO_SOCKET", provoke, lambda _: udp_socket(cfg.dut, PORT))


def tcp_no_socket(cfg) -> None:
    """ TCP_NO_SOCKET: a connection to a port that nobody listens on """
    needs_events()
    _quiet(cfg)

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

    _lose_and_cure(cfg, "TCP_NO_SOCKET", provoke, listen)


def _frames(cfg, number, *packets, **options):
    """A function that sends the packets so often and waits until they are here"""
    raw = RawSender(cfg.peer, cfg.dut)

    def provoke():
        before = cfg.dut.stats()["rx"]["packets"]
        for _ in range(number):
            for packet in packets:
                raw.send(packet, **options)
        wait_until(lambda: cfg.dut.stats()["rx"]["packets"] - before >= number * len(packets),
                   "not all came")
        return number * len(packets)
    return provoke


def _udp_to_us(cfg, damage=0):
    return udp_datagram(cfg.peer.addr_v["4"], cfg.dut.addr_v["4"], PORT, PORT, damage=damage)


def malformed(cfg) -> None:
    """ What is wrong with a packet is the reason for its loss """
    _quiet(cfg)
    them, us = cfg.peer.addr_v["4"], cfg.dut.addr_v["4"]
    data = _udp_to_us(cfg)
    cases = {
        "IP_CSUM": ip_packet(them, us, data, damage=1),
        "IP_NOPROTO": ip_packet(them, us, data, proto=250),
        "PKT_TOO_SMALL": ip_packet(them, us, data, length=1400),
        "UDP_CSUM": ip_packet(them, us, _udp_to_us(cfg, damage=1)),
        "TCP_CSUM": ip_packet(them, us, tcp_segment(them, us, PORT, PORT, damage=1), proto=6),
        "IP_INHDR": ip_packet(them, us, data, version=0x44),
    }
    udp_socket(cfg.dut, PORT)
    for name, packet in cases.items():
        ksft_pr(name)
        seen, number = _watch(cfg, _frames(cfg, 7, packet))
        _is_first(seen, name, number)
        ksft_eq(seen.unexplained, 0, name)


def martian(cfg) -> None:
    """ IP_LOCALNET: a source that cannot be on a wire """
    needs_events()
    _quiet(cfg)
    packet = ip_packet("127.0.0.9", cfg.dut.addr_v["4"], _udp_to_us(cfg))
    seen, number = _watch(cfg, _frames(cfg, 5, packet))
    _is_first(seen, "IP_LOCALNET", number)


def ethertype(cfg) -> None:
    """ UNHANDLED_PROTO: an EtherType that nobody speaks """
    needs_events()
    seen, number = _watch(cfg, _frames(cfg, 6, bytes(46), ethertype=0x88b5))
    _is_first(seen, "UNHANDLED_PROTO", number)


def otherhost(cfg) -> None:
    """ OTHERHOST: frames for others in promiscuous mode, which the command ends """
    _quiet(cfg)
    defer(cmd, f"ip link set dev {cfg.ifname} promisc off")
    cmd(f"ip link set dev {cfg.ifname} promisc on")
    raw = RawSender(cfg.peer, cfg.dut)
    packet = ip_packet(cfg.peer.addr_v["4"], cfg.dut.addr_v["4"], _udp_to_us(cfg))

    def provoke():
        for _ in range(9):
            raw.send(packet, mac=bytes.fromhex("020000000063"))
        # behind them, so that they are there when it is
        wait_until(lambda: cfg.dut.reachable(cfg.peer.addr_v["4"]), "no answer")
        return 9

    _lose_and_cure(cfg, "OTHERHOST", provoke)


def _second_network(cfg):
    """A device of our own that leads nowhere, and with BEHIND_US behind it"""
    defer(cmd, "ip link del dev np0")
    cmd("ip link add np0 type dummy")
    cmd("ip addr add 203.0.113.1/24 dev np0")
    cmd("ip link set dev np0 up")
    cfg.peer.cmd(f"ip route add 203.0.113.0/24 via {cfg.dut.addr_v['4']}")
    defer(cfg.peer.cmd, "ip route del 203.0.113.0/24")


def not_ours(cfg) -> None:
    """ IP_INADDRERRORS: not ours and no forwarding, which the command turns on """
    _quiet(cfg)
    _second_network(cfg)
    sysctl(cfg.dut, "net.ipv4.ip_forward", 0)
    packet = ip_packet(cfg.peer.addr_v["4"], BEHIND_US, _udp_to_us(cfg))
    _lose_and_cure(cfg, "IP_INADDRERRORS", _frames(cfg, 8, packet))


def no_route(cfg) -> None:
    """ IP_INNOROUTES: forwarding without a route, until there is one """
    _quiet(cfg)
    _second_network(cfg)
    sysctl(cfg.dut, "net.ipv4.ip_forward", 1)
    packet = ip_packet(cfg.peer.addr_v["4"], ELSEWHERE, _udp_to_us(cfg))

    def add_route(_):
        cmd(f"ip route add {ELSEWHERE} dev np0")

    _lose_and_cure(cfg, "IP_INNOROUTES", _frames(cfg, 4, packet), add_route)


def rp_filter(cfg) -> None:
    """ IP_RPFILTER: a source behind another device, which the loose mode lets in """
    _quiet(cfg)
    _second_network(cfg)
    sysctl(cfg.dut, f"net.ipv4.conf.{cfg.ifname}.rp_filter", 1)
    udp_socket(cfg.dut, PORT)
    packet = ip_packet(BEHIND_US, cfg.dut.addr_v["4"],
                       udp_datagram(BEHIND_US, cfg.dut.addr_v["4"], PORT, PORT))
    _lose_and_cure(cfg, "IP_RPFILTER", _frames(cfg, 10, packet))


def ttl(cfg) -> None:
    """ TTL: it ran out here """
    _quiet(cfg)
    _second_network(cfg)
    sysctl(cfg.dut, "net.ipv4.ip_forward", 1)
    packet = ip_packet(cfg.peer.addr_v["4"], BEHIND_US, _udp_to_us(cfg), ttl=1)
    seen, number = _watch(cfg, _frames(cfg, 3, packet))
    _is_first(seen, "TTL", number)


def fragment(cfg) -> None:
    """ FRAG_REASM_TIMEOUT: a fragment never comes """
    _quiet(cfg)
    sysctl(cfg.dut, "net.ipv4.ipfrag_time", 1)
    them, us = cfg.peer.addr_v["4"], cfg.dut.addr_v["4"]
    send = _frames(cfg, 1, *(ip_packet(them, us, bytes(64), ident=i, frag=0x2000)
                             for i in range(4)))

    def timeouts():
        words = [row.split() for row in Path("/proc/net/snmp").read_text("ascii").splitlines()
                 if row.startswith("Ip:")]
        return int(dict(zip(*words))["ReasmTimeout"])

    def provoke():
        before = timeouts()
        number = send()
        wait_until(lambda: timeouts() - before >= number, "fragments are kept")
        return number

    seen, number = _watch(cfg, provoke)
    _is_first(seen, "FRAG_REASM_TIMEOUT", number)
    ksft_eq(seen.unexplained, 0)


def listener(cfg) -> None:
    """ ListenOverflows: an accept queue that is full, with its process and its length """
    _quiet(cfg)
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
    seen, _ = _watch(cfg, provoke)
    loss = _is_first(seen, "ListenOverflows")
    ksft_ge(loss["lost"], 6)
    ksft_in("6 of 5 wait", loss["who"][0]["name"])
    end()
    run_cure(loss)
    after, _ = _watch(cfg, provoke)
    ksft_not_in("ListenOverflows", after.losses)
    end()


def neighbour_full(cfg) -> None:
    """ NEIGH_QUEUEFULL: more than may wait for a neighbour that does not answer """
    needs_events()
    sysctl(cfg.dut, f"net.ipv4.neigh.{cfg.ifname}.unres_qlen_bytes", 3000)
    sender = udp_socket(cfg.dut)

    def provoke():
        for _ in range(20):
            sender.sendto(b"x", ("192.0.3.77", PORT))
        cmd(f"ip neigh del 192.0.3.77 dev {cfg.ifname}", fail=False)

    seen, _ = _watch(cfg, provoke)
    loss = _is_first(seen, "NEIGH_QUEUEFULL")
    ksft_gt(loss["lost"], 10)
    run_cure(loss)
    after, _ = _watch(cfg, provoke)
    ksft_not_in("NEIGH_QUEUEFULL", after.losses)


def qdisc_full(cfg) -> None:
    """ QDISC_DROP: a queue of 3, which the command makes longer """
    _quiet(cfg)
    defer(cmd, f"tc qdisc del dev {cfg.ifname} root", fail=False)
    cmd(f"tc qdisc add dev {cfg.ifname} root netem delay 300ms limit 3")
    sender = udp_socket(cfg.dut)
    udp_socket(cfg.peer, PORT)

    def provoke():
        for _ in range(23):
            sender.sendto(b"x", (cfg.peer.addr_v["4"], PORT))
        return 20

    seen, number = _watch(cfg, provoke)
    loss = _is_first(seen, "QDISC_DROP", number)
    ksft_in("netem", loss["who"][0]["name"])


def tc_ingress(cfg) -> None:
    """ TC_INGRESS: a filter says drop """
    _quiet(cfg)
    defer(cmd, f"tc qdisc del dev {cfg.ifname} clsact", fail=False)
    cmd(f"tc qdisc add dev {cfg.ifname} clsact")
    cmd(f"tc filter add dev {cfg.ifname} ingress matchall action drop")
    packet = ip_packet(cfg.peer.addr_v["4"], cfg.dut.addr_v["4"], _udp_to_us(cfg))
    udp_socket(cfg.dut, PORT)

    def remove(_):
        cmd(f"tc filter del dev {cfg.ifname} ingress")

    _lose_and_cure(cfg, "TC_INGRESS", _frames(cfg, 11, packet), remove)


def backlog(cfg) -> None:
    """ CPU_BACKLOG: a backlog of 10 behind RPS, which the command makes longer """
    _quiet(cfg)
    sysctl(cfg.dut, "net.core.netdev_max_backlog", 10)
    for queue in Path(f"/sys/class/net/{cfg.ifname}/queues").glob("rx-*/rps_cpus"):
        defer(queue.write_text, queue.read_text("ascii"))
        queue.write_text("2", encoding="ascii")

    def dropped():
        return sum(int(row.split()[1], 16)
                   for row in Path("/proc/net/softnet_stat").read_text("ascii").splitlines())

    def provoke():
        before = dropped()
        Pktgen.burst(cfg.peer, cfg.dut, 1500)
        settled(lambda: dropped() > before, True)
        time.sleep(0.5)
        return dropped() - before

    seen, number = _watch(cfg, provoke)
    if not number:
        raise KsftSkipEx("the other CPU emptied its backlog in time")
    loss = next(one for one in seen.report["losses"] if one["name"] == "CPU_BACKLOG")
    ksft_eq(loss["lost"], number)
    ksft_in("CPU 1", loss["who"][0]["name"])
    run_cure(loss)
    after, _ = _watch(cfg, provoke)
    ksft_not_in("CPU_BACKLOG", after.losses)


def healthy(cfg) -> None:
    """ Traffic that loses nothing shows no loss, and nothing is unexplained """
    _quiet(cfg)

    def provoke():
        exchange(*cfg.ends, "4", cfg.data)
        cfg.dut.cmd(f"ping -c 5 -i 0.2 {cfg.peer.addr_v['4']}")
        cfg.peer.cmd(f"ping -c 5 -i 0.2 {cfg.dut.addr_v['4']}")

    seen, _ = _watch(cfg, provoke)
    ksft_eq(seen.losses, {})
    ksft_eq(seen.unexplained, 0)
    ksft_gt(seen.report["stations"][0]["packets"], 10)


def bad_input(cfg) -> None:
    """ What cannot be is one clear line and an exit status """
    for args, status, words in (
            (["nosuch0"], 1, "no network device 'nosuch0'"),
            (["-n", "nosuch", cfg.ifname], 1, "no network namespace 'nosuch'"),
            (["-i", "0", cfg.ifname], 2, "not '0'"),
            (["-c", "1.5", cfg.ifname], 2, "not '1.5'"),
            ([], 2, "which device"),
            ([cfg.ifname, "more"], 2, "'more'"),
            (["--explain", "NOSUCH"], 1, "'NOSUCH'"),
            (["--replay", "/nosuch"], 1, "'/nosuch'")):
        run = netpath(args, fail=False)
        ksft_eq(run.returncode, status, str(args))
        ksft_in(words, run.stderr)
        ksft_eq(len(run.stderr.splitlines()), 1, run.stderr)


def main() -> None:
    """ Ksft boiler plate main """
    with TgbeEnv(__file__) as cfg:
        if not NETPATH.exists():
            raise KsftSkipEx("netpath is not built")
        cfg.data = bytes(100000)
        ksft_run([healthy, bad_input, rcvbuf, proto_mem, no_socket, tcp_no_socket, malformed,
                  martian, ethertype, otherhost, not_ours, no_route, rp_filter, ttl, fragment,
                  listener, neighbour_full, qdisc_full, tc_ingress, backlog], args=(cfg,))
    ksft_exit()


if __name__ == "__main__":
    main()
