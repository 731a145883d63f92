# SPDX-License-Identifier: GPL-2.0-or-later
"""Primitives against the vectors of their RFCs."""
from __future__ import annotations

import random
import unittest

from ks import crypto, keys
from rfc_numbers import ECP, PRIMES


def probably_prime(number: int, rounds: int = 8) -> bool:
    """Miller and Rabin's test."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(rounds):
        x = pow(random.randrange(2, number - 1), odd, number)
        if x in (1, number - 1):
            continue
        for _ in range(twos - 1):
            x = pow(x, 2, number)
            if x == number - 1:
                break
        else:
            return False
    return True


class GroupTest(unittest.TestCase):
    def test_the_primes_are_those_printed_in_the_rfcs(self) -> None:
        for group, digits in PRIMES.items():
            self.assertEqual(crypto.modp_prime(group), int(digits, 16), group)

    def test_the_other_primes_are_safe_primes(self) -> None:
        for group in (5, 15, 16):
            prime = crypto.modp_prime(group)
            self.assertEqual(prime.bit_length(), crypto.MODP[group][0])
            self.assertTrue(probably_prime(prime, 2) and probably_prime(prime // 2, 2), group)

    def test_the_elliptic_groups_reproduce_rfc_5903(self) -> None:
        for group, text in ECP.items():
            ours = crypto.DiffieHellman(group, int(text["i"], 16))
            theirs = crypto.DiffieHellman(group, int(text["r"], 16))
            self.assertEqual(ours.public.hex(), text["gix"] + text["giy"])
            self.assertEqual(theirs.public.hex(), text["grx"] + text["gry"])
            self.assertEqual(ours.shared(theirs.public).hex(), text["girx"])

    def test_both_ends_agree_in_every_group(self) -> None:
        for group in (*crypto.MODP, *crypto.ECP):
            one, two = crypto.DiffieHellman(group), crypto.DiffieHellman(group)
            self.assertEqual(one.shared(two.public), two.shared(one.public), group)

    def test_a_degenerate_public_value_is_refused(self) -> None:
        ours = crypto.DiffieHellman(14)
        prime = crypto.modp_prime(14)
        for value in (0, 1, prime - 1, prime):
            with self.assertRaises(crypto.CryptoError):
                ours.shared(value.to_bytes(256, "big"))

    def test_a_public_value_of_another_length_is_refused(self) -> None:
        for group in (2, 19):
            ours = crypto.DiffieHellman(group)
            with self.assertRaises(crypto.CryptoError):
                ours.shared(ours.public[:-1])

    def test_a_point_off_the_curve_is_refused(self) -> None:
        ours = crypto.DiffieHellman(19)
        with self.assertRaises(crypto.CryptoError):
            ours.shared(ours.public[:-1] + bytes([ours.public[-1] ^ 1]))


class CipherTest(unittest.TestCase):
    def test_aes_cbc_reproduces_rfc_3602_case_1(self) -> None:
        aes = crypto.cipher("aes", 128)
        key = bytes.fromhex("06a9214036b8a15b512e03d534120006")
        iv = bytes.fromhex("3dafba429d9eb430b422da802c9fac41")
        wire = bytes.fromhex("e353779c1079aeb82708942dbe77181a")
        self.assertEqual(aes.encrypt(key, iv, b"Single block msg"), wire)
        self.assertEqual(aes.decrypt(key, iv, wire), b"Single block msg")

    def test_octets_that_are_no_whole_blocks_are_refused(self) -> None:
        aes = crypto.cipher("aes", 128)
        for count in (0, 15, 17):
            with self.assertRaises(crypto.CryptoError):
                aes.decrypt(bytes(16), bytes(16), bytes(count))

    def test_padding_fills_a_block_and_adds_none_to_a_full_one(self) -> None:
        aes = crypto.cipher("aes", 128)
        self.assertEqual([len(aes.pad(bytes(n))) for n in (1, 15, 16, 17)], [16, 16, 16, 32])

    def test_a_long_enough_skeyid_e_is_used_as_it_is(self) -> None:
        skeyid = keys.SkeyId(4, b"", b"", b"", bytes(range(32)))
        self.assertEqual(keys.cipher_key(skeyid, 16), bytes(range(16)))

    def test_a_short_skeyid_e_is_expanded_by_appendix_b(self) -> None:
        skeyid = keys.SkeyId(2, b"", b"", b"", bytes(range(20)))
        first = crypto.prf(2, bytes(range(20)), b"\0")
        second = crypto.prf(2, bytes(range(20)), first)
        self.assertEqual(keys.cipher_key(skeyid, 32), (first + second)[:32])


class ChannelTest(unittest.TestCase):
    def test_a_message_that_is_not_accepted_leaves_the_chain_alone(self) -> None:
        aes = crypto.cipher("aes", 128)
        channel = keys.Channel(aes, bytes(16), bytes(16))
        channel.accept(b"x" * 32)
        self.assertEqual(channel.iv, b"x" * 16)


class SignatureTest(unittest.TestCase):
    def test_the_public_half_is_a_der_subject_public_key_info(self) -> None:
        rsa = crypto.signature_key("rsa", 1024)
        # RFC 6407 leaves the form open; IOS prints a SubjectPublicKeyInfo of 162 octets.
        self.assertEqual(len(rsa.public_der), 162)
        self.assertTrue(rsa.public_der.hex().startswith("30819f300d06092a864886f70d010101050003"))
        self.assertEqual(crypto.signature_key("ecdsa-256").bits, 256)


if __name__ == "__main__":
    unittest.main()
