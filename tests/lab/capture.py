# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures: tcpdump writes, own code reads. No sleeping: a marker frame says when all is in the file."""

import os
import socket
import struct
import subprocess
import time

from netns import socket_in
from packets import parse
from topology import LabError

ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_MARKER = 0x0800, 0x86DD, 0x88B5  # the latter: IEEE 802 local experimental
PATIENCE = 120.0
BUFFER = 32768  # KiB: room for 500 of the largest frames, while a busy machine lets tcpdump wait


class Frames:
    """(time, ethertype, octets behind the Ethernet header) of each frame in a capture file, read as it grows."""

    def __init__(self, path):
        self.path, self._frames, self._at = path, [], 0

    def __iter__(self):
        self._read()
        return iter(self._frames)

    def _read(self):
        with open(self.path, "rb") as file:
            file.seek(self._at)
            data = file.read()
        at = 0
        if not self._at:
            if len(data) < 24:
                return
            magic, link_type = struct.unpack_from("<I16xI", data)
            if magic != 0xA1B2C3D4 or link_type != 1:
                raise LabError(f"{self.path}: not an Ethernet capture of this machine")
            at = 24
        while at + 16 <= len(data):
            seconds, micros, captured, _ = struct.unpack_from("<IIII", data, at)
            if at + 16 + captured > len(data):
                break
            frame = data[at + 16:at + 16 + captured]
            at += 16 + captured
            if len(frame) >= 14:
                self._frames.append((seconds + micros / 1e6, struct.unpack_from("!H", frame, 12)[0], frame[14:]))
        self._at += at


class Capture:
    """Everything IPv4 and IPv6 that passes one device of one node while the `with` block runs."""

    def __init__(self, lab, node, device):
        self.lab, self.node, self.device = lab, node, device
        lab.state.mkdir(exist_ok=True)
        self.path = lab.state / f"{node}-{device}-{time.monotonic_ns()}.pcap"
        self._frames = Frames(self.path)
        self._process = None
        self._packets, self._parsed = [], 0  # of so many frames
        self._marks = 0

    def __enter__(self):
        self._process = subprocess.Popen(
            self.lab.command(self.node, "tcpdump", "--interface", self.device, "--immediate-mode",
                             "--packet-buffered", "-s", "65535", "-B", str(BUFFER), "-Z", "root", "-w", str(self.path)),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        said = self._process.stderr.readline()  # "listening on" comes once the socket is bound
        if "listening on" not in said:
            self._process.kill()
            raise LabError(f"tcpdump on {self.node}: {said.strip()} {self._process.stderr.read().strip()}")
        return self

    def __exit__(self, *_):
        try:
            if self._process.poll() is None:
                self._await_all()
        finally:
            self._process.terminate()
            self._process.communicate(timeout=PATIENCE)

    def packets(self):
        """What was seen until now. Each call inside the block first waits for the file to be complete."""
        if self._process.poll() is None:
            self._await_all()
        frames = list(self._frames)[self._parsed:]
        self._parsed += len(frames)
        read = (parse(data, when) for when, kind, data in frames if kind in (ETHERTYPE_IPV4, ETHERTYPE_IPV6))
        self._packets += [packet for packet in read if packet]
        return list(self._packets)

    def _await_all(self):
        self._marks += 1
        with socket_in(self.lab.namespace(self.node), socket.AF_PACKET, socket.SOCK_RAW) as raw:
            raw.bind((self.device, 0))
            raw.send(bytes(12) + struct.pack("!HQ", ETHERTYPE_MARKER, self._marks) + bytes(38))
        deadline = time.monotonic() + PATIENCE
        while not any(kind == ETHERTYPE_MARKER and struct.unpack_from("!Q", data)[0] == self._marks
                      for _, kind, data in self._frames):
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise LabError(f"tcpdump on {self.node} {self.device} lost its marker")
            time.sleep(0.02)

    def dump(self):
        """The capture in tcpdump's words."""
        done = subprocess.run(["tcpdump", "-n", "-t", "-r", os.fspath(self.path), "ip or ip6"], check=True, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return done.stdout
