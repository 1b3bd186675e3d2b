"""`tripledger tasks …`: work that waits, runs, or was put aside for a person."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from cyclopts import App

from adapters.outbox import PostgresOutbox, TaskState
from service.cli.numbers import Limit, Position
from service.cli.opening import book_in, cause, database
from service.cli.output import NOT_FOUND, OK, answer, print_json, print_table, stop

app = App(name="tasks", help="Background work: list, retry.")


@app.command(name="list")
def list_tasks(
    *,
    state: TaskState | None = None,
    trip: str | None = None,
    limit: Limit = 50,
    json: bool = False,
) -> int:
    """The newest tasks, all or in one state (ready, leased, done, parked)."""

    async def work() -> list[dict[str, object]]:
        async with database() as opened:
            rows = await PostgresOutbox(opened).listed(state, limit, trip)
        return [
            {
                "task": row.task_id,
                "key": row.key,
                "state": row.state,
                "due": row.due,
                "attempts": row.attempts,
                "reason": row.reason,
            }
            for row in rows
        ]

    rows = asyncio.run(work())
    print_json(rows) if json else print_table("Tasks", rows)
    return OK


@app.command
def retry(task_id: Position, *, json: bool = False) -> int:
    """Let workers try a parked task again, now."""

    async def work() -> bool:
        async with database() as opened:
            about = f"task {task_id}"
            await book_in(opened).write("retried a task", cause(), tenant="", subject=about)
            return await PostgresOutbox(opened).requeue(task_id, datetime.now(UTC))

    if not asyncio.run(work()):
        stop(NOT_FOUND, f"There is no parked task {task_id}.")
    answer({"task": task_id, "state": "ready"}, f"Task {task_id} is due now.", json=json)
    return OK
