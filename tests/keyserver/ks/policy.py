# SPDX-License-Identifier: GPL-2.0-or-later
"""A group's keys over time: TEKs that follow one another, the KEK, sender IDs, members."""
from __future__ import annotations

from dataclasses import dataclass, field

from . import acl
from .crypto import SignatureKey, cipher, signature_key
from .ids import Address
from .session import Random
from .settings import GroupConfig, Rekey, SaIpsec
from .transforms import TransformSet

LOWEST_SPI = 256  # RFC 4303 2.1: 1 to 255 are reserved
KEK_OVERLAP = 200  # seconds before its end at which IOS replaces a KEK


@dataclass(frozen=True)
class Tek:
    spi: int
    cipher_key: bytes
    integrity_key: bytes


@dataclass(frozen=True)
class Generation:
    """The TEKs made for one `sa` at one time: one, or one for every permitting entry."""

    teks: tuple[Tek, ...]
    created: float
    expires: float

    def tek(self, permit_index: int) -> Tek:
        return self.teks[permit_index if len(self.teks) > 1 else 0]

    def remaining(self, now: float) -> int:
        """Whole seconds left, at least one: a member must not outlive the key server's idea."""
        return max(1, int(self.expires - now))


@dataclass
class Kek:
    spi: bytes  # the cookie pair of the Rekey SA
    iv: bytes
    key: bytes
    created: float
    expires: float
    sequence: int

    def remaining(self, now: float) -> int:
        return max(1, int(self.expires - now))


@dataclass
class Member:
    """A GM as `show crypto gdoi ks members` lists it."""

    address: str
    port: int
    identity: str
    registered_at: float = 0.0
    registrations: int = 0
    state: str = "registering"
    spis: list[int] = field(default_factory=list)
    sids: list[int] = field(default_factory=list)
    last_notify: str = ""


class SaState:
    """One `sa ipsec` with the generations of its TEK that are alive, oldest first."""

    def __init__(self, config: SaIpsec) -> None:
        self.config = config
        self.aces: tuple[acl.Ace, ...] = config.aces
        self.generations: list[Generation] = []
        self.made = 0

    def roll(self, now: float, random: Random, used: set[int]) -> bool:
        """Drops dead TEKs and makes the next one in time; True when it made one."""
        self.generations = [g for g in self.generations if g.expires > now]
        if self.generations and self.generations[-1].expires - now > self.config.overlap:
            return False
        self.renew(now, random, used)
        return True

    def renew(self, now: float, random: Random, used: set[int]) -> None:
        """A fresh TEK beside the ones that live."""
        count = 1
        if self.config.spi_per_ace:
            count = max(1, sum(ace.permit for ace in self.aces))
        teks = tuple(self._tek(random, used) for _ in range(count))
        self.generations.append(Generation(teks, now, now + self.config.lifetime))

    def _tek(self, random: Random, used: set[int]) -> Tek:
        spi = self.config.spi + self.made if self.config.spi is not None else 0
        while spi < LOWEST_SPI or (spi in used and self.config.spi is None):
            spi = int.from_bytes(random.octets(4), "big")
        self.made += 1
        used.add(spi)
        transform: TransformSet = self.config.transform
        return Tek(
            spi & 0xFFFFFFFF,
            random.octets(transform.cipher_octets),
            random.octets(transform.integrity_octets),
        )


class Group:
    """A group, its keys and its members. `roll` brings it up to date before every use."""

    def __init__(self, config: GroupConfig, random: Random, now: float) -> None:
        self.config = config
        self.random = random
        self.sas = [SaState(sa) for sa in config.sas]
        self.members: dict[str, Member] = {}
        self.next_sid = 0
        self.signature: SignatureKey | None = None
        self.kek: Kek | None = None
        if config.rekey is not None:
            rekey = config.rekey
            self.signature = signature_key(
                rekey.signature, rekey.signature_bits, rekey.signature_pem
            )
        self.roll(now)

    @property
    def identity(self) -> str:
        return str(self.config.identity)

    def roll(self, now: float) -> list[str]:
        """Replaces what is about to expire; returns what to log."""
        done = []
        if self.counter_mode():
            self.reserve_sid()
        used = {t.spi for sa in self.sas for g in sa.generations for t in g.teks}
        for sa in self.sas:
            if sa.roll(now, self.random, used) and sa.made > 1:
                done.append(
                    f"%GDOI-5-KS_TEK_RENEWED: Group {self.config.name}, sa {sa.config.number}: "
                    f"TEK {self._newest(sa)}"
                )
        rekey = self.config.rekey
        if rekey is not None and self._kek_is_due(rekey, now):
            renewed = self.kek is not None
            self.kek = self._make_kek(rekey, now)
            if renewed:
                done.append(
                    f"%GDOI-5-KS_KEK_RENEWED: Group {self.config.name}: "
                    f"KEK 0x{self.kek.spi.hex().upper()}"
                )
        return done

    def _newest(self, sa: SaState) -> str:
        return ", ".join(f"0x{tek.spi:08X}" for tek in sa.generations[-1].teks)

    def _kek_is_due(self, rekey: Rekey, now: float) -> bool:
        overlap = min(KEK_OVERLAP, rekey.lifetime // 2)
        return self.kek is None or self.kek.expires - now <= overlap

    def _make_kek(self, rekey: Rekey, now: float) -> Kek:
        chosen = cipher(rekey.cipher, rekey.key_bits)
        iv, key = self.random.octets(chosen.block), self.random.octets(chosen.key_octets)
        spi = self.random.nonzero(8) + self.random.nonzero(8)
        return Kek(spi, iv, key, now, now + rekey.lifetime, rekey.sequence)

    def renew_teks(self, now: float) -> list[int]:
        """Fresh TEKs for the whole group at once; returns their SPIs."""
        used = {t.spi for sa in self.sas for g in sa.generations for t in g.teks}
        for sa in self.sas:
            sa.renew(now, self.random, used)
        return [tek.spi for sa in self.sas for tek in sa.generations[-1].teks]

    def replace_list(self, number: int, aces: tuple[acl.Ace, ...], now: float) -> None:
        """A new access list for `sa number`. An SPI per entry means new TEKs as well."""
        sa = next((sa for sa in self.sas if sa.config.number == number), None)
        if sa is None:
            raise KeyError(f"group {self.config.name} has no sa {number}")
        sa.aces = aces
        if sa.config.spi_per_ace:
            sa.generations = []
            self.roll(now)

    def counter_mode(self) -> bool:
        return any(sa.config.transform.counter_mode for sa in self.sas)

    def reserve_sid(self) -> None:
        """Makes sure that there is a SID to give. RFC 6407 3.5: "the GCKS MUST delete the
        Data-Security SAs for the group, followed by creation of new Data-Security SAs, and
        resetting the SID-counter to its initial value"."""
        if self.next_sid < 1 << self.config.sid_bits:
            return
        self.next_sid = 0
        for sa in self.sas:
            sa.generations = []

    def allot_sids(self, count: int) -> list[int]:
        """Up to `count` SIDs. RFC 6407 3.5: "SIDs are allocated sequentially, with the first SID
        allocated to be zero"."""
        first = self.next_sid
        self.next_sid = min(first + count, 1 << self.config.sid_bits)
        return list(range(first, self.next_sid))

    def authorized(self, address: Address) -> bool:
        return not self.config.members or address in self.config.members
