"""What a webhook says: which event happened where, and for who wants it all, the event as the feed
shows it. Of people never more than ids."""

from __future__ import annotations

from typing import Any

import msgspec

from adapters.outbound.deliveries import Claimed, Delivery
from domain.log import UnreadableEvent
from domain.ports import EventLog
from service.http.answers import moment
from service.http.views import event_reply

TEST_TOPIC = "webhook.test.v1"


class Unwritable(Exception):
    """The event cannot be read from the log at present."""


class Payloads:
    """Bodies of deliveries; the same delivery has the same body every time."""

    def __init__(self, log: EventLog, base_url: str) -> None:
        self.log = log
        self.base_url = base_url

    async def body(self, claimed: Claimed) -> bytes:
        """JSON of `type`, `timestamp` and `data`. Raises Unwritable."""
        delivery, endpoint = claimed.delivery, claimed.endpoint
        data = self.thin(delivery)
        if endpoint.payload == "full" and delivery.position is not None:
            data |= await self.full(delivery.position, endpoint.tenant)
        document = {
            "type": delivery.topic,
            "timestamp": moment(delivery.happened_at),
            "data": data,
        }
        return msgspec.json.encode(document)

    def thin(self, delivery: Delivery) -> dict[str, Any]:
        if delivery.trip_id is None:
            return {"event_id": delivery.event_id, "endpoint_id": delivery.endpoint_id}
        return {
            "event_id": delivery.event_id,
            "position": delivery.position,
            "trip_id": delivery.trip_id,
            "url": f"{self.base_url}/v1/trips/{delivery.trip_id}",
        }

    async def full(self, position: int, tenant: str) -> dict[str, Any]:
        try:
            found = await self.log.read_all(position - 1, 1, tenant)
        except UnreadableEvent as error:
            raise Unwritable from error
        if not found or found[0].position != position:
            raise Unwritable
        return {"event": event_reply(found[0])}
