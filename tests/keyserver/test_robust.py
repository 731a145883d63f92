# SPDX-License-Identifier: GPL-2.0-or-later
"""Nothing a stranger or a broken member sends ends the key server."""
from __future__ import annotations

import contextlib
import os
import random
import unittest

from ks.keys import protect_octets
from ks.numbers import Exchange, Pay
from ks.wire import Header, Payload
from member import Member, NoAnswer
from support import Lab

SEED = int(os.environ.get("KS_SEED", random.randrange(1 << 32)))


def mutated(chance: random.Random, octets: bytes) -> bytes:
    """Octets with something flipped, cut, doubled or put in."""
    out = bytearray(octets)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(out)) if out else 0
        kind = chance.randrange(4)
        if kind == 0 and out:
            out[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        elif kind == 1:
            del out[at:]
        elif kind == 2:
            out[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 16)))
        elif out:
            out[at:at] = out[at : at + chance.randint(1, 64)]
    return bytes(out)


def with_length(datagram: bytes) -> bytes:
    """The datagram with the length field its header should have, so that it gets further."""
    if len(datagram) < 28:
        return datagram
    return datagram[:24] + len(datagram).to_bytes(4, "big") + datagram[28:]


class RobustTest(unittest.TestCase):
    def setUp(self) -> None:
        self.chance = random.Random(SEED)
        self.lab = Lab()

    def still_serves(self) -> None:
        got = self.lab.member("172.16.3.2").register()
        self.assertEqual(len(got.sats()), 2, f"seed {SEED}")

    def test_noise(self) -> None:
        for _ in range(500):
            count = self.chance.choice((0, 1, 27, 28, 29, 100, 1500))
            self.lab.send(self.chance.randbytes(count))
        self.still_serves()

    def test_recorded_messages_with_something_changed(self) -> None:
        member = self.lab.member()
        member.register()
        for _ in range(2000):
            datagram = mutated(self.chance, self.chance.choice(member.sent))
            self.lab.send(with_length(datagram) if self.chance.random() < 0.8 else datagram)
        self.still_serves()

    def test_authentic_messages_with_nonsense_inside(self) -> None:
        member = self.lab.member()
        member.register()
        nonce, identity = "0500000c 0102030405060708", "0000000c 0b000000 00000064"
        good = {
            Exchange.GROUPKEY_PULL: bytes.fromhex(nonce + identity),
            Exchange.INFORMATIONAL: bytes.fromhex("0000000c 00000002 01 00 000e"),
        }
        for _ in range(1500):
            exchange, octets = self.chance.choice(list(good.items()))
            first = self.chance.choice((Pay.NONCE, Pay.N, Pay.D, Pay.GAP, Pay.ID, 200))
            self.lab.send(self.sealed(member, exchange, mutated(self.chance, octets), first))
        self.still_serves()

    def sealed(self, member: Member, exchange: int, octets: bytes, first: int) -> bytes:
        assert member.keys is not None
        message_id = self.chance.randrange(1, 1 << 32)
        header = Header(member.cookie_i, member.cookie_r, 0, exchange, 0, message_id)
        channel = member.keys.channel(header.message_id_octets)
        return protect_octets(member.keys, channel, header, b"", octets, first)

    def test_an_authentic_third_message_with_nonsense_inside(self) -> None:
        for _ in range(200):
            body = mutated(self.chance, bytes.fromhex("80030002"))
            kind = self.chance.choice((Pay.GAP, Pay.N, Pay.NONCE))
            with contextlib.suppress(NoAnswer):
                self.lab.member().register(wish=[Payload(kind, body)])
        self.still_serves()

    def test_a_flood_of_first_messages_is_bounded(self) -> None:
        for _ in range(1100):
            self.lab.send(self.lab.member().first_message())
        self.assertEqual(len(self.lab.server.sessions()), 1000)
        self.assertTrue(self.lab.logged("too many sessions"))
        self.lab.now += 61
        self.lab.server.tick(self.lab.now)
        self.still_serves()


if __name__ == "__main__":
    unittest.main()
