#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
Wake-on-LAN: offered where the card's power management says that it can wake, and
the NVM's word is the default. Emulated cards cannot: they say so.
"""

import re
import struct
import subprocess
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_in
from lib.py import KsftSkipEx
from lib.py import cmd, defer, TgbeEnv

CAP_POINTER, CAP_PM = 0x34, 1
CONTROL3, APM = 0x24, 1 << 10


def _pme_states(pci):
    """PMC[15:11]: the power states from which the card can wake the machine"""
    conf = Path(f"/sys/bus/pci/devices/{pci}/config").read_bytes()
    cap = conf[CAP_POINTER]
    while cap:
        if conf[cap] == CAP_PM:
            return struct.unpack_from("<H", conf, cap + 2)[0] >> 11
        cap = conf[cap + 1]
    return 0


def _shown(cfg):
    out = cmd(f"ethtool {cfg.ifname}").stdout
    return (re.search(r"Supports Wake-on: (\w+)", out).group(1),
            re.search(r"^\s+Wake-on: (\w+)", out, re.M).group(1))


def offered(cfg) -> None:
    """ What is offered and what is set follow the card """
    states = _pme_states(cfg.pci)
    supported, now = _shown(cfg)
    ksft_pr(f"PME from states {states:#x}: supports {supported}, set {now}")
    nvm = subprocess.run(["ethtool", "-e", cfg.ifname, "raw", "on"], check=True,
                         stdout=subprocess.PIPE).stdout
    apm = struct.unpack_from("<H", nvm, 2 * CONTROL3)[0] & APM
    ksft_eq(supported, "pumbg" if states else "d")
    ksft_eq(now, "g" if states and apm else "d")


def set_and_refused(cfg) -> None:
    """ What is offered can be set; anything else is refused and changes nothing """
    supported, was = _shown(cfg)
    defer(cmd, f"ethtool -s {cfg.ifname} wol {was}")
    for event in "pumbgas":
        res = cmd(f"ethtool -s {cfg.ifname} wol {event}", fail=False)
        if event in supported:
            ksft_eq(res.ret, 0, res.stderr)
            ksft_eq(_shown(cfg)[1], event)
            was = event
        else:
            ksft_in("unsupported WoL mode", res.stderr)
            ksft_eq(_shown(cfg)[1], was)


def off_is_always_there(cfg) -> None:
    """ Switching off what is off is no error """
    supported, was = _shown(cfg)
    if supported != "d":
        raise KsftSkipEx("this card can wake")
    cmd(f"ethtool -s {cfg.ifname} wol d")
    ksft_eq(_shown(cfg)[1], was)


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        ksft_run([offered, set_and_refused, off_is_always_there], args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
