# SPDX-License-Identifier: GPL-2.0-or-later
"""A second link from CE1 to the provider: wan1, with addresses of the families that the lab has."""

# WAN: the provider's address and CE1's, IPv4 and IPv6.
GATEWAYS = {"wan0": ("172.16.1.1", "172.16.1.2", "2001:db8:ffff:1::1", "2001:db8:ffff:1::2"),
            "wan1": ("172.17.1.1", "172.17.1.2", "2001:db8:fffe:1::1", "2001:db8:fffe:1::2")}


def add_second_wan(lab, name="wan1"):
    """Its end at the provider is called ce1b."""
    lab.exec("pe", "ip", "link", "add", "ce1b", "type", "veth", "peer", "name", name, "netns", lab.namespace("ce1"))
    for node, device, number in (("pe", "ce1b", 1), ("ce1", name, 2)):
        lab.exec(node, "ip", "address", "add", f"172.17.1.{number}/30", "dev", device)
        if lab.ipv6:
            lab.exec(node, "ip", "address", "add", f"2001:db8:fffe:1::{number}/64", "dev", device, "nodad")
        lab.exec(node, "ip", "link", "set", device, "up")


def switch_to(lab, way):
    """What CE1 sends to the world, and what the provider sends to site 1, takes that link from now on."""
    gateway, own, gateway6, own6 = GATEWAYS[way]
    lab.exec("ce1", "ip", "route", "replace", "default", "via", gateway)
    lab.exec("ce1", "ip", "-6", "route", "replace", "default", "via", gateway6)
    lab.exec("pe", "ip", "route", "replace", "10.1.0.0/16", "via", own)
    lab.exec("pe", "ip", "-6", "route", "replace", "2001:db8:1::/48", "via", own6)
