# SPDX-License-Identifier: GPL-2.0-or-later
"""What a program of the lab has in its memory."""

import pathlib


def in_memory(member, secrets):
    """Which of these octets are in the process' writable memory."""
    found = set()
    with open(f"/proc/{member.child.pid}/mem", "rb", buffering=0) as memory:
        for line in pathlib.Path(f"/proc/{member.child.pid}/maps").read_text().splitlines():
            area, rights, *_ = line.split()
            if "w" not in rights:
                continue
            begin, end = (int(part, 16) for part in area.split("-"))
            memory.seek(begin)
            try:
                octets = memory.read(end - begin)
            except OSError:
                continue
            found |= {secret for secret in secrets if secret in octets}
    return found
