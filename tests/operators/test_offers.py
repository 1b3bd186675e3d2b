"""What is offered to operators can be done, whatever state the trip is in; what is done twice by
one request is done once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain import ids
from domain.booking import commands as bc
from domain.booking import events as be
from domain.dossier import DossierEvent, fold
from domain.errors import Refused
from domain.money import Money
from domain.operating import Action, Offered, Wanted, commands, offered
from domain.payments import DisputeStatus, MoneyBack
from domain.process import Command
from domain.suppliers import OrderNotFound
from domain.trip import commands as tc
from domain.trip import events as te
from service.handle import advance_all
from tests.replay import money_trips
from tests.replay.whole_trips import AT_ONCE, LOST, refund, terms, told, whole_trips
from tests.rules import stories as s

WHOLE = whole_trips()
NOTHING_MORE = {"look", "quote_cancellation", "resend"}


def wanted(found: Offered, request_id: str = "req-op-1") -> Wanted:
    return Wanted(
        action=found.action,
        subject=found.subject,
        reason="The customer called.",
        request_id=request_id,
        amount=found.amount,
        owner="ada",
    )


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_whatever_is_offered_can_be_done_at_every_moment_of_a_trip(name: str) -> None:
    facts = WHOLE[name]
    for length in range(1, len(facts) + 1):
        dossier = fold(facts[:length])
        for each in offered(dossier, s.LATER):
            step = advance_all(commands(wanted(each), dossier, s.LATER), dossier)
            first, *rest = step.events
            assert isinstance(first, te.OperatorActed)
            assert (each.action, each.subject) == (first.action, first.subject)
            assert (each.action, each.action in NOTHING_MORE) == (each.action, not rest)
            again = advance_all(commands(wanted(each), step.dossier, s.LATER), step.dossier)
            assert () == again.events


def may(action: Action, subject: str, what: str, amount: Money | None = None) -> Offered:
    return Offered(action=action, subject=subject, what=what, amount=amount)


def disputed(status: DisputeStatus) -> tc.RecordMoneyBack:
    """A bank that takes back a part."""
    dispute = replace(money_trips.disputed(status), amount=s.eur(300))
    back = MoneyBack(payment_id=s.PAYMENT, disputes=(dispute,))
    return tc.RecordMoneyBack(money_back=back, now=s.LATER)


def refunded(cents: int) -> tc.RefundPayment:
    return tc.RefundPayment(request_id="r", amount=s.eur(cents), reason="goodwill", now=s.LATER)


NOT_FOUND = ids.incident_id(s.TRIP, "order_not_found", s.STAY_BOOKING)
DISPUTED = ids.incident_id(s.TRIP, "payment_disputed", "du_1")
ANOTHER = replace(s.PAID_BY_CARD, payment_id="pi_2", checkout_id=ids.checkout_id(s.TRIP, 2))
QUOTED, TAKEN = terms(s.FLIGHT_BOOKING, s.STAY_BOOKING)

LOOK = may("look", s.CHECKOUT, "Look at checkout 1 for 350.00 EUR at the provider")
GIVE_UP_STAY = may("give_up", s.STAY_BOOKING, "Give up Two nights in Soho, worth 150.00 EUR")
REFUND = may("refund", s.PAYMENT, "Refund up to 350.00 EUR of payment pi_1", s.TOTAL)
BOOKED = (
    may("quote_cancellation", s.TRIP, "Ask the suppliers what cancelling gives back"),
    may("resend", s.TRIP, "Tell the shop once more that the trip is confirmed"),
)
CANCEL = may("cancel", "cq_1", "Cancel 2 booking(s) on the quoted terms: 350.00 EUR go back")

OFFERS: dict[str, tuple[list[DossierEvent], tuple[Offered, ...]]] = {
    "nothing": ([], ()),
    "draft": (told(s.DRAFT), ()),
    "open checkout": (
        told(s.awaiting_payment()),
        (
            LOOK,
            may(
                "close_checkout",
                s.CHECKOUT,
                "Close the checkout for 350.00 EUR: it can no longer be paid",
            ),
        ),
    ),
    "closing": (told(s.closing()), (LOOK,)),
    "ordering": (
        told(s.fulfilling()),
        (
            LOOK,
            GIVE_UP_STAY,
            may("release", s.PAYMENT, "Let go the 350.00 EUR that wait to be captured"),
        ),
    ),
    "ordering, paid at once": (told(s.fulfilling(payment=s.PAID_AT_ONCE)), (GIVE_UP_STAY,)),
    "another payment beside what is booked": (
        [*told(s.both_ordered()), ANOTHER],
        (
            LOOK,
            may("give_up", s.FLIGHT_BOOKING, "Give up LHR to JFK, worth 200.00 EUR"),
            may("release", "pi_2", "Let go the 350.00 EUR that wait to be captured"),
        ),
    ),
    "order without an answer": (
        told(s.both_ordered(), then=(LOST,)),
        (
            may("look", s.STAY_BOOKING, "Look for the order of Two nights in Soho at its supplier"),
            LOOK,
            may("give_up", s.FLIGHT_BOOKING, "Give up LHR to JFK, worth 200.00 EUR"),
            GIVE_UP_STAY,
        ),
    ),
    "completed": (told(s.completed()), (REFUND, *BOOKED)),
    "cancellation quoted": (
        told(s.completed(), then=(QUOTED,)),
        (REFUND, BOOKED[0], CANCEL, BOOKED[1]),
    ),
    "cancellation wanted": (told(s.completed(), then=(QUOTED, TAKEN)), (REFUND, *BOOKED)),
    "late money on its way back": (
        told(s.expired(), then=(AT_ONCE, refund("pending"))),
        (may("look", f"{s.PAYMENT}:1", "Look at the refund of 350.00 EUR at the provider"),),
    ),
    "all but a cent refunded": (
        told(s.completed(), then=(refunded(34_999),)),
        (
            may("refund", s.PAYMENT, "Refund up to 0.01 EUR of payment pi_1", s.eur(1)),
            *BOOKED,
        ),
    ),
    "disputed": (
        told(s.completed(), then=(disputed("open"),)),
        (
            *BOOKED,
            may("assign", DISPUTED, "Take on: payment disputed"),
            may("resolve", DISPUTED, "Settled: payment disputed"),
        ),
    ),
    "dispute won": (
        told(s.completed(), then=(disputed("open"), disputed("won"))),
        (REFUND, *BOOKED),
    ),
    "unresolved": (
        WHOLE["order-lost-for-good"],
        (
            may("refund", s.PAYMENT, "Refund up to 200.00 EUR of payment pi_1", s.FLIGHT_PRICE),
            *BOOKED,
            may("assign", NOT_FOUND, "Take on: order not found"),
            may("resolve", NOT_FOUND, "Settled: order not found"),
        ),
    ),
}


@pytest.mark.parametrize("name", OFFERS)
def test_what_is_offered_follows_from_the_state(name: str) -> None:
    facts, expected = OFFERS[name]

    assert expected == offered(fold(facts), s.LATER)


def test_terms_that_have_expired_are_not_offered() -> None:
    quoted = fold(OFFERS["cancellation quoted"][0])

    assert (REFUND, *BOOKED) == offered(quoted, s.QUOTE_ENDS)


WHY = "The customer called."
DONE: dict[str, tuple[str, Action, str, Command | None]] = {
    "a part goes back": (
        "completed",
        "refund",
        s.PAYMENT,
        tc.RefundPayment(
            request_id="req-op-1",
            amount=s.eur(700),
            reason="requested_by_operator",
            payment_id=s.PAYMENT,
            now=s.LATER,
        ),
    ),
    "what waits is let go": (
        "ordering",
        "release",
        s.PAYMENT,
        tc.ReleasePayment(reason="given_up_by_operator", payment_id=s.PAYMENT, now=s.LATER),
    ),
    "nobody can pay any more": (
        "open checkout",
        "close_checkout",
        s.CHECKOUT,
        tc.CloseCheckout(reason="closed_by_operator", checkout_id=s.CHECKOUT, now=s.LATER),
    ),
    "terms are taken": (
        "cancellation quoted",
        "cancel",
        "cq_1",
        tc.CancelBookings(cancellation_quote_id="cq_1", now=s.LATER),
    ),
    "what was not ordered is not": (
        "ordering",
        "give_up",
        s.STAY_BOOKING,
        bc.AbandonBooking(booking_id=s.STAY_BOOKING, reason="given_up_by_operator", now=s.LATER),
    ),
    "nobody waits for an answer": (
        "order without an answer",
        "give_up",
        s.STAY_BOOKING,
        bc.RecordFinding(
            booking_id=s.STAY_BOOKING, answer=OrderNotFound(), final=True, now=s.LATER
        ),
    ),
    "what was ordered is cancelled": (
        "order without an answer",
        "give_up",
        s.FLIGHT_BOOKING,
        bc.RequestCancellation(
            booking_id=s.FLIGHT_BOOKING, reason="given_up_by_operator", now=s.LATER
        ),
    ),
    "somebody sees to it": (
        "unresolved",
        "assign",
        NOT_FOUND,
        tc.AssignIncident(code="order_not_found", subject=s.STAY_BOOKING, owner="ada", now=s.LATER),
    ),
    "it is settled": (
        "unresolved",
        "resolve",
        NOT_FOUND,
        tc.ResolveIncident(
            code="order_not_found", subject=s.STAY_BOOKING, resolution=WHY, now=s.LATER
        ),
    ),
    "the world is looked at": ("closing", "look", s.CHECKOUT, None),
    "suppliers are asked": ("completed", "quote_cancellation", s.TRIP, None),
    "the shop is told": ("completed", "resend", s.TRIP, None),
    "a task is tried once more": ("completed", "retry", "open_checkout:1", None),
}


@pytest.mark.parametrize("name", DONE)
def test_what_is_wanted_is_said_and_then_done(name: str) -> None:
    state, action, subject, expected = DONE[name]
    asked = Wanted(
        action=action,
        subject=subject,
        reason=WHY,
        request_id="req-op-1",
        amount=s.eur(700),
        owner="ada",
    )
    noted = tc.NoteAction(
        action=action, subject=subject, reason=WHY, request_id="req-op-1", now=s.LATER
    )

    done = commands(asked, fold(OFFERS[state][0]), s.LATER)

    assert ((noted,) if expected is None else (noted, expected)) == done


def test_giving_up_an_order_without_an_answer_lets_the_rest_go_on() -> None:
    dossier = fold(
        told(
            s.both_ordered(),
            then=(s.answer(s.FLIGHT_BOOKING, s.yes(s.FLIGHT_BOOKING), at=s.LATER), LOST),
        )
    )
    [found] = [
        each
        for each in offered(dossier, s.LATER)
        if (each.action, each.subject) == ("give_up", s.STAY_BOOKING)
    ]

    step = advance_all(commands(wanted(found), dossier, s.LATER), dossier)

    kinds = [type(event) for event in step.events]
    assert te.OperatorActed == kinds[0]
    assert {be.BookingFailed, te.IncidentOpened, te.CaptureScheduled} <= set(kinds)


@pytest.mark.parametrize(
    ("state", "action", "subject", "code"),
    [
        ("nothing", "refund", s.PAYMENT, "trip_not_found"),
        ("completed", "refund", s.PAYMENT, "validation_failed"),
        ("completed", "give_up", "nothing", "booking_not_found"),
        ("completed", "give_up", s.STAY_BOOKING, "state_conflict"),
        ("ordering", "give_up", s.FLIGHT_BOOKING, "state_conflict"),
        ("completed", "resolve", "nothing", "incident_not_found"),
        ("unresolved", "assign", NOT_FOUND, "validation_failed"),
    ],
)
def test_what_makes_no_sense_is_refused(
    state: str, action: Action, subject: str, code: str
) -> None:
    nonsense = Wanted(action=action, subject=subject, reason="why", request_id="req-op-1")

    with pytest.raises(Refused) as refusal:
        commands(nonsense, fold(OFFERS[state][0]), s.LATER)

    assert code == refusal.value.code
