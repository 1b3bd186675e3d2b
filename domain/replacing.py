"""A frozen value with some of its fields changed, as `dataclasses.replace` makes it and several
times faster: what stays is copied at once instead of going field by field through the constructor.

For dataclasses without slots and with nothing to do when they are made (`__post_init__`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The type checker holds every call to the fields there are.
    from dataclasses import replace as replace
else:

    def replace(value, /, **changes):
        changed = object.__new__(type(value))
        vars(changed).update(vars(value), **changes)
        return changed
