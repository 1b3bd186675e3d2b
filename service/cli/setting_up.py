"""Commands for what stands before the service runs: its schema, its settings, its contract."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from adapters.database import connect_database
from adapters.embedded_postgres import embedded_postgres
from adapters.migrate import migrate as apply_migrations
from adapters.migrate import plan
from adapters.runtime_role import RoleRefused, grant_runtime_role
from service.cli.opening import book_in, cause
from service.cli.output import OK, USAGE, people, print_json, print_table, stop
from service.settings import Settings
from service.settings_rules import misspelled

BOOK_CONNECTIONS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """What was done, or is to do; `role_made`: the role is new and has no password yet."""

    names: tuple[str, ...]
    applied: bool
    role: str | None = None
    role_made: bool = False


def migrate(
    *,
    show: Annotated[bool, Parameter(name="--plan")] = False,
    runtime_role: str | None = None,
    json: bool = False,
) -> int:
    """Bring the database to this version's schema.

    Parameters
    ----------
    show
        Only say what would be done.
    runtime_role
        A role the service is to run under, made when there is none: it may use everything and
        append to the log, but neither change nor delete what was recorded. Name it each time.
    """
    try:
        done = asyncio.run(run_migrations(Settings.load(), show=show, role=runtime_role))
    except RoleRefused as refused:
        stop(USAGE, str(refused))
    if json:
        print_json(done)
    else:
        say(done)
    return OK


async def run_migrations(settings: Settings, *, show: bool, role: str | None) -> Migrated:
    url = settings.plain_database_url
    if url is None:
        async with embedded_postgres(settings.data_dir / "postgres") as embedded:
            return await run_on(embedded, show=show, role=role)
    return await run_on(url, show=show, role=role)


async def run_on(url: str, *, show: bool, role: str | None) -> Migrated:
    migrations = await (plan(url) if show else apply_migrations(url))
    names = tuple(f"{each.number:04} {each.name}" for each in migrations)
    if show:
        return Migrated(names=names, applied=False)
    made = await grant_runtime_role(url, role) if role is not None else False
    if names or role:
        await written(url, [*span(names), *([f"role {role}"] if role else [])])
    return Migrated(names=names, applied=True, role=role, role_made=made)


async def written(url: str, what: list[str]) -> None:
    """Afterwards, as there may have been no book before."""
    async with connect_database(url, pool_size=BOOK_CONNECTIONS) as opened:
        book = book_in(opened)
        await book.write("migrated the schema", cause(), tenant="", subject=", ".join(what))


def span(names: Sequence[str]) -> list[str]:
    """The first and the last."""
    return [" to ".join(dict.fromkeys((names[0], names[-1])))] if names else []


def say(done: Migrated) -> None:
    word = "applied" if done.applied else "to apply"
    if not done.names:
        people.print("The schema is up to date.")
    for name in done.names:
        people.print(f"{name} {word}")
    if done.role is not None:
        hint = ": give it a password." if done.role_made else "."
        people.print(f"{done.role} may run the service{hint}")


def openapi() -> int:
    """Print the OpenAPI 3.1 document of the HTTP API."""
    from service.http.routes import document

    print_json(document(Settings.load()))
    return OK


def config(*, json: bool = False) -> int:
    """Show every setting, where it comes from and whether it is safe; exit code 2 if not."""
    settings = Settings.load()
    rows = settings.describe()
    if json:
        print_json(rows)
    else:
        print_table(
            "Settings",
            [
                {
                    "variable": row.variable,
                    "value": row.value,
                    "source": row.source,
                    "safe": "yes" if row.safe else "NO",
                    "what": row.description,
                }
                for row in rows
            ],
        )
        for problem in settings.problems():
            people.print(f"[red]{problem}[/]")
        for doubt in misspelled(Settings, os.environ):
            people.print(f"[yellow]{doubt}[/]")
    return USAGE if settings.problems() else OK
