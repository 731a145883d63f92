# SPDX-License-Identifier: GPL-2.0-or-later
"""Rekeys ordered through the control channel.

    rekey    tek = new | same (new)      fresh TEKs beside those that live
             kek = new | same | again (same)    again: the current KEK with its attributes
             signature = new | same (same)      with kek = new: its signature key
             list = [entries], sa = N    replaces an access list first
             transform = words, mode     the transform set of sa N from now on; its TEKs are new
             delete = what to delete, as below, in front of the policy
             content = complete | new-only       default: as configured
             members = [addresses]       to these only, to each by itself, registered or not
             sequence = N                the number that the message carries
    delete   delete = all | kek | everything | ["0xSPI", ...]    nothing but D payloads

What a rekey deletes, the key server forgets as well.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import acl, push, transforms
from .numbers import GDOI_PROTO_AH, GDOI_PROTO_ESP, MODES
from .policy import Due, Group
from .push import Content
from .rekey import Order
from .table import ConfigError, Table
from .wire import Payload

if TYPE_CHECKING:
    from .key_material import Kek
    from .server import KeyServer

WORDS = ("all", "kek", "everything")


def rekey(server: KeyServer, group: Group, request: dict[str, Any], now: float) -> dict[str, Any]:
    """Changes what the request says and pushes it; returns what was sent."""
    table = Table(request, "rekey")
    tek = table.choice("tek", ("new", "same"), "new")
    kek = table.choice("kek", ("new", "same", "again"), "same")
    new_signature = table.choice("signature", ("new", "same"), "same") == "new"
    if group.config.rekey is None:
        raise ConfigError(f"group {group.config.name} has no rekey")
    content = table.choice("content", ("complete", "new-only"), group.config.rekey.push_content)
    entries, sa = table.take("list", list, None), table.take("sa", int, 1)
    words, mode = table.take("transform", str, None), table.choice("mode", MODES, "tunnel")
    what, members = table.take("delete", (str, list), None), _members(table)
    sequence = table.number("sequence", 0, 0xFFFFFFFF, None)
    table.done()
    transform = transforms.parse("rekey", words, mode) if words is not None else None
    aces = tuple(acl.parse_list(entries)) if entries is not None else None
    under = group.due.kek_from or group.kek
    deletions = _deletions(group, what, under)
    _forget(group, what)
    if aces is not None:
        group.replace_list(sa, aces, now)
    if transform is not None:
        group.set_transform(sa, transform)
    made = set(group.renew_teks(now)) if tek == "new" else set()
    done = group.roll(now)
    if kek == "new":
        done.append(group.renew_kek(now, new_signature))
    for line in done:
        server.context.log.event(line)
    made |= group.due.teks
    group.due = Due()
    only = frozenset(made) if content == "new-only" and aces is None else None
    brought = group.kek if kek == "again" or group.kek is not under else None
    body = Content(tuple(deletions), True, brought, only)
    return _send(server, group, Order(body, under, members, sequence), now)


def delete(server: KeyServer, group: Group, request: dict[str, Any], now: float) -> dict[str, Any]:
    """Tells members to delete TEKs, the KEK or everything, and gives them nothing new."""
    table = Table(request, "delete")
    what, members = table.take("delete", (str, list), "everything"), _members(table)
    sequence = table.number("sequence", 0, 0xFFFFFFFF, None)
    table.done()
    under = group.kek
    body = Content(tuple(_deletions(group, what, under)), policy=False)
    reply = _send(server, group, Order(body, under, members, sequence), now)
    if members is None:
        _forget(group, what)
        if what in ("kek", "everything"):
            server.context.log.event(group.renew_kek(now))
        group.roll(now)
        group.due = Due()  # what is new is for those that register again
    return reply


def _send(server: KeyServer, group: Group, order: Order, now: float) -> dict[str, Any]:
    rekeyer = server.rekeyer(group)
    sending = rekeyer.push(order, now)
    server.post(sending)
    return {
        "sequence": rekeyer.view()["last-sequence"],
        "datagrams": len(sending.datagrams),
        "spis": [f"0x{spi:08X}" for spi in group.spis()],
    }


def _members(table: Table) -> tuple[str, ...] | None:
    members = table.take("members", list, None)
    return tuple(str(member) for member in members) if members is not None else None


def _deletions(group: Group, what: str | list[Any] | None, kek: Kek | None) -> list[Payload]:
    if what is None:
        return []
    if isinstance(what, list):
        return _by_spi(group, _spis(what))
    if what not in WORDS:
        raise ConfigError(f"'delete' must be {', '.join(WORDS)} or a list of SPIs")
    out = []
    if what in ("all", "everything"):
        protocols = sorted({sa.config.transform.protocol for sa in group.sas})
        out += [push.delete(protocol, [bytes(4)]) for protocol in protocols]
    if what in ("kek", "everything"):
        # RFC 6407 5.9: an SPI of zero stands for all of them.
        spi = bytes(16) if what == "everything" or kek is None else kek.spi
        out.append(push.delete(push.DELETE_KEK, [spi]))
    return out


def _by_spi(group: Group, spis: list[int]) -> list[Payload]:
    """RFC 6407 5.9: "only one protocol ID value can be defined in a Delete payload". An SPI that
    is not ours counts as one of ESP."""
    ah = {
        tek.spi
        for sa in group.sas
        if sa.config.transform.protocol == GDOI_PROTO_AH
        for g in sa.generations
        for tek in g.teks
    }
    out = []
    for protocol, chosen in (
        (GDOI_PROTO_ESP, [spi for spi in spis if spi not in ah]),
        (GDOI_PROTO_AH, [spi for spi in spis if spi in ah]),
    ):
        if chosen:
            out.append(push.delete(protocol, [spi.to_bytes(4, "big") for spi in chosen]))
    return out


def _spis(what: list[Any]) -> list[int]:
    return [spi if isinstance(spi, int) else int(str(spi), 16) for spi in what]


def _forget(group: Group, what: str | list[Any] | None) -> None:
    if isinstance(what, list):
        group.drop_teks(set(_spis(what)))
    elif what in ("all", "everything"):
        group.drop_teks(None)
