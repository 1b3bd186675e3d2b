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
from service.cli.output import OK, USAGE, people, print_json, print_table
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
def migrate(*, show: Annotated[bool, Parameter(name="--plan")] = False) -> int:
    """Bring the database to this version's schema; --plan only says what would be done."""
    return asyncio.run(run_migrations(Settings.load(), show=show))


async def run_migrations(settings: Settings, *, show: bool) -> int:
    url = plain_url(settings)
    if url is None:
        async with embedded_postgres(settings.data_dir / "postgres") as embedded:
            return await run_on(embedded, show=show)
    return await run_on(url, show=show)


async def run_on(url: str, *, show: bool) -> int:
    migrations = await (plan(url) if show else apply_migrations(url))
    word = "to apply" if show else "applied"
    if not migrations:
        people.print("The schema is up to date.")
    for migration in migrations:
        people.print(f"{migration.number:04} {migration.name} {word}")
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
