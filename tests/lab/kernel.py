# SPDX-License-Identifier: GPL-2.0-or-later
"""What a node's kernel holds, as iproute2 and nft show it."""

import platform
import re
import shlex

QUESTIONS = {
    "xfrm states": ("ip", "xfrm", "state"),
    "xfrm policies": ("ip", "xfrm", "policy", "list", "nosock"),  # a socket's own go with it
    "nftables": ("nft", "list", "ruleset"),
    "addresses": ("ip", "-4", "-oneline", "address"),
    "routes": ("ip", "-4", "route", "show", "table", "all"),
    "rules": ("ip", "-4", "rule"),
    "IPv6 addresses": ("ip", "-6", "-oneline", "address"),
    "IPv6 routes": ("ip", "-6", "route", "show", "table", "all"),
}


def snapshot(lab, node):
    """Everything a member might leave behind. Two of them are equal when nothing was."""
    separator = "-- next --"  # one shell for all: entering a node is slow in an emulated machine
    script = f" && echo {separator} && ".join(shlex.join(command) for command in QUESTIONS.values())
    # A table of the second lock has an owner as long as there is one.
    text = re.sub(r"^\tflags ?(owner)?(, ?)?(persist)?\n| # progname .*$", "", lab.exec(node, "sh", "-c", script).stdout, flags=re.MULTILINE)
    answers = text.split(f"{separator}\n")
    return dict(zip(QUESTIONS, answers, strict=True))


def difference(before, after):
    text = []
    for name in QUESTIONS:
        if before[name] != after[name]:
            text.append(f"{name} before:\n{before[name]}{name} after:\n{after[name]}")
    return "\n".join(text)


def nothing_is_left(lab, facts, before):
    """The nodes of `before`, which has a snapshot for each, are as they were then."""
    for node, state in before.items():
        now = snapshot(lab, node)
        facts.check(now == state, f"{node}: afterwards nothing is left", lambda state=state, now=now: difference(state, now))


def states(lab, node):
    """The XFRM states as a list of {src, dst, spi, reqid, mode}."""
    found = []
    for line in lab.exec(node, "ip", "xfrm", "state").stdout.splitlines():
        words = line.split()
        if words[:1] == ["src"]:
            found.append({"src": words[1], "dst": words[3]})
        elif words[:1] == ["proto"]:
            found[-1] |= {"spi": int(words[3], 16), "reqid": int(words[5].split("(")[0]), "mode": words[7]}
    return found


def tables_have_owners():
    """Whether this machine's kernel has nftables tables that are one socket's and stay when it is closed (6.9 and later)."""
    return tuple(int(part) for part in platform.release().split(".")[:2]) >= (6, 9)


def dropped_in_clear(lab, node):
    """What the second lock of a node dropped, {"in": packets, "out": packets}, as nft counts it."""
    text = lab.exec(node, "nft", "--terse", "list", "ruleset").stdout
    found = re.findall(r"chain dropped-(in|out) {\s*counter packets (\d+)", text)
    return {way: sum(int(count) for name, count in found if name == way) for way in ("in", "out")}


def refused_in_clear(lab, node):
    """How many packets a node did not take because they came in clear, by whichever lock."""
    return xfrm_errors(lab, node).get("XfrmInTmplMismatch", 0) + dropped_in_clear(lab, node)["in"]


def xfrm_errors(lab, node):
    """The nonzero counters of /proc/net/xfrm_stat."""
    lines = lab.exec(node, "cat", "/proc/net/xfrm_stat").stdout.splitlines()
    return {name: int(value) for name, value in map(str.split, lines) if value != "0"}
