#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A DNS server (RFC 1035) for the lab: A and AAAA of the names in a JSON file, read for each question.

usage: dns.py ADDRESS ZONE
"""

import ipaddress
import json
import pathlib
import socket
import struct
import sys

TYPES = {1: 4, 28: 6}  # A and AAAA: their IP version
NAME_ERROR = 3


def answer(question, names):
    """The datagram that answers one with a single question."""
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1:at + 1 + question[at]].decode().lower())
        at += 1 + question[at]
    (kind,), end = struct.unpack_from(">H", question, at + 1), at + 5
    known = names.get(".".join(labels))
    records = b""
    count = 0
    for address in map(ipaddress.ip_address, known or []):
        if TYPES.get(kind) == address.version:
            records += struct.pack(">HHHIH", 0xC00C, kind, 1, 1, len(address.packed)) + address.packed
            count += 1
    code = NAME_ERROR if known is None else 0
    return question[:2] + struct.pack(">HHHHH", 0x8580 | code, 1, count, 0, 0) + question[12:end] + records


def main(address, zone):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((address, 53))
        while True:
            question, sender = udp.recvfrom(512)
            try:
                reply = answer(question, json.loads(pathlib.Path(zone).read_text()))
            except (IndexError, UnicodeDecodeError, struct.error) as error:
                print(f"from {sender[0]}: {error}", flush=True)
                continue
            print(f"from {sender[0]}: {question[12:]!r}", flush=True)
            udp.sendto(reply, sender)


if __name__ == "__main__":
    main(*sys.argv[1:])
