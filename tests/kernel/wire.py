#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The data plane on the wire: h1 - ce1 - pe - ce3 - h3 (and ce2, no member), with fixed keys and no key
server. Needs a kernel with ESP: tests/vm/run -- tests/kernel/wire.py PLANE_DRIVER"""

import os
import pathlib
import socket
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
# pylint: disable=wrong-import-position
import esp
import kernel
from facts import run_scenario
from netns import socket_in
from packets import ESP, ICMP, UDP, build_icmp_echo, build_ipv4
from plane_wire import BOTH_WAYS, H1, H2, H3, Plane, inject, key, lost_ping, of_data, opener, planes, sa, shown
from testlab import Lab
from topology import run


# ---- the facts


def addresses_stay_outside(lab, facts):
    with planes(lab, BOTH_WAYS, sa(0x1001)) as made:
        with lab.capture("pe", "ce1") as wire:
            ping = lab.ping("h1", H3, 10)
        seen = of_data(wire.packets())
        facts.check(ping.is_complete, "pings between the sites are answered", ping.text)
        facts.equal({(p.source, p.destination, p.protocol, p.spi) for p in seen},
                    {(H1, H3, ESP, 0x1001), (H3, H1, ESP, 0x1001)},
                    "at the provider there is only ESP, between the clients' own addresses")
        inner = [opener(0x1001).open(p) for p in seen]
        facts.equal({(p.source, p.destination, p.icmp) for p in inner}, {(H1, H3, (8, 0)), (H3, H1, (0, 0))},
                    "inside are the echoes, whole")
        facts.equal([p.sequence for p in seen if p.source == H1], list(range(1, 11)),
                    "one sender's sequence numbers are consecutive")
        facts.equal({(s["outbound"], s["packets"]) for s in made[0]("counters")["states"]},
                    {(True, 10), (False, 10)}, "the counters count both ways")
        facts.equal(kernel.xfrm_errors(lab, "ce3"), {}, "no kernel counted an error")


def router_itself(lab, facts):
    """Local output and local delivery, not only forwarding; and what is not in the list."""
    with planes(lab, BOTH_WAYS, sa(0x1001)):
        with lab.capture("pe", "ce1") as wire:
            ping = lab.ping("ce1", "10.3.0.1", 3, source="10.1.0.1")
            plain = lab.ping("h1", H2, 3)
            bare = lab.ping("ce1", "172.16.3.2", 3)
        seen = of_data(wire.packets())
        facts.check(ping.is_complete, "the routers reach each other from their LAN addresses", ping.text)
        facts.equal({p.protocol for p in seen if p.between("10.1.0.1", "10.3.0.1")}, {ESP}, "in ESP as well")
        facts.check(plain.is_complete and bare.is_complete, "a site and addresses outside the list stay reachable")
        facts.equal({p.protocol for p in seen if p.between(H1, H2)}, {ICMP}, "in clear")


def cleartext_is_dropped(lab, facts):
    with planes(lab, BOTH_WAYS, sa(0x1001)):
        with lab.capture("h3", "eth0") as lan:
            inject(lab, H1, H3, "ce3")
            inject(lab, H2, H3, "ce3")
        heard = lan.packets()
        facts.equal([p for p in heard if p.source == H1], [], "cleartext between protected sites is dropped")
        facts.check(any(p.source == H2 and p.icmp == (8, 0) for p in heard), "cleartext of others is not",
                    shown(heard))
        with lab.capture("ce3", "wan0") as wan:
            inject(lab, "10.1.0.1", "10.3.0.1", "ce3")
        facts.check(not any(p.icmp == (0, 0) and p.destination == "10.1.0.1" for p in wan.packets()),
                    "cleartext to the router's protected address gets no answer")
        wrong_selector(lab, facts)


def wrong_selector(lab, facts):
    """What comes out of ESP must be what the list protects, too."""
    echo = build_icmp_echo(7, 1, b"x")
    with lab.capture("h3", "eth0") as lan:
        for number, source in enumerate(("10.9.0.1", H1), 1000):
            inner = build_ipv4(source, H3, ICMP, echo)
            lab.send_raw("pe", opener(0x1001).seal(inner, number, source, H3), H3)
        lab.settle("pe", "ce3")
    facts.equal({p.source for p in lan.packets() if p.icmp == (8, 0)}, {H1},
                "a decrypted packet outside the list is dropped, one inside it passes")


def mtu(lab, facts):
    fits = esp.inner_mtu(1500)
    with planes(lab, BOTH_WAYS, sa(0x1001)):
        facts.check(lab.ping("h1", H3, 2, fits - 28, dont_fragment=True).is_complete,
                    f"a DF packet of {fits} octets passes")
        with lab.capture("h1", "eth0") as lan, lab.capture("pe", "ce1") as wire:
            ping = lab.ping("h1", H3, 1, fits - 27, dont_fragment=True)
        facts.equal(ping.received, 0, "one octet more does not")
        facts.equal([(p.source, p.icmp_mtu) for p in lan.packets() if p.icmp == (3, 4)], [("10.1.0.1", fits)],
                    f"the client is told an MTU of {fits}")
        facts.equal(of_data(wire.packets()), [], "and nothing of it reaches the provider")
        lab.exec("h1", "ip", "route", "flush", "cache")
        with lab.capture("pe", "ce1") as wire:
            ping = lab.ping("h1", H3, 3, 3000, dont_fragment=False)
        facts.check(ping.is_complete, "pings of 3,000 octets pass", ping.text)
        facts.equal({p.protocol for p in of_data(wire.packets())}, {ESP}, "all in ESP")
        lab.exec("h1", "ip", "route", "flush", "cache")
        provider_fragments(lab, facts)


def provider_fragments(lab, facts):
    """On the way to site 3 only: what comes back would be too large for a smaller interface to take."""
    to_site3 = ("ip", "-n", lab.namespace("pe"), "route", "replace", "10.3.0.0/16", "via", "172.16.3.2")
    run(*to_site3, "mtu", "lock", "1300")
    with lab.capture("ce3", "wan0") as wire:
        ping = lab.ping("h1", H3, 3, 1400, dont_fragment=False)
    facts.check(any(p.protocol == ESP and p.fragment_offset for p in wire.packets()), "the provider fragments ESP",
                shown(wire.packets()))
    facts.check(ping.is_complete, "and it still arrives", ping.text)
    run(*to_site3)


def smaller_wan(lab, facts):
    """The WAN's MTU changes; the next apply follows."""
    with planes(lab, BOTH_WAYS, sa(0x1001)) as made:
        for end, device in (("ce1", "wan0"), ("pe", "ce1")):
            run("ip", "-n", lab.namespace(end), "link", "set", device, "mtu", "1400")
        made[0].apply(BOTH_WAYS, sa(0x1001))
        with lab.capture("h1", "eth0") as lan:
            lab.ping("h1", H3, 1, 1400, dont_fragment=True)
        facts.equal([p.icmp_mtu for p in lan.packets() if p.icmp == (3, 4)], [esp.inner_mtu(1400)],
                    "with a WAN of 1,400 octets the client is told the MTU of that")
        for end, device in (("ce1", "wan0"), ("pe", "ce1")):
            run("ip", "-n", lab.namespace(end), "link", "set", device, "mtu", "1500")
        lab.exec("h1", "ip", "route", "flush", "cache")


def tcp(lab, facts):
    data, got = os.urandom(1 << 20), []

    def serve(server):
        connection, _ = server.accept()
        with connection:
            got.append(b"".join(iter(lambda: connection.recv(65536), b"")))

    before = kernel.xfrm_errors(lab, "ce3")
    with planes(lab, BOTH_WAYS, sa(0x1001)):
        with socket_in(lab.namespace("h3"), socket.AF_INET, socket.SOCK_STREAM) as server:
            server.bind((H3, 0))
            server.listen(1)
            thread = threading.Thread(target=serve, args=(server,))
            thread.start()
            with socket_in(lab.namespace("h1"), socket.AF_INET, socket.SOCK_STREAM) as client:
                client.settimeout(120)
                client.connect(server.getsockname())
                client.sendall(data)
            thread.join(120)
        facts.check(got == [data], "a megabyte over TCP arrives whole")
        facts.equal(kernel.xfrm_errors(lab, "ce3"), before, "without an error")


def lan_to_lan(lab, facts):
    """permit ip 10/8 10/8: traffic between two LANs of one CE is none of the WAN's business."""
    everything = [{"source": "10.0.0.0/8", "destination": "10.0.0.0/8"}]
    with planes(lab, everything, sa(0x1001)):
        with lab.capture("h1b", "eth0") as lan, lab.capture("pe", "ce1") as wire:
            ping = lab.ping("h1", "10.1.1.10", 3)
            far = lab.ping("h1", H3, 3)
        facts.check(ping.is_complete, "under permit 10/8 10/8 a CE's own LANs reach each other", ping.text)
        facts.equal({p.protocol for p in lan.packets()}, {ICMP}, "in clear")
        facts.check(far.is_complete, "and the other site", far.text)
        facts.equal({p.protocol for p in of_data(wire.packets())}, {ESP}, "in ESP")


def ports_and_order(lab, facts):
    """A deny inside a permit, and entries with ports, also for fragments."""
    rules = [{"permit": False, "source": "10.1.0.0/24", "destination": "10.3.0.0/24", "protocol": UDP,
              "destination_port": 123},
             {"source": "10.1.0.0/24", "destination": "10.3.0.0/24", "protocol": UDP},
             {"permit": False, "source": "10.1.0.0/24", "destination": "10.0.0.0/8"},
             {"source": "10.1.0.0/24", "destination": "10.3.0.0/24", "protocol": ICMP}]
    with planes(lab, rules, sa(0x1001)):
        for port, data, wanted, what in ((123, b"x", UDP, "a denied port inside a permit passes in clear"),
                                         (124, b"x", ESP, "the port beside it is protected"),
                                         (123, bytes(3000), UDP, "so do fragments of the denied port"),
                                         (124, bytes(3000), ESP, "and fragments of the one beside it are protected")):
            with lab.capture("pe", "ce1") as wire, lab.capture("h3", "eth0") as lan:
                send_udp(lab, port, data)
                lab.settle("pe", "ce1")
                lab.settle("pe", "ce3")
            facts.equal({p.protocol for p in of_data(wire.packets()) if p.source == H1}, {wanted}, what)
            facts.check(any(p.ports and p.ports[1] == port for p in lan.packets()), "and arrives",
                        shown(lan.packets()))
        with lab.capture("pe", "ce1") as wire:
            lab.ping("h1", H3, 1)
        facts.equal({p.protocol for p in of_data(wire.packets()) if p.source == H1}, {ICMP},
                    "a deny before a more specific permit wins")


def send_udp(lab, port, data):
    with lab.udp_socket("h1", H1, 0) as sender:
        sender.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER: fragment as needed
        sender.sendto(data, (H3, port))


def classes(lab, facts):
    """Each line under a TEK of its own."""
    rules = [BOTH_WAYS[0] | {"protocol": ICMP}, BOTH_WAYS[1] | {"protocol": ICMP},
             BOTH_WAYS[0] | {"class": 1}, BOTH_WAYS[1] | {"class": 1}]
    with planes(lab, rules, sa(0x1001), sa(0x2001, **{"class": 1})):
        with lab.capture("pe", "ce1") as wire, lab.capture("h3", "eth0") as lan:
            ping = lab.ping("h1", H3, 2)
            send_udp(lab, 5000, b"x")
            lab.settle("pe", "ce1")
            lab.settle("pe", "ce3")
        seen = of_data(wire.packets())
        facts.check(ping.is_complete, "pings pass under the first class", ping.text)
        facts.check(any(p.ports and p.ports[1] == 5000 for p in lan.packets()), "UDP passes under the second")
        inside = {(p.spi, opener(p.spi).open(p).protocol) for p in seen if p.source == H1}
        facts.equal(inside, {(0x1001, ICMP), (0x2001, UDP)}, "each line uses the TEK of its class")
        with lab.capture("h3", "eth0") as lan:
            inner = build_ipv4(H1, H3, ICMP, build_icmp_echo(7, 1, b"x"))
            for number, spi in enumerate((0x2001, 0x1001), 500):
                lab.send_raw("pe", opener(spi).seal(inner, number, H1, H3), H3)
            lab.settle("pe", "ce3")
        facts.equal(len([p for p in lan.packets() if p.icmp == (8, 0)]), 1,
                    "what comes under another class's TEK is dropped")


def rollover(lab, facts):
    """New TEK under a running ping: receive everywhere, then send, then retire the old."""
    with planes(lab, BOTH_WAYS, sa(0x1001)) as made:
        result = []
        with lab.capture("pe", "ce1") as wire:
            pinging = threading.Thread(target=lambda: result.append(lab.ping("h1", H3, 400, interval=0.01)))
            pinging.start()
            old, new = sa(0x1001), sa(0x1002)
            for sas in ((old, new | {"send": False}), (old, new), (old | {"send": False}, new)):
                for plane in made:
                    plane.apply(BOTH_WAYS, *sas)
            pinging.join()
            ping = lab.ping("h1", H3, 3)
        seen = of_data(wire.packets())
        facts.equal((result[0].sent, result[0].received), (400, 400), "no ping of 400 is lost in a rollover")
        facts.check(ping.is_complete, "nor after it")
        facts.equal({p.protocol for p in seen}, {ESP}, "all of it is ESP")
        for source in (H1, H3):
            used = [p.spi for p in seen if p.source == source]
            facts.check(used[-1] == 0x1002 and used == sorted(used), f"{source} changes over once, to the new TEK",
                        str(sorted(set(used))))
        for plane in made:
            plane.apply(BOTH_WAYS, new)
        facts.check(lab.ping("h1", H3, 3).is_complete, "the retired TEK is not missed")
        with lab.capture("h3", "eth0") as lan:
            inner = build_ipv4(H1, H3, ICMP, build_icmp_echo(7, 1, b"x"))
            lab.send_raw("pe", opener(0x1001).seal(inner, 5000, H1, H3), H3)
            lab.settle("pe", "ce3")
        facts.equal([p for p in lan.packets() if p.icmp == (8, 0)], [], "nor accepted any more")


def list_change(lab, facts):
    """A list that changes and reorders under traffic never lets what both lists protect out in clear."""
    filler = [{"permit": i % 2 == 0, "source": f"10.1.0.{i}/32", "destination": "10.9.0.0/16"} for i in range(100)]
    one = BOTH_WAYS + filler + [{"permit": False, "source": "10.0.0.0/8", "destination": "10.0.0.0/8"}]
    two = filler[::-1] + BOTH_WAYS[::-1] + [{"permit": False, "source": "10.0.0.0/8", "destination": "10.0.0.0/8"}]
    with planes(lab, one, sa(0x1001)) as made:
        result = []
        with lab.capture("pe", "ce1") as wire:
            pinging = threading.Thread(target=lambda: result.append(lab.ping("h1", H3, 300, interval=0.01)))
            pinging.start()
            changes = 0
            while pinging.is_alive():
                for plane in made:
                    plane.apply((two, one)[changes % 2], sa(0x1001))
                changes += 1
        facts.check(changes >= 2, f"the list changed {changes} times under 300 pings")
        facts.equal(result[0].received, result[0].sent, "none was lost")
        facts.equal({p.protocol for p in of_data(wire.packets())}, {ESP}, "none left in clear")


def wan_address_changes(lab, facts):
    """The outbound state does not name the WAN's address, so it may change (DHCP)."""
    with planes(lab, BOTH_WAYS, sa(0x1001)):
        facts.check(lab.ping("h1", H3, 2).is_complete, "before a change of the WAN address pings pass")
        ce, pe = lab.namespace("ce1"), lab.namespace("pe")
        run("ip", "-n", pe, "address", "add", "172.16.101.1/30", "dev", "ce1")
        run("ip", "-n", ce, "address", "delete", "172.16.1.2/30", "dev", "wan0")
        run("ip", "-n", ce, "address", "add", "172.16.101.2/30", "dev", "wan0")
        run("ip", "-n", ce, "route", "replace", "default", "via", "172.16.101.1")
        run("ip", "-n", pe, "route", "replace", "10.1.0.0/16", "via", "172.16.101.2")
        with lab.capture("pe", "ce1") as wire:
            ping = lab.ping("h1", H3, 3)
        facts.check(ping.is_complete, "and after it, without any apply", ping.text)
        facts.equal([p.sequence for p in of_data(wire.packets()) if p.source == H1], [3, 4, 5],
                    "the sequence numbers go on")
        run("ip", "-n", ce, "address", "delete", "172.16.101.2/30", "dev", "wan0")
        run("ip", "-n", ce, "address", "add", "172.16.1.2/30", "dev", "wan0")
        run("ip", "-n", ce, "route", "replace", "default", "via", "172.16.1.1")
        run("ip", "-n", pe, "route", "replace", "10.1.0.0/16", "via", "172.16.1.2")
        run("ip", "-n", pe, "address", "delete", "172.16.101.1/30", "dev", "ce1")


def rules_taken_away(lab, facts):
    """Someone flushes nftables: nothing may leave, neither in clear nor between the anchors."""
    with planes(lab, BOTH_WAYS, sa(0x1001)):
        lab.exec("ce1", "nft", "flush", "ruleset")
        with lab.capture("pe", "ce1") as wire:
            ping = lost_ping(lab, "h1", H3)
            lab.settle("pe", "ce1")
        facts.equal(ping.received, 0, "with the rules flushed pings are not answered")
        facts.equal(of_data(wire.packets()), [], "and nothing leaves the router")


def no_state(lab, facts):
    """Policies without a TEK: what is to be protected is dropped."""
    with planes(lab, BOTH_WAYS):
        with lab.capture("pe", "ce1") as wire:
            ping = lost_ping(lab, "h1", H3)
            lab.settle("pe", "ce1")
        facts.equal((ping.received, of_data(wire.packets())), (0, []), "without a TEK nothing leaves")


def replay(lab, facts):
    with planes(lab, BOTH_WAYS, sa(0x1001, window=64)) as made:
        inner = build_ipv4(H1, H3, ICMP, build_icmp_echo(7, 1, b"x"))
        with lab.capture("h3", "eth0") as lan:
            for number in (10, 10, 11, 9, 9):
                lab.send_raw("pe", opener(0x1001).seal(inner, number, H1, H3), H3)
            lab.settle("pe", "ce3")
        facts.equal(len([p for p in lan.packets() if p.icmp == (8, 0)]), 3, "a window of 64 drops what is replayed")
        errors = [s["replay_errors"] for s in made[1]("counters")["states"] if not s["outbound"]]
        facts.equal(errors, [2], "and the counters tell")


def aead(lab, facts):
    tek = {"spi": 0x3001, "cipher": "rfc4106(gcm(aes))", "key": key("gcm", 20).hex(), "aead": True, "icv": 128}
    with planes(lab, BOTH_WAYS, tek):
        with lab.capture("pe", "ce1") as wire:
            ping = lab.ping("h1", H3, 3)
        facts.check(ping.is_complete, "AES-GCM works as well", ping.text)
        facts.equal({(p.protocol, p.spi) for p in of_data(wire.packets())}, {(ESP, 0x3001)}, "in ESP")


def scenario(lab, facts):
    before = {node: kernel.snapshot(lab, node) for node in ("ce1", "ce3")}
    for part in (addresses_stay_outside, router_itself, cleartext_is_dropped, mtu, smaller_wan, tcp, lan_to_lan,
                 ports_and_order, classes, rollover, list_change, wan_address_changes, rules_taken_away, no_state,
                 replay, aead):
        if ONLY and part.__name__ not in ONLY:
            continue
        facts.note(part.__name__)
        part(lab, facts)
    kernel.nothing_is_left(lab, facts, before)


if __name__ == "__main__":
    Plane.driver, ONLY = os.path.abspath(sys.argv[1]), sys.argv[2:]
    run_scenario(scenario, lambda: Lab(prefix="wire", second_lan=(1,)))
