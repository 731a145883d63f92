#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Blocks of pages that tests run: behind a line `<!-- test: MARK -->`, in a fence or indented by four blanks.

usage: pages.py PAGE MARK    prints those behind that mark, between lines `started LINE` and `finished`
"""

import dataclasses
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
COOKBOOK = ROOT / "packaging/doc/cookbook"
MARK = re.compile(r"<!-- test: (.*) -->")
FENCE = re.compile(r"```(\w*)")


class PageError(Exception):
    """A mark without a block, or a fence without an end."""


@dataclasses.dataclass
class Block:
    page: str  # the file's name
    line: int  # of the fence, or of the first line of an indented block
    mark: str  # "" when there is none
    language: str  # what stands behind the fence; "" for indented blocks
    text: str

    def __str__(self):
        return f"{self.page}:{self.line}"


def blocks(path):
    """All fenced blocks of a page, and the indented ones that have a mark."""
    found, mark = [], None
    lines = iter(enumerate(path.read_text().splitlines(), 1))
    for number, line in lines:
        if match := MARK.fullmatch(line):
            mark = match[1]
        elif fence := FENCE.match(line):
            text = _until_fence(path, number, lines)
            found.append(Block(path.name, number, mark or "", fence[1], text))
            mark = None
        elif mark is not None and line.startswith("    "):
            text, line = _indented(line, lines)
            found.append(Block(path.name, number, mark, "", text))
            mark = MARK.fullmatch(line)[1] if MARK.fullmatch(line) else None
        elif mark is not None and line:
            raise PageError(f"{path.name}:{number}: no block behind the mark")
    if mark is not None:
        raise PageError(f"{path.name}: no block behind the last mark")
    return found


def _until_fence(path, number, lines):
    text = ""
    for _, line in lines:
        if line.startswith("```"):
            return text
        text += f"{line}\n"
    raise PageError(f"{path.name}:{number}: the fence has no end")


def _indented(line, lines):
    """The block that begins with `line`, and the line that ended it."""
    text = f"{line[4:]}\n"
    for _, line in lines:
        if line and not line.startswith("    "):
            return text.rstrip("\n") + "\n", line
        text += f"{line[4:]}\n"
    return text.rstrip("\n") + "\n", ""


def main(page, mark):
    path = pathlib.Path(page)
    for block in blocks(path):
        if block.mark == mark:
            print(f"started {block.line}\n{block.text}finished")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except PageError as error:
        print("exit 1")
        sys.exit(str(error))
