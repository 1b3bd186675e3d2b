"""The numbers that commands take, no larger than what becomes of them can be."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

BIGINT_MAX = 2**63 - 1
LINES_MAX = 1_000_000
DAYS_MAX = 36_500

Limit = Annotated[int, Parameter(validator=Number(gte=1, lte=LINES_MAX))]
Position = Annotated[int, Parameter(validator=Number(gte=0, lte=BIGINT_MAX))]
Days = Annotated[int, Parameter(validator=Number(gte=1, lte=DAYS_MAX))]
Hours = Annotated[int, Parameter(validator=Number(gte=0, lte=DAYS_MAX * 24))]
