# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the metrics of a member as a client on its CE would, and the real Prometheus beside it."""

import http.client
import json
import pathlib
import re
import shutil
import socket
import subprocess

from netns import socket_in
from processes import Process, wait_until
from topology import LabError

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "packaging/monitoring/prometheus-rules.yml"
SAMPLE = re.compile(r'(\w+)\{([^}]*)\} (-?\d+)')
LABEL = re.compile(r'(\w+)="([^"]*)"')


def connect(lab, node, target, patience=20):
    """A connection to a Unix socket (a path) or to a port of 127.0.0.1 in a node."""
    unix = isinstance(target, str)
    connection = socket.socket(socket.AF_UNIX) if unix else socket_in(lab.namespace(node), socket.AF_INET, socket.SOCK_STREAM)
    connection.settimeout(patience)
    connection.connect(target if unix else ("127.0.0.1", target))
    return connection


def get(lab, node, target, path="/metrics", method="GET"):
    """Status, headers and text of one HTTP request."""
    client = http.client.HTTPConnection("localhost")
    client.sock = connect(lab, node, target)
    client.request(method, path)
    answer = client.getresponse()
    try:
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        client.close()


def parse(text):
    """Metrics by name, and by the values of their labels but for `group`, which all have."""
    out = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        found = SAMPLE.fullmatch(line)
        if not found:
            raise LabError(f"not a sample: {line!r}")
        labels = dict(LABEL.findall(found[2]))
        group = labels.pop("group", None)
        out[(group, found[1].removeprefix("getvpn_"), *labels.values())] = int(found[3])
    return out


def samples(lab, node, target):
    """What a scrape tells now; a text is handed out again for a second at most."""
    status, _, text = get(lab, node, target)
    if status != 200:
        raise LabError(f"HTTP status {status}: {text}")
    return parse(text)


def promtool_complaints(text):
    """What promtool finds wrong with a scrape; None where it is not installed."""
    if not shutil.which("promtool"):
        return None
    done = subprocess.run(["promtool", "check", "metrics"], input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout + ("" if done.returncode == 0 else f"exit status {done.returncode}")


class Prometheus(Process):
    """Debian's Prometheus in a node, which scrapes a port of 127.0.0.1 there each second and has our alert rules."""

    PORT = 9090

    def __init__(self, lab, node, port):
        folder = lab.state / f"prometheus-{node}"
        folder.mkdir()
        (folder / "prometheus.yml").write_text(json.dumps({  # which is YAML
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(RULES)],
            "scrape_configs": [{"job_name": "getvpn-gm", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}]}))
        super().__init__(lab, node, f"prometheus-{node}", [
            "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{self.PORT}"])

    @staticmethod
    def is_installed():
        return shutil.which("prometheus") is not None

    def api(self, path):
        status, _, text = get(self.lab, self.node, self.PORT, f"/api/v1/{path}")
        if status != 200:
            raise LabError(f"Prometheus: {path}: {status} {text}")
        return json.loads(text)["data"]

    def start(self):
        super().start()
        def answers():
            if not self.is_running():
                raise LabError(f"Prometheus ended\n{self.log()}")
            try:
                return get(self.lab, self.node, self.PORT, "/-/ready")[0] == 200
            except OSError:
                return None
        wait_until(answers, "Prometheus to answer", explain=self.log)
        return self

    def value(self, query):
        """The one value of a query; None as long as there is none."""
        result = self.api(f"query?query={query}")["result"]
        return int(result[0]["value"][1]) if len(result) == 1 else None

    def target(self):
        (target,) = self.api("targets")["activeTargets"]
        return target

    def rules(self):
        return [rule for group in self.api("rules")["groups"] for rule in group["rules"]]
