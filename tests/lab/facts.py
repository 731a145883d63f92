# SPDX-License-Identifier: GPL-2.0-or-later
"""Facts a scenario states: printed as TAP, and the exit status is honest."""

import re
import sys
import traceback

import apparmor


class Facts:
    def __init__(self):
        self.count = self.failed = 0

    def check(self, holds, fact, detail=""):
        """States one fact. `detail` (text, or something that makes it) is shown when it does not hold."""
        self.count += 1
        print(f"{'ok' if holds else 'not ok'} {self.count} - {fact}", flush=True)
        if not holds:
            self.failed += 1
            self.note(detail() if callable(detail) else detail)
        return bool(holds)

    def equal(self, got, wanted, fact):
        return self.check(got == wanted, fact, f"got:    {got!r}\nwanted: {wanted!r}")

    def matches(self, text, pattern, fact):
        """A line of `text` has the pattern in it."""
        return self.check(re.search(pattern, text, re.MULTILINE), fact, text)

    @staticmethod
    def note(text):
        for line in str(text).splitlines():
            print(f"#   {line}", flush=True)

    def finish(self):
        print(f"1..{self.count}", flush=True)
        if not self.count:
            print("# no fact was stated")
        return 1 if self.failed or not self.count else 0


def run_scenario(scenario, make_lab):
    """Runs scenario(lab, facts) in a fresh lab; its logs are shown when a fact does not hold."""
    facts = Facts()
    with make_lab() as lab:
        try:
            scenario(lab, facts)
            apparmor.check(facts)
        except Exception:  # pylint: disable=broad-except # said in full, and counted
            facts.check(False, "the scenario runs to its end", traceback.format_exc())
        if facts.failed:
            for path in sorted(lab.state.glob("*.log")):
                facts.note(f"---- {path.name}")
                facts.note("\n".join(path.read_text(errors="replace").splitlines()[-60:]))
    sys.exit(facts.finish())
