"""What may be put into a trip, and when; an edit that changes nothing records nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.suppliers import Offer, Selection
from domain.trip import commands as tc
from domain.trip import events as te
from domain.trip.editing import ITEMS_MAX, TRAVELERS_MAX
from domain.trip.lifecycle import status
from tests.given import given
from tests.rules import stories as s

OTHER_OFFER = replace(s.STAY_OFFER, offer_id="off_other")
BAG = Selection(offer_id="bag", quantity=2, price=s.eur(3000), name="Bag", type="baggage")
START = tc.StartTrip(trip_id=s.TRIP, tenant="acme", now=s.NOW)
PUT_TRAVELERS = tc.SetTravelers(travelers=(s.TRAVELER,), contact=s.CONTACT, now=s.LATER)


def add(offer: Offer = OTHER_OFFER, item_id: str = "item-3") -> tc.AddItem:
    return tc.AddItem(item_id=item_id, offer=offer, now=s.LATER)


def choose(*selections: Selection, item_id: str = s.FLIGHT) -> tc.SelectAncillaries:
    return tc.SelectAncillaries(item_id=item_id, selections=selections, now=s.LATER)


REMOVE = tc.RemoveItem(item_id=s.STAY, now=s.LATER)
EDITS = [add(), REMOVE, replace(PUT_TRAVELERS, contact=None), choose(BAG)]


def test_a_trip_starts_empty() -> None:
    given().when(START).then(s.STARTED).then_effects()


def test_a_trip_started_twice_is_started_once() -> None:
    given(s.STARTED).when(START).then_nothing()


@pytest.mark.parametrize("command", EDITS, ids=lambda c: type(c).__name__)
def test_nothing_can_be_asked_of_a_trip_that_is_not_there(command: tc.TripCommand) -> None:
    given().when(command).then_refused("trip_not_found")


def test_an_item_is_added_at_the_price_of_its_offer() -> None:
    outcome = given(s.DRAFT).when(add())

    outcome.then(te.ItemAdded(item_id="item-3", offer=OTHER_OFFER, added_at=s.LATER))
    trip = outcome.dossier.trip
    assert trip is not None
    assert trip.shown_total == s.TOTAL + s.STAY_PRICE


def test_an_item_added_twice_is_added_once() -> None:
    given(s.DRAFT).when(add(s.FLIGHT_OFFER, s.FLIGHT)).then_nothing()


def test_the_same_offer_is_not_bought_twice_by_accident() -> None:
    given(s.DRAFT).when(add(s.STAY_OFFER)).then_refused("duplicate_item", offer_id="off_stay")


def test_an_expired_offer_is_not_added() -> None:
    old = replace(OTHER_OFFER, expires_at=s.LATER)
    given(s.DRAFT).when(add(old)).then_refused("offer_expired")


def test_an_offer_without_a_price_is_not_added() -> None:
    given(s.DRAFT).when(add(replace(OTHER_OFFER, price=s.NOTHING))).then_refused("item_unpriced")
    given(s.DRAFT).when(add(replace(OTHER_OFFER, price=s.eur(1)))).then_kinds(te.ItemAdded)


def test_a_trip_is_paid_in_one_currency() -> None:
    dollars = replace(OTHER_OFFER, price=replace(s.STAY_PRICE, currency="USD"))
    outcome = given(s.DRAFT).when(add(dollars))
    outcome.then_refused("currency_mismatch", trip_currency="EUR", offer_currency="USD")


def test_a_trip_holds_only_so_many_items() -> None:
    full = [
        te.ItemAdded(
            item_id=f"i{n}", offer=replace(OTHER_OFFER, offer_id=f"off_{n}"), added_at=s.NOW
        )
        for n in range(ITEMS_MAX)
    ]
    given(s.STARTED, full[:-1]).when(add()).then_kinds(te.ItemAdded)
    given(s.STARTED, full).when(add()).then_refused("too_many_items")


def test_an_item_is_removed() -> None:
    outcome = given(s.DRAFT).when(REMOVE)
    outcome.then(te.ItemRemoved(item_id=s.STAY, removed_at=s.LATER)).then_effects()


def test_an_item_that_is_not_there_cannot_be_removed() -> None:
    nobody = tc.RemoveItem(item_id="item-9", now=s.LATER)
    given(s.DRAFT).when(nobody).then_refused("item_not_found", item_id="item-9")


def test_the_travelers_are_replaced_as_a_whole() -> None:
    outcome = given(s.STARTED).when(PUT_TRAVELERS)
    outcome.then(te.TravelersSet(travelers=(s.TRAVELER,), contact=s.CONTACT, set_at=s.LATER))


def test_the_same_travelers_again_change_nothing() -> None:
    given(s.DRAFT).when(PUT_TRAVELERS).then_nothing()


def test_a_trip_holds_only_so_many_travelers() -> None:
    crowd = tuple(replace(s.TRAVELER, traveler_id=f"t{n}") for n in range(TRAVELERS_MAX + 1))
    most = replace(PUT_TRAVELERS, travelers=crowd[:-1])
    given(s.STARTED).when(most).then_kinds(te.TravelersSet)
    given(s.STARTED).when(replace(most, travelers=crowd)).then_refused("too_many_travelers")


def test_extras_replace_those_chosen_before_and_count_in_the_total() -> None:
    seat = replace(BAG, offer_id="seat", quantity=1, price=s.eur(1500))
    outcome = given(s.DRAFT).when(choose(BAG), choose(seat))

    outcome.then_kinds(te.AncillariesSelected, te.AncillariesSelected)
    trip = outcome.dossier.trip
    assert trip is not None
    assert trip.shown_total == s.TOTAL + s.eur(1500)


def test_the_same_extras_again_change_nothing() -> None:
    chosen = te.AncillariesSelected(item_id=s.FLIGHT, selections=(BAG,), selected_at=s.NOW)
    given(s.DRAFT, chosen).when(choose(BAG)).then_nothing()


@pytest.mark.parametrize(
    ("selection", "item_id", "code", "facts"),
    [
        (BAG, "item-9", "item_not_found", {"item_id": "item-9"}),
        (
            replace(BAG, traveler_id="tvl_9"),
            s.FLIGHT,
            "traveler_not_found",
            {"traveler_id": "tvl_9"},
        ),
        (replace(BAG, price=replace(BAG.price, currency="USD")), s.FLIGHT, "currency_mismatch", {}),
    ],
)
def test_extras_that_do_not_fit_are_refused(
    selection: Selection, item_id: str, code: str, facts: dict[str, str]
) -> None:
    given(s.DRAFT).when(choose(selection, item_id=item_id)).then_refused(code, **facts)


@pytest.mark.parametrize("command", EDITS, ids=lambda c: type(c).__name__)
@pytest.mark.parametrize("story", [s.quoting(), s.quoted()], ids=["quoting", "quoted"])
def test_an_edit_drops_the_quote(story: s.Facts, command: tc.TripCommand) -> None:
    dossier = given(story).when(command).dossier

    assert dossier.trip is not None
    assert dossier.trip.quote is not None
    assert dossier.trip.quote.status == "dropped"
    assert status(dossier.trip) == "draft"


@pytest.mark.parametrize("command", EDITS, ids=lambda c: type(c).__name__)
@pytest.mark.parametrize(
    ("story", "code"),
    [
        (s.opening(), "checkout_in_progress"),
        (s.awaiting_payment(), "checkout_open"),
        (s.closing(), "checkout_closing"),
        (s.processing(), "payment_processing"),
        (s.paid(), "already_checked_out"),
        (s.fulfilling(), "already_checked_out"),
        (s.completed(), "already_checked_out"),
    ],
    ids=["opening", "awaiting_payment", "closing", "processing", "paid", "fulfilling", "completed"],
)
def test_a_trip_that_can_be_paid_or_is_paid_is_not_edited(
    story: s.Facts, code: str, command: tc.TripCommand
) -> None:
    given(story).when(command).then_refused(code)


def test_a_trip_whose_checkout_expired_can_be_edited_again() -> None:
    given(s.expired()).when(add()).then_kinds(te.ItemAdded)
