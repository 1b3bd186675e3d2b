"""Signing in and out, and what stands before every page: a session, a right, and for every
button the session's own token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from urllib.parse import quote

import structlog
from aiohttp import web

from adapters.api_keys import ApiKey
from adapters.console.sessions import OperatorSessions
from domain.errors import Refused
from domain.log import Cause
from service.app import Service
from service.console.operator import ALL, READ, WRITE, NotDone, NotThere, Operator, Visit
from service.console.rendering import Renderer, see_other
from service.http.api import CALLER, REQUEST_ID
from service.http.identity import KEY_CHARACTERS_MAX, Caller
from service.http.problems import Problem
from service.operating.book import OPERATOR, Deed
from service.pages.forgery import Forged, Tokens
from service.pages.forms import read_form

COOKIE = "tripledger_console"
SIGN_IN = "/console/sign-in"
ISSUER_SIGN_IN = f"{SIGN_IN}/issuer"
HOME = "/console"

log = structlog.get_logger("service.console")

PageHandler = Callable[[Visit], Awaitable[web.StreamResponse]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Door:
    """Lets operators in, and out."""

    def __init__(self, service: Service, pages: Renderer, sessions: OperatorSessions) -> None:
        self.service = service
        self.pages = pages
        self.sessions = sessions
        self.book = service.operating.book
        self.tokens = Tokens(service.settings.base_url, "tripledger_sign_in")
        self.cookie = f"__Host-{COOKIE}" if self.tokens.secure else COOKIE
        self.by_issuer = service.settings.oidc_client_id is not None

    # --- signing in and out

    async def show_sign_in(self, request: web.Request) -> web.StreamResponse:
        if await self.operator_of(request) is not None:
            return see_other(own_path(request.query.get("next", "")))
        return self.asked_to_sign_in(request, next_path=request.query.get("next", ""))

    def asked_to_sign_in(
        self, request: web.Request, *, next_path: str, problem: str = "", status: int = 200
    ) -> web.Response:
        token = self.tokens.of(request)
        page = self.pages.page(
            "sign_in.html",
            status=status,
            token=token,
            next_path=own_path(next_path),
            problem=problem,
            issuer_sign_in=ISSUER_SIGN_IN if self.by_issuer else None,
        )
        self.tokens.keep(page, token)
        return page

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request, self.service.settings.read_timeout_s)
        try:
            self.tokens.check(request, form)
        except Forged as refusal:
            log.warning("console_form_refused", reason=str(refusal))
            return self.asked_to_sign_in(
                request, next_path="", problem="Please try once more.", status=403
            )
        text, now = form.get("key", "").strip(), self.service.clock.now()
        try:
            key = await self.key_of(request, text, now)
        except Problem as refusal:
            page = self.asked_to_sign_in(
                request, next_path="", problem=f"{refusal.detail} Please wait.", status=429
            )
            page.headers["Retry-After"] = str(refusal.facts["retry_after_s"])
            return page
        if key is None or READ not in key.scopes:
            problem = "This key is unknown, expired or revoked."
            if key is not None:
                problem = f"This key does not have the scope {READ}."
            return self.asked_to_sign_in(
                request, next_path=form.get("next", ""), problem=problem, status=403
            )
        operator = key.key_id
        secret, _ = await self.sessions.begin(
            operator, key.tenant, key.scopes, now, key_id=key.key_id, until=key.expires_at
        )
        return await self.signed_in(request, operator, key.tenant, secret, form.get("next", ""))

    async def key_of(self, request: web.Request, text: str, now: datetime) -> ApiKey | None:
        """Raises a problem where too many were tried."""
        strangers = self.service.strangers
        strangers.ensure(request, text)
        sane = len(text) <= KEY_CHARACTERS_MAX and text.isascii()
        key = await self.service.keys.find(text, now) if sane else None
        if key is None:
            await strangers.failed(request)
        return key

    async def signed_in(
        self, request: web.Request, operator: str, tenant: str, secret: str, next_path: str
    ) -> web.Response:
        """However somebody was recognised: from here on the browser's secret stands for them."""
        cause = Cause(tenant=tenant, actor=OPERATOR + operator, request_id=request[REQUEST_ID])
        await self.book.write("signed in", cause, tenant=tenant)
        response = see_other(own_path(next_path))
        response.set_cookie(
            self.cookie, secret, path="/", secure=self.tokens.secure, httponly=True, samesite="Lax"
        )
        return response

    async def sign_out(self, visit: Visit) -> web.StreamResponse:
        await self.sessions.end(visit.operator.secret)
        await self.written(visit, "signed out")
        response = see_other(SIGN_IN)
        response.del_cookie(
            self.cookie, path="/", secure=self.tokens.secure, httponly=True, samesite="Lax"
        )
        return response

    async def written(
        self,
        visit: Visit,
        deed: Deed,
        *,
        tenant: str | None = None,
        trip_id: str | None = None,
        subject: str = "",
    ) -> None:
        """Into the book, with the reason that was given. `tenant`: whose it is, if not theirs."""
        await self.book.write(
            deed,
            visit.cause(),
            tenant=visit.operator.tenant if tenant is None else tenant,
            trip_id=trip_id,
            subject=subject,
            reason=visit.reason,
        )

    # --- guarding

    async def operator_of(self, request: web.Request) -> Operator | None:
        secret = request.cookies.get(self.cookie, "")
        session = await self.sessions.find(secret, self.service.clock.now())
        if session is None or READ not in session.scopes:
            return None
        request[CALLER] = Caller(
            tenant=session.tenant, actor=OPERATOR + session.operator, scopes=session.scopes
        )
        return Operator(
            name=session.operator, tenant=session.tenant, scopes=session.scopes, secret=secret
        )

    def guarded(self, handler: PageHandler, scope: str = READ) -> Handler:
        """The handler, for those who are signed in and may."""

        async def guard(request: web.Request) -> web.StreamResponse:
            operator = await self.operator_of(request)
            if operator is None:
                return self.turned_away(request)
            visit = Visit(request=request, operator=operator, now=self.service.clock.now())
            try:
                if missing := needed(scope, request.method) - operator.scopes:
                    said = " and ".join(sorted(missing))
                    return self.problem(visit, 403, f"Your key does not have the scope {said}.")
                if request.method == "POST":
                    visit = await self.with_form(visit)
                return await handler(visit)
            except Forged as refusal:
                log.warning("console_form_refused", reason=str(refusal))
                return self.problem(visit, 403, "This did not come from a page of your session.")
            except NotThere:
                return self.problem(visit, 404, "There is nothing at this address.")
            except NotDone as refusal:
                return self.problem(visit, 409, str(refusal))
            except Refused as refusal:
                absent = refusal.code.endswith("_not_found")
                return self.problem(visit, 404 if absent else 409, refusal.detail)

        return guard

    async def with_form(self, visit: Visit) -> Visit:
        form = await read_form(visit.request, self.service.settings.read_timeout_s)
        self.tokens.compare(visit.operator.token, form)
        self.tokens.check_origin(visit.request)
        return Visit(request=visit.request, operator=visit.operator, now=visit.now, form=form)

    def turned_away(self, request: web.Request) -> web.Response:
        if "text/event-stream" in request.headers.get("Accept", ""):
            return web.Response(status=401)
        next_path = request.path_qs if request.method == "GET" else HOME
        return see_other(f"{SIGN_IN}?next={quote(next_path, safe='')}")

    def problem(self, visit: Visit, status: int, detail: str) -> web.Response:
        return self.pages.page("problem.html", visit, status=status, detail=detail, title="")


def needed(scope: str, method: str) -> frozenset[str]:
    """What is every tenant's is seen by who sees all of them, and changed by who may change too."""
    return frozenset({scope, WRITE} if scope == ALL and method == "POST" else {scope})


def own_path(text: str) -> str:
    """A page of ours, or the first one: nobody is led elsewhere by an address they were sent."""
    plain = text.startswith(HOME) and text.isascii() and text.isprintable()
    if not plain or "\\" in text or text[len(HOME) :][:1] not in {"", "/", "?"}:
        return HOME
    return HOME if text.startswith(SIGN_IN) else text
