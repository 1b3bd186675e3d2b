"""The figures as a picture: one panel per contest, bars per contender."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib

from benchmarks.measuring import Result

matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402

COLUMNS = 2
PANEL_INCHES = (7.0, 3.6)
COLORS = ("#0f5c6e", "#c1712f", "#d9a066", "#7a8b6f", "#8c7aa9", "#9a9a9a")


def draw(results: Sequence[Result], path: Path) -> None:
    rows = -(-len(results) // COLUMNS)
    size = (PANEL_INCHES[0] * COLUMNS, PANEL_INCHES[1] * rows)
    figure, panels = pyplot.subplots(rows, COLUMNS, figsize=size, squeeze=False)
    places = list(panels.flat)
    for axes, result in zip(places, results, strict=False):
        panel(axes, result)
    for axes in places[len(results) :]:
        axes.remove()
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def panel(axes: Axes, result: Result) -> None:
    contest = result.contest
    names = list(dict.fromkeys(who for who, _ in result.rounds))
    width = 0.8 / len(names)
    for number, name in enumerate(names):
        heights = [result.middle(name, callers).per_second for callers in contest.callers]
        places = [index + number * width for index in range(len(contest.callers))]
        axes.bar(places, heights, width, label=name, color=COLORS[number % len(COLORS)])
    middle = width * (len(names) - 1) / 2
    labels = [f"{callers} at once" for callers in contest.callers]
    axes.set_xticks([index + middle for index in range(len(labels))], labels)
    axes.set_title(contest.title)
    axes.set_ylabel(contest.unit)
    axes.legend(fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
