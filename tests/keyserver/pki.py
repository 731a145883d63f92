#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A laboratory CA: certificates, keys and revocation lists for tests.

usage: pki.py FOLDER [BITS]     BITS of the RSA keys, 2048 unless given

writes a set that scenarios use, for RSA ("rsa") and ECDSA P-256 ("ec") alike: NAME.pem is the
certificate and its intermediate CA, NAME.key the private key.

    ca.pem crl.pem            the root, and a current list of each CA below and with it
    crl-ks.pem                the same lists, but that the key servers are revoked, too
    rsa-ks ec-ks              the key server 10.0.0.5, fqdn ks.lab.example, O=Lab, CN=ks
    rsa-gm1 ec-gm1 rsa-gm2 ec-gm2   members
    rsa-revoked ec-revoked    another key server's, which crl.pem revokes
    rsa-expired ec-expired    one whose time is over
    rsa-foreign ec-foreign    the key server's names, of a CA nobody knows
"""
from __future__ import annotations

import sys
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
DAY = timedelta(days=1)
CURVES = {256: ec.SECP256R1(), 384: ec.SECP384R1(), 521: ec.SECP521R1()}


def new_key(kind: str = "rsa", bits: int = 2048) -> Key:
    if kind == "rsa":
        return rsa.generate_private_key(65537, bits)
    return ec.generate_private_key(CURVES[bits if bits in CURVES else 256])


def name(common: str) -> x509.Name:
    parts = [(NameOID.ORGANIZATION_NAME, "Lab"), (NameOID.COMMON_NAME, common)]
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])


def alternative(text: str) -> x509.GeneralName:
    """An address, NAME@DOMAIN or a DNS name."""
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.RFC822Name(text) if "@" in text else x509.DNSName(text)


def pem(certificate: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key: Key, passphrase: bytes | None = None) -> bytes:
    how: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        how = serialization.BestAvailableEncryption(passphrase)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, how)


class Authority:
    """A CA: a root of its own, or one below `parent`."""

    def __init__(self, common: str, key: Key, parent: Authority | None = None) -> None:
        self.key, self.parent = key, parent
        self.subject = name(common)
        self.certificate = (parent or self)._sign(self.subject, key, [], authority=True)

    def issue(
        self,
        common: str,
        key: Key,
        names: list[str],
        since: timedelta = -DAY,
        until: timedelta = 365 * DAY,
        signs: bool = True,
    ) -> x509.Certificate:
        """A certificate for CN=common with these subjectAltNames; instants are relative to now."""
        return self._sign(name(common), key, names, since, until, signs=signs)

    def _sign(
        self,
        subject: x509.Name,
        key: Key,
        names: list[str],
        since: timedelta = -2 * DAY,
        until: timedelta = 3650 * DAY,
        authority: bool = False,
        signs: bool = True,
    ) -> x509.Certificate:
        now = datetime.utcnow()
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + since)
            .not_valid_after(now + until)
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
            .add_extension(usage(authority, signs), critical=True)
        )
        if names:
            several = x509.SubjectAlternativeName([alternative(text) for text in names])
            builder = builder.add_extension(several, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def crl(
        self,
        revoked: list[x509.Certificate],
        since: timedelta = -DAY,
        until: timedelta = 30 * DAY,
    ) -> x509.CertificateRevocationList:
        now = datetime.utcnow()
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.subject)
        builder = builder.last_update(now + since).next_update(now + until)
        for certificate in revoked:
            one = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number)
            builder = builder.add_revoked_certificate(one.revocation_date(now - DAY).build())
        return builder.sign(self.key, hashes.SHA256())


def usage(authority: bool, signs: bool) -> x509.KeyUsage:
    """For a CA: certificates and CRLs; else signatures, or only to encrypt keys."""
    return x509.KeyUsage(
        digital_signature=not authority and signs,
        key_encipherment=not authority and not signs,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def write(folder: Path, file: str, chain: list[x509.Certificate], key: Key) -> None:
    (folder / f"{file}.pem").write_bytes(b"".join(pem(one) for one in chain))
    path = folder / f"{file}.key"
    path.touch(0o600)
    path.write_bytes(key_pem(key))


def main(folder: Path, bits: int = 2048) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    root = Authority("Lab root", new_key("ec"))
    below = Authority("Lab CA", new_key("ec"), root)
    foreign = Authority("Foreign root", new_key("ec"))
    server = ["10.0.0.5", "ks.lab.example"]
    revoked, servers = [], []
    for kind in ("rsa", "ec"):
        made = {
            "ks": (below, "ks", server, {}),
            "gm1": (below, "gm1", ["172.16.1.2", "gm1.lab.example"], {}),
            "gm2": (below, "gm2", ["172.16.2.2", "gm2.lab.example"], {}),
            "revoked": (below, "ks", server, {}),
            "expired": (below, "ks", server, {"since": -9 * DAY, "until": -DAY}),
            "foreign": (foreign, "ks", server, {}),
        }
        for file, (issuer, common, names, times) in made.items():
            key = new_key(kind, bits)
            certificate = issuer.issue(common, key, names, **times)
            chain = [certificate] if issuer is foreign else [certificate, below.certificate]
            write(folder, f"{kind}-{file}", chain, key)
            revoked += [certificate] if file == "revoked" else []
            servers += [certificate] if file == "ks" else []
    (folder / "ca.pem").write_bytes(pem(root.certificate))
    (folder / "crl.pem").write_bytes(pem(root.crl([])) + pem(below.crl(revoked)))
    (folder / "crl-ks.pem").write_bytes(pem(root.crl([])) + pem(below.crl(revoked + servers)))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
