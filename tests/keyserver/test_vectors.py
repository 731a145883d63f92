# SPDX-License-Identifier: GPL-2.0-or-later
"""Exchanges of another implementation, recomputed with the key server's codec."""
from __future__ import annotations

import unittest

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ks import ids, keys, payloads, proposal
from ks.crypto import cipher, digest, prf
from ks.numbers import KdType, Pay
from ks.wire import HEADER_LENGTH, parse_chain, parse_header
from support import vectors

SHA1 = 2
FILES = ("pull-no-kek.txt", "pull-kek-push.txt")


class Exchange:
    """What a vector file says, and the keys derived from it."""

    def __init__(self, name: str) -> None:
        self.v = vectors(name)
        v = self.v
        skeyid = keys.skeyid_psk(SHA1, v["psk_ascii"], v["Ni_b"], v["Nr_b"])
        self.cookies = v["cookie_i"] + v["cookie_r"]
        self.skeyid = keys.derive(SHA1, skeyid, v["g_xy"], self.cookies)
        self.cipher = cipher("3des")
        self.key = keys.cipher_key(self.skeyid, 24)

    def session(self) -> keys.SessionKeys:
        block = self.v["last_phase1_block"]
        return keys.SessionKeys(self.skeyid, self.cipher, self.key, block)


class VectorTest(unittest.TestCase):
    def each(self) -> list[Exchange]:
        return [Exchange(name) for name in FILES]

    def test_skeyids_and_cipher_key_are_the_same(self) -> None:
        for x in self.each():
            derived = (x.skeyid.skeyid, x.skeyid.d, x.skeyid.a, x.skeyid.e, x.key)
            names = ("SKEYID", "SKEYID_d", "SKEYID_a", "SKEYID_e", "phase1_key_3des")
            self.assertEqual(derived, tuple(x.v[name] for name in names))

    def test_messages_5_and_6_decrypt_and_their_hashes_verify(self) -> None:
        for x in self.each():
            v = x.v
            iv = digest(SHA1, v["g_xi"] + v["g_xr"])[:8]
            self.assertEqual(iv, v["phase1_iv"])
            channel = keys.Channel(x.cipher, x.key, iv)
            offer = parse_chain(v["mm1_wire"][HEADER_LENGTH:], Pay.SA).need(Pay.SA)
            back = v["cookie_r"] + v["cookie_i"]
            orders = {
                "mm5": v["g_xi"] + v["g_xr"] + x.cookies,
                "mm6": v["g_xr"] + v["g_xi"] + back,
            }
            for name, order in orders.items():
                wire = v[f"{name}_wire"]
                plain, chain = channel.open(parse_header(wire), wire)
                self.assertEqual(plain, v[f"{name}_plain"])
                value = prf(SHA1, x.skeyid.skeyid, order + offer + chain.need(Pay.ID))
                self.assertEqual(value, chain.need(Pay.HASH), name)
                channel.accept(wire)
            self.assertEqual(channel.iv, v["last_phase1_block"])

    def test_the_offer_of_message_1_is_written_back_octet_for_octet(self) -> None:
        for x in self.each():
            body = parse_chain(x.v["mm1_wire"][HEADER_LENGTH:], Pay.SA).need(Pay.SA)
            offer = proposal.parse_sa(body)
            again = proposal.build_sa(offer.doi, offer.situation, offer.number, offer.transforms)
            self.assertEqual(again, body)

    def test_pull_messages_decrypt_and_hashes_1_to_4_verify(self) -> None:
        for x in self.each():
            channel, nonces = x.session().channel(x.v["pull_msgid"]), b""
            self.assertEqual(channel.iv, x.v["pull_iv"])
            for step in range(1, 5):
                wire = x.v[f"pull{step}_wire"]
                header = parse_header(wire)
                plain, chain = channel.open(header, wire)
                self.assertEqual(plain, x.v[f"pull{step}_plain"])
                self.assertTrue(keys.check_hash(x.session(), header, nonces, plain, chain), step)
                if step <= 2:
                    nonces += chain.need(Pay.NONCE)
                channel.accept(wire)

    def test_pull_messages_are_sealed_octet_for_octet(self) -> None:
        for x in self.each():
            channel, nonces = x.session().channel(x.v["pull_msgid"]), b""
            for step in range(1, 5):
                wire, plain = x.v[f"pull{step}_wire"], x.v[f"pull{step}_plain"]
                header = parse_header(wire)
                rest = parse_chain(plain, Pay.HASH, padded=True).payloads[1:]
                sealed = keys.protect(x.session(), channel, header, nonces, rest)
                self.assertEqual(sealed, wire, step)
                if step <= 2:
                    nonces += next(p.body for p in rest if p.type == Pay.NONCE)

    def test_policy_and_keys_are_read_and_written_back(self) -> None:
        for x in self.each():
            chain = parse_chain(x.v["pull2_plain"], Pay.HASH, padded=True)
            body = chain.need(Pay.SA)
            sa = payloads.parse_sa(body)
            self.assertEqual(payloads.build_sa(sa.attribute_payloads), body)
            for payload in sa.attribute_payloads:
                if payload.type == Pay.SAT:
                    self.assertEqual(payloads.parse_sat(payload.body).pack(), payload.body)
                else:
                    self.assertEqual(payloads.parse_sak(payload.body).pack(), payload.body)
            kd = parse_chain(x.v["pull4_plain"], Pay.HASH, padded=True).need(Pay.KD)
            self.assertEqual(payloads.build_kd(payloads.parse_kd(kd)), kd)

    def test_the_group_is_a_key_id(self) -> None:
        for x in self.each():
            body = parse_chain(x.v["pull1_plain"], Pay.HASH, padded=True).need(Pay.ID)
            self.assertEqual(ids.parse_identity(body), ids.of_group(1234))

    def test_the_kek_packet_holds_iv_key_and_public_key(self) -> None:
        x = Exchange("pull-kek-push.txt")
        kd = parse_chain(x.v["pull4_plain"], Pay.HASH, padded=True).need(Pay.KD)
        packet = next(p for p in payloads.parse_kd(kd) if p.type == KdType.KEK)
        self.assertEqual(packet.spi, x.v["kek_spi"])
        values = [a.value for a in packet.parsed()]
        self.assertEqual(values, [x.v["kek_iv"] + x.v["kek_key"], x.v["sig_pubkey_spki_der"]])

    def test_pushes_decrypt_and_their_signatures_hold(self) -> None:
        v = vectors("pull-kek-push.txt")
        public = load_der_public_key(v["sig_pubkey_spki_der"])
        assert isinstance(public, rsa.RSAPublicKey)
        numbers = public.public_numbers()
        for name in ("push1", "push2"):
            plain = cipher("3des").decrypt(v["kek_key"], v["kek_iv"], v[f"{name}_wire"][28:])
            self.assertEqual(plain, v[f"{name}_plain"])
            chain = parse_chain(plain, Pay.SEQ, padded=True)
            signature = chain.need(Pay.SIG)
            signed = plain[: chain.used - len(signature) - 4]
            length = (28 + chain.used).to_bytes(4, "big")
            octets = b"rekey" + v[f"{name}_wire"][:24] + length + signed
            self.assertEqual(digest(SHA1, octets), v[f"{name}_hash_sha1"])
            size = numbers.n.bit_length() // 8
            em = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n).to_bytes(size, "big")
            self.assertEqual(em, v[f"{name}_sig_em"])
            self.assertTrue(em.endswith(b"\xff\x00" + v[f"{name}_hash_sha1"]))


if __name__ == "__main__":
    unittest.main()
