# SPDX-License-Identifier: GPL-2.0-or-later
"""TOML tables read key by key, so that nothing in them is silently ignored."""
from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from .ids import Address


class ConfigError(ValueError):
    """A configuration that cannot be used; the text names the table and key."""


class Table:
    """A TOML table that must be read to the last key; errors carry its path."""

    def __init__(self, data: Any, path: str) -> None:
        if not isinstance(data, dict):
            raise ConfigError(f"{path}: want a table")
        self._left = dict(data)
        self.path = path

    def has(self, key: str) -> bool:
        return key in self._left

    def take(self, key: str, kind: type | tuple[type, ...], default: Any = ...) -> Any:
        if key not in self._left:
            if default is ...:
                raise ConfigError(f"{self.path}: '{key}' is missing")
            return default
        value = self._left.pop(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            raise ConfigError(f"{self.path}: '{key}' has the wrong type")
        return value

    def number(self, key: str, low: int, high: int, default: Any = ...) -> Any:
        value = self.take(key, int, default)
        if value is not None and not low <= value <= high:
            raise ConfigError(f"{self.path}: '{key}' must be {low}..{high}")
        return value

    def choice(self, key: str, among: Any, default: Any = ...) -> Any:
        value = self.take(key, (str, int), default)
        if value is not None and value not in among:
            raise ConfigError(f"{self.path}: '{key}' must be one of {', '.join(map(str, among))}")
        return value

    def tables(self, key: str) -> list[Table]:
        items = self.take(key, list, [])
        return [Table(item, f"{self.path}.{key}[{n}]") for n, item in enumerate(items, 1)]

    def table(self, key: str) -> Table:
        return Table(self.take(key, dict, {}), f"{self.path}.{key}")

    def rest(self) -> dict[str, Any]:
        left, self._left = self._left, {}
        return left

    def done(self) -> None:
        if self._left:
            raise ConfigError(f"{self.path}: '{next(iter(self._left))}' is unknown")


def parse_address(
    table: Table, key: str, default: Any = ..., words: dict[str, str] | None = None
) -> Address:
    text = table.take(key, str, default)
    try:
        return ip_address((words or {}).get(text, text))
    except ValueError as error:
        raise ConfigError(f"{table.path}: '{key}': {error}") from None
