# SPDX-License-Identifier: GPL-2.0

"""
The table of knobs in Documentation/, read: what can be set, by which command, from
where to where. The tests go through it, so that it stays true.
"""

import math
import os
import re
from pathlib import Path

from net.lib.py import CmdExitFailure

from .cards import End, wait_until

TABLE = Path("/tgbe/Documentation/networking/device_drivers/ethernet/tgbe-knobs.rst")
CHIPS = {"igb": "82576", "e1000e": "82574L"}
CELLS = 8

# What stands for a value in a command: a number, or a word
VALUE = r"(?<=\s)[NV](?=\s|$)"

# The value of a rule that is not there, and how it comes to that
NO_RULE = "none"
NO_RULE_COMMAND = "ethtool -U eth0 delete 7"

# What ethtool -A calls otherwise when it shows it
SHOWN_AS = {"autoneg": "autonegotiate"}
# Where "if it can" stands: what the card says of itself
def _has_filters(end):
    return end.features()["ntuple-filters"]["fixed"] is False


_CAN = {
    "wol": lambda end: bool(re.search(r"Supports Wake-on: [^d\s]",
                                      end.ethtool(end.ifname).stdout)),
    "rule": _has_filters, "ntuple-filters": _has_filters,
}
# What is said of values that do not get as far as the driver
_CORE_SAYS = {
    "-G": ("exceeds maximum", ), "-L": ("exceeds maximum", "no RX or TX channel"),
    "-X": ("bad command line", "Invalid argument", "out of range"), "-U": ("nvalid", ),
    "ip": ("less than device minimum", "greater than device maximum"),
}
# Bits of ethtool -s advertise
LINK_MODES = {0x001: "10baseT/Half", 0x002: "10baseT/Full", 0x004: "100baseT/Half",
              0x008: "100baseT/Full", 0x020: "1000baseT/Full"}


def _rows(text):
    """The rows of the list-tables, each a list of cells"""
    rows = []
    for line in text.splitlines():
        if found := re.match(r"   ([* ]) - (.*)", line):
            if found.group(1) == "*":
                rows.append([])
            rows[-1].append(found.group(2))
        elif line.startswith("       "):
            rows[-1][-1] += " " + line.strip()
    return [[cell.replace("``", "").strip() for cell in row] for row in rows
            if row[0] != "knob"]


def _of_chip(cell, chip):
    """What a cell says of one card, where it tells them apart"""
    if not cell.startswith(tuple(f"{name}:" for name in CHIPS.values())):
        return cell
    parts = dict(part.strip().split(": ", 1) for part in cell.split(";"))
    return parts[CHIPS[chip]]


def _kernel():
    return tuple(map(int, re.match(r"(\d+)\.(\d+)", os.uname().release).groups()))


def _word(value):
    """A value as the commands take it"""
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def _text(end, args, pattern):
    found = re.search(pattern, end.ethtool(args).stdout, re.M)
    return found.group(1) if found else None


def rss_table(end):
    """The indirection table, a list of queues"""
    return end.ethtool(f"-x {end.ifname}", json=True)[0]["rss-indirection-table"]


def rss_key(end):
    """The hash key as ethtool -X takes it"""
    return _text(end, f"-x {end.ifname}", r"^RSS hash key:\s+(\S+)")


def _equal(end):
    table = rss_table(end)
    queues = max(table) + 1
    return str(queues) if table == [i % queues for i in range(len(table))] else "uneven"


def _weights(end):
    table = rss_table(end)
    counts = [table.count(queue) for queue in range(end.queues())]
    return " ".join(str(count // math.gcd(*counts)) for count in counts)


def _mdix(end):
    """The crossover that is set; with auto the one that was found is shown as well"""
    # what the PHYs agree on is not known before the link is back
    text = wait_until(lambda: _text(end, end.ifname, r"^\s+MDI-X: ((?!Unknown).*)"),
                      "the PHY does not say which pairs it uses")
    return "auto" if "(auto)" in text else text.split()[0]


def advertised(end):
    """The link modes that are advertised, as ethtool -s takes them"""
    text = end.ethtool(end.ifname).stdout
    part = re.search(r"Advertised link modes:(.*?)Advertised pause", text, re.S).group(1)
    return f"{sum(bit for bit, mode in LINK_MODES.items() if mode in part.split()):#05x}"


def message_level(end):
    """What the driver says, as ethtool -s takes it"""
    return str(int(_text(end, end.ifname, r"message level: (0x[0-9a-f]+)"), 16))


def _link(end):
    on = _text(end, end.ifname, r"Auto-negotiation: (\w+)")
    return "autoneg on" if on == "on" else "autoneg off"


# How the value of a knob is seen: by the tool that sets it, and its name
_SHOWN = {
    "-G": lambda end, name: end.ethtool(f"-g {end.ifname}", json=True)[0][name],
    "-L": lambda end, name: end.queues(),
    "-C": lambda end, name: end.ethtool(f"-c {end.ifname}", json=True)[0][name],
    "-Q": lambda end, name: _text(end, f"-Q {end.ifname} queue_mask 0x1 --show-coalesce",
                                  rf"^{name}:\s+(\d+)"),
    "-A": lambda end, name: end.ethtool(f"-a {end.ifname}",
                                        json=True)[0][SHOWN_AS.get(name, name)],
    "-K": lambda end, name: end.features()[name]["active"],
    "--set-tunable": lambda end, name: _text(end, f"--get-tunable {end.ifname} {name}",
                                             rf"{name}: (\d+)"),
    "-N": lambda end, name: "sdfn" if "L4 bytes" in
          end.ethtool(f"-n {end.ifname} rx-flow-hash {name}").stdout else "sd",
    "echo": lambda end, name: end.sysfs(f"tgbe/{name}"),
    "ip": lambda end, name: end.sysfs(name),
}
_SHOWN_ALONE = {"-X equal": _equal, "-X weight": _weights, "-X hkey": rss_key,
                "-s mdix": _mdix,
                "-s wol": lambda end: _text(end, end.ifname, r"^\s+Wake-on: (\w)"),
                "-U rule": lambda end: _text(end, f"-u {end.ifname}",
                                             r"Dest port: (\d+)") or NO_RULE,
                "-s msglvl": message_level, "-s advertise": advertised, "-s link": _link}


class Knob:
    """One row of the table"""

    def __init__(self, cells):
        self.name, self.command, self._range, self.default, self.live = cells[:5]
        self.proofs = [proof.strip() for proof in cells[7].split(",")]
        words = self.command.split()
        self.tool = words[1] if words[0] == "ethtool" else words[0]

    @property
    def key(self):
        """Tool and name, which no other row has both of"""
        return f"{self.tool} {self.name}"

    @property
    def is_action(self):
        """Done, and not set to a value"""
        return not re.search(VALUE, self.command)

    def elsewhere(self):
        """A value of a card, or a kernel, that has it"""
        text = next(text for text in map(self._range_on, CHIPS) if text != "none")
        # the highest number: the lowest may be what is there without the knob
        return text.split()[0].split("..")[-1].rstrip(",")

    def _range_on(self, chip):
        return re.sub(r" \(Linux .*\)| if it can", "", _of_chip(self._range, chip))

    def on(self, cfg):
        """Does the card under test have it, with this kernel?"""
        text = _of_chip(self._range, cfg.chip)
        since = re.search(r"\(Linux (\d+)\.(\d+)\)", text)
        if since and _kernel() < tuple(map(int, since.groups())):
            return False
        return text != "none" and ("if it can" not in text or _CAN[self.name](cfg.dut))

    def default_on(self, cfg):
        """The value of a card that nobody has touched"""
        value = _of_chip(self.default, cfg.chip)
        return str(cfg.expected_queues()) if value == "max" else value

    def limits(self, cfg):
        """Lowest value, highest, step; None where it has no numbers"""
        found = re.match(r"(\d+)\.\.(\d+|max|queues)(?: step (\d+))?", self._range_on(cfg.chip))
        if not found:
            return None
        first, last, step = found.groups()
        if last == "max":
            last = cfg.expected_queues()
        elif last == "queues":
            last = cfg.dut.queues()
        return int(first), int(last), int(step or 1)

    def _sample(self, cfg, rng):
        """A value where the table has words in place of a range"""
        if self.name == "hkey":
            return ":".join(f"{rng.randrange(256):02x}" for _ in range(40))
        if self.name == "weight":
            queues = cfg.dut.queues()
            some = rng.sample(range(queues), 1 << rng.randrange(queues.bit_length()))
            return " ".join("1" if queue in some else "0" for queue in range(queues))
        # a MAC address: unicast, locally administered
        return "02:" + ":".join(f"{rng.randrange(256):02x}" for _ in range(5))

    def words(self, cfg):
        """The values, where there are a few; or None"""
        text = self._range_on(cfg.chip)
        if self.limits(cfg) or text.startswith("a "):
            return None
        return [word.strip() for word in text.split(",")]

    def ends(self, cfg, rng):
        """Values that must be taken"""
        if limits := self.limits(cfg):
            return [str(value) for value in limits[:2]]
        return self.words(cfg) or [self._sample(cfg, rng)]

    def beyond(self, cfg):
        """Values that must be refused"""
        limits = self.limits(cfg)
        if not limits or self._range_on(cfg.chip).endswith(" bits"):
            return []
        return [str(value) for value in (limits[0] - 1, limits[1] + 1) if value >= 0]

    def explains(self, cfg, text):
        """Does a text name the limits of the driver, or that of the core in its words?"""
        first, last, _ = self.limits(cfg)
        wanted = (f"must be {first}..{last}", *_CORE_SAYS.get(self.tool, ()))
        return any(words in text for words in wanted)

    def random(self, cfg, rng, least=0, most=None):
        """Any value, of numbers one from @least to @most"""
        if limits := self.limits(cfg):
            first, last, step = limits
            first = max(first, least)
            last = last if most is None else min(last, most)
            return str(rng.randrange(first, last + 1, step))
        words = self.words(cfg)
        return rng.choice(words) if words else self._sample(cfg, rng)

    def run(self, end, value=""):
        """Run the command with this value"""
        command = NO_RULE_COMMAND if value == NO_RULE else self.command
        line = re.sub(VALUE, value, command.replace("eth0", end.ifname))
        done = end.cmd(line, shell=">" in line or None)
        # ethtool -Q ends well whatever the kernel says
        if done.stderr.startswith("Cannot set"):
            raise CmdExitFailure(done.stderr, done)

    def refuses(self, end, value=""):
        """What is said when the command is refused; None if it is not"""
        try:
            self.run(end, value)
        except CmdExitFailure as ex:
            return ex.cmd.stderr.strip() or ex.cmd.stdout.strip() or "no reason"
        return None

    def get(self, end):
        """The value in force, as run() takes it"""
        if show := _SHOWN_ALONE.get(self.key):
            return show(end)
        return _word(_SHOWN[self.tool](end, self.name))


class _Glance(End):
    """An end whose tools are asked once and their answers remembered"""

    def __init__(self, end):
        super().__init__(end.ifname, end.ns, end.addr_v, end.pci)
        self._seen = {}

    def ethtool(self, args, json=None):
        question = (args, json)
        if question not in self._seen:
            self._seen[question] = super().ethtool(args, json)
        return self._seen[question]


def values_of(knobs, end):
    """{key: value in force} of many knobs"""
    glance = _Glance(end)
    return {knob.key: knob.get(glance) for knob in knobs if not knob.is_action}


def read_knobs():
    """The whole table"""
    rows = _rows(TABLE.read_text(encoding="ascii"))
    for row in rows:
        if len(row) != CELLS:
            raise ValueError(f"{TABLE.name}: {len(row)} cells in the row of {row[0]}")
    return [Knob(row) for row in rows]
