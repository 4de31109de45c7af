#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
netpath names a loss that is provoked as the first, with its number, and the command that
it prints ends it. Each row of its table that can be provoked has a case.
"""

import time
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_gt, ksft_in
from lib.py import KsftSkipEx
from lib.py import Bar, cmd, defer, exchange, Pktgen, settled, sysctl, TgbeEnv, wait_until
from lib.py import RawSender, cured, frames, ip_packet, is_first, lose_and_cure, needs_events, \
    netpath, NETPATH, tcp_segment, udp_datagram, udp_socket, udp_to_us, watch

PORT = 4242
# Masks of the vectors of the 82576
EIMS, EIMC = 0x1524, 0x1528
# Nobody's address, and one behind us
ELSEWHERE, BEHIND_US = "198.51.100.9", "203.0.113.5"


def malformed(cfg) -> None:
    """ What is wrong with a packet is the reason for its loss """
    cfg.pin_neighbours()
    them, us = cfg.peer.addr_v["4"], cfg.dut.addr_v["4"]
    data = udp_to_us(cfg, PORT)
    cases = {
        "IP_CSUM": ip_packet(them, us, data, damage=1),
        "IP_NOPROTO": ip_packet(them, us, data, proto=250),
        "PKT_TOO_SMALL": ip_packet(them, us, data, length=1400),
        "UDP_CSUM": ip_packet(them, us, udp_to_us(cfg, PORT, damage=1)),
        "TCP_CSUM": ip_packet(them, us, tcp_segment(them, us, PORT, PORT, damage=1), proto=6),
        "IP_INHDR": ip_packet(them, us, data, version=0x55),
    }
    udp_socket(cfg.dut, PORT)
    for name, packet in cases.items():
        ksft_pr(name)
        seen, number = watch(cfg, frames(cfg, 7, packet))
        is_first(seen, name, number)
        ksft_eq(seen.unexplained, 0, name)


def martian(cfg) -> None:
    """ IP_LOCALNET: a source that cannot be on a wire """
    needs_events()
    cfg.pin_neighbours()
    packet = ip_packet("127.0.0.9", cfg.dut.addr_v["4"], udp_to_us(cfg, PORT))
    seen, number = watch(cfg, frames(cfg, 5, packet))
    is_first(seen, "IP_LOCALNET", number)


def ethertype(cfg) -> None:
    """ UNHANDLED_PROTO: an EtherType that nobody speaks """
    needs_events()
    seen, number = watch(cfg, frames(cfg, 6, bytes(46), ethertype=0x88b5))
    is_first(seen, "UNHANDLED_PROTO", number)


def otherhost(cfg) -> None:
    """ OTHERHOST: frames for others in promiscuous mode, which the command ends """
    cfg.pin_neighbours()
    defer(cmd, f"ip link set dev {cfg.ifname} promisc off")
    cmd(f"ip link set dev {cfg.ifname} promisc on")
    raw = RawSender(cfg.peer, cfg.dut)
    packet = ip_packet(cfg.peer.addr_v["4"], cfg.dut.addr_v["4"], udp_to_us(cfg, PORT))

    def provoke():
        for _ in range(9):
            raw.send(packet, mac=bytes.fromhex("020000000063"))
        # behind them, so that they are there when it is
        wait_until(lambda: cfg.dut.reachable(cfg.peer.addr_v["4"]), "no answer")
        return 9

    lose_and_cure(cfg, "OTHERHOST", provoke)


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
    cfg.pin_neighbours()
    _second_network(cfg)
    sysctl(cfg.dut, "net.ipv4.ip_forward", 0)
    packet = ip_packet(cfg.peer.addr_v["4"], BEHIND_US, udp_to_us(cfg, PORT))
    lose_and_cure(cfg, "IP_INADDRERRORS", frames(cfg, 8, packet))


def no_route(cfg) -> None:
    """ IP_INNOROUTES: forwarding without a route, until there is one """
    cfg.pin_neighbours()
    _second_network(cfg)
    sysctl(cfg.dut, "net.ipv4.ip_forward", 1)
    packet = ip_packet(cfg.peer.addr_v["4"], ELSEWHERE, udp_to_us(cfg, PORT))

    def add_route(_):
        cmd(f"ip route add {ELSEWHERE} dev np0")

    lose_and_cure(cfg, "IP_INNOROUTES", frames(cfg, 4, packet), add_route)


def rp_filter(cfg) -> None:
    """ IP_RPFILTER: a source behind another device, which the loose mode lets in """
    cfg.pin_neighbours()
    _second_network(cfg)
    sysctl(cfg.dut, f"net.ipv4.conf.{cfg.ifname}.rp_filter", 1)
    udp_socket(cfg.dut, PORT)
    packet = ip_packet(BEHIND_US, cfg.dut.addr_v["4"],
                       udp_datagram(BEHIND_US, cfg.dut.addr_v["4"], PORT, PORT))
    lose_and_cure(cfg, "IP_RPFILTER", frames(cfg, 10, packet))


def ttl(cfg) -> None:
    """ TTL: it ran out here """
    cfg.pin_neighbours()
    _second_network(cfg)
    sysctl(cfg.dut, "net.ipv4.ip_forward", 1)
    packet = ip_packet(cfg.peer.addr_v["4"], BEHIND_US, udp_to_us(cfg, PORT), ttl=1)
    seen, number = watch(cfg, frames(cfg, 3, packet))
    is_first(seen, "TTL", number)


def fragment(cfg) -> None:
    """ FRAG_REASM_TIMEOUT: a fragment never comes """
    cfg.pin_neighbours()
    sysctl(cfg.dut, "net.ipv4.ipfrag_time", 1)
    them, us = cfg.peer.addr_v["4"], cfg.dut.addr_v["4"]
    send = frames(cfg, 1, *(ip_packet(them, us, bytes(64), ident=i, frag=0x2000)
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

    seen, number = watch(cfg, provoke)
    is_first(seen, "FRAG_REASM_TIMEOUT", number)
    ksft_eq(seen.unexplained, 0)


def neighbour_full(cfg) -> None:
    """ NEIGH_QUEUEFULL: more than may wait for a neighbour that does not answer """
    needs_events()
    sysctl(cfg.dut, f"net.ipv4.neigh.{cfg.ifname}.unres_qlen_bytes", 3000)
    sender = udp_socket(cfg.dut)

    def provoke():
        for _ in range(20):
            sender.sendto(b"x", ("192.0.3.77", PORT))
        cmd(f"ip neigh del 192.0.3.77 dev {cfg.ifname}", fail=False)

    seen, _ = watch(cfg, provoke)
    loss = is_first(seen, "NEIGH_QUEUEFULL")
    ksft_gt(loss["lost"], 10)
    cured(cfg, "NEIGH_QUEUEFULL", loss, provoke)


def qdisc_full(cfg) -> None:
    """ QDISC_DROP: a queue of 3, which the command makes longer """
    cfg.pin_neighbours()
    defer(cmd, f"tc qdisc del dev {cfg.ifname} root", fail=False)
    cmd(f"tc qdisc add dev {cfg.ifname} root netem delay 300ms limit 3")
    sender = udp_socket(cfg.dut)
    udp_socket(cfg.peer, PORT)

    def provoke():
        for _ in range(23):
            sender.sendto(b"x", (cfg.peer.addr_v["4"], PORT))
        return 20

    seen, number = watch(cfg, provoke)
    loss = is_first(seen, "QDISC_DROP", number)
    ksft_in("netem", loss["who"][0]["name"])


def tc_ingress(cfg) -> None:
    """ TC_INGRESS: a filter says drop """
    cfg.pin_neighbours()
    defer(cmd, f"tc qdisc del dev {cfg.ifname} clsact", fail=False)
    cmd(f"tc qdisc add dev {cfg.ifname} clsact")
    cmd(f"tc filter add dev {cfg.ifname} ingress matchall action drop")
    packet = ip_packet(cfg.peer.addr_v["4"], cfg.dut.addr_v["4"], udp_to_us(cfg, PORT))
    udp_socket(cfg.dut, PORT)

    def remove(_):
        cmd(f"tc filter del dev {cfg.ifname} ingress")

    lose_and_cure(cfg, "TC_INGRESS", frames(cfg, 11, packet), remove)


def backlog(cfg) -> None:
    """ CPU_BACKLOG: a backlog of 10 behind RPS, which the command makes longer """
    cfg.pin_neighbours()
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

    seen, number = watch(cfg, provoke)
    if not number:
        raise KsftSkipEx("the other CPU emptied its backlog in time")
    loss = next(one for one in seen.report["losses"] if one["name"] == "CPU_BACKLOG")
    ksft_eq(loss["lost"], number)
    ksft_in("CPU 1", loss["who"][0]["name"])
    cured(cfg, "CPU_BACKLOG", loss, provoke)


def healthy(cfg) -> None:
    """ Traffic that loses nothing shows no loss, and nothing is unexplained """
    cfg.pin_neighbours()

    def provoke():
        exchange(*cfg.ends, "4", cfg.data)
        cfg.dut.cmd(f"ping -c 5 -i 0.2 {cfg.peer.addr_v['4']}")
        cfg.peer.cmd(f"ping -c 5 -i 0.2 {cfg.dut.addr_v['4']}")

    seen, _ = watch(cfg, provoke)
    ksft_eq(seen.report["losses"], [])
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


def fragments_full(cfg) -> None:
    """ IpReasmFails: no memory for fragments, of which the command gives more """
    cfg.pin_neighbours()
    sysctl(cfg.dut, "net.ipv4.ipfrag_low_thresh", 1000)
    sysctl(cfg.dut, "net.ipv4.ipfrag_high_thresh", 2000)
    sysctl(cfg.dut, "net.ipv4.ipfrag_time", 30)
    them, us = cfg.peer.addr_v["4"], cfg.dut.addr_v["4"]
    send = frames(cfg, 1, *(ip_packet(them, us, bytes(64), ident=100 + i, frag=0x2000)
                            for i in range(20)))
    seen, _ = watch(cfg, send)
    loss = is_first(seen, "IpReasmFails")
    cured(cfg, "IpReasmFails", loss, send)


def neighbours_full(cfg) -> None:
    """ NEIGH_CREATEFAIL: a table of neighbours that the command makes larger """
    for name in ("1", "2", "3"):
        sysctl(cfg.dut, f"net.ipv4.neigh.default.gc_thresh{name}", 2)
    sender = udp_socket(cfg.dut)

    def provoke():
        for host in range(100, 130):
            try:
                sender.sendto(b"x", (f"192.0.3.{host}", 4242))
            except OSError:
                pass
        cmd(f"ip neigh flush dev {cfg.ifname} nud incomplete", fail=False)

    seen, _ = watch(cfg, provoke)
    loss = is_first(seen, "NEIGH_CREATEFAIL")
    ksft_gt(loss["lost"], 10)
    cured(cfg, "NEIGH_CREATEFAIL", loss, provoke)


def ring_full(cfg) -> None:
    """ rx_fifo_errors: a ring of 64, polled late, which the command makes longer """
    if cfg.chip != "igb" or cfg.dut.queues() < 2:
        raise KsftSkipEx("a queue that is alone, and the 82574L, keep frames back")
    cfg.pin_neighbours()
    defer(cfg.dut.ethtool, f"-X {cfg.ifname} default")
    cfg.dut.ethtool(f"-X {cfg.ifname} equal 1")
    defer(cfg.dut.set_rings, *cfg.dut.rings())
    cfg.dut.ethtool(f"-G {cfg.ifname} rx 64")

    def lost():
        return cfg.dut.ethtool_stats()["rx_fifo_errors"]

    def provoke():
        before = lost()

        def masked(card):
            card[EIMC] = 1
            # a poll that is under way unmasks it at its end: so many readings take longer
            return not any(card[EIMS] & 1 for _ in range(1000))

        with Bar(cfg.pci) as card:
            wait_until(lambda: masked(card), "the vector cannot be masked")
            Pktgen.burst(cfg.peer, cfg.dut, 800)
            card[EIMS] = 1
        wait_until(lambda: cfg.dut.reachable(cfg.peer.addr_v["4"]), "the queue stands still")
        return lost() - before

    seen, number = watch(cfg, provoke)
    # pktgen's packets are for nobody's address
    loss = next(one for one in seen.report["losses"] if one["name"] == "rx_fifo_errors")
    ksft_eq(loss["lost"], number)
    # the emulated card counts few of those that it loses
    ksft_gt(number, 0)
    cured(cfg, "rx_fifo_errors", loss, provoke)


CASES = (healthy, bad_input, malformed, martian, ethertype, otherhost, not_ours, no_route,
         rp_filter, ttl, fragment, fragments_full, neighbour_full, neighbours_full, qdisc_full,
         tc_ingress, backlog, ring_full)


def main() -> None:
    """ Ksft boiler plate main """
    with TgbeEnv(__file__) as cfg:
        if not NETPATH.exists():
            raise KsftSkipEx("netpath is not built")
        cfg.data = bytes(100000)
        ksft_run(CASES, args=(cfg,))
    ksft_exit()


if __name__ == "__main__":
    main()
