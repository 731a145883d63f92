# SPDX-License-Identifier: GPL-2.0-or-later
"""IKE fragmentation of IKEv1 messages as Cisco and Microsoft do it; there is no RFC.

A message of its own carries each part: an ISAKMP header in the clear, then one payload of type 132:
next payload 0, reserved 0, length, fragment ID (2), number from 1 (1), flags (1; 1 = last), data.
All data in order is the message, its header included.
"""
from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace

from . import faults as f
from .numbers import FLAG_ENCRYPTION, Pay
from .wire import HEADER_LENGTH, Header, Reader, WireError, parse_header

LAST = 1
HEAD = 8
MAX_UNDER_WAY = 64
MAX_OCTETS = 65535


@dataclass(frozen=True)
class Fragment:
    id: int
    number: int
    last: bool
    data: bytes

    def message(self, header: Header) -> bytes:
        payload = struct.pack(">BBHHBB", 0, 0, HEAD + len(self.data), self.id, self.number, self.last)
        length = HEADER_LENGTH + HEAD + len(self.data)
        flags = header.flags & ~FLAG_ENCRYPTION
        head = replace(header, next_payload=Pay.FRAGMENT, flags=flags, length=length)
        return head.pack() + payload + self.data


def parse(message: bytes) -> Fragment:
    reader = Reader(message[HEADER_LENGTH:], "fragment")
    following, _, length = reader.u8(), reader.u8(), reader.u16()
    number_of_message, number, flags = reader.u16(), reader.u8(), reader.u8()
    data = reader.rest()
    if following != 0 or length != HEAD + len(data) or number == 0 or not data:
        raise WireError("malformed IKE fragment")
    return Fragment(number_of_message, number, bool(flags & LAST), data)


def split(message: bytes, octets: int, number: int) -> list[Fragment]:
    """A message in parts, so that each datagram has at most `octets`."""
    room = octets - HEADER_LENGTH - HEAD
    parts = [message[at : at + room] for at in range(0, len(message), room)]
    if len(parts) > 255:
        raise WireError(f"message of {len(message)} octets is too long for {octets} a fragment")
    last = len(parts)
    return [Fragment(number, n, n == last, part) for n, part in enumerate(parts, 1)]


def datagrams(
    faults: f.FaultSet, peer: str, name: str, message: bytes, octets: int, number: int
) -> list[bytes]:
    """The datagrams of a large message, with what happens to fragments on their way."""
    header, parts = parse_header(message), split(message, octets, number)
    if fault := faults.take("fragment-lost", peer, name):
        del parts[fault.number("number", 1) - 1]
    if fault := faults.take("fragment-duplicated", peer, name):
        parts.insert(0, parts[fault.number("number", 1) - 1])
    if faults.take("fragment-reordered", peer, name):
        parts.reverse()
    if fault := faults.take("fragment-forged", peer, name):
        # Other data under the same number, ahead of the honest one.
        victim = parts[fault.number("number", 1) - 1]
        parts.insert(0, replace(victim, data=f.corrupt(victim.data, len(victim.data) // 2)))
    if faults.take("fragment-oversized", peer, name):
        parts.insert(0, Fragment(number, 255, False, bytes(60000)))
    if faults.take("fragment-overlapping", peer, name):
        # The first two once more as one: its number is the first one's, its data longer.
        both = b"".join(part.data for part in parts[:2])
        parts.insert(1, replace(parts[0], data=both))
    return [part.message(header) for part in parts]


@dataclass
class Reassembly:
    """Fragments of members, until their messages are whole."""

    _parts: dict[tuple[str, bytes, int], dict[int, Fragment]] = field(default_factory=dict)

    def add(self, peer: str, header: Header, message: bytes) -> bytes | None:
        """The whole message, once there is nothing missing."""
        fragment = parse(message)
        key = (peer, header.cookie_i, fragment.id)
        if key not in self._parts and len(self._parts) >= MAX_UNDER_WAY:
            del self._parts[next(iter(self._parts))]
        parts = self._parts.setdefault(key, {})
        parts[fragment.number] = fragment
        if sum(len(part.data) for part in parts.values()) > MAX_OCTETS:
            del self._parts[key]
            raise WireError("IKE fragments of more than 64 KiB")
        last = next((part.number for part in parts.values() if part.last), None)
        if last is None or not all(number in parts for number in range(1, last + 1)):
            return None
        del self._parts[key]
        return b"".join(parts[number].data for number in range(1, last + 1))
