# SPDX-License-Identifier: GPL-2.0-or-later
"""Notification and Delete payloads (RFC 2408 3.14, 3.15) and the messages that carry them."""
from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .numbers import DOI_GDOI, LIFE_SECONDS, PROTO_ISAKMP, Exchange, Notify, Pay, Phase1Attr
from .session import Reply, clear_message, hashed_message
from .wire import Payload, Reader, basic, variable

if TYPE_CHECKING:
    from .phase1 import Phase1


@dataclass(frozen=True)
class Notification:
    doi: int
    protocol: int
    type: int
    spi: bytes
    data: bytes


@dataclass(frozen=True)
class Deletion:
    doi: int
    protocol: int
    spis: list[bytes]


def parse(body: bytes) -> Notification:
    reader = Reader(body, "N")
    doi, protocol, size, kind = reader.u32(), reader.u8(), reader.u8(), reader.u16()
    return Notification(doi, protocol, kind, reader.take(size), reader.rest())


def parse_delete(body: bytes) -> Deletion:
    reader = Reader(body, "D")
    doi, protocol, size, count = reader.u32(), reader.u8(), reader.u8(), reader.u16()
    spis = [reader.take(size) for _ in range(count if size else 0)]
    reader.end()
    return Deletion(doi, protocol, spis)


def payload(kind: int, doi: int, spi: bytes = b"", data: bytes = b"") -> Payload:
    head = struct.pack(">IBBH", doi, PROTO_ISAKMP, len(spi), kind)
    return Payload(Pay.N, head + spi + data)


def delete(doi: int, protocol: int, spis: list[bytes]) -> Payload:
    size = len(spis[0]) if spis else 0
    return Payload(Pay.D, struct.pack(">IBBH", doi, protocol, size, len(spis)) + b"".join(spis))


def lifetime(doi: int, cookies: bytes, seconds: int) -> Payload:
    """RESPONDER-LIFETIME, RFC 2407 4.6.3.1."""
    kind = basic(Phase1Attr.LIFE_TYPE, LIFE_SECONDS)
    duration = variable(Phase1Attr.LIFE_DURATION, seconds.to_bytes(4, "big"))
    return payload(Notify.RESPONDER_LIFETIME, doi, cookies, kind + duration)


def _message_id(phase1: Phase1) -> int:
    return int.from_bytes(phase1.context.random.nonzero(4), "big")


def in_the_clear(phase1: Phase1, kind: int) -> Reply:
    """An Informational message before there are keys (RFC 2408 4.8)."""
    header = phase1.header(Exchange.INFORMATIONAL, _message_id(phase1))
    body = [payload(kind, phase1.doi or DOI_GDOI)]
    return clear_message(phase1.context, phase1.peer[0], "info", header, body)


def protected(phase1: Phase1, payloads: list[Payload]) -> Reply:
    """An Informational message under phase 1's keys (RFC 2409 5.7): HASH over M-ID | payloads."""
    assert phase1.keys is not None
    header = phase1.header(Exchange.INFORMATIONAL, _message_id(phase1))
    channel = phase1.keys.channel(header.message_id_octets)
    arguments = (phase1.keys, channel, header, b"", payloads)
    return hashed_message(phase1.context, phase1.peer[0], "info", *arguments)


def refusal(phase1: Phase1, kind: int) -> Reply:
    """A protected notification that an exchange was refused."""
    return protected(phase1, [payload(kind, DOI_GDOI, phase1.cookies)])
