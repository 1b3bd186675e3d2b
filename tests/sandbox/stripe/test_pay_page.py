"""The pay page works by plain form posts, once, and says what it is."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe.conftest import OpenSession, line
from tests.sandbox.stripe.running import RunningSandbox


async def posted(sandbox: RunningSandbox, path: str, **form: str) -> tuple[int, str, str]:
    """Status, where it leads, and the page."""
    async with sandbox.http.post(
        f"{sandbox.url}{path}", data=form, allow_redirects=False
    ) as answer:
        return answer.status, answer.headers.get("Location", ""), await answer.text()


async def shown(sandbox: RunningSandbox, path: str) -> tuple[int, str]:
    async with sandbox.http.get(f"{sandbox.url}{path}") as answer:
        return answer.status, await answer.text()


async def test_the_page_shows_items_total_and_that_no_money_moves(
    open_session: OpenSession, sandbox: RunningSandbox
) -> None:
    session = await open_session(
        line_items=[line("Flight LHR to JFK", 70_000), line("<b>Hotel</b>", 7_115, quantity=2)]
    )
    async with sandbox.http.get(session.url) as answer:
        page = await answer.text()

    assert answer.status == 200
    for text in ("€842.30", "€700.00", "€142.30", "Flight LHR to JFK", "no money moves"):
        assert text in page
    assert "<b>Hotel</b>" not in page
    assert "<script" not in page


async def test_paying_leads_back_to_the_shop_with_the_sessions_id(
    open_session: OpenSession, sandbox: RunningSandbox
) -> None:
    session = await open_session()
    status, location, _ = await posted(sandbox, f"/pay/{session.id}", outcome="paid")

    assert (status, location) == (303, f"https://shop.example/done?sid={session.id}")
    assert len(await sandbox.journal("payment.authorized")) == 1


async def test_paying_twice_charges_once_and_says_so(
    open_session: OpenSession, sandbox: RunningSandbox
) -> None:
    session = await open_session()
    first = await posted(sandbox, f"/pay/{session.id}", outcome="paid")
    again = await posted(sandbox, f"/pay/{session.id}", outcome="paid")
    other = await posted(sandbox, f"/pay/{session.id}", outcome="declined")
    page = await shown(sandbox, f"/pay/{session.id}")

    assert first == again
    assert "paid already" in other[2]
    assert "paid already" in page[1]
    assert len(await sandbox.journal("payment.authorized")) == 1


async def test_a_decline_shows_why_and_lets_the_customer_try_again(
    open_session: OpenSession, sandbox: RunningSandbox
) -> None:
    session = await open_session()
    status, _, page = await posted(sandbox, f"/pay/{session.id}", outcome="declined")
    assert status == 402
    assert "Your card was declined." in page

    again, _, _ = await posted(sandbox, f"/pay/{session.id}", outcome="paid")
    assert again == 303


@pytest.mark.parametrize(("choice", "status"), [("succeed", 303), ("fail", 402)])
async def test_three_d_secure_asks_on_a_page_of_its_own(
    open_session: OpenSession, sandbox: RunningSandbox, choice: str, status: int
) -> None:
    session = await open_session()
    asked, location, _ = await posted(sandbox, f"/pay/{session.id}", outcome="requires_action")
    assert (asked, location) == (303, f"/pay/{session.id}/authenticate")
    _, page = await shown(sandbox, location)
    assert "is it you?" in page

    ended, _, _ = await posted(sandbox, location, authentication=choice)
    assert ended == status
    assert len(await sandbox.journal("payment.authorized")) == int(choice == "succeed")


async def test_paying_and_never_returning_pays_without_a_redirect(
    open_session: OpenSession, sandbox: RunningSandbox
) -> None:
    session = await open_session()
    status, location, _ = await posted(sandbox, f"/pay/{session.id}", outcome="never_return")

    assert (status, location) == (200, "")
    assert len(await sandbox.journal("payment.authorized")) == 1


async def test_a_delayed_method_returns_to_the_shop_unpaid(
    open_session: OpenSession, client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    session = await open_session()
    status, _, _ = await posted(sandbox, f"/pay/{session.id}", outcome="processing")
    left = await client.v1.checkout.sessions.retrieve_async(session.id)

    assert (status, left.status, left.payment_status) == (303, "complete", "unpaid")
    assert "payment.captured" not in await sandbox.kinds()


async def test_leaving_is_a_link_to_the_cart(
    open_session: OpenSession, sandbox: RunningSandbox
) -> None:
    session = await open_session()

    _, page = await shown(sandbox, f"/pay/{session.id}")
    assert 'href="https://shop.example/cart"' in page


async def test_an_expired_page_cannot_be_paid(
    open_session: OpenSession, client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    session = await open_session()
    await client.v1.checkout.sessions.expire_async(session.id)
    status, page = await shown(sandbox, f"/pay/{session.id}")
    paid, _, _ = await posted(sandbox, f"/pay/{session.id}", outcome="paid")

    assert (status, paid) == (410, 410)
    assert "expired" in page
    assert "payment.authorized" not in await sandbox.kinds()


async def test_a_page_that_never_was_is_not_found(sandbox: RunningSandbox) -> None:
    assert (await shown(sandbox, "/pay/cs_test_none"))[0] == 404


@pytest.mark.parametrize("form", [{}, {"outcome": "steal"}])
async def test_a_button_that_is_not_there_does_nothing(
    open_session: OpenSession, sandbox: RunningSandbox, form: dict[str, Any]
) -> None:
    session = await open_session()
    status, _, _ = await posted(sandbox, f"/pay/{session.id}", **form)

    assert status == 400
    assert await sandbox.kinds() == ["checkout_session.created"]


async def test_the_bank_question_of_a_payment_without_a_session_is_answered_on_its_page(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    intent = await client.v1.payment_intents.create_async(
        {
            "amount": 500,
            "currency": "eur",
            "confirm": True,
            "payment_method": "pm_card_authenticationRequired",
        }
    )
    url = intent.next_action.redirect_to_url.url
    async with sandbox.http.post(url, data={"authentication": "succeed"}) as answer:
        assert answer.status == 200

    done = await client.v1.payment_intents.retrieve_async(intent.id)
    assert done.status == "succeeded"
