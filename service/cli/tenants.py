"""`tripledger tenants …`: what each tenant has set for itself."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from cyclopts import App

from adapters.doors.tenants import PostgresTenants
from service.cli.opening import book_in, cause, database
from service.cli.output import OK, USAGE, answer, people, print_json, stop
from service.http.redirects import is_origin
from service.settings import Settings

app = App(name="tenants", help="Tenants: where their travellers may be sent back to.")


@app.command(name="set-redirects")
def set_redirects(tenant: str, *origins: str, default: bool = False, json: bool = False) -> int:
    """Let the tenant's travellers be sent back to these origins only, such as
    https://shop.example; none at all sends nobody anywhere.

    Parameters
    ----------
    default
        Go back to the origins of TRIPLEDGER_REDIRECT_ORIGINS.
    """
    if default and origins:
        stop(USAGE, "Name origins, or --default, not both.")
    if wrong := [text for text in origins if not is_origin(text)]:
        stop(USAGE, f"Not an origin (https://host or https://host:port): {', '.join(wrong)}")

    where = "the default" if default else ", ".join(origins) or "nowhere"

    async def work() -> None:
        async with database() as opened:
            await book_in(opened).write(
                "set where travellers may be sent back to", cause(), tenant=tenant, subject=where
            )
            await PostgresTenants(opened).set_redirect_origins(
                tenant, None if default else origins, datetime.now(UTC)
            )

    asyncio.run(work())
    told = {"tenant": tenant, "redirect_origins": None if default else list(origins)}
    answer(told, f"Tenant {tenant}: {where}", json=json)
    return OK


@app.command
def show(tenant: str, *, json: bool = False) -> int:
    """Where the tenant's travellers may be sent back to."""

    async def work() -> list[str] | None:
        async with database() as opened:
            found = await PostgresTenants(opened).redirect_origins(tenant)
        return None if found is None else list(found)

    own = asyncio.run(work())
    shown = own if own is not None else list(Settings.load().redirect_origins)
    if json:
        print_json({"tenant": tenant, "redirect_origins": shown, "own": own is not None})
    else:
        whose = "set for it" if own is not None else "as the deployment is set"
        people.print(f"Tenant {tenant}, {whose}: {', '.join(shown) or 'nowhere'}")
    return OK
