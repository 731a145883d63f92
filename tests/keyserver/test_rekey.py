# SPDX-License-Identifier: GPL-2.0-or-later
"""When rekeys are pushed, to whom, and how often again."""
from __future__ import annotations

import unittest
from typing import Any

from ks.numbers import KdType
from ks.policy import KEK_OVERLAP
from ks.server import Outgoing
from member import NoAnswer
from rekey_member import RekeyMember
from support import Lab, rekey_option

PEERS = ("172.16.1.2", "172.16.2.2")


def lab_with(sa: dict[str, Any] | None = None, **options: Any) -> Lab:
    """As rekey_option, with these keys in its sa table."""
    chosen = {"push": True} | options

    def change(data: dict[str, Any]) -> None:
        data["group"][0]["sa"][0].update(sa or {})
        named = {key.replace("_", "-"): value for key, value in chosen.items()}
        data["group"][0]["rekey"].update(named)

    return Lab(change)


def peers(sent: list[Outgoing]) -> list[str]:
    return [out.peer[0] for out in sent]


class AutomaticTest(unittest.TestCase):
    def test_nothing_is_pushed_unless_configured(self) -> None:
        lab = lab_with({"lifetime": 100}, push=False)
        lab.member().register()
        for _ in range(300):
            self.assertEqual(lab.after(1), [])
        self.assertEqual(lab.status()["push"]["sent"], 0)

    def test_a_tek_is_pushed_when_it_is_made(self) -> None:
        lab = lab_with({"lifetime": 1000, "overlap": 100})
        member = RekeyMember(lab.member().register())
        self.assertEqual(lab.after(899), [])
        (out,) = lab.after(1)
        heard = member.receive(out.data).got
        assert heard is not None
        self.assertEqual(len({sat.spi for sat in heard.sats()}), 2)
        self.assertEqual(out.peer, ("172.16.1.2", 848))
        self.assertTrue(lab.logged("%GDOI-5-KS_SEND_UNICAST_REKEY: Sending Unicast Rekey"))

    def test_four_generations_live_at_once(self) -> None:
        lab = lab_with({"lifetime": 100, "overlap": 70}, retransmit_number=0)
        member = RekeyMember(lab.member().register())
        for _ in range(3):
            (out,) = lab.after(30)
            heard = member.receive(out.data).got
        assert heard is not None
        self.assertEqual(len({sat.spi for sat in heard.sats()}), 4)

    def test_the_kek_is_pushed_in_time_under_the_old_one(self) -> None:
        lab = lab_with(lifetime=1000, retransmit_number=0)
        member = RekeyMember(lab.member().register())
        self.assertEqual(lab.after(1000 - KEK_OVERLAP - 1), [])
        (out,) = lab.after(1)
        heard = member.receive(out.data)
        assert heard.got is not None
        sak = heard.got.sak()
        assert sak is not None
        status = lab.status()
        self.assertEqual(status["kek"]["spi"], "0x" + sak.spi.hex().upper())
        self.assertEqual(status["previous-kek"]["spi"], "0x" + heard.kek.spi.hex().upper())
        self.assertEqual(lab.member().register().sequence, 0)
        lab.after(KEK_OVERLAP)
        self.assertIsNone(lab.status()["previous-kek"])

    def test_what_is_due_at_once_is_one_rekey(self) -> None:
        lab = lab_with({"lifetime": 1000, "overlap": KEK_OVERLAP}, lifetime=1000)
        member = RekeyMember(lab.member().register())
        (out,) = lab.after(800)
        heard = member.receive(out.data).got
        assert heard is not None
        self.assertIsNotNone(heard.sak())
        self.assertEqual(len({sat.spi for sat in heard.sats()}), 2)

    def test_changes_by_command_are_pushed(self) -> None:
        lab = lab_with(retransmit_number=0)
        member = RekeyMember(lab.member().register())
        lab.command("replace-list", list=["permit ip any any"])
        (out,) = lab.after(0)
        heard = member.receive(out.data).got
        assert heard is not None
        self.assertEqual(len(heard.sats()), 1)
        lab.command("new-tek")
        (out,) = lab.after(0)
        self.assertEqual(member.receive(out.data).sequence, 2)
        self.assertEqual(lab.after(0), [])

    def test_a_change_under_a_registration_reaches_that_member(self) -> None:
        for kek in ("same", "new"):
            with self.subTest(kek):
                self.change_under_a_registration(kek)

    def change_under_a_registration(self, kek: str) -> None:
        lab = lab_with(retransmit_number=0)
        RekeyMember(lab.member(PEERS[1]).register(), PEERS[1])
        late = lab.member()
        seen = 0

        def between(datagram: bytes) -> list[bytes]:
            nonlocal seen
            seen += 1
            if seen == 5:  # four messages of phase 1 and PULL 1 went before: this is PULL 3
                lab.command("rekey", kek=kek)
                self.assertEqual(peers(lab.after(0)), [PEERS[1]])
            return lab.send(datagram)

        late.wire = between
        got = late.register()
        self.assertEqual(len({sat.spi for sat in got.sats()}), 1)
        (out,) = lab.after(0)
        self.assertEqual(out.peer[0], PEERS[0])
        heard = RekeyMember(got).receive(out.data).got
        assert heard is not None
        self.assertEqual(len({sat.spi for sat in heard.sats()}), 2)
        self.assertEqual(heard.sak() is not None, kek == "new")

    def test_nobody_is_told_nothing(self) -> None:
        lab = lab_with({"lifetime": 1000, "overlap": 100})
        self.assertEqual(lab.after(950), [])
        self.assertEqual(lab.status()["kek"]["sequence"], 0)

    def test_only_registered_members_are_told(self) -> None:
        lab = lab_with()
        self.assertEqual(lab.command("rekey")["datagrams"], 0)
        lab.fault("drop", message="pull3")
        with self.assertRaises(NoAnswer):
            lab.member().register()
        lab.member(PEERS[1]).register()
        lab.command("rekey")
        self.assertEqual(peers(lab.server.take_outgoing()), [PEERS[1]])


class RetransmissionTest(unittest.TestCase):
    def test_the_same_octets_come_again_as_often_as_configured(self) -> None:
        lab = rekey_option(retransmit_interval=5, retransmit_number=3)
        lab.member().register()
        lab.command("rekey")
        first = lab.server.take_outgoing()
        for _ in range(3):
            self.assertEqual(lab.after(4), [])
            self.assertEqual(lab.after(1), first)
        self.assertEqual(lab.after(100), [])
        self.assertTrue(lab.logged("KS_REKEY_TRANSMIT"))
        view = lab.status()["push"]
        self.assertEqual((view["sent"], view["retransmitted"], view["under-way"]), (1, 3, 0))

    def test_the_next_event_is_the_next_retransmission(self) -> None:
        lab = rekey_option(retransmit_interval=5, retransmit_number=1)
        lab.member().register()
        lab.command("rekey")
        self.assertEqual(lab.server.next_event(), lab.now + 5)

    def test_without_one_the_next_event_is_the_next_renewal(self) -> None:
        lab = lab_with({"lifetime": 1000, "overlap": 100})
        self.assertEqual(lab.server.next_event(), lab.now + 900)
        lab = lab_with({"lifetime": 10000}, lifetime=1000)
        self.assertEqual(lab.server.next_event(), lab.now + 1000 - KEK_OVERLAP)

    def test_new_numbers_when_configured(self) -> None:
        lab = rekey_option(retransmit_interval=5, retransmit_new_sequence=True, acknowledgement=1)
        member = RekeyMember(lab.member().register())
        lab.command("rekey")
        (out,) = lab.server.take_outgoing()
        first = member.receive(out.data)
        (out,) = lab.after(5)
        second = member.receive(out.data)
        self.assertEqual((first.sequence, second.sequence), (1, 2))
        assert first.got is not None and second.got is not None
        self.assertEqual(first.got.packets, second.got.packets)
        lab.send(member.acknowledge(first))
        self.assertEqual(lab.after(5), [])
        self.assertEqual(lab.status()["members"][0]["acks"], 1)

    def test_a_later_rekey_that_says_all_of_it_ends_the_retransmissions(self) -> None:
        lab = rekey_option(retransmit_interval=10)
        member = RekeyMember(lab.member().register())
        lab.command("rekey")
        lab.after(5)
        lab.command("rekey")
        lab.server.take_outgoing()
        self.assertEqual(lab.after(5), [])
        (out,) = lab.after(5)
        self.assertEqual(member.receive(out.data).sequence, 2)

    def test_a_rekey_with_a_kek_is_repeated_whatever_follows(self) -> None:
        lab = rekey_option(retransmit_interval=10, retransmit_number=1)
        member = RekeyMember(lab.member().register())
        lab.command("rekey", kek="new")
        lab.command("rekey")
        lab.server.take_outgoing()
        again = lab.after(10)
        self.assertEqual([member.receive(out.data).sequence for out in again], [1, 1])

    def test_new_only_rekeys_do_not_replace_one_another(self) -> None:
        lab = rekey_option(retransmit_interval=10, push_content="new-only")
        lab.member().register()
        lab.command("rekey")
        lab.command("rekey")
        lab.server.take_outgoing()
        self.assertEqual(len(lab.after(10)), 2)


    def test_a_member_that_registers_again_is_not_waited_for(self) -> None:
        lab = rekey_option(acknowledgement=1)
        for peer in PEERS:
            lab.member(peer).register()
        lab.command("rekey", kek="new")
        lab.server.take_outgoing()
        lab.now += 1
        lab.member().register()
        self.assertEqual(peers(lab.after(9)), [PEERS[1]])
        for _ in range(3):
            lab.after(10)
        missed = {m["address"]: m["acks-missed"] for m in lab.status()["members"]}
        self.assertEqual(missed, {PEERS[0]: 0, PEERS[1]: 1})


class AddressTest(unittest.TestCase):
    def test_unicast_goes_to_every_member_or_to_some(self) -> None:
        lab = rekey_option()
        for peer in PEERS:
            lab.member(peer).register()
        lab.command("rekey")
        self.assertEqual(peers(lab.server.take_outgoing()), list(PEERS))
        lab.command("rekey", members=[PEERS[1]])
        self.assertEqual(peers(lab.server.take_outgoing()), [PEERS[1]])
        view = {m["address"]: m["rekeys-sent"] for m in lab.status()["members"]}
        self.assertEqual(view, {PEERS[0]: 1, PEERS[1]: 2})

    def test_multicast_goes_to_the_group_once(self) -> None:
        lab = rekey_option(transport="multicast", multicast_address="239.1.1.1")
        got = [lab.member(peer).register() for peer in PEERS]
        lab.command("rekey", kek="new")
        (out,) = lab.server.take_outgoing()
        self.assertEqual(out.peer, ("239.1.1.1", 848))
        for registration in got:
            heard = RekeyMember(registration).receive(out.data).got
            assert heard is not None
            sak = heard.sak()
            assert sak is not None
            self.assertEqual(str(sak.destination), "239.1.1.1:848")
        self.assertEqual(lab.after(10), [out])
        self.assertTrue(lab.logged("%GDOI-5-KS_SEND_MCAST_REKEY: Sending Multicast Rekey"))
        self.assertEqual([m["rekeys-sent"] for m in lab.status()["members"]], [1, 1])

    def test_a_multicast_group_can_be_told_one_by_one(self) -> None:
        lab = rekey_option(transport="multicast", multicast_address="239.1.1.1")
        lab.member().register()
        lab.command("rekey", members=[PEERS[0]])
        self.assertEqual(peers(lab.server.take_outgoing()), [PEERS[0]])


class LongLifeTest(unittest.TestCase):
    def test_a_thousand_rekeys_are_heard_and_memory_stays_bounded(self) -> None:
        lab = lab_with({"lifetime": 10, "overlap": 9}, acknowledgement=1, lifetime=50)
        member = RekeyMember(lab.member().register())
        heard = 0
        for _ in range(1000):
            for out in lab.after(1):
                if out.data[:16] not in [kek.spi for kek in member.keks[-2:]]:
                    continue
                push = member.receive(out.data)
                lab.send(member.acknowledge(push))
                heard += 1
        self.assertEqual(heard, 1000)
        view = lab.status()
        self.assertEqual((view["push"]["sent"], view["push"]["retransmitted"]), (1000, 0))
        self.assertEqual(view["members"][0]["acks"], 1000)
        self.assertLess(len(str(view)), 4000)
        self.assertGreater(len(member.keks), 30)

    def test_a_new_transform_set_comes_with_new_keys(self) -> None:
        lab = lab_with(push=False)
        member = RekeyMember(lab.member().register())
        lab.command("rekey", transform="esp-gcm 256", delete="all")
        (sent,) = lab.server.take_outgoing()
        heard = member.receive(sent.data).got
        assert heard is not None
        (sat, *_) = heard.sats()
        self.assertEqual(sat.transform, 20)
        (packet,) = heard.keys(KdType.TEK)
        self.assertEqual([len(a.value) for a in packet.parsed()], [36])

    def test_lost_state_means_new_keys_and_no_members(self) -> None:
        lab = rekey_option()
        old = RekeyMember(lab.member().register())
        lab.command("lose-state")
        view = lab.status()
        self.assertEqual(view["members"], [])
        self.assertNotEqual(view["kek"]["spi"], "0x" + old.keks[0].spi.hex().upper())
        new = RekeyMember(lab.member().register())
        self.assertNotEqual(new.keks[0].public, old.keks[0].public)


if __name__ == "__main__":
    unittest.main()
