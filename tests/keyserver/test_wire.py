# SPDX-License-Identifier: GPL-2.0-or-later
"""The codec against octets written by hand from the figures of RFC 2408 and RFC 6407."""
from __future__ import annotations

import unittest
from ipaddress import ip_address, ip_network

from ks import ids, notify, payloads, proposal
from ks.numbers import IdType, KdAttr, KdType, KekAttr, Notify, Pay, SaAttr
from ks.wire import Attribute, Header, Payload, Reader, WireError, basic, build_chain
from ks.wire import build_message, parse_attributes, parse_chain, parse_header, variable

COOKIES = bytes(range(1, 9)), bytes(range(17, 25))


def octets(text: str) -> bytes:
    return bytes.fromhex("".join(line.partition("#")[0] for line in text.splitlines()))


class HeaderTest(unittest.TestCase):
    WIRE = octets(
        """
        0102030405060708  # initiator cookie
        1112131415161718  # responder cookie
        08 10 20 01       # HASH first, version 1.0, GROUPKEY-PULL, encrypted
        cafef00d          # message ID
        0000001c          # length
        """
    )

    def test_a_header_is_laid_out_as_in_rfc_2408_figure_2(self) -> None:
        header = Header(*COOKIES, Pay.HASH, 32, 1, 0xCAFEF00D)
        self.assertEqual(header.pack(), self.WIRE)
        self.assertEqual(parse_header(self.WIRE), header)

    def test_a_header_with_another_length_than_the_datagram_is_refused(self) -> None:
        for datagram in (self.WIRE + b"\0", self.WIRE[:-1], b""):
            with self.assertRaises(WireError):
                parse_header(datagram)

    def test_a_header_of_version_2_is_refused(self) -> None:
        with self.assertRaises(WireError):
            parse_header(self.WIRE[:17] + b"\x20" + self.WIRE[18:])

    def test_a_zero_initiator_cookie_is_refused(self) -> None:
        with self.assertRaises(WireError):
            parse_header(bytes(8) + self.WIRE[8:])


class ChainTest(unittest.TestCase):
    WIRE = octets("0a 00 0006 abcd  00 00 0005 ff")  # HASH of 2 octets, then a nonce of 1
    PAYLOADS = [Payload(Pay.HASH, b"\xab\xcd"), Payload(Pay.NONCE, b"\xff")]

    def test_each_payload_names_the_next_one(self) -> None:
        self.assertEqual(build_chain(self.PAYLOADS), self.WIRE)
        self.assertEqual(parse_chain(self.WIRE, Pay.HASH).payloads, self.PAYLOADS)

    def test_octets_behind_the_last_payload_are_padding_only_where_allowed(self) -> None:
        chain = parse_chain(self.WIRE + bytes(5), Pay.HASH, padded=True)
        self.assertEqual((chain.payloads, chain.used), (self.PAYLOADS, len(self.WIRE)))
        with self.assertRaises(WireError):
            parse_chain(self.WIRE + bytes(5), Pay.HASH)

    def test_a_payload_shorter_than_its_header_is_refused(self) -> None:
        with self.assertRaises(WireError):
            parse_chain(octets("00 00 0003"), Pay.HASH)

    def test_a_payload_longer_than_the_message_is_refused(self) -> None:
        with self.assertRaises(WireError):
            parse_chain(octets("00 00 0007 abcd"), Pay.HASH)

    def test_a_reserved_octet_that_is_not_zero_is_refused(self) -> None:
        with self.assertRaises(WireError):
            parse_chain(octets("00 01 0006 abcd"), Pay.HASH)

    def test_an_endless_chain_is_refused(self) -> None:
        with self.assertRaises(WireError):
            parse_chain(octets("0d000004") * 100, Pay.VID)

    def test_a_payload_wanted_once_must_come_once(self) -> None:
        doubled = parse_chain(build_chain([self.PAYLOADS[0]] * 2), Pay.HASH)
        for kind in (Pay.HASH, Pay.SA):
            with self.assertRaises(WireError):
                doubled.need(kind)


class AttributeTest(unittest.TestCase):
    def test_basic_and_variable_attributes_follow_rfc_2408_figure_4(self) -> None:
        wire = basic(11, 1) + variable(12, b"\0\1\x51\x80")
        self.assertEqual(wire, octets("800b 0001  000c 0004 00015180"))
        one, two = parse_attributes(wire, "test")
        self.assertEqual(one, Attribute(11, b"\0\1", True))
        self.assertEqual((two.type, two.number, two.is_basic), (12, 86400, False))

    def test_an_attribute_beyond_the_end_is_refused(self) -> None:
        for wire in ("800b00", "000c0005aabbccdd", "000c"):
            with self.assertRaises(WireError):
                parse_attributes(octets(wire), "test")

    def test_a_basic_attribute_holds_two_octets_at_most(self) -> None:
        with self.assertRaises(WireError):
            basic(1, 0x10000)


class IdentityTest(unittest.TestCase):
    def test_group_100_is_a_key_id_of_four_octets(self) -> None:
        self.assertEqual(ids.of_group(100).pack(), octets("0b 00 0000 00000064"))

    def test_a_group_may_be_an_address(self) -> None:
        identity = ids.of_group(ip_address("239.1.1.1"))
        self.assertEqual(identity.pack(), octets("01 00 0000 ef010101"))

    def test_identities_inside_sat_have_a_length_of_one_or_two_octets(self) -> None:
        identity = ids.of_network(ip_network("10.1.0.0/24"), 53)
        short, long = octets("04 0035 08 0a010000ffffff00"), octets("04 0035 0008 0a010000ffffff00")
        self.assertEqual((identity.pack_short(), identity.pack_short(2)), (short, long))
        self.assertEqual(ids.parse_short(Reader(short, "t")), identity)
        self.assertEqual(ids.parse_short(Reader(long, "t"), 2), identity)

    def test_an_address_of_three_octets_is_refused(self) -> None:
        with self.assertRaises(WireError):
            ids.parse_identity(octets("01 11 0350 0a0000"))


class GdoiPayloadTest(unittest.TestCase):
    # ESP, any protocol, 10.0.224.37 > 239.1.1.1, 3DES, transport, HMAC-SHA1, 60 seconds.
    SAT = octets(
        """
        01 00
        01 0000 04 0a00e025
        01 0000 04 ef010101
        03 1122aabb
        80040002 80050002 80010001 8002003c
        """
    )
    SAK = octets(
        """
        11
        01 0350 04 0a00e02c
        01 0350 04 ef0a0101
        61626364656667683031323334353637
        00000000
        80020002 80050002 80060001
        """
    )

    def test_a_sat_is_laid_out_as_in_figures_7_and_8(self) -> None:
        source, destination = ip_address("10.0.224.37"), ip_address("239.1.1.1")
        attributes = basic(SaAttr.ENCAPSULATION_MODE, 2) + basic(SaAttr.AUTHENTICATION, 2)
        attributes += basic(SaAttr.LIFE_TYPE, 1) + basic(SaAttr.LIFE_DURATION, 60)
        ends = ids.of_address(source), ids.of_address(destination)
        sat = payloads.Sat(1, 0, *ends, 3, 0x1122AABB, attributes)
        self.assertEqual(sat.pack(), self.SAT)
        self.assertEqual(payloads.parse_sat(self.SAT), sat)
        self.assertEqual(payloads.parse_sat(sat.pack(2), 2), sat)

    def test_a_sat_that_ends_early_is_refused(self) -> None:
        for end in range(len(self.SAT)):
            if (len(self.SAT) - end) % 4 or end < 23:  # 16 octets of attributes, each of 4
                with self.assertRaises(WireError, msg=str(end)):
                    payloads.parse_sat(self.SAT[:end])

    def test_a_sak_is_laid_out_as_in_figure_5(self) -> None:
        ends = [ids.of_address(ip_address(a), 848) for a in ("10.0.224.44", "239.10.1.1")]
        attributes = basic(KekAttr.ALGORITHM, 2) + basic(KekAttr.SIG_HASH_ALGORITHM, 2)
        attributes += basic(KekAttr.SIG_ALGORITHM, 1)
        sak = payloads.Sak(17, ends[0], ends[1], b"abcdefgh01234567", 0, attributes)
        self.assertEqual(sak.pack(), self.SAK)
        self.assertEqual(payloads.parse_sak(self.SAK), sak)

    def test_an_sa_names_its_first_attribute_payload_in_two_octets(self) -> None:
        body = payloads.build_sa([Payload(Pay.SAK, self.SAK), Payload(Pay.SAT, self.SAT)])
        self.assertEqual(body[:16], octets("00000002 00000000 000f 0000 10 00 0035"))
        sa = payloads.parse_sa(body)
        self.assertEqual([p.type for p in sa.attribute_payloads], [Pay.SAK, Pay.SAT])

    def test_an_sa_with_another_payload_inside_is_refused(self) -> None:
        with self.assertRaises(WireError):
            payloads.parse_sa(payloads.build_sa([Payload(Pay.NONCE, bytes(8))]))

    def test_a_kd_is_laid_out_as_in_figures_9_and_10(self) -> None:
        key = variable(KdAttr.TEK_ALGORITHM_KEY, bytes(range(24)))
        key += variable(KdAttr.TEK_INTEGRITY_KEY, bytes(range(20)))
        packet = payloads.KeyPacket(KdType.TEK, bytes.fromhex("1122aabb"), key)
        wire = octets("0001 0000  01 00 003d 04 1122aabb  0001 0018") + bytes(range(24))
        wire += octets("0002 0014") + bytes(range(20))
        self.assertEqual(payloads.build_kd([packet]), wire)
        self.assertEqual(payloads.parse_kd(wire), [packet])

    def test_a_kd_that_counts_more_packets_than_it_has_is_refused(self) -> None:
        packet = payloads.KeyPacket(KdType.TEK, bytes(4), b"")
        with self.assertRaises(WireError):
            payloads.parse_kd(payloads.build_kd([packet], 2))

    def test_identity_types_have_their_registered_numbers(self) -> None:
        self.assertEqual((IdType.IPV4_ADDR_SUBNET, IdType.KEY_ID), (4, 11))


class NotifyTest(unittest.TestCase):
    def test_a_notification_is_laid_out_as_in_rfc_2408_3_14(self) -> None:
        cookies = b"".join(COOKIES)
        built = notify.payload(Notify.INITIAL_CONTACT, 1, cookies)
        self.assertEqual(built.body, octets("00000001 01 10 6002") + cookies)
        self.assertEqual(notify.parse(built.body).spi, cookies)

    def test_a_delete_is_laid_out_as_in_rfc_2408_3_15(self) -> None:
        cookies = b"".join(COOKIES)
        built = notify.delete(2, 1, [cookies])
        self.assertEqual(built.body, octets("00000002 01 10 0001") + cookies)
        self.assertEqual(notify.parse_delete(built.body).spis, [cookies])

    def test_a_delete_that_counts_more_spis_than_it_has_is_refused(self) -> None:
        with self.assertRaises(WireError):
            notify.parse_delete(octets("00000002 03 04 0002 11223344"))


class ProposalTest(unittest.TestCase):
    WIRE = octets(
        """
        00000002 00000000        # DOI GDOI, situation
        00 00 0028 01 01 00 01   # one ISAKMP proposal, no SPI, one transform
        00 00 0020 01 01 0000    # transform 1, KEY_IKE
        80010005 80020002 80030001 80040002 800b0001 80 0c 0e10
        """
    )

    def test_an_offer_is_read_as_in_rfc_2408_3_4_to_3_6(self) -> None:
        offer = proposal.parse_sa(self.WIRE)
        transform = offer.transforms[0]
        self.assertEqual((offer.doi, offer.number, transform.number), (2, 1, 1))
        self.assertEqual((transform.value(1), transform.value(4)), (5, 2))
        self.assertEqual(transform.lifetime(), 3600)
        self.assertEqual(proposal.build_sa(2, bytes(4), 1, [transform]), self.WIRE)

    def test_a_wrong_count_of_transforms_is_refused(self) -> None:
        with self.assertRaises(WireError):
            proposal.parse_sa(self.WIRE[:15] + b"\2" + self.WIRE[16:])

    def test_a_proposal_for_another_protocol_is_refused(self) -> None:
        with self.assertRaises(WireError):
            proposal.parse_sa(self.WIRE[:13] + b"\3" + self.WIRE[14:])

    def test_a_message_has_its_length_and_first_payload_filled_in(self) -> None:
        message = build_message(Header(*COOKIES, 0, 2), [Payload(Pay.SA, self.WIRE)])
        self.assertEqual(parse_header(message).next_payload, Pay.SA)
        self.assertEqual(message[24:28], octets("00000050"))


if __name__ == "__main__":
    unittest.main()
