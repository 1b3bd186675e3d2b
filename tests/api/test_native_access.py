"""Between tenants: what one has found or made is nothing the other can use or read."""

from __future__ import annotations

from tests.api.native import Native


async def test_another_tenant_cannot_use_our_offers(native: Native) -> None:
    offer = await native.world.find_flight()
    theirs = await native.call("POST", "/v1/trips", key=native.world.other_key)

    refusal = await native.code(
        "POST",
        f"/v1/trips/{theirs['trip_id']}/items",
        {"offer_id": offer["offer_id"]},
        key=native.world.other_key,
    )

    assert refusal == "404 offer_not_found"


async def test_another_tenants_feed_holds_only_theirs(native: Native) -> None:
    mine = (await native.call("POST", "/v1/trips", key=native.world.other_key))["trip_id"]

    page = await native.call("GET", "/v1/events?limit=500", key=native.world.other_key)

    service = native.world.service
    tenants = {
        recorded.cause.tenant
        for event in page["events"]
        for recorded in await service.log.read_trip(event["trip_id"])
    }
    assert mine in {event["trip_id"] for event in page["events"]}
    assert tenants == {"theirs"}
