"""Values that stand for nothing else: wherever one is found, it has leaked."""

from __future__ import annotations

from dataclasses import dataclass, field

import aiohttp

from service.settings_rules import PUBLISHED_SECRETS

TRAVELER = {
    "first_name": "Ornithia",
    "last_name": "Serinuscanaria",
    "passenger_type": "ADULT",
    "date_of_birth": "1971-03-29",
    "gender": "f",
    "documents": [{"number": "QX7714425Y", "issuing_country": "US", "expires_on": "2043-08-17"}],
}
CONTACT = {"email": "ornithia@aviary-canary.dev", "phone": "+442071838750"}
PEOPLE = {"travelers": [TRAVELER], "contact": CONTACT}
SHOPPER = {
    "firstName": "Fringillida",
    "lastName": "Atlanticus",
    "email": "fringillida@aviary-canary.dev",
    "telephone": "+442071838751",
}
PERSONAL = {
    "first name": "Ornithia",
    "last name": "Serinuscanaria",
    "born": "1971-03-29",
    "passport": "QX7714425Y",
    "email": "@aviary-canary.dev",
    "phone": "442071838750",
    "shopper's first name": "Fringillida",
    "shopper's last name": "Atlanticus",
    "shopper's phone": "442071838751",
}
CARD = "4000056655665556"
JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImNhbmFyeSJ9.eyJzdWIiOiJjYW5hcnkifQ.Y2FuYXJ5LXNpZ25hdHVyZQ"
UNKNOWN_KEY = "tl_test_00000000000canary_7hJ2kQ9xW4vB8nM3pL6sD1fG5zT0yR2c"
SECRETS = {
    "card": CARD,
    "token": JWT,
    "unknown key": UNKNOWN_KEY,
    **{f"published secret {secret[:6]}": secret for secret in sorted(PUBLISHED_SECRETS)},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An answer over HTTP, with its headers, and its template instead of its path."""

    asked: str
    status: int
    text: str


@dataclass(slots=True)
class Ear:
    """Hears every answer that a client session is given."""

    heard: list[Heard] = field(default_factory=list)

    def session(self) -> aiohttp.ClientSession:
        config = aiohttp.TraceConfig()
        config.on_request_end.append(self.hear)
        jar = aiohttp.CookieJar(unsafe=True)
        return aiohttp.ClientSession(trace_configs=[config], cookie_jar=jar)

    async def hear(
        self, _session: object, _context: object, told: aiohttp.TraceRequestEndParams
    ) -> None:
        body = await told.response.read()
        headers = "\n".join(f"{name}: {value}" for name, value in told.response.headers.items())
        self.heard.append(
            Heard(
                asked=f"{told.method} {told.url.path}",
                status=told.response.status,
                text=f"{headers}\n\n{body.decode(errors='replace')}",
            )
        )


def found_in(text: str, canaries: dict[str, str]) -> set[str]:
    """The names of the canaries that the text holds, however it is spelled."""
    plain = text.lower()
    return {name for name, value in canaries.items() if value.lower() in plain}
