# SPDX-License-Identifier: GPL-2.0-or-later
"""A CE that is set up as the cookbook says: pages' blocks are run in a node, `systemctl` by the lab's processes."""

import os
import pathlib
import re
import shutil
import signal
import subprocess

import pages
from processes import Member, Process, wait_until
from topology import LabError

SYSTEMCTL = re.compile(r"(?:sudo )?systemctl (?P<words>.*)")
EXAMPLES = pathlib.Path("/usr/share/doc/getvpn-gm/examples")


class Page:
    """The blocks of a page that belong to a scenario. Each has to be taken once: `untouched` has the others."""

    def __init__(self, name, scenario):
        self._blocks = {}
        for block in pages.blocks(pages.COOKBOOK / f"{name}.md"):
            if block.mark.startswith(f"{scenario} "):
                self._blocks.setdefault(block.mark.removeprefix(f"{scenario} "), []).append(block)
        self._taken = set()

    def take(self, mark):
        """The text of the block behind `<!-- test: SCENARIO MARK -->`."""
        if mark not in self._blocks:
            raise LabError(f"no block is marked {mark!r}; there are: {', '.join(self._blocks)}")
        (block,) = self._blocks[mark]
        self._taken.add(mark)
        return block.text

    def again(self, mark):
        """The same once more."""
        if mark not in self._taken:
            raise LabError(f"{mark!r} was not taken before")
        return self._blocks[mark][0].text

    def untouched(self):
        return sorted(set(self._blocks) - self._taken)


class InstalledMember(Member):
    """The member as its unit runs it: everything is in /etc/getvpn-gm, which blocks of pages write."""

    def __init__(self, lab, site):
        super().__init__(lab, site, arguments=[])
        # In namespaces /run is one for all.
        self.command += [f"--control-socket={self.socket}", f"--state-file={self.config['state-file']}", "--user=root"]

    def write_config(self):
        pathlib.Path("/etc/getvpn-gm").mkdir(exist_ok=True)
        pathlib.Path("/run/getvpn-gm").mkdir(mode=0o755, exist_ok=True)
        self.etc.mkdir(parents=True, exist_ok=True)

    def control(self, *arguments, check=True):
        return super().control("--socket", self.socket, *arguments, check=check)


class Ce:
    """Runs blocks in the node of a CE. Units that blocks name are given to `units`: name to a process of the lab."""

    def __init__(self, lab, site):
        self.lab, self.node = lab, f"ce{site}"
        self.member = InstalledMember(lab, site)
        self.member.write_config()
        self.units = {"getvpn-gm": self.member}
        programs = lab.state / f"{self.node}-programs"
        programs.mkdir()
        real = os.environ.get("GETVPNCTL") or "/usr/bin/getvpnctl"
        for name, text in {"sudo": 'exec "$@"', "getvpnctl": f'exec {real} --socket {self.member.socket} "$@"'}.items():
            (programs / name).write_text(f"#!/bin/sh\n{text}\n")
            (programs / name).chmod(0o755)
        self._environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}:/usr/sbin:/sbin"}
        if not EXAMPLES.exists():  # programs of a build folder are tested, not the package
            EXAMPLES.parent.mkdir(parents=True, exist_ok=True)
            EXAMPLES.symlink_to(pages.ROOT / "packaging/examples")

    def run(self, text):
        """Runs a block to its end, as an operator would type it, and returns its output. A line that fails ends it."""
        output, part = "", []
        for line in [*text.splitlines(), None]:
            match = line is not None and SYSTEMCTL.fullmatch(line)
            if line is not None and not match:
                part.append(line)
                continue
            if part:
                output += self._shell("\n".join(part))
                part = []
            if match:
                self._systemctl(*match["words"].split())
        return output

    def _shell(self, text):
        command = self.lab.command(self.node, "bash", "-euo", "pipefail", "-c", text)
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=180, check=False, env=self._environment)
        if done.returncode:
            raise LabError(f"{self.node}: exit status {done.returncode} of\n{text}\n{done.stdout}\n"
                           f"{self.member.log()}")
        return done.stdout

    def _systemctl(self, verb, *words):
        if verb == "daemon-reload":
            return
        for name in (word for word in words if not word.startswith("--")):
            unit = self.units[name]
            if verb == "reload":
                unit.child.send_signal(signal.SIGHUP)
            if verb in ("stop", "disable", "restart"):
                unit.stop(signal.SIGUSR1 if (verb, unit) == ("restart", self.member) else signal.SIGTERM)
            if verb in ("start", "enable", "restart"):
                unit.start()
            if verb not in ("reload", "stop", "disable", "restart", "start", "enable") or \
                    (verb in ("enable", "disable") and "--now" not in words):
                raise LabError(f"systemctl {verb} {words} is not for here")

    def says(self, facts, shown, wanted, fact):
        """States that `shown` has the lines of `wanted` in this order; `...` in a line is anything, and how many blanks
        there are does not count."""
        lines = [" ".join(line.split()) for line in shown.splitlines()]
        position = 0
        for line in filter(None, (" ".join(line.split()) for line in wanted.splitlines())):
            pattern = ".*".join(re.escape(part) for part in re.split(r" ?\.\.\. ?", line))
            found = next((n for n in range(position, len(lines)) if re.fullmatch(pattern, lines[n])), None)
            if found is None:
                return facts.check(False, fact, f"not there: {line}\nof:\n{shown}")
            position = found + 1
        return facts.check(True, fact)


class Hooks(Process):
    """getvpn-gm-hooks.service: a user without rights, in the groups that the drop-in of the page names."""

    def __init__(self, ce, user="nobody"):
        self.ce, self.user = ce, user
        super().__init__(ce.lab, ce.node, f"{ce.node}-hooks", [])
        ce.units["getvpn-gm-hooks"] = self

    def start(self):
        drop_ins = pathlib.Path("/etc/systemd/system/getvpn-gm-hooks.service.d").glob("*.conf")
        groups = re.findall(r"^SupplementaryGroups=(.*)$", "".join(path.read_text() for path in drop_ins), re.MULTILINE)
        settings = (self.ce.member.etc / "getvpn-gm.conf").read_text()
        operators = re.search(r"^operator-group = (\S+)", settings, re.MULTILINE)[1]
        for path in (self.lab.state, *self.lab.state.parents):
            path.chmod(path.stat().st_mode | 0o011)
        program = os.environ.get("GETVPNCTL") or shutil.which("getvpnctl") or "/usr/bin/getvpnctl"
        self.command = ["setpriv", f"--reuid={self.user}", "--regid=nogroup",
                        f"--groups={','.join([operators, *groups])}", program,
                        "--socket", self.ce.member.socket, "monitor", "--exec", "/etc/getvpn-gm/hooks.d"]
        return super().start()


class Frr(Process):
    """FRR's daemons with the machine's /etc/frr/frr.conf, as frr.service has them."""

    DAEMONS = ("zebra", "bgpd")

    def __init__(self, ce):
        super().__init__(ce.lab, ce.node, f"{ce.node}-frr", [])
        ce.units["frr"] = self

    def start(self):
        pathlib.Path("/run/frr").mkdir(exist_ok=True)
        shutil.chown("/run/frr", "frr", "frr")
        for name in self.DAEMONS:
            self.lab.exec(self.node, f"/usr/lib/frr/{name}", "-d", "-A", "127.0.0.1")
        wait_until(lambda: not self.lab.exec(self.node, "vtysh", "-b", check=False).returncode,
                   "FRR to take its configuration")
        return self

    def stop(self, sig=signal.SIGTERM):
        for name in self.DAEMONS:
            os.kill(int(pathlib.Path(f"/run/frr/{name}.pid").read_text()), sig)


class Firewalld(Process):
    """firewalld in a node; firewall-cmd finds it by the one bus of the machine."""

    def __init__(self, ce):
        super().__init__(ce.lab, ce.node, f"{ce.node}-firewalld", ["firewalld", "--nofork", "--nopid"])
        ce.units["firewalld"] = self

    def start(self):
        pathlib.Path("/run/dbus").mkdir(exist_ok=True)
        if not pathlib.Path("/run/dbus/system_bus_socket").exists():
            self.lab.exec(self.node, "dbus-daemon", "--system", "--fork")
        super().start()
        wait_until(lambda: not self.lab.exec(self.node, "firewall-cmd", "--state", check=False).returncode,
                   "firewalld to run", explain=self.log)
        return self


class Networkd(Process):
    """systemd-networkd in a node. It waits for no udev where /sys is read-only."""

    def __init__(self, ce):
        command = "mount -o remount,ro,bind /sys && exec /lib/systemd/systemd-networkd"
        super().__init__(ce.lab, ce.node, f"{ce.node}-networkd", ["sh", "-c", command])
        ce.units["systemd-networkd"] = self

    @staticmethod
    def prepare():
        """Makes the folders that systemd would; what is in the second one is networkd's configuration."""
        for name in ("netif", "network"):
            pathlib.Path("/run/systemd", name).mkdir(parents=True, exist_ok=True)
        shutil.chown("/run/systemd/netif", "systemd-network", "systemd-network")
