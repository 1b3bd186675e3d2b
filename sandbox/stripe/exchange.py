"""One API call at the sandbox: what was asked, read and checked, and how it is answered."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web

from sandbox.faults import Faults
from sandbox.stripe.account import Account, Store
from sandbox.stripe.errors import Json, StripeError
from sandbox.stripe.parameters import Shape, texts

EXPAND_DEPTH_MAX = 4


@dataclass(frozen=True, kw_only=True)
class Exchange:
    account: Account
    faults: Faults
    request: web.Request
    asked: Json
    public_url: str

    def named(self, name: str) -> str:
        """A part of the URL, such as an id."""
        return self.request.match_info[name]


@dataclass(frozen=True)
class ApiRoute:
    method: Literal["GET", "POST"]
    path: str
    shape: Shape
    answer: Callable[[Exchange], Json]

    def full_shape(self) -> Shape:
        return {**self.shape, "expand": texts}


def expand(account: Account, answer: Json, wanted: list[str]) -> Json:
    """Replace ids by the objects they name, where asked; works on a copy."""
    if not wanted:
        return answer
    whole = copy.deepcopy(answer)
    for path in wanted:
        parts = path.split(".")
        if len(parts) > EXPAND_DEPTH_MAX + 1:
            raise StripeError(f"You cannot expand more than {EXPAND_DEPTH_MAX} levels.")
        if whole.get("object") == "list":
            if parts[0] != "data":
                raise cannot_expand(path)
            for row in whole["data"]:
                expand_in(account, row, parts[1:], path)
        else:
            expand_in(account, whole, parts, path)
    return whole


def expand_in(account: Account, node: Any, parts: list[str], path: str) -> None:
    if not parts or node is None:
        return
    name = parts[0]
    if name == "line_items" and node.get("object") == "checkout.session":
        items = account.line_items[node["id"]]
        node[name] = {
            "object": "list",
            "data": copy.deepcopy(items),
            "has_more": False,
            "url": f"/v1/checkout/sessions/{node['id']}/line_items",
        }
        return
    store = store_of(account, name)
    if name not in node or store is None:
        raise cannot_expand(path)
    if isinstance(node[name], str):
        node[name] = copy.deepcopy(store[node[name]])
    expand_in(account, node[name], parts[1:], path)


def store_of(account: Account, name: str) -> Store | None:
    return {
        "payment_intent": account.payment_intents,
        "latest_charge": account.charges,
        "charge": account.charges,
        "customer": account.customers,
        "payment_method": account.payment_methods,
    }.get(name)


def cannot_expand(path: str) -> StripeError:
    return StripeError(f"This property cannot be expanded ({path}).", param="expand")
