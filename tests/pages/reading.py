"""A page as somebody without a browser reads it: what it says, its marks, its forms and links."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from typing import Any

import aiohttp

SILENT = {"script", "style", "noscript"}


@dataclass
class Form:
    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.forms: list[Form] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self.tags.append((tag, known))
        if tag in SILENT:
            self.silent += 1
        if tag == "form":
            self.forms.append(Form(known.get("method", "get"), known.get("action", "")))
        if tag == "input" and self.forms:
            self.forms[-1].fields[known["name"]] = known.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT:
            self.silent -= 1

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.words.append(data)


class Page:
    """An answer, read when somebody wants to know what it says."""

    def __init__(self, status: int, headers: Any, html: str) -> None:
        self.status = status
        self.headers = headers
        self.html = html

    @cached_property
    def reader(self) -> Reader:
        reader = Reader()
        reader.feed(self.html)
        return reader

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.reader.words).split())

    def marked(self, name: str) -> list[str]:
        """The values of a data attribute, in their order."""
        return [attrs[name] for _, attrs in self.reader.tags if name in attrs]

    @property
    def standing(self) -> str:
        return self.marked("data-standing")[0]

    def links(self) -> list[str]:
        return [attrs["href"] for tag, attrs in self.reader.tags if tag == "a"]

    def form(self, action: str) -> Form | None:
        return next((f for f in self.reader.forms if f.action == action), None)


class Visitor:
    """Somebody with a link to a checkout and a cookie jar, but no key."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.session = session

    async def open(self, sid: str, more: str = "", **headers: str) -> Page:
        return await self.ask("GET", f"/checkout?sid={sid}{more}", headers=headers)

    async def ask(self, method: str, path: str, **options: Any) -> Page:
        async with self.session.request(
            method, self.url + path, allow_redirects=False, **options
        ) as answer:
            return Page(answer.status, answer.headers, await answer.text())

    async def press(self, form: Form, **headers: str) -> Page:
        """Send a form as a browser does, and go where it leads."""
        if form.method == "get":
            query = "&".join(f"{name}={value}" for name, value in form.fields.items())
            return await self.ask("GET", f"{form.action}?{query}", headers=headers)
        return await self.ask("POST", form.action, data=form.fields, headers=headers)

    async def followed(self, answer: Page) -> Page:
        assert answer.status == 303, answer.text
        return await self.ask("GET", answer.headers["Location"])
