# SPDX-License-Identifier: GPL-2.0-or-later
"""(e) Memory and processor time: of a member with a policy, and of a charon with one tunnel, doing nothing; then over
rekeys, one after the other. What a line of the list adds to memory."""

import pathlib
import re
import time

import charon
from paths import program
from processes import PATIENCE, set_rekey
from table import Row
from testlab import Lab
from topology import LabError

from sections.start import processor_time

LINES, SHAPE = 1000, ([f"10.{n}.0.0/24" for n in range(25)], [f"10.{128 + n}.0.0/24" for n in range(40)])
REPORTED_EVERY = 50  # rekeys, until the member has to have taken all


def resident(pid):
    """KiB"""
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii"))[1])


def ends(lab):
    """Connections of the charons of sites 2 and 3."""
    both = (2, 3), (3, 2)
    return [charon.connection("bench", lab.wan_address(one), lab.wan_address(other),
                              [f"10.{one}.0.0/24"], [f"10.{other}.0.0/24"])
            for one, other in both]


def wake_ups(pid):
    """How often its threads went to sleep, which is as often as they awoke."""
    tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/status")
    return sum(int(re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", task.read_text(encoding="ascii"))[1])
               for task in tasks)


def at_rest(seconds, pids):
    """Of each process, for a minute: milliseconds of processor time, and how often it awoke."""
    before = [(processor_time(pid) * 1e3, wake_ups(pid)) for pid in pids]
    time.sleep(seconds)
    after = [(processor_time(pid) * 1e3, wake_ups(pid)) for pid in pids]
    return [[(now - then) * 60 / seconds for now, then in zip(*one)] for one in zip(after, before)]


def our_rekeys(server, member, count):
    """Pushes so many, each with a new TEK and the deletion of the one before the last."""
    before = member.show()["rekeys"]["received"]
    previous, last = [], []
    for n in range(1, count + 1):
        answer = server.rekey(tek="new", **({"delete": previous} if previous else {}))
        previous, last = last, [int(spi, 16) for spi in answer["spis"]]
        if n % REPORTED_EVERY == 0 or n == count:
            wait(lambda n=n: member.show()["rekeys"]["received"] >= before + n, member)


def wait(condition, process):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline or not process.is_running():
            raise LabError(f"rekeys are missing\n{process.log()[-4000:]}")
        time.sleep(0.02)


def charon_rekeys(peer, count):
    done = len(re.findall(r"CHILD_SA \S+ established", peer.log()))
    for n in range(1, count + 1):
        peer.tell("rekey", child="bench")
        peer.wait_established(done + n)


def rekeys(run, server, member, peer):
    """(of processor time a rekey, of memory), values of each side: rounds, whose rekeys are `count` in all."""
    rounds = run.rounds(5)
    count = (100 if run.quick else 1000) // rounds
    spent, grown = {"ours": [], "peer": []}, {}
    for who, process, work in (("ours", member, lambda: our_rekeys(server, member, count)),
                               ("peer", peer, lambda: charon_rekeys(peer, count))):
        if not process:
            continue
        pid = process.child.pid
        work()  # what is reserved once does not count as growth
        before = resident(pid)
        for _ in range(rounds):
            begin = processor_time(pid)
            work()
            spent[who].append((processor_time(pid) - begin) * 1e3 / count)
        grown[who] = [resident(pid) - before]
    return rounds * count, spent, grown


def of_lines(lab, run, peer):
    """KiB that a list of 1,000 lines adds, to the member's parts (agent-memory-bench) and to charon."""
    ours = []
    for _ in range(run.rounds(3)):
        text = lab.exec("ce1", program("agent-memory-bench", "unit/agent"), str(LINES), timeout=300).stdout
        before, after = (int(re.search(rf"{name}.*?VmRSS:\s+(\d+)", text)[1])
                         for name in ("before the list", f"{LINES} entries"))
        ours.append(after - before)
    if not peer:
        return ours, []
    before = resident(peer.child.pid)
    peer.tell("install", child="lines", ike="lines")
    return ours, [resident(peer.child.pid) - before]


def measure(run):
    without_charon = charon.missing()

    def row(what, unit, ours, peer, **more):
        named = {"peer_missing": without_charon} if without_charon else {"peer": peer}
        return Row("e", what, unit, "less", ours, peer_name="charon", **named, **more)

    with Lab(sites=3, clients=False) as lab:
        server = lab.key_server(change=set_rekey(acknowledgement=1))
        (member,) = lab.members(1)
        peer = None
        if not without_charon:
            one, other = ends(lab)
            lines = charon.connection("lines", "172.16.2.2", "172.16.1.2", *SHAPE)
            charon.Charon(lab, "ce3", other).start()
            peer = charon.Charon(lab, "ce2", one + lines).start()
            peer.tell("initiate", child="bench", ike="bench")
        pids = [process.child.pid for process in (member, peer) if process]
        idle = [at_rest(run.seconds(6), pids) for _ in range(run.rounds(3))]
        memory = [[resident(pid)] for pid in pids] + [[]]
        yield row("resident memory, at rest", "KiB", memory[0], memory[1])
        for at, (what, unit) in enumerate((("processor time at rest, of a minute", "ms"),
                                           ("wake-ups at rest, of a minute", "times"))):
            columns = [[one[process][at] for one in idle] for process in range(len(pids))] + [[]]
            yield row(what, unit, columns[0], columns[1])
        count, spent, grown = rekeys(run, server, member, peer)
        yield row(f"processor time of a rekey, of {count:,}", "ms", spent["ours"], spent["peer"])
        yield row(f"memory more after {count:,} rekeys", "KiB", grown["ours"], grown.get("peer", []))
        yield row(f"memory more with {LINES:,} lines", "KiB", *of_lines(lab, run, peer))
