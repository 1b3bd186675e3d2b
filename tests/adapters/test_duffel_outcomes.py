"""Every answer that Duffel may give to an order, and what we take it to mean."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from adapters.suppliers.duffel import DuffelSupplier
from adapters.suppliers.duffel_outcomes import ORDER_OUTCOMES
from domain.suppliers import (
    OrderConfirmed,
    OrderDeferred,
    OrderNotFound,
    OrderRefused,
    OrderRequest,
    OrderUnknown,
)
from sandbox.clock import SandboxClock
from tests.adapters.duffel_trips import Running, running
from tests.sandbox.duffel.client import listening

# Status, code, and the refusal's code, or the kind of answer where it is no refusal.
CASES: list[tuple[int, str, str | type]] = [
    (201, "", OrderConfirmed),
    (200, "", OrderUnknown),
    (202, "", OrderUnknown),
    (422, "offer_expired", "offer_expired"),
    (422, "offer_no_longer_available", "sold_out"),
    (422, "rate_unavailable", "sold_out"),
    (422, "price_changed", "price_changed"),
    (422, "payment_amount_does_not_match_order_amount", "price_changed"),
    (422, "payment_currency_does_not_match_order_currency", "price_changed"),
    (422, "ancillary_service_not_available", "ancillary_unavailable"),
    (422, "insufficient_balance", "insufficient_balance"),
    (422, "payment_declined", "insufficient_balance"),
    (422, "high_fraud_risk", "supplier_rejected"),
    (422, "invalid_order_create_type", "supplier_rejected"),
    (422, "payments_not_allowed_for_order_type", "supplier_rejected"),
    (422, "duplicate_passenger_name", "invalid_travelers"),
    (422, "invalid_passenger_name", "invalid_travelers"),
    (422, "invalid_phone_number", "invalid_travelers"),
    (422, "validation_required", "invalid_travelers"),
    (422, "duplicate_booking", OrderUnknown),
    (422, "order_creation_already_attempted", OrderUnknown),
    (422, "offer_request_already_booked", OrderUnknown),
    (422, "booking_already_attempted", OrderUnknown),
    (422, "already_paid", OrderUnknown),
    (422, "past_payment_required_by_date", "offer_expired"),
    (422, "schedule_changed", "supplier_rejected"),
    (422, "already_cancelled", "supplier_rejected"),
    (422, "order_type_not_eligible_for_payment", "supplier_rejected"),
    (422, "something_new", OrderUnknown),
    (400, "unsupported_version", "supplier_rejected"),
    (401, "expired_access_token", "supplier_rejected"),
    (403, "insufficient_permissions", "supplier_rejected"),
    (404, "not_found", "offer_expired"),
    (404, "something_new", OrderUnknown),
    (406, "unsupported_format", "supplier_rejected"),
    (409, "something_new", OrderUnknown),
    (429, "rate_limit_exceeded", OrderDeferred),
    (500, "internal_server_error", OrderUnknown),
    (502, "order_not_created", "supplier_rejected"),
    (502, "airline_unknown", OrderUnknown),
    (502, "airline_internal", OrderUnknown),
    (502, "something_new", OrderUnknown),
    (503, "service_unavailable", OrderDeferred),
    (504, "gateway_timeout_error", OrderUnknown),
]


@dataclass
class Scripted:
    """A Duffel that gives one prepared answer to every order and counts them."""

    order: dict[str, Any]
    status: int = 201
    body: Any = None
    content_type: str = "application/json"
    posted: list[dict[str, Any]] = field(default_factory=list)

    def app(self) -> web.Application:
        async def take(request: web.Request) -> web.Response:
            self.posted.append(await request.json())
            if self.content_type != "application/json":
                return web.Response(
                    status=self.status, text=self.body, content_type=self.content_type
                )
            return web.json_response(self.body, status=self.status)

        async def nothing(_: web.Request) -> web.Response:
            return web.json_response({"data": [], "meta": {"after": None}})

        app = web.Application()
        app.add_routes([web.post("/air/orders", take), web.get("/air/orders", nothing)])
        return app

    def answer(self, status: int, code: str) -> None:
        self.status = status
        self.body = {"data": self.order}
        if status >= 300:
            error = {"type": "x", "code": code, "title": "Title", "message": "Amelia Earhart"}
            self.body = {"meta": {"status": status, "request_id": "r"}, "errors": [error]}


@dataclass
class Asked:
    supplier: DuffelSupplier
    request: OrderRequest
    duffel: Scripted


@pytest_asyncio.fixture(scope="module")
async def sandbox() -> AsyncIterator[Running]:
    async with running() as started:
        yield started


@pytest_asyncio.fixture
async def asked(sandbox: Running) -> AsyncIterator[Asked]:
    """An order for a real offer, about to meet a prepared answer."""
    request = await sandbox.order_of("flight")
    made = await sandbox.supplier.order(request)
    assert isinstance(made, OrderConfirmed)
    order = (await sandbox.duffel.get(f"/air/orders/{made.supplier_order_id}"))["data"]
    scripted = Scripted(order)
    async with (
        listening(scripted.app()) as url,
        DuffelSupplier(token="duffel_test_x", clock=SandboxClock(), base_url=url) as supplier,
    ):
        yield Asked(supplier, request, scripted)


@pytest.mark.parametrize(("status", "code", "expected"), CASES)
async def test_an_order_answered_so_is_taken_so(
    asked: Asked, status: int, code: str, expected: str | type
) -> None:
    asked.duffel.answer(status, code)
    answer = await asked.supplier.order(asked.request)
    if isinstance(expected, str):
        assert isinstance(answer, OrderRefused)
        assert expected == answer.code
    else:
        assert expected is type(answer)
    assert len(asked.duffel.posted) == 1
    assert "Amelia" not in repr(answer)


def test_every_row_of_the_table_has_a_case() -> None:
    unmet = [
        row
        for number, row in enumerate(ORDER_OUTCOMES)
        if not any(
            status == row.status
            and fnmatchcase(code, row.code)
            and not any(
                earlier.status == status and fnmatchcase(code, earlier.code)
                for earlier in ORDER_OUTCOMES[:number]
            )
            for status, code, _ in CASES
        )
    ]
    assert unmet == []


@pytest.mark.parametrize("status", [200, 201, 403, 422, 500, 502, 503])
@pytest.mark.parametrize(
    ("text", "content_type"),
    [("<html>Bad Gateway</html>", "text/html"), ("", "text/plain"), ("[1]", "text/plain")],
)
async def test_what_is_not_a_json_object_says_nothing(
    asked: Asked, status: int, text: str, content_type: str
) -> None:
    asked.duffel.status, asked.duffel.body = status, text
    asked.duffel.content_type = content_type
    assert type(await asked.supplier.order(asked.request)) is OrderUnknown
    assert len(asked.duffel.posted) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"data": None},
        {"data": []},
        {"data": {"id": "ord_1"}},
        {"data": {"id": "ord_1", "booking_reference": "X", "total_amount": "?"}},
    ],
)
async def test_a_201_that_makes_no_sense_may_still_be_an_order(asked: Asked, body: Any) -> None:
    asked.duffel.status, asked.duffel.body = 201, body
    assert type(await asked.supplier.order(asked.request)) is OrderUnknown


@pytest.mark.parametrize("code", [42, None, ["x"]])
async def test_a_code_that_is_no_text_is_tolerated(asked: Asked, code: Any) -> None:
    asked.duffel.answer(400, "")
    asked.duffel.body["errors"][0]["code"] = code
    answer = await asked.supplier.order(asked.request)
    assert isinstance(answer, OrderRefused)
    assert answer.code == "supplier_rejected"


async def test_where_nobody_listens_nothing_was_sent(asked: Asked) -> None:
    async with DuffelSupplier(
        token="duffel_test_x", clock=SandboxClock(), base_url="http://127.0.0.1:1"
    ) as supplier:
        assert isinstance(await supplier.order(asked.request), OrderDeferred)


async def test_what_is_sent_is_the_agreed_order(asked: Asked) -> None:
    asked.duffel.answer(201, "")
    await asked.supplier.order(asked.request)
    sent = asked.duffel.posted[0]["data"]
    price = asked.request.price
    assert sent["payments"] == [
        {"type": "balance", "currency": price.currency, "amount": str(price.to_decimal())}
    ]
    assert sent["selected_offers"] == [asked.request.offer.offer_id]
    assert sent["metadata"] == asked.request.metadata
    assert sent["passengers"] == [
        {
            "id": asked.request.offer.passengers[0].passenger_id,
            "title": "ms",
            "gender": "f",
            "given_name": "Amelia",
            "family_name": "Earhart",
            "born_on": "1987-07-24",
            "email": "amelia@example.com",
            "phone_number": "+442080160509",
            "identity_documents": [
                {
                    "type": "passport",
                    "unique_identifier": "19KL56147",
                    "issuing_country_code": "GB",
                }
            ],
        }
    ]


async def test_looking_finds_nothing_where_there_is_nothing(asked: Asked) -> None:
    assert await asked.supplier.find(asked.request) == OrderNotFound()
