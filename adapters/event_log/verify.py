"""Proves that the log is what was recorded, or names the first event that is not.

Every event's link is a hash of all its columns and of the link before it, so this reads the log
once, in its order, on one snapshot, with memory that does not grow with the log. It computes every
hash itself: nothing that was put into the database is trusted to say that the log is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

import asyncpg

BATCH_EVENTS = 5_000
FLAWS_MAX = 100
BEFORE_ALL, POSITIONS_END = -(2**63), 2**63

# One value for each event: as little as possible is decoded here. It begins with columns of fixed
# width: event id, trip id, stream id, version, position, transaction and time.
FACTS = """
    uuid_send(event_id) || uuid_send(trip_id)
    || uuid_send(originator_id) || int8send(originator_version)
    || int8send(notification_id) || xid8send(tx) || timestamptz_send(recorded_at)
    || int4send(octet_length(topic)) || convert_to(topic, 'UTF8')
    || int4send(octet_length(tenant)) || convert_to(tenant, 'UTF8')
    || int4send(octet_length(state)) || state
    || convert_to(meta::text, 'UTF8')
"""

READ = f"""
SELECT {FACTS}, link
FROM tripledger.trip_events WHERE notification_id >= $1 ORDER BY notification_id
"""
STREAM = slice(32, 48)
VERSION = slice(48, 56)
POSITION = slice(56, 64)
TRANSACTION = slice(64, 72)

BEFORE = """
SELECT notification_id, link FROM tripledger.trip_events
WHERE notification_id < $1 ORDER BY notification_id DESC LIMIT 1
"""

# Versions are counted on the primary key's index alone.
GAPS = """
SELECT originator_id, originator_version, expected FROM (
    SELECT originator_id, originator_version, row_number() OVER (
        PARTITION BY originator_id ORDER BY originator_version
    ) AS expected
    FROM tripledger.trip_events
) AS counted
WHERE originator_version <> expected LIMIT 1
"""

Told = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What stood at a position when somebody wrote it down outside the database."""

    position: int
    link: str

    @classmethod
    def parse(cls, text: str) -> Anchor:
        """`POSITION:LINK`, as a verification prints it."""
        position, _, link = text.partition(":")
        known = position.isdecimal() and int(position) < POSITIONS_END
        if not known or len(bytes.fromhex(link)) != sha256().digest_size:
            raise ValueError("an anchor is POSITION:LINK, as `log verify` prints it")
        return cls(position=int(position), link=link.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """An event that is not what was recorded; `why` says what about it is wrong."""

    position: int
    stream_id: str
    stream_version: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was read, where it ended, and the first flaws in their order. `renumbered` tells the
    positions at which transactions begin to be counted anew: the log was restored elsewhere."""

    events: int
    first_position: int
    last_position: int
    link: str
    flaws: tuple[Flaw, ...]
    renumbered: tuple[int, ...]

    @property
    def whole(self) -> bool:
        return not self.flaws

    @property
    def anchor(self) -> str:
        return f"{self.last_position}:{self.link}"


@dataclass(slots=True)
class Chain:
    """How far the chain has been followed."""

    position: int
    link: bytes
    transaction: int
    events: int
    first_position: int
    flaws: list[Flaw]
    renumbered: list[int]

    def follow(self, rows: Sequence[asyncpg.Record]) -> None:
        """The hot loop: one hash and two comparisons for an event that is as it was."""
        position, link, transaction = self.position, self.link, self.transaction
        for facts, stored in rows:
            here = int.from_bytes(facts[POSITION], signed=True)
            if here <= position:
                self.complain(facts, "its position is another event's, or none that was ever given")
            if sha256(link + facts).digest() != stored:
                self.complain(facts, unlinked(position, here))
            now = int.from_bytes(facts[TRANSACTION])
            if now < transaction:
                self.renumbered.append(here)
            position, link, transaction = here, stored, now
        self.position, self.link, self.transaction = position, link, transaction
        self.events += len(rows)

    def complain(self, facts: bytes, why: str) -> None:
        if len(self.flaws) < FLAWS_MAX:
            self.flaws.append(flaw(facts, why))


def unlinked(before: int, here: int) -> str:
    if here == before + 1:
        return "it is not what was recorded here"
    return f"it is not what was recorded here, or an event after position {before} is missing"


def flaw(facts: bytes, why: str) -> Flaw:
    return Flaw(
        position=int.from_bytes(facts[POSITION], signed=True),
        stream_id=str(UUID(bytes=bytes(facts[STREAM]))),
        stream_version=int.from_bytes(facts[VERSION]),
        why=why,
    )


async def verify(
    url: str,
    *,
    from_position: int = 1,
    anchor: Anchor | None = None,
    told: Told = lambda position: None,
) -> Verified:
    """Read the log from a position on (what stands before it is taken as it is) and check it.
    `told` hears the position reached."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            # What was moved in front of the first position is not taken as it is.
            start = from_position if from_position > 1 else BEFORE_ALL
            return await follow_all(connection, start, anchor, told)
    finally:
        await connection.close()


async def follow_all(
    connection: asyncpg.Connection, from_position: int, anchor: Anchor | None, told: Told
) -> Verified:
    head = await connection.fetchrow("SELECT position, events, link FROM tripledger.log_head")
    before = await connection.fetchrow(BEFORE, from_position)
    start, link = (before["notification_id"], before["link"]) if before else (0, b"")
    chain = Chain(start, link, 0, 0, 0, [], [])
    cursor = await connection.cursor(READ, from_position)
    while rows := await cursor.fetch(BATCH_EVENTS):
        if not chain.events:
            chain.first_position = int.from_bytes(rows[0][0][POSITION], signed=True)
        chain.follow(rows)
        told(chain.position)
    end = await end_of(connection, chain, head, before is None)
    flaws = [*chain.flaws, *end, *await gaps(connection), *await unlike(connection, anchor)]
    return Verified(
        events=chain.events,
        first_position=chain.first_position,
        last_position=chain.position,
        link=chain.link.hex(),
        flaws=tuple(sorted(flaws, key=lambda found: found.position)),
        renumbered=tuple(chain.renumbered),
    )


async def end_of(
    connection: asyncpg.Connection, chain: Chain, head: asyncpg.Record | None, from_first: bool
) -> list[Flaw]:
    """Whether the log ends where it is remembered to end, with as many events."""
    if head is None:
        return [missing(chain.position, "what the log ends with is not remembered any more")]
    if (head["position"], head["link"]) != (chain.position, chain.link):
        return [missing(head["position"], "the log ended here, and does not any more")]
    if from_first and head["events"] != chain.events:
        return [missing(chain.position, f"{head['events']} events were recorded up to here")]
    return []


def missing(position: int, why: str) -> Flaw:
    return Flaw(position=position, stream_id="", stream_version=0, why=why)


async def gaps(connection: asyncpg.Connection) -> list[Flaw]:
    """The first stream whose versions are not 1, 2, 3…"""
    row = await connection.fetchrow(GAPS)
    if row is None:
        return []
    stream, version = row["originator_id"], row["originator_version"]
    position = await connection.fetchval(
        "SELECT notification_id FROM tripledger.trip_events"
        " WHERE originator_id = $1 AND originator_version = $2",
        stream,
        version,
    )
    why = f"it is event {row['expected']} of its stream"
    return [Flaw(position=position, stream_id=str(stream), stream_version=version, why=why)]


async def unlike(connection: asyncpg.Connection, anchor: Anchor | None) -> list[Flaw]:
    """Whether what was written down outside still stands where it stood."""
    if anchor is None:
        return []
    row = await connection.fetchrow(
        "SELECT originator_id, originator_version, link FROM tripledger.trip_events"
        " WHERE notification_id = $1",
        anchor.position,
    )
    if row is None:
        return [missing(anchor.position, "the event of the anchor is not there any more")]
    if row["link"].hex() == anchor.link:
        return []
    return [
        Flaw(
            position=anchor.position,
            stream_id=str(row["originator_id"]),
            stream_version=row["originator_version"],
            why="it is not the event of the anchor: the log was written anew",
        )
    ]
