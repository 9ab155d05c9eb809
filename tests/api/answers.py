"""What answers say, and how two of them differ."""

from __future__ import annotations

import json
import re
from typing import Any

OF_OPERATION = (
    r"causebook_(check_ok|events_\w+|database_bytes|disk_free_bytes|http_\w+)"
    r"(\{[^}]*\})? [\d.e+]+(\\n|\n)?"
)
"""Metrics that count the work of the servers, whatever it is about."""
TIME = r"\d{4}-\d\d-\d\d[T ]\d\d(:|%3A)\d\d((:|%3A)\d\d)?(\.\d+)?"
"""As it is written, or in an address."""


def as_text(answer: Any) -> str:
    """All that an answer says, its headers too."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if body[:2] == b"PK" or body[:4] == b"%PDF":
        return "file" + json.dumps(str(answer.headers))
    return body.decode("utf-8", "replace") + str(answer.headers)


def steady(text: str) -> str:
    """Without what is another in every answer: tokens, moments, and how long something took."""
    text = re.sub(r'(csrfmiddlewaretoken" value|nonce|"X-CSRFToken")(=|": ?)"[^"]*"', "", text)
    text = re.sub(r"nonce-[\w+/=-]+|csrftoken=\w+|X-CSRFToken[^}]*", "", text)
    text = re.sub(f"{TIME}(Z|\\+00:00|%2B00%3A00)?", "", text)
    text = re.sub(r"\b\d+([.,]\d+)? ?(s|ms|min|seconds?|minutes?)\b|\d\d:\d\d(:\d\d)?", "", text)
    text = re.sub(OF_OPERATION, "", text)
    return re.sub(
        r"'(ETag|Date|Expires|Content-Length|X-Request-ID|RateLimit-\w+)': '[^']*'", "", text
    )


def difference(before: str, after: str) -> str:
    place = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    return f"{before[place - 40 : place + 80]!r} → {after[place - 40 : place + 80]!r}"


def without_numbers(text: str) -> str:
    return re.sub(r"\d+", "#", steady(text))
