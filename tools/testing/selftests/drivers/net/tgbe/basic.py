#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
The driver's face: what ethtool, sysfs, netlink and /proc/interrupts say about
a card that is up, and that it answers pings.
"""

import re
from pathlib import Path

from lib.py import ksft_run, ksft_exit
from lib.py import ksft_eq, ksft_ge, ksft_gt, ksft_in, ksft_is, ksft_ne, \
    ksft_true, ksft_variants
from lib.py import KsftNamedVariant, KsftSkipEx, NetdevFamily
from lib.py import cmd, defer, ethtool, ip, irq_lines, mark_log, TgbeEnv, wait_until

RING_LIMITS = (64, 4096)

# Kinds of messages: the bit of the level, and what is said
MESSAGES = {"drv": (0x1, "refused: "), "link": (0x4, "link down")}

# Statistics that engineers search for, of the port and of each queue N
PORT_STATS = ("rx_fifo_errors", "tx_fifo_errors", "rx_missed_errors", "rx_no_buffer",
              "rx_crc_errors", "rx_align_errors", "link_events")
QUEUE_STATS = ("rx_queue_N_packets", "rx_queue_N_bytes", "rx_queue_N_drops",
               "rx_queue_N_damaged", "rx_queue_N_errors", "rx_queue_N_csum_errors",
               "rx_queue_N_alloc_failed",
               "rx_queue_N_polls", "rx_queue_N_doorbells", "tx_queue_N_packets",
               "tx_queue_N_bytes", "tx_queue_N_dropped", "tx_queue_N_stops",
               "tx_queue_N_restarts", "tx_queue_N_doorbells", "tx_queue_N_timeouts",
               "queue_N_interrupts")

# Each look that ethtool gives of a port, and a word of it that says something
VIEWS = (("", "Speed: 1000Mb/s"), ("-i", "driver: tgbe"), ("-S", r"rx_queue_0_packets: \d+"),
         ("-g", r"RX:\s+4096"), ("-l", r"Combined:\s+\d+"), ("-c", r"rx-usecs:\s+\d+"),
         ("-k", "tcp-segmentation-offload: on"), ("-x", r"RSS hash key:\s+[0-9a-f]{2}:"),
         ("-n NETIF rx-flow-hash tcp4", "IP SA"), ("-d", r"(?m)^0x0010:?\s"),
         ("-e", r"(?m)^0x0000:?\s"), ("-t NETIF online", "The test result is PASS"),
         ("-a", r"RX:\s+on"), ("-I -a", r"tx_pause_frames: \d+\s+rx_pause_frames: \d+"),
         ("-T", r"(PTP Hardware Clock|provider index): "),
         ("-Q NETIF --show-coalesce", r"rx-usecs:\s+\d+"),
         ("-S NETIF --groups eth-mac", r"eth-mac-FramesTransmittedOK: \d+"))


def driver_info(cfg) -> None:
    """ ethtool -i: our name, the card's bus address, an NVM version """
    info = dict(row.split(": ", 1) for row in
                ethtool(f"-i {cfg.ifname}").stdout.splitlines() if ": " in row)
    ksft_eq(info["driver"], "tgbe")
    ksft_eq(info["bus-info"], cfg.pci)
    ksft_true(re.search(r"\d", info.get("firmware-version", "")),
              "firmware-version holds no number")
    ksft_eq(info["supports-statistics"], "yes")


def link_settings(cfg) -> None:
    """ 1000 Mb/s, full duplex, negotiated, over twisted pair """
    text = ethtool(cfg.ifname).stdout
    for row in ("Speed: 1000Mb/s", "Duplex: Full", "Auto-negotiation: on",
                "Port: Twisted Pair", "Link detected: yes", "1000baseT/Full"):
        ksft_in(row, text)
    ksft_eq(cfg.dut.sysfs("speed"), "1000")
    ksft_eq(cfg.dut.sysfs("duplex"), "full")


def message_level(cfg) -> None:
    """ What is logged of refusals and of the link is what the message level says """
    def level():
        text = ethtool(cfg.ifname).stdout
        return int(re.search(r"message level: (0x[0-9a-f]+)", text).group(1), 16)

    def logged():
        mark = mark_log()
        cmd(f"echo 0 > /sys/class/net/{cfg.ifname}/tgbe/rx_poll_batch", shell=True, fail=False)
        ip(f"link set dev {cfg.ifname} down")
        ip(f"link set dev {cfg.ifname} up")
        cfg.wait_link()
        text = "\n".join(cfg.log(mark))
        return {name: said in text for name, (_, said) in MESSAGES.items()}

    defer(ethtool, f"-s {cfg.ifname} msglvl {level()}")
    for heard, (bit, _) in MESSAGES.items():
        words = " ".join(f"{name} {'on' if name == heard else 'off'}" for name in MESSAGES)
        ethtool(f"-s {cfg.ifname} msglvl {words}")
        ksft_eq(level() & 0x5, bit)
        ksft_eq(logged(), {name: name == heard for name in MESSAGES}, f"with {heard} on")


def rings(cfg) -> None:
    """ ethtool -g: what a ring is and may be """
    info = ethtool(f"-g {cfg.ifname}", json=True)[0]
    for which in ("rx", "tx"):
        ksft_eq(info[which + "-max"], RING_LIMITS[1])
        ksft_ge(info[which], RING_LIMITS[0])


def channels(cfg) -> None:
    """ ethtool -l: one queue pair per CPU, as far as the card goes """
    text = ethtool(f"-l {cfg.ifname}").stdout
    expected = cfg.expected_queues()
    most, now = (int(n) for n in re.findall(r"^Combined:\s+(\d+)", text, re.M))
    ksft_eq(now, expected)
    ksft_ge(most, expected)
    ksft_eq(len(list(Path(f"/sys/class/net/{cfg.ifname}/queues").glob("rx-*"))), expected)


def offloads(cfg) -> None:
    """
    ethtool -k: what the issue asks for is there and on; UDP segmentation, which
    the emulated card gets wrong, is not; LRO, which no chip of ours has, cannot be
    """
    feats = cfg.dut.features()
    for name in ("rx-checksumming", "tx-scatter-gather", "tx-tcp-segmentation",
                 "tx-tcp6-segmentation", "generic-receive-offload", "rx-vlan-offload",
                 "tx-vlan-offload", "receive-hashing"):
        ksft_true(feats[name]["active"], f"{name} is not on")
    ksft_true(feats["tx-checksumming"]["active"], "no TX checksum")
    ksft_true(feats["rx-vlan-filter"]["active"], "no VLAN filter")
    ksft_is(feats["tx-udp-segmentation"]["active"], False)
    lro = feats["large-receive-offload"]
    ksft_eq((lro["active"], lro["fixed"]), (False, True), "LRO")


def statistics(cfg) -> None:
    """
    ethtool -S: what engineers search for is there, also for every queue, no name comes
    twice, values move
    """
    names = re.findall(r"^\s+(\S.*?):", ethtool(f"-S {cfg.ifname}").stdout, re.M)
    ksft_eq(len(names), len(set(names)), "a name comes twice")
    for name in PORT_STATS:
        ksft_in(name, names)
    for queue in range(cfg.expected_queues()):
        for name in QUEUE_STATS:
            ksft_in(name.replace("N", str(queue)), names)
    ksft_true(all(len(name) < 32 for name in names), "a name is cut off")

    def moved(stats):
        return sum(v for k, v in stats.items() if re.match(r"[rt]x_queue_\d+_packets", k))
    before = moved(cfg.dut.ethtool_stats())
    cfg.dut.ping(cfg.peer, "4", count=5)
    # the last frame may still be under way
    wait_until(lambda: moved(cfg.dut.ethtool_stats()) - before >= 10, "pings are not counted")


@ksft_variants([KsftNamedVariant(args.replace(" ", "_").lstrip("-") or "alone", args, word)
                for args, word in VIEWS])
def view(cfg, args, word) -> None:
    """ Whatever one asks ethtool for, there is an answer """
    if "NETIF" not in args:
        args += " NETIF"
    text = ethtool(args.replace("NETIF", cfg.ifname)).stdout
    ksft_true(re.search(word, text), f"no '{word}' in {text}")


def no_module(cfg) -> None:
    """ ethtool -m: a port with a socket for twisted pair has no module, and says so """
    res = cmd(f"ethtool -m {cfg.ifname}", fail=False)
    ksft_ne(res.ret, 0)
    ksft_in("not supported", res.stderr)


def interrupts(cfg) -> None:
    """
    With MSI-X: a vector for each queue pair, named after it, and one more; the
    queues' vectors count when there is traffic
    """
    if cfg.irqmode != "msix":
        raise KsftSkipEx("the guest was booted without MSI-X")
    lines = irq_lines()
    irqs = cfg.msi_irqs()
    for irq in irqs:
        ksft_in(irq, lines, "vector without a handler")
    names = sorted(name for irq in irqs for name in lines.get(irq, (0, []))[1])
    ours = [f"{cfg.ifname}-TxRx-{n}" for n in range(cfg.expected_queues())]
    ksft_eq([n for n in names if "-TxRx-" in n], ours)
    others = [n for n in names if "-TxRx-" not in n]
    ksft_eq(len(others), 1, "vectors for link and other causes")
    ksft_in(cfg.ifname, " ".join(others))

    def queue_counts():
        return sum(count for count, acts in irq_lines().values()
                   if any(a in ours for a in acts))
    before = queue_counts()
    cfg.dut.ping(cfg.peer, "4", count=5)
    ksft_gt(queue_counts(), before)


def interrupt_names(cfg) -> None:
    """ The vectors of a port that is renamed while it is up have its new name """
    was, other = cfg.ifname, "tgbe-new-name-0"

    def names():
        return [name for _, actions in irq_lines().values() for name in actions]

    def renamed(name):
        return [name + row[len(cfg.ifname):] if re.fullmatch(rf"{cfg.ifname}(-TxRx-\d+)?", row)
                else row for row in before]
    before = names()
    ksft_ne(renamed(other), before, "no vector has the port's name")
    back = defer(ip, f"link set dev {other} name {was}")
    for name in (other, "w0", other):
        ip(f"link set dev {cfg.dut.ifname} name {name}")
        cfg.dut.ifname = name
        ksft_eq(names(), renamed(name))
    back.exec()
    cfg.dut.ifname = was
    ksft_eq(names(), before)
    cfg.dut.ping(cfg.peer, "4")


def queue_napi_irq(cfg) -> None:
    """ netlink tells which NAPI serves a queue, and by which interrupt """
    family = NetdevFamily()
    napis = {n["id"]: n for n in family.napi_get({"ifindex": cfg.ifindex}, dump=True)}
    queues = family.queue_get({"ifindex": cfg.ifindex}, dump=True)
    expected = cfg.expected_queues()
    for kind in ("rx", "tx"):
        mine = {q["id"]: q.get("napi-id") for q in queues if q["type"] == kind}
        ksft_eq(sorted(mine), list(range(expected)), f"{kind} queues")
        ksft_eq(len(set(mine.values())), expected, f"{kind} queues share a NAPI")
        for queue, napi in mine.items():
            ksft_in(napi, napis, f"{kind} queue {queue} has no NAPI")

    lines = irq_lines()
    for queue in queues:
        irq = napis.get(queue.get("napi-id"), {}).get("irq")
        ksft_in(irq, lines, "NAPI without an interrupt")
        if cfg.irqmode == "msix":
            ksft_eq(lines.get(irq, (0, []))[1], [f"{cfg.ifname}-TxRx-{queue['id']}"])


def xps_default(cfg) -> None:
    """ Every CPU has its transmit queue from the start """
    if cfg.expected_queues() < 2:
        raise KsftSkipEx("there is one queue only")
    covered = 0
    for path in Path(f"/sys/class/net/{cfg.ifname}/queues").glob("tx-*/xps_cpus"):
        mask = int(path.read_text(encoding="ascii").replace(",", ""), 16)
        ksft_ne(mask, 0, f"{path} is empty")
        ksft_eq(mask & covered, 0, "two queues for one CPU")
        covered |= mask
    online = len(re.findall(r"^processor", cmd("cat /proc/cpuinfo").stdout, re.M))
    ksft_eq(covered, (1 << online) - 1, "CPUs without a queue")


@ksft_variants(["4", "6"])
def ping(cfg, ipver) -> None:
    """ Pings of several sizes, started from either end """
    for _, src, dst in cfg.ways:
        for size in (0, 1, 17, 56, 1400, 1472, 1473, 3000):
            src.ping(dst, ipver, count=3, size=size)


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        ksft_run([driver_info, link_settings, message_level, rings, channels,
                  offloads, statistics, view, no_module, interrupts, interrupt_names,
                  queue_napi_irq, xps_default, ping],
                 args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
