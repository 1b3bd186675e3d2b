"""What the service may do in its database when it is not the owner of it: everything but change
or remove what was recorded, or add to it by any way but the append."""

from __future__ import annotations

import re

import asyncpg

ROLE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")

# Only read: events are written by `tripledger.append`, which runs with its owner's rights.
READ_ONLY = ("trip_events", "log_head", "migrations")
APPEND_ONLY = ("operator_acts",)

TABLES = """
SELECT c.relname AS name, c.relkind = 'v' OR c.relname = ANY($1) AS read_only
FROM pg_class c WHERE c.relnamespace = 'tripledger'::regnamespace AND c.relkind IN ('r', 'v')
ORDER BY c.relname
"""


class RoleRefused(ValueError):
    """The role cannot be the one the service runs under."""


async def grant_runtime_role(url: str, role: str) -> bool:
    """Give the role what the service needs and take everything else of ours; may be repeated.
    Answers whether the role was made now (it can log in, and has no password yet)."""
    if not ROLE_NAME.fullmatch(role):
        raise RoleRefused("a role's name is made of a-z, 0-9 and _, and begins with no digit")
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            made = await make(connection, role)
            for statement in await grants(connection, role):
                await connection.execute(statement)
            return made
    finally:
        await connection.close()


async def make(connection: asyncpg.Connection, role: str) -> bool:
    known = await connection.fetchrow("SELECT rolsuper FROM pg_roles WHERE rolname = $1", role)
    if known is None:
        await connection.execute(f"CREATE ROLE {role} LOGIN")
        return True
    owner = await connection.fetchval(
        "SELECT pg_has_role($1, relowner, 'MEMBER') FROM pg_class"
        " WHERE oid = 'tripledger.trip_events'::regclass",
        role,
    )
    if known["rolsuper"] or owner:
        raise RoleRefused(f"{role} owns the log or is a superuser: no grant could hold it back")
    return False


async def grants(connection: asyncpg.Connection, role: str) -> list[str]:
    statements = [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA tripledger FROM {role}",
        f"GRANT USAGE ON SCHEMA tripledger TO {role}",
        f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tripledger TO {role}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA tripledger TO {role}",
    ]
    for table in await connection.fetch(TABLES, list(READ_ONLY)):
        rights = "SELECT" if table["read_only"] else "SELECT, INSERT, UPDATE, DELETE"
        if table["name"] in APPEND_ONLY:
            rights = "SELECT, INSERT"
        statements.append(f"GRANT {rights} ON tripledger.{table['name']} TO {role}")
    return statements
