"""A JSON object that says a field twice: readers disagree about which one counts, so none does."""

from __future__ import annotations

import json
from typing import Any

Pairs = list[tuple[str, Any]]


class Written(Pairs):
    """An object as it was written, field by field."""


class SaidTwice(ValueError):
    """Some object says some field twice."""


def repeated_field(raw: bytes) -> str | None:
    """JSON Pointer (RFC 6901) of a field that its object says twice; None where nothing is, or
    where `raw` is no JSON, which is for whoever reads it to say."""
    try:
        json.loads(raw, object_pairs_hook=once_each, parse_int=str, parse_float=str)
    except SaidTwice:
        return place_of(json.loads(raw, object_pairs_hook=Written, parse_int=str, parse_float=str))
    except (ValueError, RecursionError):
        return None
    return None


def once_each(pairs: Pairs) -> None:
    if len(pairs) > 1 and len(dict(pairs)) < len(pairs):
        raise SaidTwice


def place_of(value: Any) -> str | None:
    """Where in a document something is said twice, the first as it is read."""
    if isinstance(value, Written):
        steps = [(name.replace("~", "~0").replace("/", "~1"), each) for name, each in value]
    elif isinstance(value, list):
        steps = [(str(index), each) for index, each in enumerate(value)]
    else:
        return None
    seen: set[str] = set()
    for step, each in steps:
        deeper = "" if step in seen else place_of(each)
        if deeper is not None:
            return f"/{step}{deeper}"
        seen.add(step)
    return None
