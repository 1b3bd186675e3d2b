"""Telling a tenant once more of something that happened in one trip, under the id it had."""

from __future__ import annotations

from datetime import datetime

from adapters.database import Database, as_uuid

# Endpoints that have come to the event and ask for such. What they have not come to, they will be
# told anyway.
WANTED = """
FROM tripledger.trip_events e JOIN tripledger.webhook_endpoints w ON w.tenant = e.tenant
WHERE e.trip_id = $1 AND e.topic = $2 AND e.notification_id <= w.position
    AND w.disabled_at IS NULL
    AND e.topic LIKE ANY (SELECT replace(pattern, '*', '%') FROM unnest(w.topics) pattern)
"""

LISTENERS = f"SELECT count(DISTINCT w.endpoint_id) {WANTED}"

TELL = f"""
INSERT INTO tripledger.webhook_deliveries (
    endpoint_id, position, event_id, trip_id, topic, happened_at, due
)
SELECT w.endpoint_id, e.notification_id, e.event_id, e.trip_id, e.topic, e.recorded_at, $3 {WANTED}
ON CONFLICT (endpoint_id, position) DO UPDATE
SET state = 'open', due = excluded.due, attempts = 0, lease = NULL, lease_until = NULL,
    finished_at = NULL
RETURNING endpoint_id
"""


class Retelling:
    """For operators: whoever is told again can see by the id that it is nothing new."""

    def __init__(self, database: Database) -> None:
        self.pool = database.pool
        self.hints = database.hints

    async def listeners(self, trip_id: str, topic: str) -> int:
        """How many endpoints would be told."""
        return int(await self.pool.fetchval(LISTENERS, as_uuid(trip_id), topic))

    async def tell(self, trip_id: str, topic: str, now: datetime) -> int:
        """Make out the deliveries anew; answers to how many endpoints."""
        rows = await self.pool.fetch(TELL, as_uuid(trip_id), topic, now)
        self.hints.tell_of_work()
        return len({row["endpoint_id"] for row in rows})
