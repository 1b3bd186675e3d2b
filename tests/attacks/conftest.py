"""What is attacked: the small application behind the real door, or the whole service, shared."""

from __future__ import annotations

from tests.api.conftest import client, door_database, native, world

__all__ = ["client", "door_database", "native", "world"]
