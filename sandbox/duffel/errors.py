"""Duffel's refusals: every code the sandbox answers with its status, type and words, and the
envelope they travel in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

DOCUMENTATION_URL = "https://duffel.com/docs/api/overview/errors"


@dataclass(frozen=True)
class Refusal:
    status: int
    type: str
    title: str
    message: str


def state(title: str, message: str) -> Refusal:
    return Refusal(422, "invalid_state_error", title, message)


def validation(title: str, message: str) -> Refusal:
    return Refusal(422, "validation_error", title, message)


def request(status: int, title: str, message: str) -> Refusal:
    return Refusal(status, "invalid_request_error", title, message)


REFUSALS: dict[str, Refusal] = {
    "missing_authorization_header": Refusal(
        401,
        "authentication_error",
        "Missing authorization header",
        "The 'Authorization' header needs to be set and contain a valid API token.",
    ),
    "invalid_authorization_header": Refusal(
        401,
        "authentication_error",
        "Invalid authorization header",
        "The 'Authorization' header must be of the form 'Bearer <token>'.",
    ),
    "access_token_not_found": Refusal(
        401,
        "authentication_error",
        "Access token not found",
        "The access token used is not recognised by our system.",
    ),
    "missing_version_header": request(
        400,
        "Missing version header",
        "The 'Duffel-Version' header needs to be set to a valid API version.",
    ),
    "unsupported_version": request(
        400, "Unsupported version", "The version set in the 'Duffel-Version' header is not v2."
    ),
    "unsupported_format": request(
        406, "Unsupported format", "The 'Accept' header must allow application/json."
    ),
    "invalid_content_type_header": request(
        400, "Invalid content type", "The 'Content-Type' header must be application/json."
    ),
    "invalid_data": request(400, "Invalid request body", "The body must hold a 'data' object."),
    "not_found": request(
        404, "Resource not found", "The resource you are trying to access does not exist."
    ),
    "rate_limit_exceeded": Refusal(
        429,
        "rate_limit_error",
        "Rate limit exceeded",
        "Too many requests hit the API too quickly. Please retry your request after the time "
        "specified in the `ratelimit-reset` header.",
    ),
    "internal_server_error": Refusal(
        500,
        "api_error",
        "Internal server error",
        "Something went wrong. The order may still have been created on the airline's side. "
        "Please contact our support team and attach the `request_id` to your message.",
    ),
    "service_unavailable": Refusal(
        503, "api_error", "Service unavailable", "No booking was created. Please try again later."
    ),
    "gateway_timeout_error": Refusal(
        504, "api_error", "Gateway timeout", "The supplier did not answer in time."
    ),
    "airline_unknown": Refusal(
        502,
        "airline_error",
        "Unexpected Airline Error",
        "The airline responded with an unexpected error. Please contact us.",
    ),
    "airline_internal": Refusal(
        502, "airline_error", "Internal Airline Error", "The airline had an internal error."
    ),
    "order_not_created": Refusal(
        502, "airline_error", "Order not created", "The order was not created and nothing was paid."
    ),
    "validation_required": validation("Required field", "A required field is blank"),
    "validation_format": validation("Invalid format", "A field is not in the right format"),
    "validation_type": validation("Invalid type", "A field is of the wrong type"),
    "validation_length": validation("Invalid length", "A field is of the wrong length"),
    "validation_inclusion": validation("Invalid value", "A field has a value that is not allowed"),
    "unsafe_unique": validation("Already taken", "There is already a webhook in this mode"),
    "invalid_passenger_name": validation("Invalid name", "A name has characters not allowed"),
    "invalid_passenger_title": validation("Invalid title", "A passenger's title is not allowed"),
    "invalid_phone_number": validation("Invalid phone number", "The phone number is not valid"),
    "invalid_email_address": validation("Invalid email", "The email address is not valid"),
    "duplicate_passenger_name": validation(
        "Duplicate passenger name", "Two passengers of one order have the same name"
    ),
    "offer_expired": state("Offer expired", "The offer has expired. Please search again."),
    "offer_no_longer_available": state(
        "Offer no longer available", "The offer is no longer available. Please search again."
    ),
    "offer_request_already_booked": state(
        "Offer request already booked", "An order has already been made from this offer."
    ),
    "order_creation_already_attempted": state(
        "Order creation already attempted", "The outcome of an earlier attempt is not known yet."
    ),
    "duplicate_booking": state(
        "Duplicate booking", "The airline already holds a booking for these passengers."
    ),
    "price_changed": state("Price changed", "The price has changed. Please read it again."),
    "ancillary_service_not_available": state(
        "Service not available", "A chosen service is not available for this offer."
    ),
    "insufficient_balance": state(
        "Insufficient balance", "Your balance does not cover this payment."
    ),
    "payment_amount_does_not_match_order_amount": state(
        "Payment amount mismatch", "The payment's amount is not the order's total amount."
    ),
    "payment_currency_does_not_match_order_currency": state(
        "Payment currency mismatch", "The payment's currency is not the order's currency."
    ),
    "invalid_order_create_type": state(
        "Invalid order create type", "The specified `type` was incorrect."
    ),
    "payments_not_allowed_for_order_type": state(
        "Payments not allowed", "A hold order is created without payments."
    ),
    "order_type_not_eligible_for_payment": state(
        "Order not eligible for payment", "Only hold orders are paid for after creation."
    ),
    "already_paid": state("Already paid", "The order has already been paid for."),
    "already_cancelled": state("Already cancelled", "It has already been cancelled."),
    "past_payment_required_by_date": state(
        "Past the payment deadline", "The airline has released the seats."
    ),
    "schedule_changed": state(
        "Schedule changed", "The airline changed the schedule; the order cannot be paid for."
    ),
    "order_not_cancellable": state(
        "Order not cancellable", "The order cannot be cancelled through the API."
    ),
    "order_cancellation_stale": state(
        "Order cancellation stale", "A newer quote exists or this one has expired."
    ),
    "rate_unavailable": state("Rate unavailable", "The rate is no longer available."),
    "booking_already_attempted": state(
        "Booking already attempted", "A booking has already been attempted for this quote."
    ),
    "booking_not_cancellable": state(
        "Booking not cancellable", "The accommodation does not accept this cancellation."
    ),
    "webhook_client_error": state("Webhook failed to receive event", ""),
}


class DuffelError(Exception):
    """A refusal on its way to the caller."""

    def __init__(
        self, code: str, *, message: str | None = None, source: Json | str | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.refusal = REFUSALS[code]
        self.message = self.refusal.message if message is None else message
        self.source = source

    @property
    def status(self) -> int:
        return self.refusal.status


def envelope(error: DuffelError, *, request_id: str) -> Json:
    body: Json = {
        "type": error.refusal.type,
        "code": error.code,
        "title": error.refusal.title,
        "message": error.message,
        "documentation_url": DOCUMENTATION_URL,
    }
    if error.source is not None:
        body["source"] = error.source
    return {"meta": {"status": error.status, "request_id": request_id}, "errors": [body]}
