# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads `show crypto gdoi` and its sub-commands as programs do that are made for routers.

Such a program takes off the blanks around a line, tries one expression after the other, which ask for the beginning of
the line and take its last word, and wants one word of a certain kind. What does not fit is passed over, and the value is
missing then; or it is taken for another line's. So this reader is as careless on purpose: what it finds must be there in
each state of a member, and be true.
"""

import re



# What is read of "show crypto gdoi", "detail" and "group NAME": the beginning of the line, the form of the last word, the
# name of the value, its type.
ADDRESS, WORD, NUMBER = r"[\d.]+", r"\w+", r"\d+"
_WHOLE = [
    ("Group Name +:", WORD, "group", str),
    ("Group Identity +:", WORD, "identity", str),
    ("Crypto Path +:", WORD, "crypto_path", str),
    ("Key Management Path +:", WORD, "management_path", str),
    ("Rekeys received +:", WORD, "rekeys_received", int),
    ("IPSec SA Direction +:", WORD, "direction", str),
    ("Group Server list +:", ADDRESS, "server_list", str),
    ("ACL Received.*", WORD, "acl_received", str),
    (r"Local addr/port +: +[\d.]+/", NUMBER, "local_port", int),
    (r"Remote addr/port +: +[\d.]+/", NUMBER, "remote_port", int),
    (r"fvrf/ivrf +: +\w+/", WORD, "ivrf", str),
    ("Version +:", ADDRESS, "version", str),
    ("Registration.*", WORD, "registration", str),
    ("Registered.*", ADDRESS, "registered_with", str),
    ("Succeeded.*", NUMBER, "succeeded", int),
    ("Attempted.*", NUMBER, "attempted", int),
    ("Last rekey from.*", ADDRESS, "last_rekey_from", str),
    ("Last rekey seq.*", NUMBER, "last_rekey_sequence", int),
    ("Unicast rekey .*", NUMBER, "unicast", int),
    ("Rekey ACKs sent.*", NUMBER, "acknowledged", int),
    ("DP.*", WORD, "error_monitoring", str),
    ("IPSEC init reg executed.*", NUMBER, "init_executed", int),
    ("IPSEC init reg postponed.*", NUMBER, "init_postponed", int),
    ("Active.*", NUMBER, "active_teks", int),
    ("SA.*", r"[abdeilns]+", "sa_track", str),
    ("Fail.*", r"[DEabdeilns]+", "fail_close_revert", str),
    ("allowable.*", WORD, "allowable", str),
    ("Total received.*", NUMBER, "total_received", int),
    ("After latest register.*", NUMBER, "after_register", int),
    ("Rekey Acks sents.*", NUMBER, "acks", int),
    ("Rekey Transport Type.*:", WORD, "kek_transport", str),
    ("Lifetime.*:", NUMBER, "kek_lifetime", int),
    ("Encrypt Algorithm.*:", WORD, "kek_cipher", str),
    ("Key Size.*:", NUMBER, "kek_key_size", int),
    ("Sig Hash Algorithm.*:", WORD, "kek_hash", str),
    ("Sig Key Length.*:", NUMBER, "kek_signature", int),
]
_WHOLE = [(re.compile(rf"^{start} *(?<![^\s:/])({form})$" if start.endswith(("/", ":")) else rf"^{start} +({form})$"), name, kind)
          for start, form, name, kind in _WHOLE]
_MEMBER = re.compile(r"^Group member.* +: +([\d.]+) +vrf: +(\w+)$")
_AGAIN = re.compile(r"^Re.* +(\d+) +sec$")
_LIST = re.compile(r"^ACL Downloaded From KS.* +([\d.]+):$")
_ENTRY = re.compile(r"^access-list.*$")
_INTERFACE = re.compile(r"^(\S+):$")
_SPI = re.compile(r"^spi.* +(\S+)$")
_LOCAL = re.compile(r"^REG_GM.* +([\d.]+)$")
_TEK = [
    (re.compile(r"^transform.*: +(.+)$"), "transform", str),
    (re.compile(r"^sa timing.*\((\d+)\)$"), "remaining", int),
    (re.compile(r"^Anti-Replay.*: +(\d+)$"), "window", int),
    (re.compile(r"^tag method.*: +([abdeilns]+)$"), "tag", str),
    (re.compile(r"^alg key.*: +(\d+) +\(bytes\)$"), "cipher_octets", int),
    (re.compile(r"^sig key.*: +(\d+) +\(bytes\)$"), "integrity_octets", int),
    (re.compile(r"^encaps.*: +(\S+)$"), "encapsulation", str),
]
WHOLE = frozenset(name for _, name, _ in _WHOLE) | {"member", "vrf", "reregisters_in", "list_of", "list", "local_addresses"}
TEK = frozenset(name for _, name, _ in _TEK)


def _lines(text):
    return [line.strip() for line in text.splitlines()]


def whole(text):
    """Of each group of "show crypto gdoi" its values, and "teks" by interface and SPI."""
    groups, group, tek = {}, None, None
    for line in _lines(text):
        named = re.match(r"^Group Name +: +(\w+)$", line)
        if named:
            group = groups.setdefault(named[1], {"group": named[1], "teks": {}, "local_addresses": set()})
            continue
        if group is None:
            continue
        if found := _MEMBER.match(line):
            group["member"], group["vrf"] = found.groups()
        elif found := next(((expression.match(line), name, kind) for expression, name, kind in _WHOLE if expression.match(line)), None):
            group[found[1]] = found[2](found[0][1])
        elif found := _AGAIN.match(line):
            group["reregisters_in"] = int(found[1])
        elif found := _LIST.match(line):
            group["list_of"], group["list"] = found[1], []
        elif _ENTRY.match(line):
            group["list"].append(line)
        elif found := _LOCAL.match(line):
            group["local_addresses"].add(found[1])
        elif line not in ("KGS POLICY:", "P2P POLICY:", "KEK POLICY:") and (found := _INTERFACE.match(line)):
            interface = group["teks"].setdefault(found[1], {})
        elif found := _SPI.match(line):
            tek = interface.setdefault(found[1], {})
        elif tek is not None:
            for expression, name, kind in _TEK:
                if found := expression.match(line):
                    tek[name] = kind(found[1])
                    break
    return groups


_GM = [(re.compile(rf"^{start}{form}"), name) for start, form, name in (
    ("IPSec +SA +Direction +: +", r"(\w+)$", "direction"),
    (r"Group +member +: +", r"([\d.]+) +vrf: +\w+", "member"),
    (r"Local addr.port +: +", r"([\d.]+.\d+)", "local"),
    (r"Remote addr.port +: +", r"([\d.]+.\d+)", "remote"),
    (r"fvrf.ivrf +: +", r"(\w+.\w+)", "vrfs"),
    (r"Version +: +", r"([\d.]+)", "version"),
    (r"Registration +status +: +", r"(\w+)", "registration"),
    (r"Registered +with +: +", r"([\d.]+)", "registered_with"),
    (r"Re-registers +in +: +", r"([\w ]+)", "reregisters_in"),
    (r"Unicast +rekey +received: +", r"(\d+)", "unicast"),
    (r"Active +TEK +Number +: +", r"(\d+)", "active_teks"),
    (r"SA +Track +.OID.status. +: +", r"(\w+)", "sa_track"),
    (r"Fail.Close +Revert +: +", r"(\w+)", "fail_close_revert"))]
GM = frozenset(name for _, name in _GM)


def gm(text):
    """Of each group of "show crypto gdoi gm" its values, as text."""
    groups, group = {}, None
    for line in _lines(text):
        if found := re.match(r"^Group +Member +Information +For +Group +(\w+)", line):
            group = groups.setdefault(found[1], {})
        for expression, name in _GM:
            if found := expression.match(line):
                group[name] = found[1]
    return groups


def local_list(text):
    """Of each group of "show crypto gdoi gm acl local" its lines."""
    groups, entries = {}, None
    for line in _lines(text):
        if found := re.match(r"^Group Name: +(\S+)$", line):
            name = found[1]
        elif re.match(r"^ACL Configured Locally:.*$", line):
            entries = groups.setdefault(name, [])
        elif _ENTRY.match(line):
            entries.append(line)
    return groups


def rekeys(text):
    """Of each group of "show crypto gdoi gm rekey [detail]" its numbers, and its KEKs by their ages."""
    groups, group = {}, None
    numbers = (("cumulative", r"received\s*\(cumulative\)"), ("registration", r"received\s*after\s*registration"))
    for line in _lines(text):
        if found := re.match(r"^Group\s*(\S+)\s*\((\w+)\)$", line):
            group = groups.setdefault(found[1], {"transport": found[2], "keks": {}})
        for name, words in numbers:
            if found := re.match(rf"^Number\s*of\s*Rekeys\s*{words}\s*:\s*(\d+)$", line):
                group[name] = int(found[1])
        if found := re.match(r"^Number\s*of\s*Rekey\s*Acks\s*sent\s*:\s*(\d+)$", line):
            group["acknowledged"] = int(found[1])
        if found := re.match(r"^(New|Current|Previous)\s*:\s*(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)$", line):
            group["keks"][found[1]] = found.groups()[1:]
    return groups


def rekey_sas(text):
    """The rows of "show crypto gdoi rekey sa": destination, source, connection, status."""
    rows = None
    for line in _lines(text):
        if re.match(r"dst +src +conn.id +status", line):
            rows = []
        elif found := re.match(r"([\d.]+) +([\d.]+) +(\d+) +(\w+)", line):
            rows.append(found.groups())
    return rows


_DETAIL = [(re.compile(pattern), names) for pattern, names in (
    (r"num_active += +(\d+)", ("active",)), (r"num_malloc += +(\d+)", ("taken",)), (r"num_free += +(\d+)", ("freed",)),
    (r"KEK +POLICY +.transport +type +: +(\w+).", ("transport",)),
    (r"Local +addr.port +: +([\d.]+).(\d+)", ("local", "local_port")),
    (r"Remote +addr.port +: +([\d.]+).(\d+)", ("remote", "remote_port")),
    (r"spi +: +(\w+)", ("spi",)),
    (r"management +alg +: +(\w+) +encrypt +alg +: +(\w+)", ("management", "cipher")),
    (r"crypto +iv +length +: +(\d+)  +key +size +: +(\d+)", ("iv_octets", "key_octets")),
    (r"orig +life.sec. +: +(\d+)", ("lifetime",)),
    (r"sig +hash +algorithm +: +(\w+) +sig +key +length +: +(\d+)", ("hash", "signature_key_octets")),
    (r"sig +size +: +(\d+)", ("signature_octets",)),
    (r"acknowledgement +: +(\w+)", ("acknowledgement",)),
    (r"conn_id +.(\w+). +: +(\d+)", ("connection_type", "connection")),
    (r"seq +num +: +(\d+) +prev +seq +num +: +(\d+)", ("sequence", "previous_sequence")),
    (r"handle +: +(\d+)", ("handle",)), (r"Interface +: +(\w+)", ("interface",)), (r"Group +Name +: +([\w.-]+)", ("group",)))]
REKEY_SA_DETAIL = frozenset(name for _, names in _DETAIL for name in names)


def rekey_sa_detail(text):
    """What is kept of "show crypto gdoi rekey sa detail": of several KEKs the last."""
    out = {}
    for line in _lines(text):
        for expression, names in _DETAIL:
            if found := expression.match(line):
                out |= dict(zip(names, found.groups(), strict=True))
                break
    return out


_COUNTERS = (("encrypt", "decrypt"), ("tagged", "untagged"), ("no sa", "invalid sa"), ("encaps fail", "decap fail"),
             ("invalid prot", "verify fail"), ("not tagged", "not untagged"), ("internal err", "internal err"))
# What such a program calls the two numbers of the line, in the order of _COUNTERS: that some names come twice is its error.
_NAMES = (("encrypt", "decrypt"), ("tagged", "untagged"), ("no_sa", "untagged"), ("tagged", "untagged"),
          ("invalid_prot", "verify_fail"), ("not_tagged", "not_untagged"), ("encrypt", "decrypt"))
COUNTERS = frozenset(name for pair in _NAMES for name in pair)


def counters(text):
    """Of each group of "show crypto gdoi gm dataplane counters" its numbers."""
    groups, group = {}, None
    for line in _lines(text):
        if found := re.match(r"^Data-plane statistics for group +(\S+):$", line):
            group = groups.setdefault(found[1], {})
        for (one, other), names in zip(_COUNTERS, _NAMES, strict=True):
            if found := re.match(rf"^#pkts {one}.*: +(\d+) +#pkts {other}.*: +(\d+)$", line):
                group |= dict(zip(names, map(int, found.groups()), strict=True))
                break
    return groups


def replay(text):
    """Of each group of "show crypto gdoi gm replay" whether time-based replay is off, and our senders by SPI and network."""
    groups, group = {}, None
    for line in _lines(text):
        if found := re.match(r"^Anti-replay Information For Group ([\w-]+):$", line):
            group = groups.setdefault(found[1], {"senders": {}})
        elif line == "is not enabled":
            group["time_based"] = False
        elif found := re.match(r"^spi (0x\w{8}): window (\d+), (\d+) packets, (\d+) replays dropped$", line):
            group["senders"][spi := found[1], None] = tuple(map(int, found.groups()[1:]))
        elif found := re.match(r"^sender (\S+): (\d+) packets, (\d+) replays dropped, window (\d+)$", line):
            group["senders"][spi, found[1]] = (int(found[4]), int(found[2]), int(found[3]))
    return groups


def identifier(text):
    """Of each group of "show crypto gdoi gm identifier [detail]" its values."""
    groups, group = {}, None
    for line in _lines(text):
        if found := re.match(r"^GM Sender ID \(SID\) Information for Group\s*(\S+):$", line):
            group = groups.setdefault(found[1], {})
        elif found := re.match(r"^Group Member:\s*(\S+)\s*vrf:\s*(\S+)$", line):
            group["member"], group["vrf"] = found.groups()
        elif found := re.match(r"^Transform Mode\s*:\s*([\w-]*)\s*\(([\w-]*)\)$", line):
            group["mode"], group["suite"] = found.groups()
        elif found := re.match(r"^# of SIDs Last Requested\s*:\s*(\d+)$", line):
            group["requested"] = int(found[1])
        elif found := re.match(r"^CURRENT SIDs:\s*(\S+)$", line):
            group["current"] = found[1]
        elif found := re.match(r"^TEK Lifetime\s*:\s*(\w+)\s*sec$", line):
            group["next"] = {"lifetime": int(found[1])}
        elif found := re.match(r"^SID Length \(Group Size\)\s*:\s*(\d+)\s*bits\s*\((\w+)\)$", line):
            group["next"] |= {"bits": int(found[1]), "size": found[2]}
    return groups


def public_keys(text):
    """Of each group of "show crypto gdoi gm pubkey" its keys: key server, connection, cookies, digits."""
    groups = {}
    for line in _lines(text):
        if found := re.match(r"^GDOI\s*Group:\s*(\S+)$", line):
            keys = groups.setdefault(found[1], [])
        elif found := re.match(r"^KS\s*IP\s*Address:\s*(\S+)$", line):
            keys.append({"server": found[1], "digits": ""})
        elif found := re.match(r"^conn-id:\s*(\d+)\s*my-cookie:\s*(\S+)\s*his-cookie:\s*(\S+)$", line):
            keys[-1] |= {"connection": int(found[1]), "cookies": (found[2], found[3])}
        elif re.match(r"^[0-9A-Z\s]+$", line):
            keys[-1]["digits"] += line.replace(" ", "")
    return groups


def ipsec_sas(text):
    """Of each group of "show crypto gdoi ipsec sa" its SAs by interface: protocol, ends, direction, window."""
    groups, sa = {}, None
    for line in _lines(text):
        if found := re.match(r"^SA +created +for +group (\w+):$", line):
            group = groups.setdefault(found[1], {})
        elif found := re.match(r"^([\w/]+):$", line):
            sas = group.setdefault(found[1], [])
        elif found := re.match(r"^protocol\s= (\w{2,})$", line):
            sas.append(sa := {"protocol": found[1]})
        elif found := re.match(r"^(local|remote).* +([ANY|0-9./]+), +port = (\d+)$", line):
            sa[found[1]] = (found[2], int(found[3]))
        elif found := re.match(r"^direction: (\w+), +replay.*: +(\w+)/(\d+)$", line):
            sa["direction"], sa["window"] = found[1], int(found[3])
    return groups


def features(text):
    """Of each group of "show crypto gdoi feature" the rows of key servers and of members: address, version, supported."""
    groups, rows = {}, None
    for line in _lines(text):
        if found := re.match(r"^Group Name:\s(\S+)$", line):
            group = groups.setdefault(found[1], {})
        elif re.match(r"Key Server ID \s+Version\s+Feature\sSupported", line):
            rows = group.setdefault("servers", [])
        elif re.match(r"Group Member ID\s+Version\s+Feature\sSupported", line):
            rows = group.setdefault("members", [])
        elif found := re.match(r"(\d+\.\d+\.\d+\.\d+)\s+([\d.]+)\s+(\w+)$", line):
            rows.append(found.groups())
    return groups
