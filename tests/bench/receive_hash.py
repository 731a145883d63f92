# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets that a link delivers lose the hash that their sender's socket gave them.

All ends of the lab are in one kernel, which hands a packet from one network namespace to the next with that hash,
through ESP as well. A network card knows nothing of it: it computes one of the packet's own addresses, by which it
chooses the receive queue, and so does RPS in its place when there is none. Without this a classic tunnel would seem
to spread its packets.
"""

import ctypes
import os
import struct

from topology import LabError, run

BPF_SYSCALL = {"x86_64": 321, "aarch64": 280}
PROG_LOAD, OBJ_PIN, SCHED_CLS, SET_HASH_INVALID = 5, 6, 3, 41
MOUNT = "/run/getvpn-bench-bpf"
PINNED = f"{MOUNT}/clear-hash"


def instruction(code, immediate):
    return struct.pack("=BBhi", code, 0, 0, immediate)


# call; r0 = TC_ACT_OK; exit
PROGRAM = instruction(0x85, SET_HASH_INVALID) + instruction(0xB7, 0) + instruction(0x95, 0)


def bpf(command, attributes):
    libc = ctypes.CDLL(None, use_errno=True)
    number = BPF_SYSCALL.get(os.uname().machine)
    if number is None:
        raise LabError(f"bpf(2) has an unknown number on {os.uname().machine}")
    buffer = ctypes.create_string_buffer(attributes.ljust(128, b"\0"), 128)
    done = libc.syscall(number, command, buffer, 128)
    if done < 0:
        error = ctypes.get_errno()
        raise LabError(f"bpf({command}): {os.strerror(error)}")
    return done


def clear(lab, node, device):
    """On what that node sends out of that device."""
    if not os.path.exists(PINNED):
        os.makedirs(MOUNT, exist_ok=True)
        run("mount", "-t", "bpf", "bpf", MOUNT)
        code = ctypes.create_string_buffer(PROGRAM, len(PROGRAM))
        licence = ctypes.create_string_buffer(b"GPL")
        loaded = bpf(PROG_LOAD, struct.pack("=IIQQ", SCHED_CLS, len(PROGRAM) // 8, ctypes.addressof(code),
                                            ctypes.addressof(licence)))
        path = ctypes.create_string_buffer(PINNED.encode())
        bpf(OBJ_PIN, struct.pack("=QI", ctypes.addressof(path), loaded))
        os.close(loaded)
    lab.exec(node, "tc", "qdisc", "add", "dev", device, "clsact")
    lab.exec(node, "tc", "filter", "add", "dev", device, "egress", "bpf", "da", "object-pinned", PINNED)
