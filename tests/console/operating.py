"""An operator at the console without a browser: reads pages, presses buttons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.pages.reading import Form, Page
from tests.scenarios.world import World


@dataclass
class Console:
    world: World
    session: aiohttp.ClientSession
    key: str

    async def ask(self, method: str, path: str, **options: Any) -> Page:
        async with self.session.request(
            method, self.world.url + path, allow_redirects=False, **options
        ) as answer:
            return Page(answer.status, answer.headers, await answer.text())

    async def open(self, path: str, **options: Any) -> Page:
        return await self.ask("GET", path, **options)

    async def sees(self, path: str) -> Page:
        """A page that must be there."""
        page = await self.open(path)
        assert page.status == 200, f"{path}: {page.status} {page.text}"
        return page

    async def enter(self) -> Page:
        form = form_of(await self.open("/console/sign-in"), "/console/sign-in")
        page = await self.press(form, key=self.key)
        assert page.status == 303, page.text
        return page

    async def press(self, form: Form, **typed: str) -> Page:
        """Send a form as a browser does, with what was typed into it."""
        fields = {**form.fields, **typed}
        if form.method == "get":
            return await self.ask("GET", form.action, params=fields)
        return await self.ask("POST", form.action, data=fields)

    async def followed(self, answer: Page) -> Page:
        assert answer.status == 303, f"{answer.status} {answer.text}"
        return await self.sees(answer.headers["Location"])

    async def tries(self, path: str, action: str, **typed: str) -> Page:
        """Open a page and press the button of one of its forms."""
        return await self.press(form_of(await self.sees(path), action), **typed)


def form_of(page: Page, action: str) -> Form:
    found = page.form(action)
    assert found is not None, f"there is no form for {action}: {page.reader.forms}"
    return found
