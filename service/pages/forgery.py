"""Keeps foreign sites from pressing our buttons: a token that both the form and a cookie hold,
and the browser's own word for where a request comes from."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from aiohttp import web

TOKEN_BYTES = 32
TOKEN_LENGTH = 43


class Forged(Exception):
    """The request may not come from our own page; nothing was done."""


class Tokens:
    """`base_url` is where people reach us: over https, browsers bind the cookie to it."""

    def __init__(self, base_url: str, cookie: str = "tripledger_form") -> None:
        parts = urlsplit(base_url)
        self.host = parts.netloc
        self.secure = parts.scheme == "https"
        self.cookie = f"__Host-{cookie}" if self.secure else cookie

    def of(self, request: web.Request) -> str:
        """The browser's token, or a new one that `keep` must hand over."""
        held = request.cookies.get(self.cookie, "")
        return held if len(held) == TOKEN_LENGTH else secrets.token_urlsafe(TOKEN_BYTES)

    def keep(self, response: web.Response, token: str) -> None:
        response.set_cookie(
            self.cookie, token, path="/", secure=self.secure, httponly=True, samesite="Lax"
        )

    def check(self, request: web.Request, form: Mapping[str, str]) -> None:
        """Raise Forged unless the form was ours and the browser says so too."""
        self.compare(request.cookies.get(self.cookie, ""), form)
        self.check_origin(request)

    def compare(self, held: str, form: Mapping[str, str]) -> None:
        """Raise Forged unless the form holds this token."""
        same = hmac.compare_digest(held.encode(), form.get("token", "").encode())
        if len(held) != TOKEN_LENGTH or not same:
            raise Forged("the form's token is not the browser's")

    def check_origin(self, request: web.Request) -> None:
        """Raise Forged where the browser says that the form is another site's."""
        if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise Forged("the browser says that another site sent the form")
        origin = request.headers.get("Origin", "null")
        # "null" is what browsers send where the page's address is not to be told.
        if origin != "null" and urlsplit(origin).netloc not in {self.host, request.host}:
            raise Forged("the form comes from another origin")
