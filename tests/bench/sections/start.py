# SPDX-License-Identifier: GPL-2.0-or-later
"""(c) Program start to the first ESP packet on the WAN, while a client keeps sending. Both negotiate phase 1 with the
same proposal and a pre-shared key: the member with the lab's key server, then GROUPKEY-PULL; charon with another
charon, then Quick Mode. And from start to policy by the length of the list."""

import contextlib
import socket
import subprocess
import threading
import time

import charon
from netns import socket_in
from processes import set_list
from table import Row
from testlab import ESP, PATIENCE, Lab
from topology import LabError

OURS, NOBODY, INITIATOR, RESPONDER = 1, 3, 2, 4  # sites
LENGTHS = (2, 100, 500)  # lines; 500 fill most of what one UDP datagram can carry
ETH_P_IP = 0x0800


class FirstEsp:
    """Waits for the first ESP packet that a CE sends to the provider."""

    def __init__(self, lab, site):
        self.seen = None
        self._wire = socket_in(lab.namespace("pe"), socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        self._wire.bind((f"ce{site}", ETH_P_IP))
        self._wire.settimeout(PATIENCE)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        with contextlib.suppress(TimeoutError):
            while True:
                octets, where = self._wire.recvfrom(64)
                if octets[9] == ESP and where[2] != socket.PACKET_OUTGOING:
                    self.seen = time.monotonic()
                    return

    def wait(self, explain):
        self._thread.join(PATIENCE)
        self._wire.close()
        if not self.seen:
            raise LabError(f"no ESP packet\n{explain()}")
        return self.seen


@contextlib.contextmanager
def sending(lab, site, to):
    """A small packet every 5 ms, from before the program starts."""
    ping = subprocess.Popen(lab.command(f"h{site}", "ping", "-q", "-n", "-i", "0.005", lab.client_address(to)),
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        ping.terminate()
        ping.wait()


def processor_time(pid):
    """Seconds of a process: its CLOCK_PROCESS_CPUTIME_ID. User-mode Linux counts them in ticks of 10 ms, others
    exactly."""
    return time.clock_gettime((~pid << 3) | 2)


def start_once(lab, process, site, to):
    """Milliseconds until the first ESP packet: of time, and of the program's processor time."""
    with sending(lab, site, to):
        esp = FirstEsp(lab, site)
        begin = time.monotonic()
        process.start()
        taken = esp.wait(process.log) - begin
        spent = processor_time(process.child.pid)
        process.stop()
    return taken * 1e3, spent * 1e3


def proposal(config):
    config["isakmp"]["policy"] = [{"priority": 10, "encryption": "aes 128", "hash": "sha256",
                                   "authentication": "pre-share", "group": 14}]


def against_charon(run):
    without_charon = charon.missing()
    ours, peers = [], []
    with Lab(sites=4) as lab:
        lab.key_server(change=proposal, quick=False)
        if not without_charon:
            ends = [(lab.wan_address(one), lab.wan_address(other), [f"10.{one}.0.0/24"], [f"10.{other}.0.0/24"])
                    for one, other in ((INITIATOR, RESPONDER), (RESPONDER, INITIATOR))]
            charon.Charon(lab, f"ce{RESPONDER}", charon.connection("bench", *ends[1])).start()
        for n in range(run.rounds(9)):
            member = lab.member(OURS, name=f"gm{n}", config={"ike-proposal": charon.PROPOSAL})
            ours.append(start_once(lab, member, OURS, NOBODY))
            if not without_charon:
                peer = charon.Charon(lab, f"ce{INITIATOR}", charon.connection("bench", *ends[0], "start"))
                peers.append(start_once(lab, peer, INITIATOR, RESPONDER))
                for kind in ("state", "policy"):
                    lab.exec(f"ce{INITIATOR}", "ip", "xfrm", kind, "flush")
    for at, what in enumerate(("start to first encrypted packet", "processor time of the program until then")):
        peer = {"peer": [one[at] for one in peers], "paired": True}
        if without_charon:
            peer = {"peer_missing": without_charon}
        yield Row("c", what, "ms", "less", [one[at] for one in ours], peer_name="charon", **peer)


def entries(count):
    return [f"permit ip 10.1.{n % 250}.0/24 10.{100 + n // 250}.{n % 250}.0/24" for n in range(count)]


def start_to_policy(member):
    begin = time.monotonic()
    member.start()
    while "GM_INSTALL_POLICIES_SUCCESS" not in member.log():
        if time.monotonic() > begin + PATIENCE or not member.is_running():
            raise LabError(f"no policy\n{member.log()}")
        time.sleep(0.002)
    taken = time.monotonic() - begin
    member.stop()
    return taken * 1e3


def by_length(run):
    """Each list has a key server of its own, so that all take turns."""
    values = {length: [] for length in LENGTHS}
    with Lab(sites=1, key_servers=len(LENGTHS), clients=False) as lab:
        for number, length in enumerate(LENGTHS, 1):
            lab.key_server(number, change=set_list(*entries(length)))
        for n in range(run.rounds(5)):
            for number, length in enumerate(LENGTHS, 1):
                arguments = ["--ks", lab.key_server_address(number), "--group", "100"]
                values[length].append(start_to_policy(lab.member(1, name=f"gm-{length}-{n}", arguments=arguments)))
    shortest = LENGTHS[0]
    for length, ours in values.items():
        peer = {} if length == shortest else {"peer": values[shortest], "peer_name": f"{shortest} lines", "paired": True}
        yield Row("c", f"start to policy, {length} lines", "ms", "less", ours, **peer)


def measure(run):
    yield from against_charon(run)
    yield from by_length(run)
