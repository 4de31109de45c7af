# SPDX-License-Identifier: GPL-2.0
"""
Running the programs of a selftest tree by the kernel's own kselftest runner, on
the network that `setup` makes.
"""

import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The kernel's tree, and where in it the tests of ours are mounted
KSFT = Path("/usr/lib/tgbe-ksft")
DIR = "drivers/net/tgbe"
SOURCE = Path("/tgbe/tools/testing/selftests") / DIR
ENV_FILE = Path("/tmp/tgbe-env")
GRACE = 20

# What the kernel's run_kselftest.sh does, for one test with a number of ours.
RUNNER = """
. "$BASE_DIR/kselftest/runner.sh"
cd "$BASE_DIR/$1" && KTAP_TESTNO=$3 && run_many "$2"
"""


def mark(text):
    """A line in the kernel log: which test a complaint of the kernel fell into."""
    with open("/dev/kmsg", "w", encoding="utf-8") as kmsg:
        kmsg.write(f"tgbe-test: {text}\n")


def script(name):
    return subprocess.run([HERE / name], check=False).returncode == 0


def read_env():
    """What setup exported, as a dictionary; also for the tests."""
    text = ENV_FILE.read_text(encoding="utf-8")
    env = dict(re.findall(r"(\w+)=(\S+)", text))
    os.environ.update(env)
    return env


def end_session(sid):
    """Ends what a test left running. Its session is its own."""
    for sig in (signal.SIGTERM, signal.SIGKILL):
        left = [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and session(pid) == sid]
        for pid in left:
            try:
                os.kill(pid, sig)
            except ProcessLookupError:
                pass
        if not left:
            return
        time.sleep(1)


def session(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[3])


def run_program(tree, directory, program, limit, number=1):
    """Runs one program of an installed selftest tree, for `limit` seconds at most (0:
    any time), showing its output as it comes. Returns the lines."""
    env = dict(os.environ, BASE_DIR=str(tree), kselftest_override_timeout=str(limit))
    lines = []
    # stdout is a pipe: the runner opens /dev/stdout anew for every line it adds
    with subprocess.Popen(["bash", "-c", RUNNER, "runner", directory, program, str(number)],
                          env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, start_new_session=True,
                          text=True, errors="replace") as runner:
        # The runner ends the test at its limit, but then waits for whatever the
        # test left running with its output open.
        guard = threading.Timer(limit + GRACE, end_session, [runner.pid])
        if limit:
            guard.start()
        for line in runner.stdout:
            print(line, end="", flush=True)
            lines.append(line)
        guard.cancel()
        end_session(runner.pid)
    return lines
