"""Parts the head of a Markdown file, in YAML or TOML, from its text."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from common.file_import import BadFile
from common.yaml_documents import load_yaml
from kb.importers.base import CannotImport

_MARK = re.compile(r"(---|\+\+\+|;;;)[ \t]{0,20}(?:toml|yaml|json)?[ \t]{0,20}$", re.IGNORECASE)
_MAX_LINES = 500
_NESTED = ("extra", "params", "incident", "postmortem")
"""Tables that hold what generators of sites do not know themselves."""


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """The head and the text behind it. Raises CannotImport for a head that cannot be read."""
    lines = text.lstrip("\ufeff\r\n ").splitlines()
    mark = _MARK.match(lines[0]) if lines else None
    if mark is None or mark[1] == ";;;":
        return {}, text
    end = next(
        (n for n, line in enumerate(lines[1:_MAX_LINES], 1) if line.rstrip() in (mark[1], "...")), 0
    )
    if not end:
        return {}, text
    head, body = "\n".join(lines[1:end]), "\n".join(lines[end + 1 :])
    try:
        found = tomllib.loads(head) if mark[1] == "+++" else load_yaml(head)
    except (BadFile, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise CannotImport(f"its front matter cannot be read: {reason}") from None
    if found is None:
        return {}, body
    if not isinstance(found, dict):
        # A line of dashes above a text is a rule, not a head.
        if isinstance(found, str):
            return {}, text
        raise CannotImport("its front matter is no list of keys and values")
    own = (found.get(name) for name in _NESTED)
    nested = {key: value for each in own if isinstance(each, dict) for key, value in each.items()}
    return {**nested, **found}, body
