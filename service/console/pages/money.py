"""Money: what came in and went out day by day, whether the providers say the same, and the books
themselves, as tables and as files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from aiohttp import web
from markupsafe import Markup

from adapters.database import Database
from adapters.operators.money import DaySum, PostgresMoneyLedger
from adapters.operators.paging import CursorUnusable
from adapters.operators.reconciliations import DayCompared, Drift, PostgresReconciliations
from domain.ledger import DEBIT, Account
from domain.money import Money
from service.app import Service
from service.console.books import drifts_csv, ledger_csv
from service.console.door import Door
from service.console.drawing import Flow, flows
from service.console.operator import NotDone, NotThere, Visit
from service.console.rendering import Renderer, see_other, shown
from service.console.trip_view import STRIPE_PAYMENTS
from service.http.paths import UUID_TEXT

HERE = "/console/money"
DAYS_SHOWN = 14
DAYS_SHOWN_MAX = 92
ROWS_SHOWN = 8
DRIFTS_MAX = 200
KEY_CHARACTERS_MAX = 300
# The accounts that tell what customers gave, got back, and got for it.
TAKEN: tuple[Account, ...] = ("captured",)
BACK: tuple[Account, ...] = ("refunded", "disputed")
EARNED: tuple[Account, ...] = ("fulfilled", "fees")


@dataclass(frozen=True, slots=True, kw_only=True)
class DayShown:
    """A day (UTC) in one currency, and what comparing it with the providers found (None: nobody
    compared)."""

    day: date
    taken: Money
    back: Money
    earned: Money
    compared: DayCompared | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftShown:
    """A difference with where its cause is found (None: it is nobody's and nowhere)."""

    drift: Drift
    cause: str | None
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The days that are looked at, both included."""

    since: date
    until: date

    @property
    def days(self) -> list[date]:
        return [self.until - timedelta(n) for n in range((self.until - self.since).days + 1)]

    def moved(self, by: int) -> str:
        """Where the days before or after these are."""
        step = timedelta(days=by * len(self.days))
        return f"{HERE}?{urlencode({'from': self.since + step, 'until': self.until + step})}"


class MoneyPage:
    def __init__(self, service: Service, database: Database, pages: Renderer, door: Door) -> None:
        self.service = service
        self.pages = pages
        self.door = door
        self.books = PostgresMoneyLedger(database)
        self.reports = PostgresReconciliations(database)

    async def show(self, visit: Visit) -> web.StreamResponse:
        sees, span = visit.operator.sees, span_of(visit)
        sums = await self.books.days(span.since, span.until, sees)
        compared = {d.day: d for d in await self.reports.days(span.since, span.until, sees)}
        currencies = currencies_of(sums)
        wanted = visit.query("currency")
        currency = wanted if wanted in currencies else next(iter(currencies), "EUR")
        days = [day_shown(day, currency, sums, compared.get(day)) for day in span.days]
        day = day_of(visit.query("day")) or next(iter(compared), span.until)
        try:
            owed = await self.books.unsettled(
                tenant=sees, after=visit.query("after") or None, limit=ROWS_SHOWN
            )
        except CursorUnusable:
            return see_other(HERE)
        return self.pages.page(
            "money.html",
            visit,
            span=span,
            today=visit.now.date(),
            days=days,
            chart=chart_of(days),
            currencies=currencies,
            currency=currency,
            day=day,
            drifts=await self.drifts(visit, day),
            compared=compared.get(day),
            owed=owed,
            position=await self.service.log.last_position(),
        )

    async def drifts(self, visit: Visit, day: date) -> list[DriftShown]:
        found = await self.reports.drifts_of_day(day, visit.operator.sees, limit=DRIFTS_MAX)
        accepted = await self.reports.accepted([drift.key for drift in found])
        test = self.service.settings.mode == "test"
        return [
            DriftShown(
                drift=drift,
                cause=cause_of(drift, test=test),
                accepted=drift.key in accepted,
            )
            for drift in found
        ]

    async def accept(self, visit: Visit) -> web.StreamResponse:
        """What belongs to no trip is right as it is: later comparisons count it as settled."""
        day, key = day_of(visit.form.get("day", "")), visit.form.get("key", "")
        if day is None or len(key) > KEY_CHARACTERS_MAX:
            raise NotThere
        if not visit.reason:
            raise NotDone("A reason is needed: it is kept with your name.")
        found = await self.reports.drifts_of_day(day, None, limit=DRIFTS_MAX)
        if not any(drift.key == key and drift.done == "reported" for drift in found):
            raise NotThere
        await self.door.written(visit, "accepted a difference", tenant="", subject=key)
        await self.reports.accept(key, visit.reason, visit.operator.actor, visit.now)
        return see_other(f"{HERE}?day={day}#drift")

    # --- the books

    async def ledger(self, visit: Visit) -> web.StreamResponse:
        chosen = {name: visit.query(name) for name in ("day", "trip")}
        kept = {name: value for name, value in chosen.items() if value}
        after = visit.query("after") or None
        try:
            page = await self.books.page(
                tenant=visit.operator.sees,
                trip_id=chosen["trip"] or None,
                day=day_of(chosen["day"]),
                after=after,
                order="newest",
            )
        except CursorUnusable:
            return see_other(f"{HERE}/ledger")
        return self.pages.page(
            "ledger.html",
            visit,
            rows=page.rows,
            chosen=chosen,
            csv=f"{HERE}/ledger.csv?{urlencode(kept)}" if kept else f"{HERE}/ledger.csv",
            older=f"?{urlencode({**kept, 'after': page.after})}" if page.after else None,
            newest=f"{HERE}/ledger?{urlencode(kept)}" if after else None,
            position=await self.service.log.last_position(),
        )

    async def ledger_file(self, visit: Visit) -> web.StreamResponse:
        day, trip_id = day_of(visit.query("day")), visit.query("trip") or None
        taken = trip_id if trip_id and UUID_TEXT.fullmatch(trip_id) else None
        about = str(day or "") if taken else str(day or "everything")
        whose = await self.tenant_of(taken, visit) if taken else None
        await self.door.written(
            visit, "took the books as a file", tenant=whose, trip_id=taken, subject=about
        )
        lines = ledger_csv(self.books, tenant=visit.operator.sees, day=day, trip_id=trip_id)
        return await self.pages.download(visit, "ledger.csv", lines)

    async def tenant_of(self, trip_id: str, visit: Visit) -> str:
        """Whose trip it is: the act stands on its page, so it must be theirs to see."""
        recorded = await self.service.log.read_trip(trip_id)
        tenant = recorded[0].cause.tenant if recorded else None
        if tenant is None or visit.operator.sees not in (None, tenant):
            raise NotThere
        return tenant

    async def drift_file(self, visit: Visit) -> web.StreamResponse:
        day = day_of(visit.query("day")) or visit.now.date()
        await self.door.written(visit, "took the differences as a file", subject=str(day))
        found = await self.reports.drifts_of_day(day, visit.operator.sees, limit=DRIFTS_MAX)
        return await self.pages.download(visit, f"drift-{day}.csv", drifts_csv(found))


def span_of(visit: Visit) -> Span:
    """The days that were asked for; the last fortnight, where none were."""
    until = day_of(visit.query("until")) or visit.now.date()
    since = day_of(visit.query("from")) or until - timedelta(days=DAYS_SHOWN - 1)
    if not 0 <= (until - since).days < DAYS_SHOWN_MAX:
        raise NotDone(f"At most {DAYS_SHOWN_MAX} days can be shown, from a day until a later one.")
    return Span(since=since, until=until)


def day_of(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotDone("A day is written as 2026-11-21.") from None


def currencies_of(sums: Sequence[DaySum]) -> list[str]:
    """What customers paid in; the one with most movements first."""
    entries: dict[str, int] = {}
    for each in sums:
        if each.account in TAKEN + BACK + EARNED:
            entries[each.currency] = entries.get(each.currency, 0) + each.entries
    return sorted(entries, key=lambda currency: (-entries[currency], currency))


def day_shown(
    day: date, currency: str, sums: Iterable[DaySum], compared: DayCompared | None
) -> DayShown:
    mine = [each for each in sums if (each.day, each.currency) == (day, currency)]

    def on(accounts: Sequence[str]) -> Money:
        amounts = (
            each.amount if each.account in DEBIT else -each.amount
            for each in mine
            if each.account in accounts
        )
        return Money(sum(amounts), currency)

    return DayShown(day=day, taken=on(TAKEN), back=on(BACK), earned=on(EARNED), compared=compared)


def chart_of(days: Sequence[DayShown]) -> Markup:
    """From the first day to the last, as one reads."""
    spans = [
        Flow(
            f"{each.day}: {shown(each.taken)} taken, {shown(each.back)} given back",
            max(each.taken.amount, 0),
            max(each.back.amount, 0),
        )
        for each in reversed(days)
    ]
    return flows(spans, "Money taken, above the line, and given back, below it, day by day")


def cause_of(drift: Drift, *, test: bool) -> str | None:
    """The part of its trip where a difference is seen; the provider's own page without one."""
    if drift.trip_id is not None:
        part = "incidents" if drift.done == "incident" else "money"
        return f"/console/trips/{drift.trip_id}#{part}"
    if drift.subject.startswith("pi_"):
        return STRIPE_PAYMENTS.format(mode="test/" if test else "", payment_id=drift.subject)
    return None
