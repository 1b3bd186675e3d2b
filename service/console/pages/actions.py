"""Actions: offered by the trip's own rules, shown beforehand, done for a reason, told in the trip's
story under the operator's name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import uuid4

from aiohttp import web

from domain.errors import Refused
from domain.money import Money
from domain.operating import Action, Wanted
from service.console.door import Door
from service.console.operator import NotDone, NotThere, Visit
from service.console.rendering import Renderer, see_other, shown
from service.console.trip_view import ActionOffered
from service.http.paths import UUID_TEXT
from service.operating.desk import OperatorDesk, Preview

ACTIONS: dict[Action, str] = {
    "retry": "Retry now",
    "look": "Reconcile now",
    "refund": "Refund…",
    "release": "Release…",
    "close_checkout": "Close the checkout…",
    "quote_cancellation": "Ask what cancelling gives back",
    "cancel": "Cancel…",
    "give_up": "Compensate…",
    "assign": "Take on",
    "resolve": "Mark resolved…",
    "resend": "Resend the confirmation",
}
# What cannot be taken back is typed, not only clicked.
GRAVE: frozenset[Action] = frozenset({"refund", "release", "cancel", "give_up", "close_checkout"})
AMOUNT = re.compile(r"[0-9]{1,12}([.,][0-9]{1,3})?")
SUBJECT_CHARACTERS_MAX = 200
# Nobody is asked to preview a thing without a reason; this one is never recorded.
UNTOLD = "your reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an operator is about to do. `typed` is what must be typed to mean it."""

    wanted: Wanted
    preview: Preview
    word: str
    grave: bool
    typed: str | None


class ActionsPage:
    def __init__(self, desk: OperatorDesk, pages: Renderer, door: Door) -> None:
        self.desk = desk
        self.pages = pages
        self.door = door

    async def offered(self, visit: Visit) -> list[ActionOffered]:
        """What may be done to the trip now, as links to where it is shown first."""
        if not visit.operator.may_act:
            return []
        offers = await self.desk.offers(visit.path("trip_id"), visit.operator.sees)
        return [
            ActionOffered(
                word=ACTIONS[offer.action],
                about=offer.what,
                query=urlencode({"action": offer.action, "subject": offer.subject}),
                grave=offer.action in GRAVE,
            )
            for offer in offers
        ]

    async def ask(self, visit: Visit) -> web.StreamResponse:
        """What it would record and whom it would call, before anything is done."""
        fields = {name: visit.query(name) for name in ("action", "subject", "amount")}
        return self.shown(visit, await self.asked(visit, fields, UNTOLD))

    def shown(self, visit: Visit, asked: Asked, problem: str = "") -> web.Response:
        return self.pages.page(
            "action.html",
            visit,
            status=409 if problem else 200,
            trip_id=visit.path("trip_id"),
            asked=asked,
            request_id=str(uuid4()),
            problem=problem,
        )

    async def do(self, visit: Visit) -> web.StreamResponse:
        form, trip_id = visit.form, visit.path("trip_id")
        if not visit.reason:
            raise NotDone("A reason is needed: it is kept with your name.")
        if UUID_TEXT.fullmatch(form.get("request_id", "")) is None:
            raise NotThere
        try:
            asked = await self.asked(visit, form, visit.reason)
        except Refused as refusal:
            raise NotDone(f"{refusal.detail} Nothing was done.") from refusal
        if asked.typed is not None and plain(form.get("typed", "")) != plain(asked.typed):
            return self.shown(visit, asked, f"Nothing was done: type {asked.typed} to mean it.")
        if str(asked.preview.version) != form.get("version"):
            return self.shown(
                visit, asked, "Nothing was done: the trip has moved. This is what it would do now."
            )
        acted = await self.desk.act(trip_id, asked.wanted, visit.cause(), asked.preview.version)
        query = urlencode({"done": acted.note}) if acted.note else ""
        return see_other(f"/console/trips/{trip_id}{'?' + query if query else ''}")

    async def asked(self, visit: Visit, fields: Mapping[str, str], reason: str) -> Asked:
        trip_id, sees = visit.path("trip_id"), visit.operator.sees
        action = next((each for each in ACTIONS if each == fields.get("action")), None)
        subject = fields.get("subject", "")
        if action is None or UUID_TEXT.fullmatch(trip_id) is None:
            raise NotThere
        if len(subject) > SUBJECT_CHARACTERS_MAX:
            raise NotThere
        amount = None
        if action == "refund":
            offers = await self.desk.offers(trip_id, sees)
            most = next(
                (o.amount for o in offers if (o.action, o.subject) == (action, subject)), None
            )
            if most is None:
                raise NotDone("Nothing of this payment can be refunded as it stands.")
            amount = amount_of(fields.get("amount", ""), most)
        wanted = Wanted(
            action=action,
            subject=subject,
            reason=reason,
            request_id=fields.get("request_id") or str(uuid4()),
            amount=amount,
            owner=visit.operator.name if action == "assign" else None,
        )
        preview = await self.desk.preview(trip_id, wanted, sees)
        return Asked(
            wanted=wanted,
            preview=preview,
            word=ACTIONS[action].rstrip("…"),
            grave=action in GRAVE,
            typed=typed_for(wanted),
        )


def amount_of(text: str, most: Money) -> Money:
    """What was typed, as money of this currency; everything, where nothing was typed."""
    if not text.strip():
        return most
    if AMOUNT.fullmatch(text.strip()) is None:
        raise NotDone("An amount is written as 12.50.")
    try:
        return Money.from_decimal(text.strip().replace(",", "."), most.currency)
    except ValueError as error:
        raise NotDone("An amount is written as 12.50.") from error


def typed_for(wanted: Wanted) -> str | None:
    """The amount where money goes; the deed where something cannot be taken back."""
    if wanted.amount is not None:
        return shown(wanted.amount)
    return wanted.action.replace("_", " ") if wanted.action in GRAVE else None


def plain(text: str) -> str:
    """What is meant, whatever the spaces and signs: 1,248.00 is 1248.00 is €1,248.00."""
    return re.sub(r"[^0-9a-z.]", "", text.lower())
