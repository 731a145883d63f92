# SPDX-License-Identifier: GPL-2.0-or-later
"""xfrm::Plane in the lab's CEs, with fixed keys and no key server: what the wire tests share."""

import contextlib
import hashlib
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
# pylint: disable=wrong-import-position
import esp
from packets import ICMP, build_icmp_echo, build_ipv4
from testlab import PATIENCE, Ping

H1, H2, H3 = "10.1.0.10", "10.2.0.10", "10.3.0.10"
BOTH_WAYS = [{"source": "10.1.0.0/24", "destination": "10.3.0.0/24"},
             {"source": "10.3.0.0/24", "destination": "10.1.0.0/24"}]


def key(text, octets):
    return hashlib.sha512(text.encode()).digest()[:octets]


def sa(spi, **more):
    return {"spi": spi, "key": key(f"cipher {spi}", 16).hex(),
            "integrity_key": key(f"integrity {spi}", 32).hex()} | more


def opener(spi):
    return esp.Sa(spi, key(f"cipher {spi}", 16), key(f"integrity {spi}", 32))


class Plane:
    """xfrm::Plane in one CE."""

    driver = ""  # the plane-driver's path

    def __init__(self, lab, node, **options):
        self._process = subprocess.Popen(lab.command(node, self.driver), stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)
        self("open", interfaces=["wan0"], **options)

    def __call__(self, request, **arguments):
        self._process.stdin.write(json.dumps({request: arguments}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if not answer["ok"]:
            raise RuntimeError(f"{request}: {answer['error']}")
        return answer

    def apply(self, entries, *sas, kept=()):
        self("apply", entries=entries, sas=list(sas), kept=list(kept))

    def close(self):
        self._process.stdin.close()
        self._process.wait(timeout=PATIENCE)

    def kill(self):
        self._process.kill()
        self._process.wait(timeout=PATIENCE)


@contextlib.contextmanager
def planes(lab, entries, *sas, **options):
    """CE1 and CE3 with that list and those TEKs; afterwards nothing of it is left."""
    made = [Plane(lab, node, **options) for node in ("ce1", "ce3")]
    try:
        for plane in made:
            plane.apply(entries, *sas)
        yield made
    finally:
        for plane in made:
            plane("clear")
            plane.close()


def shown(packets):
    return lambda: "\n".join(map(str, packets))


def of_data(packets):
    """Without what the CEs and the provider say to each other."""
    return [p for p in packets if not p.source.startswith("172.") and not p.destination.startswith("172.")]


def lost_ping(lab, node, destination, count=2):
    """Pings that are not to be answered: does not wait long for what must not come."""
    return Ping(lab.exec(node, "ping", "-n", "-c", str(count), "-i", "0.2", "-W", "1", destination, check=False).stdout)


def inject(lab, source, destination, device, node="pe"):
    echo = build_icmp_echo(7, 1, b"in clear")
    lab.send_raw(node, build_ipv4(source, destination, ICMP, echo), destination)
    lab.settle("pe", device)
