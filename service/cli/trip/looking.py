"""`tripledger trip …`: what happened to a trip, and how it stood at any moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter

from domain.dossier import Dossier, fold
from domain.log import Recorded
from projections import timeline, trip_details
from projections.history import as_of, difference, until
from service.cli.opening import moment_of, read
from service.cli.output import NOT_FOUND, OK, people, print_json, print_table, stop
from service.cli.trip import evidence

AsOf = Annotated[str | None, Parameter(name="--as-of")]

app = App(name="trip", help="One trip: show, timeline, events, diff; export, verify, import.")
app.command(evidence.app, name="*")


@app.command
def show(trip_id: str, *, moment: AsOf = None, json: bool = False) -> int:
    """How the trip stands, now or `--as-of` a version or an RFC 3339 time."""
    dossier = fold(r.event for r in recorded_until(trip_id, moment))
    if json:
        print_json(dossier)
    else:
        describe(dossier)
    return OK


@app.command
def events(trip_id: str, *, moment: AsOf = None, json: bool = False) -> int:
    """Every recorded event of the trip and its bookings, in order."""
    rows = [event_row(version, r) for version, r in numbered(recorded_until(trip_id, moment))]
    if json:
        print_json(rows)
    else:
        print_table(
            f"Events of trip {trip_id}",
            [
                {name: row[name] for name in ("version", "position", "recorded_at", "topic")}
                | {"actor": row["actor"]}
                for row in rows
            ],
        )
    return OK


@app.command(name="timeline")
def show_timeline(trip_id: str, *, moment: AsOf = None, json: bool = False) -> int:
    """The trip's story in plain words."""
    entries = timeline.tell((r.event, r.recorded_at) for r in recorded_until(trip_id, moment))
    if json:
        print_json(entries)
    else:
        for entry in entries:
            people.print(f"[dim]{entry.at:%Y-%m-%d %H:%M:%S}[/]  {entry.text}")
    return OK


@app.command
def diff(trip_id: str, before: str, after: str | None = None, *, json: bool = False) -> int:
    """Every fact that is not the same at two moments (versions or times; the second: now)."""
    recorded = read(trip_id)
    if not recorded:
        stop(NOT_FOUND, f"There is no trip {trip_id}.")
    changes = difference(
        as_of(recorded, moment_of(before)),
        as_of(recorded, moment_of(after)),
    )
    if json:
        print_json(changes)
    else:
        rows = [{"what": c.path, "was": c.before, "is": c.after} for c in changes]
        print_table(f"What changed of trip {trip_id}", rows)
    return OK


def recorded_until(trip_id: str, moment: str | None) -> Sequence[Recorded]:
    recorded = until(read(trip_id), moment_of(moment))
    if not recorded:
        stop(NOT_FOUND, f"There is no trip {trip_id}" + (" at that moment." if moment else "."))
    return recorded


def numbered(recorded: Sequence[Recorded]) -> Sequence[tuple[int, Recorded]]:
    return list(enumerate(recorded, start=1))


def event_row(version: int, recorded: Recorded) -> dict[str, Any]:
    return {
        "version": version,
        "position": recorded.position,
        "event_id": recorded.event_id,
        "stream_id": recorded.stream_id,
        "stream_version": recorded.stream_version,
        "topic": recorded.topic,
        "recorded_at": recorded.recorded_at,
        "tenant": recorded.cause.tenant,
        "actor": recorded.cause.actor,
        "causation": recorded.cause.causation,
        "request_id": recorded.cause.request_id,
        "data": msgspec.to_builtins(recorded.event),
    }


def describe(dossier: Dossier) -> None:
    trip = dossier.trip
    assert trip is not None, "a trip's events begin with its start"
    facts = {
        "status": trip_details.trip_status(trip),
        "version": dossier.version,
        "tenant": trip.tenant,
        "started": f"{trip.started_at:%Y-%m-%d %H:%M:%S %Z}",
        "payment": trip_details.payment_status(trip),
        "fulfillment": trip.fulfillment.status if trip.fulfillment else "none",
    }
    if trip.checkout is not None:
        facts["checkout"] = f"{trip_details.checkout_status(trip.checkout)} {trip.checkout.amount}"
    print_table(f"Trip {trip.trip_id}", [{"what": k, "is": v} for k, v in facts.items()])
    items = [{"item": i.item_id, "what": i.offer.title, "price": i.price} for i in trip.items]
    print_table("Items", items)
    bookings = [
        {
            "code": b.code,
            "status": b.status,
            "supplier reference": b.supplier_reference,
            "what": b.title,
            "price": b.price,
        }
        for b in dossier.bookings
    ]
    print_table("Bookings", bookings)
    incidents = [
        {"code": i.code, "detail": i.detail, "advice": i.advice, "at stake": i.at_stake}
        for i in trip.incidents
    ]
    if incidents:
        print_table("Incidents", incidents)
