# SPDX-License-Identifier: GPL-2.0-or-later
"""The GROUPKEY-PUSH Acknowledgement Message: HDR, HASH, SEQ, ID (RFC 8263)."""
from __future__ import annotations

import hmac
from dataclasses import dataclass
from ipaddress import ip_address

from . import ids
from .crypto import equal
from .key_material import Kek
from .numbers import AckType, IdType, Pay
from .wire import HEADER_LENGTH, Header, WireError, parse_chain

LABEL = b"GROUPKEY-PUSH ACK\x00"
HASHES = {AckType.KEK_SHA256: "sha256", AckType.KEK_SHA512: "sha512"}


@dataclass(frozen=True)
class Ack:
    """What an acknowledgement says; nothing of it is proved yet."""

    hash: bytes
    covered: bytes  # SEQ | ID, whole payloads
    sequence: int
    member: ids.Address


def parse(header: Header, message: bytes) -> Ack:
    if header.flags or header.message_id:
        raise WireError(f"ACK with flags {header.flags}, message ID {header.message_id}")
    octets = message[HEADER_LENGTH:]
    chain = parse_chain(octets, header.next_payload, where="ACK")
    types = [payload.type for payload in chain.payloads]
    if types != [Pay.HASH, Pay.SEQ, Pay.ID]:
        raise WireError(f"ACK has payloads {types}, want HASH, SEQ, ID")
    value, sequence, identity = (payload.body for payload in chain.payloads)
    if len(sequence) != 4:
        raise WireError(f"SEQ of {len(sequence)} octets")
    member = ids.parse_identity(identity)
    # RFC 8263 3.4: "The Protocol ID and Port fields MUST be set to 0."
    if member.type not in (IdType.IPV4_ADDR, IdType.IPV6_ADDR) or member.protocol or member.port:
        raise WireError(f"ID {member.type}, protocol {member.protocol}, port {member.port} in ACK")
    covered = octets[4 + len(value) :]
    return Ack(value, covered, int.from_bytes(sequence, "big"), ip_address(member.data))


def matching_length(ack: Ack, kind: int, kek: Kek) -> int | None:
    """The L with which the HASH verifies, None when there is none. RFC 8263 3.2 makes L both "the
    number of bits in the ack_key" and "the length of the base_key (i.e., 512 bits for
    PRF-HMAC-SHA-256)", so each reading is taken."""
    name = HASHES.get(AckType(kind))
    if name is None:
        return None  # it is made with a key of an LKH tree, which nobody here has
    for length in (512, 256, 1024, 8 * len(kek.key)):
        key = hmac.digest(kek.key, LABEL + kek.spi + length.to_bytes(2, "big"), name)
        if equal(ack.hash, hmac.digest(key, ack.covered, name)):
            return length
    return None
