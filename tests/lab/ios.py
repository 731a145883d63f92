# SPDX-License-Identifier: GPL-2.0-or-later
"""A key server's IOS configuration, as far as the cookbook has it, as that of the lab key server.

No IOS runs here. What this proves: that each line has a counterpart in the lab key server, and that a member
registers with what comes of them. A line that is not known is an error.
"""

import re

from topology import LabError

# Mode and line; what it changes. Numbered groups are given to it.
LINES = []


def line(mode, pattern):
    def take(function):
        LINES.append((mode, re.compile(pattern), function))
        return function
    return take


def nothing(mode, pattern):
    """A line without a counterpart in the lab: a name of what another line holds, or the only mode there is."""
    LINES.append((mode, re.compile(pattern), lambda state, *_: None))


class State:
    """What was read so far."""

    def __init__(self):
        self.policy, self.keys, self.lists, self.transforms, self.profiles = {"priority": 10}, [], {}, {}, {}
        self.names = {}  # what the mode's first line named
        self.top, self.group, self.rekey = {}, {"identity": 0}, {"push": True}
        self.sa = {"replay": "counter 64", "direction": "symmetric"}

    def config(self):
        named = dict(self.sa)
        profile = self.profiles[named.pop("profile")]
        named |= {"lifetime": profile.get("lifetime", 3600), "transform-set": profile["transform-set"]}
        group = self.group | {"rekey": self.rekey, "sa": [named]}
        return self.top | {"isakmp": {"policy": [self.policy], "key": self.keys}, "access-list": self.lists,
                           "transform-set": self.transforms, "group": [group]}


@line("", r"crypto isakmp policy (\d+)")
def _(state, number):
    state.policy["priority"] = int(number)
    return "isakmp"


@line("isakmp", r"encr (.+)")
def _(state, cipher):
    state.policy["encryption"] = cipher


@line("isakmp", r"hash (\S+)")
def _(state, name):
    state.policy["hash"] = name


@line("isakmp", r"authentication pre-share")
def _(state):
    state.policy["authentication"] = "pre-share"


@line("isakmp", r"group (\d+)")
def _(state, number):
    state.policy["group"] = int(number)


@line("", r"crypto isakmp key (\S+) address (\S+)")
def _(state, secret, address):
    state.keys.append({"secret": secret, "address": "any" if address == "0.0.0.0" else address})


@line("", r"crypto ipsec transform-set (\S+) (.+)")
def _(state, name, words):
    state.transforms[name] = {"transform": words, "mode": "transport"}
    state.names["transform"] = name
    return "transform"


@line("transform", r"mode tunnel")
def _(state):
    state.transforms[state.names["transform"]]["mode"] = "tunnel"


@line("", r"crypto ipsec profile (\S+)")
def _(state, name):
    state.names["profile"] = name
    state.profiles[name] = {}
    return "profile"


@line("profile", r"set security-association lifetime seconds (\d+)")
def _(state, seconds):
    state.profiles[state.names["profile"]]["lifetime"] = int(seconds)


@line("profile", r"set transform-set (\S+)")
def _(state, name):
    state.profiles[state.names["profile"]]["transform-set"] = name


@line("", r"ip access-list (extended|standard) (\S+)")
def _(state, _kind, name):
    state.names["list"] = name
    state.lists[name] = []
    return "list"


@line("list", r"(permit|deny) +(.+)")
def _(state, action, entry):
    state.lists[state.names["list"]].append(f"{action} {entry}")


@line("", r"crypto key generate rsa .*label (\S+) modulus (\d+)")
def _(state, name, bits):
    state.names["rsa"] = name
    state.rekey["modulus"] = int(bits)


@line("", r"crypto gdoi group (\S+)")
def _(state, name):
    state.group["name"] = name
    return "gdoi"


@line("gdoi", r"identity number (\d+)")
def _(state, number):
    state.group["identity"] = int(number)


nothing("gdoi", r"server local")


@line("gdoi", r"authorization address ipv4 (\S+)")
def _(state, name):
    state.group["authorization"] = [entry.removeprefix("permit ") for entry in state.lists.pop(name)]


@line("gdoi", r"rekey algorithm (.+)")
def _(state, cipher):
    state.rekey["algorithm"] = cipher


@line("gdoi", r"rekey sig-hash algorithm (\S+)")
def _(state, name):
    state.rekey["sig-hash"] = name


@line("gdoi", r"rekey lifetime seconds (\d+)")
def _(state, seconds):
    state.rekey["lifetime"] = int(seconds)


@line("gdoi", r"rekey retransmit (\d+) number (\d+)")
def _(state, seconds, times):
    state.rekey |= {"retransmit-interval": int(seconds), "retransmit-number": int(times)}


@line("gdoi", r"rekey authentication mypubkey rsa (\S+)")
def _(state, name):
    if name != state.names.get("rsa"):
        raise LabError(f"no RSA key {name}")
    state.rekey["authentication"] = "rsa"


@line("gdoi", r"rekey transport unicast")
def _(state):
    state.rekey["transport"] = "unicast"


@line("gdoi", r"rekey acknowledgement any")
def _(state):
    # Cisco's own is not public: of "any" the member can do RFC 8263's first kind.
    state.rekey["acknowledgement"] = 1


@line("gdoi", r"(no )?sa receive-only")
def _(state, negated):
    state.sa["direction"] = "symmetric" if negated else "receiver"


nothing("gdoi", r"sa ipsec \d+")


@line("gdoi", r"profile (\S+)")
def _(state, name):
    state.sa["profile"] = name


@line("gdoi", r"match address ipv4 (\S+)")
def _(state, name):
    if name not in state.lists:
        raise LabError(f"no access list {name}")
    state.sa["match-address"] = name


@line("gdoi", r"no replay")
def _(state):
    state.sa["replay"] = "none"


@line("gdoi", r"address ipv4 (\S+)")
def _(state, address):
    state.top["address"] = address


def read(text, state=None):
    """Reads lines of IOS, in addition to those that made `state`, and returns the state."""
    state, mode = state or State(), ""
    for number, words in enumerate(text.splitlines(), 1):
        words = words.strip()
        if not words or words.startswith("!"):
            continue
        for where, pattern, change in LINES:
            if where in ("", mode) and (match := pattern.fullmatch(words)):
                entered = change(state, *match.groups())
                mode = entered if entered else ("" if where == "" else mode)
                break
        else:
            raise LabError(f"line {number}, nobody knows: {words}")
    return state
