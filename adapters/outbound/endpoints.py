"""Where tenants want to be told, as data: one row an endpoint, its secrets sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from adapters.database import Database, as_uuid, rows_touched

Payload = Literal["thin", "full"]

ENDPOINTS_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A secret, sealed; good until `until` (None: until another takes its place)."""

    secret_id: str
    sealed: str
    until: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Somewhere a tenant is told. `topics` are topics of events, with `*` for any rest; `position`
    is how far in the log its deliveries have been made out; `failures` counts attempts that failed
    one after the other, which made it rest, or disabled it."""

    endpoint_id: str
    tenant: str
    url: str
    description: str
    payload: Payload
    topics: tuple[str, ...]
    ordered: bool
    secrets: tuple[Secret, ...]
    position: int
    created_at: datetime
    failures: int = 0
    failing_since: datetime | None = None
    rest_until: datetime | None = None
    disabled_at: datetime | None = None
    disabled_because: str | None = None


COLUMNS = """endpoint_id, tenant, url, description, payload, topics, ordered, secrets, position,
    created_at, failures, failing_since, rest_until, disabled_at, disabled_because"""

# Two registrations at once may pass the limit by one, which harms nobody.
ADD = """
INSERT INTO tripledger.webhook_endpoints (
    endpoint_id, tenant, url, description, payload, topics, ordered, secrets, position, created_at
)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
WHERE (SELECT count(*) FROM tripledger.webhook_endpoints WHERE tenant = $2) < $11
ON CONFLICT DO NOTHING
"""

ENABLE = """
WITH enabled AS (
    UPDATE tripledger.webhook_endpoints
    SET disabled_at = NULL, disabled_because = NULL, failures = 0, failing_since = NULL,
        rest_until = NULL
    WHERE endpoint_id = $1 AND disabled_at IS NOT NULL
    RETURNING endpoint_id
)
UPDATE tripledger.webhook_deliveries d
SET attempts = 0, due = $2, lease = NULL, lease_until = NULL
FROM enabled e WHERE d.endpoint_id = e.endpoint_id AND d.state = 'open'
"""


class PostgresEndpoints:
    """Endpoints by their ids and tenants; a tenant of None stands for all of them."""

    def __init__(self, database: Database) -> None:
        self.pool = database.pool
        self.hints = database.hints

    async def add(self, new: Endpoint) -> bool:
        """False: it is there already, or the tenant has as many as it may."""
        status = await self.pool.execute(
            ADD,
            new.endpoint_id,
            new.tenant,
            new.url,
            new.description,
            new.payload,
            list(new.topics),
            new.ordered,
            [stored(secret) for secret in new.secrets],
            new.position,
            new.created_at,
            ENDPOINTS_MAX,
        )
        self.hints.tell_of_events()
        return rows_touched(status) == 1

    async def get(self, endpoint_id: str, tenant: str | None) -> Endpoint | None:
        row = await self.pool.fetchrow(
            f"SELECT {COLUMNS} FROM tripledger.webhook_endpoints"
            " WHERE endpoint_id = $1 AND ($2::text IS NULL OR tenant = $2)",
            as_uuid(endpoint_id),
            tenant,
        )
        return endpoint_of(row) if row else None

    async def listed(self, tenant: str | None) -> Sequence[Endpoint]:
        rows = await self.pool.fetch(
            f"SELECT {COLUMNS} FROM tripledger.webhook_endpoints"
            " WHERE ($1::text IS NULL OR tenant = $1) ORDER BY tenant, created_at, endpoint_id",
            tenant,
        )
        return [endpoint_of(row) for row in rows]

    async def remove(self, endpoint_id: str) -> None:
        """With everything that was, or would have been, delivered there."""
        await self.pool.execute(
            "DELETE FROM tripledger.webhook_endpoints WHERE endpoint_id = $1", as_uuid(endpoint_id)
        )

    async def replace_secrets(
        self, endpoint_id: str, old: Sequence[Secret], new: Sequence[Secret]
    ) -> bool:
        """False: somebody else has replaced them first."""
        status = await self.pool.execute(
            "UPDATE tripledger.webhook_endpoints SET secrets = $3"
            " WHERE endpoint_id = $1 AND secrets = $2",
            as_uuid(endpoint_id),
            [stored(secret) for secret in old],
            [stored(secret) for secret in new],
        )
        return rows_touched(status) == 1

    async def enable(self, endpoint_id: str, now: datetime) -> None:
        """Tell it again, from where it stood still."""
        await self.pool.execute(ENABLE, as_uuid(endpoint_id), now)
        self.hints.tell_of_events()
        self.hints.tell_of_work()

    async def rewind(self, endpoint_id: str, after: int) -> int:
        """Make out its deliveries again from behind a position, which is never one ahead of where
        it is; answers that position."""
        position: int = await self.pool.fetchval(
            "UPDATE tripledger.webhook_endpoints SET position = least(position, $2)"
            " WHERE endpoint_id = $1 RETURNING position",
            as_uuid(endpoint_id),
            after,
        )
        self.hints.tell_of_events()
        return position


def stored(secret: Secret) -> dict[str, Any]:
    until = secret.until.isoformat() if secret.until else None
    return {"secret_id": secret.secret_id, "sealed": secret.sealed, "until": until}


def secret_of(facts: dict[str, Any]) -> Secret:
    until = datetime.fromisoformat(facts["until"]) if facts["until"] else None
    return Secret(secret_id=facts["secret_id"], sealed=facts["sealed"], until=until)


def endpoint_of(row: Mapping[str, Any]) -> Endpoint:
    facts = dict(row)
    return Endpoint(
        **facts
        | {
            "endpoint_id": str(facts["endpoint_id"]),
            "topics": tuple(facts["topics"]),
            "secrets": tuple(secret_of(each) for each in facts["secrets"]),
        }
    )
