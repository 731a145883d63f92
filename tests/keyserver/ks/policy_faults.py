# SPDX-License-Identifier: GPL-2.0-or-later
"""Policies and keys that a member must refuse, in messages that are otherwise authentic."""
from __future__ import annotations

from dataclasses import replace

from .faults import FaultSet
from .numbers import LIFE_SECONDS, MODES, KdAttr, KdType, KekAttr, Pay, SaAttr
from .payloads import KeyPacket, Sak, Sat, build_sa
from .wire import Payload, basic, variable

PRIVATE_KEK_ATTRIBUTE = 127  # unassigned in RFC 6407 5.3
UNASSIGNED_SA_ATTRIBUTE = 20000  # unassigned in the IPsec DOI
UNASSIGNED_TRANSFORM = 99


def sak(faults: FaultSet, peer: str, message: str, sak: Sak) -> Sak:
    if faults.take("unsupported-kek", peer, message):
        rest = sak.attributes[4:]  # KEK_ALGORITHM is the first
        return replace(sak, attributes=basic(KekAttr.ALGORITHM, UNASSIGNED_TRANSFORM) + rest)
    if faults.take("unknown-kek-attribute", peer, message):
        return replace(sak, attributes=sak.attributes + basic(PRIVATE_KEK_ATTRIBUTE, 1))
    return sak


def sats(
    faults: FaultSet, peer: str, message: str, original: list[Sat], octets: int
) -> list[Payload]:
    sats = list(original)
    if faults.take("unsupported-transform", peer, message):
        sats = [replace(sat, transform=UNASSIGNED_TRANSFORM) for sat in sats]
    if faults.take("unsupported-auth", peer, message):
        more = basic(SaAttr.AUTHENTICATION, UNASSIGNED_TRANSFORM)
        sats = [
            replace(sat, attributes=_without(sat, SaAttr.AUTHENTICATION) + more) for sat in sats
        ]
    if faults.take("no-lifetime", peer, message):
        kinds = (SaAttr.LIFE_TYPE, SaAttr.LIFE_DURATION)
        sats = [replace(sat, attributes=_without(sat, *kinds)) for sat in sats]
    if faults.take("zero-lifetime", peer, message):
        kinds = (SaAttr.LIFE_TYPE, SaAttr.LIFE_DURATION)
        zero = basic(SaAttr.LIFE_TYPE, LIFE_SECONDS) + basic(SaAttr.LIFE_DURATION, 0)
        sats = [replace(sat, attributes=_without(sat, *kinds) + zero) for sat in sats]
    if faults.take("unknown-attribute", peer, message):
        more = basic(UNASSIGNED_SA_ATTRIBUTE, 1)
        sats = [replace(sat, attributes=sat.attributes + more) for sat in sats]
    if sats and (fault := faults.take("contradicting-sats", peer, message)):
        sats += [_contradiction(sats[-1], fault.parameters.get("how", "transform"))]
    if faults.take("no-attribute-payloads", peer, message):
        return []
    out = [Payload(Pay.SAT, sat.pack(octets)) for sat in sats]
    if faults.take("unknown-protocol", peer, message):
        out.append(Payload(Pay.SAT, bytes([200]) + bytes(12)))
    return out


def _contradiction(sat: Sat, how: str) -> Sat:
    """A SAT that cannot be true together with `sat`: same SPI, something else about it."""
    if how == "mode":
        more = basic(SaAttr.ENCAPSULATION_MODE, MODES["transport"])
        return replace(sat, attributes=_without(sat, SaAttr.ENCAPSULATION_MODE) + more)
    if how == "attribute":
        return replace(sat, attributes=sat.attributes + basic(UNASSIGNED_SA_ATTRIBUTE, 7))
    if how == "selector":  # the same traffic, once protected and once not
        return replace(sat, spi=0)
    return replace(sat, transform=3 if sat.transform != 3 else 12)


def _without(sat: Sat, *kinds: int) -> bytes:
    kept = [a for a in sat.parsed() if a.type not in kinds]
    return b"".join(
        basic(a.type, a.number) if a.is_basic else variable(a.type, a.value) for a in kept
    )


def sa_body(
    faults: FaultSet, peer: str, message: str, attribute_payloads: list[Payload]
) -> bytes:
    doi = 1 if faults.take("sa-doi", peer, message) else 2
    situation = 1 if faults.take("sa-situation", peer, message) else 0
    first = 99 if faults.take("attribute-next-payload", peer, message) else None
    return build_sa(attribute_payloads, doi, situation, first)


def packets(
    faults: FaultSet,
    peer: str,
    message: str,
    original: list[KeyPacket],
    des_spis: frozenset[bytes],
) -> list[KeyPacket]:
    """Key packets with the faults of PULL 4 or of a PUSH; keys of `des_spis` have parity bits."""
    out = list(original)
    if faults.take("des-parity", peer, message):
        out = [_other_parity(p) if p.spi in des_spis else p for p in out]
    teks = [n for n, packet in enumerate(out) if packet.type == KdType.TEK]
    if teks and faults.take("foreign-key", peer, message):
        out.append(KeyPacket(KdType.TEK, b"\xde\xad\xbe\xef", out[teks[0]].attributes))
    if teks and faults.take("short-key", peer, message):
        out[teks[0]] = _cut(out[teks[0]], KdAttr.TEK_ALGORITHM_KEY)
    if teks and faults.take("no-integrity-key", peer, message):
        out[teks[0]] = _drop(out[teks[0]], KdAttr.TEK_INTEGRITY_KEY)
    if teks and faults.take("duplicate-key", peer, message):
        out.append(out[teks[0]])
    if faults.take("tek-without-key", peer, message):
        out = [packet for packet in out if packet.type != KdType.TEK]
    if faults.take("kek-without-key", peer, message):
        out = [packet for packet in out if packet.type != KdType.KEK]
    if faults.take("short-kek", peer, message):
        out = [_cut(p, KdAttr.KEK_ALGORITHM_KEY) if p.type == KdType.KEK else p for p in out]
    if faults.take("bad-signature-key", peer, message):
        out = [_cut(p, KdAttr.SIG_ALGORITHM_KEY) if p.type == KdType.KEK else p for p in out]
    if faults.take("no-signature-key", peer, message):
        out = [_drop(p, KdAttr.SIG_ALGORITHM_KEY) if p.type == KdType.KEK else p for p in out]
    return out


def _other_parity(packet: KeyPacket) -> KeyPacket:
    """The same key for DES, in other octets. The IV in front of a KEK has no parity."""
    iv = 8 if packet.type == KdType.KEK else 0
    kind = KdAttr.KEK_ALGORITHM_KEY if iv else KdAttr.TEK_ALGORITHM_KEY
    out = b""
    for a in packet.parsed():
        key = bytes(octet ^ 1 for octet in a.value[iv:]) if a.type == kind else a.value[iv:]
        out += variable(a.type, a.value[:iv] + key)
    return replace(packet, attributes=out)


def _drop(packet: KeyPacket, kind: int) -> KeyPacket:
    kept = [variable(a.type, a.value) for a in packet.parsed() if a.type != kind]
    return replace(packet, attributes=b"".join(kept))


def _cut(packet: KeyPacket, kind: int) -> KeyPacket:
    """A key packet whose attribute `kind` lost its last octet."""
    cut = [(a.type, a.value[:-1] if a.type == kind else a.value) for a in packet.parsed()]
    return replace(packet, attributes=b"".join(variable(*item) for item in cut))
