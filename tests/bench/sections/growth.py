# SPDX-License-Identifier: GPL-2.0-or-later
"""(f) Small packets by the null cipher between two clients whose line is the last of lists of several lengths: ours, installed
by plane-driver as one download of any length would be, and those of a classic tunnel, by `ip -batch`. A figure is the time
of the whole machine for a packet, both CEs, clients and provider together."""

import contextlib
import subprocess
import sys

from paths import HERE, classic_tunnel, is_encrypted, program, traffic, udp_data
from table import Row
from testlab import Lab

from sections.lists import HASHED_FROM

sys.path.insert(0, str(HERE.parent / "kernel"))
from plane_wire import Plane, sa  # noqa: E402  pylint: disable=wrong-import-position

OURS, CLASSIC = (1, 3), (2, 4)
PACKET = 64  # octets, in clear


def fillers(count):
    """Networks that nobody sends to, in lines of the same shape as the clients'."""
    return [(f"10.{100 + (n & 63)}.{n >> 6}.0/24", f"10.{180 + (n & 63)}.{n >> 6}.0/24") for n in range(count)]


def our_list(count):
    lines = [*fillers(count - 2), *((f"10.{one}.0.0/24", f"10.{other}.0.0/24") for one, other in (OURS, OURS[::-1]))]
    return [{"source": source, "destination": destination} for source, destination in lines]


def classic_list(lab, count):
    """Its lines in front of the clients', as theirs come last on our side; a line is three policies, as ours."""
    threshold = "24" if count >= HASHED_FROM else "32"
    for here, there in (CLASSIC, CLASSIC[::-1]):
        near, far = lab.wan_address(here), lab.wan_address(there)
        text = [f"xfrm policy set hthresh4 {threshold} {threshold}\n"]
        for ours, theirs in fillers(count - 1):
            for way, source, destination, begin, end in (("out", ours, theirs, near, far), ("in", theirs, ours, far, near),
                                                         ("fwd", theirs, ours, far, near)):
                text.append(f"xfrm policy add src {source} dst {destination} dir {way} tmpl src {begin} dst {end} proto esp reqid 1 mode tunnel\n")
        subprocess.run(lab.command(f"ce{here}", "ip", "-batch", "-"), input="".join(text), text=True, check=True, timeout=600)
    classic_tunnel(lab, CLASSIC, "null")


def microseconds(lab, sites, seconds):
    return 1e6 / traffic(lab, sites, "IPv4", seconds, udp_data("IPv4", PACKET))["packets_per_second"]


@contextlib.contextmanager
def lists(lab, count):
    null = {"cipher": "ecb(cipher_null)", "key": ""}
    planes = [Plane(lab, f"ce{site}", name=f"bench{count}") for site in OURS]
    try:
        for plane in planes:
            plane.apply(our_list(count), sa(0x1001, **null))
        classic_list(lab, count)
        yield
    finally:
        for plane in planes:
            plane("clear")
            plane.close()
        for site in CLASSIC:
            for kind in ("policy", "state"):
                lab.exec(f"ce{site}", "ip", "xfrm", kind, "flush")


def measure(run):
    Plane.driver = program("plane-driver", "kernel")
    lengths = (10, 100, 1000) if run.quick else (10, 100, 1000, 10000)
    values = {}
    with Lab(sites=4, ipv6=True) as lab:
        for count in lengths:
            with lists(lab, count):
                for sites in (OURS, CLASSIC):
                    is_encrypted(lab, sites, "IPv4")
                for _ in range(run.rounds(9)):
                    for who, sites in (("ours", OURS), ("classic", CLASSIC)):
                        values.setdefault((who, count), []).append(microseconds(lab, sites, run.seconds(0.4)))
    for count in lengths:
        yield Row("f", f"{count:,} lines", "us", "less", values["ours", count], values["classic", count], "classic", paired=True)
    for count in lengths[1:]:
        yield Row("f", f"{count:,} lines against {lengths[0]}", "us", "less", values["ours", count], values["ours", lengths[0]],
                  f"{lengths[0]} lines")
