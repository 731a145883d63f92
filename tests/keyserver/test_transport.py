# SPDX-License-Identifier: GPL-2.0-or-later
"""NAT traversal, IKE fragments and dead peer detection as members see them."""
from __future__ import annotations

import hashlib
import unittest
from ipaddress import ip_address

from ks import fragments, nat
from ks.crypto import DiffieHellman
from ks.faults import FaultSet, parse
from ks.numbers import VENDOR_IDS, Notify, Pay
from ks.session import Random
from ks.wire import HEADER_LENGTH, Header, Payload, WireError, build_message, parse_chain, parse_header
from member import Member
from support import Lab

COOKIES = bytes.fromhex("01020304050607081112131415161718")
FRAGMENTS = VENDOR_IDS["fragmentation"]


class NatTest(unittest.TestCase):
    US, THEM = nat.End(ip_address("10.0.0.5"), 848), nat.End(ip_address("172.16.1.2"), 848)
    OUTSIDE = nat.End(ip_address("198.51.100.1"), 1024)

    def test_the_hash_is_that_of_the_rfc(self) -> None:
        expected = hashlib.sha256(COOKIES + bytes([172, 16, 1, 2]) + b"\x03\x50").digest()
        self.assertEqual(nat.body(4, COOKIES, self.THEM), expected)

    def found(self, *ends: nat.End) -> nat.Found:
        bodies = [nat.body(4, COOKIES, end) for end in ends]
        return nat.detect(bodies, 4, COOKIES, self.US, self.THEM)

    def test_where_the_nat_is(self) -> None:
        self.assertEqual(self.found(self.US, self.THEM), nat.Found(False, False))
        self.assertEqual(self.found(self.OUTSIDE, self.THEM), nat.Found(True, False))
        self.assertEqual(self.found(self.US, self.OUTSIDE), nat.Found(False, True))
        self.assertEqual(self.found(self.US, self.OUTSIDE, self.THEM), nat.Found(False, False))
        self.assertEqual(self.found(self.OUTSIDE), nat.Found(False, False))

    def answer(self, *vendor_ids: bytes) -> list[bytes]:
        member = Lab().member()
        offered = [Payload(Pay.SA, member.offer())]
        offered += [Payload(Pay.VID, octets) for octets in vendor_ids]
        reply = member.ask(build_message(member.header(), offered))
        return parse_chain(reply[HEADER_LENGTH:], parse_header(reply).next_payload).all(Pay.VID)

    def test_the_best_dialect_of_both_is_announced(self) -> None:
        rfc, draft = VENDOR_IDS["nat-t"], VENDOR_IDS["nat-t-03"]
        self.assertIn(rfc, self.answer(draft, rfc))
        self.assertIn(draft, self.answer(draft))
        self.assertEqual(self.answer(), [VENDOR_IDS["dpd"]])

    def nat_d(self, kind: int, *faults: str) -> list[bytes]:
        """What message 4 says to a member that sees both ends as they are."""
        lab = Lab()
        for name in faults:
            lab.fault(name)
        member = lab.member()
        vendor_id = VENDOR_IDS["nat-t" if kind == Pay.NAT_D else "nat-t-02"]
        first = [Payload(Pay.SA, member.offer()), Payload(Pay.VID, vendor_id)]
        member.cookie_r = parse_header(member.ask(build_message(member.header(), first))).cookie_r
        cookies = member.cookie_i + member.cookie_r
        share = [Payload(Pay.KE, DiffieHellman(2).public), Payload(Pay.NONCE, Random().octets(20))]
        share += [Payload(kind, nat.body(4, cookies, end)) for end in (self.US, self.THEM)]
        reply = member.ask(build_message(member.header(), share))
        self.expected = [nat.body(4, cookies, end) for end in (self.THEM, self.US)]
        return parse_chain(reply[HEADER_LENGTH:], parse_header(reply).next_payload).all(kind)

    def test_nat_d_of_each_dialect(self) -> None:
        for kind in (Pay.NAT_D, Pay.NAT_D_DRAFT):
            self.assertEqual(self.nat_d(kind), self.expected)

    def test_a_wrong_one_on_demand(self) -> None:
        self.assertNotEqual(self.nat_d(Pay.NAT_D, "wrong-nat-d")[0], self.expected[0])

    def test_framing(self) -> None:
        self.assertEqual(nat.unframed(bytes(4) + b"IKE"), b"IKE")
        for other in (b"", b"\xff", bytes(4), b"\x12\x34\x56\x78ESP"):
            self.assertIsNone(nat.unframed(other))


class FragmentTest(unittest.TestCase):
    HEADER = Header(COOKIES[:8], COOKIES[8:], Pay.HASH, 2)

    def message(self, octets: int) -> bytes:
        return build_message(self.HEADER, [Payload(Pay.VID, bytes(range(256)) * (octets // 256))])

    def parts(self, *names: str, number: int = 1) -> list[bytes]:
        faults = FaultSet(
            [parse({"name": n, "message": "pull2", "number": number}) for n in names]
        )
        return fragments.datagrams(faults, "a", "pull2", self.message(1024), 300, 7)

    def whole(self, parts: list[bytes]) -> bytes | None:
        store, out = fragments.Reassembly(), None
        for part in parts:
            out = store.add("a", parse_header(part), part) or out
        return out

    def test_the_octets_of_a_fragment(self) -> None:
        wire = fragments.Fragment(7, 2, True, b"ab").message(self.HEADER)
        self.assertEqual(wire[:16], COOKIES)
        self.assertEqual(wire[16:].hex(), "8410020000000000" "00000026" "0000000a" "00070201" "6162")

    def test_a_message_is_cut_and_whole_again(self) -> None:
        parts = self.parts()
        self.assertEqual([len(part) <= 300 for part in parts], [True] * 4)
        self.assertEqual(self.whole(parts), self.message(1024))
        self.assertEqual(self.whole(parts[::-1]), self.message(1024))
        self.assertIsNone(self.whole(parts[1:]))

    def test_faults(self) -> None:
        self.assertEqual(len(self.parts("fragment-lost", number=2)), 3)
        self.assertEqual(len(self.parts("fragment-duplicated")), 5)
        self.assertEqual(self.parts("fragment-reordered"), self.parts()[::-1])
        for name in ("fragment-forged", "fragment-oversized", "fragment-overlapping"):
            extra = [part for part in self.parts(name) if part not in self.parts()]
            self.assertEqual(len(extra), 1, name)

    def test_malformed_ones_are_refused(self) -> None:
        good = fragments.Fragment(7, 1, True, b"ab").message(self.HEADER)
        for bad in (good[:-3], good[:28] + b"\x05" + good[29:], good[:34] + b"\x00" + good[35:]):
            with self.assertRaises(WireError):
                fragments.parse(bad)

    def registered(self, *faults: str, announce: bool = True) -> tuple[Lab, list[int]]:
        """A registration with messages cut small; the sizes of all datagrams that came."""
        lab = Lab(lambda data: data["isakmp"].update({"fragment-octets": 300}))
        for name in faults:
            lab.fault(name, message="pull2")
        sizes: list[int] = []
        store = fragments.Reassembly()

        def wire(datagram: bytes) -> list[bytes]:
            out = []
            for part in lab.send(datagram):
                sizes.append(len(part))
                header = parse_header(part)
                whole = part if header.next_payload != Pay.FRAGMENT else store.add("a", header, part)
                out += [whole] if whole else []
            return out

        class Announcing(Member):
            def first_message(self) -> bytes:
                return build_message(
                    self.header(), [Payload(Pay.SA, self.offer()), Payload(Pay.VID, FRAGMENTS)]
                )

        (Announcing if announce else Member)(wire).register()
        return lab, sizes

    def test_a_member_that_announced_it_gets_fragments(self) -> None:
        _, sizes = self.registered()
        self.assertLessEqual(max(sizes), 300)
        self.assertGreater(len(sizes), 5)

    def test_a_member_that_did_not_gets_whole_messages(self) -> None:
        _, sizes = self.registered(announce=False)
        self.assertEqual(len(sizes), 5)


class AliveTest(unittest.TestCase):
    def test_r_u_there_before_a_message_on_demand(self) -> None:
        lab = Lab()
        lab.fault("r-u-there", message="pull2")
        member = lab.member()
        member.establish()
        with self.assertRaisesRegex(WireError, f"notification {int(Notify.R_U_THERE)}"):
            member.register()


if __name__ == "__main__":
    unittest.main()
