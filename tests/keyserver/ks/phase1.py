# SPDX-License-Identifier: GPL-2.0-or-later
"""Main and Aggressive Mode as responder (RFC 2409 5.1, 5.4). What proves an identity is HASH with
pre-shared keys, [CERT,] SIG with certificates.

    I                         R             I                               R
    HDR, SA           -->                   HDR, SA, KE, Ni, IDii    -->
                      <--     HDR, SA                                <--    HDR, SA, KE, Nr, IDir,
    HDR, KE, Ni [,CR] -->                                                   [CR,] proof
                      <--     HDR, KE, Nr   HDR[*], proof            -->
                              [,CR]
    HDR*, IDii, proof -->
                      <--     HDR*, IDir, proof
"""
from __future__ import annotations

from enum import Enum, auto
from ipaddress import ip_address

from . import faults as f
from . import ids, nat, notify, proposal
from .crypto import CbcCipher, CryptoError, DiffieHellman, cipher, digest, prf
from .keys import Channel, SessionKeys, SkeyId, cipher_key, derive
from .numbers import ECDSA_HASHES, FLAG_ENCRYPTION, VENDOR_IDS, Exchange, IdType, Notify, Pay
from .proofs import PresharedKeyProof, Proof, SignatureProof
from .session import Context, Memory, Peer, Refused, Reply, clear_message
from .settings import IsakmpPolicy
from .wire import ZERO_COOKIE, Chain, Header, Payload, WireError, build_chain, parse_chain


class State(Enum):
    EXPECT_SA = auto()
    EXPECT_KE = auto()
    EXPECT_AUTH = auto()
    ESTABLISHED = auto()


class Phase1:
    """One phase 1 negotiation and, once it is established, its keys."""

    def __init__(self, context: Context, peer: Peer, local: ids.Address, now: float) -> None:
        self.context = context
        self.peer = peer
        self.local = local
        self.state = State.EXPECT_SA
        self.started = now
        self.expires: float | None = None
        self.memory = Memory()
        self.cookie_i = ZERO_COOKIE
        self.cookie_r = context.random.nonzero(8)
        self.identity: ids.Identity | None = None
        self.keys: SessionKeys | None = None
        self.doi = 0
        self.exchange: int = Exchange.MAIN
        self.initial_contact = False
        self.nat_dialect: tuple[bytes, int] | None = None  # vendor ID and NAT-D type
        self.nat = nat.Found(False, False)
        self.fragments = False  # whether both sides announced that they take fragments
        self._offer: proposal.Offer
        self._policy: IsakmpPolicy
        self._skeyid: SkeyId
        self._channel: Channel
        self._proof: Proof
        self._ours: DiffieHellman
        self._theirs = b""
        self._told = b""  # IDii of Aggressive Mode
        self._lifetime = 0

    @property
    def cookies(self) -> bytes:
        return self.cookie_i + self.cookie_r

    def receive(self, header: Header, message: bytes, now: float) -> list[Reply]:
        """The replies to a message of phase 1; raises Refused, WireError or CryptoError, which
        leave the negotiation where it was."""
        if self.memory.repeats(message):
            self.context.log.debug(f"phase 1 message of {self.peer[0]} came again, reply repeated")
            return self.memory.replies
        if header.message_id != 0:
            raise Refused(f"phase 1 with message ID {header.message_id:#x}")
        if self.state is State.EXPECT_SA:
            self.exchange, self.cookie_i = header.exchange, header.cookie_i
            aggressive = header.exchange == Exchange.AGGRESSIVE
            if ("aggressive" if aggressive else "main") not in self.context.config.phase1.modes:
                return self._refuse(Notify.INVALID_EXCHANGE_TYPE, "this mode is switched off")
            first = self._on_aggressive if aggressive else self._on_sa
            return self.memory.keep(message, first(header, message))
        if header.exchange != self.exchange:
            raise Refused("the member changed the mode of phase 1")
        if self.state is State.EXPECT_KE:
            return self.memory.keep(message, self._on_ke(header, message))
        if self.state is State.EXPECT_AUTH:
            last = self._on_auth if self.exchange == Exchange.MAIN else self._on_last
            return self.memory.keep(message, last(header, message, now))
        raise Refused("message of phase 1 after phase 1 was established")

    def header(self, exchange: int | None = None, message_id: int = 0) -> Header:
        kind = self.exchange if exchange is None else exchange
        return Header(self.cookie_i, self.cookie_r, Pay.NONE, kind, 0, message_id)

    def _reply(self, name: str, payloads: list[Payload]) -> list[Reply]:
        header = self.header()
        out = [clear_message(self.context, self.peer[0], name, header, payloads)]
        if fault := self.context.faults.take("forged-notify", self.peer[0], name):
            kind = fault.number("notify", Notify.NO_PROPOSAL_CHOSEN)
            out.insert(0, notify.in_the_clear(self, kind))
        return out

    def _on_sa(self, header: Header, message: bytes) -> list[Reply]:
        chain = parse_chain(message[28:], header.next_payload)
        answer = self._choose(chain)
        if isinstance(answer, list):
            return answer
        vendor_ids = self._announced(chain.all(Pay.VID))
        self.state = State.EXPECT_KE
        self.context.log.debug(f"MM1 of {self.peer[0]}: ISAKMP policy {self._policy.priority}")
        return self._reply("mm2", [answer, *vendor_ids])

    def _choose(self, chain: Chain) -> Payload | list[Reply]:
        """The SA payload that answers the offer, or the refusal of all of it."""
        offer = proposal.parse_sa(chain.need(Pay.SA))
        self.doi = offer.doi
        for vendor_id in chain.all(Pay.VID):
            self.context.log.debug(f"vendor ID {vendor_id.hex()} from {self.peer[0]}")
        options = self.context.config.phase1
        if offer.doi not in options.dois:
            return self._refuse(Notify.DOI_NOT_SUPPORTED, f"DOI {offer.doi}")
        chosen = proposal.choose(self.context.config.policies, offer)
        if chosen is None or self._fault("no-proposal"):
            return self._refuse(Notify.NO_PROPOSAL_CHOSEN, "no ISAKMP policy matches the offer")
        self._offer, (self._policy, transform) = offer, chosen
        self._lifetime = min(transform.lifetime() or self._policy.lifetime, self._policy.lifetime)
        if self._fault("unoffered-proposal"):
            octets = f.corrupt(transform.attributes, 3)
            transform = proposal.Transform(transform.number, transform.id, octets, [])
        body = proposal.build_sa(offer.doi, offer.situation, offer.number, [transform])
        return Payload(Pay.SA, body)

    def _announced(self, heard: list[bytes]) -> list[Payload]:
        """The vendor IDs of message 2: ours, and of those that need two what the member sent."""
        options = self.context.config.phase1
        out = list(options.vendor_ids)
        if self.exchange == Exchange.MAIN:
            self.nat_dialect = nat.choose(heard, options.nat_traversal)
        if self.nat_dialect is not None:
            out.append(self.nat_dialect[0])
        ours = VENDOR_IDS["fragmentation"]
        self.fragments = options.fragmentation and any(v[:16] == ours[:16] for v in heard)
        return [Payload(Pay.VID, octets) for octets in (out + [ours] if self.fragments else out)]

    def _nat_d(self, bodies: list[bytes]) -> list[Payload]:
        """What message 4 says of NATs, after looking at what message 3 said."""
        if self.nat_dialect is None or not bodies:
            return []
        ours = nat.End(self.local, self.context.config.port)
        theirs = nat.End(ip_address(self.peer[0]), self.peer[1])
        arguments = (self._policy.hash, self.cookies)
        self.nat = nat.detect(bodies, *arguments, ours, theirs)
        out = [nat.body(*arguments, theirs), nat.body(*arguments, ours)]
        if self._fault("wrong-nat-d"):
            out[0] = f.corrupt(out[0], 0)
        return [Payload(self.nat_dialect[1], body) for body in out]

    def _refuse(self, kind: Notify, why: str) -> list[Reply]:
        self.context.log.event(
            f"%CRYPTO-6-IKMP_MODE_FAILURE: Processing of phase 1 failed with peer at "
            f"{self.peer[0]}: {why}"
        )
        return [notify.in_the_clear(self, kind)]

    def _on_ke(self, header: Header, message: bytes) -> list[Reply]:
        chain = parse_chain(message[28:], header.next_payload)
        out = self._exchange_keys(chain, None)
        self.state = State.EXPECT_AUTH
        return self._reply("mm4", out + self._proof.requests())

    def _exchange_keys(self, chain: Chain, identity: ids.Identity | None) -> list[Payload]:
        """KE and Nr, once they were used together with the member's."""
        theirs, ni = chain.need(Pay.KE), chain.need(Pay.NONCE)
        if not 8 <= len(ni) <= 256:
            raise WireError(f"nonce of {len(ni)} octets")  # RFC 2409 5
        ours = DiffieHellman(self._policy.group)
        gxy = ours.shared(theirs)
        nr = self.context.random.octets(self.context.config.phase1.nonce_octets)
        hash_, point = self._policy.hash, self._policy.trustpoint
        self._proof = PresharedKeyProof(self.context, self.peer, identity)
        if point is not None:
            self._proof = SignatureProof(self.context, self.peer, point)
        skeyid = self._proof.skeyid(hash_, ni, nr, gxy)
        self._skeyid = derive(hash_, skeyid, gxy, self.cookies)
        # RFC 2409 App B: the first IV is a hash of both public values.
        chosen = self._cipher()
        iv = digest(hash_, theirs + ours.public)[: chosen.block]
        key = cipher_key(self._skeyid, chosen.key_octets)
        self._channel = Channel(chosen, key, iv)
        self._ours, self._theirs = ours, theirs
        self.context.log.secret(f"{self.cookie_i.hex()},{key.hex()}")
        derived = (gxy, self._skeyid.skeyid, self._skeyid.d, self._skeyid.a, self._skeyid.e, key)
        self.context.log.secret("of phase 1: " + " ".join(one.hex() for one in derived))
        nat_d = self._nat_d(chain.all(self.nat_dialect[1]) if self.nat_dialect else [])
        public = ours.public
        if self._fault("degenerate-ke"):
            public = (1).to_bytes(len(public), "big")
        return [Payload(Pay.KE, public), Payload(Pay.NONCE, nr), *nat_d]

    def _cipher(self) -> CbcCipher:
        return cipher(self._policy.cipher, self._policy.key_bits)

    def _on_auth(self, header: Header, message: bytes, now: float) -> list[Reply]:
        try:
            _, chain = self._channel.open(header, message)
        except WireError as error:
            raise Refused(f"message 5 does not decrypt, wrong pre-shared key? ({error})") from None
        self._verify(chain, chain.need(Pay.ID))
        self._channel.accept(message)
        reply = self._auth_reply()
        self._establish(reply.data, now)
        return [reply]

    def _verify(self, chain: Chain, identity: bytes) -> None:
        """Whether the member is who it says; raises Refused."""
        told = ids.parse_identity(identity)
        value = self._hash(self._theirs, self._ours.public, True, identity)
        self._proof.check(chain, self._proof_hash(), value, told)
        self.identity = told
        self.initial_contact = any(
            notify.parse(body).type == Notify.INITIAL_CONTACT for body in chain.all(Pay.N)
        )

    def _establish(self, last: bytes, now: float) -> None:
        """`last` ends with the last ciphertext of phase 1."""
        last_block = last[-self._channel.cipher.block :]
        self.keys = SessionKeys(self._skeyid, self._channel.cipher, self._channel.key, last_block)
        self.state = State.ESTABLISHED
        self.expires = now + self._lifetime
        mode = "Aggressive" if self.exchange == Exchange.AGGRESSIVE else "Main"
        self.context.log.event(
            f"%CRYPTO-5-SESSION_STATUS: ISAKMP SA is up. Peer {self.peer[0]}:{self.peer[1]} "
            f"Id: {self.identity}, policy {self._policy.priority}, {self._lifetime} seconds, "
            f"{mode} Mode, method {self._policy.method}"
        )

    def _on_aggressive(self, header: Header, message: bytes) -> list[Reply]:
        chain = parse_chain(message[28:], header.next_payload)
        self._told = chain.need(Pay.ID)
        answer = self._choose(chain)
        if isinstance(answer, list):
            return answer
        exchange = self._exchange_keys(chain, ids.parse_identity(self._told))
        identity, proof = self._prove("am2")
        self.state = State.EXPECT_AUTH
        requests, vendor_ids = self._proof.requests(), self._announced(chain.all(Pay.VID))
        return self._reply("am2", [answer, *exchange, identity, *requests, *vendor_ids, *proof])

    def _on_last(self, header: Header, message: bytes, now: float) -> list[Reply]:
        """Message 3 of Aggressive Mode; RFC 2409 5 leaves open whether it is encrypted."""
        encrypted = header.flags & FLAG_ENCRYPTION
        if encrypted:
            _, chain = self._channel.open(header, message)
        else:
            chain = parse_chain(message[28:], header.next_payload)
        self._verify(chain, self._told)
        self._establish(message if encrypted else self._channel.iv, now)
        return []

    def _hash(self, first: bytes, second: bytes, initiator: bool, identity: bytes) -> bytes:
        """HASH_I or HASH_R of RFC 2409 5."""
        cookies = self.cookies if initiator else self.cookie_r + self.cookie_i
        data = first + second + cookies + self._offer.body + identity
        return prf(self._proof_hash(), self._skeyid.skeyid, data)

    def _proof_hash(self) -> int:
        """RFC 2409 5.1: a signature method that is tied to a hash has HASH_I and HASH_R made with
        that one; RFC 4754 4 has one for each curve."""
        return ECDSA_HASHES.get(self._policy.method, self._policy.hash)

    def _our_identity(self) -> ids.Identity:
        options, point = self.context.config.phase1, self._policy.trustpoint
        if fault := self.context.faults.take("told-identity", self.peer[0]):
            return ids.from_text(str(fault.parameters.get("identity", "fqdn:nobody.example")))
        if isinstance(options.identity, ids.Identity):
            return options.identity
        if options.identity == "dn" and point is not None:
            return ids.Identity(IdType.DER_ASN1_DN, point.subject())
        return ids.of_address(self.local, options.identity_port, options.identity_protocol)

    def _prove(self, name: str) -> tuple[Payload, list[Payload]]:
        """Our ID payload and what proves it."""
        body = self._our_identity().pack()
        value = self._hash(self._ours.public, self._theirs, False, body)
        if self.context.faults.take("wrong-hash", self.peer[0], name):
            value = f.corrupt(value, 0)
        if self._fault("wrong-identity"):
            body = f.corrupt(body, 7)
        return Payload(Pay.ID, body), self._proof.give(self._proof_hash(), value)

    def _auth_reply(self) -> Reply:
        options, faults, peer = self.context.config.phase1, self.context.faults, self.peer[0]
        identity, proof = self._prove("mm6")
        payloads = [identity, *proof]
        if options.initial_contact:
            payloads.append(notify.payload(Notify.INITIAL_CONTACT, self.doi, self.cookies))
        if options.responder_lifetime:
            payloads.append(notify.lifetime(self.doi, self.cookies, self._lifetime))
        payloads = f.shape_payloads(faults, peer, "mm6", payloads)
        octets = f.shape_octets(faults, peer, "mm6", build_chain(payloads))
        return Reply("mm6", self._channel.seal(self.header(), octets, payloads[0].type))

    def _fault(self, name: str) -> bool:
        return self.context.faults.take(name, self.peer[0]) is not None


__all__ = ["CryptoError", "Phase1", "State"]
