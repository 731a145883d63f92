#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Throughput of the header-preserving path against a classic point-to-point XFRM tunnel, in one run, of IPv4 and of
IPv6.

Each path has a pair of CEs of its own, with the same ciphers; the kinds take turns, and the ratios are within a round,
since these machines' speed drifts. All encrypt as one SA. On a machine that does other things as well cost.py, which has
the same options, and many short rounds tell more.
"""

import argparse
import contextlib
import json
import os
import random
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lab"))
from processes import mirrored, set_list, wait_until
from testlab import Lab
from topology import LabError

# What `ip xfrm` calls a cipher, and the key server's transform set. Null is the worst case for our share of the path.
CIPHERS = {"aes": (["enc", "cbc(aes)", "0x" + "01" * 16], "esp-aes esp-sha256-hmac"),
           "null": (["enc", "ecb(cipher_null)", ""], "esp-null esp-sha256-hmac")}
INTEGRITY = ["auth-trunc", "hmac(sha256)", "0x" + "02" * 32, "128"]
FAMILIES = ("IPv4", "IPv6")


def parser(description):
    """The options of throughput.py and cost.py."""
    out = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    out.add_argument("--rounds", type=int, default=5)
    out.add_argument("--seconds", type=int, default=6, help="of each transfer (default 6)")
    out.add_argument("--cipher", choices=CIPHERS, default="aes", help="default: AES-CBC-128; always with HMAC-SHA-256")
    out.add_argument("--udp", type=int, metavar="OCTETS", help="datagrams of that size instead of TCP")
    out.add_argument("--before", metavar="PROGRAM", help="another getvpn-gm, which takes its turn, too")
    out.add_argument("--senders", type=int, metavar="COUNT", help="a pair whose receiver has so many senders' replay windows takes its turn, too")
    out.add_argument("--json", metavar="FILE", help="all figures")
    return out


def describe(options):
    protocol = f"UDP of {options.udp} octets" if options.udp else "TCP"
    return f"{protocol}, {options.rounds} rounds of {options.seconds} s each, {CIPHERS[options.cipher][1]}"


def transfer(lab, client, address, options):
    """Mbit/s that arrived at that address from a client."""
    udp = ["-u", "-b", "0", "-l", str(options.udp)] if options.udp else []
    done = lab.exec(client, "iperf3", "-J", "-t", str(options.seconds), *udp, "-c", address, timeout=600 + options.seconds)
    end = json.loads(done.stdout)["end"]
    if not udp:
        return end["sum_received"]["bits_per_second"] / 1e6
    total = end["sum"]
    return total["bits_per_second"] * (1 - total["lost_packets"] / total["packets"]) / 1e6


def classic_tunnel(lab, sites, cipher):
    """A tunnel of each family between the two CEs, for what is between their clients."""
    for end, network in ((lab.wan_address, "10.{}.0.0/24"), (lab.wan_address6, "2001:db8:{}::/48")):
        for here, there in (sites, sites[::-1]):
            node, near, far = f"ce{here}", end(here), end(there)
            for source, destination, spi in ((near, far, f"0x1{here}"), (far, near, f"0x1{there}")):
                lab.exec(node, "ip", "xfrm", "state", "add", "src", source, "dst", destination, "proto", "esp", "spi", spi,
                         "reqid", "1", "mode", "tunnel", *CIPHERS[cipher][0], *INTEGRITY)
            ours, theirs = network.format(here), network.format(there)
            for direction, source, destination, begin, finish in (("out", ours, theirs, near, far), ("in", theirs, ours, far, near),
                                                                  ("fwd", theirs, ours, far, near)):
                lab.exec(node, "ip", "xfrm", "policy", "add", "src", source, "dst", destination, "dir", direction, "tmpl",
                         "src", begin, "dst", finish, "proto", "esp", "reqid", "1", "mode", "tunnel")


def start_members(lab, sites, program=None, config=None):
    """Members at both sites, of another program than usual when one is given."""
    usual = os.environ.get("GETVPN_GM")
    if program:
        os.environ["GETVPN_GM"] = os.path.realpath(program)
    members = [lab.member(site, config={"transform": "default, esp-null"} | (config or {})) for site in sites]
    if program:
        os.environ.pop("GETVPN_GM")
        if usual:
            os.environ["GETVPN_GM"] = usual
    for member in members:
        member.start().wait_installed()


def kinds(lab, options):
    """The kinds of path by name, each with the address that client of `from` sends to: (from, address)."""
    out = {}
    for name, sites in sites_of(options).items():
        out[f"IPv4 {name}"] = f"h{sites[0]}", lab.client_address(sites[1])
        out[f"IPv6 {name}"] = f"h{sites[0]}", lab.client_address6(sites[1])
    return out


def sites_of(options):
    extra = [name for name, wanted in (("before", options.before), ("windows", options.senders)) if wanted]
    return {name: (2 * place + 1, 2 * place + 2) for place, name in enumerate(["classic", "kept", *extra])}


def windows(options, sites):
    """Settings for a replay window of each of so many senders, the sites among them."""
    networks = [f"10.{site}.0.0/24" for site in sites] + [f"2001:db8:{site}::/48" for site in sites]
    networks += [f"10.{100 + more // 256}.{more % 256}.0/24" for more in range(options.senders - len(sites))]
    return {"replay-window": 64, "replay-senders": ", ".join(networks)}


def in_turn(lab, options, run):
    """run(kind, client, address) for all kinds in each round, in another order each time."""
    order = random.Random(1)
    everything = list(kinds(lab, options).items())
    for _ in range(options.rounds):
        order.shuffle(everything)
        for kind, (client, address) in everything:
            run(kind, client, address)


@contextlib.contextmanager
def prepared_lab(options):
    """The lab with its key server, pairs of sites for each path, and receivers; everybody has met everybody."""
    sites = sites_of(options)

    def change(config):
        entries = [entry for name, (one, other) in sites.items() if name != "classic"
                   for line in (f"permit ip 10.{one}.0.0/24 10.{other}.0.0/24", f"permit ipv6 2001:db8:{one}::/48 2001:db8:{other}::/48")
                   for entry in mirrored(line)]
        set_list(*entries)(config)
        for transform_set in config["transform-set"].values():
            transform_set["transform"] = CIPHERS[options.cipher][1]

    with Lab(ipv6=True, sites=2 * len(sites)) as lab:
        lab.key_server(change=change)
        classic_tunnel(lab, sites["classic"], options.cipher)
        start_members(lab, sites["kept"])
        if options.before:
            start_members(lab, sites["before"], options.before)
        if options.senders:
            start_members(lab, sites["windows"], config=windows(options, sites["windows"]))
        servers = [start_server(lab, f"h{pair[1]}") for pair in sites.values()]
        for client, address in kinds(lab, options).values():
            transfer(lab, client, address, argparse.Namespace(seconds=1, udp=None))
        yield lab
        for server in servers:
            server.terminate()


def start_server(lab, node):
    server = subprocess.Popen(lab.command(node, "iperf3", "-s"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: ":5201" in lab.exec(node, "ss", "-Hltn").stdout, "iperf3 to listen")
    return server


def ratios(figures, better):
    """What is asked of the figures of each kind: name and one ratio a round, above 1 where ours is better than its peer.
    `better` is "more" for rates, "less" for costs."""
    ours = [kind for kind in ("kept", "before", "windows") if f"IPv4 {kind}" in figures]
    pairs = [(f"{family} {kind} : classic", f"{family} {kind}", f"{family} classic") for family in FAMILIES for kind in ours]
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
    print(f"{describe(options)} (kernel {os.uname().release})", flush=True)
    rates = {}

    with prepared_lab(options) as lab:
        def run(kind, client, address):
            rates.setdefault(kind, []).append(transfer(lab, client, address, options))
            print(f"{kind:13} {rates[kind][-1]:7.1f} Mbit/s", flush=True)

        in_turn(lab, options, run)
    report(options, {"Mbit/s": (rates, "more")})


if __name__ == "__main__":
    try:
        main(parser(__doc__).parse_args())
    except LabError as error:
        sys.exit(f"bench: {error}")
