# SPDX-License-Identifier: GPL-2.0-or-later
"""BGP in a node: Debian's bird."""

from processes import Process, wait_until
from topology import LabError


class Bird(Process):
    """bird with one session per neighbour: {name: (own address, own AS, neighbour, its AS, options)}."""

    def __init__(self, lab, node, router_id, sessions, networks):
        self.control_path = lab.state / f"{node}-bird.ctl"
        self.config_path = lab.state / f"{node}-bird.conf"
        super().__init__(lab, node, f"{node}-bird", ["/usr/sbin/bird", "-f", "-c", str(self.config_path), "-s", str(self.control_path),
                                                     "-P", str(lab.state / f"{node}-bird.pid")])
        announced = "".join(f" route {network} blackhole;" for network in networks)
        self.text = (f"router id {router_id};\nlog stderr all;\nprotocol device {{ scan time 1; }}\n"
                     "protocol kernel { ipv4 { import none; export where source = RTS_BGP; }; }\n"
                     f"protocol static {{ ipv4;{announced} }}\n")
        for name, (own, own_as, other, other_as, preference) in sessions.items():
            self.text += (f"protocol bgp {name} {{ local {own} as {own_as}; neighbor {other} as {other_as};\n"
                          " connect delay time 1; connect retry time 1; error wait time 1, 2; check link yes;\n"
                          f" ipv4 {{ import filter {{ bgp_local_pref = {preference}; accept; }}; export all; }}; }}\n")

    def start(self):
        self.config_path.write_text(self.text)
        super().start()
        wait_until(self._listens, f"{self.name} to listen", explain=self.log)
        return self

    def _listens(self):
        if not self.is_running():
            raise LabError(f"{self.name} ended ({self.child.returncode})\n{self.log()}")
        return self.control("show", "status")

    def control(self, *words):
        return self.lab.exec(self.node, "birdc", "-s", str(self.control_path), *words, check=False).stdout

    def wait_route(self, network, next_hop):
        """Waits until the kernel's route to `network` is by `next_hop`, or until there is none."""
        def there():
            text = self.lab.exec(self.node, "ip", "route", "show", network, "proto", "bird").stdout
            return f"via {next_hop} " in text if next_hop else not text.strip()
        wait_until(there, f"{self.name} to have {network} by {next_hop}",
                   explain=lambda: self.control("show", "protocols") + self.control("show", "route") + self.log())
