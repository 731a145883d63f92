#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A lab GDOI key server: Main Mode with pre-shared keys, then GROUPKEY-PULL, on UDP 848.

    keyserver.py --config lab.toml --bind 10.0.0.5 --control /run/ks.sock --log ks.log
"""
from __future__ import annotations

import argparse
import sys
import time
from ipaddress import ip_address
from pathlib import Path

from ks import config
from ks.faults import FaultError, FaultSet, parse
from ks.log import FileLog
from ks.loop import Loop
from ks.server import KeyServer
from ks.session import Context
from ks.table import ConfigError

FAILED, USAGE = 1, 2


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--config", required=True, type=Path, metavar="FILE.toml", help="- is standard input")
    parser.add_argument(
        "--bind", type=ip_address, action="append", metavar="ADDR",
        help="default: its address; once for each IP version",
    )
    parser.add_argument("--port", type=int, help="default: the file's, 848; 0 = any free one")
    parser.add_argument("--log", type=Path, metavar="FILE", help="default: stderr")
    parser.add_argument("--control", type=Path, metavar="PATH", help="unix socket for commands")
    parser.add_argument("--check", action="store_true", help="read the configuration and exit")
    parser.add_argument("--debug", action="store_true", help="log every message")
    parser.add_argument("--debug-keys", action="store_true", help="log secrets: lab use only")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    try:
        settings = config.load(options.config)
        faults = FaultSet([parse(table) for table in settings.faults])
    except (ConfigError, FaultError) as error:
        print(f"keyserver: {error}", file=sys.stderr)
        return USAGE
    if options.check:
        return 0
    try:
        stream = options.log.open("a") if options.log else sys.stderr
        log = FileLog(stream, options.debug, options.debug_keys)
        server = KeyServer(Context(settings, faults, log), time.monotonic())
        binds = options.bind or [settings.address]
        port = settings.port if options.port is None else options.port
        loop = Loop(server, binds, port, options.control)
    except (OSError, ValueError) as error:
        print(f"keyserver: {error}", file=sys.stderr)
        return FAILED
    groups = ", ".join(f"{g.config.name} ({g.identity})" for g in server.groups)
    log.event(f"%GDOI-5-KS_STARTED: Key server at {binds[0]}:{loop.port} for group {groups}")
    loop.run()
    log.event("%GDOI-5-KS_STOPPED: Key server stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
