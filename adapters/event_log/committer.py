"""Group commit: whatever is waiting when the last commit is done travels in the next one, and
each append of a batch still wins or loses on its own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

import asyncpg
import msgspec
from asyncpg.pgproto.pgproto import UUID
from eventsourcing.persistence import StoredEvent

from adapters.event_log.appending import EventIdsReused, LogUnreachable, continued
from domain.log import Append

LANES = 2
BATCH_APPENDS_MAX = 256
QUEUE_APPENDS_MAX = 5_000
COMMIT_S_MAX = 10.0
# How long an append is tried again on new connections before its caller is told.
SETTLE_S_MAX = 20.0
RECONNECT_PAUSE_S_MIN = 0.02
RECONNECT_PAUSE_S_MAX = 1.0

EVENT_IDS = "trip_events_event_id_idx"
APPEND = """
SELECT outcomes, firsts, lasts, times FROM tripledger.append(
    $1, $2, $3, $4::text[]::jsonb[], $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
    $18, $19
)
"""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An append in the form it is sent; `at` is None where the database's clock decides."""

    append: Append
    stored: Sequence[StoredEvent]
    meta: str
    at: datetime | None


class Outcome(NamedTuple):
    """What became of an append; of one that was not recorded positions and time mean nothing."""

    verdict: Literal["recorded", "duplicate", "reused", "moved"]
    first_position: int
    last_position: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    prepared: Prepared
    answer: asyncio.Future[Outcome]


def parameters(batch: Sequence[Prepared]) -> tuple[list[Any], ...]:
    """The columns of all appends, of the streams they continue, of all their events and of all
    their effects. Ids go as text: the driver turns them into sixteen bytes faster than we do."""
    appends = [p.append for p in batch]
    numbered = list(enumerate(appends, 1))
    streams = [(no, *at) for no, a in numbered for at in continued(a.events).items()]
    events = [(no, new) for no, append in numbered for new in append.events]
    stored = [event for p in batch for event in p.stored]
    effects = [(no, effect) for no, append in numbered for effect in append.effects]
    return (
        [a.trip_id for a in appends],
        [a.expected_position for a in appends],
        [a.cause.tenant for a in appends],
        [p.meta for p in batch],
        [p.at for p in batch],
        [no for no, _, _ in streams],
        [stream_id for _, stream_id, _ in streams],
        [version for _, _, version in streams],
        [no for no, _ in events],
        [new.event_id for _, new in events],
        [new.stream_id for _, new in events],
        [new.stream_version for _, new in events],
        [event.topic for event in stored],
        [event.state for event in stored],
        [no for no, _ in effects],
        [effect.kind.value for _, effect in effects],
        [effect.key for _, effect in effects],
        [effect.subject for _, effect in effects],
        [effect.due for _, effect in effects],
    )


async def record(connection: asyncpg.Connection, batch: Sequence[Prepared]) -> list[Outcome]:
    """One call and, outside of a transaction, one commit; the outcomes in the batch's order."""
    row = await connection.fetchrow(APPEND, *parameters(batch))
    return [Outcome(*each) for each in zip(*row, strict=True)]


class Committer:
    """Takes appends and sends them in batches, by no timer: a batch is what came while earlier
    ones travelled. There are two lanes, so that one batch is made while the other is recorded;
    each takes half of what is on its way."""

    def __init__(self, url: str) -> None:
        self.queue: asyncio.Queue[Waiting] = asyncio.Queue(QUEUE_APPENDS_MAX)
        self.travelling = 0
        self.lanes = [Lane(url, self) for _ in range(LANES)]
        self.closed = False

    @classmethod
    @asynccontextmanager
    async def running(cls, url: str) -> AsyncIterator[Committer]:
        """Accepts appends until the block ends, and settles those it has accepted."""
        committer = cls(url)
        tasks = [asyncio.create_task(lane.run(), name="committer") for lane in committer.lanes]
        try:
            yield committer
        finally:
            committer.closed = True
            await committer.queue.join()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for lane in committer.lanes:
                lane.disconnect()

    async def commit(self, prepared: Prepared) -> Outcome:
        """The append's own outcome; waits for room when too many are waiting already."""
        if self.closed:
            raise LogUnreachable("the log is closed")
        waiting = Waiting(prepared, asyncio.get_running_loop().create_future())
        await self.queue.put(waiting)
        return await waiting.answer

    def share(self) -> int:
        """How many appends a lane that is free now may take."""
        on_their_way = self.queue.qsize() + self.travelling
        return min(BATCH_APPENDS_MAX, -(-on_their_way // LANES))


class Lane:
    """One connection, one batch at a time.

    When the connection is lost the fate of a batch is unknown, so the same batch is sent again on
    a new one: the database knows event ids and records nothing twice.
    """

    def __init__(self, url: str, committer: Committer) -> None:
        self.url = url
        self.committer = committer
        self.deferred: deque[Waiting] = deque()
        self.connection: asyncpg.Connection | None = None

    async def run(self) -> None:
        queue = self.committer.queue
        while True:
            if not self.deferred:
                self.deferred.append(await queue.get())
            batch = self.next_batch()
            self.committer.travelling += len(batch)
            # Whoever gave up before the append was sent does not get it recorded.
            await self.settle([w for w in batch if not w.answer.done()])
            self.committer.travelling -= len(batch)
            for _ in batch:
                queue.task_done()

    def next_batch(self) -> list[Waiting]:
        """What is waiting, in its order; a trip that is in the batch already waits once more,
        because the database judges all appends of a batch by what was there before it."""
        waiting = self.deferred
        queue = self.committer.queue
        share = self.committer.share()
        while len(waiting) < share and not queue.empty():
            waiting.append(queue.get_nowait())
        batch: dict[UUID, Waiting] = {}
        self.deferred = deque()
        for one in waiting:
            if batch.setdefault(UUID(one.prepared.append.trip_id), one) is not one:
                self.deferred.append(one)
        return list(batch.values())

    async def settle(self, batch: Sequence[Waiting]) -> None:
        """Send the batch until its outcome is known, or give every caller the error."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SETTLE_S_MAX
        pause = RECONNECT_PAUSE_S_MIN
        while batch:
            # The driver meets a lost server in many ways; whatever it says, callers must be
            # answered and the loop above must go on.
            try:
                outcomes = await self.send(batch)
            except asyncpg.PostgresError as error:
                if not self.lost_with(error):
                    return await self.settle_refused(batch, error)
                lost: Exception = error
            except Exception as error:
                lost = error
            else:
                return tell(batch, outcomes)
            self.disconnect()
            if loop.time() > deadline:
                unreachable = LogUnreachable("the log did not answer; repeating is safe")
                unreachable.__cause__ = lost
                return fail(batch, unreachable)
            await asyncio.sleep(pause)
            pause = min(2 * pause, RECONNECT_PAUSE_S_MAX)
        return None

    async def settle_refused(self, batch: Sequence[Waiting], error: Exception) -> None:
        """One append spoilt the statement for all: each is sent alone."""
        if len(batch) == 1:
            return fail(batch, reused(error) or error)
        for waiting in batch:
            await self.settle([waiting])
        return None

    async def send(self, batch: Sequence[Waiting]) -> Sequence[Outcome]:
        if self.connection is None:
            self.connection = await asyncpg.connect(self.url, command_timeout=COMMIT_S_MAX)
        return await record(self.connection, [waiting.prepared for waiting in batch])

    def lost_with(self, error: asyncpg.PostgresError) -> bool:
        """The server was going away, or could not be entered: trying again may help."""
        going_away = (
            asyncpg.PostgresConnectionError,
            asyncpg.exceptions.OperatorInterventionError,
            asyncpg.exceptions.InsufficientResourcesError,
        )
        return (
            isinstance(error, going_away) or self.connection is None or self.connection.is_closed()
        )

    def disconnect(self) -> None:
        if self.connection is not None:
            self.connection.terminate()
            self.connection = None


def tell(batch: Sequence[Waiting], outcomes: Sequence[Outcome]) -> None:
    for waiting, outcome in zip(batch, outcomes, strict=True):
        if not waiting.answer.done():
            waiting.answer.set_result(outcome)


def fail(batch: Sequence[Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)


def reused(error: Exception) -> EventIdsReused | None:
    """What it means that one of the event ids is another trip's."""
    if isinstance(error, asyncpg.UniqueViolationError) and error.constraint_name == EVENT_IDS:
        return EventIdsReused("some of these event ids are recorded already")
    return None


def encode_meta(facts: dict[str, str | None]) -> str:
    return msgspec.json.encode({k: v for k, v in facts.items() if v is not None}).decode()
