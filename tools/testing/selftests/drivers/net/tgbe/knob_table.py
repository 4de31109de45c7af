#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
The table of knobs in Documentation/ against the driver: nothing in it that fails,
nothing to be set that is not in it, and the tests that it names are there.
"""

import random
import re
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_in, ksft_true, ksft_variants, KsftNamedVariant
from lib.py import EthtoolFamily
from lib.py import cmd, defer, mark_log, read_knobs, rss_key, TgbeEnv

HERE = Path(__file__).parent
LIVE = ("yes", "link", "cut", "stack")

# Names of netlink in ethtool's words
NETLINK_WORDS = (("use-adaptive-", "adaptive-"), ("max-frames", "frames"), ("-count", ""))
# Shown by the kernel for every driver
ALWAYS_SHOWN = {"-G tx-push", "-G rx-push"}

TUNABLES = ("rx-copybreak", "tx-copybreak", "tx-buf-size", "pfc-prevention-tout")
PHY_TUNABLES = ("downshift", "fast-link-down", "energy-detect-power-down")
FLOWS = ("tcp4", "udp4", "sctp4", "ah4", "esp4", "tcp6", "udp6", "sctp6", "ah6", "esp6")
# What shows whether a driver has a group of settings, and the tool that sets them
GROUPS = (("--show-eee", "--set-eee"), ("--show-fec", "--set-fec"), ("-n", "-U"),
          ("--show-priv-flags", "--set-priv-flags"), ("--show-module", "--set-module"),
          ("--show-mm", "--set-mm"), ("--get-plca-cfg", "--set-plca-cfg"))
# Words of a tool that would have to be refused, were they not in the table
WORDS = (("-X", "hfunc", "xor"), ("-X", "xfrm", "symmetric-xor"), ("-X", "context", "new"),
         ("-G", "tx-push", "on"), ("-G", "rx-push", "on"), ("-s", "mdix", "on"),
         ("-s", "mdix", "off"), ("-s", "mdix", "auto"), ("-s", "port", "fibre"),
         ("-s", "phyad", "5"))


def _variants():
    for knob in read_knobs():
        yield KsftNamedVariant(knob.key.lstrip("-").replace(" ", "_"), knob)


def _same(knob, shown, value):
    """Is this what the knob was set to? Of a link, a forced speed is not shown"""
    return value.startswith(shown) if knob.name == "link" else shown == value


def _put_back(cfg, knob):
    """Make the value as it is now come back when the test ends"""
    dut = cfg.dut
    # what is deferred first is done last
    if knob.live == "link":
        defer(cfg.wait_link)
    if knob.key == "ip mtu":
        # gone below 1280
        defer(dut.configure_v6)
    if knob.key == "ip address":
        defer(cfg.peer.ip, f"neigh flush dev {cfg.remote_ifname}")
    if knob.tool == "-U":
        # rules come and go with this knob
        dut.set_feature("ntuple-filters", True)
    if knob.tool == "-X":
        defer(dut.ethtool, f"-X {cfg.ifname} hkey {rss_key(dut)}")
        defer(dut.ethtool, f"-X {cfg.ifname} default")
    elif knob.tool == "-A":
        was = dut.ethtool(f"-a {cfg.ifname}", json=True)[0]
        word = {True: "on", False: "off"}
        defer(dut.ethtool, f"-A {cfg.ifname} autoneg {word[was['autonegotiate']]} "
              f"rx {word[was['rx']]} tx {word[was['tx']]}")
    elif knob.tool == "-s" and knob.name != "msglvl":
        defer(dut.ethtool, f"-s {cfg.ifname} autoneg on")
    elif not knob.is_action:
        defer(knob.run, dut, knob.get(dut))


@ksft_variants(_variants())
def each_knob(cfg, knob) -> None:
    """
    The command of a row takes the ends of its range, and what is set is shown; what
    is beyond is refused with a word about the limit, and changes nothing. The link stays
    where the row says so.
    """
    rng = random.Random(1)
    if not knob.on(cfg):
        value = knob.elsewhere()
        said = knob.refuses(cfg.dut, value)
        ksft_pr(f"{value}: {said}")
        ksft_true(said, "the card has it all the same")
        return
    _put_back(cfg, knob)
    if knob.key in ("-A rx", "-A tx"):
        # leaving autonegotiation is another knob
        knob.run(cfg.dut, "on")
        cfg.wait_link()
    lost = cfg.link_lost()
    if knob.is_action:
        knob.run(cfg.dut)
    else:
        _go_through(cfg, knob, rng)
    if knob.live == "link":
        cfg.wait_link()
    else:
        ksft_eq(lost(), 0, "carrier moved")


def _go_through(cfg, knob, rng):
    before = knob.get(cfg.dut)
    if knob.default != "-":
        default = knob.default_on(cfg)
        ksft_true(_same(knob, before, default), f"the default is {before}, not {default}")
    values = knob.ends(cfg, rng)
    # what is in force already comes last: ethtool may say that nothing changed
    for value in sorted(values, key=lambda value: value == before):
        knob.run(cfg.dut, value)
        shown = knob.get(cfg.dut)
        ksft_true(_same(knob, shown, value), f"set to {value}, shown as {shown}")
    for value in knob.beyond(cfg):
        mark = mark_log()
        said = knob.refuses(cfg.dut, value)
        ksft_true(said, f"{value} was accepted")
        # where a call has no room for a text, that is in the log
        text = "\n".join([said or "", *cfg.log(mark)])
        ksft_pr(f"{value}: {text}")
        ksft_true(knob.explains(cfg, text), f"{value}: no word about the limit")
        ksft_eq(knob.get(cfg.dut), shown, "a refused value changed something")


def rows(cfg) -> None:
    """ Each row is whole and the only one of its kind """
    keys = [knob.key for knob in cfg.knobs]
    ksft_eq(sorted(keys), sorted(set(keys)), "a knob twice")
    for knob in cfg.knobs:
        ksft_in(knob.live, LIVE, knob.key)
        ksft_true(knob.is_action or knob.ends(cfg, random.Random(1)) if knob.on(cfg) else True,
                  f"{knob.key} has no values")


def proofs(cfg) -> None:
    """ The tests that are named exist, run in their file, and their file in make check """
    programs = re.findall(r"^\t(\w+)\.py", (HERE / "Makefile").read_text("ascii"), re.M)
    texts = {name: (HERE / f"{name}.py").read_text("ascii") for name in programs}
    for knob in cfg.knobs:
        for proof in knob.proofs:
            program, _, case = proof.partition(".")
            ksft_in(program, programs, knob.key)
            text = texts.get(program, "")
            run = "".join(re.findall(r"ksft_run\((.*?)\)", text, re.S))
            ksft_true(re.search(rf"^def {case}\(cfg\b", text, re.M), f"{knob.key}: no {proof}")
            ksft_in(case, re.findall(r"\w+", run), f"{knob.key}: {proof} is not run")


def _netlink(family, what, ifname):
    """The names of what an ethtool command of netlink shows"""
    shown = getattr(family, f"{what}_get")({"header": {"dev-name": ifname}})
    for name in shown:
        if name == "header" or name.endswith("-max") or name.startswith("stats"):
            continue
        for theirs, ours in NETLINK_WORDS:
            name = name.replace(theirs, ours)
        yield name


def _hashed_flows(cfg):
    """Kinds of flows whose hashed fields can be chosen"""
    for flow in FLOWS:
        out = cfg.dut.cmd(f"ethtool -n {cfg.ifname} rx-flow-hash {flow}", fail=False)
        if out.ret:
            continue
        was = "sdfn" if "L4 bytes" in out.stdout else "sd"
        other = {"sd": "sdfn", "sdfn": "sd"}[was]
        if not cfg.dut.cmd(f"ethtool -N {cfg.ifname} rx-flow-hash {flow} {other}", fail=False).ret:
            cfg.dut.ethtool(f"-N {cfg.ifname} rx-flow-hash {flow} {was}")
            yield flow


def _settable(cfg):
    """Everything that can be set, as tool and name"""
    family = EthtoolFamily()
    ifname = cfg.ifname
    for tool, what in (("-G", "rings"), ("-L", "channels"), ("-C", "coalesce"),
                       ("-A", "pause")):
        yield from (f"{tool} {name}" for name in _netlink(family, what, ifname)
                    if f"{tool} {name}" not in ALWAYS_SHOWN)
    yield from (f"-K {name}" for name, state in cfg.dut.features().items()
                if state["fixed"] is False)
    yield from (f"-N {flow}" for flow in _hashed_flows(cfg))
    yield from (f"echo {path.name}" for path in Path(f"/sys/class/net/{ifname}/tgbe").iterdir())

    def works(args, lines=0):
        shown = cmd(f"ethtool {args}", fail=False)
        return not shown.ret and len(shown.stdout.splitlines()) >= lines
    yield from (f"--set-tunable {name}" for name in TUNABLES
                if works(f"--get-tunable {ifname} {name}"))
    yield from (f"--set-phy-tunable {name}" for name in PHY_TUNABLES
                if works(f"--get-phy-tunable {ifname} {name}"))
    yield from (f"{tool} {word}" for tool, word, value in WORDS
                if works(f"{tool} {ifname} {word} {value}"))
    # a headline is no setting
    yield from (f"{tool} any" for show, tool in GROUPS if works(f"{show} {ifname}", 2))
    if "supports-test: yes" in cmd(f"ethtool -i {ifname}").stdout:
        yield "-t any"
    if re.search(r"Supports Wake-on: [^d\s]", cmd(f"ethtool {ifname}").stdout):
        yield "-s wol"


def nothing_else(cfg) -> None:
    """ What the kernel and the driver let one set is in the table """
    # looking for what can be set of the link restarts it
    defer(cfg.wait_link)
    listed = {knob.key for knob in cfg.knobs if knob.on(cfg)}
    tools = {knob.tool for knob in cfg.knobs}
    found = set(_settable(cfg))
    ksft_eq(sorted(key for key in found - listed
                   if not (key.endswith(" any") and key.split()[0] in tools)), [],
            "can be set and is not in the table")
    # and the search finds what is there, or it would prove nothing
    searched = {key.split()[0] for key in found}
    chosen = {knob.key for knob in cfg.knobs if knob.on(cfg) and knob.tool in searched and
              (knob.tool != "-N" or len(knob.ends(cfg, random.Random(1))) > 1)}
    ksft_eq(sorted(key for key in chosen - found
                   if not key.startswith(("-X", "-s", "-t", "-U"))), [], "was not found")


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        cfg.knobs = read_knobs()
        ksft_run([rows, proofs, each_knob, nothing_else], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
