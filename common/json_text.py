"""JSON of others: what escapes can spell and no database can store is replaced."""

from __future__ import annotations

import json
import re
from typing import Any

# Half of a pair that stands for one character; json.loads joins whole pairs, and keeps halves.
_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_HALF = re.compile("[\ud800-\udfff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def has_half(text: str) -> bool:
    """Whether a text has half of a surrogate pair, which UTF-8 cannot write."""
    return _HALF.search(text) is not None


def loads(text: bytes | str) -> Any:
    """As json.loads, with halves of pairs replaced. Raises ValueError and RecursionError."""
    found = json.loads(text)
    # An escape is in the text itself, however it is encoded.
    written = text if isinstance(text, str) else text.decode("utf-8", "replace")
    return mended(found) if _ESCAPED_HALF.search(written) else found


def mended(value: Any) -> Any:
    """A value of parsed JSON, with halves of pairs replaced."""
    if isinstance(value, str):
        return _HALF.sub(REPLACEMENT, value)
    if isinstance(value, dict):
        return {mended(name): mended(each) for name, each in value.items()}
    if isinstance(value, list):
        return [mended(each) for each in value]
    return value
