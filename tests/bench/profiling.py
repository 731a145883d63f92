# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a user-mode kernel spends its time: samples by `perf` (cpu-clock), by function, for stretches of time.

What the cipher takes of a packet is the same on every path. So "all of the kernel's time divided by the cipher's" tells
paths apart on a machine whose speed drifts and that others use as well: both parts are slowed down alike.
"""

import bisect
import collections
import os
import re
import subprocess
import tempfile

FREQUENCY = 4999
GROUPS = (("cipher", r"aes|sha256|BLEND_OP|LOAD_OP|hmac|cbc_|crypto_(cbc|skcipher)|skcipher_walk|lskcipher|cipher_null|null_"),
          ("nftables", r"nft_|nf_tables|nf_hook_slow|nf_ingress|jhash|rhashtable|notrack|inet_proto_csum|nf_defrag|nf_ct"),
          ("xfrm, esp", r"xfrm|esp_|esp4|esp6|authenc|crypto_|scatterwalk|skb_to_sgvec|skb_cow_data"),
          ("routing", r"fib|ip_route|ip6_route|ip_rt|ip6_pol|rt6_|rt_|ipv4_dst|dst_|inet_addr_type|find_exception|ip_mkroute"),
          ("GRO", r"gro_|_gro|napi_gro|skb_segment|gso"),
          ("receiving", r"ip_rcv|ip6_rcv|ipv6_rcv|ip_list_rcv|ip_sublist|ip_local_deliver|ip6_input|ip_protocol_deliver|ip6_protocol|"
                        r"netif_receive|enqueue_to_backlog|process_backlog"))


class Profile:
    """Samples one process until stop()."""

    def __init__(self, pid, symbols):
        self.pid = pid
        self.symbols = sorted(symbols)  # (address, name)
        self.file = tempfile.NamedTemporaryFile(prefix="getvpn-profile")  # pylint: disable=consider-using-with
        self.recorder = subprocess.Popen(["perf", "record", "-q", "-F", str(FREQUENCY), "-e", "cpu-clock:u", "-k", "CLOCK_MONOTONIC",
                                          "-p", str(pid), "-o", self.file.name])

    def stop(self):
        """Samples as (time as time.monotonic() has it, function), of the kernel alone."""
        self.recorder.send_signal(2)
        self.recorder.wait()
        script = subprocess.run(["perf", "script", "-i", self.file.name, "-F", "pid,time,ip", "--show-lost-events"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
        addresses = [address for address, _ in self.symbols]
        out = []
        for line in script.stdout.splitlines():
            found = re.match(r"\s*(\d+)\s+(\d+\.\d+):\s+([0-9a-f]+)", line)
            if not found or int(found[1]) != self.pid:
                continue
            at = bisect.bisect_right(addresses, int(found[3], 16)) - 1
            if 0 <= at < len(addresses) - 1:
                out.append((float(found[2]), self.symbols[at][1]))
        return out


def within(samples, stretches):
    """Counts by function of the samples in (begin, end) stretches."""
    times = [time for time, _ in samples]
    count = collections.Counter()
    for begin, end in stretches:
        for at in range(bisect.bisect_left(times, begin), bisect.bisect_right(times, end)):
            count[samples[at][1]] += 1
    return count


def group_of(function):
    return next((name for name, pattern in GROUPS if re.search(pattern, function)), "other")


def print_profile(kinds):
    """A table of groups and of the functions on top, in percent of the cipher's time of the same kind. `kinds` are
    counts by name. Returns for each kind its whole time divided by the cipher's."""
    grouped = {kind: collections.Counter() for kind in kinds}
    for kind, count in kinds.items():
        for function, samples in count.items():
            grouped[kind][group_of(function)] += samples
    whole = {kind: sum(groups.values()) / max(groups["cipher"], 1) for kind, groups in grouped.items()}

    def row(name, value):
        print(f"  {name:34}" + "".join(f"{value(kind):14.2f}" for kind in kinds))

    print("percent of the cipher's time       " + "".join(f"{kind:>14}" for kind in kinds))
    row("samples", lambda kind: sum(kinds[kind].values()))
    row("all", lambda kind: 100 * whole[kind])
    for name in [name for name, _ in GROUPS] + ["other"]:
        row(name, lambda kind, name=name: 100 * grouped[kind][name] / max(grouped[kind]["cipher"], 1))
    every = collections.Counter()
    for count in kinds.values():
        every.update(count)
    for function, _ in every.most_common(int(os.environ.get("GETVPN_TOP", "40"))):
        row(f"{group_of(function)[:8]} {function}"[:34],
            lambda kind, function=function: 100 * kinds[kind][function] / max(grouped[kind]["cipher"], 1))
    return whole
