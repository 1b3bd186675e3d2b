"""Reading request bodies: each piece knows its own JSON pointer, so that a refusal names the
field exactly as Duffel does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from aiohttp import web

from sandbox.duffel.errors import DuffelError, Json

METADATA_KEYS_MAX = 50
METADATA_VALUE_CHARACTERS_MAX = 500
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True)
class Node:
    """An object inside a request body and the pointer that leads to it."""

    value: Json
    pointer: str = ""

    def refuse(self, field: str, code: str, message: str) -> NoReturn:
        raise DuffelError(
            code, message=message, source={"field": field, "pointer": f"{self.pointer}/{field}"}
        )

    def optional(self, field: str, kind: type) -> Any:
        value = self.value.get(field)
        if value is None:
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.refuse(field, "validation_type", f"Field '{field}' is of the wrong type")
        return value

    def required(self, field: str, kind: type) -> Any:
        value = self.optional(field, kind)
        if value is None or value in ("", [], {}):
            self.refuse(field, "validation_required", f"Field '{field}' can't be blank")
        return value

    def text(self, field: str) -> str:
        return str(self.required(field, str))

    def choice(self, field: str, allowed: tuple[str, ...]) -> str:
        value = self.text(field)
        if value not in allowed:
            self.refuse(
                field, "validation_inclusion", f"Field '{field}' must be one of {list(allowed)}"
            )
        return value

    def object(self, field: str) -> Node:
        return Node(self.required(field, dict), f"{self.pointer}/{field}")

    def objects(self, field: str, *, may_be_empty: bool = False) -> list[Node]:
        values = self.optional(field, list) or []
        if not values and not may_be_empty:
            self.refuse(field, "validation_required", f"Field '{field}' can't be blank")
        for value in values:
            if not isinstance(value, dict):
                self.refuse(field, "validation_type", f"Field '{field}' must hold objects")
        return [Node(v, f"{self.pointer}/{field}/{i}") for i, v in enumerate(values)]

    def texts(self, field: str) -> list[str]:
        values = self.required(field, list)
        if not all(isinstance(value, str) and value for value in values):
            self.refuse(field, "validation_type", f"Field '{field}' must hold strings")
        return list(values)

    def date(self, field: str) -> date:
        try:
            return date.fromisoformat(self.text(field))
        except ValueError:
            self.refuse(field, "validation_format", f"Field '{field}' must be a date (YYYY-MM-DD)")

    def amount(self, field: str) -> Decimal:
        try:
            value = Decimal(self.text(field))
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or value < 0:
            self.refuse(field, "validation_format", f"Field '{field}' must be a decimal string")
        return value

    def coordinate(self, field: str, *, limit: int) -> float:
        value = self.value.get(field)
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > limit:
            self.refuse(field, "validation_inclusion", f"Field '{field}' must be within ±{limit}")
        return float(value)

    def email(self, field: str) -> str:
        value = self.text(field)
        if not EMAIL.fullmatch(value):
            self.refuse(field, "invalid_email_address", f"Field '{field}' is not an email address")
        return value

    def phone(self, field: str) -> str:
        value = self.text(field)
        if not PHONE.fullmatch(value):
            self.refuse(
                field, "invalid_phone_number", f"Field '{field}' must be an E.164 phone number"
            )
        return value

    def metadata(self) -> Json | None:
        """Metadata as Duffel takes it: at most 50 keys, every value a short string."""
        value: Json | None = self.optional("metadata", dict)
        if value is None:
            return None
        if len(value) > METADATA_KEYS_MAX or not all(
            isinstance(text, str) and len(text) <= METADATA_VALUE_CHARACTERS_MAX
            for text in value.values()
        ):
            self.refuse("metadata", "validation_format", "Field 'metadata' must map to strings")
        return dict(value)


async def read_data(request: web.Request) -> Node:
    """The `data` object of a request body."""
    try:
        body = await request.json()
    except ValueError:
        raise DuffelError("invalid_data") from None
    if not isinstance(body, dict) or not isinstance(body.get("data"), dict):
        raise DuffelError("invalid_data")
    return Node(body["data"])
