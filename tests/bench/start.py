#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""From the start of getvpn-gm to its policy in the kernel, for lists of several lengths, in one run.

The key server is Python and its share is large; so each row has the time a registration takes by itself and the
ratio to the shortest list's, which is what to compare between versions.
"""

import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lab"))
from processes import PATIENCE, set_list
from testlab import Lab
from topology import LabError

LENGTHS = (2, 100, 500)  # 500 entries fill most of what one UDP datagram can carry
ROUNDS = 7


def entries(count):
    return [f"permit ip 10.1.{n % 250}.0/24 10.{100 + n // 250}.{n % 250}.0/24" for n in range(count)]


def seconds_until(member, text):
    deadline = time.monotonic() + PATIENCE
    while text not in member.log():
        if time.monotonic() > deadline or not member.is_running():
            raise LabError(f"no {text}\n{member.log()}")
        time.sleep(0.002)
    return time.monotonic()


def one_start(lab, name):
    """Seconds from the process's start to the first message's sending, and to the policy in the kernel."""
    member = lab.member(1, name=name)
    begin = time.monotonic()
    member.start()
    sent = seconds_until(member, "GM_REGSTER") - begin
    installed = seconds_until(member, "GM_INSTALL_POLICIES_SUCCESS") - begin
    resident = int(next(line.split()[1] for line in open(f"/proc/{member.child.pid}/status", encoding="ascii")
                        if line.startswith("VmRSS")))
    member.stop()
    return sent, installed, resident


def main():
    print(f"median of {ROUNDS} starts, milliseconds (kernel {os.uname().release})")
    print(f"{'entries':>8} {'start to 1st message':>21} {'start to policy':>16} {'slowest':>8} {'ratio':>6} {'resident KiB':>13}")
    base = None
    with Lab(sites=1, clients=False) as lab:
        for length in LENGTHS:
            server = lab.key_server(change=set_list(*entries(length)))
            rows = [one_start(lab, f"gm-{length}-{n}") for n in range(ROUNDS)]
            server.stop()
            sent, installed, resident = (statistics.median(column) for column in zip(*rows))
            base = base or installed
            print(f"{length:8} {sent * 1e3:21.0f} {installed * 1e3:16.0f} {max(r[1] for r in rows) * 1e3:8.0f} "
                  f"{installed / base:6.2f} {resident:13.0f}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except LabError as error:
        sys.exit(f"bench: {error}")
