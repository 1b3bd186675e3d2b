"""How often an address may come with keys and tokens that open nothing: guessing is stopped before
anything is looked up. What has opened a door lately goes on opening it from anywhere, so that
whoever shares an address with a guesser is not shut out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network
from math import ceil

from aiohttp import web

from adapters.doors.rate_limits import Rate
from service.clock import elapsed_s
from service.http.guards.limits import Meter
from service.http.problems import Problem

# How long a credential that opened something is remembered, and how many of them.
KNOWN_S = 600.0
KNOWN_MAX = 10_000


class Strangers:
    """`rate` is of failures, None: no limit. Only what `proxies` say of where a request comes from
    is believed; without any, it is the other end of the connection."""

    def __init__(
        self,
        meter: Meter,
        rate: Rate | None,
        proxies: Iterable[str] = (),
        now: Callable[[], float] = elapsed_s,
    ) -> None:
        self.meter = meter
        self.rate = rate
        self.proxies = [ip_network(each) for each in proxies]
        self.now = now
        self.known: dict[bytes, float] = {}

    def ensure(self, request: web.Request, credential: str) -> None:
        """Raises a problem `rate_limited` where too much that came from there opened nothing."""
        if self.rate is None or self.known.get(hashed(credential), 0.0) > self.now():
            return
        wait_s = self.meter.dry_for_s(bucket_of(self.address_of(request)))
        if wait_s > 0:
            raise Problem(
                "rate_limited",
                "Too many keys and tokens from this address opened nothing.",
                facts={"retry_after_s": max(1, ceil(wait_s))},
            )

    async def failed(self, request: web.Request) -> None:
        """Something opened nothing."""
        if self.rate is not None:
            await self.meter.admit(bucket_of(self.address_of(request)), self.rate)

    def opened(self, credential: str) -> None:
        if self.rate is None:
            return
        while len(self.known) >= KNOWN_MAX:
            del self.known[next(iter(self.known))]
        self.known[hashed(credential)] = self.now() + KNOWN_S

    def address_of(self, request: web.Request) -> str:
        """Where the request comes from: the last address in `X-Forwarded-For` that is no proxy's,
        as far as proxies have written it."""
        hops = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
        address = request.remote or ""
        while hops and self.is_proxy(address) and is_address(hop := hops.pop().strip()):
            address = hop
        return counted_as(address)

    def is_proxy(self, address: str) -> bool:
        return is_address(address) and any(
            ip_address(address) in network for network in self.proxies
        )


def counted_as(host: str) -> str:
    """The host, or all of its IPv6 network, which counts as one address."""
    if ":" not in host:
        return host
    found = IPv6Address(host.partition("%")[0])
    mapped = found.ipv4_mapped
    return str(mapped) if mapped else str(IPv6Network((found, 64), strict=False))


def is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def hashed(credential: str) -> bytes:
    return hashlib.sha256(credential.encode("utf-8", "surrogateescape")).digest()


def bucket_of(address: str) -> str:
    """Kept in the database for as long as it counts, so not in clear."""
    return f"failed {hashlib.sha256(address.encode()).hexdigest()[:32]}"
