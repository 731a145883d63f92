# SPDX-License-Identifier: GPL-2.0-or-later
"""The key server without its sockets: datagrams and instants in, datagrams out."""
from __future__ import annotations

from dataclasses import dataclass

from . import faults as f
from . import fragments, ids, informational, notify
from .crypto import CryptoError
from .numbers import DOI_IPSEC, FLAG_ENCRYPTION, Exchange, Notify, Pay, name_of
from .phase1 import Phase1, State
from .policy import Group
from .pull import Pull
from .rekey import Rekeyer, Sending
from .session import Context, Peer, Refused, Reply
from .wire import Header, WireError, parse_header

HALF_OPEN_SECONDS = 60
MAX_SESSIONS = 20000
MAX_HALF_OPEN = 1000
MAX_PULLS = 16  # in one phase 1

MAIN_NAMES = {State.EXPECT_SA: "mm1", State.EXPECT_KE: "mm3", State.EXPECT_AUTH: "mm5"}
AGGRESSIVE_NAMES = {State.EXPECT_SA: "am1", State.EXPECT_AUTH: "am3"}


@dataclass(frozen=True)
class Outgoing:
    """A datagram for a member, to be sent `delay` seconds from now."""

    peer: Peer
    data: bytes
    delay: float = 0.0


class Session:
    """A phase 1 and the exchanges under it."""

    def __init__(self, phase1: Phase1) -> None:
        self.phase1 = phase1
        self.pulls: dict[int, Pull] = {}
        self.probes = 0x1000  # sequence number of the last R-U-THERE

    def dead(self, now: float) -> bool:
        expires = self.phase1.expires
        return now >= (self.phase1.started + HALF_OPEN_SECONDS if expires is None else expires)


class KeyServer:
    """Answers members. `receive` never raises for what a member sends."""

    def __init__(self, context: Context, now: float) -> None:
        self.context = context
        self.groups = [Group(g, context.random, now) for g in context.config.groups]
        self._by_identity = {ids.of_group(g.config.identity).pack(): g for g in self.groups}
        self._sessions: dict[tuple[str, bytes], Session] = {}
        self._held: dict[str, list[Outgoing]] = {}
        self._outbox: list[Outgoing] = []
        self._reassembly = fragments.Reassembly()
        self._fragment_id = 0
        self.rekeyers = [Rekeyer(group, context) for group in self.groups]

    def receive(self, data: bytes, peer: Peer, local: ids.Address, now: float) -> list[Outgoing]:
        """What to send after a datagram from `peer` came to our address `local`."""
        if self.context.faults.take("silent", peer[0]):
            return []
        try:
            header = parse_header(data)
            if header.next_payload == Pay.FRAGMENT:
                whole = self._reassembly.add(peer[0], header, data)
                if whole is None:
                    return []
                header, data = parse_header(whole), whole
            replies = self._route(header, data, peer, local, now)
            return self._deliver(peer, replies, self._takes_fragments(header, peer))
        except (Refused, WireError, CryptoError) as error:
            self.context.log.event(
                f"%CRYPTO-4-IKMP_BAD_MESSAGE: IKE message from {peer[0]}: {error}"
            )
        return []

    def tick(self, now: float) -> None:
        """Renews keys that come to their end, pushes what is new, and forgets sessions that are
        over. `take_outgoing` has what to send then."""
        for rekeyer in self.rekeyers:
            for line in rekeyer.group.roll(now):
                self.context.log.event(line)
            self.post(rekeyer.tick(now))
        dead = [key for key, session in self._sessions.items() if session.dead(now)]
        for key in dead:
            del self._sessions[key]

    def next_event(self) -> float | None:
        """The instant of the next renewal of a key or retransmission of a rekey."""
        instants = [rekeyer.next_event() for rekeyer in self.rekeyers]
        instants += [group.next_roll() for group in self.groups]
        return min((at for at in instants if at is not None), default=None)

    def post(self, sending: Sending) -> None:
        """Puts rekeys on their way."""
        for line in sending.lines:
            self.context.log.event(line)
        for peer, data in sending.datagrams:
            if not self.context.faults.take("silent", peer[0]):
                self._outbox += self._deliver(peer, [Reply("push", data)])

    def take_outgoing(self) -> list[Outgoing]:
        """What is to be sent without having been asked for."""
        out, self._outbox = self._outbox, []
        return out

    def rekeyer(self, group: Group) -> Rekeyer:
        return next(rekeyer for rekeyer in self.rekeyers if rekeyer.group is group)

    def lose_state(self, now: float) -> None:
        """Forgets members, sessions and keys, as a restart without a copy of them does."""
        self._sessions.clear()
        self._held.clear()
        for group in self.groups:
            group.forget(now)
        self.rekeyers = [Rekeyer(group, self.context) for group in self.groups]

    def sessions(self) -> list[Session]:
        return list(self._sessions.values())

    def _route(
        self, header: Header, data: bytes, peer: Peer, local: ids.Address, now: float
    ) -> list[Reply]:
        if header.exchange == Exchange.GROUPKEY_PUSH_ACK:
            return self._acknowledged(header, data, peer)
        session = self._sessions.get((peer[0], header.cookie_i))
        if header.exchange in (Exchange.MAIN, Exchange.AGGRESSIVE):
            return self._phase1(session, header, data, peer, local, now)
        if header.exchange == Exchange.INFORMATIONAL and not header.flags & FLAG_ENCRYPTION:
            return self._hint(header, data, peer)
        if session is None or session.phase1.keys is None:
            raise Refused(f"{name_of(Exchange, header.exchange)} without an ISAKMP SA")
        if header.cookie_r != session.phase1.cookie_r:
            raise Refused("responder cookie is not ours")
        session.phase1.peer = peer
        if header.exchange == Exchange.GROUPKEY_PULL:
            return self._pull(session, header, data, now)
        if header.exchange == Exchange.INFORMATIONAL:
            return self._informational(session, header, data)
        raise Refused(f"exchange {name_of(Exchange, header.exchange)} is not served")

    def _phase1(
        self,
        session: Session | None,
        header: Header,
        data: bytes,
        peer: Peer,
        local: ids.Address,
        now: float,
    ) -> list[Reply]:
        if session is None:
            if any(header.cookie_r):
                raise Refused("phase 1 message without an ISAKMP SA")
            session = self._open(peer, local, now)
        elif any(header.cookie_r) and header.cookie_r != session.phase1.cookie_r:
            raise Refused("responder cookie is not ours")
        phase1 = session.phase1
        names = MAIN_NAMES if header.exchange == Exchange.MAIN else AGGRESSIVE_NAMES
        if self._drop(names.get(phase1.state, ""), peer):
            return []
        before = phase1.state
        replies = phase1.receive(header, data, now)
        phase1.peer = peer  # behind a NAT, the ports change when it moves to UDP 4500
        self._sessions[(peer[0], header.cookie_i)] = session
        if phase1.state is State.ESTABLISHED and before is not State.ESTABLISHED:
            self._forget_others(session)
        return replies

    def _open(self, peer: Peer, local: ids.Address, now: float) -> Session:
        half_open = sum(s.phase1.keys is None for s in self._sessions.values())
        if len(self._sessions) >= MAX_SESSIONS or half_open >= MAX_HALF_OPEN:
            raise Refused("too many sessions")
        return Session(Phase1(self.context, peer, local, now))

    def _forget_others(self, session: Session) -> None:
        """RFC 2407 4.6.3.3: INITIAL-CONTACT means that older SAs of the peer are void."""
        phase1 = session.phase1
        if not phase1.initial_contact:
            return
        old = [k for k, s in self._sessions.items() if k[0] == phase1.peer[0] and s is not session]
        for key in old:
            del self._sessions[key]

    def _pull(self, session: Session, header: Header, data: bytes, now: float) -> list[Reply]:
        if header.message_id == 0:
            raise Refused("GROUPKEY-PULL with message ID 0")
        pull = session.pulls.get(header.message_id)
        if self._drop("pull1" if pull is None else "pull3", session.phase1.peer):
            return []
        if pull is None:
            if len(session.pulls) >= MAX_PULLS:
                raise Refused("too many GROUPKEY-PULL exchanges in one ISAKMP SA")
            octets = header.message_id_octets
            pull = Pull(session.phase1, self._by_identity, octets)
        replies = pull.receive(header, data, now)
        session.pulls[header.message_id] = pull
        if self.context.faults.take("r-u-there", session.phase1.peer[0], replies[0].name):
            replies = [self._probe(session), *replies]
        return replies

    def _probe(self, session: Session) -> Reply:
        """RFC 3706 5.3: are you there?"""
        session.probes += 1
        arguments = (DOI_IPSEC, session.phase1.cookies, session.probes.to_bytes(4, "big"))
        return notify.protected(session.phase1, [notify.payload(Notify.R_U_THERE, *arguments)])

    def _acknowledged(self, header: Header, data: bytes, peer: Peer) -> list[Reply]:
        if self._drop("ack", peer):
            return []
        cookies = header.cookie_i + header.cookie_r
        rekeyer = next((r for r in self.rekeyers if r.knows(cookies)), None)
        if rekeyer is None:
            raise Refused("ACK for a KEK that is not ours")
        try:
            self.context.log.event(rekeyer.acknowledge(header, data, peer))
        except (Refused, WireError) as error:
            self.context.log.event(f"%GDOI-4-KS_REKEY_ACK_INVALID: from {peer[0]}: {error}")
        return []

    def _informational(self, session: Session, header: Header, data: bytes) -> list[Reply]:
        phase1 = session.phase1
        outcome = informational.receive(phase1, header, data)
        peer = phase1.peer[0]
        for name in outcome.notifications:
            self.context.log.event(f"%CRYPTO-6-IKMP_NOTIFY: {name} from {peer}")
        for group in self.groups:
            if peer in group.members and outcome.notifications:
                group.members[peer].last_notify = outcome.notifications[-1]
        if outcome.deleted:
            self.context.log.event(f"%CRYPTO-5-SESSION_STATUS: ISAKMP SA is down. Peer {peer}")
            del self._sessions[(peer, phase1.cookie_i)]
        return outcome.replies

    def _hint(self, header: Header, data: bytes, peer: Peer) -> list[Reply]:
        for name in informational.hints(header, data):
            self.context.log.event(f"%CRYPTO-6-IKMP_NOTIFY: {name} in the clear from {peer[0]}")
        return []

    def _drop(self, name: str, peer: Peer) -> bool:
        """Whether a received message is lost on its way, as a fault says."""
        return bool(name) and self.context.faults.take("drop", peer[0], name) is not None

    def _takes_fragments(self, header: Header, peer: Peer) -> bool:
        session = self._sessions.get((peer[0], header.cookie_i))
        return session is not None and session.phase1.fragments

    def _deliver(
        self, peer: Peer, replies: list[Reply], by_fragments: bool = False
    ) -> list[Outgoing]:
        """Replies on their way, with the faults of the way."""
        out: list[Outgoing] = []
        for reply in replies:
            faults, name = self.context.faults, reply.name
            if faults.take("drop", peer[0], name):
                continue
            data = f.shape_datagram(faults, peer[0], name, reply.data)
            fault = faults.take("delay", peer[0], name)
            delay = float(fault.parameters.get("seconds", 1.0)) if fault else 0.0
            octets = self.context.config.phase1.fragment_octets
            if by_fragments and len(data) > octets:
                self._fragment_id = self._fragment_id % 0xFFFF + 1
                arguments = (faults, peer[0], name, data, octets, self._fragment_id)
                out += [Outgoing(peer, part, delay) for part in fragments.datagrams(*arguments)]
                continue
            copies = 2 if faults.take("duplicate", peer[0], name) else 1
            if faults.take("reorder", peer[0], name):
                self._held.setdefault(peer[0], []).append(Outgoing(peer, data))
                continue
            out += [Outgoing(peer, data, delay)] * copies
        if out:
            out += self._held.pop(peer[0], [])
        return out
