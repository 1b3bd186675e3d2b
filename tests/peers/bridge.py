"""Our log behind the eventsourcing library's own synchronous interfaces, so that the library's
tests can question it: a loop in a thread of its own, and every call waits for its answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    StoredEvent,
    Subscription,
    Tracking,
    TrackingRecorder,
)

from adapters.database import Database, connect_database
from adapters.event_log.codec import EventCodec
from adapters.event_log.committer import Committer, Prepared
from adapters.event_log.postgres import meta_of
from adapters.read_models import PostgresReadModels
from domain.dossier import DossierEvent
from domain.log import Append, Cause, NewEvent

Answer = TypeVar("Answer")

CAUSE = Cause(tenant="acme", actor="key:peers")
ALL = 2**62


class Bridge:
    """One database of ours, asked from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, stack: AsyncExitStack) -> None:
        self.loop = loop
        self.stack = stack
        self.database: Database
        self.committer: Committer

    async def connect(self, url: str) -> None:
        self.database = await self.stack.enter_async_context(connect_database(url, pool_size=6))
        self.committer = await self.stack.enter_async_context(Committer.running(url))

    def wait(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def fetch(self, query: str, *arguments: object) -> Sequence[asyncpg.Record]:
        async def fetch() -> Sequence[asyncpg.Record]:
            found: Sequence[asyncpg.Record] = await self.database.pool.fetch(query, *arguments)
            return found

        return self.wait(fetch())


@contextmanager
def bridge_to(url: str) -> Iterator[Bridge]:
    """The database at `url`, until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="bridge")
    thread.start()
    bridge = Bridge(loop, AsyncExitStack())
    try:
        bridge.wait(bridge.connect(url))
        yield bridge
    finally:
        bridge.wait(bridge.stack.aclose())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class LogRecorder(ApplicationRecorder):
    """What the library stores goes through our committer, as a trip of its own per stream.

    The library's tests count the events of some streams from 0; ours always count from 1.
    """

    def __init__(self, bridge: Bridge, *, counts_from: int) -> None:
        self.bridge = bridge
        self.shift = 1 - counts_from

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        if not stored_events:
            return []
        prepared = self.prepared(stored_events)
        outcome = self.bridge.wait(self.bridge.committer.commit(prepared))
        if outcome.verdict != "recorded":
            raise IntegrityError(outcome.verdict)
        return list(range(outcome.first_position, outcome.last_position + 1))

    def prepared(self, stored_events: Sequence[StoredEvent]) -> Prepared:
        """The library expects a stream to be at a version, we expect a trip to be at a position:
        the one it is at, which the stream's own numbering then confirms or refuses."""
        (trip_id,) = {str(stored.originator_id) for stored in stored_events}
        (head,) = self.bridge.fetch(
            "SELECT coalesce(max(notification_id), 0) AS position"
            " FROM tripledger.trip_events WHERE trip_id = $1",
            trip_id,
        )
        events = [
            NewEvent(
                event_id=str(uuid4()),
                stream_id=trip_id,
                stream_version=stored.originator_version + self.shift,
                event=opaque(stored),
            )
            for stored in stored_events
        ]
        append = Append(
            trip_id=trip_id, expected_position=head["position"], events=events, cause=CAUSE
        )
        return Prepared(append=append, stored=stored_events, meta=meta_of(CAUSE), at=None)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        rows = self.bridge.fetch(
            "SELECT * FROM tripledger.trip_events WHERE originator_id = $1"
            " AND originator_version > $2 AND originator_version <= $3"
            f" ORDER BY originator_version {'DESC' if desc else 'ASC'} LIMIT $4",
            originator_id,
            -1 if gt is None else gt + self.shift,
            ALL if lte is None else lte + self.shift,
            limit,
        )
        return [StoredEvent(**self.facts(row)) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        after = 0 if start is None else start - int(inclusive_of_start)
        rows = self.bridge.fetch(
            "SELECT * FROM tripledger.trip_events"
            " WHERE notification_id > $1 AND notification_id <= $2"
            " AND (cardinality($3::text[]) = 0 OR topic = ANY($3))"
            " ORDER BY notification_id LIMIT $4",
            after,
            ALL if stop is None else stop,
            list(topics),
            limit,
        )
        return [Notification(id=row["notification_id"], **self.facts(row)) for row in rows]

    def facts(self, row: asyncpg.Record) -> dict[str, Any]:
        return {
            "originator_id": UUID(bytes=row["originator_id"].bytes),
            "originator_version": row["originator_version"] - self.shift,
            "topic": row["topic"],
            "state": row["state"],
        }

    def max_notification_id(self) -> int | None:
        (row,) = self.bridge.fetch(
            "SELECT max(notification_id) AS position FROM tripledger.trip_events"
        )
        position: int | None = row["position"]
        return position

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        raise NotImplementedError("our followers are asynchronous: read_all and changed")


def opaque(stored: StoredEvent) -> DossierEvent:
    """The library's bytes are stored as they are; there is no event of ours behind them."""
    return stored  # type: ignore[return-value]


class CheckpointRecorder(TrackingRecorder):
    """What the library tracks are our checkpoints, moved by compare-and-set."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge
        self.models = PostgresReadModels(bridge.database, EventCodec({}))

    def max_tracking_id(self, application_name: str) -> int | None:
        rows = self.bridge.fetch(
            "SELECT position FROM tripledger.checkpoints WHERE name = $1 AND live",
            application_name,
        )
        return rows[0]["position"] if rows else None

    def insert_tracking(self, tracking: Tracking) -> None:
        name: Any = tracking.application_name
        self.bridge.fetch(
            "INSERT INTO tripledger.checkpoints (name, version, live) VALUES ($1, 1, true)"
            " ON CONFLICT DO NOTHING",
            name,
        )
        at = self.bridge.wait(self.models.checkpoint(name))
        to = tracking.notification_id
        if to <= at or not self.bridge.wait(self.models.apply(name, [], at, to)):
            raise IntegrityError(f"{name} is at {at} already")
