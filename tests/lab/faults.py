# SPDX-License-Identifier: GPL-2.0-or-later
"""System calls of a member that fail, come late or tell another time, by faults.cpp preloaded into it."""

import errno
import mmap
import os
import pathlib
import struct
from dataclasses import dataclass

from topology import run

SOURCE = pathlib.Path(__file__).resolve().parent / "faults.cpp"
RULES = 16
FORM = struct.Struct("=24s16siiiiqii")  # as faults.cpp has it


@dataclass
class Fault:
    """`where` is CALL or CALL@KIND, such as sendto@netlink; `count` of them fail with `error` (its name) after `skip` others,
    all if it is negative. They come `delay` milliseconds late. `offset`, for clock_gettime, is in seconds."""

    where: str
    error: str = ""
    skip: int = 0
    count: int = 1
    delay: int = 0
    offset: int = 0

    def packed(self):
        call, _, kind = self.where.partition("@")
        return FORM.pack(call.encode(), kind.encode(), self.skip, self.count, getattr(errno, self.error) if self.error else 0,
                         self.delay, self.offset, 0, 0)

    def __str__(self):
        what = self.error or (f"{self.delay} ms late" if self.delay else f"{self.offset} s ahead")
        which = "all" if self.count < 0 else f"{self.count} after {self.skip}"
        return f"{self.where}, {which}: {what}"


class Faults:
    """The table of one member, which is started with it from now on."""

    def __init__(self, member):
        library = member.lab.state / "faults.so"
        if not library.exists():
            run("g++", "-std=c++20", "-shared", "-fPIC", "-fno-threadsafe-statics", "-o", str(library), str(SOURCE))
        path = member.lab.state / f"{member.name}.faults"
        path.write_bytes(bytes(RULES * FORM.size))
        with open(path, "r+b") as file:
            self._table = mmap.mmap(file.fileno(), RULES * FORM.size)
        # By env, so that what enters the node is spared.
        member.command = ["env", f"LD_PRELOAD={library}", f"GETVPN_FAULTS={path}", *member.command]
        os.chmod(path, 0o666)
        self._count = 0

    def set(self, *faults):
        self.clear()
        for place, fault in enumerate(faults):
            packed = fault.packed()
            # The name last: it makes the rule.
            self._table[place * FORM.size + 24:(place + 1) * FORM.size] = packed[24:]
            self._table[place * FORM.size:place * FORM.size + 24] = packed[:24]
        self._count = len(faults)

    def clear(self):
        for place in range(RULES):
            self._table[place * FORM.size:place * FORM.size + 24] = bytes(24)
        self._count = 0

    def hits(self):
        """How many calls each fault of the last `set` has hit."""
        return [FORM.unpack_from(self._table, place * FORM.size)[8] for place in range(self._count)]
