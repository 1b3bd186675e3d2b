"""Runs a module, as `python -m` does, for as long as standard input is held open: whoever started
it may be killed in any way and leaves nothing running behind."""

from __future__ import annotations

import os
import runpy
import sys
from threading import Thread


def end_with_stdin() -> None:
    """Without goodbye: everything here survives that, and whoever comes next finds nobody."""
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    Thread(target=end_with_stdin, daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
