"""What Duffel demands of every request and says with every answer: token, version, formats,
request ids, rate limits, and the error envelope."""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox.clock import SandboxClock
from sandbox.duffel.errors import DuffelError, envelope
from sandbox.faults import CONTROL_PREFIX, ErrorAnswer

API_VERSION = "v2"
CODE_OF_STATUS = {
    404: "not_found",
    405: "not_found",
    429: "rate_limit_exceeded",
    500: "internal_server_error",
    503: "service_unavailable",
}


def new_request_id() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(15)).decode()


def error_answer(error: DuffelError) -> web.Response:
    request_id = new_request_id()
    answer = web.json_response(envelope(error, request_id=request_id), status=error.status)
    answer.headers["x-request-id"] = request_id
    return answer


def injected_error(clock: SandboxClock) -> ErrorAnswer:
    """Duffel's own bodies for the faults that answer a status; 429 names the end of the minute."""

    def answer(request: web.Request, status: int) -> web.Response:
        response = error_answer(DuffelError(CODE_OF_STATUS[status]))
        if status == 429:
            write_limits(response, limit=1, remaining=0, now=clock.now())
        return response

    return answer


def end_of_minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)


def write_limits(answer: web.StreamResponse, *, limit: int, remaining: int, now: datetime) -> None:
    """`date` is the sandbox's own, so that the time until the reset can be reckoned."""
    answer.headers["date"] = format_datetime(now.astimezone(UTC), usegmt=True)
    answer.headers["ratelimit-limit"] = str(limit)
    answer.headers["ratelimit-remaining"] = str(max(remaining, 0))
    answer.headers["ratelimit-reset"] = format_datetime(
        end_of_minute(now).astimezone(UTC), usegmt=True
    )


def refuse_headers(request: web.Request, token: str) -> None:
    authorization = request.headers.get("Authorization")
    if authorization is None:
        raise DuffelError("missing_authorization_header")
    scheme, _, given = authorization.partition(" ")
    if scheme != "Bearer" or not given:
        raise DuffelError("invalid_authorization_header")
    if not hmac.compare_digest(given.encode(), token.encode()):
        raise DuffelError("access_token_not_found")
    version = request.headers.get("Duffel-Version")
    if version is None:
        raise DuffelError("missing_version_header")
    if version != API_VERSION:
        raise DuffelError("unsupported_version")
    accept = request.headers.get("Accept", "*/*")
    if "application/json" not in accept and "*/*" not in accept:
        raise DuffelError("unsupported_format")
    if request.can_read_body and request.content_type != "application/json":
        raise DuffelError("invalid_content_type_header")


class RateLimit:
    """Counts requests in each minute of the sandbox's clock."""

    def __init__(self, clock: SandboxClock, per_minute: int) -> None:
        self.clock = clock
        self.per_minute = per_minute
        self.minute = end_of_minute(clock.now())
        self.used = 0

    def count(self) -> int:
        """How many requests are left after this one; negative: this one is too many."""
        now = self.clock.now()
        if now >= self.minute:
            self.minute, self.used = end_of_minute(now), 0
        self.used += 1
        return self.per_minute - self.used


def protocol_middleware(*, token: str, limit: RateLimit) -> Middleware:
    @web.middleware
    async def apply(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(CONTROL_PREFIX):
            return await handler(request)
        remaining = limit.count()
        try:
            if remaining < 0:
                raise DuffelError("rate_limit_exceeded")
            refuse_headers(request, token)
            answer = await handler(request)
        except DuffelError as error:
            answer = error_answer(error)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            answer = error_answer(DuffelError("not_found"))
        answer.headers.setdefault("x-request-id", new_request_id())
        write_limits(answer, limit=limit.per_minute, remaining=remaining, now=limit.clock.now())
        return answer

    return apply
