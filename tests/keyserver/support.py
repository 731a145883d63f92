# SPDX-License-Identifier: GPL-2.0-or-later
"""What the key server's tests share: a laboratory without sockets, vectors, a silent log."""
from __future__ import annotations

import copy
import json
import os
import tomllib
import unittest
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from ks import config, control
from ks.faults import FaultSet, parse
from ks.server import KeyServer, Outgoing
from ks.session import Context
from member import Member

FOLDER = Path(__file__).parent
LAB = tomllib.loads((FOLDER / "lab.toml").read_text())

# A key of 1024 bits is made much faster and is nowhere trusted here.
LAB["group"][0]["rekey"]["modulus"] = 1024


class Recorder:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.secrets: list[str] = []

    def event(self, text: str) -> None:
        self.lines.append(text)

    def debug(self, text: str) -> None:
        self.lines.append(text)

    def secret(self, text: str) -> None:
        self.secrets.append(text)


def lab_data() -> dict[str, Any]:
    """The TOML data of lab.toml, free to change."""
    return copy.deepcopy(LAB)


class Lab:
    """A key server on a clock that tests move."""

    def __init__(self, change: Callable[[dict[str, Any]], Any] = lambda data: None) -> None:
        data = lab_data()
        change(data)
        self.log = Recorder()
        self.now = 1000.0
        self.faults = FaultSet()
        context = Context(config.parse(data), self.faults, self.log)
        self.server = KeyServer(context, self.now)

    def fault(self, name: str, **parameters: Any) -> None:
        self.faults.add(parse({"name": name, **parameters}))

    def send(self, datagram: bytes, peer: str = "172.16.1.2") -> list[bytes]:
        local = ip_address("10.0.0.5")
        return [o.data for o in self.server.receive(datagram, (peer, 848), local, self.now)]

    def member(self, peer: str = "172.16.1.2", **options: Any) -> Member:
        return Member(lambda datagram: self.send(datagram, peer), address=peer, **options)

    def after(self, seconds: float) -> list[Outgoing]:
        """Lets time pass and the clock tick; what the key server sent by itself."""
        self.now += seconds
        self.server.tick(self.now)
        return self.server.take_outgoing()

    def command(self, command: str, **request: Any) -> dict[str, Any]:
        """The answer to a command; `_` in a name stands for `-`."""
        named = {key.replace("_", "-"): value for key, value in request.items()}
        line = json.dumps({"command": command} | named).encode()
        reply: dict[str, Any] = json.loads(control.answer(self.server, line, self.now))
        return reply

    def status(self) -> dict[str, Any]:
        group: dict[str, Any] = self.command("status")["groups"][0]
        return group

    def logged(self, part: str) -> bool:
        return any(part in line for line in self.log.lines)


def group_option(**options: Any) -> Lab:
    """A key server whose group has these keys."""
    return Lab(lambda data: data["group"][0].update(options))


def sa_option(**options: Any) -> Lab:
    """A key server whose first SA has these keys."""
    named = {key.replace("_", "-"): value for key, value in options.items()}
    return Lab(lambda data: data["group"][0]["sa"][0].update(named))


def transform_option(words: str) -> Lab:
    """A key server whose transform set has these words."""
    name = "GET-VPN-TRANSFORM-SET"
    return Lab(lambda data: data["transform-set"][name].update(transform=words))


def list_option(*lines: str) -> Lab:
    """A key server with these lines in its access list."""
    return Lab(lambda data: data["access-list"].update(CRYPTO_ACL=list(lines)))


def rekey_option(**options: Any) -> Lab:
    """A key server that pushes by itself, with these keys in its rekey table."""
    chosen = {"push": True} | options
    named = {key.replace("_", "-"): value for key, value in chosen.items()}
    return Lab(lambda data: data["group"][0]["rekey"].update(named))


def vectors(name: str) -> dict[str, bytes]:
    """The hex values of a vector file; skips the test when the folder is not there."""
    return {k: v for section in vector_sections(name).values() for k, v in section.items()}


def vector_sections(name: str) -> dict[str, dict[str, bytes]]:
    """As `vectors`, for each `[section]`; what stands in front of the first is under ""."""
    source = Path(os.environ.get("GETVPN_SOURCE", FOLDER.parent.parent))
    folder = Path(os.environ.get("GETVPN_VECTORS", source.parent / "shared" / "vectors"))
    path = folder / name
    if not path.is_file():
        raise unittest.SkipTest(f"no vectors at {path}")
    section: dict[str, bytes] = {}
    out = {"": section}
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = out[line.strip("[]")] = {}
        key, separator, value = line.partition(" = ")
        if not separator or line.startswith("#"):
            continue
        try:
            section[key] = bytes.fromhex(value)
        except ValueError:
            section[key] = value.encode()
    return out
