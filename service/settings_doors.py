"""The settings of the doors: whose tokens are good, and how often who may ask."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode

from service.settings_rules import LOOPBACK_HOSTS, Finding, host_of, variable

CLAIM = r"^[A-Za-z0-9_.:/-]{1,200}$"


class DoorSettings(BaseSettings):
    """A part of `service.settings.Settings`."""

    oidc_issuer: str | None = Field(
        default=None,
        description="issuer whose bearer tokens (JWT) are good beside API keys; unset: only keys",
    )
    oidc_audience: str | None = Field(
        default=None,
        min_length=1,
        max_length=500,
        description="audience a token must be meant for; needed with an issuer",
    )
    oidc_jwks_url: str | None = Field(
        default=None,
        description="where the issuer's public keys are; unset: found by OpenID discovery",
    )
    oidc_client_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=500,
        description="who we are to the issuer when people sign in to the console; unset: keys only",
    )
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="the client's secret; unset: a public client, with PKCE alone"
    )
    oidc_tenant_claim: str = Field(
        default="tenant", pattern=CLAIM, description="claim that names the tenant"
    )
    oidc_scope_claim: str = Field(
        default="scope", pattern=CLAIM, description="claim that lists the scopes"
    )
    oidc_roles_claim: str = Field(
        default="roles",
        pattern=CLAIM,
        description="claim that lists roles: viewer, operator, admin, agent",
    )

    rate_caller_per_s: float = Field(
        default=200.0, ge=0, description="requests a second of one key or token; 0: no limit"
    )
    rate_tenant_per_s: float = Field(
        default=400.0, ge=0, description="requests a second of one tenant; 0: no limit"
    )
    rate_burst_s: float = Field(
        default=10.0, ge=1, le=3_600, description="seconds of that rate that may come at once"
    )
    rate_failed_per_min: float = Field(
        default=60.0,
        ge=0,
        description="keys and tokens that open nothing a minute from one address; 0: no limit",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="addresses and networks of proxies whose X-Forwarded-For is believed, separated"
        " by commas",
    )
    payments_trip_per_h: float = Field(
        default=60.0, ge=0, description="payments begun an hour for one trip; 0: no limit"
    )
    payments_tenant_per_min: float = Field(
        default=3_000.0, ge=0, description="payments begun a minute for one tenant; 0: no limit"
    )
    connections_per_ip_max: int = Field(
        default=500,
        ge=1,
        le=100_000,
        description="connections served at once from one address (a proxy's counts as one)",
    )

    webhooks_loopback: bool = Field(
        default=False,
        description="tenants' webhooks may go to this machine, also over http; only in the sandbox",
    )
    webhook_workers: int = Field(
        default=8, ge=1, le=256, description="tenants' webhooks sent at once per process"
    )

    offers_kept_days: float = Field(
        default=1.0,
        ge=0,
        description="days a searched offer is remembered after it expired, to be told apart from"
        " one that never was",
    )
    deliveries_kept_days: float = Field(
        default=30.0, ge=1, description="days a webhook's deliveries are kept after they ended"
    )
    people_kept_days: float = Field(
        default=0.0,
        ge=0,
        description="days after the end of a trip, its travel and whatever follows, after which its"
        " people are forgotten; 0: when somebody asks for it",
    )

    metrics_token: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="bearer token that opens /metrics; unset: open in the sandbox, else closed",
    )
    worker_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="port of /healthz, /readyz and /metrics in processes without the role api;"
        " unset: none",
    )

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def known_networks(cls, value: object) -> object:
        if isinstance(value, str):
            value = tuple(part.strip() for part in value.split(",") if part.strip())
        for network in value if isinstance(value, tuple) else ():
            ip_network(network)
        return value

    @field_validator("oidc_issuer", "oidc_jwks_url")
    @classmethod
    def absolute_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.fragment:
            raise ValueError("must be an absolute http(s) URL")
        return value


def unsafe_issuer(settings: DoorSettings) -> Iterator[Finding]:
    if settings.oidc_issuer is None:
        if settings.oidc_audience or settings.oidc_jwks_url or settings.oidc_client_id:
            yield "oidc_issuer", f"{variable('oidc_issuer')} is not set: no token can be good."
        return
    if settings.oidc_audience is None:
        yield (
            "oidc_audience",
            f"{variable('oidc_audience')} is not set: tokens meant for others would open this.",
        )
    for name in ("oidc_issuer", "oidc_jwks_url"):
        url = getattr(settings, name)
        if url and not url.startswith("https://") and host_of(url) not in LOOPBACK_HOSTS:
            yield name, f"{variable(name)} is not https: anybody on the way could sign tokens."
