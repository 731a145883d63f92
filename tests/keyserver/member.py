# SPDX-License-Identifier: GPL-2.0-or-later
"""A small group member for the key server's own tests: Main Mode initiator and PULL requester.

It is built on the key server's codec, so it proves that the responder follows its own reading of
the RFCs; the vectors and the hand-written octets of the tests prove that reading.
"""
from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Protocol

from ks import ids, notify, payloads, proposal
from ks.crypto import DiffieHellman, cipher, digest, prf
from ks.keys import (
    Channel,
    SessionKeys,
    SkeyId,
    check_hash,
    cipher_key,
    derive,
    protect,
    skeyid_psk,
)
from ks.numbers import PHASE1_CIPHERS, Exchange, GapAttr, Notify, Pay, Phase1Attr
from ks.session import Random
from ks.wire import HEADER_LENGTH, ZERO_COOKIE, Chain, Header, Payload, WireError, basic
from ks.wire import (
    build_chain,
    build_message,
    parse_attributes,
    parse_chain,
    parse_header,
    variable,
)


class Wire(Protocol):
    """Sends a datagram and returns the datagrams that come back."""

    def __call__(self, datagram: bytes) -> list[bytes]:
        ...


class NoAnswer(Exception):
    """The key server stayed silent."""


@dataclass(frozen=True)
class Suite:
    """One phase 1 transform to offer."""

    cipher: str = "aes"
    key_bits: int = 256
    hash: int = 4
    group: int = 2
    lifetime: int = 86400
    method: int = 1

    @property
    def proof_hash(self) -> int:
        """The hash of HASH_I and HASH_R; ECDSA has its own (RFC 4754 4)."""
        return {9: 4, 10: 5, 11: 6}.get(self.method, self.hash)

    def attributes(self) -> bytes:
        out = basic(Phase1Attr.ENCRYPTION, PHASE1_CIPHERS[self.cipher])
        if self.cipher == "aes":
            out += basic(Phase1Attr.KEY_LENGTH, self.key_bits)
        out += basic(Phase1Attr.HASH, self.hash) + basic(Phase1Attr.AUTHENTICATION, self.method)
        out += basic(Phase1Attr.GROUP, self.group) + basic(Phase1Attr.LIFE_TYPE, 1)
        return out + variable(Phase1Attr.LIFE_DURATION, self.lifetime.to_bytes(4, "big"))


@dataclass
class Registration:
    """What a PULL brought."""

    sa: payloads.GroupSa
    packets: list[payloads.KeyPacket]
    sequence: int | None
    id_length_octets: int = 1

    def sats(self) -> list[payloads.Sat]:
        bodies = [p.body for p in self.sa.attribute_payloads if p.type == Pay.SAT]
        return [payloads.parse_sat(body, self.id_length_octets) for body in bodies]

    def sak(self, length_octets: int = 1) -> payloads.Sak | None:
        bodies = [p.body for p in self.sa.attribute_payloads if p.type == Pay.SAK]
        return payloads.parse_sak(bodies[0], length_octets) if bodies else None

    def keys(self, kind: int) -> list[payloads.KeyPacket]:
        return [packet for packet in self.packets if packet.type == kind]


class Member:
    """One member against one key server."""

    def __init__(
        self,
        wire: Wire,
        psk: bytes = b"SUPERSECRET",
        suites: tuple[Suite, ...] = (Suite(),),
        doi: int = 2,
        address: str = "172.16.1.2",
        initial_contact: bool = False,
    ) -> None:
        self.wire = wire
        self.psk = psk
        self.suites = suites
        self.doi = doi
        self.identity = ids.of_address(IPv4Address(address), 848, 17)
        self.cookie_i = Random().nonzero(8)
        self.cookie_r = ZERO_COOKIE
        self.initial_contact = initial_contact
        self.keys: SessionKeys | None = None
        self.notified: list[int] = []
        self.requests: list[bytes] = []
        self.sent: list[bytes] = []

    def header(self, exchange: int = Exchange.MAIN, message_id: int = 0) -> Header:
        return Header(self.cookie_i, self.cookie_r, 0, exchange, 0, message_id)

    def ask(self, datagram: bytes) -> bytes:
        """The one reply to a datagram."""
        self.sent.append(datagram)
        replies = self.wire(datagram)
        if not replies:
            raise NoAnswer
        return replies[0]

    def offer(self) -> bytes:
        """The body of the SA payload of message 1."""
        situation = b"\x00\x00\x00\x01" if self.doi == 1 else bytes(4)
        offered = [
            proposal.Transform(n, 1, suite.attributes(), [])
            for n, suite in enumerate(self.suites, 1)
        ]
        return proposal.build_sa(self.doi, situation, 1, offered)

    def first_message(self) -> bytes:
        return build_message(self.header(), [Payload(Pay.SA, self.offer())])

    def establish(self) -> None:
        """Phase 1; raises NoAnswer or WireError when it fails."""
        suite, answer = self._choose(self.ask(self.first_message()))
        self.cookie_r = answer.cookie_r
        dh, ni = DiffieHellman(suite.group), Random().octets(20)
        exchange = [Payload(Pay.KE, dh.public), Payload(Pay.NONCE, ni)]
        reply = self.ask(build_message(self.header(), exchange))
        chain = parse_chain(reply[HEADER_LENGTH:], parse_header(reply).next_payload)
        theirs, nr = chain.need(Pay.KE), chain.need(Pay.NONCE)
        self.requests = chain.all(Pay.CR)
        gxy = dh.shared(theirs)
        skeyid = self.skeyid(suite, ni, nr, gxy)
        keys = derive(suite.hash, skeyid, gxy, self.cookie_i + self.cookie_r)
        self.keys = self._authenticate(suite, keys, dh.public, theirs)

    def skeyid(self, suite: Suite, ni: bytes, nr: bytes, gxy: bytes) -> bytes:
        return skeyid_psk(suite.hash, self.psk, ni, nr)

    def proof(self, suite: Suite, value: bytes) -> list[Payload]:
        """What proves HASH_I, beside our ID."""
        return [Payload(Pay.HASH, value)]

    def judge(self, suite: Suite, chain: Chain, value: bytes) -> None:
        """Raises WireError unless the key server proved HASH_R."""
        if chain.need(Pay.HASH) != value:
            raise WireError("HASH_R does not verify")

    def establish_aggressive(self, encrypt: bool = True) -> None:
        """Phase 1 in three messages."""
        suite, body, ni = self.suites[0], self.identity.pack(), Random().octets(20)
        dh = DiffieHellman(suite.group)
        first = [Payload(Pay.SA, self.offer()), Payload(Pay.KE, dh.public)]
        first += [Payload(Pay.NONCE, ni), Payload(Pay.ID, body)]
        reply = self.ask(build_message(self.header(Exchange.AGGRESSIVE), first))
        suite, answer = self._choose(reply)
        self.cookie_r = answer.cookie_r
        chain = parse_chain(reply[HEADER_LENGTH:], answer.next_payload)
        theirs, nr = chain.need(Pay.KE), chain.need(Pay.NONCE)
        gxy, cookies = dh.shared(theirs), self.cookie_i + self.cookie_r
        keys = derive(suite.hash, self.skeyid(suite, ni, nr, gxy), gxy, cookies)
        back = theirs + dh.public + self.cookie_r + self.cookie_i + self.offer()
        self.judge(suite, chain, prf(suite.proof_hash, keys.skeyid, back + chain.need(Pay.ID)))
        forth = dh.public + theirs + cookies + self.offer()
        proof = self.proof(suite, prf(suite.proof_hash, keys.skeyid, forth + body))
        chosen = cipher(suite.cipher, suite.key_bits)
        iv = digest(suite.hash, dh.public + theirs)[: chosen.block]
        channel = Channel(chosen, cipher_key(keys, chosen.key_octets), iv)
        header = self.header(Exchange.AGGRESSIVE)
        last = channel.seal(header, build_chain(proof), proof[0].type)
        self.sent.append(last if encrypt else build_message(header, proof))
        self.wire(self.sent[-1])
        self.keys = SessionKeys(keys, chosen, channel.key, channel.iv if encrypt else iv)

    def _authenticate(self, suite: Suite, keys: SkeyId, ours: bytes, theirs: bytes) -> SessionKeys:
        """Messages 5 and 6."""
        chosen, body = cipher(suite.cipher, suite.key_bits), self.identity.pack()
        iv = digest(suite.hash, ours + theirs)[: chosen.block]
        channel = Channel(chosen, cipher_key(keys, chosen.key_octets), iv)
        forth = ours + theirs + self.cookie_i + self.cookie_r + self.offer()
        value = prf(suite.proof_hash, keys.skeyid, forth + body)
        proof = [Payload(Pay.ID, body), *self.proof(suite, value)]
        if self.initial_contact:
            cookies = self.cookie_i + self.cookie_r
            proof.append(notify.payload(Notify.INITIAL_CONTACT, self.doi, cookies))
        reply = self.ask(channel.seal(self.header(), build_chain(proof), Pay.ID))
        _, chain = channel.open(parse_header(reply), reply)
        back = theirs + ours + self.cookie_r + self.cookie_i + self.offer()
        self.judge(suite, chain, prf(suite.proof_hash, keys.skeyid, back + chain.need(Pay.ID)))
        self.notified = [notify.parse(n).type for n in chain.all(Pay.N)]
        return SessionKeys(keys, chosen, channel.key, reply[-chosen.block :])

    def _choose(self, reply: bytes) -> tuple[Suite, Header]:
        header = parse_header(reply)
        chain = parse_chain(reply[HEADER_LENGTH:], header.next_payload)
        if header.exchange == Exchange.INFORMATIONAL:
            raise WireError(f"notification {notify.parse(chain.need(Pay.N)).type}")
        answer = proposal.parse_sa(chain.need(Pay.SA))
        if len(answer.transforms) != 1:
            raise WireError("more than one transform chosen")
        octets = answer.transforms[0].attributes
        for suite in self.suites:
            if suite.attributes() == octets:
                return suite, header
        raise WireError("a transform that was not offered")

    def register(
        self,
        group: int | IPv4Address = 100,
        sids: int = 0,
        id_length_octets: int = 1,
        wish: list[Payload] | None = None,
    ) -> Registration:
        """A GROUPKEY-PULL; raises NoAnswer or WireError when it fails."""
        if self.keys is None:
            self.establish()
        assert self.keys is not None
        message_id = int.from_bytes(Random().nonzero(4), "big")
        header = self.header(Exchange.GROUPKEY_PULL, message_id)
        channel = self.keys.channel(header.message_id_octets)
        ni = Random().octets(20)
        request = [Payload(10, ni), Payload(5, ids.of_group(group).pack())]
        chain = self._step(channel, header, b"", request, ni)
        nr, sa = chain.need(Pay.NONCE), payloads.parse_sa(chain.need(Pay.SA))
        if sids:
            wish = [Payload(Pay.GAP, basic(GapAttr.SENDER_ID_REQUEST, sids))]
        chain = self._step(channel, header, ni + nr, wish or [], ni + nr)
        sequence = chain.find(Pay.SEQ)
        number = int.from_bytes(sequence, "big") if sequence is not None else None
        packets = payloads.parse_kd(chain.need(Pay.KD))
        return Registration(sa, packets, number, id_length_octets)

    def _step(
        self, channel: Channel, header: Header, prefix: bytes, body: list[Payload], answer: bytes
    ) -> Chain:
        """One message and its authentic reply, whose HASH covers `answer` before its payloads."""
        assert self.keys is not None
        reply = self.ask(protect(self.keys, channel, header, prefix, body))
        theirs = parse_header(reply)
        if theirs.exchange == Exchange.INFORMATIONAL:
            raise WireError(f"notification {self.open_informational(reply)}")
        plain, chain = channel.open(theirs, reply)
        if not check_hash(self.keys, theirs, answer, plain, chain):
            raise WireError("HASH does not verify")
        channel.accept(reply)
        return chain

    def open_informational(self, message: bytes) -> int:
        """The type of the first notification of a protected message."""
        assert self.keys is not None
        header = parse_header(message)
        channel = self.keys.channel(header.message_id_octets)
        plain, chain = channel.open(header, message)
        if not check_hash(self.keys, header, b"", plain, chain):
            raise WireError("HASH of Informational does not verify")
        return notify.parse(chain.all(Pay.N)[0]).type

    def informational(self, body: list[Payload]) -> bytes:
        """A protected Informational message, ready to send."""
        assert self.keys is not None
        message_id = int.from_bytes(Random().nonzero(4), "big")
        header = self.header(Exchange.INFORMATIONAL, message_id)
        channel = self.keys.channel(header.message_id_octets)
        return protect(self.keys, channel, header, b"", body)


def attribute(octets: bytes, kind: int) -> int | None:
    """The value of the first attribute of a type."""
    return next((a.number for a in parse_attributes(octets, "test") if a.type == kind), None)
