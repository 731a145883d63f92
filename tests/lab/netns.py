# SPDX-License-Identifier: GPL-2.0-or-later
"""Sockets inside a network namespace, without a process there: setns(2) moves one thread only."""

import ctypes
import os
import socket
import threading

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def socket_in(namespace, *arguments):
    """socket.socket(*arguments), created in the named namespace; it stays there for good."""
    result = []

    def create():
        descriptor = os.open(f"/run/netns/{namespace}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if libc.setns(descriptor, CLONE_NEWNET):
                error = ctypes.get_errno()
                raise OSError(error, f"setns {namespace}: {os.strerror(error)}")
            result.append(socket.socket(*arguments))
        except OSError as error:
            result.append(error)
        finally:
            os.close(descriptor)

    thread = threading.Thread(target=create)
    thread.start()
    thread.join()
    if isinstance(result[0], OSError):
        raise result[0]
    return result[0]
