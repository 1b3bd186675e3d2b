"""Commands that run something: the service, the demo, the sandboxes, migrations; and documents."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from adapters.embedded_postgres import embedded_postgres
from adapters.migrate import migrate as apply_migrations
from adapters.migrate import plan
from adapters.runtime_role import RoleRefused, grant_runtime_role
from service.cli.output import OK, USAGE, people, print_json, print_table, stop
from service.serving import ROLES, Role, plain_url
from service.serving import serve as serve_roles
from service.settings import Settings
from service.telemetry import configure_logging

app = App()


@app.command
def serve(*, role: Annotated[list[Role] | None, Parameter(help="all, unless named")] = None) -> int:
    """Run the service: the API, the worker and the projections, or the roles named."""
    import uvloop

    settings = Settings.load()
    settings.check_safe()
    configure_logging(settings.log_level, sys.stderr)
    roles = tuple(role) if role else ROLES
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve_roles(settings, roles))
    return OK


@app.command
def demo(*, once: bool = False) -> int:
    """Start everything in a sandbox, book a trip end to end telling the story, keep serving.

    Parameters
    ----------
    once
        Stop after the story; the exit code tells whether every step came true.
    """
    from service.demo.play import play

    settings = Settings.load()
    configure_logging("error", sys.stderr)
    return asyncio.run(play(settings, Console(highlight=False), once=once))


@app.command
def sandbox() -> int:
    """Run the Stripe and Duffel sandboxes alone and print the settings that point at them."""
    from service.demo.sandboxes import run_sandboxes

    return asyncio.run(run_sandboxes(Settings.load(), people))


@app.command
def migrate(
    *,
    show: Annotated[bool, Parameter(name="--plan")] = False,
    runtime_role: str | None = None,
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
        return asyncio.run(run_migrations(Settings.load(), show=show, role=runtime_role))
    except RoleRefused as refused:
        stop(USAGE, str(refused))


async def run_migrations(settings: Settings, *, show: bool, role: str | None) -> int:
    url = plain_url(settings)
    if url is None:
        async with embedded_postgres(settings.data_dir / "postgres") as embedded:
            return await run_on(embedded, show=show, role=role)
    return await run_on(url, show=show, role=role)


async def run_on(url: str, *, show: bool, role: str | None) -> int:
    migrations = await (plan(url) if show else apply_migrations(url))
    word = "to apply" if show else "applied"
    if not migrations:
        people.print("The schema is up to date.")
    for migration in migrations:
        people.print(f"{migration.number:04} {migration.name} {word}")
    if role is not None and not show:
        made = await grant_runtime_role(url, role)
        people.print(f"{role} may run the service" + (": give it a password." if made else "."))
    return OK


@app.command
def openapi() -> int:
    """Print the OpenAPI 3.1 document of the HTTP API."""
    from service.http.routes import document

    print_json(document(Settings.load()))
    return OK


@app.command
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
    return USAGE if settings.problems() else OK
