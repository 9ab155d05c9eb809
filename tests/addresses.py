"""All addresses of the product, for tests that visit each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver


def routes(resolver: Any = None, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every route with its view."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, route)
        elif isinstance(entry, URLPattern):
            yield route, entry.callback


def address_of(route: str, number: int, word: str = "prometheus") -> str:
    """The route with a number, or a word, for each of its parameters."""
    route = re.sub(r"\(\?P<kind>[^)]*\)", "svg", route).replace("\\.", ".")
    route = re.sub(r"\(\?P<\w+>[^)]*\)", str(number), route)
    route = re.sub(r"<int:\w+>", str(number), route)
    route = re.sub(r"<(?:\w+:)?\w+>", word, route)
    return "/" + re.sub(r"[\^$?]|\\[AZ]", "", route).lstrip("/")
