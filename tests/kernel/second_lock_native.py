#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The policies and the second lock say the same about every packet, though neither knows of the other.

Random lists are installed without keys, so what a list protects goes nowhere. The same random packets are then sent
twice, out and in: with the policies alone, and with the second lock alone. What arrives is captured. Any kernel with
XFRM policies and nftables will do: tests/kernel/second_lock_native.py PLANE_DRIVER [SEED]"""

import ipaddress
import os
import pathlib
import random
import re
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
# pylint: disable=wrong-import-position
from facts import run_scenario
from packets import ICMP, ICMPV6, TCP, UDP, build_icmp_echo, build_icmpv6_echo, build_ipv4, build_ipv6, build_udp
from plane_wire import Plane
from testlab import Lab

LISTS, PACKETS, SKIPPED = 8, 120, 4
GRE, SCTP, ESP = 47, 132, 50
PORTS = (22, 53, 80, 179, 443, 5000)
NEAR = {4: [f"10.1.0.{n}" for n in (10, 11, 64, 129, 200)], 6: [f"2001:db8:1::{n}" for n in ("10", "11", "1:40", "8000", "ff00")]}
FAR = {4: ["10.3.0.10", "10.3.0.77", "10.3.128.1", "10.2.0.10", "192.0.2.1"],
       6: ["2001:db8:3::10", "2001:db8:3:0:8000::1", "2001:db8:3:1::1", "2001:db8:2::10", "2001:db8:77::1"]}


def prefix(rng, version):
    """Mostly around the addresses that packets have, of any length."""
    address = ipaddress.ip_address(rng.choice(NEAR[version] + FAR[version]))
    length = rng.choice((0, 8, 12, 16, 23, 24, 25, 30, 32) if version == 4 else (0, 16, 32, 47, 48, 49, 64, 65, 127, 128))
    return str(ipaddress.ip_network((address, length), strict=False))


def entry(rng, version):
    out = {"permit": rng.random() < 0.6, "source": prefix(rng, version), "destination": prefix(rng, version)}
    protocol = rng.choice((0, 0, 0, TCP, UDP, UDP, ICMP if version == 4 else ICMPV6, GRE, SCTP))
    if protocol:
        out["protocol"] = protocol
    if protocol in (0, TCP, UDP, SCTP) and rng.random() < 0.4:
        out[rng.choice(("source_port", "destination_port"))] = rng.choice(PORTS)
    if protocol == ICMPV6 and rng.random() < 0.5:
        out["source_port"] = rng.choice((128, 129))  # the type, which is where the kernel has it
    return out


def with_what_links_need(entries, version):
    """Without neighbours nothing is said to anybody."""
    if version == 4:
        return entries
    any6 = {"permit": False, "source": "::/0", "destination": "::/0"}
    return ([any6 | {"protocol": ICMPV6, "source_port": kind} for kind in (133, 134, 135, 136)] +
            [any6 | {"destination": "fe80::/10"}, any6 | {"destination": "ff02::/16"}, any6 | {"source": "fe80::/10"}] + entries)


def payload(rng, version, source, destination, token):
    protocol = rng.choice((TCP, UDP, UDP, ICMP if version == 4 else ICMPV6, GRE, SCTP, ESP))
    ports = rng.choice(PORTS), rng.choice(PORTS)
    data = b"TOKEN%06d." % token
    if protocol == UDP:
        return protocol, build_udp(source, destination, *ports, data)
    if protocol == TCP:
        return protocol, struct.pack("!HHIIBBHHH", *ports, 1, 0, 5 << 4, 2, 512, 0, 0) + data
    if protocol == ICMP:
        return protocol, build_icmp_echo(7, 1, data, reply=rng.random() < 0.5)
    if protocol == SCTP:
        return protocol, struct.pack("!HHII", *ports, 0, 0) + data
    if protocol == ESP:
        return protocol, struct.pack("!II", 0x7000 + token, 1) + data
    return protocol, struct.pack("!HH", 0, 0x0800) + data


def packet(rng, version, source, destination, token):
    protocol, body = payload(rng, version, source, destination, token)
    if protocol == ICMPV6:
        return build_icmpv6_echo(source, destination, 7, 1, b"TOKEN%06d." % token)
    return (build_ipv4 if version == 4 else build_ipv6)(source, destination, protocol, body)


def arrived(lab, sent, sender, receiver, end):
    """The numbers of the packets that come to the other side."""
    with lab.capture(*receiver) as wire:
        for destination, data in sent:
            lab.send_raw(sender, data, destination)
        lab.ping(*end, 1)  # what was sent before has arrived by now
        tokens = set()
        for p in wire.packets():
            tokens |= {int(found) for found in re.findall(rb"TOKEN(\d{6})\.", p.payload)}
    return tokens


def one_list(lab, facts, plane, rng, version, number):
    entries = with_what_links_need([entry(rng, version) for _ in range(rng.randrange(1, 25))], version)
    flows = {
        "out": ([(rng.choice(NEAR[version] + FAR[version]), rng.choice(FAR[version])) for _ in range(PACKETS)], "h1", ("pe", "ce1"), ("ce1", "172.16.1.1")),
        "in": ([(rng.choice(FAR[version] + NEAR[version][:1]), rng.choice(NEAR[version])) for _ in range(PACKETS)], "pe", ("h1", "eth0"), ("ce1", "10.1.0.10")),
    }
    results = {}
    for lock in ("policies", "second lock"):
        plane("clear")
        plane.apply(entries)
        if lock == "policies":
            for family, name in (("ip" if version == 4 else "ip6", "/lock"), ("netdev", "/lock" if version == 4 else "/lock6")):
                lab.exec("ce1", "nft", "delete", "table", family, f"getvpn-wire{name}")
        else:
            lab.exec("ce1", "ip", "xfrm", "policy", "flush")
        for way, (addresses, sender, receiver, end) in flows.items():
            again = random.Random(f"{number} {way}")
            sent = [(destination, packet(again, version, source, destination, token)) for token, (source, destination) in enumerate(addresses)]
            results[lock, way] = arrived(lab, sent, sender, receiver, end)
    for way, (addresses, *_) in flows.items():
        policies, second = results["policies", way], results["second lock", way]
        facts.check(policies == second, f"IPv{version}, list {number} of {len(entries)} lines, {way}: both locks let the same "
                    f"{len(policies)} of {PACKETS} packets pass",
                    lambda p=policies, s=second, a=addresses: f"{entries}\nonly the policies let pass {[(t, a[t]) for t in sorted(p - s)]}\n"
                    f"only the second lock {[(t, a[t]) for t in sorted(s - p)]}")
    return results


def scenario(lab, facts):
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 30)
    facts.note(f"seed {seed}")
    rng = random.Random(seed)
    for version in (4, 6):
        for address in NEAR[version][1:]:
            lab.exec("h1", "ip", "address", "add", f"{address}/{24 if version == 4 else 64}", "dev", "eth0", *(("nodad",) if version == 6 else ()))
        some = all_ = 0
        plane = Plane(lab, "ce1", probe=False, **({} if version == 4 else {"in": "100::1", "out": "100::2"}))
        for number in range(LISTS):
            for result in one_list(lab, facts, plane, rng, version, number).values():
                some, all_ = some + len(result), all_ + PACKETS
        facts.check(0.1 < some / all_ < 0.9, f"IPv{version}: some packets pass and some do not", f"{some} of {all_}")
        plane("clear")
        plane.close()


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root")
        sys.exit(SKIPPED)
    Plane.driver = os.path.abspath(sys.argv[1])
    run_scenario(scenario, lambda: Lab(prefix="lock", ipv6=True, sites=1))
