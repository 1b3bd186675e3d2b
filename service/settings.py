"""Every variable the program reads, with unit and default; unsafe mixes are named, all at once."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from service.settings_doors import DoorSettings, unsafe_issuer
from service.settings_rules import (
    DUFFEL_HOST,
    PREFIX,
    SANDBOX_DUFFEL_TOKEN,
    SANDBOX_DUFFEL_WEBHOOK_SECRET,
    SANDBOX_STRIPE_KEY,
    SANDBOX_STRIPE_WEBHOOK_SECRET,
    STRIPE_HOST,
    Finding,
    both_sandboxed,
    host_of,
    is_secret,
    problems_of,
    shown,
    url_at,
    variable,
)

# Readable on the checkout page's light ground and, lightened, on its dark one.
COLOR = r"^#[0-9a-fA-F]{6}$"
# A path on our own host, never one that a browser could read as another host.
OWN_PATH = r"^/[A-Za-z0-9._~-][A-Za-z0-9._~/-]*$"
# One host or several, each with its port, as Postgres' own clients take them.
HOSTS = re.compile(r"(((\[[^]]*\]|[^\[\]:,]*)(:\d*)?)(,|$))*")
SUPPORT_URL = r"^(https?://|mailto:)[^\s\"'<>\\]+$"
BRAND_COLOR = "#0f5c6e"


class UnsafeSettings(Exception):
    """The program must not start like this; `problems` names everything that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(["These settings are not safe:", *problems]))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One variable as an operator sees it; secrets are masked. `source` is `environment`, `file`,
    `sandbox` (filled in for the bundled sandboxes) or `default`."""

    variable: str
    value: str
    source: str
    safe: bool
    description: str


class SecretFiles(PydanticBaseSettingsSource):
    """Reads a secret from the file that `TRIPLEDGER_<NAME>_FILE` names; skips what it cannot read,
    which `Settings.problems` then reports together with everything else."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(variable(field_name) + "_FILE")
        if path is None or not is_secret(field):
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError):
            return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            value, _, _ = self.get_field_value(field, name)
            if value is not None:
                found[name] = value
        return found


class Settings(DoorSettings):
    """The settings of one process, from the environment and from secret files."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    database_url: SecretStr | None = Field(
        default=None, description="Postgres to use; unset: an embedded one in the data directory"
    )
    data_dir: Path = Field(
        default=Path(".tripledger"),
        description="directory for the embedded Postgres, keys and demo.json",
    )
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(
        default=8080, ge=0, le=65535, description="port to listen on (0: any free one)"
    )
    public_url: str | None = Field(
        default=None,
        description="URL under which travellers reach this service; unset: host and port",
    )

    stripe_api_key: SecretStr | None = Field(
        default=None, description="Stripe secret or restricted key"
    )
    stripe_api_base: str = Field(
        default=f"https://{STRIPE_HOST}", description="where Stripe's API is"
    )
    stripe_webhook_secret: SecretStr | None = Field(
        default=None,
        description="secret(s) Stripe signs webhooks with; several separated by commas",
    )
    stripe_api_version: str = Field(
        default="2026-05-27.dahlia", description="Stripe-Version sent with every request"
    )
    stripe_mobile_api_version: str = Field(
        default="2026-05-27.dahlia",
        description="Stripe-Version of ephemeral keys, as the mobile SDK's",
    )
    duffel_token: SecretStr | None = Field(default=None, description="Duffel access token")
    duffel_api_base: str = Field(
        default=f"https://{DUFFEL_HOST}", description="where Duffel's API is"
    )
    duffel_webhook_secret: SecretStr | None = Field(
        default=None,
        description="secret Duffel signs webhooks with; unset: its webhooks are refused",
    )
    master_key_file: Path | None = Field(
        default=None,
        description="file with the master key of personal data; unset: made in the data dir",
    )
    signing_key_file: Path | None = Field(
        default=None,
        description="file with the key that signs evidence and certificates; unset: made in the"
        " data dir",
    )
    log_cipher_key: SecretStr | None = Field(
        default=None,
        description="key that seals events at rest, 32 bytes in base64; older ones after it,"
        " separated by commas or lines; unset: events are not sealed",
    )
    log_compression: Literal["none", "zlib"] = Field(
        default="none", description="how events are compressed at rest: none or zlib"
    )

    default_tenant: str = Field(
        default="default",
        pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$",
        description="tenant of new API keys",
    )
    redirect_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="origins travellers may be sent back to, separated by commas"
    )
    brand_name: str = Field(
        default="Tripledger",
        min_length=1,
        max_length=60,
        description="name travellers see on the checkout page",
    )
    brand_color: str = Field(
        default=BRAND_COLOR,
        pattern=COLOR,
        description="colour of the checkout page, as #0f5c6e",
    )
    brand_logo: str | None = Field(
        default=None,
        pattern=OWN_PATH,
        description="path of the checkout page's logo under the public URL's own host",
    )
    brands_file: Path | None = Field(
        default=None,
        description="JSON file of tenants' own brands: {tenant: {name, color, logo, support_url}}",
    )
    support_url: str | None = Field(
        default=None,
        pattern=SUPPORT_URL,
        max_length=500,
        description="where travellers find help: an http(s) or mailto URL",
    )
    log_level: str = Field(
        default="info",
        pattern="^(debug|info|warning|error)$",
        description="least severity that is logged",
    )
    database_connections: int = Field(
        default=10, ge=2, le=200, description="connections to Postgres per process"
    )
    read_timeout_s: float = Field(
        default=10.0,
        gt=0,
        le=60,
        description="seconds a client has for its headers, and for its body",
    )
    keepalive_s: float = Field(
        default=75.0, ge=1, le=600, description="seconds an idle connection is kept open"
    )
    connections_max: int = Field(
        default=2_000, ge=10, le=100_000, description="client connections served at once"
    )
    book_wait_s: float = Field(
        default=55.0, gt=0, le=300, description="seconds `book` waits for quote and checkout"
    )
    feed_wait_max_s: float = Field(
        default=30.0, ge=0, le=300, description="longest wait in seconds of a long-poll of the feed"
    )
    task_lease_s: float = Field(
        default=180.0,
        ge=10,
        le=3_600,
        description="seconds a worker owns a task; above a supplier's 130",
    )
    task_poll_s: float = Field(
        default=1.0,
        ge=0.05,
        le=60,
        description="seconds between looks for due tasks without a hint",
    )
    task_workers: int = Field(
        default=8, ge=1, le=256, description="tasks worked on at once per process"
    )
    projection_poll_s: float = Field(
        default=1.0,
        ge=0.05,
        le=60,
        description="seconds between looks for new events without a hint",
    )
    reconcile_every_s: float = Field(
        default=60.0,
        ge=1,
        description="seconds between looks at the payment provider's list of events",
    )
    reconcile_all_every_s: float = Field(
        default=3_600.0,
        ge=0,
        description="seconds between comparisons of the log with the payment provider and the"
        " suppliers (0: only when asked)",
    )
    drain_s: float = Field(
        default=5.0,
        ge=0,
        le=120,
        description="seconds requests are still taken on SIGTERM after readiness has failed",
    )
    console_idle_s: float = Field(
        default=1_800.0,
        ge=60,
        le=86_400,
        description="seconds an operator may do nothing before signing in to the console again",
    )
    console_session_s: float = Field(
        default=43_200.0,
        ge=60,
        le=604_800,
        description="seconds after which an operator signs in to the console again in any case",
    )
    shutdown_s: float = Field(
        default=20.0,
        ge=0,
        le=300,
        description="seconds running requests have to finish on shutdown",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, SecretFiles(settings_cls)

    @field_validator("redirect_origins", mode="before")
    @classmethod
    def split_at_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("database_url")
    @classmethod
    def postgres_url(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value() if value is not None else "")
        if not value or (
            parts.scheme in {"postgresql", "postgres"}
            and HOSTS.fullmatch(parts.netloc.rpartition("@")[2])
        ):
            return value
        raise ValueError(
            "must be a URL like postgresql://user:password@host:5432/database; what is special in"
            " a password is written as %.."
        )

    @field_validator("public_url", "stripe_api_base", "duffel_api_base")
    @classmethod
    def plain_base_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
            raise ValueError("must be an absolute http(s) URL without a query")
        return value.rstrip("/")

    @model_validator(mode="before")
    @classmethod
    def fill_in_sandbox_secrets(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not both_sandboxed(data):
            return data
        return {
            "stripe_api_key": SANDBOX_STRIPE_KEY,
            "stripe_webhook_secret": SANDBOX_STRIPE_WEBHOOK_SECRET,
            "duffel_token": SANDBOX_DUFFEL_TOKEN,
            "duffel_webhook_secret": SANDBOX_DUFFEL_WEBHOOK_SECRET,
        } | data

    @classmethod
    def load(cls) -> Settings:
        """From the environment; raises UnsafeSettings where a value cannot be used at all."""
        try:
            return cls()
        except ValidationError as error:
            raise UnsafeSettings(
                [
                    f"{variable(str(problem['loc'][0]))}: {problem['msg']}"
                    for problem in error.errors(include_input=False, include_url=False)
                ]
            ) from None

    @property
    def sandbox(self) -> bool:
        """Whether both providers are pretended ones; only then may time be moved."""
        return host_of(self.stripe_api_base) != STRIPE_HOST and (
            host_of(self.duffel_api_base) != DUFFEL_HOST
        )

    @property
    def mode(self) -> Literal["test", "live"]:
        """Whether money really moves, by the key that payments are made with."""
        key = self.stripe_api_key
        return "live" if key is not None and "_live_" in key.get_secret_value() else "test"

    @property
    def plain_database_url(self) -> str | None:
        return self.database_url.get_secret_value() if self.database_url else None

    @property
    def base_url(self) -> str:
        """The URL to put into answers, without a slash at its end."""
        return self.public_url or url_at(self.host, self.port)

    def findings(self) -> list[Finding]:
        return [*problems_of(self), *unsafe_issuer(self)]

    def problems(self) -> list[str]:
        """Everything that makes these settings unsafe to serve with, each with its remedy."""
        return [text for _, text in self.findings()]

    def check_safe(self) -> None:
        """Raise UnsafeSettings unless the service may start with these settings."""
        problems = self.problems()
        if problems:
            raise UnsafeSettings(problems)

    def describe(self) -> list[SettingRow]:
        """Every variable with its value (secrets masked), where it came from, and whether safe."""
        unsafe = {name for name, _ in self.findings()}
        return [
            SettingRow(
                variable=variable(name),
                value=shown(getattr(self, name)),
                source=self.source_of(name),
                safe=name not in unsafe,
                description=field.description or "",
            )
            for name, field in type(self).model_fields.items()
        ]

    def source_of(self, name: str) -> str:
        if variable(name) in os.environ:
            return "environment"
        if name in self.model_fields_set:
            in_file = variable(name) + "_FILE" in os.environ
            return "file" if in_file else "sandbox"
        return "default"
