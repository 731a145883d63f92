# SPDX-License-Identifier: GPL-2.0-or-later
"""Registrations as members see them: policy, keys and their life."""
from __future__ import annotations

import unittest
from ipaddress import ip_address
from typing import Any

from ks import payloads
from ks.crypto import signature_key
from ks.numbers import GapAttr, KdAttr, KdType, KekAttr, Notify, Pay, SaAttr
from ks.wire import WireError, parse_attributes
from member import NoAnswer, Registration, attribute
from support import Lab, group_option, sa_option, transform_option


def rekey_option(**options: Any) -> Lab:
    named = {key.replace("_", "-"): value for key, value in options.items()}
    return Lab(lambda data: data["group"][0]["rekey"].update(named))


def key(packet: payloads.KeyPacket, kind: int) -> bytes:
    return next(a.value for a in packet.parsed() if a.type == kind)


class LabGroupTest(unittest.TestCase):
    """The group of lab.toml."""

    def setUp(self) -> None:
        self.lab = Lab()
        self.got: Registration = self.lab.member().register()

    def test_both_entries_come_with_one_spi_and_one_key(self) -> None:
        one, two = self.got.sats()
        self.assertEqual(
            (str(one.source), str(one.destination)), (str(two.destination), str(two.source))
        )
        self.assertEqual(str(one.source), "10.1.0.0/255.255.255.0")
        self.assertEqual(one.spi, two.spi)
        (tek,) = self.got.keys(KdType.TEK)
        self.assertEqual(int.from_bytes(tek.spi, "big"), one.spi)
        self.assertEqual(len(key(tek, KdAttr.TEK_ALGORITHM_KEY)), 16)
        self.assertEqual(len(key(tek, KdAttr.TEK_INTEGRITY_KEY)), 32)

    def test_the_transform_is_aes_128_with_hmac_sha_256_in_tunnel_mode(self) -> None:
        sat = self.got.sats()[0]
        self.assertEqual((sat.protocol_id, sat.transform), (1, 12))
        values = {kind: attribute(sat.attributes, kind) for kind in SaAttr}
        self.assertEqual(values[SaAttr.ENCAPSULATION_MODE], 1)
        self.assertEqual(values[SaAttr.AUTHENTICATION], 5)
        self.assertEqual(values[SaAttr.KEY_LENGTH], 128)
        self.assertEqual((values[SaAttr.LIFE_TYPE], values[SaAttr.LIFE_DURATION]), (1, 3600))
        self.assertIsNone(values[SaAttr.ADDRESS_PRESERVATION])  # absent = both addresses

    def test_the_kek_is_3des_signed_by_rsa(self) -> None:
        sak = self.got.sak()
        assert sak is not None
        self.assertEqual(
            (str(sak.source), str(sak.destination)), ("10.0.0.5:848", "172.16.1.2:848")
        )
        values = {kind: attribute(sak.attributes, kind) for kind in KekAttr}
        self.assertEqual(values[KekAttr.ALGORITHM], 2)
        self.assertEqual(values[KekAttr.KEY_LIFETIME], 86400)
        self.assertEqual(values[KekAttr.SIG_HASH_ALGORITHM], 2)
        self.assertEqual(values[KekAttr.SIG_ALGORITHM], 1)
        (kek,) = self.got.keys(KdType.KEK)
        self.assertEqual(kek.spi, sak.spi)
        self.assertEqual(len(key(kek, KdAttr.KEK_ALGORITHM_KEY)), 8 + 24)
        self.assertEqual(self.got.sequence, 0)

    def test_another_member_gets_the_same_keys(self) -> None:
        other = self.lab.member("172.16.3.2").register()
        self.assertEqual(self.got.keys(KdType.TEK), other.keys(KdType.TEK))
        self.assertEqual(self.got.keys(KdType.KEK), other.keys(KdType.KEK))
        self.assertEqual(set(self.lab.server.groups[0].members), {"172.16.1.2", "172.16.3.2"})

    def test_a_member_may_register_twice_in_one_phase_1(self) -> None:
        member = self.lab.member()
        self.assertEqual(member.register().sats(), member.register().sats())
        self.assertEqual(self.lab.server.groups[0].members["172.16.1.2"].registrations, 3)

    def test_no_secret_is_logged_as_an_event(self) -> None:
        (tek,) = self.got.keys(KdType.TEK)
        secret = key(tek, KdAttr.TEK_ALGORITHM_KEY).hex()
        self.assertFalse(any(secret in line for line in self.lab.log.lines))
        self.assertFalse(self.lab.logged("SUPERSECRET"))


class RefusalTest(unittest.TestCase):
    def test_an_unknown_group_is_refused_under_protection(self) -> None:
        for group in (101, ip_address("239.1.1.1")):
            lab = Lab()
            wanted = f"notification {Notify.INVALID_ID_INFORMATION}"
            with self.assertRaisesRegex(WireError, wanted):
                lab.member().register(group)  # type: ignore[arg-type]
            self.assertTrue(lab.logged("KS_GM_REJECTED"))
            self.assertEqual(lab.server.groups[0].members, {})

    def test_a_group_may_be_named_by_an_address(self) -> None:
        lab = group_option(identity="239.1.1.1")
        group = ip_address("239.1.1.1")
        self.assertEqual(len(lab.member().register(group).sats()), 2)  # type: ignore[arg-type]

    def test_a_member_that_is_not_authorized_is_refused(self) -> None:
        lab = group_option(authorization=["172.16.3.2"])
        with self.assertRaises(WireError):
            lab.member("172.16.1.2").register()
        lab.member("172.16.3.2").register()

    def test_a_message_with_a_wrong_hash_is_not_answered_and_changes_nothing(self) -> None:
        lab = Lab()
        member = lab.member()
        wire = member.wire
        dropped: list[bytes] = []

        def forge_first(datagram: bytes) -> list[bytes]:
            if parse_exchange(datagram) == 32 and len(dropped) < 1:
                dropped.append(datagram)
                self.assertEqual(lab.send(datagram[:-1] + bytes([datagram[-1] ^ 1])), [])
            return wire(datagram)

        member.wire = forge_first
        self.assertEqual(len(member.register().sats()), 2)
        self.assertEqual(len(dropped), 1)

    def test_a_third_exchange_message_is_silent(self) -> None:
        lab = Lab()
        member = lab.member()
        member.register()
        with self.assertRaises(NoAnswer):
            member.ask(member.sent[-1][:-16])


def parse_exchange(datagram: bytes) -> int:
    return datagram[18]


class LifeTest(unittest.TestCase):
    def remaining(self, got: Registration) -> list[int | None]:
        return [attribute(sat.attributes, SaAttr.LIFE_DURATION) for sat in got.sats()]

    def test_a_late_member_gets_the_remaining_life(self) -> None:
        lab = Lab()
        lab.now += 1785
        got = lab.member().register()
        self.assertEqual(self.remaining(got), [1815, 1815])
        sak = got.sak()
        assert sak is not None
        self.assertEqual(attribute(sak.attributes, KekAttr.KEY_LIFETIME), 86400 - 1785)

    def test_near_the_end_the_old_and_the_new_tek_come_together(self) -> None:
        lab = Lab()
        before = lab.member().register().sats()[0].spi
        lab.now += 3300
        got = lab.member().register()
        self.assertEqual(self.remaining(got), [300, 3600, 300, 3600])
        old, new, *_ = [sat.spi for sat in got.sats()]
        self.assertEqual(old, before)
        self.assertNotEqual(old, new)
        spis = {int.from_bytes(packet.spi, "big") for packet in got.keys(KdType.TEK)}
        self.assertEqual(spis, {old, new})
        lab.now += 301
        self.assertEqual({sat.spi for sat in lab.member().register().sats()}, {new})

    def test_generations_may_come_list_by_list(self) -> None:
        lab = group_option(format={"generations": "list"})
        lab.now += 3300
        self.assertEqual(self.remaining(lab.member().register()), [300, 300, 3600, 3600])

    def test_after_a_long_silence_there_is_one_fresh_tek(self) -> None:
        lab = Lab()
        lab.now += 50000
        self.assertEqual(self.remaining(lab.member().register()), [3600, 3600])

    def test_the_clock_alone_renews_teks_and_the_kek(self) -> None:
        lab = Lab()
        kek = lab.server.groups[0].kek
        assert kek is not None
        lab.now += 86400 - 199
        lab.server.tick(lab.now)
        self.assertTrue(lab.logged("KS_TEK_RENEWED"))
        self.assertTrue(lab.logged("KS_KEK_RENEWED"))
        renewed = lab.server.groups[0].kek
        assert renewed is not None
        self.assertNotEqual(renewed.spi, kek.spi)

    def test_the_keys_of_step_4_fit_the_policy_of_step_2_across_a_renewal(self) -> None:
        lab = Lab()
        member = lab.member()
        wire = member.wire

        def slow(datagram: bytes) -> list[bytes]:
            if parse_exchange(datagram) == 32:
                lab.now += 3300
                lab.server.tick(lab.now)
            return wire(datagram)

        member.wire = slow
        got = member.register()
        offered = {sat.spi.to_bytes(4, "big") for sat in got.sats()}
        self.assertEqual(offered, {packet.spi for packet in got.keys(KdType.TEK)})

    def test_lifetimes_are_basic_where_they_fit_when_asked_for(self) -> None:
        lab = group_option(format={"lifetime": "basic"})
        parsed = lab.member().register().sats()[0].parsed()
        life = next(a for a in parsed if a.type == SaAttr.LIFE_DURATION)
        self.assertEqual((life.is_basic, life.number), (True, 3600))


class FormatTest(unittest.TestCase):
    def test_identities_may_have_lengths_of_two_octets(self) -> None:
        lab = group_option(format={"id-length-octets": 2, "kek-id-length-octets": 2})
        got = lab.member().register(id_length_octets=2)
        self.assertEqual(str(got.sats()[0].source), "10.1.0.0/255.255.255.0")
        sak = got.sak(2)
        assert sak is not None
        self.assertEqual(str(sak.source), "10.0.0.5:848")
        with self.assertRaises(WireError):
            Registration(got.sa, got.packets, got.sequence, 1).sats()

    def test_the_key_length_of_the_signature_may_count_the_der_octets(self) -> None:
        for name, bits in (("bits", 1024), ("der", 162 * 8)):
            sak = group_option(format={"sig-key-length": name}).member().register().sak()
            assert sak is not None
            self.assertEqual(attribute(sak.attributes, KekAttr.SIG_KEY_LENGTH), bits)

    def test_the_old_pop_fields_may_be_filled(self) -> None:
        sak = group_option(format={"pop": 0x00010400}).member().register().sak()
        assert sak is not None
        self.assertEqual(sak.reserved, 0x00010400)

    def test_private_attributes_are_sent(self) -> None:
        got = sa_option(private_attributes={"32001": "00ff"}).member().register()
        self.assertIn((32001, b"\x00\xff"), [(a.type, a.value) for a in got.sats()[0].parsed()])

    def test_address_preservation_and_direction_are_sent_when_configured(self) -> None:
        got = sa_option(address_preservation="source", direction="receiver").member().register()
        attributes = got.sats()[0].attributes
        self.assertEqual(attribute(attributes, SaAttr.ADDRESS_PRESERVATION), 2)
        self.assertEqual(attribute(attributes, SaAttr.DIRECTION), 2)

    def test_extended_sequence_numbers_are_asked_for_when_configured(self) -> None:
        kind = SaAttr.EXTENDED_SEQUENCE_NUMBER
        got = sa_option(extended_sequence=True).member().register()
        self.assertEqual(attribute(got.sats()[0].attributes, kind), 1)
        self.assertIsNone(attribute(sa_option().member().register().sats()[0].attributes, kind))

    def test_activation_and_deactivation_delays_travel_in_a_gap(self) -> None:
        lab = Lab(
            lambda data: data["group"][0].update(
                {"activation-time-delay": 5, "deactivation-time-delay": 30}
            )
        )
        got = lab.member().register()
        kinds = [p.type for p in got.sa.attribute_payloads]
        self.assertEqual(kinds, [Pay.SAK, Pay.GAP, Pay.SAT, Pay.SAT])
        gap = parse_attributes(got.sa.attribute_payloads[1].body, "GAP")
        values = {a.type: a.number for a in gap}
        wanted = {GapAttr.ACTIVATION_TIME_DELAY: 5, GapAttr.DEACTIVATION_TIME_DELAY: 30}
        self.assertEqual(values, wanted)


class KekTest(unittest.TestCase):
    def test_every_kek_cipher_has_its_numbers_iv_and_key(self) -> None:
        wanted: dict[str, tuple[int, int | None, int]]
        wanted = {"des": (1, None, 16), "3des": (2, None, 32)}
        wanted |= {f"aes {bits}": (3, bits, 16 + bits // 8) for bits in (128, 192, 256)}
        for name, (number, bits, octets) in wanted.items():
            got = rekey_option(algorithm=name).member().register()
            sak = got.sak()
            assert sak is not None
            self.assertEqual(attribute(sak.attributes, KekAttr.ALGORITHM), number, name)
            self.assertEqual(attribute(sak.attributes, KekAttr.KEY_LENGTH), bits, name)
            (kek,) = got.keys(KdType.KEK)
            self.assertEqual(len(key(kek, KdAttr.KEK_ALGORITHM_KEY)), octets, name)

    def test_ecdsa_keys_may_sign(self) -> None:
        lab = rekey_option(authentication="ecdsa-256", sig_hash="none")
        sak = lab.member().register().sak()
        assert sak is not None
        self.assertEqual(attribute(sak.attributes, KekAttr.SIG_ALGORITHM), 4)
        self.assertIsNone(attribute(sak.attributes, KekAttr.SIG_HASH_ALGORITHM))

    def test_a_multicast_group_names_its_address(self) -> None:
        lab = rekey_option(transport="multicast", multicast_address="239.1.1.1")
        sak = lab.member().register().sak()
        assert sak is not None
        self.assertEqual(str(sak.destination), "239.1.1.1:848")

    def test_sequence_and_acknowledgement_are_configurable(self) -> None:
        got = rekey_option(sequence=7, acknowledgement=1).member().register()
        self.assertEqual(got.sequence, 7)
        sak = got.sak()
        assert sak is not None
        self.assertEqual(attribute(sak.attributes, KekAttr.ACK_REQUESTED), 1)

    def test_a_group_without_rekeys_sends_neither_sak_nor_seq(self) -> None:
        got = Lab(lambda data: data["group"][0].pop("rekey")).member().register()
        self.assertIsNone(got.sak())
        self.assertIsNone(got.sequence)
        self.assertEqual(got.keys(KdType.KEK), [])

    def test_a_signature_key_of_the_wrong_kind_does_not_exist(self) -> None:
        with self.assertRaises(KeyError):
            signature_key("dss")


class CounterModeTest(unittest.TestCase):
    def sids(self, got: Registration) -> list[int]:
        (packet,) = got.keys(KdType.SID)
        self.assertEqual(packet.spi, b"")
        return [a.number for a in packet.parsed() if a.type == KdAttr.SID_VALUE]

    def test_members_get_sender_ids_one_after_another(self) -> None:
        lab = transform_option("esp-gcm 256")
        self.assertEqual(self.sids(lab.member().register()), [0])
        self.assertEqual(self.sids(lab.member("172.16.3.2").register()), [1])
        self.assertEqual(self.sids(lab.member().register(sids=3)), [2, 3, 4])

    def test_the_key_holds_the_salt_and_there_is_no_integrity_key(self) -> None:
        got = transform_option("esp-gcm 256").member().register()
        (tek,) = got.keys(KdType.TEK)
        self.assertEqual([(a.type, len(a.value)) for a in tek.parsed()], [(1, 36)])

    def test_used_up_sender_ids_start_again_with_new_teks(self) -> None:
        lab = transform_option("esp-gcm")
        group = lab.server.groups[0]
        group.next_sid = (1 << 24) - 1
        first = lab.member().register()
        second = lab.member().register()
        self.assertEqual((self.sids(first), self.sids(second)), ([(1 << 24) - 1], [0]))
        self.assertNotEqual(first.sats()[0].spi, second.sats()[0].spi)

    def test_cbc_groups_give_no_sender_id(self) -> None:
        self.assertEqual(Lab().member().register(sids=2).keys(KdType.SID), [])


if __name__ == "__main__":
    unittest.main()
