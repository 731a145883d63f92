# SPDX-License-Identifier: GPL-2.0-or-later
"""Headings of troubleshooting.md are pieces of messages that the program has."""

import re
import unittest

import shipped

PAGE = shipped.ROOT / "packaging/doc/troubleshooting.md"


def all_text():
    """The strings of the sources, with those joined that the compiler joins."""
    out = []
    for folder in ("agent", "gdoi", "xfrm"):
        for path in sorted((shipped.ROOT / folder).rglob("*.cpp")) + sorted((shipped.ROOT / folder).rglob("*.h")):
            out.append(re.sub(r'"\s*"', "", path.read_text()))
    return "\n".join(out)


class MessageTest(unittest.TestCase):
    def test_each_heading_is_a_piece_of_a_message(self):
        headings = re.findall(r"^### (.*)$", PAGE.read_text(), re.MULTILINE)
        self.assertGreater(len(headings), 20)
        text = all_text()
        self.assertEqual([heading for heading in headings if heading not in text], [])

    def test_no_heading_is_there_twice(self):
        headings = re.findall(r"^##+ (.*)$", PAGE.read_text(), re.MULTILINE)
        self.assertEqual(sorted(set(headings)), sorted(headings))


if __name__ == "__main__":
    unittest.main()
