"""The calls of Wink's direct checkout: carts, checkout, bookings, cancellation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from adapters.carts import CartStore
from adapters.read_models import ReadModels
from domain.ports import Payments
from service.desk import Desk
from service.http.api import Answer, Call, Handler, Route
from service.http.problems import Problem
from service.http.redirects import Redirects
from service.http.wink import answers as a
from service.http.wink.booking_routes import booking_routes, cancelling_routes
from service.http.wink.bookings import Bookings
from service.http.wink.cancelling import Cancelling
from service.http.wink.carts import Carts
from service.http.wink.checkout import Checkout
from service.http.wink.problems import TAG, WINK
from service.http.wink.shapes import CheckoutBody, ItemBody

VERSION = "Wink-Version"
VERSIONS = ("2.0", "2.0.0")
VERSION_TEXT = "The contract's version: `2.0` or `2.0.0`; left out, it is the same."
SOME_ID = "a2f1c9d8-4e7b-4d3a-9f2c-1a6b5e8d3f42"

CART_PROBLEMS = ("cart_not_found", "cart_expired")
EDIT_PROBLEMS = (
    *CART_PROBLEMS,
    "checkout_in_progress",
    "payment_processing",
    "already_checked_out",
    "version_conflict",
)
ITEM_PROBLEMS = (
    "inventory_unavailable",
    "dates_in_past",
    "currency_mismatch",
    "too_many_items",
    "duplicate_item",
    "ancillary_unavailable",
    "placeholder_traveler",
    "too_many_travelers",
    "supplier_unavailable",
)
CHECKOUT_PROBLEMS = (
    *EDIT_PROBLEMS,
    "cart_empty",
    "inventory_unavailable",
    "ancillary_unavailable",
    "contact_required",
    "currency_mismatch",
    "travelers_missing",
    "travelers_mismatch",
    "traveler_field_required",
    "invalid_travelers",
    "price_changed",
    "trip_changed",
    "checkout_closing",
    "redirect_not_allowed",
    "payment_provider_refused",
    "payment_provider_unavailable",
    "supplier_unavailable",
)

ITEM_EXAMPLE = {
    "hotelIdentifier": "3c6b1a5d-8e2f-4a0b-9c7d-6e4f0a8b2c51",
    "roomRateIdentifier": "4d7c2b1e-9f3a-4b5c-8d0e-5e1f6a3c7b84",
    "roomConfiguration": {"adults": 2, "children": [{"age": 8, "quantity": 1}], "quantity": 1},
    "startDate": "2027-01-20",
    "endDate": "2027-01-25",
    "currency": "USD",
    "customizationIdentifier": "a4f2e8b1-7c5d-4b9a-9e3f-1d6c2a8f5e91",
    "user": {
        "firstName": "Alexandra",
        "lastName": "Beaumont",
        "email": "alexandra@beaumont.com",
        "telephone": "+1 212 555 1212",
    },
    "specialRequests": "High floor room preferred, away from elevator.",
}
CHECKOUT_EXAMPLE = {
    "shoppingCartIdentifier": SOME_ID,
    "redirectUrl": "https://shop.acme.travel/thank-you",
    "quotedTotal": {"displayAmount": 842.3, "displayCurrency": "GBP"},
}


def wink_routes(
    desk: Desk,
    store: CartStore,
    models: ReadModels,
    payments: Payments,
    redirects: Redirects,
    *,
    test: bool,
) -> list[Route]:
    """`test`: payments are pretended ones."""
    carts = Carts(desk, store)
    bookings = Bookings(desk, store, models, payments, test=test)
    routes = [
        checkout_route(Checkout(carts, redirects)),
        *cart_routes(carts),
        *item_routes(carts),
        *booking_routes(bookings),
        *cancelling_routes(Cancelling(desk, bookings)),
    ]
    return [
        replace(
            route,
            handler=of_version(route.handler),
            tag=TAG,
            dialect=WINK,
            headers={VERSION: VERSION_TEXT},
            problems=(*route.problems, "unsupported_version"),
        )
        for route in routes
    ]


def of_version(handler: Handler) -> Handler:
    """Only for callers who speak a version that is spoken here."""

    async def serve(call: Call[Any, Any]) -> Answer:
        version = call.headers.get(VERSION, "").strip()
        if version and version not in VERSIONS:
            raise Problem(
                "unsupported_version",
                f"{VERSION} may be left out, or be one of {', '.join(VERSIONS)}.",
                facts={"supported_versions": list(VERSIONS)},
            )
        return await handler(call)

    return serve


def checkout_route(checkout: Checkout) -> Route:
    return Route(
        method="POST",
        path="/api/checkout",
        handler=checkout.open,
        summary="Initialize a direct checkout",
        description="Prices every item of the cart anew, initializes one booking for each and "
        "opens one payment for all. Called again for the same cart, it answers the same group and "
        "codes with a fresh key, until that checkout is over. `quotedTotal` is asserted, never "
        "used as a price. Offers of rooms that have expired are asked for anew.",
        tag=TAG,
        body=CheckoutBody,
        answer=a.CheckoutResult,
        scopes=("payments:write",),
        secret=True,
        problems=CHECKOUT_PROBLEMS,
        body_example=CHECKOUT_EXAMPLE,
    )


def cart_routes(carts: Carts) -> list[Route]:
    path = "/api/shopping-cart"
    one = f"{path}/{{shoppingCartIdentifier}}"
    return [
        Route(
            method="POST",
            path=path,
            handler=carts.create,
            summary="Create a cart",
            description="The body is a bare list of items. A cart is a trip: its `id` is a trip's.",
            tag=TAG,
            body=list[ItemBody],
            answer=a.CartReply,
            scopes=("trips:write",),
            problems=ITEM_PROBLEMS,
            body_example=[ITEM_EXAMPLE],
        ),
        Route(
            method="GET",
            path=f"{path}/list",
            handler=carts.listed,
            summary="The carts of this API key",
            description="Those that can still be checked out, the newest first.",
            tag=TAG,
            answer=list[a.CartReply],
            scopes=("trips:read",),
        ),
        Route(
            method="GET",
            path=one,
            handler=carts.show,
            summary="A cart",
            description="With the prices that were seen last, which costs no supplier a question; "
            "checkout asks anew. Nothing is converted: the three totals are the same. "
            "`expiresAt` is an hour after the last change.",
            tag=TAG,
            answer=a.CartReply,
            scopes=("trips:read",),
            problems=CART_PROBLEMS,
        ),
        Route(
            method="DELETE",
            path=one,
            handler=carts.delete,
            summary="Delete a cart",
            tag=TAG,
            answer=a.RemoveEntryReply,
            scopes=("trips:write",),
            problems=EDIT_PROBLEMS,
        ),
        Route(
            method="DELETE",
            path=path,
            handler=carts.delete_all,
            summary="Delete all carts of this API key",
            tag=TAG,
            answer=a.BooleanReply,
            scopes=("trips:write",),
            problems=EDIT_PROBLEMS,
        ),
        Route(
            method="DELETE",
            path=f"{one}/empty",
            handler=carts.empty,
            summary="Empty a cart",
            description="The cart stays.",
            tag=TAG,
            answer=a.CartReply,
            scopes=("trips:write",),
            problems=EDIT_PROBLEMS,
        ),
    ]


def item_routes(carts: Carts) -> list[Route]:
    one = "/api/shopping-cart/{shoppingCartIdentifier}"
    item = f"{one}/item/{{itemIdentifier}}"
    return [
        Route(
            method="PATCH",
            path=one,
            handler=carts.add,
            summary="Add an item to a cart",
            description="`hotelIdentifier` and `roomRateIdentifier` are in the `details` that "
            "`POST /v1/offers/stays` answers.",
            tag=TAG,
            body=ItemBody,
            answer=a.CartReply,
            scopes=("trips:write",),
            problems=(*EDIT_PROBLEMS, *ITEM_PROBLEMS),
            body_example=ITEM_EXAMPLE,
        ),
        Route(
            method="PATCH",
            path=item,
            handler=carts.update,
            summary="Replace an item of a cart",
            description="The new room is put in and the old one taken out, or neither.",
            tag=TAG,
            body=ItemBody,
            answer=a.CartReply,
            scopes=("trips:write",),
            problems=(*EDIT_PROBLEMS, *ITEM_PROBLEMS),
            body_example=ITEM_EXAMPLE,
        ),
        Route(
            method="DELETE",
            path=item,
            handler=carts.remove,
            summary="Take an item out of a cart",
            tag=TAG,
            answer=a.CartReply,
            scopes=("trips:write",),
            problems=EDIT_PROBLEMS,
        ),
        Route(
            method="DELETE",
            path=f"{item}/ancillary/{{ancillaryIdentifier}}",
            handler=carts.remove_ancillary,
            summary="Take an extra off an item",
            tag=TAG,
            answer=a.CartReply,
            scopes=("trips:write",),
            problems=(*EDIT_PROBLEMS, "supplier_unavailable", "ancillary_unavailable"),
        ),
    ]
