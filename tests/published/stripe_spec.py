"""Judges requests and answers by Stripe's own OpenAPI spec, independently of our code: requests are
decoded from the form encoding and checked against the request schemas, objects against theirs."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from jsonschema import Draft202012Validator

FIXTURES_VARIABLE = "TRIPLEDGER_CONTRACT_FIXTURES"
REQUESTS = "stripe-openapi/spec3.2026-05-27.dahlia.requests.min.json"
RESPONSES = "stripe-openapi/spec3.2026-05-27.dahlia.responses.unexpanded.min.json"
EXAMPLES = "stripe-openapi/fixtures3.subset.json"
WHY_NOT = f"{FIXTURES_VARIABLE} is not set: Stripe's spec files are not at hand"

needs_stripe_spec = pytest.mark.skipif(not os.environ.get(FIXTURES_VARIABLE), reason=WHY_NOT)

Schema = dict[str, Any]


class StripeSpec:
    """Each check answers the problems it found, as sentences; an empty list means valid."""

    def __init__(self, directory: Path) -> None:
        self.paths: dict[str, Any] = json.loads((directory / REQUESTS).read_text())["paths"]
        document = json.loads((directory / RESPONSES).read_text())
        self.schemas: dict[str, Schema] = with_null(document)["components"]["schemas"]
        self.examples: dict[str, Any] = json.loads((directory / EXAMPLES).read_text())["resources"]

    def request_problems(self, method: str, path: str, query: str, body: str) -> list[str]:
        operation = self.operation(method, path)
        if operation is None:
            return [f"{method} {path} is not in the spec"]
        if method == "GET":
            parameters = [it for it in operation["parameters"] if it["in"] == "query"]
            schema: Schema = {
                "type": "object",
                "properties": {it["name"]: it["schema"] for it in parameters},
            }
            pairs = parse_qsl(query, keep_blank_values=True)
        else:
            content = operation["requestBody"]["content"]
            schema = content["application/x-www-form-urlencoded"]["schema"]
            pairs = parse_qsl(body, keep_blank_values=True)
        value = coerced(decoded(pairs), schema)
        return [f"{method} {path}: {it}" for it in problems(closed(schema), value)]

    def operation(self, method: str, path: str) -> Any:
        for template, operations in self.paths.items():
            parts = re.split(r"\{[^}]+\}", template)
            if re.fullmatch("[^/]+".join(re.escape(part) for part in parts), path):
                return operations.get(method.lower())
        return None

    def knows(self, name: str) -> bool:
        return name in self.schemas

    def object_problems(self, value: dict[str, Any]) -> list[str]:
        """A Stripe object, a list of them, an event with its object, or an error envelope."""
        if set(value) == {"error"}:
            return self.check("api_errors", value["error"])
        name = value.get("object", "?")
        if name == "list":
            return [it for row in value["data"] for it in self.object_problems(row)]
        if not self.knows(name):
            return [] if name == "dispute" else [f"the spec has no object {name!r}"]
        found: list[str] = []
        if name == "event":
            found += self.object_problems(value["data"]["object"])
        flat = {}
        for key, inner in value.items():
            expanded = isinstance(inner, dict) and "id" in inner and "object" in inner
            if expanded:
                found += self.object_problems(inner)
            flat[key] = inner["id"] if expanded else inner
        extra = set(value) - set(self.schemas[name]["properties"]) - {"line_items"}
        return found + [f"{name} has no {it!r}" for it in sorted(extra)] + self.check(name, flat)

    def check(self, name: str, value: Any) -> list[str]:
        return [f"{name}: {it}" for it in problems(self.rooted(name), value)]

    @cache  # noqa: B019 - one spec per test run
    def rooted(self, name: str) -> Schema:
        return {
            "$ref": f"#/components/schemas/{name}",
            "components": {"schemas": self.schemas},
        }


def problems(schema: Schema, value: Any) -> list[str]:
    errors = Draft202012Validator(schema).iter_errors(value)
    return [f"{error.json_path}: {error.message[:300]}" for error in errors]


def with_null(node: Any) -> Any:
    """OpenAPI 3.0's `nullable`, said in JSON Schema."""
    if isinstance(node, list):
        return [with_null(it) for it in node]
    if not isinstance(node, dict):
        return node
    inner = {key: with_null(it) for key, it in node.items() if key != "nullable"}
    return {"anyOf": [{"type": "null"}, inner]} if node.get("nullable") is True else inner


def closed(schema: Schema) -> Schema:
    """Nested objects refuse unknown names too, as Stripe does."""
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {k: closed(v) for k, v in schema["properties"].items()}
        result.setdefault("additionalProperties", False)
    if "items" in schema:
        result["items"] = closed(schema["items"])
    if "anyOf" in schema:
        result["anyOf"] = [closed(it) for it in schema["anyOf"]]
    return result


def decoded(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in pairs:
        keys = [part.rstrip("]") for part in name.split("[")]
        node = tree
        for key in keys[:-1]:
            node = node.setdefault(key or str(len(node)), {})
        node[keys[-1] or str(len(node))] = value
    return tree


def coerced(value: Any, schema: Schema) -> Any:
    """Form values are text; read each as the first kind the schema allows and the text fits."""
    for choice in schema.get("anyOf", []):
        attempt = coerced(value, choice)
        if not problems(closed(choice), attempt):
            return attempt
    if isinstance(value, dict):
        if schema.get("type") == "array":
            return [coerced(it, schema["items"]) for it in value.values()]
        known = schema.get("properties", {})
        other = schema.get("additionalProperties")
        other = other if isinstance(other, dict) else {}
        return {key: coerced(it, known.get(key, other)) for key, it in value.items()}
    if schema.get("type") in ("integer", "number") and re.fullmatch(r"-?\d+", value):
        return int(value)
    if schema.get("type") == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


@cache
def stripe_spec() -> StripeSpec | None:
    directory = os.environ.get(FIXTURES_VARIABLE)
    return StripeSpec(Path(directory)) if directory else None


def require_stripe_spec() -> StripeSpec:
    spec = stripe_spec()
    if spec is None:
        pytest.skip(WHY_NOT)
    return spec
