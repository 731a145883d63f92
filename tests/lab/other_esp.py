# SPDX-License-Identifier: GPL-2.0-or-later
"""ESP by other implementations than the kernel's: scapy's, and for what that lacks the few lines that
the RFCs want around the `cryptography` library. Keys are those the key server made."""

import dataclasses
import itertools
import json
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import AUTH_ALGOS, ESP, IPSecIntegrityError, SecurityAssociation

from topology import LabError

HEADER, IV, ESP_PROTOCOL = 8, 8, 50
INSIDE = {4: 4, 6: 41}  # next header by IP version


@dataclasses.dataclass(frozen=True)
class Algorithm:
    words: str  # of the key server's transform set
    scapy: str  # "" where scapy has none
    icv: int = 0  # octets, of combined modes
    counter: bool = False  # has an explicit IV that a sender ID may begin


BITS = (128, 192, 256)
PLAIN = [Algorithm("esp-null", "NULL"), Algorithm("esp-3des", "3DES"),
         *(Algorithm(f"esp-aes {b}", "AES-CBC") for b in BITS),
         *(Algorithm(f"esp-aes-ctr {b}", "AES-CTR", 0, True) for b in BITS)]
# scapy's GCM has ICVs of 16 octets only, and it has no GMAC.
COMBINED = [Algorithm(f"{words} {b}", scapy, icv, True) for words, scapy, icv in (
    ("esp-gcm", "AES-GCM", 16), ("esp-gcm-12", "", 12), ("esp-gcm-8", "", 8), ("esp-gmac", "", 16),
    ("esp-ccm-16", "AES-CCM", 16), ("esp-ccm-12", "AES-CCM", 12), ("esp-ccm-8", "AES-CCM", 8)) for b in BITS]
INTEGRITY = {"esp-md5-hmac": "HMAC-MD5-96", "esp-sha-hmac": "HMAC-SHA1-96", "esp-sha256-hmac": "SHA2-256-128",
             "esp-sha384-hmac": "SHA2-384-192", "esp-sha512-hmac": "SHA2-512-256"}


@dataclasses.dataclass(frozen=True)
class Suite:
    """A transform set: a cipher, and an integrity algorithm unless the cipher brings its own."""
    cipher: Algorithm
    integrity: str = ""
    extended_sequence: bool = False

    @property
    def words(self):
        return f"{self.cipher.words} {self.integrity}".strip()

    def __str__(self):
        return self.words + (" with extended sequence numbers" if self.extended_sequence else "")


def all_suites():
    """Each pair of a cipher and an integrity algorithm, and each combined mode."""
    return [Suite(c, i) for c, i in itertools.product(PLAIN, INTEGRITY)] + [Suite(c) for c in COMBINED]


class NotAuthentic(Exception):
    """An ESP packet whose integrity check value is wrong."""


class OtherEsp:
    """One SA with somebody else's ESP, in tunnel mode, of IPv4 or IPv6 as the addresses say. With extended sequence
    numbers the upper half is not in the packet: it has to be known, and the integrity check value covers it."""

    def __init__(self, suite, spi, cipher_key, integrity_key):
        self.suite, self.spi, self.key, self.integrity_key = suite, spi, cipher_key, integrity_key

    def open(self, packet, source, destination, upper=0):
        """The inner packet's octets of an ESP payload; raises NotAuthentic."""
        if struct.unpack_from("!I", packet)[0] != self.spi:
            raise LabError(f"not of SPI 0x{self.spi:08x}")
        if self._is_own():
            return self._open(packet, INSIDE[version_of(source)])
        if self._signs_own():
            packet, icv = packet[:-self._mac().icv_size], packet[-self._mac().icv_size:]
            if self._icv(packet, upper) != icv:
                raise NotAuthentic(self.suite)
        whole = header(source, destination) / ESP(packet)
        try:
            return bytes(self._scapy(source, destination, upper).decrypt(whole.__class__(bytes(whole))))
        except IPSecIntegrityError as error:
            raise NotAuthentic(self.suite) from error

    def seal(self, inner, sequence, source, destination, iv=None, upper=None):
        """A whole packet with `inner` in ESP. `iv` is for counter modes; `upper` is used in place of the upper half of
        `sequence`."""
        upper, lower = sequence >> 32 if upper is None else upper, sequence & 0xFFFFFFFF
        outer = header(source, destination)
        if self._is_own():
            return bytes(outer / self._seal(inner, lower, iv or os.urandom(IV), INSIDE[version_of(source)]))
        sealed = self._scapy(source, destination, upper).encrypt(outer.__class__(inner), seq_num=lower, iv=iv)
        if not self._signs_own():
            return bytes(sealed)
        data = bytes(sealed[ESP])
        return bytes(outer / (data + self._icv(data, upper)))

    def _is_own(self):
        return not self.suite.cipher.scapy

    def _signs_own(self):
        """scapy knows extended sequence numbers with combined modes only."""
        return self.suite.extended_sequence and self.suite.integrity

    def _scapy(self, source, destination, upper):
        cipher, integrity = self.suite.cipher, "" if self._signs_own() else self.suite.integrity
        return SecurityAssociation(
            ESP, self.spi, crypt_algo=cipher.scapy, crypt_key=self.key or None, crypt_icv_size=cipher.icv or None,
            auth_algo=INTEGRITY[integrity] if integrity else None, auth_key=self.integrity_key or None,
            tunnel_header=header(source, destination), esn_en=self.suite.extended_sequence, esn=upper)

    def _mac(self):
        return AUTH_ALGOS[INTEGRITY[self.suite.integrity]]

    # RFC 4303 section 2.2.1: the upper half is appended to what the integrity algorithm runs over.

    def _icv(self, data, upper):
        mac = self._mac().new_mac(self.integrity_key)
        mac.update(data + struct.pack("!I", upper))
        return mac.finalize()[:self._mac().icv_size]

    # RFC 4106 and RFC 4543: the salt stands behind the key; GMAC encrypts nothing and authenticates all, the IV
    # as well (errata 1821).

    def _gcm(self, iv, tag=None):
        mode = modes.GCM(self.key[-4:] + iv, tag, min_tag_length=self.suite.cipher.icv)
        return Cipher(algorithms.AES(self.key[:-4]), mode)

    def _is_gmac(self):
        return self.suite.words.startswith("esp-gmac")

    def _open(self, packet, next_header):
        icv = self.suite.cipher.icv
        head, iv, body, tag = packet[:HEADER], packet[HEADER:HEADER + IV], packet[HEADER + IV:-icv], packet[-icv:]
        opener = self._gcm(iv, tag).decryptor()
        try:
            if self._is_gmac():
                opener.authenticate_additional_data(head + iv + body)
                opener.finalize()
                plain = body
            else:
                opener.authenticate_additional_data(head)
                plain = opener.update(body) + opener.finalize()
        except InvalidTag as error:
            raise NotAuthentic(self.suite) from error
        padding, inside = plain[-2], plain[-1]
        if inside != next_header or plain[-2 - padding:-2] != bytes(range(1, padding + 1)):
            raise LabError(f"{self.suite}: padding or next header")
        return plain[:-2 - padding]

    def _seal(self, inner, sequence, iv, next_header):
        padding = -(len(inner) + 2) % 4
        plain = inner + bytes(range(1, padding + 1)) + bytes([padding, next_header])
        head = struct.pack("!II", self.spi, sequence)
        sealer = self._gcm(iv).encryptor()
        if self._is_gmac():
            sealer.authenticate_additional_data(head + iv + plain)
            body = plain
            sealer.finalize()
        else:
            sealer.authenticate_additional_data(head)
            body = sealer.update(plain) + sealer.finalize()
        return head + iv + body + sealer.tag[:self.suite.cipher.icv]


def version_of(address):
    return 6 if ":" in address else 4


def header(source, destination):
    """The outer header of ESP between these addresses."""
    if version_of(source) == 6:
        return IPv6(src=source, dst=destination, nh=ESP_PROTOCOL)
    return IP(src=source, dst=destination, proto=ESP_PROTOCOL)


def made_by_key_server(path, suites):
    """The SAs of a key server's `shared-state` file, one `sa` for each suite in their order."""
    stored = json.loads(path.read_text())["sas"]
    out = []
    for suite, sa in zip(suites, stored, strict=True):
        ((spi, cipher_key, integrity_key),) = sa["generations"][-1]["teks"]
        out.append(OtherEsp(suite, spi, bytes.fromhex(cipher_key), bytes.fromhex(integrity_key)))
    return out
