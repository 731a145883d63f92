# SPDX-License-Identifier: GPL-2.0-or-later
"""Manual pages, completion and examples say what the programs do, and all of it."""
from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from package import SOURCE, Unpacked, run

sys.path.insert(0, str(SOURCE / "tests/completion"))
from shells import bash  # noqa: E402  # pylint: disable=wrong-import-position

NO_KEYS = {"--config", "--check", "--version", "--help"}  # options that no file has


def options_of(text: str) -> set[str]:
    """Long options in the output of --help."""
    return set(re.findall(r"^\s+(?:-\w,)?(--[a-z0-9-]+)", text, re.MULTILINE))


class TextTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.package = Unpacked()
        cls.addClassCleanup(cls.package.remove)
        cls.daemon = cls.package.root / "usr/sbin/getvpn-gm"
        cls.control = cls.package.root / "usr/bin/getvpnctl"
        cls.options = options_of(run(cls.daemon, "--help"))

    def page(self, name: str) -> str:
        """A manual page as a reader sees it."""
        folder = self.package.root / "usr/share/man" / f"man{name[-1]}"
        path = Path(self.work()) / name
        path.write_bytes(gzip.decompress((folder / f"{name}.gz").read_bytes()))
        done = subprocess.run(
            ["man", "--warnings", "--encoding=UTF-8", "-l", str(path)],
            capture_output=True,
            text=True,
            env=os.environ | {"MANWIDTH": "200", "LC_ALL": "C.UTF-8", "MANROFFOPT": "-c"},
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""), name)
        return re.sub(r".\x08", "", done.stdout).replace("\u2010", "-")

    def work(self) -> str:
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        return folder

    def test_the_daemon_has_options(self) -> None:
        self.assertLess(NO_KEYS | {"--ks", "--group", "--secrets"}, self.options)

    def test_getvpn_gm_8_has_every_option_and_no_other(self) -> None:
        page = self.page("getvpn-gm.8")
        body = page[page.index("OPTIONS") : page.index("SIGNALS")]
        listed = set(re.findall(r"^ +(?:-h, )?(--[a-z0-9-]+)", body, re.MULTILINE))
        listed |= set(re.findall(r"^ +--\S+ \S+, (--[a-z0-9-]+)", body, re.MULTILINE))
        self.assertEqual(listed, self.options)

    def test_getvpn_gm_conf_5_has_every_key_and_no_other(self) -> None:
        listed = re.findall(r"^ +([a-z0-9-]+) = ", self.page("getvpn-gm.conf.5"), re.MULTILINE)
        self.assertEqual(set(listed), {name[2:] for name in self.options - NO_KEYS})

    def test_getvpn_gm_conf_5_has_the_defaults_that_help_tells(self) -> None:
        page = " ".join(self.page("getvpn-gm.conf.5").split())
        told = re.findall(r"\(default: ([^\s,)]+)\)", run(self.daemon, "--help"))
        self.assertGreater(len(told), 5)
        for default in told:
            self.assertIn(default, page)

    def test_getvpnctl_1_has_every_option(self) -> None:
        page = self.page("getvpnctl.1")
        wanted = options_of(run(self.control, "--help"))
        for command in ("show", "explain", "verify", "plan", "doctor", "monitor", "reregister", "clear", "reload", "log-level"):
            wanted |= options_of(run(self.control, command, "--help"))
        self.assertLess({"--socket", "--json"}, wanted)
        for option in wanted:
            self.assertIn(option, page)

    def completions(self, program: str, *words: str) -> set[str]:
        """What bash would offer for the last of `words`."""
        return bash(program, *words, folder=self.package.root / "usr/share/bash-completion/completions")

    def test_completion_offers_every_option(self) -> None:
        self.assertEqual(self.completions("getvpn-gm", "--"), self.options)
        for command in ("show", "explain", "verify", "plan", "doctor", "reregister", "clear"):
            self.assertEqual(self.completions("getvpnctl", command, "--"), options_of(run(self.control, command, "--help")))
        wanted = options_of(run(self.control, "--help"))
        self.assertEqual(self.completions("getvpnctl", "--"), wanted)
        self.assertEqual(self.completions("getvpnctl", "s"), {"show"})

    def test_completion_offers_the_words_of_show_that_there_are(self) -> None:
        options = {"--group", "--json", "--help"}
        for words, offered in {
            "crypto": {"gdoi", "gkm"},
            "crypto gdoi gm": {"acl", "rekey", "dataplane", "replay", "identifier", "pubkey"},
            "gm acl": {"local"},
            "gm rekey": {"detail"},
            "rekey": {"sa"},
            "rekey sa": {"detail"},
            "ipsec": {"sa"},
        }.items():
            self.assertEqual(self.completions("getvpnctl", "show", *words.split(), "") - options, offered, words)

    def test_completion_offers_the_values_of_an_option(self) -> None:
        values = self.completions("getvpn-gm", "--tek-without-key", "")
        self.assertEqual(values, {"deny", "reject", "skip", "bypass"})
        levels = self.completions("getvpn-gm", "--log-level", "")
        self.assertEqual(levels, {"error", "warning", "notice", "info", "debug"})
        self.assertEqual(self.completions("getvpn-gm", "--secrets", ""), {"FILE"})

    def check(self, config: str, secrets: str) -> subprocess.CompletedProcess[str]:
        work = Path(self.work())
        (work / "secrets").write_text(secrets)
        (work / "secrets").chmod(0o600)
        files = ["--config", str(work / "conf")]
        if re.search(r"^ *\[", config, re.MULTILINE):  # options are for one group only
            config = f"secrets = {work / 'secrets'}\n{config}"
        else:
            files += ["--secrets", str(work / "secrets")]
        (work / "conf").write_text(config)
        return subprocess.run([self.daemon, *files, "--check"], capture_output=True, text=True)

    def examples(self) -> tuple[str, str]:
        folder = self.package.root / "usr/share/doc/getvpn-gm/examples"
        return (folder / "getvpn-gm.conf").read_text(), (folder / "getvpn-gm.secrets").read_text()

    def test_the_examples_pass_the_check(self) -> None:
        done = self.check(*self.examples())
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("ks                 = 10.0.0.5:848", done.stdout)

    def test_the_examples_pass_the_check_with_every_line_in_use(self) -> None:
        config, secrets = (
            re.sub(r"^#(\[|[a-z-]+ +(?:= |\"))", r"\1", text, flags=re.MULTILINE)
            for text in self.examples()
        )
        one, several = config.split("# Several groups")
        done = self.check(one, secrets)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("10.0.0.6", done.stdout)
        done = self.check("ks = 10.0.0.5\n# Several groups" + several, secrets)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_examples_of_getvpn_gm_conf_5_pass_the_check(self) -> None:
        page = self.page("getvpn-gm.conf.5")
        examples = page[page.index("EXAMPLES") : page.index("SEE ALSO")].split("\n", 1)[1]
        first, several = examples.split("# two groups")
        secrets = re.split(r"blanks\s+and\s+a\s+secret:\n", page)[1].split("any stands for")[0]
        for config in (first, "# two groups" + several):
            done = self.check(config, secrets)
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_links_of_the_pages_lead_to_installed_pages(self) -> None:
        folder = self.package.root / "usr/share/doc/getvpn-gm"
        folders = ("gdoi", "xfrm", "agent", "packaging", "tests")
        of_the_sources = {"CONTRIBUTING.md"} | {f"{name}/README.md" for name in folders}
        pages = sorted(folder.rglob("*.md"))
        self.assertGreater(len(pages), 10)
        for page in pages:
            links = set(re.findall(r"\]\(([^):#]+)\)", page.read_text()))
            lost = {link for link in links if not (page.parent / link).exists()}
            self.assertEqual(lost, of_the_sources if page == folder / "README.md" else set(), page)

    def test_a_broken_example_does_not_pass(self) -> None:
        config, secrets = self.examples()
        self.assertEqual(self.check(config + "\nsurprise = 1\n", secrets).returncode, 2)

    def test_the_licence_is_named_in_every_packaging_file_that_can(self) -> None:
        for path in ("debian/rules", "debian/getvpn-gm.service", "build-deb", "man/getvpn-gm.8"):
            self.assertIn(
                "SPDX-License-Identifier", (SOURCE / "packaging" / path).read_text(), path
            )


if __name__ == "__main__":
    unittest.main()
