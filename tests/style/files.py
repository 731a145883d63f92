#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What every text file of the project obeys: SPDX line where a comment can be, no tabs, no trailing blanks, bounded
length.

usage: files.py ROOT
"""

import sys

import sources

SPDX = "SPDX-License-Identifier: GPL-2.0-or-later"
SOFT_LINES, HARD_LINES = 400, 600
CODE_SUFFIXES = {".cpp", ".h", ".py", ".sh"}
TEXT_SUFFIXES = CODE_SUFFIXES | {".md", ".txt", ".toml", ".conf", ".cmake", ".service", ".vec"}
# Their formats have no comments. The licence of all others is in the file itself, of these in debian/copyright.
WITHOUT_COMMENTS = {"LICENSE", "CMakePresets.json", "description.txt", "packaging/debian/changelog", "packaging/debian/copyright",
                    "packaging/debian/source/format"}


def is_code(path):
    return path.suffix in CODE_SUFFIXES or sources.first_line(path).startswith("#!")


def can_have_comments(relative):
    return str(relative) not in WITHOUT_COMMENTS and relative.name not in WITHOUT_COMMENTS


def has_spdx(path):
    with open(path, "rb") as file:
        return SPDX in b"".join(file.readline(400) for _ in range(3)).decode(errors="replace")


def complaints_of(path, relative):
    lines = path.read_text(errors="replace").split("\n")
    makefile = lines[0].startswith("#!/usr/bin/make")
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
    for path in sources.all_files(root):
        relative = path.relative_to(root)
        if can_have_comments(relative) and not has_spdx(path):
            complaints.append(f"{relative}:1: no '{SPDX}' in the first lines")
        if not is_code(path) and path.suffix not in TEXT_SUFFIXES and path.name != "CMakeLists.txt":
            continue
        count += 1
        complaints += complaints_of(path, relative)
        length = path.read_bytes().count(b"\n")
        if is_code(path) and SOFT_LINES < length <= HARD_LINES:
            print(f"warning: {relative}: {length} lines; above {SOFT_LINES} it is time to split")
    print("\n".join(complaints))
    print(f"{count} files, {len(complaints)} complaints")
    return 1 if complaints or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
