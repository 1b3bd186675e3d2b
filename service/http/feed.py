"""The ordered feed of everything that happened in a tenant's trips, from zero and without gaps:
page by page, or as a stream of server-sent events that goes on where it was left."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import msgspec
import structlog

from domain.log import Recorded, UnreadableEvent
from domain.ports import EventLog
from service.clock import elapsed_s
from service.http.answers import EventsReply
from service.http.api import Answer, Call, Route
from service.http.problems import Problem
from service.http.shapes import POSITION_MAX, FeedQuery
from service.http.views import event_reply

STREAM = "text/event-stream"
STREAM_EVENTS = 500
HEARTBEAT_S = 15.0
# Longest nap of a waiting reader: after it, it looks and may be told that the service stops.
LOOK_S = 1.0
# A stream ends after so long, and its reader comes again: with a key that may be revoked by then.
STREAM_S_MAX = 900.0
RECONNECT_MS = 1_000
HEADERS = {"Content-Type": STREAM, "X-Accel-Buffering": "no"}

log = structlog.get_logger()

encode = msgspec.json.Encoder().encode


class Feed:
    """Readers ask for what comes after a position, so nothing is kept of them here."""

    def __init__(
        self, events: EventLog, *, wait_s_max: float, heartbeat_s: float = HEARTBEAT_S
    ) -> None:
        self.events = events
        self.wait_s_max = wait_s_max
        self.heartbeat_s = heartbeat_s
        self.closed = False

    def close(self) -> None:
        """Whoever waits is answered, and streams end."""
        self.closed = True

    async def answer(self, call: Call[None, FeedQuery]) -> Answer:
        if wants_stream(call.headers.get("Accept", "")):
            return await self.stream(call)
        return await self.page(call)

    async def page(self, call: Call[None, FeedQuery]) -> Answer:
        query, tenant = call.query, call.caller.tenant
        until = elapsed_s() + min(query.wait_s, self.wait_s_max)
        while not (recorded := await self.events.read_all(query.after, query.limit, tenant)):
            left = until - elapsed_s()
            if left <= 0 or self.closed:
                break
            await self.events.changed(min(left, LOOK_S))
        events = [event_reply(each) for each in recorded]
        return Answer(
            body=EventsReply(events=events, next=events[-1].position if events else query.after)
        )

    async def stream(self, call: Call[None, FeedQuery]) -> Answer:
        """The first page is read before the stream begins: a feed that cannot go on says so by
        its status, and no reader comes back for more of the same."""
        after = last_event_id(call.headers.get("Last-Event-ID"))
        if after is None:
            after = call.query.after
        first = await self.events.read_all(after, STREAM_EVENTS, call.caller.tenant)
        return Answer(body=self.pieces(first, after, call.caller.tenant), headers=HEADERS)

    async def pieces(
        self, page: Sequence[Recorded], after: int, tenant: str
    ) -> AsyncIterator[bytes]:
        """A page at a time; the next is read when the reader has taken this one."""
        ends = elapsed_s() + STREAM_S_MAX
        yield b"retry: %d\n\n" % RECONNECT_MS
        if page:
            yield b"".join(map(event_lines, page))
            after = page[-1].position
        beat = elapsed_s() + self.heartbeat_s
        while not self.closed and elapsed_s() < ends:
            try:
                async with aclosing(self.events.pages(after, STREAM_EVENTS, tenant)) as pages:
                    async for page in pages:
                        yield b"".join(map(event_lines, page))
                        after = page[-1].position
                        beat = elapsed_s() + self.heartbeat_s
                        if self.closed or elapsed_s() >= ends:
                            return
            except UnreadableEvent as error:
                log.error("feed_stopped", reason=str(error))
                return
            if elapsed_s() >= beat:
                yield b": nothing new\n\n"
                beat = elapsed_s() + self.heartbeat_s
            else:
                await self.events.changed(min(max(beat - elapsed_s(), 0.0), LOOK_S))


def wants_stream(accept: str) -> bool:
    return any(part.partition(";")[0].strip().lower() == STREAM for part in accept.split(","))


def last_event_id(header: str | None) -> int | None:
    """Where a reader that lost its stream was; it stands above the address it asked at first."""
    if header is None or not header.strip():
        return None
    text = header.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 19 and int(text) <= POSITION_MAX):
        raise Problem("invalid_request", "Last-Event-ID must be the position of an event.")
    return int(text)


def event_lines(recorded: Recorded) -> bytes:
    data = encode(event_reply(recorded))
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (
        recorded.position,
        recorded.topic.encode(),
        data,
    )


def feed_routes(events: EventLog, *, wait_s_max: float) -> list[Route]:
    feed = Feed(events, wait_s_max=wait_s_max)
    return [
        Route(
            method="GET",
            path="/v1/events",
            handler=feed.answer,
            summary="Everything that happened, in order",
            description="Positions only grow, and none ever appears before one that was seen: "
            "ask again with `after` = `next`. `wait_s` waits for news instead of answering "
            "nothing. With `Accept: text/event-stream` the same events come as they happen, each "
            "a server-sent event whose `id` is its position, whose `event` is its topic and whose "
            "`data` is what a page holds; `limit` and `wait_s` mean nothing then. A stream ends "
            "now and then: come again with `Last-Event-ID`.",
            tag="events",
            query=FeedQuery,
            headers={"Last-Event-ID": "Of a stream: the position to go on after."},
            answer=EventsReply,
            scopes=("trips:read",),
            problems=("invalid_request",),
            streams=STREAM,
            closing=feed.close,
        )
    ]
