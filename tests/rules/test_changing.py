"""The supplier changes what was booked: noted once, and a person is asked to look."""

from __future__ import annotations

from domain.booking import commands as bc
from domain.booking import events as be
from domain.trip import events as te
from tests.given import given
from tests.rules import stories as s


def change(change_id: str = "aic_1") -> bc.RecordChange:
    return bc.RecordChange(booking_id=s.FLIGHT_BOOKING, change_id=change_id, now=s.LATER)


def test_a_change_is_noted_and_opens_an_incident_over_the_bookings_price() -> None:
    changed = given(s.completed()).when(change())
    changed.then_kinds(be.BookingChanged, te.IncidentOpened)
    trip = changed.dossier.trip
    assert trip is not None
    assert [("booking_changed", f"{s.FLIGHT_BOOKING}:aic_1", s.FLIGHT_PRICE)] == [
        (i.code, i.subject, i.at_stake) for i in trip.incidents
    ]


def test_a_change_told_twice_is_noted_once() -> None:
    given(s.completed()).after(change()).when(change()).then_nothing()


def test_another_change_is_noted_too() -> None:
    given(s.completed()).after(change()).when(change("aic_2")).then_kinds(
        be.BookingChanged, te.IncidentOpened
    )


def test_what_is_not_booked_cannot_be_changed() -> None:
    given(s.fulfilling()).when(change()).then_nothing()
