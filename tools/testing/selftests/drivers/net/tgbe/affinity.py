#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
The CPUs of the queues' vectors while CPUs go offline and come back: a vector has a CPU
of its own as long as the user has not set its mask, and what the user set stays.
"""

import os
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_variants
from lib.py import KsftSkipEx
from lib.py import affinities, cmd, defer, put_to_sleep, TgbeEnv, UdpFlow, wait_until

NODE = Path("/sys/devices/system/cpu")

# What is done to the port before CPUs go offline, while they are, and when they are back
STEPS = {"open": ((), (), ()),
         "down_up_after": ((), (), ("down", "up")),
         "down_up_while": ((), ("down", "up"), ()),
         "closed": (("down",), (), ("up",)),
         "opened_while": (("down",), ("up",), ()),
         "closed_while": ((), ("down",), ("up",))}


def _set_online(cpu, online):
    (NODE / f"cpu{cpu}" / "online").write_text(f"{int(online)}\n", encoding="ascii")


def _hotplug_cpus():
    """CPUs that can go offline; the first one cannot"""
    cpus = [int(path.parent.name[3:]) for path in NODE.glob("cpu[0-9]*/online")]
    cpus = sorted(cpu for cpu in cpus if cpu)
    if len(cpus) < 3:
        raise KsftSkipEx("fewer than four CPUs, or none that goes offline")
    return cpus


@contextmanager
def _offline(*cpus):
    """Some CPUs are offline, and back at the end of "with" """
    away = [defer(_set_online, cpu, True) for cpu in cpus]
    for cpu in cpus:
        _set_online(cpu, False)
    yield
    for back in away:
        back.exec()


def _cpus(text):
    """A list of CPUs as the kernel writes it, as a set"""
    cpus = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        cpus |= set(range(int(first), int(last or first) + 1))
    return cpus


def _masks(cfg):
    """The CPUs of each vector, the queues in order"""
    return [_cpus(text) for text in affinities(cfg.ifname).values()]


def _paths(cfg):
    return list(affinities(cfg.ifname))


def _set_mask(path, text):
    """Set a vector's mask; the old one is back when the test ends"""
    defer(path.write_text, path.read_text("ascii"), encoding="ascii")
    path.write_text(f"{text}\n", encoding="ascii")


def _home(cfg):
    """The masks of a port whose user has set none: a CPU each"""
    if cfg.irqmode != "msix" or cfg.dut.queues() < 2:
        raise KsftSkipEx("one vector")
    home = _masks(cfg)
    ksft_eq([len(mask) for mask in home], [1] * len(home), "one CPU each")
    ksft_eq(len(set.union(*home)), len(home), "a CPU of its own each")
    return home


def _check_effective(cfg, masks):
    """The interrupts really go there. A move waits for an interrupt: each CPU sends"""
    def effective():
        for cpu in range(os.cpu_count()):
            cmd(f"taskset -c {cpu} ping -n -c 1 -W 10 {cfg.peer.addr_v['4']}")
        return [_cpus((path.parent / "effective_affinity_list").read_text("ascii"))
                for path in _paths(cfg)]
    wait_until(lambda: effective() == masks, f"interrupts go to {effective()}, not to {masks}")


def _toggle(cfg, state):
    cmd(f"ip link set dev {cfg.ifname} {state}")
    if state == "up":
        cfg.wait_link()


def under_traffic(cfg) -> None:
    """ CPUs go and come back one by one: vectors are shared out, and then home again """
    home, cpus = _home(cfg), _hotplug_cpus()
    lost = cfg.link_lost()

    def check():
        online, masks = _cpus((NODE / "online").read_text("ascii")), _masks(cfg)
        ksft_pr(f"online {sorted(online)}: {masks}")
        ksft_eq([mask for mask in masks if len(mask) != 1 or not mask <= online], [])
        ksft_eq([mask for mask, own in zip(masks, home) if own <= online and mask != own], [])
        load = Counter(cpu for mask in masks for cpu in mask)
        most = -(-len(home) // len(online))
        ksft_ge(most, max(load.values()), "more vectors on a CPU than on the others")
        for flow in (out, back):
            flow.progress(200)

    with UdpFlow(*cfg.ends, ipvers="46" * 8) as out, \
            UdpFlow(*reversed(cfg.ends), ipvers="46" * 8) as back:
        for order in (cpus, cpus[::-1]):
            away = {cpu: defer(_set_online, cpu, True) for cpu in cpus}
            for cpu in cpus:
                _set_online(cpu, False)
                check()
            for cpu in order:
                away[cpu].exec()
                check()
            ksft_eq(_masks(cfg), home)
    _check_effective(cfg, home)
    ksft_eq(lost(), 0, "carrier moved")
    for flow in (out, back):
        ksft_pr(flow.tally)
        ksft_ge(flow.tally.sent // 1000, flow.tally.lost, "packets lost")


def _away_and_back(cfg, cpus, when, meanwhile=None):
    """CPUs are offline for a while, and the port is closed and opened"""
    before, during, after = STEPS[when]
    defer(cfg.wait_link)
    defer(cmd, f"ip link set dev {cfg.ifname} up")
    for state in before:
        _toggle(cfg, state)
    with _offline(*cpus):
        for state in during:
            _toggle(cfg, state)
        if meanwhile:
            meanwhile()
    for state in after:
        _toggle(cfg, state)


@ksft_variants(list(STEPS))
def home_again(cfg, when) -> None:
    """ Whatever state the port is in when CPUs go and come: a CPU each at the end """
    home = _home(cfg)
    _away_and_back(cfg, _hotplug_cpus(), when)
    ksft_eq(_masks(cfg), home)


@ksft_variants(list(STEPS))
def users_mask_stays(cfg, when) -> None:
    """ One CPU, or several, that the user chose, are in force when they are online """
    home, cpus = _home(cfg), _hotplug_cpus()
    paths = _paths(cfg)
    # the vector's own CPU is not among them, and one CPU of several stays online
    _set_mask(paths[0], cpus[-1])
    _set_mask(paths[1], f"0,{cpus[1]}-{cpus[-1]}")
    want = [{cpus[-1]}, {0, *cpus[1:]}, *home[2:]]
    ksft_eq(_masks(cfg), want, "not set")
    _away_and_back(cfg, cpus, when)
    ksft_eq(_masks(cfg), want)


def set_while_away(cfg) -> None:
    """ What is set for a vector that had to leave its CPU stays when the CPU is back """
    home, cpus = _home(cfg), _hotplug_cpus()
    paths = _paths(cfg)
    last = len(home) - 1
    want = [*home[:-1], {0, cpus[0]}]
    own, = home[last]
    if own not in cpus:
        raise KsftSkipEx("the last vector's CPU cannot go offline")
    defer(paths[last].write_text, f"{own}\n", encoding="ascii")
    _away_and_back(cfg, [own], "open",
                   lambda: paths[last].write_text(f"0,{cpus[0]}\n", encoding="ascii"))
    ksft_eq(_masks(cfg), want)


def set_while_closed(cfg) -> None:
    """ What is set while the port is closed stays, CPUs being away for a while or not """
    home, cpus = _home(cfg), _hotplug_cpus()
    paths = _paths(cfg)
    defer(cfg.wait_link)
    defer(cmd, f"ip link set dev {cfg.ifname} up")
    _toggle(cfg, "down")
    _set_mask(paths[0], cpus[-1])
    with _offline(*cpus):
        pass
    _set_mask(paths[1], f"0,{cpus[-1]}")
    _toggle(cfg, "up")
    with _offline(*cpus):
        pass
    ksft_eq(_masks(cfg), [{cpus[-1]}, {0, cpus[-1]}, *home[2:]])


def changes_while_away(cfg) -> None:
    """ Knobs turned while CPUs are away: vectors and senders are as before """
    home, cpus = _home(cfg), _hotplug_cpus()
    most = cfg.dut.queues()
    defer(cfg.dut.ethtool, f"-L {cfg.ifname} combined {most}")
    defer(cfg.dut.set_rings, *cfg.dut.rings())
    _set_mask(_paths(cfg)[0], cpus[-1])

    def senders():
        return [path.read_text("ascii") for path in
                sorted(Path(f"/sys/class/net/{cfg.ifname}/queues").glob("tx-*/xps_cpus"))]

    before = senders()

    def turn():
        for count in (1, most):
            cfg.dut.ethtool(f"-L {cfg.ifname} combined {count}")
        cfg.dut.set_rings(256, 256)
    _away_and_back(cfg, [cpus[0]], "open", turn)
    ksft_eq(_masks(cfg), [{cpus[-1]}, *home[1:]])
    # the kernel leaves CPUs that are offline out of a map
    gone = 1 << cpus[0]
    ksft_eq([int(mask.replace(",", ""), 16) & ~gone for mask in senders()],
            [int(mask.replace(",", ""), 16) & ~gone for mask in before])
    for count in (1, most):
        cfg.dut.ethtool(f"-L {cfg.ifname} combined {count}")
    ksft_eq(senders()[1:], before[1:])


def asleep(cfg) -> None:
    """ The card sleeps, as before the CPUs go offline in a suspend: the masks stay """
    home, cpus = _home(cfg), _hotplug_cpus()
    _set_mask(_paths(cfg)[0], cpus[-1])
    wake = put_to_sleep(cfg.pci)
    with _offline(*cpus):
        pass
    wake.exec()
    cfg.wait_link()
    ksft_eq(_masks(cfg), [{cpus[-1]}, *home[1:]])


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        ksft_run([under_traffic, home_again, users_mask_stays, set_while_away,
                  set_while_closed, changes_while_away, asleep], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
