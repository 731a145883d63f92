#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests/bench/run has a machine do: measures sections, and appends their rows to a file as lines of JSON."""

import argparse
import importlib
import json
import os
import pathlib
import subprocess
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lab")]
# pylint: disable=wrong-import-position
from sections import SECTIONS, TITLES
from table import Row, cells


class Run:
    """What the sections may ask for. `wanted_processors` is 0 where the machine has as many as it has."""

    def __init__(self, options):
        self.quick = options.quick
        self.processors = os.cpu_count()
        self.wanted_processors = options.processors
        self.lacks_processors = ""
        if options.processors > self.processors:
            self.lacks_processors = f"kernel {os.uname().release} runs on {self.processors} processor only"

    def rounds(self, usual):
        return 2 if self.quick else usual

    def seconds(self, usual):
        return usual / 2 if self.quick else usual

    @staticmethod
    def json_lines(done):
        return [json.loads(line) for line in done.stdout.splitlines()]

    @staticmethod
    def dummy_wan():
        """wan0, where the kernel side is measured without anybody on the other end."""
        subprocess.run(["ip", "link", "delete", "wan0"], stderr=subprocess.DEVNULL, check=False)
        for words in ("link add wan0 type dummy", "address add 172.16.1.2/30 dev wan0", "link set wan0 up"):
            subprocess.run(["ip", *words.split()], check=True)


def rows_of(section, run):
    """The section's rows; one that says so where it fails. What it measured before that stays."""
    try:
        yield from importlib.import_module(f"sections.{SECTIONS[section][0]}").measure(run)
    except Exception as error:  # pylint: disable=broad-exception-caught
        traceback.print_exc()
        first = (str(error) or type(error).__name__).splitlines()[0]
        yield Row(section, TITLES[section], "-", missing=f"failed: {first}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--processors", type=int, default=0, help="how many the machine was to have")
    parser.add_argument("--out", required=True)
    parser.add_argument("sections")
    options = parser.parse_args()
    run = Run(options)
    with open(options.out, "a", encoding="utf-8") as out:
        for section in options.sections:
            print(f"({section}) {TITLES[section]}", flush=True)
            begin = time.monotonic()
            for row in rows_of(section, run):
                row.kernel, row.processors = os.uname().release, run.processors
                out.write(json.dumps(row.as_json()) + "\n")
                out.flush()
                print("    " + "  ".join(cells(row)), flush=True)
            print(f"    {time.monotonic() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    main()
