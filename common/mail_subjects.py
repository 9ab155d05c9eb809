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
from common.mail_subject_patterns import (
    ANYWHERE_AT_END,
    ARROW,
    BEFORE_ENDED,
    BY,
    CAPITALS,
    CODE,
    COLOURS,
    COPULA,
    CUT,
    DANGLING,
    DURATION,
    EMOJI_STATE,
    EMPTY_COUNT,
    FILLER,
    FIRST,
    FORWARDED,
    HOLLOW,
    HOW_ALERTS_END,
    HOW_JOBS_END,
    ID,
    IN_REGION,
    JOB,
    JOB_AT_END,
    JOINS,
    LAST,
    LEADING,
    LETTER,
    LINK,
    LOGIN,
    MONITORS,
    NO_SEVERITY,
    NOT,
    NOT_WELL,
    NOW,
    PLANNED,
    PRODUCT,
    RAISED,
    RATES,
    REPORT,
    SAYS_WHAT,
    SURE_AT_END,
    TIME,
    UP_OR_DOWN,
    VALUE,
    WHOLE,
    WORD,
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


def without_forwarding(subject: str) -> str:
    """The subject without "Fwd:", "WG:", "Re:" and their like."""
    subject = subject[: 10 * MAX_SUBJECT].strip()
    while found := FORWARDED.match(subject):
        subject = (found["inside"] or subject[found.end() :]).strip()
    return subject


def read_subject(subject: str) -> Subject:
    """Reads any text; a subject of nothing but state has an empty key.

    >>> read_subject("** RECOVERY Service Alert: web/HTTP is OK **").name
    'web/HTTP'
    >>> read_subject("Monitor is UP: shop").key == read_subject("Monitor is DOWN: shop").key
    True
    """
    plain = NO_SEVERITY.sub("", " ".join(without_forwarding(subject).split())[:MAX_SUBJECT])
    shape = known_shape(plain)
    text = shape.name if shape else plain
    text = PRODUCT.sub("", text, count=1) or text
    parts = _Parts(text)
    if shape is None and not parts.is_sure and (shape := opposite_in(text)):
        parts = _Parts(shape.name)
    state = shape.state if shape and shape.state else parts.state()
    if state is None and REPORT.search(text) and not NOT_WELL.search(text):
        state = State.NO_NEWS
    head = parts.rest
    key = _key(head) or _key(parts.last_segment, without_filler=True)
    sure = bool(shape and shape.state) or parts.is_sure
    severity = (shape.severity if shape else "") or _severity(parts)
    return Subject(state, _name(text, parts), key, _key(parts.message), severity, sure)


class _Parts:
    """A subject taken apart: what names the state, and the rest."""

    def __init__(self, text: str) -> None:
        self.states: list[tuple[int, int, State, bool]] = []
        """Rank (0 is surest), order (the smallest wins), state, and whether it is a weak word."""
        self.rated: list[str] = []
        self.is_down = False
        self.message = self.last_segment = ""
        for emoji, word in EMOJI_STATE.items():
            text = text.replace(emoji, f"; {word}; ")
        text = with_phrases_joined(text)
        if "testmessage" in text or PLANNED.search(text):
            self._add(0, "testmessage")
        text = NOW.sub(self._changed, text)
        text = ARROW.sub(self._changed, text)
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
        if word.lower() in RATES:
            state = state or State.FIRING
        if state:
            rank = 0 if word in JOINED and state == State.NO_NEWS else rank
            self.states.append((rank, order, state, word.lower() in WEAK | RATES))

    def _rate(self, word: str) -> None:
        if word.lower() in RATES:
            self.rated.append(word.lower())
        self.is_down |= word.lower() in ("down", "unreachable", "unreach")

    def _changed(self, found: re.Match[str]) -> str:
        words = [word for word in found.groups() if word]
        if not all(state_of_word(word) or word.lower() in RATES for word in words):
            return found[0]
        last = words[-1]
        state = state_of_word(last) or State.FIRING
        self._rate(last)
        self.states.append((0, -len(self.states), state, False))
        return " ; "

    def _take_segments(self, text: str) -> str:
        """Take out the segments that hold nothing but state."""
        pieces = CUT.split(text)
        for number in range(0, len(pieces), 2):
            bare = DURATION.sub(" ", EMPTY_COUNT.sub(" ", pieces[number]))
            bare = CODE.sub(self._coded, ID.sub(" ", bare))
            words = WORD.findall(bare.replace("/", " "))
            if not pieces[number].strip():
                continue
            if not words:
                # A count or an id alone; a number in the middle of a name stays with it.
                if not pieces[number].strip().isdigit() or number < len(pieces) - 1:
                    pieces[number] = ""
                continue
            known = [w for w in words if state_of_word(w) or w.lower() in RATES]
            if known and all(w in known or self._says_little(w, known) for w in words):
                self.last_segment = pieces[number]
                pieces[number] = ""
                self._add_segment(known, number)
                if self._begins_message(pieces, number):
                    return "".join(pieces[:number])
        return "".join(pieces)

    @staticmethod
    def _says_little(word: str, known: list[str]) -> bool:
        """Whether a word beside states adds nothing: filler, or the count of "2 firing"."""
        # "Error 500" is no count.
        counts = word.isdigit() and any(each.lower() not in WEAK | RATES for each in known)
        return word.lower() in FILLER or counts

    def _begins_message(self, pieces: list[str], number: int) -> bool:
        """Whether brackets after a bare state hold its reason: "Ping (Probe) Down (Timeout)"."""
        if number + 2 >= len(pieces) or pieces[number + 1] != "(" or number == 0:
            return False
        bare = pieces[number - 1] not in ("(", "[", "{", "<", "|", "**")
        return bare and bool(WORD.search("".join(pieces[:number])))

    def _add_segment(self, words: list[str], order: int) -> None:
        for word in words:
            self._rate(word)
        state = state_of_words(words) or State.FIRING
        weak = all(word.lower() in WEAK | RATES for word in words)
        self.states.append((1, order, state, weak))

    def _coded(self, found: re.Match[str]) -> str:
        self.rated.insert(0, found[0])
        return " "

    def _take_inner(self, text: str) -> str:
        """Take out states inside what is left: in front, after "is", at an end."""
        leading = LEADING.match(text)
        words = leading["run"].split() if leading else []
        if leading and all(state_of_word(word) or word.lower() in RATES for word in words):
            self._add_segment(words, 0)
            text = text[leading.end() :]
        first = FIRST.match(text)
        if first and text.upper() != text and state_of_word(first["state"]):
            self._add(2, first["state"])
            text = text[first.end() :]
        if text.upper() != text:
            text = CAPITALS.sub(self._inner, text)
        for pattern in (BY, JOB, RAISED, LINK):
            text = pattern.sub(self._inner, text)
        known = (
            each
            for each in COPULA.finditer(text)
            if state_of_word(each["state"]) and each["state"].lower() not in SAYS_WHAT
        )
        found = next(known, None)
        if found and self._inner(found) != found[0]:
            tail = text[found.end() :].strip()
            text = text[: found.start()]
            if tail[:1].isalpha():
                text = f"{text} {tail}"
            elif WORD.search(text):
                # What is down is down whatever the reason; "critical" may be said of much.
                self.message = "" if found["state"].lower() in WHOLE else tail
            else:
                text = tail
        return self._take_ends(text)

    def _take_ends(self, text: str) -> str:
        pieces = CUT.split(text)
        named = list(pieces)
        filled = [number for number in range(0, len(pieces), 2) if WORD.search(pieces[number])]
        for number in filled:
            end = LAST.search(pieces[number], max(0, len(pieces[number]) - 24))
            if end is None:
                continue
            before = pieces[number][: end.start()]
            has_reason = self._has_reason(pieces, number)
            is_last = number == filled[-1]
            if not (has_reason or self._ends(before, end["state"], is_last)):
                continue
            if state_of_word(end["state"]) is None:
                continue
            meant = self._meant(before, end["state"])
            self._add(4, meant, -number)
            if meant != end["state"]:
                continue
            pieces[number] = before if LETTER.search(before) else ""
            if end["state"].isupper() or state_of_word(meant) != State.FIRING:
                # "Recovery job failed" is a name; "Recovery job" says nothing.
                named[number] = pieces[number]
            if JOB_AT_END.search(before) or BEFORE_ENDED.search(before.strip()):
                continue
            if not is_last and WORD.search(before):
                self.message = "" if has_reason else self.message or "".join(pieces[number + 1 :])
                pieces, named = pieces[: number + 1], named[: number + 1]
                break
        self.named = "".join(named)
        return "".join(pieces)

    def _has_reason(self, pieces: list[str], number: int) -> bool:
        """Whether brackets that end the text follow a state: "web-1 HTTP Warning (slow)"."""
        if any(rank <= 1 for rank, _, _, _ in self.states) or len(pieces) < number + 4:
            return False
        word = pieces[number].rstrip().rpartition(" ")[2]
        closed = pieces[number + 1] == "(" and pieces[number + 3] == ")"
        return closed and word[:1].isupper() and not "".join(pieces[number + 4 :]).strip()

    def _inner(self, found: re.Match[str]) -> str:
        """Note a state and take it out; one that is denied stays in the text."""
        if state_of_word(found["state"]) is None:
            return found[0]
        meant = self._meant(found.string[: found.start()], found["state"])
        self._add(3, meant, -found.start())
        if meant != found["state"]:
            return found[0]
        return f"{found['job']} " if "job" in found.re.groupindex else " "

    def _meant(self, before: str, word: str) -> str:
        """The word, or its opposite after a "not": what could not be resolved is an error."""
        ended = state_of_word(word) == State.ENDED
        return "notok" if ended and NOT.search(before[-40:]) else word

    def _ends(self, before: str, word: str, last: bool) -> bool:
        """Whether the last word of a segment is its state, and no part of a name."""
        if state_of_word(word) is None:
            return False
        if word.lower() in HOW_ALERTS_END and BEFORE_ENDED.search(before.strip()):
            return True
        if word.lower() in SAYS_WHAT and not word.isupper():
            return False
        if not WORD.search(before):
            return True
        if word.isupper() and len(word) > 1 and not before.isupper():
            return True
        if word.lower() in ANYWHERE_AT_END:
            return True
        if word.lower() in HOW_JOBS_END and JOB_AT_END.search(before):
            return True
        if last and word == "Testing":
            return True
        if last and word.lower() == "up" and UP_OR_DOWN.match(before.strip()):
            return True
        if word.lower().startswith("succe") and LOGIN.search(before):
            return False
        return last and (word.lower() in SURE_AT_END or bool(BEFORE_ENDED.search(before.strip())))


def _severity(parts: _Parts) -> str:
    """The sender's word; that something is down says it where nothing else does."""
    if parts.rated:
        return COLOURS.get(parts.rated[0], parts.rated[0])[:50]
    return "down" if parts.is_down and parts.state() == State.FIRING else ""


def _name(text: str, parts: _Parts) -> str:
    """The shortest that is left without the state."""
    left = (_tidy(parts.without_segments), _tidy(parts.named))
    texts = [text, *(_without_joint(each, text) for each in left)]
    found = [alert_name(each) for each in texts if not JOINED & set(WORD.findall(each))]
    found = [each for each in found if LETTER.search(each)]
    if own := _sentence_after_state(text):
        found = [alert_name(own)]
    name = min((each for each in found if each), key=len, default="") or alert_name(text)
    in_region = IN_REGION.fullmatch(name)
    return in_region[1] if in_region else name


def _sentence_after_state(text: str) -> str:
    """What follows "Problem:", where a phrase of several words in it says what is wrong."""
    front, colon, rest = text.partition(": ")
    words = WORD.findall(DURATION.sub(" ", front))
    if not colon or not words or not all(state_of_word(w) or w.lower() in FILLER for w in words):
        return ""
    return rest.strip() if with_phrases_joined(rest) != rest else ""


def _without_joint(left: str, text: str) -> str:
    """What is left of a text, without the "for" or "on" that followed a state."""
    joint = None if JOINS.match(text) else JOINS.match(left)
    return left[joint.end() :].rstrip("!") if joint else left


def _tidy(text: str) -> str:
    return " ".join(DANGLING.sub("", HOLLOW.sub(" ", text)).split()).strip(" -–—:;,|")


def _key(text: str, without_filler: bool = False) -> str:
    """The words that are the same in every mail of one alert."""
    text = VALUE.sub(" ", DURATION.sub(" ", TIME.sub(" ", text)))
    words = [word.lower() for word in WORD.findall(text)]
    own = [word for word in words if word not in FILLER]
    if len(own) < len(words) and MONITORS.issuperset(own):
        return ""
    return " ".join(own or ([] if without_filler else words))[:MAX_SUBJECT]
