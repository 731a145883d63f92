#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What every text file of the project obeys: SPDX line, no tabs, no trailing blanks, bounded length.

usage: files.py ROOT
"""

import sys

import sources

SPDX = "SPDX-License-Identifier: GPL-2.0-or-later"
SOFT_LINES, HARD_LINES = 400, 600
CODE_SUFFIXES = {".cpp", ".h", ".py", ".sh"}
TEXT_SUFFIXES = CODE_SUFFIXES | {".md", ".txt", ".toml", ".conf", ".cmake", ".service", ".vec"}


def is_code(path):
    return path.suffix in CODE_SUFFIXES or sources.first_line(path).startswith("#!")


def complaints_of(path, relative):
    lines = path.read_text(errors="replace").split("\n")
    makefile = lines[0].startswith("#!/usr/bin/make")
    if is_code(path) and not any(SPDX in line for line in lines[:3]):
        yield f"{relative}:1: no '{SPDX}' in the first lines"
    for number, line in enumerate(lines, 1):
        if "\t" in line and not makefile:
            yield f"{relative}:{number}: tab"
        if line != line.rstrip():
            yield f"{relative}:{number}: trailing blank"
    if lines[-1]:
        yield f"{relative}:{len(lines)}: no newline at the end"
    if is_code(path) and len(lines) > HARD_LINES:
        yield f"{relative}: {len(lines)} lines; {HARD_LINES} are the limit"


def main(root):
    count, complaints = 0, []
    for path in sources.files(root):
        if not is_code(path) and path.suffix not in TEXT_SUFFIXES and path.name != "CMakeLists.txt":
            continue
        count += 1
        relative = path.relative_to(root)
        complaints += complaints_of(path, relative)
        length = path.read_bytes().count(b"\n")
        if is_code(path) and SOFT_LINES < length <= HARD_LINES:
            print(f"warning: {relative}: {length} lines; above {SOFT_LINES} it is time to split")
    print("\n".join(complaints))
    print(f"{count} files, {len(complaints)} complaints")
    return 1 if complaints or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
