# SPDX-License-Identifier: GPL-2.0-or-later
"""Main Mode as members see it."""
from __future__ import annotations

import unittest
from typing import Any

from ks import notify
from ks.crypto import ECP, MODP
from ks.numbers import Notify, Pay
from ks.wire import Header, Payload, WireError, build_message, parse_chain, parse_header
from member import NoAnswer, Suite
from support import Lab

NAMES = {2: "sha", 4: "sha256", 5: "sha384", 6: "sha512"}


def policy_of(suite: Suite, priority: int = 10) -> dict[str, Any]:
    name = f"aes {suite.key_bits}" if suite.cipher == "aes" else suite.cipher
    numbers = {"priority": priority, "group": suite.group, "lifetime": 3600}
    return {"encryption": name, "hash": NAMES[suite.hash]} | numbers


def lab_with(*suites: Suite) -> Lab:
    policies = [policy_of(suite, n) for n, suite in enumerate(suites, 1)]
    return Lab(lambda data: data["isakmp"].update(policy=policies))


class SuiteTest(unittest.TestCase):
    def establish(self, suite: Suite) -> None:
        member = lab_with(suite).member(suites=(suite,))
        member.establish()
        self.assertIsNotNone(member.keys, suite)

    def test_every_cipher_with_every_hash(self) -> None:
        for hash_ in NAMES:
            for bits in (128, 192, 256):
                self.establish(Suite("aes", bits, hash_))
            self.establish(Suite("3des", 0, hash_))

    def test_every_group(self) -> None:
        for group in (*MODP, *ECP):
            self.establish(Suite(group=group))

    def test_doi_1_and_2_are_both_accepted(self) -> None:
        for doi in (1, 2):
            Lab().member(doi=doi).establish()

    def test_a_doi_that_is_switched_off_is_refused(self) -> None:
        lab = Lab(lambda data: data["isakmp"].update(doi=[2]))
        with self.assertRaisesRegex(WireError, f"notification {Notify.DOI_NOT_SUPPORTED}"):
            lab.member(doi=1).establish()


class ChoiceTest(unittest.TestCase):
    STRONG, WEAK = Suite("aes", 256, 6, 20), Suite("3des", 0, 2, 2)

    def test_our_order_of_policies_decides(self) -> None:
        lab = lab_with(self.STRONG, self.WEAK)
        member = lab.member(suites=(self.WEAK, self.STRONG))
        member.establish()
        assert member.keys is not None
        self.assertEqual(member.keys.cipher.name, "aes")

    def test_policies_are_tried_by_priority_not_by_place(self) -> None:
        policies = [policy_of(self.STRONG, 20), policy_of(self.WEAK, 10)]
        lab = Lab(lambda data: data["isakmp"].update(policy=policies))
        member = lab.member(suites=(self.STRONG, self.WEAK))
        member.establish()
        assert member.keys is not None
        self.assertEqual(member.keys.cipher.name, "3des")

    def test_an_offer_that_fits_no_policy_is_refused(self) -> None:
        for suite in (Suite(key_bits=128), Suite(hash=2), Suite(group=14), Suite("3des", 0)):
            lab = Lab()
            with self.assertRaisesRegex(WireError, f"notification {Notify.NO_PROPOSAL_CHOSEN}"):
                lab.member(suites=(suite,)).establish()
            self.assertTrue(lab.logged("no ISAKMP policy matches"))

    def test_the_shorter_lifetime_counts(self) -> None:
        lab = lab_with(Suite())
        lab.member(suites=(Suite(lifetime=600),)).establish()
        self.assertTrue(lab.logged("600 seconds"))
        lab.now += 601
        lab.server.tick(lab.now)
        self.assertEqual(lab.server.sessions(), [])


class KeyTest(unittest.TestCase):
    KEYS = [{"secret": "FOR-ALL"}, {"secret": "0x00ff10", "address": "172.16.3.2"}]

    def setUp(self) -> None:
        self.lab = Lab(lambda data: data["isakmp"].update(key=self.KEYS))

    def test_a_key_for_the_address_goes_before_the_one_for_any(self) -> None:
        self.lab.member("172.16.3.2", psk=b"\x00\xff\x10").establish()
        self.lab.member("172.16.1.2", psk=b"FOR-ALL").establish()

    def test_the_key_of_another_address_is_of_no_use(self) -> None:
        for peer, psk in (("172.16.3.2", b"FOR-ALL"), ("172.16.1.2", b"\x00\xff\x10")):
            with self.assertRaises(NoAnswer):
                self.lab.member(peer, psk=psk).establish()
        self.assertTrue(self.lab.logged("wrong pre-shared key?"))

    def test_no_key_for_the_address_means_silence(self) -> None:
        lab = Lab(lambda data: data["isakmp"].update(key=self.KEYS[1:]))
        with self.assertRaises(NoAnswer):
            lab.member("172.16.1.2").establish()
        self.assertTrue(lab.logged("no pre-shared key for 172.16.1.2"))


class RepeatTest(unittest.TestCase):
    def test_an_identical_message_gets_the_same_reply_again(self) -> None:
        lab = Lab()
        member = lab.member()
        replies: list[tuple[bytes, list[bytes]]] = []

        def twice(datagram: bytes) -> list[bytes]:
            first, second = lab.send(datagram), lab.send(datagram)
            self.assertEqual(first, second)
            replies.append((datagram, first))
            return first

        member.wire = twice
        member.register()
        self.assertEqual(len(replies), 5)  # three of phase 1, two of PULL
        self.assertEqual(len(lab.server.sessions()), 1)

    def test_the_last_reply_of_phase_1_is_kept_while_a_pull_runs(self) -> None:
        lab = Lab()
        member = lab.member()
        member.register()
        self.assertEqual(len(lab.send(member.sent[2])), 1)  # message 5

    def test_a_changed_message_is_no_repetition(self) -> None:
        lab = Lab()
        member = lab.member()
        member.establish()
        changed = member.sent[2][:-1] + bytes([member.sent[2][-1] ^ 1])
        self.assertEqual(lab.send(changed), [])


class NotificationTest(unittest.TestCase):
    def test_dead_peer_detection_is_answered_with_the_same_number(self) -> None:
        lab = Lab()
        member = lab.member()
        member.establish()
        cookies = member.cookie_i + member.cookie_r
        ask = notify.payload(Notify.R_U_THERE, 1, cookies, b"\0\0\0\7")
        (reply,) = lab.send(member.informational([ask]))
        self.assertEqual(member.open_informational(reply), Notify.R_U_THERE_ACK)
        assert member.keys is not None
        header = parse_header(reply)
        channel = member.keys.channel(header.message_id_octets)
        _, chain = channel.open(header, reply)
        self.assertEqual(notify.parse(chain.need(Pay.N)).data, b"\0\0\0\7")

    def test_a_protected_delete_ends_the_session(self) -> None:
        lab = Lab()
        member = lab.member()
        member.establish()
        lab.send(member.informational([notify.delete(2, 1, [member.cookie_i + member.cookie_r])]))
        self.assertEqual(lab.server.sessions(), [])

    def test_a_delete_of_another_session_does_nothing(self) -> None:
        lab = Lab()
        member = lab.member()
        member.establish()
        lab.send(member.informational([notify.delete(2, 1, [bytes(16)])]))
        self.assertEqual(len(lab.server.sessions()), 1)

    def test_a_delete_in_the_clear_does_nothing(self) -> None:
        lab = Lab()
        member = lab.member()
        member.establish()
        body = [notify.delete(2, 1, [member.cookie_i + member.cookie_r])]
        lab.send(build_message(member.header(5, 7), body))
        self.assertEqual(len(lab.server.sessions()), 1)

    def test_a_notification_is_seen_in_the_status_of_the_member(self) -> None:
        lab = Lab()
        member = lab.member()
        member.register()
        lab.send(member.informational([notify.payload(Notify.NO_PROPOSAL_CHOSEN, 2)]))
        seen = lab.server.groups[0].members["172.16.1.2"].last_notify
        self.assertEqual(seen, "NO-PROPOSAL-CHOSEN")

    def test_initial_contact_voids_older_sessions_of_that_member_only(self) -> None:
        lab = Lab()
        lab.member("172.16.1.2").establish()
        lab.member("172.16.3.2").establish()
        self.assertEqual(len(lab.server.sessions()), 2)
        member = lab.member("172.16.1.2", initial_contact=True)
        member.establish()
        self.assertEqual(len(lab.server.sessions()), 2)

    def test_responder_lifetime_is_sent_when_switched_on(self) -> None:
        lab = Lab(lambda data: data["isakmp"].update({"responder-lifetime": True}))
        member = lab.member()
        member.establish()
        self.assertEqual(member.notified, [Notify.RESPONDER_LIFETIME])

    def test_vendor_ids_are_sent_as_configured(self) -> None:
        lab = Lab(lambda data: data["isakmp"].update({"vendor-ids": ["dpd", "c0ffee"]}))
        member = lab.member()
        (reply,) = lab.send(member.first_message())
        chain = parse_chain(reply[28:], parse_header(reply).next_payload)
        self.assertEqual(chain.all(Pay.VID)[1], b"\xc0\xff\xee")


class StrangerTest(unittest.TestCase):
    def test_half_open_sessions_are_forgotten(self) -> None:
        lab = Lab()
        lab.send(lab.member().first_message())
        self.assertEqual(len(lab.server.sessions()), 1)
        lab.now += 61
        lab.server.tick(lab.now)
        self.assertEqual(lab.server.sessions(), [])

    def test_messages_without_a_session_are_not_answered(self) -> None:
        lab = Lab()
        for exchange in (2, 4, 5, 6, 32, 33, 35, 200):
            header = Header(b"i" * 8, b"r" * 8, 0, exchange, 1, 99)
            body = [Payload(Pay.HASH, bytes(32))]
            self.assertEqual(lab.send(build_message(header, body)), [], exchange)

    def test_another_address_cannot_use_a_session(self) -> None:
        lab = Lab()
        member = lab.member("172.16.1.2")
        member.establish()
        dpd = notify.payload(Notify.R_U_THERE, 1, member.cookie_i + member.cookie_r, bytes(4))
        self.assertEqual(lab.send(member.informational([dpd]), "172.16.9.9"), [])

    def test_a_wrong_responder_cookie_is_refused(self) -> None:
        lab = Lab()
        member = lab.member()
        member.establish()
        member.cookie_r = b"x" * 8
        with self.assertRaises(NoAnswer):
            member.register()


if __name__ == "__main__":
    unittest.main()
