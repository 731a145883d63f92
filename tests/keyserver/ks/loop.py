# SPDX-License-Identifier: GPL-2.0-or-later
"""Sockets and time around a KeyServer: UDP for members, a unix socket for tests."""
from __future__ import annotations

import heapq
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from ipaddress import ip_address
from itertools import count
from pathlib import Path

from . import control, nat
from .ids import Address
from .numbers import GDOI_PORT
from .server import KeyServer, Outgoing
from .session import Peer

MAX_LINE = 1 << 20
MULTICAST_TTL = 32
TICK = 1.0


def _set_multicast(udp: socket.socket, bind: Address) -> None:
    """Rekeys leave by the interface of our address, wherever routes lead."""
    if bind.version == 6:
        udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, MULTICAST_TTL)
        if index := _index_of(bind):
            udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        return
    udp.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, MULTICAST_TTL)
    if not bind.is_unspecified:
        udp.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, bind.packed)


def _index_of(address: Address) -> int:
    """The interface that has an IPv6 address, 0 if none has."""
    for line in Path("/proc/net/if_inet6").read_text().splitlines():
        octets, index = line.split()[:2]
        if octets == address.packed.hex():
            return int(index, 16)
    return 0


class Loop:
    """Serves until SIGTERM or SIGINT."""

    def __init__(
        self, server: KeyServer, binds: list[Address], port: int, path: Path | None
    ) -> None:
        self._server = server
        self._floated: set[Peer] = set()  # who wrote to UDP 4500, and is answered from there
        self._selector = selectors.DefaultSelector()
        self._late: list[tuple[float, int, Outgoing]] = []
        self._number = count()
        self._running = True
        self._ports: dict[tuple[int, bool], socket.socket] = {}  # by IP version, and whether 4500
        self._answers: dict[tuple[int, bool], socket.socket] = {}  # likewise, what is sent from
        self._binds = {bind.version: bind for bind in binds}
        for bind in binds:
            self._open(bind, port, False)
            if port == GDOI_PORT and server.context.config.phase1.nat_traversal:
                self._open(bind, nat.PORT, True)
        self._answer_address = server.context.config.answer_address
        if self._answer_address is not None:
            listening, self._ports = self._ports, self._answers
            for floated in sorted({floated for _, floated in listening}):
                self._open(self._answer_address, nat.PORT if floated else port, floated)
            self._ports = listening
        self.port: int = self._ports[(binds[0].version, False)].getsockname()[1]
        self._path = path
        if path is not None:
            self._listen(path)

    def _open(self, bind: Address, port: int, floated: bool) -> None:
        family = socket.AF_INET6 if bind.version == 6 else socket.AF_INET
        udp = socket.socket(family, socket.SOCK_DGRAM)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        if bind.version == 6:
            udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        udp.bind((str(bind), port))
        _set_multicast(udp, bind)
        udp.setblocking(False)
        ready = lambda: self._on_datagrams(udp, floated)  # noqa: E731
        self._selector.register(udp, selectors.EVENT_READ, ready)
        self._ports[(bind.version, floated)] = udp

    def _listen(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        old = os.umask(0o177)
        listener.bind(str(path))
        os.umask(old)
        listener.listen()
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ, lambda: self._accept(listener))

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while self._running:
            for key, _ in self._selector.select(self._wait()):
                ready: Callable[[], None] = key.data
                ready()
            self._send_late()
            self._server.tick(time.monotonic())
            for out in self._server.take_outgoing():
                self.send(out)
        self.close()

    def close(self) -> None:
        for udp in [*self._ports.values(), *self._answers.values()]:
            udp.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _stop(self, *_: object) -> None:
        self._running = False

    def _wait(self) -> float:
        instants = [self._late[0][0]] if self._late else []
        event = self._server.next_event()
        instants += [event] if event is not None else []
        now = time.monotonic()
        return max(0.0, min([now + TICK, *instants]) - now)

    def _on_datagrams(self, udp: socket.socket, floated: bool) -> None:
        for _ in range(256):
            try:
                data, sender = udp.recvfrom(65535)
            except BlockingIOError:
                return
            except OSError as error:
                self._server.context.log.event(f"cannot receive: {error}")
                return
            peer, now = (sender[0], sender[1]), time.monotonic()
            message = nat.unframed(data) if floated else data
            if message is None:
                if data == nat.KEEP_ALIVE:
                    self._server.context.log.debug(f"keepalive from {peer[0]}:{peer[1]}")
                continue
            (self._floated.add if floated else self._floated.discard)(peer)
            for out in self._server.receive(message, peer, self._local(peer), now):
                self.send(out)

    def _local(self, peer: tuple[str, int]) -> Address:
        """The address a reply to `peer` leaves from."""
        bind = self._binds[ip_address(peer[0]).version]
        if self._answer_address is not None and self._answer_address.version == bind.version:
            return self._answer_address
        if not bind.is_unspecified:
            return bind
        family = socket.AF_INET6 if bind.version == 6 else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(peer)
                return ip_address(probe.getsockname()[0])
            except OSError:
                return bind

    def send(self, out: Outgoing) -> None:
        if out.delay > 0:
            entry = (time.monotonic() + out.delay, next(self._number), out)
            heapq.heappush(self._late, entry)
            return
        floated = out.peer in self._floated
        way = (ip_address(out.peer[0]).version, floated)
        udp = self._answers.get(way) or self._ports.get(way)
        if udp is None:
            self._server.context.log.event(f"cannot send to {out.peer[0]}: no address for it")
            return
        try:
            udp.sendto(nat.NON_ESP_MARKER + out.data if floated else out.data, out.peer)
        except OSError as error:
            self._server.context.log.event(f"cannot send to {out.peer[0]}: {error}")

    def _send_late(self) -> None:
        while self._late and self._late[0][0] <= time.monotonic():
            out = heapq.heappop(self._late)[2]
            self.send(Outgoing(out.peer, out.data))

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.setblocking(False)
        buffer = bytearray()
        ready = lambda: self._on_control(connection, buffer)  # noqa: E731
        self._selector.register(connection, selectors.EVENT_READ, ready)

    def _on_control(self, connection: socket.socket, buffer: bytearray) -> None:
        try:
            octets = connection.recv(65536)
        except OSError:
            octets = b""
        buffer += octets
        try:
            while b"\n" in buffer:
                line, _, rest = bytes(buffer).partition(b"\n")
                buffer[:] = rest
                connection.setblocking(True)
                connection.settimeout(1.0)
                connection.sendall(control.answer(self._server, line, time.monotonic()))
                connection.setblocking(False)
        except OSError:
            octets = b""
        if not octets or len(buffer) > MAX_LINE:
            self._selector.unregister(connection)
            connection.close()
