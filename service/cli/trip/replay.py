"""`tripledger replay`: a trip folded again from its first event, every state on the way, and
whether the read models have stored the same."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapters.event_log.codec import UnreadableStoredEvent
from adapters.read_models import PostgresReadModels
from domain.log import Recorded
from projections import timeline, trip_details, trip_list
from projections.history import Change, Step, steps
from service.cli.opening import event_log, recorded_of
from service.cli.output import FAILED, NOT_FOUND, OK, USAGE, people, print_json, print_table, stop
from service.cli.trip.evidence import opened_evidence
from service.operating.replaying import Held, held_against


def replay(
    trip_id: str | None = None,
    *,
    file: Path | None = None,
    changes: bool = False,
    json: bool = False,
) -> int:
    """Fold a trip again and show every state on the way; exit code 1 when a read model has stored
    something else.

    Parameters
    ----------
    file
        Replay an exported trip instead, without a database.
    changes
        Show every fact that each event changed.
    """
    if (trip_id is None) == (file is None):
        stop(USAGE, "Name a trip, or an exported --file.")
    recorded, held = from_file(file) if file else asyncio.run(from_log(trip_id or ""))
    if not recorded:
        stop(NOT_FOUND, f"There is no trip {trip_id}.")
    shown = list(steps(recorded))
    if json:
        print_json(
            {
                "trip_id": recorded[0].trip_id,
                "events": len(recorded),
                "states": [state_row(step) for step in shown],
                "read_models": held,
            }
        )
    else:
        show(shown, held, changes=changes)
    return FAILED if any(each.differ for each in held) else OK


def from_file(file: Path) -> tuple[Sequence[Recorded], list[Held]]:
    try:
        return recorded_of(opened_evidence(file)), []
    except UnreadableStoredEvent as error:
        stop(FAILED, f"This program cannot read the trip: {error}.")


async def from_log(trip_id: str) -> tuple[Sequence[Recorded], list[Held]]:
    async with event_log() as log:
        models = PostgresReadModels(log.database, log.codec)
        return await held_against(log, models, trip_id)


def state_row(step: Step) -> dict[str, Any]:
    trip = step.dossier.trip
    assert trip is not None, "a trip's events begin with its start"
    return {
        "version": step.version,
        "position": step.recorded.position,
        "recorded_at": step.recorded.recorded_at,
        "topic": step.recorded.topic,
        "actor": step.recorded.cause.actor,
        "told": timeline.sentence(step.recorded.event),
        "status": trip_details.trip_status(trip),
        "payment": trip_details.payment_status(trip),
        "waits_for": trip_list.waits_for(step.dossier),
        "changes": step.changes,
    }


def show(shown: Sequence[Step], held: Sequence[Held], *, changes: bool) -> None:
    columns = ("version", "recorded_at", "told", "status", "payment", "waits_for")
    rows = [state_row(step) for step in shown]
    print_table("Every state on the way", [{name: row[name] for name in columns} for row in rows])
    for step in shown if changes else ():
        print_table(f"Changed by event {step.version}", [change_row(c) for c in step.changes])
    for each in held:
        if each.differ:
            people.print(
                f"{each.name} has stored something else in row {each.key}:"
                f" {', '.join(each.differ)}. `tripledger projections rebuild {each.name}` puts it"
                " right.",
                highlight=False,
                soft_wrap=True,
            )
    if held and not any(each.differ for each in held):
        people.print(f"The read models have stored the same: {len(held)} rows compared.")


def change_row(change: Change) -> dict[str, Any]:
    return {"what": change.path, "was": change.before, "is": change.after}
