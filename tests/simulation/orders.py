"""The supplier's journal beside the log: what stands there is booked here, or people know of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from service.reconciling.run import Report
from tests.simulation.afterwards.supplier_desk import BY_DESK, ORDERED, UNDONE, id_of

OF_NOBODY, OF_THE_TRIP = "order_of_nobody", "order_not_known"
ELSEWHERE, RESTING, SECOND = (
    "order_cancelled_elsewhere",
    "cancellation_refused",
    "second_order_found",
)
REPRICED, MOVED = "order_price_differs", "booking_changed"

Entries = Sequence[dict[str, Any]]
Events = Sequence[dict[str, Any]]


def made_by_us(trip: Any, events: Events, entries: Entries) -> list[dict[str, Any]]:
    """What we did at the supplier, as it says: without what was ordered at its desk, and without
    that cancelling of what is booked that people were told of."""
    booked = {b["code"] for b in trip["bookings"] if b["status"] == "confirmed"}
    told = about(events, ELSEWHERE)
    ours = []
    for entry in entries:
        written = entry["metadata"] or {}
        known = entry["kind"] in UNDONE and told[id_of(entry)] == 1
        if BY_DESK not in written and not (known and written.get("booking_code") in booked):
            ours.append(entry)
    return ours


def about(events: Events, code: str) -> Counter[str]:
    """How often people were told such a thing of each order."""
    told = Counter[str]()
    for event in events:
        if event["topic"] == "trip.incident-opened.v1" and event["data"]["code"] == code:
            subject = event["data"]["subject"]
            told[subject.rsplit(":", 1)[1] if code == SECOND else subject.split(":")[0]] += 1
    return told


def left_standing(
    entries: Entries, events: Mapping[str, Events], reports: Sequence[Report]
) -> Iterator[tuple[str, str | None]]:
    """What is wrong with orders that stand at the supplier when both sides were compared, and of
    which trip: each is a booking that stands, or was put before people once."""
    standing = {id_of(e): e for e in entries if e["kind"] in ORDERED}
    for entry in entries:
        if entry["kind"] in UNDONE:
            del standing[id_of(entry)]
    unnamed = {key for key, e in standing.items() if "trip_id" not in (e["metadata"] or {})}
    told = Counter(d.subject for d in reports[-1].drifts if d.code == OF_NOBODY)
    if Counter(unnamed) != told:
        yield f"{sorted(unnamed)} stand for nobody, told is {told}", None
    for key, entry in standing.items():
        if key not in unnamed:
            trip_id = entry["metadata"]["trip_id"]
            if why := astray(key, entry, events[trip_id]):
                yield why, trip_id


def astray(key: str, entry: dict[str, Any], events: Events) -> str | None:
    """Why it should not stand; None: it may."""
    booking_id = entry["metadata"].get("booking_id")
    known = {
        event["topic"]
        for event in events
        if event["data"].get("booking_id") == booking_id
        and event["data"].get("supplier_order_id", key) == key
    }
    if BY_DESK not in entry["metadata"]:
        if "booking.confirmed.v1" in known and "booking.cancelled.v1" not in known:
            return None
        return None if "booking.cancellation-refused.v1" in known else f"nobody knows of {key}"
    told = about(events, SECOND if booking_id else OF_THE_TRIP)[key]
    return None if told == 1 else f"of {key}, made at the desk, is told {told} times"


def changes_were_told(trip: Any, events: Events, entries: Entries) -> None:
    """Each change of what is booked, and each new price, once."""
    booked = {b["code"] for b in trip["bookings"] if b["status"] == "confirmed"}
    asked = {
        e["data"]["booking_id"] for e in events if e["topic"] == "booking.cancellation-requested.v1"
    }
    moved, repriced = Counter[str](), set[str]()
    for entry in entries:
        written = entry["metadata"] or {}
        if written.get("booking_code") in booked and written["booking_id"] not in asked:
            if entry["kind"] == "order.changed":
                moved[written["booking_id"]] += 1
            elif entry["kind"] == "order.repriced":
                repriced.add(id_of(entry))
    told = about(events, MOVED)
    assert moved == Counter({each: told[each] for each in moved}), f"moved {moved}, told {told}"
    undone = {id_of(entry) for entry in entries if entry["kind"] in UNDONE}
    bills = about(events, REPRICED)
    assert all(bills[each] for each in repriced - undone), f"{repriced} cost more, told is {bills}"
