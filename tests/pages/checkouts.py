"""What a story on a page starts with: a trip and the id of its newest checkout."""

from __future__ import annotations

from domain.trip.state import Checkout
from service.settings_rules import SANDBOX_STRIPE_KEY
from tests.scenarios.world import World


async def newest(world: World, trip_id: str) -> Checkout:
    dossier, _ = await world.service.road.read(trip_id)
    assert dossier.trip is not None
    assert dossier.trip.checkout is not None
    return dossier.trip.checkout


async def booked(world: World, trip_id: str, **body: object) -> tuple[str, str]:
    """(id of the checkout, id of its session) of a trip that waits for its payment."""
    await world.book(trip_id, **body)
    checkout = await newest(world, trip_id)
    assert checkout.session_id is not None
    return checkout.checkout_id, checkout.session_id


async def expire_at_stripe(world: World, trip_id: str, session_id: str) -> None:
    """Somebody ends the session at Stripe, while the offers still live."""
    url = f"{world.stripe_url}/v1/checkout/sessions/{session_id}/expire"
    headers = {"Authorization": f"Bearer {SANDBOX_STRIPE_KEY}"}
    async with world.session.post(url, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
    await world.until_status(trip_id, "draft")
