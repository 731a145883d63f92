# SPDX-License-Identifier: GPL-2.0-or-later
"""Named faults: what a test can make the key server do wrong, and to which message.

A fault has a name, may be bound to a message (mm1..mm6, am1..am3, pull1..pull4, info, push, ack) and to a
member's address, skips the first `after` chances and then happens `count` times (0 = always).
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .numbers import Pay
from .wire import Payload

# Faults of a datagram as it leaves. Each needs `message`.
DATAGRAM = ("drop", "duplicate", "delay", "reorder", "corrupt", "truncate", "oversize")
# What happens to the IKE fragments of a message. Each needs `message`, and that one be cut.
FRAGMENTS = (
    "fragment-lost",
    "fragment-duplicated",
    "fragment-reordered",
    "fragment-forged",
    "fragment-oversized",
    "fragment-overlapping",
)
# Faults of the payloads of a message, made before it is hashed and encrypted, so that the member
# sees an authentic message with these contents. Each needs `message`.
PAYLOADS = (
    "missing-payload",
    "extra-payload",
    "duplicate-payload",
    "bad-nonce",
    "payload-corrupt",
    "payload-truncate",
    "payload-oversize",
    "wrong-hash",
    "clear-message",
    "forged-notify",
)
PHASE1 = ("wrong-psk", "unoffered-proposal", "degenerate-ke", "no-proposal", "wrong-identity", "wrong-nat-d")
# Faults of an authentication with certificates; `use` names another trustpoint.
CERTIFICATES = (
    "trustpoint",
    "wrong-cert",
    "no-cert",
    "too-many-certs",
    "digest-info",
    "bad-signature",
    "told-identity",
)
POLICY = (
    "unsupported-transform",
    "unsupported-auth",
    "contradicting-sats",
    "no-attribute-payloads",
    "sa-doi",
    "sa-situation",
    "unknown-attribute",
    "unknown-kek-attribute",
    "unknown-protocol",
    "zero-lifetime",
    "no-lifetime",
    "duplicate-sak",
    "unsupported-kek",
    "attribute-next-payload",
)
KEYS = (
    "tek-without-key",
    "kek-without-key",
    "foreign-key",
    "short-key",
    "no-integrity-key",
    "duplicate-key",
    "key-count",
    "short-kek",
    "bad-signature-key",
    "no-signature-key",
    "no-sequence",
    "no-sid",
    "des-parity",
    "low-sequence",
)
BEHAVIOUR = ("silent", "refuse-group")
# Faults of a rekey: its number, its signature, the key it is encrypted with.
PUSH = (
    "old-sequence",
    "wrong-signature",
    "unsigned",
    "wrong-kek",
    "wrong-cookies",
    "lkh-update",
)
# Other names for a fault that is bound to rekeys.
ALIASES = {
    "missing-sig": "unsigned",
    "push-without-key": "tek-without-key",
    "push-unsupported": "unsupported-transform",
}
# An R-U-THERE of dead peer detection, sent before a message under phase 1's keys.
PROBES = ("r-u-there",)
NEED_MESSAGE = DATAGRAM + FRAGMENTS + PAYLOADS + PROBES
NAMES = NEED_MESSAGE + PHASE1 + CERTIFICATES + POLICY + KEYS + BEHAVIOUR + PUSH + tuple(ALIASES)

RECEIVED = ("mm1", "mm3", "mm5", "am1", "am3", "pull1", "pull3", "ack")
SENT = ("mm2", "mm4", "mm6", "am2", "pull2", "pull4", "info", "push")
NOT_IN_PUSH = ("bad-nonce", "wrong-hash", "forged-notify")


class FaultError(ValueError):
    """A fault that does not exist or lacks its message; the text says so."""


@dataclass
class Fault:
    """One fault and how many times it is still to happen; `left` None = always."""

    name: str
    message: str | None = None
    peer: str | None = None
    left: int | None = 1
    after: int = 0
    happened: int = 0
    parameters: dict[str, Any] = field(default_factory=dict)

    def number(self, key: str, default: int) -> int:
        value = self.parameters.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise FaultError(f"fault {self.name}: '{key}' wants a number")
        return value

    def view(self) -> dict[str, Any]:
        view = {"name": self.name, "message": self.message, "peer": self.peer}
        return view | {"left": self.left, "happened": self.happened} | self.parameters


def parse(data: dict[str, Any]) -> Fault:
    """A fault from a table of the configuration or from the control socket."""
    left = dict(data)
    name, message = left.pop("name", None), left.pop("message", None)
    peer, count, after = left.pop("peer", None), left.pop("count", 1), left.pop("after", 0)
    if name not in NAMES:
        raise FaultError(f"fault '{name}' is unknown; known: {', '.join(NAMES)}")
    if message is not None:
        message = str(message).replace("-", "")
    if name in PUSH or name in ALIASES:
        name, message = ALIASES.get(name, name), message or "push"
    legal = _legal(name)
    if (name in NEED_MESSAGE and message is None) or (message and message not in legal):
        raise FaultError(f"fault {name}: 'message' must be one of {', '.join(legal)}")
    if any(isinstance(n, bool) or not isinstance(n, int) or n < 0 for n in (count, after)):
        raise FaultError(f"fault {name}: 'count' and 'after' want numbers")
    return Fault(name, message, peer, count or None, after, 0, left)


def _legal(name: str) -> tuple[str, ...]:
    """The messages that a fault can happen to."""
    if name in PUSH:
        return ("push",)
    if name in NOT_IN_PUSH:
        return tuple(message for message in SENT if message != "push")
    return SENT + RECEIVED if name == "drop" else SENT


class FaultSet:
    """The faults in force. `take` asks for one and uses it up."""

    def __init__(self, faults: list[Fault] | None = None) -> None:
        self._faults = list(faults or [])

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def clear(self, name: str | None = None) -> int:
        kept = [] if name is None else [f for f in self._faults if f.name != name]
        cleared, self._faults = len(self._faults) - len(kept), kept
        return cleared

    def view(self) -> list[dict[str, Any]]:
        return [fault.view() for fault in self._faults]

    def take(self, name: str, peer: str, message: str | None = None) -> Fault | None:
        """The first matching fault that is due, counted as having happened."""
        for fault in self._faults:
            if fault.name != name or fault.left == 0:
                continue
            if fault.message not in (None, message) or fault.peer not in (None, peer):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            fault.left = None if fault.left is None else fault.left - 1
            fault.happened += 1
            return fault
        return None


def shape_payloads(
    faults: FaultSet, peer: str, name: str, payloads: list[Payload]
) -> list[Payload]:
    """Payloads of message `name` with missing, extra, doubled or bad ones."""
    out = list(payloads)
    if fault := faults.take("missing-payload", peer, name):
        kind = fault.number("type", out[-1].type)
        out = [p for p in out if p.type != kind]
    if fault := faults.take("duplicate-payload", peer, name):
        kind = fault.number("type", out[-1].type)
        out += [p for p in out if p.type == kind][:1]
    if fault := faults.take("extra-payload", peer, name):
        out.append(Payload(fault.number("type", Pay.VID), bytes(fault.number("octets", 16))))
    if fault := faults.take("bad-nonce", peer, name):
        octets = bytes(fault.number("octets", 4))
        out = [Payload(p.type, octets) if p.type == Pay.NONCE else p for p in out]
    return out


def shape_octets(faults: FaultSet, peer: str, name: str, octets: bytes) -> bytes:
    """The octets of a message's payloads, hurt before they are hashed and encrypted."""
    if fault := faults.take("payload-corrupt", peer, name):
        octets = corrupt(octets, fault.number("at", 2))
    if fault := faults.take("payload-truncate", peer, name):
        octets = octets[: fault.number("keep", len(octets) // 2)]
    if fault := faults.take("payload-oversize", peer, name):
        octets += b"\xff" * fault.number("octets", 64)
    return octets


def shape_datagram(faults: FaultSet, peer: str, name: str, datagram: bytes) -> bytes:
    """A finished datagram, hurt on its way."""
    if fault := faults.take("corrupt", peer, name):
        datagram = corrupt(datagram, fault.number("at", len(datagram) - 1))
    if fault := faults.take("truncate", peer, name):
        datagram = datagram[: fault.number("keep", len(datagram) // 2)]
    if fault := faults.take("oversize", peer, name):
        datagram += bytes(fault.number("octets", 64))
    return datagram


def corrupt(octets: bytes, at: int) -> bytes:
    """One octet with all its bits turned over; a position beyond the end leaves all as it is."""
    if not -len(octets) <= at < len(octets):
        return octets
    at %= len(octets)
    return octets[:at] + bytes([octets[at] ^ 0xFF]) + octets[at + 1 :]
