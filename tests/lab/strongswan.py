# SPDX-License-Identifier: GPL-2.0-or-later
"""strongSwan in a node: the charon of Debian, configured through swanctl."""

import socket

from processes import Process, wait_until

PLUGINS = "random nonce openssl aes sha1 sha2 hmac kdf gmp kernel-netlink socket-default vici"


class Charon(Process):
    """charon-systemd with connections in swanctl's words, one pre-shared key for all, and further lines of
    strongswan.conf."""

    def __init__(self, lab, node, connections, secret="STRONGSWAN", settings=""):
        super().__init__(lab, node, f"{node}-charon", ["/usr/sbin/charon-systemd"])
        self.vici = lab.state / f"{node}-charon.vici"
        self.folder = lab.state / f"{node}-charon"
        self.connections, self.secret, self.settings = connections, secret, settings

    def _environment(self):
        return super()._environment() | {"STRONGSWAN_CONF": str(self.folder / "strongswan.conf"),
                                         "SWANCTL_DIR": str(self.folder)}

    def start(self):
        """Started and told its configuration by swanctl, as the unit of Debian does both."""
        self.folder.mkdir(exist_ok=True)
        (self.folder / "strongswan.conf").write_text(
            f"charon-systemd {{\n load = {PLUGINS}\n install_virtual_ip = no\n {self.settings}\n"
            f" plugins {{ vici {{ socket = unix://{self.vici} }} }}\n filelog {{ stderr {{ default = 1 }} }}\n}}\n")
        (self.folder / "swanctl.conf").write_text(
            f"connections {{\n{self.connections}\n}}\nsecrets {{ ike {{ secret = {self.secret} }} }}\n")
        self.vici.unlink(missing_ok=True)
        super().start()
        self.wait_listening()
        self.control("--load-all", "--file", str(self.folder / "swanctl.conf"))
        return self

    def wait_listening(self):
        wait_until(self.listens, f"{self.name} to listen", explain=self.log)

    def listens(self):
        try:
            with socket.socket(socket.AF_UNIX) as one:
                one.connect(str(self.vici))
        except OSError:
            return False
        return True

    def control(self, command, *arguments, check=True):
        return self.lab.exec(self.node, "swanctl", command, "--uri", f"unix://{self.vici}", *arguments, check=check, timeout=180)


def tunnel(name, local, remote, local_net, remote_net):
    """One connection with one tunnel between two networks."""
    return (f"{name} {{\n version = 2\n local_addrs = {local}\n remote_addrs = {remote}\n"
            f" local {{ auth = psk\n id = {local} }}\n remote {{ auth = psk\n id = {remote} }}\n"
            f" proposals = aes128-sha256-modp2048\n children {{ {name} {{ local_ts = {local_net}\n remote_ts = {remote_net}\n"
            f" esp_proposals = aes128-sha256\n }} }}\n}}")
