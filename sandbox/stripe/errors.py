"""Stripe's refusals, in Stripe's words and envelope."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class StripeError(Exception):
    """`executed` tells whether the endpoint had begun its work: then the answer is kept under the
    idempotency key like any other."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        decline_code: str | None = None,
        payment_intent: Json | None = None,
        executed: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.executed = executed
        body = {
            "message": message,
            "type": kind,
            "code": code,
            "param": param,
            "decline_code": decline_code,
            "payment_intent": payment_intent,
        }
        self.body: Json = {
            "error": {name: value for name, value in body.items() if value is not None}
        }
        if code is not None:
            self.body["error"]["doc_url"] = (
                f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
            )


def unknown_parameter(param: str) -> StripeError:
    return StripeError(
        f"Received unknown parameter: {param}", code="parameter_unknown", param=param
    )


def missing_parameter(param: str) -> StripeError:
    return StripeError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def no_such(noun: str, wanted: str, param: str) -> StripeError:
    return StripeError(
        f"No such {noun}: '{wanted}'", status=404, code="resource_missing", param=param
    )


def not_simulated(param: str) -> StripeError:
    """Better refused than silently ignored: the answer would not be Stripe's."""
    return StripeError(f"This sandbox does not simulate {param}.", param=param)


def wrong_state(intent: Json, doing: str, allowed: str) -> StripeError:
    return StripeError(
        f"You cannot {doing} this PaymentIntent because it has a status of {intent['status']}. "
        f"Only a PaymentIntent with one of the following statuses may be {allowed}.",
        code="payment_intent_unexpected_state",
        payment_intent=intent,
        executed=True,
    )


def server_error() -> StripeError:
    return StripeError(
        "An unknown error occurred. (This one was asked for.)",
        status=500,
        kind="api_error",
        executed=True,
    )
