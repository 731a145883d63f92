# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's network: a provider that only routes, sites behind their CE routers, key servers.

    ks  10.0.0.5/24 --- 10.0.0.1  pe  172.16.N.1/30 --- 172.16.N.2/30  ceN  10.N.0.1/24 --- 10.N.0.10/24  hN

Every node is a network namespace. Nothing in here touches the machine's own network. Key server K
(from 1) is 10.0.K-1.5. A CE with a second LAN has 10.N.1.0/24 with client hNb on it.

With ipv6=True every link has IPv6 beside it: 2001:db8:0:K-1::/64 of key server K, 2001:db8:ffff:N::/64 of WAN N,
2001:db8:N:L::/64 of LAN L, with the same last numbers: ::1 and ::5, ::1 and ::2, ::1 and ::10.
"""

import ipaddress
import os
import pathlib
import shutil
import signal
import subprocess
import time

from netns import Entered, write_sysctl

# Programs that look at nothing but the network, not at the files that `ip netns exec` shows a node.
NETWORK_TOOLS = {"conntrack", "ip", "nft", "ping", "ss", "sysctl", "tc"}

WITHOUT_IPV6 = {
    "net.ipv6.conf.all.disable_ipv6": 1,  # no neighbour discovery in captures
    "net.ipv6.conf.default.disable_ipv6": 1,
}
WITH_IPV6 = {
    "net.ipv6.conf.all.forwarding": 1,
    "net.ipv6.conf.default.accept_dad": 0,  # an address is of use at once
    "net.ipv6.conf.default.router_solicitations": 0,
    "net.ipv6.icmp.ratelimit": 0,
}
SYSCTLS = {
    "net.ipv4.ip_forward": 1,
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.rp_filter": 0,
    "net.ipv4.icmp_ratelimit": 0,  # tests provoke the same error several times
    "net.ipv4.icmp_msgs_per_sec": 100000,
    "net.ipv4.conf.all.send_redirects": 0,
    "net.ipv4.conf.default.send_redirects": 0,
}


class LabError(Exception):
    """What a person must know when the lab itself does not work."""


def run(*command, check=True, timeout=60, **options):
    """Runs a command to its end and returns it, output as text."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=timeout, **options)
    if check and done.returncode:
        raise LabError(f"{' '.join(command)}: exit status {done.returncode}: "
                       f"{(done.stderr or done.stdout).strip()}")
    return done


class Topology:
    def __init__(self, prefix="lab", sites=3, key_servers=1, second_lan=(), wan_mtu=1500, clients=True,
                 ipv6=False):
        if not 1 <= sites <= 99 or not 1 <= key_servers <= 8:
            raise LabError("1 to 99 sites, 1 to 8 key servers")
        self.prefix = prefix
        self.sites = range(1, sites + 1)
        self.key_servers = range(1, key_servers + 1)
        self.second_lan = set(second_lan)
        self.clients = clients  # without, a site is its CE alone
        self.wan_mtu = wan_mtu
        self.ipv6 = ipv6
        self._lines = {}  # node: what `ip` is to do there
        self._entered = {}  # node: a thread that is there
        self.state = pathlib.Path("/run") / f"getvpn-{prefix}"  # logs, sockets, captures

    # ---- names and addresses

    def namespace(self, node):
        return f"{self.prefix}-{node}"

    @staticmethod
    def key_server_node(number):
        return "ks" if number == 1 else f"ks{number}"

    @staticmethod
    def key_server_address(number=1):
        return f"10.0.{number - 1}.5"

    @staticmethod
    def key_server_address6(number=1):
        return str(ipaddress.IPv6Address(f"2001:db8:0:{number - 1}::5"))  # as captures write it

    @staticmethod
    def wan_address(site):
        return f"172.16.{site}.2"

    @staticmethod
    def wan_address6(site):
        return f"2001:db8:ffff:{site}::2"

    @staticmethod
    def client_address(site, lan=0):
        return f"10.{site}.{lan}.10"

    @staticmethod
    def client_address6(site, lan=0):
        return str(ipaddress.IPv6Address(f"2001:db8:{site}:{lan}::10"))

    def nodes(self):
        names = ["pe"] + [self.key_server_node(k) for k in self.key_servers]
        for n in self.sites:
            names += [f"ce{n}", *self._clients_of(n)]
        return names

    def _clients_of(self, n):
        if not self.clients:
            return []
        return [f"h{n}", f"h{n}b"] if n in self.second_lan else [f"h{n}"]

    # ---- commands in a node

    def command(self, node, *command):
        return ["ip", "netns", "exec", self.namespace(node), *command]

    def exec(self, node, *command, **options):
        """Runs a command in a node. Starting `ip` before it takes as long as most of these commands do, or longer; of a
        command that is not installed it makes an exit status."""
        if command[0] not in NETWORK_TOOLS or command[:2] == ("ip", "vrf") or not shutil.which(command[0]):
            return run(*self.command(node, *command), **options)
        return self.inside(node, run, *command, **options)

    def inside(self, node, function, *arguments, **options):
        """function(...) called by a thread of this process that is in the node's network namespace."""
        entered = self._entered.get(node)
        if entered and not entered.is_current():
            entered.leave()
            entered = None
        if not entered:
            entered = self._entered[node] = Entered(self.namespace(node))
        return entered.call(function, *arguments, **options)

    # ---- making and unmaking

    def up(self):
        """Makes the network. What an earlier, perhaps killed, run left is removed first."""
        self.down()
        self.state.mkdir(mode=0o755)
        try:
            self._batch(f"netns add {self.namespace(node)}" for node in self.nodes())
            settings = SYSCTLS | (WITH_IPV6 if self.ipv6 else WITHOUT_IPV6)
            for node in self.nodes():
                for name, value in settings.items():
                    self.inside(node, write_sysctl, name, value)
            for k in self.key_servers:
                self._add_key_server(k)
            for n in self.sites:
                self._add_site(n)
            # A process a node, for an emulated machine takes long to start one; nodes() has the maker of a link before its other end.
            for node, lines in self._lines.items():
                self._ip(node, *lines)
        except BaseException:
            self.down()
            raise
        finally:
            self._lines.clear()

    def _add_lines(self, node, *lines):
        self._lines.setdefault(node, []).extend(lines)

    def _add_key_server(self, number):
        node, net = self.key_server_node(number), f"10.0.{number - 1}"
        self._link("pe", node, f"{net}.1/24", node, "eth0", f"{net}.5/24")
        self._add_lines(node, f"route add default via {net}.1")
        if self.ipv6:
            self._link6("pe", node, node, "eth0", f"2001:db8:0:{number - 1}", 5)

    def _add_site(self, n):
        ce, wan = f"ce{n}", f"172.16.{n}"
        self._link("pe", ce, f"{wan}.1/30", ce, "wan0", f"{wan}.2/30", self.wan_mtu)
        self._add_lines(ce, f"route add default via {wan}.1")
        self._add_lines("pe", f"route add 10.{n}.0.0/16 via {wan}.2")
        if self.ipv6:
            self._link6("pe", ce, ce, "wan0", f"2001:db8:ffff:{n}", 2)
            self._add_lines("pe", f"route add 2001:db8:{n}::/48 via {self.wan_address6(n)}")
        for lan, client in enumerate(self._clients_of(n)):
            net = f"10.{n}.{lan}"
            self._link(ce, f"lan{lan}", f"{net}.1/24", client, "eth0", f"{net}.10/24")
            self._add_lines(client, f"route add default via {net}.1")
            if self.ipv6:
                self._link6(ce, f"lan{lan}", client, "eth0", f"2001:db8:{n}:{lan}", 10)

    def _link(self, left, left_device, left_address, right, right_device, right_address, mtu=1500):
        self._add_lines(left, f"link add {left_device} mtu {mtu} type veth peer name {right_device} mtu {mtu} "
                              f"netns {self.namespace(right)}",
                        f"address add {left_address} dev {left_device}",
                        f"link set {left_device} up", "link set lo up")
        self._add_lines(right, f"address add {right_address} dev {right_device}",
                        f"link set {right_device} up", "link set lo up")

    def _link6(self, router, router_device, node, device, net, number):
        """IPv6 on a link that is there, and the router (::1) as the node's default."""
        self._add_lines(router, f"address add {net}::1/64 dev {router_device} nodad")
        self._add_lines(node, f"address add {net}::{number}/64 dev {device} nodad",
                        f"route add default via {net}::1")

    def _ip(self, node, *lines):
        self._batch(lines, "-netns", self.namespace(node))

    @staticmethod
    def _batch(lines, *options):
        text = "".join(f"{line}\n" for line in lines)
        done = subprocess.run(["ip", *options, "-batch", "-"], input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=60, check=False)
        if done.returncode:
            raise LabError(f"ip {' '.join(options)}: {done.stdout.strip()}\n{text}")

    def exec_input(self, node, text, *command):
        done = subprocess.run(self.command(node, *command), input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
        if done.returncode:
            raise LabError(f"{node}: {' '.join(command)}: {done.stdout.strip()}\n{text}")
        return done.stdout

    def down(self):
        """Removes the network, every process in it and its files. Needs no memory of having made it."""
        names = self.existing_namespaces()
        self._end_processes(names)
        while self._entered:  # each thread keeps its namespace
            self._entered.popitem()[1].leave()
        self._batch(f"netns delete {name}" for name in names)
        netns = pathlib.Path("/etc/netns")
        for folder in netns.glob(f"{self.prefix}-*") if netns.is_dir() else []:
            shutil.rmtree(folder)
        shutil.rmtree(self.state, ignore_errors=True)

    def existing_namespaces(self):
        lines = run("ip", "netns", "list").stdout.splitlines()
        return sorted(line.split()[0] for line in lines if line.startswith(f"{self.prefix}-"))

    @staticmethod
    def _processes_in(names):
        """What `ip netns pids` says of each, without starting a process."""
        inodes = set()
        for name in names:
            try:
                inodes.add(os.stat(f"/run/netns/{name}").st_ino)
            except FileNotFoundError:
                pass
        pids = set()
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.stat(process / "ns/net").st_ino in inodes:
                    pids.add(int(process.name))
            except OSError:  # it ended
                pass
        return pids - {os.getpid()}

    def _end_processes(self, names):
        for sig, patience in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 2.0)):
            deadline = time.monotonic() + patience
            sent = set()
            while pids := self._processes_in(names):
                for pid in pids - sent:
                    try:
                        os.kill(pid, sig)
                    except ProcessLookupError:
                        pass
                sent |= pids
                if time.monotonic() > deadline:
                    break
                time.sleep(0.05)
            else:
                return
