# SPDX-License-Identifier: GPL-2.0-or-later
"""What `getvpnctl show --json` prints, checked against its description."""

import functools
import json
import pathlib

from topology import LabError

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "agent/control/status.schema.json"
MOST_LINES = 100  # of a list that are looked at, from either end: checking is slow


def closed(schema):
    """The schema with nothing allowed that it does not describe."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    out = {name: closed(part) for name, part in schema.items()}
    return out | {"additionalProperties": False} if out.get("type") == "object" else out


@functools.cache
def validator():
    import jsonschema  # not above: it takes seconds in an emulated machine
    return jsonschema.Draft202012Validator(closed(json.loads(SCHEMA.read_text())))


def shortened(document):
    acl = document.get("acl", [])
    return document | {"acl": acl[:MOST_LINES] + acl[MOST_LINES:][-MOST_LINES:]} if acl else document


def check(document):
    """The document itself; an error when it has a member that is not described, or lacks one that is."""
    groups = document.get("groups")
    short = document | {"groups": [shortened(group) for group in groups]} if groups else shortened(document)
    for error in validator().iter_errors(short):
        parts = [f"{'/'.join(map(str, part.absolute_path))}: {part.message}" for part in error.context] or [error.message]
        raise LabError("show --json is not as status.schema.json says:\n" + "\n".join(parts))
    return document
