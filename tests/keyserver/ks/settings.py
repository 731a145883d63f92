# SPDX-License-Identifier: GPL-2.0-or-later
"""What a key server is configured to be; see lab.toml for the words used in a file."""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import acl, transforms
from .ids import Address, Identity
from .numbers import AUTH_PSK, GDOI_PORT, VENDOR_IDS
from .trustpoint import Trustpoint


@dataclass(frozen=True)
class IsakmpPolicy:
    """`crypto isakmp policy N`."""

    priority: int
    cipher: str
    key_bits: int
    hash: int
    group: int
    lifetime: int
    method: int = AUTH_PSK
    trustpoint: Trustpoint | None = None  # where it is not pre-shared keys


@dataclass(frozen=True)
class PresharedKey:
    """`crypto isakmp key SECRET address A`; neither address nor identity = any."""

    secret: bytes
    address: Address | None
    identity: Identity | None = None  # for Aggressive Mode


@dataclass(frozen=True)
class Phase1Options:
    """How phase 1 looks on the wire where the RFCs leave room."""

    dois: tuple[int, ...] = (1, 2)
    identity_protocol: int = 17
    identity_port: int = GDOI_PORT
    vendor_ids: tuple[bytes, ...] = (VENDOR_IDS["dpd"],)
    responder_lifetime: bool = False
    initial_contact: bool = False
    nonce_octets: int = 20
    nat_traversal: tuple[str, ...] = ("nat-t", "nat-t-03", "nat-t-02n", "nat-t-02")
    fragmentation: bool = True
    fragment_octets: int = 1200  # of a datagram, from which on messages are cut
    identity: Identity | str = "address"  # or "dn": of our certificate
    certificate_request: str = "ca"  # or "empty", "none"
    modes: tuple[str, ...] = ("main", "aggressive")


@dataclass(frozen=True)
class Format:
    """How the group's payloads look on the wire where implementations differ."""

    id_length_octets: int = 1  # of the identities inside SAT
    kek_id_length_octets: int = 1  # of the identities inside SAK
    lifetime: str = "variable"  # or "basic" where it fits
    any: str = "subnet"  # or "zero-length", "three-octets": how `any` travels
    sig_key_length: str = "bits"  # or "der": octets of the DER key times 8
    pop: int = 0  # the reserved octets where RFC 3547 had POP fields
    generations: str = "ace"  # or "list": order of SATs while two TEKs live
    sig_digestinfo: bool = True  # whether an RSA signature of a PUSH names its hash
    sig_header: str = "unpadded"  # the header that a PUSH's signature covers
    kek_packet_spi: str = "new"  # or "old": of a new KEK's key packet in a PUSH


@dataclass(frozen=True)
class Rekey:
    """`rekey ...` of a group: the KEK."""

    cipher: str
    key_bits: int
    lifetime: int
    signature: str
    signature_bits: int
    signature_hash: str | None
    signature_pem: Path | None
    transport: str
    multicast: Address | None
    sequence: int
    acknowledgement: int | None
    key_length_attribute: bool
    private_attributes: tuple[tuple[int, bytes], ...]
    push: bool = False  # whether changes are pushed by themselves
    push_content: str = "complete"  # or "new-only"
    retransmit_interval: float = 10.0
    retransmit_number: int = 2
    retransmit_new_sequence: bool = False
    pushed_sequence: int = 1  # of the first PUSH under a KEK that came by PUSH


@dataclass(frozen=True)
class SaIpsec:
    """`sa ipsec N` of a group: a list and the TEK that protects it."""

    number: int
    list_name: str
    aces: tuple[acl.Ace, ...]
    transform: transforms.TransformSet
    lifetime: int
    kilobytes: int | None
    overlap: int
    replay: str
    deny: str
    spi_per_ace: bool
    spi: int | None
    preservation: int | None
    direction: int | None
    private_attributes: tuple[tuple[int, bytes], ...]
    extended_sequence: bool = False
    deny_attributes: tuple[tuple[int, bytes], ...] = ()  # what marks a denying entry


@dataclass(frozen=True)
class GroupConfig:
    """`crypto gdoi group NAME`, `server local`."""

    name: str
    identity: int | Address
    address: Address
    members: tuple[Address, ...]  # `authorization address ipv4`; empty = everybody
    rekey: Rekey | None
    sas: tuple[SaIpsec, ...]
    activation_delay: int | None
    deactivation_delay: int | None
    sid_bits: int
    format: Format
    shared_state: Path | None = None  # key servers of one file serve the same keys


@dataclass(frozen=True)
class Config:
    address: Address
    port: int
    policies: tuple[IsakmpPolicy, ...]
    keys: tuple[PresharedKey, ...]
    phase1: Phase1Options
    groups: tuple[GroupConfig, ...]
    faults: tuple[dict[str, Any], ...] = field(default=())
    trustpoints: tuple[Trustpoint, ...] = ()
    answer_address: Address | None = None  # all that is sent comes from there, not from `address`
