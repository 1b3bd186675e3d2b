"""What customers and banks do, for tests: pay, settle a delayed payment, dispute, fail a refund."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.control import json_body
from sandbox.faults import CONTROL_PREFIX
from sandbox.stripe import checkout, payments, refunds
from sandbox.stripe.account import Account, found
from sandbox.stripe.errors import Json, StripeError

OUTCOMES = (*checkout.METHOD_OF_OUTCOME, "abandoned")


def act_on_session(account: Account, session: Json, outcome: str) -> None:
    """One thing a customer does at the pay page. A decline is an outcome, not an error."""
    if outcome == "abandoned":
        checkout.ensure_open(session)
        return
    intent = account.payment_intents.get(session["payment_intent"] or "")
    waiting = intent is not None and intent["status"] == "requires_action"
    if waiting and outcome in ("paid", "declined"):
        checkout.authenticate(account, session, succeeded=outcome == "paid")
        return
    pay_url = f"{session['url']}/authenticate"
    unless_declined(
        lambda: checkout.pay(account, session, checkout.METHOD_OF_OUTCOME[outcome], pay_url)
    )


def act_on_intent(account: Account, intent: Json, outcome: str) -> None:
    """One thing a customer does in a payment sheet."""
    session = account.session_of(intent["id"])
    if session is not None:
        act_on_session(account, session, outcome)
        return
    if outcome == "abandoned":
        return
    if intent["status"] == "requires_action" and outcome in ("paid", "declined"):
        payments.authenticate(account, intent, succeeded=outcome == "paid")
        return
    method = checkout.METHOD_OF_OUTCOME[outcome]
    unless_declined(lambda: payments.confirm(account, intent, method, ""))
    checkout.settle_in_time(account, intent)


def unless_declined(act: Callable[[], None]) -> None:
    try:
        act()
    except StripeError as error:
        if error.status != 402:
            raise


async def chosen(request: web.Request, name: str, choices: tuple[str, ...]) -> str:
    value = (await json_body(request)).get(name)
    if value not in choices:
        raise StripeError(f"{name} must be one of: {', '.join(choices)}", param=name)
    return str(value)


Act = Callable[[web.Request], Awaitable[Json]]


def control(act: Act) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            return web.json_response(await act(request))
        except StripeError as error:
            return web.json_response(error.body, status=error.status)

    return handle


def payment_acts(account: Account) -> list[web.RouteDef]:
    def intent_of(request: web.Request) -> Json:
        wanted = request.match_info["intent"]
        return found(account.payment_intents, wanted, "payment_intent", "intent")

    async def pay_session(request: web.Request) -> Json:
        wanted = request.match_info["session"]
        session = found(account.sessions, wanted, "checkout.session", "session")
        act_on_session(account, session, await chosen(request, "outcome", OUTCOMES))
        return session

    async def pay_intent(request: web.Request) -> Json:
        intent = intent_of(request)
        act_on_intent(account, intent, await chosen(request, "outcome", OUTCOMES))
        return intent

    async def settle(request: web.Request) -> Json:
        intent = intent_of(request)
        outcome = await chosen(request, "outcome", ("succeeded", "failed"))
        checkout.settle(account, intent, succeeded=outcome == "succeeded")
        return intent

    async def dispute(request: web.Request) -> Json:
        return refunds.new_dispute(account, intent_of(request), await json_body(request))

    async def refund(request: web.Request) -> Json:
        """Somebody refunds it in the dashboard: nothing of ours is written on it."""
        intent = intent_of(request)
        charge = found(account.charges, intent["latest_charge"] or "", "charge", "intent")
        asked = await json_body(request)
        return refunds.new_refund(account, charge, asked, pending=bool(asked.pop("pending", False)))

    prefix = f"{CONTROL_PREFIX}/payment_intents/{{intent}}"
    return [
        web.post(f"{CONTROL_PREFIX}/checkout/{{session}}/pay", control(pay_session)),
        web.post(f"{prefix}/pay", control(pay_intent)),
        web.post(f"{prefix}/settle", control(settle)),
        web.post(f"{prefix}/dispute", control(dispute)),
        web.post(f"{prefix}/refund", control(refund)),
    ]


def bank_acts(account: Account) -> list[web.RouteDef]:
    def refund_of(request: web.Request) -> Json:
        return found(account.refunds, request.match_info["refund"], "refund", "refund")

    async def fail_refund(request: web.Request) -> Json:
        refund = refund_of(request)
        reason = (await json_body(request)).get("failure_reason", "expired_or_canceled_card")
        refunds.fail_refund(account, refund, reason)
        return refund

    async def succeed_refund(request: web.Request) -> Json:
        refund = refund_of(request)
        refunds.succeed_refund(account, refund)
        return refund

    async def close_dispute(request: web.Request) -> Json:
        wanted = request.match_info["dispute"]
        dispute = found(account.disputes, wanted, "dispute", "dispute")
        status = await chosen(request, "status", ("won", "lost"))
        refunds.close_dispute(account, dispute, won=status == "won")
        return dispute

    prefix = f"{CONTROL_PREFIX}/refunds/{{refund}}"
    return [
        web.post(f"{prefix}/fail", control(fail_refund)),
        web.post(f"{prefix}/succeed", control(succeed_refund)),
        web.post(f"{CONTROL_PREFIX}/disputes/{{dispute}}/close", control(close_dispute)),
    ]


def routes(account: Account) -> list[web.RouteDef]:
    return [*payment_acts(account), *bank_acts(account)]
