"""One trip folded again, and held against what the read models have stored of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adapters.event_log.codec import EventCodec
from adapters.memory.event_log import MemoryEventLog
from adapters.memory.read_models import MemoryReadModels
from adapters.read_models import Projection, ReadModels
from adapters.read_tables import PROJECTIONS, TABLES
from domain.dossier import TOPICS
from domain.log import Recorded
from domain.ports import EventLog
from service.workers.folds import FOLDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A stored row beside what the log says it is; `differ` names the columns that are not the
    same (all of them where the row is missing)."""

    name: Projection
    key: str
    differ: tuple[str, ...]


async def held_against(
    log: EventLog, models: ReadModels, trip_id: str
) -> tuple[Sequence[Recorded], list[Held]]:
    """The trip's events, and every row the read models have, or should have, of it. The service
    may go on working: a row that is newer than what was read first is folded as far as it is."""
    places = {
        point.name: (point.version, point.position)
        for point in await models.checkpoints()
        if point.live
    }
    recorded = await log.read_trip(trip_id)
    found = []
    for name in PROJECTIONS:
        version, position = places[name]
        found += await held_rows(models, name, version, position, recorded)
    return recorded, found


async def held_rows(
    models: ReadModels,
    name: Projection,
    version: int,
    position: int,
    recorded: Sequence[Recorded],
) -> list[Held]:
    due = await folded(name, [r for r in recorded if r.position <= position])
    stored = {
        getattr(row, TABLES[name].key): row for row in await models.rows(name, sorted(due), version)
    }
    found = []
    for key, expected in sorted(due.items()):
        row = stored.get(key)
        if row is not None and row.position > expected.position:
            expected = (await folded(name, [r for r in recorded if r.position <= row.position]))[
                key
            ]
        found.append(Held(name=name, key=key, differ=differing(name, row, expected)))
    return found


async def folded(name: Projection, recorded: Sequence[Recorded]) -> dict[str, Any]:
    """The rows these events make, by their keys, from nothing."""
    if not recorded:
        return {}
    nothing = MemoryReadModels(MemoryEventLog(EventCodec(TOPICS)))
    rows = await FOLDS[name](nothing, recorded, 1)
    await nothing.apply(name, rows, 0, recorded[-1].position)
    keys = [getattr(row, TABLES[name].key) for row in rows]
    return {getattr(row, TABLES[name].key): row for row in await nothing.rows(name, keys, 1)}


def differing(name: Projection, row: Any, expected: Any) -> tuple[str, ...]:
    return tuple(
        field
        for field in TABLES[name].fields
        if row is None or getattr(row, field) != getattr(expected, field)
    )
