#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a restart, a crash and other programs' hands do to traffic on the wire, and the two kinds of entries
that protect nothing. Needs a kernel with ESP: tests/vm/run -- tests/kernel/drift_wire.py PLANE_DRIVER"""

import contextlib
import os
import pathlib
import re
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
# pylint: disable=wrong-import-position
import kernel
from facts import run_scenario
from packets import ESP, ICMP, UDP, build_icmp_echo, build_ipv4
from plane_wire import BOTH_WAYS, H1, H2, H3, Plane, inject, lost_ping, of_data, opener, planes, sa, shown
from testlab import Lab
from topology import run


def as_action(action):
    return [entry | {"action": action} for entry in BOTH_WAYS]


def discard(lab, facts):
    """Fail-close before the first registration."""
    with planes(lab, as_action("discard")):
        with lab.capture("pe", "ce1") as wire, lab.capture("h3", "eth0") as lan:
            ping = lost_ping(lab, "h1", H3)
            own = lost_ping(lab, "ce1", "10.3.0.1")
            inject(lab, H1, H3, "ce3")
            other = lab.ping("h1", H2, 2)
        facts.equal((ping.received, [p for p in of_data(wire.packets()) if p.between(H1, H3)]), (0, []),
                    "what is blocked does not leave")
        facts.check(own.received or not [p for p in of_data(wire.packets()) if p.destination == "10.3.0.1"],
                    "nor from the router itself")
        facts.equal([p for p in lan.packets() if p.source == H1], [], "nor come in")
        facts.check(other.is_complete, "the rest passes", other.text)


def protect_inbound_optional(lab, facts):
    """Receive-only: clear and encrypted come in, clear leaves."""
    with planes(lab, as_action("protect-inbound-optional"), sa(0x1001, send=False)):
        with lab.capture("pe", "ce1") as wire:
            ping = lab.ping("h1", H3, 3)
        facts.check(ping.is_complete, "receive-only members reach each other", ping.text)
        facts.equal({p.protocol for p in of_data(wire.packets())}, {ICMP}, "in clear")
        with lab.capture("h3", "eth0") as lan:
            inner = build_ipv4(H1, H3, ICMP, build_icmp_echo(7, 1, b"x"))
            lab.send_raw("pe", opener(0x1001).seal(inner, 1, H1, H3), H3)
            lab.send_raw("pe", opener(0x1009).seal(inner, 2, H1, H3), H3)
            lab.settle("pe", "ce3")
        facts.equal(len([p for p in lan.packets() if p.icmp == (8, 0)]), 1,
                    "what comes under the TEK is taken, under another key not")
    with planes(lab, as_action("protect-inbound-optional"), sa(0x1001, send=False)) as made:
        made[0].apply(BOTH_WAYS, sa(0x1001))
        with lab.capture("h3", "eth0") as lan:
            lost_ping(lab, "h1", H3)
        facts.check(any(p.icmp == (8, 0) for p in lan.packets()), "a member that sends reaches one that only receives")
        made[1].apply(BOTH_WAYS, sa(0x1001))
        facts.check(lab.ping("h1", H3, 2).is_complete, "and both ways once that one sends as well")


def restart(lab, facts, how):
    """A new process takes over the running states without knowing their keys, under traffic."""
    with planes(lab, BOTH_WAYS, sa(0x1001, window=64)) as made:
        result = []
        with lab.capture("pe", "ce1") as wire:
            pinging = threading.Thread(target=lambda: result.append(lab.ping("h1", H3, 300, interval=0.01)))
            pinging.start()
            for i in (0, 1):
                how(made[i])
                made[i] = Plane(lab, ("ce1", "ce3")[i])
                found = made[i]("survey")
                made[i].apply(BOTH_WAYS, kept=found["states"])
            pinging.join()
        seen = of_data(wire.packets())
        facts.check(found["list"], "the survey finds the list")
        facts.equal({(s["spi"], s["outbound"]) for s in found["states"]}, {(0x1001, False), (0x1001, True)},
                    "and the states")
        facts.equal((result[0].sent, result[0].received), (300, 300), f"after {how.__name__} no ping of 300 is lost")
        facts.equal({(p.protocol, p.spi) for p in seen}, {(ESP, 0x1001)}, "all is ESP under the TEK that was there")
        facts.equal([p.sequence for p in seen if p.source == H1], list(range(1, 301)), "the sequence numbers run on")
        made[0].apply(BOTH_WAYS, sa(0x1002))
        made[1].apply(BOTH_WAYS, sa(0x1002))
        facts.check(lab.ping("h1", H3, 2).is_complete, "then a new TEK takes over")


def orderly(lab, facts):
    restart(lab, facts, Plane.close)


def killed(lab, facts):
    restart(lab, facts, Plane.kill)


DRIFTS = (("ip xfrm state delete dst 240.0.0.2 proto esp spi 0x1001", "the outbound state"),
          ("ip xfrm state delete dst 240.0.0.1 proto esp spi 0x1001", "the inbound state"),
          ("ip xfrm state flush", "all states"),
          ("nft flush ruleset", "the rules"),
          ("nft flush chain ip getvpn-wire restore", "one rule"),
          ("nft flush set ip getvpn-wire spis", "the set of SPIs"),
          ("ip address delete 240.0.0.1/32 dev lo", "the anchor IN"),
          ("ip route delete 240.0.0.2", "the route to the anchor OUT"),
          ("ip xfrm policy flush", "all policies"))


def drift(lab, facts):
    """Whatever others delete: noticed, repaired, and the far end's replay window takes it."""
    with planes(lab, BOTH_WAYS, sa(0x1001, window=64)) as made:
        facts.check(lab.ping("h1", H3, 5).is_complete, "before, pings pass")
        made[0]("events")
        for command, what in DRIFTS:
            facts.equal((made[0]("events")["changed"], made[0]("verify")["lines"]), (False, []),
                        f"nothing is told before somebody deletes {what}")
            lab.exec("ce1", *command.split())
            told, lines = made[0]("events")["changed"], made[0]("verify")["lines"]
            facts.check(told and lines, f"{what}: gone, told of and named", lambda lines=lines: "\n".join(lines))
            made[0].apply(BOTH_WAYS, sa(0x1001, window=64))
            with lab.capture("pe", "ce1") as wire:
                ping = lab.ping("h1", H3, 2)
            facts.check(ping.is_complete, f"{what}: repaired", ping.text)
            facts.equal({p.protocol for p in of_data(wire.packets())}, {ESP}, "all in ESP")
        numbers = [p.sequence for p in of_data(wire.packets()) if p.source == H1]
        facts.check(numbers and numbers[0] > 2 << 20, "twice added again, the state sends behind two gaps", str(numbers))


def make_wan_anew(lab):
    """CE1's WAN goes and comes back under its name: another index, nothing knows it yet. It is down."""
    ce, pe = lab.namespace("ce1"), lab.namespace("pe")
    run("ip", "-n", ce, "link", "delete", "wan0")
    run("ip", "-n", ce, "link", "add", "filler", "type", "dummy")
    run("ip", "-n", pe, "link", "add", "ce1", "type", "veth", "peer", "name", "wan0", "netns", ce)
    run("ip", "-n", pe, "address", "add", "172.16.1.1/30", "dev", "ce1")
    run("ip", "-n", pe, "link", "set", "ce1", "up")
    run("ip", "-n", ce, "address", "add", "172.16.1.2/30", "dev", "wan0")


def wan_up(lab):
    run("ip", "-n", lab.namespace("ce1"), "link", "set", "wan0", "up")
    run("ip", "-n", lab.namespace("ce1"), "route", "add", "default", "via", "172.16.1.1")
    run("ip", "-n", lab.namespace("pe"), "route", "add", "10.1.0.0/16", "via", "172.16.1.2")


def interface_returns(lab, facts):
    """Between the return of the WAN and our repair nothing but GDOI leaves by it."""
    with planes(lab, BOTH_WAYS, sa(0x1001)) as made:
        made[0]("events")
        result = []
        pinging = threading.Thread(target=lambda: result.append(lab.ping("h1", H3, 150, interval=0.02)))
        pinging.start()
        make_wan_anew(lab)
        with lab.capture("pe", "ce1") as wire:
            wan_up(lab)
            facts.equal(lost_ping(lab, "h1", H3, 3).received, 0, "by an interface that came back nothing passes")
            lab.send_udp_raw("ce1", "172.16.1.2", "172.16.1.1", 848, source_port=848)
            with contextlib.suppress(PermissionError):  # a local sender is told of the drop
                lab.send_udp_raw("ce1", "172.16.1.2", "172.16.1.1", 849, source_port=849)
            pinging.join()
        seen = wire.packets()
        facts.equal(of_data(seen), [], "no cleartext reaches the provider")
        ports = {p.ports for p in seen if p.protocol == UDP and p.source == "172.16.1.2"}
        facts.equal(ports, {(848, 848)}, "GDOI does, other UDP does not")
        facts.check(made[0]("events")["changed"], "the kernel told")
        facts.check("interface wan0 has another index" in made[0]("verify")["lines"], "verify() names it")
        made[0].apply(BOTH_WAYS, sa(0x1001))
        with lab.capture("pe", "ce1") as wire:
            ping = lab.ping("h1", H3, 5)
        facts.check(ping.is_complete, "once repaired pings pass", ping.text)
        facts.equal({p.protocol for p in of_data(wire.packets())}, {ESP}, "in ESP")
        facts.equal(made[0]("verify")["lines"], [], "and nothing differs any more")
        guard_is_needed(lab, facts)
        made[0]("verify")
        made[0].apply(BOTH_WAYS, sa(0x1001))


def guard_is_needed(lab, facts):
    """The same without the guard and the second lock, to know that the test could fail."""
    for family in ("ip", "netdev"):
        lab.exec("ce1", "nft", "delete", "table", family, "getvpn-wire/lock")
    lab.exec("ce1", "nft", "flush", "chain", "ip", "getvpn-wire", "guard")
    run("ip", "-n", lab.namespace("ce1"), "link", "delete", "filler")
    make_wan_anew(lab)
    with lab.capture("pe", "ce1") as wire:
        wan_up(lab)
        lost_ping(lab, "h1", H3, 1)
        lab.settle("pe", "ce1")
    facts.check(any(p.protocol == ICMP for p in of_data(wire.packets())), "without the guard cleartext would leave",
                shown(wire.packets()))
    run("ip", "-n", lab.namespace("ce1"), "link", "delete", "filler")


def without_indices(state):
    """A snapshot that is the same for an interface that came back: no indices, no order."""
    return {name: "\n".join(sorted(re.sub(r"^\d+: ", "", line) for line in text.splitlines()))
            for name, text in state.items()}


def scenario(lab, facts):
    before = {node: without_indices(kernel.snapshot(lab, node)) for node in ("ce1", "ce3")}
    for part in (discard, protect_inbound_optional, orderly, killed, drift, interface_returns):
        if ONLY and part.__name__ not in ONLY:
            continue
        facts.note(part.__name__)
        part(lab, facts)
    for node, state in before.items():
        now = without_indices(kernel.snapshot(lab, node))
        facts.check(now == state, f"{node}: afterwards nothing is left",
                    lambda state=state, now=now: kernel.difference(state, now))


if __name__ == "__main__":
    Plane.driver, ONLY = os.path.abspath(sys.argv[1]), sys.argv[2:]
    run_scenario(scenario, lambda: Lab(prefix="drift", second_lan=(1,)))
