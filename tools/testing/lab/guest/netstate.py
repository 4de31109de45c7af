#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
What a test must leave as it found it: drivers, interfaces, addresses, rings,
channels, features, moderation, qdiscs, sysctls, rules of netfilter, of both ends;
namespaces and modules that change a packet's path.

Asks the kernel by ioctl where it can: on an emulated machine starting a program
for each question would take longer than most tests.
"""

import array
import ctypes
import fcntl
import json
import os
import re
import socket
import subprocess
import sys
import time

SIOCETHTOOL = 0x8946
PEER = "peer"

SYSCTLS = "/proc/sys/net"
# Those of interfaces, of which only "all" and "default" are of interest here, and those
# that count, are random, or are another one's old name, of which the log complains
PER_INTERFACE = {"conf", "neigh"}
RESTLESS = {"nf_conntrack_count", "netdev_rss_key", "tcp_fastopen_key", "stable_secret",
            "retrans_time", "base_reachable_time"}
# Modules that change the path of packets, or what is said of it, once they are there
MODULES = {"br_netfilter", "bridge", "nf_conntrack", "tun", "pktgen"}
# Limits that are no matter of the network, and experiments turn
LIMITS = ("fs/file-max", "fs/nr_open")

# ethtool ioctl: command number and names of its 32-bit fields
ETHTOOL_GCOALESCE = (0x0e, """rx-usecs rx-frames rx-usecs-irq rx-frames-irq
    tx-usecs tx-frames tx-usecs-irq tx-frames-irq stats-block-usecs
    adaptive-rx adaptive-tx pkt-rate-low rx-usecs-low rx-frames-low
    tx-usecs-low tx-frames-low pkt-rate-high rx-usecs-high rx-frames-high
    tx-usecs-high tx-frames-high sample-interval""".split())
ETHTOOL_GRINGPARAM = (0x10, """rx-max rx-mini-max rx-jumbo-max tx-max
    rx rx-mini rx-jumbo tx""".split())
ETHTOOL_GPAUSEPARAM = (0x12, "autoneg rx tx".split())
ETHTOOL_GCHANNELS = (0x3c, """max-rx max-tx max-other max-combined
    rx tx other combined""".split())
ETHTOOL_GMSGLVL = (0x07, ["level"])
ETHTOOL_GFEATURES = 0x3a
FEATURE_BLOCKS = 4

TABLES = {"coalesce": ETHTOOL_GCOALESCE, "ring": ETHTOOL_GRINGPARAM,
          "pause": ETHTOOL_GPAUSEPARAM, "channels": ETHTOOL_GCHANNELS,
          "msglvl": ETHTOOL_GMSGLVL}


class IfReq(ctypes.Structure):
    """struct ifreq with a pointer in its union"""
    _fields_ = [("name", ctypes.c_char * 16), ("data", ctypes.c_void_p),
                ("pad", ctypes.c_char * 16)]


def ethtool_ioctl(sock, ifname, data):
    """Runs one ethtool command, `data` holds its structure. False: not supported."""
    req = IfReq(ifname.encode(), data.buffer_info()[0])
    try:
        fcntl.ioctl(sock, SIOCETHTOOL, req)
        return True
    except OSError:
        return False


def read_table(sock, ifname, table):
    cmd, fields = table
    data = array.array("I", [cmd] + [0] * len(fields))
    if not ethtool_ioctl(sock, ifname, data):
        return None
    return dict(zip(fields, data[1:]))


def read_features(sock, ifname):
    """The active features, as words of bits."""
    data = array.array("I", [ETHTOOL_GFEATURES, FEATURE_BLOCKS] + [0] * 4 * FEATURE_BLOCKS)
    if not ethtool_ioctl(sock, ifname, data):
        return None
    # a block is available, requested, active, never-changed
    return [hex(word) for word in data[4::4]]


def interface(link):
    """What counts of one interface in the output of `ip -d -j addr`. An
    alternative name is left out: udev adds it in its own time."""
    info = {key: link.get(key) for key in (
        "ifname", "address", "mtu", "qdisc", "txqlen", "group", "promiscuity",
        "allmulti", "num_tx_queues", "num_rx_queues", "gso_max_size",
        "gro_max_size", "link_netnsid")}
    info["flags"] = sorted(link["flags"])
    info["kind"] = link.get("linkinfo", {}).get("info_kind")
    info["xdp"] = "xdp" in link
    info["addresses"] = sorted(f"{a['local']}/{a['prefixlen']}" for a in link["addr_info"])
    return info


def read_file(path):
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except (OSError, UnicodeDecodeError):
        return None


def sysctls():
    """All below net/ that this netns shows"""
    values = {}
    for where, dirs, files in os.walk(SYSCTLS):
        if os.path.basename(where) in PER_INTERFACE:
            dirs[:] = {"all", "default"} & set(dirs)
        for name in set(files) - RESTLESS:
            path = os.path.join(where, name)
            values[f"sysctl {path[len('/proc/sys/'):]}"] = read_file(path)
    return values


def qdiscs():
    """What is settled of them: neither the counters nor the order in which they are told"""
    out = subprocess.run(["tc", "-j", "qdisc", "show"], check=True, capture_output=True,
                         text=True).stdout
    return sorted(json.dumps([q.get(key) for key in ("dev", "kind", "parent", "options")])
                  for q in json.loads(out))


def rules():
    """Those of nftables, if there can be any"""
    if not os.path.isdir("/sys/module/nf_tables"):
        return ""
    return subprocess.run(["nft", "list", "ruleset"], check=False, capture_output=True,
                          text=True).stdout


def one_end(card):
    """State of the current netns. `card` is the name of the interface on a card."""
    out = subprocess.run(["ip", "-d", "-j", "addr", "show"], check=True,
                         capture_output=True, text=True).stdout
    state = {f"interface {link['ifname']}": interface(link) for link in json.loads(out)}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for name, table in TABLES.items():
            for key, value in (read_table(sock, card, table) or {}).items():
                state[f"{name} {key}"] = value
        state["features"] = read_features(sock, card)
    state["qdiscs"] = qdiscs()
    state["rules"] = rules()
    state.update(sysctls())
    return state


def in_peer(function, *args):
    """Calls a function in the peer's netns, in a process of its own."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            with open(f"/run/netns/{PEER}", encoding="ascii") as netns:
                os.setns(netns.fileno(), os.CLONE_NEWNET)
            result = json.dumps(function(*args))
            with open(writer, "w", encoding="utf-8") as pipe:
                pipe.write(result)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writer)
    with open(reader, encoding="utf-8") as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(text) if text else {"netns": "cannot be looked at"}


def driver_of(pci):
    path = f"/sys/bus/pci/devices/{pci}/driver"
    return os.path.basename(os.readlink(path)) if os.path.islink(path) else None


def processes_in_peer():
    """Names of the processes in the peer's netns."""
    names = []
    try:
        wanted = os.stat(f"/run/netns/{PEER}").st_ino
    except OSError:
        return names
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.stat(f"/proc/{pid}/ns/net").st_ino == wanted:
                with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                    names.append(file.read().strip())
        except OSError:
            continue
    return sorted(names)


def snapshot(env):
    """The state as a flat dictionary of printable values. `env` holds what setup
    wrote: NETIF, PEERIF and their PCI addresses."""
    state = {"netns": sorted(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else [],
             "driver": driver_of(env["NETIF_PCI"]), "peer driver": driver_of(env["PEERIF_PCI"]),
             "peer processes": processes_in_peer(),
             "modules": sorted(MODULES & set(os.listdir("/sys/module")))}
    state.update({f"limit {name}": read_file(f"/proc/sys/{name}") for name in LIMITS})
    state.update(one_end(env["NETIF"]))
    for key, value in in_peer(one_end, env["PEERIF"]).items():
        state[f"peer {key}"] = value
    return state


def carrier(state, env):
    return all("LOWER_UP" in (state.get(key) or {}).get("flags", [])
               for key in (f"interface {env['NETIF']}", f"peer interface {env['PEERIF']}"))


def settled_snapshot(env, limit=10):
    """A snapshot once both ends have carrier; after `limit` seconds as it is."""
    end = time.monotonic() + limit
    while True:
        state = snapshot(env)
        if carrier(state, env) or time.monotonic() > end:
            return state
        time.sleep(0.2)


# What experiments have to put back. Other tests are told of it, and do not fail: not each
# has been seen to put back what was not looked at when it was written.
OF_EXPERIMENTS = re.compile(r"(peer )?(modules|limit |sysctl |qdiscs|rules)")


def of_experiments(changed):
    """Those of changes() that only an experiment fails for"""
    return [change for change in changed if OF_EXPERIMENTS.match(change)]


def changes(before, after):
    """Readable lines, one for each difference."""
    lines = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            lines += [f"{key} {part}: {old.get(part)} -> {new.get(part)}"
                      for part in sorted(old.keys() | new.keys())
                      if old.get(part) != new.get(part)]
        else:
            lines.append(f"{key}: {old} -> {new}")
    return lines


if __name__ == "__main__":
    json.dump(snapshot(os.environ), sys.stdout, indent=1, sort_keys=True)
    print()
