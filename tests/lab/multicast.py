# SPDX-License-Identifier: GPL-2.0-or-later
"""Multicast in the lab: a router's static routes in the kernel (ip-mroute, as pimd, FRR and smcroute set
them), members of groups, and senders."""

import contextlib
import ipaddress
import socket
import struct

from netns import socket_in

# linux/mroute.h
MRT_INIT, MRT_ADD_VIF, MRT_ADD_MFC, VIFF_USE_IFINDEX, MAXVIFS, NEVER = 200, 202, 204, 0x8, 32, 255


class MulticastRouter:
    """The multicast routing of one node over `devices`; ends with the `with` block or close()."""

    def __init__(self, lab, node, *devices):
        self.devices = devices
        self.socket = socket_in(lab.namespace(node), socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP)
        self.socket.setsockopt(socket.IPPROTO_IP, MRT_INIT, 1)
        for number, device in enumerate(devices):
            index = int(lab.exec(node, "cat", f"/sys/class/net/{device}/ifindex").stdout)
            vif = struct.pack("@HBBIi4s", number, VIFF_USE_IFINDEX, 1, 0, index, bytes(4))
            self.socket.setsockopt(socket.IPPROTO_IP, MRT_ADD_VIF, vif)

    def route(self, source, group, into, *out_of):
        """Forwards what comes from `source` to `group` on the device `into` out of the others named."""
        lives = bytes(1 if device in out_of else NEVER for device in self.devices).ljust(MAXVIFS, b"\xff")
        route = struct.pack("@4s4sH32sIIIi", ipaddress.IPv4Address(source).packed, ipaddress.IPv4Address(group).packed,
                            self.devices.index(into), lives, 0, 0, 0, 0)
        self.socket.setsockopt(socket.IPPROTO_IP, MRT_ADD_MFC, route)
        return self

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@contextlib.contextmanager
def receiver(lab, node, group, port, device):
    """A UDP socket that is a member of `group` on `device`."""
    index = int(lab.exec(node, "cat", f"/sys/class/net/{device}/ifindex").stdout)
    with lab.udp_socket(node, group, port) as made:
        made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                        ipaddress.IPv4Address(group).packed + struct.pack("@4si", bytes(4), index))
        yield made


def send(lab, node, source, group, port, data, device, ttl=16):
    """One datagram from `source`, an address of the node, out of `device`."""
    index = int(lab.exec(node, "cat", f"/sys/class/net/{device}/ifindex").stdout)
    with lab.udp_socket(node, source) as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl)
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("@4s4si", bytes(4), bytes(4), index))
        sender.sendto(data, (group, port))
