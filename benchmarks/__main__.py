"""`python -m benchmarks`: everything in one run, in turns, on a Postgres of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import uvloop
from cyclopts import App, Parameter
from rich.console import Console

from benchmarks.chart import draw
from benchmarks.console import TRIPS, first_bytes
from benchmarks.contests import contests
from benchmarks.flood import FLOODS, Flooded, floods
from benchmarks.measuring import held
from benchmarks.report import (
    as_data,
    show,
    show_floods,
    show_growth,
    show_pages,
    surroundings,
    write,
)
from benchmarks.scale import SCALE_EVENTS, growth
from benchmarks.server import own_server
from service.garbage import collect_seldom

RESULTS = Path(__file__).parent / "results"
ROUNDS, SECONDS = 3, 2.0
QUICK_ROUNDS, QUICK_SECONDS = 1, 1.0
QUICK_EVENTS = 100_000
LOOKS, QUICK_LOOKS, QUICK_TRIPS = 30, 5, 10_000

app = App(name="benchmarks", help=__doc__)


@app.default
def main(
    *,
    quick: bool = False,
    scale: int = SCALE_EVENTS,
    only: Annotated[str | None, Parameter(help="contests whose title has these letters")] = None,
    out: Path = RESULTS / "latest.json",
) -> None:
    """Measure, show tables, and write JSON and a picture.

    Parameters
    ----------
    quick
        One short round of everything: whether it works, not how fast it is.
    scale
        How many events the large log gets; 0 leaves it out.
    """
    collect_seldom()  # as the service does; rivals in this process have it too
    uvloop.run(measured(quick=quick, scale=scale, only=only, out=out))


async def measured(*, quick: bool, scale: int, only: str | None, out: Path) -> None:
    console = Console(highlight=False, width=None if Console().is_terminal else 150)
    rounds, seconds = (QUICK_ROUNDS, QUICK_SECONDS) if quick else (ROUNDS, SECONDS)
    most = min(scale, QUICK_EVENTS) if quick else scale
    results, grown, pages, flooded = [], [], [], list[Flooded]()
    started = time.perf_counter()
    async with own_server() as server:
        around = await surroundings(server)
        with console.status("") as status:
            for contest in contests(server):
                if only is None or only.lower() in contest.title.lower():
                    with timed(console):
                        results.append(
                            await held(contest, rounds=rounds, seconds=seconds, told=status.update)
                        )
                        show(console, results[-1])
            if most and (only is None or only.lower() == "scale"):
                with timed(console):
                    grown = await growth(
                        server, most=most, rounds=rounds, seconds=seconds, told=status.update
                    )
                    show_growth(console, grown)
            if only is None or only.lower() == "console":
                trips, looks = (QUICK_TRIPS, QUICK_LOOKS) if quick else (TRIPS, LOOKS)
                with timed(console):
                    pages = await first_bytes(server, trips=trips, looks=looks, told=status.update)
                    show_pages(console, pages, trips)
            if only is None or only.lower() == "flood":
                status.update("One tenant's flood beside another")
                with timed(console):
                    for name in FLOODS:
                        flooded += await floods(server, name, rounds=rounds, seconds=seconds)
                    show_floods(console, flooded)
    around["load_average_after"] = round(os.getloadavg()[0], 2)
    around["took_s"] = round(time.perf_counter() - started)
    write(as_data(results, grown, pages, flooded, around), out)
    console.print(f"Took {around['took_s']} s. Written: {shown(out)}")
    if results:
        picture = out.with_suffix(".png")
        draw(results, picture)
        console.print(f"Drawn:   {shown(picture)}")


@contextmanager
def timed(console: Console) -> Iterator[None]:
    started = time.perf_counter()
    yield
    console.print(f"  In {time.perf_counter() - started:.0f} s, with what it took to prepare it.\n")


def shown(path: Path) -> str:
    return os.path.relpath(path)


if __name__ == "__main__":
    app()
