#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The key servers of the tests judge gdoi/ only as long as they share nothing with it. That of the lab may import
Python's own modules, python3-cryptography and its own folder; the scripted one of the C++ tests may include standard
headers, OpenSSL and its own folder.

usage: key_server_is_independent.py ROOT
"""

import ast
import pathlib
import re
import sys

import sources


INCLUDE = re.compile(r"^\s*#\s*include\s*(\S+)")
INCLUDED = re.compile(r'<[a-z0-9_]+>|<openssl/[a-z0-9_]+\.h>|"tests/support/ks/[a-z0-9_]+\.h"')


def included(root):
    """(file, line number, what it wrongly includes or None) for each #include line of the scripted key server."""
    for path in sources.cpp(root, ("tests",)):
        if path.parent != pathlib.Path(root) / "tests" / "support" / "ks":
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if match:
                yield path.relative_to(root), number, None if INCLUDED.fullmatch(match[1]) else match[1]


def imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module, node.lineno


def main(root):
    folder = pathlib.Path(root) / "tests" / "keyserver"
    own = {path.stem for path in folder.iterdir()} | {"ks"}
    allowed = set(sys.stdlib_module_names) | {"cryptography"} | own
    # ctypes and subprocess would be doors to the code it judges.
    allowed -= {"ctypes"}
    count, complaints = 0, []
    for path in sources.python(root):
        if folder not in path.parents:
            continue
        count += 1
        for name, line in imports(ast.parse(path.read_text(), str(path))):
            if name.split(".")[0] not in allowed:
                complaints.append(f"{path.relative_to(root)}:{line}: imports {name}")
    lines = list(included(root))
    complaints += [f"{path}:{line}: includes {name}" for path, line, name in lines if name]
    print("\n".join(complaints))
    print(f"{count} files, {len(lines)} #include lines, {len(complaints)} wrong")
    return 1 if complaints or not count or not lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
