# SPDX-License-Identifier: GPL-2.0-or-later
"""Informational exchanges from members: notifications, deletes, dead peer detection."""
from __future__ import annotations

from dataclasses import dataclass, field

from . import notify
from .keys import check_hash
from .numbers import PROTO_ISAKMP, Notify, Pay, name_of
from .phase1 import Phase1
from .session import Refused, Reply
from .wire import HEADER_LENGTH, Header, parse_chain


@dataclass
class Outcome:
    """What a protected Informational message led to."""

    replies: list[Reply] = field(default_factory=list)
    notifications: list[str] = field(default_factory=list)
    deleted: bool = False  # the member deleted its ISAKMP SA


def receive(phase1: Phase1, header: Header, message: bytes) -> Outcome:
    """Reads a message that phase 1's keys protect; raises Refused when its HASH is wrong."""
    assert phase1.keys is not None
    channel = phase1.keys.channel(header.message_id_octets)
    plain, chain = channel.open(header, message)
    if not check_hash(phase1.keys, header, b"", plain, chain):
        raise Refused("HASH of Informational does not verify")
    out = Outcome()
    for body in chain.all(Pay.N):
        notification = notify.parse(body)
        out.notifications.append(name_of(Notify, notification.type))
        if notification.type == Notify.R_U_THERE and notification.spi == phase1.cookies:
            # RFC 3706 5.3: the same sequence number comes back.
            arguments = (notification.doi, phase1.cookies, notification.data)
            answer = notify.payload(Notify.R_U_THERE_ACK, *arguments)
            out.replies.append(notify.protected(phase1, [answer]))
    for body in chain.all(Pay.D):
        deletion = notify.parse_delete(body)
        out.deleted |= deletion.protocol == PROTO_ISAKMP and phase1.cookies in deletion.spis
    return out


def hints(header: Header, message: bytes) -> list[str]:
    """Names of the notifications of an unprotected message: for the log only, since anybody can
    send them."""
    chain = parse_chain(message[HEADER_LENGTH:], header.next_payload)
    return [name_of(Notify, notify.parse(body).type) for body in chain.all(Pay.N)]
