# SPDX-License-Identifier: GPL-2.0-or-later
"""GROUPKEY-PUSH messages: octets, ciphers, signatures, numbers, contents."""
from __future__ import annotations

import unittest
from typing import Any
from unittest import mock

from cryptography.hazmat.primitives.asymmetric import rsa

from ks import push, signing
from ks.crypto import cipher, signature_key
from ks.faults import FaultSet
from ks.key_material import Kek
from ks.numbers import KdType, KekAttr, Pay
from ks.wire import Payload, parse_chain
from member import Registration, attribute
from rekey_member import RekeyMember
from support import Lab, rekey_option, vectors


def with_format(**options: Any) -> Lab:
    def change(data: dict[str, Any]) -> None:
        named = {key.replace("_", "-"): value for key, value in options.items()}
        data["group"][0]["format"] = named

    return Lab(change)


def spis(got: Registration | None) -> list[int]:
    assert got is not None
    return sorted({sat.spi for sat in got.sats()})


class OctetTest(unittest.TestCase):
    def test_recorded_pushes_are_built_octet_for_octet(self) -> None:
        v = vectors("pull-kek-push.txt")
        key = signature_key("rsa", 1024)
        kek = Kek(v["kek_spi"], v["kek_iv"], v["kek_key"], 0, 0, 0, key)
        for name in ("push1", "push2"):
            wrap = push.Envelope(kek, cipher("3des"), "sha", digest_info=False)
            chain = parse_chain(v[f"{name}_plain"], Pay.SEQ, padded=True)
            before = [payload for payload in chain.payloads if payload.type != Pay.SIG]
            with mock.patch.object(signing, "sign", return_value=v[f"{name}_sig"]) as signed:
                built = push.message(wrap, before, FaultSet(), "10.0.224.37")
            self.assertEqual(signed.call_args.args[2], v[f"{name}_signed_octets"])
            self.assertFalse(signed.call_args.args[3])
            self.assertEqual(built, v[f"{name}_wire"])

    def test_a_deletion_has_the_octets_of_the_figures(self) -> None:
        lab = rekey_option()
        member = RekeyMember(lab.member().register())
        lab.command("delete", delete="everything")
        (out,) = lab.server.take_outgoing()
        kek = member.keks[0]
        self.assertEqual(out.data[:16], kek.spi)
        self.assertEqual(out.data[16:24].hex(), "1210210100000000")
        plain = kek.cipher.decrypt(kek.key, kek.iv, out.data[28:])
        # SEQ 1; D of all ESP SPIs; D of all KEKs; SIG of 128 octets.
        want = "0c000008" "00000001" "0c000010" "00000002" "01040001" "00000000"
        want += "0900001c" "00000002" "00100001" + "00" * 16 + "00000084"
        self.assertEqual(plain[: len(want) // 2].hex(), want)

    def test_the_raw_hash_is_padded_as_type_1_without_digest_info(self) -> None:
        key = signature_key("rsa", 1024)
        assert isinstance(key.private, rsa.RSAPrivateKey)
        signature = signing.sign(key, "sha", b"abc", digest_info=False)
        numbers = key.private.private_numbers().public_numbers
        block = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n).to_bytes(128, "big")
        # FIPS 180 gives the SHA-1 of "abc".
        value = "a9993e364706816aba3e25717850c26c9cd0d89d"
        self.assertEqual(block.hex(), "0001" + "ff" * 105 + "00" + value)


class CipherAndSignatureTest(unittest.TestCase):
    def check(self, lab: Lab, header: int = 0) -> None:
        member = RekeyMember(lab.member().register())
        for number in (1, 2):
            self.assertTrue(lab.command("rekey")["ok"])
            (out,) = lab.server.take_outgoing()
            heard = member.receive(out.data)
            self.assertEqual((heard.sequence, heard.signed_header), (number, header))

    def test_every_kek_cipher(self) -> None:
        for words in ("des", "3des", "aes 128", "aes 192", "aes 256"):
            with self.subTest(words):
                self.check(rekey_option(algorithm=words))

    def test_every_signature(self) -> None:
        for kind, hash_name in (
            ("rsa", "md5"),
            ("rsa", "sha"),
            ("rsa", "sha256"),
            ("rsa", "sha384"),
            ("rsa", "sha512"),
            ("rsa", "none"),
            ("ecdsa-256", "none"),
            ("ecdsa-256", "sha256"),
            ("ecdsa-384", "none"),
            ("ecdsa-521", "sha512"),
        ):
            with self.subTest(kind=kind, hash=hash_name):
                self.check(rekey_option(authentication=kind, sig_hash=hash_name))

    def test_signed_header_variants_and_digest_info(self) -> None:
        names = ("unpadded", "received", "unpadded-clear", "received-clear")
        for number, name in enumerate(names):
            for info in (True, False):
                with self.subTest(name, info=info):
                    self.check(with_format(sig_header=name, sig_digestinfo=info), number)


class ContentTest(unittest.TestCase):
    def setUp(self) -> None:
        self.lab = rekey_option()
        self.got = self.lab.member().register()
        self.member = RekeyMember(self.got)

    def rekey(self, command: str = "rekey", **options: Any) -> Any:
        reply = self.lab.command(command, **options)
        self.assertTrue(reply["ok"], reply)
        (out,) = self.lab.server.take_outgoing()
        return self.member.receive(out.data)

    def test_a_rekey_brings_the_complete_policy_oldest_tek_first(self) -> None:
        heard = self.rekey()
        self.assertEqual(heard.types, [Pay.SEQ, Pay.SA, Pay.KD, Pay.SIG])
        old = self.got.sats()[0].spi
        new = [sat.spi for sat in heard.got.sats()]
        self.assertEqual(new[0], old)
        self.assertEqual(len(new), 4)
        self.assertEqual(len(set(new)), 2)
        self.assertIsNone(heard.got.sak())

    def test_only_new_teks_when_asked(self) -> None:
        heard = self.rekey(content="new-only")
        self.assertEqual(len(spis(heard.got)), 1)
        self.assertNotIn(self.got.sats()[0].spi, spis(heard.got))
        self.assertEqual(len(heard.got.keys(KdType.TEK)), 1)

    def test_new_only_can_be_configured(self) -> None:
        lab = rekey_option(push_content="new-only")
        member = RekeyMember(lab.member().register())
        lab.command("new-tek")
        (out,) = lab.after(1)
        self.assertEqual(len(spis(member.receive(out.data).got)), 1)

    def test_a_kek_travels_under_the_old_one_and_starts_at_1(self) -> None:
        self.rekey()
        heard = self.rekey(kek="new", tek="same")
        self.assertEqual(heard.sequence, 2)
        self.assertEqual(heard.kek, self.member.keks[0])
        sak = heard.got.sak()
        (packet,) = heard.got.keys(KdType.KEK)
        self.assertEqual(sak.spi, packet.spi)
        self.assertNotEqual(sak.spi, self.member.keks[0].spi)
        after = self.rekey()
        self.assertEqual((after.kek.spi, after.sequence), (sak.spi, 1))
        status = self.lab.status()
        self.assertEqual(status["kek"]["sequence"], 1)
        self.assertEqual(status["previous-kek"]["sequence"], 2)

    def test_the_current_kek_can_come_again(self) -> None:
        heard = self.rekey(kek="again")
        self.assertEqual(heard.got.sak().spi, self.member.keks[0].spi)

    def test_a_new_signature_key_comes_with_a_kek_and_signs_what_follows(self) -> None:
        for choice, changes in (("new", True), ("same", False)):
            heard = self.rekey(kek="new", signature=choice)
            old, new = self.member.keks[-2:]
            self.assertEqual(heard.kek, old)
            self.assertEqual(old.public != new.public, changes)
            self.assertEqual(self.rekey().kek, new)

    def test_the_sak_names_the_member_or_the_multicast_group(self) -> None:
        heard = self.rekey(kek="new")
        self.assertEqual(str(heard.got.sak().destination), "172.16.1.2:848")

    def test_a_list_is_replaced_and_pushed(self) -> None:
        heard = self.rekey(list=["permit ip any any"], tek="same")
        self.assertEqual(len(heard.got.sats()), 1)
        self.assertEqual(heard.got.sats()[0].spi, self.got.sats()[0].spi)

    def test_deletions_come_in_front_of_the_policy(self) -> None:
        old = self.got.sats()[0].spi
        heard = self.rekey(delete=[f"0x{old:08X}"])
        self.assertEqual(heard.types, [Pay.SEQ, Pay.D, Pay.SA, Pay.KD, Pay.SIG])
        (deletion,) = heard.deletions
        self.assertEqual((deletion.doi, deletion.protocol), (2, 1))
        self.assertEqual(deletion.spis, [old.to_bytes(4, "big")])
        self.assertNotIn(old, spis(heard.got))
        self.assertEqual(len(self.lab.member().register().keys(KdType.TEK)), 1)

    def test_the_kek_is_deleted_by_its_spi_as_protocol_0(self) -> None:
        heard = self.rekey("delete", delete="kek")
        self.assertEqual(heard.types, [Pay.SEQ, Pay.D, Pay.SIG])
        (deletion,) = heard.deletions
        self.assertEqual((deletion.protocol, deletion.spis), (0, [self.member.keks[0].spi]))
        self.assertNotEqual(RekeyMember(self.lab.member().register()).keks[0].spi, deletion.spis[0])

    def test_what_was_deleted_is_not_pushed_again(self) -> None:
        self.rekey("delete", delete="everything")
        self.assertEqual(self.lab.after(1), [])
        again = self.lab.member().register()
        self.assertFalse(set(spis(again)) & set(spis(self.got)))

    def test_a_number_can_be_forced(self) -> None:
        self.assertEqual(self.rekey(sequence=40).sequence, 40)
        self.assertEqual(self.rekey().sequence, 41)
        self.lab.command("rekey", sequence=5)
        (out,) = self.lab.server.take_outgoing()
        with self.assertRaisesRegex(ValueError, "sequence 5 after 41"):
            self.member.receive(out.data)
        self.assertEqual(self.rekey().sequence, 42)

    def test_the_configured_start_is_the_last_number_used(self) -> None:
        lab = rekey_option(sequence=7)
        got = lab.member().register()
        self.assertEqual(got.sequence, 7)
        lab.command("rekey")
        (out,) = lab.server.take_outgoing()
        self.assertEqual(RekeyMember(got).receive(out.data).sequence, 8)

    def test_a_registration_tells_the_last_number(self) -> None:
        self.rekey()
        self.rekey()
        self.assertEqual(self.lab.member().register().sequence, 2)

    def test_delays_are_pushed_as_configured(self) -> None:
        def change(data: dict[str, Any]) -> None:
            data["group"][0] |= {"activation-time-delay": 7, "deactivation-time-delay": 30}

        lab = Lab(change)
        member = RekeyMember(lab.member().register())
        lab.command("rekey")
        (out,) = lab.server.take_outgoing()
        heard = member.receive(out.data).got
        assert heard is not None
        bodies = [p.body for p in heard.sa.attribute_payloads if p.type == Pay.GAP]
        self.assertEqual([b.hex() for b in bodies], ["80010007" "8002001e"])

    def test_acknowledgement_is_asked_for_in_the_sak(self) -> None:
        for kind in (1, 2, 3, 4):
            lab = rekey_option(acknowledgement=kind)
            member = RekeyMember(lab.member().register())
            lab.command("rekey", kek="new")
            (out,) = lab.server.take_outgoing()
            heard = member.receive(out.data).got
            assert heard is not None
            sak = heard.sak()
            assert sak is not None
            self.assertEqual(attribute(sak.attributes, KekAttr.ACK_REQUESTED), kind)

    def test_bad_orders_are_refused_and_change_nothing(self) -> None:
        before = self.lab.status()
        for order in (
            {"tek": "old"},
            {"kek": "old"},
            {"delete": "some"},
            {"list": ["permit nothing"]},
            {"sequence": -1},
            {"unknown": 1},
        ):
            with self.subTest(order):
                self.assertFalse(self.lab.command("rekey", **order)["ok"])
        self.assertEqual(self.lab.server.take_outgoing(), [])
        self.assertEqual(self.lab.status(), before)

    def test_without_a_kek_there_is_nothing_to_push(self) -> None:
        lab = Lab(lambda data: data["group"][0].pop("rekey"))
        self.assertIn("no rekey", lab.command("rekey")["error"])

    def test_a_push_that_fits_no_datagram_is_logged(self) -> None:
        wrap = push.envelope(self.lab.server.groups[0], self.lab.server.groups[0].kek)
        with self.assertRaisesRegex(ValueError, "PUSH of"):
            push.message(wrap, [Payload(Pay.SEQ, bytes(65500))], FaultSet(), "a")


if __name__ == "__main__":
    unittest.main()
