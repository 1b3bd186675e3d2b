"""`tripledger keys …`: who may call the API."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Literal

from cyclopts import App

from adapters.api_keys import SCOPES, ApiKey, ApiKeys, PostgresApiKeyRows, new_key_id
from service.cli.numbers import Days, Hours
from service.cli.opening import book_in, cause, database
from service.cli.output import NOT_FOUND, OK, USAGE, answer, people, print_json, print_table, stop
from service.settings import Settings

app = App(name="keys", help="API keys: create, list, rotate, revoke.")


@app.command
def create(
    *,
    tenant: str | None = None,
    name: str = "",
    scope: list[str] | None = None,
    mode: Literal["test", "live"] | None = None,
    days: Days | None = None,
    json: bool = False,
) -> int:
    """Make a key and print it: it cannot be shown again.

    Parameters
    ----------
    scope
        What the key may do; repeat for several. Unset: everything a frontend needs.
    mode
        Keys open only a service of their mode; unset: that of the settings' Stripe key.
    days
        How many days the key lives; unset: until it is revoked.
    """
    scopes = frozenset(scope or ("trips:read", "trips:write", "payments:write"))
    if unknown := sorted(scopes - SCOPES.keys()):
        stop(USAGE, f"Unknown scopes {', '.join(unknown)}; there are {', '.join(SCOPES)}.")
    settings = Settings.load()
    owner = tenant or settings.default_tenant
    opens, now = mode or settings.mode, datetime.now(UTC)
    expires_at = now + timedelta(days=days) if days is not None else None

    async def work() -> tuple[str, str]:
        async with database() as opened:
            keys, key_id = ApiKeys(PostgresApiKeyRows(opened)), new_key_id()
            about = f"key {key_id}, {opens}: {' '.join(sorted(scopes))}"
            await book_in(opened).write("made an API key", cause(), tenant=owner, subject=about)
            text, _ = await keys.create(
                owner, opens, scopes, now, name=name, expires_at=expires_at, key_id=key_id
            )
            return text, key_id

    text, key_id = asyncio.run(work())
    if json:
        print_json({"key": text, "key_id": key_id, "tenant": owner, "scopes": sorted(scopes)})
    else:
        people.print(text, soft_wrap=True)
        people.print(f"Keep it safe: only its hash is stored. Id {key_id}, tenant {owner}.")
    return OK


@app.command(name="list")
def list_keys(*, tenant: str | None = None, json: bool = False) -> int:
    """Every key, without its secret."""

    async def work() -> list[dict[str, object]]:
        async with database() as opened:
            listed = await ApiKeys(PostgresApiKeyRows(opened)).listed(tenant)
        return [
            {
                "key_id": key.key_id,
                "mode": key.mode,
                "tenant": key.tenant,
                "name": key.name,
                "scopes": " ".join(sorted(key.scopes)),
                "created_at": key.created_at,
                "expires_at": key.expires_at,
                "revoked_at": key.revoked_at,
                "last_used_at": key.last_used_at,
            }
            for key in listed
        ]

    rows = asyncio.run(work())
    print_json(rows) if json else print_table("API keys", rows)
    return OK


@app.command
def rotate(key_id: str, *, overlap_hours: Hours = 24, json: bool = False) -> int:
    """Make a key to take another's place, and print it: it cannot be shown again.

    Parameters
    ----------
    overlap_hours
        How long the old key goes on opening doors, so that callers can change over.
    """

    async def work() -> tuple[str, ApiKey] | None:
        async with database() as opened:
            keys, new_id = ApiKeys(PostgresApiKeyRows(opened)), new_key_id()
            if (old := await keys.usable(key_id, datetime.now(UTC))) is None:
                return None
            about = f"key {key_id}, by key {new_id}"
            await book_in(opened).write(
                "replaced an API key", cause(), tenant=old.tenant, subject=about
            )
            overlap = timedelta(hours=overlap_hours)
            return await keys.rotate(key_id, datetime.now(UTC), overlap, new_id)

    made = asyncio.run(work())
    if made is None:
        stop(NOT_FOUND, f"There is no usable key {key_id}.")
    text, key = made
    if json:
        print_json({"key": text, "key_id": key.key_id, "tenant": key.tenant, "replaces": key_id})
    else:
        people.print(text, soft_wrap=True)
        people.print(f"Id {key.key_id}. Key {key_id} is good for {overlap_hours} more hours.")
    return OK


@app.command
def revoke(key_id: str, *, json: bool = False) -> int:
    """Let a key open nothing from now on."""

    async def work() -> bool:
        async with database() as opened:
            keys, now = ApiKeys(PostgresApiKeyRows(opened)), datetime.now(UTC)
            if (key := await keys.known(key_id)) is None or key.revoked_at is not None:
                return False
            about = f"key {key_id}"
            await book_in(opened).write(
                "revoked an API key", cause(), tenant=key.tenant, subject=about
            )
            return await keys.revoke(key_id, now)

    if not asyncio.run(work()):
        stop(NOT_FOUND, f"There is no key {key_id} to revoke.")
    answer({"key_id": key_id, "revoked": True}, f"Key {key_id} is revoked.", json=json)
    return OK
