# SPDX-License-Identifier: GPL-2.0-or-later
"""What a benchmark comes to: rows of one table, each of our figures beside its peer's, as text and as JSON.

A row is made of values, one a round, and never of a single number that somebody worked out elsewhere: median, range and
ratio are computed here alone. What could not be had is a row too, with the reason in place of values.
"""

import dataclasses
import json
import math
import statistics

FORMAT = 1  # of the JSON document; a new number when a member changes its meaning
BETTER = ("more", "less")


@dataclasses.dataclass
class Row:
    """`ours` and `peer` are values of rounds. `paired`: the rounds of both took turns, so that a ratio is of one round.
    `missing` and `peer_missing` say why there are no values."""

    section: str
    what: str
    unit: str
    better: str = "less"
    ours: list = dataclasses.field(default_factory=list)
    peer: list = dataclasses.field(default_factory=list)
    peer_name: str = ""
    paired: bool = False
    missing: str = ""
    peer_missing: str = ""
    kernel: str = ""
    processors: int = 0

    def __post_init__(self):
        if self.better not in BETTER:
            raise ValueError(f"{self.what}: better is one of {BETTER}, not {self.better!r}")
        if bool(self.ours) == bool(self.missing):
            raise ValueError(f"{self.what}: either values or a reason why there are none")
        if self.peer and self.peer_missing:
            raise ValueError(f"{self.what}: the peer has values, and a reason why it has none")
        if (self.peer or self.peer_missing) and not self.peer_name:
            raise ValueError(f"{self.what}: the peer has no name")
        if self.paired and len(self.ours) != len(self.peer):
            raise ValueError(f"{self.what}: rounds in turn, but {len(self.ours)} and {len(self.peer)} values")

    def ratio(self):
        """Above 1 ours is the better one. The median of the rounds' ratios where they took turns, else the ratio of
        the medians; None where there is nothing to divide. A round in which the divisor was 0 counts as larger than
        all others."""
        pairs = list(zip(self.ours, self.peer)) if self.paired else []
        if self.ours and self.peer and not pairs:
            pairs = [(statistics.median(self.ours), statistics.median(self.peer))]
        if self.better == "less":
            pairs = [(peer, ours) for ours, peer in pairs]
        found = [above / below if below else math.inf for above, below in pairs if above or below]
        middle = statistics.median(found) if found else math.inf
        return middle if math.isfinite(middle) else None

    def as_json(self):
        return {"section": self.section, "what": self.what, "unit": self.unit, "better": self.better,
                "kernel": self.kernel, "processors": self.processors,
                "ours": side(self.ours, self.missing),
                "peer": {"name": self.peer_name} | side(self.peer, self.peer_missing) if self.peer_name else None,
                "paired": self.paired, "ratio": self.ratio()}

    @classmethod
    def from_json(cls, data):
        peer = data["peer"] or {"name": "", "values": [], "not_measured": None}
        return cls(data["section"], data["what"], data["unit"], data["better"], data["ours"]["values"], peer["values"],
                   peer["name"], data["paired"], data["ours"]["not_measured"] or "", peer["not_measured"] or "",
                   data["kernel"], data["processors"])


def side(values, missing):
    if not values:
        return {"values": [], "median": None, "min": None, "max": None, "not_measured": missing or None}
    return {"values": values, "median": statistics.median(values), "min": min(values), "max": max(values),
            "not_measured": None}


def number(value):
    """Three significant digits, without an exponent."""
    if value == 0:
        return "0"
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3 if size >= 0.1 else 4
    return f"{value:,.{digits}f}"


def cell(values, missing):
    """Median and range of one side."""
    if not values:
        return f"not measured: {missing}" if missing else "-"
    if len(values) == 1:
        return number(values[0])
    return f"{number(statistics.median(values))} ({number(min(values))} - {number(max(values))})"


HEAD = ("what", "ours", "peer", "ratio", "unit")


def cells(row):
    ratio = row.ratio()
    peer = cell(row.peer, row.peer_missing)
    return (row.what, cell(row.ours, row.missing), f"{row.peer_name} {peer}" if row.peer_name else peer,
            f"{ratio:.2f}" if ratio is not None else "-", row.unit)


def text(rows, titles, about):
    """The table as people read it. `titles` names the sections in order, `about` is what ran it. A reason stands where
    the values would, and needs no more room than they do: the line goes on."""
    out = [f"{name}: {value}" for name, value in about.items()]
    if len({row.kernel for row in rows if row.kernel}) > 1:
        rows = [dataclasses.replace(row, what=f"{row.what}, kernel {row.kernel or 'none'}") for row in rows]
    for section, title in titles.items():
        mine = [row for row in rows if row.section == section]
        if mine:
            out += ["", f"({section}) {title}", *lines_of(mine)]
    out += ["", "Median (smallest - largest) of the rounds; ratio: above 1 ours is the better one. Where rounds took "
            "turns it is", "the median of their ratios."]
    return "\n".join(out)


def lines_of(rows):
    """A section's lines, in columns as wide as its own figures need."""
    widths = [max(map(len, column)) for column in zip(HEAD, *(cells(row) for row in rows if row.ours))]

    def line(parts):
        return "  " + "  ".join(part.ljust(width) for part, width in zip(parts, widths)).rstrip()

    return [line(HEAD)] + [line(cells(row)) if row.ours else f"  {row.what.ljust(widths[0])}  {cell([], row.missing)}"
                           for row in rows]


def document(rows, titles, about):
    return {"format": FORMAT} | about | {"sections": titles, "rows": [row.as_json() for row in rows]}


def write(path, rows, titles, about):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document(rows, titles, about), file, indent=1)
        file.write("\n")
