# SPDX-License-Identifier: GPL-2.0-or-later
"""The rekey half of the test member: reads a GROUPKEY-PUSH and acknowledges it.

Signatures are verified by the library here, not by anything that makes them.
"""
from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ks import notify, payloads
from ks.crypto import CbcCipher, cipher
from ks.numbers import Exchange, KdAttr, KdType, KekAttr, Pay
from ks.wire import HEADER_LENGTH, Header, Payload, WireError
from ks.wire import build_message, parse_chain, parse_header
from member import Registration, attribute

CIPHERS = {1: "des", 2: "3des", 3: "aes"}
HASHES = {1: hashes.MD5, 2: hashes.SHA1, 3: hashes.SHA256, 4: hashes.SHA384, 5: hashes.SHA512}
IMPLIED = {1: 2, 4: 3, 5: 4, 6: 5}  # signature algorithm: hash
UNPADDED, RECEIVED, UNPADDED_CLEAR, RECEIVED_CLEAR = range(4)


@dataclass
class RekeySa:
    """A KEK as a member holds it."""

    spi: bytes
    cipher: CbcCipher
    iv: bytes
    key: bytes
    public: bytes
    hash: int
    sequence: int
    ack: int | None


@dataclass
class Push:
    """An authentic rekey."""

    kek: RekeySa
    sequence: int
    deletions: list[notify.Deletion]
    got: Registration | None
    signed_header: int = UNPADDED
    types: list[int] = field(default_factory=list)


def rekey_sa(got: Registration, sequence: int) -> RekeySa:
    """The KEK of a registration or rekey."""
    sak, (packet,) = got.sak(), got.keys(KdType.KEK)
    assert sak is not None and packet.spi == sak.spi
    name = CIPHERS[attribute(sak.attributes, KekAttr.ALGORITHM) or 0]
    chosen = cipher(name, attribute(sak.attributes, KekAttr.KEY_LENGTH) or 0)
    values = {a.type: a.value for a in packet.parsed()}
    secret = values[KdAttr.KEK_ALGORITHM_KEY]
    algorithm = attribute(sak.attributes, KekAttr.SIG_ALGORITHM) or 1
    name_of_hash = attribute(sak.attributes, KekAttr.SIG_HASH_ALGORITHM) or IMPLIED[algorithm]
    return RekeySa(
        sak.spi,
        chosen,
        secret[: chosen.block],
        secret[chosen.block :],
        values[KdAttr.SIG_ALGORITHM_KEY],
        name_of_hash,
        sequence,
        attribute(sak.attributes, KekAttr.ACK_REQUESTED),
    )


class RekeyMember:
    """Holds one or more KEKs; `receive` raises WireError for what a member has to refuse."""

    def __init__(self, got: Registration, address: str = "172.16.1.2") -> None:
        assert got.sequence is not None
        self.keks = [rekey_sa(got, got.sequence)]
        self.address = address

    def receive(self, datagram: bytes) -> Push:
        header = parse_header(datagram)
        fields = (header.exchange, header.flags, header.message_id)
        if fields != (Exchange.GROUPKEY_PUSH, 1, 0):
            raise WireError(f"header {fields}")
        cookies = header.cookie_i + header.cookie_r
        kek = next((k for k in self.keks if k.spi == cookies), None)
        if kek is None:
            raise WireError("unknown KEK")
        plain = kek.cipher.decrypt(kek.key, kek.iv, datagram[HEADER_LENGTH:])
        chain = parse_chain(plain, header.next_payload, padded=True, where="PUSH")
        if any(plain[chain.used :]) or len(plain) - chain.used >= kek.cipher.block:
            raise WireError("padding")
        first, last = chain.payloads[0], chain.payloads[-1]
        if first.type != Pay.SEQ or last.type != Pay.SIG:
            raise WireError(f"payloads {[p.type for p in chain.payloads]}")
        push = self._read(kek, [p for p in chain.payloads[1:-1]], int.from_bytes(first.body, "big"))
        push.types = [p.type for p in chain.payloads]
        covered = plain[: chain.used - last.length]
        push.signed_header = _verified(kek, header, covered, last.body)
        kek.sequence = push.sequence
        if push.got is not None and push.got.sak() is not None:
            self.keks.append(rekey_sa(push.got, 0))
        return push

    def _read(self, kek: RekeySa, inner: list[Payload], sequence: int) -> Push:
        if sequence <= kek.sequence:
            raise WireError(f"sequence {sequence} after {kek.sequence}")
        deletions = [notify.parse_delete(p.body) for p in inner if p.type == Pay.D]
        rest = [p for p in inner if p.type != Pay.D]
        if [p.type for p in rest] not in ([], [Pay.SA, Pay.KD]):
            raise WireError(f"payloads {[p.type for p in inner]}")
        if not rest:
            return Push(kek, sequence, deletions, None)
        sa, packets = payloads.parse_sa(rest[0].body), payloads.parse_kd(rest[1].body)
        got = Registration(sa, packets, None)
        wanted = {sat.spi.to_bytes(4, "big") for sat in got.sats() if sat.spi}
        if wanted != {packet.spi for packet in got.keys(KdType.TEK)}:
            raise WireError("keys do not fit the SATs")
        if (got.sak() is not None) != bool(got.keys(KdType.KEK)):
            raise WireError("keys do not fit the SAK")
        return Push(kek, sequence, deletions, got)

    def acknowledge(self, push: Push, length: int = 512, kind: int | None = None) -> bytes:
        """RFC 8263 3, as the formula there says."""
        name = "sha256" if (kind or push.kek.ack or 1) == 1 else "sha512"
        label = b"GROUPKEY-PUSH ACK\x00" + push.kek.spi + length.to_bytes(2, "big")
        ack_key = hmac.digest(push.kek.key, label, name)
        identity = bytes([1, 0, 0, 0]) + bytes(int(x) for x in self.address.split("."))
        sequence = push.sequence.to_bytes(4, "big")
        covered = b"\x05\x00\x00\x08" + sequence + b"\x00\x00\x00\x0c" + identity
        value = hmac.digest(ack_key, covered, name)
        header = Header(push.kek.spi[:8], push.kek.spi[8:], 0, Exchange.GROUPKEY_PUSH_ACK)
        body = [Payload(Pay.HASH, value), Payload(Pay.SEQ, sequence), Payload(Pay.ID, identity)]
        return build_message(header, body)


def _verified(kek: RekeySa, header: Header, covered: bytes, signature: bytes) -> int:
    """Which of the four headers the signature covers; raises WireError when none."""
    unpadded = HEADER_LENGTH + len(covered) + 4 + len(signature)
    for variant in range(4):
        length = header.length if variant in (RECEIVED, RECEIVED_CLEAR) else unpadded
        flags = 0 if variant in (UNPADDED_CLEAR, RECEIVED_CLEAR) else 1
        octets = b"rekey" + header.pack()[:19] + bytes([flags]) + header.pack()[20:24]
        octets += length.to_bytes(4, "big") + covered
        if _holds(kek, octets, signature):
            return variant
    raise WireError("signature does not verify")


def _holds(kek: RekeySa, octets: bytes, signature: bytes) -> bool:
    public, algorithm = load_der_public_key(kek.public), HASHES[kek.hash]()
    if isinstance(public, rsa.RSAPublicKey):
        return _rsa_holds(public, algorithm, octets, signature)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    half = (public.key_size + 7) // 8
    if len(signature) != 2 * half:
        raise WireError(f"signature of {len(signature)} octets")
    r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
    try:
        public.verify(utils.encode_dss_signature(r, s), octets, ec.ECDSA(algorithm))
    except InvalidSignature:
        return False
    return True


def _rsa_holds(
    public: rsa.RSAPublicKey, algorithm: hashes.HashAlgorithm, octets: bytes, signature: bytes
) -> bool:
    try:
        public.verify(signature, octets, padding.PKCS1v15(), algorithm)
        return True
    except InvalidSignature:
        pass
    numbers = public.public_numbers()
    block = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n)
    value = hashlib.new(algorithm.name, octets).digest()
    fill = b"\xff" * (public.key_size // 8 - 3 - len(value))
    return block == int.from_bytes(b"\x00\x01" + fill + b"\x00" + value, "big")

