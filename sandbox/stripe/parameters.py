"""Reads Stripe's form encoding (`a[b][0][c]=v`) against a declared shape, and refuses what Stripe
would refuse: unknown names, missing ones, wrong kinds, too much metadata."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox.stripe.errors import StripeError, missing_parameter, not_simulated, unknown_parameter

DEPTH_MAX = 10
LIST_ITEMS_MAX = 500
METADATA_KEYS_MAX = 50
METADATA_KEY_CHARS_MAX = 40
METADATA_VALUE_CHARS_MAX = 500
TEXT_CHARS_MAX = 5_000
INTEGER_DIGITS_MAX = 18

Read = Callable[[Any, str], Any]
"""From the raw value and the parameter's full name to the value, or a StripeError."""


@dataclass(frozen=True)
class Parameter:
    read: Read
    required: bool = False


Shape = Mapping[str, Parameter]


def decode_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The nested values that bracketed names spell; indexes and `[]` become lists."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        path = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", name)
        if not path or len(path) > DEPTH_MAX:
            raise StripeError(f"Invalid request: cannot read the parameter name {name!r}")
        node = tree
        for part in path[:-1]:
            node = node.setdefault(next_index(node) if part == "" else part, {})
            if not isinstance(node, dict):
                raise StripeError(f"Invalid object: {name}", param=name)
        node[next_index(node) if path[-1] == "" else path[-1]] = value
    return {name: listed(value) for name, value in tree.items()}


def next_index(node: dict[str, Any]) -> str:
    return str(len(node))


def listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: listed(each) for name, each in value.items()}
    if inner and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)][:LIST_ITEMS_MAX]
    return inner


def read_shape(raw: dict[str, Any], shape: Shape, prefix: str = "") -> dict[str, Any]:
    for name in raw:
        if name not in shape:
            raise unknown_parameter(nested(prefix, name))
    read: dict[str, Any] = {}
    for name, parameter in shape.items():
        if name in raw:
            read[name] = parameter.read(raw[name], nested(prefix, name))
        elif parameter.required:
            raise missing_parameter(nested(prefix, name))
    return read


def nested(prefix: str, name: str) -> str:
    return f"{prefix}[{name}]" if prefix else name


def required(parameter: Parameter) -> Parameter:
    return Parameter(parameter.read, required=True)


def text(chars_max: int = TEXT_CHARS_MAX) -> Parameter:
    def read(raw: Any, name: str) -> str | None:
        if not isinstance(raw, str):
            raise StripeError(f"Invalid string: {name}", param=name)
        if len(raw) > chars_max:
            raise StripeError(
                f"Invalid string: {raw[:20]}...; must be at most {chars_max} characters",
                param=name,
            )
        return raw or None

    return Parameter(read)


def read_integer(raw: Any, name: str) -> int:
    if not isinstance(raw, str) or not re.fullmatch(rf"-?\d{{1,{INTEGER_DIGITS_MAX}}}", raw):
        raise StripeError(f"Invalid integer: {raw}", code="parameter_invalid_integer", param=name)
    return int(raw)


def integer(least: int | None = None) -> Parameter:
    def read(raw: Any, name: str) -> int:
        number = read_integer(raw, name)
        if least is not None and number < least:
            raise StripeError(
                f"This value must be greater than or equal to {least}.",
                code="parameter_invalid_integer",
                param=name,
            )
        return number

    return Parameter(read)


def read_flag(raw: Any, name: str) -> bool:
    if raw not in ("true", "false"):
        raise StripeError(f"Invalid boolean: {raw}", param=name)
    return bool(raw == "true")


flag = Parameter(read_flag)


def one_of(*choices: str) -> Parameter:
    def read(raw: Any, name: str) -> str:
        if raw not in choices:
            raise StripeError(
                f"Invalid {name}: must be one of {', '.join(choices[:-1])}, or {choices[-1]}",
                param=name,
            )
        return str(raw)

    return Parameter(read)


def group(shape: Shape) -> Parameter:
    def read(raw: Any, name: str) -> dict[str, Any]:
        if not isinstance(raw, dict):
            raise StripeError("Invalid object", param=name)
        return read_shape(raw, shape, name)

    return Parameter(read)


def each(shape: Shape, items_max: int = LIST_ITEMS_MAX) -> Parameter:
    def read(raw: Any, name: str) -> list[dict[str, Any]]:
        if not isinstance(raw, list):
            raise StripeError("Invalid array", param=name)
        if len(raw) > items_max:
            raise StripeError(f"Array too long: at most {items_max} items are allowed.", param=name)
        return [group(shape).read(item, nested(name, str(index))) for index, item in enumerate(raw)]

    return Parameter(read)


def read_texts(raw: Any, name: str) -> list[str]:
    if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
        raise StripeError("Invalid array", param=name)
    return raw


texts = Parameter(read_texts)


def read_metadata(raw: Any, name: str) -> dict[str, str]:
    if raw == "":
        return {}
    pairs = dict(enumerate(raw)) if isinstance(raw, list) else raw
    if not isinstance(pairs, dict) or not all(isinstance(it, str) for it in pairs.values()):
        raise StripeError("Metadata values must be strings.", param=name)
    if len(pairs) > METADATA_KEYS_MAX:
        raise StripeError(f"Metadata can have at most {METADATA_KEYS_MAX} keys.", param=name)
    for key, value in pairs.items():
        if len(str(key)) > METADATA_KEY_CHARS_MAX or len(value) > METADATA_VALUE_CHARS_MAX:
            raise StripeError(
                f"Metadata keys can have up to {METADATA_KEY_CHARS_MAX} characters and values "
                f"up to {METADATA_VALUE_CHARS_MAX}.",
                param=nested(name, str(key)),
            )
    return {str(key): value for key, value in pairs.items()}


metadata = Parameter(read_metadata)


def read_url(raw: Any, name: str) -> str:
    parts = urlsplit(raw) if isinstance(raw, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.netloc:
        raise StripeError("Not a valid URL", code="url_invalid", param=name)
    return str(raw)


url = Parameter(read_url)
cosmetic = Parameter(lambda raw, name: raw)
"""Accepted and without bearing on what is simulated."""


def read_unsimulated(raw: Any, name: str) -> Any:
    raise not_simulated(name)


unsimulated = Parameter(read_unsimulated)
"""Known to Stripe, with a bearing on money, and not simulated."""


def names(parameter: Parameter, *wanted: str) -> Shape:
    return dict.fromkeys(wanted, parameter)


created_filter = Parameter(
    lambda raw, name: (
        read_shape(raw, names(integer(), "gt", "gte", "lt", "lte"), name)
        if isinstance(raw, dict)
        else {"gte": read_integer(raw, name), "lte": read_integer(raw, name)}
    )
)
paging: Shape = {
    "limit": integer(1),
    "starting_after": text(),
    "ending_before": text(),
    "expand": texts,
}
