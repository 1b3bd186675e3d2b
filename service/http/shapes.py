"""The requests of the native API: what each field may hold is said once, here, and enforced."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

# `$` alone would let a newline pass in Python; the lookahead says the same in every dialect.
END = r"$(?!\n)"

OfferId = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=rf"^[!-~]+{END}", examples=["off_0000AV2Hf"])
]
ItemRef = Annotated[str, Meta(min_length=1, max_length=100, pattern=rf"^[A-Za-z0-9_.-]+{END}")]
Iata = Annotated[
    str,
    Meta(pattern=rf"^[A-Z]{{3}}{END}", description="IATA code of an airport or city."),
]
CurrencyCode = Annotated[str, Meta(pattern=rf"^[A-Z]{{3}}{END}", description="ISO 4217.")]
MinorUnits = Annotated[
    int, Meta(ge=0, le=1_000_000_000_000, description="Whole minor units (cents).")
]
PersonName = Annotated[
    str,
    Meta(min_length=1, max_length=100, description="Exactly as in the travel document."),
]
Email = Annotated[
    str,
    Meta(
        max_length=254,
        pattern=rf"^[^\s@<>()\[\],;:\\\"]{{1,64}}@(?:[^\s@.<>()\[\],;:\\\"]{{1,63}}\.)+[^\s@.\d]{{2,63}}{END}",
    ),
]
Phone = Annotated[
    str,
    Meta(
        pattern=rf"^\+[1-9]\d{{6,14}}{END}",
        description="E.164: a plus sign, the country code, the number; no spaces.",
        examples=["+442080160509"],
    ),
]
Country = Annotated[
    str, Meta(pattern=rf"^[A-Z]{{2}}{END}", description="ISO 3166-1 alpha-2 country code.")
]
Url = Annotated[str, Meta(min_length=1, max_length=2_000, pattern=rf"^https?://[!-~]+{END}")]

PassengerType = Literal["ADULT", "CHILD", "INFANT"]
Title = Literal["mr", "mrs", "ms", "miss", "dr"]

NIGHTS_MAX = 99
POSITION_MAX = 2**63 - 1


class Request(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What every request shares: a field that is not known here is refused, never ignored."""


class MoneyInput(Request, kw_only=True):
    """An amount as this API writes it; `display` is for people and not read."""

    amount: MinorUnits
    currency: CurrencyCode
    display: str | None = None


class SearchPassenger(Request, kw_only=True):
    """Someone who travels: by type, or by age in years where that is known."""

    type: Literal["adult", "child", "infant"] | None = None
    age: Annotated[int, Meta(ge=0, le=120)] | None = None

    def __post_init__(self) -> None:
        if (self.type is None) == (self.age is None):
            raise ValueError("Give either `type` or `age`")

    def kind(self) -> str:
        """As airlines count: from 12 years on an adult, below 2 an infant."""
        if self.age is None:
            assert self.type is not None, "either is given"
            return self.type
        return "infant" if self.age < 2 else "child" if self.age < 12 else "adult"


class SliceBody(Request, kw_only=True):
    """One direction of the journey; the date is local to the origin."""

    origin: Iata
    destination: Iata
    departure_date: date

    def __post_init__(self) -> None:
        if self.origin == self.destination:
            raise ValueError("`destination` must not be the `origin`")


class FlightSearchBody(Request, kw_only=True):
    slices: Annotated[list[SliceBody], Meta(min_length=1, max_length=6)]
    passengers: Annotated[list[SearchPassenger], Meta(min_length=1, max_length=9)]
    cabin_class: Literal["economy", "premium_economy", "business", "first"] | None = None
    max_connections: Annotated[int, Meta(ge=0, le=3)] | None = None

    def __post_init__(self) -> None:
        infants = [each for each in self.passengers if each.kind() == "infant"]
        if len(infants) > sum(each.kind() == "adult" for each in self.passengers):
            raise ValueError("Each infant among the `passengers` needs an adult")
        days = [each.departure_date for each in self.slices]
        if days != sorted(days):
            raise ValueError("`slices` must be in the order of their `departure_date`")


class StaySearchBody(Request, kw_only=True):
    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    radius_km: Annotated[int, Meta(ge=1, le=100)] = 5
    check_in_date: date
    check_out_date: date
    rooms: Annotated[int, Meta(ge=1, le=9)] = 1
    guests: Annotated[list[SearchPassenger], Meta(min_length=1, max_length=9)]

    def __post_init__(self) -> None:
        if self.rooms > len(self.guests):
            raise ValueError("`rooms` must not be more than the `guests`")
        nights = (self.check_out_date - self.check_in_date).days
        if not 1 <= nights <= NIGHTS_MAX:
            raise ValueError(f"`check_out_date` must be 1 to {NIGHTS_MAX} days after check-in")


class AddItemBody(Request, kw_only=True):
    offer_id: OfferId


class SelectionBody(Request, kw_only=True):
    """An extra by the supplier's id; its price is the supplier's."""

    offer_id: OfferId
    traveler_id: ItemRef | None = None
    quantity: Annotated[int, Meta(ge=1, le=20)] = 1


class AncillariesBody(Request, kw_only=True):
    """All extras of the item: what is left out is removed."""

    selections: Annotated[list[SelectionBody], Meta(max_length=50)]


class DocumentBody(Request, kw_only=True):
    """A travel document, for flights that demand one."""

    type: Literal["passport"] = "passport"
    number: Annotated[str, Meta(min_length=3, max_length=30, pattern=rf"^[A-Z0-9]+{END}")]
    issuing_country: Country
    expires_on: date


class TravelerBody(Request, kw_only=True):
    """A person. Flights need `date_of_birth` and `gender`; stays do not."""

    first_name: PersonName
    last_name: PersonName
    passenger_type: PassengerType
    date_of_birth: date | None = None
    gender: Literal["f", "m", "x"] | None = None
    title: Title | None = None
    documents: Annotated[list[DocumentBody], Meta(max_length=4)] = []

    def __post_init__(self) -> None:
        self.first_name = composed(self.first_name)
        self.last_name = composed(self.last_name)


class ContactBody(Request, kw_only=True):
    """Whom suppliers write to about the trip."""

    email: Email
    phone: Phone


class TravelersBody(Request, kw_only=True):
    """Everybody who travels, and whom to write to: both replace what was there."""

    travelers: Annotated[list[TravelerBody], Meta(max_length=9)]
    contact: ContactBody | None = None


class StartTripBody(Request, kw_only=True):
    """A trip may be started empty, or with some of its content."""

    items: Annotated[list[AddItemBody], Meta(max_length=20)] = []
    travelers: Annotated[list[TravelerBody], Meta(max_length=9)] = []
    contact: ContactBody | None = None


class BookBody(Request, kw_only=True):
    """`expected_total` is asserted, never used as a price; `tolerance` is how much dearer the trip
    may have become. A whole number means minor units of the trip's currency."""

    mode: Literal["hosted", "direct"] = "hosted"
    redirect_url: Url | None = None
    expected_total: MinorUnits | MoneyInput | None = None
    tolerance: MinorUnits | MoneyInput | None = None
    fulfillment_policy: Literal["keep_confirmed", "all_or_nothing"] = "keep_confirmed"


class CancelBody(Request, kw_only=True):
    cancellation_quote_id: ItemRef


class ClockBody(Request, kw_only=True):
    """How far to move the sandbox's time forward, in seconds."""

    advance_s: Annotated[float, Meta(gt=0, le=366 * 86_400.0)]


class TripQuery(Request, kw_only=True):
    as_of: (
        Annotated[
            str,
            Meta(
                max_length=40,
                description="A version, or a time (RFC 3339): the trip as it was then.",
            ),
        ]
        | None
    ) = None


class FeedQuery(Request, kw_only=True):
    after: Annotated[
        int,
        Meta(
            ge=0,
            le=POSITION_MAX,
            description="Only events after this position (0: from the first).",
        ),
    ] = 0
    limit: Annotated[int, Meta(ge=1, le=500, description="At most so many events.")] = 100
    wait_s: Annotated[
        float, Meta(ge=0, le=30, description="Wait so long for the next event when there is none.")
    ] = 0.0


def composed(text: str) -> str:
    """One spelling for letters that Unicode can write in two ways."""
    return unicodedata.normalize("NFC", text.strip())
