# SPDX-License-Identifier: GPL-2.0-or-later
"""A GROUPKEY-PUSH message (RFC 6407 4): HDR*, SEQ, [D,] [SA, KD,] SIG."""
from __future__ import annotations

from dataclasses import dataclass, replace

from . import faults as f
from . import ids, lkh, notify, offer, policy_faults, signing
from .crypto import CbcCipher
from .faults import FaultSet
from .key_material import Kek
from .numbers import DOI_GDOI, FLAG_ENCRYPTION, Exchange, KdType, Pay
from .payloads import KeyPacket
from .policy import Group
from .wire import HEADER_LENGTH, MAX_MESSAGE, Header, Payload, WireError, build_chain

DELETE_KEK = 0  # RFC 6407 5.9: "To delete a KEK SA, the value of zero MUST be used"
NAME = "push"  # what faults know it by


@dataclass(frozen=True)
class Content:
    """What a PUSH says, whoever gets it."""

    deletions: tuple[Payload, ...] = ()
    policy: bool = True  # whether there is an SA and a KD
    kek: Kek | None = None  # the KEK that it brings
    only: frozenset[int] | None = None  # the SPIs that it brings; None = all that live


@dataclass(frozen=True)
class Envelope:
    """What protects a PUSH, and how implementations differ there."""

    kek: Kek
    cipher: CbcCipher
    hash: str
    digest_info: bool = True
    signed_header: str = "unpadded"


def envelope(group: Group, kek: Kek) -> Envelope:
    rekey, wire = group.config.rekey, group.config.format
    assert rekey is not None
    name = signing.hash_name(rekey.signature_hash, rekey.signature)
    rest = (wire.sig_digestinfo, wire.sig_header)
    return Envelope(kek, group.kek_cipher(), name, *rest)


def delete(protocol: int, spis: list[bytes]) -> Payload:
    return notify.delete(DOI_GDOI, protocol, spis)


def payloads(
    group: Group, content: Content, sequence: int, target: ids.Address, faults: FaultSet, now: float
) -> list[Payload]:
    """Everything before SIG, as `target` gets it."""
    peer = str(target)
    out = [Payload(Pay.SEQ, sequence.to_bytes(4, "big")), *content.deletions]
    if not content.policy:
        return out
    kek, by_lkh = content.kek, faults.take("lkh-update", peer, NAME)
    if by_lkh and group.kek is not None:
        kek = kek or group.make_kek(now, 0, group.kek.signature)
    policy = offer.make_policy(group, target, NAME, kek, content.only, faults, now)
    sa, packets = policy.sa, policy.packets
    if by_lkh and kek is not None:
        sa, packets = lkh.instead(group.kek_cipher(), policy, kek)
    packets = policy_faults.packets(faults, peer, NAME, packets, offer.des_spis(group))
    if group.config.format.kek_packet_spi == "old" and kek is not None:
        packets = _under_old_spi(group, kek, packets)
    kd = offer.key_download(packets, peer, NAME, faults)
    return [*out, Payload(Pay.SA, sa), Payload(Pay.KD, kd)]


def _under_old_spi(group: Group, kek: Kek, packets: list[KeyPacket]) -> list[KeyPacket]:
    """Cisco's reference implementation hands out a new KEK under the SPI of the one before."""
    old = group.previous_kek
    if old is None or kek is not group.kek:
        return packets
    return [replace(p, spi=old.spi) if p.type == KdType.KEK else p for p in packets]


def message(wrap: Envelope, before_sig: list[Payload], faults: FaultSet, peer: str) -> bytes:
    """The datagram, with the faults of its payloads, its signature and its encryption."""
    shaped = f.shape_payloads(faults, peer, NAME, before_sig)
    unsigned = faults.take("unsigned", peer, NAME) is not None
    octets = build_chain(shaped, after=Pay.NONE if unsigned else Pay.SIG)
    octets = f.shape_octets(faults, peer, NAME, octets)
    first = shaped[0].type if shaped else Pay.SIG
    header = _header(wrap.kek, first)
    if faults.take("wrong-cookies", peer, NAME):
        header = replace(header, cookie_i=f.corrupt(header.cookie_i, 0))
    if not unsigned:
        covered = octets + (b"\x00" if faults.take("wrong-signature", peer, NAME) else b"")
        octets += build_chain([Payload(Pay.SIG, sign(wrap, header, octets, covered))])
    if faults.take("clear-message", peer, NAME):
        return _bounded(replace(header, flags=0, length=HEADER_LENGTH + len(octets)), octets)
    key = wrap.kek.key
    if faults.take("wrong-kek", peer, NAME):
        key = bytes(octet ^ 0xA5 for octet in key)
    # RFC 6407 5.6.2.1 gives a KEK one IV, which every PUSH under it begins with.
    sealed = wrap.cipher.encrypt(key, wrap.kek.iv, wrap.cipher.pad(octets))
    return _bounded(replace(header, length=HEADER_LENGTH + len(sealed)), sealed)


def _header(kek: Kek, first: int) -> Header:
    """RFC 6407 4.2."""
    cookies = (kek.spi[:8], kek.spi[8:])
    return Header(*cookies, first, Exchange.GROUPKEY_PUSH, FLAG_ENCRYPTION, 0)


def _bounded(header: Header, body: bytes) -> bytes:
    if header.length > MAX_MESSAGE:
        raise WireError(f"PUSH of {header.length} octets, the most is {MAX_MESSAGE}")
    return header.pack() + body


def sign(wrap: Envelope, header: Header, before_sig: bytes, covered: bytes) -> bytes:
    """RFC 6407 4: "The HASH is taken over the string 'rekey', the GROUPKEY-PUSH HDR, followed by
    all payloads preceding the SIG payload." Which Length and flags that header has while nothing
    is encrypted yet is left open."""
    length = HEADER_LENGTH + len(before_sig) + 4 + signing.length(wrap.kek.signature)
    if wrap.signed_header.startswith("received"):
        length += -(length - HEADER_LENGTH) % wrap.cipher.block
    flags = 0 if wrap.signed_header.endswith("-clear") else FLAG_ENCRYPTION
    octets = b"rekey" + replace(header, length=length, flags=flags).pack() + covered
    return signing.sign(wrap.kek.signature, wrap.hash, octets, wrap.digest_info)
