# SPDX-License-Identifier: GPL-2.0-or-later
"""(d) Datagrams to states, by rekey-bench; a long list's beside those of a single line."""

import subprocess

from paths import program
from table import Row


def measure(run):
    values = {}
    run.dummy_wan()
    for _ in range(run.rounds(5)):
        for row in run.json_lines(subprocess.run([program("rekey-bench"), "--json"], stdout=subprocess.PIPE, text=True, check=True)):
            entries = int(row["entries"])
            values.setdefault((entries, "decrypt, verify, read"), []).append(row["read_ms"])
            values.setdefault((entries, "into the kernel"), []).append(row["kernel_ms"])
            values.setdefault((entries, "in all"), []).append(row["read_ms"] + row["kernel_ms"])
    for (entries, step), ours in values.items():
        peer = {} if entries == 1 else {"peer": values[1, step], "peer_name": "1 line", "paired": True}
        yield Row("d", f"{entries} line{'s' if entries > 1 else ''}, {step}", "ms", "less", ours, **peer)
