"""The log lines behind an alert's LogQL expression.

The language: https://grafana.com/docs/loki/latest/query/ (a stream selector, then a pipeline).
"""

from __future__ import annotations

import re

from common.promql import MAX_LENGTH

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|[\s\S]')


def log_query_in(expression: str) -> str:
    """The first log query inside a LogQL expression; empty where there is none.

    >>> log_query_in('sum(rate({app="shop"} |= "error" [5m])) > 10')
    '{app="shop"} |= "error"'
    """
    start = expression.find("{")
    # PromQL has selectors too, but no pipeline, and a metric's name before them.
    named = start > 0 and re.search(r"[A-Za-z0-9_:]$", expression[:start])
    if start < 0 or named or len(expression) > MAX_LENGTH:
        return ""
    depth, selector_ended, parts = 0, False, []
    for match in _PIECE.finditer(expression, start):
        piece = match[0]
        depth += piece == "("
        # A range, or the function around it, ends the query.
        if selector_ended and (piece == "[" or (piece == ")" and depth == 0)):
            break
        depth -= piece == ")"
        parts.append(piece)
        selector_ended = selector_ended or piece == "}"
    return "".join(parts).strip() if selector_ended else ""
