# SPDX-License-Identifier: GPL-2.0-or-later
"""The configuration file: what it means, and that nothing wrong in it is passed over."""
from __future__ import annotations

import tempfile
import unittest
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from ks import config
from ks.config_group import default_overlap
from ks.table import ConfigError
from support import FOLDER, lab_data

Change = Callable[[dict[str, Any]], Any]


def first_policy(data: dict[str, Any]) -> dict[str, Any]:
    policy: dict[str, Any] = data["isakmp"]["policy"][0]
    return policy


class LabTest(unittest.TestCase):
    def test_lab_toml_is_the_cisco_example(self) -> None:
        lab = config.load(FOLDER / "lab.toml")
        policy, group = lab.policies[0], lab.groups[0]
        self.assertEqual((policy.cipher, policy.key_bits), ("aes", 256))
        self.assertEqual((policy.hash, policy.group, policy.lifetime), (4, 2, 86400))
        self.assertEqual((lab.keys[0].secret, lab.keys[0].address), (b"SUPERSECRET", None))
        self.assertEqual((lab.address, lab.port), (ip_address("10.0.0.5"), 848))
        self.assertEqual(group.identity, 100)
        sa = group.sas[0]
        lines = [ace.text for ace in sa.aces]
        one, two = "10.1.0.0/24", "10.3.0.0/24"
        self.assertEqual(lines, [f"permit ip {one} {two}", f"permit ip {two} {one}"])
        self.assertEqual(
            (sa.transform.words, sa.transform.mode), ("esp-aes esp-sha256-hmac", "tunnel")
        )
        self.assertEqual((sa.lifetime, sa.replay), (3600, "counter 64"))
        rekey = group.rekey
        assert rekey is not None
        self.assertEqual((rekey.signature, rekey.signature_bits), ("rsa", 2048))
        self.assertEqual((rekey.lifetime, rekey.transport), (86400, "unicast"))


class RefusalTest(unittest.TestCase):
    def refuse(self, part: str, change: Change) -> None:
        data = lab_data()
        change(data)
        with self.assertRaises(ConfigError) as caught:
            config.parse(data)
        self.assertIn(part, str(caught.exception))

    def test_unknown_keys_are_named_with_their_table(self) -> None:
        self.refuse("config: 'surprise' is unknown", lambda d: d.update(surprise=1))
        self.refuse("group[1]: 'surprise'", lambda d: d["group"][0].update(surprise=1))
        sa = "config.group[1].sa[1]: 'tag' is unknown"
        self.refuse(sa, lambda d: d["group"][0]["sa"][0].update(tag=False))

    def test_missing_keys_are_named(self) -> None:
        self.refuse("'identity' is missing", lambda d: d["group"][0].pop("identity"))
        self.refuse("'secret' is missing", lambda d: d["isakmp"]["key"][0].pop("secret"))
        self.refuse("at least one", lambda d: d.pop("group"))

    def test_values_out_of_range_are_refused(self) -> None:
        self.refuse("'group' must be one of", lambda d: first_policy(d).update(group=1))
        self.refuse("'hash' must be one of", lambda d: first_policy(d).update(hash="sha3"))
        self.refuse("unknown cipher", lambda d: first_policy(d).update(encryption="aes 512"))
        self.refuse("'lifetime' must be", lambda d: d["group"][0]["sa"][0].update(lifetime=1))
        self.refuse("4 octets", lambda d: d["group"][0].update(identity=1 << 32))
        self.refuse("wrong type", lambda d: d["group"][0]["sa"][0].update(lifetime=True))
        self.refuse("'port' must be", lambda d: d.update(port=70000))

    def test_a_bad_list_or_transform_set_is_named(self) -> None:
        self.refuse("CRYPTO_ACL", lambda d: d["access-list"].update(CRYPTO_ACL=["permit"]))
        name = "GET-VPN-TRANSFORM-SET"
        self.refuse(name, lambda d: d["transform-set"][name].update(transform="esp-foo"))
        self.refuse(
            "match-address", lambda d: d["group"][0]["sa"][0].update({"match-address": "X"})
        )

    def test_multicast_needs_its_address(self) -> None:
        self.refuse("goes with", lambda d: d["group"][0]["rekey"].update(transport="multicast"))

    def test_rekey_options_are_checked(self) -> None:
        for key, value in (
            ("push", 1),
            ("push-content", "half"),
            ("retransmit-interval", 0),
            ("retransmit-number", -1),
            ("retransmit-new-sequence", "yes"),
        ):
            self.refuse(key, lambda d: d["group"][0]["rekey"].update({key: value}))
        self.refuse("sig-header", lambda d: d["group"][0].update(format={"sig-header": "padded"}))
        self.refuse("shared-state", lambda d: d["group"][0].update({"shared-state": 5}))

    def test_a_file_that_is_no_toml_is_named(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "bad.toml"
            for text in (b"address = ", b"\xff\xfe"):
                path.write_bytes(text)
                with self.assertRaises(ConfigError) as caught:
                    config.load(path)
                self.assertIn("bad.toml", str(caught.exception))


class OverlapTest(unittest.TestCase):
    def test_the_next_tek_is_there_before_members_come_back(self) -> None:
        # Members without rekeys come back up to max(60 s, 7 %) before the end.
        for lifetime in (600, 900, 3600, 86400):
            self.assertGreater(default_overlap(lifetime), max(60, lifetime * 0.07))

    def test_a_short_life_is_not_all_overlap(self) -> None:
        self.assertLess(default_overlap(20), 20)


if __name__ == "__main__":
    unittest.main()
