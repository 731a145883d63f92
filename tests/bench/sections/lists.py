# SPDX-License-Identifier: GPL-2.0-or-later
"""(b) Lists of several lengths, three policies a line on each side: ours by plane-bench, which installs the rules
beside them as well, the peers' the policies alone."""

import subprocess
import time

import charon
from paths import program
from table import Row
from testlab import Lab

HASHED_FROM = 500  # lines; from there on policies are hashed by prefix, ours and those of `ip -batch`


def shape(count):
    """Networks on either side whose pairs are so many lines; charon takes lists of networks."""
    here = {10: 1, 100: 10, 1000: 25, 10000: 100}[count]
    return [f"10.{n}.0.0/24" for n in range(here)], [f"10.{128 + (n & 63)}.{n >> 6}.0/24" for n in range(count // here)]


def batch(count, verb):
    """What `ip -batch` reads to add or delete the policies of a list."""
    template = " tmpl src 172.16.1.2 dst 172.16.2.2 proto esp reqid 1 mode tunnel" if verb == "add" else ""
    for n in range(count):
        ours, theirs = f"10.{n & 127}.{n >> 7}.0/24", f"10.{128 + (n & 127)}.{n >> 7}.0/24"
        for direction, source, destination in (("out", ours, theirs), ("in", theirs, ours), ("fwd", theirs, ours)):
            yield f"xfrm policy {verb} src {source} dst {destination} dir {direction}{template}\n"


def hash_threshold(count):
    """The shortest prefix that policies are hashed by, as `ip xfrm policy set hthresh4` takes it."""
    return "24" if count >= HASHED_FROM else "32"


def by_batch(lab, node, count):
    """Seconds to install and to remove."""
    threshold = hash_threshold(count)
    lab.exec(node, "ip", "xfrm", "policy", "set", "hthresh4", threshold, threshold)
    out = []
    for verb in ("add", "delete"):
        text = "".join(batch(count, verb))
        begin = time.monotonic()
        subprocess.run(lab.command(node, "ip", "-batch", "-"), input=text, text=True, check=True, timeout=600)
        out.append(time.monotonic() - begin)
    return out


def by_charon(one, lab, count):
    out = []
    for command in ("install", "uninstall"):
        begin = time.monotonic()
        one.tell(command, child=f"lines{count}", ike=f"lines{count}")
        out.append(time.monotonic() - begin)
        policies = len(lab.exec(one.node, "ip", "-o", "xfrm", "policy", "list", "dir", "fwd").stdout.splitlines())
        if policies != (count if command == "install" else 0):
            raise RuntimeError(f"charon: {command} of {count} lines left {policies}")
    return out


def by_us(run, lab, node, count):
    done = lab.exec(node, program("plane-bench"), "--json", str(count), timeout=600)
    row = run.json_lines(done)[0]
    return [row["install_ms"] / 1e3, row["remove_ms"] / 1e3]


def measure(run):
    lengths = (10, 100, 1000) if run.quick else (10, 100, 1000, 10000)
    without_charon = charon.missing()
    with Lab(sites=2, clients=False) as lab:
        connections = "".join(charon.connection(f"lines{count}", "172.16.2.2", "172.16.1.2", *shape(count))
                              for count in lengths)
        peer = None if without_charon else charon.Charon(lab, "ce2", connections).start()
        for count in lengths:
            taken = {}
            rounds = 1 if count == 10000 else run.rounds(5 if count < 1000 else 3)
            for _ in range(rounds):
                taken.setdefault("ours", []).append(by_us(run, lab, "ce1", count))
                taken.setdefault("ip", []).append(by_batch(lab, "ce1", count))
                if peer:
                    taken.setdefault("charon", []).append(by_charon(peer, lab, count))
            yield from rows(count, taken, without_charon)


def rows(count, taken, without_charon):
    for at, step in enumerate(("install", "remove")):
        column = {who: [times[at] * 1e3 for times in rounds] for who, rounds in taken.items()}
        for who, name in (("ip", "ip -batch"), ("charon", "charon")):
            peer = {"peer": column[who], "paired": True} if who in column else {"peer_missing": without_charon}
            yield Row("b", f"{step} {count:,} lines", "ms", "less", column["ours"], peer_name=name, **peer)
