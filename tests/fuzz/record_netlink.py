#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write first inputs of the target netlink: what a kernel lists with a member in it, and notifies when its state goes. By hand, in a throw-away machine, with a build's programs:

  tests/vm/run --kernel uml --rw tests/fuzz/corpus -- sh -c 'cp BUILD/agent/getvpn-gm /usr/sbin; cp BUILD/agent/getvpnctl
    /usr/bin; PYTHONPATH=tests/lab tests/fuzz/record_netlink.py tests/fuzz/corpus'
"""
import pathlib
import socket
import struct
import sys

from testlab import main, socket_in

NETLINK_XFRM, NETLINK_NETFILTER = 6, 12
XFRM_GROUPS = 0x1 | 0x2 | 0x4 | 0x8  # acquire, expire, SA, policy
DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
GETSA, GETPOLICY, GETSPDINFO, GETDEFAULT = 0x12, 0x15, 0x25, 0x28
NFT = 10 << 8  # NFNL_SUBSYS_NFTABLES
GETTABLE, GETCHAIN, GETRULE, GETSET, GETSETELEM = 1, 4, 7, 10, 13
NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET = 1, 2
LARGEST = 8000  # octets of one input


def answers(asking, kind, body, flags=DUMP):
    """Each message that answers a request, without the end."""
    asking.send(struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body)
    while True:
        data = asking.recv(1 << 16)
        at = 0
        while at + 16 <= len(data):
            length, answer = struct.unpack_from("=IH", data, at)
            if answer in (2, 3):  # NLMSG_ERROR, NLMSG_DONE
                return
            yield data[at:at + length]
            at += (length + 3) & ~3
        if not flags & 0x300:
            return


def attribute(kind, text):
    value = text.encode() + b"\0"
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def record(folder, name, messages):
    """As many of the messages as one input holds, the different kinds first."""
    messages = sorted(messages, key=len)
    kept, size = [], 0
    for message in messages[:3] + messages[-3:]:
        padded = message + bytes(-len(message) % 4)
        if size + len(padded) <= LARGEST and padded not in kept:
            kept.append(padded)
            size += len(padded)
    if kept:
        (folder / name).write_bytes(b"".join(kept))


def scenario(lab, facts):
    folder = pathlib.Path(sys.argv[1]) / "netlink"
    folder.mkdir(exist_ok=True)
    lab.key_server()
    member = lab.member(1).start().wait_installed()
    namespace = lab.namespace("ce1")
    xfrm = socket_in(namespace, socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_XFRM)
    record(folder, "states", answers(xfrm, GETSA, bytes(0)))
    record(folder, "policies", answers(xfrm, GETPOLICY, bytes(0)))
    record(folder, "thresholds", answers(xfrm, GETSPDINFO, bytes(4), flags=1))
    record(folder, "defaults", answers(xfrm, GETDEFAULT, bytes(4), flags=1))

    nft = socket_in(namespace, socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    family = struct.pack("=BBH", 2, 0, 0)
    for name, kind in (("chains", GETCHAIN), ("rules", GETRULE), ("sets", GETSET)):
        record(folder, name, answers(nft, NFT | kind, family))
    for table, of in (("getvpn-gm-100", "spis"), ("getvpn-gm-100/lock", "own-ports"), ("getvpn-gm-100/lock", "known")):
        body = family + attribute(NFTA_SET_ELEM_LIST_TABLE, table) + attribute(NFTA_SET_ELEM_LIST_SET, of)
        record(folder, f"elements-{of}", answers(nft, NFT | GETSETELEM, body))

    events = socket_in(namespace, socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_XFRM)
    events.bind((0, XFRM_GROUPS))
    facts.equal(member.stop(), 0, "SIGTERM ends it")
    events.settimeout(1)
    seen = []
    try:
        while True:
            seen.append(events.recv(1 << 16))
    except TimeoutError:
        pass
    record(folder, "gone", seen)
    facts.check(len(list(folder.iterdir())) >= 4, "they are written")


main(scenario)
