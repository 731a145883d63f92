# SPDX-License-Identifier: GPL-2.0-or-later
"""Key servers that share the state of a group through a file."""
from __future__ import annotations

import json
import os
import stat
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Any

from ks.numbers import KdType
from member import Registration
from rekey_member import RekeyMember
from support import Lab

PEERS = ("172.16.1.2", "172.16.2.2")


def spis(got: Registration | None) -> set[int]:
    assert got is not None
    return {sat.spi for sat in got.sats()}


class SharedStateTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "group.json"

    def lab(self, sa: dict[str, Any] | None = None, **options: Any) -> Lab:
        def change(data: dict[str, Any]) -> None:
            group = data["group"][0]
            group["shared-state"] = str(self.path)
            group["sa"][0].update(sa or {})
            chosen = {"push": True, "retransmit-number": 0} | options
            group["rekey"].update({k.replace("_", "-"): v for k, v in chosen.items()})

        return Lab(change)

    def test_both_hand_out_the_same_keys(self) -> None:
        first, second = (lab.member().register() for lab in (self.lab(), self.lab()))
        self.assertEqual(first.packets, second.packets)
        self.assertEqual(first.keys(KdType.KEK), second.keys(KdType.KEK))
        self.assertEqual(spis(first), spis(second))

    def test_they_count_one_sequence(self) -> None:
        one, two = self.lab(), self.lab()
        members = []
        for lab, peer in zip((one, two), PEERS):
            members.append(RekeyMember(lab.member(peer).register(), peer))
        numbers = []
        for lab, member in ((one, members[0]), (two, members[1]), (one, members[0])):
            lab.command("rekey", tek="same")
            (out,) = lab.server.take_outgoing()
            numbers.append(member.receive(out.data).sequence)
        self.assertEqual(numbers, [1, 2, 3])
        self.assertEqual(two.member().register().sequence, 3)

    def test_what_one_renews_the_other_pushes_to_its_own_members(self) -> None:
        one, two = (self.lab({"lifetime": 1000, "overlap": 100}) for _ in range(2))
        members = [
            RekeyMember(lab.member(peer).register(), peer) for lab, peer in zip((one, two), PEERS)
        ]
        (first,), (second,) = one.after(900), two.after(900)
        self.assertEqual((first.peer[0], second.peer[0]), PEERS)
        got = [members[0].receive(first.data).got, members[1].receive(second.data).got]
        self.assertEqual(spis(got[0]), spis(got[1]))
        self.assertEqual(len(spis(got[0])), 2)
        self.assertEqual((one.after(1), two.after(1)), ([], []))

    def test_a_kek_of_the_other_is_pushed_under_the_old_one(self) -> None:
        one, two = self.lab(lifetime=1000), self.lab(lifetime=1000)
        member = RekeyMember(two.member().register())
        self.assertEqual(one.after(800), [])
        (out,) = two.after(800)
        heard = member.receive(out.data)
        assert heard.got is not None
        sak = heard.got.sak()
        assert sak is not None
        self.assertEqual(one.status()["kek"]["spi"], "0x" + sak.spi.hex().upper())
        self.assertEqual(heard.sequence, 1)
        two.command("rekey")
        (out,) = two.server.take_outgoing()
        self.assertEqual(member.receive(out.data).sequence, 1)

    def test_a_list_of_the_other_is_pushed(self) -> None:
        one, two = self.lab(), self.lab()
        member = RekeyMember(two.member().register())
        one.command("replace-list", list=["permit ip any any"])
        (out,) = two.after(1)
        heard = member.receive(out.data).got
        assert heard is not None
        self.assertEqual(len(heard.sats()), 1)

    def test_the_other_serves_a_member_that_moved(self) -> None:
        one, two = self.lab(), self.lab()
        member = RekeyMember(one.member().register())
        two.member().register()
        two.command("rekey")
        (out,) = two.server.take_outgoing()
        self.assertEqual(member.receive(out.data).sequence, 1)

    def test_a_restart_keeps_everything_but_members(self) -> None:
        one = self.lab()
        got = one.member().register()
        member = RekeyMember(got)
        one.command("rekey")
        (out,) = one.server.take_outgoing()
        heard = member.receive(out.data).got
        one.command("replace-list", list=["permit ip any any"])
        again = self.lab()
        self.assertEqual(again.after(0), [])
        self.assertEqual(again.status()["members"], [])
        back = again.member().register()
        self.assertEqual(spis(back), spis(heard))
        self.assertEqual((back.sequence, len(back.sats())), (1, 2))
        again.command("rekey")
        (out,) = again.server.take_outgoing()
        self.assertEqual(member.receive(out.data).sequence, 2)

    def test_without_the_file_a_restart_has_other_keys(self) -> None:
        old = self.lab().member().register()
        self.path.unlink()
        new = self.lab().member().register()
        self.assertFalse(spis(old) & spis(new))

    def test_a_new_signature_key_reaches_the_members_of_the_other(self) -> None:
        one, two = self.lab(), self.lab()
        member = RekeyMember(two.member().register())
        one.command("rekey", kek="new", signature="new")
        for _ in range(2):
            (out,) = two.after(1)
            member.receive(out.data)
            two.command("new-tek")
        self.assertNotEqual(member.keks[0].public, member.keks[1].public)

    def test_lost_state_reaches_the_other(self) -> None:
        one, two = self.lab(), self.lab()
        one.command("lose-state")
        two.after(1)
        self.assertEqual(one.status()["kek"]["spi"], two.status()["kek"]["spi"])
        got = [lab.member().register() for lab in (one, two)]
        self.assertEqual(got[0].packets, got[1].packets)

    def test_sender_ids_are_never_given_twice(self) -> None:
        def counter_mode(data: dict[str, Any]) -> None:
            data["group"][0]["shared-state"] = str(self.path)
            data["transform-set"]["GET-VPN-TRANSFORM-SET"]["transform"] = "esp-gcm"

        one, two = Lab(counter_mode), Lab(counter_mode)
        given = []
        for lab, peer in ((one, PEERS[0]), (two, PEERS[1]), (one, PEERS[0])):
            lab.member(peer).register(sids=2)
            (view,) = lab.status()["members"]
            given += view["sids"]
        self.assertEqual(given, [0, 1, 2, 3, 4, 5])

    def test_the_file_is_for_its_owner_only(self) -> None:
        self.addCleanup(os.umask, os.umask(0))
        self.lab()
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)

    def test_a_file_of_another_boot_is_none(self) -> None:
        old = self.lab().member().register()
        data = json.loads(self.path.read_text())
        self.path.write_text(json.dumps(data | {"boot": "another"}))
        self.assertFalse(spis(old) & spis(self.lab().member().register()))

    def test_a_file_of_another_group_is_an_error(self) -> None:
        self.lab()
        data = json.loads(self.path.read_text())
        self.path.write_text(json.dumps(data | {"sas": []}))
        with self.assertRaisesRegex(ValueError, "group with 0 sa"):
            self.lab()

    def test_numbers_are_given_once_while_both_push(self) -> None:
        labs = [self.lab(), self.lab()]
        for lab, peer in zip(labs, PEERS):
            lab.member(peer).register()
        numbers: list[int] = []

        def push(lab: Lab) -> None:
            for _ in range(50):
                numbers.append(lab.command("rekey", tek="same")["sequence"])

        threads = [threading.Thread(target=push, args=(lab,)) for lab in labs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(numbers), list(range(1, 101)))


if __name__ == "__main__":
    unittest.main()
