"""Problems with the trip itself: what is in it, its state, what it may still become."""

from __future__ import annotations

from service.http.problems.kinds import done, later, problem

# The same answer whether it never existed, is gone, or is another tenant's.
ABSENT = tuple(
    problem(code, 404, title, "Check the id; keys of another tenant see nothing of this one.")
    for code, title in (
        ("trip_not_found", "There is no such trip"),
        ("item_not_found", "There is no such item in this trip"),
        ("traveler_not_found", "There is no such traveler in this trip"),
        ("offer_not_found", "There is no such offer"),
        ("booking_not_found", "There is no such booking"),
        ("group_not_found", "There is no such group of bookings"),
        ("payment_not_found", "There is no such payment"),
        ("incident_not_found", "There is no such incident"),
        ("person_not_found", "There is no such person"),
        ("cart_not_found", "There is no such cart"),
        ("ancillary_not_found", "There is no such extra on this item"),
        ("webhook_endpoint_not_found", "There is no such webhook endpoint"),
        ("webhook_delivery_not_found", "There is no such delivery to this endpoint"),
        ("problem_not_found", "There is no such problem code"),
    )
)


STATE = (
    problem(
        "state_conflict",
        409,
        "The present state does not allow this",
        "Read the trip; `allowed_actions` says what may be done now.",
    ),
    later(
        "checkout_in_progress",
        409,
        "The trip is being priced, or its checkout opened, right now",
        "Repeat the request: it continues where it is and opens one checkout only.",
        retry_after_s=2,
    ),
    later(
        "checkout_closing",
        409,
        "The checkout is being closed",
        "Repeat the request after Retry-After.",
        retry_after_s=2,
    ),
    problem(
        "person_needed",
        409,
        "This person's data is still needed",
        "Wait until the trip is paid and booked, or its checkout has ended.",
    ),
    later(
        "checkout_open",
        409,
        "A checkout is open, and being closed for this",
        "Repeat the request after Retry-After.",
        retry_after_s=2,
    ),
    later(
        "payment_processing",
        409,
        "The money is on its way",
        "Wait until the payment settles; the trip tells how it ended.",
        retry_after_s=30,
    ),
    later(
        "trip_changed",
        409,
        "The trip was changed while it was being booked",
        "Read the trip, then book again.",
        retry_after_s=1,
    ),
    done(
        "already_checked_out", "This trip has been paid", "Read the trip instead of booking again."
    ),
    done("already_cancelled", "This has been cancelled before", "Nothing is left to do."),
    problem(
        "price_changed",
        409,
        "The price is not what was expected",
        "Show the new total to the traveller and book again with it as `expected_total`.",
    ),
    problem(
        "offer_expired", 410, "The offer is no longer valid", "Search again and add a new offer."
    ),
    problem(
        "items_unavailable",
        410,
        "Several items are not to be had",
        "Remove or replace the items in `properties.items`.",
    ),
    problem("cart_expired", 410, "The cart was left alone too long", "Start a new cart."),
    problem("sold_out", 410, "It is no longer to be had", "Search again and pick another offer."),
)


TRIP_CONTENT = (
    problem("trip_empty", 422, "There is nothing in the trip to book", "Add an item first."),
    problem("cart_empty", 422, "There is nothing in the cart to book", "Add an item first."),
    problem(
        "inventory_unavailable",
        422,
        "Something in the cart is not to be had",
        "Replace or remove what `properties.items` names, or search again.",
    ),
    problem("too_many_items", 422, "The trip holds as many items as it can", "Start another trip."),
    problem(
        "too_many_travelers", 422, "The trip holds as many travelers as it can", "Start another."
    ),
    problem("item_unpriced", 422, "This item has no price", "Search again and pick another offer."),
    problem(
        "travelers_missing",
        422,
        "It is not known who travels",
        "Set one traveler for each passenger the items were priced for.",
    ),
    problem(
        "travelers_mismatch",
        422,
        "The travelers are not those the items were priced for",
        "Make their number and passenger types match, or search again.",
    ),
    problem(
        "traveler_field_required",
        422,
        "Something about a traveler is missing",
        "Fill in the fields named in `errors` or `detail`.",
    ),
    problem(
        "placeholder_traveler",
        422,
        "A traveler does not look like a person",
        "Ask the traveller; send names, dates and addresses exactly as in the travel document.",
    ),
    problem(
        "invalid_travelers",
        422,
        "The supplier does not accept the travelers",
        "Correct what `detail` names.",
    ),
    problem(
        "contact_required",
        422,
        "Nobody can be reached about this trip",
        "Set a contact with e-mail and telephone number.",
    ),
    problem(
        "currency_mismatch",
        422,
        "Different currencies meet in one trip",
        "Put only items of one currency into a trip.",
    ),
    problem("dates_in_past", 422, "The dates are in the past", "Choose dates from today on."),
    problem(
        "ancillary_unavailable",
        422,
        "This extra is not to be had",
        "Choose among the item's `available_ancillaries`.",
    ),
    problem("duplicate_item", 422, "This offer is in the trip already", "Leave it as it is."),
)


CANCELLING = (
    problem(
        "cancellation_quote_stale",
        422,
        "The cancellation quote is no longer the newest, or has expired",
        "Ask for a new cancellation quote and cancel with its id.",
    ),
    problem(
        "cancellation_quote_required",
        422,
        "It must be known first what cancelling costs",
        "Ask for a cancellation quote, then cancel with its id.",
    ),
    problem("not_cancellable", 422, "This cannot be cancelled", "Contact the supplier."),
    problem(
        "refund_exceeds_payment",
        422,
        "So much of the payment is not left to refund",
        "Refund at most what `properties.left` says.",
    ),
    problem(
        "payment_disputed",
        409,
        "The customer's bank has taken the money back",
        "Wait until the dispute is decided.",
    ),
    later(
        "fulfillment_in_progress",
        409,
        "The orders are still being settled",
        "What buys nothing goes back by itself; look at the trip again later.",
        retry_after_s=60,
    ),
    problem(
        "not_releasable",
        409,
        "The payment cannot be let go",
        "Cancel what it pays for, or refund what was captured.",
    ),
)
