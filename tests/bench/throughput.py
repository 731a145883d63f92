#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""TCP throughput of the header-preserving path against a classic point-to-point XFRM tunnel, in one run.

The same two CEs, ciphers and clients; the two kinds take turns, and the ratio is of neighbouring rounds, since
these machines' speed drifts. Both encrypt as one SA.
"""

import json
import os
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lab"))
from processes import wait_until
from testlab import Lab
from topology import LabError

ROUNDS = 5
SECONDS = 6
CIPHER = ["enc", "cbc(aes)", "0x" + "01" * 16, "auth-trunc", "hmac(sha256)", "0x" + "02" * 32, "128"]


def transfer(lab):
    """Mbit/s that client 3 received from client 1."""
    done = lab.exec("h1", "iperf3", "-J", "-t", str(SECONDS), "-c", lab.client_address(3), timeout=60 + SECONDS)
    return json.loads(done.stdout)["end"]["sum_received"]["bits_per_second"] / 1e6


def classic_tunnel(lab):
    ends = {1: lab.wan_address(1), 3: lab.wan_address(3)}
    for here, there in ((1, 3), (3, 1)):
        node, near, far = f"ce{here}", ends[here], ends[there]
        for source, destination, spi in ((near, far, f"0x1{here}"), (far, near, f"0x1{there}")):
            lab.exec(node, "ip", "xfrm", "state", "add", "src", source, "dst", destination, "proto", "esp", "spi", spi,
                     "reqid", "1", "mode", "tunnel", *CIPHER)
        ours, theirs = f"10.{here}.0.0/24", f"10.{there}.0.0/24"
        for direction, source, destination, begin, end in (("out", ours, theirs, near, far), ("in", theirs, ours, far, near),
                                                           ("fwd", theirs, ours, far, near)):
            lab.exec(node, "ip", "xfrm", "policy", "add", "src", source, "dst", destination, "dir", direction, "tmpl",
                     "src", begin, "dst", end, "proto", "esp", "reqid", "1", "mode", "tunnel")


def no_tunnel(lab):
    for node in ("ce1", "ce3"):
        lab.exec(node, "ip", "xfrm", "policy", "flush")
        lab.exec(node, "ip", "xfrm", "state", "flush")


def measure(lab):
    """One round: header-preserving, then classic."""
    members = lab.members(1, 3)
    ours = transfer(lab)
    for member in members:
        member.stop()
    classic_tunnel(lab)
    classic = transfer(lab)
    no_tunnel(lab)
    return ours, classic


def main():
    print(f"TCP, {SECONDS} s each, AES-CBC-128 and HMAC-SHA-256, Mbit/s (kernel {os.uname().release})")
    print(f"{'round':>6} {'header kept':>12} {'classic tunnel':>15} {'ratio':>6}")
    ratios = []
    with Lab() as lab:
        lab.key_server()
        server = start_server(lab)
        transfer(lab)  # in clear: everybody has met everybody
        for n in range(1, ROUNDS + 1):
            ours, classic = measure(lab)
            ratios.append(ours / classic)
            print(f"{n:6} {ours:12.1f} {classic:15.1f} {ratios[-1]:6.2f}", flush=True)
        server.terminate()
    print(f"median ratio {statistics.median(ratios):.2f}")


def start_server(lab):
    server = subprocess.Popen(lab.command("h3", "iperf3", "-s"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: ":5201" in lab.exec("h3", "ss", "-Hltn").stdout, "iperf3 to listen")
    return server


if __name__ == "__main__":
    try:
        main()
    except LabError as error:
        sys.exit(f"bench: {error}")
