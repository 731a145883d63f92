#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the first inputs of the fuzz target: decrypted PUSHes, made by hand from RFC 6407's figures.

Usage: seeds.py [FOLDER]   (default: the corpus folder beside this file)
"""
import pathlib
import sys

SA, CERT, SIG, DELETE, SAK, SAT, KD, SEQ, GAP = 1, 6, 9, 12, 15, 16, 17, 18, 22
ANY = "01 0350 04 0a000005 01 0350 04 ac100102"
SPI = "4e" * 16
SAK_BODY = f"11 {ANY} {SPI} 00000000 80020003 80030080 0004000400015180 80050003 80060001 80090001"
SAT_BODY = ("01 00 04 0000 08 0a010000ffffff00 04 0000 08 0a030000ffffff00 0c 00000007"
            "80010001 0002000400000e10 80040001 80050005 80060080")
SAT_GCM = ("01 06 04 0000 08 0a010000ffffff00 04 0000 08 0a030000ffffff00 14 00000008"
           "80010001 80020e10 80060080 800e0004 800f0003")
LKH_KEY = "0001 03 00 00000000 00000000 00000009" + "11" * 32


def octets(text):
    return bytes.fromhex(text.replace(" ", ""))


def chain(parts):
    out = b""
    for index, (_, body) in enumerate(parts):
        following = parts[index + 1][0] if index + 1 < len(parts) else 0
        out += bytes([following, 0]) + (len(body) + 4).to_bytes(2, "big") + body
    return out


def seq(number):
    return SEQ, number.to_bytes(4, "big")


def sa(*parts):
    parts = [(kind, octets(body)) for kind, body in parts]
    return SA, octets("0000000200000000") + bytes([0, parts[0][0], 0, 0]) + chain(parts)


def packet(kind, spi, *attributes):
    spi, rest = octets(spi), b"".join(attributes)
    return bytes([kind, 0]) + (5 + len(spi) + len(rest)).to_bytes(2, "big") + bytes([len(spi)]) + spi + rest


def variable(kind, value):
    value = octets(value)
    return kind.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value


def kd(*packets):
    return KD, len(packets).to_bytes(2, "big") + b"\0\0" + b"".join(packets)


def delete(doi, protocol, *spis):
    spis = [octets(spi) for spi in spis]
    head = doi.to_bytes(4, "big") + bytes([protocol, len(spis[0])]) + len(spis).to_bytes(2, "big")
    return DELETE, head + b"".join(spis)


TEK = packet(1, "00000007", variable(1, "07" * 16), variable(2, "07" * 32))
TEK_GCM = packet(1, "00000008", variable(1, "08" * 20))
KEK = packet(2, SPI, variable(1, "11" * 32))
LKH = packet(3, SPI, variable(2, f"01 0001 00 004d 0000 00000058 {LKH_KEY}"))
LKH_PATH = packet(3, SPI, variable(1, f"01 0002 00 {LKH_KEY} {LKH_KEY}"))
SID = packet(4, "", octets("8001000c"), variable(2, "0abc"))
SIGNATURE = SIG, b"\x09" * 128

SEEDS = {
    "teks": [seq(1), sa((SAT, SAT_BODY), (SAT, SAT_GCM)), kd(TEK, TEK_GCM), SIGNATURE],
    "kek": [seq(1), sa((SAK, SAK_BODY), (GAP, "8001000f80020078"), (SAT, SAT_BODY)), kd(KEK, TEK), SIGNATURE],
    "kek-alone": [seq(2), sa((SAK, SAK_BODY)), kd(KEK), SIGNATURE],
    "deletes": [seq(1), delete(2, 1, "00000007", "00000000"), delete(0, 0, SPI), delete(2, 1, "00" * 16),
                delete(2, 2, "00000001"), SIGNATURE],
    "delete-and-bring": [seq(1), delete(2, 1, "00000006"), sa((SAT, SAT_BODY)), kd(TEK), SIGNATURE],
    "cert": [seq(1), sa((SAT, SAT_BODY)), kd(TEK), (CERT, b"\x04" * 20), SIGNATURE],
    "private": [seq(1), (200, b"x"), sa((SAT, SAT_BODY)), kd(TEK, SID), SIGNATURE],
    "keyless": [seq(1), sa((SAT, SAT_BODY.replace("00000007", "00000000")), (SAT, SAT_GCM)), kd(TEK_GCM), SIGNATURE],
    "lkh": [seq(1), sa((SAK, SAK_BODY), (SAT, SAT_BODY)), kd(LKH, TEK), SIGNATURE],
    "lkh-path": [seq(1), sa((SAK, SAK_BODY)), kd(LKH_PATH), SIGNATURE],
}


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, parts in SEEDS.items():
        padding = b"\0" * (-len(chain(parts)) % 16)
        (folder / name).write_bytes(chain(parts) + padding)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "corpus")
