#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""TCP throughput of the header-preserving path against a classic point-to-point XFRM tunnel, in one run, of IPv4
and of IPv6.

The same two CEs, ciphers and clients; the kinds take turns, and the ratios are within a round, since these machines'
speed drifts. All encrypt as one SA. On a machine that does other things as well cost.py tells more.
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lab"))
from processes import mirrored, set_list, wait_until
from testlab import Lab
from topology import LabError

ROUNDS = 5
SECONDS = 6
CIPHER = ["enc", "cbc(aes)", "0x" + "01" * 16, "auth-trunc", "hmac(sha256)", "0x" + "02" * 32, "128"]


def transfer(lab, address):
    """Mbit/s that client 3 received at that address from client 1."""
    done = lab.exec("h1", "iperf3", "-J", "-t", str(SECONDS), "-c", address, timeout=600 + SECONDS)
    return json.loads(done.stdout)["end"]["sum_received"]["bits_per_second"] / 1e6


def classic_tunnel(lab, ends, sites):
    for here, there in ((1, 3), (3, 1)):
        node, near, far = f"ce{here}", ends[here], ends[there]
        for source, destination, spi in ((near, far, f"0x1{here}"), (far, near, f"0x1{there}")):
            lab.exec(node, "ip", "xfrm", "state", "add", "src", source, "dst", destination, "proto", "esp", "spi", spi,
                     "reqid", "1", "mode", "tunnel", *CIPHER)
        ours, theirs = sites[here], sites[there]
        for direction, source, destination, begin, end in (("out", ours, theirs, near, far), ("in", theirs, ours, far, near),
                                                           ("fwd", theirs, ours, far, near)):
            lab.exec(node, "ip", "xfrm", "policy", "add", "src", source, "dst", destination, "dir", direction, "tmpl",
                     "src", begin, "dst", end, "proto", "esp", "reqid", "1", "mode", "tunnel")


def no_tunnel(lab):
    for node in ("ce1", "ce3"):
        lab.exec(node, "ip", "xfrm", "policy", "flush")
        lab.exec(node, "ip", "xfrm", "state", "flush")


def kept(lab, run):
    """run(lab, kind, address) for each family, by the header-preserving path."""
    members = lab.members(1, 3)
    run(lab, "IPv4 kept", lab.client_address(3))
    run(lab, "IPv6 kept", lab.client_address6(3))
    for member in members:
        member.stop()


def classic(lab, run):
    """The same by a tunnel of each family between the two CEs."""
    for kind, address, end, site in (("IPv4 classic", lab.client_address(3), lab.wan_address, "10.{}.0.0/24"),
                                     ("IPv6 classic", lab.client_address6(3), lab.wan_address6, "2001:db8:{}::/48")):
        classic_tunnel(lab, {n: end(n) for n in (1, 3)}, {n: site.format(n) for n in (1, 3)})
        run(lab, kind, address)
        no_tunnel(lab)


def in_turn(lab, number, run):
    """One round of all four. What comes first in one comes last in the next, so that a drift of the machine evens out."""
    for path in (kept, classic) if number % 2 else (classic, kept):
        path(lab, run)


def measure(lab, number):
    rates = {}
    in_turn(lab, number, lambda lab, kind, address: rates.update({kind: transfer(lab, address)}))
    return tuple(rates[kind] for kind in ("IPv4 kept", "IPv4 classic", "IPv6 kept", "IPv6 classic"))


@contextlib.contextmanager
def prepared_lab():
    """The lab with its key server and a receiver, in which everybody has met everybody."""
    entries = mirrored("permit ip 10.1.0.0/24 10.3.0.0/24") + mirrored("permit ipv6 2001:db8:1::/48 2001:db8:3::/48")
    with Lab(ipv6=True) as lab:
        lab.key_server(change=set_list(*entries))
        server = start_server(lab)
        for address in (lab.client_address(3), lab.client_address6(3)):
            transfer(lab, address)
        yield lab
        server.terminate()


def main():
    print(f"TCP, {SECONDS} s each, AES-CBC-128 and HMAC-SHA-256, Mbit/s (kernel {os.uname().release})")
    print(f"{'round':>6} {'IPv4 kept':>10} {'classic':>8} {'ratio':>6} {'IPv6 kept':>10} {'classic':>8} {'ratio':>6}")
    ratios = []
    with prepared_lab() as lab:
        for n in range(1, ROUNDS + 1):
            ours, classic4, ours6, classic6 = measure(lab, n)
            ratios.append((ours / classic4, ours6 / classic6, ours6 / ours))
            print(f"{n:6} {ours:10.1f} {classic4:8.1f} {ratios[-1][0]:6.2f} {ours6:10.1f} {classic6:8.1f} {ratios[-1][1]:6.2f}",
                  flush=True)
    for what, values in zip(("IPv4 against classic", "IPv6 against classic", "IPv6 against IPv4"), zip(*ratios)):
        print(f"median ratio, {what}: {statistics.median(values):.2f}")


def start_server(lab):
    server = subprocess.Popen(lab.command("h3", "iperf3", "-s"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: ":5201" in lab.exec("h3", "ss", "-Hltn").stdout, "iperf3 to listen")
    return server


if __name__ == "__main__":
    try:
        main()
    except LabError as error:
        sys.exit(f"bench: {error}")
