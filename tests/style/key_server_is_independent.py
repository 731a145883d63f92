#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The key server of the tests judges gdoi/ only as long as it shares nothing with it: it may import
Python's own modules, python3-cryptography and its own folder.

usage: key_server_is_independent.py ROOT
"""

import ast
import pathlib
import sys

import sources


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
    print("\n".join(complaints))
    print(f"{count} files, {len(complaints)} wrong imports")
    return 1 if complaints or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
