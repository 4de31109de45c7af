# SPDX-License-Identifier: GPL-2.0

"""
Experiments on a packet's way. A row of the file `rows` is a function under @row: a case
of a test, and what `make try ROW=` shows to a reader. It says what it does as it goes,
with the commands one would type; run_rows() is the main() of such a test.

What is under proof is turned by turn(), or for what no command turns by turned(), and by
nothing else: with TGBE_ROWS_UNTURNED=1 both leave it alone, and then every case has to
fail. What belongs to the stage alone is set by set(). All of it is put back.
"""

import fnmatch
import functools
import os
import re
import shlex
import shutil
import socket
import subprocess
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from net.lib.py import defer, ksft_pr, ksft_exit, ksft_run, ksft_true
from net.lib.py import KsftFailEx, KsftSkipEx

from .cards import in_netns, moderation, wait_until, TgbeEnv, COMMAND, PATIENCE

UNTURNED = os.environ.get("TGBE_ROWS_UNTURNED") == "1"
TRACING = Path("/sys/kernel/tracing")
# An instance of our own: its buffers are nobody else's
EVENTS = TRACING / "instances/path"
TRACE_LINE = re.compile(r"\s*(.+)-(\d+)\s+\[(\d+)\]\s+\S+\s+([\d.]+): (\w+): (.*)")
PKTGEN = Path("/proc/net/pktgen")
SO_RCVBUFFORCE = 33

# The columns of the kernel's tables
SOFTNET = {"processed": 0, "dropped": 1, "time_squeeze": 2, "received_rps": 9,
           "flow_limit": 10}
DEV = ["rx_bytes", "rx_packets", "rx_errs", "rx_drop", "rx_fifo", "rx_frame",
       "rx_compressed", "rx_multicast", "tx_bytes", "tx_packets", "tx_errs", "tx_drop",
       "tx_fifo", "tx_colls", "tx_carrier", "tx_compressed"]

_cases = []


def row(ident, asks, means, *, nic=None, kernel=None, tools=(), cpus=1):
    """
    A function that performs the experiment of row @ident on the Experiment it is given;
    @asks and @means is what a reader is told before and after. On another @nic
    or @kernel, without one of the @tools or with fewer @cpus it is skipped and says so.
    """
    def register(func):
        @functools.wraps(func)
        def case(cfg):
            ksft_pr(f"{ident}: {asks}")
            for name, want, have in (("card", nic, cfg.chip), ("kernel", kernel, cfg.kernel)):
                if want and have != want:
                    raise KsftSkipEx(f"{ident} needs the {name} {want}, and this is {have}")
            for name in tools:
                if not shutil.which(name):
                    raise KsftSkipEx(f"{ident} needs {name}, which is not installed")
            if os.cpu_count() < cpus:
                raise KsftSkipEx(f"{ident} needs {cpus} CPUs, and there are {os.cpu_count()}")
            func(Experiment(cfg))
            ksft_pr(f"What it means: {means}")
        _cases.append(case)
        return case
    return register


def run_rows(path):
    """The main() of a test of rows"""
    with TgbeEnv(path) as cfg:
        ksft_run(_cases, args=(cfg, ))
    ksft_exit()


class Watch:
    """The counters of Experiment.watch()"""

    def __init__(self, names):
        self._names = names
        self.before = self._read()
        self.after = None

    def _read(self):
        cache = {}
        return {name: read_counter(name, cache) for name in self._names}

    def stop(self):
        """Read them for the last time, and tell"""
        self.after = self._read()
        width = max(map(len, self._names))
        for name, before in self.before.items():
            after, moved = self.after[name], self[name]
            if isinstance(before, list):
                before, after, moved = (" ".join(map(str, v)) for v in (before, after, moved))
            ksft_pr(f"    {name:{width}}  {before} -> {after}  (moved by {moved})")

    def __getitem__(self, name):
        """By how much a counter moved; of one that there is for each CPU, a list"""
        after = self.after[name] if self.after else read_counter(name, {})
        before = self.before[name]
        if isinstance(before, list):
            return [new - old for old, new in zip(before, after)]
        return after - before


def _snmp():
    """The protocols' counters of this namespace, under the names of nstat"""
    counters = {}
    for file in ("snmp", "netstat"):
        rows = Path(f"/proc/thread-self/net/{file}").read_text("ascii").splitlines()
        for names, values in zip(rows[::2], rows[1::2]):
            proto = names.split(":")[0].removesuffix("Ext")
            proto = {"Tcp": "Tcp" if file == "snmp" else "TcpExt",
                     "Ip": "Ip" if file == "snmp" else "IpExt"}.get(proto, proto)
            counters |= {proto + name: int(value) for name, value in
                         zip(names.split()[1:], values.split()[1:])}
    return counters


def _by_cpu(path, matches):
    """The sum over the lines of a table whose last word or first matches, by CPU"""
    with open(path, encoding="ascii") as table:
        cpus = len(table.readline().split())
        total = [0] * cpus
        for line in table:
            words = line.split()
            if matches(words[0].rstrip(":"), words[-1]):
                total = [a + int(b) for a, b in zip(total, words[1:cpus + 1])]
    return total


def _dev(ifname):
    """A line of /proc/net/dev of this namespace"""
    text = Path("/proc/thread-self/net/dev").read_text("ascii")
    found = re.search(rf"^ *{re.escape(ifname)}:(.*)$", text, re.M)
    return dict(zip(DEV, map(int, found[1].split())))


def _qdisc(ifname):
    """Sums of `tc -s qdisc` over the qdiscs of an interface that have no parent qdisc
    which counts for them"""
    out = subprocess.run(["tc", "-s", "-j", "qdisc", "show", "dev", ifname], check=True,
                         capture_output=True, text=True).stdout
    found = re.findall(r'"root":true.*?"drops":(\d+),"overlimits":(\d+),"requeues":(\d+)', out)
    return dict(zip(("drops", "overlimits", "requeues"), map(int, found[0])))


def _ethtool(ifname):
    """The counters of ethtool -S"""
    out = subprocess.run(["ethtool", "-S", ifname], check=True, capture_output=True,
                         text=True).stdout
    return {name.strip(): int(value) for name, value in re.findall(r"^(.*): (\d+)$", out, re.M)}


def read_counter(name, cache):
    """
    One of these, with "<namespace>:" before it if it is not of ours:
    softnet.<column>, softirq.<name>, irq.<pattern of names>: a list, by CPU;
    dev.<interface>.<column> of /proc/net/dev; qdisc.<interface>.drops (or overlimits,
    requeues) of its root; ethtool.<interface>.<counter> of -S;
    else a counter of the protocols under the name that nstat has for it.
    @cache keeps what was read at the same time.
    """
    ns, _, what = name.rpartition(":")
    kind, _, rest = what.partition(".")
    if kind == "softnet":
        lines = Path("/proc/net/softnet_stat").read_text("ascii").splitlines()
        return [int(line.split()[SOFTNET[rest]], 16) for line in lines]
    if kind == "softirq":
        return _by_cpu("/proc/softirqs", lambda first, _: first == rest)
    if kind == "irq":
        return _by_cpu("/proc/interrupts", lambda _, last: fnmatch.fnmatchcase(last, rest))
    source = {"dev": _dev, "qdisc": _qdisc, "ethtool": _ethtool}.get(kind)
    ifname, _, column = rest.partition(".")
    key = (ns, kind, ifname) if source else (ns,)
    if key not in cache:
        with in_netns(ns):
            cache[key] = source(ifname) if source else _snmp()
    if (column if source else what) not in cache[key]:
        raise KsftFailEx(f"this kernel has no counter {name}")
    return cache[key][column if source else what]


class Events(list):
    """The lines of a trace, as (task, CPU, seconds, event, text)"""

    def collect(self, text):
        """Take what the buffer holds"""
        found = re.search(r"entries-in-buffer/entries-written: (\d+)/(\d+)", text)
        if not found or found[1] != found[2]:
            raise KsftFailEx("the trace buffer was too small")
        for line in text.splitlines():
            if m := TRACE_LINE.fullmatch(line):
                self.append((m[1], int(m[3]), float(m[4]), m[5], m[6]))


class Drops(Events):
    """The packets that were freed unused, by reason and place"""

    def __init__(self):
        super().__init__()
        self.by_place = Counter()
        self.by_qdisc = Counter()

    def collect(self, text):
        super().collect(text)
        for *_, event, line in self:
            if event == "kfree_skb" and (m := re.search(r"location=(\w+).* reason: (\S+)", line)):
                # pktgen frees its own
                if not m[1].startswith("pktgen_"):
                    self.by_place[m[2], m[1]] += 1
            elif event == "qdisc_drop" and (m := re.search(r"kind=(\w+).*reason=(\S+)", line)):
                self.by_qdisc[m[1], m[2]] += 1
        for (reason, place), count in self.by_place.most_common():
            ksft_pr(f"    {count:6} reason {reason} at {place}")
        for (kind, reason), count in self.by_qdisc.most_common():
            ksft_pr(f"    {count:6} qdisc_drop by {kind}, reason {reason}")

    def count(self, reason, place=None):
        """How many for this reason, all of them or those at one place"""
        return sum(n for (why, where), n in self.by_place.items()
                   if why == reason and place in (None, where))


class Capture:
    """What tcpdump prints, of Experiment.capture()"""

    def __init__(self, proc):
        self._proc = proc
        self._text = ""
        os.set_blocking(proc.stdout.fileno(), False)

    def _read(self):
        try:
            self._text += os.read(self._proc.stdout.fileno(), 1 << 20).decode("utf-8", "replace")
        except BlockingIOError:
            pass
        return self._text

    def ready(self):
        """Does it listen?"""
        return "listening on" in self._read()

    @property
    def lines(self):
        """A line for each packet"""
        if not self._proc.stdout.closed:
            self._read()
        whole = self._text.rpartition("\n")[0]
        return [line for line in whole.splitlines() if re.match(r"\d+[.:]\d\S* ", line)]

    def wait(self, count, seconds=10):
        """Give so many packets time to come; whether they have"""
        return Experiment.wait(lambda: len(self.lines) >= count, seconds)

    def stop(self):
        """End it, and tell"""
        self._proc.terminate()
        self._proc.wait()
        lines = self.lines
        self._proc.stdout.close()
        ksft_pr("\n".join(f"    {line}" for line in lines[:4]) or "    (nothing)")
        if len(lines) > 4:
            ksft_pr(f"    ... {len(lines)} in all")


class Talk:
    """A program of Experiment.talk()"""

    def __init__(self, proc):
        self._proc = proc
        self.pid = proc.pid

    def ask(self, line=None):
        """Give it a line, if any, and read one of its answer"""
        if line is not None:
            self._proc.stdin.write(f"{line}\n")
            self._proc.stdin.flush()
        if not (answer := self._proc.stdout.readline()):
            raise KsftFailEx(f"it has ended with {self._proc.wait()}")
        return answer.strip()

    def finish(self):
        """End its standard input, and return what it prints then"""
        out = self._proc.communicate(timeout=20 * PATIENCE)[0]
        ksft_pr(out)
        return out


class Experiment:
    """One run of a row: the machine it is run on, and what is done there and said"""

    def __init__(self, cfg):
        self.cfg = cfg
        self.nic, self.partner = cfg.dut.ifname, cfg.peer.ifname
        self.here, self.there = cfg.dut.addr_v["4"], cfg.peer.addr_v["4"]
        self.peer = cfg.peer.ns
        self._mac = cfg.dut.sysfs("address")
        self._undone = set()

    # ---- what is said

    @staticmethod
    def say(text):
        """A line for the reader"""
        ksft_pr(text)

    @staticmethod
    def holds(condition, claim):
        """A claim, with the numbers it is about, which has to be true"""
        ksft_pr(f"  {'yes' if condition else 'NO '}  {claim}")
        ksft_true(condition, claim)

    def accounts(self, sent, arrived, **lost):
        """Every packet sent arrived, or is one of the named losses"""
        parts = " + ".join([f"{arrived} arrived"] +
                           [f"{n} {name}" for name, n in lost.items()])
        self.holds(sent == arrived + sum(lost.values()), f"{sent} sent = {parts}")

    # ---- commands

    @staticmethod
    def _typed(command, ns):
        if not ns:
            return command
        if re.search(r"[|<>;&*$]", command):
            return f"ip netns exec {ns} bash -c {shlex.quote(command)}"
        return f"ip netns exec {ns} {command}"

    def _execute(self, command, ns=None):
        """Exit status and output, of both kinds"""
        if not ns and (m := re.fullmatch(r"echo (\S+) > (/\S+)", command)):
            # as the shell does it, in a tenth of the time
            try:
                with open(m[2], "wb", buffering=0) as file:
                    file.write(f"{m[1]}\n".encode())
                return 0, ""
            except OSError as err:
                return 1, f"{m[2]}: {err.strerror}"
        done = subprocess.run(["bash", "-c", self._typed(command, ns)], text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.STDOUT, timeout=COMMAND, errors="replace")
        return done.returncode, done.stdout

    def run(self, command, ns=None, shown=True):
        """Type a command, and return what it prints; show all of that, or its last lines"""
        ksft_pr(f"  # {self._typed(command, ns)}")
        ret, out = self._execute(command, ns)
        if ret:
            raise KsftFailEx(f"{command}: exit status {ret}: {out.strip()}")
        if shown and out.strip():
            lines = out.rstrip().splitlines()
            ksft_pr("\n".join(f"    {line}" for line in lines[-(len(lines) if shown is True
                                                             else shown):]))
        return out

    def refused(self, command, ns=None):
        """Type a command that has to fail, and return what it says"""
        ksft_pr(f"  # {self._typed(command, ns)}")
        ret, out = self._execute(command, ns)
        ksft_pr(f"    {out.strip()}")
        self.holds(ret, f"'{command}' is refused")
        return out.strip()

    def attempt(self, command, ns=None):
        """Type a command that may fail, and return its exit status"""
        ksft_pr(f"  # {self._typed(command, ns)}")
        ret, out = self._execute(command, ns)
        ksft_pr("\n".join(f"    {line}" for line in out.strip().splitlines()[-2:]))
        return ret

    def start(self, command, ns=None, stdin=subprocess.DEVNULL):
        """Start a command in the background; it ends with the row, if not before"""
        ksft_pr(f"  # {self._typed(command, ns)} &")
        # pylint: disable=consider-using-with  # it outlives this function
        proc = subprocess.Popen(["bash", "-c", f"exec {self._typed(command, ns)}"], text=True,
                                stdin=stdin, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
        defer(self.end, proc)
        return proc

    def talk(self, command, ns=None):
        """Start a program that obeys the lines it is given"""
        return Talk(self.start(command, ns, subprocess.PIPE))

    @staticmethod
    def end(proc):
        """End what start() started, and return what it has printed"""
        if proc.stdout.closed:
            return ""
        if proc.poll() is None:
            proc.terminate()
        try:
            return proc.communicate(timeout=20 * PATIENCE)[0]
        except subprocess.TimeoutExpired:
            proc.kill()
            return proc.communicate()[0]

    # ---- parameters

    def set(self, command, undo=None, ns=None):
        """
        Type a command that makes the stage, until the row ends. What undoes it is known
        for `echo VALUE > FILE`, `sysctl -w NAME=VALUE`, ethtool -C, -G and -L, and `ip
        link set dev ... txqueuelen` or mtu; for others it is the command @undo, "" if
        that of something else does.
        """
        self._keep(command, undo, ns)
        return self.run(command, ns)

    def turn(self, command, undo=None, ns=None):
        """Turn the parameter under proof, as set() would"""
        if UNTURNED:
            ksft_pr(f"  (not turned) # {self._typed(command, ns)}")
            return ""
        return self.set(command, undo, ns)

    @staticmethod
    def turned(value, left):
        """@value, of something under proof that no command turns; @left if it is not"""
        return left if UNTURNED else value

    def _keep(self, command, undo, ns):
        """Arrange for undoing, once for each thing"""
        if undo == "":
            return
        key, *way = (undo, self._back, undo, ns) if undo else self._way_back(command, ns)
        if (key, ns) not in self._undone:
            self._undone.add((key, ns))
            defer(*way)

    def _back(self, command, ns):
        ret, out = self._execute(command, ns)
        if ret:
            raise KsftFailEx(f"cannot undo by {command}: {out.strip()}")

    def _way_back(self, command, ns):
        """What it is about, and the function that undoes it with its arguments"""
        if m := re.fullmatch(r"echo \S+ > (/\S+)", command):
            was = self._execute(f"cat {m[1]}", ns)[1].strip()
            return m[1], self._back, f"echo {was} > {m[1]}", ns
        if m := re.fullmatch(r"sysctl -w ([\w./-]+)=.*", command):
            was = self.sysctl(m[1], ns)
            return m[1], self._back, f'sysctl -q -w {m[1]}="{was}"', ns
        if m := re.fullmatch(r"ethtool -([CGL]) (\S+) .*", command):
            end = self.cfg.peer if m[2] == self.partner and ns == self.peer else self.cfg.dut
            if m[1] == "C":
                return f"ethtool -C {m[2]}", end.ethtool, moderation(end)
            if m[1] == "G":
                return f"ethtool -G {m[2]}", end.set_rings, *end.rings()
            if end is self.cfg.dut:
                way = self.cfg.queues_back, end.queues()
            else:
                way = end.ethtool, f"-L {m[2]} combined {end.queues()}"
            return f"ethtool -L {m[2]}", *way
        if m := re.fullmatch(r"ip link set dev (\S+) (txqueuelen|mtu) \d+", command):
            attr = {"txqueuelen": "tx_queue_len"}.get(m[2], m[2])
            was = self._execute(f"cat /sys/class/net/{m[1]}/{attr}", ns)[1].strip()
            return f"{m[1]} {m[2]}", self._back, f"ip link set dev {m[1]} {m[2]} {was}", ns
        raise KsftFailEx(f"it is not said how to undo '{command}'")

    @staticmethod
    def sysctl(name, ns=None):
        """The value of a sysctl"""
        with in_netns(ns):
            path = Path("/proc/sys") / name.replace(".", "/")
            return " ".join(path.read_text("ascii").split())

    # ---- what is seen

    @staticmethod
    def tapped(ifname, ns=None):
        """Does somebody get all frames of an interface, as tcpdump does?"""
        with in_netns(ns):
            types = Path("/proc/thread-self/net/ptype").read_text("ascii")
        return bool(re.search(rf"^ALL +{ifname} ", types, re.M))

    def quietly(self, command, ns=None):
        """What a command prints, without showing either"""
        return self._execute(command, ns)[1]

    @staticmethod
    def counter(name):
        """A counter now, see read_counter()"""
        return read_counter(name, {})

    @contextmanager
    def watch(self, *names):
        """Counters before and after, see read_counter(); for use in "with" """
        seen = Watch(names)
        yield seen
        seen.stop()

    def trace(self, *events, only=None):
        """
        The events ("skb:kfree_skb") meanwhile, those that the filter @only lets through;
        for use in "with". An event that this kernel has not is left out.
        """
        return self._traced(Events(), events, only)

    def drops(self):
        """The packets freed unused meanwhile, as Drops; for use in "with" """
        return self._traced(Drops(), ("skb:kfree_skb", "qdisc:qdisc_drop"), None)

    @contextmanager
    def capture(self, what, nic=None, ns=None, options=""):
        """
        The packets that tcpdump, with more @options (" -tt"), sees meanwhile, as a Capture:
        give them time by its wait()
        """
        proc = self.start(f'tcpdump -nn -l --immediate-mode -i {nic or self.nic}{options} '
                          f'"{what}"', ns)
        seen = Capture(proc)
        if not self.wait(seen.ready):
            raise KsftFailEx("tcpdump does not start")
        yield seen
        seen.stop()

    @contextmanager
    def _traced(self, seen, events, only):
        self._execute(f"mkdir -p {EVENTS}")
        files = [EVENTS / "events" / event.replace(":", "/") for event in events]
        files = [file for file in files if file.exists()]
        undo = defer(self._untrace, files)
        self._execute(f"echo 8192 > {EVENTS}/buffer_size_kb")
        for file in files:
            if only:
                (file / "filter").write_text(only, encoding="ascii")
            self.run(f"echo 1 > {file}/enable")
        yield seen
        for file in files:
            self._execute(f"echo 0 > {file}/enable")
        seen.collect(self.run(f"cat {EVENTS}/trace", shown=False))
        undo.exec()

    @staticmethod
    def _untrace(files):
        for file in files:
            (file / "enable").write_text("0", encoding="ascii")
        EVENTS.rmdir()

    @staticmethod
    def wait(condition, seconds=10):
        """Give something time to come true; whether it has"""
        end = time.monotonic() + seconds * PATIENCE
        while not (good := condition()) and time.monotonic() < end:
            time.sleep(0.02)
        return good

    # ---- traffic

    @staticmethod
    def socket(ns=None, kind=socket.SOCK_DGRAM, family=socket.AF_INET, proto=0):
        """A socket of a namespace, until the row ends"""
        with in_netns(ns):
            sock = socket.socket(family, kind, proto)
        defer(sock.close)
        return sock

    def sink(self, port=9, rcvbuf=1 << 25, ns=None):
        """A UDP socket that holds what comes to a port, until the row ends"""
        sock = self.socket(ns)
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, rcvbuf)
        sock.bind((self.there if ns else self.here, port))
        return sock

    @staticmethod
    def drain(sock):
        """Read all that waits in a socket; how many datagrams that was"""
        count = 0
        sock.setblocking(False)
        try:
            while True:
                sock.recv(65536)
                count += 1
        except BlockingIOError:
            return count

    def collect(self, sock, expected):
        """Read so many datagrams, or those that come in ten seconds; how many there were"""
        count = 0

        def complete():
            nonlocal count
            count += self.drain(sock)
            return count >= expected
        self.wait(complete)
        return count

    def burst(self, count, *, gap_us=0, sports=(1000, 1000), cpu=None, words=()):
        """
        So many UDP frames from the partner's card to port 9 here, one each @gap_us,
        from so many ports, made by pktgen on one CPU (the last one); @words are more of
        its commands. Returns when all of them are sent: how many that was.
        """
        dev = self._generator(os.cpu_count() - 1 if cpu is None else cpu)
        lines = [(dev, line) for line in (
            f"count {count}", "pkt_size 60", "clone_skb 0", f"delay {gap_us * 1000}",
            f"dst_mac {self._mac}", f"dst {self.here}",
            f"src_min {self.there}", f"src_max {self.there}", "udp_dst_min 9",
            "udp_dst_max 9", f"udp_src_min {sports[0]}", f"udp_src_max {sports[1]}",
            "flag UDPSRC_RND", *words)]
        ksft_pr(f"  (pktgen sends {count} frames to {self.here}:9 from {self.partner})")
        with in_netns(self.peer):
            for file, line in (*lines, ("pgctrl", "start")):
                (PKTGEN / file).write_text(f"{line}\n", encoding="ascii")
            # start may return before a thread on a busy CPU has begun
            sent = wait_until(lambda: re.search(r"Result: OK: \d+\(.*\) usec, (\d+)",
                                                (PKTGEN / dev).read_text("ascii")),
                              "pktgen does not come to its end", 120)
        return int(sent[1])

    def _generator(self, cpu):
        """The one device of pktgen, of the thread of this CPU"""
        if ("pktgen", None) not in self._undone:
            if self._execute("modprobe pktgen")[0]:
                raise KsftSkipEx("there is no pktgen in this kernel")
            self._undone.add(("pktgen", None))
            defer(self._execute, "rmmod pktgen")
        dev = f"{self.partner}@{cpu}"
        with in_netns(self.peer):
            for file in PKTGEN.glob(f"{self.partner}@*"):
                if file.name != dev:
                    thread = PKTGEN / f"kpktgend_{file.name.partition('@')[2]}"
                    thread.write_text("rem_device_all\n", encoding="ascii")
                    # the thread does it in its own time, to those that there are then
                    wait_until(lambda old=file: not old.exists(), "pktgen keeps a device")
            if not (PKTGEN / dev).exists():
                (PKTGEN / f"kpktgend_{cpu}").write_text(f"add_device {dev}\n", encoding="ascii")
        return dev

    # ---- other things that are put back

    def netns(self, name):
        """A namespace with its lo up"""
        self.set(f"ip netns add {name}", f"ip netns del {name}")
        self.run(f"ip -n {name} link set dev lo up")
        return name

    def module(self, name):
        """A module of the kernel, loaded for the row unless it was there"""
        if not Path(f"/sys/module/{name}").exists():
            if self._execute(f"modprobe -n {name}")[0]:
                raise KsftSkipEx(f"there is no module {name} in this kernel")
            self.set(f"modprobe {name}", f"modprobe -r {name}")

    @staticmethod
    def program(name):
        """The path of a program of this directory, which is compiled from <name>.c"""
        for place in (os.environ.get("TGBE_PROGRAMS", "."), "."):
            if (path := Path(place) / name).exists():
                return str(path)
        raise KsftFailEx(f"{name} is not compiled")

    def pin_interrupts(self, cpu):
        """The queues' interrupts of our card to one CPU"""
        for irq in self.interrupts():
            self.set(f"echo {cpu} > /proc/irq/{irq}/smp_affinity_list")
        self.warm()

    def warm(self):
        """An interrupt moves when it comes the next time: have it come"""
        self.burst(40, gap_us=2000, sports=(1000, 5000))

    def interrupts(self, ifname=None):
        """The numbers of the interrupts of a card's queues, which is ours if not said"""
        text = Path("/proc/interrupts").read_text("ascii")
        return re.findall(rf"^ *(\d+):.* {ifname or self.nic}-TxRx-\d+$", text, re.M)

    def one_queue(self, cpu=0):
        """
        All frames by one queue, whose interrupt goes to one CPU, and with a ring that
        holds a burst
        """
        self.set(f"ethtool -L {self.nic} combined 1")
        self.set(f"ethtool -G {self.nic} rx 4096")
        self.pin_interrupts(cpu)

    def moderation(self, usecs, way="rx"):
        """Interrupts of received (or "tx") frames at fixed intervals"""
        self.set(f"ethtool -C {self.nic} adaptive-{way} off {way}-usecs {usecs}")
