"""One attempt to deliver: a POST that goes only where it may, is never redirected, waits so long
and reads so much and no more."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

import aiohttp
from aiohttp.abc import AbstractResolver

from adapters.outbound.addresses import AddressRefused, GuardedResolver, Reach

CONNECT_S_MAX = 5.0
TOTAL_S_MAX = 15.0
# The status is the answer; what follows is only kept for whoever looks for a mistake.
REST_S_MAX = 2.0
ANSWER_BYTES_MAX = 1_024
# Of what a receiver answers, anything that may be about a person is not kept.
PERSONAL = re.compile(r"\S+@\S+|\+?\d[\d ().-]{6,}\d")
UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a0-\uffff\n]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """What came of an attempt: a status, or in a word why there is none. `answer` is how the
    receiver's answer begins, without what may be about people."""

    status: int | None
    error: str | None
    duration_ms: int
    answer: str = ""

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        return self.status == 410


class Poster:
    """Sends to addresses that strangers have named. A connection serves one attempt, so that every
    attempt is judged by where it really goes."""

    def __init__(
        self,
        reach: Reach,
        *,
        names: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
        trace: aiohttp.TraceConfig | None = None,
        total_s: float = TOTAL_S_MAX,
    ) -> None:
        self.reach = reach
        self.resolver = GuardedResolver(reach, names)
        self.tls = tls
        self.traces = [trace] if trace is not None else []
        self.total_s = total_s
        self.kept: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        if self.kept is None:
            connector = aiohttp.TCPConnector(
                resolver=self.resolver,
                socket_factory=self.reach.socket,
                use_dns_cache=False,
                force_close=True,
                ssl=self.tls or True,
            )
            self.kept = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=self.total_s, sock_connect=CONNECT_S_MAX),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                trace_configs=self.traces,
            )
        return self.kept

    async def aclose(self) -> None:
        if self.kept is not None:
            kept, self.kept = self.kept, None
            await kept.close()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Attempted:
        """Never raises for what goes wrong at or on the way to the receiver."""
        started = monotonic()

        def attempted(status: int | None, error: str | None, answer: str = "") -> Attempted:
            spent_ms = round((monotonic() - started) * 1_000)
            return Attempted(status=status, error=error, duration_ms=spent_ms, answer=answer)

        try:
            self.reach.check_url(url)
            async with self.session.post(
                url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                return attempted(answer.status, None, await beginning(answer))
        except Exception as error:
            return attempted(None, word_for(error))


async def beginning(answer: aiohttp.ClientResponse) -> str:
    raw = b""
    with suppress(aiohttp.ClientError, TimeoutError):
        async with asyncio.timeout(REST_S_MAX):
            while len(raw) < ANSWER_BYTES_MAX:
                more = await answer.content.read(ANSWER_BYTES_MAX - len(raw))
                if not more:
                    break
                raw += more
    text = raw.decode("utf-8", "replace")
    return PERSONAL.sub("…", UNPRINTABLE.sub("\ufffd", text))


def word_for(error: Exception) -> str:
    """`refused_address`, `timeout`, `tls`, `unreachable`, `bad_url` or `no_answer`."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, AddressRefused):
            return "refused_address"
        seen = seen.__cause__ or seen.__context__
    kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
        (TimeoutError, "timeout"),
        (aiohttp.ClientSSLError, "tls"),
        (ssl.SSLError, "tls"),
        (aiohttp.ClientConnectorError, "unreachable"),
        (aiohttp.InvalidURL, "bad_url"),
    )
    return next((word for kind, word in kinds if isinstance(error, kind)), "no_answer")
