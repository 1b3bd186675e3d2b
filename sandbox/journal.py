"""Every effect that really happened, in order: checks count these to see that nothing doubled."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from sandbox.clock import SandboxClock

Entry = dict[str, Any]


class Journal:
    """Append-only; with a path, each entry is on disk before `record` returns."""

    def __init__(self, clock: SandboxClock, path: Path | None = None) -> None:
        self.clock = clock
        self.path = path
        self.entries: list[Entry] = read_entries(path) if path is not None else []

    def record(self, kind: str, **details: Any) -> Entry:
        seq = self.entries[-1]["seq"] + 1 if self.entries else 1
        entry = {"seq": seq, "at": self.clock.now().isoformat(), "kind": kind, **details}
        # What is told later must not change when the object it was told of does.
        line = json.dumps(entry, separators=(",", ":"), default=str)
        if self.path is not None:
            append_synced(self.path, line)
        self.entries.append(json.loads(line))
        return entry

    def of_kind(self, kind: str) -> list[Entry]:
        return [entry for entry in self.entries if entry["kind"] == kind]


def read_entries(path: Path) -> list[Entry]:
    """Whole lines only: a line torn by a kill never reached the caller, so it did not happen."""
    if not path.exists():
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) != len(content):
        os.truncate(path, len(whole))
    return [json.loads(line) for line in whole.splitlines() if line]


def append_synced(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
