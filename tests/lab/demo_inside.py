# SPDX-License-Identifier: GPL-2.0-or-later
"""The demonstration's second half, run as root where it may install packages and make networks.

usage: demo_inside.py PACKAGE.deb
"""

import itertools
import os
import pathlib
import platform
import sys

import esp
from packets import ESP, ICMP
from processes import seed_config
from testlab import Lab
from topology import LabError, run

H1, H2, H3 = "10.1.0.10", "10.2.0.10", "10.3.0.10"
PINGS = 5
FIGURE = """
                      key server 10.0.0.5
                              |
     172.16.1.2 .-----------------------------. 172.16.3.2
   CE1 ---------|  provider: nothing but routes |--------- CE3
    |  member   '-----------------------------'   member   |
    |                         | 172.16.2.2                 |
  client 1                   CE2  no member             client 3
  10.1.0.10                   |                         10.3.0.10
                           client 2
                           10.2.0.10
"""


STEPS = 7
numbers = itertools.count(1)


def step(title):
    print(f"\n---- {next(numbers)} of {STEPS}: {title}\n", flush=True)


def indent(text):
    for line in text.rstrip().splitlines():
        print(f"    {line}", flush=True)


def install(package):
    # The index of all manual pages would be made anew, which takes minutes in an emulated machine.
    pathlib.Path("/var/lib/man-db/auto-update").unlink(missing_ok=True)
    done = run("apt-get", "install", "-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0", package, timeout=400,
               env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})
    indent("\n".join(line for line in done.stdout.splitlines() if "getvpn-gm" in line))
    indent(run("getvpn-gm", "--version").stdout)


class Summary:
    def __init__(self):
        self.failed = 0

    def check(self, holds, fact, detail=""):
        print(f"  [{'yes' if holds else 'NO '}] {fact}", flush=True)
        if not holds:
            self.failed += 1
            indent(str(detail))


def demonstrate(lab):
    step("The lab: every box is a network namespace")
    print(FIGURE)
    print("The key server protects what this list says, as a Cisco key server would:")
    indent("\n".join(seed_config()["access-list"]["CRYPTO_ACL"]))

    step("The key server starts; CE1 and CE3 run: getvpn-gm --ks 10.0.0.5 --group 100")
    lab.key_server(quick=False)
    ce1, ce3 = lab.members(1, 3)
    print("CE1's log:")
    indent(ce1.log())

    results = {}
    for name, address in (("client 3, in the list", H3), ("client 2, not in the list", H2)):
        step(f"Client 1 pings {name}; the provider looks on")
        with lab.capture("pe", "ce1") as wire:
            ping = lab.ping("h1", address, PINGS)
        indent(ping.text)
        print("\nSeen on the provider's link to CE1 (tcpdump):")
        indent(wire.dump())
        results[address] = ping, wire.packets()

    step("CE1: getvpnctl show")
    indent(ce1.control("show").stdout)
    return ce1, ce3, results


def summarise(lab, ce1, ce3, results):
    step("Summary")
    summary = Summary()
    ping, packets = results[H3]
    protected = [p for p in packets if p.between(H1, H3)]
    summary.check(ping.is_complete, f"client 1 and client 3 talk: {ping.received} of {ping.sent} pings answered")
    summary.check(len(protected) == 2 * PINGS and all(p.protocol == ESP for p in protected),
                  "the provider saw them as ESP, one packet for each, and nothing in clear", "\n".join(map(str, packets)))
    summary.check({(p.source, p.destination) for p in protected} == {(H1, H3), (H3, H1)},
                  "with the clients' own addresses in the outer header")
    spis = {p.spi for p in protected} | {ce1.tek()["spi"], ce3.tek()["spi"]}
    summary.check(len(spis) == 1, f"under the SPI that both CEs show: 0x{max(spis):08X}", spis)
    inner = [esp.sa_of(lab, "ce1").open(p) for p in protected]
    summary.check(all(p.protocol == ICMP for p in inner), "inside is the original packet (decrypted with the group's key)")
    ping, packets = results[H2]
    summary.check(ping.is_complete and all(p.protocol == ICMP for p in packets if p.between(H1, H2)),
                  f"client 2, which is not in the list, is reached in clear: {ping.received} of {ping.sent} pings answered")
    summary.check([ce1.stop(), ce3.stop()] == [0, 0], "SIGTERM ends both members with exit status 0")
    summary.check(not lab.exec("ce1", "ip", "xfrm", "policy").stdout and not lab.exec("ce1", "nft", "list", "ruleset").stdout,
                  "and leaves no policy and no rule behind", lab.exec("ce1", "ip", "xfrm", "policy").stdout)
    return summary.failed


def main(package):
    step(f"Installing {pathlib.Path(package).name} with apt (kernel {platform.release()}, thrown away afterwards)")
    install(package)
    with Lab() as lab:
        failed = summarise(lab, *demonstrate(lab))
    print("\nThe demonstration succeeded." if not failed else f"\nThe demonstration FAILED: {failed} claims do not hold.")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except LabError as error:
        sys.exit(f"demo: {error}")
