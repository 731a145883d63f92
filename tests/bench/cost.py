#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a transfer costs by the header-preserving path and by a classic XFRM tunnel: the processor time that the emulator
of the machine in which it happens spends on it. Other load hardly changes that, while throughput is at its mercy.

usage: tests/bench/cost.py BUILD_FOLDER [ROUNDS]
"""

import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SIZE = "8M"
RATIOS = (("IPv4", "IPv4 classic", "IPv4 kept"), ("IPv6", "IPv6 classic", "IPv6 kept"))


def inside(rounds):
    """In the machine: tells on standard output when a transfer begins and ends."""
    sys.path.insert(0, str(HERE))
    from throughput import in_turn, prepared_lab  # pylint: disable=import-outside-toplevel

    def run(lab, kind, address):
        lab.ping("h1", address, 2)
        print(f"begin {kind}", flush=True)
        lab.exec("h1", "iperf3", "-n", SIZE, "-c", address, timeout=600)
        print(f"end {kind}", flush=True)

    with prepared_lab() as lab:
        for number in range(1, rounds + 1):
            in_turn(lab, number, run)


def stat(pid):
    """The fields of /proc/PID/stat behind the name; the first is the state."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()


def emulator_below(pid):
    """The process ID of the emulator among the descendants of a process."""
    parents = {}
    for path in pathlib.Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                parents[int(path.name)] = int(stat(path.name)[1]), os.readlink(path / "exe")
            except OSError:
                continue  # it ended, or has no program
    for child, (parent, program) in parents.items():
        while parent != pid and parent in parents:
            parent = parents[parent][0]
        if parent == pid and "qemu-system" in program:
            return child
    sys.exit("cost: there is no emulator")


def seconds_of(pid):
    user, system = map(int, stat(pid)[11:13])
    return (user + system) / os.sysconf("SC_CLK_TCK")


def main(build, rounds):
    environment = os.environ | {"GETVPN_GM": f"{build}/agent/getvpn-gm", "GETVPNCTL": f"{build}/agent/getvpnctl"}
    machine = subprocess.Popen([HERE.parent / "vm/run", "--kernel", "vm", "--timeout", "3600", "--", "/usr/bin/python3",
                                "-B", __file__, "--inside", str(rounds)], stdout=subprocess.PIPE, text=True, env=environment)
    spent, began, emulator = {}, 0.0, None
    for line in machine.stdout:
        word, _, kind = line.strip().partition(" ")
        emulator = emulator or emulator_below(machine.pid)
        if word == "begin":
            began = seconds_of(emulator)
        elif word == "end":
            spent.setdefault(kind, []).append(seconds_of(emulator) - began)
            print(f"{kind:13} {spent[kind][-1]:6.2f} s", flush=True)
    if machine.wait():
        sys.exit("cost: the machine failed")
    for family, classic, kept in RATIOS:
        ratios = [a / b for a, b in zip(spent[classic], spent[kept])]
        print(f"{family}: {SIZE} by a classic tunnel cost {statistics.median(ratios):.2f} of what they cost with addresses kept "
              f"({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(int(sys.argv[2]))
    elif len(sys.argv) < 2:
        sys.exit(__doc__)
    else:
        main(os.path.realpath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 6)
