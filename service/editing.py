"""Carries out edits of a trip, closing an open checkout first where there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from domain.dossier import Dossier
from domain.errors import Refused
from domain.log import Cause
from domain.process import Command
from domain.trip import commands as c
from service.clock import elapsed_s
from service.handle import Handled, advance_all, ensure_version

if TYPE_CHECKING:
    from service.desk import Desk

# Refusals that pass by themselves: they are waited for instead of bothering the caller.
PASSING = {"checkout_closing", "checkout_in_progress"}


async def edit_all(
    desk: Desk,
    trip_id: str,
    commands: Callable[[datetime], Sequence[Command]],
    cause: Cause,
    version: int | None = None,
) -> Handled:
    """All edits in their order, or none; an open checkout is closed at the provider, and awaited.

    `version` is asked for before anything happens: closing the checkout moves the trip on.
    """
    until = elapsed_s() + desk.wait_s
    if version is not None:
        dossier, _ = await desk.road.read(trip_id, cause.tenant)
        ensure_version(dossier, version)
    while True:
        try:
            return await desk.road.handle_all(trip_id, commands(desk.clock.now()), cause, version)
        except Refused as refusal:
            version = None
            if refusal.code == "checkout_open":
                dossier, _ = await desk.road.read(trip_id, cause.tenant)
                # What is wrong in itself must not cost the customer an open checkout.
                advance_all(commands(desk.clock.now()), as_if_closed(dossier))
                close = c.CloseCheckout(reason="edited", now=desk.clock.now())
                await desk.road.handle(trip_id, close, cause)
            elif refusal.code not in PASSING:
                raise
            await desk.wait(until, refusal)


def as_if_closed(dossier: Dossier) -> Dossier:
    """How the trip would stand without its open checkout."""
    trip = dossier.trip
    if trip is None or trip.checkout is None:
        return dossier
    return replace(dossier, trip=trip.with_checkout(replace(trip.checkout, status="closed")))
