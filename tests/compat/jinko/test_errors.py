"""Jinko's envelope, statuses and ways to identify, on every call."""

from __future__ import annotations

from typing import Any

import pytest

from service.http.jinko.problems import JINKO, STATUSES
from service.http.problems import CATALOGUE
from tests.compat.jinko.client import Jinko

CALLS: list[tuple[str, str, Any]] = [
    ("POST", "/v1/trip", {}),
    ("POST", "/v1/book", {"trip_id": "1"}),
    ("GET", "/v1/trip/00000000-0000-4000-8000-000000000000", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
async def test_without_a_good_key_nothing_is_answered(
    jinko: Jinko, method: str, path: str, body: Any
) -> None:
    told = await jinko.ask(method, path, body, key="jnk_nobodys")

    assert (401, "UNAUTHENTICATED") == (told.status, told.body["error"]["code"])
    assert "Bearer" in told.headers["WWW-Authenticate"]


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
async def test_a_key_is_good_in_either_header(jinko: Jinko, header: str) -> None:
    key = jinko.world.key
    sent = {header: key if header == "X-API-Key" else f"Bearer {key}"}

    async with jinko.world.session.post(
        f"{jinko.world.url}/v1/trip", json={}, headers=sent
    ) as answer:
        assert 200 == answer.status


async def test_x_api_key_is_good_for_nothing_but_this_contract(jinko: Jinko) -> None:
    async with jinko.world.session.post(
        f"{jinko.world.url}/v1/trips", json={}, headers={"X-API-Key": jinko.world.key}
    ) as answer:
        assert 401 == answer.status


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
async def test_a_key_without_the_scope_is_refused(
    jinko: Jinko, method: str, path: str, body: Any
) -> None:
    service = jinko.world.service
    key, _ = await service.keys.create("ours", "test", frozenset(), service.clock.now())

    told = await jinko.ask(method, path, body, key=key)

    assert (403, "INSUFFICIENT_SCOPE") == (told.status, told.body["error"]["code"])


async def test_another_tenants_trip_is_as_absent_as_one_that_never_was(jinko: Jinko) -> None:
    trip_id = (await jinko.usual())["trip_id"]
    calls: list[tuple[str, str, Any]] = [
        ("POST", "/v1/trip", {"trip_id": trip_id, "remove_item": {"item_id": 1}}),
        ("POST", "/v1/book", {"trip_id": trip_id}),
        ("GET", f"/v1/trip/{trip_id}", None),
    ]
    before = await jinko.world.service.log.last_position()

    for method, path, body in calls:
        foreign = await jinko.ask(method, path, body, key=jinko.world.other_key)
        absent = await jinko.refused("GET", "/v1/trip/00000000-0000-4000-8000-000000000000")
        assert (404, "TRIP_NOT_FOUND") == (foreign.status, foreign.body["error"]["code"])
        details = foreign.body["error"]["details"]
        assert details | {"request_id": ""} == absent[2] | {"request_id": ""}
    assert before == await jinko.world.service.log.last_position()


@pytest.mark.parametrize(
    ("raw", "code", "status"),
    [
        (b"{", "VALIDATION_FAILED", 400),
        (b"[]", "VALIDATION_FAILED", 400),
        (b'{"trip_id": null, "trips": 1}', "VALIDATION_FAILED", 400),
        (b'{"trip_id": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", "VALIDATION_FAILED", 400),
        (b'{"trip_id": "' + b"x" * 70_000 + b'"}', "BODY_TOO_LARGE", 413),
    ],
)
async def test_what_is_malformed_is_refused_before_any_rule(
    jinko: Jinko, raw: bytes, code: str, status: int
) -> None:
    headers = {"X-API-Key": jinko.world.key, "Content-Type": "application/json"}
    async with jinko.world.session.post(
        f"{jinko.world.url}/v1/trip", data=raw, headers=headers
    ) as answer:
        told = await answer.json()

        assert (status, code) == (answer.status, told["error"]["code"])
        assert told["error"]["details"]["request_id"] == answer.headers["X-Request-ID"]


async def test_the_field_that_must_be_fixed_is_named(jinko: Jinko) -> None:
    status, code, details = await jinko.refused("POST", "/v1/book", {})

    assert (400, "VALIDATION_FAILED", "trip_id") == (status, code, details["field"])
    assert (False, "nothing", "caller") == (
        details["retryable"],
        details["happened"],
        details["who_must_act"],
    )


async def test_the_names_of_request_and_session_are_echoed(jinko: Jinko) -> None:
    told = await jinko.ask(
        "POST",
        "/v1/trip",
        {},
        headers={"X-Request-ID": "request-of-mine", "X-Session-ID": "session-7"},
    )

    assert ("request-of-mine", "session-7") == (
        told.headers["X-Request-ID"],
        told.headers["X-Session-ID"],
    )


async def test_a_supplier_that_does_not_answer_is_no_verdict(jinko: Jinko) -> None:
    trip = await jinko.usual()
    await jinko.world.fault("duffel", "GET", "/air/offers/*", "http_503", times=20)

    status, code, details = await jinko.not_changed(
        trip_id=trip["trip_id"],
        select_ancillaries={
            "item_id": trip["items"][0]["item_id"],
            "selections": [{"offer_id": "ase_1"}],
        },
    )
    await jinko.world.clear_faults("duffel")

    assert (503, "SUPPLIER_UNAVAILABLE", True) == (status, code, details["retryable"])
    assert 5 == details["retry_after_s"]


def test_every_status_is_one_the_contract_knows() -> None:
    assert set(STATUSES) <= set(CATALOGUE)
    known = {400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 412, 413, 415, 422, 429}
    known |= {500, 501, 502, 503, 504}
    assert {JINKO.status(kind) for kind in CATALOGUE.values()} <= known
