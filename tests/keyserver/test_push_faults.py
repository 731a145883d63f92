# SPDX-License-Identifier: GPL-2.0-or-later
"""Every fault of a rekey happens, and is one that a member can tell."""
from __future__ import annotations

import unittest
from dataclasses import replace
from typing import Any

from ks import faults
from ks.crypto import CryptoError
from ks.numbers import KdAttr, KdType, KekAttr, LkhAttr, Pay
from ks.payloads import parse_kd, parse_sa, parse_sak
from ks.server import Outgoing
from ks.settings import Format
from ks.wire import HEADER_LENGTH, Reader, WireError, parse_chain, parse_header
from member import attribute
from rekey_member import RekeyMember
from support import rekey_option

PEERS = ("172.16.1.2", "172.16.2.2")


class PushFaultTest(unittest.TestCase):
    def setUp(self) -> None:
        self.lab = rekey_option(retransmit_number=0)
        self.member = RekeyMember(self.lab.member().register())

    def rekey(self, **options: Any) -> list[Outgoing]:
        self.assertTrue(self.lab.command("rekey", **options)["ok"])
        return self.lab.server.take_outgoing()

    def refused(self, reason: str, **options: Any) -> None:
        """The next rekey is refused for that reason, the one after it is fine."""
        (out,) = self.rekey(**options)
        with self.assertRaisesRegex((WireError, CryptoError), reason):
            self.member.receive(out.data)
        (out,) = self.rekey()
        self.member.receive(out.data)

    def plain(self, out: Outgoing) -> list[Any]:
        kek = self.member.keks[0]
        octets = kek.cipher.decrypt(kek.key, kek.iv, out.data[HEADER_LENGTH:])
        first = parse_header(out.data).next_payload
        return parse_chain(octets, first, padded=True).payloads

    def test_a_wrong_signature(self) -> None:
        self.lab.fault("wrong-signature")
        self.refused("signature does not verify")

    def test_no_signature_by_both_names(self) -> None:
        for name in ("unsigned", "missing-sig"):
            self.lab.fault(name)
            self.refused(r"payloads \[18, 1, 17\]")

    def test_an_old_number(self) -> None:
        self.member.receive(self.rekey()[0].data)
        self.lab.fault("old-sequence")
        self.refused("sequence 1 after 1")
        self.lab.fault("old-sequence", back=3)
        self.refused("sequence 1 after 3")

    def test_another_key_than_the_kek(self) -> None:
        self.lab.fault("wrong-kek")
        (out,) = self.rekey()
        self.assertEqual(out.data[:16], self.member.keks[0].spi)
        with self.assertRaises((WireError, CryptoError)):
            self.member.receive(out.data)

    def test_cookies_of_no_kek(self) -> None:
        self.lab.fault("wrong-cookies")
        self.refused("unknown KEK")

    def test_policy_without_keys(self) -> None:
        self.lab.fault("push-without-key")
        self.refused("keys do not fit the SATs")

    def test_a_kek_without_key(self) -> None:
        self.lab.fault("kek-without-key", message="push")
        self.refused("keys do not fit the SAK", kek="again")

    def test_other_parity_bits_in_the_next_rekey(self) -> None:
        self.lab.fault("des-parity", message="push")
        keys = []
        for _ in range(2):
            _, _, kd, _ = self.plain(self.rekey(kek="again")[0])
            (packet,) = [p for p in parse_kd(kd.body) if p.type == KdType.KEK]
            keys.append(packet.parsed()[0].value)
        self.assertEqual([a ^ b for a, b in zip(*keys, strict=True)], [0] * 8 + [1] * 24)

    def test_a_new_kek_under_the_spi_of_the_old_one(self) -> None:
        lab = rekey_option(retransmit_number=0)
        group = lab.server.groups[0]
        group.config = replace(group.config, format=Format(kek_packet_spi="old"))
        self.lab, self.member = lab, RekeyMember(lab.member().register())
        old = self.member.keks[0].spi
        _, sa, kd, _ = self.plain(self.rekey(kek="new")[0])
        (packet,) = [p for p in parse_kd(kd.body) if p.type == KdType.KEK]
        sak = parse_sak(parse_sa(sa.body).attribute_payloads[0].body)
        self.assertEqual(packet.spi, old)
        self.assertNotEqual(sak.spi, old)

    def test_the_first_number_under_a_new_kek_can_be_chosen(self) -> None:
        for number in (0, 7):
            self.lab = rekey_option(retransmit_number=0, pushed_sequence=number)
            self.lab.member().register()
            self.rekey(kek="new")
            reply = self.lab.command("rekey")
            self.assertEqual(reply["sequence"], number)
            self.lab.server.take_outgoing()

    def test_a_kek_without_a_signature_key(self) -> None:
        self.lab.fault("no-signature-key", message="push")
        _, _, kd, _ = self.plain(self.rekey(kek="again")[0])
        (packet,) = [p for p in parse_kd(kd.body) if p.type == KdType.KEK]
        self.assertEqual([a.type for a in packet.parsed()], [KdAttr.KEK_ALGORITHM_KEY])

    def test_a_transform_that_nobody_knows(self) -> None:
        self.lab.fault("push-unsupported")
        heard = self.member.receive(self.rekey()[0].data).got
        assert heard is not None
        self.assertEqual({sat.transform for sat in heard.sats()}, {99})

    def test_a_fault_of_rekeys_spares_registrations(self) -> None:
        for name in ("push-without-key", "push-unsupported", "unsigned"):
            self.lab.fault(name)
        got = self.lab.member().register()
        self.assertEqual({sat.transform for sat in got.sats()}, {12})
        self.assertEqual(len(got.keys(KdType.TEK)), 1)

    def test_an_lkh_update_array(self) -> None:
        for kek in ("new", "same"):
            self.lab.fault("lkh-update")
            (out,) = self.rekey(kek=kek)
            _, sa, kd, _ = self.plain(out)
            packet = parse_kd(kd.body)[0]
            self.assertEqual(packet.type, KdType.LKH)
            (array,) = packet.parsed()
            self.assertEqual(array.type, LkhAttr.UPDATE_ARRAY)
            sak = parse_sak(parse_sa(sa.body).attribute_payloads[0].body)
            self.assertEqual(attribute(sak.attributes, KekAttr.MANAGEMENT_ALGORITHM), 1)
            self.assertEqual(packet.spi, sak.spi)
            self.assertNotEqual(sak.spi, self.member.keks[0].spi)
            reader = Reader(array.value, "LKH")
            self.assertEqual((reader.u8(), reader.u16(), reader.u8()), (1, 1, 0))
            self.assertEqual((reader.u16(), reader.u16(), reader.u32()), (2, 0, 1))
            # The key: its node, 3DES, no creation date; IV and key behind an expiry and a handle.
            self.assertEqual(reader.take(8).hex(), "0001" "02" "00" "00000000")
            self.assertEqual(len(reader.rest()), 8 + 8 + 24)
            self.lab.command("lose-state")
            self.member = RekeyMember(self.lab.member().register())

    def test_faults_of_the_way(self) -> None:
        (good,) = self.rekey()
        self.lab.fault("drop", message="push")
        self.assertEqual(self.rekey(), [])
        self.lab.fault("duplicate", message="push")
        first, second = self.rekey()
        self.assertEqual(first, second)
        self.lab.fault("delay", message="push", seconds=3)
        self.assertEqual([out.delay for out in self.rekey()], [3])
        self.lab.fault("truncate", message="push", keep=20)
        self.assertEqual([len(out.data) for out in self.rekey()], [20])
        self.lab.fault("oversize", message="push", octets=7)
        self.assertEqual(len(self.rekey()[0].data) % 8, (len(good.data) + 7) % 8)

    def test_a_corrupted_octet(self) -> None:
        for at in (0, 20, 28, 60, -1):
            self.lab.fault("corrupt", message="push", at=at)
            (out,) = self.rekey()
            with self.assertRaises((WireError, CryptoError, ValueError)):
                self.member.receive(out.data)
        self.member.receive(self.rekey()[0].data)

    def test_two_rekeys_change_places(self) -> None:
        self.lab.fault("reorder", message="push")
        self.assertEqual(self.rekey(), [])
        numbers = [self.plain(out)[0].body[-1] for out in self.rekey()]
        self.assertEqual(numbers, [2, 1])

    def test_a_held_rekey_waits_for_the_next_to_the_same_member(self) -> None:
        self.lab.member(PEERS[1]).register()
        self.lab.fault("reorder", message="push", peer=PEERS[0])
        self.assertEqual([out.peer[0] for out in self.rekey()], [PEERS[1]])
        self.assertEqual([out.peer[0] for out in self.rekey()], [PEERS[0], PEERS[0], PEERS[1]])

    def test_the_nth_rekey_can_be_chosen(self) -> None:
        self.lab.fault("drop", message="push", after=2, count=2)
        self.assertEqual([len(self.rekey()) for _ in range(6)], [1, 1, 0, 0, 1, 1])

    def test_authentic_nonsense(self) -> None:
        self.lab.fault("missing-payload", message="push", type=int(Pay.KD))
        self.refused(r"payloads \[1\]")
        self.lab.fault("missing-payload", message="push", type=int(Pay.SEQ))
        self.refused(r"payloads \[1, 17, 9\]")
        self.lab.fault("duplicate-payload", message="push", type=int(Pay.SA))
        self.refused(r"payloads \[1, 17, 1\]")
        self.lab.fault("extra-payload", message="push")
        self.refused(r"payloads \[1, 17, 13\]")
        self.lab.fault("payload-truncate", message="push", keep=60)
        self.refused("")
        self.lab.fault("payload-corrupt", message="push", at=3)
        self.refused("")
        self.lab.fault("payload-oversize", message="push")
        self.refused("")

    def test_a_rekey_in_the_clear(self) -> None:
        self.lab.fault("clear-message", message="push")
        self.refused(r"header \(33, 0, 0\)")

    def test_policies_and_keys_of_registrations_work_in_rekeys_too(self) -> None:
        for name in ("duplicate-sak", "sa-doi", "foreign-key", "short-key", "key-count", "short-kek"):
            self.lab.fault(name, message="push")
            before = self.lab.faults.view()[-1]["happened"]
            self.rekey(kek="again")
            self.assertEqual(self.lab.faults.view()[-1]["happened"], before + 1, name)

    def test_key_faults_bear_a_rekey_without_teks(self) -> None:
        for name in ("foreign-key", "short-key", "no-integrity-key", "duplicate-key"):
            self.lab.fault(name, message="push")
        self.lab.fault("contradicting-sats", message="push")
        (out,) = self.rekey(tek="same", kek="new", content="new-only")
        heard = self.member.receive(out.data).got
        assert heard is not None
        self.assertEqual((heard.sats(), len(heard.packets)), ([], 1))

    def test_a_silent_key_server_pushes_nothing(self) -> None:
        self.lab.fault("silent", count=0)
        self.assertEqual(self.rekey(), [])
        self.lab.command("clear-faults")
        self.assertEqual(len(self.rekey()), 1)

    def test_a_fault_for_one_member_spares_the_others(self) -> None:
        other = RekeyMember(self.lab.member(PEERS[1]).register(), PEERS[1])
        self.lab.fault("wrong-signature", peer=PEERS[0])
        first, second = self.rekey()
        with self.assertRaisesRegex(WireError, "signature"):
            self.member.receive(first.data)
        other.receive(second.data)

    def test_a_retransmission_repeats_a_wrong_message_but_may_get_through(self) -> None:
        self.lab = rekey_option(retransmit_number=1)
        self.member = RekeyMember(self.lab.member().register())
        self.lab.fault("wrong-signature")
        (out,) = self.rekey()
        self.assertEqual(self.lab.after(10), [out])
        self.lab.fault("drop", message="push")
        self.assertEqual(self.rekey(), [])
        self.assertEqual(len(self.lab.after(10)), 1)

    def test_faults_that_cannot_happen_to_a_rekey_are_refused(self) -> None:
        for data in (
            {"name": "bad-nonce", "message": "push"},
            {"name": "wrong-hash", "message": "push"},
            {"name": "corrupt", "message": "ack"},
            {"name": "wrong-kek", "message": "pull2"},
        ):
            with self.assertRaises(faults.FaultError, msg=str(data)):
                faults.parse(data)


if __name__ == "__main__":
    unittest.main()
