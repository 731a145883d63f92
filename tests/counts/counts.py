#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts the instructions of a member's work by callgrind and compares them with reference.txt: beyond 10 % more or less
it fails. What libcrypto executes, and the C library for it, is left out: it would hide all else.
"""

import argparse
import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

REFERENCE = pathlib.Path(__file__).resolve().parent / "reference.txt"
MEASURES = ("registration", "rekey", "long-rekey", "list")
TOLERANCE = 0.10
SKIPPED = 4
CRYPTO = "libcrypto.so"
# The libraries shall not choose by what the processor can do, nor the dynamic linker come in between.
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin", "LC_ALL": "C", "LD_BIND_NOW": "1", "OPENSSL_ia32cap": "0x0:0x0", "OPENSSL_CONF": "/dev/null",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX,-AVX2,-AVX512F,-AVX512VL,-AVX512BW,-BMI2,-ERMS,-FSRM,-MOVBE,-RTM,-SSE4_1,-SSE4_2,-SSSE3",
}


def totals(path, program):
    """Instructions counted in a file of callgrind: of all, and within calls of libcrypto by the program itself."""
    names, own, crypto = {}, 0, 0
    owner = callee = None

    def named(text):
        number, _, name = text.partition(" ")
        if name:
            names[number] = name
        return names[number]

    is_call = False
    for line in path.read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and key in ("ob", "cob"):
            name = named(value)
            owner, callee = (name, callee) if key == "ob" else (owner, name)
        elif equals and key == "fn":
            callee = None
        elif equals and key == "calls":
            is_call = True
        elif re.match(r"[0-9+*-]", line):
            cost = int(line.split()[1])
            if not is_call:
                own += cost
            elif owner == program and CRYPTO in (callee or owner):
                crypto += cost
            if is_call:
                is_call, callee = False, None
    return own, crypto


def count(program, measure):
    """Instructions of one measure without those of libcrypto."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
                               "--collect-atstart=no", "--toggle-collect=getvpn_counted", "--toggle-collect=getvpn_uncounted", program, measure],
                              env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            sys.exit(f"counts: {measure} failed\n{done.stdout}")
        own, crypto = totals(out, program)
    print(f"{measure}: {own} instructions, of which {crypto} in libcrypto", file=sys.stderr)
    return own - crypto


def read():
    """{build: {measure: instructions}}, and the comments at the head of the file."""
    references, comments, build = collections.defaultdict(dict), [], None
    for line in REFERENCE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            comments.append(line)
        elif line.startswith("["):
            build = line.strip("[]")
        elif line:
            name, number = line.split()
            references[build][name] = int(number)
    return references, comments


def write(references, comments):
    text = "\n".join(comments) + "\n"
    for build in sorted(references):
        text += f"\n[{build}]\n" + "".join(f"{name:12} {references[build][name]:>12}\n" for name in MEASURES)
    REFERENCE.write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="how the program was compiled: which reference is its")
    parser.add_argument("--write", action="store_true", help="make what is counted the reference of this build")
    parser.add_argument("program")
    options = parser.parse_args()
    program = os.path.realpath(options.program)
    references, comments = read()
    if not options.write and options.build not in references:
        print(f"skipped: there is no reference for '{options.build}'; --write makes one")
        return SKIPPED
    if not shutil.which("valgrind"):
        print("skipped: there is no valgrind")
        return SKIPPED
    counted = {measure: count(program, measure) for measure in MEASURES}
    if options.write:
        references[options.build] = counted
        write(references, comments)
        return 0
    wrong = 0
    for measure, number in counted.items():
        known = references[options.build][measure]
        change = number / known - 1
        beyond = abs(change) > TOLERANCE
        wrong += beyond
        print(f"{'not ok' if beyond else 'ok'} - {measure}: {number} instructions, {change:+.1%} of {known}")
    if wrong:
        print(f"Beyond {TOLERANCE:.0%} of {REFERENCE}. Where the instructions are: tests/README.md, \"Instruction counts\".\n"
              "If it is meant, have the new counts written and let the commit say why:\n"
              f"  {os.path.realpath(__file__)} --write --build '{options.build}' {program}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
