# SPDX-License-Identifier: GPL-2.0-or-later
"""Access lists and transform sets in Cisco's words."""
from __future__ import annotations

import unittest

from ks import acl, transforms


class AclTest(unittest.TestCase):
    def ends(self, line: str) -> tuple[str, str]:
        ace = acl.parse_ace(line)
        return ace.source.pack_short().hex(), ace.destination.pack_short().hex()

    def test_a_network_is_a_subnet_with_its_mask(self) -> None:
        source, destination = self.ends("permit ip 10.1.0.0/24 10.3.0.0/24")
        self.assertEqual(source, "040000080a010000ffffff00")
        self.assertEqual(destination, "040000080a030000ffffff00")

    def test_a_wildcard_means_the_same_as_a_prefix_length(self) -> None:
        ios = self.ends("permit ip 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255")
        self.assertEqual(ios, self.ends("permit ip 10.1.0.0/24 10.3.0.0/24"))

    def test_a_wildcard_with_holes_is_a_mask_with_holes(self) -> None:
        source, destination = self.ends("permit ip 10.0.5.0 0.255.0.255 10.0.0.0/8")
        self.assertEqual(source, "040000080a000500ff00ff00")
        self.assertEqual(destination, "040000080a000000ff000000")
        for line in ("permit ip 10.1.5.0 0.255.0.255 any", "permit ip 10.0.0.1 0.0.0.255 any"):
            with self.assertRaises(acl.AclError):
                acl.parse_ace(line)

    def test_two_plain_addresses_are_two_hosts(self) -> None:
        ends = self.ends("permit ip 10.1.0.5 10.3.0.5")
        self.assertEqual(ends, ("010000040a010005", "010000040a030005"))

    def test_any_is_the_whole_address_space(self) -> None:
        self.assertEqual(self.ends("deny ospf any any")[0], "040000080000000000000000")

    def test_hosts_ranges_and_ports(self) -> None:
        source, destination = self.ends("permit udp host 10.1.0.1 eq 53 10.3.0.1-10.3.0.9")
        self.assertEqual(source, "010035040a010001")
        self.assertEqual(destination, "070000080a0300010a030009")

    def test_ports_have_ios_names(self) -> None:
        self.assertEqual(acl.parse_ace("deny tcp any any eq bgp").destination.port, 179)

    def test_protocols_have_names_and_numbers(self) -> None:
        protocols = [acl.parse_ace(f"deny {p} any any").protocol for p in ("ip", "esp", "89")]
        self.assertEqual(protocols, [0, 50, 89])

    def test_ipv6_entries(self) -> None:
        source, destination = self.ends("permit ipv6 2001:db8:1::/48 any")
        self.assertEqual(source[:8], "06000020")
        self.assertEqual(destination, "06000020" + "00" * 32)

    def test_permit_and_deny_keep_their_order(self) -> None:
        aces = acl.parse_list(["deny udp any any eq 848", "permit ip any any"])
        self.assertEqual([ace.permit for ace in aces], [False, True])

    def test_lines_that_are_no_entry_are_refused_and_quoted(self) -> None:
        bad = (
            "permit",
            "allow ip any any",
            "permit ip any",
            "permit nonsense any any",
            "permit ip 10.1.0.0/24 10.3.0.1/24",
            "permit ip any any eq 53",
            "permit tcp any range 1 2 any",
            "permit tcp any eq 70000 any",
            "permit tcp any eq",
            "permit ip any any log",
            "permit ip 10.0.0.0/8 2001:db8::/32",
            "permit ip 10.0.0.9-10.0.0.1 any",
            "permit 256 any any",
        )
        for line in bad:
            with self.assertRaises(acl.AclError, msg=line) as caught:
                acl.parse_ace(line)
            self.assertIn(line, str(caught.exception))


class TransformTest(unittest.TestCase):
    def numbers(self, words: str) -> tuple[int, int, int | None, int | None, int, int]:
        t = transforms.parse("t", words, "tunnel")
        octets = t.cipher_octets, t.integrity_octets
        return t.protocol, t.transform, t.authentication, t.key_bits, *octets

    def test_every_set_has_its_registered_numbers_and_key_sizes(self) -> None:
        wanted = {
            "esp-aes esp-sha256-hmac": (1, 12, 5, 128, 16, 32),
            "esp-aes 256 esp-sha512-hmac": (1, 12, 7, 256, 32, 64),
            "esp-3des esp-sha-hmac": (1, 3, 2, None, 24, 20),
            "esp-des esp-md5-hmac": (1, 2, 1, None, 8, 16),
            "esp-null esp-sha384-hmac": (1, 11, 6, None, 0, 48),
            "esp-aes-ctr 192 esp-sha256-hmac": (1, 13, 5, 192, 28, 32),
            "esp-ccm-16 128": (1, 16, None, 128, 19, 0),
            "esp-gcm 256": (1, 20, None, 256, 36, 0),
            "esp-gmac 128": (1, 23, None, 128, 20, 0),
            "ah-sha256-hmac": (2, 5, 5, None, 0, 32),
        }
        for words, numbers in wanted.items():
            self.assertEqual(self.numbers(words), numbers, words)

    def test_sets_that_make_no_sense_are_refused(self) -> None:
        bad = ("", "esp-foo", "esp-aes 100", "esp-gcm esp-sha-hmac", "ah-sha-hmac esp-aes")
        for words in (*bad, "esp-aes esp-sha-hmac esp-sha-hmac"):
            with self.assertRaises(transforms.TransformError, msg=words):
                transforms.parse("t", words, "tunnel")


if __name__ == "__main__":
    unittest.main()
