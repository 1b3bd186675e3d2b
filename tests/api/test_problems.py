"""Every failure is a coded problem that says what happened, whether to repeat and who must act."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from adapters.suppliers.duffel_outcomes import (
    CANCELLATION_REFUSALS,
    ORDER_OUTCOMES,
    UNAVAILABLE,
)
from domain.trip.lifecycle import REFUSALS
from service.http.middleware import OF_STATUS
from service.http.paths import PATH_PARAMETERS
from service.http.problems import CATALOGUE
from service.http.problems.answers import OUTSIDE
from service.http.wink.problems import WORDS
from tests.api.conftest import Client

ROOT = Path(__file__).parents[2]
TRIP = "7d0c2a9e-4b2f-4f0e-9d51-3c6a1f0b8e24"


async def test_a_refusal_of_the_rules_tells_its_facts(client: Client) -> None:
    told = await client.ask("POST", "/v1/failures", json={"how": "refused"})

    assert told.status == 409
    assert told.headers["Content-Type"] == "application/problem+json"
    request_id = told.json.pop("request_id")
    assert request_id == told.headers["X-Request-ID"]
    assert told.json == {
        "type": "/problems/price_changed",
        "title": "The price is not what was expected",
        "status": 409,
        "detail": "It costs more now.",
        "instance": "/v1/failures",
        "code": "price_changed",
        "retryable": False,
        "properties": {
            "old": 1,
            "new": 2,
            "happened": "nothing",
            "who_must_act": "caller",
            "advice": "Show the new total to the traveller and book again with it as "
            "`expected_total`.",
        },
        "errors": [],
    }


@pytest.mark.parametrize(
    ("how", "status", "code", "retry_after"),
    [
        ("moved", 409, "version_conflict", "1"),
        ("busy", 409, "checkout_closing", "2"),
        ("supplier", 503, "supplier_unavailable", "5"),
        ("crash", 500, "internal_error", "5"),
        ("database gone", 500, "internal_error", "5"),
        ("log gone", 504, "outcome_unknown", "5"),
        ("unheard", 409, "state_conflict", None),
    ],
)
async def test_each_failure_has_its_code_and_tells_nothing_of_the_inside(
    client: Client, how: str, status: int, code: str, retry_after: str | None
) -> None:
    told = await client.ask("POST", "/v1/failures", json={"how": how})

    assert (told.status, told.json["code"]) == (status, code)
    assert told.headers.get("Retry-After") == retry_after
    assert b"canary" not in told.raw
    assert b"Traceback" not in told.raw


async def test_an_unknown_path_and_a_wrong_method_are_problems_too(client: Client) -> None:
    absent = await client.ask("GET", "/v1/nothing/here")
    wrong = await client.ask("DELETE", f"/v1/things/{TRIP}")

    assert (absent.status, absent.json["code"]) == (404, "not_found")
    assert (wrong.status, wrong.json["code"]) == (405, "method_not_allowed")
    assert wrong.headers["Allow"] == "GET,HEAD,PUT"


async def test_each_code_has_a_page(client: Client) -> None:
    listed = await client.ask("GET", "/problems")

    assert [page["code"] for page in listed.json["problems"]] == list(CATALOGUE)
    for page in listed.json["problems"]:
        shown = await client.ask("GET", page["type"])
        assert (shown.status, shown.json) == (200, page)


async def test_an_unknown_code_has_none(client: Client) -> None:
    told = await client.ask("GET", "/problems/never_heard_of")

    assert (told.status, told.json["code"]) == (404, "problem_not_found")


def refused_codes() -> set[str]:
    """Every code that the rules and the service name where they refuse something."""
    calls = {"Refused", "Problem", "QuoteProblem", "price_changed"}
    found: set[str] = set()
    for folder in ("domain", "service"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    found |= named(node) if node.func.id in calls else set()
    return found


def named(call: ast.Call) -> set[str]:
    """The code of a refusal: its first argument, or the one called so."""
    told = [*call.args[:1], *(each.value for each in call.keywords if each.arg == "code")]
    return {each.value for each in told if isinstance(each, ast.Constant)}


# What suppliers answer, which quotes, `book` and bookings pass on as it is.
PASSED_ON = {
    *(row.refusal for row in ORDER_OUTCOMES if row.refusal),
    *UNAVAILABLE.values(),
    *CANCELLATION_REFUSALS.values(),
}
# What else is said of requests: by tables of the door, and where several items are not to be had.
SAID = {
    *(code for code, _ in REFUSALS.values()),
    *(code for code, _ in OUTSIDE.values()),
    *(code for code, _ in OF_STATUS.values()),
    *(each.absent for each in PATH_PARAMETERS.values()),
    *WORDS.values(),
    "items_unavailable",
}


def test_every_code_that_is_refused_with_is_in_the_catalogue() -> None:
    codes = refused_codes() | PASSED_ON | SAID

    assert "trip_not_found" in codes
    assert sorted(codes - CATALOGUE.keys()) == []


def test_every_code_of_the_catalogue_can_occur() -> None:
    assert sorted(CATALOGUE.keys() - refused_codes() - PASSED_ON - SAID) == []


def test_a_problem_that_may_be_repeated_says_when() -> None:
    silent = [k.code for k in CATALOGUE.values() if k.retryable != (k.retry_after_s is not None)]

    assert silent == []


def test_only_faults_of_ours_or_of_providers_leave_the_outcome_open() -> None:
    unknown = {kind.code for kind in CATALOGUE.values() if kind.happened == "unknown"}

    assert unknown == {"internal_error", "outcome_unknown"}


def test_every_code_is_met_by_a_test() -> None:
    texts = [path.read_text() for path in (ROOT / "tests").rglob("*.py")]
    named = {word for text in texts for word in re.findall(r"([a-z_]+)[\"']", text)}

    assert sorted(CATALOGUE.keys() - named) == []
