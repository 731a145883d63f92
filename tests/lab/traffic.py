# SPDX-License-Identifier: GPL-2.0-or-later
"""Constant traffic between two clients, both ways, and what became of it on the provider's wire."""

import re
import signal
import subprocess
import tempfile
import time

import kernel
from capture import Capture
from packets import ESP
from network import Ping
from topology import LabError

SETTLING = 5.0  # seconds in which an answer that is on its way arrives, on a slow machine, too


class Traffic:
    """Pings from each end to the other while the `with` block runs, with a capture behind `device` of the provider."""

    def __init__(self, lab, left=1, right=3, interval=0.1):
        self.lab, self.left, self.right, self.interval = lab, left, right, interval
        self.ends = lab.client_address(left), lab.client_address(right)
        self.wire = Capture(lab, "pe", f"ce{left}")
        self.pings, self.outputs, self.results, self._seen = [], [], [], None

    def __enter__(self):
        self.wire.__enter__()
        for site, other in ((self.left, self.ends[1]), (self.right, self.ends[0])):
            command = self.lab.command(f"h{site}", "ping", "-n", "-D", "-i", str(self.interval), "-W", "10", other)
            # A pipe that nobody reads would stop it in the end.
            output = tempfile.TemporaryFile("w+")
            self.outputs.append(output)
            self.pings.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                               stderr=subprocess.PIPE, text=True))
        return self

    def __exit__(self, *_):
        self.results = [settled(ping, output) for ping, output in zip(self.pings, self.outputs)]
        self._seen = self.packets()
        self.wire.__exit__()

    def packets(self):
        """All that passed between the two clients until now."""
        if self._seen is not None:
            return self._seen
        return [p for p in self.wire.packets() if p.between(*self.ends)]

    def spis(self, source=None):
        """The SPIs seen, of both directions or of one site's, in the order of their first use."""
        sources = self.ends if source is None else (self.lab.client_address(source),)
        return list(dict.fromkeys(p.spi for p in self.packets() if p.protocol == ESP and p.source in sources))

    def check(self, facts, what, lost=0):
        """States that all pings were answered but `lost`, and nothing crossed but ESP."""
        sent, received = sum(r.sent for r in self.results), sum(r.received for r in self.results)
        facts.check(sent > 0 and sent - received <= lost, f"{what}: of {sent} pings at most {lost} were lost",
                    lambda: "\n".join([f"ce{n} {kernel.xfrm_errors(self.lab, f'ce{n}')} {kernel.dropped_in_clear(self.lab, f'ce{n}')}"
                                       for n in (self.left, self.right)] +
                                      [line for result in self.results for line in self.around_losses(result)]))
        facts.equal({p.protocol for p in self.packets()}, {ESP}, f"{what}: all that crossed was ESP")

    def around_losses(self, result):
        """Which pings got no answer, between which moments, and what was on the wire then."""
        yield from result.text.splitlines()[-4:]
        answered = {int(m[2]): float(m[1]) for m in re.finditer(r"\[([\d.]+)\].* icmp_seq=(\d+) ", result.text)}
        for lost in sorted(set(range(1, result.sent + 1)) - set(answered))[:5]:
            before = max((t for n, t in answered.items() if n < lost), default=0)
            after = min((t for n, t in answered.items() if n > lost), default=before + 1)
            yield f"no answer to {lost}; answers at {before:.3f} and {after:.3f}; on the wire meanwhile:"
            yield from (f"  {p.time:.3f} {p}" for p in self.packets() if before - 0.2 <= p.time <= after + 0.2)


def settled(ping, output):
    """Ends a ping. Its counts are of a moment at which nothing was on its way, if there is one: what it has just sent
    when it ends is not lost."""
    deadline = time.monotonic() + SETTLING
    while (counts := counts_now(ping))[0] != counts[1] and time.monotonic() < deadline:
        time.sleep(0.02)
    ping.send_signal(signal.SIGINT)
    ping.communicate(timeout=60)
    output.seek(0)
    result = Ping(output.read())
    result.sent, result.received = counts
    return result


def counts_now(ping):
    """(sent, received) as a running ping tells on SIGQUIT."""
    ping.send_signal(signal.SIGQUIT)
    while line := ping.stderr.readline():
        if match := re.search(r"(\d+)/(\d+) packets", line):
            return int(match[2]), int(match[1])
    raise LabError("ping ended by itself")
