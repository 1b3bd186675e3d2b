"""Who did and saw what, in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict

from adapters.operators.acts import Act, NewAct


class MemoryActs:
    """Implements `adapters.operators.acts.Acts`."""

    def __init__(self) -> None:
        self.acts: list[Act] = []

    async def write(self, act: NewAct) -> None:
        await asyncio.sleep(0)
        self.acts.append(Act(act_id=len(self.acts) + 1, **asdict(act)))

    async def page(
        self,
        tenant: str | None,
        *,
        operator: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> Sequence[Act]:
        await asyncio.sleep(0)
        found = [
            act
            for act in reversed(self.acts)
            if tenant in (None, act.tenant)
            and operator in (None, act.operator)
            and (before is None or act.act_id < before)
        ]
        return found[:limit]

    async def of_trip(self, trip_id: str, limit: int = 100) -> Sequence[Act]:
        await asyncio.sleep(0)
        return [act for act in reversed(self.acts) if act.trip_id == trip_id][:limit]
