# SPDX-License-Identifier: GPL-2.0-or-later
"""Primitives by their IKE numbers: hash, prf, CBC, Diffie-Hellman, signature keys."""
from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

HASHES = {1: "md5", 2: "sha1", 4: "sha256", 5: "sha384", 6: "sha512"}


class CryptoError(ValueError):
    """A value of the peer that cannot be used."""


def digest(hash_number: int, data: bytes) -> bytes:
    return hashlib.new(HASHES[hash_number], data).digest()


def prf(hash_number: int, key: bytes, data: bytes) -> bytes:
    """RFC 2409 4: without a negotiated prf, the HMAC of the negotiated hash."""
    return hmac.new(key, data, HASHES[hash_number]).digest()


def equal(left: bytes, right: bytes) -> bool:
    return hmac.compare_digest(left, right)


@dataclass(frozen=True)
class CbcCipher:
    """DES, 3DES or AES in CBC mode; padding is the caller's matter."""

    name: str
    key_octets: int

    @property
    def block(self) -> int:
        return 16 if self.name == "aes" else 8

    def _cipher(self, key: bytes, iv: bytes) -> Cipher:
        if self.name == "aes":
            return Cipher(algorithms.AES(key), modes.CBC(iv))
        # A single DES key used three times is DES.
        return Cipher(algorithms.TripleDES(key * 3 if self.name == "des" else key), modes.CBC(iv))

    def encrypt(self, key: bytes, iv: bytes, plain: bytes) -> bytes:
        step = self._cipher(key, iv).encryptor()
        return step.update(plain) + step.finalize()

    def decrypt(self, key: bytes, iv: bytes, octets: bytes) -> bytes:
        if not octets or len(octets) % self.block:
            raise CryptoError(f"{len(octets)} octets are no whole {self.name} blocks")
        step = self._cipher(key, iv).decryptor()
        return step.update(octets) + step.finalize()

    def pad(self, plain: bytes) -> bytes:
        """Zeros up to a whole block, none when there is one already."""
        return plain + bytes(-len(plain) % self.block)


def cipher(name: str, bits: int = 0) -> CbcCipher:
    octets = {"des": 8, "3des": 24, "aes": bits // 8}[name]
    if name == "aes" and octets not in (16, 24, 32):
        raise CryptoError(f"AES with a {bits}-bit key")
    return CbcCipher(name, octets)


# RFC 2409 6.2 and RFC 3526: each prime is 2^n - 2^(n-64) - 1 + 2^64 * (floor(2^(n-130) pi) + c),
# so the constants below are all there is to write down.
MODP = {2: (1024, 129093), 5: (1536, 741804), 14: (2048, 124476), 15: (3072, 1690314)}
MODP |= {16: (4096, 240904)}
ECP = {19: ec.SECP256R1(), 20: ec.SECP384R1(), 21: ec.SECP521R1()}


def _pi_floor(bits: int) -> int:
    """floor(2^bits * pi), by Machin's formula with guard bits."""
    unit = 1 << (bits + 64)

    def arctan_inverse(x: int) -> int:
        power = total = unit // x
        divisor, sign = 3, -1
        while power:
            power //= x * x
            total += sign * (power // divisor)
            divisor, sign = divisor + 2, -sign
        return total

    return 4 * (4 * arctan_inverse(5) - arctan_inverse(239)) >> 64


def modp_prime(group: int) -> int:
    bits, constant = MODP[group]
    if group not in _primes:
        low = (1 << 64) * (_pi_floor(bits - 130) + constant)
        _primes[group] = (1 << bits) - (1 << (bits - 64)) - 1 + low
    return _primes[group]


_primes: dict[int, int] = {}


class DiffieHellman:
    """One half of an exchange in a MODP or ECP group (RFC 2409 6, RFC 3526, RFC 5903)."""

    def __init__(self, group: int, private: int | None = None) -> None:
        self.group = group
        if group in MODP:
            self._prime = modp_prime(group)
            self._size = MODP[group][0] // 8
            self._private = private or secrets.randbelow(1 << 512) | (1 << 511)
            self.public = pow(2, self._private, self._prime).to_bytes(self._size, "big")
            return
        curve = ECP[group]
        self._size = (curve.key_size + 7) // 8
        derived = ec.derive_private_key(private, curve) if private else None
        self._ec = derived or ec.generate_private_key(curve)
        point = self._ec.public_key().public_numbers()
        # RFC 5903 7: x then y, each padded to the field's length.
        self.public = point.x.to_bytes(self._size, "big") + point.y.to_bytes(self._size, "big")

    def shared(self, peer: bytes) -> bytes:
        """g^xy, padded; refuses a peer value that is no proper group element."""
        if len(peer) != len(self.public):
            raise CryptoError(f"KE of {len(peer)} octets for group {self.group}")
        if self.group in MODP:
            value = int.from_bytes(peer, "big")
            if not 2 <= value <= self._prime - 2:
                raise CryptoError(f"KE value is degenerate in group {self.group}")
            return pow(value, self._private, self._prime).to_bytes(self._size, "big")
        x, y = (int.from_bytes(peer[at : at + self._size], "big") for at in (0, self._size))
        try:
            point = ec.EllipticCurvePublicNumbers(x, y, ECP[self.group]).public_key()
        except ValueError:
            raise CryptoError(f"KE is no point of group {self.group}") from None
        # RFC 5903 7: the shared secret is the x coordinate only.
        return self._ec.exchange(ec.ECDH(), point)


# Signature algorithms of RFC 6407 5.3.6 by the name used in the configuration.
SIGNATURES = {"rsa": 1, "ecdsa-256": 4, "ecdsa-384": 5, "ecdsa-521": 6}
_SIGNATURE_CURVES = {"ecdsa-256": ECP[19], "ecdsa-384": ECP[20], "ecdsa-521": ECP[21]}


@dataclass(frozen=True)
class SignatureKey:
    """The key that signs rekeys: its kind, private half, and public half as members get it."""

    kind: str
    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    public_der: bytes
    bits: int


def signature_key(kind: str, bits: int = 2048, pem: Path | None = None) -> SignatureKey:
    """A fresh signature key, or the one in a PEM file."""
    if pem is not None:
        return load_signature_key(kind, pem.read_bytes(), f"{pem}: ")
    if kind == "rsa":
        return _signature_key(kind, rsa.generate_private_key(65537, bits))
    return _signature_key(kind, ec.generate_private_key(_SIGNATURE_CURVES[kind]))


def load_signature_key(kind: str, pem: bytes, where: str = "") -> SignatureKey:
    loaded = serialization.load_pem_private_key(pem, None)
    if not isinstance(loaded, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        raise CryptoError(f"{where}neither an RSA nor an EC key")
    if (kind == "rsa") != isinstance(loaded, rsa.RSAPrivateKey):
        raise CryptoError(f"{where}no key for {kind}")
    return _signature_key(kind, loaded)


def signature_pem(key: SignatureKey) -> str:
    """The private key as `load_signature_key` reads it."""
    return key.private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _signature_key(
    kind: str, private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
) -> SignatureKey:
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return SignatureKey(kind, private, public, private.key_size)


def parse_cipher_words(text: str) -> tuple[str, int]:
    """`aes`, `aes 256`, `aes-256`, `3des`, `des` as cipher name and key bits; `aes` alone is 128."""
    match = re.fullmatch(r"aes(?:[ -]?(128|192|256))?", text)
    if match:
        return "aes", int(match.group(1) or 128)
    if text in ("3des", "des"):
        return text, 0
    raise CryptoError(f"unknown cipher '{text}'")
