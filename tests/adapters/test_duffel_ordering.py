"""Ordering against the sandbox: whatever goes wrong, one order at most, and it is found."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Literal

import pytest
import pytest_asyncio

from domain.money import Money
from domain.suppliers import (
    Hold,
    OrderConfirmed,
    OrderDeferred,
    OrderFailed,
    OrderNotFound,
    OrderRefused,
    OrderUnknown,
    Requoted,
    SearchPassenger,
    Selection,
    SupplierUnavailable,
    Traveler,
)
from tests.adapters.duffel_trips import AMELIA, PATHS, Running, running

Kind = Literal["flight", "stay"]
KINDS: list[Kind] = ["flight", "stay"]


@pytest_asyncio.fixture
async def at() -> AsyncIterator[Running]:
    async with running() as started:
        yield started


@pytest.mark.parametrize("kind", KINDS)
async def test_an_order_is_confirmed_at_its_price(at: Running, kind: Kind) -> None:
    request = await at.order_of(kind)
    answer = await at.supplier.order(request)
    assert isinstance(answer, OrderConfirmed)
    assert answer.price == request.price
    assert await at.supplier.find(request) == answer
    made = await at.made()
    assert [entry["metadata"] for entry in made] == [request.metadata]
    assert [entry["amount"] for entry in made] == [str(request.price.to_decimal())]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "mode",
    ["commit_then_reset", "commit_then_timeout", "cut_body", "commit_then_500", "duplicate_detect"],
)
async def test_an_order_whose_answer_was_lost_is_found_by_reading(kind: Kind, mode: str) -> None:
    async with running(order_timeout_s=0.5) as at:
        request = await at.order_of(kind)
        await at.duffel.fault(mode, PATHS[kind], hold_s=3)
        assert type(await at.supplier.order(request)) is OrderUnknown
        found = await at.supplier.find(request)
        assert isinstance(found, OrderConfirmed)
        assert found.price == request.price
        assert len(await at.made()) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["reset_before", "http_500", "html_502", "text_403"])
async def test_an_answer_that_says_nothing_is_unknown_even_if_nothing_was_made(
    at: Running, kind: Kind, mode: str
) -> None:
    request = await at.order_of(kind)
    await at.duffel.fault(mode, PATHS[kind])
    assert type(await at.supplier.order(request)) is OrderUnknown
    assert await at.supplier.find(request) == OrderNotFound()
    assert await at.made() == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["http_503", "rate_limited"])
async def test_an_order_that_was_turned_away_may_be_sent_again(
    at: Running, kind: Kind, mode: str
) -> None:
    request = await at.order_of(kind)
    await at.duffel.fault(mode, PATHS[kind])
    answer = await at.supplier.order(request)
    assert isinstance(answer, OrderDeferred)
    assert 1 <= answer.retry_after_s <= 60
    assert isinstance(await at.supplier.order(request), OrderConfirmed)
    assert len(await at.made()) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_an_order_turned_away_after_one_was_made_is_not_sent_again(
    at: Running, kind: Kind
) -> None:
    request = await at.order_of(kind)
    await at.duffel.fault("commit_then_reset", PATHS[kind])
    await at.supplier.order(request)
    await at.duffel.fault("rate_limited", PATHS[kind])
    assert type(await at.supplier.order(request)) is OrderUnknown
    assert len(await at.made()) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_an_order_accepted_for_later_is_found_later(at: Running, kind: Kind) -> None:
    request = await at.order_of(kind)
    await at.duffel.fault("async_202", PATHS[kind], delay_s=60)
    assert type(await at.supplier.order(request)) is OrderUnknown
    assert await at.supplier.find(request) == OrderNotFound()
    at.duffel.clock.advance(60)
    assert isinstance(await at.supplier.find(request), OrderConfirmed)
    assert len(await at.made()) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_an_order_that_shows_late_is_found_late(at: Running, kind: Kind) -> None:
    request = await at.order_of(kind)
    await at.duffel.fault("ok_200_late", PATHS[kind], delay_s=60)
    assert type(await at.supplier.order(request)) is OrderUnknown
    assert await at.supplier.find(request) == OrderNotFound()
    at.duffel.clock.advance(60)
    assert isinstance(await at.supplier.find(request), OrderConfirmed)


@pytest.mark.parametrize("kind", KINDS)
async def test_sold_out_is_refused(at: Running, kind: Kind) -> None:
    request = await at.order_of(kind)
    await at.duffel.fault("sold_out", PATHS[kind])
    answer = await at.supplier.order(request)
    assert isinstance(answer, OrderRefused)
    assert answer.code == "sold_out"
    assert await at.made() == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_changed_price_is_refused_with_the_new_one(at: Running, kind: Kind) -> None:
    request = await at.order_of(kind)
    await at.duffel.fault("price_changed", PATHS[kind])
    answer = await at.supplier.order(request)
    assert isinstance(answer, OrderRefused)
    assert answer.code == "price_changed"
    assert answer.new_price == request.price + Money(1000, "EUR")
    assert await at.made() == []


async def test_an_older_price_on_a_route_that_gets_dearer_is_refused(at: Running) -> None:
    request = await at.request(await at.flight("LHR", "STN"))
    at_first = replace(request, price=request.price - Money(1000, "EUR"))
    answer = await at.supplier.order(at_first)
    assert isinstance(answer, OrderRefused)
    assert (answer.code, answer.new_price) == ("price_changed", request.price + Money(1000, "EUR"))


@pytest.mark.parametrize(
    ("route", "expected"),
    [(("LHR", "LGW"), OrderUnknown), (("LGW", "STN"), OrderRefused)],
)
async def test_routes_that_fail_to_book_leave_nothing(
    at: Running, route: tuple[str, str], expected: type
) -> None:
    request = await at.request(await at.flight(*route))
    assert type(await at.supplier.order(request)) is expected
    assert await at.supplier.find(request) == OrderNotFound()


async def test_the_same_offer_ordered_by_another_trip_is_not_taken_for_ours(at: Running) -> None:
    offer = await at.flight()
    theirs = await at.request(offer, booking="booking-of-others")
    ours = await at.request(offer)
    await at.supplier.order(theirs)
    assert type(await at.supplier.order(ours)) is OrderUnknown
    assert await at.supplier.find(ours) == OrderNotFound()


async def test_finding_needs_no_personal_data_and_raises_when_unanswered(at: Running) -> None:
    request = await at.order_of("flight")
    await at.supplier.order(request)
    bare = replace(request, travelers=())
    assert isinstance(await at.supplier.find(bare), OrderConfirmed)
    await at.duffel.fault("http_500", "/air/orders", method="GET")
    with pytest.raises(SupplierUnavailable):
        await at.supplier.find(bare)


async def test_an_order_that_the_airline_cancelled_is_found_failed(at: Running) -> None:
    request = await at.order_of("flight")
    answer = await at.supplier.order(request)
    assert isinstance(answer, OrderConfirmed)
    quotes = "/air/order_cancellations"
    quote = await at.duffel.post(quotes, {"order_id": answer.supplier_order_id})
    await at.duffel.post(f"{quotes}/{quote['id']}/actions/confirm")
    assert isinstance(await at.supplier.find(request), OrderFailed)


async def test_a_booking_is_found_among_many(at: Running) -> None:
    first = await at.order_of("stay")
    await at.supplier.order(first)
    for number in range(3):
        other = await at.request(await at.stay(), booking=f"other-{number}")
        await at.supplier.order(other)
    assert isinstance(await at.supplier.find(first), OrderConfirmed)


# --- extras and people


async def test_a_bag_is_paid_for_the_traveler_it_was_chosen_for(at: Running) -> None:
    two = (SearchPassenger(type="adult"), SearchPassenger(type="adult"))
    offer = (await at.flights("LHR", "JFK", passengers=two))[0]
    amy = replace(AMELIA, traveler_id="amy", first_name="Amy", last_name="Johnson")
    plain = await at.supplier.requote(offer, ())
    assert isinstance(plain, Requoted)
    bags = [each for each in plain.ancillaries if each.type == "baggage"]
    for_first = next(b for b in bags if b.passenger_ids == (offer.passengers[0].passenger_id,))
    bag = Selection(
        offer_id=for_first.offer_id,
        quantity=2,
        price=for_first.price,
        name=for_first.name,
        type=for_first.type,
        traveler_id="amy",
    )
    request = await at.request(offer, selections=(bag,), travelers=(AMELIA, amy))
    assert request.price == plain.price + Money(4000, "EUR")
    answer = await at.supplier.order(request)
    assert isinstance(answer, OrderConfirmed)
    order = (await at.duffel.get(f"/air/orders/{answer.supplier_order_id}"))["data"]
    names = {person["id"]: person["given_name"] for person in order["passengers"]}
    carriers = [names[each["passenger_ids"][0]] for each in order["services"]]
    assert carriers == ["Amy"]
    assert len(answer.documents) == 2


async def test_children_are_seated_by_the_age_they_were_priced_for(at: Running) -> None:
    family = tuple(SearchPassenger(age=age) for age in (35, 4, 9, 0))
    offer = (await at.flights("LHR", "JFK", passengers=family))[0]
    last = date.fromisoformat(offer.supplier_facts["last_departure"])

    def child(name: str, age: int, kind: Literal["CHILD", "INFANT"]) -> Traveler:
        born = last - timedelta(days=round(365.25 * age + 100))
        return replace(
            AMELIA, traveler_id=name, first_name=name, date_of_birth=born, passenger_type=kind
        )

    adult = replace(AMELIA, date_of_birth=last - timedelta(days=round(365.25 * 35 + 100)))
    people = (
        child("Nina", 9, "CHILD"),
        child("Ben", 0, "INFANT"),
        adult,
        child("Finn", 4, "CHILD"),
    )
    answer = await at.supplier.order(await at.request(offer, travelers=people))
    assert isinstance(answer, OrderConfirmed), answer


@pytest.mark.parametrize(
    "travelers",
    [
        (),
        (AMELIA, replace(AMELIA, traveler_id="b")),
        (replace(AMELIA, passenger_type="CHILD"),),
        (replace(AMELIA, date_of_birth=None),),
        (replace(AMELIA, gender="x"),),
    ],
    ids=["nobody", "too many", "other type", "no birth", "gender"],
)
async def test_people_who_do_not_fit_are_refused_before_anything_is_sent(
    at: Running, travelers: tuple[Traveler, ...]
) -> None:
    request = await at.request(await at.flight(), travelers=travelers)
    await at.duffel.fault("http_500", "/air/orders")
    answer = await at.supplier.order(request)
    assert isinstance(answer, OrderRefused)
    assert answer.code == "invalid_travelers"


async def test_a_refused_name_is_not_repeated_in_the_answer(at: Running) -> None:
    odd = replace(AMELIA, first_name="R2D2")
    answer = await at.supplier.order(await at.request(await at.flight(), travelers=(odd,)))
    assert isinstance(answer, OrderRefused)
    assert answer.code == "invalid_travelers"
    assert "/passengers/0/given_name" in answer.detail
    assert "R2D2" not in answer.detail


# --- holds


async def test_a_hold_is_paid_later(at: Running) -> None:
    request = await at.order_of("flight")
    hold = await at.supplier.hold(request)
    assert isinstance(hold, Hold)
    assert hold.price == request.price
    assert hold.price_until is not None
    assert at.duffel.clock.now() < hold.price_until < hold.pay_by
    assert await at.supplier.find(request) == OrderNotFound()
    answer = await at.supplier.order(request, hold)
    assert isinstance(answer, OrderConfirmed)
    assert answer.supplier_order_id == hold.supplier_order_id
    assert len(answer.documents) == 1
    assert await at.supplier.order(request, hold) == answer
    assert len(await at.duffel.journal("payment.created")) == 1


@pytest.mark.parametrize("mode", ["commit_then_reset", "cut_body"])
async def test_a_payment_whose_answer_was_lost_is_found(at: Running, mode: str) -> None:
    request = await at.order_of("flight")
    hold = await at.supplier.hold(request)
    assert isinstance(hold, Hold)
    await at.duffel.fault(mode, "/air/payments")
    assert type(await at.supplier.order(request, hold)) is OrderUnknown
    assert isinstance(await at.supplier.find(request), OrderConfirmed)
    assert len(await at.duffel.journal("payment.created")) == 1


async def test_a_payment_answered_500_is_looked_up_at_once(at: Running) -> None:
    request = await at.order_of("flight")
    hold = await at.supplier.hold(request)
    assert isinstance(hold, Hold)
    await at.duffel.fault("commit_then_500", "/air/payments")
    assert isinstance(await at.supplier.order(request, hold), OrderConfirmed)


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        ("hold_lapsed", "offer_expired"),
        ("schedule_changed", "supplier_rejected"),
        ("price_changed", "price_changed"),
    ],
)
async def test_a_hold_that_cannot_be_paid_is_refused(at: Running, mode: str, code: str) -> None:
    request = await at.order_of("flight")
    hold = await at.supplier.hold(request)
    assert isinstance(hold, Hold)
    await at.duffel.fault(mode, "/air/payments")
    answer = await at.supplier.order(request, hold)
    assert isinstance(answer, OrderRefused)
    assert answer.code == code
    assert await at.duffel.journal("payment.created") == []


async def test_a_hold_that_got_dearer_is_not_paid(at: Running) -> None:
    request = await at.order_of("flight")
    hold = await at.supplier.hold(request)
    assert isinstance(hold, Hold)
    at.duffel.clock.advance(48 * 3600)
    answer = await at.supplier.order(request, hold)
    assert isinstance(answer, OrderRefused)
    assert (answer.code, answer.new_price) == ("price_changed", request.price + Money(1000, "EUR"))
    at.duffel.clock.advance(24 * 3600)
    assert isinstance(await at.supplier.find(request), OrderFailed)


async def test_what_cannot_be_held_is_refused(at: Running) -> None:
    flight = await at.request(await at.flight(brand="Saver"))
    stay = await at.order_of("stay")
    answers = [await at.supplier.hold(flight), await at.supplier.hold(stay)]
    assert [type(answer) for answer in answers] == [OrderRefused, OrderRefused]
    assert await at.made() == []


async def test_a_lost_hold_is_unknown(at: Running) -> None:
    request = await at.order_of("flight")
    await at.duffel.fault("commit_then_reset", "/air/orders")
    assert type(await at.supplier.hold(request)) is OrderUnknown
