"""Values of fields as the audit log shows them: readable, bounded, without secrets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django.db.models import Field, ForeignKey, Model

from common.redaction import HIDDEN, redact

SECRET = "[secret]"  # noqa: S105  (what is written in place of one)
LONGEST = 4_000
"""Characters of one value. Of two long texts the part that differs is recorded."""
_AROUND = 100
_MOST_ITEMS = 200
_DEEPEST = 6

Change = list[Any]
"""before and after"""


def text_of(text: str, limit: int = LONGEST) -> str:
    """`text` without secrets and null characters, cut to `limit`."""
    # A little more than is shown: a secret that the cut would split is still recognised.
    shown = redact(text[: limit + 1_000].replace("\x00", ""))
    return shown if len(shown) <= limit and len(text) <= limit else shown[:limit] + "…"


def _differing(before: str, after: str) -> tuple[str, str]:
    """Two long texts from shortly before the first difference on."""
    if max(len(before), len(after)) <= LONGEST:
        return before, after
    pairs = enumerate(zip(before, after, strict=False))
    shared = next((at for at, (old, new) in pairs if old != new), min(len(before), len(after)))
    start = max(0, shared - _AROUND)
    # Whole words: half of a secret is not recognised as one.
    while start and not before[start - 1 : start].isspace():
        start -= 1
    mark = "… " if start else ""
    return mark + before[start:], mark + after[start:]


def plain(value: Any, depth: int = 0) -> Any:
    """A value as JSON, texts of it redacted; values of keys that name a secret are hidden."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth < _DEEPEST and isinstance(value, Mapping):
        pairs = list(value.items())[:_MOST_ITEMS]
        return {text_of(str(key), 200): _named(str(key), each, depth) for key, each in pairs}
    if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [plain(each, depth + 1) for each in list(value)[:_MOST_ITEMS]]
    return text_of(value.isoformat() if hasattr(value, "isoformat") else str(value))


def _named(key: str, value: Any, depth: int) -> Any:
    """The value of a key, hidden where the key says that it is a secret."""
    label = key[-100:].lower()
    if value and (label.endswith("header_value") or HIDDEN in redact(f"{label}: xxxxxxxx")):
        return SECRET
    return plain(value, depth + 1)


def stored_value(field: Field[Any, Any], value: Any) -> Any:
    """A value as the database returns it, so that both sides of a comparison are of one type."""
    try:
        return field.to_python(value)
    except Exception:  # What cannot be read would not have been stored.
        return value


def _related(field: ForeignKey[Any, Any], key: Any, row: Model | None) -> Any:
    if key is None:
        return None
    cached = field.is_cached(row) if row is not None else False
    other = getattr(row, field.name) if cached else None
    if other is None or other.pk != key:
        # What a field refers to may be deleted together with the row.
        other = field.related_model._base_manager.filter(
            **{field.target_field.attname: key}
        ).first()
    return text_of(str(other), 200) if other is not None else str(key)


def changes_of(
    field: Field[Any, Any], before: Any, after: Any, row: Model | None, secret: bool
) -> dict[str, Change]:
    """What an entry says of one field that changed; parts of a JSON object are named apart."""
    if secret:
        return {field.name: [SECRET if before else None, SECRET if after else None]}
    if isinstance(field, ForeignKey):
        names = [_related(field, before, None), _related(field, after, row)]
        return {field.name: names}
    if isinstance(before, dict) or isinstance(after, dict):
        return _parts(field.name, before or {}, after or {})
    if isinstance(before, str) and isinstance(after, str):
        before, after = _differing(before, after)
    return {field.name: [plain(before), plain(after)]}


def _parts(name: str, before: Any, after: Any) -> dict[str, Change]:
    if not isinstance(before, dict) or not isinstance(after, dict):
        return {name: [plain(before), plain(after)]}
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return {
        f"{name}.{text_of(str(key), 100)}": [
            _named(str(key), before.get(key), 0), _named(str(key), after.get(key), 0)
        ]
        for key in keys[:_MOST_ITEMS]
    }  # fmt: skip
