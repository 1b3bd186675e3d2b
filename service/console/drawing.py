"""Drawings in SVG, made here: lifecycles with the present state marked, and amounts as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup
from statemachine import StateMachine

from service.console.rendering import words

NODE_W, NODE_H = 128, 32
COLUMN_W, ROW_H = 156, 56
MARGIN = 16
ARC_H = 26

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Graph:
    """The states of a machine, each with its column and row, and the steps between them."""

    places: Mapping[str, tuple[int, int]]
    edges: Sequence[tuple[str, str]]


def graph_of(machine: type[StateMachine]) -> Graph:
    """Laid out by how many steps a state is from the beginning."""
    edges: list[tuple[str, str]] = []
    for state in machine.states:
        for transition in state.transitions:
            edge = (state.id, transition.target.id)
            if edge[0] != edge[1] and edge not in edges:
                edges.append(edge)
    columns = {next(s.id for s in machine.states if s.initial): 0}
    reached = list(columns)
    for state in reached:
        for source, target in edges:
            if source == state and target not in columns:
                columns[target] = columns[state] + 1
                reached.append(target)
    rows: dict[int, int] = {}
    places = {}
    for state in reached:
        column = columns[state]
        places[state] = (column, rows.get(column, 0))
        rows[column] = rows.get(column, 0) + 1
    return Graph(places=places, edges=edges)


def lifecycle(machine: type[StateMachine], passed: Sequence[str], title: str) -> Markup:
    """The machine's states; those that were passed, and the present one (the last), stand out."""
    graph = graph_of(machine)
    gone = set(pairwise(passed))
    present = passed[-1] if passed else ""
    lines = [edge(graph, each, gone=each in gone) for each in graph.edges]
    lines.sort(key=lambda line: "gone" in line)
    nodes = [node(graph, state, passed, present) for state in graph.places]
    width = MARGIN * 2 + max(column for column, _ in graph.places.values()) * COLUMN_W + NODE_W
    deepest = max(row for _, row in graph.places.values())
    height = MARGIN * 2 + ARC_H * 2 + deepest * ROW_H + NODE_H
    return Markup(
        '<svg class="lifecycle" viewBox="0 0 {w} {h}" role="img"'
        ' aria-label="{title}"><defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4"'
        ' markerWidth="7" markerHeight="7" orient="auto-start-reverse">'
        '<path d="M0 0 8 4 0 8z" class="tip"/></marker></defs>{lines}{nodes}</svg>'
    ).format(
        w=width, h=height, title=title, lines=Markup("").join(lines), nodes=Markup("").join(nodes)
    )


def corner(graph: Graph, state: str) -> Point:
    column, row = graph.places[state]
    return MARGIN + column * COLUMN_W, MARGIN + ARC_H * 2 + row * ROW_H


def node(graph: Graph, state: str, passed: Sequence[str], present: str) -> Markup:
    x, y = corner(graph, state)
    kind = "present" if state == present else "passed" if state in passed else "other"
    return Markup(
        '<g class="{kind}"><rect x="{x}" y="{y}" width="{w}" height="{h}" rx="9"/>'
        '<text x="{tx}" y="{ty}" text-anchor="middle">{name}</text></g>'
    ).format(
        kind=kind,
        x=x,
        y=y,
        w=NODE_W,
        h=NODE_H,
        tx=x + NODE_W / 2,
        ty=y + NODE_H / 2 + 4.5,
        name=words(state),
    )


def edge(graph: Graph, ends: tuple[str, str], *, gone: bool) -> Markup:
    (x1, y1), (x2, y2) = corner(graph, ends[0]), corner(graph, ends[1])
    if x2 > x1:
        start, end = (x1 + NODE_W, y1 + NODE_H / 2), (x2, y2 + NODE_H / 2)
        bend = (end[0] - start[0]) / 2
        path = f"M{start[0]} {start[1]}C{start[0] + bend} {start[1]} {end[0] - bend} {end[1]} "
        path += f"{end[0]} {end[1]}"
    elif x2 == x1:
        down = y2 > y1
        sx, sy, ey = x1 + NODE_W / 2, y1 + (NODE_H if down else 0), y2 + (0 if down else NODE_H)
        path = f"M{sx} {sy}L{sx} {ey}"
    else:
        # Back over the top.
        sx, ex = x1 + NODE_W / 3, x2 + NODE_W * 2 / 3
        top = MARGIN + ARC_H * (0.2 if x1 - x2 > COLUMN_W else 1.2)
        path = f"M{sx} {y1}C{sx} {top} {ex} {top} {ex} {y2}"
    kind = "gone" if gone else "back" if x2 < x1 else "way"
    return Markup('<path class="{}" d="{}" marker-end="url(#tip)"/>').format(kind, path)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar; `kind` is the class that colours it."""

    name: str
    amount: int
    kind: str


def bar(parts: Sequence[Part], title: str) -> Markup:
    """One bar cut into its parts; the table beside it holds the figures."""
    whole = sum(part.amount for part in parts) or 1
    x, cut = 0.0, []
    for part in parts:
        width = 600 * part.amount / whole
        if width:
            cut.append(
                Markup(
                    '<rect class="{}" x="{:.1f}" y="0" width="{:.1f}" height="18">'
                    "<title>{}</title></rect>"
                ).format(part.kind, x, max(width, 1.5), part.name)
            )
        x += width
    return Markup(
        '<svg class="bar" viewBox="0 0 600 18" preserveAspectRatio="none" role="img"'
        ' aria-label="{}">{}</svg>'
    ).format(title, Markup("").join(cut))


@dataclass(frozen=True, slots=True)
class Flow:
    """What came in and what went out in one span of time, both counted up from nothing."""

    name: str
    inward: int
    outward: int


def flows(spans: Sequence[Flow], title: str) -> Markup:
    """For each span a column up and one down; the table beside it holds the figures."""
    up = max((span.inward for span in spans), default=0)
    down = max((span.outward for span in spans), default=0)
    scale = 112 / ((up + down) or 1)
    line, step = 4 + up * scale, 600 / max(len(spans), 1)
    drawn = []
    for number, span in enumerate(spans):
        x, width = number * step + step * 0.12, step * 0.76
        for kind, amount in (("in", span.inward), ("out", span.outward)):
            height = amount * scale
            if height:
                y = line - height if kind == "in" else line
                drawn.append(column(kind, span.name, (x, y), (width, height)))
    return Markup(
        '<svg class="flows" viewBox="0 0 600 120" preserveAspectRatio="none" role="img"'
        ' aria-label="{}">{}<line x1="0" y1="{:.1f}" x2="600" y2="{:.1f}"/></svg>'
    ).format(title, Markup("").join(drawn), line, line)


def column(kind: str, name: str, corner: Point, size: Point) -> Markup:
    return Markup(
        '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
        "<title>{}</title></rect>"
    ).format(kind, *corner, size[0], max(size[1], 1.0), name)
