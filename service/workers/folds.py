"""How each read model folds a batch of the log into rows: which rows it touches, what they were,
and what they are after it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC
from typing import cast

import msgspec

from adapters.read_models import ReadModels
from adapters.read_tables import (
    BookingRow,
    IncidentRow,
    LedgerRow,
    Projection,
    Row,
    TripListRow,
    TripRow,
)
from domain.booking.events import BookingEvent
from domain.booking.state import Booking
from domain.dossier import BOOKING_EVENT_TYPES, Dossier, DossierEvent
from domain.ledger import Entry, Ledger
from domain.log import Recorded
from domain.money import Money
from projections import bookings, incidents, money_ledger, trip_details, trip_list
from projections.incidents import Incident
from projections.money_ledger import Totals
from projections.trip_list import Listed

Batch = Sequence[Recorded]
Fold = Callable[[ReadModels, Batch, int], Awaitable[Sequence[Row]]]

# What each read model is made of: an unreadable event of another kind is no reason to stop.
TOPICS_BEGIN: Mapping[Projection, str | tuple[str, ...]] = {
    "trip_details": "",
    "bookings": "booking.",
    "trip_list": "",
    "incidents": "trip.incident-",
    "money_ledger": ("trip.payment-", "trip.refund-", "trip.dispute-", "booking."),
}

encode_dossier = msgspec.json.Encoder().encode
decode_dossier = msgspec.json.Decoder(Dossier).decode
encode_listed = msgspec.json.Encoder().encode
decode_listed = msgspec.json.Decoder(Listed).decode
encode_ledger = msgspec.json.Encoder().encode
decode_ledger = msgspec.json.Decoder(Ledger).decode


async def fold_trips(models: ReadModels, batch: Batch, version: int) -> Sequence[TripRow]:
    touched = sorted({recorded.trip_id for recorded in batch})
    rows = {row.trip_id: row for row in await models.trips(touched, version)}
    dossiers = {trip_id: decode_dossier(row.state) for trip_id, row in rows.items()}
    news: dict[str, list[DossierEvent]] = {}
    for recorded in batch:
        row = rows.get(recorded.trip_id)
        if row is None or recorded.position > row.position:
            news.setdefault(recorded.trip_id, []).append(recorded.event)
    for trip_id, events in news.items():
        dossiers[trip_id] = trip_details.project(dossiers.get(trip_id), events)
    last = {recorded.trip_id: recorded for recorded in batch}
    return [
        TripRow(
            trip_id=trip_id,
            tenant=last[trip_id].cause.tenant or "",
            position=last[trip_id].position,
            state=encode_dossier(dossiers[trip_id]),
        )
        for trip_id in touched
    ]


async def fold_bookings(models: ReadModels, batch: Batch, version: int) -> Sequence[BookingRow]:
    facts = [r for r in batch if isinstance(r.event, BOOKING_EVENT_TYPES)]
    touched = sorted({recorded.stream_id for recorded in facts})
    rows = {row.booking_id: row for row in await models.bookings(touched, version)}
    known = {key: msgspec.convert(row.doc, Booking) for key, row in rows.items()}
    for recorded in facts:
        row = rows.get(recorded.stream_id)
        if row is not None and recorded.position <= row.position:
            continue
        event = cast(BookingEvent, recorded.event)
        known[recorded.stream_id] = bookings.project(known.get(recorded.stream_id), event)
    last = {recorded.stream_id: recorded for recorded in facts}
    return [booking_row(known[key], last[key]) for key in touched]


def booking_row(booking: Booking, recorded: Recorded) -> BookingRow:
    return BookingRow(
        booking_id=booking.booking_id,
        code=booking.code,
        group_id=booking.group_id,
        trip_id=booking.trip_id,
        tenant=recorded.cause.tenant or "",
        position=recorded.position,
        doc=msgspec.to_builtins(booking),
    )


async def fold_trip_list(models: ReadModels, batch: Batch, version: int) -> Sequence[TripListRow]:
    touched = sorted({recorded.trip_id for recorded in batch})
    rows: dict[str, TripListRow] = {
        row.trip_id: row for row in await models.rows("trip_list", touched, version)
    }
    listed = {trip_id: decode_listed(row.state) for trip_id, row in rows.items()}
    for recorded in batch:
        row = rows.get(recorded.trip_id)
        if row is not None and recorded.position <= row.position:
            continue
        known = listed.get(recorded.trip_id)
        listed[recorded.trip_id] = trip_list.project(known, recorded)
    last = {recorded.trip_id: recorded for recorded in batch}
    return [trip_list_row(listed[trip_id], last[trip_id]) for trip_id in touched]


def trip_list_row(listed: Listed, last: Recorded) -> TripListRow:
    dossier = listed.dossier
    trip = dossier.trip
    assert trip is not None, "a trip's events begin with its start"
    price = trip_list.price(trip)
    _, captured, _, refunded = trip_details.amounts(trip) or (None, None, None, None)
    return TripListRow(
        trip_id=last.trip_id,
        tenant=last.cause.tenant or "",
        position=last.position,
        status=trip_details.trip_status(trip),
        payment=trip_details.payment_status(trip),
        fulfillment=trip.fulfillment.status if trip.fulfillment else "none",
        waits_for=listed.waits_for,
        waits_since=listed.waits_since,
        due=trip_list.due(trip),
        title=trip_list.title(trip),
        travelers=len(trip.travelers),
        currency=price.currency if price else None,
        total=price.amount if price else None,
        captured=captured.amount if captured else 0,
        refunded=refunded.amount if refunded else 0,
        unfulfilled=trip_list.unfulfilled(dossier),
        unfulfilled_since=listed.unfulfilled_since,
        incidents=trip_list.open_incidents(trip),
        created_at=listed.created_at,
        updated_at=listed.updated_at,
        codes=tuple(sorted(booking.code for booking in dossier.bookings)),
        found_by=trip_list.found_by(listed),
        state=encode_listed(listed),
    )


async def fold_incidents(models: ReadModels, batch: Batch, version: int) -> Sequence[IncidentRow]:
    facts = [(key, recorded) for recorded in batch if (key := incidents.key(recorded)) is not None]
    touched = sorted({key for key, _ in facts})
    rows: dict[str, IncidentRow] = {
        row.incident_id: row for row in await models.rows("incidents", touched, version)
    }
    known = {key: incident_of(row) for key, row in rows.items()}
    for key, recorded in facts:
        if key in rows and recorded.position <= rows[key].position:
            continue
        known[key] = incidents.project(known.get(key), recorded)
    last = dict(facts)
    return [incident_row(known[key], last[key]) for key in touched]


def incident_of(row: IncidentRow) -> Incident:
    at_stake = None
    if row.amount is not None and row.currency is not None:
        at_stake = Money(row.amount, row.currency)
    return msgspec.convert(
        {name: getattr(row, name, None) for name in Incident.__slots__} | {"at_stake": at_stake},
        Incident,
    )


def incident_row(incident: Incident, last: Recorded) -> IncidentRow:
    facts = {name: getattr(incident, name) for name in Incident.__slots__ if name != "at_stake"}
    return IncidentRow(
        tenant=last.cause.tenant or "",
        position=last.position,
        amount=incident.at_stake.amount if incident.at_stake else None,
        currency=incident.at_stake.currency if incident.at_stake else None,
        **facts,
    )


async def fold_money(models: ReadModels, batch: Batch, version: int) -> Sequence[LedgerRow]:
    """Movements are added and never changed; each trip's balance is replaced."""
    touched = sorted({recorded.trip_id for recorded in batch})
    rows: dict[str, LedgerRow] = {
        row.line_id: row for row in await models.rows("money_ledger", touched, version)
    }
    books = {trip_id: decode_ledger(row.state or b"") for trip_id, row in rows.items()}
    lines: dict[str, LedgerRow] = {}
    for recorded in batch:
        trip_id = recorded.trip_id
        if trip_id in rows and recorded.position <= rows[trip_id].position:
            continue
        before = books.get(trip_id) or Ledger()
        after, entries = money_ledger.project(before, recorded.event)
        if after is before:
            continue
        books[trip_id] = after
        lines[trip_id] = ledger_row(trip_id, after, recorded, (), encode_ledger(after))
        if entries:
            lines[recorded.event_id] = ledger_row(recorded.event_id, after, recorded, entries, None)
    return list(lines.values())


def ledger_row(
    line_id: str,
    books: Ledger,
    recorded: Recorded,
    entries: Sequence[Entry],
    state: bytes | None,
) -> LedgerRow:
    sums = money_ledger.totals(books)
    assert sums is not None, "money moves for what is priced"
    return LedgerRow(
        line_id=line_id,
        trip_id=recorded.trip_id,
        tenant=recorded.cause.tenant or "",
        position=recorded.position,
        kind="movement" if entries else "balance",
        fact=recorded.topic,
        at=recorded.recorded_at,
        day=recorded.recorded_at.astimezone(UTC).date(),
        entries=by_currency(entries),
        state=state,
        **{name: getattr(sums, name) for name in Totals.__slots__},
    )


def by_currency(entries: Sequence[Entry]) -> dict[str, dict[str, int]]:
    sums: dict[str, dict[str, int]] = {}
    for entry in entries:
        of = sums.setdefault(entry.amount.currency, {})
        of[entry.account] = of.get(entry.account, 0) + entry.amount.amount
    return sums


FOLDS: Mapping[Projection, Fold] = {
    "trip_details": fold_trips,
    "bookings": fold_bookings,
    "trip_list": fold_trip_list,
    "incidents": fold_incidents,
    "money_ledger": fold_money,
}
