"""People are kept for as long as the operator says after their trip is over, then forgotten as if
they had asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from adapters.vault import PersonKeys
from domain.dossier import Dossier
from domain.errors import Refused
from domain.log import Cause
from domain.suppliers import Offer
from service.people.forgetting import Forgetting

PAGE_PERSONS = 200
ASKED_BY = Cause(tenant=None, actor="worker:retention")


class Retention:
    """A trip is over when nothing has been recorded of it, and nobody has travelled, for `kept`."""

    def __init__(self, keys: PersonKeys, forgetting: Forgetting, kept: timedelta) -> None:
        self.keys = keys
        self.forgetting = forgetting
        self.kept = kept

    async def purge(self, now: datetime) -> int:
        """Answers how many were forgotten. Whoever is still needed is left for another time."""
        count, after, since = 0, "", now - self.kept
        while page := await self.keys.idle_since(since, after, PAGE_PERSONS):
            for person_id in page:
                count += await self.is_forgotten(person_id, since)
            after = page[-1]
        return count

    async def is_forgotten(self, person_id: str, since: datetime) -> bool:
        owner = await self.forgetting.owner(person_id, None)
        dossier, _ = await self.forgetting.road.read(owner.trip_id)
        if travelling_until(dossier) > since:
            return False
        try:
            await self.forgetting.forgotten(person_id, ASKED_BY)
        except Refused:
            return False
        return True


def travelling_until(dossier: Dossier) -> datetime:
    """The end of the last day of anything in the trip."""
    assert dossier.trip is not None, "the road answers trips that exist"
    days = [day for item in dossier.trip.items if (day := last_day(item.offer)) is not None]
    last = max(days, default=None)
    if last is None:
        return datetime.min.replace(tzinfo=UTC)
    return datetime.fromisoformat(last).replace(tzinfo=UTC) + timedelta(days=1)


def last_day(offer: Offer) -> str | None:
    """As ISO 8601 writes it; None: the supplier did not say."""
    if "check_out_date" in offer.details:
        return str(offer.details["check_out_date"])[:10]
    parts = offer.details.get("slices") or []
    landings = [str(segment["arriving_at"])[:10] for part in parts for segment in part["segments"]]
    return max(landings, default=None)
