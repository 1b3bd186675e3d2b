"""The requests of Jinko's contract, as lenient as its documents: ids may be strings or integers,
telephone numbers may have spaces, an offer's token may carry the kind's prefix."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from service.http.shapes import (
    END,
    ContactBody,
    DocumentBody,
    Email,
    PassengerType,
    PersonName,
    Request,
    Title,
    TravelerBody,
)

Ident = (
    Annotated[str, Meta(min_length=1, max_length=200, pattern=rf"^[!-~]+{END}")]
    | Annotated[int, Meta(ge=0, le=2**53)]
)
SpokenGender = Literal["f", "m", "x", "F", "M", "X", "female", "male", "FEMALE", "MALE"]

# Kinds are told apart by a prefix of the token; the offer's own id follows it.
FLIGHT_PREFIX = "offer__"
HOTEL_PREFIX = "htl_"
ROOMS_MIN, ROOMS_MAX = 2, 8

SEPARATORS = re.compile(r"[\s().\-/]")
E164 = re.compile(r"\+[1-9]\d{6,14}")


class JinkoRoomBody(Request, kw_only=True):
    trip_item_token: Ident


class JinkoAddItemBody(Request, kw_only=True):
    """One offer by `trip_item_token` (or `offer_id`, the same thing), or several rooms at once.
    Tokens come from a search: an offer's id, with or without `offer__` or `htl_` before it."""

    trip_item_token: Ident | None = None
    offer_id: Ident | None = None
    rooms: (
        Annotated[list[JinkoRoomBody], Meta(min_length=ROOMS_MIN, max_length=ROOMS_MAX)] | None
    ) = None

    def __post_init__(self) -> None:
        ways = [self.trip_item_token, self.offer_id, self.rooms]
        if sum(way is not None for way in ways) != 1:
            raise ValueError("Give exactly one of `trip_item_token`, `offer_id` and `rooms`")

    def tokens(self) -> list[str]:
        if self.rooms is not None:
            return [str(room.trip_item_token) for room in self.rooms]
        return [str(self.trip_item_token if self.offer_id is None else self.offer_id)]


class JinkoRemoveItemBody(Request, kw_only=True):
    item_id: Ident


class JinkoSelectionBody(Request, kw_only=True):
    """An extra by its `offer_id`; `pax_ref_id` (or `traveler_id`) says for whom."""

    offer_id: Ident
    pax_ref_id: Ident | None = None
    traveler_id: Ident | None = None
    quantity: Annotated[int, Meta(ge=1, le=20)] = 1


class JinkoSelectAncillariesBody(Request, kw_only=True):
    """All extras of the item: what is left out is removed."""

    item_id: Ident
    selections: Annotated[list[JinkoSelectionBody], Meta(max_length=50)]


class JinkoTravelerBody(Request, kw_only=True):
    """Someone who travels, exactly as in the travel document. Flights also need `date_of_birth`
    and `gender`. Only what the traveler has told: invented people are refused."""

    first_name: PersonName
    last_name: PersonName
    passenger_type: PassengerType
    date_of_birth: date | None = None
    gender: SpokenGender | None = None
    title: Title | None = None
    documents: Annotated[list[DocumentBody], Meta(max_length=4)] = []

    def native(self) -> TravelerBody:
        genders: dict[str, Literal["f", "m", "x"]] = {"f": "f", "m": "m", "x": "x"}
        return TravelerBody(
            first_name=self.first_name,
            last_name=self.last_name,
            passenger_type=self.passenger_type,
            date_of_birth=self.date_of_birth,
            gender=genders[self.gender[0].lower()] if self.gender is not None else None,
            title=self.title,
            documents=self.documents,
        )


class JinkoContactBody(Request, kw_only=True):
    """Whom suppliers write to. `phone` begins with a plus sign and the country code."""

    email: Email
    phone: Annotated[str, Meta(max_length=40, examples=["+44 20 8016 0509"])]
    title: Title | None = None

    def __post_init__(self) -> None:
        bare = SEPARATORS.sub("", self.phone)
        self.phone = f"+{bare[2:]}" if bare.startswith("00") else bare
        if not E164.fullmatch(self.phone):
            raise ValueError("`phone` must begin with a plus sign and the country code")

    def native(self) -> ContactBody:
        return ContactBody(email=self.email, phone=self.phone)


class JinkoUpsertTravelersBody(Request, kw_only=True):
    """Who travels (the list replaces the one before) and whom to write to; what is left out stays
    as it is. The contact may come later, but before `book`."""

    travelers: Annotated[list[JinkoTravelerBody], Meta(min_length=1, max_length=9)] | None = None
    contact: JinkoContactBody | None = None

    def __post_init__(self) -> None:
        if self.travelers is None and self.contact is None:
            raise ValueError("Give `travelers`, `contact` or both")


class JinkoTripBody(Request, kw_only=True):
    """Several verbs in one call, all or none of which happen. Without `trip_id` a trip is started;
    `remove_item` runs before `add_item`, so that together they swap."""

    trip_id: Ident | None = None
    remove_item: JinkoRemoveItemBody | None = None
    add_item: JinkoAddItemBody | None = None
    upsert_travelers: JinkoUpsertTravelersBody | None = None
    select_ancillaries: JinkoSelectAncillariesBody | None = None

    def __post_init__(self) -> None:
        for verb in ("remove_item", "select_ancillaries"):
            if self.trip_id is None and getattr(self, verb) is not None:
                raise ValueError(f"`{verb}` needs the `trip_id` of a trip that has the item")


class JinkoBookBody(Request, kw_only=True):
    trip_id: Ident
