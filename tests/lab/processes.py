# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs in the lab: key server and group members, each in its node, each with a log file."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import tomllib

import status
from netns import udp_ports
from topology import LabError

PATIENCE = 180.0  # far beyond what a slow emulated machine needs; only a failing test waits for it
LAB = pathlib.Path(__file__).resolve().parent
KEY_SERVER = pathlib.Path(__file__).resolve().parent.parent / "keyserver"


def wait_until(condition, what, patience=PATIENCE, explain=lambda: ""):
    """Waits until condition() is true, and returns its value. What takes long to ask is asked less often."""
    deadline = time.monotonic() + patience
    while True:
        began = time.monotonic()
        value = condition()
        if value:
            return value
        now = time.monotonic()
        if now > deadline:
            raise LabError(f"waited {patience:.0f} s in vain: {what}\n{explain()}".rstrip())
        time.sleep(min(1, max(0.1, 3 * (now - began))))


def ask(path, request):
    """What the socket at `path` answers, a line of JSON for a line of JSON."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(str(path))
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as answer:
            return json.loads(answer.readline())


class Process:
    def __init__(self, lab, node, name, command):
        self.lab, self.node, self.name = lab, node, name
        self.command = command
        self.log_path = lab.state / f"{name}.log"
        self.child = None
        self.environment = {}  # beside this process's own
        self._log_start = 0

    def start(self):
        if self.is_running():
            raise LabError(f"{self.name} runs already")
        with open(self.log_path, "ab") as log:
            self._log_start = log.tell()
            self.child = subprocess.Popen(self.lab.command(self.node, *self.command), stdin=subprocess.DEVNULL,
                                          stdout=log, stderr=log, env=self._environment())
        return self

    def _environment(self):
        return {k: v for k, v in os.environ.items() if k != "JOURNAL_STREAM"} | {"PYTHONUNBUFFERED": "1"} | self.environment

    def is_running(self):
        return self.child is not None and self.child.poll() is None

    def log(self):
        """What it said since its last start; the file keeps what came before."""
        if not self.log_path.exists():
            return ""
        return self.log_path.read_bytes()[self._log_start:].decode(errors="replace")

    def log_has(self, pattern):
        return re.search(pattern, self.log(), re.MULTILINE)

    def wait_log(self, pattern, patience=PATIENCE):
        """Waits for a line; the process dying first is an error."""
        def seen():
            running = self.is_running()
            found = self.log_has(pattern)
            if not found and not running:
                raise LabError(f"{self.name} ended ({self.child.returncode}) before it said {pattern!r}\n{self.log()}")
            return found
        return wait_until(seen, f"{self.name} to say {pattern!r}", patience, self.log)

    def wait_exit(self, patience=PATIENCE):
        """The exit status (negative: the signal) of a process expected to end by itself."""
        try:
            return self.child.wait(patience)
        except subprocess.TimeoutExpired:
            raise LabError(f"{self.name} does not end\n{self.log()}") from None

    def stop(self, sig=signal.SIGTERM):
        """Ends it and returns its exit status."""
        if self.is_running():
            self.child.send_signal(sig)
        try:
            return self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait(PATIENCE)
            raise LabError(f"{self.name} did not end on {signal.Signals(sig).name}\n{self.log()}") from None


def toml(value):
    """A TOML value of plain data; tables come out inline."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(toml(v) for v in value) + "]"
    return json.dumps(value)


def seed_config():
    """The key server configuration everything starts from, as data to be changed."""
    return tomllib.loads((KEY_SERVER / "lab.toml").read_text())


def set_list(*entries):
    """A change for KeyServer: the group's access list."""
    def change(config):
        config["access-list"] = {"CRYPTO_ACL": list(entries)}
    return change


def set_rekey(**options):
    """A change for KeyServer: keys of the group's rekey table, `_` for `-`; it pushes by itself unless told otherwise."""
    def change(config):
        named = {key.replace("_", "-"): value for key, value in ({"push": True} | options).items()}
        config["group"][0]["rekey"].update(named)
    return change


def set_shared_state(path):
    """A change for KeyServer: it shares keys and sequence numbers with all that name the same file."""
    def change(config):
        config["group"][0]["shared-state"] = str(path)
    return change


def mirrored(entry):
    """`permit|deny PROTOCOL A B` and the same with A and B exchanged, as Cisco lists are written."""
    action, protocol, source, destination = entry.split()
    return [entry, f"{action} {protocol} {destination} {source}"]


class NameServer(Process):
    """A DNS server in a node, whose names a test may change at any time. `use` makes it the resolver of a node."""

    def __init__(self, lab, node, address):
        self.address = address
        self.zone_path = lab.state / "zone.json"
        self.set({})
        super().__init__(lab, node, "dns", ["/usr/bin/python3", "-B", str(LAB / "dns.py"), address, str(self.zone_path)])

    def start(self):
        super().start()
        wait_until(lambda: 53 in self.lab.inside(self.node, udp_ports), "the DNS server to listen", explain=self.log)
        return self

    def set(self, names):
        """`names` has the addresses of each name there is; another one does not exist."""
        new = self.zone_path.with_suffix(".new")
        new.write_text(json.dumps(names))
        new.replace(self.zone_path)

    def use(self, node):
        """`ip netns exec` shows the node this as /etc/resolv.conf, which has to be there itself."""
        pathlib.Path("/etc/resolv.conf").touch()
        folder = pathlib.Path("/etc/netns") / self.lab.namespace(node)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "resolv.conf").write_text(f"nameserver {self.address}\n")
        self.set_hosts(node, {})
        return self

    def set_hosts(self, node, names):
        """What programs of the node that start after `use` have in /etc/hosts: an address a name."""
        hosts = pathlib.Path("/etc/netns") / self.lab.namespace(node) / "hosts"
        hosts.write_text("".join(f"{address} {name}\n" for name, address in names.items()))


class KeyServer(Process):
    """The lab's key server. `change` gets the configuration's data and alters it in place."""

    def __init__(self, lab, number=1, change=None, quick=True, arguments=()):
        node = lab.key_server_node(number)
        self.config_path = lab.state / f"{node}.toml"
        self.control_path = lab.state / f"{node}.sock"
        super().__init__(lab, node, node, [
            "/usr/bin/python3", "-B", str(KEY_SERVER / "keyserver.py"), "--config", str(self.config_path),
            "--control", str(self.control_path), *arguments])
        self.config = seed_config()
        self.config["address"] = lab.key_server_address(number)
        if quick:  # an emulated machine takes seconds to make a key of 2048 bits
            self.config["group"][0]["rekey"]["modulus"] = 1024
        if change:
            change(self.config)

    def start(self):
        self.config_path.write_text("".join(f"{json.dumps(k)} = {toml(v)}\n" for k, v in self.config.items()))
        super().start()
        wait_until(self._listens, f"{self.name} to listen on UDP 848", explain=self.log)
        return self

    def control(self, command, **arguments):
        """Sends one command to its control socket and returns the answer."""
        answer = ask(self.control_path, {"command": command} | arguments)
        if not answer.pop("ok"):
            raise LabError(f"{self.name}: {command}: {answer['error']}")
        return answer

    def set_fault(self, name, **arguments):
        self.control("clear-faults")
        self.control("set-fault", name=name, **arguments)

    def add_fault(self, name, **arguments):
        """As set_fault, beside the faults that are there."""
        self.control("set-fault", name=name, **arguments)

    def rekey(self, **arguments):
        """Pushes a rekey, fresh TEKs unless told otherwise; its answer names sequence number and SPIs."""
        return self.control("rekey", **arguments)

    def delete(self, what="everything", **arguments):
        """Pushes a deletion of TEKs ("all", or a list of SPIs), of the "kek", or of everything."""
        return self.control("delete", delete=what, **arguments)

    def group(self):
        """KEK, TEKs, members and pushes of the group as `status` tells."""
        return self.control("status")["groups"][0]

    def member(self, address):
        """What it knows of a member; None when it has not seen it."""
        return next((m for m in self.group()["members"] if m["address"] == address), None)

    def wait_acked(self, address, sequence, patience=PATIENCE):
        """Waits until a member acknowledged the rekey with that number."""
        def acked():
            member = self.member(address)
            return member and member["last-acked"] == sequence
        wait_until(acked, f"{self.name} to hear {address} acknowledge seq {sequence}", patience, self.log)

    def _listens(self):
        if not self.is_running():
            raise LabError(f"{self.name} ended ({self.child.returncode})\n{self.log()}")
        return 848 in self.lab.inside(self.node, udp_ports)


class Member(Process):
    """getvpn-gm on CE `site`, the installed program unless GETVPN_GM names another.

    /etc/netns/NAMESPACE/getvpn-gm is what `ip netns exec` shows it as /etc/getvpn-gm.
    """

    def __init__(self, lab, site, arguments=None, secrets='any  SUPERSECRET\n', config=None, name=None, sections=None):
        self.site = site
        self.address = lab.wan_address(site)
        node = f"ce{site}"
        name = name or node
        program = os.environ.get("GETVPN_GM") or shutil.which("getvpn-gm") or "/usr/sbin/getvpn-gm"
        if arguments is None:
            arguments = [] if sections else ["--ks", lab.key_server_address(), "--group", "100"]
        super().__init__(lab, node, name, [program, *arguments])
        self.etc = pathlib.Path("/etc/netns") / lab.namespace(node) / "getvpn-gm"
        self.socket = f"/run/getvpn-gm/{lab.namespace(name)}.sock"
        state = f"/run/getvpn-gm/{lab.namespace(name)}.state"
        self.config = {"control-socket": self.socket, "state-file": state} | (config or {})
        self.sections = sections or {}  # name: settings, for several groups
        self.secrets = secrets

    def config_text(self):
        parts = [("", self.config)] + [(f"[{name}]\n", keys) for name, keys in self.sections.items()]
        return "".join(head + "".join(f"{k} = {v}\n" for k, v in keys.items()) for head, keys in parts)

    def write_config(self):
        self.etc.mkdir(parents=True, exist_ok=True)
        (self.etc / "getvpn-gm.conf").write_text(self.config_text())
        path = self.etc / "getvpn-gm.secrets"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(self.secrets)
        pathlib.Path("/etc/getvpn-gm").mkdir(exist_ok=True)
        pathlib.Path("/run/getvpn-gm").mkdir(mode=0o755, exist_ok=True)

    def start(self):
        self.write_config()
        return super().start()

    def run_to_end(self, *arguments, patience=PATIENCE):
        """Runs the program with these arguments to its end: exit status, output and errors together."""
        self.write_config()
        done = subprocess.run(self.lab.command(self.node, self.command[0], *arguments), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=patience,
                              check=False, env=self._environment())
        return done.returncode, done.stdout

    def control(self, *arguments, check=True):
        program = os.environ.get("GETVPNCTL") or "getvpnctl"
        return self.lab.exec(self.node, program, *arguments, check=check)

    def show(self, *group):
        """What `getvpnctl show [GROUP] --json` prints, as data which is as its schema says. Asked without that program, which
        takes long to start: loops ask. Scenario show-matches-kernel compares the two."""
        request = {"command": "show"} | ({"group": group[0]} if group else {})
        try:
            answer = ask(self.config["control-socket"], request)
        except OSError as error:
            raise LabError(f"{self.name} does not answer: {error}\n{self.log()}") from None
        if "error" in answer:
            raise LabError(f"{self.name}: show: {answer['error']}")
        return status.check(answer)

    def answer(self, *command):
        """`getvpnctl COMMAND --json` of explain, verify or plan: its exit status, and data that is as its schema says."""
        done = self.control(*command, "--json", check=False)
        return done.returncode, status.check_answer(json.loads(done.stdout))

    def tek(self, *group):
        """The one TEK of the policy in force as `show --json` has it, its SPI as a number."""
        current = [tek for tek in self.show(*group)["teks"] if tek["current"]]
        if len(current) != 1:
            raise LabError(f"{self.name}: not one current TEK: {current}")
        return current[0] | {"spi": int(current[0]["spi"], 16)}

    def served_by(self):
        """The address of the key server whose policy is in force, None when there is none."""
        server = self.show()["registration"]["registered_with"]
        return server and server["address"]

    def wait_registered(self, more_than, patience=PATIENCE):
        """Waits until more than that many registrations succeeded."""
        wait_until(lambda: self.show()["registration"]["succeeded"] > more_than, f"{self.name} to register", patience, self.log)
        return self

    def wait_installed(self, times=1, patience=PATIENCE):
        """Waits until it said that many times that the policies are in the kernel."""
        line = "GM_INSTALL_POLICIES_SUCCESS"
        self.wait_log(rf"(?s)(?:{line}.*?){{{times}}}", patience)
        return self
