# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys of a group: TEKs that are made together, and the KEK of a Rekey SA."""
from __future__ import annotations

from dataclasses import dataclass

from .crypto import SignatureKey

LOWEST_SPI = 256  # RFC 4303 2.1: 1 to 255 are reserved


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
    sequence: int  # of the last PUSH under it
    signature: SignatureKey  # signs what is pushed under it

    def remaining(self, now: float) -> int:
        return max(1, int(self.expires - now))
