# SPDX-License-Identifier: GPL-2.0-or-later
"""Key derivation, IV chains and protected messages of phase 1 (RFC 2409 5, App B)."""
from __future__ import annotations

from dataclasses import dataclass, replace

from .crypto import CbcCipher, digest, equal, prf
from .numbers import FLAG_ENCRYPTION, Pay
from .wire import HEADER_LENGTH, Chain, Header, Payload, WireError, build_chain, parse_chain


@dataclass(frozen=True)
class SkeyId:
    """SKEYID and what is derived from it (RFC 2409 5)."""

    hash: int
    skeyid: bytes
    d: bytes
    a: bytes
    e: bytes


def derive(hash_: int, skeyid: bytes, gxy: bytes, cookies: bytes) -> SkeyId:
    d = prf(hash_, skeyid, gxy + cookies + b"\x00")
    a = prf(hash_, skeyid, d + gxy + cookies + b"\x01")
    e = prf(hash_, skeyid, a + gxy + cookies + b"\x02")
    return SkeyId(hash_, skeyid, d, a, e)


def skeyid_psk(hash_: int, psk: bytes, ni: bytes, nr: bytes) -> bytes:
    return prf(hash_, psk, ni + nr)


def skeyid_signature(hash_: int, ni: bytes, nr: bytes, gxy: bytes) -> bytes:
    return prf(hash_, ni + nr, gxy)


def cipher_key(keys: SkeyId, octets: int) -> bytes:
    """RFC 2409 App B: SKEYID_e itself when long enough, else Ka = K1 | K2 | ..."""
    if len(keys.e) >= octets:
        return keys.e[:octets]
    ka = block = prf(keys.hash, keys.e, b"\x00")
    while len(ka) < octets:
        block = prf(keys.hash, keys.e, block)
        ka += block
    return ka[:octets]


@dataclass
class Channel:
    """The cipher, its key and the IV chain of one exchange."""

    cipher: CbcCipher
    key: bytes
    iv: bytes

    def seal(self, header: Header, payloads: bytes, first: int) -> bytes:
        """An encrypted message; the IV moves on to its last block."""
        octets = self.cipher.encrypt(self.key, self.iv, self.cipher.pad(payloads))
        self.iv = octets[-self.cipher.block :]
        length = HEADER_LENGTH + len(octets)
        flags = header.flags | FLAG_ENCRYPTION
        return replace(header, next_payload=first, flags=flags, length=length).pack() + octets

    def open(self, header: Header, message: bytes) -> tuple[bytes, Chain]:
        """Plaintext and payloads of a message. The IV stays: `accept` moves it on once the message
        has proved to be authentic, so that a forged one cannot break the chain."""
        if not header.flags & FLAG_ENCRYPTION:
            raise WireError("message is not encrypted")
        plain = self.cipher.decrypt(self.key, self.iv, message[HEADER_LENGTH:])
        return plain, parse_chain(plain, header.next_payload, padded=True, where="plaintext")

    def accept(self, message: bytes) -> None:
        self.iv = message[-self.cipher.block :]


@dataclass(frozen=True)
class SessionKeys:
    """What phase 1 leaves behind for the exchanges it protects."""

    skeyid: SkeyId
    cipher: CbcCipher
    key: bytes
    last_block: bytes

    def channel(self, message_id: bytes) -> Channel:
        """RFC 2409 App B: the first IV of an exchange is a hash of phase 1's last block and the
        message ID."""
        iv = digest(self.skeyid.hash, self.last_block + message_id)[: self.cipher.block]
        return Channel(self.cipher, self.key, iv)

    def hash(self, data: bytes) -> bytes:
        """prf(SKEYID_a, data): HASH(1) to HASH(4) and those of Informational exchanges."""
        return prf(self.skeyid.hash, self.skeyid.a, data)


def protect(
    keys: SessionKeys, channel: Channel, header: Header, prefix: bytes, payloads: list[Payload]
) -> bytes:
    """A message that begins with HASH = prf(SKEYID_a, M-ID | prefix | payloads)."""
    rest = build_chain(payloads)
    first = payloads[0].type if payloads else Pay.NONE
    return protect_octets(keys, channel, header, prefix, rest, first)


def protect_octets(
    keys: SessionKeys, channel: Channel, header: Header, prefix: bytes, rest: bytes, first: int
) -> bytes:
    """As `protect`, for payloads that are octets already; `first` is the type of the first."""
    value = keys.hash(header.message_id_octets + prefix + rest)
    head = build_chain([Payload(Pay.HASH, value)], after=first)
    return channel.seal(header, head + rest, Pay.HASH)


def check_hash(
    keys: SessionKeys, header: Header, prefix: bytes, plain: bytes, chain: Chain
) -> bool:
    """Whether the first payload is the HASH over M-ID | prefix | all payloads behind it."""
    if not chain.payloads or chain.payloads[0].type != Pay.HASH:
        raise WireError("first payload is not HASH")
    first = chain.payloads[0]
    rest = plain[first.length : chain.used]
    return equal(first.body, keys.hash(header.message_id_octets + prefix + rest))
