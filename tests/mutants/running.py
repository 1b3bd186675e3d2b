"""Runs the tests against each mutant, in a process that is warm: everything is imported and
collected once, and a copy of the process (fork) exchanges one function's code and runs the tests
that pass by the changed lines, those that saw the last changes first."""

from __future__ import annotations

import ast
import gc
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from inspect import iscoroutinefunction
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any, Literal, NoReturn

import pytest

from tests.mutants.changing import Mutant

Verdict = Literal["killed", "survived", "unreached"]

SEEN, NOT_TRIED = 1, 77
LIMIT_S = 10
LIMIT_TIMES = 20
# Fixtures that are only there in Postgres: too slow, and no fork survives a connection.
POSTGRES = {
    "postgres_server",
    "postgres_template",
    "database_url",
    "database",
    "empty_database_url",
}


class Mutating:
    """The pytest plugin that takes the place of the loop over the tests."""

    def __init__(self, mutants: Sequence[Mutant], tell: Callable[[Mutant, Verdict], None]) -> None:
        self.mutants = mutants
        self.tell = tell
        self.passing_by: dict[tuple[str, int], set[pytest.Item]] = defaultdict(set)
        self.seconds: dict[pytest.Item, float] = {}
        self.kills: dict[pytest.Item, int] = defaultdict(int)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if not needs_postgres(item)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        gc.unfreeze()
        self.look(session)
        functions = {path: Functions(path) for path in {m.path for m in self.mutants}}
        gc.freeze()
        for mutant in self.mutants:
            tests = self.tests_of(mutant)
            if not tests:
                self.tell(mutant, "unreached")
                continue
            killer = try_out(session, functions[mutant.path], mutant, tests, self.seconds)
            if killer is not None:
                self.kills[killer] += 1
            self.tell(mutant, "survived" if killer is None else "killed")
        return True

    def look(self, session: pytest.Session) -> None:
        """Run all tests once, unchanged: they must pass; which lines do they pass by?"""
        files = {str(m.path.resolve()) for m in self.mutants}
        for item in session.items:
            begun = time.monotonic()
            with traced(files) as lines:
                run_one(item)
            self.seconds[item] = time.monotonic() - begun
            if session.testsfailed:
                raise pytest.UsageError(f"{item.nodeid} fails as it is")
            for line in lines:
                self.passing_by[line].add(item)

    def tests_of(self, mutant: Mutant) -> list[pytest.Item]:
        file = str(mutant.path.resolve())
        tests = set().union(*(self.passing_by[file, line] for line in mutant.lines))
        return sorted(tests, key=lambda item: (-self.kills[item], self.seconds[item]))


def needs_postgres(item: pytest.Item) -> bool:
    chosen = getattr(getattr(item, "callspec", None), "params", {}).values()
    return bool(POSTGRES & set(getattr(item, "fixturenames", ()))) or "postgres" in chosen


def run_one(item: pytest.Item) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)


def run_bare(item: pytest.Item) -> None:
    """Without all that pytest does around a test, where that does nothing for it."""
    asked = item._fixtureinfo.argnames if isinstance(item, pytest.Function) else None
    given = getattr(getattr(item, "callspec", None), "params", {})
    if asked is None or set(asked) - set(given) or iscoroutinefunction(item.obj):
        run_one(item)
    else:
        item.obj(**{name: given[name] for name in asked})


class traced:  # noqa: N801
    """The (file, line)s of these files that run meanwhile."""

    def __init__(self, files: set[str]) -> None:
        self.files = files
        self.lines: set[tuple[str, int]] = set()

    def __enter__(self) -> set[tuple[str, int]]:
        threading.settrace(self.call)
        sys.settrace(self.call)
        return self.lines

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]

    def call(self, frame: FrameType, event: str, arg: Any) -> Any:
        return self.line if frame.f_code.co_filename in self.files else None

    def line(self, frame: FrameType, event: str, arg: Any) -> Any:
        self.lines.add((frame.f_code.co_filename, frame.f_lineno))
        return self.line


def try_out(
    session: pytest.Session,
    functions: Functions,
    mutant: Mutant,
    tests: Sequence[pytest.Item],
    seconds: dict[pytest.Item, float],
) -> pytest.Item | None:
    """The test that fails with the mutant in place, or never ends; None: none does."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            limit(LIMIT_S + LIMIT_TIMES * sum(seconds[test] for test in tests))
            functions.exchange(mutant)
            silence()
        except BaseException:
            traceback.print_exc()
            os._exit(NOT_TRIED)
        run_until_seen(session, tests, writer)
    os.close(writer)
    begun = b""
    while more := os.read(reader, 65536):
        begun = (begun + more)[-4:]
    os.close(reader)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status != NOT_TRIED, f"{mutant} cannot be tried"
    if status == 0:
        return None
    return tests[int.from_bytes(begun, "big")] if begun else tests[0]


def run_until_seen(session: pytest.Session, tests: Sequence[pytest.Item], writer: int) -> NoReturn:
    """Ends the process: with 0 if no test fails. Says the number of each test before it runs."""
    for number, test in enumerate(tests):
        os.write(writer, number.to_bytes(4, "big"))
        try:
            run_bare(test)
        except pytest.skip.Exception:
            continue
        except BaseException:
            os._exit(SEEN)
        if session.testsfailed:
            os._exit(SEEN)
    os._exit(0)


def limit(seconds: float) -> None:
    """What takes far longer than the tests as they are will never end, and is stopped."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds * 3)


def silence() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


class Functions:
    """The functions of a file as they are in this process."""

    def __init__(self, path: Path) -> None:
        self.file = str(path.resolve())
        self.tree = ast.parse(path.read_text())
        self.live: dict[str, list[FunctionType]] = defaultdict(list)
        for thing in gc.get_objects():
            if isinstance(thing, FunctionType) and thing.__code__.co_filename == self.file:
                self.live[thing.__code__.co_qualname].append(thing)

    def exchange(self, mutant: Mutant) -> None:
        """Whoever holds the function, or one made in it, holds the mutant from now on."""
        *classes, name = mutant.function.split(".")
        body: list[ast.stmt] = self.tree.body
        for each in classes:
            body = next(n.body for n in body if isinstance(n, ast.ClassDef) and n.name == each)
        body, place = found(body, name)
        (changed,) = ast.parse(mutant.code).body
        self.keep_cells(changed, mutant.function)
        body[place] = ast.increment_lineno(changed, body[place].lineno - 1)
        exchanged = False
        for code in codes(compile(self.tree, self.file, "exec", dont_inherit=True)):
            if (code.co_qualname + ".").startswith(mutant.function + "."):
                for function in self.live[code.co_qualname]:
                    function.__code__ = code
                    exchanged = True
        assert exchanged, "nobody holds the function"

    def keep_cells(self, changed: ast.stmt, name: str) -> None:
        """Code is only exchanged for code with the same cells: each name makes its own."""
        for node in ast.walk(changed):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                qualified = name if node is changed else f"{name}.<locals>.{node.name}"
                for cell in {cell for f in self.live[qualified] for cell in f.__code__.co_freevars}:
                    said = "super" if cell == "__class__" else cell
                    node.body += ast.parse(f"if False: {said}").body


def found(body: list[ast.stmt], name: str) -> tuple[list[ast.stmt], int]:
    """Where the function of this name is, also behind a condition."""
    for place, node in enumerate(body):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
            return body, place
    for node in body:
        if isinstance(node, ast.If):
            for branch in (node.body, node.orelse):
                with suppress(LookupError):
                    return found(branch, name)
    raise LookupError(name)


def codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from codes(inner)
