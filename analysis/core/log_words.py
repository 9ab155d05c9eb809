"""One word of a log line with what varies in it replaced by a wildcard.

Only shapes decide (numbers, addresses, paths, host names, dates, sizes, `key=value`), and words
that any system writes (units, months, account names), so no product needs rules of its own.
"""

from __future__ import annotations

import re
from collections import Counter

WILDCARD = "<*>"
UNIT, NAME_NEXT, ACCOUNT = "\x01", "\x02", "\x03"
"""Marks on words whose meaning depends on their neighbours; the line resolves and drops them."""
MAX_KNOWN_WORDS = 100_000

_DATE_WORDS = {
    *"mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday".split(),
    *"jan feb mar apr jun jul aug sep oct nov dec january february april june july august".split(),
    *"september october november december utc gmt am pm".split(),
}
_UNITS = {
    *"b kb mb gb tb pb kib mib gib tib bytes byte ns us ms s sec secs second seconds".split(),
    *"min mins minute minutes hour hours day days".split(),
}
_NAMES_NEXT = {"user", "username", "login", "host", "hostname"}
"""Words that precede a name: the word after them differs from line to line."""
_ACCOUNTS = {
    *"root admin administrator guest nobody daemon operator test backup games bin sys adm".split(),
    *"ftp mail news uucp lp git www www-data apache nginx mysql postgres oracle sshd".split(),
}
"""Accounts that operating systems and servers come with."""
_CONSTANTS = {*"true false null none nil nan undefined (null)".split()}
_TOP_LEVEL_DOMAINS = {
    *"com net org edu gov mil int info biz io local internal lan arpa localdomain".split()
}
_ERRORS = ("exception", "error")
_LEADING = re.compile(r"[^\w/<.\-*$~]*")
_TRAILING_ALLOWED = "_/>*%"
_OPENED_BY = {")": "(", "]": "[", "}": "{", ">": "<"}
_DIGIT = re.compile(r"\d")
_LONG_HEX = re.compile(r"[0-9a-f]{8,}")
_COLON_HEX = re.compile(r"[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,}")
_DOMAIN_LABEL = re.compile(r"[a-z0-9_-]+")
_SEPARATOR = re.compile(r"([,;&|]+)")
_KEY = re.compile(r"([\"']?[^\W\d]+[\"']?):+(?=[^:])")
_ASSIGNMENT = re.compile(r"([^=\d]+=+)(.*)", re.DOTALL)
_LIST = re.compile(r"<\*>(?:[,;&|]+<\*>)+")


def _is_domain(low: str) -> bool:
    """A host such as "db.example.org", or a name written in reverse such as "com.example.app".

    A class that is an error says what happened and is no value.
    """
    labels = low.rstrip(".").split(".")
    if len(labels) < 2 or not all(map(_DOMAIN_LABEL.fullmatch, labels)):
        return False
    first, last = labels[0], labels[-1]
    if last in _TOP_LEVEL_DOMAINS or len(labels) > 2 == len(last):
        return True
    return len(labels) > 2 and first in _TOP_LEVEL_DOMAINS and not last.endswith(_ERRORS)


def _is_path(text: str) -> bool:
    """Whether it is a path or an address, and not two words such as "read/write"."""
    if "\\" in text[1:-1]:
        return True
    slashes = text.count("/")
    return slashes > 1 or (slashes == 1 and len(text) > 1 and (text[0] in "/~" or "." in text))


def _mask_plain(text: str) -> str:
    """Letters and digits without punctuation."""
    low = text.lower()
    variable = (
        not text.isalpha()
        or low in _CONSTANTS
        or low in _DATE_WORDS
        or _LONG_HEX.fullmatch(low) is not None
    )
    return WILDCARD if variable else text


def _mask_part(part: str) -> str:
    """A part of a word between commas and the like."""
    low = part.lower()
    if (
        low in _CONSTANTS
        or low in _DATE_WORDS
        or _LONG_HEX.fullmatch(low)
        or _COLON_HEX.fullmatch(low)
        or _is_domain(low)
        or _is_path(part.split("=", 1)[0])
    ):
        return WILDCARD
    assignment = _ASSIGNMENT.fullmatch(part)
    if assignment:
        return assignment[1] + (WILDCARD if assignment[2] else "")
    key = _KEY.match(part)
    if key and not _is_domain(key[1].lower()):
        value = part[key.end() :]
        if _DIGIT.search(value) or _LONG_HEX.fullmatch(value.lower()):
            return key[0] + WILDCARD
    return WILDCARD if _DIGIT.search(part) else part


def _end_of_core(word: str, start: int) -> int:
    """Where trailing punctuation begins; brackets opened within the core belong to it."""
    end = len(word)
    while end > start and not (word[end - 1].isalnum() or word[end - 1] in _TRAILING_ALLOWED):
        end -= 1
    if end == start:
        return end
    if end < len(word) and word[end] in _OPENED_BY:
        opened = Counter(word[start:end])
        while end < len(word) and opened[_OPENED_BY.get(word[end], "")] > opened[word[end]]:
            opened[word[end]] += 1
            end += 1
    return end


def mask_word(word: str) -> str:
    """A word (no whitespace) with its variable part replaced, and marked where neighbours count."""
    start = _LEADING.match(word).end()  # type: ignore[union-attr]  # matches the empty string too
    end = _end_of_core(word, start)
    if end == start:
        # An empty value: "()" is written where other lines have "(something)".
        for empty in ("()", "[]", '""'):
            word = word.replace(empty, empty[0] + WILDCARD + empty[1])
        return word
    core = word[start:end]
    bare = core.strip(".").lower()
    if bare in _UNITS:
        return UNIT + word
    if bare in _NAMES_NEXT:
        return word + NAME_NEXT
    if bare in _ACCOUNTS:
        return ACCOUNT + word
    if core.isalnum():
        masked = _mask_plain(core)
    elif len(core) > 2 and not core.strip("*"):
        masked = WILDCARD
    elif _SEPARATOR.search(core) and not _is_path(core.split("=", 1)[0]):
        masked = _LIST.sub(WILDCARD, "".join(map(_mask_part, _SEPARATOR.split(core))))
    else:
        masked = _mask_part(core)
    return word[:start] + masked + word[end:]


class MaskedWords(dict[str, str]):
    """Remembers the words of a language's few thousand; forgets all when there are too many."""

    def __missing__(self, word: str) -> str:
        if len(self) >= MAX_KNOWN_WORDS:
            self.clear()
        masked = self[word] = mask_word(word)
        return masked
