# SPDX-License-Identifier: GPL-2.0-or-later
"""Rekeys through real sockets, from a running key server and from its loop."""
from __future__ import annotations

import socket
import sys
import tempfile
import unittest
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from ks.loop import MULTICAST_TTL, Loop
from ks.server import Outgoing
from ksctl import ask
from rekey_member import RekeyMember
from support import FOLDER, Lab, rekey_option
from test_control import Program

IP_RECVTTL = 12  # linux/in.h; Python has no name for it
LOOPBACK = "127.0.0.1"
REKEY = 'sig-hash = "sha"\n'
OPTIONS = """
modulus = 1024
push = true
acknowledgement = 1
retransmit-interval = 1
retransmit-number = 100
"""


class ProgramTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        config = Path(folder.name) / "lab.toml"
        text = (FOLDER / "lab.toml").read_text().replace("modulus = 2048\n", "")
        self.assertIn(REKEY, text)
        config.write_text(text.replace(REKEY, REKEY + OPTIONS))
        self.program = Program(Path(folder.name), config=config)
        self.addCleanup(self.program.end)
        self.wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.wire.close)
        self.member = RekeyMember(self.program.member(self.wire).register(), LOOPBACK)

    def ask(self, command: str, **request: Any) -> dict[str, Any]:
        reply = ask(str(self.program.control), {"command": command} | request)
        self.assertTrue(reply["ok"], reply)
        return reply

    def test_a_rekey_is_repeated_until_it_is_acknowledged(self) -> None:
        self.ask("rekey", kek="new")
        first, again = self.wire.recv(65535), self.wire.recv(65535)
        self.assertEqual(first, again)
        heard = self.member.receive(first)
        self.wire.send(self.member.acknowledge(heard))
        self.ask("new-tek")
        while (datagram := self.wire.recv(65535)) == first:
            pass
        heard = self.member.receive(datagram)
        self.assertEqual((heard.sequence, heard.kek), (1, self.member.keks[1]))
        (member,) = self.ask("members")["members"]
        self.assertEqual((member["rekeys-sent"], member["acks"]), (2, 1))

    def test_many_rekeys_in_a_row(self) -> None:
        for number in range(1, 201):
            self.ask("rekey", tek="same")
            heard = self.member.receive(self.wire.recv(65535))
            self.assertEqual(heard.sequence, number)
            self.wire.send(self.member.acknowledge(heard))
        (member,) = self.ask("members")["members"]
        self.assertEqual(member["rekeys-sent"], 200)


class MulticastTest(unittest.TestCase):
    def test_a_datagram_leaves_by_the_interface_of_our_address(self) -> None:
        lab = rekey_option(transport="multicast", multicast_address="239.1.1.1")
        loop = Loop(lab.server, [ip_address(LOOPBACK)], 0, None)
        self.addCleanup(loop.close)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.settimeout(20)
            receiver.bind(("239.1.1.1", 0))
            membership = socket.inet_aton("239.1.1.1") + socket.inet_aton(LOOPBACK)
            receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
            receiver.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
            loop.send(Outgoing(("239.1.1.1", receiver.getsockname()[1]), b"rekey"))
            data, ancillary, _, sender = receiver.recvmsg(100, 100)
        self.assertEqual((data, sender), (b"rekey", (LOOPBACK, loop.port)))
        self.assertEqual(ancillary[0][2], MULTICAST_TTL.to_bytes(4, sys.byteorder))


class AnswerAddressTest(unittest.TestCase):
    def test_what_is_sent_comes_from_the_address_that_is_configured(self) -> None:
        def change(data: dict[str, Any]) -> None:
            data["answer-address"] = "127.0.0.2"

        loop = Loop(Lab(change).server, [ip_address(LOOPBACK)], 0, None)
        self.addCleanup(loop.close)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as member:
            member.settimeout(20)
            member.bind((LOOPBACK, 0))
            loop.send(Outgoing(member.getsockname(), b"answer"))
            data, sender = member.recvfrom(100)
        self.assertEqual((data, sender[0]), (b"answer", "127.0.0.2"))


if __name__ == "__main__":
    unittest.main()
