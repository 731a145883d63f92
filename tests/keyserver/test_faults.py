# SPDX-License-Identifier: GPL-2.0-or-later
"""Every named fault shows on the wire, once, and only where it was aimed."""
from __future__ import annotations

import re
import unittest
from typing import Any

from ks import faults
from ks.crypto import CryptoError
from ks.numbers import KdAttr, KdType, KekAttr, Notify, Pay, SaAttr
from ks.wire import WireError, parse_header
from member import NoAnswer, Registration, attribute
from support import FOLDER, Lab, rekey_option


class FaultSetTest(unittest.TestCase):
    def test_a_fault_happens_as_often_as_it_says(self) -> None:
        chosen = faults.FaultSet([faults.parse({"name": "silent", "count": 2, "after": 1})])
        self.assertEqual(
            [chosen.take("silent", "a") is not None for _ in range(5)],
            [False, True, True, False, False],
        )

    def test_a_count_of_zero_means_always(self) -> None:
        chosen = faults.FaultSet([faults.parse({"name": "silent", "count": 0})])
        self.assertTrue(all(chosen.take("silent", "a") for _ in range(100)))

    def test_a_fault_for_one_member_spares_the_others(self) -> None:
        chosen = faults.FaultSet([faults.parse({"name": "silent", "peer": "a"})])
        self.assertIsNone(chosen.take("silent", "b"))
        self.assertIsNotNone(chosen.take("silent", "a"))

    def test_messages_may_be_written_with_a_dash(self) -> None:
        self.assertEqual(faults.parse({"name": "drop", "message": "pull-2"}).message, "pull2")

    def test_faults_that_cannot_happen_are_refused(self) -> None:
        bad: tuple[dict[str, Any], ...] = (
            {},
            {"name": "sabotage"},
            {"name": "drop"},
            {"name": "drop", "message": "pull9"},
            {"name": "corrupt", "message": "mm1"},
            {"name": "silent", "count": -1},
            {"name": "silent", "after": "soon"},
        )
        for data in bad:
            with self.assertRaises(faults.FaultError, msg=str(data)):
                faults.parse(data)

    def test_every_fault_is_described(self) -> None:
        text = (FOLDER / "README.md").read_text()
        described = set(re.findall(r"`([a-z0-9-]+)`", text[text.index("## Faults") :]))
        self.assertEqual(set(faults.NAMES) - described, set())

    def test_faults_can_be_cleared_by_name(self) -> None:
        chosen = faults.FaultSet([faults.parse({"name": n}) for n in ("silent", "wrong-psk")])
        self.assertEqual(chosen.clear("silent"), 1)
        self.assertEqual([fault["name"] for fault in chosen.view()], ["wrong-psk"])


class DatagramTest(unittest.TestCase):
    NAMES = ("mm2", "mm4", "mm6", "pull2", "pull4")

    def fails(self, lab: Lab) -> type[Exception] | None:
        """How a registration fails; None when it does not."""
        try:
            lab.member().register()
        except (NoAnswer, WireError, CryptoError) as error:
            return type(error)
        return None

    def test_each_message_can_be_dropped(self) -> None:
        for name in (*self.NAMES, "mm1", "mm3", "mm5", "pull1", "pull3"):
            lab = Lab()
            lab.fault("drop", message=name)
            self.assertIs(self.fails(lab), NoAnswer, name)
            self.assertIsNone(self.fails(lab), name)

    def test_a_dropped_reply_comes_when_the_message_is_repeated(self) -> None:
        for name in self.NAMES:
            lab = Lab()
            lab.fault("drop", message=name)
            member = lab.member()
            wire = member.wire
            member.wire = lambda datagram: wire(datagram) or wire(datagram)
            self.assertEqual(len(member.register().sats()), 2, name)

    def test_each_message_can_be_truncated_enlarged_or_corrupted(self) -> None:
        for name in self.NAMES:
            for fault in ("truncate", "oversize"):
                lab = Lab()
                lab.fault(fault, message=name)
                self.assertIs(self.fails(lab), WireError, (name, fault))
            lab = Lab()
            lab.fault("corrupt", message=name, at=40)
            # A public value changed in message 4 shows when our message 5 cannot be read.
            wanted = NoAnswer if name == "mm4" else WireError
            self.assertIs(self.fails(lab), wanted, name)

    def test_each_message_can_be_malformed_and_still_authentic(self) -> None:
        for name in self.NAMES:
            lab = Lab()
            lab.fault("payload-corrupt", message=name, at=2)
            self.assertIs(self.fails(lab), WireError, name)

    def test_each_message_can_lack_a_payload(self) -> None:
        for name in self.NAMES:
            lab = Lab(lambda data: data["isakmp"].update({"vendor-ids": []}))
            lab.fault("missing-payload", message=name)
            self.assertIs(self.fails(lab), WireError, name)

    def test_each_message_can_carry_a_payload_twice(self) -> None:
        for name in self.NAMES:
            lab = Lab(lambda data: data["isakmp"].update({"vendor-ids": []}))
            lab.fault("duplicate-payload", message=name)
            self.assertIs(self.fails(lab), WireError, name)

    def test_an_extra_vendor_id_harms_nobody(self) -> None:
        for name in self.NAMES:
            lab = Lab()
            lab.fault("extra-payload", message=name)
            self.assertIsNone(self.fails(lab), name)

    def test_hashes_can_be_wrong(self) -> None:
        for name in ("mm6", "pull2", "pull4"):
            lab = Lab()
            lab.fault("wrong-hash", message=name)
            self.assertIs(self.fails(lab), WireError, name)

    def test_an_encrypted_message_can_come_in_the_clear(self) -> None:
        for name in ("pull2", "pull4"):
            lab = Lab()
            lab.fault("clear-message", message=name)
            with self.assertRaisesRegex(WireError, "not encrypted"):
                lab.member().register()

    def test_a_duplicate_comes_twice_and_a_delay_is_told(self) -> None:
        lab = Lab()
        lab.fault("duplicate", message="mm2")
        self.assertEqual(len(lab.send(lab.member().first_message())), 2)
        lab.fault("delay", message="mm2", seconds=2.5)
        local = lab.server.groups[0].config.address
        first = lab.member().first_message()
        (out,) = lab.server.receive(first, ("172.16.1.2", 848), local, lab.now)
        self.assertEqual(out.delay, 2.5)

    def test_a_reordered_message_comes_after_the_next_one(self) -> None:
        lab = Lab()
        lab.fault("reorder", message="mm2")
        one, two = lab.member(), lab.member()
        self.assertEqual(lab.send(one.first_message()), [])
        cookies = [parse_header(d).cookie_i for d in lab.send(two.first_message())]
        self.assertEqual(cookies, [two.cookie_i, one.cookie_i])

    def test_a_forged_notification_comes_before_the_reply(self) -> None:
        lab = Lab()
        lab.fault("forged-notify", message="mm4")
        with self.assertRaises(WireError):
            lab.member().establish()


class Phase1FaultTest(unittest.TestCase):
    def test_a_wrong_psk_leaves_the_member_without_an_answer(self) -> None:
        lab = Lab()
        lab.fault("wrong-psk")
        with self.assertRaises(NoAnswer):
            lab.member().establish()

    def test_the_answer_can_be_one_that_was_not_offered(self) -> None:
        lab = Lab()
        lab.fault("unoffered-proposal")
        with self.assertRaisesRegex(WireError, "not offered"):
            lab.member().establish()

    def test_the_public_value_can_be_degenerate(self) -> None:
        lab = Lab()
        lab.fault("degenerate-ke")
        with self.assertRaises(CryptoError):
            lab.member().establish()

    def test_no_proposal_can_be_chosen_whatever_is_offered(self) -> None:
        lab = Lab()
        lab.fault("no-proposal")
        with self.assertRaisesRegex(WireError, f"notification {Notify.NO_PROPOSAL_CHOSEN}"):
            lab.member().establish()

    def test_the_identity_can_differ_from_the_hashed_one(self) -> None:
        lab = Lab()
        lab.fault("wrong-identity")
        with self.assertRaisesRegex(WireError, "HASH_R"):
            lab.member().establish()

    def test_silence_and_refusal(self) -> None:
        lab = Lab()
        lab.fault("silent")
        with self.assertRaises(NoAnswer):
            lab.member().establish()
        lab.fault("refuse-group", notify=24)
        with self.assertRaisesRegex(WireError, "notification 24"):
            lab.member().register()


class PolicyFaultTest(unittest.TestCase):
    def register(self, name: str, **parameters: Any) -> Registration:
        lab = Lab()
        lab.fault(name, **parameters)
        got = lab.member().register()
        clean = lab.member().register()
        self.assertEqual(len(clean.sats()), 2)
        return got

    def test_algorithms_can_be_unknown(self) -> None:
        self.assertEqual(self.register("unsupported-transform").sats()[0].transform, 99)
        attributes = self.register("unsupported-auth").sats()[0].attributes
        self.assertEqual(attribute(attributes, SaAttr.AUTHENTICATION), 99)
        sak = self.register("unsupported-kek").sak()
        assert sak is not None
        self.assertEqual(attribute(sak.attributes, KekAttr.ALGORITHM), 99)

    def test_sats_of_one_spi_can_contradict_one_another(self) -> None:
        one, *_, last = self.register("contradicting-sats").sats()
        self.assertEqual(one.spi, last.spi)
        self.assertNotEqual(one.transform, last.transform)
        one, *_, last = self.register("contradicting-sats", how="mode").sats()
        modes = [attribute(s.attributes, SaAttr.ENCAPSULATION_MODE) for s in (one, last)]
        self.assertEqual(modes, [1, 2])
        *_, same, last = self.register("contradicting-sats", how="attribute").sats()
        self.assertEqual((same.source, same.spi), (last.source, last.spi))
        self.assertEqual([attribute(s.attributes, 20000) for s in (same, last)], [None, 7])
        *_, same, last = self.register("contradicting-sats", how="selector").sats()
        self.assertEqual((same.source, last.spi), (last.source, 0))

    def test_lifetimes_can_be_zero_or_absent(self) -> None:
        zero = self.register("zero-lifetime").sats()[0].attributes
        self.assertEqual(attribute(zero, SaAttr.LIFE_DURATION), 0)
        none = self.register("no-lifetime").sats()[0].attributes
        self.assertIsNone(attribute(none, SaAttr.LIFE_DURATION))

    def test_attributes_and_protocols_can_be_unknown(self) -> None:
        self.assertEqual(
            attribute(self.register("unknown-attribute").sats()[0].attributes, 20000), 1
        )
        sak = self.register("unknown-kek-attribute").sak()
        assert sak is not None
        self.assertEqual(attribute(sak.attributes, 127), 1)
        with self.assertRaisesRegex(WireError, "protocol ID 200"):
            self.register("unknown-protocol").sats()

    def test_the_sa_can_be_of_another_doi_situation_or_shape(self) -> None:
        self.assertEqual(self.register("sa-doi").sa.doi, 1)
        self.assertEqual(self.register("sa-situation").sa.situation, 1)
        self.assertEqual(self.register("no-attribute-payloads").sats(), [])
        kinds = [p.type for p in self.register("duplicate-sak").sa.attribute_payloads]
        self.assertEqual(kinds.count(Pay.SAK), 2)
        with self.assertRaises(WireError):
            self.register("attribute-next-payload")


class KeyFaultTest(unittest.TestCase):
    def register(self, name: str) -> Registration:
        lab = Lab()
        lab.fault(name)
        return lab.member().register()

    def lengths(self, name: str, kind: int) -> list[dict[int, int]]:
        packets = self.register(name).keys(kind)
        return [{a.type: len(a.value) for a in packet.parsed()} for packet in packets]

    def test_keys_can_be_missing_foreign_or_doubled(self) -> None:
        self.assertEqual(self.lengths("tek-without-key", KdType.TEK), [])
        self.assertEqual(self.lengths("kek-without-key", KdType.KEK), [])
        self.assertEqual(len(self.lengths("duplicate-key", KdType.TEK)), 2)
        spis = [packet.spi.hex() for packet in self.register("foreign-key").keys(KdType.TEK)]
        self.assertEqual(spis[1], "deadbeef")

    def test_keys_can_be_too_short(self) -> None:
        self.assertEqual(self.lengths("short-key", KdType.TEK), [{1: 15, 2: 32}])
        self.assertEqual(self.lengths("no-integrity-key", KdType.TEK), [{1: 16}])
        (kek,) = self.lengths("short-kek", KdType.KEK)
        self.assertEqual(kek[KdAttr.KEK_ALGORITHM_KEY], 31)
        (kek,) = self.lengths("bad-signature-key", KdType.KEK)
        self.assertEqual(kek[KdAttr.SIG_ALGORITHM_KEY], 161)

    def test_the_count_and_the_sequence_can_be_wrong(self) -> None:
        with self.assertRaises(WireError):
            self.register("key-count")
        self.assertIsNone(self.register("no-sequence").sequence)

    def test_des_keys_can_have_other_parity_bits(self) -> None:
        name = "GET-VPN-TRANSFORM-SET"
        for words, differing in (("esp-3des esp-sha-hmac", 24), ("esp-aes 192 esp-sha-hmac", 0)):
            lab = Lab(lambda data, w=words: data["transform-set"][name].update(transform=w))
            plain = lab.member().register()
            lab.fault("des-parity")
            other = lab.member().register()
            for kind, iv, count in ((KdType.TEK, 0, differing), (KdType.KEK, 8, 24)):
                one, two = (got.keys(kind)[0].parsed() for got in (plain, other))
                self.assertEqual(one[1].value, two[1].value)
                pairs = list(zip(one[0].value, two[0].value, strict=True))
                self.assertEqual([a ^ b for a, b in pairs], [0] * iv + [int(count > 0)] * (len(pairs) - iv))

    def test_a_registration_can_be_told_an_earlier_number(self) -> None:
        lab = rekey_option(sequence=7)
        numbers = []
        for back in (0, 3, 100):
            if back:
                lab.fault("low-sequence", back=back)
            numbers.append(lab.member().register().sequence)
        self.assertEqual(numbers, [7, 4, 0])

    def test_a_sender_id_can_be_withheld(self) -> None:
        name = "GET-VPN-TRANSFORM-SET"
        lab = Lab(lambda data: data["transform-set"][name].update(transform="esp-gcm"))
        lab.fault("no-sid")
        self.assertEqual(lab.member().register().keys(KdType.SID), [])


if __name__ == "__main__":
    unittest.main()
