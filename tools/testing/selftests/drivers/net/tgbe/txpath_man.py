#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
What tc-txpath(8) says is so: its examples do what they show, and each word that
tc takes or prints is explained.
"""

import json
import os
import re
import subprocess
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_in, ksft_true, ksft_variants
from lib.py import KsftFailEx, KsftNamedVariant, KsftSkipEx, NetNS
from lib.py import cmd, defer, join, txpath_unload

PAGE = Path("/tgbe/tools/tc/tc-txpath.8").read_text("utf-8")
MODULE = Path(os.environ.get("TGBE_BUILD", ".")) / "net/sched/sch_txpath.ko"
DEFAULT_QDISC = Path("/proc/sys/net/core/default_qdisc")
MARK = "-- next"

# A number with its unit, but not what is part of a name or a handle
NUMBER = re.compile(r"(?<![\w:.])(\d+(?:\.\d+)?)(?:[KMG]?b|p|[mu]?s)?(?![\w:.])")


def _section(name):
    return PAGE.split(f".SH {name}\n", 1)[1].split("\n.SH ", 1)[0] + "\n"


def _plain(text):
    """A piece of the page without what is for troff"""
    text = re.sub(r'^\.[A-Z]+\b|\\f.|"', "", text, flags=re.M)
    return text.replace(r"\-", "-").replace(r"\e", "\\")


def _examples():
    """Each a list of (command, lines it shows)"""
    for block in re.findall(r"^\.EX\n(.*?)^\.EE$", _section("EXAMPLES"), re.M | re.S):
        commands = []
        for row in block.replace(r"\-", "-").replace(r"\e", "\\").splitlines():
            if row.startswith("# "):
                commands.append((row[2:], []))
            elif row.startswith("> "):
                command, shown = commands.pop()
                commands.append((f"{command}\n{row[2:]}", shown))
            else:
                commands[-1][1].append(row)
        yield commands


def _load():
    """The module, until the test ends"""
    cmd(f"insmod {MODULE}")
    defer(txpath_unload)


def _execute(netns, commands):
    """What each of the commands says, one shell for them all"""
    # the default is that of the machine, and seen only from where it began
    script = 'sysctl() { nsenter --net=/proc/1/ns/net sysctl "$@"; }\n'
    script += "".join(f"echo '{MARK}'\n{command}\n" for command in commands)
    out = subprocess.run(["ip", "netns", "exec", str(netns), "bash", "-c", script], text=True,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, check=False, timeout=120).stdout
    ksft_pr(out)
    return out.split(f"{MARK}\n")[1:]


def _shape(line):
    """A line whose numbers are 0 or not"""
    return " ".join(NUMBER.sub(lambda m: "N" if float(m[1]) else "0", line).split())


@ksft_variants([KsftNamedVariant(str(number), commands)
                for number, commands in enumerate(_examples(), 1)])
def example(commands) -> None:
    """ It prints the lines that it shows; other numbers, but none instead of 0 """
    text = "\n".join(command for command, _ in commands)
    if "quota" in text and os.cpu_count() < 2:
        raise KsftSkipEx("with one CPU nobody finds another sending")
    _load()
    if "default_qdisc" in text:
        defer(DEFAULT_QDISC.write_text, DEFAULT_QDISC.read_text("ascii"), encoding="ascii")
    with NetNS() as here, NetNS() as there:
        join(here, there)
        said = _execute(here, [command for command, _ in commands])
    if len(said) != len(commands):
        raise KsftFailEx("the shell did not come to the end")
    for (command, shown), out in zip(commands, said):
        lines = [_shape(line) for line in out.splitlines()]
        for line in shown:
            ksft_in(_shape(line), lines, command)


def parameters() -> None:
    """ Each word of tc's usage is explained """
    usage = cmd("tc qdisc add dev lo root txpath help", fail=False).stderr
    words = set(re.findall(r"\b[a-z_]+\b", usage)) - {"txpath"}
    ksft_true(words, "no usage")
    tags = "\n".join(re.findall(r"^\.TP\n(.*)$", _section("PARAMETERS"), re.M))
    explained = re.findall(r"\w+", _plain(tags))
    for word in sorted(words):
        ksft_in(word, explained)


def statistics() -> None:
    """ Each word of the statistics is explained, and each key of theirs in JSON """
    _load()
    with NetNS() as here:
        cmd("tc qdisc add dev lo root txpath", ns=here)
        text = cmd("tc -s -d qdisc show dev lo", ns=here).stdout
        keys = list(json.loads(cmd("tc -j -s qdisc show dev lo", ns=here).stdout)[0])
    words = re.findall(r"\b[a-z_]+\b", text[text.index("bypassed"):])
    explained = re.findall(r"\w+", _plain(_section("STATISTICS")))
    for word in words + keys[keys.index("bypassed"):]:
        ksft_in(word, explained)


def main() -> None:
    """ Ksft boiler plate main """

    os.environ["TC_LIB_DIR"] = os.environ["TGBE_BUILD"]
    # without devices of its own making, which would appear beside the cards
    cmd("modprobe ifb numifbs=0")
    ksft_run([example, parameters, statistics])
    ksft_exit()


if __name__ == "__main__":
    main()
