"""The version of the product. A release sets it here, in pyproject.toml and in cli/."""

from __future__ import annotations

from django.http import HttpRequest

VERSION = "0.2.0"


def version(_: HttpRequest) -> dict[str, str]:
    """`version` in every template."""
    return {"version": VERSION}
