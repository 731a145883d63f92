# SPDX-License-Identifier: GPL-2.0-or-later
"""A KEK as a Logical Key Hierarchy would bring it (RFC 6407 5.6.3).

This key server keeps no tree; it can only send a well-formed update array, for members to refuse.
"""
from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING

from .crypto import CbcCipher
from .key_material import Kek
from .numbers import KEK_ALGORITHMS, KdType, KekAttr, LkhAttr, Pay
from .payloads import KeyPacket, build_sa, parse_sa
from .wire import Payload, basic, variable

if TYPE_CHECKING:
    from .offer import Policy

VERSION = 1
MANAGEMENT_LKH = 1
ROOT, NODE = 1, 2  # IDs of the group KEK's node and of the one below it
HANDLE = 1


def key(node: int, algorithm: int, expires: int, handle: int, data: bytes) -> bytes:
    """Figure 12. The creation date is left at zero."""
    return struct.pack(">HBBIII", node, algorithm, 0, 0, expires, handle) + data


def update_array(node: int, handle: int, keys: list[bytes]) -> bytes:
    """Figure 13: `keys` from the node on whose key the first is encrypted, up to the root."""
    head = struct.pack(">BHBHHI", VERSION, len(keys), 0, node, 0, handle)
    return head + b"".join(keys)


def packet(cipher: CbcCipher, kek: Kek, expires: int) -> KeyPacket:
    """The key packet of a member group whose node key nobody holds."""
    node_key = bytes(cipher.key_octets)
    data = cipher.encrypt(node_key, bytes(cipher.block), kek.iv + kek.key)
    root = key(ROOT, KEK_ALGORITHMS[cipher.name], expires, HANDLE, data)
    array = variable(LkhAttr.UPDATE_ARRAY, update_array(NODE, HANDLE, [root]))
    return KeyPacket(KdType.LKH, kek.spi, array)


def instead(cipher: CbcCipher, policy: Policy, kek: Kek) -> tuple[bytes, list[KeyPacket]]:
    """`policy` with its KEK brought by an update array."""
    update = packet(cipher, kek, int(time.time()) + 86400)
    others = [p for p in policy.packets if p.type != KdType.KEK]
    sa = parse_sa(policy.sa)
    management = basic(KekAttr.MANAGEMENT_ALGORITHM, MANAGEMENT_LKH)
    out = [
        Payload(p.type, p.body + management) if p.type == Pay.SAK else p
        for p in sa.attribute_payloads
    ]
    return build_sa(out, sa.doi, sa.situation), [update, *others]
