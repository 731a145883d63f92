# SPDX-License-Identifier: GPL-2.0-or-later
"""strongSwan's charon as the peer of our figures: IKEv1 with pre-shared keys, told what to do by its own protocol
(vici), so that no start of a tool is in a figure."""

import re
import shutil
import socket
import struct
import time

import strongswan
from processes import PATIENCE
from topology import LabError

PROGRAM = "/usr/sbin/charon-systemd"
PROPOSAL = "aes128-sha256-modp2048"  # of IKE, as our member is told in ike-proposal
KEY_VALUE, LIST_START, LIST_ITEM, LIST_END, SECTION_START, SECTION_END = 3, 4, 5, 6, 1, 2


def missing():
    """Why there is no charon, if there is none."""
    absent = [name for name in (PROGRAM, "swanctl") if not shutil.which(name)]
    return f"not installed: {', '.join(absent)} (Debian: charon-systemd, strongswan-swanctl)" if absent else ""


def connection(name, local, remote, local_nets, remote_nets, start_action="none"):
    """One connection with one child between two sets of networks, all of the one with all of the other."""
    return (f"{name} {{\n version = 1\n local_addrs = {local}\n remote_addrs = {remote}\n"
            f" local {{ auth = psk\n id = {local} }}\n remote {{ auth = psk\n id = {remote} }}\n"
            f" proposals = {PROPOSAL}\n dpd_delay = 0\n"
            f" children {{ {name} {{ local_ts = {','.join(local_nets)}\n remote_ts = {','.join(remote_nets)}\n"
            f" start_action = {start_action}\n esp_proposals = aes128-sha256 }} }}\n}}\n")


class Charon(strongswan.Charon):
    """charon-systemd in a node. What it rekeyed it deletes at once, as a member does with a key that ran out: by
    default states of IKEv1 stay for the rest of their lifetime."""

    def __init__(self, lab, node, connections):
        super().__init__(lab, node, connections, settings="delete_rekeyed = yes")

    def wait_listening(self):
        """Its start is in a figure, so this looks more often than a test does."""
        deadline = time.monotonic() + PATIENCE
        while not self.listens():
            if time.monotonic() > deadline or not self.is_running():
                raise LabError(f"charon does not listen\n{self.log()}")
            time.sleep(0.002)

    def tell(self, name, **arguments):
        """Sends a command and waits until it is done; its answer's own words."""
        with socket.socket(socket.AF_UNIX) as one:
            one.settimeout(PATIENCE)
            one.connect(str(self.vici))
            words = b"".join(struct.pack("!BB", KEY_VALUE, len(key)) + key.encode() + struct.pack("!H", len(value)) +
                             value.encode() for key, value in arguments.items())
            packet = struct.pack("!BB", 0, len(name)) + name.encode() + words
            one.sendall(struct.pack("!I", len(packet)) + packet)
            stream = one.makefile("rb")
            answer = stream.read(struct.unpack("!I", stream.read(4))[0])
        found = values(answer[1:])
        if answer[0] != 1 or found.get("success") == "no":
            raise LabError(f"charon: {name}: {found.get('errmsg', answer)}\n{self.log()[-2000:]}")
        return found

    def wait_established(self, count, patience=PATIENCE):
        """Waits until it said so often that a CHILD_SA is established."""
        deadline = time.monotonic() + patience
        while len(re.findall(r"CHILD_SA \S+ established", self.log())) < count:
            if time.monotonic() > deadline or not self.is_running():
                raise LabError(f"no CHILD_SA {count}\n{self.log()[-4000:]}")
            time.sleep(0.002)


def values(message):
    """The keys and values of a vici message outside its sections and lists."""
    out, at, depth = {}, 0, 0
    while at < len(message):
        kind, at = message[at], at + 1
        if kind in (SECTION_START, LIST_START, KEY_VALUE):
            size = message[at]
            key, at = message[at + 1:at + 1 + size].decode(), at + 1 + size
        if kind in (KEY_VALUE, LIST_ITEM):
            size = struct.unpack_from("!H", message, at)[0]
            value, at = message[at + 2:at + 2 + size].decode(errors="replace"), at + 2 + size
            if kind == KEY_VALUE and not depth:
                out[key] = value
        depth += {SECTION_START: 1, LIST_START: 1, SECTION_END: -1, LIST_END: -1}.get(kind, 0)
    return out
