"""A bar with the time left and the speed, for commands that read the whole log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from service.cli.output import complaints


class SpeedColumn(TextColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "")


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Gives a function that is told how many are done, of how many. It is shown beside what the
    command answers, not in it, and vanishes at the end."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        SpeedColumn(""),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
    )
    with Progress(
        *columns, console=complaints, transient=True, disable=not complaints.is_terminal
    ) as progress:
        bar = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(bar, completed=min(done, total), total=total)


@contextmanager
def progress_to(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """Gives a function that is told how many of `total` are done."""
    with counting(what) as tell:
        tell(0, total)
        yield lambda done: tell(done, total)
