"""Settings come from environment and secret files; unsafe mixes are refused, all at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from service.settings import Settings, UnsafeSettings
from service.settings_rules import misspelled

SANDBOX = {
    "STRIPE_API_BASE": "http://127.0.0.1:9001",
    "DUFFEL_API_BASE": "http://127.0.0.1:9002",
}
LIVE = {
    "STRIPE_API_KEY": "sk_live_abc",
    "STRIPE_WEBHOOK_SECRET": "whsec_live",
    "DUFFEL_TOKEN": "duffel_live_abc",
    "PUBLIC_URL": "https://trips.acme.travel",
}

SetUp = Callable[..., Settings]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> SetUp:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TRIPLEDGER_{name.upper()}", raising=False)
        monkeypatch.delenv(f"TRIPLEDGER_{name.upper()}_FILE", raising=False)

    def loaded(variables: dict[str, str]) -> Settings:
        for name, value in variables.items():
            monkeypatch.setenv(f"TRIPLEDGER_{name}", value)
        return Settings.load()

    return loaded


def unsafe(settings: Settings) -> set[str]:
    return {row.variable.removeprefix("TRIPLEDGER_") for row in settings.describe() if not row.safe}


def test_sandbox_bases_alone_make_a_safe_sandbox(load: SetUp) -> None:
    settings = load(SANDBOX)

    settings.check_safe()
    assert settings.sandbox is True
    assert settings.stripe_api_key is not None
    assert settings.stripe_api_key.get_secret_value() == "sk_test_tripledger_sandbox"


def test_matching_live_keys_at_the_real_hosts_are_safe(load: SetUp) -> None:
    settings = load(LIVE)

    settings.check_safe()
    assert settings.sandbox is False


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        (LIVE | {"DUFFEL_TOKEN": "duffel_test_abc"}, {"STRIPE_API_KEY"}),
        (LIVE | {"STRIPE_API_KEY": "sk_test_abc"}, {"DUFFEL_TOKEN"}),
        (LIVE | SANDBOX, {"STRIPE_API_KEY", "DUFFEL_TOKEN"}),
        (LIVE | {"DUFFEL_API_BASE": "http://127.0.0.1:9002"}, {"DUFFEL_API_BASE", "DUFFEL_TOKEN"}),
        (LIVE | {"STRIPE_WEBHOOK_SECRET": "whsec_tripledger_sandbox"}, {"STRIPE_WEBHOOK_SECRET"}),
        (LIVE | {"PUBLIC_URL": "http://trips.acme.travel"}, {"PUBLIC_URL"}),
        (LIVE | {"STRIPE_API_BASE": "http://api.stripe.com"}, {"STRIPE_API_BASE"}),
        (
            {
                "STRIPE_API_KEY": "sk_test_tripledger_sandbox",
                "DUFFEL_TOKEN": "duffel_test_tripledger_sandbox",
            },
            {"STRIPE_API_KEY", "DUFFEL_TOKEN", "STRIPE_WEBHOOK_SECRET"},
        ),
        ({}, {"STRIPE_API_KEY", "DUFFEL_TOKEN", "STRIPE_WEBHOOK_SECRET"}),
        (SANDBOX | {"OIDC_ISSUER": "https://id.acme.travel"}, {"OIDC_AUDIENCE"}),
        (SANDBOX | {"OIDC_AUDIENCE": "https://api.acme.travel"}, {"OIDC_ISSUER"}),
        (
            SANDBOX
            | {
                "OIDC_ISSUER": "http://id.acme.travel",
                "OIDC_AUDIENCE": "https://api.acme.travel",
                "OIDC_JWKS_URL": "http://id.acme.travel/keys",
            },
            {"OIDC_ISSUER", "OIDC_JWKS_URL"},
        ),
    ],
)
def test_an_unsafe_mix_is_refused_and_every_culprit_named(
    load: SetUp, variables: dict[str, str], named: set[str]
) -> None:
    settings = load(variables)

    with pytest.raises(UnsafeSettings) as refused:
        settings.check_safe()

    assert named == unsafe(settings)
    for name in named:
        assert f"TRIPLEDGER_{name}" in str(refused.value) or "meets a test" in str(refused.value)


def test_no_message_and_no_description_shows_a_secret(load: SetUp) -> None:
    settings = load(
        LIVE
        | SANDBOX
        | {
            "STRIPE_API_KEY": "sk_live_canary",
            "DATABASE_URL": "postgresql://user:canary@db.acme.travel/trips",
        }
    )

    told = "\n".join([*settings.problems(), *(row.value for row in settings.describe())])

    assert "canary" not in told
    assert "sk_live_…" in told
    assert "postgresql://…@db.acme.travel/trips" in told


def test_any_secret_may_come_from_a_file(load: SetUp, tmp_path: Path) -> None:
    file = tmp_path / "stripe_key"
    file.write_text("sk_live_from_file\n")

    settings = load(
        {name: value for name, value in LIVE.items() if name != "STRIPE_API_KEY"}
        | {"STRIPE_API_KEY_FILE": str(file)}
    )

    settings.check_safe()
    assert settings.stripe_api_key is not None
    assert settings.stripe_api_key.get_secret_value() == "sk_live_from_file"
    sources = {row.variable: row.source for row in settings.describe()}
    assert sources["TRIPLEDGER_STRIPE_API_KEY"] == "file"
    assert sources["TRIPLEDGER_DUFFEL_TOKEN"] == "environment"
    assert sources["TRIPLEDGER_PORT"] == "default"


def test_an_unreadable_secret_file_is_refused_together_with_the_rest(
    load: SetUp, tmp_path: Path
) -> None:
    settings = load(
        LIVE
        | {
            "PUBLIC_URL": "http://trips.acme.travel",
            "STRIPE_WEBHOOK_SECRET_FILE": str(tmp_path / "absent"),
        }
    )

    assert settings.problems() == [
        "TRIPLEDGER_STRIPE_WEBHOOK_SECRET and TRIPLEDGER_STRIPE_WEBHOOK_SECRET_FILE are both set: "
        "keep one.",
        "TRIPLEDGER_STRIPE_WEBHOOK_SECRET_FILE cannot be read: No such file or directory.",
        "TRIPLEDGER_PUBLIC_URL is plain http outside this machine while live keys are in use: put "
        "TLS in front and name the https URL.",
    ]


def test_unusable_values_are_refused_at_once_without_repeating_them(load: SetUp) -> None:
    with pytest.raises(UnsafeSettings) as refused:
        load({"PORT": "canary", "PUBLIC_URL": "canary", "LOG_LEVEL": "loud"})

    assert len(refused.value.problems) == 3
    assert "canary" not in str(refused.value)


def test_every_variable_says_what_it_is(load: SetUp) -> None:
    rows = load(SANDBOX).describe()

    assert len(Settings.model_fields) == len(rows)
    assert [row.variable for row in rows if not row.description] == []


def test_a_variable_that_nobody_reads_is_named_when_it_looks_like_one_of_ours() -> None:
    typed = ["TRIPLEDGER_PROT", "TRIPLEDGER_STRIPE_KEY", "TRIPLEDGER_DUFFEL_TOKENS_FILE"]
    # What a cluster sets for a service called tripledger, what our commands and neighbours read,
    # and what is rightly spelled.
    others = [
        *("TRIPLEDGER_SERVICE_HOST", "TRIPLEDGER_SERVICE_PORT", "TRIPLEDGER_PORT_8080_TCP_PORT"),
        *("TRIPLEDGER_API_KEY", "TRIPLEDGER_OPERATOR", "LEDGER_PORT"),
        *("TRIPLEDGER_PORT", "TRIPLEDGER_DUFFEL_TOKEN_FILE"),
    ]

    assert [
        "TRIPLEDGER_DUFFEL_TOKENS_FILE is not read; is TRIPLEDGER_DUFFEL_TOKEN_FILE meant?",
        "TRIPLEDGER_PROT is not read; is TRIPLEDGER_PORT meant?",
        "TRIPLEDGER_STRIPE_KEY is not read; is TRIPLEDGER_STRIPE_API_KEY meant?",
    ] == misspelled(Settings, typed + others)


def test_an_address_of_the_new_kind_makes_a_url(load: SetUp) -> None:
    assert "http://[::1]:8080" == load({**SANDBOX, "HOST": "::1"}).base_url
