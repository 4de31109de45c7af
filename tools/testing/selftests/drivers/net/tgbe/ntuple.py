#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
Rules that choose a queue (ethtool -N). No emulated card has the filters: there the
refusals are tested, and KUnit (tgbe_flow) proves what would be written. On a card
that has them the registers are looked at.
"""

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_in, ksft_ne
from lib.py import KsftSkipEx
from lib.py import cmd, defer, dump, mark_log, TgbeEnv

NTUPLE = "ntuple-filters"
RULE = "flow-type tcp4 src-ip 192.0.2.1 dst-port 80 action 0"
WHY = {"igb": "this card has no working receive filters",
       "e1000e": "this chip has no receive filters"}


def _ftqf(number):
    """The control register of a filter for addresses, protocol and ports"""
    return 0x59e0 + 4 * number


def _etqf(number):
    """An EtherType filter"""
    return 0x5cb0 + 4 * number


def _filters(cfg):
    return {reg: value for reg, value in dump(cfg.ifname).items()
            if 0x5980 <= reg < 0x5ac0 or 0x5cb0 <= reg < 0x5cd0}


def _has_filters(cfg):
    return not cfg.dut.features()[NTUPLE]["fixed"]


def reason_is_told(cfg) -> None:
    """ A card without filters is recognised at probe, and the log says so """
    if _has_filters(cfg):
        raise KsftSkipEx("this card has filters")
    if cfg.chip == "igb":
        ksft_ne([row for row in cfg.log() if "no receive filters" in row], [])
    ksft_eq(cfg.dut.features()[NTUPLE]["active"], False)


def rules_refused(cfg) -> None:
    """ Without filters there are no rules, and no way to switch them on """
    if _has_filters(cfg):
        raise KsftSkipEx("this card has filters")
    before = _filters(cfg)
    mark = mark_log()
    for rule in (RULE, "flow-type ether proto 0x88cc action 0 loc 0"):
        res = cmd(f"ethtool -N {cfg.ifname} {rule}", fail=False)
        ksft_ne(res.ret, 0)
        ksft_in("Operation not supported", res.stderr)
    # with a location ethtool does not ask for the table, so the rule gets here
    told = [row for row in cfg.log(mark) if "refused: " in row]
    ksft_pr(told)
    ksft_in(WHY[cfg.chip], " ".join(told))
    ksft_in("Operation not supported", cmd(f"ethtool -n {cfg.ifname}", fail=False).stderr)
    cmd(f"ethtool -K {cfg.ifname} ntuple on", fail=False)
    ksft_eq(cfg.dut.features()[NTUPLE]["active"], False)
    # the emulated 82576 would keep an EtherType
    ksft_eq(_filters(cfg), before)


def rules_programmed(cfg) -> None:
    """ Where there are filters, rules are in the registers, over every change """
    if not _has_filters(cfg):
        raise KsftSkipEx("no receive filters in this card: KUnit tgbe_flow has the registers")
    cfg.dut.set_feature(NTUPLE, True)
    last = cfg.dut.queues() - 1
    defer(cfg.dut.set_rings, *cfg.dut.rings())
    cmd(f"ethtool -N {cfg.ifname} flow-type udp4 dst-port 9 action {last} loc 7")
    cmd(f"ethtool -N {cfg.ifname} flow-type ether proto 0x88cc action {last} loc 0")
    want = (0xe0008111 | last << 16, 0x840088cc | last << 16)
    for change in ("-G {} rx 256 tx 256", "--reset {} mac", "-t {} offline"):
        cmd("ethtool " + change.format(cfg.ifname))
        regs = dump(cfg.ifname)
        ksft_eq((regs[_ftqf(0)], regs[_etqf(0)]), want, change)
    if last:
        res = cmd(f"ethtool -L {cfg.ifname} combined {last}", fail=False)
        ksft_in("ntuple", res.stderr)
    for bad in ("flow-type tcp6 dst-port 80 action 0", f"{RULE} loc 14", f"{RULE} loc 0",
                f"flow-type tcp4 dst-port 80 action {last + 1}",
                "flow-type tcp4 dst-port 80 action -1"):
        ksft_ne(cmd(f"ethtool -N {cfg.ifname} {bad}", fail=False).ret, 0, bad)
    cmd(f"ethtool -N {cfg.ifname} delete 7")
    cfg.dut.ethtool(f"-K {cfg.ifname} ntuple off")
    regs = dump(cfg.ifname)
    ksft_eq((regs[_ftqf(0)], regs[_etqf(0)]), (0xf0000000, 0))
    cfg.wait_link()


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        ksft_run([reason_is_told, rules_refused, rules_programmed], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
