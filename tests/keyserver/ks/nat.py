# SPDX-License-Identifier: GPL-2.0-or-later
"""NAT traversal in phase 1, as responder (RFC 3947 3) and on the wire (RFC 3948 2.2, 2.3)."""
from __future__ import annotations

from dataclasses import dataclass

from .crypto import digest
from .ids import Address
from .numbers import VENDOR_IDS, Pay

PORT = 4500
NON_ESP_MARKER = bytes(4)
KEEP_ALIVE = b"\xff"

# The dialects in order of preference: their vendor IDs and the number of their NAT-D payload.
DIALECTS = (
    ("nat-t", Pay.NAT_D),
    ("nat-t-03", Pay.NAT_D_DRAFT),
    ("nat-t-02n", Pay.NAT_D_DRAFT),
    ("nat-t-02", Pay.NAT_D_DRAFT),
)


@dataclass(frozen=True)
class End:
    """One end of a path, as somebody sees it."""

    address: Address
    port: int


@dataclass(frozen=True)
class Found:
    """Which ends have a NAT in front of them."""

    ours: bool
    theirs: bool


def choose(vendor_ids: list[bytes], known: tuple[str, ...]) -> tuple[bytes, int] | None:
    """The best dialect that the peer announced and we know: its vendor ID and NAT-D type."""
    for name, kind in DIALECTS:
        if name in known and VENDOR_IDS[name] in vendor_ids:
            return VENDOR_IDS[name], kind
    return None


def body(hash_: int, cookies: bytes, end: End) -> bytes:
    """RFC 3947 3.2: HASH = HASH(CKY-I | CKY-R | IP | Port)"""
    return digest(hash_, cookies + end.address.packed + end.port.to_bytes(2, "big"))


def detect(bodies: list[bytes], hash_: int, cookies: bytes, ours: End, theirs: End) -> Found:
    """What the peer's NAT-D payloads say: the first is of us as it sees us, the others are its own
    addresses. With fewer than two no NAT is found."""
    if len(bodies) < 2:
        return Found(False, False)
    as_seen, own = bodies[0], bodies[1:]
    return Found(
        as_seen != body(hash_, cookies, ours), body(hash_, cookies, theirs) not in own
    )


def unframed(datagram: bytes) -> bytes | None:
    """The IKE message of a datagram to port 4500; nothing for a keepalive or ESP."""
    if len(datagram) <= len(NON_ESP_MARKER) or not datagram.startswith(NON_ESP_MARKER):
        return None
    return datagram[len(NON_ESP_MARKER) :]
