#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the first inputs of the fuzz targets, made by hand from the figures of the RFCs.

Usage: seeds.py [FOLDER]   (default: the corpus folder beside this file)
"""
import pathlib
import sys

AES = "80010007800e010080020004800300018004 0002800b0001000c000400015180"
DES = "80010005800200028003000180040002800b0001800c0e10"
SAK = (
    "11 01035004 0a000005 01035004 ef010101 61626364656667683031323334353637 00000000"
    "80020003 80030100 0004000400015180 80050003 80060001 80070800 80090001 80800001"
)
SAT = (
    "01 00 04000008 0a010000ffffff00 04000008 0a030000ffffff00 0c 11223344"
    "80010001 80020e10 80010002 0002000400480000 80040001 80050005 80060080"
)
SAT_TWO = (
    "01 00 0400000008 0a010000ffffff00 0400000008 0a030000ffffff00 0c 11223344"
    "80010001 80020e10 80040001 80050005 80060080"
)
SAT_GCM = (
    "01 06 05000010 20010db8000000000000000000000001 00000000 14 55667788"
    "80010001 80020e10 80060100 800b0001 800e0004 800f0003 fd010001"
)
SAT_RANGE = "01 11 07035008 0a0000010a000009 01000003 000000 03 55667788 80050002"
TEK = (
    "01 00 0035 04 11223344 00010010000102030405060708090a0b0c0d0e0f"
    "00020014101112131415161718191a1b1c1d1e1f20212223"
)
KEK = (
    "02 00 0039 10 61626364656667683031323334353637"
    "00010018404142434445464748494a4b4c4d4e4f5051525354555657 0002000430820122"
)
SID = "04 00 0013 00 8001000c 000200020abc 80020def"
LKH = "03 00 0015 10 61626364656667683031323334353637"


def octets(text):
    return bytes.fromhex(text.replace(" ", ""))


def chain(*parts):
    """Join (type, body) pairs by generic payload headers."""
    out = b""
    for index, (_, body) in enumerate(parts):
        following = parts[index + 1][0] if index + 1 < len(parts) else 0
        out += bytes([following, 0]) + (len(body) + 4).to_bytes(2, "big") + body
    return out


def group_sa(*parts):
    parts = [(kind, octets(body)) for kind, body in parts]
    return octets("0000000200000000") + bytes([0, parts[0][0], 0, 0]) + chain(*parts)


def message(first, exchange, flags, body):
    head = octets("0102030405060708 1112131415161718") + bytes([first, 0x10, exchange, flags])
    return head + octets("c1c2c3c4") + (28 + len(body)).to_bytes(4, "big") + body


def phase1_sa(*transforms):
    parts = [(3, bytes([number + 1, 1, 0, 0]) + octets(t)) for number, t in enumerate(transforms)]
    proposal = bytes([1, 1, 0, len(transforms)]) + chain(*parts)
    return octets("0000000200000000") + chain((2, proposal))


def fragments(*parts):
    """Datagrams with one IKE fragment each, every one behind its length."""
    out = b""
    for number, last, data in parts:
        body = bytes([0, 0]) + (len(data) + 8).to_bytes(2, "big") + bytes([0, 7, number, last])
        wire = message(132, 2, 0, body + data)
        out += len(wire).to_bytes(2, "big") + wire
    return out


def padded(*parts):
    """A decrypted PUSH."""
    whole = chain(*parts)
    return whole + bytes(-len(whole) % 16)


def push_sa(*parts):
    return 1, group_sa(*parts)


def packet(kind, spi, *attributes):
    body = bytes([len(octets(spi))]) + octets(spi) + b"".join(octets(one) for one in attributes)
    return bytes([kind, 0]) + (4 + len(body)).to_bytes(2, "big") + body


def long(kind, value):
    """A variable attribute, as hexadecimal digits."""
    value = octets(value)
    return (kind.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value).hex()


def push_kd(*packets):
    return 17, len(packets).to_bytes(2, "big") + b"\0\0" + b"".join(packets)


def delete(doi, protocol, *spis):
    spis = [octets(spi) for spi in spis]
    return 12, doi.to_bytes(4, "big") + bytes([protocol, len(spis[0])]) + len(spis).to_bytes(2, "big") + b"".join(spis)


PUSH_SPI = "4e" * 16
PUSH_SAK = f"""11 01 0350 04 0a000005 01 0350 04 ac100102 {PUSH_SPI} 00000000
    80020003 80030080 0004000400015180 80050003 80060001 80090001""".replace("\n", "")
PUSH_SAT = (
    "01 00 04 0000 08 0a010000ffffff00 04 0000 08 0a030000ffffff00 0c 00000007"
    "80010001 0002000400000e10 80040001 80050005 80060080"
)
PUSH_GCM = (
    "01 06 04 0000 08 0a010000ffffff00 04 0000 08 0a030000ffffff00 14 00000008"
    "80010001 80020e10 80060080 800e0004 800f0003"
)
LKH_KEY = "0001 03 00 00000000 00000000 00000009" + "11" * 32
PUSH_TEK = packet(1, "00000007", long(1, "07" * 16), long(2, "07" * 32))
PUSH_TEK_GCM = packet(1, "00000008", long(1, "08" * 20))
PUSH_KEK = packet(2, PUSH_SPI, long(1, "11" * 32))
PUSH_LKH = packet(3, PUSH_SPI, long(2, f"01 0001 00 004d 0000 00000058 {LKH_KEY}"))
LKH_PATH = packet(3, PUSH_SPI, long(1, f"01 0002 00 {LKH_KEY} {LKH_KEY}"))
PUSH_SID = packet(4, "", "8001000c", long(2, "0abc"))
SIGNATURE = 9, b"\x09" * 128
SEQ_1 = 18, octets("00000001")

HASH = (8, bytes(20))
NAME = octets("301b 310c300a060355040a0c034c6162 310b300906035504030c026b73")  # O=Lab, CN=ks
SEEDS = {
    "message": {
        "main-1": message(1, 2, 0, chain((1, phase1_sa(AES)), (13, bytes(16)))),
        "pull-1": message(8, 32, 1, chain(HASH, (10, bytes(16)), (5, octets("0b00000000000064")))),
        "padded": message(8, 32, 1, chain(HASH) + bytes(7)),
        "empty": message(0, 5, 0, b""),
        "main-4-requests": message(4, 2, 0, chain((4, bytes(128)), (10, bytes(16)), (7, b"\x04"), (7, b"\x04" + NAME))),
        "main-5-proof": message(5, 2, 1, chain((5, b"\x09\0\0\0" + NAME), (6, b"\x04" + NAME), (9, bytes(64)))),
        "aggressive-1": message(1, 4, 0, chain((1, phase1_sa(AES)), (4, bytes(128)), (10, bytes(16)),
                                               (5, b"\x02\0\0\0gm1.lab.example"), (7, b"\x04" + NAME))),
    },
    "attributes": {
        "lifetimes": octets("80010001 0002000400015180 80010002 00020004000186a0"),
        "phase-1": octets(AES),
        "empty-value": octets("7fff0000 ffffffff"),
    },
    "phase1_sa": {"one": phase1_sa(AES), "two": phase1_sa(AES, DES), "bare": phase1_sa("")},
    "identification": {
        "ipv4": octets("01110350 0a000005"),
        "name": octets("02000000 6b732e6578616d706c65"),
        "subnet": octets("04000000 0a010000ffffff00"),
        "ipv6": octets("05000000 20010db8000000000000000000000001"),
        "group": octets("0b000000 00000064"),
    },
    "sa_kek": {
        "aes": octets(SAK),
        "two-octet-lengths": octets(SAK.replace("035004", "03500004")),
        "3des": octets(SAK[: SAK.index("80020003")] + "80020002 80050002 80060001"),
    },
    "sa_tek": {
        "aes": octets(SAT),
        "two-octet-lengths": octets(SAT_TWO),
        "gcm-ipv6-any": octets(SAT_GCM),
        "range": octets(SAT_RANGE),
        "holes": octets(SAT.replace("ffffff00", "fffeff00")),
        "esn": octets(SAT + "800b0001"),
        "keyless": octets("01 00 01000000 01000004 ef010101 00 00000000"),
        "other-protocol": octets("80 0102030405"),
    },
    "gap": {"delays": octets("8001001e 0002000400015180"), "unknown": octets("80030001 00800000")},
    "key_download": {
        "all": octets("00030000" + TEK + KEK + SID),
        "lkh": octets("00010000" + LKH),
        "two": octets("00020000" + TEK + TEK.replace("11223344", "11223345")),
        "private": octets("00010000 80000009 04 11223344"),
        "none": octets("00000000"),
    },
    "notification": {
        "r-u-there": octets("00000001 01108d28 01020304050607081112131415161718 00000007"),
        "no-proposal": octets("00000000 0100000e"),
        "delete": octets("00000002 01040002 11223344 55667788"),
        "sequence": octets("01020304"),
    },
    "fragment": {
        "two": fragments((1, 0, b"ab"), (2, 1, b"c")),
        "reordered": fragments((3, 1, b"c"), (1, 0, b"a"), (2, 0, b"b")),
        "forged": fragments((1, 0, b"x"), (1, 0, b"a"), (2, 1, b"b"), (2, 0, b"y"), (3, 1, b"z")),
        "lost": fragments((1, 0, b"a"), (3, 1, b"c")),
    },
    "group_sa": {
        "all": group_sa((15, SAK), (22, "8001001e"), (16, SAT), (16, SAT_TWO)),
        "sat": group_sa((16, SAT)),
        "skipped": group_sa((16, "80 0102030405"), (16, SAT_GCM)),
        "sak": group_sa((15, SAK)),
    },
    "rekey": {
        "teks": bytes(3),
        "three": bytes([0, 0, 0, 0x10, 0, 0, 0x20, 0, 0]),
        "kek": bytes([0x11, 0, 0, 0x10, 0, 0]),
        "deletes": bytes([0, 0, 0, 0x02, 0, 0, 0x12, 0, 0]),
        "bent-before": bytes([0, 5, 1, 0x10, 40, 128, 0x20, 0, 0]),
        "bent-after": bytes([0, 0, 0, 0x08, 9, 1, 0x10, 0, 0]),
        "old-number": bytes([0, 0, 0, 0x04, 0, 0, 0x04, 200, 0]),
    },
    "registration": {
        "honest": bytes(4),
        "proof-on-the-way": bytes([0x12, 40, 0, 1]),
        "identity": bytes([0x02, 4, 0, 1]),
        "policy": bytes([0x43, 30, 0, 1]),
        "keys": bytes([0x44, 20, 0, 1]),
        "keys-on-the-way": bytes([0x14, 60, 0, 4]),
        "several": bytes([0x21, 3, 0, 1, 0x43, 60, 0, 2]),
    },
    "settings": {
        "one": b"ks = 10.0.0.5\ngroup = 100\n",
        "more": b"ks = 10.0.0.5:848\nks = ks.example.\ngroup = 7 # seven\ninterface = wan*\ndeny = tcp any any eq 179\n"
                b"fail-close = yes\nike-proposal = aes256-sha256-modp2048\nscope = 10.0.0.0/8\n",
        "sections": b"ks = 10.0.0.5\n[one]\ngroup = 1\n[two]\ngroup = 2\nks = \"10.0.0.6\"\n",
    },
    "secrets": {
        "any": b'any "SUPER \\"SECRET"\n',
        "several": b"# keys\n10.0.0.0 word\nks.example 0x0102\nfqdn:ks.example x\n2001:db8::1 y\n",
    },
    "access_list": {
        "host": b"ip host 10.1.0.1 any",
        "wildcard": b"tcp 10.0.0.0 0.255.0.255 any range 80 90",
        "prefix": b"udp 10.1.0.0/16 eq 53 10.3.0.0/24 neq 500",
        "ipv6": b"ipv6 2001:db8::/32 any",
    },
    "request": {
        "show": b'{"command": "show"}',
        "group": b'{"command": "clear", "group": "one"}',
    },
    "http_request": {
        "prometheus": b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n",
        "head": b"HEAD /metrics?x HTTP/1.0\n\n",
        "other": b"POST /metrics HTTP/1.1\r\n\r\n",
        "elsewhere": b"GET / HTTP/1.1\r\n\r\n",
        "begun": b"GET /metrics HTTP/1.1\r\nHost:",
        "not-http": b"\x16\x03\x01\r\n\r\n",
        "long": b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 3100,
    },
    "push": {
        "teks": padded(SEQ_1, push_sa((16, PUSH_SAT), (16, PUSH_GCM)), push_kd(PUSH_TEK, PUSH_TEK_GCM), SIGNATURE),
        "kek": padded(SEQ_1, push_sa((15, PUSH_SAK), (22, "8001000f80020078"), (16, PUSH_SAT)),
                      push_kd(PUSH_KEK, PUSH_TEK), SIGNATURE),
        "kek-alone": padded((18, octets("00000002")), push_sa((15, PUSH_SAK)), push_kd(PUSH_KEK), SIGNATURE),
        "deletes": padded(SEQ_1, delete(2, 1, "00000007", "00000000"), delete(0, 0, PUSH_SPI), delete(2, 1, "00" * 16),
                          delete(2, 2, "00000001"), SIGNATURE),
        "delete-and-bring": padded(SEQ_1, delete(2, 1, "00000006"), push_sa((16, PUSH_SAT)), push_kd(PUSH_TEK), SIGNATURE),
        "cert": padded(SEQ_1, push_sa((16, PUSH_SAT)), push_kd(PUSH_TEK), (6, b"\x04" * 20), SIGNATURE),
        "private": padded(SEQ_1, (200, b"x"), push_sa((16, PUSH_SAT)), push_kd(PUSH_TEK, PUSH_SID), SIGNATURE),
        "keyless": padded(SEQ_1, push_sa((16, PUSH_SAT.replace("00000007", "00000000")), (16, PUSH_GCM)),
                          push_kd(PUSH_TEK_GCM), SIGNATURE),
        "lkh": padded(SEQ_1, push_sa((15, PUSH_SAK), (16, PUSH_SAT)), push_kd(PUSH_LKH, PUSH_TEK), SIGNATURE),
        "lkh-path": padded(SEQ_1, push_sa((15, PUSH_SAK)), push_kd(LKH_PATH), SIGNATURE),
    },
}


def main():
    default = pathlib.Path(__file__).resolve().parent / "corpus"
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    for target, seeds in SEEDS.items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        for name, seed in seeds.items():
            (folder / target / name).write_bytes(seed)


if __name__ == "__main__":
    main()
