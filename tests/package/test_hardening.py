# SPDX-License-Identifier: GPL-2.0-or-later
"""How the programs of the package were built: what makes a fault in them harder to use."""
from __future__ import annotations

import re
import unittest
from platform import machine

from package import PROGRAMS, Unpacked, beside, run


class HardeningTest(unittest.TestCase):
    def setUp(self) -> None:
        self.package = Unpacked()
        self.addCleanup(self.package.remove)

    def test_programs_are_position_independent_and_bind_at_once(self) -> None:
        for program in PROGRAMS:
            headers = run(
                "readelf", "--wide", "--file-header", "--segments", self.package.root / program
            )
            self.assertRegex(
                headers, r"Type:\s+DYN \(Position-Independent Executable file\)", program
            )
            self.assertIn("GNU_RELRO", headers, program)
            self.assertNotRegex(headers, r"GNU_STACK.*RWE", program)
            dynamic = run("readelf", "--wide", "--dynamic", self.package.root / program)
            self.assertRegex(dynamic, r"FLAGS_1\).*NOW.*PIE", program)
            self.assertNotRegex(dynamic, r"\((RPATH|RUNPATH)\)", program)

    def test_programs_have_stack_protectors_and_fortified_functions(self) -> None:
        for program in PROGRAMS:
            symbols = run("readelf", "--wide", "--dyn-syms", self.package.root / program)
            self.assertIn("__stack_chk_fail", symbols, program)
            self.assertRegex(symbols, r"__\w+_chk@", program)

    def test_asserts_stay_in(self) -> None:
        symbols = run("readelf", "--wide", "--dyn-syms", self.package.root / PROGRAMS[0])
        self.assertIn("__assert_fail", symbols)

    def test_programs_are_stripped_and_tell_no_build_path(self) -> None:
        for program in PROGRAMS:
            octets = (self.package.root / program).read_bytes()
            self.assertIsNone(
                re.search(rb"\.build-deb|/source/(gdoi|agent|xfrm)/", octets), program
            )
            self.assertNotIn(".symtab", run("readelf", "--wide", "-S", self.package.root / program))

    def test_hardening_check_misses_nothing(self) -> None:
        for program in PROGRAMS:
            # It looks for a mark of the whole program, which Debian 12's start files keep the linker from making.
            report = run("hardening-check", "--nocfprotection", self.package.root / program)
            if machine() == "x86_64":
                self.assertRegex(report, r"Stack clash protection: yes", program)

    def test_jumps_may_only_lead_where_the_compiler_said(self) -> None:
        if machine() != "x86_64":
            self.skipTest("looks for instructions of amd64")
        for program in PROGRAMS:
            code = run("objdump", "--disassemble", "--no-show-raw-insn", self.package.root / program)
            self.assertGreater(code.count("endbr64"), 100, program)

    def test_all_of_it_was_compiled_with_all_flags(self) -> None:
        log = beside(".build")
        wanted = ["-fstack-clash-protection", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2", "-Wdate-time"]
        if machine() == "x86_64":
            wanted.append("-fcf-protection")
        compiled = [line for line in log.read_text().splitlines() if re.search(r"c\+\+ .* -c \S+$", line)]
        self.assertGreater(len(compiled), 10)
        for line in compiled:
            for flag in wanted:
                self.assertIn(f" {flag} ", line)
        # Position independent is what Debian's compiler makes unless told otherwise: --debian.
        run("blhc", "--all", "--debian", log)


if __name__ == "__main__":
    unittest.main()
