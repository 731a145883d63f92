# SPDX-License-Identifier: GPL-2.0-or-later
"""What phase 1, PULL and Informational code of one member share."""
from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import Protocol

from . import faults as f
from .keys import Channel, SessionKeys, protect_octets
from .numbers import Pay
from .settings import Config
from .wire import HEADER_LENGTH, Header, Payload, build_chain, build_message

Peer = tuple[str, int]


class Refused(Exception):
    """A message that is not answered and changes nothing; the text is for the log."""


class Log(Protocol):
    def event(self, text: str) -> None:
        ...

    def debug(self, text: str) -> None:
        ...

    def secret(self, text: str) -> None:
        ...


@dataclass
class Reply:
    """A datagram to send, and the name a fault knows it by."""

    name: str
    data: bytes


class Random:
    """Where random octets come from; tests put a fixed one here."""

    def octets(self, count: int) -> bytes:
        return secrets.token_bytes(count)

    def nonzero(self, count: int) -> bytes:
        while not any(octets := self.octets(count)):
            pass
        return octets


@dataclass
class Context:
    """What outlives every session."""

    config: Config
    faults: f.FaultSet
    log: Log
    random: Random = field(default_factory=Random)


@dataclass
class Memory:
    """The last message of an exchange and the replies to it. RFC 2408 3.1 lets the responder
    repeat its reply when an identical message comes again."""

    message: bytes = b""
    replies: list[Reply] = field(default_factory=list)

    def repeats(self, message: bytes) -> bool:
        return bool(self.message) and message == self.message

    def keep(self, message: bytes, replies: list[Reply]) -> list[Reply]:
        self.message, self.replies = message, replies
        return replies


def clear_message(
    context: Context, peer: str, name: str, header: Header, payloads: list[Payload]
) -> Reply:
    """An unprotected message with the faults of its payloads."""
    shaped = f.shape_payloads(context.faults, peer, name, payloads)
    message = build_message(header, shaped)
    head, body = message[:HEADER_LENGTH], message[HEADER_LENGTH:]
    return Reply(name, head + f.shape_octets(context.faults, peer, name, body))


def hashed_message(
    context: Context,
    peer: str,
    name: str,
    keys: SessionKeys,
    channel: Channel,
    header: Header,
    prefix: bytes,
    payloads: list[Payload],
) -> Reply:
    """A message protected by HASH = prf(SKEYID_a, M-ID | prefix | payloads), with its faults."""
    shaped = f.shape_payloads(context.faults, peer, name, payloads)
    octets = f.shape_octets(context.faults, peer, name, build_chain(shaped))
    first = shaped[0].type if shaped else Pay.NONE
    if context.faults.take("wrong-hash", peer, name):
        prefix += b"\x00"
    if context.faults.take("clear-message", peer, name):
        value = keys.hash(header.message_id_octets + prefix + octets)
        body = build_chain([Payload(Pay.HASH, value)], after=first) + octets
        length = HEADER_LENGTH + len(body)
        return Reply(name, replace(header, next_payload=Pay.HASH, length=length).pack() + body)
    return Reply(name, protect_octets(keys, channel, header, prefix, octets, first))
