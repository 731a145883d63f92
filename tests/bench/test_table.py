# SPDX-License-Identifier: GPL-2.0-or-later
"""What the table of the benchmarks does with values, and with those that there are not."""

import json
import os
import tempfile
import unittest

import table
from table import Row

TITLES = {"a": "the path", "b": "lists"}
ABOUT = {"kernel": "7.3.4", "version": "0.2.0"}


class Ratio(unittest.TestCase):
    def test_above_one_is_ours_better_for_rates_and_for_costs(self):
        self.assertEqual(Row("a", "x", "Mbit/s", "more", [200], [100], "classic").ratio(), 2)
        self.assertEqual(Row("a", "x", "ms", "less", [200], [100], "classic").ratio(), 0.5)

    def test_rounds_in_turn_are_compared_one_by_one(self):
        ours, peer = [10, 90, 50], [5, 30, 100]  # ratios 2, 3 and 0.5; the medians' would be 50 : 30
        self.assertEqual(Row("a", "x", "Mbit/s", "more", ours, peer, "classic", paired=True).ratio(), 2)
        self.assertEqual(Row("a", "x", "ms", "less", ours, peer, "classic", paired=True).ratio(), 0.5)
        self.assertAlmostEqual(Row("a", "x", "Mbit/s", "more", ours, peer, "classic").ratio(), 50 / 30)

    def test_there_is_none_without_a_peer_or_by_zero(self):
        self.assertIsNone(Row("a", "x", "ms", ours=[1]).ratio())
        self.assertIsNone(Row("a", "x", "ms", missing="no such kernel").ratio())
        self.assertIsNone(Row("a", "x", "%", "more", [1], [0], "classic").ratio())
        self.assertIsNone(Row("a", "x", "%", "more", [0, 0], [0, 0], "classic", paired=True).ratio())
        self.assertEqual(Row("a", "x", "%", "less", [1], [0], "classic").ratio(), 0)

    def test_a_single_round_without_a_value_does_not_spoil_it(self):
        self.assertEqual(Row("a", "x", "Mbit/s", "more", [2, 4, 9], [1, 1, 0], "classic", paired=True).ratio(), 4)


class Refusals(unittest.TestCase):
    def refused(self, **members):
        with self.assertRaises(ValueError):
            Row("a", "x", "ms", **members)

    def test_a_row_has_values_or_a_reason_and_not_both(self):
        self.refused()
        self.refused(ours=[1], missing="why")

    def test_a_peer_has_a_name_and_values_or_a_reason(self):
        self.refused(ours=[1], peer=[1])
        self.refused(ours=[1], peer=[1], peer_name="charon", peer_missing="why")
        self.refused(ours=[1], peer_missing="why")

    def test_rounds_in_turn_are_as_many_on_both_sides(self):
        self.refused(ours=[1, 2], peer=[1], peer_name="classic", paired=True)

    def test_better_is_more_or_less(self):
        self.refused(ours=[1], better="higher")


class Text(unittest.TestCase):
    def lines(self, *rows):
        return table.text(rows, TITLES, ABOUT).splitlines()

    def test_a_row_shows_median_range_peer_and_ratio(self):
        lines = self.lines(Row("a", "TCP", "Mbit/s", "more", [3, 1, 2], [4, 2, 3], "classic"))
        row = next(line for line in lines if line.startswith("  TCP"))
        self.assertRegex(row, r"^  TCP +2\.00 \(1\.00 - 3\.00\)  classic 3\.00 \(2\.00 - 4\.00\)  0\.67 +Mbit/s$")

    def test_what_was_not_measured_says_why_and_shows_no_figure(self):
        row = self.lines(Row("a", "esp4_offload", "Mbit/s", missing="it is built in"))[5]
        self.assertEqual(row.strip(), "esp4_offload  not measured: it is built in")
        row = self.lines(Row("b", "install", "ms", ours=[7], peer_name="charon", peer_missing="not installed"))[5]
        self.assertIn("charon not measured: not installed", row)
        self.assertIn(" -  ", row)

    def test_sections_come_in_order_and_only_those_with_rows(self):
        text = "\n".join(self.lines(Row("b", "y", "ms", ours=[1]), Row("a", "x", "ms", ours=[1])))
        self.assertLess(text.index("(a) the path"), text.index("(b) lists"))
        self.assertNotIn("(b)", "\n".join(self.lines(Row("a", "x", "ms", ours=[1]))))

    def test_rows_of_several_kernels_say_which(self):
        rows = [Row("b", "install", "ms", ours=[1], kernel=kernel) for kernel in ("6.1", "7.3.4")]
        shown = [line.split("  ")[1] for line in self.lines(*rows)[5:7]]
        self.assertEqual(shown, ["install, kernel 6.1", "install, kernel 7.3.4"])
        self.assertNotIn("kernel 6.1", "\n".join(self.lines(rows[0], rows[0])))

    def test_what_ran_it_stands_first(self):
        self.assertEqual(self.lines(Row("a", "x", "ms", ours=[1]))[:2], ["kernel: 7.3.4", "version: 0.2.0"])

    def test_numbers_have_three_digits(self):
        shown = [table.number(v) for v in (0, 0.01234, 0.1234, 1.234, 12.34, 123.4, 12345.6)]
        self.assertEqual(shown, ["0", "0.0123", "0.123", "1.23", "12.3", "123", "12,346"])


class Document(unittest.TestCase):
    def test_rows_come_back_from_json_as_they_were(self):
        rows = [Row("a", "TCP", "Mbit/s", "more", [3, 1, 2], [4, 2, 3], "classic", True, kernel="7.3.4", processors=2),
                Row("b", "install", "ms", ours=[7], peer_name="charon", peer_missing="not installed"),
                Row("b", "remove", "ms", missing="why not")]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "bench.json")
            table.write(path, rows, TITLES, ABOUT)
            with open(path, encoding="utf-8") as file:
                read = json.load(file)
        self.assertEqual([Row.from_json(row) for row in read["rows"]], rows)
        self.assertEqual((read["format"], read["kernel"], read["sections"]), (table.FORMAT, "7.3.4", TITLES))

    def test_values_have_their_median_and_range_and_reasons_have_none(self):
        measured = Row("a", "x", "ms", ours=[3, 1, 2]).as_json()
        self.assertEqual(measured["ours"], {"values": [3, 1, 2], "median": 2, "min": 1, "max": 3, "not_measured": None})
        self.assertIsNone(measured["peer"])
        missing = Row("a", "x", "ms", missing="why").as_json()
        self.assertEqual(missing["ours"],
                         {"values": [], "median": None, "min": None, "max": None, "not_measured": "why"})


if __name__ == "__main__":
    unittest.main()
