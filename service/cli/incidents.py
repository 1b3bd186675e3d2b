"""`tripledger incidents …`: what people must settle, how much is at stake, and whose it is."""

from __future__ import annotations

import asyncio
from typing import Any

from cyclopts import App

from adapters.operators.incidents import IncidentState, PostgresIncidents
from adapters.read_tables import IncidentRow
from domain.money import Money
from domain.operating import Action, Wanted
from service.app import assembled
from service.cli.numbers import Limit
from service.cli.opening import cause, database
from service.cli.output import NOT_FOUND, OK, answer, print_json, print_table, stop
from service.handle import new_id
from service.settings import Settings

app = App(name="incidents", help="What people must settle: list, show, assign, resolve.")

LISTED = ("incident", "trip", "code", "state", "opened_at", "at_stake", "owner")


@app.command(name="list")
def list_incidents(
    *,
    state: IncidentState = "open",
    tenant: str | None = None,
    code: str | None = None,
    limit: Limit = 50,
    json: bool = False,
) -> int:
    """The oldest first."""

    async def work() -> list[dict[str, Any]]:
        async with database() as opened:
            incidents = PostgresIncidents(opened)
            page = await incidents.page(state, tenant=tenant, code=code, limit=limit)
        return [shown(row) for row in page.rows]

    rows = asyncio.run(work())
    if json:
        print_json(rows)
    else:
        print_table("Incidents", [{name: row[name] for name in LISTED} for row in rows])
    return OK


@app.command
def show(incident_id: str, *, json: bool = False) -> int:
    """One incident, with what happened and what to do."""
    row = shown(asyncio.run(found(incident_id)))
    if json:
        print_json(row)
    else:
        print_table(f"Incident {incident_id}", [{"what": k, "is": v} for k, v in row.items()])
    return OK


@app.command
def resolve(incident_id: str, reason: str, *, json: bool = False) -> int:
    """Say that it is settled, and how; recorded on the trip with who said so."""
    asyncio.run(act(incident_id, "resolve", reason))
    answer({"incident": incident_id, "state": "resolved"}, "It is settled.", json=json)
    return OK


@app.command
def assign(incident_id: str, owner: str, *, reason: str = "taken on", json: bool = False) -> int:
    """Say who sees to it; recorded on the trip."""
    asyncio.run(act(incident_id, "assign", reason, owner))
    answer({"incident": incident_id, "owner": owner}, f"{owner} sees to it.", json=json)
    return OK


async def found(incident_id: str) -> IncidentRow:
    async with database() as opened:
        row = await PostgresIncidents(opened).incident(incident_id)
    if row is None:
        stop(NOT_FOUND, f"There is no incident {incident_id}.")
    return row


async def act(incident_id: str, action: Action, reason: str, owner: str | None = None) -> None:
    row = await found(incident_id)
    wanted = Wanted(
        action=action, subject=incident_id, reason=reason, request_id=new_id(), owner=owner
    )
    async with database() as opened, assembled(Settings.load(), opened) as service:
        await service.operating.act(row.trip_id, wanted, cause(wanted.request_id))


def shown(row: IncidentRow) -> dict[str, Any]:
    known = row.amount is not None and row.currency is not None
    return {
        "incident": row.incident_id,
        "trip": row.trip_id,
        "tenant": row.tenant,
        "code": row.code,
        "state": row.state,
        "opened_at": row.opened_at,
        "at_stake": Money(row.amount or 0, row.currency or "") if known else None,
        "owner": row.owner,
        "detail": row.detail,
        "advice": row.advice,
        "resolved_at": row.resolved_at,
        "resolved_by": row.resolved_by,
        "resolution": row.resolution,
    }
