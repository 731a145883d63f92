# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: completion.py bash|zsh GETVPN-GM GETVPNCTL. Each command and option of --help is offered, and nothing else."""
from __future__ import annotations

import re
import shutil
import subprocess
import sys
import unittest

import shells

SKIPPED = 4
ANYWHERE = {"--socket", "--config"}  # of getvpnctl, which takes them behind a command as well


def help_of(program: str, *words: str) -> str:
    return subprocess.run([program, *words, "--help"], capture_output=True, text=True, check=True).stdout


def options_of(text: str) -> set[str]:
    return set(re.findall(r"^ +(?:-\w,)?(--[a-z0-9-]+)", text, re.MULTILINE))


def commands_of(text: str) -> set[str]:
    """Those under "Subcommands"; what is under no heading, or another, is none."""
    part = re.search(r"^Subcommands:\n((?: +.*\n)+)", text, re.MULTILINE)
    return set(re.findall(r"^ {2}([a-z][a-z0-9-]*)", part[1], re.MULTILINE)) if part else set()


class CompletionTest(unittest.TestCase):
    daemon = control = ""
    offers = staticmethod(shells.bash)

    def test_every_option_of_getvpn_gm(self) -> None:
        self.assertEqual(self.offers("getvpn-gm", "--"), options_of(help_of(self.daemon)))

    def test_values_of_options_of_getvpn_gm(self) -> None:
        for option, values in (("--tek-without-key", {"deny", "reject", "skip", "bypass"}), ("--ike-mode", {"main", "aggressive"}),
                               ("--log-level", {"error", "warning", "notice", "info", "debug"})):
            self.assertEqual(self.offers("getvpn-gm", option, ""), values, option)

    def test_every_command_of_getvpnctl(self) -> None:
        text = help_of(self.control)
        self.assertLess({"show", "trace"}, commands_of(text))
        self.assertLessEqual(commands_of(text), self.offers("getvpnctl", ""))
        self.assertLessEqual(self.offers("getvpnctl", ""), commands_of(text) | options_of(text))
        self.assertEqual(self.offers("getvpnctl", "--"), options_of(text))

    def test_every_option_of_each_command(self) -> None:
        for command in sorted(commands_of(help_of(self.control))):
            text = help_of(self.control, command)
            if commands_of(text):
                self.assertLessEqual(commands_of(text), self.offers("getvpnctl", command, ""), command)
                continue
            offered = self.offers("getvpnctl", command, "--")
            self.assertLessEqual(options_of(text), offered, command)
            self.assertLessEqual(offered, options_of(text) | ANYWHERE, command)

    def test_levels_of_log_level(self) -> None:
        self.assertLessEqual({"error", "warning", "notice", "info", "debug"}, self.offers("getvpnctl", "log-level", ""))


if __name__ == "__main__":
    shell, CompletionTest.daemon, CompletionTest.control = sys.argv[1:]
    if not shutil.which(shell):
        print(f"{shell} is not installed: skipped")
        sys.exit(SKIPPED)
    CompletionTest.offers = staticmethod(getattr(shells, shell))
    unittest.main(argv=sys.argv[:1], verbosity=2)
