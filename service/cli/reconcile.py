"""`tripledger reconcile`: the log beside what the payment provider and the suppliers say."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from cyclopts import App

from adapters.operators.reconciliations import Drift, PostgresReconciliations
from domain.payments import PaymentOutcomeUnknown
from domain.suppliers import SupplierUnavailable
from service.app import assembled
from service.cli.opening import book_in, cause, database, operator
from service.cli.output import FAILED, NOT_FOUND, OK, USAGE, people, print_json, print_table, stop
from service.cli.output import answer as say
from service.cli.progress import counting
from service.reconciling.run import Report, Scope
from service.settings import Settings

app = App(name="reconcile", help="Compare the log with Stripe and suppliers, and put it right.")

SINCE = timedelta(days=30)


@app.default
def reconcile(
    *,
    since: str | None = None,
    trip: str | None = None,
    dry_run: bool = False,
    last: bool = False,
    json: bool = False,
) -> int:
    """Take in missed notifications, record what was not heard of, put the rest before people.

    Exit code 1 while anything still differs.

    Parameters
    ----------
    since
        Compare what has moved since this time (RFC 3339); unset: the last 30 days.
    trip
        Compare only this trip.
    dry_run
        Only say what differs and what would be done.
    last
        Show the report of the last run instead, which may have been a regular one.
    """
    if last:
        return answer(asyncio.run(last_report()), json=json)
    from_when = instant(since) if since else None
    return answer(asyncio.run(compared(from_when, trip, dry_run=dry_run)), json=json)


@app.command
def accept(key: str, reason: str, *, json: bool = False) -> int:
    """Say of what belongs to no trip that it is right as it is: later runs count it as settled.

    Parameters
    ----------
    key
        As `reconcile --last --json` names what is `reported`.
    """
    if not reason.strip():
        stop(USAGE, "A reason is needed: it is kept with your name.")

    async def work() -> None:
        async with database() as opened:
            reports = PostgresReconciliations(opened)
            if not await reports.reported(key):
                stop(NOT_FOUND, f"Nothing is reported under the key {key}.")
            await book_in(opened).write(
                "accepted a difference", cause(), tenant="", subject=key, reason=reason
            )
            await reports.accept(key, reason, operator(), datetime.now(UTC))

    asyncio.run(work())
    say({"key": key, "done": "accepted"}, f"{key} counts as settled.", json=json)
    return OK


def instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        stop(USAGE, f"{text} is no time; write it like 2027-03-01T12:00:00Z.")
    return at if at.tzinfo else at.replace(tzinfo=UTC)


async def compared(since: datetime | None, trip: str | None, *, dry_run: bool) -> Report:
    async with database() as opened, assembled(Settings.load(), opened) as service:
        scope = Scope(since=since or service.clock.now() - SINCE, trip_id=trip, dry_run=dry_run)
        if not dry_run:
            await service.operating.book.write("reconciled", cause(), tenant="", trip_id=trip)
        with counting("Comparing trips") as progress:
            try:
                return await service.reconciler.reconcile(scope, progress)
            except (PaymentOutcomeUnknown, SupplierUnavailable) as error:
                stop(FAILED, f"Nothing can be compared: a provider does not answer. {error}")


async def last_report() -> Report:
    async with database() as opened:
        reports = PostgresReconciliations(opened)
        run = await reports.last(of_one_trip=True)
        if run is None:
            stop(3, "Nothing has been reconciled yet.")
        return Report(run=run, drifts=await reports.drifts(run))


def answer(report: Report, *, json: bool) -> int:
    run, staying = report.run, report.staying
    ended = run.finished_at or run.started_at
    if json:
        print_json(
            {
                "started_at": run.started_at,
                "finished_at": run.finished_at,
                "since": run.since,
                "trip_id": run.trip_id,
                "trips": run.compared,
                "differences": len(report.drifts),
                "staying": len(staying),
                "drifts": [row(drift, ended) for drift in report.drifts],
            }
        )
        return FAILED if staying else OK
    print_table("Drift", [for_people(drift, ended) for drift in report.drifts])
    people.print(
        f"{run.compared} trips compared, {len(report.drifts)} differences,"
        f" {len(staying)} of them stay."
    )
    return FAILED if staying else OK


def row(drift: Drift, ended: datetime) -> dict[str, Any]:
    stake = drift.at_stake
    return {
        "key": drift.key,
        "code": drift.code,
        "tenant": drift.tenant,
        "trip_id": drift.trip_id,
        "subject": drift.subject,
        "ours": drift.ours,
        "theirs": drift.theirs,
        "at_stake": {"amount": stake.amount, "currency": stake.currency} if stake else None,
        "since": drift.begun_at,
        "age_s": int((ended - drift.begun_at).total_seconds()) if drift.begun_at else None,
        "done": drift.done,
        "stays": drift.stays,
    }


def for_people(drift: Drift, ended: datetime) -> dict[str, Any]:
    begun_at = drift.begun_at
    return {
        "what": drift.code,
        "about": drift.subject,
        "trip": drift.trip_id,
        "ours": drift.ours,
        "theirs": drift.theirs,
        "money": drift.at_stake,
        "age": ended - begun_at if begun_at else None,
        "done": drift.done,
    }
