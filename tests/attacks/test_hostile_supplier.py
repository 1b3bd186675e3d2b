"""Whatever the supplier answers is understood, refused or unknown: never a fault, never a price
below zero, never an order that nobody confirmed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from adapters.answers import AMOUNT_MAX
from adapters.suppliers.duffel import DuffelSupplier
from domain.errors import Refused
from domain.money import Money
from domain.suppliers import (
    CancellationQuote,
    CancellationRefused,
    Cancelled,
    FlightSearch,
    Hold,
    Offer,
    OrderConfirmed,
    OrderDeferred,
    OrderFailed,
    OrderNotFound,
    OrderRefused,
    OrderRequest,
    OrderUnknown,
    PassengerSlot,
    Requoted,
    SearchPassenger,
    Slice,
    StaySearch,
    SupplierUnavailable,
    Unavailable,
)
from sandbox.clock import SandboxClock
from tests.adapters.duffel_trips import AMELIA, CONTACT, Running
from tests.attacks.tampering import ENDLESS, NONSENSE, Liar, between, lies_about, lying
from tests.sandbox.duffel.client import TOKEN, running_duffel

SOON = datetime.now(UTC) + timedelta(days=30)
ADULT = SearchPassenger(type="adult")
FLIGHTS = FlightSearch(
    slices=(Slice(origin="LHR", destination="JFK", departure_date=SOON.date()),),
    passengers=(ADULT,),
)
STAYS = StaySearch(
    latitude=1.0,
    longitude=1.0,
    radius_km=5,
    check_in_date=SOON.date(),
    check_out_date=SOON.date() + timedelta(days=1),
    rooms=1,
    guests=(ADULT,),
)
FLIGHT = Offer(
    offer_id="off_1",
    supplier="duffel",
    kind="flight",
    title="Flight",
    price=Money(10_000, "EUR"),
    expires_at=SOON,
    passengers=(PassengerSlot(passenger_id="pas_1", passenger_type="ADULT"),),
)
STAY = replace(FLIGHT, offer_id="rat_1", kind="stay", supplier_facts={"guests": [{}]})
QUOTE = CancellationQuote(
    quote_id="ore_1", supplier_order_id="ord_1", refund=None, refund_to="balance", expires_at=None
)
HELD = Hold(
    supplier_order_id="ord_1",
    supplier_reference="REF",
    price=FLIGHT.price,
    pay_by=SOON,
    price_until=None,
)


def request_for(offer: Offer) -> OrderRequest:
    return OrderRequest(
        attempt_id="booking-1:1",
        trip_id="trip-1",
        booking_id="booking-1",
        offer=offer,
        price=offer.price,
        supplier_quote_id="quo_1",
        selections=(),
        travelers=(AMELIA,),
        contact=CONTACT,
        metadata={"trip_id": "trip-1", "booking_id": "booking-1", "attempt": "1"},
    )


Act = Callable[[DuffelSupplier], Awaitable[Any]]
ACTS: dict[str, Act] = {
    "search flights": lambda it: it.search_flights(FLIGHTS),
    "search stays": lambda it: it.search_stays(STAYS),
    "price a flight": lambda it: it.requote(FLIGHT, ()),
    "price a stay": lambda it: it.requote(STAY, ()),
    "order a flight": lambda it: it.order(request_for(FLIGHT)),
    "order a stay": lambda it: it.order(request_for(STAY)),
    "hold a flight": lambda it: it.hold(request_for(FLIGHT)),
    "pay a hold": lambda it: it.order(request_for(FLIGHT), HELD),
    "find a flight": lambda it: it.find(request_for(FLIGHT)),
    "find a stay": lambda it: it.find(request_for(STAY)),
    "quote a flight's cancellation": lambda it: it.cancellation_quote(FLIGHT, "ord_1"),
    "quote a stay's cancellation": lambda it: it.cancellation_quote(STAY, "bok_1"),
    "cancel a flight": lambda it: it.cancel(FLIGHT, QUOTE),
    "cancel a stay": lambda it: it.cancel(STAY, QUOTE),
}
# What is known after an answer that said nothing, as the port tells it.
NOTHING_KNOWN = (OrderUnknown, OrderDeferred, SupplierUnavailable)


@pytest_asyncio.fixture
async def liar() -> AsyncIterator[tuple[Liar, DuffelSupplier]]:
    async with lying() as (liar, url), connected(url) as supplier:
        yield liar, supplier


def connected(url: str) -> DuffelSupplier:
    return DuffelSupplier(
        token=TOKEN,
        clock=SandboxClock(),
        base_url=url,
        webhook_secrets=("current",),
        question_timeout_s=30.0,
        order_timeout_s=30.0,
    )


async def outcome(act: Act, supplier: DuffelSupplier) -> Any:
    """What the port tells, also where it raises it; anything else fails the test."""
    try:
        return await act(supplier)
    except (SupplierUnavailable, Refused) as told:
        return told


@pytest.mark.parametrize("name", ACTS)
async def test_what_says_nothing_is_taken_for_nothing(
    liar: tuple[Liar, DuffelSupplier], name: str
) -> None:
    told = {}
    for status in (200, 201):
        for what, (media_type, body) in NONSENSE.items():
            liar[0].says(status, media_type, body)
            told[f"{status} {what}"] = await outcome(ACTS[name], liar[1])

    assert {} == {what: t for what, t in told.items() if not isinstance(t, NOTHING_KNOWN)}
    assert 2 * len(NONSENSE) == len(told)


@pytest.mark.parametrize("name", ACTS)
async def test_an_answer_without_end_is_not_read_to_its_end(
    liar: tuple[Liar, DuffelSupplier], name: str
) -> None:
    liar[0].says(201 if "order" in name else 200, "application/json", ENDLESS)

    assert isinstance(await outcome(ACTS[name], liar[1]), NOTHING_KNOWN)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_nobody_is_followed_elsewhere(liar: tuple[Liar, DuffelSupplier], status: int) -> None:
    """A redirect would hand our token, and the travelers, to whoever it names."""
    async with lying() as (stranger, elsewhere):
        liar[0].says(status, "application/json", b"{}", Location=f"{elsewhere}/stolen")
        told = [await outcome(act, liar[1]) for act in ACTS.values()]

    assert all(isinstance(each, NOTHING_KNOWN) for each in told), told
    assert [] == stranger.asked


def sane_money(amount: Money | None) -> bool:
    return amount is None or (type(amount.amount) is int and 0 <= amount.amount <= AMOUNT_MAX)


def sane(told: Any) -> bool:
    """Whether an answer of the port is one that the rest of the program may believe."""
    match told:
        case list():
            return all(sane(each) for each in told)
        case Offer():
            return sane_money(told.price) and isinstance(told.offer_id, str)
        case Requoted():
            extras = [extra.price for extra in told.ancillaries]
            return all(map(sane_money, [told.price, *extras])) and bool(told.expires_at.tzinfo)
        case OrderConfirmed() | Hold():
            return sane_money(told.price) and isinstance(told.supplier_order_id, str)
        case CancellationQuote() | Cancelled():
            return sane_money(told.refund)
        case OrderRefused() | OrderFailed() | OrderNotFound() | Unavailable():
            return True
        case CancellationRefused() | Refused():
            return True
        case _:
            return isinstance(told, NOTHING_KNOWN)


@pytest.mark.parametrize("kind", ["flight", "stay"])
async def test_one_lie_in_a_true_answer_is_never_a_fault_or_a_price(kind: str) -> None:
    """Every place of the answers to a search, to prices and to orders, one at a time."""
    async with (
        running_duffel() as duffel,
        between(duffel.url) as (middleman, url),
        connected(url) as supplier,
    ):
        supplier.clock = duffel.clock
        there = Running(supplier, duffel)
        offer = await (there.flight() if kind == "flight" else there.stay())
        request = await there.request(offer)
        order = await supplier.order(request)
        assert isinstance(order, OrderConfirmed)
        acts: list[Callable[[], Awaitable[Any]]] = [
            lambda: there.flights("LHR", "JFK") if kind == "flight" else there.stays(),
            lambda: supplier.requote(offer, ()),
            lambda: supplier.find(request),
            lambda: supplier.cancellation_quote(offer, order.supplier_order_id),
            lambda: supplier.order(request),
        ]
        insane = []
        for number, act in enumerate(acts):
            await act()
            for change in lies_about(middleman.last, 60, seed=number):
                middleman.change = change
                told = await outcome(lambda _, act=act: act(), supplier)  # type: ignore[misc]
                middleman.change = None
                if not sane(told):
                    insane.append((number, change, told))

    assert [] == insane
