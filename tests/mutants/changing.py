"""Every small change of a file's functions, one at a time.

What a change may be is mutmut's list, without what only spells a text in another case, and with
two more: a statement left out, and a letter more in a text that is put together. Sentences for
people, annotations and what only the type checker hears are left alone.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_string

FOR_THE_TYPE_CHECKER = {"len", "isinstance", "cast", "assert_never"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change: `lines` is what must run for it to make a difference, `code` the function."""

    path: Path
    function: str
    lines: range
    old: str
    new: str
    code: str

    @property
    def name(self) -> str:
        """The function, as it is asked for: `domain.money.Money.from_decimal`."""
        return f"{'.'.join(self.path.with_suffix('').parts)}.{self.function}"

    def __str__(self) -> str:
        return f"`{self.name}`: `{self.old}` → `{self.new}`"


def mutants(path: Path) -> Iterator[Mutant]:
    """All mutants of the file's functions, from the top to the bottom."""
    source = path.read_text()
    wrapped = MetadataWrapper(cst.parse_module(source))
    changes = Changes()
    wrapped.visit(changes)
    runs = statements(ast.parse(source))
    for function, name, node, changed in changes.found:
        position = wrapped.resolve(PositionProvider)[node]
        first, last = position.start.line, position.end.line
        before = spelled(wrapped.module, function)
        code = spelled(wrapped.module, function.deep_replace(node, changed))
        if code == before or not parses(code):
            continue
        old, new = difference(before, code)
        start, end = runs.get(first, (first, first))[0], runs.get(last, (last, last))[1]
        yield Mutant(
            path=path, function=name, lines=range(start, end + 1), old=old, new=new, code=code
        )


def spelled(module: cst.Module, function: cst.CSTNode) -> str:
    assert isinstance(function, cst.FunctionDef)
    return module.code_for_node(function.with_changes(leading_lines=[])).strip()


def parses(code: str) -> bool:
    try:
        compile(code, "mutant", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def difference(before: str, after: str) -> tuple[str, str]:
    """The lines that differ, each side on one line."""
    sides: dict[str, list[str]] = {"-": [], "+": []}
    told = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    for line in list(told)[2:]:
        if line[0] in sides:
            sides[line[0]].append(line[1:].strip())
    return " ".join(sides["-"]), " ".join(sides["+"])


def statements(tree: ast.Module) -> dict[int, tuple[int, int]]:
    """Line → first and last line of the statement it is of (of its head, where it has a body)."""
    spans: dict[int, tuple[int, int]] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt):
            continue
        body = getattr(node, "body", None)
        last = max(node.lineno, body[0].lineno - 1) if body else (node.end_lineno or node.lineno)
        if not isinstance(node, ast.Match):
            spans |= {line: (node.lineno, last) for line in range(node.lineno, last + 1)}
    return spans


class Changes(cst.CSTVisitor):
    """Finds (outermost function, its name, node, what the node may become)."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        self.found: list[tuple[cst.FunctionDef, str, cst.CSTNode, cst.CSTNode]] = []
        self.within: list[str] = []
        self.function: cst.FunctionDef | None = None

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, (cst.Annotation, cst.Decorator, cst.Parameters)) or left_alone(node):
            return False
        if isinstance(node, (cst.ClassDef, cst.FunctionDef)) and self.function is None:
            self.within.append(node.name.value)
            if isinstance(node, cst.FunctionDef):
                self.function = node
        elif self.function is not None:
            name = ".".join(self.within)
            self.found += [(self.function, name, node, changed) for changed in changes(node)]
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if original_node is self.function:
            self.function = None
            self.within.pop()
        elif isinstance(original_node, cst.ClassDef) and self.function is None:
            self.within.pop()


def changes(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for kind, operator in mutation_operators:
        if isinstance(node, kind) and operator is not operator_string:
            yield from (changed for changed in operator(node) if not only_words(node, changed))
    if isinstance(node, cst.SimpleString) and not node.raw_value.startswith("XX"):
        yield cst.SimpleString(f"{node.prefix}{node.quote}XX{node.raw_value}XX{node.quote}")
    if isinstance(node, cst.FormattedStringText):
        yield node.with_changes(value=f"XX{node.value}")
    if isinstance(node, cst.Expr) and not left_alone(node.value):
        yield cst.Pass()


def left_alone(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.Ellipsis):
        return True  # what a protocol only names does nothing
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Name):
        return node.func.value in FOR_THE_TYPE_CHECKER
    return prose(node)


def prose(node: cst.CSTNode) -> bool:
    """A sentence for people."""
    if isinstance(node, cst.ConcatenatedString):
        return True
    if isinstance(node, cst.SimpleString):
        return " " in node.raw_value or node.quote.startswith(('"""', "'''"))
    texts = node.parts if isinstance(node, cst.FormattedString) else ()
    return any(isinstance(t, cst.FormattedStringText) and " " in t.value for t in texts)


def only_words(node: cst.CSTNode, changed: cst.CSTNode) -> bool:
    """Whether the change drops nothing but a sentence, or a case that never comes."""
    if isinstance(node, (cst.Assign, cst.AnnAssign)):
        return node.value is not None and prose(node.value)
    if isinstance(node, cst.Call) and isinstance(changed, cst.Call):
        return any(prose(arg.value) for arg in gone(node.args, changed.args))
    if isinstance(node, cst.Match) and isinstance(changed, cst.Match):
        never = ("assert_never", "pass")
        return any(told(c.body).strip().startswith(never) for c in gone(node.cases, changed.cases))
    return False


def gone(before: Iterable[cst.CSTNode], after: Iterable[cst.CSTNode]) -> list:
    kept = {id(node) for node in after}
    return [node for node in before if id(node) not in kept]


def told(node: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(node)
