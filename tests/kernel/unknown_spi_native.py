#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ESP under SPIs that a plane does not have is counted: what, of whom, and what is left out.

Read back by nft, and as the plane tells it. Nothing is encrypted, so any kernel with XFRM policies and nftables will do:
tests/kernel/unknown_spi_native.py PLANE_DRIVER"""

import json
import os
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
# pylint: disable=wrong-import-position
from facts import run_scenario
from packets import UDP, build_ipv4, build_ipv6
from plane_wire import Plane
from testlab import Lab

SKIPPED, ESP, TCP = 4, 50, 6
MOST = 1024  # elements of a set
TABLE = "getvpn-wire/lock"


class Site:
    """One family of site 1, whose plane protects it towards site 3."""

    def __init__(self, lab, version):
        self.lab, self.version = lab, version
        self.near, self.far, self.other = {4: ("10.1.0.10", "10.3.0.10", "10.2.0.10"),
                                           6: ("2001:db8:1::10", "2001:db8:3::10", "2001:db8:2::10")}[version]
        self.router = {4: "172.16.1.2", 6: "2001:db8:ffff:1::2"}[version]
        self.here, self.there = {4: ("10.1.0.0/24", "10.3.0.0/24"), 6: ("2001:db8:1::/64", "2001:db8:3::/64")}[version]
        self.plane = Plane(lab, "ce1", probe=False, count_unknown=True, **({} if version == 4 else {"in": "100::1", "out": "100::2"}))
        self.base = {}

    def entries(self, **more):
        return [{"source": self.there, "destination": self.here} | more, {"source": self.here, "destination": self.there} | more]

    def come(self, spi, count=1, source=None, destination=None):
        """ESP put on the WAN link."""
        source, destination = source or self.far, destination or self.near
        build = build_ipv4 if self.version == 4 else build_ipv6
        for number in range(count):
            self.lab.send_raw("pe", build(source, destination, ESP, struct.pack("!II", spi, number + 1) + bytes(64)), destination)

    def told(self):
        self.lab.settle("pe", "ce1")
        return {(one["source"], one["spi"]): one["packets"] for one in self.plane("unknown")["unknown"]}

    def elements(self):
        """The same as nft shows it: a key of so many octets as one number, and its counter."""
        family = "ip" if self.version == 4 else "ip6"
        found = json.loads(self.lab.exec("ce1", "nft", "-j", "list", "set", family, TABLE, "unknown-spis").stdout)
        (shown,) = [one["set"] for one in found["nftables"] if "set" in one]
        return shown


def family(lab, facts, version):
    site = Site(lab, version)
    what = f"IPv{version}"
    site.plane.apply(site.entries())
    site.come(0x1001, 3)
    site.come(0x1001, 2, source=site.far[:-2] + "77")
    site.come(0x1002)
    expected = {(site.far, 0x1001): 3, (site.far[:-2] + "77", 0x1001): 2, (site.far, 0x1002): 1}
    facts.equal(site.told(), expected, f"{what}: ESP is counted by sender and SPI")
    shown = site.elements()
    facts.equal((sorted(element["elem"]["counter"]["packets"] for element in shown["elem"]), shown["size"]), ([1, 2, 3], MOST),
                f"{what}: nft shows the same, in a set of at most {MOST}")
    facts.check(all(0 < element["elem"]["expires"] <= 60 for element in shown["elem"]),
                f"{what}: whose elements live for a minute", shown["elem"])
    facts.equal(site.plane("verify")["lines"], [], f"{what}: that packets fill the set is no drift")
    site.come(0x1003, source=site.other)
    site.come(0x1004, destination=site.router)
    facts.equal(site.told(), expected, f"{what}: what the list does not protect does not count")
    with_others(lab, facts, site, what)
    lists(facts, site, what)
    flood(facts, site, what)
    lab.exec("ce1", "nft", "delete", "table", "ip" if version == 4 else "ip6", TABLE)
    facts.equal(site.told(), {}, f"{what}: a set that somebody deleted has nothing in it")
    facts.check(any(line.endswith("is gone") for line in site.plane("verify")["lines"]), f"{what}: which is drift")
    site.plane("clear")
    facts.check("getvpn" not in lab.exec("ce1", "nft", "list", "ruleset").stdout, f"{what}: and nothing is left in the end")
    site.plane.close()


def with_others(lab, facts, site, what):
    """The state of another program, which is found by its SPI, and the anchor of another group."""
    before = site.told()
    host = site.near[:-1]  # the router's own
    lab.exec("ce1", "ip", "xfrm", "state", "allocspi", "src", site.far, "dst", host, "proto", "esp", "reqid", "77", "mode", "tunnel",
             "min", "0x1005", "max", "0x1005")
    site.come(0x1005, 4, destination=host)
    facts.equal(site.told(), before, f"{what}: ESP for which somebody else has a state is theirs")
    lab.exec("ce1", "ip", "xfrm", "state", "flush")
    site.come(0x1006, 2, destination=host)
    facts.equal(site.told().get((site.far, 0x1006)), 2, f"{what}: ESP for the router itself counts as well")


def lists(facts, site, what):
    site.plane.apply(site.entries(protocol=TCP, destination_port=80))
    facts.equal(site.told(), {}, f"{what}: another list begins anew")
    site.come(0x2001, 2)
    facts.equal(site.told(), {(site.far, 0x2001): 2}, f"{what}: a list of ports counts by its networks: ESP shows no ports")
    deny = {"permit": False}
    site.plane.apply([one | deny for one in site.entries(protocol=UDP)] + site.entries(protocol=TCP))
    site.come(0x2002)
    facts.equal(site.told(), {(site.far, 0x2002): 1}, f"{what}: a deny of another protocol does not matter")
    for name, more in (("whatever it is", {}), ("as ESP", {"protocol": ESP})):
        site.plane.apply([one | deny for one in site.entries(**more)] + site.entries())
        site.come(0x2003)
        facts.equal(site.told(), {}, f"{what}: what the list lets pass in clear, {name}, does not count")
    site.plane.apply([one | {"action": "protect-inbound-optional"} for one in site.entries()])
    site.come(0x2004)
    facts.equal(site.told(), {(site.far, 0x2004): 1}, f"{what}: a receive-only list counts")
    site.plane.apply([one | {"action": "discard"} for one in site.entries()])
    site.come(0x2005)
    facts.equal(site.told(), {}, f"{what}: fail-close, which has no keys at all, does not")


def flood(facts, site, what):
    everything = {4: "0.0.0.0/0", 6: "::/0"}[site.version]
    wide = [{"source": everything, "destination": everything}]
    if site.version == 6:
        clear = [{"source": everything, "destination": "fe80::/10"}, {"source": everything, "destination": "ff02::/16"},
                 {"source": "2001:db8:ffff::/48", "destination": everything}]
    else:
        clear = [{"source": "172.16.0.0/16", "destination": everything}]
    site.plane.apply([one | {"permit": False} for one in clear] + wide)
    for spi in range(0x4000, 0x4000 + MOST + 300):
        site.come(spi)
    facts.equal(len(site.told()), MOST, f"{what}: a flood of SPIs is bounded")
    site.plane.apply(site.entries())


def scenario(lab, facts):
    for version in (4, 6):
        family(lab, facts, version)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root")
        sys.exit(SKIPPED)
    Plane.driver = os.path.abspath(sys.argv[1])
    run_scenario(scenario, lambda: Lab(prefix="spis", ipv6=True, sites=1))
