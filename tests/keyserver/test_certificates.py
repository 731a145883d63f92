# SPDX-License-Identifier: GPL-2.0-or-later
"""Signatures with certificates, and Aggressive Mode."""
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

import pki
from ks import config, ids
from ks.faults import FaultSet
from ks.keys import skeyid_signature
from ks.numbers import IdType, Pay
from ks.server import KeyServer
from ks.session import Context
from ks.trustpoint import der, sign
from ks.crypto import load_signature_key
from ks.wire import Chain, Payload, WireError
from member import Member, NoAnswer, Suite
from support import Lab, Recorder, lab_data

METHODS = {"rsa-sig": 3, "ecdsa-256": 9, "ecdsa-384": 10, "ecdsa-521": 11}
KEYS = {"rsa-sig": ("rsa", 1024), "ecdsa-256": ("ec", 256), "ecdsa-384": ("ec", 384)}
KEYS |= {"ecdsa-521": ("ec", 521)}


class SignatureMember(Member):
    """A member with a certificate, which judges the key server by octets alone."""

    key: pki.Key
    chain: list[x509.Certificate]
    shown: list[x509.Certificate]
    digest_info = False

    def skeyid(self, suite: Suite, ni: bytes, nr: bytes, gxy: bytes) -> bytes:
        return skeyid_signature(suite.hash, ni, nr, gxy)

    def proof(self, suite: Suite, value: bytes) -> list[Payload]:
        kind = "rsa" if isinstance(self.key, rsa.RSAPrivateKey) else "ecdsa"
        key = load_signature_key(kind, pki.key_pem(self.key))
        sent = [Payload(Pay.CERT, b"\x04" + der(one)) for one in self.chain]
        return [*sent, Payload(Pay.SIG, sign(key, suite.proof_hash, value))]

    def judge(self, suite: Suite, chain: Chain, value: bytes) -> None:
        bodies = [body[1:] for body in chain.all(Pay.CERT)]
        self.shown = [x509.load_der_x509_certificate(body) for body in bodies]
        if not self.shown:
            raise WireError("no CERT")
        public, signature = self.shown[0].public_key(), chain.need(Pay.SIG)
        algorithm = {4: hashes.SHA256(), 5: hashes.SHA384(), 6: hashes.SHA512()}[suite.proof_hash]
        if isinstance(public, ec.EllipticCurvePublicKey):
            half = len(signature) // 2
            r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
            encoded = utils.encode_dss_signature(r, s)
            public.verify(encoded, value, ec.ECDSA(utils.Prehashed(algorithm)))
            return
        assert isinstance(public, rsa.RSAPublicKey)
        # What comes out of the padding must be the hash itself (RFC 2409 5.1).
        if self.digest_info:
            public.verify(signature, value, padding.PKCS1v15(), utils.Prehashed(algorithm))
        elif public.recover_data_from_signature(signature, padding.PKCS1v15(), None) != value:
            raise WireError("SIG_R is over something else")


class CertificateLab:
    """A key server with a trustpoint `ks`, and others for its faults."""

    def __init__(self, words: str = "rsa-sig", **isakmp: Any) -> None:
        self.words, (kind, bits) = words, KEYS[words]
        self.root = pki.Authority("Lab root", pki.new_key("ec"))
        self.below = pki.Authority("Lab CA", pki.new_key("ec"), self.root)
        self.key = pki.new_key(kind, bits)
        self.log, self.faults = Recorder(), FaultSet()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "ca.pem").write_bytes(pki.pem(self.root.certificate))
            points = [self.point(folder, "ks"), self.point(folder, "other")]
            data = lab_data()
            policy = {"priority": 10, "encryption": "aes 256", "hash": "sha256", "group": 2}
            policy["authentication"] = "rsa-sig" if words == "rsa-sig" else "ecdsa-sig"
            data["isakmp"] |= {"policy": [policy], "trustpoint": points} | isakmp
            self.server = KeyServer(Context(config.parse(data, folder), self.faults, self.log), 0.0)

    def point(self, folder: Path, file: str) -> dict[str, Any]:
        key = pki.new_key(*KEYS[self.words])
        chain = [self.below.issue(file, key, ["10.0.0.5"]), self.below.certificate]
        pki.write(folder, file, chain, key)
        names = {"certificate": f"{file}.pem", "private-key": f"{file}.key"}
        return {"name": file, "ca": ["ca.pem"]} | names

    def member(self, **how: Any) -> SignatureMember:
        def wire(datagram: bytes) -> list[bytes]:
            address = ids.ip_address("10.0.0.5")
            return [o.data for o in self.server.receive(datagram, ("172.16.1.2", 848), address, 0)]

        out = SignatureMember(wire, suites=(Suite(method=METHODS[self.words], **how),))
        out.key = self.key
        out.chain = [self.below.issue("gm", self.key, ["172.16.1.2"]), self.below.certificate]
        return out

    def fault(self, name: str, **parameters: Any) -> None:
        Lab.fault(self, name, **parameters)  # type: ignore[arg-type]

    def logged(self, part: str) -> bool:
        return any(part in line for line in self.log.lines)


class SignatureTest(unittest.TestCase):
    def test_each_method_in_both_modes(self) -> None:
        for words in METHODS:
            lab = CertificateLab(words)
            member = lab.member()
            member.establish()
            self.assertTrue(lab.logged(f"Main Mode, method {METHODS[words]}"), words)
            self.assertEqual([one.subject.rfc4514_string() for one in member.shown],
                             ["CN=ks,O=Lab", "CN=Lab CA,O=Lab"])
            for encrypt in (True, False):
                member = lab.member()
                member.establish_aggressive(encrypt)
                self.assertTrue(lab.logged("Aggressive Mode"))
                member.register()

    def test_the_keys_of_the_session_are_good(self) -> None:
        member = CertificateLab().member()
        self.assertTrue(member.register().sats())

    def test_it_asks_for_certificates_of_its_ca(self) -> None:
        lab = CertificateLab()
        member = lab.member()
        member.establish()
        self.assertEqual(member.requests, [b"\x04" + lab.root.subject.public_bytes()])
        for words, requests in (("empty", [b"\x04"]), ("none", [])):
            member = CertificateLab(**{"certificate-request": words}).member()
            member.establish()
            self.assertEqual(member.requests, requests)

    def test_the_identity_may_be_the_subject(self) -> None:
        lab = CertificateLab(identity="dn")
        member = lab.member()
        member.establish()
        self.assertTrue(member.shown)


class RefusalTest(unittest.TestCase):
    def refused(self, lab: CertificateLab, member: SignatureMember, why: str) -> None:
        with self.assertRaises(NoAnswer):
            member.establish()
        self.assertTrue(lab.logged(why), lab.log.lines)

    def test_a_member_without_certificate(self) -> None:
        lab = CertificateLab()
        member = lab.member()
        member.chain = []
        self.refused(lab, member, "sent no certificate")

    def test_a_member_of_another_ca(self) -> None:
        lab = CertificateLab()
        member = lab.member()
        stranger = pki.Authority("Lab CA", pki.new_key("ec"))
        member.chain = [stranger.issue("gm", member.key, ["172.16.1.2"])]
        self.refused(lab, member, "no path from CN=gm,O=Lab")

    def test_a_member_whose_certificate_has_expired(self) -> None:
        lab = CertificateLab()
        member = lab.member()
        times = {"since": -9 * pki.DAY, "until": -pki.DAY}
        member.chain[0] = lab.below.issue("gm", member.key, ["172.16.1.2"], **times)
        self.refused(lab, member, "is not valid now")

    def test_a_member_with_the_certificate_of_another(self) -> None:
        lab = CertificateLab()
        member = lab.member()
        member.key = pki.new_key(*KEYS["rsa-sig"])
        self.refused(lab, member, "SIG_I does not verify")

    def test_an_identity_that_the_certificate_has_not(self) -> None:
        lab = CertificateLab()
        member = lab.member()
        member.identity = ids.Identity(IdType.FQDN, b"other.example")
        self.refused(lab, member, "does not vouch for other.example")


class FaultTest(unittest.TestCase):
    def test_what_the_faults_send(self) -> None:
        lab = CertificateLab()
        lab.fault("trustpoint", use="other")
        member = lab.member()
        member.establish()
        self.assertEqual(member.shown[0].subject.rfc4514_string(), "CN=other,O=Lab")
        lab.fault("digest-info")
        member = lab.member()
        member.digest_info = True
        member.establish()
        lab.fault("too-many-certs", certificates=9)
        member = lab.member()
        member.establish()
        self.assertEqual(len(member.shown), 9)

    def test_what_makes_the_proof_bad(self) -> None:
        lab = CertificateLab()
        for fault, error in (("no-cert", WireError), ("bad-signature", (WireError, InvalidSignature)),
                             ("wrong-cert", (WireError, InvalidSignature))):
            lab.fault(fault, use="other")
            with self.assertRaises(error):
                lab.member().establish()


class AggressivePskTest(unittest.TestCase):
    def test_a_registration_by_it(self) -> None:
        lab = Lab()
        member = lab.member()
        member.establish_aggressive()
        self.assertTrue(member.register().sats())
        self.assertTrue(lab.logged("Aggressive Mode, method 1"))

    def test_the_key_of_an_identity(self) -> None:
        keys = [{"secret": "ITS-OWN", "identity": "fqdn:gm1.lab.example"},
                {"secret": "SUPERSECRET", "address": "any"}]
        lab = Lab(lambda data: data["isakmp"].update(key=keys))
        member = lab.member(psk=b"ITS-OWN")
        member.identity = ids.Identity(IdType.FQDN, b"gm1.lab.example")
        member.establish_aggressive()
        self.assertTrue(lab.logged("Id: gm1.lab.example"))

    def test_a_wrong_key_is_no_session(self) -> None:
        lab = Lab()
        member = lab.member(psk=b"WRONG")
        with self.assertRaisesRegex(WireError, "HASH_R"):
            member.establish_aggressive()

    def test_a_mode_that_is_switched_off(self) -> None:
        lab = Lab(lambda data: data["isakmp"].update(modes=["main"]))
        with self.assertRaisesRegex(WireError, "notification 7"):
            lab.member().establish_aggressive()


if __name__ == "__main__":
    unittest.main()
