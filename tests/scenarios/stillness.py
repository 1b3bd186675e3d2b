"""When the world stands still: what is read then does not change by itself any more."""

from __future__ import annotations

import asyncio

from tests.scenarios.world import LOOK_S, SETTLE_S_MAX, World


async def nothing_is_on_its_way(world: World) -> None:
    """What was begun is done, and everybody who is told of it has been told."""
    await world.at_rest()
    await webhooks_have_arrived(world)
    await world.at_rest()
    await everything_is_followed(world)


async def webhooks_have_arrived(world: World) -> None:
    for provider in ("stripe", "duffel"):
        await world.steer(provider, "GET", "/_sandbox/webhooks?settled")


async def everything_is_followed(world: World) -> None:
    """The read models hold what is recorded, and the webhooks to tenants are made out."""
    service = world.service
    newest = await service.log.last_position()
    async with asyncio.timeout(SETTLE_S_MAX):
        for projector in service.projectors:
            while await service.models.checkpoint(projector.name) < newest:
                if "project" in world.roles:
                    await service.log.changed(LOOK_S)
                else:
                    await projector.catch_up()
        if service.outbound is not None and "work" in world.roles:
            while await service.outbound.deliveries.behind():
                await service.log.changed(LOOK_S)
