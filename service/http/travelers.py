"""People at the door: invented travelers and impossible dates are refused, real names never."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date

from service.http.problems import FieldProblem, Problem
from service.http.shapes import ContactBody, PassengerType, TravelerBody

AGE_YEARS_MAX = 120

# What people and programs type when they do not know a name. Whole names only, so that nobody
# called Doe, Null, Child, Guest or Na is turned away.
PLACEHOLDERS = frozenset(
    [
        *("tba", "tbd", "tbc", "tobeadvised", "tobeannounced", "tobeconfirmed", "tobedetermined"),
        *("test", "tests", "testing", "tester", "testuser", "testname", "testpassenger"),
        *("testtraveler", "testtraveller", "unknown", "undefined", "none", "nil", "noname"),
        *("nofirstname", "nolastname", "notavailable", "notapplicable", "notknown"),
        *("passenger", "pax", "traveler", "traveller", "adult", "infant"),
        *("firstname", "lastname", "givenname", "familyname", "fullname", "forename", "surname"),
        *("middlename", "yourname", "myname", "somename", "dummy", "placeholder"),
        *("asdf", "asdfasdf", "asdfgh", "qwerty", "qwertz", "lorem", "ipsum"),
        *("redacted", "anonymous", "anon"),
    ]
)
ABBREVIATIONS = re.compile(r"n\s*[/.\\]\s*a\.?", re.IGNORECASE)
ONE_LETTER_OVER_AND_OVER = re.compile(r"(.)\1{2,}|xx")
NUMBERED = re.compile(r"(?:adult|passenger|pax|traveller|traveler|infant)(?:one|two|three|[a-d])")
PAIRS = frozenset([("first", "last"), ("given", "family"), ("name", "surname")])

NAME_PUNCTUATION = frozenset("'’ʼ‘`´-‐‑–.·,()/\u200c\u200d")

# Reserved so that nobody ever has them (RFC 2606, RFC 6761).
RESERVED_DOMAINS = re.compile(
    r"(?:^|\.)(?:example\.(?:com|org|net)|example|test|invalid|localhost|local)$", re.IGNORECASE
)
INVENTED_NUMBERS = re.compile(r"\+(\d)\1{6,}|\+\d{0,3}1234567890?|\+\d{0,3}0{7,}")

# Whole years at travel by passenger type: from, and below.
AGES: dict[PassengerType, tuple[int, int]] = {
    "INFANT": (0, 2),
    "CHILD": (2, 18),
    "ADULT": (12, AGE_YEARS_MAX + 1),
}
# A type goes by the age on the day of travel, which may be a birthday away.
BIRTHDAYS_UNTIL_TRAVEL = 1


def check_people(
    travelers: Sequence[TravelerBody],
    contact: ContactBody | None,
    *,
    today: date,
    sandbox: bool,
) -> None:
    """Raise one problem that names every field that cannot be true."""
    invented: list[FieldProblem] = []
    wrong = [*twice_listed(travelers)]
    for index, traveler in enumerate(travelers):
        at = f"/travelers/{index}"
        invented += placeholders(traveler, at)
        wrong += [*bad_characters(traveler, at), *bad_dates(traveler, at, today)]
    if contact is not None and not sandbox:
        invented += fabricated(contact)
    if invented:
        raise Problem("placeholder_traveler", sentence(invented), errors=[*invented, *wrong])
    if wrong:
        raise Problem("validation_failed", sentence(wrong), errors=wrong)


def twice_listed(travelers: Sequence[TravelerBody]) -> Iterator[FieldProblem]:
    """Nobody takes two seats, and airlines refuse it once it is paid. A father and his son may
    share a name, but no date of birth."""
    seen = set()
    for index, traveler in enumerate(travelers):
        person = (letters(traveler.first_name), letters(traveler.last_name), traveler.date_of_birth)
        if traveler.date_of_birth is not None and person in seen:
            yield FieldProblem(
                pointer=f"/travelers/{index}",
                code="repeated",
                detail="This is the same person as another traveler: list everybody once.",
            )
        seen.add(person)


def sentence(errors: Sequence[FieldProblem]) -> str:
    """Where and what, without repeating what was typed."""
    return " ".join(f"`{error.pointer}`: {error.detail}" for error in errors)


def placeholders(traveler: TravelerBody, at: str) -> Iterator[FieldProblem]:
    names = {"first_name": traveler.first_name, "last_name": traveler.last_name}
    pair = (letters(traveler.first_name), letters(traveler.last_name))
    for field, name in names.items():
        if is_placeholder(name) or pair in PAIRS:
            yield FieldProblem(
                pointer=f"{at}/{field}",
                code="placeholder",
                detail="This is not a person's name: ask the traveler for the real one.",
            )


def is_placeholder(name: str) -> bool:
    if any(character.isdigit() for character in name) or ABBREVIATIONS.fullmatch(name.strip()):
        return True
    bare = letters(name)
    return (
        not bare
        or bare in PLACEHOLDERS
        or ONE_LETTER_OVER_AND_OVER.fullmatch(bare) is not None
        or NUMBERED.fullmatch(bare) is not None
    )


def letters(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalpha())


def bad_characters(traveler: TravelerBody, at: str) -> Iterator[FieldProblem]:
    for field in ("first_name", "last_name"):
        name = getattr(traveler, field)
        if not all(belongs_in_a_name(character) for character in name):
            yield FieldProblem(
                pointer=f"{at}/{field}",
                code="invalid_characters",
                detail="Only letters, spaces, apostrophes, hyphens and full stops stand in names.",
            )


def belongs_in_a_name(character: str) -> bool:
    kind = unicodedata.category(character)
    # Digits make a placeholder, which is told elsewhere.
    return kind[0] in "LMN" or kind == "Zs" or character in NAME_PUNCTUATION


def bad_dates(traveler: TravelerBody, at: str, today: date) -> Iterator[FieldProblem]:
    born = traveler.date_of_birth
    if born is not None:
        detail = why_not_born(born, traveler.passenger_type, today)
        if detail is not None:
            yield FieldProblem(pointer=f"{at}/date_of_birth", code="out_of_range", detail=detail)
    for index, document in enumerate(traveler.documents):
        if document.expires_on < today:
            yield FieldProblem(
                pointer=f"{at}/documents/{index}/expires_on",
                code="out_of_range",
                detail="This document has expired.",
            )


def why_not_born(born: date, passenger_type: PassengerType, today: date) -> str | None:
    if born > today:
        return "A date of birth cannot be in the future."
    age = age_of(born, today)
    if age > AGE_YEARS_MAX:
        return f"Nobody is older than {AGE_YEARS_MAX} years: check the year."
    youngest, too_old = AGES[passenger_type]
    if age >= too_old or age + BIRTHDAYS_UNTIL_TRAVEL < youngest:
        return f"Somebody of {age} years does not travel as {passenger_type}."
    return None


def age_of(born: date, today: date) -> int:
    had_birthday = (today.month, today.day) >= (born.month, born.day)
    return today.year - born.year - (0 if had_birthday else 1)


def fabricated(contact: ContactBody) -> Iterator[FieldProblem]:
    domain = contact.email.rpartition("@")[2]
    if RESERVED_DOMAINS.search(domain):
        yield FieldProblem(
            pointer="/contact/email",
            code="placeholder",
            detail="Nobody receives mail at this address: ask for the real one.",
        )
    if INVENTED_NUMBERS.fullmatch(contact.phone):
        yield FieldProblem(
            pointer="/contact/phone",
            code="placeholder",
            detail="This is nobody's telephone number: ask for the real one.",
        )
