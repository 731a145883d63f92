#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a transfer costs by the header-preserving path and by a classic XFRM tunnel: the processor time that the process
whose kernel carries it (user-mode Linux, or the emulator) spends on it, and its throughput. Other load hardly changes
the first, while throughput is at its mercy. Ratios are so that above 1 ours is the cheaper one.
"""

import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from profiling import Profile, print_profile, within  # pylint: disable=wrong-import-position
from paths import WARM_UP, build_environment, rate  # pylint: disable=wrong-import-position
from throughput import describe, in_turn, parser, prepared_lab, report  # pylint: disable=wrong-import-position


def inside(options):
    """In the machine: tells on standard output when a transfer begins and ends, and how fast it was."""
    if options.profile:
        for line in pathlib.Path("/proc/kallsyms").read_text(encoding="ascii").splitlines():
            address, kind, name = line.split()[:3]
            if kind in "tT":
                print(f"symbol {address} {name}")
    with prepared_lab(options) as (lab, everything):
        def run(kind, sites, family):
            print(f"begin {kind}", flush=True)
            print(f"end {kind} {rate(lab, sites, family, options.seconds, options.udp)}", flush=True)

        in_turn(options, everything, run)


def stat(pid):
    """The fields of /proc/PID/stat behind the name; the first is the state."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()


def kernel_below(pid):
    """The process among the descendants of one that is the machine: user-mode Linux, or the emulator. Programs in
    user-mode Linux are processes below it, of the same file."""
    parents = {}
    for path in pathlib.Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                parents[int(path.name)] = int(stat(path.name)[1]), os.path.basename(os.readlink(path / "exe"))
            except OSError:
                continue  # it ended, or has no program
    found = []
    for child, (parent, program) in parents.items():
        depth = 0
        while parent != pid and parent in parents:
            parent, depth = parents[parent][0], depth + 1
        if parent == pid and (program.startswith("qemu-system") or program.startswith("linux")):
            found.append((depth, child))
    if not found:
        sys.exit("cost: there is no machine")
    return min(found)[1]


def seconds_of(pid):
    """Of processor time, in all its threads."""
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text(encoding="ascii").split()[0]) for task in tasks) / 1e9


def main(options, arguments):
    command = [HERE.parent / "vm/run", "--kernel", options.kernel, "--smp", "1", "--timeout", "3600", "--",
               "/usr/bin/python3", "-B", __file__, "--inside", *arguments]
    print(f"{describe(options)}, --kernel {options.kernel}", flush=True)
    machine = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=build_environment(options.build))
    costs, rates, began, process = {}, {}, 0.0, None
    symbols, profile, stretches = [], None, {}
    for line in machine.stdout:
        word, _, rest = line.strip().partition(" ")
        process = process or kernel_below(machine.pid)
        if word == "symbol":
            address, _, name = rest.partition(" ")
            symbols.append((int(address, 16), name))
        elif word == "begin":
            if options.profile and not profile:
                profile = Profile(process, symbols)
            began, began_at = seconds_of(process), time.monotonic()
        elif word == "end":
            kind, _, reached = rest.rpartition(" ")
            stretches.setdefault(kind, []).append((began_at, time.monotonic()))
            spent, reached = seconds_of(process) - began, float(reached)
            rates.setdefault(kind, []).append(reached)
            costs.setdefault(kind, []).append(8000 * spent / (reached * options.seconds * (1 + WARM_UP)))
            print(f"{kind:13} {reached:7.1f} Mbit/s {costs[kind][-1]:6.2f} s/GB", flush=True)
    samples = profile.stop() if profile else []
    if machine.wait():
        sys.exit("cost: the machine failed")
    measures = {"Mbit/s": (rates, "more"), "processor time, s/GB": (costs, "less")}
    if samples:
        whole = print_profile({kind: within(samples, stretches[kind]) for kind in sorted(stretches)})
        measures["time of all : time of cipher"] = {kind: [value] for kind, value in whole.items()}, "less"
    report(options, measures)


if __name__ == "__main__":
    options_ = parser(__doc__)
    options_.add_argument("--kernel", choices=("uml", "vm", "vm-trixie"), default="uml",
                          help="the machine (default uml)")
    options_.add_argument("--profile", action="store_true", help="by perf, of --kernel uml (profiling.py)")
    options_.add_argument("--inside", action="store_true", help="(what it calls itself with)")
    given = options_.parse_args()
    if given.inside:
        inside(given)
    else:
        main(given, sys.argv[1:])
