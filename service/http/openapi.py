"""The OpenAPI 3.1 document, made of the same typed routes that answer the requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import msgspec

from adapters.api_keys import SCOPES
from service.http.api import JSON, Route
from service.http.paths import PATH_PARAMETERS
from service.http.problems import CATALOGUE, NATIVE, Dialect, Problem

Json = dict[str, Any]

TEMPLATE = "#/components/schemas/{name}"
TITLES_OF_TAGS = {
    "offers": "Search what suppliers have; what was found can be put into a trip.",
    "trips": "Build a trip, book it, follow it, cancel it.",
    "bookings": "What was booked, by code and by checkout.",
    "events": "The audit trail: everything that ever happened, in one order.",
    "webhook endpoints": "Where the tenant is told of what happens.",
    "webhooks": "What Stripe and Duffel tell us.",
    "compatible": "The calls of the systems this service replaces, in their own shapes.",
    "operations": "Health, metrics and the meaning of problem codes.",
    "sandbox": "Only where both providers are pretended ones.",
}
NOT_MODIFIED = 304
ALWAYS = ("internal_error",)
OF_CALLERS = ("unauthenticated", "rate_limited")
OF_BODIES = (
    "invalid_request",
    "malformed_json",
    "request_timeout",
    "body_too_large",
    "unsupported_media_type",
    "validation_failed",
)
OF_KEYS = ("idempotency_key_invalid", "idempotency_in_flight", "idempotency_conflict")
SOME_REQUEST = "9f2c4e7ab3d14c0f8a6b5d2e1f0c3b4a"

DESCRIPTION = """A trip is a basket of travel that one payment turns into bookings.

**Money** is `{amount, currency, display}` with `amount` in whole minor units (cents). **Times** are
RFC 3339 in UTC. **Ids** are opaque strings.

**Repeats.** Send an `Idempotency-Key` with every POST: the same key and request get the same
answer again, carried out once. `book` is idempotent per trip without any key.

**Problems** are `application/problem+json`. Each tells by `code` what is wrong, by `retryable`
whether the same request may succeed later, and in `properties` what has happened so far and who
must act. `GET /problems/{problem_code}` explains a code."""


def openapi(routes: Sequence[Route], *, version: str, server_url: str) -> Json:
    """The whole document for these routes."""
    types = {each for route in routes for each in (route.body, route.answer, route.query)}
    wanted = [each for each in types if each not in (None, bytes)]
    wanted += {NATIVE.shape, *(route.dialect.shape for route in routes)}
    schemas, components = msgspec.json.schema_components(wanted, ref_template=TEMPLATE)
    components = decimals_as_numbers(components)
    of_type = dict(zip(wanted, schemas, strict=True))
    queries = {ref_name(of_type[route.query]) for route in routes}
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = operation(
            route, of_type, components
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tripledger",
            "version": version,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server_url}],
        "tags": tags(routes),
        "paths": paths,
        "components": {
            "schemas": {
                name: schema for name, schema in sorted(components.items()) if name not in queries
            },
            "securitySchemes": security_schemes(routes),
            "headers": HEADERS,
        },
    }


def decimals_as_numbers(schema: Any) -> Any:
    """Decimals go over the wire as JSON numbers, read and written digit by digit."""
    if isinstance(schema, list):
        return [decimals_as_numbers(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: decimals_as_numbers(each) for name, each in schema.items()}
    if found.get("format") == "decimal":
        del found["format"]
        found["type"] = "number"
    return found


def tags(routes: Iterable[Route]) -> list[Json]:
    used = {route.tag for route in routes}
    return [{"name": tag, "description": TITLES_OF_TAGS.get(tag, tag)} for tag in sorted(used)]


def security_schemes(routes: Iterable[Route]) -> Json:
    scopes = "\n".join(f"* `{scope}`: {text}" for scope, text in SCOPES.items())
    schemes: Json = {
        "apiKey": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key (`tl_test_…`, `tl_live_…`), or a token (JWT) of the issuer "
            f"this service trusts. Scopes:\n\n{scopes}",
        }
    }
    if any(route.x_api_key for route in routes):
        schemes["apiKeyHeader"] = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    return schemes


def operation(route: Route, of_type: dict[Any, Json], components: Json) -> Json:
    out: Json = {
        "operationId": operation_id(route),
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": parameters(route, components[ref_name(of_type[route.query])]),
        "responses": responses(route, of_type),
    }
    if route.description:
        out["description"] = route.description
    if route.body is not None:
        out["requestBody"] = request_body(route, of_type)
    out["security"] = security(route)
    return out


def security(route: Route) -> list[Json]:
    if route.public:
        return []
    kinds = ["apiKey", "apiKeyHeader"] if route.x_api_key else ["apiKey"]
    return [{kind: list(route.scopes)} for kind in kinds]


def operation_id(route: Route) -> str:
    words = re.findall(r"[a-zA-Z0-9]+", route.path)
    return "_".join([route.method.lower(), *words])


def parameters(route: Route, query: Json) -> list[Json]:
    found: list[Json] = []
    for name in re.findall(r"{(\w+)}", route.path):
        known = PATH_PARAMETERS[name]
        found.append(
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": known.description,
                "schema": {"type": "string", "pattern": f"^{known.pattern.pattern}$"},
                "example": known.example,
            }
        )
    required = set(query.get("required", []))
    for name, schema in query.get("properties", {}).items():
        shown = {key: value for key, value in schema.items() if key != "description"}
        described = {"description": schema["description"]} if "description" in schema else {}
        found.append(
            {"name": name, "in": "query", "required": name in required, "schema": shown} | described
        )
    for name, text in route.headers.items():
        found.append(header_parameter(name, text, {"type": "string"}))
    if route.keyed:
        found.append(header_parameter("Idempotency-Key", KEY_TEXT, {"type": "string"}))
    if route.edits:
        found.append(header_parameter("If-Match", MATCH_TEXT, {"type": "string"}))
    return found


KEY_TEXT = "Names this request, so that a repeat is answered alike and carried out once."
MATCH_TEXT = "The ETag the decision was made on; the edit is refused if the trip has changed since."


def header_parameter(name: str, text: str, schema: Json) -> Json:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": text,
        "schema": schema | {"minLength": 1, "maxLength": 255},
    }


def request_body(route: Route, of_type: dict[Any, Json]) -> Json:
    if route.body is bytes:
        return {"required": True, "content": {JSON: {"schema": {"type": "object"}}}}
    content: Json = {"schema": of_type[route.body]}
    if route.body_example is not None:
        content["example"] = msgspec.to_builtins(route.body_example)
    return {"required": all_required(route.body), "content": {JSON: content}}


def all_required(kind: Any) -> bool:
    """Whether something must be sent: an empty body stands for `{}`."""
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return True
    return any(field.required for field in msgspec.structs.fields(kind))


HEADERS: Json = {
    "X-Request-ID": {
        "description": "Names this request in logs and problems; yours if you sent a sane one.",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "Seconds to wait before the same request is repeated.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "Idempotent-Replayed": {
        "description": "`true` when this is the answer an earlier request with this key got.",
        "schema": {"type": "string", "const": "true"},
    },
}


LIMIT_HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
HEADERS |= {
    "RateLimit-Limit": {
        "description": "Requests you may send at once; absent where nothing is limited.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "RateLimit-Remaining": {
        "description": "Requests you may send now, as the answering process knows it.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "RateLimit-Reset": {
        "description": "Seconds until you may again send as many as `RateLimit-Limit`.",
        "schema": {"type": "integer", "minimum": 0},
    },
}


def header_refs(names: Iterable[str]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def responses(route: Route, of_type: dict[Any, Json]) -> Json:
    out: Json = {str(route.status): success(route, of_type)}
    for status, text in route.also.items():
        shown = success(route, of_type) if status != NOT_MODIFIED else {}
        out[str(status)] = shown | {"description": text}
    by_status: dict[int, list[str]] = {}
    for code in codes(route):
        by_status.setdefault(route.dialect.status(CATALOGUE[code]), []).append(code)
    for status, found in sorted(by_status.items()):
        if str(status) not in out:
            out[str(status)] = problem_response(found, route.dialect, of_type)
    return out


def success(route: Route, of_type: dict[Any, Json]) -> Json:
    names = ["X-Request-ID", *(["Idempotent-Replayed"] if route.keyed else [])]
    names += [] if route.public else LIMIT_HEADERS
    out: Json = {"description": route.summary, "headers": header_refs(names)}
    if route.answer is None:
        return out
    schema = {"type": "string"} if route.answer is bytes else of_type[route.answer]
    content: Json = {"schema": schema}
    if route.answer_example is not None:
        content["example"] = msgspec.to_builtins(route.answer_example)
    contents = {route.media_type.partition(";")[0]: content}
    if route.streams is not None:
        contents[route.streams] = {"schema": {"type": "string"}}
    return out | {"content": contents}


def codes(route: Route) -> list[str]:
    """Every code the route can answer with, its own and those of the door."""
    found = {*ALWAYS, *route.problems}
    found.add("validation_failed")
    if not route.public:
        found.update(OF_CALLERS)
    if route.scopes:
        found.add("insufficient_scope")
    if route.body is not None:
        found.update(OF_BODIES)
        if route.body is not bytes:
            found.add("card_data_refused")
    if route.keyed:
        found.update(OF_KEYS)
    if route.edits:
        found.update(["invalid_request", "precondition_failed"])
    for name in re.findall(r"{(\w+)}", route.path):
        found.add(PATH_PARAMETERS[name].absent)
    return sorted(found)


def problem_response(found: Sequence[str], dialect: Dialect, of_type: dict[Any, Json]) -> Json:
    waits = any(CATALOGUE[code].retry_after_s is not None for code in found)
    limited = LIMIT_HEADERS if "rate_limited" in found else ()
    return {
        "description": " · ".join(f"`{code}`: {CATALOGUE[code].title}" for code in found),
        "headers": header_refs(["X-Request-ID", *(["Retry-After"] if waits else []), *limited]),
        "content": {
            dialect.media_type: {
                "schema": of_type[dialect.shape],
                "examples": {code: {"value": problem_example(code, dialect)} for code in found},
            }
        },
    }


@cache
def problem_example(code: str, dialect: Dialect) -> Json:
    problem = Problem(code, f"{CATALOGUE[code].title}.")
    shown = dialect.document(problem, "/v1/trips", SOME_REQUEST)
    built: Json = msgspec.to_builtins(shown)
    return built


def ref_name(schema: Json) -> str:
    return str(schema["$ref"]).rpartition("/")[2]
