#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may include what: the boundaries between gdoi, xfrm and agent, checked on #include lines.

usage: include_rules.py ROOT
"""

import re
import sys

import sources

INCLUDE = re.compile(r'^\s*#\s*include\s*(<[^>]+>|"[^"]+"|\S+)')
# A standard C++ header: no directory, no suffix.
STANDARD = re.compile(r"<[a-z0-9_]+>")
KERNEL = ("<linux/", "<asm/")
# What the C library adds for sockets, addresses and errors; xfrm talks netlink, gdoi talks to nobody.
SYSTEM = ("<arpa/inet.h>", "<ifaddrs.h>", "<net/if.h>", "<netinet/", "<sys/", "<unistd.h>", "<fcntl.h>", "<poll.h>", "<time.h>",
          "<errno.h>")

MAY_INCLUDE = {
    "gdoi": ('"gdoi/', "<openssl/", "<tl/expected.hpp>"),
    "xfrm": ('"xfrm/', "<libmnl/", "<libnftnl/", "<netlink/", "<tl/expected.hpp>", *KERNEL, *SYSTEM),
}
# The agent names the protocol's wire format only by the identities it is configured with.
AGENT_MUST_NOT = {
    '"gdoi/wire/': ('"gdoi/wire/identification.h"',),
    '"gdoi/phase1/': (),
    '"gdoi/pull/': (),
    '"gdoi/crypto/': ('"gdoi/crypto/random.h"', '"gdoi/crypto/dh.h"'),
}
# One file each knows these libraries, or few do.
ONLY_IN = {
    "<CLI/": ("agent/options.cpp", "agent/getvpnctl.cpp"),
}


def complaint(folder, relative, name):
    if folder in MAY_INCLUDE:
        if STANDARD.fullmatch(name) or name.startswith(MAY_INCLUDE[folder]):
            return None
        return f"{folder} must not include {name}"
    for forbidden, allowed in AGENT_MUST_NOT.items():
        if name.startswith(forbidden) and name not in allowed:
            return f"agent must not include {name}"
    if name.startswith('"tests/'):
        return f"agent must not include {name}"
    for library, places in ONLY_IN.items():
        if name.startswith(library) and relative not in places and not relative.startswith("agent/options"):
            return f"{name} belongs in {' or '.join(places)}"
    return None


def main(root):
    count, complaints = 0, []
    for folder in ("gdoi", "xfrm", "agent"):
        for path in sources.cpp(root, (folder,)):
            relative = str(path.relative_to(root))
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                count += 1
                wrong = complaint(folder, relative, match[1])
                if wrong:
                    complaints.append(f"{relative}:{number}: {wrong}")
    print("\n".join(complaints))
    print(f"{count} #include lines, {len(complaints)} wrong")
    return 1 if complaints or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
