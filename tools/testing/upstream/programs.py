# SPDX-License-Identifier: GPL-2.0
"""Which programs of the kernel's driver tests are run: `programs.list`."""

import sys
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).resolve().parent / "programs.list"

# Verdicts that no subtest gives: of the program as a whole, of the network it
# leaves, of the kernel's log while it ran.
WHOLE = "(program)"
CLEANUP = "(cleanup)"
KERNEL_LOG = "(kernel log)"
# In place of a program: between two of them, when the driver comes and goes.
SETUP = "(setup)"


@dataclass
class Program:
    """One line of the list. `network` is remote, hashed, ports or alone, or empty
    for a program that is left out; `arguments` then holds the reason."""
    path: str
    network: str
    limit: int
    arguments: str

    @property
    def addressed(self):
        """Has the card its addresses, and the other one in a netns?"""
        return self.network in ("remote", "hashed")

    @property
    def left_out(self):
        return not self.network


def listed():
    """All lines of the list, left out programs too."""
    found = []
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        path, network, rest = line.split(maxsplit=2)
        if network == "-":
            found.append(Program(path, "", 0, rest))
        else:
            limit, _, arguments = rest.partition(" ")
            found.append(Program(path, network, int(limit), arguments.strip()))
    return found


def chosen(wanted):
    """The programs to run whose path or name, with or without suffix, is wanted; all
    of them if none is."""
    run = [p for p in listed() if not p.left_out]
    names = {p.path: {p.path, Path(p.path).name, Path(p.path).stem} for p in run}
    for word in wanted:
        if not any(word in group for group in names.values()):
            sys.exit(f"no program '{word}'; there are: {' '.join(Path(p.path).stem for p in run)}")
    return [p for p in run if not wanted or names[p.path] & set(wanted)]
