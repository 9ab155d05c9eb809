"""The name of an alert, out of a title as monitors, pagers and chat bots write it. Pure functions.

Two titles of one alert, when it fires and when it ends, give the same name.
"""

from __future__ import annotations

import html
import re

MAX_TITLE = 2_000
"""Longer text is prose; what follows is not read."""

_TAG = re.compile(
    r"</?(?:a|abbr|b|br|code|div|em|font|h[1-6]|hr|i|img|li|ol|p|pre|s|small|span|strong|sub|sup"
    r"|table|tbody|td|th|tr|u|ul)(?:\s[^<>]{0,300})?/?>",
    re.IGNORECASE,
)
_CHAT_LINK = re.compile(r"<(https?://[^<>|\s]{1,500})(?:\|([^<>|]{1,300}))?>")
_CHAT_MENTION = re.compile(r"<[@!#][^<>\s]{1,100}(?:\|[^<>]{0,100})?>|<at>[^<>]{0,100}</at>")
_LINK = re.compile(r"!?\[([^\[\]]{1,300})\]\((?:<[^<>\n]{0,1000}>|[^()\s]{1,1000})\)")
_MENTION = re.compile(r"(?<!\S)@[A-Za-z][\w.+@-]{1,149}")
_TEMPLATE = re.compile(r"\{\{[^{}]{0,200}\}\}|%%%")
_EMOJI_NAME = re.compile(r"(?<![\w:]):[a-z][a-z0-9_+-]{1,40}:(?![\w:])")
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff\ufe0e\ufe0f]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_BOLD = re.compile(r"\*{2,}|~~")
_STARS = re.compile(r"(?<![^\s([])\*(\S[^*]{0,300})\*(?!\w)")
_UNDERSCORES = re.compile(r"(?<![^\s([])_([^\s_](?:[^_]{0,300}[^\s_])?)_(?![\w])")
_LINE_MARK = re.compile(r"^[ \t]{0,20}(?:#{1,6}|>|[-*+•])[ \t]+", re.MULTILINE)

_STATE = (
    r"firing|fired|triggered|re-?triggered|alarm(?:ing)?|alert(?:ing|ed)?|active|new|open(?:ed)?"
    r"|problem|resolved|recover(?:y|ed)|closed|cleared|ok(?:ay)?|up|down|normal|acknowledge(?:d|ment)"
    r"|ack(?:ed)?|pending|flapping(?:start|stop)?|unreachable|unknown|no[ -]?data"
    r"|insufficient[ _]data|critical|crit|warning|warn|info|information(?:al)?|fatal|emergency"
    r"|disaster|urgent|severe|major|minor|high|medium|average|moderate|low|notice|debug"
    r"|not classified"
)
_PRIORITY = (
    r"(?:p|s)[0-5]|(?:sev|severity|priority|prio)[ :#_-]{0,3}(?:[0-5]|critical|high|medium|low)"
)
_COUNT = r"x ?\d{1,6}|\d{1,6} ?x|\d{1,6} (?:alerts?|events?|problems?|times)|#\d{1,12}"
_NOISE = re.compile(
    rf"(?:(?:{_STATE}|{_PRIORITY}|{_COUNT}|error|monitor|alert)(?:[ ]?[:×][ ]?\d{{1,6}})?"
    r"(?:[ ]?[,/|&:;·-][ ]?|[ ]+|[!.]{0,3}$))+",
    re.IGNORECASE,
)
_ON_GROUP = re.compile(rf"(?:{_STATE}) (?:on|for) \{{[^{{}}]{{0,300}}\}}", re.IGNORECASE)
_BRACKETS = re.compile(r"[\[(【]([^\[\]()【】]{1,330})[\])】]")
_FRONT = re.compile(
    # With a separator in any case; without one only in capitals: "Down payments fail" is a name,
    # "ERROR BUDGET BURN" is one too, and "Error: refused" begins with the type of an error.
    rf"(?:(?i:re|fwd?|aw|wg|{_STATE}|(?!s\d){_PRIORITY})|ERROR|ERR)"
    r"(?:\s?[:!|]+\s*|\s++[-–—]+\s+|\s*+=>\s*)"
    r"|(?:P[0-5]|(?i:sev|severity|priority|prio)[ :#_-]{0,3}[0-5])\s+"
    rf"|(?:(?i:resolved|recovered|ok) (?i:in|after) [\dhmsd ]{{1,20}}: ?)"
    r"|(?:FIRING|TRIGGERED|ALARM|ALERT|PROBLEM|RESOLVED|RECOVERY|RECOVERED|CLOSED|CLEARED|OK"
    r"|ACKNOWLEDGEMENT|CRITICAL|CRIT|WARNING|WARN|UNKNOWN|DISASTER|ERROR|INFO|DOWN|UP)\s++(?=.*[a-z])"
    r"|(?i:(?:service|host|monitor)(?: problem| recovery)? alert)\s?:\s*"
    r"|(?i:monitor) is (?i:up|down)\s?:\s*"
)
_END = re.compile(
    r"(?:\s(?:(?:is|are|went|now) |(?:->|=>|→|:|-) ?))?\b"
    r"(?:FIRING|TRIGGERED|ALARM|RESOLVED|RECOVERED|CRITICAL|CRIT|WARNING|WARN|UNKNOWN|OK|DOWN|UP"
    r"|(?i:(?:alert|alarm|incident|issue|monitor|problem)"
    r" (?:is |was |has )?(?:triggered|resolved|recovered|closed|opened|started|ended)))"
    r"[!.]{0,5}$"
)
_CODE = re.compile(
    r"(?:^|[\[(\s])(P[0-5]|(?i:sev)[ -]?[0-5])(?=[\])\s:|-]|$)"
    r"|\[\s?((?i:critical|crit|high|warning|warn|info|urgent|fatal|disaster|error|major|minor|low))"
    r"\s?\]"
)
_WRAPPED = re.compile(r"\[([^\[\]]+)\]|[\"“]([^\"“”]+)[\"”]")
_SEPARATORS = " \t-–—:;,|·•>"
_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]+")


def plain_title(title: str, limit: int = 200) -> str:
    """One line without mark-up, mentions, emoji and template variables; words are as they were.

    >>> plain_title("*Checkout* slow <!here> :fire: see [runbook](https://wiki.example/r)")
    'Checkout slow see runbook'
    """
    text = _INVISIBLE.sub("", title[:MAX_TITLE])
    if "&" in text:
        text = html.unescape(text)
    text = _CHAT_MENTION.sub(" ", text)
    text = _CHAT_LINK.sub(lambda found: found[2] or found[1], text)
    text = _TAG.sub(" ", text)
    text = _LINK.sub(r"\1", text)
    for noise in (_TEMPLATE, _EMOJI_NAME, _EMOJI, _MENTION):
        text = noise.sub(" ", text)
    text = _LINE_MARK.sub("", text)
    text = _BOLD.sub(" ", text)
    text = _STARS.sub(r"\1", text)
    text = _UNDERSCORES.sub(r"\1", text).replace("`", "")
    return " ".join(text.split())[:limit].strip()


def alert_name(title: str, limit: int = 200) -> str:
    """The name alone: without state, priority and count either. Empty only for an empty title.

    >>> alert_name("[FIRING:2] [P1] *Disk full* @oncall"), alert_name("CRITICAL: Disk full")
    ('Disk full', 'Disk full')
    >>> alert_name("Down payments fail"), alert_name("[search/api] [Triggered] 5xx")
    ('Down payments fail', '[search/api] 5xx')
    """
    plain = plain_title(title, MAX_TITLE)
    name = " ".join(_BRACKETS.sub(_without_noise, plain).split())
    before = ""
    while name != before:
        before = name
        name = name.lstrip(_SEPARATORS)
        front = _FRONT.match(name)
        if front:
            name = name[front.end() :]
        name = name.rstrip(_SEPARATORS)
    name = _without_end(name)
    if wrapped := _WRAPPED.fullmatch(name):
        name = wrapped[1] or wrapped[2]
    written = name if _WORD.search(name) else plain or " ".join(title.split())
    return written[:limit].strip()


def _without_noise(found: re.Match[str]) -> str:
    inside = " ".join(found[1].split())
    return " " if _NOISE.fullmatch(inside) or _ON_GROUP.fullmatch(inside) else found[0]


def _without_end(name: str) -> str:
    """The name without states in capitals at its end."""
    for _ in range(3):
        # Only the last words matter, so that the pattern is not tried all along a long text.
        found = _END.search(name, max(0, len(name) - 40))
        if found is None:
            break
        name = name[: found.start()].rstrip(_SEPARATORS)
    return name


def names_it(title: str, name: str) -> bool:
    """Whether a title holds a service's name as words, however they are joined.

    >>> names_it("OrdersDbDown", "orders-db"), names_it("Webhooks are slow", "web")
    (True, False)
    """
    wanted, held = _words(name), _words(title)
    return bool(wanted) and any(
        held[at : at + len(wanted)] == wanted for at in range(len(held) - len(wanted) + 1)
    )


def titled(name: str, service: str, limit: int = 300) -> str:
    """The title of an incident: the alert's name, with the service in front if it lacks it.

    >>> titled("HighErrorRate", "checkout")
    'checkout: HighErrorRate'
    """
    if not service or names_it(name, service):
        return name[:limit]
    return f"{service}: {name}"[:limit]


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(_CAMEL_CASE.sub(" ", text))]


def priority_in(title: str) -> str:
    """The priority or severity that a title carries: "P1", "SEV-2", "critical"; empty without.

    >>> priority_in("[P2] [Warn] Slow"), priority_in("Upload to S3 fails")
    ('P2', '')
    """
    found = _CODE.search(title[:MAX_TITLE])
    return (found[1] or found[2]) if found else ""
