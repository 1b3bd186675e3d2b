"""Problems any request can meet before it reaches the trip."""

from __future__ import annotations

from service.http.problems.kinds import ProblemType, later, problem, sent

THE_REQUEST = (
    problem("invalid_request", 400, "The request cannot be understood", "Fix what `detail` names."),
    problem("malformed_json", 400, "The body is not JSON", "Send one valid UTF-8 JSON document."),
    problem(
        "unsupported_version",
        400,
        "This version of the contract is not spoken",
        "Leave the version header away or use one of `properties.supported_versions`.",
    ),
    problem(
        "webhook_rejected",
        400,
        "The notification cannot be trusted",
        "Check that the signing secret configured here is the sender's, and its clock.",
    ),
    problem("not_found", 404, "There is nothing here", "Compare the path with /openapi.json."),
    problem(
        "method_not_allowed",
        405,
        "This method is not for this path",
        "Use one of the methods in the `Allow` header.",
    ),
    later(
        "request_timeout",
        408,
        "The request came too slowly",
        "Send headers and body without pauses.",
        retry_after_s=1,
        who="caller",
    ),
    problem("body_too_large", 413, "The body is too large", "Send less; the limit is in `detail`."),
    problem(
        "unsupported_media_type",
        415,
        "The body is not declared as plain JSON",
        "Send `Content-Type: application/json` and no `Content-Encoding`.",
    ),
    problem(
        "validation_failed",
        422,
        "The request is well-formed but some values are not acceptable",
        "Fix every field listed in `errors`, then send the request again.",
    ),
    problem(
        "card_data_refused",
        422,
        "Card data is not taken here",
        "Never send it to this service: the traveller enters it at the payment provider.",
    ),
    problem(
        "precondition_failed",
        412,
        "The trip has changed since you read it",
        "Read it again, decide again, and send its present ETag in If-Match.",
    ),
    later(
        "rate_limited",
        429,
        "Too many requests",
        "Wait as long as Retry-After says.",
        retry_after_s=1,
        who="caller",
    ),
)


IDENTITY = (
    problem(
        "unauthenticated",
        401,
        "Who is asking?",
        "Send a valid API key or token as `Authorization: Bearer …`.",
    ),
    problem(
        "insufficient_scope",
        403,
        "This caller may not do that",
        "Use a key or token with the scopes in `properties.required_scopes`.",
    ),
    problem(
        "redirect_not_allowed",
        422,
        "Travellers may not be sent to that address",
        "Use an origin that the operator has listed as a redirect target.",
    ),
)


OUTBOUND = (
    problem(
        "webhook_url_refused",
        422,
        "Webhooks are not sent to that address",
        "Use an https URL whose host has public addresses only.",
    ),
    problem(
        "webhook_events_unknown",
        422,
        "No event is called that",
        "Use topics of `properties.events`, or `trip.*`, `booking.*`, `*`.",
    ),
    problem(
        "webhook_endpoints_full",
        409,
        "The tenant has as many webhook endpoints as it may have",
        "Delete one that is not needed any more.",
    ),
    problem(
        "webhook_endpoint_disabled",
        409,
        "The webhook endpoint is disabled",
        "Mend the receiver, then enable the endpoint.",
    ),
)


REPEATS = (
    problem(
        "idempotency_key_invalid",
        400,
        "The Idempotency-Key cannot be used",
        "Use 1 to 255 visible ASCII characters, best a random UUID.",
    ),
    problem(
        "idempotency_conflict",
        422,
        "This Idempotency-Key was used for another request",
        "Use a fresh key for a new request; repeat an old one unchanged.",
    ),
    later(
        "idempotency_in_flight",
        409,
        "The first request with this Idempotency-Key is still running",
        "Repeat it unchanged, with the same key, after Retry-After.",
        retry_after_s=1,
    ),
    later(
        "version_conflict",
        409,
        "Others changed this at the same time",
        "Read it again and repeat the request.",
        retry_after_s=1,
    ),
)


OURS = (
    sent(
        "internal_error",
        500,
        "Something went wrong here",
        "Read the trip to see what happened; repeat with the same Idempotency-Key; tell the "
        "operator the request_id if it stays.",
        retry_after_s=5,
    ),
    ProblemType(
        code="mcp_not_installed",
        status=501,
        title="This service runs without MCP",
        advice="An operator installs it with the package's extra `mcp`; meanwhile use the REST "
        "calls, see /openapi.json.",
        who_must_act="operator",
    ),
)
