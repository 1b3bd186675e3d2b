"""Work waiting in memory, claimed and fenced as in Postgres."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from adapters.event_log.hints import Bell
from adapters.outbox import TaskRow, TaskState
from domain.log import Task


@dataclass(slots=True, kw_only=True)
class Waiting:
    """A task and where it stands."""

    task_id: int
    kind: str
    key: str
    trip_id: str | None
    subject: str
    due: datetime
    state: TaskState = "ready"
    attempts: int = 0
    lease: str | None = None
    lease_until: datetime | None = None
    sent: bool = False
    reason: str | None = None

    @property
    def available_at(self) -> datetime:
        return self.lease_until or self.due

    def give_back(self, state: TaskState) -> None:
        self.state = state
        self.lease = None
        self.lease_until = None


class MemoryOutbox:
    """Implements `domain.ports.Outbox`."""

    def __init__(self) -> None:
        self.tasks: dict[str, Waiting] = {}
        self.bell = Bell()
        self.leases = 0

    def put(
        self, kind: str, key: str, subject: str, due: datetime, trip_id: str | None = None
    ) -> None:
        """`add` as part of a bigger step."""
        if key in self.tasks:
            return
        self.tasks[key] = Waiting(
            task_id=len(self.tasks) + 1,
            kind=kind,
            key=key,
            trip_id=str(UUID(trip_id)) if trip_id else None,
            subject=subject,
            due=due,
        )
        self.bell.ring()

    def open_tasks(self) -> list[Waiting]:
        """What is ready or leased, the longest available first."""
        tasks = (t for t in self.tasks.values() if t.state in ("ready", "leased"))
        return sorted(tasks, key=lambda t: (t.available_at, t.task_id))

    async def claim(self, now: datetime, limit: int, lease_s: float) -> Sequence[Task]:
        await asyncio.sleep(0)
        picked = [t for t in self.open_tasks() if t.available_at <= now][:limit]
        for waiting in picked:
            waiting.state = "leased"
            self.leases += 1
            waiting.lease = f"lease-{self.leases}"
            waiting.lease_until = now + timedelta(seconds=lease_s)
            waiting.attempts += 1
        return sorted((claimed(t) for t in picked), key=lambda task: (task.due, task.task_id))

    async def announce(self, task: Task, now: datetime) -> bool:
        waiting = await self.held(task)
        if waiting is None or waiting.available_at <= now:
            return False
        waiting.sent = True
        return True

    async def renew(self, task: Task, now: datetime, lease_s: float) -> bool:
        waiting = await self.held(task)
        if waiting is None:
            return False
        waiting.lease_until = now + timedelta(seconds=lease_s)
        return True

    async def finish(self, task: Task) -> None:
        if waiting := await self.held(task):
            waiting.give_back("done")

    async def retry(self, task: Task, due: datetime, reason: str, *, sent: bool) -> None:
        if waiting := await self.held(task):
            waiting.give_back("ready")
            waiting.due = due
            waiting.reason = reason
            waiting.sent = waiting.sent and sent
            self.bell.ring()

    async def park(self, task: Task, reason: str) -> None:
        if waiting := await self.held(task):
            waiting.give_back("parked")
            waiting.reason = reason

    async def add(
        self, kind: str, key: str, subject: str, due: datetime, trip_id: str | None = None
    ) -> None:
        await asyncio.sleep(0)
        self.put(kind, key, subject, due, trip_id)

    async def hasten(self, key: str, due: datetime) -> None:
        await asyncio.sleep(0)
        waiting = self.tasks.get(key)
        if waiting is not None and waiting.state == "ready" and due < waiting.due:
            waiting.due = due
            self.bell.ring()

    async def next_due(self) -> datetime | None:
        """When there may next be something to claim, the end of a running lease included."""
        await asyncio.sleep(0)
        return min((t.available_at for t in self.open_tasks()), default=None)

    async def changed(self, timeout_s: float) -> None:
        await self.bell.wait(timeout_s)

    async def listed(
        self, state: TaskState | None = None, limit: int = 100, trip_id: str | None = None
    ) -> Sequence[TaskRow]:
        await asyncio.sleep(0)
        chosen = [
            t
            for t in self.tasks.values()
            if state in (None, t.state) and trip_id in (None, t.trip_id)
        ]
        return [shown(t) for t in sorted(chosen, key=lambda t: -t.task_id)[:limit]]

    async def counted(self) -> dict[str, int]:
        await asyncio.sleep(0)
        return dict(Counter(t.state for t in self.tasks.values()))

    async def requeue(self, task_id: int, due: datetime) -> bool:
        await asyncio.sleep(0)
        for waiting in self.tasks.values():
            if waiting.task_id == task_id and waiting.state == "parked":
                waiting.state = "ready"
                waiting.due = due
                self.bell.ring()
                return True
        return False

    async def held(self, task: Task) -> Waiting | None:
        """The task if this claim still holds it."""
        await asyncio.sleep(0)
        waiting = self.tasks.get(task.key)
        return waiting if waiting is not None and waiting.lease == task.lease else None


def claimed(waiting: Waiting) -> Task:
    assert waiting.lease is not None
    return Task(
        task_id=waiting.task_id,
        kind=waiting.kind,
        key=waiting.key,
        trip_id=waiting.trip_id,
        subject=waiting.subject,
        due=waiting.due,
        attempts=waiting.attempts,
        sent_before=waiting.sent,
        lease=waiting.lease,
    )


def shown(waiting: Waiting) -> TaskRow:
    return TaskRow(
        task_id=waiting.task_id,
        kind=waiting.kind,
        key=waiting.key,
        trip_id=waiting.trip_id,
        subject=waiting.subject,
        due=waiting.due,
        state=waiting.state,
        attempts=waiting.attempts,
        sent=waiting.sent,
        reason=waiting.reason,
    )
