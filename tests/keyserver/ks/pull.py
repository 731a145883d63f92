# SPDX-License-Identifier: GPL-2.0-or-later
"""GROUPKEY-PULL, as key server (RFC 6407 3.2).

    GM                        GCKS
    HDR*, HASH(1), Ni, ID -->
                          <-- HDR*, HASH(2), Nr, SA
    HDR*, HASH(3) [,GAP]  -->
                          <-- HDR*, HASH(4), [SEQ,] KD
"""
from __future__ import annotations

from enum import Enum, auto
from ipaddress import ip_address

from . import ids, notify, offer, policy_faults
from .keys import check_hash
from .numbers import Exchange, GapAttr, Notify, Pay
from .phase1 import Phase1
from .policy import Group, Member
from .session import Memory, Refused, Reply, hashed_message
from .wire import Chain, Header, Payload, WireError, build_chain, parse_attributes

MAX_SIDS = 64  # for one member in one registration


class State(Enum):
    EXPECT_REQUEST = auto()
    EXPECT_AGREEMENT = auto()
    DONE = auto()


class Pull:
    """One registration: the exchange of one message ID."""

    def __init__(self, phase1: Phase1, groups: dict[bytes, Group], message_id: bytes) -> None:
        assert phase1.keys is not None
        self.phase1 = phase1
        self.context = phase1.context
        self.memory = Memory()
        self.state = State.EXPECT_REQUEST
        self._groups = groups
        self._keys = phase1.keys
        self._channel = phase1.keys.channel(message_id)
        self._nonces = b""
        self._group: Group
        self._member: Member
        self._offer: offer.Offer

    def receive(self, header: Header, message: bytes, now: float) -> list[Reply]:
        """The replies to a message of this exchange; raises Refused, WireError or CryptoError,
        which leave the exchange where it was."""
        if self.memory.repeats(message):
            self.context.log.debug(f"PULL message of {self._peer} came again, reply repeated")
            return self.memory.replies
        if self.state is State.DONE:
            raise Refused("GROUPKEY-PULL message after the exchange was complete")
        plain, chain = self._channel.open(header, message)
        step = 1 if self.state is State.EXPECT_REQUEST else 3
        if not check_hash(self._keys, header, self._nonces, plain, chain):
            raise Refused(f"HASH({step}) of GROUPKEY-PULL does not verify")
        self._channel.accept(message)
        handler = self._on_request if step == 1 else self._on_agreement
        return self.memory.keep(message, handler(header, chain, now))

    @property
    def _peer(self) -> str:
        return self.phase1.peer[0]

    def _reply(self, name: str, header: Header, prefix: bytes, payloads: list[Payload]) -> Reply:
        answer = self.phase1.header(Exchange.GROUPKEY_PULL, header.message_id)
        arguments = (self._keys, self._channel, answer, prefix, payloads)
        return hashed_message(self.context, self._peer, name, *arguments)

    def _on_request(self, header: Header, chain: Chain, now: float) -> list[Reply]:
        ni, identity = chain.need(Pay.NONCE), ids.parse_identity(chain.need(Pay.ID))
        # RFC 6407 5.8: "The length of the Nonce data MUST be between 8 and 128 bytes."
        if not 8 <= len(ni) <= 128:
            raise WireError(f"nonce of {len(ni)} octets")
        group = self._groups.get(ids.Identity(identity.type, identity.data).pack())
        if group is None:
            return self._refuse(f"unknown group {identity.type}/{identity.data.hex()}")
        if not group.authorized(ip_address(self._peer)):
            return self._refuse(f"not a member of group {group.config.name}")
        if fault := self.context.faults.take("refuse-group", self._peer):
            return self._refuse("told to", fault.number("notify", Notify.INVALID_ID_INFORMATION))
        for line in group.roll(now):
            self.context.log.event(line)
        self._group, self._member = group, self._remember(group)
        try:
            self._offer = offer.make(group, ip_address(self._peer), self.context.faults, now)
        except WireError as error:
            raise Refused(
                f"policy of group {group.config.name} fits in no message: {error}"
            ) from None
        nr = self.context.random.octets(20)
        payloads = [Payload(Pay.NONCE, nr), Payload(Pay.SA, self._offer.sa)]
        reply = self._reply("pull2", header, ni, payloads)
        # What every later HASH of this exchange covers in front of its payloads.
        self._nonces = ni + (nr if len(payloads[0].body) == len(nr) else b"")
        self.state = State.EXPECT_AGREEMENT
        self.context.log.debug(f"PULL 1 of {self._peer} for group {group.config.name}")
        return [reply]

    def _remember(self, group: Group) -> Member:
        member = group.members.get(self._peer)
        if member is None:
            if not group.members:
                self.context.log.event(
                    f"%GDOI-5-KS_FIRST_GM: First GM {self._peer} for group {group.config.name}"
                )
            member = group.members[self._peer] = Member(self._peer, self.phase1.peer[1], "")
        member.port = self.phase1.peer[1]
        member.identity = str(self.phase1.identity)
        return member

    def _refuse(self, why: str, kind: int = Notify.INVALID_ID_INFORMATION) -> list[Reply]:
        self.state = State.DONE
        self.context.log.event(
            f"%GDOI-4-KS_GM_REJECTED: Registration of GM {self._peer} rejected: {why}"
        )
        return [notify.refusal(self.phase1, kind)]

    def _on_agreement(self, header: Header, chain: Chain, now: float) -> list[Reply]:
        for body in chain.all(Pay.N):
            notification = notify.parse(body)
            self._member.last_notify = str(notification.type)
            raise Refused(f"message 3 carries notification {notification.type}")
        packets = list(self._offer.packets)
        self._member.sids = []
        if self._group.counter_mode() and not self.context.faults.take("no-sid", self._peer):
            self._member.sids = self._group.allot_sids(self._requested_sids(chain))
            if not self._member.sids:
                return self._refuse("no sender ID left")
            packets.append(offer.sid_packet(self._group.config.sid_bits, self._member.sids))
        packets = policy_faults.packets(self.context.faults, self._peer, "pull4", packets,
                                         offer.des_spis(self._group))
        kd = offer.key_download(packets, self._peer, "pull4", self.context.faults)
        payloads = [Payload(Pay.KD, kd)]
        sequence = self._offer.sequence
        low = self.context.faults.take("low-sequence", self._peer, "pull4")
        if sequence is not None and low is not None:
            sequence = max(0, sequence - low.number("back", 1))
        if sequence is not None and not self.context.faults.take("no-sequence", self._peer):
            payloads.insert(0, Payload(Pay.SEQ, sequence.to_bytes(4, "big")))
        reply = self._reply("pull4", header, self._nonces, payloads)
        self.context.log.secret(f"KD for {self._peer}: {build_chain(payloads).hex()}")
        self._registered(now)
        return [reply]

    def _requested_sids(self, chain: Chain) -> int:
        """RFC 6407 5.4.2: the count in a GAP of message 3; one without it."""
        gap = chain.find(Pay.GAP)
        for attribute in parse_attributes(gap, "GAP") if gap is not None else []:
            if attribute.type == GapAttr.SENDER_ID_REQUEST:
                return max(1, min(attribute.number, MAX_SIDS))
        return 1

    def _registered(self, now: float) -> None:
        self.state = State.DONE
        member = self._member
        member.registered_at, member.state = now, "registered"
        member.registrations += 1
        member.spis = list(self._offer.spis)
        held = self._offer.kek
        if set(self._group.spis()) - set(member.spis) or held is not self._group.kek:
            self._group.due.late[self._peer] = held  # a rekey came between the two halves
        spis = ", ".join(f"0x{spi:08X}" for spi in member.spis)
        self.context.log.event(
            f"%GDOI-5-KS_REGS_COMPL: Registration of GM {self._peer} complete for group "
            f"{self._group.config.name}, TEK {spis}"
        )
