"""The requests of Wink's contract. As its own clients need it, fields not known here are ignored,
and an empty text in an optional field means that the field was left out."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from service.http.shapes import END, NIGHTS_MAX, CurrencyCode, Email, PersonName, Url

ITEMS_MAX = 20
GUESTS_MAX = 9

# What generated clients send for an object or a list that they leave out.
Blank = Literal[""]
Identifier = Annotated[
    str,
    Meta(
        pattern=rf"^[0-9a-fA-F]{{8}}(-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}}{END}",
        examples=["a2f1c9d8-4e7b-4d3a-9f2c-1a6b5e8d3f42"],
    ),
]
# Documented as a UUID, but the documented examples are none.
LooseIdentifier = Annotated[str, Meta(min_length=1, max_length=100)]
Opaque = Annotated[str, Meta(max_length=500)]
Day = Annotated[
    str,
    Meta(pattern=rf"^(\d{{4}}-\d{{2}}-\d{{2}})?{END}", description="YYYY-MM-DD."),
]
Number = Annotated[
    Decimal,
    Meta(description="In major units; read digit by digit, never as a binary fraction."),
]


class WinkRequest(msgspec.Struct, kw_only=True, omit_defaults=True, rename="camel"):
    """What every request shares."""


class QuotedTotal(WinkRequest, kw_only=True):
    """What the traveller was shown: asserted, never used as a price."""

    display_amount: Number
    display_currency: CurrencyCode
    source_amount: Number | None = None
    source_currency: Annotated[str, Meta(pattern=rf"^([A-Z]{{3}})?{END}")] | None = None

    def __post_init__(self) -> None:
        for each in (self.display_amount, self.source_amount):
            # A thousand billions: compared before anything is computed with a huge exponent.
            if isinstance(each, Decimal) and not (each.is_finite() and each.adjusted() < 15):
                raise ValueError("An amount is out of range")
        if isinstance(self.source_amount, Decimal) and not self.source_currency:
            raise ValueError("`sourceCurrency` is required where `sourceAmount` is given")


class CheckoutBody(WinkRequest, kw_only=True):
    """The GA4 fields and the customization are taken as they come and not acted upon."""

    shopping_cart_identifier: Identifier
    redirect_url: Url
    customization_identifier: Opaque | None = None
    ga4_client_id: Opaque | None = None
    ga4_session_id: Opaque | None = None
    ga4_measurement_id: Opaque | None = None
    ga4_sessions: dict[str, Any] | Blank | None = None
    quoted_total: QuotedTotal | Blank | None = None


class Child(WinkRequest, kw_only=True):
    age: Annotated[int, Meta(ge=0, le=17)]
    quantity: Annotated[int, Meta(ge=1, le=GUESTS_MAX)]


class RoomConfiguration(WinkRequest, kw_only=True):
    """Who sleeps in a room, and in how many rooms like it."""

    adults: Annotated[int, Meta(ge=1, le=GUESTS_MAX)]
    children: (
        Annotated[list[Child], Meta(max_length=GUESTS_MAX)]
        | Annotated[int, Meta(ge=0, le=0, description="Only none can be told by a number.")]
        | Blank
        | None
    ) = None
    quantity: Annotated[int, Meta(ge=1, le=GUESTS_MAX)] = 1

    def __post_init__(self) -> None:
        if self.guests > GUESTS_MAX:
            raise ValueError(f"At most {GUESTS_MAX} guests can be in one item")

    @property
    def ages(self) -> tuple[int, ...]:
        """Each child's age, for one room."""
        children = self.children if isinstance(self.children, list) else []
        return tuple(each.age for each in children for _ in range(each.quantity))

    @property
    def guests(self) -> int:
        return (self.adults + len(self.ages)) * self.quantity


class ItemUser(WinkRequest, kw_only=True):
    """Whom the room is for; `telephone` in whatever way people write numbers."""

    first_name: PersonName
    last_name: PersonName
    email: Email
    telephone: Annotated[str, Meta(max_length=40)] | None = None
    user_identifier: Opaque | None = None
    valid: bool | Blank | None = None


class AncillaryBody(WinkRequest, kw_only=True):
    """An extra of a property."""

    type: Literal[
        "ROOM_TYPE_ANCILLARY",
        "ADD_ON",
        "MEETING_ROOM",
        "SPA",
        "RESTAURANT",
        "ACTIVITY",
        "ATTRACTION",
        "PLACE",
    ]
    type_identifier: LooseIdentifier
    transactional_travel_inventory_identifier: LooseIdentifier
    channel_inventory_identifier: LooseIdentifier
    quantity: Annotated[int, Meta(ge=1, le=100)]
    start_date: Annotated[str, Meta(min_length=1, max_length=40)]
    end_date: Annotated[str, Meta(min_length=1, max_length=40)]
    identifier: Opaque | None = None


class ItemBody(WinkRequest, kw_only=True):
    """One room, or several alike, for some nights. Where both are given `nights` wins over
    `endDate`."""

    hotel_identifier: Identifier
    room_rate_identifier: Identifier
    room_configuration: RoomConfiguration
    start_date: date
    end_date: Day | None = None
    nights: Annotated[int, Meta(ge=1, le=NIGHTS_MAX)] | Blank | None = None
    currency: CurrencyCode
    customization_identifier: LooseIdentifier
    user: ItemUser
    language: Annotated[str, Meta(pattern=rf"^([a-z]{{2}}(-[A-Z]{{2}})?)?{END}")] | None = None
    bedroom_configuration_identifier: Opaque | None = None
    promotional_codes: Annotated[list[Opaque], Meta(max_length=20)] | Blank | None = None
    special_requests: Annotated[str, Meta(max_length=2_000)] | None = None
    lifestyle: Opaque | None = None
    ancillaries: Annotated[list[AncillaryBody], Meta(max_length=50)] | Blank | None = None

    def __post_init__(self) -> None:
        if not 1 <= (self.check_out - self.start_date).days <= NIGHTS_MAX:
            raise ValueError(f"`endDate` must be 1 to {NIGHTS_MAX} days after `startDate`")

    @property
    def check_out(self) -> date:
        if isinstance(self.nights, int):
            try:
                return self.start_date + timedelta(days=self.nights)
            except OverflowError:
                raise ValueError("`startDate` is out of range") from None
        if not self.end_date:
            raise ValueError("Give `endDate` or `nights`")
        return date.fromisoformat(self.end_date)


class PageQuery(WinkRequest, kw_only=True):
    """Both are declared as texts in Wink's contract; pages are counted from zero."""

    page: Annotated[str, Meta(pattern=rf"^\d{{0,6}}{END}")] = ""
    size: Annotated[str, Meta(pattern=rf"^\d{{0,3}}{END}")] = ""


class StateQuery(WinkRequest, kw_only=True):
    state: Literal["FUTURE", "PAST"] = "FUTURE"


class GroupQuery(WinkRequest, kw_only=True):
    hotel_identifier: Annotated[
        str, Meta(max_length=100, description="Only the bookings at this property.")
    ] = ""


class CancellationBody(WinkRequest, kw_only=True):
    """Why it is cancelled."""

    cancellation_type: Literal[
        "DUPLICATE", "CANCELLATION", "NO_SHOW", "CC_INVALID", "CC_INSUFFICIENT", "DISCRETIONARY"
    ]
    reason: Annotated[str, Meta(min_length=1, max_length=1_000)]
