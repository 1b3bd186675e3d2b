"""What must not be mixed in the settings, and how a setting may be shown: never a secret."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic.fields import FieldInfo

if TYPE_CHECKING:
    from service.settings import Settings

PREFIX = "TRIPLEDGER_"

# What the bundled sandboxes accept. Published, so worthless as secrets anywhere else.
SANDBOX_STRIPE_KEY = "sk_test_tripledger_sandbox"
SANDBOX_STRIPE_WEBHOOK_SECRET = "whsec_tripledger_sandbox"
SANDBOX_DUFFEL_TOKEN = "duffel_test_tripledger_sandbox"
SANDBOX_DUFFEL_WEBHOOK_SECRET = "tripledger_sandbox_duffel_webhooks"
PUBLISHED_SECRETS = frozenset(
    [
        SANDBOX_STRIPE_KEY,
        SANDBOX_STRIPE_WEBHOOK_SECRET,
        SANDBOX_DUFFEL_TOKEN,
        SANDBOX_DUFFEL_WEBHOOK_SECRET,
    ]
)

# Read by the commands and the tests, not settings of the service.
OTHER_VARIABLES = frozenset(
    PREFIX + name for name in ("API_KEY", "API_KEY_FILE", "OPERATOR", "TEST_DATABASE_URL")
)
# Of 1: from where on a name that is not known is taken for a known one.
LIKENESS_MIN = 0.75

STRIPE_HOST = "api.stripe.com"
DUFFEL_HOST = "api.duffel.com"
LOOPBACK_HOSTS = frozenset(["localhost", "127.0.0.1", "::1"])


def variable(name: str) -> str:
    return PREFIX + name.upper()


def is_secret(field: FieldInfo) -> bool:
    return "SecretStr" in str(field.annotation)


def misspelled(settings: type[Settings], names: Iterable[str]) -> list[str]:
    """What to say of each variable that nobody reads and that looks like one of ours. Others are
    left alone: whoever runs us may set variables that begin like ours."""
    fields = settings.model_fields.items()
    known = {variable(name) for name, _ in fields}
    known |= {variable(name) + "_FILE" for name, field in fields if is_secret(field)}
    bare = {name.removeprefix(PREFIX): name for name in known}
    told = []
    for name in sorted(set(names) - known - OTHER_VARIABLES):
        if name.startswith(PREFIX):
            like = difflib.get_close_matches(name.removeprefix(PREFIX), bare, 1, LIKENESS_MIN)
            told += [f"{name} is not read; is {bare[each]} meant?" for each in like]
    return told


def url_at(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def host_of(url: str) -> str:
    return (urlsplit(url).hostname or "").rstrip(".")


def both_sandboxed(values: Mapping[str, Any]) -> bool:
    return all(
        host_of(str(values.get(name) or f"https://{real}")) != real
        for name, real in (("stripe_api_base", STRIPE_HOST), ("duffel_api_base", DUFFEL_HOST))
    )


def shown(value: object) -> str:
    """A value as it may be printed: of a secret only whether it is there and of which kind."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(value)
    if not isinstance(value, SecretStr):
        return str(value)
    secret = value.get_secret_value()
    if "://" in secret:
        parts = urlsplit(secret)
        return f"{parts.scheme}://…@{parts.hostname or 'socket'}{parts.path}"
    kinds = (
        "sk_test_",
        "sk_live_",
        "rk_test_",
        "rk_live_",
        "duffel_test_",
        "duffel_live_",
        "whsec_",
    )
    return next((kind for kind in kinds if secret.startswith(kind)), "") + "…"


def revealed(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""


# --- what must not be mixed; each rule answers (name of the setting, what is wrong and what to do)

Finding = tuple[str, str]


def problems_of(settings: Settings) -> list[Finding]:
    rules = (unreadable_files, mixed_modes, live_at_sandbox, published, missing, plain_http, looped)
    return [finding for rule in rules for finding in rule(settings)]


def unreadable_files(settings: Settings) -> Iterator[Finding]:
    for name, field in type(settings).model_fields.items():
        path = os.environ.get(variable(name) + "_FILE")
        if path is None or not is_secret(field):
            continue
        if variable(name) in os.environ:
            yield name, f"{variable(name)} and {variable(name)}_FILE are both set: keep one."
        try:
            empty = not Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            yield name, f"{variable(name)}_FILE cannot be read: {reason}."
        else:
            if empty:
                yield name, f"{variable(name)}_FILE names an empty file."


def is_live(secret: str) -> bool:
    return secret.startswith(("sk_live_", "rk_live_", "duffel_live_"))


def mixed_modes(settings: Settings) -> Iterator[Finding]:
    stripe, duffel = revealed(settings.stripe_api_key), revealed(settings.duffel_token)
    if stripe and duffel and is_live(stripe) != is_live(duffel):
        live, test = (
            ("Stripe key", "Duffel token")
            if is_live(stripe)
            else (
                "Duffel token",
                "Stripe key",
            )
        )
        yield (
            "stripe_api_key" if is_live(stripe) else "duffel_token",
            f"A live {live} meets a test {test}: real money or real tickets on one side only. "
            "Use live ones on both sides or test ones on both.",
        )
    stripe_is_real = host_of(settings.stripe_api_base) == STRIPE_HOST
    duffel_is_real = host_of(settings.duffel_api_base) == DUFFEL_HOST
    if stripe_is_real != duffel_is_real:
        name = "duffel_api_base" if stripe_is_real else "stripe_api_base"
        yield (
            name,
            f"{variable(name)} points to a sandbox while the other provider is the real one: "
            "override both bases or none.",
        )


def live_at_sandbox(settings: Settings) -> Iterator[Finding]:
    for key, base, real in (
        ("stripe_api_key", "stripe_api_base", STRIPE_HOST),
        ("duffel_token", "duffel_api_base", DUFFEL_HOST),
    ):
        if is_live(revealed(getattr(settings, key))) and host_of(getattr(settings, base)) != real:
            yield (
                key,
                f"{variable(key)} is a live secret but {variable(base)} is not {real}: it would "
                "be handed to a stranger. Use a test secret there.",
            )


def published(settings: Settings) -> Iterator[Finding]:
    if settings.sandbox:
        return
    for name, field in type(settings).model_fields.items():
        if is_secret(field) and revealed(getattr(settings, name)) in PUBLISHED_SECRETS:
            yield (
                name,
                f"{variable(name)} is the sandbox's published secret, known to everybody: set "
                "your own, or point both API bases at the sandboxes.",
            )


def missing(settings: Settings) -> Iterator[Finding]:
    if settings.sandbox:
        return
    for name in ("stripe_api_key", "stripe_webhook_secret", "duffel_token"):
        if not revealed(getattr(settings, name)):
            yield name, f"{variable(name)} (or {variable(name)}_FILE) is not set."


def looped(settings: Settings) -> Iterator[Finding]:
    if settings.webhooks_loopback and not settings.sandbox:
        yield (
            "webhooks_loopback",
            f"{variable('webhooks_loopback')} lets tenants reach this machine's own services: it "
            "is for the sandbox only.",
        )


def plain_http(settings: Settings) -> Iterator[Finding]:
    for base, real in (("stripe_api_base", STRIPE_HOST), ("duffel_api_base", DUFFEL_HOST)):
        url = getattr(settings, base)
        if host_of(url) == real and not url.startswith("https://"):
            yield base, f"{variable(base)} is not https: the secret would travel in clear."
    live = is_live(revealed(settings.stripe_api_key)) or is_live(revealed(settings.duffel_token))
    if live and urlsplit(settings.base_url).scheme != "https":
        host = host_of(settings.base_url)
        if settings.public_url is not None and host not in LOOPBACK_HOSTS:
            yield (
                "public_url",
                f"{variable('public_url')} is plain http outside this machine while live keys "
                "are in use: put TLS in front and name the https URL.",
            )
