#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
rules.py COMMAND...: feeds recorded facts to a netpath and checks what it says of them:
which losses, how many, which command. Every row of its table is provoked by each counter
and each event that it names; every page is checked for its width, every line of JSON
against the schema.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

try:
    import jsonschema
except ModuleNotFoundError:
    jsonschema = None     # pylint: disable=invalid-name  # it is the module's

HERE = Path(__file__).parent
SCHEMA = json.loads((HERE / "../schema.json").read_text("utf-8"))
VALIDATOR = jsonschema and jsonschema.Draft202012Validator(SCHEMA)
COMMAND = sys.argv[1:]
ONE_BY_ONE = "valgrind" not in COMMAND[0]

# A machine with a setting of each kind
SETTINGS = {
    "info/dev": "eth0", "info/netns": "", "info/driver": "tgbe", "info/kernel": "7.3.4",
    "info/up": 1, "info/carrier": 1, "info/promisc": 1, "info/mtu": 9000, "info/cpus": 4,
    "info/xdp-generic": 1, "info/txqueuelen": 10, "info/memory-pages": 524288,
    "ring/rx": 64, "ring/rx-max": 4096, "ring/tx": 64, "ring/tx-max": 4096,
    "channels/combined": 1, "channels/combined-useful": 4, "coalesce/adaptive-rx": 0,
    "qdisc-root/kind": "pfifo", "qdisc-root/limit": 3,
    "sysctl/net.core.netdev_max_backlog": 10, "sysctl/net.core.rmem_default": 4608,
    "sysctl/net.core.rmem_max": 212992, "sysctl/net.core.somaxconn": 5,
    "sysctl/net.ipv4.udp_mem": "10 20 30", "sysctl/net.ipv4.tcp_rmem": "4096 16384 16384",
    "sysctl/net.ipv4.ip_forward": 0, "sysctl/net.ipv4.tcp_syncookies": 0,
    "sysctl/net.ipv4.conf.DEV.rp_filter": 1,
}

# name: (what grew, losses, command of the first), of what a row alone does not tell
CASES = {
    "nothing": ({"dev/rx_packets": 100}, {}, None),
    "time_squeeze alone": ({"softnet/time_squeeze": 88, "softirq/NET_RX": 90}, {}, None),
    "AQM at work": ({"qdisc-root/drops": 9, "qdisc-sum/aqm": 9}, {}, None),
    "limit and AQM": ({"qdisc-root/drops": 9, "qdisc-sum/aqm": 4}, {"QDISC_DROP": 5},
                      "tc qdisc change dev eth0 root pfifo limit 1024"),
    "a ping's own clone": ({"drop/NO_SOCKET@ping_rcv": 5}, {}, None),
    "the end of TIME_WAIT": ({"drop/NOT_SPECIFIED@tcp_v4_rcv": 5}, {}, None),
    "a group that nobody joined": ({"drop/NOT_SPECIFIED@ip6_mc_input": 5}, {}, None),
    "closed with data": ({"drop/SOCKET_CLOSE@udp_destruct_common": 5}, {}, None),
    "a counter and its event": ({"nstat/UdpRcvbufErrors": 40,
                                 "drop/SOCKET_RCVBUFF@udp_queue_rcv_one_skb": 40},
                                {"SOCKET_RCVBUFF": 40},
                                "sysctl -w net.core.rmem_default=262144"),
    "both queues of a listener": ({"nstat/TcpExtListenDrops": 10,
                                   "nstat/TcpExtListenOverflows": 4},
                                  {"ListenDrops": 6, "ListenOverflows": 4},
                                  "sysctl -w net.ipv4.tcp_syncookies=1"),
    "a rule": ({"drop/NETFILTER_DROP@nft_do_chain": 7}, {"NETFILTER_DROP": 7},
               "nft list ruleset"),
    "a rule of iptables": ({"drop/NETFILTER_DROP@nf_hook_slow": 7}, {"NETFILTER_DROP": 7},
                           "nft list ruleset"),
    "connections": ({"drop/NETFILTER_DROP@nf_hook_slow": 7, "conntrack/drop": 7},
                    {"conntrack_full": 7}, None),
    "headers": ({"nstat/IpInHdrErrors": 9, "nstat/IpExtInCsumErrors": 4},
                {"IP_INHDR": 5, "IP_CSUM": 4}, None),
    "hops": ({"nstat/IpInHdrErrors": 9, "nstat/IcmpOutTimeExcds": 6}, {"TTL": 9},
             "ip route show table all"),
    "fragments": ({"nstat/IpReasmFails": 9, "nstat/IpReasmTimeout": 4},
                  {"IpReasmFails": 5, "FRAG_REASM_TIMEOUT": 4}, None),
    "the backlog in rx_dropped": ({"dev/rx_dropped": 9, "softnet/dropped": 9},
                                  {"CPU_BACKLOG": 9},
                                  "sysctl -w net.core.netdev_max_backlog=1024"),
    "an EtherType in rx_dropped": ({"dev/rx_dropped": 3, "drop/UNHANDLED_PROTO@x": 3},
                                   {"UNHANDLED_PROTO": 3}, None),
    "a reason of tomorrow": ({"drop/BRAND_NEW@some_function": 2}, {"BRAND_NEW": 2}, None),
    "worst first": ({"nstat/UdpNoPorts": 3, "dev/rx_fifo_errors": 30, "nstat/IpOutNoRoutes": 9},
                    {"rx_fifo_errors": 30, "IP_OUTNOROUTES": 9, "NO_SOCKET": 3},
                    "ethtool -G eth0 rx 1024"),
}

# what grew: unexplained packets
SUMS = (
    ({"nstat/IpInReceives": 100, "nstat/IpInDelivers": 100}, 0),
    ({"nstat/IpInReceives": 100, "nstat/IpInDelivers": 93}, 7),
    ({"nstat/IpInReceives": 100, "nstat/IpInDelivers": 60, "nstat/IpForwDatagrams": 40}, 0),
    ({"nstat/IpInReceives": 100, "nstat/IpInDelivers": 93,
      "drop/NETFILTER_DROP@nft_do_chain": 7}, 0),
    ({"nstat/IpInReceives": 30, "nstat/IpInDelivers": 10, "nstat/IpReasmReqds": 30,
      "nstat/IpReasmOKs": 10}, 0),
    # lost behind the IP layer: explains nothing of what is missing before
    ({"nstat/IpInReceives": 100, "nstat/IpInDelivers": 93, "nstat/UdpRcvbufErrors": 7}, 7),
)

errors = []    # pylint: disable=invalid-name  # it is no constant


def check(what, good):
    """Note what is not good"""
    if not good:
        errors.append(what)


def run(*args, env=None, status=0):
    """Output of netpath"""
    done = subprocess.run([*COMMAND, *args], capture_output=True, check=False,
                          env=os.environ | {"LANG": "C", "LC_ALL": ""} | (env or {}))
    check(f"{args}: status {done.returncode}: {done.stderr.decode()}",
          done.returncode == status)
    return done.stdout.decode()


def recorded(before, after):
    """The text of two readings"""
    lines = []
    for when, facts in ((1, before), (2, after)):
        lines.append(f"at {when}")
        lines += [f"{name} = {value}" if isinstance(value, str) else f"{name} {value}"
                  for name, value in facts.items()]
        lines.append("end")
    return "\n".join(lines) + "\n"


def reading(grown, settings=None):
    """Two readings between which so much grew"""
    start = {name: 1000 for name in grown}
    settings = SETTINGS if settings is None else settings
    return recorded(settings | start,
                    settings | {name: 1000 + number for name, number in grown.items()})


def replay(text, *options, env=None):
    """What netpath says of it"""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        return run("--replay", file.name, *options, env=env)


def columns(line):
    """How wide a terminal shows it"""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def judged(readings):
    """
    The reports of {what: two readings}; the pages of them have their width, and the JSON
    its form. One run for all: between two pairs it compares the end of one to the begin of
    the next, which tells nothing.
    """
    text = "".join(readings.values())
    reports = [json.loads(line) for line in replay(text, "--json").splitlines()][::2]
    check(f"{len(reports)} reports of {len(readings)}", len(reports) == len(readings))
    for what, report in zip(readings, reports):
        if jsonschema:
            for error in VALIDATOR.iter_errors(report):
                check(f"{what}: {error.json_path}: {error.message}", False)
    for language in ("C", "zh_CN.UTF-8"):
        for line in replay(text, env={"LANG": language}).splitlines():
            check(f"{columns(line)} columns: {line}", columns(line) <= 80)
    return dict(zip(readings, reports))


def judged_one(text):
    """The report of two readings"""
    return judged({"it": text})["it"]


def losses(report):
    """{name: number}"""
    return {loss["name"]: loss["lost"] for loss in report["losses"]}


def rows():
    """{name: what --explain says}, of all rows"""
    return dict(re.findall(r"^(\w+)(, at .*\n(?:(?:meaning|cure|command|counters|events|only if"
                           r"|unless|shown as| ) .*\n)*)", run("--list", "text"), re.M))


def field(text, name):
    """A paragraph of --explain"""
    found = re.search(rf"^{name:9}(.*(?:\n {{9}}.*)*)", text, re.M)
    return " ".join(found[1].split()) if found else ""


def terms(expression):
    """Facts that add to it"""
    words = expression.split()
    return [word.replace("*", "0") for i, word in enumerate(words)
            if word not in "+-|" and (not i or words[i - 1] == "+")]


def ways_to_lose(text):
    """What may grow for a row to be seen: each counter and each event alone"""
    only = {term: 7 for term in terms(field(text, "only if"))[:1]}
    ways = [{term: 7} for term in terms(field(text, "counters"))]
    ways += [{"drop/" + event.replace("*", "x"): 7} for event in field(text, "events").split()]
    return [way | only for way in ways]


def check_rows():
    """Each counter and each event of a row is that row's loss"""
    table = rows()
    readings = {}
    check(f"{len(table)} rows", len(table) >= 45)
    for name, text in table.items():
        ways = ways_to_lose(text)
        check(f"{name}: nothing shows it", ways)
        readings |= {(name, str(way)): reading(way) for way in ways}
    for (name, way), report in judged(readings).items():
        key = "harmless" if "(no loss)" in table[name] else "losses"
        found = {loss["name"]: loss["lost"] for loss in report[key]}
        check(f"{name}: {way}: {found}", found.get(name) == 7)


def check_cases():
    """What needs more than one counter"""
    reports = judged({name: reading(grown) for name, (grown, _, _) in CASES.items()})
    for name, (_, expected, command) in CASES.items():
        report = reports[name]
        check(f"{name}: {losses(report)} != {expected}",
              list(losses(report).items()) == list(dict(expected).items()))
        if command:
            found = [cure["command"] for cure in report["losses"][0]["cures"]]
            check(f"{name}: {found} does not begin with '{command}'", found[:1] == [command])
    reports = judged({i: reading(grown) for i, (grown, _) in enumerate(SUMS)})
    for i, (grown, unexplained) in enumerate(SUMS):
        found = sum(one["unexplained"] for one in reports[i]["sums"])
        check(f"{grown}: {found} unexplained, not {unexplained}", found == unexplained)


def check_chinese():
    """Every row has Chinese words, and not the English ones"""
    english, chinese = (run("--list", "rst", env={"LANG": language})
                        for language in ("C", "zh_CN.UTF-8"))
    pairs = list(zip(english.split("\n``")[1:], chinese.split("\n``")[1:]))
    for one, other in pairs:
        check(f"no Chinese: {one}", one.splitlines()[1:3] != other.splitlines()[1:3])


def check_culprits():
    """A socket is named with its process; the largest share first"""
    settings = SETTINGS | {"sock/udp/10.0.0.1:53/77/buffer": 4608,
                           "sock/udp/10.0.0.1:54/78/buffer": 4608,
                           "owner/77": "named, pid 711"}
    report = judged_one(reading({"nstat/UdpRcvbufErrors": 5,
                                       "sock/udp/10.0.0.1:53/77/drops": 4,
                                       "sock/udp/10.0.0.1:54/78/drops": 1}, settings))
    check(report["losses"][0]["who"],
          report["losses"][0]["who"] ==
          [{"name": "UDP 10.0.0.1:53 (named, pid 711), buffer 4608", "lost": 4},
           {"name": "UDP 10.0.0.1:54 (?), buffer 4608", "lost": 1}])


def check_replaced():
    """The counters of a qdisc begin anew when it is replaced"""
    report = judged_one(recorded(SETTINGS | {"qdisc-root/drops": 100},
                                      SETTINGS | {"qdisc-root/drops": 3}))
    check(losses(report), losses(report) == {"QDISC_DROP": 3})


def check_most():
    """A knob at its most is not proposed, and in a namespace the command enters it"""
    settings = SETTINGS | {"ring/rx": 4096, "channels/combined": 4, "info/netns": "blue"}
    report = judged_one(reading({"dev/rx_missed_errors": 5}, settings))
    found = [cure["command"] for cure in report["losses"][0]["cures"]]
    check(found, found == ["ip netns exec blue ethtool -C eth0 adaptive-rx on"])


def check_bad():
    """What was not recorded by netpath is refused with its line"""
    for text in ("at 1\nno number here\nend\n", "nonsense\n", "at 1\na 1\n"):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            run("--replay", file.name, status=1)
    run("--explain", "NO_SUCH_THING", status=1)
    check("by name", run("--explain", "no_socket").startswith("NO_SOCKET, at"))
    check("by counter", "SOCKET_RCVBUFF" in run("--explain", "UdpRcvbufErrors"))
    check("by reason", "CPU_BACKLOG" in run("--explain", "SKB_DROP_REASON_CPU_BACKLOG"))
    check("--prometheus", 'loss="NO_SOCKET"} 1004' in
          replay(reading({"nstat/UdpNoPorts": 4}), "--prometheus"))


def main():
    """All of it; under valgrind what goes other ways through the code"""
    if ONE_BY_ONE:
        check_rows()
        check_chinese()
    check_cases()
    check_culprits()
    check_replaced()
    check_most()
    check_bad()
    for error in errors:
        print(error)
    sys.exit(bool(errors))


if __name__ == "__main__":
    main()
