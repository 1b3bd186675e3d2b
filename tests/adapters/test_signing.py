"""What was signed can be checked by anybody, and nothing else passes for it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.signing import Signature, Signer, SigningKeyUnusable, canonical, verified

SIGNER = Signer.generate()


@given(st.binary(), st.binary())
def test_only_what_was_signed_is_verified(data: bytes, other: bytes) -> None:
    signature = SIGNER.sign(data)

    assert verified(data, signature)
    assert (other == data) == verified(other, signature)


def test_the_signature_of_another_key_does_not_pass_under_this_name() -> None:
    forged = Signature(SIGNER.public_key, Signer.generate().sign(b"evidence").signature)

    assert not verified(b"evidence", forged)


@pytest.mark.parametrize("text", ["", "not base64", "AAAA"])
def test_what_is_no_signature_is_simply_not_verified(text: str) -> None:
    assert not verified(b"evidence", Signature(text, text))


def test_a_document_is_spelt_in_one_way_only() -> None:
    assert b'{"a":[1,{"b":2,"c":3}],"d":4}' == canonical({"d": 4, "a": [1, {"c": 3, "b": 2}]})


def test_the_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing.key"

    first = Signer.read_or_create(path).public_key

    assert first == Signer.read_or_create(path).public_key
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("text", ["", "c2hvcnQ=", "not base64!"])
def test_a_file_that_is_no_signing_key_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "signing.key"
    path.write_text(text)

    with pytest.raises(SigningKeyUnusable):
        Signer.read_or_create(path)
