"""Named points at which a process of the service can be made to die, as a power cut kills it, or to
stand still: the edges of what it does to the log, the outbox, the inbox, the read models and the
world. The product knows nothing of them: a method is wrapped before the process serves.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal

from adapters.event_log.committer import Lane
from adapters.event_log.postgres import PostgresEventLog
from adapters.idempotency import PostgresIdempotency
from adapters.inbox import PostgresInbox
from adapters.outbound.deliveries import PostgresDeliveries
from adapters.outbound.posting import Poster
from adapters.outbox import PostgresOutbox
from adapters.payments.stripe import StripePayments
from adapters.read_models import PostgresReadModels
from adapters.suppliers.duffel import DuffelSupplier

Edge = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Point:
    """Before or after a method of one of the parts has done its work."""

    owner: type
    method: str
    edge: Edge


EFFECTS: dict[str, tuple[type, str]] = {
    "open_checkout": (StripePayments, "open_hosted"),
    "close_checkout": (StripePayments, "close"),
    "capture": (StripePayments, "capture"),
    "release": (StripePayments, "release"),
    "refund": (StripePayments, "refund"),
    "order": (DuffelSupplier, "order"),
    "cancel": (DuffelSupplier, "cancel"),
}

POINTS = {
    "handle.before_append": Point(PostgresEventLog, "append", "before"),
    "handle.after_append": Point(PostgresEventLog, "append", "after"),
    # Committed, and nobody has been told.
    "log.after_commit": Point(Lane, "send", "after"),
    "outbox.after_claim": Point(PostgresOutbox, "claim", "after"),
    "outbox.after_announce": Point(PostgresOutbox, "announce", "after"),
    **{f"outbox.before_effect.{name}": Point(*of, "before") for name, of in EFFECTS.items()},
    **{f"outbox.after_effect.{name}": Point(*of, "after") for name, of in EFFECTS.items()},
    "outbox.after_record": Point(PostgresOutbox, "finish", "before"),
    "outbox.after_finish": Point(PostgresOutbox, "finish", "after"),
    "inbox.before_store": Point(PostgresInbox, "store", "before"),
    "inbox.after_store": Point(PostgresInbox, "store", "after"),
    "inbox.before_mark": Point(PostgresInbox, "mark", "before"),
    "projector.before_rows": Point(PostgresReadModels, "apply", "before"),
    "projector.after_rows": Point(PostgresReadModels, "apply", "after"),
    "follower.before_follow": Point(PostgresDeliveries, "follow", "before"),
    "follower.after_follow": Point(PostgresDeliveries, "follow", "after"),
    "courier.before_post": Point(Poster, "post", "before"),
    # The receiver has it, and nobody knows.
    "courier.after_post": Point(Poster, "post", "after"),
    "idempotency.after_begin": Point(PostgresIdempotency, "begin", "after"),
    "idempotency.before_complete": Point(PostgresIdempotency, "complete", "before"),
    "idempotency.after_complete": Point(PostgresIdempotency, "complete", "after"),
}


def arm(name: str, passing: int, number: signal.Signals) -> None:
    """From now on this process sends itself a signal when it passes the point for the `passing`-th
    time. A claim that found nothing to do is no passing."""
    point = POINTS[name]
    work: Callable[..., Awaitable[Any]] = getattr(point.owner, point.method)
    left = [passing]

    def passed() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), number)

    @wraps(work)
    async def doomed(*arguments: Any, **options: Any) -> Any:
        if point.edge == "before":
            passed()
        answer = await work(*arguments, **options)
        if point.edge == "after" and answer != []:
            passed()
        return answer

    setattr(point.owner, point.method, doomed)
