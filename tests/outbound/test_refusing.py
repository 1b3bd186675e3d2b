"""What endpoints are not made, and what they cannot be asked for; nothing is kept of it."""

from __future__ import annotations

from adapters.outbound.endpoints import ENDPOINTS_MAX
from tests.outbound.receiving import Receiver
from tests.outbound.test_telling import ENDPOINTS, registered
from tests.scenarios.world import World

ABSENT = "00000000-0000-4000-8000-000000000000"


async def kept(world: World) -> int:
    return len((await world.call("GET", ENDPOINTS))["endpoints"])


async def test_an_event_that_is_called_by_a_wrong_name_is_refused(
    world: World, receiver: Receiver
) -> None:
    for topics in (["trip.strated.v1"], ["booking.confirmed.v99"], ["*", "trip.no-such.*"]):
        body = {"url": receiver.url, "events": topics}
        status, code, problem = await world.refused("POST", ENDPOINTS, body)

        assert (422, "webhook_events_unknown") == (status, code)
        assert "trip.started.v1" in problem["properties"]["events"]
    assert 0 == await kept(world)


async def test_a_tenant_has_a_bounded_number_of_endpoints(world: World, receiver: Receiver) -> None:
    for _ in range(ENDPOINTS_MAX):
        await registered(world, receiver)

    told = await world.refused("POST", ENDPOINTS, {"url": receiver.url})

    assert (409, "webhook_endpoints_full") == told[:2]
    assert ENDPOINTS_MAX == await kept(world)


async def test_a_delivery_that_is_not_there_is_not_sent_again(
    world: World, receiver: Receiver
) -> None:
    one, another = await registered(world, receiver), await registered(world, receiver)
    test = await world.call("POST", f"{ENDPOINTS}/{one['endpoint_id']}/test")
    await receiver.until(1)

    for endpoint, delivery_id in ((one, ABSENT), (another, test["delivery_id"])):
        path = f"{ENDPOINTS}/{endpoint['endpoint_id']}/deliveries/{delivery_id}/resend"
        told = await world.refused("POST", path)
        assert (404, "webhook_delivery_not_found") == told[:2]
    assert 1 == len(receiver.got)


async def test_a_position_ahead_of_the_log_misses_nothing(world: World, receiver: Receiver) -> None:
    await registered(world, receiver, events=["trip.started.v1"], after=10**12)

    await world.call("POST", "/v1/trips")
    await receiver.until(1)

    assert ["trip.started.v1"] == receiver.topics
