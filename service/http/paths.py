"""The parts of paths: what each stands for, and how it looks."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PathParameter:
    """A part of the path; what does not fit the pattern is as absent as any unknown id."""

    pattern: re.Pattern[str]
    description: str
    absent: str
    example: str


UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
ID_TEXT = re.compile(r"[A-Za-z0-9_.-]{1,100}")
SOME_UUID = "7d0c2a9e-4b2f-4f0e-9d51-3c6a1f0b8e24"
PATH_PARAMETERS = {
    "trip_id": PathParameter(
        pattern=UUID_TEXT, description="The trip.", absent="trip_not_found", example=SOME_UUID
    ),
    "item_id": PathParameter(
        pattern=ID_TEXT, description="The item.", absent="item_not_found", example=SOME_UUID
    ),
    "group_id": PathParameter(
        pattern=ID_TEXT,
        description="The group of bookings made by one checkout.",
        absent="group_not_found",
        example=SOME_UUID,
    ),
    "person_id": PathParameter(
        pattern=UUID_TEXT, description="The person.", absent="person_not_found", example=SOME_UUID
    ),
    "code": PathParameter(
        pattern=ID_TEXT,
        description="The booking's code, as the traveller reads it.",
        absent="booking_not_found",
        example="K7RM2XQ9",
    ),
    "shoppingCartIdentifier": PathParameter(
        pattern=UUID_TEXT,
        description="The shopping cart, which is a trip.",
        absent="cart_not_found",
        example=SOME_UUID,
    ),
    "itemIdentifier": PathParameter(
        pattern=ID_TEXT, description="The item.", absent="item_not_found", example=SOME_UUID
    ),
    "ancillaryIdentifier": PathParameter(
        pattern=ID_TEXT, description="The extra.", absent="ancillary_not_found", example=SOME_UUID
    ),
    "bookingIdentifier": PathParameter(
        pattern=ID_TEXT,
        description="The booking, or its code.",
        absent="booking_not_found",
        example=SOME_UUID,
    ),
    "groupIdentifier": PathParameter(
        pattern=ID_TEXT,
        description="The group of bookings made by one checkout.",
        absent="group_not_found",
        example=SOME_UUID,
    ),
    "paymentIdentifier": PathParameter(
        pattern=ID_TEXT,
        description="The PaymentIntent or Checkout Session at Stripe.",
        absent="payment_not_found",
        example="pi_3QKzXJ2eZvKYlo2C1a2b3c4d",
    ),
    "endpoint_id": PathParameter(
        pattern=UUID_TEXT,
        description="The webhook endpoint.",
        absent="webhook_endpoint_not_found",
        example=SOME_UUID,
    ),
    "delivery_id": PathParameter(
        pattern=UUID_TEXT,
        description="The delivery of an event to the endpoint.",
        absent="webhook_delivery_not_found",
        example=SOME_UUID,
    ),
    "problem_code": PathParameter(
        pattern=re.compile(r"[a-z_]{1,60}"),
        description="The problem's code.",
        absent="problem_not_found",
        example="price_changed",
    ),
}
