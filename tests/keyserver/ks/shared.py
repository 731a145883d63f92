# SPDX-License-Identifier: GPL-2.0-or-later
"""A file through which key servers of one group hold the same keys and count the same sequence.

It holds keys in the clear, for its owner only. Instants in it are those of this machine's monotonic
clock, so a file of another boot counts as none.
"""
from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import acl
from .crypto import load_signature_key, signature_pem
from .key_material import Generation, Kek, Tek

if TYPE_CHECKING:
    from .policy import Group

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class SharedState:
    """The file of one group. `read` and `write` belong inside `locked`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Beside what it guards, since that is replaced; it counts how often that happened.
        self._lock = path.with_name(path.name + ".lock")
        self._descriptor = -1
        self._seen = -1
        self._boot = BOOT_ID.read_text().strip() if BOOT_ID.exists() else ""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """While it lasts no other key server reads or writes."""
        self._descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(self._descriptor)

    def read(self, group: Group) -> None:
        """Brings `group` up to what the file says, when somebody else wrote it."""
        count = self._count()
        if count == self._seen or not self._path.exists():
            return
        data = json.loads(self._path.read_text())
        if data["boot"] == self._boot:
            restore(group, data)
        self._seen = count

    def write(self, group: Group) -> None:
        """Replaces the file at once, so that no reader sees half of it."""
        new = self._path.with_name(self._path.name + ".new")
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            json.dump({"boot": self._boot} | snapshot(group), stream)
        new.replace(self._path)
        self._seen = self._count() + 1
        os.pwrite(self._descriptor, self._seen.to_bytes(8, "big"), 0)

    def _count(self) -> int:
        return int.from_bytes(os.pread(self._descriptor, 8, 0), "big")


def snapshot(group: Group) -> dict[str, Any]:
    return {
        "next-sid": group.next_sid,
        "kek": _kek_out(group.kek),
        "previous-kek": _kek_out(group.previous_kek),
        "sas": [
            {
                "made": sa.made,
                "list": [ace.text for ace in sa.aces],
                "generations": [_generation_out(g) for g in sa.generations],
            }
            for sa in group.sas
        ],
    }


def restore(group: Group, data: dict[str, Any]) -> None:
    """Makes `group` what `data` says, and notes in its `due` what is new to it."""
    if len(data["sas"]) != len(group.sas):
        raise ValueError(f"shared state is of a group with {len(data['sas'])} sa")
    before, lists = set(group.spis()), [[a.text for a in sa.aces] for sa in group.sas]
    group.next_sid = data["next-sid"]
    for sa, stored in zip(group.sas, data["sas"]):
        sa.made = stored["made"]
        sa.aces = tuple(acl.parse_list(stored["list"]))
        sa.generations = [_generation_in(g) for g in stored["generations"]]
    group.due.teks |= set(group.spis()) - before
    group.due.policy |= lists != [stored["list"] for stored in data["sas"]]
    _restore_keks(group, data)


def _restore_keks(group: Group, data: dict[str, Any]) -> None:
    known = {kek.spi: kek for kek in (group.kek, group.previous_kek) if kek is not None}
    held, current = group.kek, _kek_in(data["kek"], known)
    previous = _kek_in(data["previous-kek"], known)
    if held is not None and current is not None and held.spi != current.spi:
        group.due.kek_from = group.due.kek_from or held
    group.kek, group.previous_kek = current, previous


def _kek_out(kek: Kek | None) -> dict[str, Any] | None:
    if kek is None:
        return None
    out = {name: getattr(kek, name).hex() for name in ("spi", "iv", "key")}
    out |= {"signature": [kek.signature.kind, signature_pem(kek.signature)]}
    return out | {"created": kek.created, "expires": kek.expires, "sequence": kek.sequence}


def _kek_in(data: dict[str, Any] | None, known: dict[bytes, Kek]) -> Kek | None:
    """The KEK that a file tells of; the object that is there already, if it is one of `known`."""
    if data is None:
        return None
    spi, iv, key = (bytes.fromhex(data[name]) for name in ("spi", "iv", "key"))
    if (kek := known.get(spi)) is not None:
        kek.sequence = data["sequence"]
        return kek
    kind, pem = data["signature"]
    signature = load_signature_key(kind, pem.encode())
    return Kek(spi, iv, key, data["created"], data["expires"], data["sequence"], signature)


def _generation_out(generation: Generation) -> dict[str, Any]:
    teks = [[t.spi, t.cipher_key.hex(), t.integrity_key.hex()] for t in generation.teks]
    return {"created": generation.created, "expires": generation.expires, "teks": teks}


def _generation_in(data: dict[str, Any]) -> Generation:
    teks = (Tek(t[0], bytes.fromhex(t[1]), bytes.fromhex(t[2])) for t in data["teks"])
    return Generation(tuple(teks), data["created"], data["expires"])
