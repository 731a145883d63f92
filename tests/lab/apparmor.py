# SPDX-License-Identifier: GPL-2.0-or-later
"""AppArmor, where the kernel has it: tests/scenarios/run loads the package's profile before anything starts, and
nothing that a scenario does may be refused by it. Whoever else uses the lab need not have loaded one."""

import os
import pathlib
import subprocess

KERNEL = pathlib.Path("/sys/kernel/security/apparmor")
PROFILE = "getvpn-gm"


def is_there():
    """Whether tests/scenarios/run says that the kernel has it."""
    return "GETVPN_APPARMOR" in os.environ


def confinement(process):
    """The profile that a process runs under, as the kernel says it."""
    return pathlib.Path(f"/proc/{process}/attr/current").read_text(encoding="ascii").strip("\n\0")


def refusals():
    """What the profile refused, as lines of the kernel's log."""
    log = subprocess.run(["dmesg"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [line for line in log.splitlines() if 'apparmor="DENIED"' in line and f'profile="{PROFILE}"' in line]


def check(facts):
    """States that the profile is in force and refused nothing, where there is AppArmor."""
    if is_there():
        facts.matches((KERNEL / "profiles").read_text(encoding="ascii"), rf"^{PROFILE} \(enforce\)$", "AppArmor enforces the profile")
        facts.equal(refusals(), [], "AppArmor refused nothing")
