"""Slack: threads of a channel, from an export's folder or, by `kb/history_sources`, its API.

A message has `ts`, `user`, `text` and more, as https://docs.slack.dev/messaging says; the mark-up
of its text is explained at https://docs.slack.dev/messaging/formatting-message-text, both read on
2026-11-28.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.markdown import escape_markdown
from common.payloads import dig, is_web_address, text
from common.slack_words import OWN_MESSAGE
from kb.importers.base import (
    CannotImport,
    ImportedIncident,
    Importer,
    ReadResult,
    json_rows,
    objects_in,
)

MOST_TEXT, MOST_TITLE = 2000, 200
MOST_MESSAGES = 400
"""Of one incident: what is said later is mostly of other things."""
FIRST, LAST = "the first message", "the last message"
"""How times are guessed."""
_NO_WORDS = re.compile(r"(?:channel|group)_|bot_(?:add|remove)|pinned_item|reminder_add|tombstone")
"""Kinds of messages that say what was done to the channel."""
_IN_BRACKETS = re.compile(r"<([^<>|]{1,3000})(?:\|([^<>]{0,3000}))?>")
_STYLED = re.compile(r"(?<![\w*_~])([*_~])(?=\S)([^*_~\n]{1,300})(?<=\S)\1(?![\w*_~])")
_SEVERITY = re.compile(r"\b(?:sev|p)[ -]?[1-5]\b", re.IGNORECASE)
_SERVICE = re.compile(
    r"^\W{0,3}(?:affected )?services?\s?:\s?([\w ./@,-]{1,200})$", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True)
class Message:
    at: datetime
    who: str
    text: str
    """plain, of any number of lines"""
    is_bot: bool = False


def at_of(row: Mapping[str, Any]) -> datetime | None:
    """When a message was written."""
    try:
        return datetime.fromtimestamp(float(text(row, "ts", 30)), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def is_of_people(row: Mapping[str, Any]) -> bool:
    """Whether a message says something; not that somebody joined, and not what we posted."""
    ours = text(row, "metadata.event_type", 50) == OWN_MESSAGE
    return not ours and _NO_WORDS.match(text(row, "subtype", 50)) is None


def people_in(row: Mapping[str, Any]) -> set[str]:
    """The ids of the author and of whom the text mentions."""
    mentioned = (match[1] for match in _IN_BRACKETS.finditer(text(row, "text", MOST_TEXT)))
    ids = {each[1:] for each in mentioned if each.startswith("@")}
    return {each for each in {text(row, "user", 30), *ids} if each}


def reduced(row: Mapping[str, Any]) -> dict[str, Any]:
    """What `read_message` needs of a message, of a bounded size."""
    files = [
        {"name": text(each, "name", 200), "permalink": text(each, "permalink", 500)}
        for each in objects_in(row.get("files"))
    ]
    return {
        "ts": text(row, "ts", 30),
        "user": text(row, "user", 30),
        "bot": _bot_name(row),
        "text": _written(row)[:MOST_TEXT],
        "files": files[:10],
    }


def read_message(row: Mapping[str, Any], names: Mapping[str, str]) -> Message | None:
    """A reduced message with the names of people by their ids; None where it says nothing."""
    at, user, bot = at_of(row), text(row, "user", 30), text(row, "bot", 100)
    files = [
        f"File: {each['name'] or 'without a name'} {_address(each['permalink'])}".strip()
        for each in objects_in(row.get("files"))
    ]
    words = "\n".join(filter(None, [plain_words(text(row, "text", MOST_TEXT), names), *files]))
    if at is None or not words:
        return None
    return Message(at, bot or names.get(user, user) or "Somebody", words, bool(bot))


def plain_words(marked: str, names: Mapping[str, str]) -> str:
    """Text without Slack's mark-up: names for mentions, addresses for links.

    >>> plain_words("<@U1> see <https://x.example|the *graph*> &amp; <#C1|ops>", {"U1": "Ada"})
    '@Ada see the graph (https://x.example) & #ops'
    """
    shown = _IN_BRACKETS.sub(lambda match: _bracket(match[1], match[2] or "", names), marked)
    shown = _STYLED.sub(r"\2", shown).replace("```", "")
    return html.unescape(shown).strip()


def _bracket(target: str, label: str, names: Mapping[str, str]) -> str:
    kind, rest = target[0], target[1:]
    if kind == "@":
        return f"@{names.get(rest) or label or rest}"
    if kind == "#":
        return f"#{label or rest}"
    if kind == "!":
        return label if label else f"@{rest.partition('^')[0]}"
    address = target.removeprefix("mailto:")
    return address if label in ("", address) else f"{label} ({address})"


def _written(row: Mapping[str, Any]) -> str:
    """The text, or that of the attachments and blocks in which bots write instead."""
    written = text(row, "text", MOST_TEXT)
    if written:
        return written
    attached = [
        "\n".join(filter(None, (text(each, name, 1000) for name in ("pretext", "title", "text"))))
        or text(each, "fallback", 1000)
        for each in objects_in(row.get("attachments"))
    ]
    blocks = [text(each, "text.text", 1000) for each in objects_in(row.get("blocks"))]
    return "\n".join(filter(None, [*attached, *blocks]))


def _bot_name(row: Mapping[str, Any]) -> str:
    """The name of the bot that wrote it; empty for a person."""
    if not text(row, "bot_id", 30) and text(row, "subtype", 50) != "bot_message":
        return ""
    name = text(row, "bot_profile.name", 90) or text(row, "username", 90) or "bot"
    return f"{name} (bot)" if name != "bot" else name


def _address(link: str) -> str:
    return link if is_web_address(link) else ""


def incident_of(
    external_id: str, messages: Iterable[Message], *, title: str = "", url: str = "", into: str = ""
) -> ImportedIncident | str:
    """The incident that a conversation is about, or why it is none; its times are guessed.

    `title` is that of a whole channel; a thread has its first message for one.
    """
    found = sorted(messages, key=lambda each: each.at)
    if not found:
        return "it has no messages"
    first, taken = found[0], found[:MOST_MESSAGES]
    line = next((each.strip() for each in first.text.splitlines() if each.strip()), "")
    severity = _SEVERITY.search(f"{title} {first.text}")
    service = _SERVICE.search(first.text)
    notes = []
    if len(found) >= MOST_MESSAGES:
        notes.append(f"of a long conversation the first {MOST_MESSAGES} messages are taken")
    return ImportedIncident(
        external_id=external_id,
        title=(title or line)[:MOST_TITLE],
        symptom=escape_markdown(first.text),
        severity=severity[0] if severity else "",
        services=[each.strip() for each in service[1].split(",")] if service else [],
        impact_started_at=first.at,
        resolved_at=taken[-1].at,
        guessed_times={"impact_started_at": FIRST, "resolved_at": LAST},
        updates=[(each.at, each.who, escape_markdown(each.text)) for each in taken],
        external_url=url,
        notes=notes,
        into=into,
    )


class SlackImporter(Importer):
    """The folder of a channel in an export: a file of JSON a day."""

    kind = "slack"
    title = "Slack export"
    accepts = _("a folder of .json files, one a day")

    def read(self, path: Path) -> Iterator[ReadResult]:
        threads: dict[str, list[dict[str, Any]]] = defaultdict(list)
        names: dict[str, str] = {}
        for position, row in json_rows(path, "messages"):
            if isinstance(row, str):
                yield position, row
                continue
            names |= _name_in(row)
            thread = text(row, "thread_ts", 30)
            if thread and is_of_people(row):
                threads[thread].append(reduced(row))
        if not threads:
            raise CannotImport("It has no threads: each becomes an incident.")
        for thread, written in sorted(threads.items()):
            messages = [found for row in written if (found := read_message(row, names))]
            yield f"thread {thread}", incident_of(thread, messages)


def _name_in(row: Mapping[str, Any]) -> dict[str, str]:
    """The name of a person: messages carry that of their author, users.json those of all."""
    user = text(row, "user", 30) or text(row, "id", 30)
    profile = "user_profile" if "user_profile" in row else "profile"
    name = name_of(dig(row, profile, {}))
    return {user: name} if user and name else {}


def name_of(profile: Any) -> str:
    return text(profile, "real_name", 100) or text(profile, "display_name", 100)
