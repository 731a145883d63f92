# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules, dashboard and documentation speak of the metrics that the daemon has, and of all of them."""

import re
import unittest

import shipped

NAME = re.compile(r"\bgetvpn_[a-z_]+")
LABEL = re.compile(r"\b([a-z_]+)=~?\"")


def names_in(text):
    return set(NAME.findall(text))


class NameTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.source = (shipped.ROOT / "agent/control/metrics.cpp").read_text()
        cls.names = names_in(cls.source)

    def test_the_daemon_has_metrics(self):
        self.assertGreater(len(self.names), 20)

    def test_each_metric_is_documented_and_no_other(self):
        page = (shipped.ROOT / "packaging/doc/monitoring.md").read_text()
        self.assertEqual(names_in(page), self.names)

    def test_rules_and_their_test_know_no_others(self):
        for path in (shipped.RULES, shipped.HERE / "rules_test.yml"):
            self.assertLessEqual(names_in(path.read_text()), self.names, path)

    def test_the_dashboard_knows_no_others(self):
        self.assertLessEqual(names_in(shipped.DASHBOARD.read_text()), self.names)

    def test_labels_are_those_of_the_daemon(self):
        own = set(LABEL.findall(self.source.replace("{group={}", 'group="'))) | {"instance", "group"}
        for title, expression in shipped.dashboard_expressions():
            self.assertLessEqual(set(LABEL.findall(expression)), own, title)

    def test_panels_of_the_dashboard_do_not_overlap(self):
        taken = {}
        for panel in shipped.dashboard()["panels"]:
            at = panel["gridPos"]
            self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
            for x in range(at["x"], at["x"] + at["w"]):
                for y in range(at["y"], at["y"] + at["h"]):
                    self.assertIsNone(taken.setdefault((x, y), None), panel["title"])
                    taken[x, y] = panel["title"]

    def test_each_alert_is_in_the_page_and_tried(self):
        alerts = set(re.findall(r"- alert: (\w+)", shipped.RULES.read_text()))
        self.assertGreater(len(alerts), 10)
        page = (shipped.ROOT / "packaging/doc/monitoring.md").read_text()
        self.assertEqual(set(re.findall(r"\bGetvpn\w+", page)), alerts)
        tried = (shipped.HERE / "rules_test.yml").read_text()
        self.assertEqual(alerts - set(re.findall(r"\bGetvpn\w+", tried)), set())


if __name__ == "__main__":
    unittest.main()
