"""What is offered to operators can be done, whatever state the trip is in; what is done twice by
one request is done once."""

from __future__ import annotations

import pytest

from domain.booking import events as be
from domain.dossier import Dossier, fold
from domain.errors import Refused
from domain.operating import Offered, Wanted, commands, offered
from domain.trip import events as te
from service.handle import advance_all
from tests.replay.whole_trips import LOST, told, whole_trips
from tests.rules import stories as s

WHOLE = whole_trips()
AT_ONCE = {"look", "quote_cancellation", "resend"}


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
            assert (each.action, each.action in AT_ONCE) == (each.action, not rest)
            again = advance_all(commands(wanted(each), step.dossier, s.LATER), step.dossier)
            assert () == again.events


def actions(dossier: Dossier) -> set[str]:
    return {each.action for each in offered(dossier, s.LATER)}


OFFERS = {
    "draft": (told(s.DRAFT), set[str]()),
    "open checkout": (told(s.awaiting_payment()), {"look", "close_checkout"}),
    "ordering": (told(s.fulfilling()), {"look", "give_up", "release"}),
    "completed": (told(s.completed()), {"refund", "quote_cancellation", "resend"}),
    "unresolved": (
        WHOLE["order-lost-for-good"],
        {"refund", "quote_cancellation", "resend", "assign", "resolve"},
    ),
}


@pytest.mark.parametrize("name", OFFERS)
def test_what_is_offered_follows_from_the_state(name: str) -> None:
    facts, expected = OFFERS[name]

    assert expected == actions(fold(facts))


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
    ("action", "subject", "code"),
    [
        ("refund", s.PAYMENT, "validation_failed"),
        ("give_up", "nothing", "booking_not_found"),
        ("give_up", s.STAY_BOOKING, "state_conflict"),
        ("resolve", "nothing", "incident_not_found"),
    ],
)
def test_what_makes_no_sense_is_refused(action: str, subject: str, code: str) -> None:
    dossier = fold(told(s.completed()))
    nonsense = Wanted(
        action=action,  # type: ignore[arg-type]
        subject=subject,
        reason="why",
        request_id="req-op-1",
    )

    with pytest.raises(Refused) as refusal:
        commands(nonsense, dossier, s.LATER)

    assert code == refusal.value.code
