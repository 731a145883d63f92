#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The style tests themselves: each must refuse what it is there to refuse, and accept its twin."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import files
import include_rules
import key_server_is_independent
import links
import standard_includes

SPDX = "// SPDX-License-Identifier: GPL-2.0-or-later\n"
SPDX_PYTHON = SPDX.replace("//", "#")


def verdict(check, tree):
    """(exit status, output) of a check on a project with just these files."""
    with tempfile.TemporaryDirectory() as root, contextlib.redirect_stdout(io.StringIO()) as output:
        for name, text in tree.items():
            path = pathlib.Path(root) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return check(root), output.getvalue()


class IncludeRules(unittest.TestCase):
    def includes(self, path, line):
        return verdict(include_rules.main, {path: f"{SPDX}#include {line}\n"})

    def test_what_each_folder_needs_is_accepted(self):
        for path, line in (("gdoi/a.cpp", "<vector>"), ("gdoi/a.cpp", '"gdoi/wire/reader.h"'),
                           ("gdoi/crypto/a.cpp", "<openssl/evp.h>"), ("xfrm/ipsec/a.cpp", "<linux/xfrm.h>"),
                           ("xfrm/netlink/a.cpp", "<libmnl/libmnl.h>"), ("agent/group/a.cpp", '"gdoi/member.h"'),
                           ("agent/config/a.cpp", '"gdoi/wire/identification.h"'), ("agent/config/options.cpp", "<CLI/CLI.hpp>")):
            status, output = self.includes(path, line)
            self.assertEqual(status, 0, output)

    def test_what_crosses_a_boundary_is_refused(self):
        for path, line in (("gdoi/crypto/a.h", "<sys/socket.h>"), ("gdoi/wire/a.h", '"xfrm/plane/plane.h"'),
                           ("gdoi/a.cpp", '"agent/base/log.h"'), ("gdoi/a.cpp", "<fmt/format.h>"),
                           ("xfrm/base/a.cpp", '"gdoi/base/result.h"'), ("xfrm/base/a.h", "<openssl/evp.h>"),
                           ("xfrm/base/a.h", MACRO), ("agent/config/a.cpp", '"gdoi/wire/reader.h"'),
                           ("agent/config/a.cpp", "<CLI/CLI.hpp>"), ("agent/a.cpp", '"tests/support/hex.h"')):
            status, output = self.includes(path, line)
            self.assertEqual(status, 1, f"{path} {line}")
            self.assertIn(f"{path}:2", output)

    def test_a_step_up_between_layers_is_refused(self):
        for path, line in (("gdoi/policy/a.h", '"gdoi/wire/reader.h"'), ("gdoi/wire/a.h", '"gdoi/assemble/kek.h"'),
                           ("xfrm/netlink/a.h", '"xfrm/nft/rules.h"'), ("agent/base/a.h", '"agent/config/config.h"'),
                           ("agent/group/a.h", '"agent/kernel/translate.h"'), ("agent/io/a.h", '"agent/group/group.h"')):
            self.assertEqual(self.includes(path, line)[0], 1, f"{path} {line}")

    def test_a_folder_without_a_row_is_refused(self):
        status, output = self.includes("xfrm/new/a.cpp", '"xfrm/base/types.h"')
        self.assertEqual(status, 1)
        self.assertIn("no row", output)

    def test_a_circle_between_rows_is_found(self):
        self.assertIsNone(include_rules.circle({"a": ("b",), "b": ("c", "<x/")}))
        self.assertEqual(include_rules.circle({"a": ("b",), "b": ("c",), "c": ("a",)}), "a")

    def test_a_project_without_includes_is_refused(self):
        self.assertEqual(verdict(include_rules.main, {"gdoi/a.cpp": SPDX})[0], 1)


MACRO = "SOME_MACRO"


class Files(unittest.TestCase):
    def test_a_clean_file_is_accepted(self):
        self.assertEqual(verdict(files.main, {"gdoi/a.cpp": f"{SPDX}int a;\n"})[0], 0)

    def test_each_fault_is_refused_with_its_line(self):
        for text, place in (("int a;\n", ":1: no 'SPDX"), (f"{SPDX}\tint a;\n", ":2: tab"),
                            (f"{SPDX}int a; \n", ":2: trailing"), (f"{SPDX}int a;", ":2: no newline"),
                            (SPDX + "\n" * 700, "lines; 600")):
            status, output = verdict(files.main, {"gdoi/a.cpp": text})
            self.assertEqual(status, 1, text)
            self.assertIn(place, output)

    def test_the_licence_stands_where_a_comment_can_be(self):
        for name in ("CMakeLists.txt", ".clang-tidy", ".github/A.md", "agent/a.json", "packaging/debian/a.install", "tests/a.vec"):
            self.assertEqual(verdict(files.main, {"gdoi/a.cpp": SPDX, name: "a\n"})[0], 1, name)
            self.assertEqual(verdict(files.main, {"gdoi/a.cpp": SPDX, name: SPDX_PYTHON})[0], 0, name)
        for name in ("LICENSE", "tests/scenarios/a/description.txt", "packaging/debian/changelog"):
            self.assertEqual(verdict(files.main, {"gdoi/a.cpp": SPDX, name: "a\n"})[0], 0, name)


class KeyServer(unittest.TestCase):
    def imports(self, line):
        return self.both(line, "#include <vector>")

    def both(self, line, include):
        return verdict(key_server_is_independent.main, {"tests/keyserver/a.py": f"{SPDX_PYTHON}{line}\n",
                                                        "tests/support/ks/a.h": f"{SPDX}{include}\n"})[0]

    def test_own_and_standard_modules_are_accepted(self):
        for line in ("import socket", "from cryptography.hazmat.primitives import hashes", "from . import wire",
                     "from ks.wire import Message"):
            self.assertEqual(self.imports(line), 0, line)

    def test_ours_and_scapy_are_refused(self):
        for line in ("from scapy.all import IP", "import gdoi", "import ctypes", "def f():\n    import testlab"):
            self.assertEqual(self.imports(line), 1, line)

    def test_the_scripted_one_includes_its_own_and_openssl(self):
        for name in ("<vector>", "<openssl/evp.h>", '"tests/support/ks/octets.h"'):
            self.assertEqual(self.both("import socket", f"#include {name}"), 0, name)
        for name in ('"gdoi/wire/header.h"', '"tests/support/hex.h"', "<arpa/inet.h>"):
            self.assertEqual(self.both("import socket", f"#include {name}"), 1, name)


class Links(unittest.TestCase):
    def test_links_that_lead_somewhere_are_accepted(self):
        tree = {"README.md": "[a](xfrm/README.md), [b](xfrm/), [c](https://example.org/x), [d](#here)\n",
                "xfrm/README.md": "[a](../.github/A.md#part)\n", ".github/A.md": "\n"}
        status, output = verdict(links.main, tree)
        self.assertEqual(status, 0, output)

    def test_links_that_lead_nowhere_are_refused(self):
        for name in ("README.md", "xfrm/README.md", ".github/A.md"):
            status, output = verdict(links.main, {name: "text\n[a](gone.md)\n"})
            self.assertEqual(status, 1)
            self.assertIn(f"{name}:2: gone.md", output)

    def test_paths_in_backticks_exist(self):
        tree = {"xfrm/README.md": "`plane/a.h`, `xfrm/plane/a.h`, `plane/`, `plane::A`, `build/x`, `.cpp`, `a / b`\n",
                "xfrm/plane/a.h": ""}
        status, output = verdict(links.main, tree)
        self.assertEqual(status, 0, output)
        for gone in ("plane/b.h", "b.h", "plane/a/"):
            self.assertEqual(verdict(links.main, {**tree, "README.md": f"`{gone}`\n"})[0], 1, gone)

    def test_the_readme_stays_short(self):
        self.assertEqual(verdict(links.main, {"README.md": "line\n" * 200})[0], 0)
        self.assertEqual(verdict(links.main, {"README.md": "line\n" * 201})[0], 1)


class StandardIncludes(unittest.TestCase):
    def test_a_name_whose_header_is_included_is_accepted(self):
        tree = {"xfrm/a.h": "#include <vector>\n", "xfrm/a.cpp": '#include "xfrm/a.h"\n#include <span>\nstd::vector<int> a; std::span<int> b;\n',
                "agent/b.cpp": '// std::map\nconst char* c = "std::set";\n'}
        status, output = verdict(standard_includes.main, tree)
        self.assertEqual(status, 0, output)

    def test_a_name_whose_header_is_not_included_is_refused(self):
        status, output = verdict(standard_includes.main, {"xfrm/a.cpp": "#include <string>\nstd::vector<std::string> a;\n"})
        self.assertEqual(status, 1)
        self.assertEqual(output.strip(), "xfrm/a.cpp: needs #include <vector>")

    def test_the_prefix_of_a_library_wants_its_header(self):
        status, output = verdict(standard_includes.main, {"agent/a.cpp": "auto a = fmt::format(text);\n"})
        self.assertEqual((status, output.strip()), (1, "agent/a.cpp: needs #include <fmt/format.h>"))


if __name__ == "__main__":
    unittest.main()
