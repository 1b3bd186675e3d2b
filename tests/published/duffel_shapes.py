"""Compares answers with Duffel's own published examples: the same keys with the same JSON types,
all the way down. Null stands for anything; a list is judged by its first element."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

FIXTURES_VARIABLE = "TRIPLEDGER_CONTRACT_FIXTURES"
JAVASCRIPT = "duffel-api-javascript"
RUBY = "duffel-api-ruby"

# Keys of the API before v2, which v2 no longer has.
BEFORE_V2 = frozenset(
    {
        "allowed_passenger_identity_document_types",
        "departure_terminal",
        "departure_datetime",
        "arrival_terminal",
        "arrival_datetime",
        "changeable",
    }
)

# What the caller of the API wrote has any shape the caller likes.
CALLERS_OWN = frozenset({"$.metadata"})


def published(folder: str, name: str) -> Any:
    """A published example; skips the test where the examples are not at hand."""
    root = os.environ.get(FIXTURES_VARIABLE)
    if not root:
        pytest.skip(f"{FIXTURES_VARIABLE} is not set: Duffel's published examples are not at hand")
    return json.loads((Path(root) / folder / name).read_text(encoding="utf-8"))


def json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    names = {str: "string", list: "array", dict: "object", type(None): "null"}
    return names[type(value)]


def differences(expected: Any, actual: Any, where: str = "$") -> list[str]:
    """Every way in which `actual` lacks the shape of `expected`; more keys are fine."""
    if expected is None or actual is None or where in CALLERS_OWN:
        return []
    if json_type(expected) != json_type(actual):
        return [f"{where}: {json_type(expected)} expected, {json_type(actual)} given"]
    if isinstance(expected, list):
        if not expected or not actual:
            return []
        return differences(expected[0], actual[0], f"{where}[0]")
    if not isinstance(expected, dict):
        return []
    found = []
    for key, value in expected.items():
        if key in BEFORE_V2:
            continue
        if key not in actual:
            found.append(f"{where}.{key}: missing")
        else:
            found += differences(value, actual[key], f"{where}.{key}")
    return found
