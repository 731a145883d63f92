# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers of ISAKMP, IKE, the IPsec DOI and GDOI, named as in their registries."""
from __future__ import annotations

from enum import IntEnum

GDOI_PORT = 848  # RFC 6407 2.2
IKE_VERSION = 0x10  # RFC 2408 3.1: major version 1, minor version 0

FLAG_ENCRYPTION = 0x01
FLAG_COMMIT = 0x02
FLAG_AUTH_ONLY = 0x04

DOI_ISAKMP = 0
DOI_IPSEC = 1
DOI_GDOI = 2

PROTO_ISAKMP = 1
PROTO_IPSEC_AH = 2  # RFC 2407 4.4.1, as used in Delete and Notification payloads
PROTO_IPSEC_ESP = 3
KEY_IKE = 1  # the one ISAKMP transform, RFC 2407 4.4.2


class Exchange(IntEnum):
    """RFC 2408 3.1, RFC 2409 App A, RFC 6407 3.2 and 4.2, RFC 8263 8."""

    BASE = 1
    MAIN = 2
    AUTH_ONLY = 3
    AGGRESSIVE = 4
    INFORMATIONAL = 5
    TRANSACTION = 6
    GROUPKEY_PULL = 32
    GROUPKEY_PUSH = 33
    GROUPKEY_PUSH_ACK = 35


class Pay(IntEnum):
    """Payload types: RFC 2408 3.1, RFC 6407 5."""

    NONE = 0
    SA = 1
    P = 2
    T = 3
    KE = 4
    ID = 5
    CERT = 6
    CR = 7
    HASH = 8
    SIG = 9
    NONCE = 10
    N = 11
    D = 12
    VID = 13
    SAK = 15
    SAT = 16
    KD = 17
    SEQ = 18
    POP = 19
    NAT_D = 20  # RFC 3947 3.2
    GAP = 22
    NAT_D_DRAFT = 130  # draft-ietf-ipsec-nat-t-ike-02 and -03
    FRAGMENT = 132  # of Cisco and Microsoft


class Phase1Attr(IntEnum):
    """RFC 2409 App A."""

    ENCRYPTION = 1
    HASH = 2
    AUTHENTICATION = 3
    GROUP = 4
    LIFE_TYPE = 11
    LIFE_DURATION = 12
    PRF = 13
    KEY_LENGTH = 14


PHASE1_CIPHERS = {"3des": 5, "aes": 7}
PHASE1_HASHES = {"md5": 1, "sha": 2, "sha256": 4, "sha384": 5, "sha512": 6}
AUTH_PSK = 1
AUTH_RSA = 3
ECDSA_HASHES = {9: 4, 10: 5, 11: 6}  # SHA-256, SHA-384, SHA-512: RFC 4754 4
AUTH_ECDSA = {256: 9, 384: 10, 521: 11}  # RFC 4754 6, by bits of the curve
PHASE1_GROUPS = (2, 5, 14, 15, 16, 19, 20, 21)


class IdType(IntEnum):
    """RFC 2407 4.6.2.1."""

    IPV4_ADDR = 1
    FQDN = 2
    USER_FQDN = 3
    IPV4_ADDR_SUBNET = 4
    IPV6_ADDR = 5
    IPV6_ADDR_SUBNET = 6
    IPV4_ADDR_RANGE = 7
    IPV6_ADDR_RANGE = 8
    DER_ASN1_DN = 9
    DER_ASN1_GN = 10
    KEY_ID = 11


class Notify(IntEnum):
    """RFC 2408 3.14.1, RFC 2407 4.6.3, RFC 3706."""

    INVALID_PAYLOAD_TYPE = 1
    DOI_NOT_SUPPORTED = 2
    SITUATION_NOT_SUPPORTED = 3
    INVALID_COOKIE = 4
    INVALID_MAJOR_VERSION = 5
    INVALID_EXCHANGE_TYPE = 7
    INVALID_FLAGS = 8
    INVALID_MESSAGE_ID = 9
    INVALID_TRANSFORM_ID = 12
    ATTRIBUTES_NOT_SUPPORTED = 13
    NO_PROPOSAL_CHOSEN = 14
    BAD_PROPOSAL_SYNTAX = 15
    PAYLOAD_MALFORMED = 16
    INVALID_KEY_INFORMATION = 17
    INVALID_ID_INFORMATION = 18
    INVALID_HASH_INFORMATION = 23
    AUTHENTICATION_FAILED = 24
    UNSUPPORTED_EXCHANGE_TYPE = 29
    UNEQUAL_PAYLOAD_LENGTHS = 30
    RESPONDER_LIFETIME = 24576
    REPLAY_STATUS = 24577
    INITIAL_CONTACT = 24578
    R_U_THERE = 36136
    R_U_THERE_ACK = 36137


class KekAttr(IntEnum):
    """RFC 6407 5.3, RFC 8263 8."""

    MANAGEMENT_ALGORITHM = 1
    ALGORITHM = 2
    KEY_LENGTH = 3
    KEY_LIFETIME = 4
    SIG_HASH_ALGORITHM = 5
    SIG_ALGORITHM = 6
    SIG_KEY_LENGTH = 7
    ACK_REQUESTED = 9


KEK_ALGORITHMS = {"des": 1, "3des": 2, "aes": 3}
SIG_HASHES = {"md5": 1, "sha": 2, "sha256": 3, "sha384": 4, "sha512": 5}


class GapAttr(IntEnum):
    """RFC 6407 5.4."""

    ACTIVATION_TIME_DELAY = 1
    DEACTIVATION_TIME_DELAY = 2
    SENDER_ID_REQUEST = 3


class SaAttr(IntEnum):
    """RFC 2407 4.5, RFC 6407 5.5.1.1."""

    LIFE_TYPE = 1
    LIFE_DURATION = 2
    GROUP_DESCRIPTION = 3
    ENCAPSULATION_MODE = 4
    AUTHENTICATION = 5
    KEY_LENGTH = 6
    KEY_ROUNDS = 7
    EXTENDED_SEQUENCE_NUMBER = 11
    ADDRESS_PRESERVATION = 14
    DIRECTION = 15


LIFE_SECONDS = 1
LIFE_KILOBYTES = 2
MODES = {"tunnel": 1, "transport": 2, "udp-tunnel": 3, "udp-transport": 4}
PRESERVATION = {"none": 1, "source": 2, "destination": 3, "both": 4}
DIRECTIONS = {"sender": 1, "receiver": 2, "symmetric": 3}

GDOI_PROTO_ESP = 1  # RFC 6407 5.5
GDOI_PROTO_AH = 2


class KdType(IntEnum):
    """RFC 6407 5.6."""

    TEK = 1
    KEK = 2
    LKH = 3
    SID = 4


class KdAttr:
    """Key packet attributes, RFC 6407 5.6.1, 5.6.2 and 5.6.4."""

    TEK_ALGORITHM_KEY = 1
    TEK_INTEGRITY_KEY = 2
    KEK_ALGORITHM_KEY = 1
    SIG_ALGORITHM_KEY = 2
    NUMBER_OF_SID_BITS = 1
    SID_VALUE = 2


class LkhAttr:
    """Key packet attributes of LKH, RFC 6407 5.6.3."""

    DOWNLOAD_ARRAY = 1
    UPDATE_ARRAY = 2
    SIG_ALGORITHM_KEY = 3


class AckType(IntEnum):
    """Values of KEK_ACK_REQUESTED, RFC 8263 8."""

    KEK_SHA256 = 1
    LKH_SHA256 = 2
    KEK_SHA512 = 3
    LKH_SHA512 = 4


VENDOR_IDS = {
    "dpd": bytes.fromhex("afcad71368a1f1c96b8696fc77570100"),  # RFC 3706 5.1
    "nat-t": bytes.fromhex("4a131c81070358455c5728f20e95452f"),  # RFC 3947 3.1
    "nat-t-03": bytes.fromhex("7d9419a65310ca6f2c179d9215529d56"),
    "nat-t-02n": bytes.fromhex("90cb80913ebb696e086381b5ec427b1f"),  # with a newline in the hash
    "nat-t-02": bytes.fromhex("cd60464335df21f87cfdb2fc68b6a448"),
    "fragmentation": bytes.fromhex("4048b7d56ebce88525e7de7f00d6c2d3c0000000"),
}


def name_of(enum: type[IntEnum], number: int) -> str:
    """The registry's name of a number, such as NO-PROPOSAL-CHOSEN; the number itself if unknown."""
    try:
        return enum(number).name.replace("_", "-")
    except ValueError:
        return str(number)
