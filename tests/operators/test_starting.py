"""A command imports what it needs and no more, and the list of commands imports none of them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from service.cli import COMMANDS, app

HEAVY = ("aiohttp", "stripe", "opentelemetry", "jinja2", "statemachine", "prometheus_client")
LOADED = "import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}; {LOADED}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize(
    ("statement", "unneeded"),
    [
        ("import service.cli", HEAVY),
        ("import service.cli.keys", HEAVY[:3]),
        ("import service.cli.trip.looking", HEAVY[:3]),
        ("import service.cli.setting_up", HEAVY[:3]),
    ],
)
def test_a_command_does_not_wait_for_what_others_need(
    statement: str, unneeded: tuple[str, ...]
) -> None:
    loaded = loaded_by(statement)

    assert "cyclopts" in loaded
    assert set() == loaded & set(unneeded)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_a_command_what_it_says_of_itself(name: str) -> None:
    place, text = COMMANDS[name]
    module, _, attribute = place.partition(":")
    found = getattr(__import__(module, fromlist=[attribute]), attribute)
    own = found.help if attribute == "app" else (found.__doc__ or "").partition("Parameters\n")[0]

    assert text == " ".join(own.split())
    assert name == app[name].name[0]
