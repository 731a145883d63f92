# SPDX-License-Identifier: GPL-2.0-or-later
"""(h) What a datagram of each kind of junk costs, by flood-bench. There is no peer: charon knows no such messages."""

import os
import subprocess

from paths import program
from table import Row


def measure(run):
    if run.quick:
        yield Row("h", "all kinds", "us", missing="takes a second for each, so is no part of --quick")
        return
    environment = os.environ | {"GETVPN_BENCH_JSON": "1"}
    done = subprocess.run([program("flood-bench")], stdout=subprocess.PIPE, text=True, check=True, env=environment)
    done.stdout = "".join(line for line in done.stdout.splitlines(True) if line.startswith("{"))  # the rest is Catch2's
    for row in run.json_lines(done):
        through = "" if row["through"] == "yes" else f" (key server gets through: {row['through']})"
        yield Row("h", row["junk"].removesuffix(" *") + through, "us", "less", [row["each_us"]])
