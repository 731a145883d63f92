# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab for comparing paths: the header-preserving one and a classic point-to-point XFRM tunnel, with the same
ciphers.

Each kind of path has a pair of CEs of its own, all in one machine, so that kinds can take turns. All that a CE
encrypts is under one SA.
"""

import contextlib
import json
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lab"))
# pylint: disable=wrong-import-position
from processes import mirrored, set_list
from testlab import ESP, Lab
from topology import LabError

# What `ip xfrm` calls a cipher, and the key server's transform set. Null is the worst case for our share of the path.
CIPHERS = {"aes": (["enc", "cbc(aes)", "0x" + "01" * 16], "esp-aes esp-sha256-hmac"),
           "null": (["enc", "ecb(cipher_null)", ""], "esp-null esp-sha256-hmac")}
INTEGRITY = ["auth-trunc", "hmac(sha256)", "0x" + "02" * 32, "128"]
FAMILIES = ("IPv4", "IPv6")
TUNNELS = ("classic", "marked")
WARM_UP = 0.25  # what traffic-bench sends before the time that counts, as a part of that


def program(name, folder="bench"):
    """One of the benchmarks' programs, of the build that GETVPN_BUILD names."""
    return str(pathlib.Path(os.environ["GETVPN_BUILD"]) / "tests" / folder / name)


def build_environment(build):
    """The environment in which `program` and the lab take what is in a build folder."""
    build = os.path.realpath(build)
    return os.environ | {"GETVPN_BUILD": build, "GETVPN_GM": f"{build}/agent/getvpn-gm",
                         "GETVPNCTL": f"{build}/agent/getvpnctl"}


def traffic(lab, sites, family, seconds, udp=0, directions=1, senders=1):
    """What traffic-bench says of a transfer between the clients of two sites, of so many addresses on either side."""
    one, other = (addresses(lab, site, family, senders) for site in sites)
    arguments = {"from": lab.namespace(f"h{sites[0]}"), "to": lab.namespace(f"h{sites[1]}"), "source": ",".join(one),
                 "destination": ",".join(other), "seconds": seconds, "udp": udp, "directions": directions}
    command = [word for name, value in arguments.items() for word in (f"--{name}", str(value))]
    return json.loads(lab.exec("pe", program("traffic-bench"), *command, timeout=60 + 10 * seconds).stdout)


def addresses(lab, site, family, count):
    """The client's own address and those that add_addresses gives it."""
    last = lab.client_address6(site) if family == "IPv6" else lab.client_address(site)
    network = last[:-2]
    return [f"{network}{10 + more}" for more in range(count)]


def add_addresses(lab, sites, count):
    for site in sites:
        lines = [f"address add {address}/{length} dev eth0 {flags}\n"
                 for family, length, flags in (("IPv4", 24, ""), ("IPv6", 64, "nodad"))
                 for address in addresses(lab, site, family, count)[1:]]
        lab.exec_input(f"h{site}", "".join(lines), "ip", "-batch", "-")


def udp_data(family, packet):
    """Octets of data in a UDP packet that has so many octets with its headers."""
    return packet - 8 - (40 if family == "IPv6" else 20)


def rate(lab, sites, family, seconds, udp=0):
    """Mbit/s that arrived."""
    return sum(traffic(lab, sites, family, seconds, udp)["megabits_per_second"])


def directions(ours, theirs, near, far):
    """The three policies of a line at one end: direction, source, destination, and the ends of their tunnel."""
    return ("out", ours, theirs, near, far), ("in", theirs, ours, far, near), ("fwd", theirs, ours, far, near)


MARK = "0x8000"


def mark_esp(lab, sites):
    for site in sites:
        lab.exec_input(f"ce{site}", f"""table inet marked {{
            chain received {{
                type filter hook prerouting priority raw; policy accept
                meta l4proto esp meta mark set {MARK}
            }}
        }}""", "nft", "-f", "-")


def classic_tunnel(lab, sites, cipher, marked=False):
    """A tunnel of each family between the two CEs, for what is between their clients. With `marked` those who receive
    look for a mark that a rule sets: GRO, which comes before all rules, does not find their state."""
    if marked:
        mark_esp(lab, sites)
    for end, network in ((lab.wan_address, "10.{}.0.0/24"), (lab.wan_address6, "2001:db8:{}::/48")):
        for here, there in (sites, sites[::-1]):
            node, near, far = f"ce{here}", end(here), end(there)
            for source, destination, spi in ((near, far, f"0x1{here}"), (far, near, f"0x1{there}")):
                mark = ["mark", MARK, "mask", MARK] if marked and destination == near else []
                lab.exec(node, "ip", "xfrm", "state", "add", "src", source, "dst", destination, "proto", "esp",
                         "spi", spi, "reqid", "1", "mode", "tunnel", *CIPHERS[cipher][0], *INTEGRITY, *mark)
            ours, theirs = network.format(here), network.format(there)
            for direction, source, destination, begin, finish in directions(ours, theirs, near, far):
                lab.exec(node, "ip", "xfrm", "policy", "add", "src", source, "dst", destination, "dir", direction,
                         "tmpl", "src", begin, "dst", finish, "proto", "esp", "reqid", "1", "mode", "tunnel")


def start_members(lab, sites, other_program=None, config=None):
    """Members at both sites, of another program than usual when one is given."""
    usual = os.environ.get("GETVPN_GM")
    if other_program:
        os.environ["GETVPN_GM"] = os.path.realpath(other_program)
    members = [lab.member(site, config={"transform": "default, esp-null"} | (config or {})) for site in sites]
    if other_program:
        os.environ.pop("GETVPN_GM")
        if usual:
            os.environ["GETVPN_GM"] = usual
    for member in members:
        member.start().wait_installed()


def lines_between(one, other):
    """The access list's lines, both ways and of both families, for what two sites send each other."""
    return [entry for line in (f"permit ip 10.{one}.0.0/24 10.{other}.0.0/24",
                               f"permit ipv6 2001:db8:{one}::/48 2001:db8:{other}::/48")
            for entry in mirrored(line)]


@contextlib.contextmanager
def lab_of_pairs(kinds, cipher, before=None, windows=None):
    """A lab with a pair of sites for each kind of path, and these sites by kind. "classic" and "marked" are tunnels, all
    others members: "before" of another program, "windows" with these settings beside."""
    sites = {kind: (2 * place + 1, 2 * place + 2) for place, kind in enumerate(kinds)}

    def change(config):
        set_list(*(line for kind, pair in sites.items() if kind not in TUNNELS for line in lines_between(*pair)))(config)
        for transform_set in config["transform-set"].values():
            transform_set["transform"] = CIPHERS[cipher][1]

    with Lab(ipv6=True, sites=2 * len(sites)) as lab:
        lab.key_server(change=change)
        for kind, pair in sites.items():
            if kind in TUNNELS:
                classic_tunnel(lab, pair, cipher, kind == "marked")
            else:
                start_members(lab, pair, before if kind == "before" else None,
                              windows(pair) if kind == "windows" else None)
        for pair in sites.values():
            for family in FAMILIES:
                is_encrypted(lab, pair, family)
        yield lab, sites


def is_encrypted(lab, sites, family):
    """Everybody has met everybody, and nothing but ESP was between the sites: what is in clear is no peer of
    anything."""
    one, other = (addresses(lab, site, family, 1)[0] for site in sites)
    with lab.capture("pe", f"ce{sites[0]}") as wire:
        ping = lab.ping(f"h{sites[0]}", other, 3, interval=0.05)
    packets = wire.packets()
    clear = [p for p in packets if p.between(one, other) and p.protocol != ESP]
    if not ping.is_complete or clear or not any(p.protocol == ESP for p in packets):
        raise LabError(f"between the clients of sites {sites} {family} is not encrypted: {ping.text}, {clear[:3]}")
