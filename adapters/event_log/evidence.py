"""A trip's events in a file that proves itself without the database: each event with the very bytes
the log's hash chain covers, each line canonical JSON, the whole signed.

Whoever reads it needs nothing of ours but the public key. People's data stays sealed in it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any, Literal
from uuid import UUID

import asyncpg
import msgspec

from adapters.event_log.envelope import Envelope, NotOpened
from adapters.event_log.verify import FACTS
from adapters.signing import Signature, Signer, canonical, verified

FORMAT = "tripledger-evidence.v1"
POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
FIXED_BYTES = 80
# A file is read as a whole; a trip has a few hundred events.
EVIDENCE_BYTES_MAX = 64 * 1024 * 1024

READ_TRIP = f"""
SELECT {FACTS} AS facts, link, (
    SELECT b.link FROM tripledger.trip_events b WHERE b.notification_id < e.notification_id
    ORDER BY b.notification_id DESC LIMIT 1
) AS before
FROM tripledger.trip_events e WHERE trip_id = $1 ORDER BY notification_id
"""


class EvidenceBroken(ValueError):
    """The file is not what was signed, or not evidence at all; says where."""


class Link(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event. `facts` are the bytes whose hash, with `before` in front, is `link`; everything
    else here only says in words what is in them."""

    kind: Literal["event"] = "event"
    position: int
    event_id: str
    stream_id: str
    stream_version: int
    topic: str
    recorded_at: datetime
    meta: dict[str, Any]
    data: dict[str, Any] | None
    before: str
    link: str
    facts: str


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: Literal["evidence"] = "evidence"
    format: str = FORMAT
    trip_id: str
    tenant: str
    events: int
    exported_at: datetime
    exported_by: str
    public_key: str


class Ending(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Over everything above it, byte for byte."""

    kind: Literal["signature"] = "signature"
    sha256: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the hashed bytes of an event say; `state` is its payload as it is stored."""

    event_id: str
    trip_id: str
    stream_id: str
    stream_version: int
    position: int
    recorded_at: datetime
    topic: str
    tenant: str
    state: bytes
    meta: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A file that was checked. `unreadable` counts events whose payload is encrypted at rest: what
    they say is hashed and signed, but cannot be read from the file."""

    header: Header
    links: tuple[Link, ...]
    facts: tuple[Facts, ...]

    @property
    def unreadable(self) -> int:
        return sum(link.data is None for link in self.links)


def line_for(part: msgspec.Struct) -> bytes:
    return canonical(part) + b"\n"


async def collect(
    pool: asyncpg.Pool, trip_id: str, envelope: Envelope | None = None
) -> Sequence[Link]:
    """The trip's events as they stand in the log, none if there is no such trip; raises
    EvidenceBroken."""
    rows = await pool.fetch(READ_TRIP, UUID(trip_id))
    try:
        return [link_of(row, envelope or Envelope()) for row in rows]
    except (ValueError, OverflowError) as error:
        raise EvidenceBroken("an event of the trip is not what was recorded") from error


def link_of(row: asyncpg.Record, envelope: Envelope) -> Link:
    facts = facts_of(row["facts"])
    return Link(
        position=facts.position,
        event_id=facts.event_id,
        stream_id=facts.stream_id,
        stream_version=facts.stream_version,
        topic=facts.topic,
        recorded_at=facts.recorded_at,
        meta=facts.meta,
        data=readable(facts.state, envelope),
        before=(row["before"] or b"").hex(),
        link=row["link"].hex(),
        facts=base64.b64encode(row["facts"]).decode(),
    )


def readable(state: bytes, envelope: Envelope) -> dict[str, Any] | None:
    """What a payload says; None: it is encrypted at rest."""
    try:
        return msgspec.json.decode(envelope.open(state), type=dict[str, Any])
    except NotOpened:
        return None


def facts_of(hashed: bytes) -> Facts:
    """The hashed bytes taken apart; raises EvidenceBroken."""
    if len(hashed) < FIXED_BYTES:
        raise EvidenceBroken("an event is cut short")
    ids = [str(UUID(bytes=hashed[at : at + 16])) for at in (0, 16, 32)]
    version, position, _, microseconds = (
        int.from_bytes(hashed[at : at + 8], signed=True) for at in (48, 56, 64, 72)
    )
    topic, tenant, state, meta = varying(hashed)
    return Facts(
        event_id=ids[0],
        trip_id=ids[1],
        stream_id=ids[2],
        stream_version=version,
        position=position,
        recorded_at=POSTGRES_EPOCH + timedelta(microseconds=microseconds),
        topic=topic.decode(),
        tenant=tenant.decode(),
        state=state,
        meta=msgspec.json.decode(meta, type=dict[str, Any]),
    )


def varying(hashed: bytes) -> Iterator[bytes]:
    """Topic, tenant and payload, each behind its length, and the metadata to the end."""
    at = FIXED_BYTES
    for _ in range(3):
        size = int.from_bytes(hashed[at : at + 4])
        yield hashed[at + 4 : at + 4 + size]
        at += 4 + size
    yield hashed[at:]


def first_of(links: Sequence[Link]) -> Facts:
    return facts_of(base64.b64decode(links[0].facts))


def tenant_of(links: Sequence[Link]) -> str:
    """Whose trip it is."""
    return first_of(links).tenant


def signed(links: Sequence[Link], signer: Signer, *, at: datetime, exported_by: str) -> bytes:
    """The file."""
    first = first_of(links)
    header = Header(
        trip_id=first.trip_id,
        tenant=first.tenant,
        events=len(links),
        exported_at=at,
        exported_by=exported_by,
        public_key=signer.public_key,
    )
    body = line_for(header) + b"".join(line_for(link) for link in links)
    return body + line_for(ending(body, signer))


def ending(body: bytes, signer: Signer) -> Ending:
    digest = sha256(body)
    signature = signer.sign(FORMAT.encode() + digest.digest()).signature
    return Ending(sha256=digest.hexdigest(), signature=signature)


def checked(file: bytes, public_key: str | None = None) -> Evidence:
    """What a file proves; raises EvidenceBroken. With `public_key` also that it was signed by who
    has its private half; without, by whoever has that of the key in the file."""
    lines = file.splitlines(keepends=True)
    if len(lines) < 3 or len(file) > EVIDENCE_BYTES_MAX:
        raise EvidenceBroken("the file is no evidence of a trip")
    header = line_of(lines[0], Header, 1)
    if header.format != FORMAT:
        raise EvidenceBroken(f"the file is in format {header.format}, which is not known here")
    if public_key is not None and public_key != header.public_key:
        raise EvidenceBroken(f"line 1: it is signed by another key, {header.public_key}")
    check_signature(lines, header)
    links = tuple(line_of(line, Link, n) for n, line in enumerate(lines[1:-1], 2))
    if len(links) != header.events:
        raise EvidenceBroken(f"line 1: {header.events} events are told of, {len(links)} are here")
    facts = tuple(check_link(link, header, n) for n, link in enumerate(links, 2))
    check_order(facts)
    check_neighbours(links)
    return Evidence(header=header, links=links, facts=facts)


def line_of(line: bytes, shape: type[Any], number: int) -> Any:
    try:
        found = msgspec.json.decode(line, type=shape)
    except msgspec.DecodeError:
        raise EvidenceBroken(f"line {number} is not what it should be") from None
    if line_for(found) != line:
        raise EvidenceBroken(f"line {number} is not written the one way it can be")
    return found


def check_signature(lines: Sequence[bytes], header: Header) -> None:
    last = line_of(lines[-1], Ending, len(lines))
    digest = sha256(b"".join(lines[:-1]))
    if digest.hexdigest() != last.sha256:
        raise EvidenceBroken(f"line {len(lines)}: something above it was changed")
    signature = Signature(header.public_key, last.signature)
    if not verified(FORMAT.encode() + digest.digest(), signature):
        raise EvidenceBroken(f"line {len(lines)}: the signature is not of this file")


def check_link(link: Link, header: Header, number: int) -> Facts:
    """The event is linked, and says in words what its bytes say."""
    try:
        hashed = base64.b64decode(link.facts, validate=True)
        if sha256(bytes.fromhex(link.before) + hashed).hexdigest() != link.link:
            raise EvidenceBroken(f"line {number}: the event is not what was linked into the log")
        facts = facts_of(hashed)
    except (ValueError, OverflowError) as error:
        if isinstance(error, EvidenceBroken):
            raise
        raise EvidenceBroken(f"line {number}: the event's bytes are damaged") from None
    if (facts.trip_id, facts.tenant) != (header.trip_id, header.tenant):
        raise EvidenceBroken(f"line {number}: the event is of another trip")
    told = (link.position, link.event_id, link.stream_id, link.stream_version)
    if told != (facts.position, facts.event_id, facts.stream_id, facts.stream_version):
        raise EvidenceBroken(f"line {number}: the event is told of with another place")
    if (link.topic, link.recorded_at, link.meta) != (facts.topic, facts.recorded_at, facts.meta):
        raise EvidenceBroken(f"line {number}: the event is told of in other words")
    opened = readable(facts.state, Envelope())
    if opened is not None and opened != link.data:
        raise EvidenceBroken(f"line {number}: the event is told of with other facts")
    return facts


def check_order(facts: Sequence[Facts]) -> None:
    """Nothing is missing between the first event of each stream and its last."""
    versions: dict[str, int] = {}
    position = 0
    for number, each in enumerate(facts, 2):
        expected = versions.get(each.stream_id, 0) + 1
        if each.position <= position or each.stream_version != expected:
            raise EvidenceBroken(f"line {number}: an event before it is missing")
        position, versions[each.stream_id] = each.position, expected


def check_neighbours(links: Sequence[Link]) -> None:
    for number, (one, following) in enumerate(pairwise(links), 3):
        if following.position == one.position + 1 and following.before != one.link:
            raise EvidenceBroken(f"line {number}: the event did not follow the one before it")
