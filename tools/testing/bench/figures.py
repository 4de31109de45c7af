#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
What the meter counted, as a table, JSON and a chart: figures.py KERNEL NIC TGBE IN-TREE
[update|profile]

TGBE and IN-TREE are the /out directories of two boots of exact.py. A row is tgbe's figure,
the in-tree driver's, and their ratio. limits.json has a limit for each ratio: what passes
it by more than 2 % fails; "update" writes the ratios there. "profile" prints instead the
functions in which tgbe and the in-tree driver spend most.

Instructions are those of the kernel without pktgen's own and without its waiting; where a
row has a sender that is measured alone, the sender's are taken off.
"""

import bisect
import collections
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
TOLERANCE = 1.02
DRIVERS = ("tgbe", "igb", "e1000e")
# What pktgen executes for its own sake, and where it waits
SENDER = {"kthread_should_stop"}


class Boot:
    """The phases of one boot"""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.rows = [json.loads(line) for line in
                     (self.directory / "phases").read_text(encoding="ascii").splitlines()]
        symbols = []
        for line in (self.directory / "kallsyms").read_text(encoding="ascii").splitlines():
            field = line.split()
            if field[1] in "tTwW":
                symbols.append((int(field[0], 16), field[2],
                                field[3][1:-1] if len(field) > 3 else "kernel"))
        symbols.sort(key=lambda symbol: symbol[0])
        self.symbols = symbols
        self.addresses = [symbol[0] for symbol in symbols]

    def where(self, address):
        """(module, function) of an address"""
        if address < 1 << 63:
            return "user", "user"
        symbol = self.symbols[bisect.bisect_right(self.addresses, address) - 1]
        module = symbol[2]
        return ("driver" if module in DRIVERS else module), symbol[1]

    def counts(self, row):
        """({(module, function): instructions}, register reads, writes) for each unit"""
        functions = collections.Counter()
        access = collections.Counter()
        path = self.directory / f"phase.{row['phase']}"
        for line in path.read_text(encoding="ascii").splitlines():
            field = line.split()
            if field[0] == "T":
                functions[self.where(int(field[1], 16))] += int(field[2]) * int(field[3])
            elif self.where(int(field[1], 16))[0] == "driver":
                access[field[2]] += int(field[4])
        units = row["units"]
        return (collections.Counter({key: n / units for key, n in functions.items()}),
                access["r"] / units, access["w"] / units)

    def row(self, name):
        """The phase of a name"""
        return next(row for row in self.rows if row["name"] == name)


def kernel_instructions(functions):
    """Instructions for each unit that the packet path has executed"""
    return sum(n for (module, function), n in functions.items()
               if module not in ("user", "pktgen") and function not in SENDER)


def figures(boot):
    """{row: figure}, less is better in each"""
    found = {}
    for row in boot.rows:
        if row["name"] == "memory":
            found["memory, receive descriptor (kB)"] = row["receive descriptor"]
            found["memory, open port (kB)"] = row["open port"]
            continue
        if row["name"].startswith("sender"):
            continue
        functions, _, writes = boot.counts(row)
        total = kernel_instructions(functions)
        if row["less"]:
            before, _, before_writes = boot.counts(boot.row(row["less"]))
            total -= kernel_instructions(before)
            writes -= before_writes
        found[f"{row['name']} (instructions)"] = total
        if "VLANs" in row["name"]:
            found[f"{row['name']} (us)"] = row["ns"] / 1000 / row["units"]
        else:
            found[f"{row['name']} (writes)"] = writes
        if row["name"].startswith("ping-pong"):
            found["ping-pong (us)"] = int(row["said"][0]) / 1000
    return found


def print_table(title, ours, theirs):
    """Print the rows; {row: ratio}"""
    ratios = {}
    print(f"{title:<48}{'tgbe':>12}{'in-tree':>12}{'ratio':>8}")
    for name, figure in ours.items():
        other = theirs.get(name)
        if other is None:
            print(f"{name:<48}{figure:>12.3f}{'-':>12}")
            continue
        ratios[name] = figure / other if other > 0 else float(figure > 0)
        print(f"{name:<48}{figure:>12.3f}{other:>12.3f}{ratios[name]:>8.3f}")
    return ratios


def chart(title, ratios):
    """The ratios as bars; the line is the in-tree driver"""
    height, width, left = 22, 300, 330
    rows = []
    for i, (name, ratio) in enumerate(ratios.items()):
        y = 50 + i * height
        colour = "#2a7" if ratio <= 1 else "#c54"
        rows.append(f'<text x="{left - 8}" y="{y + 13}" text-anchor="end">{name}</text>'
                    f'<rect x="{left}" y="{y}" width="{min(ratio, 2) * width / 2:.0f}" '
                    f'height="{height - 6}" fill="{colour}"/>'
                    f'<text x="{left + min(ratio, 2) * width / 2 + 6:.0f}" y="{y + 13}">'
                    f'{ratio:.2f}</text>')
    bottom = 50 + len(ratios) * height
    middle = left + width // 2
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 60}" '
            f'height="{bottom + 10}" font-family="sans-serif" font-size="12">'
            '<style>text{fill:#222}line{stroke:#222}@media(prefers-color-scheme:dark)'
            '{text{fill:#ddd}line{stroke:#ddd}}</style>'
            f'<text x="10" y="22" font-size="15">{title}</text>'
            f'<text x="{middle}" y="42" text-anchor="middle">in-tree = 1</text>'
            + "".join(rows)
            + f'<line x1="{middle}" y1="46" x2="{middle}" y2="{bottom}"/></svg>\n')


def print_profile(ours, theirs):
    """The functions that cost most, by row"""
    for row in ours.rows:
        if row["name"] == "memory":
            continue
        mine, other = ours.counts(row)[0], theirs.counts(theirs.row(row["name"]))[0]
        print(f"\n{row['name']}, instructions for each unit{'':<14}{'tgbe':>10}{'in-tree':>10}")
        keys = sorted(set(mine) | set(other), key=(mine | other).get, reverse=True)
        for key in keys[:30]:
            print(f"  {key[0]:<14}{key[1]:<44}{mine[key]:>10.1f}{other[key]:>10.1f}")


def judge(kernel, nic, ratios, out, update):
    """Lines for the rows that are worse than the limit; with update the limits follow"""
    path = HERE / "limits.json"
    # with the limits of the other card that were taken just before
    taken = [p for p in ([out / path.name] if update else []) + [path] if p.exists()]
    limits = json.loads(taken[0].read_text(encoding="ascii")) if taken else {}
    mine = limits.setdefault(f"{kernel}-{nic}", {})
    if update:
        mine.update({name: round(ratio, 3) for name, ratio in ratios.items()})
        # the checkout is read-only here
        (out / path.name).write_text(json.dumps(limits, indent=1) + "\n", encoding="ascii")
        return []
    return [f"{name}: {ratio:.3f} of the in-tree driver's, and should be at most {mine[name]}"
            if name in mine else f"{name}: has no limit yet, {ratio:.3f}"
            for name, ratio in ratios.items()
            if name not in mine or ratio > mine[name] * TOLERANCE]


def main():
    """Print, write and judge"""
    kernel, nic, *directories = sys.argv[1:5]
    mode = sys.argv[5] if len(sys.argv) > 5 else ""
    ours, theirs = (Boot(directory) for directory in directories)
    if mode == "profile":
        print_profile(ours, theirs)
        return 0
    title = f"{nic} on Linux {kernel}"
    table = figures(ours), figures(theirs)
    ratios = print_table(title, *table)
    out = Path(directories[0]).parent
    (out / f"bench-{kernel}-{nic}.json").write_text(json.dumps(
        {"kernel": kernel, "nic": nic, "tgbe": table[0], "in-tree": table[1],
         "ratio": ratios}, indent=1), encoding="ascii")
    (out / f"bench-{kernel}-{nic}.svg").write_text(
        chart(f"tgbe beside the in-tree driver: {title}", ratios), encoding="ascii")
    missed = judge(kernel, nic, ratios, out, mode == "update")
    for line in missed:
        print(f"bench: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
