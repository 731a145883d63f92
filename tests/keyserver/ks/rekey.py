# SPDX-License-Identifier: GPL-2.0-or-later
"""When rekeys are pushed to whom, how often again, and who acknowledged them."""
from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address

from . import ack, push
from .key_material import Kek
from .numbers import GDOI_PORT
from .policy import Due, Group, Member
from .push import Content
from .session import Context, Peer, Refused
from .settings import Rekey
from .wire import Header, WireError

HISTORY = 64  # pushes whose late acknowledgements are still known


@dataclass(frozen=True)
class Order:
    """One rekey to be made. `kek` is the one it travels under, None = the current one."""

    content: Content = Content()
    kek: Kek | None = None
    members: tuple[str, ...] | None = None  # None = all, the way the group's transport says
    sequence: int | None = None


@dataclass
class Target:
    """Where a rekey goes: a member, or a multicast group that all of them joined."""

    peer: Peer
    data: bytes = b""


@dataclass
class Job:
    """A rekey on its way."""

    order: Order
    kek: Kek
    sequences: list[int]
    targets: list[Target]
    addressed: frozenset[str]  # members
    waiting: set[str]  # those that have not acknowledged it
    expected: bool  # whether acknowledgements were asked for
    started: float
    due: float
    left: int  # retransmissions
    done: bool = False


@dataclass
class Sending:
    """Datagrams that a tick or an order leads to, and what to log."""

    datagrams: list[tuple[Peer, bytes]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def extend(self, other: Sending) -> None:
        self.datagrams += other.datagrams
        self.lines += other.lines


class Rekeyer:
    """The rekeys of one group."""

    def __init__(self, group: Group, context: Context) -> None:
        self.group = group
        self.context = context
        self.pushes = 0
        self.retransmissions = 0
        self._jobs: deque[Job] = deque(maxlen=HISTORY)

    @property
    def _rekey(self) -> Rekey:
        if self.group.config.rekey is None:
            raise ValueError(f"group {self.group.config.name} has no rekey")
        return self.group.config.rekey

    def tick(self, now: float) -> Sending:
        """What is due: changes that nobody was told of, and rekeys sent once more."""
        out = Sending()
        rekey = self.group.config.rekey
        if self.group.due and rekey is not None and rekey.push:
            out.extend(self.tell(now))
        self.group.due = Due()
        for job in list(self._jobs):
            if not job.done and now >= job.due:
                out.extend(self._again(job, now))
        return out

    def next_event(self) -> float | None:
        return min((job.due for job in self._jobs if not job.done), default=None)

    def tell(self, now: float) -> Sending:
        """Pushes what changed since the last rekey."""
        due, self.group.due = self.group.due, Due()
        out, under = Sending(), due.kek_from or self.group.kek
        changed = due.teks or due.policy or due.kek_from
        if changed and self._members(None):
            only = frozenset(due.teks) if self._rekey.push_content == "new-only" else None
            content = self._bringing(under, None if due.policy else only)
            out.extend(self.push(Order(content, under), now))
        for address, held in sorted(due.late.items()):
            if not changed or held is not under:
                order = Order(self._bringing(held, None), held, (address,))
                out.extend(self.push(order, now))
        return out

    def _bringing(self, held: Kek | None, only: frozenset[int] | None) -> Content:
        """The current KEK, for those that hold another one, and TEKs."""
        return Content(kek=None if held is self.group.kek else self.group.kek, only=only)

    def push(self, order: Order, now: float) -> Sending:
        """Sends a rekey for the first time."""
        kek = order.kek or self.group.kek
        if kek is None:
            raise ValueError(f"group {self.group.config.name} has no KEK")
        members = self._members(order.members)
        sequence = self.group.next_sequence(kek, order.sequence)
        # Those that are named without being registered as well: who lost its state does not know them
        # any more, and by multicast they would get it, too.
        addressed = frozenset(m.address for m in members) | frozenset(order.members or ())
        rekey = self._rekey
        job = Job(
            order,
            kek,
            [sequence],
            self._targets(order, members, addressed),
            addressed,
            set(addressed),
            rekey.acknowledgement is not None,
            now,
            now + rekey.retransmit_interval,
            rekey.retransmit_number,
        )
        self._supersede(job)
        self._jobs.append(job)
        self.pushes += 1
        for member in members:
            member.rekeys.sent += 1
            member.rekeys.last_sent = sequence
        out = Sending(lines=[self._sending_line(job)])
        out.extend(self._transmit(job, now))
        return out

    def _members(self, chosen: tuple[str, ...] | None) -> list[Member]:
        everybody = [m for m in self.group.members.values() if m.registrations]
        return [m for m in everybody if chosen is None or m.address in chosen]

    def _targets(
        self, order: Order, members: Iterable[Member], addressed: Iterable[str]
    ) -> list[Target]:
        multicast = self._rekey.multicast
        if multicast is not None and order.members is None:
            return [Target((str(multicast), GDOI_PORT))]
        ports = {member.address: member.port for member in members}
        return [Target((address, ports.get(address, GDOI_PORT))) for address in sorted(addressed)]

    def _supersede(self, job: Job) -> None:
        """An earlier rekey under the same KEK is not repeated when a later one says all of it."""
        whole = job.order.content.policy and job.order.content.only is None
        if not whole or job.order.members is not None:
            return
        for other in self._jobs:
            content = other.order.content
            if other.kek is job.kek and content.kek is None and not content.deletions:
                other.left = 0

    def _transmit(self, job: Job, now: float) -> Sending:
        """The datagrams of a job, to those that have not answered. They are made once, or anew for
        every number they get."""
        out = Sending()
        wrap = push.envelope(self.group, job.kek)
        made: dict[str, bytes] = {}
        for target in self._unanswered(job):
            if not target.data:
                try:
                    target.data = self._make(job, wrap, target.peer[0], made, now)
                except WireError as error:
                    out.lines.append(f"%GDOI-3-KS_REKEY_TOO_BIG: {self._name(job)}: {error}")
                    job.done = True
                    break
            out.datagrams.append((target.peer, target.data))
        return out

    def _make(
        self,
        job: Job,
        wrap: push.Envelope,
        address: str,
        made: dict[str, bytes],
        now: float,
    ) -> bytes:
        """A member's datagram. Only a SAK, which names the member, and faults make it differ from
        that of the others."""
        faults, number = self.context.faults, job.sequences[-1]
        key = address if job.order.content.kek or faults.view() else ""
        if key in made:
            return made[key]
        if fault := faults.take("old-sequence", address, push.NAME):
            number = max(0, number - fault.number("back", 1))
        arguments = (self.group, job.order.content, number, ip_address(address), faults, now)
        payloads = push.payloads(*arguments)
        made[key] = push.message(wrap, payloads, faults, address)
        return made[key]

    def _unanswered(self, job: Job) -> list[Target]:
        if self._is_multicast(job):
            return job.targets
        return [t for t in job.targets if not job.expected or t.peer[0] in job.waiting]

    def _is_multicast(self, job: Job) -> bool:
        return self._rekey.multicast is not None and job.order.members is None

    def _again(self, job: Job, now: float) -> Sending:
        self._forget_registered(job)
        if job.left <= 0 or not self._unanswered(job):
            job.done, job.targets = True, []
            return Sending(lines=self._missed(job))
        job.left -= 1
        job.due = now + self._rekey.retransmit_interval
        if self._rekey.retransmit_new_sequence:
            job.sequences.append(self.group.next_sequence(job.kek))
            for target in job.targets:
                target.data = b""
        self.retransmissions += 1
        for target in self._unanswered(job):
            member = self.group.members.get(target.peer[0])
            if member is not None:
                member.rekeys.retransmitted += 1
        peers = ", ".join(target.peer[0] for target in self._unanswered(job))
        out = Sending(lines=[f"%GDOI-5-KS_REKEY_TRANSMIT: {self._name(job)} again to {peers}"])
        out.extend(self._transmit(job, now))
        return out

    def _forget_registered(self, job: Job) -> None:
        """A member that registered since has all that the rekey says."""
        for address in job.addressed:
            member = self.group.members.get(address)
            if member is None or member.registered_at > job.started:
                job.waiting.discard(address)
                job.targets = [target for target in job.targets if target.peer[0] != address]

    def _missed(self, job: Job) -> list[str]:
        """RFC 8263 6: "non-receipt of an Acknowledgement Message SHOULD trigger a logging
        event"."""
        lines = []
        for address in sorted(job.waiting) if job.expected else []:
            if address in self.group.members:
                self.group.members[address].rekeys.missed += 1
            lines.append(f"%GDOI-4-KS_REKEY_ACK_MISSED: no ACK of GM {address}: {self._name(job)}")
        return lines

    def _name(self, job: Job) -> str:
        return f"rekey of group {self.group.config.name} with seq # {job.sequences[-1]}"

    def _sending_line(self, job: Job) -> str:
        config, content = self.group.config, job.order.content
        way, word = "to", "UNICAST"
        if self._is_multicast(job):
            way, word = f"to {self._rekey.multicast} for", "MCAST"
        what = [f"KEK 0x{content.kek.spi.hex().upper()}"] if content.kek else []
        spis = self.group.spis() if content.policy else []
        spis = [spi for spi in spis if content.only is None or spi in content.only]
        what += ["TEK " + ", ".join(f"0x{spi:08X}" for spi in spis)] if spis else []
        what += [f"{len(content.deletions)} deletions"] if content.deletions else []
        kind = "Multicast" if word == "MCAST" else "Unicast"
        return (
            f"%GDOI-5-KS_SEND_{word}_REKEY: Sending {kind} Rekey for group {config.name} from "
            f"address {config.address} {way} {len(job.waiting)} members with seq # "
            f"{job.sequences[-1]}, {'; '.join(what) or 'nothing new'}"
        )

    def knows(self, cookies: bytes) -> bool:
        """Whether this group pushed, or may push, under the KEK with these cookies."""
        keks = [self.group.kek, self.group.previous_kek, *(job.kek for job in self._jobs)]
        return any(kek is not None and kek.spi == cookies for kek in keks)

    def acknowledge(self, header: Header, message: bytes, peer: Peer) -> str:
        """Reads an ACK; returns what to log, raises Refused or WireError."""
        heard = ack.parse(header, message)
        kind = self._rekey.acknowledgement
        # RFC 8263 5: "it first verifies that the group policy includes receiving GROUPKEY-PUSH
        # ACKs. If not, the message is discarded."
        if kind is None:
            raise Refused("ACK that nobody asked for")
        job = self._job(header.cookie_i + header.cookie_r, heard.sequence)
        member = self.group.members.get(peer[0])
        # Behind a NAT a member knows itself by another address: that of its phase 1 identity.
        known = {member.address, member.identity.removesuffix(f":{GDOI_PORT}")} if member else set()
        if member is None or str(heard.member) not in known:
            raise Refused(f"ACK of {heard.member}, which is no member there")
        if job is None or member.address not in job.addressed:
            raise Refused(f"ACK of seq # {heard.sequence}, which was not sent there")
        length = ack.matching_length(heard, kind, job.kek)
        if length is None:
            raise Refused(f"HASH of ACK type {kind} does not verify")
        first = member.address in job.waiting
        job.waiting.discard(member.address)
        member.rekeys.acked += first
        member.rekeys.last_acked, member.rekeys.ack_length = heard.sequence, length
        return (
            f"%GDOI-5-KS_REKEY_ACK: GM {member.address} {'acknowledged' if first else 'repeated'} "
            f"seq # {heard.sequence} of group {self.group.config.name}, L {length}"
        )

    def _job(self, cookies: bytes, sequence: int) -> Job | None:
        """The newest rekey under those cookies that had that number."""
        found = (j for j in reversed(self._jobs) if j.kek.spi == cookies and sequence in j.sequences)
        return next(found, None)

    def view(self) -> dict[str, object]:
        return {
            "sent": self.pushes,
            "retransmitted": self.retransmissions,
            "under-way": sum(not job.done for job in self._jobs),
            "last-sequence": self._jobs[-1].sequences[-1] if self._jobs else None,
        }
