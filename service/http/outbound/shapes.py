"""Requests and answers of webhook endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from adapters.outbound.deliveries import Attempt, Delivery
from adapters.outbound.endpoints import Endpoint
from service.http.answers import Reply, moment
from service.http.shapes import END, POSITION_MAX, Request, Url

TopicPattern = Annotated[
    str,
    Meta(
        max_length=100,
        pattern=rf"^(\*|(trip|booking)\.(\*|[a-z-]+\.(\*|v[0-9]+))){END}",
        description="A topic, or the beginning of some with `*` for the rest.",
        examples=["booking.confirmed.v1", "trip.*"],
    ),
]
Position = Annotated[int, Meta(ge=0, le=POSITION_MAX)]
OVERLAP_S = 86_400
OVERLAP_S_MAX = 30 * 86_400


class EndpointBody(Request, kw_only=True):
    """Where to tell what. `payload`: `thin` tells what happened where, `full` the whole event as
    the feed shows it. `ordered`: one after the other, none before the one before has arrived.
    `after`: begin behind this position of the feed; unset, with what happens next."""

    url: Url
    events: Annotated[list[TopicPattern], Meta(min_length=1, max_length=50)] = field(
        default_factory=lambda: ["*"]
    )
    payload: Literal["thin", "full"] = "thin"
    ordered: bool = False
    description: Annotated[str, Meta(max_length=200)] = ""
    after: Position | None = None


class RotateBody(Request, kw_only=True):
    """How long the old secret goes on signing beside the new one."""

    overlap_s: Annotated[int, Meta(ge=0, le=OVERLAP_S_MAX)] = OVERLAP_S


class ReplayBody(Request, kw_only=True):
    """Every event behind this position of the feed is sent again (0: from the first)."""

    after: Position


class DeliveriesQuery(Request, kw_only=True):
    state: Annotated[
        Literal["open", "delivered", "failed"] | None, Meta(description="Only those.")
    ] = None
    before: Annotated[Position | None, Meta(description="Only of events before this position.")] = (
        None
    )
    limit: Annotated[int, Meta(ge=1, le=200, description="At most so many.")] = 50


class EndpointReply(Reply, kw_only=True):
    """`position`: how far in the feed deliveries have been made out. `status`: `enabled`, or
    `disabled` with the reason. `failing_since`: since when no attempt has succeeded."""

    endpoint_id: str
    url: str
    events: list[str]
    payload: Literal["thin", "full"]
    ordered: bool
    description: str
    status: Literal["enabled", "disabled"]
    position: int
    created_at: str
    failing_since: str | None
    disabled_at: str | None
    disabled_because: str | None


class EndpointSecretReply(EndpointReply, kw_only=True):
    """With the secret that signs from now on: it is shown this once."""

    secret: str


class EndpointsReply(Reply, kw_only=True):
    endpoints: list[EndpointReply]


class AttemptReply(Reply, kw_only=True):
    """One try: the receiver's status and how its answer began, or in a word why there was none
    (`timeout`, `unreachable`, `tls`, `refused_address`, `no_answer`, `bad_url`,
    `not_sent`)."""

    at: str
    status: int | None
    error: str | None
    duration_ms: int
    answer: str


class DeliveryReply(Reply, kw_only=True):
    """An event on its way. `event_id` is the `webhook-id` it is sent under. `due`: when it is tried
    next; null when it is not."""

    delivery_id: str
    event_id: str
    position: int | None
    topic: str
    trip_id: str | None
    state: Literal["open", "delivered", "failed"]
    due: str | None
    attempts: list[AttemptReply]


class DeliveriesReply(Reply, kw_only=True):
    deliveries: list[DeliveryReply]


def endpoint_fields(endpoint: Endpoint) -> dict[str, Any]:
    def maybe(at: Any) -> str | None:
        return moment(at) if at is not None else None

    return {
        "endpoint_id": endpoint.endpoint_id,
        "url": endpoint.url,
        "events": list(endpoint.topics),
        "payload": endpoint.payload,
        "ordered": endpoint.ordered,
        "description": endpoint.description,
        "status": "enabled" if endpoint.disabled_at is None else "disabled",
        "position": endpoint.position,
        "created_at": moment(endpoint.created_at),
        "failing_since": maybe(endpoint.failing_since),
        "disabled_at": maybe(endpoint.disabled_at),
        "disabled_because": endpoint.disabled_because,
    }


def endpoint_reply(endpoint: Endpoint) -> EndpointReply:
    return EndpointReply(**endpoint_fields(endpoint))


def secret_reply(endpoint: Endpoint, secret: str) -> EndpointSecretReply:
    return EndpointSecretReply(**endpoint_fields(endpoint), secret=secret)


def delivery_reply(delivery: Delivery, attempts: Sequence[Attempt] = ()) -> DeliveryReply:
    return DeliveryReply(
        delivery_id=delivery.delivery_id,
        event_id=delivery.event_id,
        position=delivery.position,
        topic=delivery.topic,
        trip_id=delivery.trip_id,
        state=delivery.state,
        due=moment(delivery.due) if delivery.state == "open" else None,
        attempts=[attempt_reply(each) for each in attempts],
    )


def attempt_reply(attempt: Attempt) -> AttemptReply:
    return AttemptReply(
        at=moment(attempt.at),
        status=attempt.status,
        error=attempt.error,
        duration_ms=attempt.duration_ms,
        answer=attempt.answer,
    )
