"""From bytes and query strings to typed requests: strict, bounded, every error names its field."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec
from aiohttp import web

from service.http.guards.repeats import repeated_field
from service.http.problems import FieldProblem, Problem

StructT = TypeVar("StructT", bound=msgspec.Struct)
BodyT = TypeVar("BodyT")

PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
NAMED = re.compile(r"`([^`]*)`")
STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


async def read_body(request: web.Request, *, bytes_max: int, timeout_s: float) -> bytes:
    """The whole body, at most `bytes_max`, within `timeout_s`."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem("unsupported_media_type", "Send the body without a Content-Encoding.")
    if (request.content_length or 0) > bytes_max:
        raise too_large(bytes_max)
    if not request.can_read_body:
        return b""
    body = bytearray()
    try:
        async with asyncio.timeout(timeout_s):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > bytes_max:
                    raise too_large(bytes_max)
    except TimeoutError:
        raise Problem(
            "request_timeout",
            f"The body was not complete after {timeout_s:g} seconds.",
            headers={"Connection": "close"},
        ) from None
    except web.RequestPayloadError:
        raise Problem("invalid_request", "The body ended early or is badly framed.") from None
    return bytes(body)


def too_large(bytes_max: int) -> Problem:
    return Problem(
        "body_too_large",
        f"The body is larger than {bytes_max} bytes.",
        facts={"bytes_max": bytes_max},
        headers={"Connection": "close"},
    )


def decode_body(request: web.Request, raw: bytes, kind: type[BodyT]) -> BodyT:
    """The body as `kind`; an empty one stands for `{}`."""
    if not raw:
        raw = b"{}"
    elif request.content_type != "application/json":
        raise Problem(
            "unsupported_media_type", "Send the body as `Content-Type: application/json`."
        )
    if b"\\u0000" in raw:
        raise Problem(
            "validation_failed", "Text must not contain the character U+0000: leave it out."
        )
    try:
        body = msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise invalid(str(error), "body") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem("malformed_json", f"{str(error).rstrip('.')}: send valid JSON.") from None
    except RecursionError:
        raise Problem("malformed_json", "The JSON is nested too deeply.") from None
    if (pointer := repeated_field(raw)) is not None:
        raise Problem(
            "validation_failed",
            f"In the body: `{pointer}` is given more than once.",
            errors=[field_problem(pointer, "repeated", "Give it once.", "body")],
        )
    return body


def decode_query(pairs: Sequence[tuple[str, str]], kind: type[StructT]) -> StructT:
    """The query parameters as `kind`; unknown and repeated ones are refused."""
    given = dict(pairs)
    if len(given) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise Problem(
            "validation_failed",
            f"The query parameter `{repeated}` is given more than once.",
            errors=[field_problem(repeated, "repeated", "Give it once.", "query")],
        )
    try:
        return msgspec.convert(given, type=kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(str(error), "query") from None


class NoQuery(msgspec.Struct, forbid_unknown_fields=True):
    """For routes that take no query parameters at all."""


def field_problem(name: str, code: str, detail: str, location: str) -> FieldProblem:
    if location == "query":
        return FieldProblem(pointer=name, code=code, detail=detail, location="query")
    return FieldProblem(pointer=name, code=code, detail=detail)


def invalid(message: str, location: str) -> Problem:
    """What the decoder says about one field, as a problem that names it."""
    match = PLACE.match(message)
    what, path = (match["what"], match["path"] or "$") if match else (message, "$")
    pointer = json_pointer(path)
    code = code_of(what)
    if code in {"unknown_field", "required"} and (name := NAMED.findall(what)):
        pointer = f"{pointer}/{escaped(name[-1])}"
    shown = pointer.removeprefix("/") if location == "query" else pointer
    advice = {
        "unknown_field": "This field is not known here: leave it out.",
        "required": "This field is missing: add it.",
        "invalid_format": "The value does not have the form this field needs.",
    }.get(code, f"{what.rstrip('.')}.")
    place = "the body" if shown == "" else f"`{shown}`"
    return Problem(
        "validation_failed",
        f"In {'the query, ' if location == 'query' else ''}{place}: {advice}",
        errors=[field_problem(shown, code, advice, location)],
    )


def code_of(what: str) -> str:
    starts = (
        ("Object contains unknown field", "unknown_field"),
        ("Object missing required field", "required"),
        ("Invalid enum value", "not_allowed"),
        ("Integer value out of range", "out_of_range"),
        ("Number out of range", "out_of_range"),
        ("Invalid", "invalid_format"),
    )
    for start, code in starts:
        if what.startswith(start):
            return code
    if "matching regex" in what:
        return "invalid_format"
    if "of length" in what:
        return "wrong_length"
    if re.search(r"` [<>]=? ", what):
        return "out_of_range"
    return "wrong_type" if what.startswith("Expected") else "not_allowed"


def json_pointer(path: str) -> str:
    """`$.items[0].name` as `/items/0/name`; what the decoder does not tell (`...`) ends it."""
    pointer = ""
    for name, index in STEP.findall(path):
        if index == "...":
            break
        pointer += "/" + (escaped(name) if name else index)
    return pointer


def escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
