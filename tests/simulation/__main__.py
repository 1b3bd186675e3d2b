"""`python -m tests.simulation`: runs seeds, shows progress, tells the story of each that fails."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.simulation.afterwards.planted import PLANTED
from tests.simulation.batch import Batch, convicts, known_seeds, verdicts
from tests.simulation.world import Verdict

# Where no bar can be drawn, a line is written now and then.
LINE_EVERY = 100
STORY_LINES = 40
FAILURES_TOLD = 3
BROKEN, NOT_MET = 1, 2


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many, after the known ones")
    parser.add_argument(
        "--more", type=int, default=0, help="at most so many more, until everything has happened"
    )
    parser.add_argument("--from", dest="start", type=int, help="the first seed (default: any)")
    parser.add_argument("--seed", action="append", help="only this seed; may be given repeatedly")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--planted", choices=sorted(PLANTED), help="with this mistake made")
    parser.add_argument(
        "--stop", action="store_true", help="at the first that breaks a promise (it is to break)"
    )
    parser.add_argument("--json", type=Path, help="write the outcome to this file")
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    if os.environ.get("PYTHONHASHSEED") != "0":
        # The order of sets of words is part of a run: replayed in another process it is the same.
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]])
    console = Console(stderr=True)
    start = asked.start if asked.start is not None else secrets.randbelow(10**9)
    first = [] if asked.planted else known_seeds()
    drawn = range(start, start + asked.seeds + asked.more)
    seeds = asked.seed or [*first, *map(str, drawn)]
    batch = play(seeds, asked, console)
    if asked.json:
        asked.json.write_text(json.dumps(batch.as_json(), indent=2, default=str))
    for verdict in batch.failed[:FAILURES_TOLD]:
        console.print(told(verdict, asked.planted), markup=False, highlight=False)
    days = batch.virtual_s / 86_400
    console.print(
        f"{batch.runs} runs, {days:.0f} days of their time, {len(batch.failed)} broke a promise"
    )
    if batch.failed:
        return BROKEN
    if not asked.seed and batch.never:
        console.print(f"Never met, so not tested: {', '.join(batch.never)}")
        return NOT_MET
    return 0


def play(seeds: Sequence[str], asked: argparse.Namespace, console: Console) -> Batch:
    batch = Batch()
    columns = (
        TextColumn("seeds"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[broken]} broke a promise"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("seeds", total=len(seeds), broken=0)
        for verdict in verdicts(seeds, asked.jobs, asked.planted):
            batch.take(verdict)
            progress.update(task, advance=1, broken=len(batch.failed))
            if not console.is_terminal and batch.runs % LINE_EVERY == 0:
                console.print(
                    f"{batch.runs} of {len(seeds)} seeds, {len(batch.failed)} broke a promise"
                )
            if asked.stop and convicts(verdict, asked.planted):
                break
            if batch.runs >= len(seeds) - asked.more and not batch.never:
                break
    return batch


def told(verdict: Verdict, planted: str | None) -> str:
    """The seed, what it broke, the last that happened, and how to see it again."""
    lines = [f"\nseed {verdict.seed} broke:"]
    lines += [f"  {v.promise}  {v.what}" for v in verdict.violations]
    lines += ["the story:", *(f"  {line}" for line in verdict.story[-STORY_LINES:])]
    mistake = f" --planted {planted}" if planted else ""
    lines += [f"again: python -m tests.simulation --seed {verdict.seed}{mistake}"]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
