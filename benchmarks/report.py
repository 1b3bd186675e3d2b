"""What was measured, for people as tables and for programs as JSON."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.console import FIRST_BYTE_MS_AIM, FirstByte
from benchmarks.flood import Flooded
from benchmarks.measuring import Result
from benchmarks.scale import Growth
from benchmarks.server import Place

GROWTH_AIM = 1.25


async def surroundings(server: Place) -> dict[str, Any]:
    """What the figures depend on."""
    connection = await asyncpg.connect(server.url)
    try:
        postgres = await connection.fetchval("SHOW server_version")
        shown = {
            name: await connection.fetchval(f"SHOW {name}")
            for name in ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers")
        }
    finally:
        await connection.close()
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processors": os.cpu_count(),
        "load_average_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "postgres": postgres,
        "settings": shown,
        "versions": {name: version(name) for name in ("asyncpg", "eventsourcing", "psycopg")},
    }


def as_data(
    results: Sequence[Result],
    grown: Sequence[Growth],
    pages: Sequence[FirstByte],
    floods: Sequence[Flooded],
    around: Any,
) -> dict[str, Any]:
    return {
        **around,
        "contests": [contest_data(result) for result in results],
        "growth": [asdict(each) for each in grown],
        "console_first_byte": [asdict(each) for each in pages],
        "flood": [
            {**asdict(each), "p50_ratio": each.p50_ratio, "p99_ratio": each.p99_ratio}
            for each in floods
        ],
    }


def contest_data(result: Result) -> dict[str, Any]:
    contest = result.contest
    return {
        "title": contest.title,
        "unit": contest.unit,
        "ours": contest.ours,
        "absent": result.absent,
        "figures": [
            {
                "who": who,
                "callers": callers,
                **asdict(result.middle(who, callers)),
                "ours_to_theirs": round(result.ratio(who, callers), 2),
                "aim": (contest.aims or {}).get((who, callers)),
                "rounds_per_second": [round(m.per_second, 1) for m in rounds],
            }
            for (who, callers), rounds in result.rounds.items()
        ],
    }


def write(data: dict[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(data), indent=2) + b"\n")


def show(console: Console, result: Result) -> None:
    contest = result.contest
    table = Table(title=f"{contest.title} ({contest.unit})", title_justify="left")
    table.add_column("")
    for callers in contest.callers:
        label = f"{callers} at once" if len(contest.callers) > 1 else contest.unit
        table.add_column(label, justify="right")
        table.add_column("p50 ms", justify="right")
        table.add_column("ours : theirs", justify="right")
    for name in dict.fromkeys(who for who, _ in result.rounds):
        cells = [cell for callers in contest.callers for cell in cells_of(result, name, callers)]
        table.add_row(name, *cells, style="bold" if name == contest.ours else None)
    console.print(table)
    for name, why in result.absent.items():
        console.print(f"  {name} did not take part: {why}")


def cells_of(result: Result, name: str, callers: int) -> list[str]:
    measure = result.middle(name, callers)
    p50 = f"{measure.p50_ms:.2f}" if measure.p50_ms is not None else ""
    if name == result.contest.ours:
        return [f"{measure.per_second:,.0f}", p50, ""]
    ratio = result.ratio(name, callers)
    aim = (result.contest.aims or {}).get((name, callers))
    verdict = "" if aim is None else (" ✓" if ratio >= aim else f" (aim {aim:g})")
    return [f"{measure.per_second:,.0f}", p50, f"{ratio:.2f}×{verdict}"]


def show_growth(console: Console, grown: Sequence[Growth]) -> None:
    table = Table(title="Cost on a large log, times the cost at 10,000 events")
    for column in ("events", "append", "load", "appends/s", "loads/s"):
        table.add_column(column, justify="right")
    for each in grown:
        table.add_row(
            f"{each.events:,}",
            f"{each.append:.2f}×",
            f"{each.load:.2f}×",
            f"{each.appends_per_s:,.0f}",
            f"{each.loads_per_s:,.0f}",
        )
    console.print(table)
    worst = max(max(each.append, each.load) for each in grown)
    told = "reached" if worst <= GROWTH_AIM else "missed"
    console.print(f"  Aim: at most {GROWTH_AIM}×, {told}.")


def show_pages(console: Console, pages: Sequence[FirstByte], trips: int) -> None:
    table = Table(title=f"The console's first byte, {trips:,} trips (ms)", title_justify="left")
    for column in ("page", "p50", "longest"):
        table.add_column(column, justify="left" if column == "page" else "right")
    for each in pages:
        table.add_row(each.page, f"{each.p50_ms:.1f}", f"{each.longest_ms:.1f}")
    console.print(table)
    told = "reached" if all(page.p50_ms <= FIRST_BYTE_MS_AIM for page in pages) else "missed"
    console.print(f"  Aim: under {FIRST_BYTE_MS_AIM:g} ms, {told}.")


def show_floods(console: Console, floods: Sequence[Flooded]) -> None:
    table = Table(title="A tenant's reads beside another's flood (ms)", title_justify="left")
    for column in ("", "p50", "p99", "the flood's served/s", "refused/s"):
        table.add_column(column, justify="right")
    for each in floods:
        told = (f"{each.served_per_s:,.0f}", f"{each.refused_per_s:,.0f}")
        for name, measured, flood in (
            ("quiet", each.quiet, ("", "")),
            (f"flooded, {each.name}", each.flooded, told),
        ):
            table.add_row(name, f"{measured.p50_ms:.1f}", f"{measured.p99_ms:.1f}", *flood)
    console.print(table)
