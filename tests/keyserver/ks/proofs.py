# SPDX-License-Identifier: GPL-2.0-or-later
"""How phase 1 authenticates: pre-shared keys (RFC 2409 5.4) and signatures (5.1)."""
from __future__ import annotations

from datetime import datetime
from ipaddress import ip_address
from typing import Protocol

from cryptography import x509

from . import faults as f
from . import ids, trustpoint
from .crypto import equal
from .keys import skeyid_psk, skeyid_signature
from .numbers import Pay
from .session import Context, Peer, Refused
from .trustpoint import X509_SIGNATURE, Trustpoint
from .wire import Chain, Payload, WireError


class Proof(Protocol):
    """One method for one negotiation."""

    def skeyid(self, hash_: int, ni: bytes, nr: bytes, gxy: bytes) -> bytes:
        ...

    def requests(self) -> list[Payload]:
        """CR payloads for the member."""

    def check(self, chain: Chain, hash_: int, value: bytes, identity: ids.Identity) -> None:
        """Raises Refused unless the message proves HASH_I."""

    def give(self, hash_: int, value: bytes) -> list[Payload]:
        """What proves HASH_R, beside our ID."""


class PresharedKeyProof:
    """`identity` is the member's where it is known before the key is needed (Aggressive Mode)."""

    def __init__(self, context: Context, peer: Peer, identity: ids.Identity | None) -> None:
        self.context, self.peer, self.identity = context, peer, identity

    def skeyid(self, hash_: int, ni: bytes, nr: bytes, gxy: bytes) -> bytes:
        return skeyid_psk(hash_, self._secret(), ni, nr)

    def _secret(self) -> bytes:
        """The key of the member's identity or address, else the one for any. RFC 2409 5.4: "the
        key can only be identified by the IP address of the peers" in Main Mode."""
        address, keys = ip_address(self.peer[0]), self.context.config.keys
        found = None
        if told := self.identity:
            same = [k for k in keys if k.identity is not None and k.identity.same(told)]
            found = next(iter(same), None)
        found = found or next((k for k in keys if k.address == address), None)
        found = found or next((k for k in keys if k.address is None and k.identity is None), None)
        if found is None:
            raise Refused(f"no pre-shared key for {self.peer[0]}")
        wrong = self.context.faults.take("wrong-psk", self.peer[0])
        return found.secret + b"?" if wrong else found.secret

    def requests(self) -> list[Payload]:
        return []

    def check(self, chain: Chain, hash_: int, value: bytes, identity: ids.Identity) -> None:
        if not equal(chain.need(Pay.HASH), value):
            raise Refused("HASH_I does not verify, wrong pre-shared key?")

    def give(self, hash_: int, value: bytes) -> list[Payload]:
        return [Payload(Pay.HASH, value)]


class SignatureProof:
    def __init__(self, context: Context, peer: Peer, point: Trustpoint) -> None:
        self.context, self.peer, self.point = context, peer, point

    def skeyid(self, hash_: int, ni: bytes, nr: bytes, gxy: bytes) -> bytes:
        return skeyid_signature(hash_, ni, nr, gxy)

    def requests(self) -> list[Payload]:
        ask = self.context.config.phase1.certificate_request
        names = {
            "ca": [ca.subject.public_bytes() for ca in self.point.cas],
            "empty": [b""],
            "none": [],
        }
        head = bytes([X509_SIGNATURE])
        return [Payload(Pay.CR, head + name) for name in names[ask]]

    def check(self, chain: Chain, hash_: int, value: bytes, identity: ids.Identity) -> None:
        bodies = [body for body in chain.all(Pay.CERT) if body[:1] == bytes([X509_SIGNATURE])]
        if not bodies:
            raise Refused("the member sent no certificate")
        try:
            certificates = [x509.load_der_x509_certificate(body[1:]) for body in bodies]
        except ValueError as error:
            raise WireError(f"CERT: {error}") from None
        if trustpoint.method_of(certificates[0]) != self.point.method:
            raise Refused("the member's certificate is for another method")
        if not trustpoint.verifies(certificates[0], hash_, value, chain.need(Pay.SIG)):
            raise Refused("SIG_I does not verify")
        if why := trustpoint.why_not_trusted(self.point, certificates, datetime.utcnow()):
            raise Refused(f"the member's certificate is not trusted: {why}")
        if not trustpoint.vouches(certificates[0], identity):
            raise Refused(f"the member's certificate does not vouch for {identity}")

    def give(self, hash_: int, value: bytes) -> list[Payload]:
        point, shown = self.point, self.point
        if fault := self._fault("trustpoint"):
            point = shown = self._named(fault)
        if fault := self._fault("wrong-cert"):
            shown = self._named(fault)
        certificates = shown.certificates()
        if self._fault("no-cert"):
            certificates = []
        if fault := self._fault("too-many-certs"):
            certificates = certificates[:1] * fault.number("certificates", 20)
        signature = trustpoint.sign(
            point.key, hash_, value, self._fault("digest-info") is not None
        )
        if self._fault("bad-signature"):
            signature = f.corrupt(signature, -1)
        head = bytes([X509_SIGNATURE])
        sent = [Payload(Pay.CERT, head + certificate) for certificate in certificates]
        return [*sent, Payload(Pay.SIG, signature)]

    def _named(self, fault: f.Fault) -> Trustpoint:
        """The trustpoint that a fault names in `use`."""
        points = {point.name: point for point in self.context.config.trustpoints}
        name = str(fault.parameters.get("use", ""))
        if name not in points:
            raise Refused(f"fault {fault.name}: no trustpoint '{name}'")
        return points[name]

    def _fault(self, name: str) -> f.Fault | None:
        return self.context.faults.take(name, self.peer[0])
