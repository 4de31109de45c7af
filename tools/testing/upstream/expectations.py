# SPDX-License-Identifier: GPL-2.0
"""
The files in expect/: what each subtest is expected to say, and why if that is not
`pass`. In memory {program: {subtest: (verdict, reason)}}.
"""

import re
from pathlib import Path

import programs

EXPECT = Path(__file__).resolve().parent / "expect"
# A subtest whose verdict is a matter of the emulated machine's time
VARIES = "varies"
VERDICTS = ("pass", "fail", "xfail", "skip", VARIES)
UNKNOWN = "?"
# What a reason says in brackets and quotation marks: an expression
QUOTED = re.compile(r' \("(.+?)"\)')

HEADER = """\
# SPDX-License-Identifier: GPL-2.0
#
# What the kernel's driver tests say: {name}. `make check-upstream UPDATE=1` writes
# the verdicts; the reasons behind them are written by hand and kept. For a new line
# that is a skip or an xfail, the reason is the test's own, if it gives one.
"""


def read(name):
    """The file of this name; nothing expected if there is none."""
    path = EXPECT / name
    expected = {}
    section = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        if line.startswith("== "):
            section = expected.setdefault(line[3:], {})
        elif line and not line.startswith("#"):
            verdict, rest = line.split(maxsplit=1)
            subtest, _, reason = rest.partition("  # ")
            section[subtest.strip()] = (verdict, reason.strip())
    return expected


def write(name, expected):
    """Writes the programs in the order of the list; those not in it are dropped."""
    order = [*(p.path for p in programs.chosen([])), programs.SETUP]
    lines = [HEADER.format(name=name)]
    for program in (path for path in order if path in expected):
        lines.append(f"\n== {program}\n")
        for subtest, (verdict, reason) in expected[program].items():
            lines.append(f"{verdict:6} {subtest}" + (f"  # {reason}" if reason else "") + "\n")
    EXPECT.mkdir(exist_ok=True)
    (EXPECT / name).write_text("".join(lines), encoding="utf-8")


def agrees(expected, reason, verdict, comment):
    """Is a verdict what is expected? A skip has the reason that it had, if the test says
    it; a verdict that varies is no skip, and a failure says all that the reason quotes."""
    if expected in ("skip", "xfail") and comment:
        return verdict == expected and comment == reason
    if expected == VARIES and verdict == "fail":
        return all(re.search(words, comment) for words in QUOTED.findall(reason))
    return verdict in (("pass", "xfail") if expected == VARIES else (expected,))


def faults(name):
    """What is wrong with a file by itself: verdicts without a reason or a meaning."""
    found = []
    for program, section in read(name).items():
        for subtest, (verdict, reason) in section.items():
            if verdict not in VERDICTS:
                found.append(f"{program}: {subtest}: '{verdict}' is no verdict")
            elif verdict != "pass" and reason in ("", UNKNOWN):
                found.append(f"{program}: {subtest}: {verdict} without a reason")
            elif verdict == VARIES and not QUOTED.search(reason):
                found.append(f"{program}: {subtest}: varies without the words of its failure")
    return found
