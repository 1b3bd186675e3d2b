"""Runs one sandbox as a process: binds first, so that a free port can be asked for and told."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from aiohttp import web


def bind(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


async def serve(
    make_app: Callable[[str], web.Application], *, host: str, port: int, port_file: Path | None
) -> None:
    """Serve the application made for the bound URL until SIGTERM or SIGINT; prints that URL."""
    listener = bind(host, port)
    url = f"http://{host}:{listener.getsockname()[1]}"
    runner = web.AppRunner(make_app(url), access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    if port_file is not None:
        tell(port_file, url)
    print(url, flush=True)
    await stopped.wait()
    await runner.cleanup()


def tell(port_file: Path, url: str) -> None:
    """Appears whole or not at all: somebody is waiting for the file."""
    draft = port_file.with_name(port_file.name + ".part")
    draft.write_text(url + "\n", encoding="utf-8")
    draft.replace(port_file)
