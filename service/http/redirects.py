"""Travellers are sent back only to origins the operator has listed."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from service.http.problems import Problem

LOOPBACK = frozenset(["localhost", "127.0.0.1", "::1"])
DEFAULT_PORTS = {"http": 80, "https": 443}


class Redirects:
    """`origins` as `https://shop.acme.travel`; `loopback`: this machine is fine too; `anywhere`:
    so is any https origin, for trying things out in the sandbox before any origin is listed."""

    def __init__(self, origins: Sequence[str], *, loopback: bool, anywhere: bool = False) -> None:
        self.allowed = {origin for text in origins if (origin := origin_of(text)) is not None}
        self.loopback = loopback
        self.anywhere = anywhere

    def check(self, url: str) -> None:
        origin = origin_of(url)
        if origin is None or not (origin in self.allowed or self.is_fine_in_the_sandbox(origin)):
            raise Problem(
                "redirect_not_allowed",
                "The redirect_url is not on the list of allowed origins.",
            )

    def is_fine_in_the_sandbox(self, origin: tuple[str, str, int]) -> bool:
        if self.loopback and origin[1] in LOOPBACK:
            return True
        return self.anywhere and origin[0] == "https"


def origin_of(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None for anything a browser might read differently than we do."""
    if not url.isascii() or any(each in "\\@\x7f" or each <= " " for each in url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or not parts.netloc:
        return None
    return parts.scheme, parts.hostname, port or DEFAULT_PORTS[parts.scheme]
