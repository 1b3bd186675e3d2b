"""Flights and stays from Duffel, behind the Supplier port. Duffel does not recognise an order that
is sent twice: each is sent once, and a lost answer is found out by reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Self

import aiohttp

from adapters.suppliers import (
    duffel_cancelling,
    duffel_events,
    duffel_listing,
    duffel_ordering,
    duffel_shopping,
)
from adapters.suppliers.duffel_offers import SUPPLIER
from adapters.suppliers.duffel_orders import unfit
from adapters.suppliers.duffel_wire import (
    API_BASE,
    ORDER_TIMEOUT_S,
    QUESTION_TIMEOUT_S,
    DuffelWire,
)
from domain.ports import Clock
from domain.suppliers import (
    CancelAnswer,
    CancellationQuote,
    CancellationRefused,
    CommitDedupe,
    FindAnswer,
    FlightSearch,
    Hold,
    HoldAnswer,
    Offer,
    OrderAnswer,
    OrderRequest,
    RequoteAnswer,
    Selection,
    StaySearch,
    SupplierEvent,
    SupplierOrder,
)

LIVE_TOKEN_PREFIX = "duffel_live_"


class DuffelSupplier:
    """The Supplier port over Duffel's API v2. Close it, or use it as a context."""

    name: str = SUPPLIER
    commit_dedupe: CommitDedupe = CommitDedupe.NONE

    def __init__(
        self,
        *,
        token: str,
        clock: Clock,
        webhook_secrets: Sequence[str] = (),
        base_url: str = API_BASE,
        question_timeout_s: float = QUESTION_TIMEOUT_S,
        order_timeout_s: float = ORDER_TIMEOUT_S,
        watched: aiohttp.TraceConfig | None = None,
    ) -> None:
        self.wire = DuffelWire(
            token=token,
            base_url=base_url,
            question_timeout_s=question_timeout_s,
            order_timeout_s=order_timeout_s,
            watched=watched,
        )
        self.clock = clock
        self.webhook_secrets = tuple(webhook_secrets)
        self.live = token.startswith(LIVE_TOKEN_PREFIX)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self.wire.close()

    async def search_flights(self, search: FlightSearch) -> Sequence[Offer]:
        """Raises Refused where Duffel does not accept the search."""
        return await duffel_shopping.search_flights(self.wire, search)

    async def search_stays(self, search: StaySearch) -> Sequence[Offer]:
        """Raises Refused where Duffel does not accept the search."""
        return await duffel_shopping.search_stays(self.wire, search)

    async def requote(self, offer: Offer, selections: Sequence[Selection]) -> RequoteAnswer:
        return await duffel_shopping.requote(self.wire, offer, selections)

    def unfit(self, request: OrderRequest) -> str | None:
        return unfit(request)

    async def hold(self, request: OrderRequest) -> HoldAnswer:
        return await duffel_ordering.hold(self.wire, request)

    async def order(self, request: OrderRequest, hold: Hold | None = None) -> OrderAnswer:
        return await duffel_ordering.order(self.wire, request, hold)

    async def find(self, request: OrderRequest) -> FindAnswer:
        return await duffel_ordering.find(self.wire, request)

    async def look_at_order(self, offer: Offer, supplier_order_id: str) -> SupplierOrder | None:
        return await duffel_listing.look_at_order(self.wire, offer, supplier_order_id)

    async def orders_since(self, since: datetime) -> Sequence[SupplierOrder]:
        return await duffel_listing.orders_since(self.wire, since)

    async def cancellation_quote(
        self, offer: Offer, supplier_order_id: str
    ) -> CancellationQuote | CancellationRefused:
        return await duffel_cancelling.quote(self.wire, offer, supplier_order_id, self.clock.now)

    async def cancel(self, offer: Offer, quote: CancellationQuote) -> CancelAnswer:
        return await duffel_cancelling.cancel(self.wire, offer, quote, self.clock.now)

    def parse_event(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> SupplierEvent:
        return duffel_events.parse_event(
            raw, headers, secrets=self.webhook_secrets, live=self.live, now=now
        )
