# SPDX-License-Identifier: GPL-2.0-or-later
"""What has to hold at CE1 whatever became of its policies: what the list protects is never seen in clear."""

import contextlib

import kernel
from packets import ESP, ICMP, build_icmp_echo, build_icmpv6_echo, build_ipv4

H1, H3, S1, S3 = "10.1.0.10", "10.3.0.10", "2001:db8:1::10", "2001:db8:3::10"
INJECTED = b"injected, and in clear"


class SecondLock:
    """`devices` are the provider's ends of CE1's WAN links; `pairs` are (at site 1, at site 3)."""

    def __init__(self, lab, facts, devices=("ce1",), pairs=((H1, H3), (S1, S3))):
        self.lab, self.facts, self.devices, self.pairs = lab, facts, devices, pairs

    @contextlib.contextmanager
    def wires(self):
        with contextlib.ExitStack() as stack:
            yield [stack.enter_context(self.lab.capture("pe", device)) for device in self.devices]

    def crossed(self, wires, sources=None):
        """What passed between the two sites; only from some sources, if any are given."""
        return [p for wire in wires for p in wire.packets() for pair in self.pairs
                if p.between(*pair) and (sources is None or p.source in sources)]

    def talks(self, what):
        """Both ends talk, as ESP with their own addresses, and the lock has nothing to drop."""
        before = kernel.dropped_in_clear(self.lab, "ce1")
        with self.wires() as wires:
            for near, far in self.pairs:
                ping = self.lab.ping("h1", far, 3)
                self.facts.check(ping.is_complete, f"{what}: {near} and {far} talk",
                                 lambda ping=ping: f"{ping.text}{kernel.xfrm_errors(self.lab, 'ce1')}")
            seen = self.crossed(wires)
        self.facts.equal({p.protocol for p in seen}, {ESP}, f"{what}: with their own addresses, as ESP only")
        self.facts.equal(kernel.dropped_in_clear(self.lab, "ce1"), before, f"{what}: the second lock drops nothing")

    def nothing_leaves(self, what, is_dropped=True):
        """Nothing of site 1 is in clear on any WAN link; the lock counts what it dropped."""
        before = kernel.dropped_in_clear(self.lab, "ce1")["out"]
        with self.wires() as wires:
            for _, far in self.pairs:
                self.lab.ping("h1", far, 3, wait=1)
                self.lab.tcp_connects("h1", "h3", far, 4711, wait=1)
            seen = self.crossed(wires, [near for near, _ in self.pairs])
        self.facts.equal([str(p) for p in seen if p.protocol != ESP], [], f"{what}: nothing leaves in clear")
        if is_dropped:
            self.facts.check(kernel.dropped_in_clear(self.lab, "ce1")["out"] > before, f"{what}: what would have left is counted")

    def inject(self, node):
        """Sends cleartext of site 3 to site 1 from there."""
        for near, far in self.pairs:
            packet = (build_icmpv6_echo(far, near, 7, 1, INJECTED) if ":" in near else
                      build_ipv4(far, near, ICMP, build_icmp_echo(7, 1, INJECTED)))
            self.lab.send_raw(node, packet, near)

    def nothing_arrives(self, what, reached="h1", device="eth0"):
        """Cleartext of site 3 put on the WAN link does not reach site 1."""
        before = kernel.refused_in_clear(self.lab, "ce1")
        with self.lab.capture(reached, device) as lan:
            self.inject("pe")
            self.lab.settle("pe", "ce1")
            self.lab.ping(reached, {"h1": "10.1.0.1"}[reached], 1)
            seen = [str(p) for p in lan.packets() if INJECTED in p.payload]
        self.facts.equal(seen, [], f"{what}: cleartext put on the WAN does not arrive")
        self.facts.equal(kernel.refused_in_clear(self.lab, "ce1"), before + len(self.pairs), f"{what}: it is counted")
