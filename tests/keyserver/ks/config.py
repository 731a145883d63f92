# SPDX-License-Identifier: GPL-2.0-or-later
"""The configuration file: TOML in the shape of the IOS commands it stands for."""
from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from . import acl, ids, transforms, trustpoint
from .config_group import parse_group
from .crypto import CryptoError, parse_cipher_words
from .numbers import AUTH_PSK, AUTH_RSA, GDOI_PORT, MODES, PHASE1_CIPHERS, PHASE1_GROUPS, PHASE1_HASHES, VENDOR_IDS
from .settings import Config, IsakmpPolicy, Phase1Options, PresharedKey
from .table import ConfigError, Table, parse_address


def load(path: Path) -> Config:
    """The configuration in a file; "-" is standard input."""
    try:
        text = sys.stdin.read() if path == Path("-") else path.read_text()
        return parse(tomllib.loads(text), path.parent)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def parse(data: dict[str, Any], folder: Path = Path(".")) -> Config:
    """A configuration from TOML data; file names in it are relative to `folder`."""
    top = Table(data, "config")
    address = parse_address(top, "address", "0.0.0.0")
    port = top.number("port", 0, 65535, GDOI_PORT)
    answer = parse_address(top, "answer-address", "0.0.0.0") if top.has("answer-address") else None
    isakmp = top.table("isakmp")
    points = tuple(_trustpoint(t, folder) for t in isakmp.tables("trustpoint"))
    policies = sorted(
        (_policy(t, points) for t in isakmp.tables("policy")), key=lambda p: p.priority
    )
    keys = tuple(_key(t) for t in isakmp.tables("key"))
    phase1 = _phase1(isakmp)
    isakmp.done()
    lists = {name: _list(name, lines) for name, lines in top.table("access-list").rest().items()}
    sets = top.table("transform-set")
    parsed = {
        name: _transform(name, Table(t, f"{sets.path}.{name}")) for name, t in sets.rest().items()
    }
    groups = tuple(parse_group(t, address, lists, parsed, folder) for t in top.tables("group"))
    faults = tuple(table.rest() for table in top.tables("faults"))
    top.done()
    if not policies or not (keys or points) or not groups:
        raise ConfigError("config: need at least one isakmp.policy, isakmp.key and group")
    return Config(address, port, tuple(policies), keys, phase1, groups, faults, points, answer)


def _trustpoint(table: Table, folder: Path) -> trustpoint.Trustpoint:
    name = table.take("name", str)
    certificate, key = table.take("certificate", str), table.take("private-key", str)
    cas = [folder / str(path) for path in table.take("ca", list, [])]
    table.done()
    try:
        return trustpoint.load(name, folder / certificate, folder / key, cas)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{table.path}: {error}") from None


def _method(
    table: Table, points: tuple[trustpoint.Trustpoint, ...]
) -> tuple[int, trustpoint.Trustpoint | None]:
    """The number of `authentication`, and the trustpoint that serves it: the named one, or the first
    with a key of that kind."""
    words = table.choice("authentication", ("pre-share", "rsa-sig", "ecdsa-sig"), "pre-share")
    name = table.take("trustpoint", str, None)
    if words == "pre-share":
        return AUTH_PSK, None
    for point in points:
        if (point.method == AUTH_RSA) == (words == "rsa-sig") and name in (None, point.name):
            return point.method, point
    raise ConfigError(f"{table.path}: no trustpoint for '{words}'")


def _policy(table: Table, points: tuple[trustpoint.Trustpoint, ...]) -> IsakmpPolicy:
    try:
        name, bits = parse_cipher_words(table.take("encryption", str, "aes"))
    except CryptoError as error:
        raise ConfigError(f"{table.path}: {error}") from None
    if name not in PHASE1_CIPHERS:
        raise ConfigError(f"{table.path}: '{name}' is no phase 1 cipher here")
    method, point = _method(table, points)
    policy = IsakmpPolicy(
        table.number("priority", 1, 65535),
        name,
        bits,
        PHASE1_HASHES[table.choice("hash", PHASE1_HASHES, "sha")],
        table.choice("group", PHASE1_GROUPS, 14),
        table.number("lifetime", 60, 86400 * 30, 86400),
        method,
        point,
    )
    table.done()
    return policy


def _key(table: Table) -> PresharedKey:
    secret = table.take("secret", str)
    address = parse_address(table, "address", "0.0.0.0", words={"any": "0.0.0.0"})
    identity = _identity(table) if table.has("identity") else None
    table.done()
    octets = bytes.fromhex(secret[2:]) if secret.startswith("0x") else secret.encode()
    return PresharedKey(octets, None if address.is_unspecified else address, identity)


def _identity(table: Table) -> ids.Identity:
    try:
        return ids.from_text(table.take("identity", str))
    except ValueError as error:
        raise ConfigError(f"{table.path}: 'identity': {error}") from None


def _phase1(table: Table) -> Phase1Options:
    default = Phase1Options()
    dois = table.take("doi", list, list(default.dois))
    vids = table.take("vendor-ids", list, ["dpd"])
    try:
        octets = tuple(VENDOR_IDS.get(vid) or bytes.fromhex(vid) for vid in vids)
    except ValueError:
        raise ConfigError(f"{table.path}: 'vendor-ids' wants names or hex") from None
    identity: ids.Identity | str = "address"
    if table.has("identity"):
        word = table.take("identity", str)
        try:
            identity = word if word in ("address", "dn") else ids.from_text(word)
        except ValueError as error:
            raise ConfigError(f"{table.path}: 'identity': {error}") from None
    return Phase1Options(
        tuple(dois),
        table.choice("identity-protocol", (0, 17), default.identity_protocol),
        table.number("identity-port", 0, 65535, default.identity_port),
        octets,
        table.take("responder-lifetime", bool, default.responder_lifetime),
        table.take("initial-contact", bool, default.initial_contact),
        table.number("nonce-octets", 8, 256, default.nonce_octets),
        tuple(table.take("nat-traversal", list, list(default.nat_traversal))),
        table.take("fragmentation", bool, default.fragmentation),
        table.number("fragment-octets", 100, 65507, default.fragment_octets),
        identity,
        table.choice("certificate-request", ("ca", "empty", "none"), "ca"),
        tuple(table.take("modes", list, list(default.modes))),
    )


def _list(name: str, lines: Any) -> tuple[acl.Ace, ...]:
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise ConfigError(f"access-list {name}: want an array of entries")
    try:
        return tuple(acl.parse_list(lines))
    except acl.AclError as error:
        raise ConfigError(f"access-list {name}: {error}") from None


def _transform(name: str, table: Table) -> transforms.TransformSet:
    words, mode = table.take("transform", str), table.choice("mode", MODES, "tunnel")
    table.done()
    try:
        return transforms.parse(name, words, mode)
    except transforms.TransformError as error:
        raise ConfigError(str(error)) from None
