# SPDX-License-Identifier: GPL-2.0-or-later
"""Work inside a network namespace by threads of this process: setns(2) moves one thread only, and what that starts
begins where it is."""

import concurrent.futures
import ctypes
import os
import socket

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def enter(namespace):
    """Moves the calling thread there for good."""
    descriptor = os.open(f"/run/netns/{namespace}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(descriptor, CLONE_NEWNET):
            error = ctypes.get_errno()
            raise OSError(error, f"setns {namespace}: {os.strerror(error)}")
    finally:
        os.close(descriptor)


class Entered:
    """A thread in the named namespace, which lives on as long as it does."""

    def __init__(self, namespace):
        self.namespace, self._inode = namespace, self._inode_of(namespace)
        self._thread = concurrent.futures.ThreadPoolExecutor(1)
        self.call(enter, namespace)

    @staticmethod
    def _inode_of(namespace):
        return os.stat(f"/run/netns/{namespace}").st_ino

    def is_current(self):
        """Whether the name still stands for the namespace that the thread is in."""
        try:
            return self._inode == self._inode_of(self.namespace)
        except FileNotFoundError:
            return False

    def call(self, function, *arguments, **options):
        return self._thread.submit(function, *arguments, **options).result()

    def leave(self):
        self._thread.shutdown()


def socket_in(namespace, *arguments):
    """socket.socket(*arguments), created in the named namespace; it stays there for good."""
    entered = Entered(namespace)
    try:
        return entered.call(socket.socket, *arguments)
    finally:
        entered.leave()


def udp_ports():
    """The UDP ports that are bound in the calling thread's namespace."""
    ports = set()
    for name in ("udp", "udp6"):
        try:
            with open(f"/proc/thread-self/net/{name}", encoding="ascii") as file:
                ports |= {int(line.split()[1].rpartition(":")[2], 16) for line in file.readlines()[1:]}
        except FileNotFoundError:  # a kernel without IPv6
            pass
    return ports


def write_sysctl(name, value):
    """Sets a sysctl of the calling thread's namespace."""
    with open("/proc/sys/" + name.replace(".", "/"), "w", encoding="ascii") as file:
        file.write(f"{value}\n")
