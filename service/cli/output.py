"""How commands speak: tables for people, JSON for machines, and exit codes that mean something."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

import msgspec
from rich.console import Console
from rich.table import Table

OK, FAILED, USAGE, NOT_FOUND = 0, 1, 2, 3

people = Console()
complaints = Console(stderr=True)


def print_json(value: Any) -> None:
    text = msgspec.json.format(msgspec.json.encode(value), indent=2)
    sys.stdout.write(text.decode() + "\n")


def answer(told: Mapping[str, Any], sentence: str, *, json: bool) -> None:
    """What was done: as data for machines, in a sentence for people."""
    if json:
        print_json(told)
    else:
        people.print(sentence, markup=False, highlight=False, soft_wrap=True)


def print_table(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        people.print(f"{title}: none")
        return
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(shown(value) for value in row.values()))
    people.print(table)


def shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case list() | tuple() | frozenset():
            return ", ".join(shown(each) for each in value)
        case _:
            return str(value)


def stop(code: int, message: str) -> NoReturn:
    complaints.print(message, markup=False, highlight=False)
    raise SystemExit(code)
