# SPDX-License-Identifier: GPL-2.0-or-later
"""A group's keys over time: TEKs that follow one another, the KEK, sender IDs, members."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from . import acl
from .crypto import CbcCipher, SignatureKey, cipher, signature_key
from .ids import Address
from .key_material import LOWEST_SPI, Generation, Kek, Tek
from .session import Random
from .settings import GroupConfig, Rekey, SaIpsec
from .shared import SharedState
from .transforms import TransformSet

KEK_OVERLAP = 200  # seconds before its end at which IOS replaces a KEK


@dataclass
class RekeyCounters:
    """What was pushed to a member and what came back."""

    sent: int = 0
    retransmitted: int = 0
    acked: int = 0
    missed: int = 0
    last_sent: int | None = None
    last_acked: int | None = None
    ack_length: int | None = None  # the L that its last ACK was made with


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
    rekeys: RekeyCounters = field(default_factory=RekeyCounters)


@dataclass
class Due:
    """What changed since the last PUSH."""

    teks: set[int] = field(default_factory=set)
    policy: bool = False
    kek_from: Kek | None = None  # the KEK that members hold when it is not the current one
    # Members that registered with an older policy, and the KEK they got.
    late: dict[str, Kek | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.teks or self.policy or self.kek_from or self.late)


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
        if self.generations and now < self.generations[-1].expires - self.config.overlap:
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
        self.kek: Kek | None = None
        self.previous_kek: Kek | None = None
        self.due = Due()
        self._store = SharedState(config.shared_state) if config.shared_state else None
        self._busy = False
        self.roll(now)
        self.due = Due()

    @property
    def identity(self) -> str:
        return str(self.config.identity)

    @contextmanager
    def _current(self) -> Iterator[Callable[[], None]]:
        """What runs inside sees the state that key servers share, and calls what it gets when it
        has changed it. Nothing special without a shared state."""
        if self._store is None or self._busy:
            yield self._touch
            return
        with self._store.locked():
            self._busy, self._dirty = True, False
            try:
                self._store.read(self)
                yield self._touch
                if self._dirty:
                    self._store.write(self)
            finally:
                self._busy = False

    def _touch(self) -> None:
        self._dirty = True

    def spis(self) -> list[int]:
        return [tek.spi for sa in self.sas for g in sa.generations for tek in g.teks]

    def roll(self, now: float) -> list[str]:
        """Replaces what is about to expire; returns what to log."""
        with self._current() as dirty:
            if self.counter_mode():
                self.reserve_sid()
            done = self._roll_teks(now) + self._roll_kek(now)
            if done:
                dirty()
            return done

    def _roll_teks(self, now: float) -> list[str]:
        done = []
        used = set(self.spis())
        for sa in self.sas:
            if not sa.roll(now, self.random, used):
                continue
            self._touch()
            self.due.teks.update(tek.spi for tek in sa.generations[-1].teks)
            if sa.made > 1:
                done.append(
                    f"%GDOI-5-KS_TEK_RENEWED: Group {self.config.name}, sa {sa.config.number}: "
                    f"TEK {self._newest(sa)}"
                )
        return done

    def _roll_kek(self, now: float) -> list[str]:
        rekey = self.config.rekey
        if self.previous_kek is not None and self.previous_kek.expires <= now:
            self.previous_kek = None
        if rekey is None or not self._kek_is_due(rekey, now):
            return []
        if self.kek is None:
            self.kek = self.make_kek(now, rekey.sequence, self._make_signature())
            self._touch()
            return []
        return [self.renew_kek(now)]

    def _newest(self, sa: SaState) -> str:
        return ", ".join(f"0x{tek.spi:08X}" for tek in sa.generations[-1].teks)

    def _kek_is_due(self, rekey: Rekey, now: float) -> bool:
        return self.kek is None or now >= self._kek_end(self.kek, rekey)

    @staticmethod
    def _kek_end(kek: Kek, rekey: Rekey) -> float:
        """When the next one is made."""
        return kek.expires - min(KEK_OVERLAP, rekey.lifetime // 2)

    def next_roll(self) -> float | None:
        """The instant at which a TEK or the KEK is due to be replaced."""
        ends = [sa.generations[-1].expires - sa.config.overlap for sa in self.sas if sa.generations]
        if self.kek is not None and self.config.rekey is not None:
            ends.append(self._kek_end(self.kek, self.config.rekey))
        return min(ends, default=None)

    def _make_signature(self) -> SignatureKey:
        assert self.config.rekey is not None
        rekey = self.config.rekey
        return signature_key(rekey.signature, rekey.signature_bits, rekey.signature_pem)

    def make_kek(self, now: float, sequence: int, signature: SignatureKey) -> Kek:
        assert self.config.rekey is not None
        chosen = self.kek_cipher()
        iv, key = self.random.octets(chosen.block), self.random.octets(chosen.key_octets)
        spi = self.random.nonzero(8) + self.random.nonzero(8)
        return Kek(spi, iv, key, now, now + self.config.rekey.lifetime, sequence, signature)

    def kek_cipher(self) -> CbcCipher:
        assert self.config.rekey is not None
        return cipher(self.config.rekey.cipher, self.config.rekey.key_bits)

    def renew_kek(self, now: float, new_signature: bool = False) -> str:
        """A fresh KEK, with the signature key of the one before it unless told otherwise; that one
        stays for the PUSH that brings the new one. Returns what to log."""
        assert self.kek is not None
        with self._current() as dirty:
            dirty()
            self.due.kek_from = self.due.kek_from or self.kek
            self.previous_kek = self.kek
            # RFC 6407 5.7: "the first packet sent for a given Rekey SA will have a Sequence
            # Number of 1."
            signature = self._make_signature() if new_signature else self.kek.signature
            assert self.config.rekey is not None
            self.kek = self.make_kek(now, self.config.rekey.pushed_sequence - 1, signature)
            name, spi = self.config.name, self.kek.spi.hex().upper()
            return f"%GDOI-5-KS_KEK_RENEWED: Group {name}: KEK 0x{spi}"

    def next_sequence(self, kek: Kek, forced: int | None = None) -> int:
        """The number of the next PUSH under `kek`. A forced one that is behind leaves the counter
        where it is."""
        with self._current() as dirty:
            number = kek.sequence + 1 if forced is None else forced
            kek.sequence = max(kek.sequence, number)
            dirty()
            return number

    def renew_teks(self, now: float) -> list[int]:
        """Fresh TEKs for the whole group at once; returns their SPIs."""
        with self._current() as dirty:
            dirty()
            used = set(self.spis())
            for sa in self.sas:
                sa.renew(now, self.random, used)
            made = [tek.spi for sa in self.sas for tek in sa.generations[-1].teks]
            self.due.teks.update(made)
            return made

    def drop_teks(self, spis: set[int] | None) -> None:
        """Forgets the TEKs with these SPIs, or all; the next `roll` makes what is missing."""
        with self._current() as dirty:
            dirty()
            for sa in self.sas:
                sa.generations = [
                    g
                    for g in sa.generations
                    if spis is not None and not any(tek.spi in spis for tek in g.teks)
                ]

    def replace_list(self, number: int, aces: tuple[acl.Ace, ...], now: float) -> None:
        """A new access list for `sa number`. An SPI per entry means new TEKs as well."""
        with self._current() as dirty:
            sa = next((sa for sa in self.sas if sa.config.number == number), None)
            if sa is None:
                raise KeyError(f"group {self.config.name} has no sa {number}")
            dirty()
            sa.aces = aces
            self.due.policy = True
            if sa.config.spi_per_ace:
                sa.generations = []
                self.roll(now)

    def set_transform(self, number: int, transform: TransformSet) -> None:
        """The TEKs that `sa number` makes from now on are of this transform set; those that live
        would be told of with it, so they go."""
        with self._current() as dirty:
            sa = next((sa for sa in self.sas if sa.config.number == number), None)
            if sa is None:
                raise KeyError(f"group {self.config.name} has no sa {number}")
            dirty()
            sa.config = replace(sa.config, transform=transform)
            sa.generations = []
            self.due.policy = True

    def forget(self, now: float) -> None:
        """Loses all state, as a key server does that restarts without a copy of it."""
        fresh = Group(replace(self.config, shared_state=None), self.random, now)
        with self._current() as dirty:
            dirty()
            self.sas, self.next_sid = fresh.sas, 0
            self.kek, self.previous_kek = fresh.kek, None
            self.members, self.due = {}, Due()

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
        with self._current() as dirty:
            dirty()
            first = self.next_sid
            self.next_sid = min(first + count, 1 << self.config.sid_bits)
            return list(range(first, self.next_sid))

    def authorized(self, address: Address) -> bool:
        return not self.config.members or address in self.config.members


__all__ = ["Due", "Generation", "Group", "Kek", "Member", "RekeyCounters", "SaState", "Tek"]
