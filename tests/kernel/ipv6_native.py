#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel makes of the IPv6 objects, as nft and iproute2 read them back. Lists without SAs only, so
any kernel with XFRM policies and nftables will do: tests/kernel/ipv6_native.py PLANE_DRIVER"""

import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
# pylint: disable=wrong-import-position
import kernel
from facts import run_scenario
from plane_wire import Plane
from testlab import Lab

SITE1, SITE3 = "2001:db8:1::/48", "2001:db8:3::/48"
ENTRIES = [{"permit": False, "protocol": 58, "source": "::/0", "destination": "::/0", "source_port": 135},
           {"source": SITE1, "destination": SITE3},
           {"protocol": 17, "source": SITE1, "destination": "ff0e::/16", "destination_port": 5000}]
SKIPPED = 4


def plane(lab):
    return Plane(lab, "ce1", probe=False, **{"in": "100::1", "out": "100::2"})


def same(text):
    return re.sub(r"\s+", " ", text)


def rules(lab, facts):
    text = same(lab.exec("ce1", "nft", "list", "table", "ip6", "getvpn-wire").stdout)
    for fact, part in (
            ("ESP of the group goes to IN", 'iifname "wan0" esp spi @spis ip6 daddr set 100::1 notrack }'),
            ("what comes in on the WAN is marked", 'iifname "wan0" meta mark set meta mark | 0x10000000 }'),
            ("a known pair takes its token", "ipsec out ip6 daddr 100::2 meta mark set @nh,64,256 map @tokens accept"),
            ("another is learnt", 'ipsec out ip6 daddr 100::2 goto learn oifname "wan0" goto guard }'),
            ("without room for it the packet is dropped", "goto publish drop }"),
            ("what has OUT for destination and no token goes nowhere", "accept ip6 daddr 100::2 drop }"),
            ("the maps are bounded", "size 131072 flags dynamic,timeout"),
            ("the router's own packets are looked at again", "chain local { type route hook output priority mangle;"),
            ("a strange interface lets neighbours be found", "oif @known accept udp sport 848 udp dport 848 accept icmpv6 type mld-listener-query accept"),
            ("an anchor is nobody's address", "ip6 saddr @anchors drop ip6 daddr @anchors drop"),
            ("encrypted multicast is known by its mark", "meta mark set meta mark | 0x10000000 oif @known accept"),
            ("when it is looped back", 'iifname "wan0" meta mark & 0x10000000 == 0x10000000 drop'),
            ("multicast that comes in is judged", 'ip6 daddr ff00::/8 iifname "wan0" jump multicast-in }'),
            ("and multicast that is forwarded", 'ip6 daddr ff00::/8 oifname "wan0" jump multicast-out }'),
            ("finding neighbours stays in clear", "icmpv6 type nd-neighbor-solicit return"),
            ("listed multicast leaves as the router's own", "udp dport 5000 meta mark set meta mark & 0xefffffff "
             "dup to ip6 daddr device oif drop }"),
            ("fragments are put together first", "tproxy to :9")):
        facts.check(part in text, fact, text)


def policies(lab, facts):
    text = same(lab.exec("ce1", "ip", "xfrm", "policy", "list", "nosock").stdout)
    facts.check(f"src {SITE1} dst {SITE3} dev wan0 dir out" in text, "the policy out is tied to the WAN", text)
    facts.check("tmpl src 100::1 dst 100::2 proto esp reqid 7000 mode tunnel" in text, "its template names the anchors", text)
    facts.equal(text.count("proto ipv6-icmp type 135"), 3, "a selector of ICMPv6 has its type where the kernel wants it")


def anchors(lab, facts):
    address = same(lab.exec("ce1", "ip", "-6", "address", "show", "dev", "lo").stdout)
    facts.check("100::1/128 scope global deprecated" in address, "IN is on lo, and no source for anything", address)
    route = lab.exec("ce1", "ip", "-6", "route", "show", "100::2").stdout
    facts.check("100::2 dev wan0 proto 71" in route, "OUT leads to the WAN", route)


def adopted(lab, facts, first):
    handles = lab.exec("ce1", "nft", "-a", "list", "table", "ip6", "getvpn-wire").stdout
    second = plane(lab)
    second.apply(ENTRIES)
    facts.equal(lab.exec("ce1", "nft", "-a", "list", "table", "ip6", "getvpn-wire").stdout, handles,
                "a successor leaves a table that is as it should be")
    facts.equal((second("verify")["lines"], first("verify")["lines"]), ([], []), "and finds no drift")
    first.close()
    return second


def drift(lab, facts, made):
    made("events")
    lab.exec("ce1", "nft", "flush", "chain", "ip6", "getvpn-wire", "restore")
    facts.check(made("events")["changed"], "a flushed chain is an event")
    facts.equal(made("verify")["lines"], [f"nftables table ip6 getvpn-wire, chain restore, rule {n} is gone" for n in (1, 2)],
                "its rules are named")
    made.apply(ENTRIES)
    facts.equal(made("verify")["lines"], [], "and put back")


def switched(lab, facts, made):
    """disable_ipv6 takes anchors away that nobody can use then; that must not stop anything else."""
    for off, lines in ((1, ["anchor address 100::1 on lo is gone", "route to the anchor 100::2 is gone"]),
                       (0, ["IPv6 is switched on"])):
        lab.exec("ce1", "sysctl", "-qw", f"net.ipv6.conf.all.disable_ipv6={off}")
        facts.check(made("events")["changed"], f"disable_ipv6={off} is an event")
        facts.equal(made("verify")["lines"], lines, "named")
        made.apply(ENTRIES)
        facts.equal(made("verify")["lines"], [], "and dealt with")
    anchors(lab, facts)


def scenario(lab, facts):
    before = kernel.snapshot(lab, "ce1")
    made = plane(lab)
    made.apply(ENTRIES)
    rules(lab, facts)
    policies(lab, facts)
    anchors(lab, facts)
    made = adopted(lab, facts, made)
    drift(lab, facts, made)
    made("clear")
    after = kernel.snapshot(lab, "ce1")
    facts.check(after == before, "afterwards nothing is left", lambda: kernel.difference(before, after))
    made.apply(ENTRIES)
    switched(lab, facts, made)
    refused(facts, made)
    made("clear")
    made.close()


def refused(facts, made):
    try:
        made.apply([{"source": SITE1, "destination": "10.0.0.0/8"}])
        facts.check(False, "an entry of two families is refused")
    except RuntimeError as error:
        facts.check("IPv4 and IPv6 mixed" in str(error), "an entry of two families is refused", str(error))


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root")
        sys.exit(SKIPPED)
    Plane.driver = os.path.abspath(sys.argv[1])
    run_scenario(scenario, lambda: Lab(prefix="native6", ipv6=True, sites=1))
