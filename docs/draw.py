"""Draws the lifecycles into the documents, from the state machines that guard the rules.

`python -m docs.draw` brings the drawings up to date; with `--check` it only says which are not.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from statemachine import StateMachine

from domain.booking.lifecycle import BookingLifecycle
from domain.trip.lifecycle import TripLifecycle

DOCUMENTS = [Path(__file__).with_name("ARCHITECTURE.md")]
LIFECYCLES: dict[str, type[StateMachine]] = {
    "TripLifecycle": TripLifecycle,
    "BookingLifecycle": BookingLifecycle,
}
PLACE = re.compile(r"(<!-- drawn: (\w+) -->\n).*?(<!-- /drawn -->)", re.DOTALL)


def drawn(text: str) -> str:
    """The document with every drawing in it as the code is now."""

    def draw(place: re.Match[str]) -> str:
        diagram = f"{LIFECYCLES[place[2]]:mermaid}".strip()
        return f"{place[1]}```mermaid\n{diagram}\n```\n{place[3]}"

    return PLACE.sub(draw, text)


def main() -> int:
    stale = []
    for document in DOCUMENTS:
        text = document.read_text()
        if drawn(text) != text:
            stale.append(document.name)
            if "--check" not in sys.argv:
                document.write_text(drawn(text))
    if stale:
        print(("out of date: " if "--check" in sys.argv else "drawn: ") + ", ".join(stale))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
