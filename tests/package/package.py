# SPDX-License-Identifier: GPL-2.0-or-later
"""The built package, unpacked: what the tests look at."""
from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

SOURCE = Path(os.environ.get("GETVPN_SOURCE", Path(__file__).resolve().parent.parent.parent))


PROGRAMS = ("usr/sbin/getvpn-gm", "usr/bin/getvpnctl")


def deb_path() -> Path:
    """The one getvpn-gm_*.deb in the directory GETVPN_DEB."""
    found = list(Path(os.environ["GETVPN_DEB"]).glob("getvpn-gm_*.deb"))
    if len(found) != 1:
        raise FileNotFoundError(f"{len(found)} packages in {os.environ['GETVPN_DEB']}, want 1")
    return found[0]


def beside(suffix: str) -> Path:
    """What building it left beside the package: .build is the log, .buildinfo the surroundings."""
    (found,) = deb_path().parent.glob(f"getvpn-gm_*{suffix}")
    return found


def run(*command: str | Path) -> str:
    """The standard output of a command that must succeed."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}: {done.stderr}")
    return done.stdout


class Unpacked:
    """The package's files in a directory of their own."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.root = Path(self._folder.name)
        run("dpkg-deb", "--extract", deb_path(), self.root)

    def remove(self) -> None:
        self._folder.cleanup()
