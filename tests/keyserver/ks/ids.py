# SPDX-License-Identifier: GPL-2.0-or-later
"""Identities: the ID payload (RFC 2407 4.6.2) and the shorter form inside SAK and SAT."""
from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from .numbers import IdType
from .wire import Reader, WireError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Octets of the data of each identity type that has a fixed size.
SIZES: dict[int, int] = {
    IdType.IPV4_ADDR: 4,
    IdType.IPV4_ADDR_SUBNET: 8,
    IdType.IPV4_ADDR_RANGE: 8,
    IdType.IPV6_ADDR: 16,
    IdType.IPV6_ADDR_SUBNET: 32,
    IdType.IPV6_ADDR_RANGE: 32,
}


@dataclass(frozen=True)
class Identity:
    """An identity as the ID payload carries it."""

    type: int
    data: bytes
    protocol: int = 0
    port: int = 0

    def pack(self) -> bytes:
        """RFC 2407 4.6.2: ID type, protocol, port, data."""
        return struct.pack(">BBH", self.type, self.protocol, self.port) + self.data

    def same(self, other: Identity) -> bool:
        """Whether both name the same; protocol and port say nothing about that."""
        return (self.type, self.data) == (other.type, other.data)

    def pack_short(self, length_octets: int = 1) -> bytes:
        """RFC 6407 figures 5 and 8: type, port, data length, data. Some stacks write the length
        in two octets."""
        head = struct.pack(">BH", self.type, self.port)
        return head + len(self.data).to_bytes(length_octets, "big") + self.data

    def __str__(self) -> str:
        text = self._data_text()
        return f"{text}:{self.port}" if self.port else text

    def _data_text(self) -> str:
        if self.type in (IdType.FQDN, IdType.USER_FQDN):
            return self.data.decode(errors="backslashreplace")
        if SIZES.get(self.type, -1) != len(self.data):
            return f"{self.type}/{self.data.hex()}"
        half = len(self.data) // 2
        if self.type in (IdType.IPV4_ADDR, IdType.IPV6_ADDR):
            return str(ip_address(self.data))
        separator = "/" if self.type in (IdType.IPV4_ADDR_SUBNET, IdType.IPV6_ADDR_SUBNET) else "-"
        return f"{ip_address(self.data[:half])}{separator}{ip_address(self.data[half:])}"


def parse_identity(body: bytes) -> Identity:
    """The body of an ID payload."""
    reader = Reader(body, "ID")
    kind, protocol, port = reader.u8(), reader.u8(), reader.u16()
    data = reader.rest()
    if kind in SIZES and len(data) != SIZES[kind]:
        raise WireError(f"ID of type {kind} with {len(data)} octets of data")
    return Identity(kind, data, protocol, port)


WORDS = {"fqdn": IdType.FQDN, "user": IdType.USER_FQDN, "key-id": IdType.KEY_ID}


def from_text(text: str) -> Identity:
    """`A.B.C.D`, `fqdn:NAME`, `user:NAME@DOMAIN`, `key-id:TEXT`, `dn:HEX` (DER)."""
    word, separator, rest = text.partition(":")
    if separator and word in WORDS:
        return Identity(WORDS[word], rest.encode())
    if separator and word == "dn":
        return Identity(IdType.DER_ASN1_DN, bytes.fromhex(rest))
    return of_address(ip_address(text))


def parse_short(reader: Reader, length_octets: int = 1) -> Identity:
    """The form inside SAK and SAT."""
    kind, port = reader.u8(), reader.u16()
    return Identity(kind, reader.take(int.from_bytes(reader.take(length_octets), "big")), 0, port)


def of_address(address: Address, port: int = 0, protocol: int = 0) -> Identity:
    kind = IdType.IPV4_ADDR if address.version == 4 else IdType.IPV6_ADDR
    return Identity(kind, address.packed, protocol, port)


def of_network(network: Network, port: int = 0) -> Identity:
    kind = IdType.IPV4_ADDR_SUBNET if network.version == 4 else IdType.IPV6_ADDR_SUBNET
    return Identity(kind, network.network_address.packed + network.netmask.packed, 0, port)


def of_mask(address: IPv4Address, mask: IPv4Address) -> Identity:
    """A subnet whose mask may have holes."""
    return Identity(IdType.IPV4_ADDR_SUBNET, address.packed + mask.packed)


def of_range(first: Address, last: Address, port: int = 0) -> Identity:
    kind = IdType.IPV4_ADDR_RANGE if first.version == 4 else IdType.IPV6_ADDR_RANGE
    return Identity(kind, first.packed + last.packed, 0, port)


def of_group(identity: int | Address) -> Identity:
    """RFC 6407 5.1: ID_KEY_ID with a 4-octet group identifier; an address as its own type."""
    if isinstance(identity, int):
        return Identity(IdType.KEY_ID, identity.to_bytes(4, "big"))
    return of_address(identity)
