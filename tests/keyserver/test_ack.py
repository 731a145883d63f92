# SPDX-License-Identifier: GPL-2.0-or-later
"""Acknowledgements of rekeys: what is believed, what is counted, what is refused."""
from __future__ import annotations

import unittest

from ks import ack
from ks.crypto import signature_key
from ks.key_material import Kek
from ks.numbers import AckType
from ks.wire import parse_header
from rekey_member import Push, RekeyMember
from support import Lab, rekey_option, vector_sections

KEY = signature_key("ecdsa-256")  # of no matter to an ACK
PEERS = ("172.16.1.2", "172.16.2.2")


class VectorTest(unittest.TestCase):
    def test_computed_messages_verify_with_their_length(self) -> None:
        sections = vector_sections("ack-rfc8263-computed.txt")
        common = sections.pop("")
        kek = Kek(common["spi"], b"", common["base_key"], 0, 0, 0, KEY)
        self.assertEqual(len(sections), 6)
        for name, v in sections.items():
            kind = AckType.KEK_SHA512 if "sha512" in name else AckType.KEK_SHA256
            with self.subTest(name):
                heard = ack.parse(parse_header(v["message"]), v["message"])
                self.assertEqual(heard.covered, common["seq_payload"] + common["id_payload"])
                self.assertEqual((heard.sequence, str(heard.member)), (1, "10.0.224.37"))
                length = ack.matching_length(heard, kind, kek)
                self.assertEqual(length, int(name.rpartition("=")[2]))

    def test_the_wrong_hash_or_key_does_not_verify(self) -> None:
        sections = vector_sections("ack-rfc8263-computed.txt")
        common = sections.pop("")
        message = sections["sha256 L=512"]["message"]
        heard = ack.parse(parse_header(message), message)
        kek = Kek(common["spi"], b"", common["base_key"], 0, 0, 0, KEY)
        self.assertIsNone(ack.matching_length(heard, AckType.KEK_SHA512, kek))
        self.assertIsNone(ack.matching_length(heard, AckType.LKH_SHA256, kek))
        other = Kek(common["spi"], b"", bytes(24), 0, 0, 0, KEY)
        self.assertIsNone(ack.matching_length(heard, AckType.KEK_SHA256, other))


class Group:
    """A lab with registered members that can hear a rekey."""

    def __init__(self, lab: Lab, peers: tuple[str, ...] = PEERS) -> None:
        self.lab = lab
        self.members = {p: RekeyMember(lab.member(p).register(), p) for p in peers}

    def rekey(self, **options: object) -> dict[str, Push]:
        assert self.lab.command("rekey", **options)["ok"]
        out = self.lab.server.take_outgoing()
        return {o.peer[0]: self.members[o.peer[0]].receive(o.data) for o in out}

    def view(self, peer: str = PEERS[0]) -> dict[str, object]:
        return next(m for m in self.lab.status()["members"] if m["address"] == peer)


class CountingTest(unittest.TestCase):
    def setUp(self) -> None:
        self.group = Group(rekey_option(acknowledgement=1))
        self.lab = self.group.lab
        self.member = self.group.members[PEERS[0]]
        self.heard = self.group.rekey()[PEERS[0]]

    def counts(self) -> tuple[object, object, object]:
        view = self.group.view()
        return view["acks"], view["last-acked"], view["ack-length"]

    def test_every_reading_of_the_length_is_accepted_and_told(self) -> None:
        for length in (256, 512, 1024, 192):
            heard = self.group.rekey()[PEERS[0]]
            self.assertEqual(self.lab.send(self.member.acknowledge(heard, length)), [])
            self.assertTrue(self.lab.logged(f"seq # {heard.sequence} of group GDOI-GROUP, L {length}"))
        self.assertEqual(self.counts(), (4, 5, 192))

    def test_sha512(self) -> None:
        group = Group(rekey_option(acknowledgement=3))
        heard = group.rekey()[PEERS[0]]
        group.lab.send(group.members[PEERS[0]].acknowledge(heard, 1024))
        self.assertEqual(group.view()["acks"], 1)

    def test_a_repeated_ack_counts_once(self) -> None:
        for _ in range(3):
            self.lab.send(self.member.acknowledge(self.heard))
        self.assertEqual(self.counts(), (1, 1, 512))
        self.assertTrue(self.lab.logged("172.16.1.2 repeated seq # 1"))

    def test_an_answer_stops_retransmission_to_that_member_only(self) -> None:
        self.lab.send(self.member.acknowledge(self.heard))
        self.assertEqual([o.peer[0] for o in self.lab.after(10)], [PEERS[1]])
        self.assertEqual([o.peer[0] for o in self.lab.after(10)], [PEERS[1]])
        self.assertEqual(self.lab.after(10), [])
        first, second = self.group.view(), self.group.view(PEERS[1])
        self.assertEqual((first["acks"], first["acks-missed"], first["retransmitted"]), (1, 0, 0))
        self.assertEqual((second["acks"], second["acks-missed"], second["retransmitted"]), (0, 1, 2))
        self.assertTrue(self.lab.logged("KS_REKEY_ACK_MISSED: no ACK of GM 172.16.2.2"))

    def test_a_late_ack_still_counts(self) -> None:
        for _ in range(4):
            self.lab.after(10)
        self.lab.send(self.member.acknowledge(self.heard))
        view = self.group.view()
        self.assertEqual((view["acks"], view["acks-missed"], view["last-acked"]), (1, 1, 1))

    def test_the_ack_for_a_rekey_that_replaces_the_kek_is_made_with_the_old_one(self) -> None:
        heard = self.group.rekey(kek="new")[PEERS[0]]
        self.lab.send(self.member.acknowledge(heard))
        self.assertEqual(self.counts(), (1, 2, 512))

    def test_the_ack_for_a_deleted_kek_counts(self) -> None:
        self.lab.command("delete", delete="everything")
        out = self.lab.server.take_outgoing()
        heard = self.member.receive(out[0].data)
        self.lab.send(self.member.acknowledge(heard))
        self.assertEqual(self.counts()[:2], (1, 2))

    def test_lost_acks_lead_to_retransmission(self) -> None:
        self.lab.fault("drop", message="ack", peer=PEERS[0])
        self.lab.send(self.member.acknowledge(self.heard))
        self.assertEqual(self.group.view()["acks"], 0)
        self.assertIn(PEERS[0], [o.peer[0] for o in self.lab.after(10)])
        self.lab.send(self.member.acknowledge(self.heard))
        self.assertEqual(self.group.view()["acks"], 1)

    def test_a_silent_key_server_hears_none(self) -> None:
        self.lab.fault("silent", count=0)
        self.lab.send(self.member.acknowledge(self.heard))
        self.assertEqual(self.group.view()["acks"], 0)


class RefusalTest(unittest.TestCase):
    def setUp(self) -> None:
        self.group = Group(rekey_option(acknowledgement=1))
        self.lab = self.group.lab
        self.member = self.group.members[PEERS[0]]
        self.heard = self.group.rekey()[PEERS[0]]
        self.good = self.member.acknowledge(self.heard)

    def refused(self, message: bytes, reason: str, peer: str = PEERS[0]) -> None:
        self.assertEqual(self.lab.send(message, peer), [])
        self.assertTrue(self.lab.logged(reason), self.lab.log.lines[-1])
        self.assertEqual(self.group.view()["acks"], 0)
        self.assertEqual(self.group.view(PEERS[1])["acks"], 0)

    def changed(self, at: int, octet: int) -> bytes:
        return self.good[:at] + bytes([octet]) + self.good[at + 1 :]

    def test_every_changed_octet_is_refused(self) -> None:
        minor_version = 17  # which says nothing, and no HASH covers it
        for at in set(range(len(self.good))) - {minor_version}:
            message = self.changed(at, self.good[at] ^ 1)
            self.lab.send(message)
            self.assertEqual(self.group.view()["acks"], 0, at)
        self.lab.send(self.good)
        self.assertEqual(self.group.view()["acks"], 1)

    def test_every_shortened_message_is_refused(self) -> None:
        for length in range(len(self.good)):
            head = self.good[:24] + max(length, 28).to_bytes(4, "big")
            self.lab.send((head + self.good[28:])[:length])
        self.assertEqual(self.group.view()["acks"], 0)

    def test_reasons_are_named(self) -> None:
        self.refused(self.changed(19, 1), "ACK with flags 1")
        self.refused(self.changed(len(self.good) - 1, 9), "ACK of 172.16.1.9, which is no member")
        self.refused(self.changed(32, 0), "HASH of ACK type 1 does not verify")
        self.refused(self.good, "which is no member there", PEERS[1])

    def test_a_number_that_was_never_sent_is_refused(self) -> None:
        later = Push(self.heard.kek, 9, [], None)
        self.refused(self.member.acknowledge(later), "ACK of seq # 9, which was not sent")

    def test_a_rekey_for_somebody_else_cannot_be_acknowledged(self) -> None:
        heard = self.group.rekey(members=[PEERS[1]])
        self.assertEqual(list(heard), [PEERS[1]])
        self.refused(self.member.acknowledge(heard[PEERS[1]]), "ACK of seq # 2")

    def test_an_ack_that_nobody_asked_for_is_refused(self) -> None:
        self.group = Group(rekey_option())
        self.lab = self.group.lab
        heard = self.group.rekey()[PEERS[0]]
        self.refused(self.group.members[PEERS[0]].acknowledge(heard), "nobody asked for")

    def test_lkh_types_cannot_be_verified(self) -> None:
        self.group = Group(rekey_option(acknowledgement=2))
        self.lab = self.group.lab
        heard = self.group.rekey()[PEERS[0]]
        message = self.group.members[PEERS[0]].acknowledge(heard, kind=1)
        self.refused(message, "HASH of ACK type 2 does not verify")

    def test_a_strange_kek_is_refused(self) -> None:
        self.lab.command("lose-state")
        self.lab.send(self.good)
        self.assertTrue(self.lab.logged("ACK for a KEK that is not ours"))


if __name__ == "__main__":
    unittest.main()
