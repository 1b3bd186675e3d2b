"""Searching and re-pricing against the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio

from adapters.suppliers.duffel import DuffelSupplier
from domain.errors import Refused
from domain.money import Money
from domain.suppliers import (
    CommitDedupe,
    FlightSearch,
    Requoted,
    SearchPassenger,
    Selection,
    Slice,
    SupplierUnavailable,
    Unavailable,
)
from sandbox.clock import SandboxClock
from tests.adapters.duffel_trips import Running, running


@pytest_asyncio.fixture
async def at() -> AsyncIterator[Running]:
    async with running() as started:
        yield started


async def test_flights_are_offered_with_what_a_person_wants_to_know(at: Running) -> None:
    people = (SearchPassenger(type="adult"), SearchPassenger(age=9), SearchPassenger(type="infant"))
    offers = await at.flights("LHR", "JFK", "LHR", passengers=people)
    best = offers[0]
    assert [offer.price.amount for offer in offers] == sorted(o.price.amount for o in offers)
    assert best.title.startswith("LHR → JFK → LHR, ")
    assert [slot.passenger_type for slot in best.passengers] == ["ADULT", "CHILD", "INFANT"]
    assert (best.kind, best.supplier, best.price.currency) == ("flight", "duffel", "EUR")
    assert timedelta(minutes=29) < best.expires_at - at.duffel.clock.now() <= timedelta(minutes=30)
    facts = {offer.title.rsplit(", ", 1)[1]: (offer.refundable, offer.holdable) for offer in offers}
    assert facts == {
        "Duffel Airways Basic": (True, True),
        "British Airways Economy Saver": (False, False),
        "Iberia Óptima": (None, False),
        "American Airlines Main Cabin": (False, True),
        "Duffel Airways Flex": (True, True),
    }
    segment = best.details["slices"][0]["segments"][0]
    assert segment["origin"]["time_zone"] == "Europe/London"
    assert segment["flight_number"].startswith("ZZ")
    assert best.supplier_facts["ages"] == {best.passengers[1].passenger_id: 9}


async def test_stays_are_offered_rate_by_rate(at: Running) -> None:
    offers = await at.stays((48.2, 16.37))
    assert len(offers) == 20
    assert {offer.kind for offer in offers} == {"stay"}
    assert [offer.refundable for offer in offers] == [False, True] * 10
    rate = offers[1]
    assert rate.title == "Grand Hotel, Double Room, Flexible Rate"
    assert [slot.passenger_type for slot in rate.passengers] == ["ADULT", "CHILD"]
    steps = rate.details["conditions"]["cancellation_timeline"]
    assert steps[0]["refund"] == {"amount": rate.price.amount, "currency": "EUR"}
    assert rate.details["conditions"]["due_at_accommodation"] == {"amount": 750, "currency": "EUR"}


async def test_no_flights_is_an_empty_answer(at: Running) -> None:
    assert list(await at.flights("PVD", "RAI")) == []


async def test_an_unanswered_search_may_be_repeated(at: Running) -> None:
    with pytest.raises(SupplierUnavailable):
        await at.flights("STN", "LHR")
    for mode in ("http_500", "http_503", "rate_limited", "html_502", "text_403", "cut_body"):
        await at.duffel.fault(mode, "/air/offer_requests")
        with pytest.raises(SupplierUnavailable):
            await at.flights("LHR", "JFK")
    await at.duffel.fault("reset_before", "/stays/search")
    with pytest.raises(SupplierUnavailable):
        await at.stays()


async def test_an_impossible_search_is_refused(at: Running) -> None:
    long_ago = at.day(-400)
    search = FlightSearch(
        slices=(Slice(origin="LHR", destination="JFK", departure_date=long_ago),),
        passengers=(SearchPassenger(type="adult"),),
    )
    with pytest.raises(Refused, match="supplier_rejected"):
        await at.supplier.search_flights(search)


async def test_a_rejected_token_is_nobodys_refusal(at: Running) -> None:
    async with DuffelSupplier(
        token="duffel_test_wrong", clock=SandboxClock(), base_url=at.duffel.url
    ) as stranger:
        with pytest.raises(SupplierUnavailable, match="access_token_not_found"):
            await Running(stranger, at.duffel).flights("LHR", "JFK")


async def test_an_offer_is_priced_again_with_its_extras(at: Running) -> None:
    offer = await at.flight()
    quote = await at.supplier.requote(offer, ())
    assert isinstance(quote, Requoted)
    assert (quote.price, quote.refundable, quote.holdable) == (offer.price, True, True)
    assert quote.supplier_quote_id is None
    assert quote.conditions["refund_before_departure"] == {
        "allowed": True,
        "penalty": {"amount": 2500, "currency": "EUR"},
    }
    bag = quote.ancillaries[0]
    assert (bag.type, bag.price, bag.max_quantity) == ("baggage", Money(2000, "EUR"), 2)
    assert bag.name == "Checked bag, up to 23 kg"
    chosen = Selection(
        offer_id=bag.offer_id, quantity=1, price=bag.price, name=bag.name, type=bag.type
    )
    with_bag = await at.supplier.requote(offer, (chosen,))
    assert isinstance(with_bag, Requoted)
    assert with_bag.price == offer.price + Money(2000, "EUR")
    assert with_bag.ancillaries == quote.ancillaries


async def test_a_dearer_offer_tells_its_new_price(at: Running) -> None:
    offer = await at.flight("LHR", "STN")
    quote = await at.supplier.requote(offer, ())
    assert isinstance(quote, Requoted)
    assert quote.price == offer.price + Money(1000, "EUR")


async def test_a_stay_is_quoted_and_the_quote_is_what_an_order_names(at: Running) -> None:
    offer = await at.stay("Price Changed at Quote")
    quote = await at.supplier.requote(offer, ())
    assert isinstance(quote, Requoted)
    assert quote.price == offer.price + Money(1000, "EUR")
    assert quote.supplier_quote_id is not None
    assert quote.supplier_quote_id.startswith("quo_")


@pytest.mark.parametrize(
    ("offered", "code"),
    [("gone", "sold_out"), ("expired", "offer_expired"), ("unknown", "offer_expired")],
)
async def test_a_flight_that_is_not_to_be_had_says_why(
    at: Running, offered: str, code: str
) -> None:
    offer = await at.flight("LGW", "LHR") if offered == "gone" else await at.flight()
    if offered == "expired":
        at.duffel.clock.advance(31 * 60)
    if offered == "unknown":
        offer = replace(offer, offer_id="off_none")
    answer = await at.supplier.requote(offer, ())
    assert isinstance(answer, Unavailable)
    assert answer.code == code


async def test_a_stay_or_an_extra_that_is_not_to_be_had_says_so(at: Running) -> None:
    extra = Selection(
        offer_id="ase_none.pas_none", quantity=1, price=Money(1, "EUR"), name="x", type="x"
    )
    answers = [
        await at.supplier.requote(await at.stay("Rate Unavailable at Quote"), ()),
        await at.supplier.requote(await at.flight(), (extra,)),
        await at.supplier.requote(await at.stay(), (extra,)),
    ]
    codes = [answer.code for answer in answers if isinstance(answer, Unavailable)]
    assert codes == ["sold_out", "ancillary_unavailable", "ancillary_unavailable"]


async def test_an_unanswered_price_may_be_asked_again(at: Running) -> None:
    offer = await at.flight()
    await at.duffel.fault("http_503", f"/air/offers/{offer.offer_id}", method="GET")
    with pytest.raises(SupplierUnavailable):
        await at.supplier.requote(offer, ())
    assert isinstance(await at.supplier.requote(offer, ()), Requoted)


def test_duffel_does_not_recognise_an_order_sent_twice() -> None:
    assert DuffelSupplier.commit_dedupe is CommitDedupe.NONE
