"""Addresses of pages by number. Each pattern is resolved once: a list tells hundreds of them."""

from __future__ import annotations

from functools import cache

from django.urls import get_script_prefix, reverse


@cache
def _around_number(page: str) -> tuple[str, str]:
    """What stands before and after the number, without the prefix that the server may add."""
    address = reverse(page, args=[0]).removeprefix(get_script_prefix())
    before, _, after = address.rpartition("0")
    return before, after


def address_of(page: str, number: int) -> str:
    """The same as `reverse`, for a page whose only argument is a number."""
    before, after = _around_number(page)
    return f"{get_script_prefix()}{before}{number}{after}"
