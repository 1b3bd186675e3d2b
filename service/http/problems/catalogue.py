"""Every coded problem this service answers with. Codes are for ever; words may change."""

from __future__ import annotations

from service.http.problems.at_the_door import IDENTITY, OURS, OUTBOUND, REPEATS, THE_REQUEST
from service.http.problems.kinds import ProblemType
from service.http.problems.of_providers import PAYING, SUPPLIERS
from service.http.problems.of_trips import ABSENT, CANCELLING, STATE, TRIP_CONTENT

CATALOGUE: dict[str, ProblemType] = {
    kind.code: kind
    for group in (
        THE_REQUEST,
        IDENTITY,
        REPEATS,
        OUTBOUND,
        ABSENT,
        STATE,
        TRIP_CONTENT,
        CANCELLING,
        PAYING,
        SUPPLIERS,
        OURS,
    )
    for kind in group
}
