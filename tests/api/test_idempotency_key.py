"""The same key and request: the same answer, and one effect."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from tests.api.conftest import ALL_SCOPES, Client


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


async def test_a_repeat_gets_the_same_bytes_and_is_not_carried_out(client: Client) -> None:
    headers = key()

    first = await client.ask("POST", "/v1/things", json={"name": "a"}, headers=headers)
    second = await client.ask("POST", "/v1/things", json={"name": "a"}, headers=headers)

    assert (first.status, first.raw) == (second.status, second.raw)
    assert first.headers["Location"] == second.headers["Location"]
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]
    assert client.service.made == ["a"]


async def test_spaces_and_the_order_of_fields_make_no_other_request(client: Client) -> None:
    headers = key()

    await client.post_raw("/v1/things", b'{"name":"a","count":1}', **headers)
    second = await client.post_raw("/v1/things", b' { "count" : 1, "name" : "a" }', **headers)

    assert second.headers["Idempotent-Replayed"] == "true"
    assert client.service.made == ["a"]


async def test_another_body_under_the_same_key_is_refused(client: Client) -> None:
    headers = key()
    await client.ask("POST", "/v1/things", json={"name": "a"}, headers=headers)

    told = await client.ask("POST", "/v1/things", json={"name": "b"}, headers=headers)

    assert (told.status, told.json["code"]) == (422, "idempotency_conflict")
    assert client.service.made == ["a"]


async def test_the_same_key_at_the_same_time_is_carried_out_once(client: Client) -> None:
    headers = key()

    answers = await asyncio.gather(
        *(client.ask("POST", "/v1/things", json={}, headers=headers) for _ in range(8))
    )

    assert client.service.made == ["thing"]
    assert {answer.status for answer in answers} <= {201, 409}
    for answer in answers:
        if answer.status == 409:
            assert answer.json["code"] == "idempotency_in_flight"
            assert answer.headers["Retry-After"] == "1"


async def test_keys_of_different_callers_do_not_meet(client: Client) -> None:
    headers = key()
    await client.ask("POST", "/v1/things", json={"name": "a"}, headers=headers)
    client.key, _ = await client.keys.create("acme", "test", ALL_SCOPES, datetime.now(UTC))

    told = await client.ask("POST", "/v1/things", json={"name": "b"}, headers=headers)

    assert told.status == 201
    assert client.service.made == ["a", "b"]


async def test_keys_of_different_routes_do_not_meet(client: Client) -> None:
    headers = key()

    first = await client.ask("POST", "/v1/things", json={"name": "a"}, headers=headers)
    second = await client.ask("POST", "/v1/whispers", json={"name": "a"}, headers=headers)

    assert (first.status, second.status) == (201, 200)
    assert client.service.made == ["a", "a"]


async def test_a_final_refusal_is_kept(client: Client) -> None:
    headers = key()

    first = await client.ask("POST", "/v1/failures", json={"how": "refused"}, headers=headers)
    second = await client.ask("POST", "/v1/failures", json={"how": "refused"}, headers=headers)

    assert (first.status, first.raw) == (409, second.raw)
    assert second.headers["Content-Type"] == "application/problem+json"
    assert second.headers["Idempotent-Replayed"] == "true"
    assert client.service.failing == ["refused"]


@pytest.mark.parametrize(("how", "status"), [("crash", 500), ("supplier", 503), ("busy", 409)])
async def test_what_may_be_repeated_is_not_kept(client: Client, how: str, status: int) -> None:
    headers = key()

    first = await client.ask("POST", "/v1/failures", json={"how": how}, headers=headers)
    second = await client.ask("POST", "/v1/failures", json={"how": how}, headers=headers)

    assert (first.status, second.status) == (status, status)
    assert "Idempotent-Replayed" not in second.headers
    assert client.service.failing == [how, how]


async def test_a_secret_answer_is_made_anew_and_never_kept(client: Client) -> None:
    headers = key()

    first = await client.ask("POST", "/v1/whispers", json={}, headers=headers)
    second = await client.ask("POST", "/v1/whispers", json={}, headers=headers)

    assert (first.json["thing_id"], second.json["thing_id"]) == ("secret 1", "secret 2")
    assert second.headers["Idempotent-Replayed"] == "true"


async def test_a_repeat_after_a_lost_answer_makes_the_same_ids(client: Client) -> None:
    headers = key()

    lost = await client.ask("POST", "/v1/things", json={"name": "lost"}, headers=headers)
    repeated = await client.ask("POST", "/v1/things", json={"name": "lost"}, headers=headers)
    other = await client.ask("POST", "/v1/things", json={"name": "lost"}, headers=key())

    assert (lost.status, repeated.status, other.status) == (500, 201, 201)
    first, second, third = client.service.ids
    assert first == second == repeated.json["thing_id"]
    assert third != first


@pytest.mark.parametrize("text", ["", " ", "a" * 256, "with space", "naïve"])
async def test_a_key_of_the_wrong_form_is_refused(client: Client, text: str) -> None:
    told = await client.ask("POST", "/v1/things", json={}, headers={"Idempotency-Key": text})

    assert (told.status, told.json["code"]) == (400, "idempotency_key_invalid")
    assert client.service.made == []


async def test_without_a_key_every_request_is_its_own(client: Client) -> None:
    await client.ask("POST", "/v1/things", json={})
    await client.ask("POST", "/v1/things", json={})

    assert client.service.made == ["thing", "thing"]
