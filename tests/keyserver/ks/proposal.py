# SPDX-License-Identifier: GPL-2.0-or-later
"""Phase 1 SA payloads: what a member offers and which offer is taken (RFC 2408 3.4 to 3.6)."""
from __future__ import annotations

import struct
from dataclasses import dataclass

from .numbers import KEY_IKE, LIFE_SECONDS, PHASE1_CIPHERS, PROTO_ISAKMP
from .numbers import Pay, Phase1Attr
from .settings import IsakmpPolicy
from .wire import Attribute, Payload, Reader, WireError, build_chain, parse_attributes, parse_chain


@dataclass(frozen=True)
class Transform:
    """One offered transform; `attributes` as it was sent, `parsed` what it says."""

    number: int
    id: int
    attributes: bytes
    parsed: list[Attribute]

    def value(self, kind: int) -> int | None:
        return next((a.number for a in self.parsed if a.type == kind), None)

    def lifetime(self) -> int | None:
        """Seconds offered; None when the offer names none."""
        seconds = False
        for attribute in self.parsed:
            if attribute.type == Phase1Attr.LIFE_TYPE:
                seconds = attribute.number == LIFE_SECONDS
            if attribute.type == Phase1Attr.LIFE_DURATION and seconds:
                return attribute.number
        return None

    def pack(self) -> bytes:
        return struct.pack(">BBH", self.number, self.id, 0) + self.attributes


@dataclass(frozen=True)
class Offer:
    """The SA payload of the first message."""

    doi: int
    situation: bytes
    number: int
    transforms: list[Transform]
    body: bytes  # SAi_b of HASH_I and HASH_R


def parse_sa(body: bytes) -> Offer:
    """An SA payload of phase 1: one ISAKMP proposal."""
    reader = Reader(body, "SA")
    doi, situation = reader.u32(), reader.take(4)
    proposals = parse_chain(reader.rest(), Pay.P, where="SA")
    if len(proposals.payloads) != 1:
        raise WireError(f"SA: {len(proposals.payloads)} proposals, want 1")
    reader = Reader(proposals.need(Pay.P), "proposal")
    number, protocol, spi_size, count = (reader.u8() for _ in range(4))
    if protocol != PROTO_ISAKMP or spi_size > 16:
        raise WireError(f"proposal: protocol {protocol}, SPI of {spi_size} octets")
    reader.take(spi_size)
    transforms = [
        _transform(payload)
        for payload in parse_chain(reader.rest(), Pay.T, where="proposal").payloads
    ]
    if len(transforms) != count:
        raise WireError(f"proposal: says {count} transforms, has {len(transforms)}")
    return Offer(doi, situation, number, transforms, body)


def _transform(payload: Payload) -> Transform:
    if payload.type != Pay.T:
        raise WireError(f"proposal: payload {payload.type} among the transforms")
    reader = Reader(payload.body, "transform")
    number, kind, reserved = reader.u8(), reader.u8(), reader.u16()
    if reserved:
        raise WireError(f"transform {number}: reserved octets are {reserved}")
    attributes = reader.rest()
    return Transform(number, kind, attributes, parse_attributes(attributes, "transform"))


def build_sa(doi: int, situation: bytes, number: int, transforms: list[Transform]) -> bytes:
    """The body of an SA payload with one proposal."""
    inner = build_chain([Payload(Pay.T, transform.pack()) for transform in transforms])
    head = struct.pack(">BBBB", number, PROTO_ISAKMP, 0, len(transforms))
    proposal = build_chain([Payload(Pay.P, head + inner)])
    return doi.to_bytes(4, "big") + situation + proposal


def choose(
    policies: tuple[IsakmpPolicy, ...], offer: Offer
) -> tuple[IsakmpPolicy, Transform] | None:
    """Our policies in order of priority, against the offer in the member's order."""
    for policy in policies:
        for transform in offer.transforms:
            if matches(policy, transform):
                return policy, transform
    return None


KNOWN = {attribute.value for attribute in Phase1Attr} - {Phase1Attr.PRF}


def matches(policy: IsakmpPolicy, transform: Transform) -> bool:
    """Whether a transform offers exactly what a policy wants; lifetimes are not compared."""
    if transform.id != KEY_IKE or any(a.type not in KNOWN for a in transform.parsed):
        return False
    wanted = {
        Phase1Attr.ENCRYPTION: PHASE1_CIPHERS[policy.cipher],
        Phase1Attr.HASH: policy.hash,
        Phase1Attr.AUTHENTICATION: policy.method,
        Phase1Attr.GROUP: policy.group,
    }
    if policy.cipher == "aes":
        wanted[Phase1Attr.KEY_LENGTH] = policy.key_bits
    return all(transform.value(kind) == value for kind, value in wanted.items())
