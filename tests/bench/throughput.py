#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Throughput of the header-preserving path against a classic point-to-point XFRM tunnel, in one run, of IPv4 and of
IPv6, with another program or with replay windows beside it. To be run where the kernel has ESP (tests/vm/run).

The kinds take turns, and the ratios are within a round, since these machines' speed drifts. On a machine that does
other things as well cost.py, which has the same options, and many short rounds tell more.
"""

import argparse
import contextlib
import json
import os
import random
import statistics
import sys

from gro import set_gro
from paths import CIPHERS, FAMILIES, LabError, build_environment, lab_of_pairs, rate


def parser(description):
    """The options of throughput.py and cost.py."""
    out = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    out.add_argument("--rounds", type=int, default=5)
    out.add_argument("--seconds", type=float, default=6, help="of each transfer (default 6)")
    out.add_argument("--cipher", choices=CIPHERS, default="aes", help="default: AES-CBC-128; always with HMAC-SHA-256")
    out.add_argument("--udp", type=int, default=0, metavar="OCTETS",
                     help="datagrams with that much data instead of TCP")
    out.add_argument("--before", metavar="PROGRAM", help="another getvpn-gm, which takes its turn, too")
    out.add_argument("--senders", type=int, metavar="COUNT",
                     help="a pair whose receiver has so many senders' replay windows takes its turn, too")
    out.add_argument("--gro", action="store_true",
                     help="GRO on all links; a classic tunnel whose states it does not find takes its turn, too")
    out.add_argument("--json", metavar="FILE", help="all figures")
    out.add_argument("build", metavar="BUILD_FOLDER")
    return out


def describe(options):
    protocol = f"UDP of {options.udp} octets" if options.udp else "TCP"
    more = ", GRO" if options.gro else ""
    return f"{protocol}, {options.rounds} rounds of {options.seconds:g} s each, {CIPHERS[options.cipher][1]}{more}"


@contextlib.contextmanager
def prepared_lab(options):
    """The lab, and what a transfer can be of: (kind, family), with sites, by what it is called."""
    extra = [name for name, wanted in (("marked", options.gro), ("before", options.before), ("windows", options.senders))
             if wanted]

    def windows(sites):
        """Settings for a replay window of each of so many senders, the sites among them."""
        networks = [f"10.{site}.0.0/24" for site in sites] + [f"2001:db8:{site}::/48" for site in sites]
        networks += [f"10.{100 + more // 256}.{more % 256}.0/24" for more in range(options.senders - len(sites))]
        return {"replay-window": 64, "replay-senders": ", ".join(networks)}

    with lab_of_pairs(["classic", "kept", *extra], options.cipher, options.before, windows) as (lab, sites):
        if options.gro:
            set_gro(lab, sites, True)
        yield lab, {f"{family} {kind}": (pair, family) for kind, pair in sites.items() for family in FAMILIES}


def in_turn(options, everything, run):
    """run(name, sites, family) for all in each round, in another order each time."""
    order = random.Random(1)
    everything = list(everything.items())
    for _ in range(options.rounds):
        order.shuffle(everything)
        for name, (sites, family) in everything:
            run(name, sites, family)


def ratios(figures, better):
    """What is asked of the figures of each kind: name and one ratio a round, above 1 where ours is better than its
    peer. `better` is "more" for rates, "less" for costs."""
    ours = [kind for kind in ("kept", "marked", "before", "windows") if f"IPv4 {kind}" in figures]
    pairs = [(f"{family} {kind} : classic", f"{family} {kind}", f"{family} classic")
             for family in FAMILIES for kind in ours]
    if "windows" in ours:
        pairs += [(f"{family} windows : kept", f"{family} windows", f"{family} kept") for family in FAMILIES]
    pairs += [(f"IPv6 : IPv4, {kind}", f"IPv6 {kind}", f"IPv4 {kind}") for kind in [*ours, "classic"]]
    return {name: [a / b if better == "more" else b / a for a, b in zip(figures[first], figures[second])]
            for name, first, second in pairs}


def report(options, measures):
    """Prints and writes figures by measure ("Mbit/s", "s/GB"), each by kind, one value a round."""
    result = {"what": describe(options), "kernel": os.uname().release, "measures": {}}
    for unit, (figures, better) in measures.items():
        print(f"{unit:28} {'median':>8} {'range':>16}")
        for kind, values in figures.items():
            print(f"  {kind:26} {statistics.median(values):8.1f} {min(values):7.1f} - {max(values):6.1f}")
        compared = ratios(figures, better)
        for name, values in compared.items():
            print(f"  {name:26} {statistics.median(values):8.3f} {min(values):7.3f} - {max(values):6.3f}")
        result["measures"][unit] = {"better": better, "figures": figures, "ratios": compared}
    if options.json:
        with open(options.json, "w", encoding="ascii") as file:
            json.dump(result, file, indent=1)


def main(options):
    os.environ.update(build_environment(options.build))
    print(f"{describe(options)} (kernel {os.uname().release})", flush=True)
    rates = {}

    with prepared_lab(options) as (lab, everything):
        def run(name, sites, family):
            rates.setdefault(name, []).append(rate(lab, sites, family, options.seconds, options.udp))
            print(f"{name:13} {rates[name][-1]:7.1f} Mbit/s", flush=True)

        in_turn(options, everything, run)
    report(options, {"Mbit/s": (rates, "more")})


if __name__ == "__main__":
    try:
        main(parser(__doc__).parse_args())
    except LabError as error:
        sys.exit(f"bench: {error}")
