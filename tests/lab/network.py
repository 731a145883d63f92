# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab with its programs: members, key servers, pings, captures."""

import errno
import re
import signal
import socket
import sys

from capture import Capture
from netns import socket_in
from packets import UDP, build_ipv4, build_udp
from processes import KeyServer, Member
from topology import LabError, Topology


class Lab(Topology):
    """The network with everything in it; `with` makes and removes it, also when the test is killed."""

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, _: sys.exit(128 + number))
        self.up()
        return self

    def __exit__(self, *_):
        self.down()

    def key_server(self, number=1, change=None, quick=True, arguments=()):
        return KeyServer(self, number, change, quick, arguments).start()

    def member(self, site, **options):
        return Member(self, site, **options)

    def members(self, *sites, **options):
        """Members registered and with their policy in the kernel."""
        started = [self.member(site, **options).start() for site in sites]
        return [member.wait_installed() for member in started]

    def capture(self, node, device):
        return Capture(self, node, device)

    def ping(self, node, destination, count=5, size=56, dont_fragment=None, interval=0.2, source=None, wait=20):
        """How many of `count` pings were answered, the last within `wait` s (which only lost ones take). `size` counts
        the ICMP data, as ping does."""
        command = ["ping", "-n", "-c", str(count), "-i", str(interval), "-W", str(wait), "-s", str(size)]
        if dont_fragment is not None:
            command += ["-M", "do" if dont_fragment else "dont"]
        if source:
            command += ["-I", source]
        return Ping(self.exec(node, *command, destination, check=False, timeout=60 + wait + count * (5 + interval)).stdout)

    def settle(self, node, device):
        """Returns when the neighbour on that link has dealt with all that was sent to it before."""
        neighbour = {"ce": lambda n: self.wan_address(int(n)), "ks": lambda n: self.key_server_address(int(n or 1))}
        if node != "pe" or not self.ping("pe", neighbour[device[:2]](device[2:]), 1).is_complete:
            raise LabError(f"nobody answers {node} on {device}")

    def send_raw(self, node, packet, destination):
        """Sends a whole IP packet out of a node, whatever its source address says."""
        family = socket.AF_INET6 if ":" in destination else socket.AF_INET
        with socket_in(self.namespace(node), family, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
            raw.sendto(packet, (destination, 0))

    def send_udp_raw(self, node, source, destination, destination_port, data=b"x", source_port=40000, **options):
        datagram = build_udp(source, destination, source_port, destination_port, data)
        self.send_raw(node, build_ipv4(source, destination, UDP, datagram, **options), destination)

    def udp_socket(self, node, address="0.0.0.0", port=0):
        """A UDP socket bound inside a node."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        made = socket_in(self.namespace(node), family, socket.SOCK_DGRAM)
        made.bind((address, port))
        return made

    def tcp_connects(self, node, other, address, port, wait=30, listen_on=None):
        """Whether a TCP connection from `node` to `address` of the node `other` (which calls it `listen_on`, if it
        is translated) comes about within `wait` s."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener, client = (socket_in(self.namespace(n), family, socket.SOCK_STREAM) for n in (other, node))
        with listener, client:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((listen_on or address, port))
            listener.listen()
            client.settimeout(wait)
            try:
                client.connect((address, port))
            except (TimeoutError, ConnectionError):
                return False
            except OSError as error:  # a firewall says so
                if error.errno not in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES):
                    raise
                return False
            return True


class Ping:
    def __init__(self, text):
        self.text = text
        match = re.search(r"(\d+) packets transmitted, (\d+) received", text)
        if not match:
            raise LabError(f"ping did not run: {text}")
        self.sent, self.received = int(match[1]), int(match[2])

    @property
    def is_complete(self):
        return self.sent == self.received > 0
