"""Headers that Duffel demands and gives, its error envelope, and its rate limit."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from sandbox.duffel.wire import money, page_of
from tests.sandbox.duffel.client import HEADERS, Duffel, Json, running_duffel


@pytest.mark.parametrize(
    ("header", "value", "answer"),
    [
        ("Authorization", None, (401, "missing_authorization_header")),
        ("Authorization", "Basic abc", (401, "invalid_authorization_header")),
        ("Authorization", "Bearer other", (401, "access_token_not_found")),
        ("Duffel-Version", None, (400, "missing_version_header")),
        ("Duffel-Version", "v1", (400, "unsupported_version")),
        ("Accept", "text/html", (406, "unsupported_format")),
        ("Content-Type", "text/plain", (400, "invalid_content_type_header")),
    ],
)
async def test_a_request_without_the_right_headers_is_refused(
    duffel: Duffel, header: str, value: str | None, answer: tuple[int, str]
) -> None:
    headers = {name: text for name, text in HEADERS.items() if name != header}
    if value is not None:
        headers[header] = value
    async with duffel.http.post(
        f"{duffel.url}/stays/search", data=b'{"data": {}}', headers=headers
    ) as got:
        body = await got.json()
    assert (got.status, body["errors"][0]["code"]) == answer
    assert body["meta"] == {"status": got.status, "request_id": got.headers["x-request-id"]}
    assert set(body["errors"][0]) == {"type", "code", "title", "message", "documentation_url"}


async def test_what_does_not_exist_is_not_found(duffel: Duffel) -> None:
    for path in ("/air/orders/ord_none", "/air/offers/off_none", "/nowhere"):
        assert await duffel.refused("GET", path) == (404, "not_found")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"data": []}'])
async def test_a_body_without_data_is_refused(duffel: Duffel, body: bytes) -> None:
    async with duffel.http.post(f"{duffel.url}/air/orders", data=body, headers=HEADERS) as got:
        assert (got.status, (await got.json())["errors"][0]["code"]) == (400, "invalid_data")


async def test_too_many_requests_wait_for_the_next_minute() -> None:
    async with running_duffel(requests_per_minute=2) as duffel:
        statuses = []
        for _ in range(3):
            async with duffel.http.get(f"{duffel.url}/air/orders", headers=HEADERS) as answer:
                statuses.append((answer.status, answer.headers["ratelimit-remaining"]))
        assert statuses == [(200, "1"), (200, "0"), (429, "0")]
        reset = parsedate_to_datetime(answer.headers["ratelimit-reset"])
        wait_s = (reset - parsedate_to_datetime(answer.headers["date"])).total_seconds()
        assert 0 < wait_s <= 60
        duffel.clock.advance(wait_s + 1)
        await duffel.get("/air/orders")


def test_a_page_past_the_end_is_empty_and_a_cursor_must_be_one_of_ours() -> None:
    rows: list[Json] = [{"id": "a"}, {"id": "b"}]
    first = page_of(rows, limit="1", after=None)
    last = page_of(rows, limit="1", after=first["meta"]["after"])
    assert [first["data"], last["data"]] == [[{"id": "a"}], [{"id": "b"}]]
    assert last["meta"]["after"] is None
    with pytest.raises(Exception, match="validation_format"):
        page_of(rows, limit="1", after="nonsense!")
    with pytest.raises(Exception, match="validation_inclusion"):
        page_of(rows, limit="201", after=None)


def test_money_has_two_places() -> None:
    assert [money(Decimal("1.005")), money(Decimal(20))] == ["1.01", "20.00"]


def test_it_runs_as_a_process_of_its_own_and_tells_its_url(tmp_path: Path) -> None:
    port_file = tmp_path / "url"
    command = [
        sys.executable,
        "-m",
        "sandbox.duffel",
        "--token",
        "t",
        "--port-file",
        str(port_file),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert port_file.read_text().strip() == url
        process.terminate()
        assert process.wait(timeout=5) == 0
