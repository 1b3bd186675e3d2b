"""What operators do to a trip: offered from its state, shown beforehand, done with a reason on the
one road, and told in the trip's own timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.outbound.retelling import Retelling
from adapters.outbox import TaskBoard, TaskRow
from domain.dossier import Dossier, DossierEvent
from domain.errors import Refused
from domain.log import Cause, Effect, EffectKind
from domain.operating import Action, Offered, Wanted, commands, offered
from domain.ports import Clock
from projections import timeline
from service.desk import Desk
from service.handle import Handled, Road, advance_all, ensure_version
from service.operating.book import Book
from service.workers.orders import OrderWork
from service.workers.outcomes import Again, Outcome, Parked
from service.workers.payments import PaymentWork

REASON_CHARS_MAX = 500
# What tells a shop that its trip is booked.
CONFIRMATION = "trip.fulfilled.v1"
TASKS_OF_TRIP_MAX = 200

# What a worker will do at a provider, in words.
CALLS: dict[str, str] = {
    EffectKind.QUOTE_TRIP: "ask the suppliers for every price",
    EffectKind.OPEN_CHECKOUT: "open a checkout at the payment provider",
    EffectKind.CLOSE_CHECKOUT: "close the checkout at the payment provider",
    EffectKind.PLACE_ORDER: "order at the supplier",
    EffectKind.FIND_ORDER: "look for the order at the supplier",
    EffectKind.CANCEL_ORDER: "cancel the order at the supplier",
    EffectKind.CAPTURE_PAYMENT: "capture at the payment provider",
    EffectKind.RELEASE_PAYMENT: "let the authorisation go at the payment provider",
    EffectKind.REFUND_PAYMENT: "refund at the payment provider",
    EffectKind.LOOK_AT_REFUND: "look at the refund at the payment provider",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Work in the world: now, or at `due`."""

    kind: str
    what: str
    subject: str
    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an action would do if it was done now; nothing of it has been. `version` is the trip's:
    done with it, the action does this or is refused."""

    offered: Offered
    version: int
    events: tuple[str, ...]
    told: tuple[str, ...]
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What was done. `note` says what the world answered, where somebody was asked at once."""

    dossier: Dossier
    events: Sequence[DossierEvent]
    note: str | None = None


class OperatorDesk:
    """Serves operators; everything it changes takes the one road, with their name and reason."""

    def __init__(
        self,
        road: Road,
        desk: Desk,
        outbox: TaskBoard,
        payments: PaymentWork,
        orders: OrderWork,
        clock: Clock,
        book: Book,
        retelling: Retelling | None = None,
    ) -> None:
        self.road = road
        self.desk = desk
        self.outbox = outbox
        self.payments = payments
        self.orders = orders
        self.clock = clock
        self.book = book
        self.retelling = retelling

    async def offers(self, trip_id: str, tenant: str | None = None) -> tuple[Offered, ...]:
        """What may be done to the trip now. Raises Refused("trip_not_found")."""
        dossier, _ = await self.road.read(trip_id, tenant)
        return await self.offers_for(trip_id, dossier)

    async def offers_for(self, trip_id: str, dossier: Dossier) -> tuple[Offered, ...]:
        tasks = await self.tasks_of(trip_id)
        found = (*retries(tasks), *offered(dossier, self.clock.now()))
        if not any(each.action == "resend" for each in found):
            return found
        return await self.tellable(trip_id, found)

    async def tellable(self, trip_id: str, found: tuple[Offered, ...]) -> tuple[Offered, ...]:
        """A confirmation is told again only where somebody is told at all."""
        count = 0
        if self.retelling is not None:
            count = await self.retelling.listeners(trip_id, CONFIRMATION)
        told = f": {count} webhook endpoint{'' if count == 1 else 's'}"
        return tuple(
            replace(each, what=each.what + told) if each.action == "resend" else each
            for each in found
            if count or each.action != "resend"
        )

    async def tasks_of(self, trip_id: str) -> Sequence[TaskRow]:
        return await self.outbox.listed(limit=TASKS_OF_TRIP_MAX, trip_id=trip_id)

    async def preview(self, trip_id: str, wanted: Wanted, tenant: str | None = None) -> Preview:
        """Which events would be recorded and whom we would call; writes nothing and calls nobody.
        Raises Refused as doing it would."""
        dossier, _ = await self.road.read(trip_id, tenant)
        found = await self.found(trip_id, wanted, dossier)
        step = advance_all(commands(wanted, dossier, self.clock.now()), dossier)
        return Preview(
            offered=found,
            version=dossier.version,
            events=tuple(type(event).__name__ for event in step.events),
            told=tuple(timeline.sentence(event) for event in step.events),
            calls=(*asked(found, self.clock.now()), *map(call, step.effects)),
        )

    async def act(
        self, trip_id: str, wanted: Wanted, cause: Cause, version: int | None = None
    ) -> Acted:
        """Do it. The same `request_id` does it once. `version` is the preview's. Raises Refused."""
        if not wanted.reason.strip() or len(wanted.reason) > REASON_CHARS_MAX:
            raise Refused(
                "validation_failed", f"Say why, in at most {REASON_CHARS_MAX} characters."
            )
        dossier, _ = await self.road.read(trip_id, cause.tenant)
        if done_before(wanted, dossier):
            return Acted(dossier=dossier, events=())
        ensure_version(dossier, version)
        await self.written(trip_id, wanted, cause, dossier)
        try:
            handled = await self.record(trip_id, wanted, cause, dossier)
        except Refused:
            dossier, _ = await self.road.read(trip_id, cause.tenant)
            if done_before(wanted, dossier):
                return Acted(dossier=dossier, events=())
            raise
        note = await self.then(trip_id, wanted, cause, handled.dossier)
        after, _ = await self.road.read(trip_id, cause.tenant)
        return Acted(dossier=after, events=handled.events, note=note)

    async def written(self, trip_id: str, wanted: Wanted, cause: Cause, dossier: Dossier) -> None:
        """Into the book, in the words in which it was offered. Raises Refused when it is not."""
        found = await self.found(trip_id, wanted, dossier)
        assert dossier.trip is not None, "what is offered belongs to a trip"
        await self.book.write(
            wanted.action,
            cause,
            tenant=dossier.trip.tenant,
            trip_id=trip_id,
            subject=found.what,
            reason=wanted.reason,
        )

    async def record(self, trip_id: str, wanted: Wanted, cause: Cause, seen: Dossier) -> Handled:
        """What the trip's own rules decide; a trip that moved meanwhile is refused, so that what
        is done is what was seen."""
        decided = commands(wanted, seen, self.clock.now())
        return await self.road.handle_all(trip_id, decided, cause, seen.version)

    async def found(self, trip_id: str, wanted: Wanted, dossier: Dossier) -> Offered:
        for each in await self.offers_for(trip_id, dossier):
            if (each.action, each.subject) == (wanted.action, wanted.subject):
                return each
        raise Refused(
            "state_conflict", "This cannot be done to the trip as it stands; look at it again."
        )

    async def then(
        self, trip_id: str, wanted: Wanted, cause: Cause, dossier: Dossier
    ) -> str | None:
        """What is not decided by the trip's rules: asking, and letting workers try again."""
        match wanted.action:
            case "retry":
                return await self.retry(trip_id, wanted.subject)
            case "look":
                return said(await self.look(wanted.subject, dossier, cause))
            case "quote_cancellation":
                terms = await self.desk.cancellation_quote(trip_id, None, cause)
                return f"Cancelling would give back {terms.refund}."
            case "resend" if self.retelling is not None:
                told = await self.retelling.tell(trip_id, CONFIRMATION, self.clock.now())
                return f"It is sent again to {told} webhook endpoint{'' if told == 1 else 's'}."
            case _:
                return None

    async def retry(self, trip_id: str, key: str) -> str:
        now = self.clock.now()
        for task in await self.tasks_of(trip_id):
            if task.key == key and task.state == "parked":
                await self.outbox.requeue(task.task_id, now)
            elif task.key == key:
                await self.outbox.hasten(key, now)
        return "A worker takes it up now."

    async def look(self, subject: str, dossier: Dossier, cause: Cause) -> Outcome:
        trip = dossier.trip
        assert trip is not None, "what is looked at belongs to a trip"
        booking = dossier.booking(subject)
        if booking is not None:
            return await self.orders.look_for(1, dossier, booking, cause)
        checkout = trip.find_checkout(subject)
        if checkout is not None:
            return await self.payments.look(trip, checkout, cause)
        return await self.payments.look_for_refund(1, trip, subject, cause)


def done_before(wanted: Wanted, dossier: Dossier) -> bool:
    return dossier.trip is not None and wanted.request_id in dossier.trip.acts


def retries(tasks: Sequence[TaskRow]) -> tuple[Offered, ...]:
    """Work that was put aside, or that waits for its next try."""
    return tuple(
        Offered(action="retry", subject=task.key, what=f"Try again now: {worded(task)}")
        for task in tasks
        if task.state == "parked" or (task.state == "ready" and task.attempts > 0)
    )


def worded(task: TaskRow) -> str:
    tries = f" ({task.attempts} tries: {task.reason})" if task.reason else ""
    return f"{CALLS.get(task.kind, task.kind.replace('_', ' '))}{tries}"


def asked(found: Offered, now: datetime) -> tuple[Call, ...]:
    """Whom an action asks at once, beside what its events lead to."""
    words: dict[Action, str] = {
        "look": found.what,
        "retry": found.what,
        "quote_cancellation": found.what,
        "resend": found.what,
    }
    what = words.get(found.action)
    return (Call(kind=found.action, what=what, subject=found.subject, due=now),) if what else ()


def call(effect: Effect) -> Call:
    what = CALLS.get(effect.kind, effect.kind.replace("_", " "))
    return Call(kind=effect.kind, what=what, subject=effect.subject, due=effect.due)


def said(outcome: Outcome) -> str:
    match outcome:
        case Again():
            return f"No answer yet: {outcome.reason}."
        case Parked():
            return f"It was refused: {outcome.reason}."
        case _:
            return "What was seen is recorded."
