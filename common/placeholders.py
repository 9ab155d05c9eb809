"""Values that say nothing: what templates, shells and languages print for a missing value."""

from __future__ import annotations

import re
from typing import Any

from common import payloads
from common.payloads import USE_GUIDE, BadPayload

_WORDS = frozenset(
    "<no <nil> <none> <null> <unknown> <undefined> (null) (none) [null] null none nil undefined "
    "unknown n/a na nan - -- ? not_set unset *unknown* %!s(<nil>) %!v(<nil>) [] {}".split()
) | {"no value", "<no value>", "[no value]", "not set", "not available"}
_VARIABLE = re.compile(
    r"\$\{[^{}]{0,200}\}|\$\([^()]{0,200}\)|\$\{\{[^{}]{0,200}\}\}|\{\{[^{}]{0,200}\}\}"
    r"|<no value>|%!\w\(<nil>\)"
)
_BARE_VARIABLE = re.compile(
    # Of a macro of Nagios that is not set its shell may leave the dollar sign alone.
    r"\$(?:[A-Za-z_][A-Za-z0-9_]*\$?)?|%[A-Za-z_][A-Za-z0-9_]*%|\{[^{}\s\"][^{}\s]{0,200}\}"
)
_EDGES = " \t\n:,;/@#-–—()[]"


def is_placeholder(value: str) -> bool:
    """Whether a whole value is nothing but a placeholder.

    >>> [is_placeholder(each) for each in ("<no value>", "None", "${TAG}", "{{ tag }}", "v1.2")]
    [True, True, True, True, False]
    """
    cleaned = value.strip().strip("\"'`").strip()
    if not cleaned:
        return bool(value.strip())
    if cleaned.lower() in _WORDS or _BARE_VARIABLE.fullmatch(cleaned):
        return True
    return not _VARIABLE.sub("", cleaned).strip(_EDGES) and bool(_VARIABLE.search(cleaned))


def real_value(value: str) -> str:
    """The value, or an empty text for a placeholder."""
    return "" if is_placeholder(value) else value


def without_placeholders(value: str) -> str:
    """Prose without the variables that were not filled in.

    >>> without_placeholders("checkout ${VERSION} to production")
    'checkout to production'
    """
    if not _VARIABLE.search(value):
        return value
    return re.sub(r"[ \t]{2,}", " ", _VARIABLE.sub("", value)).strip(_EDGES)


def text(data: Any, path: str = "", limit: int = 300) -> str:
    """Like `common.payloads.text`; empty for a placeholder too."""
    return real_value(payloads.text(data, path, limit))


def required_text(data: Any, path: str, limit: int = 300) -> str:
    """Like `text`. Raises BadPayload if it is empty or a placeholder."""
    value = text(data, path, limit)
    if not value:
        given = payloads.text(data, path, 60)
        what = f"is the placeholder {given}" if given else "is missing or empty"
        raise BadPayload(f"“{path}” {what}: {USE_GUIDE}")
    return value


def first_text(data: Any, *paths: str, limit: int = 300) -> str:
    """The first of the values at `paths` that says something."""
    return next((value for path in paths if (value := text(data, path, limit))), "")


def required_first(data: Any, *paths: str, limit: int = 300) -> str:
    """Like `first_text`. Raises BadPayload, naming the first path, if none says anything."""
    return first_text(data, *paths, limit=limit) or required_text(data, paths[0], limit)
