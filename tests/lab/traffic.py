# SPDX-License-Identifier: GPL-2.0-or-later
"""Constant traffic between two clients, both ways, and what became of it on the provider's wire."""

import signal
import subprocess

import kernel
from capture import Capture
from packets import ESP
from testlab import Ping


class Traffic:
    """Pings from each end to the other while the `with` block runs, with a capture behind `device` of the provider."""

    def __init__(self, lab, left=1, right=3, interval=0.1):
        self.lab, self.left, self.right, self.interval = lab, left, right, interval
        self.ends = lab.client_address(left), lab.client_address(right)
        self.wire = Capture(lab, "pe", f"ce{left}")
        self.pings, self.results, self._seen = [], [], None

    def __enter__(self):
        self.wire.__enter__()
        for site, other in ((self.left, self.ends[1]), (self.right, self.ends[0])):
            command = self.lab.command(f"h{site}", "ping", "-n", "-q", "-i", str(self.interval), "-W", "10", other)
            self.pings.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                               stderr=subprocess.STDOUT, text=True))
        return self

    def __exit__(self, *_):
        for ping in self.pings:
            ping.send_signal(signal.SIGINT)
        self.results = [Ping(ping.communicate(timeout=60)[0]) for ping in self.pings]
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
                    lambda: "\n".join(["\n".join(r.text.splitlines()[-4:]) for r in self.results] +
                                      [f"ce{n} {kernel.xfrm_errors(self.lab, f'ce{n}')}" for n in (self.left, self.right)]))
        facts.equal({p.protocol for p in self.packets()}, {ESP}, f"{what}: all that crossed was ESP")
