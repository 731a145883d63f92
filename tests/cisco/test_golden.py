# SPDX-License-Identifier: GPL-2.0-or-later
"""What is read of each `show` in each state (unit/agent/golden): all that a router shows is there, and it is true."""

import pathlib
import re
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lab"))

import cisco_show  # noqa: E402

GOLDEN = HERE.parent / "unit/agent/golden"
GROUP = "getvpn1"
STATES = sorted(file.stem for file in GOLDEN.glob("*.txt") if file.stem != "ipv6-key-server")
WITHOUT_KEYS = {"waiting", "no-route", "cleared"}
UNREGISTERED = {"waiting": "Unregistered", "no-route": "Unregistered", "cleared": "Registering"}


def shown(state):
    """What each command printed, by the command."""
    parts = re.split(r"^# show crypto gdoi ?(.*)\n", (GOLDEN / f"{state}.txt").read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


class EachState(unittest.TestCase):
    maxDiff = None
    state = ""

    def each(self):
        for state in STATES:
            self.state = state
            yield state, shown(state)

    def _formatMessage(self, msg, standardMsg):
        return f"{self.state}: {super()._formatMessage(msg, standardMsg)}"

    def test_states(self):
        self.assertGreaterEqual(set(STATES), {"registered", "rollover", "passive", "multicast", "dual-stack", "local-deny",
                                              "waiting", "no-route", "cleared", "sender-ids"})

    def test_whole(self):
        for state, text in self.each():
            for command in ("", "detail"):
                group = cisco_show.whole(text[command])[GROUP]
                self.assertEqual(cisco_show.WHOLE - set(group), set(), command)
                self.assertEqual(group["registration"], UNREGISTERED.get(state, "Registered"))
                self.assertEqual(group["registered_with"], "0.0.0.0" if state in UNREGISTERED else "10.0.0.5")
                self.assertEqual(group["list_of"], group["registered_with"])
                self.assertEqual(group["server_list"], "10.0.0.5")
                self.assertEqual(group["direction"], "Inbound" if state == "passive" else "Both")
                self.assertEqual(group["crypto_path"], "ipv4_ipv6" if state == "dual-stack" else "ipv4")
                self.assertEqual(group["management_path"], "ipv4")
                self.assertEqual(group["allowable"], "ESP")
                self.assertEqual(group["init_executed"], 0)
                self.assertEqual(group["local_addresses"], {group["member"]})
                self.assertEqual(group["member"], "0.0.0.0" if state == "no-route" else "172.16.1.2")
                self.assertEqual(group["fail_close_revert"], "Enabled" if state == "local-deny" else "Disabled")
                self.assertEqual((group["unicast"], group["rekeys_received"]), {
                    "multicast": (0, 2), "waiting": (0, 0), "no-route": (0, 0)}.get(state, (2, 2)))
                self.assertEqual(group["kek_transport"],
                                 "None" if state in WITHOUT_KEYS else "Multicast" if state == "multicast" else "Unicast")
                self.assertEqual(group["kek_lifetime"] > 0, state not in WITHOUT_KEYS)
                self.teks(state, group)
                self.assertEqual([entry for entry in group["list"] if "never" in entry], [])

    def teks(self, state, group):
        teks = group["teks"].get("wan0", {})
        self.assertLessEqual(set(group["teks"]), {"wan0"})
        self.assertEqual(len(teks), group["active_teks"])
        self.assertEqual(len(teks), 0 if state in WITHOUT_KEYS else 2 if state in ("rollover", "sender-ids") else 1)
        for tek in teks.values():
            self.assertEqual(cisco_show.TEK, set(tek))
            self.assertEqual((tek["tag"], tek["window"], tek["encapsulation"]), ("disabled", 64, "ENCAPS_TUNNEL"))

    def test_local_lines_are_not_the_key_servers(self):
        for state, text in self.each():
            local = cisco_show.local_list(text["gm acl local"])[GROUP]
            self.assertEqual(len(local), 2 if state == "local-deny" else 0)
            listed = cisco_show.whole(text[""])[GROUP]["list"]
            self.assertEqual(set(local) & set(listed), set())
            for line in [*listed, *local]:
                self.assertIn(line, text["gm acl"])

    def test_member(self):
        for state, text in self.each():
            group = cisco_show.gm(text["gm"])[GROUP]
            self.assertEqual(cisco_show.GM, set(group))
            self.assertEqual(group["registration"], UNREGISTERED.get(state, "Registered"))
            self.assertEqual(group["sa_track"], "disabled")

    def test_rekeys(self):
        for state, text in self.each():
            group = cisco_show.rekeys(text["gm rekey detail"])[GROUP]
            self.assertEqual(group | {"keks": {}}, cisco_show.rekeys(text["gm rekey"])[GROUP])
            self.assertEqual(group["transport"], "Multicast" if state == "multicast" else "Unicast")
            none = ("---",) * 5
            self.assertEqual(group["keks"]["Previous"], none)
            self.assertEqual(group["keks"]["New"] == none, state != "rollover")
            self.assertEqual(group["keks"]["Current"] == none, state in WITHOUT_KEYS)
            rows = cisco_show.rekey_sas(text["rekey sa"])
            self.assertEqual(len(rows), 0 if state in WITHOUT_KEYS else 2 if state == "rollover" else 1)
            for row in rows:
                self.assertEqual((row[0], row[1], row[3]), ("239.1.1.1" if state == "multicast" else "172.16.1.2", "10.0.0.5", "ACTIVE"))

    def test_rekey_sa_detail(self):
        for state, text in self.each():
            read = cisco_show.rekey_sa_detail(text["rekey sa detail"])
            if state in WITHOUT_KEYS:
                self.assertEqual(set(read), {"active", "taken", "freed"})
                continue
            self.assertEqual(cisco_show.REKEY_SA_DETAIL, set(read))
            self.assertEqual(read["spi"], "0x" + 8 * "5D" + 8 * "5E")  # the current one's, between two as well
            self.assertEqual(read["connection"], str(0x5D5D5D5D))
            self.assertEqual((read["key_octets"], read["iv_octets"]), ("24", "8"))
            self.assertEqual(int(read["active"]) + int(read["freed"]), int(read["taken"]))

    def test_public_keys(self):
        for state, text in self.each():
            keys = cisco_show.public_keys(text["gm pubkey"])[GROUP]
            self.assertEqual(len(keys), len(cisco_show.rekey_sas(text["rekey sa"])))
            for key in keys:
                self.assertEqual(key["server"], "10.0.0.5")
                self.assertRegex(key["digits"], r"^(3A){70}$|^1{8}$")

    def test_counters(self):
        for state, text in self.each():
            group = cisco_show.counters(text["gm dataplane counters"])[GROUP]
            if state != "no-route":  # the kernel was not asked
                self.assertEqual(set(group), cisco_show.COUNTERS)
                self.assertEqual(group["no_sa"], 1)
            self.assertEqual((group["encrypt"], group["decrypt"]), (0, 0) if state in WITHOUT_KEYS else (12, 10))
            self.assertEqual((group["tagged"], group["untagged"]), (0, 0))

    def test_replay(self):
        for state, text in self.each():
            group = cisco_show.replay(text["gm replay"])[GROUP]
            self.assertIs(group["time_based"], False)
            senders = {network for _, network in group["senders"] if network}
            self.assertEqual(senders, {"10.3.0.0/24", "2001:db8:3::/64"} if state == "dual-stack" else set())
            if state == "dual-stack":
                self.assertEqual(group["senders"]["0xA3D6592E", "10.3.0.0/24"], (64, 7, 1))

    def test_identifier(self):
        for state, text in self.each():
            group = cisco_show.identifier(text["gm identifier"])[GROUP]
            self.assertEqual(group["mode"], "Counter" if state == "sender-ids" else "Non-Counter")
            self.assertEqual(group["current"], "0x00001234-0x00001235" if state == "sender-ids" else "None")
            detail = cisco_show.identifier(text["gm identifier detail"])[GROUP]
            self.assertEqual({**group, "next": detail["next"]}, detail)
            self.assertEqual((detail["next"]["bits"], detail["next"]["size"]), (24, "MEDIUM") if state == "sender-ids" else (0, "NONE"))

    def test_ipsec_sas(self):
        for state, text in self.each():
            sas = cisco_show.ipsec_sas(text["ipsec sa"])[GROUP].get("wan0", [])
            self.assertEqual(bool(sas), state not in WITHOUT_KEYS)
            if state in ("registered", "passive"):
                site1, site3 = ("10.1.0.0/24", 0), ("10.3.0.0/24", 0)
                direction = "Inbound" if state == "passive" else "Both"
                self.assertEqual(sas, [{"protocol": "ip", "local": one, "remote": other, "direction": direction, "window": 64}
                                       for one, other in ((site1, site3), (site3, site1))])

    def test_features(self):
        for state, text in self.each():
            group = cisco_show.features(text["feature"])[GROUP]
            self.assertEqual([row[0] for row in group["servers"]], ["10.0.0.5", "10.0.0.6"])
            self.assertEqual(group["members"], [("0.0.0.0" if state == "no-route" else "172.16.1.2", "1.2.3", "Yes")])

    def test_ipv6_key_server(self):
        """Routers have none. Nothing is read of their addresses, which is none, and all else as ever."""
        text = shown("ipv6-key-server")
        group = cisco_show.whole(text[""])[GROUP]
        self.assertEqual(group["management_path"], "ipv6")
        self.assertEqual(group["registration"], "Registered")
        self.assertEqual(cisco_show.WHOLE - set(group), set())
        for name in ("server_list", "member", "registered_with", "last_rekey_from", "list_of"):
            self.assertEqual(group[name], "0.0.0.0", name)
        self.assertEqual((len(group["list"]), group["active_teks"]), (2, 1))
        member = cisco_show.gm(text["gm"])[GROUP]
        self.assertEqual((member["local"], member["registered_with"]), ("0.0.0.0/848", "0.0.0.0"))
        self.assertIn("IPv6 registered with  : 2001:db8::5/848", text["gm"])
        detail = cisco_show.rekey_sa_detail(text["rekey sa detail"])
        self.assertEqual((detail["local"], detail["remote"]), ("0.0.0.0", "0.0.0.0"))
        self.assertEqual(cisco_show.public_keys(text["gm pubkey"])[GROUP][0]["server"], "2001:db8::5")


if __name__ == "__main__":
    unittest.main()
