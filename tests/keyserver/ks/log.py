# SPDX-License-Identifier: GPL-2.0-or-later
"""One line per event, with the time; secrets only when asked for."""
from __future__ import annotations

import sys
import time
from typing import TextIO

BURST = 1000  # lines in one window; a stranger must not fill the disk
WINDOW = 10.0


class FileLog:
    """Writes to a file or stderr and says how many lines it left out."""

    def __init__(
        self, stream: TextIO = sys.stderr, debug: bool = False, secrets: bool = False
    ) -> None:
        self._stream = stream
        self._debug = debug
        self._secrets = secrets
        self._window = 0.0
        self._lines = 0
        self._left_out = 0

    def event(self, text: str) -> None:
        now = time.monotonic()
        if now - self._window > WINDOW:
            if self._left_out:
                self._write(f"({self._left_out} lines left out)")
            self._window, self._lines, self._left_out = now, 0, 0
        if self._lines >= BURST:
            self._left_out += 1
            return
        self._lines += 1
        self._write(text)

    def debug(self, text: str) -> None:
        if self._debug:
            self.event(text)

    def secret(self, text: str) -> None:
        if self._secrets:
            self.event(f"secret: {text}")

    def _write(self, text: str) -> None:
        stamp = time.strftime("%b %d %H:%M:%S", time.localtime())
        self._stream.write(f"{stamp}.{int(time.time() * 1000) % 1000:03}: {text}\n")
        self._stream.flush()
