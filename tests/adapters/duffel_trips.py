"""What the tests of the Duffel adapter search for, order and expect to be asked."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from adapters.suppliers.duffel import DuffelSupplier
from domain.money import Money
from domain.suppliers import (
    Contact,
    FlightSearch,
    Offer,
    OrderRequest,
    Requoted,
    SearchPassenger,
    Selection,
    Slice,
    StaySearch,
    Traveler,
)
from tests.sandbox.duffel.client import TOKEN, Duffel, running_duffel

TEST_HOTELS = (-24.38, -128.32)
AMELIA = Traveler(
    traveler_id="amelia",
    passenger_type="ADULT",
    first_name="Amelia",
    last_name="Earhart",
    date_of_birth=date(1987, 7, 24),
    gender="f",
    title="Ms.",
    documents=({"type": "passport", "number": "19KL56147", "issuing_country": "GB"},),
)
CONTACT = Contact(email="amelia@example.com", phone="+442080160509")


@dataclass
class Running:
    """The adapter and the sandbox it talks to."""

    supplier: DuffelSupplier
    duffel: Duffel

    def day(self, ahead: int) -> date:
        return self.duffel.clock.now().date() + timedelta(days=ahead)

    async def flights(
        self, *route: str, passengers: Sequence[SearchPassenger] = (SearchPassenger(type="adult"),)
    ) -> Sequence[Offer]:
        legs = list(zip(route, route[1:], strict=False))
        search = FlightSearch(
            slices=tuple(
                Slice(origin=a, destination=b, departure_date=self.day(30 + 7 * n))
                for n, (a, b) in enumerate(legs)
            ),
            passengers=tuple(passengers),
            cabin_class="economy",
        )
        return await self.supplier.search_flights(search)

    async def flight(self, *route: str, brand: str = "Basic") -> Offer:
        offers = await self.flights(*(route or ("LHR", "JFK")))
        return next(offer for offer in offers if offer.title.endswith(brand))

    async def stays(self, where: tuple[float, float] = TEST_HOTELS) -> Sequence[Offer]:
        search = StaySearch(
            latitude=where[0],
            longitude=where[1],
            radius_km=5,
            check_in_date=self.day(30),
            check_out_date=self.day(33),
            rooms=1,
            guests=(SearchPassenger(type="adult"), SearchPassenger(type="child", age=7)),
        )
        return await self.supplier.search_stays(search)

    async def stay(self, hotel: str = "Successful Booking", rate: str = "Flexible Rate") -> Offer:
        offers = await self.stays()
        return next(o for o in offers if o.title.startswith(hotel) and o.title.endswith(rate))

    async def request(
        self,
        offer: Offer,
        *,
        selections: tuple[Selection, ...] = (),
        travelers: tuple[Traveler, ...] = (AMELIA,),
        price: Money | None = None,
        booking: str = "booking-1",
    ) -> OrderRequest:
        """An order at the price that the supplier asks for now."""
        quote = await self.supplier.requote(offer, selections)
        assert isinstance(quote, Requoted), quote
        return OrderRequest(
            attempt_id=f"{booking}:1",
            trip_id="trip-1",
            booking_id=booking,
            offer=offer,
            price=price or quote.price,
            supplier_quote_id=quote.supplier_quote_id,
            selections=selections,
            travelers=travelers,
            contact=CONTACT,
            metadata={"trip_id": "trip-1", "booking_id": booking, "attempt": "1"},
        )

    async def order_of(self, kind: Literal["flight", "stay"]) -> OrderRequest:
        return await self.request(await (self.flight() if kind == "flight" else self.stay()))

    async def made(self) -> list[dict[str, Any]]:
        """Everything that was really ordered."""
        orders = await self.duffel.journal("order.created")
        return orders + await self.duffel.journal("stay_booking.created")


PATHS = {"flight": "/air/orders", "stay": "/stays/bookings"}


@contextlib.asynccontextmanager
async def running(*, order_timeout_s: float = 10.0, **options: Any) -> AsyncIterator[Running]:
    async with (
        running_duffel(**options) as duffel,
        DuffelSupplier(
            token=TOKEN,
            clock=duffel.clock,
            base_url=duffel.url,
            webhook_secrets=("current", "previous"),
            question_timeout_s=5.0,
            order_timeout_s=order_timeout_s,
        ) as supplier,
    ):
        yield Running(supplier, duffel)
