# SPDX-License-Identifier: GPL-2.0-or-later
"""ISAKMP framing: header, generic payloads, data attributes (RFC 2408 3.1, 3.2, 3.3)."""
from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from .numbers import IKE_VERSION, Pay

HEADER_LENGTH = 28
MAX_MESSAGE = 65507
MAX_PAYLOADS = 64
ZERO_COOKIE = bytes(8)


class WireError(ValueError):
    """A message that does not follow the RFC; the text says what and where."""


class Reader:
    """Walks over octets; a read that would go past the end raises WireError."""

    def __init__(self, data: bytes, where: str) -> None:
        self._data = data
        self._at = 0
        self._where = where

    def take(self, count: int) -> bytes:
        if count < 0 or count > len(self._data) - self._at:
            left = len(self._data) - self._at
            raise WireError(f"{self._where}: {count} octets wanted, {left} left")
        self._at += count
        return self._data[self._at - count : self._at]

    def u8(self) -> int:
        return self.take(1)[0]

    def u16(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)

    def empty(self) -> bool:
        return self._at == len(self._data)

    def end(self) -> None:
        if not self.empty():
            raise WireError(f"{self._where}: {len(self._data) - self._at} octets too many")


@dataclass(frozen=True)
class Header:
    """The ISAKMP header of RFC 2408 3.1."""

    cookie_i: bytes
    cookie_r: bytes
    next_payload: int
    exchange: int
    flags: int = 0
    message_id: int = 0
    length: int = HEADER_LENGTH
    version: int = IKE_VERSION

    def pack(self) -> bytes:
        fields = (self.next_payload, self.version, self.exchange, self.flags)
        tail = struct.pack(">BBBBII", *fields, self.message_id, self.length)
        return self.cookie_i + self.cookie_r + tail

    @property
    def message_id_octets(self) -> bytes:
        return self.message_id.to_bytes(4, "big")


def parse_header(datagram: bytes) -> Header:
    """The header of a datagram whose length it must state exactly."""
    if len(datagram) < HEADER_LENGTH:
        raise WireError(f"datagram of {len(datagram)} octets is shorter than an ISAKMP header")
    fields = struct.unpack(">8s8sBBBBII", datagram[:HEADER_LENGTH])
    cookie_i, cookie_r, following, version, exchange, flags, message_id, length = fields
    if version >> 4 != IKE_VERSION >> 4:
        raise WireError(f"ISAKMP version {version >> 4}.{version & 15}")
    if length != len(datagram):
        raise WireError(f"header says {length} octets, datagram has {len(datagram)}")
    if cookie_i == ZERO_COOKIE:
        raise WireError("initiator cookie is zero")
    return Header(cookie_i, cookie_r, following, exchange, flags, message_id, length, version)


@dataclass(frozen=True)
class Payload:
    """One generic payload: its type and its body, without the generic header."""

    type: int
    body: bytes

    @property
    def length(self) -> int:
        return 4 + len(self.body)


def build_chain(payloads: list[Payload], after: int = Pay.NONE) -> bytes:
    """Payloads with generic headers, each naming the type of the one behind it."""
    out = b""
    for index, payload in enumerate(payloads):
        following = payloads[index + 1].type if index + 1 < len(payloads) else after
        if payload.length > 0xFFFF:
            raise WireError(f"payload {payload.type} of {payload.length} octets does not fit")
        out += struct.pack(">BBH", following, 0, payload.length) + payload.body
    return out


@dataclass(frozen=True)
class Chain:
    """A parsed run of payloads, and how many octets of the input they took."""

    payloads: list[Payload]
    used: int

    def find(self, kind: int) -> bytes | None:
        """The body of the first payload of a type, None when there is none."""
        return next((p.body for p in self.payloads if p.type == kind), None)

    def need(self, kind: int) -> bytes:
        """The body of the only payload of a type."""
        bodies = [p.body for p in self.payloads if p.type == kind]
        if len(bodies) != 1:
            raise WireError(f"{len(bodies)} {Pay(kind).name} payloads, want 1")
        return bodies[0]

    def all(self, kind: int) -> list[bytes]:
        return [p.body for p in self.payloads if p.type == kind]


def parse_chain(
    data: bytes,
    first: int,
    padded: bool = False,
    where: str = "message",
    most: int = MAX_PAYLOADS,
) -> Chain:
    """Payloads from `first` on. What follows the last one is padding, legal only if `padded`."""
    reader = Reader(data, where)
    payloads: list[Payload] = []
    kind, used = first, 0
    while kind != Pay.NONE:
        if len(payloads) == most:
            raise WireError(f"{where}: more than {most} payloads")
        following, reserved, length = reader.u8(), reader.u8(), reader.u16()
        if reserved != 0:
            raise WireError(f"{where}: reserved octet of payload {kind} is {reserved}")
        if length < 4:
            raise WireError(f"{where}: payload {kind} says it has {length} octets")
        payloads.append(Payload(kind, reader.take(length - 4)))
        kind, used = following, used + length
    if not padded:
        reader.end()
    return Chain(payloads, used)


def build_message(header: Header, payloads: list[Payload]) -> bytes:
    """A message in the clear, its length and first payload type filled in."""
    body = build_chain(payloads)
    first = payloads[0].type if payloads else Pay.NONE
    return replace(header, next_payload=first, length=HEADER_LENGTH + len(body)).pack() + body


def basic(kind: int, value: int) -> bytes:
    """A data attribute of type/value form: RFC 2408 3.3, AF=1."""
    if not 0 <= value <= 0xFFFF:
        raise WireError(f"attribute {kind}: {value} does not fit in two octets")
    return struct.pack(">HH", 0x8000 | kind, value)


def variable(kind: int, value: bytes) -> bytes:
    """A data attribute of type/length/value form: RFC 2408 3.3, AF=0."""
    return struct.pack(">HH", kind, len(value)) + value


@dataclass(frozen=True)
class Attribute:
    """A data attribute; a basic one holds its two octets."""

    type: int
    value: bytes
    is_basic: bool

    @property
    def number(self) -> int:
        return int.from_bytes(self.value, "big")


def parse_attributes(data: bytes, where: str) -> list[Attribute]:
    """All attributes of an area, which they must fill exactly."""
    reader = Reader(data, f"{where} attributes")
    out: list[Attribute] = []
    while not reader.empty():
        kind, second = reader.u16(), reader.u16()
        if kind & 0x8000:
            out.append(Attribute(kind & 0x7FFF, second.to_bytes(2, "big"), True))
        else:
            out.append(Attribute(kind, reader.take(second), False))
    return out
