# SPDX-License-Identifier: GPL-2.0-or-later
"""(f) Small packets by the null cipher between two clients whose line is the last of lists of several lengths: ours,
installed by plane-driver as one download of any length would be, and those of a classic tunnel, by `ip -batch`. A
figure is the time of the whole machine for a packet, both CEs, clients and provider together."""

import contextlib
import random
import subprocess
import sys

from paths import HERE, classic_tunnel, directions, is_encrypted, program, traffic, udp_data
from table import Row
from testlab import Lab

from sections.lists import hash_threshold

sys.path.insert(0, str(HERE.parent / "kernel"))
from plane_wire import Plane, sa  # noqa: E402  pylint: disable=wrong-import-position

PACKET = 64  # octets, in clear
NULL = {"cipher": "ecb(cipher_null)", "key": ""}


def fillers(count):
    """Networks that nobody sends to, in lines of the same shape as the clients'."""
    return [(f"10.{100 + (n & 63)}.{n >> 6}.0/24", f"10.{180 + (n & 63)}.{n >> 6}.0/24") for n in range(count)]


def our_list(count, sites):
    lines = [*fillers(count - 2), *((f"10.{one}.0.0/24", f"10.{other}.0.0/24") for one, other in (sites, sites[::-1]))]
    return [{"source": source, "destination": destination} for source, destination in lines]


def classic_list(lab, count, sites):
    """Its lines in front of the clients', as theirs come last on our side; a line is three policies, as ours."""
    threshold = hash_threshold(count)
    for here, there in (sites, sites[::-1]):
        near, far = lab.wan_address(here), lab.wan_address(there)
        text = [f"xfrm policy set hthresh4 {threshold} {threshold}\n"]
        for ours, theirs in fillers(count - 1):
            for way, source, destination, begin, end in directions(ours, theirs, near, far):
                text.append(f"xfrm policy add src {source} dst {destination} dir {way} "
                            f"tmpl src {begin} dst {end} proto esp reqid 1 mode tunnel\n")
        subprocess.run(lab.command(f"ce{here}", "ip", "-batch", "-"), input="".join(text), text=True, check=True,
                       timeout=600)
    classic_tunnel(lab, sites, "null")


def microseconds(lab, sites, seconds):
    return 1e6 / traffic(lab, sites, "IPv4", seconds, udp_data("IPv4", PACKET))["packets_per_second"]


def install(lab, who, count, sites, planes):
    if who == "classic":
        classic_list(lab, count, sites)
    else:
        for site in sites:
            plane = Plane(lab, f"ce{site}")
            planes.callback(plane.close)
            plane.apply(our_list(count, sites), sa(0x1001, **NULL))
    is_encrypted(lab, sites, "IPv4")


def measure(run):
    """Each list is in a pair of CEs of its own, so that all take turns."""
    Plane.driver = program("plane-driver", "kernel")
    lengths = (10, 100, 1000) if run.quick else (10, 100, 1000, 10000)
    lists = [(who, count) for count in lengths for who in ("ours", "classic")]
    pairs = {one: (2 * place + 1, 2 * place + 2) for place, one in enumerate(lists)}
    values = {}
    with Lab(sites=2 * len(lists), ipv6=True) as lab, contextlib.ExitStack() as planes:
        for (who, count), sites in pairs.items():
            install(lab, who, count, sites, planes)
        order = random.Random(1)
        for _ in range(run.rounds(9)):
            order.shuffle(lists)
            for one in lists:
                values.setdefault(one, []).append(microseconds(lab, pairs[one], run.seconds(0.3)))
    for count in lengths:
        yield Row("f", f"{count:,} lines", "us", "less", values["ours", count], values["classic", count], "classic",
                  paired=True)
    for count in lengths[1:]:
        yield Row("f", f"{count:,} lines against {lengths[0]}", "us", "less",
                  values["ours", count], values["ours", lengths[0]], f"{lengths[0]} lines", paired=True)
