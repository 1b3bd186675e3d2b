"""JSON Schemas of typed definitions as models read them best: one object, nothing referred to."""

from __future__ import annotations

from typing import Any

import msgspec

from service.http.shapes import END

Json = dict[str, Any]

TEMPLATE = "#/$defs/{name}"


def schema_of(kind: type[msgspec.Struct]) -> Json:
    (root,), defs = msgspec.json.schema_components([kind], ref_template=TEMPLATE)
    inlined: Json = inline(root, defs)
    inlined.pop("description", None)
    return inlined


def inline(value: Any, defs: dict[str, Json]) -> Any:
    """With every reference replaced by what it refers to; none of ours goes in circles."""
    if isinstance(value, list):
        return [inline(each, defs) for each in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        name = str(value["$ref"]).rpartition("/")[2]
        return inline({**defs[name], **{k: v for k, v in value.items() if k != "$ref"}}, defs)
    return {
        name: inline(portable(name, each), defs)
        for name, each in value.items()
        if not (name == "title" and isinstance(each, str))
    }


def portable(name: str, value: Any) -> Any:
    """Patterns without the look-ahead that some readers of schemas do not know; descriptions on
    one line."""
    if name == "pattern" and isinstance(value, str):
        return value.replace(END, "$")
    return " ".join(value.split()) if name == "description" and isinstance(value, str) else value
