"""Stable identifiers for properties and room rates: the same room at the same terms has the same
identifier in every search, although suppliers give each offer of it a new id."""

from __future__ import annotations

from uuid import UUID, uuid5

ROOMS = UUID("b1b6f2a4-6f0a-4c0e-8a55-2f9e4f6c7d10")


def hotel_identifier(supplier: str, property_id: str) -> str:
    """A property of a supplier."""
    return str(uuid5(ROOMS, f"{supplier}\n{property_id}"))


def room_rate_identifier(supplier: str, property_id: str, *terms: str) -> str:
    """A room at its terms (name, board, refundability …), without dates, guests or price."""
    return str(uuid5(ROOMS, "\n".join([supplier, property_id, *terms])))
