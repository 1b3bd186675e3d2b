"""The ordered feed of everything that happened in a tenant's trips, from zero and without gaps."""

from __future__ import annotations

from time import monotonic

from domain.ports import EventLog
from service.http.answers import EventsReply
from service.http.api import Answer, Call, Route
from service.http.shapes import FeedQuery
from service.http.views import event_reply


def feed_routes(log: EventLog, *, wait_s_max: float) -> list[Route]:
    async def feed(call: Call[None, FeedQuery]) -> Answer:
        query, tenant = call.query, call.caller.tenant
        until = monotonic() + min(query.wait_s, wait_s_max)
        while not (recorded := await log.read_all(query.after, query.limit, tenant)):
            left = until - monotonic()
            if left <= 0:
                break
            await log.changed(left)
        events = [event_reply(each) for each in recorded]
        return Answer(
            body=EventsReply(events=events, next=events[-1].position if events else query.after)
        )

    return [
        Route(
            method="GET",
            path="/v1/events",
            handler=feed,
            summary="Everything that happened, in order",
            description="Positions only grow, and none ever appears before one that was seen: "
            "ask again with `after` = `next`. `wait_s` waits for news instead of answering "
            "nothing.",
            tag="events",
            query=FeedQuery,
            answer=EventsReply,
            scopes=("trips:read",),
        )
    ]
