"""What the documents name exists: webhook events, variables, and the API version."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapters.payments.stripe import EVENT_TYPES
from service.cli import COMMANDS
from service.cli.opening import OPERATOR_VARIABLE
from service.settings import Settings
from service.settings_rules import is_secret, variable

ROOT = Path(__file__).parents[2]
EVENT = re.compile(r"\b(?:checkout\.session|payment_intent|refund|charge)\.[a-z_.]*[a-z]\b")
COMMAND = re.compile(r"`tripledger ([a-z]+)")
VARIABLE = re.compile(r"\bTRIPLEDGER_[A-Z_]*[A-Z]\b")
# Read by the tests or by compose, not by the program.
OF_OTHERS = {
    "TRIPLEDGER_BIND",
    "TRIPLEDGER_CONTRACT_FIXTURES",
    "TRIPLEDGER_TEST_DATABASE_URL",
    OPERATOR_VARIABLE,
}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["README.md", "docs/OPERATIONS.md"])
def test_the_webhook_endpoint_is_told_of_exactly_the_events_that_are_understood(name: str) -> None:
    assert sorted(EVENT_TYPES) == sorted(EVENT.findall(text(name)))


@pytest.mark.parametrize("name", ["README.md", "docs/OPERATIONS.md"])
def test_the_webhook_endpoint_is_told_the_version_that_is_spoken(name: str) -> None:
    spoken = Settings.model_fields["stripe_api_version"].default

    assert {spoken} == set(re.findall(r"\b20\d\d-\d\d-\d\d\.[a-z]+\b", text(name)))


@pytest.mark.parametrize(
    "name",
    ["README.md", "CONTRIBUTING.md", "docs/OPERATIONS.md", "Dockerfile", "docker-compose.yml"],
)
def test_every_variable_that_is_named_is_read(name: str) -> None:
    fields = Settings.model_fields
    known = {variable(field) for field in fields} | OF_OTHERS
    known |= {f"{variable(field)}_FILE" for field, info in fields.items() if is_secret(info)}
    named = set(VARIABLE.findall(text(name)))

    assert named
    assert set() == named - known


def test_every_command_is_told_of_and_no_other() -> None:
    operations = text("docs/OPERATIONS.md")
    table = operations.partition("## The command")[2]
    begun = set(re.findall(r"^\| `([a-z]+)|`, `([a-z]+)[ `]", table, re.MULTILINE))
    told = {name for pair in begun for name in pair} | set(COMMAND.findall(operations))

    assert set() == set(COMMANDS) - told
    for name in ("README.md", "docs/OPERATIONS.md", "CHANGELOG.md", "CONTRIBUTING.md"):
        assert set() == set(COMMAND.findall(text(name))) - set(COMMANDS), name
