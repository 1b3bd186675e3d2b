"""Problems: the catalogue of everything that can be refused, and how each is answered."""

from service.http.problems.answers import (
    NATIVE,
    Dialect,
    FieldProblem,
    Problem,
    ProblemDocument,
    answer,
    document,
    problem_of,
)
from service.http.problems.catalogue import CATALOGUE
from service.http.problems.kinds import ProblemType

__all__ = [
    "CATALOGUE",
    "NATIVE",
    "Dialect",
    "FieldProblem",
    "Problem",
    "ProblemDocument",
    "ProblemType",
    "answer",
    "document",
    "problem_of",
]
