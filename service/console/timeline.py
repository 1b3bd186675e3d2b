"""A trip's story for operators: what belongs together is told together, with how long it took, how
often it was tried, who did it, and what followed from what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.outbox import TaskRow
from domain.booking import events as b
from domain.dossier import DossierEvent
from domain.trip import events as t
from projections.timeline import sentence
from service.console.history import History, Step

STRIPE = "Stripe"


@dataclass(frozen=True, slots=True)
class Kind:
    """Facts that are one thing done at a provider: who is asked, its name, the field that tells
    one from another, the events that belong to it, and those that end it well or badly."""

    what: str
    subject: str
    events: tuple[type, ...]
    good: tuple[type, ...]
    bad: tuple[type, ...]
    tasks: tuple[str, ...]
    at_stripe: bool = True


KINDS = (
    Kind(
        "Prices asked",
        "quote_id",
        (t.QuoteScheduled, t.QuoteCompleted, t.QuoteFailed),
        (t.QuoteCompleted,),
        (t.QuoteFailed,),
        ("quote_trip",),
        at_stripe=False,
    ),
    Kind(
        "Checkout opened",
        "checkout_id",
        (t.CheckoutRequested, t.CheckoutInitialized, t.CheckoutRefused),
        (t.CheckoutInitialized,),
        (t.CheckoutRefused,),
        ("open_checkout",),
    ),
    Kind(
        "Paid",
        "checkout_id",
        (t.PaymentFailed, t.PaymentProcessing, t.PaymentSucceeded),
        (t.PaymentSucceeded,),
        (),
        (),
    ),
    Kind(
        "Checkout closed",
        "checkout_id",
        (t.CheckoutClosing, t.CheckoutClosed, t.CheckoutExpired),
        (t.CheckoutClosed, t.CheckoutExpired),
        (),
        ("close_checkout",),
    ),
    Kind(
        "Ordered",
        "booking_id",
        (b.OrderRequested, b.OrderUnknown, b.OrderRefused, b.BookingConfirmed, b.BookingFailed),
        (b.BookingConfirmed,),
        (b.BookingFailed,),
        ("place_order", "find_order"),
        at_stripe=False,
    ),
    Kind(
        "Order cancelled",
        "booking_id",
        (b.CancellationRequested, b.BookingCancelled, b.CancellationRefused),
        (b.BookingCancelled,),
        (b.CancellationRefused,),
        ("cancel_order",),
        at_stripe=False,
    ),
    Kind(
        "Captured",
        "payment_id",
        (t.CaptureScheduled, t.PaymentCaptured),
        (t.PaymentCaptured,),
        (),
        ("capture_payment",),
    ),
    Kind(
        "Released",
        "payment_id",
        (t.ReleaseScheduled, t.PaymentReleased),
        (t.PaymentReleased,),
        (),
        ("release_payment",),
    ),
    Kind(
        "Refunded",
        "refund_id",
        (t.RefundScheduled, t.RefundSubmitted, t.RefundSucceeded, t.RefundFailed),
        (t.RefundSucceeded,),
        (t.RefundFailed,),
        ("refund_payment", "look_at_refund"),
    ),
)
KIND_OF = {event: kind for kind in KINDS for event in kind.events}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One event in plain words."""

    version: int
    at: datetime
    text: str
    actor: str
    because: int | None


@dataclass(slots=True, kw_only=True)
class Chapter:
    """One line of the story, or several that are one thing. `took` is from the first to the last
    of them, None while it goes on; `tries` counts how often the provider was called for it."""

    lines: list[Line] = field(default_factory=list)
    what: str = ""
    provider: str = ""
    tone: str = "calm"
    outcome: str = ""
    took: timedelta | None = None
    open: bool = False
    tries: int = 0
    trouble: str = ""

    @property
    def first(self) -> Line:
        return self.lines[0]

    @property
    def last(self) -> Line:
        return self.lines[-1]


def chapters_of(history: History, tasks: Sequence[TaskRow] = ()) -> list[Chapter]:
    """The story, oldest first."""
    chapters: list[Chapter] = []
    open_ones: dict[tuple[str, str], Chapter] = {}
    for step in history.steps:
        event = step.recorded.event
        kind = KIND_OF.get(type(event))
        if kind is None:
            chapters.append(Chapter(lines=[line_of(step)], tone=tone_of(event)))
            continue
        subject = str(getattr(event, kind.subject))
        chapter = open_ones.get((kind.what, subject))
        if chapter is None:
            chapter = Chapter(what=kind.what, provider=provider_of(kind, event, history), open=True)
            open_ones[kind.what, subject] = chapter
            chapters.append(chapter)
            told_of_work(chapter, [w for w in tasks if w.subject == subject], kind)
        told(chapter, step, kind)
    return chapters


def told(chapter: Chapter, step: Step, kind: Kind) -> None:
    event = step.recorded.event
    chapter.lines.append(line_of(step))
    chapter.outcome = sentence(event)
    if isinstance(event, kind.good + kind.bad):
        chapter.open = False
        chapter.tone = "good" if isinstance(event, kind.good) else "bad"
        chapter.took = chapter.last.at - chapter.first.at
    else:
        chapter.open, chapter.took = True, None
        chapter.tone = "mixed" if isinstance(event, b.OrderUnknown | t.PaymentFailed) else "busy"


def told_of_work(chapter: Chapter, tasks: Sequence[TaskRow], kind: Kind) -> None:
    mine = [task for task in tasks if task.kind in kind.tasks]
    chapter.tries = sum(task.attempts for task in mine)
    troubled = [task.reason for task in mine if task.reason and task.state != "done"]
    chapter.trouble = troubled[0] if troubled else ""


def provider_of(kind: Kind, event: DossierEvent, history: History) -> str:
    if kind.at_stripe:
        return STRIPE
    dossier = history.last.dossier
    booking = dossier.booking(str(getattr(event, "booking_id", "")))
    items = {r.item_id: r.offer.supplier for s in history.steps if (r := added(s)) is not None}
    if booking is not None:
        return items.get(booking.item_id, "").title()
    return " and ".join(sorted({name.title() for name in items.values()}))


def added(step: Step) -> t.ItemAdded | None:
    event = step.recorded.event
    return event if isinstance(event, t.ItemAdded) else None


def tone_of(event: DossierEvent) -> str:
    match event:
        case t.IncidentOpened() | t.FulfillmentFailed():
            return "bad"
        case t.Fulfilled():
            return "mixed" if event.failed else "good"
        case b.BookingChanged():
            return "mixed"
        case _:
            return "calm"


def line_of(step: Step) -> Line:
    recorded = step.recorded
    return Line(
        version=step.version,
        at=recorded.recorded_at,
        text=sentence(recorded.event),
        actor=actor_words(recorded.cause.actor),
        because=step.because,
    )


ACTORS = {
    "key": "a caller of the API",
    "page": "the traveller",
    "operator": "an operator",
    "webhook": "a notification",
}


def actor_words(actor: str) -> str:
    """Who it was, without machinery: `worker:place_order` is "the worker"."""
    kind, _, name = actor.partition(":")
    if kind == "worker":
        return f"worker, {name.replace('_', ' ')}"
    if kind == "operator":
        return f"operator {name}"
    return ACTORS.get(kind, actor)
