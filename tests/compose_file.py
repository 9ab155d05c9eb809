"""docker-compose.yml as `docker compose` reads it: variables replaced, one dictionary a service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docker-compose.yml").read_text()
# The innermost one, which has none in its words.
_VARIABLE = re.compile(r"\$\{(\w+)(?:(:?[-+?])([^${}]*))?\}")
_DOLLAR = "\0"


def replaced(text: str, given: Mapping[str, str]) -> str:
    """`${A}`, `${A:-words}` and `${A:+words}`, also in one another; `$$` is a dollar."""

    def value(match: re.Match[str]) -> str:
        name, how, words = match.groups()
        if how == ":+":
            return words if given.get(name) else ""
        assert how in (None, ":-"), f"this reads no ${{{name}{how}}}"
        return given.get(name) or words or ""

    text = text.replace("$$", _DOLLAR)
    while (once := _VARIABLE.sub(value, text)) != text:
        text = once
    assert "$" not in text, text
    return text.replace(_DOLLAR, "$")


def read(given: Mapping[str, str]) -> dict[str, Any]:
    """The whole file, with the variables that .env or the shell set."""
    found: dict[str, Any] = _each(yaml.safe_load(TEXT), given)
    return found


def _each(part: Any, given: Mapping[str, str]) -> Any:
    if isinstance(part, dict):
        return {name: _each(value, given) for name, value in part.items()}
    if isinstance(part, list):
        return [_each(value, given) for value in part]
    if not isinstance(part, str):
        return part
    text = replaced(part, given)
    # As YAML has it, and not as text: the number of replicas.
    return int(text) if text.isdigit() and part.startswith("${") else text
