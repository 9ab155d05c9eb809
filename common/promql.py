"""What an alert's PromQL expression measures, and from which value on it fires.

An alerting rule is a condition; a chart needs the curve behind it. This reads the condition by its
tokens alone: comparisons with a constant become thresholds, `and`, `or` and `unless` separate
measures. It is no full parser: what it cannot read stays one curve without a threshold.

The language: https://prometheus.io/docs/prometheus/latest/querying/operators/ (precedence).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.numbers import plain_number

MAX_LENGTH = 5_000
MAX_CURVES = 4
MAX_PARENTHESES = 20

_TOKEN = re.compile(
    r"""
      (?P<string> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | `[^`]*` )
    | (?P<comment> \#[^\n]* )
    | (?P<number> (?:0[xX][0-9a-fA-F]+ | (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[0-9a-zA-Z]* )
    | (?P<name> [A-Za-z_:][A-Za-z0-9_:]* )
    | (?P<compare> == | != | <= | >= | =~ | !~ | < | > )
    | (?P<open> [(\[{] )
    | (?P<close> [)\]}] )
    | (?P<other> \S )
    """,
    re.VERBOSE,
)
_MATCHING = {"(": ")", "[": "]", "{": "}"}
_SET_OPERATORS = {"and", "or", "unless"}
_COMPARE: dict[str, Callable[..., Any]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
    "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_COMPARISONS = set(_COMPARE)
_FLIPPED = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "==": "==", "!=": "!="}
_MODIFIERS = {"on", "ignoring", "group_left", "group_right", "bool"}
_KEYWORDS = {*_SET_OPERATORS, *_MODIFIERS, "by", "without", "offset", "inf", "nan", "start", "end"}
_INTERVALS = re.compile(r"\$\{?__(?:rate_interval|interval|range)\b\}?")
"""Grafana's variables, which its links may still hold."""
_COUNTERS = ("_total", "_count", "_sum", "_bucket")


@dataclass(frozen=True)
class Threshold:
    """The condition under which an alert fires: a comparison and the value compared with."""

    comparison: str
    value: float

    def __str__(self) -> str:
        return f"{self.comparison} {self.value:.12g}"

    @property
    def words(self) -> str:
        """For people: without an exponent of ten."""
        return f"{self.comparison} {plain_number(self.value)}"

    def holds(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """For each value whether the alert's condition holds."""
        return np.asarray(_COMPARE[self.comparison](values, self.value), bool)

    @classmethod
    def parse(cls, text: str) -> Threshold | None:
        """Reads what `str` wrote; None for anything else."""
        comparison, _, value = text.partition(" ")
        try:
            return cls(comparison, float(value)) if comparison in _COMPARISONS else None
        except ValueError:
            return None


def threshold_words(text: str) -> str:
    """What `Threshold.parse` reads, for people; empty where it reads nothing."""
    threshold = Threshold.parse(text)
    return threshold.words if threshold else ""


@dataclass(frozen=True)
class Curve:
    """One measure of an alert's expression: what to query, and its threshold if it has one."""

    query: str
    threshold: Threshold | None = None


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int
    depth: int
    inside: str
    """The bracket that is open right around it; empty outside all."""


def curves_of(expression: str) -> list[Curve]:
    """The measures of an alert's expression, the one whose value it shows first; each once.

    At most MAX_CURVES. Empty for an expression that is empty, longer than MAX_LENGTH characters,
    not balanced, or not PromQL (LogQL, which pipes log lines).

    >>> curves_of('rate(errors[5m]) > 0.9')
    [Curve(query='rate(errors[5m])', threshold=Threshold(comparison='>', value=0.9))]
    """
    text = _INTERVALS.sub("5m", expression)
    if len(text) > MAX_LENGTH:
        return []
    tokens = _tokens(text)
    if not tokens or any(token.text == "|" for token in tokens):
        return []
    found: list[Curve] = []
    waiting = [tokens]
    while waiting and len(found) < MAX_CURVES:
        pieces = _pieces(_without_parentheses(waiting.pop(0)), _SET_OPERATORS)
        if len(pieces) > 1:
            waiting = pieces + waiting
            continue
        for piece in pieces:
            curves = [curve for curve in _curves_of_part(text, piece) if _measures(curve.query)]
            found += [curve for curve in curves if curve not in found]
    return found[:MAX_CURVES]


def _measures(query: str) -> bool:
    """Whether a query reads any series: `vector(0)` and `time()` do not."""
    return "{" in query or bool(metrics_in(query))


def metrics_in(expression: str) -> list[str]:
    """Names of the metrics that a PromQL expression reads, each once, in order.

    >>> metrics_in('sum by (job) (rate(http_requests_total{code=~"5.."}[5m])) > 3')
    ['http_requests_total']
    """
    tokens = _tokens(expression[:MAX_LENGTH]) or []
    names: dict[str, None] = {}
    skip_group = False
    for at, token in enumerate(tokens):
        before = tokens[at - 1].text if at else ""
        following = tokens[at + 1].text if at + 1 < len(tokens) else ""
        if token.text == "(" and before in ("by", "without", *_MODIFIERS):
            skip_group = True
        elif token.text == ")":
            skip_group = False
        if token.kind != "name" or skip_group or following == "(":
            continue
        if following in ("by", "without") or token.text.lower() in _KEYWORDS:
            continue
        if token.inside not in ("{", "["):
            names.setdefault(token.text)
    return list(names)


_AGGREGATIONS = frozenset(
    "sum avg min max count stddev stdvar group count_values bottomk topk quantile".split()
)


def keeps_labels(expression: str, labels: Collection[str]) -> bool:
    """Whether the series of an expression still have these labels, so that they tell them apart.

    >>> keeps_labels("sum by (job) (x)", ["job"]), keeps_labels("sum(x)", ["job"])
    (True, False)
    """
    tokens = _tokens(expression[:MAX_LENGTH]) or []
    words = [token.text.lower() for token in tokens]
    groups = 0
    for at, word in enumerate(words):
        if word in ("by", "without") and words[at + 1 : at + 2] == ["("]:
            inside = words[at + 2 : words.index(")", at)]
            if any((label.lower() in inside) != (word == "by") for label in labels):
                return False
            groups += 1
    aggregated = sum(
        word in _AGGREGATIONS and following in ("(", "by", "without")
        for word, following in pairwise([*words, ""])
    )
    return groups >= aggregated


def is_counter(metric: str) -> bool:
    """Whether a metric only grows, by the naming conventions of Prometheus."""
    return metric.endswith(_COUNTERS)


def _tokens(text: str) -> list[_Token] | None:
    """Tokens without comments, each with the brackets that are open around it.

    None when brackets do not match.
    """
    tokens: list[_Token] = []
    stack: list[str] = []
    for match in _TOKEN.finditer(text):
        kind, found = str(match.lastgroup), match[0]
        if kind == "comment":
            continue
        if kind == "close" and (not stack or _MATCHING[stack.pop()] != found):
            return None
        inside = stack[-1] if stack else ""
        tokens.append(_Token(kind, found, match.start(), match.end(), len(stack), inside))
        if kind == "open":
            stack.append(found)
    return None if stack else tokens


def _without_parentheses(tokens: list[_Token]) -> list[_Token]:
    """The tokens without parentheses around all of them, as deep as people write them."""
    for _ in range(MAX_PARENTHESES):
        if len(tokens) < 3 or tokens[0].text != "(":
            break
        depth = tokens[0].depth
        end = next(
            i for i, token in enumerate(tokens) if token.text == ")" and token.depth == depth
        )
        if end != len(tokens) - 1:
            break
        tokens = tokens[1:-1]
    return tokens


def _pieces(tokens: list[_Token], separators: set[str]) -> list[list[_Token]]:
    """The stretches between separators outside all brackets, without those that are empty."""
    if not tokens:
        return []
    level = min(token.depth for token in tokens)
    pieces: list[list[_Token]] = [[]]
    for token in tokens:
        if token.depth == level and token.kind == "name" and token.text.lower() in separators:
            pieces.append([])
        else:
            pieces[-1].append(token)
    first, *others = pieces
    return [piece for piece in (first, *map(_without_modifiers, others)) if piece]


def _without_modifiers(tokens: list[_Token]) -> list[_Token]:
    """An operand without the `bool`, `on (…)` and `group_left (…)` before it."""
    while tokens and tokens[0].kind == "name" and tokens[0].text.lower() in _MODIFIERS:
        labelled = tokens[0].text.lower() != "bool"
        tokens = tokens[1:]
        if labelled and tokens and tokens[0].text == "(":
            depth = tokens[0].depth
            closing = (i for i, t in enumerate(tokens) if t.text == ")" and t.depth == depth)
            tokens = tokens[next(closing) + 1 :]
    return tokens


def _curves_of_part(text: str, tokens: list[_Token]) -> list[Curve]:
    """The curves of an expression without set operators: its last comparison is the condition."""
    if not tokens:
        return []
    level = min(token.depth for token in tokens)
    comparisons = [at for at, t in enumerate(tokens) if t.depth == level and t.text in _COMPARISONS]
    if not comparisons:
        return _plain(text, _present(tokens))
    at = comparisons[-1]
    left, right = tokens[:at], _without_modifiers(tokens[at + 1 :])
    if not left or not right:
        return []
    comparison = tokens[at].text
    limit, other = _constant(right), _constant(left)
    if limit is not None and other is None:
        # Of `0 < x < 5` the last comparison is the threshold; the others hide part of the curve.
        parts = (left[i + 1 : j] for i, j in pairwise([-1, *comparisons[:-1], len(left)]))
        measures = [part for part in parts if part and _constant(part) is None]
        return [Curve(_text(text, each), Threshold(comparison, limit)) for each in measures[:1]]
    if other is not None and limit is None:
        return [Curve(_text(text, right), Threshold(_FLIPPED[comparison], other))]
    return [*_plain(text, left), *_plain(text, right)]


def _plain(text: str, tokens: list[_Token]) -> list[Curve]:
    return [] if _constant(tokens) is not None else [Curve(_text(text, tokens))]


def _present(tokens: list[_Token]) -> list[_Token]:
    """`absent(x)` has no curve before it fires; what is missing has one."""
    if len(tokens) > 3 and tokens[0].text == "absent" and tokens[1].text == "(":
        inner = _without_parentheses(tokens[1:])
        return inner if len(inner) == len(tokens) - 3 else tokens
    return tokens


def _text(text: str, tokens: list[_Token]) -> str:
    """The words of some tokens as they were written, without comments between them."""
    tokens = _without_parentheses(tokens)
    parts = [tokens[0].text]
    for before, token in pairwise(tokens):
        gap = text[before.end : token.start]
        parts += [" " if gap else "", token.text]
    return "".join(parts)


_DURATION = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}


def _number(word: str) -> float | None:
    try:
        return float(int(word, 16)) if word[:2].lower() == "0x" else float(word)
    except (ValueError, OverflowError):
        pieces = re.findall(r"(?<!\d)(\d{1,18})(ms|[smhdwy])", word)
        if not pieces or "".join(n + unit for n, unit in pieces) != word:
            return None
        return float(sum(int(n) * _DURATION[unit] for n, unit in pieces))


def _constant(tokens: Sequence[_Token]) -> float | None:
    """The value of arithmetic on numbers alone; None for anything else."""
    if not tokens or len(tokens) > 40:
        return None
    try:
        reader = _Arithmetic(tokens)
        value = reader.sum()
    except (ValueError, ArithmeticError):
        return None
    finite = not isinstance(value, complex) and value == value and abs(value) != float("inf")
    return value if reader.at == len(tokens) and finite else None


class _Arithmetic:
    """Reads `+ - * / % ^` and parentheses by precedence. Raises ValueError for anything else."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self.tokens, self.at = tokens, 0

    def _next(self, *wanted: str) -> str:
        if self.at < len(self.tokens) and self.tokens[self.at].text in wanted:
            self.at += 1
            return self.tokens[self.at - 1].text
        return ""

    def sum(self) -> float:
        value = self.product()
        while sign := self._next("+", "-"):
            value = value + self.product() if sign == "+" else value - self.product()
        return value

    def product(self) -> float:
        value = self.signed()
        while sign := self._next("*", "/", "%"):
            other = self.signed()
            value = (
                value * other if sign == "*" else value / other if sign == "/" else value % other
            )
        return value

    def signed(self) -> float:
        negative = False
        while sign := self._next("-", "+"):
            negative ^= sign == "-"
        value = self.power()
        return -value if negative else value

    def power(self) -> float:
        base = self.single()
        return base ** self.signed() if self._next("^") else base

    def single(self) -> float:
        if self._next("("):
            value = self.sum()
            if not self._next(")"):
                raise ValueError("no closing parenthesis")
            return value
        token = self.tokens[self.at] if self.at < len(self.tokens) else None
        number = _number(token.text) if token and token.kind == "number" else None
        if number is None:
            raise ValueError("no number")
        self.at += 1
        return number
