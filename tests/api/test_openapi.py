"""The published contract is valid, complete, and what the routes really answer."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from service.http.docs_page import POLICY
from tests.api.conftest import Client
from tests.api.small_app import SmallService, small_routes

TRIP = "7d0c2a9e-4b2f-4f0e-9d51-3c6a1f0b8e24"


async def test_the_document_is_valid_openapi_31(client: Client) -> None:
    document = (await client.ask("GET", "/openapi.json")).json

    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"] == "3.1.0"


async def test_the_docs_page_gets_the_same_contract_in_the_dialect_it_draws(
    client: Client,
) -> None:
    document = (await client.ask("GET", "/openapi.json")).json
    shown = (await client.ask("GET", "/docs/openapi-3.0.json")).json

    OpenAPIV30SpecValidator(shown).validate()
    assert shown["paths"].keys() == document["paths"].keys()
    assert shown["components"]["schemas"].keys() == document["components"]["schemas"].keys()


async def test_every_route_is_in_the_document(client: Client) -> None:
    document = (await client.ask("GET", "/openapi.json")).json

    documented = {
        f"{method.upper()} {path}" for path, ways in document["paths"].items() for method in ways
    }

    assert documented == {
        *(route.name for route in small_routes(SmallService())),
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
        "GET /problems",
        "GET /problems/{problem_code}",
    }


async def test_an_operation_tells_its_key_scopes_and_problems(client: Client) -> None:
    document = (await client.ask("GET", "/openapi.json")).json

    make = document["paths"]["/v1/things"]["post"]
    assert make["security"] == [{"apiKey": ["trips:write"]}]
    assert [parameter["name"] for parameter in make["parameters"]] == ["Idempotency-Key"]
    assert make["requestBody"]["required"] is False
    assert set(make["responses"]) == {
        *("201", "400", "401", "403", "408", "409", "413", "415", "422", "429", "500"),
    }
    examples = make["responses"]["422"]["content"]["application/problem+json"]["examples"]
    assert set(examples) == {"validation_failed", "card_data_refused", "idempotency_conflict"}
    edit = document["paths"]["/v1/things/{trip_id}"]["put"]
    assert [parameter["name"] for parameter in edit["parameters"]] == ["trip_id", "If-Match"]
    look = document["paths"]["/v1/things/{trip_id}"]["get"]
    assert [parameter["name"] for parameter in look["parameters"]] == ["trip_id", "limit"]


def schema_of(document: dict[str, Any], path: str, method: str, status: int) -> dict[str, Any]:
    content = document["paths"][path][method]["responses"][str(status)]["content"]
    (media,) = content.values()
    schema: dict[str, Any] = media["schema"]
    return schema | {"components": document["components"]}


@pytest.mark.parametrize(
    ("method", "path", "template", "status"),
    [
        ("post", "/v1/things", "/v1/things", 201),
        ("get", f"/v1/things/{TRIP}", "/v1/things/{trip_id}", 200),
        ("get", f"/v1/things/{TRIP}?limit=x", "/v1/things/{trip_id}", 422),
        ("get", "/v1/things/7", "/v1/things/{trip_id}", 404),
        ("get", "/healthz", "/healthz", 200),
        ("get", "/readyz", "/readyz", 200),
        ("get", "/problems", "/problems", 200),
        ("get", "/problems/sold_out", "/problems/{problem_code}", 200),
    ],
)
async def test_answers_match_the_document(
    client: Client, method: str, path: str, template: str, status: int
) -> None:
    document = (await client.ask("GET", "/openapi.json")).json

    told = await client.ask(method.upper(), path)

    assert told.status == status
    jsonschema.validate(told.json, schema_of(document, template, method, status))


async def test_the_docs_page_loads_nothing_from_elsewhere(client: Client) -> None:
    page = await client.ask("GET", "/docs")

    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["Content-Security-Policy"] == POLICY
    assert "unsafe" not in POLICY
    assert re.findall(rb"<script[^>]*>[^<]+", page.raw) == []
    links = re.findall(rb'(?:src|href)="([^"]+)"', page.raw)
    assert len(links) == 7
    for link in links:
        assert link.startswith(b"/")
        told = await client.ask("GET", link.decode())
        assert told.status == 200
        assert len(told.raw) > 50


async def test_no_other_file_of_the_package_is_served(client: Client) -> None:
    for name in ("index.html", "swagger-ui.js", "..%2f__init__.py", "swagger-ui-bundle.js.map"):
        assert (await client.ask("GET", f"/docs/{name}")).status == 404
