# SPDX-License-Identifier: GPL-2.0-or-later
"""A member's SNMP, read by Net-SNMP's programs: snmpd with our sub-agent, snmpwalk, snmptrapd."""

import os
import re
import shutil

from processes import Process, wait_until
from topology import LabError

GDOI = "1.3.6.1.4.1.9.9.759"
COMMUNITY = "public"
LINE = re.compile(r"^\.(?P<name>[\d.]+) = (?:(?P<type>[A-Za-z0-9-]+): )?(?P<value>.*)$")
# No module is read: names and values are told as they are on the wire.
ENVIRONMENT = ["env", "MIBS=", "MIBDIRS=/nonexistent"]
PLAIN = ["-On", "-Ox", "-OU", "-Oe"]


def is_installed():
    return all(shutil.which(program) for program in ("snmpd", "snmpwalk", "snmptrapd"))


def value_of(kind, text):
    """As (type, value): octets as bytes, numbers as such, else the text."""
    if kind == "Hex-STRING":
        return kind, bytes.fromhex(text.replace(" ", ""))
    if kind in ("INTEGER", "Gauge32", "Counter32"):
        return kind, int(text.split()[0])
    return kind, text


def parse(text):
    """Instances by their names, of lines as snmpwalk writes them. Octets may go on in the next line."""
    out, last = {}, None
    for line in text.splitlines():
        found = LINE.match(line)
        if found:
            last = found["name"]
            out[last] = value_of(found["type"], found["value"])
        elif last and out[last][0] == "Hex-STRING" and re.fullmatch(r"[0-9A-F ]+", line):
            out[last] = ("Hex-STRING", out[last][1] + bytes.fromhex(line.replace(" ", "")))
    return out


class Snmp:
    """An SNMP daemon in the node of a member, with the sub-agent beside it, and a receiver of notifications."""

    def __init__(self, lab, member):
        self.lab, self.node = lab, member.node
        folder = lab.state / f"snmp-{self.node}"
        folder.mkdir()
        self.agentx = folder / "master"
        (folder / "snmpd.conf").write_text(
            f"agentaddress udp:127.0.0.1:161\nrocommunity {COMMUNITY} 127.0.0.1\nmaster agentx\nagentXSocket {self.agentx}\n"
            f"trap2sink 127.0.0.1 {COMMUNITY}\n")
        (folder / "snmptrapd.conf").write_text(f"authCommunity log {COMMUNITY}\n")
        program = os.path.join(os.path.dirname(shutil.which(os.environ.get("GETVPN_GM", "getvpn-gm"))), "getvpn-gm-snmp")
        persistent = f"SNMP_PERSISTENT_DIR={folder}/persistent"  # where it writes an snmpd.conf, too
        self.receiver = Process(lab, self.node, f"snmptrapd-{self.node}", [
            *ENVIRONMENT, persistent, "snmptrapd", "-f", "-Lo", "-C", "-c", str(folder / "snmptrapd.conf"), "-On", "-Ox", "-F", "TRAP %v\n",
            "udp:127.0.0.1:162"])
        self.daemon = Process(lab, self.node, f"snmpd-{self.node}", [
            *ENVIRONMENT, persistent, "snmpd", "-f", "-Lo", "-C", "-c", str(folder / "snmpd.conf"), "-I", "-smux,mteTrigger,mteTriggerConf"])
        self.subagent = Process(lab, self.node, f"getvpn-gm-snmp-{self.node}", [
            program, "--socket", member.socket, "--agentx", str(self.agentx)])

    def start(self):
        self.lab.exec(self.node, "ip", "link", "set", "lo", "up")
        for process in (self.receiver, self.daemon, self.subagent):
            process.start()
        wait_until(self.walk, "the sub-agent to answer", explain=self.log)
        return self

    def log(self):
        return "".join(process.log() for process in (self.daemon, self.subagent, self.receiver))

    def ask(self, program, *arguments, check=True):
        return self.lab.exec(self.node, *ENVIRONMENT, program, "-v2c", "-c", COMMUNITY, "-t", "5", *PLAIN, *arguments, check=check)

    def walk(self, program="snmpwalk"):
        """All instances of the module, by their names below it."""
        done = self.ask(program, "127.0.0.1", f".{GDOI}", check=False)
        found = parse(done.stdout)
        return {name[len(GDOI) + 1:]: value for name, value in found.items() if name.startswith(GDOI + ".") and value[0]}

    def get(self, name):
        done = self.ask("snmpget", "127.0.0.1", f".{GDOI}.{name}", check=False)
        (value,) = parse(done.stdout).values() or [(None, done.stdout + done.stderr)]
        return value

    def notifications(self):
        """What was received: each a number and its instances, in order."""
        out = []
        for line in self.receiver.log().split("TRAP ")[1:]:
            variables = parse(line.replace("\t", "\n"))
            trap = variables.get("1.3.6.1.6.3.1.1.4.1.0", (None, ""))[1]
            prefix = f".{GDOI}.0."
            if trap.startswith(prefix):
                out.append((int(trap[len(prefix):]), {name[len(GDOI) + 1:]: value for name, value in variables.items()
                                                      if name.startswith(GDOI + ".")}))
        return out

    def stop(self):
        for process in (self.subagent, self.daemon, self.receiver):
            if process.is_running():
                process.stop()


def need_installed():
    if not is_installed():
        raise LabError("snmpd, snmp and snmptrapd are not installed (tests/lab/install-deps test)")
