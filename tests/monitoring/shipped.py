# SPDX-License-Identifier: GPL-2.0-or-later
"""What the package ships for Prometheus and Grafana."""

import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RULES = ROOT / "packaging/monitoring/prometheus-rules.yml"
DASHBOARD = ROOT / "packaging/monitoring/grafana-dashboard.json"


def dashboard():
    return json.loads(DASHBOARD.read_text())


def dashboard_expressions():
    """What each panel asks for, with what Grafana would put in for its variables."""
    variables = {"$__rate_interval": "5m", "$instance": ".*", "$group": ".*"}
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            expression = target["expr"]
            for name, value in variables.items():
                expression = expression.replace(name, value)
            yield panel["title"], expression
