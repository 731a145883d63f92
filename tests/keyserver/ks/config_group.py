# SPDX-License-Identifier: GPL-2.0-or-later
"""The `[[group]]` tables of the configuration file."""
from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from . import acl
from .crypto import SIGNATURES, CryptoError, parse_cipher_words
from .ids import Address
from .numbers import DIRECTIONS, KEK_ALGORITHMS, PRESERVATION, SIG_HASHES
from .settings import Format, GroupConfig, Rekey, SaIpsec
from .table import ConfigError, Table, parse_address
from .transforms import TransformSet

Lists = dict[str, tuple[acl.Ace, ...]]
Sets = dict[str, TransformSet]

SIGNED_HEADERS = ("unpadded", "received", "unpadded-clear", "received-clear")
MONTH = 86400 * 30  # Cisco's "long SA lifetime" ends there


def parse_group(
    table: Table, address: Address, lists: Lists, sets: Sets, folder: Path
) -> GroupConfig:
    name = table.take("name", str)
    sas = [_sa(sa, n, lists, sets) for n, sa in enumerate(table.tables("sa"), 1)]
    group = GroupConfig(
        name,
        _identity(table),
        parse_address(table, "address", str(address)),
        tuple(_addresses(table, "authorization")),
        _rekey(table.table("rekey"), folder) if table.has("rekey") else None,
        tuple(sas),
        table.number("activation-time-delay", 0, 65535, None),
        table.number("deactivation-time-delay", 0, 65535, None),
        table.number("sid-bits", 1, 32, 24),
        _format(table.table("format")),
        _path(table, "shared-state", folder),
    )
    table.done()
    if not group.sas and group.rekey is None:
        raise ConfigError(f"{table.path}: neither an sa nor a rekey table")
    return group


def _path(table: Table, key: str, folder: Path) -> Path | None:
    name = table.take(key, str, None)
    return folder / name if name else None


def _identity(table: Table) -> int | Address:
    value = table.take("identity", (int, str))
    if isinstance(value, int):
        if not 0 <= value <= 0xFFFFFFFF:
            raise ConfigError(f"{table.path}: 'identity' does not fit in 4 octets")
        return value
    try:
        return ip_address(value)
    except ValueError as error:
        raise ConfigError(f"{table.path}: 'identity': {error}") from None


def _addresses(table: Table, key: str) -> list[Address]:
    try:
        return [ip_address(text) for text in table.take(key, list, [])]
    except ValueError as error:
        raise ConfigError(f"{table.path}: '{key}': {error}") from None


def _rekey(table: Table, folder: Path) -> Rekey:
    try:
        cipher, bits = parse_cipher_words(table.take("algorithm", str, "3des"))
    except CryptoError as error:
        raise ConfigError(f"{table.path}: {error}") from None
    assert cipher in KEK_ALGORITHMS
    transport = table.choice("transport", ("unicast", "multicast"), "unicast")
    multicast = table.take("multicast-address", str, None)
    if (transport == "multicast") != (multicast is not None):
        raise ConfigError(f"{table.path}: 'multicast-address' goes with transport multicast")
    rekey = Rekey(
        cipher,
        bits,
        table.number("lifetime", 10, MONTH, 86400),
        table.choice("authentication", SIGNATURES, "rsa"),
        table.number("modulus", 1024, 8192, 2048),
        table.choice("sig-hash", (*SIG_HASHES, "none"), "sha"),
        _path(table, "mypubkey", folder),
        transport,
        ip_address(multicast) if multicast else None,
        table.number("sequence", 0, 0xFFFFFFFF, 0),
        table.number("acknowledgement", 1, 4, None),
        table.take("key-length-attribute", bool, cipher == "aes"),
        private_attributes(table),
        table.take("push", bool, False),
        table.choice("push-content", ("complete", "new-only"), "complete"),
        float(table.number("retransmit-interval", 1, 3600, 10)),
        table.number("retransmit-number", 0, 100, 2),
        table.take("retransmit-new-sequence", bool, False),
        table.number("pushed-sequence", 0, 0xFFFFFFFF, 1),
    )
    table.done()
    return rekey


def _sa(table: Table, number: int, lists: Lists, sets: Sets) -> SaIpsec:
    name = table.choice("match-address", lists)
    lifetime = table.number("lifetime", 10, MONTH, 3600)
    overlap = table.number("overlap", 0, lifetime - 1, default_overlap(lifetime))
    preservation = table.choice("address-preservation", PRESERVATION, None)
    direction = table.choice("direction", DIRECTIONS, None)
    sa = SaIpsec(
        number,
        name,
        lists[name],
        sets[table.choice("transform-set", sets)],
        lifetime,
        table.number("kilobytes", 1, 0xFFFFFFFF, None),
        overlap,
        _replay(table),
        table.choice("deny", ("keyless", "omit", "marked"), "keyless"),
        table.take("spi-per-ace", bool, False),
        table.number("spi", 256, 0xFFFFFFFF, None),
        PRESERVATION[preservation] if preservation else None,
        DIRECTIONS[direction] if direction else None,
        private_attributes(table),
        table.take("extended-sequence", bool, False),
        private_attributes(table, "deny-attributes"),
    )
    table.done()
    return sa


def default_overlap(lifetime: int) -> int:
    """How long before the end of a TEK its successor is handed out. Members without rekeys come
    back some max(60 s, 7 %) before the end, and must then find the next TEK."""
    return min(max(90, lifetime // 10), lifetime * 3 // 4)


def _replay(table: Table) -> str:
    text: str = table.take("replay", str, "counter 64")
    if text != "none" and not re.fullmatch(r"counter (64|128|256|512|1024)", text):
        raise ConfigError(f"{table.path}: 'replay' wants 'none' or 'counter 64|128|256|512|1024'")
    return text


def _format(table: Table) -> Format:
    default = Format()
    chosen = Format(
        table.choice("id-length-octets", (1, 2), default.id_length_octets),
        table.choice("kek-id-length-octets", (1, 2), default.kek_id_length_octets),
        table.choice("lifetime", ("variable", "basic"), default.lifetime),
        table.choice("any", ("subnet", "zero-length", "three-octets"), default.any),
        table.choice("sig-key-length", ("bits", "der"), default.sig_key_length),
        table.number("pop", 0, 0xFFFFFFFF, default.pop),
        table.choice("generations", ("ace", "list"), default.generations),
        table.take("sig-digestinfo", bool, default.sig_digestinfo),
        table.choice("sig-header", SIGNED_HEADERS, default.sig_header),
        table.choice("kek-packet-spi", ("new", "old"), default.kek_packet_spi),
    )
    table.done()
    return chosen


def private_attributes(
    table: Table, name: str = "private-attributes"
) -> tuple[tuple[int, bytes], ...]:
    """`private-attributes = { "32001" = "00ff" }`: attribute types and their octets in hex."""
    items: dict[str, Any] = table.take(name, dict, {})
    try:
        out = tuple((int(kind), bytes.fromhex(value)) for kind, value in items.items())
    except (ValueError, TypeError):
        raise ConfigError(f"{table.path}: '{name}' wants type = \"hex\"") from None
    if any(not 0 < kind < 0x8000 for kind, _ in out):
        raise ConfigError(f"{table.path}: '{name}' has a type beyond 32767")
    return out
