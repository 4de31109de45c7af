# SPDX-License-Identifier: GPL-2.0

"""
The two cards of the lab: the one under test, and its peer in a namespace; and two
namespaces without cards.
"""

import os
import random
import re
import socket
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from net.lib.py import cmd, defer, ethtool, ip, NetNSEnter
from net.lib.py import KsftFailEx, KsftSkipEx
from drivers.net.lib.py import NetDrvEpEnv

# Most queue pairs of each card; the driver takes no more than there are CPUs
MAX_QUEUES = {"igb": 8, "e1000e": 2}

TUNNEL_MODULES = {"vxlan": "vxlan", "gre": "ip_gre", "ipip": "ipip", "ip6tnl": "ip6_tunnel"}
ONLY_WANTED_TUNNELS = Path("/proc/sys/net/core/fb_tunnels_only_for_init_net")

# How much longer things may take on this kernel. One that is full of checks is asked for
# silence, not for speed
SLOWDOWN = int(os.environ.get("TGBE_SLOWDOWN", "1"))
DEBUG_KERNEL = SLOWDOWN > 1
EXACT = bool(os.environ.get("TGBE_EXACT"))
# So many times longer may anything take before it counts as failed. Where time is exact
# it passes at once while the machine waits for the host, which may be busy
PATIENCE = 10 if EXACT else SLOWDOWN
# Seconds for a command: the kernel's library has 20, on any machine
COMMAND = 60 * PATIENCE
cmd.__init__.__defaults__ = tuple(COMMAND if value == 20 else value
                                  for value in cmd.__init__.__defaults__)
# Of what a test leaves to chance; it is printed, and can be given
SEED = int(os.environ.get("TGBE_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)


def wait_until(cond, what, deadline=60):
    """
    Call @cond until it returns something true, and return that. The deadline
    is long because a guest on emulation is slow, and a passing test never
    gets there.
    """
    end = time.monotonic() + deadline * PATIENCE
    while True:
        res = cond()
        if res:
            return res
        if time.monotonic() > end:
            raise KsftFailEx(f"Waited {deadline * PATIENCE}s in vain: {what}")
        time.sleep(0.02)


def settled(read, want, deadline=10):
    """Give @read() time to become @want; return what it is in the end"""
    end = time.monotonic() + deadline * PATIENCE
    while (got := read()) != want and time.monotonic() < end:
        time.sleep(0.02)
    return got


def _kmsg(line):
    with open("/dev/kmsg", "w", encoding="ascii") as log:
        log.write(line)


def mark_log():
    """Put a mark into the kernel log, and return it"""
    mark = f"tgbe-mark {os.urandom(8).hex()}"
    _kmsg(f"{mark}\n")
    return mark


def expect_in_log(pattern):
    """Announce a kernel report that this test provokes, until the test ends"""
    _kmsg(f"tgbe-expect: {pattern}\n")
    defer(_kmsg, "tgbe-expect-end\n")


def monitor(command):
    """
    Have QEMU's monitor do @command, and return what it says. The cards are card1, the one
    under test, and card2, each below a port of the root complex, rp1 and rp2.
    """
    # what it says of this is the end of the answer; its echo looks otherwise
    mark = f"tgbe-{os.urandom(4).hex()}"
    with open("/dev/virtio-ports/tgbe-monitor", "r+b", buffering=0) as port:
        answer = b""
        port.write(f"{command}\n{mark}\n".encode())
        while f"unknown command: '{mark}'".encode() not in answer:
            answer += port.read(4096)
    return answer.decode("ascii", "replace")


def test_module(name, **params):
    """Load a module of the tests, until the test ends or the result is executed"""
    path = Path(os.environ["TGBE_TEST_MODULES"]) / f"{name}.ko"
    words = " ".join(f"{key}={value}" for key, value in params.items())
    cmd(f"insmod {path} {words}")
    return defer(cmd, f"rmmod {name}")


def can_sleep():
    """Does this kernel know suspend? The lab's own do not"""
    return "freeze" in Path("/sys/power/state").read_text("ascii")


def put_to_sleep(card):
    """Have a card suspended, until the test ends or the result is executed"""
    if not can_sleep():
        raise KsftSkipEx("this kernel knows no suspend")
    return test_module("pm_step", card=card)


def irq_lines():
    """What /proc/interrupts says: {irq: (count over all CPUs, action names)}"""
    lines = {}
    with open("/proc/interrupts", encoding="ascii") as table:
        ncpus = len(table.readline().split())
        for row in table:
            number, _, rest = row.partition(":")
            if not number.strip().isdigit():
                continue
            cells = rest.split()
            # the interrupt chip and its own number stand before the actions
            actions = " ".join(cells[ncpus + 2:])
            lines[int(number)] = (sum(int(n) for n in cells[:ncpus]),
                                  [a.strip() for a in actions.split(",") if a.strip()])
    return lines


def affinities(ifname):
    """Where the queues' vectors of an open interface may go: {path in /proc: CPUs}"""
    paths = [Path(f"/proc/irq/{irq}/smp_affinity_list")
             for irq, (_, names) in irq_lines().items()
             if any(name.startswith(f"{ifname}-TxRx-") for name in names)]
    return {path: path.read_text("ascii").strip() for path in paths}


def move_vector(path):
    """Let a vector go to another CPU only, until the test ends"""
    was = path.read_text("ascii")
    defer(path.write_text, was, encoding="ascii")
    first = int(re.match(r"\d+", was).group())
    path.write_text(f"{(first + 1) % os.cpu_count()}\n", encoding="ascii")


def sum_stats(stats, pattern):
    """The sum of the counters whose name matches"""
    return sum(v for k, v in stats.items() if re.fullmatch(pattern, k))


def snmp(end):
    """The kernel's protocol counters: {"Udp:InErrors": ...}"""
    rows = [r.split() for r in end.cmd("cat /proc/net/snmp").stdout.splitlines()]
    return {f"{names[0]}{name}": int(value) for names, values in zip(rows[::2], rows[1::2])
            for name, value in zip(names[1:], values[1:])}


def moderation(end):
    """Arguments of ethtool that make interrupt moderation of @end what it is now"""
    was = end.ethtool(f"-c {end.ifname}", json=True)[0]
    words = [f"{way}-{what} {was[f'{way}-{what}']}" for way in ("rx", "tx")
             for what in ("usecs", "frames", "usecs-irq", "frames-irq")]
    words += [f"{name} {'on' if was[name] else 'off'}"
              for name in ("adaptive-rx", "adaptive-tx")]
    return f"-C {end.ifname} " + " ".join(words)


def keep_coalescing(end):
    """Interrupt moderation of @end becomes what it is now when the test ends"""
    defer(end.ethtool, moderation(end))


def join(here, there):
    """eth0 in both namespaces, 192.0.2.1 and 192.0.2.2, with no packets but the test's"""
    for netns in (here, there):
        cmd("sysctl -q -w net.ipv6.conf.default.disable_ipv6=1", ns=netns)
    ip(f"link add dev eth0 type veth peer name eth0 netns {there}", ns=here)
    for host, netns in enumerate((here, there), 1):
        ip(f"address add 192.0.2.{host}/24 dev eth0", ns=netns)
        ip("link set dev eth0 up", ns=netns)


class End:
    """One end of the wire: an interface, its namespace (None: ours), its addresses"""

    def __init__(self, ifname, ns, addr_v, pci=None):
        self.ifname = ifname
        self.ns = ns
        self.addr_v = addr_v
        self.pci = pci

    def cmd(self, comm, **kwargs):
        """Run a command on this end"""
        return cmd(comm, ns=self.ns, **kwargs)

    def ip(self, args, json=None):
        """Run ip(8) on this end"""
        return ip(args, json=json, ns=self.ns)

    def ethtool(self, args, json=None):
        """Run ethtool(8) on this end"""
        return ethtool(args, json=json, ns=self.ns)

    def socket(self, *args):
        """A socket of this end's namespace"""
        if not self.ns:
            return socket.socket(*args)
        with NetNSEnter(self.ns):
            return socket.socket(*args)

    def sysfs(self, attr):
        """Read an attribute of the interface"""
        return self.cmd(f"cat /sys/class/net/{self.ifname}/{attr}").stdout.strip()

    def mac(self):
        """The MAC address, as bytes"""
        return bytes.fromhex(self.sysfs("address").replace(":", ""))

    def carrier(self):
        """Does the interface have carrier? (reading it fails when down)"""
        res = self.cmd(f"cat /sys/class/net/{self.ifname}/carrier", fail=False)
        return res.ret == 0 and res.stdout.strip() == "1"

    def carrier_changes(self):
        """How often carrier came or went"""
        return int(self.sysfs("carrier_changes"))

    def stats(self):
        """The interface counters: {"rx": {"packets": ...}, "tx": ...}"""
        return self.ip(f"-s -s link show dev {self.ifname}", json=True)[0]["stats64"]

    def ethtool_stats(self):
        """The counters of ethtool -S"""
        stats = {}
        for row in self.ethtool(f"-S {self.ifname}").stdout.splitlines():
            name, _, value = row.rpartition(":")
            if value.strip().isdigit():
                stats[name.strip()] = int(value)
        return stats

    def per_queue(self, way, row):
        """A row that ethtool -S has for each queue: {queue: count}"""
        return {int(m.group(1)): value for name, value in self.ethtool_stats().items()
                if (m := re.fullmatch(rf"{way}_queue_(\d+)_{row}", name))}

    def tunable(self, name):
        """The value of a tunable"""
        out = self.cmd(f"ethtool --get-tunable {self.ifname} {name}").stdout
        return int(out.rsplit(":", 1)[1])

    def set_tunable(self, name, value):
        """Set a tunable until the test ends"""
        command = f"ethtool --set-tunable {self.ifname} {name}"
        defer(self.cmd, f"{command} {self.tunable(name)}")
        self.cmd(f"{command} {value}")

    def rings(self):
        """Ring sizes now, as (rx, tx)"""
        info = self.ethtool(f"-g {self.ifname}", json=True)[0]
        return info["rx"], info["tx"]

    def set_rings(self, rx, tx):
        """Change the ring sizes"""
        self.ethtool(f"-G {self.ifname} rx {rx} tx {tx}")

    def queues(self):
        """Queue pairs now"""
        out = self.ethtool(f"-l {self.ifname}").stdout
        return int(re.findall(r"^Combined:\s+(\d+)", out, re.M)[1])

    def features(self):
        """ethtool -k: {name: {"active": ..., "fixed": ...}}"""
        shown = self.ethtool(f"-k {self.ifname}", json=True)[0]
        return {name: state for name, state in shown.items() if name != "ifname"}

    def set_feature(self, name, want):
        """Switch an offload and check that it took; restored when the test ends"""
        was = self.features()[name]
        if was["active"] == want:
            return
        if was["fixed"]:
            raise KsftSkipEx(f"{name} is fixed")
        word = {True: "on", False: "off"}
        self.ethtool(f"-K {self.ifname} {name} {word[want]}")
        defer(self.ethtool, f"-K {self.ifname} {name} {word[was['active']]}")
        if self.features()[name]["active"] != want:
            raise KsftFailEx(f"{name} did not change")

    def set_mtu(self, mtu):
        """Change the MTU now; restored when the test ends"""
        was = int(self.sysfs("mtu"))
        if was == mtu:
            return
        self.ip(f"link set dev {self.ifname} mtu {mtu}")
        defer(self.ip, f"link set dev {self.ifname} mtu {was}")

    def reappear(self):
        """
        After the card was probed anew: wait for its interface, in our namespace
        under a name of the kernel's choice, and make it what the lab's setup
        had made it
        """
        path = Path(f"/sys/bus/pci/devices/{self.pci}/net")
        self.ifname, = wait_until(lambda: path.exists() and os.listdir(path),
                                  f"no interface on {self.pci}")
        if self.ns:
            ip(f"link set dev {self.ifname} netns {self.ns}")
        self.configure_v6(f"addr add {self.addr_v['4']}/24 dev {self.ifname}",
                          f"link set dev {self.ifname} up")

    def configure_v6(self, *more):
        """
        What the lab's setup does for IPv6. The stack forgets it when the
        interface goes, and when the MTU was below 1280. Then @more commands
        of ip(8).
        """
        lines = [f"link set dev {self.ifname} addrgenmode none",
                 f"addr flush dev {self.ifname} to ::/0",
                 f"addr add {self.addr_v['6']}/64 dev {self.ifname} nodad", *more]
        knob = f"/proc/sys/net/ipv6/conf/{self.ifname}/keep_addr_on_down"
        if self.ns:
            # sysctls are those of the caller's namespace
            with NetNSEnter(self.ns):
                Path(knob).write_text("1", encoding="ascii")
        else:
            Path(knob).write_text("1", encoding="ascii")
        # One process for all: starting one takes a while on emulation
        with tempfile.NamedTemporaryFile("w", encoding="ascii") as batch:
            batch.write("\n".join(lines) + "\n")
            batch.flush()
            self.ip(f"-batch {batch.name}")

    def reachable(self, addr):
        """Does one ping come back?"""
        return self.cmd(f"ping -n -c 1 -W 2 {addr}", fail=False).ret == 0

    def ping(self, other, ipver, count=5, size=56):
        """Ping the other end, one after the other; every answer must come"""
        # of several in one run ping is content with one, and waits for no other
        for _ in range(count):
            self.cmd(f"ping -n -{ipver} -W 10 -c 1 -s {size} {other.addr_v[ipver]}")


def in_netns(name):
    """In a namespace, or for None where one is, for use in "with" """
    return NetNSEnter(name) if name else nullcontext()


class TgbeEnv(NetDrvEpEnv):
    """NetDrvEpEnv that knows both ends, so that a test can be run both ways"""

    def __init__(self, src_path):
        super().__init__(src_path, nsim_test=False)
        self.chip = self.env["TGBE_NIC"]
        self.kernel = self.env["TGBE_KERNEL"]
        self.irqmode = self.env["TGBE_IRQMODE"]
        self.pci = self.env["NETIF_PCI"]
        self.dut = End(self.ifname, None, self.addr_v, self.pci)
        self.peer = End(self.remote_ifname, self.env["REMOTE_ARGS"],
                        self.remote_addr_v, self.env["PEERIF_PCI"])

    @property
    def ends(self):
        """Both ends"""
        return self.dut, self.peer

    @property
    def ways(self):
        """Both directions, as (name, from, to)"""
        return (("tx", self.dut, self.peer), ("rx", self.peer, self.dut))

    def expected_queues(self):
        """Queue pairs the driver should have taken"""
        if self.irqmode != "msix":
            return 1
        return min(os.cpu_count(), MAX_QUEUES[self.chip])

    def msi_irqs(self):
        """The message-signalled interrupts of the card, as {irq: mode}"""
        path = Path(f"/sys/bus/pci/devices/{self.pci}/msi_irqs")
        if not path.exists():
            return {}
        return {int(f.name): f.read_text().strip() for f in path.iterdir()}

    def link_lost(self):
        """
        A function that tells how often carrier moved since now, on both ends
        """
        start = sum(end.carrier_changes() for end in self.ends)
        return lambda: sum(end.carrier_changes() for end in self.ends) - start

    def log(self, since=""):
        """What the kernel log says of the card, since a mark if there is one"""
        text = cmd("dmesg").stdout
        return [row for row in text[text.find(since):].splitlines()
                if self.ifname in row or self.pci in row]

    def driver(self, action):
        """Bind or unbind the card under test"""
        with open(f"/sys/bus/pci/drivers/tgbe/{action}", "w", encoding="ascii") as knob:
            knob.write(self.pci)

    def reappear(self, *ends):
        """Wait for the interfaces of cards that were probed anew"""
        for end in ends:
            end.reappear()
        self.ifname = self.dut.ifname
        self.ifindex = int(self.dut.sysfs("ifindex"))
        self.remote_ifname = self.peer.ifname

    def rebind(self):
        """Take the driver from the card under test, and give it back"""
        self.driver("unbind")
        self.driver("bind")
        self.reappear(self.dut)
        self.wait_link()

    def one_queue(self):
        """Everything through queue 0, until the test ends"""
        was = self.dut.queues()
        if was > 1:
            defer(self.queues_back, was)
            self.dut.ethtool(f"-L {self.ifname} combined 1")

    def queues_back(self, count):
        """
        Have the queues back, and their qdiscs: an mq that was made while fewer were in use
        gave the default to those alone
        """
        self.dut.ethtool(f"-L {self.ifname} combined {count}")
        if self.dut.cmd(f"tc qdisc show dev {self.ifname} root").stdout.startswith("qdisc mq"):
            self.dut.cmd(f"tc qdisc replace dev {self.ifname} root pfifo")
            self.dut.cmd(f"tc qdisc del dev {self.ifname} root")

    def resets(self):
        """A function that tells which counts of TCP resets have moved since, on either end"""
        def look():
            return {f"{name} {what}": snmp(end)[f"Tcp:{what}"]
                    for name, end in zip(("dut", "peer"), self.ends)
                    for what in ("EstabResets", "OutRsts")}
        start = look()
        return lambda: {name: count - start[name] for name, count in look().items()
                        if count != start[name]}

    def pin_neighbours(self):
        """No ARP or neighbour discovery until the test ends"""
        for end, other in (self.ends, self.ends[::-1]):
            for addr in other.addr_v.values():
                end.ip(f"neigh replace {addr} lladdr {other.sysfs('address')} "
                       f"dev {end.ifname} nud permanent")
                defer(end.ip, f"neigh del {addr} dev {end.ifname}")

    def may_lose(self, tally, alone=False):
        """
        How many packets of a flow a live change may lose. Where there is
        another queue, packets are steered to it and none may be lost; a queue
        that is alone has a moment without buffers, and the 82574L steers too
        coarsely for that promise. With @alone there was one queue for a while.
        """
        if self.chip == "igb" and self.dut.queues() > 1 and not alone:
            return 0
        return tally.sent // 1000

    def wait_link(self):
        """Wait until both ends have carrier and pings go through"""
        for end in self.ends:
            wait_until(end.carrier, f"no carrier on {end.ifname}")
        for ipver, addr in self.peer.addr_v.items():
            wait_until(lambda to=addr: self.dut.reachable(to),
                       f"no answer to IPv{ipver} pings")

    def _upper(self, name, what):
        """An interface on both ends, by what(end, other); returns its ends"""
        pair = []
        for end, other, host in ((self.dut, self.peer, 1), (self.peer, self.dut, 2)):
            addr_v = {"4": f"192.0.4.{host}", "6": f"2001:db8:4::{host}"}
            end.ip(f"link add name {name} {what(end, other)}")
            defer(end.ip, f"link del {name}")
            end.ip(f"addr add {addr_v['4']}/24 dev {name}")
            end.ip(f"-6 addr add {addr_v['6']}/64 dev {name} nodad")
            end.ip(f"link set dev {name} up")
            pair.append(End(name, end.ns, addr_v))
        return pair

    def vlan(self, vid):
        """A VLAN interface on both ends; returns its ends. Gone with the test"""
        return self._upper(f"tgbe.{vid}",
                           lambda end, _: f"link {end.ifname} type vlan id {vid}")

    def tunnel(self, kind, args="", ipver="4"):
        """
        A tunnel between both ends over IP of that version; returns its ends. Gone with
        the test
        """
        # or the module makes an interface of its own in each netns
        was = ONLY_WANTED_TUNNELS.read_text("ascii")
        defer(ONLY_WANTED_TUNNELS.write_text, was, encoding="ascii")
        ONLY_WANTED_TUNNELS.write_text("2", encoding="ascii")
        if cmd(f"modprobe {TUNNEL_MODULES[kind]}", fail=False).ret:
            raise KsftSkipEx(f"no {TUNNEL_MODULES[kind]} module")
        return self._upper("tgbetnl", lambda end, other:
                           f"type {kind} {args} local {end.addr_v[ipver]} "
                           f"remote {other.addr_v[ipver]} dev {end.ifname}")
