"""The page a customer pays at: plain forms that work without JavaScript, and no money."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from aiohttp import web
from babel.numbers import format_currency
from jinja2 import Environment, PackageLoader, StrictUndefined

from sandbox.stripe import checkout, payments
from sandbox.stripe.account import Account
from sandbox.stripe.amounts import THREE_DECIMAL, ZERO_DECIMAL
from sandbox.stripe.errors import Json, StripeError

templates = Environment(
    loader=PackageLoader("sandbox.stripe"), autoescape=True, undefined=StrictUndefined
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def rendered(template: str, *, status: int = 200, **values: Any) -> web.Response:
    text = templates.get_template(template).render(**values)
    return web.Response(status=status, text=text, content_type="text/html", headers=HEADERS)


def price(amount: int, currency: str) -> str:
    digits = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    form = "¤#,##0." + "0" * digits if digits else "¤#,##0"
    value = Decimal(amount).scaleb(-digits)
    return format_currency(value, currency.upper(), form, locale="en", currency_digits=False)


def success_url(session: Json) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def closed(session: Json) -> web.Response:
    total = price(session["amount_total"], session["currency"])
    if session["status"] == "expired":
        return rendered(
            "closed.html",
            status=410,
            heading="This payment page has expired",
            total=total,
            explanation="Nothing was charged. Go back to the shop to start again.",
            link=session["cancel_url"],
            link_text="Back to the shop",
        )
    return rendered(
        "closed.html",
        heading="This has been paid already",
        total=total,
        explanation="It cannot be paid twice; nothing more was charged.",
        link=success_url(session),
        link_text="Continue to the shop",
    )


def pay_form(account: Account, session: Json, *, status: int = 200) -> web.Response:
    currency = session["currency"]
    expires_at = datetime.fromtimestamp(session["expires_at"], UTC)
    intent = account.payment_intents.get(session["payment_intent"] or "")
    error = intent["last_payment_error"] if intent else None
    data = account.session_intents[session["id"]]
    return rendered(
        "pay.html",
        status=status,
        session_id=session["id"],
        total=price(session["amount_total"], currency),
        items=[
            {
                "name": item["description"],
                "quantity": item["quantity"],
                "amount": price(item["amount_total"], currency),
            }
            for item in account.line_items[session["id"]]
        ],
        failure=error["message"] if error else None,
        manual_capture=data.get("capture_method") == "manual",
        cancel_url=session["cancel_url"],
        expires_at=expires_at.isoformat(),
        expires_shown=f"{expires_at:%d %B %Y, %H:%M} UTC",
    )


def pay_by_form(account: Account, session: Json, outcome: str) -> web.StreamResponse:
    """One press of a button: to the shop, on to the bank, or back to the form with a reason."""
    here = f"/pay/{session['id']}"
    method = checkout.METHOD_OF_OUTCOME["paid" if outcome == "never_return" else outcome]
    try:
        checkout.pay(account, session, method, f"{session['url']}/authenticate")
    except StripeError as error:
        if error.status == 402:
            return pay_form(account, session, status=402)
        raise
    if session["status"] == "open":
        raise web.HTTPSeeOther(f"{here}/authenticate")
    if outcome == "never_return":
        return rendered(
            "closed.html",
            heading="Paid, and the browser stays here",
            total=price(session["amount_total"], session["currency"]),
            explanation="The shop has to learn of this payment by itself.",
            link=None,
            link_text=None,
        )
    raise web.HTTPSeeOther(success_url(session))


def session_of(account: Account, request: web.Request) -> Json:
    account.clock.fire_due()
    session = account.sessions.get(request.match_info["session"])
    if session is None:
        raise web.HTTPNotFound(text="There is no such payment page.")
    return session


def session_routes(account: Account) -> list[web.RouteDef]:
    async def show(request: web.Request) -> web.StreamResponse:
        session = session_of(account, request)
        return pay_form(account, session) if session["status"] == "open" else closed(session)

    async def pay(request: web.Request) -> web.StreamResponse:
        outcome = str((await request.post()).get("outcome", ""))
        session = session_of(account, request)
        if session["status"] == "complete" and outcome == "paid":
            # The second press of a double click leads where the first one was on its way to.
            raise web.HTTPSeeOther(success_url(session))
        if session["status"] != "open":
            return closed(session)
        if outcome not in (*checkout.METHOD_OF_OUTCOME, "never_return"):
            raise web.HTTPBadRequest(text="Choose one of the page's buttons.")
        return pay_by_form(account, session, outcome)

    return [web.get("/pay/{session}", show), web.post("/pay/{session}", pay)]


def authentication_routes(account: Account) -> list[web.RouteDef]:
    """The bank's question for a session's payment."""

    def waiting(request: web.Request) -> tuple[Json, Json | None]:
        session = session_of(account, request)
        intent = account.payment_intents.get(session["payment_intent"] or "")
        asked = intent is not None and intent["status"] == "requires_action"
        return session, intent if asked else None

    async def ask(request: web.Request) -> web.StreamResponse:
        session, intent = waiting(request)
        if intent is None:
            raise web.HTTPSeeOther(f"/pay/{session['id']}")
        return authentication_form(intent, request.path)

    async def answer(request: web.Request) -> web.StreamResponse:
        succeeded = (await request.post()).get("authentication") == "succeed"
        session, intent = waiting(request)
        if intent is None:
            raise web.HTTPSeeOther(f"/pay/{session['id']}")
        checkout.authenticate(account, session, succeeded=succeeded)
        if session["status"] == "open":
            return pay_form(account, session, status=402)
        raise web.HTTPSeeOther(success_url(session))

    path = "/pay/{session}/authenticate"
    return [web.get(path, ask), web.post(path, answer)]


def authentication_form(intent: Json, action: str) -> web.Response:
    total = price(intent["amount"], intent["currency"])
    return rendered("authenticate.html", total=total, action=action)


def intent_routes(account: Account) -> list[web.RouteDef]:
    """The bank's question for a payment that no Checkout Session owns."""

    def waiting(request: web.Request) -> Json:
        intent = account.payment_intents.get(request.match_info["intent"])
        if intent is None or intent["status"] != "requires_action":
            raise web.HTTPNotFound(text="No payment waits for this bank's question.")
        return intent

    async def ask(request: web.Request) -> web.StreamResponse:
        return authentication_form(waiting(request), request.path)

    async def answer(request: web.Request) -> web.StreamResponse:
        succeeded = (await request.post()).get("authentication") == "succeed"
        intent = waiting(request)
        payments.authenticate(account, intent, succeeded=succeeded)
        return rendered(
            "closed.html",
            heading="Thank you" if succeeded else "Not confirmed",
            total=price(intent["amount"], intent["currency"]),
            explanation="You can close this page and go back to the app.",
            link=None,
            link_text=None,
        )

    path = "/authenticate/{intent}"
    return [web.get(path, ask), web.post(path, answer)]


def pay_page_routes(account: Account) -> list[web.RouteDef]:
    return [*session_routes(account), *authentication_routes(account), *intent_routes(account)]
