"""One trip from its first item to its last ticket: 30 events, made by the rules themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import uuid4

from domain import ids
from domain.booking import commands as bc
from domain.dossier import BOOKING_EVENT_TYPES, Dossier, DossierEvent
from domain.log import Append, Cause, Effect, NewEvent
from domain.money import Money
from domain.payments import CheckoutSnapshot, OpenedCheckout, PaymentSnapshot
from domain.process import Command, advance
from domain.suppliers import (
    Offer,
    OrderConfirmed,
    PassengerSlot,
    RequoteAnswer,
    Requoted,
    Selection,
)
from domain.trip import commands as tc
from domain.trip import events as te

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PRICE = Money(18_050, "EUR")
BAG = Selection(
    offer_id="bag_1", quantity=1, price=Money(2_500, "EUR"), name="Checked bag", type="bag"
)
ITEMS = ("out", "stay", "back", "late")
CAUSE = Cause(tenant="acme", actor="key:bench", request_id="req-1")

Step = Callable[[Dossier], Command]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What one command led to."""

    events: tuple[DossierEvent, ...]
    effects: tuple[Effect, ...]


def offer(name: str) -> Offer:
    segment = {
        "origin": "LHR",
        "destination": "JFK",
        "departing_at": "2027-03-09T10:40:00+00:00",
        "arriving_at": "2027-03-09T13:35:00-05:00",
        "carrier": "ZZ",
        "flight_number": "ZZ117",
    }
    return Offer(
        offer_id=f"off_{name}_{uuid4().hex}",
        supplier="duffel",
        kind="flight",
        title="London to New York, 9 March",
        price=PRICE,
        expires_at=NOON + 8 * HOUR,
        passengers=(PassengerSlot(passenger_id="pas_1", passenger_type="ADULT"),),
        refundable=True,
        details={"slices": [{"segments": [segment]}]},
    )


def building(trip_id: str) -> Iterator[Step]:
    """The customer puts the trip together and wants to pay."""
    traveler = te.SealedTraveler(
        traveler_id="tvl_1",
        person_id=str(uuid4()),
        passenger_type="ADULT",
        fields=("date_of_birth", "gender"),
        sealed="c2VhbGVk" * 12,
    )
    contact = te.SealedContact(person_id=traveler.person_id, sealed="c2VhbGVk" * 12)
    yield lambda _: tc.StartTrip(trip_id=trip_id, tenant="acme", now=NOON)
    for name in ITEMS:
        item_id, chosen = f"item-{name}", offer(name)
        yield lambda _, i=item_id, o=chosen: tc.AddItem(item_id=i, offer=o, now=NOON)  # type: ignore[misc]
    yield lambda _: tc.SetTravelers(travelers=(traveler,), contact=contact, now=NOON)
    for item_id in ("item-out", "item-back"):
        yield lambda _, i=item_id: tc.SelectAncillaries(  # type: ignore[misc]
            item_id=i, selections=(BAG,), now=NOON
        )
    hosted = te.BookRequest(mode="hosted", policy="keep_confirmed")
    yield lambda _: tc.Book(quote_id=f"{trip_id}-q", request=hosted, now=NOON)


def paying(trip_id: str) -> Iterator[Step]:
    """It is priced, a checkout opens and is paid."""
    checkout_id = ids.checkout_id(trip_id, 1)

    def quote(dossier: Dossier) -> Command:
        assert dossier.trip is not None, "the trip was started"
        answers: dict[str, RequoteAnswer] = {
            item.item_id: Requoted(
                price=PRICE + BAG.price if item.selections else PRICE,
                expires_at=NOON + 2 * HOUR,
                refundable=True,
            )
            for item in dossier.trip.items
        }
        return tc.RecordQuote(quote_id=f"{trip_id}-q", answers=answers, now=NOON)

    def pay(dossier: Dossier) -> Command:
        seen = CheckoutSnapshot(payable=False, payment=payment(dossier, captured=False))
        return tc.RecordCheckoutState(checkout_id=checkout_id, snapshot=seen, now=NOON)

    opened = OpenedCheckout(
        session_id=f"cs_{trip_id}",
        expires_at=NOON + HOUR,
        url=f"https://pay.example/{trip_id}",
    )
    yield quote
    yield lambda _: tc.RecordCheckoutOpened(checkout_id=checkout_id, opened=opened, now=NOON)
    yield pay


def fulfilling(trip_id: str) -> Iterator[Step]:
    """Everything is ordered and confirmed, and the money is taken."""
    checkout_id = ids.checkout_id(trip_id, 1)
    yield lambda _: tc.StartFulfillment(checkout_id=checkout_id, now=NOON)
    for name in ITEMS:
        booking_id = ids.booking_id(checkout_id, f"item-{name}")
        said = OrderConfirmed(
            supplier_order_id=f"ord_{booking_id}", supplier_reference="RZPNX8", price=PRICE
        )
        yield lambda _, b=booking_id, a=said: bc.RecordOrder(  # type: ignore[misc]
            booking_id=b, attempt=1, answer=a, now=NOON
        )
    yield lambda dossier: tc.RecordPayment(payment=payment(dossier, captured=True), now=NOON)


def payment(dossier: Dossier, *, captured: bool) -> PaymentSnapshot:
    """The money of the only checkout, held or taken."""
    assert dossier.trip is not None, "the trip was started"
    checkout = dossier.trip.checkout
    assert checkout is not None, "the checkout was opened"
    return PaymentSnapshot(
        payment_id=f"pi_{dossier.trip.trip_id}",
        status="captured" if captured else "authorized",
        amount=checkout.amount,
        captured=checkout.amount if captured else Money(0, "EUR"),
        refunded=Money(0, "EUR"),
        capture_before=NOON + 160 * HOUR,
    )


def commands(trip_id: str) -> Iterator[Step]:
    """A whole life, command by command, each made when its turn comes."""
    yield from building(trip_id)
    yield from paying(trip_id)
    yield from fulfilling(trip_id)


def journey(trip_id: str, steps: Callable[[str], Iterator[Step]] = commands) -> list[Stage]:
    """A life as the rules decide it, stage by stage."""
    dossier = Dossier()
    stages = []
    for step in steps(trip_id):
        done = advance(step(dossier), dossier)
        dossier = done.dossier
        stages.append(Stage(events=done.events, effects=done.effects))
    return stages


def numbered(trip_id: str, events: Iterable[DossierEvent]) -> list[NewEvent]:
    """The events of a new trip, each with its stream and its number in it."""
    versions: dict[str, int] = {}
    found = []
    for event in events:
        stream_id = event.booking_id if isinstance(event, BOOKING_EVENT_TYPES) else trip_id
        versions[stream_id] = versions.get(stream_id, 0) + 1
        found.append(
            NewEvent(
                event_id=str(uuid4()),
                stream_id=stream_id,
                stream_version=versions[stream_id],
                event=event,
            )
        )
    return found


def whole_trip(trip_id: str) -> Append:
    """A trip's whole life as one append."""
    return one_append(trip_id, commands)


def starting(trip_id: str) -> Iterator[Step]:
    """A trip with nothing in it."""
    return islice(building(trip_id), 1)


def filled(trip_id: str) -> Iterator[Step]:
    """A trip with its items and nobody named yet."""
    return islice(building(trip_id), 1 + len(ITEMS))


def first_steps(trip_id: str) -> Append:
    """A new trip with its first item: two events."""
    return one_append(trip_id, lambda trip_id: islice(building(trip_id), 2))


def one_append(trip_id: str, steps: Callable[[str], Iterator[Step]]) -> Append:
    events = [event for stage in journey(trip_id, steps) for event in stage.events]
    return Append(
        trip_id=trip_id, expected_position=0, events=numbered(trip_id, events), cause=CAUSE
    )
