"""Hotels, rooms and rates, and what a quote and a booking of them look like."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sandbox.duffel.errors import Json
from sandbox.duffel.wire import cents, instant, money, new_id, spread, stable_id

RATE_LIFE = timedelta(minutes=30)
TAX_SHARE = Decimal("0.1667")
FULL_REFUND_BEFORE = timedelta(days=3)
HALF_REFUND_BEFORE = timedelta(days=1)
CITY_TAX_PER_NIGHT = Decimal("2.50")
PHOTO = "https://assets.duffel.com/img/stays/photo"

TEST_LATITUDE = -24.38
TEST_LONGITUDE = -128.32
TEST_RADIUS_DEGREES = 0.05

SUCCESSFUL = "Successful Booking"
UNAVAILABLE_AT_QUOTE = "Rate Unavailable at Quote"
UNAVAILABLE_AT_BOOKING = "Rate Unavailable at Booking"
DEARER_AT_QUOTE = "Price Changed at Quote"
PENDING_THEN_CONFIRMED = "Booking Pending then Confirmed"
PENDING_THEN_FAILED = "Booking Pending then Failed"
BOOKED_BUT_500 = "Internal Error at Booking"
NOT_CANCELLABLE = "Cancellation Not Supported"

SCENARIOS = (
    SUCCESSFUL,
    UNAVAILABLE_AT_QUOTE,
    UNAVAILABLE_AT_BOOKING,
    DEARER_AT_QUOTE,
    PENDING_THEN_CONFIRMED,
    PENDING_THEN_FAILED,
    BOOKED_BUT_500,
    NOT_CANCELLABLE,
)
HOTEL_NAMES = ("Grand Hotel", "Riverside House", "Station Inn", "Old Town Suites", "Garden Lodge")
ROOM_NAMES = ("Double Room", "Superior Twin Room")


@dataclass(frozen=True)
class Hotel:
    """A property; one at the test coordinates behaves as its name says."""

    id: str
    name: str
    latitude: float
    longitude: float
    scenario: str | None = None


@dataclass
class StaySearch:
    """What was searched for at one property."""

    id: str
    hotel: Hotel
    check_in: date
    check_out: date
    rooms: int
    guests: list[Json]
    expires_at: datetime
    rate_ids: list[str] = field(default_factory=list)
    room_wires: list[Json] | None = None

    @property
    def nights(self) -> int:
        return (self.check_out - self.check_in).days


@dataclass
class Rate:
    wire: Json
    room: str
    search: StaySearch
    total: Decimal
    expires_at: datetime
    sold_out: bool = False


@dataclass
class Quote:
    wire: Json
    rate: Rate
    total: Decimal
    expires_at: datetime
    attempted: bool = False

    @property
    def scenario(self) -> str | None:
        return self.rate.search.hotel.scenario


@dataclass
class Booking:
    wire: Json
    quote: Quote
    visible_from: datetime | None = None

    @property
    def id(self) -> str:
        return str(self.wire["id"])

    @property
    def cancelled(self) -> bool:
        return bool(self.wire["status"] == "cancelled")

    def facts(self) -> Json:
        """What the journal says of every booking."""
        return {
            "booking_id": self.id,
            "quote_id": self.quote.wire["id"],
            "rate_id": self.quote.rate.wire["id"],
            "reference": self.wire["reference"],
            "amount": money(self.quote.total),
            "currency": self.quote.wire["total_currency"],
            "metadata": self.wire["metadata"],
        }


def hotels_near(latitude: float, longitude: float) -> list[Hotel]:
    """Some hotels for any place on earth, always the same; at the test place one per scenario."""
    at_test_place = (
        abs(latitude - TEST_LATITUDE) < TEST_RADIUS_DEGREES
        and abs(longitude - TEST_LONGITUDE) < TEST_RADIUS_DEGREES
    )
    if at_test_place:
        return [
            Hotel(stable_id("acc", name), name, TEST_LATITUDE, TEST_LONGITUDE, scenario=name)
            for name in SCENARIOS
        ]
    place = f"{latitude:.2f},{longitude:.2f}"
    return [
        Hotel(
            stable_id("acc", f"{name} {place}"),
            name,
            round(latitude + (number - 2) * 0.002, 6),
            round(longitude + (number - 2) * 0.002, 6),
        )
        for number, name in enumerate(HOTEL_NAMES)
    ]


def accommodation_wire(hotel: Hotel, rooms: list[Json]) -> Json:
    stars = 3 + spread(hotel.id, 3)
    return {
        "id": hotel.id,
        "name": hotel.name,
        "description": f"{hotel.name}: {stars} stars, breakfast until eleven, friendly staff.",
        "amenities": [
            {"type": "wifi", "description": "Wi-Fi"},
            {"type": "parking", "description": "Parking"},
        ],
        "ratings": [{"value": stars, "source": "aaa"}],
        "rating": stars,
        "review_score": 7 + spread(hotel.id + "score", 30) / 10,
        "review_count": 20 + spread(hotel.id + "count", 900),
        "rooms": rooms,
        "photos": [{"url": f"{PHOTO}/{hotel.id}.jpg"}],
        "phone_number": "+44 20 7946 0000",
        "email": "reservations@hotel.example",
        "location": {
            "geographic_coordinates": {"latitude": hotel.latitude, "longitude": hotel.longitude},
            "address": {
                "line_one": f"{1 + spread(hotel.id, 200)} High Street",
                "city_name": "Springfield",
                "region": None,
                "postal_code": "12345",
                "country_code": "GB",
            },
        },
        "check_in_information": {"check_in_after_time": "15:00", "check_out_before_time": "11:00"},
        "key_collection": {"instructions": "Keys are at the front desk."},
        "brand": {"id": stable_id("bra", hotel.name), "name": hotel.name},
        "chain": {"id": stable_id("chn", "Duffel Hotel Group"), "name": "Duffel Hotel Group"},
        "supported_loyalty_programme": None,
    }


def nightly_price(hotel: Hotel, room: str, night: date) -> Decimal:
    return Decimal(70 + spread(f"{hotel.id}{room}", 90)) + Decimal(spread(f"{night}", 2000)) / 100


def cancellation_timeline(search: StaySearch, total: Decimal, currency: str) -> list[Json]:
    """Ascending: what comes back before each instant, from the hotel's midday of arrival."""
    arrival = datetime.combine(search.check_in, time(12), UTC)
    steps = ((FULL_REFUND_BEFORE, total), (HALF_REFUND_BEFORE, cents(total / 2)))
    return [
        {
            "before": instant(arrival - ahead),
            "refund_amount": money(refund),
            "currency": currency,
        }
        for ahead, refund in steps
    ]


def stay_amounts(total: Decimal, currency: str, *, due_at_hotel: Decimal) -> Json:
    tax = cents(total * TAX_SHARE)
    return {
        "total_amount": money(total),
        "total_currency": currency,
        "tax_amount": money(tax),
        "tax_currency": currency,
        "fee_amount": "0.00",
        "fee_currency": currency,
        "base_amount": money(total - tax),
        "base_currency": currency,
        "due_at_accommodation_amount": money(due_at_hotel),
        "due_at_accommodation_currency": currency,
    }


def make_rate(
    search: StaySearch, room: str, *, refundable: bool, currency: str, now: datetime
) -> Rate:
    """A refundable rate costs a fifth more than one that gives nothing back."""
    nights = [search.check_in + timedelta(days=n) for n in range(search.nights)]
    base = sum((nightly_price(search.hotel, room, night) for night in nights), Decimal(0))
    total = cents(base * search.rooms * (Decimal("1.2") if refundable else Decimal(1)))
    words = "Free cancellation until three days before." if refundable else "Non-refundable."
    wire: Json = {
        "id": new_id("rat"),
        "name": "Flexible Rate" if refundable else "Saver Rate",
        "description": words,
        "code": None,
        "board_type": "breakfast" if refundable else "room_only",
        **stay_amounts(total, currency, due_at_hotel=CITY_TAX_PER_NIGHT * search.nights),
        "payment_type": "pay_now",
        "available_payment_methods": ["balance"],
        "cancellation_timeline": (
            cancellation_timeline(search, total, currency) if refundable else []
        ),
        "conditions": [{"title": "Cancellation", "description": words}],
        "quantity_available": 1 + spread(f"{search.hotel.id}{room}", 5),
        "supported_loyalty_programme": None,
        "loyalty_programme_required": False,
        "source": "duffel_hotel_group",
        "estimated_commission_amount": money(total / 10),
        "estimated_commission_currency": currency,
        "negotiated_rate_id": None,
        "expires_at": instant(now + RATE_LIFE),
    }
    return Rate(wire=wire, room=room, search=search, total=total, expires_at=now + RATE_LIFE)


def room_wire(hotel: Hotel, name: str, rates: list[Json]) -> Json:
    return {
        "name": name,
        "beds": [{"type": "double", "count": 1}],
        "photos": [{"url": f"{PHOTO}/{hotel.id}-room.jpg"}],
        "rates": rates,
    }


def make_rates(search: StaySearch, *, currency: str, now: datetime) -> list[Rate]:
    """Two rates for each room; a test hotel has the one room named after its scenario."""
    scenario = search.hotel.scenario
    rooms = ROOM_NAMES if scenario is None else (scenario,)
    return [
        make_rate(search, room, refundable=refundable, currency=currency, now=now)
        for room in rooms
        for refundable in (False, True)
    ]


def search_result_wire(
    search: StaySearch, rates: list[Rate], rooms: list[Json], currency: str
) -> Json:
    cheapest = min(rates, key=lambda rate: rate.total).wire
    return {
        "id": search.id,
        "check_in_date": search.check_in.isoformat(),
        "check_out_date": search.check_out.isoformat(),
        "rooms": search.rooms,
        "guests": search.guests,
        "accommodation": accommodation_wire(search.hotel, rooms),
        "cheapest_rate_total_amount": cheapest["total_amount"],
        "cheapest_rate_currency": currency,
        "cheapest_rate_public_amount": None,
        "cheapest_rate_public_currency": currency,
        "cheapest_rate_base_amount": cheapest["base_amount"],
        "cheapest_rate_base_currency": currency,
        "cheapest_rate_due_at_accommodation_amount": cheapest["due_at_accommodation_amount"],
        "cheapest_rate_due_at_accommodation_currency": currency,
        "supported_negotiated_rates": [],
        "expires_at": instant(search.expires_at),
    }


def make_quote(rate: Rate, *, dearer_by: Decimal, currency: str, now: datetime) -> Quote:
    """The rate as it can be booked now, maybe at another price than the search said."""
    search = rate.search
    total = rate.total + dearer_by
    due = Decimal(rate.wire["due_at_accommodation_amount"])
    prices = stay_amounts(total, currency, due_at_hotel=due)
    timeline = rate.wire["cancellation_timeline"]
    bookable = {
        **rate.wire,
        **prices,
        "cancellation_timeline": timeline and cancellation_timeline(search, total, currency),
        "expires_at": instant(now + RATE_LIFE),
    }
    wire: Json = {
        "id": new_id("quo"),
        "check_in_date": search.check_in.isoformat(),
        "check_out_date": search.check_out.isoformat(),
        "rooms": search.rooms,
        "guests": search.guests,
        "accommodation": accommodation_wire(
            search.hotel, [room_wire(search.hotel, rate.room, [bookable])]
        ),
        **prices,
        "deposit_amount": None,
        "deposit_currency": currency,
        "supported_loyalty_programme": None,
    }
    return Quote(wire=wire, rate=rate, total=total, expires_at=now + RATE_LIFE)


def make_booking(
    quote: Quote,
    guests: list[Json],
    *,
    email: str,
    phone: str,
    metadata: Json | None,
    now: datetime,
) -> Booking:
    wire: Json = {
        "id": new_id("bok"),
        "status": "confirmed",
        "reference": f"dhg-{new_id('x')[6:]}",
        "confirmed_at": instant(now),
        "cancelled_at": None,
        "check_in_date": quote.wire["check_in_date"],
        "check_out_date": quote.wire["check_out_date"],
        "rooms": quote.wire["rooms"],
        "guests": guests,
        "email": email,
        "phone_number": phone,
        "accommodation": quote.wire["accommodation"],
        "supported_loyalty_programme": None,
        "loyalty_programme_account_number": None,
        "key_collection": {"instructions": "Keys are at the front desk."},
        "estimated_commission_amount": money(quote.total / 10),
        "estimated_commission_currency": quote.wire["total_currency"],
        "metadata": metadata,
    }
    return Booking(wire=wire, quote=quote)


def stay_refund(booking: Booking, now: datetime) -> Decimal:
    """What the timeline gives back now; after its last step nothing."""
    rate = booking.quote.wire["accommodation"]["rooms"][0]["rates"][0]
    for step in rate["cancellation_timeline"]:
        if now < datetime.fromisoformat(step["before"]):
            return Decimal(step["refund_amount"])
    return Decimal(0)
