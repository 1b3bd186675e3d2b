"""What no request can show: how the code treats SQL, and how it compares secrets."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from adapters.operators.trip_list import TripFilter
from tests.architecture.tree import PRODUCT, name_of, parsed, python_files

RUNS_SQL = frozenset(["execute", "executemany", "fetch", "fetchrow", "fetchval", "prepare"])
RUNS_SQL |= {"cursor", "copy_from_query"}
STATEMENT = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|DROP|ALTER)\b")
# Woven in, and never out of a request: names of tables and columns, which are constants elsewhere,
# and conditions that are made of constants and numbered parameters.
REVIEWED = {
    "adapters/differences.py": {"keys", "differing", "table", "one", "other"},
    "adapters/operators/incidents.py": {"' AND '.join(where)"},
    "adapters/operators/trip_list.py": {"' AND '.join(where)", "way", "given(rows)"},
    "adapters/operators/money.py": {"' AND '.join(where)", "way"},
    "adapters/read_models.py": {"table", "where"},
    "adapters/read_tables.py": {
        *("self.name", "self.key", "self.types[0]", "', '.join(self.fields)"),
        *("fields", "taken", "sent", "replaced"),
    },
    "adapters/runtime_role.py": {"role"},
}
# A request's hash says whether it is the same one, and a lease's token who holds it: no secrets.
NO_SECRETS = re.compile(r"request_hash|(?:entry|fresh)\.token")
SECRET = re.compile(r"(?:^|_)(secret|secrets|signature|signatures|digest|hash|mac|token)$")


def pieces(node: ast.AST) -> Iterator[ast.expr]:
    """What an f-string or a sum of texts is made of, but for the texts themselves."""
    match node:
        case ast.JoinedStr(values=values):
            for each in values:
                if isinstance(each, ast.FormattedValue):
                    yield each.value
        case ast.BinOp(left=left, op=ast.Add() | ast.Mod(), right=right):
            yield from pieces(left)
            yield from pieces(right)
        case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="format"), args=args):
            yield from args
        case ast.Constant():
            return
        case ast.expr():
            yield node


def constants(tree: ast.Module) -> set[str]:
    """What is spelled in capitals: texts of the module itself, never of a request."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id.isupper()}


def texts_of(node: ast.AST) -> str:
    return " ".join(
        each.value
        for each in ast.walk(node)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    )


def woven(path: Path) -> list[str]:
    """Statements with something woven in that is no constant of ours."""
    tree = parsed(path)
    known = constants(tree)
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.JoinedStr | ast.BinOp | ast.Call):
            continue
        if isinstance(node, ast.Call) and not (
            isinstance(node.func, ast.Attribute) and node.func.attr == "format"
        ):
            continue
        if STATEMENT.search(texts_of(node)) is None:
            continue
        found += [
            f"{name_of(path)}:{node.lineno} {ast.unparse(each)}"
            for each in pieces(node)
            if not (isinstance(each, ast.Name) and each.id in known)
            and ast.unparse(each) not in REVIEWED.get(name_of(path), ())
        ]
    return found


def test_no_statement_is_woven_of_what_somebody_sent() -> None:
    files = python_files("adapters", "projections", "service")
    found = [line for path in files for line in woven(path)]

    assert len(files) > 100
    assert [] == found


def test_a_word_of_a_filter_brings_no_statement_of_its_own() -> None:
    """The one place where words of a request stand in a statement lets nothing but words pass."""
    hostile = ["a' OR '1'='1", "a'--", "a;DROP TABLE x", "a\n", "A", "a b", "a]", "é", "a\\"]

    assert [] == [word for word in hostile if TripFilter(status=word).known]
    assert TripFilter(status="awaiting_payment").known


def compared(path: Path) -> Iterator[str]:
    for node in ast.walk(parsed(path)):
        if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
            continue
        for side in (node.left, *node.comparators):
            name = getattr(side, "id", getattr(side, "attr", ""))
            if SECRET.search(name) and not NO_SECRETS.search(ast.unparse(node)):
                yield f"{name_of(path)}:{node.lineno} {ast.unparse(node)}"


def test_no_secret_is_compared_faster_the_sooner_it_differs() -> None:
    found = [line for path in python_files(*PRODUCT) for line in compared(path)]

    assert [] == found
