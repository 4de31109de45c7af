# SPDX-License-Identifier: GPL-2.0
"""The file `results` of a boot, or of a run: a JSON object for each program."""

import json
from pathlib import Path

import programs


def append(directory, program, verdicts, **more):
    with open(Path(directory) / "results", "a", encoding="utf-8") as file:
        json.dump({"program": program, **more, "verdicts": verdicts}, file)
        file.write("\n")


def looks(directory):
    """Each result of each program, in their order:
    {program: [[[subtest, verdict, comment], ...], ...]}"""
    path = Path(directory) / "results"
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        entry = json.loads(line)
        found.setdefault(entry["program"], []).append(entry["verdicts"])
    return found


def read(directory):
    """The last result of each program, and all that was said outside of programs:
    {program: [[subtest, verdict, comment], ...]}"""
    return {program: sum(results, []) if program == programs.SETUP else results[-1]
            for program, results in looks(directory).items()}
