"""What must be true when all has settled, whatever happened: one object per promise, judged by the
providers' own journals, the log, and what travellers were told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.app import Service
from service.reconciling.run import Report
from service.workers.rebuilding import compare_with_log
from tests.scenarios import audit
from tests.scenarios.world import AMELIA, CONTACT
from tests.simulation import accounts, orders
from tests.simulation.machines import Storage
from tests.simulation.travellers import Memory

# A refund that is pending stays so here: no bank ends it.
AT_THE_BANK = "look_at_refund"
# Deadlines of days: not every run waits for them.
FAR_OFF = {"guard_authorization", AT_THE_BANK}
# A slow payment is the bank's to end, in days.
REST = {"processing", "draft", "quoted", "completed", "failed", "cancelled", "expired"}

OTHERS_HANDS = {"trip.refund-discovered.v1", "trip.payment-disputed.v1", "trip.operator-acted.v1"}

# What can be true of one thing only once, by the name of what it is about.
ONCE = {
    "trip.checkout-initialized.v1": "checkout_id",
    "trip.fulfillment-scheduled.v1": "checkout_id",
    "trip.fulfillment-started.v1": "checkout_id",
    "trip.fulfilled.v1": "checkout_id",
    "trip.payment-succeeded.v1": "payment_id",
    "trip.capture-scheduled.v1": "payment_id",
    "trip.payment-captured.v1": "payment_id",
    "trip.payment-released.v1": "payment_id",
    "trip.refund-scheduled.v1": "refund_id",
    "trip.refund-discovered.v1": "refund_id",
    "trip.refund-succeeded.v1": "refund_id",
    "trip.refund-failed.v1": "refund_id",
    "trip.payment-disputed.v1": "dispute_id",
    "trip.cancellation-started.v1": "cancellation_quote_id",
    "booking.initialized.v1": "booking_id",
    "booking.failed.v1": "booking_id",
}


@dataclass(frozen=True, slots=True)
class Violation:
    promise: str
    what: str
    trip_id: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    storage: Storage
    services: Sequence[Service]
    memory: Memory
    journals: dict[str, list[dict[str, Any]]]
    trips: dict[str, Any]
    events: dict[str, list[Any]]
    complaints: Sequence[str]
    settled: bool
    reports: Sequence[Report] = ()

    def of_trip(self, trip_id: str) -> dict[str, list[dict[str, Any]]]:
        return {
            provider: [e for e in entries if (e.get("metadata") or {}).get("trip_id") == trip_id]
            for provider, entries in self.journals.items()
        }


Check = Callable[[Evidence], Awaitable[list[Violation]]]


def per_trip(promise: str) -> Callable[[Callable[[Evidence, str], None]], Check]:
    """A check of one trip by assertions; what fails is a violation of the promise."""

    def made(check: Callable[[Evidence, str], None]) -> Check:
        async def every(evidence: Evidence) -> list[Violation]:
            found = []
            for trip_id in evidence.trips:
                try:
                    check(evidence, trip_id)
                except AssertionError as error:
                    found.append(Violation(promise, f"{check.__name__}: {error}", trip_id))
            return found

        return every

    return made


@per_trip("M1")
def each_payment_is_taken_once_and_closed(evidence: Evidence, trip_id: str) -> None:
    audit.each_payment_is_closed(evidence.trips[trip_id], evidence.of_trip(trip_id)["stripe"])


@per_trip("M2")
def what_is_kept_is_what_is_booked(evidence: Evidence, trip_id: str) -> None:
    """Where others have had a hand in it, or what was never paid is cancelled, the order of what
    happened decides."""
    events, stripe = evidence.events[trip_id], evidence.of_trip(trip_id)["stripe"]
    accounts.what_is_kept_follows_from_the_facts(events, audit.sums_by_payment(stripe))
    topics = {event["topic"] for event in events}
    unpaid = any(accounts.incidents(events, "booked_but_unpaid"))
    if not topics & OTHERS_HANDS and not (unpaid and "trip.cancellation-started.v1" in topics):
        audit.what_is_kept_is_what_is_booked(evidence.trips[trip_id], events, stripe)


@per_trip("M2")
def the_trip_knows_its_money(evidence: Evidence, trip_id: str) -> None:
    if at_the_bank(evidence.events[trip_id]):
        return
    audit.the_trip_knows_its_money(evidence.trips[trip_id], evidence.of_trip(trip_id)["stripe"])


def at_the_bank(events: Sequence[Any]) -> bool:
    """Whether a refund is still on its way."""
    ended = {"trip.refund-succeeded.v1", "trip.refund-failed.v1"}
    begun = {"trip.refund-submitted.v1", "trip.refund-discovered.v1"}
    over = {e["data"]["refund_id"] for e in events if e["topic"] in ended}
    return any(e["topic"] in begun and e["data"]["refund_id"] not in over for e in events)


@per_trip("M12")
def cancellations_give_what_was_quoted(evidence: Evidence, trip_id: str) -> None:
    told = [quote_id for whose, quote_id in evidence.memory.cancelled_on if whose == trip_id]
    accounts.cancellations_give_what_was_quoted(evidence.events[trip_id], told)


@per_trip("S1")
def items_are_ordered_once(evidence: Evidence, trip_id: str) -> None:
    trip, events = evidence.trips[trip_id], evidence.events[trip_id]
    ours = orders.made_by_us(trip, events, evidence.of_trip(trip_id)["duffel"])
    audit.items_are_ordered_once(trip, events, ours)


@per_trip("P11")
def changes_at_the_supplier_were_told(evidence: Evidence, trip_id: str) -> None:
    if evidence.reports:
        trip, events = evidence.trips[trip_id], evidence.events[trip_id]
        orders.changes_were_told(trip, events, evidence.of_trip(trip_id)["duffel"])


async def every_order_is_booked_or_told_of(evidence: Evidence) -> list[Violation]:
    """Once both sides were compared."""
    if not evidence.reports:
        return []
    found = orders.left_standing(evidence.journals["duffel"], evidence.events, evidence.reports)
    return [Violation("S3", what, trip_id) for what, trip_id in found]


@per_trip("M4")
def what_is_charged_is_the_quote(evidence: Evidence, trip_id: str) -> None:
    """Each checkout is opened once at the provider, and for the total it was recorded with."""
    opened = [
        e
        for e in evidence.of_trip(trip_id)["stripe"]
        if e["kind"] in {"checkout_session.created", "payment_intent.created"}
    ]
    made = Counter(
        (e["metadata"]["checkout_id"], e["kind"]) for e in opened if "checkout_id" in e["metadata"]
    )
    assert all(count == 1 for count in made.values()), f"opened more than once: {made}"
    totals = {
        e["data"]["checkout_id"]: e["data"]["amount"]["amount"]
        for e in evidence.events[trip_id]
        if e["topic"] == "trip.checkout-initialized.v1" and "amount" in e["data"]
    }
    for entry in evidence.of_trip(trip_id)["stripe"]:
        checkout_id = (entry.get("metadata") or {}).get("checkout_id")
        if entry["kind"] == "payment.authorized" and checkout_id in totals:
            assert entry["amount"] == totals[checkout_id], entry


@per_trip("M7")
def what_is_captured_is_what_was_decided(evidence: Evidence, trip_id: str) -> None:
    decided = {
        e["data"]["payment_id"]: e["data"]["amount"]["amount"]
        for e in evidence.events[trip_id]
        if e["topic"] == "trip.capture-scheduled.v1"
    }
    for entry in evidence.of_trip(trip_id)["stripe"]:
        if entry["kind"] == "payment.captured" and entry["payment_intent"] in decided:
            assert entry["amount"] == decided[entry["payment_intent"]], entry


@per_trip("M11")
def nobody_pays_for_what_has_ended(evidence: Evidence, trip_id: str) -> None:
    """A checkout that is recorded as ended cannot be paid afterwards."""
    ended = {
        e["data"]["checkout_id"]: datetime.fromisoformat(e["recorded_at"])
        for e in evidence.events[trip_id]
        if e["topic"] in {"trip.checkout-closed.v1", "trip.checkout-expired.v1"}
    }
    for entry in evidence.of_trip(trip_id)["stripe"]:
        when = ended.get((entry.get("metadata") or {}).get("checkout_id", ""))
        if when is not None and entry["kind"] == "payment.authorized":
            assert datetime.fromisoformat(entry["at"]) <= when, f"paid after its end: {entry}"


@per_trip("S2")
def nothing_is_ordered_before_it_is_paid(evidence: Evidence, trip_id: str) -> None:
    told = evidence.of_trip(trip_id)
    secured = [
        e["at"] for e in told["stripe"] if e["kind"] in {"payment.authorized", "payment.captured"}
    ]
    for entry in told["duffel"]:
        if entry["kind"] in audit.ORDERED:
            assert secured, f"ordered without any payment: {entry}"
            assert min(secured) <= entry["at"], f"ordered before it was paid: {entry}"


@per_trip("L2")
def streams_have_no_gaps(evidence: Evidence, trip_id: str) -> None:
    seen: Counter[str] = Counter()
    for event in evidence.events[trip_id]:
        seen[event["stream_id"]] += 1
        assert event["stream_version"] == seen[event["stream_id"]], event


@per_trip("P4")
def each_fact_is_recorded_once(evidence: Evidence, trip_id: str) -> None:
    facts = Counter(
        (event["topic"], event["data"][ONCE[event["topic"]]])
        for event in evidence.events[trip_id]
        if event["topic"] in ONCE
    )
    assert all(count == 1 for count in facts.values()), f"recorded more than once: {facts}"


@per_trip("P1")
def every_trip_has_come_to_rest(evidence: Evidence, trip_id: str) -> None:
    trip = evidence.trips[trip_id]
    assert trip["status"] in REST, f"the trip is still {trip['status']}"
    under_way = {"ordering", "unknown", "cancelling"}
    stuck = [b for b in trip["bookings"] if b["status"] in under_way]
    assert stuck == [], f"bookings are under way for ever: {stuck}"


async def nothing_is_stuck(evidence: Evidence) -> list[Violation]:
    return list(stuck(evidence))


def stuck(evidence: Evidence) -> Iterator[Violation]:
    told = {
        event["data"]["subject"]
        for events in evidence.events.values()
        for event in events
        if event["topic"] == "trip.incident-opened.v1"
    }
    for task in evidence.storage.outbox.tasks.values():
        if task.state in {"ready", "leased"} and task.kind not in FAR_OFF:
            what = f"{task.key} is {task.state} after {task.attempts} attempts: {task.reason}"
            yield Violation("P1", what, task.trip_id)
        elif task.state == "parked" and task.key not in told:
            yield Violation(
                "P7", f"{task.key} was put aside in silence: {task.reason}", task.trip_id
            )
    for notice in evidence.storage.inbox.notices.values():
        if notice.duplicate_of is None and notice.outcome is None:
            yield Violation("P1", f"nobody looked into {notice.type} {notice.event_id}")
    if not evidence.settled:
        yield Violation("P1", "work was left when all should have settled")


async def read_models_equal_the_log(evidence: Evidence) -> list[Violation]:
    found = []
    storage = evidence.storage
    for name in storage.models.live:
        try:
            while await projector_of(evidence, name).catch_up():
                continue
        except Exception as error:
            found.append(Violation("R3", f"{name} cannot be told any further: {error!r}"))
            continue
        compared = await compare_with_log(storage.log, storage.models, name)  # type: ignore[arg-type]
        if compared.difference is not None:
            found.append(Violation("R3", f"{name} is not what the log says: {compared.difference}"))
    return found


def projector_of(evidence: Evidence, name: str) -> Any:
    return next(p for p in evidence.services[0].projectors if p.name == name)


async def the_books_balance_and_are_stripes(evidence: Evidence) -> list[Violation]:
    """Read after the read models were brought up to date: each movement adds up to nothing, and
    each trip's sums are those of what Stripe says was moved for it."""
    models = evidence.storage.models
    kept = models.kept["money_ledger"]
    rows = [row for (version, _), row in kept.items() if version == models.live["money_ledger"]]
    found = [
        Violation("M15", f"{row.fact} does not balance: {row.entries}", row.trip_id)
        for row in rows
        if any(sum(moved.values()) for moved in row.entries.values())
    ]
    books = {row.trip_id: row for row in rows if row.kind == "balance"}
    for trip_id in evidence.trips:
        sums = sum(audit.sums_by_payment(evidence.of_trip(trip_id)["stripe"]).values(), Counter())
        if not at_the_bank(evidence.events[trip_id]):
            disputed = held_by_banks(evidence.of_trip(trip_id)["stripe"])
            found += not_stripes(trip_id, books.get(trip_id), sums, disputed)
    return found


def held_by_banks(entries: Sequence[Any]) -> int:
    """A bank that counts in a currency of its own may have all of the payment."""
    captured = {e["payment_intent"]: e for e in entries if e["kind"] == "payment.captured"}
    taken: dict[str, int] = {}
    for entry in entries:
        if entry["kind"] == "dispute.created":
            paid = captured[entry["payment_intent"]]
            same = entry["currency"] == paid["currency"]
            taken[entry["dispute"]] = (entry if same else paid)["amount"]
        elif entry["kind"] == "dispute.closed" and entry["status"] == "won":
            del taken[entry["dispute"]]
    return sum(taken.values())


def not_stripes(trip_id: str, row: Any, sums: Counter[str], disputed: int) -> Iterator[Violation]:
    stripes = {
        "captured": sums["payment.captured"],
        "released": sums["payment.released"],
        "refunded": audit.given_back(sums),
        "disputed": disputed,
    }
    ours = {name: getattr(row, name, 0) for name in stripes}
    if ours != stripes:
        yield Violation("M15", f"the books say {ours}, Stripe says {stripes}", trip_id)


async def reconciling_leaves_nothing(evidence: Evidence) -> list[Violation]:
    """Compared at rest, both sides say the same, or people have been told of it once."""
    left = accounts.left_by_reconciling(evidence.reports, evidence.events)
    return [Violation("P11", what, trip_id) for what, trip_id in left]


async def travellers_were_told_the_truth(evidence: Evidence) -> list[Violation]:
    return [Violation(*said.split(": ", 1)) for said in evidence.memory.contradictions]


async def nobody_is_named(evidence: Evidence) -> list[Violation]:
    """Nothing that is kept holds a word of the traveller's in clear."""
    kept = repr(evidence.storage.log.rows) + repr(evidence.storage.inbox.notices)
    words = (AMELIA["last_name"], AMELIA["date_of_birth"], CONTACT["email"], CONTACT["phone"])
    return [Violation("T4", f"{word} is kept in clear") for word in words if word in kept]


async def nobody_broke(evidence: Evidence) -> list[Violation]:
    """No exception ended where nobody caught it."""
    return [Violation("P10", told) for told in evidence.complaints]


CHECKERS: tuple[Check, ...] = (
    each_payment_is_taken_once_and_closed,
    what_is_kept_is_what_is_booked,
    the_trip_knows_its_money,
    cancellations_give_what_was_quoted,
    items_are_ordered_once,
    changes_at_the_supplier_were_told,
    every_order_is_booked_or_told_of,
    each_fact_is_recorded_once,
    what_is_charged_is_the_quote,
    what_is_captured_is_what_was_decided,
    nobody_pays_for_what_has_ended,
    nothing_is_ordered_before_it_is_paid,
    streams_have_no_gaps,
    every_trip_has_come_to_rest,
    nothing_is_stuck,
    read_models_equal_the_log,
    the_books_balance_and_are_stripes,
    reconciling_leaves_nothing,
    travellers_were_told_the_truth,
    nobody_is_named,
    nobody_broke,
)
