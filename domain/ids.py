"""Identifiers and their spelling: those of chance come with commands, derived ones are made here.

They are ordered by time (RFC 9562, version 7), and what belongs to a trip is derived beside it:
what is recorded about the same time lies together in the log's indexes, however large they are.
"""

from __future__ import annotations

import hashlib
from uuid import UUID, uuid5

# No 0/O, 1/I/L, U: what is read over the telephone must come out the same.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 8


def ordered_id(at_ms: int, chance: bytes) -> str:
    """A UUID of version 7; `at_ms` since 1970, of `chance` the first ten bytes are taken."""
    number = at_ms << 80 | int.from_bytes(chance[:10])
    number = number & ~(0xF << 76) | 7 << 76
    return str(UUID(int=number & ~(0b11 << 62) | 0b10 << 62))


def derived_id(parent: str, name: str) -> str:
    """The same again for the same parent and name, and of the parent's moment if that has one."""
    above = UUID(parent)
    if above.version != 7:
        return str(uuid5(above, name))
    return ordered_id(above.int >> 80, hashlib.sha256(above.bytes + name.encode()).digest())


def checkout_id(trip_id: str, attempt: int) -> str:
    """The id of a trip's n-th checkout, so that two racing attempts cannot differ."""
    return derived_id(trip_id, f"checkout:{attempt}")


def group_id(checkout: str) -> str:
    """The id under which one checkout's bookings are found."""
    return derived_id(checkout, "group")


def booking_id(checkout: str, item_id: str) -> str:
    """The id of one item's booking in one checkout; also its stream in the log."""
    return derived_id(checkout, f"booking:{item_id}")


def refund_id(payment_id: str, number: int) -> str:
    """Our name for the n-th refund of a payment."""
    return f"{payment_id}:{number}"


def incident_id(trip_id: str, code: str, subject: str) -> str:
    """The id of what a person must settle: a trip has one incident for a code and a subject."""
    return derived_id(trip_id, f"incident:{code}:{subject}")


def requested_refund_id(payment_id: str, request_id: str) -> str:
    """Our name for the refund that somebody asked for under an id of their own."""
    return f"{payment_id}:r:{request_id}"


def booking_code(booking: str) -> str:
    """Eight unambiguous characters a traveller can read out."""
    number = int.from_bytes(hashlib.sha256(booking.encode()).digest()[:16])
    letters = []
    for _ in range(CODE_LENGTH):
        number, index = divmod(number, len(CODE_ALPHABET))
        letters.append(CODE_ALPHABET[index])
    return "".join(letters)
