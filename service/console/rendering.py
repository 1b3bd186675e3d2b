"""The console's templates and files, and the words every page shares."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from domain.money import Money
from service.console.books import size, spelled
from service.console.operator import Visit
from service.http.answers import display
from service.http.middleware import SECURITY_HEADERS
from service.pages.rendering import fixed, page_headers

STATIC = {"console.css": "text/css", "console.js": "text/javascript", "icon.svg": "image/svg+xml"}

# Address, word, and the key that leads there after `g`.
PLACES = (
    ("/console", "Today", "d"),
    ("/console/trips", "Trips", "t"),
    ("/console/incidents", "Incidents", "i"),
    ("/console/money", "Money", "m"),
    ("/console/webhooks", "Webhooks", "w"),
    ("/console/deliveries", "Deliveries", "s"),
    ("/console/projections", "Projections", "p"),
    ("/console/log", "Log", "l"),
    ("/console/audit", "Audit", "a"),
)

TONES = {
    "good": "completed confirmed captured succeeded done whole live paid resolved delivered",
    "busy": "quoting opening awaiting_payment processing closing fulfilling ordering cancelling"
    " authorized capturing releasing refunding scheduled pending leased open pending_payment",
    "mixed": "unknown partially_refunded ready failed_once paused assigned",
    "bad": "failed cancellation_refused refund_failed parked disputed refused behind",
}
TONE_OF = {word: tone for tone, words in TONES.items() for word in words.split()}


class Renderer:
    def __init__(self, *, sandbox: bool) -> None:
        found = resources.files("service.console").joinpath("static")
        self.files = {n: (found.joinpath(n).read_bytes(), kind) for n, kind in STATIC.items()}
        self.environment = Environment(
            loader=PackageLoader("service.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.globals.update(
            assets={name: address(name, body) for name, (body, _) in self.files.items()},
            sandbox=sandbox,
            places=PLACES,
        )
        self.environment.filters.update(
            money=shown,
            clock=clock,
            instant=instant,
            span=span,
            ago=ago,
            words=words,
            zip=zip,
            tone=tone,
            total_of=lambda row: amount_of(row.total, row.currency),
            unearned_of=lambda row: amount_of(row.unfulfilled, row.currency),
            stake_of=lambda row: amount_of(row.amount, row.currency),
            of_row=lambda row, name: amount_of(getattr(row, name), row.currency),
            entries=spelled,
            size=size,
        )

    def page(
        self, template: str, visit: Visit | None = None, *, status: int = 200, **values: Any
    ) -> web.Response:
        shared = {
            "operator": visit.operator if visit else None,
            "now": visit.now if visit else None,
            "here": visit.request.path if visit else "",
            "address": visit.request.path_qs if visit else "",
        }
        text = self.environment.get_template(template).render(**shared, **values)
        return web.Response(
            status=status, text=text, content_type="text/html", headers=page_headers(None)
        )

    async def download(
        self, visit: Visit, name: str, lines: AsyncIterator[str]
    ) -> web.StreamResponse:
        """A table, sent as it is read."""
        response = web.StreamResponse(headers=file_headers(name, "text/csv; charset=utf-8"))
        await response.prepare(visit.request)
        async for text in lines:
            await response.write(text.encode())
        await response.write_eof()
        return response

    def add_files(self, app: web.Application) -> None:
        for name, (body, media_type) in self.files.items():
            app.router.add_get(f"/console/static/{name}", fixed(body, media_type))


def file_headers(name: str, media_type: str) -> dict[str, str]:
    return {
        **SECURITY_HEADERS,
        **page_headers(None),
        "Content-Type": media_type,
        "Content-Disposition": f'attachment; filename="{name}"',
    }


def address(name: str, body: bytes) -> str:
    return f"/console/static/{name}?v={hashlib.sha256(body).hexdigest()[:12]}"


def see_other(location: str) -> web.Response:
    return web.Response(status=303, headers={**page_headers(None), "Location": location})


def shown(amount: Money | None) -> str:
    return display(amount) if amount is not None else "–"


def amount_of(amount: int | None, currency: str | None) -> Money | None:
    """Of a row, where an amount and its currency stand apart."""
    return Money(amount, currency) if amount is not None and currency else None


def clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M:%S}"


def instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%-d %b %Y, %H:%M:%S}"


def span(length: timedelta | float | None) -> str:
    """How long something takes, in the unit that fits."""
    if length is None:
        return "–"
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    if seconds < 1:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min"
    if seconds < 2 * 86_400:
        return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:02.0f} min"
    return f"{seconds // 86_400:.0f} days"


def ago(at: datetime, now: datetime) -> str:
    if at > now:
        return f"in {span(at - now)}"
    if now - at < timedelta(seconds=2):
        return "just now"
    return f"{span(now - at)} ago"


def words(name: str) -> str:
    """A status or a kind, as people write it."""
    return name.replace("_", " ").replace("-", " ")


def tone(name: str) -> str:
    return TONE_OF.get(name, "calm")
