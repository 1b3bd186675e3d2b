"""Who is looking, and one request of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from aiohttp import web

from domain.log import Cause
from service.http.api import REQUEST_ID
from service.operating.book import OPERATOR

READ, WRITE, ALL = "ops:read", "ops:write", "ops:all"
REASON_CHARACTERS_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """`name` is how the log knows them: a key's id, or a subject of the identity provider."""

    name: str
    tenant: str
    scopes: frozenset[str]
    secret: str = field(repr=False)

    @property
    def actor(self) -> str:
        return OPERATOR + self.name

    @property
    def sees(self) -> str | None:
        """The one tenant whose trips they see; None: everybody's."""
        return None if ALL in self.scopes else self.tenant

    @property
    def may_act(self) -> bool:
        return WRITE in self.scopes

    @property
    def token(self) -> str:
        """What forms of this session hold; nobody learns the session from it."""
        return sha256(f"form:{self.secret}".encode()).hexdigest()[:43]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request of somebody who is signed in. `form` is empty unless a button was pressed."""

    request: web.Request
    operator: Operator
    now: datetime
    form: Mapping[str, str] = field(default_factory=dict)

    def query(self, name: str) -> str:
        return self.request.query.get(name, "").strip()

    def path(self, name: str) -> str:
        return str(self.request.match_info[name])

    @property
    def request_id(self) -> str:
        return str(self.request[REQUEST_ID])

    @property
    def reason(self) -> str:
        return " ".join(self.form.get("reason", "").split())[:REASON_CHARACTERS_MAX]

    def cause(self) -> Cause:
        """Commands of theirs reach what they see, and nothing else."""
        operator = self.operator
        return Cause(tenant=operator.sees, actor=operator.actor, request_id=self.request_id)


class NotThere(Exception):
    """What was asked for does not exist, or is another tenant's."""


class NotDone(Exception):
    """Nothing was done; says why in a sentence."""
