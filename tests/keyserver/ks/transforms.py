# SPDX-License-Identifier: GPL-2.0-or-later
"""ESP and AH transforms in the words of `crypto ipsec transform-set` (RFC 2407 4.4.4, 4.4.5, 4.5)."""
from __future__ import annotations

from dataclasses import dataclass

from .numbers import GDOI_PROTO_AH, GDOI_PROTO_ESP


class TransformError(ValueError):
    """A transform set that is not understood; the text quotes the word."""


@dataclass(frozen=True)
class TransformSet:
    """What a SAT says about the algorithms and how long the keys in the KD are."""

    name: str
    words: str
    protocol: int
    transform: int
    authentication: int | None  # value of the Authentication Algorithm attribute
    key_bits: int | None  # value of the Key Length attribute
    cipher_octets: int  # TEK_ALGORITHM_KEY, salt included; 0 = none
    integrity_octets: int  # TEK_INTEGRITY_KEY; 0 = none
    counter_mode: bool
    mode: str


@dataclass(frozen=True)
class _Cipher:
    transform: int
    sizes: tuple[int, ...]  # key sizes in bits; () for a fixed one
    fixed_octets: int = 0
    salt_octets: int = 0  # RFC 3686, 4106, 4309, 4543
    counter: bool = False


AES = (128, 192, 256)
CIPHERS = {
    "esp-des": _Cipher(2, (), 8),
    "esp-3des": _Cipher(3, (), 24),
    "esp-null": _Cipher(11, ()),
    "esp-aes": _Cipher(12, AES),
    "esp-aes-ctr": _Cipher(13, AES, 0, 4, True),
    "esp-ccm-8": _Cipher(14, AES, 0, 3, True),
    "esp-ccm-12": _Cipher(15, AES, 0, 3, True),
    "esp-ccm-16": _Cipher(16, AES, 0, 3, True),
    "esp-gcm-8": _Cipher(18, AES, 0, 4, True),
    "esp-gcm-12": _Cipher(19, AES, 0, 4, True),
    "esp-gcm": _Cipher(20, AES, 0, 4, True),
    "esp-camellia": _Cipher(22, AES),
    "esp-gmac": _Cipher(23, AES, 0, 4, True),
}
COMBINED = ("esp-ccm-8", "esp-ccm-12", "esp-ccm-16", "esp-gcm-8", "esp-gcm-12", "esp-gcm")

# Word, Authentication Algorithm number, key octets (RFC 6407 5.6.1.2).
ESP_AUTH = {
    "esp-md5-hmac": (1, 16),
    "esp-sha-hmac": (2, 20),
    "esp-sha256-hmac": (5, 32),
    "esp-sha384-hmac": (6, 48),
    "esp-sha512-hmac": (7, 64),
    "esp-aes-xcbc-mac": (9, 16),
}

# Word, AH transform ID, Authentication Algorithm number, key octets.
AH_AUTH = {
    "ah-md5-hmac": (2, 1, 16),
    "ah-sha-hmac": (3, 2, 20),
    "ah-sha256-hmac": (5, 5, 32),
    "ah-sha384-hmac": (6, 6, 48),
    "ah-sha512-hmac": (7, 7, 64),
    "ah-aes-xcbc-mac": (9, 9, 16),
}


def parse(name: str, words: str, mode: str) -> TransformSet:
    """A set such as `esp-aes 256 esp-sha256-hmac`."""
    parts = words.split()
    if parts and parts[0] in AH_AUTH:
        return _ah(name, words, parts, mode)
    if not parts or parts[0] not in CIPHERS:
        raise TransformError(f"transform set {name}: '{parts[0] if parts else ''}' is unknown")
    entry = CIPHERS[parts[0]]
    bits = _bits(name, entry, parts)
    auth, auth_octets = None, 0
    if len(parts) > 1:
        if len(parts) > 2 or parts[1] not in ESP_AUTH:
            raise TransformError(f"transform set {name}: '{' '.join(parts[1:])}' is unknown")
        auth, auth_octets = ESP_AUTH[parts[1]]
    if auth is not None and (parts[0] in COMBINED or parts[0] == "esp-gmac"):
        raise TransformError(f"transform set {name}: {parts[0]} authenticates by itself")
    octets = bits // 8 + entry.salt_octets if bits else entry.fixed_octets
    numbers = (GDOI_PROTO_ESP, entry.transform, auth, bits)
    return TransformSet(name, words, *numbers, octets, auth_octets, entry.counter, mode)


def _bits(name: str, entry: _Cipher, parts: list[str]) -> int | None:
    """The key size, taken out of the words; 128 when an AES transform names none."""
    if not entry.sizes:
        return None
    if len(parts) < 2 or not parts[1].isdigit():
        return 128
    bits = int(parts.pop(1))
    if bits not in entry.sizes:
        raise TransformError(f"transform set {name}: key of {bits} bits")
    return bits


def _ah(name: str, words: str, parts: list[str], mode: str) -> TransformSet:
    if len(parts) != 1:
        raise TransformError(f"transform set {name}: '{' '.join(parts[1:])}' is unknown")
    transform, auth, octets = AH_AUTH[parts[0]]
    return TransformSet(name, words, GDOI_PROTO_AH, transform, auth, None, 0, octets, False, mode)
