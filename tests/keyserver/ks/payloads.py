# SPDX-License-Identifier: GPL-2.0-or-later
"""GDOI payload bodies, built and read figure by figure (RFC 6407 5)."""
from __future__ import annotations

import struct
from dataclasses import dataclass

from . import ids
from .numbers import DOI_GDOI, GDOI_PROTO_AH, GDOI_PROTO_ESP, Pay
from .wire import Attribute, Payload, Reader, WireError, build_chain, parse_attributes
from .wire import parse_chain

SA_ATTRIBUTE_PAYLOADS = (Pay.SAK, Pay.GAP, Pay.SAT)


@dataclass(frozen=True)
class Sat:
    """The SA TEK payload of figures 7 and 8; attributes are octets, ready or as received."""

    protocol_id: int
    protocol: int
    source: ids.Identity
    destination: ids.Identity
    transform: int
    spi: int
    attributes: bytes

    def pack(self, length_octets: int = 1) -> bytes:
        head = bytes([self.protocol_id, self.protocol])
        ends = self.source.pack_short(length_octets) + self.destination.pack_short(length_octets)
        return head + ends + struct.pack(">BI", self.transform, self.spi) + self.attributes

    def parsed(self) -> list[Attribute]:
        return parse_attributes(self.attributes, "SAT")


def parse_sat(body: bytes, length_octets: int = 1) -> Sat:
    reader = Reader(body, "SAT")
    protocol_id = reader.u8()
    if protocol_id not in (GDOI_PROTO_ESP, GDOI_PROTO_AH):
        raise WireError(f"SAT: protocol ID {protocol_id}")
    protocol = reader.u8()
    source = ids.parse_short(reader, length_octets)
    destination = ids.parse_short(reader, length_octets)
    transform, spi = reader.u8(), reader.u32()
    attributes = reader.rest()
    parse_attributes(attributes, "SAT")
    return Sat(protocol_id, protocol, source, destination, transform, spi, attributes)


@dataclass(frozen=True)
class Sak:
    """The SA KEK payload of figure 5."""

    protocol: int
    source: ids.Identity
    destination: ids.Identity
    spi: bytes
    reserved: int
    attributes: bytes

    def pack(self, length_octets: int = 1) -> bytes:
        ends = self.source.pack_short(length_octets) + self.destination.pack_short(length_octets)
        tail = self.spi + self.reserved.to_bytes(4, "big") + self.attributes
        return bytes([self.protocol]) + ends + tail

    def parsed(self) -> list[Attribute]:
        return parse_attributes(self.attributes, "SAK")


def parse_sak(body: bytes, length_octets: int = 1) -> Sak:
    reader = Reader(body, "SAK")
    protocol = reader.u8()
    source = ids.parse_short(reader, length_octets)
    destination = ids.parse_short(reader, length_octets)
    spi, reserved, attributes = reader.take(16), reader.u32(), reader.rest()
    parse_attributes(attributes, "SAK")
    return Sak(protocol, source, destination, spi, reserved, attributes)


def build_sa(
    attribute_payloads: list[Payload],
    doi: int = DOI_GDOI,
    situation: int = 0,
    first: int | None = None,
) -> bytes:
    """The body of the SA payload of figure 4 with its SAK, GAP and SAT payloads."""
    if first is None:
        first = attribute_payloads[0].type if attribute_payloads else Pay.NONE
    return struct.pack(">IIHH", doi, situation, first, 0) + build_chain(attribute_payloads)


@dataclass(frozen=True)
class GroupSa:
    """An SA payload as a member reads it."""

    doi: int
    situation: int
    attribute_payloads: list[Payload]


def parse_sa(body: bytes) -> GroupSa:
    reader = Reader(body, "SA")
    doi, situation, first, reserved = reader.u32(), reader.u32(), reader.u16(), reader.u16()
    if reserved:
        raise WireError(f"SA: reserved octets are {reserved}")
    chain = parse_chain(reader.rest(), first, where="SA", most=0xFFFF)
    for payload in chain.payloads:
        if payload.type not in SA_ATTRIBUTE_PAYLOADS:
            raise WireError(f"SA: payload {payload.type} among SAK, GAP and SAT")
    return GroupSa(doi, situation, chain.payloads)


@dataclass(frozen=True)
class KeyPacket:
    """A key packet of figure 10."""

    type: int
    spi: bytes
    attributes: bytes

    def pack(self) -> bytes:
        body = bytes([len(self.spi)]) + self.spi + self.attributes
        return struct.pack(">BBH", self.type, 0, 4 + len(body)) + body

    def parsed(self) -> list[Attribute]:
        return parse_attributes(self.attributes, "key packet")


def build_kd(packets: list[KeyPacket], count: int | None = None) -> bytes:
    """The body of the KD payload of figure 9."""
    head = struct.pack(">HH", len(packets) if count is None else count, 0)
    return head + b"".join(packet.pack() for packet in packets)


def parse_kd(body: bytes) -> list[KeyPacket]:
    reader = Reader(body, "KD")
    count, _ = reader.u16(), reader.u16()
    packets = []
    for _ in range(count):
        kind, _, length = reader.u8(), reader.u8(), reader.u16()
        inner = Reader(reader.take(length - 4), "key packet")
        spi = inner.take(inner.u8())
        packets.append(KeyPacket(kind, spi, inner.rest()))
        packets[-1].parsed()
    reader.end()
    return packets
