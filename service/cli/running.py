"""Commands that run something: the service, the demo, the sandboxes."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Annotated

import structlog
from cyclopts import Parameter
from rich.console import Console

from service.cli.output import OK, people
from service.serving import ROLES, Role
from service.serving import serve as serve_roles
from service.settings import Settings
from service.settings_rules import misspelled
from service.telemetry import configure_logging


def serve(*, role: Annotated[list[Role] | None, Parameter(help="all, unless named")] = None) -> int:
    """Run the service: the API, the worker and the projections, or the roles named."""
    import uvloop

    settings = Settings.load()
    settings.check_safe()
    configure_logging(settings.log_level, sys.stderr)
    for doubt in misspelled(Settings, os.environ):
        structlog.get_logger().warning("variable_not_read", reason=doubt)
    roles = tuple(role) if role else ROLES
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve_roles(settings, roles))
    return OK


def demo(*, once: bool = False) -> int:
    """Start everything in a sandbox, book a trip end to end telling the story, keep serving.

    Parameters
    ----------
    once
        Stop after the story; the exit code tells whether every step came true.
    """
    from service.demo.play import play

    settings = Settings.load()
    configure_logging("error", sys.stderr)
    return asyncio.run(play(settings, Console(highlight=False), once=once))


def sandbox() -> int:
    """Run the Stripe and Duffel sandboxes alone and print the settings that point at them."""
    from service.demo.sandboxes import run_sandboxes

    return asyncio.run(run_sandboxes(Settings.load(), people))
