#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The layout of the product, checked on #include lines: which folder may include what.

A folder may always include itself and the standard C++ headers. What else it needs stands in its row: folders of the
project, single headers of them, or libraries by the beginning of their names. There is no circle between rows.

usage: include_rules.py ROOT
"""

import re
import sys

import sources

INCLUDE = re.compile(r'^\s*#\s*include\s*(<[^>]+>|"[^"]+"|\S+)')
# A standard C++ header: no directory, no suffix.
STANDARD = re.compile(r"<[a-z0-9_]+>")
OWN = re.compile(r'"((?:gdoi|xfrm|agent)(?:/[^/"]+)*)/[^/"]+"')

EXPECTED = "<tl/expected.hpp>"
# What the C library has for addresses and files; whoever opens sockets says so in its row.
ADDRESSES = ("<arpa/inet.h>", "<netinet/in.h>", "<net/if.h>")
FILES = ("<fcntl.h>", "<unistd.h>", "<sys/stat.h>", "<sys/file.h>")
SOCKETS = ("<sys/socket.h>", "<sys/un.h>", "<sys/time.h>", "<sys/epoll.h>")
NETLINK = ("<linux/netlink.h>", "<linux/rtnetlink.h>")
NETFILTER = ("<linux/netfilter",)

ROWS = {
    # gdoi: bytes, time and randomness in, actions out. OpenSSL is all it knows beside itself.
    "gdoi/base": (EXPECTED, "<openssl/crypto.h>"),
    "gdoi/crypto": ("gdoi/base", "<openssl/"),
    "gdoi/policy": ("gdoi/base", "gdoi/crypto"),
    "gdoi/wire": ("gdoi/base", "gdoi/policy"),
    "gdoi/assemble": ("gdoi/base", "gdoi/policy", "gdoi/wire", "<openssl/"),
    "gdoi/phase1": ("gdoi/base", "gdoi/crypto", "gdoi/wire"),
    "gdoi/pull": ("gdoi/base", "gdoi/policy", "gdoi/wire", "gdoi/assemble", "gdoi/phase1"),
    "gdoi/push": ("gdoi/base", "gdoi/crypto", "gdoi/policy", "gdoi/wire", "gdoi/assemble", "gdoi/phase1"),
    "gdoi": ("gdoi/base", "gdoi/crypto", "gdoi/policy", "gdoi/wire", "gdoi/assemble", "gdoi/phase1", "gdoi/pull", "gdoi/push"),
    # xfrm: the kernel's IPsec by netlink. Nothing of IKE or GDOI, nothing of files.
    "xfrm/base": (EXPECTED, "<arpa/inet.h>", "<sys/socket.h>", "<unistd.h>", "<linux/xfrm.h>"),
    "xfrm/netlink": ("xfrm/base", "<libmnl/", "<netlink/", "<arpa/inet.h>", "<sys/socket.h>", "<sys/time.h>", *NETLINK, *NETFILTER),
    "xfrm/ipsec": ("xfrm/base", "xfrm/netlink", "<linux/xfrm.h>", "<linux/netlink.h>", *ADDRESSES),
    "xfrm/nft": ("xfrm/base", "xfrm/netlink", "xfrm/ipsec", "<libmnl/", "<libnftnl/", "<linux/xfrm.h>", "<linux/if_ether.h>",
                 "<linux/rtnetlink.h>", *NETFILTER, *ADDRESSES),
    "xfrm/route": ("xfrm/base", "xfrm/netlink", "xfrm/ipsec", "<netlink/route/", "<netlink/msg.h>", "<ifaddrs.h>",
                   "<linux/rtnetlink.h>", *ADDRESSES),
    "xfrm/plane": ("xfrm/base", "xfrm/netlink", "xfrm/ipsec", "xfrm/nft", "xfrm/route", "<linux/if_addr.h>", "<linux/xfrm.h>",
                   "<sys/epoll.h>", "<sys/random.h>", "<sys/socket.h>", "<unistd.h>", *NETLINK, *NETFILTER, *ADDRESSES),
    # agent: composes the two. Of gdoi it sees the member, its policy and its rekeys, and the identities that are configured.
    "agent/base": ("<grp.h>", "<poll.h>", "<pwd.h>", "<sys/socket.h>", "<sys/types.h>", "<sys/un.h>", "gdoi/base", "gdoi/actions.h", "gdoi/policy/selector.h", "xfrm/base", EXPECTED, "<fmt/", *FILES, *ADDRESSES),
    "agent/config": ("agent/base", "gdoi/base", "gdoi/crypto/available.h", "gdoi/member_config.h", "gdoi/phase1/credentials.h", "gdoi/policy", "gdoi/push/rekey_sa.h",
                     "gdoi/wire/identification.h", "xfrm/plane/plane.h", "<fmt/", "<sys/un.h>", "<unistd.h>", *ADDRESSES),
    "agent/io": ("agent/base", "gdoi/base", "<fmt/", "<ares.h>", "<cap-ng.h>", "<sys/mman.h>", "<unistd.h>", "<systemd/sd-daemon.h>",
                 "<sys/prctl.h>", "<sys/resource.h>", "<sys/sysinfo.h>",
                 "<sys/signalfd.h>", "<sys/timerfd.h>", "<sys/types.h>", "<linux/netlink.h>", "<linux/xfrm.h>", *FILES, *SOCKETS, *ADDRESSES),
    "agent/group": ("agent/base", "agent/config", "agent/io/nat_framing.h", "gdoi/base", "gdoi/datagram.h", "gdoi/member.h", "gdoi/member_status.h", "gdoi/schedule.h",
                    "gdoi/policy", "gdoi/push/rekey.h", "gdoi/push/rekey_sa.h", "gdoi/push/rekey_sa_table.h", "<fmt/"),
    "agent/kernel": ("agent/base", "agent/config", "agent/group", "gdoi/base", "gdoi/policy", "xfrm/base", "xfrm/plane",
                     "xfrm/route", "<fmt/", *ADDRESSES),
    "agent/control": ("agent/base", "agent/config", "agent/control/show", "agent/group", "agent/io/event_loop.h", "agent/io/stream_server.h",
                      "agent/io/unix_listener.h", "gdoi/base", "gdoi/push/rekey_sa.h", "<fmt/",
                      "<nlohmann/", "<sys/types.h>", *SOCKETS, *FILES),
    # A program of its own, which asks the daemon as getvpnctl does.
    "agent/snmp": ("agent/base", "agent/config/options.h", "agent/control", "<nlohmann/", "<net-snmp/"),
    "agent/control/show": ("<fmt/", "<nlohmann/"),
    # What getvpnctl looks at by itself.
    "agent/doctor": ("agent/base", "agent/config", "agent/control", "agent/kernel", "gdoi/base", "<fmt/", "<nlohmann/", "<poll.h>",
                     "<sys/socket.h>", "<sys/utsname.h>"),
    # What getvpnctl runs by itself.
    "agent/hooks": ("agent/base", "agent/control", "<fmt/", "<nlohmann/", "<dirent.h>", "<sys/wait.h>", *FILES),
    "agent": ("agent/base", "agent/config", "agent/io", "agent/group", "agent/kernel", "agent/control", "agent/doctor", "agent/hooks", "gdoi/base",
              "gdoi/crypto/available.h", "gdoi/crypto/digest.h", "gdoi/phase1/observer.h", "gdoi/wire/dissect.h", "<fmt/", "<malloc.h>",
              "<sys/epoll.h>", "<sys/resource.h>"),
}
# One file each knows these libraries.
ONLY_IN = {
    "<seccomp.h>": ("agent/io/system_calls.cpp",),
    "<CLI/": ("agent/config/command_line.h", "agent/config/options.cpp", "agent/config/control_options.cpp",
              "agent/config/snmp_options.cpp"),
    "<net-snmp/": ("agent/snmp/subagent.cpp",),
}


def circle(rows):
    """A folder that is reached from itself; None in a layout that has layers."""
    def below(folder, seen):
        for other in rows.get(folder, ()):
            if other in rows and other not in seen:
                seen.add(other)
                below(other, seen)
        return seen
    return next((folder for folder in rows if folder in below(folder, set())), None)


def complaint(folder, relative, name):
    if STANDARD.fullmatch(name):
        return None
    for library, places in ONLY_IN.items():
        if name.startswith(library):
            return None if relative in places else f"{name} belongs in {' or '.join(places)}"
    if folder not in ROWS:
        return f"{folder} has no row in include_rules.py"
    own = OWN.fullmatch(name)
    if own:
        allowed = own[1] == folder or own[1] in ROWS[folder] or name.strip('"') in ROWS[folder]
    else:
        allowed = name.startswith(tuple(row for row in ROWS[folder] if row[0] == "<"))
    return None if allowed else f"{folder} must not include {name}"


def main(root):
    count, complaints = 0, []
    if circle(ROWS):
        complaints.append(f"include_rules.py: {circle(ROWS)} is reached from itself")
    for top in ("gdoi", "xfrm", "agent"):
        for path in sources.cpp(root, (top,)):
            relative = path.relative_to(root)
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                count += 1
                wrong = complaint(str(relative.parent), str(relative), match[1])
                if wrong:
                    complaints.append(f"{relative}:{number}: {wrong}")
    print("\n".join(complaints))
    print(f"{count} #include lines, {len(complaints)} wrong")
    return 1 if complaints or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
