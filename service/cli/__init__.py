"""The installed command `tripledger`."""

from __future__ import annotations

import sys

from cyclopts import App

from adapters.migrate import MigrationRefused
from domain.errors import Refused
from service.cli import (
    agents,
    evidence,
    forget,
    incidents,
    keys,
    log,
    money,
    projections,
    reconcile,
    replay,
    running,
    tasks,
    tenants,
    trips,
    vault,
    webhooks,
)
from service.cli.output import FAILED, NOT_FOUND, USAGE, complaints
from service.garbage import collect_seldom
from service.settings import UnsafeSettings
from service.version import VERSION

app = App(
    name="tripledger",
    version=VERSION,
    help="A trip becomes paid, fulfilled bookings, exactly once.",
)
app.command(running.app, name="*")
app.command(agents.app, name="*")
app.command(replay.app, name="*")
app.command(money.app, name="*")
trips.app.command(evidence.app, name="*")
GROUPS = (
    *(trips, keys, tenants, webhooks, forget, vault, log, projections, incidents, reconcile),
    tasks,
)
for group in (module.app for module in GROUPS):
    app.command(group)


def main() -> None:
    """Exit codes: 0 done, 1 failed, 2 wrong use or unsafe settings, 3 not found."""
    collect_seldom()
    try:
        app()
    except UnsafeSettings as error:
        complaints.print(str(error), markup=False)
        complaints.print("Without any keys of yours, `tripledger demo` shows everything.")
        sys.exit(USAGE)
    except (MigrationRefused, OSError) as error:
        complaints.print(f"{type(error).__name__}: {error}", markup=False)
        sys.exit(FAILED)
    except Refused as refusal:
        complaints.print(f"{refusal.code}: {refusal.detail}", markup=False)
        sys.exit(NOT_FOUND if refusal.code.endswith("_not_found") else FAILED)
    except KeyboardInterrupt:
        sys.exit(FAILED)
