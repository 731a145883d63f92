# SPDX-License-Identifier: GPL-2.0-or-later
"""What one member is told: the SA payload of PULL 2 or a PUSH, and the keys that go with it."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from . import acl, ids, policy_faults
from .crypto import SIGNATURES
from .faults import FaultSet
from .numbers import (
    GDOI_PORT,
    KEK_ALGORITHMS,
    LIFE_KILOBYTES,
    LIFE_SECONDS,
    MODES,
    SIG_HASHES,
    GapAttr,
    KdAttr,
    KdType,
    KekAttr,
    Pay,
    SaAttr,
)
from .payloads import KeyPacket, Sak, Sat, build_kd
from .policy import Generation, Group, Kek, SaState, Tek
from .settings import Format, Rekey
from .wire import MAX_MESSAGE, Payload, WireError, basic, variable

DES_TRANSFORMS = (2, 3)  # RFC 2407 4.4.4: ESP_DES, ESP_3DES
MAX_SA = MAX_MESSAGE - 500  # leaves room for the header, HASH, nonce and padding of PULL 2


@dataclass(frozen=True)
class Policy:
    """An SA payload's body and the key packets that it needs."""

    sa: bytes
    packets: list[KeyPacket] = field(repr=False)


@dataclass(frozen=True)
class Offer:
    """A snapshot of the group, so that the keys of step 4 fit the policy of step 2 whatever
    happens in between."""

    sa: bytes
    packets: list[KeyPacket]
    kek: Kek | None
    sequence: int | None
    spis: list[int]


def make(group: Group, member: ids.Address, faults: FaultSet, now: float) -> Offer:
    """The group's policy as it stands, told to `member`."""
    policy = make_policy(group, member, "pull2", group.kek, None, faults, now)
    if len(policy.sa) > MAX_SA:
        raise WireError(f"SA of {len(policy.sa)} octets, the most is {MAX_SA}")
    sequence = max(0, group.kek.sequence) if group.kek is not None else None
    return Offer(policy.sa, policy.packets, group.kek, sequence, group.spis())


def make_policy(
    group: Group,
    member: ids.Address,
    message: str,
    kek: Kek | None,
    only: frozenset[int] | None,
    faults: FaultSet,
    now: float,
) -> Policy:
    """The SAK of `kek` if there is one, and the SATs of all TEKs or of those whose SPIs are in
    `only`, as `member` gets them in `message`."""
    peer, wire = str(member), group.config.format
    attribute_payloads: list[Payload] = []
    packets: list[KeyPacket] = []
    rekey = group.config.rekey
    if kek is not None and rekey is not None:
        sak = _sak(group, kek, rekey, member, now)
        octets = policy_faults.sak(faults, peer, message, sak).pack(wire.kek_id_length_octets)
        copies = 2 if faults.take("duplicate-sak", peer, message) else 1
        attribute_payloads += [Payload(Pay.SAK, octets)] * copies
        packets.append(_kek_packet(kek))
    if gap := _gap(group):
        attribute_payloads.append(Payload(Pay.GAP, gap))
    chosen = [(sa, _chosen(sa, only)) for sa in group.sas]
    sats = [sat for sa, teks in chosen if teks for sat in _sats(sa, teks, wire, now)]
    attribute_payloads += policy_faults.sats(faults, peer, message, sats, wire.id_length_octets)
    packets += [_tek_packet(tek) for _, teks in chosen for g in teks for tek in g.teks]
    return Policy(policy_faults.sa_body(faults, peer, message, attribute_payloads), packets)


def _chosen(sa: SaState, only: frozenset[int] | None) -> list[Generation]:
    if only is None:
        return list(sa.generations)
    return [g for g in sa.generations if any(tek.spi in only for tek in g.teks)]


def key_download(packets: list[KeyPacket], peer: str, message: str, faults: FaultSet) -> bytes:
    """The body of a KD payload, whose count a fault may falsify."""
    extra = faults.take("key-count", peer, message)
    return build_kd(packets, len(packets) + extra.number("more", 1) if extra else None)


def _sak(group: Group, kek: Kek, rekey: Rekey, member: ids.Address, now: float) -> Sak:
    wire, signature = group.config.format, kek.signature
    bits = signature.bits if wire.sig_key_length == "bits" else len(signature.public_der) * 8
    attributes = basic(KekAttr.ALGORITHM, KEK_ALGORITHMS[rekey.cipher])
    if rekey.key_length_attribute:
        attributes += basic(KekAttr.KEY_LENGTH, len(kek.key) * 8)
    attributes += variable(KekAttr.KEY_LIFETIME, kek.remaining(now).to_bytes(4, "big"))
    if rekey.signature_hash != "none":
        attributes += basic(KekAttr.SIG_HASH_ALGORITHM, SIG_HASHES[rekey.signature_hash or "sha"])
    attributes += basic(KekAttr.SIG_ALGORITHM, SIGNATURES[rekey.signature])
    attributes += basic(KekAttr.SIG_KEY_LENGTH, bits)
    if rekey.acknowledgement is not None:
        attributes += basic(KekAttr.ACK_REQUESTED, rekey.acknowledgement)
    attributes += b"".join(variable(kind, value) for kind, value in rekey.private_attributes)
    source = ids.of_address(group.config.address, GDOI_PORT)
    destination = ids.of_address(rekey.multicast or member, GDOI_PORT)
    return Sak(17, source, destination, kek.spi, wire.pop, attributes)


def _gap(group: Group) -> bytes:
    out = b""
    if group.config.activation_delay is not None:
        out += basic(GapAttr.ACTIVATION_TIME_DELAY, group.config.activation_delay)
    if group.config.deactivation_delay is not None:
        out += basic(GapAttr.DEACTIVATION_TIME_DELAY, group.config.deactivation_delay)
    return out


def _sats(sa: SaState, teks: list[Generation], wire: Format, now: float) -> list[Sat]:
    """The SATs of one `sa`. While two TEKs live every entry comes once for each, either entry by
    entry or list by list; a denying entry comes once for each list."""
    if wire.generations == "list":
        return [sat for g in teks for sat in _list(sa, [g], wire, now)]
    return list(_list(sa, teks, wire, now))


def _list(sa: SaState, generations: list[Generation], wire: Format, now: float) -> Iterator[Sat]:
    permits = 0
    for ace in sa.aces:
        if not ace.permit:
            if sa.config.deny == "keyless":
                # RFC 6407 has no way to say "do not protect": an SPI of zero and no key.
                yield _sat(sa, ace, 0, _sa_attributes(sa, None, wire, now), wire)
            if sa.config.deny == "marked":
                yield from _marked(sa, ace, generations, wire, now)
            continue
        for generation in generations:
            attributes = _sa_attributes(sa, generation, wire, now)
            yield _sat(sa, ace, generation.tek(permits).spi, attributes, wire)
        permits += 1


def _marked(
    sa: SaState, ace: acl.Ace, generations: list[Generation], wire: Format, now: float
) -> Iterator[Sat]:
    """A denying entry under the SPI of the permits, told from them by attributes of its own."""
    mark = b"".join(variable(kind, value) for kind, value in sa.config.deny_attributes)
    for generation in generations:
        attributes = _sa_attributes(sa, generation, wire, now) + mark
        yield _sat(sa, ace, generation.tek(0).spi, attributes, wire)


def _sat(sa: SaState, ace: acl.Ace, spi: int, attributes: bytes, wire: Format) -> Sat:
    ends = (_any(ace.source, wire), _any(ace.destination, wire))
    transform = sa.config.transform
    return Sat(transform.protocol, ace.protocol, *ends, transform.transform, spi, attributes)


def _any(identity: ids.Identity, wire: Format) -> ids.Identity:
    """RFC 6407 5.5.1 lets "any source" be zero octets or three; as a subnet it is /0."""
    if wire.any == "subnet" or any(identity.data):
        return identity
    return replace(identity, data=bytes(3) if wire.any == "three-octets" else b"")


def _sa_attributes(sa: SaState, generation: Generation | None, wire: Format, now: float) -> bytes:
    """RFC 2407 4.5 and RFC 6407 5.5.1.1. `generation` None = a denying entry."""
    transform = sa.config.transform
    seconds = generation.remaining(now) if generation else sa.config.lifetime
    out = basic(SaAttr.ENCAPSULATION_MODE, MODES[transform.mode])
    out += _life(LIFE_SECONDS, seconds, wire)
    if sa.config.kilobytes is not None:
        out += _life(LIFE_KILOBYTES, sa.config.kilobytes, wire)
    if transform.authentication is not None:
        out += basic(SaAttr.AUTHENTICATION, transform.authentication)
    if transform.key_bits is not None:
        out += basic(SaAttr.KEY_LENGTH, transform.key_bits)
    if sa.config.extended_sequence:
        out += basic(SaAttr.EXTENDED_SEQUENCE_NUMBER, 1)
    if sa.config.preservation is not None:
        out += basic(SaAttr.ADDRESS_PRESERVATION, sa.config.preservation)
    if sa.config.direction is not None:
        out += basic(SaAttr.DIRECTION, sa.config.direction)
    return out + b"".join(variable(kind, value) for kind, value in sa.config.private_attributes)


def _life(kind: int, value: int, wire: Format) -> bytes:
    head = basic(SaAttr.LIFE_TYPE, kind)
    if wire.lifetime == "basic" and value <= 0xFFFF:
        return head + basic(SaAttr.LIFE_DURATION, value)
    return head + variable(SaAttr.LIFE_DURATION, value.to_bytes(4, "big"))


def _tek_packet(tek: Tek) -> KeyPacket:
    attributes = b""
    if tek.cipher_key:
        attributes += variable(KdAttr.TEK_ALGORITHM_KEY, tek.cipher_key)
    if tek.integrity_key:
        attributes += variable(KdAttr.TEK_INTEGRITY_KEY, tek.integrity_key)
    return KeyPacket(KdType.TEK, tek.spi.to_bytes(4, "big"), attributes)


def _kek_packet(kek: Kek) -> KeyPacket:
    # RFC 6407 5.6.2.1: "an explicit IV MUST be included in the KEK_ALGORITHM_KEY before the
    # actual key"
    attributes = variable(KdAttr.KEK_ALGORITHM_KEY, kek.iv + kek.key)
    attributes += variable(KdAttr.SIG_ALGORITHM_KEY, kek.signature.public_der)
    return KeyPacket(KdType.KEK, kek.spi, attributes)


def des_spis(group: Group) -> frozenset[bytes]:
    """The SPIs of keys that have parity bits: DES and 3DES."""
    teks = [
        tek.spi.to_bytes(4, "big")
        for sa in group.sas
        if sa.config.transform.transform in DES_TRANSFORMS
        for generation in sa.generations
        for tek in generation.teks
    ]
    rekey, kek = group.config.rekey, group.kek
    keks = [kek.spi] if rekey and kek and rekey.cipher in ("des", "3des") else []
    return frozenset(teks + keks)


def sid_packet(bits: int, sids: list[int]) -> KeyPacket:
    """RFC 6407 5.6.4."""
    octets = (bits + 7) // 8
    attributes = basic(KdAttr.NUMBER_OF_SID_BITS, bits)
    values = (variable(KdAttr.SID_VALUE, sid.to_bytes(octets, "big")) for sid in sids)
    return KeyPacket(KdType.SID, b"", attributes + b"".join(values))
