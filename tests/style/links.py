#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages for people: each relative link, and each path in backticks, leads to a file or folder of the project, and the
README stays short.

A path in backticks has a slash or the suffix of a source file. It is looked for beside the page, in the folders above
it, and in those that pages of the top level speak of.

usage: links.py ROOT
"""

import pathlib
import re
import sys

import sources

LINK = re.compile(r"\]\(([^)\s]+)\)")
ELSEWHERE = re.compile(r"[a-z]+:|#")
README_LINES = 200
QUOTED = re.compile(r"`([\w.-]+(?:/[\w.-]+)*/?)`")
SOURCE = re.compile(r".+\.(h|cpp|py|awk|cmake|json|toml)")
# What is not there before something made it, or belongs to somebody else's machine.
MADE = re.compile(r"build/.*|.*NAME.*|A/LENGTH|TCP/.*|origin/.*")
BASES = ("", "gdoi", "xfrm", "agent", "packaging", "tests", "tests/keyserver", "tests/keyserver/ks")


def is_path(text):
    return ("/" in text or SOURCE.fullmatch(text)) and not MADE.fullmatch(text)


def is_there(root, page, path):
    return any((base / path).exists() for base in (*(root / base for base in BASES), *page.parents))


def pages(root):
    root = pathlib.Path(root)
    return sorted(root.glob("*.md")) + [path for path in sources.files(root, (*sources.FOLDERS, ".github")) if path.suffix == ".md"]


def complaints_of(root, path, relative):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        for target in LINK.findall(line):
            if not ELSEWHERE.match(target) and not (path.parent / target.split("#")[0]).exists():
                yield f"{relative}:{number}: {target} is not there"
        for quoted in QUOTED.findall(line):
            if is_path(quoted) and not is_there(root, path, quoted):
                yield f"{relative}:{number}: {quoted} is not there"


def main(root):
    count, complaints = 0, []
    for path in pages(root):
        count += 1
        relative = path.relative_to(root)
        complaints += complaints_of(pathlib.Path(root), path, relative)
        length = path.read_bytes().count(b"\n")
        if str(relative) == "README.md" and length > README_LINES:
            complaints.append(f"README.md: {length} lines; {README_LINES} are the limit")
    print("\n".join(complaints))
    print(f"{count} pages, {len(complaints)} complaints")
    return 1 if complaints or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
