"""The state of an alert in the words of any product: fires, ended, acknowledged, or no news.

`state_of` reads the value of a field, `state_of_words` a few words that hold nothing but a state.
Pure functions; names are cleaned in `alert_names.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any


class State(StrEnum):
    FIRING = "firing"
    ENDED = "ended"
    ACKNOWLEDGED = "acknowledged"
    NO_NEWS = "no news"
    """Downtime, maintenance, flapping, pending, a test: nothing fires and nothing has ended."""


_WORDS = {
    State.ENDED: (
        "resolved resolve autoresolved ok okay up recovered recover recovery recovers "
        "closed close clear cleared normal green pass passed passing success successful "
        "successfully succeeded succeeds healthy inactive deactivated operational available online "
        "reachable responding responsive good fixed solved ended end finished complete completed "
        "restored returned reset stable repaired renewed reconnected received exists done "
        "untriggered entwarnung normalisiert behoben beendet gelöst wiederhergestellt erledigt "
        "erreichbar résolu resolu rétabli retabli terminé resuelto recuperado"
    ),
    State.FIRING: (
        "firing fires fired triggered trigger triggers retriggered alarm alarming in_alarm alert "
        "alerting active activated open opened reopened new created problem down downtime raised "
        "failed fails failing failure fail unhealthy red yellow orange amber outage breached "
        "breach violated violation unknown unkn unreachable unreach offline unavailable "
        "unresponsive nodata unresolved ongoing investigating identified bad started unusual "
        "missed late lost expired disconnected error errors critical crit warning warn degraded "
        "major minor fatal emergency disaster severe urgent escalation escalated exceeded notok "
        "trouble needsattention unacknowledged indisponible inaccessible injoignable "
        "alerte alarme alarmmeldung warnung kritisch ausgefallen gestört ausfall störung "
        "panne incidente caído"
    ),
    State.ACKNOWLEDGED: (
        "acknowledged acknowledge acknowledgement acknowledgment acknowledges ack acked bestätigt "
        "quittiert acquitté"
    ),
    State.NO_NEWS: (
        "pending flapping flappingstart flappingstop flappingend flappingdisabled "
        "downtimestart downtimeend downtimeremoved downtimecancelled downtimecanceled maintenance "
        "scheduled suppressed silenced muted snoozed paused disabled inhibited insufficientdata "
        "initializing initialising pend test testing testmessage emailtest wartung"
    ),
}
JOINED = frozenset(
    "notok downtimestart flappingstart needsattention insufficientdata testmessage".split()
)
"""Words that `with_phrases_joined` makes and no sender writes in a name."""
_STATE_BY_WORD = {word: state for state, words in _WORDS.items() for word in words.split()}

BARE = {
    "0": State.ENDED, "false": State.ENDED, "no": State.ENDED, "off": State.ENDED,
    "1": State.FIRING, "true": State.FIRING, "yes": State.FIRING, "on": State.FIRING,
}  # fmt: skip
"""Values without a meaning of their own: what they mean depends on the name of their field."""

WEAK = frozenset(
    "alert alerting alarm problem new error errors critical crit warning warn major minor fatal "
    "emergency disaster severe urgent unknown trouble degraded red yellow orange amber "
    "alerte alarme alarmmeldung warnung kritisch trigger started escalation downtime".split()
)
"""Words that head most mails of a monitor, or say how bad it was: any surer word wins."""

_PHRASES: list[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern, re.IGNORECASE), word)
    for pattern, word in (
        (r"\b(?:not|never|isn'?t) (?:ok|recovered|resolved|up|healthy|normal)\b"
         r"|\bdid(?: not|n'?t) recover\b|\bfailed to recover\b|\bno recovery\b", "notok"),
        (r"\b(?:not|un) ?(?:reachable|responding|available)\b"
         r"|\bnicht (?:erreichbar|verfügbar)\b|\bno disponible\b", "unavailable"),
        (r"\bwieder (?:erreichbar|verfügbar|online|ok|da)\b|\bdisponible de nuevo\b"
         r"|\best (?:de|à) nouveau (?:disponible|accessible|en ligne)\b", "recovered"),
        (r"\best (?=indisponible|inaccessible|injoignable)"
         r"|\bist (?=(?:un)?available\b|recovered\b)", ""),
        (r"\bnot (?:firing|alerting|in alarm|triggered)\b"
         r"|\bno longer (?:down|firing|active|in alarm|alerting|unreachable|failing|critical)\b",
         "recovered"),
        (r"\b(?:is |are |came |went |now )?back (?:up|online|on time|in sync"
         r"|to (?:normal|ok|green|online|service))(?: again| and running)?\b", "recovered"),
        (r"\b(?:returned|restored|reset) to (?:normal|ok|green)\b|\ball clear\b"
         r"|\balarm off\b", "recovered"),
        (r"\b(?:completed|finished|ended|done) with (?:\w+ )?(?:errors?|warnings?|failures?)\b",
         "failed"),
        (r"\b(?:completed|finished|ended|done) (?:successfully|with success|ok|without errors?)\b",
         "succeeded"),
        (r"\b(?:needs|requires) attention\b", "needsattention"),
        (r"(?:^|(?<=[\[:] )|(?<=[\[:])|\bthis is an? )"
         r"test (?:notification|alert|message|e-?mail|event)\b|\bTestAlert\b"
         r"|^[^\W_]{1,20} test (?:notification|message|(?:e-?)?mail)[.!]?$", "testmessage"),
        (r"\bno[ _-]data\b", "nodata"),
        (r"\binsufficient[ _-]data\b", "insufficientdata"),
        (r"\b(?:under|in|entering|entered|leaving|left|planned|scheduled) "
         r"(?:maintenance|downtime)\b", "downtimestart"),
        (r"\b(?:maintenance|downtime)(?: window| mode)? "
         r"(?:start|started|begins|began|ended|end|ends|over|removed|cancell?ed|scheduled"
         r"|completed?|finished|in progress)\b",
         "downtimestart"),
        (r"\b(?:started|starts|stopped|stops) flapping\b"
         r"|\bflapping (?:detected|start|started|stop|stopped|end|ended|disabled)\b",
         "flappingstart"),
        (r"\b(?:no longer|un) ?acknowledged\b", "unacknowledged"),
        (r"\bCUSTOM(?= (?:Service|Host) Alert)", "testing"),
        (r"\bstill (?=\w)", ""),
    )
]  # fmt: skip
_ARROW = re.compile(r"(?<!-)-++>|(?<!=)=++>|→|➔|⇒|>>")
_FROM_TO = re.compile(r"\b([^\W\d_]{2,16}) to ([^\W\d_]{2,16})\b")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ALONE = {"cancelled": State.ENDED, "canceled": State.ENDED, "dismissed": State.ENDED}
"""States only where nothing else is said: a backup that was cancelled is no recovery."""
_SIGNS = {"✅": State.ENDED, "🟢": State.ENDED, "🔴": State.FIRING, "❌": State.FIRING}
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_MAX = 300


def with_phrases_joined(text: str) -> str:
    """The text with each phrase that is one state as one word.

    >>> with_phrases_joined("shop is back up, not OK for mail")
    'shop recovered, notok for mail'
    """
    for pattern, word in _PHRASES:
        text = pattern.sub(word, text)
    return text


def state_of_word(word: str) -> State | None:
    return _STATE_BY_WORD.get(word.lower())


def words_in(text: str) -> list[str]:
    return _WORD.findall(with_phrases_joined(text[:_MAX].replace("_", " ")))


def state_of(value: Any, bare: bool = True) -> State | None:
    """The state that the value of a field means; None for what no product says.

    Of a change such as "OK -> CRIT" the end counts. `bare`: also 0 and 1, yes and no.

    >>> state_of("OK -> CRIT"), state_of("RESOLVED"), state_of(False), state_of("purple")
    (<State.FIRING: 'firing'>, <State.ENDED: 'ended'>, <State.ENDED: 'ended'>, None)
    """
    if isinstance(value, list | tuple):
        found = [state for each in value[:20] if (state := state_of(each, bare))]
        return State.FIRING if State.FIRING in found else found[0] if found else None
    if isinstance(value, float) and value in (0.0, 1.0):
        value = int(value)
    if not isinstance(value, str | int):
        return None
    text = _ARROW.split(str(value).strip()[:_MAX])[-1].strip()
    if text.lower() in BARE:
        return BARE[text.lower()] if bare else None
    if text.lower() in _ALONE:
        return _ALONE[text.lower()]
    text = _CAMEL.sub(" ", text)
    changed = _FROM_TO.search(with_phrases_joined(text))
    if changed and state_of_word(changed[1]) and state_of_word(changed[2]):
        return state_of_word(changed[2])
    # In brackets is the reason: "Normal (NoData)".
    outside = state_of_words(words_in(text.partition("(")[0]))
    return (
        outside
        or state_of_words(words_in(text))
        or next((_SIGNS[sign] for sign in text if sign in _SIGNS), None)
    )


def state_of_words(words: Iterable[str]) -> State | None:
    """The state that some words name: the last sure one, else the first that hints at one."""
    known = [(word.lower(), state) for word in words if (state := state_of_word(word))]
    sure = [state for word, state in known if word not in WEAK]
    return sure[-1] if sure else known[0][1] if known else None
