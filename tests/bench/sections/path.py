# SPDX-License-Identifier: GPL-2.0-or-later
"""(a) TCP, and UDP packets of three sizes, of both families, by both ciphers; with GRO; with and without esp4_offload.
A size is that of the IP packet in clear; in ESP the largest still fits a link of 1,500 octets."""

import pathlib
import random
import shutil
import subprocess
import time

from gro import set_gro
from paths import FAMILIES, lab_of_pairs, rate, traffic, udp_data
from table import Row

NAMES = {"aes": "AES-CBC", "null": "null"}
SIZES = (64, 512, 1400)
OFFLOADS = ("esp4_offload", "esp6_offload")


def describe(family, udp, cipher, more=""):
    return f"{f'UDP {udp}' if udp else 'TCP'}, {family}, {NAMES[cipher]}{more}"


def once(lab, sites, family, udp, seconds):
    """Mbit/s of TCP, packets per second of UDP."""
    if udp:
        return traffic(lab, sites, family, seconds, udp_data(family, udp))["packets_per_second"]
    return rate(lab, sites, family, seconds)


def cases(sizes, cipher, more):
    return [(family, udp, describe(family, udp, cipher, more)) for udp in sizes for family in FAMILIES]


def compare(run, lab, sites, wanted):
    """Rows of (family, udp, what); within a round all of them and both paths take turns, in another order each time."""
    values = {}
    order = random.Random(1)
    seconds = run.seconds(0.2 if run.processors == 1 else 0.4)
    turns = [(case, kind) for case in wanted for kind in sites]
    for _ in range(run.rounds(7)):
        order.shuffle(turns)
        for (family, udp, what), kind in turns:
            values.setdefault((what, kind), []).append(once(lab, sites[kind], family, udp, seconds))
    for _, udp, what in wanted:
        yield Row("a", what, "packets/s" if udp else "Mbit/s", "more", values[what, "kept"], values[what, "classic"],
                  "classic", paired=True)


def with_cipher(run, cipher):
    more = f", {run.processors} processors" if run.processors > 1 else ""
    sizes = (0, 64, 1400) if run.processors > 1 or run.quick else (0, *SIZES)
    with lab_of_pairs(["classic", "kept"], cipher) as (lab, sites):
        yield from compare(run, lab, sites, cases(sizes, cipher, more))
        if cipher == "aes" and not run.quick:
            set_gro(lab, sites, True)
            more += ", GRO"
            yield from compare(run, lab, sites, cases((0, 1400), cipher, more))


def offload_modules():
    """Whether esp4_offload and esp6_offload can be taken out of this kernel and put in again; if not, why."""
    if shutil.which("modprobe") and all(modprobe("--dry-run", name) for name in OFFLOADS):
        loaded = pathlib.Path("/proc/modules").read_text(encoding="ascii")
        if all(f"{name} " in loaded or modprobe(name) for name in OFFLOADS):
            return ""
        return "the modules esp4_offload and esp6_offload cannot be loaded"
    if " esp4_gro_receive" in pathlib.Path("/proc/kallsyms").read_text(encoding="ascii"):
        return "built into this kernel, cannot be switched off (on in all rows)"
    return "this kernel has no such module (off in all rows)"


def modprobe(*arguments):
    return subprocess.run(["modprobe", "-q", *arguments], check=False).returncode == 0


def set_offload(wanted):
    """Whether the modules are there, or gone, as wanted. What is left of states may hold them for a while."""
    deadline = time.monotonic() + 15
    while not all(modprobe(*([] if wanted else ["--remove"]), name) for name in OFFLOADS):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def with_offload(run):
    """A state asks for it when it is made, so each has a lab of its own."""
    why = offload_modules()
    if why:
        yield Row("a", "esp4_offload on and off", "Mbit/s", "more", missing=why)
        return
    for wanted in (True, False):
        more = f", GRO, esp4_offload {'on' if wanted else 'off'}"
        rows = []
        if set_offload(wanted):
            with lab_of_pairs(["classic", "kept"], "aes") as (lab, sites):
                set_gro(lab, sites, True)
                rows = list(compare(run, lab, sites, cases((0, 1400), "aes", more)))
                loaded = pathlib.Path("/proc/modules").read_text(encoding="ascii")
                if any(f"{name} " in loaded for name in OFFLOADS) != wanted:
                    rows = []  # the kernel loaded it again by itself
        yield from rows or [Row("a", f"TCP and UDP{more}", "Mbit/s", "more", missing="the kernel keeps its module")]


def measure(run):
    if run.lacks_processors:
        yield Row("a", "2 processors", "Mbit/s", "more", missing=run.lacks_processors)
        return
    yield from with_cipher(run, "aes")
    if run.processors == 1 or not run.wanted_processors:
        yield from with_cipher(run, "null")
        yield from with_offload(run)
