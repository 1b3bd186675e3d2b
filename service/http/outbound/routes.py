"""A tenant's webhook endpoints: name them, see what became of what was sent, send it again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from service.http.api import Answer, Call, Route
from service.http.decoding import NoQuery
from service.http.outbound.shapes import (
    DeliveriesQuery,
    DeliveriesReply,
    DeliveryReply,
    EndpointBody,
    EndpointReply,
    EndpointSecretReply,
    EndpointsReply,
    ReplayBody,
    RotateBody,
    delivery_reply,
    endpoint_reply,
    secret_reply,
)
from service.http.trips import cause_of
from service.outbound.desk import WebhookDesk, Wish

ALL = "/v1/webhook-endpoints"
ONE = f"{ALL}/{{endpoint_id}}"
TAG = "webhook endpoints"
READS, WRITES = ("ops:read",), ("ops:write",)
ABSENT = "webhook_endpoint_not_found"


def webhook_endpoint_routes(desk: WebhookDesk) -> list[Route]:
    return [*endpoint_routes(desk), *change_routes(desk), *delivery_routes(desk)]


def endpoint_routes(desk: WebhookDesk) -> list[Route]:
    async def register(call: Call[EndpointBody, NoQuery]) -> Answer:
        body = call.body
        wish = Wish(
            url=body.url,
            topics=tuple(dict.fromkeys(body.events)),
            payload=body.payload,
            ordered=body.ordered,
            description=body.description,
            after=body.after,
        )
        made = await desk.register(
            call.new_id("webhook endpoint"), call.caller.tenant, wish, cause_of(call)
        )
        return Answer(body=secret_reply(*made))

    async def listed(call: Call[None, NoQuery]) -> Answer:
        found = await desk.listed(call.caller.tenant)
        return Answer(body=EndpointsReply(endpoints=[endpoint_reply(each) for each in found]))

    async def show(call: Call[None, NoQuery]) -> Answer:
        found = await desk.get(call.path["endpoint_id"], call.caller.tenant)
        return Answer(body=endpoint_reply(found))

    async def remove(call: Call[None, NoQuery]) -> Answer:
        found = await desk.remove(call.path["endpoint_id"], cause_of(call))
        return Answer(body=endpoint_reply(found))

    return [
        Route(
            method="POST",
            path=ALL,
            handler=register,
            summary="Be told of what happens, by webhook",
            description="Every event of the tenant's trips that is asked for is sent to the URL, "
            "signed as Standard Webhooks says. Only https URLs of public addresses are taken. The "
            "answer holds the secret that verifies the signatures; it is shown this once, and "
            "again only to the same request repeated with its Idempotency-Key.",
            tag=TAG,
            body=EndpointBody,
            answer=EndpointSecretReply,
            status=201,
            scopes=WRITES,
            secret=True,
            problems=("webhook_url_refused", "webhook_events_unknown", "webhook_endpoints_full"),
            body_example={"url": "https://hooks.acme.example/trips", "events": ["booking.*"]},
        ),
        Route(
            method="GET",
            path=ALL,
            handler=listed,
            summary="Where the tenant is told",
            tag=TAG,
            answer=EndpointsReply,
            scopes=READS,
        ),
        Route(
            method="GET",
            path=ONE,
            handler=show,
            summary="One webhook endpoint, and how it does",
            tag=TAG,
            answer=EndpointReply,
            scopes=READS,
            problems=(ABSENT,),
        ),
        Route(
            method="DELETE",
            path=ONE,
            handler=remove,
            summary="Be told there no more",
            description="What was sent there, and what would have been, is thrown away.",
            tag=TAG,
            answer=EndpointReply,
            scopes=WRITES,
            problems=(ABSENT,),
        ),
    ]


def change_routes(desk: WebhookDesk) -> list[Route]:
    async def rotate(call: Call[RotateBody, NoQuery]) -> Answer:
        made = await desk.rotate(
            call.path["endpoint_id"],
            cause_of(call),
            call.new_id("webhook secret"),
            timedelta(seconds=call.body.overlap_s),
        )
        return Answer(body=secret_reply(*made))

    async def enable(call: Call[None, NoQuery]) -> Answer:
        found = await desk.enable(call.path["endpoint_id"], cause_of(call))
        return Answer(body=endpoint_reply(found))

    async def replay(call: Call[ReplayBody, NoQuery]) -> Answer:
        found = await desk.replay(call.path["endpoint_id"], cause_of(call), call.body.after)
        return Answer(body=endpoint_reply(found))

    def change(name: str, handler: Any, summary: str, description: str, **how: Any) -> Route:
        return Route(
            method="POST",
            path=f"{ONE}/{name}",
            handler=handler,
            summary=summary,
            description=description,
            tag=TAG,
            scopes=WRITES,
            **how,
        )

    return [
        change(
            "rotate-secret",
            rotate,
            "Sign with a new secret",
            "The old one signs beside it until the overlap is over, so that receivers can change "
            "over. The new one is shown this once.",
            body=RotateBody,
            answer=EndpointSecretReply,
            secret=True,
            problems=(ABSENT,),
        ),
        change(
            "enable",
            enable,
            "Be told again",
            "A disabled endpoint goes on where it stood still: nothing was missed.",
            answer=EndpointReply,
            problems=(ABSENT, "webhook_url_refused"),
        ),
        change(
            "replay",
            replay,
            "Have everything sent again from a position on",
            "Under the same ids as before: receivers that keep the ids they have seen do nothing "
            "twice.",
            body=ReplayBody,
            answer=EndpointReply,
            problems=(ABSENT, "webhook_endpoint_disabled"),
        ),
    ]


def delivery_routes(desk: WebhookDesk) -> list[Route]:
    async def test(call: Call[None, NoQuery]) -> Answer:
        made = await desk.test(
            call.path["endpoint_id"], cause_of(call), call.new_id("webhook test")
        )
        return Answer(body=delivery_reply(made))

    async def listed(call: Call[None, DeliveriesQuery]) -> Answer:
        query = call.query
        found = await desk.deliveries_of(
            call.path["endpoint_id"],
            call.caller.tenant,
            state=query.state,
            before=query.before,
            limit=query.limit,
        )
        return Answer(body=DeliveriesReply(deliveries=[delivery_reply(*each) for each in found]))

    async def resend(call: Call[None, NoQuery]) -> Answer:
        found = await desk.resend(
            call.path["endpoint_id"], cause_of(call), call.path["delivery_id"]
        )
        return Answer(body=delivery_reply(found))

    return [
        Route(
            method="POST",
            path=f"{ONE}/test",
            handler=test,
            summary="Have a test event sent",
            description="It is signed like all others, tells of nothing, and is tried once.",
            tag=TAG,
            answer=DeliveryReply,
            status=202,
            scopes=WRITES,
            problems=(ABSENT, "webhook_endpoint_disabled"),
        ),
        Route(
            method="GET",
            path=f"{ONE}/deliveries",
            handler=listed,
            summary="What was sent, every attempt of it, and what was answered",
            description="The newest first. What has arrived, or was given up, is kept for a month.",
            tag=TAG,
            query=DeliveriesQuery,
            answer=DeliveriesReply,
            scopes=READS,
            problems=(ABSENT,),
        ),
        Route(
            method="POST",
            path=f"{ONE}/deliveries/{{delivery_id}}/resend",
            handler=resend,
            summary="Have one event sent again",
            tag=TAG,
            answer=DeliveryReply,
            status=202,
            scopes=WRITES,
            problems=(ABSENT, "webhook_delivery_not_found", "webhook_endpoint_disabled"),
        ),
    ]
