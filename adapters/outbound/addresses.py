"""Which addresses may be called at a stranger's wish: public ones, over https, and no others.

An address is judged three times: as it is written, as its name resolves, and as the very socket
that is about to be connected. A name that answers differently the second time gains nothing.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

URL_CHARACTERS_MAX = 2_000
RESOLVE_S_MAX = 5.0
HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?")
# What ends so is read as a number by one or another resolver: 2130706433, 0x7f.1, 127.1, 0177.0.0.1
NUMERIC_END = re.compile(r"(?:^|\.)(?:\d+|0[xX][0-9a-fA-F]*)$")

# Special-purpose blocks of IANA's IPv4 registry, multicast and what is reserved.
NOT_PUBLIC_V4 = tuple(
    ip_network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
# Only global unicast is public. What carries an IPv4 address inside (6to4, Teredo) or is for
# documents and protocols is not; mapped and translated addresses lie outside of it anyway.
PUBLIC_V6 = ip_network("2000::/3")
NOT_PUBLIC_V6 = tuple(
    ip_network(block)
    for block in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)


class AddressRefused(OSError):
    """The address must not be called; says why in words that may be shown to who named it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What may be called. `loopback`: this machine too, also over http, for trying things out."""

    loopback: bool = False

    def check(self, address: str) -> None:
        """Raises AddressRefused for an IP address that must not be connected to."""
        try:
            parsed = ip_address(address)
        except ValueError:
            raise AddressRefused("the address is not one of the internet") from None
        if is_public(parsed) or (self.loopback and parsed.is_loopback):
            return
        raise AddressRefused("the address is not a public one")

    def check_url(self, url: str) -> tuple[str, int]:
        """The host and port of a URL that may be called as it is written; what its name resolves
        to is judged apart. Raises AddressRefused."""
        if len(url) > URL_CHARACTERS_MAX:
            raise AddressRefused(f"the URL has more than {URL_CHARACTERS_MAX} characters")
        if not url.isascii() or any(each in "\\\x7f" or each <= " " for each in url):
            raise AddressRefused("the URL has characters that programs read differently")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise AddressRefused("the URL cannot be read") from None
        if parts.scheme not in {"http", "https"} or "@" in parts.netloc or "#" in url:
            raise AddressRefused("the URL must be https, without user names and fragments")
        self.check_host(host, ":" in host)
        if parts.scheme == "http" and not (self.loopback and is_this_machine(host)):
            raise AddressRefused("the URL must be https")
        if port == 0:
            raise AddressRefused("the port is none")
        return host, port or (443 if parts.scheme == "https" else 80)

    def check_host(self, host: str, is_v6: bool) -> None:
        if is_v6 or NUMERIC_END.search(host):
            self.check(host)
        elif not HOST.fullmatch(host) or ".." in host:
            raise AddressRefused("the host is no name and no address")
        elif "." not in host and not (self.loopback and host == "localhost"):
            raise AddressRefused("the host is a name of some private network")

    def socket(self, info: Any) -> socket.socket:
        """A socket for an address that is about to be connected to, unless it must not be:
        whatever was resolved before, this is where the call goes."""
        family, kind, proto, _, address = info
        self.check(str(address[0]))
        return socket.socket(family=family, type=kind, proto=proto)


def is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in block for block in NOT_PUBLIC_V4)
    if address.scope_id is not None:
        return False
    return address in PUBLIC_V6 and not any(address in block for block in NOT_PUBLIC_V6)


class GuardedResolver(AbstractResolver):
    """Names that resolve to public addresses only. One that also has another is refused whole:
    nobody who means well has that."""

    def __init__(self, reach: Reach, names: AbstractResolver | None = None) -> None:
        self.reach = reach
        self.names = names or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self.names.resolve(host, port, family)
        for each in found:
            self.reach.check(each["host"])
        return found

    async def close(self) -> None:
        await self.names.close()

    async def check(self, url: str) -> None:
        """Raises AddressRefused for a URL that must not, or at present cannot, be called."""
        host, port = self.reach.check_url(url)
        if ":" in host or NUMERIC_END.search(host):
            return
        try:
            async with asyncio.timeout(RESOLVE_S_MAX):
                found: Sequence[ResolveResult] = await self.resolve(host, port, socket.AF_UNSPEC)
        except AddressRefused:
            raise
        except (OSError, TimeoutError):
            found = ()
        if not found:
            raise AddressRefused("the host cannot be found")
