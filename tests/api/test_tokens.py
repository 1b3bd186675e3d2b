"""Tokens of the trusted issuer enter beside API keys, each only as far as its words allow; what is
forged, foreign, stale or odd does not, and without the issuer's keys nobody does."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jwk import OctKey, RSAKey

from adapters.api_keys import SCOPES
from adapters.doors.signing_keys import (
    ASK_AGAIN_S,
    FRESH_S,
    STALE_S_MAX,
    SigningKeys,
    SigningKeysUnavailable,
)
from adapters.doors.tokens import TokenRefused, Tokens
from service.http.identity import AGENT_SCOPES, granted
from tests.api.conftest import Client
from tests.api.issuer import AUDIENCE, EC, ED, RSA, STRANGER, Issuer, issuing

TRIP = "7d0c2a9e-4b2f-4f0e-9d51-3c6a1f0b8e24"


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest_asyncio.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuing() as issuer:
        yield issuer


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def keys(issuer: Issuer, hands: Hands) -> SigningKeys:
    return SigningKeys(issuer.url, None, now=hands)


@pytest.fixture
def tokens(issuer: Issuer, keys: SigningKeys) -> Tokens:
    return Tokens(issuer.url, AUDIENCE, keys)


def now() -> datetime:
    return datetime.now(UTC)


def without_signature(**header: Any) -> str:
    def part(value: Any) -> str:
        return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    claims = {"iss": "x", "sub": "u-17", "tenant": "acme", "exp": 9_999_999_999}
    return f"{part(header)}.{part(claims)}.AAAA"


@pytest.mark.parametrize(
    ("key", "alg"), [(RSA, "RS256"), (RSA, "PS256"), (EC, "ES256"), (ED, "Ed25519"), (ED, "EdDSA")]
)
async def test_a_token_of_the_issuer_is_good_by_any_of_its_keys(
    tokens: Tokens, issuer: Issuer, key: RSAKey, alg: str
) -> None:
    holder = await tokens.verify(issuer.token(key, alg), now())

    assert (holder.subject, holder.tenant) == ("u-17", "acme")
    assert holder.scopes == {"trips:read", "trips:write"}
    assert issuer.asked == 1


BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "expired": {"exp": 1_000},
    "no expiry": {"exp": ...},
    "expiry is text": {"exp": "tomorrow"},
    "expiry is no number": {"exp": float("nan")},
    "not yet": {"nbf": 9_999_999_999},
    "issued in the future": {"iat": 9_999_999_999},
    "another issuer": {"iss": "https://evil.example"},
    "issuer as list": {"iss": ["https://evil.example"]},
    "no issuer": {"iss": ...},
    "another audience": {"aud": "https://shop.example"},
    "audiences of others": {"aud": ["a", "b"]},
    "no audience": {"aud": ...},
    "audience is a number": {"aud": 7},
    "no subject": {"sub": ...},
    "an address as subject": {"sub": "ann@acme.example"},
    "a subject of many lines": {"sub": "u\n17"},
    "no tenant": {"tenant": ...},
    "two tenants": {"tenant": ["acme", "globex"]},
    "a tenant of odd form": {"tenant": "../acme"},
}


@pytest.mark.parametrize("bad", BAD_CLAIMS.values(), ids=BAD_CLAIMS)
async def test_claims_that_are_not_for_us_and_now_are_refused(
    tokens: Tokens, issuer: Issuer, bad: dict[str, Any]
) -> None:
    await tokens.verify(issuer.token(), now())

    with pytest.raises(TokenRefused):
        await tokens.verify(issuer.token(**bad), now())


def signed_with_the_public_key(issuer: Issuer) -> str:
    """What a verifier takes that lets the token choose how to use the key."""
    unsigned = without_signature(alg="HS256", kid="rsa-1").rpartition(".")[0]
    mac = hmac.digest(RSA.as_pem(private=False), unsigned.encode(), hashlib.sha256)
    return f"{unsigned}.{urlsafe_b64encode(mac).decode().rstrip('=')}"


def forged(issuer: Issuer) -> dict[str, str]:
    head, body, signature = issuer.token().split(".")
    other_body = issuer.token(tenant="globex").split(".")[1]
    flipped = ("B" if signature[10] == "A" else "A").join((signature[:10], signature[11:]))
    return {
        "signed by a stranger under a known name": issuer.token(STRANGER),
        "the public key as shared secret": signed_with_the_public_key(issuer),
        "alg none": without_signature(alg="none", kid="rsa-1"),
        "alg None": without_signature(alg="None", kid="rsa-1"),
        "alg missing": without_signature(kid="rsa-1"),
        "alg a list": without_signature(alg=["RS256"], kid="rsa-1"),
        "no signature": f"{head}.{body}.",
        "another's claims": f"{head}.{other_body}.{signature}",
        "a changed signature": f"{head}.{body}.{flipped}",
        "an unknown key": issuer.token(header={"kid": "rsa-2"}),
        "no key id": issuer.token(header={"kid": ...}),
        "a key of another kind": issuer.token(EC, "ES256", header={"kid": "rsa-1"}),
        "its own key in the header": issuer.token(
            STRANGER, header={"kid": "own", "jwk": STRANGER.as_dict(private=False)}
        ),
        "a key from elsewhere": issuer.token(
            STRANGER, header={"kid": "own", "jku": "http://evil.example/keys"}
        ),
        "an extension that must be understood": without_signature(
            alg="RS256", kid="rsa-1", crit=["x"], x=1
        ),
        "a logout token": issuer.token(header={"typ": "logout+jwt"}),
        "an encrypted one": ".".join([head, body, signature, "A", "A"]),
        "too long": issuer.token(scope="x" * 8_000),
    }


async def test_forged_tokens_are_refused(tokens: Tokens, issuer: Issuer) -> None:
    await tokens.verify(issuer.token(), now())
    refused = []
    for name, text in forged(issuer).items():
        with pytest.raises(TokenRefused):
            await tokens.verify(text, now())
        refused.append(name)

    assert len(refused) == 18


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(
        st.text(max_size=60).map(lambda text: "eyJ" + text),
        st.tuples(st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=40)).map(
            lambda parts: ".".join(urlsafe_b64encode(p).decode().rstrip("=") for p in parts)
        ),
        st.integers(min_value=1_000, max_value=4_500).map(
            lambda depth: urlsafe_b64encode(b'{"a":' + b"[" * depth).decode().rstrip("=") + ".e.e"
        ),
    )
)
async def test_nothing_odd_is_more_than_refused(text: str) -> None:
    class NoKeys:
        async def get(self, key_id: str) -> None:
            return None

    with pytest.raises(TokenRefused):
        await Tokens("https://issuer.example", AUDIENCE, NoKeys()).verify(text, now())


async def test_secret_small_and_foreign_keys_of_the_issuer_are_left_out(
    tokens: Tokens, issuer: Issuer
) -> None:
    small = RSAKey.generate_key(1024, parameters={"kid": "small"})
    shared = OctKey.generate_key(256, parameters={"kid": "shared"})
    sealing = RSA.as_dict(private=False) | {"kid": "sealing", "use": "enc"}
    issuer.keys += [small]
    issuer.entries = [shared.as_dict(private=True), sealing, "nonsense", {"kid": "x"}, {"kid": 7}]

    for text in (
        issuer.token(small),
        issuer.token(shared, "HS256"),
        issuer.token(header={"kid": "sealing"}),
    ):
        with pytest.raises(TokenRefused):
            await tokens.verify(text, now())
    await tokens.verify(issuer.token(), now())


async def test_an_unknown_key_makes_us_ask_at_most_once_a_minute(
    tokens: Tokens, issuer: Issuer, hands: Hands
) -> None:
    await tokens.verify(issuer.token(), now())
    fresh = RSAKey.generate_key(2048, parameters={"kid": "rsa-2"})
    issuer.keys.append(fresh)
    for _ in range(20):
        with pytest.raises(TokenRefused):
            await tokens.verify(issuer.token(fresh), now())
    assert issuer.asked == 1

    hands.seconds += ASK_AGAIN_S
    await tokens.verify(issuer.token(fresh), now())

    assert issuer.asked == 2


async def test_a_key_that_was_withdrawn_is_no_longer_good(
    tokens: Tokens, keys: SigningKeys, issuer: Issuer, hands: Hands
) -> None:
    await tokens.verify(issuer.token(), now())
    issuer.keys.remove(RSA)
    hands.seconds += FRESH_S + 1
    await tokens.verify(issuer.token(EC, "ES256"), now())
    assert keys.asking is not None
    await keys.asking

    with pytest.raises(TokenRefused):
        await tokens.verify(issuer.token(), now())


@pytest.mark.parametrize("answer", [(500, b""), (200, b"<html>"), (200, b"[]"), (302, b"")])
async def test_while_the_issuer_is_away_its_last_keys_are_good_for_a_while(
    tokens: Tokens, keys: SigningKeys, issuer: Issuer, hands: Hands, answer: tuple[int, bytes]
) -> None:
    await tokens.verify(issuer.token(), now())
    issuer.answer = answer
    hands.seconds += STALE_S_MAX
    await tokens.verify(issuer.token(), now())
    assert keys.asking is not None
    await keys.asking
    assert issuer.asked == 2

    hands.seconds += 1
    with pytest.raises(SigningKeysUnavailable):
        await tokens.verify(issuer.token(), now())

    hands.seconds += ASK_AGAIN_S
    issuer.answer = None
    await tokens.verify(issuer.token(), now())


async def test_without_the_issuers_keys_nobody_enters(tokens: Tokens, issuer: Issuer) -> None:
    issuer.answer = (200, b'{"keys": [' + b" " * 300_000 + b"]}")

    for _ in range(3):
        with pytest.raises(SigningKeysUnavailable):
            await tokens.verify(issuer.token(), now())

    assert issuer.asked == 1


async def test_another_issuers_discovery_document_is_not_followed(
    tokens: Tokens, issuer: Issuer
) -> None:
    issuer.named = "https://evil.example"

    with pytest.raises(SigningKeysUnavailable):
        await tokens.verify(issuer.token(), now())

    assert issuer.asked == 0


async def test_keys_are_asked_for_once_however_many_wait(keys: SigningKeys, issuer: Issuer) -> None:
    found = await asyncio.gather(*(keys.get("rsa-1") for _ in range(50)))

    assert {key.kid for key in found if key is not None} == {"rsa-1"}
    assert issuer.asked == 1


@pytest.mark.parametrize(
    ("roles", "scope", "expected"),
    [
        ([], "trips:read openid email", {"trips:read"}),
        (["viewer"], "", {"trips:read", "ops:read"}),
        (["operator"], "", {"trips:read", "ops:read", "ops:write"}),
        ("admin", "", set(SCOPES) - {"ops:all"}),
        (["nonsense"], "", set()),
        (["agent"], "", AGENT_SCOPES),
        (["agent", "admin"], "payments:write ops:write", AGENT_SCOPES),
    ],
)
async def test_scopes_come_from_words_and_roles_and_an_agent_never_moves_money(
    tokens: Tokens, issuer: Issuer, roles: object, scope: str, expected: set[str]
) -> None:
    holder = await tokens.verify(issuer.token(roles=roles, scope=scope), now())

    assert granted(holder) == expected


async def test_a_token_opens_the_door_for_its_tenant(
    client: Client, tokens: Tokens, issuer: Issuer
) -> None:
    client.door.tokens = tokens
    client.key = issuer.token(tenant="globex")

    told = await client.ask("GET", f"/v1/things/{TRIP}")
    refused = await client.ask("POST", "/v1/whispers", json={})

    assert (told.status, told.json["name"]) == (200, "globex:10")
    assert (refused.status, refused.json["code"]) == (403, "insufficient_scope")


async def test_a_bad_token_is_a_challenge_and_nothing_of_it_is_told(
    client: Client, tokens: Tokens, issuer: Issuer
) -> None:
    client.door.tokens = tokens
    client.key = issuer.token(sub="canary@acme.example")

    told = await client.ask("POST", "/v1/things", json={})
    issuer.answer = (500, b"")
    tokens.keys = SigningKeys(issuer.url, None)
    unverifiable = await client.ask("POST", "/v1/things", json={})

    for answer in (told, unverifiable):
        assert (answer.status, answer.json["code"]) == (401, "unauthenticated")
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
        assert b"canary" not in answer.raw
    assert client.service.made == []


async def test_without_a_trusted_issuer_no_token_is_good(client: Client, issuer: Issuer) -> None:
    client.key = issuer.token()

    told = await client.ask("POST", "/v1/things", json={})

    assert (told.status, issuer.asked) == (401, 0)
