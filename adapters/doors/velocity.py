"""How often a payment may be begun: for one trip, and for all of a tenant's. Whoever tries stolen
cards, or holds inventory for sport, needs many tries; a traveller needs few. Asking for what is
open already is no new try."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from adapters.doors.rate_limits import Buckets, Rate
from domain.errors import Refused


class Velocity:
    """None: no limit."""

    def __init__(self, buckets: Buckets, *, trip: Rate | None, tenant: Rate | None) -> None:
        self.buckets = buckets
        self.trip = trip
        self.tenant = tenant

    async def ensure(self, trip_id: str, tenant: str | None) -> None:
        """Raises Refused `rate_limited` when there were as many tries as there may be."""
        for bucket, rate in self.limits(trip_id, tenant):
            found = await self.buckets.take(bucket, 0, rate)
            if found.remaining == 0:
                raise Refused(
                    "rate_limited",
                    "Payments were begun too often in a short time; what is open stays as it is.",
                    retry_after_s=max(1, ceil(found.wait_s)),
                )

    async def count(self, trip_id: str, tenant: str | None) -> None:
        """One try was begun."""
        for bucket, rate in self.limits(trip_id, tenant):
            await self.buckets.take(bucket, 1, rate)

    def limits(self, trip_id: str, tenant: str | None) -> Iterator[tuple[str, Rate]]:
        if self.tenant is not None:
            yield f"payments {tenant}", self.tenant
        if self.trip is not None:
            yield f"payments {tenant} {trip_id}", self.trip
