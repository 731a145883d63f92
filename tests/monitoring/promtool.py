#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Has promtool judge the alert rules, play them against series, and parse what the dashboard asks for."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import shipped

SKIPPED = 4


def promtool(*arguments):
    print("# promtool", *map(str, arguments), flush=True)
    subprocess.run(["promtool", *map(str, arguments)], check=True, cwd=shipped.HERE)


def main():
    if not shutil.which("promtool"):
        print("promtool is not installed (Debian: prometheus): skipped")
        return SKIPPED
    promtool("check", "rules", shipped.RULES)
    promtool("test", "rules", "rules_test.yml")
    # YAML has JSON in it.
    rules = [{"record": "panel", "expr": expression, "labels": {"panel": f"{title} {number}"}}
             for number, (title, expression) in enumerate(shipped.dashboard_expressions())]
    with tempfile.TemporaryDirectory() as folder:
        asked = pathlib.Path(folder, "dashboard.yml")
        asked.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
        promtool("check", "rules", asked)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as problem:
        sys.exit(str(problem))
