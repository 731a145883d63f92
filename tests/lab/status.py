# SPDX-License-Identifier: GPL-2.0-or-later
"""What `getvpnctl` prints with --json, checked against its description."""

import functools
import json
import pathlib

from topology import LabError

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "agent/control"
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
def validator(schema):
    import jsonschema  # not above: it takes seconds in an emulated machine
    return jsonschema.Draft202012Validator(closed(json.loads((SCHEMAS / schema).read_text())))


def shortened(document):
    acl = document.get("acl", [])
    return document | {"acl": acl[:MOST_LINES] + acl[MOST_LINES:][-MOST_LINES:]} if acl else document


def check(document):
    """The document itself; an error when it has a member that is not described, or lacks one that is."""
    groups = document.get("groups")
    short = document | {"groups": [shortened(group) for group in groups]} if groups else shortened(document)
    compare(short, "status.schema.json")
    return document


def compare(document, schema):
    for error in validator(schema).iter_errors(document):
        parts = [f"{'/'.join(map(str, part.absolute_path))}: {part.message}" for part in error.context] or [error.message]
        raise LabError(f"what getvpnctl prints is not as {schema} says:\n" + "\n".join(parts))


def check_answer(document):
    """The same of what explain, verify and plan print."""
    compare(document, "answers.schema.json")
    return document
