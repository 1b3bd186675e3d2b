"""`tripledger webhooks …`: where tenants are told of what happens in their trips."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar

from cyclopts import App

from adapters.outbound.deliveries import Attempt, Delivery, DeliveryState
from adapters.outbound.endpoints import Endpoint, Payload
from service.app import assembled
from service.cli.numbers import Hours, Limit, Position
from service.cli.opening import cause, database
from service.cli.output import OK, people, print_json, print_table
from service.handle import new_id
from service.outbound.desk import WebhookDesk, Wish
from service.settings import Settings

app = App(name="webhooks", help="Tenants' webhook endpoints, and what became of what was sent.")

T = TypeVar("T")
LISTED = ("endpoint_id", "tenant", "url", "events", "status", "position")


@asynccontextmanager
async def opened_desk() -> AsyncIterator[WebhookDesk]:
    async with database() as opened, assembled(Settings.load(), opened) as service:
        assert service.outbound is not None, "there is a database"
        yield service.outbound.desk


def done(work: Callable[[WebhookDesk], Awaitable[T]]) -> T:
    async def run() -> T:
        async with opened_desk() as desk:
            return await work(desk)

    return asyncio.run(run())


@app.command(name="list")
def list_endpoints(*, tenant: str | None = None, json: bool = False) -> int:
    """Every endpoint, of one tenant or of all."""
    rows = [shown(each) for each in done(lambda desk: desk.listed(tenant))]
    if json:
        print_json(rows)
    else:
        print_table("Endpoints", [{name: row[name] for name in LISTED} for row in rows])
    return OK


@app.command
def add(
    url: str,
    *,
    tenant: str | None = None,
    event: list[str] | None = None,
    payload: Payload = "thin",
    ordered: bool = False,
    after: Position | None = None,
    description: str = "",
    json: bool = False,
) -> int:
    """Tell a tenant at an https URL, and print the secret: it cannot be shown again.

    Parameters
    ----------
    event
        Topics to tell of, such as `booking.*`; repeat for several. Unset: everything.
    payload
        `thin` tells what happened where, `full` the whole event.
    ordered
        One after the other, none before the one before has arrived.
    after
        Begin behind this position of the log; unset: with what happens next.
    """
    wish = Wish(
        url=url,
        topics=tuple(event or ("*",)),
        payload=payload,
        ordered=ordered,
        description=description,
        after=after,
    )
    owner = tenant or Settings.load().default_tenant
    endpoint, secret = done(lambda desk: desk.register(new_id(), owner, wish, cause()))
    return with_secret(endpoint, secret, json=json)


@app.command
def rotate(endpoint_id: str, *, overlap_hours: Hours = 24, json: bool = False) -> int:
    """Sign with a new secret, and print it: it cannot be shown again.

    Parameters
    ----------
    overlap_hours
        How long the old secret signs beside it, so that the receiver can change over.
    """
    overlap = timedelta(hours=overlap_hours)
    made = done(lambda desk: desk.rotate(endpoint_id, cause(), new_id(), overlap))
    return with_secret(*made, json=json)


@app.command
def show(endpoint_id: str, *, json: bool = False) -> int:
    """One endpoint, and how it does."""
    return one(done(lambda desk: desk.get(endpoint_id, None)), json=json)


@app.command
def remove(endpoint_id: str, *, json: bool = False) -> int:
    """Tell nothing there any more; what was sent there is thrown away."""
    return one(done(lambda desk: desk.remove(endpoint_id, cause())), json=json)


@app.command
def enable(endpoint_id: str, *, json: bool = False) -> int:
    """Tell a disabled endpoint again: it goes on where it stood still."""
    return one(done(lambda desk: desk.enable(endpoint_id, cause())), json=json)


@app.command
def replay(endpoint_id: str, *, after: Position, json: bool = False) -> int:
    """Send everything behind a position of the log again, under the ids it had."""
    return one(done(lambda desk: desk.replay(endpoint_id, cause(), after)), json=json)


@app.command(name="test")
def send_test(endpoint_id: str, *, json: bool = False) -> int:
    """Send an event that tells of nothing; a worker does it."""
    return sent(done(lambda desk: desk.test(endpoint_id, cause(), new_id())), json=json)


@app.command
def resend(endpoint_id: str, delivery_id: str, *, json: bool = False) -> int:
    """Send one event again; a worker does it."""
    return sent(done(lambda desk: desk.resend(endpoint_id, cause(), delivery_id)), json=json)


@app.command
def deliveries(
    endpoint_id: str, *, state: DeliveryState | None = None, limit: Limit = 50, json: bool = False
) -> int:
    """What was sent, the newest first, and what was answered."""
    found = done(lambda desk: desk.deliveries_of(endpoint_id, None, state=state, limit=limit))
    if json:
        print_json([{"delivery": each, "attempts": attempts} for each, attempts in found])
    else:
        print_table("Deliveries", [in_a_line(*each) for each in found])
    return OK


def with_secret(endpoint: Endpoint, secret: str, *, json: bool) -> int:
    if json:
        print_json(shown(endpoint) | {"secret": secret})
    else:
        people.print(secret, soft_wrap=True)
        people.print(f"Keep it safe: it is not shown again. Endpoint {endpoint.endpoint_id}.")
    return OK


def one(endpoint: Endpoint, *, json: bool) -> int:
    row = shown(endpoint)
    if json:
        print_json(row)
    else:
        title = f"Endpoint {endpoint.endpoint_id}"
        print_table(title, [{"what": name, "is": value} for name, value in row.items()])
    return OK


def sent(delivery: Delivery, *, json: bool) -> int:
    if json:
        print_json(delivery)
    else:
        people.print(f"Delivery {delivery.delivery_id} is on its way.")
    return OK


def shown(endpoint: Endpoint) -> dict[str, Any]:
    """Without secrets."""
    return {
        "endpoint_id": endpoint.endpoint_id,
        "tenant": endpoint.tenant,
        "url": endpoint.url,
        "description": endpoint.description,
        "events": " ".join(endpoint.topics),
        "payload": endpoint.payload,
        "ordered": endpoint.ordered,
        "status": "enabled" if endpoint.disabled_at is None else "disabled",
        "disabled_because": endpoint.disabled_because,
        "position": endpoint.position,
        "failing_since": endpoint.failing_since,
        "created_at": endpoint.created_at,
    }


def in_a_line(delivery: Delivery, attempts: Sequence[Attempt]) -> dict[str, Any]:
    last = attempts[-1] if attempts else None
    return {
        "delivery_id": delivery.delivery_id,
        "topic": delivery.topic,
        "position": delivery.position,
        "state": delivery.state,
        "attempts": len(attempts),
        "last": (last.status or last.error) if last else None,
        "ms": last.duration_ms if last else None,
        "due": delivery.due if delivery.state == "open" else None,
    }
