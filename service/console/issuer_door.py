"""Signing in to the console at the organisation's own issuer, where one is configured."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime

import structlog
from aiohttp import web

from adapters.doors.openid import Attempt, IssuerUnavailable, OpenIdClient
from adapters.doors.signing_keys import SigningKeysUnavailable
from adapters.doors.tokens import TokenHolder, TokenRefused, Tokens
from service.app import Service
from service.console.door import ISSUER_SIGN_IN, Door, own_path
from service.console.operator import READ
from service.console.rendering import see_other
from service.http.identity import granted

ANSWER = f"{ISSUER_SIGN_IN}/answer"
COOKIE = "tripledger_issuer"
# Who takes longer to sign in begins again.
ATTEMPT_S_MAX = 600
CODE_CHARACTERS_MAX = 4_000

log = structlog.get_logger("service.console")


def client_of(service: Service) -> OpenIdClient | None:
    """None: people sign in with API keys only."""
    settings, trusted = service.settings, service.tokens
    if settings.oidc_client_id is None or trusted is None:
        return None
    secret = settings.oidc_client_secret
    return OpenIdClient(
        Tokens(trusted.issuer, settings.oidc_client_id, trusted.keys, trusted.names),
        settings.oidc_client_id,
        secret.get_secret_value() if secret else None,
    )


class IssuerDoor:
    """Leads people to the issuer and lets those in whom it knows, with what their claims allow."""

    def __init__(self, door: Door, client: OpenIdClient) -> None:
        self.door = door
        self.client = client
        self.redirect_uri = door.service.settings.base_url.rstrip("/") + ANSWER
        self.secure = door.tokens.secure
        self.cookie = f"__Host-{COOKIE}" if self.secure else COOKIE

    async def begin(self, request: web.Request) -> web.StreamResponse:
        attempt = Attempt.begun()
        try:
            address = await self.client.address(attempt, self.redirect_uri)
        except IssuerUnavailable as error:
            return self.not_let_in(request, f"unavailable: {error}", AGAIN, status=503)
        response = see_other(address)
        response.set_cookie(
            self.cookie,
            kept(attempt, own_path(request.query.get("next", ""))),
            max_age=ATTEMPT_S_MAX,
            path="/",
            secure=self.secure,
            httponly=True,
            # Coming back from the issuer is another site's doing.
            samesite="Lax",
        )
        return response

    async def answered(self, request: web.Request) -> web.StreamResponse:
        """The browser is back from the issuer, with a code or with a reason."""
        attempt, next_path = attempt_of(request.cookies.get(self.cookie, ""))
        state, code = request.query.get("state", ""), request.query.get("code", "")
        if attempt is None or not hmac.compare_digest(attempt.state.encode(), state.encode()):
            return self.not_let_in(request, "not begun here", "Please sign in once more.")
        if request.query.get("iss", self.client.tokens.issuer) != self.client.tokens.issuer:
            return self.not_let_in(request, "another issuer", "Please sign in once more.")
        if not code or len(code) > CODE_CHARACTERS_MAX:
            return self.not_let_in(request, "no code", "The organisation has not signed you in.")
        try:
            # An issuer's time is everybody's, also where the service's own may be moved.
            holder = await self.client.redeemed(attempt, code, self.redirect_uri, datetime.now(UTC))
        except TokenRefused as refusal:
            return self.not_let_in(request, str(refusal), str(refusal))
        except (IssuerUnavailable, SigningKeysUnavailable) as error:
            return self.not_let_in(request, f"unavailable: {error}", AGAIN, status=503)
        return await self.let_in(request, holder, next_path)

    async def let_in(
        self, request: web.Request, holder: TokenHolder, next_path: str
    ) -> web.StreamResponse:
        scopes = granted(holder)
        if READ not in scopes:
            return self.not_let_in(
                request, "no scope", f"Your roles do not give you the scope {READ}."
            )
        operator = f"user:{holder.subject}"
        secret, _ = await self.door.sessions.begin(
            operator, holder.tenant, scopes, self.door.service.clock.now()
        )
        response = await self.door.signed_in(request, operator, holder.tenant, secret, next_path)
        self.forget(response)
        return response

    def not_let_in(
        self, request: web.Request, why: str, problem: str, *, status: int = 403
    ) -> web.Response:
        log.warning("console_issuer_refused", reason=why)
        page = self.door.asked_to_sign_in(request, next_path="", problem=problem, status=status)
        self.forget(page)
        return page

    def forget(self, response: web.Response) -> None:
        """A code is good for one attempt."""
        response.del_cookie(
            self.cookie, path="/", secure=self.secure, httponly=True, samesite="Lax"
        )


AGAIN = "The organisation's sign-in cannot be reached now. Try again, or use a key."


def kept(attempt: Attempt, next_path: str) -> str:
    where = urlsafe_b64encode(next_path.encode()).rstrip(b"=").decode()
    return ".".join((attempt.state, attempt.nonce, attempt.verifier, where))


def attempt_of(text: str) -> tuple[Attempt | None, str]:
    """What the browser kept, and where its person wanted to go."""
    parts = text.split(".")
    if len(parts) != 4 or not all(parts[:3]):
        return None, ""
    try:
        where = urlsafe_b64decode(parts[3] + "=" * (-len(parts[3]) % 4)).decode()
    except ValueError:
        return None, ""
    return Attempt(*parts[:3]), where
