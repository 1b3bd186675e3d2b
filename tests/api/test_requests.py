"""What reaches a handler has passed strict decoding; what does not is told which field is wrong."""

from __future__ import annotations

import pytest

from tests.api.conftest import Client, Told

TRIP = "7d0c2a9e-4b2f-4f0e-9d51-3c6a1f0b8e24"


def refusal(told: Told, service_made: list[str]) -> tuple[int, str]:
    """Status and code of a refusal that carried nothing out."""
    assert told.headers["Content-Type"] == "application/problem+json"
    assert told.json["status"] == told.status
    assert told.json["request_id"] == told.headers["X-Request-ID"]
    assert told.json["type"] == f"/problems/{told.json['code']}"
    assert service_made == []
    return told.status, told.json["code"]


async def test_a_good_request_is_carried_out_and_answered(client: Client) -> None:
    told = await client.ask("POST", "/v1/things", json={"name": "trip", "count": 3})

    assert told.status == 201
    assert told.json["name"] == "trip"
    assert told.headers["Location"] == f"/v1/things/{told.json['thing_id']}"
    assert client.service.made == ["trip"]


async def test_an_empty_body_stands_for_an_empty_object(client: Client) -> None:
    told = await client.ask("POST", "/v1/things")

    assert (told.status, told.json["name"]) == (201, "thing")


@pytest.mark.parametrize(
    ("raw", "pointer", "code"),
    [
        (b'{"is_admin": true}', "/is_admin", "unknown_field"),
        (b'{"count": "3"}', "/count", "wrong_type"),
        (b'{"count": true}', "/count", "wrong_type"),
        (b'{"count": 3.5}', "/count", "wrong_type"),
        (b'{"count": -1}', "/count", "out_of_range"),
        (b'{"count": 1e400}', "/count", "out_of_range"),
        (b'{"count": ' + b"9" * 5_000 + b"}", "/count", "out_of_range"),
        (b'{"name": ""}', "/name", "wrong_length"),
        (b'{"name": "' + b"x" * 21 + b'"}', "/name", "wrong_length"),
        (b'{"parts": [{"name": "a"}, {"inner": []}]}', "/parts/1/name", "required"),
        (b'{"parts": [{"name": "a", "a/b~c": 1}]}', "/parts/0/a~1b~0c", "unknown_field"),
        (b'{"parts": [{"name": "a"}, 7]}', "/parts/1", "wrong_type"),
        (b"[]", "", "wrong_type"),
        (b"null", "", "wrong_type"),
    ],
)
async def test_a_wrong_value_is_refused_by_its_pointer(
    client: Client, raw: bytes, pointer: str, code: str
) -> None:
    told = await client.post_raw("/v1/things", raw)

    assert refusal(told, client.service.made) == (422, "validation_failed")
    (error,) = told.json["errors"]
    assert (error["pointer"], error["code"], error["in"]) == (pointer, code, "body")
    assert error["detail"]


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"{'name': 1}",
        b'{"size": NaN}',
        b'{"size": Infinity}',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b"\xef\xbb\xbf{}",
        b"{} {}",
    ],
)
async def test_what_is_not_json_is_refused(client: Client, raw: bytes) -> None:
    told = await client.post_raw("/v1/things", raw)

    assert refusal(told, client.service.made) == (400, "malformed_json")


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 60_000,
        b'{"parts":' + b'[{"name":"a","inner":' * 2_500 + b"[]" + b"}]" * 2_500 + b"}",
        b'{"parts":' + b"[" * 50_000,
    ],
)
async def test_deep_nesting_is_refused_not_a_fault(client: Client, raw: bytes) -> None:
    told = await client.post_raw("/v1/things", raw)

    assert refusal(told, client.service.made)[0] in {400, 422}


async def test_text_with_nul_is_refused(client: Client) -> None:
    told = await client.post_raw("/v1/things", b'{"name": "a\\u0000b"}')

    assert refusal(told, client.service.made) == (422, "validation_failed")


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "text/json"])
async def test_other_media_types_are_refused(client: Client, content_type: str) -> None:
    told = await client.post_raw("/v1/things", b"{}", **{"Content-Type": content_type})

    assert refusal(told, client.service.made) == (415, "unsupported_media_type")


async def test_compressed_bodies_are_refused(client: Client) -> None:
    told = await client.post_raw("/v1/things", b"\x1f\x8b\x08", **{"Content-Encoding": "gzip"})

    assert refusal(told, client.service.made) == (415, "unsupported_media_type")


async def test_a_large_body_is_refused_by_its_declared_length(client: Client) -> None:
    told = await client.post_raw("/v1/things", b'{"name": "' + b"x" * 70_000 + b'"}')

    assert refusal(told, client.service.made) == (413, "body_too_large")
    assert told.json["properties"]["bytes_max"] == 65_536


async def test_a_large_body_of_unknown_length_is_refused_too(client: Client) -> None:
    async def chunks():  # type: ignore[no-untyped-def]
        for _ in range(20):
            yield b" " * 5_000

    told = await client.ask(
        "POST", "/v1/things", data=chunks(), headers={"Content-Type": "application/json"}
    )

    assert refusal(told, client.service.made) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("?limit=0", "limit", "out_of_range"),
        ("?limit=many", "limit", "wrong_type"),
        ("?colour=red", "colour", "unknown_field"),
        ("?limit=1&limit=2", "limit", "repeated"),
    ],
)
async def test_a_wrong_query_parameter_is_refused_by_name(
    client: Client, query: str, pointer: str, code: str
) -> None:
    told = await client.ask("GET", f"/v1/things/{TRIP}{query}")

    assert refusal(told, client.service.made) == (422, "validation_failed")
    (error,) = told.json["errors"]
    assert (error["pointer"], error["code"], error["in"]) == (pointer, code, "query")


async def test_a_query_parameter_is_converted(client: Client) -> None:
    told = await client.ask("GET", f"/v1/things/{TRIP}?limit=7")

    assert told.json["name"] == "acme:7"


async def test_an_id_of_the_wrong_form_is_as_absent_as_any_other(client: Client) -> None:
    told = await client.ask("GET", "/v1/things/1%27%20OR%201=1")

    assert refusal(told, client.service.made) == (404, "trip_not_found")


@pytest.mark.parametrize("given", ["1", '"1"', 'W/"1"', "*"])
async def test_an_edit_on_the_present_version_is_carried_out(client: Client, given: str) -> None:
    told = await client.ask("PUT", f"/v1/things/{TRIP}", json={}, headers={"If-Match": given})

    assert told.status == 200


async def test_an_edit_on_an_old_version_is_refused(client: Client) -> None:
    told = await client.ask("PUT", f"/v1/things/{TRIP}", json={}, headers={"If-Match": '"7"'})

    assert refusal(told, client.service.made) == (412, "precondition_failed")


async def test_a_garbled_if_match_is_refused(client: Client) -> None:
    told = await client.ask("PUT", f"/v1/things/{TRIP}", json={}, headers={"If-Match": "latest"})

    assert refusal(told, client.service.made) == (400, "invalid_request")


async def test_a_raw_body_arrives_byte_for_byte(client: Client) -> None:
    told = await client.ask("POST", "/v1/raw", data=b'{"a":  1}\n')

    assert told.status == 204
    assert client.service.told == [b'{"a":  1}\n']


async def test_a_raw_body_has_its_own_limit(client: Client) -> None:
    told = await client.ask("POST", "/v1/raw", data=b"x" * 1_001)

    assert (told.status, told.json["code"]) == (413, "body_too_large")
    assert client.service.told == []
