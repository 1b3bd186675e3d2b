"""Searching at Duffel and asking again what a found offer costs now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from adapters.suppliers import duffel_offers as offers
from adapters.suppliers.duffel_asking import QuestionRefused, ask_data, understood
from adapters.suppliers.duffel_orders import services
from adapters.suppliers.duffel_outcomes import REJECTED, UNAVAILABLE
from adapters.suppliers.duffel_wire import DuffelWire
from domain.errors import Refused
from domain.suppliers import (
    FlightSearch,
    JsonObject,
    Offer,
    RequoteAnswer,
    Requoted,
    Selection,
    StaySearch,
    Unavailable,
)

SUPPLIER_TIMEOUT_MS = 20_000
FLIGHT_OFFERS_MAX = 50
STAYS_MAX = 10
RATE_REQUESTS_AT_ONCE = 5


def search_refused(error: QuestionRefused) -> Refused:
    return Refused(REJECTED, f"The search was not accepted. {error}")


async def search_flights(wire: DuffelWire, search: FlightSearch) -> list[Offer]:
    """The cheapest offers first. The offers are read page by page, not with the request, because
    all of them at once can be megabytes."""
    timeout = {"return_offers": "false", "supplier_timeout": str(SUPPLIER_TIMEOUT_MS)}
    body = offers.flight_search_body(search)
    try:
        asked = await ask_data(wire, "POST", "/air/offer_requests", data=body, query=timeout)
        request_id = understood(lambda: str(asked["id"]))
        page = {
            "offer_request_id": request_id,
            "sort": "total_amount",
            "limit": str(FLIGHT_OFFERS_MAX),
        }
        found = await ask_data(wire, "GET", "/air/offers", query=page)
    except QuestionRefused as error:
        raise search_refused(error) from error
    return understood(lambda: [offers.flight_offer(offer) for offer in found])


async def search_stays(wire: DuffelWire, search: StaySearch) -> list[Offer]:
    """Every rate of the first hotels; a hotel that sold out meanwhile is left out."""
    gate = asyncio.Semaphore(RATE_REQUESTS_AT_ONCE)

    async def rates_of(result: JsonObject) -> list[Offer]:
        result_id = understood(lambda: str(result["id"]))
        path = f"/stays/search_results/{result_id}/actions/fetch_all_rates"
        async with gate:
            try:
                full = await ask_data(wire, "POST", path)
            except QuestionRefused:
                return []
        return understood(lambda: offers.stay_offers(full))

    try:
        body = offers.stay_search_body(search)
        found = await ask_data(wire, "POST", "/stays/search", data=body)
    except QuestionRefused as error:
        raise search_refused(error) from error
    results = understood(lambda: list(found["results"])[:STAYS_MAX])
    each = await asyncio.gather(*(rates_of(result) for result in results))
    return [offer for rates in each for offer in rates]


async def requote(wire: DuffelWire, offer: Offer, selections: Sequence[Selection]) -> RequoteAnswer:
    try:
        if offer.kind == "flight":
            return await requote_flight(wire, offer, selections)
        return await requote_stay(wire, offer, selections)
    except QuestionRefused as error:
        code = UNAVAILABLE.get(error.problem.code, REJECTED)
        return Unavailable(code=code, detail=str(error))


async def requote_flight(
    wire: DuffelWire, offer: Offer, selections: Sequence[Selection]
) -> RequoteAnswer:
    """Read the offer; where extras are chosen, have it priced with them."""
    path = f"/air/offers/{offer.offer_id}"
    now = await ask_data(wire, "GET", path, query={"return_available_services": "true"})
    extras = understood(lambda: offers.ancillaries(now))
    if selections:
        wanted = {"intended_services": services(selections), "intended_payment_methods": []}
        now = await ask_data(wire, "POST", f"{path}/actions/price", data=wanted)
    return understood(
        lambda: Requoted(
            price=offers.money(now),
            expires_at=offers.instant(now["expires_at"]),
            refundable=offers.refundable(now),
            holdable=offers.holdable(now),
            conditions=offers.conditions(now),
            ancillaries=extras,
        )
    )


async def requote_stay(
    wire: DuffelWire, offer: Offer, selections: Sequence[Selection]
) -> RequoteAnswer:
    """A quote of the rate; hotels sell no extras here."""
    if selections:
        return Unavailable(code="ancillary_unavailable", detail="Duffel sells no extras for stays.")
    quote = await ask_data(wire, "POST", "/stays/quotes", data={"rate_id": offer.offer_id})

    def read() -> Requoted:
        rates = [rate for room in quote["accommodation"]["rooms"] for rate in room["rates"]]
        rate = next((each for each in rates if each["id"] == offer.offer_id), rates[0])
        return Requoted(
            price=offers.money(quote),
            expires_at=offers.instant(rate["expires_at"]),
            supplier_quote_id=quote["id"],
            refundable=bool(rate.get("cancellation_timeline")),
            holdable=False,
            conditions=offers.rate_conditions(rate),
        )

    return understood(read)
