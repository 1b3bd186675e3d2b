"""Cancelling against the sandbox: what comes back is known first, and cancelling twice is safe."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio

from domain.money import Money
from domain.suppliers import (
    CancellationQuote,
    CancellationRefused,
    Cancelled,
    Offer,
    OrderConfirmed,
    SupplierUnavailable,
)
from tests.adapters.duffel_trips import Running, running


@pytest_asyncio.fixture
async def at() -> AsyncIterator[Running]:
    async with running() as started:
        yield started


async def ordered(at: Running, offer: Offer) -> tuple[str, Money]:
    request = await at.request(offer)
    answer = await at.supplier.order(request)
    assert isinstance(answer, OrderConfirmed)
    return answer.supplier_order_id, request.price


async def quoted(at: Running, offer: Offer, order_id: str) -> CancellationQuote:
    quote = await at.supplier.cancellation_quote(offer, order_id)
    assert isinstance(quote, CancellationQuote)
    return quote


async def test_a_flight_gives_back_what_was_quoted_and_only_once(at: Running) -> None:
    offer = await at.flight()
    order_id, price = await ordered(at, offer)
    quote = await quoted(at, offer, order_id)
    assert quote.refund == price - Money(2500, "EUR")
    assert quote.expires_at is not None
    expected = Cancelled(refund=quote.refund, refund_to="balance")
    assert await at.supplier.cancel(offer, quote) == expected
    assert await at.supplier.cancel(offer, quote) == expected
    again = await quoted(at, offer, order_id)
    assert (again.quote_id, again.refund) == (quote.quote_id, quote.refund)
    assert len(await at.duffel.journal("order.cancelled")) == 1


async def test_a_stay_gives_back_what_its_timeline_says_and_only_once(at: Running) -> None:
    offer = await at.stay()
    booking_id, price = await ordered(at, offer)
    quote = await quoted(at, offer, booking_id)
    assert quote.refund == price
    expected = Cancelled(refund=price, refund_to="balance")
    assert await at.supplier.cancel(offer, quote) == expected
    at.duffel.clock.advance(29 * 86400)
    assert await at.supplier.cancel(offer, replace(quote, expires_at=None)) == expected
    assert (await quoted(at, offer, booking_id)).refund == price
    assert len(await at.duffel.journal("stay_booking.cancelled")) == 1


async def test_a_stays_quote_is_stale_once_its_step_has_passed(at: Running) -> None:
    offer = await at.stay()
    booking_id, price = await ordered(at, offer)
    quote = await quoted(at, offer, booking_id)
    at.duffel.clock.advance(27.6 * 86400)
    answer = await at.supplier.cancel(offer, quote)
    assert isinstance(answer, CancellationRefused)
    assert answer.code == "cancellation_quote_stale"
    assert await at.duffel.journal("stay_booking.cancelled") == []
    newer = await quoted(at, offer, booking_id)
    assert newer.refund is not None
    assert abs(2 * newer.refund.amount - price.amount) <= 1


async def test_a_saver_rate_gives_nothing_back(at: Running) -> None:
    offer = await at.stay(rate="Saver Rate")
    booking_id, _ = await ordered(at, offer)
    quote = await quoted(at, offer, booking_id)
    assert (quote.refund, quote.expires_at) == (Money(0, "EUR"), None)
    assert await at.supplier.cancel(offer, quote) == Cancelled(
        refund=Money(0, "EUR"), refund_to="balance"
    )


async def test_an_unknown_refund_is_not_zero(at: Running) -> None:
    offer = await at.flight()
    order_id, _ = await ordered(at, offer)
    await at.duffel.fault("cancel_null_refund", "/air/order_cancellations")
    quote = await quoted(at, offer, order_id)
    assert quote.refund is None
    assert await at.supplier.cancel(offer, quote) == Cancelled(refund=None, refund_to="balance")


async def test_credits_are_told_from_money(at: Running) -> None:
    offer = await at.flight("LTN", "SYD")
    order_id, _ = await ordered(at, offer)
    assert (await quoted(at, offer, order_id)).refund_to == "airline_credits"


@pytest.mark.parametrize("age", ["replaced", "expired", "fault"])
async def test_a_flights_quote_can_be_stale(at: Running, age: str) -> None:
    offer = await at.flight()
    order_id, _ = await ordered(at, offer)
    quote = await quoted(at, offer, order_id)
    if age == "replaced":
        await quoted(at, offer, order_id)
    if age == "expired":
        at.duffel.clock.advance(timedelta(hours=1).total_seconds())
    if age == "fault":
        await at.duffel.fault("cancel_stale", "/air/order_cancellations/*")
    answer = await at.supplier.cancel(offer, quote)
    assert isinstance(answer, CancellationRefused)
    assert answer.code == "cancellation_quote_stale"
    assert await at.duffel.journal("order.cancelled") == []


async def test_what_cannot_be_cancelled_says_so(at: Running) -> None:
    flight = await at.flight(brand="Óptima")
    order_id, _ = await ordered(at, flight)
    stay = await at.stay("Cancellation Not Supported")
    booking_id, _ = await ordered(at, stay)
    answers = [
        await at.supplier.cancellation_quote(flight, order_id),
        await at.supplier.cancel(stay, await quoted(at, stay, booking_id)),
    ]
    codes = [answer.code for answer in answers if isinstance(answer, CancellationRefused)]
    assert codes == ["not_cancellable", "not_cancellable"]


@pytest.mark.parametrize("mode", ["commit_then_reset", "commit_then_500", "cut_body"])
@pytest.mark.parametrize("kind", ["flight", "stay"])
async def test_a_lost_answer_is_asked_for_again(at: Running, mode: str, kind: str) -> None:
    offer = await at.flight() if kind == "flight" else await at.stay()
    order_id, _ = await ordered(at, offer)
    quote = await quoted(at, offer, order_id)
    action = "/air/order_cancellations/*" if kind == "flight" else "/stays/bookings/*/cancel"
    await at.duffel.fault(mode, action)
    with pytest.raises(SupplierUnavailable):
        await at.supplier.cancel(offer, quote)
    assert await at.supplier.cancel(offer, quote) == Cancelled(
        refund=quote.refund, refund_to="balance"
    )


async def test_an_unknown_order_is_refused(at: Running) -> None:
    answers = [
        await at.supplier.cancellation_quote(await at.flight(), "ord_none"),
        await at.supplier.cancellation_quote(await at.stay(), "bok_none"),
    ]
    assert [type(answer) for answer in answers] == [CancellationRefused, CancellationRefused]
