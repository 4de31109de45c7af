#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
Memory runs out in the middle of a change: at its first allocation, its last, and some
between by chance. Each time the change is refused whole or done whole, what ethtool
shows is the one or the other, traffic goes on, and nothing is left behind. (What
kmemleak has to say comes when all tests are over.)

This takes a kernel with fault injection, as the lab's debug kernels are. A change is
made by ioctl or netlink from the test's own process, whose n-th allocation from then on the
kernel is told to fail (/proc/self/fail-nth).
"""

import errno
import os
import random
from pathlib import Path

from lib.py import ksft_run, ksft_exit, ksft_pr
from lib.py import ksft_eq, ksft_ge, ksft_gt, ksft_variants
from lib.py import KsftFailEx, KsftNamedVariant, KsftSkipEx, NetdevFamily, NlError
from lib.py import defer, expect_in_log, settled, sum_stats, wait_until
from lib.py import SEED, TgbeEnv, UdpFlow, UdpPair
from lib.py import CHANNELS, COALESCE, IoctlCard, NetlinkRings, RINGS

FAIL_NTH = Path("/proc/self/fail-nth")
DEBUGFS = Path("/sys/kernel/debug")
DMA_DUMP = DEBUGFS / "dma-api/dump"

# The caches that are chosen fail, and single pages do
OF_KIND = {"failslab": {"cache-filter": "Y"}, "fail_page_alloc": {"min-order": "0"}}
# Also what may sleep and retry; no word in the log
ATTRIBUTES = {kind: own | {"ignore-gfp-wait": "N", "verbose": "0"}
              for kind, own in OF_KIND.items()}

# Changes by netlink, for which there is no ioctl
NETLINK = ("split", "buffer")

# A change has dozens of allocations for each queue. So many of them fail, each in a
# change of its own.
MOST_STEPS = 100 if int(os.environ.get("TGBE_CHANGES", "200")) >= 200 else 12
CHANCE = random.Random(SEED)
# More allocations than any change has
NEVER = 1 << 30
# What a flow may have on its way is less
RING = 256

# Sent at a time, less than a ring, and until memory must have been asked for
BATCH, MOST_FRAMES = 128, 8192

# All that cannot sleep fails, whoever asks, as often as the test says then: enough for
# the driver to be among them, and less than the ring has buffers
SHORTAGE = {"task-filter": "N", "ignore-gfp-wait": "Y", "verbose": "0", "interval": "1",
            "space": "0", "times": "0", "probability": "100"}
FAILURES = "50"
# Datagrams above rx-copybreak and below it
LARGE, SHORT = 1000, 100
# What the driver counts when one kind of memory is short
SHORT_OF = {"failslab": ("alloc_failed", "drops"), "fail_page_alloc": ("alloc_failed", )}


def _choose_caches():
    """Everything but the tree of DMA-API debugging, which ends where it gets no memory"""
    for cache in Path("/sys/kernel/slab").iterdir():
        if cache.is_symlink() or cache.name == "radix_tree_node":
            continue
        try:
            (cache / "failslab").write_text("1", encoding="ascii")
        except OSError:
            pass    # a merged cache cannot be chosen


def _needs_faults(attributes=None):
    attributes = attributes or ATTRIBUTES
    for kind in attributes:
        if not FAIL_NTH.exists() or not (DEBUGFS / kind).exists():
            raise KsftSkipEx(f"no fault injection in this kernel ({kind}, fail-nth)")
    for kind, knobs in attributes.items():
        for name, value in knobs.items():
            knob = DEBUGFS / kind / name
            defer(knob.write_text, knob.read_text("ascii"), encoding="ascii")
            knob.write_text(value, encoding="ascii")
    _choose_caches()
    # Others complain when their memory is refused (percpu, the reference trackers).
    # A report of what is looked for here has a headline of its own.
    expect_in_log("Call Trace:|ref_tracker: memory allocation")


def _errno(ex):
    if isinstance(ex, MemoryError):
        return errno.ENOMEM
    return ex.error if isinstance(ex, NlError) else ex.errno


class _Fault:
    """Fails one allocation of this task"""

    def __init__(self):
        self._file = os.open(FAIL_NTH, os.O_RDWR)
        defer(os.close, self._file)

    def hits(self, nth, change):
        """Was there an @nth allocation in @change, which failed? And the error, if any"""
        said = None
        os.pwrite(self._file, b"%d" % nth, 0)
        try:
            change()
        except (OSError, MemoryError, NlError) as ex:
            said = ex
        left = int(os.pread(self._file, 16, 0))
        os.pwrite(self._file, b"0", 0)
        if said and left:
            raise KsftFailEx(f"failed without a reason: {said}")
        if said:
            ksft_eq(_errno(said), errno.ENOMEM, f"refused for allocation {nth}: {said}")
        return not left, said

    def choices(self, change):
        """The allocations to fail, of all that @change has, which is done for it"""
        os.pwrite(self._file, b"%d" % NEVER, 0)
        change()
        count = NEVER - int(os.pread(self._file, 16, 0))
        os.pwrite(self._file, b"0", 0)
        ksft_gt(count, 0, "no allocation")
        some = CHANCE.sample(range(2, count), max(min(count, MOST_STEPS) - 2, 0))
        choice = sorted({1, *some, count})
        ksft_pr(f"{count} allocations, of which these fail:", choice)
        return choice


class _Belongings:
    """What the card under test holds: DMA memory and page pools"""

    def __init__(self, cfg):
        self._cfg = cfg
        self._family = NetdevFamily()
        self._start = self._look()
        ksft_pr("page pools, DMA allocations:", self._start)

    def _look(self):
        cfg = self._cfg
        pools = sum(pool.get("ifindex") == cfg.ifindex and "detach-time" not in pool
                    for pool in self._family.page_pool_get({}, dump=True))
        if not DMA_DUMP.exists():
            return pools, None
        rows = DMA_DUMP.read_text("ascii").splitlines()
        return pools, sorted(row.split(" coherent ")[1] for row in rows
                             if cfg.pci in row and " coherent " in row)

    def check(self, when):
        """Is it as much as in the beginning?"""
        def amount(look):
            pools, rows = look
            return pools, rows and len(rows)
        settled(lambda: amount(self._look()), amount(self._start), deadline=5)
        now = self._look()
        if amount(now) == amount(self._start):
            return
        ksft_pr("now:", now)
        ksft_eq(amount(now), amount(self._start), f"left behind {when}")
        # each is reported once
        self._start = now


class _Change:
    """A change to be tried again and again, and its way back"""

    def __init__(self, cfg, card, what):
        self._cfg = cfg
        self._card = card
        self._netlink = NetlinkRings(cfg.ifname) if what in NETLINK else None
        self.do, self.undo = getattr(self, f"_{what}")()
        # A refused offload stays wished for; a ring that got memory for copies keeps it
        self.leaves_traces = what in ("rx_all", "tx_copybreak")
        self.before = self.state()

    def state(self):
        """What ethtool shows"""
        card = self._card
        return (card.table(RINGS), card.table(CHANNELS), card.table(COALESCE), card.mtu(),
                card.tx_copybreak(), card.features(), card.rss_table(),
                self._netlink and self._netlink.get())

    def _set_rings(self, **want):
        def change():
            try:
                self._netlink.set(**want)
            except OSError as ex:
                # the question or the answer got lost, not the change
                if ex.errno != errno.ENOBUFS:
                    raise
        return change

    def _split(self):
        return self._set_rings(tcp_data_split="enabled"), \
            self._set_rings(tcp_data_split="unknown")

    def _buffer(self):
        return self._set_rings(rx_buf_len=4096), self._set_rings(rx_buf_len=2048)

    def _set_word(self, kind, index, value):
        words = self._card.table(kind)
        words[index] = value
        return lambda: self._card.set_table(kind, words)

    def _rings(self):
        words = self._card.table(RINGS)
        larger = list(words)
        larger[4], larger[7] = 2 * words[4], 2 * words[7]
        return lambda: self._card.set_table(RINGS, larger), \
            lambda: self._card.set_table(RINGS, words)

    def _fewer_channels(self):
        most = self._cfg.dut.queues()
        if most < 2:
            raise KsftSkipEx("one queue")
        return self._set_word(CHANNELS, 7, 1), self._set_word(CHANNELS, 7, most)

    def _more_channels(self):
        fewer, more = self._fewer_channels()
        defer(more)
        fewer()
        return more, fewer

    def _mtu(self):
        return lambda: self._card.set_mtu(4000), lambda: self._card.set_mtu(1500)

    def _rx_all(self):
        bit = self._card.feature_bit("rx-all")
        return lambda: self._card.set_feature(bit, True), \
            lambda: self._card.set_feature(bit, False)

    def _tx_copybreak(self):
        rings = self._card.table(RINGS)
        defer(self._card.set_tx_copybreak, self._card.tx_copybreak())

        def undo():
            self._card.set_tx_copybreak(0)
            # rings keep the memory for copies until they go
            for size in (rings[7] + 8, rings[7]):
                self._card.set_table(RINGS, [*rings[:7], size])
        undo()
        return lambda: self._card.set_tx_copybreak(128), undo

    def _coalesce(self):
        words = self._card.table(COALESCE)
        return self._set_word(COALESCE, 0, words[0] + 7), \
            lambda: self._card.set_table(COALESCE, words)

    def _rss_table(self):
        table = self._card.rss_table()
        defer(self._cfg.dut.ethtool, f"-X {self._cfg.ifname} default")
        return lambda: self._card.set_rss_table(table[1:] + table[:1]), \
            lambda: self._card.set_rss_table(table)


def _card(cfg):
    """The card with small rings, which take fewer steps"""
    card = IoctlCard(cfg.ifname)
    defer(card.close)
    words = card.table(RINGS)
    defer(card.set_table, RINGS, words)
    card.set_table(RINGS, [*words[:4], RING, 0, 0, RING])
    return card


def _sweep(cfg, change, after, flows):
    """
    Try the change with one allocation after the other failing, and then without.
    Returns how often it was refused, and how often done all the same.
    """
    owned = _Belongings(cfg)
    fault = _Fault()
    choices = fault.choices(change.do)
    change.undo()
    states = []
    for nth in choices:
        hit, said = fault.hits(nth, change.do)
        state = change.state()
        when = f"after allocation {nth} failed"
        if state not in (change.before, after) or (said and state != change.before):
            raise KsftFailEx(f"half done {when} ({said})")
        for flow in flows:
            flow.progress(4)
        if state == after or change.leaves_traces:
            change.undo()
        owned.check(when)
        if hit:
            states.append(state)
    # each run has about as many allocations
    ksft_ge(len(states), (len(choices) + 1) // 2, "allocations that failed")
    change.do()
    ksft_eq(change.state(), after, "not done without a fault")
    change.undo()
    refused = states.count(change.before)
    ksft_pr(f"{len(states)} failed: {refused} refused, others done all the same")
    return refused, len(states) - refused


@ksft_variants(["rings", "fewer_channels", "more_channels", "mtu", "rx_all", "tx_copybreak",
                "coalesce", "rss_table", *NETLINK])
def each_allocation(cfg, what) -> None:
    """ A change is refused whole or done whole when one of its allocations fails """
    if what == "tx_copybreak" and cfg.chip != "igb":
        raise KsftSkipEx("the 82574L's rings keep this memory until the port is closed")
    if what in NETLINK and cfg.chip != "igb":
        raise KsftSkipEx("the 82574L has one way to receive")
    _needs_faults()
    cfg.pin_neighbours()
    change = _Change(cfg, _card(cfg), what)
    change.do()
    after = change.state()
    change.undo()
    ksft_eq(change.state(), change.before)
    # whatever goes wrong below
    defer(change.undo)

    lost = cfg.link_lost()
    with UdpFlow(*cfg.ends) as out, UdpFlow(*reversed(cfg.ends)) as back:
        refused, absorbed = _sweep(cfg, change, after, (out, back))
    ksft_eq(lost(), 0, "carrier moved")
    if cfg.chip == "igb" and what in ("rings", "fewer_channels", "more_channels", "mtu",
                                       *NETLINK):
        ksft_gt(refused, 0, "nothing was refused")
    for flow in (out, back):
        ksft_pr(flow.tally)
        bound = cfg.may_lose(flow.tally, alone="channels" in what)
        # a frame for which there is no memory is lost, one for each fault at most
        ksft_ge(bound + absorbed, flow.tally.lost)


def each_allocation_of_open(cfg) -> None:
    """ The interface comes up or stays down when an allocation fails """
    _needs_faults()
    card = _card(cfg)
    defer(cfg.wait_link)
    # faults in the stack may have cost it an address
    defer(cfg.dut.configure_v6)
    defer(card.set_up, True)
    card.set_up(False)
    owned = _Belongings(cfg)
    fault = _Fault()
    choices = fault.choices(lambda: card.set_up(True))
    card.set_up(False)
    refused = 0
    for nth in choices:
        hit, said = fault.hits(nth, lambda: card.set_up(True))
        when = f"after allocation {nth} failed"
        ksft_eq(card.is_up(), not said, when)
        refused += hit and bool(said)
        card.set_up(False)
        owned.check(when)
    ksft_gt(refused, 0, "nothing was refused")
    card.set_up(True)
    ksft_eq(card.is_up(), True, "does not come up without a fault")
    cfg.dut.configure_v6()
    cfg.wait_link()
    cfg.dut.ping(cfg.peer, "4")


class _Received:
    """What became of the frames that arrived, since the beginning"""

    def __init__(self, end):
        self._end = end
        self._start = self._look()

    def _look(self):
        # the shortage may be that of ethtool, which has its share of it then
        while True:
            try:
                return self._read()
            except OSError as ex:
                if ex.errno != errno.ENOMEM:
                    raise

    def _read(self):
        stats, shown = self._end.ethtool_stats(), self._end.stats()["rx"]
        return {what: sum_stats(stats, rf"rx_queue_\d+_{what}")
                for what in ("packets", "drops", "errors", "alloc_failed", "copied")} | {
                    f"ip {what}": shown[what]
                    for what in ("errors", "dropped", "fifo_errors", "missed_errors",
                                 "crc_errors", "frame_errors", "length_errors")}

    def moved(self):
        """The counters, as differences"""
        return {what: value - self._start[what] for what, value in self._look().items()}

    def taken(self):
        """Frames that the driver took from the ring"""
        moved = self.moved()
        return moved["packets"] + moved["drops"]


def _send(pair, size):
    """One datagram, also when it is the sender that gets no memory, for a route"""
    while True:
        try:
            return pair.send(bytes(size))
        except OSError as ex:
            if ex.errno != errno.ENOBUFS:
                raise


@ksft_variants([KsftNamedVariant(kind, kind, LARGE) for kind in sorted(SHORT_OF)] +
               [KsftNamedVariant("failslab_short", "failslab", SHORT)])
def receive_without_memory(cfg, kind, size) -> None:
    """ What memory was missing for counts as that: no overrun, no error of a frame, no copy """
    cfg.pin_neighbours()
    cfg.dut.set_tunable("rx-copybreak", 256)
    # frames that nobody reads keep their buffers, so that the ring needs new ones
    pair = UdpPair(*reversed(cfg.ends), "4")
    defer(pair.close)
    received = _Received(cfg.dut)
    _needs_faults({kind: SHORTAGE | OF_KIND[kind]})
    for sent in range(BATCH, MOST_FRAMES, BATCH):
        (DEBUGFS / kind / "times").write_text(FAILURES, encoding="ascii")
        for _ in range(BATCH):
            _send(pair, size)
        # no more than a ring holds at a time
        wait_until(lambda goal=sent: received.taken() >= goal,
                   "frames are neither received nor dropped")
        moved = received.moved()
        if all(moved[what] for what in SHORT_OF[kind]):
            break
    ksft_pr(f"{sent} frames:", moved)
    for what in SHORT_OF[kind]:
        ksft_gt(moved[what], 0, what)
    ksft_eq(moved["ip dropped"], moved["drops"])
    # a frame that could not be copied was not
    ksft_ge(moved["packets"], moved["copied"])
    if size == SHORT:
        ksft_gt(moved["copied"], 0)
    ksft_eq({what: value for what, value in moved.items() if "errors" in what and value}, {})


def main() -> None:
    """ Ksft boiler plate main """

    with TgbeEnv(__file__) as cfg:
        ksft_pr(f"TGBE_SEED={SEED}")
        ksft_run([each_allocation, each_allocation_of_open, receive_without_memory],
                 args=(cfg, ))
    ksft_exit()


if __name__ == "__main__":
    main()
