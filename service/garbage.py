"""How often the interpreter looks for garbage that only it can find: objects in a circle."""

from __future__ import annotations

import gc

# Reading a page of the log makes thousands of objects that live on and none that is garbage. By
# default Python would look through them after every seven hundred, which takes a third of the time.
YOUNG_OBJECTS_MAX = 20_000


def collect_seldom() -> None:
    """What is there now stays as long as the process and is not looked at again."""
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS_MAX)
