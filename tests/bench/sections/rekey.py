# SPDX-License-Identifier: GPL-2.0-or-later
"""(d) Datagrams to states, by rekey-bench; a long list's beside those of a single line. And the kernel's part where
each sender has a replay window, by plane-bench; that of many senders beside that of none."""

import subprocess

from paths import program
from table import Row


def measure(run):
    run.dummy_wan()
    yield from of_lists(run)
    yield from of_senders(run)


def told(run, *command):
    return run.json_lines(subprocess.run([*command, "--json"], stdout=subprocess.PIPE, text=True, check=True))


def of_lists(run):
    values = {}
    for _ in range(run.rounds(5)):
        for row in told(run, program("rekey-bench")):
            entries = int(row["entries"])
            values.setdefault((entries, "decrypt, verify, read"), []).append(row["read_ms"])
            values.setdefault((entries, "into the kernel"), []).append(row["kernel_ms"])
            values.setdefault((entries, "in all"), []).append(row["read_ms"] + row["kernel_ms"])
    for (entries, step), ours in values.items():
        peer = {} if entries == 1 else {"peer": values[1, step], "peer_name": "1 line", "paired": True}
        yield Row("d", f"{entries} line{'s' if entries > 1 else ''}, {step}", "ms", "less", ours, **peer)


def of_senders(run):
    values = {}
    for _ in range(run.rounds(3)):
        for row in told(run, program("plane-bench"), "--senders"):
            values.setdefault(int(row["senders"]), []).append(row["rekey_ms"])
    for count, ours in values.items():
        if count:
            yield Row("d", f"windows of {count:,} senders, into the kernel", "ms", "less", ours, values[0], "no window",
                      paired=True)
