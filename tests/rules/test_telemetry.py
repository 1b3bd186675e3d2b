"""Nothing but fields from the allow-list reaches a log."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from service.telemetry import configure_logging


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    handlers, level = logging.getLogger().handlers, logging.getLogger().level
    stream = io.StringIO()
    configure_logging("info", stream)
    yield stream
    logging.getLogger().handlers = handlers
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_the_request_it_belongs_to(stream: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(request_id="r1", tenant="acme")

    structlog.get_logger("trips").info("trip_started", trip_id="t1")

    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "trip_started",
        "level": "info",
        "logger": "trips",
        "request_id": "r1",
        "tenant": "acme",
        "trip_id": "t1",
    }


def test_fields_that_are_not_listed_are_dropped_and_named(stream: io.StringIO) -> None:
    structlog.get_logger("trips").info("travelers_set", first_name="canary", email="canary@x.y")

    (line,) = lines(stream)
    assert "canary" not in stream.getvalue()
    assert line["redacted"] == ["email", "first_name"]


def test_an_exception_is_logged_without_its_message(stream: io.StringIO) -> None:
    try:
        try:
            raise ValueError("canary")
        except ValueError as error:
            raise RuntimeError("canary") from error
    except RuntimeError:
        structlog.get_logger("trips").exception("request_failed")

    (line,) = lines(stream)
    assert "canary" not in stream.getvalue()
    assert line["exception"]["type"] == "RuntimeError < ValueError"
    assert len(line["exception"]["frames"]) == 1


def test_a_library_is_logged_without_the_arguments_of_its_message(stream: io.StringIO) -> None:
    try:
        raise ValueError("canary")
    except ValueError:
        logging.getLogger("aiohttp.server").exception("Error handling %s", "/?email=canary")

    (line,) = lines(stream)
    assert "canary" not in stream.getvalue()
    assert line["event"] == "Error handling %s"
    assert line["exception"]["type"] == "ValueError"


def test_levels_below_the_set_one_are_silent(stream: io.StringIO) -> None:
    structlog.get_logger("trips").debug("noise")

    assert stream.getvalue() == ""


def test_on_a_terminal_lines_are_for_people(stream: io.StringIO) -> None:
    configure_logging("info", stream, pretty=True)

    structlog.get_logger("trips").info("trip_started", trip_id="t1")

    assert "trip_started" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
