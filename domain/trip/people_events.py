"""What may have happened to the people of a trip."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonForgotten:
    """From here on nobody is shown what was sealed for the person, and their key is destroyed."""

    person_id: str
    forgotten_at: datetime
