"""Invented people are refused by field; real ones, however unusual their names, never are."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from service.http.problems import Problem
from service.http.shapes import ContactBody, TravelersBody
from service.http.travelers import check_people

TODAY = date(2026, 11, 21)
CONTACT = {"email": "ada@lovelace.uk", "phone": "+442080160509"}


def check(traveler: dict[str, object], *, sandbox: bool = False, **contact: str) -> None:
    person = {"first_name": "Ada", "last_name": "Lovelace", "passenger_type": "ADULT"} | traveler
    body = msgspec.convert({"travelers": [person], "contact": CONTACT | contact}, TravelersBody)
    check_people(body.travelers, body.contact, today=TODAY, sandbox=sandbox)


@pytest.mark.parametrize(
    "name",
    [
        *("TBA", "tbd", "Test", "TEST", "N/A", "n.a.", "Unknown", "XXX", "xx", "aaaa", "None"),
        *("PASSENGER", "Traveler", "traveller", "FIRSTNAME", "Last Name", "First-Name", "Surname"),
        *(
            "ADULT 1",
            "Adult One",
            "pax2",
            "Passenger A",
            "12345",
            "Jane2",
            "---",
            "...",
            "?",
            "' '",
        ),
        *("To Be Advised", "Test User", "asdf", "Dummy", "٣٤"),
    ],
)
@pytest.mark.parametrize("field", ["first_name", "last_name"])
def test_placeholders_are_refused_by_field(name: str, field: str) -> None:
    with pytest.raises(Problem) as refused:
        check({field: name})

    problem = refused.value
    assert problem.kind.code == "placeholder_traveler"
    pointers = {error.pointer for error in problem.errors if error.code == "placeholder"}
    assert pointers == {f"/travelers/0/{field}"}
    assert name not in problem.detail.split()


def test_the_words_first_and_last_are_refused_only_together() -> None:
    check({"last_name": "Last"})

    with pytest.raises(Problem) as refused:
        check({"first_name": "First", "last_name": "Last"})

    assert refused.value.kind.code == "placeholder_traveler"


@pytest.mark.parametrize(
    ("first", "last"),
    [
        *(("John", "Doe"), ("Jennifer", "Null"), ("Jet", "Li"), ("Conan", "O'Neil")),
        *(("José", "Núñez"), ("X", "Æ"), ("Na", "Na"), ("Julia", "Child"), ("Aung", "Oo")),
        *(("Christopher", "Guest"), ("Nils", "Person"), ("Åsa", "Ö"), ("Jean-Luc", "de la Tour")),
        *(("Nguyễn", "Văn A"), ("王", "小明"), ("محمد", "علي"), ("Mary J.", "St. John (Smith)")),
        *(("D’Arcy", "N’Golo"), ("Иван", "Ёлкин"), ("Testa", "Tester-Smith"), ("E", "E")),
    ],
)
def test_real_names_pass(first: str, last: str) -> None:
    check({"first_name": first, "last_name": last})


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "A\u202eB", "Bob\x07", "a@b", "a;b"])
def test_characters_that_stand_in_no_name_are_refused(name: str) -> None:
    with pytest.raises(Problem) as refused:
        check({"first_name": name})

    assert "invalid_characters" in {error.code for error in refused.value.errors}


@pytest.mark.parametrize(
    ("passenger_type", "born"),
    [
        ("ADULT", "2026-11-22"),
        ("ADULT", "1905-11-20"),
        ("ADULT", "2016-11-22"),
        ("CHILD", "2008-11-21"),
        ("CHILD", "2026-01-01"),
        ("INFANT", "2024-11-21"),
    ],
)
def test_a_date_of_birth_that_cannot_be_is_refused(passenger_type: str, born: str) -> None:
    with pytest.raises(Problem) as refused:
        check({"passenger_type": passenger_type, "date_of_birth": born})

    assert refused.value.kind.code == "validation_failed"
    assert [error.pointer for error in refused.value.errors] == ["/travelers/0/date_of_birth"]


@pytest.mark.parametrize(
    ("passenger_type", "born"),
    [
        ("ADULT", "1990-05-05"),
        ("ADULT", "1906-11-22"),
        ("ADULT", "2015-11-21"),
        ("CHILD", "2008-11-22"),
        ("CHILD", "2025-11-21"),
        ("INFANT", "2026-11-21"),
        ("INFANT", "2024-11-22"),
    ],
)
def test_a_date_of_birth_that_may_be_on_the_day_of_travel_passes(
    passenger_type: str, born: str
) -> None:
    check({"passenger_type": passenger_type, "date_of_birth": born})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "test@example.com"),
        ("email", "a@mail.example.org"),
        ("email", "a@acme.test"),
        ("email", "a@b.invalid"),
        ("phone", "+11111111111"),
        ("phone", "+11234567890"),
    ],
)
def test_an_invented_contact_is_refused_where_money_is_real(field: str, value: str) -> None:
    with pytest.raises(Problem) as refused:
        check({}, **{field: value})

    assert refused.value.kind.code == "placeholder_traveler"
    assert [error.pointer for error in refused.value.errors] == [f"/contact/{field}"]

    check({}, sandbox=True, **{field: value})


def test_an_expired_document_is_refused() -> None:
    passport = {"number": "X123", "issuing_country": "GB", "expires_on": "2026-11-20"}

    with pytest.raises(Problem) as refused:
        check({"documents": [passport]})

    assert [e.pointer for e in refused.value.errors] == ["/travelers/0/documents/0/expires_on"]


@pytest.mark.parametrize(
    "email",
    ["a@b", "a b@c.de", "a@b@c.de", "a@.de", "a@b.c0m\n", "@b.de", "a@b..de", "a" * 65 + "@b.de"],
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(CONTACT | {"email": email}, ContactBody)


@pytest.mark.parametrize(
    "phone",
    ["442080160509", "+0123456789", "+44 2080160509", "+1", "+12345678901234567", "+1234567\n"],
)
def test_what_is_no_e164_number_is_refused(phone: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(CONTACT | {"phone": phone}, ContactBody)


def test_nobody_is_listed_twice() -> None:
    ada = {"first_name": "Ada", "last_name": "Lovelace", "passenger_type": "ADULT"}
    born = ada | {"date_of_birth": "1985-12-10"}
    listed = [
        born,
        ada,
        ada,
        born | {"date_of_birth": "2008-05-12"},
        born | {"last_name": "LOVELACE"},
    ]
    body = msgspec.convert({"travelers": listed}, TravelersBody)

    with pytest.raises(Problem) as refused:
        check_people(body.travelers, None, today=TODAY, sandbox=True)

    assert "validation_failed" == refused.value.kind.code
    assert [("/travelers/4", "repeated")] == [(e.pointer, e.code) for e in refused.value.errors]
