"""What endpoints are not made, and what they cannot be asked for; nothing is kept of it."""

from __future__ import annotations

from pathlib import Path

from adapters.outbound.deliveries import OPEN_MANY
from adapters.outbound.endpoints import ENDPOINTS_MAX
from tests.outbound.receiving import Receiver
from tests.outbound.test_telling import ENDPOINTS, registered
from tests.scenarios.world import World, raised_world

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


async def test_of_what_is_not_taken_a_bounded_part_is_made_out(
    database_url: str, tmp_path: Path, receiver: Receiver
) -> None:
    """The log is the queue: the rest follows when there is room."""
    async with raised_world(database_url, tmp_path, roles=("api",)) as world:
        endpoint_id = (await registered(world, receiver))["endpoint_id"]
        await world.call("POST", "/v1/trips")
        assert world.service.outbound is not None
        deliveries = world.service.outbound.deliveries
        at_first = await deliveries.behind()
        await deliveries.pool.execute(WAITING, endpoint_id, OPEN_MANY)
        full = await deliveries.behind()
        await deliveries.pool.execute(ONE_ARRIVES)
        again = await deliveries.behind()

    assert ([endpoint_id], [], [endpoint_id]) == (at_first, full, again)


WAITING = """
INSERT INTO tripledger.webhook_deliveries
    (endpoint_id, position, event_id, topic, happened_at, due)
SELECT $1::uuid, -n, gen_random_uuid(), 'trip.started.v1', now(), now()
FROM generate_series(1, $2::int) n
"""
ONE_ARRIVES = """
UPDATE tripledger.webhook_deliveries SET state = 'delivered', finished_at = now()
WHERE position = -1
"""
