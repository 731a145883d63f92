# SPDX-License-Identifier: GPL-2.0-or-later
"""Every block of the cookbook is run by a test, or read by the program that it is for.

The mark above a block, `<!-- test: KIND ... -->`, says by which: a scenario of that name, which states itself that it
took each of its blocks, or one of the methods here.
"""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from package import SOURCE, Unpacked

sys.path.insert(0, str(SOURCE / "tests/lab"))
import pages  # noqa: E402  # pylint: disable=wrong-import-position

SCENARIOS = ("cookbook", "rollout")
HERE = ("member", "netplan", "unit", "prometheus", "ansible")
BLOCKS = [block for path in sorted(pages.COOKBOOK.glob("*.md")) for block in pages.blocks(path)]


def of_kind(kind: str) -> list[pages.Block]:
    return [block for block in BLOCKS if block.mark.split()[:1] == [kind]]


def run(*command: str | Path, **options) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    done.stdout += done.stderr
    return done


class EveryBlockTest(unittest.TestCase):
    def test_every_block_has_a_mark_that_some_test_is_for(self) -> None:
        self.assertGreater(len(BLOCKS), 50)
        kinds = SCENARIOS + HERE
        lost = [f"{block} ({block.mark or 'no mark'})" for block in BLOCKS if block.mark.split(" ")[0] not in kinds]
        self.assertEqual(lost, [], "blocks that no test touches")

    def test_scenarios_look_at_each_page_with_blocks_for_them(self) -> None:
        for name in SCENARIOS:
            text = (SOURCE / "tests/scenarios" / name / "run").read_text()
            self.assertIn("untouched()", text)
            for page in {Path(block.page).stem for block in of_kind(name)}:
                self.assertIn(f'"{page}"', text, name)

    def test_marks_are_for_one_block(self) -> None:
        marks = [(block.page, block.mark) for block in BLOCKS if block.mark.split(" ")[0] in SCENARIOS]
        self.assertEqual(len(marks), len(set(marks)))

    def test_only_blocks_for_ios_are_said_not_to_be_run(self) -> None:
        for path in pages.COOKBOOK.glob("*.md"):
            text = path.read_text()
            self.assertEqual("```ios" in text, "Not run here" in text, path.name)


class ReadTest(unittest.TestCase):
    def setUp(self) -> None:
        self.work = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.work)

    def succeeds(self, block: pages.Block, *command: str | Path, **options) -> None:
        done = run(*command, **options)
        self.assertEqual(done.returncode, 0, f"{block}\n{done.stdout}")

    def needs(self, *programs: str) -> None:
        missing = [name for name in programs if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")]
        if missing:
            self.skipTest(f"not installed: {', '.join(missing)}")

    def test_getvpn_gm_takes_the_settings(self) -> None:
        package = Unpacked()
        self.addCleanup(package.remove)
        (self.work / "secrets").touch(mode=0o600)
        (self.work / "secrets").write_text("any SUPERSECRET\n")
        self.assertTrue(of_kind("member"))
        for block in of_kind("member"):
            (self.work / "conf").write_text(f"ks = 10.0.0.5\ngroup = 100\n{block.text}")
            command = [package.root / "usr/sbin/getvpn-gm", "--config", self.work / "conf",
                       "--secrets", self.work / "secrets", "--check"]
            self.succeeds(block, *command)
            (self.work / "conf").write_text(f"ks = 10.0.0.5\ngroup = 100\n{block.text}surprise = 1\n")
            self.assertEqual(run(*command).returncode, 2, "the check does not check")

    def test_netplan_makes_files_of_it(self) -> None:
        self.needs("netplan")
        (block,) = of_kind("netplan")
        path = self.work / "etc/netplan/10-wan.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(block.text)
        path.chmod(0o600)
        self.succeeds(block, "/usr/sbin/netplan", "generate", "--root-dir", self.work)
        made = {path.name: path.read_text() for path in (self.work / "run/systemd/network").iterdir()}
        self.assertIn("10-netplan-WAN.network", made)
        wan = made["10-netplan-wan0.network"]
        self.assertIn("VRF=WAN", wan)
        self.assertIn("Address=172.16.1.2/30", wan)
        self.assertIn("MTUBytes=1492", wan + made.get("10-netplan-wan0.link", ""))
        self.assertIn("Gateway=172.16.1.1\nTable=100", wan)
        self.assertIn("Table=100", made["10-netplan-WAN.netdev"])

    def test_systemd_takes_the_drop_ins(self) -> None:
        self.needs("systemd-analyze")
        units = SOURCE / "packaging/debian"
        self.assertTrue(of_kind("unit"))
        for block in of_kind("unit"):
            name = f"{block.mark.split()[1]}.service"
            # What it runs need not be here.
            text = (units / name).read_text().replace("/usr/sbin/getvpn-gm", "/bin/true")
            (self.work / name).write_text(text)
            folder = self.work / f"{name}.d"
            folder.mkdir()
            for content, good in ((block.text, True), (block.text + "Surprise=yes\n", False)):
                (folder / "drop-in.conf").write_text(content)
                done = run("systemd-analyze", "verify", "--man=no", self.work / name,
                           env=os.environ | {"SYSTEMD_UNIT_PATH": f"{self.work}:"})
                complaints = [line for line in done.stdout.splitlines() if "drop-in.conf" in line]
                self.assertEqual(not complaints, good, f"{block}\n{done.stdout}")

    def test_prometheus_takes_its_part(self) -> None:
        self.needs("promtool")
        for block in of_kind("prometheus"):
            text = block.text.replace("/usr/share/getvpn-gm/", f"{SOURCE}/packaging/monitoring/")
            self.assertNotEqual(text, block.text)
            (self.work / "prometheus.yml").write_text(text)
            self.succeeds(block, "promtool", "check", "config", self.work / "prometheus.yml")

    def test_ansible_takes_the_role_and_the_inventory(self) -> None:
        """The role's run against a CE is in `lifecycle`, which may change the machine."""
        self.needs("ansible-playbook")
        named = {block.mark.split()[1]: block for block in of_kind("ansible")}
        self.assertEqual(set(named), {"inventory.yml", "run", "seen"})
        shutil.copytree(SOURCE / "packaging/examples/ansible", self.work / "ansible")
        (self.work / "ansible/inventory.yml").write_text(named["inventory.yml"].text)
        environment = os.environ | {"HOME": str(self.work), "ANSIBLE_LOCALHOST_WARNING": "false", "LC_ALL": "C.UTF-8"}
        for name, without_a_host in (("run", "--syntax-check"), ("seen", "--list-hosts")):
            self.succeeds(named[name], "bash", "-euc", f"{named[name].text.rstrip()} {without_a_host}",
                          cwd=self.work / "ansible", env=environment)


if __name__ == "__main__":
    unittest.main()
