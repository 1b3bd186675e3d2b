"""What both kinds of tenants' own settings promise."""

from __future__ import annotations

from tests.contracts.conftest import Stores
from tests.contracts.events import NOON


async def test_a_tenant_has_set_nothing_until_it_does_and_may_go_back(stores: Stores) -> None:
    tenants, shop = stores.tenants, ["https://shop.example"]
    seen = [await tenants.redirect_origins("acme")]
    for origins in (shop, [], None):
        await tenants.set_redirect_origins("acme", origins, NOON)
        seen.append(await tenants.redirect_origins("acme"))

    assert [None, shop, [], None] == seen


async def test_tenants_do_not_share_what_they_set(stores: Stores) -> None:
    await stores.tenants.set_redirect_origins("acme", ["https://shop.example"], NOON)

    assert await stores.tenants.redirect_origins("globex") is None
