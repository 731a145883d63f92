#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The IPv6 data plane on the wire, with fixed keys and no key server. Needs a kernel with ESP:
tests/vm/run -- tests/kernel/ipv6_wire.py PLANE_DRIVER"""

import os
import pathlib
import socket
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
# pylint: disable=wrong-import-position
import esp
import kernel
from facts import run_scenario
from netns import socket_in
from packets import ESP, ICMPV6, UDP, build_icmpv6_echo
from plane_wire import Plane, lost_ping, opener, planes, sa, shown
from testlab import Lab

SITE1, SITE3 = "2001:db8:1::/48", "2001:db8:3::/48"
H1, H2, H3 = "2001:db8:1::10", "2001:db8:2::10", "2001:db8:3::10"
BOTH_WAYS = [{"source": SITE1, "destination": SITE3}, {"source": SITE3, "destination": SITE1}]
IPV6 = {"in": "100::1", "out": "100::2"}
HEADER, ECHO = 40, 48  # octets of the IPv6 header, and of it with that of an echo
ANCHORS = {"100::1", "100::2"}


def of_data(packets):
    """What clients and the routers' LAN addresses say to each other."""
    return [p for p in packets if p.version == 6 and p.source.startswith(("2001:db8:1:", "2001:db8:2:", "2001:db8:3:"))
            and not p.is_on_link and not p.destination.startswith("2001:db8:ffff")]


def addresses_stay_outside(lab, facts):
    with planes(lab, BOTH_WAYS, sa(0x1001), **IPV6) as made:
        with lab.capture("pe", "ce1") as wire:
            ping = lab.ping("h1", H3, 5)
            plain = lab.ping("h1", H2, 2)
            router = lab.ping("ce1", "2001:db8:3::1", 2, source="2001:db8:1::1")
        seen = of_data(wire.packets())
        facts.check(ping.is_complete, "pings between the sites are answered", ping.text)
        facts.check(plain.is_complete, "a site outside the list stays reachable", plain.text)
        facts.check(router.is_complete, "the routers reach each other from their LAN addresses", router.text)
        facts.equal({(p.protocol, p.spi) for p in seen if p.between(H1, H3)}, {(ESP, 0x1001)},
                    "at the provider there is only ESP, between the clients' own addresses")
        facts.equal({p.protocol for p in seen if p.between(H1, H2)}, {ICMPV6}, "and the other site's in clear")
        inner = [opener(0x1001).open(p) for p in seen if p.between(H1, H3)]
        facts.equal({(p.source, p.destination, p.icmp) for p in inner}, {(H1, H3, (128, 0)), (H3, H1, (129, 0))},
                    "inside are the echoes, whole")
        facts.equal({(s["outbound"], s["packets"]) for s in made[0]("counters")["states"]},
                    {(True, 7), (False, 7)}, "the counters count both ways")
        facts.equal(made[0]("verify")["lines"], [], "what packets put into the maps is no drift")
        with lab.capture("h3", "eth0") as lan:
            for source in (H1, H2):
                lab.send_raw("pe", build_icmpv6_echo(source, H3, 7, 1, b"in clear"), H3)
            lab.settle("pe", "ce3")
        facts.equal({p.source for p in lan.packets() if p.icmp == (128, 0)}, {H2},
                    "cleartext between protected sites is dropped, that of others is not")


def mtu(lab, facts):
    fits = esp.inner_mtu(1500, HEADER)
    with planes(lab, BOTH_WAYS, sa(0x1001), **IPV6):
        facts.check(lab.ping("h1", H3, 2, fits - ECHO, dont_fragment=True).is_complete, f"a packet of {fits} octets passes")
        with lab.capture("h1", "eth0") as lan, lab.capture("pe", "ce1") as wire:
            ping = lab.ping("h1", H3, 1, fits + 1 - ECHO, dont_fragment=True, wait=2)
        facts.equal(ping.received, 0, "one octet more does not")
        facts.equal([(p.source, p.icmp_mtu) for p in lan.packets() if p.icmp == (2, 0)], [("2001:db8:1::1", fits)],
                    f"the client is told \"packet too big\", with an MTU of {fits}")
        facts.equal(of_data(wire.packets()), [], "and nothing of it reaches the provider")
        for node in ("h1", "h3"):
            lab.exec(node, "ip", "-6", "route", "flush", "cache")
        with lab.capture("pe", "ce1") as wire:
            ping = lab.ping("h1", H3, 4, 3000)
        facts.check(ping.received >= 1, "pings of 3,000 octets pass, once both clients know the MTU", ping.text)
        again = lab.ping("h1", H3, 3, 3000)
        facts.check(again.is_complete, "and then without loss", again.text)
        facts.equal({p.protocol for p in of_data(wire.packets()) if p.between(H1, H3)}, {ESP}, "all in ESP")
        facts.check(max(p.length for p in wire.packets()) <= 1500, "and no packet is longer than the link takes")


FLOWS, DATAGRAMS = 8, 40


def everybody_at_once(lab, facts):
    """Many pairs of addresses in both directions from several processes, large and small, forwarded and the
    routers' own: each packet on the wire has outside the addresses it has inside."""
    ends = {}
    for site, client in ((1, "h1"), (3, "h3")):
        ends[site] = [f"2001:db8:{site}::{0x100 + n:x}" for n in range(FLOWS)]
        for number, address in enumerate(ends[site]):
            node, device = (f"ce{site}", "lan0") if number % 4 == 3 else (client, "eth0")
            lab.exec(node, "ip", "-6", "address", "add", f"{address}/64", "dev", device, "nodad")
    with planes(lab, BOTH_WAYS, sa(0x1001), **IPV6):
        with lab.capture("pe", "ce1") as left, lab.capture("pe", "ce3") as right:
            senders = []
            for site, other, client in ((1, 3, "h1"), (3, 1, "h3")):
                for number in range(FLOWS):
                    node = f"ce{site}" if number % 4 == 3 else client
                    senders.append(subprocess.Popen(
                        lab.command(node, sys.executable, "-c", SENDER, ends[site][number], str(DATAGRAMS), *ends[other]),
                        stdin=subprocess.DEVNULL))
            statuses = [sender.wait(timeout=300) for sender in senders]
            lab.settle("pe", "ce1")
            lab.settle("pe", "ce3")
        facts.equal(set(statuses), {0}, f"{len(senders)} senders sent all they had")
        check_wire(facts, left.packets() + right.packets(), 2 * len(senders) * DATAGRAMS)
    for node in ("ce1", "ce3"):
        facts.equal({k: v for k, v in kernel.xfrm_errors(lab, node).items() if "Tmpl" not in k and "NoPols" not in k}, {},
                    f"{node}'s kernel counted no error")


# Each datagram says between whom it goes. Every fourth is too large for one packet.
SENDER = """
import socket, sys, time
source, count, others = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as out:
    out.setsockopt(socket.IPPROTO_IPV6, 23, 5)  # IPV6_MTU_DISCOVER: whatever was learnt, send
    out.setsockopt(socket.IPPROTO_IPV6, 24, 1280)  # IPV6_MTU: fragment to that
    out.bind((source, 0))
    for n in range(count):
        to = others[n % len(others)]
        out.sendto(f"{source} {to} ".encode() + bytes(2000 if n % 4 == 3 else 100), (to, 9))
        if n % 8 == 7:
            time.sleep(0.02)  # a busy machine's queues overflow otherwise
"""


def check_wire(facts, seen, least):
    data = of_data(seen)
    facts.equal({p.protocol for p in data}, {ESP}, "all that crossed the provider was ESP")
    facts.equal([str(p) for p in seen if {p.source, p.destination} & ANCHORS], [], "and nothing had an anchor's address")
    facts.check(len(data) >= least, f"{len(data)} packets, of {least} at least", shown(data[:20]))
    key = opener(0x1001)
    wrong = []
    said = 0
    for packet in data:
        inner = key.open(packet)
        if (inner.source, inner.destination) != (packet.source, packet.destination):
            wrong.append(f"{packet} with {inner}")
        if inner.protocol == UDP and inner.is_first:
            words = inner.payload[8:].split(b" ")[:2]
            if [word.decode() for word in words] != [packet.source, packet.destination]:
                wrong.append(f"{packet} says {words}")
            said += 1
    facts.equal(wrong, [], "each had outside the addresses of the packet inside")
    # Of what was sent at once some was lost on the way, in queues that overflow.
    facts.check(said >= least // 2, f"and {said} said so themselves")
    pairs = {(p.source, p.destination) for p in data}
    facts.check(len(pairs) >= 2 * FLOWS * FLOWS, f"{len(pairs)} pairs of addresses took part")


def tcp(lab, facts):
    data, got = os.urandom(1 << 19), []
    with planes(lab, BOTH_WAYS, sa(0x1001), **IPV6):
        with socket_in(lab.namespace("h3"), socket.AF_INET6, socket.SOCK_STREAM) as server:
            server.bind((H3, 0))
            server.listen(1)

            def serve():
                connection, _ = server.accept()
                with connection:
                    got.append(b"".join(iter(lambda: connection.recv(65536), b"")))

            thread = threading.Thread(target=serve)
            thread.start()
            with socket_in(lab.namespace("h1"), socket.AF_INET6, socket.SOCK_STREAM) as client:
                client.settimeout(180)
                client.connect(server.getsockname())
                client.sendall(data)
            thread.join(180)
        facts.check(got == [data], "half a megabyte over TCP arrives whole")


def taken_away(lab, facts):
    """Without rules, without maps, without a TEK: nothing leaves, neither in clear nor between the anchors."""
    with planes(lab, BOTH_WAYS, sa(0x1001), **IPV6) as made:
        for what, command in (("a token unknown", "nft flush chain ip6 getvpn-wire publish; "
                               "nft flush chain ip6 getvpn-wire learn; nft flush map ip6 getvpn-wire tokens"),
                              ("no rules", "nft flush ruleset")):
            lab.exec("ce1", "sh", "-c", command)
            with lab.capture("pe", "ce1") as wire:
                ping = lost_ping(lab, "h1", H3)
                lab.settle("pe", "ce1")
            facts.equal((ping.received, [str(p) for p in wire.packets() if p.version == 6 and not p.is_on_link]), (0, []),
                        f"with {what} nothing leaves")
            facts.check(made[0]("verify")["lines"], "which is drift")
            made[0].apply(BOTH_WAYS, sa(0x1001))
            facts.check(lab.ping("h1", H3, 2).is_complete, "and is repaired")


def scenario(lab, facts):
    before = {node: kernel.snapshot(lab, node) for node in ("ce1", "ce3")}
    for part in (addresses_stay_outside, mtu, tcp, taken_away):
        if ONLY and part.__name__ not in ONLY:
            continue
        facts.note(part.__name__)
        part(lab, facts)
    kernel.nothing_is_left(lab, facts, before)
    if not ONLY or "everybody_at_once" in ONLY:
        everybody_at_once(lab, facts)


if __name__ == "__main__":
    Plane.driver, ONLY = os.path.abspath(sys.argv[1]), sys.argv[2:]
    run_scenario(scenario, lambda: Lab(prefix="wire", ipv6=True))
