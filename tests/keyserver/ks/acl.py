# SPDX-License-Identifier: GPL-2.0-or-later
"""Ordered access lists in the words of an IOS extended list, turned into SAT selectors."""
from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address, ip_network

from . import ids
from .numbers import IdType

PROTOCOLS = {
    "ip": 0,
    "ipv4": 0,
    "ipv6": 0,
    "icmp": 1,
    "igmp": 2,
    "tcp": 6,
    "udp": 17,
    "gre": 47,
    "esp": 50,
    "ahp": 51,
    "icmpv6": 58,
    "eigrp": 88,
    "ospf": 89,
    "pim": 103,
}
PORTS = {
    "ssh": 22,
    "telnet": 23,
    "domain": 53,
    "www": 80,
    "ntp": 123,
    "snmp": 161,
    "bgp": 179,
    "isakmp": 500,
    "syslog": 514,
    "gdoi": 848,
}
WITH_PORTS = (6, 17)
IPV6_TYPES = (IdType.IPV6_ADDR, IdType.IPV6_ADDR_SUBNET, IdType.IPV6_ADDR_RANGE)


class AclError(ValueError):
    """A line that is no entry; the text quotes it."""


@dataclass(frozen=True)
class Ace:
    """One entry: what it does and the selector that goes into a SAT."""

    permit: bool
    protocol: int
    source: ids.Identity
    destination: ids.Identity
    text: str


def parse_list(lines: list[str]) -> list[Ace]:
    return [parse_ace(line) for line in lines]


def parse_ace(line: str) -> Ace:
    """`permit|deny PROTOCOL SOURCE [eq PORT] DESTINATION [eq PORT]`. An address is `any`, `host A`,
    `A/LENGTH`, `A WILDCARD`, `A-B` or a plain address. A wildcard with holes begins with 0."""
    words = line.split()
    if len(words) < 4 or words[0] not in ("permit", "deny"):
        raise AclError(f"'{line}': want 'permit|deny PROTOCOL SOURCE DESTINATION'")
    try:
        protocol = _protocol(words[1])
        v6 = words[1] in ("ipv6", "icmpv6") or any(":" in word for word in words[2:])
        rest = words[2:]
        source = _end(rest, protocol, v6)
        destination = _end(rest, protocol, v6)
    except (ValueError, IndexError) as error:
        raise AclError(f"'{line}': {error}") from None
    if rest:
        raise AclError(f"'{line}': '{' '.join(rest)}' is not understood")
    if (source.type in IPV6_TYPES) != (destination.type in IPV6_TYPES):
        raise AclError(f"'{line}': mixes IPv4 and IPv6")
    return Ace(words[0] == "permit", protocol, source, destination, " ".join(words))


def _protocol(word: str) -> int:
    number = PROTOCOLS[word] if word in PROTOCOLS else int(word) if word.isdigit() else -1
    if not 0 <= number <= 255:
        raise AclError(f"unknown protocol '{word}'")
    return number


def _end(words: list[str], protocol: int, v6: bool) -> ids.Identity:
    address = _address(words, v6)
    if not words or words[0] not in ("eq", "range", "gt", "lt", "neq"):
        return address
    if words[0] != "eq":
        raise AclError(f"'{words[0]}': a SAT carries one port, write one 'eq' entry for each")
    if protocol not in WITH_PORTS:
        raise AclError("a port needs tcp or udp")
    port = PORTS.get(words[1]) or int(words[1])
    if not 1 <= port <= 65535:
        raise AclError(f"port {port}")
    del words[:2]
    return ids.Identity(address.type, address.data, 0, port)


def _address(words: list[str], v6: bool) -> ids.Identity:
    word = words.pop(0)
    if word == "any":
        return ids.of_network(ip_network("::/0" if v6 else "0.0.0.0/0"))
    if word == "host":
        return ids.of_address(ip_address(words.pop(0)))
    if "/" in word:
        return ids.of_network(ip_network(word))
    if "-" in word:
        first, last = (ip_address(end) for end in word.split("-", 1))
        if first.version != last.version or int(first) > int(last):
            raise AclError(f"range {word}")
        return ids.of_range(first, last)
    address = ip_address(word)
    if words and isinstance(address, IPv4Address) and words[0].count(".") == 3:
        if (mask := _wildcard(words[0])) is not None:
            words.pop(0)
            if int(address) & ~int(mask):
                raise AclError(f"{address} has bits of its wildcard")
            return ids.of_mask(address, mask)
    return ids.of_address(address)


def _wildcard(word: str) -> IPv4Address | None:
    """The netmask of an IOS wildcard such as 0.0.0.255 or 0.255.0.255; None when the word is an
    address."""
    wildcard = int(IPv4Address(word))
    if wildcard & (wildcard + 1) != 0 and wildcard >> 24:
        return None
    return IPv4Address(wildcard ^ 0xFFFFFFFF)
