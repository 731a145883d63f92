# SPDX-License-Identifier: GPL-2.0-or-later
"""IPv4 and IPv6 packets as tests look at them and make them. Own code: nothing of the daemon's is used here."""

import dataclasses
import ipaddress
import struct

ICMP, TCP, UDP, ESP, ICMPV6 = 1, 6, 17, 50, 58
NAMES = {ICMP: "ICMP", TCP: "TCP", UDP: "UDP", ESP: "ESP", ICMPV6: "ICMPv6"}
HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION_OPTIONS = 0, 43, 44, 60
GDOI_PORT = 848


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@dataclasses.dataclass(frozen=True)
class Packet:
    source: str
    destination: str
    protocol: int
    payload: bytes  # behind the IP header, as captured
    time: float = 0.0
    ttl: int = 64
    tos: int = 0
    identification: int = 0
    dont_fragment: bool = False
    more_fragments: bool = False
    fragment_offset: int = 0  # octets
    length: int = 0  # of the whole packet, by its header
    version: int = 4

    @property
    def is_first(self):
        return self.fragment_offset == 0

    @property
    def spi(self):
        return self._word(0) if self.protocol == ESP and self.is_first else None

    @property
    def sequence(self):
        return self._word(4) if self.protocol == ESP and self.is_first else None

    @property
    def ports(self):
        if self.protocol in (UDP, TCP) and self.is_first and len(self.payload) >= 4:
            return struct.unpack_from("!HH", self.payload)
        return None

    @property
    def icmp(self):
        """(type, code), or None."""
        return tuple(self.payload[:2]) if self.protocol in (ICMP, ICMPV6) and self.is_first else None

    @property
    def icmp_mtu(self):
        """The MTU a "fragmentation needed" or a "packet too big" names, or None."""
        if self.protocol == ICMPV6:
            return self._word(4) if self.icmp == (2, 0) else None
        return struct.unpack_from("!H", self.payload, 6)[0] if self.icmp == (3, 4) else None

    @property
    def is_on_link(self):
        """Neighbour, router and listener discovery (ICMPv6 130 to 137 and 143)."""
        return self.protocol == ICMPV6 and self.is_first and self.payload[0] in (*range(130, 138), 143)

    @property
    def segment_size(self):
        """The largest segment a TCP SYN offers, or None."""
        if self.protocol != TCP or not self.is_first or not self.payload[13] & 2:
            return None
        options = self.payload[20:self.payload[12] // 16 * 4]
        while options and options[0] != 2:
            options = options[1:] if options[0] == 1 else options[options[1]:]
        return struct.unpack_from("!H", options, 2)[0] if options else None

    @property
    def is_gdoi(self):
        return self.protocol == UDP and self.ports is not None and GDOI_PORT in self.ports

    def _word(self, offset):
        return struct.unpack_from("!I", self.payload, offset)[0]

    def between(self, one, other):
        return {self.source, self.destination} == {one, other}

    def __str__(self):
        text = f"{self.source} > {self.destination}: {NAMES.get(self.protocol, self.protocol)}"
        if self.spi is not None:
            text += f"(spi=0x{self.spi:08x},seq=0x{self.sequence:x})"
        if self.ports:
            text += f" ports {self.ports[0]} > {self.ports[1]}"
        if self.icmp:
            text += f" type {self.icmp[0]} code {self.icmp[1]}"
        if self.more_fragments or self.fragment_offset:
            text += f" fragment at {self.fragment_offset}{'+' if self.more_fragments else ''}"
        return f"{text}, length {self.length}"


def parse_ipv4(data, time=0.0):
    if len(data) < 20 or data[0] >> 4 != 4:
        return None
    header_length = (data[0] & 15) * 4
    tos, length, identification, fragment, ttl, protocol = struct.unpack_from("!xBHHHBB", data)
    return Packet(str(ipaddress.IPv4Address(data[12:16])), str(ipaddress.IPv4Address(data[16:20])), protocol,
                  data[header_length:length], time, ttl, tos, identification, bool(fragment & 0x4000),
                  bool(fragment & 0x2000), (fragment & 0x1FFF) * 8, length)


def parse_ipv6(data, time=0.0):
    """`protocol` is that behind the extension headers; `payload` begins there."""
    if len(data) < 40 or data[0] >> 4 != 6:
        return None
    word, length, protocol, hops = struct.unpack_from("!IHBB", data)
    at, end = 40, 40 + length
    identification, offset, more = 0, 0, False
    while protocol in (HOP_BY_HOP, ROUTING, DESTINATION_OPTIONS, FRAGMENT) and at + 8 <= min(end, len(data)):
        following, size = data[at], 8 + data[at + 1] * 8
        if protocol == FRAGMENT:
            fragment, identification = struct.unpack_from("!HI", data, at + 2)
            offset, more, size = fragment & 0xFFF8, bool(fragment & 1), 8
        protocol, at = following, at + size
        if offset:
            break
    return Packet(str(ipaddress.IPv6Address(data[8:24])), str(ipaddress.IPv6Address(data[24:40])), protocol,
                  data[at:end], time, hops, word >> 20 & 0xFF, identification, True, more, offset, 40 + length, 6)


def parse(data, time=0.0):
    return parse_ipv6(data, time) if data and data[0] >> 4 == 6 else parse_ipv4(data, time)


def build_ipv6(source, destination, protocol, payload, *, hops=64, traffic_class=0):
    return struct.pack("!IHBB", 6 << 28 | traffic_class << 20, len(payload), protocol, hops) + (
        ipaddress.IPv6Address(source).packed + ipaddress.IPv6Address(destination).packed + payload)


def build_icmpv6_echo(source, destination, identifier, sequence, data):
    """A whole packet: the checksum is over the addresses, too."""
    message = struct.pack("!BBHHH", 128, 0, 0, identifier, sequence) + data
    pseudo = (ipaddress.IPv6Address(source).packed + ipaddress.IPv6Address(destination).packed +
              struct.pack("!II", len(message), ICMPV6))
    return build_ipv6(source, destination, ICMPV6,
                      message[:2] + struct.pack("!H", checksum(pseudo + message)) + message[4:])


def build_ipv4(source, destination, protocol, payload, *, ttl=64, tos=0, dont_fragment=False, identification=0):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, tos, 20 + len(payload), identification,
                         0x4000 if dont_fragment else 0, ttl, protocol, 0,
                         ipaddress.IPv4Address(source).packed, ipaddress.IPv4Address(destination).packed)
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def build_udp(source, destination, source_port, destination_port, data):
    """A datagram between two addresses of one family, behind the IP header."""
    header = struct.pack("!HHHH", source_port, destination_port, 8 + len(data), 0)
    pseudo = (ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed +
              struct.pack("!II", 8 + len(data), UDP))  # IPv4 has shorter fields, of the same sum
    return header[:6] + struct.pack("!H", checksum(pseudo + header + data) or 0xFFFF) + data


def build_icmp_echo(identifier, sequence, data, reply=False):
    header = struct.pack("!BBHHH", 0 if reply else 8, 0, 0, identifier, sequence)
    return header[:2] + struct.pack("!H", checksum(header + data)) + header[4:] + data
