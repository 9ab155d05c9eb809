"""Categories and templates of an empty knowledge base. People edit them; nothing is restored."""

from __future__ import annotations

from typing import Any

from kb.models import Category, PostmortemTemplate

CATEGORIES = {
    "deploy": "Deploy", "config": "Config", "capacity": "Capacity", "traffic": "Traffic",
    "dependency": "Dependency", "hardware": "Hardware", "network": "Network", "data": "Data",
    "expiry": "Expiry", "security": "Security", "code": "Code", "people": "People",
    "other": "Other",
}  # fmt: skip

FULL = """## Summary

{summary}

## Impact

{impact}

## Causes

{causes}

## What changed just before

{changes}

## Evidence

{evidence}

## Detection

How was it detected, and how could it have been detected sooner?

## What fixed it

{resolution}

## Timeline

{timeline}

## What went well

-

## What went badly

-

## Where we were lucky

-
"""
SHORT = """## Summary

{summary}

## Impact

{impact}

## Causes

{causes}

## What fixed it

{resolution}

## Timeline

{timeline}
"""


def seed(**_: Any) -> None:
    """After migrations: fill the lists that are empty."""
    if not Category.objects.exists():
        Category.objects.bulk_create(
            Category(slug=slug, name=name, position=10 * position)
            for position, (slug, name) in enumerate(CATEGORIES.items(), 1)
        )
    if not PostmortemTemplate.objects.exists():
        PostmortemTemplate.objects.bulk_create(
            [
                PostmortemTemplate(name="Full", severities=["SEV1", "SEV2"], body=FULL),
                PostmortemTemplate(name="Short", body=SHORT),
            ]
        )
