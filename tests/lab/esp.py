# SPDX-License-Identifier: GPL-2.0-or-later
"""ESP (RFC 4303) with AES-CBC and HMAC-SHA-256-128, to open what the kernel sent and to send what no
kernel would. Keys come from `ip xfrm state`. Independent of the daemon and of the kernel's code."""

import dataclasses
import hmac
import os
import re
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from packets import ESP, Packet, build_ipv4, build_ipv6, parse
from topology import LabError

IV, BLOCK, ICV = 16, 16, 16
INSIDE = {4: 4, 6: 41}  # next header by IP version
OVERHEAD = 8 + IV + ICV  # SPI and sequence number, IV, ICV


def inner_mtu(outer_mtu, header=20):
    """The largest inner packet whose ESP fits: padding, pad length and next header end on a block."""
    return (outer_mtu - header - OVERHEAD) // BLOCK * BLOCK - 2


@dataclasses.dataclass(frozen=True)
class Sa:
    spi: int
    cipher_key: bytes
    integrity_key: bytes

    def icv(self, data):
        return hmac.digest(self.integrity_key, data, "sha256")[:ICV]

    def open(self, packet: Packet):
        """The inner packet; raises when the ESP packet is not authentic or not well formed."""
        data, icv = packet.payload[:-ICV], packet.payload[-ICV:]
        if packet.protocol != ESP or packet.spi != self.spi:
            raise LabError(f"not of this SA: {packet}")
        if not hmac.compare_digest(self.icv(data), icv):
            raise LabError(f"wrong ICV: {packet}")
        decryptor = Cipher(algorithms.AES(self.cipher_key), modes.CBC(data[8:8 + IV])).decryptor()
        plain = decryptor.update(data[8 + IV:]) + decryptor.finalize()
        padding, inside = plain[-2], plain[-1]
        if plain[-2 - padding:-2] != bytes(range(1, padding + 1)) or inside != INSIDE[packet.version]:
            raise LabError(f"bad padding or next header {inside}: {packet}")
        return parse(plain[:-2 - padding])

    def seal(self, inner, sequence, source, destination):
        """A whole packet of the inner one's version: `inner` in ESP between any two addresses."""
        padding = -(len(inner) + 2) % BLOCK
        plain = inner + bytes(range(1, padding + 1)) + bytes([padding, INSIDE[inner[0] >> 4]])
        iv = os.urandom(IV)
        encryptor = Cipher(algorithms.AES(self.cipher_key), modes.CBC(iv)).encryptor()
        data = struct.pack("!II", self.spi, sequence) + iv + encryptor.update(plain) + encryptor.finalize()
        build = build_ipv6 if inner[0] >> 4 == 6 else build_ipv4
        return build(source, destination, ESP, data + self.icv(data))


def sa_of(lab, node, of_spi=None):
    """The one SA of a member, from its kernel, or that of an SPI. Two SPIs in there are an error otherwise."""
    text = lab.exec(node, "ip", "xfrm", "state").stdout
    found = {
        Sa(int(spi, 16), bytes.fromhex(cipher_key), bytes.fromhex(integrity_key))
        for spi, integrity_key, cipher_key in re.findall(
            r"proto esp spi (0x[0-9a-f]+) .*?auth-trunc hmac\(sha256\) 0x([0-9a-f]+) 128.*?enc cbc\(aes\) 0x([0-9a-f]+)",
            text, re.DOTALL)
        if of_spi in (None, int(spi, 16))
    }
    if len(found) != 1:
        raise LabError(f"{node}: not one AES-CBC/HMAC-SHA-256-128 key but {len(found)}\n{text}")
    return found.pop()
