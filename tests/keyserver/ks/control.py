# SPDX-License-Identifier: GPL-2.0-or-later
"""The control channel: one JSON object a line over a unix socket, one JSON line back.

    {"command": "status"}
    {"command": "members"}
    {"command": "set-fault", "name": "drop", "message": "pull2", "count": 1}
    {"command": "clear-faults"}                      or one: {"name": "drop"}
    {"command": "new-tek", "group": "GDOI-GROUP"}    group may be left out when there is one
    {"command": "replace-list", "sa": 1, "list": ["permit ip ..."]}
    {"command": "rekey", "tek": "new", "kek": "same"}           see rekey_orders
    {"command": "delete", "delete": "all"}
    {"command": "lose-state"}                                   as a restart without a copy of it
"""
from __future__ import annotations

import json
from typing import Any

from . import acl, rekey_orders
from .faults import FaultError, parse
from .key_material import Kek
from .policy import Group, Member
from .server import KeyServer


class ControlError(ValueError):
    """A command that cannot be carried out; the text goes back to its sender."""


def answer(server: KeyServer, line: bytes, now: float) -> bytes:
    """The reply to one line; a bad one gets {"ok": false, "error": ...}."""
    try:
        request = json.loads(line)
        if not isinstance(request, dict):
            raise ControlError("want a JSON object")
        reply = {"ok": True} | _run(server, request, now)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        text = error.args[0] if error.args else type(error).__name__
        reply = {"ok": False, "error": str(text)}
    return json.dumps(reply).encode() + b"\n"


def _run(server: KeyServer, request: dict[str, Any], now: float) -> dict[str, Any]:
    command = request.pop("command", None)
    faults = server.context.faults
    if command == "status":
        return status(server, now)
    if command == "members":
        return {"members": [m for g in server.groups for m in _members(g, now)]}
    if command == "set-fault":
        faults.add(parse(request))
        return {"faults": faults.view()}
    if command == "clear-faults":
        return {"cleared": faults.clear(request.get("name"))}
    if command == "new-tek":
        spis = _group(server, request).renew_teks(now)
        return {"spis": [f"0x{spi:08X}" for spi in spis]}
    if command in ("rekey", "delete"):
        group = _group(server, request)
        request.pop("group", None)
        make = rekey_orders.rekey if command == "rekey" else rekey_orders.delete
        return make(server, group, request, now)
    if command == "lose-state":
        server.lose_state(now)
        return {}
    if command == "replace-list":
        group = _group(server, request)
        aces = tuple(acl.parse_list(request["list"]))
        group.replace_list(request.get("sa", 1), aces, now)
        server.context.log.event(f"%GDOI-5-KS_POLICY: Group {group.config.name}: list replaced")
        return {"list": [ace.text for ace in aces]}
    raise ControlError(f"unknown command '{command}'")


def _group(server: KeyServer, request: dict[str, Any]) -> Group:
    wanted = request.get("group")
    found = [g for g in server.groups if wanted is None or wanted in (g.config.name, g.identity)]
    found = found or [g for g in server.groups if wanted == g.config.identity]
    if len(found) != 1:
        raise ControlError(f"group {wanted!r}: {len(found)} match")
    return found[0]


def status(server: KeyServer, now: float) -> dict[str, Any]:
    """What `show crypto gdoi ks policy` and `... members` would say, without any key."""
    sessions = server.sessions()
    return {
        "groups": [_group_view(r.group, now) | {"push": r.view()} for r in server.rekeyers],
        "sessions": {
            "established": sum(s.phase1.keys is not None for s in sessions),
            "half-open": sum(s.phase1.keys is None for s in sessions),
        },
        "faults": server.context.faults.view(),
    }


def _group_view(group: Group, now: float) -> dict[str, Any]:
    view: dict[str, Any] = {"name": group.config.name, "identity": group.identity}
    if group.kek is not None:
        view["kek"] = _kek(group.kek, now)
        previous = group.previous_kek
        view["previous-kek"] = _kek(previous, now) if previous is not None else None
    view["sas"] = [
        {
            "sa": sa.config.number,
            "transform": sa.config.transform.words,
            "replay": sa.config.replay,
            "list": [ace.text for ace in sa.aces],
            "teks": [
                {"spi": f"0x{tek.spi:08X}", "remaining": g.remaining(now)}
                for g in sa.generations
                for tek in g.teks
            ],
        }
        for sa in group.sas
    ]
    return view | {"members": _members(group, now)}


def _kek(kek: Kek, now: float) -> dict[str, Any]:
    return {
        "spi": f"0x{kek.spi.hex().upper()}",
        "remaining": kek.remaining(now),
        "sequence": kek.sequence,
    }


def _members(group: Group, now: float) -> list[dict[str, Any]]:
    return [_member(group, member, now) for member in group.members.values()]


def _member(group: Group, member: Member, now: float) -> dict[str, Any]:
    return {
        "group": group.config.name,
        "address": member.address,
        "port": member.port,
        "identity": member.identity,
        "state": member.state,
        "registrations": member.registrations,
        "registered-ago": round(now - member.registered_at, 1) if member.registrations else None,
        "spis": [f"0x{spi:08X}" for spi in member.spis],
        "sids": member.sids,
        "last-notify": member.last_notify or None,
        "rekeys-sent": member.rekeys.sent,
        "retransmitted": member.rekeys.retransmitted,
        "acks": member.rekeys.acked,
        "acks-missed": member.rekeys.missed,
        "last-sequence": member.rekeys.last_sent,
        "last-acked": member.rekeys.last_acked,
        "ack-length": member.rekeys.ack_length,
    }


__all__ = ["ControlError", "FaultError", "answer", "status"]
