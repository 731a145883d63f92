# SPDX-License-Identifier: GPL-2.0-or-later
"""(g) Both directions at once, of 1, 10 and 100 senders on either side. With two processors receive packet steering
spreads what arrives by the hash of its addresses, as a network card with two queues does; and counters tell on which
processor ESP packets were decrypted."""

import random
import re

import receive_hash
from paths import add_addresses, lab_of_pairs, traffic, udp_data
from table import Row

COUNTS = (1, 10, 100)
COUNTER = "iifname wan0 meta l4proto esp meta cpu {} counter\n"


def spread(lab, sites):
    """Steering by receive_hash on the CEs' WANs, over both processors, and counters by processor."""
    for site in (site for pair in sites.values() for site in pair):
        receive_hash.clear(lab, "pe", f"ce{site}")
        lab.exec(f"ce{site}", "sh", "-c", "echo 3 >/sys/class/net/wan0/queues/rx-0/rps_cpus")
        rules = COUNTER.format(0) + COUNTER.format(1)
        chain = f"chain arriving {{\ntype filter hook prerouting priority -500;\n{rules}}}\n"
        lab.exec_input(f"ce{site}", f"table inet bench {{\n{chain}}}\n", "nft", "-f", "-")


def packets_by_processor(lab, sites):
    """ESP packets that arrived until now, on one processor and on the other, at each of both CEs."""
    out = []
    for site in sites:
        text = lab.exec(f"ce{site}", "nft", "list", "table", "inet", "bench").stdout
        told = dict(re.findall(r"meta cpu (\d) counter packets (\d+)", text))
        out.append((int(told["0"]), int(told["1"])))
    return out


def less_busy(before, after):
    """Percent of a CE's ESP packets that the processor with fewer of them had, of both CEs in the mean. The two
    directions of a tunnel are two streams, and each may be on a processor of its own; what one CE receives is one
    stream of it."""
    passed = [[now - then for now, then in zip(*ce)] for ce in zip(after, before)]
    return sum(100 * min(ce) / sum(ce) for ce in passed) / len(passed)


def flows(udp, senders):
    return f"{f'UDP {udp}' if udp else 'TCP'}, {senders} sender{'s' if senders > 1 else ''}"


def measure(run):
    if run.lacks_processors:
        yield Row("g", "2 processors", "Mbit/s", "more", missing=run.lacks_processors)
        return
    several = run.processors == 2
    more = f", {run.processors} processors" if run.processors > 1 else ""
    cases = [(udp, senders) for udp in (0, 1400) for senders in COUNTS]
    values, counted = {}, {}
    with lab_of_pairs(["classic", "kept"], "aes") as (lab, sites):
        for pair in sites.values():
            add_addresses(lab, pair, max(COUNTS))
        if several:
            spread(lab, sites)
        turns = [(case, kind) for case in cases for kind in sites]
        order = random.Random(1)
        for _ in range(run.rounds(7)):
            order.shuffle(turns)
            for (udp, senders), kind in turns:
                before = packets_by_processor(lab, sites[kind]) if several else []
                data = udp_data("IPv4", udp) if udp else 0
                told = traffic(lab, sites[kind], "IPv4", run.seconds(0.4), data, 2, senders)
                values.setdefault((udp, senders, kind), []).append(sum(told["megabits_per_second"]))
                if several:
                    after = packets_by_processor(lab, sites[kind])
                    counted.setdefault((udp, senders, kind), []).append(less_busy(before, after))
    for udp, senders in cases:
        what = f"{flows(udp, senders)} each way{more}"
        yield Row("g", what, "Mbit/s", "more", values[udp, senders, "kept"], values[udp, senders, "classic"], "classic",
                  paired=True)
    for udp, senders in cases if several else []:
        what = f"{flows(udp, senders)}, ESP on the less busy processor"
        yield Row("g", what, "%", "more", counted[udp, senders, "kept"], counted[udp, senders, "classic"], "classic",
                  paired=True)
