# SPDX-License-Identifier: GPL-2.0-or-later
"""Multicast in the lab: a router's static routes in the kernel (ip-mroute, as pimd, pim6sd, FRR and smcroute
set them), members of groups, and senders. The addresses tell which family is meant."""

import contextlib
import ipaddress
import signal
import socket
import struct

from netns import socket_in
from packets import ESP
from processes import wait_until

INIT, ADD_INTERFACE, ADD_ROUTE = 200, 202, 204  # linux/mroute.h and mroute6.h have the same
VIFF_USE_IFINDEX, MAXVIFS, NEVER = 0x8, 32, 255


def index_of(lab, node, device):
    return lab.inside(node, socket.if_nametoindex, device)


def packed(address):
    return ipaddress.ip_address(address).packed


class MulticastRouter:
    """The IPv4 multicast routing of one node over `devices`; ends with close()."""

    level, protocol, family = socket.IPPROTO_IP, socket.IPPROTO_IGMP, socket.AF_INET

    def __init__(self, lab, node, *devices):
        self.devices = devices
        self.socket = socket_in(lab.namespace(node), self.family, socket.SOCK_RAW, self.protocol)
        self.socket.setsockopt(self.level, INIT, 1)
        for number, device in enumerate(devices):
            self.socket.setsockopt(self.level, ADD_INTERFACE, self.interface(number, index_of(lab, node, device)))

    @staticmethod
    def interface(number, index):
        """struct vifctl"""
        return struct.pack("@HBBIi4s", number, VIFF_USE_IFINDEX, 1, 0, index, bytes(4))

    @staticmethod
    def entry(source, group, parent, outputs):
        """struct mfcctl"""
        lives = bytes(1 if number in outputs else NEVER for number in range(MAXVIFS))
        return struct.pack("@4s4sH32sIIIi", packed(source), packed(group), parent, lives, 0, 0, 0, 0)

    def route(self, source, group, into, *out_of):
        """Forwards what comes from `source` to `group` on the device `into` out of the others named."""
        outputs = [self.devices.index(device) for device in out_of]
        self.socket.setsockopt(self.level, ADD_ROUTE, self.entry(source, group, self.devices.index(into), outputs))
        return self

    def close(self):
        self.socket.close()


class MulticastRouter6(MulticastRouter):
    """The same for IPv6."""

    level, protocol, family = socket.IPPROTO_IPV6, socket.IPPROTO_ICMPV6, socket.AF_INET6

    @staticmethod
    def interface(number, index):
        """struct mif6ctl"""
        return struct.pack("@HBBHI", number, 0, 1, index, 0)

    @staticmethod
    def entry(source, group, parent, outputs):
        """struct mf6cctl"""
        ends = b"".join(struct.pack("@HHI16sI", socket.AF_INET6, 0, 0, packed(address), 0) for address in (source, group))
        mask = sum(1 << number for number in outputs)
        return ends + struct.pack("@H2xI", parent, mask) + bytes(28)


def is_ipv6(address):
    return ":" in address


@contextlib.contextmanager
def receiver(lab, node, group, port, device):
    """A UDP socket that is a member of `group` on `device`."""
    index = index_of(lab, node, device)
    family = socket.AF_INET6 if is_ipv6(group) else socket.AF_INET
    with socket_in(lab.namespace(node), family, socket.SOCK_DGRAM) as made:
        made.bind((group, port))
        if is_ipv6(group):
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, packed(group) + struct.pack("@I", index))
        else:
            made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, packed(group) + struct.pack("@4si", bytes(4), index))
        yield made


def leave_by(made, group, index, hops=16):
    """Has what a socket sends to groups leave by that interface."""
    if is_ipv6(group):
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, hops)
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    else:
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, hops)
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("@4s4si", bytes(4), bytes(4), index))


@contextlib.contextmanager
def sender(lab, node, source, group, device):
    """A UDP socket that sends to `group` from `source`, an address of the node, out of `device`."""
    family = socket.AF_INET6 if is_ipv6(group) else socket.AF_INET
    with socket_in(lab.namespace(node), family, socket.SOCK_DGRAM) as made:
        made.bind((source, 0))
        leave_by(made, group, index_of(lab, node, device))
        yield made


def send(lab, node, source, group, port, data, device):
    with sender(lab, node, source, group, device) as made:
        made.sendto(data, (group, port))


def send_packet(lab, node, packet, group, device):
    """A whole IP packet to a group out of `device`, whatever its source address says."""
    family = socket.AF_INET6 if is_ipv6(group) else socket.AF_INET
    with socket_in(lab.namespace(node), family, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        leave_by(raw, group, index_of(lab, node, device))
        raw.sendto(packet, (group, 0))


def received(member):
    """What a member has got, up to the datagram "end"."""
    out = []
    while (data := member.recv(4000)) != b"end":
        out.append(data)
    return out


class Crossing:
    """Datagrams from site 1 to a member of the group at client 3, whose own router says when no more will come."""

    def __init__(self, lab, router_address, port=5000):
        self.lab, self.router_address, self.port = lab, router_address, port

    def listen(self, group, send_it):
        """What arrives at client 3 of what send_it() makes."""
        with receiver(self.lab, "h3", group, self.port, "eth0") as member:
            member.settimeout(30)
            send_it()
            self.lab.settle("pe", "ce1")
            self.lab.settle("pe", "ce3")
            send(self.lab, "ce3", self.router_address, group, self.port, b"end", "lan0")
            return received(member)

    def __call__(self, node, source, group, device="eth0", size=100):
        """What the provider sees of one datagram to a group, and what arrives."""
        with self.lab.capture("pe", "ce1") as wire:
            arrived = self.listen(group, lambda: send(self.lab, node, source, group, self.port, bytes(size), device))
            return [p for p in wire.packets() if p.destination == group], arrived

    def nothing_in_clear(self, facts, members, sender_at, group, injected):
        """Others take away what protects the group from under the members of CE1 and CE3, which stand still meanwhile:
        nothing leaves CE1 in clear, and `injected`, a packet in clear, does not pass CE3."""
        version = "ipv6" if is_ipv6(group) else "ipv4"
        settings = [f"net.{version}.conf.all.disable_policy"] + ["net.ipv4.conf.all.disable_xfrm"] * (version == "ipv4")
        for command in ("ip xfrm policy flush", "ip xfrm policy flush; ip xfrm state flush", *(f"sysctl -qw {name}=1" for name in settings)):
            for node, member in members.items():
                member.child.send_signal(signal.SIGSTOP)
                self.lab.exec(node, "sh", "-c", command)
            seen, _ = self(*sender_at, group)
            facts.equal([str(p) for p in seen if p.protocol != ESP], [], f"{command}: nothing to {group} leaves in clear")
            arrived = self.listen(group, lambda: send_packet(self.lab, "pe", injected, group, "ce3"))
            facts.equal(arrived, [], f"{command}: cleartext to {group} does not come in")
            for node, member in members.items():
                self.lab.exec(node, "sh", "-c", command.replace("=1", "=0") if "sysctl" in command else ":")
                member.child.send_signal(signal.SIGCONT)
            wait_until(lambda: self(*sender_at, group)[1] == [bytes(100)], f"{group} to be reached after {command}",
                       explain=members["ce1"].log)
