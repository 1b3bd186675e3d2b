"""What tenants are told by webhook: every attempt is seen, and one is sent again for a reason."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.console.conftest import SignIn
from tests.console.operating import Console
from tests.outbound.receiving import receiving, status
from tests.scenarios.world import World

HERE = "/console/deliveries"
ENDPOINTS = "/v1/webhook-endpoints"


async def arrived(world: World, endpoint: Any, state: str, attempts: int) -> Any:
    """The endpoint's one delivery, as soon as it stands so."""
    path = f"{ENDPOINTS}/{endpoint['endpoint_id']}/deliveries"
    async with asyncio.timeout(60):
        while True:
            found = (await world.call("GET", path))["deliveries"]
            if [(e["state"], len(e["attempts"])) for e in found] == [(state, attempts)]:
                return found[0]
            await world.service.log.changed(0.05)


async def test_every_attempt_is_seen_and_a_delivery_is_sent_again(
    world: World, console: Console, sign_in: SignIn
) -> None:
    assert "No tenant is told anything." in (await console.sees(HERE)).text
    assert "Tenants told nothing" in (await console.sees("/console")).text
    async with receiving() as receiver:
        receiver.answers = [status(400, "not today")]
        endpoint = await world.call(
            "POST", ENDPOINTS, {"url": receiver.url, "events": ["trip.started.v1"]}
        )
        trip_id = await world.build(await world.find_flight())
        told = await arrived(world, endpoint, "open", 1)
        page = await console.sees(HERE)
        action = f"{HERE}/{endpoint['endpoint_id']}/{told['delivery_id']}"
        other = await sign_in("theirs", frozenset({"ops:read", "ops:write"}))

        assert f"Sent to {receiver.url}" in page.text
        assert "1 attempt, the last: 400" in page.text
        assert "not today" in page.text
        assert trip_id in page.html
        today = (await console.sees("/console")).text
        assert "1 webhook endpoint , 1 event on the way, 1 failing" in today
        assert "Tenants told nothing" in (await other.sees("/console")).text
        assert 409 == (await console.tries(HERE, action, reason=" ")).status
        assert receiver.url not in (await other.sees(HERE)).html
        assert 404 == (await other.open(f"{HERE}?endpoint={endpoint['endpoint_id']}")).status

        assert 303 == (await console.tries(HERE, action, reason="They have mended it")).status
        await arrived(world, endpoint, "delivered", 2)

        assert "1 webhook endpoint , 0 events on the way" in (await console.sees("/console")).text
        assert ["trip.started.v1"] * 2 == receiver.topics
        assert 1 == len({got.message_id for got in receiver.got})
        shown = await console.sees(f"{HERE}?endpoint={endpoint['endpoint_id']}&state=delivered")
        assert "2 attempts, the last: 204" in shown.text
        audit = (await console.sees("/console/audit")).text
        assert f"sent a delivery again delivery {told['delivery_id']}" in audit
        assert "They have mended it" in audit
