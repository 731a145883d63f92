# SPDX-License-Identifier: GPL-2.0-or-later
"""The signature of a rekey (RFC 6407 5.3.5, 5.3.6)."""
from __future__ import annotations

import hashlib
import math

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from .crypto import SignatureKey

HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "md5": hashes.MD5,
    "sha": hashes.SHA1,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
# RFC 4754 3 binds a hash to each curve; RSA without SIG_HASH_ALGORITHM is taken to mean SHA-1.
IMPLIED = {"rsa": "sha", "ecdsa-256": "sha256", "ecdsa-384": "sha384", "ecdsa-521": "sha512"}


def hash_name(configured: str | None, kind: str) -> str:
    """The hash of a configured name; "none" on the wire leaves it to the kind of signature."""
    return IMPLIED[kind] if configured == "none" else configured or "sha"


def length(key: SignatureKey) -> int:
    """Octets of every signature of this key."""
    octets = (key.bits + 7) // 8
    return octets if isinstance(key.private, rsa.RSAPrivateKey) else 2 * octets


def sign(key: SignatureKey, name: str, octets: bytes, digest_info: bool = True) -> bytes:
    """RSASSA-PKCS1-v1_5, or ECDSA as r | s of fixed length (RFC 4754 7). `digest_info` False
    leaves the name of the hash out of the padded block, as pre-standard key servers do."""
    algorithm = HASHES[name]()
    if isinstance(key.private, rsa.RSAPrivateKey):
        if digest_info:
            return key.private.sign(octets, padding.PKCS1v15(), algorithm)
        return raw_rsa(key.private, hashlib.new(algorithm.name, octets).digest())
    r, s = utils.decode_dss_signature(key.private.sign(octets, ec.ECDSA(algorithm)))
    size = length(key) // 2
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def raw_rsa(private: rsa.RSAPrivateKey, value: bytes) -> bytes:
    """PKCS#1 type 1 padding around the hash itself; with the Chinese remainder theorem, since a
    slow machine signs once a second."""
    numbers = private.private_numbers()
    size = math.ceil(private.key_size / 8)
    block = b"\x00\x01" + b"\xff" * (size - 3 - len(value)) + b"\x00" + value
    message = int.from_bytes(block, "big")
    m1 = pow(message, numbers.dmp1, numbers.p)
    m2 = pow(message, numbers.dmq1, numbers.q)
    result = m2 + numbers.q * (numbers.iqmp * (m1 - m2) % numbers.p)
    return result.to_bytes(size, "big")
