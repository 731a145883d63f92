#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends one command to a running key server and prints its reply.

    ksctl.py --control /run/ks.sock status
    ksctl.py --control /run/ks.sock set-fault name=drop message=pull2 count=2
    ksctl.py --control /run/ks.sock replace-list 'list=["permit ip any any"]'
"""
from __future__ import annotations

import argparse
import json
import socket
import sys
from typing import Any


def value_of(text: str) -> Any:
    """A value as JSON where it is JSON, else as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def ask(path: str, request: dict[str, Any]) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(path)
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile() as stream:
            reply: dict[str, Any] = json.loads(stream.readline())
            return reply


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--control", required=True, metavar="PATH")
    parser.add_argument("command")
    parser.add_argument("parameters", nargs="*", metavar="KEY=VALUE")
    options = parser.parse_args()
    request: dict[str, Any] = {"command": options.command}
    for parameter in options.parameters:
        key, separator, text = parameter.partition("=")
        if not separator:
            parser.error(f"'{parameter}': want KEY=VALUE")
        request[key] = value_of(text)
    try:
        reply = ask(options.control, request)
    except (OSError, ValueError) as error:
        print(f"ksctl: {options.control}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(reply, indent=2))
    return 0 if reply.get("ok") else 1


if __name__ == "__main__":
    sys.exit(main())
