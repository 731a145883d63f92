# SPDX-License-Identifier: GPL-2.0-or-later
"""Access lists as registrations carry them."""
from __future__ import annotations

import unittest
from typing import Any

from ks.numbers import KdType
from member import NoAnswer, attribute
from support import Lab, list_option, sa_option


class ListTest(unittest.TestCase):
    def test_denying_entries_travel_without_a_key_in_their_place(self) -> None:
        lines = "deny udp any any eq 848", "permit ip 10.1.0.0/24 10.3.0.0/24", "deny ip any any"
        got = list_option(*lines).member().register()
        spis = [sat.spi for sat in got.sats()]
        self.assertEqual([spi == 0 for spi in spis], [True, False, True])
        self.assertEqual(got.sats()[0].protocol, 17)
        self.assertEqual(got.sats()[0].destination.port, 848)
        self.assertEqual(len(got.keys(KdType.TEK)), 1)

    def test_denying_entries_may_be_told_by_an_attribute(self) -> None:
        def change(data: dict[str, Any]) -> None:
            data["access-list"]["CRYPTO_ACL"].insert(0, "deny ip any any")
            data["group"][0]["sa"][0] |= {"deny": "marked", "deny-attributes": {"32001": "0001"}}

        deny, *permits = Lab(change).member().register().sats()
        self.assertEqual({sat.spi for sat in permits}, {deny.spi})
        self.assertEqual(attribute(deny.attributes, 32001), 1)
        self.assertEqual([attribute(sat.attributes, 32001) for sat in permits], [None, None])

    def test_denying_entries_may_be_left_out(self) -> None:
        def change(data: dict[str, Any]) -> None:
            data["access-list"]["CRYPTO_ACL"].insert(0, "deny ip any any")
            data["group"][0]["sa"][0]["deny"] = "omit"

        self.assertEqual(len(Lab(change).member().register().sats()), 2)

    def test_every_entry_may_have_its_own_spi(self) -> None:
        got = sa_option(spi_per_ace=True).member().register()
        spis = [sat.spi for sat in got.sats()]
        self.assertEqual(len(set(spis)), 2)
        packets = got.keys(KdType.TEK)
        self.assertEqual([int.from_bytes(p.spi, "big") for p in packets], spis)
        self.assertNotEqual(packets[0].attributes, packets[1].attributes)

    def test_a_fixed_spi_is_used_and_counted_up(self) -> None:
        lab = sa_option(spi=0xA3D6592E)
        self.assertEqual(lab.member().register().sats()[0].spi, 0xA3D6592E)
        lab.now += 3601
        self.assertEqual(lab.member().register().sats()[0].spi, 0xA3D6592F)

    def test_a_thousand_entries_fit_in_one_message(self) -> None:
        lines = [f"permit ip 10.{n >> 8}.{n & 255}.0/24 10.128.0.0/16" for n in range(1000)]
        self.assertEqual(len(list_option(*lines).member().register().sats()), 1000)

    def test_a_list_that_fits_in_no_message_is_told_in_the_log(self) -> None:
        lab = list_option(*["permit ip 10.1.0.0/24 10.3.0.0/24"] * 1200)
        with self.assertRaises(NoAnswer):
            lab.member().register()
        self.assertTrue(lab.logged("policy of group GDOI-GROUP fits in no message"))

    def test_any_travels_as_subnet_or_as_nothing(self) -> None:
        for name, octets in (("subnet", 8), ("zero-length", 0), ("three-octets", 3)):

            def change(data: dict[str, Any], name: str = name) -> None:
                data["access-list"]["CRYPTO_ACL"] = ["permit udp any eq 53 10.3.0.0/24"]
                data["group"][0]["format"] = {"any": name}

            sat = Lab(change).member().register().sats()[0]
            self.assertEqual((sat.source.data, sat.source.port), (bytes(octets), 53))
