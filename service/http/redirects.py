"""Travellers are sent back only to origins the operator has listed."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Sequence
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

from service.http.problems import Problem

LOOPBACK = frozenset(["localhost", "127.0.0.1", "::1"])
ORIGIN = re.compile(r"https?://[^/?#]+")
# Labels of letters, digits, hyphens and underscores.
LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
NAME = re.compile(rf"(?:{LABEL}\.)*{LABEL}")
WHERE = re.compile(r"(?:\[[0-9a-f:]+\]|[^\[\]:]+)(?::[0-9]{0,5})?")
NAME_CHARACTERS_MAX = 253
# A host that ends in one is an address, or nothing.
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
Origin = tuple[str, str, int]
DEFAULT_PORTS = {"http": 80, "https": 443}


class OwnOrigins(Protocol):
    """What tenants have set for themselves."""

    def redirect_origins(self, tenant: str) -> Awaitable[Sequence[str] | None]: ...


class Redirects:
    """Where travellers may be sent: to the origins the tenant has set, or to the deployment's
    where it has set none. The service's own pages and what is fine for trying out always are.

    `own`: the origin of the service itself. `origins` as `https://shop.acme.travel`; `loopback`:
    this machine is fine too; `anywhere`: so is any https origin, for trying things out in the
    sandbox before any origin is listed."""

    def __init__(
        self,
        origins: Sequence[str],
        tenants: OwnOrigins,
        *,
        own: str,
        loopback: bool,
        anywhere: bool = False,
    ) -> None:
        self.own = origin_of(own)
        self.allowed = origins_in(origins)
        self.tenants = tenants
        self.loopback = loopback
        self.anywhere = anywhere

    async def check(self, url: str, tenant: str) -> None:
        origin = origin_of(url)
        if origin is None or not await self.is_allowed(origin, tenant):
            raise Problem(
                "redirect_not_allowed",
                "The redirect_url is not on the list of allowed origins.",
            )

    async def is_allowed(self, origin: Origin, tenant: str) -> bool:
        if origin == self.own or (self.loopback and origin[1] in LOOPBACK):
            return True
        set_for_itself = await self.tenants.redirect_origins(tenant)
        if set_for_itself is not None:
            return origin in origins_in(set_for_itself)
        return origin in self.allowed or (self.anywhere and origin[0] == "https")


def origins_in(texts: Sequence[str]) -> set[Origin]:
    return {origin for text in texts if (origin := origin_of(text)) is not None}


def is_origin(text: str) -> bool:
    """Whether it is an origin and nothing more."""
    return origin_of(text) is not None and ORIGIN.fullmatch(text) is not None


def origin_of(url: str) -> Origin | None:
    """Scheme, host and port; None for anything a browser might read differently than we do."""
    if not url.isascii() or any(each in "\\@\x7f" or each <= " " for each in url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname
    if parts.scheme not in DEFAULT_PORTS or host is None or not is_plain(host) or port == 0:
        return None
    if WHERE.fullmatch(parts.netloc.lower()) is None:
        return None
    return parts.scheme, host, port or DEFAULT_PORTS[parts.scheme]


def is_plain(host: str) -> bool:
    """Whether it is a name, or an address in the one spelling that browsers keep."""
    if ":" in host or NUMBER.fullmatch(host.removesuffix(".").rpartition(".")[2]):
        try:
            return str(ip_address(host)) == host and "." not in host.partition(":")[2]
        except ValueError:
            return False
    return NAME.fullmatch(host) is not None and len(host) <= NAME_CHARACTERS_MAX
