"""Follows every link of the product's pages, as a browser shows them to one person."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urldefrag, urlencode, urljoin, urlsplit

from django.contrib.auth.models import User
from django.test import Client
from django.urls import Resolver404, resolve

from people.permissions import may

UNREADABLE = re.compile(
    r"\b(?:nan|NaN|undefined|Invalid Date)\b|\{\{|\}\}|\{%|%\}"
    # Python's None, but not a sentence such as “None is overdue.”
    r"|\bNone\b(?!\.|,? (?:yet|known|so|is|in|was|while|of|open)\b)"
)
"""What a page says by mistake only: values that should have been left out, templates unfilled."""
SILENT = {"script", "style", "textarea", "code", "pre"}
"""Elements whose text is code, or was written by people."""


class Page(HTMLParser):
    """The links of a page, those of htmx and of GET forms among them, and the words it shows."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[tuple[str, bool]] = []
        self.posts: list[str] = []
        """Where forms and buttons send writing requests."""
        self.words: list[str] = []
        self._silent: list[str] = []
        self._form: tuple[str, dict[str, str]] | None = None
        self._select = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in SILENT:
            self._silent.append(tag)
        if tag == "a" and "href" in given:
            self.links.append((given["href"], False))
        if tag in ("img", "iframe") and "src" in given:
            self.links.append((given["src"], False))
        if "hx-post" in given:
            self.posts.append(given["hx-post"])
        if tag == "form" and given.get("method", "").lower() == "post":
            self.posts.append(given.get("action", ""))
        if "hx-get" in given:
            self.links.append((given["hx-get"], True))
        self.words += [given[name] for name in ("alt", "title", "aria-label") if name in given]
        if tag == "form" and given.get("method", "get").lower() == "get":
            self._form = (given.get("action", ""), {})
        elif self._form is not None:
            self._field(tag, given, self._form[1])

    def _field(self, tag: str, given: dict[str, str], fields: dict[str, str]) -> None:
        chosen = given.get("type") not in ("checkbox", "radio") or "checked" in given
        if tag == "input" and given.get("name") and chosen:
            fields[given["name"]] = given.get("value", "")
        elif tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and (self._select not in fields or "selected" in given):
            fields[self._select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()
        if tag == "form" and self._form is not None:
            action, fields = self._form
            fields.pop("", None)
            self.links.append((f"{action}?{urlencode(fields)}", False))
            self._form = None

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)


@dataclass
class Crawl:
    """What following all links came to: the addresses opened, and what was wrong with them."""

    client: Client
    person: User
    most_per_view: int
    opened: dict[str, int] = field(default_factory=dict)
    views: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def run(self, start: str) -> None:
        waiting = deque([(start, False, "the address bar")])
        while waiting:
            address, by_htmx, found_on = waiting.popleft()
            if address in self.opened or not self._is_ours(address, found_on):
                continue
            waiting += self._open(address, by_htmx, found_on)

    def _is_ours(self, address: str, found_on: str) -> bool:
        """Whether to open it: neither static nor opened often enough with other numbers."""
        try:
            name = resolve(urlsplit(address).path).view_name
        except Resolver404:
            self.opened[address] = 404
            self.findings.append(f"404 at {address}, linked on {found_on}")
            return False
        self.views[name] += 1
        # Django's own administration has pages by the thousand, and its own tests.
        return self.views[name] <= (2 if name.startswith("admin:") else self.most_per_view)

    def _open(self, address: str, by_htmx: bool, found_on: str) -> list[tuple[str, bool, str]]:
        answer: Any = self.client.get(address, headers={"HX-Request": "true"} if by_htmx else {})
        self.opened[address] = answer.status_code
        to = answer.headers.get("Location", "")
        if answer.status_code >= 400 or to.startswith("/sign-in/"):
            self.findings.append(f"{answer.status_code} at {address}, linked on {found_on}")
            return []
        if to:
            return [(address_of(to, address), by_htmx, f"{found_on}, by way of {address}")]
        kind = answer.headers.get("Content-Type", "")
        if answer.streaming or not kind.startswith(("text/html", "image/svg")):
            return []
        by_django = address.startswith("/admin/")
        text = answer.content.decode()
        page = Page(text)
        shown = [text] if kind.startswith("image/svg") else page.words
        for words in [] if by_django else shown:
            if wrong := UNREADABLE.search(words):
                near = " ".join(words[max(0, wrong.start() - 60) : wrong.end() + 40].split())
                self.findings.append(f"“{wrong[0]}” on {address}: {near}")
        for action in page.posts:
            self._check_offer(address_of(action or address, address), address)
        links = [(address_of(link, address), htmx) for link, htmx in page.links]
        return [(link, htmx, address) for link, htmx in links if link]

    def _check_offer(self, action: str, page: str) -> None:
        """A page offers a person nothing that they may not do."""
        for act, methods in getattr(resolve(urlsplit(action).path).func, "acts", {}).items():
            if (not methods or "POST" in methods) and not may(self.person, act):
                self.findings.append(f"{page} offers to {act.title}: {action}")


def address_of(link: str, page: str) -> str:
    """The path and query a link on a page leads to; empty when it leaves the site."""
    parts = urlsplit(urljoin(f"http://testserver{page}", urldefrag(link.strip()).url))
    if parts.netloc != "testserver" or parts.path.startswith("/static/"):
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")


def crawl(person: User, most_per_view: int, start: str = "/") -> Crawl:
    """Every page `person` can reach by following links from `start`, some of each kind."""
    client = Client(raise_request_exception=False)
    client.force_login(person)
    done = Crawl(client, person, most_per_view)
    done.run(start)
    return done
