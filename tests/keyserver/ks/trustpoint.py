# SPDX-License-Identifier: GPL-2.0-or-later
"""`crypto pki trustpoint`: a certificate with its key, the CAs that members must come from, and
the signatures of phase 1 (RFC 2409 5.1, RFC 4754, RFC 4945)."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from . import ids, signing
from .crypto import HASHES, CryptoError, SignatureKey, load_signature_key
from .numbers import AUTH_ECDSA, AUTH_RSA, IdType

X509_SIGNATURE = 4  # RFC 2408 3.9
DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),
    "sha1": hashes.SHA1(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


@dataclass(frozen=True)
class Trustpoint:
    """`chain` is ours first, then intermediate ones; `cas` is empty when every member will do."""

    name: str
    key: SignatureKey
    chain: tuple[x509.Certificate, ...]
    cas: tuple[x509.Certificate, ...]

    @property
    def method(self) -> int:
        """The Authentication Method of RFC 2409 App A or RFC 4754 6."""
        return method_of(self.chain[0])

    def certificates(self) -> list[bytes]:
        return [der(certificate) for certificate in self.chain]

    def subject(self) -> bytes:
        return self.chain[0].subject.public_bytes()


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def method_of(certificate: x509.Certificate) -> int:
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return AUTH_RSA
    if isinstance(public, ec.EllipticCurvePublicKey) and public.key_size in AUTH_ECDSA:
        return AUTH_ECDSA[public.key_size]
    raise CryptoError("certificate with a key for no authentication method")


def read_pem(path: Path) -> tuple[x509.Certificate, ...]:
    """All certificates of a file, in its order."""
    mark = b"-----END CERTIFICATE-----"
    blocks = [block + mark for block in path.read_bytes().split(mark)[:-1]]
    return tuple(x509.load_pem_x509_certificate(block) for block in blocks)


def load(name: str, certificate: Path, key: Path, cas: list[Path]) -> Trustpoint:
    chain = read_pem(certificate)
    if not chain:
        raise CryptoError(f"{certificate}: no certificate")
    kind = "rsa" if method_of(chain[0]) == AUTH_RSA else "ecdsa"
    authorities = tuple(one for path in cas for one in read_pem(path))
    private = load_signature_key(kind, key.read_bytes(), f"{key}: ")
    return Trustpoint(name, private, chain, authorities)


def sign(key: SignatureKey, hash_: int, value: bytes, digest_info: bool = False) -> bytes:
    """SIG over HASH: RFC 2409 5.1 wants RSA without DigestInfo; ECDSA is r | s."""
    prehashed = utils.Prehashed(DIGESTS[HASHES[hash_]])
    if isinstance(key.private, rsa.RSAPrivateKey):
        if digest_info:
            return key.private.sign(value, padding.PKCS1v15(), prehashed)
        return signing.raw_rsa(key.private, value)
    r, s = utils.decode_dss_signature(key.private.sign(value, ec.ECDSA(prehashed)))
    size = signing.length(key) // 2
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def verifies(certificate: x509.Certificate, hash_: int, value: bytes, signature: bytes) -> bool:
    """Whether SIG is right; no DigestInfo is accepted here."""
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        size, numbers = (public.key_size + 7) // 8, public.public_numbers()
        block = b"\x00\x01" + b"\xff" * (size - 3 - len(value)) + b"\x00" + value
        found = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n)
        return len(signature) == size and found == int.from_bytes(block, "big")
    assert isinstance(public, ec.EllipticCurvePublicKey)
    size = (public.key_size + 7) // 8
    if len(signature) != 2 * size:
        return False
    r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    prehashed = utils.Prehashed(DIGESTS[HASHES[hash_]])
    try:
        public.verify(utils.encode_dss_signature(r, s), value, ec.ECDSA(prehashed))
    except InvalidSignature:
        return False
    return True


def issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    if issuer.subject != certificate.issuer or certificate.signature_hash_algorithm is None:
        return False
    public, octets = issuer.public_key(), certificate.tbs_certificate_bytes
    algorithm = certificate.signature_hash_algorithm
    try:
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(certificate.signature, octets, padding.PKCS1v15(), algorithm)
        elif isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(certificate.signature, octets, ec.ECDSA(algorithm))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def why_not_trusted(
    trustpoint: Trustpoint, certificates: list[x509.Certificate], when: datetime
) -> str | None:
    """What is wrong with the first certificate; the others may lie between it and a CA."""
    current, path = certificates[0], 0
    while path < 8:
        if not current.not_valid_before <= when <= current.not_valid_after:
            return f"{current.subject.rfc4514_string()} is not valid now"
        if any(issued(ca, current) for ca in trustpoint.cas):
            return None
        above = [one for one in certificates[1:] if issued(one, current)]
        if not above:
            return f"no path from {certificates[0].subject.rfc4514_string()} to our CAs"
        current, path = above[0], path + 1
    return "path too long"


def vouches(certificate: x509.Certificate, identity: ids.Identity) -> bool:
    """RFC 4945 3.1: whether the identity is the subject or among the subjectAltNames."""
    if identity.type == IdType.DER_ASN1_DN:
        return certificate.subject.public_bytes() == identity.data
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    if identity.type == IdType.FQDN:
        return identity.data.decode() in names.get_values_for_type(x509.DNSName)
    if identity.type == IdType.USER_FQDN:
        return identity.data.decode() in names.get_values_for_type(x509.RFC822Name)
    if identity.type in (IdType.IPV4_ADDR, IdType.IPV6_ADDR):
        return ip_address(identity.data) in names.get_values_for_type(x509.IPAddress)
    return False
