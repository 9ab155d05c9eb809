"""What the subject of a monitor's mail says: the alert's name, its state, how severe it is.

The subject is cut into segments at brackets, pipes, colons and dashes. A segment that holds nothing
but state, severity and filler ("RECOVERY Service Alert") gives the state; so do a change ("OK ->
CRIT"), "is DOWN" and the last words. What is left over is the name, and without the values that
differ between two mails of one alert it is the key that both halves share. Pure functions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from common.alert_names import alert_name
from common.alert_states import (
    JOINED,
    WEAK,
    State,
    state_of_word,
    state_of_words,
    with_phrases_joined,
)
from common.mail_subject_shapes import known_shape, opposite_in

MAX_SUBJECT = 300


@dataclass(frozen=True)
class Subject:
    state: State | None
    """None where the subject names no state."""
    name: str
    key: str
    """The same for all mails of one alert; empty where nothing but state was written."""
    message: str = ""
    """What follows "is DOWN -": often another text when it ended."""
    severity: str = ""
    is_sure: bool = False
    """Whether more than "alert" or a severity says the state."""


_FORWARDED = re.compile(
    r"\s*(?:re|fwd?|wg|aw|sv|vs|tr|rv|antw|doorst|enc)(?:\s?\[\d{1,3}\])?\s?:\s*", re.IGNORECASE
)
_EMOJI_STATE = {
    "✅": "recovered", "🟢": "recovered", "💚": "recovered", "☑": "recovered", "✔": "recovered",
    "🔴": "down", "🚨": "alert", "❌": "failed", "🔥": "alert", "❗": "alert", "⛔": "down",
    "🚧": "maintenance", "🛠": "maintenance",
}  # fmt: skip
_RATES = frozenset(
    "critical crit warning warn major minor fatal emergency disaster severe urgent high medium low "
    "moderate average information informational info red yellow orange amber".split()
)
_CODE = re.compile(
    r"\b(?:(?:sev|severity|priority|prio)(?:[ :#_=-]{0,3}\d|\s?[:=]\s?[a-z]{3,13})"
    r"|[ps][0-5])\b(?!-)",
    re.IGNORECASE,
)
_FILLER = frozenset(
    "alert alerts alarm alarms monitor monitors monitoring problem problems incident incidents "
    "issue issues event events notification notifications notice service host check status state "
    "severity priority is are was has have been the a an on in for of from since after now new "
    "again reminder and update automatically website site url threshold uptime".split()
)
"""Words that say nothing about which alert it is."""
_PRODUCT = re.compile(
    r"\s*\[?(?:check_?mk|nagios(?: xi)?|icinga ?2?|op5|zabbix|prtg(?: network monitor)?|centreon"
    r"|uptime ?robot|uptime ?kuma|statuscake|pingdom|datadog|monitor alert|opsgenie|pagerduty"
    r"|sentry|cronitor|observium|librenms|sensu|gatus|new relic|dynatrace|better ?stack)\]?"
    r"(?::\s+|\s+[|–-]\s+|(?<=\])\s*)",
    re.IGNORECASE,
)
_MONITORS = frozenset(
    "nagios icinga icinga2 checkmk check_mk zabbix prtg centreon monit munin grafana prometheus "
    "alertmanager splunk graylog system server network".split()
)
"""Words that, beside filler, do not say which alert it is either: "Nagios alert"."""
_CUT = re.compile(r"([\[\]{}()<>|\"“”!,;•·]|\*\*|\s(?:-{1,3}|[–—])\s|:(?=\s|$))")
_DURATION = re.compile(
    r"\b(?:\d{1,5} ?(?:d|h|m|s|ms|days?|hours?|hrs?|minutes?|mins?|seconds?|secs?)\b[ ,]{0,2}"
    r"(?:and )?){1,4}",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?:\b(?:at|on|since) )?\b(?:\d{4}-\d\d-\d\d|\d{1,2}[/.]\d{1,2}[/.]\d{2,4})\b"
    r"(?:[T ,]{1,3}\d{1,2}:\d\d(?::\d\d)?(?:\.\d{1,6})?)?(?:Z\b|\s?[AP]M\b)?"
    r"(?:\s?(?:UTC|GMT|CES?T)\b)?(?:\s?[+-]\d\d:?\d\d\b)?|\b\d{1,2}:\d\d:\d\d\b"
)
_NUMBER = r"[-+]?\d{1,12}(?:[.,]\d{1,6})?"
_UNIT = r"(?: ?%| percent\b| ?(?:ms|[KMGT]i?B|[kMG]bps|°C)\b)"
_VALUE = re.compile(
    # A threshold belongs to the rule, a value only to this mail.
    rf"(?<!above )(?<!below )(?<!over )(?<!under )(?<!than )(?<![<>] )(?<![<>]= )(?<![\w.:/-])"
    rf"(?:{_NUMBER}{_UNIT}|\d{{1,6}}\.\d{{1,6}}(?![\w.]))"
    rf"|(?<=[=]){_NUMBER}(?:{_UNIT}|(?!\w))|(?<=[=:] ){_NUMBER}(?:{_UNIT}|(?![\w.:]))"
)
_ARROW = re.compile(
    r"(?:\bfrom )?\b([A-Za-z]{2,14})\b(?:\s?(?:-+>|=+>|→|➔|⇒)\s?| to )([A-Za-z]{2,14})\b"
)
_NOW = re.compile(r"\b\w{2,12} ended \(now: (\w{2,12})\)", re.IGNORECASE)
_COPULA = re.compile(
    r"\b(?:is|are|was|has|have|went|gone|been|be|now|again|status|state"
    r"|(?:changed|switched|moved) to)"
    r"(?: now| been| again| in| be| automatically){0,2} (?P<state>[A-Za-z]{2,16})"
    r"(?: (?:state|again|now|status))?"
    r"(?=[!.?]{0,3}\s*(?:$|[-–—:,;|()\[\]*!]"
    r"|(?:on|for|after|since|at|in|with|by|from|because|due)\b))",
    re.IGNORECASE,
)
_BY = re.compile(
    r"\b(?:(?:is|was|ha[sv]e? been) )?(?P<state>recovered|resolved|acknowledged|closed|cleared)"
    r"(?: by [^\[\]():;|\"-]{1,60}| from)",
    re.IGNORECASE,
)
_JOB = re.compile(
    r"\b(?P<job>backup|job|check|replication|sync|restore|deployment|build|upgrade|update|task|run"
    r"|export|import|snapshot|scan) "
    r"(?P<state>ok|error|failed|warning|succeeded|successful|passed|restored|recovered)"
    r"(?= (?:of|on|for|in|at)\b)",
    re.IGNORECASE,
)
_RAISED = re.compile(
    r"\b(?P<job>alarm|alert|incident|problem|issue|outage) (?P<state>raised|cleared|resolved"
    r"|triggered|opened|closed|ended|recovered|fired)(?= (?:of|on|for|in|at)\b)",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"\b(?P<job>link|interface|port|peer|neighbou?r|session|tunnel|vpn|bgp|host|node|server|instance"
    r"|connection) (?P<state>down|up|lost|restored)(?= (?:of|on|for|in|at|to|with)\b)",
    re.IGNORECASE,
)
_CAPITALS = re.compile(
    r"(?<=[\s/])(?P<state>RESOLVED|RECOVER(?:ED|Y)|CLEARED|FIRING|TRIGGERED"
    r"|[A-Z]{2,16}(?= (?:on|for|at|of|in)\b))(?=\s)"
)
_LAST = re.compile(r"(?:^|(?<=\s))(?P<state>[^\W\d_]{2,16})[.?\s]{0,4}$")
_FIRST = re.compile(r"\s*(?P<state>[A-Z]{2,16})(?=\s)")
_SURE_AT_END = frozenset(
    "resolved recovered cleared ok successful successfully succeeded fixed restored healthy online "
    "recovery acknowledged failed failing down critical triggered offline unreachable unhealthy "
    "unavailable reachable unresponsive firing notok nodata".split()
)
_BEFORE_ENDED = re.compile(
    r"\b(?:alert|alarm|incident|problem|issue|case|job|backup|violation|outage)$", re.IGNORECASE
)
_NOT = re.compile(
    r"(?:\b(?:not|nicht|keine?|cannot|never|unable|without|no|fail(?:s|ed|ing)? to"
    r"|when|if|until|before)|n't)(?: \w{1,12}){0,2}\s?$",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"\b(?:log-?[io]n|authentication|attack|intrusion|access)\s*$", re.IGNORECASE)
_ANYWHERE_AT_END = frozenset(
    "recovered resolved needsattention downtimestart flappingstart acknowledged".split()
)
_COLOURS = {"red": "critical", "orange": "high", "yellow": "warning", "amber": "warning"}
_HOLLOW = re.compile(r"[\[({]\s*[-–—:;,|/]{0,3}\s*[\])}]")
_LETTER = re.compile(r"[^\W\d_]")
_ID = re.compile(r"#\d{1,12}|\b[A-Z]{1,10}-\d{1,12}\b|(?<=[A-Za-z]):\d{1,6}\b|^\s*\d{1,12}\s*$")
_EMPTY_COUNT = re.compile(r"\b[A-Za-z]+:0\b")
_WORD = re.compile(r"[^\W_]+(?:[._/@:#+-]+[^\W_]+)*")


def without_forwarding(subject: str) -> str:
    """The subject without "Fwd:", "WG:", "Re:" and their like."""
    while found := _FORWARDED.match(subject):
        subject = subject[found.end() :]
    return subject.strip()


def read_subject(subject: str) -> Subject:
    """Reads any text; a subject of nothing but state has an empty key.

    >>> read_subject("** RECOVERY Service Alert: web/HTTP is OK **").name
    'web/HTTP'
    >>> read_subject("Monitor is UP: shop").key == read_subject("Monitor is DOWN: shop").key
    True
    """
    plain = " ".join(without_forwarding(subject).split())[:MAX_SUBJECT]
    shape = known_shape(plain)
    text, message = (shape.name, shape.message) if shape else (plain, "")
    text = _PRODUCT.sub("", text, count=1) or text
    parts = _Parts(text)
    if shape is None and not parts.is_sure and (shape := opposite_in(text)):
        parts = _Parts(shape.name)
    state = shape.state if shape and shape.state else parts.state()
    head = parts.rest
    message = message or parts.message
    key = _key(head) or _key(parts.last_segment, without_filler=True)
    sure = bool(shape and shape.state) or parts.is_sure
    return Subject(state, _name(text, parts), key, _key(message), _severity(parts), sure)


class _Parts:
    """A subject taken apart: what names the state, and the rest."""

    def __init__(self, text: str) -> None:
        self.states: list[tuple[int, int, State, bool]] = []
        """Rank (0 is surest), order (the smallest wins), state, and whether it is a weak word."""
        self.rated: list[str] = []
        self.is_down = False
        self.message = self.last_segment = ""
        for emoji, word in _EMOJI_STATE.items():
            text = text.replace(emoji, f"; {word}; ")
        text = with_phrases_joined(text)
        if "testmessage" in text:
            self._add(0, "testmessage")
        text = _NOW.sub(self._changed, text)
        text = _ARROW.sub(self._changed, text)
        self.without_segments = self._take_segments(text)
        self.named = ""
        self.rest = self._take_inner(self.without_segments)

    def state(self) -> State | None:
        """The surest state; weak words decide only where there is no other."""
        sure = [each for each in self.states if not each[3]]
        found = sure or self.states
        return min(found)[2] if found else None

    @property
    def is_sure(self) -> bool:
        return not all(weak for _, _, _, weak in self.states)

    def _add(self, rank: int, word: str, order: int = 0) -> None:
        state = state_of_word(word)
        self._rate(word)
        if word.lower() in _RATES:
            state = state or State.FIRING
        if state:
            rank = 0 if word in JOINED and state == State.NO_NEWS else rank
            self.states.append((rank, order, state, word.lower() in WEAK | _RATES))

    def _rate(self, word: str) -> None:
        if word.lower() in _RATES:
            self.rated.append(word.lower())
        self.is_down |= word.lower() in ("down", "unreachable", "unreach")

    def _changed(self, found: re.Match[str]) -> str:
        words = [word for word in found.groups() if word]
        if not all(state_of_word(word) or word.lower() in _RATES for word in words):
            return found[0]
        last = words[-1]
        state = state_of_word(last) or State.FIRING
        self._rate(last)
        self.states.append((0, -len(self.states), state, False))
        return " ; "

    def _take_segments(self, text: str) -> str:
        """Take out the segments that hold nothing but state."""
        pieces = _CUT.split(text)
        for number in range(0, len(pieces), 2):
            bare = _DURATION.sub(" ", _EMPTY_COUNT.sub(" ", pieces[number]))
            bare = _CODE.sub(self._coded, _ID.sub(" ", bare))
            words = _WORD.findall(bare)
            if not pieces[number].strip():
                continue
            if not words:
                # A count or an id alone; a number in the middle of a name stays with it.
                if not pieces[number].strip().isdigit() or number < len(pieces) - 1:
                    pieces[number] = ""
                continue
            known = [w for w in words if state_of_word(w) or w.lower() in _RATES]
            if known and all(w in known or w.lower() in _FILLER for w in words):
                self.last_segment = pieces[number]
                pieces[number] = ""
                self._add_segment(known, number)
                if self._begins_message(pieces, number):
                    self.message = "".join(pieces[number + 1 :])
                    return "".join(pieces[:number])
        return "".join(pieces)

    def _begins_message(self, pieces: list[str], number: int) -> bool:
        """Whether brackets after a bare state hold its reason: "Ping (Probe) Down (Timeout)"."""
        if number + 2 >= len(pieces) or pieces[number + 1] != "(" or number == 0:
            return False
        bare = pieces[number - 1] not in ("(", "[", "{", "<", "|", "**")
        return bare and bool(_WORD.search("".join(pieces[:number])))

    def _add_segment(self, words: list[str], order: int) -> None:
        for word in words:
            self._rate(word)
        state = state_of_words(words) or State.FIRING
        weak = all(word.lower() in WEAK | _RATES for word in words)
        self.states.append((1, order, state, weak))

    def _coded(self, found: re.Match[str]) -> str:
        self.rated.insert(0, found[0])
        return " "

    def _take_inner(self, text: str) -> str:
        """Take out states inside what is left: in front, after "is", at an end."""
        first = _FIRST.match(text)
        if first and text.upper() != text and state_of_word(first["state"]):
            self._add(2, first["state"])
            text = text[first.end() :]
        if text.upper() != text:
            text = _CAPITALS.sub(self._inner, text)
        for pattern in (_BY, _JOB, _RAISED, _LINK):
            text = pattern.sub(self._inner, text)
        known = (each for each in _COPULA.finditer(text) if state_of_word(each["state"]))
        found = next(known, None)
        if found and self._inner(found) != found[0]:
            tail = text[found.end() :].strip()
            text = text[: found.start()]
            if tail[:1].isalpha():
                text = f"{text} {tail}"
            elif _WORD.search(text):
                self.message = tail
            else:
                text = tail
        return self._take_ends(text)

    def _take_ends(self, text: str) -> str:
        pieces = _CUT.split(text)
        named = list(pieces)
        filled = [number for number in range(0, len(pieces), 2) if _WORD.search(pieces[number])]
        for number in filled:
            end = _LAST.search(pieces[number], max(0, len(pieces[number]) - 24))
            if end is None:
                continue
            before = pieces[number][: end.start()]
            if not self._ends(before, end["state"], number == filled[-1]):
                continue
            meant = self._meant(before, end["state"])
            self._add(4, meant, -number)
            if meant == "notok":
                continue
            pieces[number] = before if _LETTER.search(before) else ""
            if end["state"].isupper() or state_of_word(meant) != State.FIRING:
                # "Recovery job failed" is a name; "Recovery job" says nothing.
                named[number] = pieces[number]
            if number != filled[-1] and _WORD.search(before):
                self.message = self.message or "".join(pieces[number + 1 :])
                pieces, named = pieces[: number + 1], named[: number + 1]
                break
        self.named = "".join(named)
        return "".join(pieces)

    def _inner(self, found: re.Match[str]) -> str:
        """Note a state and take it out; one that is denied stays in the text."""
        if state_of_word(found["state"]) is None:
            return found[0]
        meant = self._meant(found.string[: found.start()], found["state"])
        self._add(3, meant, -found.start())
        if meant == "notok":
            return found[0]
        return f"{found['job']} " if "job" in found.re.groupindex else " "

    def _meant(self, before: str, word: str) -> str:
        """The word, or its opposite after a "not": what could not be resolved is an error."""
        ended = state_of_word(word) == State.ENDED
        return "notok" if ended and _NOT.search(before[-40:]) else word

    def _ends(self, before: str, word: str, last: bool) -> bool:
        """Whether the last word of a segment is its state, and no part of a name."""
        if state_of_word(word) is None:
            return False
        if not _WORD.search(before):
            return True
        if word.isupper() and len(word) > 1 and not before.isupper():
            return True
        if word.lower() in _ANYWHERE_AT_END:
            return True
        if word.lower().startswith("succe") and _LOGIN.search(before):
            return False
        return last and (word.lower() in _SURE_AT_END or bool(_BEFORE_ENDED.search(before.strip())))


def _severity(parts: _Parts) -> str:
    """The sender's word; that something is down says it where nothing else does."""
    if parts.rated:
        return _COLOURS.get(parts.rated[0], parts.rated[0])[:50]
    return "down" if parts.is_down and parts.state() == State.FIRING else ""


def _name(text: str, parts: _Parts) -> str:
    """The shortest that is left without the state."""
    texts = [text, _tidy(parts.without_segments), _tidy(parts.named)]
    found = [alert_name(each) for each in texts if not JOINED & set(_WORD.findall(each))]
    found = [each for each in found if _LETTER.search(each)]
    return min((each for each in found if each), key=len, default="") or alert_name(text)


def _tidy(text: str) -> str:
    return " ".join(_HOLLOW.sub(" ", text).split()).strip(" -–—:;,|")


def _key(text: str, without_filler: bool = False) -> str:
    """The words that are the same in every mail of one alert."""
    text = _VALUE.sub(" ", _DURATION.sub(" ", _TIME.sub(" ", text)))
    words = [word.lower() for word in _WORD.findall(text)]
    own = [word for word in words if word not in _FILLER]
    if len(own) < len(words) and _MONITORS.issuperset(own):
        return ""
    return " ".join(own or ([] if without_filler else words))[:MAX_SUBJECT]
