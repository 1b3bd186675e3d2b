"""The installed command `tripledger`. A command's module is imported when the command is called, so
that none waits for what the others need."""

from __future__ import annotations

import sys

from asyncpg import InterfaceError, PostgresError
from cyclopts import App

from adapters.migrate import MigrationRefused
from domain.errors import Refused
from domain.log import UnreadableEvent
from service.cli.output import FAILED, NOT_FOUND, USAGE, complaints
from service.garbage import collect_seldom
from service.settings import UnsafeSettings
from service.version import VERSION

app = App(
    name="tripledger",
    version=VERSION,
    help="A trip becomes paid, fulfilled bookings, exactly once.",
)
COMMANDS = {
    "serve": (
        "service.cli.running:serve",
        "Run the service: the API, the worker and the projections, or the roles named.",
    ),
    "demo": (
        "service.cli.running:demo",
        "Start everything in a sandbox, book a trip end to end telling the story, keep serving.",
    ),
    "sandbox": (
        "service.cli.running:sandbox",
        "Run the Stripe and Duffel sandboxes alone and print the settings that point at them.",
    ),
    "migrate": (
        "service.cli.setting_up:migrate",
        "Bring the database to this version's schema.",
    ),
    "openapi": (
        "service.cli.setting_up:openapi",
        "Print the OpenAPI 3.1 document of the HTTP API.",
    ),
    "config": (
        "service.cli.setting_up:config",
        "Show every setting, where it comes from and whether it is safe; exit code 2 if not.",
    ),
    "mcp": (
        "service.cli.agents:mcp",
        "Serve the MCP tools over stdin and stdout, handing on to a running service.",
    ),
    "replay": (
        "service.cli.trip.replay:replay",
        "Fold a trip again and show every state on the way; exit code 1 when a read model has"
        " stored something else.",
    ),
    "money": (
        "service.cli.money:money",
        "What moved, the oldest first, and its sums: of one --trip, one --day (UTC), or all.",
    ),
    "trip": (
        "service.cli.trip.looking:app",
        "One trip: show, timeline, events, diff; export, verify, import.",
    ),
    "keys": ("service.cli.keys:app", "API keys: create, list, rotate, revoke."),
    "tenants": (
        "service.cli.tenants:app",
        "Tenants: where their travellers may be sent back to.",
    ),
    "webhooks": (
        "service.cli.webhooks:app",
        "Tenants' webhook endpoints, and what became of what was sent.",
    ),
    "forget": (
        "service.cli.forget:app",
        "Erase a person, or check a certificate of erasure.",
    ),
    "vault": ("service.cli.vault:app", "Keys of personal data: rewrap."),
    "log": ("service.cli.log:app", "The event log: verify."),
    "projections": (
        "service.cli.projections:app",
        "Read models: list, pause, resume, rebuild, verify.",
    ),
    "incidents": (
        "service.cli.incidents:app",
        "What people must settle: list, show, assign, resolve.",
    ),
    "reconcile": (
        "service.cli.reconcile:app",
        "Compare the log with Stripe and suppliers, and put it right.",
    ),
    "tasks": ("service.cli.tasks:app", "Background work: list, retry."),
    "audit": ("service.cli.audit:audit", "Who did and saw what, the newest first."),
}
for name, (place, text) in COMMANDS.items():
    app.command(place, name=name, help=text)


def main() -> None:
    """Exit codes: 0 done, 1 failed, 2 wrong use or unsafe settings, 3 not found."""
    collect_seldom()
    try:
        app(sys.argv[1:])
    except UnsafeSettings as error:
        complaints.print(str(error), markup=False)
        complaints.print("Without any keys of yours, `tripledger demo` shows everything.")
        sys.exit(USAGE)
    except (MigrationRefused, OSError, PostgresError, InterfaceError, UnreadableEvent) as error:
        complaints.print(f"{type(error).__name__}: {error}", markup=False)
        sys.exit(FAILED)
    except Refused as refusal:
        complaints.print(f"{refusal.code}: {refusal.detail}", markup=False)
        sys.exit(NOT_FOUND if refusal.code.endswith("_not_found") else FAILED)
    except KeyboardInterrupt:
        sys.exit(FAILED)
